"""Mail addresses: read, compared, encrypted and digested; never kept in clear."""

import re
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from config import crypto, keys
from letters.mail_domains import free_mail_domains
from letters.models import Letter, Organisation
from signatories.models import NAMELESS, LetterKey

LONGEST = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets.
GMAIL = {"gmail.com", "googlemail.com"}


class NotAnAddress(ValueError):
    """The message says, for the person who typed it, what is wrong."""


@dataclass(frozen=True)
class Address:
    """An address that mail can be sent to: lower case, domain in ASCII."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_private(self) -> bool:
        """Whether a public mail provider runs the mailbox. All others count as work mailboxes."""
        return self.domain in free_mail_domains()

    @property
    def hidden(self) -> str:
        """Enough for its owner to recognise it: "w•••@orrery.example"."""
        return f"{self.local[0]}•••@{self.domain}"

    def mailbox(self) -> str:
        """One string for all spellings of one mailbox.

        Tags after + are dropped, dots for Gmail only, and the domains that an organisation
        uses for the same mailboxes are folded together.
        """
        local = self.local.split("+", 1)[0] or self.local
        if self.domain in GMAIL:
            return f"{local.replace('.', '')}@gmail.com"
        owned = Organisation.objects.owning(self.domain)
        return f"{local}@{owned.mailbox_domain if owned else self.domain}"


def read(typed: str) -> Address:
    """Read a typed address; raise `NotAnAddress`. Nothing is looked up on the network."""
    typed = typed.strip()
    if len(typed) > LONGEST:
        raise NotAnAddress(_what_is_wrong(typed))
    try:
        valid = validate_email(
            typed,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=settings.DEBUG,
        )
    except EmailNotValidError:
        raise NotAnAddress(_what_is_wrong(typed)) from None
    return Address(valid.local_part.lower(), valid.ascii_domain.lower())


def _what_is_wrong(typed: str) -> str:
    if "@" not in typed:
        return _("Enter a complete address, such as name@example.org. This one has no @.")
    local, _at, domain = typed.rpartition("@")
    if not local:
        return _("Enter a complete address, such as name@example.org. Nothing stands before the @.")
    if len(local) > 64 or len(typed) > LONGEST:
        return _("This address is longer than mail allows.")
    if not local.isascii():
        return _("We can only write to addresses with plain letters before the @.")
    if re.search(r"[\s,;<>\"]", typed):
        return _("Enter one address, such as name@example.org, without spaces or brackets.")
    if "." not in domain:
        return _("Enter a complete address, such as name@example.org. This one ends too early.")
    return _("Enter a complete address, such as name@example.org.")


# Encryption under the key of the day ----------------------------------------------------


def encrypt(address: Address, appearance: str) -> tuple[bytes, str]:
    """The encrypted address, and the name of the key of the day it needs."""
    kind = "anonymous" if appearance in NAMELESS else "named"
    key_name = keys.day_key_name(kind, timezone.now().date())
    key = keys.read_or_create("day", key_name)
    return crypto.encrypt_under(key, str(address).encode()), key_name


def decrypt(ciphertext: bytes, key_name: str) -> Address:
    """The address; raise `keys.KeyLost` where the key of that day is gone."""
    key = keys.read("day", key_name)
    local, _at, domain = crypto.decrypt_under(key, bytes(ciphertext)).decode().rpartition("@")
    return Address(local, domain)


# Digests under the letter's key ------------------------------------------------------------


def digest(letter: Letter, address: Address) -> str:
    """The keyed digest of the mailbox under this letter: 64 hexadecimal characters.

    Raises `keys.KeyLost` where the letter's key can no longer be unwrapped.
    """
    return crypto.mac(_letter_key(letter), "address", address.mailbox()).hex()


def updates_digest(letter: Letter, address: Address) -> str:
    """The keyed digest of a subscriber's mailbox. Not that of a signer: the two never meet."""
    return crypto.mac(_letter_key(letter), "updates", address.mailbox()).hex()


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
