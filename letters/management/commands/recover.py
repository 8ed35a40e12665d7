from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from letters.accounts import actions
from letters.models import User


class Command(BaseCommand):
    help = "Print a link by which the account NAME gets a new way in, once; old ones end with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name of the account.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"], is_active=True).first()
        if user is None:
            raise CommandError("There is no active account of this name.")
        token = actions.offer_recovery(user=user, actor=None)
        self.stdout.write(settings.SITE_URL + reverse("account_recover", args=[token]))
