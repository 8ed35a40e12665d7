from datetime import UTC, datetime, timedelta

import pytest

from config import mail
from config.mailbox import PAGE_SIZE

WORK = "mail/code"
CONTEXT = {"code": "1234 5678", "minutes": 30}


@pytest.fixture
def development(settings):
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"


def ids_in(settings):
    return sorted((path.stem for path in settings.MAIL_DIR.glob("*.eml")), reverse=True)


def write_messages(settings, number):
    """Messages a second apart, the last one the newest."""
    settings.MAIL_DIR.mkdir(exist_ok=True)
    began = datetime(2026, 1, 20, 12, tzinfo=UTC)
    for i in range(number):
        stamp = (began + timedelta(seconds=i)).strftime("%Y%m%d-%H%M%S-%f")
        text = f"To: reader{i}@orrery.example\nSubject: Message {i}\n\nText {i}\n"
        (settings.MAIL_DIR / f"{stamp}-{i:08x}.eml").write_text(text)


# Only in development ------------------------------------------------------------------------


def test_mailbox_does_not_exist_without_debug(client, settings):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    mail.send(WORK, "w.otterbourne@orrery.example", CONTEXT)
    [id] = ids_in(settings)

    pages = [client.get("/dev/mailbox/"), client.get(f"/dev/mailbox/{id}/")]

    for page in pages:
        assert page.status_code == 404
        assert page.content == client.get("/no-such-page/").content
        assert "otterbourne" not in page.content.decode()
        assert "1234 5678" not in page.content.decode()


# Reading ------------------------------------------------------------------------------------


def test_list_without_mail_says_so(client, development):
    page = client.get("/dev/mailbox/")

    assert page.status_code == 200
    assert "No mail yet" in page.content.decode()


def test_list_and_message_show_what_was_sent(client, development, settings):
    mail.send(
        "signatories/mail/code_private",
        "w.otterbourne@orrery.example",
        {**CONTEXT, "button_url": "http://testserver/confirm/" + "b" * 43 + "/"},
    )
    [id] = ids_in(settings)

    listed = client.get("/dev/mailbox/").content.decode()
    message = client.get(f"/dev/mailbox/{id}/")

    assert f'href="/dev/mailbox/{id}/"' in listed
    assert "w.otterbourne@orrery.example" in listed
    assert message["Cache-Control"] == "no-store"
    content = message.content.decode()
    assert "1234 5678" in content
    assert message.context["message"].links == ["http://testserver/confirm/" + "b" * 43 + "/"]
    assert "auto-generated" in content


def test_message_is_shown_as_text_whatever_it_holds(client, development, settings):
    settings.MAIL_DIR.mkdir()
    path = settings.MAIL_DIR / "20260120-120000-000000-00000000.eml"
    path.write_text("To: <script>a@b.example\nSubject: <b>x\n\n<script>alert(1)</script>\n")

    for url in ("/dev/mailbox/", f"/dev/mailbox/{path.stem}/"):
        assert "<script" not in client.get(url).content.decode()


# Paging -------------------------------------------------------------------------------------


def test_list_shows_the_newest_first_page_by_page(client, development, settings):
    write_messages(settings, 2 * PAGE_SIZE + 1)

    subjects, after, pages = [], "", 0
    while pages == 0 or after:
        page = client.get("/dev/mailbox/", {"after": after})
        subjects += [message.subject for message in page.context["messages"]]
        after = page.context["next_after"]
        pages += 1

    assert pages == 3
    assert subjects == [f"Message {i}" for i in reversed(range(2 * PAGE_SIZE + 1))]


def test_list_of_exactly_one_page_has_no_next_one(client, development, settings):
    write_messages(settings, PAGE_SIZE)

    page = client.get("/dev/mailbox/")

    assert len(page.context["messages"]) == PAGE_SIZE
    assert page.context["next_after"] == ""


@pytest.mark.parametrize("after", ["x", "0", "../../etc/passwd", "\0", "%00", "é" * 3000])
def test_list_after_anything_is_a_list(client, development, settings, after):
    write_messages(settings, 2)

    assert client.get("/dev/mailbox/", {"after": after}).status_code == 200


# Paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id",
    [
        "../development",
        "..%2f..%2fdevelopment.env",
        "%2e%2e%2f%2e%2e%2fvar%2fcredentials",
        "....//....//secret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "20260120-120000-000000-00000000.eml",
        "20260120-120000-000000-0000000G",
        "20260120-120000-000000-00000000%00",
        "20260120-120000-000000-00000000%0a",
        ".20260120-120000-000000-00000000",
        "2026",
        "a" * 61,
    ],
)
def test_message_reads_nothing_but_messages(client, development, settings, id):
    write_messages(settings, 1)
    for name in ("development.env", "credentials.eml"):
        (settings.MAIL_DIR.parent / name).write_text("Subject: planted\n\na secret\n")

    page = client.get(f"/dev/mailbox/{id}/")

    assert page.status_code == 404
    assert "secret" not in page.content.decode()


def test_message_that_is_not_there_is_not_found(client, development):
    assert client.get("/dev/mailbox/20260120-120000-000000-00000000/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_mailbox_is_for_reading_only(client, development, settings, method):
    write_messages(settings, 1)
    [id] = ids_in(settings)

    assert getattr(client, method)(f"/dev/mailbox/{id}/").status_code == 405
    assert ids_in(settings) == [id]
