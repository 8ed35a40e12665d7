import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from letters.actions import give_role
from letters.models import Letter, Role, User

ACCOUNTS = {"organiser": Role.OWNER, "moderator": Role.MODERATOR}


class Command(BaseCommand):
    help = (
        "Create the demonstration organiser and moderator, with passwords drawn at random and "
        "kept in credentials.txt. They need no second factor while DEBUG is on. Only for the "
        "database that `make run` made itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMONSTRATION:
            raise CommandError("Demonstration accounts need DEBUG and no DATABASE_URL.")
        path = settings.VAR_DIR / "credentials.txt"
        there = User.objects.filter(username__in=ACCOUNTS, is_demonstration=True)
        if path.exists() and there.count() == len(ACCOUNTS):
            return
        passwords = {username: secrets.token_urlsafe(9) for username in ACCOUNTS}
        self._create(passwords)
        self._keep(path, passwords)

    @transaction.atomic
    def _create(self, passwords: dict[str, str]) -> None:
        for username, role in ACCOUNTS.items():
            user, _created = User.objects.update_or_create(
                username=username, defaults={"is_staff": True, "is_demonstration": True}
            )
            user.set_password(passwords[username])
            user.save(update_fields=["password"])
            for letter in Letter.objects.all():
                give_role(letter=letter, user=user, role=role, actor=None)

    def _keep(self, path: Path, passwords: dict[str, str]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            for username, password in passwords.items():
                file.write(f"{username} {password}\n")
