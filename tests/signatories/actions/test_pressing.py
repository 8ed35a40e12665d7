"""A team is told at once, once a day, and only of hundreds of forms."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from letters import news
from letters.models import Membership, Notice, NoticeKind, Occasion, Role
from letters.permissions import kinds_told
from signatories import tasks
from signatories.actions import pressing
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    time_machine.move_to(NOON, tick=False)
    settings.DEFENCES = replace(settings.DEFENCES, pressure_letter=200)
    return time_machine


@pytest.fixture
def letter():
    return make_letter()


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


@pytest.fixture
def queued(monkeypatch):
    found = []
    monkeypatch.setattr(pressing, "enqueue", lambda task, *args: found.append((task, args)))
    return found


def test_tell_if_pressed_queues_once_from_the_threshold_on(letter, queued):
    for number in (199, 200, 201, 5000):
        pressing.tell_if_pressed(letter=letter, number=number)

    assert queued == [(tasks.tell_of_pressure, (letter.pk,))]


def test_tell_if_pressed_never_speaks_of_few_whatever_a_host_has_set(letter, queued, settings):
    settings.DEFENCES = replace(settings.DEFENCES, pressure_letter=1)

    pressing.tell_if_pressed(letter=letter, number=99)
    assert queued == []
    pressing.tell_if_pressed(letter=letter, number=100)
    assert len(queued) == 1


def test_tell_reaches_who_decides_entries_at_once_and_once_a_day(letter):
    for name, role in (("alice", "owner"), ("bob", "moderator"), ("erin", "editor")):
        member(letter, name, Role(role))
    member(letter, "petra", Role.PRESS)

    for _each in range(2):
        tasks.tell_of_pressure(letter.pk)

    occasion = Occasion.objects.get()
    assert (occasion.kind, occasion.day, occasion.figures) == ("pressure", NOON.date(), {})
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"alice", "bob"}


def test_tell_again_on_the_next_day(letter, clock):
    member(letter, "alice", Role.OWNER)

    pressing.tell(letter=letter, now=NOON)
    pressing.tell(letter=letter, now=NOON.replace(day=21))

    assert Notice.objects.count() == 2


def test_notice_says_what_happens_and_leads_to_the_page_with_the_switch(letter):
    occasion = pressing.tell(letter=letter, now=NOON)

    assert "Many more forms than usual arrive" in news.sentence(occasion)
    assert "You can pause signing" in news.sentence(occasion)
    assert news.page_of(occasion) == f"/manage/letters/{letter.slug}/door/"


@pytest.mark.parametrize(("when", "is_said"), [("auto", True), ("never", False)])
def test_notice_speaks_of_the_check_where_there_is_one(letter, settings, when, is_said):
    settings.DEFENCES = replace(settings.DEFENCES, proof_of_work=when)
    occasion = pressing.tell(letter=letter, now=NOON)

    assert ("Browsers are asked for a check" in news.sentence(occasion)) is is_said


def test_press_and_editors_are_not_told(letter):
    erin = member(letter, "erin", Role.EDITOR)
    bob = member(letter, "bob", Role.MODERATOR)

    assert NoticeKind.PRESSURE not in kinds_told(erin, letter)
    assert NoticeKind.PRESSURE in kinds_told(bob, letter)


def test_task_of_a_letter_that_is_gone_does_nothing(letter):
    tasks.tell_of_pressure(letter.pk + 1)

    assert not Occasion.objects.exists()
