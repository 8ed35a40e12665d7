"""Who works on a letter: inviting by link, changing roles, leaving. A letter keeps an owner."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto
from letters.actions import NotAllowed, _locked, audit, let_into_admin
from letters.models import Letter, Membership, Role, TeamInvitation, User
from letters.permissions import owned_by, read_by

TEAM = "team"
MOST_INVITATIONS = 50


class InvitationIsOver(NotAllowed):
    """The link was used, taken back, has expired, or never was one."""

    def __init__(self) -> None:
        super().__init__(_("This link has done its work, was taken back, or has expired."))


@transaction.atomic
def invite(*, letter: Letter, role: str, actor: User) -> str:
    """Make a link by which one person can join the team in a role; return its secret.

    `actor` is an owner or a host. Raises `NotAllowed`.
    """
    letter = _locked(letter, actor, owned_by)
    if role not in Role.values:
        raise NotAllowed(_("Choose a role."))
    now = timezone.now()
    TeamInvitation.objects.expired(now).delete()
    if TeamInvitation.objects.open(now).filter(letter=letter).count() >= MOST_INVITATIONS:
        raise NotAllowed(_("So many links are open that you had better take some back first."))
    token = crypto.new_token()
    invitation = TeamInvitation.objects.create(
        letter=letter,
        role=role,
        digest=crypto.digest(TEAM, token),
        made_by=actor,
        expires_at=now + timedelta(days=settings.INVITATION_DAYS),
    )
    target = f"team_invitation:{invitation.pk}"
    audit(verb="team.invited", actor=actor, letter=letter, target=target, reason=role)
    return token


@transaction.atomic
def take_back(*, letter: Letter, pk: int, actor: User) -> None:
    """End an invitation that nobody has used. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    deleted, _by_model = TeamInvitation.objects.filter(letter=letter, pk=pk).delete()
    if deleted:
        target = f"team_invitation:{pk}"
        audit(verb="team.invitation_taken_back", actor=actor, letter=letter, target=target)


def invitation_behind(token: str) -> TeamInvitation | None:
    found = TeamInvitation.objects.open(timezone.now()).select_related("letter", "made_by")
    return found.filter(digest__in=crypto.digests(TEAM, token)).first()


@transaction.atomic
def join(*, token: str, actor: User) -> Membership:
    """Use an invitation up. Who is on the team already keeps the higher of both roles.

    Raises `InvitationIsOver`. A conditional DELETE: of many with one link, one comes in.
    """
    invitation = invitation_behind(token)
    if invitation is None:
        raise InvitationIsOver
    # Somebody with two links who uses both at once, is on the team once.
    list(Letter.objects.select_for_update(no_key=True).filter(pk=invitation.letter_id))
    deleted, _by_model = TeamInvitation.objects.filter(pk=invitation.pk).delete()
    if not deleted:
        raise InvitationIsOver
    letter = invitation.letter
    present = Membership.objects.select_for_update().filter(letter=letter, user=actor).first()
    membership = present or Membership(letter=letter, user=actor, role=invitation.role)
    if present and ORDER.index(Role(invitation.role)) < ORDER.index(Role(present.role)):
        membership.role = invitation.role
    membership.full_clean()
    membership.save()
    let_into_admin(actor)
    _audit("team.joined", membership, actor)
    return membership


ORDER = [Role.OWNER, Role.EDITOR, Role.MODERATOR, Role.PRESS]


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: User) -> Membership:
    """Give a member another role. Twice is once. Raises `NotAllowed`."""
    if role not in Role.values:
        raise NotAllowed(_("Choose a role."))
    membership = _locked_membership(membership, owned_by, actor)
    if membership.role == role:
        return membership
    _refuse_to_lose_the_last_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    _audit("team.role_given", membership, actor)
    return membership


@transaction.atomic
def remove(*, membership: Membership, actor: User) -> None:
    """Take somebody off the team; everybody may take themself off. Raises `NotAllowed`."""
    is_own = membership.user_id == actor.pk
    membership = _locked_membership(membership, read_by if is_own else owned_by, actor)
    _refuse_to_lose_the_last_owner(membership)
    verb = "team.left" if membership.user_id == actor.pk else "team.removed"
    _audit(verb, membership, actor)
    membership.delete()


def _locked_membership(
    membership: Membership, allowed: Callable[[User], QuerySet[Letter]], actor: User
) -> Membership:
    letter = _locked(membership.letter, actor, allowed)
    members = Membership.objects.select_for_update().filter(letter=letter)
    list(members)  # Two owners who step down at once wait for each other.
    found = members.filter(pk=membership.pk).first()
    if found is None:
        raise NotAllowed(_("This person is no longer on the team."))
    return found


def _refuse_to_lose_the_last_owner(membership: Membership) -> None:
    """An owner whose account is closed keeps nothing."""
    owners = Membership.objects.filter(letter=membership.letter_id, role=Role.OWNER)
    others = owners.filter(user__is_active=True).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not others.exists():
        raise NotAllowed(_("A letter keeps an owner. Make somebody else one first."))


def _audit(verb: str, membership: Membership, actor: User) -> None:
    target = f"user:{membership.user_id}"
    audit(verb=verb, actor=actor, letter=membership.letter, target=target, reason=membership.role)
