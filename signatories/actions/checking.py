"""Checking: what somebody wrote is compared with the names, lists and recipients of the letter.

The row is the outbox: an entry waits for its check while `needs_check` is set. What is found
becomes flags, and orders the queue of the moderators. It decides nothing, with one exception:
where entries are read afterwards, a new one goes onto the roll when nothing speaks against it.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Least

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.models import Letter
from signatories import flags, tasks
from signatories.actions.confirming import approve_name
from signatories.checks import knowledge
from signatories.checks.names import kept
from signatories.models import Flag, Signature, State, Tally
from signatories.models.selecting import SignatureQuerySet

BATCH = 500

CHECKED_FIELDS = [
    "needs_check",
    "name_key",
    "risk",
    "state",
    "replaces",
    "published_on",
    "roll_key",
    "shown_organisation",
    "shown_tenure",
]


def letters_to_check() -> QuerySet[Signature, int]:
    """The ids of letters under which an entry waits for its check."""
    waiting = Signature.objects.unchecked().order_by("letter")
    return waiting.values_list("letter", flat=True).distinct()


def check_letter(*, letter_id: int) -> int:
    """Check all that waits under a letter, batch by batch; return how many. Twice is once, and
    what a crash leaves is found again."""
    letter = Letter.objects.filter(pk=letter_id).first()
    if letter is None or not letter.signatures.unchecked().exists():
        return 0
    while _read_names(letter=letter):
        pass
    number = 0
    while checked := _check_some(letter=letter):
        number += checked
    return number


@tried_again
@transaction.atomic
def _read_names(*, letter: Letter) -> int:
    """Give names their normal form that came before there was any check; return how many."""
    return _read(letter.signatures.all())


def _read(signatures: SignatureQuerySet) -> int:
    unread = signatures.unread_names().select_for_update(of=("self",)).order_by("pk")
    entries = list(unread[:BATCH])
    for entry in entries:
        entry.name_key = kept(entry.name)
    Signature.objects.bulk_update(entries, ["name_key"])
    return len(entries)


@tried_again
@transaction.atomic
def _check_some(*, letter: Letter) -> int:
    """Check one batch of entries; return how many. Flags and what follows come together."""
    entries = _locked(letter)
    if not entries:
        return 0
    known = knowledge.read(letter, entries)
    Flag.objects.filter(signature__in=entries, kind__in=flags.OF_WORDS).delete()
    found = [row for entry in entries for row in flags.rows_of(entry, known.found(entry))]
    Flag.objects.bulk_create(found)
    risks = _risks_of(entries)
    for entry in entries:
        _settle(entry, risks[entry.pk])
    Signature.objects.bulk_update(entries, CHECKED_FIELDS)
    return len(entries)


def _locked(letter: Letter) -> list[Signature]:
    """The next entries, while no other check of this letter is under way: of two that come with
    the same name at once, one has to see the other."""
    Tally.objects.select_for_update().filter(letter=letter).first()
    waiting = letter.signatures.unchecked().select_for_update(of=("self",))
    return list(
        waiting.select_related("letter", "organisation__merged_into").order_by("pk")[:BATCH]
    )


def _risks_of(entries: Sequence[Signature]) -> dict[object, int]:
    kinds: dict[object, list[str]] = {entry.pk: [] for entry in entries}
    for pk, kind in Flag.objects.filter(signature__in=entries).values_list("signature", "kind"):
        kinds[pk].append(kind)
    return {pk: flags.risk_of(found) for pk, found in kinds.items()}


def _settle(entry: Signature, risk: int) -> None:
    """Say what was found. What was checked before, and waits for a moderator, goes on waiting."""
    is_new = not entry.name_key
    entry.needs_check = False
    entry.risk = risk
    entry.name_key = kept(entry.name)
    if is_new and may_appear(entry):
        approve_name(entry)


def may_appear(entry: Signature) -> bool:
    """Whether a checked entry goes onto the roll before a moderator has read it."""
    organisation = entry.organisation
    # Its organisation left the directory between signing and confirming.
    lost_its_proof = organisation is not None and organisation.is_withdrawn
    waits = entry.letter.reviews_before or lost_its_proof or entry.risk >= flags.HELD_FROM
    return entry.state == State.IN_REVIEW and not waits and not entry.letter.is_sealed


# Again --------------------------------------------------------------------------------------------


def check_again(*, letter: Letter) -> None:
    """Have the names in review compared with what is listed by now."""
    waiting = letter.signatures.in_review().named()
    # What came before there was any check, and waits for a moderator, must not look new.
    while _read(waiting):
        pass
    waiting.update(needs_check=True)
    enqueue(tasks.check_entries, letter.pk)


def look_after_risks() -> int:
    """Have those checked again whose risk is not what their flags weigh: where one of two alike
    was withdrawn, its flag under the other went with it. Return how many."""
    return _misjudged(Signature.objects.flagged()).update(needs_check=True)


def _misjudged(entries: SignatureQuerySet) -> SignatureQuerySet:
    weights = [When(flags__kind=kind, then=one.weight) for kind, one in flags.MEANINGS.items()]
    weight = Sum(Case(*weights, default=0, output_field=IntegerField()))
    weighed = Least(Coalesce(weight, 0), Value(flags.HIGHEST))
    found = entries.order_by().annotate(weighed=weighed).exclude(risk=F("weighed"))
    return Signature.objects.filter(pk__in=found.values("pk"))
