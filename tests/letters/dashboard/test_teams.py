"""Teams: links that work once, roles, and an owner who stays."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import NotAllowed, teams
from letters.models import AuditEntry, Membership, Role, TeamInvitation, User
from tests.factories import make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def alice(letter):
    return member(letter, "alice", Role.OWNER)


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def role_of(user):
    found = Membership.objects.filter(user=user).first()
    return found.role if found else None


def test_link_lets_one_person_join_in_its_role(letter, alice):
    token = teams.invite(letter=letter, role=Role.MODERATOR, actor=alice)
    bob, charlie = make_user("bob"), make_user("charlie")
    assert token not in str(list(TeamInvitation.objects.values()))

    membership = teams.join(token=token, actor=bob)

    assert (membership.letter, membership.role, bob.is_staff) == (letter, "moderator", True)
    with pytest.raises(teams.InvitationIsOver):
        teams.join(token=token, actor=charlie)
    assert role_of(charlie) is None
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", "actor__username", "reason")
    assert list(verbs) == [
        ("team.invited", "alice", "moderator"),
        ("team.joined", "bob", "moderator"),
    ]


@pytest.mark.parametrize(
    ("has", "gets", "expected"),
    [("owner", "press", "owner"), ("press", "editor", "editor"), ("editor", "editor", "editor")],
)
def test_link_never_lowers_a_role(letter, alice, has, gets, expected):
    bob = member(letter, "bob", has)

    teams.join(token=teams.invite(letter=letter, role=gets, actor=alice), actor=bob)

    assert role_of(bob) == expected


def test_link_ends_when_it_is_taken_back_or_expires(letter, alice, time_machine):
    taken, late = (teams.invite(letter=letter, role="press", actor=alice) for _each in range(2))
    other = make_letter()
    first = TeamInvitation.objects.order_by("pk").first()
    with pytest.raises(NotAllowed):
        teams.take_back(letter=other, pk=first.pk, actor=alice)
    for _twice in range(2):
        teams.take_back(letter=letter, pk=first.pk, actor=alice)
    time_machine.move_to(timezone.now() + timedelta(days=8))

    for token in (taken, late, "x" * 43):
        with pytest.raises(teams.InvitationIsOver):
            teams.join(token=token, actor=make_user(f"bob {token[:5]}"))


@pytest.mark.parametrize("role", ["editor", "moderator", "press", None])
def test_inviting_and_giving_roles_is_for_owners(letter, alice, role):
    bob = member(letter, "bob", role) if role else make_user("bob")
    membership = letter.memberships.get(user=bob if role else alice)

    with pytest.raises(NotAllowed):
        teams.invite(letter=letter, role="owner", actor=bob)
    with pytest.raises(NotAllowed):
        teams.change_role(membership=membership, role="owner", actor=bob)
    with pytest.raises(NotAllowed):
        teams.remove(membership=letter.memberships.get(user=alice), actor=bob)

    assert (role_of(alice), role_of(bob)) == ("owner", role)
    assert not TeamInvitation.objects.exists()


def test_owner_of_another_letter_changes_nothing_here(letter, alice):
    eve = member(make_letter(), "eve", Role.OWNER)

    for act in (
        lambda: teams.invite(letter=letter, role="press", actor=eve),
        lambda: teams.remove(membership=letter.memberships.get(user=alice), actor=eve),
        lambda: teams.change_role(
            membership=letter.memberships.get(user=alice), role="press", actor=eve
        ),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert role_of(alice) == "owner"


def test_letter_keeps_an_owner(letter, alice):
    membership = letter.memberships.get(user=alice)

    with pytest.raises(NotAllowed, match="keeps an owner"):
        teams.remove(membership=membership, actor=alice)
    with pytest.raises(NotAllowed, match="keeps an owner"):
        teams.change_role(membership=membership, role="editor", actor=alice)

    bob = member(letter, "bob", Role.OWNER)
    teams.remove(membership=membership, actor=alice)
    assert (role_of(alice), role_of(bob)) == (None, "owner")


def test_member_leaves_and_an_owner_removes(letter, alice):
    bob, erin = member(letter, "bob", Role.MODERATOR), member(letter, "erin", Role.EDITOR)

    teams.remove(membership=letter.memberships.get(user=bob), actor=bob)
    teams.remove(membership=letter.memberships.get(user=erin), actor=alice)

    assert (role_of(bob), role_of(erin)) == (None, None)
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["team.left", "team.removed"]


@pytest.mark.parametrize("loss", ["removed", "lowered", "closed"])
def test_links_of_whoever_owns_no_more_let_nobody_in(letter, alice, loss):
    """Else who was put out comes back in by a link made before."""
    bob = member(letter, "bob", Role.OWNER)
    token = teams.invite(letter=letter, role=Role.OWNER, actor=bob)
    membership = letter.memberships.get(user=bob)

    if loss == "removed":
        teams.remove(membership=membership, actor=alice)
    elif loss == "lowered":
        teams.change_role(membership=membership, role=Role.PRESS, actor=alice)
    else:
        User.objects.filter(pk=bob.pk).update(is_active=False)

    with pytest.raises(teams.InvitationIsOver):
        teams.join(token=token, actor=bob)
    assert role_of(bob) == {"removed": None, "lowered": "press", "closed": "owner"}[loss]
    browser = Client()
    browser.force_login(alice)
    assert list(browser.get("/manage/letters/library/team/").context["invitations"]) == []


def test_links_of_an_owner_of_another_letter_and_of_hosts(letter, alice):
    """One who owns two letters invites to each; a host invites to all."""
    other = make_letter()
    Membership.objects.create(letter=other, user=alice, role=Role.OWNER)
    host = make_user("harriet", is_superuser=True)
    tokens = [
        teams.invite(letter=letter, role=Role.PRESS, actor=alice),
        teams.invite(letter=other, role=Role.PRESS, actor=host),
    ]
    other.memberships.get(user=alice).delete()

    for token in tokens:
        teams.join(token=token, actor=make_user(f"bob {token[:5]}"))


def test_owner_whose_account_is_closed_keeps_no_letter(letter, alice):
    bob = member(letter, "bob", Role.OWNER)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    with pytest.raises(NotAllowed, match="keeps an owner"):
        teams.remove(membership=letter.memberships.get(user=alice), actor=alice)

    teams.remove(membership=letter.memberships.get(user=bob), actor=alice)
    assert (role_of(alice), role_of(bob)) == ("owner", None)


def test_open_links_are_bounded(letter, alice, time_machine):
    for _each in range(teams.MOST_INVITATIONS):
        teams.invite(letter=letter, role=Role.PRESS, actor=alice)

    with pytest.raises(NotAllowed, match="take some back"):
        teams.invite(letter=letter, role=Role.PRESS, actor=alice)

    time_machine.move_to(timezone.now() + timedelta(days=8))
    teams.invite(letter=letter, role=Role.PRESS, actor=alice)
    assert TeamInvitation.objects.count() == 1


def test_change_role_twice_is_once_and_the_trail_has_it(letter, alice):
    membership = letter.memberships.get(user=member(letter, "bob", Role.PRESS))

    for _twice in range(2):
        teams.change_role(membership=membership, role=Role.EDITOR, actor=alice)

    found = AuditEntry.objects.values_list("verb", "actor__username", "target", "reason")
    assert list(found) == [("team.role_given", "alice", f"user:{membership.user_id}", "editor")]


def test_remove_of_somebody_who_has_gone_is_refused(letter, alice):
    membership = letter.memberships.get(user=member(letter, "bob", Role.PRESS))
    teams.remove(membership=membership, actor=alice)

    with pytest.raises(NotAllowed, match="no longer on the team"):
        teams.remove(membership=membership, actor=alice)


def test_unknown_role_is_refused(letter, alice):
    with pytest.raises(NotAllowed, match="Choose a role"):
        teams.invite(letter=letter, role="king", actor=alice)
    with pytest.raises(NotAllowed, match="Choose a role"):
        teams.change_role(membership=letter.memberships.get(), role="king", actor=alice)


# The pages ----------------------------------------------------------------------------------


def test_page_shows_a_link_once_and_whoever_has_it_joins(letter, alice):
    browser = Client()
    browser.force_login(alice)
    page = browser.post("/manage/letters/library/team/", {"do": "invite", "role": "editor"})
    link = page.context["link"]
    assert link.endswith("/") and "/manage/join/" in link
    assert link not in browser.get("/manage/letters/library/team/").content.decode()
    path = link[link.index("/manage/") :]
    other = Client()
    assert other.get(path).url.startswith("/accounts/login/")
    bob = make_user("bob")
    other.force_login(bob)

    asked = other.get(path)
    assert "invites you to the team" in words(asked)
    assert role_of(bob) is None
    joined = other.post(path)

    assert joined.url == "/manage/letters/library/"
    assert role_of(bob) == "editor"
    assert other.get(path).status_code == 404


def test_page_changes_roles_of_its_own_team_only(letter, alice):
    stranger = member(make_letter(), "eve", Role.EDITOR)
    browser = Client()
    browser.force_login(alice)
    number = Membership.objects.get(user=stranger).pk

    page = browser.post(
        "/manage/letters/library/team/", {"do": f"role:{number}", f"role-{number}": "press"}
    )

    assert "no longer on the team" in words(page)
    assert role_of(stranger) == "editor"


@pytest.mark.parametrize(
    "wish", ["", "role:x", "remove:", "remove:99999999999999999999", "remove:" + "9" * 5000, "x:1"]
)
def test_page_answers_nonsense_in_words(letter, alice, wish):
    browser = Client()
    browser.force_login(alice)

    assert browser.post("/manage/letters/library/team/", {"do": wish}).status_code in (200, 302)
    assert role_of(alice) == "owner"
