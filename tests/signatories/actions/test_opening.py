"""An internal letter becomes public, and nobody is shown who did not agree to it."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from config import crypto
from letters.actions import (
    NotAllowed,
    Overtaken,
    ask_to_go_public,
    earliest_public_day,
    go_public,
    stay_internal,
)
from letters.models import AuditEntry, Eligibility, Membership, Visibility
from signatories import roll, statistics, tasks
from signatories.actions import (
    appearing,
    batches,
    confirming,
    moderation,
    opening,
    own,
    sealing,
    signing,
)
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Appearance, Signature, State, Tally, Verification
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.witnesses import words
from tests.worker import check_all

pytestmark = pytest.mark.django_db

ANYBODY = ("NAMED ONE", "NAMED TWO")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def salesforce():
    return make_organisation("Salesforce", "salesforce.example")


@pytest.fixture
def letter(salesforce):
    letter = make_letter(slug="inside", visibility=Visibility.INTERNAL, accepts_unverified=False)
    letter.organisations.add(salesforce)
    return letter


@pytest.fixture
def alice(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role="owner")
    return alice


def names(letter, organisation, number, **fields):
    return [
        make_signature(
            letter,
            name=f"Colleague Larkspur{n}",
            state=State.PUBLISHED,
            organisation=organisation,
            method="mailbox",
            is_for_colleagues=True,
            manage_digest=crypto.digest("manage", f"name {n}"),
            **fields,
        )
        for n in range(number)
    ]


def lines(letter, organisation, number, **fields):
    return [
        make_anonymous(
            letter,
            organisation,
            is_for_colleagues=True,
            manage_digest=crypto.digest("manage", f"line {n}"),
            **fields,
        )
        for n in range(number)
    ]


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())


def become_public(letter, clock, alice=None):
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=alice)
    clock.shift(timedelta(days=7))
    tasks.open_letters()
    letter.refresh_from_db()
    assert letter.visibility == Visibility.PUBLIC


def published(letter):
    batches.refresh_count(letter=letter)
    letter = type(letter).objects.get(pk=letter.pk)
    return statistics.public_statistics(letter)["published"]


# Asking ------------------------------------------------------------------------------------


def test_asking_sets_the_day_and_leaves_the_letter_inside(letter, alice):
    day = timezone.localdate() + timedelta(days=7)

    for _twice in range(2):
        asked = ask_to_go_public(letter=letter, on=day, actor=alice)

    assert (asked.public_on, asked.visibility) == (day, Visibility.INTERNAL)
    assert Client().get("/letters/inside/").status_code == 404
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.actor) == (
        "letter.asked_to_go_public",
        "2026-03-09",
        alice,
    )


def test_asking_without_time_to_decide_is_refused(letter, alice):
    with pytest.raises(NotAllowed, match="at least 7 days"):
        ask_to_go_public(letter=letter, on=timezone.localdate() + timedelta(days=6), actor=alice)

    letter.refresh_from_db()
    assert letter.public_on is None


@pytest.mark.parametrize("role", ["editor", "moderator", None])
def test_asking_is_for_owners(letter, role):
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)

    for verb in (lambda: ask_to_go_public(letter=letter, on=earliest_public_day(), actor=bob),):
        with pytest.raises(NotAllowed, match="not yours"):
            verb()
    with pytest.raises(NotAllowed, match="not yours"):
        stay_internal(letter=letter, actor=bob)


@pytest.mark.parametrize("status", ["draft", "sealed"])
def test_asking_for_a_letter_that_nobody_can_decide_about_is_refused(status):
    letter = make_letter(visibility=Visibility.INTERNAL, status=status)

    with pytest.raises(NotAllowed, match="Only a published internal letter"):
        ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)


def test_asking_for_a_public_letter_is_refused():
    with pytest.raises(NotAllowed, match="Only a published internal letter"):
        ask_to_go_public(letter=make_letter(), on=earliest_public_day(), actor=None)


def test_what_was_asked_can_be_taken_back(letter, alice, clock):
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=alice)

    for _twice in range(2):
        stay_internal(letter=letter, actor=alice)
    clock.shift(timedelta(days=30))
    tasks.open_letters()

    letter.refresh_from_db()
    assert (letter.public_on, letter.visibility) == (None, Visibility.INTERNAL)
    assert AuditEntry.objects.filter(verb="letter.stays_internal").count() == 1


def test_going_public_before_the_day_is_refused(letter, clock):
    with pytest.raises(NotAllowed, match="Nobody has been told"):
        go_public(letter=letter, today=timezone.localdate())
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)
    clock.shift(timedelta(days=6))

    assert list(opening.open_letters(now=timezone.now())) == []
    with pytest.raises(NotAllowed, match="Nobody has been told"):
        go_public(letter=letter, today=timezone.localdate())


def test_sealed_letter_stays_inside(letter, clock):
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)
    clock.shift(timedelta(days=8))

    tasks.open_letters()

    letter.refresh_from_db()
    assert letter.visibility == Visibility.INTERNAL


# The day -----------------------------------------------------------------------------------


def test_nobody_who_said_nothing_is_shown_and_all_are_counted(letter, salesforce, clock):
    names(letter, salesforce, 2)
    lines(letter, salesforce, 5)
    move_batch(letter)
    assert published(letter) == {"total": 7, "named": 2, "anonymous": 5, "counted": 0}

    become_public(letter, clock)

    assert published(letter) == {"total": 7, "named": 0, "anonymous": 0, "counted": 7}
    browser = Client()
    page = browser.get("/letters/inside/")
    roll_page = browser.get("/letters/inside/roll/")
    assert page.status_code == roll_page.status_code == 200
    for read in (page, roll_page, browser.get("/letters/inside/roll/?q=Larkspur")):
        assert "Larkspur" not in read.content.decode().replace('value="Larkspur"', "")
        assert read.context["lines"] == []
    assert "7</strong> counted without a line" in page.content.decode()
    assert "This letter began inside an organisation" in words(page)
    assert "inside" in browser.get("/").content.decode()
    document = browser.get("/letters/inside/stats.json").json()
    assert document["verified_by_organisation"] == []
    assert document["as_of_last_batch"]["by_method"]["mailbox"] == 7
    assert [row["signatures"] for row in document["by_version"]] == [7]


def test_those_who_agreed_beforehand_are_shown_at_once(letter, salesforce, clock):
    names(letter, salesforce, 2)
    lines(letter, salesforce, 9)
    move_batch(letter)
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)
    own.show_to_everybody(token="name 1", shown=True)
    for n in range(5):
        own.show_to_everybody(token=f"line {n}", shown=True)
    clock.shift(timedelta(days=7))

    tasks.open_letters()

    # Four who are counted are too few to be told from nobody, under a letter of one organisation.
    assert published(letter) == {"total": 7, "named": 1, "anonymous": 5, "counted": 1}
    shown = [line.name for line in roll.page(type(letter).objects.get()).lines]
    assert sorted(shown) == ["Anonymous"] * 5 + ["Colleague Larkspur1"]


def test_too_few_anonymous_lines_that_agreed_are_held_back(letter, salesforce, clock):
    lines(letter, salesforce, 9)
    move_batch(letter)
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)
    for n in range(4):
        own.show_to_everybody(token=f"line {n}", shown=True)
    clock.shift(timedelta(days=7))

    tasks.open_letters()

    assert published(letter) == {"total": 5, "named": 0, "anonymous": 0, "counted": 5}


def test_agreement_can_be_taken_back_before_the_day(letter, salesforce, clock):
    names(letter, salesforce, 1)
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)

    for shown in (True, True, False, False):
        own.show_to_everybody(token="name 0", shown=shown)
    clock.shift(timedelta(days=7))
    tasks.open_letters()

    assert published(letter) == {"total": 1, "named": 0, "anonymous": 0, "counted": 1}


def test_nobody_else_may_sign_than_before_and_codes_sent_still_confirm(letter, salesforce, clock):
    become_public(letter, clock)

    assert letter.eligibility == Eligibility.ORGANISATIONS
    assert letter.was_internal
    assert letter.is_for_organisations
    assert letter.public_on is None
    assert AuditEntry.objects.filter(verb="letter.became_public").count() == 1
    tasks.open_letters()
    assert AuditEntry.objects.filter(verb="letter.became_public").count() == 1


@pytest.mark.parametrize("appearance", ["named", "anonymous", "counted"])
def test_entry_given_inside_and_confirmed_afterwards_shows_nothing(
    letter, salesforce, clock, appearance, settings
):
    """Neither where the code was typed late, nor where the form was on its way meanwhile."""
    settings.PUBLIC_NOTICE_DAYS = 0
    settings.BATCH_MINIMUM = 1
    letter.review_policy = "after"
    letter.save()
    letter.organisations.add(make_organisation("Another"))
    stale = type(letter).objects.get(pk=letter.pk)
    before = sign(letter, salesforce, appearance, "before")
    ask_to_go_public(letter=letter, on=timezone.localdate(), actor=None)
    tasks.open_letters()
    with pytest.raises(Overtaken):
        sign(stale, salesforce, appearance, "late")

    verification = Verification.objects.get(page_digest=crypto.digest("page", before))
    confirming.confirm(verification=verification, secrets=(before,))
    check_all()
    move_batch(letter)

    letter.refresh_from_db()
    assert roll.page(letter).lines == []
    assert published(letter) == {"total": 1, "named": 0, "anonymous": 0, "counted": 1}


def sign(letter, organisation, appearance, local):
    entry = Entry(appearance, "Wilhelmina Otterbourne" if appearance == "named" else "")
    address = Address(local, "salesforce.example")
    affiliation = Affiliation(organisation, "", "current", "mailbox")
    return signing.sign(letter=letter, entry=entry, address=address, affiliation=affiliation)


def test_form_filled_in_inside_and_sent_afterwards_asks_again(letter, salesforce, clock):
    become_public(letter, clock)
    browser = Client()

    page = browser.post(
        "/letters/inside/sign/",
        {
            "name": "Wilhelmina Otterbourne",
            "email": "w.otter@salesforce.example",
            "organisation": "Salesforce",
            "tenure": "current",
            "appearance": "named",
            "readers": "internal",
        },
    )

    assert "has become public since" in words(page)
    assert 'value="Wilhelmina Otterbourne"' in page.content.decode()
    assert 'name="readers" value="public"' in page.content.decode()
    assert not Signature.objects.exists()


@pytest.mark.parametrize("way", ["anonymous", "counted"])
def test_change_asked_for_inside_and_sent_afterwards_shows_what_is_true_now(
    letter, salesforce, clock, way
):
    names(letter, salesforce, 1)
    browser, token = Client(), "n" * 43
    Signature.objects.update(manage_digest=crypto.digest("manage", token))
    page = f"/signature/{token}/{way}/"
    assert 'name="readers" value="internal"' in browser.get(page).content.decode()
    become_public(letter, clock)
    before = list(Signature.objects.values())

    answer = browser.post(page, {"readers": "internal"})

    assert answer.status_code == 409
    assert "has become public since. Nothing has been changed" in words(answer)
    assert ("everybody can read that line" in words(answer)) == (way == "anonymous")
    assert list(Signature.objects.values()) == before
    assert 'name="readers" value="public"' in answer.content.decode()
    assert browser.post(page, {"readers": "public"}).status_code == 302
    assert [one.appearance for one in Signature.objects.all()] == [way]


def test_change_whose_form_does_not_say_what_was_read_changes_nothing_afterwards(
    letter, salesforce, clock
):
    names(letter, salesforce, 1)
    become_public(letter, clock)

    with pytest.raises(Overtaken):
        appearing.appear_without_name(token="name 0", appearance="anonymous")

    assert Signature.objects.get().appearance == "named"


def test_answer_for_the_day_that_is_sent_afterwards_leads_to_what_is_asked_now(
    letter, salesforce, clock
):
    lines(letter, salesforce, 1)
    token = "n" * 43
    Signature.objects.update(manage_digest=crypto.digest("manage", token))
    become_public(letter, clock)

    answer = Client().post(f"/signature/{token}/everybody/", {"shown": "1"})

    assert answer["Location"] == f"/signature/{token}/"
    assert Signature.objects.get().is_undecided


def test_nobody_is_counted_only_under_a_letter_that_was_public_from_the_first():
    letter = make_letter()

    with pytest.raises(NotAllowed, match="everybody has a line"):
        sign(letter, make_organisation("Salesforce", "salesforce.example"), "counted", "w")

    assert 'value="counted"' not in Client().get(f"/letters/{letter.slug}/sign/").content.decode()


# Deciding afterwards ------------------------------------------------------------------------


def test_name_comes_when_its_signer_says_so(letter, salesforce, clock):
    names(letter, salesforce, 2)
    move_batch(letter)
    become_public(letter, clock)
    page = Client().get("/signature/" + "x" * 43 + "/")
    assert page.status_code == 404

    for _twice in range(2):
        own.show_to_everybody(token="name 0", shown=True)

    assert published(letter) == {"total": 2, "named": 1, "anonymous": 0, "counted": 1}
    assert [line.name for line in roll.page(letter).lines] == ["Colleague Larkspur0"]


def test_name_that_a_moderator_approves_afterwards_is_counted_and_not_shown(
    letter, salesforce, clock, alice
):
    [entry] = names(letter, salesforce, 1)
    Signature.objects.update(
        state=State.IN_REVIEW,
        published_on=None,
        roll_key="",
        shown_organisation=None,
        shown_tenure="",
    )
    become_public(letter, clock)

    moderation.approve(signature=entry, actor=alice)

    assert published(letter) == {"total": 1, "named": 0, "anonymous": 0, "counted": 1}
    assert roll.page(letter).lines == []


def test_anonymous_line_comes_back_with_a_batch_when_its_signer_says_so(
    letter, salesforce, clock, settings
):
    settings.BATCH_MINIMUM = 1
    letter.organisations.add(make_organisation("Another"))
    lines(letter, salesforce, 6)
    move_batch(letter)
    become_public(letter, clock)
    assert published(letter)["counted"] == 6

    for n in range(5):
        token = appearing.appear_without_name(
            token=f"line {n}", appearance="anonymous", saw_public=True
        )
        assert token == f"line {n}"

    assert published(letter) == {"total": 6, "named": 0, "anonymous": 0, "counted": 6}
    move_batch(letter)
    assert published(letter) == {"total": 6, "named": 0, "anonymous": 5, "counted": 1}
    assert {line.detail for line in roll.page(letter).lines} == {"Verified employee, Salesforce"}
    assert confirming.by_token("line 0").appearance == Appearance.ANONYMOUS


def test_name_can_be_dropped_and_goes_on_counting(letter, salesforce, clock, settings):
    settings.BATCH_MINIMUM = 1
    letter.organisations.add(make_organisation("Another"))
    names(letter, salesforce, 1)
    move_batch(letter)
    become_public(letter, clock)

    token = appearing.appear_without_name(token="name 0", appearance="counted", saw_public=True)

    move_batch(letter)
    assert published(letter) == {"total": 1, "named": 0, "anonymous": 0, "counted": 1}
    entry = confirming.by_token(token)
    assert (entry.name, entry.appearance, entry.roll_key) == ("", Appearance.COUNTED, "")
    assert "Larkspur" not in str(list(Signature.objects.values()))


def test_sealing_forgets_names_that_nobody_was_shown(letter, salesforce, clock, settings):
    letter.organisations.add(make_organisation("Another"))
    names(letter, salesforce, 2, title="Engineer", is_hidden_from_search=True)
    Signature.objects.update(address_digest=None)
    move_batch(letter)
    become_public(letter, clock)
    own.show_to_everybody(token="name 1", shown=True)

    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    assert published(letter) == {"total": 2, "named": 1, "anonymous": 0, "counted": 1}
    assert "Larkspur0" not in str(list(Signature.objects.values()))
    entry = confirming.by_token("name 0")
    assert (entry.appearance, entry.state, entry.name) == (
        Appearance.COUNTED,
        State.PUBLISHED,
        "",
    )


@pytest.mark.parametrize("number", [4, 5])
def test_names_that_sealing_forgets_count_as_the_page_said(letter, salesforce, clock, number):
    names(letter, salesforce, number)
    token = "n" * 43
    first = Signature.objects.first()
    Signature.objects.filter(pk=first.pk).update(manage_digest=crypto.digest("manage", token))
    become_public(letter, clock)
    page = words(Client().get(f"/signature/{token}/"))
    assert "Under a letter of one organisation those without a line" in page
    assert "only where at least 5 of them proved a mailbox there" in page
    assert "counted until the letter is sealed" in page
    assert published(letter)["total"] == number

    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    assert published(letter)["total"] == (5 if number == 5 else 0)


@pytest.mark.parametrize("shown", [True, False])
def test_letter_that_asks_nobody_takes_no_answer(salesforce, shown):
    letter = make_letter(visibility=Visibility.INTERNAL)
    names(letter, salesforce, 1)
    Signature.objects.update(is_for_colleagues=shown)

    with pytest.raises(NotAllowed, match="asks nobody to decide"):
        own.show_to_everybody(token="name 0", shown=shown)


def test_rejected_entry_decides_nothing(letter, salesforce):
    make_signature(
        letter,
        state=State.REJECTED,
        is_for_colleagues=True,
        manage_digest=crypto.digest("manage", "rejected"),
    )
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)

    with pytest.raises(NotAllowed, match="not published"):
        own.show_to_everybody(token="rejected", shown=True)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"method": "login", "tenure": "current", "shown_tenure": "current"}, "by a login"),
        ({"method": "mailbox", "tenure": "former", "shown_tenure": "former"}, "that you left"),
    ],
)
def test_who_is_counted_without_a_line_may_still_be_barred_from_an_anonymous_one(
    letter, salesforce, fields, refusal
):
    make_signature(
        letter,
        state=State.PUBLISHED,
        organisation=salesforce,
        shown_organisation=salesforce,
        manage_digest=crypto.digest("manage", "named"),
        **fields,
    )
    token = appearing.appear_without_name(token="named", appearance="counted")

    with pytest.raises(NotAllowed, match=refusal):
        appearing.appear_without_name(token=token, appearance="anonymous")

    assert confirming.by_token(token).appearance == Appearance.COUNTED


def test_sealing_forgets_a_hidden_name_that_waited_to_replace_a_line(
    letter, salesforce, clock, alice
):
    lines(letter, salesforce, 6)
    move_batch(letter)
    become_public(letter, clock)
    entry = make_signature(
        letter,
        name="Colleague Larkspur",
        organisation=salesforce,
        method="mailbox",
        is_for_colleagues=True,
        replaces=crypto.digest("manage", "line 1"),
    )
    moderation.approve(signature=entry, actor=alice)

    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    assert "Larkspur" not in str(list(Signature.objects.values()))
    assert published(letter) == {"total": 6, "named": 0, "anonymous": 0, "counted": 6}


def test_hidden_names_by_login_stay_counted_when_they_are_forgotten(letter, salesforce, clock):
    for entry in names(letter, salesforce, 5):
        Signature.objects.filter(pk=entry.pk).update(method="login")
    become_public(letter, clock)

    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    assert published(letter) == {"total": 5, "named": 0, "anonymous": 0, "counted": 5}


def test_sealing_forgets_hidden_names_that_a_moderator_decided(letter, salesforce, clock):
    Signature.objects.filter(pk__in=[one.pk for one in names(letter, salesforce, 5)]).update(
        was_decided=True
    )
    become_public(letter, clock)

    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    assert published(letter) == {"total": 5, "named": 0, "anonymous": 0, "counted": 5}
