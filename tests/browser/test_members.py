"""Journey 3: from a link that leads nowhere to the colleagues' roll, without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

LETTER = "/letters/salesforce-ice/"


def prove(page, site, address, number=1):
    page.get_by_label("Email address at work").fill(address)
    page.get_by_role("button", name="Send a code").click()
    steps.type_code(page, site.sink.wait_for(address, number).code)
    expect(page.get_by_role("heading", level=1)).to_have_text("Letters for members")


def test_member_proves_a_mailbox_reads_and_signs(site, page):
    assert page.goto(LETTER).status == 404
    page.get_by_role("link", name="prove your mailbox").click()
    prove(page, site, "o.quill@salesforce.com")

    page.get_by_role("link", name="To our chief executive, about ICE").click()
    expect(page.get_by_role("complementary", name="Who can read this")).to_contain_text(
        "managers have mailboxes there too"
    )
    page.get_by_role("link", name="Sign this letter").first.click()
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Odalys Quillfeather",
        email="o.quill@salesforce.com",
        organisation="Salesforce",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("o.quill@salesforce.com", 2).code)
    steps.expect_receipt(page)
    expect(page.locator("main")).to_contain_text("Only colleagues can open this letter")
    for mail in site.sink.to("o.quill@salesforce.com"):
        assert mail.message["Subject"] == "Your code"
        assert "http" not in mail.text + mail.html

    page.goto("/members/")
    page.get_by_role("button", name="Forget it now").click()
    assert page.goto(LETTER).status == 404


def test_colleague_of_a_subsidiary_is_let_in_and_an_outsider_is_not(browser, site, page):
    page.goto("/members/")
    prove(page, site, "t.moonray@slack-corp.com")
    assert page.goto(LETTER).status == 200

    with open_page(browser, site.url) as outside:
        outside.goto("/members/")
        prove(outside, site, "t.moonray@google.com")
        expect(outside.locator("main")).to_contain_text("There is no letter here for its members.")
        assert outside.goto(LETTER).status == 404
        assert "chief executive" not in outside.content()


def test_pages_for_members_are_accessible(browser, site):
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        for path in (LETTER, "/members/"):
            page.goto(path)
            found += faults(page, path)
        prove(page, site, "y.yarrow@salesforce.com")
        found += faults(page, "letters for members")
        for path in (LETTER, f"{LETTER}roll/", f"{LETTER}sign/", f"{LETTER}versions/"):
            assert page.goto(path).status == 200
            found += faults(page, path)

    assert found == []
