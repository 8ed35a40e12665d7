"""A moderator decides by keyboard alone, and without any script; on pages that everybody can use."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.watching import open_page
from tests.factories import TOTP_SECRET

pytestmark = pytest.mark.browser

PERSON = ("osric", "five flat stones", TOTP_SECRET)

ACCOUNT = f"""
from allauth.mfa.totp.internal.auth import TOTP
from letters.models import Letter, Membership, Role, User

osric = User.objects.create_user("{PERSON[0]}", password="{PERSON[1]}", is_staff=True)
TOTP.activate(osric, "{PERSON[2]}")
letter = Letter.objects.get(slug="salesforce-ice")
Membership.objects.create(letter=letter, user=osric, role=Role.MODERATOR)
"""

FILL = """
from django.utils import timezone
from letters.models import Letter
from signatories import flags
from signatories.models import Appearance, Flag, Signature, State

letter = Letter.objects.get(slug="salesforce-ice")
today = timezone.localdate()
names = [f"Keyed Ploverdale {number}" for number in range(14)]
for name in [*names, "Flagged Ploverdale", "Known Ploverdale"]:
    entry = Signature.objects.create(
        letter=letter, version=letter.current_version, appearance=Appearance.NAMED, name=name,
        state=State.IN_REVIEW, submitted_on=today, confirmed_on=today,
    )
    kind = {"Flagged": "burst", "Known": "well_known"}.get(name.split()[0])
    if kind:
        Flag.objects.create(signature=entry, kind=kind)
        entry.risk = flags.risk_of([kind])
        entry.save()
"""
ERASE = """
from signatories.models import Signature
Signature.objects.filter(name__contains="Ploverdale").delete()
"""
OPEN_ELSEWHERE = """
from datetime import timedelta
from django.utils import timezone
from letters.models import User
from signatories.models import Reading, Signature

perkin = User.objects.create_user("perkin")
entry = Signature.objects.get(name="Keyed Ploverdale 3")
until = timezone.now() + timedelta(minutes=3)
Reading.objects.create(signature=entry, moderator=perkin, until=until)
"""
LIST = "/admin/signatories/signature/"
OURS = "/admin/signatories/signature/?q=Ploverdale"


@pytest.fixture
def entries(site):
    site.python(FILL)
    yield
    site.python(ERASE)


@pytest.fixture(scope="module")
def signed_in(browser, site):
    """The cookies of a moderator: each code of the second factor opens once."""
    site.python(ACCOUNT)
    with open_page(browser, site.url) as page:
        steps.log_in(page, *PERSON)
        return page.context.storage_state()


@pytest.fixture
def desk(browser, site, entries, signed_in):
    """A moderator with JavaScript; axe is a script too, and our policy would refuse it."""
    size = {"width": 1280, "height": 900}
    scripts = {"java_script_enabled": True, "bypass_csp": True}
    with open_page(browser, site.url, storage_state=signed_in, viewport=size, **scripts) as page:
        yield page


def decided(page):
    return page.locator(".row--decided")


def test_ten_entries_are_decided_by_keys_alone(desk):
    desk.goto(OURS)
    desk.keyboard.press("j")
    for number in range(7):
        desk.keyboard.press("a")
        expect(decided(desk)).to_have_count(number + 1)
    desk.keyboard.press("s")
    expect(decided(desk)).to_have_count(8)
    for number, reason in enumerate("25"):
        desk.keyboard.press("r")
        expect(desk.locator("#reject-dialog")).to_be_visible()
        desk.keyboard.press(reason)
        desk.keyboard.press("Enter")
        expect(decided(desk)).to_have_count(9 + number)

    words = [row.inner_text() for row in decided(desk).all()]
    ends = [re.search(r"(Approved|Set aside|Rejected)\.", text)[1] for text in words]
    assert ends == ["Approved"] * 7 + ["Set aside"] + ["Rejected"] * 2

    desk.keyboard.press("z")
    expect(decided(desk)).to_have_count(9)
    expect(desk.locator("[data-status]")).to_have_text("Taken back. The entry waits again.")
    desk.goto(f"{OURS}&state=rejected")
    expect(desk.locator("[data-row]")).to_have_count(1)


def hold_answers(page):
    """Let no decision reach the site until the test says so, as on a slow network."""
    held = []
    page.route("**/change/**", lambda route: held.append(route))
    return held


def press_and_hold(page, key, held):
    before = len(held)
    page.keyboard.press(key)
    while len(held) == before:
        page.wait_for_timeout(20)


def row_in_focus(page):
    return page.evaluate("document.activeElement.closest('[data-row]')?.id")


def answer_with(**told):
    """Not done, in the site's words but not with its 409, which every browser complains about."""
    return lambda route: route.fulfill(json={"done": False, **told})


SLOW_ANSWERS = {
    "decided": lambda route: route.continue_(),
    "refused": answer_with(gone=False, sentence="A colleague is looking at it."),
    "gone": answer_with(gone=True, sentence="It has been decided meanwhile."),
}


@pytest.mark.parametrize("answer", SLOW_ANSWERS)
def test_slow_answer_leaves_the_focus_on_the_row_that_one_reads(desk, answer):
    held = hold_answers(desk)
    desk.goto(OURS)
    desk.keyboard.press("j")
    press_and_hold(desk, "a", held)
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    read = row_in_focus(desk)

    SLOW_ANSWERS[answer](held[0])
    expect(desk.locator("[data-status]")).not_to_be_empty()

    assert row_in_focus(desk) == read
    desk.unroute("**/change/**")
    desk.keyboard.press("a")
    expect(desk.locator(f"[id='{read}'].row--decided")).to_be_visible()
    expect(desk.locator("[data-row]").nth(1)).not_to_have_class(re.compile("row--decided"))


def test_slow_answer_moves_the_focus_of_who_stayed(desk):
    held = hold_answers(desk)
    desk.goto(OURS)
    desk.keyboard.press("j")
    first = row_in_focus(desk)
    press_and_hold(desk, "a", held)

    held[0].continue_()
    expect(decided(desk)).to_have_count(1)

    second = row_in_focus(desk)
    assert second == desk.locator("[data-row]").nth(1).get_attribute("id")
    press_and_hold(desk, "z", held)
    held[1].continue_()
    expect(decided(desk)).to_have_count(0)
    assert row_in_focus(desk) == first


def test_entry_page_is_decided_by_keys_and_goes_on_by_itself(desk):
    def see(words):
        expect(desk.get_by_text(words)).to_be_visible()
        desk.wait_for_load_state()  # Before its scripts have run, a page hears no keys.

    desk.goto(OURS)
    desk.keyboard.press("j")
    desk.keyboard.press("o")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Entry")
    desk.wait_for_load_state()
    first = desk.locator(".line__name").first.inner_text()
    desk.keyboard.press("a")
    see("Approved. The line stands on the roll.")
    second = desk.locator(".line__name").first.inner_text()
    assert second != first
    desk.keyboard.press("z")
    see("Taken back.")
    expect(desk.locator(".line__name").first).to_have_text(first)
    desk.keyboard.press("r")
    desk.keyboard.press("3")
    desk.keyboard.press("Enter")
    see("Rejected. The line is not on the roll.")
    desk.keyboard.press("n")
    expect(desk.get_by_text("Rejected. The line is not on the roll.")).to_have_count(0)


def test_keys_do_nothing_while_one_writes_nor_when_switched_off(desk):
    desk.goto(OURS)
    desk.get_by_role("searchbox").fill("")
    desk.get_by_role("searchbox").press_sequentially("asr")
    expect(desk.get_by_role("searchbox")).to_have_value("asr")
    desk.keyboard.press("Tab")
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.get_by_label("Single keys decide").uncheck()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()
    for key in ("j", "a", "a", "s"):
        desk.keyboard.press(key)
    desk.reload()
    desk.keyboard.press("j")
    desk.keyboard.press("a")
    desk.keyboard.press("Control+a")

    expect(decided(desk)).to_have_count(0)
    desk.get_by_role("button", name="Keys").click()
    expect(desk.get_by_label("Single keys decide")).not_to_be_checked()


def test_all_of_the_page_are_ticked_but_what_a_colleague_has_open(desk, site):
    site.python(OPEN_ELSEWHERE)
    desk.goto(OURS)
    box = desk.get_by_role("checkbox", name="Select: Keyed Ploverdale 3,")
    expect(box).to_be_disabled()

    desk.get_by_label("Select all entries of this page").check()

    expect(box).not_to_be_checked()
    expect(desk.locator("[name=_selected_action]:checked")).to_have_count(15)
    expect(desk.get_by_label("Select all entries of this page")).to_be_checked()


def test_what_was_decided_by_key_is_neither_ticked_nor_counted(desk):
    desk.goto(OURS)
    counter = desk.locator(".action-counter")
    every = desk.get_by_label("Select all entries of this page")
    desk.locator("[name=_selected_action]").first.check()
    expect(counter).to_have_text("1 of 16 selected")

    desk.keyboard.press("a")
    expect(decided(desk)).to_have_count(1)
    expect(counter).to_have_text("0 of 16 selected")
    every.check()

    expect(counter).to_have_text("15 of 16 selected")
    expect(every).to_be_checked()
    desk.keyboard.press("z")
    expect(decided(desk)).to_have_count(0)
    every.check()
    expect(counter).to_have_text("16 of 16 selected")


# Who looks at which row ---------------------------------------------------------------------------

ROW = re.compile(r"/signature/([0-9a-f-]+)/reading/")
PRESS = """
const press = (key) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
"""
PRESS_AT_ONCE = "(keys) => {" + PRESS + "[...keys].forEach(press); }"
PRESS_AGAIN_WHEN_TOLD = (
    "([key, sentence]) => new Promise((done) => {"
    + PRESS
    + """
    const status = document.querySelector("[data-status]");
    new MutationObserver(() => {
        if (status.textContent === sentence) setTimeout(() => { press(key); done(); });
    }).observe(status, { childList: true });
    press(key);
})"""
)


def watch_readings(page):
    """Which row is claimed or left, in the order in which the site is told."""
    told = []

    def note(request):
        if found := ROW.search(request.url):
            is_left = 'name="leave"' in (request.post_data or "")
            told.append(("left" if is_left else "claimed", f"entry-{found[1]}"))

    page.on("request", note)
    return told


def test_row_that_one_is_at_is_claimed_and_left_with_it(desk):
    told = watch_readings(desk)
    desk.goto(OURS)
    ids = [row.get_attribute("id") for row in desk.locator("[data-row]").all()]

    with desk.expect_response(ROW):
        desk.evaluate(PRESS_AT_ONCE, "jjj")
    with desk.expect_response(ROW):
        desk.keyboard.press("a")

    expect(decided(desk)).to_have_count(1)
    assert row_in_focus(desk) == ids[3]
    assert told == [("claimed", ids[2]), ("claimed", ids[3])]
    with desk.expect_response(lambda response: response.url.find(ids[4][6:]) > 0):
        desk.keyboard.press("j")
    assert told[2:] == [("left", ids[3]), ("claimed", ids[4])]


@pytest.mark.parametrize("is_gone", [False, True])
def test_row_that_a_colleague_has_is_passed_by(desk, is_gone):
    desk.goto(OURS)
    ids = [row.get_attribute("id") for row in desk.locator("[data-row]").all()]
    second = desk.locator(f"[id='{ids[1]}']")
    sentence = "perkin has it."
    desk.route(f"**/{ids[1][6:]}/reading/**", answer_with(gone=is_gone, sentence=sentence))

    desk.keyboard.press("j")
    # The second key was meant for the second row, and decides nothing.
    desk.evaluate(PRESS_AGAIN_WHEN_TOLD, ["a", sentence])

    expect(second).to_contain_text(sentence)
    assert row_in_focus(desk) == ids[2]
    expect(second.get_by_role("button")).to_have_count(0)
    expect(second.get_by_role("link")).to_have_count(0 if is_gone else 1)
    expect(second.get_by_role("checkbox")).to_be_disabled()
    desk.wait_for_timeout(600)
    assert decided(desk).count() == (2 if is_gone else 1)
    desk.keyboard.press("a")
    expect(desk.locator(f"[id='{ids[2]}'].row--decided")).to_be_visible()


REPORT = """
from django.utils import timezone
from letters.models import Letter
from signatories.models import Appearance, Flag, Signature, State

letter = Letter.objects.get(slug="salesforce-ice")
today = timezone.localdate()
for number in range(2):
    line = Signature.objects.create(
        letter=letter, version=letter.current_version, appearance=Appearance.NAMED,
        name=f"Reported Ploverdale {number}", state=State.PUBLISHED, submitted_on=today,
        confirmed_on=today, published_on=today, roll_key=f"ploverdale {number}",
    )
    Flag.objects.create(signature=line, kind="reported", detail="not_real")
"""
MESSAGE = """
document.body.insertAdjacentHTML("afterbegin", '<ul class="messagelist"><li>' +
    '<a href="/admin/nowhere/" data-undo="back" data-seen="published">Take it back</a></li></ul>')
"""


def test_what_was_let_stand_is_not_undone_nor_anything_before_it(desk, site):
    site.python(REPORT)
    desk.goto(OURS)
    desk.evaluate(MESSAGE)
    desk.get_by_role("button", name="Let it stand: Reported Ploverdale 0").click()
    expect(decided(desk)).to_have_count(1)

    desk.keyboard.press("z")
    desk.wait_for_timeout(300)

    assert desk.url.endswith(OURS)
    desk.get_by_role("link", name="Open: Reported Ploverdale 1").click()
    desk.get_by_role("button", name="Let it stand").click()
    expect(desk.get_by_text("The decision stands")).to_be_visible()
    url = desk.url
    desk.keyboard.press("z")
    desk.wait_for_timeout(300)
    assert desk.url == url
    expect(desk.get_by_text("The decision stands")).to_be_visible()


def test_pages_of_the_queue_are_accessible(desk):
    found = []
    desk.goto("/admin/")
    found += faults(desk, "index")
    desk.goto(OURS)
    found += faults(desk, "list")
    desk.keyboard.press("j")
    desk.keyboard.press("a")
    expect(decided(desk)).to_have_count(1)
    found += faults(desk, "list with a decided row")
    desk.keyboard.press("r")
    expect(desk.locator("#reject-dialog")).to_be_visible()
    found += faults(desk, "rejecting")
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    found += faults(desk, "keys")
    desk.goto(f"{LIST}?q=Known+Ploverdale")
    desk.get_by_role("link", name="Needs a proof: open Known Ploverdale").click()
    expect(desk.get_by_label("What you were shown").first).to_be_visible()
    found += faults(desk, "entry")
    desk.goto(f"{LIST}guidance/")
    found += faults(desk, "guidance")

    assert found == []


def test_without_a_script_each_row_is_decided_and_taken_back(browser, site, entries, signed_in):
    with open_page(browser, site.url, storage_state=signed_in) as page:
        page.goto(OURS)
        page.get_by_role("button", name="Approve: Keyed Ploverdale").first.press("Enter")
        expect(page.get_by_text("Approved. The line stands on the roll.")).to_be_visible()
        page.get_by_role("link", name="See it again, or take it back").click()
        page.get_by_role("button", name="Take the decision back").press("Enter")
        expect(page.get_by_text("Taken back. The line has left the roll")).to_be_visible()
        page.get_by_label("another reason").check()
        page.get_by_label("Note to the signatory").fill("Please write your own name.")
        page.get_by_role("button", name="Reject", exact=True).press("Enter")
        expect(page.get_by_text("Rejected. The line is not on the roll.")).to_be_visible()


# By rule ------------------------------------------------------------------------------------------


@pytest.fixture
def rule_desk(browser, site, entries, signed_in):
    """A moderator with JavaScript under our own policy, as everybody has it."""
    size = {"width": 1280, "height": 900}
    options = {"java_script_enabled": True, "storage_state": signed_in, "viewport": size}
    with open_page(browser, site.url, **options) as page:
        yield page


def write_rule(page):
    """Reject the fourteen entries of one name, with a note; stop at the preview."""
    page.goto(OURS)
    page.get_by_role("link", name="Decide by rule").click()
    page.get_by_label("Letter").select_option("To our chief executive, about ICE")
    page.get_by_label("Name", exact=True).fill("Keyed Ploverdale *")
    page.get_by_label("Note", exact=True).fill("Please write your own name.")
    page.get_by_label("Decision").select_option("Reject them")
    page.get_by_role("button", name="Show what it means").click()


def give_reason(page):
    page.get_by_label("Reason").select_option("not a real person's name")
    page.get_by_role("button", name="Show what it means").click()
    expect(page.get_by_role("heading", name="It means 14 entries")).to_be_visible()


def test_rule_is_written_previewed_carried_out_and_taken_back(rule_desk):
    page = rule_desk
    write_rule(page)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was decided.")
    expect(page.get_by_text("Choose a reason: it is counted in public.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Keyed Ploverdale *")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Please write your own name.")
    give_reason(page)
    page.get_by_role("button", name="Reject 14 entries").click()
    expect(page.get_by_role("heading", name="Done", exact=True)).to_be_visible()
    expect(page.locator(".facts").first).to_contain_text("14")
    own = page.url
    page.goto(f"{OURS}&state=rejected")
    expect(page.locator("[data-row]")).to_have_count(14)

    page.goto(own)
    page.get_by_role("link", name="Take everything back").click()
    expect(page.get_by_text("Take 14 decisions back?")).to_be_visible()
    page.get_by_role("button", name="Take everything back").click()

    expect(page.get_by_role("heading", name="Taken back", exact=True)).to_be_visible()
    page.goto(f"{OURS}&state=rejected")
    expect(page.locator("[data-row]")).to_have_count(0)
    page.goto(OURS)
    expect(page.locator("[data-row]")).to_have_count(16)


def test_pages_of_deciding_by_rule_are_accessible(desk):
    found = []

    def look(name):
        found.extend(faults(desk, name))

    desk.goto(f"{LIST}bulk/")
    look("no decision by rule, or some")
    write_rule(desk)
    expect(desk.get_by_role("alert")).to_be_visible()
    look("a rule with a mistake")
    give_reason(desk)
    look("preview")
    desk.get_by_role("button", name="Reject 14 entries").click()
    expect(desk.get_by_role("heading", name="Done", exact=True)).to_be_visible()
    look("done")
    desk.get_by_role("link", name="Entry by entry").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Entry by entry")
    look("entry by entry")
    desk.go_back()
    desk.get_by_role("link", name="Take everything back").click()
    look("asked whether to take back")

    assert found == []


OWNER = ("ulrica", "six round stones", TOTP_SECRET)


def test_pages_of_owners_about_moderation_are_accessible(browser, site):
    account = ACCOUNT.replace("osric", OWNER[0]).replace(PERSON[1], OWNER[1])
    site.python(account.replace("salesforce-ice", "iceout-tech").replace("MODERATOR", "OWNER"))
    found = []
    scripts = {"java_script_enabled": True, "bypass_csp": True}
    with open_page(browser, site.url, **scripts) as page:
        steps.log_in(page, *OWNER)
        for name in ("lists/", "rejections/", "door/", "prominent/", "prominent/?q=ferdinand"):
            path = f"/manage/letters/iceout-tech/{name}"
            assert page.goto(path).status == 200, path
            found += faults(page, path)
        page.goto("/admin/letters/auditentry/?kind=entries&since=2026-01-01")
        expect(page.get_by_label("From")).to_have_value("2026-01-01")
        found += faults(page, "audit trail by days")

    assert found == []
