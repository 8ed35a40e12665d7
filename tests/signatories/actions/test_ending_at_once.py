"""Updates are ended, sent and subscribed to while batches write subscriptions anew."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.utils import timezone

from signatories import addresses
from signatories.actions import batches, delivering, mailings, subscribing
from signatories.models import Delivery, Mailing, Subscription
from tests.admin_pages import make_host
from tests.factories import make_anonymous, make_letter, make_organisation, make_subscription
from tests.factories import make_update as make_news

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks"),
]

READERS = 12


def in_thread(threads, call):
    def run():
        try:
            return call()
        finally:
            connections.close_all()

    return threads.submit(run)


def test_updates_ended_while_a_batch_is_under_way_are_ended(settings):
    """The batch has deleted the row and inserted it anew, and is not committed yet."""
    settings.BATCH_MINIMUM = 1
    letter = make_letter()
    subscription = make_subscription(letter, "w@gmail.com")
    link = addresses.updates_link(letter, subscription.digest)
    make_anonymous(letter, make_organisation("Google", "google.example"))
    batches.start_tally(letter)
    began = threading.Event()

    def end():
        began.set()
        subscribing.end(link=link)

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            batches.publish_batch_now(letter=letter, now=timezone.now())
            ending = in_thread(threads, end)
            assert began.wait(30)
            with pytest.raises(TimeoutError):
                ending.result(0.5)
        ending.result(30)

    assert not Subscription.objects.exists()


def test_update_deleted_while_a_message_is_counted_ends_well_for_both():
    letter = make_letter()
    row = make_subscription(letter, "w@gmail.com")
    now = timezone.now()
    mailing = Mailing.objects.create(
        update=make_news(letter), state="sending", send_at=now, started_at=now, filled_at=now,
        total=1, subject="Heard",
    )  # fmt: skip
    delivery = Delivery.objects.create(mailing=mailing, digest=row.digest)
    host = make_host()

    def delete():
        mailings.delete_update(update=mailing.update, actor=host)

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Mailing.objects.select_for_update(no_key=True).get()
            deleting = in_thread(threads, delete)
            with pytest.raises(TimeoutError):
                deleting.result(0.5)
            assert delivery.delete()
        deleting.result(30)

    assert not Mailing.objects.exists()


def test_two_workers_batches_and_readers_at_once_miss_nobody(settings):
    settings.BATCH_MINIMUM = 1
    settings.MAILING_PER_MINUTE = 60_000
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    rows = [make_subscription(letter, f"w{n}@gmail.com") for n in range(READERS)]
    leaving = [addresses.updates_link(letter, row.digest) for row in rows[:3]]
    update = make_news(letter)
    mailing = Mailing.objects.create(
        update=update, state="scheduled", send_at=timezone.now(), subject=update.title
    )
    batches.start_tally(letter)

    def move():
        for _batch in range(4):
            make_anonymous(letter, google)
            batches.publish_batch_now(letter=letter, now=timezone.now())

    def leave():
        for link in leaving:
            subscribing.end(link=link)

    def work():
        delivering.send_some(mailing.pk)

    with ThreadPoolExecutor(4) as threads:
        for one in [in_thread(threads, call) for call in (work, move, leave, work)]:
            one.result(60)
    Mailing.objects.update(not_before=None)
    delivering.send_some(mailing.pk)

    got = [message.to[0] for message in mail.outbox]
    mailing.refresh_from_db()
    assert mailing.state == "done"
    assert len(got) == len(set(got))
    assert {f"w{n}@gmail.com" for n in range(3, READERS)} <= set(got)
    assert Subscription.objects.count() == READERS - 3
    assert not Delivery.objects.exists()


def test_two_owners_press_send_at_once_and_it_is_mailed_once():
    letter = make_letter()
    update, host = make_news(letter), make_host("harriet")

    def press():
        return mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=host).pk

    with ThreadPoolExecutor(2) as threads:
        pressed = [one.result(30) for one in [in_thread(threads, press) for _twice in "12"]]

    assert len(set(pressed)) == 1
    assert Mailing.objects.count() == 1
