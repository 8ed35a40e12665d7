"""The organisers' list of letters, and the overview of one of them.

Nothing here moves between batches but what stands on the public page too, or in the moderators'
queue: an organiser who looked again and again would else see when somebody comes.
"""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from config.templatetags.drawings import bar_scale
from letters.dashboard.access import for_organisers, letter_or_404, organiser, roles_in
from letters.dashboard.notices import unread_news
from letters.dashboard.pages import letter_page
from letters.models import Letter, Role, Status, User
from letters.permissions import approved_by, moderated_by, owned_by, read_by
from signatories import breakdown, growth, statistics

LETTERS_A_PAGE = 30
DECISIONS = 8
SHOWN = 20  # of what has a page of its own


@dataclass(frozen=True)
class Task:
    """Something to do, why, and where."""

    what: str
    why: str
    url: str
    button: str


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
    letter = letter_or_404(request, read_by, slug)
    user, tally = organiser(request), statistics.tally_of(letter)
    rows = breakdown.rows_of(letter, tally, statistics.by_organisation(tally))
    days = growth.by_day(letter)
    return letter_page(
        request,
        "letter",
        letter,
        tally=tally,
        figures=tally.figures or statistics.count_nothing(),
        methods=statistics.by_method(tally),
        bars=rows,
        bar_scale=bar_scale(row.number for row in rows),
        chart=growth.chart(days),
        weeks=growth.by_week(days),
        tasks=_tasks(letter, user),
        in_review=_in_review(letter, user),
        decisions=letter.audit_entries.filter(verb__startswith="signature.").select_related(
            "actor"
        )[:DECISIONS],
        recipients=letter.recipients.prefetch_related("responses")[:SHOWN],
        members=letter.memberships.select_related("user").order_by("role", "user__username")[
            :SHOWN
        ],
    )


def _in_review(letter: Letter, user: User) -> int:
    """What the queue of those who moderate holds; nothing for others."""
    if not moderated_by(user).filter(pk=letter.pk).exists():
        return 0
    return letter.signatures.in_review().count()


def _tasks(letter: Letter, user: User) -> list[Task]:
    """What somebody of this role could do next, the most urgent first."""
    tasks = []
    waiting = _in_review(letter, user)
    if waiting:
        tasks.append(
            Task(
                ngettext(
                    "%(n)d entry waits for a moderator",
                    "%(n)d entries wait for a moderator",
                    waiting,
                )
                % {"n": waiting},
                _("Signatories are told that somebody reads what they wrote."),
                reverse("admin:signatories_signature_changelist"),
                _("Moderate"),
            )
        )
    if not owned_by(user).filter(pk=letter.pk).exists():
        return tasks

    def page(name: str) -> str:
        return reverse(f"manage:{name}", args=[letter.slug])

    if letter.status == Status.DRAFT and letter.submitted_on is None:
        why = _("The list says what is still missing.")
        tasks.append(Task(_("The letter is not published yet"), why, page("publish"), _("Look")))
    if letter.memberships.filter(role=Role.OWNER).count() == 1:
        why = _("Who loses the only way in can be helped by another owner, or by the host.")
        tasks.append(Task(_("You are the only owner"), why, page("team"), _("Invite")))
    if letter.status == Status.PUBLISHED and _is_unanswered(letter):
        why = _("Record an answer when there is one.")
        tasks.append(Task(_("No recipient has answered"), why, page("responses"), _("Responses")))
    return tasks


def _is_unanswered(letter: Letter) -> bool:
    recipients = letter.recipients.all()
    return recipients.exists() and not recipients.filter(responses__isnull=False).exists()
