"""The organisers' list of letters, and the overview of one of them.

Nothing here moves between batches but what stands on the public page too, or in the moderators'
queue: an organiser who looked again and again would else see when somebody comes.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.templatetags.drawings import bar_scale
from letters import trail
from letters.dashboard.access import for_organisers, letter_or_404, organiser, roles_in
from letters.dashboard.notices import unread_news
from letters.dashboard.pages import letter_page, rights_of
from letters.models import Letter, User
from letters.permissions import approved_by, read_by
from signatories import breakdown, growth, outbox, statistics
from signatories.dashboard import todo
from signatories.models import Tally

LETTERS_A_PAGE = 30
DECISIONS = 8
SHOWN = 20  # of what has a page of its own


@for_organisers
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """The letters of one's teams, by key and never by offset; for hosts, those that wait first."""
    user = organiser(request)
    after = request.GET.get("after", "").replace("\0", "")
    rows = _own(user).select_related("tally").filter(slug__gt=after).order_by("slug")
    found = list(rows[: LETTERS_A_PAGE + 1])
    shown = found[:LETTERS_A_PAGE]
    roles = roles_in(shown, user)
    context = {
        "entries": [
            {"letter": one, "tally": statistics.tally_of(one), "role": roles.get(one.pk, "")}
            for one in shown
        ],
        "next_after": shown[-1].slug if len(found) > LETTERS_A_PAGE else "",
        "news": unread_news(user),
        "waiting": approved_by(user).order_by("submitted_on", "slug")[:LETTERS_A_PAGE],
    }
    return render(request, "manage/letters.html", context)


def _own(user: User) -> QuerySet[Letter]:
    return read_by(user).distinct()


@for_organisers
@require_safe
def letter(request: HttpRequest, slug: str) -> HttpResponse:
    letter, now = letter_or_404(request, read_by, slug), timezone.now()
    user, tally = organiser(request), statistics.tally_of(letter)
    may = rights_of(user, letter)
    queue = todo.queue_of(letter) if may["may_decide"] else todo.Queue()
    late = outbox.is_late(now)
    rights = todo.Rights(**may, is_host=user.is_superuser)
    return letter_page(
        request,
        "letter",
        letter,
        **may,
        **_numbers(letter, tally, now),
        mail_is_late=late,
        updates=outbox.updates_of(letter) if may["may_own"] else None,
        invitations=outbox.invitations_of(letter) if may["may_own"] else None,
        tasks=todo.tasks_of(letter, user, rights, queue, now, mail_is_late=late),
        queue=queue,
        decided=todo.decided_of(letter, now.date()) if may["may_decide"] else todo.Decided(),
        decisions=trail.lines_of(
            trail.entries_known_to(user, letter, kind=trail.Kind.ENTRIES)[:DECISIONS]
        ),
        recipients=letter.recipients.select_related("organisation").prefetch_related("responses")[
            :SHOWN
        ],
        members=letter.memberships.select_related("user").order_by("role", "user__username")[
            :SHOWN
        ],
    )


def _numbers(letter: Letter, tally: Tally, now: datetime) -> dict[str, Any]:
    """What the tally and the stored days say, as tables and drawings."""
    days = growth.by_day(letter)
    organisations = breakdown.rows_of(letter, tally)
    states, methods = breakdown.states(tally), breakdown.methods(tally)
    return {
        "tally": tally,
        "figures": statistics.figures_of(tally),
        "bars": organisations,
        "bar_scale": bar_scale(row.number for row in organisations),
        "methods": methods,
        "method_scale": bar_scale(row.number for row in methods),
        "states": states,
        "state_scale": bar_scale(row.number for row in states),
        "chart": growth.chart(days),
        "weeks": growth.by_week(days),
        "gone_since": growth.gone_since(days, tally),
        "in_last_week": growth.in_last_week(days, now.date()),
    }
