"""The pages behind the capability of one's own signature: what they say, do, and keep."""

import json
import re

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from config import crypto
from letters.actions import Text, publish_text
from letters.models import ReviewPolicy
from signatories import roll
from signatories.actions import batches, erasing, moderation, sealing
from signatories.models import (
    Flag,
    FlagKind,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.witnesses import all_rows, answer, value_of, words
from tests.worker import check_all

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
MANAGED = crypto.digest("manage", TOKEN)
OWN = f"/signature/{TOKEN}/"
NAMED_PAGES = ["", "data.json", "receipt/", "withdraw/", "title/", "anonymous/", "left/", "text/"]
ANONYMOUS_PAGES = ["", "data.json", "receipt/", "withdraw/", "named/", "text/"]
NAME_FORM = {
    "name": "Wilhelmina Otterbourne",
    "title": "Poet",
    "email": "w.otterbourne@google.example",
}


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def named(google):
    """A verified line by name on the roll of a letter that is reviewed afterwards."""
    return make_signature(
        make_letter(slug="open", review_policy=ReviewPolicy.AFTER),
        state=State.PUBLISHED,
        title="Engineer",
        organisation=google,
        method="mailbox",
        manage_digest=MANAGED,
        address_digest="d" * 64,
    )


@pytest.fixture
def anonymous(google):
    """A verified anonymous entry that waits for its batch."""
    return make_anonymous(make_letter(slug="open"), google, manage_digest=MANAGED)


@pytest.fixture
def strict():
    """A browser that lost its cookie: every form it sends fails the check."""
    return Client(enforce_csrf_checks=True)


def make_newer_text(letter):
    text = Text("Newer", "Another text.\n", (("Do", "that."),))
    return publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())


def seal(letter):
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)


def errors_of(response, field):
    return response.context["form"].errors.get(field, [])


# All of them ---------------------------------------------------------------------------------------


def assert_is_private(response):
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    if response["Content-Type"].startswith("text/html"):
        assert '<meta name="robots" content="noindex">' in response.content.decode()


@pytest.mark.parametrize("page", NAMED_PAGES)
def test_page_of_a_name_is_private_and_looking_changes_nothing(client, named, page):
    make_newer_text(named.letter)
    before = all_rows()

    assert_is_private(client.get(OWN + page, {"title": "x", "hidden": "1", "email": "w@gmail.com"}))
    client.head(OWN + page)

    assert all_rows() == before
    assert mail.outbox == []


@pytest.mark.parametrize("page", ANONYMOUS_PAGES)
def test_page_of_an_anonymous_entry_is_private_and_looking_changes_nothing(client, anonymous, page):
    make_newer_text(anonymous.letter)
    before = all_rows()

    assert_is_private(client.get(OWN + page, {**NAME_FORM, "hidden": "1"}))
    client.head(OWN + page)

    assert all_rows() == before
    assert mail.outbox == []


def test_switch_for_search_engines_takes_no_get(client, named):
    response = client.get(OWN + "search/", {"hidden": "1"})

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert not Signature.objects.get().is_hidden_from_search


ALL_PAGES = sorted({*NAMED_PAGES, *ANONYMOUS_PAGES, "search/"})


@pytest.mark.parametrize("page", ALL_PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_page_behind_a_capability_that_is_gone_is_the_one_gone_page(client, named, page, method):
    if (page, method) == ("search/", "get"):
        return
    client.post(OWN + "withdraw/")
    unknown = client.get(f"/signature/{'x' * 43}/")

    gone = getattr(client, method)(OWN + page, NAME_FORM)

    if gone.status_code == 405:
        assert page in ("", "data.json", "receipt/")
        return
    assert gone.status_code == 404
    assert words(gone) == words(unknown)
    assert gone["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", ["title/", "search/"])
def test_page_for_names_is_gone_for_an_anonymous_entry(client, anonymous, page):
    before = Signature.objects.values().get()

    response = client.post(OWN + page, {"title": "Poet", "hidden": "1"})

    assert response.status_code == 404
    assert response.templates[0].name == "signatories/gone.html"
    assert Signature.objects.values().get() == before


def test_page_for_anonymous_entries_is_gone_for_a_name(client, named):
    for response in (client.get(OWN + "named/"), client.post(OWN + "named/", NAME_FORM)):
        assert response.status_code == 404
        assert response.templates[0].name == "signatories/gone.html"
    assert not Verification.objects.exists()


def test_capability_of_a_signature_opens_no_subscription_and_no_code_page(client, named):
    for page in (f"/updates/{TOKEN}/", f"/confirm/{TOKEN}/"):
        for response in (client.get(page), client.post(page)):
            assert response.status_code == 404
    assert Signature.objects.count() == 1


@pytest.mark.parametrize("page", ["title/", "anonymous/", "left/", "text/", "search/", "withdraw/"])
def test_change_without_the_form_s_token_is_refused_and_changes_nothing(strict, named, page):
    make_newer_text(named.letter)
    before = all_rows()

    response = strict.post(OWN + page, {"title": "Poet", "hidden": "1"})

    assert response.status_code == 403
    assert response["Cache-Control"] == "no-store"
    assert all_rows() == before


# One's own page -------------------------------------------------------------------------------------


def links_of(response):
    found = re.findall(rf'(?:href|action)="{OWN}([^"]*)"', response.content.decode())
    return set(found) - {""}


def test_own_page_of_a_name_leads_to_every_change(client, named):
    assert links_of(client.get(OWN)) == {
        "title/",
        "anonymous/",
        "left/",
        "search/",
        "data.json",
        "withdraw/",
    }
    make_newer_text(named.letter)
    assert "text/" in links_of(client.get(OWN))


def test_own_page_of_an_anonymous_entry_leads_to_every_change(client, anonymous):
    make_newer_text(anonymous.letter)

    assert links_of(client.get(OWN)) == {"named/", "text/", "data.json", "withdraw/"}


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_own_page_of_a_rejected_entry_leads_to_objecting_and_withdrawing_only(
    client, google, is_anonymous
):
    letter = make_letter()
    if is_anonymous:
        make_anonymous(letter, google, state=State.REJECTED, manage_digest=MANAGED)
    else:
        make_signature(letter, state=State.REJECTED, manage_digest=MANAGED)
    make_newer_text(letter)

    assert links_of(client.get(OWN)) == {"data.json", "objection/", "withdraw/"}


def test_own_page_says_what_is_held_and_what_to_say_to_an_employer(client, named):
    Signature.objects.update(submitted_on="2026-01-12")

    page = client.get(OWN)

    assert page.context["held"] == [
        ("Name", "Wilhelmina Otterbourne"),
        ("Title", "Engineer"),
        ("Organisation", "Google"),
        ("You work there", "I work there now"),
        ("How it was verified", "work address confirmed"),
        ("Signed", "12 January 2026"),
    ]
    assert "none: deleted when you confirmed" in words(page)
    assert "My employer asks me about this letter" in words(page)


FLOOD = "from a throw-away mailbox, a moderator decides about it first."
UNVERIFIED = "a moderator decides first."


def make_nameless(letter, google, appearance, state):
    """A verified entry without a name; one in review came with many others."""
    line = make_anonymous(letter, google, appearance=appearance, state=state, manage_digest=MANAGED)
    if state == State.IN_REVIEW:
        Flag.objects.create(signature=line, kind=FlagKind.BURST)
        Signature.objects.update(risk=50)
    return line


@pytest.mark.parametrize("appearance", ["anonymous", "counted"])
@pytest.mark.parametrize("page", ["", "receipt/"])
def test_page_without_a_name_says_to_all_alike_what_waits_for_a_moderator(
    client, google, page, appearance
):
    letter = make_letter()
    pages = []
    for state in (State.IN_REVIEW, State.APPROVED, State.DUPLICATE):
        Signature.objects.all().delete()
        make_nameless(letter, google, appearance, state)
        pages.append(answer(client.get(OWN + page)))

    assert FLOOD in words(client.get(OWN + page))
    assert pages[0] == pages[1] == pages[2]


def test_page_of_somebody_counted_without_a_proof_says_that_a_moderator_decides(client):
    make_signature(make_letter(), appearance="counted", manage_digest=MANAGED)

    assert UNVERIFIED in words(client.get(OWN))
    assert UNVERIFIED in words(client.get(OWN + "receipt/"))


@pytest.mark.parametrize(
    ("appearance", "sentence"),
    [
        ("anonymous", "and had not: then it does not stand on the roll."),
        ("counted", "You are in its last numbers, unless a moderator was to decide"),
    ],
)
def test_page_without_a_name_says_under_a_sealed_letter_that_nothing_comes_any_more(
    client, google, appearance, sentence
):
    pages = []
    for state in (State.IN_REVIEW, State.APPROVED, State.DUPLICATE):
        letter = make_letter(slug=f"open-{state}".replace("_", "-"), title="Open")
        make_nameless(letter, google, appearance, state)
        seal(letter)
        page = client.get(OWN)
        pages.append(words(page))
        assert sentence in pages[-1]
        assert "one of the next" not in pages[-1] + words(client.get(OWN + "receipt/"))
        Signature.objects.all().delete()

    assert pages[0] == pages[1] == pages[2]


def test_how_signing_works_says_which_anonymous_lines_wait_for_a_moderator(client):
    page = words(client.get("/how-it-works/"))

    assert "a moderator decides about it only if it came at once with many others" in page
    assert "needs no reading" not in page


# Everything that is held, as a file ------------------------------------------------------------------


def file_of(client):
    response = client.get(OWN + "data.json")
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="my-signature.json"'
    return json.loads(response.content)


def common(signature, **members):
    version = signature.version
    return {
        "letter": signature.letter.slug,
        "title_of_letter": signature.letter.title,
        "text_version": version.number,
        "text_sha256": version.sha256,
        "appearance": signature.appearance,
        "name": "",
        "title": "",
        "organisation": "Google",
        "tenure": "current",
        "role": "",
        "method": "mailbox",
        "links_given_to_colleagues": 0,
        "organisation_before_a_proof_was_shown": "",
        "tenure_before_a_proof_was_shown": "",
        "for_colleagues_only": False,
        "hidden_from_search": False,
        "asked_to_be_shown_first_on": None,
        "answer_to_that": "",
        "rejected_on": None,
        "can_be_objected_to_until": None,
        "reason_of_rejection": "",
        "note_of_the_moderator": "",
        "objection": "",
        "objected_on": None,
        "kept_although_reported_as": [],
        "kept_on": None,
        "digest_of_address_kept_with_this_entry": False,
        "digest_of_this_page_address": True,
        "email_address": None,
        **members,
    }


def test_file_of_a_name_holds_everything_that_is_held(client, named):
    today = timezone.localdate().isoformat()
    Signature.objects.update(is_hidden_from_search=True)

    document = file_of(client)

    assert "held about you, but for what moderators go by" in document.pop("note")
    assert document == common(
        named,
        state="on_roll",
        name="Wilhelmina Otterbourne",
        title="Engineer",
        hidden_from_search=True,
        submitted_on=today,
        confirmed_on=today,
        published_on=today,
        digest_of_address_kept_with_this_entry=True,
    )


def test_file_of_a_name_under_a_sealed_letter_says_that_the_digest_is_gone(client, named):
    Signature.objects.update(address_digest=None)

    assert file_of(client)["digest_of_address_kept_with_this_entry"] is False


@pytest.mark.parametrize("state", [State.APPROVED, State.PUBLISHED, State.DUPLICATE])
def test_file_of_an_anonymous_entry_tells_no_day_and_not_whether_it_counts(client, google, state):
    letter = make_letter()
    signature = make_anonymous(letter, google, state=state, role="design", manage_digest=MANAGED)

    document = file_of(client)

    assert "not told: whoever reads your mailbox" in document.pop("note")
    assert document == common(signature, state="confirmed", role="design")


def test_file_of_a_rejected_entry_says_why(client, named):
    alice = make_user("alice", is_superuser=True)
    moderation.reject(signature=named, actor=alice, reason="impersonation")

    document = file_of(client)

    assert document["state"] == "not_published"
    assert document["reason_of_rejection"] == "impersonation"
    assert document["published_on"] is None


@pytest.mark.parametrize("is_anonymous", [False, True])
@time_machine.travel("2026-01-21T12:00:00Z", tick=False)
def test_rejected_entry_tells_its_signatory_the_days(client, google, is_anonymous):
    fields = {"state": State.REJECTED, "rejected_on": "2026-01-10", "manage_digest": MANAGED}
    if is_anonymous:
        make_anonymous(make_letter(), google, **fields)
    else:
        make_signature(make_letter(), **fields)

    page, document = words(client.get(OWN)), file_of(client)

    assert "On 10 January 2026 a moderator decided not to publish this entry." in page
    assert "The last day for it is 8 February 2026" in page
    assert "erased by 9 February 2026" in page
    assert document["rejected_on"] == "2026-01-10"
    assert document["can_be_objected_to_until"] == "2026-02-08"


def test_last_day_to_object_is_the_last_on_which_the_entry_is_kept(client, time_machine):
    signature = make_signature(
        make_letter(), state=State.REJECTED, rejected_on="2026-01-10", manage_digest=MANAGED
    )
    time_machine.move_to("2026-02-08T23:59:00Z", tick=False)
    last = file_of(client)["can_be_objected_to_until"]
    assert last == timezone.localdate().isoformat()

    list(erasing.erase_expired(now=timezone.now()))
    assert Signature.objects.filter(pk=signature.pk).exists()
    time_machine.move_to("2026-02-09T00:10:00Z", tick=False)
    list(erasing.erase_expired(now=timezone.now()))

    assert not Signature.objects.exists()


@time_machine.travel("2026-01-21T12:00:00Z", tick=False)
def test_objected_entry_tells_its_signatory_when_it_is_erased(client):
    make_signature(
        make_letter(),
        state=State.REJECTED,
        rejected_on="2026-01-10",
        objected_on="2026-01-20",
        manage_digest=MANAGED,
    )

    assert "erased by 19 February 2026" in words(client.get(OWN))
    assert file_of(client)["can_be_objected_to_until"] is None


@time_machine.travel("2026-01-21T12:00:00Z", tick=False)
def test_page_of_a_name_that_nobody_decided_before_the_sealing_says_so_also_of_a_duplicate(client):
    pages = []
    for state in (State.IN_REVIEW, State.DUPLICATE):
        letter = make_letter(slug=f"open-{state}".replace("_", "-"), title="Open")
        make_signature(letter, state=state, manage_digest=MANAGED, confirmed_on="2026-01-20")
        seal(letter)
        page = words(client.get(OWN))
        document = file_of(client)
        pages.append((page, {**document, "letter": "", "submitted_on": ""}))
        assert "The letter was sealed on 21 January 2026, before a moderator had decided" in page
        assert "erased by 20 February 2026" in page
        assert "you objected" not in page
        assert document["rejected_on"] == "2026-01-21"
        Signature.objects.all().delete()

    assert pages[0] == pages[1]


@time_machine.travel("2026-01-21T12:00:00Z", tick=False)
def test_page_of_a_name_rejected_before_the_sealing_says_what_became_of_its_objection(client):
    pages = []
    for objected_on in ("2026-01-20", None):
        letter = make_letter(status="sealed")
        fields = {"rejected_on": "2026-01-10", "objected_on": objected_on}
        make_signature(letter, state=State.REJECTED, manage_digest=MANAGED, **fields)
        pages.append(words(client.get(OWN)))
        Signature.objects.all().delete()

    objected, silent = pages
    assert "On 10 January 2026 a moderator decided" in objected and "sealed on" not in objected
    assert "You objected on 20 January 2026 . The letter has been sealed since" in objected
    assert "The letter is sealed, so you can no longer object to this decision." in silent
    assert "The last day for it" not in objected + silent


def test_own_page_speaks_of_a_digest_of_the_address_only_while_there_is_one(client, named):
    assert "a digest of your address" in words(client.get(OWN))

    seal(named.letter)

    assert "a digest of your address" not in words(client.get(OWN))
    assert file_of(client)["digest_of_address_kept_with_this_entry"] is False


def test_own_page_of_a_rejected_name_does_not_let_its_anonymous_line_wait(client):
    fields = {"manage_digest": MANAGED, "replaces": "r" * 64}
    signature = make_signature(make_letter(), **fields)
    waiting = words(client.get(OWN))
    Signature.objects.filter(pk=signature.pk).update(
        state=State.REJECTED, rejected_on=timezone.localdate(), reason="other"
    )
    rejected = words(client.get(OWN))

    assert "Your anonymous line stays where it is until then" in waiting
    assert "until then" not in rejected
    assert "It does not take the place of your anonymous line." in rejected


def test_documents_for_programs_describe_every_member_of_the_file(client, named):
    text = (settings.ROOT / "docs/api.md").read_text(encoding="utf-8")
    section = text.split("## One's own signature as a file")[1].split("\n## ")[0]

    described = set(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))

    members = {name for cell in described for name in re.findall(r"`(\w+)`", cell)}
    assert members == set(file_of(client))


def test_rejected_entry_tells_its_signatory_the_reason_and_the_note(client, named):
    alice = make_user("alice", is_superuser=True)
    note = "Write to us from <work>, please."
    moderation.reject(signature=named, actor=alice, reason="impersonation", note=note)

    page = client.get(OWN).content.decode()

    assert "<dt>Reason</dt><dd>Signs for somebody else</dd>" in page
    assert "<bdi>Write to us from &lt;work&gt;, please.</bdi>" in page
    assert file_of(client)["note_of_the_moderator"] == note


def test_page_of_an_entry_that_is_not_rejected_tells_of_no_note(client, named):
    page = client.get(OWN).content.decode()

    assert "Note of the moderator" not in page
    assert "<dt>Reason</dt>" not in page


def test_file_of_an_entry_that_is_carried_over_names_the_text_it_goes_to(client, anonymous):
    newer = make_newer_text(anonymous.letter)
    assert file_of(client)["text_version"] == 1

    client.post(OWN + "text/")

    assert (file_of(client)["text_version"], file_of(client)["text_sha256"]) == (2, newer.sha256)


def test_every_field_of_a_signature_is_told_in_the_file_or_named_here():
    """A new field that nobody decided about fails here."""
    told = {
        *("letter", "version", "state", "appearance", "name", "title", "organisation"),
        *("organisation_text", "tenure", "role", "method", "address_digest", "carried_to"),
        *(
            "said_organisation",
            "said_tenure",
            "is_for_colleagues",
            "is_hidden_from_search",
            "manage_digest",
            "submitted_on",
            "confirmed_on",
        ),
        *("published_on", "rejected_on", "reason", "note", "vouches_given"),
        *("objection", "objected_on", "kept_despite", "kept_on"),
    }
    follow_from_those_or_stand_on_the_roll = {
        *("id", "threshold", "shown_organisation", "shown_tenure", "shown_role", "roll_key"),
        *("replaces", "is_demonstration", "group", "has_been_shown"),
        # It would tell a name that takes the place of an anonymous line from a duplicate.
        "was_decided",
        # Of a line off the roll: that a batch brought it before. Its signer saw it stand.
        "has_stood",
    }
    # What moderators go by. A duplicate has less of it, and the file would tell.
    of_moderators = {"needs_check", "name_key", "risk", "set_aside_on", "was_approved"}

    fields = {field.name for field in Signature._meta.concrete_fields}

    assert fields == told | follow_from_those_or_stand_on_the_roll | of_moderators


# The receipt --------------------------------------------------------------------------------------


def test_receipt_of_an_anonymous_entry_shows_no_day_that_would_move_with_a_batch(client, google):
    """Those of a duplicate do not move, so the day would tell which of the two it is."""
    letter = make_letter()
    earlier = {"submitted_on": "2026-01-11", "confirmed_on": "2026-01-12"}
    pages = []
    for state in (State.APPROVED, State.DUPLICATE):
        Signature.objects.all().delete()
        make_anonymous(letter, google, state=state, manage_digest=MANAGED, **earlier)
        before = client.get(OWN + "receipt/")
        move_batch(letter)
        Tally.objects.all().delete()
        letter.refresh_from_db()
        pages.append((answer(before), words(client.get(OWN + "receipt/"))))

    assert pages[0] == pages[1]
    assert "January 2026" not in pages[0][1]


def test_receipt_by_name_shows_the_day_of_confirmation(client, named):
    Signature.objects.update(confirmed_on="2026-01-12")

    assert "12 January 2026" in words(client.get(OWN + "receipt/"))


# The title ------------------------------------------------------------------------------------------


def test_title_page_shows_the_title_and_changes_it(client, named):
    page = client.get(OWN + "title/")
    assert value_of(page, "title") == "Engineer"

    changed = client.post(OWN + "title/", {"title": " Chief   of staff "})

    assert (changed.status_code, changed.url) == (302, OWN)
    assert Signature.objects.get().title == "Chief of staff"
    assert "Chief of staff" not in words(client.get("/letters/open/roll/"))
    check_all()
    assert "Chief of staff, Google" in words(client.get("/letters/open/roll/"))


def test_title_page_removes_the_title(client, named):
    client.post(OWN + "title/", {"title": ""})

    assert Signature.objects.get().title == ""


def test_title_that_is_no_line_of_words_comes_back_with_the_reason(client, named):
    response = client.post(OWN + "title/", {"title": "<b>Poet</b>"})

    assert response.status_code == 200
    assert errors_of(response, "title") == ["Leave out the characters < > { } and \\."]
    assert value_of(response, "title") == "<b>Poet</b>"
    assert "Problem: correct your title" in response.content.decode()
    assert Signature.objects.get().title == "Engineer"


def test_title_typed_before_the_check_failed_is_kept(strict, named):
    response = strict.post(OWN + "title/", {"title": "Chief of staff"})

    assert response.status_code == 403
    assert value_of(response, "title") == "Chief of staff"
    assert Signature.objects.get().title == "Engineer"


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_title_changed_too_often_comes_back_with_when_to_try_again(client, named, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "change:page": "2/h"}
    for title in ("One", "Two"):
        client.post(OWN + "title/", {"title": title})

    response = client.post(OWN + "title/", {"title": "Three"})

    assert response.status_code == 429
    assert "try again in 60 minutes" in errors_of(response, "title")[0]
    assert value_of(response, "title") == "Three"
    assert Signature.objects.get().title == "Two"


@pytest.mark.parametrize(
    "page",
    ["search/", "prominent/", "everybody/", "left/", "text/", "anonymous/", "counted/"],
)
@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_whoever_repeats_a_change_for_ever_is_asked_to_wait(client, named, settings, page):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "change:page": "0/h"}

    response = client.post(OWN + page, {"hidden": "1"})

    assert (response.status_code, response["Retry-After"]) == (429, "3600")
    assert not Signature.objects.get().is_hidden_from_search


def test_asking_search_engines_for_what_they_do_already_is_no_work(
    client, named, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as first:
        client.post(OWN + "search/", {"hidden": "1"})
    with django_capture_on_commit_callbacks() as second:
        client.post(OWN + "search/", {"hidden": "1"})

    assert (len(first) > 0, second) == (True, [])


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"state": State.REJECTED}, "This entry was not published. You can only withdraw it."),
        ({"letter_status": "sealed"}, "The letter is sealed: nobody reads titles any more."),
    ],
)
def test_title_that_may_not_change_comes_back_with_the_reason(client, fields, refusal):
    letter = make_letter(status=fields.pop("letter_status", "published"))
    make_signature(letter, manage_digest=MANAGED, **fields)

    response = client.post(OWN + "title/", {"title": "Poet"})

    assert response.status_code == 200
    assert errors_of(response, "title") == [refusal]
    assert Signature.objects.get().title == ""


def test_title_page_warns_where_a_moderator_reads_it_first(client, google):
    make_signature(make_letter(), manage_digest=MANAGED)

    assert "A moderator reads a new title first." in words(client.get(OWN + "title/"))


# Becoming anonymous ---------------------------------------------------------------------------------


def test_becoming_anonymous_says_what_happens_does_it_and_gives_a_new_page(client, named):
    page = client.get(OWN + "anonymous/")
    assert "Wilhelmina Otterbourne" in words(page)
    assert "Verified employee, Google" in words(page)

    done = client.post(OWN + "anonymous/")

    assert done.status_code == 302
    assert done["Cache-Control"] == "no-store"
    assert "Otterbourne" not in str(all_rows())
    assert client.get(OWN).status_code == 404
    own = client.get(done.url)
    assert "Otterbourne" not in own.content.decode()
    assert own.context["line"].detail == "Verified employee, Google"
    assert client.get("/letters/open/roll/").context["lines"] == []


def test_becoming_anonymous_pressed_twice_leads_to_the_same_page(client, named):
    pressed = [client.post(OWN + "anonymous/").url for _twice in range(2)]

    assert pressed[0] == pressed[1]
    assert client.get(pressed[0]).status_code == 200
    assert client.get(OWN + "anonymous/").status_code == 404


def test_becoming_anonymous_where_it_is_not_possible_says_why_and_has_no_button(client):
    make_signature(make_letter(), manage_digest=MANAGED)

    page = client.get(OWN + "anonymous/")

    assert "yours is not verified" in words(page)
    assert f'action="{OWN}anonymous/"' not in page.content.decode()
    assert client.post(OWN + "anonymous/").status_code == 404
    assert Signature.objects.get().name == "Wilhelmina Otterbourne"


# Becoming named ----------------------------------------------------------------------------------


def test_becoming_named_asks_for_a_code_and_the_name_comes_with_the_batch(
    client, anonymous, deliver, code_of
):
    page = client.post(OWN + "named/", NAME_FORM)

    assert (page.status_code, page["Cache-Control"]) == (302, "no-store")
    code_page = client.get(page.url)
    assert "Your line stays anonymous until then." in words(code_page)
    assert "Poet, Google" in words(code_page)
    assert f'href="{OWN}' not in code_page.content.decode()
    [message] = deliver()
    assert message.to == ["w.otterbourne@google.example"]
    assert "Otterbourne" not in message.body and "named" not in message.body
    receipt = client.post(page.url, {"code": code_of(message)})
    assert "Your name takes the place of your anonymous line" in words(client.get(receipt.url))
    check_all()
    moderation.approve(
        signature=Signature.objects.named().get(), actor=make_user("alice", is_superuser=True)
    )
    move_batch(anonymous.letter)
    assert [line.name for line in client.get("/letters/open/roll/").context["lines"]] == [
        "Wilhelmina Otterbourne"
    ]
    assert client.get(OWN).status_code == 404


def test_becoming_named_by_the_mailed_button(client, anonymous, deliver):
    client.post(OWN + "named/", {**NAME_FORM, "email": "w.otterbourne@gmail.com"})
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    assert "Put your name under the letter" in words(client.get(button))
    done = client.post(button, {"decision": "confirm"})

    assert done.status_code == 302
    assert Signature.objects.named().get().state == State.IN_REVIEW
    assert not Signature.objects.named().get().is_verified


def test_becoming_named_with_many_others_from_one_network_is_a_burst(client, anonymous, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "burst:network": "0/h"}

    client.post(OWN + "named/", NAME_FORM)

    assert Verification.objects.get().is_burst


def test_becoming_named_refused_by_the_mailbox_leaves_the_anonymous_entry(
    client, anonymous, deliver
):
    client.post(OWN + "named/", {**NAME_FORM, "email": "w.otterbourne@gmail.com"})
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    client.post(button, {"decision": "refuse"})

    assert Signature.objects.get().is_anonymous
    assert client.get(OWN).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"name": ""}, "name", "Enter your name as you would sign a letter."),
        ({"name": "123"}, "name", "Enter your name as you would sign a letter."),
        ({"name": "W <b>"}, "name", "Leave out the characters < > { } and \\."),
        ({"title": "www.x"}, "title", "Leave out web addresses."),
        ({"email": ""}, "email", "Enter your email address."),
        (
            {"email": "w.otterbourne"},
            "email",
            "Enter a complete address, such as name@example.org. This one has no @.",
        ),
    ],
)
def test_becoming_named_with_something_wrong_keeps_the_rest(
    client, anonymous, fields, field, reason
):
    typed = {**NAME_FORM, **fields}

    response = client.post(OWN + "named/", typed)

    assert response.status_code == 200
    assert response.context["form"].errors == {field: [reason]}
    assert {name: value_of(response, name) for name in typed} == typed
    assert not Verification.objects.exists()


def test_becoming_named_from_elsewhere_is_refused_where_affiliations_must_be_verified(
    client, anonymous
):
    type(anonymous.letter).objects.update(accepts_unverified=False)

    response = client.post(OWN + "named/", {**NAME_FORM, "email": "w@gmail.com"})

    [reason] = errors_of(response, "email")
    assert "use your address at Google" in reason
    assert not Verification.objects.exists()


def test_becoming_named_typed_before_the_check_failed_is_kept(strict, anonymous):
    response = strict.post(OWN + "named/", NAME_FORM)

    assert response.status_code == 403
    assert {name: value_of(response, name) for name in NAME_FORM} == NAME_FORM
    assert not Verification.objects.exists()


@pytest.mark.parametrize("limit", ["change:page", "sign:network"])
@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_becoming_named_too_often_comes_back_with_when_to_try_again(
    client, anonymous, settings, limit
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, limit: "1/h"}
    client.post(OWN + "named/", NAME_FORM)

    response = client.post(OWN + "named/", NAME_FORM)

    assert response.status_code == 429
    assert "try again in 60 minutes" in response.context["form"].non_field_errors()[0]
    assert {name: value_of(response, name) for name in NAME_FORM} == NAME_FORM
    assert Verification.objects.count() == 1


@pytest.mark.parametrize(
    ("letter_fields", "state", "refusal"),
    [
        ({"allows_named": False}, State.APPROVED, "signed anonymously only"),
        ({"status": "sealed"}, State.PUBLISHED, "The letter is sealed"),
        ({}, State.REJECTED, "You can only withdraw it"),
    ],
)
def test_becoming_named_where_it_is_not_possible_says_why_and_has_no_form(
    client, google, letter_fields, state, refusal
):
    make_anonymous(make_letter(**letter_fields), google, state=state, manage_digest=MANAGED)

    page = client.get(OWN + "named/")

    assert refusal in words(page)
    assert "<form" not in page.content.decode().split("<main")[1].split("</main>")[0]
    assert client.post(OWN + "named/", NAME_FORM).status_code == 200
    assert not Verification.objects.exists()


# The newer text ------------------------------------------------------------------------------------


def test_carrying_over_by_name_happens_at_once(client, named):
    newer = make_newer_text(named.letter)
    page = client.get(OWN + "text/")
    assert "You signed version 1. The current one is version 2." in words(page)

    for _twice in range(2):
        done = client.post(OWN + "text/")

    assert (done.status_code, done.url) == (302, OWN)
    assert Signature.objects.get().version == newer
    own = client.get(OWN)
    assert newer.sha256 in words(own)
    assert "text/" not in links_of(own)


def test_carrying_over_anonymously_happens_with_the_batch(client, anonymous):
    newer = make_newer_text(anonymous.letter)
    assert "That count moves with the next batch" in words(client.get(OWN + "text/"))

    client.post(OWN + "text/")

    signature = Signature.objects.get()
    assert (signature.version.number, signature.carried_to) == (1, newer)
    assert newer.sha256 in words(client.get(OWN))


def test_carrying_over_a_rejected_entry_leads_nowhere(client):
    letter = make_letter()
    make_signature(letter, state=State.REJECTED, manage_digest=MANAGED)
    make_newer_text(letter)

    assert client.post(OWN + "text/").status_code == 404
    assert Signature.objects.get().version.number == 1


# Withdrawing, and freeing the address -----------------------------------------------------------------


def test_withdrawing_without_an_address_withdraws_at_once(client, anonymous):
    done = client.post(OWN + "withdraw/", {"email": ""})

    assert done.templates[0].name == "signatories/withdrawn.html"
    assert "can sign this letter again" not in words(done)
    assert not Signature.objects.exists()
    assert not Verification.objects.exists()


def test_withdrawing_with_an_address_asks_for_a_code_and_frees_it(client, deliver, code_of, google):
    letter = make_letter()
    form = {"email": "w@google.example", "organisation": "Google", "appearance": "anonymous"}
    signed = client.post(f"/letters/{letter.slug}/sign/", form)
    [message] = deliver()
    own = client.post(signed.url, {"code": code_of(message)}).url.removesuffix("receipt/")

    page = client.post(own + "withdraw/", {"email": "w@google.example"})

    assert (page.status_code, page["Cache-Control"]) == (302, "no-store")
    assert Signature.objects.count() == 1, "Nothing is withdrawn before the code is typed."
    assert "Your signature is withdrawn then" in words(client.get(page.url))
    [message] = deliver()
    done = client.post(page.url, {"code": code_of(message)})
    assert "The address you proved can sign this letter again" in words(done)
    assert not UsedAddress.objects.exists()
    assert client.get(own).status_code == client.get(page.url).status_code == 404
    signed = client.post(f"/letters/{letter.slug}/sign/", form)
    [message] = deliver()
    client.post(signed.url, {"code": code_of(message)})
    assert Signature.objects.get().state == State.APPROVED


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("w@gmail.com", "This address is not at Google, for which you signed."),
        ("nonsense", "Enter a complete address, such as name@example.org. This one has no @."),
    ],
)
def test_withdrawing_with_a_wrong_address_keeps_it_and_the_entry(client, anonymous, email, reason):
    response = client.post(OWN + "withdraw/", {"email": email})

    assert response.status_code == 200
    assert errors_of(response, "email") == [reason]
    assert value_of(response, "email") == email
    assert Signature.objects.count() == 1
    assert not Verification.objects.exists()


def test_withdrawing_typed_before_the_check_failed_is_kept(strict, anonymous):
    response = strict.post(OWN + "withdraw/", {"email": "w@google.example"})

    assert response.status_code == 403
    assert value_of(response, "email") == "w@google.example"
    assert Signature.objects.count() == 1
    assert not Verification.objects.exists()


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_withdrawing_asked_for_too_often_comes_back_with_when_to_try_again(
    client, anonymous, settings
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "change:page": "1/h"}
    client.post(OWN + "withdraw/", {"email": "w@google.example"})

    response = client.post(OWN + "withdraw/", {"email": "w@google.example"})

    assert response.status_code == 429
    assert "try again in 60 minutes" in errors_of(response, "email")[0]
    assert value_of(response, "email") == "w@google.example"
    assert Verification.objects.count() == 1
    assert client.post(OWN + "withdraw/").status_code == 200
    assert not Signature.objects.exists()


def test_withdrawing_after_sealing_offers_no_address_and_frees_none(client, google):
    letter = make_letter(status="sealed")
    make_anonymous(letter, google, state=State.PUBLISHED, manage_digest=MANAGED)
    assert 'name="email"' not in client.get(OWN + "withdraw/").content.decode()

    response = client.post(OWN + "withdraw/", {"email": "w@google.example"})

    assert errors_of(response, "email") == [
        "The letter is sealed: no address can sign it any more."
    ]
    assert not Verification.objects.exists()
    assert client.post(OWN + "withdraw/").templates[0].name == "signatories/withdrawn.html"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"state": State.REJECTED},
            "This entry was not published: its address cannot sign this letter again.",
        ),
        (
            {"vouches_given": 1},
            "You gave a link to a colleague: your address cannot sign this letter again.",
        ),
    ],
)
def test_withdrawing_what_frees_no_address_says_so_and_offers_none(client, google, fields, reason):
    make_anonymous(make_letter(), google, manage_digest=MANAGED, **fields)
    page = client.get(OWN + "withdraw/")
    assert reason in words(page)
    assert 'name="email"' not in page.content.decode()

    response = client.post(OWN + "withdraw/", {"email": "w@google.example"})

    assert errors_of(response, "email") == [reason]
    assert Signature.objects.count() == 1
    assert not Verification.objects.exists()


def test_withdrawing_what_was_rejected_between_form_and_code_says_that_nothing_is_freed(
    client, anonymous, deliver, code_of
):
    page = client.post(OWN + "withdraw/", {"email": "w@google.example"})
    [message] = deliver()
    Signature.objects.update(state=State.IN_REVIEW)
    moderation.reject(
        signature=anonymous, actor=make_user("alice", is_superuser=True), reason="abuse"
    )

    done = client.post(page.url, {"code": code_of(message)})

    assert "The address of this entry cannot sign this letter again." in words(done)
    assert "The address you proved can sign" not in words(done)
    assert not Signature.objects.exists()


def test_withdrawing_a_rejected_name_speaks_of_no_line_on_the_roll(client):
    make_signature(make_letter(), state=State.REJECTED, manage_digest=MANAGED)

    before, after = client.get(OWN + "withdraw/"), client.post(OWN + "withdraw/")

    assert "No line of it stands on the roll." in words(before)
    assert "it leaves at once" not in words(before)
    assert "gone from there" not in words(after)
    assert "The address of this entry cannot sign this letter again." in words(after)


def test_withdrawing_by_name_ignores_an_address(client, named):
    assert 'name="email"' not in client.get(OWN + "withdraw/").content.decode()

    client.post(OWN + "withdraw/", {"email": "w@google.example"})

    assert not Signature.objects.exists()
    assert not Verification.objects.exists()


# Search engines -----------------------------------------------------------------------------------

NOINDEX = '<meta name="robots" content="noindex">'


def is_listed(response):
    return NOINDEX not in response.content.decode()


def fill_roll(letter, number):
    for index in range(number):
        make_signature(letter, state=State.PUBLISHED, name=f"Abigail A{index:03}")


def test_hiding_from_search_and_back(client, named):
    hidden = client.post(OWN + "search/", {"hidden": "1"})

    assert (hidden.status_code, hidden.url) == (302, OWN)
    assert Signature.objects.get().is_hidden_from_search
    assert "Search engines are asked not to list your name." in words(client.get(OWN))

    client.post(OWN + "search/", {"hidden": "0"})

    assert not Signature.objects.get().is_hidden_from_search
    assert "Search engines may list your name." in words(client.get(OWN))


def test_hidden_name_keeps_its_page_of_the_roll_from_engines_and_no_other_page(client, named):
    fill_roll(named.letter, roll.PAGE_SIZE)
    client.post(OWN + "search/", {"hidden": "1"})

    first = client.get("/letters/open/roll/")
    second = client.get("/letters/open/roll/", {"after": first.context["next_after"]})

    assert [line.name for line in second.context["lines"]] == ["Wilhelmina Otterbourne"]
    assert is_listed(first)
    assert not is_listed(second)


def test_hidden_name_is_left_out_of_the_letter_s_page_and_still_counted(client, named):
    fill_roll(named.letter, 2)
    batches.refresh_count(letter=named.letter)
    assert "Wilhelmina Otterbourne" in words(client.get("/letters/open/"))

    client.post(OWN + "search/", {"hidden": "1"})

    page = client.get("/letters/open/")
    assert is_listed(page)
    assert "Otterbourne" not in page.content.decode()
    assert [line.name for line in page.context["lines"]] == ["Abigail A000", "Abigail A001"]
    assert page.context["tally"].total == 3
    assert page.context["has_more"]


def test_hidden_name_leaves_room_for_the_next_on_the_letter_s_page(client, named):
    """Else the excerpt would be shorter by one, and tell that somebody hides there."""
    fill_roll(named.letter, 40)
    Signature.objects.filter(name="Abigail A003").update(is_hidden_from_search=True)

    names = [line.name for line in client.get("/letters/open/").context["lines"]]

    assert names == [f"Abigail A{index:03}" for index in range(31) if index != 3]


def test_what_was_searched_for_is_never_listed(client, named, google):
    batches.refresh_count(letter=named.letter)

    for query in ({"q": "otterbourne"}, {"organisation": google.slug}):
        page = client.get("/letters/open/roll/", query)
        assert [line.name for line in page.context["lines"]] == ["Wilhelmina Otterbourne"]
        assert not is_listed(page)
    assert is_listed(client.get("/letters/open/roll/"))


def test_letter_that_keeps_its_roll_out_of_search_has_no_excerpt_and_no_listed_page(client, named):
    fill_roll(named.letter, roll.PAGE_SIZE)
    batches.refresh_count(letter=named.letter)
    type(named.letter).objects.update(roll_in_search=False)

    letter_page = client.get("/letters/open/")
    first = client.get("/letters/open/roll/")
    second = client.get("/letters/open/roll/", {"after": first.context["next_after"]})

    assert is_listed(letter_page)
    assert letter_page.context["lines"] == []
    assert "Abigail" not in letter_page.content.decode()
    assert 'href="/letters/open/roll/"' in letter_page.content.decode()
    assert not is_listed(first) and not is_listed(second)
    assert len(first.context["lines"]) == roll.PAGE_SIZE


# Leaving ----------------------------------------------------------------------------------------


def test_left_page_shows_the_line_and_changes_nothing(named, client):
    before = all_rows()

    page = words(client.get(f"{OWN}left/"))

    assert "formerly Google" in page
    assert "There is no way back." in page
    assert all_rows() == before


def test_left_button_changes_the_line_and_leads_back(named, client):
    answer = client.post(f"{OWN}left/")

    named.refresh_from_db()
    assert (answer.status_code, answer.url, named.tenure) == (302, OWN, "former")
    assert "Say that I have left" not in words(client.get(OWN))
    assert client.get(f"{OWN}left/").status_code == 404
