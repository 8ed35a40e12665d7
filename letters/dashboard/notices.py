"""News for a member of a team: what there is, and what of it is mailed."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from letters import news
from letters.actions import noticing
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import AccountMail, Notice, User
from letters.models.notice import NoticeQuerySet
from letters.permissions import kinds_told, notices_read_by, read_by

READ_AND_SEND = ["GET", "HEAD", "POST"]
NEWS_A_PAGE = 30
NEWEST = 5


@dataclass(frozen=True)
class Item:
    """One piece of news as the pages show it."""

    notice: Notice
    sentence: str
    url: str


@for_organisers
@require_http_methods(READ_AND_SEND)
def choices(request: HttpRequest, slug: str) -> HttpResponse:
    """Of what about this letter one is written to; each member for themself."""
    letter = letter_or_404(request, read_by, slug)
    user = organiser(request)
    if request.method == "POST":
        noticing.choose(user=user, letter=letter, wanted=request.POST.getlist("wanted"))
        messages.success(request, _("Your choice is saved."))
        return redirect("manage:notices", slug)
    return letter_page(
        request,
        "notices",
        letter,
        kinds=[
            (kind, kind.label, noticing.is_wanted(user, letter, kind))
            for kind in kinds_told(user, letter)
        ],
        has_address=AccountMail.objects.confirmed().filter(user=user).exists(),
    )


@for_organisers
@require_http_methods(READ_AND_SEND)
def news_list(request: HttpRequest) -> HttpResponse:
    """All news that one was told, by key and never by offset; POST marks them as read."""
    user = organiser(request)
    if request.method == "POST":
        noticing.mark_read(user=user)
        return redirect("manage:news")
    after = number_in(request.GET.get("after", ""), otherwise=0)
    rows = _newest(user).filter(pk__lt=after) if after else _newest(user)
    found = list(rows[: NEWS_A_PAGE + 1])
    context = {
        "items": items_of(found[:NEWS_A_PAGE]),
        "next_after": found[NEWS_A_PAGE - 1].pk if len(found) > NEWS_A_PAGE else "",
        "has_unread": notices_read_by(user).unread().exists(),
    }
    return render(request, "manage/news.html", context)


def unread_news(user: User) -> list[Item]:
    """The newest of what somebody has not read yet, for the page of their letters."""
    unread = _newest(user).unread()
    return items_of(list(unread[:NEWEST]))


def _newest(user: User) -> NoticeQuerySet:
    told = notices_read_by(user).listed()
    return told.select_related("occasion__letter").order_by("-pk")


def items_of(notices: list[Notice]) -> list[Item]:
    return [Item(one, news.sentence(one.occasion), news.page_of(one.occasion)) for one in notices]
