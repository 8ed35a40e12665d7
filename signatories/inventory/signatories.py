"""What is stored about people who sign."""

from django.utils.translation import gettext as _

from signatories.inventory import deciding
from signatories.inventory.entry import Entry, of, sentence

# While you sign ---------------------------------------------------------------------------


def while_signing(until: dict[str, str]) -> list[Entry]:
    verification = "signatories.Verification"
    nobody = _("Nobody. The program reads it, to write to you.")
    return [
        Entry(
            title=_("The address you type"),
            what=_("Your mail address, so that a code can be sent to it."),
            seen_by=nobody,
            kept_until=_(
                "Until %(named)s. An anonymous entry, or anything else: at most %(anonymous)s."
            )
            % {"named": until["named address"], "anonymous": until["anonymous hours"]},
            protected=_(
                "Encrypted under two keys. One of them lives for days only, outside the database "
                "and its backups; when it is destroyed, no copy of the address can be read."
            ),
            fields=of(verification, "address key_name is_private"),
        ),
        Entry(
            title=_("The code"),
            what=_(
                "Digests of your code, of your page’s address and of the links and the number in "
                "the messages to you; how often you tried; when a message is due and was sent. If "
                "you were reminded, a digest of your mailbox, so that it happens once."
            ),
            seen_by=_("Nobody."),
            kept_until=_("The code works %(code)s. All of this goes with the address.")
            % {"code": until["code"]},
            protected=_(
                "Digests only: neither the code nor the page can be read from them. That of your "
                "mailbox needs the key that lives for days only, as the address does."
            ),
            fields=of(
                verification,
                "page_digest button_digest reminder_digest mailbox_digest ticket_digest "
                "code_digest tries attempts due_at retry_at claimed_at sent_at remind_at "
                "erase_after",
            ),
        ),
        Entry(
            title=_("A login you have begun"),
            what=_(
                "If you prove where you work by a login: a digest that ties its answer to your "
                "entry. Of what the provider answers nothing is stored."
            ),
            seen_by=_("Nobody here. The provider and your employer see that you logged in."),
            kept_until=_("Until the answer comes, or with the address."),
            protected=_("Made from a random secret that only your browser has."),
            fields=of(verification, "login_digest"),
        ),
        Entry(
            title=_("What the code is for"),
            what=_(
                "That you want to sign, to find your signature, to free your address or to get "
                "updates; and which entry or letter it concerns. Until you type the code, or its "
                "time is over, this joins your address to that entry."
            ),
            seen_by=_("Nobody."),
            kept_until=_("It goes with the address."),
            protected=_("By the encryption of the address it stands beside."),
            fields=of(verification, "purpose signature letter entry_digest"),
        ),
        Entry(
            title=_("Whether many came at once"),
            what=_(
                "That your entry came with many others, from one network within an hour or from "
                "one mail domain in a day; not from which. When you confirm, this becomes a "
                "reason to look twice."
            ),
            seen_by=_("Nobody."),
            kept_until=_("It goes with the address."),
            protected=_("The network is never stored, only yes or no."),
            fields=of(verification, "is_burst"),
        ),
        Entry(
            title=_("The colleague’s link you sign with"),
            what=_(
                "Where a colleague vouches for you: the digest of the link. Until you type the "
                "code, it joins your entry to that of whoever gave you the link."
            ),
            seen_by=_("Nobody."),
            kept_until=_("It goes with the address."),
            protected=_("Nothing is written beside your colleague when the link is used."),
            fields=of(verification, "vouch_digest"),
        ),
    ]


# Your signature ---------------------------------------------------------------------------


def on_the_signature(until: dict[str, str]) -> list[Entry]:
    signature = "signatories.Signature"
    public = _("Everybody, once it stands on the roll.")
    with_it = _("As long as the signature: %(until)s.") % {"until": until["signature"]}
    return [
        Entry(
            title=_("Name and title"),
            what=_("As you typed them, if you sign by name. Never stored if you sign anonymously."),
            seen_by=_(
                "The letter’s moderators; everybody, once it stands on the roll. On a letter that "
                "began inside an organisation: colleagues, and nobody else before you say so."
            ),
            kept_until=_(
                "%(until)s Not confirmed: as long as the address. Rejected: %(rejected)s. Changed "
                "to anonymous: gone at once."
            )
            % {"until": sentence(until["signature"]), "rejected": until["rejected"]},
            protected=_("A rule in the database refuses a name on an anonymous signature."),
            fields=of(signature, "name title"),
        ),
        Entry(
            title=_("Where you work"),
            what=_(
                "The organisation, whether you work there now, the kind of work if you chose one, "
                "and how it was verified. If a moderator was shown a proof: also what you had said."
            ),
            seen_by=_(
                "By name: moderators, then everybody. Anonymous: nobody, beyond what your line "
                "shows."
            ),
            kept_until=with_it,
            protected=_(
                "What an anonymous line may show is decided apart from this, by the size of the "
                "group."
            ),
            fields=of(
                signature,
                "organisation organisation_text tenure role method said_organisation said_tenure",
            ),
        ),
        Entry(
            title=_("How you appear"),
            what=_(
                "By name, anonymously, or counted without a line; whether search engines may list "
                "your name; and, of a letter inside an organisation, whether everybody may see "
                "your line once that letter is public."
            ),
            seen_by=public,
            kept_until=with_it,
            protected=_("You can change it on the page of your signature."),
            fields=of(signature, "appearance threshold is_hidden_from_search is_for_colleagues"),
        ),
        Entry(
            title=_("Your line on the roll"),
            what=_(
                "What the line shows, its place, and the day it came; of an anonymous line also "
                "whether its organisation ever showed, since a merger of organisations, with "
                "which other lines it is counted. Of a line that is off the roll, whether it stood "
                "there before."
            ),
            seen_by=_("Everybody; nobody sees the day."),
            kept_until=_("%(until)s A withdrawn anonymous line: until %(leaving)s.")
            % {"until": sentence(until["signature"]), "leaving": until["leaving line"]},
            protected=_(
                "An anonymous line comes and goes in a batch, at a place drawn by lot, and shows "
                "its organisation only in a large enough group."
            ),
            fields=of(
                signature,
                "shown_organisation shown_tenure shown_role roll_key published_on group "
                "has_been_shown has_stood",
            ),
        ),
        Entry(
            title=_("Whether your name is shown first"),
            what=_(
                "If the organisers ask to show your name above the roll: the day they asked, the "
                "place, and whether you agreed, declined or have not answered."
            ),
            seen_by=_(
                "Everybody, once you agreed. The organisers are not told a no from no answer."
            ),
            kept_until=_("Until they take it back, or your line leaves the roll or changes."),
            protected=_("Only you can agree, on the page of your signature, and take it back."),
            fields=of("signatories.Prominence", "signature position asked_on answer"),
        ),
        Entry(
            title=_("The text you signed"),
            what=_("Which letter, which version of it, and whether you carry over to a newer one."),
            seen_by=_(
                "You, and the letter’s moderators. Everybody sees how many signed which version."
            ),
            kept_until=with_it,
            protected=_("A published text cannot change; the database refuses it."),
            fields=of(signature, "letter version carried_to"),
        ),
        Entry(
            title=_("Days"),
            what=_("The day you sent the form and the day you confirmed; never an hour."),
            seen_by=_("You. Moderators see how many days an entry by name has waited for them."),
            kept_until=with_it,
            protected=_("On an anonymous line both become the day of its batch."),
            fields=of(signature, "submitted_on confirmed_on"),
        ),
        *deciding.your_entry(until),
        Entry(
            title=_("The key to your page"),
            what=_(
                "A digest of the link to your signature. While a name of yours waits to replace "
                "your anonymous line, it also holds the digest of that line’s link, which joins "
                "the two."
            ),
            seen_by=_("Nobody."),
            kept_until=_(
                "As long as the signature. The join: until the name stands on the roll. Not "
                "confirmed: at most %(wish)s. Rejected: %(rejected)s."
            )
            % {"wish": until["anonymous hours"], "rejected": until["rejected"]},
            protected=_("The link cannot be computed from its digest."),
            fields=of(signature, "manage_digest replaces"),
        ),
    ]


# Vouching ---------------------------------------------------------------------------------


def vouching(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("Links you gave to colleagues"),
            what=_(
                "For each link that nobody has used yet: digests of the link and of the link to "
                "your page, the letter, the organisation, and the day it ends."
            ),
            seen_by=_("You."),
            kept_until=sentence(until["vouch"]),
            protected=_(
                "The row is deleted when the link is used. Whoever holds copies of the database "
                "from before and after can see that a link of yours went."
            ),
            fields=of(
                "signatories.Vouch", "letter organisation link_digest voucher_digest expires_on"
            ),
        ),
        Entry(
            title=_("How many links you gave"),
            what=_("A number. Not how many were used, nor by whom."),
            seen_by=_("You."),
            kept_until=_("As long as the signature: %(until)s.") % {"until": until["signature"]},
            protected=_("It becomes nought or the most there can be when you drop your name."),
            fields=of("signatories.Signature", "vouches_given"),
        ),
    ]


# Invitations ------------------------------------------------------------------------------


def invitations(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("A list that organisers bring"),
            what=_(
                "A spreadsheet with people who said that they want to sign: all that its columns "
                "hold. Once it is read, only how many rows it had and what was found."
            ),
            seen_by=_("The letter’s owners: the first rows, with addresses hidden."),
            kept_until=_("The file: until it is read. The rest: %(until)s.")
            % {"until": until["invitation"]},
            protected=_("Encrypted under two keys, one of which exists for some days only."),
            fields=(
                *of(
                    "signatories.Import",
                    "letter state head key_name mapping rows_total rows_done invited sent "
                    "undeliverable aliases close_names claimed_at erase_after",
                ),
                *of("signatories.ImportPart", "source number rows content"),
                *of("signatories.ImportFault", "source row fault"),
            ),
        ),
        Entry(
            title=_("An invitation to sign"),
            what=_(
                "Your private address, name, title and organisation, as the organisers brought "
                "them; a digest of the link we sent, and when."
            ),
            seen_by=_("Nobody, until you sign. Organisers are not told whether you answered."),
            kept_until=sentence(until["invitation"]),
            protected=_("Encrypted like the list it came with, and deleted when you answer."),
            fields=of(
                "signatories.Invited",
                "source content digest token_digest ticket_digest attempts retry_at claimed_at "
                "sent_at",
            ),
        ),
        Entry(
            title=_("The list of invited mailboxes"),
            what=_(
                "For each mailbox that was invited to a letter, one digest and the day, and "
                "whether its owner wants no other invitation. It leads to no signature, and does "
                "not say whether somebody signed."
            ),
            seen_by=_("Nobody."),
            kept_until=sentence(until["invited"]),
            protected=_("Made under the letter’s key, which sealing destroys."),
            fields=of("signatories.InvitedMailbox", "letter digest written_on refuses"),
        ),
    ]


# Digests ----------------------------------------------------------------------------------


def digests(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("The list of used addresses"),
            what=_(
                "For each address that signed a letter, one digest. It leads to no signature and "
                "has no date."
            ),
            seen_by=_("Nobody."),
            kept_until=sentence(until["digest"]),
            protected=_(
                "Made under the letter’s key, and shuffled with each batch. Whoever holds the "
                "database and all keys can test whether a given address has signed."
            ),
            fields=of("signatories.UsedAddress", "letter digest"),
        ),
        Entry(
            title=_("The digest on a signature by name"),
            what=_("The same digest again, so that you can find your signature by your address."),
            seen_by=_("Nobody."),
            kept_until=_("Until it is withdrawn, or the letter is sealed."),
            protected=_("A rule in the database refuses it on an anonymous signature."),
            fields=of("signatories.Signature", "address_digest"),
        ),
        Entry(
            title=_("The letter’s key"),
            what=_("The key of these digests. A second key in a file outside locks it."),
            seen_by=_("Nobody; the host holds it."),
            kept_until=sentence(until["letter key"]),
            protected=_(
                "Sealing destroys the file. From then on the digests in any copy are worth nothing."
            ),
            fields=of("signatories.LetterKey", "letter wrapped"),
            places=("KEYS_DIR/letter",),
        ),
    ]


def subscriptions(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("A subscription to updates"),
            what=_(
                "If you ask for news of a letter: a private mail address, its digest, the digests "
                "of the two links that end it, and how many mailings in a row your mailbox has "
                "refused. It leads to no signature and has no date."
            ),
            seen_by=_("Nobody. The program reads it, to write to you."),
            kept_until=_(
                "%(until)s It also goes when the mailbox refuses or sends back three mailings "
                "in a row."
            )
            % {"until": sentence(until["subscription"])},
            protected=_("Encrypted under two keys, one of which sealing destroys."),
            fields=of(
                "signatories.Subscription",
                "letter address digest token_digest link_digest refusals ticket_digest",
            ),
        ),
        Entry(
            title=_("An update that is still to be mailed to you"),
            what=_(
                "While an update is being mailed: the digest of the subscription, and when and how "
                "often the mail server was asked in vain."
            ),
            seen_by=_("Nobody. Owners of the letter see how many are left, from five on."),
            kept_until=_(
                "Until the mail server has taken the message, you unsubscribe, or the mailing ends."
            ),
            protected=_("Nothing tells afterwards who got what."),
            fields=of(
                "signatories.Delivery", "mailing digest claimed_at retry_at attempts was_refused"
            ),
        ),
    ]
