"""Commands: invented signatories, demonstration accounts, and erasing by hand."""

import re
import sqlite3
import stat
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config import keys
from letters.models import (
    AuditEntry,
    Letter,
    Membership,
    Organisation,
    ReviewPolicy,
    Status,
    User,
)
from signatories import demonstration
from signatories.models import (
    Departure,
    Flag,
    FlagKind,
    Method,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.factories import make_letter, make_signature, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def invent(settings, capsys):
    """Run `demo_signatures` as `make run` would; return the lines it says."""
    settings.DEBUG = True

    def run(letter, count, *options):
        call_command("demo_signatures", "--letter", letter.slug, "--count", str(count), *options)
        return capsys.readouterr().out.splitlines()

    return run


# Invented signatories ----------------------------------------------------------------------------


def test_demo_signatures_are_invented_marked_and_on_the_roll(invent):
    letter = make_letter()

    said = invent(letter, 60)

    signatures = letter.signatures.all()
    anonymous = letter.signatures.anonymous()
    assert said[0] == "60 of 60 signatures"
    assert said[-1] == f"{letter.slug} has 60 signatures"
    assert signatures.count() == letter.signatures.on_roll().count() == 60
    assert 10 < anonymous.count() < 40
    assert not letter.signatures.real().exists()
    assert set(signatures.values_list("state", flat=True)) == {State.PUBLISHED}
    given, family = set(demonstration.GIVEN), set(demonstration.FAMILY)
    for name in letter.signatures.named().values_list("name", flat=True):
        first, last = name.split(" ")
        assert first in given
        assert last in family
    methods = set(letter.signatures.values_list("method", flat=True))
    assert {Method.NONE, Method.MAILBOX, Method.VOUCH} <= methods
    assert set(letter.signatures.values_list("address_digest", "manage_digest")) == {(None, None)}
    assert Verification.objects.count() == UsedAddress.objects.count() == 0
    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous) == (60 - anonymous.count(), anonymous.count())


def test_demo_signatures_work_at_invented_organisations_with_reserved_domains(invent):
    letter = make_letter()

    invent(letter, 40)

    organisations = Organisation.objects.all()
    assert {one.slug for one in organisations} == {
        row["slug"] for row in demonstration.ORGANISATIONS
    }
    assert all(one.is_demonstration for one in organisations)
    for one in organisations:
        assert [domain.domain for domain in one.domains.all()] == [f"{one.slug}.example"]


def test_demo_signatures_keep_the_rule_for_small_groups(invent):
    letter = make_letter()

    invent(letter, 80)

    shown = letter.signatures.anonymous().filter(shown_organisation__isnull=False)
    hidden = letter.signatures.anonymous().filter(shown_organisation=None)
    assert shown.exists()
    assert hidden.exists()
    for organisation in Organisation.objects.all():
        standing = letter.signatures.anonymous().filter(organisation=organisation).count()
        assert shown.filter(organisation=organisation).count() == standing * (standing >= 5)


def test_demo_signatures_come_in_chunks_and_say_how_far_they_are(invent, monkeypatch):
    monkeypatch.setattr(demonstration, "CHUNK", 20)
    letter = make_letter()

    said = invent(letter, 50)

    assert said == [
        "20 of 50 signatures",
        "40 of 50 signatures",
        "50 of 50 signatures",
        "Moving the anonymous ones in a batch …",
        f"{letter.slug} has 50 signatures",
    ]


def test_demo_signatures_in_large_numbers_need_no_large_queries(invent):
    letter = make_letter()
    if connection.vendor == "sqlite":
        limit = sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        former = connection.connection.setlimit(limit, 999)

    try:
        said = invent(letter, 2500)
    finally:
        if connection.vendor == "sqlite":
            connection.connection.setlimit(limit, former)

    assert said[:3] == [f"{number} of 2500 signatures" for number in (1000, 2000, 2500)]
    assert letter.signatures.on_roll().count() == 2500
    assert Tally.objects.get().total == 2500


def test_demo_signatures_of_one_seed_are_the_same(invent):
    names = []
    for _letter in range(2):
        letter = make_letter()
        invent(letter, 20, "--seed", "7")
        names.append(sorted(letter.signatures.named().values_list("name", "title")))

    assert names[0] == names[1]


@pytest.mark.parametrize("policy", ReviewPolicy.values)
def test_demo_signatures_waiting_show_the_queue_reasons_of_every_kind_but_one(invent, policy):
    letter = make_letter(review_policy=policy)

    said = invent(letter, 60, "--waiting")

    waiting = letter.signatures.to_decide()
    kinds = set(Flag.objects.filter(signature__in=waiting).values_list("kind", flat=True))
    assert said[1] == f"{waiting.count()} entries wait for a moderator"
    assert said[-1] == f"{letter.slug} has 60 signatures"
    assert kinds == set(FlagKind.values) - {FlagKind.RECIPIENT}
    assert waiting.in_review().filter(flags=None).count() >= 8
    assert waiting.set_aside().count() == 1
    assert not letter.signatures.unchecked().exists()
    assert not letter.signatures.real().exists()


def test_demo_signatures_can_be_added_to(invent):
    letter = make_letter()

    invent(letter, 20)
    said = invent(letter, 10)

    assert said[-1] == f"{letter.slug} has 30 signatures"
    assert Tally.objects.get().total == 30


def test_demo_signatures_if_empty_leave_a_letter_with_any_signature_alone(invent):
    letter = make_letter()
    invent(letter, 5)
    before = list(Signature.objects.order_by("pk").values())

    assert invent(letter, 5, "--if-empty") == []

    assert list(Signature.objects.order_by("pk").values()) == before
    real = make_letter()
    make_signature(real)
    assert invent(real, 5, "--if-empty") == []


def test_demo_signatures_without_debug_are_refused():
    letter = make_letter()

    with pytest.raises(CommandError, match="need DEBUG"):
        call_command("demo_signatures", letter=letter.slug, count=5)

    assert not Signature.objects.exists()


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.IN_REVIEW, State.REJECTED])
def test_demo_signatures_beside_real_ones_are_refused(invent, state):
    letter = make_letter()
    make_signature(letter, is_demonstration=True)
    make_signature(letter, state=state)

    with pytest.raises(CommandError, match="has real signatures; nothing is invented there"):
        invent(letter, 5)

    assert Signature.objects.count() == 2


@pytest.mark.parametrize("count", [0, -5])
def test_demo_signatures_fewer_than_one_are_refused(invent, count):
    with pytest.raises(CommandError, match="at least 1"):
        invent(make_letter(), count)


def test_demo_signatures_of_a_letter_nobody_can_read_are_refused(invent):
    draft = make_letter(status=Status.DRAFT)

    for letter in (draft, Letter(slug="nowhere")):
        with pytest.raises(CommandError, match=f"There is no published letter {letter.slug}"):
            invent(letter, 5)


def test_demo_signatures_say_on_every_line_that_they_are_invented(invent, client, settings):
    letter = make_letter()
    invent(letter, 20)
    settings.DEBUG = False

    html = client.get(f"/letters/{letter.slug}/roll/").content.decode()

    assert len(re.findall(r'<li class="signature', html)) == 20
    assert len(re.findall(r'class="signature__demonstration">demonstration<', html)) == 20


# Erasing by hand --------------------------------------------------------------------------------


def make_old_entries(letter):
    today = timezone.localdate()
    for days in (29, 30, 31):
        day = today - timedelta(days=days)
        make_signature(letter, state=State.DUPLICATE, confirmed_on=day)
        make_signature(letter, state=State.REJECTED, confirmed_on=day, rejected_on=day)
    for number, hours in enumerate((-1, 1)):
        Verification.objects.create(
            purpose="sign",
            signature=make_signature(letter, state=State.UNCONFIRMED),
            address=b"ciphertext",
            key_name="2026-01-20.named",
            is_private=False,
            page_digest=f"{number:064}",
            erase_after=timezone.now() + timedelta(hours=hours),
        )


@pytest.fixture
def every_key_is_there(monkeypatch):
    monkeypatch.setattr("signatories.actions.erasing.keys.exists", lambda ring, name: True)


def test_erase_expired_says_what_it_erased(capsys, every_key_is_there):
    make_old_entries(make_letter())

    call_command("erase_expired")

    assert capsys.readouterr().out.splitlines() == [
        "1 unconfirmed entries erased",
        "2 duplicates erased",
        "2 rejected entries erased",
    ]
    assert Signature.objects.count() == 3

    call_command("erase_expired")

    assert capsys.readouterr().out.splitlines() == ["Nothing was due."]


def test_erase_expired_dry_run_says_what_it_would_erase_and_changes_nothing(capsys):
    make_old_entries(make_letter())
    models = (Signature, Verification, Departure, AuditEntry)
    before = [list(model.objects.order_by("pk").values()) for model in models]

    call_command("erase_expired", "--dry-run")

    assert capsys.readouterr().out.splitlines() == [
        "0 letters would be closed",
        "0 letters would be sealed",
        "1 unconfirmed entries would be erased",
        "2 duplicates would be erased",
        "2 rejected entries would be erased",
        "0 links to vouch would be erased",
        "0 marks of who looks at an entry would be erased",
        "0 decisions about many entries would be erased",
        "0 imports would be erased",
        "0 mailboxes that were invited would be erased",
        "0 invitations would be erased",
        "0 invitations to teams would be erased",
        "0 links to accounts would be erased",
        "0 addresses of accounts would be erased",
        "0 news of teams would be erased",
        "0 proposed names of organisations would be erased",
        "0 keys of the day would be destroyed",
    ]
    assert [list(model.objects.order_by("pk").values()) for model in models] == before


# Demonstration accounts ---------------------------------------------------------------------------


@pytest.fixture
def own_folder(settings, tmp_path):
    settings.IS_DEMONSTRATION = True
    settings.VAR_DIR = tmp_path
    return tmp_path


def passwords_in(folder):
    lines = (folder / "credentials.txt").read_text().splitlines()
    return dict(line.split(" ") for line in lines)


def test_demo_accounts_get_random_passwords_and_a_role_on_every_letter(own_folder):
    letters = [make_letter(), make_letter()]

    call_command("demo_accounts")

    passwords = passwords_in(own_folder)
    assert set(passwords) == {"organiser", "moderator"}
    assert all(len(password) >= 12 for password in passwords.values())
    for username, role in (("organiser", "owner"), ("moderator", "moderator")):
        user = User.objects.get(username=username)
        assert user.check_password(passwords[username])
        assert (user.is_staff, user.is_superuser, user.email) == (True, False, "")
        roles = Membership.objects.filter(user=user).values_list("letter", "role")
        assert set(roles) == {(letter.pk, role) for letter in letters}
    mode = (own_folder / "credentials.txt").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_demo_accounts_twice_is_once(own_folder):
    make_letter()
    call_command("demo_accounts")
    before = passwords_in(own_folder)
    rows = list(User.objects.order_by("pk").values())

    call_command("demo_accounts")

    assert passwords_in(own_folder) == before
    assert list(User.objects.order_by("pk").values()) == rows
    assert Membership.objects.count() == 2


def test_demo_accounts_whose_passwords_are_lost_get_new_ones(own_folder):
    call_command("demo_accounts")
    before = passwords_in(own_folder)
    (own_folder / "credentials.txt").unlink()

    call_command("demo_accounts")

    after = passwords_in(own_folder)
    assert before["moderator"] != after["moderator"]
    assert User.objects.get(username="moderator").check_password(after["moderator"])
    assert User.objects.count() == 2


def test_demo_accounts_anywhere_but_on_the_embedded_database_are_refused(own_folder, settings):
    settings.IS_DEMONSTRATION = False
    make_user("bob")

    with pytest.raises(CommandError, match="need DEBUG and no DATABASE_URL"):
        call_command("demo_accounts")

    assert [user.username for user in User.objects.all()] == ["bob"]
    assert not (own_folder / "credentials.txt").exists()


@pytest.mark.django_db(transaction=True)
def test_erase_expired_ends_letters_and_destroys_keys(capsys, settings):
    now = timezone.now()
    over = make_letter(closes_at=now - timedelta(hours=1))
    closed = make_letter(status=Status.CLOSED)
    Letter.objects.filter(pk=closed.pk).update(
        closed_on=now.date() - timedelta(days=settings.SEALING_DAYS)
    )
    waits = make_letter(status=Status.CLOSED)
    keys.read_or_create("letter", str(closed.pk))
    keys.read_or_create("day", keys.day_key_name("anonymous", now.date() - timedelta(days=3)))

    call_command("erase_expired", "--dry-run")

    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["1 letters would be closed", "1 letters would be sealed"]
    assert said[-1] == "1 keys of the day would be destroyed"
    assert keys.exists("letter", str(closed.pk))

    call_command("erase_expired")

    assert capsys.readouterr().out.splitlines() == [
        "1 letters closed",
        "1 letters sealed",
        "1 keys destroyed",
    ]
    statuses = dict(Letter.objects.values_list("pk", "status"))
    assert statuses == {over.pk: "closed", closed.pk: "sealed", waits.pk: "closed"}
    assert not keys.exists("letter", str(closed.pk))


def test_erase_expired_tells_how_far_it_is(capsys, every_key_is_there, monkeypatch):
    monkeypatch.setattr("signatories.actions.erasing.BATCH_SIZE", 2)
    letter = make_letter()
    for _each in range(5):
        make_signature(
            letter, state=State.DUPLICATE, confirmed_on=timezone.localdate() - timedelta(days=40)
        )

    call_command("erase_expired")

    assert capsys.readouterr().out.splitlines() == [
        "2 duplicates erased",
        "4 duplicates erased",
        "5 duplicates erased",
    ]


def test_erase_expired_erases_sessions_that_ended(every_key_is_there):
    now = timezone.now()
    for key, hours in (("ended", -1), ("lasts", 1)):
        Session.objects.create(
            session_key=key, session_data="x", expire_date=now + timedelta(hours=hours)
        )

    call_command("erase_expired")

    assert list(Session.objects.values_list("session_key", flat=True)) == ["lasts"]
