from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from letters import seeds
from letters.models import Letter, Status
from signatories import demonstration, waiting_demonstration
from signatories.actions import batches
from signatories.models import Signature, Tally


class Command(BaseCommand):
    help = "Add invented signatories to a letter nobody real has signed. Needs DEBUG."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--letter", required=True, metavar="SLUG")
        parser.add_argument("--count", required=True, type=int)
        parser.add_argument("--seed", type=int, default=None, help="Repeat the same invention.")
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing if the letter has signatures."
        )
        parser.add_argument(
            "--waiting", action="store_true", help="Also invent entries that wait for a moderator."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        letter = self._letter(options["letter"])
        if options["if_empty"] and letter.signatures.exists():
            return
        self._check(letter, options["count"])
        seeds.load_organisations(demonstration.ORGANISATIONS, is_demonstration=True)
        done = 0
        seed = options["seed"] if options["seed"] is not None else letter.signatures.count()
        for chunk in demonstration.invent(letter, options["count"], seed):
            Signature.objects.bulk_create(chunk, batch_size=500)
            done += len(chunk)
            self.stdout.write(f"{done} of {options['count']} signatures")
        if options["waiting"]:
            waiting = waiting_demonstration.invent_waiting(letter)
            self.stdout.write(f"{waiting} entries wait for a moderator")
        self.stdout.write("Moving the anonymous ones in a batch …")
        self._count(letter)
        self.stdout.write(f"{letter.slug} has {letter.signatures.on_roll().count()} signatures")

    def _letter(self, slug: str) -> Letter:
        letter = Letter.objects.filter(slug=slug).exclude(status=Status.DRAFT).first()
        if letter is None:
            raise CommandError(f"There is no published letter {slug}.")
        return letter

    def _check(self, letter: Letter, count: int) -> None:
        if not settings.DEBUG:
            raise CommandError("Invented signatories need DEBUG.")
        if letter.signatures.real().exists():
            raise CommandError(f"{letter.slug} has real signatures; nothing is invented there.")
        if count < 1:
            raise CommandError("--count must be at least 1.")

    def _count(self, letter: Letter) -> None:
        now = timezone.now()
        batches.start_tally(letter)
        Tally.objects.filter(letter=letter).update(next_batch_at=now)
        batches.publish_batch(letter=letter, now=now)
        batches.refresh_count(letter=letter)
