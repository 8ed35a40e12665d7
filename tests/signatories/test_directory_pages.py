"""The directory on pages: the form that asks what was meant, and the admin."""

import pytest

from letters.actions import propose
from letters.models import AuditEntry, Organisation, OrganisationDomain, Proposal
from signatories import affiliation, roll
from signatories.forms import SignForm
from signatories.models import Prominence, Signature, State
from tests.admin_pages import make_host, make_moderator, messages_of, text_of
from tests.factories import make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def salesforce():
    return make_organisation("Salesforce", "salesforce.example")


def filled(**changes):
    return {
        "name": "Wilhelmina Otter",
        "email": "w@mail.example",
        "organisation": "Salesfroce",
        "tenure": "current",
        "appearance": "named",
        **changes,
    }


# Asking what was meant -------------------------------------------------------------------------


def test_form_asks_about_a_close_spelling_and_keeps_what_was_typed(client, letter, salesforce):
    response = client.post(f"/letters/{letter.slug}/sign/", filled())

    text = text_of(response)
    assert "Did you mean Salesforce?" in text
    assert response.context["form"]["organisation"].value() == "Salesfroce"
    assert 'name="meant" value="Salesforce"' in response.content.decode()
    assert not Signature.objects.exists()


def test_form_sent_again_as_it_is_keeps_the_spelling(client, letter, salesforce):
    response = client.post(f"/letters/{letter.slug}/sign/", filled(asked="Salesfroce"))

    assert response.status_code == 302
    entry = Signature.objects.get()
    assert (entry.organisation, entry.organisation_text) == (None, "Salesfroce")


def test_form_takes_the_organisation_that_was_meant(client, letter, salesforce):
    client.post(f"/letters/{letter.slug}/sign/", filled(asked="Salesfroce", meant="Salesforce"))

    entry = Signature.objects.get()
    assert (entry.organisation, entry.organisation_text) == (salesforce, "")


def test_form_asks_again_about_another_spelling(letter, salesforce):
    form = SignForm(letter, filled(organisation="Salesforec", asked="Salesfroce"))

    assert not form.is_valid()
    assert form.suggestion == salesforce


def test_close_spelling_never_verifies(letter, salesforce):
    """Also not from an address at the organisation's own domain."""
    email = "w@salesforce.example"
    for appearance in ("named", "anonymous"):
        changes = {"email": email, "appearance": appearance, "asked": "Salesfroce"}
        form = SignForm(letter, filled(**changes))
        assert form.is_valid() == (appearance == "named")
        assert not form.affiliation.is_verified
        assert form.affiliation.organisation is None


def test_far_spelling_is_taken_as_it_is(letter, salesforce):
    assert SignForm(letter, filled(organisation="Orrery Labs")).is_valid()


def test_offered_names_are_capped_and_those_concerned_come_first(letter, monkeypatch):
    monkeypatch.setattr(affiliation, "LONGEST_LIST", 3)
    for name, band in [("A", ""), ("B", "10000+"), ("C", "1-49"), ("D", "50-249"), ("E", "")]:
        make_organisation(name, headcount_band=band)
    letter.organisations.add(Organisation.objects.get(name="E"))

    assert affiliation.offered_names(letter) == ["B", "D", "E"]


def test_form_offers_no_merged_and_no_withdrawn_organisation(client, letter, salesforce):
    double = make_organisation("Double")
    Organisation.objects.filter(pk=double.pk).update(merged_into=salesforce)

    assert affiliation.offered_names(letter) == ["Salesforce"]


# Proposals in the admin ------------------------------------------------------------------------


@pytest.fixture
def proposal(letter, salesforce):
    make_signature(letter, organisation_text="Salesfroce", tenure="current")
    propose(name="Salesfroce", letter=letter)
    return Proposal.objects.get()


def page_of(row, door="change"):
    table = row._meta.model_name
    return f"/admin/letters/{table}/{row.pk}/{door}/"


def test_proposal_page_shows_spellings_letters_and_similar_organisations(client, letter, proposal):
    make_signature(letter, organisation_text="SALESFROCE INC", tenure="current")
    client.force_login(make_moderator("bob", letter))

    text = text_of(client.get(page_of(proposal)))

    assert "SALESFROCE INC · Salesfroce" in text
    assert "Similar organisations Salesforce" in text
    assert letter.title in text
    assert "Otterbourne" not in text


def test_moderator_merges_a_proposal(client, letter, proposal, salesforce):
    client.force_login(make_moderator("bob", letter))

    response = client.post(
        page_of(proposal), {"decision": "merge", "organisation": "salesforce inc"}
    )

    assert messages_of(response) == ["Decided."]
    assert Signature.objects.get().organisation == salesforce


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"decision": "merge", "organisation": "Nobody"}, "No listed organisation goes by"),
        ({"decision": "merge"}, "Type the name of the organisation."),
        ({"decision": "accept", "name": "Salesforce"}, "has this spelling already"),
        ({"decision": "accept", "name": "<b>"}, "Leave out the characters"),
        ({"decision": "perhaps"}, "An organisation of its own"),
    ],
)
def test_proposal_page_comes_back_with_what_is_wrong(client, letter, proposal, form, problem):
    client.force_login(make_host("harriet"))

    response = client.post(page_of(proposal), form)

    assert response.status_code == 200
    assert problem in text_of(response)
    assert Proposal.objects.get().state == "open"


def test_moderator_of_another_letter_sees_no_proposal(client, letter, proposal):
    client.force_login(make_moderator("charlie", make_letter()))

    assert client.get(page_of(proposal)).status_code == 404
    assert "Salesfroce" not in text_of(client.get("/admin/letters/proposal/"))


# Organisations in the admin --------------------------------------------------------------------


def inlines(aliases=(), domains=()):
    """What Django's page sends for rows that are added beside an organisation."""
    data = {}
    for prefix, rows in (("aliases", aliases), ("domains", domains)):
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
        for number, row in enumerate(rows):
            data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def test_host_adds_an_organisation_and_entries_follow(client, letter):
    entry = make_signature(letter, organisation_text="Orrery", tenure="current")
    client.force_login(make_host("harriet"))
    domain = {"domain": "Orrery.example", "includes_subdomains": "on", "is_staff_only": "on"}

    response = client.post(
        "/admin/letters/organisation/add/",
        {
            "name": "Orrery Labs",
            "headcount_band": "50-249",
            **inlines([{"name": "Orrery"}], [domain]),
        },
    )

    assert response.status_code == 302, text_of(response)
    orrery = Organisation.objects.get()
    assert (orrery.slug, orrery.headcount_band) == ("orrery-labs", "50-249")
    assert Organisation.objects.proven_by("eu.orrery.example") == orrery
    assert OrganisationDomain.objects.get().mailbox_domain == "orrery.example"
    entry.refresh_from_db()
    assert entry.organisation == orrery
    assert AuditEntry.objects.get().verb == "organisation.added"


@pytest.mark.parametrize(
    ("aliases", "domains", "problem"),
    [
        ([{"name": "SALESFORCE"}], [], "listed already"),
        ([{"name": "Twice"}, {"name": "TWICE, Inc."}], [], "Each spelling once"),
        ([], [{"domain": "gmail.com"}], "prove nothing"),
        ([], [{"domain": "co.uk"}], "prove nothing"),
        ([], [{"domain": "x.onmicrosoft.com"}], "prove nothing"),
        ([], [{"domain": "salesforce.example"}], "already exists"),
        ([], [{"domain": "nothing"}], "Write a mail domain"),
        ([], [{"domain": "google.example."}], "Write a mail domain"),
        ([], [{"domain": "a.example", "mailbox_domain": "b"}], "Write a mail domain"),
        ([], [{"domain": "a.example", "mailbox_domain": "salesforce.example"}], "own domains"),
        ([], [{"domain": "a.example", "mailbox_domain": "nobodys.example"}], "own domains"),
    ],
)
def test_host_cannot_list_what_is_taken_or_proves_nothing(
    client, salesforce, aliases, domains, problem
):
    client.force_login(make_host("harriet"))

    response = client.post(
        "/admin/letters/organisation/add/", {"name": "Orrery", **inlines(aliases, domains)}
    )

    assert response.status_code == 200
    assert problem in text_of(response)
    assert Organisation.objects.get() == salesforce


def test_domain_that_others_of_the_organisation_lead_to_cannot_go_alone(client, salesforce):
    [main] = salesforce.domains.all()
    other = salesforce.domains.create(domain="sf.example", mailbox_domain="salesforce.example")
    client.force_login(make_host("harriet"))

    def delete(*doomed):
        rows = {"domains-TOTAL_FORMS": 2, "domains-INITIAL_FORMS": 2}
        for number, row in enumerate((main, other)):
            rows |= {
                f"domains-{number}-id": row.pk,
                f"domains-{number}-organisation": salesforce.pk,
                f"domains-{number}-domain": row.domain,
                f"domains-{number}-mailbox_domain": row.mailbox_domain,
                f"domains-{number}-is_staff_only": "on",
            }
            rows |= {f"domains-{number}-DELETE": "on"} if row in doomed else {}
        return client.post(page_of(salesforce), {"name": "Salesforce", **inlines(), **rows})

    assert "own domains" in text_of(delete(main))
    assert salesforce.domains.count() == 2
    assert delete(main, other).status_code == 302
    assert salesforce.domains.count() == 0


def test_rename_ends_what_was_agreed_to_beside_the_name_before_and_another_change_does_not(
    client, letter
):
    acme = make_organisation("Acme")
    name = make_signature(letter, organisation=acme, state=State.PUBLISHED)
    Prominence.objects.create(signature=name, position=1, asked_on="2026-01-20", answer="agreed")
    client.force_login(make_host("harriet"))

    client.post(page_of(acme), {"name": "Acme", "headcount_band": "10000+", **inlines()})
    assert [line.name for line in roll.prominent(letter)] == [name.name]
    client.post(page_of(acme), {"name": "Acme Missiles Inc", **inlines()})

    acme.refresh_from_db()
    assert acme.name == "Acme Missiles Inc"
    assert roll.prominent(letter) == []


def test_host_merges_and_withdraws_on_pages_that_say_what_it_means(client, letter, salesforce):
    double, fake = make_organisation("Sales Force Inc"), make_organisation("Fakeware")
    make_signature(letter, organisation=double, method="mailbox", state=State.PUBLISHED)
    client.force_login(make_host("harriet"))
    assert "1 line by name says the other organisation at once, and waits in review" in text_of(
        client.get(page_of(double, "merge"))
    )
    assert "0 lines by name leave" in text_of(client.get(page_of(fake, "withdraw")))

    merged = client.post(page_of(double, "merge"), {"organisation": "Salesforce"})
    assert Signature.objects.get().state == State.IN_REVIEW
    withdrawn = client.post(page_of(fake, "withdraw"))

    assert merged.url == page_of(salesforce)
    assert withdrawn.url == page_of(fake)
    assert Signature.objects.get().organisation == salesforce
    assert list(Organisation.objects.listed()) == [salesforce]
    for one in (double, fake):
        assert client.get(page_of(one)).status_code == 200
        assert client.post(page_of(one), {"name": "Back"}).status_code == 403
    assert 'href="/admin/letters/organisation/' in client.get(page_of(fake)).content.decode()
    assert "List it again" in text_of(client.get(page_of(fake)))
    assert "List it again" not in text_of(client.get(page_of(double)))
    assert "Its mail domains prove again" in text_of(client.get(page_of(fake, "list")))

    listed = client.post(page_of(fake, "list"))

    assert listed.url == page_of(fake)
    assert set(Organisation.objects.listed()) == {salesforce, fake}


@pytest.mark.parametrize(("is_suspected", "is_told"), [(True, True), (False, False)])
def test_moderator_is_told_of_a_domain_that_may_take_any_address(
    client, letter, salesforce, is_suspected, is_told
):
    salesforce.domains.update(catch_all_suspected=is_suspected)
    entry = make_signature(letter, organisation=salesforce, method="mailbox")
    client.force_login(make_moderator("bob", letter))

    text = text_of(client.get(f"/admin/signatories/signature/{entry.pk}/change/"))

    assert ("may take any address" in text) == is_told
