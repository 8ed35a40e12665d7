"""No page breaks a rule of WCAG 2.2 AA, on a phone or a desk, in light or in dark."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults, violations
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser, site):
    """The only visitor with JavaScript: axe is a script, and our policy would refuse it."""
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        yield page


def test_axe_finds_what_is_planted(page):
    page.goto("/letters/iceout-tech/")

    page.evaluate("document.querySelector('h1').style.color = '#eee'")

    assert [fault.partition(":")[0] for fault in violations(page)] == ["color-contrast"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/how-it-works/",
        "/privacy/",
        "/what-an-employer-can-see/",
        "/letters/iceout-tech/",
        "/letters/iceout-tech/roll/",
        "/letters/iceout-tech/roll/?organisation=northlane",
        "/letters/iceout-tech/roll/?q=nobody+of+that+name",
        "/letters/iceout-tech/verification/",
        "/letters/iceout-tech/versions/",
        "/letters/iceout-tech/versions/1/",
        "/letters/iceout-tech/sign/",
        "/letters/iceout-tech/report/",
        "/letters/iceout-tech/report/sent/",
        "/letters/iceout-tech/updates/subscribe/",
        "/signature/find/",
        "/accounts/login/",
    ],
)
def test_public_page_is_accessible(page, path):
    assert page.goto(path).status == 200

    assert faults(page, path) == []


def test_pages_of_signing_are_accessible(browser, site, page):
    found = []

    def look(heading):
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        found.extend(faults(page, heading))

    page.goto("/letters/iceout-tech/sign/")
    steps.send_form(page)
    expect(page.get_by_role("alert")).to_be_visible()
    look("Sign the letter")
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Ambrosia Ploverdale",
        email="a.ploverdale@gmail.com",
        organisation="Google",
    )
    steps.send_form(page)
    look("Check your email")
    steps.type_code(page, "12")
    expect(page.get_by_role("alert")).to_be_visible()
    look("Check your email")
    mail = site.sink.wait_for("a.ploverdale@gmail.com")
    code_page = page.url
    page.goto(re.search(r"https://\S+/confirm/\S+", mail.text)[0])
    look("Confirm your signature")
    page.goto(code_page)
    steps.type_code(page, mail.code)
    look("You have signed")
    page.get_by_role("link", name="See, change or withdraw my entry").click()
    look("Your signature")
    page.get_by_role("link", name="Withdraw my signature").click()
    look("Withdraw your signature?")
    page.get_by_role("button", name="Withdraw my signature").click()
    look("You have withdrawn")
    page.goto(code_page)
    look("This link has done its work, or expired")

    assert found == []


def test_pages_of_finding_and_of_refusing_are_accessible(site, page):
    found = []

    def look(heading):
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        found.extend(faults(page, heading))

    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, steps.BY_NAME, name="Ferdinand Ploverdale", email="f.plover@gmail.com")
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("f.plover@gmail.com").code)
    steps.expect_receipt(page)
    for number, (email, heading) in enumerate(
        [
            ("f.plover@gmail.com", "Signatures with this address"),
            ("g.plover@gmail.com", "No signature by name"),
        ]
    ):
        page.goto("/signature/find/")
        page.get_by_label("Email address").fill(email)
        page.get_by_role("button", name="Send a code").click()
        look("Check your email")
        steps.type_code(page, site.sink.wait_for(email, 2 - number).code)
        look(heading)
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, steps.BY_NAME, name="Gisela Ploverdale", email="h.plover@gmail.com")
    steps.send_form(page)
    mail = site.sink.wait_for("h.plover@gmail.com")
    page.goto(re.search(r"https://\S+/confirm/\S+", mail.text)[0])
    page.get_by_role("button", name="It was not me: erase this").click()
    look("It is gone")

    assert found == []


def test_pages_of_a_closed_letter_and_of_no_letter_are_accessible(site, page):
    # Today: what was closed a month ago is sealed by the clock within a minute.
    is_closed = f"status = 'closed', closed_on = '{datetime.now(UTC).date()}'"
    is_open = "status = 'published', closed_on = NULL"
    found = []

    try:
        site.ask(f"UPDATE letters_letter SET {is_closed} WHERE slug = 'iceout-tech'")
        page.goto("/letters/iceout-tech/")
        expect(page.locator(".sign-here--closed")).to_be_visible()
        found += faults(page, "closed letter")
        page.goto("/letters/iceout-tech/sign/")
        expect(page.get_by_role("heading", level=1)).to_contain_text("no more signatures")
        found += faults(page, "form of a closed letter")
        site.ask("UPDATE letters_letter SET visibility = 'unlisted' WHERE slug = 'iceout-tech'")
        page.goto("/")
        expect(page.locator(".empty")).to_be_visible()
        found += faults(page, "no letter")
    finally:
        both = f"{is_open}, visibility = 'public'"
        site.ask(f"UPDATE letters_letter SET {both} WHERE slug = 'iceout-tech'")

    assert found == []


def test_error_pages_are_accessible(site, page):
    found = []

    def look(status, response):
        assert response.status == status
        found.extend(faults(page, f"error {status}"))

    look(404, page.goto("/nothing/"))
    look(400, page.goto("/?" + "&".join(["a=1"] * 1001)))
    look(405, post_what_can_only_be_read(page))
    look(500, with_table_missing(site, lambda: page.goto("/")))
    look(403, without_cookies(page, sign_and_read_code(site, page, "w.plover@gmail.com")))
    look(429, too_often(page, sign_and_read_code(site, page, "x.plover@gmail.com")))
    look(503, without_key(site, page, sign_and_read_code(site, page, "y.plover@gmail.com")))

    assert found == []


def sign_and_read_code(site, page, email):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, steps.BY_NAME, name="Wendeline Ploverdale", email=email)
    steps.send_form(page)
    return site.sink.wait_for(email).code


def answer_to(page, press):
    with page.expect_navigation() as navigation:
        press()
    return navigation.value


def post_what_can_only_be_read(page):
    page.goto("/letters/iceout-tech/sign/")
    page.locator("form.form").evaluate("(form) => { form.action = '/how-it-works/'; }")
    return answer_to(page, lambda: steps.send_form(page))


def with_table_missing(site, visit):
    site.ask("ALTER TABLE letters_letter RENAME TO set_aside")
    try:
        return visit()
    finally:
        site.ask("ALTER TABLE set_aside RENAME TO letters_letter")


def without_cookies(page, code):
    page.context.clear_cookies()
    return answer_to(page, lambda: steps.type_code(page, code))


def too_often(page, code):
    """In one tab the page has done its work, in the other somebody goes on sending codes."""
    with page.context.new_page() as other_tab:
        other_tab.goto(page.url)
        steps.type_code(other_tab, code)
        steps.expect_receipt(other_tab)
    steps.stay_within_the_hour()
    answers = [answer_to(page, lambda: steps.type_code(page, "00000000"))]
    answers += [page.reload() for _again in range(6)]
    return answers[-1]


def without_key(site, page, code):
    """The key under which the letter digests addresses cannot be read."""
    letter = site.one("SELECT id FROM letters_letter WHERE slug = 'iceout-tech'")
    key = Path(site.environment["KEYS_DIR"]) / "letter" / f"{letter}.key"
    hidden = key.rename(key.with_suffix(".hidden"))
    try:
        return answer_to(page, lambda: steps.type_code(page, code))
    finally:
        hidden.rename(key)


def test_rooms_of_the_moderators_are_accessible(site, page, moderator):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Mehetabel Ploverdale",
        email="m.ploverdale@gmail.com",
        organisation="Google",
        title="Translator",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("m.ploverdale@gmail.com").code)
    steps.expect_receipt(page)
    page.context.add_cookies(moderator["cookies"])
    page.goto("/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Moderation")
    found = faults(page, "administration")

    page.goto("/admin/signatories/signature/")
    found += faults(page, "queue")
    page.get_by_role("checkbox", name=re.compile("Mehetabel")).check()
    page.get_by_role("button", name="Reject selected").click()
    expect(page.get_by_role("group", name="Reason")).to_be_visible()
    found += faults(page, "reject")
    page.goto("/admin/signatories/signature/")
    page.get_by_role("link", name=re.compile("^Open: Mehetabel")).first.click()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    found += faults(page, "entry")
    page.get_by_role("link", name="How to decide").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How to decide")
    found += faults(page, "guidance")
    for path in ("letters/letter/", "letters/organisation/", "letters/auditentry/"):
        page.goto(f"/admin/{path}")
        found += faults(page, path)

    assert found == []
