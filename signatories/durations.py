"""How long we keep what: the one source, from the settings, for pages, inventory and docs."""

from datetime import date, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import ratelimit
from signatories.actions import batches

AN_HOUR = timedelta(hours=1)


def kept() -> dict[str, str]:
    """How long each thing is kept, in words: a short name → "kept until …"."""
    return {
        "code": _("%(minutes)d minutes after it was sent; a mailbox gets at most %(codes)s a day")
        % {
            "minutes": settings.CODE_MINUTES,
            "codes": settings.RATE_LIMITS["code:mailbox"].split("/")[0],
        },
        "anonymous address": _("confirmation; without one, at most %(hours)d hours")
        % {"hours": settings.UNCONFIRMED_ANONYMOUS_HOURS},
        "named address": _("confirmation; without one, at most %(hours)d hours")
        % {"hours": settings.UNCONFIRMED_NAMED_HOURS},
        "anonymous hours": _("%(hours)d hours") % {"hours": settings.UNCONFIRMED_ANONYMOUS_HOURS},
        "other address": _("the code is typed; without that, at most %(hours)d hours")
        % {"hours": settings.UNCONFIRMED_ANONYMOUS_HOURS},
        "day key": _("at most %(anonymous)d hours (by name: %(named)d) after its day began")
        % settings.KEY_HOURS,
        "confirmed address": _("not kept"),
        "digest": _("until the letter is sealed; on a signature by name, until it is withdrawn"),
        "letter key": _(
            "until the letter is sealed: %(days)d days after it closed, or before that by its owner"
        )
        % {"days": settings.SEALING_DAYS},
        "signature": _("until you withdraw it"),
        "leaving line": ngettext(
            "the next batch, at most %(hours)d hour later",
            "the next batch, at most %(hours)d hours later",
            hours_between_batches(),
        )
        % {"hours": hours_between_batches()},
        "wish to be named": _("confirmation; without one, at most %(hours)d hours")
        % {"hours": settings.UNCONFIRMED_ANONYMOUS_HOURS},
        "duplicate": _("%(days)d days") % {"days": settings.DUPLICATE_DAYS},
        "rejected": _("%(days)d days, for an objection, and as many again after one")
        % {"days": settings.REJECTED_DAYS},
        "subscription": _("until you unsubscribe, or the letter is sealed"),
        "invitation": _("answered or taken back, at most %(hours)d hours after the file came")
        % {"hours": settings.UNCONFIRMED_NAMED_HOURS},
        "invited": _(
            "at most %(days)d days; until the letter is sealed, if you want no other invitation"
        )
        % {"days": settings.INVITED_DAYS},
        "vouch": _("used or taken back, at most %(days)d days") % {"days": settings.VOUCH_DAYS},
        "network": _("in memory only, at most %(hours)d hours")
        % {"hours": ratelimit.SECONDS["d"] // 3600},
        "reading": _("its decision, at most %(minutes)d minutes after a moderator opened it")
        % {"minutes": settings.READING_MINUTES},
        "bulk": _("at most %(days)d days; a preview that nobody confirmed, %(previews)d days")
        % {"days": settings.BULK_DAYS, "previews": settings.BULK_PREVIEW_DAYS + 1},
        "member": _("at most %(hours)d hours") % {"hours": settings.MEMBER_HOURS},
        "login": _("it is answered, at most %(minutes)d minutes")
        % {"minutes": settings.LOGIN_MINUTES},
        "decisions": _("for good; no names in them"),
        "news": _("at most %(days)d days") % {"days": settings.NOTICE_DAYS},
        "session": _("log-out or the end of the browser, at most %(hours)d hours")
        % {"hours": settings.SESSION_COOKIE_AGE // 3600},
    }


def table() -> list[tuple[str, str]]:
    """Rows of (what, kept until) for people who sign."""
    until = kept()
    return [
        (_("A code"), until["code"]),
        (_("The address of an anonymous entry"), until["anonymous address"]),
        (_("The address of an entry by name"), until["named address"]),
        (_("An address typed for anything else"), until["other address"]),
        (_("An address after confirmation"), until["confirmed address"]),
        (_("A keyed digest of the address, so that nobody signs twice"), until["digest"]),
        (_("The letter’s key, under which digests are made"), until["letter key"]),
        (_("Your signature"), until["signature"]),
        (_("An anonymous line that was withdrawn"), until["leaving line"]),
        (_("A name that was to replace an anonymous line"), until["wish to be named"]),
        (_("A second entry under an address that has signed"), until["duplicate"]),
        (_("The name of a rejected entry"), until["rejected"]),
        (_("A subscription to updates, with its address"), until["subscription"]),
        (_("A link that you gave to a colleague"), until["vouch"]),
        (_("A name and address that organisers brought, to invite you"), until["invitation"]),
        (_("A keyed digest of a mailbox that was invited"), until["invited"]),
        (
            _("A scrambled form of your network, against floods of false entries"),
            until["network"],
        ),
        (_("What moderators decided, and the public numbers"), until["decisions"]),
    ]


def hours_between_batches() -> int:
    """The most that lies between two batches of a letter, in hours begun."""
    if settings.BATCH_INTERVAL == "daily":
        return batches.LONGEST_INTERVAL // AN_HOUR
    return -(-timedelta(seconds=int(settings.BATCH_INTERVAL)) // AN_HOUR)


def sealed_by_itself_on(closed_on: date | None) -> date | None:
    """The day on which a letter is sealed that was closed then, unless it is reopened."""
    return closed_on + timedelta(days=settings.SEALING_DAYS) if closed_on else None
