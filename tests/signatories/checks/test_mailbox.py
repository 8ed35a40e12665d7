"""What a mailbox says against an entry, without a word of the address."""

import pytest

from letters.models import OrganisationDomain
from signatories import addresses
from signatories.checks import mailbox
from signatories.models import Appearance, Method, Signature, Tenure
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db


def found_at(email, *, is_burst=False, **fields):
    signature = Signature(**{"appearance": Appearance.NAMED, "name": "Alice Meier", **fields})
    found = mailbox.found_at(addresses.read(email), signature, is_burst=is_burst)
    return [(one.kind, one.detail, one.other) for one in found]


def test_throw_away_mailbox_is_found_also_below_its_domain():
    assert found_at("alice@mailinator.com") == [("disposable", "", None)]
    assert found_at("alice@any.mailinator.com") == [("disposable", "", None)]
    assert found_at("alice@gmail.com") == []


def test_burst_is_what_the_verification_says():
    assert found_at("alice@gmail.com", is_burst=True) == [("burst", "", None)]


def test_mailbox_of_another_organisation_is_found_with_its_name():
    make_organisation("Google", "google.example")
    meta = make_organisation("Meta", "meta.example")

    assert found_at("a@google.example", organisation=meta) == [("other_employer", "Google", None)]
    assert found_at("a@google.example", organisation_text="Orrery") == [
        ("other_employer", "Google", None)
    ]


def test_mailbox_that_agrees_or_proves_nothing_is_no_reason():
    google = make_organisation("Google", "google.example")
    youtube = make_organisation("YouTube", "youtube.example", parent=google)
    old = make_organisation("Alphabet", merged_into=google)

    assert found_at("a@google.example", organisation=google) == []
    assert found_at("a@google.example", organisation=youtube) == []
    assert found_at("a@youtube.example", organisation=google) == []
    assert found_at("a@google.example", organisation=old) == []
    assert found_at("a@unknown.example", organisation=google) == []
    assert found_at("a@google.example") == []
    OrganisationDomain.objects.filter(domain="google.example").update(is_staff_only=False)
    assert found_at("a@google.example", organisation=make_organisation("Meta")) == []


def test_former_colleague_has_another_employer_by_now():
    make_organisation("Google", "google.example")
    meta = make_organisation("Meta")

    assert found_at("a@google.example", organisation=meta, tenure=Tenure.FORMER) == []


@pytest.mark.parametrize("method", [Method.MAILBOX, Method.LOGIN])
def test_organisation_that_has_said_so_itself_is_believed(method):
    make_organisation("Google", "google.example")
    meta = make_organisation("Meta")

    assert found_at("a@google.example", organisation=meta, method=method) == []


def test_anonymous_entry_gets_no_word_about_its_employer():
    make_organisation("Google", "google.example")
    meta = make_organisation("Meta")
    anonymous = {"appearance": Appearance.ANONYMOUS, "name": ""}

    assert found_at("a@google.example", organisation=meta, is_burst=True, **anonymous) == [
        ("burst", "", None)
    ]
