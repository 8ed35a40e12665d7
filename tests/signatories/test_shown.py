"""Shown to a moderator elsewhere: recorded by day and code, audited, and undone the same way."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories import roll, statistics
from signatories.actions import batches, moderation, reading, showing
from signatories.models import Appearance, Method, Signature, State, Tally
from tests.admin_pages import make_moderator, messages_of
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

FORM = {"decision": "shown", "organisation": "Google", "tenure": "former", "how": "video_call"}


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter():
    return make_letter(slug="shown", allows_unverified_anonymous=True)


@pytest.fixture
def bob(letter):
    return make_moderator("bob", letter)


def make_unverified(letter, **fields):
    return make_signature(letter, appearance=Appearance.ANONYMOUS, **fields)


def record(signature, actor, organisation, tenure="former", how="video_call"):
    return showing.record(
        signature=signature, actor=actor, organisation=organisation, tenure=tenure, how=how
    )


def move_batch(letter):
    batches.start_tally(letter)
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)
    letter.refresh_from_db()


def trail():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "target", "reason"))


# Recording ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenure", "detail"), [("former", "Poet, formerly Google"), ("current", "Poet, Google")]
)
@pytest.mark.parametrize("state", [State.IN_REVIEW, State.PUBLISHED])
def test_record_makes_what_a_name_says_verified(state, tenure, detail, letter, google, bob):
    fields = {"organisation_text": "gogle", "tenure": "current", "title": "Poet"}
    if state == State.PUBLISHED:
        fields["shown_tenure"] = "current"
    entry = make_signature(letter, state=state, **fields)

    record(entry, bob, google, tenure)

    entry.refresh_from_db()
    line = roll.line(entry)
    assert (line.detail, line.is_verified, entry.state) == (detail, True, state)
    assert entry.shown_organisation == (google if state == State.PUBLISHED else None)
    assert trail() == [("signature.shown", f"signature:{entry.pk}", "video_call")]


def test_record_of_an_anonymous_entry_stays_in_review_and_comes_with_a_batch(letter, google, bob):
    entry = make_unverified(letter)

    record(entry, bob, google)
    entry.refresh_from_db()
    state = entry.state
    moderation.approve(signature=entry, actor=bob)
    move_batch(letter)

    assert state == "in_review"
    [line] = letter.signatures.on_roll()
    assert roll.line(line).detail == "Verified employee of an organisation not shown"
    assert roll.line_with_organisation(line).detail == "Verified former employee, Google"


def entries(letter, google):
    """Entries about which nothing can be recorded."""
    return {
        "a mailbox": make_signature(letter, organisation=google, method=Method.MAILBOX),
        "rejected": make_signature(letter, state=State.REJECTED),
        "unconfirmed": make_signature(letter, state=State.UNCONFIRMED),
        "duplicate": make_signature(letter, state=State.DUPLICATE),
        "anonymous, approved": make_unverified(letter, state=State.APPROVED),
        "anonymous, on the roll": make_unverified(letter, state=State.PUBLISHED),
    }


@pytest.mark.parametrize(
    "which",
    [
        "a mailbox",
        "rejected",
        "unconfirmed",
        "duplicate",
        "anonymous, approved",
        "anonymous, on the roll",
    ],
)
def test_record_is_refused_where_nothing_can_be_shown(which, letter, google, bob):
    entry = entries(letter, google)[which]

    with pytest.raises(NotAllowed):
        record(entry, bob, google)

    assert trail() == []


def test_record_by_the_moderator_of_another_letter_is_refused(letter, google):
    entry = make_signature(letter)

    with pytest.raises(NotAllowed):
        record(entry, make_moderator("charlie", make_letter()), google)

    entry.refresh_from_db()
    assert (entry.method, trail()) == ("none", [])


@pytest.mark.parametrize("change", [{"tenure": ""}, {"how": "a long story"}])
def test_record_takes_codes_only(change, letter, google, bob):
    with pytest.raises(NotAllowed):
        record(make_signature(letter), bob, google, **change)


# Taking back --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({}, "Signs for themself"),
        (
            {"organisation_text": "Initech", "tenure": "current"},
            "says Initech; not verified",
        ),
        (
            {"organisation_text": "Gogle", "tenure": "former", "shown_tenure": "former"},
            "says formerly Gogle; not verified",
        ),
    ],
)
def test_take_back_has_a_name_say_again_what_it_said(letter, google, bob, said, detail):
    entry = make_signature(letter, state=State.PUBLISHED, **said)
    record(entry, bob, google)
    entry.refresh_from_db()
    assert roll.line(entry).detail == "formerly Google"

    showing.take_back(signature=entry, actor=bob)

    entry.refresh_from_db()
    line = roll.line(entry)
    assert (line.detail, line.is_verified) == (detail, False)
    assert (entry.said_organisation, entry.said_tenure) == ("", "")
    assert entry.shown_organisation is None
    assert [verb for verb, _target, _reason in trail()] == [
        "signature.shown",
        "signature.shown_taken_back",
    ]


def test_take_back_leaves_an_anonymous_entry_with_nothing(letter, google, bob):
    entry = make_unverified(letter)
    record(entry, bob, google)

    showing.take_back(signature=entry, actor=bob)

    entry.refresh_from_db()
    assert (entry.method, entry.organisation, entry.tenure) == ("none", None, "")


def test_take_back_of_what_was_never_shown_is_refused(letter, google, bob):
    entry = make_signature(letter, organisation=google, method=Method.MAILBOX)

    with pytest.raises(NotAllowed):
        showing.take_back(signature=entry, actor=bob)


# The pages ----------------------------------------------------------------------------------------


def test_entry_page_records_and_takes_back(letter, google, bob, client):
    entry = make_signature(letter, organisation_text="gogle", tenure="current")
    client.force_login(bob)
    place = f"/admin/signatories/signature/{entry.pk}/change/"

    client.post(place, {**FORM, "seen": "in_review"})
    entry.refresh_from_db()
    recorded = (entry.method, entry.organisation, entry.tenure, entry.state)
    client.post(place, {"decision": "not_shown", "seen": "in_review"})
    entry.refresh_from_db()

    assert recorded == ("shown", google, "former", "in_review")
    assert entry.method == "none"


def test_entry_page_wants_a_listed_organisation_and_what_was_shown(letter, google, bob, client):
    entry = make_signature(letter)
    client.force_login(bob)
    form = {"decision": "shown", "organisation": "Narwhal", "seen": "in_review"}

    page = client.post(f"/admin/signatories/signature/{entry.pk}/change/", form)

    text = page.content.decode()
    assert "This organisation is not listed. Nothing was recorded." in text
    assert "Choose what it proves." in text
    assert "Choose what you were shown." in text
    entry.refresh_from_db()
    assert entry.method == "none"


@pytest.mark.parametrize("decision", ["shown", "not_shown"])
def test_nothing_is_recorded_of_what_a_colleague_has_open(letter, google, bob, client, decision):
    entry = make_signature(letter, organisation_text="gogle")
    if decision == "not_shown":
        record(entry, bob, google)
    reading.claim(signature=entry, actor=make_moderator("berta", letter))
    before = Signature.objects.values().get(pk=entry.pk)
    client.force_login(bob)
    place = f"/admin/signatories/signature/{entry.pk}/change/"
    form = {**FORM, "decision": decision, "seen": "in_review"}

    answer = client.post(place, form)

    assert messages_of(answer) == [
        "berta is looking at this entry, for 3 more minutes at most. Nothing was changed."
    ]
    assert Signature.objects.values().get(pk=entry.pk) == before
    if decision == "shown":
        assert '<option value="video_call" selected>' in answer.content.decode()
    client.post(place, {**form, "anyway": "on"})
    assert Signature.objects.get(pk=entry.pk).method != before["method"]


@pytest.mark.parametrize("decision", ["shown", "not_shown"])
def test_nothing_is_recorded_of_what_has_changed_since_it_was_read(
    letter, google, bob, client, decision
):
    entry = make_signature(letter, state=State.PUBLISHED, organisation_text="gogle")
    if decision == "not_shown":
        record(entry, bob, google)
    client.force_login(bob)
    place = f"/admin/signatories/signature/{entry.pk}/change/"
    [read] = set(re.findall(r'name="read" value="(\w+)"', client.get(place).content.decode()))
    Signature.objects.filter(pk=entry.pk).update(title="Clown in chief")
    before = Signature.objects.values().get(pk=entry.pk)

    form = {**FORM, "decision": decision, "seen": "published", "read": read}
    answer = client.post(place, form)

    assert messages_of(answer) == [
        "This entry, or what was said of it, has changed meanwhile. Read it again."
    ]
    assert Signature.objects.values().get(pk=entry.pk) == before


@pytest.mark.parametrize("verb", ["record", "take_back"])
def test_nothing_is_recorded_of_another_state_than_was_seen(letter, google, bob, verb):
    entry = make_signature(letter)
    told = {"organisation": google, "tenure": "former", "how": "company_card"}
    if verb == "take_back":
        record(entry, bob, google)
    seen_rejected = {"signature": entry, "actor": bob, "seen": "rejected"}

    with pytest.raises(NotAllowed, match="decided meanwhile"):
        getattr(showing, verb)(**seen_rejected, **(told if verb == "record" else {}))


@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_moderator_finds_the_entry_by_its_reference(appearance, letter, bob, client):
    make = make_unverified if appearance == "anonymous" else make_signature
    entry = make(letter, manage_digest="0a1b2c3d" + "f" * 56)
    other = make(letter, manage_digest="f" * 64)
    decided = make(letter, manage_digest="0a1b2c3d" + "0" * 56, state=State.PUBLISHED)
    client.force_login(bob)

    page = client.get("/admin/signatories/signature/?state=all&q=0a1b2c3d").content.decode()

    assert str(entry.pk) in page
    assert str(other.pk) not in page
    assert str(decided.pk) not in page
    place = f"/admin/signatories/signature/{entry.pk}/change/"
    assert "0a1b2c3d" in client.get(place).content.decode()


def test_reference_stays_the_same_through_a_batch(letter, bob):
    """Else whoever reads the mailbox would see by it whether the entry is a duplicate."""
    entry = make_unverified(letter, manage_digest="0a1b2c3d" + "f" * 56)
    moderation.approve(signature=entry, actor=bob)

    move_batch(letter)

    [line] = letter.signatures.on_roll()
    assert (line.pk == entry.pk, line.reference) == (False, "0a1b2c3d")


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.DUPLICATE])
def test_own_page_says_beforehand_that_one_person_will_know(state, letter):
    entry = make_unverified(letter, state=state, manage_digest=crypto.digest("manage", "t" * 43))

    page = words(Client().get(f"/signature/{'t' * 43}/"))

    assert "That one person will know who you are and which line is yours." in page
    assert f"Tell them this reference: {entry.reference}" in page


def test_sign_form_says_beforehand_that_one_person_will_know(letter):
    assert "That one person will then know who you are." in words(
        Client().get("/letters/shown/sign/")
    )


# Small groups -------------------------------------------------------------------------------------


def make_shown(letter, google):
    make_anonymous(letter, google, method=Method.SHOWN, tenure="former")


def test_shown_lines_do_not_make_a_group(letter, google):
    make_anonymous(letter, google)
    for _each in range(9):
        make_shown(letter, google)

    move_batch(letter)

    assert statistics.public_statistics(letter)["verified_by_organisation"] == []


@pytest.mark.parametrize(
    ("former", "details"),
    [
        (4, {"Verified employee, Google"}),
        (5, {"Verified employee, Google", "Verified former employee, Google"}),
    ],
)
def test_former_shows_where_enough_were_shown(former, details, letter, google):
    for _each in range(5):
        make_anonymous(letter, google)
    for _each in range(former):
        make_shown(letter, google)

    move_batch(letter)

    assert {roll.line(line).detail for line in letter.signatures.on_roll()} == details
