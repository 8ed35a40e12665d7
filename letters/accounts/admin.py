"""The hosts' lists of accounts and of invitations."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.accounts import actions as accounts
from letters.actions import NotAllowed
from letters.admin import AsksWhoIsThere, ForHosts, OfferedFiltersOnly, person
from letters.models import Invitation, User


@admin.register(User)
class UserAdmin(AsksWhoIsThere, ForHosts, OfferedFiltersOnly):
    """What accounts may do. Rights in letters come from memberships.

    Neither the address nor the times of log-ins that Django keeps are shown. There is no page
    for a password: an account has its own, which asks who is there, and whoever cannot enter
    gets a link. New accounts are made by those whose they are, with an invitation.
    """

    actions = None
    fieldsets = [
        (None, {"fields": ["username"]}),
        (_("What this account may do"), {"fields": accounts.RIGHTS}),
    ]
    list_display = ["username", "roles", "is_staff", "is_superuser", "is_active"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_fields = ["username"]
    ordering = ["username"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup.removesuffix("__exact") in self.list_filter

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and obj != person(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Nobody takes their own rights away by mistake."""
        return list(accounts.RIGHTS) if obj == person(request) else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__letter")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return "; ".join(f"{m.letter}: {m.get_role_display()}" for m in user.memberships.all())

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        wishes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            accounts.change(user=obj, wishes=wishes, actor=person(request))
        except NotAllowed as refusal:
            messages.error(request, str(refusal))

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        try:
            accounts.delete(user=obj, actor=person(request))
        except NotAllowed as refusal:
            messages.error(request, str(refusal))


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
            token = accounts.invite(actor=person(request))
        except NotAllowed as refusal:
            messages.error(request, str(refusal))
            return ""
        return request.build_absolute_uri(reverse("account_invitation", args=[token]))

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        accounts.take_back(invitation=obj, actor=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        for invitation in queryset:
            accounts.take_back(invitation=invitation, actor=person(request))
