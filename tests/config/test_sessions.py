import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from config.sessions import SessionStore
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_session_cannot_be_read_in_the_database():
    session = SessionStore()
    session["mfa.totp.secret"] = "JBSWY3DPEHPK3PXP"
    session.save()

    row = Session.objects.get()

    assert SessionStore(session.session_key).load() == {"mfa.totp.secret": "JBSWY3DPEHPK3PXP"}
    assert row.get_decoded() == {}, "Django's own way of reading finds nothing."
    assert "JBSWY3DPEHPK3PXP" not in str(row.__dict__)


@pytest.mark.parametrize("data", ["", "nonsense", "e30:1wXyZa:AbCd"])
def test_session_that_no_key_reads_is_empty(data):
    assert SessionStore().decode(data) == {}


def test_session_of_an_older_key_is_read(settings):
    older = SessionStore().encode({"a": 1})
    settings.FIELD_KEYS = [settings.FIELD_KEYS[1], settings.FIELD_KEYS[0]]

    assert SessionStore().decode(older) == {"a": 1}


def test_key_of_the_row_opens_nothing(client):
    client.force_login(make_user("alice"))
    assert client.get("/accounts/").status_code == 200
    row = Session.objects.get()

    stolen = Client()
    stolen.cookies["sessionid"] = row.session_key

    assert stolen.get("/accounts/").status_code == 302
    assert client.cookies["sessionid"].value not in str(row.__dict__)


def test_session_that_has_ended_is_gone(client):
    client.force_login(make_user("alice"))
    client.post("/accounts/logout/")

    assert not Session.objects.exists()
