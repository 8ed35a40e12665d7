"""Deciding what unknown names mean, merging and withdrawing organisations.

Harriet is a host; Bob moderates one letter, Charlie another one.
"""

import pytest
from django.utils import timezone

from letters.actions import NotAllowed, propose
from letters.models import (
    AuditEntry,
    Letter,
    Organisation,
    OrganisationAlias,
    Proposal,
    Recipient,
    Status,
)
from signatories import addresses, affiliation, roll
from signatories.actions import batches, confirming, directory, erasing, moderation, signing
from signatories.actions.signing import Entry
from signatories.models import Signature, State, Tally, Verification
from tests.admin_pages import make_host, make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.worker import check_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return make_letter(review_policy="after")


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())


@pytest.fixture
def host():
    return make_host("harriet")


def enter(letter, organisation, email="w.otter@mail.example", name="Wilhelmina Otter"):
    """A named entry that waits to be confirmed; its Verification."""
    address = addresses.read(email)
    signing.sign(
        letter=letter,
        entry=Entry("named", name),
        address=address,
        affiliation=affiliation.assess(address, organisation, "current"),
    )
    return Verification.objects.get()


def confirm(verification):
    confirming.confirm(verification=verification, secrets=("a", str(verification.pk)))
    check_all()
    return Signature.objects.get(pk=verification.signature_id)


def audited():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "letter", "actor__username"))


def typed(letter, text, **fields):
    return make_signature(letter, organisation_text=text, tenure="current", **fields)


# Proposing -------------------------------------------------------------------------------------


def test_unknown_name_is_proposed_at_confirmation_and_not_before(letter):
    verification = enter(letter, "Orrery Labs, Inc.")
    assert not Proposal.objects.exists()

    confirm(verification)

    proposal = Proposal.objects.get()
    assert (proposal.name, proposal.key, proposal.number, proposal.state) == (
        "Orrery Labs, Inc.",
        "orrery labs",
        1,
        "open",
    )
    assert list(proposal.letters.all()) == [letter]


def test_another_spelling_of_a_proposed_name_is_counted(letter):
    confirm(enter(letter, "Orrery Labs, Inc."))
    confirm(enter(letter, "ORRERY LABS", "x@mail.example"))

    assert list(Proposal.objects.values_list("name", "number")) == [("Orrery Labs, Inc.", 2)]


def test_known_names_are_not_proposed(letter):
    make_organisation("Google")

    for name in ("Google", "", "!!!"):
        propose(name=name, letter=letter)

    assert not Proposal.objects.exists()


def test_entry_confirmed_after_its_name_was_listed_says_the_organisation(letter):
    verification = enter(letter, "Orrery Labs")
    orrery = make_organisation("Orrery Labs")

    signature = confirm(verification)

    assert (signature.organisation, signature.organisation_text) == (orrery, "")
    assert (signature.method, signature.state) == ("none", State.PUBLISHED)
    assert not Proposal.objects.exists()


def test_names_that_no_entry_says_any_more_are_erased(letter):
    for name in ("Orrery Labs", "Narwhalware", "Quillfeather"):
        propose(name=name, letter=letter)
    typed(letter, "orrery labs")
    accepted = Proposal.objects.get(key="quillfeather")
    directory.accept(proposal=accepted, name="Quillfeather", actor=None)

    assert dict(erasing.erase_expired(now=timezone.now())) == {"proposed names of organisations": 1}
    assert set(Proposal.objects.values_list("key", flat=True)) == {"orrery labs", "quillfeather"}


# Deciding proposals ----------------------------------------------------------------------------


def test_accept_lists_the_organisation_and_entries_of_every_spelling_follow(letter, host):
    entries = [typed(letter, "Orrery Labs Inc"), typed(letter, "ORRERY LABS")]
    other = typed(letter, "Orrery")
    unconfirmed = typed(letter, "orrery labs", state=State.UNCONFIRMED)
    propose(name="Orrery Labs Inc", letter=letter)

    orrery = directory.accept(proposal=Proposal.objects.get(), name="Orrery Labs", actor=host)
    again = directory.accept(proposal=Proposal.objects.get(), name="Orrery Labs", actor=host)

    assert again == orrery == Organisation.objects.named("orrery labs, inc.")
    for entry in (*entries, unconfirmed):
        entry.refresh_from_db()
        assert (entry.organisation, entry.organisation_text) == (orrery, "")
        assert entry.method == "none"
    other.refresh_from_db()
    assert other.organisation_text == "Orrery"
    assert audited() == [("proposal.accepted", letter.pk, "harriet")]


def test_accept_refuses_the_name_of_a_listed_organisation(letter, host):
    make_organisation("Google")
    propose(name="Gogle", letter=letter)

    with pytest.raises(NotAllowed):
        directory.accept(proposal=Proposal.objects.get(), name="Google, Inc.", actor=host)

    assert Proposal.objects.get().state == "open"


def test_merge_proposal_adds_the_spelling_and_verifies_nobody(letter, host):
    google = make_organisation("Google", "google.example")
    entry = typed(letter, "Gogle", state=State.PUBLISHED)
    propose(name="Gogle", letter=letter)

    directory.merge_proposal(proposal=Proposal.objects.get(), organisation=google, actor=host)
    directory.merge_proposal(proposal=Proposal.objects.get(), organisation=google, actor=host)

    entry.refresh_from_db()
    assert (entry.organisation, entry.is_verified, entry.shown_organisation) == (
        google,
        False,
        None,
    )
    assert Organisation.objects.named("GOGLE") == google
    assert audited() == [("proposal.merged", letter.pk, "harriet")]


def test_refuse_leaves_free_text_and_does_not_ask_again(letter, host):
    entry = typed(letter, "The best firm")
    propose(name="The best firm", letter=letter)

    directory.refuse(proposal=Proposal.objects.get(), actor=host)
    directory.refuse(proposal=Proposal.objects.get(), actor=host)
    propose(name="the best firm", letter=letter)

    entry.refresh_from_db()
    assert entry.organisation_text == "The best firm"
    assert list(Proposal.objects.values_list("state", "number")) == [("refused", 2)]
    assert audited() == [("proposal.refused", letter.pk, "harriet")]


def test_taken_up_proposal_cannot_be_refused(letter, host):
    propose(name="Orrery", letter=letter)
    directory.accept(proposal=Proposal.objects.get(), name="Orrery", actor=host)

    with pytest.raises(NotAllowed):
        directory.refuse(proposal=Proposal.objects.get(), actor=host)


def test_moderator_decides_names_of_the_own_letters_only(letter, host):
    bob, charlie = make_moderator("bob", letter), make_moderator("charlie", make_letter())
    propose(name="Orrery", letter=letter)
    propose(name="Narwhalware", letter=letter)
    propose(name="Narwhalware", letter=make_letter())
    orrery, narwhal = Proposal.objects.order_by("-key")

    for who, proposal in [(charlie, orrery), (charlie, narwhal), (bob, narwhal)]:
        with pytest.raises(NotAllowed):
            directory.refuse(proposal=proposal, actor=who)
    directory.refuse(proposal=orrery, actor=bob)
    directory.refuse(proposal=narwhal, actor=host)

    assert audited() == [
        ("proposal.refused", letter.pk, "bob"),
        ("proposal.refused", None, "harriet"),
    ]


# Merging organisations -------------------------------------------------------------------------


def test_merge_lets_everything_follow(letter, host):
    google = make_organisation("Google", "google.example", headcount_band="")
    double = make_organisation("Google Search", "search.example", headcount_band="10000+")
    child = make_organisation("Maps", parent=double)
    letter.organisations.set([double])
    recipient = Recipient.objects.create(
        letter=letter, position=1, name="The CEO", organisation=double
    )
    name = make_signature(letter, state=State.PUBLISHED, organisation=double, method="mailbox")
    batches.start_tally(letter)

    for _twice in range(2):
        directory.merge(duplicate=double, kept=google, actor=host, keeps_names=True)

    name.refresh_from_db()
    assert (name.organisation, name.shown_organisation, name.is_verified) == (google, google, True)
    assert Organisation.objects.named("google search") == google
    assert Organisation.objects.proven_by("search.example") == google
    child.refresh_from_db()
    recipient.refresh_from_db()
    google.refresh_from_db()
    assert (child.parent, recipient.organisation, google.headcount_band) == (
        google,
        google,
        "10000+",
    )
    assert list(Letter.objects.get(pk=letter.pk).organisations.all()) == [google]
    batches.refresh_count(letter=letter)
    letter.refresh_from_db()
    assert letter.tally.named_by_organisation == {str(google.pk): 1}
    assert audited() == [("organisation.merged", None, "harriet")]


def test_merge_returns_names_to_review_unless_both_are_one_and_the_same(letter, host):
    google, double = make_organisation("Google"), make_organisation("Google Search")
    sealed = make_letter(status=Status.SEALED)
    entries = [
        make_signature(one, state=State.PUBLISHED, organisation=double, method="mailbox")
        for one in (letter, sealed)
    ]

    directory.merge(duplicate=double, kept=google, actor=host)

    for entry in entries:
        entry.refresh_from_db()
    assert [entry.state for entry in entries] == [State.IN_REVIEW, State.PUBLISHED]
    assert [entry.is_standing for entry in entries] == [False, True]
    assert {(entry.organisation, entry.is_verified) for entry in entries} == {(google, True)}
    assert AuditEntry.objects.get(verb="organisation.merged").number == 1
    directory_entry = moderation.approve(signature=entries[0], actor=host)
    assert roll.line(directory_entry).detail == "Google"


def test_merge_of_several_in_a_row_ends_at_the_last(letter):
    first, second, third = (make_organisation(name) for name in ("A one", "B two", "C three"))

    directory.merge(duplicate=first, kept=second, actor=None)
    directory.merge(duplicate=second, kept=third, actor=None)

    first.refresh_from_db()
    assert first.standing == third
    assert {Organisation.objects.named(name) for name in ("A one", "B two", "C three")} == {third}
    with pytest.raises(NotAllowed):
        directory.merge(duplicate=third, kept=first, actor=None)


def test_merge_into_a_child_gives_it_the_parent(letter):
    top = make_organisation("Top")
    middle = make_organisation("Middle", parent=top)
    child = make_organisation("Child", parent=middle)

    directory.merge(duplicate=middle, kept=child, actor=None)

    child.refresh_from_db()
    assert child.parent == top


@pytest.mark.parametrize(
    ("duplicate", "kept"),
    [("50-249", "10000+"), ("1-49", "250-999")],
)
def test_merge_of_a_small_organisation_into_a_large_one_is_refused(duplicate, kept):
    """Its anonymous lines were hidden among few people, and would show among many."""
    small = make_organisation("Small", headcount_band=duplicate)
    large = make_organisation("Large", headcount_band=kept)

    with pytest.raises(NotAllowed):
        directory.merge(duplicate=small, kept=large, actor=None)


@pytest.mark.parametrize("verb", ["merge", "withdraw"])
def test_only_hosts_change_organisations(letter, verb):
    google, meta = make_organisation("Google"), make_organisation("Meta")
    owner = make_moderator("olga", letter, "owner")

    with pytest.raises(NotAllowed):
        if verb == "merge":
            directory.merge(duplicate=google, kept=meta, actor=owner)
        else:
            directory.withdraw(organisation=google, actor=owner)

    assert Organisation.objects.listed().count() == 2
    assert audited() == []


def test_entry_confirmed_while_its_organisation_was_merged_says_the_kept_one(letter):
    google, double = make_organisation("Google"), make_organisation("G", "g.example")
    verification = enter(letter, "G", "w@g.example")
    Organisation.objects.filter(pk=double.pk).update(merged_into=google)

    signature = confirm(verification)

    assert (signature.organisation, signature.shown_organisation) == (google, google)
    assert signature.is_verified


# Withdrawing organisations ---------------------------------------------------------------------


def test_withdraw_returns_names_to_review_and_ends_what_the_domain_proves(letter, host):
    fake = make_organisation("Fakeware", "fake.example")
    name = make_signature(letter, state=State.PUBLISHED, organisation=fake, method="mailbox")
    unconfirmed = make_signature(
        letter, state=State.UNCONFIRMED, organisation=fake, method="mailbox"
    )

    directory.withdraw(organisation=fake, actor=host)
    directory.withdraw(organisation=fake, actor=host)

    name.refresh_from_db()
    unconfirmed.refresh_from_db()
    assert (name.state, name.is_verified, name.published_on, name.roll_key) == (
        State.IN_REVIEW,
        False,
        None,
        "",
    )
    assert not unconfirmed.is_verified
    assert Organisation.objects.proven_by("fake.example") is None
    assert Organisation.objects.named("Fakeware") is None
    assert audited() == [("organisation.withdrawn", None, "harriet")]
    moderation.approve(signature=name, actor=host)
    name.refresh_from_db()
    assert (name.state, name.shown_organisation) == (State.PUBLISHED, None)


def test_list_again_has_the_domain_prove_and_leaves_names_to_a_moderator(letter, host):
    fake = make_organisation("Fakeware", "fake.example")
    name = make_signature(letter, state=State.PUBLISHED, organisation=fake, method="mailbox")
    for _each in range(letter.minimum_group_size):
        make_anonymous(letter, fake)
    directory.withdraw(organisation=fake, actor=host)
    move_batch(letter)
    assert not letter.signatures.filter(shown_organisation=fake).exists()

    for _twice in range(2):
        directory.list_again(organisation=fake, actor=host)
    move_batch(letter)

    name.refresh_from_db()
    assert (name.state, name.is_verified) == (State.IN_REVIEW, False)
    assert Organisation.objects.proven_by("fake.example") == fake
    assert letter.signatures.filter(shown_organisation=fake).count() == letter.minimum_group_size
    assert AuditEntry.objects.filter(verb="organisation.listed_again").count() == 1


def test_list_again_is_for_hosts_and_not_for_what_was_merged(letter, host):
    fake, kept = make_organisation("Fakeware"), make_organisation("Kept")
    directory.withdraw(organisation=fake, actor=host)

    with pytest.raises(NotAllowed):
        directory.list_again(organisation=fake, actor=make_moderator("bob", letter))
    directory.list_again(organisation=fake, actor=host)
    directory.merge(duplicate=fake, kept=kept, actor=host)
    with pytest.raises(NotAllowed):
        directory.list_again(organisation=fake, actor=host)

    fake.refresh_from_db()
    assert fake.merged_into == kept


def test_withdraw_leaves_names_under_a_sealed_letter_unverified(host):
    letter = make_letter(status=Status.SEALED)
    fake = make_organisation("Fakeware")
    name = make_signature(letter, state=State.PUBLISHED, organisation=fake, method="mailbox")

    directory.withdraw(organisation=fake, actor=host)

    name.refresh_from_db()
    assert (name.state, name.is_verified, name.shown_organisation) == (
        State.PUBLISHED,
        False,
        None,
    )


def test_entry_confirmed_after_its_organisation_was_withdrawn_is_not_verified(letter):
    fake = make_organisation("Fakeware", "fake.example")
    verification = enter(letter, "Fakeware", "w@fake.example")
    directory.withdraw(organisation=fake, actor=None)

    assert not confirm(verification).is_verified


# What a keeper writes --------------------------------------------------------------------------


def test_record_change_adds_the_own_name_and_takes_up_what_was_proposed(letter, host):
    orrery = Organisation.objects.create(name="Orrery Labs", slug="orrery")
    OrganisationAlias.objects.create(organisation=orrery, name="Orrery")
    entry = typed(letter, "ORRERY")
    propose(name="Narwhalware", letter=letter)
    Proposal.objects.update(name="Orrery", key="orrery")

    directory.record_change(organisation=orrery, actor=host)

    entry.refresh_from_db()
    assert entry.organisation == orrery
    assert Organisation.objects.named("Orrery Labs") == orrery
    assert Proposal.objects.get().state == "merged"
    assert audited()[-1] == ("organisation.changed", None, "harriet")


def test_free_slug_is_one_that_no_other_organisation_has():
    make_organisation("x")
    Organisation.objects.create(name="Orrery", slug="orrery")
    Organisation.objects.create(name="Orrery!", slug="orrery-2")

    assert Organisation.objects.free_slug("Orrery") == "orrery-3"
    assert Organisation.objects.filter(slug=Organisation.objects.free_slug("阿里巴巴")).count() == 0
