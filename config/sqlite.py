"""What SQLite lacks of what the other database does."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def know_all_letters(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Its own UPPER knows the letters of English only: a search for "élise" would miss "Élise"."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("UPPER", 1, _upper, deterministic=True)


def _upper(text: Any) -> Any:
    return text.upper() if isinstance(text, str) else text
