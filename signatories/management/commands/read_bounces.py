import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from config import returned
from signatories.actions import returning

TEMPORARY_FAILURE = 75  # EX_TEMPFAIL: the mail server keeps the message and comes back.


class Command(BaseCommand):
    help = (
        "Read one returned mail from standard input, as a mail server pipes it in, or a whole "
        "Maildir. Whatever is no report of a permanent failure is ignored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recipient", default="", help="To whom the mail server delivered the message."
        )
        parser.add_argument("--maildir", help="Read this folder instead, and empty it.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["maildir"]:
                returning.read_folder(Path(options["maildir"]))
            else:
                returning.read_message(_piped_in(), options["recipient"])
        except DatabaseError:
            # Without the original, which might hold a piece of the message.
            self.stderr.write("The database is out of reach. The message was not read.")
            sys.exit(TEMPORARY_FAILURE)


def _piped_in() -> bytes:
    """What is read of the message. A mail server that could not write all of it would believe that
    the command has failed, and come back with the same message for days."""
    raw = sys.stdin.buffer.read(returned.LONGEST + 1)
    while sys.stdin.buffer.read(returned.LONGEST):
        pass
    return raw
