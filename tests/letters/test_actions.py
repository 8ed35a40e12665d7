"""The verbs of the letters floor.

Alice is the host, Olga owns, Eve edits, Bob moderates, Charlie is nobody.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from letters.actions import (
    NotAllowed,
    Overtaken,
    Text,
    audit,
    close,
    give_role,
    list_roll_in_search,
    publish,
    publish_text,
    reopen,
    seal,
    take_role,
)
from letters.models import (
    AuditEntry,
    Letter,
    LetterVersion,
    Membership,
    Role,
    Status,
    text_digest,
)
from tests.factories import make_letter, make_signature, make_user

pytestmark = pytest.mark.django_db


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "target", "reason"))


@pytest.mark.parametrize("role", Role)
def test_give_role_puts_on_the_team_and_opens_the_admin(role):
    letter, bob = make_letter(), make_user("bob")
    alice = make_user("alice", is_superuser=True)

    membership = give_role(letter=letter, user=bob, role=role, actor=alice)

    assert (membership.letter, membership.user, membership.role) == (letter, bob, role)
    bob.refresh_from_db()
    assert bob.is_staff
    assert audited() == [("team.role_given", f"user:{bob.pk}", role)]


def test_give_role_twice_is_once():
    letter, bob = make_letter(), make_user("bob")

    give_role(letter=letter, user=bob, role=Role.OWNER, actor=None)
    give_role(letter=letter, user=bob, role=Role.OWNER, actor=None)

    assert Membership.objects.count() == 1
    assert len(audited()) == 1


def test_give_another_role_replaces_the_first():
    letter, bob = make_letter(), make_user("bob")

    give_role(letter=letter, user=bob, role=Role.EDITOR, actor=None)
    give_role(letter=letter, user=bob, role=Role.OWNER, actor=None)

    assert Membership.objects.get().role == "owner"
    assert [reason for _verb, _target, reason in audited()] == ["editor", "owner"]


def test_give_role_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError):
        give_role(letter=make_letter(), user=make_user("bob"), role="king", actor=None)

    assert not Membership.objects.exists()


def test_give_and_take_role_by_anybody_but_a_host_is_refused():
    letter, charlie = make_letter(), make_user("charlie", is_staff=True)
    retired = make_user("alice", is_superuser=True, is_active=False)
    membership = give_role(letter=letter, user=make_user("bob"), role=Role.OWNER, actor=None)

    for actor in (charlie, membership.user, retired):
        with pytest.raises(NotAllowed):
            give_role(letter=letter, user=charlie, role=Role.OWNER, actor=actor)
        with pytest.raises(NotAllowed):
            take_role(membership=membership, actor=actor)

    assert list(Membership.objects.all()) == [membership]


def test_take_role_removes_the_membership_and_twice_is_once():
    bob = make_user("bob")
    membership = give_role(letter=make_letter(), user=bob, role=Role.OWNER, actor=None)

    take_role(membership=membership, actor=None)
    take_role(membership=membership, actor=None)

    assert not Membership.objects.exists()
    assert audited()[1:] == [("team.role_taken", f"user:{bob.pk}", "owner")]


# Texts -------------------------------------------------------------------------------------------

ON = date(2026, 1, 20)
TEXT = Text(
    "Pick up the phone", "*Dear all,*\n\nWe ask two things.\n", (("Do", "it."), ("", "Now."))
)


def make_draft():
    return Letter.objects.create(slug="draft", title="A draft")


def make_member(username, letter, role):
    user = make_user(username, is_staff=True)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def make_strangers(letter, *roles):
    """Those on the letter's team with other roles than are needed, and those not on it."""
    for role in roles:
        yield make_member(f"a-{role}", letter, role)
    yield make_member("owns-another", make_letter(), Role.OWNER)
    yield make_user("charlie", is_staff=True)
    yield make_user("retired-host", is_superuser=True, is_active=False)
    left = make_member("left", letter, Role.OWNER)
    Membership.objects.filter(user=left).delete()
    yield left


def test_publish_text_makes_the_first_version():
    letter = make_draft()
    eve = make_member("eve", letter, Role.EDITOR)

    version = publish_text(letter=letter, text=TEXT, actor=eve, on=ON)

    letter.refresh_from_db()
    assert letter.current_version == version
    assert (letter.title, letter.status) == ("Pick up the phone", Status.DRAFT)
    assert LetterVersion.objects.values().get() == {
        "id": version.pk,
        "letter_id": letter.pk,
        "number": 1,
        "title": "Pick up the phone",
        "text": TEXT.markdown,
        "sha256": text_digest(TEXT.title, TEXT.markdown, list(TEXT.demands)),
        "published_on": ON,
    }
    demands = version.demands.values_list("number", "lead", "text")
    assert list(demands) == [(1, "Do", "it."), (2, "", "Now.")]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.letter, entry.actor) == ("letter.text_published", letter, eve)
    assert (entry.target, entry.reason, entry.number) == ("1", "", 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Pick up the phones"},
        {"markdown": "*Dear all,*\n\nWe ask two things!\n"},
        {"demands": (("Do", "it."), ("", "now."))},
        {"demands": (("Do", "it."),)},
    ],
)
def test_publish_text_that_differs_makes_a_version_and_moves_no_signature(changes):
    letter = make_draft()
    first = publish_text(letter=letter, text=TEXT, actor=None, on=ON)
    signature = make_signature(letter, version=first)
    kept = LetterVersion.objects.values().get()

    second = publish_text(letter=letter, text=replace(TEXT, **changes), actor=None, on=ON)

    letter.refresh_from_db()
    signature.refresh_from_db()
    assert (second.number, letter.current_version) == (2, second)
    assert second.sha256 != first.sha256
    assert LetterVersion.objects.values().get(pk=first.pk) == kept
    assert first.demands.count() == 2
    assert signature.version == first
    assert [target for _verb, target, _reason in audited()] == ["1", "2"]


def test_publish_text_twice_is_once():
    letter = make_draft()

    first = publish_text(letter=letter, text=TEXT, actor=None, on=ON)
    again = publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    assert again == first
    assert LetterVersion.objects.count() == 1
    assert len(audited()) == 1


def test_publish_text_of_an_earlier_version_is_a_version_of_its_own():
    letter = make_draft()
    publish_text(letter=letter, text=TEXT, actor=None, on=ON)
    publish_text(letter=letter, text=replace(TEXT, title="B"), actor=None, on=ON)

    third = publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    assert third.number == 3


def test_text_of_a_version_is_what_was_published():
    letter = make_draft()

    version = publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    assert Text.of(version) == TEXT


def test_publish_text_instead_of_the_current_version_succeeds_it():
    letter = make_draft()

    publish_text(letter=letter, text=TEXT, actor=None, on=ON, instead_of=0)
    version = publish_text(
        letter=letter, text=replace(TEXT, title="B"), actor=None, on=ON, instead_of=1
    )

    assert version.number == 2


@pytest.mark.parametrize("instead_of", [0, 1, 3])
def test_publish_text_instead_of_a_version_that_is_not_current_is_refused(instead_of):
    letter = make_draft()
    publish_text(letter=letter, text=TEXT, actor=None, on=ON)
    publish_text(letter=letter, text=replace(TEXT, title="B"), actor=None, on=ON)

    with pytest.raises(Overtaken, match="another version meanwhile"):
        publish_text(
            letter=letter,
            text=replace(TEXT, title="C"),
            actor=None,
            on=ON,
            instead_of=instead_of,
        )

    assert Letter.objects.get().title == "B"
    assert len(audited()) == 2


def test_publish_text_by_anybody_but_owners_editors_and_hosts_is_refused():
    letter = make_letter()

    for stranger in make_strangers(letter, Role.MODERATOR):
        with pytest.raises(NotAllowed, match="not yours to change"):
            publish_text(letter=letter, text=TEXT, actor=stranger, on=ON)

    assert letter.versions.count() == 1
    assert audited() == []


def test_publish_text_of_a_sealed_letter_is_refused():
    letter = make_letter(status=Status.SEALED)

    with pytest.raises(NotAllowed, match="keeps its text"):
        publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    assert letter.versions.count() == 1
    assert audited() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "W" * 201},
        {"markdown": ""},
        {"demands": (("Do", ""),)},
        {"demands": (("D" * 101, "it."),)},
    ],
)
def test_publish_text_that_breaks_a_rule_is_refused(changes):
    letter = make_draft()

    with pytest.raises(ValidationError):
        publish_text(letter=letter, text=replace(TEXT, **changes), actor=None, on=ON)

    assert not LetterVersion.objects.exists()
    assert audited() == []


# Publishing ------------------------------------------------------------------------------------


def test_publish_opens_a_draft_to_signatures():
    letter = make_draft()
    olga = make_member("olga", letter, Role.OWNER)
    publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    published = publish(letter=letter, actor=olga, on=ON)

    assert (published.status, published.published_on) == (Status.PUBLISHED, ON)
    assert published.is_open
    assert list(Letter.objects.for_everybody()) == [letter]
    entry = AuditEntry.objects.get(verb="letter.published")
    assert (entry.letter, entry.actor, entry.target, entry.reason) == (letter, olga, "", "")


def test_publish_twice_is_once():
    letter = make_draft()
    publish_text(letter=letter, text=TEXT, actor=None, on=ON)

    publish(letter=letter, actor=None, on=ON)
    again = publish(letter=letter, actor=None, on=date(2026, 2, 1))

    assert again.published_on == ON
    assert [verb for verb, *_rest in audited()] == ["letter.text_published", "letter.published"]


def test_publish_without_a_text_is_refused():
    with pytest.raises(NotAllowed, match="no text yet"):
        publish(letter=make_draft(), actor=None, on=ON)

    assert Letter.objects.get().status == Status.DRAFT
    assert audited() == []


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SEALED])
def test_publish_what_is_no_draft_is_refused(status):
    letter = make_letter(status=status)

    with pytest.raises(NotAllowed, match="Only a draft"):
        publish(letter=letter, actor=None, on=ON)

    assert Letter.objects.get().status == status


def test_publish_of_one_letter_leaves_changes_by_others_alone():
    letter = make_draft()
    publish_text(letter=letter, text=TEXT, actor=None, on=ON)
    Letter.objects.update(summary="Changed meanwhile", minimum_group_size=9)

    publish(letter=letter, actor=None, on=ON)

    kept = Letter.objects.get()
    assert (kept.summary, kept.minimum_group_size) == ("Changed meanwhile", 9)


# The end -----------------------------------------------------------------------------------------


def test_close_reopen_and_seal_change_the_status_and_its_days(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter()
    olga = make_member("olga", letter, Role.OWNER)

    def state():
        return Letter.objects.values_list("status", "closed_on", "sealed_on").get(pk=letter.pk)

    close(letter=letter, actor=olga)
    assert state() == (Status.CLOSED, ON, None)
    reopen(letter=letter, actor=olga)
    assert state() == (Status.PUBLISHED, None, None)
    close(letter=letter, actor=olga)
    time_machine.move_to("2026-01-25T12:00:00Z", tick=False)
    seal(letter=letter, actor=olga)
    assert state() == (Status.SEALED, ON, date(2026, 1, 25))

    assert [(e.verb, e.actor, e.letter) for e in AuditEntry.objects.order_by("pk")] == [
        (verb, olga, letter)
        for verb in ("letter.closed", "letter.reopened", "letter.closed", "letter.sealed")
    ]


@pytest.mark.parametrize(
    ("verb", "before"),
    [(close, Status.PUBLISHED), (reopen, Status.CLOSED), (seal, Status.CLOSED)],
)
def test_end_twice_is_once(verb, before):
    letter = make_letter(status=before)

    first = verb(letter=letter, actor=None)
    again = verb(letter=letter, actor=None)

    assert (again.status, again.closed_on, again.sealed_on) == (
        first.status,
        first.closed_on,
        first.sealed_on,
    )
    assert len(audited()) == 1


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        (close, Status.DRAFT),
        (close, Status.SEALED),
        (reopen, Status.DRAFT),
        (reopen, Status.SEALED),
        (seal, Status.DRAFT),
        (seal, Status.PUBLISHED),
    ],
)
def test_end_from_the_wrong_status_is_refused(verb, status):
    letter = make_letter(status=status)

    with pytest.raises(NotAllowed, match=r"closed|Close the letter first"):
        verb(letter=letter, actor=None)

    assert Letter.objects.get().status == status
    assert audited() == []


@pytest.mark.parametrize(
    ("verb", "before"),
    [(close, Status.PUBLISHED), (reopen, Status.CLOSED), (seal, Status.CLOSED)],
)
def test_end_by_anybody_but_owners_and_hosts_is_refused(verb, before):
    letter = make_letter(status=before)

    for stranger in make_strangers(letter, Role.MODERATOR, Role.EDITOR):
        with pytest.raises(NotAllowed, match="not yours to change"):
            verb(letter=letter, actor=stranger)

    assert Letter.objects.get(pk=letter.pk).status == before
    assert audited() == []


@pytest.mark.parametrize(("days", "kept"), [(-1, False), (1, True)])
def test_reopen_drops_a_closing_time_that_has_passed(days, kept):
    closes_at = timezone.now() + timedelta(days=days)
    letter = make_letter(status=Status.CLOSED, closes_at=closes_at)

    reopened = reopen(letter=letter, actor=None)

    assert reopened.closes_at == (closes_at if kept else None)
    assert reopened.is_open


def test_end_leaves_changes_by_others_alone():
    letter = make_letter()
    Letter.objects.update(summary="Changed meanwhile", minimum_group_size=9)

    for verb in (close, reopen, close, seal):
        verb(letter=letter, actor=None)

    kept = Letter.objects.get()
    assert (kept.summary, kept.minimum_group_size) == ("Changed meanwhile", 9)


# Search engines ----------------------------------------------------------------------------------


def test_list_roll_in_search_turns_it_off_and_on():
    letter = make_letter()
    olga = make_member("olga", letter, Role.OWNER)

    assert not list_roll_in_search(letter=letter, listed=False, actor=olga).roll_in_search
    assert not Letter.objects.get().roll_in_search
    assert list_roll_in_search(letter=letter, listed=True, actor=olga).roll_in_search
    assert Letter.objects.get().roll_in_search

    assert [(e.verb, e.actor, e.letter) for e in AuditEntry.objects.order_by("pk")] == [
        ("letter.roll_unlisted", olga, letter),
        ("letter.roll_listed", olga, letter),
    ]


def test_list_roll_in_search_twice_is_once():
    letter = make_letter()

    list_roll_in_search(letter=letter, listed=True, actor=None)
    assert audited() == []
    list_roll_in_search(letter=letter, listed=False, actor=None)
    list_roll_in_search(letter=letter, listed=False, actor=None)

    assert audited() == [("letter.roll_unlisted", "", "")]


def test_list_roll_in_search_by_anybody_but_owners_and_hosts_is_refused():
    letter = make_letter()

    for stranger in make_strangers(letter, Role.MODERATOR, Role.EDITOR):
        with pytest.raises(NotAllowed, match="not yours to change"):
            list_roll_in_search(letter=letter, listed=False, actor=stranger)

    assert Letter.objects.get(pk=letter.pk).roll_in_search
    assert audited() == []


# The audit trail ---------------------------------------------------------------------------------


def test_audit_is_dated_by_day(time_machine):
    time_machine.move_to("2026-01-20T23:59:59Z", tick=False)
    letter, bob = make_draft(), make_user("bob")

    entry = audit(verb="x.done", actor=bob, letter=letter, target=7, reason="abuse", number=3)

    assert AuditEntry.objects.values().get() == {
        "id": entry.pk,
        "letter_id": letter.pk,
        "verb": "x.done",
        "actor_id": bob.pk,
        "target": "7",
        "reason": "abuse",
        "number": 3,
        "recorded_on": ON,
    }


def test_audit_survives_its_letter():
    letter = make_draft()
    audit(verb="x.done", actor=None, letter=letter)

    letter.delete()

    assert AuditEntry.objects.get().letter is None
