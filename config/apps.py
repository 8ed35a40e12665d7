from django.apps import AppConfig
from django.contrib.admin import apps


class ToolsConfig(AppConfig):
    """The plumbing. Loading it makes tasks find their Celery application."""

    name = "config"

    def ready(self) -> None:
        import config.celery  # noqa: F401 - its settings are not there any earlier


class AdminConfig(apps.AdminConfig):
    """Django's admin with the moderators' site as the default one."""

    default = False
    default_site = "config.admin_site.ModeratorsSite"
