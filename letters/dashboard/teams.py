"""The team's page, and the page behind an invitation."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from letters import trail
from letters.actions import NotAllowed, teams
from letters.dashboard.access import (
    ask_for_factor,
    for_organisers,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter, Membership, Role, TeamInvitation
from letters.permissions import read_by

MEANS = {
    Role.OWNER: gettext_lazy("everything, the team and the end of the letter included"),
    Role.EDITOR: gettext_lazy("text, recipients, responses and updates"),
    Role.MODERATOR: gettext_lazy("entries of signatories, in the administration"),
    Role.PRESS: gettext_lazy("reads numbers and the trail of decisions, changes nothing"),
}
ENTRIES = 8
GIVE_RIGHTS = ("invite", "role")


@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, read_by, slug)
    link = refusal = ""
    if request.method == "POST":
        try:
            link = _act(request, letter)
        except NotAllowed as error:
            refusal = str(error)
        else:
            if not letter_is_still_here(request, letter):
                return redirect("manage:letters")
            if not link:
                return redirect("manage:team", slug)
    return letter_page(
        request,
        "team",
        letter,
        members=letter.memberships.select_related("user").order_by("role", "user__username"),
        invitations=TeamInvitation.objects.open(timezone.now()).filter(letter=letter),
        lines=trail.lines_of(trail.entries_of(letter, kind=trail.Kind.TEAM)[:ENTRIES]),
        roles=[(role, role.label, MEANS[role]) for role in Role],
        link=link,
        refusal=refusal,
        days=settings.INVITATION_DAYS,
    )


def letter_is_still_here(request: HttpRequest, letter: Letter) -> bool:
    """Whoever has left a team sees the letter no more."""
    return read_by(organiser(request)).filter(pk=letter.pk).exists()


def _act(request: HttpRequest, letter: Letter) -> str:
    """Do what the pressed button says; the link, where it makes one."""
    user, data = organiser(request), request.POST
    tool, _colon, which = data.get("do", "").partition(":")
    if tool in GIVE_RIGHTS:
        ask_for_factor(request)
    if tool == "invite":
        token = teams.invite(letter=letter, role=data.get("role", ""), actor=user)
        return settings.SITE_URL + reverse("manage:join", args=[token])
    number = number_in(which, otherwise=0)
    if tool == "take_back":
        teams.take_back(letter=letter, pk=number, actor=user)
        return ""
    membership = Membership.objects.filter(letter=letter, pk=number).first()
    if membership is None:
        raise NotAllowed(_("This person is no longer on the team."))
    if tool == "role":
        role = data.get(f"role-{number}", "")
        teams.change_role(membership=membership, role=role, actor=user)
    elif tool == "remove":
        teams.remove(membership=membership, actor=user)
    return ""


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Join a team by an invitation. GET changes nothing: mail scanners follow links."""
    invitation = teams.invitation_behind(token)
    if request.method == "POST":
        try:
            membership = teams.join(token=token, actor=organiser(request))
        except NotAllowed:
            invitation = None
        else:
            messages.success(request, _("You are on the team."))
            return redirect("manage:letter", membership.letter.slug)
    means = MEANS[Role(invitation.role)] if invitation else ""
    context = {"invitation": invitation, "means": means}
    return render(request, "manage/join.html", context, status=200 if invitation else 404)
