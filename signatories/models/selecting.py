"""Which signatures are meant: every question that more than one place asks."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from letters.models import User, Visibility
from signatories.models.choices import NAMELESS, Appearance, Method, State
from signatories.models.flag import Flag
from signatories.models.prominence import Answer
from signatories.models.reading import Reading

if TYPE_CHECKING:
    from signatories.models.signature import Signature  # noqa: F401 - in quotes below

STANDING = Q(published_on__isnull=False)
COMPARED = [State.IN_REVIEW, State.APPROVED, State.PUBLISHED]


class SignatureQuerySet(models.QuerySet["Signature"]):
    def on_roll(self) -> "SignatureQuerySet":
        """The lines that stand on the public roll: the one source of every public door.

        Read only what `signatories.roll.Line` reads: an anonymous line may show its
        `shown_…` fields and nothing else.
        """
        inside = Q(letter__visibility=Visibility.INTERNAL)
        lines = self.standing().exclude(appearance=Appearance.COUNTED)
        return lines.filter(Q(is_for_colleagues=False) | inside)

    def standing(self) -> "SignatureQuerySet":
        """Those that the letter counts: the lines on the roll, and whoever is counted without."""
        return self.filter(STANDING)

    def at(self, place: str) -> "SignatureQuerySet":
        """The line at that place on the roll of its letter."""
        return self.filter(roll_key=place) if place else self.none()

    def named(self) -> "SignatureQuerySet":
        return self.filter(appearance=Appearance.NAMED)

    def anonymous(self) -> "SignatureQuerySet":
        """Those without a name: anonymous lines, and whoever is counted without a line."""
        return self.filter(appearance__in=NAMELESS)

    def appearing(self, appearance: str) -> "SignatureQuerySet":
        return self.filter(appearance=appearance)

    def not_appearing(self, appearances: Sequence[str]) -> "SignatureQuerySet":
        return self.exclude(appearance__in=appearances)

    def undecided(self) -> "SignatureQuerySet":
        """Names given to colleagues, under a letter that is public by now: counted, and shown to
        nobody until their signers decide."""
        return self.standing().named().hidden_from_public()

    def hidden_from_public(self) -> "SignatureQuerySet":
        """What was given to colleagues only, under a letter that is public by now."""
        inside = Q(letter__visibility=Visibility.INTERNAL)
        return self.filter(is_for_colleagues=True).exclude(inside)

    def verified(self) -> "SignatureQuerySet":
        return self.exclude(method=Method.NONE)

    def by_mailbox(self) -> "SignatureQuerySet":
        """Those that rest on a mailbox or a login at work: what minimums count.

        Any other line costs nobody a mailbox there, so whoever wanted to uncover the few real
        ones could make company for them.
        """
        return self.filter(method__in=[Method.MAILBOX, Method.LOGIN])

    def real(self) -> "SignatureQuerySet":
        return self.filter(is_demonstration=False)

    def unconfirmed(self) -> "SignatureQuerySet":
        return self.filter(state=State.UNCONFIRMED)

    def in_review(self) -> "SignatureQuerySet":
        return self.filter(state=State.IN_REVIEW)

    def to_decide(self) -> "SignatureQuerySet":
        """What a moderator is asked about: entries in review, and decided ones that somebody
        reported or objected about. What awaits its check comes with its flags, seconds later."""
        # By their keys, from two small indexes: a condition on each entry would have the database
        # look at a million of them.
        in_review = self.model._default_manager.filter(state=State.IN_REVIEW).values("pk")
        asked_about = Flag.objects.reopening().values("signature")
        unchecked = Q(state=State.IN_REVIEW, needs_check=True)
        return self.filter(pk__in=in_review.union(asked_about)).exclude(unchecked)

    def set_aside(self) -> "SignatureQuerySet":
        return self.filter(set_aside_on__isnull=False)

    def not_set_aside(self) -> "SignatureQuerySet":
        return self.filter(set_aside_on__isnull=True)

    def left_by_others(self, moderator: User) -> "SignatureQuerySet":
        """Those that no other moderator has open."""
        open_ones = Reading.objects.running(timezone.now()).by_others(moderator)
        return self.exclude(pk__in=open_ones.values("signature"))

    def unchecked(self) -> "SignatureQuerySet":
        """Those whose words are to be compared with what is known by now."""
        return self.filter(needs_check=True).exclude(state=State.DUPLICATE)

    def awaiting_check(self) -> "SignatureQuerySet":
        """Those in review that no moderator sees before they are checked."""
        return self.filter(state=State.IN_REVIEW, needs_check=True)

    def unread_names(self) -> "SignatureQuerySet":
        """Names that count in a comparison and have no normal form yet: no check came by."""
        alive = self.filter(state__in=COMPARED, needs_check=False, name_key="")
        return alive.exclude(appearance__in=NAMELESS)

    def compared_with(self) -> "SignatureQuerySet":
        """The names that stand under a letter, or may: what a new one is compared with."""
        return self.filter(state__in=COMPARED, needs_check=False).exclude(name_key="")

    def flagged(self) -> "SignatureQuerySet":
        """Names in review that something speaks against."""
        return self.in_review().filter(risk__gt=0).exclude(appearance__in=NAMELESS)

    def approved(self) -> "SignatureQuerySet":
        """Those that nothing but a batch keeps from the roll, and those that stand there."""
        return self.filter(state__in=[State.APPROVED, State.PUBLISHED])

    def rejected(self) -> "SignatureQuerySet":
        return self.filter(state=State.REJECTED)

    def rejected_before(self, day: date) -> "SignatureQuerySet":
        """Rejected up to that day, and not objected to since: an objection wants its own time."""
        old = self.rejected().filter(rejected_on__lte=day)
        return old.exclude(objected_on__isnull=False, objected_on__gt=day)

    def not_rejected(self) -> "SignatureQuerySet":
        return self.exclude(state=State.REJECTED)

    def originals(self) -> "SignatureQuerySet":
        """All but those whose address had signed already."""
        return self.exclude(state=State.DUPLICATE)

    def withdrawn(self) -> "SignatureQuerySet":
        return self.filter(state=State.WITHDRAWN)

    def unmet_pledges(self) -> "SignatureQuerySet":
        """Those who would have been named once enough colleagues signed."""
        return self.filter(appearance=Appearance.PLEDGED, published_on__isnull=True)

    def duplicates(self) -> "SignatureQuerySet":
        return self.filter(state=State.DUPLICATE)

    def waiting_for_batch(self) -> "SignatureQuerySet":
        return self.anonymous().filter(state=State.APPROVED)

    def to_be_carried_over(self) -> "SignatureQuerySet":
        """Lines on the roll that their signers carry over to a newer text."""
        return self.standing().anonymous().approved().filter(carried_to__isnull=False)

    def to_be_swapped(self) -> "SignatureQuerySet":
        """Named entries that take the place of an anonymous one with the next batch."""
        return self.named().filter(state=State.APPROVED, replaces__isnull=False)

    def counted(self) -> "SignatureQuerySet":
        """All but anonymous entries before their batch, and those that would take the place of
        another, which is counted itself.

        On the way from unconfirmed to waiting, or to duplicate, no number moves.
        """
        before_batch = Q(
            appearance__in=NAMELESS,
            state__in=[State.UNCONFIRMED, State.DUPLICATE, State.IN_REVIEW, State.APPROVED],
        )
        return self.filter(~before_batch, replaces__isnull=True)

    def following_at_once(self) -> "SignatureQuerySet":
        """What may change without a batch: names, and whatever nobody has confirmed."""
        return self.filter(~Q(appearance__in=NAMELESS) | Q(state=State.UNCONFIRMED))

    def following_with_batch(self) -> "SignatureQuerySet":
        """Anonymous entries that somebody confirmed: nothing about them changes before."""
        return self.anonymous().exclude(state=State.UNCONFIRMED)

    def for_search_engines(self) -> "SignatureQuerySet":
        return self.filter(is_hidden_from_search=False)

    def can_stand_out(self) -> "SignatureQuerySet":
        """Names on the roll that a team may ask to show first. Whoever wants to be kept out of
        search engines is not among them: the letter's own page is listed there."""
        return self.on_roll().named().for_search_engines()

    def standing_out(self) -> "SignatureQuerySet":
        """Names that are shown first, because their signatories agreed, in the team's order."""
        agreed = self.can_stand_out().filter(prominence__answer=Answer.AGREED)
        return agreed.order_by("prominence__position", "pk")

    def leaving_with_batch(self) -> "SignatureQuerySet":
        """Anonymous signatures that still stand but were withdrawn or rejected."""
        return self.anonymous().standing().filter(state__in=[State.WITHDRAWN, State.REJECTED])

    def for_moderators(self) -> "SignatureQuerySet":
        """What a moderator may see: never an entry that waits unread, nor one nobody confirmed.

        An anonymous entry that needs no review would tell by its arrival when its signer
        came; it shows only once a batch has put it on the roll, and until a batch takes it off.
        """
        unread = Q(appearance__in=NAMELESS, state=State.APPROVED)
        unchecked = Q(state=State.IN_REVIEW, needs_check=True)
        return self.exclude(state__in=[State.UNCONFIRMED, State.DUPLICATE]).exclude(
            unread | unchecked
        )

    def known_to_be(self, state: str) -> "SignatureQuerySet":
        """Those in a state as moderators know it (`Signature.known_state`)."""
        is_published = state == State.PUBLISHED
        return self.filter(state__in=[state, State.WITHDRAWN] if is_published else [state])
