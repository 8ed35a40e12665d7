"""What is stored beside the signatures: numbers, accounts, and what is no table."""

from django.conf import settings
from django.utils.translation import gettext as _

from signatories.inventory import deciding
from signatories.inventory.entry import Entry, of, sentence

# Numbers and decisions --------------------------------------------------------------------


def numbers(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("The public numbers"),
            what=_(
                "How many signed, were rejected or withdrew; how many came on which day, how many "
                "days names waited for a decision, and how many codes were refused. Nothing about "
                "any one person."
            ),
            seen_by=_("Everybody; the numbers of days and of refused codes, the letter’s team."),
            kept_until=_("For good."),
            protected=_(
                "What includes anonymous signatures moves with a batch only, and the number of "
                "those who came on a day does not fall when one of them leaves."
            ),
            fields=(
                *of(
                    "signatories.Tally",
                    "letter named anonymous counted undecided named_by_organisation "
                    "anonymous_by_organisation "
                    "named_by_version anonymous_by_version figures refused counted_on "
                    "last_batch_on",
                ),
                *of("signatories.DayCount", "letter day named others"),
                *of("signatories.DecisionDays", "letter days number"),
                *of("signatories.Departure", "letter fate appearance reason number"),
            ),
        ),
        Entry(
            title=_("Whether mail arrives"),
            what=_(
                "How many codes and reminders left on a day, were put off, refused or came back; "
                "of all letters together."
            ),
            seen_by=_("Hosts, once the day is over, and no number below five."),
            kept_until=_("For good."),
            protected=_("It is of no letter and of no person."),
            fields=of("signatories.MailDay", "day kind number"),
        ),
        Entry(
            title=_("Names of organisations that we do not know"),
            what=_(
                "An organisation as somebody first typed it, how many entries came with it, under "
                "which letters, and what was decided about it. Nothing leads from it to an entry "
                "but the text in the entry itself."
            ),
            seen_by=_("The moderators of those letters, and hosts."),
            kept_until=_(
                "Until it is decided that this is an organisation. Otherwise it is erased once no "
                "entry says the name any more."
            ),
            protected=_("Anonymous entries name listed organisations only."),
            fields=of("letters.Proposal", "id name key number letters state organisation"),
        ),
        Entry(
            title=_("The audit trail"),
            what=_(
                "What teams and hosts decided: which account, on which day, about which entry; and "
                "which file of the roll or the numbers somebody took along. "
                "What signatories do is not in it."
            ),
            seen_by=_(
                "The letter’s team, and hosts. Decisions about entries: on the same day moderators "
                "only, so that nobody sees at what time one was made."
            ),
            kept_until=sentence(until["decisions"]),
            protected=_(
                "Ids and codes only. An anonymous entry has another id after its batch. The "
                "database refuses changes."
            ),
            fields=of("letters.AuditEntry", "letter verb actor target reason number recorded_on"),
        ),
        deciding.many_entries(until),
        Entry(
            title=_("What a letter says"),
            what=_(
                "The names of its recipients and organisers, if it gives them, what recipients "
                "answered, and whoever its text names."
            ),
            seen_by=_("Everybody."),
            kept_until=_("As long as the letter stands here."),
            protected=_("It is meant to be public."),
            fields=(
                *of("letters.Letter", "title summary addressed_to organiser_line"),
                *of("letters.LetterVersion", "title text"),
                *of("letters.Demand", "lead text"),
                *of("letters.Recipient", "letter name role organisation"),
                *of("letters.Response", "recipient outcome responded_on statement source"),
                *of("letters.Update", "title body source"),
            ),
        ),
    ]


# Teams and hosts --------------------------------------------------------------------------


def drafts() -> list[Entry]:
    return [
        Entry(
            title=_("Drafts of letters"),
            what=_(
                "What a team has written and not published: title, text and demands, which "
                "account saved it last, and when; at which time it is to appear, which account "
                "chose that, and why it was not kept; what the host wrote to the team about it."
            ),
            seen_by=_(
                "The letter’s owners and editors, and hosts; the chosen time and whose it is, the "
                "whole team."
            ),
            kept_until=_("Until it is published or dropped, or the letter is deleted."),
            protected=_(
                "Nobody else’s page shows it. While one writes, the browser keeps a copy until "
                "this site has saved it."
            ),
            fields=(
                *of("letters.Draft", "title text demands saved_by saved_at"),
                *of("letters.Draft", "publish_at planned_by held_back"),
                *of("letters.Letter", "host_note"),
            ),
            places=("browser:localStorage draft",),
        ),
        Entry(
            title=_("Lists to look twice by"),
            what=_(
                "What a team has listed so that a moderator looks twice: names of well-known "
                "people, and words that are jokes or abuse. Nothing about who signed."
            ),
            seen_by=_("The letter’s owners, editors and moderators, and hosts."),
            kept_until=_("Until the team takes it off the list."),
            protected=_("A list refuses nobody; a person decides."),
            fields=of("letters.ListedWord", "letter list text key"),
        ),
        Entry(
            title=_("Who had an update mailed"),
            what=_("Which account had which update mailed to its subscribers."),
            seen_by=_("Hosts. The trail of the letter says the same."),
            kept_until=_("Until the update is deleted."),
            protected=_("An account may have a pseudonym."),
            fields=of("signatories.Mailing", "started_by"),
        ),
    ]


def accounts(until: dict[str, str]) -> list[Entry]:
    by_hosts = _("Hosts.")
    deleted = _(
        "Until a host deletes the account. One that decided something can only be switched off, "
        "because the audit trail names it."
    )
    return [
        Entry(
            title=_("Accounts"),
            what=_(
                "Of organisers, moderators and hosts only; signatories have none. A name, which "
                "may be a pseudonym, a password in hashed form if there is one, rights, and the "
                "times of the first day and the last log-in."
            ),
            seen_by=by_hosts,
            kept_until=deleted,
            protected=_("The password by Argon2. No mail address is needed."),
            fields=(
                *of(
                    "letters.User",
                    "username password first_name last_name email is_superuser is_staff is_active "
                    "last_login date_joined",
                ),
                *of("letters.Membership", "letter user role"),
                *of("account.EmailAddress", "user email verified primary"),
                *of("account.EmailConfirmation", "email_address created sent key"),
            ),
        ),
        Entry(
            title=_("Addresses for notices"),
            what=_(
                "Of accounts whose owner gave one: a mail address, until it is confirmed also the "
                "digest of a code and when it is sent, and the day of confirmation."
            ),
            seen_by=_("Nobody. The account’s owner sees its first letter and its provider."),
            kept_until=sentence(
                _("%(until)s; a confirmed one until its owner removes it or the account ends")
                % {"until": until["other address"]}
            ),
            protected=_(
                "Encrypted under a key of the host. It opens no account. Mailboxes at work are "
                "refused."
            ),
            fields=of(
                "letters.AccountMail",
                "user address code_digest tries attempts due_at retry_at claimed_at sent_at "
                "erase_after confirmed_on",
            ),
        ),
        Entry(
            title=_("Notices to teams"),
            what=_(
                "What a member of a team was told about a letter and whether they read it, what of "
                "it they want by mail, and when the mail left. Who signed is never in it."
            ),
            seen_by=_("The account’s owner."),
            kept_until=sentence(
                _("%(until)s; what somebody wants by mail, until they leave the team")
                % {"until": until["news"]}
            ),
            protected=_(
                "The numbers are those of the letter’s page and of the moderators’ queue. The link "
                "that ends a kind of mail is stored as a digest."
            ),
            fields=(
                *of(
                    "letters.Notice",
                    "occasion user seen_on attempts due_at retry_at claimed_at sent_at",
                ),
                *of("letters.NoticeChoice", "user letter kind is_on token_digest"),
            ),
        ),
        Entry(
            title=_("Second factors"),
            what=_(
                "What an account is entered with: the secret of an authenticator app, the public "
                "keys of passkeys with the names their owner gave them and the kind of device, "
                "recovery codes, and the times when each was made and last used."
            ),
            seen_by=_("The account’s owner."),
            kept_until=_("Until the owner removes it, or comes in again by a link."),
            protected=_(
                "Secrets and recovery codes are encrypted under a key of the host. A public key "
                "opens nothing, and is no fingerprint or face: those stay on the device."
            ),
            fields=of("mfa.Authenticator", "user type data created_at last_used_at"),
        ),
        Entry(
            title=_("Links to make an account or to enter one again"),
            what=_(
                "For each link that nobody has used yet: its digest, who made it, when it ends, "
                "and if it is for an account, which."
            ),
            seen_by=_("Hosts see invitations, without the link. Nobody sees the others."),
            kept_until=sentence(
                _(
                    "until it is used, taken back or replaced; it works %(days)d days, one to "
                    "enter again %(hours)d hours"
                )
                % {"days": settings.INVITATION_DAYS, "hours": settings.RECOVERY_HOURS}
            ),
            protected=_("The link cannot be computed from its digest."),
            fields=(
                *of("letters.Invitation", "digest made_by expires_at"),
                *of("letters.TeamInvitation", "digest made_by expires_at letter role"),
                *of("letters.Recovery", "digest made_by expires_at user"),
            ),
        ),
        Entry(
            title=_("Sessions"),
            what=_(
                "Where an account is logged in: the kind of browser, and the day. Reading and "
                "signing need no session."
            ),
            seen_by=_("The account’s owner."),
            kept_until=_("Until %(until)s; the row goes when the host clears old ones.")
            % {"until": until["session"]},
            protected=_(
                "It holds no network address. What a session says is encrypted under a key of the "
                "host."
            ),
            fields=(
                *of("sessions.Session", "session_key session_data expire_date"),
                *of("letters.AccountSession", "session user browser began_on"),
            ),
        ),
        Entry(
            title=_("The log of the administration"),
            what=_("What hosts changed about accounts and teams. It never concerns signatures."),
            seen_by=by_hosts,
            kept_until=_("As long as the account."),
            protected=_(
                "No entry about a signature is written, because its text would hold names."
            ),
            fields=of(
                "admin.LogEntry",
                "action_time user content_type object_id object_repr action_flag change_message",
            ),
        ),
    ]


# Beside the database ----------------------------------------------------------------------


def beside_the_database(until: dict[str, str]) -> list[Entry]:
    return [
        Entry(
            title=_("Keys of the day"),
            what=_("Files with the keys of unconfirmed addresses. They say nothing by themselves."),
            seen_by=_("Nobody; the host holds them."),
            kept_until=sentence(until["day key"]),
            protected=_("In no backup. Destroying them also reaches old copies of the database."),
            places=("KEYS_DIR/day",),
        ),
        Entry(
            title=_("Counters against floods"),
            what=_(
                "How often a network, a mailbox, a page or an account tried, how many pages of "
                "rolls that are kept for people a network read, and how often it had the name of "
                "an organisation completed, for some minutes that "
                "a button was pressed, and for a day from which networks an account came in, under "
                "scrambled forms of them; how many forms a letter and the site got in the last "
                "minutes, and for an hour which checks by a browser are used up. No address of a "
                "visitor is stored."
            ),
            seen_by=_("Nobody."),
            kept_until=sentence(until["network"]),
            protected=_(
                "A network’s form is made under a key that is drawn each day and kept nowhere "
                "else, a mailbox’s under a key of the host, who could test an address against it "
                "that day."
            ),
            places=(
                "Redis: limit",
                "Redis: network-key",
                "Redis: recent",
                "Redis: allauth",
                "Redis: pressure",
                "Redis: spent",
            ),
        ),
        Entry(
            title=_("The queue"),
            what=_("Numbers of what the worker has to do: no name, no address, no code."),
            seen_by=_("Nobody."),
            kept_until=_("Until it is done."),
            protected=_("The numbers are random, and lead nowhere once the row is erased."),
            places=("Redis: queue",),
        ),
        Entry(
            title=_("Cookies"),
            what=_(
                "None on pages for reading. A form sets one with a random value, against forged "
                "requests; log-in of teams and hosts sets one for the session. Proving a "
                "mailbox for letters inside an organisation sets one that names the organisation. "
                "A login that is to prove where you work sets one with a random secret."
            ),
            seen_by=_("Your browser and this site."),
            kept_until=sentence(
                _(
                    "until you close the browser; membership of an organisation %(until)s; that "
                    "of a login until %(login)s"
                )
                % {"until": until["member"], "login": until["login"]}
            ),
            protected=_("None names you, and no script can read them."),
            places=(
                "cookie: csrftoken",
                "cookie: sessionid",
                "cookie: messages",
                "cookie: member",
                "cookie: login",
            ),
        ),
        Entry(
            title=_("The message on its way"),
            what=_("Your address and the code, handed to the mail server. It names no letter."),
            seen_by=_("The mail servers on both sides; at work, your employer."),
            kept_until=_("As long as their operators keep their logs; we keep no copy."),
            protected=_("To a work address: no link, no name, the same words for everybody."),
            places=("mail",),
        ),
        Entry(
            title=_("Logs"),
            what=_("Errors and warnings of the programs. There is no log of visits."),
            seen_by=_("The host."),
            kept_until=_("As long as the host keeps them."),
            protected=_("Addresses and links are taken out of every line before it is written."),
            places=("log",),
        ),
        Entry(
            title=_("Backups"),
            what=_("Copies of the database, as it was on their day."),
            seen_by=_("The host."),
            kept_until=_("As long as the host keeps them; the host’s notice says how long."),
            protected=_("Without the keys, addresses and digests in them cannot be read."),
            places=("backups",),
        ),
    ]
