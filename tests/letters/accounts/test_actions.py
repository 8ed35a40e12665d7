"""Invitations, new accounts, new ways into old ones, and sessions.

Harriet is a host, Alice owns a letter, Bob moderates it, Charlie is nobody.
"""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from config import crypto
from config.sessions import SessionStore, row_key
from letters.accounts import actions
from letters.accounts.credentials import Password
from letters.actions import NotAllowed
from letters.models import AuditEntry, Invitation, Membership, Recovery, Role, User
from tests.factories import PASSWORD, make_letter, make_user
from tests.privacy.witnesses import heap_of_rows

pytestmark = pytest.mark.django_db

NEW = Password("three small stones")


def make_host(**fields):
    return make_user("harriet", is_superuser=True, is_staff=True, **fields)


def make_member(name, letter, role, **fields):
    user = make_user(name, is_staff=True, **fields)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def trail():
    entries = AuditEntry.objects.order_by("pk")
    return list(entries.values_list("verb", "actor__username", "letter__slug", "target"))


def sign_up(token="", username="heron"):
    return actions.sign_up(username=username, credential=NEW, token=token)


# Invitations ----------------------------------------------------------------------------------


def test_invite_makes_a_link_of_which_the_database_has_a_digest_only():
    token = actions.invite(actor=make_host())

    invitation = Invitation.objects.get()
    assert invitation.digest == crypto.digest("invitation", token)
    assert invitation.digest.encode() in heap_of_rows(), "The search must find something."
    assert token.encode() not in heap_of_rows()
    assert trail() == [("account.invited", "harriet", None, f"invitation:{invitation.pk}")]


def test_invite_is_for_hosts_and_the_installation():
    letter = make_letter()
    people = [make_member("alice", letter, Role.OWNER), make_user("charlie")]
    people.append(make_host(is_active=False))

    for actor in people:
        with pytest.raises(NotAllowed):
            actions.invite(actor=actor)

    assert not Invitation.objects.exists()
    assert actions.invite(actor=None)
    assert Invitation.objects.get().made_by is None


def test_invite_while_registration_is_closed_refuses(settings):
    settings.REGISTRATION = "closed"

    with pytest.raises(NotAllowed):
        actions.invite(actor=make_host())

    assert not Invitation.objects.exists()


def test_invite_erases_invitations_that_have_expired(settings):
    with time_machine.travel(timezone.now() - timedelta(days=settings.INVITATION_DAYS)):
        actions.invite(actor=None)

    actions.invite(actor=None)

    assert Invitation.objects.count() == 1


def test_take_back_ends_the_link_once():
    harriet = make_host()
    token = actions.invite(actor=harriet)
    invitation = Invitation.objects.get()

    actions.take_back(invitation=invitation, actor=harriet)
    actions.take_back(invitation=invitation, actor=harriet)

    assert not actions.may_sign_up(token)
    assert [row[0] for row in trail()] == ["account.invited", "account.invitation_taken_back"]


def test_take_back_is_for_hosts():
    actions.invite(actor=None)

    with pytest.raises(NotAllowed):
        actions.take_back(invitation=Invitation.objects.get(), actor=make_user("charlie"))

    assert Invitation.objects.count() == 1


# Making an account ----------------------------------------------------------------------------


def test_sign_up_uses_the_invitation_up_and_gives_no_rights():
    token = actions.invite(actor=None)

    user = sign_up(token)

    assert user.check_password(NEW.text)
    assert not (user.is_staff or user.is_superuser or user.email)
    assert not Invitation.objects.exists()
    assert trail()[1:] == [("account.signed_up", None, None, f"user:{user.pk}")]


def test_sign_up_works_once_for_one_invitation():
    token = actions.invite(actor=None)
    sign_up(token)

    with pytest.raises(actions.LinkIsOver):
        sign_up(token, username="ibis")

    assert User.objects.count() == 1


@pytest.mark.parametrize("registration", ["invitation", "closed"])
def test_sign_up_without_an_invitation_needs_open_registration(settings, registration):
    settings.REGISTRATION = registration

    with pytest.raises(NotAllowed):
        sign_up()

    assert not User.objects.exists()
    settings.REGISTRATION = "open"
    assert sign_up().username == "heron"


def test_sign_up_while_closed_leaves_open_invitations_alone(settings):
    token = actions.invite(actor=None)
    settings.REGISTRATION = "closed"

    with pytest.raises(NotAllowed):
        sign_up(token)

    assert not actions.may_sign_up(token)
    assert Invitation.objects.count() == 1


def test_sign_up_with_an_expired_invitation_refuses(settings):
    token = actions.invite(actor=None)
    later = timezone.now() + timedelta(days=settings.INVITATION_DAYS, minutes=1)

    with time_machine.travel(later), pytest.raises(actions.LinkIsOver):
        sign_up(token)

    assert not User.objects.exists()


def test_sign_up_that_fails_leaves_the_invitation(settings):
    make_user("heron")
    token = actions.invite(actor=None)

    with pytest.raises(ValidationError):
        sign_up(token)

    assert actions.may_sign_up(token)


def test_recovery_link_invites_nobody():
    token = actions.offer_recovery(user=make_user("bob"), actor=None)

    with pytest.raises(actions.LinkIsOver):
        sign_up(token)


# Getting in again -----------------------------------------------------------------------------


def test_offer_recovery_by_a_host_keeps_a_digest_and_audits_each_letter():
    one, two = make_letter(slug="one"), make_letter(slug="two")
    bob = make_member("bob", one, Role.MODERATOR)
    Membership.objects.create(letter=two, user=bob, role=Role.EDITOR)

    token = actions.offer_recovery(user=bob, actor=make_host())

    assert Recovery.objects.get().digest == crypto.digest("recovery", token)
    assert token.encode() not in heap_of_rows()
    target = f"user:{bob.pk}"
    assert sorted(trail()) == [
        ("account.recovery_offered", "harriet", "one", target),
        ("account.recovery_offered", "harriet", "two", target),
    ]


def test_offer_recovery_for_somebody_on_no_team_is_audited_for_hosts():
    charlie = make_user("charlie")

    actions.offer_recovery(user=charlie, actor=make_host())

    assert trail() == [("account.recovery_offered", "harriet", None, f"user:{charlie.pk}")]


def test_offer_recovery_by_the_owner_of_all_letters_of_the_person():
    letter = make_letter()
    bob, alice = (
        make_member(name, letter, role)
        for name, role in (("bob", Role.MODERATOR), ("alice", Role.OWNER))
    )

    assert actions.account_to_recover(actions.offer_recovery(user=bob, actor=alice)) == bob


def test_offer_recovery_between_owners_of_one_letter():
    """The team whose owner has lost the passkey."""
    letter = make_letter()
    alice, olga = (make_member(name, letter, Role.OWNER) for name in ("alice", "olga"))

    assert actions.account_to_recover(actions.offer_recovery(user=olga, actor=alice)) == olga


def refuses(user, actor):
    with pytest.raises(NotAllowed):
        actions.offer_recovery(user=user, actor=actor)
    return not Recovery.objects.exists() and trail() == []


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR])
def test_offer_recovery_by_other_members_refuses(role):
    letter = make_letter()
    bob = make_member("bob", letter, Role.MODERATOR)

    assert refuses(bob, make_member("erin", letter, role))


def test_offer_recovery_by_the_owner_of_another_letter_refuses():
    bob = make_member("bob", make_letter(), Role.MODERATOR)

    assert refuses(bob, make_member("alice", make_letter(), Role.OWNER))


def test_offer_recovery_by_an_owner_does_not_reach_other_teams_letters():
    common, other = make_letter(), make_letter()
    alice = make_member("alice", common, Role.OWNER)
    bob = make_member("bob", common, Role.MODERATOR)
    Membership.objects.create(letter=other, user=bob, role=Role.MODERATOR)

    assert refuses(bob, alice)


def test_offer_recovery_by_an_owner_does_not_reach_a_host():
    letter = make_letter()
    harriet = make_host()
    Membership.objects.create(letter=letter, user=harriet, role=Role.MODERATOR)

    assert refuses(harriet, make_member("alice", letter, Role.OWNER))


def test_offer_recovery_to_oneself_refuses():
    harriet = make_host()

    assert refuses(harriet, harriet)


def test_offer_recovery_without_a_second_factor_of_ones_own_refuses():
    assert refuses(make_user("bob"), make_host(second_factor=False))


def test_offer_recovery_again_ends_the_earlier_link():
    bob = make_user("bob")

    first, second = (actions.offer_recovery(user=bob, actor=None) for _time in range(2))

    assert actions.account_to_recover(first) is None
    assert actions.account_to_recover(second) == bob


def test_recover_ends_every_old_way_in_and_every_session():
    letter = make_letter(slug="one")
    bob = make_member("bob", letter, Role.MODERATOR)
    RecoveryCodes.activate(bob)
    browser = Client()
    browser.force_login(bob)
    actions.note_session(browser.session, bob, "Firefox/1 Linux")
    token = actions.offer_recovery(user=bob, actor=None)

    actions.recover(token=token, credential=NEW)

    bob.refresh_from_db()
    assert (bob.check_password(PASSWORD), bob.check_password(NEW.text)) == (False, True)
    assert not Authenticator.objects.exists()
    assert not Session.objects.exists()
    assert browser.get("/accounts/").status_code == 302
    assert trail()[-1] == ("account.recovered", None, "one", f"user:{bob.pk}")


def test_recover_works_once():
    token = actions.offer_recovery(user=make_user("bob"), actor=None)
    actions.recover(token=token, credential=NEW)

    with pytest.raises(actions.LinkIsOver):
        actions.recover(token=token, credential=Password("another long word"))

    assert User.objects.get().check_password(NEW.text)


def test_recover_with_an_expired_link_changes_nothing(settings):
    token = actions.offer_recovery(user=make_user("bob"), actor=None)
    later = timezone.now() + timedelta(hours=settings.RECOVERY_HOURS, minutes=1)

    with time_machine.travel(later), pytest.raises(actions.LinkIsOver):
        actions.recover(token=token, credential=NEW)

    assert User.objects.get().check_password(PASSWORD)
    assert Authenticator.objects.count() == 1


def test_recover_of_an_account_that_is_switched_off_refuses():
    token = actions.offer_recovery(user=make_user("bob"), actor=None)
    User.objects.update(is_active=False)

    with pytest.raises(actions.LinkIsOver):
        actions.recover(token=token, credential=NEW)


# Sessions -------------------------------------------------------------------------------------


def test_end_sessions_leaves_those_of_others_and_this_one():
    alice, bob = make_user("alice"), make_user("bob")
    browsers = [Client() for _number in range(4)]
    for browser, user in zip(browsers, [alice, alice, alice, bob], strict=True):
        browser.force_login(user)
        actions.note_session(browser.session, user, "")
    here, second, _third, _bobs = browsers
    row = alice.account_sessions.get(session_id=row_key(second.session.session_key))

    def open_ones():
        return [browser.get("/accounts/").status_code == 200 for browser in browsers]

    assert actions.end_sessions(user=alice, only=row.pk) == 1
    assert open_ones() == [True, False, True, True]
    assert actions.end_sessions(user=alice, but=here.session.session_key) == 1
    assert open_ones() == [True, False, False, True]


def test_session_that_has_expired_leaves_the_list():
    alice = make_user("alice")
    browser = Client()
    browser.force_login(alice)
    actions.note_session(browser.session, alice, "")
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))

    SessionStore.clear_expired()

    assert not alice.account_sessions.exists()


# Links of people who may no longer give them ---------------------------------------------------


def test_recovery_ends_when_its_maker_may_no_longer_help():
    letter, other = make_letter(), make_letter()
    alice, bob = make_user("alice"), make_user("bob")
    owner = Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    Membership.objects.create(letter=letter, user=bob, role=Role.MODERATOR)
    token = actions.offer_recovery(user=bob, actor=alice)
    assert actions.account_to_recover(token) == bob

    Membership.objects.create(letter=other, user=bob, role=Role.OWNER)
    assert actions.account_to_recover(token) is None
    Membership.objects.filter(letter=other).delete()
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    assert actions.account_to_recover(token) is None
    User.objects.filter(pk=bob.pk).update(is_superuser=False)
    owner.delete()
    assert actions.account_to_recover(token) is None


def test_invitation_ends_with_the_account_or_the_rights_of_its_host(settings):
    settings.REGISTRATION = "invitation"
    host = make_user("harriet", is_superuser=True)
    token = actions.invite(actor=host)
    assert actions.may_sign_up(token)

    for change in ({"is_active": False}, {"is_superuser": False}):
        User.objects.filter(pk=host.pk).update(is_active=True, is_superuser=True)
        User.objects.filter(pk=host.pk).update(**change)
        assert not actions.may_sign_up(token)
