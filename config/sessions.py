"""Sessions that nobody can read or take over with a copy of the database.

While somebody sets up an authenticator app, its secret lies in the session; so do the times
at which they proved who they are. Everything is encrypted under `FIELD_KEYS`. And a row is
found by a digest of the key in the cookie: the row's own key opens nothing.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone
from django.utils.encoding import force_bytes

from config import crypto


def row_key(session_key: str | None) -> str:
    """The key of the row for the key in a cookie. Those are long and random: no key is needed."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Django's sessions in the database, under digests and encrypted."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return crypto.encrypt(self.serializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What the row holds; nothing where no key reads it, which ends that session."""
        try:
            return self.serializer().loads(crypto.decrypt(force_bytes(session_data)))
        except (crypto.Unreadable, ValueError):
            return {}

    def exists(self, session_key: str) -> bool:
        return self.model.objects.filter(session_key=row_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = row_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = row_key(session_key or self.session_key)
        self.model.objects.filter(session_key=key).delete()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        rows = self.model.objects.filter(expire_date__gt=timezone.now())
        row = rows.filter(session_key=row_key(self.session_key)).first()
        if row is None:
            self._session_key = None
        return row
