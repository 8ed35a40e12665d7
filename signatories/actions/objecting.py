"""What a signatory says against the rejection of their own entry."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.deadlocks import tried_again
from letters.actions import NotAllowed
from letters.models import Letter
from signatories import flags
from signatories.actions import own
from signatories.models import Flag, FlagKind, Reason, Signature, State

FIELDS = ["objection", "objected_on", "risk"]


def may_object(signature: Signature) -> bool:
    """Whether the entry was rejected by a moderator, and nobody has objected to it yet.

    A duplicate is never rejected, and so looks like an entry that waits here as well. Nobody
    objects to what sealing has settled, nor about an anonymous line that leaves a sealed roll: with
    the next batch nothing can bring it back.
    """
    if signature.is_settled or (signature.is_anonymous and signature.letter.is_sealed):
        return False
    was_decided = signature.state == State.REJECTED and signature.reason != Reason.SEALED
    return was_decided and signature.objected_on is None


def is_open(signature: Signature) -> bool:
    """Whether the objection still waits for a moderator."""
    return signature.flags.filter(kind=FlagKind.OBJECTION).exists()


@tried_again
@transaction.atomic
def object_to(*, token: str, text: str = "") -> Signature:
    """Have moderators look again at the rejection of the entry that `token` manages.

    Once for each rejection; twice is once. What a signatory by name says about it is kept until
    somebody has looked; an anonymous entry holds no words. The trail does not have it: it is about
    what teams do, and for good. Raises `Gone` or `NotAllowed`.
    """
    signature = own.managed(token)
    if signature.objected_on:
        return signature
    if not may_object(signature):
        raise NotAllowed(_("There is no decision that you could object to."))
    signature.objected_on = timezone.localdate()
    signature.objection = "" if signature.is_anonymous else text
    Flag.objects.get_or_create(signature=signature, kind=FlagKind.OBJECTION)
    flags.weigh(signature)
    signature.save(update_fields=FIELDS)
    return signature


def end_all_of(letter: Letter) -> None:
    """Let the rejections stand that nobody has looked at again: the letter is being sealed."""
    Flag.objects.filter(signature__letter=letter, kind=FlagKind.OBJECTION).delete()
    letter.signatures.rejected().exclude(objection="").update(objection="")
