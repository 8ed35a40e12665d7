"""Rows about prominent names and days to decisions that break one constraint each."""

from datetime import date

from signatories.models import DecisionDays, Prominence, State
from tests.constraints import Case
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

TODAY = date(2026, 1, 20)


def asked():
    signature = make_signature(make_letter(), state=State.PUBLISHED)
    return Prominence(signature=signature, position=1, asked_on=TODAY)


def days():
    return DecisionDays(letter=make_letter(), days=2)


def asked_name():
    return make_signature(make_letter())


def standing_name():
    return make_signature(make_letter(), state=State.PUBLISHED)


def anonymous():
    return make_anonymous(make_letter(), make_organisation("Google"))


PROMINENCE_CASES = [
    Case("prominence_answer_is_known", asked, {"answer": "perhaps"}),
    Case("positions_count_from_one", asked, {"position": 0}),
    Case("decision_days_count_somebody", days, {"number": 0}),
    Case("only_names_remember_a_decision", anonymous, {"was_decided": True}),
    Case("only_lines_that_left_have_stood_before", standing_name, {"has_stood": True}),
]
