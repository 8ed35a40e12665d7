"""What the settings make of the environment, each in a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as test_settings

from config import ratelimit

ROOT = Path(test_settings.ROOT)
FIELD_KEY = "A" * 43 + "="  # Fixed, because it becomes part of the names of tests.
PRODUCTION = {
    "SECRET_KEY": "a" * 60,
    "FIELD_KEYS": FIELD_KEY,
    "ALLOWED_HOSTS": "letters.example.org",
    "SITE_URL": "https://letters.example.org",
}


LOADER = """
import json, os, runpy, sys
for line in sys.stdin:
    os.environ.clear()
    os.environ.update(json.loads(line))
    try:
        values = runpy.run_path("config/settings.py")
        answer = {name: values[name] for name in values if name.isupper()}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)
"""


def start(var, **environment):
    """Start Django with nothing in the environment but what is given."""
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); print('started')"],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(var), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def loader():
    """A process that reads the settings again and again, each time from another environment."""
    command = [sys.executable, "-c", LOADER]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def load(loader, tmp_path):
    def load_settings(**environment):
        line = json.dumps({"VAR_DIR": str(tmp_path), **environment})
        print(line, file=loader.stdin, flush=True)
        return json.loads(loader.stdout.readline())

    return load_settings


def complaints(text):
    return set(re.findall(r"^  - (.+)$", text, re.MULTILINE))


def write_development_env(var, **values):
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    (var / "development.env").write_text(text)


# Refusing -------------------------------------------------------------------------------


def test_start_with_safe_values_succeeds(tmp_path):
    done = start(tmp_path, **PRODUCTION)

    assert (done.returncode, done.stdout, done.stderr) == (0, "started\n", "")


def test_start_without_any_value_names_everything_that_is_missing(tmp_path):
    done = start(tmp_path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert complaints(done.stderr) == {
        "SECRET_KEY is missing or the default",
        "SECRET_KEY is shorter than 50 characters",
        "FIELD_KEYS is missing",
        "ALLOWED_HOSTS is missing",
        "SITE_URL must start with https:// (cookies would be insecure)",
    }


MAIL = "EMAIL_URL must name a mail server (nothing else may see addresses and codes)"
HTTPS = "SITE_URL must start with https:// (cookies would be insecure)"
KEYS = "FIELD_KEYS must be Fernet keys, with commas between them"
LIMITS = "RATE_LIMITS must read like sign:network=60/h,code:mailbox=5/d"
BATCHES = "BATCH_INTERVAL must be daily or a number of seconds"
PURGING = "CACHE_PURGE_URL must begin with http:// or https://"
ONION = "ONION_LOCATION must be http:// or https:// and an onion address"
GOOGLE = "GOOGLE_LOGIN_ID, GOOGLE_LOGIN_SECRET need each other"
MICROSOFT = "MICROSOFT_LOGIN_ID, MICROSOFT_LOGIN_SECRET, MICROSOFT_LOGIN_TENANTS need each other"
TENANTS = "MICROSOFT_LOGIN_TENANTS must read like tenant-id=organisation, with commas between"
OPENID = (
    "OPENID_LOGIN_ISSUER, OPENID_LOGIN_ID, OPENID_LOGIN_SECRET, OPENID_LOGIN_DOMAINS need each "
    "other"
)
ISSUER = "OPENID_LOGIN_ISSUER must begin with https://"
REGISTRATION = "REGISTRATION must be open, invitation or closed"
PROOF = "PROOF_OF_WORK must be auto, always or never"
PROOF_KEYS = "PROOF_OF_WORK_KEYS must be a number from 2"
FILL = "MINIMUM_FILL_SECONDS must be a number from 0 to 60"
NOTICE = "NOTICE_URL must begin with https://, http:// or /"
REFUSED = [
    ("SECRET_KEY", "b" * 49, {"SECRET_KEY is shorter than 50 characters"}),
    (
        "SECRET_KEY",
        "unsafe: for development only",
        {"SECRET_KEY is missing or the default", "SECRET_KEY is shorter than 50 characters"},
    ),
    ("PROOF_OF_WORK", "sometimes", {PROOF}),
    ("PROOF_OF_WORK_KEYS", "1", {PROOF_KEYS}),
    ("MINIMUM_FILL_SECONDS", "-1", {FILL}),
    ("MINIMUM_FILL_SECONDS", "61", {FILL}),
    ("PRESSURE_LETTER", "0", {"PRESSURE_LETTER must be a number from 1"}),
    ("PRESSURE_SITE", "0", {"PRESSURE_SITE must be a number from 1"}),
    ("FIELD_KEYS", "", {"FIELD_KEYS is missing"}),
    ("FIELD_KEYS", " , ", {"FIELD_KEYS is missing"}),
    ("FIELD_KEYS", "hunter2", {KEYS}),
    ("FIELD_KEYS", f"{FIELD_KEY},hunter2", {KEYS}),
    ("ALLOWED_HOSTS", "", {"ALLOWED_HOSTS is missing"}),
    ("ALLOWED_HOSTS", "*", {"ALLOWED_HOSTS contains *"}),
    ("ALLOWED_HOSTS", "letters.example.org, *", {"ALLOWED_HOSTS contains *"}),
    ("SITE_URL", "http://letters.example.org", {HTTPS}),
    ("SITE_URL", "", {HTTPS}),
    ("EMAIL_URL", "consolemail://", {MAIL}),
    ("EMAIL_URL", "filemail:///tmp/mail", {MAIL}),
    ("EMAIL_URL", "memorymail://", {MAIL}),
    ("EMAIL_URL", "dummymail://", {MAIL}),
    ("RATE_LIMITS", "sign:network=60", {LIMITS}),
    ("RATE_LIMITS", "sign:network=many/h", {LIMITS}),
    ("RATE_LIMITS", "sign:network", {LIMITS}),
    ("RATE_LIMITS", "roll:network=60/0m", {LIMITS}),
    ("RATE_LIMITS", "roll:network=60/100m", {LIMITS}),
    ("RATE_LIMITS", "sing:network=60/h", {"RATE_LIMITS names a limit that does not exist"}),
    ("BATCH_INTERVAL", "hourly", {BATCHES}),
    ("BATCH_INTERVAL", "0", {BATCHES}),
    ("BATCH_MINIMUM", "0", {"BATCH_MINIMUM must be a number from 1"}),
    ("CACHE_PURGE_URL", "cache.example", {PURGING}),
    ("CACHE_PURGE_URL", "file:///etc/passwd", {PURGING}),
    ("TRUSTED_PROXIES", "-1", {"TRUSTED_PROXIES must be a number from 0"}),
    ("ONION_LOCATION", "http://letters.example.org", {ONION}),
    ("ONION_LOCATION", f"http://{'a' * 55}.onion", {ONION}),
    ("ONION_LOCATION", f"http://{'a' * 55}1.onion", {ONION}),
    ("ONION_LOCATION", f"{'a' * 56}.onion", {ONION}),
    ("ONION_LOCATION", f"http://{'a' * 56}.onion/letters", {ONION}),
    ("ONION_LOCATION", f"http://{'a' * 56}.onion\nSet-Cookie: x=y", {ONION}),
    ("GOOGLE_LOGIN_ID", "x", {GOOGLE}),
    ("GOOGLE_LOGIN_SECRET", "hunter2", {GOOGLE}),
    ("MICROSOFT_LOGIN_SECRET", "hunter2", {MICROSOFT}),
    ("MICROSOFT_LOGIN_TENANTS", "google", {MICROSOFT, TENANTS}),
    ("OPENID_LOGIN_ID", "x", {OPENID}),
    ("OPENID_LOGIN_ISSUER", "https://login.example.org", {OPENID}),
    ("OPENID_LOGIN_ISSUER", "http://login.example.org", {OPENID, ISSUER}),
    ("OPENID_LOGIN_ISSUER", "http://127.0.0.1:9", {OPENID, ISSUER}),
    ("OPENID_LOGIN_ISSUER", "https://login.example.org/?x", {OPENID, ISSUER}),
    ("REGISTRATION", "everybody", {REGISTRATION}),
    ("REGISTRATION", "Open", {REGISTRATION}),
    ("NOTICE_URL", "javascript:alert(1)", {NOTICE}),
    ("NOTICE_URL", "//otherplace.example/", {NOTICE}),
]


@pytest.mark.parametrize(("name", "value", "expected"), REFUSED)
def test_load_with_one_bad_value_names_it_and_no_other(load, name, value, expected):
    answer = load(**{**PRODUCTION, name: value})

    assert answer["error"].startswith("ImproperlyConfigured")
    assert complaints(answer["error"]) == expected
    assert "docs/operations.md" in answer["error"]
    assert "hunter2" not in answer["error"], "A refusal repeats no secret."
    assert "b" * 49 not in answer["error"]


def test_load_in_development_needs_field_keys(load):
    answer = load(DEBUG="1")

    assert answer["error"] == (
        "ImproperlyConfigured: FIELD_KEYS is missing. `make run` generates one for development; "
        "elsewhere set it in the environment (docs/operations.md)."
    )


def test_load_in_development_refuses_unreadable_values_too(load):
    answer = load(DEBUG="1", FIELD_KEYS=FIELD_KEY, BATCH_INTERVAL="hourly")

    assert complaints(answer["error"]) == {BATCHES}


def test_load_for_production_secures_cookies_and_leaves_plain_http(load):
    values = load(**PRODUCTION)

    assert values["SESSION_COOKIE_SECURE"] is values["CSRF_COOKIE_SECURE"] is True
    assert values["SECURE_SSL_REDIRECT"] is True
    assert values["SECURE_HSTS_SECONDS"] == 365 * 24 * 60 * 60
    assert values["IS_DEMONSTRATION"] is values["DEBUG"] is False
    assert values["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_load_takes_an_onion_address_with_or_without_a_slash(load, scheme):
    address = f"{scheme}://{'abcdefg234567' * 4}aaaa.onion"

    assert load(**PRODUCTION)["ONION_LOCATION"] == ""
    assert load(**PRODUCTION, ONION_LOCATION=address)["ONION_LOCATION"] == address
    assert load(**PRODUCTION, ONION_LOCATION=address + "/")["ONION_LOCATION"] == address


# The file of `make run` -----------------------------------------------------------------


def test_development_env_speaks_where_nothing_else_is_said(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="from the file", FIELD_KEYS=FIELD_KEY)

    values = load()

    assert values["DEBUG"] is values["IS_DEMONSTRATION"] is True
    assert values["SECRET_KEY"] == "from the file"
    assert values["FIELD_KEYS"] == [FIELD_KEY]


def test_development_env_is_ignored_with_debug_off(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="c" * 60, FIELD_KEYS=FIELD_KEY)

    answer = load(DEBUG="0", ALLOWED_HOSTS="a.example", SITE_URL="https://a.example")

    assert complaints(answer["error"]) == {
        "SECRET_KEY is missing or the default",
        "SECRET_KEY is shorter than 50 characters",
        "FIELD_KEYS is missing",
    }


def test_development_env_is_ignored_where_a_database_is_named(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="c" * 60, FIELD_KEYS=FIELD_KEY)

    answer = load(
        DATABASE_URL="postgres://127.0.0.1/letters",
        ALLOWED_HOSTS="a.example",
        SITE_URL="https://a.example",
    )

    assert complaints(answer["error"]) == {
        "SECRET_KEY is missing or the default",
        "SECRET_KEY is shorter than 50 characters",
        "FIELD_KEYS is missing",
    }


def test_development_env_speaks_where_debug_is_asked_for_with_a_database(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="from the file", FIELD_KEYS=FIELD_KEY)

    values = load(DEBUG="yes", DATABASE_URL="postgres://127.0.0.1/letters")

    assert values["SECRET_KEY"] == "from the file"
    assert values["DEBUG"] is True
    assert values["IS_DEMONSTRATION"] is False
    assert values["DATABASES"]["default"]["NAME"] == "letters"


def test_environment_wins_over_development_env(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="from the file", FIELD_KEYS=FIELD_KEY)

    assert load(SECRET_KEY="from outside")["SECRET_KEY"] == "from outside"


# Reading ----------------------------------------------------------------------------------

NAMES = """DEBUG DATABASE_URL REDIS_URL EMAIL_URL KEYS_DIR SITE_URL SITE_NAME MAIL_FROM PORT
    RATE_LIMITS TRUSTED_PROXIES BATCH_INTERVAL BATCH_MINIMUM CACHE_PURGE_URL ALLOWED_HOSTS
    SECRET_KEY FIELD_KEYS""".split()


def test_empty_variables_count_as_unset(load, tmp_path):
    write_development_env(tmp_path, DEBUG="1", SECRET_KEY="from the file", FIELD_KEYS=FIELD_KEY)

    unset = load()

    assert unset["SECRET_KEY"] == "from the file"
    assert load(**dict.fromkeys(NAMES, "")) == unset


def test_lists_may_have_spaces_after_their_commas(load):
    values = load(
        **{
            **PRODUCTION,
            "ALLOWED_HOSTS": "a.example, b.example",
            "FIELD_KEYS": f"{FIELD_KEY}, {FIELD_KEY}",
            "RATE_LIMITS": "code:mailbox=3/d, find:network=7/h",
        }
    )

    assert values["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert values["FIELD_KEYS"] == [FIELD_KEY, FIELD_KEY]
    assert values["RATE_LIMITS"]["code:mailbox"] == "3/d"
    assert values["RATE_LIMITS"]["find:network"] == "7/h"
    assert values["RATE_LIMITS"]["sign:network"] == "60/h"


def test_registration_is_by_invitation_unless_told_otherwise(load):
    assert load(**PRODUCTION)["REGISTRATION"] == "invitation"
    assert load(DEBUG="1", FIELD_KEYS=FIELD_KEY)["REGISTRATION"] == "invitation"
    for choice in ("open", "closed"):
        assert load(**PRODUCTION, REGISTRATION=choice)["REGISTRATION"] == choice


def test_anonymous_lines_wait_for_company_in_production_and_not_in_development(load):
    development = load(DEBUG="1", FIELD_KEYS=FIELD_KEY)
    production = load(**PRODUCTION)
    chosen = load(**PRODUCTION, BATCH_MINIMUM="12")

    assert [values["BATCH_MINIMUM"] for values in (development, production, chosen)] == [1, 5, 12]


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:6081", "https://cache.example/"])
def test_purging_asks_the_cache_that_is_named(load, url):
    assert load(**PRODUCTION, CACHE_PURGE_URL=url)["CACHE_PURGE_URL"] == url


def test_door_is_guarded_under_pressure_unless_told_otherwise(load):
    chosen = {"PROOF_OF_WORK": "always", "PRESSURE_LETTER": "7", "MINIMUM_FILL_SECONDS": "0"}

    usual, other = load(**PRODUCTION)["DEFENCES"], load(**PRODUCTION, **chosen)["DEFENCES"]

    assert usual == (
        "Defences(minimum_fill_seconds=2, proof_of_work='auto', proof_of_work_keys=200, "
        "pressure_letter=200, pressure_site=1000, pressure_minutes=5, longest_fill_seconds=86400)"
    )
    assert other == (
        "Defences(minimum_fill_seconds=0, proof_of_work='always', proof_of_work_keys=200, "
        "pressure_letter=7, pressure_site=1000, pressure_minutes=5, longest_fill_seconds=86400)"
    )


def test_every_rate_limit_can_be_read(load):
    for limits in (load(**PRODUCTION)["RATE_LIMITS"], test_settings.RATE_LIMITS):
        for name, limit in limits.items():
            assert re.fullmatch(r"[1-9]\d*/([1-9]\d?)?[mhd]", limit), f"{name}: {limit}"
            number, period = limit.split("/")
            assert int(number) > 0
            assert period[-1] in ratelimit.SECONDS


def test_every_rate_limit_is_checked_somewhere():
    floors = (ROOT / "letters", ROOT / "signatories")
    code = "".join(path.read_text() for floor in floors for path in floor.rglob("*.py"))

    for name in test_settings.RATE_LIMITS:
        assert f'"{name}"' in code, name
