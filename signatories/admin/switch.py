"""The switch of the whole site: hosts pause signing under all letters, and let it go on."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext

from letters.actions import pausing
from letters.admin import ForHosts, person
from letters.models import SiteSwitch


@admin.register(SiteSwitch)
class SiteSwitchAdmin(ForHosts, admin.ModelAdmin):
    """One page in the place of a list. The site of the administration asks for the factor."""

    def get_urls(self) -> list[URLPattern]:
        """The page alone: there are no rows to add, open or delete."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [one for one in super().get_urls() if getattr(one, "name", "") == name]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request)
        # `do` says which was meant: of two who press at once, the second undoes nothing.
        if request.POST.get("do") == "pause":
            pausing.pause_site(actor=person(request))
            messages.success(request, gettext("Signing pauses on the whole site."))
        elif request.POST.get("do") == "resume":
            pausing.resume_site(actor=person(request))
            messages.success(request, gettext("Signing goes on."))
        return redirect("admin:letters_siteswitch_changelist")

    def _page(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": gettext("Pause signing on the whole site"),
            "opts": self.opts,
            "since": pausing.site_paused_on(),
        }
        return TemplateResponse(request, "admin/signatories/switch.html", context)
