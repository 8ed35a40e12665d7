"""The mailbox proof: one code at a time, sent late rather than never, tried five times."""

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
from letters.models import AuditEntry
from signatories import outbox, tasks
from signatories.actions import confirming, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Departure, MailDay, Signature, State, Verification
from signatories.models.verification import CLAIM_LEASE
from signatories.verification import mailbox
from signatories.verification.mailbox import CodeExpired, WrongCode, check_code
from tests.factories import make_letter, make_organisation

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
WORK = Address("w.otterbourne", "google.example")
PRIVATE = Address("w.otterbourne", "gmail.com")


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def mail_server(monkeypatch):
    """Stands in for the network: `mail_server.error` is raised instead of taking a message."""

    class Server:
        error = None
        tried = 0

    def send_messages(backend, messages):
        Server.tried += 1
        if Server.error:
            raise Server.error
        return take(backend, messages)

    take = EmailBackend.send_messages
    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    return Server


def sign(address=WORK, letter=None, entry=None, affiliation=None):
    """An unconfirmed signature whose code is due."""
    token = signing.sign(
        letter=letter or make_letter(),
        entry=entry or Entry("named", name="Wilhelmina Otterbourne"),
        address=address,
        affiliation=affiliation or Affiliation(),
    )
    return Verification.objects.get(page_digest=crypto.digest("page", token))


def send(verification):
    return mailbox.send_code(str(verification.pk))


def code_in(message):
    return re.search(r"\b(\d{4}) (\d{4})\b", message.body).expand(r"\1\2")


def wrong_of(code):
    return str((int(code) + 1) % 10**8).zfill(8)


def row(verification):
    return Verification.objects.values().get(pk=verification.pk)


# What is sent ----------------------------------------------------------------------------------

WORK_MAIL = """\
Your code:

    {code}

It is valid for 30 minutes from the sending of this message.
If you have several such messages, only the newest code counts.

If you did not ask for this, ignore it.
"""


@pytest.mark.django_db
def test_send_code_to_a_work_mailbox_says_a_code_and_nothing_else(settings):
    google = make_organisation("Google", "google.example")
    letter = make_letter(title="Pick up the phone", slug="pick-up")
    verification = sign(letter=letter, affiliation=Affiliation(google, "", "current", "mailbox"))

    assert send(verification) is None

    [message] = mail.outbox
    code = code_in(message)
    assert message.subject == "Your code"
    assert message.to == ["w.otterbourne@google.example"]
    assert message.from_email == settings.MAIL_FROM
    assert message.cc == message.bcc == message.reply_to == []
    assert message.body == WORK_MAIL.format(code=f"{code[:4]} {code[4:]}")
    whole = message.message().as_string().replace("google.example", "", 1)
    for word in ("Wilhelmina", "Google", "Pick up", "pick-up", "http:"):
        assert word not in whole, word
    assert not re.search(r"\b(letter|sign|signature)\b(?!-)", whole, re.IGNORECASE)
    headers = {name for name, _value in message.message().items()}
    assert headers == {
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
        "X-Auto-Response-Suppress",
    }


@pytest.mark.django_db
def test_send_code_to_a_work_mailbox_is_always_the_same():
    google = make_organisation("Google", "google.example")
    letter = make_letter()
    verified = Affiliation(google, "", "current", "mailbox")
    confirmed = sign(letter=letter)
    confirming.confirm(verification=confirmed, secrets=("page", "1"))
    signing.ask_for_link(address=WORK)

    rows = [
        sign(letter=letter),
        sign(entry=Entry("anonymous"), affiliation=verified),
        Verification.objects.get(purpose="find"),
    ]
    for verification in rows:
        send(verification)

    def neutral(message):
        sent = message.message()
        text = sent.as_string().replace(sent["Message-ID"], "ID")
        text = text.replace(sent.get_boundary(), "BOUNDARY")
        return re.sub(r"\b\d{4} \d{4}\b", "CODE", text)

    assert len(mail.outbox) == 3
    assert len({neutral(message) for message in mail.outbox}) == 1


@pytest.mark.django_db
def test_send_code_to_a_private_mailbox_has_a_button_with_a_secret_of_its_own():
    verification = sign(PRIVATE)

    send(verification)

    [message] = mail.outbox
    [button] = re.findall(r"http://testserver/confirm/([\w-]{43})/", message.body)
    verification.refresh_from_db()
    assert verification.button_digest == crypto.digest("button", button)
    assert verification.button_digest != verification.page_digest
    assert f"/confirm/{button}/" in message.alternatives[0].content
    for word in ("Wilhelmina", "Letter"):
        assert word not in message.message().as_string()


@pytest.mark.django_db
def test_send_code_marks_it_sent_and_keeps_only_digests():
    verification = sign()
    before = row(verification)

    send(verification)

    [message] = mail.outbox
    assert row(verification) == before | {
        "due_at": None,
        "claimed_at": NOON,
        "sent_at": NOON,
        "code_digest": crypto.digest("code", str(verification.pk), code_in(message)),
    }


@pytest.mark.django_db
def test_codes_are_eight_digits_drawn_anew():
    verifications = [sign(Address(f"w{number}", "google.example")) for number in range(20)]

    for verification in verifications:
        send(verification)

    codes = {code_in(message) for message in mail.outbox}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {8}


# Claims ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_send_code_twice_is_once():
    verification = sign()

    send(verification)
    after = row(verification)
    assert send(verification) is None

    assert len(mail.outbox) == 1
    assert row(verification) == after


@pytest.mark.django_db
def test_send_code_that_another_worker_has_claimed_is_left_to_it():
    verification = sign()
    Verification.objects.update(claimed_at=NOON, code_digest="c" * 64)
    before = row(verification)

    assert send(verification) is None

    assert mail.outbox == []
    assert row(verification) == before


@pytest.mark.django_db
@pytest.mark.parametrize("fate", ["confirmed", "erased"])
def test_send_code_of_an_entry_that_is_gone_is_normal(fate):
    verification = sign()
    if fate == "confirmed":
        confirming.confirm(verification=verification, secrets=("page", "1"))
    else:
        mailbox.erase(verification, "refused")

    assert send(verification) is None

    assert mail.outbox == []


@pytest.mark.django_db
def test_crash_between_claim_and_mark_repeats_the_mail_and_loses_none(monkeypatch, time_machine):
    class PowerCut(BaseException):
        pass

    def send_and_die(folder, to, context, **options):
        really_send(folder, to, context, **options)
        raise PowerCut

    verification = sign()
    really_send = mailbox.mail.send
    monkeypatch.setattr(mailbox.mail, "send", send_and_die)
    with pytest.raises(PowerCut):
        send(verification)
    monkeypatch.undo()

    # The code is out, so it counts; and it is not known to be out, so it is sent again.
    [first] = mail.outbox
    verification.refresh_from_db()
    assert (verification.due_at, verification.claimed_at) == (NOON, NOON)
    assert verification.sent_at is None
    check_code(verification, code_in(first))
    assert mailbox.unsent(NOON + CLAIM_LEASE, 10) == []

    time_machine.shift(CLAIM_LEASE + timedelta(seconds=1))
    assert mailbox.unsent(timezone.now(), 10) == [str(verification.pk)]
    tasks.send_code(str(verification.pk))

    _first, second = mail.outbox
    verification.refresh_from_db()
    assert verification.due_at is None
    assert verification.tries == 0
    check_code(verification, code_in(second))
    with pytest.raises(WrongCode):
        check_code(verification, code_in(first))


@pytest.mark.django_db
def test_worker_that_comes_back_late_does_not_undo_the_claim_of_another(monkeypatch, time_machine):
    def be_slow(folder, to, context, **options):
        if not mail.outbox:
            really_send(folder, to, context, **options)
            time_machine.shift(CLAIM_LEASE + timedelta(seconds=1))
            send(verification)
            Verification.objects.update(due_at=timezone.now())
        else:
            really_send(folder, to, context)

    verification = sign()
    really_send = mailbox.mail.send
    monkeypatch.setattr(mailbox.mail, "send", be_slow)

    send(verification)

    verification.refresh_from_db()
    assert len(mail.outbox) == 2
    assert verification.due_at is not None
    check_code(verification, code_in(mail.outbox[1]))


# The mail server -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "w.otterbourne@google.example"),
        TimeoutError("w.otterbourne@google.example"),
        smtplib.SMTPServerDisconnected("w.otterbourne@google.example"),
        smtplib.SMTPConnectError(421, b"w.otterbourne@google.example"),
        smtplib.SMTPAuthenticationError(535, b"w.otterbourne@google.example"),
        smtplib.SMTPSenderRefused(550, b"w.otterbourne@google.example", "codes@x"),
        smtplib.SMTPDataError(451, b"w.otterbourne@google.example"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_mail_server_out_of_reach_puts_the_code_back(mail_server, error, caplog):
    verification = sign()
    before = row(verification)
    mail_server.error = error

    seconds = send(verification)

    after = row(verification)
    assert 2.5 <= seconds <= 7.5
    assert after | {"code_digest": "", "retry_at": None} == before | {"attempts": 1}
    assert after["retry_at"] == NOON + timedelta(seconds=seconds)
    assert Signature.objects.get().state == State.UNCONFIRMED
    assert "otterbourne" not in caplog.text
    with pytest.raises(CodeExpired):
        check_code(verification, "00000000")


@pytest.mark.django_db
def test_back_off_grows_to_a_quarter_of_an_hour_with_jitter(mail_server, time_machine):
    mail_server.error = ConnectionRefusedError()
    verification = sign()
    waits = []

    for attempts in range(12):
        assert row(verification)["attempts"] == attempts
        waits.append(send(verification))
        assert send(verification) is None
        time_machine.shift(timedelta(seconds=waits[-1]))

    for attempts, seconds in enumerate(waits):
        middle = min(5 * 2**attempts, 15 * 60)
        assert 0.5 * middle <= seconds <= 1.5 * middle
    assert mail_server.tried == 12

    mail_server.error = None
    assert send(verification) is None
    assert len(mail.outbox) == 1
    assert row(verification)["attempts"] == 0


@pytest.mark.django_db
def test_back_off_is_different_each_time(mail_server):
    mail_server.error = ConnectionRefusedError()

    waits = {send(sign(Address(f"w{n}", "google.example"))) for n in range(10)}

    assert len(waits) > 5


@pytest.mark.django_db
@pytest.mark.parametrize("attempts", [50, 2000, 32766])
def test_back_off_stays_bounded_however_long_the_server_is_away(mail_server, attempts):
    mail_server.error = ConnectionRefusedError()
    verification = sign()
    Verification.objects.update(attempts=attempts)

    seconds = send(verification)

    assert 450 <= seconds <= 1350
    assert row(verification)["claimed_at"] is None


@pytest.mark.django_db
def test_task_comes_back_after_the_delay(mail_server, django_capture_on_commit_callbacks):
    mail_server.error = ConnectionRefusedError()
    verification = sign()

    with django_capture_on_commit_callbacks() as callbacks:
        tasks.send_code(str(verification.pk))

    [callback] = callbacks
    task, arguments, countdown = callback.args
    assert (task.name, arguments) == (tasks.send_code.name, (str(verification.pk),))
    assert NOON + timedelta(seconds=countdown) == row(verification)["retry_at"]


BLOCKED = b"5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Spamhaus"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((450, b"4.2.0 later"), "deferred"),
        ((554, BLOCKED), "refused"),
        ((550, b"5.7.1 looks like spam"), "refused"),
        ((552, b"5.2.2 mailbox full"), "refused"),
        ((550, b"5.4.1 access denied"), "refused"),
    ],
)
def test_mailbox_that_is_put_off_keeps_its_entry_and_is_asked_again_later_and_later(
    mail_server, time_machine, caplog, answer, kind
):
    verification = sign()
    mail_server.error = smtplib.SMTPRecipientsRefused({str(WORK): answer})
    waits = []

    for attempts in range(11):
        assert send(verification) is None
        after = row(verification)
        assert (after["attempts"], after["claimed_at"]) == (attempts + 1, None)
        waits.append(after["due_at"] - timezone.now())
        assert mailbox.unsent(timezone.now(), 10) == []
        time_machine.move_to(after["due_at"], tick=False)
        assert mailbox.unsent(timezone.now(), 10) == [str(verification.pk)]

    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(waits) == timedelta(hours=6)
    assert Signature.objects.get().state == State.UNCONFIRMED
    assert "A mail server has" in caplog.text and "otterbourne" not in caplog.text
    assert sum(MailDay.objects.filter(kind=kind).values_list("number", flat=True)) == 11
    mail_server.error = None
    send(verification)
    assert (len(mail.outbox), row(verification)["attempts"]) == (1, 0)


@pytest.mark.django_db
def test_one_mailbox_that_is_put_off_leaves_the_installation_ready(
    mail_server, time_machine, client
):
    verification = sign()
    mail_server.error = smtplib.SMTPRecipientsRefused({str(WORK): (450, b"4.2.0 later")})
    for _minutes in range(20):
        for due in mailbox.unsent(timezone.now(), 10):
            mailbox.send_code(due)
        time_machine.shift(timedelta(minutes=1))
    assert row(verification)["attempts"] == 5

    response = client.get("/readyz")

    report = response.json()
    assert (response.status_code, report["mail_is_put_off"]) == (200, False)
    assert report["oldest_unsent_mail_seconds"] == 0
    assert not outbox.is_late(timezone.now())


@pytest.mark.django_db
@pytest.mark.parametrize("number", [19, 20])
def test_server_that_puts_everybody_off_shows(mail_server, client, number):
    letter = make_letter()
    mail_server.error = smtplib.SMTPRecipientsRefused({"w": (450, b"4.2.0 later")})
    for each in range(number):
        send(sign(Address(f"w{each}", "google.example"), letter))

    response = client.get("/readyz")

    is_shown = number == 20
    assert response.json()["mail_is_put_off"] == is_shown
    assert response.status_code == (503 if is_shown else 200)
    mail_server.error = None
    send(sign(Address("z", "google.example"), letter))
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("code", [550, 551, 553])
def test_permanent_refusal_erases_the_unconfirmed_entry(mail_server, code, caplog):
    verification = sign()
    mail_server.error = smtplib.SMTPRecipientsRefused({str(WORK): (code, b"unknown user")})

    assert send(verification) is None

    assert Signature.objects.count() == Verification.objects.count() == 0
    assert list(Departure.objects.values_list("fate", "appearance", "number")) == [
        ("refused", "named", 1)
    ]
    assert not AuditEntry.objects.exists()
    assert "otterbourne" not in caplog.text


@pytest.mark.django_db
def test_permanent_refusal_of_a_question_erases_it_and_no_signature(mail_server):
    confirming.confirm(verification=sign(), secrets=("page", "1"))
    signing.ask_for_link(address=WORK)
    mail_server.error = smtplib.SMTPRecipientsRefused({str(WORK): (550, b"unknown user")})

    assert send(Verification.objects.get()) is None

    assert not Verification.objects.exists()
    assert Signature.objects.get().state == State.IN_REVIEW
    assert not Departure.objects.exists()


@pytest.mark.django_db
def test_lost_key_of_the_day_erases_the_entry_and_leaves_word(caplog):
    verification = sign()
    keys.destroy("day", verification.key_name)

    assert send(verification) is None

    assert mail.outbox == []
    assert Signature.objects.count() == Verification.objects.count() == 0
    assert [d.fate for d in Departure.objects.all()] == ["expired"]
    assert list(AuditEntry.objects.values_list("verb", "target")) == [
        ("keys.day_key_lost", "2026-01-20.named")
    ]
    assert "The key of the day 2026-01-20.named is lost" in caplog.text


# The sweep ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_unsent_finds_what_is_due_the_oldest_first(time_machine):
    second = sign()
    time_machine.shift(-timedelta(minutes=1))
    first = sign()
    later = sign()
    Verification.objects.filter(pk=later.pk).update(retry_at=NOON + timedelta(minutes=5))
    sent = sign()
    send(sent)

    assert mailbox.unsent(NOON, 10) == [str(first.pk), str(second.pk)]
    assert mailbox.unsent(NOON, 1) == [str(first.pk)]


@pytest.mark.django_db
def test_sweep_queues_what_was_not_sent(monkeypatch):
    queued = []
    monkeypatch.setattr(tasks.send_code, "delay", lambda *arguments: queued.append(arguments))
    verification = sign()

    tasks.sweep_codes()

    assert queued == [(str(verification.pk),)]


# Trying ------------------------------------------------------------------------------------------


def sent(address=WORK):
    verification = sign(address)
    send(verification)
    verification.refresh_from_db()
    return verification, code_in(mail.outbox[-1])


@pytest.mark.django_db
def test_check_code_takes_the_newest_code():
    verification, code = sent()

    assert check_code(verification, code) is None


@pytest.mark.django_db
def test_check_code_counts_five_tries_and_then_takes_not_even_the_right_one():
    verification, code = sent()

    left = []
    for _try in range(5):
        with pytest.raises(WrongCode) as refusal:
            check_code(verification, wrong_of(code))
        left.append(refusal.value.tries_left)

    assert left == [4, 3, 2, 1, 0]
    for typed in (code, wrong_of(code)):
        with pytest.raises(CodeExpired):
            check_code(verification, typed)
    assert row(verification)["tries"] == 5


@pytest.mark.django_db
def test_check_code_takes_the_right_code_at_the_fifth_try():
    verification, code = sent()
    for _try in range(4):
        with pytest.raises(WrongCode):
            check_code(verification, wrong_of(code))

    assert check_code(verification, code) is None


@pytest.mark.django_db
def test_check_code_by_pages_opened_before_counts_every_try():
    verification, code = sent()
    pages = [Verification.objects.get(pk=verification.pk) for _page in range(7)]

    refusals = []
    for page in pages:
        with pytest.raises((WrongCode, CodeExpired)) as refusal:
            check_code(page, wrong_of(code))
        refusals.append(refusal.type)

    assert refusals == [WrongCode] * 5 + [CodeExpired] * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
def test_check_code_by_twenty_at_once_counts_every_try(time_machine):
    verification, code = sent()
    refusals, begin = [], threading.Barrier(20)

    def guess():
        begin.wait()
        try:
            check_code(Verification.objects.get(pk=verification.pk), wrong_of(code))
        except (WrongCode, CodeExpired) as refusal:
            refusals.append(type(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(refusals, key=str) == [CodeExpired] * 15 + [WrongCode] * 5
    assert row(verification)["tries"] == 5


@pytest.mark.django_db
def test_check_code_expires_half_an_hour_after_sending_and_not_after_signing(time_machine):
    verification = sign()
    time_machine.shift(timedelta(hours=5))
    send(verification)
    code = code_in(mail.outbox[0])

    time_machine.shift(timedelta(minutes=30) - timedelta(seconds=1))
    assert check_code(verification, code) is None

    time_machine.shift(timedelta(seconds=1))
    with pytest.raises(CodeExpired):
        check_code(verification, code)


@pytest.mark.django_db
def test_check_code_before_any_was_sent_is_expired():
    with pytest.raises(CodeExpired):
        check_code(sign(), "00000000")


@pytest.mark.django_db
def test_check_code_of_another_entry_is_wrong():
    verification, _code = sent()
    _other, other_code = sent(Address("x", "google.example"))

    with pytest.raises(WrongCode):
        check_code(verification, other_code)


@pytest.mark.django_db
def test_new_code_ends_the_earlier_one_and_gives_five_tries_again():
    verification, first = sent()
    for _try in range(5):
        with pytest.raises(WrongCode):
            check_code(verification, wrong_of(first))
    assert signing.send_again(verification=verification)

    send(verification)

    second = code_in(mail.outbox[1])
    with pytest.raises(WrongCode) as refusal:
        check_code(verification, first)
    assert refusal.value.tries_left == 4
    assert check_code(verification, second) is None


@pytest.mark.django_db
def test_new_mail_ends_the_button_of_the_earlier_one(client):
    verification = sign(PRIVATE)
    send(verification)
    signing.send_again(verification=verification)
    send(verification)

    first, second = (re.search(r"/confirm/[\w-]{43}/", message.body)[0] for message in mail.outbox)

    assert client.post(first, {"decision": "confirm"}).status_code == 404
    assert Signature.objects.get().state == State.UNCONFIRMED
    assert client.post(second, {"decision": "confirm"}).status_code == 302


# On the page ---------------------------------------------------------------------------------


FORM = {
    "name": "Wilhelmina Otterbourne",
    "email": "w.otterbourne@google.example",
    "appearance": "named",
}


def neutral(response, url):
    html = response.content.decode().replace(url, "PAGE")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)


@pytest.mark.django_db
def test_sixth_code_of_a_day_is_not_sent_and_the_page_says_the_same(client, settings, deliver):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "code:mailbox": "5/d", "sign:mailbox": "9/d"}
    letter = make_letter()
    pages = []

    for number in range(6):
        email = f"w.otterbourne+{number}@google.example"
        redirect = client.post(f"/letters/{letter.slug}/sign/", {**FORM, "email": email})
        page = client.get(redirect.url)
        pages.append((page.status_code, neutral(page, redirect.url)))
        deliver()

    assert len(mail.outbox) == 5
    assert pages[5] == pages[0]


@pytest.mark.django_db
def test_letter_s_key_lost_stops_confirming_with_a_page_and_changes_nothing(client, caplog):
    letter = make_letter()
    confirming.confirm(verification=sign(letter=letter), secrets=("page", "1"))
    token = client.post(f"/letters/{letter.slug}/sign/", FORM).url
    verification = Verification.objects.get()
    send(verification)
    code = code_in(mail.outbox[-1])
    path = keys.ring("letter") / f"{letter.pk}.key"
    kept = path.read_bytes()
    path.unlink()
    signatures = list(Signature.objects.order_by("pk").values())

    page = client.post(token, {"code": code})

    assert page.status_code == 503
    assert page["Cache-Control"] == "no-store"
    assert list(Signature.objects.order_by("pk").values()) == signatures
    assert Verification.objects.get() == verification
    assert "Confirming has stopped" in caplog.text
    assert client.get("/readyz").json()["keys"].startswith("lost for 1 letter(s)")
    path.write_bytes(kept)
    assert client.post(token, {"code": code}).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", ["sign", "find"])
def test_day_s_key_lost_erases_the_entry_when_somebody_confirms(client, purpose):
    letter = make_letter()
    if purpose == "sign":
        page = client.post(f"/letters/{letter.slug}/sign/", FORM)
    else:
        page = client.post("/signature/find/", {"email": FORM["email"]})
    verification = Verification.objects.get()
    send(verification)
    keys.destroy("day", verification.key_name)

    assert client.get(page.url).status_code == 404
    assert Verification.objects.count() == 1

    assert client.post(page.url, {"code": code_in(mail.outbox[0])}).status_code == 404

    assert Verification.objects.count() == Signature.objects.count() == 0
    assert client.get("/readyz").json()["day_keys_lost_recently"] == 1
