from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from letters import directory_files
from signatories.actions import directory


class Command(BaseCommand):
    help = "Write the directory of organisations to a CSV file, or read one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["export", "import"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Read and check only.")

    def handle(self, *args: Any, what: str, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            if what == "export":
                self._export(file)
            else:
                self._import(file, dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None

    def _export(self, file: Path) -> None:
        # The mark tells spreadsheets that it is UTF-8.
        file.write_text(directory_files.export(), encoding="utf-8-sig", newline="")
        self.stdout.write(f"Written: {file}")

    def _import(self, file: Path, dry_run: bool) -> None:
        try:
            rows = directory_files.read(file.read_bytes())
            result = self._load(rows, dry_run)
        except directory_files.Unreadable as wrong:
            raise CommandError("\n".join([*wrong.problems, "Nothing was imported."])) from None
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"Organisations: {result.added} {would}added, {result.changed} {would}changed."
        )

    @transaction.atomic
    def _load(self, rows: list[directory_files.Row], dry_run: bool) -> directory_files.Result:
        result = directory_files.load(rows, is_dry_run=dry_run)
        if not dry_run:
            for organisation in result.renamed:
                directory.end_prominence_at(organisation)
            directory.take_up_listed_names()
        return result
