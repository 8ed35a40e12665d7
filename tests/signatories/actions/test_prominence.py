"""Names that are shown first: Alice owns, Erin edits, Bob moderates, Charlie is nobody."""

from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed
from letters.models import (
    AuditEntry,
    Letter,
    Membership,
    Organisation,
    Proposal,
    ReviewPolicy,
    Role,
    Status,
    Visibility,
)
from signatories import roll, tasks
from signatories.actions import (
    appearing,
    batches,
    directory,
    moderation,
    opening,
    own,
    prominence,
    showing,
)
from signatories.actions.confirming import Gone
from signatories.models import Prominence, Signature, State
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43


def make_member(letter, username, role):
    user = make_user(username)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def make_name(letter, name="Ottoline Fairweather", token=TOKEN, **fields):
    fields = {"state": State.PUBLISHED, **fields}
    digest = crypto.digest("manage", token)
    return make_signature(letter, name=name, manage_digest=digest, **fields)


def make_asked(letter, name, position, answer="agreed"):
    signature = make_name(letter, name, token=f"{name:t<43}"[:43])
    return Prominence.objects.create(
        signature=signature, position=position, asked_on=timezone.localdate(), answer=answer
    )


def shown_first(letter):
    return [line.name for line in roll.prominent(letter)]


def order(letter):
    return [row.signature.name for row in prominence.of_letter(letter)]


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor__username", "target"))


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def alice(letter):
    return make_member(letter, "alice", Role.OWNER)


@pytest.fixture
def agreed(letter, alice):
    """A name that is shown first, with the consent of whoever holds TOKEN."""
    signature = make_name(letter)
    prominence.ask(letter=letter, entry=signature.pk, actor=alice)
    prominence.answer(token=TOKEN, agrees=True)
    return signature


# Asking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR])
def test_ask_puts_a_question_and_shows_nothing_yet(letter, role, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    erin = make_member(letter, "erin", role)
    signature = make_name(letter)

    for _twice in range(2):
        prominence.ask(letter=letter, entry=signature.pk, actor=erin)

    asked = Prominence.objects.get()
    assert (asked.signature, asked.position, asked.answer) == (signature, 1, "asked")
    assert asked.asked_on.isoformat() == "2026-01-21"
    assert shown_first(letter) == []
    assert audited() == [("signature.asked_to_stand_out", "erin", f"signature:{signature.pk}")]


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESS, None])
def test_ask_by_anybody_who_does_not_edit_is_refused(letter, role):
    charlie = make_member(letter, "charlie", role) if role else make_user("charlie")
    signature = make_name(letter)

    with pytest.raises(NotAllowed, match="not yours to change"):
        prominence.ask(letter=letter, entry=signature.pk, actor=charlie)

    assert not Prominence.objects.exists()


def test_ask_by_an_editor_of_an_internal_letter_who_may_not_read_names_is_refused():
    letter = make_letter(visibility=Visibility.INTERNAL)
    erin, alice = make_member(letter, "erin", Role.EDITOR), make_member(letter, "a", Role.OWNER)
    signature = make_name(letter)

    with pytest.raises(NotAllowed, match="not yours to change"):
        prominence.ask(letter=letter, entry=signature.pk, actor=erin)
    prominence.ask(letter=letter, entry=signature.pk, actor=alice)

    assert Prominence.objects.get().signature == signature


def nameless(letter):
    return make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)


NOT_ASKED = {
    "in review": lambda letter: make_name(letter, state=State.IN_REVIEW),
    "rejected": lambda letter: make_name(letter, state=State.REJECTED),
    "duplicate": lambda letter: make_name(letter, state=State.DUPLICATE),
    "hidden from search": lambda letter: make_name(letter, is_hidden_from_search=True),
    "for colleagues": lambda letter: make_name(letter, is_for_colleagues=True),
    "anonymous": nameless,
    "another letter": lambda _letter: make_name(make_letter()),
    "gone": lambda letter: Signature(pk=uuid4()),
}


@pytest.mark.parametrize("make", NOT_ASKED.values(), ids=NOT_ASKED.keys())
def test_ask_somebody_whose_name_does_not_stand_on_the_roll_is_refused(letter, alice, make):
    entry = make(letter).pk

    with pytest.raises(NotAllowed, match="does not stand on the roll any more"):
        prominence.ask(letter=letter, entry=entry, actor=alice)

    assert not Prominence.objects.exists()
    assert audited() == []


def test_ask_more_than_the_most_is_refused(letter, alice, monkeypatch):
    monkeypatch.setattr(prominence, "MOST", 2)
    for number in (1, 2):
        make_asked(letter, f"Name {number}", number)
    one_more = make_name(letter)

    with pytest.raises(NotAllowed, match="At most 2 people"):
        prominence.ask(letter=letter, entry=one_more.pk, actor=alice)

    assert Prominence.objects.count() == 2


def test_ask_under_a_sealed_letter_is_refused():
    letter = make_letter(status=Status.SEALED)
    alice = make_member(letter, "alice", Role.OWNER)

    with pytest.raises(NotAllowed, match="sealed"):
        prominence.ask(letter=letter, entry=make_name(letter).pk, actor=alice)


# Answering ---------------------------------------------------------------------------------------


def test_answer_yes_shows_the_name_and_no_takes_it_down_at_once(letter, alice):
    signature = make_name(letter)
    prominence.ask(letter=letter, entry=signature.pk, actor=alice)
    before = audited()

    for _twice in range(2):
        prominence.answer(token=TOKEN, agrees=True)
        assert shown_first(letter) == ["Ottoline Fairweather"]

    for _twice in range(2):
        prominence.answer(token=TOKEN, agrees=False)
        assert shown_first(letter) == []
    assert Prominence.objects.get().answer == "declined"
    # What signatories do is not in the trail.
    assert audited() == before


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SEALED])
def test_answer_can_be_taken_back_when_the_letter_has_ended(status):
    letter = make_letter(status=status)
    row = make_asked(letter, "Ada Marchetti", 1)

    prominence.answer(token=f"{row.signature.name:t<43}"[:43], agrees=False)

    assert shown_first(letter) == []


def test_answer_where_nobody_asks_is_refused(letter):
    make_name(letter)

    with pytest.raises(NotAllowed, match="Nobody asks"):
        prominence.answer(token=TOKEN, agrees=True)

    assert not Prominence.objects.exists()


def test_answer_by_an_unknown_capability_leads_nowhere(agreed):
    with pytest.raises(Gone):
        prominence.answer(token="u" * 43, agrees=False)

    assert Prominence.objects.get().has_agreed


def test_answer_of_a_name_that_left_the_roll_meanwhile_is_refused(letter, agreed):
    Prominence.objects.update(answer="asked")
    Signature.objects.update(is_hidden_from_search=True)

    with pytest.raises(NotAllowed, match="Nobody asks"):
        prominence.answer(token=TOKEN, agrees=True)

    assert Prominence.objects.get().answer == "asked"


# What ends it ------------------------------------------------------------------------------------


def become_anonymous(signature, _host):
    Signature.objects.update(
        organisation=make_organisation("Google"), method="mailbox", tenure="current"
    )
    appearing.appear_without_name(token=TOKEN, appearance="anonymous")


def withdraw_organisation(signature, host):
    google = make_organisation("Google")
    Signature.objects.update(organisation=google, method="mailbox", tenure="current")
    directory.withdraw(organisation=google, actor=host)


def show_another_organisation(signature, host):
    google = make_organisation("Google")
    showing.record(
        signature=signature, actor=host, organisation=google, tenure="current", how="company_card"
    )


def says_acme(letter):
    Signature.objects.update(organisation_text="Acme", title="CTO")
    return Proposal.objects.get_or_create(name="Acme", key="acme")[0]


def merge_the_name(signature, host):
    missiles = make_organisation("Acme Missiles Inc")
    proposal = says_acme(signature.letter)
    directory.merge_proposal(proposal=proposal, organisation=missiles, actor=None)


def accept_the_name_otherwise(signature, host):
    proposal = says_acme(signature.letter)
    directory.accept(proposal=proposal, name="Acme Missiles Inc", actor=None)


def merge_the_record(signature, host):
    acme, missiles = make_organisation("Acme"), make_organisation("Acme Missiles Inc")
    Signature.objects.update(organisation=acme)
    directory.merge(duplicate=acme, kept=missiles, actor=host, keeps_names=True)


def merge_before_the_batch(signature, host):
    merge_the_record(signature, host)
    Signature.objects.update(organisation=Organisation.objects.get(name="Acme"))
    Prominence.objects.get_or_create(
        signature=signature,
        defaults={"position": 1, "asked_on": timezone.localdate(), "answer": "agreed"},
    )
    batches.publish_batch_now(letter=signature.letter, now=timezone.now())


def rename(signature, host):
    acme = make_organisation("Acme")
    Signature.objects.update(organisation=acme)
    Organisation.objects.update(name="Acme Missiles Inc")
    acme.refresh_from_db()
    directory.record_change(organisation=acme, actor=host, is_renamed=True)


def leave(signature, host):
    Signature.objects.update(organisation_text="Acme")
    own.leave(token=TOKEN)


ENDS = {
    "merging the name it says": merge_the_name,
    "listing the name it says as another": accept_the_name_otherwise,
    "merging its organisation": merge_the_record,
    "merging its organisation, with a batch": merge_before_the_batch,
    "renaming its organisation": rename,
    "leaving its organisation": leave,
    "another organisation, shown to a moderator": show_another_organisation,
    "withdrawing": lambda signature, host: own.withdraw(token=TOKEN),
    "becoming anonymous": become_anonymous,
    "hiding from search": lambda signature, host: own.hide_from_search(token=TOKEN, hidden=True),
    "another title": lambda signature, host: own.correct_title(token=TOKEN, title="Director"),
    "rejecting": lambda signature, host: moderation.reject(
        signature=signature, actor=host, reason="other"
    ),
    "withdrawing the organisation": withdraw_organisation,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("policy", ReviewPolicy)
def test_consent_ends_at_once_with(letter, agreed, end, policy):
    type(letter).objects.update(review_policy=policy)
    assert shown_first(letter) == ["Ottoline Fairweather"]

    end(agreed, make_user("host", is_superuser=True))

    assert not Prominence.objects.exists()
    assert shown_first(letter) == []


def test_consent_ends_with_the_organisation_under_a_sealed_letter_too(letter, agreed):
    type(letter).objects.update(status="sealed", closed_on="2026-01-20", sealed_on="2026-01-20")

    withdraw_organisation(agreed, make_user("host", is_superuser=True))

    assert not Prominence.objects.exists()
    assert Signature.objects.get().state == State.PUBLISHED


def test_consent_does_not_come_back_with_a_line_that_is_approved_again(letter, agreed):
    host = make_user("host", is_superuser=True)
    moderation.reject(signature=agreed, actor=host, reason="other")

    moderation.approve(signature=agreed, actor=host)

    assert Signature.objects.get().state == State.PUBLISHED
    assert shown_first(letter) == []


def test_consent_stays_when_a_title_is_left_out(letter, agreed):
    Signature.objects.update(title="Director", organisation_text="Google")

    own.correct_title(token=TOKEN, title="")

    [line] = roll.prominent(letter)
    assert line.detail == "says Google; not verified"


def test_consent_stays_where_the_name_is_listed_as_it_was_said(letter, agreed):
    proposal = says_acme(letter)
    before = roll.prominent(letter)

    acme = directory.accept(proposal=proposal, name="Acme", actor=None)
    directory.record_change(organisation=acme, actor=make_user("host", is_superuser=True))

    assert roll.prominent(letter) == before != []
    assert Signature.objects.get().organisation == acme


def test_consent_ends_where_a_file_renames_the_organisation(letter, agreed, tmp_path):
    acme = make_organisation("Acme")
    Signature.objects.update(organisation=acme)
    file = tmp_path / "directory.csv"

    file.write_text(f"slug,name\n{acme.slug},Acme\n")
    call_command("directory", "import", file)
    assert shown_first(letter) == ["Ottoline Fairweather"]
    file.write_text(f"slug,name\n{acme.slug},Acme Missiles Inc\n")
    call_command("directory", "import", file)

    assert shown_first(letter) == []


def test_consent_given_inside_ends_when_the_letter_becomes_public(time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    letter = make_letter(visibility=Visibility.INTERNAL)
    Letter.objects.update(public_on=timezone.localdate())
    make_asked(letter, "Ada Marchetti", 1)
    assert shown_first(letter) == ["Ada Marchetti"]

    opening.go_public(letter=letter, now=timezone.now())

    assert not Prominence.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"is_hidden_from_search": True},
        {"is_for_colleagues": True},
        {"state": State.IN_REVIEW, "published_on": None},
        {"state": State.REJECTED, "published_on": None, "rejected_on": "2026-01-20"},
    ],
    ids=["hidden", "for colleagues", "in review", "rejected"],
)
def test_prominent_shows_no_name_that_may_not_stand_there_whatever_the_row_says(
    letter, agreed, fields
):
    reason = {"reason": "other"} if "rejected_on" in fields else {}

    Signature.objects.update(**fields, **reason)

    assert Prominence.objects.get().has_agreed
    assert shown_first(letter) == []
    assert order(letter) == []


# Order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "after"),
    [(1, "CAB"), (2, "ACB"), (3, "ABC"), (0, "CAB"), (-4, "CAB"), (99, "ABC")],
)
def test_move_puts_somebody_at_a_place(letter, alice, place, after):
    rows = {name: make_asked(letter, name, n) for n, name in enumerate("ABC", start=1)}

    for _twice in range(2):
        prominence.move(letter=letter, entry=rows["C"].pk, place=place, actor=alice)

    assert order(letter) == shown_first(letter) == list(after)
    moved = [("letter.prominent_ordered", "alice", "")] if after != "ABC" else []
    assert audited() == moved


def test_move_counts_those_who_have_not_agreed(letter, alice):
    make_asked(letter, "A", 1, answer="declined")
    make_asked(letter, "B", 2, answer="asked")
    last = make_asked(letter, "C", 3)

    prominence.move(letter=letter, entry=last.pk, place=2, actor=alice)

    assert order(letter) == ["A", "C", "B"]
    assert shown_first(letter) == ["C"]


def test_move_somebody_who_was_not_asked_or_of_another_letter_is_refused(letter, alice):
    other = make_asked(make_letter(), "Elsewhere", 1)

    for entry in (other.pk, make_name(letter).pk):
        with pytest.raises(NotAllowed, match="no longer among those you asked"):
            prominence.move(letter=letter, entry=entry, place=1, actor=alice)


def test_take_away_ends_it_and_twice_is_once(letter, alice, agreed):
    before = len(audited())

    for _twice in range(2):
        prominence.take_away(letter=letter, entry=agreed.pk, actor=alice)

    assert not Prominence.objects.exists()
    assert audited()[before:] == [("signature.taken_from_top", "alice", f"signature:{agreed.pk}")]


def test_take_away_of_another_letter_does_nothing(letter, alice):
    other = make_asked(make_letter(), "Elsewhere", 1)

    prominence.take_away(letter=letter, entry=other.pk, actor=alice)

    assert Prominence.objects.get() == other


@pytest.mark.parametrize("verb", [prominence.take_away, prominence.move])
def test_take_away_and_move_by_a_moderator_are_refused(letter, agreed, verb):
    bob = make_member(letter, "bob", Role.MODERATOR)
    place = {"place": 1} if verb == prominence.move else {}

    with pytest.raises(NotAllowed, match="not yours to change"):
        verb(letter=letter, entry=agreed.pk, actor=bob, **place)

    assert Prominence.objects.get().has_agreed


def test_answer_and_order_have_the_pages_forgotten(letter, alice, agreed, monkeypatch):
    queued = []
    monkeypatch.setattr(prominence, "enqueue", lambda task, *given: queued.append((task, *given)))

    prominence.answer(token=TOKEN, agrees=False)
    prominence.take_away(letter=letter, entry=agreed.pk, actor=alice)

    assert queued == [(tasks.purge_pages, letter.pk), (tasks.purge_pages, letter.pk)]
