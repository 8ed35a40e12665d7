"""How many codes leave: counted by mailbox, by letter, and by mail domain."""

import pytest

from signatories.addresses import Address
from signatories.verification import allowance, bursts
from tests.factories import make_letter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings, time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    settings.RATE_LIMITS = {
        **settings.RATE_LIMITS,
        "sign:mailbox": "2/d",
        "code:mailbox": "3/d",
        "code:domain": "4/h",
    }


def left(addresses, letter=None):
    return [allowance.has_one_left(one, letter) for one in addresses]


def people(number, domain):
    return [Address(f"w{one}", domain) for one in range(number)]


def test_mailbox_keeps_a_code_for_another_letter():
    wilhelmina = Address("wilhelmina", "gmail.com")
    library, museum = make_letter(slug="library"), make_letter(slug="museum")

    assert left([wilhelmina] * 4, library) == [True, True, False, False]
    assert left([wilhelmina] * 2, museum) == [True, False]


def test_mailbox_is_counted_over_all_its_spellings():
    spellings = [Address(f"w+{number}", "labs.example") for number in range(4)]

    assert left(spellings) == [True, True, True, False]


def test_domain_gets_so_many_codes_whoever_they_are_for():
    assert left(people(5, "labs.example")) == [True] * 4 + [False]
    assert left(people(1, "other.example")) == [True]


def test_flood_for_one_mailbox_leaves_its_colleagues_their_codes():
    assert left([Address("wilhelmina", "labs.example")] * 9) == [True] * 3 + [False] * 6
    assert left(people(2, "labs.example")) == [True, False]


def test_domain_is_counted_with_all_names_below_it():
    through = [Address("w", f"{name}.labs.co.uk") for name in "abcde"]

    assert left(through) == [True] * 4 + [False]


def test_domains_below_a_public_suffix_are_counted_apart():
    others = [Address("w", f"{name}.co.uk") for name in "abcde"]

    assert left(others) == [True] * 5


def test_public_mail_provider_has_no_limit_of_its_own():
    assert left(people(6, "gmail.com")) == [True] * 6


def test_name_below_a_mail_provider_is_no_provider():
    assert left(people(5, "someone.fastmail.com")) == [True] * 4 + [False]


def test_names_that_a_company_gives_away_count_as_the_companys():
    through = [Address("w", f"{name}.duckdns.org") for name in "abcde"]

    assert left(through) == [True] * 4 + [False]


@pytest.mark.parametrize(
    "several",
    [people(3, "someone.fastmail.com"), [Address("w", f"{name}.duckdns.org") for name in "abc"]],
    ids=["below a provider", "given away"],
)
def test_flood_through_mailboxes_of_one_owner_is_a_burst(settings, several):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "burst:domain": "2/d"}
    letter = make_letter()

    found = [bursts.is_one_of_many(letter, one, f"network {one}") for one in several]

    assert found == [False, False, True]
