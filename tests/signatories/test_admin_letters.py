"""The doors on a letter's page. Alice hosts, Olga owns, Eve edits, Bob moderates."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from config import keys
from letters.actions import Text, publish_text
from letters.models import AuditEntry, Letter, LetterVersion, Role, Status, Visibility
from signatories import addresses
from signatories.actions import batches
from signatories.addresses import Address
from signatories.models import Signature, State
from tests.admin_pages import make_host, make_moderator, messages_of, text_of
from tests.factories import make_letter, make_signature, make_user

pytestmark = pytest.mark.django_db

DOORS = ["text", "close", "reopen", "seal", "public", "search"]


def page_of(letter, door="change"):
    return f"/admin/letters/letter/{letter.pk}/{door}/"


def make_owner(letter):
    return make_moderator("olga", letter, Role.OWNER)


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor__username", "target"))


def status_of(letter):
    return Letter.objects.get(pk=letter.pk).status


# What the letter's page offers ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.DRAFT, ["text", "search"]),
        (Status.PUBLISHED, ["text", "close", "search"]),
        (Status.CLOSED, ["text", "reopen", "seal", "search"]),
        (Status.SEALED, ["search"]),
    ],
)
def test_letter_page_offers_its_owner_what_applies_now(client, status, offered):
    letter = make_letter(status=status)
    client.force_login(make_owner(letter))

    content = client.get(page_of(letter)).content.decode()

    assert re.findall(r'<a href="(\w+)/">', content) == offered


@pytest.mark.parametrize(
    ("role", "offered"), [(Role.EDITOR, ["text"]), (Role.MODERATOR, [])], ids=str
)
def test_letter_page_offers_others_less(client, role, offered):
    letter = make_letter()
    make_moderator("olga", make_letter(), Role.OWNER)
    client.force_login(make_moderator("eve", letter, role))

    content = client.get(page_of(letter)).content.decode()

    assert re.findall(r'<a href="(\w+)/">', content) == offered


def test_letter_page_says_when_a_closed_letter_is_sealed_by_itself(client, settings):
    settings.SEALING_DAYS = 12
    letter = make_letter(status=Status.CLOSED)
    client.force_login(make_owner(letter))

    words = text_of(client.get(page_of(letter)))

    day = date_format(letter.closed_on + timedelta(days=12))
    assert f"It is sealed by itself on {day}." in words


# Who may pass -----------------------------------------------------------------------------------


def posted(door, letter):
    """What sends each form off with a chance of success."""
    return {
        "seal": {"slug": letter.slug},
        "public": {"on": "2099-01-01"},
        "search": {"listed": "no"},
        "text": {
            "title": "Changed",
            "text": "Changed",
            "demands": "",
            "instead_of": 1,
            "step": "publish",
        },
    }.get(door, {})


def make_letter_for(door):
    """One to which the door applies."""
    status = Status.PUBLISHED if door in ("close", "text") else Status.CLOSED
    visibility = Visibility.INTERNAL if door == "public" else Visibility.PUBLIC
    return make_letter(status=status, visibility=visibility)


@pytest.mark.parametrize("door", DOORS)
def test_door_is_shut_to_everybody_else(client, door):
    letter = make_letter_for(door)
    before = Letter.objects.values().get()
    strangers = [
        (make_moderator("bob", letter), 404),
        (make_moderator("olga", make_letter(), Role.OWNER), 404),
        (make_user("charlie", is_staff=True), 403),
        (make_user("dora"), 302),
    ]
    if door != "text":
        strangers.append((make_moderator("eve", letter, Role.EDITOR), 404))

    for stranger, status in strangers:
        client.force_login(stranger)
        for answer in (
            client.get(page_of(letter, door)),
            client.post(page_of(letter, door), posted(door, letter)),
        ):
            assert (stranger.username, answer.status_code) == (stranger.username, status)
    client.logout()
    assert client.post(page_of(letter, door), posted(door, letter)).status_code == 302

    assert Letter.objects.values().get(pk=letter.pk) == before
    assert audited() == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("role", ["host", Role.OWNER], ids=str)
def test_door_opens_for_owners_and_hosts(client, door, role):
    letter = make_letter_for(door)
    client.force_login(make_host() if role == "host" else make_owner(letter))

    page = client.get(page_of(letter, door))
    answer = client.post(page_of(letter, door), posted(door, letter))

    assert page.status_code == 200
    assert answer.url == page_of(letter)
    assert len(audited()) == 1


@pytest.mark.parametrize("door", DOORS)
def test_door_of_a_letter_that_does_not_exist_is_not_found(client, door):
    client.force_login(make_host())

    for number in (4711, "9" * 30):
        assert client.get(f"/admin/letters/letter/{number}/{door}/").status_code == 404


@pytest.mark.parametrize("door", DOORS)
def test_door_opened_changes_nothing_and_works_with_its_token_only(door):
    letter = make_letter_for(door)
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_owner(letter))
    before = Letter.objects.values().get()

    assert client.get(page_of(letter, door)).status_code == 200
    client.post(page_of(letter, door), posted(door, letter))

    assert Letter.objects.values().get() == before
    assert audited() == []


@pytest.mark.parametrize(
    ("door", "status"),
    [
        ("text", Status.SEALED),
        ("close", Status.DRAFT),
        ("close", Status.CLOSED),
        ("reopen", Status.PUBLISHED),
        ("reopen", Status.SEALED),
        ("seal", Status.PUBLISHED),
        ("seal", Status.SEALED),
    ],
)
def test_door_that_does_not_apply_leads_back_with_a_sentence(client, door, status):
    letter = make_letter(status=status)
    client.force_login(make_owner(letter))

    answer = client.get(page_of(letter, door), follow=True)

    assert answer.redirect_chain == [(page_of(letter), 302)]
    assert f"This does not apply now: the letter is {status.label}." in text_of(answer)


@pytest.mark.parametrize(
    ("door", "status", "why"),
    [
        ("close", Status.DRAFT, "Only a letter that takes signatures can be closed."),
        (
            "reopen",
            Status.SEALED,
            "Only a closed letter can be reopened; a sealed one stays sealed.",
        ),
        ("seal", Status.PUBLISHED, "Close the letter first; then it can be sealed."),
    ],
)
def test_door_that_does_not_apply_refuses_with_the_reason(client, door, status, why):
    letter = make_letter(status=status)
    client.force_login(make_owner(letter))

    answer = client.post(page_of(letter, door), posted(door, letter))

    assert messages_of(answer) == [why]
    assert status_of(letter) == status
    assert audited() == []


# Close and reopen -----------------------------------------------------------------------------


def test_close_says_what_it_means_and_closes(client, settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    settings.SEALING_DAYS = 12
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_owner(letter))

    words = text_of(client.get(page_of(letter, "close")))
    answer = client.post(page_of(letter, "close"))

    assert "Codes that have been sent still confirm, and review goes on." in words
    assert f"12 days later, on {date_format(date(2026, 3, 13))}, the letter is sealed" in words
    assert messages_of(answer) == ["Closed. Nobody can sign the letter unless it is reopened."]
    letter.refresh_from_db()
    assert (letter.status, letter.closed_on) == (Status.CLOSED, date(2026, 3, 1))
    assert Signature.objects.get().state == entry.state
    assert audited() == [("letter.closed", "olga", "")]


def test_reopen_stops_the_clock(client):
    letter = make_letter(status=Status.CLOSED)
    Letter.objects.update(closes_at=datetime(2026, 1, 1, tzinfo=UTC))
    client.force_login(make_owner(letter))

    words = text_of(client.get(page_of(letter, "reopen")))
    answer = client.post(page_of(letter, "reopen"))

    assert f"was to close, {date_format(date(2026, 1, 1))}, has passed and is dropped" in words
    assert messages_of(answer) == ["Reopened. The letter takes signatures again."]
    letter.refresh_from_db()
    assert (letter.is_open, letter.closed_on, letter.closes_at) == (True, None, None)
    assert audited() == [("letter.reopened", "olga", "")]


# Seal -------------------------------------------------------------------------------------------


def test_seal_says_how_many_are_rejected_and_what_is_destroyed(client):
    letter = make_letter(status=Status.CLOSED)
    for state in (State.IN_REVIEW, State.IN_REVIEW, State.PUBLISHED, State.UNCONFIRMED):
        make_signature(letter, state=state)
    make_signature(make_letter())
    client.force_login(make_owner(letter))

    words = text_of(client.get(page_of(letter, "seal")))

    assert "Nobody can undo this." in words
    assert "2 entries that are still in review are rejected." in words
    for destroyed in ("has not been confirmed is erased", "digests of all addresses", "the key"):
        assert destroyed in words
    assert "All subscriptions to updates are erased." in words
    assert f"type its address: {letter.slug}" in words


def test_seal_page_counts_nothing_that_moves_between_batches(client):
    """Who looked again and again would see when somebody comes."""
    letter = make_letter(status=Status.CLOSED)
    client.force_login(make_owner(letter))

    def page():
        return text_of(client.get(page_of(letter, "seal")))

    before = page()
    make_signature(letter, state=State.UNCONFIRMED)
    letter.used_addresses.create(digest="ab" * 32)
    make_signature(letter, appearance="anonymous", state=State.APPROVED)

    assert page() == before


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("another-letter", "This is not the address of this letter. Nothing was sealed."),
        ("PHONE", "This is not the address of this letter. Nothing was sealed."),
        ("", "Type the letter’s address. Nothing was sealed."),
    ],
)
def test_seal_with_a_wrong_slug_seals_nothing(client, typed, why):
    letter = make_letter(slug="phone", status=Status.CLOSED)
    entry = make_signature(letter)
    client.force_login(make_owner(letter))

    answer = client.post(page_of(letter, "seal"), {"slug": typed})

    assert answer.status_code == 200
    assert answer.context["form"].errors == {"slug": [why]}
    assert why in text_of(answer)
    assert f'value="{typed}"' in answer.content.decode() or not typed
    assert status_of(letter) == Status.CLOSED
    assert Signature.objects.get().state == entry.state
    assert audited() == []


@pytest.mark.parametrize("typed", ["phone", "  phone "])
def test_seal_with_the_slug_seals(client, typed, django_capture_on_commit_callbacks):
    letter = make_letter(slug="phone", status=Status.CLOSED)
    addresses.digest(letter, Address("w.otterbourne", "gmail.com"))
    assert keys.exists("letter", str(letter.pk))
    entry = make_signature(letter)
    client.force_login(make_owner(letter))

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(page_of(letter, "seal"), {"slug": typed})

    assert messages_of(answer) == [
        "Sealed. The letter’s key and all digests of addresses are destroyed."
    ]
    assert status_of(letter) == Status.SEALED
    entry.refresh_from_db()
    assert (entry.state, entry.reason) == (State.REJECTED, "sealed")
    assert not keys.exists("letter", str(letter.pk))
    assert ("letter.sealed", "olga", "") in audited()


# Search engines ---------------------------------------------------------------------------------


def test_public_door_asks_those_inside_and_takes_it_back(client):
    letter = make_letter(visibility=Visibility.INTERNAL)
    client.force_login(make_owner(letter))
    first = timezone.localdate() + timedelta(days=7)

    asks = client.get(page_of(letter, "public"))
    assert "Whoever says nothing is counted, without a line." in text_of(asks)
    assert f'value="{first:%Y-%m-%d}"' in asks.content.decode()
    for wrong, why in (
        ("", "Choose a day."),
        ("soon", "Write the day as year, month and day"),
        (f"{first - timedelta(days=1):%Y-%m-%d}", "at least 7 days to decide"),
    ):
        page = client.post(page_of(letter, "public"), {"on": wrong})
        assert why in text_of(page)
        assert Letter.objects.get().public_on is None
    done = client.post(page_of(letter, "public"), {"on": f"{first:%Y-%m-%d}"}, follow=True)
    assert messages_of(done) == [
        "Those inside read it on the letter’s page, and can decide from now on."
    ]
    assert Letter.objects.get().public_on == first

    asks = client.get(page_of(letter, "public"))
    assert "The notice goes" in text_of(asks)
    done = client.post(page_of(letter, "public"), follow=True)
    assert messages_of(done) == ["The letter stays internal."]
    assert Letter.objects.get().public_on is None
    assert audited() == [
        ("letter.asked_to_go_public", "olga", f"{first:%Y-%m-%d}"),
        ("letter.stays_internal", "olga", ""),
    ]


def test_public_door_is_shut_for_letters_that_are_not_inside(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    for response in (
        client.get(page_of(letter, "public")),
        client.post(page_of(letter, "public"), {"on": "2099-01-01"}),
    ):
        assert response.status_code == 302
    assert Letter.objects.get().public_on is None


def test_search_door_turns_the_listing_of_the_roll_off_and_on(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    asks = client.get(page_of(letter, "search"))
    off = client.post(page_of(letter, "search"), {"listed": "no"})
    assert not Letter.objects.get().roll_in_search
    lets = client.get(page_of(letter, "search"))
    on = client.post(page_of(letter, "search"), {"listed": "yes"})
    assert Letter.objects.get().roll_in_search

    assert asks.context["title"] == "Ask search engines to leave out the roll"
    assert 'name="listed" value="no"' in asks.content.decode()
    assert lets.context["title"] == "Let search engines list the roll"
    assert 'name="listed" value="yes"' in lets.content.decode()
    assert messages_of(off) == ["Search engines are asked to leave out the roll from now on."]
    assert messages_of(on)[-1] == "Search engines may list the roll from now on."
    assert audited() == [("letter.roll_unlisted", "olga", ""), ("letter.roll_listed", "olga", "")]


def test_search_door_asked_for_something_else_changes_nothing(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    assert client.post(page_of(letter, "search"), {"listed": "perhaps"}).status_code == 200

    assert Letter.objects.get().roll_in_search
    assert audited() == []


# A new text -------------------------------------------------------------------------------------


def typed(step, **changes):
    return {
        "title": "A better title",
        "text": "*Dear all,*\r\n\r\nWe ask two things.\r\n",
        "demands": "Do | it now.\r\nNothing else.",
        "instead_of": 1,
        "step": step,
        **changes,
    }


def fields_of(page):
    form = page.context["form"]
    return [form[name].value() for name in ("title", "text", "demands", "instead_of")]


def test_text_door_opens_with_the_current_text(client):
    letter = make_letter(title="Pick up the phone")
    client.force_login(make_moderator("eve", letter, Role.EDITOR))

    page = client.get(page_of(letter, "text"))

    assert fields_of(page) == [
        "Pick up the phone",
        "*Dear all,*\n\nWe ask one thing.\n",
        "Do | it.",
        1,
    ]


def test_text_sent_once_shows_the_difference_and_publishes_nothing(client):
    letter = make_letter()
    for state in (State.PUBLISHED, State.PUBLISHED, State.IN_REVIEW):
        make_signature(letter, state=state)
    batches.refresh_count(letter=letter)
    client.force_login(make_moderator("eve", letter, Role.EDITOR))

    page = client.post(page_of(letter, "text"), typed("look"))

    words = text_of(page)
    assert "We ask (removed: one thing end) (added: two things end) ." in words
    assert "How version 2 will read A better title Dear all, We ask two things." in words
    assert "2 signatures of the roll are bound to version 1, the current one." in words
    assert "Each signatory can carry their own signature over" in words
    assert fields_of(page) == [
        typed("")[name] if name != "instead_of" else "1"
        for name in ("title", "text", "demands", "instead_of")
    ]
    assert letter.versions.count() == 1
    assert audited() == []


def test_text_sent_again_is_published(client):
    letter = make_letter(slug="phone")
    signature = make_signature(letter, state=State.PUBLISHED)
    client.force_login(make_moderator("eve", letter, Role.EDITOR))

    answer = client.post(page_of(letter, "text"), typed("publish"))

    version = Letter.objects.get().current_version
    assert answer.url == page_of(letter)
    assert messages_of(answer) == [
        'Version 2 is published. <a href="/letters/phone/versions/2/">See it</a>'
    ]
    assert (version.number, version.published_on) == (2, timezone.localdate())
    assert Text.of(version) == Text(
        "A better title",
        "*Dear all,*\n\nWe ask two things.\n",
        (("Do", "it now."), ("", "Nothing else.")),
    )
    signature.refresh_from_db()
    assert signature.version.number == 1
    assert audited() == [("letter.text_published", "eve", "2")]


def test_text_sent_twice_is_published_once(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    client.post(page_of(letter, "text"), typed("publish"))
    client.post(page_of(letter, "text"), typed("publish"))

    assert letter.versions.count() == 2
    assert len(audited()) == 1


def test_text_goes_back_to_the_form_with_everything_typed(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    page = client.post(page_of(letter, "text"), typed("edit"))

    assert fields_of(page)[:2] == ["A better title", typed("")["text"]]
    assert letter.versions.count() == 1


def test_text_with_errors_says_so_beside_the_field_and_keeps_what_was_typed(client):
    letter = make_letter()
    client.force_login(make_owner(letter))

    for step in ("look", "publish"):
        page = client.post(page_of(letter, "text"), typed(step, title="", demands="Lead |"))

        assert page.context["form"].errors == {
            "title": ["Enter a title."],
            "demands": ["Demand 1 has a lead and says nothing after the bar."],
        }
        assert "Enter a title." in text_of(page)
        assert fields_of(page)[1] == typed("")["text"]
    assert letter.versions.count() == 1


@pytest.mark.parametrize("step", ["look", "publish"])
def test_text_that_is_the_current_one_says_that_nothing_changed(client, step):
    letter = make_letter()
    client.force_login(make_owner(letter))
    same = {
        "title": letter.title,
        "text": "*Dear all,*\r\n\r\nWe ask one thing.",
        "demands": "Do|it.",
    }

    page = client.post(page_of(letter, "text"), typed(step, **same))

    assert "Nothing has changed: this is the current text." in text_of(page)
    assert letter.versions.count() == 1
    assert audited() == []


@pytest.mark.parametrize("step", ["look", "publish"])
def test_text_written_while_somebody_else_published_is_refused_and_kept(client, step):
    letter = make_letter()
    client.force_login(make_owner(letter))
    theirs = Text("Theirs", "Theirs\n", ())
    publish_text(letter=letter, text=theirs, actor=None, on=date(2026, 3, 1))

    page = client.post(page_of(letter, "text"), typed(step))

    assert "Somebody has published version 2 while you were writing." in text_of(page)
    assert fields_of(page) == ["A better title", typed("")["text"], typed("")["demands"], "2"]
    assert letter.versions.count() == 2
    onward = client.post(page_of(letter, "text"), typed("look", instead_of=2))
    assert "(removed: Theirs end) (added: A better title end)" in text_of(onward)


def test_text_overtaken_in_the_last_moment_is_refused_and_kept(client, monkeypatch):
    """Between the look at the number and the lock, somebody else publishes."""
    letter = make_letter()
    client.force_login(make_owner(letter))

    def publish_after_somebody_else(**arguments):
        theirs = Text("Theirs", "Theirs\n", ())
        publish_text(letter=letter, text=theirs, actor=None, on=date(2026, 3, 1))
        return publish_text(**arguments)

    monkeypatch.setattr("signatories.admin.texts.publish_text", publish_after_somebody_else)

    page = client.post(page_of(letter, "text"), typed("publish"))

    assert "Somebody has published version 2 while you were writing." in text_of(page)
    assert Letter.objects.get().title == "Theirs"
    assert fields_of(page)[0] == "A better title"


def test_text_whose_token_failed_is_shown_again_and_not_published():
    letter = make_letter()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_owner(letter))

    page = client.post(page_of(letter, "text"), typed("publish"))

    assert page.status_code == 200
    assert "Please press the button once more." in text_of(page)
    assert fields_of(page)[1] == typed("")["text"]
    assert letter.versions.count() == 1


def test_text_whose_token_failed_shows_nothing_to_those_outside():
    letter = make_letter()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_moderator("bob", letter))

    assert client.post(page_of(letter, "text"), typed("publish")).status_code == 404
    assert letter.versions.count() == 1


def test_text_of_a_draft_without_one_is_published_as_the_first(client):
    letter = Letter.objects.create(slug="draft", title="A draft")
    client.force_login(make_owner(letter))

    page = client.get(page_of(letter, "text"))
    look = client.post(page_of(letter, "text"), typed("look", instead_of=0))
    answer = client.post(page_of(letter, "text"), typed("publish", instead_of=0))

    assert (fields_of(page)[0], fields_of(page)[3]) == ("A draft", 0)
    assert "How version 1 will read" in text_of(look)
    assert "What changes" not in text_of(look)
    assert messages_of(answer) == ["Version 1 is published."]
    assert LetterVersion.objects.get().number == 1


def test_text_of_an_internal_letter_is_published_without_a_link_for_everybody(client):
    letter = make_letter(visibility=Visibility.INTERNAL)
    client.force_login(make_owner(letter))

    answer = client.post(page_of(letter, "text"), typed("publish"))

    assert messages_of(answer) == ["Version 2 is published."]


def test_text_is_shown_as_text_and_not_as_markup(client):
    letter = make_letter()
    client.force_login(make_owner(letter))
    markup = {"title": "<b>x", "text": "<script>x</script>", "demands": "<i> | <u>"}

    for step in ("look", "edit"):
        content = client.post(page_of(letter, "text"), typed(step, **markup)).content.decode()
        for tag in ("<b>x", "<script>x", "<i>", "<u>"):
            assert tag not in content
