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


def problems_of(text):
    with pytest.raises(directory_files.Unreadable) as wrong:
        load(text)
    return wrong.value.problems


# Which organisation a row means -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "slugs"),
    [
        ("Яндекс", "Сбербанк", ["organisation", "organisation-2"]),
        ("ATT", "AT&T", ["att", "att-2"]),
        ("Art & Co Works", "Art Co, Works!", None),
        ("x" * 90, "x" * 91, ["x" * 70, "x" * 70 + "-2"]),
    ],
)
def test_row_without_a_slug_is_known_by_its_name(first, second, slugs):
    load(f"name,domains\n{first},one.example\n")
    load(f'name,domains\n"{second}",two.example\n')

    if slugs:
        assert list(Organisation.objects.order_by("slug").values_list("slug", "name")) == list(
            zip(slugs, [first, second], strict=True)
        )
        assert Organisation.objects.proven_by("two.example").name == second
    else:
        assert Organisation.objects.get().name == first
    assert Organisation.objects.proven_by("one.example").name == first


def test_row_without_a_slug_renames_nobody():
    google = make_organisation("Google")
    OrganisationAlias.objects.create(organisation=google, name="YouTube")

    load("name,aliases,headcount_band\nYOUTUBE,YT,10000+\n")

    google = Organisation.objects.get()
    assert (google.name, google.headcount_band) == ("Google", "10000+")
    assert Organisation.objects.named("yt") == google


def test_row_with_a_slug_renames_the_organisation_with_this_slug():
    load("slug,name\ngoogle,Google\n")

    load("slug,name\ngoogle,Alphabet\n")

    alphabet = Organisation.objects.get()
    assert (alphabet.slug, alphabet.name) == ("google", "Alphabet")
    assert Organisation.objects.named("Google") == alphabet


def test_row_with_a_new_slug_takes_no_name_of_another_organisation():
    make_organisation("Google")

    assert problems_of(HEAD + "evil,Evil,GOOGLE,,,\n") == [
        "Line 2: “GOOGLE” is a spelling of Google already."
    ]


def test_new_organisation_takes_no_slug_that_stands_further_down():
    load("slug,name\n,ATT\natt,AT&T\n")

    found = Organisation.objects.order_by("slug").values_list("slug", "name")
    assert list(found) == [("att", "AT&T"), ("att-2", "ATT")]


def test_slug_stands_in_a_file_once():
    assert problems_of("slug,name\na,One\na,Two\n") == ["Line 3: “a” is the slug of a row above."]


# Mailboxes of another organisation --------------------------------------------------------------


def test_import_leads_to_no_mailboxes_of_another_organisation():
    make_organisation("Google", "google.example")

    assert problems_of(HEAD + "evil,Evil,,,,evil.example as=google.example\n") == [
        "Line 2: google.example, given for evil.example, is no domain of Evil."
    ]
    assert problems_of(HEAD + "evil,Evil,,,,evil.example as=nobodys.example\n") == [
        "Line 2: nobodys.example, given for evil.example, is no domain of Evil."
    ]
    assert not OrganisationDomain.objects.filter(domain="evil.example").exists()


@pytest.mark.parametrize(
    "rows",
    [
        "meta,Meta,,,,fb.example as=meta.example|meta.example\n",
        "meta,Meta,,,,fb.example as=META.example\n,Meta,,,,meta.example\n",
    ],
)
def test_import_leads_to_mailboxes_of_the_same_organisation(rows):
    load(HEAD + rows)

    assert Organisation.objects.owning("fb.example").mailbox_domain == "meta.example"


# What is wrong, by line -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("x,Ex,,,,x.example as=", "“” is no mail domain."),
        ("x,Ex,,,,x.example as=https://x.example/", "“https://x.example/” is no mail domain."),
        ("x,Ex,,,,x.example.", "“x.example.” is no mail domain."),
        ("x,Ex,,,,https://x.example/", "“https://x.example/” is no mail domain."),
        ("x,Ex,,,,.x.example", "“.x.example” is no mail domain."),
        ("x,Ex,,,,a..example", "“a..example” is no mail domain."),
        ("x,Ex,,,,x_y.example", "“x_y.example” is no mail domain."),
        ("x,Ex,,,,x.example\0", "“x.example\0” is no mail domain."),
        ("x,Ex,,,,x." + "b" * 300, "“x." + "b" * 38 + "” is no mail domain."),
        ("x,E\0x,,,,", "“E\0x” is no name. This contains invisible characters that could change "
         "how the line reads. Delete the text and type it again."),
        ("x\0,Ex,,,,", "“x\0” is no slug: small letters, digits and hyphens only, at most 80."),
        ("X,Ex,,,,", "“X” is no slug: small letters, digits and hyphens only, at most 80."),
        ("x,Ex,,y\0,,", "“y\0” is no slug of a parent."),
        ("x,Ex,,,1\0,", "headcount_band is none of 1-49, 50-249, 250-999, 1000-9999, 10000+."),
        ("x,＝HYPERLINK(A1),,,,", "“＝HYPERLINK(A1)” is no name. Begin with a letter or a number."),
        ("x,Ex,＠SUM(A1),,,", "“＠SUM(A1)” is no name. Begin with a letter or a number."),
        ("x,Ex,%0A,,,", "“%0A” is no name. Begin with a letter or a number."),
        ("x,|cmd,,,,", "“|cmd” is no name. Begin with a letter or a number."),
        ("x,'=cmd,,,,", "“=cmd” is no name. Begin with a letter or a number."),
        ("x,Ex,\\|cmd,,,", "“|cmd” is no name. Begin with a letter or a number."),
        ("x,<b>,,,,", "“<b>” is no name. Leave out the characters < > { } and \\."),
        ("x," + "y" * 121 + ",,,,", "“" + "y" * 40 + "” is no name. It is longer than 120 characters."),
    ],
)  # fmt: skip
def test_import_says_what_is_wrong_with_a_cell(row, problem):
    """PostgreSQL would break off at many of these."""
    assert problems_of(HEAD + row + "\n") == [f"Line 2: {problem}"]
    assert not Organisation.objects.exists()


def test_import_takes_names_as_long_and_domains_as_the_forms_do():
    load(HEAD + f"x,{'한글학회' * 30},{'ﷺ' * 120},,,MÜLLER.example\n")

    assert Organisation.objects.named("ﷺ" * 120) == Organisation.objects.get()
    assert Organisation.objects.proven_by("xn--mller-kva.example") == Organisation.objects.get()


# An export is safe, and can be read ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", "'=1", "''＝1", " =1"],
)
def test_export_begins_no_cell_like_a_formula_and_is_read_back(name):
    """Such names are refused; one from elsewhere does no harm in a spreadsheet."""
    organisation = make_organisation(name)
    OrganisationAlias.objects.create(organisation=organisation, name=f"{name} Works")
    text = directory_files.export()

    [_head, cells] = csv.reader(io.StringIO(text, newline=""))
    assert [cell[0] for cell in cells[1:3]] == ["'", "'"]
    [row] = directory_files.read(text.encode())
    assert (row.name, row.aliases) == (" ".join(name.split()), (" ".join(f"{name} Works".split()),))


def test_import_of_an_export_keeps_names_that_would_be_refused_now():
    make_organisation("=SUM(A1)")
    before = everything()

    load(directory_files.export())

    assert everything() == before


@pytest.mark.parametrize("alias", ["Foo|Google", "Foo\\|Google", "Foo\\", "Foo||", "\\|Foo"])
def test_export_with_a_bar_in_a_spelling_is_read_back(alias):
    organisation = make_organisation("Foo Bar")
    for name in (alias, "Another"):
        OrganisationAlias.objects.create(organisation=organisation, name=name)
    make_organisation("Google")
    text = directory_files.export()
    before = everything()

    load(text)

    assert everything() == before
    assert set(directory_files.read(text.encode())[0].aliases) == {alias, "Another"}


def test_export_below_a_withdrawn_organisation_is_read_back():
    parent = make_organisation("Parent", withdrawn_on="2026-01-20")
    make_organisation("Child", parent=parent)
    before = everything()

    load(directory_files.export())

    assert everything() == before


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


MESSY_ROWS = 400  # It was run with 6,000 as well.


def test_messy_rows_are_read_the_same_twice_and_back():
    """Rows as somebody's list of employers has them: many for one, in any script, no slugs."""
    draw = random.Random(7)
    words = [
        *("Orrery Narwhal Quill Marrow Thimble AT&T 3-2-1 O'Hara Zoë Ærø Weiß D.A.".split()),
        *("Яндекс Сбербанк 阿里巴巴 한글학회 ﷺ אורקל Ｗｉｄｅ ＮＯＲＤ Łódź نرم‌افزار \\".split()),
        *("Foo|Bar 'Quoted' +Plus =Sum ＝Sum @At - % www. <b> \0 \ufffd".split(" ")),
    ]
    made = [
        " ".join(draw.choices(words, k=draw.choice([1, 2, 2, 3])))
        for _each in range(MESSY_ROWS // 5)
    ]
    spelt = [misspell(name, draw) for name in draw.choices(made, k=MESSY_ROWS)]
    rows = [(name, draw.choice(["", "1-49"])) for name in spelt]
    taken = [
        row for row in rows if not directory_files._what_is_wrong_with(" ".join(row[0].split()))
    ]

    def written(rows):
        text = io.StringIO()
        csv.writer(text).writerows([("name", "headcount_band"), *rows])
        return text.getvalue()

    refused = problems_of(written(rows))
    assert len({problem.split(":")[0] for problem in refused}) == len(rows) - len(taken) > 0
    assert not Organisation.objects.exists()

    load(written(taken))
    before, text = everything(), directory_files.export()
    load(written(taken))
    load(text)
    assert everything() == before
    assert len(taken) > MESSY_ROWS / 4

    Organisation.objects.all().delete()
    load(text)
    assert everything() == before
    ids = {key: slug for slug, key in before[1]}
    assert all(alias_key(name) in ids for name, _band in taken)


def test_close_spellings_are_found_without_a_query_each(django_assert_num_queries):
    seeds.load_organisations([{"name": f"Firm number {n}"} for n in range(300)])

    with django_assert_num_queries(1):
        directory = spelling.Directory.read()
        for _each in range(500):
            directory.close_to("Frim numbr 77")
    with django_assert_num_queries(2):
        assert spelling.suggestion("Frm number 77").name == "Firm number 77"
