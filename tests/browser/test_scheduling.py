"""A letter that appears by itself, is looked at beforehand, and is ended: without JavaScript."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.test_accounts import heading, make_account_by_password
from tests.browser.test_workspace import begin
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

ONE = "/manage/letters/mend-the-roof/"

APPROVE = """
from allauth.mfa.totp.internal.auth import TOTP
from letters.actions import planning
from letters.models import Draft, Letter, User
host, made = User.objects.get_or_create(username="helga", is_superuser=True)
if made:
    TOTP.activate(host, "JBSWY3DPEHPK3PXP")
draft = Draft.objects.get(letter__slug="mend-the-roof")
planning.approve_plan(
    letter=draft.letter, revision=draft.revision, at=draft.publish_at, actor=host
)
"""
# As if the time had come.
COME = """
from django.utils import timezone
from letters.models import Draft
Draft.objects.filter(letter__slug="mend-the-roof").update(publish_at=timezone.now())
"""
PUBLISH = """
from django.utils import timezone
from letters import actions
from letters.models import Letter
letter = Letter.objects.get(slug="{slug}")
for text in ("First.", "Second."):
    actions.publish_text(
        letter=letter, text=actions.Text("A letter", text, ()), actor=None,
        on=timezone.localdate(),
    )
actions.publish(letter=Letter.objects.get(slug="{slug}"), actor=None, on=timezone.localdate())
"""


def write(page):
    page.get_by_label("Text, in Markdown").fill("*Dear mayor,*\n\nIt **rains** in.")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Recipients", exact=True).click()
    page.get_by_label("Name or office").fill("The mayor")
    page.get_by_role("button", name="Save the recipients").click()


def wait_for_page(page, path):
    ends = time.monotonic() + 90
    while page.goto(path).status != 200:
        assert time.monotonic() < ends, "It did not appear."
        time.sleep(1)


def test_letter_is_previewed_planned_approved_appears_and_ends(site, page):
    make_account_by_password(page, site, "hazel")
    begin(page, "Mend the roof")
    write(page)
    expect(page.get_by_role("link", name="Recipients", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("link", name="Text", exact=True).click()
    page.get_by_role("link", name="Preview of the whole page").click()
    heading(page, "Mend the roof")
    expect(page.locator("main")).to_contain_text("Preview: only owners and editors see this")
    expect(page.locator(".letter-body strong")).to_have_text("rains")
    expect(page.get_by_role("link", name="Sign this letter")).to_have_count(0)
    page.get_by_role("link", name="See the form to sign").click()
    heading(page, "Sign the letter")
    page.get_by_label("Your name").fill("Nobody")
    page.get_by_label("Your name").press("Enter")
    assert page.url.endswith(f"{ONE}preview/sign/"), "A preview leads nowhere."
    page.get_by_role("link", name="To publication").click()

    at = datetime.now(UTC) + timedelta(days=2)
    page.get_by_label("Day and time, in UTC").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Submit it for that time").click()
    expect(page.get_by_role("note")).to_contain_text("once the host has approved it")
    site.python(APPROVE)
    page.goto(ONE)
    expect(page.get_by_role("note")).to_contain_text("Appears by itself on")
    assert page.goto("/letters/mend-the-roof/").status == 404
    site.python(COME)
    wait_for_page(page, "/letters/mend-the-roof/")
    expect(page.locator(".letter-body strong")).to_have_text("rains")

    page.goto(ONE)
    page.get_by_role("link", name="Versions", exact=True).click()
    expect(page.locator("main")).to_contain_text("helga")
    page.goto(ONE)
    page.get_by_role("link", name="Close the letter").click()
    page.get_by_role("button", name="Close the letter").click()
    expect(page.get_by_role("status")).to_contain_text("Closed.")
    page.get_by_role("link", name="Reopen the letter").click()
    page.get_by_role("button", name="Reopen the letter").click()
    expect(page.get_by_role("status")).to_contain_text("takes signatures again")
    page.goto(f"{ONE}close/")
    page.get_by_role("button", name="Close the letter").click()
    page.get_by_role("link", name="Seal the letter").click()
    page.get_by_label("The letter’s address").fill("mend-a-roof")
    page.get_by_role("button", name="Seal the letter for ever").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sealed.")
    expect(page.get_by_label("The letter’s address")).to_have_value("mend-a-roof")
    page.get_by_label("The letter’s address").fill("mend-the-roof")
    page.get_by_role("button", name="Seal the letter for ever").click()
    expect(page.get_by_role("status")).to_contain_text("Sealed.")


def test_draft_begins_from_an_older_version(site, page):
    make_account_by_password(page, site, "ilex")
    begin(page, "Count the trees")
    site.python(PUBLISH.format(slug="count-the-trees"))
    page.goto("/manage/letters/count-the-trees/versions/")
    page.get_by_role("link", name="Version 1").click()
    page.get_by_label("Replace the draft").check()
    page.get_by_role("button", name="Begin a draft from it").click()
    heading(page, "Text")
    expect(page.get_by_label("Text, in Markdown")).to_have_value("First.\n")
    page.goto("/manage/letters/count-the-trees/publish/")
    expect(page.locator("main")).to_contain_text("What changes since the published text")


def test_new_pages_of_the_workspace_are_accessible(browser, site, page):
    found = []
    make_account_by_password(page, site, "juniper")
    begin(page, "Light the path")
    write(page)
    one = "/manage/letters/light-the-path/"
    cookies = page.context.cookies()
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as looker:
        looker.context.add_cookies(cookies)

        def look(path):
            assert looker.goto(path).status == 200, path
            found.extend(faults(looker, path))

        for path in ("publish/", "preview/", "preview/sign/", "versions/"):
            look(one + path)
        looker.goto(f"{one}publish/")
        at = datetime.now(UTC) + timedelta(days=2)
        looker.get_by_label("Day and time, in UTC").fill(f"{at:%Y-%m-%dT%H:%M}")
        looker.get_by_role("button", name=re.compile("for that time")).click()
        look(f"{one}publish/")
        look(one)
        site.python(PUBLISH.format(slug="light-the-path"))
        for path in ("publish/", "versions/", "versions/1/", "versions/2/", "close/"):
            look(one + path)
        looker.goto(f"{one}close/")
        looker.get_by_role("button", name="Close the letter").click()
        for path in ("reopen/", "seal/"):
            look(one + path)
    assert found == []
