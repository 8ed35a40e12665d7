"""The doors to the files: who comes in, what the browser is told, and what the trail has of it."""

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import NotAllowed
from letters.models import AuditEntry, Letter, Membership, Role, Status, Visibility
from signatories.actions import batches, exporting
from signatories.exports import files
from signatories.models import State
from tests.factories import make_letter, make_signature, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

PAGE = "/manage/letters/taken-along/downloads/"
ARCHIVE = "/manage/letters/taken-along/archive.zip"


@pytest.fixture
def letter():
    letter = make_letter(slug="taken-along")
    make_signature(letter, state=State.PUBLISHED)
    batches.refresh_count(letter=letter)
    return Letter.objects.get(pk=letter.pk)


@pytest.fixture
def alice(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return alice


@pytest.fixture
def paula(letter):
    """Of the press: she reads along."""
    paula = make_user("paula")
    Membership.objects.create(letter=letter, user=paula, role=Role.PRESS)
    return paula


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


def close(letter):
    letter.status, letter.closed_on = Status.CLOSED, timezone.localdate()
    letter.save()


@pytest.mark.parametrize("file", files.FILES)
def test_press_takes_a_file_along_and_the_trail_has_it(letter, paula, file):
    answer = browser_of(paula).post(PAGE + file)

    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="{files.name_of(letter, file)}"'
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Content-Type"] == files.FILES[file][0]
    assert answer.getvalue() == b"".join(files.FILES[file][1](letter))
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.actor) == ("letter.exported", file, paula)


def test_trail_has_each_file_once_a_day(letter, paula):
    browser = browser_of(paula)

    for file in ("roll.csv", "roll.csv", "roll.json"):
        browser.post(PAGE + file)

    assert list(AuditEntry.objects.order_by("pk").values_list("target", flat=True)) == [
        "roll.csv",
        "roll.json",
    ]


def test_opening_an_address_takes_nothing(letter, alice):
    browser = browser_of(alice)

    assert browser.get(PAGE + "roll.csv").status_code == 405
    assert browser.get(ARCHIVE).status_code == 405
    assert not AuditEntry.objects.exists()


def test_file_that_there_is_not_is_not_found(letter, alice):
    assert browser_of(alice).post(PAGE + "roll.exe").status_code == 404
    assert not AuditEntry.objects.exists()


def test_page_offers_every_file_and_says_what_is_left_out(letter, paula):
    page = browser_of(paula).get(PAGE)

    text = page.content.decode()
    assert [f'action="{PAGE}{file}"' in text for file in files.FILES] == [True] * 6
    assert "1 line, as the public page shows it" in words(page)
    assert "names behind anonymous signatures: we do not hold them" in words(page)
    assert "An owner can take it once the letter is closed." in words(page)
    assert ARCHIVE not in text
    assert (
        f'href="{PAGE}"' in browser_of(paula).get("/manage/letters/taken-along/").content.decode()
    )


def test_owner_takes_the_archive_of_a_closed_letter(letter, alice, paula):
    close(letter)
    assert f'action="{ARCHIVE}"' in browser_of(alice).get(PAGE).content.decode()
    assert "Owners can take it." in words(browser_of(paula).get(PAGE))

    answer = browser_of(alice).post(ARCHIVE)

    assert answer["Content-Type"] == "application/zip"
    assert "taken-along-archive-" in answer["Content-Disposition"]
    assert answer.getvalue().startswith(b"PK")
    assert AuditEntry.objects.get().target == "archive.zip"
    assert browser_of(paula).post(ARCHIVE).status_code == 404


def test_open_letter_has_no_archive(letter, alice):
    answer = browser_of(alice).post(ARCHIVE)

    assert "Close the letter first" in words(answer)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("path", [f"{PAGE}roll.csv", ARCHIVE])
def test_letter_that_nobody_can_read_has_no_files(letter, alice, path):
    close(letter)
    letter.taken_down_on = timezone.localdate()
    letter.save()

    answer = browser_of(alice).post(path)

    assert "There is nothing to download" in words(answer)
    assert not AuditEntry.objects.exists()


def test_draft_has_no_files(alice):
    draft = make_letter(status=Status.DRAFT)
    Membership.objects.create(letter=draft, user=alice, role=Role.OWNER)

    with pytest.raises(NotAllowed):
        exporting.export(letter=draft, file="roll.csv", actor=alice)


def test_verbs_let_nobody_else_in(letter):
    close(letter)
    charlie = make_user("charlie")

    with pytest.raises(NotAllowed):
        exporting.export(letter=letter, file="roll.csv", actor=charlie)
    with pytest.raises(NotAllowed):
        exporting.archive(letter=letter, actor=charlie)

    assert not AuditEntry.objects.exists()


def test_internal_letter_warns_before_anything_is_taken(letter, alice):
    Letter.objects.filter(pk=letter.pk).update(visibility=Visibility.INTERNAL)

    assert "no log-in protects it. Do not pass them on." in words(browser_of(alice).get(PAGE))


@pytest.mark.parametrize("role", [Role.PRESS, Role.EDITOR])
def test_roll_of_an_internal_letter_is_for_those_who_read_its_names(letter, alice, role):
    """Whoever decides nothing reads the names inside with a mailbox of the organisation only."""
    Letter.objects.filter(pk=letter.pk).update(visibility=Visibility.INTERNAL)
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=role)
    names, numbers = ([f for f in files.FILES if f.startswith(s)] for s in ("roll", "statistics"))

    refused = [browser_of(bob).post(PAGE + file) for file in names]

    for answer in refused:
        assert "Only owners and moderators take the roll" in words(answer)
        assert "Content-Disposition" not in answer
    assert 'downloads/roll.csv"' not in browser_of(bob).get(PAGE).content.decode()
    assert not AuditEntry.objects.exists()
    for file in numbers:
        assert "Otterbourne" not in browser_of(bob).post(PAGE + file).getvalue().decode("latin-1")
    Membership.objects.filter(user=bob).update(role=Role.MODERATOR)
    for browser in (browser_of(bob), browser_of(alice)):
        assert b"Otterbourne" in browser.post(f"{PAGE}roll.csv").getvalue()


@pytest.mark.parametrize("path", [f"{PAGE}roll.csv", ARCHIVE])
def test_account_takes_only_so_many_an_hour(letter, alice, settings, path):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "export:account": "1/h"}
    close(letter)
    browser = browser_of(alice)

    assert [browser.post(path).status_code for _each in range(2)] == [200, 429]


def test_form_without_its_token_takes_nothing(letter, alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    assert browser.post(PAGE + "roll.csv").status_code == 403
    assert not AuditEntry.objects.exists()
