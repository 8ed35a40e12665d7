"""Telling a team: each occasion once, each person what they may know, mails only where wanted."""

import re
import smtplib
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from letters import news, tasks
from letters.accounts import mailbox
from letters.actions import Text, drafts, notice_mail, noticing, teams
from letters.addresses import Address
from letters.models import (
    AccountMail,
    Draft,
    Membership,
    Notice,
    NoticeChoice,
    NoticeKind,
    Occasion,
    Role,
    Status,
    Visibility,
)
from letters.models.outbox import CLAIM_LEASE
from letters.permissions import notices_read_by
from signatories.actions import erasing
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
TODAY = date(2026, 1, 20)
TITLE = "Pick up the phone"


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def letter():
    return make_letter(title=TITLE, slug="pick-up")


def member(letter, name, role, *, with_mail=True):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return with_address(user) if with_mail else user


def host(name="harriet", *, with_mail=True):
    user = make_user(name, is_superuser=True)
    return with_address(user) if with_mail else user


def with_address(user):
    mailbox.give_address(user=user, address=Address(user.username, "gmail.com"))
    AccountMail.objects.filter(user=user).update(confirmed_on=TODAY, erase_after=None, due_at=None)
    return user


def announce(letter, kind=NoticeKind.SURGE, **fields):
    values = {"day": TODAY, "due_at": NOON, **fields}
    return noticing.announce(letter=letter, kind=kind, **values)


def deliver():
    """Send what is due, as the worker would; return who got mail, in order of names."""
    before = len(mail.outbox)
    for notice in Notice.objects.unsent():
        notice_mail.send_notice(notice.pk)
    return sorted(message.to[0].split("@")[0] for message in mail.outbox[before:])


def told(kind=None):
    rows = Notice.objects.filter(occasion__kind=kind) if kind else Notice.objects.all()
    return sorted(rows.values_list("user__username", flat=True))


# Who is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("waiting", ["alice", "bob"]),
        ("surge", ["alice", "bob", "erin", "paul"]),
        ("goal", ["alice", "bob", "erin", "paul"]),
        ("submitted", ["alice", "erin"]),
        ("returned", ["alice", "erin"]),
        ("approved", ["alice", "bob", "erin", "paul"]),
        ("approval", ["harriet"]),
    ],
)
def test_announce_tells_the_team_what_its_roles_may_know(letter, kind, expected):
    member(letter, "alice", Role.OWNER)
    member(letter, "bob", Role.MODERATOR)
    member(letter, "erin", Role.EDITOR)
    member(letter, "paul", Role.PRESS)
    member(make_letter(), "charlie", Role.OWNER)
    host()

    announce(letter, kind, figures={"percent": 50, "goal": 100})

    assert told() == expected


def test_announce_mails_by_default_to_those_who_work_on_the_letter(letter):
    member(letter, "alice", Role.OWNER)
    member(letter, "bob", Role.MODERATOR, with_mail=False)
    member(letter, "paul", Role.PRESS)

    announce(letter)

    assert deliver() == ["alice"]
    assert told() == ["alice", "bob", "paul"]


def test_announce_digest_goes_to_mailboxes_that_want_it_and_nowhere_else(letter):
    alice, bob = (member(letter, name, Role.OWNER) for name in ("alice", "bob"))
    noticing.choose(user=bob, letter=letter, wanted=["digest"])

    announce(letter, "digest", figures={"total": 1200, "more": 56})

    assert (told(), deliver()) == (["bob"], ["bob"])
    assert not Notice.objects.listed().exists()
    body = mail.outbox[-1].body
    assert "1,200 signatures stand under the letter. That is 56 more than the last time." in body
    assert alice.notices.count() == 0


def test_announce_twice_tells_once(letter):
    member(letter, "alice", Role.OWNER)

    occasions = [announce(letter), announce(letter)]

    assert occasions[1] is None
    assert (told(), deliver(), deliver()) == (["alice"], ["alice"], [])


def test_announce_tells_a_step_to_a_goal_once_on_whatever_day(letter):
    member(letter, "alice", Role.OWNER)
    figures = {"percent": 50, "goal": 100}

    announce(letter, "goal", step=50, figures=figures)
    announce(letter, "goal", step=50, figures=figures, day=TODAY + timedelta(days=400))

    assert (told(), Occasion.objects.count()) == (["alice"], 1)


def test_hosts_are_told_of_a_letter_where_they_asked_for_it(letter):
    harriet, _hugo = host(), host("hugo")
    noticing.choose(user=harriet, letter=letter, wanted=["surge"])

    announce(letter)
    announce(make_letter())

    assert (told(), deliver()) == (["harriet"], ["harriet"])


def test_account_that_is_closed_is_told_nothing(letter):
    alice = member(letter, "alice", Role.OWNER)
    alice.is_active = False
    alice.save()

    announce(letter)

    assert told() == []


# Choosing ---------------------------------------------------------------------------------------


def test_choose_sends_what_is_wanted_and_nothing_else(letter):
    alice = member(letter, "alice", Role.OWNER)

    for _twice in range(2):
        noticing.choose(user=alice, letter=letter, wanted=["goal", "approval", "nonsense"])
    announce(letter, "goal", step=50, figures={"percent": 50, "goal": 100})
    announce(letter, "surge")

    assert deliver() == ["alice"]
    assert told() == ["alice", "alice"]
    on = NoticeChoice.objects.filter(is_on=True).values_list("kind", flat=True)
    assert list(on) == ["goal"]


def test_choose_of_one_letter_leaves_others_as_they_are(letter):
    alice = member(letter, "alice", Role.OWNER)
    other = make_letter()
    Membership.objects.create(letter=other, user=alice, role=Role.OWNER)

    noticing.choose(user=alice, letter=letter, wanted=[])
    announce(letter)
    announce(other)

    assert deliver() == ["alice"]


def test_choose_about_a_letter_of_others_does_nothing(letter):
    member(letter, "alice", Role.OWNER)
    charlie = member(make_letter(), "charlie", Role.OWNER)

    noticing.choose(user=charlie, letter=letter, wanted=list(NoticeKind))
    noticing.choose(user=charlie, letter=None, wanted=["approval"])
    announce(letter)

    assert (told(), deliver()) == (["alice"], ["alice"])
    assert not NoticeChoice.objects.filter(user=charlie).exists()


# The mail ---------------------------------------------------------------------------------------

BODY = """\
Pick up the phone
20 January 2026

Many more people than on other days signed by name.

See for yourself:
{site}/manage/letters/pick-up/

--
You get this because you chose, on this letter’s page or by leaving it as it was, to be written \
to when: many more people than usual sign by name.

No more mails of this kind:
{off}

Your address for notices, and how to erase it:
{site}/accounts/mail/
"""


def off_link(message):
    return re.search(r"http\S+/accounts/notices/\S+", message.body)[0]


def test_mail_says_what_happened_why_it_came_and_how_it_ends(letter, settings):
    member(letter, "alice", Role.OWNER)
    announce(letter)

    deliver()

    [message] = mail.outbox
    off = off_link(message)
    assert message.subject == "News about a letter"
    assert message.to == ["alice@gmail.com"]
    assert message.body.strip() == BODY.format(off=off, site=settings.SITE_URL).strip()
    assert message.extra_headers["List-Unsubscribe"] == f"<{off}>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = message.alternatives[0].content
    for text in (TITLE, "Many more people than on other days", off, "many more people than usual"):
        assert text in html
    headers = str(dict(message.message().items()))
    assert not re.search(r"phone|pick-up", headers.replace(off, ""), re.IGNORECASE)


@pytest.mark.parametrize(
    ("kind", "figures", "sentence"),
    [
        ("waiting", {"waiting": 1}, "1 entry waits for a moderator."),
        ("waiting", {"waiting": 1200}, "1,200 entries wait for a moderator."),
        ("waiting", {}, "Entries wait for a moderator."),
        ("surge", {}, "Many more people than on other days signed by name."),
        (
            "goal",
            {"percent": 75, "goal": 2000},
            "75 % of the goal of 2,000 signatures are reached.",
        ),
        ("goal", {"percent": 100, "goal": 2000}, "The goal of 2,000 signatures is reached."),
        ("digest", {"total": 1}, "1 signature stands under the letter."),
        ("digest", {"total": 9, "more": -1}, "9 signatures stand under the letter."),
        ("submitted", {}, "Somebody of your team submitted it to the host."),
        ("returned", {}, "The host gave it back, with a note for the team."),
        ("approved", {}, "The host approved it: it can be read and signed now."),
        ("approval", {}, "It waits for your approval."),
    ],
)
def test_sentence_of_every_kind(letter, kind, figures, sentence):
    occasion = Occasion(letter=letter, kind=kind, day=TODAY, figures=figures)

    assert news.sentence(occasion) == sentence
    assert news.page_of(occasion).startswith(("/manage/letters/pick-up/", "/admin/signatories/"))


def test_link_in_the_mail_switches_that_kind_off_and_no_other(letter):
    alice = member(letter, "alice", Role.OWNER)
    member(letter, "bob", Role.OWNER)
    announce(letter)
    deliver()
    [off] = [off_link(m) for m in mail.outbox if m.to == ["alice@gmail.com"]]
    token = off.rstrip("/").rsplit("/", 1)[1]
    assert token not in str(list(NoticeChoice.objects.values()))

    for _twice in range(2):
        noticing.switch_off(token=token)
    announce(letter, day=TODAY + timedelta(days=1))
    announce(letter, "approved")

    assert deliver() == ["alice", "bob", "bob"]
    assert alice.notice_choices.get(is_on=False).kind == "surge"


def test_link_lives_on_when_keys_change(letter, settings):
    alice = member(letter, "alice", Role.OWNER)
    choice = noticing.choice_of(alice, letter, "surge")
    old, new = settings.FIELD_KEYS, Fernet.generate_key().decode()
    first = noticing.link_token(choice)

    settings.FIELD_KEYS = [new, *old]
    assert noticing.link_token(choice) == first
    settings.FIELD_KEYS = [new]
    second = noticing.link_token(choice)

    assert noticing.choice_behind(second) == choice
    assert noticing.choice_behind(first) is None


# At the last moment -----------------------------------------------------------------------------


def leave(letter, alice):
    teams.remove(membership=Membership.objects.get(user=alice), actor=alice)


def close_account(letter, alice):
    alice.is_active = False
    alice.save()


def switch_off(letter, alice):
    noticing.choose(user=alice, letter=letter, wanted=[])


def take_address_away(letter, alice):
    mailbox.forget_address(user=alice)


def change_address(letter, alice):
    mailbox.give_address(user=alice, address=Address("egret", "gmail.com"))


@pytest.mark.parametrize(
    "act", [leave, close_account, switch_off, take_address_away, change_address]
)
def test_owed_mail_is_dropped(letter, act):
    alice = member(letter, "alice", Role.OWNER)
    member(letter, "bob", Role.OWNER)
    announce(letter, due_at=NOON - timedelta(minutes=1))

    act(letter, alice)

    assert deliver() == ["bob"]
    assert Notice.objects.get(user=alice).due_at is None
    assert Notice.objects.get(user=alice).sent_at is None


def test_moderator_who_became_an_editor_is_told_no_more_of_the_queue(letter):
    bob = member(letter, "bob", Role.MODERATOR)
    announce(letter, "waiting", figures={"waiting": 3})

    Membership.objects.filter(user=bob).update(role=Role.EDITOR)

    assert deliver() == []
    assert not notices_read_by(bob).exists()


def test_notice_of_an_internal_letter_is_gone_for_whoever_left(letter):
    letter.visibility = Visibility.INTERNAL
    letter.save()
    member(letter, "bob", Role.OWNER)
    alice = member(letter, "alice", Role.OWNER)
    charlie = member(make_letter(), "charlie", Role.OWNER)
    announce(letter)

    leave(letter, alice)

    assert not notices_read_by(alice).exists()
    assert not notices_read_by(charlie).exists()


# The outbox -------------------------------------------------------------------------------------


def fail_with(monkeypatch, error):
    def send_messages(backend, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


def test_send_notice_of_a_dead_worker_is_repeated_once_after_the_lease(
    letter, monkeypatch, time_machine
):
    member(letter, "alice", Role.OWNER)
    announce(letter)
    monkeypatch.setattr("letters.outbox.mark_sent", lambda row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deliver()
    monkeypatch.undo()
    assert (len(mail.outbox), deliver()) == (1, [])
    time_machine.move_to(NOON + CLAIM_LEASE + timedelta(seconds=1), tick=False)

    assert deliver() == ["alice"]
    assert deliver() == []


def test_send_notice_claimed_by_two_sends_one(letter, monkeypatch):
    member(letter, "alice", Role.OWNER)
    announce(letter)
    [notice] = Notice.objects.all()
    send = notice_mail.mail.send

    def meanwhile(*arguments, **options):
        assert notice_mail.send_notice(notice.pk) is None
        send(*arguments, **options)

    monkeypatch.setattr("letters.actions.notice_mail.mail.send", meanwhile)
    notice_mail.send_notice(notice.pk)

    assert len(mail.outbox) == 1


def test_send_notice_waits_for_a_server_that_is_away(letter, monkeypatch, time_machine):
    member(letter, "alice", Role.OWNER)
    announce(letter)
    [notice] = Notice.objects.all()
    fail_with(monkeypatch, OSError())

    assert 2.5 <= notice_mail.send_notice(notice.pk) <= 7.5
    monkeypatch.undo()
    assert deliver() == []
    time_machine.move_to(NOON + timedelta(seconds=8), tick=False)

    assert deliver() == ["alice"]


def test_send_notice_to_a_mailbox_that_refuses_is_given_up_and_the_address_stays(
    letter, monkeypatch
):
    alice = member(letter, "alice", Role.OWNER)
    announce(letter)
    refusal = smtplib.SMTPRecipientsRefused({"alice@gmail.com": (550, b"Full")})
    fail_with(monkeypatch, refusal)

    assert deliver() == []

    assert Notice.objects.get().due_at is None
    assert AccountMail.objects.confirmed().filter(user=alice).exists()


def test_sweep_mail_finds_what_is_due_and_not_what_is_due_later(letter, monkeypatch):
    member(letter, "alice", Role.OWNER)
    announce(letter)
    announce(letter, "approved", due_at=NOON + timedelta(minutes=1))
    queued = []
    monkeypatch.setattr("letters.tasks.enqueue", lambda task, pk: queued.append((task.name, pk)))

    tasks.sweep_mail()

    due = Notice.objects.get(occasion__kind="surge")
    assert queued == [("letters.tasks.send_notice", due.pk)]


# What the host and the team do ------------------------------------------------------------------


def submit(letter, actor):
    draft, _made = Draft.objects.get_or_create(letter=letter, defaults={"saved_at": NOON})
    drafts.publish_draft(
        letter=letter,
        text=Text(TITLE, "*Dear all,*\n\nWe ask.\n", (("Do", "it."),)),
        revision=draft.revision,
        actor=actor,
        on=TODAY,
    )


def test_submitting_returning_and_approving_are_told_but_not_to_who_did_it():
    letter = make_letter(status=Status.DRAFT, title=TITLE)
    alice = member(letter, "alice", Role.OWNER)
    member(letter, "erin", Role.EDITOR)
    harriet = host()
    host("hugo")

    submit(letter, alice)
    submit(letter, alice)
    assert (told("submitted"), told("approval")) == (["erin"], ["harriet", "hugo"])
    drafts.return_to_team(letter=letter, actor=harriet, note="Name a source.")
    assert told("returned") == ["alice", "erin"]
    submit(letter, alice)
    assert (told("submitted"), told("approval")) == (["erin"] * 2, sorted(["harriet", "hugo"] * 2))
    letter.refresh_from_db()
    submit(letter, harriet)

    assert told("approved") == ["alice", "erin"]
    assert deliver() == sorted(["erin"] * 4 + ["alice"] * 2 + ["harriet"] * 2 + ["hugo"] * 2)


def test_publishing_without_approval_tells_nobody(settings):
    settings.LETTERS_NEED_APPROVAL = False
    letter = make_letter(status=Status.DRAFT)
    alice = member(letter, "alice", Role.OWNER)
    member(letter, "erin", Role.EDITOR)

    submit(letter, alice)

    assert told() == []


def test_host_chooses_once_for_all_letters_that_wait():
    harriet = host()
    noticing.choose(user=harriet, letter=None, wanted=[])

    announce(make_letter(), "approval")

    assert (told(), deliver()) == (["harriet"], [])


# The hour, and forgetting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "leaves", "is_after"),
    [
        ("2026-01-20T06:59:59", "2026-01-20T07:00:00", False),
        ("2026-01-20T07:00:00", "2026-01-20T07:00:00", True),
        ("2026-01-20T07:00:01", "2026-01-21T07:00:00", True),
        ("2026-12-31T23:59:00", "2027-01-01T07:00:00", True),
    ],
)
def test_next_mailing_is_at_the_same_hour_every_day(now, leaves, is_after):
    now, leaves = (datetime.fromisoformat(f"{one}+00:00") for one in (now, leaves))

    assert noticing.next_mailing(now) == leaves
    assert noticing.is_after_the_hour(now) is is_after


def test_mark_read_marks_ones_own_and_keeps_the_first_day(letter, time_machine):
    alice, bob = (member(letter, name, Role.OWNER) for name in ("alice", "bob"))
    announce(letter)

    noticing.mark_read(user=alice)
    time_machine.move_to(NOON + timedelta(days=1), tick=False)
    noticing.mark_read(user=alice)

    assert alice.notices.get().seen_on == TODAY
    assert bob.notices.get().seen_on is None


def test_forget_erases_what_is_old_and_what_is_left_of_strangers(letter):
    alice, bob = (member(letter, name, Role.OWNER) for name in ("alice", "bob"))
    old = TODAY - timedelta(days=91)
    announce(letter, "surge", day=old)
    announce(letter, "goal", step=50, day=old, figures={"percent": 50, "goal": 100})
    announce(letter, "surge")
    noticing.choose(user=bob, letter=letter, wanted=["goal"])
    leave(letter, bob)
    harriet = host()
    noticing.choose(user=harriet, letter=letter, wanted=["goal"])

    assert noticing.number_to_forget(now=NOON) > 0
    assert ("news of teams", 0) not in list(erasing.erase_expired(now=timezone.now()))

    assert noticing.forget(now=NOON) == 0
    assert list(alice.notices.values_list("occasion__kind", "occasion__day")) == [("surge", TODAY)]
    assert not bob.notices.exists()
    assert not bob.notice_choices.exists()
    assert harriet.notice_choices.exists()
    kinds = Occasion.objects.order_by("day", "kind").values_list("kind", "day")
    assert list(kinds) == [("goal", old), ("surge", TODAY)]
