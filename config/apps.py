from django.apps import AppConfig
from django.contrib.admin import apps
from django.db.backends.signals import connection_created

from config import sqlite


class ToolsConfig(AppConfig):
    """The plumbing. Loading it makes tasks find Celery, and SQLite the letters of all languages."""

    name = "config"

    def ready(self) -> None:
        import config.celery  # noqa: F401 - its settings are not there any earlier

        connection_created.connect(sqlite.know_all_letters)


class AdminConfig(apps.AdminConfig):
    """Django's admin with the moderators' site as the default one."""

    default = False
    default_site = "config.admin_site.ModeratorsSite"
