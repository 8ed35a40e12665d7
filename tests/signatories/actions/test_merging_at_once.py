"""Organisations are merged while people sign, moderators decide and batches move."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.utils import timezone

from letters.models import Organisation, Proposal
from signatories import addresses, affiliation, statistics
from signatories.actions import batches, confirming, directory, moderation, signing
from signatories.actions.signing import Entry
from signatories.models import Signature, State, Tally, Verification
from tests.admin_pages import make_host
from tests.factories import make_letter, make_organisation

PEOPLE = 24


@pytest.fixture
def at_once():
    """Call them all in the same moment, each on a connection of its own."""

    def run(calls):
        start = threading.Barrier(len(calls))

        def one(call):
            try:
                start.wait(30)
                return call()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as threads:
            return [future.result(120) for future in [threads.submit(one, call) for call in calls]]

    return run


def person(letter, number, names):
    """Signs; every third one anonymously and left unconfirmed, the others by name, which they
    confirm, some of them with an organisation that nobody knows."""
    appearance = "anonymous" if number % 3 == 0 else "named"
    unknown = number % 4 == 1 and appearance == "named"
    claimed = "Orrery Labs" if unknown else names[number % 2]
    domain = "kept.example" if number % 2 else "double.example"

    def sign():
        address = addresses.read(f"person{number}@{domain}")
        found = affiliation.assess(address, claimed, "current")
        entry = Entry(appearance, "" if appearance == "anonymous" else f"Person {number}")
        signing.sign(letter=letter, entry=entry, address=address, affiliation=found)
        signature = (
            Signature.objects.filter(name=f"Person {number}").first()
            if appearance == "named"
            else None
        )
        if signature:
            waiting = Verification.objects.select_related("signature__letter")
            mine = waiting.get(signature=signature)
            confirming.confirm(verification=mine, secrets=(str(number), "x"))

    return sign


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
def test_merge_while_people_sign_loses_nobody_and_stops_nobody(at_once):
    letter = make_letter(review_policy="after")
    kept, double = (
        make_organisation("Kept", "kept.example"),
        make_organisation("Double", "double.example"),
    )
    host = make_host("harriet")
    batches.start_tally(letter)
    early = []
    for number in range(6):
        address = addresses.read(f"early{number}@double.example")
        found = affiliation.assess(address, "Double", "current")
        signing.sign(
            letter=letter,
            entry=Entry("named", f"Early {number}"),
            address=address,
            affiliation=found,
        )
        early.append(Verification.objects.get(signature__name=f"Early {number}"))

    def confirm(verification):
        return lambda: confirming.confirm(
            verification=verification, secrets=(str(verification.pk), "x")
        )

    def reject_and_approve():
        for signature in Signature.objects.filter(name__startswith="Person", state=State.PUBLISHED):
            moderation.reject(signature=signature, actor=host, reason="other")
            moderation.approve(signature=signature, actor=host)

    def move():
        for _each in range(5):
            Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
            batches.publish_batch(letter=letter, now=timezone.now())

    def accept():
        for _each in range(20):
            for proposal in Proposal.objects.undecided():
                directory.accept(proposal=proposal, name="Orrery Labs", actor=host)

    people = [person(letter, number, ["Double", "Kept"]) for number in range(PEOPLE)]
    merge = lambda: directory.merge(duplicate=double, kept=kept, actor=host)  # noqa: E731
    at_once([*people, *map(confirm, early), merge, merge, reject_and_approve, move, accept])

    move()
    batches.refresh_count(letter=letter)
    named = letter.signatures.named()
    assert named.count() == 6 + sum(1 for n in range(PEOPLE) if n % 3)
    assert not named.filter(state=State.UNCONFIRMED).exists()
    confirmed = letter.signatures.exclude(state=State.UNCONFIRMED)
    assert not confirmed.filter(organisation=double).exists()
    assert Organisation.objects.named("Double") == kept
    shown = {one.name for one, _number in statistics.by_organisation(letter.tally)}
    assert shown <= {"Kept"}
