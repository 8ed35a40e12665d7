"""The employer's probe goes on: it tries all that one can do with one's own signature.

Whoever read the mailbox and confirmed holds a capability. Under an address that had signed
before it manages a duplicate, and every page, file and mail must still be the same.
"""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from letters.actions import Text, publish_text
from letters.models import Letter, ReviewPolicy, Visibility
from signatories.actions import batches, opening, sealing
from signatories.models import Signature, Tally
from tests.factories import make_letter, make_organisation
from tests.privacy.test_employers_probe import NEW, SIGNED, Watcher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-01-20T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def letter():
    make_organisation("Google", "google.example")
    return make_letter(review_policy=ReviewPolicy.BEFORE)


@pytest.fixture
def watch(deliver, code_of):
    return lambda letter, email: Watcher(letter, deliver, code_of, email)


@pytest.fixture
def probes(letter, watch):
    """Two who hold a capability: one for a duplicate, one for an entry of its own."""

    def probe(appearance):
        watch(letter, SIGNED).sign_and_confirm("anonymous")
        both = watch(letter, SIGNED), watch(letter, NEW)
        for one in both:
            one.own = one.sign_and_confirm(appearance).replace("receipt/", "")
        assert Signature.objects.duplicates().count() == 1
        return both

    return probe


def look_around(watcher):
    """Every page and file that leads from one's own page, as it is now."""
    for page in (
        "",
        "receipt/",
        "data.json",
        "title/",
        "anonymous/",
        "counted/",
        "named/",
        "text/",
        "withdraw/",
    ):
        watcher.look(watcher.browser.get(watcher.own + page))


def assert_same(signed, new):
    assert len(signed.seen) == len(new.seen) > 16
    for one, other in zip(signed.seen, new.seen, strict=True):
        assert one == other


def move_batch(letter, clock):
    """A day later, so that a day that moves with the batch would show."""
    clock.shift(timedelta(days=1))
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)


def publish_newer_text(letter):
    text = Text("Newer", "Another text.\n", (("Do", "that."),))
    publish_text(letter=letter, text=text, actor=None, on=timezone.localdate())


def test_own_pages_by_name_are_the_same_after_every_change(letter, probes):
    signed, new = probes("named")

    publish_newer_text(letter)
    for watcher in (signed, new):
        look_around(watcher)
        watcher.look(watcher.browser.post(watcher.own + "title/", {"title": "Chief of staff"}))
        watcher.look(watcher.browser.post(watcher.own + "title/", {"title": "<b>"}))
        watcher.look(watcher.browser.post(watcher.own + "search/", {"hidden": "1"}))
        watcher.look(watcher.browser.post(watcher.own + "text/"))
        look_around(watcher)

    assert_same(signed, new)


def test_becoming_anonymous_is_the_same_before_and_after_the_batch(letter, probes, clock):
    signed, new = probes("named")

    for watcher in (signed, new):
        watcher.own = watcher.look(watcher.browser.post(watcher.own + "anonymous/")).url
        look_around(watcher)
    move_batch(letter, clock)
    for watcher in (signed, new):
        look_around(watcher)

    assert_same(signed, new)


def test_being_counted_and_having_a_line_again_is_the_same(letter, probes, clock):
    Letter.objects.update(was_internal=True)
    signed, new = probes("anonymous")
    move_batch(letter, clock)

    for page in ("counted/", "anonymous/", "counted/"):
        for watcher in (signed, new):
            watcher.look(watcher.browser.post(watcher.own + page))
            watcher.look(watcher.browser.post(watcher.own + page))
            look_around(watcher)
        move_batch(letter, clock)
        for watcher in (signed, new):
            look_around(watcher)

    assert_same(signed, new)


def test_being_counted_instead_of_named_is_the_same(letter, probes, clock):
    Letter.objects.update(was_internal=True)
    signed, new = probes("named")

    for watcher in (signed, new):
        watcher.own = watcher.look(watcher.browser.post(watcher.own + "counted/")).url
        look_around(watcher)
    move_batch(letter, clock)
    for watcher in (signed, new):
        look_around(watcher)

    assert_same(signed, new)


@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_letter_that_becomes_public_is_the_same(letter, probes, clock, appearance):
    signed, new = probes(appearance)
    today = timezone.localdate()
    Signature.objects.update(is_for_colleagues=True)
    Letter.objects.update(visibility=Visibility.INTERNAL, public_on=today + timedelta(days=2))

    for shown in "101":
        for watcher in (signed, new):
            look_around(watcher)
            watcher.look(watcher.browser.post(watcher.own + "everybody/", {"shown": shown}))
    Signature.objects.filter(manage_digest__isnull=False).update(is_for_colleagues=True)
    clock.shift(timedelta(days=3))
    [_opened] = opening.open_letters(now=timezone.now())
    for watcher in (signed, new):
        look_around(watcher)
        watcher.look(watcher.browser.post(watcher.own + "everybody/", {"shown": "1"}))
        look_around(watcher)
        watcher.look(watcher.browser.post(watcher.own + "anonymous/"))

    assert_same(signed, new)


def test_anonymous_own_pages_are_the_same_before_and_after_the_batch(letter, probes, clock):
    signed, new = probes("anonymous")

    for watcher in (signed, new):
        look_around(watcher)
    move_batch(letter, clock)
    publish_newer_text(letter)
    for watcher in (signed, new):
        look_around(watcher)
        watcher.look(watcher.browser.post(watcher.own + "text/"))
        look_around(watcher)
    move_batch(letter, clock)
    for watcher in (signed, new):
        look_around(watcher)

    assert_same(signed, new)


def test_becoming_named_is_the_same(letter, probes, clock):
    signed, new = probes("anonymous")
    move_batch(letter, clock)

    for watcher in (signed, new):
        form = {"name": "Probe of the employer", "title": "", "email": watcher.email}
        code_page = watcher.look(watcher.browser.post(watcher.own + "named/", form)).url
        watcher.look(watcher.browser.get(code_page))
        receipt = watcher.confirm(code_page, watcher.code_of(watcher.read_mail()))
        look_around(watcher)
        watcher.own = receipt.replace("receipt/", "")
        look_around(watcher)
    move_batch(letter, clock)
    for watcher in (signed, new):
        look_around(watcher)

    assert_same(signed, new)


def test_freeing_the_address_and_signing_again_is_the_same(letter, probes, clock):
    signed, new = probes("anonymous")
    move_batch(letter, clock)

    for watcher in (signed, new):
        asked = watcher.browser.post(watcher.own + "withdraw/", {"email": watcher.email})
        code_page = watcher.look(asked).url
        watcher.look(watcher.browser.get(code_page))
        code = watcher.code_of(watcher.read_mail())
        watcher.look(watcher.browser.post(code_page, {"code": code}))
        watcher.look(watcher.browser.get(watcher.own))
        watcher.own = watcher.sign_and_confirm("anonymous").replace("receipt/", "")
        look_around(watcher)

    assert_same(signed, new)


def test_own_pages_are_the_same_after_sealing(letter, probes, clock):
    signed, new = probes("anonymous")
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    for watcher in (signed, new):
        look_around(watcher)
        watcher.look(watcher.browser.post(watcher.own + "withdraw/"))
        look_around(watcher)

    assert_same(signed, new)


@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_updates_know_nothing_of_signatures(letter, probes, appearance):
    signed, new = probes(appearance)

    for watcher in (signed, new):
        url = reverse("public:subscribe", args=[letter.slug])
        watcher.look(watcher.browser.get(url))
        refused = watcher.browser.post(url, {"email": watcher.email})
        refused.content = refused.content.replace(watcher.email.encode(), b"ADDRESS")
        watcher.look(refused)
        look_around(watcher)

    assert letter.subscriptions.count() == 0
    assert len(signed.seen) > 16
    assert signed.seen == new.seen


def test_probe_of_updates_sees_the_same_for_a_subscribed_mailbox(letter, watch):
    subscribed = watch(letter, "w.one@gmail.com")
    subscribe(subscribed)
    again, new = watch(letter, "w.one@gmail.com"), watch(letter, "w.two@gmail.com")

    for watcher in (again, new):
        subscribe(watcher)

    assert again.seen == new.seen
    assert len(again.seen) == 6
    assert letter.subscriptions.count() == 2


def subscribe(watcher):
    url = reverse("public:subscribe", args=[watcher.letter.slug])
    code_page = watcher.look(watcher.browser.post(url, {"email": watcher.email})).url
    watcher.look(watcher.browser.get(code_page))
    code = watcher.code_of(watcher.read_mail())
    page = watcher.look(watcher.browser.post(code_page, {"code": code})).url
    watcher.look(watcher.browser.get(page))
    watcher.look(watcher.browser.post(code_page, {"code": code}))
