"""Objecting on the page of one's own signature, and what moderators see of it."""

import json
from datetime import date

import pytest
from django.test import Client

from config import crypto
from letters.models import Role
from signatories.actions import moderation, objecting, reporting
from signatories.models import Flag, State
from tests.admin_pages import come_in, entry_page, make_moderator, messages_of, text_of
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import answer, words

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
OWN = f"/signature/{TOKEN}/"
PAGE = f"{OWN}objection/"
OFFER = "If you think that this was a mistake, a moderator looks again"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)


@pytest.fixture
def letter():
    return make_letter()


def named(letter, **fields):
    fields = {"state": State.REJECTED, "rejected_on": date(2026, 1, 10), **fields}
    return make_signature(letter, manage_digest=crypto.digest("manage", TOKEN), **fields)


def anonymous(letter, **fields):
    google = make_organisation("Google", "google.example")
    fields = {"state": State.REJECTED, "rejected_on": date(2026, 1, 10), **fields}
    return make_anonymous(letter, google, manage_digest=crypto.digest("manage", TOKEN), **fields)


# The signatory ------------------------------------------------------------------------------------


def test_own_page_of_a_rejected_entry_leads_to_the_objection(client, letter):
    named(letter)

    page = client.get(OWN)

    assert OFFER in words(page)
    assert f'href="{PAGE}"' in page.content.decode()
    assert "Your entry is kept for another 30 days" in words(client.get(PAGE))


def test_objection_is_sent_and_shown_until_it_is_decided(client, letter):
    entry = named(letter)

    response = client.post(PAGE, {"text": " I am <b>real</b>.\r\nAsk them. "})

    assert (response.status_code, response.url) == (302, OWN)
    entry.refresh_from_db()
    assert entry.objection == "I am <b>real</b>.\nAsk them."
    page = client.get(OWN)
    assert "You objected on 21 January 2026 . A moderator has not looked again yet." in words(page)
    assert "If nobody has decided by 20 February 2026 , the entry is erased." in words(page)
    assert "I am &lt;b&gt;real&lt;/b&gt;.\nAsk them." in page.content.decode()
    assert OFFER not in words(page)


def test_own_page_tells_that_the_decision_stands(client, letter):
    entry = named(letter)
    objecting.object_to(token=TOKEN, text="I am real.")
    bob = make_moderator("bob", letter)
    moderation.reject(signature=entry, actor=bob, reason="not_a_person")

    page = client.get(OWN)

    assert "A moderator has looked again since, and the decision stands. It is final." in words(
        page
    )
    assert "The entry is erased on 20 February 2026" in words(page)
    assert "I am real." not in words(page)
    assert (client.get(PAGE).status_code, client.get(PAGE).url) == (302, OWN)


def test_own_page_tells_that_the_objection_was_heard(client, letter):
    entry = named(letter)
    objecting.object_to(token=TOKEN)
    moderation.approve(signature=entry, actor=make_moderator("bob", letter))

    page = client.get(OWN)

    assert "Your line stands on the roll." in words(page)
    assert "objection" not in words(page)


def test_anonymous_entry_can_object_without_words(client, letter):
    entry = anonymous(letter)

    page = client.get(PAGE)
    assert "<textarea" not in page.content.decode()
    assert "holds nothing that somebody wrote" in words(page)

    assert client.post(PAGE, {"text": "I am Wilhelmina."}).status_code == 302
    entry.refresh_from_db()
    assert (entry.objection, entry.objected_on) == ("", date(2026, 1, 21))
    assert "You objected on 21 January 2026 ." in words(client.get(OWN))


def test_too_long_objection_comes_back_with_everything_typed(client, letter):
    named(letter)

    response = client.post(PAGE, {"text": "word " * 101})

    assert "Use at most 500 characters." in words(response)
    assert "word " * 100 in response.content.decode()
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\r\n".join("a" * 100 for _each in range(4)), "\n".join(["a" * 100] * 4)),
        ("a\n" * 250, ("a\n" * 250).strip()),
        ("see https://example.org/me \u202egnp", "see https://example.org/me gnp"),
        ("=1+1", "=1+1"),
        ("e\u0301" * 10, "é" * 10),
        ("\u200b", ""),
        ("", ""),
    ],
)
def test_objection_keeps_what_can_be_seen(client, letter, typed, kept):
    entry = named(letter)

    assert client.post(PAGE, {"text": typed}).status_code == 302

    entry.refresh_from_db()
    assert entry.objection == kept


@pytest.mark.parametrize("text", ["a" * 100_000, "\u0958" * 300])
def test_unreadable_objection_comes_back(client, letter, text):
    """The last one is of 300 characters, and of 600 as they are kept."""
    named(letter)

    response = client.post(PAGE, {"text": text})

    assert response.status_code == 200
    assert not Flag.objects.exists()


def test_objection_without_a_cookie_comes_back_with_what_was_typed(letter):
    named(letter)

    response = Client(enforce_csrf_checks=True).post(PAGE, {"text": "I am real."})

    assert response.status_code == 403
    assert "I am real." in response.content.decode()
    assert not Flag.objects.exists()


def test_objections_are_limited(client, letter, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "change:page": "1/h"}
    named(letter)
    client.post(f"{OWN}title/", {"title": "x"})
    client.post(PAGE, {"text": "a" * 600})

    client.post(PAGE, {"text": "I am real."})
    Flag.objects.all().delete()
    named_again = letter.signatures.get()
    named_again.objection, named_again.objected_on = "", None
    named_again.save()
    response = client.post(PAGE, {"text": "I am real."})

    assert response.status_code == 429
    assert "I am real." in response.content.decode()
    assert not Flag.objects.exists()


def test_objection_of_nobody_is_gone(client):
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, {"text": "x"}).status_code == 404


@pytest.mark.parametrize("make", [named, anonymous])
def test_sealed_letter_offers_no_objection(client, make):
    make(make_letter(status="sealed"))

    assert OFFER not in words(client.get(OWN))
    assert client.get(PAGE).url == OWN
    assert client.post(PAGE, {"text": "x"}).url == OWN
    assert not Flag.objects.exists()


@pytest.mark.parametrize("make", [named, anonymous])
@pytest.mark.parametrize("path", [OWN, PAGE])
def test_duplicate_looks_like_an_entry_that_waits_and_never_like_a_rejected_one(letter, make, path):
    """Whoever signs with somebody else's mailbox must not learn whether it had signed: the
    address of a rejected entry included."""
    entry = make(letter, state=State.IN_REVIEW, rejected_on=None)
    answers = {}
    for state in (State.IN_REVIEW, State.DUPLICATE):
        letter.signatures.update(state=state)
        answers[state] = [answer(Client().get(path)), answer(Client().post(PAGE, {"text": "x"}))]
        assert OFFER not in answers[state][0][2]

    entry.refresh_from_db()
    assert (entry.objection, entry.objected_on) == ("", None)
    assert not Flag.objects.exists()
    assert answers[State.IN_REVIEW] == answers[State.DUPLICATE]


def test_own_file_holds_the_objection_and_what_was_kept(client, letter):
    entry = named(letter)
    objecting.object_to(token=TOKEN, text="I am real.")

    held = json.loads(client.get(f"{OWN}data.json").content)
    assert (held["objection"], held["objected_on"]) == ("I am real.", "2026-01-21")

    bob = make_moderator("bob", letter)
    moderation.approve(signature=entry, actor=bob)
    entry.refresh_from_db()
    reporting.report(letter=letter, place=entry.roll_key, complaint="not_real")
    moderation.approve(signature=entry, actor=bob)
    held = json.loads(client.get(f"{OWN}data.json").content)
    assert (held["objection"], held["objected_on"]) == ("", None)
    assert held["kept_although_reported_as"] == ["not_real"]
    assert held["kept_on"] == "2026-01-21"


# The moderators -----------------------------------------------------------------------------------


def test_moderator_reads_what_was_reported_and_lets_the_line_stand(client, letter):
    line = make_signature(letter, state=State.PUBLISHED)
    for complaint in ("not_real", "me"):
        reporting.report(letter=letter, place=line.roll_key, complaint=complaint)
    come_in(client, make_moderator("bob", letter))

    page = client.get(entry_page(line))
    assert "“this is me, take my line away” “this is not a real person”" in text_of(page)
    assert "Let it stand" in text_of(page)

    client.post(entry_page(line), {"decision": "approve", "seen": "published"})
    line.refresh_from_db()
    assert (line.state, line.kept_despite) == (State.PUBLISHED, "me,not_real")
    assert "What was asked" not in text_of(client.get(entry_page(line)))


def test_moderator_takes_a_reported_line_away(client, letter):
    line = make_signature(letter, state=State.PUBLISHED)
    reporting.report(letter=letter, place=line.roll_key, complaint="name_used")
    come_in(client, make_moderator("bob", letter))

    data = {"decision": "reject", "seen": "published", "reason": "impersonation"}
    client.post(entry_page(line), data)

    line.refresh_from_db()
    assert (line.state, line.reason) == (State.REJECTED, "impersonation")


def test_moderator_reads_the_objection_and_who_rejected(client, letter):
    erin = make_moderator("erin", letter, Role.OWNER)
    entry = named(letter, state=State.IN_REVIEW, rejected_on=None)
    moderation.reject(signature=entry, actor=erin, reason="not_a_person")
    objecting.object_to(token=TOKEN, text="I am <b>real</b>.\nAsk them.")

    come_in(client, make_moderator("bob", letter))
    page = client.get(entry_page(entry))
    assert "objected to the rejection on 21 Jan 2026" in text_of(page)
    assert "erin rejected it, not you: look at it with fresh eyes." in text_of(page)
    assert "I am &lt;b&gt;real&lt;/b&gt;.\nAsk them." in page.content.decode()

    come_in(client, erin)
    page = text_of(client.get(entry_page(entry)))
    assert "You rejected this entry yourself; better somebody else decides." in page


def test_moderator_lets_the_rejection_stand(client, letter):
    entry = named(letter, reason="abuse")
    objecting.object_to(token=TOKEN, text="I am real.")
    come_in(client, make_moderator("bob", letter))
    assert "Keep it rejected" in text_of(client.get(entry_page(entry)))

    data = {"decision": "reject", "seen": "rejected", "reason": "abuse"}
    response = client.post(entry_page(entry), data)

    entry.refresh_from_db()
    assert (entry.state, entry.objection) == (State.REJECTED, "")
    assert "Otterbourne" not in " ".join(messages_of(response))


def test_anonymous_line_that_leaves_with_a_batch_can_be_kept_rejected(client, letter):
    entry = anonymous(letter, published_on=date(2026, 1, 1), roll_key="a place")
    objecting.object_to(token=TOKEN)
    come_in(client, make_moderator("bob", letter))

    page = text_of(client.get(entry_page(entry)))
    assert "Keep it rejected" in page
    assert "Let it stand" not in page
    assert "Note to the signatory (optional)" not in page

    client.post(entry_page(entry), {"decision": "reject", "seen": "rejected", "reason": "other"})
    assert "What was asked" not in text_of(client.get(entry_page(entry)))
    entry.refresh_from_db()
    assert entry.state == State.REJECTED


def test_objection_of_an_anonymous_entry_that_went_through_a_batch_names_nobody(client, letter):
    """Its number has changed since, so that the trail leads to nobody."""
    entry = anonymous(letter)
    objecting.object_to(token=TOKEN)
    come_in(client, make_moderator("bob", letter))

    page = text_of(client.get(entry_page(entry)))

    assert "An anonymous entry holds no words" in page
    assert "better somebody else decides" not in page
    assert "fresh eyes" not in page


def test_entry_that_nobody_asked_about_shows_no_question(client, letter):
    entry = make_signature(letter)
    come_in(client, make_moderator("bob", letter))

    assert "What was asked" not in text_of(client.get(entry_page(entry)))


def test_moderator_of_another_letter_reads_no_objection(client, letter):
    entry = named(letter)
    objecting.object_to(token=TOKEN, text="I am real.")
    come_in(client, make_moderator("charlie", make_letter()))

    assert client.get(entry_page(entry)).status_code == 404


def test_overview_counts_the_decisions_that_were_asked_about(client, letter):
    line = make_signature(letter, state=State.PUBLISHED)
    named(letter)
    reporting.report(letter=letter, place=line.roll_key, complaint="me")
    objecting.object_to(token=TOKEN)
    come_in(client, make_moderator("bob", letter))

    page = words(client.get(f"/manage/letters/{letter.slug}/"))

    assert "2 decisions are to be looked at again" in page
