"""Journey 3: from a link that leads nowhere to the colleagues' roll, without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

LETTER = "/letters/salesforce-ice/"


def prove(page, site, address, number=1):
    page.get_by_label("Email address at work").fill(address)
    page.get_by_role("button", name="Send a code").click()
    steps.type_code(page, site.sink.wait_for(address, number).code)
    expect(page.get_by_role("heading", level=1)).to_have_text("Letters for members")


def test_member_proves_a_mailbox_reads_and_signs(site, page):
    assert page.goto(LETTER).status == 404
    page.get_by_role("link", name="prove your mailbox").click()
    prove(page, site, "o.quill@salesforce.com")

    page.get_by_role("link", name="To our chief executive, about ICE").click()
    expect(page.get_by_role("complementary", name="Who can read this")).to_contain_text(
        "managers have mailboxes there too"
    )
    page.get_by_role("link", name="Sign this letter").first.click()
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Odalys Quillfeather",
        email="o.quill@salesforce.com",
        organisation="Salesforce",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("o.quill@salesforce.com", 2).code)
    steps.expect_receipt(page)
    expect(page.locator("main")).to_contain_text("Only colleagues can open this letter")
    for mail in site.sink.to("o.quill@salesforce.com"):
        assert mail.message["Subject"] == "Your code"
        assert "http" not in mail.text + mail.html

    page.goto("/members/")
    page.get_by_role("button", name="Forget it now").click()
    assert page.goto(LETTER).status == 404


def test_colleague_of_a_subsidiary_is_let_in_and_an_outsider_is_not(browser, site, page):
    page.goto("/members/")
    prove(page, site, "t.moonray@slack-corp.com")
    assert page.goto(LETTER).status == 200

    with open_page(browser, site.url) as outside:
        outside.goto("/members/")
        prove(outside, site, "t.moonray@google.com")
        expect(outside.locator("main")).to_contain_text("There is no letter here for its members.")
        assert outside.goto(LETTER).status == 404
        assert "chief executive" not in outside.content()


def test_pages_for_members_are_accessible(browser, site):
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        for path in (LETTER, "/members/"):
            page.goto(path)
            found += faults(page, path)
        prove(page, site, "y.yarrow@salesforce.com")
        found += faults(page, "letters for members")
        for path in (LETTER, f"{LETTER}roll/", f"{LETTER}sign/", f"{LETTER}versions/"):
            assert page.goto(path).status == 200
            found += faults(page, path)

    assert found == []


def move_batch(site, slug):
    """Beat does it every other second here; this does not wait for company or for beat."""
    site.python(
        f"""
from django.utils import timezone
from letters.models import Letter
from signatories.actions import batches
letter = Letter.objects.get(slug="{slug}")
batches.start_tally(letter)
batches.publish_last_batch(letter=letter, now=timezone.now())
batches.refresh_count(letter=letter)
"""
    )


def test_member_is_counted_and_decides_again_when_the_letter_becomes_public(browser, site, page):
    """A letter of its own: the others stay inside."""
    site.python(
        """
from datetime import timedelta
from django.utils import timezone
from letters.models import Letter, LetterVersion, Organisation
letter = Letter.objects.create(
    slug="from-inside", title="From inside", visibility="internal", review_policy="after",
    status="draft", accepts_unverified=False,
)
version = LetterVersion.objects.create(
    letter=letter, number=1, title="From inside", text="We ask one thing.", sha256="a" * 64,
    published_on=timezone.localdate(),
)
letter.organisations.add(*Organisation.objects.filter(slug__in=["salesforce", "google"]))
letter.current_version, letter.status = version, "published"
letter.published_on = timezone.localdate()
letter.public_on = timezone.localdate() + timedelta(days=3)
letter.save()
"""
    )
    page.goto("/members/")
    prove(page, site, "l.larkspur@salesforce.com")
    page.goto("/letters/from-inside/")
    notice = page.locator("aside", has_text="the organisers make this letter public")
    expect(notice).to_be_visible()
    page.goto("/letters/from-inside/sign/")
    steps.fill_form(
        page,
        "Counted only",
        name="Leopoldine Larkspur",
        email="l.larkspur@salesforce.com",
        organisation="Salesforce",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("l.larkspur@salesforce.com", 2).code)
    steps.expect_receipt(page)
    expect(page.locator("main")).to_contain_text("in the number, without a line")
    move_batch(site, "from-inside")
    page.goto("/letters/from-inside/")
    expect(page.locator(".tally")).to_contain_text("1 counted without a line")
    assert "Larkspur" not in page.content()

    page.goto("/letters/from-inside/sign/")
    steps.fill_form(
        page,
        steps.BY_NAME,
        name="Marisol Quennevant",
        email="m.quennevant@google.com",
        organisation="Google",
    )
    steps.send_form(page)
    steps.type_code(page, site.sink.wait_for("m.quennevant@google.com").code)
    steps.expect_receipt(page)
    page.get_by_role("link", name="See, change or withdraw my entry").click()
    expect(page.locator("main")).to_contain_text("you will be counted then, without a line")
    site.python(
        """
from django.utils import timezone
from letters.models import Letter
from signatories.actions import opening
Letter.objects.filter(slug="from-inside").update(public_on=timezone.localdate())
list(opening.open_letters(now=timezone.now()))
"""
    )
    with open_page(browser, site.url) as outside:
        assert outside.goto("/letters/from-inside/roll/").status == 200
        assert "Quennevant" not in outside.content()
        expect(outside.locator("main")).to_contain_text("2 more are counted without a line.")
        page.reload()
        page.get_by_role("button", name="Show my name to everybody").click()
        expect(page.locator("main")).to_contain_text("Your line stands on the roll.")
        outside.reload()
        expect(outside.locator(".roll")).to_contain_text("Marisol Quennevant")

    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as looker:
        found = []
        for path in ("", "roll/", "sign/", "verification/"):
            looker.goto(f"/letters/from-inside/{path}")
            found += faults(looker, path)
        for path in ("", "counted/", "anonymous/"):
            looker.goto(page.url + path)
            found += faults(looker, f"own page {path}")
        assert found == []


def test_names_of_organisations_complete_as_one_types(browser, site):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        page.goto("/letters/iceout-tech/sign/")
        field = page.get_by_label(steps.LABELS["organisation"])
        field.click()
        with page.expect_response("**/organisations/?organisation=*"):
            field.press_sequentially("northl")
        expect(page.locator("#organisations option")).to_have_count(1)
        expect(page.locator("#organisations option")).to_have_attribute("value", "Northlane")
