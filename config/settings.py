"""All settings, from the environment. `docs/operations.md` describes each variable.

With DEBUG off the application refuses to start with unsafe values and names them
(see `refuse_unsafe_values` below).
"""

import os
import re
from collections.abc import Iterable
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import broker, defences, limits, outgoing, providers, schedule
from config.accounts import *  # noqa: F403 - the constant settings about accounts

ROOT = Path(__file__).resolve().parent.parent
SEEDS_DIR = ROOT / "seeds"


class Environment(environ.Env):
    """An empty variable counts as an unset one: `REDIS_URL= make test` means "none"."""

    ENVIRON = {name: value for name, value in os.environ.items() if value != ""}


env = Environment()
VAR_DIR = Path(env.str("VAR_DIR", default=str(ROOT / "var"))).resolve()

# `make run` keeps a developer's generated keys here. The file never speaks where DEBUG
# is switched off, nor for an installation that names a database and does not ask for DEBUG.
DEVELOPMENT_ENV = VAR_DIR / "development.env"
_wish = env.str("DEBUG", default="").lower()
_speaks = _wish in env.BOOLEAN_TRUE_STRINGS or not (_wish or "DATABASE_URL" in env.ENVIRON)
if _speaks and DEVELOPMENT_ENV.exists():
    Environment.read_env(DEVELOPMENT_ENV)


def words(name: str, default: Iterable[str] = ()) -> list[str]:
    """The variable's values, which stand between commas, with or without spaces."""
    return [word.strip() for word in env.list(name, default=list(default)) if word.strip()]


DEBUG = env.bool("DEBUG", default=False)
UNSAFE_SECRET_KEY = "unsafe: for development only"  # noqa: S105 - refused without DEBUG
SECRET_KEY = env.str("SECRET_KEY", default=UNSAFE_SECRET_KEY)
FIELD_KEYS = words("FIELD_KEYS")
KEYS_DIR = Path(env.str("KEYS_DIR", default=str(VAR_DIR / "keys")))
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}")
SITE_URL = SITE_URL.rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or "localhost"
SITE_NAME = env.str("SITE_NAME", default="Undersigned" if SITE_HOST == "127.0.0.1" else SITE_HOST)
ALLOWED_HOSTS = words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
IS_DEMONSTRATION = DEBUG and "DATABASE_URL" not in env.ENVIRON

# Applications -------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "config",
    "letters",
    "signatories",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.NoBodyForHead",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.OwnErrorPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.Utf8Forms",
    "config.middleware.SameOriginCsrf",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.PrivateByDefault",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    }
]

# Data ---------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: whoever was thanked stays signed after a power cut. secure_delete
        # overwrites what is deleted instead of only unlinking it.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Values travel beside the statement: a statement that fails is logged without them.
    DATABASES["default"].setdefault("OPTIONS", {})["server_side_binding"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "letters.User"

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL or broker.cache_url(VAR_DIR),
        # A broker that is down must not slow a signer: give up at once.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1},
        "KEY_PREFIX": "undersigned",
    }
}

# An HTTP cache in front, to be told when a page shows less than before.
CACHE_PURGE_URL = env.str("CACHE_PURGE_URL", default="")

# The same site as an onion service: public pages tell Tor Browser of it.
ONION_LOCATION = env.str("ONION_LOCATION", default="").rstrip("/")

# The host's own privacy notice, to which the privacy page links.
NOTICE_URL = env.str("NOTICE_URL", default="")

# Celery (read with the prefix CELERY_) --------------------------------------------

CELERY_BROKER_URL = REDIS_URL or broker.broker_url(VAR_DIR)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_throttle": 1,
    # A broker that is down or hangs must not hold a signer up, and the sweep finds what was
    # not queued: sending gives up at once. Worker and beat go on trying for ever
    # (CELERY_BROKER_CONNECTION_MAX_RETRIES).
    "max_retries": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 2,
    "global_keyprefix": "undersigned:",
}
CELERY_TIMEZONE = "UTC"
# Beat keeps its times in memory: all tasks come often, and may come again after a restart.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = schedule.TASKS

# Mail -----------------------------------------------------------------------------

_mail = outgoing.settings_of(env, is_development=DEBUG)
vars().update(_mail)
EMAIL_BACKEND, MAIL_PROVIDER = _mail["EMAIL_BACKEND"], _mail["MAIL_PROVIDER"]
ANYMAIL: dict[str, object] = _mail["ANYMAIL"]
# Where a mail server sends what it cannot deliver, and the folder in which that lies then.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="").lower()
BOUNCE_MAILDIR = env.str("BOUNCE_MAILDIR", default="")
# After how many hours an unconfirmed entry by name is brought to mind, once; 0: never.
REMINDER_HOURS = env.int("REMINDER_HOURS", default=24)
EMAIL_TIMEOUT = 20
MAIL_DIR = VAR_DIR / "mail"
MAIL_FROM = env.str("MAIL_FROM", default=f"Codes <codes@{SITE_HOST}>")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
# Updates name their letter, so they come from another name than the neutral codes.
UPDATES_FROM = env.str("UPDATES_FROM", default=f"Updates <{parseaddr(MAIL_FROM)[1]}>")
# How many messages of mailings leave in a minute, over all letters; codes are not held up by them.
MAILING_PER_MINUTE = env.int("MAILING_PER_MINUTE", default=300)

# Signing --------------------------------------------------------------------------

# Durations: the one table of docs (privacy.md §3a); pages quote these values.
CODE_MINUTES = 30
CODE_TRIES = 5
UNCONFIRMED_ANONYMOUS_HOURS = 24
UNCONFIRMED_NAMED_HOURS = 72
KEY_HOURS = {"anonymous": 48, "named": 96}
DUPLICATE_DAYS = 30
REJECTED_DAYS = 30
READING_MINUTES = 3  # How long a moderator keeps an entry from the others' way.
REPORT_SHIELD_DAYS = 30
BULK_DAYS, BULK_PREVIEW_DAYS = 30, 1

LETTERS_NEED_APPROVAL = env.bool("LETTERS_NEED_APPROVAL", default=True)
SEALING_DAYS = 30
MEMBER_HOURS = 12
NOTICE_HOUR = env.int("NOTICE_HOUR", default=7)  # UTC; when news of the day are mailed to teams.
NOTICE_DAYS = 90
PUBLIC_NOTICE_DAYS = env.int("PUBLIC_NOTICE_DAYS", default=7)  # Before an internal letter opens.

# How many entries of a letter somebody may reject in a day before its owners are told.
MASS_REJECTION = env.int("MASS_REJECTION", default=20)

# How many colleagues one signatory may vouch for: open links at once, links in all, and
# how long a link lives.
VOUCHES_AT_ONCE = 3
VOUCHES_IN_ALL = 5
VOUCH_DAYS = 7

# Invitations to sign, to people whom organisers bring as a spreadsheet: how many leave in a
# minute, and for how many days a mailbox gets no second one for the same letter.
INVITATIONS_PER_MINUTE = env.int("INVITATIONS_PER_MINUTE", default=60)
INVITED_DAYS = 30

# Anonymous signatures move in batches: once a day at a random minute, or every so many
# seconds, in development each minute. Fewer lines than the minimum wait for company, but
# none longer than the maximum wait.
BATCH_INTERVAL = env.str("BATCH_INTERVAL", default="60" if DEBUG else "daily")
BATCH_MINIMUM = env.int("BATCH_MINIMUM", default=1 if DEBUG else 5)
BATCH_MAXIMUM_WAIT_DAYS = 3

# Logins by which people who sign by name may prove where they work: OpenID Connect, as a
# proof and nothing else. None unless configured.
LOGINS = {
    "GOOGLE_LOGIN": [
        env.str("GOOGLE_LOGIN_ID", default=""),
        env.str("GOOGLE_LOGIN_SECRET", default=""),
    ],
    "MICROSOFT_LOGIN": [
        env.str("MICROSOFT_LOGIN_ID", default=""),
        env.str("MICROSOFT_LOGIN_SECRET", default=""),
        words("MICROSOFT_LOGIN_TENANTS"),
    ],
    "OPENID_LOGIN": [
        env.str("OPENID_LOGIN_ISSUER", default=""),
        env.str("OPENID_LOGIN_ID", default=""),
        env.str("OPENID_LOGIN_SECRET", default=""),
        words("OPENID_LOGIN_DOMAINS"),
    ],
}
OPENID_LOGIN_NAME = env.str("OPENID_LOGIN_NAME", default="")
LOGIN_PROVIDERS = providers.configured(LOGINS, OPENID_LOGIN_NAME)
LOGIN_MINUTES = 10

# What one network, mailbox or letter may ask for.
RATE_LIMITS = limits.usual(is_development=DEBUG)
_changed_limits = {
    name: limit for name, _, limit in (w.partition("=") for w in words("RATE_LIMITS"))
}
_unknown_limits = set(_changed_limits) - set(RATE_LIMITS)
RATE_LIMITS.update(_changed_limits)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
DEFENCES = defences.from_environment(env)

# Security ---------------------------------------------------------------------------

IS_HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_AGE = None
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.http.csrf_failure"
SECURE_SSL_REDIRECT = IS_HTTPS and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# W003 looks for Django's own CSRF middleware; `config.middleware.SameOriginCsrf` extends it.
SILENCED_SYSTEM_CHECKS = ["security.W003"]
# The longest draft and as many demands, in any script: four bytes for each of their characters.
DATA_UPLOAD_MAX_MEMORY_SIZE = 640 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
# No file of a visitor ever lies on a disk; views that take one say so (`config.uploads`).
FILE_UPLOAD_HANDLERS = ["config.uploads.NoFiles"]

# Accounts: who may make one (anybody, whoever a host has invited, nobody), and what is constant.
REGISTRATION = env.str("REGISTRATION", default="invitation")
# Static files, language, time ---------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "config" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

# Logs -------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "config.logs.ScrubbingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own handlers write unscrubbed lines, and would mail them.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        "celery": {"level": "WARNING"},
    },
}


def refuse_unreadable_values() -> None:
    """Raise ImproperlyConfigured, naming every value that could not be used later."""
    unreadable = {
        "FIELD_KEYS must be Fernet keys, with commas between them": not all(
            map(is_fernet_key, FIELD_KEYS)
        ),
        "RATE_LIMITS must read like sign:network=60/h,code:mailbox=5/d": not all(
            re.fullmatch(r"\d+/([1-9]\d?)?[mhd]", limit) for limit in RATE_LIMITS.values()
        ),
        "RATE_LIMITS names a limit that does not exist": bool(_unknown_limits),
        "BATCH_INTERVAL must be daily or a number of seconds": not re.fullmatch(
            r"daily|[1-9]\d*", BATCH_INTERVAL
        ),
        "TRUSTED_PROXIES must be a number from 0": TRUSTED_PROXIES < 0,
        "CACHE_PURGE_URL must begin with http:// or https://": not re.match(
            r"(https?://|$)", CACHE_PURGE_URL
        ),
        "BATCH_MINIMUM must be a number from 1": BATCH_MINIMUM < 1,
        "NOTICE_HOUR must be an hour of the day from 0 to 23": NOTICE_HOUR not in range(24),
        "INVITATIONS_PER_MINUTE must be a number from 3": INVITATIONS_PER_MINUTE < 3,
        "MASS_REJECTION must be a number from 1": MASS_REJECTION < 1,
        "MAILING_PER_MINUTE must be a number from 1": MAILING_PER_MINUTE < 1,
        "REGISTRATION must be open, invitation or closed": REGISTRATION
        not in ("open", "invitation", "closed"),
        "NOTICE_URL must begin with https://, http:// or /": not re.match(
            r"(https?://|/(?!/)|$)", NOTICE_URL
        ),
        "ONION_LOCATION must be http:// or https:// and an onion address": not re.fullmatch(
            r"(https?://[a-z2-7]{56}\.onion)?", ONION_LOCATION
        ),
    }
    refuse(
        "values that cannot be read",
        unreadable
        | providers.complaints(LOGINS, is_development=DEBUG)
        | defences.complaints(DEFENCES)
        | outgoing.complaints(_mail, BOUNCE_ADDRESS, REMINDER_HOURS),
    )


def is_fernet_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def refuse_unsafe_values() -> None:
    """Raise ImproperlyConfigured, naming every value that is unsafe with DEBUG off."""
    unsafe = {
        "SECRET_KEY is missing or the default": SECRET_KEY == UNSAFE_SECRET_KEY,
        "SECRET_KEY is shorter than 50 characters": len(SECRET_KEY) < 50,
        "FIELD_KEYS is missing": not FIELD_KEYS,
        "ALLOWED_HOSTS is missing": not ALLOWED_HOSTS,
        "ALLOWED_HOSTS contains *": "*" in ALLOWED_HOSTS,
        "SITE_URL must start with https:// (cookies would be insecure)": not IS_HTTPS,
        "EMAIL_URL must name a mail server (nothing else may see addresses and codes)": (
            EMAIL_BACKEND.startswith("django.core.mail.backends.")
            and not EMAIL_BACKEND.endswith(".smtp.EmailBackend")
        ),
    }
    refuse("unsafe values while DEBUG is off", unsafe)


def refuse(what: str, complaints: dict[str, bool]) -> None:
    found = [sentence for sentence, is_so in complaints.items() if is_so]
    if found:
        raise ImproperlyConfigured(
            f"Undersigned does not start with {what}:\n  - "
            + "\n  - ".join(found)
            + "\nSet them in the environment (docs/operations.md), or use `make run` to try it out."
        )


if DEBUG and not FIELD_KEYS:
    raise ImproperlyConfigured(
        "FIELD_KEYS is missing. `make run` generates one for development; elsewhere set it "
        "in the environment (docs/operations.md)."
    )
refuse_unreadable_values()
if not DEBUG:
    refuse_unsafe_values()
