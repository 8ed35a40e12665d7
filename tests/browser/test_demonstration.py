"""What somebody sees who types `make run`: the very process that it starts, and its pages."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page
from tests.processes.stack import Process
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """The supervisor with everything that it starts, in an empty folder."""
    folder = tmp_path_factory.mktemp("demonstration")
    passed_on = ("PATH", "HOME", "LANG")
    environment = {name: os.environ[name] for name in passed_on if name in os.environ}
    environment |= {"VAR_DIR": str(folder / "var"), "PORT": "0"}
    command = [sys.executable, "-m", "config.run"]
    process = Process("make run", command, environment, folder / "terminal").start()
    try:
        yield process
    finally:
        process.send(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()


@pytest.fixture(scope="module")
def terminal(demonstration):
    """What it has printed once it runs."""

    def text():
        printed = demonstration.log.read_text(encoding="utf-8")
        assert demonstration.is_running(), printed
        return "Stop with Ctrl-C" in printed and printed

    return wait_for(text, "make run to be ready", 300)


def test_visitor_signs_reads_the_mail_here_and_the_moderator_approves(browser, terminal):
    origin = re.search(r"The site\s+(http://\S+?)/\n", terminal)[1]
    password = re.search(r"^\s*moderator\s+(\S+)$", terminal, re.MULTILINE)[1]

    with open_page(browser, origin) as page:
        page.goto("/")
        expect(page.locator(".banner")).to_contain_text("Demonstration:")
        steps.open_letter(page)
        steps.open_form(page)
        steps.fill_form(
            page,
            steps.BY_NAME,
            name="Quirina Ploverdale",
            email="q.ploverdale@orrery.example",
            organisation="Orrery Labs",
            title="Mapmaker",
        )
        send_form(page)
        code_page = page.url
        steps.type_code(page, read_code(page, "q.ploverdale@orrery.example", code_page))
        steps.expect_receipt(page)

        steps.log_in(page, "moderator", password)
        steps.approve(page, "Quirina Ploverdale")

        page.goto("/letters/iceout-tech/roll/?q=Quirina+Ploverdale")
        expect(page.locator(".roll .signature")).to_have_count(1)
        expect(page.locator(".roll .signature")).to_contain_text("Mapmaker, Orrery Labs")


def send_form(page):
    """No sooner than a person does: the door is that of a real site here."""
    page.wait_for_timeout(2500)
    steps.send_form(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")


def read_code(page, address, code_page):
    """Open the development mailbox, as one would, and come back with the code."""

    def mail():
        page.goto("/dev/mailbox/")
        return page.get_by_role("link", name=address).all()

    wait_for(mail, "the mail")[0].click()
    code = re.search(r"\b\d{4} \d{4}\b", page.get_by_role("region", name="Text of").inner_text())[0]
    page.goto(code_page)
    return code


def test_pages_of_the_demonstration_are_accessible(browser, terminal):
    origin = re.search(r"The site\s+(http://\S+?)/\n", terminal)[1]
    found = []

    with open_page(browser, origin, java_script_enabled=True, bypass_csp=True) as page:
        page.goto("/letters/iceout-tech/sign/")
        steps.fill_form(page, steps.BY_NAME, name="Zuzana Ploverdale", email="z.plover@gmail.com")
        send_form(page)
        read_code(page, "z.plover@gmail.com", page.url)
        for path in ("/", "/letters/iceout-tech/", "/dev/mailbox/"):
            page.goto(path)
            found += faults(page, path)
        page.get_by_role("link", name="z.plover@gmail.com").click()
        expect(page.get_by_role("region", name="Text of")).to_be_visible()
        found += faults(page, "message")

    assert found == []
