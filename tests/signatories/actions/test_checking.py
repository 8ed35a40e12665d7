"""Checking entries: what becomes of them, and that nothing flagged reaches the roll unseen."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config import crypto
from letters.models import AuditEntry, Recipient, ReviewPolicy
from signatories import addresses, flags
from signatories.actions import (
    batches,
    checking,
    confirming,
    moderation,
    own,
    sealing,
    signing,
    taking_back,
)
from signatories.affiliation import Affiliation
from signatories.checks import knowledge
from signatories.checks.names import normal
from signatories.models import Flag, Method, Signature, State, Verification
from tests.admin_pages import make_moderator
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

NAME = "Wilhelmina Otterbourne"
TOKEN = "t" * 43


@pytest.fixture
def letter():
    return make_letter(review_policy=ReviewPolicy.AFTER)


def waiting(letter, name=NAME, **fields):
    """A name that was confirmed a moment ago."""
    return make_signature(letter, name=name, needs_check=True, **fields)


def published(letter, name=NAME, **fields):
    return make_signature(letter, name=name, state=State.PUBLISHED, **fields)


def flags_of(signature):
    return sorted(signature.flags.values_list("kind", flat=True))


def fresh(signature):
    return Signature.objects.get(pk=signature.pk)


def confirmed(letter, email, *, is_burst=False, appearance="named", affiliation=None):
    page = signing.sign(
        letter=letter,
        entry=signing.Entry(appearance, NAME if appearance == "named" else ""),
        address=addresses.read(email),
        affiliation=affiliation or Affiliation(),
        is_burst=is_burst,
    )
    verification = Verification.objects.get()
    assert verification.is_burst == is_burst
    confirming.confirm(verification=verification, secrets=(page, "12345678"))
    return Signature.objects.get(pk=verification.signature_id)


# What becomes of an entry -------------------------------------------------------------------------


def test_name_that_nothing_speaks_against_appears_once_it_is_checked(letter):
    signature = waiting(letter)

    assert checking.check_letter(letter_id=letter.pk) == 1

    assert fresh(signature).state == State.PUBLISHED
    assert fresh(signature).is_standing
    assert fresh(signature).roll_key.startswith("otterbourne wilhelmina ")
    assert (fresh(signature).needs_check, fresh(signature).risk) == (False, 0)
    assert not AuditEntry.objects.exists()


def test_name_that_stands_there_already_waits_for_a_moderator(letter):
    first = published(letter)
    second = waiting(letter, "OTTERBOURNE Wilhelmína")

    checking.check_letter(letter_id=letter.pk)

    flag = Flag.objects.get()
    assert (flag.signature, flag.kind, flag.other) == (second, "same_name", first)
    assert flags.in_words(flag) == f"The same name stands under this letter: “{NAME}”."
    assert (fresh(second).state, fresh(second).risk) == (State.IN_REVIEW, 30)
    assert list(letter.signatures.to_decide()) == [second]


def test_similar_name_alone_is_flagged_and_appears(letter):
    first = published(letter)
    second = waiting(letter, "Wilhelmina Otterburne")

    checking.check_letter(letter_id=letter.pk)

    assert [(f.kind, f.other) for f in second.flags.all()] == [("similar_name", first)]
    assert (fresh(second).state, fresh(second).risk) == (State.PUBLISHED, 20)


@pytest.mark.parametrize("kind", [k for k in flags.MEANINGS if k != "similar_name"])
def test_every_reason_but_a_similar_name_holds_an_entry(kind):
    assert flags.risk_of([kind]) >= flags.HELD_FROM
    assert flags.risk_of(["similar_name"]) < flags.HELD_FROM


def test_where_moderators_read_first_nothing_appears_by_itself():
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    signature = waiting(letter)

    checking.check_letter(letter_id=letter.pk)

    assert (fresh(signature).state, fresh(signature).needs_check) == (State.IN_REVIEW, False)


def test_policy_counts_that_stands_when_the_entry_is_checked(letter):
    signature = waiting(letter)
    letter.review_policy = ReviewPolicy.BEFORE
    letter.save()

    checking.check_letter(letter_id=letter.pk)

    assert fresh(signature).state == State.IN_REVIEW


def test_name_whose_organisation_left_the_directory_waits(letter):
    gone = make_organisation("Gone", withdrawn_on="2026-01-20")
    signature = waiting(letter, organisation=gone)

    checking.check_letter(letter_id=letter.pk)

    assert fresh(signature).state == State.IN_REVIEW


def test_name_that_replaces_an_anonymous_line_waits_for_the_batch(letter):
    signature = waiting(letter, replaces="a" * 64)

    checking.check_letter(letter_id=letter.pk)

    assert (fresh(signature).state, fresh(signature).replaces) == (State.APPROVED, "a" * 64)


def test_all_reasons_are_found_at_once(letter):
    Recipient.objects.create(letter=letter, position=1, name="Marc Benioff")
    google = make_organisation("Google")
    for kind, text in (("well_known", "Sundar Pichai"), ("abuse", "dunderhead")):
        letter.listed_words.create(list=kind, text=text, key=text.lower().replace("l", "i"))
    letter.listed_words.create(list="jokes", text="Mickey Mouse", key="mickey mouse")
    entries = [
        waiting(letter, "Marc Benioff"),
        waiting(letter, "Sundar Pichai", title="Dunderhead"),
        waiting(letter, "Mickey Mouse"),
        waiting(letter, "Alice Meier", title="CEO of Google"),
        waiting(
            letter,
            "Bob Meier",
            title="CEO of Google",
            organisation=google,
            tenure="current",
            method=Method.MAILBOX,
        ),
        waiting(letter, "Аlice Petersen"),  # The first letter is Cyrillic.
    ]

    checking.check_letter(letter_id=letter.pk)

    assert [flags_of(one) for one in entries] == [
        ["recipient"],
        ["abuse", "well_known"],
        ["joke"],
        ["title"],
        [],
        ["scripts"],
    ]
    assert [fresh(one).risk for one in entries] == [80, 100, 60, 50, 0, 40]


def test_other_letters_and_entries_that_count_no_more_are_not_compared(letter):
    published(make_letter())
    make_signature(letter, name=NAME, state=State.REJECTED)
    make_signature(letter, name=NAME, state=State.UNCONFIRMED)
    make_signature(letter, name=NAME, state=State.DUPLICATE)
    signature = waiting(letter)

    checking.check_letter(letter_id=letter.pk)

    assert fresh(signature).state == State.PUBLISHED


def test_of_two_that_came_at_once_with_one_name_one_waits(letter):
    entries = [waiting(letter), waiting(letter)]

    checking.check_letter(letter_id=letter.pk)

    states = sorted(fresh(one).state for one in entries)
    assert states == [State.IN_REVIEW, State.PUBLISHED]
    assert Flag.objects.get().other.state == State.PUBLISHED


def test_check_in_batches_compares_each_with_those_before(letter, monkeypatch):
    monkeypatch.setattr(checking, "BATCH", 2)
    for _each in range(5):
        waiting(letter)

    assert checking.check_letter(letter_id=letter.pk) == 5

    assert letter.signatures.filter(state=State.PUBLISHED).count() == 1
    assert Flag.objects.filter(kind="same_name").count() == 4


def test_duplicate_is_not_checked(letter):
    duplicate = make_signature(letter, state=State.DUPLICATE, name=NAME)
    Signature.objects.filter(pk=duplicate.pk).update(needs_check=True)

    assert list(checking.letters_to_check()) == []
    assert checking.check_letter(letter_id=letter.pk) == 0


def test_letter_that_is_gone_is_no_error():
    assert checking.check_letter(letter_id=0) == 0


# Twice is once, and a crash loses nothing ---------------------------------------------------------


def test_check_twice_is_once(letter):
    published(letter)
    waiting(letter)
    checking.check_letter(letter_id=letter.pk)
    before = list(Signature.objects.order_by("pk").values())
    kept = list(Flag.objects.values())

    assert checking.check_letter(letter_id=letter.pk) == 0

    assert list(Signature.objects.order_by("pk").values()) == before
    assert list(Flag.objects.values()) == kept


def test_check_that_breaks_off_leaves_the_entry_to_be_checked(letter, monkeypatch):
    published(letter)
    signature = waiting(letter)

    def break_off(entry, risk):
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(checking, "_settle", break_off)
        checking.check_letter(letter_id=letter.pk)

    assert fresh(signature).needs_check
    assert not Flag.objects.exists()
    assert list(checking.letters_to_check()) == [letter.pk]


def test_check_takes_as_many_queries_for_three_as_for_one(letter):
    google = make_organisation("Google")
    numbers = []
    for names in (["Alice Meier"], ["Bob Petersen", "Charlie Quennevant", "Dora Fairweather"]):
        for name in names:
            waiting(letter, name, title="CEO of Orrery", organisation=google)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            checking.check_letter(letter_id=letter.pk)
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


# Moderators ---------------------------------------------------------------------------------------


def test_moderators_see_and_decide_nothing_unchecked(letter):
    signature = waiting(letter)
    host = make_user("alice", is_superuser=True)

    assert list(letter.signatures.to_decide()) == []
    assert list(letter.signatures.for_moderators()) == []
    with pytest.raises(moderation.NotAllowed):
        moderation.approve(signature=signature, actor=host)
    checking.check_letter(letter_id=letter.pk)
    assert list(letter.signatures.for_moderators()) == [signature]


@pytest.mark.parametrize(
    ("policy", "state"),
    [(ReviewPolicy.AFTER, State.PUBLISHED), (ReviewPolicy.BEFORE, State.REJECTED)],
)
def test_sealing_checks_first_what_no_worker_has_checked(policy, state):
    letter = make_letter(review_policy=policy)
    batches.start_tally(letter)
    signature, same_name = waiting(letter), waiting(letter)
    letter.status, letter.closed_on = "closed", letter.published_on
    letter.save()

    sealing.seal(letter=letter, actor=None)

    states = sorted([fresh(signature).state, fresh(same_name).state])
    assert states == sorted([state, State.REJECTED])
    rejected = letter.signatures.rejected()
    assert set(rejected.values_list("reason", flat=True)) == {"sealed"}
    assert not letter.signatures.filter(needs_check=True).exists()


@pytest.mark.parametrize(
    ("state", "status"),
    [(State.REJECTED, "published"), (State.REJECTED, "sealed"), (State.IN_REVIEW, "sealed")],
)
def test_check_that_comes_after_the_decision_or_the_seal_publishes_nothing(state, status):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    signature = make_signature(letter, state=state, needs_check=True, name_key="")
    sealed = {"status": status, "closed_on": "2026-01-20", "sealed_on": "2026-01-20"}
    if status == "sealed":
        type(letter).objects.update(**sealed)

    checking.check_letter(letter_id=letter.pk)

    assert (fresh(signature).state, fresh(signature).needs_check) == (state, False)


# At the confirmation ------------------------------------------------------------------------------


def test_confirm_flags_what_the_mailbox_says_in_the_same_transaction(letter):
    make_organisation("Google", "google.example")
    meta = make_organisation("Meta")

    signature = confirmed(
        letter,
        "w@google.example",
        is_burst=True,
        affiliation=Affiliation(meta, "", "current"),
    )

    found = sorted(signature.flags.values_list("kind", "detail"))
    assert found == [("burst", ""), ("other_employer", "Google")]
    assert (signature.risk, signature.needs_check) == (70, True)


@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_confirm_takes_the_same_for_a_known_address_whatever_is_flagged(letter, appearance):
    """A duplicate is flagged like a new entry, so neither number nor time tells of it."""
    google = make_organisation("Google", "google.example")
    proven = Affiliation(google, "", "current", Method.MAILBOX)
    confirmed(letter, "w@google.example", appearance=appearance, affiliation=proven)
    numbers, seen = [], []

    for email in ("w@google.example", "x@google.example"):
        with CaptureQueriesContext(connection) as captured:
            entry = confirmed(
                letter, email, is_burst=True, appearance=appearance, affiliation=proven
            )
        numbers.append(len(captured))
        seen.append((entry.state, flags_of(entry), entry.risk))

    assert numbers[0] == numbers[1]
    assert seen == [
        (State.DUPLICATE, ["burst"], 40),
        (State.IN_REVIEW, ["burst"], 40),
    ]


def test_check_keeps_what_the_mailbox_said(letter):
    signature = confirmed(letter, "w@mailinator.com")

    checking.check_letter(letter_id=letter.pk)

    assert flags_of(signature) == ["disposable"]
    assert (fresh(signature).state, fresh(signature).risk) == (State.IN_REVIEW, 40)


@pytest.mark.parametrize(("is_burst", "state"), [(True, State.IN_REVIEW), (False, State.APPROVED)])
def test_anonymous_entry_in_a_burst_is_reviewed(letter, is_burst, state):
    google = make_organisation("Google", "google.example")

    signature = confirmed(
        letter,
        "w@google.example",
        appearance="anonymous",
        is_burst=is_burst,
        affiliation=Affiliation(google, "", "current", Method.MAILBOX),
    )

    assert signature.state == state
    assert (flags_of(signature), signature.needs_check) == (["burst"] if is_burst else [], False)


@pytest.mark.parametrize("title", ["CEO of GoogIe", "Engineer at G00gle", "Founder, 0penAI"])
def test_organisation_in_disguise_is_found_in_a_title(letter, title):
    make_organisation("Google")
    make_organisation("OpenAI")
    entry = waiting(letter, "Alice Meier", title=title)

    checking.check_letter(letter_id=letter.pk)

    assert flags_of(entry) == ["title"]


@pytest.mark.parametrize("title", ["Ver!fied employee", "V e r i f i e d employee"])
def test_own_words_of_the_service_are_found_in_disguise(letter, title):
    entry = waiting(letter, "Alice Meier", title=title)

    checking.check_letter(letter_id=letter.pk)

    assert flags_of(entry) == ["title"]


def test_flag_of_an_anonymous_entry_names_nothing():
    anonymous = make_anonymous(make_letter(), make_organisation("Google"))

    assert [f.kind for f in flags.rows_of(anonymous, [knowledge.Finding("burst")])] == ["burst"]
    with pytest.raises(AssertionError):
        flags.rows_of(anonymous, [knowledge.Finding("burst", "a word")])
    with pytest.raises(AssertionError):
        flags.rows_of(anonymous, [knowledge.Finding("same_name", other=anonymous.pk)])


def test_confirm_has_the_letter_checked_on_commit(
    letter, monkeypatch, django_capture_on_commit_callbacks
):
    queued = []
    monkeypatch.setattr(
        "config.celery._send", lambda task, args, _in: queued.append((task.name, args))
    )

    with django_capture_on_commit_callbacks(execute=True):
        confirmed(letter, "w@gmail.com")

    assert queued[-1] == ("signatories.tasks.check_entries", (letter.pk,))


# Again --------------------------------------------------------------------------------------------


def test_entry_whose_reason_is_gone_still_waits_for_a_moderator(letter):
    """It was held for one to read; that the list is shorter now does not publish it."""
    letter.listed_words.create(list="jokes", text="Otterbourne", key="otterbourne")
    signature = waiting(letter)
    checking.check_letter(letter_id=letter.pk)
    letter.listed_words.all().delete()

    checking.check_again(letter=letter)
    checking.check_letter(letter_id=letter.pk)

    assert flags_of(signature) == []
    assert (fresh(signature).state, fresh(signature).risk) == (State.IN_REVIEW, 0)


def test_check_again_leaves_the_roll_and_anonymous_entries_alone(letter):
    published(letter)
    make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)

    checking.check_again(letter=letter)

    assert not letter.signatures.filter(needs_check=True).exists()


def test_of_two_alike_only_the_later_stays_flagged_when_both_are_checked_again():
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    first = waiting(letter)
    checking.check_letter(letter_id=letter.pk)
    second = waiting(letter)
    checking.check_letter(letter_id=letter.pk)
    Signature.objects.filter(pk=first.pk).update(needs_check=True)

    checking.check_letter(letter_id=letter.pk)

    assert (flags_of(first), flags_of(second)) == ([], ["same_name"])


def flagged_after(first, letter):
    later = make_signature(letter, name=NAME, name_key=normal(NAME), risk=30)
    Flag.objects.create(signature=later, kind="same_name", other=first)
    return later


def test_later_bearers_of_a_name_never_hold_its_first(letter):
    first = published(letter, name_key=normal(NAME))
    flagged_after(flagged_after(first, letter), letter)
    Signature.objects.filter(pk=first.pk).update(needs_check=True)

    checking.check_letter(letter_id=letter.pk)

    assert (flags_of(first), fresh(first).state) == ([], State.PUBLISHED)


def test_who_comes_third_with_a_name_is_flagged_because_of_the_first(letter):
    first = published(letter, name_key=normal(NAME), confirmed_on="2026-01-21")
    flagged_after(first, letter)
    third = waiting(letter)

    checking.check_letter(letter_id=letter.pk)

    assert [one.other for one in third.flags.all()] == [first]


def test_name_whose_first_bearer_was_rejected_is_still_compared(letter):
    first = make_signature(letter, name=NAME, state=State.REJECTED, name_key=normal(NAME))
    second = flagged_after(first, letter)
    third = waiting(letter)

    checking.check_letter(letter_id=letter.pk)

    assert [one.other for one in third.flags.all()] == [second]


def test_withdrawn_name_takes_its_flag_from_the_other(letter):
    published(letter, manage_digest=own.crypto.digest("manage", TOKEN))
    second = waiting(letter)
    checking.check_letter(letter_id=letter.pk)
    assert fresh(second).risk == 30
    assert checking.look_after_risks() == 0

    own.withdraw(token=TOKEN)

    assert checking.look_after_risks() == 1
    checking.check_letter(letter_id=letter.pk)
    assert (fresh(second).risk, fresh(second).state) == (0, State.IN_REVIEW)
    assert checking.look_after_risks() == 0


def test_risks_at_the_most_are_not_judged_anew(letter):
    for kind, text in (("well_known", NAME), ("abuse", NAME)):
        letter.listed_words.create(list=kind, text=text, key="wiiheimina otterbourne")
    signature = waiting(letter)
    checking.check_letter(letter_id=letter.pk)

    assert fresh(signature).risk == flags.HIGHEST
    assert checking.look_after_risks() == 0


# Trigrams -----------------------------------------------------------------------------------------

SIMILAR = ["Wilhelmina Otterburne", "Otterbourne Wilhelmina", "Hanna Bauer", "Jon Smith", "Li Wu"]


@pytest.mark.parametrize("extension", ["with", "without"])
def test_same_names_are_found_with_trigrams_and_without(letter, extension):
    if connection.vendor != "postgresql" and extension == "with":
        pytest.skip("only PostgreSQL has trigrams")
    if connection.vendor == "postgresql" and extension == "without":
        with connection.cursor() as cursor:
            cursor.execute("DROP EXTENSION pg_trgm CASCADE")
    assert knowledge.knows_trigrams() == (extension == "with")
    for name in (NAME, "Anna Bauer", "John Smith", "Li Wu", "Иван Петров", "Zoë Quennevant"):
        published(letter, name)
    found = []

    for name in [*SIMILAR, "Иван Петров", "Zoe Quenevant"]:
        entry = waiting(letter, name)
        checking.check_letter(letter_id=letter.pk)
        found.append([(f.kind, f.other.name) for f in entry.flags.select_related("other")])
        entry.delete()

    assert found == [
        [("similar_name", NAME)],
        [("same_name", NAME)],
        [("similar_name", "Anna Bauer")],
        [("similar_name", "John Smith")],
        [("same_name", "Li Wu")],
        [("same_name", "Иван Петров")],
        [("similar_name", "Zoë Quennevant")],
    ]


@pytest.mark.django_db(transaction=True)
def test_two_checks_at_once_let_one_of_two_alike_onto_the_roll(letter, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    batches.start_tally(letter)
    for _each in range(2):
        waiting(letter)
    monkeypatch.setattr(checking, "BATCH", 1)

    def check():
        checking.check_letter(letter_id=letter.pk)
        connection.close()

    threads = [threading.Thread(target=check) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert letter.signatures.filter(state=State.PUBLISHED).count() == 1


# What came before there was any check ----------------------------------------------------------------


def test_changed_lists_publish_nothing_that_waited_before_there_was_any_check(letter):
    bob = make_moderator("bob", letter)
    waits, aside = make_signature(letter, name=NAME), make_signature(letter, name="Ada Lovelace")
    moderation.set_aside(signature=aside, actor=bob)

    checking.check_again(letter=letter)
    checking.check_letter(letter_id=letter.pk)

    assert [fresh(one).state for one in (waits, aside)] == [State.IN_REVIEW] * 2
    assert fresh(waits).name_key == normal(NAME)
    assert not fresh(waits).needs_check


@pytest.mark.parametrize("title", ["Engineer", ""])
def test_new_title_publishes_nothing_that_waited_before_there_was_any_check(letter, title):
    batches.start_tally(letter)
    digest = crypto.digest("manage", TOKEN)
    waits = make_signature(letter, name=NAME, title="Clerk", manage_digest=digest)

    own.correct_title(token=TOKEN, title=title)
    checking.check_letter(letter_id=letter.pk)

    assert (fresh(waits).state, fresh(waits).title) == (State.IN_REVIEW, title)


def test_entry_whose_approval_is_taken_back_waits_whatever_is_checked(letter):
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, name=NAME)
    moderation.approve(signature=entry, actor=bob)

    taking_back.take_back(signature=entry, actor=bob)
    checking.check_again(letter=letter)
    checking.check_letter(letter_id=letter.pk)

    assert fresh(entry).state == State.IN_REVIEW
