"""The one reminder: to private mailboxes, about entries by name, and never twice."""

import re
import smtplib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone

from config import crypto, keys
from letters.actions import take_down
from letters.models import AuditEntry
from signatories import tasks
from signatories.actions import confirming, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Departure, Signature, State, Verification
from signatories.verification import mailbox, reminder
from tests.factories import make_letter, make_organisation, make_user
from tests.privacy.witnesses import posted, words

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
PRIVATE = Address("w.otterbourne", "gmail.com")
OTHER = Address("z.wrenfield", "gmail.com")
WORK = Address("w.otterbourne", "google.example")
NAMED = Entry("named", name="Wilhelmina Otterbourne")
A_DAY = timedelta(hours=24)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def mail_server(monkeypatch):
    """Stands in for the network: `mail_server.error` is raised instead of taking a message."""

    class Server:
        error = None

    def send_messages(backend, messages):
        if Server.error:
            raise Server.error
        return take(backend, messages)

    take = EmailBackend.send_messages
    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    return Server


def signed(address=PRIVATE, letter=None, entry=NAMED):
    """An unconfirmed entry whose code has left."""
    token = signing.sign(
        letter=letter or make_letter(), entry=entry, address=address, affiliation=Affiliation()
    )
    verification = Verification.objects.get(page_digest=crypto.digest("page", token))
    mailbox.send_code(str(verification.pk))
    mail.outbox.clear()
    verification.refresh_from_db()
    return verification


def sweep():
    """What the clock asks for, and all that follows; returns what left."""
    before = len(mail.outbox)
    for verification_id in reminder.due(timezone.now(), 500):
        reminder.send(verification_id)
    return mail.outbox[before:]


def button_in(message):
    [path] = re.findall(r"http://testserver(/confirm/[\w-]{43}/)", message.body)
    return path


# When and to whom ---------------------------------------------------------------------------


def test_entry_by_name_is_reminded_once_a_day_after_its_code(noon):
    verification = signed()
    assert verification.remind_at == NOON + A_DAY

    noon.move_to(NOON + A_DAY - timedelta(seconds=1), tick=False)
    assert sweep() == []
    noon.move_to(NOON + A_DAY, tick=False)
    [message] = sweep()

    assert message.to == ["w.otterbourne@gmail.com"]
    verification.refresh_from_db()
    assert verification.remind_at is None
    noon.move_to(NOON + A_DAY * 2, tick=False)
    assert sweep() == []


REMINDED = "we may remind you once at this address"


def code_page_of(client, **fields):
    usual = {"letter": make_letter(), "entry": NAMED, "address": PRIVATE}
    token = signing.sign(**{**usual, "affiliation": Affiliation(), **fields})
    return words(client.get(f"/confirm/{token}/"))


def test_reminder_is_told_beforehand_to_those_only_who_may_get_one(noon, client, settings):
    google = make_organisation("Google", "google.example")
    proven = Affiliation(google, "", "current", "mailbox")

    assert f"24 hours after the code was sent, {REMINDED}" in code_page_of(client)
    assert REMINDED not in code_page_of(client, address=WORK)
    anonymous = {"entry": Entry("anonymous"), "address": WORK, "affiliation": proven}
    assert REMINDED not in code_page_of(client, **anonymous)
    find = signing.ask_for_link(address=PRIVATE)
    assert REMINDED not in words(client.get(f"/confirm/{find}/"))
    settings.REMINDER_HOURS = 0
    assert REMINDED not in code_page_of(client)


def test_page_that_tells_of_the_reminder_is_the_same_for_an_address_that_has_signed(noon, client):
    letter = make_letter()
    confirming.confirm(verification=signed(letter=letter), secrets=("page", "1"))

    assert REMINDED in code_page_of(client, letter=letter)


@pytest.mark.parametrize("hours", [24, 0])
def test_every_private_mail_with_a_code_tells_of_the_reminder(noon, settings, hours):
    settings.REMINDER_HOURS = hours
    signing.ask_for_link(address=PRIVATE)
    signing.sign(letter=make_letter(), entry=NAMED, address=PRIVATE, affiliation=Affiliation())

    for verification in Verification.objects.all():
        mailbox.send_code(str(verification.pk))

    told = "If it stays unanswered, one reminder may follow after 24 hours, and none after that."
    for message in mail.outbox:
        for text in (message.body, message.alternatives[0][0]):
            assert (told in " ".join(text.split())) == bool(hours)
    assert len(mail.outbox) == 2


def test_reminder_says_no_more_than_the_mail_with_the_code(noon):
    letter = make_letter(title="Pick up the phone", slug="pick-up-the-phone")
    signed(letter=letter)
    noon.move_to(NOON + A_DAY, tick=False)

    [message] = sweep()

    assert message.subject == "Your address is not confirmed yet"
    assert message.from_email == "Codes <codes@127.0.0.1>" or "codes@" in message.from_email
    html = message.alternatives[0][0]
    for text in (" ".join(message.body.split()), " ".join(html.split())):
        assert "are erased within 48 hours, and the link ends." in text
        assert "This is the only reminder." in text
        for word in ("Pick up", "pick-up", "Wilhelmina", "sign", "letter"):
            assert word not in re.sub(r' style="[^"]*"', "", text), word
    assert button_in(message) in html
    assert not re.search(r"\b\d{4} ?\d{4}\b", message.body), "A code would be dead by then."


def test_work_mailbox_is_never_reminded(noon):
    verification = signed(WORK)

    noon.move_to(NOON + A_DAY * 2, tick=False)

    assert verification.remind_at is None
    assert sweep() == []


def test_anonymous_entry_is_never_reminded(noon, settings):
    settings.REMINDER_HOURS = 6
    letter = make_letter(allows_unverified_anonymous=True)
    verification = signed(letter=letter, entry=Entry("anonymous"))

    noon.move_to(NOON + timedelta(hours=23), tick=False)

    assert verification.remind_at is None
    assert sweep() == []


def test_nobody_is_reminded_of_anything_but_a_signature(noon):
    signing.ask_for_link(address=PRIVATE)
    mailbox.send_code(str(Verification.objects.get().pk))
    mail.outbox.clear()

    noon.move_to(NOON + timedelta(hours=23), tick=False)

    assert sweep() == []


def test_hours_of_nought_switch_it_off(noon, settings):
    settings.REMINDER_HOURS = 0
    signed()

    noon.move_to(NOON + A_DAY * 2, tick=False)

    assert sweep() == []


def test_hours_of_nought_stop_the_reminders_that_were_planned_before(noon, settings):
    signed()
    settings.REMINDER_HOURS = 0

    noon.move_to(NOON + A_DAY, tick=False)

    assert sweep() == []


def test_reminder_says_how_many_hours_are_left_where_the_code_was_asked_for_again(noon):
    verification = signed()
    noon.move_to(NOON + timedelta(hours=20), tick=False)
    signing.send_again(verification=verification)
    mailbox.send_code(str(verification.pk))
    mail.outbox.clear()
    noon.move_to(NOON + timedelta(hours=44, minutes=1), tick=False)

    [message] = sweep()

    assert "are erased within 28 hours" in " ".join(message.body.split())


def test_address_that_has_signed_already_is_reminded_like_a_new_one(noon, client):
    letter = make_letter()
    confirmed = signed(PRIVATE, letter)
    confirmed.button_digest = crypto.digest("button", "b" * 43)
    confirmed.save()
    client.post(f"/confirm/{'b' * 43}/", {"decision": "confirm"})
    assert not Verification.objects.exists()
    signed(PRIVATE, letter)
    signed(OTHER, letter)
    noon.move_to(NOON + A_DAY, tick=False)

    mails = {message.to[0]: posted(message, message.to[0]) for message in sweep()}

    assert set(mails) == {"w.otterbourne@gmail.com", "z.wrenfield@gmail.com"}
    assert len(set(mails.values())) == 1


def test_one_mailbox_is_reminded_once_of_each_letter(noon):
    letter, other = make_letter(), make_letter()
    for spelling in ("w.otterbourne", "wotterbourne", "w.otterbourne+tag"):
        signed(Address(spelling, "gmail.com"), letter)
    signed(PRIVATE, other)
    noon.move_to(NOON + A_DAY, tick=False)

    assert len(sweep()) == 2
    assert sweep() == []
    assert Verification.objects.reminded().count() == 2


def test_one_mailbox_is_reminded_once_though_its_entries_are_of_two_days(noon):
    letter = make_letter()
    signed(PRIVATE, letter)
    noon.move_to(NOON + A_DAY, tick=False)
    assert len(sweep()) == 1
    signed(PRIVATE, letter)
    noon.move_to(NOON + A_DAY * 2, tick=False)

    assert sweep() == []
    assert Verification.objects.to_be_reminded(timezone.now()).count() == 0


def test_code_that_is_asked_for_later_puts_the_reminder_off(noon):
    verification = signed()
    noon.move_to(NOON + timedelta(hours=20), tick=False)
    signing.send_again(verification=verification)
    assert sweep() == []
    mailbox.send_code(str(verification.pk))
    mail.outbox.clear()
    noon.move_to(NOON + timedelta(hours=30), tick=False)
    assert sweep() == []

    noon.move_to(NOON + timedelta(hours=44), tick=False)

    assert len(sweep()) == 1


def test_nobody_is_reminded_who_has_no_time_left_to_answer(noon):
    verification = signed()
    noon.move_to(NOON + timedelta(hours=58), tick=False)
    signing.send_again(verification=verification)
    mailbox.send_code(str(verification.pk))
    verification.refresh_from_db()

    assert verification.remind_at is None


def test_letter_that_was_taken_down_reminds_nobody(noon):
    letter = make_letter()
    signed(letter=letter)
    take_down(letter=letter, actor=make_user("alice", is_superuser=True))
    noon.move_to(NOON + A_DAY, tick=False)

    assert sweep() == []


# What the button does ------------------------------------------------------------------------


def test_opening_the_reminders_link_changes_nothing_and_its_button_confirms(noon, client):
    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    [message] = sweep()
    before = Verification.objects.values().get()

    page = client.get(button_in(message))

    assert page.status_code == 200
    assert "It was not me: erase this" in page.content.decode()
    assert Verification.objects.values().get() == before
    receipt = client.post(button_in(message), {"decision": "confirm"})
    assert receipt.status_code == 302
    assert not Verification.objects.exists()
    assert Signature.objects.get().state == State.IN_REVIEW
    again = client.post(button_in(message), {"decision": "confirm"})
    assert again.url == receipt.url


def test_it_was_not_me_erases_the_entry(noon, client):
    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    [message] = sweep()

    client.post(button_in(message), {"decision": "refuse"})

    assert not Verification.objects.exists()
    assert not Signature.objects.exists()


def test_button_of_the_first_mail_goes_on_working(noon, client):
    verification = signed()
    first = crypto.new_token()
    Verification.objects.update(button_digest=crypto.digest("button", first))
    noon.move_to(NOON + A_DAY, tick=False)
    sweep()

    client.post(f"/confirm/{first}/", {"decision": "confirm"})

    assert not Verification.objects.filter(pk=verification.pk).exists()
    assert Signature.objects.get().state == State.IN_REVIEW


# Whatever fails ------------------------------------------------------------------------------


def test_crash_while_the_reminder_leaves_never_sends_a_second_one(noon, monkeypatch):
    class PowerCut(BaseException):
        pass

    def die(*args, **options):
        raise PowerCut

    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    monkeypatch.setattr(reminder.mail, "send", die)
    with pytest.raises(PowerCut):
        sweep()
    monkeypatch.undo()
    noon.move_to(NOON + timedelta(hours=40), tick=False)

    assert sweep() == []
    assert Verification.objects.count() == 1


NOT_TAKEN = [
    ConnectionRefusedError(111, "refused"),
    smtplib.SMTPRecipientsRefused({"w.otterbourne@gmail.com": (451, b"later")}),
    smtplib.SMTPDataError(451, b"later"),
]


@pytest.mark.parametrize("error", NOT_TAKEN, ids=lambda error: type(error).__name__)
def test_reminder_that_has_not_left_leaves_later(noon, mail_server, error):
    verification = signed()
    noon.move_to(NOON + A_DAY, tick=False)
    mail_server.error = error
    assert sweep() == []
    verification.refresh_from_db()
    assert verification.reminder_digest is verification.mailbox_digest is None
    assert verification.remind_at > timezone.now()
    mail_server.error = None
    assert sweep() == []

    noon.move_to(NOON + A_DAY + timedelta(minutes=16), tick=False)

    assert len(sweep()) == 1
    assert sweep() == []


UNKNOWN = [TimeoutError("silence"), smtplib.SMTPServerDisconnected("gone")]


@pytest.mark.parametrize("error", UNKNOWN, ids=lambda error: type(error).__name__)
def test_reminder_that_may_have_left_is_not_repeated(noon, mail_server, error):
    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    mail_server.error = error
    sweep()
    mail_server.error = None

    noon.move_to(NOON + timedelta(hours=40), tick=False)

    assert sweep() == []


REFUSALS = [
    (554, b"5.7.1 blocked using Spamhaus"),
    (552, b"5.2.2 full"),
    (550, b"5.2.1 disabled"),
    (550, b"no"),
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusal_of_the_reminder_that_names_no_missing_mailbox_erases_nothing(
    noon, mail_server, client, answer
):
    signed()
    button = crypto.new_token()
    Verification.objects.update(button_digest=crypto.digest("button", button))
    noon.move_to(NOON + A_DAY, tick=False)
    mail_server.error = smtplib.SMTPRecipientsRefused({"w": answer})

    sweep()

    mail_server.error = None
    noon.move_to(NOON + timedelta(hours=40), tick=False)
    assert sweep() == []
    client.post(f"/confirm/{button}/", {"decision": "confirm"})
    assert Signature.objects.get().state == State.IN_REVIEW


def test_mailbox_that_is_not_there_for_the_reminder_loses_its_entry(noon, mail_server):
    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    mail_server.error = smtplib.SMTPRecipientsRefused({"w": (550, b"5.1.1 nobody")})

    sweep()

    assert not Signature.objects.exists()
    assert Departure.objects.get().fate == "refused"


def test_lost_key_of_the_day_erases_the_entry_and_leaves_word(noon):
    verification = signed()
    keys.destroy("day", verification.key_name)
    noon.move_to(NOON + A_DAY, tick=False)

    assert sweep() == []
    assert not Verification.objects.exists()
    assert AuditEntry.objects.get().verb == "keys.day_key_lost"


def test_domain_that_left_the_list_of_providers_gets_no_reminder(noon, monkeypatch):
    signed()
    noon.move_to(NOON + A_DAY, tick=False)
    monkeypatch.setattr(Address, "is_private", property(lambda address: False))

    assert sweep() == []
    assert Verification.objects.get().remind_at is None


def test_confirmed_entry_is_not_reminded_and_leaves_nothing_behind(noon, client):
    verification = signed()
    first = crypto.new_token()
    Verification.objects.update(button_digest=crypto.digest("button", first))
    client.post(f"/confirm/{first}/", {"decision": "confirm"})
    noon.move_to(NOON + A_DAY, tick=False)

    reminder.send(str(verification.pk))

    assert mail.outbox == []
    assert not Verification.objects.exists()


def test_task_is_what_the_clock_asks_for(noon, monkeypatch):
    verification = signed()
    asked = []
    monkeypatch.setattr(tasks.send_reminder, "delay", asked.append)
    noon.move_to(NOON + A_DAY, tick=False)

    tasks.sweep_reminders()

    assert asked == [str(verification.pk)]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
@pytest.mark.parametrize("entries", [1, 3])
def test_workers_at_once_send_one_reminder(noon, entries):
    letter = make_letter()
    ids = [str(signed(PRIVATE, letter).pk) for _entry in range(entries)]
    noon.move_to(NOON + A_DAY, tick=False)

    def work(one):
        try:
            reminder.send(one)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[one]) for one in ids * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mail.outbox) == 1
    assert Verification.objects.reminded().count() == 1
