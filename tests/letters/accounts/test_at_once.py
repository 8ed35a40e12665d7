"""Many people with one link: it lets one of them in, however close together they come."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from letters.accounts import actions
from letters.accounts.credentials import Password
from letters.models import Invitation, Recovery, User
from tests.factories import make_user

NUMBER = 20


def at_once(verb):
    """What each of many gets who do the same in the same moment."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one after the other anyway.")
    start = threading.Barrier(NUMBER)

    def do(number):
        start.wait(60)
        try:
            verb(number)
            return "in"
        except actions.LinkIsOver:
            return "over"
        finally:
            connection.close()

    with ThreadPoolExecutor(NUMBER) as people:
        return sorted(people.map(do, range(NUMBER)))


@pytest.mark.django_db(transaction=True)
def test_one_invitation_used_by_twenty_at_once_makes_one_account():
    token = actions.invite(actor=None)

    def sign_up(number):
        credential = Password(f"three small stones {number}")
        actions.sign_up(username=f"heron{number}", credential=credential, token=token)

    assert at_once(sign_up) == ["in"] + ["over"] * (NUMBER - 1)
    assert User.objects.count() == 1
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_recovery_used_by_twenty_at_once_lets_one_in():
    bob = make_user("bob")
    token = actions.offer_recovery(user=bob, actor=None)

    def recover(number):
        actions.recover(token=token, credential=Password(f"three small stones {number}"))

    assert at_once(recover) == ["in"] + ["over"] * (NUMBER - 1)
    assert not Recovery.objects.exists()
