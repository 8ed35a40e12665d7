"""The directory of organisations: what its keepers decide, and how signatures follow.

An organisation serves every letter. Names on the roll follow at once; anonymous lines, and
every number that includes them, with the next batch of their letter (`regrouping`).
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import (
    Letter,
    Organisation,
    OrganisationAlias,
    Proposal,
    ProposalState,
    Recipient,
    User,
)
from letters.models.organisation import HeadcountBand, alias_key
from letters.permissions import moderated_by, proposals_decided_by
from signatories import tasks
from signatories.actions import prominence
from signatories.actions.batches import OFF_ROLL
from signatories.actions.regrouping import let_names_follow
from signatories.models import Method, Signature, State, Tally, Vouch
from signatories.models.selecting import SignatureQuerySet

BATCH_SIZE = 500
UNPROVEN = {"method": Method.NONE, "said_organisation": "", "said_tenure": ""}

# Proposals ------------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def accept(*, proposal: Proposal, name: str, actor: User | None) -> Organisation:
    """Make an organisation of a proposed name; entries that say it say the organisation then.

    It has no mail domain, so it verifies nobody. Raises `NotAllowed`.
    """
    proposal = _proposal(proposal, actor)
    if proposal.state == ProposalState.ACCEPTED and proposal.organisation:
        return proposal.organisation
    _refuse_unless_open(proposal)
    keys = {proposal.key, alias_key(name)}
    _refuse_names_of_others(keys - {proposal.key}, actor)
    if "" in keys or OrganisationAlias.objects.filter(key__in=keys).exists():
        raise NotAllowed(_("An organisation of this name is listed already. Merge into it."))
    organisation = Organisation(name=name, slug=Organisation.objects.free_slug(name))
    organisation.full_clean()
    organisation.save()
    _add_spellings(organisation, [name, proposal.name])
    _decide(proposal, ProposalState.ACCEPTED, organisation, actor)
    return organisation


@tried_again
@transaction.atomic
def merge_proposal(
    *, proposal: Proposal, organisation: Organisation, actor: User | None
) -> Organisation:
    """Take a proposed name for another spelling of an organisation; its entries follow.

    None of them becomes verified by that. Raises `NotAllowed`.
    """
    proposal = _proposal(proposal, actor)
    if proposal.state == ProposalState.MERGED and proposal.organisation == organisation:
        return organisation
    _refuse_unless_open(proposal)
    [organisation] = _locked([organisation.pk])
    _refuse_unless_listed(organisation)
    _add_spellings(organisation, [proposal.name])
    _decide(proposal, ProposalState.MERGED, organisation, actor)
    return organisation


@transaction.atomic
def refuse(*, proposal: Proposal, actor: User | None) -> Proposal:
    """Leave a name as the free text it is, and do not ask again. Raises `NotAllowed`."""
    proposal = _proposal(proposal, actor)
    if proposal.state != ProposalState.REFUSED:
        _refuse_unless_open(proposal)
        _decide(proposal, ProposalState.REFUSED, None, actor)
    return proposal


def _refuse_names_of_others(keys: set[str], actor: User | None) -> None:
    """A name that entries under other teams' letters say is theirs to decide, or a host's."""
    if actor is None or actor.is_superuser or not keys:
        return
    others = Letter.objects.exclude(pk__in=moderated_by(actor).values("pk"))
    texts = Signature.objects.filter(letter__in=others).exclude(organisation_text="")
    said = {alias_key(text) for text in texts.values_list("organisation_text", flat=True)}
    proposed = Proposal.objects.filter(key__in=keys, letters__in=others)
    if keys & said or proposed.exists():
        raise NotAllowed(_("Entries under other letters say this name too. Ask the host."))


def empty_proposals() -> list[int]:
    """Undecided and refused names that no entry says any more."""
    typed = {alias_key(text) for text in _typed_texts()}
    return [row.pk for row in Proposal.objects.about_entries_only() if row.key not in typed]


def erase_empty_proposals() -> int:
    """Erase them; return how many."""
    empty = empty_proposals()
    for start in range(0, len(empty), BATCH_SIZE):
        batch = Proposal.objects.filter(pk__in=empty[start : start + BATCH_SIZE])
        batch.about_entries_only().delete()
    return len(empty)


def spellings_of(proposal: Proposal) -> list[str]:
    """How confirmed entries under the proposal's letters spell the name, in the order of the
    alphabet."""
    entries = Signature.objects.filter(
        letter__in=proposal.letters.all(), confirmed_on__isnull=False
    )
    return sorted(text for text in _typed_texts(entries) if alias_key(text) == proposal.key)


def _typed_texts(entries: QuerySet[Signature] | None = None) -> Iterable[str]:
    entries = Signature.objects.all() if entries is None else entries
    typed = entries.exclude(organisation_text="").order_by()
    return typed.values_list("organisation_text", flat=True).distinct()


def _proposal(proposal: Proposal, actor: User | None) -> Proposal:
    allowed = Proposal.objects.all() if actor is None else proposals_decided_by(actor)
    # Not a full lock: those who confirm refer to the proposal, and hold their entries.
    proposals = Proposal.objects.select_related("organisation")
    locked = proposals.select_for_update(of=("self",), no_key=True)
    found = locked.filter(pk=proposal.pk, pk__in=allowed.values("pk")).first()
    if found is None:
        raise NotAllowed(_("This name is no longer here, or is not yours to decide."))
    return found


def _refuse_unless_open(proposal: Proposal) -> None:
    if proposal.state not in (ProposalState.OPEN, ProposalState.REFUSED):
        raise NotAllowed(_("This name has been decided already."))


def _decide(
    proposal: Proposal, state: ProposalState, organisation: Organisation | None, actor: User | None
) -> None:
    proposal.state = state
    proposal.organisation = organisation
    proposal.save(update_fields=["state", "organisation"])
    letters = list(proposal.letters.all()[:2])
    audit(
        verb=f"proposal.{state}",
        actor=actor,
        letter=letters[0] if len(letters) == 1 else None,
        target=f"proposal:{proposal.pk}",
    )


# Organisations --------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def merge(
    *, duplicate: Organisation, kept: Organisation, actor: User | None, keeps_names: bool = False
) -> Organisation:
    """Make one of two records of the same organisation; return the one that is kept.

    Spellings, domains, children, letters, recipients and names follow at once; anonymous lines
    with the next batch of each letter, by the rules of `regrouping`. Names go back to review,
    because their lines say now what nobody wrote; with `keeps_names`, for two records of one and
    the same, they stay on the roll. Raises `NotAllowed`.
    """
    _refuse_others(actor)
    if duplicate.pk == kept.pk:
        raise NotAllowed(_("Choose another organisation than the one you merge."))
    _hold(duplicate.signatures.following_at_once())
    rows = {row.pk: row for row in _locked([duplicate.pk, kept.pk])}
    duplicate, kept = rows[duplicate.pk], rows[kept.pk]
    if duplicate.merged_into_id == kept.pk:
        return kept
    _refuse_unless_listed(duplicate)
    _refuse_unless_listed(kept)
    _merge_facts(duplicate, kept)
    duplicate.aliases.update(organisation=kept)
    duplicate.domains.update(organisation=kept)
    duplicate.proposals.update(organisation=kept)
    duplicate.merged.update(merged_into=kept)
    Recipient.objects.filter(organisation=duplicate).update(organisation=kept)
    for letter in duplicate.letters.all():
        letter.organisations.add(kept)
        letter.organisations.remove(duplicate)
    returned = 0 if keeps_names else _return_to_review(duplicate.signatures.named())
    let_names_follow(duplicate.signatures.all(), duplicate, kept)
    audit(
        verb="organisation.merged",
        actor=actor,
        target=f"organisation:{duplicate.pk}",
        reason=f"into:{kept.pk}",
        number=max(1, returned),
    )
    return kept


@tried_again
@transaction.atomic
def withdraw(*, organisation: Organisation, actor: User | None) -> Organisation:
    """Take an organisation out of the directory. What it verified is verified no more.

    Its signatures by name go back to review; under sealed letters, where nobody reviews, they
    stay and say "not verified". Anonymous lines do not show it from the next batch on; they
    stay, because their going would show how few they were. Raises `NotAllowed`.
    """
    _refuse_others(actor)
    _hold(organisation.signatures.named())
    [organisation] = _locked([organisation.pk])
    if organisation.is_withdrawn:
        return organisation
    _refuse_unless_listed(organisation)
    organisation.withdrawn_on = timezone.localdate()
    organisation.save(update_fields=["withdrawn_on"])
    names = organisation.signatures.named()
    prominence.end_of(names)
    number = _return_to_review(names, **UNPROVEN)
    names.verified().update(**UNPROVEN, shown_organisation=None)
    Vouch.objects.filter(organisation=organisation).delete()
    audit(
        verb="organisation.withdrawn",
        actor=actor,
        target=f"organisation:{organisation.pk}",
        number=max(1, number),
    )
    return organisation


def _return_to_review(names: SignatureQuerySet, **changes: Any) -> int:
    """Have a moderator look again, where there is one: nobody reviews under a sealed letter."""
    reviewed = names.approved().filter(letter__in=Letter.objects.not_sealed().values("pk"))
    prominence.end_of(reviewed)
    return reviewed.update(state=State.IN_REVIEW, was_decided=True, **OFF_ROLL, **changes)


@tried_again
@transaction.atomic
def list_again(*, organisation: Organisation, actor: User | None) -> Organisation:
    """Put a withdrawn organisation back into the directory. Twice is once.

    Its mail domains prove again, and its anonymous lines show it from the next batch on where
    there are enough of them. Names that lost their proof stay as they are: a moderator decides
    those that wait. Raises `NotAllowed`.
    """
    _refuse_others(actor)
    [organisation] = _locked([organisation.pk])
    if not organisation.is_withdrawn:
        _refuse_unless_listed(organisation)
        return organisation
    organisation.withdrawn_on = None
    organisation.save(update_fields=["withdrawn_on"])
    target = f"organisation:{organisation.pk}"
    audit(verb="organisation.listed_again", actor=actor, target=target)
    return organisation


@transaction.atomic
def record_change(
    *, organisation: Organisation, actor: User, is_new: bool = False, is_renamed: bool = False
) -> None:
    """What goes with an organisation that a keeper wrote: its own name among its spellings,
    the entries that say one of them, and the audit entry; with another name than before, the end
    of what was agreed to for lines that say it."""
    _refuse_others(actor)
    if is_renamed:
        end_prominence_at(organisation)
    _add_spellings(organisation, [organisation.name])
    keys = set(organisation.aliases.values_list("key", flat=True))
    for proposal in (
        Proposal.objects.undecided().filter(key__in=keys).select_for_update(no_key=True)
    ):
        _decide(proposal, ProposalState.MERGED, organisation, actor)
    _let_entries_follow(organisation, keys)
    audit(
        verb="organisation.added" if is_new else "organisation.changed",
        actor=actor,
        target=f"organisation:{organisation.pk}",
    )


@transaction.atomic
def take_up_listed_names() -> int:
    """Let entries follow whose proposed name is listed by now; return how many names."""
    proposals = {
        row.key: row for row in Proposal.objects.undecided().select_for_update(no_key=True)
    }
    aliases = OrganisationAlias.objects.select_related("organisation")
    listed = {alias.key: alias.organisation for alias in aliases if alias.key in proposals}
    for key, organisation in sorted(listed.items()):
        if not (organisation.is_withdrawn or organisation.merged_into_id):
            _decide(proposals[key], ProposalState.MERGED, organisation, None)
            _let_entries_follow(organisation, {key})
    return len(listed)


def _refuse_others(actor: User | None) -> None:
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Organisations are the hosts’ to change: each serves every letter."))


def _locked(keys: list[int]) -> list[Organisation]:
    """The rows under a lock, always in the same order; those who sign refer to them meanwhile."""
    rows = Organisation.objects.select_for_update(no_key=True).filter(pk__in=keys)
    return list(rows.order_by("pk"))


def _refuse_unless_listed(organisation: Organisation) -> None:
    if organisation.merged_into_id or organisation.is_withdrawn:
        raise NotAllowed(
            _("%(organisation)s has been merged or withdrawn.") % {"organisation": organisation}
        )


def _merge_facts(duplicate: Organisation, kept: Organisation) -> None:
    """Parents, children and headcount of two records that become one."""
    smaller, larger = _headcount(duplicate), _headcount(kept)
    if smaller is not None and larger is not None and smaller < larger:
        # Its anonymous lines were held back among few people, and would show among many.
        raise NotAllowed(
            _(
                "%(duplicate)s is listed with fewer people than %(kept)s. A part of a larger "
                "organisation keeps its own record and gets a parent; for a true duplicate, "
                "correct the headcount first."
            )
            % {"duplicate": duplicate, "kept": kept}
        )
    if kept.parent == duplicate:
        kept.parent = duplicate.parent if duplicate.parent != kept else None
    elif duplicate in kept.ancestors():
        raise NotAllowed(
            _("%(duplicate)s stands above %(kept)s. Change the parents first.")
            % {"duplicate": duplicate, "kept": kept}
        )
    kept.headcount_band = kept.headcount_band or duplicate.headcount_band
    kept.save(update_fields=["parent", "headcount_band"])
    duplicate.children.exclude(pk=kept.pk).update(parent=kept)
    duplicate.parent = None
    duplicate.merged_into = kept
    duplicate.save(update_fields=["parent", "merged_into"])


def _headcount(organisation: Organisation) -> int | None:
    return HeadcountBand(organisation.headcount_band).at_least


def _add_spellings(organisation: Organisation, names: Iterable[str]) -> None:
    """List spellings, and let the entries that say one of them say the organisation."""
    fresh = {alias_key(name): name for name in reversed(list(names))}
    known = OrganisationAlias.objects.filter(key__in=fresh)
    if known.exclude(organisation=organisation).exists():
        raise NotAllowed(_("Another organisation has this spelling already."))
    for key in fresh.keys() - set(known.values_list("key", flat=True)):
        OrganisationAlias.objects.create(organisation=organisation, name=fresh[key])
    _let_entries_follow(organisation, set(fresh))


def _let_entries_follow(organisation: Organisation, keys: set[str]) -> None:
    """Entries whose typed organisation is one of these spellings. They stay unverified."""
    texts = [text for text in _typed_texts() if alias_key(text) in keys]
    for start in range(0, len(texts), BATCH_SIZE):
        batch = Signature.objects.filter(organisation_text__in=texts[start : start + BATCH_SIZE])
        _hold(batch)
        prominence.end_of(batch.exclude(organisation_text=organisation.name))
        batch.update(organisation=organisation, organisation_text="", has_stood=False)


def end_prominence_at(organisation: Organisation) -> None:
    """An organisation goes by another name: who agreed to stand first beside it agreed to the one
    before."""
    asked = organisation.signatures.named().filter(prominence__isnull=False)
    names = Signature.objects.filter(pk__in=list(asked.values_list("pk", flat=True)))
    _hold(names)
    prominence.end_of(names)


def _hold(signatures: QuerySet[Signature]) -> None:
    """Lock the tallies of the letters concerned, as a batch does before it locks entries, then
    the entries, and only then whatever the verb writes: those who confirm or decide one of them
    meanwhile finish first. Once it is over, count the letters anew and have a cache in front
    forget their pages."""
    letters = set(signatures.order_by().values_list("letter", flat=True).distinct())
    list(Tally.objects.select_for_update().filter(letter__in=letters).order_by("letter"))
    list(signatures.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    for letter in sorted(letters):
        enqueue(tasks.refresh_count, letter)
        enqueue(tasks.purge_pages, letter)
