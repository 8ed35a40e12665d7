"""Importing: from a spreadsheet to invitations that leave one by one.

Nobody appears by any of this: each person who is invited signs, or does not. And nothing here
looks whether a mailbox has signed already.
"""

import json
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, keys
from config.celery import enqueue
from letters.actions import NotAllowed, audit
from letters.models import Letter, User
from letters.permissions import owned_by
from signatories import addresses, tasks
from signatories.columns import Mapping, Names, Person, Read, read_row
from signatories.models import (
    ENDED,
    Appearance,
    Fault,
    Import,
    ImportFault,
    ImportPart,
    ImportState,
    Invited,
    InvitedMailbox,
)
from signatories.spreadsheets import Row, Table
from signatories.verification import invitation

PART = 500


# For organisers -----------------------------------------------------------------------------


@transaction.atomic
def begin(*, letter: Letter, table: Table, actor: User) -> Import:
    """Keep a spreadsheet, encrypted, until it is read. Raises `NotAllowed`.

    The lock keeps out whoever seals the letter: a file that came just then would be read, and make
    a new key for a letter whose key is destroyed.
    """
    letter = _owned(letter, actor, Letter.objects.select_for_update(no_key=True))
    if refusal := invitation.why_not(letter):
        raise NotAllowed(refusal)
    now = timezone.now()
    key_name, key = addresses.key_of_the_day(Appearance.NAMED)
    try:
        with transaction.atomic():
            source = Import.objects.create(
                letter=letter,
                head=_packed(table.heads, key),
                key_name=key_name,
                rows_total=len(table.rows),
                erase_after=now + timedelta(hours=settings.UNCONFIRMED_NAMED_HOURS),
            )
    except IntegrityError:  # The constraint `one_import_at_a_time`.
        raise NotAllowed(_("Another import of this letter is not finished yet.")) from None
    ImportPart.objects.bulk_create(
        ImportPart(source=source, number=place, rows=len(rows), content=_packed(rows, key))
        for place, rows in enumerate(_in_parts(table.rows))
    )
    audit(verb="import.begun", actor=actor, letter=letter, target=source.pk, number=len(table.rows))
    return source


@transaction.atomic
def choose_columns(*, source: Import, mapping: Mapping, actor: User) -> None:
    """Say which columns hold what, and have the rows read. Twice is once."""
    _owned(source.letter, actor)
    if _move(source, [ImportState.MAPPING], ImportState.READING, mapping=mapping, head=None):
        enqueue(tasks.read_import, str(source.pk))


@transaction.atomic
def start(*, source: Import, actor: User) -> None:
    """Begin to send invitations; whoever does says that these people asked for it. Twice is once.

    Raises `NotAllowed`.
    """
    _may_send(source, actor)
    if _move(source, [ImportState.READY], ImportState.SENDING):
        audit(
            verb="import.started",
            actor=actor,
            letter=source.letter,
            target=source.pk,
            number=max(source.invited, 1),
        )


@transaction.atomic
def resume(*, source: Import, actor: User) -> None:
    """Go on sending. Twice is once. Raises `NotAllowed`."""
    _may_send(source, actor)
    if _move(source, [ImportState.PAUSED], ImportState.SENDING):
        _audit("import.resumed", source, actor)


def _may_send(source: Import, actor: User) -> None:
    refusal = invitation.why_not(_owned(source.letter, actor))
    if refusal:
        raise NotAllowed(refusal)


@transaction.atomic
def pause(*, source: Import, actor: User | None, reason: str = "") -> None:
    """Send nothing until somebody starts again. Twice is once."""
    if actor:
        _owned(source.letter, actor)
    if _move(source, [ImportState.SENDING], ImportState.PAUSED):
        _audit("import.paused", source, actor, reason)


@transaction.atomic
def cancel(*, source: Import, actor: User) -> None:
    """Erase everything of the file, and all invitations that nobody has answered: links that
    were sent stop working. The report stays. Twice is once."""
    _owned(source.letter, actor)
    unfinished = [one for one in ImportState if one not in ENDED]
    if _move(source, [*unfinished, ImportState.DONE], ImportState.CANCELLED, head=None):
        source.parts.all().delete()
        _erase_people(source)
        _audit("import.cancelled", source, actor)


def _owned(letter: Letter, actor: User, letters: QuerySet[Letter] | None = None) -> Letter:
    """The letter, fetched through what the owner may do, with its row locked if so wished."""
    letters = Letter.objects.all() if letters is None else letters
    found = letters.filter(pk=letter.pk, pk__in=owned_by(actor).values("pk")).first()
    if found is None:
        raise NotAllowed(_("Only owners of the letter invite people to sign it."))
    return found


def _move(source: Import, before: Iterable[str], state: str, **changes: Any) -> bool:
    """A conditional UPDATE: of two who press at once, one changes something."""
    same = Import.objects.in_state(*before).filter(pk=source.pk)
    return bool(same.update(state=state, **changes))


def _audit(verb: str, source: Import, actor: User | None, reason: str = "") -> None:
    audit(verb=verb, actor=actor, letter=source.letter, target=source.pk, reason=reason)


# Packing ------------------------------------------------------------------------------------


def _in_parts(rows: list[Row]) -> list[list[Row]]:
    return [rows[place : place + PART] for place in range(0, len(rows), PART)]


def _packed(content: object, key: bytes) -> bytes:
    return crypto.encrypt_under(key, zlib.compress(json.dumps(content).encode()))


def _unpacked(content: bytes | memoryview, key: bytes) -> Any:
    return json.loads(zlib.decompress(crypto.decrypt_under(key, bytes(content))))


def opening(source: Import) -> Table:
    """The heads and the first part of a file whose columns are to be chosen.

    Raises `keys.KeyLost` or `crypto.Unreadable`.
    """
    key = keys.read("day", source.key_name)
    part = source.parts.order_by("number").first()
    rows = _unpacked(part.content, key) if part else []
    heads = _unpacked(source.head, key) if source.head else []
    return Table(heads, [(number, cells) for number, cells in rows])


# Reading ------------------------------------------------------------------------------------


def unread(now: datetime) -> list[str]:
    """Ids of imports in mid-reading that nobody is at."""
    return [str(pk) for pk in Import.objects.to_be_read(now).values_list("pk", flat=True)]


@transaction.atomic
def read_part(*, import_id: str) -> bool:
    """Read the next part of a file, if there is one; return whether to come back.

    One transaction deletes the part, notes what is wrong with its rows, makes the invitations
    and counts: a crash repeats the part or finds it done. The UPDATE at the beginning keeps a
    second worker waiting until then.
    """
    reading = Import.objects.in_state(ImportState.READING).filter(pk=import_id)
    if not reading.update(claimed_at=timezone.now()):
        return False
    source = Import.objects.select_related("letter").get(pk=import_id)
    part = source.parts.order_by("number").first()
    if part is None:
        _move(source, [ImportState.READING], ImportState.READY, claimed_at=None)
        return False
    key = keys.read("day", source.key_name)
    names = Names()
    found = [read_row((row[0], row[1]), source.mapping) for row in _unpacked(part.content, key)]
    people = _invite(source, found, names, key)
    aliases = [one for one in people if names.as_listed(one) != one]
    close = [one for one in people if names.suggestion(one.organisation)]
    source.parts.filter(pk=part.pk).delete()
    Import.objects.filter(pk=source.pk).update(
        rows_done=F("rows_done") + part.rows,
        invited=F("invited") + len(people),
        aliases=F("aliases") + len(aliases),
        close_names=F("close_names") + len(close),
    )
    return True


def _invite(source: Import, found: list[Read], names: Names, key: bytes) -> list[Person]:
    """Make the invitations of a part, note the faults, and return who is invited."""
    faults = [(read.row, fault) for read in found if not read.person for fault in read.faults]
    readable = [(read, read.person) for read in found if read.person]
    digests = addresses.invited_digests(source.letter, (one.address for _read, one in readable))
    lately, refusing = _before(source, digests)
    own = set(source.people.filter(digest__in=digests).values_list("digest", flat=True))
    people: dict[str, Person] = {}
    for (read, person), digest in zip(readable, digests, strict=True):
        if digest in people or digest in own:
            faults.append((read.row, Fault.REPEATED))
        elif digest in lately:
            faults.append((read.row, Fault.INVITED))
        else:
            people[digest] = person
            faults += [(read.row, note) for note in read.faults]
    InvitedMailbox.objects.bulk_create(
        InvitedMailbox(letter=source.letter, digest=digest)
        for digest in people
        if digest not in refusing
    )
    Invited.objects.bulk_create(
        Invited(
            source=source,
            digest=digest,
            content=invitation.packed(names.as_listed(person), key),
        )
        for digest, person in people.items()
    )
    ImportFault.objects.bulk_create(
        ImportFault(source=source, row=row, fault=fault) for row, fault in faults
    )
    return list(people.values())


def _before(source: Import, digests: list[str]) -> tuple[set[str], set[str]]:
    """Mailboxes that were invited to this letter lately, and those that want no invitation though
    the last one is long ago. Who reads the report is not told who refuses: these are invited like
    any other, and no mail leaves (`invitation.send`)."""
    today = timezone.localdate()
    mailboxes = InvitedMailbox.objects.filter(letter=source.letter, digest__in=digests)
    mailboxes.expired(today).delete()
    refusing = set(mailboxes.written_long_ago(today).values_list("digest", flat=True))
    return set(mailboxes.values_list("digest", flat=True)) - refusing, refusing


# The end ------------------------------------------------------------------------------------


def look_after_sending() -> None:
    """Pause where the letter takes no entries by invitation now, and see what is done."""
    for source in Import.objects.in_state(ImportState.SENDING).select_related("letter"):
        if invitation.why_not(source.letter):
            pause(source=source, actor=None, reason="letter")
        elif not source.people.unsent().exists():
            _move(source, [ImportState.SENDING], ImportState.DONE)


@transaction.atomic
def erase(source: Import) -> None:
    """Everything of an import goes: file, invitations and report."""
    Import.objects.select_for_update().filter(pk=source.pk).first()
    _erase_people(source)
    source.delete()


def erase_all_of(letter: Letter) -> None:
    """The letter is sealed: nobody can sign it, and nothing of those who were asked stays."""
    for source in letter.imports.all():
        erase(source)
    letter.invited_mailboxes.all().delete()


def _erase_people(source: Import) -> None:
    """Whoever was not written to can be invited again."""
    reserved = InvitedMailbox.objects.reserved().filter(letter=source.letter)
    reserved.filter(digest__in=source.people.values("digest")).delete()
    source.people.all().delete()
