"""Tasks: load by id, call a verb or send one mail. Each may run twice, or late."""

from celery import shared_task
from django.utils import timezone

from config.celery import enqueue
from letters import outbox
from letters.accounts import codes
from letters.actions import notice_mail
from letters.models import AccountMail, Notice

SWEEP_SIZE = 500


@shared_task
def send_account_code(mail_id: int) -> None:
    """Send one code; where the mail server is out of reach, come back later and later."""
    seconds = codes.send_code(mail_id)
    if seconds is not None:
        enqueue(send_account_code, mail_id, countdown=seconds)


@shared_task
def send_notice(notice_id: int) -> None:
    """Send one notice; where the mail server is out of reach, come back later and later."""
    seconds = notice_mail.send_notice(notice_id)
    if seconds is not None:
        enqueue(send_notice, notice_id, countdown=seconds)


@shared_task
def sweep_mail() -> None:
    """Find what is due to teams and was not sent, whatever happened to the queue."""
    now = timezone.now()
    for mail_id in outbox.unsent(AccountMail, now, SWEEP_SIZE):
        enqueue(send_account_code, mail_id)
    for notice_id in outbox.unsent(Notice, now, SWEEP_SIZE):
        enqueue(send_notice, notice_id)
