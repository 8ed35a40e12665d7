"""Rules: once somebody has signed, they become stricter or stay."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import NotAllowed
from letters.actions.policies import digest_of
from letters.models import AuditEntry, Letter, Membership, Role
from signatories.actions import policies
from tests.factories import make_letter, make_organisation, make_signature, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

STRICT = {
    "visibility": "unlisted",
    "eligibility": "organisations",
    "reach": "only",
    "review_policy": "before",
    "allows_named": True,
    "allows_anonymous": False,
    "accepts_unverified": False,
    "allows_unverified_anonymous": False,
    "allows_vouching": False,
    "allows_login": False,
    "minimum_group_size": 8,
}
LOOSE = {
    "visibility": "public",
    "eligibility": "anybody",
    "reach": "family",
    "review_policy": "after",
    "allows_anonymous": True,
    "accepts_unverified": True,
    "allows_unverified_anonymous": True,
    "allows_vouching": True,
    "allows_login": True,
    "minimum_group_size": 5,
}


@pytest.fixture
def google():
    return make_organisation("Google")


def letter_with(google, fields):
    letter = make_letter(slug="library", **fields)
    letter.organisations.add(google)
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return letter, alice


def change(letter, actor, google, **wishes):
    return policies.change(letter=letter, wishes=wishes, organisations=[google], actor=actor)


@pytest.mark.parametrize("name", LOOSE)
def test_no_rule_becomes_looser_once_somebody_has_signed(google, name):
    letter, alice = letter_with(google, STRICT)
    make_signature(letter)

    with pytest.raises(NotAllowed, match="only become stricter"):
        change(letter, alice, google, **{name: LOOSE[name]})

    assert getattr(Letter.objects.get(), name) == STRICT[name]
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", LOOSE)
def test_any_rule_may_become_stricter_and_before_the_first_signature_looser(google, name):
    letter, alice = letter_with(google, {**LOOSE, "allows_named": True})
    change(letter, alice, google, **{name: STRICT[name]})
    assert getattr(Letter.objects.get(), name) == STRICT[name]

    change(letter, alice, google, **{name: LOOSE[name]})
    make_signature(letter)
    change(letter, alice, google, **{name: STRICT[name]})

    assert getattr(Letter.objects.get(), name) == STRICT[name]
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["letter.rules_changed"] * 3


@pytest.mark.parametrize(("now", "wish"), [("internal", "public"), ("public", "internal")])
def test_letter_goes_neither_inside_nor_outside_by_a_rule(google, now, wish):
    letter, alice = letter_with(google, {"visibility": now})
    make_signature(letter)

    with pytest.raises(NotAllowed):
        change(letter, alice, google, visibility=wish)

    assert Letter.objects.get().visibility == now


def test_organisations_stay_once_somebody_has_signed(google):
    letter, alice = letter_with(google, {"eligibility": "organisations"})
    make_signature(letter)
    another = make_organisation("Another")

    for organisations in ([], [another], [google, another]):
        with pytest.raises(NotAllowed):
            policies.change(letter=letter, wishes={}, organisations=organisations, actor=alice)

    assert list(letter.organisations.all()) == [google]


def test_goal_and_last_day_may_change_at_any_time(google):
    letter, alice = letter_with(google, {})
    make_signature(letter)
    day = timezone.now() + timedelta(days=3)

    change(letter, alice, google, goal=500, closes_at=day, summary="Short.")

    changed = Letter.objects.get()
    assert (changed.goal, changed.closes_at, changed.summary) == (500, day, "Short.")


@pytest.mark.parametrize("role", ["editor", "moderator", "press", None])
def test_rules_are_for_owners(google, role):
    letter, _alice = letter_with(google, {})
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)
    browser = Client()
    browser.force_login(bob)

    with pytest.raises(NotAllowed):
        change(letter, bob, google, goal=5)

    assert browser.get("/manage/letters/library/rules/").status_code == (200 if role else 404)
    assert browser.post("/manage/letters/library/rules/", {"goal": 5}).status_code == 404


# The page -----------------------------------------------------------------------------------


def form_of(**changes):
    form = {
        "visibility": "public",
        "eligibility": "anybody",
        "reach": "only",
        "review_policy": "before",
        "allows_named": "on",
        "allows_anonymous": "on",
        "accepts_unverified": "on",
        "minimum_group_size": "5",
        "organisations": "",
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


@pytest.fixture
def page():
    letter = make_letter(slug="library")
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    browser = Client()
    browser.force_login(alice)
    return lambda **changes: browser.post("/manage/letters/library/rules/", form_of(**changes))


def test_page_saves_and_says_where_something_is_wrong(page, google):
    assert page(goal="300", closes_at="2099-01-31T18:00").url == "/manage/letters/library/rules/"
    assert Letter.objects.get().goal == 300

    for changes, why in (
        ({"minimum_group_size": "2"}, "fewer than three protects nobody"),
        ({"minimum_group_size": "many"}, "whole number"),
        ({"goal": "-5"}, "how many signatures you hope for"),
        ({"visibility": "secret"}, "not one of the available choices"),
        ({"visibility": "internal"}, "Name the organisations"),
        ({"eligibility": "organisations"}, "Name the organisations"),
        ({"organisations": "Gogle\nNobody <b>"}, "Not listed: Gogle, Nobody <b>"),
        ({"allows_named": None, "allows_anonymous": None}, "Allow at least one way to appear"),
        ({"opens_at": "2099-02-01T00:00", "closes_at": "2099-01-01T00:00"}, "closes before"),
        ({"closes_at": "soon"}, "valid date"),
    ):
        answer = page(**changes)
        assert answer.status_code == 200, changes
        assert why in words(answer).replace("&lt;", "<").replace("&gt;", ">"), changes
        assert "<b>" not in answer.content.decode().split("<form", 2)[-1].split("</form")[0]


def test_page_says_that_rules_only_become_stricter(page):
    letter = Letter.objects.get()
    make_signature(letter)

    answer = page(review_policy="after")

    assert "People have signed under these rules" in words(answer)
    assert Letter.objects.get().review_policy == "before"


# Two owners at once -----------------------------------------------------------------------------


def seen_in(answer):
    return re.search(r'name="seen" value="([0-9a-f]{16})"', answer.content.decode())[1]


def test_rules_that_somebody_else_changed_are_not_replaced_unseen(page, google):
    letter = Letter.objects.get()
    seen = digest_of(letter)
    page(seen=seen, goal="300", organisations="Google")

    answer = page(seen=seen, goal="500", review_policy="after")

    assert answer.status_code == 409
    text = words(answer)
    assert "Somebody has changed the rules while you were at it" in text
    standing = text.split("it replaces what stands otherwise:")[1].split("Save the rules")[0]
    assert "Goal: now 300" in standing
    assert "Organisations: now Google" in standing
    assert "Review policy: now a moderator reads each entry before" in standing
    assert "Summary: now" not in standing
    assert 'value="500"' in answer.content.decode()
    letter.refresh_from_db()
    assert (letter.goal, letter.review_policy) == (300, "before")

    again = page(seen=seen_in(answer), goal="500", review_policy="after")

    assert again.status_code == 302
    letter.refresh_from_db()
    assert (letter.goal, letter.review_policy) == (500, "after")
    assert not letter.organisations.exists()


def test_rules_saved_again_as_they_stand_overtake_nobody(page):
    seen = digest_of(Letter.objects.get())
    page(seen=seen, goal="300")

    assert page(seen=seen, goal="300").status_code == 302


def test_form_that_comes_back_keeps_what_it_was_shown(page):
    """A slip in one field does not make the page forget which rules its reader has seen."""
    seen = digest_of(Letter.objects.get())
    page(seen=seen, goal="300")

    assert seen_in(page(seen=seen, goal="many")) == seen


@pytest.mark.parametrize("name", ["summary", "opens_at", "minimum_group_size", "allows_login"])
def test_digest_tells_every_rule(name, google):
    letter = make_letter()
    before = digest_of(letter)
    values = {
        "summary": "Short.",
        "opens_at": timezone.now(),
        "minimum_group_size": 9,
        "allows_login": False,
    }
    setattr(letter, name, values[name])

    assert digest_of(letter) != before
    letter.refresh_from_db()
    letter.organisations.add(google)
    assert digest_of(letter) != before
