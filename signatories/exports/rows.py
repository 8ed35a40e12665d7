"""The lines of the roll as rows: what every file shows, and nothing that the page does not.

A cell says what the line says. So an anonymous line has a tenure only where it reads "former": that
a tenure is *not* shown would tell of a smaller group, and the page does not tell it either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from letters.models import Letter
from signatories import roll
from signatories.models import Signature, Tenure

COLUMNS = (
    "name",
    "line",
    "title",
    "organisation",
    "tenure",
    "role",
    "verified",
    "anonymous",
    "demonstration",
    "shown_first",
)


@dataclass(frozen=True)
class Row:
    """`line` stands under the name on the roll; the four after it are its parts. `shown_first` is
    the place above the roll, where the name has one."""

    name: str
    line: str
    title: str
    organisation: str
    tenure: str
    role: str
    verified: bool
    anonymous: bool
    demonstration: bool
    shown_first: int | None = None


def of_roll(letter: Letter) -> Iterator[Row]:
    """Every line, in the order of the roll. Raises `roll.RollMoved`."""
    places = roll.prominent_places(letter)
    return (row_of(signature, places) for signature in roll.walk(letter))


def row_of(signature: Signature, places: Mapping[UUID, int]) -> Row:
    """`places` are those above the roll."""
    line = roll.line(signature)
    title, organisation, tenure, role = (
        _anonymous_parts(signature) if line.is_anonymous else _named_parts(signature)
    )
    return Row(
        name=line.name,
        line=line.detail,
        title=title,
        organisation=organisation,
        tenure=tenure,
        role=role,
        verified=line.is_verified,
        anonymous=line.is_anonymous,
        demonstration=line.is_demonstration,
        shown_first=places.get(signature.pk),
    )


def _anonymous_parts(signature: Signature) -> tuple[str, str, str, str]:
    organisation = signature.shown_organisation
    if organisation is None:
        return "", "", "", ""
    tenure = _("former") if signature.shown_tenure == Tenure.FORMER else ""
    role = signature.get_shown_role_display() if signature.shown_role else ""
    return "", organisation.name, tenure, str(role)


def _named_parts(signature: Signature) -> tuple[str, str, str, str]:
    organisation = str(signature.organisation or signature.organisation_text)
    return signature.title, organisation, _tenure(signature) if organisation else "", ""


def _tenure(signature: Signature) -> str:
    if signature.tenure == Tenure.FORMER:
        return _("former")
    if signature.is_verified and not signature.tenure:
        return _("current or former")
    return ""
