"""The page on which a team pauses signing, and the one on which hosts pause all of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client

from config import pressure
from letters.actions import pausing
from letters.models import AuditEntry, Letter, Membership, Role, SiteSwitch
from signatories.dashboard import todo
from signatories.dashboard.todo import Queue, Rights
from tests.factories import make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
PAGE = "/manage/letters/library/door/"
SWITCH = "/admin/letters/siteswitch/"


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    time_machine.move_to(NOON, tick=False)
    settings.DEFENCES = replace(settings.DEFENCES, proof_of_work="auto", pressure_letter=3)


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def bob(letter):
    bob = make_user("bob", is_staff=True)
    Membership.objects.create(letter=letter, user=bob, role=Role.MODERATOR)
    return browser_of(bob)


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


def verbs():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor__username"))


def test_moderator_pauses_and_lets_go_on_by_a_button_each(bob, letter):
    assert 'value="pause"' in bob.get(PAGE).content.decode()

    paused = bob.post(PAGE, {"do": "pause"}, follow=True)

    assert "Signing pauses since 20 January 2026." in words(paused)
    assert 'value="pause"' not in paused.content.decode()
    assert Letter.objects.get().signing_paused_on == NOON.date()

    resumed = bob.post(PAGE, {"do": "resume"}, follow=True)

    assert "Signing goes on." in words(resumed)
    assert Letter.objects.get().signing_paused_on is None
    assert verbs() == [("letter.paused", "bob"), ("letter.resumed", "bob")]


def test_pressing_pause_when_a_colleague_was_quicker_does_not_undo_it(bob, letter):
    pausing.pause(letter=letter, actor=None)

    bob.post(PAGE, {"do": "pause"})

    assert Letter.objects.get().signing_paused_on == NOON.date()


def test_opening_the_page_and_unknown_wishes_change_nothing(bob, letter):
    before = Letter.objects.values().get()

    bob.get(PAGE)
    bob.post(PAGE, {})
    bob.post(PAGE, {"do": "close"})

    assert Letter.objects.values().get() == before
    assert verbs() == []


def test_moderator_has_every_browser_asked_and_takes_it_back(bob, letter):
    on = bob.post(PAGE, {"do": "always"}, follow=True)
    assert "It is on at all times." in words(on)
    assert Letter.objects.get().asks_for_check

    off = bob.post(PAGE, {"do": "pressure"}, follow=True)
    assert "It is off, and comes on by itself when many forms arrive." in words(off)
    assert not Letter.objects.get().asks_for_check


def test_page_says_that_the_check_is_on_and_never_how_many_forms_arrive(bob, letter):
    quiet = words(bob.get(PAGE))
    for number in range(1, 3):
        pressure.count(f"letter:{letter.pk}", pressure.SITE)
        assert words(bob.get(PAGE)) == quiet, number

    pressure.count(f"letter:{letter.pk}", pressure.SITE)
    pressed = words(bob.get(PAGE))
    pressure.count(f"letter:{letter.pk}", pressure.SITE)

    assert "It is on at the moment, because many forms arrive." in pressed
    assert words(bob.get(PAGE)) == pressed


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("never", "The host has switched the check off for the whole site."),
        ("always", "It is on: the host asks for it on the whole site."),
    ],
)
def test_page_says_what_the_host_has_set(bob, settings, when, expected):
    settings.DEFENCES = replace(settings.DEFENCES, proof_of_work=when)

    assert expected in words(bob.get(PAGE))


def test_closed_letter_has_nothing_to_pause(bob, letter):
    Letter.objects.update(status="closed", closed_on=NOON.date())

    assert "there is nothing to pause" in words(bob.get(PAGE))
    assert "Only a letter that takes signatures" in words(bob.post(PAGE, {"do": "pause"}))


def test_page_asks_as_often_paused_as_not(bob, letter, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        bob.get(PAGE)
    pausing.pause(letter=letter, actor=None)
    pausing.pause_site(actor=None)

    with django_assert_max_num_queries(16):
        page = bob.get(PAGE)

    assert "The host has paused signing on the whole site since 20 January 2026." in words(page)
    assert "Only the host can let the site go on" in words(page)
    assert "You can let signing go on at any time" not in words(page)


def tasks_for(letter, user):
    rights = Rights(may_edit=False, may_own=False, may_decide=True, is_host=False)
    found = todo.tasks_of(letter, user, rights, Queue(), NOON, mail_is_late=False)
    return [(task.what, task.url, task.button) for task in found if "paus" in task.what]


def test_list_of_what_to_do_has_the_pause_first_and_leads_to_its_end(bob, letter):
    user = Membership.objects.get().user
    assert tasks_for(letter, user) == []

    letter = pausing.pause(letter=letter, actor=None)

    assert tasks_for(letter, user) == [
        ("Signing pauses since 20 January 2026", PAGE, "Let it go on…")
    ]


def test_list_of_what_to_do_tells_of_the_hosts_pause_without_a_button(bob, letter):
    pausing.pause_site(actor=None)

    found = tasks_for(letter, Membership.objects.get().user)

    assert found == [("The host has paused signing on the whole site", "", "")]


# The whole site -----------------------------------------------------------------------------------


def test_host_pauses_the_site_and_lets_it_go_on(letter):
    host = browser_of(make_user("harriet", is_superuser=True, is_staff=True))
    assert "Letters take signatures" in words(host.get(SWITCH))

    paused = host.post(SWITCH, {"do": "pause"}, follow=True)

    assert "Signing pauses on the whole site since 20 January 2026." in words(paused)
    resumed = host.post(SWITCH, {"do": "resume"}, follow=True)
    assert "Letters take signatures" in words(resumed)
    assert SiteSwitch.objects.get().signing_paused_on is None
    assert verbs() == [("site.paused", "harriet"), ("site.resumed", "harriet")]


def test_opening_the_switch_and_unknown_wishes_change_nothing(letter):
    host = browser_of(make_user("harriet", is_superuser=True, is_staff=True))

    host.get(SWITCH)
    host.post(SWITCH, {"do": "explode"})

    assert not SiteSwitch.objects.exists()
    assert verbs() == []


def test_moderator_does_not_reach_the_switch_of_the_site(bob):
    assert [bob.get(SWITCH).status_code, bob.post(SWITCH, {"do": "pause"}).status_code] == [
        403,
        403,
    ]
    assert not SiteSwitch.objects.exists()
