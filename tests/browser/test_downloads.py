"""An owner takes a closed letter along, and opens it where there is no server."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.watching import PATIENCE_MS, open_page

pytestmark = pytest.mark.browser

PAGES = {
    "Versions": "Versions of the text",
    "Verification": "Verification",
    "Updates": "Updates and responses",
}
OWNER = ("olga", "five small stones")

CLOSED_LETTER = f"""
from django.utils import timezone
from letters.actions import Text, publish_text
from letters.models import Letter, Membership, Role, User
from signatories import roll
from signatories.actions import batches, sealing
from signatories.models import Appearance, Signature, State

letter = Letter.objects.create(slug="for-good", title="Kept for good", published_on=None)
today = timezone.localdate()
for demand in ("it.", "it now."):
    text = Text("Kept for good", "*Dear all,*\\n\\nWe ask one thing.\\n", (("Do", demand),))
    publish_text(letter=letter, text=text, actor=None, on=today)
letter = Letter.objects.get(slug="for-good")
letter.status, letter.published_on = "published", today
letter.save()
letter.updates.create(title="They wrote", body="About *us*.", published_on=today)
for number in range(620):
    name = f"Wilhelmina {{'abcdefghijklmnopqrstuvwxyz'[number % 26]}}otterbourne"
    Signature.objects.create(
        letter=letter, version=letter.current_version, appearance=Appearance.NAMED,
        state=State.PUBLISHED, name=name, roll_key=roll.place_of(name), submitted_on=today,
        confirmed_on=today, published_on=today,
    )
batches.refresh_count(letter=letter)
sealing.close(letter=letter, actor=None)
olga = User.objects.create_user("{OWNER[0]}", password="{OWNER[1]}")
Membership.objects.create(letter=letter, user=olga, role=Role.OWNER)
"""


@pytest.fixture(scope="module")
def closed_letter(site):
    site.python(CLOSED_LETTER)


def save(page, button, folder):
    with page.expect_download(timeout=PATIENCE_MS) as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_owner_takes_files_without_scripts(site, page, closed_letter, tmp_path):
    page.goto("/accounts/login/?next=/manage/letters/for-good/downloads/")
    page.get_by_label("User name").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Downloads")

    table = save(page, "CSV (roll.csv)", tmp_path)
    book = save(page, "Excel (XLSX) (roll.xlsx)", tmp_path)
    folder = save(page, "Download the archive (ZIP)", tmp_path)

    assert table.name.startswith("for-good-roll-")
    assert table.read_text(encoding="utf-8-sig").count("\n") == 621
    assert zipfile.ZipFile(book).testzip() is None
    assert "for-good/index.html" in zipfile.ZipFile(folder).namelist()
    page.goto("/manage/letters/for-good/trail/")
    expect(page.locator("main")).to_contain_text("Took the roll, the numbers or the letter along")


@pytest.fixture(scope="module")
def folder(site, closed_letter, tmp_path_factory):
    to = tmp_path_factory.mktemp("taken") / "archive"
    site.manage("archive_letter", "--letter", "for-good", "--to", str(to))
    return to


def menu(page, name):
    page.get_by_role("navigation", name="Archive").get_by_role("link", name=name).click()


def test_archive_opens_from_a_folder(browser, folder):
    """Nothing is asked of anybody else, and the console has nothing to say."""
    with open_page(browser, "file://", java_script_enabled=True) as page:
        page.goto(f"file://{folder}/index.html")
        expect(page.get_by_role("heading", level=1)).to_have_text("Kept for good")
        menu(page, "The roll")
        page.get_by_role("link", name="Names from z").click()
        expect(page.locator("#from-z .signature__name")).to_have_text("Wilhelmina zotterbourne")
        expect(page.locator(".pagination__where")).to_have_text("Page 2 of 2")
        page.get_by_role("link", name="First page").click()
        expect(page.locator(".roll > li")).to_have_count(500)
        for name, title in PAGES.items():
            menu(page, name)
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
        is_loaded = '[...document.fonts].some((font) => font.status === "loaded")'
        assert page.evaluate(f"document.fonts.ready.then(() => {is_loaded})")


@pytest.mark.parametrize("file", ["index.html", "roll/2.html", "versions/2.html", "updates.html"])
def test_archived_page_is_accessible(browser, folder, file):
    # Not watched: axe asks for the styles in a way that no folder answers.
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"file://{folder}/{file}")

    assert faults(page, file) == []

    context.close()
