"""What gives rights, reaches many people or cannot be undone asks the session for its factor."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from letters.actions import drafts
from letters.actions.drafts import Written
from letters.models import (
    AuditEntry,
    Letter,
    Membership,
    Role,
    Status,
    TeamInvitation,
    User,
)
from signatories import spreadsheets
from signatories.actions import importing
from signatories.models import Import, ImportState, Mailing
from tests.factories import PASSWORD, make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

ONE = "letters/<slug:slug>/"
# Each asks for the factor before it opens. Whoever adds a door decides where it belongs.
STRONG = {
    f"{ONE}publish/",
    f"{ONE}publish/time/",
    f"{ONE}publish/time/approve/",
    f"{ONE}publish/return/",
    f"{ONE}delete/",
    f"{ONE}rules/",
    f"{ONE}team/",
    f"{ONE}take-down/",
    f"{ONE}door/",
    f"{ONE}close/",
    f"{ONE}reopen/",
    f"{ONE}seal/",
    f"{ONE}public/",
    f"{ONE}rejections/",
    f"{ONE}import/",
    f"{ONE}import/<uuid:pk>/",
    f"{ONE}updates/<int:pk>/mailing/",
}
# Reading, writing what can be written anew, and what concerns one's own account only.
OTHERS = {
    *("", "new/", "handbook/", "news/", "join/<token>/", ONE),
    *(f"{ONE}text/{page}" for page in ("", "save/", "preview/", "discard/")),
    *(f"{ONE}publish/{page}" for page in ("time/drop/", "write-on/")),
    *(f"{ONE}{page}/" for page in ("recipients", "responses", "lists", "trail")),
    *(f"{ONE}{page}/" for page in ("notices", "downloads")),
    f"{ONE}prominent/",
    *(f"{ONE}{page}" for page in ("trail.csv", "downloads/<str:file>", "archive.zip")),
    *(f"{ONE}import/<uuid:pk>/{page}" for page in ("report/", "report.csv")),
    *(f"{ONE}updates/{page}" for page in ("", "new/", "preview/", "<int:pk>/")),
    *(f"{ONE}updates/<int:pk>/{page}" for page in ("delete/", "mailing/html/", "mailing/now/")),
    *(f"{ONE}preview/{page}" for page in ("", "sign/")),
    *(f"{ONE}versions/{page}" for page in ("", "<int:number>/")),
}


@pytest.fixture
def letter():
    return make_letter(slug="library", addressed_to="the mayor")


def owner(letter, second_factor):
    alice = make_user("alice", second_factor=second_factor)
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return alice


def came_in_by_password(letter):
    """A session that began before its account had a factor: whose it is, nobody knows."""
    alice, browser = owner(letter, second_factor=False), Client()
    browser.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    TOTP.activate(alice, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    return browser


def without_factor(letter):
    browser = Client()
    browser.force_login(owner(letter, second_factor=False))
    return browser


def an_update(letter):
    return letter.updates.create(title="News", body="News.", published_on=timezone.localdate())


def an_import(letter, **fields):
    table = spreadsheets.read(b"name,email\nWilhelmina,w@gmail.com\n")
    source = importing.begin(letter=letter, table=table, actor=User.objects.get())
    Import.objects.filter(pk=source.pk).update(**fields)
    return source


def path_of(page, letter):
    found = page.replace("<slug:slug>", letter.slug)
    if "<uuid:pk>" in page:
        found = found.replace("<uuid:pk>", str(an_import(letter).pk))
    return "/manage/" + found.replace("<int:pk>", str(an_update(letter).pk))


def test_every_door_of_the_workspace_is_known_here():
    patterns = next(
        one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "manage"
    )
    pages = {
        re.sub(r"\(\?P(<\w+>)[^)]*\)|[\^$]", r"\1", str(one.pattern))
        for one in patterns.url_patterns
    }

    assert pages == STRONG | OTHERS


@pytest.mark.parametrize("page", sorted(STRONG))
def test_session_that_showed_a_password_only_does_nothing_strong(letter, page):
    browser = came_in_by_password(letter)
    path = path_of(page, letter)
    before, trail = Letter.objects.values().get(), AuditEntry.objects.count()

    for answer in (browser.get(path), browser.post(path, {"do": "invite", "role": "owner"})):
        assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=")

    assert (Letter.objects.values().get(), AuditEntry.objects.count()) == (before, trail)


@pytest.mark.parametrize("do", ["invite", "role"])
def test_account_without_factor_gives_no_rights(letter, do):
    browser = without_factor(letter)
    bob = Membership.objects.create(letter=letter, user=make_user("bob"), role=Role.PRESS)
    data = {"do": f"role:{bob.pk}" if do == "role" else do, "role": "owner"}

    page = browser.post("/manage/letters/library/team/", {**data, f"role-{bob.pk}": "owner"})

    assert "Your account needs a second factor for this." in words(page)
    bob.refresh_from_db()
    assert (bob.role, TeamInvitation.objects.count()) == (Role.PRESS, 0)


def test_account_without_factor_can_leave_a_team(letter):
    browser = without_factor(letter)
    Membership.objects.create(letter=letter, user=make_user("bob"), role=Role.OWNER)
    own = Membership.objects.get(user__username="alice")

    browser.post("/manage/letters/library/team/", {"do": f"remove:{own.pk}"})

    assert not Membership.objects.filter(user__username="alice").exists()


def test_account_without_factor_takes_nothing_down(letter):
    page = without_factor(letter).post("/manage/letters/library/take-down/", {"do": "take_down"})

    assert "Your account needs a second factor for this." in words(page)
    assert Letter.objects.get().taken_down_on is None


@pytest.mark.parametrize("do", ["ask", "send"])
def test_account_without_factor_mails_nobody(letter, do):
    browser, update = without_factor(letter), an_update(letter)
    data = {"do": do, "revision": update.revision}

    page = browser.post(f"/manage/letters/library/updates/{update.pk}/mailing/", data)

    assert "Your account needs a second factor for this." in words(page)
    assert not Mailing.objects.exists()


@pytest.mark.parametrize(
    ("do", "state"), [("start", ImportState.READY), ("resume", ImportState.PAUSED)]
)
def test_account_without_factor_invites_nobody(letter, do, state):
    browser = without_factor(letter)
    source = an_import(letter, state=state, mapping={}, head=None, rows_done=1)
    page = browser.post(f"/manage/letters/library/import/{source.pk}/", {"do": do, "asked": "on"})

    assert "Your account needs a second factor for this." in words(page)
    assert Import.objects.get().state == state


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PUBLISHED])
def test_account_without_factor_changes_rules_of_drafts_only(status):
    letter = make_letter(slug="library", status=status)
    browser = without_factor(letter)
    page = browser.get("/manage/letters/library/rules/")
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, False)}

    answer = browser.post(
        "/manage/letters/library/rules/",
        {**data, "summary": "Changed.", "seen": page.context["seen"]},
    )

    is_draft = status == Status.DRAFT
    refused = "Your account needs a second factor for this." in answer.content.decode()
    assert (Letter.objects.get().summary == "Changed.", refused) == (is_draft, not is_draft)


def test_account_without_factor_publishes_no_new_version(letter):
    browser = without_factor(letter)
    written = Written("Another title", "Another text.\n", "One demand.")
    drafts.save(letter=letter, written=written, revision=0, actor=User.objects.get())
    path = "/manage/letters/library/publish/"

    page = browser.post(path, {"revision": "1"})

    assert "Something is still missing." in words(page)
    assert Letter.objects.get().current_version.number == 1
    browser.force_login(
        Membership.objects.create(letter=letter, user=make_user("bob"), role=Role.EDITOR).user
    )
    browser.post(path, {"revision": "1"})
    assert Letter.objects.get().current_version.number == 2
    assert Letter.objects.get().status == Status.PUBLISHED
