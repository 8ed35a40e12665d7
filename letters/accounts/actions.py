"""The verbs about accounts. No link is stored, only its digest."""

from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto
from config.second_factor import has_second_factor
from config.sessions import row_key
from letters.accounts.browsers import browser_of
from letters.accounts.credentials import Passkey, Password
from letters.actions import NotAllowed, audit
from letters.models import (
    AccountMail,
    AccountSession,
    Invitation,
    Letter,
    Recovery,
    TeamInvitation,
    User,
)
from letters.permissions import recoverable_by

INVITATION, RECOVERY = "invitation", "recovery"
RIGHTS = ("is_active", "is_staff", "is_superuser")


class LinkIsOver(NotAllowed):
    """The link was used, taken back, has expired, or never was one."""

    def __init__(self) -> None:
        super().__init__(_("This link has done its work, was taken back, or has expired."))


# Invitations --------------------------------------------------------------------------------


@transaction.atomic
def invite(*, actor: User | None) -> str:
    """Make a link by which somebody can make one account, and return its secret.

    `actor` is a host, or None for the installation itself. Raises `NotAllowed`.
    """
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host can invite."))
    if settings.REGISTRATION == "closed":
        raise NotAllowed(_("Nobody can make an account here: registration is closed."))
    now = timezone.now()
    Invitation.objects.expired(now).delete()
    token = crypto.new_token()
    invitation = Invitation.objects.create(
        digest=crypto.digest(INVITATION, token),
        made_by=actor,
        expires_at=now + timedelta(days=settings.INVITATION_DAYS),
    )
    audit(verb="account.invited", actor=actor, target=f"invitation:{invitation.pk}")
    return token


@transaction.atomic
def take_back(*, invitation: Invitation, actor: User) -> None:
    """End an invitation that nobody has used. Twice is once. Raises `NotAllowed`."""
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host can take an invitation back."))
    deleted, _by_model = Invitation.objects.filter(pk=invitation.pk).delete()
    if deleted:
        audit(
            verb="account.invitation_taken_back",
            actor=actor,
            target=f"invitation:{invitation.pk}",
        )


def may_sign_up(token: str) -> bool:
    """Whether a new account can be made here, with this invitation or, if empty, without one."""
    if settings.REGISTRATION == "invitation" and token:
        return _invitations(token, timezone.now()).exists()
    return settings.REGISTRATION == "open"


@transaction.atomic
def sign_up(
    *, username: str, credential: Password | Passkey, token: str, number: int | None = None
) -> User:
    """Make an account, and use the invitation up where one is needed.

    `number` is the account's, where a passkey was made for it. Raises `NotAllowed`, for a link
    that is over `LinkIsOver`.
    """
    if settings.REGISTRATION == "invitation":
        # Conditional: of two who use the same link at once, one finds nothing to delete.
        deleted, _by_model = _invitations(token, timezone.now()).delete()
        if not deleted:
            raise LinkIsOver
    elif settings.REGISTRATION != "open":
        raise NotAllowed(_("Nobody can make an account here: registration is closed."))
    user = User(pk=number, username=username)
    user.set_unusable_password()
    user.full_clean()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:  # Somebody took the name in the same moment.
        raise NotAllowed(_("Somebody has this name already. Choose another one.")) from error
    credential.give_to(user)
    audit(verb="account.signed_up", actor=None, target=f"user:{user.pk}")
    return user


def _invitations(token: str, now: datetime) -> QuerySet[Invitation]:
    by_a_host = Q(made_by__isnull=True) | Q(made_by__is_active=True, made_by__is_superuser=True)
    links = Invitation.objects.open(now).filter(by_a_host)
    return links.filter(digest__in=crypto.digests(INVITATION, token))


# Getting in again ---------------------------------------------------------------------------


@transaction.atomic
def offer_recovery(*, user: User, actor: User | None) -> str:
    """Make a link by which `user` can enter again, and return its secret.

    An earlier link to the same account ends. `actor` is a host, an owner of all letters on
    whose teams the person is, or None for whoever runs the installation; people need a second
    factor for it. Raises `NotAllowed`.
    """
    if actor is not None and not has_second_factor(actor):
        raise NotAllowed(_("Set up a second factor for your own account first."))
    if actor is not None and not recoverable_by(actor).filter(pk=user.pk).exists():
        raise NotAllowed(_("This account is not yours to help. Ask a host."))
    token = crypto.new_token()
    Recovery.objects.update_or_create(
        user=user,
        defaults={
            "digest": crypto.digest(RECOVERY, token),
            "made_by": actor,
            "expires_at": timezone.now() + timedelta(hours=settings.RECOVERY_HOURS),
        },
    )
    _audit_for_teams("account.recovery_offered", user, actor)
    return token


def account_to_recover(token: str) -> User | None:
    """The account, as long as whoever made the link may still help it: it may do more by now, or
    its helper less."""
    found = _recoveries(token, timezone.now()).select_related("user", "made_by").first()
    if found is None or not found.made_by:
        return found.user if found else None
    return recoverable_by(found.made_by).filter(pk=found.user_id).first()


@transaction.atomic
def recover(*, token: str, credential: Password | Passkey) -> User:
    """Give the account behind the link a new way in; every old one ends, and every session;
    the address for notices is forgotten.

    Raises `LinkIsOver`.
    """
    user = account_to_recover(token)
    # Conditional: of two who use the same link at once, one finds nothing to delete.
    deleted, _by_model = _recoveries(token, timezone.now()).delete()
    if user is None or not deleted:
        raise LinkIsOver
    Authenticator.objects.filter(user=user).delete()
    # Whoever gave the link is not to learn where somebody's mail goes.
    AccountMail.objects.filter(user=user).delete()
    end_sessions(user=user)
    credential.give_to(user)
    _audit_for_teams("account.recovered", user, actor=None)
    return user


def _recoveries(token: str, now: datetime) -> QuerySet[Recovery]:
    found = Recovery.objects.open(now).filter(user__is_active=True)
    return found.filter(digest__in=crypto.digests(RECOVERY, token))


def _audit_for_teams(verb: str, user: User, actor: User | None) -> None:
    """One entry for each letter of the person, so that all its owners see it; else for hosts."""
    letters: list[Letter | None] = list(Letter.objects.filter(memberships__user=user))
    for letter in letters or [None]:
        audit(verb=verb, actor=actor, letter=letter, target=f"user:{user.pk}")


# Rights -------------------------------------------------------------------------------------


@transaction.atomic
def change(*, user: User, wishes: dict[str, Any], actor: User) -> User:
    """Rename an account, give it rights or take them, switch it off or on. Twice is once.

    Hosts do that, and what an account may do only for others, so that a host is left. An account
    that loses a right, or is switched on again, is signed out everywhere, and the links that it
    made are over: they would work again on the day it gets the right back. Raises `NotAllowed`.
    """
    user = _locked_by_host(user, actor)
    changed = [name for name in wishes if getattr(user, name) != wishes[name]]
    rights = [name for name in RIGHTS if name in changed]
    if rights and user.pk == actor.pk:
        raise NotAllowed(_("Another host has to change what your own account may do."))
    for name in changed:
        setattr(user, name, wishes[name])
    user.full_clean(exclude=["password"])
    user.save(update_fields=changed)
    target = f"user:{user.pk}"
    for name in rights:
        reason = f"{name}: {'on' if wishes[name] else 'off'}"
        audit(verb="account.rights_changed", actor=actor, target=target, reason=reason)
    if "username" in changed:
        audit(verb="account.renamed", actor=actor, target=target)
    if "is_active" in rights or not all(wishes[name] for name in rights):
        _leave_nothing_open(user)
    return user


@transaction.atomic
def delete(*, user: User, actor: User) -> None:
    """Delete an account that the trail does not name as an actor. Raises `NotAllowed`."""
    user = _locked_by_host(user, actor)
    if user.pk == actor.pk:
        raise NotAllowed(_("Another host has to delete your own account."))
    _leave_nothing_open(user)
    audit(verb="account.deleted", actor=actor, target=f"user:{user.pk}")
    user.delete()


def _locked_by_host(user: User, actor: User) -> User:
    """The account under a lock. Of two hosts who switch each other off at once, one is late."""
    both = User.objects.select_for_update().filter(pk__in=[user.pk, actor.pk]).order_by("pk")
    found = {one.pk: one for one in both}
    host = found.get(actor.pk)
    if host is None or not (host.is_active and host.is_superuser):
        raise NotAllowed(_("Only a host can change an account."))
    if user.pk not in found:
        raise NotAllowed(_("There is no such account any more."))
    return found[user.pk]


def _leave_nothing_open(user: User) -> None:
    end_sessions(user=user)
    for links in (Invitation, TeamInvitation, Recovery):
        links.objects.filter(made_by=user).delete()
    Recovery.objects.filter(user=user).delete()


# Sessions -----------------------------------------------------------------------------------


def note_session(session: SessionBase, user: User, user_agent: str) -> None:
    """Put a session that has just begun on the account's list."""
    session.save()
    AccountSession.objects.update_or_create(
        session_id=row_key(session.session_key),
        defaults={
            "user": user,
            "browser": browser_of(user_agent),
            "began_on": timezone.localdate(),
        },
    )


def end_sessions(*, user: User, but: str | None = None, only: int | None = None) -> int:
    """Sign the account out everywhere, everywhere but where the cookie has the key `but`, or
    in one place; return in how many."""
    ended = AccountSession.objects.filter(user=user).exclude(session_id=row_key(but))
    if only is not None:
        ended = ended.filter(pk=only)
    keys = list(ended.values_list("session_id", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
