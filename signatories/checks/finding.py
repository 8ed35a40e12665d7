"""What a check finds."""

import uuid
from dataclasses import dataclass

from letters.models import Organisation

LONGEST_DETAIL = 120  # As long as a `Flag` can say.


@dataclass(frozen=True)
class Finding:
    """One reason to look twice: its kind, what its words name, and the entry that is alike."""

    kind: str
    detail: str = ""
    other: uuid.UUID | None = None


@dataclass(frozen=True)
class Words:
    """What somebody wrote, as the checks read it."""

    name: str
    title: str = ""
    organisation: Organisation | None = None
    organisation_text: str = ""
