"""Updates: an opt-in with a proof, an address and a capability of its own."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import crypto, keys
from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories import addresses
from signatories.actions import confirming, sealing, signing, subscribing
from signatories.actions.confirming import Gone
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    LetterKey,
    Signature,
    Subscription,
    UsedAddress,
    Verification,
)
from tests.factories import make_letter, make_organisation
from tests.privacy.witnesses import heap_of_rows

pytestmark = pytest.mark.django_db

ADDRESS = Address("wilhelmina.otterbourne", "gmail.com")


def awaited(page):
    rows = Verification.objects.select_related("letter", "signature__letter")
    return rows.get(page_digest=crypto.digest("page", page))


def ask(letter, address=ADDRESS):
    return signing.ask_for_updates(letter=letter, address=address)


def prove(page, secret="12345678"):
    return subscribing.subscribe(verification=awaited(page), secrets=(page, secret))


def subscribe(letter, address=ADDRESS):
    return prove(ask(letter, address))


def sign_and_confirm(letter, address=ADDRESS):
    entry = Entry("named", name="Wilhelmina Otterbourne")
    page = signing.sign(letter=letter, entry=entry, address=address, affiliation=Affiliation())
    return confirming.confirm(verification=awaited(page), secrets=(page, "12345678"))


# Subscribing ---------------------------------------------------------------------------------------


def test_ask_for_updates_subscribes_nobody_before_the_proof(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter()

    page = ask(letter)

    verification = awaited(page)
    assert not Subscription.objects.exists()
    assert (verification.purpose, verification.letter) == ("updates", letter)
    assert (verification.signature, verification.entry_digest) == (None, "")
    assert verification.key_name == "2026-01-20.anonymous"
    assert verification.erase_after == timezone.now() + timedelta(hours=24)
    assert verification.due_at == timezone.now()


def test_subscribe_keeps_the_address_encrypted_and_uses_up_the_proof():
    letter = make_letter()

    token = subscribe(letter)

    subscription = Subscription.objects.get()
    assert subscription.letter == letter
    assert b"otterbourne" not in bytes(subscription.address)
    key = keys.read("letter", str(letter.pk))
    assert crypto.decrypt_under(key, bytes(subscription.address)) == str(ADDRESS).encode()
    assert subscription.digest == addresses.updates_digest(letter, ADDRESS)
    assert subscription.token_digest == crypto.digest("updates", token)
    assert subscribing.by_token(token) == subscription
    assert not Verification.objects.exists()


def test_subscribe_has_no_field_that_tells_when_or_whose():
    columns = {field.name for field in Subscription._meta.get_fields()}

    assert columns == {
        "id",
        "letter",
        "address",
        "digest",
        "token_digest",
        "link_digest",
        "refusals",
        "ticket_digest",
    }


def test_subscribe_leaves_no_trace_beside_the_row():
    letter = make_letter()

    subscribe(letter)

    for model in (Signature, UsedAddress, Departure, AuditEntry):
        assert not model.objects.exists()
    assert mail.outbox == []


def test_subscribe_with_one_proof_twice_is_once():
    letter = make_letter()
    page = ask(letter)
    stale = awaited(page)
    prove(page)
    before = Subscription.objects.values().get()

    with pytest.raises(Gone):
        subscribing.subscribe(verification=stale, secrets=(page, "87654321"))

    assert Subscription.objects.values().get() == before


def test_subscribe_of_a_subscribed_mailbox_gives_a_new_capability_and_no_second_row():
    letter = make_letter()
    first = subscribe(letter)
    before = Subscription.objects.values().get()

    second = subscribe(letter, Address("wilhelminaotterbourne+x", "googlemail.com"))

    after = Subscription.objects.values().get()
    assert after == before | {"token_digest": crypto.digest("updates", second)}
    assert subscribing.by_token(first) is None
    assert subscribing.by_token(second).pk == before["id"]


def test_subscribe_to_several_letters_makes_rows_without_a_common_value():
    letters = [make_letter(), make_letter()]

    for letter in letters:
        subscribe(letter)

    one, other = Subscription.objects.values()
    for field in ("id", "letter_id", "address", "digest", "token_digest"):
        assert one[field] != other[field]


def test_subscribe_shares_no_value_with_the_signature_of_the_same_mailbox():
    letter = make_letter()

    own_token = sign_and_confirm(letter)
    updates_token = subscribe(letter)

    def values(model):
        [row] = model.objects.values()
        return {str(value) for name, value in row.items() if name != "letter_id" and value}

    assert not values(Subscription) & (values(Signature) | values(UsedAddress))
    assert own_token != updates_token
    assert confirming.by_token(updates_token) is None
    assert subscribing.by_token(own_token) is None


def test_capability_to_unsubscribe_differs_from_that_of_a_signature_of_the_same_secrets():
    assert not set(confirming.manage_tokens("page", "1")) & set(
        subscribing.subscription_tokens("page", "1")
    )


def test_address_cannot_be_read_once_the_letter_s_key_is_destroyed():
    letter = make_letter()
    subscribe(letter)
    ciphertext = bytes(Subscription.objects.get().address)

    keys.destroy("letter", str(letter.pk))

    assert b"otterbourne" not in heap_of_rows()
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt_under(keys.read_or_create("letter", str(letter.pk)), ciphertext)
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt_under(crypto.random_key(), ciphertext)


# Refusals -----------------------------------------------------------------------------------------


def test_ask_for_updates_at_a_work_mailbox_is_refused():
    make_organisation("Google", "google.example")
    letter = make_letter()

    for domain in ("google.example", "unheard-of.example"):
        with pytest.raises(NotAllowed, match="a mailbox at work belongs to the employer"):
            ask(letter, Address("w", domain))

    assert not Verification.objects.exists()


def test_ask_for_updates_of_a_sealed_letter_is_refused():
    with pytest.raises(NotAllowed, match="no more updates"):
        ask(make_letter(status="sealed"))

    assert not Verification.objects.exists()


def test_ask_for_updates_of_a_closed_letter_is_possible():
    assert subscribe(make_letter(status="closed"))


def test_subscribe_after_sealing_is_refused_and_makes_no_key():
    letter = make_letter(status="closed")
    page = ask(letter)
    type(letter).objects.update(status="sealed", sealed_on=timezone.localdate())

    with pytest.raises(Gone):
        prove(page)

    assert not Subscription.objects.exists()
    assert not LetterKey.objects.exists()
    assert not keys.exists("letter", str(letter.pk))


def test_sealing_erases_subscriptions_and_what_waits_for_proof():
    letter, other = make_letter(), make_letter()
    for one in (letter, other):
        subscribe(one)
        ask(one, Address("z", "gmail.com"))
    sealing.close(letter=letter, actor=None)

    sealing.seal(letter=letter, actor=None)

    assert Subscription.objects.get().letter == other
    assert Verification.objects.get().letter == other


def test_subscribe_with_the_letter_s_key_lost_changes_nothing_and_works_once_it_is_back():
    letter = make_letter()
    sign_and_confirm(letter)
    page = ask(letter)
    path = keys.ring("letter") / f"{letter.pk}.key"
    kept = path.read_bytes()
    path.unlink()

    with pytest.raises(keys.KeyLost):
        prove(page)

    assert not Subscription.objects.exists()
    assert not path.exists(), "A new key would hide that the old one is lost."
    path.write_bytes(kept)
    assert subscribing.by_token(prove(page))


def test_subscribe_with_the_key_of_the_day_lost_changes_nothing():
    page = ask(make_letter())
    keys.destroy("day", awaited(page).key_name)

    with pytest.raises(keys.KeyLost):
        prove(page)

    assert not Subscription.objects.exists()
    assert Verification.objects.count() == 1


def test_subscribe_and_confirm_do_not_take_each_other_s_proofs():
    letter = make_letter()
    updates = ask(letter)
    with pytest.raises(Gone):
        confirming.confirm(verification=awaited(updates), secrets=(updates, "12345678"))
    entry = Entry("named", name="Wilhelmina Otterbourne")
    page = signing.sign(letter=letter, entry=entry, address=ADDRESS, affiliation=Affiliation())

    with pytest.raises(Gone):
        prove(page)

    assert not Subscription.objects.exists()
    assert Verification.objects.count() == 2


# Unsubscribing --------------------------------------------------------------------------------------


def test_unsubscribe_erases_the_row_with_the_address_and_twice_is_once():
    letter = make_letter()
    token = subscribe(letter)
    kept = subscribe(letter, Address("z", "gmail.com"))
    signed = sign_and_confirm(letter)

    for _twice in range(2):
        subscribing.unsubscribe(token=token)

    assert subscribing.by_token(token) is None
    assert [row.token_digest for row in Subscription.objects.all()] == [
        crypto.digest("updates", kept)
    ]
    assert confirming.by_token(signed)
    assert UsedAddress.objects.count() == 1


def test_unsubscribe_with_a_strange_token_changes_nothing():
    token = subscribe(make_letter())

    subscribing.unsubscribe(token="s" * 43)

    assert subscribing.by_token(token)


def test_subscribe_again_after_unsubscribing_works():
    letter = make_letter()
    subscribing.unsubscribe(token=subscribe(letter))

    assert subscribing.by_token(subscribe(letter))
