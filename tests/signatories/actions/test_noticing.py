"""What teams are told about signatures: public numbers, once, and nothing of anonymous ones
between batches."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction

from letters.actions import notice_mail
from letters.actions.noticing import choose
from letters.models import (
    AccountMail,
    Eligibility,
    Membership,
    Notice,
    NoticeKind,
    Occasion,
    Role,
    Visibility,
)
from signatories import tasks
from signatories.actions import batches, confirming, own, signing
from signatories.actions.noticing import notice_what_happened
from signatories.affiliation import Affiliation
from signatories.models import Signature, State, Tally
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 20)
EARLY = datetime(2026, 1, 20, 6, 50, tzinfo=UTC)
HOUR = datetime(2026, 1, 20, 7, 3, tzinfo=UTC)
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def letter():
    return make_letter(title="Pick up the phone", goal=100)


@pytest.fixture
def alice(letter):
    return owner(letter)


def owner(letter, name="alice"):
    """An owner who wants every mail."""
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=Role.OWNER)
    AccountMail.objects.create(user=user, address=b"", confirmed_on=TODAY)
    choose(user=user, letter=letter, wanted=NoticeKind.values)
    return user


def counted(letter, **numbers):
    """The public tally says so."""
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(**numbers)


def look(now=NOON):
    """What was noted at this moment and told: kind, step and figures."""
    found = list(notice_what_happened(now=now))
    return [(one.kind, one.step, one.figures) for one in found]


def names(letter, number, day=TODAY, **fields):
    made = [
        Signature(
            letter=letter,
            version=letter.current_version,
            appearance="named",
            name=f"Name {n}",
            submitted_on=day,
            **{"state": State.IN_REVIEW, "confirmed_on": day, **fields},
        )
        for n in range(number)
    ]
    Signature.objects.bulk_create(made)


# The goal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (24, []),
        (25, [("goal", 25, {"percent": 25, "goal": 100})]),
        (80, [("goal", 75, {"percent": 75, "goal": 100})]),
        (250, [("goal", 100, {"percent": 100, "goal": 100})]),
    ],
)
def test_highest_step_to_the_goal_is_told_once(letter, alice, total, expected):
    counted(letter, named=total - 10, anonymous=10)

    assert look(EARLY) == expected
    assert look(EARLY) == []


def test_step_is_not_told_again_after_some_withdrew_or_when_the_goal_rises(letter, alice):
    counted(letter, named=76)
    assert [step for _kind, step, _figures in look(EARLY)] == [75]
    counted(letter, named=60)
    assert look(EARLY) == []
    letter.goal = 200
    letter.save()
    counted(letter, named=70)
    assert look(EARLY) == []
    counted(letter, named=100)

    assert look(EARLY) == [("goal", 100, {"percent": 50, "goal": 200})]


def test_letter_without_a_goal_reaches_none():
    counted(make_letter(), named=1000)

    assert look(EARLY) == []


# A surge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "a_day_before", "is_told"),
    [(49, 0, False), (50, 0, True), (50, 16, True), (50, 17, False), (60, 20, True)],
)
def test_surge_is_three_times_the_mean_of_a_week_and_fifty_at_least(
    letter, alice, today, a_day_before, is_told
):
    names(letter, today)
    for days in range(1, 8):
        names(letter, a_day_before, TODAY - timedelta(days=days))
    names(letter, 500, TODAY - timedelta(days=8))

    assert look(EARLY) == ([("surge", 0, {})] if is_told else [])
    assert look(EARLY) == []


def test_surge_counts_confirmed_names_only(letter, alice):
    google = make_organisation("Google", "google.example")
    names(letter, 49)
    names(letter, 60, state=State.UNCONFIRMED, confirmed_on=None)
    names(letter, 60, state=State.DUPLICATE)
    for number in range(60):
        make_anonymous(letter, google, confirmed_on=TODAY)
        if number < 10:
            names(letter, 1, replaces=f"{number:064}")

    assert look(EARLY) == []
    names(letter, 1)
    assert look(EARLY) == [("surge", 0, {})]


# The queue and the digest -----------------------------------------------------------------------


def test_waiting_entries_are_told_at_the_hour_and_looked_at_once_a_day(letter, alice):
    names(letter, 3)
    other = make_letter()
    owner(other, "charlie")

    assert look(EARLY) == []
    assert look(HOUR) == [("waiting", 0, {"waiting": 3})]
    make_signature(other)
    assert look(NOON) == []
    assert sorted(look(HOUR + timedelta(days=1)), key=str) == [
        ("waiting", 0, {"waiting": 1}),
        ("waiting", 0, {"waiting": 3}),
    ]


def test_waiting_entries_of_a_letter_of_organisations_are_told_without_a_number(letter, alice):
    letter.eligibility = Eligibility.ORGANISATIONS
    letter.save()
    names(letter, 3)

    assert look(HOUR) == [("waiting", 0, {})]


def test_digest_tells_the_public_number_where_it_changed(letter, alice, clock):
    letter.goal = None
    letter.save()
    counted(letter, named=10, anonymous=2)

    days = []
    for day, numbers in enumerate([{}, {}, {"named": 15}, {"named": 14}]):
        counted(letter, **numbers) if numbers else None
        days.append(look(HOUR + timedelta(days=day)))

    assert days == [
        [("digest", 0, {"total": 12})],
        [],
        [("digest", 0, {"total": 17, "more": 5})],
        [("digest", 0, {"total": 16, "more": -1})],
    ]


def test_letter_that_nobody_signed_has_no_digest(letter, alice):
    assert look(HOUR) == []


@pytest.mark.parametrize(
    "rules", [{"visibility": Visibility.INTERNAL}, {"eligibility": Eligibility.ORGANISATIONS}]
)
def test_small_number_of_one_organisation_is_in_no_notice(letter, alice, rules):
    for name, value in rules.items():
        setattr(letter, name, value)
    letter.goal = 4
    letter.save()

    seen = []
    for day, total in enumerate([4, 5, 6, 3]):
        counted(letter, named=total)
        seen.append(look(HOUR + timedelta(days=day)))

    assert seen == [[], [("digest", 0, {"total": 5})], [("digest", 0, {"total": 6})], []]


@pytest.mark.parametrize("change", ["draft", "taken down", "sealed"])
def test_letter_that_is_not_there_is_not_looked_at(letter, alice, change):
    counted(letter, named=60)
    names(letter, 60)
    fields = {
        "draft": {"status": "draft", "published_on": None},
        "taken down": {"taken_down_on": TODAY},
        "sealed": {"status": "sealed", "closed_on": TODAY, "sealed_on": TODAY},
    }[change]
    type(letter).objects.filter(pk=letter.pk).update(**fields)

    assert look(HOUR) == []


def test_mails_about_signatures_leave_in_the_same_hour(letter, alice):
    counted(letter, named=60)
    names(letter, 60)

    look(EARLY)
    look(HOUR)
    look(NOON)

    due = Notice.objects.order_by("due_at").values_list("occasion__kind", "due_at__hour")
    assert sorted(due) == [("digest", 7), ("goal", 7), ("surge", 7), ("waiting", 7)]
    counted(letter, named=100)
    look(NOON)
    latest = Notice.objects.get(occasion__step=100)
    assert latest.due_at == datetime(2026, 1, 21, 7, tzinfo=UTC)


def test_task_looks_and_does_so_twice_without_harm(letter, alice):
    counted(letter, named=60)
    names(letter, 60)

    tasks.notice_what_happened()
    tasks.notice_what_happened()

    kinds = Occasion.objects.order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["digest", "goal", "surge", "waiting"]
    assert Notice.objects.count() == 4


# No side channel in time ------------------------------------------------------------------------


def everything_told(monkeypatch):
    """All rows and all mails of a day's looks, without what is random or counted up."""
    monkeypatch.setattr("letters.actions.notice_mail.address_of", lambda row: "alice@gmail.com")
    for now in (EARLY, HOUR, NOON, HOUR + timedelta(days=1)):
        look(now)
    before = len(mail.outbox)
    Notice.objects.update(due_at=EARLY)
    for notice in Notice.objects.order_by("occasion__kind", "occasion__day"):
        notice_mail.send_notice(notice.pk)
    rows = Occasion.objects.order_by("kind", "day", "step")
    told = Notice.objects.order_by("occasion__kind", "occasion__day")
    return (
        list(rows.values("kind", "day", "step", "figures")),
        list(told.values("occasion__kind", "occasion__day", "user__username", "seen_on")),
        [(message.subject, message.body, message.to) for message in mail.outbox[before:]],
    )


def sign_anonymously(letter, google):
    address = signing.Address("w.otterbourne", "google.example")
    signing.sign(
        letter=letter,
        entry=signing.Entry(appearance="anonymous"),
        address=address,
        affiliation=Affiliation(google, "", "current", "mailbox"),
    )
    [verification] = signing.Verification.objects.all()
    return confirming.confirm(verification=verification, secrets=(str(verification.pk), "1"))


def sign_and_withdraw(letter, google):
    own.withdraw(token=sign_anonymously(letter, google))


@pytest.mark.parametrize("act", [sign_anonymously, sign_and_withdraw])
@pytest.mark.parametrize("near", [49, 24, 0])
def test_anonymous_confirmation_between_batches_changes_no_notice(
    letter, alice, monkeypatch, act, near
):
    """Also where one more would be a surge, a step to the goal, or the first of all."""
    google = make_organisation("Google", "google.example")
    names(letter, near, state=State.IN_REVIEW)
    counted(letter, named=near, next_batch_at=NOON + timedelta(days=9))

    def told_after(change):
        with transaction.atomic():
            change()
            batches.refresh_count(letter=letter)
            counted(letter, named=near)
            found = everything_told(monkeypatch)
            transaction.set_rollback(True)
        return found

    without = told_after(lambda: None)
    with_one = told_after(lambda: act(letter, google))

    assert with_one == without
    assert bool(without[2]) == bool(near)


def test_batch_moves_the_numbers_that_notices_tell(letter, alice):
    """The test above can fail: what a batch has moved is told."""
    google = make_organisation("Google", "google.example")
    for _each in range(30):
        make_anonymous(letter, google)

    batches.publish_batch_now(letter=letter, now=NOON)

    assert look(HOUR) == [
        ("goal", 25, {"percent": 25, "goal": 100}),
        ("digest", 0, {"total": 30}),
    ]
