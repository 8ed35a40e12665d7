"""Database, seeds and static files, brought up to date in a process of its own."""

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.run.children import say
from config.run.plan import Refused, shortly


def prepare() -> int:
    """Bring database, seeds and static files up to date; return an exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")
    current = "settings"
    try:
        load_settings()
        for current, step in preparation_steps():  # noqa: B007 - the except clause reads it
            step()
    except Refused as refusal:
        say(str(refusal))
    except Exception as error:
        say(f"The step “{current}” failed: {type(error).__name__}: {error}")
        say(f"The whole traceback is in {shortly(keep_traceback())}.")
    else:
        return 0
    return 1


def load_settings() -> None:
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from error


def preparation_steps() -> Iterator[tuple[str, Callable[[], object]]]:
    from django.conf import settings
    from django.core.management import call_command

    yield "database", reach_database
    if settings.REDIS_URL:
        yield "broker", reach_broker
    yield "migrate", lambda: call_command("migrate", verbosity=0, interactive=False)
    yield "seed", lambda: call_command("seed")
    if settings.IS_DEMONSTRATION:
        yield "demo_accounts", lambda: call_command("demo_accounts")
        yield "demo_signatures", demonstration_signatures
    if not settings.DEBUG:
        yield "collectstatic", lambda: call_command("collectstatic", verbosity=0, interactive=False)


def demonstration_signatures() -> None:
    from django.core.management import call_command

    options = ("--count", "450", "--if-empty", "--waiting")
    call_command("demo_signatures", "--letter", "iceout-tech", *options)


def reach_database() -> None:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        place = "{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
        raise Refused(
            f"The database {place} cannot be used: {str(error).splitlines()[0]}. Check "
            "DATABASE_URL and start the server, or unset it to use the embedded database."
        ) from error


def reach_broker() -> None:
    """Only say so where Redis is away: letters can be signed, mail leaves when it is back."""
    import redis
    from django.conf import settings

    if not settings.REDIS_URL.startswith(("redis://", "rediss://")):
        raise Refused(
            "REDIS_URL should look like redis://host:6379/0 (or rediss:// for TLS). "
            "Correct it, or unset it to use the embedded broker."
        )
    # Nothing of the address but host and port may be shown: it can hold a password.
    place = urlsplit(settings.REDIS_URL).netloc.rpartition("@")[2]
    try:
        redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3).ping()
    except (redis.RedisError, OSError) as error:
        say(
            f"Redis {place} does not answer ({type(error).__name__}). Letters can be signed all "
            "the same; mail leaves and counts move when it is back."
        )


def keep_traceback() -> Path:
    path = Path(os.environ["VAR_DIR"]) / "run" / "preparation.txt"
    path.write_text(traceback.format_exc(), encoding="utf-8")
    return path
