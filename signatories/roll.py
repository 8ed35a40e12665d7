"""The public roll: what a line says, where it stands, and how one pages through it."""

import secrets
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.translation import gettext as _

from letters.models import Letter
from signatories.models import Signature, Tenure
from signatories.models.patterns import reads
from signatories.models.selecting import SignatureQuerySet

PAGE_SIZE = 60
READ_AT_ONCE = 2000
LONGEST_PLACE = 200
SEARCHED_WORDS = 10


@dataclass(frozen=True)
class Line:
    """One line of the roll, with nothing in it that the public may not see."""

    name: str
    detail: str
    is_verified: bool
    is_anonymous: bool
    is_demonstration: bool = False
    has_line: bool = True
    # Of a name on the public roll its place there, by which a reader can report it.
    place: str = ""


def line(signature: Signature) -> Line:
    """The line of a signature on the roll."""
    if not signature.has_line:
        return no_line(signature)
    if signature.is_anonymous:
        organisation = signature.shown_organisation
        return Line(
            name=_("Anonymous"),
            detail=anonymous_detail(
                organisation.name if organisation else "",
                signature.shown_tenure,
                signature.get_shown_role_display() if signature.shown_role else "",
                signature.is_verified,
            ),
            is_verified=signature.is_verified,
            is_anonymous=True,
            is_demonstration=signature.is_demonstration,
        )
    return Line(
        name=signature.name,
        detail=named_detail(signature),
        is_verified=signature.is_verified,
        is_anonymous=False,
        is_demonstration=signature.is_demonstration,
    )


def no_line(signature: Signature) -> Line:
    """What its signer sees where others see nothing but a number."""
    return Line(
        name=_("Counted"),
        detail=_("One more in the number; no line on the roll"),
        is_verified=signature.is_verified,
        is_anonymous=True,
        has_line=False,
    )


def line_with_organisation(signature: Signature) -> Line:
    """The line as its own signer knows it: with the organisation, shown on the roll or not."""
    if not signature.is_anonymous or not signature.has_line:
        return line(signature)
    return Line(
        name=_("Anonymous"),
        detail=anonymous_detail(
            signature.organisation.name if signature.organisation else "",
            signature.tenure,
            signature.get_role_display() if signature.role else "",
            signature.is_verified,
        ),
        is_verified=signature.is_verified,
        is_anonymous=True,
    )


def anonymous_detail(organisation: str, tenure: str, role: str, is_verified: bool) -> str:
    if not is_verified:
        return _("Not verified")
    who = _("Verified former employee") if tenure == Tenure.FORMER else _("Verified employee")
    if not organisation:
        return _("%(who)s of an organisation not shown") % {"who": who}
    return ", ".join(part for part in (who, organisation, role) if part)


def named_detail(signature: Signature) -> str:
    organisation = str(signature.organisation or signature.organisation_text)
    if not organisation:
        return signature.title or _("Signs for themself")
    if signature.tenure == Tenure.FORMER:
        organisation = _("formerly %(organisation)s") % {"organisation": organisation}
    elif signature.is_verified and not signature.tenure:
        # A colleague's word proves one of the two.
        organisation = _("%(organisation)s, now or formerly") % {"organisation": organisation}
    if not signature.is_verified:
        organisation = _("says %(organisation)s; not verified") % {"organisation": organisation}
    return ", ".join(part for part in (signature.title, organisation) if part)


# Places ------------------------------------------------------------------------------------


def sort_key(name: str) -> str:
    """A–Z by the last word of the name, then the rest, without accents and case.

    Hyphens and apostrophes belong to the word: Abara-Quill stands under A, O'Neill under O.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    words = ["".join(filter(_is_sorted_by, word)) for word in plain.split()]
    words = [word for word in words if word]
    return " ".join(words[-1:] + words[:-1]) or "~"


def _is_sorted_by(character: str) -> bool:
    """Letters, digits, and the vowel signs of Indic scripts, but neither accents nor marks."""
    is_vowel_sign = unicodedata.category(character) in ("Mc", "Mn")
    return character.isalnum() or (is_vowel_sign and not unicodedata.combining(character))


def place_of(name: str) -> str:
    """The place of a named line: its sort key and some letters that make it unique."""
    return f"{sort_key(name)[:150]} {_random_letters(10)}"


def places_by_lot(names: list[str], count: int) -> list[str]:
    """Places for `count` anonymous lines between the given sort keys, by lot.

    A place takes two letters from a name drawn at random, so that the lines spread as the
    names do, and goes on at random, so that it keeps nothing of the person.
    """
    starts = [name[:2] for name in names if name[:1].isalpha()] or list(string.ascii_lowercase)
    return [secrets.choice(starts) + _random_letters(12) for _each in range(count)]


def _random_letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _each in range(count))


# Pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RollPage:
    """`is_for_search` says whether search engines may list the page."""

    lines: list[Line]
    next_after: str
    is_for_search: bool


def page(
    letter: Letter, *, after: str = "", organisation: str = "", q: str = "", size: int = PAGE_SIZE
) -> RollPage:
    """One page of the roll, by key and never by offset.

    `after` is a place on the roll; `organisation` a slug and finds verified lines that show
    it; `q` finds names and therefore named lines only. Search engines may list neither a
    page with a name that is kept from them, nor what was searched for, nor one whose address
    names somebody who is kept from them or has left.
    """
    signatures = letter.signatures.on_roll().select_related("organisation", "shown_organisation")
    if organisation:
        signatures = signatures.filter(shown_organisation__slug=organisation)
    if q:
        signatures = whose_name_has(signatures, q)
    if after:
        signatures = signatures.filter(roll_key__gt=after)
    found = list(signatures.order_by("roll_key")[: size + 1])
    shown = found[:size]
    is_for_search = (
        letter.is_roll_for_search
        and not (organisation or q)
        and _may_be_named(letter, after)
        and not any(signature.is_hidden_from_search for signature in shown)
    )
    next_after = shown[-1].roll_key if len(found) > size else ""
    return RollPage(lines(shown), next_after, is_for_search)


def whose_name_has(lines: SignatureQuerySet, q: str) -> SignatureQuerySet:
    """The named lines in whose name all these words or parts of words stand, in any order, without
    accents and case. It looks at their places, whose last word is drawn at random and says nothing.
    """
    lines = lines.named()
    for word in sort_key(q).split()[:SEARCHED_WORDS]:
        lines = lines.filter(reads("roll_key", f"*{word}* *"))
    return lines


def _may_be_named(letter: Letter, after: str) -> bool:
    """Whether search engines may list an address with this place, which begins with a name: a
    single letter does not."""
    listed = letter.signatures.on_roll().for_search_engines()
    return len(after) <= 1 or listed.at(after).exists()


def beginning(letter: Letter, size: int) -> list[Line]:
    """The first lines of the roll for the letter's own page, without those that their signatories
    keep from search engines."""
    if letter.is_roll_kept_apart and not letter.is_internal:
        return []
    signatures = letter.signatures.on_roll().for_search_engines()
    related = signatures.select_related("organisation", "shown_organisation")
    return lines(related.order_by("roll_key")[:size])


def prominent(letter: Letter) -> list[Line]:
    """The names that are shown first. Each of their signatories agreed to that, also on the
    letter's own page, which search engines may list whatever is asked of them about the roll."""
    names = letter.signatures.standing_out()
    return lines(names.select_related("organisation", "shown_organisation"))


def prominent_places(letter: Letter) -> dict[UUID, int]:
    """The place of each name that is shown first, counted from one."""
    names = letter.signatures.standing_out().values_list("pk", flat=True)
    return {pk: place for place, pk in enumerate(names, start=1)}


def lines(signatures: Iterable[Signature]) -> list[Line]:
    """Lines as they stand on the roll."""
    return [standing_line(signature) for signature in signatures]


def standing_line(signature: Signature) -> Line:
    place = "" if signature.is_anonymous else signature.roll_key
    return replace(line(signature), place=place)


def line_at(letter: Letter, place: str) -> Line | None:
    """The line by name at that place, if one stands there."""
    names = letter.signatures.on_roll().named().at(place)
    found = names.select_related("organisation", "shown_organisation").first()
    return standing_line(found) if found else None


# The whole roll ------------------------------------------------------------------------------


class RollMoved(Exception):
    """A batch moved while the roll was read.

    What was read before and what would come after are not of one moment: together they could
    show an organisation on fewer lines than the minimum.
    """


def walk(letter: Letter) -> Iterator[Signature]:
    """Every line from A to Z, some at a time by key: no transaction stays open while somebody
    takes their time to read them. Raise `RollMoved` rather than go on across a batch.
    """
    # Thousands of lines share few organisations, which are read once for each of the queries.
    signatures = letter.signatures.on_roll().prefetch_related("organisation", "shown_organisation")
    signatures = signatures.only(*_ON_A_LINE).order_by("roll_key")
    began, after = moment(letter), ""
    while True:
        found = list(signatures.filter(roll_key__gt=after)[:READ_AT_ONCE])
        # Asked afterwards: if none has moved by now, none had when the lines were read.
        if moment(letter) != began:
            raise RollMoved
        yield from found
        if len(found) < READ_AT_ONCE:
            return
        after = found[-1].roll_key


_ON_A_LINE = (
    "letter",
    "appearance",
    "name",
    "title",
    "organisation",
    "organisation_text",
    "tenure",
    "method",
    "shown_organisation",
    "shown_tenure",
    "shown_role",
    "roll_key",
    "is_hidden_from_search",
    "is_demonstration",
)


def moment(letter: Letter) -> tuple[object, ...] | None:
    """What changes with every batch, be it one of the clock, of going public or of sealing."""
    rows = Letter.objects.filter(pk=letter.pk)
    return rows.values_list("tally__next_batch_at", "status", "visibility").first()
