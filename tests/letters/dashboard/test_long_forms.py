"""Long letters and long lists: what fits is saved, what does not is kept and said so."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from letters.dashboard.repeater import MOST_ROWS
from letters.models import Draft, Membership, Role
from letters.models.draft import LONGEST_DRAFT
from tests.factories import make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

TEXT = "/manage/letters/library/text/"
RECIPIENTS = "/manage/letters/library/recipients/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def browser():
    letter, alice = make_letter(slug="library"), make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    browser = Client()
    browser.force_login(alice)
    return browser


def test_editor_sends_its_form_without_percent_signs(browser):
    page = browser.get(TEXT).content.decode()

    form = page[page.index("<form", page.index("data-recover-drop")) :].partition(">")[0]
    assert 'enctype="multipart/form-data"' in form
    assert 'hx-encoding="multipart/form-data"' in form


@pytest.mark.parametrize(
    ("page", "letter_of"), [(f"{TEXT}save/", "ж"), (f"{TEXT}save/", "𠮷"), (TEXT, "𠮷")]
)
def test_longest_draft_of_any_script_is_saved(browser, page, letter_of):
    text = letter_of * (LONGEST_DRAFT - 1) + "\n"
    demands = {f"demand-{n}-text": letter_of * 290 for n in range(1, MOST_ROWS + 1)}

    answer = browser.post(page, {"title": "T", "text": text, **demands, "revision": "0"})

    assert answer.status_code == 200
    draft = Draft.objects.get()
    assert draft.text == text
    assert draft.demands.count("\n") == MOST_ROWS - 1


def test_long_chinese_letter_is_saved_without_scripts_and_with_an_old_page(browser):
    text = "图" * 28_000 + "\n"
    typed = {"title": "T", "text": text, "revision": "0", "do": "save"}

    answer = browser.post(TEXT, urlencode(typed), content_type=FORM)

    assert answer.status_code == 200
    assert Draft.objects.get().text == text


@pytest.mark.parametrize("do", ["save", "publish", "demand:up:201"])
def test_more_demands_than_fit_are_refused_and_kept(browser, do):
    typed = {f"demand-{n}-text": f"Demand of {n}." for n in range(1, MOST_ROWS + 2)}

    answer = browser.post(TEXT, {"title": "T", "text": "x", **typed, "revision": "0", "do": do})

    assert "There is room for 200, and no more. Nothing has been saved" in words(answer)
    assert all(f">\n{text}</textarea>" in answer.content.decode() for text in typed.values())
    assert not Draft.objects.exists()


def test_more_demands_than_fit_are_not_saved_by_a_script_either(browser):
    typed = {f"demand-{n}-text": f"Demand of {n}." for n in range(1, MOST_ROWS + 2)}

    answer = browser.post(f"{TEXT}save/", {"title": "T", "text": "x", **typed, "revision": "0"})

    assert "There is room for 200" in answer.content.decode()
    assert not Draft.objects.exists()


def test_demand_too_many_can_be_taken_out_and_the_rest_is_saved(browser):
    typed = {f"demand-{n}-text": f"Demand of {n}." for n in range(1, MOST_ROWS + 2)}
    data = {"title": "T", "text": "x", **typed, "revision": "0", "do": "demand:remove:7"}

    answer = browser.post(TEXT, data)

    assert "There is room" not in words(answer)
    saved = Draft.objects.get().demands.splitlines()
    assert saved == [text for number, text in enumerate(typed.values(), 1) if number != 7]


@pytest.mark.parametrize(("number", "do"), [(MOST_ROWS + 1, "save"), (MOST_ROWS, "to:add")])
def test_more_recipients_than_fit_are_refused_and_kept(browser, number, do):
    typed = {f"to-{n}-name": f"Mayor of {n}" for n in range(1, number + 1)}

    answer = browser.post(RECIPIENTS, {**typed, "do": do})

    assert "There is room for 200, and no more. Nothing has been saved" in words(answer)
    assert all(f'value="{name}"' in answer.content.decode() for name in typed.values())
    assert Membership.objects.get().letter.recipients.count() == 0


def test_as_many_recipients_as_fit_are_saved(browser):
    typed = {f"to-{n}-{part}": "" for n in range(1, MOST_ROWS + 1) for part in ("role", "pk")}
    typed |= {f"to-{n}-name": f"Mayor of {n}" for n in range(1, MOST_ROWS + 1)}
    typed |= {f"to-{n}-organisation": "" for n in range(1, MOST_ROWS + 1)}
    seen = browser.get(RECIPIENTS).context["seen"]

    browser.post(RECIPIENTS, {**typed, "seen": seen, "do": "save"})

    assert Membership.objects.get().letter.recipients.count() == MOST_ROWS
