"""What is told of mail that owners have sent: to owners, and of their own letter only."""

import pytest
from django.test import Client
from django.utils import timezone

from letters.models import Role
from signatories import outbox
from signatories.models import Import, ImportState, Mailing, MailingState, WhyPaused
from signatories.outbox import Sent
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_update

pytestmark = pytest.mark.django_db


def make_mailing(letter, state, **fields):
    """A mailing of 40, of which 25 have left and 3 were refused."""
    now = timezone.now()
    ended = {"ended_at": now} if state in (MailingState.DONE, MailingState.CANCELLED) else {}
    return Mailing.objects.create(
        update=make_update(letter),
        state=state,
        subject="We were heard",
        send_at=now,
        started_at=now,
        filled_at=now,
        **{"total": 40, "sent": 25, "failed": 3, **ended, **fields},
    )


def make_import(letter, state, **fields):
    values = {"rows_total": 50, "rows_done": 50, "invited": 40, "sent": 10, "undeliverable": 2}
    return Import.objects.create(
        letter=letter,
        state=state,
        key_name="named-2026-01-20",
        erase_after=timezone.now(),
        **{**values, **fields},
    )


def test_updates_of_sums_what_the_mailings_of_the_letter_say():
    letter = make_letter()
    make_mailing(letter, MailingState.DONE, sent=37)
    make_mailing(letter, MailingState.SENDING)
    make_mailing(letter, MailingState.PAUSED, why_paused=WhyPaused.TEAM)
    make_mailing(make_letter(), MailingState.SENDING)

    assert outbox.updates_of(letter) == Sent(waiting=24, sent=87, refused=9)


def test_updates_of_counts_nobody_of_a_cancelled_mailing_as_waiting():
    letter = make_letter()
    make_mailing(letter, MailingState.CANCELLED)

    assert outbox.updates_of(letter) == Sent(waiting=0, sent=25, refused=3)


def test_invitations_of_sums_what_the_imports_of_the_letter_say():
    letter = make_letter()
    make_import(letter, ImportState.CANCELLED)
    make_import(letter, ImportState.SENDING)
    make_import(make_letter(), ImportState.SENDING)

    assert outbox.invitations_of(letter) == Sent(waiting=28, sent=20, refused=4)


@pytest.mark.parametrize(
    ("role", "is_told"),
    [(Role.OWNER, True), (Role.EDITOR, False), (Role.MODERATOR, False), (Role.PRESS, False)],
)
def test_overview_tells_owners_only_what_was_sent(role, is_told):
    letter = make_letter()
    make_mailing(letter, MailingState.SENDING)
    browser = Client()
    browser.force_login(make_moderator("alice", letter, role))

    page = " ".join(browser.get(f"/manage/letters/{letter.slug}/").content.decode().split())

    assert ("25 sent, 12 waiting, 3 refused" in page) == is_told
    assert ("none sent yet" in page) == is_told
