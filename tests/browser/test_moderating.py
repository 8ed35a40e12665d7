"""A moderator decides by keyboard alone, and without any script; on pages that everybody can use."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page
from tests.factories import TOTP_SECRET

pytestmark = pytest.mark.browser

PERSON = ("osric", "five flat stones", TOTP_SECRET)

ACCOUNT = f"""
from allauth.mfa.totp.internal.auth import TOTP
from letters.models import Letter, Membership, Role, User

osric = User.objects.create_user("{PERSON[0]}", password="{PERSON[1]}", is_staff=True)
TOTP.activate(osric, "{PERSON[2]}")
letter = Letter.objects.get(slug="salesforce-ice")
Membership.objects.create(letter=letter, user=osric, role=Role.MODERATOR)
"""

FILL = """
from django.utils import timezone
from letters.models import Letter
from signatories import flags
from signatories.models import Appearance, Flag, Signature, State

letter = Letter.objects.get(slug="salesforce-ice")
today = timezone.localdate()
names = [f"Keyed Ploverdale {number}" for number in range(14)]
for name in [*names, "Flagged Ploverdale", "Known Ploverdale"]:
    entry = Signature.objects.create(
        letter=letter, version=letter.current_version, appearance=Appearance.NAMED, name=name,
        state=State.IN_REVIEW, submitted_on=today, confirmed_on=today,
    )
    kind = {"Flagged": "burst", "Known": "well_known"}.get(name.split()[0])
    if kind:
        Flag.objects.create(signature=entry, kind=kind)
        entry.risk = flags.risk_of([kind])
        entry.save()
"""
ERASE = """
from signatories.models import Signature
Signature.objects.filter(name__contains="Ploverdale").delete()
"""
LIST = "/admin/signatories/signature/"
OURS = "/admin/signatories/signature/?q=Ploverdale"


@pytest.fixture
def entries(site):
    site.python(FILL)
    yield
    site.python(ERASE)


@pytest.fixture(scope="module")
def signed_in(browser, site):
    """The cookies of a moderator: each code of the second factor opens once."""
    site.python(ACCOUNT)
    with open_page(browser, site.url) as page:
        steps.log_in(page, *PERSON)
        return page.context.storage_state()


@pytest.fixture
def desk(browser, site, entries, signed_in):
    """A moderator with JavaScript; axe is a script too, and our policy would refuse it."""
    size = {"width": 1280, "height": 900}
    scripts = {"java_script_enabled": True, "bypass_csp": True}
    with open_page(browser, site.url, storage_state=signed_in, viewport=size, **scripts) as page:
        yield page


def decided(page):
    return page.locator(".row--decided")


def test_ten_entries_are_decided_by_keys_alone(desk):
    desk.goto(OURS)
    desk.keyboard.press("j")
    for number in range(7):
        desk.keyboard.press("a")
        expect(decided(desk)).to_have_count(number + 1)
    desk.keyboard.press("s")
    expect(decided(desk)).to_have_count(8)
    for number, reason in enumerate("25"):
        desk.keyboard.press("r")
        expect(desk.locator("#reject-dialog")).to_be_visible()
        desk.keyboard.press(reason)
        desk.keyboard.press("Enter")
        expect(decided(desk)).to_have_count(9 + number)

    words = [row.inner_text() for row in decided(desk).all()]
    ends = [re.search(r"(Approved|Set aside|Rejected)\.", text)[1] for text in words]
    assert ends == ["Approved"] * 7 + ["Set aside"] + ["Rejected"] * 2

    desk.keyboard.press("z")
    expect(decided(desk)).to_have_count(9)
    expect(desk.locator("[data-status]")).to_have_text("Taken back. The entry waits again.")
    desk.goto(f"{OURS}&state=rejected")
    expect(desk.locator("[data-row]")).to_have_count(1)


def test_entry_page_is_decided_by_keys_and_goes_on_by_itself(desk):
    desk.goto(OURS)
    desk.keyboard.press("j")
    desk.keyboard.press("o")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Entry")
    first = desk.locator(".line__name").first.inner_text()
    desk.keyboard.press("a")
    expect(desk.get_by_text("Approved. The line stands on the roll.")).to_be_visible()
    second = desk.locator(".line__name").first.inner_text()
    assert second != first
    desk.keyboard.press("z")
    expect(desk.get_by_text("Taken back.")).to_be_visible()
    expect(desk.locator(".line__name").first).to_have_text(first)
    desk.keyboard.press("r")
    desk.keyboard.press("3")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Rejected. The line is not on the roll.")).to_be_visible()
    desk.keyboard.press("n")
    expect(desk.get_by_text("Rejected. The line is not on the roll.")).to_have_count(0)


def test_keys_do_nothing_while_one_writes_nor_when_switched_off(desk):
    desk.goto(OURS)
    desk.get_by_role("searchbox").fill("")
    desk.get_by_role("searchbox").press_sequentially("asr")
    expect(desk.get_by_role("searchbox")).to_have_value("asr")
    desk.keyboard.press("Tab")
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.get_by_label("Single keys decide").uncheck()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()
    for key in ("j", "a", "a", "s"):
        desk.keyboard.press(key)
    desk.reload()
    desk.keyboard.press("j")
    desk.keyboard.press("a")
    desk.keyboard.press("Control+a")

    expect(decided(desk)).to_have_count(0)
    desk.get_by_role("button", name="Keys").click()
    expect(desk.get_by_label("Single keys decide")).not_to_be_checked()


def test_pages_of_the_queue_are_accessible(desk):
    found = []
    desk.goto("/admin/")
    found += faults(desk, "index")
    desk.goto(OURS)
    found += faults(desk, "list")
    desk.keyboard.press("j")
    desk.keyboard.press("a")
    expect(decided(desk)).to_have_count(1)
    found += faults(desk, "list with a decided row")
    desk.keyboard.press("r")
    expect(desk.locator("#reject-dialog")).to_be_visible()
    found += faults(desk, "rejecting")
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    found += faults(desk, "keys")
    desk.goto(f"{LIST}?q=Known+Ploverdale")
    desk.get_by_role("link", name="Needs a proof: open Known Ploverdale").click()
    expect(desk.get_by_label("What you were shown").first).to_be_visible()
    found += faults(desk, "entry")
    desk.goto(f"{LIST}guidance/")
    found += faults(desk, "guidance")

    assert found == []


def test_without_a_script_each_row_is_decided_and_taken_back(browser, site, entries, signed_in):
    with open_page(browser, site.url, storage_state=signed_in) as page:
        page.goto(OURS)
        page.get_by_role("button", name="Approve: Keyed Ploverdale").first.press("Enter")
        expect(page.get_by_text("Approved. The line stands on the roll.")).to_be_visible()
        page.get_by_role("link", name="See it again, or take it back").click()
        page.get_by_role("button", name="Take the decision back").press("Enter")
        expect(page.get_by_text("Taken back. The line has left the roll")).to_be_visible()
        page.get_by_label("another reason").check()
        page.get_by_label("Note to the signatory").fill("Please write your own name.")
        page.get_by_role("button", name="Reject", exact=True).press("Enter")
        expect(page.get_by_text("Rejected. The line is not on the roll.")).to_be_visible()
