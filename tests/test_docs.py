"""What is written about the application is what the application does."""

import ast
import re
import runpy
from html import unescape
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from signatories import durations, inventory
from signatories.actions import batches
from signatories.models import Method, Reason
from signatories.statistics import count_nothing, public_statistics
from tests.factories import make_anonymous, make_letter, make_organisation

ROOT = Path(settings.ROOT)
OWN_APPS = ("letters", "signatories")


def document(name):
    return (ROOT / name).read_text(encoding="utf-8")


def section(name, heading):
    """The text under a heading, up to the next one of its level."""
    level = heading.split()[0]
    text = document(name).split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n{level} ", text, maxsplit=1)[0]


def rows_of(text):
    """The rows of the tables in a text: lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if not set("".join(row)) <= set("-: ")]


def in_code(text):
    return re.findall(r"`([^`]+)`", text)


# Settings ---------------------------------------------------------------------------------


def names_read_from_the_environment():
    """Variables that the settings and `make run` read: `env.str("NAME")`, `words("NAME")` …"""
    found = set()
    config = ROOT / "config"
    settings_modules = [config / f"{name}.py" for name in ("settings", "defences", "outgoing")]
    for path in [*settings_modules, *sorted((config / "run").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            candidates = []
            if isinstance(node, ast.Call):
                candidates = node.args[:1]
            elif isinstance(node, ast.Subscript):
                candidates = [node.slice]
            elif isinstance(node, ast.Compare):
                candidates = [node.left]
            is_about_environment = "env" in ast.unparse(node) or "words(" in ast.unparse(node)
            found |= {
                one.value
                for one in candidates
                if is_about_environment and isinstance(one, ast.Constant)
                if isinstance(one.value, str) and re.fullmatch(r"[A-Z][A-Z_]+", one.value)
            }
    return found - {"DJANGO_SETTINGS_MODULE", "PGCONNECT_TIMEOUT", "MAKELEVEL"}


def test_every_setting_is_documented_and_every_documented_one_is_read():
    documented = {
        in_code(row[0])[0] for row in rows_of(section("docs/operations.md", "## Settings"))[1:]
    }

    read = names_read_from_the_environment()

    assert {"DATABASE_URL", "FIELD_KEYS", "PORT", "RATE_LIMITS", "VAR_DIR"} <= read
    assert documented == read


def load_settings(monkeypatch, tmp_path, **environment):
    for name in names_read_from_the_environment():
        monkeypatch.delenv(name, raising=False)
    for name, value in {"VAR_DIR": str(tmp_path), **environment}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "config" / "settings.py"))


def test_documented_limits_are_the_real_ones(monkeypatch, tmp_path):
    key = Fernet.generate_key().decode()
    production = load_settings(
        monkeypatch,
        tmp_path,
        SECRET_KEY="x" * 60,
        FIELD_KEYS=key,
        ALLOWED_HOSTS="letters.example.org",
        SITE_URL="https://letters.example.org",
    )["RATE_LIMITS"]
    development = load_settings(monkeypatch, tmp_path, DEBUG="1", FIELD_KEYS=key)["RATE_LIMITS"]

    rows = rows_of(section("docs/operations.md", "## Limits on visitors"))[1:]
    documented = {in_code(row[0])[0]: (in_code(row[2])[0], *in_code(row[3])) for row in rows}

    assert documented == {
        name: (limit,) if development[name] == limit else (limit, development[name])
        for name, limit in production.items()
    }


def test_documented_schedule_is_the_real_one():
    units = {"s": 1, "min": 60}
    rows = rows_of(section("docs/operations.md", "## Processes"))
    periods = [row[0].split() for row in rows if re.fullmatch(r"\d+ (s|min)", row[0])]

    documented = sorted(int(number) * units[unit] for number, unit in periods)

    assert documented == sorted(e["schedule"] for e in settings.CELERY_BEAT_SCHEDULE.values())


# Commands ---------------------------------------------------------------------------------

DJANGOS_OWN_OPTIONS = {
    *("--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback"),
    *("--no-color", "--force-color", "--skip-checks"),
}


def options_of(app, command):
    parser = load_command_class(app, command).create_parser("manage.py", command)
    return {option for action in parser._actions for option in action.option_strings}


def test_every_command_is_documented_with_its_options():
    table = rows_of(section("docs/operations.md", "## Commands"))[1:]
    documented = {in_code(row[0])[0].split()[0]: in_code(row[0])[0] for row in table}
    own = {name: app for name, app in get_commands().items() if app in OWN_APPS}

    assert set(own) == {
        *("demo_accounts", "demo_signatures", "directory", "erase_expired", "seed"),
        *("archive_letter", "invite", "pause_signing", "read_bounces", "recover"),
    }
    for command, app in own.items():
        options = {o for o in options_of(app, command) if o.startswith("--")} - DJANGOS_OWN_OPTIONS
        assert options == set(re.findall(r"--[a-z-]+", documented[command])), command
    assert set(documented) <= set(get_commands())


# Addresses --------------------------------------------------------------------------------


def routes(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin" and not route.startswith("accounts/"):
                yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and not route.startswith("accounts/"):
            yield route


def readable(route):
    """`^confirm/(?P<token>…)/$` and `letters/<slug:slug>/` as people write them."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).replace("^", "").replace("$", "")
    return "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", route)


def test_every_address_is_documented():
    written = "\n".join(
        document(name) for name in ("docs/api.md", "docs/operations.md", "README.md")
    )
    addresses = {readable(route) for route in routes(get_resolver().url_patterns)}

    assert {"/", "/letters/<slug>/roll/", "/confirm/<token>/", "/healthz"} <= addresses
    assert {one for one in addresses - {"/dev/mailbox/<id>/"} if one not in written} == set()
    for address in ("/admin/", "/dev/mailbox/"):
        assert address in written


# stats.json -------------------------------------------------------------------------------


def members_of(value, before=""):
    """Every member of a document as `a.b`; members of reasons and methods are values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield before + name
            if name not in ("rejected", "by_method"):
                yield from members_of(inner, f"{before}{name}.")


@pytest.mark.django_db
def test_every_member_of_the_statistics_is_documented():
    letter = make_letter()
    make_anonymous(letter, make_organisation("Google"))
    text = section("docs/api.md", "## `GET /letters/<slug>/stats.json`")
    rows = rows_of(text)[1:]
    documented, within = set(), ""
    for row in rows:
        member = in_code(row[0])[0]
        within = within if member.startswith("….") else member
        documented.add(member.replace("…", within))

    members = set(members_of(public_statistics(letter))) - {"published"}

    assert documented == members
    for name in ("organisation", "name", "signatures"):
        assert f'"{name}"' in text
    for code in (*Reason.values, *Method.values):
        assert f"`{code}`" in text
    assert set(count_nothing()) <= {member.rpartition(".")[2] for member in members}


def test_statistics_in_openapi_have_the_same_members():
    text = document("docs/openapi.yaml")

    for name in [*members_of({"as_of_last_batch": count_nothing()}), "verified_by_organisation"]:
        assert re.search(rf"^\s*{name.rpartition('.')[2]}:", text, re.MULTILINE), name
    for route in ("/letters/{slug}/stats.json", "/healthz", "/readyz"):
        assert f"{route}:" in text


# Durations --------------------------------------------------------------------------------


def durations_shown(client):
    page = client.get("/how-it-works/").content.decode()
    table = page.split('id="kept"', 1)[1].split("</table>", 1)[0]
    rows = re.findall(r"<th scope=\"row\">(.*?)</th>\s*<td>(.*?)</td>", table, re.DOTALL)
    return {unescape(what): unescape(kept) for what, kept in rows}


def test_durations_on_the_page_are_those_of_the_settings(client, settings):
    shown = durations_shown(client)

    assert shown["A code"] == (
        f"{settings.CODE_MINUTES} minutes after it was sent; a mailbox gets at most "
        f"{settings.RATE_LIMITS['code:mailbox'].split('/')[0]} a day"
    )
    assert shown["The address of an anonymous entry"].endswith(
        f"at most {settings.UNCONFIRMED_ANONYMOUS_HOURS} hours"
    )
    assert shown["The address of an entry by name"].endswith(
        f"at most {settings.UNCONFIRMED_NAMED_HOURS} hours"
    )
    assert shown["A second entry under an address that has signed"] == (
        f"{settings.DUPLICATE_DAYS} days"
    )
    assert shown["The name of a rejected entry"].startswith(f"{settings.REJECTED_DAYS} days")


def test_durations_on_the_page_follow_the_settings(client, settings):
    settings.CODE_MINUTES, settings.UNCONFIRMED_ANONYMOUS_HOURS = 31, 25
    settings.UNCONFIRMED_NAMED_HOURS, settings.DUPLICATE_DAYS, settings.REJECTED_DAYS = 73, 32, 33

    said = " ".join(durations_shown(client).values())

    for duration in ("31 minutes", "25 hours", "73 hours", "32 days", "33 days"):
        assert duration in said


def promised():
    """Durations that texts may name, from the settings."""
    hours = {
        settings.UNCONFIRMED_ANONYMOUS_HOURS,
        settings.UNCONFIRMED_NAMED_HOURS,
        *settings.KEY_HOURS.values(),
        batches.LONGEST_INTERVAL // durations.AN_HOUR,
        settings.SESSION_COOKIE_AGE // 3600,
    }
    days = {settings.DUPLICATE_DAYS, settings.REJECTED_DAYS, settings.SEALING_DAYS}
    days.add(settings.VOUCH_DAYS)
    days.add(settings.NOTICE_DAYS)
    days |= {settings.BULK_DAYS, settings.BULK_PREVIEW_DAYS + 1}
    return {
        f"{settings.CODE_MINUTES} minutes",
        *(f"{number} hours" for number in hours),
        *(f"{number} days" for number in days),
    }


def test_durations_in_fixed_words_are_those_of_the_settings():
    """Pages and mails that say "72 hours" in a sentence of their own."""
    named = {
        (path.relative_to(ROOT).as_posix(), match[0])
        for floor in ("config", "letters", "signatories")
        for path in sorted((ROOT / floor).rglob("templates/**/*"))
        if path.is_file()
        for match in re.finditer(
            r"\b\d+ (?:minutes|hours|days)\b", path.read_text(encoding="utf-8")
        )
    }

    assert {duration for _path, duration in named} >= {"24 hours", "72 hours"}
    assert [row for row in named if row[1] not in promised()] == []
    code_page = document("signatories/templates/signatories/code.html")
    words = {3: "three", 4: "four", 5: "five", 6: "six"}
    assert f"each code can be tried {words[settings.CODE_TRIES]} times" in code_page


PROMISES = ["docs/threat-model.md", "docs/privacy-notice-template.md", "docs/legal-demands.md"]


@pytest.mark.parametrize("name", PROMISES)
def test_durations_in_the_documents_are_those_of_the_settings(name):
    named = set(re.findall(r"\b\d+ (?:minutes|hours|days)\b", document(name)))

    assert named, "A document about privacy that names no duration."
    assert named <= promised()


def test_numbers_in_words_in_the_threat_model_are_those_of_the_settings(monkeypatch, tmp_path):
    production = load_settings(
        monkeypatch,
        tmp_path,
        SECRET_KEY="x" * 60,
        FIELD_KEYS=Fernet.generate_key().decode(),
        ALLOWED_HOSTS="letters.example.org",
        SITE_URL="https://letters.example.org",
    )
    words = {3: "three", 4: "four", 5: "five", 6: "six"}

    minimum = words[production["BATCH_MINIMUM"]]
    longest = words[production["BATCH_MAXIMUM_WAIT_DAYS"]]

    text = " ".join(document("docs/threat-model.md").split())
    assert (
        f"waits until {minimum} lines come together, but no line longer than {longest} days" in text
    )


def test_template_of_the_privacy_notice_has_the_table_of_the_pages():
    """Each row of the pages' table stands in it, with the same duration."""
    rows = rows_of(
        section("docs/privacy-notice-template.md", "## Privacy notice of [name of the site]")
    )
    written = " ".join(" ".join(row) for row in rows)

    for what, kept in durations.table():
        for duration in re.findall(r"\d+ (?:minutes|hours|days)", kept):
            assert duration in written, what
    assert len(rows[1:]) >= len(durations.table())


# What could be handed over -----------------------------------------------------------------


def test_legal_demands_go_through_the_inventory_entry_by_entry():
    rows = rows_of(section("docs/legal-demands.md", "## Entry by entry"))[1:]

    assert [row[0] for row in rows] == [entry.title for entry in inventory.entries()]
    for row in rows:
        assert len(row) == 4
        assert all(row), row[0]


# Words ------------------------------------------------------------------------------------

GLOSSARY = """letter version demand recipient response update signature signatory roll
    affiliation appearance named anonymous pledged confirm verify vouch pledge review approve
    reject withdraw erase close seal organiser moderator host""".split()


def test_glossary_has_the_words_of_the_design():
    rows = rows_of(section("docs/architecture.md", "## Glossary"))[1:]
    words = [word.strip() for row in rows for word in row[0].split(",")]

    assert [word for word in GLOSSARY if word not in words] == []
    assert len(words) - len(set(words)) <= 1, "owner, editor, moderator are roles as well"
    assert all(row[1] for row in rows)


# Links ------------------------------------------------------------------------------------

DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
]


def anchors_of(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_the_documents_lead_somewhere(name):
    text = document(name)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (anchor and anchor not in anchors_of(file.read_text())):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_files_that_exist(name):
    """`config/settings.py` and the like, in code type."""
    named = {
        code
        for code in in_code(document(name))
        if re.fullmatch(r"(?:config|letters|signatories|seeds|tests|docs)/[\w/.\-]+", code)
    }

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_way_in_is_two_commands():
    text = document("README.md")

    assert "make run" in text
    assert "make test" in text
    assert (ROOT / "LICENSE").read_text().lstrip().startswith("GNU AFFERO GENERAL PUBLIC LICENSE")
