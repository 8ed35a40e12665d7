"""A draft appears at the time that an owner chose, as it was read, once, or not at all."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from letters.actions import (
    NotAllowed,
    Overtaken,
    Text,
    close,
    drafts,
    planning,
    policies,
    publish_text,
    seal,
)
from letters.actions.drafts import Written
from letters.actions.recipients import Addressee, set_recipients
from letters.models import (
    AuditEntry,
    Draft,
    HeldBack,
    Letter,
    Membership,
    Notice,
    Role,
    Status,
    Visibility,
)
from letters.models.draft import UNPLANNED
from signatories import tasks
from tests.factories import make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = datetime(2026, 3, 3, 8, 30, tzinfo=UTC)
WRITTEN = Written("Keep it open", "We ask.\n", "Open it. | Daily.")


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture(autouse=True)
def approval(settings):
    settings.LETTERS_NEED_APPROVAL = False


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def letter(alice):
    """A letter that could be published, in its first revision."""
    letter = drafts.start(title="Library", language="en", actor=alice)
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)
    letter.recipients.create(position=1, name="The mayor")
    return letter


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


def plan(letter, actor, *, revision=1, at=AT):
    return planning.plan(letter=letter, revision=revision, at=at, actor=actor, now=NOW)


def when_it_comes(clock, at=AT):
    clock.move_to(at, tick=False)
    tasks.publish_planned()


def verbs():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def status():
    return Letter.objects.get().status


def host():
    return make_user("harriet", is_superuser=True)


# Choosing a time --------------------------------------------------------------------------


def test_plan_publishes_nothing_before_its_time_and_twice_is_once(letter, alice, clock):
    for _twice in range(2):
        draft = plan(letter, alice)
    when_it_comes(clock, AT - timedelta(seconds=1))

    draft.refresh_from_db()
    assert (draft.publish_at, draft.planned_by, draft.planned_revision) == (AT, alice, 1)
    assert status() == Status.DRAFT
    assert verbs() == ["letter.started", "letter.planned"]
    assert AuditEntry.objects.get(verb="letter.planned").target == "2026-03-03T08:30:00+00:00"


def test_planned_letter_appears_at_its_time_once_in_the_name_of_its_planner(letter, alice, clock):
    plan(letter, alice)

    for _twice in range(2):
        when_it_comes(clock)

    letter.refresh_from_db()
    assert (letter.status, letter.published_on) == (Status.PUBLISHED, AT.date())
    assert letter.current_version.text == "We ask.\n"
    assert not Draft.objects.exists()
    assert verbs()[-2:] == ["letter.text_published", "letter.published"]
    assert verbs().count("letter.published") == 1
    assert AuditEntry.objects.get(verb="letter.published").actor == alice


def test_planned_letter_that_fails_holds_up_no_other(letter, alice, clock, monkeypatch):
    plan(letter, alice)
    second = drafts.start(title="Bridge", language="en", actor=alice)
    drafts.save(letter=second, written=WRITTEN, revision=0, actor=alice)
    second.recipients.create(position=1, name="The mayor")
    planning.plan(letter=second, revision=1, at=AT, actor=alice, now=NOW)
    publish = planning.publish_draft

    def fail_for_the_first(*, letter, **how):
        if letter.slug == "library":
            raise RuntimeError("A fault of ours.")
        return publish(letter=letter, **how)

    monkeypatch.setattr(planning, "publish_draft", fail_for_the_first)
    when_it_comes(clock)
    monkeypatch.undo()

    assert Letter.objects.get(slug="bridge").status == Status.PUBLISHED
    assert Letter.objects.get(slug="library").status == Status.DRAFT
    when_it_comes(clock)
    assert Letter.objects.get(slug="library").status == Status.PUBLISHED


def test_planned_version_appears_late_rather_than_never(alice, clock):
    letter = make_letter(addressed_to="the mayor")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)
    plan(letter, alice)

    when_it_comes(clock, AT + timedelta(days=2))

    letter.refresh_from_db()
    assert letter.current_version.number == 2
    assert letter.current_version.published_on == (AT + timedelta(days=2)).date()


@pytest.mark.parametrize(
    ("at", "why"), [(NOW, "has passed"), (NOW + timedelta(days=400), "within a year")]
)
def test_plan_refuses_moments_that_passed_or_are_far(letter, alice, at, why):
    with pytest.raises(NotAllowed, match=why):
        plan(letter, alice, at=at)

    assert Draft.objects.get().publish_at is None


def test_plan_refuses_another_draft_than_was_read(letter, alice):
    with pytest.raises(Overtaken):
        plan(letter, alice, revision=0)

    assert Draft.objects.get().publish_at is None


def test_plan_replaces_no_other_time_unseen(letter, alice):
    plan(letter, alice)

    with pytest.raises(Overtaken, match="Another time"):
        plan(letter, alice, at=AT + timedelta(days=1))

    assert Draft.objects.get().publish_at == AT


def test_plan_refuses_a_draft_that_lacks_something(letter, alice):
    letter.recipients.all().delete()

    with pytest.raises(NotAllowed, match="still missing"):
        plan(letter, alice)


def test_plan_needs_a_second_factor(letter):
    bob = make_user("bob", second_factor=False)
    Membership.objects.create(letter=letter, user=bob, role=Role.OWNER)

    with pytest.raises(NotAllowed, match="second factor"):
        plan(letter, bob)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR, Role.PRESS, None])
def test_planning_is_for_owners(letter, alice, role):
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)

    with pytest.raises(NotAllowed, match="not yours"):
        plan(letter, bob)
    plan(letter, alice)
    with pytest.raises(NotAllowed, match="not yours"):
        planning.drop_plan(letter=letter, actor=bob)
    with pytest.raises(NotAllowed, match="Only a host"):
        planning.approve_plan(letter=letter, revision=1, at=AT, actor=bob)

    assert Draft.objects.get().publish_at == AT


def test_drop_plan_takes_the_time_back_and_twice_is_once(letter, alice, clock):
    plan(letter, alice)

    for _twice in range(2):
        planning.drop_plan(letter=letter, actor=alice)
    when_it_comes(clock)

    assert status() == Status.DRAFT
    assert verbs() == ["letter.started", "letter.planned", "letter.plan_dropped"]


def test_draft_with_a_time_appears_at_no_other(letter, alice):
    """Whoever presses "Publish now" on a page from before the time was chosen."""
    plan(letter, alice)
    text = Text("Keep it open", "We ask.\n", (("Open it.", "Daily."),))

    with pytest.raises(Overtaken, match="time was chosen"):
        drafts.publish_draft(letter=letter, text=text, revision=1, actor=alice, on=NOW.date())

    assert status() == Status.DRAFT


# What drops or blocks it --------------------------------------------------------------------


def test_saving_drops_the_time_and_the_same_again_does_not(letter, alice, clock):
    plan(letter, alice)
    drafts.save(letter=letter, written=WRITTEN, revision=1, actor=alice)
    assert Draft.objects.get().publish_at == AT

    drafts.save(letter=letter, written=Written("Other", "Text.\n"), revision=1, actor=alice)
    when_it_comes(clock)

    draft = Draft.objects.get()
    assert (draft.publish_at, draft.planned_by, draft.held_back) == (None, None, HeldBack.SAVED)
    assert (draft.revision, status()) == (2, Status.DRAFT)
    assert verbs() == ["letter.started", "letter.planned", "letter.plan_dropped"]


def test_dropped_draft_takes_its_time_along_and_the_trail_has_it(alice, clock):
    letter = make_letter(addressed_to="the mayor")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)
    plan(letter, alice)

    for _twice in range(2):
        drafts.discard(letter=letter, actor=alice)
    when_it_comes(clock)

    assert letter.versions.count() == 1
    assert verbs() == ["letter.planned", "letter.plan_dropped"]


def held_back(letter, alice, clock, spoil):
    plan(letter, alice)
    spoil()
    when_it_comes(clock)
    when_it_comes(clock, AT + timedelta(minutes=1))
    draft = Draft.objects.get()
    assert draft.publish_at is None
    return draft.held_back


@pytest.mark.parametrize(
    ("why", "spoil"),
    [
        (HeldBack.INCOMPLETE, lambda letter, alice: letter.recipients.all().delete()),
        (HeldBack.NOT_OWNER, lambda letter, alice: letter.memberships.update(role=Role.EDITOR)),
        (HeldBack.NOT_OWNER, lambda letter, alice: letter.memberships.all().delete()),
        (HeldBack.NO_FACTOR, lambda letter, alice: alice.authenticator_set.all().delete()),
    ],
    ids=["incomplete", "editor", "left", "no factor"],
)
def test_time_that_cannot_be_kept_leaves_a_draft_and_says_why(letter, alice, clock, why, spoil):
    found = held_back(letter, alice, clock, lambda: spoil(letter, alice))

    assert (found, status()) == (why, Status.DRAFT)
    assert not letter.versions.exists()
    entries = AuditEntry.objects.filter(verb="letter.held_back")
    assert [(entry.actor, entry.reason) for entry in entries] == [(None, why)]


def test_closed_account_publishes_nothing(letter, alice, clock):
    plan(letter, alice)
    alice.is_active = False
    alice.save()

    when_it_comes(clock)

    assert (Draft.objects.get().held_back, status()) == (HeldBack.NOT_OWNER, Status.DRAFT)


def test_version_published_by_another_door_drops_the_time(letter, alice, clock):
    plan(letter, alice)

    publish_text(letter=letter, text=Text("By hand", "Other.\n", ()), actor=alice, on=NOW.date())
    when_it_comes(clock)

    assert Draft.objects.get().held_back == HeldBack.OVERTAKEN
    assert [one.title for one in letter.versions.all()] == ["By hand"]


def test_sealed_letter_keeps_its_text_whatever_was_planned(alice, clock):
    letter = make_letter(addressed_to="the mayor")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)

    def spoil():
        close(letter=letter, actor=alice)
        seal(letter=letter, actor=alice)

    assert held_back(letter, alice, clock, spoil) == HeldBack.SEALED
    assert letter.versions.count() == 1


def test_one_that_is_held_back_does_not_hold_up_others(letter, alice, clock):
    other = drafts.start(title="Bridge", language="en", actor=alice)
    drafts.save(letter=other, written=Written("Mend it", "Planks.\n"), revision=0, actor=alice)
    other.recipients.create(position=1, name="The mayor")
    plan(letter, alice)
    plan(other, alice, at=AT + timedelta(minutes=1))
    letter.recipients.all().delete()

    when_it_comes(clock, AT + timedelta(minutes=1))

    found = {one.title: one.status for one in Letter.objects.all()}
    assert found == {"Keep it open": Status.DRAFT, "Mend it": Status.PUBLISHED}


# The host's approval ------------------------------------------------------------------------


@pytest.fixture
def needs_approval(settings):
    settings.LETTERS_NEED_APPROVAL = True


def test_approved_letter_appears_at_the_chosen_time(letter, alice, clock, needs_approval):
    plan(letter, alice)
    assert Letter.objects.get().submitted_on == NOW.date()
    harriet = host()

    for _twice in range(2):
        planning.approve_plan(letter=letter, revision=1, at=AT, actor=harriet)
    when_it_comes(clock, AT - timedelta(minutes=1))
    assert (status(), Letter.objects.get().submitted_on) == (Status.DRAFT, None)
    when_it_comes(clock)

    assert status() == Status.PUBLISHED
    assert verbs() == [
        "letter.started",
        "letter.planned",
        "letter.plan_approved",
        "letter.text_published",
        "letter.published",
    ]
    assert AuditEntry.objects.get(verb="letter.published").actor == harriet


def test_what_was_approved_for_a_time_stays_as_it_was_read(letter, alice, clock, needs_approval):
    """Else a letter inside a firm would be approved, and appear to everybody."""
    changes = [
        partial(
            policies.change,
            wishes={"visibility": Visibility.UNLISTED},
            organisations=[],
            has_signatures=False,
        ),
        partial(set_recipients, addressees=[Addressee("Somebody else")]),
    ]
    plan(letter, alice)
    planning.approve_plan(letter=letter, revision=1, at=AT, actor=host())

    for change in changes:
        with pytest.raises(NotAllowed, match="The host has approved the letter as it is"):
            change(letter=letter, actor=alice)

    planning.drop_plan(letter=letter, actor=alice)
    for change in changes:
        change(letter=letter, actor=alice)
    assert Letter.objects.get().visibility == Visibility.UNLISTED
    assert [one.name for one in letter.recipients.all()] == ["Somebody else"]


def told():
    rows = Notice.objects.order_by("pk")
    return [
        (str(kind), name) for kind, name in rows.values_list("occasion__kind", "user__username")
    ]


def test_host_and_team_are_told_of_a_letter_that_waits_for_its_time(
    letter, alice, clock, needs_approval
):
    harriet, bob = host(), make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.EDITOR)

    for _twice in range(2):
        plan(letter, alice)

    assert told() == [("submitted", "bob"), ("approval", "harriet")]
    planning.approve_plan(letter=letter, revision=1, at=AT, actor=harriet)
    assert len(told()) == 2, "It cannot be read yet."
    when_it_comes(clock)
    assert sorted(told()[2:]) == [("approved", "alice"), ("approved", "bob")]


def test_nobody_is_told_of_an_approval_where_none_is_needed(letter, alice, clock):
    plan(letter, alice)
    when_it_comes(clock)

    assert (status(), told()) == (Status.PUBLISHED, [])


def test_letter_without_approval_waits_on_and_appears_when_approved(
    letter, alice, clock, needs_approval
):
    plan(letter, alice)
    when_it_comes(clock)
    assert (status(), Letter.objects.get().submitted_on) == (Status.DRAFT, NOW.date())
    assert Draft.objects.get().held_back == HeldBack.UNAPPROVED

    text = Text("Keep it open", "We ask.\n", (("Open it.", "Daily."),))
    drafts.publish_draft(letter=letter, text=text, revision=1, actor=host(), on=AT.date())

    assert status() == Status.PUBLISHED


def test_host_approves_the_time_that_was_read_only(letter, alice, needs_approval):
    plan(letter, alice)
    harriet = host()

    for revision, at in ((1, AT + timedelta(days=1)), (1, None), (2, AT)):
        with pytest.raises(Overtaken):
            planning.approve_plan(letter=letter, revision=revision, at=at, actor=harriet)

    assert Letter.objects.get().submitted_on is not None


@pytest.mark.parametrize("how", ["save", "drop", "take back", "return"])
def test_what_was_submitted_for_a_time_never_appears_before_it(
    letter, alice, how, clock, needs_approval
):
    """Saved again or taken back, it is no longer before the host, who would publish it at once."""
    plan(letter, alice)
    if how == "save":
        drafts.save(letter=letter, written=Written("Other", "Text.\n"), revision=1, actor=alice)
    elif how == "drop":
        planning.drop_plan(letter=letter, actor=alice)
    elif how == "take back":
        drafts.take_back_submission(letter=letter, actor=alice)
    else:
        drafts.return_to_team(letter=letter, actor=host(), note="Name your source.")
    when_it_comes(clock)

    letter.refresh_from_db()
    assert (letter.status, letter.submitted_on) == (Status.DRAFT, None)
    assert Draft.objects.get().publish_at is None


# The database is the last witness -------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"planned_by": None},
        {"planned_revision": None},
        {"publish_at": None},
        {"revision": 2},
        {"planned_revision": 7},
        {"held_back": HeldBack.SAVED},
        {"held_back": "moody"},
    ],
    ids=str,
)
def test_database_refuses_a_time_without_what_belongs_to_it(letter, alice, fault):
    plan(letter, alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.update(**fault)

    Draft.objects.update(**UNPLANNED, held_back=HeldBack.SAVED)


# The page -----------------------------------------------------------------------------------

PAGE = "/manage/letters/library/publish/"


def test_owner_chooses_a_time_and_takes_it_back(letter, browser, clock):
    form = words(browser.get(PAGE))
    assert "In UTC, which shows 1 March 2026, 12:00 now." in form

    done = browser.post(PAGE + "time/", {"revision": "1", "at": "2026-03-03T08:30"})

    assert done.url == PAGE
    page = words(browser.get(PAGE))
    assert "Appears by itself on 3 March 2026, 08:30 UTC" in page
    assert "Take the time back" in page and "Publish now" not in page
    for path in ("", "text/", "team/"):
        assert "Appears by itself on" in words(browser.get(f"/manage/letters/library/{path}"))
    assert browser.post(PAGE + "time/drop/").url == PAGE
    assert "Publish now" in words(browser.get(PAGE))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Choose a day and a time."),
        ("soon", "Write the moment as year, month, day and time"),
        ("2026-02-01T10:00", "This moment has passed."),
        ("2099-01-01T10:00", "Choose a moment within a year."),
        ("9999-99-99T99:99", "Write the moment as year"),
    ],
)
def test_page_says_what_is_wrong_with_a_time_and_keeps_it(letter, browser, typed, why):
    answer = browser.post(PAGE + "time/", {"revision": "1", "at": typed})

    assert answer.status_code == 200
    assert why in words(answer)
    assert f'value="{typed}"' in answer.content.decode() or not typed
    assert Draft.objects.get().publish_at is None


def test_page_keeps_the_time_of_a_form_without_its_token(letter, alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    answer = browser.post(PAGE + "time/", {"revision": "1", "at": "2026-03-03T08:30"})

    assert answer.status_code == 403
    assert 'value="2026-03-03T08:30"' in answer.content.decode()
    assert Draft.objects.get().publish_at is None


def test_overview_and_editor_tell_why_it_did_not_appear(letter, alice, browser, clock):
    plan(letter, alice)
    letter.recipients.all().delete()
    before = words(browser.get("/manage/letters/library/"))
    assert "As things stand, it will not appear on 3 March 2026, 08:30 UTC" in before
    when_it_comes(clock)
    browser.force_login(alice)

    for path in ("", "text/"):
        page = words(browser.get(f"/manage/letters/library/{path}"))
        assert "Something needed was missing when the chosen time came." in page
    assert "Understood" in words(browser.get(PAGE))
    browser.post(PAGE + "time/drop/")
    assert "Something needed was missing when" not in words(browser.get(PAGE))


def test_host_approves_a_time_on_the_page(letter, alice, needs_approval):
    plan(letter, alice)
    browser = Client()
    browser.force_login(host())
    page = browser.get(PAGE)
    assert "To appear on 3 March 2026, 08:30 UTC, once the host has approved it" in words(page)
    assert 'value="2026-03-03T08:30:00+00:00"' in page.content.decode()
    assert "Approve, and publish now" not in words(page)

    stale = browser.post(PAGE + "time/approve/", {"revision": "1", "at": "whenever"})
    assert "Another time was chosen meanwhile." in words(stale)
    done = browser.post(
        PAGE + "time/approve/", {"revision": "1", "at": "2026-03-03T08:30:00+00:00"}
    )

    assert done.url == "/manage/letters/library/"
    assert Draft.objects.get().planned_by.username == "harriet"


def test_autosave_says_that_the_time_is_gone(letter, alice, browser):
    plan(letter, alice)

    saved = browser.post(
        "/manage/letters/library/text/save/", {"title": "T", "text": "Other.", "revision": "1"}
    )

    assert "The time at which it was to appear was dropped with that." in saved.content.decode()


def test_publish_page_shows_what_changed_since_the_published_text(alice, browser):
    letter = make_letter(slug="library", addressed_to="the mayor")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    assert "What changes since" not in words(browser.get(PAGE))
    drafts.save(
        letter=letter,
        written=Written(letter.title, "*Dear all,*\n\nWe ask two things.\n", "Do | it."),
        revision=0,
        actor=alice,
    )

    page = browser.get(PAGE)

    assert "What changes since the published text" in words(page)
    assert "<ins>" in page.content.decode() and "<del>" in page.content.decode()
