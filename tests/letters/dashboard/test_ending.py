"""Closing, reopening, sealing and going public in the workspace: for owners, and in words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from letters.actions import earliest_public_day
from letters.models import AuditEntry, Letter, Membership, Role, Status, Visibility
from signatories import tasks
from signatories.models import State
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

ONE = "/manage/letters/library/"
DOORS = {"close": Status.PUBLISHED, "reopen": Status.CLOSED, "seal": Status.CLOSED}


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


def letter_of(alice, status=Status.PUBLISHED, **fields):
    letter = make_letter(slug="library", status=status, **fields)
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    return letter


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor__username"))


def status():
    return Letter.objects.get(slug="library").status


@pytest.fixture
def purged(monkeypatch):
    """The letters whose pages the cache in front is asked to forget."""
    found = []
    queue = {tasks.purge_pages: found.append}
    monkeypatch.setattr("signatories.dashboard.ending.enqueue", lambda task, pk: queue[task](pk))
    return found


def test_close_says_what_it_means_and_closes(alice, browser, settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    browser.force_login(alice)
    settings.SEALING_DAYS = 12
    letter_of(alice)

    page = words(browser.get(f"{ONE}close/"))
    done = browser.post(f"{ONE}close/", follow=True)

    assert "Codes that have been sent still confirm, and review goes on." in page
    assert f"12 days later, on {date_format(date(2026, 3, 13))}, the letter is sealed" in page
    assert "Closed. Nobody can sign the letter unless it is reopened." in words(done)
    assert (status(), audited()) == (Status.CLOSED, [("letter.closed", "alice")])


def test_reopen_stops_the_clock(alice, browser):
    letter_of(alice, Status.CLOSED, closes_at=datetime(2026, 1, 1, tzinfo=UTC))

    page = words(browser.get(f"{ONE}reopen/"))
    browser.post(f"{ONE}reopen/")

    assert f"was to close, {date_format(date(2026, 1, 1))}, has passed and is dropped" in page
    letter = Letter.objects.get()
    assert (letter.is_open, letter.closed_on, letter.closes_at) == (True, None, None)


def test_seal_wants_the_address_typed(alice, browser):
    letter_of(alice, Status.CLOSED)

    for typed, why in (("", "Nothing was sealed."), ("libary", "not the address of this letter")):
        answer = browser.post(f"{ONE}seal/", {"slug": typed})
        assert why in words(answer)
        assert f'value="{typed}"' in answer.content.decode() or not typed
    assert (status(), audited()) == (Status.CLOSED, [])

    browser.post(f"{ONE}seal/", {"slug": "library"})

    assert (status(), audited()) == (Status.SEALED, [("letter.sealed", "alice")])


def test_sealed_letter_offers_nothing_that_it_refuses(alice, browser):
    letter_of(alice, status=Status.SEALED)

    for page, said in (("text", "text"), ("publish", "text"), ("rules", "rules")):
        shown = browser.get(f"{ONE}{page}/")
        assert f"A sealed letter keeps its {said}." in words(shown)
        for button in ("Save the draft", "Save the rules", "Publish now", "Publish it then"):
            assert button not in words(shown)

    refused = browser.post(f"{ONE}text/", {"title": "Typed", "text": "Meanwhile.", "do": "save"})
    assert "Meanwhile." in refused.content.decode()


@pytest.mark.parametrize(
    ("visibility", "leads_to"),
    [(Visibility.PUBLIC, "/letters/library/"), (Visibility.INTERNAL, f"{ONE}preview/")],
)
def test_overview_leads_to_a_page_that_opens(alice, browser, visibility, leads_to):
    letter_of(alice, visibility=visibility)

    assert f'href="{leads_to}"' in browser.get(ONE).content.decode()
    assert browser.get(leads_to).status_code == 200


def test_seal_counts_what_is_in_review_and_nothing_that_moves_with_batches(alice, browser):
    letter = letter_of(alice, Status.CLOSED)
    google = make_organisation("Google", "google.example")
    make_signature(letter)
    before = words(browser.get(f"{ONE}seal/"))
    assert "1 entry that is still in review is rejected." in before

    make_anonymous(letter, google)
    make_signature(letter, state=State.UNCONFIRMED)

    assert words(browser.get(f"{ONE}seal/")) == before


def test_going_public_is_asked_for_and_taken_back(alice, browser):
    letter = letter_of(alice, visibility=Visibility.INTERNAL)
    letter.organisations.add(make_organisation("Google", "google.example"))
    on = earliest_public_day()

    page = words(browser.get(f"{ONE}public/"))
    early = browser.post(f"{ONE}public/", {"on": str(on - timedelta(days=1))})
    browser.post(f"{ONE}public/", {"on": str(on)})

    assert "You see neither who has decided nor how, before the day." in page
    assert "Give your signatories at least 7 days to decide." in words(early)
    assert Letter.objects.get().public_on == on
    assert "Keep the letter internal?" in words(browser.get(f"{ONE}public/"))
    browser.post(f"{ONE}public/", {"do": "stay"})
    assert Letter.objects.get().public_on is None
    assert [verb for verb, _who in audited()] == [
        "letter.asked_to_go_public",
        "letter.stays_internal",
    ]


def test_stale_page_of_going_public_does_not_do_the_opposite(alice, browser):
    """Two owners ask for the same day: the second press is no taking back."""
    letter = letter_of(alice, visibility=Visibility.INTERNAL)
    letter.organisations.add(make_organisation("Google", "google.example"))
    on = str(earliest_public_day())

    for _twice in range(2):
        browser.post(f"{ONE}public/", {"on": on})

    assert str(Letter.objects.get().public_on) == on


@pytest.mark.parametrize("door", DOORS)
def test_ending_purges_the_pages(alice, browser, door, purged):
    letter = letter_of(alice, DOORS[door])

    browser.get(f"{ONE}{door}/")
    assert purged == []
    browser.post(f"{ONE}{door}/", {"slug": "library"})

    assert status() != DOORS[door]
    assert purged == [letter.pk]


@pytest.mark.parametrize("door", [*DOORS, "public"])
@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR, Role.PRESS, None])
def test_ending_is_for_owners(alice, door, role):
    letter_of(alice, DOORS.get(door, Status.PUBLISHED))
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=Letter.objects.get(), user=bob, role=role)
    browser = Client()
    browser.force_login(bob)
    before = Letter.objects.values().get()

    assert browser.get(f"{ONE}{door}/").status_code == 404
    assert browser.post(f"{ONE}{door}/", {"slug": "library"}).status_code == 404
    assert (Letter.objects.values().get(), audited()) == (before, [])


@pytest.mark.parametrize("door", DOORS)
def test_ending_needs_a_second_factor(door):
    bob = make_user("bob", second_factor=False)
    letter_of(bob, DOORS[door])
    browser = Client()
    browser.force_login(bob)

    page = words(browser.get(f"{ONE}{door}/"))
    browser.post(f"{ONE}{door}/", {"slug": "library"})

    assert "Your account needs a second factor for this." in page
    assert (status(), audited()) == (DOORS[door], [])


@pytest.mark.parametrize("door", [*DOORS, "public"])
def test_ending_that_does_not_apply_leads_back_with_a_sentence(alice, browser, door):
    wrong = Status.CLOSED if door == "close" else Status.PUBLISHED
    letter_of(alice, wrong)

    answer = browser.get(f"{ONE}{door}/", follow=True)

    assert answer.redirect_chain == [(ONE, 302)]
    assert f"This does not apply now: the letter is {wrong.label}." in words(answer)


@pytest.mark.parametrize("door", [*DOORS, "public"])
def test_form_without_its_token_changes_nothing(alice, door):
    letter_of(alice, DOORS.get(door, Status.PUBLISHED), visibility=Visibility.INTERNAL)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    for form in ({"slug": "library"}, {"on": "2099-01-01"}, {"do": "stay"}):
        assert browser.post(f"{ONE}{door}/", form).status_code == 403

    assert audited() == []


def test_overview_leads_to_pages_of_the_workspace(alice, browser):
    letter_of(alice, visibility=Visibility.INTERNAL)
    open_page = browser.get(ONE).content.decode()
    Letter.objects.update(status=Status.CLOSED, closed_on=timezone.localdate())
    closed_page = browser.get(ONE).content.decode()

    assert f'href="{ONE}close/"' in open_page and f'href="{ONE}public/"' in open_page
    assert f'href="{ONE}reopen/"' in closed_page and f'href="{ONE}seal/"' in closed_page
    assert "/admin/letters/letter/" not in open_page + closed_page


# Opening and closing by the clock ---------------------------------------------------------------


def test_letter_before_its_opening_is_read_and_says_when_signing_begins(alice, browser):
    opens_at = timezone.now() + timedelta(days=2)
    letter = letter_of(alice, opens_at=opens_at)
    when = f"{opens_at:%-d %B %Y, %H:%M} UTC"

    page, form = Client().get("/letters/library/"), Client().get("/letters/library/sign/")

    assert f"Signing begins on {when}." in words(page)
    assert "closed" not in words(page).lower() and "/sign/" not in page.content.decode()
    assert "This letter takes no signatures yet" in words(form)
    assert f"Signing begins on {when}." in words(form)
    assert "signing begins on" in Client().get("/").content.decode()
    sent = Client().post("/letters/library/sign/", {"name": "W", "email": "w@example.org"})
    assert "This letter takes no signatures yet" in words(sent)
    assert not letter.signatures.exists()


def test_code_that_was_sent_before_the_closing_time_still_confirms(deliver, code_of, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    make_letter(slug="library", closes_at=datetime(2026, 3, 1, 12, 5, tzinfo=UTC))
    google = make_organisation("Google", "google.example")
    browser = Client()
    form = {
        "name": "Wilhelmina Otterbourne",
        "email": "w@google.example",
        "organisation": google.name,
        "tenure": "current",
        "appearance": "named",
    }
    confirm_url = browser.post("/letters/library/sign/", form).url
    [message] = deliver()
    time_machine.move_to("2026-03-01T12:06:00Z", tick=False)
    tasks.end_letters()
    assert status() == Status.CLOSED
    assert "takes no more signatures" in words(browser.get("/letters/library/sign/"))

    done = browser.post(confirm_url, {"code": code_of(message)}, follow=True)

    assert "You have signed" in words(done)
    assert Letter.objects.get().signatures.get().state == State.IN_REVIEW
