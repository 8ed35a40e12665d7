"""Organisations: their spellings, and the domains that prove them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.models import Organisation, OrganisationAlias, OrganisationDomain
from letters.models.organisation import HeadcountBand, alias_key
from tests.factories import make_organisation


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
