"""Challenges are ours, for one form, for an hour and for once; altcha's own solver solves them."""

import base64
import json
import time
from dataclasses import replace
from datetime import timedelta

import altcha
import pytest
from cryptography.fernet import Fernet
from django.core.cache import cache
from redis.exceptions import ConnectionError

from config import outage, proof_of_work

FORM = "sign:1"


@pytest.fixture(autouse=True)
def small_sums(settings):
    settings.DEFENCES = replace(settings.DEFENCES, proof_of_work_keys=4)


def solve(challenge):
    """As a browser sends it."""
    made = altcha.Challenge.from_dict(json.loads(challenge))
    return altcha.Payload(made, altcha.solve_challenge(made)).to_base64()


def changed(solution, change):
    payload = json.loads(base64.b64decode(solution))
    change(payload)
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_solution_is_taken_once():
    solution = solve(proof_of_work.challenge(FORM))

    taken = [proof_of_work.is_solved(solution, FORM) for _each in range(2)]

    assert taken == [True, False]


def test_solution_with_something_harmless_changed_is_no_second_one():
    solution = solve(proof_of_work.challenge(FORM))
    again = changed(solution, lambda payload: payload["solution"].update(time=1))

    taken = [proof_of_work.is_solved(one, FORM) for one in (solution, again)]

    assert taken == [True, False]


def test_solution_of_another_form_is_refused():
    solution = solve(proof_of_work.challenge("sign:2"))

    assert not proof_of_work.is_solved(solution, FORM)
    assert proof_of_work.is_solved(solution, "sign:2")


def test_solution_is_good_for_an_hour(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    first, second = (solve(proof_of_work.challenge(FORM)) for _each in range(2))

    time_machine.shift(timedelta(minutes=60))
    assert proof_of_work.is_solved(first, FORM)
    time_machine.shift(timedelta(seconds=1))
    assert not proof_of_work.is_solved(second, FORM)


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload["challenge"]["parameters"].update(keyPrefix="00"),
        lambda payload: payload["challenge"]["parameters"].update(cost=1),
        lambda payload: payload["challenge"]["parameters"].update(data={"form": FORM, "x": 1}),
        lambda payload: payload["challenge"]["parameters"].update(expiresAt=2**40),
        lambda payload: payload["challenge"].update(signature="0" * 64),
        lambda payload: payload["challenge"].pop("signature"),
        lambda payload: payload["solution"].update(derivedKey="0" * 64),
        lambda payload: payload["solution"].pop("counter"),
        lambda payload: payload.pop("solution"),
    ],
)
def test_solution_that_was_tampered_with_is_refused(change):
    solution = changed(solve(proof_of_work.challenge(FORM)), change)

    assert not proof_of_work.is_solved(solution, FORM)


@pytest.mark.parametrize(
    "rubbish",
    ["", "x", "e30=", "W10=", "bnVsbA==", "é", "[" * 3000, "A" * 100_000, '{"challenge":1}'],
)
def test_rubbish_is_no_solution(rubbish):
    assert not proof_of_work.is_solved(rubbish, FORM)


def test_solution_made_before_a_key_was_added_is_taken(settings):
    solution = solve(proof_of_work.challenge(FORM))
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]

    assert proof_of_work.is_solved(solution, FORM)


def test_work_lies_between_half_of_the_setting_and_all_of_it(settings):
    settings.DEFENCES = replace(settings.DEFENCES, proof_of_work_keys=6)
    counters = set()
    for _each in range(40):
        made = altcha.Challenge.from_dict(json.loads(proof_of_work.challenge(FORM)))
        counters.add(altcha.solve_challenge(made).counter)

    assert counters <= {3, 4, 5}
    assert len(counters) > 1


@pytest.mark.parametrize("broken", ["refuses", "is silent"])
def test_cache_that_does_not_answer_turns_nobody_away(monkeypatch, broken):
    def refuse(*_args, **_kwargs):
        raise ConnectionError

    solution = solve(proof_of_work.challenge(FORM))
    if broken == "refuses":
        monkeypatch.setattr(type(cache._connections[cache._alias]), "add", refuse)
    else:
        outage.note(time.monotonic() - 1)

    assert [proof_of_work.is_solved(solution, FORM) for _each in range(2)] == [True, True]
