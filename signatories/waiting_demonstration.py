"""Invented entries that wait for a moderator: some of every kind that the queue knows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from letters.models import Letter, ListedWord, Organisation, WordList
from signatories import flags
from signatories.actions.checking import check_letter
from signatories.checks.names import normal
from signatories.models import (
    Appearance,
    Complaint,
    Flag,
    FlagKind,
    Method,
    Reason,
    Signature,
    State,
    Tenure,
)

LISTED = {
    WordList.WELL_KNOWN: "Aurelia Grandisle",
    WordList.JOKES: "Captain Teacup",
    WordList.ABUSE: "rotten turnips",
}
FORMER = Tenure.FORMER
OBJECTION = "I have gone by this name since my first day at work. My colleagues know me by it."


@dataclass(frozen=True)
class Waiting:
    """One entry by name. `organisation` is a slug; `days` how long ago it was confirmed."""

    name: str
    days: int
    organisation: str = ""
    title: str = ""
    tenure: str = Tenure.CURRENT
    method: str = Method.NONE
    typed: str = ""
    kind: str = ""
    detail: str = ""
    is_set_aside: bool = False


ENTRIES = [
    Waiting("Clementine Otterbourne", 9, "northlane", "Release manager", method=Method.MAILBOX),
    Waiting("Ignatius Fernbrake", 8, "orrery", "Optician", FORMER),
    Waiting("Tuva Marlinspike", 7, "copperfinch", "Boat builder", method=Method.MAILBOX),
    Waiting("Tuva Marlinspike", 1, "northlane", "Sail maker"),
    Waiting("Oisín Candlewick-Rao", 5, "brightwater"),
    Waiting("Leocadia Stubbs-Ferreira", 4, "tessellate", "Cartographer", method=Method.MAILBOX),
    Waiting("Ebenezer Cloudesley", 3, title="Baker", typed="the bakery at the corner"),
    Waiting("Solveig Thimbleby", 2, "littleowl", "Level designer", FORMER),
    Waiting("Barnaby Quillfeather", 1, "quillpen", method=Method.MAILBOX),
    Waiting("Ottoline Periwinkle", 6, "fernwood", "Data analyst", kind=FlagKind.BURST),
    Waiting("Ottoline Periwinkel", 6, "fernwood", "Data analyst", kind=FlagKind.BURST),
    Waiting("Ximena Harbottle", 4, "saltmarsh", "Technician", kind=FlagKind.DISPOSABLE),
    Waiting(
        "Casimir Featherstonehaugh",
        3,
        "northlane",
        "Security engineer",
        kind=FlagKind.OTHER_EMPLOYER,
        detail="Brightwater",
    ),
    Waiting("Drusilla P\N{CYRILLIC SMALL LETTER IE}nhaligon", 2, "brightwater", "Translator"),
    Waiting("Augustin Bellweather", 2, "marrowthimble", "CEO of Saltmarsh Software"),
    Waiting("Aurelia Grandisle", 1, "northlane", "Founder", method=Method.MAILBOX),
    Waiting("Captain Teacup", 1, typed="the high seas", kind=FlagKind.BURST),
    Waiting("Hyacinth Lobb", 0, title="Purveyor of rotten turnips", typed="nobody"),
    Waiting("Roderick Ashgrove", 5, "orrery", "Glass blower", FORMER, is_set_aside=True),
]


def invent_waiting(letter: Letter) -> int:
    """Put entries of every kind before the letter's moderators; return how many wait.

    What their words give reason for is found as it would be in earnest, by lists and a check.
    """
    for which, text in LISTED.items():
        ListedWord.of(letter, which, text).save()
    for one in ENTRIES:
        _add(letter, one)
    for kind in (FlagKind.DISPOSABLE, FlagKind.BURST):
        _flag(_anonymous(letter), kind)
    _object(letter)
    _report(letter)
    check_letter(letter_id=letter.pk)
    return letter.signatures.to_decide().count()


def _add(letter: Letter, one: Waiting) -> None:
    day = timezone.localdate() - timedelta(days=one.days)
    entry = Signature.objects.create(
        **_common(letter, one.days),
        appearance=Appearance.NAMED,
        state=State.IN_REVIEW,
        name=one.name,
        # A name without its normal form is new: the check would publish it where that is due.
        name_key=normal(one.name),
        title=one.title,
        organisation=_organisation(one.organisation),
        organisation_text=one.typed,
        tenure=one.tenure,
        method=one.method,
        set_aside_on=day if one.is_set_aside else None,
        needs_check=True,
    )
    if one.kind:
        _flag(entry, one.kind, one.detail)


def _common(letter: Letter, days: int = 0) -> dict[str, Any]:
    day = timezone.localdate() - timedelta(days=days)
    text = letter.current_version
    told = {"submitted_on": day, "confirmed_on": day}
    return {"letter": letter, "version": text, "is_demonstration": True, **told}


def _organisation(slug: str) -> Organisation | None:
    return Organisation.objects.filter(slug=slug).first()


def _flag(entry: Signature, kind: str, detail: str = "") -> None:
    Flag.objects.create(signature=entry, kind=kind, detail=detail)
    flags.weigh(entry)
    entry.save(update_fields=["risk"])


def _anonymous(letter: Letter) -> Signature:
    return Signature.objects.create(
        **_common(letter), appearance=Appearance.ANONYMOUS, state=State.IN_REVIEW
    )


def _object(letter: Letter) -> None:
    """Somebody was taken for a joke, and says otherwise."""
    today = timezone.localdate()
    entry = Signature.objects.create(
        **_common(letter, 12),
        appearance=Appearance.NAMED,
        state=State.REJECTED,
        name="Wendeline Moonbeam-Achterberg",
        name_key=normal("Wendeline Moonbeam-Achterberg"),
        title="Mathematician",
        organisation=_organisation("fernwood"),
        tenure=Tenure.CURRENT,
        reason=Reason.NOT_A_PERSON,
        rejected_on=today - timedelta(days=3),
        objected_on=today,
        objection=OBJECTION,
        was_decided=True,
    )
    _flag(entry, FlagKind.OBJECTION)


def _report(letter: Letter) -> None:
    """Readers have said something about one line of the roll."""
    line = letter.signatures.on_roll().named().order_by("roll_key").last()
    if line:
        _flag(line, FlagKind.REPORTED, f"{Complaint.NOT_REAL},{Complaint.NAME_USED}")
