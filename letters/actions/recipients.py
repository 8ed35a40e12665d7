"""To whom a letter is addressed, and what they answered."""

import hashlib
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, Overtaken, _locked, audit
from letters.actions.drafts import refuse_behind_approval
from letters.models import (
    Demand,
    Letter,
    Organisation,
    Outcome,
    Recipient,
    Response,
    User,
)
from letters.permissions import edited_by

AWAY = 10_000


@dataclass(frozen=True)
class Addressee:
    """One recipient as written: `pk` where it is one that is there already."""

    name: str
    role: str = ""
    organisation: Organisation | None = None
    pk: int | None = None


def addressees_of(letter: Letter) -> list[Addressee]:
    """The recipients as they stand."""
    rows = letter.recipients.select_related("organisation")
    return [Addressee(row.name, row.role, row.organisation, row.pk) for row in rows]


def digest_of(addressees: list[Addressee]) -> str:
    """What tells one list from another, so that nobody replaces one that they have not seen."""
    lines = [
        (one.pk, one.name, one.role, one.organisation and one.organisation.pk) for one in addressees
    ]
    return hashlib.sha256(repr(lines).encode()).hexdigest()[:16]


def _said(addressees: list[Addressee]) -> list[tuple[str, str, Organisation | None]]:
    return [(one.name, one.role, one.organisation) for one in addressees]


@transaction.atomic
def set_recipients(
    *, letter: Letter, addressees: list[Addressee], actor: User, instead_of: str | None = None
) -> None:
    """Make these the letter's recipients, in this order. Twice is once. Raises `NotAllowed`.

    Whoever has answered stays: what was recorded is not lost with a slip. `instead_of` is the
    digest of the list that was changed; raises `Overtaken` where another one stands by now.
    """
    letter = _locked(letter, actor, edited_by)
    before = addressees_of(letter)
    if _said(before) == _said(addressees):
        return
    if letter.is_sealed:
        raise NotAllowed(_("A sealed letter keeps its recipients."))
    refuse_behind_approval(letter, actor)
    if instead_of is not None and instead_of != digest_of(before):
        raise Overtaken(_("Somebody has changed the recipients meanwhile."))
    present = {row.pk: row for row in letter.recipients.all()}
    kept = {one.pk for one in addressees if one.pk in present}
    leaving = letter.recipients.exclude(pk__in=kept)
    if leaving.filter(responses__isnull=False).exists():
        raise NotAllowed(_("A recipient who has responded stays. Delete the response first."))
    leaving.delete()
    # Places are unique: first out of the way, then to where they belong.
    letter.recipients.update(position=F("position") + AWAY)
    for position, one in enumerate(addressees, start=1):
        row = present.pop(one.pk or 0, None) or Recipient(letter=letter)
        row.position, row.name, row.role = position, one.name, one.role
        row.organisation = one.organisation
        row.full_clean(validate_constraints=False)
        row.save()
    audit(verb="letter.recipients_set", actor=actor, letter=letter, number=max(1, len(addressees)))


@transaction.atomic
def record_response(
    *,
    recipient: Recipient,
    demand: Demand,
    outcome: str,
    responded_on: date,
    statement: str,
    source: str,
    actor: User,
) -> Response:
    """Record what a recipient answered to a demand, instead of what was recorded before.

    Raises `NotAllowed`, or `ValidationError` for what does not fit.
    """
    letter = _locked(recipient.letter, actor, edited_by)
    if demand.version.letter_id != letter.pk:
        raise NotAllowed(_("This demand is another letter’s."))
    found = Response.objects.filter(recipient=recipient, demand=demand).first()
    response = found or Response(recipient=recipient, demand=demand)
    before = (response.outcome, response.responded_on, response.statement, response.source)
    if found and before == (outcome, responded_on, statement, source):
        return found
    response.outcome, response.responded_on = outcome, responded_on
    response.statement, response.source = statement, source
    response.full_clean()
    response.save()
    audit(
        verb="letter.response_recorded",
        actor=actor,
        letter=letter,
        target=f"recipient:{recipient.pk} demand:{demand.pk}",
        reason=outcome,
    )
    return response


@transaction.atomic
def delete_response(*, response: Response, actor: User) -> None:
    """Take back what was recorded. Twice is once. Raises `NotAllowed`."""
    letter = _locked(response.recipient.letter, actor, edited_by)
    deleted, _by_model = Response.objects.filter(pk=response.pk).delete()
    if deleted:
        target = f"recipient:{response.recipient_id} demand:{response.demand_id}"
        audit(verb="letter.response_deleted", actor=actor, letter=letter, target=target)


OUTCOMES = [choice for choice in Outcome.choices if choice[0] != Outcome.NONE]
