"""“Anonymous, not verified”: any confirmed mailbox, no affiliation, read by a moderator first."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import NotAllowed
from letters.models import Membership, Role
from signatories import statistics
from signatories.actions import appearing, batches, moderation, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.forms import SignForm
from signatories.models import Appearance, Signature, State, Tally, UsedAddress
from tests.admin_pages import make_moderator
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.worker import check_all

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Wilhelmina Otterbourne",
    "email": "w@gmail.com",
    "organisation": "",
    "tenure": "former",
    "title": "Research engineer",
    "role": "research",
    "appearance": "anonymous",
}


@pytest.fixture
def letter():
    return make_letter(slug="open-to-all", allows_unverified_anonymous=True)


def make_unverified(letter, **fields):
    return make_signature(letter, appearance=Appearance.ANONYMOUS, **fields)


def move_batch(letter):
    batches.start_tally(letter)
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)


def sign(letter, deliver, code_of, **changes):
    """Sign as people do; return the browser's last answer."""
    browser = Client()
    code_page = browser.post(f"/letters/{letter.slug}/sign/", {**TYPED, **changes}).url
    [mail] = deliver()
    return browser.post(code_page, {"code": code_of(mail)})


# Signing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["w@gmail.com", "w@google.example", "w@unknown.example"])
def test_sign_without_organisation_stores_nothing_but_the_text(email, letter, deliver, code_of):
    make_organisation("Google", "google.example")

    sign(letter, deliver, code_of, email=email)

    entry = Signature.objects.get()
    assert (entry.state, entry.appearance, entry.method) == ("in_review", "anonymous", "none")
    assert (entry.organisation, entry.organisation_text, entry.tenure) == (None, "", "")
    assert (entry.name, entry.title, entry.role, entry.address_digest) == ("", "", "", None)


def test_form_refuses_a_named_organisation_and_says_what_one_can_do(letter):
    make_organisation("Google", "google.example")

    form = SignForm(letter, {**TYPED, "organisation": "Google"})

    [sentence] = form.errors["email"]
    assert "does not prove that you work at Google" in sentence
    assert sentence.endswith(
        "Or leave the organisation empty: the line then says “Anonymous, not verified”."
    )


def test_form_of_another_letter_refuses_it_and_does_not_offer_it(client):
    make_letter(slug="strict")

    page = client.post("/letters/strict/sign/", TYPED).content.decode()

    assert "an anonymous signature rests on a verified organisation" in page
    assert "leave the organisation empty and use any address" not in page
    assert not Signature.objects.exists()


def test_form_says_beforehand_what_such_a_line_is(letter, client):
    page = " ".join(client.get("/letters/open-to-all/sign/").content.decode().split())

    assert "the line is counted for no organisation" in page
    assert "A moderator sees that such a line waits" in page


def test_verb_refuses_it_where_the_letter_does_not_allow_it():
    letter = make_letter()

    with pytest.raises(NotAllowed):
        signing.sign(
            letter=letter,
            entry=Entry("anonymous"),
            address=Address("w", "gmail.com"),
            affiliation=Affiliation(),
        )

    assert not Signature.objects.exists()


def test_internal_letter_still_wants_a_member():
    google = make_organisation("Google", "google.example")
    letter = make_letter(visibility="internal", allows_unverified_anonymous=True)
    letter.organisations.add(google)

    form = SignForm(letter, TYPED)

    assert list(form.errors) == ["email"]


def test_second_signature_of_a_mailbox_looks_the_same(letter, deliver, code_of):
    pages = []
    for spelling in ("w@gmail.com", "w+again@gmail.com"):
        place = sign(letter, deliver, code_of, email=spelling).url.removesuffix("receipt/")
        token = place.split("/")[2]
        page = Client().get(place).content.decode()
        data = Client().get(f"{place}data.json").content.decode()
        page = re.sub(r'<b class="mono">[0-9a-f]{8}</b>', "REFERENCE", page)
        pages.append((page.replace(token, ""), data))

    assert pages[0] == pages[1]
    states = sorted(Signature.objects.values_list("state", flat=True))
    assert states == ["duplicate", "in_review"]


# Review, and the batch ------------------------------------------------------------------------


def test_nothing_of_it_shows_before_a_moderator_and_a_batch(letter, client, time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    entry = make_unverified(letter)
    bob = make_moderator("bob", letter)
    make_unverified(make_letter())

    move_batch(letter)
    before = statistics.public_statistics(letter)["published"]["total"]
    time_machine.move_to("2026-01-25T12:00:00Z", tick=False)
    moderation.approve(signature=entry, actor=bob)
    entry.refresh_from_db()
    approved = (entry.state, str(entry.confirmed_on))
    time_machine.move_to("2026-01-29T12:00:00Z", tick=False)
    move_batch(letter)

    letter.refresh_from_db()
    numbers = statistics.public_statistics(letter)
    assert before == 0
    assert approved == ("approved", "2026-01-25")
    assert numbers["published"] == {"total": 1, "named": 0, "anonymous": 1, "counted": 0}
    assert numbers["as_of_last_batch"]["by_method"]["none"] == 1
    assert numbers["verified_by_organisation"] == []
    assert "Not verified" in client.get("/letters/open-to-all/roll/").content.decode()


def test_moderator_sees_the_line_and_nothing_else(letter, client):
    entry = make_unverified(letter)
    client.force_login(make_moderator("bob", letter))

    page = client.get(f"/admin/signatories/signature/{entry.pk}/change/").content.decode()

    assert "Somebody proved a mailbox, and nothing else." in " ".join(page.split())
    assert "As written" not in page


def test_lines_without_proof_do_not_lift_the_rule_of_a_letter_of_one_organisation(letter):
    google = make_organisation("Google", "google.example")
    letter.organisations.add(google)
    make_anonymous(letter, google)
    for _each in range(9):
        make_unverified(letter, state=State.APPROVED)

    move_batch(letter)

    letter.refresh_from_db()
    assert statistics.holds_back(letter, "anonymous")
    assert statistics.public_statistics(letter)["published"]["anonymous"] == 0


def test_lines_without_proof_are_no_company_for_a_verified_one(letter, settings):
    settings.BATCH_MINIMUM = 5
    google = make_organisation("Google", "google.example")
    make_anonymous(letter, google)
    for _each in range(9):
        make_unverified(letter, state=State.APPROVED)

    move_batch(letter)

    assert not letter.signatures.on_roll().exists()


# Later ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "is_freed"), [("w@gmail.com", True), ("w@google.example", False)]
)
def test_withdraw_frees_an_address_that_proves_nothing_and_no_mailbox_at_work(
    email, is_freed, letter, deliver, code_of
):
    """Else a mailbox at work could sign twice for its organisation."""
    make_organisation("Google", "google.example")
    token = sign(letter, deliver, code_of, email=email).url.split("/")[2]
    browser = Client()

    answer = browser.post(f"/signature/{token}/withdraw/", {"email": email})
    if is_freed:
        [mail] = deliver()
        browser.post(answer.url, {"code": code_of(mail)})

    assert UsedAddress.objects.exists() != is_freed
    if not is_freed:
        assert "This address is at Google." in answer.content.decode()


def test_named_in_its_place_needs_what_the_letter_asks_of_names(letter, deliver, code_of):
    type(letter).objects.update(accepts_unverified=False)
    token = sign(letter, deliver, code_of).url.split("/")[2]
    data = {"name": "Wilhelmina Otterbourne", "email": "w@gmail.com"}

    page = Client().post(f"/signature/{token}/named/", data).content.decode()

    assert "Under this letter names need a verified affiliation." in page


def test_named_in_its_place_swaps_with_one_batch(letter, deliver, code_of):
    Membership.objects.create(letter=letter, user=make_user("bob"), role=Role.MODERATOR)
    bob = Membership.objects.get().user
    token = sign(letter, deliver, code_of).url.split("/")[2]
    browser = Client()
    data = {"name": "Wilhelmina Otterbourne", "email": "w@gmail.com"}
    code_page = browser.post(f"/signature/{token}/named/", data).url
    [mail] = deliver()
    browser.post(code_page, {"code": code_of(mail)})
    check_all()
    moderation.approve(signature=letter.signatures.named().get(), actor=bob)

    move_batch(letter)

    assert [line.name for line in letter.signatures.on_roll()] == ["Wilhelmina Otterbourne"]
    assert letter.signatures.count() == 1


def test_named_entry_without_proof_cannot_become_anonymous(letter):
    """The moderator who saw the name go would see the line come."""
    named = make_signature(letter)

    assert appearing.why_not_without_name(named, "anonymous").startswith(
        "An anonymous signature rests on a verified"
    )


def test_lines_that_arrive_or_stand_without_proof_fill_no_minimum_of_the_only_organisation(
    letter, settings
):
    """Five free mailboxes must not uncover the four colleagues: neither when they come with
    them, nor where they stand on the roll already."""
    settings.BATCH_MINIMUM = 1
    google = make_organisation("Google", "google.example")
    letter.organisations.add(google)
    for _each in range(letter.minimum_group_size - 1):
        make_anonymous(letter, google)
    for _each in range(letter.minimum_group_size):
        make_unverified(letter, state=State.APPROVED)

    move_batch(letter)

    assert not letter.signatures.on_roll().anonymous().exists()

    make_unverified(letter, state=State.PUBLISHED)
    make_anonymous(letter, google, state=State.PUBLISHED)
    for _each in range(letter.minimum_group_size - 1):
        make_unverified(letter, state=State.PUBLISHED)
    assert statistics.holds_back(letter, "anonymous")
