"""Journey 4: what one does with one's own signature, on a phone and without JavaScript.

Each page on the way is also looked at by axe, in a second browser that opens it.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.browser


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


def sign(page, site, email, appearance, **fields):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, appearance, email=email, organisation="Northlane", **fields)
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for(email).code)
    steps.expect_receipt(page)


def open_own_page(page):
    page.get_by_role("link", name="See, change or withdraw my entry").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature")


def entries(site, name):
    return site.ask("SELECT id FROM signatories_signature WHERE name = ?", name)


def test_named_signature_is_corrected_hidden_downloaded_and_made_anonymous(site, page, axe):
    sign(page, site, "t.juniper@northlane.example", steps.BY_NAME, name="Tuva Juniperberry")
    axe(page)
    open_own_page(page)
    axe(page)

    page.get_by_role("link", name="Correct or remove my title").click()
    axe(page)
    page.get_by_label(re.compile("^Title")).fill("Cartographer <b>")
    page.get_by_role("button", name="Change my title").click()
    expect(page.get_by_role("alert")).to_contain_text("Leave out the characters")
    assert page.get_by_label(re.compile("^Title")).input_value() == "Cartographer <b>"
    page.get_by_label(re.compile("^Title")).fill("Cartographer")
    page.get_by_role("button", name="Change my title").click()
    expect(page.locator(".signature").first).to_contain_text("Cartographer, Northlane")

    page.get_by_role("button", name="Ask them not to").click()
    expect(page.locator("main")).to_contain_text("Search engines are asked not to list your name.")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download it as a file").click()
    held = json.loads(download.value.path().read_text())
    assert (held["name"], held["title"], held["email_address"]) == (
        "Tuva Juniperberry",
        "Cartographer",
        None,
    )
    assert held["hidden_from_search"] is True

    page.get_by_role("link", name="My employer asks me about this letter").click()
    expect(page.get_by_role("heading", name="My employer asks me about this")).to_be_visible()
    page.go_back()

    former = page.url
    page.get_by_role("link", name="Become anonymous").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Become anonymous?")
    axe(page)
    page.get_by_role("button", name="Erase my name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature")
    axe(page)
    assert page.url != former
    assert "Juniperberry" not in page.content()
    assert entries(site, "Tuva Juniperberry") == []
    assert page.goto(former).status == 404


def test_anonymous_signature_is_named_after_a_fresh_code(site, page, axe):
    address = "c.foxglove@northlane.example"
    sign(page, site, address, steps.ANONYMOUSLY)
    open_own_page(page)

    page.get_by_role("link", name="Put my name under the letter").click()
    axe(page)
    page.get_by_label("Your name").fill("Cosima Foxglovewood")
    page.get_by_label("Email address").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("main")).to_contain_text("Your line stays anonymous until then.")
    axe(page)
    steps.type_code(page, site.sink.wait_for(address, 2).code)
    steps.expect_receipt(page)

    expect(page.locator(".receipt__line")).to_contain_text("Cosima Foxglovewood")
    assert len(entries(site, "Cosima Foxglovewood")) == 1
    assert site.sink.to(address)[1].message["Subject"] == "Your code"


def test_anonymous_signature_is_withdrawn_and_its_address_freed(site, page, axe):
    address = "l.rookwood@northlane.example"
    sign(page, site, address, steps.ANONYMOUSLY)
    open_own_page(page)

    page.get_by_role("link", name="Withdraw my signature").click()
    axe(page)
    page.get_by_label(re.compile("^Free this address")).fill("l.rookwood@google.com")
    page.get_by_role("button", name="Withdraw my signature").click()
    expect(page.get_by_role("alert")).to_contain_text("not at Northlane")
    page.get_by_label(re.compile("^Free this address")).fill(address)
    page.get_by_role("button", name="Withdraw my signature").click()
    steps.type_code(page, site.sink.wait_for(address, 2).code)
    expect(page.get_by_role("heading", level=1)).to_have_text("You have withdrawn")
    expect(page.locator("main")).to_contain_text("can sign this letter again")


def test_signature_is_carried_over_to_a_newer_text(site, page, axe):
    sign(page, site, "b.inkpen@northlane.example", steps.BY_NAME, name="Barnaby Inkpenny")
    open_own_page(page)
    own = page.url
    site.python(NEWER_TEXT)
    try:
        page.goto(own)
        page.get_by_role("link", name="See what changed").click()
        axe(page)
        page.get_by_role("link", name=re.compile("with its changes marked")).click()
        expect(page.locator("ins").first).to_be_visible()
        axe(page)
        page.go_back()
        page.get_by_role("button", name=re.compile("^I have read version")).click()
        expect(page.get_by_role("link", name="See what changed")).to_have_count(0)
        version = (
            "SELECT v.number FROM signatories_signature s "
            "JOIN letters_letterversion v ON v.id = s.version_id WHERE s.name = 'Barnaby Inkpenny'"
        )
        assert site.one(version) == 2
    finally:
        site.python(OLDER_TEXT)


NEWER_TEXT = """
from django.utils import timezone
from letters.actions import Text, publish_text
from letters.models import Letter

letter = Letter.objects.get(slug="iceout-tech")
current = letter.current_version
demands = tuple((demand.lead, demand.text) for demand in current.demands.all())
text = Text(current.title, current.text + "\\nAnd one thing more.\\n", demands)
publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())
"""

OLDER_TEXT = """
from letters.models import Letter

letter = Letter.objects.get(slug="iceout-tech")
Letter.objects.filter(pk=letter.pk).update(current_version=letter.versions.get(number=1))
"""


def test_updates_are_a_box_of_their_own(site, page, axe):
    sign(page, site, "y.larkspur@northlane.example", steps.BY_NAME, name="Yolanda Larkspurling")

    page.get_by_label("A private email address").fill("y.larkspur@northlane.example")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_contain_text("public mail provider")
    axe(page)
    page.get_by_label("A private email address").fill("y.larkspurling@gmail.com")
    page.get_by_role("button", name="Send me a code").click()
    axe(page)
    steps.type_code(page, site.sink.wait_for("y.larkspurling@gmail.com").code)
    expect(page.get_by_role("heading", level=1)).to_have_text("You get the updates")
    axe(page)
    assert site.one("SELECT COUNT(*) FROM signatories_subscription") == 1

    page.get_by_role("button", name="Unsubscribe and erase my address").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have unsubscribed")
    assert wait_for(lambda: site.one("SELECT COUNT(*) FROM signatories_subscription") == 0, "it")
