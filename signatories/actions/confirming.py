"""Confirming: the mailbox is proven, the address goes, the signature stays."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from config import crypto, keys
from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import propose
from letters.models import Letter, Organisation
from signatories import addresses, flags, roll, tasks
from signatories.addresses import Address
from signatories.checks import mailbox
from signatories.checks.finding import Finding
from signatories.models import (
    Flag,
    FlagKind,
    LetterKey,
    Method,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from signatories.verification import Proof, vouch

logger = logging.getLogger(__name__)


class Gone(Exception):
    """The verification or the entry has done its work or was erased."""


@dataclass(frozen=True)
class Found:
    """A named signature found again, with a new capability to manage it."""

    signature: Signature
    token: str


def manage_tokens(*secrets: str) -> list[str]:
    """The capability given at confirmation, computed from the secrets that confirmed.

    A second press of the button, or a reload, therefore leads to the same page.
    """
    return crypto.derived_tokens("manage", *secrets)


@tried_again
@transaction.atomic
def confirm(
    *, verification: Verification, secrets: tuple[str, ...], proof: Proof | None = None
) -> str:
    """Turn an unconfirmed signature into a confirmed one; return the capability to manage it.

    In one transaction the address and everything else in the Verification go. If the mailbox
    has signed the letter already, the entry becomes a `duplicate`, which looks the same to
    the person. `proof` is what proved the mailbox where that was no code. What the
    mailbox says against the entry is flagged now, because nobody can ask it later. Raises `Gone`,
    or `keys.KeyLost` where the letter's key is lost (then nothing changes), or `vouch.VouchGone`
    where a colleague's link has been used meanwhile.
    """
    signature = verification.signature
    if signature is None or signature.letter.is_sealed:
        raise Gone
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    # Before anything tells whether the address is new: that must not show in what is left.
    is_vouched = not verification.vouch_digest or vouch.use_up(verification.vouch_digest)
    letter = signature.letter
    digest = addresses.digest(letter, address)
    used = UsedAddress(letter=letter, digest=digest)
    is_original = _is_original(signature, used, proof)
    if not is_vouched:
        # A worthless link costs its bearer nothing: the address can still sign.
        UsedAddress.objects.filter(pk=used.pk).delete()
    signature = _locked(signature)
    token = manage_tokens(*secrets)[0]
    if proof:
        signature.method = proof.method
        signature.organisation, signature.organisation_text = proof.organisation, ""
    signature.confirmed_on = timezone.localdate()
    signature.manage_digest = crypto.digest("manage", token)
    if not signature.is_anonymous:
        # A duplicate carries it too: "find my signature" answers the same for both.
        signature.address_digest = digest
    _follow_directory(signature)
    # A duplicate is flagged as well, and its letter checked: that must not show in the time.
    found = mailbox.found_at(address, signature, is_burst=verification.is_burst)
    found += _said_of_replaced(signature, found)
    signature.risk = flags.risk_of(one.kind for one in found)
    if is_vouched and is_original:
        _admit(signature)
    else:
        signature.state = State.DUPLICATE
    signature.save(
        update_fields=[
            "state",
            "needs_check",
            "risk",
            "organisation",
            "organisation_text",
            "tenure",
            "role",
            "method",
            "confirmed_on",
            "manage_digest",
            "address_digest",
            "published_on",
            "roll_key",
            "shown_organisation",
            "shown_tenure",
        ]
    )
    Flag.objects.bulk_create(flags.rows_of(signature, found))
    if not signature.is_anonymous:
        enqueue(tasks.check_entries, signature.letter_id)
    return token


def _is_original(signature: Signature, used: UsedAddress, proof: Proof | None) -> bool:
    """Use the address; return whether the entry may stand for it: because it is new to the
    letter, or because it takes the place of the anonymous entry that used it."""
    letter = signature.letter
    if signature.replaces:
        # Whether the address is used must not change until the entry is admitted.
        Tally.objects.select_for_update().filter(letter=letter).first()
    is_new = _use(used)
    if signature.organisation_text and not proof:
        # Locked before tally and entry, as by whoever decides the proposal. A duplicate proposes
        # as well: what an address has done must not show in the time it takes.
        propose(name=signature.organisation_text, letter=letter)
    # Asked even where the address is new: that must not show in the time it takes.
    may_replace = bool(signature.replaces) and _may_replace(signature, used.digest)
    return is_new or may_replace


def _said_of_replaced(signature: Signature, found: list[Finding]) -> list[Finding]:
    """What the mailbox said against the anonymous entry that this one replaces, and nobody has
    decided. It goes along, or a flood could enter as anonymous lines and pass as names."""
    if not signature.replaces:
        return []
    against = Flag.objects.filter(
        signature__letter=signature.letter_id,
        signature__manage_digest=signature.replaces,
        kind__in=flags.OF_MAILBOX,
    )
    known = {one.kind for one in found}
    kinds = against.order_by("kind").values_list("kind", flat=True)
    return [Finding(FlagKind(kind)) for kind in kinds if kind not in known]


def _locked(signature: Signature) -> Signature:
    """The entry as it is now, kept from those who change the directory meanwhile."""
    entries = Signature.objects.select_related("letter", "organisation__merged_into")
    return entries.select_for_update(of=("self",)).get(pk=signature.pk)


def _follow_directory(signature: Signature) -> None:
    """Say what the directory says by now of the organisation that was named at signing."""
    if signature.organisation_text:
        known = Organisation.objects.named(signature.organisation_text)
        if known:
            signature.organisation = known
            signature.organisation_text = ""
    if signature.organisation:
        signature.organisation = signature.organisation.standing
        if signature.organisation.is_withdrawn:
            signature.method = Method.NONE
    if signature.is_anonymous and not signature.is_verified:
        signature.organisation, signature.tenure, signature.role = None, "", ""


def use_up(verification: Verification) -> None:
    """A conditional DELETE: of two confirmations at once, one finds nothing to delete."""
    deleted, _by_model = Verification.objects.filter(pk=verification.pk).delete()
    if not deleted:
        raise Gone


def _use(used: UsedAddress) -> bool:
    """Whether the address is new to this letter; the constraint decides, not a query.

    A conflict is ignored rather than raised, because PostgreSQL would write the digest of a
    violated constraint into its log.
    """
    UsedAddress.objects.bulk_create([used], ignore_conflicts=True)
    return UsedAddress.objects.filter(pk=used.pk).exists()


def _may_replace(signature: Signature, digest: str) -> bool:
    """Whether an entry may share the used address of the anonymous one that it replaces.

    That one must stand for somebody: a duplicate, or one that is withdrawn or rejected by now,
    would make two signatures of one address. So would a second name in the place of one line,
    or a second name of one address.
    """
    letter = signature.letter
    # Others who ask wait for the answer.
    Tally.objects.select_for_update().filter(letter=letter).first()
    replaced = letter.signatures.anonymous().filter(manage_digest=signature.replaces)
    stands = replaced.originals().not_rejected().exists()
    others = letter.signatures.filter(replaces=signature.replaces, confirmed_on__isnull=False)
    is_taken = others.originals().exists()
    is_named = has_name(letter, digest)
    return stands and not is_taken and not is_named


def has_name(letter: Letter, digest: str) -> bool:
    """Whether a signature by name stands for the address."""
    named = letter.signatures.filter(address_digest=digest)
    return named.originals().exists()


def _admit(signature: Signature) -> None:
    """A name waits for its check, which lets it onto the roll where nothing speaks against it and
    the letter's entries are read afterwards (`checking`)."""
    if signature.is_anonymous and signature.is_verified and not signature.risk:
        # Everything in it comes from lists and is verified: nothing to review.
        signature.state = State.APPROVED
    else:
        signature.state = State.IN_REVIEW
        signature.needs_check = not signature.is_anonymous


def approve_name(signature: Signature) -> None:
    """Let a name onto the roll: at once, or with the batch in which an anonymous line goes."""
    if signature.replaces:
        signature.state = State.APPROVED
    else:
        put_on_roll(signature)


def put_on_roll(signature: Signature) -> None:
    """Set the fields by which a named line stands on the roll."""
    signature.replaces = None
    signature.state, signature.has_stood = State.PUBLISHED, False
    signature.published_on = timezone.localdate()
    signature.roll_key = roll.place_of(signature.name)
    signature.shown_organisation = signature.organisation if signature.is_verified else None
    signature.shown_tenure = signature.tenure


@tried_again
@transaction.atomic
def find(*, verification: Verification, secrets: tuple[str, ...]) -> list[Found]:
    """Use up a proof to find the named signatures of its mailbox.

    Each one gets a new capability, which ends the earlier one. Raises `Gone`.
    """
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    renewed = (_renew(signature, secrets) for signature in _named_signatures(address))
    return [found for found in renewed if found]


def unsearchable() -> bool:
    """Whether the key of some letter is lost, so that its signatures cannot be found."""
    for row in LetterKey.objects.filter(letter__in=Letter.objects.not_sealed()):
        try:
            addresses.unwrap(row)
        except keys.KeyLost:
            return True
    return False


def found_before(secrets: tuple[str, ...]) -> list[Found]:
    """What the same secrets opened a moment ago, for a page that is sent twice."""
    found = []
    for letter in Letter.objects.filter(key__isnull=False):
        for token in manage_tokens(*secrets, str(letter.pk)):
            signature = by_token(token)
            if signature:
                found.append(Found(signature, token))
    return found


def _named_signatures(address: Address) -> list[Signature]:
    """At most one of each letter: the signature itself, or else a duplicate."""
    found: list[Signature] = []
    for letter in Letter.objects.not_sealed().filter(key__isnull=False):
        try:
            digest = addresses.digest(letter, address)
        except keys.KeyLost as lost:
            logger.error("Signatures of letter %s cannot be found again: %s", letter.pk, lost)
            continue
        entries = letter.signatures.filter(address_digest=digest).select_related("letter")
        found += sorted(entries, key=lambda entry: entry.state == State.DUPLICATE)[:1]
    return found


def _renew(signature: Signature, secrets: tuple[str, ...]) -> Found | None:
    """The signature under a new capability; None if it was withdrawn at this very moment."""
    token = manage_tokens(*secrets, str(signature.letter_id))[0]
    before, signature.manage_digest = signature.manage_digest, crypto.digest("manage", token)
    same = Signature.objects.filter(pk=signature.pk)
    if not same.update(manage_digest=signature.manage_digest):
        return None
    vouch.follow(before, signature.manage_digest)
    return Found(signature, token)


def by_token(token: str) -> Signature | None:
    """The signature that a capability manages, or None."""
    return (
        Signature.objects.filter(manage_digest__in=crypto.digests("manage", token))
        .select_related(
            "letter__current_version",
            "version",
            "carried_to",
            "organisation",
            "shown_organisation",
            "prominence",
        )
        .first()
    )
