"""What somebody on a letter's team could do next, the most urgent first.

Nothing here moves with an anonymous signature between batches, but what the moderators' queue
shows to those who decide entries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.second_factor import has_second_factor
from letters.actions.pausing import site_paused_on
from letters.models import Draft, Letter, Outcome, Proposal, Role, Status, User
from letters.permissions import proposals_decided_by
from signatories.models import Flag

CLOSING_IS_NEAR = timedelta(days=7)
SEALING_IS_NEAR = timedelta(days=14)
DECISIONS = ("signature.approved", "signature.rejected", "signature.kept")


@dataclass(frozen=True)
class Task:
    """Something to do, why, and where; without a button where somebody else has to act."""

    what: str
    why: str
    url: str = ""
    button: str = ""


@dataclass(frozen=True)
class Rights:
    """What this person may do for this letter."""

    may_edit: bool
    may_own: bool
    may_decide: bool
    is_host: bool


@dataclass(frozen=True)
class Queue:
    """How many entries a moderator has to read, since when the oldest waits, and how many
    decisions somebody asked about."""

    number: int = 0
    oldest_on: date | None = None
    asked_about: int = 0


@dataclass(frozen=True)
class Decided:
    """How many entries the moderators have decided together; never which of them how many."""

    today: int = 0
    in_week: int = 0


def decided_of(letter: Letter, today: date) -> Decided:
    """What the trail says of this day, and of this and the six before."""
    decisions = letter.audit_entries.filter(verb__in=DECISIONS).order_by()
    week = decisions.filter(recorded_on__gte=today - timedelta(days=6))
    found = week.aggregate(
        week=Sum("number", default=0),
        today=Sum("number", default=0, filter=Q(recorded_on__gte=today)),
    )
    return Decided(found["today"], found["week"])


def queue_of(letter: Letter) -> Queue:
    waiting = letter.signatures.for_moderators().in_review()
    found = waiting.aggregate(n=Count("*"), oldest=Min("confirmed_on"))
    return Queue(found["n"], found["oldest"], _number_asked_about(letter))


def _number_asked_about(letter: Letter) -> int:
    asked = Flag.objects.about_decided().filter(signature__letter=letter)
    return asked.values("signature").distinct().count()


def tasks_of(
    letter: Letter, user: User, rights: Rights, queue: Queue, now: datetime, *, mail_is_late: bool
) -> list[Task]:
    today = now.date()
    tasks: list[Task] = []
    if mail_is_late and (rights.may_edit or rights.may_decide):
        tasks += _mail()
    if rights.may_edit:
        tasks += _appearing(letter, rights)
    if rights.may_decide:
        tasks += _pause(letter)
        tasks += [*_entries(queue, today), *_asked(queue), *_names(letter, user)]
    if rights.may_own:
        tasks += [*_days(letter, now), *_team(letter)]
    if rights.may_edit or rights.may_decide:
        tasks += _factor(user)
    if rights.may_edit and letter.status != Status.DRAFT:
        tasks += [*_draft(letter), *_answers(letter, today)]
    return tasks


def _page(name: str, letter: Letter) -> str:
    return reverse(f"manage:{name}", args=[letter.slug])


def _in_words(day: date) -> str:
    return date_format(day, "j F Y")


def _mail() -> Iterator[Task]:
    why = _(
        "Codes leave late, none is lost, and whoever waits can still sign. Tell the host, "
        "if it lasts."
    )
    yield Task(_("Mail does not leave at the moment"), why)


def _appearing(letter: Letter, rights: Rights) -> Iterator[Task]:
    """The way to the first publication: written, submitted, given back."""
    if letter.status != Status.DRAFT:
        return
    if letter.submitted_on is not None:
        why = _("Submitted on %(day)s.") % {"day": _in_words(letter.submitted_on)}
        what = _("The letter waits for the host’s approval")
        button = _("Read and decide") if rights.is_host else _("Look")
        yield Task(what, why, _page("publish", letter), button)
    elif letter.host_note:
        what = _("The host gave the letter back")
        yield Task(what, letter.host_note, _page("text", letter), _("Go on writing"))
    else:
        why = _("The list says what is still missing.")
        what = _("The letter is not published yet")
        yield Task(what, why, _page("publish", letter), _("Look"))


def _pause(letter: Letter) -> Iterator[Task]:
    by_host = site_paused_on()
    if letter.signing_paused_on:
        what = _("Signing pauses since %(day)s") % {"day": _in_words(letter.signing_paused_on)}
        why = _("Nobody can sign until you let it go on. Codes that were sent still confirm.")
        yield Task(what, why, _page("door", letter), _("Let it go on…"))
    elif by_host and letter.status == Status.PUBLISHED:
        why = _("Nobody can sign any letter here until the host lets it go on.")
        yield Task(_("The host has paused signing on the whole site"), why)


def _entries(queue: Queue, today: date) -> Iterator[Task]:
    if not queue.number or queue.oldest_on is None:
        return
    what = ngettext(
        "%(n)d entry waits for a moderator", "%(n)d entries wait for a moderator", queue.number
    )
    days = (today - queue.oldest_on).days
    why = (
        ngettext(
            "The oldest came %(n)d day ago. Signatories are told that somebody reads what they "
            "wrote.",
            "The oldest came %(n)d days ago. Signatories are told that somebody reads what they "
            "wrote.",
            days,
        )
        if days > 0
        else _("All came today. Signatories are told that somebody reads what they wrote.")
    )
    url = reverse("admin:signatories_signature_changelist")
    yield Task(what % {"n": queue.number}, why % {"n": days}, url, _("Moderate"))


def _asked(queue: Queue) -> Iterator[Task]:
    if not queue.asked_about:
        return
    what = ngettext(
        "%(n)d decision is to be looked at again",
        "%(n)d decisions are to be looked at again",
        queue.asked_about,
    )
    why = _("A reader reported a line, or somebody objects to a rejection.")
    url = reverse("admin:signatories_signature_changelist")
    yield Task(what % {"n": queue.asked_about}, why, url, _("Moderate"))


def _names(letter: Letter, user: User) -> Iterator[Task]:
    decided = proposals_decided_by(user).values("pk")
    number = Proposal.objects.undecided().filter(letters=letter, pk__in=decided).count()
    if number:
        what = ngettext(
            "%(n)d name of an organisation is not listed",
            "%(n)d names of organisations are not listed",
            number,
        )
        why = _("List it, or say of which organisation it is another spelling.")
        url = reverse("admin:letters_proposal_changelist")
        yield Task(what % {"n": number}, why, url, _("Decide"))


def _days(letter: Letter, now: datetime) -> Iterator[Task]:
    """What the clock does soon."""
    yield from _becoming_public(letter)
    yield from _closing(letter, now)
    yield from _sealing(letter, now.date())


def _becoming_public(letter: Letter) -> Iterator[Task]:
    """Without a number of those who decided: it would move whenever one of them is here."""
    if letter.public_on is None:
        return
    what = _("The letter becomes public on %(day)s") % {"day": _in_words(letter.public_on)}
    why = _(
        "Each signatory decides again, on their own page. Whoever decides nothing is counted "
        "without a line."
    )
    yield Task(what, why, _page("public", letter), _("Look"))


def _closing(letter: Letter, now: datetime) -> Iterator[Task]:
    closes_at = letter.closes_at
    if letter.status != Status.PUBLISHED or closes_at is None or closes_at - now > CLOSING_IS_NEAR:
        return
    what = _("The letter closes on %(day)s") % {"day": _in_words(closes_at.date())}
    why = _("Nobody can sign after that, until you reopen it. The rules hold the day.")
    yield Task(what, why, _page("policy", letter), _("Rules"))


def _sealing(letter: Letter, today: date) -> Iterator[Task]:
    if not letter.is_closed or letter.closed_on is None:
        return
    day = letter.closed_on + timedelta(days=settings.SEALING_DAYS)
    if day - today > SEALING_IS_NEAR:
        return
    what = _("The letter is sealed on %(day)s") % {"day": _in_words(day)}
    why = _(
        "Entries that nobody decided are rejected then, keys are destroyed, and there is no way "
        "back. Reopening stops the clock."
    )
    yield Task(what, why, _page("reopen", letter), _("Reopen…"))


def _team(letter: Letter) -> Iterator[Task]:
    owners = letter.memberships.filter(role=Role.OWNER, user__is_active=True)
    if owners.count() == 1:
        why = _("Who loses the only way in can be helped by another owner, or by the host.")
        what = _("The letter has only one owner")
        yield Task(what, why, _page("team", letter), _("Invite"))


def _factor(user: User) -> Iterator[Task]:
    if not has_second_factor(user):
        why = _("Publishing and the administration ask for one: an app with six digits, or a key.")
        what = _("Your account has no second factor")
        yield Task(what, why, reverse("mfa_index"), _("Add one"))


def _draft(letter: Letter) -> Iterator[Task]:
    draft = Draft.objects.filter(letter=letter).only("saved_at").first()
    if draft and not letter.is_sealed:
        what = _("Changes to the text wait since %(day)s")
        why = _("Only the team reads them. Publish them as a new version, or discard them.")
        saved_on = _in_words(draft.saved_at.date())
        yield Task(what % {"day": saved_on}, why, _page("text", letter), _("Go on writing"))


def _answers(letter: Letter, today: date) -> Iterator[Task]:
    answered = Q(responses__isnull=False) & ~Q(responses__outcome=Outcome.NONE)
    found = letter.recipients.aggregate(
        everybody=Count("pk", distinct=True),
        answered=Count("pk", filter=answered, distinct=True),
    )
    number = found["everybody"] - found["answered"]
    if not number or letter.published_on is None:
        return
    what = ngettext(
        "%(n)d recipient has not answered", "%(n)d recipients have not answered", number
    )
    days = (today - letter.published_on).days
    why = ngettext(
        "It was published %(n)d day ago. Record an answer when there is one.",
        "It was published %(n)d days ago. Record an answer when there is one.",
        days,
    )
    url = _page("responses", letter)
    yield Task(what % {"n": number}, why % {"n": days}, url, _("Responses"))
