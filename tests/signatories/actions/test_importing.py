"""Importing: the file is kept encrypted, read in parts, and invites whom it can."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import keys
from letters.actions import NotAllowed, close, take_down
from letters.models import AuditEntry, Visibility
from signatories import addresses, spreadsheets, tasks
from signatories.actions import erasing, importing, sealing
from signatories.models import (
    Import,
    ImportFault,
    ImportPart,
    Invited,
    InvitedMailbox,
    LetterKey,
    UsedAddress,
)
from signatories.verification import invitation
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_organisation
from tests.signatories.spreadsheets_of import csv_of, people

pytestmark = pytest.mark.django_db

MAPPING = {"name": 0, "email": 1, "organisation": 2, "title": 3}


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def alice(letter):
    return make_moderator("alice", letter, "owner")


def begin(letter, alice, *rows):
    return importing.begin(letter=letter, table=spreadsheets.read(csv_of(*rows)), actor=alice)


def read(source, alice):
    importing.choose_columns(source=source, mapping=MAPPING, actor=alice)
    while importing.read_part(import_id=str(source.pk)):
        pass
    source.refresh_from_db()
    return source


def imported(letter, alice, *rows):
    return read(begin(letter, alice, *rows), alice)


def started(letter, alice, *rows):
    source = imported(letter, alice, *rows)
    importing.start(source=source, actor=alice)
    return source


def faults_of(source):
    return list(source.faults.order_by("row", "fault").values_list("row", "fault"))


def invited_to(source):
    return {str(invitation.person_of(one).address) for one in source.people.all()}


def trail():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor__username", "number"))


# Beginning ----------------------------------------------------------------------------------


def test_begin_keeps_the_file_in_parts_under_the_key_of_the_day(letter, alice):
    rows = people(1001)

    source = begin(letter, alice, *rows)

    assert (source.state, source.rows_total, source.rows_done) == ("mapping", 1001, 0)
    assert [part.rows for part in source.parts.order_by("number")] == [500, 500, 1]
    assert source.key_name == f"{timezone.now().date().isoformat()}.named"
    assert source.erase_after - timezone.now() <= timedelta(hours=72)
    table = importing.opening(source)
    assert table.heads == ["Name", "Email", "Organisation", "Title"]
    assert table.rows[0] == (2, ["Person Otterbourne 1", "person1@gmail.com"])
    assert trail() == [("import.begun", "alice", 1001)]
    keys.destroy("day", source.key_name)
    with pytest.raises(keys.KeyLost):
        importing.opening(source)


def test_begin_takes_one_import_at_a_time(letter, alice):
    first = begin(letter, alice, *people(1))

    with pytest.raises(NotAllowed) as refusal:
        begin(letter, alice, *people(1))
    assert str(refusal.value) == "Another import of this letter is not finished yet."
    importing.cancel(source=first, actor=alice)

    assert begin(letter, alice, *people(1)).state == "mapping"


@pytest.mark.parametrize("role", ["editor", "moderator", "press"])
def test_only_owners_import(letter, alice, role):
    source = begin(letter, alice, *people(1))
    other = make_moderator("bob", letter, role)
    verbs = [
        lambda: begin(letter, other, *people(1)),
        lambda: importing.choose_columns(source=source, mapping=MAPPING, actor=other),
        lambda: importing.start(source=source, actor=other),
        lambda: importing.resume(source=source, actor=other),
        lambda: importing.pause(source=source, actor=other),
        lambda: importing.cancel(source=source, actor=other),
    ]

    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb()

    source.refresh_from_db()
    assert source.state == "mapping"
    assert trail() == [("import.begun", "alice", 1)]


# Reading ------------------------------------------------------------------------------------


def test_reading_invites_whom_it_can_and_says_of_the_others_why_not(letter, alice):
    make_organisation("Orrery Systems")
    source = imported(
        letter,
        alice,
        ["Ada", "ada@gmail.com", "orrery systems inc", "Engineer"],
        ["Bo", "bo@google.com", "", ""],
        ["Cy", "A.D.A+letters@googlemail.com", "", ""],
        ["", "cy@gmail.com", "", ""],
        ["Di", "", "", ""],
        ["Ed", "ed@gmail.com", "Orrery Systens", "=1+1"],
    )  # fmt: skip

    assert faults_of(source) == [
        (3, "work_mailbox"),
        (4, "repeated"),
        (5, "no_name"),
        (6, "no_address"),
        (7, "title"),
    ]
    assert invited_to(source) == {"ada@gmail.com", "ed@gmail.com"}
    ada = next(one for one in map(invitation.person_of, source.people.all()) if one.name == "Ada")
    assert (ada.organisation, ada.title) == ("Orrery Systems", "Engineer")
    assert (source.state, source.rows_done, source.invited) == ("ready", 6, 2)
    assert (source.aliases, source.close_names) == (1, 1)
    assert source.head is None
    assert not ImportPart.objects.exists()
    assert not mail.outbox


def test_mailbox_that_stands_in_another_part_is_invited_once(letter, alice):
    rows = people(501)

    source = imported(letter, alice, *rows, ["Again", "PERSON1+x@gmail.com", "", ""])

    assert source.invited == 501
    assert faults_of(source) == [(503, "repeated")]


def test_reading_looks_at_nobody_who_has_signed(letter, alice):
    signed = addresses.read("person1@gmail.com")
    UsedAddress.objects.create(letter=letter, digest=addresses.digest(letter, signed))

    source = imported(letter, alice, *people(2))

    assert source.invited == 2
    assert faults_of(source) == []
    digests = set(Invited.objects.values_list("digest", flat=True))
    assert digests == set(InvitedMailbox.objects.values_list("digest", flat=True))
    assert digests.isdisjoint(UsedAddress.objects.values_list("digest", flat=True))


def test_a_part_is_read_whole_or_not_at_all(letter, alice, monkeypatch):
    source = begin(letter, alice, *people(501))
    importing.choose_columns(source=source, mapping=MAPPING, actor=alice)
    importing.read_part(import_id=str(source.pk))

    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(importing.ImportFault.objects, "bulk_create", fail)
    with pytest.raises(ZeroDivisionError):
        importing.read_part(import_id=str(source.pk))
    source.refresh_from_db()
    assert (source.rows_done, source.people.count(), source.parts.count()) == (500, 500, 1)
    monkeypatch.undo()
    tasks.read_import(str(source.pk))

    source.refresh_from_db()
    assert (source.state, source.rows_done, source.people.count()) == ("ready", 501, 501)


def test_reading_stops_where_somebody_cancels(letter, alice):
    source = begin(letter, alice, *people(501))
    importing.choose_columns(source=source, mapping=MAPPING, actor=alice)
    importing.read_part(import_id=str(source.pk))

    importing.cancel(source=source, actor=alice)

    assert importing.read_part(import_id=str(source.pk)) is False
    assert not Invited.objects.exists()
    assert not ImportPart.objects.exists()
    assert not InvitedMailbox.objects.exists()
    assert trail() == [("import.begun", "alice", 501), ("import.cancelled", "alice", 1)]


def test_reading_that_has_stopped_is_found_again(letter, alice):
    source = begin(letter, alice, *people(501))
    assert importing.unread(timezone.now()) == []
    importing.choose_columns(source=source, mapping=MAPPING, actor=alice)
    assert importing.unread(timezone.now()) == [str(source.pk)]
    importing.read_part(import_id=str(source.pk))

    assert importing.unread(timezone.now()) == []
    assert importing.unread(timezone.now() + timedelta(minutes=4)) == [str(source.pk)]


def test_columns_are_chosen_once(letter, alice):
    source = imported(letter, alice, *people(1))

    importing.choose_columns(source=source, mapping={"email": 0, "name": 1}, actor=alice)

    source.refresh_from_db()
    assert (source.state, source.mapping) == ("ready", MAPPING)


# Once in a while ------------------------------------------------------------------------------


def test_mailbox_that_was_invited_is_not_invited_again_within_the_month(letter, alice, settings):
    first = started(letter, alice, *people(1))
    [invited] = Invited.objects.all()
    invitation.send(str(invited.pk))
    importing.cancel(source=first, actor=alice)

    again = imported(letter, alice, *people(1))
    assert faults_of(again) == [(2, "invited")]
    importing.cancel(source=again, actor=alice)
    long_ago = timezone.localdate() - timedelta(days=settings.INVITED_DAYS)
    InvitedMailbox.objects.update(written_on=long_ago)

    assert imported(letter, alice, *people(1)).invited == 1


def test_mailbox_that_refuses_is_never_written_to_again_and_nobody_is_told(letter, alice):
    InvitedMailbox.objects.create(
        letter=letter,
        digest=addresses.invited_digests(letter, [addresses.read("person1@gmail.com")])[0],
        written_on="2020-01-01",
        refuses=True,
    )

    source = started(letter, alice, *people(2))
    assert (source.invited, faults_of(source)) == (2, [])
    for invited in Invited.objects.all():
        invitation.send(str(invited.pk))
    importing.look_after_sending()

    source.refresh_from_db()
    assert (source.state, source.sent) == ("done", 2)
    assert [message.to for message in mail.outbox] == [["person2@gmail.com"]]
    assert Invited.objects.count() == 1
    again = imported(letter, alice, *people(2))
    assert faults_of(again) == [(2, "invited"), (3, "invited")]
    other = make_letter()
    assert imported(other, make_moderator("bob", other, "owner"), *people(1)).invited == 1


def test_mailbox_that_was_not_written_to_can_be_invited_again(letter, alice):
    importing.cancel(source=started(letter, alice, *people(1)), actor=alice)

    assert imported(letter, alice, *people(1)).invited == 1


# Sending ------------------------------------------------------------------------------------


def test_start_pause_resume_and_cancel_move_the_import_and_leave_a_trail(letter, alice):
    source = imported(letter, alice, *people(2))
    assert invitation.unsent(timezone.now()) == []

    for verb, state, number in (
        (importing.pause, "ready", 0),
        (importing.resume, "ready", 0),
        (importing.start, "sending", 2),
        (importing.start, "sending", 2),
        (importing.pause, "paused", 0),
        (importing.pause, "paused", 0),
        (importing.start, "paused", 0),
        (importing.resume, "sending", 2),
        (importing.cancel, "cancelled", 0),
        (importing.cancel, "cancelled", 0),
        (importing.resume, "cancelled", 0),
    ):
        verb(source=source, actor=alice)
        source.refresh_from_db()
        assert source.state == state
        assert len(invitation.unsent(timezone.now())) == number

    assert trail() == [
        ("import.begun", "alice", 2),
        ("import.started", "alice", 2),
        ("import.paused", "alice", 1),
        ("import.resumed", "alice", 1),
        ("import.cancelled", "alice", 1),
    ]


CHANGES = {
    "internal": {"visibility": Visibility.INTERNAL},
    "not by name": {"allows_named": False},
    "verified only": {"accepts_unverified": False},
    "closed for now": {"closes_at": "2020-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_letter_that_takes_nobody_by_invitation_has_nobody_invited(letter, alice, change):
    source = imported(letter, alice, *people(1))
    type(letter).objects.filter(pk=letter.pk).update(**change)

    with pytest.raises(NotAllowed):
        importing.start(source=source, actor=alice)

    source.refresh_from_db()
    assert source.state == "ready"


def test_letter_that_is_sealed_meanwhile_takes_no_file_and_gets_no_new_key(letter, alice):
    close(letter=letter, actor=alice)
    sealing.seal(letter=letter, actor=alice)

    with pytest.raises(NotAllowed):  # The letter as whoever brings the file has read it before.
        begin(letter, alice, *people(1))

    assert not Import.objects.exists()
    assert not LetterKey.objects.exists()


@pytest.mark.parametrize("end", [close, take_down])
def test_sending_pauses_where_the_letter_ends(letter, alice, end):
    source = started(letter, alice, *people(1))
    end(letter=letter, actor=alice)
    [invited] = Invited.objects.all()

    invitation.send(str(invited.pk))
    importing.look_after_sending()

    source.refresh_from_db()
    assert (source.state, source.sent) == ("paused", 0)
    assert AuditEntry.objects.latest("pk").reason == "letter"
    assert not mail.outbox
    with pytest.raises(NotAllowed):
        importing.resume(source=source, actor=alice)


def test_sending_is_done_when_all_have_left(letter, alice):
    source = started(letter, alice, *people(2))
    for invited in Invited.objects.all():
        importing.look_after_sending()
        source.refresh_from_db()
        assert source.state == "sending"
        invitation.send(str(invited.pk))

    importing.look_after_sending()

    source.refresh_from_db()
    assert (source.state, source.sent) == ("done", 2)


# The end ------------------------------------------------------------------------------------


def everything():
    return [
        model.objects.count()
        for model in (Import, ImportPart, ImportFault, Invited, InvitedMailbox)
    ]


@pytest.mark.parametrize("make", [begin, imported, started])
def test_import_is_erased_when_its_time_is_over(letter, alice, make):
    make(letter, alice, *people(2), ["", "", "", "x"])
    Import.objects.update(erase_after=timezone.now() - timedelta(seconds=1))

    assert dict(erasing.erase_expired(now=timezone.now())) == {"imports": 1}

    assert everything() == [0, 0, 0, 0, 0]


def test_digest_of_who_was_written_to_outlives_the_import_for_its_days(letter, alice, settings):
    started(letter, alice, *people(2))
    invitation.send(str(Invited.objects.first().pk))
    Import.objects.update(erase_after=timezone.now() - timedelta(seconds=1))
    list(erasing.erase_expired(now=timezone.now()))
    assert everything() == [0, 0, 0, 0, 1]

    month = timezone.now() + timedelta(days=settings.INVITED_DAYS)
    list(erasing.erase_expired(now=month - timedelta(days=1)))
    assert everything() == [0, 0, 0, 0, 1]

    assert dict(erasing.erase_expired(now=month)) == {"mailboxes that were invited": 1}


def test_import_whose_key_of_the_day_is_lost_is_erased(letter, alice):
    source = started(letter, alice, *people(2))
    keys.destroy("day", source.key_name)
    invitation.send(str(Invited.objects.first().pk))

    assert erasing.erase_without_key() == 1

    assert not Import.objects.exists()
    assert AuditEntry.objects.latest("pk").verb == "keys.day_key_lost"


def test_sealing_erases_all_of_it(letter, alice):
    started(letter, alice, *people(2))
    invitation.send(str(Invited.objects.first().pk))
    InvitedMailbox.objects.filter(written_on__isnull=False).update(refuses=True)
    sealing.close(letter=letter, actor=alice)

    sealing.seal(letter=letter, actor=alice)

    assert everything() == [0, 0, 0, 0, 0]
