"""Bringing people who want to sign: from the spreadsheet to the roll, without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.steps import expect_receipt
from tests.browser.test_accounts import heading, make_account_by_password
from tests.browser.watching import open_page
from tests.processes.waiting import wait_for
from tests.signatories.spreadsheets_of import csv_of

pytestmark = pytest.mark.browser

OWN = """
from letters.models import Letter, Membership, User
letter = Letter.objects.get(slug="iceout-tech")
Membership.objects.create(letter=letter, user=User.objects.get(username="rowan"), role="owner")
"""
ROWS = [
    ["Hyacinth Otterbourne", "hyacinth.o@gmail.com", "Gogle", "Gardener"],
    ["Bo", "bo@google.com", "", ""],
    ["Refusing Person", "refusing.p@gmail.com", "", ""],
]


def reload_until(page, text):
    def look():
        page.reload()
        return text in page.locator("main").inner_text()

    wait_for(look, text)


def link_in(mail):
    return re.search(r"https://\S+/invitation/[\w-]{43}/", mail.text)[0]


def look_at(browser, site, *pages):
    """What axe finds on pages, each with the cookies of whoever sees it, as they are now."""
    found = []
    for page in pages:
        scripts = {"java_script_enabled": True, "bypass_csp": True}
        with open_page(browser, site.url, **scripts) as looker:
            looker.context.add_cookies(page.context.cookies())
            assert looker.goto(page.url).status == 200
            found += faults(looker, page.url)
    return found


def test_people_on_a_list_are_invited_and_sign_or_refuse(site, page, browser):
    make_account_by_password(page, site, "rowan")
    site.python(OWN)
    page.goto("/manage/letters/iceout-tech/")
    page.get_by_role("link", name="Import").click()
    heading(page, "Bring people who want to sign")
    assert look_at(browser, site, page) == []
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": csv_of(*ROWS)}
    page.get_by_label("The spreadsheet, as CSV or XLSX").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()

    heading(page, "What the columns hold")
    expect(page.locator("main")).to_contain_text("Perhaps Google is meant")
    expect(page.get_by_label("Email")).to_have_value("email")
    assert look_at(browser, site, page) == []
    page.get_by_role("button", name="Show how the lines read").click()
    page.get_by_role("button", name="Read the file").click()
    heading(page, "An import")
    reload_until(page, "Nobody has been written to.")
    assert look_at(browser, site, page) == []
    page.get_by_role("link", name="Row by row").click()
    heading(page, "Rows with something wrong")
    expect(page.get_by_role("row", name=re.compile("^3 "))).to_contain_text("A mailbox at work")
    assert look_at(browser, site, page) == []
    page.go_back()
    page.get_by_role("button", name="Send the invitations").click()
    expect(page.locator("main")).to_contain_text("Tick this if it is so.")
    page.get_by_label("These people asked to sign this letter").check()
    page.get_by_role("button", name="Send the invitations").click()
    reload_until(page, "All invitations have left")
    assert site.sink.to("bo@google.com") == []

    with open_page(browser, site.url) as person:
        person.goto(link_in(site.sink.wait_for("hyacinth.o@gmail.com")))
        heading(person, "Do you want to sign?")
        assert look_at(browser, site, person) == []
        person.get_by_role("button", name="Sign the letter").click()
        expect(person.locator("main")).to_contain_text("Did you mean Google?")
        person.get_by_label("Yes, I mean Google").check()
        person.get_by_role("button", name="Sign the letter").click()
        expect_receipt(person)
        expect(person.locator("main")).to_contain_text("Hyacinth Otterbourne")

        person.goto(link_in(site.sink.wait_for("refusing.p@gmail.com")))
        person.get_by_role("button", name=re.compile("^No: erase this")).click()
        heading(person, "We will not write to you again for this letter")
    entry = "SELECT state FROM signatories_signature WHERE name = ?"
    assert site.ask(entry, "Hyacinth Otterbourne") == [("in_review",)]
    assert site.ask(entry, "Refusing Person") == []


def test_progress_moves_by_itself_where_scripts_run(site, browser):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        make_account_by_password(page, site, "linden")
        site.python(OWN.replace("rowan", "linden"))
        page.goto("/manage/letters/iceout-tech/import/")
        rows = [[f"Person {n} Rookwood", f"moving.{n}@gmail.com", "", ""] for n in range(5000)]
        file = {"name": "people.csv", "mimeType": "text/csv", "buffer": csv_of(*rows)}
        page.get_by_label("The spreadsheet, as CSV or XLSX").set_input_files(file)
        page.get_by_role("button", name="Look at it").click()
        page.get_by_role("button", name="Read the file").click()
        expect(page.get_by_role("progressbar")).to_be_visible()

        expect(page.locator("#progress")).to_contain_text("The file is read and no longer kept.")

        page.get_by_role("link", name="Load this page anew").click()
        expect(page.locator("main")).to_contain_text("5,000 messages will leave")
        page.get_by_role("button", name="Cancel and erase").click()
        expect(page.locator("main")).to_contain_text("Links that were sent stop working.")
