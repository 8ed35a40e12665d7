"""What the database itself refuses, and what the QuerySets of the signatories floor mean."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from letters.models import LetterVersion, Organisation
from signatories.models import (
    Appearance,
    DayCount,
    Departure,
    Method,
    Signature,
    State,
    Subscription,
    Tally,
    UsedAddress,
    Verification,
    Vouch,
)
from signatories.models.verification import CLAIM_LEASE
from tests.constraints import Case, assert_refuses, named_constraints
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.signatories import (
    bulk_cases,
    flag_cases,
    import_cases,
    mail_cases,
    prominence_cases,
)
from tests.signatories.actions.test_mailings import MAILING_CASES

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 20)
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def in_review():
    return make_signature(make_letter())


def unconfirmed():
    return make_signature(make_letter(), state=State.UNCONFIRMED)


def published():
    return make_signature(make_letter(), state=State.PUBLISHED)


def rejected():
    return make_signature(make_letter(), state=State.REJECTED)


def verified():
    return make_signature(
        make_letter(), organisation=make_organisation("Google"), method=Method.MAILBOX
    )


def signing():
    return make_signature(
        make_letter(),
        state=State.UNCONFIRMED,
        organisation=make_organisation("Google"),
        method=Method.MAILBOX,
    )


def vouched():
    return make_signature(
        make_letter(), organisation=make_organisation("Google"), method=Method.VOUCH
    )


def shown():
    return make_signature(
        make_letter(),
        organisation=make_organisation("Google"),
        method=Method.SHOWN,
        tenure="former",
    )


def vouch():
    return Vouch(
        letter=make_letter(),
        organisation=make_organisation("Google"),
        link_digest="l" * 64,
        voucher_digest="v" * 64,
        expires_on=TODAY,
    )


def claimed():
    return make_signature(make_letter(), organisation=make_organisation("Google"), tenure="former")


def unverified_anonymous():
    return make_signature(make_letter(), appearance=Appearance.ANONYMOUS)


def anonymous(**fields):
    return make_anonymous(make_letter(), make_organisation("Google"), **fields)


def anonymous_on_roll():
    return anonymous(state=State.PUBLISHED)


def two_named():
    letter = make_letter()
    make_signature(letter, state=State.PUBLISHED, address_digest="a" * 64, roll_key="otterbourne a")
    return make_signature(
        letter, state=State.PUBLISHED, address_digest="b" * 64, roll_key="otterbourne b"
    )


def another_organisation():
    return make_organisation("Meta")


def the_organisation():
    return Organisation.objects.get()


def verification(**fields):
    return Verification(
        **{
            "purpose": "sign",
            "signature": unconfirmed(),
            "address": b"ciphertext",
            "key_name": "2026-01-20.named",
            "is_private": False,
            "page_digest": "a" * 64,
            "erase_after": NOW,
            **fields,
        }
    )


def to_free(**fields):
    fields = {"letter": make_letter(), "entry_digest": "e" * 64, **fields}
    return verification(purpose="free", signature=None, **fields)


def subscription(**fields):
    fields = {"digest": "b" * 64, "token_digest": "b" * 64, **fields}
    return Subscription(**{"letter": make_letter(), "address": b"ciphertext", **fields})


def second_subscription():
    first = subscription(digest="a" * 64, token_digest="a" * 64)
    first.save()
    return subscription(letter=first.letter)


def second_day():
    letter = make_letter()
    DayCount.objects.create(letter=letter, day=TODAY, named=1)
    return DayCount(letter=letter, day=date(2026, 1, 21), named=1)


def departure():
    return Departure(letter=make_letter(), fate="withdrawn", appearance="named")


def second_used_address():
    letter = make_letter()
    UsedAddress.objects.create(letter=letter, digest="a" * 64)
    return UsedAddress(letter=letter, digest="b" * 64)


def counted():
    return make_anonymous(make_letter(), make_organisation("Google"), appearance=Appearance.COUNTED)


SAID = "only_names_shown_to_a_moderator_said_something_else"
NO_LINE = "counted_signatures_have_no_line"

CASES = [
    Case("anonymous_signatures_have_no_name", counted, {"name": "W. Otterbourne"}),
    Case("anonymous_signatures_have_no_name", counted, {"address_digest": "a" * 64}),
    Case(NO_LINE, counted, {"roll_key": "otterbourne"}),
    Case(NO_LINE, counted, {"role": "other"}),
    Case(SAID, in_review, {"said_organisation": "Initech"}),
    Case(SAID, shown, {"said_tenure": "future"}),
    Case("signature_state_is_known", in_review, {"state": "lost"}),
    Case("signature_appearance_is_known", in_review, {"appearance": "masked"}),
    Case("signature_method_is_known", claimed, {"method": "guess", "tenure": "current"}),
    Case("signature_tenure_is_known", in_review, {"tenure": "future"}),
    Case("signature_role_is_known", in_review, {"role": "king"}),
    Case("signature_reason_is_known", rejected, {"reason": "whim"}),
    Case("anonymous_signatures_have_no_name", unverified_anonymous, {"name": "W. Otterbourne"}),
    Case("anonymous_signatures_have_no_name", unverified_anonymous, {"title": "Engineer"}),
    Case("anonymous_signatures_have_no_name", unverified_anonymous, {"organisation_text": "X"}),
    Case("anonymous_signatures_have_no_name", unverified_anonymous, {"address_digest": "a" * 64}),
    Case("named_signatures_have_a_name", in_review, {"name": ""}),
    Case("only_pledges_have_a_threshold", in_review, {"threshold": 100}),
    Case("only_pledges_have_a_threshold", in_review, {"appearance": Appearance.PLEDGED}),
    Case(
        "only_pledges_have_a_threshold",
        in_review,
        {"appearance": Appearance.PLEDGED, "threshold": 0},
    ),
    Case("verified_signatures_have_a_listed_organisation", verified, {"organisation": None}),
    Case(
        "verified_signatures_have_a_listed_organisation",
        verified,
        {"organisation": None, "organisation_text": "Google"},
    ),
    Case("a_mailbox_proves_current_tenure_until_one_leaves", verified, {"tenure": ""}),
    Case("a_vouch_does_not_prove_current_tenure", vouched, {"tenure": "current"}),
    Case("what_was_shown_proves_current_or_former", shown, {"tenure": ""}),
    Case("a_mailbox_proves_current_tenure_until_one_leaves", anonymous, {"tenure": "former"}),
    Case("a_mailbox_proves_current_tenure_until_one_leaves", signing, {"tenure": "former"}),
    Case(
        "a_login_proves_names_and_current_tenure_until_one_leaves",
        signing,
        {"method": Method.LOGIN, "tenure": "former"},
    ),
    Case(
        "a_login_proves_names_and_current_tenure_until_one_leaves",
        verified,
        {"method": Method.LOGIN, "name": "", "appearance": "anonymous"},
    ),
    Case(
        "unverified_anonymous_signatures_claim_nothing",
        unverified_anonymous,
        {"organisation": another_organisation},
    ),
    Case(
        "unverified_anonymous_signatures_claim_nothing",
        unverified_anonymous,
        {"tenure": "current"},
    ),
    Case("unverified_anonymous_signatures_claim_nothing", unverified_anonymous, {"role": "design"}),
    Case("organisations_are_listed_or_typed", claimed, {"organisation_text": "Gogle"}),
    Case("lines_show_only_what_is_so", verified, {"shown_organisation": another_organisation}),
    Case("lines_show_only_what_is_so", claimed, {"shown_tenure": "current"}),
    Case("lines_show_only_what_is_so", in_review, {"shown_organisation": another_organisation}),
    Case(
        "lines_show_only_what_is_so",
        lambda: anonymous(role="design"),
        {"shown_organisation": the_organisation, "shown_role": "research"},
    ),
    Case("anonymous_particulars_need_a_shown_organisation", anonymous, {"shown_tenure": "current"}),
    Case(
        "anonymous_particulars_need_a_shown_organisation",
        lambda: anonymous(role="design"),
        {"shown_role": "design"},
    ),
    Case("published_signatures_have_a_day", published, {"published_on": None}),
    Case(
        "only_published_signatures_stand_on_the_roll",
        in_review,
        {"published_on": TODAY, "roll_key": "otterbourne a"},
    ),
    Case(
        "only_published_signatures_stand_on_the_roll",
        rejected,
        {"published_on": TODAY, "roll_key": "otterbourne a"},
    ),
    Case(
        "only_published_signatures_stand_on_the_roll",
        anonymous,
        {"published_on": TODAY, "roll_key": "otterbourne a"},
    ),
    Case("lines_on_the_roll_have_a_place", published, {"roll_key": ""}),
    Case("rejections_have_a_day_and_a_reason", rejected, {"reason": ""}),
    Case("rejections_have_a_day_and_a_reason", rejected, {"rejected_on": None}),
    Case("rejections_have_a_day_and_a_reason", in_review, {"reason": "abuse"}),
    Case("rejections_have_a_day_and_a_reason", in_review, {"rejected_on": TODAY}),
    Case("confirmed_on_agrees_with_the_state", in_review, {"confirmed_on": None}),
    Case("confirmed_on_agrees_with_the_state", unconfirmed, {"confirmed_on": TODAY}),
    Case("digests_belong_to_confirmed_signatures", unconfirmed, {"address_digest": "a" * 64}),
    Case("only_confirmed_signatures_can_be_managed", unconfirmed, {"manage_digest": "a" * 64}),
    Case(
        "only_anonymous_lines_wait_to_leave",
        anonymous_on_roll,
        {"state": State.WITHDRAWN, "manage_digest": "a" * 64},
    ),
    Case("only_anonymous_lines_wait_to_leave", anonymous, {"state": State.WITHDRAWN}),
    Case("only_anonymous_lines_wait_to_leave", in_review, {"state": State.WITHDRAWN}),
    Case("only_waiting_names_replace_an_anonymous_line", published, {"replaces": "a" * 64}),
    Case("only_waiting_names_replace_an_anonymous_line", anonymous, {"replaces": "a" * 64}),
    Case(
        "only_anonymous_signatures_are_carried_over_by_batch",
        in_review,
        {"carried_to": lambda: LetterVersion.objects.get()},
    ),
    Case("only_names_are_kept_out_of_search_engines", anonymous, {"is_hidden_from_search": True}),
    Case("one_named_signature_per_address", two_named, {"address_digest": "a" * 64}),
    Case("places_on_the_roll_are_unique", two_named, {"roll_key": "otterbourne a"}),
    Case(
        "verification_purpose_is_known",
        verification,
        {"purpose": "lose"},
        also={
            "verifications_to_sign_have_a_signature",
            "verifications_to_free_or_subscribe_have_a_letter",
        },
    ),
    Case("verifications_to_sign_have_a_signature", verification, {"signature": None}),
    Case("verifications_to_sign_have_a_signature", verification, {"purpose": "find"}),
    Case("verifications_to_free_or_subscribe_have_a_letter", to_free, {"letter": None}),
    Case("verifications_to_free_or_subscribe_have_a_letter", verification, {"letter": make_letter}),
    Case("only_verifications_to_free_lead_to_an_entry", to_free, {"entry_digest": ""}),
    Case("only_verifications_to_free_lead_to_an_entry", verification, {"entry_digest": "e" * 64}),
    Case("only_verifications_to_free_lead_to_an_entry", to_free, {"purpose": "updates"}),
    Case("only_verifications_to_sign_use_up_a_vouch", to_free, {"vouch_digest": "v" * 64}),
    Case("vouches_have_digests", vouch, {"link_digest": ""}),
    Case("vouches_have_digests", vouch, {"voucher_digest": ""}),
    Case("addresses_are_under_a_key_of_the_day", verification, {"key_name": ""}),
    Case("work_mailboxes_get_no_button", verification, {"button_digest": "b" * 64}),
    Case("sent_codes_have_a_digest", verification, {"sent_at": NOW}),
    Case("one_confirmed_address_one_signature", second_used_address, {"digest": "a" * 64}),
    Case("used_addresses_are_digests", second_used_address, {"digest": ""}),
    Case("one_subscription_per_mailbox", second_subscription, {"digest": "a" * 64}),
    Case("subscriptions_have_digests", subscription, {"digest": ""}),
    Case("subscriptions_have_digests", subscription, {"token_digest": ""}),
    Case("departure_fate_is_known", departure, {"fate": "eaten"}),
    Case("departure_appearance_is_known", departure, {"appearance": "masked"}),
    Case(
        "departure_reason_is_known",
        lambda: Departure(letter=make_letter(), fate="rejected", appearance="named"),
        {"reason": "whim"},
    ),
    Case("departures_count_somebody", departure, {"number": 0}),
    Case("only_rejections_have_a_reason", departure, {"reason": "abuse"}),
    Case("days_are_counted_once", second_day, {"day": TODAY}),
    Case("counted_days_have_somebody", second_day, {"named": 0}),
    *import_cases.CASES,
    *flag_cases.FLAG_CASES,
    *bulk_cases.BULK_CASES,
    *mail_cases.MAIL_CASES,
    *prominence_cases.PROMINENCE_CASES,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_save_row_that_breaks_a_constraint_is_refused_by_the_database(case):
    assert_refuses(case)


def test_every_named_constraint_of_signatories_has_a_case():
    assert {case.name for case in [*CASES, *MAILING_CASES]} == set(named_constraints("signatories"))


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_save_row_in_each_state_passes_where_the_state_exists(state, appearance):
    letter = make_letter()
    fields = {"state": state, "appearance": appearance}
    if appearance == "anonymous":
        organisation = make_organisation("Google")
        fields |= {"organisation": organisation, "method": "mailbox"}
    if state == State.WITHDRAWN:
        fields |= {"published_on": TODAY, "roll_key": "ot"}

    try:
        with transaction.atomic():
            make_signature(letter, **fields)
        is_saved = True
    except IntegrityError:
        is_saved = False

    # A named line leaves the roll at once, so that none waits to leave.
    assert is_saved == ((state, appearance) != (State.WITHDRAWN, "named"))


def test_delete_version_with_signatures_is_refused():
    letter = make_letter()
    old = letter.current_version
    make_signature(letter)
    letter.status, letter.published_on, letter.current_version = "draft", None, None
    letter.save()

    with pytest.raises(Exception, match="protected"):
        old.delete()


def test_save_duplicate_keeps_the_digest_of_the_signature_it_repeats():
    letter = make_letter()
    make_signature(letter, address_digest="a" * 64)

    make_signature(letter, state=State.DUPLICATE, address_digest="a" * 64)

    assert letter.signatures.filter(address_digest="a" * 64).count() == 2


# Signatures ------------------------------------------------------------------------------------


def test_querysets_find_signatures_by_state_and_appearance():
    letter = make_letter()
    google = make_organisation("Google")
    named = {
        state: make_signature(letter, state=state, address_digest=None)
        for state in State.values
        if state != State.WITHDRAWN
    }
    anonymous = {
        state: make_anonymous(letter, google, state=state)
        for state in State.values
        if state not in (State.WITHDRAWN, State.REJECTED)
    }
    for state in (State.WITHDRAWN, State.REJECTED):
        anonymous[state] = make_anonymous(
            letter, google, state=state, published_on=TODAY, roll_key=state
        )
    gone = make_anonymous(letter, google, state=State.REJECTED)
    invented = make_signature(letter, is_demonstration=True)
    all_of = letter.signatures

    def ids(*signatures):
        return {signature.pk for signature in signatures}

    def found(queryset):
        return ids(*queryset)

    assert found(all_of.on_roll()) == ids(
        named["published"], *(anonymous[s] for s in ("published", "withdrawn", "rejected"))
    )
    assert found(all_of.named()) == ids(*named.values(), invented)
    assert found(all_of.anonymous()) == ids(*anonymous.values(), gone)
    assert found(all_of.verified()) == ids(*anonymous.values(), gone)
    assert found(all_of.real()) == ids(*named.values(), *anonymous.values(), gone)
    assert found(all_of.unconfirmed()) == ids(named["unconfirmed"], anonymous["unconfirmed"])
    assert found(all_of.in_review()) == ids(named["in_review"], anonymous["in_review"], invented)
    assert found(all_of.approved()) == ids(
        *(some[state] for some in (named, anonymous) for state in ("approved", "published"))
    )
    assert found(all_of.withdrawn()) == ids(anonymous["withdrawn"])
    assert found(all_of.rejected()) == ids(named["rejected"], anonymous["rejected"], gone)
    assert found(all_of.duplicates()) == ids(named["duplicate"], anonymous["duplicate"])
    assert found(all_of.waiting_for_batch()) == ids(anonymous["approved"])
    assert found(all_of.leaving_with_batch()) == ids(anonymous["withdrawn"], anonymous["rejected"])
    assert found(all_of.known_to_be(State.PUBLISHED)) == ids(
        named["published"], anonymous["published"], anonymous["withdrawn"]
    )
    assert found(all_of.known_to_be(State.REJECTED)) == found(all_of.rejected())
    assert found(all_of.for_moderators()) == ids(
        *(named[s] for s in ("in_review", "approved", "published", "rejected")),
        *(anonymous[s] for s in ("in_review", "published", "rejected", "withdrawn")),
        gone,
        invented,
    )


def test_querysets_find_what_the_next_batch_swaps_and_carries_over():
    letter = make_letter()
    google = make_organisation("Google")
    swapped, in_review, rejected = (
        make_signature(letter, state=state, replaces="a" * 64)
        for state in (State.APPROVED, State.IN_REVIEW, State.REJECTED)
    )
    pledged, met = (
        make_signature(letter, name="W. O.", appearance="pledged", threshold=9, **fields)
        for fields in (
            {"state": State.APPROVED},
            {"state": State.PUBLISHED, "published_on": TODAY, "roll_key": "pledged"},
        )
    )
    hidden = make_signature(letter, is_hidden_from_search=True)
    carried = {"carried_to": letter.current_version}
    carried_on_roll = make_anonymous(
        letter, google, state=State.PUBLISHED, roll_key="carried", **carried
    )
    waiting = make_anonymous(letter, google, **carried)
    leaving = make_anonymous(
        letter, google, state=State.REJECTED, published_on=TODAY, roll_key="leaving", **carried
    )
    on_roll = make_anonymous(letter, google, state=State.PUBLISHED)
    all_of = letter.signatures

    assert set(all_of.to_be_swapped()) == {swapped}
    assert set(all_of.to_be_carried_over()) == {carried_on_roll}
    assert set(all_of.unmet_pledges()) == {pledged}
    everybody = set(all_of.all())
    assert everybody - set(all_of.for_search_engines()) == {hidden}
    # Whoever is counted by another line, or waits for a batch, is not counted yet.
    assert everybody - set(all_of.counted()) == {swapped, in_review, rejected, waiting}
    assert {met, leaving, on_roll} <= set(all_of.counted())


def test_departures_by_name_are_told_from_anonymous_ones():
    letter = make_letter()
    for appearance in ("named", "anonymous"):
        Departure.objects.create(letter=letter, fate="withdrawn", appearance=appearance)

    assert [one.appearance for one in letter.departures.named()] == ["named"]


def test_str_of_a_signature_names_nobody():
    signature = make_signature(make_letter(), name="Wilhelmina Otterbourne")

    assert str(signature) == str(signature.pk)


# Verifications ----------------------------------------------------------------------------------


def stored(number, **fields):
    return Verification.objects.create(
        purpose="find",
        address=b"ciphertext",
        key_name="2026-01-20.named",
        is_private=False,
        page_digest=f"{number:064}",
        **{"erase_after": NOW + timedelta(hours=24), **fields},
    )


def test_due_finds_what_no_living_worker_has_claimed():
    second = timedelta(seconds=1)
    fresh = stored(1, due_at=NOW)
    stored(2, due_at=NOW + second)
    stored(3, due_at=None)
    stored(4, due_at=NOW, claimed_at=NOW - CLAIM_LEASE)
    abandoned = stored(5, due_at=NOW, claimed_at=NOW - CLAIM_LEASE - second)

    assert set(Verification.objects.due(NOW)) == {fresh, abandoned}
    assert Verification.objects.unsent().count() == 4


def test_expired_finds_what_must_be_erased_by_now():
    over = stored(1, erase_after=NOW)
    stored(2, erase_after=NOW + timedelta(microseconds=1))

    assert list(Verification.objects.expired(NOW)) == [over]


@pytest.mark.parametrize(
    ("fields", "minutes_left"),
    [
        ({}, None),
        ({"claimed_at": NOW}, None),
        ({"code_digest": "c" * 64}, None),
        ({"code_digest": "c" * 64, "claimed_at": NOW}, 30),
        ({"code_digest": "c" * 64, "claimed_at": NOW, "sent_at": NOW}, 30),
        (
            {
                "code_digest": "c" * 64,
                "claimed_at": NOW - timedelta(minutes=20),
                "sent_at": NOW - timedelta(minutes=19),
            },
            11,
        ),
    ],
)
def test_code_is_valid_counted_from_sending(fields, minutes_left, time_machine):
    row = stored(1, **fields)
    until = None if minutes_left is None else NOW + timedelta(minutes=minutes_left)

    assert row.code_is_valid_until(30) == until
    if until:
        time_machine.move_to(until - timedelta(microseconds=1), tick=False)
        assert row.has_live_code(30)
        time_machine.move_to(until, tick=False)
    assert not row.has_live_code(30)


def test_total_of_a_tally_is_named_and_anonymous():
    assert Tally(named=3, anonymous=4).total == 7


def test_signatures_get_random_ids():
    ids = {Signature().pk for _each in range(3)}

    assert {pk.version for pk in ids} == {4}
    assert len(ids) == 3
