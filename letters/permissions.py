"""Who may do what. Rows are fetched through these, never checked afterwards."""

from django.db.models import QuerySet

from letters.models import Letter, Role, User


def moderated_by(user: User) -> QuerySet[Letter]:
    """The letters whose entries this person decides: their own teams' ones, or all for hosts."""
    if not user.is_active:
        return Letter.objects.none()
    if user.is_superuser:
        return Letter.objects.all()
    return Letter.objects.filter(
        memberships__user=user, memberships__role__in=[Role.OWNER, Role.MODERATOR]
    )


def read_by(user: User) -> QuerySet[Letter]:
    """The letters whose settings and audit trail this person may read."""
    if not user.is_active:
        return Letter.objects.none()
    if user.is_superuser:
        return Letter.objects.all()
    return Letter.objects.filter(memberships__user=user)
