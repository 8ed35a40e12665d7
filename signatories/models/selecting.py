"""Which signatures are meant: every question that more than one place asks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from letters.models import User, Visibility
from signatories.models.choices import NAMELESS, Appearance, Method, State
from signatories.models.flag import REOPENING, Flag
from signatories.models.reading import Reading

if TYPE_CHECKING:
    from signatories.models.signature import Signature  # noqa: F401 - in quotes below

STANDING = Q(published_on__isnull=False)


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
        reported or objected about."""
        questions = Flag.objects.filter(signature=OuterRef("pk"), kind__in=REOPENING)
        return self.filter(Q(state=State.IN_REVIEW) | Exists(questions))

    def set_aside(self) -> "SignatureQuerySet":
        return self.filter(set_aside_on__isnull=False)

    def not_set_aside(self) -> "SignatureQuerySet":
        return self.filter(set_aside_on__isnull=True)

    def left_by_others(self, moderator: User) -> "SignatureQuerySet":
        """Those that no other moderator has open."""
        open_ones = Reading.objects.running(timezone.now()).by_others(moderator)
        return self.exclude(pk__in=open_ones.values("signature"))

    def unchecked(self) -> "SignatureQuerySet":
        """Those whose words nobody has compared with anything yet."""
        return self.filter(needs_check=True)

    def approved(self) -> "SignatureQuerySet":
        """Those that nothing but a batch keeps from the roll, and those that stand there."""
        return self.filter(state__in=[State.APPROVED, State.PUBLISHED])

    def rejected(self) -> "SignatureQuerySet":
        return self.filter(state=State.REJECTED)

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

    def leaving_with_batch(self) -> "SignatureQuerySet":
        """Anonymous signatures that still stand but were withdrawn or rejected."""
        return self.anonymous().standing().filter(state__in=[State.WITHDRAWN, State.REJECTED])

    def for_moderators(self) -> "SignatureQuerySet":
        """What a moderator may see: never an entry that waits unread, nor one nobody confirmed.

        An anonymous entry that needs no review would tell by its arrival when its signer
        came; it shows only once a batch has put it on the roll.
        """
        return self.exclude(
            state__in=[State.UNCONFIRMED, State.DUPLICATE, State.WITHDRAWN]
        ).exclude(appearance__in=NAMELESS, state=State.APPROVED)
