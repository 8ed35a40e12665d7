"""Signing: from a filled-in form to a code that is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, ratelimit
from config.celery import enqueue
from letters.actions import NotAllowed, Overtaken
from letters.actions.pausing import refuse_while_paused
from letters.actions.policies import rules_of
from letters.models import Letter, LetterVersion
from signatories import addresses, tasks
from signatories.addresses import Address
from signatories.affiliation import Affiliation, why_never_freed, why_not_freed
from signatories.models import (
    NAMELESS,
    Appearance,
    Method,
    Purpose,
    Signature,
    State,
    Verification,
)
from signatories.verification import allowance


@dataclass(frozen=True)
class Entry:
    """What somebody wrote to appear with."""

    appearance: str
    name: str = ""
    title: str = ""
    role: str = ""


@transaction.atomic
def sign(
    *,
    letter: Letter,
    entry: Entry,
    address: Address,
    affiliation: Affiliation,
    vouch_digest: str = "",
    is_burst: bool = False,
) -> str:
    """Store an unconfirmed signature and make its code due; return the browser's token.

    Nothing here depends on whether the address has signed already. Raises `pausing.Paused` while
    signing pauses. `vouch_digest` names the colleague's link that is used up when the mailbox is
    proven; `is_burst` says that the entry came with many
    others from one network or mail domain.
    """
    assert (affiliation.method == Method.VOUCH) == bool(vouch_digest)
    refuse_while_paused(letter)
    signature = _entered(letter, entry, affiliation)
    return _await_signature(
        signature, address, entry.appearance, vouch_digest=vouch_digest, is_burst=is_burst
    )


def _refuse_unverified(letter: Letter) -> None:
    if not letter.allows_unverified_anonymous:
        raise NotAllowed(
            _("Under this letter an anonymous signature needs a verified affiliation.")
        )


@transaction.atomic
def sign_by_login(
    *,
    letter: Letter,
    entry: Entry,
    address: Address,
    affiliation: Affiliation,
    is_burst: bool = False,
) -> str:
    """Like `sign`, but no code is due unless somebody asks for one: a login is to prove it."""
    refuse_while_paused(letter)
    signature = _entered(letter, entry, affiliation)
    return _await_signature(
        signature, address, entry.appearance, sends_code=False, is_burst=is_burst
    )


@transaction.atomic
def sign_with_proof(
    *, letter: Letter, entry: Entry, address: Address, affiliation: Affiliation
) -> Verification:
    """Like `sign`, where the mailbox is proven as soon as the entry is there: no code is due.

    Pauses do not concern it: whoever proved a mailbox was asked to sign, and is no flood.
    """
    signature = _entered(letter, entry, affiliation)
    page = _await_signature(signature, address, entry.appearance, sends_code=False)
    return Verification.objects.get(page_digest=crypto.digest("page", page))


@transaction.atomic
def ask_to_be_named(
    *,
    signature: Signature,
    entry: Entry,
    address: Address,
    affiliation: Affiliation,
    is_burst: bool = False,
) -> str:
    """Store an unconfirmed entry by name that is to take the place of an anonymous one, and
    make its code due; return the browser's token.

    Both stay bound to the text that the anonymous one was given to. `is_burst` is as for `sign`.
    Raises `NotAllowed`, also while signing pauses: no code leaves for it then.
    """
    refuse_while_paused(signature.letter)
    refusal = why_not_named(signature)
    if refusal:
        raise NotAllowed(refusal)
    if not affiliation.is_verified and not takes_unverified_names(signature.letter):
        raise NotAllowed(_("Under this letter names need a verified affiliation."))
    version = signature.carried_to or signature.version
    named = _unconfirmed(signature.letter, version, entry, affiliation)
    named.replaces = signature.manage_digest
    # Until it is confirmed the entry leads to an anonymous one, so it is not kept for long.
    return _await_signature(named, address, Appearance.ANONYMOUS, is_burst=is_burst)


def takes_unverified_names(letter: Letter) -> bool:
    """Inside an organisation only those have a name who prove that they belong to it."""
    return letter.accepts_unverified and not letter.is_internal


def why_not_named(signature: Signature) -> str:
    """What keeps an anonymous signature from getting a name; nothing if it may."""
    if not signature.letter.allows_named:
        return _("This letter is signed anonymously only.")
    if signature.letter.is_sealed:
        return _("The letter is sealed: nobody can add a name any more.")
    if signature.state == State.REJECTED:
        return _("This entry was not published. You can only withdraw it.")
    return ""


@transaction.atomic
def ask_for_link(*, address: Address) -> str:
    """Make a code due that will open the named signatures of a mailbox; return the token."""
    return _await_proof(purpose=Purpose.FIND, address=address)


@transaction.atomic
def ask_to_enter(*, address: Address) -> str:
    """Make a code due that will show to which organisation a mailbox belongs; return the token.

    Any address is accepted and gets its code: the answer must not tell which organisations
    have letters here.
    """
    return _await_proof(purpose=Purpose.ENTER, address=address)


@transaction.atomic
def ask_to_free(*, signature: Signature, address: Address) -> str:
    """Make a code due that will withdraw an anonymous signature and free the address.

    Raises `NotAllowed` where `why_never_freed` or `why_not_freed` has a reason.
    """
    refusal = why_never_freed(signature) or why_not_freed(signature, address)
    if refusal:
        raise NotAllowed(refusal)
    return _await_proof(
        purpose=Purpose.FREE,
        address=address,
        letter=signature.letter,
        entry_digest=signature.manage_digest or "",
    )


@transaction.atomic
def ask_for_updates(*, letter: Letter, address: Address) -> str:
    """Make a code due that will subscribe a mailbox to a letter's updates; return the token.

    Raises `NotAllowed` for a work mailbox, which gets one kind of mail only, and for a letter
    that ended.
    """
    refuse_work_mailbox(address)
    if letter.is_sealed:
        raise NotAllowed(_("This letter is sealed; there will be no more updates."))
    return _await_proof(purpose=Purpose.UPDATES, address=address, letter=letter)


def refuse_work_mailbox(address: Address) -> None:
    """Raise `NotAllowed`, with the same words for every mailbox that may be an employer's."""
    if not address.is_private:
        raise NotAllowed(
            _(
                "Use an address at a public mail provider. Updates name the letter, and a mailbox "
                "at work belongs to the employer."
            )
        )


def _hold_rules(letter: Letter) -> None:
    """Keep the letter's rules as they were read until the entry is there. Raises `Overtaken`.

    Many sign at once, so the lock is shared; Django has none of that kind. Where the database
    has no locks on rows, writers come one after the other anyway.
    """
    if connection.features.has_select_for_no_key_update:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM letters_letter WHERE id = %s FOR KEY SHARE", [letter.pk])
    if not Letter.objects.filter(pk=letter.pk, **rules_of(letter)).exists():
        raise Overtaken(
            _("The rules of this letter have changed while you were here. Look again, then sign.")
        )


def _entered(letter: Letter, entry: Entry, affiliation: Affiliation) -> Signature:
    _hold_rules(letter)
    if not letter.is_open:
        raise NotAllowed(_("This letter does not accept signatures now."))
    if entry.appearance == Appearance.COUNTED and not letter.allows_counted:
        raise NotAllowed(_("Under this letter everybody has a line."))
    if entry.appearance in NAMELESS and not affiliation.is_verified:
        _refuse_unverified(letter)
    assert letter.current_version is not None  # A constraint: open letters have a text.
    return _unconfirmed(letter, letter.current_version, entry, affiliation)


def _unconfirmed(
    letter: Letter, version: LetterVersion, entry: Entry, affiliation: Affiliation
) -> Signature:
    signature = Signature(
        letter=letter,
        version=version,
        appearance=entry.appearance,
        organisation=affiliation.organisation,
        tenure=affiliation.tenure,
        method=affiliation.method,
        submitted_on=timezone.localdate(),
        is_for_colleagues=letter.is_internal,
    )
    if entry.appearance == Appearance.ANONYMOUS:
        signature.role = entry.role
    elif not signature.is_anonymous:
        signature.name = entry.name
        signature.title = entry.title
        signature.organisation_text = affiliation.organisation_text
    return signature


def _await_signature(
    signature: Signature,
    address: Address,
    appearance: str,
    *,
    vouch_digest: str = "",
    sends_code: bool = True,
    is_burst: bool = False,
) -> str:
    # The INSERT enforces the constraints; asking for each of them beforehand took 60 queries.
    signature.full_clean(validate_constraints=False)
    signature.save(force_insert=True)
    return _await_proof(
        purpose=Purpose.SIGN,
        address=address,
        appearance=appearance,
        sends_code=sends_code,
        signature=signature,
        vouch_digest=vouch_digest,
        is_burst=is_burst,
    )


def _time_to_confirm(appearance: str) -> timedelta:
    if appearance in NAMELESS:
        return timedelta(hours=settings.UNCONFIRMED_ANONYMOUS_HOURS)
    return timedelta(hours=settings.UNCONFIRMED_NAMED_HOURS)


def _await_proof(
    *,
    purpose: str,
    address: Address,
    appearance: str = Appearance.ANONYMOUS,
    sends_code: bool = True,
    **about: Any,
) -> str:
    """Store what is needed until the mailbox is proven, for no longer than `appearance` allows;
    `about` are further fields of the Verification."""
    now = timezone.now()
    token = crypto.new_token()
    ciphertext, key_name = addresses.encrypt(address, appearance)
    verification = Verification.objects.create(
        purpose=purpose,
        address=ciphertext,
        key_name=key_name,
        is_private=address.is_private,
        page_digest=crypto.digest("page", token),
        due_at=_due_at(address, _letter_of(**about), now) if sends_code else None,
        erase_after=now + _time_to_confirm(appearance),
        **about,
    )
    if verification.due_at:
        enqueue(tasks.send_code, str(verification.pk))
    return token


def _letter_of(
    letter: Letter | None = None, signature: Signature | None = None, **_about: Any
) -> Letter | None:
    return signature.letter if signature else letter


def _due_at(address: Address, letter: Letter | None, now: datetime) -> datetime | None:
    """Now, or never where no more codes leave for today (`signatories.verification.allowance`).

    The page is the same in both cases: it must not tell what others did with an address.
    """
    return now if allowance.has_one_left(address, letter) else None


@transaction.atomic
def send_again(*, verification: Verification) -> bool:
    """Make another code due, at most once a minute and within the mailbox's daily number.

    Returns whether the page may say that a message is on its way; this does not depend
    on the mailbox. The new code ends the earlier one when it is sent.
    """
    if not ratelimit.is_within("code:page", str(verification.pk)):
        return False
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    letter = _letter_of(verification.letter, verification.signature)
    due_at = _due_at(address, letter, timezone.now())
    if due_at:
        changed = Verification.objects.filter(pk=verification.pk, due_at__isnull=True).update(
            due_at=due_at, retry_at=None, claimed_at=None, attempts=0
        )
        if changed:
            enqueue(tasks.send_code, str(verification.pk))
    return True
