"""Mail addresses of signatories: encrypted and digested; never kept in clear."""

from collections.abc import Iterable
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.utils import timezone

from config import crypto, keys
from letters.addresses import Address, NotAnAddress, read  # noqa: F401 - read through here
from letters.models import Letter
from signatories.models import NAMELESS, LetterKey

# Encryption under the key of the day ----------------------------------------------------


def encrypt(address: Address, appearance: str) -> tuple[bytes, str]:
    """The encrypted address, and the name of the key of the day it needs."""
    key_name, key = key_of_the_day(appearance)
    return crypto.encrypt_under(key, str(address).encode()), key_name


def key_of_the_day(appearance: str) -> tuple[str, bytes]:
    """The key under which addresses of such entries are kept today: its name, and the key."""
    kind = "anonymous" if appearance in NAMELESS else "named"
    key_name = keys.day_key_name(kind, timezone.now().date())
    return key_name, keys.read_or_create("day", key_name)


def decrypt(ciphertext: bytes, key_name: str) -> Address:
    """The address; raise `keys.KeyLost` where the key of that day is gone."""
    key = keys.read("day", key_name)
    local, _at, domain = crypto.decrypt_under(key, bytes(ciphertext)).decode().rpartition("@")
    return Address(local, domain)


def reminded_digest(letter: Letter, address: Address, key_name: str) -> str:
    """The digest of a mailbox that was reminded of an entry, under the key of the day that its
    address needs too: it is worth nothing longer than the address is."""
    key = keys.read("day", key_name)
    return crypto.mac(key, "reminded", str(letter.pk), address.mailbox()).hex()


# Digests under the letter's key ------------------------------------------------------------


def digest(letter: Letter, address: Address) -> str:
    """The keyed digest of the mailbox under this letter: 64 hexadecimal characters.

    Raises `keys.KeyLost` where the letter's key can no longer be unwrapped.
    """
    return crypto.mac(_letter_key(letter), "address", address.mailbox()).hex()


def updates_digest(letter: Letter, address: Address) -> str:
    """The keyed digest of a subscriber's mailbox. Not that of a signer: the two never meet."""
    return crypto.mac(_letter_key(letter), "updates", address.mailbox()).hex()


def invited_digests(letter: Letter, invited: Iterable[Address]) -> list[str]:
    """Keyed digests of mailboxes that are invited to sign. They never meet those of signers."""
    key = _letter_key(letter)
    return [crypto.mac(key, "invited", address.mailbox()).hex() for address in invited]


def encrypt_for_updates(letter: Letter, address: Address) -> bytes:
    """The address under `FIELD_KEYS` and the letter's own key in `KEYS_DIR`, until sealing."""
    key = keys.read_or_create("letter", str(letter.pk))
    return crypto.encrypt_under(key, str(address).encode())


def decrypt_for_updates(letter: Letter, ciphertext: bytes) -> Address:
    """The reverse; raise `keys.KeyLost` without the letter's key, `crypto.Unreadable` where it
    does not read this one."""
    key = keys.read("letter", str(letter.pk))
    local, _at, domain = crypto.decrypt_under(key, ciphertext).decode().rpartition("@")
    return Address(local, domain)


def updates_link(letter: Letter, digest: str) -> str:
    """The capability in a subscriber's mail: always the same one, so that a link in an old mail
    works, and computed, because a secret that only mails contain need not be stored.

    It depends on the letter's key and not on `FIELD_KEYS`, which change. Raises `keys.KeyLost`.
    """
    secret = crypto.mac(keys.read("letter", str(letter.pk)), "updates link", digest)
    return crypto.as_token(secret)


def _letter_key(letter: Letter) -> bytes:
    row = LetterKey.objects.filter(letter=letter).first() or _create_letter_key(letter)
    return unwrap(row)


def unwrap(row: LetterKey) -> bytes:
    """The letter's key; raise `keys.KeyLost` where what it is wrapped under is not at hand."""
    try:
        return crypto.decrypt_under(keys.read("letter", str(row.letter_id)), bytes(row.wrapped))
    except crypto.Unreadable:
        raise keys.KeyLost(
            f"The key of letter {row.letter_id} cannot be unwrapped: FIELD_KEYS lacks the key it "
            "was wrapped under, or KEYS_DIR is another one. See docs/operations.md."
        ) from None


def rewrap_letter_keys() -> None:
    """Wrap the letters' keys under the newest of `FIELD_KEYS`, so that older ones can go."""
    for row in LetterKey.objects.all():
        with suppress(crypto.Unreadable):
            row.wrapped = crypto.renew(bytes(row.wrapped))
            row.save(update_fields=["wrapped"])


def _create_letter_key(letter: Letter) -> LetterKey:
    wrapping = keys.read_or_create("letter", str(letter.pk))
    fresh = crypto.encrypt_under(wrapping, crypto.random_key())
    try:
        with transaction.atomic():
            return LetterKey.objects.create(letter=letter, wrapped=fresh)
    except IntegrityError:  # Two first confirmations at once; the other's key counts.
        return LetterKey.objects.get(letter=letter)
