"""Withdrawing an anonymous signature so that its address can sign again."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from config import crypto, keys
from letters.actions import NotAllowed
from signatories import addresses
from signatories.actions import batches, confirming, moderation, own, signing
from signatories.actions.confirming import Gone
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    Method,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.factories import (
    make_letter,
    make_organisation,
    make_user,
)

pytestmark = pytest.mark.django_db

ADDRESS = Address("w.otterbourne", "google.example")
COLLEAGUE = Address("z.quillfeather", "google.example")
ANONYMOUS = Entry("anonymous")
NAMED = Entry("named", name="Wilhelmina Otterbourne")


def signature_of(token):
    return confirming.by_token(token)


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    return batches.publish_batch(letter=letter, now=timezone.now())


def departures():
    return list(Departure.objects.values_list("fate", "appearance", "reason", "number"))


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


def sign_and_confirm(letter, organisation, entry=ANONYMOUS, address=ADDRESS):
    """A verified entry of the address; returns its capability."""
    page = signing.sign(
        letter=letter,
        entry=entry,
        address=address,
        affiliation=Affiliation(organisation, "", "current", Method.MAILBOX),
    )
    return confirming.confirm(verification=awaited(page), secrets=(page, "12345678"))


def awaited(page):
    return Verification.objects.get(page_digest=crypto.digest("page", page))


def withdraw_and_free(token, address=ADDRESS):
    page = signing.ask_to_free(signature=signature_of(token), address=address)
    own.withdraw_and_free(verification=awaited(page))


def test_withdraw_and_free_lets_the_address_sign_again(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)

    withdraw_and_free(token)

    assert signature_of(token) is None
    assert not UsedAddress.objects.exists()
    assert not Verification.objects.exists()
    assert departures() == []
    again = sign_and_confirm(letter, google)
    assert signature_of(again).state == State.APPROVED


def test_withdraw_and_free_of_a_line_on_the_roll_leaves_with_the_batch(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    move_batch(letter)

    withdraw_and_free(token)
    again = sign_and_confirm(letter, google)

    assert [one.state for one in letter.signatures.on_roll()] == [State.WITHDRAWN]
    assert move_batch(letter) == 1
    assert [one.pk for one in letter.signatures.all()] == [signature_of(again).pk]


def test_withdraw_and_free_frees_another_spelling_of_the_mailbox(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)

    withdraw_and_free(token, Address("w.otterbourne+again", "google.example"))

    assert not UsedAddress.objects.exists()


def test_withdraw_and_free_frees_the_address_of_this_letter_only(google):
    letter, other = make_letter(), make_letter()
    token = sign_and_confirm(letter, google)
    sign_and_confirm(other, google)

    withdraw_and_free(token)

    assert [used.letter for used in UsedAddress.objects.all()] == [other]


def test_withdraw_and_free_of_a_duplicate_frees_nothing(google):
    letter = make_letter()
    sign_and_confirm(letter, google)
    token = sign_and_confirm(letter, google)
    assert signature_of(token).state == State.DUPLICATE

    withdraw_and_free(token)

    assert signature_of(token) is None
    assert UsedAddress.objects.count() == 1
    assert departures() == []


def reject(token):
    alice = make_user("alice", is_superuser=True)
    moderation.reject(signature=signature_of(token), actor=alice, reason="abuse")


def test_withdraw_and_free_of_what_was_rejected_meanwhile_frees_nothing_and_says_so(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    reject(token)

    assert own.withdraw_and_free(verification=awaited(page)) is False

    assert signature_of(token) is None
    assert UsedAddress.objects.count() == 1


def test_ask_to_free_the_address_of_a_rejected_entry_is_refused(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    reject(token)

    with pytest.raises(NotAllowed, match="its address cannot sign this letter again"):
        signing.ask_to_free(signature=signature_of(token), address=ADDRESS)

    assert not Verification.objects.exists()


def test_withdraw_and_free_answers_the_same_for_a_duplicate(google):
    letter = make_letter()
    tokens = [sign_and_confirm(letter, google) for _twice in range(2)]
    assert signature_of(tokens[1]).state == State.DUPLICATE

    answers = []
    for token in tokens:
        page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
        answers.append(own.withdraw_and_free(verification=awaited(page)))

    assert answers == [True, True]


def test_withdraw_and_free_never_frees_an_address_that_carries_a_name(google):
    letter = make_letter()
    named = sign_and_confirm(letter, google, NAMED, COLLEAGUE)
    token = sign_and_confirm(letter, google)

    withdraw_and_free(token, COLLEAGUE)

    assert signature_of(token) is None
    assert signature_of(named).state == State.IN_REVIEW
    assert {used.digest for used in UsedAddress.objects.all()} == {
        addresses.digest(letter, ADDRESS),
        addresses.digest(letter, COLLEAGUE),
    }


def test_withdraw_and_free_frees_an_address_whose_name_is_a_mere_duplicate(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    repeated = sign_and_confirm(letter, google, NAMED)
    assert signature_of(repeated).state == State.DUPLICATE

    withdraw_and_free(token)

    again = sign_and_confirm(letter, google, NAMED)
    assert signature_of(again).state == State.IN_REVIEW


def test_withdraw_and_free_twice_is_once(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    verification, stale = awaited(page), awaited(page)
    own.withdraw_and_free(verification=verification)
    again = sign_and_confirm(letter, google)

    with pytest.raises(Gone):
        own.withdraw_and_free(verification=stale)

    assert signature_of(again).state == State.APPROVED
    assert UsedAddress.objects.count() == 1
    assert departures() == []


def test_withdraw_and_free_after_the_entry_was_withdrawn_frees_nothing(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    own.withdraw(token=token)

    with pytest.raises(Gone):
        own.withdraw_and_free(verification=awaited(page))

    assert UsedAddress.objects.count() == 1


def test_withdraw_and_free_looks_at_the_organisation_again(google):
    """Between form and code a domain may have come to prove another organisation."""
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    google.domains.update(organisation=make_organisation("Alphabet"))

    own.withdraw_and_free(verification=awaited(page))

    assert signature_of(token) is None
    assert UsedAddress.objects.count() == 1


def test_withdraw_and_free_finds_the_row_that_a_batch_wrote_anew(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    move_batch(letter)

    own.withdraw_and_free(verification=awaited(page))

    assert letter.signatures.get().state == State.WITHDRAWN
    assert not UsedAddress.objects.exists()


def test_withdraw_and_free_under_a_sealed_letter_changes_nothing_and_makes_no_key(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)
    letter.status, letter.closed_on, letter.sealed_on = "sealed", *[date.today()] * 2
    letter.save()
    letter.key.delete()
    keys.destroy("letter", str(letter.pk))

    with pytest.raises(Gone):
        own.withdraw_and_free(verification=awaited(page))

    assert signature_of(token).state == State.APPROVED
    assert not keys.exists("letter", str(letter.pk))
    with pytest.raises(NotAllowed, match="The letter is sealed"):
        signing.ask_to_free(signature=signature_of(token), address=ADDRESS)


@pytest.mark.parametrize("address", [Address("w", "gmail.com"), Address("w", "meta.example")])
def test_ask_to_free_an_address_elsewhere_is_refused(google, address):
    make_organisation("Meta", "meta.example")
    token = sign_and_confirm(make_letter(), google)

    with pytest.raises(NotAllowed, match="This address is not at Google"):
        signing.ask_to_free(signature=signature_of(token), address=address)

    assert not Verification.objects.exists()


def test_ask_to_free_stores_what_its_proof_needs_for_a_day(google, time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter()
    token = sign_and_confirm(letter, google)

    page = signing.ask_to_free(signature=signature_of(token), address=ADDRESS)

    verification = awaited(page)
    assert (verification.purpose, verification.letter) == ("free", letter)
    assert verification.signature is None
    assert verification.entry_digest == signature_of(token).manage_digest
    assert verification.key_name == "2026-01-20.anonymous"
    assert verification.erase_after == timezone.now() + timedelta(hours=24)
