"""Rows of decisions about many entries that break one constraint each."""

from datetime import UTC, date, datetime

from signatories.models import BulkDecision, BulkEntry
from tests.constraints import Case
from tests.factories import make_letter, make_signature, make_user

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def decision(**fields):
    values = {"decision": "approve", "state": "running", "made_on": date(2026, 1, 20), **fields}
    return BulkDecision(letter=make_letter(), moderator=make_user("bob"), **values)


def rejection():
    return decision(decision="reject", reason="abuse", note="Not here.")


def restoring():
    return decision(decision="restore")


def entry():
    work = decision()
    work.save()
    return BulkEntry(bulk=work, signature=make_signature(work.letter))


def second_entry():
    first = entry()
    first.save(force_insert=True)
    return BulkEntry(bulk=first.bulk, signature=make_signature(first.bulk.letter))


def of_the_first():
    return BulkEntry.objects.get().signature


ALONE = "rejections_of_many_give_a_reason"
HELD = "workers_hold_what_is_being_decided"
FINAL = "what_was_taken_back_is_not_taken_back"
BULK_CASES = [
    Case("bulkdecision_decision_is_known", decision, {"decision": "guess"}),
    Case("bulkdecision_state_is_known", decision, {"state": "lost"}),
    Case(ALONE, rejection, {"reason": ""}),
    Case(ALONE, decision, {"reason": "abuse"}),
    Case(ALONE, decision, {"note": "Not here."}),
    Case(HELD, lambda: decision(state="done"), {"claimed_at": NOW}),
    Case(FINAL, restoring, {"state": "undoing"}),
    Case(FINAL, restoring, {"state": "previewed"}),
    Case("bulk_outcome_is_known", entry, {"outcome": "luck"}),
    Case("an_entry_is_decided_once_by_a_rule", second_entry, {"signature": of_the_first}),
    Case(
        "only_rejections_remember_what_was_before",
        lambda: make_signature(make_letter()),
        {"was_approved": True},
    ),
]
