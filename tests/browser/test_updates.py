"""Journey 6, later on: post an update, mail it, pause, go on, and the way out of the mails."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.test_accounts import heading, make_account_by_password
from tests.browser.watching import open_page
from tests.processes.sink import HANG
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.browser

PREPARE = """
from config import crypto
from letters.actions import give_role
from letters.models import Letter, User
from signatories import addresses
from signatories.models import Subscription
letter = Letter.objects.get(slug="iceout-tech")
give_role(letter=letter, user=User.objects.get(username="{name}"), role="owner", actor=None)
for number in range(8):
    address = addresses.Address(f"reader{{number}}", "gmail.com")
    Subscription.objects.create(
        letter=letter, digest=addresses.updates_digest(letter, address),
        address=addresses.encrypt_for_updates(letter, address),
        token_digest=crypto.digest("updates", crypto.new_token()),
    )
"""
ONE = "/manage/letters/iceout-tech/updates/"


def sent_to(site):
    return [mail for mail in site.sink.mails if mail.to.startswith("reader")]


def test_update_is_posted_mailed_paused_and_ended_by_its_readers(browser, site, page):
    make_account_by_password(page, site, "grevillea")
    site.python(PREPARE.format(name="grevillea"))
    page.goto(ONE)
    page.get_by_role("link", name="Post an update").click()
    heading(page, "Post an update")
    page.get_by_label("Title").fill("We were heard")
    page.get_by_label("Text, in Markdown").fill("They *listened*.")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#preview em")).to_have_text("listened")
    page.get_by_role("button", name="Post it").click()
    heading(page, "Updates")
    page.goto("/letters/iceout-tech/updates/")
    expect(page.locator(".timeline")).to_contain_text("We were heard")

    page.goto(ONE)
    page.get_by_role("link", name=re.compile("^Mail")).click()
    heading(page, "Mail the update")
    expect(page.locator("pre.message")).to_contain_text("They *listened*.")
    page.get_by_label("A private email address").fill("myself@gmail.com")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").first).to_contain_text("The test is sent.")
    assert site.sink.to("myself@gmail.com")[0].message["Subject"] == "Test: We were heard"
    url = page.url
    page.get_by_role("button", name="Send…").click()
    expect(page.locator("main")).to_contain_text("everybody who has subscribed by then")
    with site.sink.in_mood(HANG):
        page.get_by_role("button", name="Send it now").click()
        wait_for(lambda: sent_to(site), "a message in flight")
        page.goto(url)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("main")).to_contain_text("A team member has paused it.")
    assert len(sent_to(site)) == 1
    look(browser, site, page, url)
    page.get_by_role("button", name="Go on").click()
    wait_for(lambda: len(sent_to(site)) == 8, "all messages")
    wait_for(lambda: "Done on" in page.goto(url).text(), "the end")
    assert len({mail.to for mail in sent_to(site)}) == 8

    with open_page(browser, site.url) as reader:
        link = re.search(r"/updates/end/[\w-]+/", sent_to(site)[0].text)[0]
        reader.goto(link)
        heading(reader, "End the updates?")
        assert site.one("SELECT COUNT(*) FROM signatories_subscription") == 8
        reader.get_by_role("button", name="End them and erase my address").click()
        heading(reader, "The updates are ended")
    assert site.one("SELECT COUNT(*) FROM signatories_subscription") == 7


def look(browser, site, page, mailing):
    """Every page of it, with scripts: accessible, not wider than a phone, and the preview moves."""
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as looker:
        looker.context.add_cookies(page.context.cookies())
        update = mailing.removesuffix("mailing/")
        for path in (
            ONE,
            f"{ONE}new/",
            update,
            f"{update}delete/",
            mailing,
            "/letters/iceout-tech/",
            "/letters/iceout-tech/updates/",
            f"/updates/end/{'x' * 43}/",
        ):
            assert looker.goto(path).status == 200, path
            found += faults(looker, path)
            looker.set_viewport_size({"width": 320, "height": 700})
            width = looker.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, (path, width)
    assert found == []
    with open_page(browser, site.url, java_script_enabled=True) as writer:
        writer.context.add_cookies(page.context.cookies())
        writer.goto(f"{ONE}new/")
        writer.get_by_label("Text, in Markdown").press_sequentially("**Live**")
        expect(writer.locator("#preview strong")).to_have_text("Live")
        writer.goto(mailing)
