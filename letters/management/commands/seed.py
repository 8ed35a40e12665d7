import tomllib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from letters import seeds


class Command(BaseCommand):
    help = "Load organisations and the letters in seeds/. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with (settings.SEEDS_DIR / "organisations.toml").open("rb") as file:
            rows = list(seeds.in_order_of_parents(tomllib.load(file)["organisation"]))
        self.stdout.write(f"{seeds.load_organisations(rows)} organisations")
        for path in sorted(settings.SEEDS_DIR.glob("*.md")):
            letter = seeds.load_letter(*seeds.read_letter(path))
            self.stdout.write(f"Letter {letter.slug}: {letter.title}")
