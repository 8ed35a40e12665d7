"""Ways round the promises that somebody found once, and a walk that looks for more.

Whoever owns some mailboxes does what pages offer, in an order nobody thought of. However
they do it, no letter may ever count more signatures than mailboxes confirmed them, and a
duplicate has to look like an entry of its own.
"""

import random
from datetime import timedelta
from functools import partial

import pytest
from django.core.cache import cache
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed, Text, publish_text
from letters.models import Letter, Membership, ReviewPolicy
from signatories import addresses, affiliation
from signatories.actions import (
    appearing,
    batches,
    confirming,
    erasing,
    moderation,
    own,
    sealing,
    signing,
)
from signatories.actions.confirming import Gone
from signatories.actions.signing import Entry
from signatories.models import Signature, State, Tally, Verification
from tests.factories import make_letter, make_organisation, make_user
from tests.worker import check_all

pytestmark = pytest.mark.django_db

X, Y, Z, W = (f"{name}@google.example" for name in "xyzw")


# What one can do, past the pages ----------------------------------------------------------------


def sign(letter, mailbox, appearance, organisation="Google", name="Nomen Nescio"):
    """Fill in the form; return the token of the code page."""
    address = addresses.read(mailbox)
    return signing.sign(
        letter=Letter.objects.select_related("current_version").get(pk=letter.pk),
        entry=Entry(appearance, name if appearance == "named" else ""),
        address=address,
        affiliation=affiliation.assess(address, organisation, "current"),
    )


def verification_of(page):
    found = Verification.objects.filter(page_digest__in=crypto.digests("page", page))
    verification = found.select_related("signature__letter", "letter").first()
    if verification is None:
        raise Gone
    return verification


def confirm(page):
    token = confirming.confirm(verification=verification_of(page), secrets=(page, "1234 5678"))
    check_all()
    return token


def signed(letter, mailbox, appearance, **options):
    return confirm(sign(letter, mailbox, appearance, **options))


def behind(token):
    found = confirming.by_token(token)
    if found is None:
        raise Gone
    return found


def ask_to_be_named(token, mailbox):
    signature, address = behind(token), addresses.read(mailbox)
    return signing.ask_to_be_named(
        signature=signature,
        entry=Entry("named", "Nomen Nescio"),
        address=address,
        affiliation=affiliation.assess(address, str(signature.organisation), signature.tenure),
    )


def ask_to_free(token, mailbox):
    signature = behind(token)
    return signing.ask_to_free(signature=signature, address=addresses.read(mailbox))


def free(page):
    own.withdraw_and_free(verification=verification_of(page))


def move_batch(letter):
    now = timezone.now()
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)


def lines(letter):
    return letter.signatures.on_roll().count()


def figures(letter):
    counted = Tally.objects.get(letter=letter).figures
    return {name: counted[name] for name in ("received", "confirmed", "waiting", "withdrawn")}


def difference(before, after):
    return {name: after[name] - before[name] for name in before}


@pytest.fixture(autouse=True)
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter():
    return make_letter(review_policy=ReviewPolicy.BEFORE)


@pytest.fixture
def moderator(letter):
    moderator = make_user("bob")
    Membership.objects.create(letter=letter, user=moderator, role="moderator")
    return moderator


# One mailbox, one signature ---------------------------------------------------------------------


def test_withdrawing_a_line_that_a_name_waits_to_replace_frees_no_other_mailbox(letter, moderator):
    token = signed(letter, X, "anonymous")
    signed(letter, W, "anonymous")

    for _round in range(3):
        named = confirm(ask_to_be_named(token, X))
        free(ask_to_free(token, W))
        token = appearing.appear_without_name(token=named, appearance="anonymous")
        signed(letter, W, "anonymous")

    for entry in letter.signatures.in_review():
        moderation.approve(signature=entry, actor=moderator)
    move_batch(letter)
    assert lines(letter) == letter.used_addresses.count() == 2


def test_rejected_line_does_not_come_back_through_a_name(letter, moderator):
    token = signed(letter, X, "anonymous")
    move_batch(letter)
    named = confirm(ask_to_be_named(token, X))
    line = confirming.by_token(token)

    moderation.reject(signature=line, actor=moderator, reason="false_claim")
    appearing.appear_without_name(token=named, appearance="anonymous")
    move_batch(letter)
    assert lines(letter) == 0

    moderation.approve(signature=Signature.objects.rejected().get(), actor=moderator)
    move_batch(letter)
    assert lines(letter) == letter.used_addresses.count() == 1


def test_name_with_a_mailbox_of_its_own_is_not_lost_on_a_duplicate(letter):
    signed(letter, X, "anonymous")
    duplicate = signed(letter, X, "anonymous")
    named = confirm(ask_to_be_named(duplicate, Z))

    token = appearing.appear_without_name(token=named, appearance="anonymous")

    assert confirming.by_token(token).state == State.APPROVED
    move_batch(letter)
    assert lines(letter) == letter.used_addresses.count() == 2


# Small groups -----------------------------------------------------------------------------------


def test_letter_of_one_organisation_shows_none_while_others_wait_for_company(google, settings):
    settings.BATCH_MINIMUM = 5
    letter = make_letter(minimum_group_size=5)
    letter.organisations.add(google)
    tokens = [signed(letter, f"p{number}@google.example", "anonymous") for number in range(5)]
    move_batch(letter)
    assert lines(letter) == 5

    for token in tokens[:4]:
        own.withdraw(token=token)
    for number in range(4):
        signed(letter, f"q{number}@google.example", "anonymous")
    move_batch(letter)

    assert lines(letter) == 0
    assert Tally.objects.get(letter=letter).anonymous == 0


# Numbers ----------------------------------------------------------------------------------------


def test_figures_say_nothing_of_anonymous_entries_on_their_way(letter, settings):
    settings.BATCH_MINIMUM = 5
    move_batch(letter)
    before = figures(letter)

    pages = [sign(letter, mailbox, "anonymous") for mailbox in (X, Y, Z)]
    move_batch(letter)
    assert figures(letter) == before
    for page in pages:
        confirm(page)
    move_batch(letter)

    assert figures(letter) == before


@pytest.mark.parametrize("then", ["waits", "withdraws", "is erased"])
def test_figures_do_not_tell_an_anonymous_duplicate(settings, then):
    settings.BATCH_MINIMUM = 9
    moved = []
    for earlier in (X, Y):
        letter = make_letter()
        signed(letter, earlier, "named")
        move_batch(letter)
        before = figures(letter)
        probe = signed(letter, X, "anonymous")
        if then == "withdraws":
            own.withdraw(token=probe)
        elif then == "is erased":
            in_a_month = timezone.now() + timedelta(days=31)
            list(erasing.erase_expired(now=in_a_month))
        move_batch(letter)
        moved.append(difference(before, figures(letter)))

    assert moved[0] == moved[1]


def test_figures_do_not_tell_who_became_anonymous_from_who_withdrew(settings):
    settings.BATCH_MINIMUM = 5
    moved = []
    for act in (own.withdraw, partial(appearing.appear_without_name, appearance="anonymous")):
        letter = make_letter(review_policy=ReviewPolicy.AFTER)
        token = signed(letter, X, "named")
        move_batch(letter)
        before = figures(letter)

        act(token=token)
        move_batch(letter)

        moved.append(difference(before, figures(letter)))
    assert moved[0] == moved[1] == {"received": 0, "confirmed": 0, "waiting": 0, "withdrawn": 1}


# The own page -----------------------------------------------------------------------------------


def test_name_follows_a_line_that_was_carried_over_for_duplicates_too(letter, client):
    tokens = [signed(letter, X, "anonymous") for _each in range(2)][1:]
    tokens.append(signed(letter, Y, "anonymous"))
    move_batch(letter)
    text = Text("Newer", "Another text.\n", (("Do", "that."),))
    publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())
    for token in tokens:
        own.carry_over(token=token)
    move_batch(letter)

    told = []
    for token, mailbox in zip(tokens, (X, Y), strict=True):
        named = confirm(ask_to_be_named(token, mailbox))
        document = client.get(f"/signature/{named}/data.json").json()
        told.append((document["text_version"], document["state"]))

    assert told == [(2, "confirmed")] * 2


def test_sealing_reads_alike_for_a_duplicate_by_name(letter, client):
    signed(letter, X, "anonymous")
    tokens = [signed(letter, X, "named"), signed(letter, Y, "named")]
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    documents = [client.get(f"/signature/{token}/data.json").json() for token in tokens]
    pages = [client.get(f"/signature/{token}/").content.decode() for token in tokens]

    assert documents[0] == documents[1]
    assert documents[0]["state"] == "not_published"
    assert all("Not published" in page for page in pages)


def test_link_by_name_leads_nowhere_some_minutes_after_the_name_is_gone(
    letter, client, time_machine
):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    token = signed(letter, X, "named")
    renewed = appearing.appear_without_name(token=token, appearance="anonymous")
    assert client.post(f"/signature/{token}/anonymous/").url == f"/signature/{renewed}/"

    forget_what_was_pressed()

    answer = client.post(f"/signature/{token}/anonymous/")
    assert answer.status_code == 404
    assert renewed not in answer.content.decode()


def forget_what_was_pressed():
    """As time does: the cache's own clock cannot be moved."""
    cache.clear()


# A walk -----------------------------------------------------------------------------------------

MOVES = "sign sign named free withdraw anonymous counted everybody batch approve reject ask later find".split()


class Walk:
    """Somebody with three mailboxes, and a moderator who knows nothing, at random."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        policy = self.draw.choice(ReviewPolicy.values)
        self.letter = make_letter(review_policy=policy, was_internal=True)
        self.moderator = make_user(f"moderator {seed}")
        Membership.objects.create(letter=self.letter, user=self.moderator, role="moderator")
        batches.start_tally(self.letter)
        self.tokens, self.pages, self.log = [], [], []

    def step(self):
        move = self.draw.choice(MOVES)
        mailbox = self.draw.choice((X, Y, Z))
        token = self.draw.choice(self.tokens[-6:]) if self.tokens else ""
        self.log.append((move, mailbox[:1], self.tokens.index(token) if token else None))
        try:
            getattr(self, f"_{move}")(mailbox, token)
        except (Gone, NotAllowed):  # Refused, or nothing is behind this capability any more.
            self.log.pop()

    def _sign(self, mailbox, token):
        appearance = self.draw.choice(["anonymous", "anonymous", "named"])
        self.tokens.append(signed(self.letter, mailbox, appearance))

    def _named(self, mailbox, token):
        if behind(token).is_anonymous:
            self.tokens.append(confirm(ask_to_be_named(token, mailbox)))

    def _free(self, mailbox, token):
        if behind(token).is_anonymous:
            free(ask_to_free(token, mailbox))

    def _withdraw(self, mailbox, token):
        own.withdraw(token=token)

    def _anonymous(self, mailbox, token):
        self.tokens.append(appearing.appear_without_name(token=token, appearance="anonymous"))

    def _counted(self, mailbox, token):
        self.tokens.append(appearing.appear_without_name(token=token, appearance="counted"))

    def _everybody(self, mailbox, token):
        """A name that was given to colleagues once, and is shown again or not."""
        names = self.letter.signatures.named()
        names.update(is_for_colleagues=self.draw.choice([False, True]))
        own.show_to_everybody(token=token, shown=self.draw.choice([False, True]))

    def _batch(self, mailbox, token):
        move_batch(self.letter)
        self.check_numbers()

    def _approve(self, mailbox, token):
        moderation.approve(signature=self._entry(), actor=self.moderator)

    def _reject(self, mailbox, token):
        moderation.reject(signature=self._entry(), actor=self.moderator, reason="other")

    def _ask(self, mailbox, token):
        if behind(token).is_anonymous:
            asking = self.draw.choice([ask_to_be_named, ask_to_free])
            self.pages.append(asking(token, mailbox))

    def _later(self, mailbox, token):
        page = self.draw.choice(self.pages or [""])
        if verification_of(page).purpose == "free":
            free(page)
        else:
            self.tokens.append(confirm(page))

    def _find(self, mailbox, token):
        page = signing.ask_for_link(address=addresses.read(mailbox))
        found = confirming.find(verification=verification_of(page), secrets=(page, "1"))
        self.tokens += [one.token for one in found]

    def _entry(self):
        entries = Signature.objects.for_moderators().filter(letter=self.letter).order_by("pk")
        if not entries:
            raise Gone
        return self.draw.choice(list(entries))

    def check_numbers(self):
        tally = Tally.objects.get(letter=self.letter)
        batches.refresh_count(letter=self.letter)
        tally.refresh_from_db()
        assert tally.on_roll == lines(self.letter), self.log
        assert tally.total == self.letter.signatures.standing().count(), self.log
        assert min(figures(self.letter).values()) >= 0, self.log
        assert sum(tally.named_by_version.values()) == tally.named + tally.undecided
        assert sum(tally.anonymous_by_version.values()) == tally.anonymous + tally.counted

    def check_mailboxes(self):
        """All that stands or may yet stand: a name that waits stands in the place of its line."""
        standing = [
            signature
            for signature in self.letter.signatures.all()
            if signature.state not in (State.UNCONFIRMED, State.DUPLICATE, State.WITHDRAWN)
        ]
        anonymous = {one.manage_digest for one in standing if one.is_anonymous}
        several = [one for one in standing if not (one.replaces and one.replaces in anonymous)]
        assert len(several) <= self.letter.used_addresses.count(), self.log


@pytest.mark.parametrize("seed", range(6))
def test_no_walk_gives_one_mailbox_two_signatures(settings, seed):
    settings.RATE_LIMITS = {
        **settings.RATE_LIMITS,
        "code:mailbox": "1000/d",
        "sign:mailbox": "1000/d",
    }
    walk = Walk(seed)

    for _step in range(60):
        walk.step()
        walk.check_mailboxes()

    assert len(walk.log) > 20


def test_second_name_that_becomes_anonymous_again_frees_no_first_one(letter):
    Letter.objects.update(review_policy=ReviewPolicy.AFTER)
    token = signed(letter, X, "anonymous")
    move_batch(letter)

    for _round in range(3):
        named = confirm(ask_to_be_named(token, X))
        again = confirm(ask_to_be_named(token, X))
        appearing.appear_without_name(token=again, appearance="anonymous")
        move_batch(letter)
        token = appearing.appear_without_name(token=named, appearance="anonymous")
        move_batch(letter)

    assert lines(letter) == letter.used_addresses.count() == 1
