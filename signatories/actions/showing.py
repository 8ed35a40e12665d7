"""What moderators record of proofs that they were shown elsewhere."""

from django.db import transaction
from django.utils.translation import gettext as _

from config.celery import enqueue
from letters.actions import NotAllowed, audit
from letters.models import Organisation, User
from signatories import tasks
from signatories.actions import moderation, prominence
from signatories.models import Method, Signature, Tenure
from signatories.verification import shown
from signatories.verification.shown import How

FIELDS = [
    "method",
    "organisation",
    "organisation_text",
    "tenure",
    "said_organisation",
    "said_tenure",
    "shown_organisation",
    "shown_tenure",
]


@transaction.atomic
def record(
    *,
    signature: Signature,
    actor: User,
    organisation: Organisation,
    tenure: str,
    how: str,
    seen: str = "",
    read: str = "",
) -> Signature:
    """Mark an affiliation as verified, because this moderator was shown a proof of it.

    Raises `NotAllowed`, also for a moderator of another letter, and if the entry is not as they
    have `seen` and `read` it: the line on the roll changes with it.
    """
    if tenure not in Tenure.values or how not in How.values:
        raise NotAllowed(_("Say what was shown, and what it proves."))
    signature = moderation.for_decision(signature, actor, seen, read)
    if not shown.can_be_recorded(signature):
        raise NotAllowed(_("Nothing can be recorded about this entry."))
    if signature.letter.is_for_organisations and not signature.letter.reaches(organisation):
        raise NotAllowed(_("This letter is not for people of that organisation."))
    if not signature.is_anonymous:
        claimed = signature.organisation or signature.organisation_text
        signature.said_organisation, signature.said_tenure = str(claimed), signature.tenure
    signature.method = Method.SHOWN
    signature.organisation, signature.organisation_text = organisation, ""
    signature.tenure = tenure
    _change(signature)
    _audit("signature.shown", signature, actor, how)
    return signature


@transaction.atomic
def take_back(*, signature: Signature, actor: User, seen: str = "", read: str = "") -> Signature:
    """Undo `record`: a name says again what its signatory says, an anonymous line nothing.

    Raises `NotAllowed`, also for a moderator of another letter, and if the entry is not as they
    have `seen` and `read` it.
    """
    signature = moderation.for_decision(signature, actor, seen, read)
    if not shown.can_be_taken_back(signature):
        raise NotAllowed(_("There is nothing to take back."))
    signature.method = Method.NONE
    said = signature.said_organisation
    signature.organisation = Organisation.objects.named(said) if said else None
    signature.organisation_text = "" if signature.organisation else said
    signature.tenure = signature.said_tenure
    signature.said_organisation = signature.said_tenure = ""
    _change(signature)
    _audit("signature.shown_taken_back", signature, actor)
    return signature


def _change(signature: Signature) -> None:
    if signature.is_standing:
        prominence.end(signature)  # Its signatory agreed to the line as it stood.
        signature.shown_organisation = signature.organisation if signature.is_verified else None
        signature.shown_tenure = signature.tenure
    signature.save(update_fields=FIELDS)
    enqueue(tasks.refresh_count, signature.letter_id)
    enqueue(tasks.purge_pages, signature.letter_id)


def _audit(verb: str, signature: Signature, actor: User, how: str = "") -> None:
    target = f"signature:{signature.pk}"
    audit(verb=verb, actor=actor, letter=signature.letter, target=target, reason=how)
