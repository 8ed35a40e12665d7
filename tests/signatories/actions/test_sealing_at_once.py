"""A letter is sealed while somebody changes their entry: whoever loses a deadlock tries again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection

from config import crypto
from letters.actions import NotAllowed
from signatories.actions import appearing, batches, sealing
from signatories.models import State
from tests.factories import make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db(transaction=True)

# PostgreSQL looks for a deadlock once, a second after somebody began to wait.
LONGER = 1.7


@contextmanager
def before_locking(table, act):
    """Do something once, before a row of the table is locked on this connection."""
    done = []

    def wrapper(execute, sql, *rest):
        if f'FROM "{table}"' in sql and "FOR UPDATE" in sql and not done:
            done.append(True)
            act()
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield


@pytest.mark.parametrize(("sealer_waits", "signer_waits"), [(LONGER, 0), (0, LONGER)])
def test_sealing_while_a_name_is_dropped_ends_well_for_both(sealer_waits, signer_waits):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one after the other anyway.")
    letter, google = make_letter(status="closed"), make_organisation("Google")
    batches.start_tally(letter)
    entry = make_signature(
        letter,
        organisation=google,
        method="mailbox",
        manage_digest=crypto.digest("manage", "mine"),
    )
    has_rejected, has_tally = threading.Event(), threading.Event()

    def seal():
        def meet():
            has_rejected.set()
            has_tally.wait(30)
            time.sleep(sealer_waits)

        try:
            with before_locking("signatories_tally", meet):
                return sealing.seal(letter=letter, actor=None).status
        finally:
            connection.close()

    def drop_the_name():
        def meet():
            has_tally.set()
            time.sleep(signer_waits)

        try:
            has_rejected.wait(30)
            with before_locking("signatories_signature", meet):
                return appearing.appear_without_name(token="mine", appearance="anonymous")
        except NotAllowed as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as people:
        sealed, dropped = people.submit(seal), people.submit(drop_the_name)

    assert sealed.result() == "sealed"
    assert "not published" in dropped.result() or dropped.result() == appearing.anonymous_token(
        "mine"
    )
    left = letter.signatures.get()
    assert (left.pk == entry.pk) == (left.state == State.REJECTED)
