"""What readers report. Bob moderates, Charlie moderates another letter."""

from datetime import date

import pytest
from django.core import mail

from config import crypto
from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories import flags
from signatories.actions import appearing, moderation, own, reporting, sealing
from signatories.models import Flag, FlagKind, Signature, State
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.signatories.actions.test_moderation import make_moderator

pytestmark = pytest.mark.django_db

COMPLAINTS = ["me", "not_real", "name_used"]


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def line(letter):
    return make_signature(letter, state=State.PUBLISHED)


def report(line, complaint="not_real"):
    reporting.report(letter=line.letter, place=line.roll_key, complaint=complaint)


def reported(line):
    return list(Flag.objects.filter(signature=line).values_list("kind", "detail"))


def audited(verb="signature.reported"):
    entries = AuditEntry.objects.filter(verb=verb).order_by("pk")
    return list(entries.values_list("letter", "actor", "target", "reason", "recorded_on"))


def test_report_asks_the_moderators_and_changes_nothing_else(letter, line, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    before = Signature.objects.filter(pk=line.pk).values().get()

    report(line, "name_used")

    assert reported(line) == [(FlagKind.REPORTED, "name_used")]
    assert Signature.objects.filter(pk=line.pk).values().get() == {**before, "risk": 50}
    assert list(letter.signatures.to_decide()) == [line]
    assert audited() == [
        (letter.pk, None, f"signature:{line.pk}", "name_used", date(2026, 1, 21)),
    ]
    assert mail.outbox == []


def test_reports_of_many_readers_count_each_complaint_once(line):
    for complaint in [*COMPLAINTS, *reversed(COMPLAINTS), "me"]:
        report(line, complaint)

    assert reported(line) == [(FlagKind.REPORTED, "me,not_real,name_used")]
    assert [reason for *_rest, reason, _day in audited()] == COMPLAINTS
    line.refresh_from_db()
    assert (line.state, line.risk) == (State.PUBLISHED, 50)


def test_a_hundred_reports_take_no_line_off_the_roll(line):
    for number in range(100):
        report(line, COMPLAINTS[number % 3])

    assert list(line.letter.signatures.on_roll()) == [line]
    assert Flag.objects.count() == 1
    assert AuditEntry.objects.count() == 3


def test_report_adds_to_what_speaks_against_the_line_already(line):
    Flag.objects.create(signature=line, kind=FlagKind.SIMILAR_NAME)

    report(line)

    line.refresh_from_db()
    assert line.risk == 70


def test_report_says_it_in_words(line):
    report(line, "me")
    report(line, "name_used")

    assert flags.in_words(Flag.objects.get()) == (
        "Reported by readers: “this is me, take my line away”, “somebody used my name”."
    )


def test_report_of_an_unknown_complaint_is_refused(line):
    with pytest.raises(NotAllowed):
        report(line, "gossip")

    assert not Flag.objects.exists()


# What cannot be reported -------------------------------------------------------------------------


def unpublished(letter):
    return make_signature(letter, state=State.REJECTED, roll_key="otterbourne abcdefghij")


def anonymous(letter):
    google = make_organisation("Google")
    return make_anonymous(letter, google, state=State.PUBLISHED)


def given_to_colleagues(letter):
    return make_signature(letter, state=State.PUBLISHED, is_for_colleagues=True)


def under_another_letter(letter):
    return make_signature(make_letter(), state=State.PUBLISHED)


@pytest.mark.parametrize(
    "make", [unpublished, anonymous, given_to_colleagues, under_another_letter]
)
def test_report_of_what_does_not_stand_there_by_name_does_nothing(letter, make):
    entry = make(letter)

    reporting.report(letter=letter, place=entry.roll_key, complaint="not_real")

    assert entry.roll_key
    assert not Flag.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("place", ["", "nobody abcdefghij", "x" * 5000, "' OR 1=1 --"])
def test_report_of_no_place_does_nothing(letter, place):
    make_signature(letter, state=State.IN_REVIEW)  # Its place is empty.

    reporting.report(letter=letter, place=place, complaint="not_real")

    assert not Flag.objects.exists()


# What moderators make of it ------------------------------------------------------------------------


def test_keeping_answers_the_report_and_shields_against_the_same(letter, line, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    bob = make_moderator(letter)
    report(line)

    moderation.approve(signature=line, actor=bob)
    report(line)

    line.refresh_from_db()
    assert (line.state, line.risk) == (State.PUBLISHED, 0)
    assert (line.kept_despite, line.kept_on) == ("not_real", date(2026, 1, 21))
    assert not letter.signatures.to_decide().exists()
    assert audited("signature.kept") == [
        (letter.pk, bob.pk, f"signature:{line.pk}", "", date(2026, 1, 21))
    ]
    assert len(audited()) == 1


def test_shield_holds_thirty_days(letter, line, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    report(line)
    moderation.approve(signature=line, actor=make_moderator(letter))

    time_machine.move_to("2026-02-19T12:00:00Z", tick=False)
    report(line)
    assert not Flag.objects.exists()

    time_machine.move_to("2026-02-20T12:00:00Z", tick=False)
    report(line)
    assert reported(line) == [(FlagKind.REPORTED, "not_real")]


def test_shield_leaves_other_complaints_open(letter, line):
    """A false report must not silence the one whose name was used."""
    report(line, "not_real")
    moderation.approve(signature=line, actor=make_moderator(letter))

    report(line, "name_used")

    assert reported(line) == [(FlagKind.REPORTED, "name_used")]


def test_flood_costs_moderators_three_looks_at_each_line(letter, line):
    bob = make_moderator(letter)

    looks = 0
    for number in range(60):
        report(line, COMPLAINTS[number % 3])
        if letter.signatures.to_decide().exists():
            moderation.approve(signature=line, actor=bob)
            looks += 1

    assert looks == 3


def test_shield_against_several_complaints_lapses_on_the_day_of_the_first(
    letter, line, time_machine
):
    """Else whoever reports something else now and then could silence a complaint for good."""
    bob = make_moderator(letter)
    for day, complaint in [("2026-01-01", "name_used"), ("2026-01-20", "not_real")]:
        time_machine.move_to(f"{day}T12:00:00Z", tick=False)
        report(line, complaint)
        moderation.approve(signature=line, actor=bob)

    line.refresh_from_db()
    assert (line.kept_despite, line.kept_on) == ("not_real,name_used", date(2026, 1, 1))
    time_machine.move_to("2026-01-31T12:00:00Z", tick=False)
    report(line, "name_used")
    assert reported(line) == [(FlagKind.REPORTED, "name_used")]

    moderation.approve(signature=line, actor=bob)
    line.refresh_from_db()
    assert (line.kept_despite, line.kept_on) == ("name_used", date(2026, 1, 31))


def test_new_title_ends_the_shield(letter, line):
    """What moderators let stand were other words."""
    report(line)
    moderation.approve(signature=line, actor=make_moderator(letter))
    token = manage(line)

    own.correct_title(token=token, title="Emperor of Mars")
    line.refresh_from_db()
    assert (line.kept_despite, line.kept_on) == ("", None)

    Signature.objects.filter(pk=line.pk).update(
        state=State.PUBLISHED, published_on="2026-01-21", roll_key="a place"
    )
    line.refresh_from_db()
    report(line)
    assert reported(line) == [(FlagKind.REPORTED, "not_real")]


def manage(signature, token="t" * 43):
    Signature.objects.filter(pk=signature.pk).update(manage_digest=crypto.digest("manage", token))
    return token


def test_rejecting_takes_the_line_away_and_answers_the_report(letter, line):
    bob = make_moderator(letter)
    report(line)

    moderation.reject(signature=line, actor=bob, reason="impersonation")

    line.refresh_from_db()
    assert (line.state, line.kept_despite) == (State.REJECTED, "not_real")
    assert not Flag.objects.exists()
    assert not letter.signatures.on_roll().exists()


def test_line_that_came_back_after_a_rejection_is_not_reported_for_the_same_at_once(letter, line):
    """Else one reader could have moderators look again and again."""
    bob = make_moderator(letter)
    report(line)
    moderation.reject(signature=line, actor=bob, reason="impersonation")
    line.refresh_from_db()
    moderation.approve(signature=line, actor=bob)
    line.refresh_from_db()

    report(line)

    assert not Flag.objects.exists()


def test_moderator_of_another_letter_answers_no_report(line):
    report(line)

    with pytest.raises(NotAllowed):
        moderation.approve(signature=line, actor=make_moderator(make_letter(), "charlie"))

    assert reported(line) == [(FlagKind.REPORTED, "not_real")]


def test_becoming_anonymous_leaves_nothing_of_a_report(letter, time_machine):
    google = make_organisation("Google")
    letter = make_letter(visibility="internal")
    letter.organisations.add(google)
    line = make_signature(letter, state=State.PUBLISHED, method="mailbox", organisation=google)
    report(line)

    appearing.appear_without_name(token=manage(line), appearance="anonymous")

    assert not Flag.objects.exists()
    assert Signature.objects.get().risk == 0


def test_sealing_leaves_nothing_of_reports_on_names_it_forgets(letter):
    """Names given to colleagues, of which only the count stays."""
    letter = make_letter(status="closed", visibility="internal", was_internal=True)
    hidden = make_signature(letter, state=State.PUBLISHED, is_for_colleagues=True)
    reported_twice = make_signature(letter, state=State.PUBLISHED, is_for_colleagues=True)
    bob = make_moderator(letter)
    report(hidden)
    report(reported_twice, "me")
    moderation.approve(signature=hidden, actor=bob)
    letter.visibility = "public"
    letter.save()

    sealing.seal(letter=letter, actor=None)

    assert [entry.appearance for entry in letter.signatures.all()] == ["counted", "counted"]
    assert {(s.kept_despite, s.kept_on, s.risk) for s in letter.signatures.all()} == {("", None, 0)}
    assert not Flag.objects.exists()
