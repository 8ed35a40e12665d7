"""The queue: what comes first, what one sees, what one key does. Alice owns, Bob moderates, Berta
moderates too, Charlie moderates another letter."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from config import crypto
from letters.models import AuditEntry, Membership, Role
from signatories import flags
from signatories.actions import batches, bulk, checking, moderation, own, reading, reporting
from signatories.models import BulkDecision, Flag, Method, Reading, Signature, State
from tests.admin_pages import (
    LIST,
    count_queries,
    entry_page,
    listed,
    make_host,
    make_moderator,
    messages_of,
    text_of,
)
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

APPROVE = {"decision": "approve", "seen": "in_review"}


def flagged(letter, kind, detail="", other=None, **fields):
    entry = make_signature(letter, **fields)
    Flag.objects.create(signature=entry, kind=kind, detail=detail, other=other)
    entry.risk = flags.risk_of([kind])
    entry.save(update_fields=["risk"])
    return entry


def waiting_since(days):
    return timezone.localdate() - timedelta(days=days)


def in_place(client, entry, decision, **data):
    """As the script of the list sends it: the state in the address, an answer as JSON wanted."""
    page = entry_page(entry)
    query = {"from": "list", "seen": data.pop("seen", entry.state)}
    return client.post(
        page,
        {"decision": decision, **data},
        query_params=query,
        headers={"Accept": "application/json"},
    )


# The order ---------------------------------------------------------------------------------------


def test_list_puts_the_least_risk_first_and_then_what_waits_longest(client):
    letter = make_letter()
    young = make_signature(letter, confirmed_on=waiting_since(1))
    worst = flagged(letter, "recipient", confirmed_on=waiting_since(9))
    twice = flagged(letter, "burst", confirmed_on=waiting_since(8))
    old = make_signature(letter, confirmed_on=waiting_since(5))
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST)

    assert listed(page) == [old.pk, young.pk, twice.pk, worst.pk]
    assert "What nothing speaks against comes first, the oldest before the others" in text_of(page)
    turned = client.get(LIST, {"order": "against"})
    assert listed(turned) == [worst.pk, twice.pk, old.pk, young.pk]
    assert "What speaks against an entry most comes first." in text_of(turned)


def test_next_entry_follows_the_order_of_the_list(client):
    letter = make_letter()
    twice = flagged(letter, "burst", confirmed_on=waiting_since(8))
    old = make_signature(letter, confirmed_on=waiting_since(5))
    young = make_signature(letter, confirmed_on=waiting_since(1))
    client.force_login(make_moderator("bob", letter))

    assert client.post(entry_page(old), APPROVE).url == entry_page(young)
    assert client.post(entry_page(young), APPROVE).url == entry_page(twice)
    assert client.post(entry_page(twice), APPROVE).url == LIST


def test_next_entry_follows_the_other_order_too(client):
    letter = make_letter()
    clear = make_signature(letter)
    twice = flagged(letter, "burst")
    worst = flagged(letter, "abuse")
    client.force_login(make_moderator("bob", letter))

    first = client.post(entry_page(worst, order="against"), APPROVE)
    assert first.url == entry_page(twice, order="against")
    page = client.get(entry_page(twice, order="against"))
    assert page.context["next_url"] == entry_page(clear, order="against")


def test_entry_leads_to_the_one_before_and_the_first_to_none(client):
    letter = make_letter()
    first = make_signature(letter, confirmed_on=waiting_since(5))
    second = make_signature(letter, confirmed_on=waiting_since(1))
    client.force_login(make_moderator("bob", letter))

    assert client.get(entry_page(second)).context["previous_url"] == entry_page(first)
    assert client.get(entry_page(first)).context["previous_url"] == ""


def test_list_counts_the_steps_and_shows_one_of_them(client):
    letter = make_letter()
    clear = [make_signature(letter), make_signature(letter)]
    twice = flagged(letter, "burst")
    against = flagged(letter, "title")
    client.force_login(make_moderator("bob", letter))

    words = text_of(client.get(LIST))

    assert "4 in all 2 · nothing speaks against it 1 · look twice 1 · speaks against it" in words
    assert set(listed(client.get(LIST, {"risk": "clear"}))) == {entry.pk for entry in clear}
    assert listed(client.get(LIST, {"risk": "twice"})) == [twice.pk]
    assert listed(client.get(LIST, {"risk": "against"})) == [against.pk]
    assert "4 in all 2 · nothing" in text_of(client.get(LIST, {"risk": "against"}))


# What one sees -----------------------------------------------------------------------------------


def test_list_and_entry_say_in_words_why_to_look_twice(client):
    letter = make_letter()
    other = make_signature(letter, name="Wanda Otter", state=State.PUBLISHED)
    entry = flagged(letter, "similar_name", other=other, name="Wanda Oter")
    client.force_login(make_moderator("bob", letter))

    for page in (client.get(LIST), client.get(entry_page(entry))):
        assert "A similar name stands under this letter: “Wanda Otter”." in text_of(page)
        assert f'href="{entry_page(other)}"' in page.content.decode()


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.DUPLICATE])
def test_flag_leads_to_no_entry_that_moderators_do_not_see(client, state):
    letter = make_letter()
    other = make_signature(letter, name="Wanda Otter", state=state)
    flagged(letter, "same_name", other=other, name="Wanda Otter")
    client.force_login(make_moderator("bob", letter))

    assert str(other.pk) not in client.get(LIST).content.decode()


def test_list_with_flags_asks_as_many_queries_for_three_rows_as_for_one(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))
    berta = make_moderator("berta", letter)

    def add_row():
        other = make_signature(letter, state=State.PUBLISHED)
        entry = flagged(letter, "same_name", other=other)
        Flag.objects.create(signature=entry, kind="well_known", detail="Somebody")
        reading.claim(signature=entry, actor=berta)

    add_row()
    with_one = count_queries(client, LIST)
    add_row()
    add_row()

    assert count_queries(client, LIST) == with_one


def test_decided_entry_that_somebody_asks_about_is_to_be_decided(client):
    letter = make_letter()
    reported = flagged(letter, "reported", state=State.PUBLISHED)
    make_signature(letter, state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST)
    assert listed(page) == [reported.pk]
    assert "Let it stand" in text_of(page)
    answer = client.post(entry_page(reported), {"decision": "keep", "seen": "published"})

    assert messages_of(answer) == ["The decision stands, and the question is answered."]
    assert listed(client.get(LIST)) == []
    reported.refresh_from_db()
    assert reported.state == State.PUBLISHED


def test_report_under_a_sealed_letter_can_be_answered(client):
    """A line can be reported there, so that somebody has to be able to let it stand."""
    letter = make_letter(status="sealed")
    line = flagged(letter, "reported", "not_real", state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))
    assert "Let it stand" in text_of(client.get(entry_page(line)))

    client.post(entry_page(line), {"decision": "keep", "seen": "published"})

    assert listed(client.get(LIST)) == []
    line.refresh_from_db()
    assert (line.state, line.kept_despite) == (State.PUBLISHED, "not_real")


def test_objection_to_a_rejection_is_kept_or_granted(client):
    letter = make_letter()
    kept = flagged(letter, "objection", state=State.REJECTED)
    granted = flagged(letter, "objection", state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    assert "Keep it rejected" in text_of(client.get(entry_page(kept)))
    client.post(entry_page(kept), {"decision": "keep", "seen": "rejected"})
    client.post(entry_page(granted), {"decision": "approve", "seen": "rejected"})

    kept.refresh_from_db()
    granted.refresh_from_db()
    assert (kept.state, granted.state) == (State.REJECTED, State.PUBLISHED)
    assert listed(client.get(LIST)) == []


# Filters -----------------------------------------------------------------------------------------


def test_filter_by_organisation_finds_names_only(client):
    letter = make_letter()
    moonlight = make_organisation("Moonlight Works")
    named = make_signature(letter, organisation=moonlight, method=Method.MAILBOX)
    make_anonymous(letter, moonlight, state=State.IN_REVIEW)
    make_anonymous(letter, moonlight, state=State.PUBLISHED, shown_organisation=moonlight)
    client.force_login(make_moderator("bob", letter))

    by_organisation = {"state": "all", "organisation": moonlight.slug}
    assert listed(client.get(LIST, by_organisation)) == [named.pk]
    assert listed(client.get(LIST, {**by_organisation, "appearance": "anonymous"})) == []
    for slug in ("no-such", str(moonlight.pk), "\0"):
        assert listed(client.get(LIST, {"organisation": slug})) == []


def test_filter_by_organisation_offers_none_that_only_anonymous_entries_have(client):
    letter = make_letter()
    make_signature(letter, organisation=make_organisation("Orrery Labs"), method=Method.MAILBOX)
    make_anonymous(letter, make_organisation("Moonlight Works"), state=State.IN_REVIEW)
    make_signature(make_letter(), organisation=make_organisation("Fernwood"), method="mailbox")
    client.force_login(make_moderator("bob", letter))

    words = text_of(client.get(LIST))

    assert "By organisation, by name All Orrery Labs" in words
    assert "Moonlight" not in words
    assert "Fernwood" not in words


def test_filter_by_age_finds_what_waits_and_nothing_decided(client):
    letter = make_letter()
    new = make_signature(letter, confirmed_on=waiting_since(0))
    old = make_signature(letter, confirmed_on=waiting_since(8))
    make_signature(letter, state=State.PUBLISHED, confirmed_on=waiting_since(8))
    google = make_organisation("Google")
    make_anonymous(letter, google, state=State.PUBLISHED, confirmed_on=waiting_since(8))
    client.force_login(make_moderator("bob", letter))

    for age, found in {"0": [new], "1": [old], "7": [old]}.items():
        page = client.get(LIST, {"state": "all", "age": age})
        assert listed(page) == [entry.pk for entry in found]


def test_filter_by_flag_finds_those_with_it(client):
    letter = make_letter()
    joke = flagged(letter, "joke")
    flagged(letter, "burst")
    client.force_login(make_moderator("bob", letter))

    assert listed(client.get(LIST, {"flag": "joke"})) == [joke.pk]
    assert client.get(LIST, {"flag": "gossip"}).url == f"{LIST}?e=1"


def test_what_was_set_aside_is_out_of_the_way_until_asked_for(client):
    letter = make_letter()
    entry, other = make_signature(letter), make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    answer = client.post(entry_page(entry), {"decision": "aside", "seen": "in_review"})

    assert answer.url == entry_page(other)
    assert listed(client.get(LIST)) == [other.pk]
    assert listed(client.get(LIST, {"aside": "only"})) == [entry.pk]
    assert set(listed(client.get(LIST, {"aside": "all"}))) == {entry.pk, other.pk}
    client.post(entry_page(entry), {"decision": "up", "seen": "in_review"})
    assert set(listed(client.get(LIST))) == {entry.pk, other.pk}


@pytest.mark.parametrize("typed", ["0a1b2c3d", "0A1B2C3D"])
@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_entry_that_was_set_aside_is_found_by_its_reference(client, appearance, typed):
    entry = make_signature(
        make_letter(allows_unverified_anonymous=True),
        appearance=appearance,
        manage_digest="0a1b2c3d" + "f" * 56,
    )
    bob = make_moderator("bob", entry.letter)
    moderation.set_aside(signature=entry, actor=bob)
    client.force_login(bob)

    assert listed(client.get(LIST, {"q": typed})) == [entry.pk]
    assert listed(client.get(LIST, {"q": typed, "aside": "no"})) == []
    assert listed(client.get(LIST, {"q": ""})) == []


def test_reference_leads_to_no_decided_entry_in_any_state_of_the_list(client):
    letter = make_letter()
    digest = "0a1b2c3d" + "f" * 56
    make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED, manage_digest=digest)
    client.force_login(make_moderator("bob", letter))

    for state in ("", "all", "published", "approved", "rejected"):
        asked = {"q": "0A1B2C3D", "aside": "all", **({"state": state} if state else {})}
        assert listed(client.get(LIST, asked)) == []


def test_search_that_finds_nothing_to_decide_leads_to_what_was_decided(client):
    letter = make_letter()
    line = make_signature(letter, name="Wanda Otter", state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST, {"q": "wanda"})

    offered = "Search among decided entries, too Show everything to decide"
    assert f"No entry to decide matches. {offered}" in text_of(page)
    further = client.get(page.context["all_states_url"])
    assert listed(further) == [line.pk]
    nothing = client.get(LIST, {"q": "nobody", "state": "all"})
    assert "No entry matches." in text_of(nothing)
    assert "Search among decided entries" not in text_of(nothing)


# Deciding in place -------------------------------------------------------------------------------


def test_button_in_the_list_decides_and_leads_back_to_the_next_row(client):
    letter = make_letter()
    first = make_signature(letter, confirmed_on=waiting_since(3))
    second = make_signature(letter, confirmed_on=waiting_since(1))
    client.force_login(make_moderator("bob", letter))
    row = client.get(LIST, {"letter": letter.slug}).content.decode()
    action = re.search(r'value="approve" formaction="([^"]+)"', row)[1].replace("&amp;", "&")

    answer = client.post(action, {"decision": "approve", "action": "", "index": "0"})

    assert answer.url == f"{LIST}?letter={letter.slug}#entry-{second.pk}"
    first.refresh_from_db()
    assert first.state == State.PUBLISHED


def test_decision_in_place_answers_with_the_sentence_and_the_way_back(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    answer = in_place(client, entry, "approve").json()

    assert answer["done"] is True
    assert answer["sentence"] == "Approved. The line stands on the roll."
    assert 'value="back"' in answer["html"]
    entry.refresh_from_db()
    taken = in_place(client, entry, "back").json()
    assert taken["sentence"] == "Taken back. The line has left the roll, and the entry waits again."
    assert 'value="approve"' in taken["html"]
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW


def test_rejection_in_place_keeps_reason_and_note(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    in_place(client, entry, "reject", reason="repeated", note="Your first entry stands.")

    entry.refresh_from_db()
    assert (entry.state, entry.reason) == (State.REJECTED, "repeated")
    assert entry.note == "Your first entry stands."


def test_decision_in_place_about_what_was_decided_meanwhile_changes_nothing(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    moderation.reject(signature=entry, actor=make_host(), reason="abuse")

    answer = in_place(client, entry, "approve")

    assert answer.status_code == 409
    assert answer.json() == {
        "done": False,
        "gone": True,
        "sentence": "This entry has been decided meanwhile. Nothing was changed.",
    }
    entry.refresh_from_db()
    assert entry.state == State.REJECTED


@pytest.mark.parametrize("decision", ["approve", "reject", "aside", "back", "keep", "up"])
def test_decision_in_place_about_another_letter_s_entry_says_that_it_is_not_here(client, decision):
    entry = make_signature(make_letter())
    client.force_login(make_moderator("charlie", make_letter()))

    answer = in_place(client, entry, decision, reason="other")

    assert answer.status_code == 409
    assert answer.json()["sentence"] == "This entry is no longer here, or is not yours to decide."
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert not AuditEntry.objects.exists()


def test_note_that_is_too_long_is_asked_for_again_and_kept(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    said = {"decision": "reject", "seen": "in_review", "reason": "other", "note": "x" * 301}

    page = client.post(entry_page(entry), said)

    assert page.status_code == 200
    assert "x" * 301 in page.content.decode()
    assert page.context["rejection"].errors.keys() == {"note"}
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW


def test_anonymous_entry_is_rejected_without_a_note(client):
    letter = make_letter()
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    client.force_login(make_moderator("bob", letter))

    assert "Note to the signatory" not in text_of(client.get(entry_page(entry)))
    client.post(
        entry_page(entry),
        {"decision": "reject", "seen": "in_review", "reason": "other", "note": "Who are you?"},
    )

    entry.refresh_from_db()
    assert (entry.state, entry.note) == (State.REJECTED, "")


# Proof -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["well_known", "recipient"])
def test_well_known_name_is_approved_with_a_proof_only(client, kind):
    letter = make_letter()
    entry = flagged(letter, kind, detail="Wilhelmina Otterbourne")
    client.force_login(make_moderator("bob", letter))

    row = re.search(r"<tbody>.*</tbody>", client.get(LIST).content.decode(), re.S)[0]
    assert 'value="approve"' not in row
    assert "Needs a proof: open" in row
    page = client.post(entry_page(entry), APPROVE)
    assert page.context["proof"].errors.keys() == {"proof"}
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW

    client.post(entry_page(entry), {**APPROVE, "proof": "document"})

    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED
    audited = AuditEntry.objects.get()
    assert (audited.verb, audited.reason) == ("signature.approved", "document")


def test_selection_leaves_out_what_needs_a_proof_and_says_so(client):
    letter = make_letter()
    clear, known = make_signature(letter), flagged(letter, "well_known")
    client.force_login(make_moderator("bob", letter))

    ticked = {"index": 0, "_selected_action": [str(clear.pk), str(known.pk)]}
    answer = client.post(LIST, {**ticked, "action": "approve_selected"})

    assert messages_of(answer) == [
        "1 approved, 1 could not be: A well-known name needs a proof: say on its page what you "
        "were shown."
    ]
    known.refresh_from_db()
    assert known.state == State.IN_REVIEW


def test_rejection_that_was_kept_is_not_undone_with_one_key(client):
    """It is a colleague's: undone, the line would stand on the roll."""
    letter = make_letter()
    entry = flagged(letter, "objection", state=State.REJECTED, was_approved=True)
    other = flagged(letter, "objection", state=State.REJECTED, was_approved=True)
    client.force_login(make_moderator("bob", letter))

    page = client.post(
        entry_page(entry), {"decision": "reject", "reason": "other", "seen": "rejected"}
    )
    told = in_place(client, other, "reject", reason="other").json()

    stands = "The decision stands, and the question is answered."
    assert messages_of(page) == [stands]
    assert told["sentence"] == stands
    assert "<button" not in told["html"]


@pytest.mark.parametrize("state", [State.PUBLISHED, State.WITHDRAWN])
def test_rejecting_an_anonymous_line_says_the_same_of_one_that_was_withdrawn(client, state):
    letter = make_letter()
    line = make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)
    if state == State.WITHDRAWN:
        Signature.objects.filter(pk=line.pk).update(state=state, manage_digest=None)
    client.force_login(make_moderator("bob", letter))

    told = in_place(client, line, "reject", reason="other", seen="published").json()

    assert told["sentence"] == "Rejected. The line leaves the roll with the next batch."
    assert 'value="back"' in told["html"]


@pytest.mark.parametrize(
    ("action", "before", "done"),
    [("reject", State.REJECTED, "rejected"), ("approve", State.PUBLISHED, "approved")],
)
def test_selection_counts_nothing_that_was_decided_so_already(client, action, before, done):
    letter = make_letter()
    new, decided = make_signature(letter), make_signature(letter, state=before)
    asked = flagged(letter, "reported", state=before)
    client.force_login(make_moderator("bob", letter))

    ticked = {"index": 0, "_selected_action": [new.pk, decided.pk, asked.pk]}
    confirmed = {"action": f"{action}_selected", "reason": "other", "confirming": "1"}
    answer = client.post(f"{LIST}?state=all", {**ticked, **confirmed})

    assert messages_of(answer) == [f"2 {done}, 1 could not be: {done.capitalize()} already."]


# Who looks ---------------------------------------------------------------------------------------


def test_entry_that_a_colleague_has_open_says_so_and_asks_before_a_decision(client):
    letter = make_letter()
    entry = make_signature(letter)
    berta = make_moderator("berta", letter)
    client.force_login(make_moderator("bob", letter))
    reading.claim(signature=entry, actor=berta)

    for page in (client.get(LIST), client.get(entry_page(entry))):
        words = text_of(page)
        assert "berta is looking at this entry, for 3 more minutes at most." in words
    assert 'value="approve"' not in client.get(LIST).content.decode().split("<tbody>")[1]
    refused = client.post(entry_page(entry), APPROVE)
    assert messages_of(refused) == [
        "berta is looking at this entry, for 3 more minutes at most. Nothing was changed."
    ]
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW

    client.post(entry_page(entry), {**APPROVE, "anyway": "on"})

    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED


@pytest.mark.parametrize(
    ("action", "done"),
    [
        ("approve_selected", "1 approved"),
        ("reject_selected", "1 rejected"),
        ("set_aside_selected", "1 set aside"),
        ("take_up_selected", "1 taken up"),
    ],
)
def test_selection_leaves_out_what_a_colleague_has_open_and_says_so(client, action, done):
    letter = make_letter()
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    entry, free = make_signature(letter), make_signature(letter)
    if action == "take_up_selected":
        for one in (entry, free):
            moderation.set_aside(signature=one, actor=bob)
    reading.claim(signature=entry, actor=berta)
    reading.claim(signature=free, actor=bob)
    before = Signature.objects.values().get(pk=entry.pk)
    client.force_login(bob)

    ticked = {"index": 0, "_selected_action": [str(entry.pk), str(free.pk)], "action": action}
    answer = client.post(f"{LIST}?aside=all", {**ticked, "reason": "abuse", "confirming": "1"})

    assert messages_of(answer) == [
        f"{done}, 1 could not be: A colleague has this entry open. To decide it all the same, "
        "open it too."
    ]
    assert Signature.objects.values().get(pk=entry.pk) == before
    assert Reading.objects.get().signature == entry


def test_list_offers_no_box_for_what_a_colleague_has_open(client):
    letter = make_letter()
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    entry, own_one = make_signature(letter), make_signature(letter)
    reading.claim(signature=entry, actor=berta)
    reading.claim(signature=own_one, actor=bob)
    client.force_login(bob)

    page = client.get(LIST).content.decode()

    boxes = re.findall(r'<input type="checkbox" name="_selected_action"[^>]*>', page)
    found = {re.search(r'value="([^"]+)"', box)[1]: box for box in boxes}
    assert found.keys() == {str(entry.pk), str(own_one.pk)}
    assert re.search(r"\bdisabled\b", found[str(entry.pk)])
    assert "action-select" not in found[str(entry.pk)]
    assert not re.search(r"\bdisabled\b", found[str(own_one.pk)])
    assert "action-select" in found[str(own_one.pk)]


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.REJECTED])
def test_rejection_of_what_a_colleague_has_open_keeps_reason_and_note(client, state):
    """Also where an objection is answered: that form has a note too."""
    letter = make_letter()
    entry = flagged(letter, "objection", state=state)
    client.force_login(make_moderator("bob", letter))
    reading.claim(signature=entry, actor=make_moderator("berta", letter))
    before = Signature.objects.values().get(pk=entry.pk)
    said = {"decision": "reject", "reason": "repeated", "note": "Your “first” entry stands."}

    page = client.post(entry_page(entry), {**said, "seen": state})

    assert page.status_code == 200
    assert messages_of(page) == [
        "berta is looking at this entry, for 3 more minutes at most. Nothing was changed."
    ]
    assert "at most. Nothing was changed." in text_of(page)
    assert page.content.decode().count('value="Your “first” entry stands."') == 1
    chosen = re.findall(r'<input[^>]*value="(\w+)"[^>]*\bchecked\b', page.content.decode())
    assert chosen == (["repeated"] if state == State.IN_REVIEW else [])
    assert Signature.objects.values().get(pk=entry.pk) == before

    client.post(entry_page(entry), {**said, "seen": state, "anyway": "on"})

    entry.refresh_from_db()
    assert (entry.state, entry.note) == (State.REJECTED, "Your “first” entry stands.")


def test_rejection_in_the_list_of_what_a_colleague_has_open_stays_there(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    reading.claim(signature=entry, actor=make_moderator("berta", letter))

    answer = in_place(client, entry, "reject", reason="repeated")

    assert answer.status_code == 409
    assert answer.json() == {
        "done": False,
        "gone": False,
        "sentence": "berta is looking at this entry, for 3 more minutes at most. "
        "Nothing was changed.",
    }


def test_next_entry_is_claimed_and_skipped_by_the_other_moderator(client):
    letter = make_letter()
    first, second, third, fourth = (
        make_signature(letter, confirmed_on=waiting_since(9 - number)) for number in range(4)
    )
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)

    client.force_login(bob)
    assert client.post(entry_page(first), APPROVE).url == entry_page(third.__class__(pk=second.pk))
    assert Reading.objects.get().moderator == bob
    client.force_login(berta)
    assert client.get(entry_page(fourth)).context["next_url"] == entry_page(third)
    assert client.post(entry_page(fourth), APPROVE).url == entry_page(third)

    assert dict(Reading.objects.values_list("signature", "moderator")) == {
        second.pk: bob.pk,
        third.pk: berta.pk,
    }


def test_page_says_by_post_that_one_looks_and_leaves(client):
    letter = make_letter()
    entry = make_signature(letter)
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    path = f"{LIST}{entry.pk}/reading/"

    client.force_login(bob)
    assert client.get(path).status_code == 405
    assert not Reading.objects.exists()
    assert client.post(path).status_code == 204
    client.force_login(berta)
    assert client.post(path).status_code == 409
    client.force_login(bob)
    assert client.post(path, {"leave": "1"}).status_code == 204

    assert not Reading.objects.exists()


def test_decision_stands_where_the_next_entry_is_decided_in_that_moment(client, monkeypatch):
    letter = make_letter()
    entry, following = make_signature(letter), make_signature(letter)
    bob = make_moderator("bob", letter)
    client.force_login(bob)
    decide = moderation.approve

    def withdraws_meanwhile(**fields):
        following.delete()
        return decide(**fields)

    monkeypatch.setattr(moderation, "approve", withdraws_meanwhile)
    gone = str(following.pk)

    answer = client.post(entry_page(entry), APPROVE)

    assert (answer.status_code, gone in answer.url) == (302, True)
    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED


def test_page_of_another_letter_s_entry_cannot_be_claimed(client):
    entry = make_signature(make_letter())
    client.force_login(make_moderator("charlie", make_letter()))

    assert client.post(f"{LIST}{entry.pk}/reading/").status_code == 404
    assert not Reading.objects.exists()


# Back --------------------------------------------------------------------------------------------


def test_message_leads_to_where_a_decision_is_taken_back(client):
    letter = make_letter()
    entry = make_anonymous(letter, make_organisation("Moonlight Works"), state=State.IN_REVIEW)
    client.force_login(make_moderator("bob", letter))
    message = messages_of(client.post(entry_page(entry), APPROVE))[0]
    assert f'href="{entry_page(entry)}#entry-back"' in message
    assert 'data-undo="back" data-seen="approved"' in message

    page = client.get(entry_page(entry))
    assert re.findall(r'name="decision" value="(\w+)"', page.content.decode()) == ["back"]
    assert "Moonlight" not in page.content.decode()
    answer = client.post(entry_page(entry), {"decision": "back", "seen": "approved"})

    assert answer.url == entry_page(entry)
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW


def test_entry_on_its_way_to_a_batch_opens_for_nobody_else(client):
    letter = make_letter()
    entry = make_anonymous(letter, make_organisation("Google"))
    client.force_login(make_moderator("charlie", make_letter()))

    assert client.get(entry_page(entry)).status_code == 404
    answer = client.post(entry_page(entry), {"decision": "back", "seen": "approved"})

    assert messages_of(answer) == ["This entry is no longer here, or is not yours to decide."]
    entry.refresh_from_db()
    assert entry.state == State.APPROVED


# Guidance, selection, index ----------------------------------------------------------------------


def test_guidance_explains_every_reason_and_is_one_click_away(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    page = client.get(f"{LIST}guidance/")

    words = text_of(page)
    for reason in ("Not a real person&#x27;s name", "Signs for somebody else", "Another reason"):
        assert reason in words
    for path in ("/admin/", LIST, entry_page(entry)):
        assert f'href="{LIST}guidance/"' in client.get(path).content.decode()


def test_guidance_is_for_those_who_decide(client):
    client.force_login(make_moderator("eve", make_letter(), "editor"))

    assert client.get(f"{LIST}guidance/").status_code == 403


def test_selection_is_set_aside_and_taken_up_again(client):
    letter = make_letter()
    one, two = make_signature(letter), make_signature(letter)
    published = make_signature(letter, state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))
    ticked = {"index": 0, "_selected_action": [str(one.pk), str(two.pk)]}

    aside = client.post(LIST, {**ticked, "action": "set_aside_selected"})
    assert messages_of(aside) == ["2 set aside"]
    assert Signature.objects.set_aside().count() == 2
    up = client.post(f"{LIST}?aside=only", {**ticked, "action": "take_up_selected"})
    assert messages_of(up)[-1] == "2 taken up"
    assert Signature.objects.set_aside().count() == 0
    ticked["_selected_action"] = [str(published.pk)]
    refused = client.post(f"{LIST}?state=all", {**ticked, "action": "set_aside_selected"})
    assert messages_of(refused)[-1] == "0 set aside, 1 could not be: This entry has been decided."


def test_selection_of_more_than_a_page_is_refused(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(51)]

    answer = client.post(LIST, {"index": 0, "_selected_action": ids, "action": "approve_selected"})

    assert answer.status_code == 400


def test_index_tells_steps_questions_and_the_oldest(client):
    letter = make_letter(title="Own letter")
    make_signature(letter, confirmed_on=waiting_since(4))
    flagged(letter, "burst")
    flagged(letter, "abuse")
    flagged(letter, "reported", state=State.PUBLISHED, confirmed_on=waiting_since(9))
    bob = make_moderator("bob", letter)
    moderation.set_aside(signature=make_signature(letter), actor=bob)
    client.force_login(bob)

    words = text_of(client.get("/admin/"))

    assert (
        "Own letter 1 nothing speaks against it · 1 look twice · 2 speaks against it "
        "1 of them decided, and reported or objected about 1 set aside "
        "4 entries wait the oldest for 4 days" in words
    )


@pytest.mark.parametrize(
    ("was_approved", "sentence"),
    [
        (True, "It had been let onto the roll: the line stands there again."),
        (False, "The entry waits for a decision again."),
    ],
)
def test_page_says_what_taking_a_rejection_back_does(client, was_approved, sentence):
    letter = make_letter()
    entry = make_signature(letter, state=State.REJECTED, was_approved=was_approved)
    client.force_login(make_moderator("bob", letter))

    assert sentence in text_of(client.get(entry_page(entry)))
    client.post(entry_page(entry), {"decision": "back", "seen": "rejected"})

    entry.refresh_from_db()
    assert entry.state == (State.PUBLISHED if was_approved else State.IN_REVIEW)


# What was read -----------------------------------------------------------------------------------


def hidden(page, name):
    return re.findall(rf'name="{name}" value="([^"]+)"', page.content.decode())


def put_another_title_in_place(entry):
    batches.start_tally(entry.letter)
    Signature.objects.filter(pk=entry.pk).update(manage_digest=crypto.digest("manage", "t" * 43))
    own.correct_title(token="t" * 43, title="Clown in chief")
    checking.check_letter(letter_id=entry.letter_id)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_words_that_came_after_the_page_are_not_decided_from_it(client, decision):
    entry = make_signature(make_letter(), title="Engineer")
    client.force_login(make_moderator("bob", entry.letter))
    [read] = set(hidden(client.get(entry_page(entry)), "read"))
    put_another_title_in_place(entry)

    told = {"decision": decision, "reason": "other", "seen": "in_review", "read": read}
    answer = client.post(entry_page(entry), told)

    assert messages_of(answer) == [
        "This entry, or what was said of it, has changed meanwhile. Read it again."
    ]
    entry.refresh_from_db()
    assert (entry.state, entry.title) == (State.IN_REVIEW, "Clown in chief")
    [read] = set(hidden(client.get(entry_page(entry)), "read"))
    client.post(entry_page(entry), {**told, "read": read})
    entry.refresh_from_db()
    assert entry.state != State.IN_REVIEW


def test_words_that_came_after_the_list_are_not_decided_from_it(client):
    letter = make_letter()
    entry, other = (make_signature(letter, title="Engineer") for _each in range(2))
    client.force_login(make_moderator("bob", letter))
    page = client.get(LIST)
    urls = [unescape(url) for url in re.findall(r'formaction="([^"]+)"', page.content.decode())]
    [url] = {one for one in urls if str(entry.pk) in one}
    put_another_title_in_place(entry)

    in_place = client.post(url, {"decision": "approve"}, headers={"Accept": "application/json"})
    ticked = {"action": "approve_selected", "_selected_action": [entry.pk, other.pk]}
    answer = client.post(LIST, {**ticked, "reads": hidden(page, "reads")})

    assert in_place.status_code == 409
    assert messages_of(answer) == [
        "1 approved, 1 could not be: This entry, or what was said of it, has changed meanwhile. Read it again."
    ]
    entry.refresh_from_db()
    other.refresh_from_db()
    assert (entry.state, other.state) == (State.IN_REVIEW, State.PUBLISHED)


def test_what_was_read_of_an_anonymous_entry_tells_nothing_of_it():
    letter = make_letter()
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    read = moderation.as_read(entry)

    entry.organisation = make_organisation("Amazon")

    assert moderation.as_read(entry) == read
    assert moderation.as_read(make_anonymous(letter, None, method=Method.NONE, tenure="")) != read


CHANGED = "This entry, or what was said of it, has changed meanwhile. Read it again."


def read_of(client, entry):
    """What the page of an entry says with each of its buttons."""
    [read] = set(hidden(client.get(entry_page(entry)), "read"))
    return read


@pytest.mark.parametrize(
    ("kind", "state", "kept", "decided"),
    [
        ("objection", State.REJECTED, {"decision": "reject", "reason": "other"}, "approve"),
        ("reported", State.PUBLISHED, {"decision": "keep"}, "reject"),
    ],
)
def test_question_that_a_colleague_has_answered_is_decided_by_nobody_else(
    client, kind, state, kept, decided
):
    letter = make_letter()
    entry = flagged(letter, kind, state=state)
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    client.force_login(berta)
    read = read_of(client, entry)
    client.force_login(bob)
    told = {"seen": state, "read": read}
    assert client.post(entry_page(entry), {**kept, **told}).status_code == 302
    client.force_login(berta)

    answer = client.post(
        entry_page(entry), {"decision": decided, "reason": "other", "note": "No.", **told}
    )

    assert messages_of(answer)[-1] == CHANGED
    entry.refresh_from_db()
    assert (entry.state, entry.note) == (state, "")
    verbs = AuditEntry.objects.filter(letter=letter).values_list("verb", flat=True)
    assert list(verbs) == ["signature.kept"]


@pytest.mark.parametrize("decision", ["keep", "reject"])
def test_complaint_that_came_after_the_page_is_not_answered_from_it(client, decision):
    letter = make_letter()
    line = make_signature(letter, state=State.PUBLISHED)
    reporting.report(letter=letter, place=line.roll_key, complaint="not_real")
    client.force_login(make_moderator("bob", letter))
    read = read_of(client, line)
    reporting.report(letter=letter, place=line.roll_key, complaint="me")

    told = {"decision": decision, "reason": "other", "seen": "published", "read": read}
    answer = client.post(entry_page(line), told)

    assert messages_of(answer) == [CHANGED]
    line.refresh_from_db()
    assert (line.state, line.kept_despite) == (State.PUBLISHED, "")
    assert line.flags.get().detail == "me,not_real"


def test_question_answered_by_a_colleague_has_gone_from_the_list(client):
    letter = make_letter()
    entry = flagged(letter, "reported", "not_real", state=State.PUBLISHED)
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    client.force_login(bob)
    client.post(entry_page(entry), {"decision": "keep", "seen": "published"})
    client.force_login(berta)

    answer = in_place(client, entry, "keep")

    sentence = "Nobody asks about this entry any more. Nothing was changed."
    assert answer.json() == {"done": False, "gone": True, "sentence": sentence}


def test_letting_stand_publishes_nothing_that_waits(client):
    entry = make_signature(make_letter())
    client.force_login(make_moderator("bob", entry.letter))

    answer = client.post(entry_page(entry), {"decision": "keep", "seen": "in_review"})

    assert messages_of(answer) == ["Nobody asks about this entry any more. Nothing was changed."]
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert not AuditEntry.objects.filter(letter=entry.letter).exists()


def test_flag_that_came_after_the_list_is_decided_by_nobody_who_has_not_read_it(client):
    letter = make_letter()
    entry, other = make_signature(letter), make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    page = client.get(LIST)
    urls = [unescape(url) for url in re.findall(r'formaction="([^"]+)"', page.content.decode())]
    [url] = {one for one in urls if str(entry.pk) in one}
    Flag.objects.create(signature=entry, kind="abuse", detail="clown")

    in_place = client.post(url, {"decision": "approve"}, headers={"Accept": "application/json"})
    ticked = {"action": "approve_selected", "_selected_action": [entry.pk, other.pk]}
    answer = client.post(LIST, {**ticked, "reads": hidden(page, "reads")})

    assert (in_place.status_code, in_place.json()["sentence"]) == (409, CHANGED)
    assert messages_of(answer) == [f"1 approved, 1 could not be: {CHANGED}"]
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW


def test_what_was_read_of_an_anonymous_entry_holds_the_kinds_of_its_flags_and_no_more():
    entry = make_anonymous(make_letter(), make_organisation("Google"), state=State.IN_REVIEW)
    clear = moderation.as_read(entry)
    Flag.objects.create(signature=entry, kind="burst", detail="")
    flagged_once = moderation.as_read(entry)

    entry.flags.update(detail="a network that must not be there")

    assert clear != flagged_once == moderation.as_read(entry)


@pytest.mark.parametrize(
    ("kind", "state"), [("objection", State.REJECTED), ("reported", State.PUBLISHED)]
)
def test_question_that_one_looks_at_is_claimed_until_it_is_answered(client, kind, state):
    letter = make_letter()
    entry = flagged(letter, kind, state=state)
    client.force_login(make_moderator("bob", letter))
    path = f"{LIST}{entry.pk}/reading/"
    for page in (client.get(entry_page(entry)), client.get(LIST)):
        [url] = re.findall(r'data-reading="([^"]+)"', page.content.decode())
        assert url.startswith(path)
        assert client.post(unescape(url)).status_code == 204
    assert Reading.objects.exists()

    client.post(entry_page(entry), {"decision": "keep", "seen": state})

    assert not Reading.objects.exists()
    assert "data-reading" not in client.get(entry_page(entry)).content.decode()


def test_list_is_told_what_a_colleague_looks_at_has_decided_or_answered(client):
    letter = make_letter()
    looked_at, decided = make_signature(letter), make_signature(letter)
    answered = flagged(letter, "reported", "not_real", state=State.PUBLISHED)
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    client.force_login(bob)
    urls = re.findall(r'data-reading="([^"]+)"', client.get(LIST).content.decode())
    reading.claim(signature=looked_at, actor=berta)
    moderation.approve(signature=decided, actor=berta)
    moderation.approve(signature=answered, actor=berta)

    def told(entry):
        [url] = [unescape(one) for one in urls if str(entry.pk) in one]
        answer = client.post(url, headers={"Accept": "application/json"})
        return (answer.status_code, answer.json()["gone"], answer.json()["sentence"])

    looks = "berta is looking at this entry, for 3 more minutes at most."
    assert told(looked_at) == (409, False, looks)
    meanwhile = "This entry has been decided meanwhile. Nothing was changed."
    assert told(decided) == (409, True, meanwhile)
    assert told(answered) == (409, False, CHANGED)
    assert Reading.objects.get().moderator == berta
    assert client.get(LIST).content.decode().count(" data-elsewhere") == 1
    assert "data-reading" not in client.get(LIST).content.decode()


@pytest.fixture
def letter():
    return make_letter()


@pytest.fixture
def bob(client, letter):
    bob = make_moderator("bob", letter)
    client.force_login(bob)
    return bob


def test_selection_is_found_again_and_taken_back_entry_by_entry(client, letter, bob):
    """Otherwise nobody finds an anonymous entry again that was approved among others."""
    other = make_letter()
    Membership.objects.create(letter=other, user=bob, role=Role.MODERATOR)
    name = make_signature(letter, name="Ada")
    nameless = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    elsewhere = make_signature(other, name="Grace")
    ticked = {"_selected_action": [str(e.pk) for e in (name, nameless, elsewhere)]}
    page = client.get(LIST)

    client.post(LIST, {"action": "approve_selected", **ticked, "reads": hidden(page, "reads")})

    works = BulkDecision.objects.in_bulk(field_name="pk").values()
    assert {(work.letter, work.total, work.state) for work in works} == {
        (letter, 2, "done"),
        (other, 1, "done"),
    }
    work = BulkDecision.objects.get(letter=letter)
    entry = work.entries.get(signature=nameless)
    url = reverse("admin:signatories_bulk_one", args=[work.pk])
    assert "Ticked in the list" in text_of(client.get(url))
    client.post(url, {"do": f"undo_one:{entry.pk}"})
    nameless.refresh_from_db()
    name.refresh_from_db()
    assert (nameless.state, name.state) == (State.IN_REVIEW, State.PUBLISHED)
    client.post(url, {"do": "undo"})
    while bulk.go_on(bulk_id=str(work.pk)):
        pass
    name.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (name.state, elsewhere.state) == (State.IN_REVIEW, State.PUBLISHED)


def test_message_of_a_selection_leads_to_it(client, letter, bob):
    make_signature(letter, name="Ada")
    page = client.get(LIST)
    ticked = {"_selected_action": [str(letter.signatures.get().pk)]}

    answer = client.post(
        LIST,
        {"action": "reject_selected", "confirming": "1", "reason": "abuse", **ticked},
        follow=True,
    )

    url = reverse("admin:signatories_bulk_one", args=[BulkDecision.objects.get().pk])
    assert f'href="{url}"' in answer.content.decode()
    assert page.status_code == 200


def test_selection_that_answers_questions_only_leaves_nothing_to_take_back(client, letter, bob):
    line = make_signature(letter, name="Ada", state=State.PUBLISHED)
    Flag.objects.create(signature=line, kind="reported", detail="me")
    page = client.get(LIST)

    client.post(
        LIST,
        {
            "action": "approve_selected",
            "_selected_action": [str(line.pk)],
            "reads": hidden(page, "reads"),
        },
    )

    assert not Flag.objects.exists()
    assert not BulkDecision.objects.exists()


def test_selection_is_noted_alike_whether_a_line_was_withdrawn_or_not(client, letter, bob):
    google = make_organisation("Google")
    day = timezone.localdate()
    for state in (State.PUBLISHED, State.WITHDRAWN):
        make_anonymous(letter, google, state=state, published_on=day, roll_key=state)
    ticked = {
        "_selected_action": [str(pk) for pk in letter.signatures.values_list("pk", flat=True)]
    }

    answer = client.post(
        f"{LIST}?state=all",
        {"action": "reject_selected", "confirming": "1", "reason": "abuse", **ticked},
    )

    assert messages_of(answer) == ["2 rejected"]
    assert BulkDecision.objects.get().total == 2


def test_selection_of_what_was_set_aside_is_set_aside_again(client, letter, bob):
    aside = make_signature(letter, name="Ada", set_aside_on=timezone.localdate())
    page = client.get(LIST, {"aside": "only"})

    client.post(
        f"{LIST}?aside=only",
        {
            "action": "approve_selected",
            "_selected_action": [str(aside.pk)],
            "reads": hidden(page, "reads"),
        },
    )
    work = BulkDecision.objects.get()
    bulk.undo(bulk=work, actor=bob)
    while bulk.go_on(bulk_id=str(work.pk)):
        pass

    aside.refresh_from_db()
    assert (aside.state, aside.set_aside_on) == (State.IN_REVIEW, timezone.localdate())


def test_selection_on_a_sealed_roll_is_taken_back(client, letter, bob):
    line = make_signature(letter, name="Ada", state=State.PUBLISHED)
    closed = {"closed_on": timezone.localdate(), "sealed_on": timezone.localdate()}
    type(letter).objects.update(status="sealed", **closed)

    client.post(
        f"{LIST}?state=all",
        {
            "action": "reject_selected",
            "confirming": "1",
            "reason": "abuse",
            "_selected_action": [str(line.pk)],
        },
    )
    work = BulkDecision.objects.get()
    bulk.undo(bulk=work, actor=bob)
    while bulk.go_on(bulk_id=str(work.pk)):
        pass

    line.refresh_from_db()
    assert line.state == State.PUBLISHED
