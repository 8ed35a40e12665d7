"""The moderators' room. Alice owns, Bob moderates, Charlie is nobody."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format

from config import crypto
from letters.models import (
    AuditEntry,
    Membership,
    Role,
)
from signatories.actions import own
from signatories.admin import SignatureAdmin
from signatories.checks.names import kept
from signatories.models import (
    Departure,
    LetterKey,
    Method,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.admin_pages import (
    LIST,
    NOBODY,
    count_queries,
    entry_page,
    listed,
    make_host,
    make_moderator,
    text_of,
)
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

# What stands in the list ---------------------------------------------------------------------


def test_list_without_a_filter_shows_what_is_in_review(client):
    letter = make_letter()
    waiting = make_signature(letter, name="Wanda Waiting")
    make_signature(letter, name="Petra Published", state=State.PUBLISHED)
    make_signature(letter, name="Rita Rejected", state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST)

    assert listed(page) == [waiting.pk]
    assert "Wanda Waiting" in text_of(page)


def test_list_by_state_shows_that_state(client):
    letter = make_letter()
    make_signature(letter, name="Wanda Waiting")
    make_signature(letter, name="Petra Published", state=State.PUBLISHED)
    make_signature(letter, name="Rita Rejected", state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    for state, names in {
        "in_review": {"Wanda Waiting"},
        "published": {"Petra Published"},
        "rejected": {"Rita Rejected"},
        "all": {"Wanda Waiting", "Petra Published", "Rita Rejected"},
    }.items():
        page = client.get(LIST, {"state": state})
        assert {row.name for row in page.context["cl"].result_list} == names


def test_list_of_all_leaves_out_what_moderators_must_not_see(client):
    letter = make_letter()
    organisation = make_organisation("Orrery Labs")
    make_signature(letter, name="Ursula Unconfirmed", state=State.UNCONFIRMED)
    make_signature(letter, name="Dora Duplicate", state=State.DUPLICATE)
    make_anonymous(letter, organisation)
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST, {"state": "all"})

    assert listed(page) == []


def test_anonymous_line_that_is_withdrawn_looks_the_same_until_the_batch(client):
    letter = make_letter()
    line = make_anonymous(
        letter,
        make_organisation("Orrery Labs"),
        state=State.PUBLISHED,
        published_on=timezone.localdate(),
        roll_key="here",
        manage_digest=crypto.digest("manage", "t" * 43),
    )
    client.force_login(make_moderator("bob", letter))
    pages = [(LIST, {"state": "published"}), (LIST, {"state": "all"}), (entry_page(line), {})]
    before = [without_tokens(client.get(*page)) for page in pages]

    own.withdraw(token="t" * 43)

    assert Signature.objects.get().state == State.WITHDRAWN
    assert [without_tokens(client.get(*page)) for page in pages] == before
    decided = {"decision": "reject", "reason": "not_a_person", "seen": "published"}
    assert client.post(entry_page(line), decided).status_code == 302
    assert Signature.objects.get().state == State.WITHDRAWN
    assert AuditEntry.objects.filter(verb="signature.rejected").count() == 1


def without_tokens(page):
    assert page.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())


def test_list_shows_entries_of_own_letters_only(client):
    own, foreign = make_letter(title="Own"), make_letter(title="Foreign")
    mine = make_signature(own)
    make_signature(foreign, name="Fanny Foreign")
    client.force_login(make_moderator("bob", own))

    page = client.get(LIST, {"state": "all"})

    assert listed(page) == [mine.pk]
    assert "Foreign" not in text_of(page)


def test_list_of_a_host_shows_every_letter(client):
    one, other = make_signature(make_letter()), make_signature(make_letter())
    client.force_login(make_host())

    page = client.get(LIST)

    assert set(listed(page)) == {one.pk, other.pk}


def test_list_for_an_owner_shows_the_letter_and_for_an_editor_nothing(client):
    letter = make_letter()
    entry = make_signature(letter)

    client.force_login(make_moderator("alice", letter, Role.OWNER))
    assert listed(client.get(LIST)) == [entry.pk]
    client.force_login(make_moderator("eve", letter, Role.EDITOR))
    assert client.get(LIST).status_code == 403


def test_pages_for_staff_without_a_letter_are_forbidden(client):
    entry = make_signature(make_letter())
    client.force_login(make_user("charlie", is_staff=True))

    for path in (LIST, entry_page(entry), f"{LIST}{NOBODY}/change/", "/admin/signatories/"):
        assert client.get(path).status_code in (403, 404)
        assert client.post(path, {"decision": "approve"}).status_code in (403, 404)


def test_list_for_members_who_are_not_staff_asks_to_log_in(client):
    letter = make_letter()
    charlie = make_user("charlie")
    Membership.objects.create(letter=letter, user=charlie, role=Role.MODERATOR)
    client.force_login(charlie)

    page = client.get(LIST)

    assert page.status_code == 302
    assert page.url.startswith("/admin/login/")


def test_list_shows_line_letter_method_state_and_whole_days(client):
    letter = make_letter(title="Pick up the phone")
    make_signature(
        letter,
        name="Wanda Waiting",
        title="Archivist",
        organisation_text="Moonlight Ltd",
        tenure="former",
        confirmed_on=timezone.localdate() - timedelta(days=3),
    )
    client.force_login(make_moderator("bob", letter))

    row = re.search(r"<tbody>.*?</tbody>", client.get(LIST).content.decode(), re.S)[0]

    words = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    assert words == (
        "Wanda Waiting Archivist, says formerly Moonlight Ltd; not verified Pick up the phone · "
        "– address confirmed, affiliation not verified · 3 days Approve Reject… Set aside Open"
    )


def test_list_tells_no_days_of_what_is_decided(client):
    letter = make_letter()
    confirmed_on = timezone.localdate() - timedelta(days=9)
    entry = hidden_line(letter, confirmed_on=confirmed_on)
    make_signature(letter, state=State.REJECTED, confirmed_on=confirmed_on)
    client.force_login(make_moderator("bob", letter))

    for path in (f"{LIST}?state=all", entry_page(entry)):
        words = text_of(client.get(path))
        assert "9 days" not in words
        assert date_format(confirmed_on) not in words


def test_list_says_aloud_which_line_a_box_selects(client):
    letter = make_letter()
    entry = make_signature(letter, title="Archivist")
    client.force_login(make_moderator("bob", letter))

    content = client.get(LIST).content.decode()

    assert 'aria-label="Select: Wilhelmina Otterbourne, Archivist"' in content
    assert content.count(f'value="{entry.pk}"') == 1


def test_list_puts_what_waits_longest_first(client):
    letter = make_letter()
    today = timezone.localdate()
    young = make_signature(letter, name="Abel Young", confirmed_on=today)
    old = make_signature(letter, name="Zoe Old", confirmed_on=today - timedelta(days=9))
    published = make_signature(letter, state=State.PUBLISHED, confirmed_on=today - timedelta(30))
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST, {"state": "all"})

    assert listed(page) == [old.pk, young.pk, published.pk]


def test_list_escapes_what_people_wrote(client):
    letter = make_letter()
    entry = make_signature(letter, name="<b>Bold</b>", title="<script>alert(1)</script>")
    client.force_login(make_moderator("bob", letter))

    for page in (client.get(LIST), client.get(entry_page(entry))):
        content = page.content.decode()
        assert "&lt;b&gt;Bold&lt;/b&gt;" in content
        assert "<b>Bold" not in content
        assert "<script>alert" not in content


def test_list_asks_as_many_queries_for_three_rows_as_for_one(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    def add_rows(number):
        organisation = make_organisation(f"Organisation {number}")
        make_signature(letter, organisation=organisation, method=Method.MAILBOX)
        make_anonymous(letter, organisation, state=State.PUBLISHED, shown_organisation=organisation)

    add_rows(1)
    with_one = count_queries(client, f"{LIST}?state=all")
    add_rows(2)
    add_rows(3)

    assert count_queries(client, f"{LIST}?state=all") == with_one


def test_list_is_paged(client):
    letter = make_letter()
    for _each in range(SignatureAdmin.list_per_page + 1):
        make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    assert len(listed(client.get(LIST))) == SignatureAdmin.list_per_page
    assert len(listed(client.get(LIST, {"p": 2}))) == 1


def test_list_with_nothing_in_review_says_so(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST)

    assert "Nothing is waiting for you here." in text_of(page)
    assert "Approve selected" not in text_of(page)


@pytest.mark.parametrize(
    "query",
    [
        {"appearance": "anonymous"},
        {"method": "shown"},
        {"risk": "against"},
        {"aside": "only"},
        {"age": "7"},
        {"flag": "joke"},
        {"organisation": "orrery-labs"},
        {"state": "rejected"},
        {"q": "xylophone", "state": "all"},
    ],
)
def test_list_that_leaves_out_what_waits_does_not_say_that_all_is_decided(client, query):
    letter = make_letter()
    make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST, query)

    assert listed(page) == []
    assert "No entry matches. Show everything to decide" in text_of(page)
    assert "Every entry has been decided" not in text_of(page)


@pytest.mark.parametrize("query", [{"state": "to_decide"}, {"order": "against"}, {"letter": "own"}])
def test_list_that_leaves_out_nothing_says_that_all_is_decided(client, query):
    letter = make_letter(slug="own")
    client.force_login(make_moderator("bob", letter))

    assert "Every entry has been decided." in text_of(client.get(LIST, query))


def test_empty_list_says_what_is_set_aside(client):
    letter = make_letter()
    make_signature(letter, set_aside_on=timezone.localdate())
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST)

    assert "Nothing is waiting for you here. 1 entry is set aside" in text_of(page)
    assert "Every entry has been decided" not in text_of(page)
    assert listed(client.get(page.context["aside_url"])) == [Signature.objects.get().pk]


# Filters and search --------------------------------------------------------------------------


def test_filter_by_state_offers_six_choices_with_one_chosen(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    def offered(**query):
        changelist = client.get(LIST, query).context["cl"]
        choices = list(changelist.filter_specs[0].choices(changelist))
        return [(str(c["display"]), c["selected"]) for c in choices]

    states = [
        "to decide",
        "in review",
        "approved, waits for the next batch",
        "published",
        "rejected",
        "all",
    ]
    assert offered() == [(state, state == "to decide") for state in states]
    assert offered(state="all") == [(state, state == "all") for state in states]


def test_filter_by_letter_offers_own_letters_only(client):
    one, two, foreign = make_letter(), make_letter(), make_letter(title="Foreign")
    bob = make_moderator("bob", one)
    Membership.objects.create(letter=two, user=bob, role=Role.MODERATOR)
    make_signature(one)
    entry = make_signature(two)
    make_signature(foreign)
    client.force_login(bob)

    assert listed(client.get(LIST, {"letter": two.slug})) == [entry.pk]
    refused = client.get(LIST, {"letter": foreign.slug})
    assert (refused.status_code, refused.url) == (302, f"{LIST}?e=1")


def test_filter_by_appearance_and_method_finds_those(client):
    letter = make_letter()
    organisation = make_organisation("Orrery Labs")
    unverified = make_signature(letter)
    verified = make_signature(letter, organisation=organisation, method=Method.MAILBOX)
    anonymous = make_anonymous(letter, organisation, state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))

    assert listed(client.get(LIST, {"method": "none"})) == [unverified.pk]
    assert listed(client.get(LIST, {"method": "mailbox"})) == [verified.pk]
    found = client.get(LIST, {"state": "all", "appearance": "anonymous"})
    assert listed(found) == [anonymous.pk]


def test_filter_by_an_unknown_value_falls_back_to_the_queue(client):
    letter = make_letter()
    for _each in range(SignatureAdmin.list_per_page + 1):
        make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for query in ("state=no", "appearance=no", "method=no", "letter=%00", "p=0"):
        page = client.get(f"{LIST}?{query}")
        assert (page.status_code, page.url) == (302, f"{LIST}?e=1")


def test_search_finds_what_somebody_wrote(client):
    letter = make_letter()
    entry = make_signature(letter, title="Archivist", organisation_text="Moonlight Ltd")
    make_signature(letter, name="Somebody Else")
    client.force_login(make_moderator("bob", letter))

    for query in ("Otter", "archivist", "Moonlight", "otterbourne moon", "  Wilhelmina  "):
        assert listed(client.get(LIST, {"q": query})) == [entry.pk]


def test_search_knows_the_letters_of_all_languages(client):
    letter = make_letter()
    name = "Élodie Šimek"
    entry = make_signature(letter, name=name, name_key=kept(name), title="Ärztin")
    make_signature(letter, name="Somebody Else", name_key=kept("Somebody Else"))
    client.force_login(make_moderator("bob", letter))

    for query in ("élodie", "elodie", "ŠIMEK", "simek Elodie", "ärztin"):
        assert listed(client.get(LIST, {"q": query})) == [entry.pk]


def test_search_finds_the_organisation_of_named_lines_only(client):
    letter = make_letter()
    organisation = make_organisation("Moonlight Works")
    named = make_signature(letter, organisation=organisation, method=Method.MAILBOX)
    make_anonymous(letter, organisation, state=State.PUBLISHED)
    make_anonymous(letter, organisation, state=State.IN_REVIEW)
    make_anonymous(letter, organisation, state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    assert listed(client.get(LIST, {"q": "moonlight", "state": "all"})) == [named.pk]


def test_search_for_odd_words_answers(client):
    letter = make_letter()
    make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for query in ("%00", "%27%22", "word+" * 300, "%25", "a" * 3000):
        assert client.get(f"{LIST}?q={query}").status_code == 200


# Small groups --------------------------------------------------------------------------------


def hidden_line(letter, **fields):
    """An anonymous line on the roll whose organisation has too few to show."""
    organisation = make_organisation("Moonlight Works", headcount_band="")
    fields = {"state": State.PUBLISHED, "role": "leadership", **fields}
    return make_anonymous(letter, organisation, **fields)


def test_pages_of_a_hidden_anonymous_line_do_not_name_its_organisation(client):
    letter = make_letter()
    entry = hidden_line(letter)
    client.force_login(make_moderator("bob", letter))

    pages = [
        client.get(LIST, {"state": "all"}),
        client.get(entry_page(entry)),
        client.post(
            f"{LIST}?state=all",
            {"action": "reject_selected", "index": 0, "_selected_action": str(entry.pk)},
        ),
    ]

    for page in pages:
        assert page.status_code == 200
        assert "Verified employee of an organisation not shown" in text_of(page)
        assert "Moonlight" not in page.content.decode()
        assert "Leadership" not in page.content.decode()


def test_pages_of_an_anonymous_line_off_the_roll_do_not_name_its_organisation(client):
    letter = make_letter()
    in_review = hidden_line(letter, state=State.IN_REVIEW)
    rejected = make_anonymous(letter, in_review.organisation, state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    for path in (f"{LIST}?state=all", entry_page(in_review), entry_page(rejected)):
        page = client.get(path)
        assert "organisation not shown" in text_of(page)
        assert "Moonlight" not in page.content.decode()


def test_page_of_a_shown_anonymous_line_shows_what_the_roll_shows(client):
    letter = make_letter()
    entry = hidden_line(letter)
    entry.shown_organisation = entry.organisation
    entry.save(update_fields=["shown_organisation"])
    client.force_login(make_moderator("bob", letter))

    page = client.get(entry_page(entry))

    assert "Anonymous Verified employee, Moonlight Works" in text_of(page)
    assert "Leadership" not in page.content.decode()


NOT_OFFERED = [
    "organisation__id__exact={organisation}",
    "organisation__name__startswith=M",
    "organisation__isnull=1",
    "shown_organisation__isnull=1",
    "role=leadership",
    "tenure__exact=current",
    "state__exact=published",
    "letter__id__exact={letter}",
    "letter__signatures__organisation={organisation}",
    "id={entry}",
    "pk={entry}",
    "roll_key__gte=a",
    "address_digest__startswith=a",
    "manage_digest__isnull=0",
    "verification__isnull=0",
    "confirmed_on__gte=2020-01-01",
    "submitted_on__year=2026",
    "_to_field=manage_digest",
    "_to_field=id",
]


def test_list_asked_for_what_it_does_not_offer_refuses(client):
    letter = make_letter()
    entry = hidden_line(letter)
    ids = {"organisation": entry.organisation_id, "letter": letter.pk, "entry": entry.pk}
    client.force_login(make_moderator("bob", letter))

    for lookup in NOT_OFFERED:
        page = client.get(f"{LIST}?state=all&{lookup.format(**ids)}")
        assert (lookup, page.status_code) == (lookup, 400)


def test_other_lists_asked_about_a_signature_refuse(client):
    letter = make_letter()
    entry = hidden_line(letter)
    client.force_login(make_host())

    for relation in ("organisation/?signatures", "letter/?signatures", "auditentry/?letter__id"):
        for lookup in ("", "__id", "__id__exact", "__isnull"):
            path = f"/admin/letters/{relation}{lookup}={entry.pk}"
            assert (path, client.get(path).status_code) == (path, 400)


def test_list_cannot_be_put_into_another_order(client):
    letter = make_letter()
    for name in ("Zebra Works", "Anchor Works", "Moonlight Works"):
        make_anonymous(letter, make_organisation(name), state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))
    by_place = list(Signature.objects.order_by("roll_key").values_list("pk", flat=True))

    for column in range(-8, 9):
        assert listed(client.get(LIST, {"state": "all", "o": column})) == by_place


def test_list_of_anonymous_lines_is_not_ordered_by_day(client):
    letter = make_letter()
    organisation = make_organisation("Orrery Labs")
    for days, place in [(1, "a"), (3, "b"), (2, "c"), (9, "d")]:
        make_anonymous(
            letter,
            organisation,
            state=State.PUBLISHED,
            confirmed_on=timezone.localdate() - timedelta(days=days),
            roll_key=place,
        )
    client.force_login(make_moderator("bob", letter))

    rows = client.get(LIST, {"state": "all"}).context["cl"].result_list

    assert list(rows.values_list("roll_key", flat=True)) == ["a", "b", "c", "d"]


def test_list_facets_and_autocomplete_tell_nothing_about_organisations(client):
    letter = make_letter()
    hidden_line(letter)
    client.force_login(make_moderator("bob", letter))

    assert "Moonlight" not in client.get(f"{LIST}?state=all&_facets").content.decode()
    for source, field in [("verification", "signature"), ("signature", "organisation")]:
        query = f"app_label=signatories&model_name={source}&field_name={field}&term=moonlight"
        assert client.get(f"/admin/autocomplete/?{query}").status_code == 403


# No secrets ------------------------------------------------------------------------------------


def test_pages_hold_no_address_digest_or_place(client):
    letter = make_letter()
    secrets = {
        "address_digest": "a1" * 32,
        "manage_digest": "b2" * 32,
        "roll_key": "placeonroll zzyzx",
    }
    entry = make_signature(letter, state=State.PUBLISHED, **secrets)
    pending = make_signature(letter, state=State.UNCONFIRMED, name="Ursula Unconfirmed")
    Verification.objects.create(
        purpose="sign",
        signature=pending,
        address=b"ciphertext-of-an-address",
        key_name="2026-01-01.named",
        is_private=True,
        page_digest="c3" * 32,
        button_digest="d4" * 32,
        code_digest="e5" * 32,
        sent_at=timezone.now(),
        erase_after=timezone.now(),
    )
    UsedAddress.objects.create(letter=letter, digest="f6" * 32)
    client.force_login(make_host())
    ticked = {"action": "reject_selected", "index": 0, "_selected_action": str(entry.pk)}

    pages = [
        client.get(LIST, {"state": "all"}),
        client.get(entry_page(entry)),
        client.post(f"{LIST}?state=all", ticked),
        client.post(entry_page(entry), {"decision": "reject", "seen": "published", "reason": ""}),
        client.get("/admin/"),
        client.get("/admin/letters/auditentry/"),
    ]

    planted = [*secrets.values(), "c3c3c3", "d4d4d4", "e5e5e5", "f6f6f6", "ciphertext", "Ursula"]
    for page in pages:
        content = page.content.decode()
        assert page.status_code == 200
        assert [secret for secret in planted if secret in content] == []


def test_pages_show_nothing_finer_than_a_day(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for page in (client.get(LIST), client.get(entry_page(entry))):
        assert re.findall(r"\d\d?:\d\d|\d\d?\s?[ap]\.?m\.?\b", text_of(page)) == []


def test_pages_are_never_stored(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for page in (client.get(LIST), client.get(entry_page(entry))):
        assert "no-store" in page["Cache-Control"]


def test_pages_contain_no_inline_code(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_host())
    ticked = {"action": "reject_selected", "index": 0, "_selected_action": str(entry.pk)}

    for page in (
        client.get("/admin/"),
        client.get(LIST),
        client.get(LIST, {"state": "published"}),
        client.get(entry_page(entry)),
        client.post(LIST, ticked),
    ):
        content = page.content.decode()
        assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=", content) == []


def test_signatures_cannot_be_added_deleted_or_traced(client):
    entry = make_signature(make_letter())
    client.force_login(make_host())

    for path in ("add", f"{entry.pk}/delete", f"{entry.pk}/history", f"{entry.pk}", "export"):
        assert client.get(f"{LIST}{path}/").status_code == 404
        assert client.post(f"{LIST}{path}/", {"post": "yes"}).status_code == 404
    assert Signature.objects.count() == 1


def test_signatures_are_not_deleted_by_django_s_own_action(client):
    entry = make_signature(make_letter())
    client.force_login(make_host())
    ticked = {"_selected_action": str(entry.pk), "action": "delete_selected", "post": "yes"}

    client.post(LIST, {**ticked, "index": 0})
    client.post(LIST, ticked)

    assert Signature.objects.count() == 1


def test_private_tables_are_out_of_reach():
    for model in (Verification, UsedAddress, LetterKey, Tally, Departure):
        assert not admin.site.is_registered(model)


# The index ----------------------------------------------------------------------------------


def test_index_counts_what_waits_for_the_moderator_s_letters(client):
    own = make_letter(title="Own letter")
    quiet = make_letter(title="Quiet letter")
    foreign = make_letter(title="Foreign letter")
    bob = make_moderator("bob", own)
    Membership.objects.create(letter=quiet, user=bob, role=Role.OWNER)
    make_signature(own)
    make_signature(own)
    make_signature(own, state=State.PUBLISHED)
    make_signature(foreign)
    client.force_login(bob)

    page = client.get("/admin/")

    words = text_of(page)
    assert "Own letter 2 nothing speaks against it 2 entries wait Quiet letter" in words
    assert "Quiet letter nothing waits" in words
    assert "Foreign letter" not in words
    assert f"{LIST}?letter={own.slug}" in page.content.decode()


def test_index_asks_as_many_queries_for_three_letters_as_for_one(client):
    client.force_login(make_host())
    make_signature(make_letter())
    with_one = count_queries(client, "/admin/")
    make_signature(make_letter())
    make_signature(make_letter())

    assert count_queries(client, "/admin/") == with_one


def test_index_for_staff_without_a_letter_is_empty(client):
    make_signature(make_letter(title="Foreign letter"))
    client.force_login(make_user("charlie", is_staff=True))

    page = client.get("/admin/")

    assert page.context["app_list"] == []
    assert "You are on no letter’s team yet." in text_of(page)
    assert "Foreign letter" not in text_of(page)
