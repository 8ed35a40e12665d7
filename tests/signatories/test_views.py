"""The public's doors: what they show, how often they ask, and that looking changes nothing."""

import re

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from letters.actions import NotAllowed
from letters.models import Recipient, Status, Visibility
from signatories.actions import batches, moderation, signing
from signatories.models import Signature, State, Tally, Verification
from signatories.urls import health_patterns, public_patterns, signer_patterns
from signatories.verification import mailbox
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.worker import check_all

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Wilhelmina Otterbourne",
    "email": "w.otterbourne@gmail.com",
    "organisation": "",
    "tenure": "current",
    "title": "",
    "role": "",
    "appearance": "named",
}


def queries_of(client, url):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    assert response.status_code == 200
    return len(queries)


def count(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())
    batches.refresh_count(letter=letter)


# How often they ask the database --------------------------------------------------------------


def add_row(letter, number):
    """One of everything a page of the letter lists, each of another organisation."""
    published = {"state": State.PUBLISHED}
    organisation = make_organisation(f"Organisation {number}")
    make_signature(letter, organisation=organisation, method="mailbox", **published)
    make_signature(letter, organisation_text="Elsewhere", **published)
    for _each in range(letter.minimum_group_size):
        make_anonymous(letter, organisation, role="design")
    recipient = Recipient.objects.create(
        letter=letter, position=number, name="The chief executive", organisation=organisation
    )
    demand = letter.current_version.demands.create(number=number + 1, text="something")
    recipient.responses.create(demand=demand, outcome="met", responded_on="2026-01-20")
    count(letter)


@pytest.mark.parametrize("page", ["", "roll/", "roll/?q=wil", "updates/", "stats.json", "sign/"])
def test_pages_of_a_letter_ask_as_often_for_three_rows_as_for_one(client, page):
    letter = make_letter()
    url = f"/letters/{letter.slug}/{page}"

    add_row(letter, 1)
    one = queries_of(client, url)
    add_row(letter, 2)
    add_row(letter, 3)

    assert queries_of(client, url) == one
    assert one <= 11


def test_roll_of_one_organisation_asks_as_often_for_three_rows_as_for_one(client):
    letter = make_letter()
    google = make_organisation("Google")
    url = f"/letters/{letter.slug}/roll/?organisation={google.slug}"
    counts = []

    for _each in range(3):
        make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")
        batches.refresh_count(letter=letter)
        counts.append(queries_of(client, url))

    assert counts == counts[:1] * 3


def test_index_asks_as_often_for_three_letters_as_for_one(client):
    count(make_letter())
    one = queries_of(client, "/")
    make_letter()
    count(make_letter())

    assert queries_of(client, "/") == one == 1


def test_public_pages_ask_nothing_about_who_asks(client):
    letter = make_letter()
    client.force_login(make_user("alice", is_superuser=True))

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/letters/{letter.slug}/")

    tables = set(re.findall(r'FROM "(\w+)"', " ".join(query["sql"] for query in queries)))
    assert not tables & {"django_session", "letters_user"}


# Caches and cookies ---------------------------------------------------------------------------


def has_no_cookie(response):
    varies = {name.strip() for name in response.get("Vary", "").split(",")}
    return not response.cookies and "Cookie" not in varies


@pytest.mark.parametrize(
    ("page", "seconds"),
    [
        ("/", 30),
        ("/how-it-works/", 3600),
        ("/letters/open/", 30),
        ("/letters/open/roll/", 30),
        ("/letters/open/roll/?q=w&organisation=x&after=b", 30),
        ("/letters/open/stats.json", 30),
    ],
)
def test_public_pages_may_be_cached_and_carry_no_cookie(client, page, seconds):
    make_signature(make_letter(slug="open"), state=State.PUBLISHED)

    response = client.get(page)

    assert response.status_code == 200
    # No cache may go on with a copy: what a signatory takes back is gone within half a minute.
    assert set(response["Cache-Control"].split(", ")) == {"public", f"max-age={seconds}"}
    assert has_no_cookie(response)


@pytest.mark.parametrize("page", ["/letters/none/", "/letters/none/sign/", "/nowhere/", "/x\0y"])
def test_pages_that_do_not_exist_are_not_stored_and_carry_no_cookie(client, page):
    response = client.get(page)

    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
    assert has_no_cookie(response)


@pytest.fixture
def journey(client):
    """The addresses that one person meets: page of the code, mailed button, own signature."""
    letter = make_letter(slug="open")
    private, work = (
        client.post("/letters/open/sign/", {**FORM, "email": email}).url
        for email in ("w.otterbourne@gmail.com", "w.otterbourne@google.example")
    )
    for verification in Verification.objects.order_by("is_private"):
        mailbox.send_code(str(verification.pk))
    work_mail, private_mail = mail.outbox
    button = re.search(r"/confirm/[\w-]{43}/", private_mail.body)[0]
    code = re.search(r"\b\d{4} \d{4}\b", work_mail.body)[0]
    receipt = client.post(work, {"code": code}).url
    question = client.post("/signature/find/", {"email": FORM["email"]}).url
    updates = client.post("/letters/open/updates/subscribe/", {"email": FORM["email"]}).url
    own = receipt.removesuffix("receipt/")
    client.cookies.clear()
    return {
        "letter": letter,
        "code": private,
        "question": question,
        "updates": updates,
        "button": button,
        "receipt": receipt,
        "own": own,
        "withdraw": f"{own}withdraw/",
        "title": f"{own}title/",
        "anonymous": f"{own}anonymous/",
        "text": f"{own}text/",
        "data": f"{own}data.json",
        "find": "/signature/find/",
        "sign": "/letters/open/sign/",
        "subscribe": "/letters/open/updates/subscribe/",
    }


def test_personal_pages_are_never_stored(client, journey):
    for name, url in journey.items():
        if name != "letter":
            response = client.get(url)
            assert (name, response.status_code) == (name, 200)
            assert response["Cache-Control"] == "no-store", name
            assert response["Referrer-Policy"] == "no-referrer", name


# Looking changes nothing ------------------------------------------------------------------------


def everything():
    return {
        model._meta.label: list(model.objects.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.label != "sessions.Session"
    }


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "patch"])
def test_no_method_but_post_changes_anything_on_any_page(client, journey, method):
    make_signature(journey["letter"], state=State.PUBLISHED)
    count(journey["letter"])
    token = re.search(r"[\w-]{43}", journey["own"])[0]
    urls = {url for name, url in journey.items() if name != "letter"}
    for patterns in (public_patterns[0], signer_patterns[0], health_patterns):
        for pattern in patterns:
            path = str(pattern.pattern).lstrip("^").rstrip("$")
            path = re.sub(r"<slug:slug>", "open", path)
            path = re.sub(r"<int:number>", "1", path)
            path = re.sub(r"<slug:provider>", "openid", path)
            urls.add("/" + re.sub(r"\(\?P<token>[^)]*\)", token, path))
    assert "/letters/open/sign/" in urls
    assert f"/signature/{token}/withdraw/" in urls
    assert not [url for url in urls if "<" in url or "(" in url]
    before = everything()

    for url in urls:
        query = "?decision=confirm&code=12345678&again=1&email=w@gmail.com&title=x&hidden=1"
        getattr(client, method)(url + query)

    assert everything() == before
    assert len(mail.outbox) == 2


def test_secrets_never_given_out_lead_to_one_page(client):
    bodies = set()
    for pattern in signer_patterns[0]:
        for token in ("A" * 43, "b_-" * 14 + "c"):
            path = re.sub(r"\(\?P<token>[^)]*\)", token, str(pattern.pattern)).strip("^$")
            # A colleague's link and an invitation are no way to an entry, and say what one can do
            # without them. That in an update says the same whether it ends something or not.
            if token not in path or path.startswith(("vouch/", "invitation/", "updates/end/")):
                continue
            # An address that takes no GET is asked as its form would ask it.
            ask = (
                client.post
                if path.endswith(("search/", "everybody/", "prominent/"))
                else client.get
            )
            response = ask("/" + path)
            assert response.status_code == 404, path
            assert response["Cache-Control"] == "no-store"
            bodies.add(response.content.decode().replace(token, "TOKEN"))

    assert len(bodies) == 1


# The index -----------------------------------------------------------------------------------


def test_index_shows_every_listed_letter_once_by_pages(client):
    for number in range(45):
        make_letter(slug=f"letter-of-{number:02}")
    make_letter(slug="unlisted", visibility=Visibility.UNLISTED)
    make_letter(slug="internal", visibility=Visibility.INTERNAL)
    make_letter(slug="draft", status=Status.DRAFT)

    slugs, sizes, url = [], [], "/"
    while url:
        page = client.get(url)
        slugs += [entry["letter"].slug for entry in page.context["entries"]]
        sizes.append(len(page.context["entries"]))
        after = page.context["next_after"]
        url = f"/?after={after}" if after else ""
        assert f"?after={after}" in page.content.decode() or not after

    assert slugs == [f"letter-of-{number:02}" for number in range(45)]
    assert sizes == [20, 20, 5]


@pytest.mark.parametrize("hidden", [None, "draft", "internal", "unlisted"])
def test_index_without_a_letter_says_so(client, hidden):
    if hidden == "draft":
        make_letter(status=Status.DRAFT)
    elif hidden:
        make_letter(visibility=hidden)

    html = client.get("/").content.decode()

    assert "Nothing to sign today" in html
    assert "/letters/" not in html


@pytest.mark.parametrize("after", ["zzz", "\0", "%00", "\udcff", "é", "x" * 5000, "'"])
def test_index_takes_any_place_to_begin(client, after):
    make_letter(slug="a-letter")

    assert client.get("/", {"after": after.encode("utf-8", "replace")}).status_code == 200


# A letter ----------------------------------------------------------------------------------------


def test_letter_shows_text_demands_recipients_count_bars_and_roll(client):
    google = make_organisation("Google")
    letter = make_letter(title="Pick up the phone")
    Recipient.objects.create(letter=letter, position=1, name="The chief", organisation=google)
    for number in range(31):
        make_signature(
            letter,
            name=f"Name Surname{number:02}",
            state=State.PUBLISHED,
            organisation=google,
            method="mailbox",
        )
    count(letter)

    page = client.get(f"/letters/{letter.slug}/")

    context = page.context
    html = page.content.decode()
    assert [line.name for line in context["lines"]] == [
        f"Name Surname{number:02}" for number in range(30)
    ]
    assert context["has_more"]
    assert (context["tally"].total, context["tally"].named) == (31, 31)
    assert [(row.name, row.number) for row in context["bars"]] == [("Google", 31)]
    assert context["bar_scale"] == 1
    assert [demand.text for demand in context["demands"]] == ["it."]
    for shown in ("Pick up the phone", "The chief", "Google", "No response"):
        assert shown in html
    assert letter.current_version.sha256 in html
    assert "Surname30" not in html


def test_letter_with_nobody_under_it_has_its_empty_state(client):
    letter = make_letter()

    html = client.get(f"/letters/{letter.slug}/").content.decode()

    assert "Nobody stands on the roll yet." in html
    assert "No organisation can be shown yet." in html


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": Status.DRAFT}, 404),
        ({"visibility": Visibility.INTERNAL}, 404),
        ({"visibility": Visibility.UNLISTED}, 200),
        ({"status": Status.CLOSED}, 200),
        ({"status": Status.SEALED}, 200),
    ],
)
@pytest.mark.parametrize("page", ["", "roll/", "stats.json", "sign/"])
def test_pages_of_a_letter_exist_where_everybody_may_read_it(client, fields, status, page):
    letter = make_letter(**fields)

    assert client.get(f"/letters/{letter.slug}/{page}").status_code == status


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SEALED])
def test_closed_letter_takes_no_signature_and_says_so(client, status):
    letter = make_letter(status=status)

    for response in (
        client.get(f"/letters/{letter.slug}/sign/"),
        client.post(f"/letters/{letter.slug}/sign/", FORM),
    ):
        assert response.status_code == 200
        assert response.templates[0].name == "signatories/closed.html"
    assert (
        f'href="/letters/{letter.slug}/sign/"'
        not in client.get(f"/letters/{letter.slug}/").content.decode()
    )
    assert not Signature.objects.exists()


def test_letter_that_closes_while_the_form_is_on_its_way_says_so(client, monkeypatch):
    def refuse(**fields):
        raise NotAllowed("This letter does not accept signatures now.")

    letter = make_letter()
    monkeypatch.setattr(signing, "sign", refuse)

    response = client.post(f"/letters/{letter.slug}/sign/", FORM)

    assert response.status_code == 200
    assert response.templates[0].name == "signatories/closed.html"


# The roll -------------------------------------------------------------------------------------


def test_roll_leads_from_page_to_page_and_keeps_the_filter(client):
    letter = make_letter()
    for number in range(61):
        make_signature(letter, state=State.PUBLISHED, name=f"Wilhelmina W{number:02}")
    make_signature(letter, state=State.PUBLISHED, name="Zephyrine Abbott")
    batches.refresh_count(letter=letter)
    url = f"/letters/{letter.slug}/roll/"

    first = client.get(url, {"q": "wilhelmina"})
    href = re.search(r'href="(\?[^"]*after=[^"]*)"', first.content.decode())[1]
    second = client.get(url + href.replace("&amp;", "&"))

    assert first.context["is_filtered"] and second.context["is_filtered"]
    names = [line.name for page in (first, second) for line in page.context["lines"]]
    assert names == [f"Wilhelmina W{number:02}" for number in range(61)]
    assert 'value="wilhelmina"' in second.content.decode()
    assert second.context["next_after"] == ""


def test_roll_offers_the_organisations_that_show_and_no_other(client):
    letter = make_letter()
    shown, small = make_organisation("Zebra Works"), make_organisation("Ant Works")
    for _each in range(5):
        make_anonymous(letter, shown)
    make_anonymous(letter, small)
    count(letter)

    page = client.get(f"/letters/{letter.slug}/roll/")

    choices = [label for _slug, label in page.context["form"]["organisation"].field.choices]
    assert choices == ["All organisations", "Zebra Works"]
    assert "Ant Works" not in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "after=%00",
        "organisation=%00",
        "q=" + "x" * 5000,
        "after=%ff%fe",
        "q=%ED%A0%80",
        "q=%22%3E%3Cscript%3E",
        "after='",
        "organisation=nobody",
        "q=a&q=b",
        "nonsense=1",
    ],
)
def test_roll_takes_any_question(client, query):
    letter = make_letter()
    make_signature(letter, state=State.PUBLISHED)

    page = client.get(f"/letters/{letter.slug}/roll/?{query}")

    assert page.status_code == 200
    assert "<script>" not in page.content.decode()


# One's own signature ---------------------------------------------------------------------------


def test_own_page_and_receipt_say_the_same_of_a_duplicate_as_of_an_entry_that_waits(client):
    letter = make_letter()
    pages = []
    for state in (State.IN_REVIEW, State.DUPLICATE):
        Signature.objects.all().delete()
        token = signing.crypto.new_token()
        make_signature(letter, state=state, manage_digest=signing.crypto.digest("manage", token))
        for page in ("", "receipt/", "withdraw/"):
            html = client.get(f"/signature/{token}/{page}").content.decode()
            html = re.sub(r'name="(csrfmiddlewaretoken|served)" value="[^"]+"', "", html)
            html = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", "RECEIPT", html)
            html = re.sub(r'<b class="mono">[0-9a-f]{8}</b>', "REFERENCE", html)
            pages.append(html.replace(token, "TOKEN"))

    assert pages[:3] == pages[3:]


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (State.IN_REVIEW, "Confirmed"),
        (State.DUPLICATE, "Confirmed"),
        (State.PUBLISHED, "On the roll"),
        (State.REJECTED, "Not published"),
    ],
)
def test_own_page_says_where_a_signature_by_name_stands(client, state, title):
    token = signing.crypto.new_token()
    make_signature(make_letter(), state=state, manage_digest=signing.crypto.digest("manage", token))

    page = client.get(f"/signature/{token}/")

    assert page.context["state_title"] == title
    assert "Wilhelmina Otterbourne" in page.content.decode()


def test_own_pages_are_gone_once_withdrawn(client, journey):
    assert client.post(journey["withdraw"]).status_code == 200

    for name in ("own", "receipt", "withdraw"):
        assert client.get(journey[name]).status_code == 404
    assert client.post(journey["withdraw"]).status_code == 404


def test_find_lists_signatures_of_several_letters(client, deliver, code_of):
    letters = [make_letter(title=f"Letter {name}") for name in "ABC"]
    for letter in letters:
        page = client.post(f"/letters/{letter.slug}/sign/", FORM)
        [message] = deliver()
        client.post(page.url, {"code": code_of(message)})
    page = client.post("/signature/find/", {"email": "W.Otterbourne@googlemail.com"})
    [message] = deliver()

    found = client.post(page.url, {"code": code_of(message)})

    assert found["Cache-Control"] == "no-store"
    assert {entry["letter"] for entry in found.context["entries"]} == set(letters)
    for entry in found.context["entries"]:
        assert client.get(f"/signature/{entry['token']}/").status_code == 200


def test_find_of_an_address_that_signed_twice_shows_the_signature(client, deliver, code_of):
    letter = make_letter()
    for _time in range(2):
        page = client.post(f"/letters/{letter.slug}/sign/", FORM)
        [message] = deliver()
        client.post(page.url, {"code": code_of(message)})
    check_all()
    [signature] = letter.signatures.in_review()
    moderation.approve(signature=signature, actor=make_user("alice", is_superuser=True))
    page = client.post("/signature/find/", {"email": FORM["email"]})
    [message] = deliver()

    found = client.post(page.url, {"code": code_of(message)})

    [entry] = found.context["entries"]
    own = client.get(f"/signature/{entry['token']}/")
    assert own.context["state_title"] == "On the roll"
