from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.admin import AdminSite
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
        return allow_scripts(super().admin_view(view, cacheable))

    def get_urls(self) -> list[Any]:
        """Without Django's short cut to the page of any row: to everybody who may log in here
        it would tell the address of letters that do not exist for them."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
