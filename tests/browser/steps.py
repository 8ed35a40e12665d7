"""What people do again and again, in words of the pages they see."""

import re
import time

from playwright.sync_api import Page, expect

from tests.factories import totp_code
from tests.processes.waiting import wait_for


def open_letter(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Pick up the phone").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pick up the phone")


def open_form(page: Page) -> None:
    page.get_by_role("link", name="Sign this letter").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign the letter")


def fill_form(page: Page, appearance: str, **fields: str) -> None:
    for label, text in fields.items():
        page.get_by_label(LABELS[label]).fill(text)
    page.get_by_role("radio", name=appearance).check()


LABELS = {
    "name": "Your name",
    "email": "Email address",
    "organisation": re.compile("^Organisation"),
    "title": re.compile("^Title"),
}

BY_NAME = "By name"
ANONYMOUSLY = "Anonymously, affiliation verified"


def send_form(page: Page) -> None:
    page.get_by_role("button", name="Sign the letter").click()


def type_code(page: Page, code: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.get_by_label("Eight digits from the message").fill(code)
    page.get_by_role("button", name="Confirm", exact=True).click()


def expect_receipt(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed")


def log_in(page: Page, username: str, password: str, secret: str = "") -> None:
    """With the password, and with the digits of the app that has the secret, if there is one."""
    page.goto("/admin/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    if secret:
        expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
        page.get_by_label("Code").fill(unused_code(secret, username))
        page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Moderation")


HALF_MINUTE = 30
used_codes: set[tuple[str, str]] = set()


def unused_code(secret: str, username: str) -> str:
    """What the app shows; a code works once for each, so that who was just there waits for the
    next. So does who sees that its half minute is nearly over: a busy machine types slowly."""
    while (username, totp_code(secret)) in used_codes or seconds_left_of(HALF_MINUTE) < 8:
        time.sleep(0.5)
    code = totp_code(secret)
    used_codes.add((username, code))
    return code


AN_HOUR = 3600


def stay_within_the_hour() -> None:
    """Limits count by the hour: who wants to reach one waits for the next, where it is near."""
    if seconds_left_of(AN_HOUR) < 60:
        time.sleep(seconds_left_of(AN_HOUR))


def seconds_left_of(window: float) -> float:
    return window - time.time() % window


def approve(page: Page, name: str) -> None:
    """Open the moderators' list until it holds the entry, then the entry, and approve it."""
    link = page.get_by_role("link", name=re.compile(f"^Open: .*{name}"))

    def look() -> bool:
        page.goto("/admin/signatories/signature/")
        return link.count() > 0

    wait_for(look, f"{name} in the list")
    link.first.click()
    page.get_by_role("button", name="Approve", exact=True).click()
