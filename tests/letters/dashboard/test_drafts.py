"""Drafts: nobody overwrites anybody silently, and what is published is what was read."""

import pytest
from django.utils import timezone

from letters.actions import NotAllowed, Overtaken, Text, drafts, publish_text
from letters.actions.drafts import Written
from letters.models import AuditEntry, Draft, Letter, Membership, Role, Status
from letters.models.draft import LONGEST_DRAFT
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

FIRST = Written("Keep it open", "We ask.\n", "Open it. | Daily.")
SECOND = Written("Keep it open", "We demand.\n", "")
TEXT = Text("Keep it open", "We ask.\n", (("Open it.", "Daily."),))


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def letter(alice):
    return drafts.start(title="Library", language="en", actor=alice)


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def verbs():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def test_start_makes_a_draft_that_its_author_owns_and_may_moderate(letter, alice):
    assert (letter.status, letter.slug, letter.title) == (Status.DRAFT, "library", "Library")
    assert [(m.user, m.role) for m in letter.memberships.all()] == [(alice, Role.OWNER)]
    assert letter.draft.title == "Library"
    assert alice.is_staff and not alice.is_superuser
    assert verbs() == ["letter.started"]


def test_start_gives_each_letter_an_address_of_its_own(letter, alice):
    titles = ["Library", "library!", "图书馆", "图书馆"]

    slugs = [drafts.start(title=t, language="en", actor=alice).slug for t in titles]

    assert slugs == ["library-2", "library-3", "letter", "letter-2"]


def test_closed_account_begins_nothing():
    bob = make_user("bob", is_active=False)

    with pytest.raises(NotAllowed):
        drafts.start(title="Library", language="en", actor=bob)

    assert not Letter.objects.exists()


def test_save_counts_revisions_and_the_same_again_changes_nothing(letter, alice):
    saved = [
        drafts.save(letter=letter, written=FIRST, revision=revision, actor=alice).revision
        for revision in (0, 0, 1)
    ]

    assert saved == [1, 1, 1]
    draft = Draft.objects.get()
    assert Written(draft.title, draft.text, draft.demands) == FIRST
    assert Letter.objects.get().title == "Keep it open"


def test_second_editor_overwrites_nothing_silently(letter, alice):
    erin = member(letter, "erin", Role.EDITOR)
    drafts.save(letter=letter, written=FIRST, revision=0, actor=alice)

    with pytest.raises(Overtaken):
        drafts.save(letter=letter, written=SECOND, revision=0, actor=erin)

    assert (Draft.objects.get().text, Draft.objects.get().saved_by) == (FIRST.text, alice)
    drafts.save(letter=letter, written=SECOND, revision=1, actor=erin)
    assert (Draft.objects.get().text, Draft.objects.get().saved_by) == (SECOND.text, erin)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESS, None])
def test_writing_is_for_owners_and_editors(letter, role):
    bob = member(letter, "bob", role) if role else make_user("bob")
    drafts.start(title="Own", language="en", actor=bob)

    with pytest.raises(NotAllowed):
        drafts.save(letter=letter, written=FIRST, revision=0, actor=bob)
    with pytest.raises(NotAllowed):
        drafts.delete_letter(letter=letter, actor=bob)

    assert letter.draft.revision == 0


def test_draft_of_a_published_letter_begins_with_its_text_and_can_be_dropped(alice):
    letter = make_letter()
    Membership.objects.create(letter=letter, user=alice, role=Role.EDITOR)
    draft = drafts.draft_of(letter)
    assert (draft.pk, draft.title, draft.demands) == (None, letter.title, "Do | it.")

    drafts.save(letter=letter, written=SECOND, revision=0, actor=alice)
    for _twice in range(2):
        drafts.discard(letter=letter, actor=alice)

    assert not Draft.objects.exists()
    letter.refresh_from_db()
    assert letter.title != SECOND.title


def test_draft_of_a_letter_without_text_is_not_dropped(letter, alice):
    with pytest.raises(NotAllowed, match="all there is"):
        drafts.discard(letter=letter, actor=alice)

    assert Draft.objects.exists()


def test_sealed_letter_keeps_its_text(alice):
    letter = make_letter(status=Status.SEALED)
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)

    with pytest.raises(NotAllowed, match="sealed"):
        drafts.save(letter=letter, written=FIRST, revision=0, actor=alice)


# Deleting ------------------------------------------------------------------------------------


def test_letter_that_never_was_public_is_deleted_and_the_trail_stays(letter, alice):
    drafts.delete_letter(letter=letter, actor=alice)

    assert not Letter.objects.exists() and not Draft.objects.exists()
    entry = AuditEntry.objects.get(verb="letter.deleted")
    assert (entry.actor, entry.letter) == (alice, None)


def test_letter_that_was_public_is_not_deleted(alice):
    letter = make_letter()
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)

    with pytest.raises(NotAllowed, match="never published"):
        drafts.delete_letter(letter=letter, actor=alice)

    assert Letter.objects.exists()


# Publishing ----------------------------------------------------------------------------------


def publish(letter, actor, revision=1):
    return drafts.publish_draft(
        letter=letter, text=TEXT, revision=revision, actor=actor, on=timezone.localdate()
    )


@pytest.fixture
def written(letter, alice):
    drafts.save(letter=letter, written=FIRST, revision=0, actor=alice)
    return letter


def test_publish_waits_for_the_host_and_the_host_publishes(written, alice):
    host = make_user("harriet", is_superuser=True)
    for _twice in range(2):
        letter = publish(written, alice)
    assert (letter.status, letter.submitted_on) == (Status.DRAFT, timezone.localdate())
    assert not letter.versions.exists()

    letter = publish(written, host)

    assert (letter.status, letter.submitted_on) == (Status.PUBLISHED, None)
    assert letter.current_version.text == "We ask.\n"
    assert not Draft.objects.exists()
    assert verbs() == [
        "letter.started",
        "letter.submitted",
        "letter.text_published",
        "letter.published",
    ]


def test_publish_without_approval_is_at_once(written, alice, settings):
    settings.LETTERS_NEED_APPROVAL = False

    assert publish(written, alice).status == Status.PUBLISHED


def test_publish_of_another_draft_than_was_read_is_refused(written, alice, settings):
    settings.LETTERS_NEED_APPROVAL = False
    drafts.save(letter=written, written=SECOND, revision=1, actor=alice)

    with pytest.raises(Overtaken):
        publish(written, alice, revision=1)

    assert Letter.objects.get().status == Status.DRAFT


def test_editor_does_not_publish_for_the_first_time_but_later(written, settings):
    settings.LETTERS_NEED_APPROVAL = False
    erin = member(written, "erin", Role.EDITOR)
    with pytest.raises(NotAllowed):
        publish(written, erin)
    letter = publish(written, written.memberships.get(role=Role.OWNER).user)
    drafts.save(letter=letter, written=SECOND, revision=0, actor=erin)

    second = Text(SECOND.title, SECOND.text, ())
    drafts.publish_draft(
        letter=letter, text=second, revision=1, actor=erin, on=timezone.localdate()
    )

    letter.refresh_from_db()
    assert letter.current_version.number == 2


def test_host_gives_a_letter_back_with_a_note(written, alice):
    host = make_user("harriet", is_superuser=True)
    publish(written, alice)

    with pytest.raises(NotAllowed, match="Only a host"):
        drafts.return_to_team(letter=written, actor=alice, note="No.")
    for _twice in range(2):
        letter = drafts.return_to_team(letter=written, actor=host, note="Name your source.")

    assert (letter.submitted_on, letter.host_note) == (None, "Name your source.")
    assert verbs().count("letter.returned") == 1


def test_owner_takes_a_submission_back(written, alice):
    publish(written, alice)

    for _twice in range(2):
        letter = drafts.take_back_submission(letter=written, actor=alice)

    assert letter.submitted_on is None
    assert verbs().count("letter.submission_taken_back") == 1


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR, Role.PRESS, None])
def test_deleting_submitting_and_taking_back_is_for_owners(written, role):
    bob = member(written, "bob", role) if role else make_user("bob")
    drafts.start(title="Own", language="en", actor=bob)
    before = verbs()

    for verb in (
        lambda: drafts.delete_letter(letter=written, actor=bob),
        lambda: drafts.take_back_submission(letter=written, actor=bob),
        lambda: publish(written, bob),
    ):
        with pytest.raises(NotAllowed, match="not yours"):
            verb()

    assert verbs() == before
    assert Letter.objects.get(pk=written.pk).submitted_on is None


def test_letter_with_a_text_of_the_host_and_an_answer_is_deleted(letter, alice):
    """A host can publish a text of a draft in the administration, and an editor answer it."""
    publish_text(letter=letter, text=TEXT, actor=None, on=timezone.localdate())
    letter.refresh_from_db()
    mayor = letter.recipients.create(position=1, name="The mayor")
    mayor.responses.create(
        demand=letter.current_version.demands.get(), outcome="met", responded_on="2026-01-20"
    )

    drafts.delete_letter(letter=letter, actor=alice)

    assert not Letter.objects.exists()
    assert (AuditEntry.objects.count(), AuditEntry.objects.filter(letter=None).count()) == (3, 3)


def test_save_refuses_what_is_longer_than_a_letter_can_be(letter, alice):
    long = "x" * (LONGEST_DRAFT + 1)

    for written in (Written("A", long, ""), Written("A", "", long), Written("A" * 501, "", "")):
        with pytest.raises(NotAllowed):
            drafts.save(letter=letter, written=written, revision=0, actor=alice)

    assert Draft.objects.get().revision == 0


def test_host_publishes_the_draft_that_was_read_and_no_later_one(written, alice):
    host = make_user("harriet", is_superuser=True)
    publish(written, alice)
    drafts.save(letter=written, written=SECOND, revision=1, actor=alice)

    with pytest.raises(Overtaken):
        publish(written, host, revision=1)

    assert Letter.objects.get().status == Status.DRAFT


def test_note_of_the_host_goes_with_publication(written, alice):
    host = make_user("harriet", is_superuser=True)
    publish(written, alice)
    drafts.return_to_team(letter=written, actor=host, note="Name your source.")
    publish(written, alice)

    letter = publish(written, host)

    assert (letter.status, letter.host_note) == (Status.PUBLISHED, "")
