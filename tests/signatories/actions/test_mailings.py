"""What owners decide about mailing an update."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import mail as config_mail
from letters.actions import NotAllowed, Overtaken, take_down
from letters.actions.updates import Told, edit
from letters.models import AuditEntry, Membership, Role, Status
from signatories import addresses, update_mail
from signatories.actions import delivering, mailings, sealing
from signatories.models import Delivery, Mailing, MailingState, WhyPaused
from tests.constraints import Case, assert_refuses
from tests.factories import make_letter, make_subscription, make_update, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def update(letter):
    return make_update(letter, title="We were heard", body="They *listened*.\n")


@pytest.fixture
def alice(letter):
    alice = make_user("alice", second_factor=False)
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return alice


def begin(update, actor, **fields):
    """A mailing that is being sent, with two who are owed it."""
    for number in (1, 2):
        make_subscription(update.letter, f"w{number}@gmail.com")
    mailing = mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=actor)
    now = timezone.now()
    Mailing.objects.filter(pk=mailing.pk).update(
        state=MailingState.SENDING, started_at=now, filled_at=now, total=2
    )
    digests = update.letter.subscriptions.values_list("digest", flat=True)
    Delivery.objects.bulk_create(Delivery(mailing=mailing, digest=one) for one in digests)
    Mailing.objects.filter(pk=mailing.pk).update(**fields)
    return Mailing.objects.get()


def verbs():
    entries = AuditEntry.objects.filter(verb__startswith="mailing.").order_by("pk")
    return list(entries.values_list("verb", "actor"))


# Scheduling -------------------------------------------------------------------------------


def test_schedule_freezes_what_was_read(update, alice):
    soon = timezone.now() + timedelta(hours=1)

    mailing = mailings.schedule(update=update, send_at=soon, revision=0, actor=alice)
    changed = Told("news", "Changed", "Another text.", "", update.published_on)
    edit(update=update, told=changed, revision=0, actor=alice)

    mailing.refresh_from_db()
    assert (mailing.state, mailing.send_at, mailing.started_by) == ("scheduled", soon, alice)
    assert (mailing.subject, mailing.body) == ("We were heard", "They *listened*.\n")
    assert update_mail.Message.frozen(mailing).title == "We were heard"
    assert verbs() == [("mailing.scheduled", alice.pk)]


def test_schedule_twice_is_once(update, alice):
    now = timezone.now()

    pair = [
        mailings.schedule(update=update, send_at=now, revision=0, actor=alice) for _twice in "12"
    ]

    assert pair[0] == pair[1]
    assert len(verbs()) == 1


def test_schedule_of_a_text_that_nobody_has_read_is_refused(update, alice):
    edit(
        update=update, told=Told("news", "N", "", "", update.published_on), revision=0, actor=alice
    )

    with pytest.raises(Overtaken):
        mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=alice)

    assert not Mailing.objects.exists()


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR, None])
def test_schedule_by_anybody_but_owners_is_refused(letter, update, role):
    other = make_user("other", second_factor=False)
    Membership.objects.create(
        letter=letter if role else make_letter(), user=other, role=role or Role.OWNER
    )

    with pytest.raises(NotAllowed, match="not yours"):
        mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=other)
    with pytest.raises(NotAllowed, match="not yours"):
        mailings.send_test(update=update, address=addresses.read("w@gmail.com"), actor=other)

    assert not Mailing.objects.exists()
    assert mail.outbox == []


def test_schedule_under_a_sealed_letter_or_one_taken_down_is_refused(alice, update):
    for fields, words in (
        ({"taken_down_on": timezone.localdate()}, "taken down"),
        ({"status": Status.SEALED}, "sealed"),
    ):
        type(update.letter).objects.update(
            **fields, closed_on=timezone.localdate(), sealed_on=timezone.localdate()
        ) if "status" in fields else type(update.letter).objects.update(**fields)
        with pytest.raises(NotAllowed, match=words):
            mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=alice)
        type(update.letter).objects.update(taken_down_on=None)

    assert not Mailing.objects.exists()


def test_schedule_further_ahead_than_a_year_is_refused(update, alice):
    late = timezone.now() + timedelta(days=366)

    with pytest.raises(NotAllowed, match="within a year"):
        mailings.schedule(update=update, send_at=late, revision=0, actor=alice)


def test_take_back_before_the_start_leaves_nothing(update, alice):
    soon = timezone.now() + timedelta(hours=1)
    mailing = mailings.schedule(update=update, send_at=soon, revision=0, actor=alice)

    for _twice in range(2):
        mailings.take_back(mailing=mailing, actor=alice)

    assert not Mailing.objects.exists()
    assert verbs()[1:] == [("mailing.taken_back", alice.pk)]
    again = mailings.schedule(update=update, send_at=soon, revision=0, actor=alice)
    assert again.state == MailingState.SCHEDULED


def test_take_back_after_the_start_is_refused(update, alice):
    mailing = begin(update, alice)

    with pytest.raises(NotAllowed, match="has begun"):
        mailings.take_back(mailing=mailing, actor=alice)

    assert Delivery.objects.count() == 2


# Pausing, going on, ending ----------------------------------------------------------------


def test_pause_and_resume_keep_who_is_owed_it(update, alice):
    mailing = begin(update, alice, claimed_at=timezone.now())

    for _twice in range(2):
        mailings.pause(mailing=mailing, actor=alice)
    mailing.refresh_from_db()
    assert (mailing.state, mailing.why_paused, mailing.claimed_at) == ("paused", "team", None)
    for _twice in range(2):
        mailings.resume(mailing=mailing, actor=alice)

    mailing.refresh_from_db()
    assert (mailing.state, mailing.why_paused) == ("sending", "")
    assert Delivery.objects.count() == 2
    assert [verb for verb, _actor in verbs()] == [
        "mailing.scheduled",
        "mailing.paused",
        "mailing.resumed",
    ]


def test_resume_after_many_refusals_asks_them_again(update, alice):
    mailing = begin(update, alice, state="paused", why_paused=WhyPaused.REFUSED)
    Delivery.objects.update(was_refused=True)

    mailings.resume(mailing=Mailing.objects.get(), actor=alice)

    assert mailing.deliveries.to_be_sent().count() == 2


def test_resume_under_a_letter_taken_down_is_refused(letter, update, alice):
    mailing = begin(update, alice, state="paused", why_paused=WhyPaused.TAKEN_DOWN)
    take_down(letter=letter, actor=alice)

    with pytest.raises(NotAllowed, match="taken down"):
        mailings.resume(mailing=mailing, actor=alice)


def test_cancel_ends_it_for_good(update, alice):
    mailing = begin(update, alice)

    for _twice in range(2):
        mailings.cancel(mailing=mailing, actor=alice)
    mailings.resume(mailing=mailing, actor=alice)

    mailing.refresh_from_db()
    assert (mailing.state, bool(mailing.ended_at)) == ("cancelled", True)
    assert not Delivery.objects.exists()
    assert verbs()[1:] == [("mailing.cancelled", alice.pk)]


@pytest.mark.parametrize("verb", ["take_back", "pause", "resume", "cancel"])
def test_mailing_is_decided_by_owners_only(letter, update, alice, verb):
    mailing = begin(update, alice)
    erin = make_user("erin", second_factor=False)
    Membership.objects.create(letter=letter, user=erin, role=Role.EDITOR)
    before = Mailing.objects.values().get()

    with pytest.raises(NotAllowed, match="not yours"):
        getattr(mailings, verb)(mailing=mailing, actor=erin)

    assert Mailing.objects.values().get() == before


def test_mailing_of_an_owner_who_was_removed_meanwhile_does_not_begin(letter, update, alice):
    tomorrow = timezone.now() + timedelta(days=1)
    mailing = mailings.schedule(update=update, send_at=tomorrow, revision=0, actor=alice)
    Membership.objects.filter(user=alice).delete()
    Mailing.objects.update(send_at=timezone.now())

    delivering.send_some(mailing.pk)

    assert not Mailing.objects.exists()
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.reason, entry.actor) == ("mailing.taken_back", "not_owner", None)


def test_deleting_the_update_ends_its_mailing(update, alice):
    begin(update, alice)

    mailings.delete_update(update=update, actor=alice)
    mailings.delete_update(update=update, actor=alice)

    assert not Mailing.objects.exists()
    assert not Delivery.objects.exists()


def test_deleting_an_update_by_an_editor_waits_until_its_mailing_is_over(letter, update, alice):
    emil = make_user("emil", second_factor=False)
    Membership.objects.create(letter=letter, user=emil, role=Role.EDITOR)
    mailing = begin(update, alice)

    with pytest.raises(NotAllowed):
        mailings.delete_update(update=update, actor=emil)
    assert Delivery.objects.count() == 2
    mailings.cancel(mailing=mailing, actor=alice)
    mailings.delete_update(update=update, actor=emil)

    assert not Mailing.objects.exists()


def test_sealing_cancels_what_runs_and_drops_what_waits(letter, update, alice):
    mailing = begin(update, alice)
    later = make_update(letter)
    soon = timezone.now() + timedelta(days=40)
    mailings.schedule(update=later, send_at=soon, revision=0, actor=alice)

    sealing.close(letter=letter, actor=alice)
    sealing.seal(letter=letter, actor=alice)

    assert Mailing.objects.get() == mailing
    assert Mailing.objects.get().state == MailingState.CANCELLED
    assert not Delivery.objects.exists()
    assert delivering.due(soon) == []


# A test to oneself ------------------------------------------------------------------------


def test_send_test_is_marked_ends_nothing_and_is_not_kept(update, alice):
    mailings.send_test(update=update, address=addresses.read("w@gmail.com"), actor=alice)

    [message] = mail.outbox
    assert (message.to, message.subject) == (["w@gmail.com"], "Test: We were heard")
    assert "This is a test." in message.body
    assert "List-Unsubscribe" not in message.extra_headers
    assert not AuditEntry.objects.exists()
    assert not Mailing.objects.exists()


@pytest.mark.parametrize("email", ["w@google.example", "w@unheard-of.example"])
def test_send_test_to_a_work_mailbox_is_refused(update, alice, email):
    with pytest.raises(NotAllowed, match="a mailbox at work belongs to the employer"):
        mailings.send_test(update=update, address=addresses.read(email), actor=alice)

    assert mail.outbox == []


@pytest.mark.parametrize("trouble", [config_mail.Refused, config_mail.Unreachable])
def test_send_test_in_vain_says_so(update, alice, monkeypatch, trouble):
    def fail(*args):
        raise trouble

    monkeypatch.setattr(update_mail, "send_test", fail)

    with pytest.raises(NotAllowed, match="mail server"):
        mailings.send_test(update=update, address=addresses.read("w@gmail.com"), actor=alice)


# What the database refuses ----------------------------------------------------------------

NOW = timezone.now()


def scheduled():
    return Mailing(
        update=make_update(make_letter()), state="scheduled", send_at=NOW, subject="News"
    )


def sending():
    return Mailing(
        update=make_update(make_letter()),
        state="sending",
        send_at=NOW,
        subject="News",
        started_at=NOW,
        filled_at=NOW,
        total=2,
    )


def delivery():
    row = sending()
    row.save()
    return Delivery(mailing=row, digest="d" * 64)


def second_delivery():
    first = delivery()
    first.save()
    return Delivery(mailing=first.mailing, digest="e" * 64)


MAILING_CASES = [
    Case(
        "mailing_state_is_known",
        sending,
        {"state": "draft"},
    ),
    Case("mailings_are_paused_for_a_reason", sending, {"state": "paused"}),
    Case("mailings_are_paused_for_a_reason", sending, {"why_paused": "team"}),
    Case("mailings_started_at_agrees_with_state", scheduled, {"started_at": NOW}),
    Case("mailings_ended_at_agrees_with_state", sending, {"state": "done"}),
    Case("mailings_ended_at_agrees_with_state", sending, {"ended_at": NOW}),
    Case("mailings_say_something", sending, {"subject": ""}),
    Case("mailings_are_filled_after_they_start", scheduled, {"total": 1}),
    Case("mailings_that_are_filled_name_no_subscriber", sending, {"filled_to": "d" * 64}),
    Case("nothing_is_sent_before_all_are_noted", sending, {"filled_at": None, "sent": 1}),
    Case("no_more_are_sent_than_there_are", sending, {"sent": 2, "failed": 1}),
    Case("workers_hold_what_is_being_sent", scheduled, {"claimed_at": NOW}),
    Case("one_delivery_per_mailing_and_mailbox", second_delivery, {"digest": "d" * 64}),
    Case("deliveries_lead_somewhere", delivery, {"digest": ""}),
    Case(
        "refused_deliveries_are_not_being_sent",
        delivery,
        {"was_refused": True, "claimed_at": NOW},
    ),
]


@pytest.mark.parametrize("case", MAILING_CASES, ids=str)
def test_database_refuses_a_mailing_that(case):
    assert_refuses(case)


def test_database_refuses_a_second_mailing_of_an_update(update, alice):
    mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=alice)

    with pytest.raises(Exception, match=r"(?i)unique"):
        Mailing.objects.create(update=update, state="scheduled", send_at=NOW, subject="Again")
