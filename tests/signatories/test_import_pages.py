"""The organisers' pages of an import, from the file to the report."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from letters.models import Letter
from signatories import spreadsheets, tasks
from signatories.models import Import, ImportFault, Invited
from tests.admin_pages import count_queries, make_moderator
from tests.factories import make_letter, make_organisation
from tests.privacy.witnesses import all_rows, words
from tests.signatories.actions.test_importing import begin, imported, started
from tests.signatories.spreadsheets_of import csv_of, people, xlsx_of

pytestmark = pytest.mark.django_db

UPLOAD = "/manage/letters/brought/import/"
ROWS = [
    ["Ada Otterbourne", "ada@gmail.com", "Orrery Systens", "Engineer"],
    ["Bo", "bo@google.com", "", ""],
    ["", "cy@gmail.com", "", ""],
]


@pytest.fixture
def letter():
    return make_letter(slug="brought")


@pytest.fixture
def alice(letter):
    return make_moderator("alice", letter, "owner")


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


def upload(browser, content, name="people.csv"):
    return browser.post(UPLOAD, {"file": SimpleUploadedFile(name, content)})


def columns_of(page):
    """What the page has chosen for each column, as its form would send it."""
    selects = re.findall(r'<select[^>]* name="(column-\d+)".*?</select>', page, re.DOTALL)
    bodies = re.findall(r'<select[^>]* name="column-\d+"[^>]*>(.*?)</select>', page, re.DOTALL)
    chosen = [re.search(r'value="([^"]*)" selected', body)[1] for body in bodies]
    return dict(zip(selects, chosen, strict=True))


# The file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [csv_of(*ROWS), xlsx_of(*ROWS)], ids=["csv", "xlsx"])
def test_file_leads_to_its_columns_and_writes_to_nobody(browser, content):
    make_organisation("Orrery Systems")

    answer = upload(browser, content)

    source = Import.objects.get()
    assert answer.url == f"{UPLOAD}{source.pk}/"
    page = browser.get(answer.url)
    text = words(page)
    for said in (
        "3 rows.",
        "a•••@gmail.com",
        "Engineer, says Orrery Systens; not verified",
        "Perhaps Orrery Systems is meant; the person is asked.",
        "A mailbox at work, or at a domain of one’s own",
        "No name",
    ):
        assert said in text
    assert "ada@gmail.com" not in page.content.decode()
    assert columns_of(page.content.decode()) == {
        "column-0": "name",
        "column-1": "email",
        "column-2": "organisation",
        "column-3": "title",
    }
    assert not Invited.objects.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "There is nothing in this file."),
        (b"\xd0\xcf\x11\xe0", "This file is in an old format of Excel"),
        (b"PK\x03\x04 broken", "This file is damaged. Open it, and save it again."),
        (b"x," * 5_300_000, "The file is larger than 10 MB."),
    ],
    ids=["empty", "old", "broken", "large"],
)
def test_file_that_cannot_be_read_is_refused_beside_the_field(browser, content, message):
    rows = all_rows()

    page = upload(browser, content)

    assert page.status_code == 200
    error = re.search(r'id="error-file">(.*?)</div>', page.content.decode(), re.DOTALL)[1]
    assert message in error
    assert all_rows() == rows


def test_no_file_is_asked_for(browser):
    page = browser.post(UPLOAD, {"file": ""})

    assert "Choose a file." in words(page)


def test_form_without_its_token_is_refused(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    assert upload(strict, csv_of(*ROWS)).status_code == 403
    page = strict.get(UPLOAD).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page[page.index("multipart") :])
    file = SimpleUploadedFile("people.csv", csv_of(*ROWS))
    sent = strict.post(UPLOAD, {"file": file, "csrfmiddlewaretoken": token[1]})

    assert sent.status_code == 302
    assert Import.objects.count() == 1


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"visibility": "internal"}, "This letter is for members of an organisation."),
        ({"status": "closed", "closed_on": "2026-01-01"}, "Nobody can sign the letter now"),
        ({"taken_down_on": "2026-01-01"}, "Nobody can sign the letter now"),
        ({"allows_named": False}, "This letter is signed anonymously only."),
        ({"accepts_unverified": False}, "This letter takes verified affiliations only."),
    ],
)
def test_letter_that_takes_nobody_by_invitation_says_why(browser, letter, rules, why):
    Letter.objects.filter(pk=letter.pk).update(**rules)

    assert why in words(browser.get(UPLOAD))
    assert why in words(upload(browser, csv_of(*ROWS)))
    assert not Import.objects.exists()


def test_second_file_waits_for_the_first(browser, letter, alice):
    begin(letter, alice, *ROWS)

    assert "An import is under way." in words(browser.get(UPLOAD))
    assert "Another import of this letter is not finished yet." in words(
        upload(browser, csv_of(*ROWS))
    )


def test_imports_of_a_letter_are_limited(browser, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "import:letter": "0/d"}

    assert upload(browser, csv_of(*ROWS)).status_code == 429
    assert not Import.objects.exists()


def test_files_that_cannot_be_read_count_for_the_limit(browser, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "import:letter": "1/d"}

    assert upload(browser, b"").status_code == 200
    assert upload(browser, b"").status_code == 429


# Columns ------------------------------------------------------------------------------------


def test_preview_follows_what_is_chosen_and_keeps_it(browser, letter, alice):
    source = begin(letter, alice, *ROWS)
    chosen = {"column-0": "", "column-1": "email", "column-2": "name", "column-3": "title"}

    page = browser.post(f"{UPLOAD}{source.pk}/", {**chosen, "do": "preview"})

    assert columns_of(page.content.decode()) == chosen
    assert "Orrery Systens Engineer" in words(page)
    source.refresh_from_db()
    assert source.state == "mapping"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column-1": ""}, "Say which column has the mail addresses."),
        ({"column-0": ""}, "Say which column has the names, or which two."),
        ({"column-2": "name"}, "Another column is that already."),
        ({"column-2": "first_name"}, "Choose either whole names, or first and last names."),
        ({"column-2": "shoe"}, "Choose one of the meanings offered."),
    ],
)
def test_columns_that_make_no_sense_are_refused_in_words(browser, letter, alice, change, message):
    source = begin(letter, alice, *ROWS)
    sent = {"column-0": "name", "column-1": "email", "column-2": "", "column-3": "", **change}

    page = browser.post(f"{UPLOAD}{source.pk}/", {**sent, "do": "read"})

    assert message in words(page)
    source.refresh_from_db()
    assert source.state == "mapping"


def test_columns_without_the_token_are_shown_again_as_they_were(letter, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    source = begin(letter, alice, *ROWS)
    chosen = {"column-0": "", "column-1": "email", "column-2": "name", "column-3": "title"}

    page = strict.post(f"{UPLOAD}{source.pk}/", {**chosen, "do": "read"})

    assert page.status_code == 403
    assert "Please press the button once more" in words(page)
    assert columns_of(page.content.decode()) == chosen
    source.refresh_from_db()
    assert source.state == "mapping"


def test_start_without_the_token_is_shown_again_as_it_was(letter, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    source = imported(letter, alice, *ROWS)

    page = strict.post(f"{UPLOAD}{source.pk}/", {"do": "start", "asked": "on"})

    assert page.status_code == 403
    assert 'name="asked" checked' in page.content.decode()
    source.refresh_from_db()
    assert source.state == "ready"


# From reading to the end ----------------------------------------------------------------------


def test_walk_from_the_columns_to_the_end(browser, letter, alice):
    page = upload(browser, csv_of(*ROWS)).url
    chosen = columns_of(browser.get(page).content.decode())
    browser.post(page, {**chosen, "do": "read"})
    assert "0 of 3 rows are read." in words(browser.get(page))
    assert 'hx-trigger="every 3s"' in browser.get(page).content.decode()
    assert "HX-Redirect" not in browser.get(page, HTTP_HX_REQUEST="true")
    source = Import.objects.get()
    tasks.read_import(str(source.pk))
    assert browser.get(page, HTTP_HX_REQUEST="true")["HX-Redirect"] == page
    ready = words(browser.get(page))
    for said in ("Nobody has been written to.", "People to invite 1", "1 message will leave"):
        assert said in ready

    refused = browser.post(page, {"do": "start"})
    assert "Tick this if it is so." in words(refused)
    browser.post(page, {"do": "resume"})
    assert Import.objects.get().state == "ready"
    browser.post(page, {"do": "start", "asked": "on"})
    assert "0 of 1 invitations have left, at most 60 in a minute." in words(browser.get(page))
    browser.post(page, {"do": "pause"})
    assert "No more leave until you go on." in words(browser.get(page))
    browser.post(page, {"do": "resume"})
    assert Import.objects.get().state == "sending"
    browser.post(page, {"do": "cancel"})

    assert "Links that were sent stop working." in words(browser.get(page))
    assert "Cancelled" in words(browser.get(UPLOAD))
    assert not Invited.objects.exists()


@pytest.mark.parametrize("wish", ["", "nonsense", "read", "preview"])
def test_wish_that_does_not_fit_the_state_changes_nothing(browser, letter, alice, wish):
    source = imported(letter, alice, *ROWS)
    rows = all_rows()

    answer = browser.post(f"{UPLOAD}{source.pk}/", {"do": wish})

    assert answer.url == f"{UPLOAD}{source.pk}/"
    assert all_rows() == rows


def test_import_of_another_letter_is_not_found(browser, alice):
    other = make_letter(slug="other")
    source = begin(other, make_moderator("bob", other, "owner"), *ROWS)

    for page in ("", "report/", "report.csv"):
        assert browser.get(f"{UPLOAD}{source.pk}/{page}").status_code == 404
        assert browser.get(f"/manage/letters/other/import/{source.pk}/{page}").status_code == 404


# The report ---------------------------------------------------------------------------------


def test_report_names_rows_and_reasons_and_nothing_else(browser, letter, alice):
    source = imported(letter, alice, *ROWS, ["Di", "di@gmail.com", "", "=1+1"])

    page = browser.get(f"{UPLOAD}{source.pk}/report/")
    file = browser.get(f"{UPLOAD}{source.pk}/report.csv")

    assert "3 A mailbox at work, or at a domain of one’s own No 4 No name No" in words(page)
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="import-brought.csv"' in file["Content-Disposition"]
    assert file.content.decode("utf-8-sig").splitlines() == [
        "Row,What is wrong,Invited",
        '3,"a mailbox at work, or at a domain of one’s own",no',
        "4,no name,no",
        '5,"the title cannot stand on a line, and was left out",yes',
    ]
    for said in ("Ada", "google.com", "gmail", "=1+1"):
        assert said not in page.content.decode() + file.content.decode()


def test_report_is_paged_by_key(browser, letter, alice):
    source = imported(letter, alice, *people(1))
    ImportFault.objects.bulk_create(
        ImportFault(source=source, row=row, fault=fault)
        for row in range(1, 130)
        for fault in ("title", "organisation")
    )
    page, seen = f"{UPLOAD}{source.pk}/report/", []

    for number in (100, 100, 58):
        response = browser.get(page)
        found = [(one.row, one.fault) for one in response.context["faults"]]
        assert len(found) == number
        seen += found
        following = response.context["next_after"]
        page = f"{UPLOAD}{source.pk}/report/?after={following}"

    assert following == ""
    assert seen == sorted(set(seen))
    assert len(seen) == 258


@pytest.mark.parametrize("after", ["x", "-", "9" * 40, "1-\0", "3-zzz", "-1"])
def test_report_after_anything_is_answered(browser, letter, alice, after):
    source = imported(letter, alice, *ROWS)

    assert browser.get(f"{UPLOAD}{source.pk}/report/", {"after": after}).status_code == 200


def test_pages_need_the_same_queries_for_one_row_and_many(browser, letter, alice):
    source = started(letter, alice, *ROWS[:2])
    before = [count_queries(browser, f"{UPLOAD}{source.pk}/{page}") for page in ("", "report/")]
    ImportFault.objects.bulk_create(
        ImportFault(source=source, row=row, fault="no_name") for row in range(10, 40)
    )

    after = [count_queries(browser, f"{UPLOAD}{source.pk}/{page}") for page in ("", "report/")]

    assert after == before


def test_entry_in_the_menu_is_for_owners_of_published_letters(browser, letter):
    assert UPLOAD in browser.get("/manage/letters/brought/team/").content.decode()
    editor = Client()
    editor.force_login(make_moderator("erin", letter, "editor"))

    assert UPLOAD not in editor.get("/manage/letters/brought/team/").content.decode()


def test_largest_file_is_the_one_that_the_page_names(browser):
    assert spreadsheets.LARGEST == 10 * 1024 * 1024
    assert spreadsheets.MOST_ROWS == 50_000
    assert "At most 10 MB and 50,000 rows." in words(browser.get(UPLOAD))
