"""From a name to an anonymous line: the name goes at once, the line comes with a batch."""

import pytest
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed, Text, publish_text
from signatories import tasks
from signatories.actions import appearing, batches, confirming, own
from signatories.actions.confirming import Gone
from signatories.models import (
    Departure,
    FlagKind,
    Signature,
    State,
    Tally,
    UsedAddress,
)
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
)
from tests.privacy.witnesses import all_rows

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
MANAGED = crypto.digest("manage", TOKEN)
DIGEST = "d" * 64


def managed(letter, **fields):
    """A named signature that TOKEN manages, with its used address."""
    UsedAddress.objects.get_or_create(letter=letter, digest=DIGEST)
    return make_signature(letter, manage_digest=MANAGED, address_digest=DIGEST, **fields)


def managed_at_google(letter, organisation=None, **fields):
    organisation = organisation or make_organisation("Google", "google.example")
    return managed(letter, organisation=organisation, method="mailbox", **fields)


def signature_of(token=TOKEN):
    return confirming.by_token(token)


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    return batches.publish_batch(letter=letter, now=timezone.now())


def make_newer_text(letter):
    text = Text(letter.title, "We ask another thing.\n", (("Do", "that."),))
    version = publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())
    letter.refresh_from_db()
    return version


def test_appear_without_name_erases_name_and_title_everywhere_at_once():
    letter = make_letter()
    named = managed_at_google(
        letter, state=State.PUBLISHED, name="Zephyrine Quillfeather", title="Chief of kites"
    )
    assert "Quillfeather" in str(all_rows())

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    rows = str(all_rows())
    for trace in ("Quillfeather", "quillfeather", "Zephyrine", "kites"):
        assert trace not in rows
    assert named.pk.hex not in rows.replace("-", "")
    assert MANAGED not in rows
    anonymous = signature_of(token)
    assert Signature.objects.values().get() == {
        "id": anonymous.pk,
        "letter_id": letter.pk,
        "version_id": letter.current_version_id,
        "state": "approved",
        "appearance": "anonymous",
        "threshold": None,
        "name": "",
        "title": "",
        "organisation_id": named.organisation_id,
        "organisation_text": "",
        "tenure": "current",
        "role": "",
        "method": "mailbox",
        "shown_organisation_id": None,
        "shown_tenure": "",
        "shown_role": "",
        "group": 0,
        "has_been_shown": False,
        "has_stood": False,
        "roll_key": "",
        "address_digest": None,
        "replaces": None,
        "carried_to_id": None,
        "said_organisation": "",
        "said_tenure": "",
        "is_for_colleagues": False,
        "is_hidden_from_search": False,
        "vouches_given": 0,
        "manage_digest": crypto.digest("manage", token),
        "submitted_on": timezone.localdate(),
        "confirmed_on": timezone.localdate(),
        "published_on": None,
        "rejected_on": None,
        "reason": "",
        "note": "",
        "was_approved": False,
        "was_decided": False,
        "objection": "",
        "objected_on": None,
        "kept_despite": "",
        "kept_on": None,
        "set_aside_on": None,
        "needs_check": False,
        "name_key": "",
        "risk": 0,
        "is_demonstration": False,
    }
    assert token != TOKEN
    assert signature_of(TOKEN) is None


def test_appear_without_name_keeps_the_address_used_and_counts_as_a_withdrawal():
    managed_at_google(make_letter(), state=State.PUBLISHED)
    used = list(UsedAddress.objects.values())

    appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert list(UsedAddress.objects.values()) == used
    departures = Departure.objects.values_list("fate", "appearance", "number")
    assert list(departures) == [("withdrawn", "named", 1)]


def test_appear_without_name_keeps_the_text_that_was_signed():
    letter = make_letter()
    managed_at_google(letter)
    read = letter.current_version
    make_newer_text(letter)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert signature_of(token).version == read


def test_appear_without_name_takes_the_name_off_the_count_and_the_line_comes_by_batch():
    letter = make_letter()
    managed_at_google(letter, state=State.PUBLISHED)
    for _each in range(4):
        make_anonymous(letter, signature_of().organisation)
    batches.refresh_count(letter=letter)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")
    batches.refresh_count(letter=letter)

    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous) == (0, 0)
    assert not letter.signatures.on_roll().exists()

    assert move_batch(letter) == 5

    tally.refresh_from_db()
    assert (tally.named, tally.anonymous) == (0, 5)
    assert tally.figures["received"] == tally.figures["confirmed"] == 6
    assert tally.figures["withdrawn"] == 1
    assert signature_of(token).shown_organisation.name == "Google"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.PUBLISHED, State.APPROVED),
        (State.IN_REVIEW, State.APPROVED),
        (State.DUPLICATE, State.DUPLICATE),
    ],
)
def test_appear_without_name_keeps_a_duplicate_a_duplicate(state, expected):
    managed_at_google(make_letter(), state=state)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert signature_of(token).state == expected


def test_appear_without_name_twice_leads_to_the_same_entry():
    managed_at_google(make_letter())

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")
    before = Signature.objects.values().get()

    assert appearing.appear_without_name(token=TOKEN, appearance="anonymous") == token
    assert Signature.objects.values().get() == before


def test_appear_without_name_at_the_same_moment_twice_leads_to_the_same_entry(monkeypatch):
    """The other press wins while this one waits for the lock."""
    managed_at_google(make_letter())
    wait_for_lock, others = own._locked, []

    def lose_the_race(digests):
        monkeypatch.setattr(own, "_locked", wait_for_lock)
        others.append(appearing.appear_without_name(token=TOKEN, appearance="anonymous"))
        return wait_for_lock(digests)

    monkeypatch.setattr(own, "_locked", lose_the_race)

    assert [appearing.appear_without_name(token=TOKEN, appearance="anonymous")] == others
    assert Signature.objects.count() == 1


def test_appear_without_name_again_after_withdrawing_finds_nothing():
    managed_at_google(make_letter())
    own.withdraw(token=appearing.appear_without_name(token=TOKEN, appearance="anonymous"))

    with pytest.raises(Gone):
        appearing.appear_without_name(token=TOKEN, appearance="anonymous")


@pytest.mark.parametrize(
    ("letter_fields", "fields", "refusal"),
    [
        ({}, {"organisation_text": "Google"}, "yours is not verified"),
        ({}, {}, "yours is not verified"),
        ({"allows_anonymous": False}, {}, "not signed that way"),
    ],
)
@pytest.mark.parametrize("state", [State.PUBLISHED, State.DUPLICATE])
def test_appear_without_name_that_is_not_possible_is_refused_and_keeps_the_name(
    letter_fields, fields, refusal, state
):
    managed(make_letter(**letter_fields), state=state, **fields)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match=refusal):
        appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert Signature.objects.values().get() == before
    assert refusal in appearing.why_not_without_name(signature_of(), "anonymous")


def test_appear_without_name_after_sealing_still_erases_the_name():
    letter = make_letter(status="sealed")
    managed_at_google(letter, state=State.PUBLISHED)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert letter.signatures.get().name == ""
    batches.start_tally(letter)
    Tally.objects.update(next_batch_at=timezone.now())
    tasks.publish_batches()
    assert signature_of(token).state == State.PUBLISHED


def test_appear_without_name_is_one_transaction(monkeypatch):
    def fail(*arguments, **fields):
        raise RuntimeError("power cut")

    managed_at_google(make_letter(), state=State.PUBLISHED)
    before = Signature.objects.values().get()
    monkeypatch.setattr(Signature, "save", fail)

    with pytest.raises(RuntimeError):
        appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert Signature.objects.values().get() == before


@pytest.mark.parametrize("is_on_roll", [False, True])
@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED])
def test_appear_without_name_while_the_name_waits_leaves_the_anonymous_line_where_it_is(
    state, is_on_roll
):
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    fields = {"state": State.PUBLISHED, "roll_key": "ot"} if is_on_roll else {}
    line = make_anonymous(letter, google, manage_digest="a" * 64, **fields)
    before = Signature.objects.values().get()
    managed_at_google(letter, state=state, replaces="a" * 64, organisation=google)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert Signature.objects.values().get() == before | {
        "manage_digest": crypto.digest("manage", token)
    }
    assert signature_of(token) == line
    assert UsedAddress.objects.count() == 1


def test_appear_without_name_while_the_name_waits_and_the_line_is_withdrawn_makes_a_new_one():
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    managed_at_google(letter, replaces="a" * 64, organisation=google)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    # A moderator may have rejected the line before it was withdrawn.
    assert signature_of(token).state == State.IN_REVIEW
    assert Signature.objects.count() == 1


def test_appear_without_name_keeps_what_a_moderator_decided_about_the_line():
    """Going to and fro must not turn a rejected line into a fresh one that nobody reads."""
    letter, google = make_letter(), make_organisation("Google", "google.example")
    line = make_anonymous(
        letter, google, state=State.REJECTED, manage_digest=crypto.digest("manage", "old")
    )
    make_signature(
        letter,
        organisation=google,
        method="mailbox",
        replaces=line.manage_digest,
        manage_digest=crypto.digest("manage", "named"),
    )

    token = appearing.appear_without_name(token="named", appearance="anonymous")

    [kept] = Signature.objects.all()
    assert (kept.pk, kept.state, kept.reason) == (line.pk, State.REJECTED, "other")
    assert kept.manage_digest == crypto.digest("manage", token)


@pytest.mark.parametrize(("state", "expected"), [("in_review", "in_review"), ("duplicate",) * 2])
def test_appear_without_name_takes_along_what_the_mailbox_gave_reason_for(state, expected):
    letter = make_letter()
    named = managed_at_google(letter, state=state, risk=70, needs_check=False)
    named.flags.create(kind=FlagKind.BURST)
    named.flags.create(kind=FlagKind.SAME_NAME)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    entry = signature_of(token)
    assert (entry.state, entry.risk) == (expected, 40)
    assert [(flag.kind, flag.detail) for flag in entry.flags.all()] == [("burst", "")]


def test_appear_without_name_needs_no_second_decision_about_a_burst():
    letter = make_letter()
    named = managed_at_google(letter, state=State.PUBLISHED, risk=40)
    named.flags.create(kind=FlagKind.BURST)

    token = appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    entry = signature_of(token)
    assert (entry.state, entry.risk) == (State.APPROVED, 0)
    assert not entry.flags.exists()


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.DUPLICATE])
def test_being_counted_and_having_a_line_again_keeps_what_the_mailbox_gave_reason_for(state):
    letter = make_letter(visibility="internal")
    google = make_organisation("Google", "google.example")
    entry = make_anonymous(letter, google, state=state, manage_digest=MANAGED, risk=40)
    entry.flags.create(kind=FlagKind.BURST)

    for appearance in ("counted", "anonymous"):
        appearing.appear_without_name(token=TOKEN, appearance=appearance)

        changed = signature_of()
        assert (changed.appearance, changed.state, changed.risk) == (appearance, state, 40)
        assert [flag.kind for flag in changed.flags.all()] == [FlagKind.BURST]
