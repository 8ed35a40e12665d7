"""How long we keep what: the one table, from the settings, for pages and docs."""

from django.conf import settings
from django.utils.translation import gettext as _


def table() -> list[tuple[str, str]]:
    """Rows of (what, kept until)."""
    return [
        (
            _("A code"),
            _("%(minutes)d minutes after it was sent; a mailbox gets at most %(codes)s a day")
            % {
                "minutes": settings.CODE_MINUTES,
                "codes": settings.RATE_LIMITS["code:mailbox"].split("/")[0],
            },
        ),
        (
            _("The address of an anonymous entry"),
            _("confirmation; without one, at most %(hours)d hours")
            % {"hours": settings.UNCONFIRMED_ANONYMOUS_HOURS},
        ),
        (
            _("The address of an entry by name"),
            _("confirmation; without one, at most %(hours)d hours")
            % {"hours": settings.UNCONFIRMED_NAMED_HOURS},
        ),
        (_("An address after confirmation"), _("not kept")),
        (
            _("A keyed digest of the address, so that nobody signs twice"),
            _("until the letter is sealed; on a signature by name, until it is withdrawn"),
        ),
        (
            _("A second entry under an address that has signed"),
            _("%(days)d days") % {"days": settings.DUPLICATE_DAYS},
        ),
        (
            _("The name of a rejected entry"),
            _("%(days)d days, for an objection") % {"days": settings.REJECTED_DAYS},
        ),
        (
            _("A scrambled form of your network, against floods of false entries"),
            _("in memory only, at most 24 hours"),
        ),
        (_("What moderators decided, and the public numbers"), _("for good; no names in them")),
    ]
