"""Organisations: their spellings, and the domains that prove them."""

import tomllib

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from letters import mail_domains
from letters.actions import propose
from letters.models import Organisation, OrganisationAlias, OrganisationDomain, Proposal
from letters.models.organisation import HeadcountBand, alias_key
from tests.factories import make_letter, make_organisation


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Google", "google"),
        ("GOOGLE", "google"),
        ("  google  ", "google"),
        ("Google, Inc.", "google"),
        ("Google Inc", "google"),
        ("Google LLC", "google"),
        ("Google Co., Ltd.", "google"),
        ("Nestlé S.A.", "nestle s a"),
        ("Müller GmbH", "muller"),
        ("Große AG", "grosse"),
        ("Google-Cloud_Platform", "google cloud platform"),
        ("ＧＯＯＧＬＥ", "google"),
        ("Marrow & Thimble", "marrow thimble"),
        ("37signals", "37signals"),
        ("Яндекс", "яндекс"),
        ("阿里巴巴", "阿里巴巴"),
        ("Co", "co"),
        ("Limited Inc", "limited"),
        ("Inc.", "inc"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_alias_key_is_what_spellings_have_in_common(name, key):
    assert alias_key(name) == key


@given(st.text(max_size=50))
def test_alias_key_of_a_key_is_that_key(name):
    key = alias_key(name)

    assert alias_key(key) == key


@pytest.mark.parametrize("name", ["ﷺ" * 120, "한글학회" * 30, "ß" * 120, "ab " * 66 + "company"])
def test_alias_key_of_every_name_fits_its_column(name):
    key = alias_key(name)

    assert 190 < len(key) <= OrganisationAlias._meta.get_field("key").max_length == 200
    assert alias_key(key) == key


@pytest.mark.django_db
def test_longest_names_are_listed_found_and_proposed():
    """PostgreSQL refuses what is longer than its column; SQLite takes anything."""
    listed, unknown = make_organisation("한글학회" * 30), "ﷺ" * 120

    propose(name=unknown, letter=make_letter())

    assert Organisation.objects.named("한글학회" * 30) == listed
    assert Proposal.objects.get().key == alias_key(unknown)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("google", "Google"),
        ("Google LLC", "Google"),
        ("YOUTUBE", "Google"),
        ("Meta", "Meta"),
        ("Goggle", None),
        ("Googl", None),
        ("Gооgle", None),  # Cyrillic о
        ("", None),
        ("!!!", None),
    ],
)
def test_named_finds_an_organisation_by_every_spelling(typed, name):
    google = make_organisation("Google")
    OrganisationAlias.objects.create(organisation=google, name="YouTube")
    make_organisation("Meta")

    found = Organisation.objects.named(typed)

    assert (found.name if found else None) == name


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("domain", "is_found"),
    [
        ("google.example", True),
        ("mail.google.example", False),
        ("evilgoogle.example", False),
        ("google.example.evil", False),
        ("example", False),
        ("GOOGLE.example", False),  # Addresses are read in lower case.
        ("", False),
        ("%", False),
    ],
)
def test_owning_finds_exactly_this_domain(domain, is_found):
    google = make_organisation("Google", "google.example")

    found = Organisation.objects.owning(domain)

    assert (found.organisation if found else None) == (google if is_found else None)


@pytest.mark.django_db
def test_owning_knows_the_mailboxes_that_two_domains_share():
    google = make_organisation("Google", "google.example")
    OrganisationDomain.objects.create(
        organisation=google, domain="yt.example", mailbox_domain="google.example"
    )

    assert Organisation.objects.owning("yt.example").mailbox_domain == "google.example"


@pytest.mark.django_db
def test_save_spelling_computes_its_key():
    alias = OrganisationAlias.objects.create(
        organisation=make_organisation("Google"), name="Alphabet, Inc."
    )

    assert alias.key == "alphabet"
    alias.name = "YouTube"
    alias.save()
    assert OrganisationAlias.objects.get(pk=alias.pk).key == "youtube"


@pytest.mark.parametrize(
    ("band", "at_least"),
    [
        ("", None),
        ("1-49", 1),
        ("50-249", 50),
        ("250-999", 250),
        ("1000-9999", 1000),
        ("10000+", 10000),
    ],
)
def test_headcount_band_says_how_many_there_are_at_least(band, at_least):
    assert HeadcountBand(band).at_least == at_least


def prove(domain):
    found = Organisation.objects.proven_by(domain)
    return found.name if found else None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "domain", "is_proof"),
    [
        ({}, "google.example", True),
        ({}, "mail.google.example", False),
        ({"includes_subdomains": True}, "mail.google.example", True),
        ({"includes_subdomains": True}, "a.b.google.example", True),
        ({"includes_subdomains": True}, "evilgoogle.example", False),
        ({"includes_subdomains": True}, "google.example.evil", False),
        ({"includes_subdomains": True}, "alumni.google.example", False),
        ({"is_staff_only": False}, "google.example", False),
        ({"is_staff_only": False, "includes_subdomains": True}, "mail.google.example", False),
        ({"catch_all_suspected": True}, "google.example", True),
    ],
)
def test_proven_by_a_domain_follows_its_rules(rules, domain, is_proof):
    google = make_organisation("Google", "google.example")
    google.domains.update(**rules)

    assert prove(domain) == ("Google" if is_proof else None)


@pytest.mark.django_db
def test_proven_by_a_domain_below_another_is_decided_by_the_nearest():
    make_organisation("Google", "google.example").domains.update(includes_subdomains=True)
    make_organisation("Customers", "cloud.google.example").domains.update(is_staff_only=False)

    assert prove("eu.google.example") == "Google"
    assert prove("cloud.google.example") is None
    assert prove("x.cloud.google.example") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "mailinator.com", "x.mailinator.com", "alum.mit.edu", "alumni.stanford.edu"],
)
def test_domains_of_everybody_and_of_alumni_prove_nothing_even_if_listed(domain):
    make_organisation("Google", domain)

    assert prove(domain) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("listed", "domain", "is_proof"),
    [
        ("co.uk", "co.uk", False),
        ("co.uk", "anything.co.uk", False),
        ("com.au", "mail.anything.com.au", False),
        ("github.io", "anything.github.io", False),
        ("onmicrosoft.com", "anything.onmicrosoft.com", False),
        ("amazonaws.com", "mail.amazonaws.com", True),
        ("amazonaws.com", "anything.s3.amazonaws.com", False),
        ("anything.co.uk", "anything.co.uk", True),
        ("anything.co.uk", "mail.anything.co.uk", True),
    ],
)
def test_public_suffix_is_nobodys_domain_even_if_listed(listed, domain, is_proof):
    """Not even where an entry with subdomains stands above it."""
    make_organisation("Google", listed).domains.update(includes_subdomains=True)

    assert prove(domain) == ("Google" if is_proof else None)


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("google.example", "google.example"),
        ("GOOGLE.Example", "google.example"),
        ("müller.example", "xn--mller-kva.example"),
        ("google.example.", None),
        (".google.example", None),
        ("a..example", None),
        ("https://google.example/", None),
        ("x_y.example", None),
        ("-x.example", None),
        ("b@google.example", None),
        ('"@google.example', None),
        ("google.example,", None),
        ("google.exam\0ple", None),
        ("[127.0.0.1]", None),
        ("127.0.0.1", None),
        ("example", None),
        ("", None),
        ("x." + "b" * 64, None),
        (".".join(["b" * 60] * 5), None),
    ],
)
def test_domain_is_read_as_those_of_addresses_are(typed, domain):
    try:
        found = mail_domains.read(typed)
    except mail_domains.NotADomain:
        found = None

    assert found == domain


def test_unproving_domains_are_sorted_ascii_and_none_of_the_seeds():
    lines = (settings.SEEDS_DIR / "unproving-domains.txt").read_text().splitlines()
    domains = [line for line in lines if line and not line.startswith("#")]
    seeds = tomllib.loads((settings.SEEDS_DIR / "organisations.toml").read_text())

    assert domains == sorted(set(domains))
    assert all(domain.isascii() and domain == domain.lower() for domain in domains)
    listed = [d["domain"] for row in seeds["organisation"] for d in row.get("domains", [])]
    assert [domain for domain in listed if mail_domains.proves_nothing(domain)] == []
    assert "Source:" in "".join(lines)
