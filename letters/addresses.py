"""Mail addresses: how they are read, and when two of them are one mailbox."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from letters.mail_domains import free_mail_domains
from letters.models import Organisation

LONGEST = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets.
GMAIL = {"gmail.com", "googlemail.com"}


class NotAnAddress(ValueError):
    """The message says, for the person who typed it, what is wrong."""


@dataclass(frozen=True)
class Address:
    """An address that mail can be sent to: lower case, domain in ASCII."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_private(self) -> bool:
        """Whether a public mail provider runs the mailbox. All others count as work mailboxes."""
        return self.domain in free_mail_domains()

    @property
    def hidden(self) -> str:
        """Enough for its owner to recognise it: "w•••@orrery.example"."""
        return f"{self.local[0]}•••@{self.domain}"

    def mailbox(self) -> str:
        """One string for all spellings of one mailbox.

        Tags after + are dropped, dots for Gmail only, and the domains that an organisation
        uses for the same mailboxes are folded together.
        """
        local = self.local.split("+", 1)[0] or self.local
        if self.domain in GMAIL:
            return f"{local.replace('.', '')}@gmail.com"
        owned = Organisation.objects.owning(self.domain)
        return f"{local}@{owned.mailbox_domain if owned else self.domain}"


def read(typed: str) -> Address:
    """Read a typed address; raise `NotAnAddress`. Nothing is looked up on the network."""
    typed = typed.strip()
    if len(typed) > LONGEST:
        raise NotAnAddress(_what_is_wrong(typed))
    try:
        valid = validate_email(
            typed,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=settings.DEBUG,
        )
    except EmailNotValidError:
        raise NotAnAddress(_what_is_wrong(typed)) from None
    return Address(valid.local_part.lower(), valid.ascii_domain.lower())


def _what_is_wrong(typed: str) -> str:
    if "@" not in typed:
        return _("Enter a complete address, such as name@example.org. This one has no @.")
    local, _at, domain = typed.rpartition("@")
    if not local:
        return _("Enter a complete address, such as name@example.org. Nothing stands before the @.")
    if len(local) > 64 or len(typed) > LONGEST:
        return _("This address is longer than mail allows.")
    if not local.isascii():
        return _("We can only write to addresses with plain letters before the @.")
    if re.search(r"[\s,;<>\"]", typed):
        return _("Enter one address, such as name@example.org, without spaces or brackets.")
    if "." not in domain:
        return _("Enter a complete address, such as name@example.org. This one ends too early.")
    return _("Enter a complete address, such as name@example.org.")
