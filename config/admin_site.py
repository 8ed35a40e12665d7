from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class ModeratorsSite(AdminSite):
    """Django's admin under the project's content security policy.

    Its pages need their own scripts and embedded icons; no other page may run any script.
    """

    site_title = _("Undersigned")
    site_header = _("Undersigned")
    index_title = _("Moderation")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        allow_scripts = csp_update(
            {"script-src": [SELF], "connect-src": [SELF], "img-src": ["data:"]}
        )
        return allow_scripts(super().admin_view(view, cacheable))
