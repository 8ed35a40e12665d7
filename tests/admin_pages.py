"""What the tests of the admin share: people, addresses of pages, and how to read a page."""

import re
import time

from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from letters.models import Membership, Role
from tests.factories import make_user

LIST = "/admin/signatories/signature/"
NOBODY = "00000000-0000-4000-8000-000000000000"


def make_moderator(username, letter, role=Role.MODERATOR):
    user = make_user(username, is_staff=True)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def make_host(username="alice"):
    return make_user(username, is_staff=True, is_superuser=True)


def come_in(client, user):
    """Sign in as somebody who has just shown who they are."""
    client.force_login(user)
    session = client.session
    session["signed_in_at"] = time.time()
    session.save()


def entry_page(signature, **filters):
    """The page of an entry as one reaches it from a list with these filters."""
    page = reverse("admin:signatories_signature_change", args=[signature.pk])
    query = "%26".join(f"{name}%3D{value}" for name, value in filters.items())
    return f"{page}?_changelist_filters={query}" if query else page


def text_of(response):
    """What a person reads on the page: no tags, no white space beyond one blank."""
    content = re.sub(r"<(head|svg|script)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", content).split())


def messages_of(response):
    """The messages, those about selections without the way to what was decided."""
    said = (str(message) for message in get_messages(response.wsgi_request))
    return [sentence.partition(f'. <a href="{LIST}bulk/')[0] for sentence in said]


def count_queries(client, path):
    """How many queries a page needs, once content types are cached."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def listed(response):
    """The keys of the rows of a list, in their order."""
    return [row.pk for row in response.context["cl"].result_list]
