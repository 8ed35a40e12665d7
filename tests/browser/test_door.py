"""The check that a browser does while somebody types: under our policy, in both schemes, and what
happens where it fails."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import goes_sideways, open_page

pytestmark = pytest.mark.browser

PAGE = "/letters/iceout-tech/sign/"
SWITCH = "from letters.models import Letter; Letter.objects.filter(slug='iceout-tech')"


@pytest.fixture(autouse=True)
def check(site):
    site.python(f"{SWITCH}.update(asks_for_check=True)")
    yield
    site.python(f"{SWITCH}.update(asks_for_check=False)")


def fill_in(page, email):
    page.goto(PAGE)
    steps.fill_form(page, steps.BY_NAME, name="Linnea Brightwater", email=email)


def status(page):
    return page.get_by_role("status").filter(visible=True)


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_check_is_done_while_somebody_types(browser, site, scheme, width):
    options = {"java_script_enabled": True, "color_scheme": scheme}
    options["viewport"] = {"width": width, "height": 844}
    with open_page(browser, site.url, **options) as page:
        fill_in(page, f"l.{scheme}.{width}@gmail.com")

        expect(page.locator("[data-check]")).to_have_attribute("data-state", "done")
        expect(status(page)).to_have_text("Done.")
        assert not goes_sideways(page)

        steps.send_form(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")


def test_unseen_field_is_not_reached_by_the_tab_key(browser, site):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        page.goto(PAGE)
        page.get_by_label("Your name").focus()
        reached = set()
        for _each in range(25):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.name || ''"))

        assert "email" in reached
        assert "further_remarks" not in reached
        assert not page.locator("[name=further_remarks]").is_visible()


def test_form_sent_before_the_check_is_done_waits_for_it_and_goes(browser, site):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        page.goto(PAGE)
        # All at once, as a program that fills in forms for its owner does it.
        page.evaluate(
            """() => {
                const form = document.querySelector("form[action$='/sign/']");
                form.elements.name.value = "Linnea Brightwater";
                form.elements.email.value = "l.at.once@gmail.com";
                form.querySelector("[name=appearance][value=named]").checked = true;
                form.requestSubmit();
            }"""
        )

        expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")


def test_browser_whose_worker_fails_goes_the_slower_way_and_loses_nothing(browser, site):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        page.add_init_script("window.Worker = function () { throw new Error('none here'); };")
        steps.stay_within_the_hour()
        for number in range(2):
            fill_in(page, f"l.slow.{number}@gmail.com")
            expect(status(page)).to_contain_text("Your browser could not do it.")
            steps.send_form(page)
            expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")

        fill_in(page, "l.slow.2@gmail.com")
        steps.send_form(page)

        expect(page.get_by_role("alert")).to_contain_text("few forms are taken from a network")
        expect(page.get_by_label("Your name")).to_have_value("Linnea Brightwater")
        expect(page.get_by_label("Email address")).to_have_value("l.slow.2@gmail.com")


def test_without_javascript_the_form_says_how_it_goes(page):
    page.goto(PAGE)

    expect(page.locator("[data-check-status]")).to_contain_text(
        "Without it the form works too, but few forms are taken from a network in an hour."
    )


def test_form_with_its_check_and_what_it_says_then_can_be_used_by_everybody(browser, site):
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        page.goto(PAGE)
        found = faults(page, "form")
        page.get_by_label("Your name").focus()
        expect(page.locator("[data-check]")).to_have_attribute("data-state", "done")

        assert found + faults(page, "form with its check done") == []
