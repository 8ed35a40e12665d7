"""The page about mail, for hosts: words about now, and numbers of days that are over."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from signatories.actions import signing
from signatories.addresses import Address
from signatories.models import MailDay
from tests.admin_pages import make_host, make_moderator
from tests.factories import make_letter
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

PAGE = "/admin/signatories/mailday/"
NOON = "2026-01-20T12:00:00Z"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def host(client):
    client.force_login(make_host())
    return client


def page(client):
    response = client.get(PAGE)
    assert response.status_code == 200
    assert response["Cache-Control"].startswith(("no-store", "max-age=0"))
    return words(response)


def test_page_counts_the_days_that_are_over_and_hides_small_numbers(host):
    for kind, number in (("sent", 1234), ("deferred", 5), ("refused", 4), ("returned", 17)):
        MailDay.objects.create(day=date(2026, 1, 19), kind=kind, number=number)
    MailDay.objects.create(day=date(2026, 1, 20), kind="sent", number=777)
    MailDay.objects.create(day=date(2026, 1, 5), kind="sent", number=888)

    shown = page(host)

    assert "19 January 1234 5 below 5 below 5 17" in shown
    assert "18 January below 5 below 5 below 5 below 5 below 5" in shown
    assert "777" not in shown, "Today's numbers would tell when a code leaves."
    assert "888" not in shown


def test_page_says_whether_codes_are_late(host, noon):
    assert "Codes leave in time" in page(host)

    make_letter()
    signing.ask_to_enter(address=Address("w", "google.example"))
    noon.shift(timedelta(minutes=7))

    assert "Codes leave late: the oldest has been due for 7 minutes." in page(host)


def test_page_says_how_returned_mail_is_read_and_when_some_last_came(host, settings):
    settings.BOUNCE_MAILDIR = "/srv/returned"  # Without an address it is left alone.
    assert "Returned mail is not read." in page(host)

    settings.BOUNCE_MAILDIR = ""
    settings.BOUNCE_ADDRESS = "bounce@letters.example.org"
    assert "Returned mail is read where the mail server pipes it in." in page(host)
    assert "No such message has come yet." in page(host)

    settings.BOUNCE_MAILDIR = "/srv/returned"
    MailDay.objects.create(day=timezone.localdate(), kind="read", number=1)
    assert "Returned mail is read from a folder, every minute." in page(host)
    assert "The last such message came on 20 January 2026." in page(host)

    settings.MAIL_PROVIDER, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": "a:b"}
    assert "The provider tells us of mail that it could not deliver." in page(host)


def test_page_says_whether_anybody_is_reminded(host, settings):
    assert "is reminded once after 24 hours." in page(host)

    settings.REMINDER_HOURS = 0
    assert "Nobody is reminded: REMINDER_HOURS is 0." in page(host)


def test_page_asks_the_database_as_often_for_many_days_as_for_one(
    host, django_assert_max_num_queries
):
    MailDay.objects.create(day=date(2026, 1, 19), kind="sent", number=10)
    page(host)
    with django_assert_max_num_queries(9) as one:
        page(host)
    for day in range(7, 19):
        MailDay.objects.create(day=date(2026, 1, day), kind="sent", number=10)

    with django_assert_max_num_queries(len(one.captured_queries)):
        page(host)


@pytest.mark.parametrize("role", ["owner", "moderator"])
def test_teams_do_not_see_the_page_nor_a_link_to_it(client, role):
    client.force_login(make_moderator("bob", make_letter(), role))

    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()


def test_no_page_shows_a_single_row(host):
    row = MailDay.objects.create(day=date(2026, 1, 20), kind="sent", number=777)

    for path in (f"{row.pk}/", f"{row.pk}/change/", f"{row.pk}/history/", "add/"):
        assert host.get(PAGE + path).status_code == 404
