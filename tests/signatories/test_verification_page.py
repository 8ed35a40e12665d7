"""The page that says how affiliations were checked, for somebody who has to believe it."""

import pytest
from django.utils import timezone

from letters.models import Eligibility, Visibility
from signatories.actions import batches
from signatories.models import State, Tally
from tests.admin_pages import text_of
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())


def read(client, letter):
    return text_of(client.get(f"/letters/{letter.slug}/verification/"))


def test_page_counts_by_method_and_moves_with_the_batch(client):
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    make_signature(letter, state=State.PUBLISHED)
    make_signature(letter, state=State.PUBLISHED, method="mailbox", organisation=google)
    for _each in range(2):
        make_anonymous(letter, google)
    move_batch(letter)

    words = read(client, letter)

    assert "Work address confirmed 3" in words
    assert "Address confirmed, affiliation not verified 1" in words
    assert "Received 4 Confirmed 4 Published 4 In review 0 Rejected 0 Withdrawn 0" in words
    assert "Google" not in words
    make_anonymous(letter, google)
    assert read(client, letter) == words


def test_page_without_signatures_says_so(client):
    assert "Nothing to count yet." in read(client, make_letter())


def test_page_says_how_long_one_can_object(client, settings):
    letter = make_letter()
    assert "can object there within 30 days." in read(client, letter)

    settings.REJECTED_DAYS = 1

    assert "can object there within 1 day." in read(client, letter)


def test_page_of_a_sealed_letter_says_who_can_object_still(client):
    words = read(client, make_letter(status="sealed"))

    assert "only somebody whose name is taken off its roll after that can still object" in words
    assert "can object there" not in words


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({}, ["Anybody.", "By name also without proof", "A moderator reads what people write"]),
        ({"accepts_unverified": False}, ["Anybody.", "Only with a proven affiliation."]),
        ({"review_policy": "after"}, ["published within moments if nothing speaks against it"]),
        (
            {"eligibility": Eligibility.ORGANISATIONS},
            ["People of Salesforce.", "By name also without proof"],
        ),
    ],
)
def test_page_says_who_may_sign(client, fields, sentences):
    letter = make_letter(**fields)
    letter.organisations.add(make_organisation("Salesforce", "salesforce.example"))

    words = read(client, letter)

    assert [sentence for sentence in sentences if sentence not in words] == []


def test_page_is_public_and_linked_from_the_letter(client):
    letter = make_letter()

    page = client.get(f"/letters/{letter.slug}/verification/")

    assert page["Cache-Control"] == "public, max-age=30"
    assert (
        f'href="/letters/{letter.slug}/verification/"'
        in client.get(letter.get_absolute_url()).content.decode()
    )


def test_page_of_an_internal_letter_is_hidden(client):
    letter = make_letter(visibility=Visibility.INTERNAL)

    assert client.get(f"/letters/{letter.slug}/verification/").status_code == 404


# Who may sign ---------------------------------------------------------------------------------


@pytest.fixture
def letter():
    letter = make_letter(eligibility=Eligibility.ORGANISATIONS)
    letter.organisations.add(make_organisation("Salesforce", "salesforce.example"))
    make_organisation("Elsewhere", "elsewhere.example")
    return letter


def sign(client, letter, email, organisation, **fields):
    form = {
        "name": "Wilhelmina Otterbourne",
        "email": email,
        "organisation": organisation,
        "tenure": "current",
        "appearance": "named",
        **fields,
    }
    return client.post(f"/letters/{letter.slug}/sign/", form)


@pytest.mark.parametrize(
    ("email", "organisation", "tenure"),
    [
        ("w.otter@salesforce.example", "Salesforce", "current"),
        ("w.otter@gmail.com", "Salesforce", "current"),
        ("w.otter@gmail.com", "Salesforce", "former"),
    ],
)
def test_sign_for_an_organisation_of_the_letter_is_accepted(
    client, letter, email, organisation, tenure
):
    assert sign(client, letter, email, organisation, tenure=tenure).status_code == 302
    assert letter.signatures.count() == 1


@pytest.mark.parametrize(
    ("email", "organisation"),
    [
        ("w.otter@elsewhere.example", "Elsewhere"),
        ("w.otter@gmail.com", "Nowhere Ltd"),
        ("w.otter@salesforce.example", ""),
    ],
)
@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_sign_for_another_organisation_is_refused_beside_the_field(
    client, letter, email, organisation, appearance
):
    page = sign(client, letter, email, organisation, appearance=appearance)

    assert page.status_code == 200
    assert (
        "This letter is signed by people of Salesforce."
        in page.context["form"].errors["organisation"][0]
    )
    assert f'value="{email}"' in page.content.decode()
    assert not letter.signatures.exists()


def test_sign_for_a_subsidiary_needs_the_reach(client, letter):
    salesforce = letter.organisations.get()
    make_organisation("Slack", "slack.example", parent=salesforce)
    assert sign(client, letter, "w.otter@slack.example", "Slack").status_code == 200

    letter.reach = "below"
    letter.save()

    assert sign(client, letter, "w.otter@slack.example", "Slack").status_code == 302
