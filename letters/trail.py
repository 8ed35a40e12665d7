"""What the audit trail says, in words: a sentence for every verb that any floor records.

The words of both floors stand here, because the pages of both show the trail. A verb without
words fails a test; one of another release reads as it was written. No name of a signatory ever
stands in an entry, so none can stand in a line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from letters.models import AuditEntry, HeldBack, Letter, Outcome, Role, User
from letters.permissions import moderated_by, read_by

NOBODY = "nobody"  # In the filter by person: what happened without an account.


class Kind(models.TextChoices):
    """What an entry is about: the filter of the trail's page."""

    LETTER = "letter", _("the letter")
    ENTRIES = "entries", _("decisions about entries")
    BATCHES = "batches", _("batches")
    RECIPIENTS = "recipients", _("recipients and responses")
    UPDATES = "updates", _("updates and their mailing")
    INVITED = "invited", _("lists and invitations")
    TEAM = "team", _("the team and its accounts")
    DIRECTORY = "directory", _("names of organisations")
    KEYS = "keys", _("keys")


@dataclass(frozen=True)
class Verb:
    """How a verb reads, and what its reasons mean. `words` may count with `number`."""

    kind: Kind
    words: Any
    reasons: Mapping[str, Any] = field(default_factory=dict)


# The codes of the floor above, which this one cannot ask: a test holds them equal.
REJECTED_BECAUSE = {
    "not_a_person": _("not a real person's name"),
    "impersonation": _("signs for somebody else"),
    "abuse": _("abuse or advertising"),
    "false_claim": _("claims an affiliation that is not theirs"),
    "repeated": _("the same person has signed already"),
    "other": _("another reason"),
    "sealed": _("not decided before the letter was sealed"),
}
REPORTED_AS = {
    "me": _("“this is me: take my line away”"),
    "not_real": _("“this is not a real person”"),
    "name_used": _("“somebody used my name”"),
}
SHOWN_BY = {
    "video_call": _("a call from a company account, or with the camera on"),
    "company_card": _("a company card or badge"),
    "document": _("a contract, payslip or reference"),
    "other": _("something else"),
}
PAUSED_BECAUSE = {
    "team": _("somebody of the team paused it"),
    "taken_down": _("the letter was taken down"),
    "refused": _("twenty mailboxes in a row refused it"),
    "key_lost": _("the key that reads the addresses is not at hand"),
}
BY_RULE = {
    "approve": _("approve"),
    "reject": _("reject"),
    "set_aside": _("set aside"),
    "restore": _("take rejections back"),
}
ROLES = dict(Role.choices)
OUTCOMES = dict(Outcome.choices)
HELD_BACK_BECAUSE = dict(HeldBack.choices)

VERBS = {
    "letter.started": Verb(Kind.LETTER, _("Began the letter")),
    "letter.submitted": Verb(Kind.LETTER, _("Asked the host to let the letter appear")),
    "letter.submission_taken_back": Verb(Kind.LETTER, _("Took the letter back to write on")),
    "letter.returned": Verb(Kind.LETTER, _("Gave the letter back to its team, with a note")),
    "letter.published": Verb(Kind.LETTER, _("Published the letter")),
    "letter.text_published": Verb(Kind.LETTER, _("Published a version of the text")),
    "letter.rules_changed": Verb(Kind.LETTER, _("Changed the rules")),
    "letter.lists_changed": Verb(
        Kind.LETTER,
        ngettext_lazy(
            "Changed the lists to look twice by: %(number)d line",
            "Changed the lists to look twice by: %(number)d lines",
            "number",
        ),
    ),
    "letter.roll_listed": Verb(Kind.LETTER, _("Let search engines list the roll")),
    "letter.roll_unlisted": Verb(Kind.LETTER, _("Asked search engines to leave the roll out")),
    "letter.prominent_ordered": Verb(Kind.LETTER, _("Put the names shown first into order")),
    "signature.asked_to_stand_out": Verb(Kind.LETTER, _("Asked somebody to be shown first")),
    "signature.taken_from_top": Verb(Kind.LETTER, _("Took a name away from those shown first")),
    "letter.asked_to_go_public": Verb(Kind.LETTER, _("Announced that the letter becomes public")),
    "letter.stays_internal": Verb(Kind.LETTER, _("Decided that the letter stays internal")),
    "letter.became_public": Verb(Kind.LETTER, _("The letter became public")),
    "letter.closed": Verb(Kind.LETTER, _("Closed the letter")),
    "letter.reopened": Verb(Kind.LETTER, _("Reopened the letter")),
    "letter.sealed": Verb(Kind.LETTER, _("Sealed the letter")),
    "letter.taken_down": Verb(Kind.LETTER, _("Took the letter down")),
    "letter.put_back": Verb(Kind.LETTER, _("Put the letter back")),
    "letter.paused": Verb(Kind.LETTER, _("Paused signing")),
    "letter.resumed": Verb(Kind.LETTER, _("Let signing go on")),
    "letter.check_always": Verb(Kind.LETTER, _("Had every browser asked for the check")),
    "letter.check_under_pressure": Verb(
        Kind.LETTER, _("Had browsers asked for the check under pressure only")
    ),
    "site.paused": Verb(Kind.LETTER, _("Paused signing on the whole site")),
    "site.resumed": Verb(Kind.LETTER, _("Let signing go on, on the whole site")),
    "letter.planned": Verb(Kind.LETTER, _("Chose the time at which the draft appears")),
    "letter.plan_approved": Verb(Kind.LETTER, _("Let the draft appear at the chosen time")),
    "letter.plan_dropped": Verb(Kind.LETTER, _("Took the chosen time back")),
    "letter.held_back": Verb(
        Kind.LETTER, _("The draft did not appear at the chosen time"), HELD_BACK_BECAUSE
    ),
    "letter.deleted": Verb(Kind.LETTER, _("Deleted a letter that never appeared")),
    "letter.batch_published": Verb(
        Kind.BATCHES,
        ngettext_lazy(
            "%(number)d signature without a name came with a batch",
            "%(number)d signatures without a name came with a batch",
            "number",
        ),
    ),
    "letter.update_posted": Verb(Kind.UPDATES, _("Posted an update")),
    "letter.update_edited": Verb(Kind.UPDATES, _("Edited an update")),
    "letter.update_deleted": Verb(Kind.UPDATES, _("Deleted an update")),
    "mailing.scheduled": Verb(Kind.UPDATES, _("Decided to mail an update")),
    "mailing.taken_back": Verb(
        Kind.UPDATES,
        _("Decided not to mail an update"),
        {"not_owner": _("who had decided to mail it owns the letter no more")},
    ),
    "mailing.started": Verb(Kind.UPDATES, _("An update begins to leave by mail")),
    "mailing.paused": Verb(Kind.UPDATES, _("The mailing of an update waits"), PAUSED_BECAUSE),
    "mailing.resumed": Verb(Kind.UPDATES, _("Had the mailing of an update go on")),
    "mailing.cancelled": Verb(Kind.UPDATES, _("Ended the mailing of an update")),
    "mailing.done": Verb(Kind.UPDATES, _("An update has left by mail")),
    "letter.exported": Verb(Kind.LETTER, _("Took the roll, the numbers or the letter along")),
    "import.begun": Verb(
        Kind.INVITED,
        ngettext_lazy(
            "Brought a list with %(number)d row",
            "Brought a list with %(number)d rows",
            "number",
        ),
    ),
    "import.started": Verb(
        Kind.INVITED,
        ngettext_lazy(
            "Had %(number)d person of a list invited",
            "Had %(number)d people of a list invited",
            "number",
        ),
    ),
    "import.paused": Verb(
        Kind.INVITED,
        _("The invitations of a list wait"),
        {
            "letter": _("the letter takes no signatures by name now"),
            "refused": _("most mailboxes refused the message"),
        },
    ),
    "import.resumed": Verb(Kind.INVITED, _("Had the invitations of a list go on")),
    "import.cancelled": Verb(Kind.INVITED, _("Had a list erased, with its invitations")),
    "letter.recipients_set": Verb(Kind.RECIPIENTS, _("Changed the recipients")),
    "letter.response_recorded": Verb(
        Kind.RECIPIENTS, _("Recorded a recipient’s response"), OUTCOMES
    ),
    "letter.response_deleted": Verb(Kind.RECIPIENTS, _("Deleted a recipient’s response")),
    "signature.approved": Verb(Kind.ENTRIES, _("Approved an entry"), SHOWN_BY),
    "signature.taken_back": Verb(
        Kind.ENTRIES,
        _("Took a decision about an entry back"),
        {"off_roll": _("the line left the roll")},
    ),
    "signature.rejected": Verb(Kind.ENTRIES, _("Rejected an entry"), REJECTED_BECAUSE),
    "signature.set_aside": Verb(Kind.ENTRIES, _("Set an entry aside")),
    "signature.taken_up": Verb(Kind.ENTRIES, _("Took up an entry that was set aside")),
    "signature.reported": Verb(Kind.ENTRIES, _("A reader reported a line"), REPORTED_AS),
    "signature.kept": Verb(Kind.ENTRIES, _("Let a decision stand that somebody asked about")),
    "bulk.started": Verb(
        Kind.ENTRIES,
        ngettext_lazy(
            "Began to decide %(number)d entry by a rule",
            "Began to decide %(number)d entries by a rule",
            "number",
        ),
        BY_RULE,
    ),
    "bulk.cancelled": Verb(
        Kind.ENTRIES, _("Stopped deciding entries by a rule, in the middle"), BY_RULE
    ),
    "bulk.undone": Verb(
        Kind.ENTRIES,
        ngettext_lazy(
            "Took back what a rule decided about %(number)d entry",
            "Took back what a rule decided about %(number)d entries",
            "number",
        ),
        BY_RULE,
    ),
    "rejections.taken_back": Verb(
        Kind.ENTRIES,
        ngettext_lazy(
            "Took %(number)d entry back that one person had taken out",
            "Took %(number)d entries back that one person had taken out",
            "number",
        ),
    ),
    "signature.shown": Verb(Kind.ENTRIES, _("Was shown where a signatory works"), SHOWN_BY),
    "signature.shown_taken_back": Verb(Kind.ENTRIES, _("Took back that something was shown")),
    "team.invited": Verb(Kind.TEAM, _("Made an invitation to the team"), ROLES),
    "team.invitation_taken_back": Verb(Kind.TEAM, _("Took an invitation to the team back")),
    "team.joined": Verb(Kind.TEAM, _("Joined the team"), ROLES),
    "team.left": Verb(Kind.TEAM, _("Left the team"), ROLES),
    "team.removed": Verb(Kind.TEAM, _("Removed somebody from the team"), ROLES),
    "team.role_given": Verb(Kind.TEAM, _("Gave somebody a role"), ROLES),
    "team.role_taken": Verb(Kind.TEAM, _("Took somebody’s role away"), ROLES),
    "account.invited": Verb(Kind.TEAM, _("Invited somebody to make an account")),
    "account.invitation_taken_back": Verb(Kind.TEAM, _("Took an invitation to the site back")),
    "account.signed_up": Verb(Kind.TEAM, _("Somebody made an account")),
    "account.rights_changed": Verb(Kind.TEAM, _("Changed what an account may do")),
    "account.renamed": Verb(Kind.TEAM, _("Renamed an account")),
    "account.deleted": Verb(Kind.TEAM, _("Deleted an account")),
    "account.recovery_offered": Verb(Kind.TEAM, _("Offered somebody a new way into an account")),
    "account.recovered": Verb(Kind.TEAM, _("Somebody entered an account by a new way")),
    "proposal.accepted": Verb(Kind.DIRECTORY, _("Listed an organisation that somebody named")),
    "proposal.merged": Verb(Kind.DIRECTORY, _("Listed another spelling of an organisation")),
    "proposal.refused": Verb(Kind.DIRECTORY, _("Refused to list a name as an organisation")),
    "organisation.added": Verb(Kind.DIRECTORY, _("Added an organisation")),
    "organisation.changed": Verb(Kind.DIRECTORY, _("Changed an organisation")),
    "organisation.merged": Verb(Kind.DIRECTORY, _("Merged two organisations")),
    "organisation.withdrawn": Verb(Kind.DIRECTORY, _("Withdrew an organisation")),
    "organisation.listed_again": Verb(Kind.DIRECTORY, _("Listed an organisation again")),
    "directory.imported": Verb(
        Kind.DIRECTORY,
        ngettext_lazy(
            "Read %(number)d organisation from a file",
            "Read %(number)d organisations from a file",
            "number",
        ),
    ),
    "keys.day_key_lost": Verb(Kind.KEYS, _("A key of the day was lost, and entries with it")),
}
USER = "user:"
SIGNATURE = "signature:"


@dataclass(frozen=True)
class Line:
    """One entry as it reads. `about` is an id or code, or the name of an account on a team."""

    pk: int
    day: date
    verb: str
    words: str
    reason: str
    actor: str
    about: str


def in_words(entry: AuditEntry) -> str:
    """What was done, without who did it."""
    verb = VERBS.get(entry.verb)
    return str(verb.words % {"number": entry.number}) if verb else entry.verb


def reason_in_words(entry: AuditEntry) -> str:
    verb = VERBS.get(entry.verb)
    return str(verb.reasons.get(entry.reason, entry.reason)) if verb else entry.reason


def verbs_about(kind: str) -> list[str]:
    return [name for name, verb in VERBS.items() if verb.kind == kind]


def lines_of(entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries in words; accounts that they are about are looked up in one query."""
    entries = list(entries)
    names = _names_of_accounts(entries)
    return [
        Line(
            pk=entry.pk,
            day=entry.recorded_on,
            verb=entry.verb,
            words=in_words(entry),
            reason=reason_in_words(entry),
            actor=entry.actor.username if entry.actor else "",
            about=names.get(entry.target, about(entry)),
        )
        for entry in entries
    ]


def about(entry: AuditEntry) -> str:
    """Its id or code; of a signature only for those who decide about it (`_known`). With the id
    anybody on the team could join complaint, reason and proof to a name on the roll."""
    is_of_signature = entry.target.startswith(SIGNATURE)
    return "" if is_of_signature and not getattr(entry, "is_decided_here", False) else entry.target


def _names_of_accounts(entries: list[AuditEntry]) -> dict[str, str]:
    numbers = {e.target.removeprefix(USER) for e in entries if e.target.startswith(USER)}
    found = User.objects.filter(pk__in=[int(one) for one in numbers if one.isdecimal()])
    return {f"{USER}{pk}": name for pk, name in found.values_list("pk", "username")}


def entries_of(letter: Letter, *, kind: str = "", person: str = "") -> QuerySet[AuditEntry]:
    """The letter's trail, the newest first; by what it is about, and by who did it."""
    entries = letter.audit_entries.select_related("actor").order_by("-recorded_on", "-pk")
    if kind:
        entries = entries.filter(verb__in=verbs_about(kind))
    if person == NOBODY:
        return entries.filter(actor__isnull=True)
    return entries.filter(actor=int(person)) if person else entries


def entries_known_to(reader: User, letter: Letter, **wish: str) -> QuerySet[AuditEntry]:
    """As `entries_of`, without today's decisions about entries where the reader decides none.

    A decision after which no name appears was about an anonymous entry. Whoever looks again and
    again would see at what time one was there; those who decide see their queue anyway.
    """
    entries = _known(reader, entries_of(letter, **wish))
    if moderated_by(reader).filter(pk=letter.pk).exists():
        return entries
    decisions = verbs_about(Kind.ENTRIES)
    return entries.exclude(verb__in=decisions, recorded_on__gte=timezone.localdate())


def known_to(reader: User, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """The same for the entries of several letters; who is no host reads those of own teams."""
    entries = _known(reader, entries)
    if reader.is_active and reader.is_superuser:
        return entries
    own = entries.filter(letter__in=read_by(reader))
    todays = models.Q(verb__in=verbs_about(Kind.ENTRIES), recorded_on__gte=timezone.localdate())
    return own.exclude(todays & ~models.Q(letter__in=moderated_by(reader)))


def _known(reader: User, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """With a mark at those of letters whose entries the reader decides."""
    own = moderated_by(reader).filter(pk=models.OuterRef("letter"))
    return entries.annotate(is_decided_here=models.Exists(own))


def before(entries: QuerySet[AuditEntry], entry: AuditEntry) -> QuerySet[AuditEntry]:
    """Those that come after `entry` in a trail that begins with the newest."""
    day = entry.recorded_on
    earlier = models.Q(recorded_on__lt=day) | models.Q(recorded_on=day, pk__lt=entry.pk)
    return entries.filter(earlier, recorded_on__lte=day)  # The last condition finds the place.


def people_of(letter: Letter) -> QuerySet[User]:
    """The accounts that did something for this letter, asked one by one through an index: the
    trail of a large letter has a million entries, and few people."""
    own = letter.audit_entries.filter(actor=models.OuterRef("pk")).order_by()
    return User.objects.filter(models.Exists(own)).order_by("username")
