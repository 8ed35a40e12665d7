"""The letter as a folder: every link leads somewhere in it, and it says what the site says."""

import csv
import hashlib
import io
import json
import posixpath
import zipfile
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from letters.actions import Text, publish_text
from letters.models import AuditEntry, Kind, Letter, Status, Visibility
from signatories import roll, statistics
from signatories.actions import batches, sealing
from signatories.exports import archive
from signatories.models import Appearance, Signature, State
from signatories.views import public
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.signatories.exports.test_files import move_batch

pytestmark = pytest.mark.django_db

SOURCE = "https://press.example/they-wrote"
LINES = 30
SITE = "http://testserver"


class Page(HTMLParser):
    """Every address that a page leads to or loads, every place in it, and every element."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.ids, self.tags = [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.add(tag)
        self.ids.add(found.get("id"))
        for name in ("href", "src", "action", "srcset", "poster", "data"):
            if name in found:
                is_loaded = tag != "a"
                (self.loaded if is_loaded else self.links).append(found[name])


def folder_of(letter):
    return {name: b"".join(content) for name, content in archive.archive(letter)}


def pages_of(folder):
    return {name: Page(c.decode()) for name, c in folder.items() if name.endswith(".html")}


def lead_nowhere(folder):
    """Links and files that are not there, and anything that leads elsewhere than to the site."""
    pages, found = pages_of(folder), []
    for name, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                is_led_to = link.startswith(f"{SITE}/") or link == SOURCE
                found += [] if is_led_to and link not in page.loaded else [(name, link)]
                continue
            path, place = urldefrag(unquote(link))
            to = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            is_there = to in folder and (not place or place in pages[to].ids)
            found += [] if is_there else [(name, link)]
    return found


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


def fill(letter, number):
    """So many names more, of which search engines may list all."""
    today = timezone.localdate()
    names = [f"{'abcdefghijk'[n % 11].upper()}a{n} Writer" for n in range(number)]
    rows = [
        Signature(
            letter=letter,
            version=letter.current_version,
            state=State.PUBLISHED,
            appearance=Appearance.NAMED,
            name=name,
            roll_key=f"{name.lower()} {n}",
            submitted_on=today,
            confirmed_on=today,
            published_on=today,
        )
        for n, name in enumerate(names)
    ]
    Signature.objects.bulk_create(rows, batch_size=500)


@pytest.fixture
def letter(google, monkeypatch):
    """A closed letter with two versions, an update, and 30 lines on three pages, of which one is
    hidden from search engines."""
    monkeypatch.setattr(archive, "LINES_A_PAGE", 12)
    letter = make_letter(slug="kept", title="Keep <this> letter")
    fill(letter, LINES - 6)
    make_signature(
        letter,
        state=State.PUBLISHED,
        name="Hidden Aaa",
        roll_key="aaa hidden",
        is_hidden_from_search=True,
    )
    for _each in range(5):
        make_anonymous(letter, google)
    today = timezone.localdate()
    text = Text("Keep <this> letter", "*Dear all,*\n\nWe ask two things.\n", (("Do", "it."),))
    publish_text(letter=letter, text=text, actor=None, on=today)
    letter.updates.create(
        kind=Kind.PRESS,
        title="They wrote",
        body="About *us*.",
        source=SOURCE,
        published_on=today,
    )
    move_batch(letter)
    sealing.close(letter=letter, actor=None)
    return Letter.objects.get(pk=letter.pk)


def test_every_link_leads_somewhere_in_the_folder_or_to_the_site(letter):
    folder = folder_of(letter)

    pages = pages_of(folder)
    assert len(pages) == 9
    assert lead_nowhere(folder) == []
    links = {link for page in pages.values() for link in page.links}
    to_the_site = {link for link in links if link.startswith(SITE)}
    assert to_the_site == {
        f"{SITE}/letters/kept/",
        f"{SITE}/letters/kept/report/",
        f"{SITE}/letters/kept/updates/subscribe/",
        f"{SITE}/how-it-works/",
    }


def test_a_link_that_leads_nowhere_would_be_found():
    page = b'<a href="b.html">b</a><a href="#x">x</a><img src="http://testserver/i"><a href="/x">'

    assert [link for _page, link in lead_nowhere({"a.html": page})] == [
        "b.html",
        "#x",
        "/x",
        "http://testserver/i",
    ]


def test_pages_have_neither_scripts_nor_forms(letter):
    for name, page in pages_of(folder_of(letter)).items():
        assert not page.tags & {"script", "form", "input", "button", "iframe", "style", "base"}, (
            name
        )


def test_roll_is_whole_on_its_pages_and_in_its_lists(letter):
    folder = folder_of(letter)

    pages = [folder[f"roll/{number}.html"].decode() for number in (1, 2, 3)]
    assert [page.count('<li class="signature') for page in pages] == [12, 12, 6]
    assert "roll/4.html" not in folder
    rows = list(csv.DictReader(io.StringIO(folder["roll.csv"].decode("utf-8-sig"))))
    lines = json.loads(folder["roll.json"])["lines"]
    names = [signature.name or "Anonymous" for signature in roll.walk(letter)]
    assert [row["name"] for row in rows] == [line["name"] for line in lines] == names
    assert json.loads(folder["stats.json"]) == statistics.public_statistics(letter)
    assert "Page 2 of 3" in pages[1]
    for link in ("1.html", "3.html", 'rel="prev"', 'rel="next"'):
        assert link in pages[1]


def test_long_roll_stands_on_pages_of_five_hundred(letter, monkeypatch):
    monkeypatch.undo()
    fill_up = 1200 - LINES
    letter.signatures.filter(name__endswith=" Writer").delete()
    fill(letter, fill_up + LINES - 6)
    batches.refresh_count(letter=letter)

    folder = folder_of(Letter.objects.get(pk=letter.pk))

    pages = [folder[f"roll/{number}.html"].decode() for number in (1, 2, 3)]
    assert [page.count('<li class="signature') for page in pages] == [500, 500, 200]
    assert "roll/4.html" not in folder
    assert ">1,200</text>" in folder["index.html"].decode()
    assert "1200 lines" in folder["README.txt"].decode()
    assert lead_nowhere(folder) == []


def test_pages_say_what_those_of_the_site_say(letter):
    folder = folder_of(letter)
    public = Client()

    for file, path in (("index.html", ""), ("verification.html", "verification/")):
        page = public.get(f"/letters/kept/{path}").content.decode()
        here = folder[file].decode()
        for sentence in ("Keep &lt;this&gt; letter", "Google"):
            assert (sentence in here) == (sentence in page)
    letter_page = folder["index.html"].decode()
    assert ">30</text>" in letter_page
    assert "This letter is closed for signatures." in letter_page
    assert "Sign this letter" not in letter_page
    assert "About <em>us</em>." in folder["updates.html"].decode()


def test_texts_have_the_digests_that_the_readme_names(letter):
    folder = folder_of(letter)

    readme = folder["README.txt"].decode()
    for version in letter.versions.all():
        assert (
            hashlib.sha256(folder[f"versions/{version.number}.json"]).hexdigest() == version.sha256
        )
        assert f"{version.sha256}  versions/{version.number}.json" in readme
    assert "What changed" in folder["versions/2.html"].decode()
    assert "Keep <this> letter" in readme
    sums = dict(
        reversed(line.split("  ")) for line in folder["sha256sums.txt"].decode().splitlines()
    )
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in folder.items()
        if name != "sha256sums.txt"
    }


def test_search_engines_are_asked_as_on_the_site(letter):
    folder = folder_of(letter)

    noindex = {name for name, content in folder.items() if b'content="noindex"' in content}

    assert b"Hidden Aaa" in folder["roll/1.html"]
    assert noindex == {"roll/1.html"}
    assert b"Hidden Aaa" not in folder["index.html"]


def test_search_engines_are_kept_out_of_lists_that_cannot_ask_for_it_themselves(letter):
    folder = folder_of(letter)

    robots, readme = folder["robots.txt"].decode(), folder["README.txt"].decode()
    lists = {name for name in folder if b"Hidden Aaa" in folder[name]} - {"roll/1.html"}
    assert lists == {"roll.csv", "roll.json"}
    for name in lists:
        assert f"Disallow: /{name}\n" in robots
        assert f"Disallow: /kept/{name}\n" in readme
    assert "where this folder is the root of a site, and nowhere else" in readme
    assert "Disallow: /roll/" not in robots
    notes = " ".join(json.loads(folder["roll.json"])["notes"])
    assert "Where you put it on the web, keep search engines out of it." in notes


def test_two_runs_give_the_same_bytes(letter):
    assert b"".join(archive.as_zip(letter)) == b"".join(archive.as_zip(letter))


def test_archive_of_a_zip_is_the_folder(letter):
    whole = zipfile.ZipFile(io.BytesIO(b"".join(archive.as_zip(letter))))

    assert whole.testzip() is None
    assert {name: whole.read(name) for name in whole.namelist()} == {
        f"kept/{name}": content for name, content in folder_of(letter).items()
    }


def test_small_groups_stay_out_of_every_file(letter):
    acme = make_organisation("Acmeware", "acme.example")
    for _each in range(4):
        make_anonymous(letter, acme)
    move_batch(letter)

    folder = folder_of(letter)

    assert b"Acmeware" not in b"".join(folder.values())
    assert b"of an organisation not shown" in b"".join(folder.values())


def test_internal_letter_says_that_it_is_for_members_and_is_not_for_search(letter, google):
    Letter.objects.filter(pk=letter.pk).update(visibility=Visibility.INTERNAL)
    letter.organisations.add(google)

    folder = folder_of(letter)

    for name in pages_of(folder):
        text = folder[name].decode()
        assert "noindex" in text, name
        assert "for members of the letter’s organisations only" in text, name
    assert "Whoever has this folder can read the letter" in folder["index.html"].decode()
    assert "FOR MEMBERS" in folder["README.txt"].decode()
    assert lead_nowhere(folder) == []


def test_roll_is_read_again_when_a_batch_moves_meanwhile(letter, monkeypatch):
    monkeypatch.setattr(roll, "READ_AT_ONCE", 10)
    read = roll.walk
    batch = iter([True])

    def walk(letter):
        for number, signature in enumerate(read(letter)):
            if number == 3 and next(batch, False):
                move_batch(letter)
            yield signature

    monkeypatch.setattr(roll, "walk", walk)

    assert len(json.loads(folder_of(letter)["roll.json"])["lines"]) == LINES


def test_lines_and_numbers_are_of_one_moment(letter, google, monkeypatch):
    read = public.letter_context
    batch = iter([True])

    def letter_context(letter):
        if next(batch, False):
            make_anonymous(letter, google)
            move_batch(letter)
        return read(letter)

    monkeypatch.setattr(public, "letter_context", letter_context)

    folder = folder_of(letter)

    assert len(json.loads(folder["roll.json"])["lines"]) == LINES + 1
    assert json.loads(folder["stats.json"])["published"]["total"] == LINES + 1
    assert f">{LINES + 1}</text>" in folder["index.html"].decode()


def test_archive_gives_up_where_batches_move_all_the_time(letter, monkeypatch):
    monkeypatch.setattr(roll, "READ_AT_ONCE", 10)
    read = roll.walk

    def walk(letter):
        for number, signature in enumerate(read(letter)):
            if number == 3:
                move_batch(letter)
            yield signature

    monkeypatch.setattr(roll, "walk", walk)

    with pytest.raises(roll.RollMoved):
        folder_of(letter)


# The command --------------------------------------------------------------------------------


def test_command_writes_the_folder(letter, tmp_path):
    to = tmp_path / "archive"

    call_command("archive_letter", letter="kept", to=to, stdout=io.StringIO())

    written = {
        path.relative_to(to).as_posix(): path.read_bytes()
        for path in to.rglob("*")
        if path.is_file()
    }
    assert written == folder_of(letter)
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.actor, entry.target) == ("letter.exported", None, "archive.zip")


@pytest.mark.parametrize(
    ("status", "taken_down", "slug", "says"),
    [
        (Status.CLOSED, False, "other", "There is no letter other."),
        (Status.CLOSED, True, "kept", "There is nothing to download"),
        (Status.PUBLISHED, False, "kept", "Close the letter first"),
    ],
)
def test_command_refuses_what_cannot_be_archived(letter, tmp_path, status, taken_down, slug, says):
    Letter.objects.filter(pk=letter.pk).update(
        status=status,
        closed_on=timezone.localdate() if status == Status.CLOSED else None,
        taken_down_on=timezone.localdate() if taken_down else None,
    )

    with pytest.raises(CommandError, match=says):
        call_command("archive_letter", letter=slug, to=tmp_path / "archive")

    assert list(tmp_path.iterdir()) == []


def test_command_writes_over_nothing(letter, tmp_path):
    with pytest.raises(CommandError, match="exists"):
        call_command("archive_letter", letter="kept", to=tmp_path)
