"""Sending a mailing: nobody is missed, and nobody is written to who should not be."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import crypto, keys
from config import mail as config_mail
from letters.actions import put_back, take_down
from letters.models import AuditEntry
from signatories import addresses, tasks, update_mail
from signatories.actions import batches, delivering, mailings, subscribing
from signatories.models import Delivery, Mailing, Signature, Subscription, WhyPaused
from signatories.models.mailing import MAILING_LEASE
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_subscription,
    make_update,
)
from tests.privacy.witnesses import heap_of_rows

pytestmark = pytest.mark.django_db

START = "2026-01-20T12:00:00Z"


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def letter():
    return make_letter(title="Keep the *library* & more")


def subscribe(letter, number):
    return [make_subscription(letter, f"w{n}@gmail.com") for n in range(number)]


def schedule(letter, **fields):
    update = make_update(letter, **{"title": "Heard <at last> & more", **fields})
    return Mailing.objects.create(
        update=update,
        state="scheduled",
        send_at=timezone.now(),
        subject=update.title,
        body=update.body,
        source=update.source,
    )


def send(mailing, noon=None, most=50):
    """Slice after slice, as worker and sweep would; the clock moves to when it may go on."""
    for _slice in range(most):
        seconds = delivering.send_some(mailing.pk)
        if seconds is None:
            break
        if noon:
            noon.shift(timedelta(seconds=seconds))
    mailing.refresh_from_db()
    return mailing


def got():
    return Counter(message.to[0] for message in mail.outbox)


@pytest.fixture
def behave(monkeypatch):
    """Let the mail server answer as told: address → exception, or a function of the address."""

    def arrange(mood):
        real = update_mail.send

        def send_or_fail(message, to, link, ticket):
            trouble = mood(to) if callable(mood) else mood.get(to)
            if trouble:
                raise trouble("told to")
            real(message, to, link, ticket)

        monkeypatch.setattr(update_mail, "send", send_or_fail)

    return arrange


# Everybody, once --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 7])
def test_mailing_reaches_every_subscriber_once_and_keeps_nothing_of_it(letter, number):
    subscribe(letter, number)
    make_subscription(make_letter(), "of.another.letter@gmail.com")

    mailing = send(schedule(letter))

    assert got() == {f"w{n}@gmail.com": 1 for n in range(number)}
    assert (mailing.state, mailing.total, mailing.sent, mailing.failed) == (
        "done",
        number,
        number,
        0,
    )
    assert not Delivery.objects.exists()
    assert letter.subscriptions.count() == number
    trail = AuditEntry.objects.order_by("pk").values_list("verb", "actor", "target")
    assert list(trail) == [
        ("mailing.started", None, f"update:{mailing.update_id}"),
        ("mailing.done", None, f"update:{mailing.update_id}"),
    ]


def test_mailing_notes_subscribers_in_batches(letter, monkeypatch):
    monkeypatch.setattr(delivering, "FILL_SIZE", 3)
    subscribe(letter, 9)

    mailing = send(schedule(letter))

    assert len(got()) == mailing.total == mailing.sent == 9


def test_mailing_that_crashed_while_noting_goes_on_there(letter, monkeypatch, noon):
    monkeypatch.setattr(delivering, "FILL_SIZE", 3)
    subscribe(letter, 8)
    mailing = schedule(letter)
    create = Delivery.objects.bulk_create

    def crash(rows):
        rows = create(rows)
        if Delivery.objects.count() == 6:
            raise MemoryError
        return rows

    monkeypatch.setattr(Delivery.objects, "bulk_create", crash)
    with pytest.raises(MemoryError):
        delivering.send_some(mailing.pk)
    monkeypatch.undo()
    assert (Delivery.objects.count(), Mailing.objects.get().total) == (3, 3)
    assert delivering.due(timezone.now()) == []
    noon.shift(MAILING_LEASE + timedelta(seconds=1))
    assert delivering.due(timezone.now()) == [mailing.pk]

    assert send(mailing).sent == 8
    assert set(got().values()) == {1}


def test_mailing_before_its_time_waits(letter, noon):
    subscribe(letter, 1)
    mailing = schedule(letter)
    Mailing.objects.update(send_at=timezone.now() + timedelta(hours=1))

    assert delivering.send_some(mailing.pk) is None
    assert delivering.due(timezone.now()) == []
    assert mail.outbox == []
    noon.shift(timedelta(hours=1))

    assert delivering.due(timezone.now()) == [mailing.pk]
    assert send(mailing).sent == 1


def test_mailing_that_a_worker_holds_is_left_to_it_until_it_falls_silent(letter, noon):
    subscribe(letter, 2)
    mailing = schedule(letter)
    now = timezone.now()
    Mailing.objects.update(state="sending", started_at=now, claimed_at=now)

    assert delivering.send_some(mailing.pk) is None
    assert mail.outbox == []
    noon.shift(MAILING_LEASE + timedelta(seconds=1))

    assert send(mailing).sent == 2


def test_message_in_flight_when_a_worker_died_is_repeated_and_no_other(
    letter, noon, behave, monkeypatch
):
    """The server takes it, then the worker dies before it can note so."""
    subscribe(letter, 5)
    mailing = schedule(letter)

    def die(*args):
        raise MemoryError

    monkeypatch.setattr(delivering, "_count_sent", die)
    with pytest.raises(MemoryError):
        delivering.send_some(mailing.pk)
    monkeypatch.undo()
    [in_flight] = [message.to[0] for message in mail.outbox]
    noon.shift(MAILING_LEASE + timedelta(seconds=1))

    send(mailing, noon)

    assert got() == {f"w{n}@gmail.com": 1 for n in range(5)} | {in_flight: 2}
    assert mailing.sent == 5


def test_delivery_that_another_worker_sends_is_waited_for(letter, noon):
    subscribe(letter, 2)
    mailing = schedule(letter)
    now = timezone.now()
    Mailing.objects.update(state="sending", started_at=now)
    mailing.refresh_from_db()
    delivering._hold(delivering._take(mailing.pk))
    Mailing.objects.update(claimed_at=None)
    delivering._fill(delivering._take(mailing.pk))
    Mailing.objects.update(claimed_at=None)
    Delivery.objects.update(claimed_at=now)

    seconds = delivering.send_some(mailing.pk)

    assert mail.outbox == []
    assert seconds == MAILING_LEASE.total_seconds()
    mailing.refresh_from_db()
    assert mailing.state == "sending"
    noon.shift(MAILING_LEASE + timedelta(seconds=1))
    assert send(mailing).sent == 2


def test_pace_is_kept_and_shared_by_all_mailings(letter, settings):
    settings.MAILING_PER_MINUTE = 12
    subscribe(letter, 9)
    mailing = schedule(letter)

    assert delivering.send_some(mailing.pk) == pytest.approx(10, abs=0.5)
    assert len(mail.outbox) == 2
    assert delivering.send_some(mailing.pk) is None
    assert len(mail.outbox) == 2
    Mailing.objects.update(not_before=None)
    other = schedule(make_letter())
    Mailing.objects.filter(pk=other.pk).update(state="sending", started_at=timezone.now())
    assert delivering.send_some(mailing.pk) == pytest.approx(10, abs=0.5)
    assert len(mail.outbox) == 3


def test_task_comes_back_for_more_and_the_sweep_finds_what_stands_still(
    letter, settings, monkeypatch, noon
):
    settings.MAILING_PER_MINUTE = 12
    subscribe(letter, 3)
    mailing = schedule(letter)
    queued = []
    monkeypatch.setattr(tasks, "enqueue", lambda *args, countdown: queued.append(args[1:]))
    monkeypatch.setattr(tasks.send_mailing, "delay", lambda *args: queued.append(args))

    tasks.send_mailing(mailing.pk)
    tasks.sweep_mailings()
    assert queued == [(mailing.pk,)]
    noon.shift(timedelta(seconds=11))
    tasks.sweep_mailings()

    assert queued == [(mailing.pk,)] * 2
    tasks.send_mailing(mailing.pk + 1)


# Batches, and those who leave in the middle ----------------------------------------------


def test_batch_in_the_middle_loses_nobody(letter, settings, noon):
    """A batch writes every subscription anew, under another key."""
    settings.MAILING_PER_MINUTE = 12
    settings.BATCH_MINIMUM = 1
    subscribe(letter, 6)
    mailing = schedule(letter)
    delivering.send_some(mailing.pk)
    before = set(letter.subscriptions.values_list("pk", flat=True))
    make_anonymous(letter, make_organisation("Google", "google.example"))
    batches.publish_batch_now(letter=letter, now=timezone.now())
    assert not before & set(letter.subscriptions.values_list("pk", flat=True))
    assert Signature.objects.count() == 1
    noon.shift(timedelta(seconds=11))

    send(mailing, noon)

    assert got() == {f"w{n}@gmail.com": 1 for n in range(6)}


def test_unsubscribed_in_the_middle_gets_nothing_and_leaves_no_digest(letter, settings, noon):
    settings.MAILING_PER_MINUTE = 12
    rows = subscribe(letter, 6)
    mailing = schedule(letter)
    delivering.send_some(mailing.pk)
    owed = Delivery.objects.values_list("digest", flat=True)
    leaving = next(row for row in rows if row.digest in set(owed))
    link = addresses.updates_link(letter, leaving.digest)

    subscribing.end(link=link)

    assert leaving.digest.encode() not in heap_of_rows()
    noon.shift(timedelta(seconds=11))
    send(mailing, noon)
    assert sum(got().values()) == 5
    assert (mailing.state, mailing.total, mailing.sent, mailing.failed) == ("done", 6, 5, 0)


def test_paused_in_the_middle_stops_with_the_next_message(letter, behave, noon):
    subscribe(letter, 4)
    mailing = schedule(letter)

    def pause_at_second(to):
        if len(mail.outbox) == 1:
            mailings.stop(mailing, WhyPaused.TEAM)

    behave(pause_at_second)
    assert delivering.send_some(mailing.pk) is None
    assert len(mail.outbox) == 2
    mailing.refresh_from_db()
    assert (mailing.state, mailing.sent, Delivery.objects.count()) == ("paused", 2, 2)
    assert delivering.send_some(mailing.pk) is None
    assert len(mail.outbox) == 2


def test_letter_taken_down_pauses_until_it_is_back(letter, noon):
    subscribe(letter, 2)
    mailing = schedule(letter)
    Mailing.objects.update(state="sending", started_at=timezone.now())
    take_down(letter=letter, actor=None)

    assert delivering.send_some(mailing.pk) is None

    mailing.refresh_from_db()
    assert (mailing.state, mailing.why_paused) == ("paused", WhyPaused.TAKEN_DOWN)
    assert mail.outbox == []


def test_scheduled_mailing_of_a_letter_taken_down_waits(letter):
    subscribe(letter, 1)
    mailing = schedule(letter)
    take_down(letter=letter, actor=None)

    assert delivering.send_some(mailing.pk) is None
    assert mail.outbox == []
    put_back(letter=letter, actor=None)

    assert send(mailing).sent == 1


# The mail server --------------------------------------------------------------------------


def test_server_out_of_reach_delays_and_loses_nobody(letter, behave, noon):
    subscribe(letter, 3)
    mailing = schedule(letter)
    behave(lambda to: config_mail.Unreachable if timezone.now() < noon_plus(60) else None)

    delays = []
    while (seconds := delivering.send_some(mailing.pk)) is not None:
        delays.append(seconds)
        mailing.refresh_from_db()
        assert mailing.claimed_at is None
        assert not Delivery.objects.filter(claimed_at__isnull=False).exists()
        noon.shift(timedelta(seconds=seconds + 0.001))

    assert len(delays) >= 3
    for doublings, seconds in enumerate(delays[:-1]):
        assert 2.5 * 2**doublings <= seconds <= 7.5 * 2**doublings
    mailing.refresh_from_db()
    assert (mailing.state, mailing.sent, mailing.failed) == ("done", 3, 0)
    assert got() == {f"w{n}@gmail.com": 1 for n in range(3)}


def noon_plus(seconds):
    return timezone.datetime.fromisoformat(START) + timedelta(seconds=seconds)


def test_message_that_our_server_never_takes_stops_nobody_else(letter, behave, noon):
    subscribe(letter, 5)
    behave({"w2@gmail.com": config_mail.Unreachable})

    mailing = send(schedule(letter), noon, most=20)

    assert got() == {f"w{n}@gmail.com": 1 for n in (0, 1, 3, 4)}
    assert (mailing.state, mailing.sent, mailing.deliveries.count()) == ("sending", 4, 1)


def test_mailbox_that_is_put_off_holds_nobody_up_and_is_asked_again(letter, behave, noon):
    subscribe(letter, 3)
    mailing = schedule(letter)
    late = noon_plus(300)
    is_late = lambda to: to == "w1@gmail.com" and timezone.now() < late  # noqa: E731
    behave(lambda to: config_mail.Deferred if is_late(to) else None)

    assert delivering.send_some(mailing.pk) == 60
    assert got() == {"w0@gmail.com": 1, "w2@gmail.com": 1}
    noon.shift(timedelta(seconds=60))

    assert send(mailing, noon).state == "done"
    assert got() == {f"w{n}@gmail.com": 1 for n in range(3)}
    assert (mailing.sent, mailing.failed) == (3, 0)


def test_mailbox_that_is_put_off_for_days_is_given_up(letter, behave, noon):
    subscribe(letter, 1)
    mailing = schedule(letter)
    behave(lambda to: config_mail.Deferred)

    send(mailing, noon)

    assert (mailing.state, mailing.sent, mailing.failed) == ("done", 0, 1)
    assert timedelta(days=4) < timezone.now() - noon_plus(0) < timedelta(days=6)
    assert Subscription.objects.get().refusals == 0


def test_mailbox_that_refuses_three_mailings_in_a_row_is_erased(letter, behave):
    subscribe(letter, 3)
    behave({"w1@gmail.com": config_mail.Refused})

    for refusals in (1, 2):
        mailing = send(schedule(letter))
        assert (mailing.state, mailing.sent, mailing.failed) == ("done", 2, 1)
        assert sorted(Subscription.objects.values_list("refusals", flat=True)) == [0, 0, refusals]
    send(schedule(letter))

    assert Subscription.objects.count() == 2
    assert not Delivery.objects.exists()


def test_mailbox_that_takes_one_again_begins_anew(letter, behave):
    subscribe(letter, 1)
    Subscription.objects.update(refusals=2)

    send(schedule(letter))

    assert Subscription.objects.get().refusals == 0


def test_twenty_refusals_in_a_row_pause_and_skip_nobody(letter, behave, monkeypatch):
    rows = subscribe(letter, 25)
    mailing = schedule(letter)
    behave(lambda to: config_mail.Refused)

    send(mailing)

    assert (mailing.state, mailing.why_paused) == ("paused", WhyPaused.REFUSED)
    assert Delivery.objects.refused().count() == 20
    assert set(Subscription.objects.values_list("refusals", flat=True)) == {0}
    monkeypatch.undo()
    Mailing.objects.update(state="sending", why_paused="", refused_in_a_row=0)
    Delivery.objects.update(was_refused=False)
    send(mailing)
    assert (mailing.state, mailing.sent, mailing.failed) == ("done", len(rows), 0)


def test_key_that_is_not_at_hand_pauses_and_skips_nobody(letter, monkeypatch):
    subscribe(letter, 2)
    mailing = schedule(letter)

    def lost(*args):
        raise keys.KeyLost("The key letter/1 is not in KEYS_DIR.")

    monkeypatch.setattr(addresses.keys, "read", lost)
    assert delivering.send_some(mailing.pk) is None
    monkeypatch.undo()

    mailing.refresh_from_db()
    assert (mailing.state, mailing.why_paused) == ("paused", WhyPaused.KEY_LOST)
    assert Delivery.objects.to_be_sent().filter(claimed_at__isnull=True).count() == 2


def test_address_that_no_key_reads_is_counted_and_stops_nobody(letter):
    broken, _whole = subscribe(letter, 2)
    Subscription.objects.filter(pk=broken.pk).update(address=crypto.encrypt(b"nonsense"))

    mailing = send(schedule(letter))

    assert (mailing.state, mailing.sent, mailing.failed) == ("done", 1, 1)


def test_work_mailbox_gets_nothing_whatever_the_list_said_before(letter, monkeypatch):
    """The list of public mail providers has become shorter since somebody subscribed."""
    make_subscription(letter, "w@gmail.com")
    make_subscription(letter, "w@formerly-free.example")

    mailing = send(schedule(letter))

    assert got() == {"w@gmail.com": 1}
    assert (mailing.sent, mailing.failed) == (1, 1)
    assert Subscription.objects.count() == 1


# The message ------------------------------------------------------------------------------


def test_message_says_what_is_new_why_it_came_and_how_to_end_it(letter, settings):
    subscribe(letter, 1)
    send(
        schedule(
            letter,
            body="They *listened*, [here](https://a.example/).\n",
            source="https://b.example/x",
        )
    )

    [message] = mail.outbox
    html = message.alternatives[0].content
    [end] = set(re.findall(r"http://testserver/updates/end/[\w-]{43}/", message.body))
    assert message.subject == "Heard <at last> & more"
    assert message.from_email == settings.UPDATES_FROM
    assert "News of the open letter “Keep the *library* & more”" in message.body
    assert "They *listened*, [here](https://a.example/)." in message.body
    assert "<em>listened</em>" in html and "Heard &lt;at last&gt; &amp; more" in html
    for part in (message.body, html):
        assert end in part and "https://b.example/x" in part
        assert "You get this because somebody, most likely you" in part
        assert f"http://testserver/letters/{letter.slug}/updates/" in part
    headers = {name: message.extra_headers.get(name) for name in message.extra_headers}
    headers.pop("Message-ID")
    assert headers == {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"<{letter.slug}.updates.testserver>",
        "Precedence": "list",
        "List-Unsubscribe": f"<{end}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_link_is_the_same_in_every_mail_and_outlives_the_field_keys(letter, settings):
    subscribe(letter, 2)
    send(schedule(letter))
    first = {m.to[0]: re.search(r"/end/([\w-]{43})/", m.body)[1] for m in mail.outbox}
    mail.outbox.clear()
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = ["2kgYqPAZ1sBb3rhjU8W0eO9u6TrWmPxX0xJ3E3vQm2k=", *old]

    send(schedule(letter))

    assert {m.to[0]: re.search(r"/end/([\w-]{43})/", m.body)[1] for m in mail.outbox} == first
    assert len(set(first.values())) == 2
    newest = crypto.digest("updates link", first["w0@gmail.com"])
    assert Subscription.objects.filter(link_digest=newest).count() == 1


def test_link_works_for_those_who_subscribed_before_there_were_links(letter):
    subscribe(letter, 1)
    Subscription.objects.update(link_digest=None)

    send(schedule(letter))
    subscribing.end(link=re.search(r"/end/([\w-]{43})/", mail.outbox[0].body)[1])

    assert not Subscription.objects.exists()
