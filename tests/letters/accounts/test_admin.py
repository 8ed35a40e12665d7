"""Invitations in the admin, and the commands for whoever runs the installation."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from letters.models import AuditEntry, Invitation, Recovery
from tests.admin_pages import make_host, text_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ADD = "/admin/letters/invitation/add/"


def test_host_invites_with_a_press_and_sees_the_link_once(client):
    client.force_login(make_host())

    asked = client.get(ADD)
    assert not Invitation.objects.exists()
    made = client.post(ADD)

    assert "Make a link" in text_of(asked)
    link = re.search(r"http://testserver(/accounts/invitation/[\w-]{43}/)", text_of(made))[1]
    assert client.cookies.output().find(link) == -1
    assert link not in client.get("/admin/letters/invitation/").content.decode()
    client.logout()
    assert client.get(link).status_code == 200


def test_host_takes_an_invitation_back(client):
    client.force_login(make_host())
    client.post(ADD)
    invitation = Invitation.objects.get()

    client.post(f"/admin/letters/invitation/{invitation.pk}/delete/", {"post": "yes"})

    assert not Invitation.objects.exists()
    assert AuditEntry.objects.latest("pk").verb == "account.invitation_taken_back"


def test_host_takes_several_invitations_back_at_once(client):
    client.force_login(make_host())
    client.post(ADD)
    client.post(ADD)
    chosen = list(Invitation.objects.values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}

    client.post("/admin/letters/invitation/", form)

    assert not Invitation.objects.exists()
    verbs = AuditEntry.objects.filter(verb="account.invitation_taken_back")
    assert verbs.count() == 2


def test_host_is_told_that_registration_is_closed(client, settings):
    settings.REGISTRATION = "closed"
    client.force_login(make_host())

    page = text_of(client.post(ADD))

    assert "registration is closed" in page
    assert not Invitation.objects.exists()


# Commands -------------------------------------------------------------------------------------


def run(*words):
    output = StringIO()
    call_command(*words, stdout=output)
    return output.getvalue().strip()


def test_invite_prints_a_link_that_opens(client, settings):
    link = run("invite")

    assert link.startswith(f"{settings.SITE_URL}/accounts/invitation/")
    assert client.get(link.removeprefix(settings.SITE_URL)).status_code == 200


def test_invite_while_registration_is_closed_says_so(settings):
    settings.REGISTRATION = "closed"

    with pytest.raises(CommandError, match="closed"):
        run("invite")


def test_recover_prints_a_link_for_a_host_who_is_alone(client, settings):
    make_host("harriet")

    link = run("recover", "harriet")

    assert client.get(link.removeprefix(settings.SITE_URL)).status_code == 200
    assert AuditEntry.objects.get().actor is None


@pytest.mark.parametrize("name", ["nobody", "bob"])
def test_recover_of_no_active_account_says_so(name):
    make_user("bob", is_active=False)

    with pytest.raises(CommandError, match="no active account"):
        run("recover", name)

    assert not Recovery.objects.exists()
