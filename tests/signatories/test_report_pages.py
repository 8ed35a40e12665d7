"""The pages on which readers report a line."""

import re
from html import unescape

import pytest
import time_machine
from django.test import Client

from letters.models import AuditEntry
from signatories import roll
from signatories.actions import moderation, reporting
from signatories.models import Flag, Signature, State
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import answer, words
from tests.signatories.actions.test_moderation import make_moderator

pytestmark = pytest.mark.django_db

NO_LINE = "There is no line by name at this place, or no longer."


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def line(letter):
    return make_signature(letter, state=State.PUBLISHED, title="Research engineer")


def page_of(letter):
    return f"/letters/{letter.slug}/report/"


def send(client, line, complaint="not_real", **more):
    data = {"line": line.roll_key, "complaint": complaint, **more}
    return client.post(page_of(line.letter), data)


def links_to_report(response):
    found = re.findall(r'href="([^"]*/report/\?line=[^"]*)"', response.content.decode())
    return [unescape(link) for link in found]


# From the roll to the page ------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "roll/", "roll/?q=otterbourne"])
def test_each_name_leads_to_its_report(client, letter, line, page):
    make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)

    [link] = links_to_report(client.get(f"/letters/{letter.slug}/{page}"))

    reported = client.get(link)
    assert "Wilhelmina Otterbourne" in words(reported)
    assert "Research engineer" in words(reported)
    assert reported["Cache-Control"] == "no-store"
    assert 'content="noindex, nofollow"' in reported.content.decode()


def test_links_say_for_whom_they_are_to_whoever_hears_them(client, letter, line):
    page = client.get(f"/letters/{letter.slug}/roll/")

    assert "Report the line of Wilhelmina Otterbourne" in words(page)


@pytest.mark.parametrize("page", ["", "roll/"])
def test_pages_with_links_stay_the_same_for_everybody(client, letter, line, page):
    response = client.get(f"/letters/{letter.slug}/{page}")

    assert response["Cache-Control"] == "public, max-age=30"
    assert not response.cookies


@pytest.mark.parametrize("name", ["Ann & Bob=C?d#e", "Ömer 100% Çelik+", "李 小龍", "'\"><b>"])
def test_any_name_finds_its_way(client, letter, name):
    make_signature(letter, state=State.PUBLISHED, name=name)

    [link] = links_to_report(client.get(f"/letters/{letter.slug}/roll/"))

    assert name in words(client.get(link)).replace("&#x27;", "'")


def test_page_takes_as_many_queries_with_one_line_as_with_three(
    client, letter, line, django_assert_num_queries, django_assert_max_num_queries
):
    url = f"/letters/{letter.slug}/roll/"
    with django_assert_max_num_queries(20) as one:
        client.get(url)
    google = make_organisation("Google")
    for _each in range(2):
        make_signature(letter, state=State.PUBLISHED, organisation=google)

    with django_assert_num_queries(len(one)):
        client.get(url)


def test_page_without_a_line_leads_to_the_roll(client, letter):
    response = client.get(page_of(letter))

    assert response.status_code == 200
    assert "Find the line on the roll" in words(response)
    assert f'action="/letters/{letter.slug}/roll/"' in response.content.decode()
    assert not response.cookies


def test_page_of_an_anonymous_line_says_that_it_cannot_be_reported(client, letter):
    google = make_organisation("Google")
    anonymous = make_anonymous(letter, google, state=State.PUBLISHED)

    response = client.get(page_of(letter), {"line": anonymous.roll_key})

    assert NO_LINE in words(response)
    assert "An anonymous line cannot be reported" in words(response)
    assert 'name="complaint"' not in response.content.decode()


@pytest.mark.parametrize("place", ["nobody abcdefghij", "a\0b", "x" * 5000, "<script>", "%00"])
def test_page_of_no_line_leads_to_the_roll(client, letter, line, place):
    response = client.get(page_of(letter), {"line": place})

    assert response.status_code == 200
    assert NO_LINE in words(response)
    assert "<script>" not in response.content.decode().split("</head>")[1]


# Reporting -------------------------------------------------------------------------------------


def test_report_is_sent_and_thanked_for(client, letter, line):
    response = send(client, line, "name_used")

    assert (response.status_code, response.url) == (302, f"{page_of(letter)}sent/")
    assert "The moderators of this letter decide" in words(client.get(response.url))
    assert Flag.objects.get().complaints == ["name_used"]


def test_report_without_a_choice_comes_back_with_the_line(client, line):
    response = send(client, line, "")

    assert "Choose what is wrong with the line." in words(response)
    assert "Wilhelmina Otterbourne" in words(response)
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"complaint": "not_real"},
        {"line": "x" * 5000, "complaint": "not_real"},
        {"line": "a\0b", "complaint": "not_real"},
        {"complaint": "gossip"},
        {"complaint": ["not_real", "me\0"]},
    ],
)
def test_unreadable_report_changes_nothing(client, letter, line, data):
    response = client.post(page_of(letter), data)

    assert response.status_code == 200
    assert not Flag.objects.exists()


def test_report_says_the_choice_of_which_is_asked_anew_without_a_cookie(letter, line):
    strict = Client(enforce_csrf_checks=True)

    response = send(strict, line, "name_used")

    assert response.status_code == 403
    assert "Please press the button once more" in words(response)
    assert 'value="name_used" checked' in response.content.decode()
    assert not Flag.objects.exists()


def test_report_with_the_token_of_its_page_counts(letter, line):
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(page_of(letter), {"line": line.roll_key})
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]

    assert send(strict, line, csrfmiddlewaretoken=token).status_code == 302
    assert Flag.objects.count() == 1


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("report:network", "Too many attempts from your network."),
        ("report:letter", "Very many lines of this letter are reported just now."),
    ],
)
def test_reports_are_limited(client, letter, line, settings, limit, why):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, limit: "2/h"}
    lines = [make_signature(letter, state=State.PUBLISHED) for _each in range(3)]

    answers = [send(client, one) for one in lines]

    assert [response.status_code for response in answers] == [302, 302, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 3600
    assert why in words(answers[2])
    assert 'value="not_real" checked' in answers[2].content.decode()
    assert Flag.objects.count() == 2


def test_network_is_limited_over_all_letters(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "report:network": "1/h"}
    lines = [make_signature(make_letter(), state=State.PUBLISHED) for _each in range(2)]

    assert [send(client, one).status_code for one in lines] == [302, 429]


def test_sealed_letter_can_be_reported(client):
    """Somebody's name may have been used under it, and a moderator can still take it away."""
    letter = make_letter(status="sealed")
    line = make_signature(letter, state=State.PUBLISHED)

    assert send(client, line, "name_used").status_code == 302
    assert list(letter.signatures.to_decide()) == [line]


# What the public learns --------------------------------------------------------------------------


HISTORIES = ["reported", "kept", "rejected", "withdrawn", "never there", "anonymous"]


@pytest.mark.parametrize("history", HISTORIES)
def test_answer_is_the_same_whatever_is_known_about_the_line(letter, line, history):
    other = make_signature(letter, state=State.PUBLISHED)
    bob = make_moderator(letter)
    if history in ("reported", "kept", "rejected"):
        reporting.report(letter=letter, place=line.roll_key, complaint="not_real")
    if history == "kept":
        moderation.approve(signature=line, actor=bob)
    if history == "rejected":
        moderation.reject(signature=line, actor=bob, reason="other")
    if history == "withdrawn":
        Signature.objects.filter(pk=line.pk).delete()
    if history == "never there":
        line.roll_key = roll.place_of("Nobody")
    if history == "anonymous":
        line = make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)

    with time_machine.travel("2026-01-20T12:00:00Z", tick=False):
        known, fresh = (answer(send(Client(), one)) for one in (line, other))
        thanks = {answer(Client().get(f"{page_of(letter)}sent/")) for _each in range(2)}

    assert known[0] == 302
    assert known == fresh
    assert len(thanks) == 1


def test_page_of_a_line_is_the_same_once_it_was_reported_and_kept(letter, line):
    url = f"{page_of(letter)}?line={line.roll_key}"
    pages = [answer(Client().get(url))]

    reporting.report(letter=letter, place=line.roll_key, complaint="not_real")
    pages.append(answer(Client().get(url)))
    moderation.approve(signature=line, actor=make_moderator(letter))
    pages.append(answer(Client().get(url)))

    assert pages[0] == pages[1] == pages[2]


def test_reader_leaves_nothing_behind(letter, line, caplog):
    client = Client(REMOTE_ADDR="203.0.113.77", headers={"user-agent": "Otterbrowser/7"})

    send(client, line)

    kept = " ".join(map(str, [*Flag.objects.values(), *AuditEntry.objects.values()]))
    assert "203.0.113" not in kept + caplog.text
    assert "Otterbrowser" not in kept + caplog.text
    assert "Otterbourne" not in kept + caplog.text


def test_archive_leads_to_no_report_of_a_single_line(letter, line):
    from signatories.exports import archive

    letter = make_letter(status="closed")
    make_signature(letter, state=State.PUBLISHED)

    for name, content in archive.archive(letter):
        assert b"/report/?line=" not in b"".join(content), name
