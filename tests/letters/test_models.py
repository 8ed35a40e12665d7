"""What the database itself refuses, and what the QuerySets of the letters floor mean."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from letters.models import (
    AccountMail,
    AuditEntry,
    Demand,
    Draft,
    Letter,
    LetterVersion,
    ListedWord,
    Membership,
    Notice,
    NoticeChoice,
    Occasion,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Outcome,
    Proposal,
    Recipient,
    Recovery,
    Response,
    SiteSwitch,
    Status,
    TeamInvitation,
    Update,
    User,
    Visibility,
    text_digest,
)
from letters.models.draft import UNPLANNED
from tests.constraints import Case, assert_refuses, named_constraints
from tests.factories import make_letter, make_organisation, make_user
from tests.letters.test_updates import UPDATE_CASES

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 20)
NOW = timezone.now()
APPEAR_AS_READ = "drafts_appear_as_they_were_read_or_not_by_themselves"


def draft():
    return Letter(slug="draft", title="A draft")


def listed_word():
    return ListedWord.of(make_letter(), "jokes", "Mickey Mouse")


def word_listed_twice():
    first = listed_word()
    first.save()
    return ListedWord.of(first.letter, "abuse", "Mickey  MOUSE")


def team_invitation():
    return TeamInvitation(letter=make_letter(), role="press", digest="a" * 64, expires_at=NOW)


def planned_draft():
    letter = make_letter(status=Status.DRAFT)
    return Draft(
        letter=letter,
        title="A draft",
        revision=1,
        saved_at=NOW,
        publish_at=NOW,
        planned_by=make_user("alice"),
        planned_revision=1,
    )


def internal_draft():
    return Letter(slug="draft", title="A draft", visibility=Visibility.INTERNAL)


def second_version():
    return LetterVersion(
        letter=make_letter(), number=2, title="A", text="B", sha256="a" * 64, published_on=TODAY
    )


def second_demand():
    return Demand(version=make_letter().current_version, number=2, text="and that.")


def second_recipient():
    letter = make_letter()
    Recipient.objects.create(letter=letter, position=1, name="The chief executive")
    return Recipient(letter=letter, position=2, name="The board")


def second_response():
    letter = make_letter()
    recipient = Recipient.objects.create(letter=letter, position=1, name="The chief executive")
    demands = [
        letter.current_version.demands.get(),
        Demand.objects.create(version=letter.current_version, number=2, text="and that."),
    ]
    Response.objects.create(
        recipient=recipient, demand=demands[0], outcome=Outcome.MET, responded_on=TODAY
    )
    return Response(recipient=recipient, demand=demands[1], outcome=Outcome.MET, responded_on=TODAY)


def first_demand():
    return Demand.objects.get(number=1)


def bobs_membership():
    letter = make_letter()
    Membership.objects.create(letter=letter, user=make_user("alice"), role="owner")
    return Membership(letter=letter, user=make_user("bob"), role="moderator")


def alice():
    return Membership.objects.get(role="owner").user


def proposal():
    return Proposal(name="Orrery Labs", key="orrery labs")


def bob():
    return User(username="bob", password="x")


def recovery():
    host = make_user("harriet", is_superuser=True)
    return Recovery(user=make_user("bob"), made_by=host, digest="a" * 64, expires_at=NOW)


def account_mail():
    return AccountMail(user=make_user("bob"), address=b"secret", erase_after=NOW)


def occasion(**fields):
    return Occasion(**{"letter": make_letter(), "kind": "surge", "day": TODAY, **fields})


def second_occasion():
    first = occasion(kind="goal", step=50)
    first.save()
    return Occasion(letter=first.letter, kind="goal", day=TODAY + timedelta(days=1), step=75)


def second_digest():
    first = occasion(kind="digest")
    first.save()
    return Occasion(letter=first.letter, kind="digest", day=TODAY + timedelta(days=1))


def notice():
    first = occasion()
    first.save()
    Notice.objects.create(occasion=first, user=make_user("alice"))
    return Notice(occasion=first, user=make_user("bob"))


def choice():
    letter, bob = make_letter(), make_user("bob")
    NoticeChoice.objects.create(
        letter=letter, user=bob, kind="goal", is_on=True, token_digest="b" * 64
    )
    return NoticeChoice(letter=letter, user=bob, kind="surge", is_on=True, token_digest="a" * 64)


def hosts_choice():
    NoticeChoice.objects.create(
        user=make_user("alice"), kind="approval", is_on=True, token_digest="b" * 64
    )
    return NoticeChoice(user=make_user("bob"), kind="approval", is_on=True, token_digest="a" * 64)


CASES = [
    Case("listedword_list_is_known", listed_word, {"list": "friends"}),
    Case("listed_words_have_letters", listed_word, {"key": ""}),
    Case("words_stand_on_a_list_once", word_listed_twice, {"list": "jokes"}),
    Case(
        "nobody_recovers_themself", recovery, {"made_by": lambda: User.objects.get(username="bob")}
    ),
    Case(
        "letter_status_is_known",
        lambda: make_letter(),
        {"status": "lost"},
        also={"letters_closed_on_agrees_with_status"},
    ),
    Case("letter_visibility_is_known", draft, {"visibility": "secret"}),
    Case("letter_review_policy_is_known", draft, {"review_policy": "never"}),
    Case("letter_eligibility_is_known", draft, {"eligibility": "nobody"}),
    Case("letter_reach_is_known", draft, {"reach": "world"}),
    Case(
        "letters_can_be_signed_somehow",
        draft,
        {"allows_named": False, "allows_anonymous": False, "allows_pledged": False},
    ),
    Case("drafts_are_not_paused", draft, {"signing_paused_on": TODAY}),
    Case("the_site_has_one_row_of_switches", lambda: SiteSwitch(), {"id": 2}),
    Case("only_drafts_wait_for_the_host", make_letter, {"submitted_on": TODAY}),
    Case("only_letters_that_appeared_are_taken_down", draft, {"taken_down_on": TODAY}),
    Case("teaminvitation_role_is_known", team_invitation, {"role": "king"}),
    Case("only_internal_letters_become_public", make_letter, {"public_on": TODAY}),
    Case("only_internal_letters_become_public", internal_draft, {"public_on": TODAY}),
    Case("letters_protect_small_groups", draft, {"minimum_group_size": 2}),
    Case("letters_close_after_they_open", draft, {"opens_at": NOW, "closes_at": NOW}),
    Case("letters_out_of_draft_have_a_text_and_a_day", draft, {"status": Status.PUBLISHED}),
    Case("letters_out_of_draft_have_a_text_and_a_day", draft, {"published_on": TODAY}),
    Case("letters_out_of_draft_have_a_text_and_a_day", make_letter, {"published_on": None}),
    Case("letters_out_of_draft_have_a_text_and_a_day", make_letter, {"current_version": None}),
    Case("letters_closed_on_agrees_with_status", make_letter, {"status": Status.CLOSED}),
    Case("letters_closed_on_agrees_with_status", make_letter, {"closed_on": TODAY}),
    Case(
        "letters_sealed_on_agrees_with_status",
        lambda: make_letter(status=Status.CLOSED),
        {"status": Status.SEALED},
    ),
    Case("letters_sealed_on_agrees_with_status", draft, {"sealed_on": TODAY}),
    Case("versions_are_numbered_once_per_letter", second_version, {"number": 1}),
    Case("versions_have_a_sha256", second_version, {"sha256": "A" * 64}),
    Case("versions_have_a_sha256", second_version, {"sha256": "a" * 63}),
    Case("versions_count_from_one", second_version, {"number": 0}),
    Case("demands_are_numbered_once_per_version", second_demand, {"number": 1}),
    Case("demands_say_something", second_demand, {"text": ""}),
    Case("recipients_have_a_place_each", second_recipient, {"position": 1}),
    Case("recipients_have_a_name", second_recipient, {"name": ""}),
    Case(
        "organisation_headcount_band_is_known",
        lambda: Organisation(name="Orrery Labs", slug="orrery"),
        {"headcount_band": "many"},
    ),
    Case(
        "organisations_are_not_their_own_parent",
        lambda: make_organisation("Orrery Labs"),
        {"parent": lambda: Organisation.objects.get()},
    ),
    Case(
        "organisations_are_not_merged_into_themselves",
        lambda: make_organisation("Orrery Labs"),
        {"merged_into": lambda: Organisation.objects.get()},
    ),
    Case(
        "proposal_state_is_known",
        proposal,
        {"state": "perhaps"},
        also={"proposals_lead_to_an_organisation_once_taken_up"},
    ),
    Case("proposals_lead_to_an_organisation_once_taken_up", proposal, {"state": "accepted"}),
    Case(
        "proposals_lead_to_an_organisation_once_taken_up",
        proposal,
        {"organisation": lambda: make_organisation("Orrery Labs")},
    ),
    Case("proposals_have_a_key", proposal, {"key": ""}),
    Case("proposals_count_somebody", proposal, {"number": 0}),
    Case(
        "organisation_domains_are_not_empty",
        lambda: OrganisationDomain(
            organisation=make_organisation("Orrery Labs"), domain="a.example", mailbox_domain="a"
        ),
        {"domain": ""},
    ),
    Case(
        "organisation_domains_are_not_empty",
        lambda: OrganisationDomain(
            organisation=make_organisation("Orrery Labs"), domain="a.example", mailbox_domain="a"
        ),
        {"mailbox_domain": ""},
    ),
    Case("response_outcome_is_known", second_response, {"outcome": "perhaps"}),
    Case("one_response_per_recipient_and_demand", second_response, {"demand": first_demand}),
    Case(
        "update_kind_is_known",
        lambda: Update(letter=make_letter(), title="News", published_on=TODAY),
        {"kind": "rumr"},
    ),
    Case("membership_role_is_known", bobs_membership, {"role": "king"}),
    Case("one_membership_per_letter_and_user", bobs_membership, {"user": alice}),
    Case(
        "audit_entries_count_something",
        lambda: AuditEntry(verb="letter.published", recorded_on=TODAY),
        {"number": 0},
    ),
    Case("accounts_have_no_address_in_clear", bob, {"email": "bob@gmail.com"}),
    Case("account_mail_is_confirmed_or_goes", account_mail, {"erase_after": None}),
    Case("account_mail_is_confirmed_or_goes", account_mail, {"confirmed_on": TODAY}),
    Case(
        "account_mail_is_confirmed_or_goes",
        account_mail,
        {"confirmed_on": TODAY, "erase_after": None, "due_at": NOW},
    ),
    Case("account_codes_sent_have_a_digest", account_mail, {"sent_at": NOW}),
    Case("occasion_kind_is_known", occasion, {"kind": "rumour"}),
    Case("an_occasion_is_noted_once", second_digest, {"day": TODAY}),
    Case("a_step_to_a_goal_is_noted_once", second_occasion, {"step": 50}),
    Case("one_notice_of_an_occasion", notice, {"user": lambda: User.objects.get(username="alice")}),
    Case("notices_are_due_or_sent", notice, {"due_at": NOW, "sent_at": NOW}),
    Case("noticechoice_kind_is_known", choice, {"kind": "rumour"}),
    Case("draft_held_back_is_known", planned_draft, {"held_back": "rain", **UNPLANNED}),
    Case("drafts_are_planned_or_held_back", planned_draft, {"held_back": "saved"}),
    Case(APPEAR_AS_READ, planned_draft, {"planned_revision": 2}),
    Case(APPEAR_AS_READ, planned_draft, {"planned_revision": None}),
    Case(APPEAR_AS_READ, planned_draft, {"planned_by": None}),
    Case(APPEAR_AS_READ, planned_draft, {"publish_at": None}),
    Case("people_choose_once_for_a_letter", choice, {"kind": "goal"}),
    Case("hosts_choose_once", hosts_choice, {"user": lambda: User.objects.get(username="alice")}),
    Case("choices_are_about_a_letter_but_for_hosts", choice, {"letter": None}),
    Case("choices_are_about_a_letter_but_for_hosts", hosts_choice, {"letter": make_letter}),
    Case("choices_have_a_digest", choice, {"token_digest": ""}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_save_row_that_breaks_a_constraint_is_refused_by_the_database(case):
    assert_refuses(case)


def test_every_named_constraint_of_letters_has_a_case():
    assert {case.name for case in [*CASES, *UPDATE_CASES]} == set(named_constraints("letters"))


def test_every_constraint_has_a_name_that_says_the_rule():
    for name, constraint in named_constraints("letters").items():
        assert len(name.split("_")) >= 3, f"{name}: {constraint}"


# Letters -------------------------------------------------------------------------------------


def test_for_everybody_finds_public_and_unlisted_letters_out_of_draft():
    kept = {
        make_letter(status=status, visibility=visibility).slug: (status, visibility)
        for status in Status.values
        for visibility in Visibility.values
    }

    found = {kept[letter.slug] for letter in Letter.objects.for_everybody()}

    assert found == {
        (status, visibility)
        for status in ("published", "closed", "sealed")
        for visibility in ("public", "unlisted")
    }
    listed = {kept[letter.slug] for letter in Letter.objects.listed()}
    assert listed == {(status, "public") for status in ("published", "closed", "sealed")}
    not_sealed = {kept[letter.slug][0] for letter in Letter.objects.not_sealed()}
    assert not_sealed == {"draft", "published", "closed"}


@pytest.mark.parametrize(
    ("status", "opens", "closes", "is_open"),
    [
        ("published", None, None, True),
        ("published", -1, 1, True),
        ("published", 1, None, False),
        ("published", -2, -1, False),
        ("published", None, 0, False),
        ("published", 0, None, True),
        ("draft", None, None, False),
        ("closed", None, None, False),
        ("sealed", None, None, False),
    ],
)
def test_is_open_follows_status_and_clock(status, opens, closes, is_open, time_machine):
    time_machine.move_to(NOW, tick=False)
    in_hours = lambda hours: None if hours is None else NOW + timedelta(hours=hours)  # noqa: E731

    letter = make_letter(status=status, opens_at=in_hours(opens), closes_at=in_hours(closes))

    assert letter.is_open is is_open


def test_delete_version_that_is_current_is_refused():
    letter = make_letter()

    with pytest.raises(ProtectedError):
        letter.current_version.delete()


def test_delete_user_with_audit_entries_is_refused():
    bob = make_user("bob")
    AuditEntry.objects.create(verb="letter.published", actor=bob, recorded_on=TODAY)

    with pytest.raises(ProtectedError):
        bob.delete()


# The digest of a text --------------------------------------------------------------------------


def test_text_digest_is_the_one_documented():
    # printf '{"demands":[["Do","it."]],"text":"Dear all, größe\n","title":"A"}' | sha256sum,
    # where \n are the two characters that JSON writes for a line feed.
    assert text_digest("A", "Dear all, größe\n", [("Do", "it.")]) == (
        "6f0a42dcce51c8c7fc1d26be7425a71e283d332062b17886e9978fde12054654"
    )


@pytest.mark.parametrize(
    "other",
    [
        ("B", "text", [("Do", "it.")]),
        ("A", "text ", [("Do", "it.")]),
        ("A", "text", [("Do", "it")]),
        ("A", "text", [("Doit.", "")]),
        ("A", "text", [("Do", "it."), ("", "")]),
        ("A", "text", []),
    ],
)
def test_text_digest_differs_with_every_part(other):
    assert text_digest(*other) != text_digest("A", "text", [("Do", "it.")])


# Recipients ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([], Outcome.NONE),
        ([Outcome.NONE], Outcome.NONE),
        ([Outcome.MET, Outcome.MET], Outcome.MET),
        ([Outcome.DECLINED, Outcome.NONE], Outcome.DECLINED),
        ([Outcome.DECLINED, Outcome.MET], Outcome.PARTLY),
    ],
)
def test_status_of_a_recipient_puts_all_responses_in_one_word(outcomes, status):
    letter = make_letter()
    recipient = Recipient.objects.create(letter=letter, position=1, name="The chief executive")
    for number, outcome in enumerate(outcomes, start=2):
        demand = Demand.objects.create(
            version=letter.current_version, number=number, text="something"
        )
        Response.objects.create(
            recipient=recipient, demand=demand, outcome=outcome, responded_on=TODAY
        )

    assert recipient.status == status
    assert recipient.get_status_display() == status.label


# Fields that Django alone guards ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            lambda: make_letter(slug="same"),
            lambda: make_letter(slug="same"),
        ),
        (
            lambda: make_organisation("Google", "google.example"),
            lambda: OrganisationDomain.objects.create(
                organisation=make_organisation("Meta"),
                domain="google.example",
                mailbox_domain="google.example",
            ),
        ),
        (
            lambda: make_organisation("Google"),
            lambda: OrganisationAlias.objects.create(
                organisation=make_organisation("Meta"), name="GOOGLE, Inc."
            ),
        ),
    ],
    ids=["slug", "domain", "spelling"],
)
def test_save_second_row_under_one_slug_domain_or_spelling_is_refused(first, second):
    first()

    with pytest.raises(IntegrityError), transaction.atomic():
        second()
