"""Mail addresses: read, compared, encrypted and digested; never kept in clear."""

import base64
import time

import pytest
from cryptography.fernet import Fernet

from config import crypto, keys
from letters.mail_domains import free_mail_domains
from letters.models import OrganisationDomain
from signatories import addresses
from signatories.addresses import Address
from signatories.models import LetterKey
from tests.factories import make_letter, make_organisation

# Reading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("w.otterbourne@google.example", "w.otterbourne@google.example"),
        ("  W.Otterbourne@GOOGLE.example\n", "w.otterbourne@google.example"),
        ("w+letters@google.example", "w+letters@google.example"),
        ("w@bücher.example", "w@xn--bcher-kva.example"),
        ("w@XN--BCHER-KVA.example", "w@xn--bcher-kva.example"),
        ("o'neill_x-1@mail.google.example", "o'neill_x-1@mail.google.example"),
    ],
)
def test_read_gives_the_address_in_lower_case_and_ascii(typed, address):
    assert str(addresses.read(typed)) == address


PLAIN = "Enter a complete address, such as name@example.org."
SPACES = "Enter one address, such as name@example.org, without spaces or brackets."
TOO_LONG = "This address is longer than mail allows."
ASCII_ONLY = "We can only write to addresses with plain letters before the @."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", f"{PLAIN} This one has no @."),
        ("w.otterbourne", f"{PLAIN} This one has no @."),
        ("@google.example", f"{PLAIN} Nothing stands before the @."),
        ("w@", f"{PLAIN} This one ends too early."),
        ("w@google", f"{PLAIN} This one ends too early."),
        ("w@google.", PLAIN),
        ("w@-google.example", PLAIN),
        ("w@google..example", PLAIN),
        ("w..o@google.example", PLAIN),
        (".w@google.example", PLAIN),
        ("w@o@google.example", PLAIN),
        ("w o@google.example", SPACES),
        ("w@google.example, x@google.example", SPACES),
        ("W. Otterbourne <w@google.example>", SPACES),
        ('"w o"@google.example', SPACES),
        ("w@google.example\r\nBcc: x@google.example", SPACES),
        ("w@google.example\nSubject: hello", SPACES),
        ("w@[127.0.0.1]", PLAIN),
        ("w@mail.localhost", PLAIN),
        ("w@printer.local", PLAIN),
        ("wéndeline@google.example", ASCII_ONLY),
        ("w\ufffd@google.example", ASCII_ONLY),
        ("w\u202e@google.example", ASCII_ONLY),
        ("w@goo\u202egle.example", PLAIN),
        ("w@goo\0gle.example", PLAIN),
        ("w\0@google.example", PLAIN),
        (f"{'w' * 65}@google.example", TOO_LONG),
        (f"{'w' * 64}@{'g' * 63}.{'g' * 63}.{'g' * 63}.example", TOO_LONG),
        ("w" * 5000 + "@google.example", TOO_LONG),
        ("=cmd|' /C calc'!A0@google.example", SPACES),
    ],
)
def test_read_what_is_no_address_says_what_is_wrong(typed, sentence):
    with pytest.raises(addresses.NotAnAddress) as refusal:
        addresses.read(typed)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("typed", ["w" * 200_000, "@" * 200_000, "w." * 100_000 + "@a.example"])
def test_read_something_endless_takes_no_time(typed):
    began = time.process_time()

    with pytest.raises(addresses.NotAnAddress):
        addresses.read(typed)

    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("w@gmail.com", True),
        ("w@googlemail.com", True),
        ("w@proton.me", True),
        ("w@google.example", False),
        ("w@mail.gmail.com", False),
        ("w@gmail.com.example", False),
    ],
)
def test_private_are_the_mailboxes_of_public_providers(address, is_private):
    assert addresses.read(address).is_private == is_private


def test_free_mail_domains_are_lower_case_ascii_and_no_organisations_domain():
    domains = free_mail_domains()

    assert len(domains) > 100
    assert all(domain == domain.lower() and domain.isascii() for domain in domains)
    assert "google.com" not in domains


def test_hidden_address_shows_one_letter_and_the_domain():
    assert Address("w.otterbourne", "google.example").hidden == "w•••@google.example"


# One mailbox, one string -----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("W@Google.example", "w@google.example"),
        ("w+a+b@google.example", "w@google.example"),
        ("+tag@google.example", "+tag@google.example"),
        ("w.o@google.example", "w.o@google.example"),
        ("w@alphabet.example", "w@google.example"),
        ("w+x@alphabet.example", "w@google.example"),
        ("w@mail.google.example", "w@mail.google.example"),
        ("w.o.t@gmail.com", "wot@gmail.com"),
        ("W.O.T+letters@GoogleMail.com", "wot@gmail.com"),
        ("w.o@outlook.com", "w.o@outlook.com"),
    ],
)
def test_mailbox_is_the_same_for_every_spelling(typed, mailbox):
    google = make_organisation("Google", "google.example")
    OrganisationDomain.objects.create(
        organisation=google, domain="alphabet.example", mailbox_domain="google.example"
    )

    assert addresses.read(typed).mailbox() == mailbox


# Encryption under the key of the day --------------------------------------------------------


ADDRESS = Address("w.otterbourne", "google.example")


@pytest.mark.parametrize(
    ("appearance", "kind"), [("named", "named"), ("anonymous", "anonymous"), ("pledged", "named")]
)
def test_encrypt_uses_the_key_of_the_day_and_kind(appearance, kind, time_machine):
    time_machine.move_to("2026-01-20T23:59:00Z", tick=False)

    ciphertext, key_name = addresses.encrypt(ADDRESS, appearance)

    assert key_name == f"2026-01-20.{kind}"
    assert addresses.decrypt(ciphertext, key_name) == ADDRESS
    assert b"otterbourne" not in ciphertext
    time_machine.move_to("2026-01-21T00:00:00Z", tick=False)
    assert addresses.encrypt(ADDRESS, appearance)[1] == f"2026-01-21.{kind}"


def test_encrypt_twice_gives_two_ciphertexts_without_the_time():
    first, second = (addresses.encrypt(ADDRESS, "named")[0] for _each in range(2))

    assert first != second
    assert written_at(first) == written_at(second) == 0


def written_at(token):
    """What anybody can read in a Fernet token: a version byte, then the seconds since 1970."""
    return int.from_bytes(base64.urlsafe_b64decode(token)[1:9], "big")


def test_decrypt_without_the_key_of_the_day_fails():
    ciphertext, key_name = addresses.encrypt(ADDRESS, "named")
    keys.destroy("day", key_name)

    with pytest.raises(keys.KeyLost):
        addresses.decrypt(ciphertext, key_name)


def test_decrypt_under_a_new_key_of_the_same_day_fails():
    ciphertext, key_name = addresses.encrypt(ADDRESS, "named")
    keys.destroy("day", key_name)
    keys.read_or_create("day", key_name)

    with pytest.raises(crypto.Unreadable):
        addresses.decrypt(ciphertext, key_name)


def test_decrypt_needs_field_keys_too_and_survives_their_rotation(settings):
    ciphertext, key_name = addresses.encrypt(ADDRESS, "named")

    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    assert addresses.decrypt(ciphertext, key_name) == ADDRESS

    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    with pytest.raises(crypto.Unreadable):
        addresses.decrypt(ciphertext, key_name)


# Digests under the letter's key ---------------------------------------------------------------


@pytest.mark.django_db
def test_digest_is_the_same_for_all_spellings_and_differs_by_letter_and_mailbox():
    letter, other = make_letter(), make_letter()
    digest = addresses.digest(letter, ADDRESS)

    assert len(digest) == 64
    assert addresses.digest(letter, Address("w.otterbourne+x", "google.example")) == digest
    assert addresses.digest(letter, Address("x.otterbourne", "google.example")) != digest
    assert addresses.digest(other, ADDRESS) != digest
    assert LetterKey.objects.count() == 2


@pytest.mark.django_db
def test_digest_needs_the_letters_key_in_the_folder_and_never_makes_another():
    letter = make_letter()
    digest = addresses.digest(letter, ADDRESS)
    path = keys.ring("letter") / f"{letter.pk}.key"
    kept = path.read_bytes()
    path.unlink()

    with pytest.raises(keys.KeyLost, match="KEYS_DIR"):
        addresses.digest(letter, ADDRESS)

    assert not path.exists()
    path.write_bytes(kept)
    assert addresses.digest(letter, ADDRESS) == digest


@pytest.mark.django_db
def test_digest_with_a_foreign_key_in_the_folder_fails():
    letter = make_letter()
    addresses.digest(letter, ADDRESS)
    (keys.ring("letter") / f"{letter.pk}.key").write_bytes(b"0" * keys.KEY_BYTES)

    with pytest.raises(keys.KeyLost, match="cannot be unwrapped"):
        addresses.digest(letter, ADDRESS)


@pytest.mark.django_db
def test_rewrap_letter_keys_lets_an_old_field_key_go(settings):
    letter = make_letter()
    digest = addresses.digest(letter, ADDRESS)
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()

    settings.FIELD_KEYS = [new, old]
    addresses.rewrap_letter_keys()

    settings.FIELD_KEYS = [new]
    assert addresses.digest(letter, ADDRESS) == digest
    settings.FIELD_KEYS = [old]
    with pytest.raises(keys.KeyLost):
        addresses.digest(letter, ADDRESS)


@pytest.mark.django_db
def test_rewrap_letter_keys_leaves_alone_what_it_cannot_read(settings):
    letter = make_letter()
    addresses.digest(letter, ADDRESS)
    wrapped = bytes(LetterKey.objects.get().wrapped)

    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    addresses.rewrap_letter_keys()

    assert bytes(LetterKey.objects.get().wrapped) == wrapped


@pytest.mark.django_db
def test_digest_with_a_key_made_by_somebody_else_meanwhile_uses_theirs(monkeypatch):
    letter = make_letter()
    digest = addresses.digest(letter, ADDRESS)
    first = LetterKey.objects.get()
    look = LetterKey.objects.filter

    monkeypatch.setattr(LetterKey.objects, "filter", lambda **fields: look(pk=0))

    assert addresses.digest(letter, ADDRESS) == digest
    assert LetterKey.objects.get() == first


@pytest.mark.django_db
def test_letter_key_is_wrapped_in_the_database():
    letter = make_letter()
    addresses.digest(letter, ADDRESS)

    wrapped = bytes(LetterKey.objects.get().wrapped)

    key = crypto.decrypt_under(keys.read("letter", str(letter.pk)), wrapped)
    assert len(key) == keys.KEY_BYTES
    assert key not in wrapped
    assert written_at(wrapped) == 0
