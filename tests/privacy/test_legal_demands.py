"""What an operator could hand over, as docs/legal-demands.md and docs/threat-model.md say it.

The operator here reads the database and has every key, and may have kept earlier copies of
rows; what must be gone is gone for that operator too.
"""

from datetime import timedelta

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from config import crypto, keys
from signatories import addresses
from signatories.actions import batches, confirming, erasing, own, sealing, signing, subscribing
from signatories.affiliation import Affiliation
from signatories.models import (
    LetterKey,
    Method,
    Signature,
    Subscription,
    Tenure,
    UsedAddress,
    Verification,
)
from tests.factories import make_letter, make_organisation

pytestmark = pytest.mark.django_db

WORK = addresses.read("w.otterbourne@google.example")
COLLEAGUE = addresses.read("a.ploverdale@google.example")
PRIVATE = addresses.read("w.otterbourne@gmail.com")


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter(google):
    return make_letter()


def sign_anonymously(letter, google, address=WORK):
    affiliation = Affiliation(google, "", Tenure.CURRENT, Method.MAILBOX)
    signing.sign(
        letter=letter,
        entry=signing.Entry(appearance="anonymous"),
        address=address,
        affiliation=affiliation,
    )
    return Verification.objects.get(signature__isnull=False)


def confirm(verification):
    """The capability of the confirmed entry."""
    return confirming.confirm(verification=verification, secrets=(str(verification.pk), "1"))


def has_signed(letter, address, digests):
    """What whoever has all keys computes for an address that they bring."""
    return addresses.digest(letter, address) in digests


def digests_of(letter):
    return set(letter.used_addresses.values_list("digest", flat=True))


# Before confirmation ------------------------------------------------------------------------


def test_before_confirmation_all_keys_give_the_address_and_its_entry(letter, google):
    verification = sign_anonymously(letter, google)

    address = addresses.decrypt(bytes(verification.address), verification.key_name)

    assert address == WORK
    assert verification.signature.organisation == google


def test_before_confirmation_a_destroyed_key_of_the_day_leaves_nothing_to_read(letter, google):
    verification = sign_anonymously(letter, google)

    keys.destroy("day", verification.key_name)

    with pytest.raises(keys.KeyLost):
        addresses.decrypt(bytes(verification.address), verification.key_name)
    assert b"otterbourne" not in crypto.decrypt(bytes(verification.address))


# Confirmed ------------------------------------------------------------------------------------


def test_confirmed_address_is_nowhere_and_can_be_tested_with_all_keys(letter, google):
    confirm(sign_anonymously(letter, google))

    assert not Verification.objects.exists()
    assert has_signed(letter, WORK, digests_of(letter))
    assert not has_signed(letter, COLLEAGUE, digests_of(letter))


def test_confirmed_anonymous_entry_and_its_digest_share_nothing(letter, google):
    confirm(sign_anonymously(letter, google))

    signature = set(map(str, model_to_dict(Signature.objects.get()).values()))
    used = UsedAddress.objects.get()
    assert used.digest not in signature
    assert str(used.pk) not in signature


def test_batch_gives_an_anonymous_row_another_number_and_its_own_day(letter, google):
    confirm(sign_anonymously(letter, google))
    earlier = timezone.localdate() - timedelta(days=2)
    Signature.objects.update(submitted_on=earlier, confirmed_on=earlier)
    before = Signature.objects.get()
    digest_before = UsedAddress.objects.get()

    batches.publish_last_batch(letter=letter, now=timezone.now())

    after = Signature.objects.get()
    today = timezone.localdate()
    assert after.pk != before.pk
    assert (after.submitted_on, after.confirmed_on, after.published_on) == (today,) * 3
    assert UsedAddress.objects.get().pk != digest_before.pk


# Changing how one appears ----------------------------------------------------------------------


def wish_to_be_named(letter, google):
    token = confirm(sign_anonymously(letter, google))
    signing.ask_to_be_named(
        signature=confirming.by_token(token),
        entry=signing.Entry(appearance="named", name="Wilhelmina Otterbourne"),
        address=WORK,
        affiliation=Affiliation(google, "", Tenure.CURRENT, Method.MAILBOX),
    )
    return Signature.objects.anonymous().get(), Signature.objects.named().get()


def test_wish_to_be_named_joins_name_and_line_until_it_is_abandoned(letter, google, settings):
    anonymous, named = wish_to_be_named(letter, google)
    assert named.replaces == anonymous.manage_digest
    hours = settings.UNCONFIRMED_ANONYMOUS_HOURS

    list(erasing.erase_expired(now=timezone.now() + timedelta(hours=hours, minutes=-1)))
    kept = Signature.objects.named().count()
    list(erasing.erase_expired(now=timezone.now() + timedelta(hours=hours, minutes=1)))

    assert kept == 1
    assert not Signature.objects.named().exists()
    assert not Verification.objects.exists()
    assert Signature.objects.get() == anonymous


def test_wish_to_be_named_uses_a_key_that_goes_with_those_of_anonymous_entries(letter, google):
    wish_to_be_named(letter, google)

    assert Verification.objects.get().key_name.endswith(".anonymous")


def test_freeing_an_address_joins_it_to_an_entry_until_the_code_is_typed(letter, google):
    token = confirm(sign_anonymously(letter, google))
    signature = confirming.by_token(token)
    signing.ask_to_free(signature=signature, address=WORK)
    verification = Verification.objects.get()
    assert verification.entry_digest == signature.manage_digest
    assert addresses.decrypt(bytes(verification.address), verification.key_name) == WORK

    own.withdraw_and_free(verification=verification)

    assert not Verification.objects.exists()
    assert not Signature.objects.exists()
    assert not UsedAddress.objects.exists()


# Sealed ------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(letter, google, django_capture_on_commit_callbacks):
    """A sealed letter with one anonymous line, and what somebody had copied before."""
    confirm(sign_anonymously(letter, google))
    signing.ask_for_updates(letter=letter, address=PRIVATE)
    subscribing.subscribe(verification=Verification.objects.get(), secrets=("a", "b"))
    sign_anonymously(letter, google, COLLEAGUE)
    copies = {
        "digests": digests_of(letter),
        "key": LetterKey.objects.get(),
        "subscription": Subscription.objects.get(),
    }
    with django_capture_on_commit_callbacks(execute=True):
        sealing.close(letter=letter, actor=None)
        sealing.seal(letter=letter, actor=None)
    return copies


def test_sealing_leaves_the_line_and_nothing_that_knows_an_address(letter, sealed):
    assert Signature.objects.on_roll().count() == 1
    assert Signature.objects.count() == 1
    for model in (Verification, UsedAddress, LetterKey, Subscription):
        assert not model.objects.exists(), model
    assert not keys.exists("letter", str(letter.pk))


def test_sealing_makes_earlier_copies_worth_nothing(letter, sealed):
    assert sealed["digests"]

    with pytest.raises(keys.KeyLost):
        addresses.unwrap(sealed["key"])
    with pytest.raises(keys.KeyLost):
        keys.read("letter", str(letter.pk))
    assert b"otterbourne" not in crypto.decrypt(bytes(sealed["subscription"].address))


def test_sealing_is_undone_by_a_kept_copy_of_the_key_as_the_document_warns(
    letter, google, django_capture_on_commit_callbacks
):
    confirm(sign_anonymously(letter, google))
    digests, row = digests_of(letter), LetterKey.objects.get()
    kept = keys.read("letter", str(letter.pk))
    with django_capture_on_commit_callbacks(execute=True):
        sealing.close(letter=letter, actor=None)
        sealing.seal(letter=letter, actor=None)

    key = crypto.decrypt_under(kept, bytes(row.wrapped))

    assert crypto.mac(key, "address", WORK.mailbox()).hex() in digests
