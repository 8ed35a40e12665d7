"""Attacks on proofs, on letters inside organisations, and on those who keep the directory.

A hostile review found each of these. `test_attacks.py` has those on single mailboxes.
"""

import re
from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from letters.actions import NotAllowed, propose
from letters.models import (
    Membership,
    Proposal,
    ReviewPolicy,
)
from signatories import addresses, roll, statistics
from signatories.actions import (
    appearing,
    confirming,
    directory,
    moderation,
    own,
    sealing,
    showing,
    signing,
    vouching,
)
from signatories.actions.signing import Entry
from signatories.models import (
    Method,
    Signature,
    State,
    Vouch,
)
from signatories.verification import vouch as vouches
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.test_attacks import (
    ask_to_be_named,
    confirm,
    lines,
    move_batch,
    sign,
    signed,
    verification_of,
)
from tests.signatories.test_login import log_in, provider, running  # noqa: F401

pytestmark = pytest.mark.django_db
X, Y, Z = (f"{name}@google.example" for name in "xyz")


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def bob():
    return make_user("bob", is_staff=True)


def moderates(user, letter, role="moderator"):
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


# Elimination --------------------------------------------------------------------------------------


def lines_of(letter):
    return [(line.name, line.detail) for line in roll.page(letter, size=500).lines]


@pytest.mark.parametrize("way", ["internal, subsidiaries", "public, for two organisations"])
def test_hidden_line_is_not_the_only_other_organisations_by_elimination(way):
    meta = make_organisation("Meta", "meta.example")
    tiny = make_organisation("Tinyware", "tiny.example", parent=meta)
    if way == "internal, subsidiaries":
        letter = make_letter(visibility="internal", reach="below", minimum_group_size=5)
        letter.organisations.add(meta)
    else:
        letter = make_letter(eligibility="organisations", minimum_group_size=5)
        letter.organisations.add(meta, tiny)
    for _each in range(5):
        make_anonymous(letter, meta)
    make_anonymous(letter, tiny)
    move_batch(letter)

    hidden = [d for _n, d in lines_of(letter) if "not shown" in d]
    shown = [d for _n, d in lines_of(letter) if "Meta" in d]
    assert len(shown) == 5
    # Only Meta and Tinyware may sign, and a Meta line would show: each of these is Tinyware's.
    assert hidden == []


# By method ----------------------------------------------------------------------------------------


def test_number_by_method_does_not_place_a_hidden_line(google):
    """A colleague's word is worth its giver's organisation: where the only giver that is not of a
    group that shows is one name, the one line vouched for is of that name's organisation."""
    tiny = make_organisation("Tinyware", "tiny.example")
    other = make_organisation("Otherware", "other.example")
    read = []
    for hidden in ("vouched by the one name of Tinyware", "a mailbox of some other organisation"):
        letter = make_letter(allows_vouching=True, minimum_group_size=5)
        for _each in range(5):
            make_anonymous(letter, google)
        make_signature(
            letter, name="Jane Doe", state=State.PUBLISHED, organisation=tiny, method="mailbox"
        )
        if hidden.startswith("vouched"):
            make_anonymous(letter, tiny, method=Method.VOUCH, tenure="")
        else:
            make_anonymous(letter, other)
        move_batch(letter)
        letter.refresh_from_db()
        read.append(
            (sorted(lines_of(letter)), statistics.public_statistics(letter)["as_of_last_batch"])
        )

    assert read[0][0] == read[1][0]
    assert read[0][1] == read[1][1]


# Vouch limit, rejection ---------------------------------------------------------------------------


def give_all(token):
    given = 0
    try:
        while True:
            vouching.give(token=token)
            Vouch.objects.all().delete()  # used
            given += 1
    except NotAllowed:
        return given


def test_one_mailbox_vouches_no_more_than_five_times(google):
    letter = make_letter(allows_vouching=True, review_policy=ReviewPolicy.AFTER)
    token = signed(letter, X, "anonymous")
    given = give_all(token)
    for _round in range(3):
        named = confirm(ask_to_be_named(token, X))
        own.withdraw(token=token)
        token = appearing.appear_without_name(token=named, appearance="anonymous")
        given += give_all(token)
    assert letter.used_addresses.count() == 1
    assert given <= 5


def test_one_mailbox_vouches_no_more_than_five_times_by_name(google):
    letter = make_letter(allows_vouching=True, review_policy=ReviewPolicy.AFTER)
    token = signed(letter, X, "anonymous")
    given = give_all(token)
    named = confirm(ask_to_be_named(token, X))
    own.withdraw(token=token)
    move_batch(letter)
    given += give_all(named)
    assert given <= 5


def test_rejected_line_that_its_owner_withdraws_does_not_come_back_through_a_name(google, bob):
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    moderates(bob, letter)
    token = signed(letter, X, "anonymous")
    move_batch(letter)
    named = confirm(ask_to_be_named(token, X))
    moderation.reject(signature=confirming.by_token(token), actor=bob, reason="false_claim")

    own.withdraw(token=token)
    appearing.appear_without_name(token=named, appearance="anonymous")
    move_batch(letter)

    assert lines(letter) == 0


# Withdrawing organisations ------------------------------------------------------------------------


def test_organisation_can_be_withdrawn_although_somebody_by_name_has_vouched(google):
    letter = make_letter(allows_vouching=True, review_policy=ReviewPolicy.AFTER)
    token = signed(letter, X, "named")
    vouching.give(token=token)

    problem = None
    try:
        with transaction.atomic():
            directory.withdraw(organisation=google, actor=None)
    except IntegrityError as error:
        problem = str(error)

    assert problem is None
    google.refresh_from_db()
    assert google.is_withdrawn


def test_withdrawn_organisation_verifies_nobody_by_vouch(google):
    letter = make_letter(allows_vouching=True, review_policy=ReviewPolicy.AFTER)
    giver = signed(letter, X, "anonymous")
    move_batch(letter)
    directory.withdraw(organisation=google, actor=None)

    with suppress(NotAllowed, vouches.VouchGone):
        found = vouching.give(token=giver)
        vouch = vouches.by_link(vouching.open_links(found, giver)[0].token)
        if vouch:
            page = signing.sign(
                letter=letter,
                entry=Entry("anonymous"),
                address=addresses.read("friend@gmail.com"),
                affiliation=vouches.proves(vouch, "current"),
                vouch_digest=vouch.link_digest,
            )
            confirm(page)
    assert not Signature.objects.filter(method=Method.VOUCH).approved().exists()


def test_withdrawn_organisation_verifies_nobody_who_confirms_later(google):
    letter = make_letter()
    page = sign(letter, X, "anonymous")
    directory.withdraw(organisation=google, actor=None)
    confirm(page)
    move_batch(letter)
    assert not [line for line in roll.page(letter).lines if line.is_verified]


def test_name_of_a_withdrawn_organisation_waits_where_only_verified_ones_are_taken(google):
    letter = make_letter(accepts_unverified=False, review_policy=ReviewPolicy.AFTER)
    page = sign(letter, X, "named")
    directory.withdraw(organisation=google, actor=None)
    confirm(page)

    assert not [line for line in roll.page(letter).lines if not line.is_verified]


# Duplicate's links burn addresses -----------------------------------------------------------------


def test_link_of_a_duplicate_does_not_cost_its_bearer_the_signature(google):
    letter = make_letter(allows_vouching=True, review_policy=ReviewPolicy.AFTER)
    signed(letter, X, "named")
    again = signed(letter, X, "named")  # Nobody, the giver included, is told that it is one.
    found = vouching.give(token=again)
    vouch = vouches.by_link(vouching.open_links(found, again)[0].token)
    page = signing.sign(
        letter=letter,
        entry=Entry("named", "Friend Friendly"),
        address=addresses.read(Y),
        affiliation=vouches.proves(vouch, "current"),
        vouch_digest=vouch.link_digest,
    )
    confirm(page)  # "You have signed."
    again = "Friendly Colleague"
    signed(letter, Y, "named", name=again)  # And again, with their own mailbox at work.

    named = letter.signatures.on_roll().filter(name__in=[again, "Nomen Nescio"])
    assert named.count() == 2


# Members' cookie ----------------------------------------------------------------------------------


def enter(browser, email, deliver, code_of):
    page = browser.post("/members/", {"email": email}).url
    [mail] = deliver()
    return browser.post(page, {"code": code_of(mail)})


def test_membership_of_one_organisation_is_not_prolonged_by_another(
    google, deliver, code_of, time_machine
):
    make_organisation("Shellcompany", "shell.example")
    letter = make_letter(visibility="internal")
    letter.organisations.add(google)
    time_machine.move_to("2026-01-20T08:00:00Z", tick=False)
    browser = Client()
    enter(browser, X, deliver, code_of)
    assert browser.get(f"/letters/{letter.slug}/").status_code == 200

    time_machine.move_to("2026-01-20T19:30:00Z", tick=False)
    enter(browser, "me@shell.example", deliver, code_of)
    time_machine.move_to("2026-01-21T07:00:00Z", tick=False)

    assert browser.get(f"/letters/{letter.slug}/").status_code == 404


# Internal letters take unproven names -------------------------------------------------------------


def test_no_unproven_name_comes_under_an_internal_letter(google, deliver, code_of):
    letter = make_letter(visibility="internal", review_policy=ReviewPolicy.AFTER)
    letter.organisations.add(google)
    token = signed(letter, X, "anonymous")
    duplicates = [signed(letter, X, "anonymous") for _each in range(3)]
    for number, again in enumerate([token, *duplicates]):
        browser = Client()
        answered = browser.post(
            f"/signature/{again}/named/",
            {"name": f"Invented Person {number}", "email": f"nobody{number}@gmail.com"},
        )
        if answered.status_code == 302:
            mails = deliver()
            browser.post(answered.url, {"code": code_of(mails[-1])})
    move_batch(letter)
    unproven = [s for s in letter.signatures.on_roll().named() if not s.is_verified]
    assert unproven == []


# Moderators and the directory ---------------------------------------------------------------------


def test_moderator_decides_no_name_under_another_teams_letter(bob):
    own_letter = make_letter(accepts_unverified=True)
    other = make_letter(visibility="internal")
    moderates(bob, own_letter)
    propose(name="Anything", letter=own_letter)
    propose(name="Goldman Sachs", letter=other)
    entry = make_signature(other, organisation_text="Goldman Sachs", state=State.PUBLISHED)
    mine = Proposal.objects.get(key="anything")

    with pytest.raises(NotAllowed, match="Ask the host"):
        directory.accept(proposal=mine, name="GOLDMAN sachs", actor=bob)

    entry.refresh_from_db()
    assert entry.organisation is None
    assert roll.line(entry).detail == "says Goldman Sachs; not verified"


def test_moderator_sees_no_spelling_of_entries_under_other_letters(bob):
    own_letter, other = make_letter(), make_letter(visibility="internal")
    moderates(bob, own_letter)
    propose(name="Acme Widgets", letter=own_letter)
    make_signature(own_letter, organisation_text="Acme Widgets")
    make_signature(other, organisation_text="ACME (Widgets) GmbH", state=State.UNCONFIRMED)
    proposal = Proposal.objects.get()
    browser = Client()
    browser.force_login(bob)
    page = browser.get(f"/admin/letters/proposal/{proposal.pk}/change/").content.decode()
    assert "ACME (Widgets) GmbH" not in page


def test_take_back_says_again_what_the_signatory_said(google, bob):
    letter = make_letter()
    moderates(bob, letter)
    entry = make_signature(
        letter,
        organisation_text="Initech",
        tenure="former",
        state=State.PUBLISHED,
        shown_tenure="former",
    )
    before = roll.line(entry).detail
    showing.record(signature=entry, actor=bob, organisation=google, tenure="current", how="other")
    showing.take_back(signature=entry, actor=bob)
    entry.refresh_from_db()
    assert roll.line(entry).detail == before


def test_moderators_see_anonymous_lines_on_the_roll_as_the_public_does(google, bob):
    letter = make_letter(allows_vouching=True)
    moderates(bob, letter)
    make_anonymous(letter, google)
    make_anonymous(letter, google, method=Method.VOUCH, tenure="")
    move_batch(letter)
    browser = Client()
    browser.force_login(bob)
    page = browser.get("/admin/signatories/signature/?state=published").content.decode()
    rows = re.findall(r"<tr id=.*?</tr>", page, re.S)
    rows = [re.sub(r"<[^>]+>|\s+", " ", r) for r in rows if "Anonymous" in r]
    assert len(rows) == 2
    assert not any("vouched for" in r for r in rows)


def test_shown_proof_is_of_an_organisation_that_the_letter_is_for(google, bob):
    letter = make_letter(eligibility="organisations")
    letter.organisations.add(google)
    elsewhere = make_organisation("Elsewhere")
    moderates(bob, letter)
    entry = make_signature(letter, organisation=google, tenure="current")
    with suppress(NotAllowed):
        showing.record(
            signature=entry, actor=bob, organisation=elsewhere, tenure="current", how="other"
        )
    entry.refresh_from_db()
    assert entry.organisation == google


# Sealed, unverified anonymous ---------------------------------------------------------------------


def test_sealing_reads_alike_for_an_unverified_anonymous_duplicate(google, client):
    letter = make_letter(allows_unverified_anonymous=True)
    mailboxes = ["a@gmail.com", "b@gmail.com"]
    signed(letter, mailboxes[0], "named", organisation="")
    tokens = [signed(letter, one, "anonymous", organisation="") for one in mailboxes]
    before = [client.get(f"/signature/{t}/data.json").json() for t in tokens]
    assert before[0] == before[1]
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)
    after = [client.get(f"/signature/{t}/data.json").json() for t in tokens]
    assert after[0] == after[1]


# Queries ------------------------------------------------------------------------------------------


def test_confirming_a_name_takes_as_many_queries_for_a_new_and_a_known_address(google):
    counts = []
    for known in (True, False):
        letter = make_letter(review_policy=ReviewPolicy.AFTER)
        signed(letter, Z, "anonymous")  # a letter key exists
        if known:
            signed(letter, X, "anonymous")
        token = signed(letter, Y, "anonymous")
        page = ask_to_be_named(token, X)
        verification = verification_of(page)
        with CaptureQueriesContext(connection) as captured:
            confirming.confirm(verification=verification, secrets=(page, "1"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_withdrawing_a_name_takes_as_many_queries_for_a_duplicate(google):
    counts = []
    for known in (True, False):
        letter = make_letter(review_policy=ReviewPolicy.BEFORE)
        signed(letter, X if known else Y, "named")
        token = signed(letter, X, "named")
        with CaptureQueriesContext(connection) as captured:
            own.withdraw(token=token)
        counts.append(len(captured))
    assert counts[0] == counts[1]
