"""The end of a letter: closing, reopening, and sealing, which destroys its keys."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config import keys
from config.deadlocks import tried_again
from letters import actions as letters
from letters.models import Letter, User
from signatories.actions import batches, checking, importing, mailings, objecting
from signatories.actions.batches import OFF_ROLL
from signatories.models import (
    Appearance,
    Fate,
    Flag,
    LetterKey,
    Method,
    Reason,
    State,
    Verification,
)
from signatories.verification import mailbox


@tried_again
@transaction.atomic
def close(*, letter: Letter, actor: User | None) -> Letter:
    """End signing. Codes already sent still confirm and review goes on; pledges that were not
    met are erased. Twice is once. Raises `NotAllowed`."""
    closed = letters.close(letter=letter, actor=actor)
    closed.signatures.unmet_pledges().delete()
    return closed


def reopen(*, letter: Letter, actor: User | None) -> Letter:
    """Take signatures again, and stop the clock that runs to sealing. Raises `NotAllowed`."""
    return letters.reopen(letter=letter, actor=actor)


@tried_again
@transaction.atomic
def seal(*, letter: Letter, actor: User | None) -> Letter:
    """End a closed letter for ever. Twice is once. Raises `NotAllowed`.

    What awaits its check is checked. Whatever was not confirmed is erased, whatever was not
    decided is rejected, and the last batch moves. Then the digests of addresses go, the
    subscriptions with what is still mailed to them, the invitations, and with the commit the
    letter's key: from then on nobody can find out whether an address has signed. The roll, and
    everybody's own link, stay.
    """
    # Nobody decides about a name that nothing speaks against, where entries are read afterwards:
    # that no worker has come by must not reject it.
    list(Letter.objects.select_for_update().filter(pk=letter.pk))
    checking.check_letter(letter_id=letter.pk)
    sealed = letters.seal(letter=letter, actor=actor)
    _erase_unconfirmed(sealed)
    batches.return_doubtful_names(sealed)
    _reject_undecided(sealed)
    objecting.end_all_of(sealed)
    batches.publish_last_batch(letter=sealed, now=timezone.now())
    if _forget_hidden_names(sealed):
        batches.publish_last_batch(letter=sealed, now=timezone.now())
    batches.refresh_count(letter=sealed)
    sealed.used_addresses.all().delete()
    mailings.end_all_of(sealed)
    sealed.subscriptions.all().delete()
    sealed.vouches.all().delete()
    importing.erase_all_of(sealed)
    sealed.signatures.exclude(address_digest__isnull=True).update(address_digest=None)
    LetterKey.objects.filter(letter=sealed).delete()
    transaction.on_commit(lambda: keys.destroy("letter", str(sealed.pk)))
    return sealed


def _erase_unconfirmed(letter: Letter) -> None:
    for verification in Verification.objects.of(letter).select_related("signature"):
        mailbox.erase(verification, Fate.EXPIRED)


def _reject_undecided(letter: Letter) -> None:
    undecided = letter.signatures.in_review()
    nameless = undecided.anonymous()
    # As with any decision about them: what was known when their signers came does not stay.
    Flag.objects.filter(signature__in=nameless).delete()
    nameless.update(risk=0)
    letter.signatures.rejected().update(was_approved=False)
    # Nobody is asked any more about what was reported.
    Flag.objects.reopening().filter(signature__in=undecided).delete()
    letter.signatures.in_review().update(
        state=State.REJECTED,
        rejected_on=timezone.localdate(),
        reason=Reason.SEALED,
        set_aside_on=None,
    )


def _forget_hidden_names(letter: Letter) -> int:
    """Of names that were given to colleagues, and never shown to the public, only the count
    stays: as one of those without a name, and so by the rules of small groups. Return how many.
    """
    hidden = list(letter.signatures.undecided().values_list("pk", flat=True))
    names = letter.signatures.filter(pk__in=hidden)
    names.filter(method=Method.NONE).update(organisation=None, tenure="")
    Flag.objects.filter(signature__in=names).delete()
    return names.update(
        appearance=Appearance.COUNTED,
        state=State.APPROVED,
        name="",
        name_key="",
        title="",
        organisation_text="",
        role="",
        said_organisation="",
        said_tenure="",
        address_digest=None,
        is_hidden_from_search=False,
        kept_despite="",
        kept_on=None,
        was_decided=False,
        needs_check=False,
        risk=0,
        **OFF_ROLL,
    )


def due_for_sealing(now: datetime) -> QuerySet[Letter]:
    """Letters closed `SEALING_DAYS` ago or longer."""
    return Letter.objects.closed_before(now.date() - timedelta(days=settings.SEALING_DAYS))


def end_letters(*, now: datetime) -> Iterator[tuple[str, Letter]]:
    """Close letters whose day has come and seal those long closed; yield (what, letter)."""
    for letter in Letter.objects.past_closing(now):
        yield "closed", close(letter=letter, actor=None)
    for letter in due_for_sealing(now):
        yield "sealed", seal(letter=letter, actor=None)


def destroy_keys_of_sealed_letters() -> list[str]:
    """Destroy what a crash between commit and unlinking left; return the names of the keys."""
    names = [str(pk) for pk in Letter.objects.sealed().values_list("pk", flat=True)]
    left = [name for name in names if keys.exists("letter", name)]
    for name in left:
        keys.destroy("letter", name)
    return left
