from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from signatories.actions import erasing


class Command(BaseCommand):
    help = "Erase what the table of durations says must be gone. Safe to run at any time, again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say how much would be erased."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["dry_run"]:
            for what, rows in erasing.expired(now).items():
                self.stdout.write(f"{rows.count()} {what} would be erased")
            return
        total = 0
        for what, number in erasing.erase_expired(now=now):
            total += number
            self.stdout.write(f"{number} {what} erased")
        self.stdout.write(f"{total} erased in all")
