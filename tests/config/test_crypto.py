import base64

import pytest
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from config import crypto

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def times_in(token):
    """The bytes of a Fernet token that hold its time (Fernet spec: version, then 64 bits)."""
    return base64.urlsafe_b64decode(token)[1:9]


# Encrypting -----------------------------------------------------------------------------


def test_encrypt_writes_no_time(settings):
    settings.FIELD_KEYS = [NEW]

    token = crypto.encrypt(b"wilhelmina@orrery.example")

    assert times_in(token) == bytes(8)
    assert times_in(Fernet(NEW).encrypt(b"a usual token has one")) != bytes(8)


def test_encrypt_under_writes_no_time_in_either_layer(settings):
    settings.FIELD_KEYS = [NEW]
    key = crypto.random_key()

    outer = crypto.encrypt_under(key, b"wilhelmina@orrery.example")

    inner = Fernet(NEW).decrypt(outer)
    assert times_in(outer) == bytes(8)
    assert times_in(inner) == bytes(8)


def test_encrypt_twice_gives_two_ciphertexts(settings):
    settings.FIELD_KEYS = [NEW]

    assert crypto.encrypt(b"the same") != crypto.encrypt(b"the same")


def test_decrypt_reads_what_any_of_the_keys_wrote(settings):
    settings.FIELD_KEYS = [OLD]
    old = crypto.encrypt(b"written before the rotation")
    settings.FIELD_KEYS = [NEW, OLD]

    assert crypto.decrypt(old) == b"written before the rotation"
    assert crypto.decrypt(crypto.encrypt(b"written after it")) == b"written after it"


def test_encrypt_uses_the_first_key(settings):
    settings.FIELD_KEYS = [NEW, OLD]

    token = crypto.encrypt(b"written after the rotation")

    assert Fernet(NEW).decrypt(token) == b"written after the rotation"
    with pytest.raises(InvalidToken):
        Fernet(OLD).decrypt(token)


def test_decrypt_without_the_key_is_unreadable(settings):
    settings.FIELD_KEYS = [OLD]
    old = crypto.encrypt(b"written before the rotation")
    settings.FIELD_KEYS = [NEW]

    with pytest.raises(crypto.Unreadable):
        crypto.decrypt(old)


def test_decrypt_of_a_changed_value_is_unreadable(settings):
    settings.FIELD_KEYS = [NEW]
    token = bytearray(crypto.encrypt(b"as it was written"))
    token[-5] ^= 1

    with pytest.raises(crypto.Unreadable):
        crypto.decrypt(bytes(token))


# Two keys -------------------------------------------------------------------------------


def test_decrypt_under_reads_with_both_keys(settings):
    settings.FIELD_KEYS = [NEW]
    key = crypto.random_key()

    assert crypto.decrypt_under(key, crypto.encrypt_under(key, b"both")) == b"both"


def test_decrypt_under_without_the_given_key_is_unreadable(settings):
    settings.FIELD_KEYS = [NEW]
    ciphertext = crypto.encrypt_under(crypto.random_key(), b"both")

    with pytest.raises(crypto.Unreadable, match="given key"):
        crypto.decrypt_under(crypto.random_key(), ciphertext)
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt_under(bytes(32), ciphertext)
    assert b"both" not in crypto.decrypt(ciphertext)


def test_decrypt_under_without_the_field_key_is_unreadable(settings):
    settings.FIELD_KEYS = [OLD]
    key = crypto.random_key()
    ciphertext = crypto.encrypt_under(key, b"both")
    settings.FIELD_KEYS = [NEW]

    with pytest.raises(crypto.Unreadable, match="FIELD_KEYS"):
        crypto.decrypt_under(key, ciphertext)
    with pytest.raises(InvalidToken):
        MultiFernet([Fernet(base64.urlsafe_b64encode(key))]).decrypt(ciphertext)


def test_unreadable_says_nothing_of_the_value(settings):
    settings.FIELD_KEYS = [NEW]

    with pytest.raises(crypto.Unreadable) as caught:
        crypto.decrypt(b"wilhelmina@orrery.example")

    assert str(caught.value) == "No key in FIELD_KEYS reads this value."


# Digests --------------------------------------------------------------------------------


def test_digest_is_64_hexadecimal_characters_and_always_the_same(settings):
    settings.FIELD_KEYS = [NEW]

    first = crypto.digest("page", "token")

    assert len(bytes.fromhex(first)) == 32
    assert crypto.digest("page", "token") == first


def test_digest_depends_on_key_purpose_and_parts(settings):
    settings.FIELD_KEYS = [NEW]
    digests = {
        crypto.digest("page", "token"),
        crypto.digest("button", "token"),
        crypto.digest("page", "token", ""),
        crypto.digest("page", "to", "ken"),
        crypto.digest("pagetoken"),
    }
    settings.FIELD_KEYS = [OLD]
    digests.add(crypto.digest("page", "token"))

    assert len(digests) == 6


def test_digests_find_what_older_keys_wrote(settings):
    settings.FIELD_KEYS = [OLD]
    stored = crypto.digest("manage", "token")
    settings.FIELD_KEYS = [NEW, OLD]

    assert stored in crypto.digests("manage", "token")
    assert crypto.digest("manage", "token") == crypto.digests("manage", "token")[0] != stored
    assert crypto.matches(stored, "manage", "token")
    assert not crypto.matches(stored, "manage", "other token")


def test_matches_fails_once_the_old_key_is_gone(settings):
    settings.FIELD_KEYS = [OLD]
    stored = crypto.digest("code", "12345678")
    settings.FIELD_KEYS = [NEW]

    assert not crypto.matches(stored, "code", "12345678")
    assert not crypto.matches("", "code", "12345678")


def test_digest_is_not_made_with_the_field_key_itself(settings):
    settings.FIELD_KEYS = [NEW]

    for key in (NEW.encode(), base64.urlsafe_b64decode(NEW)):
        assert crypto.mac(key, "page", "token").hex() != crypto.digest("page", "token")


# Capabilities -----------------------------------------------------------------------------


def test_new_tokens_are_43_characters_and_never_the_same():
    tokens = {crypto.new_token() for _each in range(100)}

    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


def test_derived_tokens_are_the_same_for_the_same_parts(settings):
    settings.FIELD_KEYS = [NEW]

    token = crypto.derived_token("manage", "page token", "12345678")

    assert len(token) == 43
    assert crypto.derived_token("manage", "page token", "12345678") == token
    assert crypto.derived_token("manage", "page token", "12345679") != token
    assert crypto.derived_token("other", "page token", "12345678") != token


def test_derived_tokens_under_older_keys_are_found(settings):
    settings.FIELD_KEYS = [OLD]
    given_out = crypto.derived_token("manage", "page token", "12345678")
    settings.FIELD_KEYS = [NEW, OLD]

    assert given_out in crypto.derived_tokens("manage", "page token", "12345678")


def test_derived_token_cannot_be_read_from_a_stored_digest(settings):
    """A dump holds digests; none of them may be the capability in another spelling."""
    settings.FIELD_KEYS = [NEW]
    token = crypto.derived_token("manage", "page token")

    as_digest = base64.urlsafe_b64decode(token + "=").hex()

    assert as_digest not in crypto.digests("manage", "page token")
    assert as_digest not in crypto.digests("manage", token)
