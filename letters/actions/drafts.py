"""Writing a letter: drafts that only the team reads, and how they become a published text."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from letters.actions import (
    NotAllowed,
    Overtaken,
    Text,
    _locked,
    audit,
    let_into_admin,
    publish,
    publish_text,
)
from letters.actions.noticing import announce_act
from letters.demands import demands_as_lines
from letters.models import (
    AuditEntry,
    Draft,
    HeldBack,
    Letter,
    LetterVersion,
    Membership,
    NoticeKind,
    Response,
    Role,
    Status,
    User,
)
from letters.models.draft import LONGEST_DRAFT, UNPLANNED
from letters.permissions import edited_by, owned_by

LONGEST_SLUG = 60


@dataclass(frozen=True)
class Written:
    """What somebody typed into the editor, as they typed it: demands one a line."""

    title: str = ""
    text: str = ""
    demands: str = ""


@transaction.atomic
def start(*, title: str, language: str, actor: User) -> Letter:
    """Make a draft letter that `actor` owns. Its address follows from the title."""
    if not actor.is_active:
        raise NotAllowed(_("This account is closed."))
    letter = Letter(title=title, language=language, slug=free_slug(title), status=Status.DRAFT)
    letter.full_clean()
    letter.save()
    Membership.objects.create(letter=letter, user=actor, role=Role.OWNER)
    let_into_admin(actor)
    Draft.objects.create(letter=letter, title=title, saved_by=actor, saved_at=timezone.now())
    audit(verb="letter.started", actor=actor, letter=letter)
    return letter


def free_slug(title: str) -> str:
    """An address that no letter has, made of the title's letters as far as they are plain."""
    base = slugify(title)[:LONGEST_SLUG].strip("-") or "letter"
    taken = set(Letter.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 3))
    return next(slug for slug in candidates if slug not in taken)


def draft_of(letter: Letter) -> Draft:
    """The letter's draft; unsaved and filled with the current text where nobody has begun one."""
    found = Draft.objects.select_related("saved_by").filter(letter=letter).first()
    if found:
        return found
    written = written_in(letter.current_version)
    return Draft(
        letter=letter,
        title=written.title or letter.title,
        text=written.text,
        demands=written.demands,
        saved_at=timezone.now(),
    )


def written_in(version: LetterVersion | None) -> Written:
    """A published text as the editor shows it."""
    if version is None:
        return Written()
    text = Text.of(version).tidied()
    return Written(text.title, text.markdown, demands_as_lines(text.demands))


@transaction.atomic
def save(*, letter: Letter, written: Written, revision: int, actor: User) -> Draft:
    """Save what was typed over the draft's `revision`. The same again changes nothing.

    A time that was chosen for what stood there before is dropped. Raises `Overtaken` where
    somebody else has saved meanwhile, and `NotAllowed`.
    """
    letter = _locked(letter, actor, edited_by)
    if letter.is_sealed:
        raise NotAllowed(_("A sealed letter keeps its text."))
    draft = Draft.objects.select_for_update().filter(letter=letter).first()
    draft = draft or draft_of(letter)
    if Written(draft.title, draft.text, draft.demands) == written:
        return draft
    if draft.revision != revision:
        raise Overtaken(_("Somebody has saved another draft meanwhile."))
    if max(len(written.text), len(written.demands)) > LONGEST_DRAFT:
        raise NotAllowed(_("This is longer than a letter can be. Shorten it, then save it."))
    draft.title, draft.text, draft.demands = written.title, written.text, written.demands
    if draft.publish_at is not None:
        unplan(letter, draft, HeldBack.SAVED)
        audit(verb="letter.plan_dropped", actor=actor, letter=letter, reason=HeldBack.SAVED)
    draft.revision += 1
    draft.saved_by, draft.saved_at = actor, timezone.now()
    try:
        draft.full_clean(validate_constraints=False)
    except ValidationError as fault:
        raise NotAllowed(" ".join(fault.messages)) from fault
    draft.save()
    if letter.status == Status.DRAFT and written.title.strip():
        letter.title = written.title.strip()[:200]
        letter.save(update_fields=["title"])
    return draft


def refuse_behind_approval(letter: Letter, actor: User) -> None:
    """Keep what a host has approved for a chosen time as it was read until it appears; saving the
    text drops the time by itself. Raises `NotAllowed`."""
    if not needs_approval(letter, actor) or letter.submitted_on is not None:
        return
    if Draft.objects.planned().filter(letter=letter).exists():
        raise NotAllowed(
            _("The host has approved the letter as it is for its time. Take the time back first.")
        )


def unplan(letter: Letter, draft: Draft, why: HeldBack, *, stays_submitted: bool = False) -> None:
    """Drop the chosen time, and say why. What was submitted for that time would otherwise appear
    before it, so it is taken back from the host as well."""
    was_planned = draft.publish_at is not None
    for field, nothing in UNPLANNED.items():
        setattr(draft, field, nothing)
    draft.held_back = why
    draft.save(update_fields=[*UNPLANNED, "held_back"])
    if was_planned and letter.submitted_on and not stays_submitted:
        letter.submitted_on = None
        letter.save(update_fields=["submitted_on"])


@transaction.atomic
def discard(*, letter: Letter, actor: User) -> None:
    """Drop what was written since the last publication. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, edited_by)
    if letter.current_version is None:
        raise NotAllowed(_("Nothing is published yet: the draft is all there is."))
    if Draft.objects.planned().filter(letter=letter).exists():
        audit(verb="letter.plan_dropped", actor=actor, letter=letter)
    Draft.objects.filter(letter=letter).delete()


@transaction.atomic
def delete_letter(*, letter: Letter, actor: User) -> None:
    """Delete a letter that never was public, with all that was written. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.status != Status.DRAFT:
        raise NotAllowed(_("Only a letter that was never published can be deleted."))
    audit(verb="letter.deleted", actor=actor, target=f"letter:{letter.pk}")
    # A host may have given it a text already, and somebody an answer to that. What is protected
    # from being deleted alone goes first.
    Response.objects.filter(recipient__letter=letter).delete()
    Letter.objects.filter(pk=letter.pk).update(current_version=None)
    Letter.objects.filter(pk=letter.pk).delete()


# Publishing -------------------------------------------------------------------------------


def needs_approval(letter: Letter, actor: User) -> bool:
    """Whether the host has to look at the letter before it appears for the first time."""
    return (
        settings.LETTERS_NEED_APPROVAL and letter.status == Status.DRAFT and not actor.is_superuser
    )


@transaction.atomic
def publish_draft(
    *,
    letter: Letter,
    text: Text,
    revision: int,
    actor: User,
    on: date,
    planned_for: datetime | None = None,
) -> Letter:
    """Publish what the draft says: at once, or once the host has approved the letter.

    `text` is the draft as it was read and found complete; `revision` which one that was, and
    `planned_for` the time that was chosen for it: one that has a time appears at no other. Raises
    `Overtaken` where it was saved or given a time meanwhile, and `NotAllowed`.
    """
    is_first = letter.status == Status.DRAFT
    letter = _locked(letter, actor, owned_by if is_first else edited_by)
    saved = Draft.objects.filter(letter=letter, revision=revision)
    if not saved.select_for_update().exists():
        raise Overtaken(_("Somebody has saved another draft meanwhile. Read it first."))
    if not saved.filter(publish_at=planned_for).exists():
        raise Overtaken(_("A time was chosen for this draft meanwhile. Look at it first."))
    if needs_approval(letter, actor):
        if letter.submitted_on is None:
            letter.submitted_on = on
            letter.save(update_fields=["submitted_on"])
            announce_submission(audit(verb="letter.submitted", actor=actor, letter=letter))
        return letter
    was_approved = letter.submitted_on is not None or _time_was_approved(letter, planned_for)
    publish_text(letter=letter, text=text, actor=actor, on=on)
    if is_first:
        letter.refresh_from_db()
        letter = publish(letter=letter, actor=actor, on=on)
    if was_approved:
        published = letter.audit_entries.filter(verb="letter.published").latest("pk")
        announce_act(published, kind=NoticeKind.APPROVED)
    saved.delete()
    letter.refresh_from_db()
    return letter


def announce_submission(entry: AuditEntry) -> None:
    """Tell the team and the hosts that a letter waits for approval now."""
    for kind in (NoticeKind.SUBMITTED, NoticeKind.APPROVAL):
        announce_act(entry, kind=kind)


def _time_was_approved(letter: Letter, planned_for: datetime | None) -> bool:
    """Whether the letter appears for the first time, and at a time that a host has approved."""
    if planned_for is None or letter.status != Status.DRAFT:
        return False
    moment = planned_for.isoformat()
    return letter.audit_entries.filter(verb="letter.plan_approved", target=moment).exists()


@transaction.atomic
def return_to_team(*, letter: Letter, actor: User, note: str) -> Letter:
    """Give a letter that waits for approval back to its team, with a reason in words. `actor` is
    a host. Raises `NotAllowed`."""
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host decides which letters appear here."))
    letter = _locked(letter, actor, owned_by)
    if letter.submitted_on is None:
        return letter
    _drop_time(letter)
    letter.submitted_on = None
    letter.host_note = note
    letter.save(update_fields=["submitted_on", "host_note"])
    entry = audit(verb="letter.returned", actor=actor, letter=letter)
    announce_act(entry, kind=NoticeKind.RETURNED)
    return letter


@transaction.atomic
def take_back_submission(*, letter: Letter, actor: User) -> Letter:
    """Go on writing instead of waiting for the host. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.submitted_on is not None:
        _drop_time(letter)
        letter.submitted_on = None
        letter.save(update_fields=["submitted_on"])
        audit(verb="letter.submission_taken_back", actor=actor, letter=letter)
    return letter


def _drop_time(letter: Letter) -> None:
    """The time was chosen for what was submitted, and goes with it."""
    Draft.objects.planned().filter(letter=letter).update(**UNPLANNED)
