"""A signature by name, proven by a login on another site, without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

BUTTON = "Verify with my work login instead of a code"
ADDRESS = "l.brightwater@google.com"


@pytest.fixture(autouse=True)
def person(provider):
    provider.faults = set()
    provider.person |= {"sub": "1", "email": ADDRESS}


def ask_for_login(page, address=ADDRESS):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page, steps.BY_NAME, name="Linnea Brightwater", email=address, organisation="Google"
    )
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify with your work login")


def open_traveller(browser, site):
    """Somebody whose browser may go to the provider. It keeps to our policy all the same."""
    context = browser.new_context(
        base_url=site.url,
        ignore_https_errors=True,
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
    )
    return context.new_page()


def test_login_on_another_site_leads_back_to_the_receipt(browser, site, provider):
    page = open_traveller(browser, site)
    ask_for_login(page)
    expect(page.locator("main")).to_contain_text("The provider sees that you")

    page.get_by_role("button", name="Log in with Google’s staff account").click()

    steps.expect_receipt(page)
    assert [one["name"] for one in page.context.cookies()] == ["csrftoken"]
    assert site.sink.to(ADDRESS) == []
    page.context.close()


def test_cancelled_login_leads_to_the_code(browser, site, provider):
    provider.faults = {"cancel"}
    address = "l.brightwater.second@google.com"
    page = open_traveller(browser, site)
    ask_for_login(page, address)
    page.get_by_role("button", name="Log in with Google’s staff account").click()
    expect(page.get_by_role("alert")).to_contain_text("The login was cancelled.")

    page.get_by_role("button", name="Have a code sent instead").click()
    steps.type_code(page, site.sink.wait_for(address).code)

    steps.expect_receipt(page)
    page.context.close()


def test_enter_key_sends_the_form_for_a_code(browser, site, page):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Linnea Brightwater",
        email="l.brightwater.third@google.com",
        organisation="Google",
    )

    page.get_by_label("Your name").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")


def test_pages_of_a_login_are_for_everybody(browser, site):
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        ask_for_login(page, "l.brightwater.fourth@google.com")
        begun = page.url
        for path in (begun, f"{begun}?problem=address", "/login/openid/?state=x&code=y"):
            page.goto(path)
            found += faults(page, path)

    assert found == []
