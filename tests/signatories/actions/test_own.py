"""What a signatory does with their own signature."""

from datetime import date

import pytest
from django.core import mail
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed, Text, publish_text
from letters.models import AuditEntry, ReviewPolicy
from signatories import roll, statistics
from signatories.actions import appearing, batches, confirming, moderation, own
from signatories.actions.confirming import Gone
from signatories.models import (
    Departure,
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
    make_user,
)

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
MANAGED = crypto.digest("manage", TOKEN)
DIGEST = "d" * 64


def managed(letter, **fields):
    """A named signature that TOKEN manages, with its used address."""
    UsedAddress.objects.get_or_create(letter=letter, digest=DIGEST)
    return make_signature(letter, manage_digest=MANAGED, address_digest=DIGEST, **fields)


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


@pytest.fixture
def queued(monkeypatch):
    """The tasks that were queued on commit: (name, letter)."""
    found = []

    def note(task, arguments, countdown):
        found.append((task.name.removeprefix("signatories.tasks."), *arguments))

    monkeypatch.setattr("config.celery._send", note)
    return found


def departures():
    return list(Departure.objects.values_list("fate", "appearance", "reason", "number"))


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_withdraw_by_name_erases_the_row_and_frees_the_address(state):
    letter, other = make_letter(), make_letter()
    managed(letter, state=state)
    kept = make_signature(letter, state=State.PUBLISHED, manage_digest="e" * 64)
    UsedAddress.objects.create(letter=letter, digest="e" * 64)
    UsedAddress.objects.create(letter=other, digest=DIGEST)

    own.withdraw(token=TOKEN)

    assert list(Signature.objects.all()) == [kept]
    assert departures() == [("withdrawn", "named", "", 1)]
    assert set(UsedAddress.objects.values_list("letter", "digest")) == {
        (letter.pk, "e" * 64),
        (other.pk, DIGEST),
    }


def test_withdraw_rejected_never_frees_the_address():
    letter = make_letter()
    managed(letter, state=State.REJECTED, reason="abuse")

    own.withdraw(token=TOKEN)

    assert not Signature.objects.exists()
    assert UsedAddress.objects.count() == 1
    assert departures() == [("withdrawn", "named", "", 1)]


def test_withdraw_duplicate_leaves_the_signature_it_repeats_alone():
    letter = make_letter()
    signature = make_signature(letter, address_digest=DIGEST, manage_digest="e" * 64)
    managed(letter, state=State.DUPLICATE)

    own.withdraw(token=TOKEN)

    assert list(Signature.objects.all()) == [signature]
    assert UsedAddress.objects.get().digest == DIGEST
    assert departures() == [("duplicate", "named", "", 1)]


def test_withdraw_anonymous_that_waits_erases_the_row_and_keeps_the_address_used():
    letter = make_letter()
    UsedAddress.objects.create(letter=letter, digest=DIGEST)
    make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)

    own.withdraw(token=TOKEN)

    assert not Signature.objects.exists()
    assert UsedAddress.objects.count() == 1
    assert departures() == []


@pytest.mark.parametrize("state", [State.PUBLISHED, State.REJECTED])
def test_withdraw_anonymous_on_the_roll_stays_until_the_batch_and_nothing_leads_to_it(state):
    letter = make_letter()
    google = make_organisation("Google")
    make_anonymous(
        letter,
        google,
        state=state,
        manage_digest=MANAGED,
        published_on="2026-01-20",
        roll_key="ot",
        shown_organisation=google,
    )
    before = Signature.objects.values().get()

    own.withdraw(token=TOKEN)

    assert Signature.objects.values().get() == before | {
        "state": "withdrawn",
        "manage_digest": None,
        "rejected_on": None,
        "reason": "",
    }
    assert confirming.by_token(TOKEN) is None
    assert departures() == [("withdrawn", "anonymous", "", 1)]


def test_withdraw_anonymous_after_a_batch_finds_the_new_row(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter()
    old = make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)
    tally = batches.start_tally(letter)
    time_machine.move_to(tally.next_batch_at, tick=False)
    batches.publish_batch(letter=letter, now=tally.next_batch_at)

    own.withdraw(token=TOKEN)

    signature = Signature.objects.get()
    assert signature.pk != old.pk
    assert signature.state == State.WITHDRAWN


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.DUPLICATE])
def test_withdraw_twice_is_once(state):
    managed(make_letter(), state=state)

    own.withdraw(token=TOKEN)
    own.withdraw(token=TOKEN)

    assert sum(number for *_kind, number in departures()) == 1


def test_withdraw_with_a_strange_token_changes_nothing():
    managed(make_letter())

    own.withdraw(token="s" * 43)

    assert Signature.objects.count() == UsedAddress.objects.count() == 1
    assert departures() == []


def test_withdraw_leaves_no_audit_entry_and_sends_nothing(django_capture_on_commit_callbacks):
    managed(make_letter(), state=State.PUBLISHED)

    with django_capture_on_commit_callbacks(execute=True):
        own.withdraw(token=TOKEN)

    assert not AuditEntry.objects.exists()
    assert mail.outbox == []


def test_withdraw_is_one_transaction(monkeypatch):
    def fail(*arguments, **fields):
        raise RuntimeError("power cut")

    managed(make_letter(), state=State.PUBLISHED)
    monkeypatch.setattr(Signature, "delete", fail)

    with pytest.raises(RuntimeError):
        own.withdraw(token=TOKEN)

    assert Signature.objects.count() == UsedAddress.objects.count() == 1
    assert not Tally.objects.exists()
    assert departures() == []


# Follow-ups ----------------------------------------------------------------------------------------

CHANGES = {
    "withdraw": lambda: own.withdraw(token=TOKEN),
    "correct_title": lambda: own.correct_title(token=TOKEN, title="Poet"),
    "hide_from_search": lambda: own.hide_from_search(token=TOKEN, hidden=True),
    "appear_without_name": lambda: appearing.appear_without_name(
        token=TOKEN, appearance="anonymous"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_has_count_and_caches_follow_on_commit(
    change, queued, django_capture_on_commit_callbacks
):
    letter = make_letter()
    managed(
        letter, state=State.PUBLISHED, organisation=make_organisation("Google"), method="mailbox"
    )

    with django_capture_on_commit_callbacks(execute=True):
        change()
        assert queued == []

    follow = [one for one in queued if one[0] != "check_entries"]
    assert follow == [("refresh_count", letter.pk), ("purge_pages", letter.pk)]


def test_correct_title_has_the_entry_checked_on_commit(queued, django_capture_on_commit_callbacks):
    letter = make_letter()
    managed(letter, state=State.PUBLISHED)

    with django_capture_on_commit_callbacks(execute=True):
        own.correct_title(token=TOKEN, title="Poet")
        assert queued == []

    assert queued[0] == ("check_entries", letter.pk)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_leaves_no_audit_entry_and_sends_nothing(change):
    managed(make_letter(), organisation=make_organisation("Google"), method="mailbox")

    change()

    assert not AuditEntry.objects.exists()
    assert mail.outbox == []


def test_withdraw_anonymous_on_the_roll_announces_nothing(
    queued, django_capture_on_commit_callbacks
):
    make_anonymous(
        make_letter(), make_organisation("Google"), state=State.PUBLISHED, manage_digest=MANAGED
    )

    with django_capture_on_commit_callbacks(execute=True):
        own.withdraw(token=TOKEN)

    assert queued == []


# Changing the title -------------------------------------------------------------------------------


def test_correct_title_of_a_line_reviewed_afterwards_shows_once_it_is_checked(check):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    managed(letter, state=State.PUBLISHED, title="Enginer")

    own.correct_title(token=TOKEN, title="Engineer")

    assert (signature_of().state, signature_of().is_standing) == (State.IN_REVIEW, False)
    assert signature_of().needs_check
    check()
    assert (signature_of().state, signature_of().is_standing) == (State.PUBLISHED, True)
    assert signature_of().title == "Engineer"


def test_correct_title_to_one_that_gives_reason_waits_for_a_moderator(check):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    letter.listed_words.create(list="abuse", text="Dunderhead", key="dunderhead")
    managed(letter, state=State.PUBLISHED, title="Engineer")

    own.correct_title(token=TOKEN, title="Chief dunderhead")
    check()

    assert (signature_of().state, signature_of().is_standing) == (State.IN_REVIEW, False)
    assert [flag.kind for flag in signature_of().flags.all()] == ["abuse"]


def test_correct_title_of_an_entry_that_waits_publishes_nothing(check):
    """A moderator was to read it, and who changes the title does not come round that."""
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    managed(letter, state=State.IN_REVIEW, title="Engineer", name_key="otterbourne wiiheimina")

    own.correct_title(token=TOKEN, title="Poet")
    check()

    assert (signature_of().state, signature_of().needs_check) == (State.IN_REVIEW, False)


@pytest.mark.parametrize("state", [State.PUBLISHED, State.APPROVED])
def test_correct_title_of_a_line_reviewed_before_goes_back_to_review_and_off_the_roll(state):
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    google = make_organisation("Google")
    replaces = None if state == State.PUBLISHED else "a" * 64
    managed(
        letter,
        state=state,
        title="Enginer",
        organisation=google,
        method="mailbox",
        replaces=replaces,
    )
    before = Signature.objects.values().get()

    own.correct_title(token=TOKEN, title="Engineer")

    assert Signature.objects.values().get() == before | {
        "title": "Engineer",
        "state": "in_review",
        "needs_check": True,
        "published_on": None,
        "roll_key": "",
        "shown_organisation_id": None,
        "shown_tenure": "",
        "shown_role": "",
        "was_decided": True,
    }
    assert UsedAddress.objects.count() == 1
    assert departures() == []


def test_correct_title_approved_anew_stands_on_the_roll_again(check):
    letter = make_letter()
    google = make_organisation("Google")
    managed(letter, state=State.PUBLISHED, organisation=google, method="mailbox")
    own.correct_title(token=TOKEN, title="Engineer")
    check()

    moderation.approve(signature=signature_of(), actor=make_user("alice", is_superuser=True))

    signature = signature_of()
    assert signature.state == State.PUBLISHED
    assert (signature.shown_organisation, signature.shown_tenure) == (google, "current")


@pytest.mark.parametrize("policy", ReviewPolicy.values)
@pytest.mark.parametrize("status", ["published", "closed", "sealed"])
def test_correct_title_by_leaving_it_out_needs_no_review(policy, status):
    letter = make_letter(review_policy=policy, status=status)
    managed(letter, state=State.PUBLISHED, title="Engineer")
    before = Signature.objects.values().get()

    own.correct_title(token=TOKEN, title="")

    assert Signature.objects.values().get() == before | {"title": ""}


@pytest.mark.parametrize("policy", ReviewPolicy.values)
@pytest.mark.parametrize("state", [State.IN_REVIEW, State.DUPLICATE])
def test_correct_title_of_an_entry_off_the_roll_leaves_its_state(policy, state):
    letter = make_letter(review_policy=policy)
    managed(letter, state=state, title="Enginer", name_key="otterbourne wiiheimina")
    before = Signature.objects.values().get()

    own.correct_title(token=TOKEN, title="Engineer")

    assert Signature.objects.values().get() == before | {
        "title": "Engineer",
        "needs_check": state == State.IN_REVIEW,
    }


def test_correct_title_twice_is_once(queued, django_capture_on_commit_callbacks, check):
    letter = make_letter()
    managed(letter, state=State.PUBLISHED)
    own.correct_title(token=TOKEN, title="Engineer")
    check()
    moderation.approve(signature=signature_of(), actor=make_user("alice", is_superuser=True))
    before = Signature.objects.values().get()

    with django_capture_on_commit_callbacks(execute=True):
        own.correct_title(token=TOKEN, title="Engineer")

    assert Signature.objects.values().get() == before
    assert queued == []


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (State.PUBLISHED, "The letter is sealed"),
        # What nobody decided reads as rejected then, and a duplicate reads like that.
        (State.REJECTED, "This entry was not published"),
        (State.DUPLICATE, "This entry was not published"),
    ],
)
def test_correct_title_after_sealing_is_refused(state, refusal):
    managed(make_letter(status="sealed"), state=state)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match=refusal):
        own.correct_title(token=TOKEN, title="Engineer")

    assert Signature.objects.values().get() == before


# Search engines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status"),
    [
        *((State.PUBLISHED, status) for status in ("published", "closed", "sealed")),
        *((State.IN_REVIEW, status) for status in ("published", "closed")),
        *((State.DUPLICATE, status) for status in ("published", "closed")),
    ],
)
def test_hide_from_search_and_back_changes_nothing_else(state, status):
    managed(make_letter(status=status), state=state)
    before = Signature.objects.values().get()

    for _twice in range(2):
        own.hide_from_search(token=TOKEN, hidden=True)
        assert Signature.objects.values().get() == before | {"is_hidden_from_search": True}

    for _twice in range(2):
        own.hide_from_search(token=TOKEN, hidden=False)
        assert Signature.objects.values().get() == before


# Carrying over -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [State.PUBLISHED, State.IN_REVIEW, State.APPROVED, State.DUPLICATE]
)
def test_carry_over_by_name_binds_to_the_current_text_at_once(state):
    letter = make_letter()
    managed(letter, state=state, replaces="a" * 64 if state == State.APPROVED else None)
    before = Signature.objects.values().get()
    newer = make_newer_text(letter)

    for _twice in range(2):
        own.carry_over(token=TOKEN)
        assert Signature.objects.values().get() == before | {"version_id": newer.pk}


def test_carry_over_by_name_moves_the_count_of_versions():
    letter = make_letter()
    managed(letter, state=State.PUBLISHED)
    make_newer_text(letter)

    own.carry_over(token=TOKEN)
    batches.refresh_count(letter=letter)

    assert versions_of(letter) == {2: 1, 1: 0}


def versions_of(letter):
    counts = statistics.by_version(letter, Tally.objects.get(letter=letter))
    return {count.version.number: count.number for count in counts}


def test_carry_over_anonymously_comes_with_the_batch_in_a_new_row_at_the_same_place():
    letter = make_letter()
    google = make_organisation("Google")
    for number in range(5):
        make_anonymous(letter, google, manage_digest=f"{number:064}")
    make_anonymous(letter, google, manage_digest=MANAGED)
    move_batch(letter)
    on_roll = {row["manage_digest"]: row for row in letter.signatures.values()}
    newer = make_newer_text(letter)

    own.carry_over(token=TOKEN)

    carried = Signature.objects.values().get(manage_digest=MANAGED)
    assert carried == on_roll[MANAGED] | {"carried_to_id": newer.pk}
    batches.refresh_count(letter=letter)
    assert versions_of(letter) == {2: 0, 1: 6}

    assert move_batch(letter) == 0

    after = {row["manage_digest"]: row for row in letter.signatures.values()}
    assert after[MANAGED].pop("id") != on_roll[MANAGED].pop("id")
    assert after.pop(MANAGED) == on_roll.pop(MANAGED) | {"version_id": newer.pk}
    assert after == on_roll
    assert versions_of(letter) == {2: 1, 1: 5}


def test_carry_over_anonymously_before_the_first_batch_arrives_with_the_newer_text():
    letter = make_letter()
    make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)
    newer = make_newer_text(letter)

    own.carry_over(token=TOKEN)
    move_batch(letter)

    signature = signature_of()
    assert (signature.state, signature.version) == (State.PUBLISHED, newer)
    assert signature.carried_to is None


def test_carry_over_anonymously_goes_to_the_text_that_was_read_and_no_newer_one():
    letter = make_letter()
    make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)
    move_batch(letter)
    second = make_newer_text(letter)
    own.carry_over(token=TOKEN)
    third = publish_text(
        letter=letter, text=Text("Third", "Text.\n", (("Do", "so."),)), actor=None, on=date.today()
    )

    move_batch(letter)

    assert signature_of().version == second != third


def test_carry_over_without_a_newer_text_changes_nothing():
    letter = make_letter()
    make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)
    before = Signature.objects.values().get()

    own.carry_over(token=TOKEN)

    assert Signature.objects.values().get() == before


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_carry_over_rejected_is_refused(is_anonymous):
    letter = make_letter()
    if is_anonymous:
        make_anonymous(
            letter, make_organisation("Google"), state=State.REJECTED, manage_digest=MANAGED
        )
    else:
        managed(letter, state=State.REJECTED)
    before = Signature.objects.values().get()
    make_newer_text(letter)

    with pytest.raises(NotAllowed, match="This entry was not published"):
        own.carry_over(token=TOKEN)

    assert Signature.objects.values().get() == before


# Gone, or of the wrong kind -----------------------------------------------------------------------

NAMED_ONLY = {
    "correct_title": lambda: own.correct_title(token=TOKEN, title="Poet"),
    "hide_from_search": lambda: own.hide_from_search(token=TOKEN, hidden=True),
}
ALL = {
    **NAMED_ONLY,
    "appear_without_name": lambda: appearing.appear_without_name(
        token=TOKEN, appearance="anonymous"
    ),
    "show_to_everybody": lambda: own.show_to_everybody(token=TOKEN, shown=True),
    "carry_over": lambda: own.carry_over(token=TOKEN),
}


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_change_behind_a_capability_that_is_gone_raises_and_changes_nothing(change):
    make_signature(make_letter(), manage_digest="e" * 64)
    before = Signature.objects.values().get()

    with pytest.raises(Gone):
        change()

    assert Signature.objects.values().get() == before


@pytest.mark.parametrize("change", NAMED_ONLY.values(), ids=NAMED_ONLY)
@pytest.mark.parametrize("state", [State.APPROVED, State.PUBLISHED, State.DUPLICATE])
def test_change_of_a_name_on_an_anonymous_entry_is_refused(change, state):
    make_anonymous(make_letter(), make_organisation("Google"), state=state, manage_digest=MANAGED)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match="neither name nor title"):
        change()

    assert Signature.objects.values().get() == before


@pytest.mark.parametrize("change", NAMED_ONLY.values(), ids=NAMED_ONLY)
def test_change_of_a_rejected_entry_is_refused(change):
    managed(make_letter(), state=State.REJECTED)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match="You can only withdraw it"):
        change()

    assert Signature.objects.values().get() == before


# Leaving the organisation ---------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.PUBLISHED])
def test_leave_says_formerly_at_once_and_stays_verified(
    state, queued, django_capture_on_commit_callbacks
):
    letter, google = make_letter(), make_organisation("Google")
    signature = managed(letter, state=state, organisation=google, method="mailbox")

    with django_capture_on_commit_callbacks(execute=True):
        own.leave(token=TOKEN)
        own.leave(token=TOKEN)

    signature.refresh_from_db()
    line = roll.line(signature)
    assert (line.detail, line.is_verified) == ("formerly Google", True)
    assert (signature.state, signature.tenure) == (state, "former")
    assert signature.shown_tenure == ("former" if state == State.PUBLISHED else "")
    assert sorted(set(queued)) == [("purge_pages", letter.pk), ("refresh_count", letter.pk)]


def test_leave_of_an_unverified_name_says_what_the_signatory_says():
    signature = managed(make_letter(), organisation_text="Narwhal", tenure="current")

    own.leave(token=TOKEN)

    signature.refresh_from_db()
    assert roll.line(signature).detail == "says formerly Narwhal; not verified"


def test_leave_of_a_name_without_an_organisation_is_refused():
    managed(make_letter())

    with pytest.raises(NotAllowed):
        own.leave(token=TOKEN)


@pytest.mark.parametrize("state", [State.APPROVED, State.REJECTED])
def test_leave_of_an_anonymous_or_rejected_entry_is_refused(state):
    letter, google = make_letter(), make_organisation("Google")
    if state == State.APPROVED:
        make_anonymous(letter, google, manage_digest=MANAGED)
    else:
        managed(letter, state=state, organisation=google, method="mailbox")

    with pytest.raises(NotAllowed):
        own.leave(token=TOKEN)

    assert Signature.objects.get().tenure == "current"


def test_leave_of_a_duplicate_looks_the_same():
    letter, google = make_letter(), make_organisation("Google")
    managed(letter, state=State.DUPLICATE, organisation=google, method="mailbox")

    own.leave(token=TOKEN)

    assert (signature_of().state, signature_of().tenure) == ("duplicate", "former")


def test_leave_without_a_signature_is_gone():
    with pytest.raises(Gone):
        own.leave(token=TOKEN)


def test_become_anonymous_after_leaving_is_refused():
    """Behind a verified anonymous line stands a mailbox of somebody who works there."""
    managed(make_letter(), organisation=make_organisation("Google"), method="mailbox")
    own.leave(token=TOKEN)

    with pytest.raises(NotAllowed, match="You have said that you left"):
        appearing.appear_without_name(token=TOKEN, appearance="anonymous")
