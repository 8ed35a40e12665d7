from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    """Django's admin with the moderators' site as the default one."""

    default = False
    default_site = "config.admin_site.ModeratorsSite"
