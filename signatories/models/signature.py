import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from letters.models import Letter, LetterVersion, Organisation
from letters.models.constraints import one_of
from signatories.models.choices import (
    NAMELESS,
    Appearance,
    Method,
    Reason,
    RoleBucket,
    State,
    Tenure,
)
from signatories.models.selecting import STANDING, SignatureQuerySet


class Signature(models.Model):
    """One person under one letter, bound to the version that person read.

    `published_on` is a day while the line stands on the roll. Named lines come and go
    with their state; anonymous ones by batch only, so one that was withdrawn or rejected
    keeps its day until the next batch.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="signatures")
    version = models.ForeignKey(LetterVersion, models.PROTECT, related_name="signatures")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.UNCONFIRMED)
    appearance = models.CharField(_("appearance"), max_length=10, choices=Appearance)
    threshold = models.PositiveSmallIntegerField(_("threshold"), null=True, blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    title = models.CharField(_("title"), max_length=120, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="signatures"
    )
    organisation_text = models.CharField(_("organisation as typed"), max_length=120, blank=True)
    tenure = models.CharField(_("tenure"), max_length=8, choices=Tenure, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=RoleBucket, blank=True)
    # What a name said before a moderator was shown a proof; it comes back if that is taken back.
    said_organisation = models.CharField(max_length=200, blank=True, db_default="")
    said_tenure = models.CharField(max_length=8, choices=Tenure, blank=True, db_default="")
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.NONE)
    # What an anonymous line may show, decided batch by batch; for a named line, what it says.
    shown_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )
    shown_tenure = models.CharField(max_length=8, choices=Tenure, blank=True)
    shown_role = models.CharField(max_length=12, choices=RoleBucket, blank=True)
    # Merged organisations keep their anonymous lines apart: each group needs its own minimum.
    group = models.PositiveSmallIntegerField(default=0, db_default=0)
    has_been_shown = models.BooleanField(default=False, db_default=False)
    # Of what is off the roll: whether it stood there. Of a name, as it is written by now.
    has_stood = models.BooleanField(default=False, db_default=False)
    roll_key = models.CharField(_("place on the roll"), max_length=200, blank=True)
    address_digest = models.CharField(max_length=64, null=True, blank=True)
    # The manage digest of the anonymous entry whose place this one takes with a batch.
    replaces = models.CharField(max_length=64, null=True, blank=True)
    # The text to which an anonymous entry is carried over with the next batch.
    carried_to = models.ForeignKey(
        LetterVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Given inside an organisation: no line of it stands on a public roll unless its signer says so.
    is_for_colleagues = models.BooleanField(
        _("for colleagues only"), default=False, db_default=False
    )
    is_hidden_from_search = models.BooleanField(
        _("kept out of search engines"), default=False, db_default=False
    )
    # Links given to colleagues, in all. Nothing is written here when one of them is used.
    vouches_given = models.PositiveSmallIntegerField(default=0, db_default=0)
    manage_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    submitted_on = models.DateField(_("submitted on"))
    confirmed_on = models.DateField(_("confirmed on"), null=True, blank=True)
    published_on = models.DateField(_("published on"), null=True, blank=True)
    rejected_on = models.DateField(_("rejected on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    # What a moderator wrote beside a rejection; its signer reads it too.
    note = models.CharField(_("note"), max_length=300, blank=True, db_default="")
    # Whether it had been let onto the roll when it was rejected: what taking that back restores.
    was_approved = models.BooleanField(default=False, db_default=False)
    # What its signer says against a rejection, until that is looked at again.
    objection = models.CharField(_("objection"), max_length=500, blank=True, db_default="")
    objected_on = models.DateField(_("objected on"), null=True, blank=True)
    # What readers had reported when a moderator let the line stand: they are not asked anew soon.
    kept_despite = models.CharField(max_length=40, blank=True, db_default="")
    kept_on = models.DateField(_("kept on"), null=True, blank=True)
    set_aside_on = models.DateField(_("set aside on"), null=True, blank=True)
    # Its days to a decision are counted once: they would else grow each time it is read again.
    was_decided = models.BooleanField(default=False, db_default=False)
    # Whether its words are still to be compared with others', and what its flags weigh together.
    needs_check = models.BooleanField(default=False, db_default=False)
    # The normal form of the name, by which it is compared. Empty until the first check.
    name_key = models.CharField(max_length=200, blank=True, db_default="")
    risk = models.PositiveSmallIntegerField(_("risk"), default=0, db_default=0)
    is_demonstration = models.BooleanField(_("invented"), default=False)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        indexes = [
            models.Index(fields=["letter", "roll_key"], condition=STANDING, name="signature_roll"),
            models.Index(
                fields=["letter", "shown_organisation", "roll_key"],
                condition=STANDING,
                name="signature_roll_by_organisation",
            ),
            models.Index(fields=["letter", "state", "appearance"], name="signature_counts"),
            models.Index(
                fields=["letter", "appearance", "published_on"],
                condition=STANDING,
                name="signature_days",
            ),
            models.Index(
                fields=["letter", "risk", "confirmed_on"],
                condition=Q(state=State.IN_REVIEW),
                name="signature_queue",
            ),
            models.Index(
                fields=["letter"], condition=Q(needs_check=True), name="signature_unchecked"
            ),
            models.Index(
                fields=["letter"],
                condition=Q(name_key="") & ~Q(appearance__in=NAMELESS),
                name="signature_unread_names",
            ),
        ]
        constraints = [
            one_of("state", State),
            one_of("appearance", Appearance),
            one_of("method", Method),
            models.CheckConstraint(
                condition=Q(tenure="") | Q(tenure__in=Tenure.values),
                name="signature_tenure_is_known",
            ),
            models.CheckConstraint(
                condition=Q(role="") | Q(role__in=RoleBucket.values),
                name="signature_role_is_known",
            ),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=Reason.values),
                name="signature_reason_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(appearance__in=NAMELESS)
                | Q(name="", title="", organisation_text="", address_digest__isnull=True),
                name="anonymous_signatures_have_no_name",
                violation_error_message=_("An anonymous signature keeps no name."),
            ),
            models.CheckConstraint(
                condition=Q(appearance__in=NAMELESS) | ~Q(name=""),
                name="named_signatures_have_a_name",
                violation_error_message=_("Enter your name."),
            ),
            models.CheckConstraint(
                # NULL > 0 is NULL, and a check that is NULL passes.
                condition=Q(appearance=Appearance.PLEDGED, threshold__isnull=False, threshold__gt=0)
                | (~Q(appearance=Appearance.PLEDGED) & Q(threshold__isnull=True)),
                name="only_pledges_have_a_threshold",
            ),
            models.CheckConstraint(
                condition=Q(method=Method.NONE)
                | Q(organisation__isnull=False, organisation_text=""),
                name="verified_signatures_have_a_listed_organisation",
            ),
            models.CheckConstraint(
                # Who signs says current. Only a name that was confirmed so can leave later, and
                # may be dropped after that.
                condition=~Q(method=Method.MAILBOX)
                | Q(tenure=Tenure.CURRENT)
                | Q(
                    tenure=Tenure.FORMER,
                    appearance__in=[Appearance.NAMED, Appearance.COUNTED],
                    confirmed_on__isnull=False,
                ),
                name="a_mailbox_proves_current_tenure_until_one_leaves",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.VOUCH) | Q(tenure__in=["", Tenure.FORMER]),
                name="a_vouch_does_not_prove_current_tenure",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.SHOWN) | ~Q(tenure=""),
                name="what_was_shown_proves_current_or_former",
            ),
            models.CheckConstraint(
                condition=Q(said_organisation="", said_tenure="")
                | Q(appearance=Appearance.NAMED, method=Method.SHOWN)
                & (Q(said_tenure="") | Q(said_tenure__in=Tenure.values)),
                name="only_names_shown_to_a_moderator_said_something_else",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.LOGIN)
                | Q(appearance__in=[Appearance.NAMED, Appearance.COUNTED])
                & (Q(tenure=Tenure.CURRENT) | Q(tenure=Tenure.FORMER, confirmed_on__isnull=False)),
                name="a_login_proves_names_and_current_tenure_until_one_leaves",
            ),
            models.CheckConstraint(
                condition=~Q(appearance__in=NAMELESS, method=Method.NONE)
                | Q(organisation__isnull=True, tenure="", role=""),
                name="unverified_anonymous_signatures_claim_nothing",
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | Q(organisation_text=""),
                name="organisations_are_listed_or_typed",
            ),
            models.CheckConstraint(
                condition=(
                    Q(shown_organisation__isnull=True)
                    | Q(organisation__isnull=False, shown_organisation=F("organisation"))
                )
                & (Q(shown_tenure="") | Q(shown_tenure=F("tenure")))
                & (Q(shown_role="") | Q(shown_role=F("role"))),
                name="lines_show_only_what_is_so",
            ),
            models.CheckConstraint(
                condition=Q(shown_organisation__isnull=False)
                | Q(shown_role="", shown_tenure="")
                | ~Q(appearance=Appearance.ANONYMOUS),
                name="anonymous_particulars_need_a_shown_organisation",
            ),
            models.CheckConstraint(
                condition=~Q(appearance=Appearance.COUNTED)
                | Q(
                    roll_key="",
                    role="",
                    shown_organisation__isnull=True,
                    shown_tenure="",
                    shown_role="",
                ),
                name="counted_signatures_have_no_line",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.PUBLISHED) | Q(published_on__isnull=False),
                name="published_signatures_have_a_day",
            ),
            models.CheckConstraint(
                condition=Q(published_on__isnull=True)
                | Q(state=State.PUBLISHED)
                | Q(appearance__in=NAMELESS, state__in=[State.REJECTED, State.WITHDRAWN]),
                name="only_published_signatures_stand_on_the_roll",
            ),
            models.CheckConstraint(
                condition=Q(published_on__isnull=True)
                | ~Q(roll_key="")
                | Q(appearance=Appearance.COUNTED),
                name="lines_on_the_roll_have_a_place",
            ),
            models.CheckConstraint(
                condition=Q(state=State.REJECTED, rejected_on__isnull=False) & ~Q(reason="")
                | ~Q(state=State.REJECTED) & Q(rejected_on__isnull=True, reason=""),
                name="rejections_have_a_day_and_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(note="") | Q(state=State.REJECTED) & ~Q(appearance__in=NAMELESS),
                name="notes_are_about_rejected_names",
            ),
            models.CheckConstraint(
                condition=Q(was_approved=False) | Q(state=State.REJECTED),
                name="only_rejections_remember_what_was_before",
            ),
            models.CheckConstraint(
                condition=Q(objected_on__isnull=True) | Q(state=State.REJECTED),
                name="only_rejected_entries_were_objected_to",
            ),
            models.CheckConstraint(
                condition=Q(objection="")
                | Q(objected_on__isnull=False) & ~Q(appearance__in=NAMELESS),
                name="objections_in_words_are_about_names",
            ),
            models.CheckConstraint(
                condition=Q(kept_despite="", kept_on__isnull=True)
                | ~Q(kept_despite="") & Q(kept_on__isnull=False) & ~Q(appearance__in=NAMELESS),
                name="only_reported_names_were_kept_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(set_aside_on__isnull=True) | Q(state=State.IN_REVIEW),
                name="only_entries_in_review_are_set_aside",
            ),
            models.CheckConstraint(
                condition=Q(needs_check=False) | ~Q(appearance__in=NAMELESS),
                name="only_names_are_checked",
            ),
            models.CheckConstraint(
                condition=Q(name_key="") | ~Q(appearance__in=NAMELESS),
                name="only_names_have_a_normal_form",
            ),
            models.CheckConstraint(
                condition=Q(was_decided=False) | ~Q(appearance__in=NAMELESS),
                name="only_names_remember_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(has_stood=False)
                | Q(published_on__isnull=True, confirmed_on__isnull=False),
                name="only_lines_that_left_have_stood_before",
            ),
            models.CheckConstraint(
                condition=Q(state=State.UNCONFIRMED, confirmed_on__isnull=True)
                | ~Q(state=State.UNCONFIRMED) & Q(confirmed_on__isnull=False),
                name="confirmed_on_agrees_with_the_state",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.UNCONFIRMED) | Q(address_digest__isnull=True),
                name="digests_belong_to_confirmed_signatures",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.UNCONFIRMED) | Q(manage_digest__isnull=True),
                name="only_confirmed_signatures_can_be_managed",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.WITHDRAWN)
                | Q(
                    appearance__in=NAMELESS,
                    manage_digest__isnull=True,
                    published_on__isnull=False,
                ),
                name="only_anonymous_lines_wait_to_leave",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True)
                | Q(appearance=Appearance.NAMED) & ~Q(state=State.PUBLISHED),
                name="only_waiting_names_replace_an_anonymous_line",
            ),
            models.CheckConstraint(
                condition=Q(carried_to__isnull=True) | Q(appearance__in=NAMELESS),
                name="only_anonymous_signatures_are_carried_over_by_batch",
            ),
            models.CheckConstraint(
                condition=Q(is_hidden_from_search=False) | ~Q(appearance__in=NAMELESS),
                name="only_names_are_kept_out_of_search_engines",
            ),
            models.UniqueConstraint(
                fields=["letter", "address_digest"],
                condition=~Q(state=State.DUPLICATE),
                name="one_named_signature_per_address",
            ),
            models.UniqueConstraint(
                fields=["letter", "roll_key"],
                condition=~Q(roll_key=""),
                name="places_on_the_roll_are_unique",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def reference(self) -> str:
        """By this a signatory and a moderator who talk elsewhere mean the same entry.

        Of the digest, not of the key: a batch changes the key, but not that of a duplicate.
        """
        return (self.manage_digest or "")[:8]

    @property
    def is_anonymous(self) -> bool:
        """Whether it bears no name: an anonymous line, or counted without a line."""
        return self.appearance in NAMELESS

    @property
    def has_line(self) -> bool:
        return self.appearance != Appearance.COUNTED

    @property
    def is_undecided(self) -> bool:
        """Whether it was given to colleagues, and its signer has not said how it may appear now
        that everybody can read the letter."""
        return self.is_for_colleagues and not self.letter.is_internal

    @property
    def asks_who_reads_it(self) -> bool:
        """Whether its signer can say now that everybody may see the line."""
        if self.letter.is_internal:
            return self.letter.public_on is not None and self.has_line
        return self.is_undecided and not self.is_anonymous

    @property
    def is_verified(self) -> bool:
        return self.method != Method.NONE

    @property
    def is_refused(self) -> bool:
        """Whether its owner is told that it was not published.

        Sealing rejects what nobody decided. A duplicate by name reads like that then: otherwise
        its page alone would go on to say that it waits. Where there is no name, neither says so:
        the roll does not tell which of them was decided before.
        """
        if self.state == State.DUPLICATE and not self.is_anonymous:
            return self.letter.is_sealed
        is_undecided = self.is_anonymous and self.reason == Reason.SEALED
        return self.state == State.REJECTED and not is_undecided

    @property
    def is_standing(self) -> bool:
        return self.published_on is not None

    @property
    def left_after_sealing(self) -> bool:
        """Whether it was taken off a sealed roll; of an anonymous line, until it leaves. Sealing
        forgets of earlier rejections what they took off."""
        was_there = self.is_standing if self.is_anonymous else self.was_approved
        return self.state == State.REJECTED and was_there

    @property
    def is_settled(self) -> bool:
        """Whether sealing has ended all review: else a sealed roll could be destroyed for good."""
        return self.letter.is_sealed and not self.left_after_sealing

    @property
    def known_state(self) -> State:
        """As moderators know it: that an anonymous line was withdrawn shows with the batch in which
        it leaves, there as everywhere."""
        state = State(self.state)
        return State.PUBLISHED if state == State.WITHDRAWN else state
