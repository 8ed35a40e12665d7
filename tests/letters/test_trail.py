"""Every verb that the code records has words, and they say what happened."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from letters import trail
from letters.actions import audit
from letters.models import AuditEntry, Membership, ProposalState, Role
from signatories.models import Complaint, Reason, WhyPaused
from signatories.verification.shown import How
from tests.factories import make_letter, make_user

CODE = [
    path
    for app in ("config", "letters", "signatories")
    for path in sorted((Path(settings.ROOT) / app).rglob("*.py"))
    if "migrations" not in path.parts and path.name != "trail.py"
]
VERB = re.compile(r"[a-z]+\.[a-z_]+")


def recorded_verbs():
    """Every `verb="…"` and `_audit("…")` of the code, and whatever string begins like them."""
    given, strings = set(), set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "verb":
                given |= {one.value for one in ast.walk(node.value) if is_text(one)}
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_audit":
                given |= {one.value for one in node.args[:1] if is_text(one)}
            if is_text(node) and VERB.fullmatch(node.value):
                strings.add(node.value)
    # The one verb that is put together: a proposal's state.
    given.remove("proposal.")
    given |= {f"proposal.{state}" for state in ProposalState.values if state != "open"}
    kinds = {verb.partition(".")[0] for verb in given} - {"keys"}
    return given | {one for one in strings if one.partition(".")[0] in kinds}


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_recorded_verb_has_words_and_none_is_left_over():
    assert recorded_verbs() == set(trail.VERBS)


def test_words_of_reasons_are_those_of_the_floor_above():
    with override("en"):
        assert words_of(trail.REJECTED_BECAUSE) == words_of(dict(Reason.choices))
        assert words_of(trail.SHOWN_BY) == words_of(dict(How.choices))
    assert set(trail.REPORTED_AS) == set(Complaint.values)
    assert set(trail.PAUSED_BECAUSE) == set(WhyPaused.values)


def words_of(reasons):
    return {str(code): str(label) for code, label in reasons.items()}


def test_every_kind_of_the_filter_finds_something():
    assert {verb.kind for verb in trail.VERBS.values()} == set(trail.Kind)


@pytest.mark.parametrize(
    ("fields", "words", "reason"),
    [
        ({"verb": "signature.approved"}, "Approved an entry", ""),
        (
            {"verb": "signature.rejected", "reason": "abuse"},
            "Rejected an entry",
            "abuse or advertising",
        ),
        (
            {"verb": "letter.batch_published", "number": 7},
            "7 signatures without a name came with a batch",
            "",
        ),
        (
            {"verb": "letter.batch_published", "number": 1},
            "1 signature without a name came with a batch",
            "",
        ),
        ({"verb": "team.joined", "reason": "press"}, "Joined the team", "press: reads along"),
        ({"verb": "old.verb", "reason": "code"}, "old.verb", "code"),
        ({"verb": "signature.rejected", "reason": "gone"}, "Rejected an entry", "gone"),
    ],
)
def test_entry_reads_as_a_sentence(fields, words, reason):
    entry = AuditEntry(**fields)

    assert (trail.in_words(entry), trail.reason_in_words(entry)) == (words, reason)


@pytest.mark.django_db
def test_lines_name_accounts_and_leave_entries_as_ids(django_assert_num_queries):
    letter, alice = make_letter(), make_user("alice")
    for target in (f"user:{alice.pk}", "user:999999", "user:x", "signature:77", ""):
        audit(verb="team.removed", actor=alice, letter=letter, target=target)

    Membership.objects.create(letter=letter, user=alice, role=Role.MODERATOR)
    entries = trail.entries_known_to(alice, letter)

    with django_assert_num_queries(2):
        lines = trail.lines_of(entries)

    assert [line.about for line in lines] == [
        "",
        "signature:77",
        "user:x",
        "user:999999",
        "alice",
    ]
    assert {line.actor for line in lines} == {"alice"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "about"),
    [
        (Role.OWNER, ["signature:77"]),
        (Role.MODERATOR, ["signature:77"]),
        (Role.EDITOR, [""]),
        (Role.PRESS, [""]),
    ],
)
def test_lines_tell_who_decides_nothing_not_about_which_entry(role, about):
    """Names on the roll have the same ids where a team asks them to be shown first."""
    letter, other, alice = make_letter(), make_letter(), make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=role)
    Membership.objects.create(letter=other, user=alice, role=Role.MODERATOR)
    day = timezone.localdate() - timedelta(days=1)
    AuditEntry.objects.create(
        letter=letter, verb="signature.approved", target="signature:77", recorded_on=day
    )

    of_letter = trail.lines_of(trail.entries_known_to(alice, letter))
    of_all = trail.lines_of(trail.known_to(alice, AuditEntry.objects.all()))

    assert [line.about for line in of_letter] == about
    assert [line.about for line in of_all] == about
