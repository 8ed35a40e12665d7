"""What an address proves of a claim, and what we say where it proves nothing."""

import pytest

from letters.models import Organisation, OrganisationAlias, OrganisationDomain
from signatories import addresses, affiliation
from signatories.affiliation import Affiliation
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def organisations():
    google = make_organisation("Google", "google.example")
    OrganisationAlias.objects.create(organisation=google, name="YouTube")
    OrganisationDomain.objects.create(
        organisation=google, domain="youtube.example", mailbox_domain="google.example"
    )
    make_organisation("DeepMind", "deepmind.example", parent=google)
    make_organisation("Meta", "meta.example")


@pytest.mark.parametrize(
    ("email", "claimed", "tenure", "listed", "typed", "method"),
    [
        ("w@google.example", "Google", "current", "Google", "", "mailbox"),
        ("w@google.example", "GOOGLE, Inc.", "current", "Google", "", "mailbox"),
        ("w@google.example", "YouTube", "current", "Google", "", "mailbox"),
        ("w@youtube.example", "Google", "current", "Google", "", "mailbox"),
        ("w@google.example", "Google", "former", "Google", "", "none"),
        ("w@google.example", "Google", "", "Google", "", "none"),
        ("w@google.example", "Meta", "current", "Meta", "", "none"),
        # A parent's domain proves no child, a child's no parent, a subdomain nothing.
        ("w@google.example", "DeepMind", "current", "DeepMind", "", "none"),
        ("w@deepmind.example", "Google", "current", "Google", "", "none"),
        ("w@mail.google.example", "Google", "current", "Google", "", "none"),
        ("w@evil-google.example", "Google", "current", "Google", "", "none"),
        ("w@gmail.com", "Google", "current", "Google", "", "none"),
        ("w@google.example", "Gооgle", "current", None, "Gооgle", "none"),  # Cyrillic о
        ("w@google.example", "Orrery Labs", "current", None, "Orrery Labs", "none"),
    ],
)
def test_assess_weighs_the_claim_against_the_domain(email, claimed, tenure, listed, typed, method):
    found = affiliation.assess(addresses.read(email), claimed, tenure)

    organisation = listed and Organisation.objects.get(name=listed)
    assert found == Affiliation(organisation, typed, tenure, method)
    assert found.is_verified == (method == "mailbox")
    assert found.is_claimed


def test_assess_without_a_claim_keeps_nothing_that_the_address_would_prove():
    found = affiliation.assess(addresses.read("w@google.example"), "", "current")

    assert found == Affiliation(None, "", "", "none")
    assert not found.is_claimed


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("google.example", "Google"),
        ("youtube.example", "Google"),
        ("deepmind.example", "DeepMind"),
        ("mail.google.example", None),
        ("example", None),
    ],
)
def test_proven_by_an_address_is_the_owner_of_exactly_its_domain(domain, name):
    proven = affiliation.proven_by(addresses.Address("w", domain))

    assert (proven.name if proven else None) == name


@pytest.mark.parametrize(
    ("email", "claimed", "tenure", "sentences"),
    [
        ("w@google.example", "Google", "current", []),
        ("w@google.example", "", "current", []),
        (
            "w@google.example",
            "Google",
            "former",
            [
                "An address at Google proves that you work there now, not that you used to. "
                "Your line will say “not verified”."
            ],
        ),
        (
            "w@google.example",
            "Meta",
            "current",
            [
                "Your address is at Google and would prove that. Your line names Meta instead "
                "and will say “not verified”.",
                "The moderators are told that your address is at Google.",
            ],
        ),
        (
            "w@google.example",
            "Orrery Labs",
            "former",
            [
                "Your address is at Google and would prove that. Your line names Orrery Labs "
                "instead and will say “not verified”."
            ],
        ),
        (
            "w@gmail.com",
            "Meta",
            "current",
            [
                "Your line will say “not verified”. An address at Meta’s own mail domain would "
                "verify it; weigh that against your employer reading the mailbox."
            ],
        ),
    ],
)
def test_advice_says_what_would_verify_a_claim(email, claimed, tenure, sentences):
    address = addresses.read(email)

    found = affiliation.assess(address, claimed, tenure)

    assert affiliation.advice(address, found) == sentences
