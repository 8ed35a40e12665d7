"""The journeys that people make, in Chromium without JavaScript, against the real processes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.watching import goes_sideways, open_page
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.browser


def lines_on_roll(page, query):
    """The lines of the roll as somebody reads them who comes now, past every cache."""
    page.goto(f"/letters/iceout-tech/roll/?{query}")
    page.reload()
    lines = page.locator(".roll .signature").all_inner_texts()
    return [" ".join(text.split()).partition(" Report the line of ")[0] for text in lines]


def anonymous_lines_of_google(page):
    # Until a line shows Google, the filter does not know it and leaves the roll whole.
    lines = lines_on_roll(page, "organisation=google")
    return [line for line in lines if line.startswith("Anonymous") and line.endswith(", Google")]


def test_sign_by_name_leads_from_the_letter_over_mail_and_moderator_to_the_roll(
    browser, site, page, moderator
):
    steps.open_letter(page)
    steps.open_form(page)
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Philippa Quillfeather",
        email="p.quillfeather@google.com",
        organisation="Google",
        title="Research engineer",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("p.quillfeather@google.com").code)

    steps.expect_receipt(page)
    expect(page.locator(".receipt__line")).to_contain_text("Philippa Quillfeather")
    expect(page.locator(".receipt__line")).to_contain_text("Research engineer, Google")
    manage = page.get_by_label("The address of your entry").input_value()
    assert re.fullmatch(re.escape(site.url) + r"/signature/[\w-]{43}/", manage)
    share = page.get_by_label("The letter’s address").input_value()
    assert share == f"{site.url}/letters/iceout-tech/"
    assert lines_on_roll(page, "q=Quillfeather") == []

    size = {"width": 1280, "height": 900}
    with open_page(browser, site.url, storage_state=moderator, viewport=size) as desk:
        steps.approve(desk, "Philippa Quillfeather")

    [line] = wait_for(lambda: lines_on_roll(page, "q=Quillfeather"), "the line on the roll")
    assert line == "Philippa Quillfeather (affiliation verified) Research engineer, Google"
    page.goto(manage)
    expect(page.locator(".label").first).to_have_text("On the roll")


def test_sign_anonymously_from_a_work_address_stands_on_the_roll_after_the_batch(site, page):
    # Four colleagues have signed like this, and the smallest group that shows is five.
    assert anonymous_lines_of_google(page) == []

    steps.open_letter(page)
    steps.open_form(page)
    steps.fill_form(
        page,
        steps.ANONYMOUSLY,
        name="Ottoline Ploverdale",
        email="o.ploverdale@google.com",
        organisation="Google",
    )
    steps.send_form(page)
    mail = site.sink.wait_for("o.ploverdale@google.com")
    steps.type_code(page, mail.code)

    steps.expect_receipt(page)
    assert mail.message["Subject"] == "Your code"
    assert "http" not in mail.text + mail.html
    expect(page.locator(".receipt__line")).to_contain_text("Anonymous")
    expect(page.locator(".receipt__line")).to_contain_text("Verified employee, Google")
    lines = wait_for(lambda: anonymous_lines_of_google(page), "the batch")
    assert lines == ["Anonymous (affiliation verified) Verified employee, Google"] * 5
    assert site.ask("SELECT id FROM signatories_signature WHERE name = 'Ottoline Ploverdale'") == []


def test_own_signature_shows_what_is_held_and_can_be_withdrawn(site, page):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page, steps.BY_NAME, name="Evariste Ploverdale", email="e.ploverdale@google.com"
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("e.ploverdale@google.com").code)
    steps.expect_receipt(page)

    page.get_by_role("link", name="See, change or withdraw my entry").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature")
    expect(page.locator("main")).to_contain_text("Evariste Ploverdale")
    own = page.url
    page.get_by_role("link", name="Withdraw my signature").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdraw your signature?")
    page.get_by_role("button", name="Withdraw my signature").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have withdrawn")
    assert page.goto(own).status == 404
    assert site.ask("SELECT id FROM signatories_signature WHERE name = 'Evariste Ploverdale'") == []


def test_button_in_the_mail_to_a_private_address_asks_once_more_and_confirms(browser, site, page):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, steps.BY_NAME, name="Isolde Ploverdale", email="i.ploverdale@gmail.com")
    steps.send_form(page)
    link = re.search(r"https://\S+/confirm/\S+", site.sink.wait_for("i.ploverdale@gmail.com").text)[
        0
    ]

    # The mail is read on another device, where nothing is known of the form.
    with open_page(browser, site.url) as other:
        other.goto(link)
        expect(other.get_by_role("heading", level=1)).to_have_text("Confirm your signature")
        other.get_by_role("button", name="Yes, I sign this letter").click()
        steps.expect_receipt(other)

    states = "SELECT state FROM signatories_signature WHERE name = 'Isolde Ploverdale'"
    assert site.ask(states) == [("in_review",)]


def test_button_in_the_mail_can_say_that_it_was_somebody_else(browser, site, page):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(page, steps.BY_NAME, name="Casimir Ploverdale", email="c.ploverdale@gmail.com")
    steps.send_form(page)
    link = re.search(r"https://\S+/confirm/\S+", site.sink.wait_for("c.ploverdale@gmail.com").text)[
        0
    ]

    with open_page(browser, site.url) as other:
        other.goto(link)
        other.get_by_role("button", name="It was not me: erase this").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("It is gone")

    assert site.ask("SELECT id FROM signatories_signature WHERE name = 'Casimir Ploverdale'") == []


def test_form_with_mistakes_says_so_and_keeps_what_was_typed(page):
    page.goto("/letters/iceout-tech/sign/")
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Seraphine <Rookwood>",
        email="s.rookwood",
        organisation="Quillpen & Sons",
        title="Keeper of “keys”",
    )
    page.get_by_role("radio", name="I used to work there").check()
    page.get_by_label("Kind of work").select_option(label="Research and science")
    steps.send_form(page)

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Leave out the characters")
    expect(summary).to_contain_text("This one has no @.")
    assert page.title().startswith("Problem:")
    expect(page.get_by_label(steps.LABELS["name"])).to_have_value("Seraphine <Rookwood>")
    expect(page.get_by_label(steps.LABELS["email"])).to_have_value("s.rookwood")
    expect(page.get_by_label(steps.LABELS["organisation"])).to_have_value("Quillpen & Sons")
    expect(page.get_by_label(steps.LABELS["title"])).to_have_value("Keeper of “keys”")
    expect(page.get_by_role("radio", name="I used to work there")).to_be_checked()
    expect(page.get_by_label("Kind of work")).to_have_value("research")
    expect(page.get_by_role("radio", name=steps.BY_NAME)).to_be_checked()
    expect(page.get_by_label(steps.LABELS["email"])).to_have_attribute("aria-invalid", "true")
    summary.get_by_role("link").first.click()
    assert page.evaluate("document.activeElement.id") == "id_name"


def test_sign_form_can_be_used_with_the_keyboard_alone(site, page):
    page.goto("/letters/iceout-tech/sign/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the form")
    page.keyboard.press("Enter")
    for field, text in {
        "name": "Lazarus Ploverdale",
        "email": "l.ploverdale@google.com",
        "organisation": "Google",
    }.items():
        tab_to(page, f"[name={field}]")
        page.keyboard.type(text)
    tab_to(page, "[name=tenure]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    tab_to(page, "[name=title]")
    page.keyboard.type("Mathematician")
    tab_to(page, "[name=appearance]")
    page.keyboard.press("Space")
    tab_to(page, "button:has-text('Sign the letter')")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    tab_to(page, "[name=code]")
    page.keyboard.type(site.sink.wait_for("l.ploverdale@google.com").code)
    page.keyboard.press("Enter")

    steps.expect_receipt(page)
    expect(page.locator(".receipt__line")).to_contain_text("Mathematician, Google")


# A ring around the control itself, or around the card that it stands on.
SHOWS_FOCUS = """
[document.activeElement, document.activeElement.parentElement].some(
  (element) => getComputedStyle(element).outlineStyle !== "none"
)
"""


def tab_to(page, selector):
    """Press the tab key until that control has the focus, and see that it shows."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            assert page.evaluate(SHOWS_FOCUS), f"nothing shows that {selector} has the focus"
            return
    raise AssertionError(f"the tab key does not lead to {selector}")


def test_every_page_of_the_journey_fits_a_very_narrow_screen(browser, site):
    with open_page(browser, site.url, viewport={"width": 320, "height": 640}) as page:
        fits = {}

        def look(name):
            fits[name] = not goes_sideways(page)

        for path in ("/", "/letters/iceout-tech/", "/letters/iceout-tech/roll/", "/how-it-works/"):
            page.goto(path)
            look(path)
        page.goto("/letters/iceout-tech/sign/")
        look("form")
        steps.send_form(page)
        expect(page.get_by_role("alert")).to_be_visible()
        look("form with mistakes")
        steps.fill_form(
            page,
            steps.BY_NAME,
            name="Bartholomew-Maximilian Featherstonehaugh-Cholmondeley",
            email="bartholomew-maximilian.featherstonehaugh@google.com",
            organisation="Google",
        )
        steps.send_form(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
        look("code")
        mail = site.sink.wait_for("bartholomew-maximilian.featherstonehaugh@google.com")
        steps.type_code(page, mail.code)
        steps.expect_receipt(page)
        look("receipt")
        page.get_by_role("link", name="See, change or withdraw my entry").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your signature")
        look("own signature")
        page.get_by_role("link", name="Withdraw my signature").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Withdraw your signature?")
        look("withdraw")
        page.goto("/signature/find/")
        look("find")
        page.goto("/nothing/")
        look("not found")

    assert [name for name, does in fits.items() if not does] == []
    assert len(fits) == 12
