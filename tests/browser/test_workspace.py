"""Journey 6: from an invitation to a published letter, without JavaScript and with it."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.test_accounts import (
    browser_with_passkeys,
    heading,
    make_account_by_passkey,
    make_account_by_password,
)
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

TEN_MINUTES = 600

APPROVE = """
from django.utils import timezone
from letters.actions import drafts
from letters.checklist import checklist_of
from letters.models import Letter, User
host, _made = User.objects.get_or_create(username="harriet", is_superuser=True)
letter = Letter.objects.get(slug="{slug}")
draft = drafts.draft_of(letter)
drafts.publish_draft(
    letter=letter, text=checklist_of(letter, draft, True).ready_text(),
    revision=draft.revision, actor=host, on=timezone.localdate(),
)
"""


def begin(page, title):
    page.goto("/manage/")
    page.get_by_role("link", name="Begin a letter").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Begin", exact=True).click()
    heading(page, "Text")


def test_organiser_goes_from_nothing_to_a_published_letter(site, page):
    began = time.monotonic()
    make_account_by_password(page, site, "alder")
    page.goto("/manage/")
    expect(page.locator("main")).to_contain_text("You are on no letter’s team yet.")
    begin(page, "Keep the library open")
    page.get_by_label("Text, in Markdown").fill("*Dear mayor,*\n\nWe ask two things of you.")
    page.get_by_label("In a few words").fill("Open it.")
    page.get_by_label("In full").fill("On every day but Sunday.")
    page.get_by_role("button", name="Add a demand").click()
    page.get_by_label("In a few words, demand 2").fill("Heat it.")
    page.get_by_label("In full, demand 2").fill("In winter.")
    page.get_by_role("button", name=re.compile("^Up.*row 2")).click()
    expect(page.get_by_label("In a few words, demand 1")).to_have_value("Heat it.")
    page.get_by_role("button", name="Publish…").click()
    heading(page, "Publish the letter")
    expect(page.locator("main")).to_contain_text("Something needed is still missing.")
    page.get_by_role("link", name=re.compile("To whom it is addressed")).click()
    page.get_by_label("Name or office").fill("The mayor")
    page.get_by_role("button", name="Save the recipients").click()
    page.get_by_role("link", name="Rules").click()
    page.get_by_label("Summary in one sentence").fill("Readers ask the mayor.")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_label("Summary in one sentence")).to_have_value("Readers ask the mayor.")
    page.goto("/manage/letters/keep-the-library-open/publish/")
    page.get_by_role("button", name="Submit it to the host").click()
    expect(page.locator("main")).to_contain_text("Waits for the host’s approval.")
    assert page.goto("/letters/keep-the-library-open/").status == 404
    site.python(APPROVE.format(slug="keep-the-library-open"))

    assert page.goto("/letters/keep-the-library-open/").status == 200

    took = time.monotonic() - began
    print(f"from an invitation to the published letter: {took:.0f} s")
    assert took < TEN_MINUTES
    expect(page.locator(".demands li").first).to_contain_text("Heat it.")
    page.goto("/manage/letters/keep-the-library-open/")
    heading(page, "Keep the library open")
    page.get_by_role("link", name="Take the letter down").click()
    page.get_by_role("button", name="Take it down").click()
    assert page.goto("/letters/keep-the-library-open/").status == 410


def test_draft_saves_itself_and_survives_a_lost_connection(browser, site):
    with browser_with_passkeys(browser, site) as page:
        make_account_by_passkey(page, site, "birch")
        begin(page, "Mend the bridge")
        text = page.get_by_label("Text, in Markdown")
        text.press_sequentially("We ask for **planks**.")
        expect(page.locator("#preview strong")).to_have_text("planks")
        expect(page.locator("#revision")).to_have_value("1")

        page.watch.is_offline = True  # The console says so, and so does the page.
        page.context.set_offline(True)
        text.press_sequentially(" And for nails.")
        expect(page.locator("#saved")).to_contain_text("Not saved: no connection.")
        page.context.set_offline(False)
        page.goto("/manage/letters/mend-the-bridge/text/")
        expect(text).to_have_value("We ask for **planks**.")
        page.get_by_role("button", name="Take it over").click()
        expect(text).to_have_value("We ask for **planks**. And for nails.")
        expect(page.locator("#revision")).to_have_value("2")

        page.goto("/manage/letters/mend-the-bridge/text/")
        expect(text).to_have_value("We ask for **planks**. And for nails.")
        expect(page.locator("[data-recover]")).to_be_hidden()


def test_colleague_joins_by_a_link_and_two_editors_overwrite_nothing(browser, site, page):
    make_account_by_password(page, site, "cedar")
    begin(page, "Plant trees")
    page.get_by_role("link", name="Team").click()
    page.get_by_label("Editor").check()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Send it to one person").input_value()
    with open_page(browser, site.url) as other:
        make_account_by_password(other, site, "doum")
        other.goto(link[link.index("/manage/") :])
        other.get_by_role("button", name="Join").click()
        heading(other, "Plant trees")
        for one in (page, other):
            one.goto("/manage/letters/plant-trees/text/")
        other.get_by_label("Text, in Markdown").fill("Oaks.")
        other.get_by_role("button", name="Save the draft").click()
        page.get_by_label("Text, in Markdown").fill("Limes.")
        page.get_by_role("button", name="Save the draft").click()
        expect(page.get_by_role("alert")).to_contain_text("doum has saved this draft")
        expect(page.get_by_label("Text, in Markdown")).to_have_value("Limes.")


def test_pages_of_the_workspace_are_accessible(browser, site, page):
    found = []
    make_account_by_password(page, site, "elder")
    begin(page, "Sweep the square")
    cookies = page.context.cookies()
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as looker:
        looker.context.add_cookies(cookies)
        one = "/manage/letters/sweep-the-square/"
        pages = ["", "text/", "recipients/", "responses/", "rules/", "team/", "trail/", "publish/"]
        pages += ["delete/", "notices/"]
        for path in (
            "/manage/",
            "/manage/new/",
            "/manage/handbook/",
            "/manage/news/",
            *(one + p for p in pages),
        ):
            assert looker.goto(path).status == 200, path
            found += faults(looker, path)
            looker.set_viewport_size({"width": 320, "height": 700})
            width = looker.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, (path, width)
    assert found == []


def test_handbook_is_one_press_away(site, page):
    make_account_by_password(page, site, "fir")
    page.goto("/manage/")
    page.get_by_role("link", name="Handbook").click()
    heading(page, "Handbook for organisers")
    expect(page.locator("main")).to_contain_text("Demands for data")
