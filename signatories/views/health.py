"""Whether the installation can do its work."""

import os
from datetime import timedelta

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from config import keys
from letters.actions.pausing import site_paused_on
from letters.models import AuditEntry, Letter
from signatories import addresses, outbox
from signatories.models import LetterKey

MAIL_LATE_SECONDS = 15 * 60


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, broker, keys and the oldest unsent mail; 503 where one of them fails."""
    report: dict[str, object] = {"database": _database(), "broker": _broker()}
    if report["database"] == "ok":
        report["oldest_unsent_mail_seconds"] = outbox.oldest_unsent_seconds(timezone.now())
        report["mail_is_put_off"] = outbox.puts_everybody_off(timezone.now())
        report["keys"] = _keys()
        report["day_keys_lost_recently"] = _day_keys_lost()
        # What a host decided: no reason to be taken for broken.
        report["signing_paused_since"] = site_paused_on()
    late = report.get("oldest_unsent_mail_seconds", 0)
    is_ready = (
        report["database"] == report["broker"] == report.get("keys") == "ok"
        and isinstance(late, int)
        and late < MAIL_LATE_SECONDS
        and not report["mail_is_put_off"]
    )
    return JsonResponse({"ready": is_ready, **report}, status=200 if is_ready else 503)


def _database() -> str:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _broker() -> str:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return "unreachable"
    return "ok"


def _keys() -> str:
    """Whether new keys can be written, and every letter that needs its key still has it."""
    try:
        is_writable = os.access(keys.ring("day"), os.W_OK)
    except keys.KeyLost:
        is_writable = False
    if not is_writable:
        return "KEYS_DIR cannot be written"
    lost = 0
    for row in LetterKey.objects.filter(letter__in=Letter.objects.not_sealed()):
        try:
            addresses.unwrap(row)
        except keys.KeyLost:
            lost += 1
    return "ok" if not lost else f"lost for {lost} letter(s); confirming has stopped there"


def _day_keys_lost() -> int:
    yesterday = timezone.localdate() - timedelta(days=1)
    return AuditEntry.objects.filter(verb="keys.day_key_lost", recorded_on__gte=yesterday).count()
