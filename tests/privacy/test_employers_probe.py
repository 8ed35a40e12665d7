"""The employer's probe: whoever reads a mailbox signs with it, types the code and looks.

Promise 3: pages and mails are byte for byte the same for an address that has signed and for
one that has not, but for codes, capabilities and the form's token.
"""

import re

import pytest
import time_machine
from django.test import Client

from letters.models import ReviewPolicy
from signatories.actions import moderation
from signatories.models import Signature, State
from tests.factories import make_letter, make_organisation, make_user
from tests.privacy.witnesses import answer, posted

pytestmark = pytest.mark.django_db

SIGNED = "w.one@google.example"
NEW = "w.two@google.example"


@pytest.fixture(autouse=True)
def one_moment():
    with time_machine.travel("2026-01-20T12:00:00Z", tick=False):
        yield


def form_data(email, appearance):
    return {
        "name": "Probe of the employer",
        "email": email,
        "organisation": "Google" if "google" in email else "",
        "tenure": "current",
        "title": "Research engineer",
        "role": "",
        "appearance": appearance,
    }


class Watcher:
    """Reads the mailbox, uses a browser of its own, and writes down all that it sees."""

    def __init__(self, letter, deliver, code_of, email):
        self.letter, self.deliver, self.code_of, self.email = letter, deliver, code_of, email
        self.browser = Client()
        self.seen = []

    def look(self, response):
        self.seen.append(answer(response))
        return response

    def read_mail(self):
        [message] = self.deliver()
        self.seen.append(posted(message, self.email))
        return message

    def sign(self, appearance):
        url = f"/letters/{self.letter.slug}/sign/"
        self.look(self.browser.get(url))
        code_page = self.look(self.browser.post(url, form_data(self.email, appearance))).url
        self.look(self.browser.get(code_page))
        return code_page

    def confirm(self, code_page, code):
        self.look(self.browser.post(code_page, {"code": "0000 0000"}))
        receipt = self.look(self.browser.post(code_page, {"code": code})).url
        self.look(self.browser.get(receipt))
        self.look(self.browser.post(code_page, {"code": code}))
        self.look(self.browser.get(code_page))
        return receipt

    def sign_and_confirm(self, appearance):
        code_page = self.sign(appearance)
        return self.confirm(code_page, self.code_of(self.read_mail()))


@pytest.fixture
def watch(deliver, code_of):
    def watcher(letter, email):
        return Watcher(letter, deliver, code_of, email)

    return watcher


@pytest.fixture(params=[ReviewPolicy.BEFORE, ReviewPolicy.AFTER])
def letter(request):
    make_organisation("Google", "google.example")
    return make_letter(review_policy=request.param)


@pytest.mark.parametrize("earlier", ["named", "anonymous"])
@pytest.mark.parametrize("probe", ["named", "anonymous"])
def test_probe_from_form_to_receipt_sees_the_same(letter, watch, earlier, probe):
    watch(letter, SIGNED).sign_and_confirm(earlier)
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    signed.sign_and_confirm(probe)
    new.sign_and_confirm(probe)

    assert len(signed.seen) == 9
    assert signed.seen == new.seen
    states = set(Signature.objects.values_list("state", flat=True))
    assert State.DUPLICATE in states, "The probe must have met an address that has signed."


@pytest.mark.parametrize("earlier", ["named", "anonymous"])
def test_probe_of_the_new_address_first_sees_the_same(letter, watch, earlier):
    watch(letter, SIGNED).sign_and_confirm(earlier)
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    new.sign_and_confirm("named")
    signed.sign_and_confirm("named")

    assert signed.seen == new.seen


def test_probe_through_an_alias_sees_the_same(letter, watch):
    watch(letter, "w.one@google.example").sign_and_confirm("named")
    signed, new = (
        watch(letter, "w.one+tag@google.example"),
        watch(letter, "w.two+tag@google.example"),
    )

    signed.sign_and_confirm("named")
    new.sign_and_confirm("named")

    assert signed.seen == new.seen
    assert Signature.objects.duplicates().count() == 1


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_probe_after_a_moderators_decision_sees_the_same(letter, watch, decision, check):
    host = make_user("alice", is_superuser=True)
    watch(letter, SIGNED).sign_and_confirm("named")
    check()
    earlier = Signature.objects.get()
    if decision == "approve":
        moderation.approve(signature=earlier, actor=host)
    else:
        moderation.reject(signature=earlier, actor=host, reason="impersonation")
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    signed.sign_and_confirm("named")
    new.sign_and_confirm("named")

    assert signed.seen == new.seen
    assert Signature.objects.duplicates().count() == 1


@pytest.mark.parametrize("probe", ["named", "anonymous"])
def test_probe_of_the_own_page_sees_the_same(watch, probe):
    make_organisation("Google", "google.example")
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    watch(letter, SIGNED).sign_and_confirm("named")
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        own = watcher.sign_and_confirm(probe).replace("receipt/", "")
        watcher.look(watcher.browser.get(own))
        watcher.look(watcher.browser.get(own + "withdraw/"))
        watcher.look(watcher.browser.post(own + "withdraw/"))
        watcher.look(watcher.browser.get(own))

    assert signed.seen == new.seen
    assert len(signed.seen) == 13


@pytest.mark.parametrize("earlier", ["named", "anonymous"])
def test_probe_that_has_the_code_sent_again_sees_the_same(letter, watch, earlier):
    watch(letter, SIGNED).sign_and_confirm(earlier)
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        code_page = watcher.sign("named")
        first = watcher.code_of(watcher.read_mail())
        watcher.look(watcher.browser.post(code_page, {"again": "1"}))
        second = watcher.code_of(watcher.read_mail())
        watcher.look(watcher.browser.post(code_page, {"again": "1"}))
        watcher.look(watcher.browser.post(code_page, {"code": first}))
        watcher.confirm(code_page, second)

    assert signed.seen == new.seen


def test_probe_that_tries_too_many_codes_sees_the_same(letter, watch):
    watch(letter, SIGNED).sign_and_confirm("named")
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        code_page = watcher.sign("named")
        code = watcher.code_of(watcher.read_mail())
        for _try in range(6):
            watcher.look(watcher.browser.post(code_page, {"code": "00000000"}))
        watcher.look(watcher.browser.post(code_page, {"code": code}))

    assert signed.seen == new.seen


def test_probe_through_a_private_mailbox_and_its_button_sees_the_same(letter, watch):
    watch(letter, "wone@gmail.com").sign_and_confirm("named")
    signed, new = watch(letter, "wone@gmail.com"), watch(letter, "wtwo@gmail.com")

    for watcher in (signed, new):
        watcher.sign("named")
        message = watcher.read_mail()
        button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]
        watcher.look(watcher.browser.get(button))
        watcher.look(watcher.browser.head(button))
        receipt = watcher.look(watcher.browser.post(button, {"decision": "confirm"})).url
        watcher.look(watcher.browser.get(receipt))
        watcher.look(watcher.browser.post(button, {"decision": "confirm"}))
        watcher.look(watcher.browser.post(button, {"decision": "refuse"}))

    assert signed.seen == new.seen
    assert Signature.objects.duplicates().count() == 1


@pytest.mark.parametrize("earlier", ["named", "anonymous"])
def test_probe_by_finding_sees_the_same_until_the_code_is_typed(letter, watch, earlier):
    watch(letter, SIGNED).sign_and_confirm(earlier)
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        watcher.look(watcher.browser.get("/signature/find/"))
        code_page = watcher.look(
            watcher.browser.post("/signature/find/", {"email": watcher.email})
        ).url
        watcher.look(watcher.browser.get(code_page))
        watcher.read_mail()
        watcher.look(watcher.browser.post(code_page, {"again": "1"}))
        watcher.read_mail()
        watcher.look(watcher.browser.post(code_page, {"code": "00000000"}))

    assert signed.seen == new.seen


def test_probe_by_finding_an_anonymous_signature_finds_nothing(letter, watch):
    watch(letter, SIGNED).sign_and_confirm("anonymous")
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        code_page = watcher.browser.post("/signature/find/", {"email": watcher.email}).url
        code = watcher.code_of(watcher.read_mail())
        watcher.look(watcher.browser.post(code_page, {"code": code}))

    assert signed.seen == new.seen
    assert "No signature by name" in signed.seen[-1][2]


def test_probe_then_finding_shows_no_more_than_the_probe_itself(letter, watch):
    """Who has proved the mailbox finds the probe again, whether it became a duplicate or not."""
    watch(letter, SIGNED).sign_and_confirm("anonymous")
    signed, new = watch(letter, SIGNED), watch(letter, NEW)

    for watcher in (signed, new):
        watcher.sign_and_confirm("named")
        code_page = watcher.browser.post("/signature/find/", {"email": watcher.email}).url
        code = watcher.code_of(watcher.read_mail())
        watcher.look(watcher.browser.post(code_page, {"code": code}))

    assert "Probe of the employer" in signed.seen[-1][2]
    assert signed.seen == new.seen


def test_every_mail_to_a_work_mailbox_is_the_same(letter, watch):
    """Whatever is asked for, and whoever asks: one kind of mail and no other."""
    other = make_letter(title="Quite another letter")
    mails = []
    for watcher, act in (
        (watch(letter, SIGNED), lambda w: w.sign("named")),
        (watch(letter, SIGNED), lambda w: w.sign("anonymous")),
        (watch(other, SIGNED), lambda w: w.sign("named")),
        (watch(letter, SIGNED), lambda w: w.browser.post("/signature/find/", {"email": w.email})),
        (watch(letter, "x@unknown-firm.example"), lambda w: w.sign("named")),
    ):
        act(watcher)
        watcher.read_mail()
        mails.append(watcher.seen[-1])

    assert len(set(mails)) == 1
    for word in ("letter", "Google", "Probe", "http", letter.slug):
        assert word not in re.sub(r' style=3?D?"[^"]*"|http-equiv', "", mails[0])
