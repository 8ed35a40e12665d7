"""Deciding many entries at once: bound to the preview, resumable, reversible."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed
from letters.models import AuditEntry, Membership, Role
from signatories import tasks
from signatories.actions import bulk, erasing, moderation, own, restoring
from signatories.bulk_rule import Rule
from signatories.models import (
    BulkDecision,
    BulkEntry,
    BulkState,
    Flag,
    Method,
    Signature,
    State,
)
from tests.admin_pages import make_moderator
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
)

pytestmark = pytest.mark.django_db
EVERYTHING = Rule()


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def bob(letter):
    return make_moderator("bob", letter)


def names(letter, *named, **fields):
    return [make_signature(letter, name=name, **fields) for name in named]


def preview(letter, actor, decision="approve", rule=EVERYTHING, **fields):
    return bulk.preview(letter=letter, rule=rule, decision=decision, actor=actor, **fields)


def run(work):
    """As the worker does, to the end."""
    while bulk.go_on(bulk_id=str(work.pk)):
        pass
    work.refresh_from_db()
    return work


def decided(letter, actor, decision="approve", **fields):
    work = preview(letter, actor, decision, **fields)
    bulk.start(bulk=work, actor=actor)
    return run(work)


def states(letter):
    return dict(letter.signatures.order_by("name").values_list("name", "state"))


# The preview ----------------------------------------------------------------------------------


def test_preview_notes_what_the_rule_means_and_decides_nothing(letter, bob):
    [ada, _grace] = names(letter, "Ada Lovelace", "Grace Hopper")

    work = preview(letter, bob, rule=Rule(name="ada*"))

    assert [entry.signature_id for entry in work.entries.all()] == [ada.pk]
    assert (work.total, work.state, work.figures) == (1, BulkState.PREVIEWED, {})
    assert work.rule == {"state": "waiting", "name": "ada*"}
    assert states(letter) == {"Ada Lovelace": "in_review", "Grace Hopper": "in_review"}
    assert not AuditEntry.objects.exists()


def test_preview_of_another_letter_is_refused(letter, bob):
    with pytest.raises(NotAllowed, match="not yours to moderate"):
        preview(make_letter(), bob)

    assert not BulkDecision.objects.exists()


@pytest.mark.parametrize("reason", ["", "sealed", "because"])
def test_preview_of_a_rejection_needs_a_reason(letter, bob, reason):
    with pytest.raises(NotAllowed, match="Choose a reason"):
        preview(letter, bob, "reject", reason=reason)


def test_preview_of_an_approval_keeps_no_reason_and_no_note(letter, bob):
    work = preview(letter, bob, reason="abuse", note="No.")

    assert (work.reason, work.note) == ("", "")


def test_preview_takes_as_many_as_may_be_taken_at_once(letter, bob, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 2)
    names(letter, "Ada", "Grace", "Joan")

    assert preview(letter, bob).total == 2


def test_preview_holds_nothing_that_names_anybody(letter, bob):
    make_signature(letter, name="Wilhelmina Otterbourne", title="Cooper")

    work = preview(letter, bob, rule=Rule(title="cooper"))

    [entry] = BulkEntry.objects.values()
    assert "Wilhelmina" not in str(entry)
    assert len(entry["digest"]) == 64
    assert work.made_on == timezone.localdate()


# Deciding -------------------------------------------------------------------------------------


def test_start_approves_what_was_previewed_and_no_other(letter, bob):
    names(letter, "Ada")
    work = preview(letter, bob)
    names(letter, "Grace")

    bulk.start(bulk=work, actor=bob)
    run(work)

    assert states(letter) == {"Ada": "published", "Grace": "in_review"}
    assert (work.state, work.figures, work.claimed_at) == (BulkState.DONE, {"done": 1}, None)


def test_start_rejects_with_reason_and_note(letter, bob):
    [ada] = names(letter, "Ada")

    decided(letter, bob, "reject", reason="abuse", note="Not here.")

    ada.refresh_from_db()
    assert (ada.state, ada.reason, ada.note) == (State.REJECTED, "abuse", "Not here.")


def test_start_sets_aside(letter, bob):
    [ada] = names(letter, "Ada")

    decided(letter, bob, "set_aside")

    ada.refresh_from_db()
    assert (ada.state, ada.set_aside_on) == (State.IN_REVIEW, timezone.localdate())


def test_every_entry_and_the_decision_leave_a_trace(letter, bob):
    [ada] = names(letter, "Ada")

    work = decided(letter, bob, "reject", reason="abuse")

    rows = AuditEntry.objects.order_by("pk").values_list(
        "verb", "actor", "letter", "target", "reason", "number"
    )
    assert list(rows) == [
        ("bulk.started", bob.pk, letter.pk, f"bulk:{work.pk}", "reject", 1),
        ("signature.rejected", bob.pk, letter.pk, f"signature:{ada.pk}", "abuse", 1),
    ]


def test_start_twice_is_once(letter, bob, django_capture_on_commit_callbacks):
    names(letter, "Ada")
    work = preview(letter, bob)

    with django_capture_on_commit_callbacks() as queued:
        bulk.start(bulk=work, actor=bob)
        bulk.start(bulk=work, actor=bob)

    assert len(queued) == 1
    assert queued[0].args == (tasks.go_on_with_bulk, (str(work.pk),), 0)
    assert AuditEntry.objects.filter(verb="bulk.started").count() == 1


def test_preview_of_somebody_else_is_not_confirmed(letter, bob):
    names(letter, "Ada")
    work = preview(letter, bob)
    carol = make_moderator("carol", letter)

    with pytest.raises(NotAllowed, match="Only whoever made this preview"):
        bulk.start(bulk=work, actor=carol)

    work.refresh_from_db()
    assert work.state == BulkState.PREVIEWED


@pytest.mark.parametrize("act", [bulk.start, bulk.cancel, bulk.undo])
def test_moderators_of_other_letters_do_nothing(letter, bob, act):
    names(letter, "Ada")
    work = preview(letter, bob)
    charlie = make_moderator("charlie", make_letter())
    before = BulkDecision.objects.values().get()

    with pytest.raises(NotAllowed):
        act(bulk=work, actor=charlie)

    assert BulkDecision.objects.values().get() == before


# What has changed since the preview -----------------------------------------------------------


def test_what_somebody_decided_meanwhile_is_skipped(letter, bob):
    [ada, _grace] = names(letter, "Ada", "Grace")
    work = preview(letter, bob)
    moderation.reject(signature=ada, actor=bob, reason="abuse")

    bulk.start(bulk=work, actor=bob)
    run(work)

    assert states(letter) == {"Ada": "rejected", "Grace": "published"}
    assert work.figures == {"decided": 1, "done": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Chief"},
        {"name": "Another"},
        {"organisation_text": "Elsewhere"},
        {"tenure": "former"},
        {"needs_check": True},
        {"set_aside_on": date(2026, 1, 20)},
    ],
)
def test_what_changed_meanwhile_is_skipped(letter, bob, change):
    [ada] = names(letter, "Ada")
    work = preview(letter, bob)
    Signature.objects.filter(pk=ada.pk).update(**change)

    bulk.start(bulk=work, actor=bob)
    run(work)

    ada.refresh_from_db()
    assert (ada.state, work.figures) == (State.IN_REVIEW, {"changed": 1})


def test_entry_of_which_something_else_is_said_meanwhile_is_skipped(letter, bob):
    """Also where it weighs as much: the moderator has read another reason."""
    ada, grace = names(letter, "Ada", "Grace")
    for entry in (ada, grace):
        Flag.objects.create(signature=entry, kind="joke", detail="Mouse")
    work = preview(letter, bob, decision="reject", reason="not_a_person")
    Flag.objects.filter(signature=ada).update(kind="abuse")

    bulk.start(bulk=work, actor=bob)
    run(work)

    assert states(letter) == {"Ada": "in_review", "Grace": "rejected"}
    assert work.figures == {"changed": 1, "done": 1}


def test_what_was_withdrawn_meanwhile_is_counted_as_gone(letter, bob):
    [ada, _grace] = names(letter, "Ada", "Grace")
    Signature.objects.filter(pk=ada.pk).update(manage_digest=crypto.digest("manage", "t" * 43))
    work = preview(letter, bob)
    own.withdraw(token="t" * 43)

    bulk.start(bulk=work, actor=bob)
    run(work)

    assert states(letter) == {"Grace": "published"}
    assert work.figures == {"done": 1, "gone": 1}
    assert work.handled == work.total == 2


@pytest.mark.parametrize("kind", ["well_known", "recipient"])
def test_names_that_need_a_proof_are_approved_one_by_one_only(letter, bob, kind):
    [ada] = names(letter, "Ada")
    Flag.objects.create(signature=ada, kind=kind)

    work = decided(letter, bob)

    ada.refresh_from_db()
    assert (ada.state, work.figures) == (State.IN_REVIEW, {"singly": 1})
    assert decided(letter, bob, "reject", reason="impersonation").figures == {"done": 1}


def test_a_letter_that_was_sealed_meanwhile_keeps_its_decisions(letter, bob):
    names(letter, "Ada")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)
    letter.status, letter.sealed_on = "sealed", timezone.localdate()
    letter.closed_on = timezone.localdate()
    letter.save()

    run(work)

    assert states(letter) == {"Ada": "in_review"}
    assert work.figures == {"refused": 1}


def test_whoever_is_no_moderator_any_more_decides_nothing(letter, bob):
    names(letter, "Ada")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)
    Membership.objects.filter(user=bob).delete()

    run(work)

    assert (states(letter), work.state) == ({"Ada": "in_review"}, BulkState.CANCELLED)
    assert AuditEntry.objects.filter(verb="bulk.cancelled", actor=None).count() == 1


# Batches, workers and the clock ----------------------------------------------------------------


def test_batches_go_on_where_the_last_one_stopped(letter, bob, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    names(letter, "Ada", "Grace", "Joan")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)

    assert bulk.go_on(bulk_id=str(work.pk))
    work.refresh_from_db()

    assert (work.state, work.handled, work.to_handle) == (BulkState.RUNNING, 2, 3)
    assert run(work).figures == {"done": 3}
    assert AuditEntry.objects.filter(verb="signature.approved").count() == 3
    assert not bulk.go_on(bulk_id=str(work.pk))


def test_batch_that_fails_half_way_leaves_nothing_behind(letter, bob, monkeypatch):
    names(letter, "Ada", "Grace")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)
    calls = iter([1])
    last = restoring.last_decision

    def dies_at_the_second(signature):
        if next(calls, None) is None:
            raise ZeroDivisionError
        return last(signature)

    monkeypatch.setattr(restoring, "last_decision", dies_at_the_second)
    with pytest.raises(ZeroDivisionError):
        bulk.go_on(bulk_id=str(work.pk))
    monkeypatch.setattr(restoring, "last_decision", last)

    assert set(states(letter).values()) == {"in_review"}
    assert run(work).figures == {"done": 2}


def test_cancel_in_the_middle_decides_no_further(letter, bob, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 1)
    names(letter, "Ada", "Grace", "Joan")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)
    bulk.go_on(bulk_id=str(work.pk))

    bulk.cancel(bulk=work, actor=bob)
    bulk.cancel(bulk=work, actor=bob)

    run(work)
    assert (work.state, work.figures) == (BulkState.CANCELLED, {"done": 1})
    assert sorted(states(letter).values()) == ["in_review", "in_review", "published"]
    [entry] = AuditEntry.objects.filter(verb="bulk.cancelled")
    assert entry.number == 1


def test_cancel_of_what_is_done_changes_nothing(letter, bob):
    names(letter, "Ada")
    work = decided(letter, bob)

    bulk.cancel(bulk=work, actor=bob)

    work.refresh_from_db()
    assert work.state == BulkState.DONE


def test_sweep_finds_what_no_living_worker_holds(letter, bob):
    works = [preview(letter, bob) for _each in range(4)]
    now = timezone.now()
    rows = [
        (BulkState.WAITING, None),
        (BulkState.RUNNING, now - timedelta(minutes=30)),
        (BulkState.RUNNING, now),
        (BulkState.DONE, None),
    ]
    for work, (state, claimed_at) in zip(works, rows, strict=True):
        BulkDecision.objects.filter(pk=work.pk).update(state=state, claimed_at=claimed_at)

    assert set(bulk.unattended(now)) == {str(works[0].pk), str(works[1].pk)}


# Taking back ----------------------------------------------------------------------------------


def undone(work, actor):
    bulk.undo(bulk=work, actor=actor)
    return run(work)


def as_it_was(letter):
    return list(
        letter.signatures.order_by("name").values_list(
            "name", "state", "published_on", "roll_key", "reason", "note", "set_aside_on", "risk"
        )
    )


@pytest.mark.parametrize("decision", ["approve", "reject", "set_aside"])
def test_undo_leaves_everything_as_it_was(letter, bob, decision):
    names(letter, "Ada", "Grace")
    before = as_it_was(letter)
    work = decided(letter, bob, decision, reason="abuse", note="Not here.")
    assert as_it_was(letter) != before

    undone(work, bob)

    assert as_it_was(letter) == before
    assert (work.state, work.figures) == (BulkState.UNDONE, {"done": 2, "taken_back": 2})
    [entry] = AuditEntry.objects.filter(verb="bulk.undone")
    assert (entry.number, entry.reason) == (2, decision)
    assert AuditEntry.objects.filter(verb="signature.taken_back", actor=bob).count() == 2


def test_undo_sets_aside_again_what_had_been_set_aside(letter, bob):
    [ada] = names(letter, "Ada", set_aside_on=date(2026, 1, 20))
    work = decided(letter, bob, rule=Rule(state="set_aside"))

    undone(work, bob)

    ada.refresh_from_db()
    assert (ada.state, ada.set_aside_on) == (State.IN_REVIEW, timezone.localdate())


def test_undo_leaves_alone_what_was_decided_anew(letter, bob):
    """Even where it was decided the same way by the same person."""
    [ada, _grace] = names(letter, "Ada", "Grace")
    work = decided(letter, bob, "reject", reason="abuse")
    ada.refresh_from_db()
    moderation.approve(signature=ada, actor=bob)
    moderation.reject(signature=ada, actor=bob, reason="abuse")

    undone(work, bob)

    assert states(letter) == {"Ada": "rejected", "Grace": "in_review"}
    assert work.figures == {"done": 2, "taken_back": 1, "again": 1}


def test_undo_of_anonymous_entries_reaches_those_that_wait_for_their_batch(letter, bob):
    google = make_organisation("Google")
    for _each in range(2):
        make_anonymous(letter, google, state=State.IN_REVIEW)
    work = decided(letter, bob)
    assert letter.signatures.waiting_for_batch().count() == 2
    letter.signatures.filter(pk=letter.signatures.first().pk).delete()  # As a batch does.

    undone(work, bob)

    assert letter.signatures.in_review().count() == 1
    assert work.figures == {"done": 2, "taken_back": 1, "lost": 1}


def test_undo_after_a_cancel_takes_back_what_had_been_decided(letter, bob, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 1)
    names(letter, "Ada", "Grace")
    work = preview(letter, bob)
    bulk.start(bulk=work, actor=bob)
    bulk.go_on(bulk_id=str(work.pk))
    bulk.cancel(bulk=work, actor=bob)

    undone(work, bob)

    assert set(states(letter).values()) == {"in_review"}
    assert work.figures == {"done": 1, "taken_back": 1}


def test_undo_is_by_whoever_takes_it_back(letter, bob):
    names(letter, "Ada")
    work = decided(letter, bob)
    Membership.objects.filter(user=bob).delete()
    alice = make_moderator("alice", letter, Role.OWNER)

    undone(work, alice)

    assert states(letter) == {"Ada": "in_review"}
    assert AuditEntry.objects.get(verb="signature.taken_back").actor == alice


def test_undo_of_a_sealed_letter_is_refused(letter, bob):
    names(letter, "Ada")
    work = decided(letter, bob)
    letter.status, letter.closed_on = "sealed", timezone.localdate()
    letter.sealed_on = timezone.localdate()
    letter.save()

    with pytest.raises(NotAllowed, match="sealed"):
        bulk.undo(bulk=BulkDecision.objects.get(pk=work.pk), actor=bob)


def test_undo_of_one_entry_takes_back_that_one(letter, bob):
    [ada, _grace] = names(letter, "Ada", "Grace")
    work = decided(letter, bob)
    entry = work.entries.get(signature=ada)

    bulk.undo_one(entry=entry, actor=bob)

    work.refresh_from_db()
    assert states(letter) == {"Ada": "in_review", "Grace": "published"}
    assert (work.figures, work.to_take_back) == ({"done": 2, "taken_back": 1}, 1)
    with pytest.raises(NotAllowed, match="nothing to take back"):
        bulk.undo_one(entry=entry, actor=bob)


def test_undo_of_one_entry_that_was_decided_anew_is_refused(letter, bob):
    [ada] = names(letter, "Ada")
    work = decided(letter, bob)
    ada.refresh_from_db()
    moderation.reject(signature=ada, actor=bob, reason="abuse")

    with pytest.raises(restoring.DecidedAgain):
        bulk.undo_one(entry=work.entries.get(), actor=bob)

    assert states(letter) == {"Ada": "rejected"}


def test_undo_of_one_entry_by_a_moderator_of_another_letter_is_refused(letter, bob):
    names(letter, "Ada")
    work = decided(letter, bob)
    charlie = make_moderator("charlie", make_letter())

    with pytest.raises(NotAllowed):
        bulk.undo_one(entry=work.entries.get(), actor=charlie)

    assert states(letter) == {"Ada": "published"}


# Forgetting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "days", "stays"),
    [
        ("previewed", 1, True),
        ("previewed", 2, False),
        ("done", 29, True),
        ("done", 30, False),
        ("undone", 30, False),
        ("running", 60, True),
    ],
)
def test_erasing_takes_rule_and_entries_and_leaves_signatures(letter, bob, state, days, stays):
    names(letter, "Ada")
    work = preview(letter, bob, rule=Rule(name="ada"))
    day = timezone.localdate() - timedelta(days=days)
    BulkDecision.objects.filter(pk=work.pk).update(state=state, made_on=day)

    list(erasing.erase_expired(now=timezone.now()))

    assert (BulkDecision.objects.exists(), BulkEntry.objects.exists()) == (stays, stays)
    assert states(letter) == {"Ada": "in_review"}


# The rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (Rule(), {"Ada Lovelace", "Grace Hopper", "Mickey M_use"}),
        (Rule(name="ada lovelace"), {"Ada Lovelace"}),
        (Rule(name="ada"), set()),
        (Rule(name="*lace"), {"Ada Lovelace"}),
        (Rule(name="*o*e*"), {"Ada Lovelace", "Grace Hopper"}),
        (Rule(name="*m_use*"), {"Mickey M_use"}),
        (Rule(name="*_*"), {"Mickey M_use"}),
        (Rule(name="*%*"), set()),
        (Rule(title="*admiral*"), {"Grace Hopper"}),
        (Rule(organisation="google inc"), {"Ada Lovelace"}),
        (Rule(organisation="the navy"), {"Grace Hopper"}),
        (Rule(organisation="the*"), {"Grace Hopper"}),
        (Rule(method="mailbox"), {"Ada Lovelace"}),
        (Rule(method="none"), {"Grace Hopper", "Mickey M_use"}),
        (Rule(confirmed_from=date(2026, 1, 20)), {"Grace Hopper", "Mickey M_use"}),
        (Rule(confirmed_to=date(2026, 1, 19)), {"Ada Lovelace"}),
        (Rule(flag="joke"), {"Mickey M_use"}),
        (Rule(risk="high"), {"Mickey M_use"}),
        (Rule(risk="some"), {"Grace Hopper"}),
        (Rule(risk="none"), {"Ada Lovelace"}),
        (Rule(state="set_aside"), {"Joan Clarke"}),
        (Rule(appearance="named"), {"Ada Lovelace", "Grace Hopper", "Mickey M_use"}),
        (Rule(appearance="anonymous"), set()),
        (Rule(risk="high", name="ada*"), set()),
    ],
)
def test_rule_means_what_it_asks_for(letter, rule, found):
    google = make_organisation("Google")
    day = date(2026, 1, 20)
    make_signature(
        letter,
        name="Ada Lovelace",
        organisation=google,
        method=Method.MAILBOX,
        confirmed_on=day - timedelta(days=1),
    )
    make_signature(
        letter,
        name="Grace Hopper",
        title="Rear admiral",
        organisation_text="The Navy",
        risk=20,
        confirmed_on=day,
    )
    mouse = make_signature(letter, name="Mickey M_use", risk=60, confirmed_on=day)
    Flag.objects.create(signature=mouse, kind="joke", detail="Mouse")
    make_signature(letter, name="Joan Clarke", set_aside_on=day, confirmed_on=day)
    make_signature(letter, name="Pat Published", state=State.PUBLISHED)
    make_signature(make_letter(), name="Ada Lovelace of another letter")

    assert {entry.name for entry in rule.entries(letter)} == found
    assert Rule.from_json(rule.as_json()) == rule


def test_rule_knows_the_letters_of_all_languages(letter):
    entry = make_signature(letter, name="Élodie Šimek", title="Ärztin")

    for rule in (Rule(name="élodie*"), Rule(name="*ŠIMEK"), Rule(title="ärztin")):
        assert list(rule.entries(letter)) == [entry]


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "*"},
        {"title": "*"},
        {"organisation": "Google"},
        {"organisation": "*"},
        {"method": "mailbox"},
        {"method": "none"},
        {"confirmed_from": date(2020, 1, 1)},
        {"confirmed_to": date(2099, 1, 1)},
        {"organisation": "Google", "appearance": "anonymous"},
    ],
)
def test_rule_tells_nothing_of_anonymous_entries_that_their_lines_do_not_say(letter, asked):
    google = make_organisation("Google")
    make_anonymous(letter, google, state=State.IN_REVIEW)
    make_signature(letter, appearance="anonymous", method=Method.NONE)

    assert not Rule(**asked).entries(letter).anonymous().exists()


@pytest.mark.parametrize(
    "asked",
    [{}, {"appearance": "anonymous"}, {"flag": "burst"}, {"risk": "some"}],
)
def test_rule_finds_anonymous_entries_by_what_moderators_see(letter, asked):
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW, risk=40)
    Flag.objects.create(signature=entry, kind="burst")

    assert list(Rule(**asked).entries(letter)) == [entry]


def test_rule_leaves_out_what_nobody_has_compared_yet_and_says_how_many(letter):
    entry = make_signature(letter, name="Ada", needs_check=True)
    make_signature(letter, name="Eve", needs_check=True)
    make_signature(letter, name="Ada", needs_check=True, state=State.PUBLISHED)

    assert list(Rule(name="A*").entries(letter)) == []
    assert list(Rule(name="A*").unchecked(letter)) == [entry]


@pytest.mark.parametrize("is_undone", [False, True])
def test_entries_withdrawn_in_the_midst_of_a_batch_end_nothing(letter, bob, monkeypatch, is_undone):
    monkeypatch.setattr(bulk, "BATCH", 2)
    names(letter, *"ABCDEFG")
    work = decided(letter, bob) if is_undone else preview(letter, bob)
    lock, waited = bulk._locked_batch, []

    def wait_for_who_withdraws(left):
        if not waited:
            waited.append(True)
            key = left.order_by("signature_id").values_list("signature_id", flat=True)[1]
            Signature.objects.filter(pk=key).delete()
            return lock(left)[:1]  # Its row was read, and gone when the lock was there.
        return lock(left)

    monkeypatch.setattr(bulk, "_locked_batch", wait_for_who_withdraws)
    if is_undone:
        bulk.undo(bulk=work, actor=bob)
    else:
        bulk.start(bulk=work, actor=bob)
    run(work)

    expected = ("undone", "in_review") if is_undone else ("done", "published")
    assert (work.state, set(states(letter).values())) == (expected[0], {expected[1]})
    assert letter.signatures.count() == 6
