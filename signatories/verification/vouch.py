"""The vouch: a colleague whose mailbox was proven passes on a link that verifies one signature.

It proves that its bearer works or worked where the giver works, on the giver's word. It does
not prove that somebody works there now, so no line that rests on it says so.

The giver counts the links given and never the links used: nothing is written beside the
giver when one is used, because two rows written in one transaction can be told to belong
together in the files of a database, long after the link is gone.
"""

from django.utils import timezone

from config import crypto
from letters.models import Letter
from signatories.affiliation import Affiliation
from signatories.models import Method, Signature, State, Tenure, Vouch


class VouchGone(Exception):
    """The link was used, taken back, or has expired, or whoever gave it is gone."""


def by_link(token: str) -> Vouch | None:
    """The open vouch that a link leads to, under a letter that takes it."""
    vouch = (
        Vouch.objects.open(timezone.localdate())
        .select_related("letter__current_version", "organisation")
        .filter(link_digest__in=crypto.digests("vouch", token))
        .first()
    )
    is_open = vouch and is_offered(vouch.letter) and not vouch.organisation.standing.is_withdrawn
    return vouch if is_open else None


def is_offered(letter: Letter) -> bool:
    """Inside an organisation a mailbox there is the only way in."""
    return letter.allows_vouching and letter.is_open and not letter.is_internal


def proves(vouch: Vouch, tenure: str) -> Affiliation:
    """What the vouch proves of somebody who says `tenure`."""
    proven = Tenure.FORMER if tenure == Tenure.FORMER else ""
    return Affiliation(vouch.organisation, "", proven, Method.VOUCH)


def use_up(link_digest: str) -> bool:
    """Use up a vouch; return whether its giver's entry counts. Raises `VouchGone`.

    A conditional DELETE: of many who come with one link, one finds something to delete. What
    a giver gave whose own entry is a duplicate looks like any other link, and verifies nobody.
    """
    vouch = Vouch.objects.filter(link_digest=link_digest).first()
    if vouch is None:
        raise VouchGone
    deleted, _by_model = (
        Vouch.objects.open(timezone.localdate()).filter(link_digest=link_digest).delete()
    )
    giver = Signature.objects.filter(manage_digest=vouch.voucher_digest).first()
    if not deleted or giver is None or giver.state == State.REJECTED:
        raise VouchGone
    return giver.state != State.DUPLICATE


def take_back_all(manage_digest: str | None) -> None:
    """Whoever is gone, or appears otherwise, vouches for nobody any more."""
    if manage_digest:
        Vouch.objects.filter(voucher_digest=manage_digest).delete()


def follow(before: str | None, after: str) -> None:
    """The entry of a giver has a new capability."""
    Vouch.objects.filter(voucher_digest=before).update(voucher_digest=after)
