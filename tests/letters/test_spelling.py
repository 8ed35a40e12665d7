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


# Completions ----------------------------------------------------------------------------------


def found(typed, **options):
    return [(str(one), by) for one, by in spelling.completions(typed, **options)]


def test_completions_find_by_beginning_then_within_then_closeness():
    meta = make_organisation("Meta")
    OrganisationAlias.objects.create(organisation=meta, name="Facebook")
    make_organisation("Metabolic Labs")
    make_organisation("Future Meta Works")

    assert found("meta") == [
        ("Meta", "Meta"),
        ("Metabolic Labs", "Metabolic Labs"),
        ("Future Meta Works", "Future Meta Works"),
    ]
    assert found("MetaBO") == [("Metabolic Labs", "Metabolic Labs")]
    assert found("faceb") == [("Meta", "Facebook")]
    assert found("Facebok") == [("Meta", "Facebok")]
    assert found("meta", limit=2) == found("meta")[:2]


@pytest.mark.parametrize("typed", ["", " ", "m", "%", "..", "no such firm"])
def test_completions_of_next_to_nothing_are_none(typed):
    make_organisation("Meta")

    assert found(typed) == []


def test_completions_leave_out_what_nobody_may_name():
    make_organisation("Metagone", withdrawn_on="2026-01-01")
    kept = make_organisation("Kept")
    make_organisation("Metamerged", merged_into=kept)

    assert found("meta") == []
