"""Whether mail arrives, for hosts: what waits now, and the numbers of days that are over."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from letters.admin import ReadOnlyAdmin, is_host
from signatories import mail_health, outbox
from signatories.models import MailDay


@admin.register(MailDay)
class MailAdmin(ReadOnlyAdmin):
    """One page, and none for a single row: today's would tell when a code leaves."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.changelist_view)
        return [path("", page, name="signatories_mailday_changelist")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Mail"),
            "opts": self.opts,
            "late_minutes": outbox.oldest_unsent_seconds(now) // 60 if outbox.is_late(now) else 0,
            "reminder_hours": settings.REMINDER_HOURS,
            "returns": mail_health.returns(),
            "kinds": [kind.label for kind in mail_health.SHOWN],
            "days": mail_health.past_days(timezone.localdate()),
            "few": outbox.FEW,
        }
        return TemplateResponse(request, "admin/signatories/mailday/change_list.html", context)
