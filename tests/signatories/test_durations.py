"""The table of durations: it quotes the settings, and the page shows all of it."""

import pytest

from signatories import durations


def test_table_says_what_is_kept_how_long(settings):
    settings.BATCH_INTERVAL = "daily"

    assert durations.table() == [
        ("A code", "30 minutes after it was sent; a mailbox gets at most 5 a day"),
        (
            "The address of an anonymous entry",
            "confirmation; without one, at most 24 hours",
        ),
        ("The address of an entry by name", "confirmation; without one, at most 72 hours"),
        (
            "An address typed for anything else",
            "the code is typed; without that, at most 24 hours",
        ),
        ("An address after confirmation", "not kept"),
        (
            "A keyed digest of the address, so that nobody signs twice",
            "until the letter is sealed; on a signature by name, until it is withdrawn",
        ),
        (
            "The letter’s key, under which digests are made",
            "until the letter is sealed: 30 days after it closed, or before that by its owner",
        ),
        ("Your signature", "until you withdraw it"),
        ("An anonymous line that was withdrawn", "the next batch, at most 36 hours later"),
        (
            "A name that was to replace an anonymous line",
            "confirmation; without one, at most 24 hours",
        ),
        ("A second entry under an address that has signed", "30 days"),
        ("The name of a rejected entry", "30 days, for an objection, and as many again after one"),
        (
            "A subscription to updates, with its address",
            "until you unsubscribe, or the letter is sealed",
        ),
        ("A link that you gave to a colleague", "used or taken back, at most 7 days"),
        (
            "A name and address that organisers brought, to invite you",
            "answered or taken back, at most 72 hours after the file came",
        ),
        (
            "A keyed digest of a mailbox that was invited",
            "at most 30 days; until the letter is sealed, if you want no other invitation",
        ),
        (
            "A scrambled form of your network, against floods of false entries",
            "in memory only, at most 24 hours",
        ),
        ("What moderators decided, and the public numbers", "for good; no names in them"),
    ]


@pytest.mark.parametrize(
    ("setting", "value", "quoted"),
    [
        ("CODE_MINUTES", 17, "17 minutes after it was sent"),
        ("SEALING_DAYS", 23, "sealed: 23 days after it closed"),
        ("BATCH_INTERVAL", "3601", "the next batch, at most 2 hours later"),
        ("UNCONFIRMED_NAMED_HOURS", 19, "without one, at most 19 hours"),
        ("DUPLICATE_DAYS", 20, "20 days"),
        ("VOUCH_DAYS", 8, "used or taken back, at most 8 days"),
        ("INVITED_DAYS", 24, "24 days; until the letter is sealed"),
        ("REJECTED_DAYS", 21, "21 days, for an objection, and as many again after one"),
        ("RATE_LIMITS", {"code:mailbox": "22/d"}, "a mailbox gets at most 22 a day"),
    ],
)
def test_table_quotes_the_settings(settings, setting, value, quoted):
    assert not [row for row in durations.table() if quoted in row[1]]

    setattr(settings, setting, value)

    assert len([row for row in durations.table() if quoted in row[1]]) == 1


def test_table_quotes_the_hours_of_an_anonymous_entry_wherever_they_apply(settings):
    settings.UNCONFIRMED_ANONYMOUS_HOURS = 18

    assert len([row for row in durations.table() if "at most 18 hours" in row[1]]) == 3


def test_keys_of_the_day_outlive_what_they_encrypt_and_no_more(settings):
    # An entry of the last second of a day is kept to its end; its key began with the day.
    kept = {
        "anonymous": settings.UNCONFIRMED_ANONYMOUS_HOURS,
        "named": settings.UNCONFIRMED_NAMED_HOURS,
    }

    assert {kind: hours + 24 for kind, hours in kept.items()} == settings.KEY_HOURS


@pytest.mark.django_db
def test_page_how_it_works_shows_the_whole_table(client):
    page = client.get("/how-it-works/").content.decode()

    for what, kept in durations.table():
        assert what in page
        assert kept in page
