from collections import Counter
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
            for what, number in erasing.due(now).items():
                self.stdout.write(f"{number} {what}")
            return
        done: Counter[str] = Counter()
        for what, number in erasing.erase_all(now=now):
            done[what] += number
            self.stdout.write(f"{done[what]} {what}")
        if not done:
            self.stdout.write("Nothing was due.")
