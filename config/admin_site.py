import functools
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _


class ModeratorsSite(AdminSite):
    """Django's admin under the project's content security policy.

    Its pages need their own scripts and embedded icons.
    """

    site_title = _("Undersigned")
    site_header = _("Undersigned")
    index_title = _("Moderation")
    enable_nav_sidebar = False  # Half a dozen tables; the queue needs the width.

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        allow_scripts = csp_update(
            {"script-src": [SELF], "connect-src": [SELF], "img-src": ["data:"]}
        )
        shown = allow_scripts(super().admin_view(view, cacheable))

        def only_with_second_factor(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            """A stolen password alone opens nothing here: first the account's own page."""
            # The library's tables can be asked once all applications are loaded.
            from config.second_factor import passed_second_factor, way_to_second_factor

            if request.user.is_staff and not passed_second_factor(request):
                return way_to_second_factor(request)
            return shown(request, *args, **kwargs)

        return functools.update_wrapper(only_with_second_factor, shown)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Accounts have one page for their password, which asks who is there."""
        return redirect("account_change_password")

    def get_urls(self) -> list[Any]:
        """Without Django's short cut to the page of any row: to everybody who may log in here
        it would tell the address of letters that do not exist for them."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
