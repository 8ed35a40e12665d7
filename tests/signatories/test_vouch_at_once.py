"""Many people with one link: it verifies one of them, however close together they come."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from config import crypto
from signatories.actions import confirming, signing, vouching
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.models import Method, Signature, State, UsedAddress, Verification, Vouch
from signatories.verification import vouch as vouches
from tests.factories import make_letter, make_organisation, make_signature

NUMBER = 50


@pytest.mark.django_db(transaction=True)
def test_one_link_used_by_fifty_at_once_verifies_one():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one after the other anyway.")
    letter, google = make_letter(allows_vouching=True), make_organisation("Google")
    make_signature(
        letter,
        organisation=google,
        method=Method.MAILBOX,
        manage_digest=crypto.digest("manage", "t" * 43),
    )
    vouching.give(token="t" * 43)
    proofs = [verification(letter, Vouch.objects.get(), number) for number in range(NUMBER)]
    start = threading.Barrier(NUMBER)

    def confirm(proof):
        start.wait(60)
        try:
            confirming.confirm(verification=proof, secrets=("page", str(proof.pk)))
            return "signed"
        except vouches.VouchGone:
            return "gone"
        finally:
            connection.close()

    with ThreadPoolExecutor(NUMBER) as at_once:
        outcomes = list(at_once.map(confirm, proofs))

    assert sorted(outcomes) == ["gone"] * (NUMBER - 1) + ["signed"]
    vouched = Signature.objects.filter(method=Method.VOUCH)
    assert vouched.filter(state=State.IN_REVIEW).count() == 1
    assert vouched.filter(state=State.UNCONFIRMED).count() == NUMBER - 1
    assert UsedAddress.objects.count() == 1
    assert not Vouch.objects.exists()


def verification(letter, vouch, number):
    token = signing.sign(
        letter=letter,
        entry=Entry("named", name=f"Tobias Juniper {number}"),
        address=Address(f"tobias{number}", "gmail.com"),
        affiliation=vouches.proves(vouch, "former"),
        vouch_digest=vouch.link_digest,
    )
    return Verification.objects.select_related("signature__letter").get(
        page_digest=crypto.digest("page", token)
    )
