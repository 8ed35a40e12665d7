"""Tasks: load by id, call a verb or send one mail. Each may run twice, or late."""

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from config import purging
from config.celery import enqueue
from config.deadlocks import let_others_write
from letters.actions import planning
from letters.models import Letter, Status
from signatories.actions import (
    batches,
    bulk,
    checking,
    delivering,
    erasing,
    importing,
    noticing,
    opening,
    pressing,
    rejections,
    returning,
    sealing,
)
from signatories.verification import invitation, mailbox, reminder

logger = logging.getLogger(__name__)

SWEEP_SIZE = 500
LONGEST_COUNTDOWN = 60  # seconds; what waits for longer is found by its sweep


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
def send_reminder(verification_id: str) -> None:
    reminder.send(verification_id)


@shared_task
def sweep_reminders() -> None:
    """Find the entries whose one reminder is due."""
    for verification_id in reminder.due(timezone.now(), SWEEP_SIZE):
        send_reminder.delay(verification_id)


@shared_task
def read_returned_mail() -> None:
    """Read the folder into which a mail server puts what came back, if there is one."""
    if settings.BOUNCE_MAILDIR:
        returning.read_folder(Path(settings.BOUNCE_MAILDIR))


@shared_task
def read_import(import_id: str) -> None:
    """Read a spreadsheet part by part; wherever this stops, the sweep has it go on from there."""
    while importing.read_part(import_id=import_id):
        logger.info("Read a part of import %s", import_id)
        let_others_write()


@shared_task
def send_invitation(invited_id: str) -> None:
    invitation.send(invited_id)


@shared_task
def sweep_imports() -> None:
    """Have files read whose reading has stopped, and as many invitations sent as may leave now.

    This is the throttle as well: nothing else queues invitations.
    """
    now = timezone.now()
    for import_id in importing.unread(now):
        read_import.delay(import_id)
    importing.look_after_sending()
    for invited_id in invitation.unsent(now):
        send_invitation.delay(invited_id)


@shared_task
def send_mailing(mailing_id: int) -> None:
    """Send some messages of a mailing, then come back for more at the pace that is set."""
    seconds = delivering.send_some(mailing_id)
    if seconds is not None and seconds < LONGEST_COUNTDOWN:
        enqueue(send_mailing, mailing_id, countdown=seconds)


@shared_task
def sweep_mailings() -> None:
    """Find mailings whose time has come, and those that stand still, whatever happened."""
    for mailing_id in delivering.due(timezone.now()):
        send_mailing.delay(mailing_id)


@shared_task
def check_entries(letter_id: int) -> None:
    """Compare what is new under a letter; whatever else waits there is done at once."""
    number = checking.check_letter(letter_id=letter_id)
    if number:
        logger.info("Checked %d entries of letter %s", number, letter_id)


@shared_task
def sweep_checks() -> None:
    """Find entries that nobody has checked, whatever happened to the queue."""
    checking.look_after_risks()
    for letter_id in checking.letters_to_check():
        check_entries.delay(letter_id)


@shared_task
def go_on_with_bulk(bulk_id: str) -> None:
    """Decide many entries batch by batch; wherever this stops, the sweep has it go on."""
    while bulk.go_on(bulk_id=bulk_id):
        logger.info("Decided a part of %s", bulk_id)
        let_others_write()


@shared_task
def sweep_bulk() -> None:
    """Find decisions about many entries that stand still, whatever happened to the queue."""
    for bulk_id in bulk.unattended(timezone.now()):
        go_on_with_bulk.delay(bulk_id)


@shared_task
def look_at_rejections(letter_id: int, person_id: int) -> None:
    """Tell the owners at once where somebody rejects very much."""
    for letter in Letter.objects.filter(pk=letter_id):
        rejections.look_at(letter=letter, person=person_id, now=timezone.now())


@shared_task
def publish_batches() -> None:
    now = timezone.now()
    for letter in Letter.objects.exclude(status=Status.DRAFT):
        batches.publish_batch(letter=letter, now=now)


@shared_task
def refresh_counts() -> None:
    for letter in Letter.objects.exclude(status=Status.DRAFT):
        batches.refresh_count(letter=letter)


@shared_task
def refresh_count(letter_id: int) -> None:
    for letter in Letter.objects.filter(pk=letter_id):
        batches.refresh_count(letter=letter)


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def purge_pages(letter_id: int) -> None:
    """Have the HTTP cache forget a letter's pages; by themselves they go within seconds."""
    for letter in Letter.objects.filter(pk=letter_id):
        purging.purge(letter.get_absolute_url())


@shared_task
def publish_planned() -> None:
    """Publish what was to appear by now, as its team has chosen."""
    for letter in planning.publish_due(now=timezone.now()):
        logger.info("Letter %s has a new text", letter.pk)
        enqueue(purge_pages, letter.pk)


@shared_task
def open_letters() -> None:
    """Make internal letters public whose signatories were told so for today."""
    for letter in opening.open_letters(now=timezone.now()):
        logger.info("Letter %s is public", letter.pk)


@shared_task
def end_letters() -> None:
    for what, letter in sealing.end_letters(now=timezone.now()):
        logger.info("Letter %s is %s", letter.pk, what)


@shared_task
def notice_what_happened() -> None:
    for occasion in noticing.notice_what_happened(now=timezone.now()):
        logger.info("Letter %s: %s", occasion.letter_id, occasion.kind)


@shared_task
def tell_of_pressure(letter_id: int) -> None:
    for letter in Letter.objects.filter(pk=letter_id):
        pressing.tell(letter=letter, now=timezone.now())


@shared_task
def erase_expired() -> None:
    for what, number in erasing.erase_expired(now=timezone.now()):
        logger.info("Erased %d %s", number, what)


@shared_task
def turn_keys() -> None:
    for name in erasing.turn_keys(now=timezone.now()):
        logger.info("Destroyed the key %s", name)
