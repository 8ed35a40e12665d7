"""What accounts may do is changed by hosts who are there, and what is taken is over."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from letters.accounts import actions
from letters.actions import NotAllowed, teams
from letters.models import (
    AuditEntry,
    Invitation,
    Membership,
    Recovery,
    Role,
    TeamInvitation,
    User,
)
from tests.admin_pages import come_in, make_host, make_moderator, text_of
from tests.factories import PASSWORD, make_letter, make_user

pytestmark = pytest.mark.django_db


def trail():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "target", "reason"))


def signed_in(user):
    browser = Client()
    browser.force_login(user)
    actions.note_session(browser.session, user, "")
    return browser


def is_in(browser):
    return browser.get("/accounts/").status_code == 200


# The verbs ------------------------------------------------------------------------------------


def test_change_gives_rights_once_and_records_them():
    harriet, bob = make_host("harriet"), make_user("bob")

    for _time in range(2):
        actions.change(user=bob, wishes={"is_superuser": True, "is_staff": True}, actor=harriet)

    bob.refresh_from_db()
    assert (bob.is_superuser, bob.is_staff, bob.is_active) == (True, True, True)
    target = f"user:{bob.pk}"
    assert trail() == [
        ("account.rights_changed", target, "is_staff: on"),
        ("account.rights_changed", target, "is_superuser: on"),
    ]


def test_change_that_switches_off_ends_sessions_and_links_for_good():
    letter = make_letter()
    harriet, bob = make_host("harriet"), make_host("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.OWNER)
    browser, others = signed_in(bob), signed_in(harriet)
    actions.invite(actor=bob)
    teams.invite(letter=letter, role=Role.OWNER, actor=bob)
    actions.offer_recovery(user=bob, actor=harriet)
    actions.offer_recovery(user=make_user("dora"), actor=bob)

    actions.change(user=bob, wishes={"is_active": False}, actor=harriet)
    actions.change(user=bob, wishes={"is_active": True}, actor=harriet)

    assert (is_in(browser), is_in(others)) == (False, True)
    assert Session.objects.count() == 1
    assert not Invitation.objects.exists()
    assert not TeamInvitation.objects.exists()
    assert not Recovery.objects.exists()


def test_change_that_switches_on_ends_a_session_begun_in_the_moment_of_switching_off():
    harriet, bob = make_host("harriet"), make_user("bob")
    actions.change(user=bob, wishes={"is_active": False}, actor=harriet)
    browser = signed_in(bob)

    actions.change(user=bob, wishes={"is_active": True}, actor=harriet)

    assert not is_in(browser)


def test_change_that_takes_a_right_ends_invitations_of_the_host_that_was():
    harriet, bob = make_host("harriet"), make_host("bob")
    actions.invite(actor=bob)

    actions.change(user=bob, wishes={"is_superuser": False}, actor=harriet)
    actions.change(user=bob, wishes={"is_superuser": True}, actor=harriet)

    assert not Invitation.objects.exists()


def test_change_of_the_name_leaves_sessions_alone():
    harriet, bob = make_host("harriet"), make_user("bob")
    browser = signed_in(bob)

    actions.change(user=bob, wishes={"username": "robin"}, actor=harriet)

    assert User.objects.get(pk=bob.pk).username == "robin"
    assert is_in(browser)
    assert trail() == [("account.renamed", f"user:{bob.pk}", "")]


@pytest.mark.parametrize("name", actions.RIGHTS)
def test_change_of_one_s_own_rights_refuses(name):
    harriet = make_host("harriet")

    with pytest.raises(NotAllowed, match="Another host"):
        actions.change(user=harriet, wishes={name: False}, actor=harriet)

    assert trail() == []


def test_verbs_refuse_whoever_is_no_host_any_more():
    harriet, bob = make_host("harriet"), make_user("bob")
    User.objects.filter(pk=harriet.pk).update(is_superuser=False)  # In this very moment.

    with pytest.raises(NotAllowed, match="Only a host"):
        actions.change(user=bob, wishes={"is_superuser": True}, actor=harriet)
    with pytest.raises(NotAllowed, match="Only a host"):
        actions.delete(user=bob, actor=harriet)

    assert User.objects.filter(username="bob", is_superuser=False).exists()


def test_delete_ends_everything_and_records_it():
    harriet, bob = make_host("harriet"), make_user("bob")
    signed_in(bob)

    actions.delete(user=bob, actor=harriet)

    assert not User.objects.filter(username="bob").exists()
    assert not Session.objects.exists()
    assert trail() == [("account.deleted", f"user:{bob.pk}", "")]
    with pytest.raises(NotAllowed, match="your own"):
        actions.delete(user=harriet, actor=harriet)


# The hosts' pages -------------------------------------------------------------------------------


def test_admin_has_no_page_that_sets_a_password(client):
    host, bob = make_host(), make_user("bob")
    come_in(client, host)
    new = {"password1": "quite another word", "password2": "quite another word"}

    for user in (host, bob):
        for page in (f"{user.pk}/password/", f"{user.pk}/change/", "add/"):
            client.post(f"/admin/letters/user/{page}", {"username": user.username, **new})
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        page = client.get(f"/admin/letters/user/{user.pk}/change/").content.decode()
        assert 'name="password' not in page
        assert f"/user/{user.pk}/password/" not in page
        assert user.password not in page
    assert client.get("/admin/letters/user/add/").status_code == 403
    assert User.objects.count() == 2


@pytest.mark.parametrize("page", ["user/{}/change/", "user/{}/delete/", "membership/add/"])
def test_admin_asks_a_host_who_is_there_before_rights_change(client, page):
    bob = make_moderator("bob", make_letter())
    page = f"/admin/letters/{page.format(bob.pk)}"
    client.force_login(make_host())  # Without having shown anything lately.

    answers = [client.get(page), client.post(page, {"post": "yes", "is_superuser": "on"})]

    assert [answer.status_code for answer in answers] == [302, 302]
    for answer in answers:
        assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.filter(username="bob", is_superuser=False).exists()


def test_admin_asks_again_after_ten_minutes(client):
    bob = make_user("bob")
    come_in(client, make_host())
    page = f"/admin/letters/user/{bob.pk}/change/"
    assert client.get(page).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert client.get(page).status_code == 302


def test_admin_changes_rights_by_the_verb(client):
    bob = make_user("bob")
    browser = signed_in(bob)
    come_in(client, make_host())

    client.post(f"/admin/letters/user/{bob.pk}/change/", {"username": "bob"})

    bob.refresh_from_db()
    assert not bob.is_active
    assert trail() == [("account.rights_changed", f"user:{bob.pk}", "is_active: off")]
    assert not is_in(browser)


def test_admin_keeps_the_host_s_own_rights(client):
    host = make_host()
    come_in(client, host)

    client.post(f"/admin/letters/user/{host.pk}/change/", {"username": "harriet"})
    refused = client.post(f"/admin/letters/user/{host.pk}/delete/", {"post": "yes"})

    host.refresh_from_db()
    assert (host.username, host.is_active, host.is_superuser) == ("harriet", True, True)
    assert refused.status_code == 403


def test_admin_deletes_accounts_one_at_a_time(client):
    bob = make_user("bob")
    come_in(client, make_host())
    ticked = {"_selected_action": bob.pk, "action": "delete_selected", "post": "yes"}

    client.post("/admin/letters/user/", ticked)
    assert User.objects.filter(pk=bob.pk).exists()
    client.post(f"/admin/letters/user/{bob.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=bob.pk).exists()
    assert not Authenticator.objects.filter(user_id=bob.pk).exists()
    assert trail() == [("account.deleted", f"user:{bob.pk}", "")]


def test_admin_list_of_accounts_is_asked_by_its_own_filters_only(client):
    make_user("bob")
    come_in(client, make_host())

    assert "bob" in text_of(client.get("/admin/letters/user/?is_staff__exact=0"))
    for lookup in ("password__startswith", "memberships__letter", "authenticator__data"):
        assert client.get(f"/admin/letters/user/?{lookup}=1").status_code == 400
