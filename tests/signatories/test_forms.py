"""What people type: cleaned, or answered beside the field with nothing lost."""

import time
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.models import OrganisationAlias
from signatories.forms import CodeForm, FindForm, RollForm, SignForm
from signatories.models import Signature, Verification
from tests.factories import make_letter, make_organisation

INVISIBLE = (
    "This contains invisible characters that could change how the line reads. "
    "Delete the text and type it again."
)
UNREADABLE = "Some characters did not arrive readably. Type them again."
MARKUP = "Leave out the characters < > { } and \\."
WEB = "Leave out web addresses."
BEGINNING = "Begin with a letter or a number."
ACCENTS = "There are too many accents on one letter."
WORDS = "Write it in words."
TOO_LONG = "Use at most 120 characters."
NAMELESS = "Enter your name as you would sign a letter."
NO_ADDRESS = "Enter your email address."
BAD_ADDRESS = "Enter a complete address, such as name@example.org."
NUL_ADDRESS = "Null characters are not allowed."
SPACES = "Enter one address, such as name@example.org, without spaces or brackets."


def form_data(**fields):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@google.example",
        "organisation": "Google",
        "tenure": "current",
        "title": "Research engineer",
        "role": "research",
        "appearance": "named",
        **fields,
    }


class Fields(HTMLParser):
    """What a person would see in the fields of a page."""

    def __init__(self, html):
        super().__init__()
        self.values, self.select = {}, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        name = attributes.get("name")
        if tag == "input" and attributes.get("type") == "radio":
            if "checked" in attributes:
                self.values[name] = attributes["value"]
        elif tag == "input":
            self.values[name] = attributes.get("value", "")
        elif tag == "select":
            self.select = name
        elif tag == "option" and "selected" in attributes and self.select:
            self.values[self.select] = attributes["value"]
        elif tag == "form":
            self.select = ""


# Bad input ---------------------------------------------------------------------------------------

BAD_LINES = {
    "NUL": ("Wilhel\0mina", INVISIBLE),
    "newline": ("Wilhelmina\nOtterbourne", INVISIBLE),
    "header": ("Wilhelmina\r\nBcc: everybody@google.example", INVISIBLE),
    "tab": ("Wilhelmina\tOtterbourne", INVISIBLE),
    "escape": ("Wilhelmina\x1b[31m", INVISIBLE),
    "next line": ("Wilhel\x85mina", INVISIBLE),
    "right-to-left override": ("Wilhelmina \u202eenruobrettO", INVISIBLE),
    "left-to-right override": ("Wilhelmina \u202dOtter", INVISIBLE),
    "isolate": ("Wilhelmina \u2067Otter\u2069", INVISIBLE),
    "right-to-left mark": ("Wilhelmina\u200f Otter", INVISIBLE),
    "Arabic letter mark": ("Wilhelmina\u061c Otter", INVISIBLE),
    "zero width space": ("Wilhel\u200bmina", INVISIBLE),
    "word joiner": ("Wilhel\u2060mina", INVISIBLE),
    "soft hyphen": ("Wilhel\u00admina", INVISIBLE),
    "byte order mark": ("Wilhel\ufeffmina", INVISIBLE),
    "tag characters": ("Wilhelmina\U000e0041\U000e0042", INVISIBLE),
    "line separator": ("Wilhelmina\u2028Otter", INVISIBLE),
    "paragraph separator": ("Wilhelmina\u2029Otter", INVISIBLE),
    "private use": ("Wilhel\ue000mina", INVISIBLE),
    "noncharacter": ("Wilhel\uffffmina", INVISIBLE),
    "Hangul filler": ("\u3164", INVISIBLE),
    "Hangul filler within": ("Wil\u115f\u1160helmina", INVISIBLE),
    "halfwidth Hangul filler": ("Wilhelmina\uffa0", INVISIBLE),
    "blank Braille": ("\u2800Wilhelmina", INVISIBLE),
    "grapheme joiner": ("Wilhel\u034fmina", INVISIBLE),
    "variation selector": ("Wilhel\ufe0fmina", INVISIBLE),
    "variation selector behind an accent": ("Wilhel\u0323\ufe00mina", INVISIBLE),
    "variation selector before all": ("\ufe0fWilhelmina", INVISIBLE),
    "supplementary selector": ("Wilhel\U000e0100mina", INVISIBLE),
    "Mongolian selector": ("Wilhel\u180bmina", INVISIBLE),
    "nothing but a joiner": ("\u200d", INVISIBLE),
    "doubled joiner": ("Wilhel\u200c\u200cmina", INVISIBLE),
    "wrong encoding": ("Wilhel\ufffdmina", UNREADABLE),
    "script": ("<script>alert(1)</script>", MARKUP),
    "tag": ("Wilhelmina <b>Otterbourne</b>", MARKUP),
    "template": ("{{ letter.key }}", MARKUP),
    "template tag": ("{% load x %}", MARKUP),
    "backslash": ("Wilhelmina\\u202e", MARKUP),
    "formula": ("=HYPERLINK(1)", BEGINNING),
    "formula after space": ("  =1+1", BEGINNING),
    "plus": ("+1+1", BEGINNING),
    "minus": ("-1+1", BEGINNING),
    "at": ("@SUM(1+1)", BEGINNING),
    "pipe": ("|calc", BEGINNING),
    "wide equals sign": ("\uff1d1+1", BEGINNING),
    "web address": ("Wilhelmina https://evil.example", WEB),
    "www": ("Wilhelmina WWW.evil.example", WEB),
    "scheme": ("javascript://evil", WEB),
    "zalgo": ("W" + "\u0301\u0316" * 10 + "ilhelmina", ACCENTS),
    "enclosing marks": ("W" + "\u0489" * 5 + "ilhelmina", ACCENTS),
    "no letter": ("!!!", WORDS),
    "oversized": ("W" * 121, TOO_LONG),
    "very much oversized": ("Wilhelmina " * 2000, TOO_LONG),
}


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "title", "organisation"])
@pytest.mark.parametrize(("typed", "sentence"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_sign_form_refuses_bad_lines_beside_their_field(field, typed, sentence):
    make_organisation("Google", "google.example")

    form = SignForm(make_letter(), form_data(**{field: typed}))

    assert form.errors == {field: [sentence]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": ""}, {"name": [NAMELESS]}),
        ({"name": "  \u00a0 "}, {"name": [NAMELESS]}),
        ({"name": "12345"}, {"name": [NAMELESS]}),
        ({"email": ""}, {"email": [NO_ADDRESS]}),
        ({"email": "   "}, {"email": [NO_ADDRESS]}),
        ({"email": "w.otterbourne"}, {"email": [f"{BAD_ADDRESS} This one has no @."]}),
        ({"email": "w@goo\0gle.example"}, {"email": [NUL_ADDRESS]}),
        ({"email": "w@google.example\r\nBcc: x@google.example"}, {"email": [SPACES]}),
        ({"email": "w@google.example,x@google.example"}, {"email": [SPACES]}),
        ({"email": "w@goo\u202egle.example"}, {"email": [BAD_ADDRESS]}),
        (
            {"email": "w" * 300 + "@google.example"},
            {"email": ["This address is longer than mail allows."]},
        ),
        ({"tenure": "future"}, {"tenure": ["Choose one of the two."]}),
        ({"tenure": "cur\0rent"}, {"tenure": ["Choose one of the two."]}),
        ({"role": "king"}, {"role": ["Choose one of the kinds of work listed."]}),
        ({"appearance": ""}, {"appearance": ["Choose how you appear."]}),
        ({"appearance": "masked"}, {"appearance": ["Choose one of the ways offered."]}),
        ({"appearance": "pledged"}, {"appearance": ["Choose one of the ways offered."]}),
        (
            {"version": "2"},
            {
                "version": [
                    "The letter’s text has changed while you were here. Read it again, then sign."
                ]
            },
        ),
        ({"version": "one"}, {"version": ["Enter a whole number."]}),
        ({"version": "9" * 5000}, {"version": ["Enter a whole number."]}),
        (
            {"name": "", "email": "", "appearance": "masked"},
            {
                "name": [NAMELESS],
                "email": [NO_ADDRESS],
                "appearance": ["Choose one of the ways offered."],
            },
        ),
    ],
)
def test_sign_form_answers_each_mistake_beside_its_field(changes, errors):
    make_organisation("Google", "google.example")

    assert SignForm(make_letter(), form_data(**changes)).errors == errors


@pytest.mark.django_db
def test_sign_form_without_anything_says_what_is_missing():
    assert set(SignForm(make_letter(), {}).errors) == {"name", "email", "appearance"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", "Wilhel\0mina"),
        ("name", "Wilhelmina \u202eenruobrettO"),
        ("name", '"><script>alert("W")</script>'),
        ("name", "W" * 5000),
        ("name", ""),
        ("title", "=cmd|' /C calc'!A0"),
        ("title", "Engineer\ufffd"),
        ("organisation", "W" + "\u0301" * 50),
        ("organisation", "https://google.example/?a=1&b=2"),
        ("email", "w.otterbourne@google"),
        ("email", "Wilhelmina <w@google.example>"),
        ("email", "w@goo\0gle.example"),
        ("role", "king"),
        ("tenure", "future"),
        ("appearance", "masked"),
        ("version", "7"),
    ],
)
def test_sign_page_shows_the_error_and_keeps_what_was_typed(client, field, typed):
    make_organisation("Google", "google.example")
    letter = make_letter()
    data = (
        form_data(version="1", **{field: typed}) if field != "version" else form_data(version=typed)
    )

    page = client.post(f"/letters/{letter.slug}/sign/", data)

    html = page.content.decode()
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    [sentence] = page.context["form"].errors[field]
    summary, _form, after = html.partition("form-layout")
    assert sentence.replace("<", "&lt;").replace(">", "&gt;") in summary
    if field != "version":
        beside = after.partition(f'id="error-{field}"')[2].partition("</div>")[0]
        assert sentence.replace("<", "&lt;").replace(">", "&gt;") in beside
    assert "<script>" not in html
    kept = Fields(after).values
    choices = {"role", "tenure", "appearance"}
    for name, value in data.items():
        if not (name == field and name in choices | {"version"}):
            assert kept[name] == value, name
    assert kept["version"] == "1"
    assert Signature.objects.count() == Verification.objects.count() == 0


@pytest.mark.django_db
def test_sign_page_of_bytes_in_another_encoding_says_that_they_did_not_arrive(client):
    letter = make_letter()
    body = urlencode(form_data(name="Björn Hjärtström"), encoding="latin-1")

    page = client.post(
        f"/letters/{letter.slug}/sign/", body, content_type="application/x-www-form-urlencoded"
    )

    assert page.status_code == 200
    assert page.context["form"].errors == {"name": [UNREADABLE]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-www-form-urlencoded; charset=utf-16", 400),
        ("application/x-www-form-urlencoded; charset=nonsense", 400),
        ("multipart/form-data; boundary=x; charset=utf-16", 400),
        ("multipart/form-data; boundary=x; charset=hex", 400),
        ("multipart/form-data; boundary=x; charset=idna", 400),
        ("multipart/form-data; boundary=x; charset=nonsense", 400),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=\xff", 400),
        # Read as an empty form, or with a name that did not arrive readably.
        ("multipart/form-data; boundary=x; charset=UTF-8", 200),
        ("multipart/form-data; boundary=x", 200),
        ("application/json", 200),
        ("text/plain", 200),
        ("", 200),
    ],
)
def test_sign_page_of_a_strange_content_type_is_answered_in_words(client, content_type, status):
    letter = make_letter()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nBj\xf6rn\r\n'
        b'--x\r\nContent-Disposition: form-data; name="em\xffail"\r\n\r\nb\xff@\r\n--x--\r\n'
    )

    page = client.generic("POST", f"/letters/{letter.slug}/sign/", body, content_type)

    assert page.status_code == status
    assert ("error-summary" in page.content.decode()) == (status == 200)
    assert Signature.objects.count() == 0


@pytest.mark.django_db
def test_sign_page_of_more_than_a_form_can_hold_is_a_bad_request(client):
    letter = make_letter()

    page = client.post(f"/letters/{letter.slug}/sign/", form_data(name="W" * 700_000))

    assert page.status_code == 400
    assert Signature.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "title", "organisation", "email"])
def test_sign_form_reads_endless_accents_in_no_time(field):
    letter = make_letter()
    typed = "w" + "\u0301\u0323" * 20_000 + "@google.example"
    began = time.process_time()

    form = SignForm(letter, form_data(**{field: typed}))

    assert field in form.errors
    assert time.process_time() - began < 1


# Good input ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Wilhelmina \u00a0 Otterbourne ", "Wilhelmina Otterbourne"),
        ("Wilhelmina\u3000Otterbourne", "Wilhelmina Otterbourne"),
        ("Bjo\u0308rn", "Björn"),
        ("Jean-Luc O’Neill", "Jean-Luc O’Neill"),
        ("Nguyễn Thị Hạnh", "Nguyễn Thị Hạnh"),
        ("李小龙", "李小龙"),
        ("محمد علي", "محمد علي"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("辻\U000e0100 花子", "辻\U000e0100 花子"),
        ("བསྒྲུབས", "བསྒྲུབས"),
        ("ที่รัก", "ที่รัก"),
        ("X Æ A-12", "X Æ A-12"),
        ("W" * 120, "W" * 120),
        ("W" * 119 + "o\u0308", "W" * 119 + "ö"),
        ("Otterbourne & Söhne (50 %)", "Otterbourne & Söhne (50 %)"),
    ],
)
def test_sign_form_keeps_names_of_all_scripts(typed, kept):
    form = SignForm(make_letter(), form_data(name=typed, title=typed, organisation=typed))

    assert form.errors == {}
    assert (form.entry.name, form.entry.title) == (kept, kept)
    assert form.affiliation.organisation_text == kept


@given(st.text(max_size=130))
def test_plain_text_once_clean_stays_as_it_is(typed):
    field = SignForm.base_fields["title"]

    try:
        kept = field.clean(typed)
    except Exception as refusal:
        assert type(refusal).__name__ == "ValidationError"
        return

    assert field.clean(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert not any(unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") for c in kept)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["Wilhelmina Otterbourne", "<script>", "W\0", "W" * 5000])
def test_sign_form_for_an_anonymous_entry_drops_name_and_title_whatever_they_are(typed):
    google = make_organisation("Google", "google.example")

    form = SignForm(make_letter(), form_data(appearance="anonymous", name=typed, title=typed))

    assert form.errors == {}
    assert (form.entry.name, form.entry.title, form.entry.role) == ("", "", "research")
    assert form.affiliation.organisation == google


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        (
            {"organisation": ""},
            "organisation",
            "Say where you work: an anonymous signature rests on a verified organisation.",
        ),
        (
            {"tenure": "former"},
            "tenure",
            "A work address proves that you work there now. To say that you used to, sign by name.",
        ),
        (
            {"organisation": "Meta"},
            "organisation",
            "Your address proves Google. Write that here to sign anonymously, or sign by name.",
        ),
        (
            {"organisation": "Orrery Labs", "email": "w@gmail.com"},
            "organisation",
            "We do not know the mail domain of this organisation yet, so nothing can prove it. "
            "You can sign by name; the line will say “not verified”.",
        ),
        (
            {"email": "w@gmail.com"},
            "email",
            "This address does not prove that you work at Google. To sign anonymously, use your "
            "address at its own mail domain; or sign by name, and the line will say “not "
            "verified”.",
        ),
    ],
)
def test_sign_form_says_what_an_anonymous_entry_lacks(changes, field, sentence):
    make_organisation("Google", "google.example")
    make_organisation("Meta", "meta.example")

    form = SignForm(make_letter(), form_data(appearance="anonymous", **changes))

    assert form.errors == {field: [sentence]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "is_accepted"),
    [
        ({}, True),
        ({"email": "w@gmail.com"}, False),
        ({"tenure": "former"}, False),
        ({"organisation": ""}, False),
    ],
)
def test_sign_form_of_a_letter_for_verified_affiliations_only(changes, is_accepted):
    make_organisation("Google", "google.example")
    letter = make_letter(accepts_unverified=False)

    form = SignForm(letter, form_data(**changes))

    sentence = (
        "This letter takes verified affiliations only: use an address at the mail domain of the "
        "organisation you name."
    )
    assert form.errors == ({} if is_accepted else {"email": [sentence]})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("allows", "offered"),
    [
        ({}, ["named", "anonymous"]),
        ({"allows_anonymous": False}, ["named"]),
        ({"allows_named": False}, ["anonymous"]),
    ],
)
def test_sign_form_offers_the_appearances_of_the_letter(allows, offered):
    make_organisation("Google", "google.example")
    letter = make_letter(**allows)

    assert [value for value, _label in SignForm(letter).fields["appearance"].choices] == offered
    for appearance in ("named", "anonymous"):
        form = SignForm(letter, form_data(appearance=appearance))
        assert form.is_valid() == (appearance in offered)


@pytest.mark.django_db
def test_sign_form_takes_current_for_granted_where_no_tenure_is_chosen():
    make_organisation("Google", "google.example")
    data = form_data(appearance="anonymous")
    del data["tenure"]

    form = SignForm(make_letter(), data)

    assert form.errors == {}
    assert form.affiliation.tenure == "current"


# The other forms -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "12345678",
        "1234 5678",
        " 1234-5678 ",
        "1234–5678",
        "12.34.56.78",
        "1 2 3 4 5 6 7 8",
        "１２３４５６７８",
        "١٢٣٤٥٦٧٨",
        "१२३४५६७८",
    ],
)
def test_code_form_reads_eight_digits_in_any_script(typed):
    form = CodeForm({"code": typed})

    assert form.errors == {}
    assert form.cleaned_data["code"] == "12345678"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the eight digits from the message."),
        ("1234567", "The code has eight digits."),
        ("123456789", "The code has eight digits."),
        ("1234567a", "The code has eight digits."),
        ("1234567½", "The code has eight digits."),
        ("1" * 5000, "The code has eight digits."),
        ("<script>", "The code has eight digits."),
        ("1234\x005678", "Null characters are not allowed."),
        ("1234\r\n567", "The code has eight digits."),
        ("\u202e12345678", "The code has eight digits."),
    ],
)
def test_code_form_refuses_what_is_no_code(typed, sentence):
    assert CodeForm({"code": typed}).errors == {"code": [sentence]}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", NO_ADDRESS),
        ("w", f"{BAD_ADDRESS} This one has no @."),
        ("w@google.example\nBcc: x@google.example", SPACES),
        ("w@goo\0gle.example", NUL_ADDRESS),
    ],
)
def test_find_form_refuses_what_is_no_address(typed, sentence):
    assert FindForm({"email": typed}).errors == {"email": [sentence]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "organisation", "q", "after"),
    [
        ({}, "", "", ""),
        ({"organisation": "GOOGLE", "q": " otter ", "after": "b"}, "GOOGLE", "otter", "b"),
        ({"organisation": "nobody", "q": "otter"}, "", "otter", ""),
        ({"organisation": "\0", "q": "\0", "after": "\0"}, "", "", ""),
        ({"q": "x" * 121, "after": "x" * 201}, "", "", ""),
        ({"q": "Bjo\u0308rn"}, "", "Björn", ""),
    ],
)
def test_roll_form_takes_what_cannot_be_read_for_not_asked(data, organisation, q, after):
    google = make_organisation("Google")
    in_slug = lambda text: text.replace("GOOGLE", google.slug)  # noqa: E731

    form = RollForm([google], {name: in_slug(value) for name, value in data.items()})
    form.is_valid()

    wishes = [form.wish(name) for name in ("organisation", "q", "after")]
    assert wishes == [in_slug(organisation), q, after]


# Completing names -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_completions_are_options_that_show_by_which_spelling_they_were_found(client):
    meta = make_organisation("Meta <b>")
    OrganisationAlias.objects.create(organisation=meta, name="Facebook")

    by_name = client.get("/organisations/", {"organisation": "meta"})
    by_alias = client.get("/organisations/", {"organisation": "face"})

    assert by_name.content.decode().strip() == '<option value="Meta &lt;b&gt;"></option>'
    assert by_alias.content.decode().strip() == (
        '<option value="Meta &lt;b&gt;" label="Meta &lt;b&gt; (Facebook)"></option>'
    )
    assert not by_name.cookies
    assert client.get("/organisations/").content.strip() == b""
    assert client.get("/organisations/", {"organisation": "a\0b" * 200}).status_code == 200


@pytest.mark.django_db
def test_too_many_completions_are_refused(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "suggest:network": "1/h"}
    client.get("/organisations/", {"organisation": "meta"})

    assert client.get("/organisations/", {"organisation": "meta"}).status_code == 429
