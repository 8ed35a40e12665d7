"""Mailing an update to those who subscribed: what the owners of a letter decide about it.

Sending itself is the work of `signatories.actions.delivering`.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import mail
from config.celery import enqueue
from letters.actions import NotAllowed, Overtaken, audit, updates
from letters.models import Letter, Status, Update, User
from letters.permissions import owned_by
from signatories import tasks, update_mail
from signatories.actions.signing import refuse_work_mailbox
from signatories.addresses import Address
from signatories.models import Delivery, Mailing, MailingState, WhyPaused

LONGEST_AHEAD = timedelta(days=365)


@transaction.atomic
def schedule(*, update: Update, send_at: datetime, revision: int, actor: User) -> Mailing:
    """Have an update mailed to all subscribers at that time, or at once where it has come.

    `revision` is that of the text that was read; raises `Overtaken` where another one stands by
    now, and `NotAllowed`. The text is frozen with this. Each update is mailed once: twice is once.
    """
    letter = _letter_of(update, actor)
    found = Mailing.objects.filter(update=update).first()
    if found:
        return found
    _refuse_where_nobody_can_be_written_to(letter)
    if send_at > timezone.now() + LONGEST_AHEAD:
        raise NotAllowed(_("Choose a time within a year."))
    read = Update.objects.filter(pk=update.pk, revision=revision).first()
    if read is None:
        raise Overtaken(_("Somebody has edited this update meanwhile. Read it again first."))
    mailing = Mailing(
        update=read,
        state=MailingState.SCHEDULED,
        send_at=send_at,
        started_by=actor,
        subject=read.title,
        body=read.body,
        source=read.source,
    )
    mailing.full_clean()
    try:
        with transaction.atomic():
            mailing.save()
    except IntegrityError:  # Somebody pressed the button in the same moment.
        return Mailing.objects.get(update=update)
    _audit("mailing.scheduled", mailing, actor)
    if send_at <= timezone.now():
        enqueue(tasks.send_mailing, mailing.pk)
    return mailing


def send_test(*, update: Update, address: Address, actor: User) -> None:
    """Send one message, marked as a test, to an address that is not kept. Raises `NotAllowed`,
    also where the mail server does not take it."""
    if not _owns(actor, update.letter_id):
        raise NotAllowed(_("This letter is not yours to change."))
    refuse_work_mailbox(address)
    try:
        update_mail.send_test(update_mail.Message.of(update), str(address))
    except mail.Refused:
        raise NotAllowed(_("The mail server refuses this mailbox.")) from None
    except mail.Unreachable:
        raise NotAllowed(_("The mail server does not take it now. Nothing was sent.")) from None


@transaction.atomic
def take_back(*, mailing: Mailing, actor: User) -> None:
    """Do not mail it after all: only before the start. Twice is once. Raises `NotAllowed`."""
    _letter_of(mailing.update, actor)
    deleted, _by_model = Mailing.objects.scheduled().filter(pk=mailing.pk).delete()
    if deleted:
        _audit("mailing.taken_back", mailing, actor)
    elif Mailing.objects.filter(pk=mailing.pk).exists():
        raise NotAllowed(_("The mailing has begun. You can pause or cancel it."))


@transaction.atomic
def pause(*, mailing: Mailing, actor: User) -> None:
    """Send nothing more until somebody goes on. Twice is once. Raises `NotAllowed`."""
    _letter_of(mailing.update, actor)
    if stop(mailing, WhyPaused.TEAM):
        _audit("mailing.paused", mailing, actor, WhyPaused.TEAM)


def stop(mailing: Mailing, why: WhyPaused) -> bool:
    """Pause a mailing that is being sent; return whether it was. Whoever sends notices with the
    next message."""
    sending = Mailing.objects.sending().filter(pk=mailing.pk)
    changed = sending.update(
        state=MailingState.PAUSED, why_paused=why, claimed_at=None, not_before=None
    )
    return bool(changed)


@transaction.atomic
def resume(*, mailing: Mailing, actor: User) -> None:
    """Go on where it stopped, with those who were refused as well if that was the reason. Twice
    is once. Raises `NotAllowed`."""
    letter = _letter_of(mailing.update, actor)
    if letter.taken_down_on is not None:
        raise NotAllowed(_("The letter is taken down. Put it back first."))
    paused = Mailing.objects.paused().filter(pk=mailing.pk)
    changed = paused.update(
        state=MailingState.SENDING, why_paused="", refused_in_a_row=0, attempts=0
    )
    if changed:
        if mailing.why_paused == WhyPaused.REFUSED:
            mailing.deliveries.refused().update(was_refused=False)
        _audit("mailing.resumed", mailing, actor)
        enqueue(tasks.send_mailing, mailing.pk)


@transaction.atomic
def cancel(*, mailing: Mailing, actor: User | None) -> None:
    """End it for good: whoever has not got it gets nothing. Twice is once. Raises `NotAllowed`.

    `actor` is an owner or a host, or None for the installation itself.
    """
    if actor is not None:
        _letter_of(mailing.update, actor)
    ended = (
        Mailing.objects.running()
        .filter(pk=mailing.pk)
        .update(
            state=MailingState.CANCELLED,
            why_paused="",
            ended_at=timezone.now(),
            claimed_at=None,
            not_before=None,
        )
    )
    if ended:
        Delivery.objects.filter(mailing=mailing.pk).delete()
        _audit("mailing.cancelled", mailing, actor)


@transaction.atomic
def delete_update(*, update: Update, actor: User) -> None:
    """Take an update off the page, and end its mailing with it. Twice is once. Raises
    `NotAllowed`, also for an editor where the mailing is not over: owners decide about that.

    The mailing is locked before its deliveries, as workers do, and so nobody notes further ones.
    """
    Letter.objects.select_for_update(no_key=True).filter(pk=update.letter_id).first()
    mailing = Mailing.objects.select_for_update().filter(update=update.pk).first()
    if mailing and not mailing.is_over and not _owns(actor, update.letter_id):
        raise NotAllowed(_("Its mailing is not over, and only owners end one. Ask an owner."))
    updates.delete(update=update, actor=actor)


def end_all_of(letter: Letter) -> None:
    """A sealed letter has nobody to write to: what waits is dropped, what runs is cancelled."""
    Mailing.objects.of(letter).scheduled().delete()
    for mailing in Mailing.objects.of(letter).running().select_related("update__letter"):
        cancel(mailing=mailing, actor=None)


def _owns(actor: User, letter_id: int) -> bool:
    return owned_by(actor).filter(pk=letter_id).exists()


def _letter_of(update: Update, actor: User) -> Letter:
    """The update's letter, fetched through what the owner may do, with its row kept as it is."""
    letters = Letter.objects.select_for_update(no_key=True)
    allowed = owned_by(actor).values("pk")
    found = letters.filter(pk=update.letter_id, pk__in=allowed).first()
    if found is None:
        raise NotAllowed(_("This letter is not yours to change."))
    return found


def _refuse_where_nobody_can_be_written_to(letter: Letter) -> None:
    if letter.status == Status.DRAFT:
        raise NotAllowed(_("The letter is not published."))
    if letter.is_sealed:
        raise NotAllowed(_("The letter is sealed, and the addresses are erased with its key."))
    if letter.taken_down_on is not None:
        raise NotAllowed(_("The letter is taken down. Put it back first."))


def _audit(verb: str, mailing: Mailing, actor: User | None, reason: str = "") -> None:
    target = f"update:{mailing.update_id}"
    audit(verb=verb, actor=actor, letter=mailing.update.letter, target=target, reason=reason)
