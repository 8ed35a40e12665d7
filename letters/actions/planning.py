"""Publication at a chosen time: what was read appears then, once, or does not appear at all."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from config.second_factor import has_second_factor
from letters.actions import NotAllowed, Overtaken, _locked, audit
from letters.actions.drafts import announce_submission, needs_approval, publish_draft, unplan
from letters.checklist import checklist_of
from letters.models import Draft, HeldBack, Letter, User
from letters.permissions import owned_by

logger = logging.getLogger(__name__)

LONGEST_AHEAD = timedelta(days=366)


@transaction.atomic
def plan(*, letter: Letter, revision: int, at: datetime, actor: User, now: datetime) -> Draft:
    """Have the draft's `revision` appear at a chosen time, in the name of `actor`, an owner.

    Where the host approves a letter first, it is submitted for that time. Twice is once. Raises
    `Overtaken` where the draft was saved meanwhile or another time was chosen, and `NotAllowed`.
    """
    letter = _locked(letter, actor, owned_by)
    draft = _as_read(letter, revision)
    if draft.publish_at == at:
        return draft
    if draft.publish_at is not None:
        raise Overtaken(_("Another time was chosen already. Take it back first."))
    _refuse_moment(at, now)
    _needs_second_factor(actor)
    checklist_of(letter, draft, has_second_factor=True).ready_text()
    draft.publish_at, draft.planned_by, draft.planned_revision = at, actor, revision
    draft.held_back = HeldBack.NOT
    draft.save(update_fields=["publish_at", "planned_by", "planned_revision", "held_back"])
    begins_to_wait = needs_approval(letter, actor) and letter.submitted_on is None
    if needs_approval(letter, actor):
        letter.submitted_on = now.date()
        letter.save(update_fields=["submitted_on"])
    entry = audit(verb="letter.planned", actor=actor, letter=letter, target=at.isoformat())
    if begins_to_wait:
        announce_submission(entry)
    return draft


def _as_read(letter: Letter, revision: int) -> Draft:
    found = Draft.objects.select_for_update().filter(letter=letter, revision=revision).first()
    if found is None:
        raise Overtaken(_("Somebody has saved another draft meanwhile. Read it first."))
    return found


def _needs_second_factor(actor: User) -> None:
    if not has_second_factor(actor):
        raise NotAllowed(_("Your account needs a second factor for this."))


def _refuse_moment(at: datetime, now: datetime) -> None:
    if at <= now:
        raise NotAllowed(_("This moment has passed."))
    if at > now + LONGEST_AHEAD:
        raise NotAllowed(_("Choose a moment within a year."))


@transaction.atomic
def approve_plan(*, letter: Letter, revision: int, at: datetime | None, actor: User) -> Draft:
    """Let a letter appear at the time that its team has chosen. `actor` is a host, in whose name
    it is published then. Twice is once. Raises `Overtaken` where draft or time changed meanwhile,
    and `NotAllowed`.
    """
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host decides which letters appear here."))
    _needs_second_factor(actor)
    letter = _locked(letter, actor, owned_by)
    draft = _as_read(letter, revision)
    if at is None or draft.publish_at != at:
        raise Overtaken(_("Another time was chosen meanwhile. Look at it first."))
    if letter.submitted_on is None:
        return draft
    draft.planned_by = actor
    draft.save(update_fields=["planned_by"])
    letter.submitted_on = None
    letter.save(update_fields=["submitted_on"])
    audit(verb="letter.plan_approved", actor=actor, letter=letter, target=at.isoformat())
    return draft


@transaction.atomic
def drop_plan(*, letter: Letter, actor: User) -> None:
    """Take back the chosen time, or the word about why it was not kept; what was submitted for
    that time is taken back with it. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    draft = Draft.objects.select_for_update().filter(letter=letter).first()
    if draft is None or (draft.publish_at is None and draft.held_back == HeldBack.NOT):
        return
    was_planned = draft.publish_at is not None
    unplan(letter, draft, HeldBack.NOT)
    if was_planned:
        audit(verb="letter.plan_dropped", actor=actor, letter=letter)


# When the time has come -------------------------------------------------------------------


def publish_due(*, now: datetime) -> Iterator[Letter]:
    """Publish every draft whose time has come, yielding each letter that was published."""
    for draft in Draft.objects.due(now).select_related("letter").order_by("publish_at", "pk"):
        try:
            published = publish_planned(letter=draft.letter, now=now)
        except NotAllowed:  # The letter was deleted in this very moment.
            continue
        except Exception:  # One that fails must not hold up the others; it is due again soon.
            logger.exception("The planned text of letter %s did not appear", draft.letter_id)
            continue
        if published is not None:
            yield published


@transaction.atomic
def publish_planned(*, letter: Letter, now: datetime) -> Letter | None:
    """Publish a letter's draft whose time has come, as whoever chose the time would by hand.

    Where that is not possible any more the draft stays, and says why. Return the letter if it was
    published; None where nothing was due (any more).
    """
    letter = _locked(letter, None, owned_by)
    due = Draft.objects.select_for_update(of=("self",)).due(now).select_related("planned_by")
    draft = due.filter(letter=letter).first()
    if draft is None or draft.planned_by is None:  # A constraint says that these go together.
        return None
    why = obstacle_to(letter, draft)
    if why == HeldBack.NOT:
        try:
            return _publish(letter, draft, draft.planned_by, now)
        except (NotAllowed, ValidationError):
            why = HeldBack.INCOMPLETE
    # What waits for the host goes on waiting, and appears once it is approved.
    unplan(letter, draft, why, stays_submitted=why == HeldBack.UNAPPROVED)
    audit(verb="letter.held_back", actor=None, letter=letter, reason=why)
    return None


def obstacle_to(letter: Letter, draft: Draft) -> HeldBack:
    """What stands, as things are now, between the draft and its appearing at the chosen time."""
    actor = draft.planned_by
    if actor is None:
        return HeldBack.NOT
    if letter.is_sealed:
        return HeldBack.SEALED
    if not owned_by(actor).filter(pk=letter.pk).exists():
        return HeldBack.NOT_OWNER
    if not has_second_factor(actor):
        return HeldBack.NO_FACTOR
    if not checklist_of(letter, draft, has_second_factor=True).is_ready:
        return HeldBack.INCOMPLETE
    return HeldBack.UNAPPROVED if needs_approval(letter, actor) else HeldBack.NOT


@transaction.atomic
def _publish(letter: Letter, draft: Draft, actor: User, now: datetime) -> Letter:
    """In a savepoint of its own: what fails half-way leaves nothing behind."""
    return publish_draft(
        letter=letter,
        text=checklist_of(letter, draft, has_second_factor=True).ready_text(),
        revision=draft.revision,
        planned_for=draft.publish_at,
        actor=actor,
        on=now.date(),
    )
