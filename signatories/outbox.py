"""Whether mail leaves: of the whole installation, and never of one letter or one person.

A letter's own unsent codes would tell its team in what minute somebody signs. So pages for teams
say of the installation what `/readyz` tells everybody, in two words, and count what came back as
of the last batch.
"""

from datetime import datetime

from signatories.models import Verification

LATE_SECONDS = 5 * 60


def oldest_unsent_seconds(now: datetime) -> int:
    """How long the oldest code that is due has waited; 0 where none waits."""
    oldest = Verification.objects.unsent().order_by("due_at").values_list("due_at", flat=True)
    first = oldest.first()
    return max(0, int((now - first).total_seconds())) if first else 0


def is_late(now: datetime) -> bool:
    """Whether a code has waited longer than any mail server takes when all is well."""
    return oldest_unsent_seconds(now) > LATE_SECONDS
