"""Every public number, and that none of them shows a small group."""

import re
from collections import Counter

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from signatories import breakdown, statistics
from signatories.actions import appearing, batches, moderation
from signatories.models import Appearance, Departure, Fate, Reason, Signature, State, Tally
from signatories.statistics import Shown, what_shows
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

# The rule ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "shown"),
    [
        ({("current", ""): 4}, None),
        ({("current", ""): 2, ("current", "design"): 2}, None),
        ({("current", ""): 5}, Shown(tenure=True, role=True)),
        # Five of them show the organisation; a value of four shows no value at all.
        ({("current", "design"): 5, ("current", ""): 4}, Shown(tenure=True, role=False)),
        ({("current", "design"): 5, ("current", ""): 5}, Shown(tenure=True, role=True)),
        ({("former", ""): 5, ("current", ""): 4}, Shown(tenure=False, role=True)),
        ({("former", ""): 5, ("", ""): 4}, Shown(tenure=False, role=True)),
        ({("former", ""): 5, ("current", ""): 5}, Shown(tenure=True, role=True)),
        (
            {("former", "design"): 1, ("current", ""): 9},
            Shown(tenure=False, role=False),
        ),
        # Each value has five, but one combination has four: not both.
        (
            {
                ("former", "design"): 5,
                ("former", "research"): 4,
                ("current", "research"): 5,
            },
            Shown(tenure=True, role=False),
        ),
    ],
)
def test_what_shows_of_a_group_needs_the_minimum_for_every_value(group, shown):
    assert what_shows(group, minimum=5) == shown


@pytest.mark.parametrize(
    ("band", "minimum", "is_shown"),
    [
        ("", 5, True),
        ("1-49", 5, False),
        ("50-249", 5, True),
        ("50-249", 6, False),
        ("250-999", 25, True),
        ("250-999", 26, False),
        ("1000-9999", 100, True),
        ("10000+", 1000, True),
        ("10000+", 1001, False),
    ],
)
def test_what_shows_hides_a_group_among_ten_times_its_minimum(band, minimum, is_shown):
    shown = what_shows({("current", ""): 2000}, minimum, band)

    assert (shown is not None) == is_shown


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["current", "former", ""]), st.sampled_from(["", "a", "b"])),
        st.integers(1, 12),
        min_size=1,
    ),
    st.integers(3, 8),
)
def test_what_shows_never_shows_fewer_than_the_minimum(group, minimum):
    shown = what_shows(group, minimum)

    if shown is None:
        assert sum(group.values()) < minimum
        return
    visible = Counter()
    for (tenure, role), number in group.items():
        visible[tenure if shown.tenure else "", role if shown.role else ""] += number
    assert min(visible.values()) >= minimum
    tenures, roles = Counter(), Counter()
    for (tenure, role), number in visible.items():
        tenures[tenure] += number
        roles[role] += number
    assert min(tenures.values()) >= minimum
    assert min(roles.values()) >= minimum


# What the lines of a letter show -----------------------------------------------------------------


def put_on_roll(letter, organisation, number, **fields):
    start = letter.signatures.count()
    return [
        make_anonymous(
            letter, organisation, state=State.PUBLISHED, roll_key=f"x{start + i:05}", **fields
        )
        for i in range(number)
    ]


def shown_in(letter):
    """How many lines show what: (organisation, tenure, role) → number."""
    lines = letter.signatures.on_roll().anonymous()
    return Counter(lines.values_list("shown_organisation__name", "shown_tenure", "shown_role"))


@pytest.mark.django_db
def test_decide_what_shows_treats_each_organisation_by_itself():
    letter = make_letter()
    google = make_organisation("Google")
    put_on_roll(letter, google, 5, role="design")
    put_on_roll(letter, google, 4, role="research")
    put_on_roll(letter, make_organisation("Waymo", parent=google), 4)
    put_on_roll(letter, make_organisation("Orrery Labs", headcount_band="1-49"), 30)
    put_on_roll(letter, make_organisation("Meta"), 5, role="leadership")
    put_on_roll(make_letter(), google, 5)

    statistics.decide_what_shows(letter)

    assert shown_in(letter) == {
        ("Google", "current", ""): 9,
        (None, "", ""): 34,
        ("Meta", "current", "leadership"): 5,
    }


@pytest.mark.django_db
def test_decide_what_shows_counts_neither_named_nor_waiting_nor_unverified_lines():
    letter = make_letter()
    google = make_organisation("Google")
    put_on_roll(letter, google, 4)
    make_anonymous(letter, google)
    make_signature(letter, state=State.PUBLISHED, appearance="anonymous", roll_key="y")
    for _each in range(4):
        make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")

    statistics.decide_what_shows(letter)

    assert shown_in(letter) == {(None, "", ""): 5}


@pytest.mark.django_db
def test_decide_what_shows_hides_again_what_fell_below_the_minimum():
    letter = make_letter()
    lines = put_on_roll(letter, make_organisation("Google"), 6, role="design")
    statistics.decide_what_shows(letter)
    assert shown_in(letter) == {("Google", "current", "design"): 6}

    for line in lines[:2]:
        line.delete()
    statistics.decide_what_shows(letter)

    assert shown_in(letter) == {(None, "", ""): 4}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("organisations", "waiting", "band", "is_held_back"),
    [
        (0, 1, "", False),
        (2, 1, "", False),
        (1, 4, "", True),
        (1, 5, "", False),
        (1, 9, "1-49", True),
    ],
)
def test_letter_of_one_organisation_holds_small_numbers_back(
    organisations, waiting, band, is_held_back
):
    letter = make_letter()
    google = make_organisation("Google", headcount_band=band)
    letter.organisations.set([google, make_organisation("Meta")][:organisations])
    put_on_roll(letter, google, waiting - 1)
    make_anonymous(letter, google)
    make_anonymous(letter, google, state=State.UNCONFIRMED)
    make_anonymous(letter, google, state=State.DUPLICATE)

    assert statistics.holds_back(letter, "anonymous", arriving=1) == is_held_back
    # One fewer stands there where that one does not come with this batch.
    assert statistics.holds_back(letter, "anonymous") == (organisations == 1)


# Figures -------------------------------------------------------------------------------------


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())
    batches.refresh_count(letter=letter)


@pytest.mark.django_db
def test_count_figures_says_what_became_of_every_entry():
    letter = make_letter()
    google = make_organisation("Google")
    for state in (State.UNCONFIRMED, State.DUPLICATE, State.IN_REVIEW, State.IN_REVIEW):
        make_signature(letter, state=state)
    make_signature(letter, state=State.REJECTED, reason="abuse")
    make_signature(letter, state=State.PUBLISHED)
    make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")
    put_on_roll(letter, google, 2)
    statistics.depart(letter.pk, Fate.EXPIRED, "named", number=3)
    statistics.depart(letter.pk, Fate.REFUSED, "anonymous")
    statistics.depart(letter.pk, Fate.DUPLICATE, "named", number=2)
    statistics.depart(letter.pk, Fate.WITHDRAWN, "anonymous", number=4)
    statistics.depart(letter.pk, Fate.REJECTED, "named", "abuse", number=2)
    statistics.depart(letter.pk, Fate.REJECTED, "named", "other")
    make_signature(make_letter(), state=State.PUBLISHED)

    assert statistics.count_figures(letter) == {
        "received": 9 + 13,
        "confirmed": 7 + 4 + 3,
        "waiting": 2,
        "median_days_to_decision": None,
        "withdrawn": 4,
        "rejected": {"abuse": 3, "other": 1},
        "by_method": {"none": 1, "mailbox": 3, "login": 0, "vouch": 0, "shown": 0},
    }


@pytest.mark.django_db
def test_count_figures_of_one_organisation_leaves_out_anonymous_entries_held_back():
    letter = make_letter()
    google = make_organisation("Google")
    letter.organisations.set([google])
    make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")
    for _each in range(3):
        make_anonymous(letter, google)
    make_anonymous(letter, google, state=State.UNCONFIRMED)
    statistics.depart(letter.pk, Fate.WITHDRAWN, "anonymous")
    statistics.depart(letter.pk, Fate.WITHDRAWN, "named")

    assert statistics.count_figures(letter) == {
        "received": 2,
        "confirmed": 2,
        "waiting": 0,
        "median_days_to_decision": None,
        "withdrawn": 1,
        "rejected": {},
        "by_method": {"none": 0, "mailbox": 1, "login": 0, "vouch": 0, "shown": 0},
    }


@pytest.mark.django_db
def test_figures_stay_the_same_when_what_they_count_is_erased():
    letter = make_letter()
    duplicate = make_signature(letter, state=State.DUPLICATE)
    rejected = make_signature(letter, state=State.REJECTED, reason="abuse")
    before = statistics.count_figures(letter)

    duplicate.delete()
    rejected.delete()
    statistics.depart(letter.pk, Fate.DUPLICATE, "named")
    statistics.depart(letter.pk, Fate.REJECTED, "named", "abuse")

    assert statistics.count_figures(letter) == before


@pytest.mark.django_db
def test_depart_of_nobody_leaves_no_row():
    statistics.depart(make_letter().pk, Fate.EXPIRED, "named", number=0)

    assert not Departure.objects.exists()


@pytest.mark.django_db
def test_fold_departures_adds_up_what_is_alike():
    letter, other = make_letter(), make_letter()
    for one in (letter, letter, other):
        statistics.depart(one.pk, Fate.WITHDRAWN, "named")
        statistics.depart(one.pk, Fate.WITHDRAWN, "anonymous", number=2)
        statistics.depart(one.pk, Fate.REJECTED, "named", "abuse")
    before = statistics.count_figures(letter)

    statistics.fold_departures(letter)
    statistics.fold_departures(letter)

    rows = letter.departures.values_list("fate", "appearance", "reason", "number")
    assert sorted(rows) == [
        ("rejected", "named", "abuse", 2),
        ("withdrawn", "anonymous", "", 4),
        ("withdrawn", "named", "", 2),
    ]
    assert other.departures.count() == 3
    assert statistics.count_figures(letter) == before


@pytest.mark.django_db
def test_public_statistics_before_the_first_count_are_zeros(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter(slug="quiet")

    document = statistics.public_statistics(letter)

    assert document == {
        "letter": "quiet",
        "version": 1,
        "text_sha256": letter.current_version.sha256,
        "counted_on": "2026-01-20",
        "last_batch_on": None,
        "minimum_group_size": 5,
        "published": {"total": 0, "named": 0, "anonymous": 0, "counted": 0},
        "as_of_last_batch": {
            "received": 0,
            "confirmed": 0,
            "waiting": 0,
            "median_days_to_decision": None,
            "published": 0,
            "withdrawn": 0,
            "rejected": {},
            "by_method": {"none": 0, "mailbox": 0, "login": 0, "vouch": 0, "shown": 0},
        },
        "by_version": [
            {
                "version": 1,
                "text_sha256": letter.current_version.sha256,
                "published_on": "2026-01-17",
                "signatures": 0,
            }
        ],
        "verified_by_organisation": [],
    }


@pytest.mark.django_db
def test_public_statistics_follow_a_batch(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter(slug="busy")
    google, meta = make_organisation("Google"), make_organisation("Meta")
    for _each in range(5):
        make_anonymous(letter, google)
    make_anonymous(letter, meta)
    make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")
    make_signature(letter, state=State.PUBLISHED, organisation=meta, tenure="current")
    make_signature(letter)

    move_batch(letter)

    letter.refresh_from_db()
    assert statistics.public_statistics(letter) == {
        "letter": "busy",
        "version": 1,
        "text_sha256": letter.current_version.sha256,
        "counted_on": "2026-01-20",
        "last_batch_on": "2026-01-20",
        "minimum_group_size": 5,
        "published": {"total": 8, "named": 2, "anonymous": 6, "counted": 0},
        "as_of_last_batch": {
            "received": 9,
            "confirmed": 9,
            "waiting": 1,
            "median_days_to_decision": None,
            "published": 8,
            "withdrawn": 0,
            "rejected": {},
            "by_method": {"none": 1, "mailbox": 7, "login": 0, "vouch": 0, "shown": 0},
        },
        "by_version": [
            {
                "version": 1,
                "text_sha256": letter.current_version.sha256,
                "published_on": "2026-01-17",
                "signatures": 8,
            }
        ],
        "verified_by_organisation": [
            {"organisation": google.slug, "name": "Google", "signatures": 6}
        ],
    }


@pytest.mark.django_db
def test_breakdown_puts_small_numbers_together():
    letter = make_letter()
    organisations = [make_organisation(name) for name in "ABCDEFGHIJK"]
    numbers = [30, 20, 19, 18, 17, 16, 15, 14, 13, 4, 1]
    tally = Tally(letter=letter, named=100, anonymous=70)
    for organisation, number in zip(organisations, numbers, strict=True):
        tally.named_by_organisation[str(organisation.pk)] = number - 1
        tally.anonymous_by_organisation[str(organisation.pk)] = 1

    rows = breakdown.rows_of(letter, tally)

    assert [(row.name, row.number, row.is_minor) for row in rows] == [
        *((name, number, False) for name, number in zip("ABCDEFGH", numbers, strict=False)),
        ("3 other organisations", 18, True),
        ("None shown or not verified", 3, True),
    ]
    assert rows[0].url == f"/letters/{letter.slug}/roll/?organisation={organisations[0].slug}"
    assert {row.url for row in rows[8:]} == {""}


@pytest.mark.django_db
def test_breakdown_of_few_organisations_shows_none_below_the_minimum_singly():
    letter = make_letter()
    sums = {str(make_organisation(name).pk): number for name, number in (("A", 5), ("B", 4))}

    rows = breakdown.rows_of(letter, Tally(letter=letter, named=9, named_by_organisation=sums))

    assert [(row.name, row.number) for row in rows] == [("A", 5), ("1 other organisation", 4)]


@pytest.mark.django_db
def test_breakdown_of_equal_numbers_goes_by_name():
    letter, sums = make_letter(), {}
    for name in "KJIHGFEDCBA":
        sums[str(make_organisation(name).pk)] = 7
    tally = Tally(letter=letter, named=77, named_by_organisation=sums)

    rows = breakdown.rows_of(letter, tally)

    assert [row.name for row in rows] == [*"ABCDEFGH", "3 other organisations"]
    assert breakdown.rows_of(letter, Tally(letter=letter)) == []


# No public door shows a small group -----------------------------------------------------------

NAMES = ("Quokkaworks", "Narwhalware", "Pangolin Post")
TINY = NAMES[1]  # With so few people that none of its anonymous lines may show it.
ROLES = {"": "", "design": "Design and writing", "research": "Research and science"}
HIDDEN = "Verified employee of an organisation not shown"
MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.just("sign"),
            st.integers(0, 2),
            st.sampled_from(sorted(ROLES)),
            st.integers(2, 8),
        ),
        st.tuples(st.just("count"), st.integers(0, 2), st.just(0), st.integers(1, 7)),
        st.tuples(st.just("change"), st.integers(0, 2), st.just(0), st.integers(1, 4)),
        st.tuples(st.just("name"), st.integers(0, 2), st.booleans(), st.integers(1, 3)),
        st.tuples(st.just("withdraw"), st.integers(0, 2), st.just(0), st.integers(1, 4)),
        st.tuples(st.just("reject"), st.integers(0, 2), st.just(0), st.integers(1, 2)),
    ),
    min_size=2,
    max_size=6,
)


def make_moves(letter, organisations, moves, moderator):
    for move, which, how, number in moves:
        organisation = organisations[which]
        anonymous = letter.signatures.anonymous().filter(organisation=organisation)
        if move == "sign":
            for _each in range(number):
                make_anonymous(letter, organisation, role=how)
        elif move == "count":
            for _each in range(number):
                make_anonymous(letter, organisation, appearance=Appearance.COUNTED)
        elif move == "change":
            for line in anonymous.approved()[:number]:
                others = {"anonymous": "counted", "counted": "anonymous"}
                appearing._change_line(line, others[line.appearance])
        elif move == "name":
            fields = {"method": "mailbox"} if how else {"tenure": "current"}
            for _each in range(number):
                make_signature(letter, state=State.PUBLISHED, organisation=organisation, **fields)
        elif move == "reject":
            for line in anonymous.on_roll().approved()[:number]:
                moderation.reject(signature=line, actor=moderator, reason=Reason.ABUSE)
        else:
            withdraw(anonymous.approved()[:number])


def withdraw(lines):
    """As `own.withdraw` does, without the way there."""
    for line in list(lines):
        statistics.depart(line.letter_id, Fate.WITHDRAWN, line.appearance)
        if line.is_standing:
            Signature.objects.filter(pk=line.pk).update(state=State.WITHDRAWN)
        else:
            line.delete()


def read_roll(client, letter, **wishes):
    lines, after = [], ""
    while True:
        page = client.get(f"/letters/{letter.slug}/roll/", {**wishes, "after": after})
        lines += page.context["lines"]
        after = page.context["next_after"]
        if not after:
            return lines, page


def is_enough(number, minimum):
    return number == 0 or number >= minimum


def check_lines(lines, minimum):
    """Neither an organisation nor, within it, a kind of work has fewer lines than the minimum."""
    by_organisation, by_role = Counter(), Counter()
    for line in lines:
        if not line.is_anonymous or line.detail == HIDDEN:
            continue
        who, organisation, *role = line.detail.split(", ")
        assert who == "Verified employee"
        by_organisation[organisation] += 1
        by_role[organisation, *role] += 1
    assert all(number >= minimum for number in by_role.values()), by_role
    assert TINY not in by_organisation
    return by_organisation


def check_doors(client, letter, organisations):
    minimum = letter.minimum_group_size
    lines, roll_page = read_roll(client, letter)
    anonymous = check_lines(lines, minimum)
    named = Counter(
        name for name in NAMES for line in lines if line.detail == name and line.is_verified
    )

    page = client.get(f"/letters/{letter.slug}/")
    check_lines(page.context["lines"], 0)
    statistics_page = client.get(f"/letters/{letter.slug}/stats.json")
    document = statistics_page.json()
    counted = {row["name"]: row["signatures"] for row in document["verified_by_organisation"]}
    offered = {
        str(label) for _value, label in roll_page.context["form"]["organisation"].field.choices
    }
    bars = {row.name: row.number for row in page.context["bars"]}

    # The numbers of an organisation are its named and its shown lines: nothing to subtract.
    assert counted == {name: named[name] + anonymous[name] for name in {*named, *anonymous}}
    assert offered == {"All organisations", *counted}
    assert {name: n for name, n in bars.items() if name in NAMES}.items() <= counted.items()
    published = document["published"]
    number_anonymous = sum(line.is_anonymous for line in lines)
    assert published["anonymous"] == number_anonymous
    assert published["total"] == published["named"] + number_anonymous + published["counted"]
    assert sum(bars.values()) == published["total"]
    check_counted(letter, document, bars)

    for name in NAMES:
        if name not in counted and not any(name in line.detail for line in lines):
            for door in (roll_page, page, statistics_page):
                assert name not in door.content.decode()
    for organisation in organisations:
        found, _page = read_roll(client, letter, organisation=organisation.slug)
        shows = [line for line in lines if f", {organisation.name}" in f", {line.detail}"]
        assert found == (shows if organisation.name in counted else lines)
    for q in ("e", "Quokka"):
        assert not any(line.is_anonymous for line in read_roll(client, letter, q=q)[0])
    for sentence in re.findall(r"[^.>]* anonymously\.", roll_page.content.decode()):
        assert f" {number_anonymous} anonymously." in sentence
    check_figures(letter, document, named, number_anonymous)


def check_counted(letter, document, bars):
    """Nobody who is counted without a line is counted for an organisation, nor in a small group
    under a letter of one."""
    number = document["published"]["counted"]
    assert bars.get("Counted without a line", 0) == number
    if letter.organisations.count() == 1:
        assert is_enough(number, letter.minimum_group_size)


def check_figures(letter, document, named, number_anonymous):
    """Under a letter of one organisation, every number of anonymous people is of it."""
    if letter.organisations.count() != 1:
        return
    minimum = letter.minimum_group_size
    assert is_enough(number_anonymous, minimum)
    figures, published = document["as_of_last_batch"], document["published"]
    verified = letter.signatures.named().verified().on_roll().count()
    assert is_enough(figures["by_method"]["mailbox"] - verified, minimum)
    others = figures["waiting"] + figures["withdrawn"] + sum(figures["rejected"].values())
    if not number_anonymous + published["counted"]:
        assert figures["confirmed"] - others == published["named"]
        assert figures["received"] == figures["confirmed"]


@pytest.mark.django_db
@settings(max_examples=15)
@given(
    st.lists(MOVES, min_size=1, max_size=3),
    st.integers(3, 5),
    st.sampled_from([None, None, 0, 1]),
)
def test_no_public_door_shows_a_group_below_the_minimum(rounds, minimum, the_only):
    client = Client()
    with transaction.atomic():
        letter = make_letter(minimum_group_size=minimum, was_internal=True)
        organisations = [
            make_organisation(name, headcount_band=band)
            for name, band in zip(NAMES, ("", "1-49", "10000+"), strict=True)
        ]
        if the_only is not None:
            letter.organisations.set([organisations[the_only]])
            rounds = [[(m, the_only, *rest) for m, _which, *rest in moves] for moves in rounds]
        moderator = make_user("bob", is_superuser=True)
        for moves in rounds:
            make_moves(letter, organisations, moves, moderator)
            move_batch(letter)
            check_doors(client, letter, organisations)
        transaction.set_rollback(True)
