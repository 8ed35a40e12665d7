"""Who may do what. Alice owns, Bob moderates, Eve edits, Charlie is nobody."""

import pytest

from letters.models import Letter, Membership, Role
from letters.permissions import edited_by, moderated_by, owned_by, read_by
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

TEAM = {"alice": Role.OWNER, "bob": Role.MODERATOR, "eve": Role.EDITOR}


@pytest.mark.parametrize(
    ("person", "account", "may"),
    [
        ("alice", {}, "own edit moderate read"),
        ("bob", {}, "moderate read"),
        ("eve", {}, "edit read"),
        ("charlie", {}, ""),
        ("charlie", {"is_staff": True}, ""),
        ("alice", {"is_active": False}, ""),
        ("bob", {"is_active": False}, ""),
        ("eve", {"is_active": False}, ""),
    ],
)
def test_members_see_their_own_letter_by_role(person, account, may):
    letter, _other = make_letter(), make_letter()
    user = make_user(person, **account)
    if person in TEAM:
        Membership.objects.create(letter=letter, user=user, role=TEAM[person])

    found = {"own": owned_by, "edit": edited_by, "moderate": moderated_by, "read": read_by}

    assert {name: list(letters(user)) for name, letters in found.items()} == {
        name: [letter] * (name in may.split()) for name in found
    }


@pytest.mark.parametrize(("is_active", "sees"), [(True, 2), (False, 0)])
def test_hosts_see_all_letters_while_their_account_is_active(is_active, sees):
    make_letter(), make_letter()
    host = make_user("alice", is_superuser=True, is_active=is_active)

    counts = [found(host).count() for found in (owned_by, edited_by, moderated_by, read_by)]
    assert counts == [sees] * 4


def test_members_of_several_letters_see_each_once():
    letters = [make_letter(), make_letter(), make_letter()]
    bob, alice = make_user("bob"), make_user("alice")
    for letter in letters[:2]:
        Membership.objects.create(letter=letter, user=bob, role=Role.MODERATOR)
        Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)

    assert sorted(letter.pk for letter in moderated_by(bob)) == [one.pk for one in letters[:2]]
    assert moderated_by(bob).count() == read_by(bob).count() == 2


def test_membership_with_different_roles_does_not_mix_letters():
    first, second = make_letter(), make_letter()
    bob = make_user("bob")
    Membership.objects.create(letter=first, user=bob, role=Role.EDITOR)
    Membership.objects.create(letter=second, user=bob, role=Role.MODERATOR)

    assert list(moderated_by(bob)) == [second]
    assert set(read_by(bob)) == set(Letter.objects.all())


def test_membership_taken_away_opens_nothing():
    letter, bob = make_letter(), make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.OWNER).delete()

    for found in (owned_by, edited_by, moderated_by, read_by):
        assert not found(bob).exists()
