"""What must happen once happens once, however many processes try at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("number", [10, pytest.param(50, marks=pytest.mark.services)])
def test_confirm_many_spellings_of_one_address_at_once_counts_one(stack, number):
    mailbox = f"tobias.juniper{number}"
    addresses = [f"{mailbox}+{n}@gmail.com" for n in range(number // 2)]
    addresses += [dotted(mailbox, n) + "@googlemail.com" for n in range(number - number // 2)]
    used_before = stack.one("SELECT COUNT(*) FROM signatories_usedaddress")
    name = f"Tobias Juniper {number}"
    with ExitStack() as open_ones:
        visitors = [open_ones.enter_context(stack.visitor()) for _address in addresses]
        pages = [
            visitor.sign(name=name, email=address, organisation="")
            for visitor, address in zip(visitors, addresses, strict=True)
        ]
        codes = [stack.sink.wait_for(address).code for address in addresses]
        start = threading.Barrier(number)

        def confirm(visitor, page, code):
            start.wait(60)
            return visitor.type_code(page, code)

        with ThreadPoolExecutor(number) as at_once:
            receipts = list(at_once.map(confirm, visitors, pages, codes))

    assert [receipt.status_code for receipt in receipts] == [200] * number
    assert all("You have signed" in receipt.text for receipt in receipts)
    states = [
        state
        for (state,) in stack.ask("SELECT state FROM signatories_signature WHERE name = ?", name)
    ]
    assert sorted(states) == ["duplicate"] * (number - 1) + ["in_review"]
    assert stack.one("SELECT COUNT(*) FROM signatories_usedaddress") == used_before + 1


def dotted(mailbox, number):
    """Another spelling of a Gmail mailbox for each number: dots between its letters."""
    bare = mailbox.replace(".", "")
    return "".join(
        letter + ("." if number >> place & 1 and place < len(bare) - 1 else "")
        for place, letter in enumerate(bare)
    )


def test_confirm_by_pressing_often_gives_one_signature_and_one_receipt(stack):
    presses, entries = 4, 5
    for entry in range(entries):
        name, email = f"Tarquin Oakapple {entry}", f"t{entry}.oakapple@google.com"
        with stack.visitor() as visitor:
            page = visitor.sign(name=name, email=email)
            code = stack.sink.wait_for(email).code
            start = threading.Barrier(presses)

            def confirm(_press, visitor=visitor, page=page, code=code, start=start):
                start.wait(60)
                return visitor.type_code(page, code)

            with ThreadPoolExecutor(presses) as at_once:
                receipts = list(at_once.map(confirm, range(presses)))

        assert [receipt.status_code for receipt in receipts] == [200] * presses
        assert len({receipt.url for receipt in receipts}) == 1
    states = "SELECT state FROM signatories_signature WHERE name LIKE 'Tarquin Oakapple%'"
    assert stack.ask(states) == [("in_review",)] * entries


PREPARE_BATCH = """
from django.utils import timezone
from letters.models import Letter, Organisation
from signatories.actions import batches
from signatories.models import Appearance, Method, Signature, State, Tally, Tenure

letter = Letter.objects.get(slug="iceout-tech")
today = timezone.localdate()
Signature.objects.bulk_create(
    Signature(
        letter=letter, version=letter.current_version, appearance=Appearance.ANONYMOUS,
        state=State.APPROVED, organisation=Organisation.objects.get(slug="mozilla"),
        method=Method.MAILBOX, tenure=Tenure.CURRENT, submitted_on=today, confirmed_on=today,
    )
    for _number in range(40)
)
batches.start_tally(letter)
Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
"""

MOVE_BATCH = """
from datetime import datetime
from letters.models import Letter
from signatories.actions import batches

letter = Letter.objects.get(slug="iceout-tech")
now = datetime.fromisoformat(line)
print(batches.publish_batch(letter=letter, now=now))
"""

# Other tests may have left some under the same letter.
WAITING = (
    "SELECT COUNT(*) FROM signatories_signature s JOIN letters_letter l ON l.id = s.letter_id "
    "WHERE l.slug = 'iceout-tech' AND s.state = 'approved' AND s.appearance = 'anonymous'"
)
MOZILLA = (
    "SELECT COUNT(*), COUNT(DISTINCT s.id), COUNT(DISTINCT s.roll_key) "
    "FROM signatories_signature s JOIN letters_organisation o ON o.id = s.organisation_id "
    "WHERE o.slug = 'mozilla' AND s.state = 'published'"
)


@pytest.mark.parametrize("hours_apart", [0, 100])
def test_publish_two_batches_at_once_moves_every_line_once(stack, hours_apart):
    """Of two that see the same batch due one moves it; of two due ones the second is empty."""
    [[before, _keys, _places]] = stack.ask(MOZILLA)
    now = datetime.now(UTC) + timedelta(hours=1)
    moments = [now.isoformat(), (now + timedelta(hours=hours_apart)).isoformat()]
    stack.clock.kill()
    stack.worker.kill()  # It would move the batch, told to before the clock ended.
    try:
        [[waiting]] = stack.ask(WAITING)
        stack.python(PREPARE_BATCH)
        answers = stack.python_at_once(MOVE_BATCH, moments)
    finally:
        stack.worker.start()
        stack.clock.start()

    all_of_them = str(waiting + 40)
    assert sorted(answers) in (
        [[all_of_them, "None"]] if not hours_apart else [["0", all_of_them], [all_of_them, "None"]]
    )
    lines = before + 40
    assert stack.ask(MOZILLA) == [(lines, lines, lines)]
