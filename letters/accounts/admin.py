"""The hosts' list of invitations."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.accounts import actions
from letters.actions import NotAllowed
from letters.admin import ForHosts, OfferedFiltersOnly, person
from letters.models import Invitation


@admin.register(Invitation)
class InvitationAdmin(ForHosts, OfferedFiltersOnly):
    """Links that nobody has used yet. Deleting one takes it back."""

    list_display = ["number", "made_by", "expires_at"]
    list_select_related = ["made_by"]
    fields = ["made_by", "expires_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = gettext("Invitations nobody has used yet")
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    @admin.display(description=_("invitation"))
    def number(self, invitation: Invitation) -> int:
        return invitation.pk

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The link stands on the answer to the form and nowhere else: in no message or cookie."""
        if not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = self.admin_site.each_context(request) | {
            "title": gettext("Invite somebody"),
            "days": settings.INVITATION_DAYS,
            "link": self._link(request) if request.method == "POST" else "",
        }
        return TemplateResponse(request, "admin/letters/invitation/invite.html", context)

    def _link(self, request: HttpRequest) -> str:
        try:
            token = actions.invite(actor=person(request))
        except NotAllowed as refusal:
            messages.error(request, str(refusal))
            return ""
        return request.build_absolute_uri(reverse("account_invitation", args=[token]))

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        actions.take_back(invitation=obj, actor=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        for invitation in queryset:
            actions.take_back(invitation=invitation, actor=person(request))
