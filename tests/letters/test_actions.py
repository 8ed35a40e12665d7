"""The verbs of the letters floor. Alice is the host, Bob moderates, Charlie is nobody."""

import pytest
from django.core.exceptions import ValidationError

from letters.actions import NotAllowed, give_role, take_role
from letters.models import AuditEntry, Membership, Role
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "target", "reason"))


def test_give_role_to_a_moderator_opens_the_admin():
    letter, bob = make_letter(), make_user("bob")
    alice = make_user("alice", is_superuser=True)

    membership = give_role(letter=letter, user=bob, role=Role.MODERATOR, actor=alice)

    assert (membership.letter, membership.user, membership.role) == (letter, bob, "moderator")
    bob.refresh_from_db()
    assert bob.is_staff
    assert audited() == [("team.role_given", f"user:{bob.pk}", "moderator")]


def test_give_role_to_an_editor_opens_nothing():
    eve = make_user("eve")

    give_role(letter=make_letter(), user=eve, role=Role.EDITOR, actor=None)

    eve.refresh_from_db()
    assert not eve.is_staff


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
