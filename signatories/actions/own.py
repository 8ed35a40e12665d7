"""What a signatory does with their own signature, by the capability given at confirmation.

Every verb looks the entry up by the capability and under a lock. None of them depends on
whether the entry is a duplicate, so that whoever reads a mailbox learns nothing from trying.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, recent
from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, Overtaken
from signatories import addresses, affiliation, flags, statistics, tasks
from signatories.actions import prominence, reading
from signatories.actions.batches import OFF_ROLL
from signatories.actions.confirming import Gone, has_name, use_up
from signatories.checks.finding import Finding
from signatories.checks.names import kept
from signatories.models import (
    Appearance,
    Fate,
    Flag,
    FlagKind,
    Method,
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
def withdraw_and_free(*, verification: Verification) -> None:
    """Withdraw an anonymous signature and free the proven address, so that it can sign again.

    The address must be worth what the signature was (`affiliation.why_not_freed`):
    `signing.ask_to_free` sees to that, and so does this. Neither a rejected entry nor an address
    that carries a name is freed. Raises `Gone` if the proof has been used.
    """
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    signature = _locked([verification.entry_digest])
    if signature is None or signature.letter.is_sealed:
        raise Gone
    # The address of a duplicate belongs to another line, which stays.
    may_be_freed = _may_be_freed(signature)
    _withdraw(signature)
    if not may_be_freed or affiliation.why_not_freed(signature, address):
        return
    letter = signature.letter
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


def _count_as_withdrawn(signature: Signature) -> None:
    """Nothing is counted of an anonymous entry before its batch: it was in no number, and the
    number would tell an entry that waits from a duplicate."""
    is_rejected = signature.state == State.REJECTED
    was_counted = not signature.is_anonymous or signature.is_standing or is_rejected
    if was_counted:
        fate = Fate.DUPLICATE if signature.state == State.DUPLICATE else Fate.WITHDRAWN
        statistics.depart_from(signature, fate)


def _withdraw(signature: Signature) -> None:
    _count_as_withdrawn(signature)
    _pass_on(signature)
    vouch.take_back_all(signature.manage_digest)
    if signature.is_anonymous and signature.is_standing:
        _leave_with_batch(signature)
        return
    # An entry that takes the place of an anonymous one shares its claim to the address.
    is_free = _may_be_freed(signature) and not signature.replaces
    # A duplicate frees nothing, in the same number of queries.
    freed = signature.address_digest if is_free else None
    UsedAddress.objects.filter(letter=signature.letter_id, digest=freed or "").delete()
    signature.delete()
    if not signature.is_anonymous:  # Nor would a duplicate take longer than a line that leaves.
        _follow_up(signature)


def _leave_with_batch(signature: Signature) -> None:
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
        prominence.end(signature)  # The team asked for the line as it stood.
        _return_to_review(signature)
    signature.needs_check = signature.state == State.IN_REVIEW
    signature.full_clean(validate_constraints=False)
    signature.save()
    enqueue(tasks.check_entries, signature.letter_id)
    _follow_up(signature)
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
    vouch.take_back_all(signature.manage_digest)
    _follow_up(signature)
    return signature


@tried_again
@transaction.atomic
def hide_from_search(*, token: str, hidden: bool) -> Signature:
    """Keep a name off the pages that search engines may list, or no longer do so."""
    signature = _named(token)
    if hidden:
        prominence.end(signature)
    signature.is_hidden_from_search = hidden
    signature.save(update_fields=["is_hidden_from_search"])
    _follow_up(signature)
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


# The appearance -----------------------------------------------------------------------------


def anonymous_token(token: str) -> str:
    """The capability of the anonymous entry that takes the place of the one `token` manages."""
    return crypto.derived_token("manage", token, Appearance.ANONYMOUS)


def ways_without_name(signature: Signature) -> list[Appearance]:
    """How else this signature could appear without a name, as far as its letter goes."""
    letter = signature.letter
    offered = {
        Appearance.ANONYMOUS: letter.allows_anonymous,
        Appearance.COUNTED: letter.allows_counted,
    }
    return [one for one in offered if offered[one] and one != signature.appearance]


def why_not_without_name(signature: Signature, appearance: str) -> str:
    """What keeps a signature from appearing so, without a name; nothing if it may."""
    if appearance not in ways_without_name(signature):
        return _("This letter is not signed that way.")
    if not signature.is_anonymous and not signature.is_verified:
        return _(
            "An anonymous signature rests on a verified organisation, and yours is not verified. "
            "You can withdraw, and sign again from an address that proves where you work."
        )
    if appearance == Appearance.COUNTED:
        return ""
    if signature.method == Method.MAILBOX and signature.tenure == Tenure.FORMER:
        return _(
            "You have said that you left, and behind an anonymous line stands a mailbox that "
            "proves who works there now. You can withdraw; your name then goes at once."
        )
    if signature.method == Method.LOGIN:
        return _(
            "You proved where you work by a login, and the provider knows that. You can withdraw, "
            "which takes your name away at once, and sign again anonymously with a typed code."
        )
    return ""


@tried_again
@transaction.atomic
def appear_without_name(*, token: str, appearance: str, saw_public: bool = False) -> str:
    """Appear by an anonymous line, or be counted without one, from now on; return the
    capability of the entry that does. Raises `Gone` or `NotAllowed`.

    `saw_public` says that the person was told, before they asked for it, that everybody reads the
    letter. What was given to colleagues changes under a public letter only so: else `Overtaken`.

    A name goes at once, everywhere. The entry without it is a new row with a new key and a new
    capability, and comes with a later batch. The address stays used. The numbers count a
    withdrawal, and later an arrival, so that they do not tell it from somebody who left. Pressed
    twice within minutes it is once; later the old capability leads nowhere.
    """
    try:
        signature = _open_to_change(token)
    except Gone:
        # Perhaps another press of the same button was quicker.
        renewed = anonymous_token(token)
        if recent.is_noted("became anonymous", token) and _is_managed_by(renewed):
            return renewed
        raise
    if signature.appearance == appearance:
        return token
    refusal = why_not_without_name(signature, appearance)
    if refusal:
        raise NotAllowed(refusal)
    if signature.is_undecided and not saw_public:
        raise Overtaken(
            _(
                "This letter was for colleagues when you opened the page, and has become public "
                "since. Nothing has been changed: look again."
            )
        )
    if signature.is_anonymous:
        _change_line(signature, appearance)
        return token
    return _drop_name(signature, token, appearance)


def _change_line(signature: Signature, appearance: str) -> None:
    """Have an anonymous line instead of being only counted, or the other way round.

    What stands leaves with the next batch, and what comes instead waits for one like any other:
    a line that came or went at once would tell when its signer was here.
    """
    if signature.is_standing:
        _count_as_withdrawn(signature)
        changed = _without_name(signature, appearance)
        changed.manage_digest = signature.manage_digest
        changed.version_id = signature.carried_to_id or signature.version_id
        changed.vouches_given = signature.vouches_given
        _leave_with_batch(signature)
        reading.forget_work_on(signature)  # As with a row anew, in as many statements.
        changed.save(force_insert=True)
        return
    signature.appearance, signature.role = appearance, ""
    signature.is_for_colleagues &= signature.letter.is_internal
    # A row anew takes as many statements as a line that stands: a duplicate never stands, and
    # its time would tell.
    against = _unanswered(signature)
    signature.delete()
    signature.pk = Signature._meta.pk.get_default()
    signature.save(force_insert=True)
    Flag.objects.bulk_create(flags.rows_of(signature, against))


def _unanswered(signature: Signature) -> list[Finding]:
    """What the mailbox says against an entry that nobody has decided. It goes along when the
    entry appears otherwise, or a flood could enter as names and pass as anonymous lines."""
    if signature.state not in (State.IN_REVIEW, State.DUPLICATE):
        return []
    kinds = signature.flags.filter(kind__in=flags.OF_MAILBOX).values_list("kind", flat=True)
    return [Finding(FlagKind(kind)) for kind in kinds]


def _without_name(signature: Signature, appearance: str) -> Signature:
    """A new entry that says what this one says without a name, and waits for a batch."""
    today = timezone.localdate()
    return Signature(
        letter=signature.letter,
        version_id=signature.version_id,
        appearance=appearance,
        state=State.DUPLICATE if signature.state == State.DUPLICATE else State.APPROVED,
        organisation=signature.organisation,
        tenure=signature.tenure,
        method=signature.method,
        submitted_on=today,
        confirmed_on=today,
        is_for_colleagues=signature.is_for_colleagues and signature.letter.is_internal,
    )


def _drop_name(named: Signature, token: str, appearance: str) -> str:
    renewed = anonymous_token(token)
    fresh = _without_name(named, appearance)
    fresh.manage_digest = crypto.digest("manage", renewed)
    # All or nothing: the very number could lead from one row to the other.
    fresh.vouches_given = settings.VOUCHES_IN_ALL if named.vouches_given else 0
    vouch.take_back_all(named.manage_digest)
    against = _unanswered(named)
    if against and fresh.state == State.APPROVED:
        fresh.state = State.IN_REVIEW
    fresh.risk = flags.risk_of(one.kind for one in against)
    # The anonymous line that the name was to replace is still there, and simply stays.
    anonymous = _stay_anonymous(named, fresh) if named.replaces else fresh
    _count_as_withdrawn(named)
    named.delete()
    anonymous.save()
    if anonymous is fresh:
        Flag.objects.bulk_create(flags.rows_of(fresh, against))
    if anonymous.appearance != appearance and not anonymous.is_refused:
        _change_line(anonymous, appearance)
    recent.note("became anonymous", token)
    _follow_up(named)
    return renewed


def _stay_anonymous(named: Signature, fresh: Signature) -> Signature:
    """The old anonymous entry under the new capability, whatever was decided about it; a fresh
    one where it is gone."""
    entries = named.letter.signatures.anonymous().select_for_update(of=("self",))
    old = entries.filter(manage_digest=named.replaces).first()
    if old is None:
        # A moderator may have rejected it before it was withdrawn, so one looks again.
        if fresh.state == State.APPROVED:
            fresh.state = State.IN_REVIEW
        return fresh
    if old.state == State.DUPLICATE and fresh.state != State.DUPLICATE:
        return fresh  # The name has an address of its own, which had not signed.
    vouch.take_back_all(old.manage_digest)
    # Other names that are to take its place have to find it, or both would stand.
    others = named.letter.signatures.filter(replaces=old.manage_digest).exclude(pk=named.pk)
    others.update(replaces=fresh.manage_digest)
    old.manage_digest = fresh.manage_digest
    return old


# The public -----------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def show_to_everybody(*, token: str, shown: bool) -> Signature:
    """Let one's line stand under the letter when it is public, or only while it is not.

    For entries given inside an organisation whose letter is to become public, and for names
    when it is. Twice is once. Raises `Gone` or `NotAllowed`.
    """
    signature = _open_to_change(token)
    if signature.is_for_colleagues != shown:
        return signature
    if not signature.asks_who_reads_it:
        raise NotAllowed(_("This letter asks nobody to decide."))
    signature.is_for_colleagues = not shown
    signature.save(update_fields=["is_for_colleagues"])
    if not signature.is_anonymous:
        _follow_up(signature)
    return signature


# ----------------------------------------------------------------------------------------------


def _is_managed_by(token: str) -> bool:
    return Signature.objects.filter(manage_digest__in=crypto.digests("manage", token)).exists()


def managed(token: str) -> Signature:
    """The signature that a capability manages, under a lock. Raises `Gone`."""
    signature = _locked(crypto.digests("manage", token))
    if signature is None:
        raise Gone
    return signature


def _named(token: str) -> Signature:
    signature = _open_to_change(token)
    if signature.is_anonymous:
        raise NotAllowed(_("An anonymous signature has neither name nor title."))
    return signature


def _open_to_change(token: str) -> Signature:
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


def _follow_up(signature: Signature) -> None:
    """What shows less than before must not stand in a cache or in the count."""
    enqueue(tasks.refresh_count, signature.letter_id)
    enqueue(tasks.purge_pages, signature.letter_id)
