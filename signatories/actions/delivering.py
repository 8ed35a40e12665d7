"""Sending a mailing, so that nobody is missed whatever breaks down.

A worker holds the mailing while it sends some messages, and comes back for more. First it notes
every subscriber as a delivery; then it takes one delivery after the other: claims it, sends,
deletes it. Whatever a crash leaves claimed is free again after the lease, so that at most the
message in flight is repeated. The rows are the outbox; a sweep finds again what the queue lost.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from config import crypto, keys, mail
from letters.actions import audit
from letters.models import Letter
from letters.permissions import owned_by
from signatories import addresses, update_mail
from signatories.actions import mailings, subscribing
from signatories.models import Delivery, Mailing, MailingState, Subscription, WhyPaused
from signatories.models.mailing import MAILING_LEASE, DeliveryQuerySet, MailingQuerySet

logger = logging.getLogger(__name__)

FILL_SIZE = 500
SLICE_SECONDS = 10
REFUSALS_TO_PAUSE = 20
REFUSALS_TO_ERASE = 3
# A mailbox that is put off so often is given up, after five days (RFC 5321, section 4.5.4.1).
DEFERMENTS = 27


class Stopped(Exception):
    """The mailing is no longer ours to send: paused, cancelled, deleted, or another worker's."""


def due(now: datetime) -> list[int]:
    """The mailings that a worker should look at now."""
    rows = Mailing.objects.due_to_start(now) | Mailing.objects.to_go_on(now)
    return list(rows.values_list("pk", flat=True))


def send_some(mailing_id: int) -> float | None:
    """Start the mailing if its time has come, and send as many messages as a few seconds allow.

    Returns the seconds after which to go on, or None where there is nothing to go on with.
    """
    _start(mailing_id)
    mailing = _take(mailing_id)
    if mailing is None:
        return None
    try:
        _fill(mailing)
        return _send_slice(mailing)
    except mail.Unreachable as error:
        return _put_off(mailing, error)
    except keys.KeyLost as lost:
        logger.error("Mailing %s is paused: %s", mailing.pk, lost)
        _pause(mailing, WhyPaused.KEY_LOST)
        return None
    except Stopped:
        _release(mailing)
        return None


@transaction.atomic
def _start(mailing_id: int) -> None:
    """Begin, if it is time. Twice is once."""
    now = timezone.now()
    due_now = Mailing.objects.due_to_start(now).filter(pk=mailing_id)
    mailing = due_now.select_related("update__letter", "started_by").first()
    if mailing is None:
        return
    if not _is_an_owners(mailing):
        # As with a text that was to appear by itself: whoever was removed decides nothing more.
        due_now.delete()
        _audit("mailing.taken_back", mailing, "not_owner")
    elif due_now.update(state=MailingState.SENDING, started_at=now):
        _audit("mailing.started", mailing)


def _is_an_owners(mailing: Mailing) -> bool:
    """Whether it was decided by somebody who owns the letter still."""
    actor = mailing.started_by
    return actor is None or owned_by(actor).filter(pk=mailing.update.letter_id).exists()


def _audit(verb: str, mailing: Mailing, reason: str = "") -> None:
    letter, target = mailing.update.letter, f"update:{mailing.update_id}"
    audit(verb=verb, actor=None, letter=letter, target=target, reason=reason)


# Holding the mailing ----------------------------------------------------------------------------


def _take(mailing_id: int) -> Mailing | None:
    """Claim the mailing for this worker, in one conditional UPDATE."""
    now = timezone.now()
    free = Mailing.objects.to_go_on(now).filter(pk=mailing_id)
    if not free.update(claimed_at=now):
        return None
    mailing = Mailing.objects.select_related("update__letter", "started_by").get(pk=mailing_id)
    if mailing.claimed_at != now:
        return None
    if mailing.update.letter.taken_down_on is not None:
        _pause(mailing, WhyPaused.TAKEN_DOWN)
        return None
    return mailing


def _hold(mailing: Mailing) -> None:
    """Renew the claim; raise `Stopped` where the mailing was paused, ended or taken over."""
    now = timezone.now()
    if not _held(mailing).may_be_sent().update(claimed_at=now):
        raise Stopped
    mailing.claimed_at = now


def _held(mailing: Mailing) -> MailingQuerySet:
    return Mailing.objects.sending().filter(pk=mailing.pk, claimed_at=mailing.claimed_at)


def _release(mailing: Mailing, seconds: float = 0) -> float:
    """Let go, and let nobody send before so many seconds have passed."""
    until = timezone.now() + timedelta(seconds=seconds)
    _held(mailing).update(claimed_at=None, not_before=until)
    return seconds


def _put_off(mailing: Mailing, error: mail.Unreachable) -> float:
    """The mail server is out of reach: wait exponentially longer, with jitter."""
    delay = mail.delay_after(mailing.attempts)
    _held(mailing).update(attempts=F("attempts") + 1)
    logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())
    return _release(mailing, delay.total_seconds())


def _pause(mailing: Mailing, why: WhyPaused) -> None:
    with transaction.atomic():
        if mailings.stop(mailing, why):
            _audit("mailing.paused", mailing, why)


# Noting who is to get it ------------------------------------------------------------------------


def _fill(mailing: Mailing) -> None:
    """Note every subscriber as a delivery, some hundreds at a time, by digest.

    The digest is the one thing about a subscription that a batch leaves as it is.
    """
    while mailing.filled_at is None:
        _fill_some(mailing)


@transaction.atomic
def _fill_some(mailing: Mailing) -> None:
    _hold(mailing)
    letter = mailing.update.letter
    later = letter.subscriptions.filter(digest__gt=mailing.filled_to).order_by("digest")
    digests = list(later.values_list("digest", flat=True)[:FILL_SIZE])
    Delivery.objects.bulk_create(Delivery(mailing=mailing, digest=one) for one in digests)
    mailing.total += len(digests)
    is_filled = len(digests) < FILL_SIZE
    # A digest outlives nobody's subscription: the last one is not needed any more.
    mailing.filled_to = "" if is_filled else digests[-1]
    mailing.filled_at = timezone.now() if is_filled else None
    mailing.save(update_fields=["total", "filled_to", "filled_at"])


# Sending ----------------------------------------------------------------------------------------


def _send_slice(mailing: Mailing) -> float | None:
    """Send what may leave within some seconds; return when to go on, or None at the end.

    All mailings that are being sent share the pace, so that our mail server sees no more of it.
    """
    began = time.monotonic()
    several = Mailing.objects.sending().count()
    seconds_each = 60 / settings.MAILING_PER_MINUTE * max(1, several)
    size = max(1, int(SLICE_SECONDS / seconds_each))
    number = 0
    while number < size and (number == 0 or time.monotonic() - began < SLICE_SECONDS):
        delivery = _claim_next(mailing)
        if delivery is None:
            return _come_to_an_end(mailing)
        _deliver(mailing, delivery)
        number += 1
    elapsed = time.monotonic() - began
    return _release(mailing, max(0.0, number * seconds_each - elapsed))


@transaction.atomic
def _claim_next(mailing: Mailing) -> Delivery | None:
    """Claim the next delivery, in one conditional UPDATE; None where none can be sent now.

    Those that failed before come last: a message that our server never takes stops nobody else's.
    """
    _hold(mailing)
    now = timezone.now()
    owed = mailing.deliveries.owed(now)
    while found := owed.untried().order_by("digest").first() or owed.order_by("retry_at").first():
        if mailing.deliveries.owed(now).filter(pk=found.pk).update(claimed_at=now):
            found.claimed_at = now
            return found
    return None


def _deliver(mailing: Mailing, delivery: Delivery) -> None:
    """Send one message and delete the delivery. Where the mail server is out of reach, the
    delivery is put back and `Unreachable` goes on to the caller, as does `KeyLost`."""
    letter = mailing.update.letter
    subscription = Subscription.objects.filter(letter=letter, digest=delivery.digest).first()
    if subscription is None:
        _claimed(delivery).delete()
        return
    try:
        address = addresses.decrypt_for_updates(letter, bytes(subscription.address))
        if not address.is_private:
            # The list of mail providers has become shorter: this counts as a work mailbox now.
            _drop(mailing, delivery, "is no private address any more")
            subscribing.erase(letter, [delivery.digest])
            return
        ticket = mail.new_ticket()
        link = _note_what_leads_back(letter, subscription, ticket)
        update_mail.send(update_mail.Message.frozen(mailing), str(address), link, ticket)
    except crypto.Unreadable:
        _drop(mailing, delivery, "has an address that no key reads")
    except mail.Refused:
        _note_refusal(mailing, delivery)
    except mail.Deferred:
        _defer(mailing, delivery)
    except (mail.Unreachable, keys.KeyLost):
        _claimed(delivery).update(claimed_at=None, retry_at=timezone.now())
        raise
    else:
        _count_sent(mailing, delivery)
        if subscription.refusals and not _came_back(subscription, ticket):
            _forget_refusals(letter, delivery.digest)


def _note_what_leads_back(letter: Letter, subscription: Subscription, ticket: str) -> str:
    """The capability for the mail. Its digest is stored under the newest of `FIELD_KEYS`, so that
    the link outlives them; beside it stands that of the ticket, if there is one."""
    link = addresses.updates_link(letter, subscription.digest)
    noted = {"link_digest": subscribing.link_digest(link)}
    if ticket:
        noted["ticket_digest"] = crypto.digest("ticket", ticket)
    if any(getattr(subscription, field) != digest for field, digest in noted.items()):
        with transaction.atomic():
            subscribing.wait_for_batch(letter)
            row = Subscription.objects.filter(letter=letter, digest=subscription.digest)
            row.update(**noted)
    return link


def _came_back(subscription: Subscription, ticket: str) -> bool:
    """Whether the last refusal was a mail that came back: its ticket was used up by that.

    Our server takes every mail then, and that it took this one says nothing about the mailbox.
    """
    return bool(ticket) and subscription.ticket_digest is None


# What became of a delivery ----------------------------------------------------------------------
# Each locks the mailing before the delivery, as those do who pause and cancel.


def _claimed(delivery: Delivery) -> DeliveryQuerySet:
    """The delivery while it is ours: another worker may have taken over, or it was ended."""
    return Delivery.objects.filter(pk=delivery.pk, claimed_at=delivery.claimed_at)


def _locked(mailing: Mailing) -> MailingQuerySet:
    row = Mailing.objects.filter(pk=mailing.pk)
    row.select_for_update(no_key=True).first()
    return row


@transaction.atomic
def _count_sent(mailing: Mailing, delivery: Delivery) -> None:
    row = _locked(mailing)
    deleted, _by_model = _claimed(delivery).delete()
    if deleted:
        row.update(sent=F("sent") + 1, refused_in_a_row=0, attempts=0)


@transaction.atomic
def _forget_refusals(letter: Letter, digest: str) -> None:
    subscribing.wait_for_batch(letter)
    Subscription.objects.filter(letter=letter, digest=digest).update(refusals=0)


@transaction.atomic
def _drop(mailing: Mailing, delivery: Delivery, why: str) -> None:
    row = _locked(mailing)
    deleted, _by_model = _claimed(delivery).delete()
    if deleted:
        row.update(failed=F("failed") + 1)
        logger.warning("Mailing %s: a subscription %s", mailing.pk, why)


def _defer(mailing: Mailing, delivery: Delivery) -> None:
    """This one mailbox is to be asked again later; the others need not wait for it."""
    if delivery.attempts >= DEFERMENTS:
        _drop(mailing, delivery, "was put off for days")
        return
    delay = mail.deferment_after(delivery.attempts)
    _claimed(delivery).update(
        claimed_at=None, retry_at=timezone.now() + delay, attempts=F("attempts") + 1
    )


@transaction.atomic
def _note_refusal(mailing: Mailing, delivery: Delivery) -> None:
    """Refused for good, or so it seems: where many are in a row, it may be about our server, and
    so nothing follows from a refusal before the end."""
    row = _locked(mailing)
    if not _claimed(delivery).update(claimed_at=None, was_refused=True):
        return
    row.update(refused_in_a_row=F("refused_in_a_row") + 1)
    if row.filter(refused_in_a_row__gte=REFUSALS_TO_PAUSE).exists():
        _pause(mailing, WhyPaused.REFUSED)


# The end ----------------------------------------------------------------------------------------


def _come_to_an_end(mailing: Mailing) -> float | None:
    """Nothing can be sent now: wait for those that are put off, or finish."""
    owed = mailing.deliveries.to_be_sent()
    waiting = owed.aggregate(retry=Min("retry_at"), claim=Min("claimed_at"))
    free_again = waiting["claim"] and waiting["claim"] + MAILING_LEASE
    moments = [moment for moment in (waiting["retry"], free_again) if moment]
    if moments:
        return _release(mailing, max(1.0, (min(moments) - timezone.now()).total_seconds()))
    _finish(mailing)
    return None


@transaction.atomic
def _finish(mailing: Mailing) -> None:
    letter = mailing.update.letter
    # Before the mailing, as whoever seals the letter does.
    subscribing.wait_for_batch(letter)
    _hold(mailing)
    refused = list(mailing.deliveries.refused().values_list("digest", flat=True))
    for start in range(0, len(refused), FILL_SIZE):
        _settle(letter, refused[start : start + FILL_SIZE])
    mailing.deliveries.refused().delete()
    Mailing.objects.filter(pk=mailing.pk).update(
        state=MailingState.DONE,
        ended_at=timezone.now(),
        failed=F("failed") + len(refused),
        claimed_at=None,
        not_before=None,
    )
    _audit("mailing.done", mailing)


def _settle(letter: Letter, refused: list[str]) -> None:
    """Count the refusal, and erase whoever's mailbox has refused several mailings in a row."""
    rows = Subscription.objects.filter(letter=letter, digest__in=refused)
    rows.update(refusals=F("refusals") + 1)
    gone = rows.filter(refusals__gte=REFUSALS_TO_ERASE)
    subscribing.erase(letter, list(gone.values_list("digest", flat=True)))
