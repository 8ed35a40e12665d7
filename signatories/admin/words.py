"""What the moderators' pages say about an entry and about what was done with it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from signatories.actions import moderation
from signatories.admin import ways
from signatories.models import Signature, State


def as_written(signature: Signature) -> list[tuple[Any, Any]]:
    """What the person wrote: (what, text). In an anonymous line nothing is written."""
    if signature.is_anonymous:
        return []
    written = [
        (_("Name"), signature.name),
        (_("Title"), signature.title),
        (_("Organisation, from the list"), signature.organisation),
        (_("Organisation, as typed"), signature.organisation_text),
        (_("Works there"), signature.get_tenure_display() if signature.tenure else ""),
    ]
    return [(what, text) for what, text in written if text]


def how_verified(signature: Signature) -> Any:
    """The method; of anonymous lines no more than the roll says: whether they are verified."""
    if signature.is_anonymous and signature.is_verified:
        return gettext("affiliation verified")
    return signature.get_method_display()


def may_be_invented(signature: Signature) -> bool:
    """Whether a mail domain that verifies the entry by name is suspected to take any address."""
    if signature.is_anonymous or not signature.is_verified or signature.organisation is None:
        return False
    return signature.organisation.domains.filter(catch_all_suspected=True).exists()


def happened(before: Signature, decided: Signature, decision: str) -> str:
    """The sentence after a decision: the entry as it was before, and as it is now."""
    if _stood_before(before, decision):
        decision = "keep"
    if decision == "approve":
        return _approved(decided)
    if decision == "reject":
        return _rejected(before)
    if decision == "back":
        return _taken_back(before, decided)
    return {
        "keep": gettext("The decision stands, and the question is answered."),
        "aside": gettext("Set aside. It is out of the way, and nothing is decided."),
        "up": gettext("Taken up again. It waits among the others."),
    }[decision]


def _approved(decided: Signature) -> str:
    if decided.known_state == State.APPROVED or decided.is_anonymous:
        # An anonymous one is out of sight until a batch puts it on the roll.
        return gettext("Approved. The line comes with the next batch.")
    return gettext("Approved. The line stands on the roll.")


def _rejected(before: Signature) -> str:
    if before.is_anonymous and before.is_standing:
        return gettext("Rejected. The line leaves the roll with the next batch.")
    return gettext("Rejected. The line is not on the roll.")


def _taken_back(before: Signature, decided: Signature) -> str:
    if decided.known_state == State.PUBLISHED:
        return gettext("Taken back. The line stands on the roll.")
    if decided.known_state == State.APPROVED:
        return gettext("Taken back. The line comes with the next batch.")
    if before.is_standing:
        return gettext("Taken back. The line has left the roll, and the entry waits again.")
    return gettext("Taken back. The entry waits again.")


# By which button a decision is undone; what is missing here is undone by deciding otherwise.
UNDONE_BY = {"approve": "back", "reject": "back", "aside": "up"}
STANDING = {"approve": moderation.ON_ITS_WAY, "reject": (State.REJECTED,)}


def _stood_before(before: Signature, decision: str) -> bool:
    """Whether it was decided so already. Only the entry as it was is asked: what becomes of it
    would tell that an anonymous line was withdrawn."""
    return before.known_state in STANDING.get(decision, ())


def _undone_by(before: Signature, decision: str) -> str:
    """Letting a decision stand has no way back: it would undo a colleague's decision instead."""
    return "" if _stood_before(before, decision) else UNDONE_BY.get(decision, "")


def undoing(
    request: HttpRequest, before: Signature, decided: Signature, decision: str
) -> dict[str, Any]:
    """What the button that undoes a decision needs, where there is one."""
    undo = _undone_by(before, decision)
    return {"undo": undo, "decide_url": ways.decide_url(request, decided) if undo else ""}


def what_happened(before: Signature, decided: Signature, decision: str) -> SafeString | str:
    """The same, with a way back to the entry.

    Without the filters: a message is kept in a cookie, and a search may hold a name.
    """
    sentence = happened(before, decided, decision)
    undo = _undone_by(before, decision)
    if not undo:
        return sentence
    return format_html(
        '{} <a href="{}" data-key="z" data-undo="{}" data-seen="{}">{}</a>',
        sentence,
        reverse(ways.ENTRY, args=[decided.pk]) + "#entry-back",
        undo,
        decided.known_state,
        gettext("See it again, or take it back"),
    )
