"""A letter that is taken down says so, and nothing else of it is left to read."""

import pytest
from django.test import Client

from letters.actions import NotAllowed, put_back, take_down
from letters.models import AuditEntry, Letter, Membership, Visibility
from signatories.models import State
from tests.factories import make_letter, make_organisation, make_signature, make_user
from tests.privacy.witnesses import answer, words

pytestmark = pytest.mark.django_db

PAGES = ["roll/", "sign/", "stats.json", "versions/", "versions/1/", "verification/"]


@pytest.fixture
def letter():
    letter = make_letter(slug="gone", title="A letter nobody should find")
    make_signature(letter, state=State.PUBLISHED)
    return letter


@pytest.fixture
def alice(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role="owner")
    return alice


def test_taking_down_leaves_a_tombstone_and_nothing_else(letter, alice):
    browser = Client()
    browser.force_login(alice)
    page = browser.get("/manage/letters/gone/take-down/")
    assert "You can put it back." in words(page)

    done = browser.post("/manage/letters/gone/take-down/", {"do": "take_down"})

    assert done.url == "/manage/letters/gone/"
    public = Client()
    stone = public.get("/letters/gone/")
    assert stone.status_code == 410
    assert "This letter was taken down" in words(stone)
    for text in (letter.title, "Otterbourne"):
        assert text not in stone.content.decode()
    for path in PAGES:
        assert public.get(f"/letters/gone/{path}").status_code == 404, path
    assert public.post("/letters/gone/sign/", {"name": "W"}).status_code == 404
    assert letter.title not in public.get("/").content.decode()
    assert "Taken down on" in words(browser.get("/manage/letters/gone/"))
    assert [(e.verb, e.actor) for e in AuditEntry.objects.all()] == [("letter.taken_down", alice)]


def test_letter_that_is_put_back_reads_as_before(letter, alice):
    browser = Client()
    browser.force_login(alice)
    before = words(Client().get("/letters/gone/"))
    browser.post("/manage/letters/gone/take-down/", {"do": "take_down"})
    assert "Put the letter back?" in words(browser.get("/manage/letters/gone/take-down/"))

    browser.post("/manage/letters/gone/take-down/", {"do": "put_back"})

    assert words(Client().get("/letters/gone/")) == before


def test_internal_letter_that_is_taken_down_never_was(letter, alice):
    organisation = make_organisation("Salesforce", "salesforce.example")
    letter.organisations.add(organisation)
    Letter.objects.update(visibility=Visibility.INTERNAL)
    unknown = answer(Client().get("/letters/unknown/"))

    take_down(letter=letter, actor=alice)

    assert answer(Client().get("/letters/gone/")) == unknown
    assert not Letter.objects.admitting(organisation).exists()


def test_owner_who_presses_a_moment_later_does_not_undo_it(letter, alice):
    browser = Client()
    browser.force_login(alice)
    for wish in ("take_down", "put_back"):
        for _each in range(2):
            browser.post("/manage/letters/gone/take-down/", {"do": wish})

        assert (Letter.objects.get().taken_down_on is not None) == (wish == "take_down")

    assert len(AuditEntry.objects.all()) == 2


def test_taking_down_twice_is_once_and_so_is_putting_back(letter, alice):
    for verb in (take_down, take_down, put_back, put_back):
        verb(letter=letter, actor=alice)

    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["letter.taken_down", "letter.put_back"]


@pytest.mark.parametrize("role", ["editor", "moderator", "press", None])
@pytest.mark.parametrize("verb", [take_down, put_back])
def test_taking_down_is_for_owners(letter, role, verb):
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)
    browser = Client()
    browser.force_login(bob)

    with pytest.raises(NotAllowed):
        verb(letter=letter, actor=bob)
    assert browser.post("/manage/letters/gone/take-down/", {"do": "take_down"}).status_code == 404

    letter.refresh_from_db()
    assert letter.taken_down_on is None


def test_drafts_are_not_taken_down():
    with pytest.raises(NotAllowed, match="deleted instead"):
        take_down(letter=make_letter(status="draft"), actor=None)
