"""What a signatory does with their own signature."""

from django.db import transaction

from config import crypto
from signatories import statistics
from signatories.models import Fate, Signature, State, Tally, UsedAddress


@transaction.atomic
def withdraw(*, token: str) -> None:
    """Erase the signature that `token` manages. Twice is once.

    A named line leaves the roll at once. An anonymous line that stands there leaves with
    the next batch, but from now on nothing leads to it any more. Withdrawing frees the
    address of a named signature, except that of a rejected one.
    """
    signature = _locked(token)
    if signature is None:
        return
    fate = Fate.DUPLICATE if signature.state == State.DUPLICATE else Fate.WITHDRAWN
    statistics.depart(signature.letter_id, fate, signature.appearance)
    if signature.is_anonymous and signature.is_on_roll:
        _leave_with_batch(signature)
        return
    if signature.address_digest and signature.state not in (State.REJECTED, State.DUPLICATE):
        UsedAddress.objects.filter(
            letter=signature.letter_id, digest=signature.address_digest
        ).delete()
    signature.delete()


def _locked(token: str) -> Signature | None:
    """The signature, after any batch of its letter that is under way has ended.

    A batch gives anonymous rows new keys, so the row is looked up again under the lock.
    """
    digests = crypto.digests("manage", token)
    found = Signature.objects.filter(manage_digest__in=digests).first()
    if found is None:
        return None
    Tally.objects.select_for_update().filter(letter=found.letter_id).first()
    return Signature.objects.select_for_update().filter(manage_digest__in=digests).first()


def _leave_with_batch(signature: Signature) -> None:
    Signature.objects.filter(pk=signature.pk).update(
        state=State.WITHDRAWN, manage_digest=None, rejected_on=None, reason=""
    )
