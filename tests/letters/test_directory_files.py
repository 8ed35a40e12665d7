"""The directory as a CSV file."""

import csv
import io
import random

import pytest
from django.core.management import CommandError, call_command

from letters import directory_files, seeds, spelling
from letters.models import (
    AuditEntry,
    Letter,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Recipient,
)
from letters.models.organisation import alias_key
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db

HEAD = "slug,name,aliases,parent,headcount_band,domains\n"


def load(text):
    return directory_files.load(directory_files.read(text.encode()))


def everything():
    return (
        list(Organisation.objects.order_by("slug").values_list("slug", "name", "parent__slug")),
        sorted(OrganisationAlias.objects.values_list("organisation__slug", "key")),
        sorted(
            OrganisationDomain.objects.values_list(
                "organisation__slug",
                "domain",
                "mailbox_domain",
                "includes_subdomains",
                "is_staff_only",
                "catch_all_suspected",
            )
        ),
    )


def test_import_of_an_export_changes_nothing(tmp_path):
    call_command("seed", verbosity=0)
    OrganisationDomain.objects.filter(domain="google.com").update(
        includes_subdomains=True, is_staff_only=False, catch_all_suspected=True
    )
    before, file = everything(), tmp_path / "directory.csv"
    call_command("directory", "export", file)

    call_command("directory", "import", file)

    assert everything() == before
    rows = len(list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))) - 1
    assert rows == Organisation.objects.count()


def test_export_then_import_into_nothing_gives_the_same(tmp_path):
    call_command("seed", verbosity=0)
    before = everything()
    text = directory_files.export()
    Recipient.objects.update(organisation=None)
    for letter in Letter.objects.all():
        letter.organisations.clear()
    Organisation.objects.update(parent=None)
    Organisation.objects.all().delete()

    load(text)

    assert everything() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_import_reads_what_spreadsheets_write(encoding, delimiter):
    text = "name,aliases,domains\r\nMüller GmbH,Mueller|  Müller &  Söhne ,mueller.example\r\n\r\n"

    rows = directory_files.read(text.replace(",", delimiter).encode(encoding))
    directory_files.load(rows)

    muller = Organisation.objects.get()
    assert (muller.name, muller.slug) == ("Müller GmbH", "muller-gmbh")
    assert Organisation.objects.named("muller & sohne") == muller
    assert Organisation.objects.proven_by("mueller.example") == muller
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.number) == ("directory.imported", 1)


def test_import_says_by_row_what_is_wrong_and_imports_nothing(tmp_path):
    make_organisation("Google", "google.example")
    before = everything()
    file = tmp_path / "messy.csv"
    file.write_text(
        HEAD + "good,Good,,,,good.example\n"
        ",,,,,\n"
        "a,,x,,,\n"
        "b,Bee,GOOGLE,,,\n"
        "c,Cee,,,some,google.example\n"
        "d,Dee,,nobody,,\n"
        "e,Eee,,,,gmail.com|alumni.eee.example|x@y\n"
        "f,Eff,,,,f.example sometimes\n"
        "g,=cmd(),,,,\n"
        "h,Aitch,,i,,\n"
        "i,Eye,,h,,\n"
    )

    with pytest.raises(CommandError) as wrong:
        call_command("directory", "import", file)

    said = str(wrong.value)
    lines = [int(line.split()[1][:-1]) for line in said.splitlines()[:-1]]
    assert sorted(set(lines)) == [4, 5, 6, 7, 8, 9, 10, 12]
    assert lines.count(8) == 3
    assert said.endswith("Nothing was imported.")
    assert everything() == before
    assert not AuditEntry.objects.exists()


def test_import_that_would_take_a_domain_from_another_organisation_is_refused():
    make_organisation("Google", "google.example")

    with pytest.raises(directory_files.Unreadable) as wrong:
        load(HEAD + "meta,Meta,,,,google.example\n")

    assert wrong.value.problems == ["Line 2: google.example belongs to Google already."]
    assert Organisation.objects.get().name == "Google"


@pytest.mark.parametrize(
    "domain", ["co.uk", "com.au", "github.io", "onmicrosoft.com", "anything.onmicrosoft.com"]
)
def test_import_of_a_domain_under_which_anybody_can_have_one_is_refused(domain):
    with pytest.raises(directory_files.Unreadable) as wrong:
        load(HEAD + f"evil,Evil,,,,{domain} subdomains\n")

    assert wrong.value.problems == [
        f"Line 2: mailboxes at {domain} prove nothing: anybody, or former members, have them."
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"surname,name\nx,y\n", b"slug\nx\n", b"\xff\xfe\x00", b'name\n"unclosed\n\x00'],
)
def test_import_of_something_else_is_refused(content):
    try:
        rows = directory_files.read(content)
    except directory_files.Unreadable as wrong:
        assert wrong.problems
    else:
        with pytest.raises(directory_files.Unreadable):
            directory_files.load(rows)
    assert not Organisation.objects.exists()


def test_dry_run_says_what_would_happen_and_changes_nothing(tmp_path, capsys):
    file = tmp_path / "directory.csv"
    file.write_text(HEAD + "orrery,Orrery Labs,Orrery,,,orrery.example subdomains\n")

    call_command("directory", "import", file, "--dry-run")

    assert capsys.readouterr().out == "Organisations: 1 would be added, 0 would be changed.\n"
    assert not Organisation.objects.exists()
    call_command("directory", "import", file)
    assert Organisation.objects.proven_by("mail.orrery.example").name == "Orrery Labs"


def test_missing_file_is_told_in_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("directory", "import", tmp_path / "nowhere.csv")


# A directory filled from what people type ---------------------------------------------------------

ENDINGS = ["", " Inc", ", Inc.", " LLC", " Ltd.", " GmbH", " Corp", ", Inc"]


def misspell(name, draw):
    """As people write it: other case, an ending, blanks, perhaps one slip."""
    spelt = name + draw.choice(ENDINGS)
    blanks = spelt.replace(" ", "  ")
    return draw.choice([spelt, spelt.upper(), spelt.lower(), f"  {spelt} ", blanks])


def slip(name, draw):
    place = draw.randrange(1, len(name) - 1)
    return draw.choice(
        [
            name[:place] + name[place + 1 :],
            name[:place] + name[place] + name[place:],
            name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :],
        ]
    )


def test_thousands_of_messy_spellings_resolve_to_whom_they_mean():
    call_command("seed", verbosity=0)
    draw = random.Random(4)
    words = ["Orrery", "Narwhal", "Quill", "Marrow", "Thimble", "Cobalt", "Juniper", "Walnut"]
    ends = ["Labs", "Systems", "Software", "Works", "Analytics", "Robotics", "Health", "Foundry"]
    middles = ["", "North ", "Blue ", "Second ", "Deep ", "Open ", "Inner ", "Silver "]
    invented = [f"{w} {m}{e}" for w in words for m in middles for e in ends]
    load(HEAD + "".join(f",{name},,,,\n" for name in invented))
    names = list(Organisation.objects.values_list("name", flat=True))
    typed = [(name, misspell(name, draw)) for name in draw.choices(names, k=3000)]

    directory = spelling.Directory.read()
    by_key = dict(zip(directory.keys, directory.organisations, strict=True))
    ids = dict(Organisation.objects.values_list("name", "pk"))
    resolved = [by_key.get(alias_key(text)) for _name, text in typed]
    slips = [(name, slip(name, draw)) for name in draw.choices(names, k=1000) if len(name) > 7]
    guesses = [directory.close_to(text, limit=3) for _name, text in slips]

    assert resolved == [ids[name] for name, _text in typed]
    found = sum(ids[name] in guess for (name, _text), guess in zip(slips, guesses, strict=True))
    assert found > 0.97 * len(slips)


def test_close_spellings_are_found_without_a_query_each(django_assert_num_queries):
    seeds.load_organisations([{"name": f"Firm number {n}"} for n in range(300)])

    with django_assert_num_queries(1):
        directory = spelling.Directory.read()
        for _each in range(500):
            directory.close_to("Frim numbr 77")
    with django_assert_num_queries(2):
        assert spelling.suggestion("Frm number 77").name == "Firm number 77"
