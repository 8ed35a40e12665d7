"""Pausing the signing of a letter, or of all of them, and asking browsers for a check.

A pause is another thing than closing. Codes that were sent still confirm, and so do invitations;
review, batches, updates and clocks go on, and nobody is told that anything ended.
"""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, _locked, audit
from letters.models import Letter, SiteSwitch, Status, User
from letters.permissions import moderated_by


class Paused(NotAllowed):
    """Signing pauses; whoever tried can come back later."""


def is_paused(letter: Letter) -> bool:
    """Whether no new entry is taken under this letter for now, by its team or by the host."""
    return Letter.objects.paused().filter(pk=letter.pk).exists()


def refuse_while_paused(letter: Letter) -> None:
    """Raise `Paused` with what to tell whoever wants to sign now."""
    if is_paused(letter):
        raise Paused(_("Signing pauses at the moment. Please come back later."))


# One letter -------------------------------------------------------------------------------


@transaction.atomic
def pause(*, letter: Letter, actor: User | None) -> Letter:
    """Take no new entries for now. `actor` decides entries of the letter. Twice is once. Raises
    `NotAllowed`."""
    letter = _locked(letter, actor, moderated_by)
    if letter.signing_paused_on is not None:
        return letter
    if letter.status != Status.PUBLISHED:
        raise NotAllowed(_("Only a letter that takes signatures can be paused."))
    letter.signing_paused_on = timezone.localdate()
    letter.save(update_fields=["signing_paused_on"])
    audit(verb="letter.paused", actor=actor, letter=letter)
    return letter


@transaction.atomic
def resume(*, letter: Letter, actor: User | None) -> Letter:
    """Undo `pause`. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, moderated_by)
    if letter.signing_paused_on is None:
        return letter
    letter.signing_paused_on = None
    letter.save(update_fields=["signing_paused_on"])
    audit(verb="letter.resumed", actor=actor, letter=letter)
    return letter


@transaction.atomic
def ask_for_check(*, letter: Letter, always: bool, actor: User | None) -> Letter:
    """Ask every browser for the check, or only under pressure. Twice is once. Raises
    `NotAllowed`."""
    letter = _locked(letter, actor, moderated_by)
    if letter.asks_for_check == always:
        return letter
    letter.asks_for_check = always
    letter.save(update_fields=["asks_for_check"])
    verb = "letter.check_always" if always else "letter.check_under_pressure"
    audit(verb=verb, actor=actor, letter=letter)
    return letter


# The installation -------------------------------------------------------------------------


def site_paused_on() -> date | None:
    return SiteSwitch.objects.all().signing_paused_on()


@transaction.atomic
def pause_site(*, actor: User | None) -> bool:
    """Take no new entries under any letter. `actor` is a host, or None for the operator. Returns
    whether anything changed: twice is once. Raises `NotAllowed`."""
    _only_for_hosts(actor)
    SiteSwitch.objects.get_or_create(pk=SiteSwitch.ONLY)
    changed = SiteSwitch.objects.filter(signing_paused_on__isnull=True).update(
        signing_paused_on=timezone.localdate()
    )
    if changed:
        audit(verb="site.paused", actor=actor)
    return bool(changed)


@transaction.atomic
def resume_site(*, actor: User | None) -> bool:
    """Undo `pause_site`; letters that their teams paused stay so. Twice is once. Raises
    `NotAllowed`."""
    _only_for_hosts(actor)
    changed = SiteSwitch.objects.filter(signing_paused_on__isnull=False).update(
        signing_paused_on=None
    )
    if changed:
        audit(verb="site.resumed", actor=actor)
    return bool(changed)


def _only_for_hosts(actor: User | None) -> None:
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host pauses the whole site."))
