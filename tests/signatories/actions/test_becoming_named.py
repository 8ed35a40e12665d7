"""From an anonymous line to a name: asked for, proven anew, reviewed, and swapped by a batch."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed, Text, pausing, publish_text
from letters.models import ReviewPolicy
from signatories import addresses, tasks
from signatories.actions import batches, confirming, moderation, own, sealing, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    Method,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.factories import make_anonymous, make_letter, make_organisation, make_user
from tests.worker import check_all

pytestmark = pytest.mark.django_db

ADDRESS = Address("w.otterbourne", "google.example")
COLLEAGUE = Address("z.quillfeather", "google.example")
ANONYMOUS = Entry("anonymous")
NAMED = Entry("named", name="Wilhelmina Otterbourne", title="Poet")


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def alice():
    return make_user("alice", is_superuser=True)


def awaited(page):
    return Verification.objects.get(page_digest=crypto.digest("page", page))


def confirm(page):
    token = confirming.confirm(verification=awaited(page), secrets=(page, "12345678"))
    check_all()
    return token


def sign_and_confirm(letter, organisation, entry=ANONYMOUS, address=ADDRESS):
    affiliation = Affiliation(organisation, "", "current", Method.MAILBOX)
    return confirm(
        signing.sign(letter=letter, entry=entry, address=address, affiliation=affiliation)
    )


def ask_to_be_named(token, address=ADDRESS, entry=NAMED):
    signature = confirming.by_token(token)
    return signing.ask_to_be_named(
        signature=signature,
        entry=entry,
        address=address,
        affiliation=Affiliation(signature.organisation, "", "current", Method.MAILBOX),
    )


def test_ask_to_be_named_while_signing_pauses_sends_nothing(google, alice):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    pausing.pause(letter=letter, actor=alice)

    with pytest.raises(pausing.Paused):
        ask_to_be_named(token, address=COLLEAGUE)

    assert not Verification.objects.exists()
    assert Signature.objects.get().appearance == "anonymous"


def become_named(token, address=ADDRESS):
    return confirm(ask_to_be_named(token, address))


def make_due(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())


def move_batch(letter):
    """A batch, and nothing else that counts."""
    make_due(letter)
    return batches.publish_batch(letter=letter, now=timezone.now())


@pytest.fixture
def letter(google):
    """Five anonymous lines of Google on the roll, so that a sixth can come and go."""
    letter = make_letter(slug="open")
    for _each in range(5):
        make_anonymous(letter, google)
    move_batch(letter)
    return letter


@pytest.fixture
def public(client):
    """What everybody sees: (total, by name, anonymously, received), and the names on the roll."""

    def look(letter):
        figures = client.get(f"/letters/{letter.slug}/stats.json").json()
        shown = figures["published"]
        roll = client.get(f"/letters/{letter.slug}/roll/")
        page = client.get(f"/letters/{letter.slug}/")
        assert roll.context["tally"].total == page.context["tally"].total == shown["total"]
        names = sorted(line.name for line in roll.context["lines"])
        # Roll and number never disagree.
        assert len(names) == shown["total"]
        assert len(names) - names.count("Anonymous") == shown["named"]
        assert shown["total"] == sum(row["signatures"] for row in figures["by_version"])
        assert shown.pop("counted") == 0
        return (
            (*shown.values(), figures["as_of_last_batch"]["received"]),
            [name for name in names if name != "Anonymous"],
        )

    return look


# The way of a wish ---------------------------------------------------------------------------------


def test_name_takes_the_place_of_the_anonymous_line_in_one_batch(letter, google, alice, public):
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    seen = [public(letter)]

    page = ask_to_be_named(token)
    tasks.refresh_counts()
    seen.append(public(letter))
    named = confirm(page)
    tasks.refresh_counts()
    seen.append(public(letter))
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    tasks.refresh_counts()
    tasks.publish_batches()
    seen.append(public(letter))
    batches.publish_batch(letter=letter, now=timezone.now())
    seen.append(public(letter))

    assert seen == [((6, 0, 6, 6), [])] * 5
    assert confirming.by_token(token).state == State.PUBLISHED

    move_batch(letter)

    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])
    tasks.refresh_counts()
    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])
    assert confirming.by_token(token) is None
    signature = confirming.by_token(named)
    assert (signature.state, signature.replaces) == (State.PUBLISHED, None)
    assert (signature.shown_organisation, signature.shown_tenure) == (google, "current")
    assert signature.roll_key.startswith("otterbourne wilhelmina ")
    assert signature.address_digest == addresses.digest(letter, ADDRESS)
    assert not Departure.objects.exists()
    assert UsedAddress.objects.count() == 1


def test_swap_twice_is_once(letter, google, alice, public):
    token = sign_and_confirm(letter, google)
    named = become_named(token)
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    move_batch(letter)
    before = Signature.objects.values().get(appearance="named"), public(letter)

    move_batch(letter)

    assert before == (Signature.objects.values().get(appearance="named"), public(letter))


def test_name_reviewed_afterwards_waits_for_the_batch_too(letter, google, public):
    letter.review_policy = ReviewPolicy.AFTER
    letter.save()
    token = sign_and_confirm(letter, google)
    move_batch(letter)

    named = become_named(token)
    tasks.refresh_counts()

    assert confirming.by_token(named).state == State.APPROVED
    assert public(letter) == ((6, 0, 6, 6), [])
    move_batch(letter)
    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])


def test_name_takes_the_place_of_a_line_that_waits_itself(letter, google, alice, public):
    token = sign_and_confirm(letter, google)
    named = become_named(token)
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    assert public(letter) == ((5, 0, 5, 5), [])

    assert move_batch(letter) == 0

    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])


def test_name_with_an_address_that_never_signed_takes_the_place_as_well(letter, google, alice):
    token = sign_and_confirm(letter, google)
    named = become_named(token, COLLEAGUE)
    moderation.approve(signature=confirming.by_token(named), actor=alice)

    move_batch(letter)

    assert confirming.by_token(named).state == State.PUBLISHED
    assert confirming.by_token(token) is None
    assert UsedAddress.objects.count() == 2


def test_rejected_name_leaves_the_anonymous_line_where_it_is(letter, google, alice, public):
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    named = become_named(token)
    moderation.reject(signature=confirming.by_token(named), actor=alice, reason="abuse")

    move_batch(letter)
    tasks.refresh_counts()

    assert public(letter) == ((6, 0, 6, 6), [])
    assert confirming.by_token(token).state == State.PUBLISHED

    moderation.approve(signature=confirming.by_token(named), actor=alice)
    tasks.refresh_counts()
    assert public(letter) == ((6, 0, 6, 6), [])
    move_batch(letter)
    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.REJECTED])
def test_name_withdrawn_while_it_waits_leaves_line_and_used_address(letter, google, public, state):
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    named = become_named(token)
    rejection = {"rejected_on": timezone.localdate(), "reason": "other"}
    Signature.objects.filter(name=NAMED.name).update(
        state=state, **(rejection if state == State.REJECTED else {})
    )

    own.withdraw(token=named)
    move_batch(letter)

    assert confirming.by_token(named) is None
    assert confirming.by_token(token).state == State.PUBLISHED
    assert public(letter) == ((6, 0, 6, 6), [])
    assert UsedAddress.objects.count() == 1
    assert not Departure.objects.exists()


def test_line_withdrawn_while_the_name_waits_leaves_and_the_name_comes(
    letter, google, alice, public
):
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    named = become_named(token)
    own.withdraw(token=token)
    moderation.approve(signature=confirming.by_token(named), actor=alice)

    move_batch(letter)

    (total, by_name, anonymous, _received), names = public(letter)
    assert (total, by_name, anonymous, names) == (6, 1, 5, ["Wilhelmina Otterbourne"])


def test_abandoned_wish_is_erased_after_a_day_without_a_trace(letter, google, public, time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    before = public(letter)
    page = ask_to_be_named(token)
    assert awaited(page).erase_after == timezone.now() + timedelta(hours=24)
    assert awaited(page).key_name == "2026-01-20.anonymous"

    time_machine.shift(timedelta(hours=24))
    tasks.erase_expired()

    assert not Signature.objects.named().exists()
    assert not Verification.objects.exists()
    assert not Departure.objects.exists()
    time_machine.move_to("2026-01-20T13:00:00Z", tick=False)
    move_batch(letter)
    assert public(letter) == before


def test_rejected_name_is_erased_after_its_days_without_a_departure(
    letter, google, alice, time_machine
):
    named = become_named(sign_and_confirm(letter, google))
    moderation.reject(signature=confirming.by_token(named), actor=alice, reason="abuse")

    time_machine.move_to(timezone.now() + timedelta(days=31))
    tasks.erase_expired()

    assert not Signature.objects.named().exists()
    assert not Departure.objects.exists()


def test_name_stays_bound_to_the_text_that_the_line_was_given_to(letter, google):
    token = sign_and_confirm(letter, google)
    read = letter.current_version
    text = Text(letter.title, "Another text.\n", (("Do", "that."),))
    publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())
    letter.refresh_from_db()

    named = become_named(token)

    assert confirming.by_token(named).version == read != letter.current_version


def test_name_that_waits_when_the_letter_is_sealed_stands_only_if_it_was_approved(google, alice):
    letter = make_letter()
    first, second = (
        sign_and_confirm(letter, google, address=address) for address in (ADDRESS, COLLEAGUE)
    )
    approved = become_named(first)
    undecided = become_named(second, COLLEAGUE)
    moderation.approve(signature=confirming.by_token(approved), actor=alice)
    sealing.close(letter=letter, actor=None)

    sealing.seal(letter=letter, actor=None)

    assert confirming.by_token(approved).state == State.PUBLISHED
    assert confirming.by_token(first) is None
    assert confirming.by_token(undecided).reason == "sealed"
    assert confirming.by_token(second).state == State.PUBLISHED
    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous, tally.figures["received"]) == (1, 1, 2)


# What spoke against the anonymous entry ------------------------------------------------------------


def sign_in_a_burst(letter, organisation):
    affiliation = Affiliation(organisation, "", "current", Method.MAILBOX)
    page = signing.sign(
        letter=letter, entry=ANONYMOUS, address=ADDRESS, affiliation=affiliation, is_burst=True
    )
    return confirm(page)


def kinds_of(token):
    return sorted(confirming.by_token(token).flags.values_list("kind", flat=True))


@pytest.fixture
def read_afterwards(letter):
    letter.review_policy = ReviewPolicy.AFTER
    letter.save()
    return letter


def test_adding_a_name_leaves_no_burst_behind(read_afterwards, google, alice, public):
    token = sign_in_a_burst(read_afterwards, google)

    named = become_named(token)
    move_batch(read_afterwards)

    assert (confirming.by_token(named).state, kinds_of(named)) == (State.IN_REVIEW, ["burst"])
    assert kinds_of(token) == ["burst"]
    assert public(read_afterwards) == ((5, 0, 5, 5), [])
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    move_batch(read_afterwards)
    assert public(read_afterwards) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])
    assert confirming.by_token(token) is None


def test_adding_a_name_to_a_duplicate_leaves_no_burst_behind_either(read_afterwards, google):
    sign_and_confirm(read_afterwards, google)
    repeated = sign_in_a_burst(read_afterwards, google)

    named = become_named(repeated)

    assert (confirming.by_token(named).state, kinds_of(named)) == (State.DUPLICATE, ["burst"])


def test_name_that_comes_in_a_burst_itself_waits_for_a_moderator(read_afterwards, google):
    token = sign_and_confirm(read_afterwards, google)
    page = signing.ask_to_be_named(
        signature=confirming.by_token(token),
        entry=NAMED,
        address=ADDRESS,
        affiliation=Affiliation(google, "", "current", Method.MAILBOX),
        is_burst=True,
    )

    named = confirm(page)

    assert (confirming.by_token(named).state, kinds_of(named)) == (State.IN_REVIEW, ["burst"])


def test_burst_that_a_moderator_has_answered_does_not_come_along(read_afterwards, google, alice):
    token = sign_in_a_burst(read_afterwards, google)
    moderation.approve(signature=confirming.by_token(token), actor=alice)

    named = become_named(token)

    assert (confirming.by_token(named).state, kinds_of(named)) == (State.APPROVED, [])


def reject_line(token, alice):
    moderation.reject(signature=confirming.by_token(token), actor=alice, reason="not_a_person")


def test_rejected_line_does_not_come_back_as_a_name_that_nobody_read(
    read_afterwards, google, alice, public
):
    token = sign_and_confirm(read_afterwards, google)
    move_batch(read_afterwards)
    named = become_named(token)
    assert confirming.by_token(named).state == State.APPROVED
    reject_line(token, alice)

    move_batch(read_afterwards)

    assert confirming.by_token(named).state == State.IN_REVIEW
    assert confirming.by_token(token).state == State.REJECTED
    assert public(read_afterwards) == ((5, 0, 5, 6), [])
    own.correct_title(token=named, title="Painter")
    check_all()
    assert confirming.by_token(named).state == State.IN_REVIEW
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    move_batch(read_afterwards)
    assert confirming.by_token(named).state == State.PUBLISHED
    assert confirming.by_token(token) is None


def test_rejected_line_does_not_come_back_by_sealing(read_afterwards, google, alice):
    token = sign_and_confirm(read_afterwards, google)
    move_batch(read_afterwards)
    named = become_named(token)
    reject_line(token, alice)
    sealing.close(letter=read_afterwards, actor=None)

    sealing.seal(letter=read_afterwards, actor=None)

    assert confirming.by_token(named).reason == "sealed"
    assert not read_afterwards.signatures.on_roll().named().exists()


# Letters of one organisation, which hold small numbers back -----------------------------------------


def test_name_comes_and_no_anonymous_number_shows_below_the_minimum(google, alice, public):
    letter = make_letter(slug="held")
    letter.organisations.set([google])
    for _each in range(3):
        make_anonymous(letter, google)
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    assert public(letter) == ((0, 0, 0, 0), [])
    named = become_named(token)
    moderation.approve(signature=confirming.by_token(named), actor=alice)
    tasks.refresh_counts()
    assert public(letter) == ((0, 0, 0, 0), [])

    move_batch(letter)

    assert public(letter) == ((1, 1, 0, 1), ["Wilhelmina Otterbourne"])
    assert letter.signatures.anonymous().count() == 3


def test_name_that_takes_a_line_below_the_minimum_takes_the_others_off_the_roll(
    google, alice, public
):
    letter = make_letter(slug="held")
    letter.organisations.set([google])
    for _each in range(4):
        make_anonymous(letter, google)
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    assert public(letter) == ((5, 0, 5, 5), [])
    named = become_named(token)
    moderation.approve(signature=confirming.by_token(named), actor=alice)

    move_batch(letter)

    assert public(letter) == ((1, 1, 0, 1), ["Wilhelmina Otterbourne"])
    assert letter.signatures.waiting_for_batch().count() == 4


# One address, one signature ------------------------------------------------------------------------


def assert_stays_a_duplicate(letter, token, alice, lines):
    """The wish led nowhere: nothing to approve, and as many lines as before."""
    signature = confirming.by_token(token)
    assert signature.state == State.DUPLICATE
    with pytest.raises(NotAllowed):
        moderation.approve(signature=signature, actor=alice)
    move_batch(letter)
    assert letter.signatures.on_roll().count() == lines
    assert not letter.signatures.on_roll().named().exists()


def test_address_that_carries_a_name_gives_no_second_one(letter, google, alice):
    sign_and_confirm(letter, google, NAMED, COLLEAGUE)
    token = sign_and_confirm(letter, google)

    named = become_named(token, COLLEAGUE)

    assert_stays_a_duplicate(letter, named, alice, lines=6)
    assert confirming.by_token(token).state == State.PUBLISHED


def test_rejected_name_still_counts_as_the_name_of_its_address(letter, google, alice):
    token = sign_and_confirm(letter, google)
    first = become_named(token)
    moderation.reject(signature=confirming.by_token(first), actor=alice, reason="abuse")

    again = become_named(token)

    assert_stays_a_duplicate(letter, again, alice, lines=6)


def test_duplicate_cannot_be_turned_into_a_second_signature(letter, google, alice):
    """Whoever reads the mailbox could else put a name beside the line of its owner."""
    sign_and_confirm(letter, google)
    repeated = sign_and_confirm(letter, google)
    assert confirming.by_token(repeated).state == State.DUPLICATE

    named = become_named(repeated)

    assert_stays_a_duplicate(letter, named, alice, lines=6)


def test_line_that_is_withdrawn_before_the_proof_gives_no_name(letter, google, alice):
    token = sign_and_confirm(letter, google)
    page = ask_to_be_named(token)
    own.withdraw(token=token)

    named = confirm(page)

    assert_stays_a_duplicate(letter, named, alice, lines=5)


def test_line_that_is_rejected_before_the_proof_gives_no_name(letter, google, alice):
    token = sign_and_confirm(letter, google)
    move_batch(letter)
    page = ask_to_be_named(token)
    moderation.reject(signature=confirming.by_token(token), actor=alice, reason="false_claim")

    named = confirm(page)

    assert_stays_a_duplicate(letter, named, alice, lines=5)


def test_one_line_gives_its_place_to_one_name_only(letter, google, alice):
    """Else two people with a line each could stand there as two names and a line."""
    first = sign_and_confirm(letter, google)
    sign_and_confirm(letter, google, address=COLLEAGUE)
    become_named(first)

    second = become_named(first, COLLEAGUE)

    assert_stays_a_duplicate(letter, second, alice, lines=7)


def test_wish_that_came_to_nothing_leaves_the_place_to_the_next(letter, google, alice, public):
    token = sign_and_confirm(letter, google)
    ask_to_be_named(token)
    own.withdraw(token=become_named(token))

    named = become_named(token)

    moderation.approve(signature=confirming.by_token(named), actor=alice)
    move_batch(letter)
    assert public(letter) == ((6, 1, 5, 6), ["Wilhelmina Otterbourne"])


# Refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "state", "refusal"),
    [
        ({"allows_named": False}, State.APPROVED, "signed anonymously only"),
        ({"status": "sealed"}, State.PUBLISHED, "The letter is sealed"),
        ({}, State.REJECTED, "You can only withdraw it"),
    ],
)
def test_ask_to_be_named_where_it_is_not_possible_is_refused(google, fields, state, refusal):
    letter = make_letter(**fields)
    make_anonymous(letter, google, state=state, manage_digest=crypto.digest("manage", "t" * 43))
    before = list(Signature.objects.values())

    with pytest.raises(NotAllowed, match=refusal):
        ask_to_be_named("t" * 43)

    assert list(Signature.objects.values()) == before
    assert not Verification.objects.exists()


def test_ask_to_be_named_under_a_closed_letter_is_possible(google):
    letter = make_letter()
    token = sign_and_confirm(letter, google)
    sealing.close(letter=letter, actor=None)

    named = become_named(token)

    assert confirming.by_token(named).state == State.IN_REVIEW


def test_ask_to_be_named_of_a_duplicate_looks_the_same(letter, google):
    signed, repeated = (sign_and_confirm(letter, google) for _twice in range(2))

    pages = [ask_to_be_named(token) for token in (signed, repeated)]

    wishes = [Signature.objects.values().get(verification=awaited(page)) for page in pages]
    for wish, token in zip(wishes, (signed, repeated), strict=True):
        assert wish.pop("replaces") == crypto.digest("manage", token)
        wish.pop("id")
    assert wishes[0] == wishes[1]
