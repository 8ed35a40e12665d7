"""Encryption and digests of what must not be readable in the database.

Keys come from `FIELD_KEYS` (Fernet keys; the first encrypts, all decrypt) and never
from `SECRET_KEY`. Fernet tokens carry a readable timestamp, so everything here is
encrypted at time zero: a row must not tell when it was written.
"""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

CODE_DIGITS = 8


class Unreadable(Exception):
    """The ciphertext cannot be read with any key at hand."""


@lru_cache(maxsize=8)
def _field_cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(plaintext: bytes) -> bytes:
    """Encrypt under the first of `FIELD_KEYS`, with a zero timestamp."""
    return _field_cipher(tuple(settings.FIELD_KEYS)).encrypt_at_time(plaintext, 0)


def decrypt(ciphertext: bytes) -> bytes:
    """Decrypt under any of `FIELD_KEYS`; raise `Unreadable`."""
    try:
        return _field_cipher(tuple(settings.FIELD_KEYS)).decrypt(ciphertext)
    except InvalidToken as error:
        raise Unreadable("No key in FIELD_KEYS reads this value.") from error


def renew(ciphertext: bytes) -> bytes:
    """The same value under the first of `FIELD_KEYS`; raise `Unreadable`."""
    return encrypt(decrypt(ciphertext))


def encrypt_under(key: bytes, plaintext: bytes) -> bytes:
    """Encrypt under `key` (32 bytes) and then under `FIELD_KEYS`: both are needed to read."""
    return encrypt(_fernet(key).encrypt_at_time(plaintext, 0))


def decrypt_under(key: bytes, ciphertext: bytes) -> bytes:
    """The reverse of `encrypt_under`; raise `Unreadable`."""
    try:
        return _fernet(key).decrypt(decrypt(ciphertext))
    except InvalidToken as error:
        raise Unreadable("The given key does not read this value.") from error


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def random_key() -> bytes:
    return secrets.token_bytes(32)


def new_code() -> str:
    """A code that a person can type: eight digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def new_token() -> str:
    """A capability: 256 random bits in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def mac(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA-256 over length-prefixed parts, so that no two lists collide."""
    message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return hmac.new(key, message, hashlib.sha256).digest()


def digest(purpose: str, *parts: str) -> str:
    """The keyed digest to store: 64 hexadecimal characters, under the first of `FIELD_KEYS`."""
    return digests(purpose, *parts)[0]


def digests(purpose: str, *parts: str) -> list[str]:
    """The digest under every one of `FIELD_KEYS`, to look up what older keys wrote."""
    return [mac(_digest_key(key), purpose, *parts).hex() for key in settings.FIELD_KEYS]


def matches(stored: str, purpose: str, *parts: str) -> bool:
    """Whether `stored` is the digest of the parts, in constant time for each key."""
    return any(hmac.compare_digest(stored, one) for one in digests(purpose, *parts))


def derived_token(purpose: str, *parts: str) -> str:
    """A capability computed from secrets instead of drawn: the same parts give the same one."""
    return derived_tokens(purpose, *parts)[0]


def derived_tokens(purpose: str, *parts: str) -> list[str]:
    """`derived_token` under every one of `FIELD_KEYS`."""
    return [
        as_token(mac(_digest_key(key), "token:" + purpose, *parts)) for key in settings.FIELD_KEYS
    ]


def as_token(secret: bytes) -> str:
    """256 bits as `new_token` writes them."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


@lru_cache(maxsize=8)
def _digest_key(field_key: str) -> bytes:
    return hmac.new(field_key.encode(), b"undersigned digests", hashlib.sha256).digest()
