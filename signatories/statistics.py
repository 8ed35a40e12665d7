"""Every public number, and the rule that keeps small groups out of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from letters.models import Letter, LetterVersion, Organisation
from letters.models.organisation import HeadcountBand
from signatories import decisions
from signatories.models import (
    NAMELESS,
    Appearance,
    Departure,
    Fate,
    Method,
    Signature,
    State,
    Tally,
)
from signatories.models.selecting import SignatureQuerySet
from signatories.models.tally import DepartureQuerySet

# Where the headcount is known, a group hides among at least so many times its minimum.
HEADCOUNT_FACTOR = 10
NONE_OF_THEM = Q(pk__in=[])
BATCH_SIZE = 500


# Small groups -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What the anonymous lines of one organisation show beside its name."""

    tenure: bool
    role: bool


# How many anonymous lines that rest on a mailbox, or were shown to a moderator, there are of each
# (tenure, role) that occurs among all verified ones.
Group = Mapping[tuple[str, str], int]


def what_shows(
    group: Group, minimum: int, headcount_band: str = "", mailboxes: int | None = None
) -> Shown | None:
    """What one organisation's verified anonymous lines under one letter may show.

    None, not even the organisation, where fewer than `minimum` that rest on a mailbox stand
    there. The
    tenure or role shows only where *every* value that occurs among them has the minimum,
    both only where every combination has. Where the headcount is known, the group must
    hide among at least ten times the minimum. Parents never sum.
    """
    if mailboxes is None:
        mailboxes = sum(group.values())
    if mailboxes < minimum or _is_too_small(headcount_band, minimum):
        return None
    tenures: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for (tenure, role), number in group.items():
        tenures[tenure] += number
        roles[role] += number
    shows_tenure = min(tenures.values()) >= minimum
    shows_role = min(roles.values()) >= minimum
    if shows_tenure and shows_role and min(group.values()) < minimum:
        shows_role = False
    return Shown(tenure=shows_tenure, role=shows_role)


def _is_too_small(headcount_band: str, minimum: int) -> bool:
    headcount = HeadcountBand(headcount_band).at_least
    return headcount is not None and headcount < HEADCOUNT_FACTOR * minimum


def decide_what_shows(letter: Letter) -> None:
    """Set the `shown_…` fields of all anonymous lines on a letter's roll, by `what_shows`.

    The lines of a merged organisation are groups of their own (`actions.regrouping`), each
    decided by itself. Those of a withdrawn organisation do not show it.
    """
    lines = letter.signatures.on_roll().anonymous()
    deciding: dict[tuple[int, Shown], list[int]] = {}
    showing: dict[int, list[int]] = {number: [] for number in _numbers_of_groups(lines)}
    for (organisation, number), (band, group, mailboxes) in _groups(lines).items():
        shown = what_shows(group, letter.minimum_group_size, band, mailboxes)
        if shown:
            deciding.setdefault((number, shown), []).append(organisation)
            showing[number].append(organisation)
    for number, organisations in showing.items():
        hidden = lines.filter(group=number).exclude(organisation__in=organisations)
        hidden.filter(shown_organisation__isnull=False).update(
            shown_organisation=None, shown_tenure="", shown_role=""
        )
    for (number, shown), organisations in deciding.items():
        particulars = {
            "shown_tenure": F("tenure") if shown.tenure else "",
            "shown_role": F("role") if shown.role else "",
            "has_been_shown": True,
        }
        lines.filter(group=number, organisation__in=organisations).exclude(
            shown_organisation__isnull=False, **particulars
        ).update(shown_organisation=F("organisation"), **particulars)


def _numbers_of_groups(lines: SignatureQuerySet) -> list[int]:
    return list(lines.order_by().values_list("group", flat=True).distinct())


def _groups(
    lines: SignatureQuerySet,
) -> dict[tuple[int, int], tuple[str, dict[tuple[str, str], int], int]]:
    """For each organisation with verified lines, and each group of them: its headcount band, the
    group, and how many of its lines rest on a mailbox.

    Vouched lines count nowhere, but a value that occurs among them has to have its minimum
    without them.
    """
    groups: dict[tuple[int, int], tuple[str, dict[tuple[str, str], int], int]] = {}
    rows = (
        lines.verified()
        .filter(organisation__withdrawn_on__isnull=True)
        .values_list("organisation", "group", "organisation__headcount_band", "tenure", "role")
        .annotate(
            checked=Count("pk", filter=~Q(method=Method.VOUCH)),
            mailboxes=Count("pk", filter=Q(method=Method.MAILBOX)),
        )
        .order_by()
    )
    for organisation, number, band, tenure, role, checked, mailboxes in rows:
        _band, group, before = groups.get((organisation, number), (band, {}, 0))
        counted = {**group, (tenure, role): checked}
        groups[organisation, number] = (band, counted, before + mailboxes)
    return groups


def holds_back(letter: Letter, appearance: str, arriving: int = 0) -> bool:
    """Whether the signatures without a name that appear so would themselves be a small group.

    Under a letter of one organisation everybody is of that organisation, whatever a line
    shows: below the minimum there is no line, and no number that includes one. Nor is there a
    number of those who are counted without a line: who subtracted the lines would have it. Only
    signatures that rest on a mailbox fill the minimum; the others wait with them.
    """
    organisations = letter.organisations.all()[:2]
    if len(organisations) != 1:
        return False
    minimum = letter.minimum_group_size
    standing = letter.signatures.standing().appearing(appearance).approved()
    number = standing.by_mailbox().count() + arriving
    return number < minimum or _is_too_small(organisations[0].headcount_band, minimum)


def told_by_elimination(letter: Letter, lines: SignatureQuerySet) -> Q:
    """Which of these anonymous lines whose organisation everybody could work out, though they do
    not show it: under a letter that only people of known organisations sign, it is none of those
    that show.

    So lines that would be hidden stand only together: where as many as the minimum rest on
    mailboxes, of more than one organisation.
    """
    if not letter.is_for_organisations:
        return NONE_OF_THEM
    minimum = letter.minimum_group_size
    showing = NONE_OF_THEM
    lines = lines.appearing(Appearance.ANONYMOUS)
    for (organisation, number), (band, group, mailboxes) in _groups(lines).items():
        if what_shows(group, minimum, band, mailboxes):
            showing |= Q(organisation=organisation, group=number)
    hidden = lines.exclude(showing)
    of_mailboxes = hidden.by_mailbox().order_by().values_list("organisation", flat=True)
    are_enough = of_mailboxes.count() >= minimum and of_mailboxes.distinct().count() > 1
    return NONE_OF_THEM if are_enough else ~showing & Q(appearance=Appearance.ANONYMOUS)


# Counting -------------------------------------------------------------------------------------


def count_by_organisation(letter: Letter, appearance: str) -> dict[str, int]:
    """Verified lines on the roll by the organisation they show: id as a string → number."""
    rows = (
        letter.signatures.on_roll()
        .filter(appearance=appearance, shown_organisation__isnull=False)
        .values_list("shown_organisation")
        .annotate(number=Count("pk"))
        .order_by()
    )
    return {str(organisation): number for organisation, number in rows}


def count_by_version(signatures: SignatureQuerySet) -> dict[str, int]:
    """Signatures by the version they are bound to: its number as a string → number."""
    versions = signatures.order_by().values_list("version__number")
    rows = versions.annotate(number=Count("pk"))
    return {str(version): number for version, number in rows}


def count_figures(letter: Letter) -> dict[str, Any]:
    """What was received and what became of it. Moves with a batch, because it includes
    anonymous signatures (except those that are held back, or wait for company)."""
    signatures, departures = letter.signatures.counted(), letter.departures.all()
    held_back = [one for one in NAMELESS if holds_back(letter, one)]
    signatures = signatures.not_appearing(held_back)
    departures = departures.not_appearing(held_back)
    states: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    rows = signatures.values_list("state", "reason").annotate(n=Count("pk"))
    for state, reason, number in rows.order_by():
        states[state] += number
        if reason:
            rejected[reason] += number
    methods = _count_methods(letter)
    gone = _count_departures(departures, rejected)
    present = sum(states.values())
    never_counted = states[State.UNCONFIRMED] + states[State.DUPLICATE]
    # A withdrawn line that waits to leave has its departure already.
    present -= states[State.WITHDRAWN]
    return {
        "received": present + sum(gone.values()),
        "confirmed": present - never_counted + gone[Fate.WITHDRAWN] + gone[Fate.REJECTED],
        "waiting": states[State.IN_REVIEW],
        "withdrawn": gone[Fate.WITHDRAWN],
        "median_days_to_decision": decisions.median_days(letter),
        "rejected": {reason: rejected[reason] for reason in sorted(rejected)},
        "by_method": {method: methods[method] for method in Method.values},
    }


def _count_methods(letter: Letter) -> Counter[str]:
    """How affiliations were checked of all that stand.

    A method on which fewer signatures without a name rest than the minimum is counted as a
    mailbox for them: that one line was vouched for would say whose colleague its signer is.
    """
    standing = letter.signatures.standing().approved()
    methods = _by_method(standing.named())
    for method, number in _by_method(standing.anonymous()).items():
        is_rare = method != Method.NONE and number < letter.minimum_group_size
        methods[Method.MAILBOX if is_rare else method] += number
    return methods


def _by_method(signatures: SignatureQuerySet) -> Counter[str]:
    rows = signatures.order_by().values_list("method").annotate(n=Count("pk"))
    return Counter(dict(rows))


def count_refused(letter: Letter) -> int:
    """Entries whose mailbox, or its owner, refused the code; as of a batch, like the figures."""
    shown = letter.departures.not_appearing([one for one in NAMELESS if holds_back(letter, one)])
    return _count_departures(shown, Counter())[Fate.REFUSED]


def _count_departures(departures: DepartureQuerySet, rejected: Counter[str]) -> Counter[str]:
    gone: Counter[str] = Counter()
    rows = departures.values_list("fate", "reason").annotate(n=Sum("number")).order_by()
    for fate, reason, number in rows:
        gone[fate] += number
        if fate == Fate.REJECTED:
            rejected[reason] += number
    return gone


def depart_from(signature: Signature, fate: str, reason: str = "") -> None:
    """Remember that a signature is gone, unless another one is counted for the same person."""
    if signature.replaces is None:
        depart(signature.letter_id, fate, signature.appearance, reason)


def depart(letter_id: int, fate: str, appearance: str, reason: str = "", number: int = 1) -> None:
    """Remember that `number` signatures are gone, and nothing else about them."""
    if number:
        Departure.objects.create(
            letter_id=letter_id, fate=fate, appearance=appearance, reason=reason, number=number
        )


def fold_departures(letter: Letter) -> None:
    """Add up the rows of the same kind; readers see the same sums before and after."""
    rows = list(letter.departures.select_for_update().order_by("pk"))
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        sums[row.fate, row.appearance, row.reason] += row.number
    if len(sums) == len(rows):
        return
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        letter.departures.filter(pk__in=[row.pk for row in batch]).delete()
    Departure.objects.bulk_create(
        Departure(letter=letter, fate=fate, appearance=appearance, reason=reason, number=number)
        for (fate, appearance, reason), number in sums.items()
    )


# Showing ---------------------------------------------------------------------------------------


def tally_of(letter: Letter) -> Tally:
    """The letter's stored numbers; zeros before the first count."""
    try:
        return letter.tally
    except Tally.DoesNotExist:
        now = timezone.now()
        return Tally(letter=letter, counted_on=now.date(), next_batch_at=now)


def sums_by_organisation(tally: Tally) -> Counter[str]:
    """Verified signatures shown for each organisation: its id as a string → number."""
    sums: Counter[str] = Counter(tally.named_by_organisation)
    sums.update(tally.anonymous_by_organisation)
    return sums


def by_organisation(tally: Tally) -> list[tuple[Organisation, int]]:
    """Verified signatures shown for each organisation, the largest first."""
    sums = sums_by_organisation(tally)
    organisations = Organisation.objects.in_bulk([int(pk) for pk in sums])
    found = [(organisations[int(pk)], n) for pk, n in sums.items() if int(pk) in organisations]
    return sorted(found, key=lambda row: (-row[1], row[0].name))


def by_method(tally: Tally) -> list[tuple[Method, int]]:
    """Signatures at the last batch by how their affiliation was checked; never per
    person, and methods that nobody used are left out."""
    counted = figures_of(tally)["by_method"]
    return [(Method(method), number) for method, number in counted.items() if number]


@dataclass(frozen=True)
class VersionCount:
    """How many signatures are bound to one version of the text."""

    version: LetterVersion
    number: int


def by_version(letter: Letter, tally: Tally) -> list[VersionCount]:
    """Every version of the letter's text, the newest first."""
    sums: Counter[str] = Counter(tally.named_by_version)
    sums.update(tally.anonymous_by_version)
    versions = letter.versions.order_by("-number")
    return [VersionCount(version, sums[str(version.number)]) for version in versions]


def public_statistics(letter: Letter) -> dict[str, Any]:
    """The document behind `stats.json`; `docs/api.md` describes its members."""
    tally = tally_of(letter)
    figures = figures_of(tally)
    return {
        "letter": letter.slug,
        "version": letter.current_version.number if letter.current_version else None,
        "text_sha256": letter.current_version.sha256 if letter.current_version else None,
        "counted_on": tally.counted_on.isoformat(),
        "last_batch_on": tally.last_batch_on.isoformat() if tally.last_batch_on else None,
        "minimum_group_size": letter.minimum_group_size,
        "published": {
            "total": tally.total,
            "named": tally.named,
            "anonymous": tally.anonymous,
            "counted": tally.without_line,
        },
        "as_of_last_batch": figures,
        "by_version": [
            {
                "version": count.version.number,
                "text_sha256": count.version.sha256,
                "published_on": count.version.published_on.isoformat(),
                "signatures": count.number,
            }
            for count in by_version(letter, tally)
        ],
        "verified_by_organisation": [
            {"organisation": organisation.slug, "name": organisation.name, "signatures": number}
            for organisation, number in by_organisation(tally)
        ],
    }


def figures_of(tally: Tally) -> dict[str, Any]:
    """The figures as of the last batch, also where an earlier release counted fewer of them.

    Published is what is confirmed and neither waits nor is gone.
    """
    figures = {**count_nothing(), **tally.figures}
    gone = figures["withdrawn"] + sum(figures["rejected"].values())
    return {**figures, "published": figures["confirmed"] - figures["waiting"] - gone}


def count_nothing() -> dict[str, Any]:
    return {
        "received": 0,
        "confirmed": 0,
        "published": 0,
        "waiting": 0,
        "withdrawn": 0,
        "median_days_to_decision": None,
        "rejected": {},
        "by_method": dict.fromkeys(Method.values, 0),
    }
