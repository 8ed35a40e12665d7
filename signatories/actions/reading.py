"""Marking which entry a moderator looks at, so that others go on with another one."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.deadlocks import tried_again
from letters.actions import NotAllowed
from letters.models import User
from letters.permissions import moderated_by
from signatories.models import BulkEntry, Prominence, Reading, Signature


def by_another(signature: Signature, moderator: User) -> Reading | None:
    """Who else has the entry open now."""
    others = Reading.objects.running(timezone.now()).by_others(moderator)
    return others.filter(signature=signature).select_related("moderator").first()


@tried_again
@transaction.atomic
def claim(*, signature: Signature, actor: User) -> bool:
    """Mark that this moderator looks at the entry; False if another one does already.

    It is not audited: who read what is nobody's business once it is decided. Raises `NotAllowed`
    for a moderator of another letter.
    """
    if not _is_theirs(signature, actor):
        raise NotAllowed(_("This entry is no longer here, or is not yours to decide."))
    now = timezone.now()
    until = now + timedelta(minutes=settings.READING_MINUTES)
    Reading.objects.expired(now).delete()
    if Reading.objects.filter(signature=signature, moderator=actor).update(until=until):
        return True
    try:
        with transaction.atomic():
            Reading.objects.create(signature=signature, moderator=actor, until=until)
    except IntegrityError:  # Somebody else was first, or the entry is gone.
        return False
    return True


def leave(*, signature: Signature, actor: User) -> None:
    """The moderator looks at something else."""
    Reading.objects.filter(signature=signature, moderator=actor).delete()


def _is_theirs(signature: Signature, actor: User) -> bool:
    entries = Signature.objects.for_moderators().filter(letter__in=moderated_by(actor))
    return entries.filter(pk=signature.pk).exists()


def forget_work_on(signature: Signature) -> None:
    """Delete what stands beside an entry because people worked on it, as deleting it would."""
    for model in (Prominence, Reading, BulkEntry):
        model.objects.filter(signature=signature).delete()
