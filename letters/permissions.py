"""Who may do what. Rows are fetched through these, never checked afterwards."""

from django.db.models import QuerySet

from letters.models import Letter, Role, User


def moderated_by(user: User) -> QuerySet[Letter]:
    """The letters whose entries this person decides: their own teams' ones, or all for hosts."""
    return _with_role(user, Role.OWNER, Role.MODERATOR)


def edited_by(user: User) -> QuerySet[Letter]:
    """The letters whose text this person may change."""
    return _with_role(user, Role.OWNER, Role.EDITOR)


def owned_by(user: User) -> QuerySet[Letter]:
    """The letters that this person may close, reopen and seal."""
    return _with_role(user, Role.OWNER)


def read_by(user: User) -> QuerySet[Letter]:
    """The letters whose settings and audit trail this person may read."""
    return _with_role(user, *Role)


def _with_role(user: User, *roles: Role) -> QuerySet[Letter]:
    """The letters on whose team this person has one of the roles; for hosts, all."""
    if not user.is_active:
        return Letter.objects.none()
    if user.is_superuser:
        return Letter.objects.all()
    return Letter.objects.filter(memberships__user=user, memberships__role__in=roles)
