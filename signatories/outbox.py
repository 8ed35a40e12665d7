"""Whether mail leaves. Of codes, this is known of the whole installation and never of one letter.

A letter's own unsent codes would tell its team in what minute somebody signs. So pages for teams
say of the installation what `/readyz` tells everybody, in two words, and count what came back as
of the last batch. What owners have sent themselves is counted as it leaves: when it does is their
own doing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, Sum

from letters.models import Letter
from signatories.models import ImportState, Mailing, Verification
from signatories.models.mailing import RUNNING

LATE_SECONDS = 5 * 60
MANY_PUT_OFF = 20
PUT_OFF_OF_LATE = 5  # times: in about half an hour (`mail.deferment_after`)
FEW = 5  # Below this a number of subscribers is not told.


def oldest_unsent_seconds(now: datetime) -> int:
    """How long the oldest code that is due has waited; 0 where none waits. Those of mailboxes that
    were put off are due when they are to be asked again."""
    oldest = Verification.objects.unsent().order_by("due_at").values_list("due_at", flat=True)
    first = oldest.first()
    return max(0, int((now - first).total_seconds())) if first else 0


def is_late(now: datetime) -> bool:
    """Whether a code has waited longer than any mail server takes when all is well."""
    return oldest_unsent_seconds(now) > LATE_SECONDS


def puts_everybody_off(now: datetime) -> bool:
    """Whether many mailboxes are put off that were asked of late, and no code has left meanwhile.

    One mailbox that is put off is its own server's matter, and is due again only later.
    """
    put_off = Verification.objects.put_off(now).filter(attempts__lte=PUT_OFF_OF_LATE)
    if put_off[MANY_PUT_OFF - 1 : MANY_PUT_OFF].exists():
        since = now - timedelta(seconds=LATE_SECONDS)
        return not Verification.objects.filter(sent_at__gt=since).exists()
    return False


# What owners have sent --------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """Messages of one kind: how many wait, have left, and were refused."""

    waiting: int
    sent: int
    refused: int

    @classmethod
    def of(cls, sums: dict[str, int | None]) -> "Sent":
        return cls(sums["waiting"] or 0, sums["sent"] or 0, sums["refused"] or 0)


def updates_of(letter: Letter) -> Sent:
    """Updates mailed to those who subscribed, over all mailings of the letter but those to few."""
    owed = Sum(F("total") - F("sent") - F("failed"), filter=Q(state__in=RUNNING))
    mailings = Mailing.objects.of(letter).filter(total__gte=FEW)
    return Sent.of(mailings.aggregate(waiting=owed, sent=Sum("sent"), refused=Sum("failed")))


def invitations_of(letter: Letter) -> Sent:
    """Invitations to people of lists that owners brought, over all imports of the letter."""
    sending = Q(state__in=[ImportState.SENDING, ImportState.PAUSED])
    owed = Sum(F("invited") - F("sent") - F("undeliverable"), filter=sending)
    imports = letter.imports.all()
    return Sent.of(imports.aggregate(waiting=owed, sent=Sum("sent"), refused=Sum("undeliverable")))
