"""Letters, organisations, audit trail and accounts in the admin.

Alice is the host, Bob moderates, Charlie is nobody.
"""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.utils.formats import date_format

from letters.accounts import mailbox
from letters.actions import audit
from letters.addresses import Address
from letters.models import (
    AuditEntry,
    Demand,
    Invitation,
    Letter,
    LetterVersion,
    Membership,
    Organisation,
    OrganisationAlias,
    Proposal,
    Recipient,
    Role,
    SiteSwitch,
    Status,
    User,
    Visibility,
)
from signatories.models import MailDay, Signature
from tests.admin_pages import come_in, count_queries, make_host, make_moderator, text_of
from tests.factories import TOTP_SECRET, make_letter, make_organisation, make_user

pytestmark = pytest.mark.django_db


def rows(response):
    return list(response.context["cl"].result_list)


def test_admin_has_these_tables_and_no_others():
    assert set(admin.site._registry) == {
        AuditEntry,
        Invitation,
        Letter,
        MailDay,
        Membership,
        Organisation,
        Proposal,
        Signature,
        SiteSwitch,
        User,
    }


# Who sees what ---------------------------------------------------------------------------------


def visible_models(client):
    apps = client.get("/admin/").context["app_list"]
    return {model["object_name"] for app in apps for model in app["models"]}


def test_index_offers_each_role_its_tables(client):
    letter = make_letter()
    seen = {"AuditEntry", "Letter", "Organisation"}
    people = {
        make_host(): {
            *seen,
            *("Proposal", "Signature", "User", "Membership", "Invitation"),
            *("MailDay", "SiteSwitch"),
        },
        make_moderator("olga", letter, Role.OWNER): {*seen, "Proposal", "Signature"},
        make_moderator("bob", letter, Role.MODERATOR): {*seen, "Proposal", "Signature"},
        make_moderator("eve", letter, Role.EDITOR): seen,
        make_user("charlie", is_staff=True): set(),
    }

    for user, models in people.items():
        client.force_login(user)
        assert (user.username, visible_models(client)) == (user.username, models)


def test_index_ignores_django_s_table_of_permissions(client):
    from django.contrib.auth.models import Permission

    make_letter()
    charlie = make_user("charlie", is_staff=True)
    charlie.user_permissions.set(Permission.objects.all())
    client.force_login(charlie)

    assert visible_models(client) == set()
    for table in ("letter", "organisation", "auditentry", "user", "membership"):
        assert client.get(f"/admin/letters/{table}/").status_code == 403
    assert client.get("/admin/signatories/signature/").status_code == 403


def test_index_offers_nobody_to_add_or_change_letters(client):
    make_letter()
    client.force_login(make_host())

    apps = client.get("/admin/").context["app_list"]

    perms = {m["object_name"]: m["perms"] for app in apps for m in app["models"]}
    only_view = {"add": False, "change": False, "delete": False, "view": True}
    for table in ("AuditEntry", "Letter", "Proposal", "Signature"):
        assert (table, perms[table]) == (table, only_view)


def test_read_only_tables_refuse_a_host_s_changes(client):
    letter = make_letter()
    entry = audit(verb="letter.published", actor=None, letter=letter)
    client.force_login(make_host())

    for table, row in [("letter", letter), ("auditentry", entry)]:
        page = f"/admin/letters/{table}/"
        assert client.get(f"{page}{row.pk}/change/").status_code == 200
        for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
            assert (path, client.post(page + path, {"title": "x"}).status_code) == (path, 403)
        ticked = {"_selected_action": row.pk, "action": "delete_selected", "post": "yes"}
        client.post(page, {**ticked, "index": 0})
        assert type(row).objects.filter(pk=row.pk).exists()


# Letters ---------------------------------------------------------------------------------------


def test_letters_list_shows_own_letters_only(client):
    own, foreign = make_letter(title="Own letter"), make_letter(title="Foreign letter")
    client.force_login(make_moderator("bob", own, Role.EDITOR))

    assert rows(client.get("/admin/letters/letter/")) == [own]
    refused = client.get(f"/admin/letters/letter/{foreign.pk}/change/", follow=True)
    assert "Foreign letter" not in text_of(refused)


def test_letter_page_shows_text_demands_versions_and_recipients(client):
    letter = make_letter(title="Pick up the phone")
    LetterVersion.objects.create(
        letter=letter,
        number=2,
        title=letter.title,
        text="Not read by anybody yet",
        sha256="ab" * 32,
        published_on="2026-01-20",
    )
    Demand.objects.create(version=letter.current_version, number=2, lead="Say", text="why.")
    Recipient.objects.create(letter=letter, position=1, name="Ada Addressee", role="Chief")
    client.force_login(make_moderator("bob", letter))

    words = text_of(client.get(f"/admin/letters/letter/{letter.pk}/change/"))

    assert "Dear all, We ask one thing." in words
    assert "Do it. Say why." in words
    assert letter.current_version.sha256 in words
    assert "ab" * 32 in words
    assert "Ada Addressee Chief - No response" in words


def test_letter_page_leads_to_the_public_page_of_public_letters_only(client):
    public = make_letter()
    internal = make_letter(visibility=Visibility.INTERNAL)
    draft = make_letter(status=Status.DRAFT)
    client.force_login(make_host())

    def leads_to_the_site(letter):
        page = client.get(f"/admin/letters/letter/{letter.pk}/change/").content.decode()
        return f'href="{letter.get_absolute_url()}"' in page

    assert [leads_to_the_site(letter) for letter in (public, internal, draft)] == [
        True,
        False,
        False,
    ]


def test_letter_s_address_is_not_told_by_django_s_short_cut(client):
    letter = make_letter(visibility=Visibility.INTERNAL)
    client.force_login(make_user("charlie", is_staff=True))
    table = ContentType.objects.get_for_model(Letter)

    assert client.get(f"/admin/r/{table.pk}/{letter.pk}/").status_code == 404


def test_letter_history_is_its_audit_trail(client):
    letter, foreign = make_letter(), make_letter()
    client.force_login(make_moderator("bob", letter))

    answer = client.get(f"/admin/letters/letter/{letter.pk}/history/")

    assert answer.url == f"/admin/letters/auditentry/?letter={letter.slug}"
    assert client.get(f"/admin/letters/letter/{foreign.pk}/history/").status_code == 404


def test_lists_ask_as_many_queries_for_three_rows_as_for_one(client):
    client.force_login(make_host())
    lists = [
        f"/admin/letters/{name}/"
        for name in ("letter", "organisation", "auditentry", "user", "membership")
    ]

    def add_row(number):
        letter = make_letter()
        parent = make_organisation(f"Parent {number}")
        make_organisation(f"Child {number}", f"child{number}.test", parent=parent)
        member = make_moderator(f"member{number}", letter)
        audit(verb="letter.published", actor=member, letter=letter)

    add_row(1)
    with_one = [count_queries(client, path) for path in lists]
    add_row(2)
    add_row(3)

    assert [count_queries(client, path) for path in lists] == with_one


def test_letter_page_asks_as_many_queries_for_three_recipients_as_for_one(client):
    letter = make_letter()
    client.force_login(make_host())
    path = f"/admin/letters/letter/{letter.pk}/change/"

    def add_recipient(position):
        organisation = make_organisation(f"Organisation {position}")
        Recipient.objects.create(
            letter=letter, position=position, name=f"R{position}", organisation=organisation
        )

    add_recipient(1)
    with_one = count_queries(client, path)
    add_recipient(2)
    add_recipient(3)

    assert count_queries(client, path) == with_one


# Organisations -----------------------------------------------------------------------------------


def test_organisation_is_found_by_spelling_and_domain_and_shows_both(client):
    organisation = make_organisation("Orrery Labs", "orrery.test")
    OrganisationAlias.objects.create(organisation=organisation, name="The Orrery")
    make_organisation("Moonlight Works")
    client.force_login(make_moderator("bob", make_letter()))

    for query in ("Labs", "The Orrery", "orrery.test"):
        assert rows(client.get("/admin/letters/organisation/", {"q": query})) == [organisation]
    words = text_of(client.get(f"/admin/letters/organisation/{organisation.pk}/change/"))
    assert "The Orrery" in words
    assert "orrery.test" in words


# Audit trail -------------------------------------------------------------------------------------


def test_audit_list_shows_own_letters_and_hosts_everything(client):
    own, foreign = make_letter(), make_letter()
    mine = audit(verb="signature.approved", actor=None, letter=own)
    other = audit(verb="signature.approved", actor=None, letter=foreign)
    nobody_s = audit(verb="keys.day_key_lost", actor=None)

    client.force_login(make_moderator("bob", own))
    assert rows(client.get("/admin/letters/auditentry/")) == [mine]
    client.force_login(make_host())
    assert rows(client.get("/admin/letters/auditentry/")) == [nobody_s, other, mine]


def test_audit_list_by_letter_and_verb_shows_those(client):
    letter, other, foreign = make_letter(), make_letter(), make_letter()
    bob = make_moderator("bob", letter)
    Membership.objects.create(letter=other, user=bob, role=Role.OWNER)
    approved = audit(verb="signature.approved", actor=bob, letter=letter)
    rejected = audit(verb="signature.rejected", actor=bob, letter=letter, reason="abuse")
    elsewhere = audit(verb="signature.approved", actor=bob, letter=other)
    audit(verb="letter.published", actor=None, letter=foreign)
    client.force_login(bob)
    path = "/admin/letters/auditentry/"

    assert rows(client.get(path, {"letter": letter.slug})) == [rejected, approved]
    assert rows(client.get(path, {"verb": "signature.approved"})) == [elsewhere, approved]
    for query in ({"letter": foreign.slug}, {"verb": "letter.published"}):
        assert client.get(path, query).url == f"{path}?e=1"


def test_audit_list_asked_otherwise_refuses(client):
    letter = make_letter()
    audit(verb="signature.approved", actor=None, letter=letter, target="signature:1")
    client.force_login(make_host())

    for lookup in ("letter__id", "letter__signatures", "actor__password", "target__contains"):
        assert client.get(f"/admin/letters/auditentry/?{lookup}=1").status_code == 400


def test_audit_list_is_dated_by_day(client):
    letter = make_letter()
    entry = audit(verb="signature.approved", actor=None, letter=letter)
    client.force_login(make_moderator("bob", letter))

    words = text_of(client.get("/admin/letters/auditentry/"))

    assert date_format(entry.recorded_on) in words
    assert re.findall(r"\d\d?:\d\d", words) == []


# Accounts and teams ------------------------------------------------------------------------------


def test_accounts_and_teams_are_the_hosts_business(client):
    letter = make_letter()
    bob = make_moderator("bob", letter, Role.OWNER)
    client.force_login(bob)

    for path in ("user/", "user/add/", f"user/{bob.pk}/change/", "membership/", "membership/add/"):
        assert (path, client.get(f"/admin/letters/{path}").status_code) == (path, 403)
    refused = client.post(
        "/admin/letters/membership/add/", {"letter": letter.pk, "user": bob.pk, "role": "owner"}
    )
    assert refused.status_code == 403


def test_account_pages_show_no_address_and_no_time(client):
    member = make_moderator("bob", make_letter(title="Pick up the phone"))
    User.objects.filter(pk=member.pk).update(last_login="2026-01-20T13:37:00Z", first_name="Robert")
    mailbox.give_address(user=member, address=Address("canary", "gmail.com"))
    come_in(client, make_host())

    for path in ("user/", f"user/{member.pk}/change/", "membership/"):
        content = client.get(f"/admin/letters/{path}").content.decode()
        assert re.findall(r"canary|13:37|1:37|Robert", content) == []
    assert "bob Pick up the phone: moderator" in text_of(client.get("/admin/letters/user/"))


def test_account_with_a_membership_opens_the_admin_after_its_second_factor(client):
    letter, bob = make_letter(), make_user("bob", second_factor=False)
    come_in(client, make_host())

    answer = client.post(
        "/admin/letters/membership/add/",
        {"letter": letter.pk, "user": bob.pk, "role": "moderator"},
        follow=True,
    )

    assert "The account “bob” can log in here from now on." in text_of(answer)
    client.force_login(bob)
    assert client.get("/admin/signatories/signature/")["Location"] == "/accounts/"
    TOTP.activate(bob, TOTP_SECRET)
    client.force_login(bob)
    assert client.get("/admin/signatories/signature/").status_code == 200


def test_membership_of_an_editor_opens_the_letter_and_not_its_entries(client):
    letter, eve = make_letter(), make_user("eve")
    come_in(client, make_host())

    client.post(
        "/admin/letters/membership/add/", {"letter": letter.pk, "user": eve.pk, "role": "editor"}
    )

    assert Membership.objects.get().role == "editor"
    eve.refresh_from_db()
    client.force_login(eve)
    assert rows(client.get("/admin/letters/letter/")) == [letter]
    assert client.get("/admin/signatories/signature/").status_code == 403


def test_membership_given_twice_is_refused_with_a_sentence(client):
    letter = make_letter()
    bob = make_moderator("bob", letter)
    come_in(client, make_host())

    page = client.post(
        "/admin/letters/membership/add/", {"letter": letter.pk, "user": bob.pk, "role": "owner"}
    )

    assert "This person is a member of the letter already." in text_of(page)
    assert Membership.objects.get().role == "moderator"


def test_membership_changes_its_role_and_nothing_else(client):
    letter, other = make_letter(), make_letter()
    bob = make_moderator("bob", letter, Role.EDITOR)
    membership = Membership.objects.get()
    come_in(client, make_host())

    client.post(
        f"/admin/letters/membership/{membership.pk}/change/",
        {"letter": other.pk, "user": make_user("charlie").pk, "role": "owner"},
    )

    membership.refresh_from_db()
    assert (membership.letter, membership.user, membership.role) == (letter, bob, "owner")
    assert list(AuditEntry.objects.values_list("verb", "reason")) == [("team.role_given", "owner")]


def test_membership_is_taken_singly_and_in_bulk_with_audit_entries(client):
    letter = make_letter()
    make_moderator("bob", letter)
    one = Membership.objects.get()
    make_moderator("eve", letter)
    come_in(client, make_host())

    client.post(f"/admin/letters/membership/{one.pk}/delete/", {"post": "yes"})
    assert list(Membership.objects.values_list("user__username", flat=True)) == ["eve"]
    ticked = {"_selected_action": Membership.objects.get().pk, "action": "delete_selected"}
    client.post("/admin/letters/membership/", {**ticked, "post": "yes"})

    assert not Membership.objects.exists()
    assert AuditEntry.objects.filter(verb="team.role_taken", letter=letter).count() == 2


def test_membership_list_asked_about_signatures_refuses(client):
    make_moderator("bob", make_letter())
    come_in(client, make_host())

    for lookup in ("letter__signatures", "letter__id", "user__password__startswith"):
        assert client.get(f"/admin/letters/membership/?{lookup}=1").status_code == 400
