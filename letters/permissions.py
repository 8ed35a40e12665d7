"""Who may do what. Rows are fetched through these, never checked afterwards."""

from django.db.models import Q, QuerySet

from letters.models import (
    Letter,
    Notice,
    NoticeKind,
    Organisation,
    Proposal,
    Role,
    User,
    Visibility,
)
from letters.models.notice import NoticeQuerySet


def moderated_by(user: User) -> QuerySet[Letter]:
    """The letters whose entries this person decides: their own teams' ones, or all for hosts."""
    return _with_role(user, Role.OWNER, Role.MODERATOR)


def edited_by(user: User) -> QuerySet[Letter]:
    """The letters whose text this person may change."""
    return _with_role(user, Role.OWNER, Role.EDITOR)


def owned_by(user: User) -> QuerySet[Letter]:
    """The letters that this person may close, reopen and seal."""
    return _with_role(user, Role.OWNER)


def lists_kept_by(user: User) -> QuerySet[Letter]:
    """The letters whose lists of names and words this person may read and change."""
    return _with_role(user, Role.OWNER, Role.EDITOR, Role.MODERATOR)


def approved_by(user: User) -> QuerySet[Letter]:
    """The letters that wait for this person, a host, to let them appear."""
    if user.is_active and user.is_superuser:
        return Letter.objects.filter(submitted_on__isnull=False)
    return Letter.objects.none()


def read_by(user: User) -> QuerySet[Letter]:
    """The letters whose settings and audit trail this person may read."""
    return _with_role(user, *Role)


def names_read_by(user: User) -> QuerySet[Letter]:
    """The letters whose names this person may read: what everybody reads, of an internal letter
    whoever decides entries. Others on its team prove a mailbox inside, like any reader."""
    moderated = Q(pk__in=moderated_by(user).values("pk"))
    return read_by(user).filter(moderated | ~Q(visibility=Visibility.INTERNAL))


# Of what somebody is told who may not read everything about a letter.
TOLD_TO_EDITORS = (NoticeKind.SUBMITTED, NoticeKind.RETURNED)
TOLD_TO_MODERATORS = (NoticeKind.WAITING, NoticeKind.PRESSURE)
TOLD_TO_OWNERS = (NoticeKind.REJECTION,)
TOLD_TO_HOSTS = (NoticeKind.APPROVAL,)
NARROW = (*TOLD_TO_EDITORS, *TOLD_TO_MODERATORS, *TOLD_TO_OWNERS, *TOLD_TO_HOSTS)


def kinds_told(user: User, letter: Letter | None) -> list[NoticeKind]:
    """Of what this person is told about a letter; without one, of what a host is about all."""
    if letter is None:
        return list(TOLD_TO_HOSTS) if user.is_active and user.is_superuser else []
    told: set[NoticeKind] = set()
    if read_by(user).filter(pk=letter.pk).exists():
        told |= set(NoticeKind) - set(NARROW)
    if edited_by(user).filter(pk=letter.pk).exists():
        told |= set(TOLD_TO_EDITORS)
    if moderated_by(user).filter(pk=letter.pk).exists():
        told |= set(TOLD_TO_MODERATORS)
    if owned_by(user).filter(pk=letter.pk).exists():
        told |= set(TOLD_TO_OWNERS)
    return [kind for kind in NoticeKind if kind in told]


def notices_read_by(user: User) -> NoticeQuerySet:
    """This person's news, as far as they may know of them still."""
    own = Notice.objects.filter(user=user)
    if not user.is_active or user.is_superuser:
        return own if user.is_active else own.none()
    editors = Q(occasion__kind__in=TOLD_TO_EDITORS, occasion__letter__in=edited_by(user))
    moderators = Q(occasion__kind__in=TOLD_TO_MODERATORS, occasion__letter__in=moderated_by(user))
    owners = Q(occasion__kind__in=TOLD_TO_OWNERS, occasion__letter__in=owned_by(user))
    readers = ~Q(occasion__kind__in=NARROW) & Q(occasion__letter__in=read_by(user))
    return own.filter(editors | moderators | owners | readers)


def organisations_kept_by(user: User) -> QuerySet[Organisation]:
    """The organisations this person may change: hosts all, because each serves every letter."""
    if user.is_active and user.is_superuser:
        return Organisation.objects.all()
    return Organisation.objects.none()


def proposals_decided_by(user: User) -> QuerySet[Proposal]:
    """The proposed names this person may see and decide: those that stand under no letter but
    the ones whose entries they decide.

    A name under several teams' letters is for hosts: another team's letter may be internal,
    and the decision changes its entries too.
    """
    if user.is_active and user.is_superuser:
        return Proposal.objects.all()
    own = moderated_by(user)
    others = Letter.objects.exclude(pk__in=own.values("pk"))
    found = Proposal.objects.exclude(letters__in=others)
    return found.filter(pk__in=Proposal.objects.filter(letters__in=own).values("pk"))


def _with_role(user: User, *roles: Role) -> QuerySet[Letter]:
    """The letters on whose team this person has one of the roles; for hosts, all."""
    if not user.is_active:
        return Letter.objects.none()
    if user.is_superuser:
        return Letter.objects.all()
    return Letter.objects.filter(memberships__user=user, memberships__role__in=roles)


def recoverable_by(user: User) -> QuerySet[User]:
    """The accounts that this person may help to get in again.

    Hosts help everybody but themselves. Owners help those who are on teams of their own
    letters only: a new way into an account opens all that the account may do, so that an
    owner would otherwise reach other teams' letters through it, or a host's.
    """
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    if not user.is_active:
        return User.objects.none()
    if user.is_superuser:
        return others
    elsewhere = Letter.objects.exclude(pk__in=owned_by(user).values("pk"))
    return (
        others.filter(is_superuser=False, memberships__letter__in=owned_by(user))
        .exclude(memberships__letter__in=elsewhere)
        .distinct()
    )
