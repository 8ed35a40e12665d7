from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from letters.actions import NotAllowed
from letters.models import Letter
from signatories.actions import exporting
from signatories.exports.archive import archive


class Command(BaseCommand):
    help = "Write a closed or sealed letter as a folder of pages that need no server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--letter", required=True, metavar="SLUG")
        parser.add_argument("--to", required=True, type=Path, metavar="FOLDER")

    def handle(self, *args: Any, letter: str, to: Path, **options: Any) -> None:
        if to.exists():
            raise CommandError(f"{to} exists. Name a folder that does not.")
        try:
            found = exporting.archive(letter=self._letter(letter), actor=None)
            self._write(found, to)
        except NotAllowed as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{error.filename or to}: {error.strerror}") from None
        self.stdout.write(f"Written: {to}")

    def _letter(self, slug: str) -> Letter:
        found = Letter.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no letter {slug}.")
        return found

    def _write(self, letter: Letter, to: Path) -> None:
        """Beside its place first, so that a folder of that name is whole."""
        unfinished = to.with_name(f"{to.name}.unfinished")
        unfinished.mkdir(parents=True)
        for name, content in archive(letter):
            path = unfinished / name
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                file.writelines(content)
        unfinished.rename(to)
