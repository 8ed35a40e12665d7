"""What the list before publishing asks for, and of which letters."""

import pytest

from letters.actions import drafts
from letters.actions.drafts import Written
from letters.checklist import checklist_of
from letters.models import Letter, Membership, Role, Visibility
from tests.factories import make_letter, make_organisation, make_user

pytestmark = pytest.mark.django_db

MEMBERS = "The organisations whose members may read it"
NEW = "Something new to publish"


def asked_of(letter):
    """What is asked, and whether it is done."""
    checks = checklist_of(letter, drafts.draft_of(letter), has_second_factor=True).checks
    return {str(check.what): check.is_done for check in checks}


def test_checklist_of_a_first_draft_asks_for_nothing_new_and_for_no_members():
    letter = drafts.start(title="Library", language="en", actor=make_user("alice"))

    assert not {NEW, MEMBERS} & asked_of(letter).keys()


def test_checklist_of_an_internal_draft_asks_whose_members_may_read_it():
    letter = drafts.start(title="Library", language="en", actor=make_user("alice"))
    Letter.objects.update(visibility=Visibility.INTERNAL)
    letter.refresh_from_db()
    before = asked_of(letter)
    letter.organisations.add(make_organisation("Google"))

    assert (before[MEMBERS], asked_of(letter)[MEMBERS]) == (False, True)


@pytest.mark.parametrize(("text", "is_new"), [("We ask again.\n", True), ("", False)])
def test_checklist_of_a_new_version_asks_whether_it_says_something_new(text, is_new):
    letter, alice = make_letter(), make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    before = asked_of(letter)
    drafts.save(letter=letter, written=Written("Library", text, ""), revision=0, actor=alice)

    assert (before[NEW], asked_of(letter)[NEW]) == (False, is_new)
