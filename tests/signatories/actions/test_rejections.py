"""Somebody rejects very much: the owners hear of it, and take it back in one step."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config import crypto
from letters import news
from letters.actions import NotAllowed, audit
from letters.models import AuditEntry, Notice, NoticeKind, Occasion, Role
from signatories import tasks
from signatories.actions import (
    batches,
    bulk,
    checking,
    directory,
    moderation,
    noticing,
    own,
    rejections,
    sealing,
    taking_back,
)
from signatories.models import BulkDecision, BulkState, Flag, FlagKind, Signature, State
from tests.admin_pages import make_host, make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def three_are_many(settings):
    settings.MASS_REJECTION = 3


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def alice(letter):
    return make_moderator("alice", letter, Role.OWNER)


@pytest.fixture
def bob(letter):
    return make_moderator("bob", letter)


def reject(letter, actor, number, **fields):
    made = [make_signature(letter, name=f"Person {n}", **fields) for n in range(number)]
    for entry in made:
        moderation.reject(signature=entry, actor=actor, reason="abuse")
    return made


def approve(letter, actor, number):
    for n in range(number):
        entry = make_signature(letter, name=f"Approved {n}")
        moderation.approve(signature=entry, actor=actor)


def look(letter, person):
    return rejections.look_at(letter=letter, person=person.pk, now=timezone.now())


def told():
    rows = Notice.objects.filter(occasion__kind=NoticeKind.REJECTION)
    return sorted(rows.values_list("user__username", flat=True))


# Noticing -------------------------------------------------------------------------------------


def test_look_tells_the_owners_at_once(letter, alice, bob):
    make_moderator("erin", letter, Role.EDITOR)
    make_moderator("carol", letter)
    reject(letter, bob, 4)
    before = timezone.now()

    occasion = look(letter, bob)

    assert told() == ["alice"]
    assert (occasion.figures, occasion.step, occasion.day) == (
        {"rejected": 4},
        bob.pk,
        timezone.localdate(),
    )
    assert occasion.notices.get().due_at is None  # She has given no address.
    assert before <= timezone.now()


def test_look_tells_of_one_person_once_a_day(letter, alice, bob):
    reject(letter, bob, 4)

    assert look(letter, bob) is not None
    assert look(letter, bob) is None
    assert told() == ["alice"]


def test_look_tells_nobody_of_as_many_as_are_usual(letter, alice, bob):
    reject(letter, bob, 3)

    assert look(letter, bob) is None
    assert not Occasion.objects.exists()


def test_look_tells_nobody_where_most_was_approved(letter, alice, bob):
    reject(letter, bob, 4)
    approve(letter, bob, 60)

    assert look(letter, bob) is None


def test_look_tells_where_much_of_the_roll_was_taken_off(letter, alice, bob):
    approve(letter, bob, 5)
    reject(letter, bob, 4, state=State.PUBLISHED)

    assert look(letter, bob) is not None


def test_a_tenth_of_the_roll_is_not_much_yet(letter, alice, bob):
    """Four of forty that stood that morning: not more than a tenth."""
    approve(letter, bob, 36)
    entries = reject(letter, bob, 4, state=State.PUBLISHED)

    assert look(letter, bob) is None
    moderation.reject(signature=letter.signatures.standing().first(), actor=bob, reason="abuse")
    assert look(letter, bob) is not None
    assert len(entries) == 4


def test_no_number_of_approvals_hides_how_much_was_taken_off(letter, alice, bob):
    approve(letter, bob, 200)
    reject(letter, bob, 15, state=State.PUBLISHED)
    assert look(letter, bob) is None

    moderation.reject(signature=letter.signatures.standing().first(), actor=bob, reason="abuse")

    assert look(letter, bob) is not None


def test_look_counts_the_rejections_of_today_only(letter, alice, bob):
    reject(letter, bob, 2)
    day = timezone.localdate() - timedelta(days=1)
    for _each in range(2):
        AuditEntry.objects.create(
            letter=letter, verb="signature.rejected", actor=bob, recorded_on=day
        )

    assert look(letter, bob) is None


def test_sweep_tells_of_what_was_done_just_before_midnight(letter, alice, bob, time_machine):
    time_machine.move_to("2026-01-20T23:59:50Z", tick=False)
    reject(letter, bob, 4)
    time_machine.move_to("2026-01-21T00:00:10Z", tick=False)
    tasks.look_at_rejections(letter.pk, bob.pk)
    assert told() == []

    [occasion] = rejections.look(letter=letter, now=timezone.now())

    assert (occasion.day, told()) == (timezone.localdate() - timedelta(days=1), ["alice"])
    assert rejections.look(letter=letter, now=timezone.now()) == []


def test_look_counts_this_letter_only(letter, alice, bob):
    reject(letter, bob, 2)
    host = make_host("harriet")
    reject(make_letter(), host, 4)

    assert look(letter, host) is None
    assert look(letter, bob) is None


def test_look_does_not_tell_the_owner_who_did_it_but_the_others(letter, alice):
    make_moderator("otto", letter, Role.OWNER)
    reject(letter, alice, 4)

    look(letter, alice)

    assert told() == ["otto"]


def test_look_tells_the_only_owner_of_what_their_account_did(letter, alice):
    """It may be somebody else who sits before it."""
    reject(letter, alice, 4)

    look(letter, alice)

    assert told() == ["alice"]


def test_look_tells_of_what_a_host_did(letter, alice):
    host = make_host("harriet")
    reject(letter, host, 4)

    look(letter, host)

    assert told() == ["alice"]


def test_rejecting_looks_at_once(letter, alice, bob, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as queued:
        reject(letter, bob, 2)

    looks = [one.args for one in queued if one.args[0] == tasks.look_at_rejections]
    assert looks == [(tasks.look_at_rejections, (letter.pk, bob.pk), 0)]
    tasks.look_at_rejections(letter.pk, bob.pk)
    assert told() == []
    reject(letter, bob, 2)
    tasks.look_at_rejections(letter.pk, bob.pk)
    assert told() == ["alice"]


def test_what_no_queue_told_of_the_sweep_does(letter, alice, bob):
    reject(letter, bob, 4)

    found = list(noticing.notice_what_happened(now=timezone.now()))

    assert NoticeKind.REJECTION in {occasion.kind for occasion in found}
    assert told() == ["alice"]


def test_rejections_of_one_rule_count(letter, alice, bob):
    from signatories.bulk_rule import Rule

    for n in range(4):
        make_signature(letter, name=f"Person {n}")
    work = bulk.preview(letter=letter, rule=Rule(), decision="reject", actor=bob, reason="abuse")
    bulk.start(bulk=work, actor=bob)
    bulk.go_on(bulk_id=str(work.pk))

    look(letter, bob)

    assert told() == ["alice"]


# Taking back ----------------------------------------------------------------------------------


def take_back(letter, person, actor, since=None):
    since = since or timezone.localdate()
    work = rejections.take_back_all(letter=letter, person=person, since=since, actor=actor)
    while work and bulk.go_on(bulk_id=str(work.pk)):
        pass
    if work:
        work.refresh_from_db()
    return work


def states(letter):
    return sorted(letter.signatures.values_list("state", flat=True))


def test_take_back_puts_names_on_the_roll_again_and_entries_into_review(letter, alice, bob):
    [standing] = reject(letter, bob, 1, state=State.PUBLISHED)
    [waiting] = reject(letter, bob, 1)

    work = take_back(letter, bob, alice)

    standing.refresh_from_db()
    waiting.refresh_from_db()
    assert (standing.state, standing.published_on) == (State.PUBLISHED, timezone.localdate())
    assert standing.roll_key != ""
    assert (standing.reason, standing.rejected_on, standing.was_approved) == ("", None, False)
    assert (waiting.state, waiting.published_on, waiting.roll_key) == (State.IN_REVIEW, None, "")
    assert (work.state, work.figures) == (BulkState.DONE, {"done": 2})


def test_take_back_leaves_a_trace_of_the_owner(letter, alice, bob):
    reject(letter, bob, 2)

    take_back(letter, bob, alice)

    entry = AuditEntry.objects.get(verb="rejections.taken_back")
    assert (entry.actor, entry.letter, entry.target, entry.number) == (
        alice,
        letter,
        f"user:{bob.pk}",
        2,
    )
    assert AuditEntry.objects.filter(verb="signature.taken_back", actor=alice).count() == 2


def test_take_back_before_the_batch_keeps_an_anonymous_line(letter, alice, bob):
    line = make_anonymous(
        letter,
        make_organisation("Google"),
        state=State.PUBLISHED,
        published_on=timezone.localdate(),
        roll_key="a",
    )
    moderation.reject(signature=line, actor=bob, reason="abuse")

    take_back(letter, bob, alice)

    line.refresh_from_db()
    assert (line.state, line.roll_key) == (State.PUBLISHED, "a")


def test_take_back_after_the_batch_lets_an_anonymous_line_wait_for_the_next(letter, alice, bob):
    line = make_anonymous(
        letter,
        make_organisation("Google"),
        state=State.PUBLISHED,
        published_on=timezone.localdate(),
        roll_key="a",
    )
    moderation.reject(signature=line, actor=bob, reason="abuse")
    batches.publish_batch_now(letter=letter, now=timezone.now())
    assert not letter.signatures.standing().exists()

    take_back(letter, bob, alice)

    line.refresh_from_db()
    assert (line.state, line.published_on) == (State.APPROVED, None)


def test_take_back_leaves_alone_what_others_rejected_or_decided_anew(letter, alice, bob):
    carol = make_moderator("carol", letter)
    [own] = reject(letter, carol, 1)
    [again, _back] = reject(letter, bob, 2)
    again.refresh_from_db()
    moderation.approve(signature=again, actor=carol)
    moderation.reject(signature=again, actor=carol, reason="abuse")

    work = take_back(letter, bob, alice)

    own.refresh_from_db()
    again.refresh_from_db()
    assert (own.state, again.state) == (State.REJECTED, State.REJECTED)
    assert (work.total, states(letter)) == (1, ["in_review", "rejected", "rejected"])


def test_take_back_reaches_what_its_moderator_let_stand_after_an_objection(letter, alice, bob):
    carol = make_moderator("carol", letter)
    kept_by = {}
    for moderator in (bob, carol):
        [entry] = reject(letter, bob, 1)
        Flag.objects.create(signature=entry, kind=FlagKind.OBJECTION)
        moderation.reject(signature=entry, actor=moderator, reason="abuse")
        kept_by[moderator] = entry
    assert AuditEntry.objects.filter(verb="signature.kept").count() == 2
    assert [(day.number, day.in_place) for day in rejections.by_person_and_day(letter)] == [(2, 1)]

    work = take_back(letter, bob, alice)

    assert (work.state, work.figures) == (BulkState.DONE, {"done": 1})
    found = {one: letter.signatures.get(pk=entry.pk).state for one, entry in kept_by.items()}
    assert found == {bob: State.IN_REVIEW, carol: State.REJECTED}


def test_take_back_leaves_alone_what_was_decided_while_it_ran(letter, alice, bob):
    [entry] = reject(letter, bob, 1)
    work = rejections.take_back_all(
        letter=letter, person=bob, since=timezone.localdate(), actor=alice
    )
    entry.refresh_from_db()
    moderation.approve(signature=entry, actor=alice)

    bulk.go_on(bulk_id=str(work.pk))

    work.refresh_from_db()
    entry.refresh_from_db()
    assert (work.figures, entry.state) == ({"decided": 1}, State.PUBLISHED)


def test_take_back_begins_with_the_day(letter, alice, bob):
    reject(letter, bob, 1)

    tomorrow = timezone.localdate() + timedelta(days=1)

    assert take_back(letter, bob, alice, since=tomorrow) is None
    assert states(letter) == ["rejected"]


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.EDITOR, Role.PRESS])
def test_take_back_by_another_than_an_owner_is_refused(letter, bob, role):
    reject(letter, bob, 1)
    erin = make_moderator("erin", letter, role)

    with pytest.raises(NotAllowed, match="Only owners"):
        take_back(letter, bob, erin)

    assert not BulkDecision.objects.exists()


def test_take_back_by_an_owner_of_another_letter_is_refused(letter, bob):
    reject(letter, bob, 1)
    charlie = make_moderator("charlie", make_letter(), Role.OWNER)

    with pytest.raises(NotAllowed, match="Only owners"):
        take_back(letter, bob, charlie)

    assert states(letter) == ["rejected"]


def test_take_back_touches_this_letter_only(letter, alice):
    host = make_host("harriet")
    other = make_letter()
    reject(letter, host, 1)
    reject(other, host, 1)

    take_back(letter, host, alice)

    assert (states(letter), states(other)) == (["in_review"], ["rejected"])


def test_take_back_while_it_runs_is_refused(letter, alice, bob):
    reject(letter, bob, 1)
    rejections.take_back_all(letter=letter, person=bob, since=timezone.localdate(), actor=alice)

    with pytest.raises(NotAllowed, match="already"):
        take_back(letter, bob, alice)

    assert BulkDecision.objects.count() == 1


def test_take_back_is_itself_not_taken_back(letter, alice, bob):
    reject(letter, bob, 1)
    work = take_back(letter, bob, alice)

    with pytest.raises(NotAllowed, match="nothing to take back"):
        bulk.undo(bulk=work, actor=alice)


def take_approvals_back(names, actor):
    for name in names:
        name.refresh_from_db()
        taking_back.take_back(signature=name, actor=actor)
        name.refresh_from_db()


def test_take_back_puts_on_the_roll_what_left_it_by_an_approval_taken_back(letter, alice, bob):
    """Whichever way it was hidden afterwards: left in review, set aside, or rejected."""
    _left, aside, rejected = names = [
        make_signature(letter, name=f"Name {n}", state=State.PUBLISHED) for n in range(3)
    ]
    take_approvals_back(names, bob)
    moderation.set_aside(signature=aside, actor=bob)
    moderation.reject(signature=rejected, actor=bob, reason="abuse")
    [day] = rejections.by_person_and_day(letter)
    assert (day.number, day.in_place) == (3, 3)
    assert day.reasons == [("abuse or advertising", 1), ("approval taken back", 3)]

    work = take_back(letter, bob, alice)

    assert (work.figures, states(letter)) == ({"done": 3}, ["published"] * 3)
    assert not letter.signatures.exclude(set_aside_on=None).exists()
    assert rejections.by_person_and_day(letter)[0].in_place == 0


def test_take_back_undoes_of_two_people_what_the_one_did(letter, alice, bob):
    """Carol had taken the approval back before: without Bob, the entry waits."""
    carol = make_moderator("carol", letter)
    [name] = [make_signature(letter, state=State.PUBLISHED)]
    take_approvals_back([name], carol)
    moderation.reject(signature=name, actor=bob, reason="abuse")

    take_back(letter, bob, alice)

    assert states(letter) == ["in_review"]


def test_take_back_leaves_in_review_what_its_signatory_has_written_anew(letter, alice, bob):
    digest = crypto.digest("manage", TOKEN)
    name = make_signature(letter, state=State.PUBLISHED, manage_digest=digest, name_key="key")
    take_approvals_back([name], bob)
    own.correct_title(token=TOKEN, title="Something else")
    checking.check_letter(letter_id=letter.pk)

    assert take_back(letter, bob, alice) is None
    assert states(letter) == ["in_review"]


def test_take_back_leaves_in_review_what_is_written_anew_while_it_waits(letter, alice, bob):
    digest = crypto.digest("manage", TOKEN)
    name = make_signature(letter, state=State.PUBLISHED, manage_digest=digest, name_key="key")
    take_approvals_back([name], bob)
    since = timezone.localdate()
    work = rejections.take_back_all(letter=letter, person=bob, since=since, actor=alice)

    own.correct_title(token=TOKEN, title="Something else")
    tasks.go_on_with_bulk(str(work.pk))

    assert states(letter) == ["in_review"]


def test_take_back_of_a_rejection_of_oneself_does_not_hide_what_left_the_roll(letter, alice, bob):
    name = make_signature(letter, state=State.PUBLISHED)
    take_approvals_back([name], bob)
    moderation.reject(signature=name, actor=bob, reason="abuse")
    taking_back.take_back(signature=name, actor=bob)
    assert [day.in_place for day in rejections.by_person_and_day(letter)] == [1]

    take_back(letter, bob, alice)

    assert states(letter) == ["published"]


def test_merge_meanwhile_keeps_a_name_in_review(letter, alice, bob):
    firm, into = make_organisation("Acme"), make_organisation("Acme Missiles Inc")
    name = make_signature(letter, organisation=firm, state=State.PUBLISHED)
    take_approvals_back([name], bob)
    directory.merge(duplicate=firm, kept=into, actor=make_host("harriet"), keeps_names=True)

    assert take_back(letter, bob, alice) is None
    assert states(letter) == ["in_review"]


def test_take_back_reaches_what_was_taken_off_a_sealed_roll(alice, bob, letter):
    batches.start_tally(letter)
    names = [make_signature(letter, name=f"Name {n}", state=State.PUBLISHED) for n in range(3)]
    [before] = reject(letter, bob, 1)
    sealing.close(letter=letter, actor=None)
    letter = sealing.seal(letter=letter, actor=None)
    for name in names:
        name.refresh_from_db()
        moderation.reject(signature=name, actor=bob, reason="abuse")

    take_back(letter, bob, alice)

    before.refresh_from_db()
    assert states(letter) == ["published"] * 3 + ["rejected"]
    assert before.state == State.REJECTED


# What the owners see --------------------------------------------------------------------------


def test_days_say_who_rejected_how_much_and_what_is_in_place(letter, alice, bob):
    [first, *_rest] = reject(letter, bob, 3)
    other = make_signature(letter, name="Zoe")
    moderation.reject(signature=other, actor=alice, reason="repeated")
    first.refresh_from_db()
    moderation.approve(signature=first, actor=alice)
    audit(verb="signature.approved", actor=bob, letter=make_letter())

    found = [
        (one.person.username, one.day, one.number, one.reasons, one.in_place)
        for one in rejections.by_person_and_day(letter)
    ]

    today = timezone.localdate()
    assert found == [
        ("alice", today, 1, [("the same person has signed already", 1)], 1),
        ("bob", today, 3, [("abuse or advertising", 3)], 2),
    ]


def test_rejection_remembers_whether_the_line_had_been_let_onto_the_roll(letter, bob):
    reject(letter, bob, 1, state=State.PUBLISHED)
    reject(letter, bob, 1)

    kept = Signature.objects.order_by("was_approved").values_list("was_approved", flat=True)
    assert list(kept) == [False, True]


def test_take_back_does_not_revive_a_line_that_was_withdrawn_meanwhile(letter, alice, bob):
    batches.start_tally(letter)
    digest = crypto.digest("manage", TOKEN)
    google = make_organisation("Google")
    line = make_anonymous(letter, google, state=State.PUBLISHED, manage_digest=digest)
    moderation.reject(signature=line, actor=bob, reason="abuse")
    work = rejections.take_back_all(
        letter=letter, person=bob, since=timezone.localdate(), actor=alice
    )

    own.withdraw(token=TOKEN)
    tasks.go_on_with_bulk(str(work.pk))

    line.refresh_from_db()
    assert line.state == State.WITHDRAWN
    assert BulkDecision.objects.get(pk=work.pk).figures == {"refused": 1}


def test_taking_approvals_back_is_told_like_rejections(
    letter, alice, bob, django_capture_on_commit_callbacks
):
    names = [make_signature(letter, name=f"Name {n}", state=State.PUBLISHED) for n in range(4)]
    with django_capture_on_commit_callbacks() as queued:
        for name in names:
            taking_back.take_back(signature=name, actor=bob)

    assert (tasks.look_at_rejections, (letter.pk, bob.pk), 0) in [one.args for one in queued]
    occasion = look(letter, bob)

    assert told() == ["alice"]
    assert occasion.figures == {"rejected": 0, "taken_off": 4}
    assert "4 in all, of which 4 left the roll and wait in review" in news.sentence(occasion)


def test_taking_rejections_back_is_told_to_nobody(letter, alice, bob):
    entries = reject(letter, alice, 4, state=State.PUBLISHED)

    for entry in entries:
        taking_back.take_back(signature=entry, actor=bob)

    assert look(letter, bob) is None


def test_rejections_do_not_hide_among_what_decides_nothing(letter, alice, bob):
    entry = make_signature(letter, name="Back Andforth")
    for _again in range(5):
        moderation.set_aside(signature=entry, actor=bob)
        moderation.take_up(signature=entry, actor=bob)
        moderation.approve(signature=entry, actor=bob)
        taking_back.take_back(signature=entry, actor=bob)

    reject(letter, bob, 4)

    assert look(letter, bob)
