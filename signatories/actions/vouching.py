"""Vouching for colleagues, from the page of one's own signature."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto
from letters.actions import NotAllowed
from signatories.actions import own
from signatories.models import Method, Signature, State, Tenure, Vouch
from signatories.models.vouch import VouchQuerySet
from signatories.verification import vouch as vouches


@dataclass(frozen=True)
class OpenLink:
    """An open link as its giver sees it; `token` is empty where it cannot be told again."""

    pk: UUID
    token: str
    expires_on: date


def may_vouch(signature: Signature) -> bool:
    """Whether this page offers it at all. The same for a duplicate, whose links verify nobody."""
    return (
        vouches.is_offered(signature.letter)
        and signature.method == Method.MAILBOX
        and signature.tenure == Tenure.CURRENT
        and signature.state != State.REJECTED
        and not signature.replaces
        and signature.organisation is not None
        and not signature.organisation.standing.is_withdrawn
    )


def links_left(signature: Signature) -> int:
    """How many links this signatory can give now."""
    at_once = settings.VOUCHES_AT_ONCE - _open(signature).count()
    return max(0, min(at_once, settings.VOUCHES_IN_ALL - signature.vouches_given))


@transaction.atomic
def give(*, token: str) -> Signature:
    """Make a link for one colleague. Raises `Gone` or `NotAllowed`.

    The link is computed from the giver's capability, so that the giver's page can show it
    again and nothing but its digest is stored.
    """
    signature = own.managed(token)
    if not may_vouch(signature):
        raise NotAllowed(_("This signature cannot vouch for anybody."))
    if not links_left(signature):
        raise NotAllowed(_("You have given as many links as you can."))
    assert signature.organisation and signature.manage_digest  # Constraints: it is verified.
    signature.vouches_given += 1
    signature.save(update_fields=["vouches_given"])
    Vouch.objects.create(
        letter=signature.letter,
        organisation=signature.organisation,
        link_digest=crypto.digest("vouch", _link(token, signature.vouches_given)),
        voucher_digest=signature.manage_digest,
        expires_on=timezone.localdate() + timedelta(days=settings.VOUCH_DAYS),
    )
    return signature


@transaction.atomic
def take_back(*, token: str, pk: UUID) -> None:
    """Make an open link worthless. Twice is once. It still counts as given. Raises `Gone`."""
    _open(own.managed(token)).filter(pk=pk).delete()


def open_links(signature: Signature, token: str) -> list[OpenLink]:
    """The links that nobody has used yet."""
    links = [_link(token, number + 1) for number in range(signature.vouches_given)]
    by_digest = {digest: link for link in links for digest in crypto.digests("vouch", link)}
    return [
        OpenLink(vouch.pk, by_digest.get(vouch.link_digest, ""), vouch.expires_on)
        for vouch in _open(signature).order_by("expires_on", "pk")
    ]


def _open(signature: Signature) -> VouchQuerySet:
    today = timezone.localdate()
    return Vouch.objects.open(today).filter(voucher_digest=signature.manage_digest)


def _link(token: str, number: int) -> str:
    return crypto.derived_token("vouch", token, str(number))
