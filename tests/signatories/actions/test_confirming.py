"""Confirming: the mailbox is proven, the address goes, the signature stays."""

import pytest
from cryptography.fernet import Fernet

from config import crypto, keys
from letters.models import AuditEntry, OrganisationDomain, ReviewPolicy, Status
from signatories import addresses
from signatories.actions import confirming, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    LetterKey,
    Method,
    Signature,
    State,
    UsedAddress,
    Verification,
)
from tests.factories import make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

ADDRESS = Address("w.otterbourne", "google.example")
NAMED = Entry("named", name="Wilhelmina Otterbourne", title="Research engineer")
ANONYMOUS = Entry("anonymous", role="research")


def sign(letter, entry=NAMED, address=ADDRESS, affiliation=None):
    token = signing.sign(
        letter=letter, entry=entry, address=address, affiliation=affiliation or Affiliation()
    )
    return Verification.objects.get(page_digest=crypto.digest("page", token))


def sign_and_confirm(letter, entry=NAMED, address=ADDRESS, affiliation=None, secrets=None):
    verification = sign(letter, entry, address, affiliation)
    signature = verification.signature
    token = confirming.confirm(
        verification=verification, secrets=secrets or ("page", str(verification.pk))
    )
    signature.refresh_from_db()
    return signature, token


def everything():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Signature, Verification, UsedAddress, LetterKey, Departure, AuditEntry)
    ]


# The way of an entry ---------------------------------------------------------------------------


def test_confirm_by_name_waits_for_review_and_the_address_is_gone(time_machine):
    letter = make_letter()
    verification = sign(letter)
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)

    token = confirming.confirm(verification=verification, secrets=("page", "12345678"))

    signature = Signature.objects.get()
    assert signature.state == State.IN_REVIEW
    assert signature.confirmed_on.isoformat() == "2026-01-21"
    assert signature.published_on is None
    assert signature.roll_key == ""
    assert signature.manage_digest == crypto.digest("manage", token)
    assert signature.address_digest == addresses.digest(letter, ADDRESS)
    assert UsedAddress.objects.get().digest == signature.address_digest
    assert not Verification.objects.exists()


def test_confirm_by_name_without_review_stands_on_the_roll_once_checked(time_machine, check):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    google = make_organisation("Google", "google.example")
    letter = make_letter(review_policy=ReviewPolicy.AFTER)

    signature, _token = sign_and_confirm(
        letter, affiliation=Affiliation(google, "", "current", Method.MAILBOX)
    )

    assert (signature.state, signature.needs_check) == (State.IN_REVIEW, True)
    check()
    signature.refresh_from_db()
    assert (signature.state, signature.needs_check) == (State.PUBLISHED, False)
    assert signature.published_on.isoformat() == "2026-01-21"
    assert signature.roll_key.startswith("otterbourne wilhelmina ")
    assert (signature.shown_organisation, signature.shown_tenure) == (google, "current")


def test_confirm_by_name_not_verified_shows_no_organisation_in_the_counts(check):
    google = make_organisation("Google", "google.example")
    letter = make_letter(review_policy=ReviewPolicy.AFTER)

    signature, _token = sign_and_confirm(letter, affiliation=Affiliation(google, "", "former"))
    check()
    signature.refresh_from_db()

    assert (signature.shown_organisation, signature.shown_tenure) == (None, "former")


@pytest.mark.parametrize("policy", ReviewPolicy.values)
def test_confirm_anonymously_waits_for_a_batch_and_carries_no_digest(policy):
    google = make_organisation("Google", "google.example")
    letter = make_letter(review_policy=policy)

    signature, token = sign_and_confirm(
        letter, ANONYMOUS, affiliation=Affiliation(google, "", "current", Method.MAILBOX)
    )

    assert signature.state == State.APPROVED
    assert (signature.published_on, signature.roll_key) == (None, "")
    assert signature.address_digest is None
    assert signature.manage_digest == crypto.digest("manage", token)
    assert UsedAddress.objects.get().digest == addresses.digest(letter, ADDRESS)
    assert not Verification.objects.exists()


def test_confirm_closed_letter_still_takes_codes_already_sent():
    letter = make_letter()
    verification = sign(letter)
    letter.status, letter.closed_on = Status.CLOSED, letter.published_on
    letter.save()

    confirming.confirm(verification=verification, secrets=("page", "12345678"))

    assert Signature.objects.get().state == State.IN_REVIEW


def test_confirm_leaves_no_trace_of_the_time_in_audit_and_departures():
    sign_and_confirm(make_letter())

    assert not AuditEntry.objects.exists()
    assert not Departure.objects.exists()


# Once per address -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    ["w.otterbourne@google.example", "W.Otterbourne+x@google.example", "w.otterbourne@yt.example"],
)
@pytest.mark.parametrize("first", [NAMED, ANONYMOUS], ids=["named", "anonymous"])
@pytest.mark.parametrize("second", [NAMED, ANONYMOUS], ids=["named", "anonymous"])
def test_confirm_second_entry_of_a_mailbox_is_a_duplicate(first, second, spelling):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    google = make_organisation("Google", "google.example")
    OrganisationDomain.objects.create(
        organisation=google, domain="yt.example", mailbox_domain="google.example"
    )
    verified = Affiliation(google, "", "current", Method.MAILBOX)
    kept, _token = sign_and_confirm(letter, first, affiliation=verified)
    state = kept.state

    duplicate, token = sign_and_confirm(letter, second, addresses.read(spelling), verified)

    assert duplicate.state == State.DUPLICATE
    assert (duplicate.published_on, duplicate.roll_key) == (None, "")
    assert duplicate.shown_organisation is None
    assert confirming.by_token(token) == duplicate
    assert UsedAddress.objects.count() == 1
    assert not Verification.objects.exists()
    kept.refresh_from_db()
    assert kept.state == state
    expected = None if second is ANONYMOUS else addresses.digest(letter, ADDRESS)
    assert duplicate.address_digest == expected


def test_confirm_under_another_letter_or_address_is_no_duplicate():
    letter = make_letter()
    sign_and_confirm(letter)

    other_letter, _token = sign_and_confirm(make_letter())
    other_address, _token = sign_and_confirm(letter, address=Address("x", "google.example"))

    assert other_letter.state == other_address.state == State.IN_REVIEW
    assert UsedAddress.objects.count() == 3


def test_confirm_squatter_s_unconfirmed_entry_blocks_nobody():
    letter = make_letter()
    sign(letter, Entry("named", name="A Squatter"))

    signature, _token = sign_and_confirm(letter)

    assert signature.state == State.IN_REVIEW


def test_confirm_twice_is_once():
    letter = make_letter()
    verification = sign(letter)
    stale = Verification.objects.get(pk=verification.pk)
    confirming.confirm(verification=verification, secrets=("page", "12345678"))
    before = everything()

    with pytest.raises(confirming.Gone):
        confirming.confirm(verification=stale, secrets=("page", "87654321"))

    assert everything() == before


def test_confirm_what_finds_signatures_confirms_none():
    letter = make_letter()
    signing.ask_for_link(address=ADDRESS)
    before = everything()

    with pytest.raises(confirming.Gone):
        confirming.confirm(verification=Verification.objects.get(), secrets=("page", "1"))

    assert everything() == before
    assert letter.signatures.count() == 0


# Keys ------------------------------------------------------------------------------------------


def test_confirm_with_the_letter_s_key_lost_changes_nothing_and_works_once_it_is_back():
    letter = make_letter()
    sign_and_confirm(letter, address=Address("x", "google.example"))
    verification = sign(letter)
    path = keys.ring("letter") / f"{letter.pk}.key"
    kept = path.read_bytes()
    path.unlink()
    before = everything()

    with pytest.raises(keys.KeyLost):
        confirming.confirm(verification=verification, secrets=("page", "12345678"))

    assert everything() == before
    assert not path.exists()
    path.write_bytes(kept)
    confirming.confirm(verification=Verification.objects.get(), secrets=("page", "12345678"))
    assert letter.signatures.in_review().count() == 2


def test_confirm_with_the_key_of_the_day_lost_changes_nothing():
    verification = sign(make_letter())
    keys.destroy("day", verification.key_name)
    before = everything()

    with pytest.raises(keys.KeyLost):
        confirming.confirm(verification=verification, secrets=("page", "12345678"))

    assert everything() == before


def test_confirm_is_one_transaction(monkeypatch):
    def fail(signature):
        raise RuntimeError("power cut")

    verification = sign(make_letter())
    before = everything()[:3]
    monkeypatch.setattr(confirming, "_admit", fail)

    with pytest.raises(RuntimeError):
        confirming.confirm(verification=verification, secrets=("page", "12345678"))

    assert everything()[:3] == before


# The capability ----------------------------------------------------------------------------------


def test_manage_token_follows_from_the_secrets_alone():
    first = confirming.manage_tokens("page", "12345678")[0]

    assert len(first) == 43
    assert confirming.manage_tokens("page", "12345678")[0] == first
    others = [("page", "12345679"), ("pag", "e12345678"), ("page",), ("page", "12345678", "1")]
    assert first not in {confirming.manage_tokens(*secrets)[0] for secrets in others}


def test_by_token_survives_the_rotation_of_field_keys(settings):
    signature, token = sign_and_confirm(make_letter())

    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]

    assert confirming.by_token(token) == signature
    assert confirming.by_token("A" * 43) is None


# Finding again -----------------------------------------------------------------------------------


def find(address=ADDRESS, secrets=("page", "12345678")):
    token = signing.ask_for_link(address=address)
    verification = Verification.objects.get(page_digest=crypto.digest("page", token))
    return confirming.find(verification=verification, secrets=secrets)


def test_find_gives_named_signatures_of_all_letters_a_new_capability():
    first, old_token = sign_and_confirm(make_letter())
    second, _token = sign_and_confirm(make_letter())
    sign_and_confirm(make_letter(), address=Address("x", "google.example"))

    found = find(Address("w.otterbourne+again", "google.example"))

    assert {one.signature for one in found} == {first, second}
    for one in found:
        assert confirming.by_token(one.token) == one.signature
    assert confirming.by_token(old_token) is None
    assert not Verification.objects.exists()
    assert confirming.found_before(("page", "12345678")) == found
    assert confirming.found_before(("page", "87654321")) == []


@pytest.mark.parametrize(
    ("state", "is_found"),
    [
        (State.IN_REVIEW, True),
        (State.PUBLISHED, True),
        (State.REJECTED, True),
        (State.APPROVED, True),
        (State.UNCONFIRMED, False),
    ],
)
def test_find_gives_named_signatures_in_every_confirmed_state(state, is_found):
    letter = make_letter()
    digest = addresses.digest(letter, ADDRESS)
    make_signature(
        letter, state=state, address_digest=None if state == State.UNCONFIRMED else digest
    )

    assert len(find()) == is_found


def test_find_gives_nothing_of_anonymous_signatures_and_sealed_letters():
    google = make_organisation("Google", "google.example")
    verified = Affiliation(google, "", "current", Method.MAILBOX)
    sign_and_confirm(make_letter(), ANONYMOUS, affiliation=verified)
    letter = make_letter()
    sign_and_confirm(letter)
    letter.status, letter.closed_on, letter.sealed_on = ("sealed", *[letter.published_on] * 2)
    letter.save()

    assert find() == []
    assert not Verification.objects.exists()


def test_find_gives_the_signature_and_not_its_duplicates():
    letter = make_letter()
    signature, _token = sign_and_confirm(letter)
    for _each in range(2):
        sign_and_confirm(letter)

    found = find()

    assert [one.signature for one in found] == [signature]


def test_find_gives_one_duplicate_where_the_signature_itself_cannot_be_found():
    google = make_organisation("Google", "google.example")
    letter = make_letter()
    sign_and_confirm(
        letter, ANONYMOUS, affiliation=Affiliation(google, "", "current", Method.MAILBOX)
    )
    duplicates = [sign_and_confirm(letter)[0] for _each in range(2)]

    [found] = find()

    assert found.signature in duplicates
    assert confirming.by_token(found.token) == found.signature


def test_find_twice_is_once():
    sign_and_confirm(make_letter())
    signing.ask_for_link(address=ADDRESS)
    verification = Verification.objects.get()
    stale = Verification.objects.get()
    [found] = confirming.find(verification=verification, secrets=("page", "12345678"))

    with pytest.raises(confirming.Gone):
        confirming.find(verification=stale, secrets=("page", "87654321"))

    assert confirming.by_token(found.token) == found.signature


def test_find_goes_on_where_one_letter_s_key_is_lost(caplog):
    lost = make_letter()
    sign_and_confirm(lost)
    kept, _token = sign_and_confirm(make_letter())
    keys.destroy("letter", str(lost.pk))

    assert [one.signature for one in find()] == [kept]
    assert f"Signatures of letter {lost.pk} cannot be found again" in caplog.text
