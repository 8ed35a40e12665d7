"""Pausing one letter or all of them: by whom, twice is once, and what the trail has."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from letters.actions import NotAllowed, close, pausing
from letters.models import AuditEntry, Letter, Membership, Role, SiteSwitch, Status
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 20)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)


@pytest.fixture
def letter():
    return make_letter()


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def trail():
    return list(
        AuditEntry.objects.order_by("pk").values_list("verb", "actor__username", "letter__slug")
    )


@pytest.mark.parametrize("role", [Role.OWNER, Role.MODERATOR])
def test_pause_by_who_decides_entries_is_kept_and_audited_once(letter, role):
    bob = member(letter, "bob", role)

    for _each in range(2):
        letter = pausing.pause(letter=letter, actor=bob)

    assert letter.signing_paused_on == TODAY
    assert pausing.is_paused(letter)
    assert trail() == [("letter.paused", "bob", letter.slug)]


@pytest.mark.parametrize("role", [Role.EDITOR, Role.PRESS, None])
def test_nobody_else_pauses_resumes_or_asks_for_the_check(letter, role):
    charlie = member(letter, "charlie", role) if role else make_user("charlie")
    before = Letter.objects.values().get()

    for act in (pausing.pause, pausing.resume):
        with pytest.raises(NotAllowed, match="not yours"):
            act(letter=letter, actor=charlie)
    with pytest.raises(NotAllowed, match="not yours"):
        pausing.ask_for_check(letter=letter, always=True, actor=charlie)

    assert Letter.objects.values().get() == before
    assert trail() == []


def test_resume_ends_the_pause_and_is_audited_once(letter):
    pausing.pause(letter=letter, actor=None)

    for _each in range(2):
        letter = pausing.resume(letter=letter, actor=None)

    assert letter.signing_paused_on is None
    assert not pausing.is_paused(letter)
    assert [verb for verb, _actor, _letter in trail()] == ["letter.paused", "letter.resumed"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.CLOSED])
def test_pause_of_a_letter_that_takes_no_signatures_is_refused(status):
    letter = make_letter(status=status)

    with pytest.raises(NotAllowed, match="takes signatures"):
        pausing.pause(letter=letter, actor=None)

    assert Letter.objects.get().signing_paused_on is None


def test_letter_that_closed_during_a_pause_can_be_resumed(letter):
    pausing.pause(letter=letter, actor=None)
    close(letter=letter, actor=None)

    assert pausing.resume(letter=letter, actor=None).signing_paused_on is None


def test_ask_for_check_is_kept_and_audited_once_each_way(letter):
    for always in (True, True, False, False):
        assert pausing.ask_for_check(letter=letter, always=always, actor=None).asks_for_check is (
            always
        )

    assert [verb for verb, _actor, _letter in trail()] == [
        "letter.check_always",
        "letter.check_under_pressure",
    ]


def test_pause_site_by_a_host_pauses_every_letter_and_keeps_what_teams_paused(letter):
    harriet = make_user("harriet", is_superuser=True)
    other = make_letter(slug="museum")
    pausing.pause(letter=other, actor=None)

    changed = [pausing.pause_site(actor=harriet) for _each in range(2)]

    assert changed == [True, False]
    assert pausing.is_paused(letter)
    assert SiteSwitch.objects.values().get() == {"id": 1, "signing_paused_on": TODAY}

    assert [pausing.resume_site(actor=harriet) for _each in range(2)] == [True, False]
    assert (pausing.is_paused(letter), pausing.is_paused(other)) == (False, True)
    assert trail() == [
        ("letter.paused", None, "museum"),
        ("site.paused", "harriet", None),
        ("site.resumed", "harriet", None),
    ]


def test_only_hosts_pause_the_site(letter):
    alice = member(letter, "alice", Role.OWNER)

    for act in (pausing.pause_site, pausing.resume_site):
        with pytest.raises(NotAllowed, match="Only a host"):
            act(actor=alice)

    assert pausing.site_paused_on() is None
    assert trail() == []


def test_with_pause_answers_for_many_letters_in_one_query(django_assert_num_queries):
    pausing.pause(letter=make_letter(slug="museum"), actor=None)
    make_letter(slug="library")

    with django_assert_num_queries(1):
        found = {one.slug: one.pauses for one in Letter.objects.with_pause()}

    assert found == {"museum": True, "library": False}


def test_command_pauses_and_says_which_it_is():
    said = []
    for switch in ([], ["on"], ["on"], [], ["off"]):
        output = StringIO()
        call_command("pause_signing", *switch, stdout=output)
        said.append(output.getvalue().strip())

    paused = "Signing pauses since 2026-01-20."
    assert said == ["Signing is on.", paused, paused, paused, "Signing is on."]
    assert [verb for verb, _actor, _letter in trail()] == ["site.paused", "site.resumed"]
