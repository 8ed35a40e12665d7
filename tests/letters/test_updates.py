"""Posting, editing and deleting updates, and the day-by-day view of them and of responses."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from letters import timeline
from letters.actions import NotAllowed, Overtaken
from letters.actions.updates import Told, delete, edit, post
from letters.models import (
    AuditEntry,
    Demand,
    Membership,
    Outcome,
    Recipient,
    Response,
    Role,
    Status,
    Update,
)
from tests.constraints import Case, assert_refuses
from tests.factories import make_letter, make_update, make_user

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 20)
TOLD = Told("news", "We were heard", "They *listened*.\n", "", DAY)


def member(letter, role=Role.EDITOR, name="erin"):
    user = make_user(name, second_factor=False)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def trail():
    return list(AuditEntry.objects.values_list("verb", "target"))


# Verbs ------------------------------------------------------------------------------------


def test_post_stands_on_the_letter_and_the_trail_has_its_number_only():
    letter = make_letter()
    erin = member(letter)

    update = post(letter=letter, told=TOLD, actor=erin)

    assert Told.by(Update.objects.get()) == TOLD
    assert (update.revision, update.edited_on) == (0, None)
    assert trail() == [("letter.update_posted", f"update:{update.pk}")]


def test_post_twice_is_once():
    letter = make_letter()
    erin = member(letter)

    first, second = (post(letter=letter, told=TOLD, actor=erin) for _twice in range(2))

    assert first == second
    assert Update.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize("status", [Status.PUBLISHED, Status.CLOSED, Status.SEALED])
def test_post_goes_on_until_long_after_the_end(status):
    letter = make_letter(status=status)

    post(letter=letter, told=TOLD, actor=member(letter))

    assert letter.updates.count() == 1


def test_post_on_a_draft_is_refused():
    letter = make_letter(status=Status.DRAFT)

    with pytest.raises(NotAllowed, match="Publish the letter first"):
        post(letter=letter, told=TOLD, actor=member(letter))

    assert not Update.objects.exists()


@pytest.mark.parametrize("role", [Role.MODERATOR, None])
def test_post_by_somebody_else_is_refused(role):
    letter = make_letter()
    stranger = member(letter if role else make_letter(), role or Role.OWNER)

    with pytest.raises(NotAllowed, match="not yours"):
        post(letter=letter, told=TOLD, actor=stranger)

    assert not Update.objects.exists()


@pytest.mark.parametrize("verb", ["post", "edit"])
def test_day_to_come_is_refused(verb):
    letter = make_letter()
    update, erin = make_update(letter), member(letter)
    told = Told("news", "Soon", "", "", timezone.localdate() + timedelta(days=1))

    with pytest.raises(NotAllowed, match="This day has not come yet"):
        if verb == "post":
            post(letter=letter, told=told, actor=erin)
        else:
            edit(update=update, told=told, revision=0, actor=erin)

    assert Update.objects.count() == 1


def test_post_press_coverage_without_a_source_is_refused():
    letter = make_letter()

    with pytest.raises(ValidationError, match="Say where the coverage can be read"):
        post(letter=letter, told=Told("press", "An article", "", "", DAY), actor=member(letter))


def test_edit_replaces_the_text_and_says_on_which_day():
    letter = make_letter()
    update, erin = make_update(letter), member(letter)

    edit(update=update, told=TOLD, revision=0, actor=erin)

    after = Update.objects.get()
    assert Told.by(after) == TOLD
    assert (after.revision, after.edited_on) == (1, timezone.localdate())
    assert trail() == [("letter.update_edited", f"update:{update.pk}")]


def test_edit_twice_is_once():
    letter = make_letter()
    update, erin = make_update(letter), member(letter)

    for _twice in range(2):
        edit(update=update, told=TOLD, revision=0, actor=erin)

    assert Update.objects.get().revision == 1
    assert AuditEntry.objects.count() == 1


def test_edit_over_what_another_editor_saved_is_refused():
    letter = make_letter()
    update, erin, alice = make_update(letter), member(letter), member(letter, name="alice")
    edit(update=update, told=TOLD, revision=0, actor=alice)

    with pytest.raises(Overtaken):
        edit(update=update, told=Told("news", "Mine", "", "", DAY), revision=0, actor=erin)

    assert Told.by(Update.objects.get()) == TOLD


@pytest.mark.parametrize("verb", [edit, delete])
def test_update_is_changed_by_nobody_else(verb):
    letter = make_letter()
    update, bob = make_update(letter), member(letter, Role.MODERATOR, "bob")
    more = {"told": TOLD, "revision": 0} if verb is edit else {}

    with pytest.raises(NotAllowed, match="not yours"):
        verb(update=update, actor=bob, **more)

    assert Update.objects.values().get() == {
        "id": update.pk,
        "letter_id": letter.pk,
        "kind": "news",
        "title": update.title,
        "body": "",
        "source": "",
        "published_on": update.published_on,
        "revision": 0,
        "edited_on": None,
    }


def test_edit_of_what_was_deleted_meanwhile_is_refused():
    letter = make_letter()
    update, erin = make_update(letter), member(letter)
    delete(update=update, actor=erin)

    with pytest.raises(NotAllowed, match="deleted"):
        edit(update=update, told=TOLD, revision=0, actor=erin)


def test_delete_twice_is_once():
    letter = make_letter()
    update, erin = make_update(letter), member(letter)
    pk = update.pk

    for _twice in range(2):
        delete(update=update, actor=erin)

    assert not Update.objects.exists()
    assert trail() == [("letter.update_deleted", f"update:{pk}")]


def fresh(**fields):
    return lambda: Update(letter=make_letter(), title="T", published_on=DAY, **fields)


UPDATE_CASES = [
    Case("update_kind_is_known", fresh(), {"kind": "x"}),
    Case("updates_have_a_title", fresh(), {"title": ""}),
    Case("press_coverage_has_a_source", fresh(), {"kind": "press"}),
    Case("updates_edited_on_agrees_with_revision", fresh(), {"revision": 1}),
    Case("updates_edited_on_agrees_with_revision", fresh(), {"edited_on": DAY}),
]


@pytest.mark.parametrize("case", UPDATE_CASES, ids=str)
def test_database_refuses_an_update_that(case):
    assert_refuses(case)


# The timeline -----------------------------------------------------------------------------


def answer(letter, name, day, outcomes, **fields):
    """What a recipient said on a day to the demands, made where there are none."""
    position = letter.recipients.count() + 1
    recipient = Recipient.objects.create(letter=letter, name=name, position=position)
    for number, outcome in enumerate(outcomes, start=1):
        demand, _new = Demand.objects.get_or_create(
            version=letter.current_version, number=number, defaults={"text": "do it."}
        )
        Response.objects.create(
            recipient=recipient, demand=demand, outcome=outcome, responded_on=day, **fields
        )
    return recipient


def told_in(letter, size=50):
    """Titles and names of all pages, following the keys."""
    found, after = [], ""
    while True:
        page = timeline.page(letter, after=after, size=size)
        assert len(page.entries) <= size
        found += [e.update.title if e.update else e.recipient.name for e in page.entries]
        after = page.next_after
        if not after:
            return found


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_timeline_tells_everything_once_the_newest_first(size):
    letter = make_letter()
    for title, day in (("a", 1), ("b", 3), ("c", 3), ("d", 9)):
        make_update(letter, title=title, published_on=date(2026, 1, day))
    answer(letter, "Fern", date(2026, 1, 3), [Outcome.DECLINED, Outcome.MET])
    answer(letter, "Orrery", date(2026, 1, 3), [Outcome.MET])
    answer(letter, "Silent", date(2026, 1, 3), [Outcome.NONE])
    make_update(make_letter(), title="of another letter")

    assert told_in(letter, size) == ["d", "c", "b", "Orrery", "Fern", "a"]


def test_timeline_says_each_outcome_and_each_statement_once():
    letter = make_letter()
    outcomes = [Outcome.MET, Outcome.DECLINED, Outcome.MET]
    answer(letter, "Fern", DAY, outcomes, statement="We have.", source="https://fern.example/")

    [entry] = timeline.page(letter, after="", size=5).entries

    assert [(one.outcome, one.version, one.demands) for one in entry.answers] == [
        (Outcome.MET, 1, (1, 3)),
        (Outcome.DECLINED, 1, (2,)),
    ]
    assert entry.sayings == [("We have.", "https://fern.example/")]


@pytest.mark.parametrize(
    "key",
    ["x", "2026-01-20", "2026-13-40.1.1", "2026-01-20.².1", "2026-01-20.1." + "9" * 30, "\0.1.1"],
)
def test_timeline_begins_anew_with_what_is_no_key(key):
    letter = make_letter()
    make_update(letter, title="a")

    assert [e.update.title for e in timeline.page(letter, after=key, size=5).entries] == ["a"]


def test_timeline_asks_as_often_for_one_row_as_for_three(django_assert_num_queries):
    letter = make_letter()
    for number in range(3):
        make_update(letter)
        answer(letter, f"Fern {number}", DAY, [Outcome.MET])
        with django_assert_num_queries(3):
            for entry in timeline.page(letter, after="", size=9).entries:
                assert entry.update or entry.answers
