"""The verbs of the letters floor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from letters.demands import in_one_line, tidied_markdown
from letters.models import (
    AuditEntry,
    Demand,
    Draft,
    Eligibility,
    HeldBack,
    Letter,
    LetterVersion,
    Membership,
    OrganisationAlias,
    Proposal,
    Status,
    User,
    Visibility,
    text_digest,
)
from letters.models.draft import UNPLANNED
from letters.models.organisation import alias_key
from letters.permissions import edited_by, owned_by


class NotAllowed(Exception):
    """The verb does not apply; the message says why, for the person who tried."""


class Overtaken(NotAllowed):
    """Somebody else did something in between that the person who tried has not seen."""


def audit(
    *,
    verb: str,
    actor: User | None,
    letter: Letter | None = None,
    target: object = "",
    reason: str = "",
    number: int = 1,
) -> AuditEntry:
    """Record who did what, by day. `target` and `reason` are ids and codes, never names."""
    return AuditEntry.objects.create(
        letter=letter,
        verb=verb,
        actor=actor,
        target=str(target),
        reason=reason,
        number=number,
        recorded_on=timezone.localdate(),
    )


def _locked(
    letter: Letter, actor: User | None, allowed: Callable[[User], QuerySet[Letter]]
) -> Letter:
    """The letter under a lock, fetched through what `actor` may do; None may do everything."""
    letters = Letter.objects.all() if actor is None else allowed(actor)
    # Not a full lock: rows of those who sign meanwhile refer to the letter and must not wait.
    locked = Letter.objects.select_for_update(no_key=True)
    found = locked.filter(pk=letter.pk, pk__in=letters.values("pk")).first()
    if found is None:
        raise NotAllowed(_("This letter is not yours to change."))
    return found


@dataclass(frozen=True)
class Text:
    """What a letter says: the title, the Markdown, and the demands as (lead, text)."""

    title: str
    markdown: str
    demands: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, version: LetterVersion) -> "Text":
        demands = version.demands.values_list("lead", "text")
        return cls(version.title, version.text, tuple(demands))

    def tidied(self) -> "Text":
        """As a form gives it back where nobody changed anything."""
        demands = tuple((in_one_line(lead), in_one_line(text)) for lead, text in self.demands)
        return Text(self.title.strip(), tidied_markdown(self.markdown), demands)

    @property
    def sha256(self) -> str:
        return text_digest(self.title, self.markdown, list(self.demands))


@transaction.atomic
def publish_text(
    *,
    letter: Letter,
    text: Text,
    actor: User | None,
    on: date,
    instead_of: int | None = None,
) -> LetterVersion:
    """Make `text` the letter's current version. The same text again changes nothing.

    Earlier versions and the signatures bound to them stay as they are. `actor` is an owner, an
    editor or a host, or None for the installation itself. `instead_of` is the number of the
    version from which the text was written, 0 where there was none; nothing is published if
    another one is current by now. Raises `NotAllowed`, in that case `Overtaken`.
    """
    letter = _locked(letter, actor, edited_by)
    if letter.is_sealed:
        raise NotAllowed(_("A sealed letter keeps its text."))
    current = letter.current_version
    if instead_of is not None and instead_of != (current.number if current else 0):
        raise Overtaken(_("Somebody has published another version meanwhile."))
    if current and current.sha256 == text.sha256:
        return current
    latest = letter.versions.aggregate(number=Max("number"))["number"] or 0
    version = LetterVersion(
        letter=letter,
        number=latest + 1,
        title=text.title,
        text=text.markdown,
        sha256=text.sha256,
        published_on=on,
    )
    version.full_clean()
    version.save()
    for number, (lead, demand) in enumerate(text.demands, start=1):
        row = Demand(version=version, number=number, lead=lead, text=demand)
        row.full_clean()
        row.save()
    letter.current_version = version
    letter.title = text.title
    letter.save(update_fields=["current_version", "title"])
    # A time was chosen for a draft that was read beside the text before this one.
    planned = Draft.objects.planned().filter(letter=letter)
    planned.update(**UNPLANNED, held_back=HeldBack.OVERTAKEN)
    audit(verb="letter.text_published", actor=actor, letter=letter, target=version.number)
    return version


@transaction.atomic
def publish(*, letter: Letter, actor: User | None, on: date) -> Letter:
    """Open a draft that has a text to signatures. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.status == Status.PUBLISHED:
        return letter
    if letter.status != Status.DRAFT:
        raise NotAllowed(_("Only a draft can be published."))
    if letter.current_version_id is None:
        raise NotAllowed(_("The letter has no text yet."))
    letter.status = Status.PUBLISHED
    letter.published_on = on
    letter.submitted_on = None
    letter.host_note = ""
    letter.full_clean()
    letter.save(update_fields=["status", "published_on", "submitted_on", "host_note"])
    audit(verb="letter.published", actor=actor, letter=letter)
    return letter


# The end ----------------------------------------------------------------------------------
# What closing and sealing mean for signatures is decided in `signatories.actions.sealing`,
# which calls these.


@transaction.atomic
def close(*, letter: Letter, actor: User | None) -> Letter:
    """End signing for now. `actor` is an owner or a host, or None for the clock."""
    letter = _locked(letter, actor, owned_by)
    if letter.status == Status.CLOSED:
        return letter
    if letter.status != Status.PUBLISHED:
        raise NotAllowed(_("Only a letter that takes signatures can be closed."))
    letter.status = Status.CLOSED
    letter.closed_on = timezone.localdate()
    letter.save(update_fields=["status", "closed_on"])
    audit(verb="letter.closed", actor=actor, letter=letter)
    return letter


@transaction.atomic
def reopen(*, letter: Letter, actor: User | None) -> Letter:
    """Take signatures again. A closing time that has passed is dropped."""
    letter = _locked(letter, actor, owned_by)
    if letter.status == Status.PUBLISHED:
        return letter
    if letter.status != Status.CLOSED:
        raise NotAllowed(_("Only a closed letter can be reopened; a sealed one stays sealed."))
    letter.status = Status.PUBLISHED
    letter.closed_on = None
    if letter.closes_at and letter.closes_at <= timezone.now():
        letter.closes_at = None
    letter.save(update_fields=["status", "closed_on", "closes_at"])
    audit(verb="letter.reopened", actor=actor, letter=letter)
    return letter


@transaction.atomic
def seal(*, letter: Letter, actor: User | None) -> Letter:
    """End a closed letter for ever."""
    letter = _locked(letter, actor, owned_by)
    if letter.status == Status.SEALED:
        return letter
    if letter.status != Status.CLOSED:
        raise NotAllowed(_("Close the letter first; then it can be sealed."))
    letter.status = Status.SEALED
    letter.sealed_on = timezone.localdate()
    letter.public_on = None
    letter.save(update_fields=["status", "sealed_on", "public_on"])
    audit(verb="letter.sealed", actor=actor, letter=letter)
    return letter


@transaction.atomic
def take_down(*, letter: Letter, actor: User | None) -> Letter:
    """Take a letter off the site: its pages are gone, and its address says so. Signatures, keys
    and the clocks that erase them go on as before. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.taken_down_on is not None:
        return letter
    if letter.status == Status.DRAFT:
        raise NotAllowed(_("A draft can be deleted instead."))
    letter.taken_down_on = timezone.localdate()
    letter.save(update_fields=["taken_down_on"])
    audit(verb="letter.taken_down", actor=actor, letter=letter)
    return letter


@transaction.atomic
def put_back(*, letter: Letter, actor: User | None) -> Letter:
    """Undo `take_down`. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.taken_down_on is None:
        return letter
    letter.taken_down_on = None
    letter.save(update_fields=["taken_down_on"])
    audit(verb="letter.put_back", actor=actor, letter=letter)
    return letter


# From inside an organisation to the public -----------------------------------------------
# What becomes of the signatures is decided in `signatories.actions.opening`.


def earliest_public_day() -> date:
    """The first day on which a letter can become public whose signatories are asked today."""
    return timezone.localdate() + timedelta(days=settings.PUBLIC_NOTICE_DAYS)


@transaction.atomic
def ask_to_go_public(*, letter: Letter, on: date, actor: User | None) -> Letter:
    """Tell those inside that the letter becomes public on a day; each of them decides again
    how to appear then. `actor` is an owner or a host. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if not letter.is_internal or letter.status not in (Status.PUBLISHED, Status.CLOSED):
        raise NotAllowed(_("Only a published internal letter can become public."))
    if letter.public_on == on:
        return letter
    if on < earliest_public_day():
        sentence = _("Give your signatories at least %(days)d days to decide.")
        raise NotAllowed(sentence % {"days": settings.PUBLIC_NOTICE_DAYS})
    letter.public_on = on
    letter.save(update_fields=["public_on"])
    audit(verb="letter.asked_to_go_public", actor=actor, letter=letter, target=on.isoformat())
    return letter


@transaction.atomic
def stay_internal(*, letter: Letter, actor: User | None) -> Letter:
    """Take back `ask_to_go_public`. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.public_on is None:
        return letter
    letter.public_on = None
    letter.save(update_fields=["public_on"])
    audit(verb="letter.stays_internal", actor=actor, letter=letter)
    return letter


@transaction.atomic
def go_public(*, letter: Letter, today: date) -> Letter:
    """Open an internal letter to everybody whose day has come. Nobody else may sign it than
    before. There is no way back. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, None, owned_by)
    if letter.was_internal:
        return letter
    if letter.public_on is None or letter.public_on > today:
        raise NotAllowed(_("Nobody has been told that this letter becomes public today."))
    letter.visibility = Visibility.PUBLIC
    letter.eligibility = Eligibility.ORGANISATIONS
    letter.was_internal = True
    letter.public_on = None
    letter.save(update_fields=["visibility", "eligibility", "was_internal", "public_on"])
    audit(verb="letter.became_public", actor=None, letter=letter)
    return letter


@transaction.atomic
def list_roll_in_search(*, letter: Letter, listed: bool, actor: User | None) -> Letter:
    """Let search engines list the roll, or ask them not to. Raises `NotAllowed`."""
    letter = _locked(letter, actor, owned_by)
    if letter.roll_in_search == listed:
        return letter
    letter.roll_in_search = listed
    letter.save(update_fields=["roll_in_search"])
    verb = "letter.roll_listed" if listed else "letter.roll_unlisted"
    audit(verb=verb, actor=actor, letter=letter)
    return letter


# The team ---------------------------------------------------------------------------------


@transaction.atomic
def give_role(*, letter: Letter, user: User, role: str, actor: User | None) -> Membership:
    """Put somebody on a letter's team, or change what they do there. Twice is once.

    Whoever is on a team may enter the admin from then on. `actor` is a host, or None for
    the installation itself.
    """
    _only_for_hosts(actor)
    membership = Membership.objects.select_for_update().filter(letter=letter, user=user).first()
    membership = membership or Membership(letter=letter, user=user)
    let_into_admin(user)
    if membership.role == role:
        return membership
    membership.role = role
    membership.full_clean()
    membership.save()
    audit(verb="team.role_given", actor=actor, letter=letter, target=f"user:{user.pk}", reason=role)
    return membership


def let_into_admin(user: User) -> None:
    """Teams moderate in the admin. What they see there follows from their letters."""
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])


@transaction.atomic
def take_role(*, membership: Membership, actor: User | None) -> None:
    """Take somebody off a letter's team. Twice is once."""
    _only_for_hosts(actor)
    deleted, _by_model = Membership.objects.filter(pk=membership.pk).delete()
    if deleted:
        audit(
            verb="team.role_taken",
            actor=actor,
            letter=membership.letter,
            target=f"user:{membership.user_id}",
            reason=membership.role,
        )


def _only_for_hosts(actor: User | None) -> None:
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise NotAllowed(_("Only a host decides who is on a team."))


@transaction.atomic
def propose(*, name: str, letter: Letter) -> None:
    """Put a name that the directory does not know before those who keep it.

    A name that was refused is counted and stays refused.
    """
    key = alias_key(name)
    if not key or OrganisationAlias.objects.filter(key=key).exists():
        return
    if not Proposal.objects.filter(key=key).update(number=F("number") + 1):
        # Another entry may say it in the same moment; which spelling came first then, is luck.
        Proposal.objects.bulk_create([Proposal(name=name, key=key)], ignore_conflicts=True)
    Proposal.objects.get(key=key).letters.add(letter)
