"""Deciding by a rule, on the moderators' pages. Alice owns, Bob moderates, Charlie is nobody."""

import pytest
from django.urls import reverse

from letters.models import Membership, Role
from signatories.actions import bulk
from signatories.admin import bulk as admin_bulk
from signatories.bulk_rule import Rule
from signatories.models import BulkDecision, BulkState, Flag, Method, State
from tests.admin_pages import LIST, NOBODY, count_queries, make_moderator, messages_of, text_of
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db
NEW = f"{LIST}bulk/new/"
ALL = f"{LIST}bulk/"


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def bob(client, letter):
    bob = make_moderator("bob", letter)
    client.force_login(bob)
    return bob


def asked(**fields):
    return {"letter": "library", "state": "waiting", "decision": "approve", **fields}


def page_of(work):
    return reverse("admin:signatories_bulk_one", args=[work.pk])


def previewed(client, **fields):
    answer = client.post(NEW, asked(**fields))
    work = BulkDecision.objects.get()
    assert answer["Location"] == page_of(work)
    return work


def finish(work):
    while bulk.go_on(bulk_id=str(work.pk)):
        pass
    work.refresh_from_db()
    return work


def decided(letter, actor, decision="approve", **fields):
    work = bulk.preview(letter=letter, rule=Rule(), decision=decision, actor=actor, **fields)
    bulk.start(bulk=work, actor=actor)
    return finish(work)


# The form -------------------------------------------------------------------------------------


def test_list_of_entries_leads_to_the_form_with_its_letter(client, bob):
    page = client.get(LIST, {"letter": "library"}).content.decode()

    assert f'href="{NEW}?letter=library"' in page
    form = client.get(NEW, {"letter": "library"}).context["form"]
    assert form["letter"].value() == "library"


def test_form_offers_own_letters_that_can_be_decided(client, letter, bob):
    make_letter(slug="foreign")
    for status in ("draft", "sealed", "closed"):
        other = make_letter(slug=status, status=status)
        Membership.objects.create(letter=other, user=bob, role=Role.MODERATOR)

    form = client.get(NEW).context["form"]

    offered = [slug for slug, _title in form.fields["letter"].choices]
    assert set(offered) == {"", "library", "closed"}


def test_form_of_another_letter_previews_nothing(client, bob):
    make_letter(slug="foreign")

    page = client.post(NEW, asked(letter="foreign"))

    assert "letter" in page.context["form"].errors
    assert not BulkDecision.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"letter": ""}, "letter"),
        ({"decision": ""}, "decision"),
        ({"decision": "restore"}, "decision"),
        ({"decision": "reject"}, "reason"),
        ({"name": "a*b*c*d*e*f*"}, "name"),
        ({"confirmed_from": "2026-01-20", "confirmed_to": "2026-01-19"}, "confirmed_to"),
        ({"confirmed_from": "yesterday"}, "confirmed_from"),
        ({"appearance": "anonymous", "organisation": "Google"}, "appearance"),
        ({"flag": "gossip"}, "flag"),
        ({"state": "published"}, "state"),
        ({"note": "x" * 301}, "note"),
    ],
)
def test_form_says_what_is_wrong_and_keeps_what_was_typed(client, bob, fields, field):
    page = client.post(NEW, asked(title="*ballerina*", **fields))

    form = page.context["form"]
    assert list(form.errors) == [field]
    assert form["title"].value() == "*ballerina*"
    assert not BulkDecision.objects.exists()


# The preview ----------------------------------------------------------------------------------


def test_preview_of_more_than_a_sample_shows_what_most_speaks_against_first(client, letter, bob):
    for number in range(admin_bulk.SAMPLE + admin_bulk.RISKIEST):
        make_signature(letter, name=f"Person {number}", risk=number)
    work = previewed(client, decision="reject", reason="abuse")

    page = client.get(page_of(work))

    risks = [row["signature"].risk for row in page.context["riskiest"]]
    highest = admin_bulk.SAMPLE + admin_bulk.RISKIEST - 1
    assert risks == list(range(highest, highest - admin_bulk.RISKIEST, -1))
    assert len(page.context["sample"]) == admin_bulk.SAMPLE
    assert "What most speaks against" in text_of(page)


def test_preview_shows_lines_flags_and_warnings(client, letter, bob):
    google = make_organisation("Google")
    make_signature(letter, name="Ada Lovelace", organisation=google, method=Method.MAILBOX)
    mouse = make_signature(letter, name="Mickey Mouse", risk=60)
    Flag.objects.create(signature=mouse, kind="joke", detail="mouse")
    work = previewed(client, decision="reject", reason="abuse", note="Not here.")

    words = text_of(client.get(page_of(work)))

    assert "It means 2 entries" in words
    assert "1 of them has a flag." in words
    assert "1 of them has a verified affiliation." in words
    assert "The rule asks for nothing" in words
    work.rule = {"name": "*"}
    work.save()
    assert "The rule asks for nothing" in text_of(client.get(page_of(work)))
    assert "“mouse” is on the letter’s list of jokes." in words
    assert "Reject 2 entries" in words
    assert words.count("Mickey Mouse") == 1  # All of them are shown, each once.
    assert words.index("Mickey Mouse") < words.index("Ada Lovelace")


def test_preview_warns_of_what_is_skipped_and_left_out(client, letter, bob):
    mayor = make_signature(letter, name="The Mayor")
    Flag.objects.create(signature=mayor, kind="recipient", detail="The Mayor")
    make_signature(letter, name="Ada", needs_check=True)

    words = text_of(client.get(page_of(previewed(client))))

    assert "It means 1 entry" in words
    assert "1 bears the name of a well-known person or of a recipient, and is skipped" in words
    assert "1 more is left out, because its words have not been compared" in words


def test_preview_shows_a_sample_of_many(client, letter, bob):
    for n in range(23):
        make_signature(letter, name=f"Person {n}")
    work = previewed(client)

    page = client.get(page_of(work))

    assert len(page.context["sample"]) == 20
    assert "20 of them, drawn by lot" in text_of(page)


def test_preview_shows_no_organisation_behind_an_anonymous_line(client, letter, bob):
    make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)

    words = text_of(client.get(page_of(previewed(client))))

    assert "1 has no name." in words
    assert "Google" not in words


def test_preview_that_means_nothing_offers_no_decision(client, letter, bob):
    work = previewed(client, name="nobody")

    page = client.get(page_of(work))

    assert "No entry matches." in text_of(page)
    assert 'value="start"' not in page.content.decode()


def test_preview_asks_as_many_queries_for_three_as_for_one(client, letter, bob):
    def preview_of(rule):
        made = bulk.preview(letter=letter, rule=rule, decision="reject", actor=bob, reason="abuse")
        return page_of(made)

    google = make_organisation("Google")

    def flagged(name, like=None):
        entry = make_signature(letter, name=name, risk=30, organisation=google)
        Flag.objects.create(signature=entry, kind="same_name", other=like)
        return entry

    ada = flagged("Ada")
    flagged("Ada", like=ada)
    before = count_queries(client, preview_of(Rule()))
    for _each in range(2):
        flagged("Ada", like=ada)

    assert count_queries(client, preview_of(Rule())) == before


# Deciding and taking back ---------------------------------------------------------------------


def test_confirming_decides_and_the_page_says_how_many(client, letter, bob):
    make_signature(letter, name="Ada")
    work = previewed(client)

    answer = client.post(page_of(work), {"do": "start"})

    assert answer["Location"] == page_of(work)
    waiting = text_of(client.get(page_of(work)))
    assert "0 of 1 entries are dealt with." in waiting
    assert "Stop here" in waiting
    finish(work)
    words = text_of(client.get(page_of(work)))
    assert "1 Decided as previewed" in words
    assert "Take everything back…" in words


def test_progress_is_watched_by_script_until_it_is_done(client, letter, bob):
    make_signature(letter, name="Ada")
    work = previewed(client)
    client.post(page_of(work), {"do": "start"})
    watching = {"HTTP_HX_REQUEST": "true"}

    assert "HX-Redirect" not in client.get(page_of(work), **watching)
    assert 'hx-trigger="every 3s"' in client.get(page_of(work)).content.decode()
    finish(work)
    assert client.get(page_of(work), **watching)["HX-Redirect"] == page_of(work)


def test_stopping_and_taking_back_by_button(client, letter, bob, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 1)
    for name in ("Ada", "Grace"):
        make_signature(letter, name=name)
    work = previewed(client)
    client.post(page_of(work), {"do": "start"})
    bulk.go_on(bulk_id=str(work.pk))

    client.post(page_of(work), {"do": "cancel"})

    work.refresh_from_db()
    assert (work.state, work.done) == (BulkState.CANCELLED, 1)
    asks = client.get(page_of(work), {"ask": "undo"})
    assert "Take 1 decision back?" in text_of(asks)
    client.post(page_of(work), {"do": "undo"})
    finish(work)
    assert {entry.state for entry in letter.signatures.all()} == {State.IN_REVIEW}


def test_get_and_unknown_wishes_change_nothing(client, letter, bob):
    make_signature(letter, name="Ada")
    work = previewed(client)

    client.get(page_of(work), {"do": "start"})
    client.post(page_of(work), {"do": "dance"})

    work.refresh_from_db()
    assert work.state == BulkState.PREVIEWED


def test_entries_say_what_became_of_each_and_one_is_taken_back(client, letter, bob):
    ada = make_signature(letter, name="Ada")
    work = decided(letter, bob, "reject", reason="abuse")
    entries = f"{page_of(work)}entries/"
    assert "Ada Signs for themself Decided as previewed" in text_of(client.get(entries))

    answer = client.post(page_of(work), {"do": f"undo_one:{work.entries.get().pk}"})

    assert answer["Location"] == entries
    assert messages_of(answer) == ["Taken back."]
    ada.refresh_from_db()
    assert ada.state == State.IN_REVIEW
    assert "Taken back" in text_of(client.get(entries))
    again = client.post(page_of(work), {"do": f"undo_one:{work.entries.get().pk}"})
    assert messages_of(again) == ["There is nothing to take back."]


@pytest.mark.parametrize("key", ["", "x", NOBODY])
def test_taking_back_an_entry_that_is_not_here_says_so(client, letter, bob, key):
    make_signature(letter, name="Ada")
    work = decided(letter, bob)

    answer = client.post(page_of(work), {"do": f"undo_one:{key}"})

    assert messages_of(answer) == ["This entry is no longer here."]


def test_entry_of_another_decision_is_not_taken_back_through_this_one(client, letter, bob):
    make_signature(letter, name="Ada")
    work = decided(letter, bob)
    foreign = make_letter()
    alice = make_moderator("alice", foreign)
    other = make_signature(foreign, name="Grace")
    theirs = decided(foreign, alice)

    client.post(page_of(work), {"do": f"undo_one:{theirs.entries.get().pk}"})

    other.refresh_from_db()
    assert other.state == State.PUBLISHED


def test_entries_tell_nothing_of_anonymous_ones_that_wait(client, letter, bob):
    make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    work = decided(letter, bob)

    words = text_of(client.get(f"{page_of(work)}entries/"))

    assert "An entry without a name Approved; it comes with the next batch" in words
    assert "Verified employee" not in words


def test_entries_show_no_words_that_are_being_checked(client, letter, bob):
    entry = make_signature(letter, name="Ada", title="Engineer")
    work = decided(letter, bob)
    fields = {"state": "in_review", "published_on": None, "roll_key": "", "title": "Something else"}
    letter.signatures.filter(pk=entry.pk).update(**fields, needs_check=True)

    page = client.get(f"{page_of(work)}entries/")

    assert "An entry that changed It is being checked" in text_of(page)
    assert "Something else" not in page.content.decode()


def test_entries_go_on_by_key(client, letter, bob, monkeypatch):
    monkeypatch.setattr("signatories.admin.bulk.ENTRIES_A_PAGE", 2)
    for n in range(3):
        make_signature(letter, name=f"Person {n}")
    work = decided(letter, bob)
    first = client.get(f"{page_of(work)}entries/")
    after = first.context["next_after"]

    second = client.get(f"{page_of(work)}entries/", {"after": after})

    keys = [row["entry"].pk for page in (first, second) for row in page.context["rows"]]
    assert keys == sorted(work.entries.values_list("pk", flat=True))
    assert second.context["next_after"] == ""


def test_pages_ask_as_many_queries_for_three_as_for_one(client, letter, bob):
    google = make_organisation("Google")
    make_signature(letter, name="Ada", organisation=google)
    first = decided(letter, bob)
    counts = [count_queries(client, f"{page_of(first)}entries/"), count_queries(client, ALL)]
    for n in range(3):
        make_signature(letter, name=f"Person {n}", organisation=google)
    second = decided(letter, bob)

    assert [
        count_queries(client, f"{page_of(second)}entries/"),
        count_queries(client, ALL),
    ] == counts


# Who may --------------------------------------------------------------------------------------


def test_list_shows_decisions_of_own_letters_and_own_previews(client, letter, bob):
    carol = make_moderator("carol", letter)
    foreign = make_letter(title="Elsewhere")
    charlie = make_moderator("charlie", foreign)
    for place, actor in ((letter, carol), (foreign, charlie)):
        make_signature(place, name="Ada")
        decided(place, actor)
        bulk.preview(letter=place, rule=Rule(), decision="approve", actor=actor)
    own = bulk.preview(letter=letter, rule=Rule(), decision="approve", actor=bob)

    shown = client.get(ALL).context["decisions"]

    assert {work.pk for work in shown} == {
        own.pk,
        BulkDecision.objects.get(letter=letter, state=BulkState.DONE).pk,
    }


def test_empty_list_says_what_a_rule_is(client, bob):
    assert "Nothing has been decided together yet." in text_of(client.get(ALL))


@pytest.mark.parametrize("do", ["start", "cancel", "undo", "undo_one:{key}"])
@pytest.mark.parametrize("state", ["previewed", "running", "done"])
def test_pages_of_another_letter_do_not_exist(client, letter, do, state):
    alice = make_moderator("alice", letter, Role.OWNER)
    make_signature(letter, name="Ada")
    work = decided(letter, alice)
    BulkDecision.objects.filter(pk=work.pk).update(state=state)
    before = BulkDecision.objects.values().get()
    client.force_login(make_moderator("charlie", make_letter(), Role.OWNER))
    data = {"do": do.format(key=work.entries.get().pk)}

    assert client.get(page_of(work)).status_code == 404
    assert client.get(f"{page_of(work)}entries/").status_code == 404
    assert client.post(page_of(work), data).status_code == 404

    assert BulkDecision.objects.values().get() == before
    assert letter.signatures.get().state == State.PUBLISHED


def test_rejections_taken_back_by_owners_are_not_among_them(client, letter, bob):
    work = BulkDecision.objects.create(
        letter=letter, moderator=bob, decision="restore", state="done", made_on="2026-01-20"
    )

    assert list(client.get(ALL).context["decisions"]) == []
    assert client.get(page_of(work)).status_code == 404
