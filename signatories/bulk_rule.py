"""A rule by which a moderator means many entries of one letter.

It must not find out about anonymous entries what their lines do not say. Whoever asks for words,
an organisation, a method or a day is answered with named entries only; anonymous ones answer to
flags, to the risk, and to being anonymous.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letters.models import Letter, Organisation
from signatories.flags import LOOK_CLOSELY
from signatories.models import NAMELESS, FlagKind, Method
from signatories.models.patterns import reads
from signatories.models.selecting import SignatureQuerySet

MOST_STARS = 5  # Each one multiplies what the database may have to try.
NAMED, ANONYMOUS = "named", "anonymous"
WAITING, SET_ASIDE = "waiting", "set_aside"
STATES = {WAITING: gettext_lazy("in review"), SET_ASIDE: gettext_lazy("set aside")}
APPEARANCES = {NAMED: gettext_lazy("with a name"), ANONYMOUS: gettext_lazy("without a name")}
RISKS = {
    "none": (gettext_lazy("nothing speaks against it"), Q(risk=0)),
    "some": (gettext_lazy("something to look at"), Q(risk__gt=0, risk__lt=LOOK_CLOSELY)),
    "high": (gettext_lazy("something speaks against it"), Q(risk__gte=LOOK_CLOSELY)),
}


@dataclass(frozen=True)
class Rule:
    """What is asked for; an empty field asks for nothing."""

    state: str = WAITING
    appearance: str = ""
    name: str = ""
    title: str = ""
    organisation: str = ""
    method: str = ""
    confirmed_from: date | None = None
    confirmed_to: date | None = None
    flag: str = ""
    risk: str = ""

    @property
    def is_about_names(self) -> bool:
        """Whether it asks for something that no anonymous entry answers."""
        return any((self.name, self.title, self.organisation)) or self._asks_for_facts

    @property
    def asks_for_something(self) -> bool:
        """A pattern of nothing but stars asks for nothing."""
        words = (self.name, self.title, self.organisation)
        is_narrow = any(one.strip("* ") for one in words) or self._asks_for_facts
        return is_narrow or any((self.appearance, self.flag, self.risk))

    @property
    def _asks_for_facts(self) -> bool:
        return bool(self.method or self.confirmed_from or self.confirmed_to)

    def entries(self, letter: Letter) -> SignatureQuerySet:
        """The entries it means now: of those that a moderator sees."""
        return self._meant(letter.signatures.for_moderators().in_review())

    def unchecked(self, letter: Letter) -> SignatureQuerySet:
        """What it means beside them that nobody has compared yet, and no moderator sees."""
        return self._meant(letter.signatures.awaiting_check())

    def _meant(self, entries: SignatureQuerySet) -> SignatureQuerySet:
        found = entries.filter(self._conditions())
        found = found.set_aside() if self.state == SET_ASIDE else found.not_set_aside()
        if self.is_about_names or self.appearance == NAMED:
            found = found.not_appearing(NAMELESS)
        elif self.appearance == ANONYMOUS:
            found = found.anonymous()
        return found

    def _conditions(self) -> Q:
        wanted = Q()
        for field in ("name", "title"):
            if getattr(self, field):
                wanted &= Q(reads(field, getattr(self, field)))
        if self.organisation:
            wanted &= self._organisation()
        if self.method:
            wanted &= Q(method=self.method)
        if self.confirmed_from:
            wanted &= Q(confirmed_on__gte=self.confirmed_from)
        if self.confirmed_to:
            wanted &= Q(confirmed_on__lte=self.confirmed_to)
        if self.flag:
            wanted &= Q(flags__kind=self.flag)
        return wanted & RISKS[self.risk][1] if self.risk else wanted

    def _organisation(self) -> Q:
        """The listed one of this name or spelling, or whatever was typed so."""
        listed = Organisation.objects.named(self.organisation)
        typed = Q(reads("organisation_text", self.organisation))
        return typed | Q(organisation=listed) if listed else typed

    def as_json(self) -> dict[str, str]:
        asked = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: str(value) for name, value in asked.items() if value}

    @classmethod
    def from_json(cls, asked: dict[str, str]) -> "Rule":
        days: dict[str, Any] = {
            name: date.fromisoformat(value)
            for name, value in asked.items()
            if name.startswith("confirmed_")
        }
        return cls(**{**asked, **days})

    def in_words(self) -> list[tuple[str, str]]:
        """(what is asked for, what it has to be), for people."""
        said = [
            (_("State"), STATES[self.state]),
            (_("Appearance"), APPEARANCES.get(self.appearance, "")),
            (_("Name"), self.name),
            (_("Title"), self.title),
            (_("Organisation"), self.organisation),
            (_("Method"), Method(self.method).label if self.method else ""),
            (_("Confirmed from"), self.confirmed_from and date_format(self.confirmed_from)),
            (_("Confirmed until"), self.confirmed_to and date_format(self.confirmed_to)),
            (_("Flag"), FlagKind(self.flag).label if self.flag else ""),
            (_("Risk"), RISKS[self.risk][0] if self.risk else ""),
        ]
        return [(what, str(value)) for what, value in said if value]
