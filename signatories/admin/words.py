"""What the moderators' pages say about an entry and about what was done with it."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from signatories.admin import ways
from signatories.models import Signature


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


def what_happened(entry: Signature, decision: str) -> SafeString | str:
    """The sentence after a decision on `entry`, which is given as it was before."""
    if decision == "approve" and (entry.is_anonymous or entry.replaces):
        # An anonymous one is out of sight until a batch puts it on the roll.
        return gettext("Approved. The line comes with the next batch.")
    if decision == "approve":
        sentence = gettext("Approved. The line stands on the roll.")
    elif entry.is_anonymous and entry.is_standing:
        sentence = gettext("Rejected. The line leaves the roll with the next batch.")
    else:
        sentence = gettext("Rejected. The line is not on the roll.")
    # Without the filters: a message is kept in a cookie, and a search may hold a name.
    url = reverse(ways.ENTRY, args=[entry.pk])
    return format_html('{} <a href="{}">{}</a>', sentence, url, gettext("See it again"))
