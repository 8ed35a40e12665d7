"""Tasks: load by id, call a verb or send one mail. Each may run twice, or late."""

import logging

from celery import shared_task
from django.utils import timezone

from config.celery import enqueue
from letters.models import Letter, Status
from signatories.actions import batches, erasing
from signatories.verification import mailbox

logger = logging.getLogger(__name__)

SWEEP_SIZE = 500


@shared_task
def send_code(verification_id: str) -> None:
    """Send one code; where the mail server is out of reach, come back later and later."""
    seconds = mailbox.send_code(verification_id)
    if seconds is not None:
        enqueue(send_code, verification_id, countdown=seconds)


@shared_task
def sweep_codes() -> None:
    """Find what is due and was not sent, whatever happened to the queue."""
    for verification_id in mailbox.unsent(timezone.now(), SWEEP_SIZE):
        send_code.delay(verification_id)


@shared_task
def publish_batches() -> None:
    now = timezone.now()
    for letter in Letter.objects.exclude(status__in=[Status.DRAFT, Status.SEALED]):
        batches.publish_batch(letter=letter, now=now)


@shared_task
def refresh_counts() -> None:
    for letter in Letter.objects.exclude(status=Status.DRAFT):
        batches.refresh_count(letter=letter)


@shared_task
def erase_expired() -> None:
    for what, number in erasing.erase_expired(now=timezone.now()):
        logger.info("Erased %d %s", number, what)


@shared_task
def turn_keys() -> None:
    for name in erasing.turn_keys(now=timezone.now()):
        logger.info("Destroyed the key of the day %s", name)
