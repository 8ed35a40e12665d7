from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from letters.actions import pausing


class Command(BaseCommand):
    help = "Pause signing on the whole site (on), or let it go on (off). Without either, say which."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("switch", nargs="?", choices=["on", "off"], help="on or off.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["switch"] == "on":
            pausing.pause_site(actor=None)
        elif options["switch"] == "off":
            pausing.resume_site(actor=None)
        since = pausing.site_paused_on()
        self.stdout.write(f"Signing pauses since {since}." if since else "Signing is on.")
