"""The pages of updates: the public timeline, the workspace, the mailing and the way out."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from letters.models import Membership, Role, Status, Update, Visibility
from signatories import addresses
from signatories.models import Delivery, Mailing, Subscription
from tests.factories import make_letter, make_subscription, make_update, make_user
from tests.privacy.witnesses import all_rows, answer, value_of, words

pytestmark = pytest.mark.django_db

MANAGE = "/manage/letters/open/updates/"


@pytest.fixture
def letter():
    return make_letter(slug="open", title="Pick up the phone")


@pytest.fixture
def alice(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return alice


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


def typed(**changes):
    return {
        "kind": "news",
        "title": "We were heard",
        "body": "They *listened*.",
        "source": "",
        "published_on": "2026-01-20",
        "revision": "0",
        "do": "save",
        **changes,
    }


# For everybody ----------------------------------------------------------------------------


def test_timeline_is_cached_without_a_cookie_and_shows_text_kind_and_source(client, letter):
    make_update(
        letter,
        kind="press",
        title="An article",
        body="*Read* <script>alert(1)</script>",
        source="https://paper.example/a",
    )

    page = client.get("/letters/open/updates/")

    text = page.content.decode()
    assert page["Cache-Control"] == "public, max-age=30"
    assert not page.cookies and "csrfmiddlewaretoken" not in text
    assert "An article" in words(page) and "Press" in words(page)
    assert "<em>Read</em>" in text and "<script>alert" not in text
    assert 'href="https://paper.example/a" rel="noopener noreferrer"' in text
    assert 'href="/letters/open/updates/subscribe/"' in text


def test_timeline_goes_on_by_key(client, letter):
    for number in range(23):
        make_update(letter, title=f"Number {number:02}")

    first = client.get("/letters/open/updates/")
    key = re.search(r"\?after=([^\"]+)\"", first.content.decode())[1]
    second = client.get(f"/letters/open/updates/?after={key}")

    shown = [set(re.findall(r"Number \d\d", page.content.decode())) for page in (first, second)]
    assert [len(one) for one in shown] == [20, 3]
    assert not shown[0] & shown[1]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": Status.DRAFT}, 404),
        ({"visibility": Visibility.INTERNAL}, 404),
        ({"taken_down_on": date(2026, 1, 20)}, 404),
        ({"status": Status.SEALED}, 200),
    ],
)
def test_timeline_is_there_where_the_letter_is(client, fields, status):
    letter = make_letter(slug="open", **{**fields, "taken_down_on": None})
    letter.taken_down_on = fields.get("taken_down_on")
    letter.save()
    make_update(letter, title="Nobody else may read this")

    page = client.get("/letters/open/updates/")

    assert page.status_code == status
    assert ("Nobody else may read this" in words(page)) == (status == 200)


def test_letter_shows_the_newest_and_leads_to_all(client, letter):
    for number in range(4):
        make_update(letter, title=f"Number {number}")

    page = client.get("/letters/open/")

    assert re.findall(r"Number \d", words(page)) == ["Number 3", "Number 2", "Number 1"]
    assert 'href="/letters/open/updates/"' in page.content.decode()


# Writing ----------------------------------------------------------------------------------


def test_update_is_posted_seen_edited_and_deleted(browser, letter):
    assert "Nothing is posted yet" in words(browser.get(MANAGE))
    assert browser.get(f"{MANAGE}new/").status_code == 200

    done = browser.post(f"{MANAGE}new/", typed())

    assert done.url == MANAGE
    update = Update.objects.get()
    assert "We were heard" in words(browser.get(MANAGE))
    assert "We were heard" in words(Client().get("/letters/open/"))
    edit = f"{MANAGE}{update.pk}/"
    assert value_of(browser.get(edit), "title") == "We were heard"
    browser.post(edit, typed(title="They answered"))
    assert "They answered" in words(Client().get("/letters/open/updates/"))
    before = all_rows()["letters_update"]
    assert "Delete the update?" in words(browser.get(f"{edit}delete/"))
    assert all_rows()["letters_update"] == before
    browser.post(f"{edit}delete/")
    assert not Update.objects.exists()
    assert browser.get(edit).status_code == 404


def test_preview_shows_what_was_typed_and_saves_nothing(browser, letter):
    for page in (
        browser.post(f"{MANAGE}new/", typed(do="preview")),
        browser.post(f"{MANAGE}preview/", typed()),
    ):
        assert "They <em>listened</em>." in page.content.decode()
    assert not Update.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"title": " "}, "title", "Say what is new, in a few words."),
        ({"title": "x" * 201}, "title", "200"),
        ({"kind": "gossip"}, "kind", "Choose one of the kinds listed."),
        ({"kind": "press"}, "source", "Say where the coverage can be read."),
        ({"source": "javascript:alert(1)"}, "source", "Enter a complete address"),
        ({"published_on": "2999-01-01"}, "published_on", "This day has not come yet."),
        ({"published_on": "yesterday"}, "published_on", "Write the day as year"),
        ({"body": "x" * 20_001}, "body", "20000"),
    ],
)
def test_update_that_does_not_fit_says_why_and_keeps_it(browser, changes, field, reason):
    page = browser.post(f"{MANAGE}new/", typed(**changes))

    assert page.status_code == 200
    assert reason in " ".join(page.context["form"].errors[field])
    assert "They *listened*." in page.content.decode() or "body" in changes
    assert not Update.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"title": "a\0b"}, {"revision": "x"}, {"revision": "9" * 40}, {"body": "\0"}]
)
def test_update_form_takes_anything_and_breaks_at_nothing(browser, letter, changes):
    update = make_update(letter)

    for url in (f"{MANAGE}new/", f"{MANAGE}{update.pk}/", f"{MANAGE}preview/"):
        assert browser.post(url, typed(**changes)).status_code in (200, 302, 400, 409)


def test_second_editor_sees_the_difference_and_can_replace(browser, letter):
    update = make_update(letter)
    browser.post(f"{MANAGE}{update.pk}/", typed(body="First."))

    page = browser.post(f"{MANAGE}{update.pk}/", typed(body="Second."))

    assert page.status_code == 409
    assert "Somebody has edited this update while you were writing" in words(page)
    assert Update.objects.get().body == "First.\n"
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', page.content.decode())[1]
    browser.post(f"{MANAGE}{update.pk}/", typed(body="Second.", revision=revision))
    assert Update.objects.get().body == "Second.\n"


def test_form_without_its_token_keeps_what_was_typed(alice, letter):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    update = make_update(letter)

    for url in (f"{MANAGE}new/", f"{MANAGE}{update.pk}/"):
        page = strict.post(url, typed(title="Kept title"))
        assert (page.status_code, value_of(page, "title")) == (403, "Kept title")
    page = strict.post(f"{MANAGE}{update.pk}/mailing/", {"do": "test", "email": "w@gmail.com"})
    assert (page.status_code, value_of(page, "email")) == (403, "w@gmail.com")
    assert mail.outbox == []
    assert Update.objects.get().revision == 0


def test_list_asks_as_often_for_one_row_as_for_three(browser, letter, django_assert_num_queries):
    make_update(letter)
    with django_assert_num_queries(8):
        browser.get(MANAGE)
    for _twice in range(2):
        make_update(letter)
    with django_assert_num_queries(8):
        browser.get(MANAGE)


# Mailing ----------------------------------------------------------------------------------


@pytest.fixture
def update(letter):
    return make_update(letter, title="We were heard", body="They *listened*.\n")


@pytest.fixture
def url(update):
    return f"{MANAGE}{update.pk}/mailing/"


def subscribe(letter, number):
    for n in range(number):
        make_subscription(letter, f"w{n}@gmail.com")


@pytest.mark.parametrize(
    ("number", "told"),
    [(None, "see when the update has left"), (4, "fewer than 5 people"), (5, "went to 5 people")],
)
def test_mailing_page_shows_the_mail_and_no_small_number(browser, letter, url, number, told):
    now = timezone.now()
    if number:
        Mailing.objects.create(
            update=make_update(letter), state="sending", send_at=now, started_at=now,
            filled_at=now, total=number, subject="Before",
        )  # fmt: skip

    page = browser.get(url)

    assert told in words(page)
    assert "They *listened*." in page.content.decode()


def test_editor_is_told_that_an_owner_ends_the_mailing(letter, update):
    now = timezone.now()
    Mailing.objects.create(update=update, state="scheduled", send_at=now, subject="Heard")
    emil = make_user("emil", second_factor=False)
    Membership.objects.create(letter=letter, user=emil, role=Role.EDITOR)
    browser = Client()
    browser.force_login(emil)

    page = browser.post(f"{MANAGE}{update.pk}/delete/")

    assert "only owners end one" in words(page)
    assert Update.objects.filter(pk=update.pk).exists()


def test_mailing_page_does_not_move_when_somebody_subscribes(browser, letter, url):
    subscribe(letter, 5)
    before = words(browser.get(url))

    make_subscription(letter, "ada@gmail.com")

    assert words(browser.get(url)) == before


def test_mailing_page_shows_markup_in_the_text_as_it_was_typed(browser, update, url):
    Update.objects.update(body="We wrote <form action=/away>& waited</form>.")

    page = browser.get(url).content.decode()

    assert "We wrote &lt;form action=/away&gt;&amp; waited&lt;/form&gt;." in page
    assert "<form action=/away>" not in page


def test_mailing_is_asked_for_once_more_and_then_scheduled(browser, letter, url):
    subscribe(letter, 5)

    asked = browser.post(url, {"do": "ask", "send_at": ""})
    assert "cannot be called back" in words(asked)
    assert not Mailing.objects.exists()
    done = browser.post(url, {"do": "send", "send_at": "", "revision": "0"})

    assert done.url == url
    assert Mailing.objects.get().state == "scheduled"
    assert Mailing.objects.get().send_at <= timezone.now()


def test_mailing_at_a_time_waits_and_can_be_taken_back(browser, url):
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    asked = browser.post(url, {"do": "ask", "send_at": later})
    assert f'name="send_at" value="{later}"' in asked.content.decode()

    browser.post(url, {"do": "send", "send_at": later, "revision": "0"})

    assert "Will be sent on" in words(browser.get(url))
    browser.post(url, {"do": "take_back"})
    assert not Mailing.objects.exists()


@pytest.mark.parametrize("when", ["2020-01-01T10:00", "soon"])
@pytest.mark.parametrize("do", ["ask", "send"])
def test_mailing_at_no_time_that_comes_says_why(browser, url, when, do):
    page = browser.post(url, {"do": do, "send_at": when, "revision": "0"})

    assert page.status_code == 200
    assert page.context["form"].errors["send_at"]
    assert value_of(page, "send_at") == when
    assert not Mailing.objects.exists()


def test_mailing_of_what_was_edited_meanwhile_is_read_again_first(browser, update, url):
    Update.objects.update(revision=1, edited_on=timezone.localdate())

    page = browser.post(url, {"do": "send", "send_at": "", "revision": "0"})

    assert "Somebody has edited this update meanwhile" in words(page)
    assert not Mailing.objects.exists()


def test_progress_pauses_goes_on_and_ends_by_buttons(browser, letter, update, url):
    subscribe(letter, 8)
    now = timezone.now()
    mailing = Mailing.objects.create(
        update=update, state="sending", send_at=now, started_at=now, filled_at=now,
        total=8, sent=3, subject="We were heard",
    )  # fmt: skip
    rows = list(letter.subscriptions.values_list("digest", flat=True))[:5]
    Delivery.objects.bulk_create(Delivery(mailing=mailing, digest=one) for one in rows)

    for page in (browser.get(url), browser.get(f"{url}now/")):
        assert "3 of 8 dealt with." in page.content.decode()
        assert '<progress max="8" value="3"' in page.content.decode()
    assert "HX-Redirect" not in browser.get(f"{url}now/")
    assert "every 5s" in browser.get(f"{url}now/").content.decode()
    browser.post(url, {"do": "pause"})
    assert "A team member has paused it." in words(browser.get(url))
    assert "every 5s" not in browser.get(f"{url}now/").content.decode()
    browser.post(url, {"do": "resume"})
    assert Mailing.objects.get().state == "sending"
    assert "Cancel the mailing?" in words(browser.post(url, {"do": "ask_to_cancel"}))
    assert Mailing.objects.get().state == "sending"
    browser.post(url, {"do": "cancel"})
    assert Mailing.objects.get().state == "cancelled"
    assert browser.get(f"{url}now/")["HX-Redirect"] == url  # Its buttons have no effect any more.
    assert "Whoever had not got it by then gets nothing." in words(browser.get(url))


def test_looking_at_a_mailing_changes_nothing(browser, url):
    browser.get(url)
    before = all_rows()

    for page in ("", "html/", "now/"):
        for method in (browser.get, browser.head):
            query = {"do": "send", "revision": "0", "email": "w@gmail.com"}
            assert method(f"{url}{page}", query).status_code == 200

    assert all_rows() == before
    assert mail.outbox == []


def test_mail_as_programs_show_it_allows_its_looks_and_nothing_else(browser, url):
    page = browser.get(f"{url}html/")

    policy = page["Content-Security-Policy"]
    assert "They <em>listened</em>." in page.content.decode()
    assert "style-src-attr 'unsafe-inline'" in policy and "default-src 'none'" in policy
    assert "script-src" not in policy
    assert page["Cache-Control"] == "no-store"


def test_test_is_sent_once_and_its_address_is_kept_nowhere(browser, url):
    done = browser.post(url, {"do": "test", "email": "myself.unheard@gmail.com"})

    assert done.url == url
    assert [message.to for message in mail.outbox] == [["myself.unheard@gmail.com"]]
    assert "myself.unheard" not in str(all_rows())


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("", "Enter your email address."),
        ("w@google.example", "a mailbox at work belongs to the employer"),
        ("nonsense", "This one has no @."),
    ],
)
def test_test_to_a_wrong_address_says_why_and_keeps_it(browser, url, email, reason):
    page = browser.post(url, {"do": "test", "email": email})

    assert reason in page.context["test_form"].errors["email"][0]
    assert value_of(page, "email") == email
    assert mail.outbox == []


def test_tests_are_limited(browser, url, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mailing:test": "1/h"}
    browser.post(url, {"do": "test", "email": "w@gmail.com"})

    page = browser.post(url, {"do": "test", "email": "w@gmail.com"})

    assert "Too many attempts" in page.context["test_form"].errors["email"][0]
    assert len(mail.outbox) == 1


# The way out ------------------------------------------------------------------------------


def link_of(subscription):
    return f"/updates/end/{addresses.updates_link(subscription.letter, subscription.digest)}/"


def test_link_in_a_mail_asks_on_get_and_ends_on_post_twice(letter):
    subscription = make_subscription(letter, "w@gmail.com")
    make_subscription(letter, "v@gmail.com")
    url, before = link_of(subscription), all_rows()
    reader = Client(enforce_csrf_checks=True)

    for method in (reader.get, reader.head):
        assert method(url).status_code == 200
    assert all_rows() == before
    for _twice in range(2):
        done = reader.post(url, {"List-Unsubscribe": "One-Click"})
        assert (done.status_code, done["Cache-Control"]) == (200, "no-store")

    assert Subscription.objects.get().pk != subscription.pk
    assert not reader.cookies


def test_link_in_a_mail_says_the_same_whether_it_ends_something(letter):
    known, unknown = link_of(make_subscription(letter, "w@gmail.com")), f"/updates/end/{'x' * 43}/"

    for ask in (lambda url: Client().get(url), lambda url: Client().post(url)):
        assert answer(ask(known)) == answer(ask(unknown))


def test_link_in_a_mail_opens_no_other_page(client, letter):
    token = link_of(make_subscription(letter, "w@gmail.com")).split("/")[-2]

    for page in ("updates", "signature", "confirm"):
        assert client.get(f"/{page}/{token}/").status_code == 404
