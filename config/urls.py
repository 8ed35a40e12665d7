"""The one module that sees every floor."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path

from config import http, mailbox
from letters.accounts.urls import account_patterns
from letters.urls import manage_paths
from signatories.urls import (
    health_patterns,
    public_patterns,
    signer_patterns,
)
from signatories.urls import (
    manage_paths as manage_paths_of_signatures,
)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

dev_patterns = (
    [
        path("", mailbox.messages, name="mailbox"),
        re_path(r"^(?P<id>[0-9a-f-]{20,60})/$", mailbox.message, name="message"),
    ],
    "dev",
)

urlpatterns = [
    path("", include(public_patterns)),
    path("", include(signer_patterns)),
    path("", include(health_patterns)),
    path("healthz", http.healthz, name="healthz"),
    path("robots.txt", http.robots, name="robots"),
    path("accounts/", include(account_patterns)),
    path("manage/", include(([*manage_paths, *manage_paths_of_signatures], "manage"))),
    path("admin/", admin.site.urls),
    path("dev/mailbox/", include(dev_patterns)),
]

handler400 = http.bad_request
handler403 = http.forbidden
handler404 = http.not_found
handler500 = http.server_error
