"""The letters and organisations that ship."""

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils.html import escape, strip_tags

from letters import seeds
from letters.actions import Text, publish_text
from letters.mail_domains import free_mail_domains
from letters.models import (
    Letter,
    LetterVersion,
    Membership,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Outcome,
    Role,
    Status,
)
from letters.models.organisation import HeadcountBand, alias_key
from tests.factories import make_signature, make_user

LETTERS = sorted(settings.SEEDS_DIR.glob("*.md"))
PARAPHRASED = "Paraphrased from public reporting, for demonstration."


def read_organisations():
    return tomllib.loads((settings.SEEDS_DIR / "organisations.toml").read_text())["organisation"]


def load(slug, markdown=None, **changes):
    front, text = seeds.read_letter(settings.SEEDS_DIR / f"{slug}.md")
    return seeds.load_letter({**front, **changes}, markdown or text)


# Loading ----------------------------------------------------------------------------------------


def everything():
    return {
        model._meta.label: list(model.objects.order_by("pk").values())
        for model in apps.get_app_config("letters").get_models()
    }


@pytest.mark.django_db
def test_seed_twice_changes_nothing(capsys):
    call_command("seed")
    first = everything()
    counted = {label: len(rows) for label, rows in first.items()}

    call_command("seed")

    assert everything() == first
    rows = read_organisations()
    assert counted["letters.Organisation"] == len(rows)
    assert counted["letters.OrganisationDomain"] == sum(len(row["domains"]) for row in rows)
    assert counted["letters.Letter"] == counted["letters.LetterVersion"] == 2
    assert counted["letters.Demand"] == 6
    assert capsys.readouterr().out.count(f"{len(rows)} organisations\n") == 2
    assert Organisation.objects.named("AWS").slug == "amazon"
    assert Organisation.objects.get(slug="slack").parent.slug == "salesforce"
    assert Organisation.objects.owning("fb.com").mailbox_domain == "meta.com"
    assert list(Letter.objects.listed().values_list("slug", flat=True)) == ["iceout-tech"]
    salesforce = Letter.objects.get(slug="salesforce-ice")
    assert [one.slug for one in salesforce.organisations.all()] == ["salesforce"]


@pytest.mark.django_db
def test_load_letter_with_a_changed_text_makes_version_two_and_keeps_version_one():
    letter = load("iceout-tech")
    first = LetterVersion.objects.values().get()
    signature = make_signature(letter)

    changed = load("iceout-tech", markdown="*To everybody,*\n\nPlease.\n")
    load("iceout-tech", markdown="*To everybody,*\n\nPlease.\n")

    assert changed.current_version.number == 2
    assert [version.number for version in changed.versions.all()] == [1, 2]
    assert LetterVersion.objects.values().get(number=1) == first
    signature.refresh_from_db()
    assert signature.version_id == first["id"]
    assert changed.recipients.count() == letter.recipients.count() == 5


@pytest.mark.django_db
def test_load_letter_leaves_what_was_decided_here_meanwhile():
    load("iceout-tech")
    Letter.objects.update(
        minimum_group_size=9, status=Status.CLOSED, closed_on=date(2026, 3, 1), summary="Ours."
    )

    letter = load("iceout-tech")

    assert (letter.minimum_group_size, letter.status) == (9, Status.CLOSED)
    assert (letter.closed_on, letter.summary) == (date(2026, 3, 1), "Ours.")


@pytest.mark.django_db
@pytest.mark.parametrize("markdown", [None, "The file has changed as well.\n"])
def test_load_letter_leaves_the_text_that_an_organiser_published(markdown):
    letter = load("iceout-tech")
    eve = make_user("eve")
    Membership.objects.create(letter=letter, user=eve, role=Role.EDITOR)
    theirs = Text("Theirs", "Theirs.\n", ())
    publish_text(letter=letter, text=theirs, actor=eve, on=date(2026, 3, 1))

    again = load("iceout-tech", markdown=markdown)

    assert Text.of(again.current_version) == theirs
    assert (again.title, again.versions.count()) == ("Theirs", 2)


@pytest.mark.django_db
def test_load_letter_reads_whether_search_engines_may_list_the_roll():
    assert load("iceout-tech").roll_in_search
    assert not load("salesforce-ice", roll_in_search=False).roll_in_search


@pytest.mark.django_db
def test_load_letter_leaves_a_sealed_one_alone():
    load("iceout-tech")
    day = date(2026, 3, 1)
    Letter.objects.update(status=Status.SEALED, closed_on=day, sealed_on=day)

    letter = load("iceout-tech", markdown="Something else.")

    assert letter.versions.count() == 1


@pytest.mark.django_db
def test_load_letter_as_a_draft_publishes_nothing():
    letter = load("iceout-tech", status="draft")

    assert (letter.status, letter.published_on) == (Status.DRAFT, None)
    assert letter.current_version.number == 1


@pytest.mark.django_db
def test_load_organisations_follows_changes_in_the_file():
    rows = [{"slug": "orrery", "name": "Orrery", "domains": [{"domain": "orrery.example"}]}]
    seeds.load_organisations(rows)

    renamed = {
        "slug": "orrery",
        "name": "Orrery Labs",
        "aliases": ["Orrery"],
        "headcount_band": "50-249",
        "domains": [{"domain": "orrery.example", "alias_of": "labs.example"}],
    }
    assert seeds.load_organisations([renamed], is_demonstration=True) == 1

    organisation = Organisation.objects.get()
    assert (organisation.name, organisation.headcount_band) == ("Orrery Labs", "50-249")
    assert organisation.is_demonstration
    assert set(OrganisationAlias.objects.values_list("key", "name")) == {
        ("orrery", "Orrery"),
        ("orrery labs", "Orrery Labs"),
    }
    assert OrganisationDomain.objects.get().mailbox_domain == "labs.example"


def test_in_order_of_parents_puts_parents_first():
    rows = [{"slug": "c", "parent": "b"}, {"slug": "b", "parent": "a"}, {"slug": "a"}]

    assert [row["slug"] for row in seeds.in_order_of_parents(rows)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"slug": "b", "parent": "a"}],
        [{"slug": "a", "parent": "a"}],
        [{"slug": "a", "parent": "b"}, {"slug": "b", "parent": "a"}],
    ],
)
def test_in_order_of_parents_that_are_missing_or_in_a_circle_fails(rows):
    with pytest.raises(ValueError, match="Parents missing or in a circle"):
        list(seeds.in_order_of_parents(rows))


# The letters -------------------------------------------------------------------------------------


def test_two_letters_ship():
    assert [path.stem for path in LETTERS] == ["iceout-tech", "salesforce-ice"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_letter_says_visibly_that_it_is_a_paraphrase_and_of_what(path):
    front, _markdown = seeds.read_letter(path)
    letter = load(path.stem)

    shown = strip_tags(letter.current_version.closing_html)

    assert PARAPHRASED in shown
    assert front["sources"]
    for source in front["sources"]:
        assert source.replace("'", "’") in shown
    assert path.read_text().splitlines()[1].startswith("# Source: ")


@pytest.mark.django_db
@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_letter_is_as_the_facts_are(path):
    letter = load(path.stem)

    assert letter.slug == path.stem
    assert letter.organiser_line == ""
    assert letter.minimum_group_size == 5
    assert letter.current_version.demands.count() == 3
    assert letter.recipients.exists()
    assert {recipient.status for recipient in letter.recipients.all()} == {Outcome.NONE}
    text = letter.current_version.text
    assert text.count("<!-- demands -->") == 1
    assert not re.search(r"[“„][^”“]{25,}[”“]", text), "long quotation"
    for name in ("Renee Good", "Alex Pretti"):
        assert name in text


@pytest.mark.django_db
def test_letter_iceout_tech_is_for_everybody(client):
    letter = load("iceout-tech")

    page = client.get("/letters/iceout-tech/")

    html = page.content.decode()
    assert (letter.status, letter.visibility) == ("published", "public")
    assert letter.published_on == date(2026, 1, 20)
    assert page.status_code == 200
    assert PARAPHRASED in html
    assert escape(letter.title) in html
    assert html.count("No response") == 5


# Until the issue about internal letters --------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["", "sign/", "roll/", "roll/?q=a", "versions/", "versions/1/", "stats.json"]
)
@pytest.mark.parametrize("method", ["get", "head", "post", "options"])
def test_letter_salesforce_answers_like_an_unknown_slug(client, page, method):
    letter = load("salesforce-ice")
    make_signature(letter, state="published")
    assert letter.is_open
    data = {"name": "W. Otterbourne", "email": "w@salesforce.com", "appearance": "named"}

    answers = []
    for slug in ("salesforce-ice", "not-a-letter-x"):
        response = getattr(client, method)(f"/letters/{slug}/{page}", data)
        content = response.content.decode().replace(slug, "SLUG")
        answers.append((response.status_code, dict(response.headers), content))

    assert answers[0] == answers[1]
    takes_method = method in ("get", "head") or (method, page) == ("post", "sign/")
    assert answers[0][0] == (404 if takes_method else 405)
    assert letter.signatures.count() == 1
    assert client.cookies == {}


@pytest.mark.django_db
def test_letter_salesforce_is_neither_listed_nor_named_anywhere_public(client):
    load("iceout-tech")
    letter = load("salesforce-ice")

    for path in ("/", "/?after=a", "/how-it-works/", "/letters/iceout-tech/", "/signature/find/"):
        html = client.get(path).content.decode()
        assert letter.slug not in html
        assert escape(letter.title) not in html
        assert "Benioff" not in html


# The organisations -----------------------------------------------------------------------------


def test_organisations_of_the_issue_are_there_with_their_spellings():
    by_key = {
        alias_key(name): row["slug"]
        for row in read_organisations()
        for name in (row["name"], *row["aliases"])
    }

    spellings = {
        "Google LLC": "google",
        "Alphabet": "google",
        "DeepMind": "deepmind",
        "Facebook": "meta",
        "Open AI": "openai",
        "AWS": "amazon",
        "Amazon.com": "amazon",
        "Salesforce, Inc.": "salesforce",
        "Slack": "slack",
        "Tableau": "tableau",
        "Apple": "apple",
        "Microsoft": "microsoft",
        "Palantir": "palantir",
        "Oracle": "oracle",
        "TikTok": "tiktok",
        "Nokia": "nokia",
        "Mozilla": "mozilla",
        "Stripe": "stripe",
    }
    assert {name: by_key.get(alias_key(name)) for name in spellings} == spellings


def test_organisations_share_neither_slug_nor_spelling_nor_domain():
    rows = read_organisations()
    slugs = Counter(row["slug"] for row in rows)
    domains = Counter(entry["domain"] for row in rows for entry in row["domains"])
    owners = {}
    for row in rows:
        for name in (row["name"], *row["aliases"]):
            owners.setdefault(alias_key(name), set()).add(row["slug"])

    assert [slug for slug, number in slugs.items() if number > 1] == []
    assert [domain for domain, number in domains.items() if number > 1] == []
    assert {key: several for key, several in owners.items() if len(several) > 1} == {}
    assert "" not in owners


def test_organisations_have_known_parents_bands_and_proper_domains():
    rows = read_organisations()
    slugs = {row["slug"] for row in rows}

    for row in rows:
        assert row.get("parent") in slugs | {None}
        assert row["headcount_band"] in HeadcountBand.values
        own = {entry["domain"] for entry in row["domains"]}
        for entry in row["domains"]:
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", entry["domain"])
            assert entry["domain"] not in free_mail_domains()
            assert entry.get("alias_of", entry["domain"]) in own
    assert len(list(seeds.in_order_of_parents(rows))) == len(rows)


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_organisations_named_in_a_letter_exist(path):
    front, _markdown = seeds.read_letter(path)
    slugs = {row["slug"] for row in read_organisations()}

    named = {*front["organisations"], *(row["organisation"] for row in front["recipients"])}

    assert named <= slugs


@pytest.mark.parametrize("name", ["organisations.toml", "free-mail-domains.txt"])
def test_lists_say_where_they_come_from(name):
    head = Path(settings.SEEDS_DIR / name).read_text()[:1500]

    assert "# Source: " in head
