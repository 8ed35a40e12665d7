"""Deciding entries, one by one and in bulk. Alice owns, Bob moderates, Charlie is nobody."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.sessions import SessionStore
from letters.models import AuditEntry, Membership, Role
from signatories.actions import moderation
from signatories.models import Signature, State
from tests.admin_pages import (
    LIST,
    NOBODY,
    entry_page,
    make_moderator,
    messages_of,
    text_of,
)
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db


def states(*entries):
    return [Signature.objects.get(pk=entry.pk).state for entry in entries]


# The entry ---------------------------------------------------------------------------------------


def test_entry_shows_the_line_and_what_was_written(client):
    letter = make_letter(title="Pick up the phone")
    entry = make_signature(
        letter, title="Archivist", organisation_text="Moonlight Ltd", tenure="current"
    )
    client.force_login(make_moderator("bob", letter))

    words = text_of(client.get(entry_page(entry)))

    assert "Wilhelmina Otterbourne Archivist, says Moonlight Ltd; not verified" in words
    assert "Organisation, as typed Moonlight Ltd" in words
    assert "Works there I work there now" in words
    assert "Letter Pick up the phone" in words
    assert "Text signed version 1 of" in words
    assert "Verified – address confirmed, affiliation not verified" in words
    assert "State in review, since today" in words


def test_entry_offers_what_its_state_allows(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    for state, buttons in {
        State.IN_REVIEW: ["shown", "approve", "aside", "reject"],
        State.PUBLISHED: ["shown", "back", "reject"],
        State.REJECTED: ["approve", "back"],
    }.items():
        content = client.get(entry_page(make_signature(letter, state=state))).content.decode()
        assert re.findall(r'name="decision" value="(\w+)"', content) == buttons


def test_entry_of_another_letter_answers_like_an_unknown_one(client):
    entry = make_signature(make_letter())
    client.force_login(make_moderator("bob", make_letter()))

    foreign = client.get(entry_page(entry))
    unknown = client.get(f"{LIST}{NOBODY}/change/")

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


def test_open_an_entry_changes_nothing(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    client.get(entry_page(entry), {"decision": "approve", "seen": "in_review"})
    client.head(entry_page(entry))

    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert not AuditEntry.objects.exists()


def test_approve_an_entry_puts_it_on_the_roll_and_opens_the_next(client):
    letter = make_letter()
    today = timezone.localdate()
    first = make_signature(letter, confirmed_on=today - timedelta(days=3))
    second = make_signature(letter, confirmed_on=today - timedelta(days=2))
    make_signature(letter, confirmed_on=today - timedelta(days=1))
    bob = make_moderator("bob", letter)
    client.force_login(bob)

    answer = client.post(entry_page(first), {"decision": "approve", "seen": "in_review"})

    assert (answer.status_code, answer.url) == (302, entry_page(second))
    first.refresh_from_db()
    assert first.state == State.PUBLISHED
    audited = AuditEntry.objects.get()
    assert (audited.verb, audited.actor, audited.letter) == ("signature.approved", bob, letter)


def test_approve_opens_the_next_and_not_what_was_left_for_later(client):
    letter = make_letter()
    today = timezone.localdate()
    make_signature(letter, confirmed_on=today - timedelta(days=3))
    decided = make_signature(letter, confirmed_on=today - timedelta(days=2))
    following = make_signature(letter, confirmed_on=today - timedelta(days=1))
    client.force_login(make_moderator("bob", letter))

    answer = client.post(entry_page(decided), {"decision": "approve", "seen": "in_review"})

    assert answer.url == entry_page(following)


def test_approve_from_the_list_of_all_opens_nothing_that_is_decided(client):
    letter = make_letter()
    entry = make_signature(letter)
    make_signature(letter, state=State.PUBLISHED)
    make_signature(letter, state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    page = entry_page(entry, state="all")
    answer = client.post(page, {"decision": "approve", "seen": "in_review"})

    assert answer.url == f"{LIST}?state=all"


def test_approve_the_last_of_the_queue_goes_on_with_what_was_left_for_later(client):
    letter = make_letter()
    today = timezone.localdate()
    left = make_signature(letter, confirmed_on=today - timedelta(days=3))
    last = make_signature(letter, confirmed_on=today - timedelta(days=2))
    client.force_login(make_moderator("bob", letter))

    answer = client.post(entry_page(last), {"decision": "approve", "seen": "in_review"})

    assert answer.url == entry_page(left)


def test_approve_opens_the_next_of_the_same_filter(client):
    letter, other = make_letter(), make_letter()
    bob = make_moderator("bob", letter)
    Membership.objects.create(letter=other, user=bob, role=Role.MODERATOR)
    today = timezone.localdate()
    first = make_signature(letter, confirmed_on=today - timedelta(days=3))
    make_signature(other, confirmed_on=today - timedelta(days=2))
    following = make_signature(letter, confirmed_on=today - timedelta(days=1))
    client.force_login(bob)

    page = entry_page(first, letter=letter.slug)
    answer = client.post(page, {"decision": "approve", "seen": "in_review"})

    assert answer.url == entry_page(following, letter=letter.slug)


def test_approve_the_last_one_leads_to_the_list_which_says_so(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    page = entry_page(entry, letter=letter.slug)
    answer = client.post(page, {"decision": "approve", "seen": "in_review"})
    after = client.get(answer.url)

    assert answer.url == f"{LIST}?letter={letter.slug}"
    assert "Nothing is waiting for you here." in text_of(after)
    assert "Approved. The line stands on the roll." in text_of(after)


def test_approve_with_odd_filters_goes_on_all_the_same(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    for kept in ("nonsense", "state=no", "organisation=1", "p=77&o=3", "q=%00"):
        entry = make_signature(letter)
        query = {"_changelist_filters": kept}
        assert client.get(entry_page(entry), query).status_code == 200
        answer = client.post(
            entry_page(entry), {"decision": "approve", "seen": "in_review"}, query_params=query
        )
        assert answer.status_code == 302
        assert states(entry) == [State.PUBLISHED]


def test_approve_an_anonymous_entry_leaves_it_to_the_batch(client):
    letter = make_letter()
    organisation = make_organisation("Moonlight Works")
    entry = make_anonymous(letter, organisation, state=State.IN_REVIEW)
    client.force_login(make_moderator("bob", letter))

    answer = client.post(entry_page(entry), {"decision": "approve", "seen": "in_review"})

    assert messages_of(answer)[0].startswith("Approved. The line comes with the next batch. ")
    entry.refresh_from_db()
    assert entry.state == State.APPROVED


def test_reject_an_entry_needs_a_reason(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for reason in ("", "made up", "\0"):
        page = client.post(
            entry_page(entry), {"decision": "reject", "seen": "in_review", "reason": reason}
        )
        assert page.status_code == 200
        assert page.context["rejection"].errors
    assert "Choose a reason: it is counted in public." in text_of(
        client.post(entry_page(entry), {"decision": "reject", "seen": "in_review"})
    )
    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert not AuditEntry.objects.exists()


def test_reject_an_entry_with_a_reason_takes_it_out(client):
    letter = make_letter()
    entry = make_signature(letter)
    bob = make_moderator("bob", letter)
    client.force_login(bob)

    answer = client.post(
        entry_page(entry), {"decision": "reject", "seen": "in_review", "reason": "abuse"}
    )

    assert (answer.status_code, answer.url) == (302, LIST)
    entry.refresh_from_db()
    assert (entry.state, entry.reason) == (State.REJECTED, "abuse")
    audited = AuditEntry.objects.get()
    assert (audited.verb, audited.actor, audited.reason) == ("signature.rejected", bob, "abuse")
    again = client.get(entry_page(entry))
    assert "State rejected abuse or advertising" in text_of(again)


def test_decide_without_a_known_decision_changes_nothing(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for decision in ("", "delete", "APPROVE"):
        page = client.post(
            entry_page(entry), {"decision": decision, "seen": "in_review", "reason": "other"}
        )
        assert page.status_code == 200
    assert states(entry) == [State.IN_REVIEW]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_decide_what_somebody_else_decided_meanwhile_changes_nothing(client, decision):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    stale = {"decision": decision, "seen": "in_review", "reason": "other"}

    client.post(entry_page(entry), {"decision": "approve", "seen": "in_review"})
    answer = client.post(entry_page(entry), stale)

    assert answer.url == entry_page(entry)
    assert messages_of(answer)[-1] == (
        "This entry has been decided meanwhile. Nothing was changed."
    )
    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED
    assert AuditEntry.objects.count() == 1


def test_decide_what_was_withdrawn_or_belongs_to_others_says_so(client):
    foreign = make_signature(make_letter())
    client.force_login(make_moderator("bob", make_letter()))
    decision = {"decision": "approve", "seen": "in_review"}

    for page in (entry_page(foreign), f"{LIST}{NOBODY}/change/"):
        answer = client.post(page, decision)
        assert (answer.status_code, answer.url) == (302, LIST)
        assert messages_of(answer)[-1] == (
            "This entry is no longer here, or is not yours to decide."
        )
    foreign.refresh_from_db()
    assert foreign.state == State.IN_REVIEW


def test_decide_what_the_verb_refuses_shows_its_sentence(client, monkeypatch):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    def refuse(*, signature, actor, **said):
        raise moderation.NotAllowed("This entry can no longer be approved.")

    monkeypatch.setattr("signatories.actions.moderation.approve", refuse)
    answer = client.post(entry_page(entry), {"decision": "approve", "seen": "in_review"})

    assert answer.url == entry_page(entry)
    assert messages_of(answer) == ["This entry can no longer be approved."]


def test_decisions_leave_no_name_in_log_entries_messages_or_sessions(client):
    letter = make_letter()
    one, two, three = (make_signature(letter, name=f"Canary{n} Bird") for n in range(3))
    client.force_login(make_moderator("bob", letter))

    answers = [
        client.post(entry_page(one, q="Canary0"), {"decision": "approve", "seen": "in_review"}),
        client.post(
            entry_page(two), {"decision": "reject", "seen": "in_review", "reason": "other"}
        ),
        client.post(
            LIST,
            {"action": "approve_selected", "index": 0, "_selected_action": str(three.pk)},
        ),
    ]

    assert not LogEntry.objects.exists()
    store = SessionStore()
    kept = " ".join(str(messages_of(answer)) for answer in answers)
    kept += " ".join(str(store.decode(row.session_data)) for row in Session.objects.all())
    kept += str(list(AuditEntry.objects.values()))
    assert "Approved. The line stands on the roll." in kept
    assert "_auth_user_id" in kept
    assert "Canary" not in kept


# In bulk -----------------------------------------------------------------------------------------


def tick(*entries, **data):
    return {"index": 0, "_selected_action": [str(entry.pk) for entry in entries], **data}


def test_approve_selected_decides_each_through_the_verb(client):
    letter = make_letter()
    one, two, three = (make_signature(letter) for _each in range(3))
    client.force_login(make_moderator("bob", letter))

    answer = client.post(LIST, tick(one, two, action="approve_selected"))

    assert (answer.status_code, answer.url) == (302, LIST)
    assert messages_of(answer) == ["2 approved"]
    assert states(one, two, three) == [State.PUBLISHED, State.PUBLISHED, State.IN_REVIEW]
    assert AuditEntry.objects.filter(verb="signature.approved").count() == 2


def test_approve_selected_keeps_the_filter_but_not_the_page_that_is_gone_then(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    path = f"{LIST}?letter={letter.slug}&p=2"
    answer = client.post(path, tick(entry, action="approve_selected"))

    assert answer.url == f"{LIST}?letter={letter.slug}"
    assert states(entry) == [State.PUBLISHED]


def test_approve_selected_reaches_own_letters_only(client):
    letter = make_letter()
    own, foreign = make_signature(letter), make_signature(make_letter())
    client.force_login(make_moderator("bob", letter))

    answer = client.post(f"{LIST}?state=all", tick(own, foreign, action="approve_selected"))

    assert messages_of(answer) == ["1 approved, 1 could not be: Decided or withdrawn meanwhile."]
    assert states(own, foreign) == [State.PUBLISHED, State.IN_REVIEW]


def test_approve_selected_says_why_the_verb_refused(client, monkeypatch):
    letter = make_letter()
    one, two = make_signature(letter), make_signature(letter)
    client.force_login(make_moderator("bob", letter))
    approve = moderation.approve

    def refuse_one(*, signature, actor, **said):
        if signature == one:
            raise moderation.NotAllowed("This entry can no longer be approved.")
        return approve(signature=signature, actor=actor)

    monkeypatch.setattr(moderation, "approve", refuse_one)
    answer = client.post(LIST, tick(one, two, action="approve_selected"))

    assert messages_of(answer) == [
        "1 approved, 1 could not be: This entry can no longer be approved."
    ]


def test_approve_selected_takes_what_was_ticked_even_if_asked_for_all(client):
    letter = make_letter()
    one, two = make_signature(letter), make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    client.post(LIST, tick(one, action="approve_selected", select_across=1))

    assert states(one, two) == [State.PUBLISHED, State.IN_REVIEW]


def test_approve_selected_leaves_out_what_no_longer_matches_the_filter(client):
    letter = make_letter()
    rejected = make_signature(letter, state=State.REJECTED)
    client.force_login(make_moderator("bob", letter))

    client.post(LIST, tick(rejected, action="approve_selected"))

    assert states(rejected) == [State.REJECTED]


def test_reject_selected_asks_for_a_reason_first(client):
    letter = make_letter()
    one, two, three = (make_signature(letter, name=f"Person {n}") for n in range(3))
    client.force_login(make_moderator("bob", letter))

    page = client.post(LIST, tick(one, two, action="reject_selected"))

    words = text_of(page)
    assert page.status_code == 200
    assert "Person 0" in words
    assert "Person 1" in words
    assert "Person 2" not in words
    assert "Reject 2 entries" in words
    assert states(one, two, three) == [State.IN_REVIEW] * 3


def test_reject_selected_with_a_reason_rejects_each(client):
    letter = make_letter()
    one, two, three = (make_signature(letter) for _each in range(3))
    client.force_login(make_moderator("bob", letter))
    confirmed = {"action": "reject_selected", "reason": "abuse", "confirming": "1"}

    answer = client.post(
        f"{LIST}?letter={letter.slug}",
        {**confirmed, "_selected_action": [str(one.pk), str(two.pk)]},
    )

    assert answer.url == f"{LIST}?letter={letter.slug}"
    assert messages_of(answer) == ["2 rejected"]
    assert states(one, two, three) == [State.REJECTED, State.REJECTED, State.IN_REVIEW]
    assert AuditEntry.objects.filter(verb="signature.rejected", reason="abuse").count() == 2


def test_reject_selected_with_an_unknown_reason_rejects_nothing(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    for reason in ("", "made up"):
        said = {"action": "reject_selected", "reason": reason, "confirming": "1"}
        page = client.post(LIST, tick(entry, **said))
        assert page.status_code == 200
        assert page.context["form"].errors
    assert states(entry) == [State.IN_REVIEW]


def test_reject_selected_without_a_reason_asks_for_one_and_keeps_the_selection(client):
    letter = make_letter()
    one, two, three = (make_signature(letter) for _each in range(3))
    client.force_login(make_moderator("bob", letter))
    asked = client.post(LIST, tick(one, two, action="reject_selected"))
    sent = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode())
    said = {name: [value for this, value in sent if this == name] for name, _value in sent}

    page = client.post(LIST, said)

    assert asked.context["form"].errors == {}
    assert page.context["form"].errors == {"reason": ["Choose a reason: it is counted in public."]}
    assert "Choose a reason: it is counted in public." in text_of(page)
    assert "Reject 2 entries" in text_of(page)
    assert {one.pk, two.pk} == {entry.pk for entry, _line, _read in page.context["entries"]}
    assert states(one, two, three) == [State.IN_REVIEW] * 3


def test_reject_selected_after_others_decided_says_so(client):
    letter = make_letter()
    entry = make_signature(letter, state=State.PUBLISHED)
    client.force_login(make_moderator("bob", letter))

    page = client.post(LIST, tick(entry, action="reject_selected"))
    confirmed = {"action": "reject_selected", "reason": "other", "confirming": "1"}
    answer = client.post(LIST, tick(entry, **confirmed))

    assert "These entries have been decided meanwhile" in text_of(page)
    assert messages_of(answer)[-1] == (
        "0 rejected, 1 could not be: Decided or withdrawn meanwhile."
    )
    assert states(entry) == [State.PUBLISHED]


@pytest.mark.parametrize("action", ["approve_selected", "reject_selected"])
def test_bulk_with_ids_that_are_none_is_a_bad_request(client, action):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    answer = client.post(LIST, {"index": 0, "_selected_action": "1 OR 1", "action": action})

    assert answer.status_code == 400


@pytest.mark.parametrize("action", ["", "no_such_action", "has_view_permission", "\0"])
def test_bulk_with_an_unknown_action_changes_nothing(client, action):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    answer = client.post(LIST, tick(entry, action=action))

    assert answer.status_code == 302
    assert states(entry) == [State.IN_REVIEW]


def test_bulk_with_nothing_ticked_says_so(client):
    letter = make_letter()
    entry = make_signature(letter)
    client.force_login(make_moderator("bob", letter))

    answer = client.post(LIST, tick(action="approve_selected"))

    assert answer.status_code == 302
    assert "selected" in messages_of(answer)[0]
    assert states(entry) == [State.IN_REVIEW]


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.PUBLISHED, State.REJECTED])
def test_page_of_an_anonymous_entry_does_not_say_which_text_it_was_given_to(client, state):
    """Everybody reads sums of them, by version."""
    entry = make_anonymous(make_letter(), make_organisation("Google"), state=state)
    client.force_login(make_moderator("bob", entry.letter))

    page = client.get(entry_page(entry))

    assert page.status_code == 200
    assert "Text signed" not in text_of(page)
    assert "version 1 of" not in text_of(page)
