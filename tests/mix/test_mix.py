"""A mix of genuine people, bots, jokers, impersonators, doubles and a flooded domain.

Everything goes through the real pages: the form, the code, the admin. Small here; `make mix` runs
thousands (MIX_GENUINE) and prints what was counted.
"""

import logging
import os
from dataclasses import replace
from itertools import zip_longest
from statistics import median

import pytest

from config import limits
from letters.actions import lists
from letters.models import ReviewPolicy, Role, WordList
from signatories import tasks
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_organisation
from tests.mix.crowd import Crowd, Sizes
from tests.mix.desk import Moderator
from tests.mix.judge import Verdict, judge, table
from tests.mix.trial import Trial

pytestmark = pytest.mark.django_db

GENUINE = int(os.environ.get("MIX_GENUINE", "60"))
EMPLOYERS = {
    "Northwind": "northwind.example",
    "Halcyon": "halcyon.example",
    "Brightwater": "brightwater.example",
}
WELL_KNOWN = ["Aurelia Vandermeer", "Octavio Penhaligon"]
RECIPIENTS = ["Leopold Castellane", "Marguerite Okonjo"]
# What a domain may send before it is a burst, on each of two days, and what else passes for once.
FLOOD_UNSEEN = 2 * 30 + 2
SHIFTS = (9, 13, 17, 21)  # hours of the day at which both look at the queue


@pytest.fixture(autouse=True)
def as_in_production(settings):
    """The limits and the door of a real site; only the sum that browsers do is a small one."""
    settings.RATE_LIMITS = limits.usual(is_development=False)
    settings.DEFENCES = replace(
        settings.DEFENCES, minimum_fill_seconds=2, proof_of_work="auto", proof_of_work_keys=4
    )
    settings.CELERY_TASK_ALWAYS_EAGER = True
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


def hold(policy: str) -> Verdict:
    for name, domain in EMPLOYERS.items():
        make_organisation(name, domain)
    letter = make_letter(review_policy=policy)
    for position, name in enumerate(RECIPIENTS):
        letter.recipients.create(position=position, name=name)
    owner = make_moderator("alice", letter, role=Role.OWNER)
    starts = {kind.value: lists.start_of(kind) for kind in (WordList.JOKES, WordList.ABUSE)}
    lists.change(letter=letter, lines={**starts, WordList.WELL_KNOWN: WELL_KNOWN}, actor=owner)
    moderators = [
        Moderator(make_moderator(name, letter), letter, seed)
        for seed, name in enumerate(("bob", "dora"))
    ]

    def work(minute: float) -> None:
        if (6 + minute / 60) % 24 in SHIFTS:
            for _both in zip_longest(*(moderator.shift() for moderator in moderators)):
                tasks.sweep_bulk()

    crowd = Crowd(
        Sizes.scaled(GENUINE), employers=EMPLOYERS, well_known=WELL_KNOWN, recipients=RECIPIENTS
    )
    trial = Trial(letter, crowd, work)
    trial.run()
    verdict = judge(trial, moderators)
    print(f"\n{policy}\n{table(verdict)}")
    return verdict


@pytest.mark.parametrize("policy", ReviewPolicy.values)
def test_mix_lets_genuine_people_through_and_little_else(policy):
    verdict = hold(policy)

    assert verdict.came["genuine"] == verdict.confirmed["genuine"] == GENUINE
    assert verdict.share_on_roll("genuine") >= 0.99
    assert verdict.on_roll["impersonator"] == 0
    assert verdict.share_on_roll("bot") <= 0.1
    assert verdict.share_on_roll("joker") <= 0.2
    assert verdict.share_on_roll("double") <= 0.34
    assert verdict.on_roll["flood"] <= FLOOD_UNSEEN
    if policy == ReviewPolicy.BEFORE:
        assert verdict.clicks_per_hundred <= 80
    else:
        assert median(verdict.waits) <= 1
