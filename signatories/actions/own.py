"""What a signatory does with their own signature, by the capability given at confirmation.

Every verb looks the entry up by the capability and under a lock. None of them depends on
whether the entry is a duplicate, so that whoever reads a mailbox learns nothing from trying.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from config import crypto
from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed
from letters.models import Letter
from signatories import addresses, affiliation, statistics, tasks
from signatories.actions import prominence
from signatories.actions.batches import OFF_ROLL
from signatories.actions.confirming import Gone, has_name, use_up
from signatories.addresses import Address
from signatories.checks.names import kept
from signatories.models import (
    Fate,
    Signature,
    State,
    Tally,
    Tenure,
    UsedAddress,
    Verification,
)
from signatories.models.selecting import SignatureQuerySet
from signatories.verification import vouch

# Withdrawing ------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def withdraw(*, token: str) -> None:
    """Erase the signature that `token` manages. Twice is once.

    A named line leaves the roll at once. An anonymous line that stands there leaves with
    the next batch, but from now on nothing leads to it any more. Withdrawing frees the
    address of a named signature, except that of a rejected one and of one that has vouched.
    """
    signature = _locked(crypto.digests("manage", token))
    if signature:
        _withdraw(signature)


@tried_again
@transaction.atomic
def withdraw_and_free(*, verification: Verification) -> bool:
    """Withdraw an anonymous signature and free the proven address, so that it can sign again.

    The address must be worth what the signature was (`affiliation.why_not_freed`):
    `signing.ask_to_free` sees to that, and so does this: a moderator may have rejected the entry
    meanwhile. An address that another entry stands for is never freed. Return whether it can be
    said that the address may sign again if none does, which is the same for a duplicate. Raises
    `Gone` if the proof has been used.
    """
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    signature = _locked([verification.entry_digest])
    if signature is None or signature.letter.is_sealed:
        raise Gone
    # The address of a duplicate belongs to another line, which stays.
    may_be_freed = _may_be_freed(signature)
    refusal = affiliation.why_never_freed(signature)
    refusal = refusal or affiliation.why_not_freed(signature, address)
    _withdraw(signature)
    if may_be_freed and not refusal:
        _free(signature.letter, address)
    return not refusal


def _free(letter: Letter, address: Address) -> None:
    digest = addresses.digest(letter, address)
    if not has_name(letter, digest):
        letter.used_addresses.filter(digest=digest).delete()


def _may_be_freed(signature: Signature) -> bool:
    """Not the address of another line, nor one that a confirmed name lives on which was to
    replace this one; and who has vouched could else sign and vouch again, as often as they
    like."""
    is_another_line = signature.state in (State.REJECTED, State.DUPLICATE)
    has_heirs = _heirs(signature).exists()
    return not (is_another_line or has_heirs or signature.vouches_given)


def _heirs(signature: Signature) -> SignatureQuerySet:
    """Confirmed names that are to take the place of this anonymous entry."""
    heirs = signature.letter.signatures.filter(
        replaces=signature.manage_digest, replaces__isnull=False, confirmed_on__isnull=False
    )
    return heirs.originals()


def _pass_on(signature: Signature) -> None:
    """Whoever lives on under the same address has given the same links."""
    heirs = _heirs(signature).filter(vouches_given__lt=signature.vouches_given)
    heirs.update(vouches_given=signature.vouches_given)


def count_as_withdrawn(signature: Signature) -> None:
    """Nothing is counted of an anonymous entry before its batch: it was in no number, and the
    number would tell an entry that waits from a duplicate."""
    is_rejected = signature.state == State.REJECTED
    was_counted = not signature.is_anonymous or signature.is_standing or is_rejected
    if was_counted:
        fate = Fate.DUPLICATE if signature.state == State.DUPLICATE else Fate.WITHDRAWN
        statistics.depart_from(signature, fate)


def _withdraw(signature: Signature) -> None:
    count_as_withdrawn(signature)
    _pass_on(signature)
    vouch.take_back_all(signature.manage_digest)
    if signature.is_anonymous and signature.is_standing:
        leave_with_batch(signature)
        return
    # An entry that takes the place of an anonymous one shares its claim to the address.
    is_free = _may_be_freed(signature) and not signature.replaces
    # A duplicate frees nothing, in the same number of queries.
    freed = signature.address_digest if is_free else None
    UsedAddress.objects.filter(letter=signature.letter_id, digest=freed or "").delete()
    signature.delete()
    if not signature.is_anonymous:  # Nor would a duplicate take longer than a line that leaves.
        follow_up(signature)


def leave_with_batch(signature: Signature) -> None:
    """Let an anonymous line stand until its batch, with nothing that leads to it."""
    signature.flags.all().delete()
    Signature.objects.filter(pk=signature.pk).update(
        state=State.WITHDRAWN,
        manage_digest=None,
        rejected_on=None,
        objected_on=None,
        reason="",
        was_approved=False,
        carried_to=None,
    )


# The line -----------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def correct_title(*, token: str, title: str) -> Signature:
    """Change the title of a named entry. Raises `Gone` or `NotAllowed`.

    A new title takes the line off the roll until it is checked, or where entries are reviewed
    beforehand until a moderator has read it. Leaving the title out needs neither.
    """
    signature = _named(token)
    if signature.title == title:
        return signature
    if title and signature.letter.is_sealed:
        raise NotAllowed(_("The letter is sealed: nobody reads titles any more."))
    signature.title = title
    if signature.state == State.IN_REVIEW and not signature.needs_check:
        signature.name_key = signature.name_key or kept(signature.name)  # It goes on waiting.
    # What moderators let stand were other words.
    signature.kept_despite, signature.kept_on = "", None
    if title:
        signature.has_stood = False
        prominence.end(signature)  # The team asked for the line as it stood.
        _return_to_review(signature)
    signature.needs_check = signature.state == State.IN_REVIEW
    signature.full_clean(validate_constraints=False)
    signature.save()
    enqueue(tasks.check_entries, signature.letter_id)
    follow_up(signature)
    return signature


def _return_to_review(signature: Signature) -> None:
    if signature.state in (State.PUBLISHED, State.APPROVED):
        signature.was_decided = True
        signature.state = State.IN_REVIEW
        signature.name_key = ""  # As new: the check may let it back onto the roll.
        for field, value in OFF_ROLL.items():
            setattr(signature, field, value)


def can_leave(signature: Signature) -> bool:
    """Whether this is a name that stands beside an organisation and does not say formerly."""
    claims_one = bool(signature.organisation_id or signature.organisation_text)
    return claims_one and not signature.is_anonymous and signature.tenure != Tenure.FORMER


@tried_again
@transaction.atomic
def leave(*, token: str) -> Signature:
    """Mark that a signatory by name has left the organisation: the line says formerly, at once.

    What was verified stays so, because it was true. There is no way back: to say that one works
    there takes a live proof. Twice is once. Raises `Gone` or `NotAllowed`.
    """
    signature = _named(token)
    if signature.tenure == Tenure.FORMER:
        return signature
    if not can_leave(signature):
        raise NotAllowed(_("Your line names no organisation."))
    signature.tenure = Tenure.FORMER
    signature.said_tenure = Tenure.FORMER if signature.said_organisation else ""
    if signature.is_standing:
        signature.shown_tenure = Tenure.FORMER
    signature.save(update_fields=["tenure", "said_tenure", "shown_tenure"])
    prominence.end(signature)  # Formerly is another line than the one that was agreed to.
    vouch.take_back_all(signature.manage_digest)
    follow_up(signature)
    return signature


@tried_again
@transaction.atomic
def hide_from_search(*, token: str, hidden: bool) -> Signature:
    """Keep a name off the pages that search engines may list, or no longer do so."""
    signature = _named(token)
    if signature.is_hidden_from_search == hidden:
        return signature
    if hidden:
        prominence.end(signature)
    signature.is_hidden_from_search = hidden
    signature.save(update_fields=["is_hidden_from_search"])
    follow_up(signature)
    return signature


@tried_again
@transaction.atomic
def carry_over(*, token: str) -> Signature:
    """Bind the signature to the letter's current text: a named one at once, an anonymous one
    with the next batch. Raises `Gone` or `NotAllowed`."""
    signature = managed(token)
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


# The public -----------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def show_to_everybody(*, token: str, shown: bool) -> Signature:
    """Let one's line stand under the letter when it is public, or only while it is not.

    For entries given inside an organisation whose letter is to become public, and for names
    when it is. Twice is once. Raises `Gone` or `NotAllowed`.
    """
    signature = open_to_change(token)
    if signature.is_for_colleagues != shown:
        return signature
    if not signature.asks_who_reads_it:
        raise NotAllowed(_("This letter asks nobody to decide."))
    signature.is_for_colleagues = not shown
    signature.save(update_fields=["is_for_colleagues"])
    if not signature.is_anonymous:
        follow_up(signature)
    return signature


# ----------------------------------------------------------------------------------------------


def is_managed_by(token: str) -> bool:
    return Signature.objects.filter(manage_digest__in=crypto.digests("manage", token)).exists()


def managed(token: str) -> Signature:
    """The signature that a capability manages, under a lock. Raises `Gone`."""
    signature = _locked(crypto.digests("manage", token))
    if signature is None:
        raise Gone
    return signature


def _named(token: str) -> Signature:
    signature = open_to_change(token)
    if signature.is_anonymous:
        raise NotAllowed(_("An anonymous signature has neither name nor title."))
    return signature


def open_to_change(token: str) -> Signature:
    """The signature that a capability manages, under a lock. Raises `Gone`, and `NotAllowed` for
    one that was not published."""
    signature = managed(token)
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


def follow_up(signature: Signature) -> None:
    """What shows less than before must not stand in a cache or in the count."""
    enqueue(tasks.refresh_count, signature.letter_id)
    enqueue(tasks.purge_pages, signature.letter_id)
