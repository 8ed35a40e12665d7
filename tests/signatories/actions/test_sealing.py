"""The end of a letter: what closing, reopening and sealing mean for its signatures."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from config import crypto, keys
from letters.actions import NotAllowed
from letters.models import AuditEntry, Letter, Membership, Role, Status
from signatories import addresses, statistics, tasks
from signatories.actions import (
    batches,
    confirming,
    erasing,
    moderation,
    own,
    sealing,
    signing,
    subscribing,
)
from signatories.actions.confirming import Gone
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    Flag,
    LetterKey,
    Method,
    Signature,
    State,
    Subscription,
    Tally,
    UsedAddress,
    Verification,
)
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.worker import check_all

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
ADDRESS = Address("w.otterbourne", "google.example")
NAMED = Entry("named", name="Wilhelmina Otterbourne")
ANONYMOUS = Entry("anonymous")


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """What follows the commit follows, as it does outside of tests."""

    def run(verb):
        with django_capture_on_commit_callbacks(execute=True):
            return verb()

    return run


def sign(letter, organisation, entry=NAMED, address=ADDRESS):
    affiliation = Affiliation(organisation, "", "current", Method.MAILBOX)
    return signing.sign(letter=letter, entry=entry, address=address, affiliation=affiliation)


def awaited(page):
    """The Verification as a page reads it, with all that it leads to."""
    rows = Verification.objects.select_related("letter", "signature__letter")
    return rows.get(page_digest=crypto.digest("page", page))


def confirm(page):
    token = confirming.confirm(verification=awaited(page), secrets=(page, "12345678"))
    check_all()
    return token


def subscribe(letter):
    page = signing.ask_for_updates(letter=letter, address=Address("w", "gmail.com"))
    return subscribing.subscribe(verification=awaited(page), secrets=(page, "12345678"))


def close_and_seal(letter):
    sealing.close(letter=letter, actor=None)
    return sealing.seal(letter=letter, actor=None)


def one_in_every_state(letter, google):
    """Signatures by name and anonymously: (appearance, state) → primary key."""
    rows = {}
    for number, state in enumerate(State.values):
        digest = None if state == State.UNCONFIRMED else f"{number:064}"
        if state != State.WITHDRAWN:
            rows["named", state] = make_signature(letter, state=state, address_digest=digest)
        on_roll = {"published_on": NOON.date(), "roll_key": state}
        leaves = state in (State.WITHDRAWN, State.PUBLISHED)
        rows["anonymous", state] = make_anonymous(
            letter, google, state=state, **(on_roll if leaves else {})
        )
    return {key: row.pk for key, row in rows.items()}


# Closing and reopening ------------------------------------------------------------------------------


def test_close_leaves_signatures_in_every_state_as_they_are(google):
    letter = make_letter()
    one_in_every_state(letter, google)
    before = list(Signature.objects.order_by("pk").values())

    closed = sealing.close(letter=letter, actor=None)

    assert closed.is_closed and not closed.is_open
    assert list(Signature.objects.order_by("pk").values()) == before


def test_close_erases_pledges_that_were_not_met_and_twice_is_once():
    letter, other = make_letter(), make_letter()
    fields = {"name": "W. Otterbourne", "appearance": "pledged", "threshold": 9}
    make_signature(letter, state=State.APPROVED, **fields)
    met = make_signature(letter, state=State.PUBLISHED, **fields)
    elsewhere = make_signature(other, state=State.APPROVED, **fields)

    for _twice in range(2):
        sealing.close(letter=letter, actor=None)

    assert set(Signature.objects.all()) == {met, elsewhere}
    assert AuditEntry.objects.filter(verb="letter.closed").count() == 1


def test_close_takes_no_new_entry_and_lets_earlier_codes_confirm(google):
    letter = make_letter()
    page = sign(letter, google)

    sealing.close(letter=letter, actor=None)

    letter.refresh_from_db()
    with pytest.raises(NotAllowed):
        sign(letter, google)
    token = confirm(page)
    assert confirming.by_token(token).state == State.IN_REVIEW
    alice = make_user("alice", is_superuser=True)
    assert moderation.approve(signature=confirming.by_token(token), actor=alice).is_standing


def test_reopen_takes_signatures_again(google):
    letter = make_letter()
    sealing.close(letter=letter, actor=None)

    reopened = sealing.reopen(letter=letter, actor=None)

    assert sign(reopened, google)


@pytest.mark.parametrize("verb", [sealing.close, sealing.reopen, sealing.seal])
@pytest.mark.parametrize("role", [Role.MODERATOR, Role.EDITOR, None])
def test_end_of_a_letter_is_for_its_owners(verb, role, google):
    status = Status.PUBLISHED if verb is sealing.close else Status.CLOSED
    letter = make_letter(status=status)
    bob = make_user("bob", is_staff=True)
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)
    one_in_every_state(letter, google)
    before = list(Signature.objects.order_by("pk").values())

    with pytest.raises(NotAllowed, match="not yours to change"):
        verb(letter=letter, actor=bob)

    letter.refresh_from_db()
    assert letter.status == status
    assert list(Signature.objects.order_by("pk").values()) == before


def test_end_of_a_letter_by_its_owner_is_audited_by_number_and_day():
    letter = make_letter()
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.OWNER)

    for verb in (sealing.close, sealing.reopen, sealing.close, sealing.seal):
        verb(letter=letter, actor=bob)

    trail = AuditEntry.objects.order_by("pk").values_list("verb", "actor", "recorded_on")
    assert list(trail) == [
        (f"letter.{done}", bob.pk, NOON.date())
        for done in ("closed", "reopened", "closed", "sealed")
    ]


# Sealing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PUBLISHED])
def test_seal_what_is_not_closed_is_refused(status, google):
    letter = make_letter(status=status)
    make_signature(letter, address_digest="a" * 64)
    UsedAddress.objects.create(letter=letter, digest="a" * 64)
    addresses.digest(letter, ADDRESS)

    with pytest.raises(NotAllowed, match="Close the letter first"):
        sealing.seal(letter=letter, actor=None)

    assert UsedAddress.objects.count() == LetterKey.objects.count() == 1
    assert Signature.objects.get().state == State.IN_REVIEW
    assert keys.exists("letter", str(letter.pk))


def test_seal_decides_about_signatures_in_every_state(google):
    letter = make_letter()
    rows = one_in_every_state(letter, google)
    one_in_every_state(make_letter(), google)
    others = list(Signature.objects.exclude(letter=letter).order_by("pk").values())

    close_and_seal(letter)

    states = dict(letter.signatures.filter(appearance="named").values_list("pk", "state"))
    assert states == {
        # What nobody confirmed goes with its Verification; these have none.
        rows["named", "unconfirmed"]: "unconfirmed",
        rows["named", "duplicate"]: "duplicate",
        rows["named", "in_review"]: "rejected",
        rows["named", "approved"]: "approved",
        rows["named", "published"]: "published",
        rows["named", "rejected"]: "rejected",
    }
    anonymous = letter.signatures.anonymous().values_list("state", flat=True)
    assert sorted(anonymous) == [
        "duplicate",
        "published",
        "published",
        "rejected",
        "rejected",
        "unconfirmed",
    ]
    assert not letter.signatures.filter(pk=rows["anonymous", "withdrawn"]).exists()
    assert list(Signature.objects.exclude(letter=letter).order_by("pk").values()) == others


def test_seal_leaves_nothing_that_leads_from_an_address(google, commit):
    letter, other = make_letter(), make_letter()
    for one in (letter, other):
        confirm(sign(one, google))
        confirm(sign(one, google))
        confirm(sign(one, google, ANONYMOUS, Address("z", "google.example")))
        subscribe(one)
    assert Signature.objects.duplicates().count() == 2
    signing.ask_for_updates(letter=letter, address=Address("x", "gmail.com"))
    sign(letter, google, address=Address("y", "google.example"))
    assert keys.exists("letter", str(letter.pk))

    commit(lambda: close_and_seal(letter))

    for model in (UsedAddress, LetterKey, Subscription):
        assert {row.letter for row in model.objects.all()} == {other}, model
    assert not Verification.objects.exists()
    assert not letter.signatures.exclude(address_digest=None).exists()
    assert other.signatures.exclude(address_digest=None).count() == 2
    assert not keys.exists("letter", str(letter.pk))
    assert keys.exists("letter", str(other.pk))


def test_seal_that_is_rolled_back_keeps_the_key(google, monkeypatch, commit):
    def fail(**fields):
        raise RuntimeError("power cut")

    letter = make_letter()
    token = confirm(sign(letter, google))
    monkeypatch.setattr(batches, "refresh_count", fail)

    with pytest.raises(RuntimeError):
        commit(lambda: close_and_seal(letter))

    assert keys.exists("letter", str(letter.pk))
    assert LetterKey.objects.count() == UsedAddress.objects.count() == 1
    assert confirming.by_token(token).address_digest == addresses.digest(letter, ADDRESS)


def test_seal_that_crashed_before_the_key_was_destroyed_is_finished_by_the_clock(google, caplog):
    caplog.set_level("INFO")
    letter, other = make_letter(), make_letter()
    for one in (letter, other):
        confirm(sign(one, google))
    close_and_seal(letter)  # The test has no commit: this is the crash.
    assert keys.exists("letter", str(letter.pk))

    tasks.turn_keys()

    assert not keys.exists("letter", str(letter.pk))
    assert keys.exists("letter", str(other.pk))
    assert f"Destroyed the key {letter.pk}" in caplog.text
    assert str(letter.pk) not in erasing.turn_keys(now=NOON)


def test_seal_counts_what_nobody_decided_as_rejected(google):
    letter = make_letter()
    make_signature(letter)
    make_anonymous(letter, google, state=State.IN_REVIEW)
    make_signature(letter, state=State.REJECTED, reason="abuse")
    make_signature(letter, state=State.PUBLISHED)
    sign(letter, google)

    close_and_seal(letter)

    rejected = letter.signatures.filter(reason="sealed")
    assert {one.rejected_on for one in rejected} == {NOON.date()}
    letter.refresh_from_db()
    assert statistics.public_statistics(letter)["as_of_last_batch"] == {
        "received": 5,
        "confirmed": 4,
        "published": 1,
        "waiting": 0,
        "median_days_to_decision": None,
        "withdrawn": 0,
        "rejected": {"abuse": 1, "sealed": 2},
        "by_method": {"none": 1, "mailbox": 0, "login": 0, "vouch": 0, "shown": 0},
    }
    assert list(Departure.objects.values_list("fate", "number")) == [("expired", 1)]


def test_seal_publishes_the_last_batch_however_small_and_early(google, settings):
    settings.BATCH_MINIMUM = 5
    letter = make_letter()
    make_anonymous(letter, google)
    tally = batches.start_tally(letter)
    assert tally.next_batch_at > NOON

    close_and_seal(letter)

    tally.refresh_from_db()
    assert (tally.anonymous, tally.last_batch_on) == (1, NOON.date())
    assert letter.signatures.get().state == State.PUBLISHED


def test_seal_keeps_a_small_group_of_a_letter_of_one_organisation_back(google):
    letter = make_letter()
    letter.organisations.set([google])
    for _each in range(4):
        make_anonymous(letter, google)

    close_and_seal(letter)

    assert Tally.objects.get().total == 0
    assert not letter.signatures.on_roll().exists()


def test_seal_twice_is_once(google, commit):
    letter = make_letter()
    confirm(sign(letter, google))
    make_anonymous(letter, google)
    commit(lambda: close_and_seal(letter))
    before = [
        list(model.objects.order_by("pk").values())
        for model in (Letter, Signature, AuditEntry, Departure)
    ]

    commit(lambda: sealing.seal(letter=letter, actor=None))

    assert before == [
        list(model.objects.order_by("pk").values())
        for model in (Letter, Signature, AuditEntry, Departure)
    ]


@pytest.mark.parametrize("verb", [sealing.close, sealing.reopen])
def test_seal_is_for_ever(verb):
    letter = make_letter(status=Status.SEALED)

    with pytest.raises(NotAllowed):
        verb(letter=letter, actor=None)

    letter.refresh_from_db()
    assert letter.is_sealed


# Afterwards ---------------------------------------------------------------------------------------


def test_sealed_letter_takes_no_earlier_code_and_makes_no_key(google, commit):
    letter = make_letter()
    page = sign(letter, google)
    stale = awaited(page)
    commit(lambda: close_and_seal(letter))

    with pytest.raises(Gone):
        confirming.confirm(verification=stale, secrets=(page, "12345678"))

    assert not Signature.objects.exists()
    assert not LetterKey.objects.exists()
    assert not keys.exists("letter", str(letter.pk))


def test_sealed_letter_refuses_a_proof_that_outlived_the_sealing(google, commit):
    """A form that was on its way while the letter was closed and sealed."""
    letter = make_letter()
    stale = Letter.objects.get()
    commit(lambda: close_and_seal(letter))
    page = sign(stale, google)

    with pytest.raises(Gone):
        confirm(page)

    assert not LetterKey.objects.exists()
    assert not keys.exists("letter", str(letter.pk))
    assert not UsedAddress.objects.exists()


@pytest.mark.parametrize("debug", [False, True])
def test_earlier_code_and_button_lead_to_the_one_gone_page(
    client, deliver, code_of, commit, debug, settings
):
    settings.DEBUG = debug
    letter = make_letter()
    form = {"name": "W. Otterbourne", "email": "w@gmail.com", "appearance": "named"}
    page = client.post(f"/letters/{letter.slug}/sign/", form).url
    [message] = deliver()
    button = message.body.split("http://testserver")[1].split()[0]
    commit(lambda: close_and_seal(letter))

    answers = [
        client.get(page),
        client.post(page, {"code": code_of(message)}),
        client.get(button),
        client.post(button, {"decision": "confirm"}),
    ]

    for answer in answers:
        assert answer.status_code == 404
        assert answer.templates[0].name == "signatories/gone.html"
    assert not Signature.objects.exists()
    assert not keys.exists("letter", str(letter.pk))


def test_sealed_letter_is_not_searched_by_address(google, commit):
    letter, other = make_letter(), make_letter()
    for one in (letter, other):
        confirm(sign(one, google))
    commit(lambda: close_and_seal(letter))
    page = signing.ask_for_link(address=ADDRESS)

    found = confirming.find(verification=awaited(page), secrets=(page, "12345678"))

    assert [one.signature.letter for one in found] == [other]
    assert not keys.exists("letter", str(letter.pk))


def test_manage_link_by_name_lives_after_sealing(google, commit):
    letter = make_letter(review_policy="after")
    token = confirm(sign(letter, google))
    commit(lambda: close_and_seal(letter))
    assert confirming.by_token(token).is_standing

    own.withdraw(token=token)
    tasks.refresh_counts()

    assert not Signature.objects.exists()
    assert Tally.objects.get().named == 0
    assert [departure.fate for departure in Departure.objects.all()] == ["withdrawn"]


def test_manage_link_of_an_anonymous_line_lives_after_sealing(google, commit):
    letter = make_letter()
    token = confirm(sign(letter, google, ANONYMOUS))
    commit(lambda: close_and_seal(letter))

    own.withdraw(token=token)

    assert letter.signatures.on_roll().count() == Tally.objects.get().anonymous == 1
    Tally.objects.update(next_batch_at=NOON)
    tasks.publish_batches()
    assert letter.signatures.count() == Tally.objects.get().anonymous == 0


def test_undecided_entry_cannot_be_approved_after_sealing(google):
    letter = make_letter()
    alice = make_user("alice", is_superuser=True)
    token = confirm(sign(letter, google))
    close_and_seal(letter)

    with pytest.raises(NotAllowed, match="can no longer be approved"):
        moderation.approve(signature=confirming.by_token(token), actor=alice)

    assert confirming.by_token(token).state == State.REJECTED
    assert not moderation.can_be_approved(confirming.by_token(token))


# By the clock -----------------------------------------------------------------------------------


def statuses():
    return list(Letter.objects.order_by("pk").values_list("status", flat=True))


def test_end_letters_closes_those_whose_time_has_come_and_no_others(caplog):
    caplog.set_level("INFO")
    second = timedelta(seconds=1)
    over = make_letter(closes_at=NOON)
    make_letter(closes_at=NOON + second)
    make_letter()
    make_letter(closes_at=NOON - second, status=Status.DRAFT)

    tasks.end_letters()

    assert statuses() == ["closed", "published", "published", "draft"]
    over.refresh_from_db()
    assert over.closed_on == NOON.date()
    assert f"Letter {over.pk} is closed" in caplog.text


def test_end_letters_seals_thirty_days_after_closing(settings, time_machine, caplog, commit):
    caplog.set_level("INFO")
    settings.SEALING_DAYS = 30
    letter = make_letter()
    addresses.digest(letter, ADDRESS)
    sealing.close(letter=letter, actor=None)

    time_machine.move_to(NOON + timedelta(days=29), tick=False)
    commit(tasks.end_letters)
    assert statuses() == ["closed"]
    assert keys.exists("letter", str(letter.pk))

    time_machine.move_to(NOON + timedelta(days=30), tick=False)
    commit(tasks.end_letters)
    assert statuses() == ["sealed"]
    assert not keys.exists("letter", str(letter.pk))
    assert f"Letter {letter.pk} is sealed" in caplog.text
    letter.refresh_from_db()
    assert letter.sealed_on == timezone.localdate()


def test_end_letters_twice_is_once(time_machine):
    make_letter(closes_at=NOON)

    for _twice in range(2):
        tasks.end_letters()
    assert statuses() == ["closed"]
    time_machine.move_to(NOON + timedelta(days=30), tick=False)
    for _twice in range(2):
        tasks.end_letters()

    assert statuses() == ["sealed"]
    assert [entry.verb for entry in AuditEntry.objects.order_by("pk")] == [
        "letter.closed",
        "letter.sealed",
    ]


def test_reopen_stops_the_clock_and_drops_a_closing_time_that_has_passed(time_machine):
    letter = make_letter(closes_at=NOON)
    tasks.end_letters()
    time_machine.move_to(NOON + timedelta(days=20), tick=False)

    reopened = sealing.reopen(letter=letter, actor=None)
    tasks.end_letters()

    assert (reopened.closed_on, reopened.closes_at) == (None, None)
    assert statuses() == ["published"]
    sealing.close(letter=letter, actor=None)
    time_machine.move_to(NOON + timedelta(days=49), tick=False)
    tasks.end_letters()
    assert statuses() == ["closed"]
    time_machine.move_to(NOON + timedelta(days=50), tick=False)
    tasks.end_letters()
    assert statuses() == ["sealed"]


# A lost key ---------------------------------------------------------------------------------------


def test_lost_letter_key_stops_confirming_with_a_clear_word_to_the_operator(
    client, deliver, code_of, caplog
):
    letter = make_letter()
    addresses.digest(letter, ADDRESS)
    form = {"name": "W. Otterbourne", "email": "w@gmail.com", "appearance": "named"}
    page = client.post(f"/letters/{letter.slug}/sign/", form).url
    [message] = deliver()
    kept = (keys.ring("letter") / f"{letter.pk}.key").read_bytes()
    keys.destroy("letter", str(letter.pk))

    answer = client.post(page, {"code": code_of(message)})

    assert answer.status_code == 503
    assert answer["Cache-Control"] == "no-store"
    assert f"Confirming has stopped: The key letter/{letter.pk} is not in KEYS_DIR." in caplog.text
    assert "docs/operations.md" in caplog.text
    assert not keys.exists("letter", str(letter.pk)), "Another key would only hide the loss."
    (keys.ring("letter") / f"{letter.pk}.key").write_bytes(kept)
    assert client.post(page, {"code": code_of(message)}).status_code == 302
    assert Signature.objects.get().state == State.IN_REVIEW


def test_lost_letter_key_does_not_keep_a_letter_from_being_sealed(google):
    letter = make_letter()
    confirm(sign(letter, google))
    keys.destroy("letter", str(letter.pk))

    sealed = close_and_seal(letter)

    assert sealed.is_sealed
    assert not UsedAddress.objects.exists()


def test_seal_decides_anonymous_entries_and_keeps_no_flag_of_them(google):
    letter = make_letter()
    name = make_signature(letter)
    entry = make_anonymous(letter, google, state=State.IN_REVIEW, risk=40)
    Flag.objects.create(signature=name, kind="burst")
    Flag.objects.create(signature=name, kind="reported", detail="me")
    Flag.objects.create(signature=entry, kind="burst")

    close_and_seal(letter)

    entry.refresh_from_db()
    assert (entry.state, entry.risk) == (State.REJECTED, 0)
    assert list(Flag.objects.values_list("signature", "kind")) == [(name.pk, "burst")]
    assert not letter.signatures.for_moderators().to_decide().exists()
