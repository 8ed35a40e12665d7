"""What is stored because somebody decides about entries."""

from django.utils.translation import gettext as _

from signatories.inventory.entry import Entry, of, sentence


def your_entry(until: dict[str, str]) -> list[Entry]:
    """What stands beside one entry."""
    signature = "signatories.Signature"
    return [
        Entry(
            title=_("What became of your entry"),
            what=_(
                "Whether it waits, stands on the roll or was rejected, on which day and why, with "
                "a note of the moderator if there is one; and, if readers reported your line and "
                "it was left standing, for what and on which day."
            ),
            seen_by=_(
                "You, and the letter’s moderators. Of an anonymous entry you see only whether it "
                "was rejected, when and why."
            ),
            kept_until=_(
                "As long as the signature. Rejected: %(rejected)s. A second entry: %(duplicate)s."
            )
            % {"rejected": until["rejected"], "duplicate": until["duplicate"]},
            protected=_("A second entry under one address looks like a first one, also to you."),
            fields=of(signature, "state rejected_on reason note kept_despite kept_on"),
        ),
        Entry(
            title=_("What moderators did with it before"),
            what=_(
                "Whether your entry was set aside for later, and on which day; of a rejected entry "
                "whether it had been approved before; of a name whether it has been decided before."
            ),
            seen_by=_("The letter’s moderators."),
            kept_until=_("As long as the signature; that it was set aside, until it is decided."),
            protected=_(
                "Not even your own page tells it: a second entry under your address has none, so "
                "whoever reads your mailbox could learn from it whether you had signed."
            ),
            fields=of(signature, "set_aside_on was_approved was_decided"),
        ),
        Entry(
            title=_("Your objection"),
            what=_(
                "If you object to a rejection: the day, and what you write about it. Of an "
                "anonymous entry the day only."
            ),
            seen_by=_("You, and the letter’s moderators."),
            kept_until=_(
                "What you write: until somebody has decided about it. The day: as long as the "
                "rejected entry. Without a decision: %(rejected)s."
            )
            % {"rejected": until["rejected"]},
            protected=_("A rule in the database refuses words on an anonymous entry."),
            fields=of(signature, "objection objected_on"),
        ),
        Entry(
            title=_("What made somebody look twice"),
            what=_(
                "That your words or your mailbox gave reason to look twice: a name that stands "
                "there already or is well known, a listed word, a throw-away mailbox, many entries "
                "from one network at once, that it is at another organisation than you named, a "
                "report by a reader, or your objection. Of an anonymous entry only the kind of "
                "reason. Also your name without capitals and accents, by which it is compared."
            ),
            seen_by=_("The letter’s moderators."),
            kept_until=_(
                "As long as the signature; what a decision answers goes with the decision. Of an "
                "anonymous entry: until it is decided."
            ),
            protected=_("It never decides by itself, and names no address and no network."),
            fields=(
                *of(signature, "risk needs_check name_key"),
                *of("signatories.Flag", "signature kind detail other"),
            ),
        ),
        Entry(
            title=_("That a moderator looks at your entry"),
            what=_("Which moderator has the entry open, so that no other does the same work."),
            seen_by=_("The letter’s moderators."),
            kept_until=sentence(until["reading"]),
            protected=_("The time is the moderator’s, and says nothing about when you came."),
            fields=of("signatories.Reading", "signature moderator until"),
        ),
    ]


def many_entries(until: dict[str, str]) -> Entry:
    """What a decision about many entries leaves."""
    return Entry(
        title=_("Decisions about many entries"),
        what=_(
            "That a moderator decided many entries of a letter by one rule, or ticked in the list: "
            "the rule, with a part of a name if it asked for one, a reason and a note; and which "
            "entries it meant, with what became of each."
        ),
        seen_by=_("The letter’s moderators; of a preview, whoever made it."),
        kept_until=sentence(until["bulk"]),
        protected=_(
            "What a rule means is noted by the number of the entry and a digest, not by name, "
            "and leads to no anonymous line: with its batch such an entry is forgotten here. "
            "No rule finds out more about an anonymous entry than its line says."
        ),
        fields=(
            *of(
                "signatories.BulkDecision",
                "letter moderator undone_by decision reason note rule state total figures made_on",
            ),
            *of("signatories.BulkEntry", "bulk signature digest outcome recorded"),
        ),
    )
