"""Answering an invitation: by a press of a button, as if one had signed on the letter's page."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone

from config import crypto, keys
from letters.actions import NotAllowed, close, take_down
from letters.models import Eligibility, Letter, ReviewPolicy, Visibility
from signatories import addresses, statistics
from signatories.actions import batches, importing, inviting, sealing
from signatories.actions.signing import Entry
from signatories.affiliation import Affiliation
from signatories.models import (
    Invited,
    InvitedMailbox,
    Signature,
    State,
    UsedAddress,
    Verification,
)
from signatories.verification import invitation
from signatories.verification.invitation import InvitationGone
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_organisation
from tests.privacy.witnesses import all_rows, answer, words
from tests.signatories.actions.test_importing import started

pytestmark = pytest.mark.django_db

ADA = ["Ada Otterbourne", "ada@gmail.com", "Orrery", "Engineer"]
FORM = {
    "name": "Ada Otterbourne",
    "organisation": "Orrery",
    "title": "Engineer",
    "tenure": "current",
    "decision": "sign",
}


@pytest.fixture
def letter():
    return make_letter(review_policy=ReviewPolicy.AFTER)


@pytest.fixture
def alice(letter):
    return make_moderator("alice", letter, "owner")


def send_all():
    """Send what is due; return the links in the order of the mailboxes."""
    for invited_id in invitation.unsent(timezone.now()):
        invitation.send(invited_id)
    messages = sorted(mail.outbox, key=lambda message: message.to[0])
    return [re.search(r"/invitation/[\w-]{43}/", message.body)[0] for message in messages]


@pytest.fixture
def link(letter, alice):
    started(letter, alice, ADA)
    return send_all()[-1]


def numbers_of(letter):
    batches.refresh_count(letter=letter)
    return statistics.public_statistics(Letter.objects.get(pk=letter.pk))


def token_of(link):
    return link.split("/")[2]


# Looking ------------------------------------------------------------------------------------


def test_opening_the_link_changes_nothing_and_shows_everything(client, link, letter):
    rows = all_rows()

    page = client.get(link)
    client.head(link)

    text = words(page)
    for said in (
        letter.title,
        "a•••@gmail.com",
        "Ada Otterbourne",
        "Engineer, says Orrery; not verified",
        "nothing of you appears, unless you press the button",
        "If you do nothing, your name and address are erased on",
    ):
        assert said in text
    assert "ada@gmail.com" not in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert "csrftoken" in page.cookies
    assert all_rows() == rows


def test_unknown_link_is_of_no_use(client):
    page = client.get(f"/invitation/{'x' * 43}/")

    assert page.status_code == 404
    assert "This invitation has done its work, or expired" in words(page)


# Signing ------------------------------------------------------------------------------------


def test_signing_makes_a_line_like_any_other_and_erases_the_invitation(client, link, letter, check):
    receipt = client.post(link, FORM)

    page = client.get(receipt.url)
    assert re.fullmatch(r"/signature/[\w-]{43}/receipt/", receipt.url)
    assert "You have signed" in words(page)
    check()
    signature = Signature.objects.get()
    assert (signature.state, signature.name, signature.title) == (
        State.PUBLISHED,
        "Ada Otterbourne",
        "Engineer",
    )
    assert (signature.organisation_text, signature.method) == ("Orrery", "none")
    assert signature.version == letter.current_version
    digest = addresses.digest(letter, addresses.read("ada@gmail.com"))
    assert signature.address_digest == UsedAddress.objects.get().digest == digest
    assert not Invited.objects.exists()
    assert not Verification.objects.exists()
    assert len(mail.outbox) == 1
    assert "Ada Otterbourne" in words(Client().get(f"/letters/{letter.slug}/roll/"))


def test_pressing_twice_leads_where_pressing_once_did(client, link):
    first = client.post(link, FORM)

    assert client.post(link, FORM).url == first.url
    assert Signature.objects.count() == 1
    assert client.get(link).status_code == 404


def test_line_can_be_corrected_first(client, link):
    make_organisation("Orrery Systems")
    changed = {"name": "Ada O.", "organisation": "orrery systems", "title": "", "tenure": "former"}

    client.post(link, {**FORM, **changed})

    signature = Signature.objects.get()
    assert (signature.name, signature.title, signature.tenure) == ("Ada O.", "", "former")
    assert (str(signature.organisation), signature.method) == ("Orrery Systems", "none")


def test_close_name_is_asked_about_once(client, link):
    make_organisation("Orrery Systems")
    typed = {**FORM, "organisation": "Orrery Systens"}

    asked = client.post(link, typed)
    assert "Did you mean Orrery Systems?" in words(asked)
    assert not Signature.objects.exists()
    client.post(link, {**typed, "asked": "Orrery Systens", "meant": "Orrery Systems"})

    assert str(Signature.objects.get().organisation) == "Orrery Systems"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Enter your name as you would sign a letter."),
        ("name", "www.buy.example", "Leave out web addresses."),
        ("title", "x" * 121, "Use at most 120 characters."),
        ("tenure", "later", "Choose one of the two."),
        ("version", "9", "The letter’s text has changed while you were here."),
    ],
)
def test_bad_input_is_answered_in_words_and_stays(client, link, field, value, message):
    page = client.post(link, {**FORM, field: value})

    assert page.status_code == 200
    assert message in words(page)
    assert 'value="Orrery"' in page.content.decode()
    assert Invited.objects.count() == 1
    assert not Signature.objects.exists()


def test_form_without_its_token_is_shown_again_with_what_was_typed(link):
    strict = Client(enforce_csrf_checks=True)

    for decision in ("sign", "refuse"):
        page = strict.post(link, {**FORM, "decision": decision})
        assert page.status_code == 403
        assert "Please press the button once more" in words(page)

    assert Invited.objects.count() == 1


def test_no_address_can_be_slipped_in(client, link, letter):
    """Nor another way to appear: what the link proves is one mailbox, for one name."""
    client.post(link, {**FORM, "email": "eve@google.example", "appearance": "anonymous"})

    signature = Signature.objects.get()
    assert signature.appearance == "named"
    assert signature.address_digest == addresses.digest(letter, addresses.read("ada@gmail.com"))


def test_mailbox_that_has_signed_gets_the_same_pages_and_makes_a_duplicate(letter, alice, check):
    """The organisers' probe: import somebody, and see what happens."""
    bob = addresses.read("bob@gmail.com")
    UsedAddress.objects.create(letter=letter, digest=addresses.digest(letter, bob))
    source = started(letter, alice, ADA, ["Ada Otterbourne", "bob@gmail.com", *ADA[2:]])
    links = send_all()
    assert len(links) == 2
    assert numbers_of(letter)["published"]["named"] == 0

    new, known = ([Client().get(link), Client().post(link, FORM)] for link in links)

    for one, other in zip(new, known, strict=True):
        other.content = other.content.replace("b•".encode(), "a•".encode())
        assert answer(one) == answer(other)
    receipts = [Client().get(pages[1].url) for pages in (new, known)]
    assert [page.status_code for page in receipts] == [200, 200]
    check()
    states = set(Signature.objects.values_list("state", flat=True))
    assert states == {State.PUBLISHED, State.DUPLICATE}
    assert numbers_of(letter)["published"]["named"] == 1
    source.refresh_from_db()
    assert (source.sent, source.invited) == (2, 2)


def test_page_of_the_import_tells_nobody_who_has_answered(letter, alice):
    source = started(letter, alice, ADA)
    [link] = send_all()
    browser = Client()
    browser.force_login(alice)
    page = f"/manage/letters/{letter.slug}/import/{source.pk}/"
    before = answer(browser.get(page))

    Client().post(link, FORM)
    assert answer(browser.get(page)) == before

    importing.look_after_sending()
    done = answer(browser.get(page))
    Signature.objects.all().delete()
    assert answer(browser.get(page)) == done


def test_invited_people_are_in_no_number_before_they_sign(letter, alice):
    before = numbers_of(letter)
    started(letter, alice, ADA)
    send_all()

    assert numbers_of(letter) == before


def test_review_before_publication_holds_for_invited_people_too(client, link, letter):
    Letter.objects.filter(pk=letter.pk).update(review_policy=ReviewPolicy.BEFORE)

    client.post(link, FORM)

    assert Signature.objects.get().state == State.IN_REVIEW


def test_letter_of_one_organisation_asks_for_that_one(client, link, letter):
    google = make_organisation("Google", "google.example")
    letter.organisations.add(google)
    Letter.objects.filter(pk=letter.pk).update(eligibility=Eligibility.ORGANISATIONS)

    page = client.post(link, FORM)
    assert "This letter is signed by people of Google." in words(page)
    client.post(link, {**FORM, "organisation": "Google"})

    assert str(Signature.objects.get().organisation) == "Google"


# Refusing -----------------------------------------------------------------------------------


def test_refusing_erases_the_person_and_remembers_the_mailbox(client, link, letter, alice):
    page = client.post(link, {"decision": "refuse"})

    assert "We will not write to you again for this letter" in words(page)
    assert not Invited.objects.exists()
    assert not Signature.objects.exists()
    remembered = InvitedMailbox.objects.get()
    assert remembered.refuses
    assert client.post(link, FORM).status_code == 404
    assert client.post(link, {"decision": "refuse"}).status_code == 404
    importing.look_after_sending()
    again = started(letter, alice, ADA)
    assert again.people.count() == 0


@pytest.mark.parametrize(("answer", "status"), [({"decision": "refuse"}, 200), (FORM, 302)])
def test_mail_that_may_have_left_and_is_answered_counts_as_sent(
    client, letter, alice, monkeypatch, answer, status
):
    source = started(letter, alice, ADA)

    def taken_without_a_word(message, *_arguments, **_options):
        mail.outbox.append(message)
        raise OSError

    monkeypatch.setattr(EmailMultiAlternatives, "send", taken_without_a_word)
    [link] = send_all()

    assert client.post(link, answer).status_code == status

    remembered = InvitedMailbox.objects.get()
    assert remembered.refuses == (answer["decision"] == "refuse")
    assert remembered.written_on == timezone.localdate()
    source.refresh_from_db()
    assert source.sent == 1


def test_who_has_refused_can_still_sign_on_the_page_of_the_letter(client, link, letter):
    client.post(link, {"decision": "refuse"})
    data = {**FORM, "email": "ada@gmail.com", "appearance": "named"}

    assert client.post(f"/letters/{letter.slug}/sign/", data).status_code == 302


# Meanwhile ----------------------------------------------------------------------------------

CHANGES = {
    "closed": lambda letter: close(letter=letter, actor=None),
    "taken down": lambda letter: take_down(letter=letter, actor=None),
    "not by name": lambda letter: Letter.objects.filter(pk=letter.pk).update(allows_named=False),
    "verified only": lambda letter: Letter.objects.filter(pk=letter.pk).update(
        accepts_unverified=False
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_letter_that_has_changed_says_so_and_lets_one_refuse(client, link, letter, change):
    change(letter)
    invited = Invited.objects.get()

    for page in (client.get(link), client.post(link, FORM)):
        assert page.status_code == 200
        assert "takes no signatures by invitation now" in words(page)
        assert (letter.title in words(page)) == (change is not CHANGES["taken down"])
    with pytest.raises(NotAllowed):
        inviting.accept(
            invited=invitation.by_token(token_of(link)),
            token=token_of(link),
            entry=Entry("named", "Ada"),
            affiliation=Affiliation(),
        )
    assert Invited.objects.get() == invited
    client.post(link, {"decision": "refuse"})

    assert not Invited.objects.exists()
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    "end",
    [
        lambda letter: Letter.objects.filter(pk=letter.pk).update(visibility=Visibility.INTERNAL),
        lambda letter: letter.imports.update(erase_after=timezone.now() - timedelta(seconds=1)),
        lambda letter: (sealing.close(letter=letter, actor=None), sealing.seal(letter=letter, actor=None)),
        lambda letter: keys.destroy("day", letter.imports.get().key_name),
        lambda letter: importing.cancel(
            source=letter.imports.get(), actor=letter.memberships.get().user
        ),
    ],
    ids=["internal", "expired", "sealed", "key lost", "taken back"],
)  # fmt: skip
def test_invitation_that_is_over_is_gone_and_names_no_letter(client, link, letter, end):
    end(letter)

    for page in (client.get(link), client.post(link, FORM)):
        assert page.status_code == 404
        assert letter.title not in words(page)
        assert "This invitation has done its work, or expired" in words(page)

    assert not Signature.objects.exists()


def test_two_answers_at_once_are_one(link):
    found = invitation.by_token(token_of(link))
    same = invitation.by_token(token_of(link))
    entry = {"entry": Entry("named", "Ada"), "affiliation": Affiliation()}
    inviting.accept(invited=found, token=token_of(link), **entry)

    with pytest.raises(InvitationGone):
        inviting.accept(invited=same, token=token_of(link), **entry)
    with pytest.raises(InvitationGone):
        inviting.refuse(invited=same)

    assert Signature.objects.count() == 1
    assert not InvitedMailbox.objects.filter(refuses=True).exists()


def test_letters_key_that_is_lost_stops_signing_and_loses_nothing(client, link, letter):
    keys.destroy("letter", str(letter.pk))

    page = client.post(link, FORM)

    assert page.status_code == 503
    assert Invited.objects.count() == 1
    assert not Signature.objects.exists()


def test_too_many_answers_from_one_network_wait(client, link, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "confirm:network": "0/h"}

    page = client.post(link, FORM)

    assert page.status_code == 429
    assert "Too many attempts from your network." in words(page)
    assert Invited.objects.count() == 1


def test_links_are_kept_as_digests_only(link):
    token = token_of(link)

    assert Invited.objects.get().token_digest == crypto.digest("invitation", token)
    assert token not in str(all_rows())
