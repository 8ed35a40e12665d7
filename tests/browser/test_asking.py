"""Asking moderators to look again: a reader reports a line, and its signatory objects.

All of it without JavaScript; axe looks at the same pages in a second browser.
"""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

NAME = "Isolde Marchbanks-Fenn"


@pytest.fixture
def axe(browser, site):
    """Collects what axe finds on pages that anybody with their address can open."""
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as looker:

        def look(page):
            looker.goto(page.url)
            found.extend(faults(looker, page.url))

        yield look
    assert found == []


@pytest.fixture
def desk(browser, site, moderator):
    """The moderator, also without JavaScript."""
    size = {"width": 1280, "height": 900}
    with open_page(browser, site.url, storage_state=moderator, viewport=size) as desk:
        yield desk


def is_on_roll(page):
    page.goto("/letters/iceout-tech/roll/?q=Marchbanks-Fenn")
    page.reload()
    return page.locator(".roll .signature__name").count() == 1


def open_entry(desk, site):
    number = site.one("SELECT id FROM signatories_signature WHERE name = ?", NAME)
    desk.goto(f"/admin/signatories/signature/{UUID(str(number))}/change/")


def report(page, complaint, axe):
    assert is_on_roll(page)
    axe(page)
    page.get_by_role("link", name=f"Report the line of {NAME}").click()
    axe(page)
    page.get_by_role("radio", name=complaint).check()
    page.get_by_role("button", name="Report this line").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    axe(page)
    assert is_on_roll(page)


def test_reported_line_stays_until_a_moderator_rejects_and_comes_back_on_objection(
    site, page, desk, axe
):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page, steps.BY_NAME, name=NAME, email="i.marchbanks@gmail.com", organisation="Northlane"
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("i.marchbanks@gmail.com").code)
    manage = page.get_by_label("The address of your entry").input_value()
    steps.approve(desk, NAME)

    report(page, "This is not a real person", axe)
    open_entry(desk, site)
    asked = desk.locator(".entry__asked")
    expect(asked).to_contain_text("“this is not a real person”")
    desk.get_by_role("button", name="Let it stand").click()
    assert is_on_roll(page)

    report(page, "Somebody used my name: I did not sign", axe)
    open_entry(desk, site)
    expect(asked).to_contain_text("“somebody used my name”")
    expect(asked).not_to_contain_text("“this is not a real person”")
    desk.get_by_role("radio", name="signs for somebody else").check()
    desk.get_by_role("button", name="Reject", exact=True).click()
    assert not is_on_roll(page)

    page.goto(manage)
    axe(page)
    page.get_by_role("link", name="Object to the decision").click()
    axe(page)
    page.get_by_label(re.compile("Why should your line")).fill("It is mine.\nAsk <them>.")
    page.get_by_role("button", name="Object to the decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature")
    expect(page.locator(".asked__words")).to_have_text("It is mine. Ask <them>.")
    axe(page)

    open_entry(desk, site)
    expect(asked).to_contain_text("You rejected this entry yourself")
    expect(asked).to_contain_text("Ask <them>.")
    desk.get_by_role("button", name="Approve", exact=True).click()
    assert is_on_roll(page)
    page.goto(manage)
    expect(page.locator(".label").first).to_have_text("On the roll")
    expect(page.locator("main")).not_to_contain_text("objection")
