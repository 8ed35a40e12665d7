"""The data inventory: nothing is stored about people that it leaves out, and it invents nothing."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as test_settings

from config import ratelimit
from signatories import inventory
from signatories.views import login
from signatories.views.access import COOKIE

ROOT = Path(test_settings.ROOT)


def fields_of_the_database():
    """Every column and every many-to-many table of every model that is installed."""
    return {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
    }


def fields_in_inventory():
    return Counter(
        field
        for part in (*inventory.entries(), *inventory.NOT_ABOUT_PEOPLE)
        for field in part.fields
    )


def places():
    return {place for entry in inventory.entries() for place in entry.places}


# Fields -----------------------------------------------------------------------------------


def test_fields_of_every_table_are_in_the_inventory():
    missing = fields_of_the_database() - set(fields_in_inventory())

    assert missing == set(), (
        "Say in signatories/inventory what these hold, or that they are silent."
    )


def test_fields_in_the_inventory_exist():
    assert set(fields_in_inventory()) - fields_of_the_database() == set()


def test_fields_stand_in_the_inventory_once():
    assert {field for field, number in fields_in_inventory().items() if number > 1} == set()


@pytest.mark.parametrize(
    "field",
    [
        "signatories.Signature.name",
        "signatories.Signature.address_digest",
        "signatories.Verification.address",
        "signatories.UsedAddress.digest",
        "signatories.Subscription.address",
        "signatories.Invited.content",
        "signatories.InvitedMailbox.digest",
        "signatories.ImportPart.content",
        "letters.AuditEntry.actor",
        "letters.User.username",
        "sessions.Session.session_data",
    ],
)
def test_fields_about_people_are_not_declared_silent(field):
    assert field in {one for entry in inventory.entries() for one in entry.fields}


def test_reasons_are_given_for_what_is_silent():
    for silent in inventory.NOT_ABOUT_PEOPLE:
        assert len(silent.reason.split()) >= 3, silent.fields


# Places beside the database ---------------------------------------------------------------


def test_rings_of_keys_are_in_the_inventory():
    code = "".join(path.read_text() for path in (ROOT / "signatories").rglob("*.py"))
    rings = set(re.findall(r"keys\.(?:\w+)\(\s*\"(\w+)\"", code))

    assert rings == {"day", "letter"}
    assert {f"KEYS_DIR/{ring}" for ring in rings} <= places()


def test_cookies_are_in_the_inventory(settings):
    own = {COOKIE, login.COOKIE}
    cookies = {settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME, "messages", *own}

    assert {place for place in places() if place.startswith("cookie:")} == {
        f"cookie: {name}" for name in cookies
    }


def test_names_under_which_the_cache_keeps_something_are_in_the_inventory():
    """Whatever calls the cache does it under a name that the inventory has."""
    names = set()
    for floor in ("config", "letters", "signatories"):
        for path in (ROOT / floor).rglob("*.py"):
            text = path.read_text()
            if re.search(r"\bcache\.(?:set|add|get_or_set|incr)\(", text):
                names |= set(re.findall(r"(?:=|return) f\"([\w-]+):\{", text))

    assert names == {"limit", "network-key", "pressure", "recent", "spent"}
    assert {f"Redis: {name}" for name in names} <= places()


def test_queue_holds_ids_and_nothing_else():
    """The inventory says so of the queue: every task takes ids or nothing."""
    code = [(ROOT / floor / "tasks.py").read_text() for floor in ("letters", "signatories")]
    tasks = [
        node
        for node in ast.parse("\n".join(code)).body
        if isinstance(node, ast.FunctionDef)
        and any("shared_task" in ast.unparse(one) for one in node.decorator_list)
    ]

    assert len(tasks) >= 8
    for task in tasks:
        assert all(arg.arg.endswith("_id") for arg in task.args.args), task.name


# Words ------------------------------------------------------------------------------------


def test_entries_say_everything_in_whole_sentences():
    for entry in inventory.entries():
        assert entry.fields or entry.places, entry.title
        for text in (entry.what, entry.seen_by, entry.kept_until, entry.protected):
            assert re.fullmatch(r"[A-Z].*\.", text), f"{entry.title}: {text}"
            assert ".." not in text, f"{entry.title}: {text}"


def test_titles_of_entries_are_unique():
    titles = [entry.title for entry in inventory.entries()]

    assert len(titles) == len(set(titles))


# Durations --------------------------------------------------------------------------------

CHANGED = {
    "CODE_MINUTES": 1017,
    "UNCONFIRMED_ANONYMOUS_HOURS": 1018,
    "UNCONFIRMED_NAMED_HOURS": 1019,
    "KEY_HOURS": {"anonymous": 1020, "named": 1021},
    "DUPLICATE_DAYS": 1022,
    "REJECTED_DAYS": 1023,
    "SEALING_DAYS": 1024,
    "BATCH_INTERVAL": str(1025 * 3600),
    "SESSION_COOKIE_AGE": 1026 * 3600,
    "RATE_LIMITS": {"code:mailbox": "1027/d"},
    "MEMBER_HOURS": 1029,
    "VOUCH_DAYS": 1030,
    "LOGIN_MINUTES": 1031,
    "INVITATION_DAYS": 1032,
    "RECOVERY_HOURS": 1033,
    "NOTICE_DAYS": 1034,
    "INVITED_DAYS": 1035,
    "READING_MINUTES": 1036,
    "BULK_DAYS": 1037,
    "BULK_PREVIEW_DAYS": 1037,
}


def test_durations_all_come_from_the_settings(settings, monkeypatch):
    for name, value in CHANGED.items():
        setattr(settings, name, value)
    monkeypatch.setitem(ratelimit.SECONDS, "d", 1028 * 3600)

    said = " ".join(entry.kept_until for entry in inventory.entries())

    assert set(re.findall(r"\d+", said)) == {str(number) for number in range(1017, 1039)}


def test_durations_stand_in_no_other_text_of_the_inventory():
    for entry in inventory.entries():
        for text in (entry.what, entry.seen_by, entry.protected):
            assert not re.search(r"\b\d", text), f"{entry.title}: {text}"
