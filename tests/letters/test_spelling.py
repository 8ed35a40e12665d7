"""Which organisation somebody may have meant."""

import pytest

from letters import spelling
from letters.models import OrganisationAlias
from signatories.actions import directory
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Salesfroce", "Salesforce"),
        ("Sales force", "Salesforce"),
        ("SALESFORSE, Inc.", "Salesforce"),
        ("You Tueb", None),
        ("Youtub", "Google"),
        ("Area 52", None),
        ("Area 51 Ltd", "Area 51"),
        ("Meta", "Meta"),
        ("Mete", None),
        ("Met", None),
        ("Narwhalware", None),
        ("", None),
        ("!!!", None),
    ],
)
def test_suggestion_is_the_closest_spelling_or_nothing(typed, meant):
    make_organisation("Salesforce")
    google = make_organisation("Google")
    OrganisationAlias.objects.create(organisation=google, name="YouTube")
    make_organisation("Area 51")
    make_organisation("Meta")

    found = spelling.suggestion(typed)

    assert (found.name if found else None) == meant


def test_suggestion_is_never_a_withdrawn_organisation():
    directory.withdraw(organisation=make_organisation("Salesforce"), actor=None)

    assert spelling.suggestion("Salesfroce") is None


def test_close_to_several_spellings_names_each_organisation_once():
    make_organisation("Salesforce")
    make_organisation("Salesfarce")

    found = spelling.close_to(["Salesfroce", "Sales force"])

    assert sorted(one.name for one in found) == ["Salesfarce", "Salesforce"]
