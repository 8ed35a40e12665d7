"""What a check finds."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from letters.models import Organisation
from signatories.checks.readings import readings

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
    is_verified: bool = False

    @cached_property
    def name_readings(self) -> list[str]:
        return readings(self.name)

    @cached_property
    def title_readings(self) -> list[str]:
        return readings(self.title)

    @cached_property
    def organisation_readings(self) -> list[str]:
        return readings(self.organisation_text)
