"""Fields that say nothing about a person."""

from signatories.inventory.entry import Silent, of

NOT_ABOUT_PEOPLE = (
    Silent(
        "random numbers of rows; those of anonymous entries and of digests are drawn anew",
        (
            "signatories.Signature.id",
            "signatories.Verification.id",
            "signatories.UsedAddress.id",
            "signatories.Subscription.id",
            "signatories.Delivery.id",
            "signatories.Vouch.id",
            "signatories.Flag.id",
            "signatories.Reading.id",
            "signatories.Import.id",
            "signatories.Invited.id",
            "signatories.InvitedMailbox.id",
        ),
    ),
    Silent(
        "what a mailing says, when, and how many got it: never who",
        of(
            "signatories.Mailing",
            "id update state why_paused send_at started_at ended_at subject body source total "
            "sent failed refused_in_a_row filled_to filled_at claimed_at not_before attempts",
        ),
    ),
    Silent(
        "whether a line was invented for a demonstration",
        ("signatories.Signature.is_demonstration",),
    ),
    Silent("when the letter's next batch is due", of("signatories.Tally", "id next_batch_at")),
    Silent(
        "numbers of rows",
        (
            *of("signatories.Departure", "id"),
            *of("signatories.DayCount", "id"),
            *of("signatories.MailDay", "id"),
            *of("signatories.DecisionDays", "id"),
            *of("signatories.LetterKey", "id"),
            *of("signatories.ImportPart", "id"),
            *of("signatories.ImportFault", "id"),
        ),
    ),
    Silent(
        "a letter's address, rules and days",
        of(
            "letters.Letter",
            "id slug language status visibility organisations eligibility reach review_policy "
            "allows_named allows_anonymous allows_pledged accepts_unverified "
            "allows_unverified_anonymous allows_vouching allows_login minimum_group_size "
            "signing_paused_on asks_for_check roll_in_search roll_for_people public_on "
            "was_internal taken_down_on submitted_on "
            "pledge_thresholds goal opens_at closes_at published_on closed_on sealed_on "
            "current_version",
        ),
    ),
    Silent(
        "which text it is",
        (
            *of("letters.LetterVersion", "id letter number sha256 published_on"),
            *of("letters.Demand", "id version number"),
        ),
    ),
    Silent(
        "order and place on the letter's page",
        (
            *of("letters.Recipient", "id position"),
            *of("letters.Response", "id demand"),
            *of("letters.Update", "id letter kind published_on revision edited_on"),
        ),
    ),
    Silent(
        "what happened to a letter, in numbers of its page",
        of("letters.Occasion", "id letter kind day step figures"),
    ),
    Silent(
        "which organisations exist, not who works there",
        (
            *of(
                "letters.Organisation",
                "id name slug parent headcount_band is_demonstration merged_into withdrawn_on",
            ),
            *of("letters.OrganisationAlias", "id organisation name key"),
            *of(
                "letters.OrganisationDomain",
                "id organisation domain mailbox_domain includes_subdomains is_staff_only "
                "catch_all_suspected",
            ),
        ),
    ),
    Silent(
        "numbers of rows about accounts and decisions",
        (
            *of("letters.AuditEntry", "id"),
            *of("signatories.BulkDecision", "id claimed_at"),
            *of("signatories.BulkEntry", "id"),
            *of("letters.SiteSwitch", "id signing_paused_on"),
            *of("letters.User", "id is_demonstration"),
            *of("letters.Invitation", "id"),
            *of("letters.TeamInvitation", "id"),
            *of("letters.Draft", "id letter revision planned_revision"),
            *of("letters.ListedWord", "id"),
            *of("letters.AccountMail", "id"),
            *of("letters.Notice", "id"),
            *of("letters.NoticeChoice", "id"),
            *of("letters.Recovery", "id"),
            *of("letters.AccountSession", "id"),
            *of("mfa.Authenticator", "id"),
            *of("letters.Membership", "id"),
            *of("account.EmailAddress", "id"),
            *of("account.EmailConfirmation", "id"),
            *of("admin.LogEntry", "id"),
        ),
    ),
    Silent(
        "Django's table of rights, which stays unused: rights follow from Membership",
        (
            *of("letters.User", "groups user_permissions"),
            *of("auth.Permission", "id name content_type codename"),
            *of("auth.Group", "id name permissions"),
        ),
    ),
    Silent("the names of the tables", of("contenttypes.ContentType", "id app_label model")),
)
