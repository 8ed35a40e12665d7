"""Two moderators at their desks, through the pages of the admin.

They see what a page shows and nothing else: the line and the flags in words. What they make of it
is modelled: they follow the guidance, and recognise four out of five jokes and names without sense
that no flag points at. A click is a click or a key pressed; reading takes the seconds given here.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import reverse

from letters.models import Letter, User
from signatories.models import Flag, FlagKind
from tests.mix.crowd import JOKES

READ_CLEAR = 2.0  # seconds for a line against which nothing speaks
READ_FLAGGED = 8.0
PER_CLICK = 1.0
SHIFT = 3600.0  # seconds at the desk each time
BY_RULE_FROM = 20  # entries with the same flag, from which on a rule is quicker
LIST = reverse("admin:signatories_signature_changelist")
CONSONANTS = re.compile(r"[^aeiouy\W\d_]+", re.IGNORECASE)
WITHOUT_SENSE = 7  # consonants in a row, the longest rows of both words together

IMPERSONATION = (FlagKind.WELL_KNOWN, FlagKind.RECIPIENT, FlagKind.TITLE)
JOKE = (FlagKind.JOKE, FlagKind.ABUSE)


class Moderator:
    def __init__(self, user: User, letter: Letter, seed: int) -> None:
        self.letter, self.dice = letter, random.Random(seed)
        self.client = Client()
        self.client.force_login(user)
        self.clicks = self.decided = 0
        self.seconds = 0.0
        self.decisions: Counter[str] = Counter()

    def shift(self) -> Iterator[None]:
        """Work until nothing waits, or the hour is over; pause after each page for the other."""
        self.began = self.seconds
        while self._has_time() and self._clear_page():
            yield
        self._by_rule()
        yield  # Whoever decides by rule sees it done before going on.
        while self._has_time() and self._flagged_page():
            yield

    def _has_time(self) -> bool:
        return self.seconds - self.began < SHIFT

    def _takes(self, seconds: float, clicks: int) -> None:
        self.clicks += clicks
        self.seconds += seconds + clicks * PER_CLICK

    def _rows(self, **wish: str) -> list[dict[str, Any]]:
        answer = self.client.get(LIST, {"letter": self.letter.slug, **wish})
        assert answer.status_code == 200, answer.status_code
        return list(answer.context.get("rows", []))

    # What nothing speaks against: a page at a time ----------------------------------------------

    def _clear_page(self) -> bool:
        rows = self._rows(risk="clear")
        free = [row for row in rows if not row.looked_at]
        if not free:
            return False
        odd = [row for row in free if self._looks_odd(row.line.name)]
        fine = [str(row.entry.pk) for row in free if row not in odd]
        self._takes(READ_CLEAR * len(free), 0)
        if fine:
            self._approve(fine, unticked=len(odd))
        for row in odd:
            self._decide(row, "reject", reason="not_a_person", keys=3)
        return True

    def _approve(self, keys: list[str], unticked: int) -> None:
        answer = self.client.post(
            f"{LIST}?letter={self.letter.slug}&risk=clear",
            {"action": "approve_selected", "_selected_action": keys, "index": "0"},
        )
        assert answer.status_code == 302, answer.status_code
        self.decided += len(keys)
        self.decisions["approve"] += len(keys)
        self._takes(0, 2 + unticked)  # All of the page, then what is odd not, then the button.

    def _looks_odd(self, name: str) -> bool:
        return (name in JOKES or is_gibberish(name)) and self.dice.random() < 0.8

    # The rest: one by one, or by rule where there are many ---------------------------------------

    def _flagged_page(self) -> bool:
        free = [row for row in self._rows() if not row.looked_at]
        if not free:
            return False
        for row in free:
            if not self._has_time():
                break
            kinds = set(Flag.objects.filter(signature=row.entry).values_list("kind", flat=True))
            self._takes(READ_FLAGGED, 0)
            if kinds & set(IMPERSONATION):
                self._decide(row, "reject", reason="impersonation", keys=3)
            elif kinds & set(JOKE) or self._looks_odd(row.line.name):
                self._decide(row, "reject", reason="not_a_person", keys=3)
            elif self._is_double(row, kinds):
                self._decide(row, "reject", reason="repeated", keys=3)
            elif FlagKind.SCRIPTS in kinds or FlagKind.DISPOSABLE in kinds:
                self._decide(row, "reject", reason="not_a_person", keys=3)
            else:
                self._decide(row, "approve", keys=1)
        return True

    def _is_double(self, row: Any, kinds: set[str]) -> bool:
        """The same or a similar name with the same organisation and title beside it."""
        if not kinds & {FlagKind.SAME_NAME, FlagKind.SIMILAR_NAME}:
            return False
        flag = row.entry.flags.filter(kind__in=["same_name", "similar_name"]).first()
        other = flag.other if flag else None
        return other is not None and (
            (other.organisation_id, other.organisation_text, other.title)
            == (row.entry.organisation_id, row.entry.organisation_text, row.entry.title)
        )

    def _decide(self, row: Any, decision: str, keys: int, **said: str) -> None:
        answer = self.client.post(
            row.decide_url, {"decision": decision, "seen": row.entry.state, **said}
        )
        assert answer.status_code in (200, 302), answer.status_code
        self.decided += 1
        self.decisions[decision] += 1
        self._takes(0, keys)

    def _by_rule(self) -> None:
        """Reject what came in a burst, where it is much and a sample looks wrong."""
        in_burst = Flag.objects.filter(
            signature__letter=self.letter, signature__state="in_review", kind=FlagKind.BURST
        )
        if in_burst.count() < BY_RULE_FROM:
            return
        made = self.client.post(
            reverse("admin:signatories_bulk_new"),
            {
                "letter": self.letter.slug,
                "state": "waiting",
                "appearance": "named",
                "flag": "burst",
                "decision": "reject",
                "reason": "not_a_person",
            },
        )
        assert made.status_code == 302, made.context["form"].errors
        preview = self.client.get(made.url)
        number = preview.context["bulk"].total
        self._takes(READ_CLEAR * len(preview.context["sample"]), 7)
        self.client.post(made.url, {"do": "start"})
        self.decided += number
        self.decisions["by rule"] += number


def is_gibberish(name: str) -> bool:
    """Whether nobody could say it. “Schneider” and “Bjornstad” are names, so one word alone is
    not enough: of the names in this crowd it takes 4 in a thousand, of what bots type 3 of 4."""
    longest = (max(map(len, CONSONANTS.findall(word)), default=0) for word in name.split())
    return name.isascii() and sum(longest) >= WITHOUT_SENSE
