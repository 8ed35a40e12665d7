"""What the letters, the lists and the title of an entry give reason for."""

import pytest

from signatories import flags
from signatories.checks import scripts, titles
from signatories.checks.finding import LONGEST_DETAIL, Finding, Words
from signatories.checks.lists import lists_of
from signatories.models import Flag, Signature
from tests.factories import make_organisation

LISTS = lists_of(
    well_known=["Sundar Pichai", "Tim Berners-Lee", "Tim Cook", "Elon Musk", "Sam Altman"],
    recipients=["Marc Benioff", "Orrery Labs", "The Board", "Google", "Salesforce"],
    jokes=["Mickey Mouse", "Test", "No One"],
    abuse=["cock", "go to hell", "fuck", "asshole", "shit", "porn"],
    organisations={"orrery labs", "google"},
)


def on_lists(name, title="", organisation_text=""):
    words = Words(name, title, None, organisation_text)
    return [(one.kind, one.detail) for one in LISTS.found(words)]


# Scripts ------------------------------------------------------------------------------------------


def test_word_of_very_many_scripts_names_three_and_fits_its_flag():
    [found] = scripts.found_in("aаαաאاअঅਅઅஅఅಅഅ")

    assert found.detail == "Arabic + Armenian + Bengali"


def test_detail_that_is_too_long_keeps_nobody_from_the_check():
    [row] = flags.rows_of(Signature(appearance="named"), [Finding("scripts", "x" * 999)])

    assert len(row.detail) == LONGEST_DETAIL


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Wіlhelmina Otterbourne", "Cyrillic + Latin"),  # The і is Cyrillic.
        ("Αlice Otterbourne", "Greek + Latin"),
        ("佐a藤", "Cjk + Latin"),
        *(("Mi工ler", "Cjk + Latin"), ("丁im Cook", "Cjk + Latin"), ("丁IM COOK", "Cjk + Latin")),
        *(("SㅇN Meier", "Hangul + Latin"), ("TGFβ Meier", "Greek + Latin")),
        *(("ꓔꓲꓟ Cook", "posing"), ("ᎢᎥᎷ Cook", "posing"), ("Tiꓟ Cook", "Latin + Lisu")),
        ("𝐖𝐢𝐥𝐡𝐞𝐥𝐦𝐢𝐧𝐚 Otterbourne", "decorated"),
        ("Ｗｉｌｈｅｌｍｉｎａ", "decorated"),
        ("ᴡɪʟʜᴇʟᴍɪɴᴀ Otterbourne", "decorated"),
        ("Wil\u200dhelmina Otterbourne", "invisible"),
        ("Wil\u200chelmina", "invisible"),
        ("Сора Otterbourne", "posing"),  # The first word is Cyrillic, letter for letter.
    ],
)
def test_unusual_letters_are_found(text, detail):
    assert [(one.kind, one.detail) for one in scripts.found_in(text)] == [("scripts", detail)]


@pytest.mark.parametrize(
    ("title", "detail"),
    [
        ("Еngineer", "Cyrillic + Latin"),
        ("Gοogle engineer", "Greek + Latin"),  # The first o is Greek.
        ("ΑΒ researcher", "posing"),
        ("Ｅｎｇｉｎｅｅｒ", "decorated"),
        ("Engi\u200dneer", "invisible"),
    ],
)
def test_unusual_letters_are_found_beside_the_name(title, detail):
    assert scripts.found_in("Alice Meier", title) == [Finding("scripts", detail)]
    assert scripts.found_in("Alice Meier", "", title) == [Finding("scripts", detail)]


@pytest.mark.parametrize(
    "title",
    [
        *("AI研究者", "UXデザイナー", "IT部長", "Java工程师", "3D디자이너", "ＩＴエンジニア"),
        *("NTTドコモ", "TGFβ researcher", "NFκB biologist", "ΔF508 research", "μm optics"),
        *("👩\u200d💻 Engineer", "Engineer 👩🏽\u200d⚕\ufe0f", "❤\ufe0f\u200d🔥 Nurse", "ﾃｽﾄ部長"),
    ],
)
def test_terms_of_trades_are_not_unusual(title):
    assert scripts.found_in("Alice Meier", title, title) == []


@pytest.mark.parametrize(
    "text",
    [
        "WILHELMINA OTTERBOURNE",
        *("Mª José García", "Nº 5", "µService"),
        "Wilhelmiiiiina Otterbourne",
        "Łukasz Müller-Ñandú O’Brien",
        "Иван Петров",
        "Иван Smith",
        "Μαρία Παπαδοπούλου",
        "佐藤はなコ",
        *("田中A子", "李Li", "〆木 太郎", "佐々木 花子", "田中Ａ子", "ﾀﾅｶ太郎"),
        "김 민준",
        "نمی\u200cدانم",  # A joiner where Persian needs one.
        "क्\u200dष",
        *("രാജന്\u200d കുമാർ", "രാജന്\u200d നായര്\u200d"),
        "Henry VIII 2nd",
        "Ⅷ",
        "José Ma. García",
        "Nguyễn Thị Ánh",
        "",
    ],
)
def test_names_of_the_world_are_not_unusual(text):
    assert scripts.found_in(text) == []


# Lists --------------------------------------------------------------------------------------------


def test_well_known_name_is_found_in_any_spelling_and_order():
    assert on_lists("PICHAI, Sundar") == [("well_known", "Sundar Pichai")]
    assert on_lists("Sundаr Р1chai") == [("well_known", "Sundar Pichai")]
    assert on_lists("Tim Berners Lee") == [("well_known", "Tim Berners-Lee")]


def test_name_that_only_holds_a_well_known_one_is_another():
    assert on_lists("Sundar Pichai Raman") == []


@pytest.mark.parametrize(
    "name",
    [
        *("Sundar Pichai CEO", "Sundar Pichai (Google)", "The real Sundar Pichai"),
        *("Sundar Donald Pichai", "CEO Pichai, Sundar", "Sundаr Pichai Official"),
    ],
)
def test_name_with_more_words_than_a_well_known_one_is_held(name):
    found = titles.found_in(Words(name), LISTS, {}, {})

    assert [(one.kind, one.detail) for one in found] == [("title", "Sundar Pichai")]
    assert flags.risk_of(one.kind for one in found) >= flags.HELD_FROM


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("Tim Tim Cook", "Tim Cook"), ("Tim Cook Tim Cook", "Tim Cook")),
        *(("TimCook", "Tim Cook"), ("T i m C o o k", "Tim Cook"), ("CookTim CEO", "Tim Cook")),
        *(("T.i.m Cook Official", "Tim Cook"), ("Ti mcook", "Tim Cook")),
        *(("Tirn Cook", "Tim Cook"), ("Sam Altrnan", "Sam Altman"), ("Tim Cookk", "Tim Cook")),
        *(("Sundar Pichaj", "Sundar Pichai"), ("Sundar Pihcai", "Sundar Pichai")),
        ("Mark Benioff", "Marc Benioff"),
    ],
)
def test_name_that_is_taken_for_a_listed_one_is_held_and_asks_for_no_proof(name, said):
    """Somebody may be called so: a moderator looks, and needs to see nothing."""
    assert on_lists(name) == []
    assert titles.found_in(Words(name), LISTS, {}, {}) == [Finding("title", said)]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("T.i.m C.o.o.k", "well_known", "Tim Cook"),
        ("Elon Mu$k", "well_known", "Elon Musk"),
        ("Tim C@@k", "well_known", "Tim Cook"),
        ("$am A|tman", "well_known", "Sam Altman"),
        ("Eǀon Muʂk", "well_known", "Elon Musk"),
        ("Marc Be\ufe0fnioff", "recipient", "Marc Benioff"),
        ("ꓔꓲꓟ ꓚꓳꓳꓗ", "well_known", "Tim Cook"),
    ],
)
def test_name_disguised_as_nobody_is_called_asks_for_a_proof(name, kind, said):
    assert on_lists(name) == [(kind, said)]
    assert titles.found_in(Words(name), LISTS, {}, {}) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(("MickeyMouse", "joke"), ("F.u.c.k You", "abuse"), ("f u c k you", "abuse")),
        *(("a$$hole", "abuse"), ("Sh!t Head", "abuse"), ("Mickey's Mouse", "joke")),
    ],
)
def test_joke_and_abuse_are_found_in_disguise(text, kind):
    assert [one for one, _said in on_lists(text)] == [kind]
    assert [one for one, _said in on_lists("Alice Meier", title=text)] == [kind]


@pytest.mark.parametrize(
    "name",
    [
        *("Peter Noone", "Shi Ting", "Shi T. Wang", "Fu C. K. Lin", "J. R. R. Tolkien"),
        *("Timothy Cooper", "Tina Cook", "Jim Cook", "Tom Cook", "Sam Alterman", "Samir Altan"),
        *("Sundari Pillai", "Marco Bernini", "Marc Bennett", "Elena Muskova", "Cook Islander"),
        *("王 小 明", "김 민준", "Nguyễn Thị Ánh", "Ng", "O'Neil's Daughter", "Ana Pom", "Li!"),
    ],
)
def test_genuine_names_that_come_near_a_listed_one_are_no_reason(name):
    assert on_lists(name) == []
    assert titles.found_in(Words(name), LISTS, {}, {}) == []


@pytest.mark.parametrize("name", ["Sundar Raman", "Pichai", "Tim Lee", "Ada Lovelace"])
def test_name_that_shares_a_word_with_a_well_known_one_is_no_reason(name):
    assert titles.found_in(Words(name), LISTS, {}, {}) == []


def test_recipient_is_found_by_name():
    assert on_lists("Benioff Marc") == [("recipient", "Marc Benioff")]


def test_joke_is_found_as_whole_words_anywhere_in_the_entry():
    assert on_lists("mickey  MOUSE") == [("joke", "Mickey Mouse")]
    assert on_lists("Mouse, Mickey") == [("joke", "Mickey Mouse")]
    assert on_lists("Alice Meier", title="Friend of Mickey Mouse") == [("joke", "Mickey Mouse")]
    assert on_lists("Alice Meier", organisation_text="Mickey Mouse Ltd") == [
        ("joke", "Mickey Mouse")
    ]
    assert on_lists("Alice Meier", title="Testing lead") == []


def test_abuse_is_not_found_within_a_longer_word():
    assert on_lists("Alister Cockburn") == []
    assert on_lists("Alister Cock") == [("abuse", "cock")]
    assert on_lists("Alice Meier", title="GO TO HELL all") == [("abuse", "go to hell")]


# Titles -------------------------------------------------------------------------------------------


def said_by(title, organisation=None, listed=None, related=None, *, is_verified=False):
    words = Words("Alice Meier", title, organisation, is_verified=is_verified)
    found = titles.found_in(words, LISTS, listed or {}, related or {})
    return [(one.kind, one.detail) for one in found]


@pytest.mark.parametrize(
    ("title", "detail"),
    [
        ("Assistant to Sundar Pichai", "Sundar Pichai"),
        ("speaking for MARC BENIOFF", "Marc Benioff"),
        ("Tim Cook's deputy", "Tim Cook"),
        ("Sundar Pichai’s chief of staff", "Sundar Pichai"),
        ("TimCook’s deputy", "Tim Cook"),
    ],
)
def test_title_that_names_a_well_known_person_or_a_recipient_is_found(title, detail):
    assert said_by(title) == [("title", detail)]


def test_organisation_in_words_that_names_a_well_known_person_is_found():
    words = Words("Alice Meier", organisation_text="Office of Tim Cook")

    assert titles.found_in(words, LISTS, {}, {}) == [Finding("title", "Tim Cook")]


@pytest.mark.parametrize(
    "title",
    [
        *("Engineer, Google Cloud", "Secretary to the Board", "Salesforce administrator"),
        *("Optician, Orrery Labs", "Tim", "Cook", "Chef de cuisine (cook)"),
    ],
)
def test_title_that_names_a_recipient_who_is_no_person_is_no_reason(title):
    assert said_by(title) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "title",
    [
        "CEO of Google",
        "Founder & CEO, Google",
        "Chief executive officer of Google, retired",
        "Google CEO",
        "Google's CTO",
        "Vice President at Google Inc.",
        "Co-founder of Google",
        "Chief People Officer, Google",
        "C.E.O. of Google",
        "CEO of Google Cloud",
        "Chief Information Security Officer of Google",
    ],
)
def test_title_that_leads_another_organisation_is_found(title):
    google, meta = make_organisation("Google"), make_organisation("Meta")
    listed = {key: google.pk for key in titles.organisations_led(title) if key == "google"}

    assert said_by(title, meta, listed) == [("title", title)]
    assert said_by(title, None, listed) == [("title", title)]
    assert said_by(title, google, listed, is_verified=True) == []
    # YouTube belongs to Google: who signs for one may lead the other.
    assert said_by(title, meta, listed, {meta.pk: {meta.pk, google.pk}}) == []


@pytest.mark.parametrize("title", ["Head of research", "CEO", "Director of people", "President"])
def test_title_that_leads_nothing_we_know_is_no_reason(title):
    assert said_by(title, None, {"google": 1}) == []


@pytest.mark.parametrize(
    "title",
    [
        *("President, Alphabet Workers Union", "Founder, Apple Together", "Product Owner Apple"),
        *("Steward at Alphabet Workers Union", "Steward, Apple Retail Union"),
        *("Apple grower", "Alphabet song writer", "Cloud engineer, Apple trees and others"),
        *("Head of Apple cultivation", "Product owner, search", "Chair of the tenants’ union"),
    ],
)
def test_title_that_only_begins_with_the_name_of_an_organisation_is_no_reason(title):
    listed = {"apple": 1, "alphabet": 2}

    assert said_by(title, None, listed) == []


@pytest.mark.parametrize(
    "title",
    [
        *("Nurse at Unity Health Toronto", "Pastor at Unity Church", "Nurse at Box Hill Hospital"),
        *("Teacher at Signal Hill School", "Former Signal Corps officer", "Clerk at Apple Bank"),
        *(
            "Programme lead at Amazon Watch",
            "Curator at Block Museum of Art",
            "Former EA to the CEO",
        ),
        *("Former X-ray technician", "Former Box office clerk", "Former block captain"),
        *("Professor of Signal and Image Processing", "Head of Arm and Hand Surgery"),
        *("Signal & Telecommunications Engineer", "Signal/Image Processing Researcher"),
        *("EA", "PA/EA", "Executive Assistant (EA)", "EA, Finance"),
        *("Tesla owner", "Airbnb owner", "Juice Box owner", "Town Square President"),
    ],
)
def test_title_with_a_word_that_is_also_an_organisation_is_no_reason(title):
    names = "unity box signal apple amazon block ea x arm tesla airbnb square".split()

    assert said_by(title, None, {name: number for number, name in enumerate(names, 1)}) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "title",
    [
        *("Engineer at Google", "VP Cloud @ Google", "Engineer, Google", "Engineer (Google)"),
        *("Engineer bei Google", "Ingénieure chez Google", "ex-Google", "formerly at Google"),
        *("Head of research of Google", "Engineer at Google Munich", "Google", "Engineer | Google"),
        *("Engineer, Google Cloud", "Former Google engineer", "Engineer – Google, Inc."),
    ],
)
def test_title_that_names_an_employer_beside_the_entrys_own_is_found(title):
    google, meta = make_organisation("Google"), make_organisation("Meta")
    known = titles.organisations_in(title) & {"google"}
    listed = dict.fromkeys(known, google.pk)
    found = [("title", f"<employer>{title}")]

    assert said_by(title, None, listed) == found
    assert said_by(title, meta, listed, is_verified=True) == found
    # The line says of its own organisation whether it is verified.
    assert said_by(title, google, listed) == []
    assert said_by(title, google, listed, is_verified=True) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "title",
    ["CEO", "Founder & CEO", "Chief Technology Officer", "CEO of Apple", "President, Apple"],
)
def test_title_that_leads_its_own_organisation_without_a_proof_is_found(title):
    apple = make_organisation("Apple")

    assert said_by(title, apple, {"apple": apple.pk}) == [("title", "<leads>Apple")]
    assert said_by(title, apple, {"apple": apple.pk}, is_verified=True) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "title",
    [
        *("Vice President", "Assistant to the CEO", "Office of the CTO", "Product owner", ""),
        *(
            "President, Apple Workers Union",
            "Engineer",
            "Chief of staff",
            "Co-chair, Pride at work",
        ),
    ],
)
def test_title_that_does_not_lead_its_own_organisation_is_no_reason(title):
    apple = make_organisation("Apple")

    assert said_by(title, apple, {"apple": apple.pk}) == []


@pytest.mark.parametrize(
    ("name", "title"),
    [
        *(("Anonymous", ""), ("ANONYM0US", ""), ("Counted", ""), ("Anonymous Googler", "")),
        *(("Alice Meier", "Verified employee, Google"), ("Alice Meier", "✓ Engineer")),
        *(("Alice Meier", "verified Google employee"), ("Alice Meier ✔", "")),
        *(("Alice Meier", "Verified former employee"), ("Alice Meier", "Employee (verified)")),
        ("Alice Meier", "Engineer; not verified"),
    ],
)
def test_line_that_reads_like_one_of_the_services_own_is_found(name, title):
    no_lists = lists_of(well_known=[], recipients=[], jokes=[], abuse=[])

    [found] = titles.found_in(Words(name, title), no_lists, {}, {})

    assert found.kind == "title"
    assert found.detail in (f"<ours>{name}", f"<ours>{title}")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Anony Moussa", "Verification engineer"),
        ("Alice Meier", "Formally verified systems"),
        ("Counter Meier", "Employee relations"),
        ("Verity Meier", "Former employee"),
    ],
)
def test_line_that_only_comes_near_the_services_own_is_no_reason(name, title):
    assert titles.found_in(Words(name, title), LISTS, {}, {}) == []


@pytest.mark.parametrize(
    ("detail", "sentence"),
    [
        (
            "<employer>Engineer at Google",
            "It names, or seems to name, an employer in the title, where nothing says whether it "
            "is verified: “Engineer at Google”.",
        ),
        ("<leads>Apple", "The title claims to lead Apple, and nothing verifies that."),
        (
            "<ours>Anonymous",
            "It reads like the service’s own words about a line without a name: “Anonymous”.",
        ),
        ("Tim Cook", "Name or title names somebody else, or nearly does: “Tim Cook”."),
    ],
)
def test_flag_about_a_title_says_what_the_title_claims(detail, sentence):
    assert flags.in_words(Flag(kind="title", detail=detail)) == sentence
