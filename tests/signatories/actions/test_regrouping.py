"""Merging organisations shows no small group: not before, not after, not as the difference."""

from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from letters.models import Organisation
from signatories import statistics
from signatories.actions import batches, directory
from signatories.models import Signature, State, Tally
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

MINIMUM = 5


def move_batch(letter):
    now = timezone.now()
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)


def sign(letter, organisation, number, role=""):
    return [
        make_anonymous(
            letter,
            organisation,
            role=role,
            manage_digest=f"{organisation.pk}-{role}-{n}-{next(ids)}",
        )
        for n in range(number)
    ]


ids = iter(range(10**9))


def shown(letter):
    """What the roll says of each anonymous line; the digest stands for its place on the page."""
    lines = letter.signatures.on_roll().anonymous()
    fields = ("manage_digest", "shown_organisation__name", "shown_tenure", "shown_role")
    return {line[0]: line[1:] for line in lines.values_list(*fields)}


def numbers(letter):
    return Counter(organisation for organisation, _tenure, _role in shown(letter).values())


def merge(duplicate, kept):
    return directory.merge(duplicate=duplicate, kept=kept, actor=None)


@pytest.fixture
def letter():
    return make_letter(minimum_group_size=MINIMUM)


@pytest.fixture
def large():
    return make_organisation("Large")


@pytest.fixture
def small():
    return make_organisation("Small")


def test_merge_changes_no_anonymous_line_and_no_number_of_them_before_the_batch(
    letter, large, small
):
    sign(letter, large, 7)
    sign(letter, small, 6)
    move_batch(letter)
    before = (shown(letter), statistics.public_statistics(letter))

    merge(small, large)
    batches.refresh_count(letter=letter)

    assert (shown(letter), statistics.public_statistics(letter)) == before
    move_batch(letter)
    assert numbers(letter) == {"Large": 13}
    letter.refresh_from_db()
    [row] = statistics.public_statistics(letter)["verified_by_organisation"]
    assert (row["name"], row["signatures"]) == ("Large", 13)
    assert not Signature.objects.filter(organisation=small).exists()


@pytest.mark.parametrize("kept_is_shown", [True, False])
def test_lines_hidden_before_a_merge_stay_hidden_beside_those_that_showed(
    letter, large, small, kept_is_shown
):
    sign(letter, large, 7)
    hidden = sign(letter, small, 4)
    move_batch(letter)

    kept = merge(small, large) if kept_is_shown else merge(large, small)
    move_batch(letter)

    assert numbers(letter) == {kept.name: 7, None: 4}
    assert {shown(letter)[line.manage_digest][0] for line in hidden} == {None}
    # Whoever signs from now on joins those that show, and so shows nothing of the hidden ones.
    sign(letter, kept, 1)
    move_batch(letter)
    assert numbers(letter) == {kept.name: 8, None: 4}


def test_lines_hidden_before_merges_show_once_the_minimum_of_them_stands(letter, large, small):
    other = make_organisation("Other")
    sign(letter, large, 7)
    sign(letter, small, 3)
    sign(letter, other, 2)
    move_batch(letter)

    merge(small, large)
    move_batch(letter)
    assert numbers(letter) == {"Large": 7, None: 5}
    merge(other, large)
    move_batch(letter)

    assert numbers(letter) == {"Large": 12}


def test_lines_that_never_showed_are_one_group_after_a_merge(letter, large, small):
    sign(letter, large, 3)
    sign(letter, small, 2)
    move_batch(letter)
    assert numbers(letter) == {None: 5}

    merge(small, large)
    move_batch(letter)

    assert numbers(letter) == {"Large": 5}


def test_lines_that_showed_once_are_no_company_for_those_that_never_did(letter, large, small):
    """Whoever has the earlier page knows the three, and would know the two by subtracting."""
    known = sign(letter, large, 5)
    sign(letter, small, 2)
    move_batch(letter)
    for line in known[:2]:
        letter.signatures.filter(manage_digest=line.manage_digest).update(
            state=State.WITHDRAWN, manage_digest=None
        )
    move_batch(letter)
    assert numbers(letter) == {None: 5}

    merge(small, large)
    move_batch(letter)

    assert numbers(letter) == {None: 5}


def test_group_that_a_merge_brought_hides_when_it_falls_below_the_minimum(letter, large, small):
    sign(letter, large, 7)
    leaving = sign(letter, small, 5)
    move_batch(letter)
    merge(small, large)
    move_batch(letter)
    assert numbers(letter) == {"Large": 12}

    letter.signatures.filter(manage_digest=leaving[0].manage_digest).update(
        state=State.WITHDRAWN, manage_digest=None
    )
    move_batch(letter)

    assert numbers(letter) == {"Large": 7, None: 4}


def test_merge_brings_no_kind_of_work_to_light(letter, large, small):
    """Six in design showed at the one; with them the two at the other would have enough."""
    sign(letter, small, 6, "design")
    sign(letter, large, 6, "research")
    two = sign(letter, large, 2, "design")
    move_batch(letter)

    merge(small, large)
    move_batch(letter)

    assert {shown(letter)[line.manage_digest] for line in two} == {("Large", "current", "")}


def test_waiting_lines_follow_with_the_batch_and_unconfirmed_ones_at_once(letter, large, small):
    [waiting] = sign(letter, small, 1)
    unconfirmed = make_anonymous(letter, small, state=State.UNCONFIRMED)

    merge(small, large)

    assert Signature.objects.get(pk=waiting.pk).organisation == small
    assert Signature.objects.get(pk=unconfirmed.pk).organisation == large
    move_batch(letter)
    assert letter.signatures.get(manage_digest=waiting.manage_digest).organisation == large


def test_name_that_slipped_through_a_merge_follows_with_the_batch(letter, large, small):
    name = make_signature(
        letter, state=State.PUBLISHED, organisation=small, method="mailbox", name="A B"
    )
    Organisation.objects.filter(pk=small.pk).update(merged_into=large)

    move_batch(letter)

    name.refresh_from_db()
    assert (name.organisation, name.shown_organisation) == (large, large)


def test_withdrawn_organisation_shows_no_more_from_the_batch_on(letter, large, small):
    sign(letter, large, 6)
    move_batch(letter)

    directory.withdraw(organisation=large, actor=None)

    assert numbers(letter) == {"Large": 6}
    move_batch(letter)
    assert numbers(letter) == {None: 6}
    assert letter.signatures.on_roll().count() == 6


# Any history ----------------------------------------------------------------------------------

ROLES = ["", "design", "research"]
GROUPS = st.dictionaries(st.sampled_from(ROLES), st.integers(0, 7), max_size=3)


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
@given(
    first=st.lists(GROUPS, min_size=3, max_size=3),
    leaving=st.sets(st.integers(0, 40), max_size=12),
    second=st.lists(GROUPS, min_size=3, max_size=3),
    merges=st.lists(st.permutations([0, 1, 2]), min_size=1, max_size=2),
    are_apart=st.booleans(),
)
def test_no_merge_makes_fewer_than_the_minimum_change_alike(
    first, leaving, second, merges, are_apart
):
    """An observer keeps the page before and the page after a batch of merges. Whatever lines
    changed in the same way, there are enough of them to hide among."""
    with transaction.atomic():
        letter = make_letter(minimum_group_size=MINIMUM)
        organisations = [make_organisation(f"{name} {next(ids)}") for name in "ABC"]
        for groups in (first, second):
            for organisation, group in zip(organisations, groups, strict=True):
                for role, number in group.items():
                    sign(letter, organisation, number, role)
            move_batch(letter)
            lines = sorted(shown(letter))
            for place in leaving:
                if place < len(lines):
                    letter.signatures.filter(manage_digest=lines[place]).update(
                        state=State.WITHDRAWN, manage_digest=None
                    )
            move_batch(letter)
        for duplicate, kept, _other in merges:
            before = shown(letter)
            _merge_if_listed(organisations[duplicate], organisations[kept])
            if are_apart:
                _assert_changes_hide_enough(letter, before)
        _assert_changes_hide_enough(letter, before)
        _assert_groups_are_large_enough(letter)
        transaction.set_rollback(True)


def _merge_if_listed(duplicate, kept):
    rows = Organisation.objects.listed().in_bulk([duplicate.pk, kept.pk])
    if len(rows) == 2:
        merge(rows[duplicate.pk], rows[kept.pk])


def _assert_changes_hide_enough(letter, before):
    move_batch(letter)
    names = {one.name: one.standing.name for one in Organisation.objects.all()}
    after = shown(letter)
    assert after.keys() == before.keys()
    changes = Counter()
    for line, (organisation, tenure, role) in before.items():
        renamed = (names.get(organisation), tenure, role)
        if renamed != after[line]:
            assert organisation is None, "a merge hides nothing and relabels nothing"
            changes[after[line]] += 1
    for after_merge, number in changes.items():
        assert number >= MINIMUM, (after_merge, number)
    for organisation in {after_merge[0] for after_merge in changes}:
        total = sum(number for row, number in changes.items() if row[0] == organisation)
        assert total >= MINIMUM


def _assert_groups_are_large_enough(letter):
    for organisation, number in numbers(letter).items():
        assert organisation is None or number >= MINIMUM
