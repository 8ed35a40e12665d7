"""Sending a notice to the address of an account."""

import logging

from django.conf import settings
from django.urls import reverse

from config import mail
from letters import news, outbox
from letters.accounts.codes import address_of
from letters.actions.noticing import about, choice_of, is_wanted, link_token
from letters.addresses import Address
from letters.models import AccountMail, Notice
from letters.permissions import notices_read_by

logger = logging.getLogger(__name__)


def send_notice(pk: int) -> float | None:
    """Send one notice, if it is still due and nobody else is at it.

    Whether its reader is still to get it is asked at the last moment: who has left a team, was
    removed, switched the kind off or took the address away gets nothing more. Returns the
    seconds after which to try again, or None. A crash between claim and mark repeats the mail
    in flight and loses none.
    """
    notice = outbox.claim(Notice, pk)
    if notice is None:
        return None
    to = _destination(notice)
    if to is None:
        outbox.drop(notice)
        return None
    try:
        _mail(notice, to)
    except mail.Refused:
        logger.warning("Notice %s was refused", pk)
        outbox.drop(notice)
        return None
    except mail.Unreachable as error:
        return outbox.put_back(notice, error)
    outbox.mark_sent(notice)
    return None


def _destination(notice: Notice) -> Address | None:
    """Where the mail goes; None where its reader is to get none."""
    user, occasion = notice.user, notice.occasion
    if not notices_read_by(user).filter(pk=notice.pk).exists():
        return None
    if not is_wanted(user, about(occasion.kind, occasion.letter), occasion.kind):
        return None
    confirmed = AccountMail.objects.confirmed().filter(user=user).first()
    return address_of(confirmed) if confirmed else None


def _mail(notice: Notice, to: Address) -> None:
    user, occasion = notice.user, notice.occasion
    choice = choice_of(user, about(occasion.kind, occasion.letter), occasion.kind)
    off = settings.SITE_URL + reverse("account_notices_off", args=[link_token(choice)])
    context: dict[str, object] = {
        "title": occasion.letter.title,
        "sentence": news.sentence(occasion),
        "day": occasion.day,
        "kind": occasion.get_kind_display(),
        "page_url": settings.SITE_URL + news.page_of(occasion),
        "off_url": off,
        "mail_url": settings.SITE_URL + reverse("account_mail"),
    }
    # RFC 8058: the program that shows the mail can switch this kind off by one POST.
    one_click = {
        "List-Unsubscribe": f"<{off}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    mail.send("notices/mail/notice", str(to), context, headers=one_click)
