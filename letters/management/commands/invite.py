from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from letters.accounts import actions
from letters.actions import NotAllowed


class Command(BaseCommand):
    help = "Print a link by which somebody can make one account."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = actions.invite(actor=None)
        except NotAllowed as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(settings.SITE_URL + reverse("account_invitation", args=[token]))
