"""The page and the verb of the lists by which entries are looked at twice."""

import pytest
from django.test import Client

from letters.actions import NotAllowed, Overtaken
from letters.actions.lists import MOST_LINES, digest_of, lines_of, start_of
from letters.models import AuditEntry, ListedWord, Membership, WordList
from signatories.actions import lists
from signatories.checks.names import normal
from signatories.models import State
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

LINES = {"well_known": ["Sundar Pichai"], "jokes": ["Mickey Mouse"], "abuse": ["go to hell"]}


@pytest.fixture
def letter():
    return make_letter(slug="asked-for")


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


@pytest.fixture
def alice(letter):
    return member(letter, "alice", "owner")


# The verb -----------------------------------------------------------------------------------------


def test_change_replaces_the_lists_and_leaves_an_audit_entry(letter, alice):
    lists.change(letter=letter, lines={"jokes": ["Donald Duck", "Bugs Bunny"]}, actor=alice)

    lists.change(letter=letter, lines=LINES, actor=alice)

    assert lines_of(letter) == LINES
    assert list(letter.listed_words.values_list("list", "key")) == [
        ("abuse", "go to heii"),
        ("jokes", "mickey mouse"),
        ("well_known", "sundar pichai"),
    ]
    recorded = AuditEntry.objects.order_by("pk").values_list("verb", "actor", "letter", "number")
    assert list(recorded) == [
        ("letter.lists_changed", alice.pk, letter.pk, 2),
        ("letter.lists_changed", alice.pk, letter.pk, 3),
    ]


def test_change_has_names_in_review_compared_again(letter, alice, check):
    waits = make_signature(letter, name="Mickey Mouse", name_key="mickey mouse")
    stands = make_signature(letter, name="Mickey Mouse", state=State.PUBLISHED)
    anonymous = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)

    lists.change(letter=letter, lines=LINES, actor=alice)

    again = letter.signatures.filter(needs_check=True)
    assert list(again) == [waits]
    check()
    assert sorted(waits.flags.values_list("kind", "detail")) == [
        ("joke", "Mickey Mouse"),
        ("same_name", ""),
    ]
    assert not stands.flags.exists()
    assert not anonymous.flags.exists()


def test_change_twice_is_once(letter, alice):
    lists.change(letter=letter, lines=LINES, actor=alice)
    rows = list(ListedWord.objects.values())
    make_signature(letter)

    lists.change(letter=letter, lines=LINES, actor=alice, instead_of="others")

    assert list(ListedWord.objects.values()) == rows
    assert AuditEntry.objects.count() == 1
    assert not letter.signatures.filter(needs_check=True).exists()


def test_change_leaves_out_other_spellings_of_a_line(letter, alice):
    lists.change(letter=letter, lines={"jokes": ["Mickey Mouse", "MICKEY  mouse"]}, actor=alice)

    assert lines_of(letter)["jokes"] == ["Mickey Mouse"]


@pytest.mark.parametrize("role", ["owner", "editor", "moderator"])
def test_change_by_those_who_keep_the_lists(letter, role):
    lists.change(letter=letter, lines=LINES, actor=member(letter, "bob", role))

    assert lines_of(letter) == LINES


def test_change_by_others_is_refused(letter):
    charlie = member(make_letter(), "charlie", "owner")
    press = member(letter, "dora", "press")

    for user in (charlie, press):
        with pytest.raises(NotAllowed, match="not yours"):
            lists.change(letter=letter, lines=LINES, actor=user)

    assert not ListedWord.objects.exists()


def test_change_of_a_sealed_letter_is_refused():
    letter = make_letter(status="sealed")

    with pytest.raises(NotAllowed, match="sealed letter keeps its lists"):
        lists.change(letter=letter, lines=LINES, actor=member(letter, "alice", "owner"))


def test_change_of_lists_that_others_changed_is_overtaken(letter, alice):
    seen = digest_of(lines_of(letter))
    lists.change(letter=letter, lines={"jokes": ["Donald Duck"]}, actor=alice)

    with pytest.raises(Overtaken):
        lists.change(letter=letter, lines=LINES, actor=alice, instead_of=seen)

    assert lines_of(letter)["jokes"] == ["Donald Duck"]


def test_change_to_more_lines_than_a_list_holds_is_refused(letter, alice):
    many = [f"word {number}" for number in range(MOST_LINES + 1)]

    with pytest.raises(NotAllowed, match="at most 2000 lines"):
        lists.change(letter=letter, lines={"jokes": many}, actor=alice)

    lists.change(letter=letter, lines={"jokes": many[1:]}, actor=alice)
    assert letter.listed_words.count() == MOST_LINES


# The start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WordList.values)
def test_start_of_a_list_is_modest_and_holds_each_line_once(kind):
    start = start_of(kind)

    assert 20 <= len(start) <= 100
    assert len({normal(text) for text in start}) == len(start)
    assert not any(line.startswith("#") for line in start)


# The page -----------------------------------------------------------------------------------------

URL = "/manage/letters/asked-for/lists/"


def typed(letter, **texts):
    seen = digest_of(lines_of(letter))
    return {"well_known": "", "jokes": "", "abuse": "", "seen": seen, "do": "save", **texts}


def test_page_saves_one_text_a_line(client, letter, alice):
    client.force_login(alice)

    response = client.post(URL, typed(letter, jokes="Mickey\u200b Mouse\r\n\r\n  Donald   Duck "))

    assert (response.status_code, response.url) == (302, URL)
    assert lines_of(letter)["jokes"] == ["Donald Duck", "Mickey Mouse"]
    page = client.get(URL).content.decode()
    assert "Donald Duck\nMickey Mouse</textarea>" in page
    assert "The lists are saved." in page


def test_page_names_the_line_that_cannot_be_kept_and_keeps_what_was_typed(client, letter, alice):
    client.force_login(alice)

    response = client.post(URL, typed(letter, jokes=f"Mickey Mouse\n{'x' * 121}", abuse="—\nok"))

    page = response.content.decode()
    assert "Line 2 is longer than 120 letters." in page
    assert "Line 1 has neither letters nor numbers." in page
    assert f"Mickey Mouse\n{'x' * 121}</textarea>" in page
    assert not ListedWord.objects.exists()


def test_page_fills_in_a_start_below_what_was_typed_and_saves_nothing(client, letter, alice):
    client.force_login(alice)

    response = client.post(URL, typed(letter, jokes="Our own joke", abuse="twit", do="fill:jokes"))

    page = response.content.decode()
    assert "Our own joke\nMickey Mouse\n" in page
    assert "twit</textarea>" in page
    assert "Nothing is saved yet" in page
    assert not ListedWord.objects.exists()


def test_page_shows_what_somebody_else_saved_before_it_is_replaced(client, letter, alice):
    client.force_login(alice)
    mine = typed(letter, jokes="Mickey Mouse")
    lists.change(letter=letter, lines={"jokes": ["Donald Duck"]}, actor=alice)

    response = client.post(URL, mine)

    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody has changed the lists while you were at it" in page
    assert "Donald Duck" in page
    assert "Mickey Mouse</textarea>" in page
    assert lines_of(letter)["jokes"] == ["Donald Duck"]
    again = {**mine, "seen": response.context["seen"]}
    assert client.post(URL, again).status_code == 302
    assert lines_of(letter)["jokes"] == ["Mickey Mouse"]


def test_page_of_a_sealed_letter_can_be_read_and_not_saved(client):
    letter = make_letter(slug="asked-for", status="sealed")
    client.force_login(member(letter, "alice", "owner"))

    page = client.get(URL).content.decode()
    refused = client.post(URL, typed(letter, jokes="Mickey Mouse"))

    assert "Save the lists" not in page
    assert "A sealed letter keeps its lists" in refused.content.decode()
    assert not ListedWord.objects.exists()


def test_page_is_not_there_for_the_press_and_other_teams(client, letter):
    for user in (member(letter, "dora", "press"), member(make_letter(), "charlie", "owner")):
        client.force_login(user)
        assert client.get(URL).status_code == 404
        assert client.post(URL, typed(letter, jokes="Mickey Mouse")).status_code == 404

    assert not ListedWord.objects.exists()


def test_page_whose_form_has_expired_keeps_what_was_typed(letter, alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    response = client.post(URL, typed(letter, jokes="Mickey Mouse"))

    assert response.status_code == 403
    assert "Mickey Mouse</textarea>" in response.content.decode()
    assert not ListedWord.objects.exists()
