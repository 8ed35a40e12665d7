"""The invitation: sent once, to private mailboxes, and whatever fails."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from letters.models import AuditEntry
from signatories import tasks
from signatories.models import Import, Invited, InvitedMailbox
from signatories.models.verification import CLAIM_LEASE
from signatories.verification import invitation
from tests.admin_pages import make_moderator
from tests.factories import make_letter
from tests.signatories.actions.test_importing import started
from tests.signatories.spreadsheets_of import people

pytestmark = pytest.mark.django_db


class FailingBackend(BaseEmailBackend):
    error: Exception

    def send_messages(self, messages):
        raise self.error


@pytest.fixture
def letter():
    return make_letter(title="An open letter", organiser_line="The Lantern Society")


@pytest.fixture
def source(letter):
    row = ["Ada Otterbourne", "ada@gmail.com", "Orrery", "Engineer"]
    return started(letter, make_moderator("alice", letter, "owner"), row)


@pytest.fixture
def failing(settings, monkeypatch):
    def fail(error):
        settings.EMAIL_BACKEND = f"{__name__}.FailingBackend"
        monkeypatch.setattr(FailingBackend, "error", error, raising=False)

    return fail


def the_invited():
    [invited] = Invited.objects.all()
    return invited


def test_invitation_says_who_asks_why_and_what_happens(source, letter):
    invitation.send(str(the_invited().pk))

    [message] = mail.outbox
    text = " ".join(message.body.split())
    html = message.alternatives[0][0]
    assert message.to == ["ada@gmail.com"]
    assert message.subject == "Do you want to sign this open letter?"
    [link] = re.findall(r"http://testserver/invitation/[\w-]{43}/", message.body)
    until = source.erase_after.strftime("%H:%M UTC")
    for words in (
        "The organisers of the open letter “An open letter” gave us your name and address",
        "and say that you want to sign it.",
        "The organisers: The Lantern Society.",
        "This site, testserver, hosts the letter and writes to you on their behalf.",
        f"http://testserver{letter.get_absolute_url()}",
        "Ada Otterbourne Engineer, says Orrery; not verified",
        "Nothing is signed, and nothing of you appears, unless you press the button.",
        until,
        "then nobody writes to you again for this letter.",
    ):
        assert words in text
    assert link in html
    assert "The Lantern Society" in html
    assert re.fullmatch(r"<[0-9a-f]{32}@[\w.-]+>", str(message.message()["Message-ID"]))


def test_sent_invitation_is_marked_counted_and_not_sent_again(source):
    invited = the_invited()

    invitation.send(str(invited.pk))
    invitation.send(str(invited.pk))

    source.refresh_from_db()
    assert len(mail.outbox) == 1
    assert (source.sent, source.undeliverable) == (1, 0)
    assert the_invited().sent_at is not None
    assert InvitedMailbox.objects.get().written_on == timezone.localdate()
    assert invitation.unsent(timezone.now()) == []


def test_two_workers_cannot_both_take_it(source):
    invited = the_invited()
    assert invitation._claim(str(invited.pk), "a" * 43, "")

    invitation.send(str(invited.pk))

    assert not mail.outbox


def test_worker_that_fell_silent_loses_its_claim(source):
    invited = the_invited()
    invitation._claim(str(invited.pk), "a" * 43, "")
    Invited.objects.update(claimed_at=timezone.now() - CLAIM_LEASE - timedelta(seconds=1))

    invitation.send(str(invited.pk))

    assert len(mail.outbox) == 1
    assert invitation.by_token("a" * 43) is None


def test_mailbox_refused_for_good_erases_the_person_and_counts(source, failing):
    refusal = {"ada@gmail.com": (550, b"no such user")}
    failing(smtplib.SMTPRecipientsRefused(refusal))

    invitation.send(str(the_invited().pk))

    source.refresh_from_db()
    assert not Invited.objects.exists()
    assert (source.sent, source.undeliverable) == (0, 1)
    assert InvitedMailbox.objects.get().written_on == timezone.localdate()


def test_work_mailbox_gets_nothing_whatever_the_list_said_before(source, monkeypatch):
    monkeypatch.setattr("letters.addresses.free_mail_domains", lambda: frozenset({"gmx.net"}))

    invitation.send(str(the_invited().pk))

    source.refresh_from_db()
    assert not mail.outbox
    assert not Invited.objects.exists()
    assert (source.sent, source.undeliverable) == (0, 1)


def test_sending_pauses_where_most_mailboxes_refuse(letter, failing, settings):
    settings.INVITATIONS_PER_MINUTE = 100
    source = started(letter, make_moderator("alice", letter, "owner"), *people(25))
    failing(smtplib.SMTPRecipientsRefused({"person@gmail.com": (550, b"not from you")}))

    for invited in list(Invited.objects.all()):
        invitation.send(str(invited.pk))

    source.refresh_from_db()
    assert (source.state, source.undeliverable) == ("paused", 20)
    assert Invited.objects.count() == 5
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.reason, entry.actor) == ("import.paused", "refused", None)


def test_server_out_of_reach_puts_it_back_for_later_and_later(source, failing):
    failing(smtplib.SMTPServerDisconnected("ada@gmail.com is far"))
    invited = the_invited()

    for attempt in (1, 2, 3):
        invitation.send(str(invited.pk))
        invited.refresh_from_db()
        waits = (invited.retry_at - timezone.now()).total_seconds()
        assert invited.attempts == attempt
        assert 2.5 * 2 ** (attempt - 1) - 1 <= waits <= 7.5 * 2 ** (attempt - 1)
        assert invited.claimed_at is None
        assert InvitedMailbox.objects.get().written_on is None
        invitation.send(str(invited.pk))
        invited.refresh_from_db()
        assert invited.attempts == attempt, "Nobody tries before the time."
        Invited.objects.update(retry_at=timezone.now())

    source.refresh_from_db()
    assert source.sent == 0


def test_expired_and_paused_invitations_are_not_due(source):
    invited = the_invited()
    Import.objects.update(erase_after=timezone.now())
    assert invitation.unsent(timezone.now()) == []
    invitation.send(str(invited.pk))
    Import.objects.update(erase_after=timezone.now() + timedelta(hours=1), state="paused")
    assert invitation.unsent(timezone.now()) == []

    invitation.send(str(invited.pk))

    assert not mail.outbox


def test_sweep_lets_no_more_leave_than_the_setting_says(letter, settings, monkeypatch):
    settings.INVITATIONS_PER_MINUTE = 7
    started(letter, make_moderator("alice", letter, "owner"), *people(20))
    queued = []
    monkeypatch.setattr(tasks.send_invitation, "delay", queued.append)

    # As many sweeps as pile up while no worker is there.
    for _sweep in range(9):
        tasks.sweep_imports()
    assert len(queued) == 18
    assert len(set(queued)) == 2

    for _sweep in range(9):
        tasks.sweep_imports()
        for invited_id in queued:
            invitation.send(invited_id)
    assert len(mail.outbox) == 7
    assert invitation.unsent(timezone.now()) == []

    assert len(invitation.unsent(timezone.now() + timedelta(minutes=1, seconds=1))) == 2


def test_sweep_has_files_read_and_says_what_is_done(source, monkeypatch):
    invitation.send(str(the_invited().pk))

    tasks.sweep_imports()

    source.refresh_from_db()
    assert source.state == "done"
    assert AuditEntry.objects.latest("pk").verb == "import.started"
