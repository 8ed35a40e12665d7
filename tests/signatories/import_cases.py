"""Rows of imports that break one constraint each."""

from datetime import UTC, date, datetime

from signatories.models import Import, ImportFault, ImportPart, Invited, InvitedMailbox
from tests.constraints import Case
from tests.factories import make_letter

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def an_import(**fields):
    values = {"head": b"ciphertext", "key_name": "2026-01-20.named", "rows_total": 5}
    return Import(**{"letter": make_letter(), "erase_after": NOW, **values, **fields})


def ready(**fields):
    return an_import(state="ready", head=None, rows_done=5, invited=3, **fields)


def saved(row):
    row.save(force_insert=True)
    return row


def second_import():
    first = saved(ready())
    return an_import(letter=first.letter, state="cancelled", head=None)


def part():
    return ImportPart(source=saved(an_import()), number=1, rows=1, content=b"ciphertext")


def second_part():
    first = saved(part())
    return ImportPart(source=first.source, number=2, rows=1, content=b"ciphertext")


def fault():
    return ImportFault(source=saved(ready()), row=2, fault="no_name")


def second_fault():
    first = saved(fault())
    return ImportFault(source=first.source, row=2, fault="title")


def invited():
    return Invited(source=saved(ready()), content=b"ciphertext", digest="b" * 64)


def second_invited():
    first = invited()
    first.digest = "a" * 64
    return Invited(source=saved(first).source, content=b"ciphertext", digest="b" * 64)


def mailbox(**fields):
    return InvitedMailbox(**{"letter": make_letter(), "digest": "b" * 64, **fields})


def second_mailbox():
    return mailbox(letter=saved(mailbox(digest="a" * 64)).letter)


def refusing():
    return mailbox(refuses=True, written_on=date(2026, 1, 20))


HEADS = "heads_are_kept_until_columns_are_chosen"
COUNTS = "imports_count_no_row_twice"

CASES = [
    Case("import_state_is_known", ready, {"state": "lost"}),
    Case("one_import_at_a_time", second_import, {"state": "reading"}),
    Case(HEADS, an_import, {"head": None}),
    Case(HEADS, ready, {"head": b"ciphertext"}),
    Case("imports_are_under_a_key", an_import, {"key_name": ""}),
    Case(COUNTS, an_import, {"rows_done": 6}),
    Case(COUNTS, ready, {"invited": 6}),
    Case(COUNTS, ready, {"sent": 2, "undeliverable": 2}),
    Case("invitations_wait_until_all_is_read", ready, {"rows_done": 4}),
    Case("parts_have_a_place_each", second_part, {"number": 1}),
    Case("importfault_fault_is_known", fault, {"fault": "ugly"}),
    Case("faults_are_said_once", second_fault, {"fault": "no_name"}),
    Case("one_invitation_per_mailbox_and_import", second_invited, {"digest": "a" * 64}),
    Case("invited_people_have_a_digest", invited, {"digest": ""}),
    Case("sent_invitations_have_a_link", invited, {"sent_at": NOW}),
    Case("one_invitation_per_mailbox_and_letter", second_mailbox, {"digest": "a" * 64}),
    Case("invited_mailboxes_are_digests", mailbox, {"digest": ""}),
    Case("who_refuses_was_written_to", refusing, {"written_on": None}),
]
