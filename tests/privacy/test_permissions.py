"""Every address of the application, asked for by everybody who might.

Alice owns the letter, Erin edits it, Bob moderates it, Harriet is the host. Charlie owns
another letter; Dora has an account and no team; a visitor has none. What is not listed
here fails, so that a new address needs an answer to the question who may see it.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from django.utils import timezone

from letters.actions import propose
from letters.models import (
    AuditEntry,
    Draft,
    Invitation,
    Letter,
    Membership,
    Proposal,
    Role,
    Update,
    Visibility,
)
from signatories.actions import bulk, importing, sealing
from signatories.bulk_rule import Rule
from signatories.models import Flag, Signature, State
from signatories.spreadsheets import Table
from tests.admin_pages import make_host, make_moderator
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.witnesses import all_rows

pytestmark = pytest.mark.django_db

ROLES = ("visitor", "dora", "charlie", "bob", "erin", "alice", "host")
UNKNOWN = "x" * 43
EVERYBODY = [200] * 7
NOBODY = [404] * 7

# Address → what a GET answers to visitor, dora, charlie, bob, erin, alice, host.
PUBLIC = {
    "": EVERYBODY,
    "how-it-works/": EVERYBODY,
    "privacy/": EVERYBODY,
    "what-an-employer-can-see/": EVERYBODY,
    "organisations/": [200] * 7,
    "members/": EVERYBODY,
    "members/leave/": [405] * 7,
    "letters/<slug:slug>/": EVERYBODY,
    "letters/<slug:slug>/sign/": EVERYBODY,
    "letters/<slug:slug>/roll/": EVERYBODY,
    "letters/<slug:slug>/report/": EVERYBODY,
    "letters/<slug:slug>/report/sent/": EVERYBODY,
    "letters/<slug:slug>/updates/": EVERYBODY,
    "letters/<slug:slug>/updates/subscribe/": EVERYBODY,
    "letters/<slug:slug>/versions/": EVERYBODY,
    "letters/<slug:slug>/versions/<int:number>/": EVERYBODY,
    "letters/<slug:slug>/versions/<int:number>/text.json": EVERYBODY,
    "letters/<slug:slug>/verification/": EVERYBODY,
    "letters/<slug:slug>/stats.json": EVERYBODY,
    "signature/find/": EVERYBODY,
    "readyz": EVERYBODY,
    "mail/events/<slug:provider>/": NOBODY,  # There is none unless a provider is configured.
    "healthz": EVERYBODY,
    "robots.txt": EVERYBODY,
}
# A capability opens one page, whoever brings it; an account opens none of them.
CAPABILITIES = {
    "confirm/<token>/": NOBODY,
    "confirm/<token>/login/": NOBODY,
    "login/<slug:provider>/": NOBODY,
    "signature/<token>/": NOBODY,
    "signature/<token>/receipt/": NOBODY,
    "signature/<token>/data.json": NOBODY,
    "signature/<token>/withdraw/": NOBODY,
    "signature/<token>/title/": NOBODY,
    "signature/<token>/objection/": NOBODY,
    "signature/<token>/anonymous/": NOBODY,
    "signature/<token>/left/": NOBODY,
    "signature/<token>/vouch/": NOBODY,
    "vouch/<token>/": NOBODY,
    "signature/<token>/named/": NOBODY,
    "signature/<token>/text/": NOBODY,
    "signature/<token>/counted/": NOBODY,
    "signature/<token>/everybody/": [405] * 7,
    "signature/<token>/search/": [405] * 7,
    "signature/<token>/prominent/": [405] * 7,
    "updates/<token>/": NOBODY,
    "invitation/<token>/": NOBODY,
    # Says the same of every link, so that nobody learns which of them end something.
    "updates/end/<token>/": EVERYBODY,
}
# Pages for one's own account: for whoever has one. Invitations and recoveries are capabilities.
OWN = [302, 200, 200, 200, 200, 200, 200]
NOT_NOW = [302] * 7
ACCOUNTS = {
    "accounts/": OWN,
    "accounts/2fa/authenticate/": NOT_NOW,
    "accounts/2fa/reauthenticate/": OWN,
    "accounts/app/add/": NOT_NOW,  # To the password first, or where the app can be removed.
    "accounts/app/remove/": NOT_NOW,
    "accounts/codes/": [302, 404, 404, 404, 404, 404, 404],
    "accounts/codes/download/": [302, 404, 404, 404, 404, 404, 404],
    "accounts/codes/renew/": NOT_NOW,
    "accounts/inactive/": EVERYBODY,
    "accounts/invitation/<token>/": [404, 302, 302, 302, 302, 302, 302],
    "accounts/login/": [200, 302, 302, 302, 302, 302, 302],
    "accounts/logout/": OWN,
    "accounts/mail/": NOT_NOW,  # To the password first.
    "accounts/notices/<token>/": NOBODY,
    "accounts/passkeys/": OWN,
    "accounts/passkeys/<int:pk>/name/": NOT_NOW,
    "accounts/passkeys/<int:pk>/remove/": NOT_NOW,
    "accounts/passkeys/add/": NOT_NOW,
    "accounts/passkeys/login/": NOT_NOW,
    "accounts/passkeys/reauthenticate/": NOT_NOW,
    "accounts/password/change/": OWN,
    "accounts/password/set/": NOT_NOW,
    "accounts/people/": NOT_NOW,
    "accounts/reauthenticate/": OWN,
    "accounts/recovery/<token>/": NOBODY,
    "accounts/sessions/": OWN,
    "accounts/signup/": [200, 302, 302, 302, 302, 302, 302],
}
# Whoever is on no team sees nothing; others see what concerns their letters only.
ADMIN = {
    "admin/": [302, 200, 200, 200, 200, 200, 200],
    "admin/(?P<app_label>letters|signatories)/": [302, 404, 200, 200, 200, 200, 200],
    "admin/(?P<url>.*)": [302, 404, 404, 404, 404, 404, 404],
    "admin/autocomplete/": [302, 403, 403, 403, 403, 403, 403],
    "admin/jsi18n/": [302, 200, 200, 200, 200, 200, 200],
    "admin/letters/auditentry/": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/auditentry/trail.csv": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/auditentry/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/auditentry/<path:object_id>/change/": [302, 403, 302, 200, 200, 200, 200],
    "admin/letters/auditentry/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 403],
    "admin/letters/auditentry/<path:object_id>/history/": [302, 302, 302, 200, 200, 200, 200],
    "admin/letters/auditentry/add/": [302, 403, 403, 403, 403, 403, 403],
    "admin/letters/invitation/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/invitation/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/invitation/<path:object_id>/change/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/invitation/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/invitation/<path:object_id>/history/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/invitation/add/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/letter/": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/letter/<int:pk>/close/": [302, 403, 404, 404, 404, 200, 200],
    "admin/letters/letter/<int:pk>/reopen/": [302, 403, 404, 404, 404, 302, 302],
    "admin/letters/letter/<int:pk>/seal/": [302, 403, 404, 404, 404, 302, 302],
    "admin/letters/letter/<int:pk>/public/": [302, 403, 404, 404, 404, 302, 302],
    "admin/letters/letter/<int:pk>/search/": [302, 403, 404, 404, 404, 200, 200],
    "admin/letters/letter/<int:pk>/text/": [302, 403, 404, 404, 200, 200, 200],
    "admin/letters/letter/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/letter/<path:object_id>/change/": [302, 403, 302, 200, 200, 200, 200],
    "admin/letters/letter/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 403],
    "admin/letters/letter/<path:object_id>/history/": [302, 404, 404, 302, 302, 302, 302],
    "admin/letters/letter/add/": [302, 403, 403, 403, 403, 403, 403],
    "admin/letters/membership/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/membership/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/membership/<path:object_id>/change/": [302, 403, 403, 403, 403, 403, 302],
    "admin/letters/membership/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 302],
    "admin/letters/membership/<path:object_id>/history/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/membership/add/": [302, 403, 403, 403, 403, 403, 302],
    "admin/letters/organisation/": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/organisation/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/organisation/<path:object_id>/change/": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/organisation/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 403],
    "admin/letters/organisation/<path:object_id>/history/": [302, 403, 200, 200, 200, 200, 200],
    "admin/letters/organisation/add/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/organisation/<int:pk>/merge/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/organisation/<int:pk>/list/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/organisation/<int:pk>/withdraw/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/siteswitch/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/proposal/": [302, 403, 200, 200, 403, 200, 200],
    "admin/letters/proposal/<int:pk>/change/": [302, 403, 404, 200, 403, 200, 200],
    "admin/letters/user/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/user/<path:object_id>/": [302, 302, 302, 302, 302, 302, 302],
    "admin/letters/user/<path:object_id>/change/": [302, 403, 403, 403, 403, 403, 302],
    "admin/letters/user/<path:object_id>/delete/": [302, 403, 403, 403, 403, 403, 302],
    "admin/letters/user/<path:object_id>/history/": [302, 403, 403, 403, 403, 403, 200],
    "admin/letters/user/add/": [302, 403, 403, 403, 403, 403, 302],  # Asked who is there.
    "admin/login/": [302, 302, 302, 302, 302, 302, 302],
    "admin/logout/": [302, 405, 405, 405, 405, 405, 405],
    "admin/password_change/": NOT_NOW,
    "admin/password_change/done/": [302, 200, 200, 200, 200, 200, 200],
    "admin/signatories/mailday/": [302, 403, 403, 403, 403, 403, 200],
    "admin/signatories/signature/": [302, 403, 200, 200, 403, 200, 200],
    "admin/signatories/signature/guidance/": [302, 403, 200, 200, 403, 200, 200],
    "admin/signatories/signature/bulk/": [302, 403, 200, 200, 403, 200, 200],
    "admin/signatories/signature/bulk/new/": [302, 403, 200, 200, 403, 200, 200],
    "admin/signatories/signature/bulk/<uuid:pk>/": [302, 403, 404, 200, 403, 200, 200],
    "admin/signatories/signature/bulk/<uuid:pk>/entries/": [302, 403, 404, 200, 403, 200, 200],
    "admin/signatories/signature/<uuid:pk>/change/": [302, 403, 404, 200, 403, 200, 200],
    "admin/signatories/signature/<uuid:pk>/reading/": [302, 405, 405, 405, 405, 405, 405],
}
# The organisers' workspace. Whoever is on no team finds it empty, and no letter of others.
MEMBERS = [302, 404, 404, 200, 200, 200, 200]
EDITORS = [302, 404, 404, 404, 200, 200, 200]
OWNERS = [302, 404, 404, 404, 404, 200, 200]
ONE = "manage/letters/<slug:slug>/"
WORKSPACE = {
    "manage/": [302, 200, 200, 200, 200, 200, 200],
    "manage/new/": [302, 200, 200, 200, 200, 200, 200],
    "manage/handbook/": [302, 200, 200, 200, 200, 200, 200],
    "manage/news/": [302, 200, 200, 200, 200, 200, 200],
    "manage/join/<token>/": [302, 404, 404, 404, 404, 404, 404],
    ONE: MEMBERS,
    f"{ONE}rules/": MEMBERS,
    f"{ONE}lists/": MEMBERS,
    f"{ONE}team/": MEMBERS,
    f"{ONE}trail/": MEMBERS,
    f"{ONE}trail.csv": MEMBERS,
    f"{ONE}notices/": MEMBERS,
    f"{ONE}text/": EDITORS,
    # For scripts, which no log-in page would help.
    f"{ONE}text/save/": [401, 405, 405, 405, 405, 405, 405],
    f"{ONE}text/preview/": [401, 405, 405, 405, 405, 405, 405],
    f"{ONE}text/discard/": EDITORS,
    f"{ONE}recipients/": EDITORS,
    f"{ONE}responses/": EDITORS,
    f"{ONE}prominent/": EDITORS,
    f"{ONE}publish/": EDITORS,
    f"{ONE}publish/write-on/": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}publish/return/": [302, 404, 404, 404, 404, 404, 404],
    f"{ONE}publish/time/": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}publish/time/drop/": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}publish/time/approve/": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}preview/": EDITORS,
    f"{ONE}preview/sign/": EDITORS,
    f"{ONE}versions/": MEMBERS,
    f"{ONE}versions/<int:number>/": MEMBERS,
    f"{ONE}delete/": OWNERS,
    f"{ONE}rejections/": OWNERS,
    f"{ONE}take-down/": OWNERS,
    f"{ONE}door/": [302, 404, 404, 200, 404, 200, 200],
    f"{ONE}close/": OWNERS,
    # To the overview: they do not apply to a published public letter.
    f"{ONE}reopen/": [302, 404, 404, 404, 404, 302, 302],
    f"{ONE}seal/": [302, 404, 404, 404, 404, 302, 302],
    f"{ONE}public/": [302, 404, 404, 404, 404, 302, 302],
    f"{ONE}downloads/": MEMBERS,
    # Files are asked for by a button.
    f"{ONE}downloads/<str:file>": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}archive.zip": [302, 405, 405, 405, 405, 405, 405],
    f"{ONE}import/": OWNERS,
    f"{ONE}import/<uuid:pk>/": OWNERS,
    f"{ONE}import/<uuid:pk>/report/": OWNERS,
    f"{ONE}import/<uuid:pk>/report.csv": OWNERS,
    f"{ONE}updates/": EDITORS,
    f"{ONE}updates/new/": EDITORS,
    f"{ONE}updates/preview/": [401, 405, 405, 405, 405, 405, 405],
    f"{ONE}updates/<int:pk>/": EDITORS,
    f"{ONE}updates/<int:pk>/delete/": EDITORS,
    f"{ONE}updates/<int:pk>/mailing/": OWNERS,
    f"{ONE}updates/<int:pk>/mailing/html/": OWNERS,
    f"{ONE}updates/<int:pk>/mailing/now/": [401, 404, 404, 404, 404, 200, 200],
}
# Sent mail in development.
DEVELOPMENT = {
    "dev/mailbox/": NOBODY,
    "dev/mailbox/(?P<id>[0-9a-f-]{20,60})/": NOBODY,
}
MATRIX = {**PUBLIC, **CAPABILITIES, **ACCOUNTS, **ADMIN, **WORKSPACE, **DEVELOPMENT}


def routes():
    """Every address as the resolver spells it, without the library's own below accounts/."""

    def walk(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern).lstrip("^").removesuffix("$")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                yield route.replace("(?P<token>[A-Za-z0-9_-]{43})", "<token>")

    return set(walk(get_resolver().url_patterns))


class Stage:
    """A letter with people around it, and something of everything to ask for."""

    def __init__(self):
        self.letter = make_letter(slug="asked-for")
        google = make_organisation("Google", "google.example")
        self.entry = make_signature(self.letter)
        self.line = make_anonymous(self.letter, google, state=State.PUBLISHED)
        self.reported = make_signature(self.letter, state=State.PUBLISHED)
        Flag.objects.create(signature=self.reported, kind="reported", detail="me")
        self.objected = make_signature(
            self.letter, state=State.REJECTED, objected_on=timezone.localdate()
        )
        Flag.objects.create(signature=self.objected, kind="objection")
        propose(name="Orrery Labs", letter=self.letter)
        self.proposal = Proposal.objects.get()
        self.people = {
            "visitor": None,
            "dora": make_user("dora", is_staff=True),
            "charlie": make_moderator("charlie", make_letter(), Role.OWNER),
            "bob": make_moderator("bob", self.letter),
            "erin": make_moderator("erin", self.letter, Role.EDITOR),
            "alice": make_moderator("alice", self.letter, Role.OWNER),
            "host": make_host("harriet"),
        }
        self.source = importing.begin(
            letter=self.letter,
            table=Table(["Name", "Email"], [(2, ["Ada", "ada@gmail.com"])]),
            actor=self.people["alice"],
        )
        self.waiting = make_signature(self.letter, name="Wanda Waiting")
        self.bulk = bulk.preview(
            letter=self.letter,
            rule=Rule(name="wanda*"),
            decision="reject",
            reason="abuse",
            actor=self.people["bob"],
        )
        bulk.start(bulk=self.bulk, actor=self.people["bob"])
        self.update = Update.objects.create(
            letter=self.letter, title="We were heard", published_on="2026-01-20"
        )
        self.keys = {
            "organisation": google.pk,
            "proposal": self.proposal.pk,
            "auditentry": AuditEntry.objects.create(
                letter=self.letter, verb="letter.closed", recorded_on="2026-01-20"
            ).pk,
            "user": self.people["bob"].pk,
            "membership": Membership.objects.get(user=self.people["bob"]).pk,
            "letter": self.letter.pk,
            "invitation": Invitation.objects.create(
                digest="e" * 64, expires_at=timezone.now() + timedelta(days=1)
            ).pk,
        }

    def write(self, *, is_planned, is_submitted):
        """A draft that could be published, or is to be at the end of the century."""
        alice, at = self.people["alice"], datetime(2099, 1, 1, tzinfo=UTC)
        plan = {"publish_at": at, "planned_by": alice, "planned_revision": 1} if is_planned else {}
        Draft.objects.create(
            letter=self.letter,
            title="Newer",
            text="Newer.",
            revision=1,
            saved_by=alice,
            saved_at=timezone.now(),
            **plan,
        )
        Letter.objects.filter(pk=self.letter.pk).update(addressed_to="the mayor")
        if is_submitted:
            Letter.objects.filter(pk=self.letter.pk).update(
                status="draft", published_on=None, submitted_on=timezone.localdate()
            )

    def url(self, route):
        """An address of this route that leads to something, but for capabilities."""
        places = {
            "<slug:slug>": self.letter.slug,
            "<int:number>": "1",
            "<str:file>": "roll.csv",
            "<token>": UNKNOWN,
            "<int:pk>": str(self.letter.pk),
            "<uuid:pk>": str(self.entry.pk),
            "<uuid:reported>": str(self.reported.pk),
            "<uuid:objected>": str(self.objected.pk),
            "<id>": str(self.people["bob"].pk),
            "(?P<app_label>letters|signatories)": "letters",
            "(?P<url>.*)": "anything/",
            "(?P<key>[-:\\w]+)": "MQ",
            "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": "1-x",
            "(?P<id>[0-9a-f-]{20,60})": "0" * 24,
        }
        if "/bulk/" in route:
            places["<uuid:pk>"] = str(self.bulk.pk)
        if "/import/" in route:
            places["<uuid:pk>"] = str(self.source.pk)
        for table in ("organisation", "proposal"):
            if f"/{table}/<int:pk>" in route:
                places["<int:pk>"] = str(self.keys[table])
        if "/updates/<int:pk>" in route:
            places["<int:pk>"] = str(self.update.pk)
        if "<path:object_id>" in route:
            places["<path:object_id>"] = str(self.keys[route.split("/")[2]])
        for place, value in places.items():
            route = route.replace(place, value)
        return f"/{route}"

    def browser(self, role):
        browser = Client()
        if self.people[role]:
            browser.force_login(self.people[role])
        return browser


@pytest.fixture
def stage():
    return Stage()


def test_every_address_is_in_the_matrix():
    assert routes() == set(MATRIX)


@pytest.mark.ignore_template_errors  # Django's own page of an account asks for what is not there.
@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_as_the_matrix_says(stage, role):
    browser, place = stage.browser(role), ROLES.index(role)

    answers = {route: browser.get(stage.url(route)).status_code for route in MATRIX}

    assert answers == {route: row[place] for route, row in MATRIX.items()}


# Address, form, who may, and what the audit trail has of it.
ACTS = {
    "have a list read": (
        f"{ONE}import/<uuid:pk>/",
        {"do": "cancel"},
        {"alice", "host"},
        "import.cancelled",
    ),
    "close": ("admin/letters/letter/<int:pk>/close/", {}, {"alice", "host"}, "letter.closed"),
    "reopen": ("admin/letters/letter/<int:pk>/reopen/", {}, {"alice", "host"}, "letter.reopened"),
    "seal": (
        "admin/letters/letter/<int:pk>/seal/",
        {"slug": "asked-for"},
        {"alice", "host"},
        "letter.sealed",
    ),
    "pause": (f"{ONE}door/", {"do": "pause"}, {"bob", "alice", "host"}, "letter.paused"),
    "ask for the check": (
        f"{ONE}door/",
        {"do": "always"},
        {"bob", "alice", "host"},
        "letter.check_always",
    ),
    "close in the workspace": (f"{ONE}close/", {}, {"alice", "host"}, "letter.closed"),
    "reopen in the workspace": (f"{ONE}reopen/", {}, {"alice", "host"}, "letter.reopened"),
    "seal in the workspace": (
        f"{ONE}seal/",
        {"slug": "asked-for"},
        {"alice", "host"},
        "letter.sealed",
    ),
    "choose a time": (
        f"{ONE}publish/time/",
        {"at": f"{date.today() + timedelta(days=9)}T00:00", "revision": "1"},
        {"alice", "host"},
        "letter.planned",
    ),
    "take back a time": (
        f"{ONE}publish/time/drop/",
        {},
        {"alice", "host"},
        "letter.plan_dropped",
    ),
    "approve a time": (
        f"{ONE}publish/time/approve/",
        {"at": "2099-01-01T00:00+00:00", "revision": "1"},
        {"host"},
        "letter.plan_approved",
    ),
    "leave the roll out of search": (
        "admin/letters/letter/<int:pk>/search/",
        {"listed": "no"},
        {"alice", "host"},
        "letter.roll_unlisted",
    ),
    "accept a proposal": (
        "admin/letters/proposal/<int:pk>/change/",
        {"decision": "accept", "name": "Orrery Labs"},
        {"bob", "alice", "host"},
        "proposal.accepted",
    ),
    "refuse a proposal": (
        "admin/letters/proposal/<int:pk>/change/",
        {"decision": "refuse"},
        {"bob", "alice", "host"},
        "proposal.refused",
    ),
    "post an update": (
        f"{ONE}updates/new/",
        {"kind": "news", "title": "Heard", "published_on": "2026-01-20", "revision": "0"},
        {"erin", "alice", "host"},
        "letter.update_posted",
    ),
    "edit an update": (
        f"{ONE}updates/<int:pk>/",
        {"kind": "news", "title": "Heard", "published_on": "2026-01-20", "revision": "0"},
        {"erin", "alice", "host"},
        "letter.update_edited",
    ),
    "delete an update": (
        f"{ONE}updates/<int:pk>/delete/",
        {},
        {"erin", "alice", "host"},
        "letter.update_deleted",
    ),
    "mail an update": (
        f"{ONE}updates/<int:pk>/mailing/",
        {"do": "send", "revision": "0", "send_at": ""},
        {"alice", "host"},
        "mailing.scheduled",
    ),
    "approve": (
        "admin/signatories/signature/<uuid:pk>/change/",
        {"decision": "approve", "seen": "in_review"},
        {"bob", "alice", "host"},
        "signature.approved",
    ),
    "record what was shown": (
        "admin/signatories/signature/<uuid:pk>/change/",
        {
            "decision": "shown",
            "seen": "in_review",
            "organisation": "Google",
            "tenure": "current",
            "how": "video_call",
        },
        {"bob", "alice", "host"},
        "signature.shown",
    ),
    "reject": (
        "admin/signatories/signature/<uuid:pk>/change/",
        {"decision": "reject", "seen": "in_review", "reason": "abuse"},
        {"bob", "alice", "host"},
        "signature.rejected",
    ),
    "set aside": (
        "admin/signatories/signature/<uuid:pk>/change/",
        {"decision": "aside", "seen": "in_review"},
        {"bob", "alice", "host"},
        "signature.set_aside",
    ),
    "stop a decision by a rule": (
        "admin/signatories/signature/bulk/<uuid:pk>/",
        {"do": "cancel"},
        {"bob", "alice", "host"},
        "bulk.cancelled",
    ),
    "take a decision by a rule back": (
        "admin/signatories/signature/bulk/<uuid:pk>/",
        {"do": "undo"},
        {"bob", "alice", "host"},
        "bulk.undone",
    ),
    "take rejections back": (
        f"{ONE}rejections/",
        {"do": "take_back:{bob}:2026-01-20"},
        {"alice", "host"},
        "rejections.taken_back",
    ),
    "keep a reported line": (
        "admin/signatories/signature/<uuid:reported>/change/",
        {"decision": "approve", "seen": "published"},
        {"bob", "alice", "host"},
        "signature.kept",
    ),
    "let a rejection stand": (
        "admin/signatories/signature/<uuid:objected>/change/",
        {"decision": "reject", "seen": "rejected", "reason": "abuse"},
        {"bob", "alice", "host"},
        "signature.kept",
    ),
    "take the roll along": (
        "manage/letters/<slug:slug>/downloads/<str:file>",
        {},
        {"bob", "erin", "alice", "host"},
        "letter.exported",
    ),
    "take the letter along": (
        "manage/letters/<slug:slug>/archive.zip",
        {},
        {"alice", "host"},
        "letter.exported",
    ),
}


def rows_that_matter():
    """The whole database but for log-ins."""
    rows = all_rows()
    return {table: found for table, found in rows.items() if "session" not in table}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", ACTS)
def test_only_those_who_may_can_act_and_the_trail_has_it(stage, role, act):
    route, form, allowed, verb = ACTS[act]
    if act.split()[0] in ("reopen", "seal") or act == "take the letter along":
        sealing.close(letter=stage.letter, actor=None)
    if act.endswith("a time"):
        stage.write(is_planned=act != "choose a time", is_submitted=act == "approve a time")
    if act in ("take a decision by a rule back", "take rejections back"):
        bulk.go_on(bulk_id=str(stage.bulk.pk))
    form = {
        name: value.replace("{bob}", str(stage.people["bob"].pk)) for name, value in form.items()
    }
    browser = stage.browser(role)
    before = rows_that_matter()

    answer = browser.post(stage.url(route), form)

    if role in allowed:
        entry = AuditEntry.objects.latest("pk")
        assert (entry.verb, entry.actor, entry.letter) == (verb, stage.people[role], stage.letter)
    else:
        assert answer.status_code in (302, 403, 404)
        assert rows_that_matter() == before


def content_of(response):
    """What was sent, also where it is sent in parts."""
    return b"".join(response).decode()


@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("role", ROLES)
def test_no_page_shows_a_digest_or_a_capability(stage, role):
    """Not to moderators, owners and hosts either; an account opens nobody's signature."""
    Signature.objects.filter(pk=stage.entry.pk).update(
        address_digest="d" * 64, manage_digest="c" * 64
    )
    browser = stage.browser(role)

    for route in sorted(PUBLIC.keys() | (ADMIN.keys() - {"admin/jsi18n/"})):
        page = content_of(browser.get(stage.url(route)))
        assert "d" * 64 not in page, route
        assert "c" * 64 not in page, route
        assert "e" * 64 not in page, route


@pytest.mark.parametrize("role", ["visitor", "dora", "charlie", "bob", "erin", "alice"])
def test_anonymous_line_shows_its_organisation_to_nobody(stage, role):
    """One line of Google is a small group for teams too; hosts see no more in the admin."""
    browser = stage.browser(role)
    pages = ["admin/signatories/signature/?state=all", "letters/asked-for/roll/"]

    for page in pages:
        response = browser.get(f"/{page}")
        text = response.content.decode()
        assert "Verified employee, Google" not in text
    entry = f"/admin/signatories/signature/{stage.line.pk}/change/"
    assert "Google" not in browser.get(entry).content.decode()


def test_internal_letter_is_hidden_from_everybody_but_its_team(stage):
    stage.letter.visibility = Visibility.INTERNAL
    stage.letter.title = "Nobody else may read this"
    stage.letter.save()
    team = {"bob", "erin", "alice", "host"}

    for role in ROLES:
        browser = stage.browser(role)
        pages = [browser.get(stage.url(route)) for route in PUBLIC]
        assert not any(b"Nobody else may read" in page.content for page in pages)
        listed = browser.get("/admin/letters/letter/").content.decode()
        assert ("Nobody else may read" in listed) == (role in team)
