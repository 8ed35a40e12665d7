"""Small groups at every public door and in every file, also at doors that are yet to be built.

`tests/signatories/test_statistics.py` tries random histories and compares numbers. Here
somebody reads every public page and file, byte for byte, before and after.
"""

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from letters.models import Letter, ReviewPolicy
from signatories.actions import appearing, batches, moderation, own
from signatories.exports import files
from signatories.models import Signature, Tally
from signatories.urls import public_patterns
from tests.factories import make_letter, make_organisation, make_user
from tests.privacy.taken_along import files_of
from tests.privacy.witnesses import unified
from tests.worker import check_all

pytestmark = pytest.mark.django_db

MINIMUM = 5

# Every door of the public. The form lists the directory, whoever signed.
DOORS = {
    "index": "/",
    "how": "/how-it-works/",
    "privacy": "/privacy/",
    "employer": "/what-an-employer-can-see/",
    "robots": "/robots.txt",
    "members": "/members/",
    "organisations": "/organisations/?organisation=narw",
    "letter": "/letters/{slug}/",
    "sign": "/letters/{slug}/sign/",
    "roll": "/letters/{slug}/roll/",
    "report": "/letters/{slug}/report/",
    "reported": "/letters/{slug}/report/sent/",
    "subscribe": "/letters/{slug}/updates/subscribe/",
    "updates": "/letters/{slug}/updates/",
    "versions": "/letters/{slug}/versions/",
    "version": "/letters/{slug}/versions/1/",
    "text": "/letters/{slug}/versions/1/text.json",
    "verification": "/letters/{slug}/verification/",
    "stats": "/letters/{slug}/stats.json",
}
LISTS_THE_DIRECTORY = {"sign", "organisations"}
# What says the public numbers and the lines; the files of a team among it.
NAMES_ORGANISATIONS = {
    "letter",
    "roll",
    "stats",
    *files.FILES,
    *("archive/index.html", "archive/roll/1.html", "archive/roll.csv", "archive/roll.json"),
    "archive/stats.json",
}
QUERIES = ("", "?organisation={organisation}", "?q=e", "?q=Narwhal", "?after=m", "?after=zzzz")


def read_all(letter, organisation):
    """Everything the public can read, and a team can take along: address → text, without what each
    visit draws anew."""
    browser = Client()
    read = {}
    for name, door in DOORS.items():
        for query in QUERIES if name == "roll" else ("",):
            url = (door + query).format(slug=letter.slug, organisation=organisation.slug)
            response = browser.get(url)
            assert response.status_code == 200, url
            read[name, query] = unified(response.content.decode())
    for name, text in files_of(Letter.objects.get(pk=letter.pk)).items():
        read[name, ""] = text
    return read


def doors_that_name(organisation, read):
    return {door for (door, _query), text in read.items() if organisation.name in text}


def sign(letter, organisation, number, deliver, code_of, appearance="anonymous"):
    """Sign as people do; return the capability."""
    browser = Client()
    domain = organisation.domains.get().domain
    form = {
        "name": f"Signer {number}",
        "email": f"colleague.{number}@{domain}",
        "organisation": organisation.name,
        "tenure": "current",
        "appearance": appearance,
    }
    code_page = browser.post(f"/letters/{letter.slug}/sign/", form).url
    [mail] = deliver()
    token = browser.post(code_page, {"code": code_of(mail)}).url.split("/")[2]
    check_all()
    return token


def move_batch(letter):
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)


@pytest.fixture
def narwhal():
    return make_organisation("Narwhalware", "narwhal.example")


@pytest.fixture
def letter():
    letter = make_letter(minimum_group_size=MINIMUM, review_policy=ReviewPolicy.AFTER)
    batches.start_tally(letter)
    batches.refresh_count(letter=letter)
    move_batch(letter)
    return letter


def test_every_public_door_is_read_here():
    patterns, namespace = public_patterns
    assert namespace in get_resolver().namespace_dict
    assert {pattern.name for pattern in patterns} == {*DOORS, "leave"} - {"robots"}


def test_anonymous_comings_and_goings_show_at_no_door_before_the_batch(
    letter, narwhal, deliver, code_of
):
    tokens = [sign(letter, narwhal, n, deliver, code_of) for n in range(MINIMUM)]
    move_batch(letter)
    host = make_user("alice", is_superuser=True)
    before = read_all(letter, narwhal)
    assert doors_that_name(narwhal, before) == LISTS_THE_DIRECTORY | NAMES_ORGANISATIONS

    late = [sign(letter, narwhal, n, deliver, code_of) for n in range(20, 27)]
    own.withdraw(token=tokens[0])
    own.withdraw(token=late[0])
    line = Signature.objects.on_roll().anonymous().approved().first()
    moderation.reject(signature=line, actor=host, reason="other")
    batches.refresh_count(letter=letter)

    assert read_all(letter, narwhal) == before


@pytest.mark.parametrize("number", [1, MINIMUM - 1, MINIMUM])
def test_organisation_is_named_at_a_door_from_the_minimum_on(
    letter, narwhal, deliver, code_of, number
):
    for each in range(number):
        sign(letter, narwhal, each, deliver, code_of)

    move_batch(letter)

    doors = doors_that_name(narwhal, read_all(letter, narwhal))
    named = NAMES_ORGANISATIONS if number >= MINIMUM else set()
    assert doors == named | LISTS_THE_DIRECTORY


def test_group_that_loses_one_is_named_nowhere_any_more(letter, narwhal, deliver, code_of):
    tokens = [sign(letter, narwhal, n, deliver, code_of) for n in range(MINIMUM)]
    move_batch(letter)

    own.withdraw(token=tokens[2])
    move_batch(letter)

    assert doors_that_name(narwhal, read_all(letter, narwhal)) == LISTS_THE_DIRECTORY


def test_names_of_an_organisation_do_not_make_its_anonymous_ones_a_group(
    letter, narwhal, deliver, code_of
):
    """Four by name and one anonymously identify the one."""
    for number in range(MINIMUM - 1):
        sign(letter, narwhal, number, deliver, code_of, "named")
    sign(letter, narwhal, 90, deliver, code_of)
    batches.refresh_count(letter=letter)
    move_batch(letter)

    numbers = numbers_of(letter)

    assert numbers["verified_by_organisation"] == [
        {"organisation": narwhal.slug, "name": narwhal.name, "signatures": MINIMUM - 1}
    ]
    found = Client().get(f"/letters/{letter.slug}/roll/?organisation={narwhal.slug}")
    assert [line.is_anonymous for line in found.context["lines"]] == [False] * (MINIMUM - 1)


def test_becoming_anonymous_moves_no_anonymous_number_before_the_batch(
    letter, narwhal, deliver, code_of
):
    """The name goes at once; that a line waits in its place shows nowhere."""
    for number in range(MINIMUM):
        sign(letter, narwhal, number, deliver, code_of)
    token = sign(letter, narwhal, 50, deliver, code_of, "named")
    batches.refresh_count(letter=letter)
    move_batch(letter)
    before = numbers_of(letter)

    appearing.appear_without_name(token=token, appearance="anonymous")
    batches.refresh_count(letter=letter)

    now = numbers_of(letter)
    assert now["published"] == {"total": MINIMUM, "named": 0, "anonymous": MINIMUM, "counted": 0}
    assert now["as_of_last_batch"] == before["as_of_last_batch"]
    [row] = now["verified_by_organisation"]
    assert row["signatures"] == MINIMUM
    move_batch(letter)
    assert numbers_of(letter)["published"]["anonymous"] == MINIMUM + 1


def test_counts_by_version_move_with_the_batch(letter, narwhal, deliver, code_of):
    tokens = [sign(letter, narwhal, n, deliver, code_of) for n in range(MINIMUM)]
    move_batch(letter)
    letter.current_version = letter.versions.create(
        number=2, title="Newer", text="Newer.", sha256="0" * 64, published_on=timezone.localdate()
    )
    letter.save()

    own.carry_over(token=tokens[0])
    batches.refresh_count(letter=letter)

    assert counts_by_version(letter) == {2: 0, 1: MINIMUM}
    move_batch(letter)
    assert counts_by_version(letter) == {2: 1, 1: MINIMUM - 1}


def counts_by_version(letter):
    return {row["version"]: row["signatures"] for row in numbers_of(letter)["by_version"]}


def numbers_of(letter):
    return Client().get(f"/letters/{letter.slug}/stats.json").json()
