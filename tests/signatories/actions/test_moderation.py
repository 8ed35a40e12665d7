"""What moderators decide. Alice is the host, Bob moderates, Charlie is nobody."""

import pytest
from django.core import mail
from django.utils import timezone

from letters import trail
from letters.actions import NotAllowed
from letters.models import AuditEntry, Membership, Role
from signatories.actions import moderation
from signatories.models import Departure, Flag, Reason, Signature, State, UsedAddress
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

DECIDE = {
    "approve": lambda signature, actor: moderation.approve(signature=signature, actor=actor),
    "reject": lambda signature, actor: moderation.reject(
        signature=signature, actor=actor, reason=Reason.ABUSE
    ),
}
VERBS = pytest.mark.parametrize("decide", DECIDE.values(), ids=DECIDE.keys())

VERBS_WITH_SEEN = pytest.mark.parametrize(
    "decide",
    [
        lambda entry, bob, seen: moderation.approve(signature=entry, actor=bob, seen=seen),
        lambda entry, bob, seen: moderation.reject(
            signature=entry, actor=bob, reason=Reason.ABUSE, seen=seen
        ),
    ],
    ids=["approve", "reject"],
)


def make_moderator(letter, username="bob", role=Role.MODERATOR, **fields):
    user = make_user(username, **fields)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


@pytest.fixture
def team():
    letter = make_letter()
    return letter, make_moderator(letter)


def audited():
    return list(
        AuditEntry.objects.order_by("pk").values_list(
            "verb", "letter", "actor", "target", "reason", "number", "recorded_on"
        )
    )


# Approving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.REJECTED])
def test_approve_by_name_stands_on_the_roll_at_once(state, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    letter = make_letter()
    google = make_organisation("Google")
    bob = make_moderator(letter)
    signature = make_signature(
        letter, state=state, organisation=google, method="mailbox", address_digest="a" * 64
    )

    approved = moderation.approve(signature=signature, actor=bob)

    signature.refresh_from_db()
    assert approved == signature
    assert signature.state == State.PUBLISHED
    assert signature.published_on.isoformat() == "2026-01-21"
    assert signature.roll_key.startswith("otterbourne wilhelmina ")
    assert (signature.shown_organisation, signature.shown_tenure) == (google, "current")
    assert (signature.rejected_on, signature.reason) == (None, "")
    assert signature.address_digest == "a" * 64
    assert audited() == [
        (
            "signature.approved",
            letter.pk,
            bob.pk,
            f"signature:{signature.pk}",
            "",
            1,
            timezone.localdate(),
        )
    ]


def test_approve_not_verified_shows_no_organisation_in_the_counts():
    letter = make_letter()
    signature = make_signature(letter, organisation=make_organisation("Google"), tenure="former")

    approved = moderation.approve(signature=signature, actor=make_moderator(letter))

    assert (approved.shown_organisation, approved.shown_tenure) == (None, "former")


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.REJECTED])
def test_approve_anonymous_waits_for_a_batch(state):
    letter = make_letter()
    signature = make_anonymous(letter, make_organisation("Google"), state=state)

    moderation.approve(signature=signature, actor=make_moderator(letter))

    signature.refresh_from_db()
    assert signature.state == State.APPROVED
    assert (signature.published_on, signature.roll_key) == (None, "")
    assert (signature.rejected_on, signature.reason) == (None, "")


def test_approve_anonymous_rejected_since_the_last_batch_stays_where_it_stands():
    letter = make_letter()
    google = make_organisation("Google")
    bob = make_moderator(letter)
    signature = make_anonymous(
        letter, google, state=State.PUBLISHED, roll_key="ot", shown_organisation=google
    )
    before = Signature.objects.values().get()
    moderation.reject(signature=signature, actor=bob, reason=Reason.OTHER)

    moderation.approve(signature=signature, actor=bob)

    assert Signature.objects.values().get() == before


# Rejecting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.PUBLISHED])
@pytest.mark.parametrize("reason", [reason for reason, _label in Reason.for_moderators()])
def test_reject_by_name_leaves_the_roll_at_once_and_keeps_the_address_used(
    state, reason, time_machine
):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    letter = make_letter()
    bob = make_moderator(letter)
    UsedAddress.objects.create(letter=letter, digest="a" * 64)
    signature = make_signature(letter, state=state, address_digest="a" * 64)

    moderation.reject(signature=signature, actor=bob, reason=reason)

    signature.refresh_from_db()
    assert signature.state == State.REJECTED
    assert (signature.published_on, signature.roll_key) == (None, "")
    assert (signature.rejected_on.isoformat(), signature.reason) == ("2026-01-21", reason)
    assert signature.name == "Wilhelmina Otterbourne"
    assert UsedAddress.objects.count() == 1
    assert not Departure.objects.exists()
    assert audited() == [
        (
            "signature.rejected",
            letter.pk,
            bob.pk,
            f"signature:{signature.pk}",
            reason,
            1,
            timezone.localdate(),
        )
    ]


def test_reject_anonymous_line_stays_on_the_roll_until_the_batch():
    letter = make_letter()
    google = make_organisation("Google")
    signature = make_anonymous(
        letter, google, state=State.PUBLISHED, roll_key="ot", shown_organisation=google
    )
    before = Signature.objects.values().get()

    moderation.reject(signature=signature, actor=make_moderator(letter), reason=Reason.ABUSE)

    assert Signature.objects.values().get() == before | {
        "was_approved": True,
        "state": "rejected",
        "rejected_on": timezone.localdate(),
        "reason": "abuse",
    }


@pytest.mark.parametrize("reason", ["", "whim", "ABUSE", "sealed", "Wilhelmina Otterbourne"])
def test_reject_without_a_known_reason_is_refused(reason):
    letter = make_letter()
    signature = make_signature(letter)

    with pytest.raises(NotAllowed, match="Choose a reason"):
        moderation.reject(signature=signature, actor=make_moderator(letter), reason=reason)

    assert Signature.objects.get().state == State.IN_REVIEW
    assert audited() == []


# Both ------------------------------------------------------------------------------------------


@VERBS
def test_decide_twice_is_once(decide):
    letter = make_letter()
    bob = make_moderator(letter)
    signature = make_signature(letter)

    decide(signature, bob)
    first = Signature.objects.values().get()
    decide(signature, bob)

    assert Signature.objects.values().get() == first
    assert len(audited()) == 1


def test_reject_again_with_another_reason_keeps_the_first():
    letter = make_letter()
    bob = make_moderator(letter)
    signature = make_signature(letter)

    moderation.reject(signature=signature, actor=bob, reason=Reason.ABUSE)
    moderation.reject(signature=signature, actor=bob, reason=Reason.OTHER)

    assert Signature.objects.get().reason == "abuse"
    assert len(audited()) == 1


@VERBS
def test_decide_an_anonymous_line_that_is_withdrawn_changes_nothing_and_tells_nothing(decide):
    on_roll = {"published_on": "2026-01-20", "roll_key": "ot"}
    google = make_organisation("Google")
    line = make_anonymous(make_letter(), google, state=State.WITHDRAWN, **on_roll)
    before = Signature.objects.values().get()

    decide(line, make_user("alice", is_superuser=True))

    assert Signature.objects.values().get() == before
    assert [one[0] for one in audited()] in ([], ["signature.rejected"])  # As of any other line.


@VERBS
@pytest.mark.parametrize(
    ("state", "is_anonymous"),
    [
        (State.UNCONFIRMED, False),
        (State.DUPLICATE, False),
        (State.UNCONFIRMED, True),
        (State.DUPLICATE, True),
        (State.APPROVED, True),
    ],
)
def test_decide_what_no_moderator_sees_is_refused(decide, state, is_anonymous):
    letter = make_letter()
    if is_anonymous:
        signature = make_anonymous(letter, make_organisation("Google"), state=state)
    else:
        signature = make_signature(letter, state=state)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match="no longer here, or is not yours to decide"):
        decide(signature, make_user("alice", is_superuser=True))

    assert Signature.objects.values().get() == before
    assert audited() == []


@pytest.mark.parametrize(
    "fields",
    [{"appearance": "pledged", "threshold": 9}, {"replaces": "a" * 64}],
    ids=["pledge", "waits for the batch"],
)
def test_reject_name_that_is_approved_and_not_on_the_roll_yet(fields):
    letter = make_letter()
    signature = make_signature(letter, name="W. Otterbourne", state=State.APPROVED, **fields)

    moderation.reject(signature=signature, actor=make_moderator(letter), reason=Reason.ABUSE)

    signature.refresh_from_db()
    assert (signature.state, signature.reason) == (State.REJECTED, "abuse")
    assert signature.replaces == fields.get("replaces")


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.REJECTED])
def test_approve_name_that_replaces_an_anonymous_line_waits_for_the_batch(state):
    letter = make_letter()
    signature = make_signature(letter, state=state, replaces="a" * 64)

    moderation.approve(signature=signature, actor=make_moderator(letter))

    signature.refresh_from_db()
    assert signature.state == State.APPROVED
    assert (signature.published_on, signature.roll_key) == (None, "")
    assert (signature.rejected_on, signature.reason) == (None, "")
    assert signature.replaces == "a" * 64


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.REJECTED])
@pytest.mark.parametrize("is_anonymous", [False, True])
def test_approve_after_sealing_is_refused(state, is_anonymous):
    letter = make_letter(status="sealed")
    if is_anonymous:
        signature = make_anonymous(letter, make_organisation("Google"), state=state)
    else:
        signature = make_signature(letter, state=state)
    before = Signature.objects.values().get()

    with pytest.raises(NotAllowed, match="can no longer be approved"):
        moderation.approve(signature=signature, actor=make_moderator(letter))

    assert Signature.objects.values().get() == before
    assert audited() == []


def test_approve_again_after_sealing_is_once():
    letter = make_letter(status="sealed")
    signature = make_signature(letter, state=State.PUBLISHED)

    assert moderation.approve(signature=signature, actor=make_moderator(letter)) == signature
    assert audited() == []


def test_reject_after_sealing_still_takes_a_name_off_the_roll():
    letter = make_letter(status="sealed")
    signature = make_signature(letter, state=State.PUBLISHED)

    moderation.reject(signature=signature, actor=make_moderator(letter), reason=Reason.ABUSE)

    assert not letter.signatures.on_roll().exists()


def test_name_taken_off_a_sealed_roll_can_be_approved_again():
    letter = make_letter(status="sealed")
    bob = make_moderator(letter)
    signature = make_signature(letter, state=State.PUBLISHED)
    moderation.reject(signature=signature, actor=bob, reason=Reason.ABUSE)
    signature.refresh_from_db()

    moderation.approve(signature=signature, actor=bob)

    assert letter.signatures.on_roll().exists()


@VERBS
def test_decide_what_was_erased_meanwhile_is_refused(decide):
    letter = make_letter()
    signature = make_signature(letter)
    Signature.objects.all().delete()

    with pytest.raises(NotAllowed, match="no longer here"):
        decide(signature, make_moderator(letter))

    assert audited() == []


@VERBS
def test_decide_looks_at_the_row_and_not_at_what_the_page_showed(decide):
    letter = make_letter()
    bob = make_moderator(letter)
    stale = make_signature(letter)
    Signature.objects.update(name="Zephyrine Abernathy-Cole", title="Poet")

    decide(stale, bob)

    assert Signature.objects.get().name == "Zephyrine Abernathy-Cole"
    assert Signature.objects.get().title == "Poet"


@VERBS
@pytest.mark.parametrize(
    ("person", "may"),
    [
        ("host", True),
        ("owner", True),
        ("moderator", True),
        ("editor", False),
        ("moderator of another letter", False),
        ("inactive moderator", False),
        ("inactive host", False),
        ("charlie", False),
    ],
)
def test_decide_is_for_hosts_owners_and_moderators_of_the_letter(decide, person, may):
    letter = make_letter()
    signature = make_signature(letter)
    actor = {
        "host": lambda: make_user("alice", is_superuser=True),
        "owner": lambda: make_moderator(letter, role=Role.OWNER),
        "moderator": lambda: make_moderator(letter),
        "editor": lambda: make_moderator(letter, role=Role.EDITOR, is_staff=True),
        "moderator of another letter": lambda: make_moderator(make_letter(), is_staff=True),
        "inactive moderator": lambda: make_moderator(letter, is_active=False),
        "inactive host": lambda: make_user("alice", is_superuser=True, is_active=False),
        "charlie": lambda: make_user("charlie", is_staff=True),
    }[person]()

    try:
        decide(signature, actor)
        was_decided = True
    except NotAllowed as refusal:
        assert str(refusal) == "This entry is no longer here, or is not yours to decide."
        was_decided = False

    assert was_decided == may
    assert (Signature.objects.get().state != State.IN_REVIEW) == may
    assert len(audited()) == may


@VERBS
def test_decide_writes_neither_name_nor_mail(decide, django_capture_on_commit_callbacks):
    letter = make_letter()
    signature = make_signature(letter, title="Engineer", organisation_text="Orrery Labs")

    with django_capture_on_commit_callbacks(execute=True):
        decide(signature, make_moderator(letter))

    trail = str(list(AuditEntry.objects.values()))
    for written in ("Wilhelmina", "Otterbourne", "Engineer", "Orrery"):
        assert written not in trail
    assert mail.outbox == []


# Setting aside, and questions about what was decided --------------------------------------------


def test_set_aside_keeps_an_entry_in_review_and_says_so_in_the_trail(team):
    letter, bob = team
    entry = make_signature(letter)

    moderation.set_aside(signature=entry, actor=bob)
    moderation.set_aside(signature=entry, actor=bob)

    entry.refresh_from_db()
    assert (entry.state, entry.set_aside_on) == (State.IN_REVIEW, timezone.localdate())
    [found] = AuditEntry.objects.filter(verb="signature.set_aside")
    assert (found.actor, found.target) == (bob, f"signature:{entry.pk}")
    assert set(letter.signatures.set_aside()) == {entry}
    assert not letter.signatures.not_set_aside().exists()


def test_take_up_puts_an_entry_among_the_others_again(team):
    letter, bob = team
    entry = make_signature(letter, set_aside_on=timezone.localdate())

    moderation.take_up(signature=entry, actor=bob)
    moderation.take_up(signature=entry, actor=bob)

    entry.refresh_from_db()
    assert entry.set_aside_on is None
    assert AuditEntry.objects.filter(verb="signature.taken_up").count() == 1


@pytest.mark.parametrize("verb", [moderation.set_aside, moderation.take_up])
def test_set_aside_decided_entry_is_refused(team, verb):
    letter, bob = team
    entry = make_signature(letter, state=State.PUBLISHED)

    with pytest.raises(NotAllowed):
        verb(signature=entry, actor=bob)


@pytest.mark.parametrize("verb", [moderation.set_aside, moderation.take_up])
def test_set_aside_entry_of_another_letter_is_refused(team, verb):
    _letter, bob = team
    entry = make_signature(make_letter(slug="elsewhere"))

    with pytest.raises(NotAllowed):
        verb(signature=entry, actor=bob)

    entry.refresh_from_db()
    assert entry.set_aside_on is None


def test_decision_ends_that_an_entry_was_set_aside(team):
    letter, bob = team
    entries = [make_signature(letter, set_aside_on=timezone.localdate()) for _each in range(2)]

    moderation.approve(signature=entries[0], actor=bob)
    moderation.reject(signature=entries[1], actor=bob, reason="other", note="Whose name is it?")

    assert not letter.signatures.set_aside().exists()
    assert list(letter.signatures.rejected().values_list("note", flat=True)) == [
        "Whose name is it?"
    ]


def test_approve_rejected_entry_forgets_the_note(team):
    letter, bob = team
    entry = make_signature(letter, state=State.REJECTED, note="Whose name is it?")

    approved = moderation.approve(signature=entry, actor=bob)

    assert approved.note == ""


def test_reject_anonymous_entry_keeps_no_note_and_no_flag(team):
    letter, bob = team
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW, risk=40)
    Flag.objects.create(signature=entry, kind="burst")

    rejected = moderation.reject(signature=entry, actor=bob, reason="other", note="A guess.")

    assert (rejected.note, rejected.risk, rejected.flags.count()) == ("", 0, 0)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_decision_that_stands_answers_what_somebody_asked(team, decision):
    letter, bob = team
    state = State.PUBLISHED if decision == "approve" else State.REJECTED
    kind = "reported" if decision == "approve" else "objection"
    entry = make_signature(letter, state=state, risk=70)
    Flag.objects.create(signature=entry, kind=kind)
    Flag.objects.create(signature=entry, kind="similar_name")
    assert set(letter.signatures.to_decide()) == {entry}

    for _twice in range(2):
        if decision == "approve":
            moderation.approve(signature=entry, actor=bob)
        else:
            moderation.reject(signature=entry, actor=bob, reason="other")

    entry.refresh_from_db()
    assert (entry.state, entry.risk) == (state, 20)
    assert not letter.signatures.to_decide().exists()
    assert AuditEntry.objects.filter(verb="signature.kept").count() == 1


# Seen and proved ---------------------------------------------------------------------------------


@VERBS_WITH_SEEN
def test_decide_what_is_not_as_it_was_seen_is_refused(team, decide):
    letter, bob = team
    entry = make_signature(letter, state=State.PUBLISHED)

    with pytest.raises(NotAllowed, match="decided meanwhile"):
        decide(entry, bob, seen="in_review")

    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED
    assert audited() == []


@pytest.mark.parametrize("kind", ["well_known", "recipient"])
@pytest.mark.parametrize("proof", ["", "a mailbox", "mailbox"])
def test_approve_a_well_known_name_without_a_proof_is_refused(team, kind, proof):
    letter, bob = team
    entry = make_signature(letter)
    Flag.objects.create(signature=entry, kind=kind)

    with pytest.raises(NotAllowed, match="needs a proof"):
        moderation.approve(signature=entry, actor=bob, proof=proof)

    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert audited() == []


def test_approve_a_well_known_name_keeps_the_kind_of_proof_in_the_trail(team):
    letter, bob = team
    entry = make_signature(letter)
    Flag.objects.create(signature=entry, kind="recipient")

    moderation.approve(signature=entry, actor=bob, proof="video_call")

    audited_entry = AuditEntry.objects.get()
    assert (audited_entry.verb, audited_entry.reason) == ("signature.approved", "video_call")
    assert trail.reason_in_words(audited_entry).startswith("a call from a company account")


def test_approve_a_well_known_name_that_was_shown_needs_no_other_proof(team):
    letter, bob = team
    google = make_organisation("Google")
    entry = make_signature(letter, organisation=google, method="shown", tenure="current")
    Flag.objects.create(signature=entry, kind="well_known")

    moderation.approve(signature=entry, actor=bob)

    entry.refresh_from_db()
    assert entry.state == State.PUBLISHED
    assert AuditEntry.objects.get().reason == ""


def test_approve_others_keeps_no_proof(team):
    letter, bob = team

    moderation.approve(signature=make_signature(letter), actor=bob, proof="document")

    assert AuditEntry.objects.get().reason == ""
