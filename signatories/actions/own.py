"""What a signatory does with their own signature, by the capability given at confirmation.

Every verb looks the entry up by the capability and under a lock. None of them depends on
whether the entry is a duplicate, so that whoever reads a mailbox learns nothing from trying.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, recent
from config.celery import enqueue
from letters.actions import NotAllowed
from signatories import addresses, affiliation, statistics, tasks
from signatories.actions.batches import OFF_ROLL
from signatories.actions.confirming import Gone, has_name, use_up
from signatories.models import Appearance, Fate, Signature, State, Tally, UsedAddress, Verification

# Withdrawing ------------------------------------------------------------------------------


@transaction.atomic
def withdraw(*, token: str) -> None:
    """Erase the signature that `token` manages. Twice is once.

    A named line leaves the roll at once. An anonymous line that stands there leaves with
    the next batch, but from now on nothing leads to it any more. Withdrawing frees the
    address of a named signature, except that of a rejected one.
    """
    signature = _locked(crypto.digests("manage", token))
    if signature:
        _withdraw(signature)


@transaction.atomic
def withdraw_and_free(*, verification: Verification) -> None:
    """Withdraw an anonymous signature and free the proven address, so that it can sign again.

    The address must be at the signature's organisation: `signing.ask_to_free` sees to that,
    and so does this. Neither a rejected entry nor an address that carries a name is freed.
    Raises `Gone` if the proof has been used.
    """
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    signature = _locked([verification.entry_digest])
    if signature is None or signature.letter.is_sealed:
        raise Gone
    # The address of a duplicate belongs to another line, which stays.
    may_be_freed = signature.state not in (State.REJECTED, State.DUPLICATE)
    # A confirmed name that was to take this one's place stays, and lives on its claim.
    heirs = signature.letter.signatures.filter(
        replaces=signature.manage_digest, confirmed_on__isnull=False
    )
    may_be_freed = may_be_freed and not heirs.originals().exists()
    _withdraw(signature)
    if not may_be_freed or affiliation.proven_by(address) != signature.organisation:
        return
    letter = signature.letter
    digest = addresses.digest(letter, address)
    if not has_name(letter, digest):
        letter.used_addresses.filter(digest=digest).delete()


def _count_as_withdrawn(signature: Signature) -> None:
    """Nothing is counted of an anonymous entry before its batch: it was in no number, and the
    number would tell an entry that waits from a duplicate."""
    was_counted = not signature.is_anonymous or signature.is_on_roll or signature.is_refused
    if was_counted:
        fate = Fate.DUPLICATE if signature.state == State.DUPLICATE else Fate.WITHDRAWN
        statistics.depart_from(signature, fate)


def _withdraw(signature: Signature) -> None:
    _count_as_withdrawn(signature)
    if signature.is_anonymous and signature.is_on_roll:
        _leave_with_batch(signature)
        return
    # An entry that takes the place of an anonymous one shares its claim to the address.
    is_free = signature.state not in (State.REJECTED, State.DUPLICATE) and not signature.replaces
    if signature.address_digest and is_free:
        UsedAddress.objects.filter(
            letter=signature.letter_id, digest=signature.address_digest
        ).delete()
    signature.delete()
    if not signature.is_anonymous:  # Nor would a duplicate take longer than a line that leaves.
        _follow_up(signature)


def _leave_with_batch(signature: Signature) -> None:
    Signature.objects.filter(pk=signature.pk).update(
        state=State.WITHDRAWN,
        manage_digest=None,
        rejected_on=None,
        reason="",
        carried_to=None,
    )


# The line -----------------------------------------------------------------------------------


@transaction.atomic
def correct_title(*, token: str, title: str) -> Signature:
    """Change the title of a named entry. Raises `Gone` or `NotAllowed`.

    A moderator reads what a person wrote: where entries are reviewed beforehand, a new title
    takes the line off the roll until then. Leaving the title out needs no reading.
    """
    signature = _named(token)
    if signature.title == title:
        return signature
    if title and signature.letter.is_sealed:
        raise NotAllowed(_("The letter is sealed: nobody reads titles any more."))
    signature.title = title
    if title and signature.letter.reviews_before:
        _return_to_review(signature)
    signature.full_clean(validate_constraints=False)
    signature.save()
    _follow_up(signature)
    return signature


def _return_to_review(signature: Signature) -> None:
    if signature.state in (State.PUBLISHED, State.APPROVED):
        signature.state = State.IN_REVIEW
        for field, value in OFF_ROLL.items():
            setattr(signature, field, value)


@transaction.atomic
def hide_from_search(*, token: str, hidden: bool) -> Signature:
    """Keep a name off the pages that search engines may list, or no longer do so."""
    signature = _named(token)
    signature.is_hidden_from_search = hidden
    signature.save(update_fields=["is_hidden_from_search"])
    _follow_up(signature)
    return signature


@transaction.atomic
def carry_over(*, token: str) -> Signature:
    """Bind the signature to the letter's current text: a named one at once, an anonymous one
    with the next batch. Raises `Gone` or `NotAllowed`."""
    signature = _managed(token)
    if signature.is_refused:
        raise NotAllowed(_("This entry was not published."))
    current = signature.letter.current_version
    if current is None or signature.version_id == current.pk:
        return signature
    if signature.is_anonymous:
        signature.carried_to = current
    else:
        signature.version = current
    signature.save(update_fields=["version", "carried_to"])
    enqueue(tasks.refresh_count, signature.letter_id)
    return signature


# The appearance -----------------------------------------------------------------------------


def anonymous_token(token: str) -> str:
    """The capability of the anonymous entry that takes the place of the one `token` manages."""
    return crypto.derived_token("manage", token, Appearance.ANONYMOUS)


def why_not_anonymous(signature: Signature) -> str:
    """What keeps a named signature from becoming anonymous; nothing if it may."""
    if not signature.letter.allows_anonymous:
        return _("This letter is signed by name only.")
    if not signature.is_verified:
        return _(
            "An anonymous signature rests on a verified organisation, and yours is not verified. "
            "You can withdraw, and sign again from an address that proves where you work."
        )
    return ""


@transaction.atomic
def appear_anonymously(*, token: str) -> str:
    """Drop the name at once, everywhere; return the capability of the new, anonymous entry.

    It is a new row with a new key, and comes onto the roll with a later batch. The address
    stays used. The numbers count a withdrawal, and later an arrival, so that they do not tell
    it from somebody who left. Pressed twice within minutes it is once; later the old capability
    leads nowhere. Raises `Gone` or `NotAllowed`.
    """
    renewed = anonymous_token(token)
    try:
        named = _named(token)
    except Gone:
        # Perhaps another press of the same button was quicker.
        if recent.is_noted("became anonymous", token) and _is_managed_by(renewed):
            return renewed
        raise
    refusal = why_not_anonymous(named)
    if refusal:
        raise NotAllowed(refusal)
    today = timezone.localdate()
    anonymous = Signature(
        letter=named.letter,
        version=named.version,
        appearance=Appearance.ANONYMOUS,
        state=State.DUPLICATE if named.state == State.DUPLICATE else State.APPROVED,
        organisation=named.organisation,
        tenure=named.tenure,
        method=named.method,
        manage_digest=crypto.digest("manage", renewed),
        submitted_on=today,
        confirmed_on=today,
    )
    if named.replaces:
        # The anonymous line it was to replace is still there, and simply stays.
        anonymous = _stay_anonymous(named, anonymous)
    _count_as_withdrawn(named)
    named.delete()
    anonymous.save()
    recent.note("became anonymous", token)
    _follow_up(named)
    return renewed


def _stay_anonymous(named: Signature, fresh: Signature) -> Signature:
    """The old anonymous entry under the new capability, whatever was decided about it; a fresh
    one where it is gone."""
    entries = named.letter.signatures.anonymous().select_for_update(of=("self",))
    old = entries.filter(manage_digest=named.replaces).first()
    if old is None:
        return fresh
    if old.state == State.DUPLICATE and fresh.state != State.DUPLICATE:
        return fresh  # The name has an address of its own, which had not signed.
    old.manage_digest = fresh.manage_digest
    return old


# ----------------------------------------------------------------------------------------------


def _is_managed_by(token: str) -> bool:
    return Signature.objects.filter(manage_digest__in=crypto.digests("manage", token)).exists()


def _managed(token: str) -> Signature:
    signature = _locked(crypto.digests("manage", token))
    if signature is None:
        raise Gone
    return signature


def _named(token: str) -> Signature:
    signature = _managed(token)
    if signature.is_anonymous:
        raise NotAllowed(_("An anonymous signature has neither name nor title."))
    if signature.is_refused:
        raise NotAllowed(_("This entry was not published. You can only withdraw it."))
    return signature


def _locked(digests: list[str]) -> Signature | None:
    """The signature, after any batch of its letter that is under way has ended.

    A batch gives anonymous rows new keys, so the row is looked up again under the lock.
    """
    found = Signature.objects.filter(manage_digest__in=digests).first()
    if found is None:
        return None
    Tally.objects.select_for_update().filter(letter=found.letter_id).first()
    return (
        Signature.objects.select_for_update(of=("self",))
        .select_related("letter__current_version", "organisation")
        .filter(manage_digest__in=digests)
        .first()
    )


def _follow_up(signature: Signature) -> None:
    """What shows less than before must not stand in a cache or in the count."""
    enqueue(tasks.refresh_count, signature.letter_id)
    enqueue(tasks.purge_pages, signature.letter_id)
