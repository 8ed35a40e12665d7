"""What a notice says: the same sentence on the page and in the mail.

Never the name of a signatory, and no number that does not stand on the letter's page.
"""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from letters.models import NoticeKind, Occasion

Figures = Mapping[str, int]


def sentence(occasion: Occasion) -> str:
    """What happened, without the letter's title."""
    return SENTENCES[NoticeKind(occasion.kind)](occasion.figures)


def page_of(occasion: Occasion) -> str:
    """Where somebody who is told this looks or acts."""
    slug = occasion.letter.slug
    if occasion.kind == NoticeKind.WAITING:
        return reverse("admin:signatories_signature_changelist")
    if occasion.kind == NoticeKind.REJECTION:
        return reverse("manage:rejections", args=[slug])
    if occasion.kind == NoticeKind.PRESSURE:
        return reverse("manage:door", args=[slug])
    if occasion.kind in (NoticeKind.APPROVAL, NoticeKind.RETURNED):
        return reverse("manage:publish", args=[slug])
    return reverse("manage:letter", args=[slug])


def _waiting(figures: Figures) -> str:
    if "waiting" not in figures:
        return _("Entries wait for a moderator.")
    number = figures["waiting"]
    return ngettext(
        "%(n)s entry waits for a moderator.", "%(n)s entries wait for a moderator.", number
    ) % {"n": intcomma(number)}


def _surge(figures: Figures) -> str:
    return _("Many more people than on other days signed by name.")


def _rejection(figures: Figures) -> str:
    if figures.get("taken_off"):
        # Of a line that was taken off so, the rejections know nothing: it waits in the queue.
        return _(
            "Somebody of your team has rejected entries today, or taken their approval back: "
            "%(n)s in all, of which %(off)s left the roll and wait in review. Look whether that is "
            "right."
        ) % {
            "n": intcomma(figures["rejected"] + figures["taken_off"]),
            "off": intcomma(figures["taken_off"]),
        }
    return ngettext(
        "Somebody of your team has rejected %(n)s entry today. Look whether that is right.",
        "Somebody of your team has rejected %(n)s entries today. Look whether that is right.",
        figures["rejected"],
    ) % {"n": intcomma(figures["rejected"])}


def _pressure(figures: Figures) -> str:
    if settings.DEFENCES.proof_of_work == "never":
        return _(
            "Many more forms than usual arrive: many people at once, or a flood of false entries. "
            "You can pause signing, and decide later what waits for a moderator."
        )
    return _(
        "Many more forms than usual arrive: many people at once, or a flood of false entries. "
        "Browsers are asked for a check meanwhile. You can pause signing, and decide later what "
        "waits for a moderator."
    )


def _goal(figures: Figures) -> str:
    if figures["percent"] == 100:
        reached = _("The goal of %(goal)s signatures is reached.")
        return reached % {"goal": intcomma(figures["goal"])}
    return _("%(percent)d %% of the goal of %(goal)s signatures are reached.") % {
        "percent": figures["percent"],
        "goal": intcomma(figures["goal"]),
    }


def _digest(figures: Figures) -> str:
    total = ngettext(
        "%(n)s signature stands under the letter.",
        "%(n)s signatures stand under the letter.",
        figures["total"],
    ) % {"n": intcomma(figures["total"])}
    if figures.get("more", 0) <= 0:
        return total
    more = _("That is %(n)s more than the last time.") % {"n": intcomma(figures["more"])}
    return f"{total} {more}"


SENTENCES: dict[NoticeKind, Callable[[Figures], str]] = {
    NoticeKind.WAITING: _waiting,
    NoticeKind.SURGE: _surge,
    NoticeKind.REJECTION: _rejection,
    NoticeKind.PRESSURE: _pressure,
    NoticeKind.GOAL: _goal,
    NoticeKind.DIGEST: _digest,
    NoticeKind.SUBMITTED: lambda _figures: _("Somebody of your team submitted it to the host."),
    NoticeKind.RETURNED: lambda _figures: _("The host gave it back, with a note for the team."),
    NoticeKind.APPROVED: lambda _figures: _("The host approved it: it can be read and signed now."),
    NoticeKind.APPROVAL: lambda _figures: _("It waits for your approval."),
}
