"""The invitation: a mail to the private address of somebody who said that they want to sign.

Its link proves the mailbox, as the button does in the mail with a code. The row is the outbox:
whatever happens to queue, worker or mail server, a periodic sweep finds again what is due.
"""

import json
import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, keys, mail
from letters.actions import audit
from letters.models import Letter
from signatories import addresses, roll
from signatories.columns import Person
from signatories.models import Import, ImportState, Invited, InvitedMailbox, Signature, Tenure
from signatories.verification.mailbox import ticket_digest

logger = logging.getLogger(__name__)

SWEEPS_A_MINUTE = 3
REFUSALS_TO_PAUSE = 20


class InvitationGone(Exception):
    """The invitation was answered, taken back, or has expired."""


def why_not(letter: Letter) -> str:
    """What keeps people from being invited to sign this letter; nothing if they may be."""
    if letter.is_internal:
        return _(
            "This letter is for members of an organisation. Only a mailbox there proves that "
            "somebody is one, and such a mailbox gets no invitation: send the link to the letter "
            "yourself."
        )
    if not letter.is_open:
        return _("Nobody can sign the letter now, so nobody can be invited.")
    if not letter.allows_named:
        return _(
            "This letter is signed anonymously only. Invitations are for people who sign by name."
        )
    if not letter.accepts_unverified:
        return _(
            "This letter takes verified affiliations only. Invitations go to private mailboxes, "
            "which prove none."
        )
    return ""


# What is kept -------------------------------------------------------------------------------


def packed(person: Person, key: bytes) -> bytes:
    """A person as `Invited.content` has it, under the key of the day of the import."""
    said = {**asdict(person), "address": str(person.address)}
    return crypto.encrypt_under(key, json.dumps(said).encode())


def person_of(invited: Invited) -> Person:
    """Raises `keys.KeyLost` or `crypto.Unreadable` where nobody can read it any more."""
    key = keys.read("day", invited.source.key_name)
    said = json.loads(crypto.decrypt_under(key, bytes(invited.content)))
    local, _at, domain = said.pop("address").rpartition("@")
    return Person(addresses.Address(local, domain), **said)


def line_of(person: Person) -> roll.Line:
    """The line that the person would get: a private mailbox proves no affiliation."""
    return roll.line(
        Signature(
            name=person.name,
            title=person.title,
            organisation_text=person.organisation,
            tenure=Tenure.CURRENT if person.organisation else "",
        )
    )


def by_token(token: str) -> Invited | None:
    """The invitation that a link leads to, while it can be answered."""
    found = Invited.objects.select_related("source__letter__current_version").filter(
        token_digest__in=crypto.digests("invitation", token),
        source__erase_after__gt=timezone.now(),
    )
    return found.first()


def use_up(invited: Invited) -> None:
    """A conditional DELETE: of two answers at once, one finds nothing to delete.

    Whoever answers a mail of which we do not know yet that it left has got it. It counts as sent
    then: one that never did would tell the organisers that somebody has answered.
    """
    own = Invited.objects.filter(pk=invited.pk)
    is_unsent = own.unsent().exists()
    if is_unsent:
        _hold(invited)
        is_unsent = own.unsent().exists()
    deleted, _by_model = own.delete()
    if not deleted:
        raise InvitationGone
    if is_unsent:
        _count(invited, "sent")
        note_written(invited, written_on=timezone.localdate())


# Sending ------------------------------------------------------------------------------------


def send(invited_id: str) -> None:
    """Send one invitation, if it is still due and nobody else is at it.

    A crash between claim and mark repeats the mail in flight and loses none.
    """
    token, ticket = crypto.new_token(), mail.new_ticket()
    invited = _claim(invited_id, token, ticket)
    if invited is None:
        return
    try:
        _mail(invited, token, ticket)
    except (keys.KeyLost, crypto.Unreadable) as error:
        logger.error("An invitation cannot be read: %s", error)
    except mail.Refused:
        _mark(invited, is_refused=True)
    except mail.Unreachable as error:
        _put_back(invited, error)
    else:
        _mark(invited)


@transaction.atomic
def _claim(invited_id: str, token: str, ticket: str) -> Invited | None:
    """Take it for this worker and set its new link, in one conditional UPDATE. From now on the
    mailbox counts as written to: a crash may hide whether it was."""
    found = Invited.objects.select_related("source__letter").filter(pk=invited_id).first()
    if found is None or why_not(found.source.letter):
        return None
    _hold(found)
    now = timezone.now()
    due = Invited.objects.due(now).filter(pk=invited_id)
    digests = {
        "token_digest": crypto.digest("invitation", token),
        "ticket_digest": ticket_digest(ticket),
    }
    if not due.update(claimed_at=now, **digests):
        return None
    note_written(found, written_on=timezone.localdate())
    if InvitedMailbox.objects.refusing().filter(**_mailbox(found)).exists():
        # Nobody writes to it; and it counts like any other, because organisers are not told.
        Invited.objects.filter(pk=invited_id).delete()
        _count(found, "sent")
        return None
    found.claimed_at = now
    return found


def _mail(invited: Invited, token: str, ticket: str) -> None:
    person, letter = person_of(invited), invited.source.letter
    if not person.address.is_private:
        # The list of mail providers has become shorter: this counts as a work mailbox now.
        raise mail.Refused
    context = {
        "letter": letter,
        "letter_url": settings.SITE_URL + letter.get_absolute_url(),
        "line": line_of(person),
        "invitation_url": settings.SITE_URL + reverse("signer:invitation", args=[token]),
        "until": invited.source.erase_after,
        "site_host": settings.SITE_HOST,
    }
    mail.send("signatories/mail/invitation", str(person.address), context, ticket=ticket)


@transaction.atomic
def _mark(invited: Invited, *, is_refused: bool = False) -> None:
    """It has left; or the mail server refuses the mailbox for good, and the row goes."""
    _hold(invited)
    same = Invited.objects.filter(pk=invited.pk, claimed_at=invited.claimed_at)
    if is_refused:
        is_marked = bool(same.delete()[0])
    else:
        is_marked = bool(same.update(sent_at=timezone.now(), retry_at=None))
    if is_marked:
        _count(invited, "undeliverable" if is_refused else "sent")
    if is_marked and is_refused:
        _pause_where_most_are_refused(invited.source)


@transaction.atomic
def take_back_returned(invited: Invited) -> bool:
    """A mail server took the invitation and sent it back: as if it had refused the mailbox.

    Returns whether it was still there; whoever has answered meanwhile has got it.
    """
    _hold(invited)
    own = Invited.objects.filter(pk=invited.pk)
    counted_as_sent = own.filter(sent_at__isnull=False).exists()
    if not own.delete()[0]:
        return False
    if counted_as_sent:
        Import.objects.filter(pk=invited.source_id).update(sent=F("sent") - 1)
    _count(invited, "undeliverable")
    _pause_where_most_are_refused(invited.source)
    return True


def _pause_where_most_are_refused(source: Import) -> None:
    """A list of guessed addresses, or a provider that takes nothing from our server: to go on
    would erase everybody on it. Asked again after as many more."""
    sending = Import.objects.in_state(ImportState.SENDING).filter(pk=source.pk)
    found = sending.filter(undeliverable__gt=F("sent")).first()
    if found and found.undeliverable % REFUSALS_TO_PAUSE == 0:
        sending.update(state=ImportState.PAUSED)
        audit(
            verb="import.paused",
            actor=None,
            letter=source.letter,
            target=source.pk,
            reason="refused",
        )


def _count(invited: Invited, what: str) -> None:
    Import.objects.filter(pk=invited.source_id).update(**{what: F(what) + 1})


def note_written(invited: Invited, **note: Any) -> None:
    """For some time nobody writes to this mailbox again about this letter."""
    InvitedMailbox.objects.filter(**_mailbox(invited)).update(**note)


def _mailbox(invited: Invited) -> dict[str, Any]:
    return {"letter": invited.source.letter, "digest": invited.digest}


def _hold(invited: Invited) -> None:
    """Whoever cancels or erases the import locks it first too, and then its people."""
    Import.objects.select_for_update().filter(pk=invited.source_id).first()


@transaction.atomic
def _put_back(invited: Invited, error: mail.Unreachable) -> None:
    _hold(invited)
    delay = mail.delay_after(invited.attempts)
    own = Invited.objects.filter(pk=invited.pk, claimed_at=invited.claimed_at)
    if own.update(retry_at=timezone.now() + delay, claimed_at=None, attempts=F("attempts") + 1):
        note_written(invited, written_on=None)
    logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())


def unsent(now: datetime) -> list[str]:
    """Ids of invitations that are due and may leave now: a third of those of a minute, less
    where others have left within it. However often somebody asks, the same ones come first
    until they are claimed; so a pile of sweeps after an outage lets no more of them leave.

    By their random keys: the order of the spreadsheet is nobody's business.
    """
    a_minute = settings.INVITATIONS_PER_MINUTE
    left = a_minute - Invited.objects.claimed_since(now - timedelta(minutes=1)).count()
    rows = Invited.objects.due(now).order_by("pk").values_list("pk", flat=True)
    return [str(pk) for pk in rows[: max(0, min(left, a_minute // SWEEPS_A_MINUTE))]]
