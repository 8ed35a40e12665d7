"""From a name to an entry without one, and between an anonymous line and none at all.

By the capability of the signatory, like all of `own`, and like it without depending on whether
the entry is a duplicate.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, recent
from config.deadlocks import tried_again
from letters.actions import NotAllowed, Overtaken
from signatories import flags
from signatories.actions import own, reading
from signatories.actions.confirming import Gone
from signatories.checks.finding import Finding
from signatories.models import (
    Appearance,
    Flag,
    FlagKind,
    Method,
    Signature,
    State,
    Tenure,
)
from signatories.verification import vouch


def anonymous_token(token: str) -> str:
    """The capability of the anonymous entry that takes the place of the one `token` manages."""
    return crypto.derived_token("manage", token, Appearance.ANONYMOUS)


def ways_without_name(signature: Signature) -> list[Appearance]:
    """How else this signature could appear without a name, as far as its letter goes."""
    letter = signature.letter
    offered = {
        Appearance.ANONYMOUS: letter.allows_anonymous,
        Appearance.COUNTED: letter.allows_counted,
    }
    return [one for one in offered if offered[one] and one != signature.appearance]


def why_not_without_name(signature: Signature, appearance: str) -> str:
    """What keeps a signature from appearing so, without a name; nothing if it may."""
    if appearance not in ways_without_name(signature):
        return _("This letter is not signed that way.")
    if not signature.is_anonymous and not signature.is_verified:
        return _(
            "An anonymous signature rests on a verified organisation, and yours is not verified. "
            "You can withdraw, and sign again from an address that proves where you work."
        )
    if appearance == Appearance.COUNTED:
        return ""
    if signature.method == Method.MAILBOX and signature.tenure == Tenure.FORMER:
        return _(
            "You have said that you left, and behind an anonymous line stands a mailbox that "
            "proves who works there now. You can withdraw; your name then goes at once."
        )
    if signature.method == Method.LOGIN:
        return _(
            "You proved where you work by a login, and the provider knows that. You can withdraw, "
            "which takes your name away at once, and sign again anonymously with a typed code."
        )
    return ""


@tried_again
@transaction.atomic
def appear_without_name(*, token: str, appearance: str, saw_public: bool = False) -> str:
    """Appear by an anonymous line, or be counted without one, from now on; return the
    capability of the entry that does. Raises `Gone` or `NotAllowed`.

    `saw_public` says that the person was told, before they asked for it, that everybody reads the
    letter. What was given to colleagues changes under a public letter only so: else `Overtaken`.

    A name goes at once, everywhere. The entry without it is a new row with a new key and a new
    capability, and comes with a later batch. The address stays used. The numbers count a
    withdrawal, and later an arrival, so that they do not tell it from somebody who left. Pressed
    twice within minutes it is once; later the old capability leads nowhere.
    """
    try:
        signature = own.open_to_change(token)
    except Gone:
        # Perhaps another press of the same button was quicker.
        renewed = anonymous_token(token)
        if recent.is_noted("became anonymous", token) and own.is_managed_by(renewed):
            return renewed
        raise
    if signature.appearance == appearance:
        return token
    refusal = why_not_without_name(signature, appearance)
    if refusal:
        raise NotAllowed(refusal)
    if signature.is_undecided and not saw_public:
        raise Overtaken(
            _(
                "This letter was for colleagues when you opened the page, and has become public "
                "since. Nothing has been changed: look again."
            )
        )
    if signature.is_anonymous:
        _change_line(signature, appearance)
        return token
    return _drop_name(signature, token, appearance)


def _change_line(signature: Signature, appearance: str) -> None:
    """Have an anonymous line instead of being only counted, or the other way round.

    What stands leaves with the next batch, and what comes instead waits for one like any other:
    a line that came or went at once would tell when its signer was here.
    """
    against = _unanswered(signature)
    if signature.is_standing:
        own.count_as_withdrawn(signature)
        changed = _without_name(signature, appearance)
        changed.manage_digest = signature.manage_digest
        changed.version_id = signature.carried_to_id or signature.version_id
        changed.vouches_given = signature.vouches_given
        own.leave_with_batch(signature)
        reading.forget_work_on(signature)  # As with a row anew, in as many statements.
        changed.save(force_insert=True)
        return
    signature.appearance, signature.role = appearance, ""
    signature.is_for_colleagues &= signature.letter.is_internal
    # A row anew takes as many statements as a line that stands: a duplicate never stands, and
    # its time would tell.
    signature.delete()
    signature.pk = Signature._meta.pk.get_default()
    signature.save(force_insert=True)
    Flag.objects.bulk_create(flags.rows_of(signature, against))


def _unanswered(signature: Signature) -> list[Finding]:
    """What the mailbox says against an entry that nobody has decided. It goes along when the
    entry appears otherwise, or a flood could enter as names and pass as anonymous lines."""
    kinds = signature.flags.filter(kind__in=flags.OF_MAILBOX).values_list("kind", flat=True)
    found = [Finding(FlagKind(kind)) for kind in kinds]
    return found if signature.state in (State.IN_REVIEW, State.DUPLICATE) else []


def _without_name(signature: Signature, appearance: str) -> Signature:
    """A new entry that says what this one says without a name, and waits for a batch."""
    today = timezone.localdate()
    return Signature(
        letter=signature.letter,
        version_id=signature.version_id,
        appearance=appearance,
        state=State.DUPLICATE if signature.state == State.DUPLICATE else State.APPROVED,
        organisation=signature.organisation,
        tenure=signature.tenure,
        method=signature.method,
        submitted_on=today,
        confirmed_on=today,
        is_for_colleagues=signature.is_for_colleagues and signature.letter.is_internal,
    )


def _drop_name(named: Signature, token: str, appearance: str) -> str:
    renewed = anonymous_token(token)
    fresh = _without_name(named, appearance)
    fresh.manage_digest = crypto.digest("manage", renewed)
    # All or nothing: the very number could lead from one row to the other.
    fresh.vouches_given = settings.VOUCHES_IN_ALL if named.vouches_given else 0
    vouch.take_back_all(named.manage_digest)
    against = _unanswered(named)
    if against and fresh.state == State.APPROVED:
        fresh.state = State.IN_REVIEW
    fresh.risk = flags.risk_of(one.kind for one in against)
    # The anonymous line that the name was to replace is still there, and simply stays.
    anonymous = _stay_anonymous(named, fresh) if named.replaces else fresh
    own.count_as_withdrawn(named)
    named.delete()
    anonymous.save()
    if anonymous is fresh:
        Flag.objects.bulk_create(flags.rows_of(fresh, against))
    if anonymous.appearance != appearance and not anonymous.is_refused:
        _change_line(anonymous, appearance)
    recent.note("became anonymous", token)
    own.follow_up(named)
    return renewed


def _stay_anonymous(named: Signature, fresh: Signature) -> Signature:
    """The old anonymous entry under the new capability, whatever was decided about it; a fresh
    one where it is gone."""
    entries = named.letter.signatures.anonymous().select_for_update(of=("self",))
    old = entries.filter(manage_digest=named.replaces).first()
    if old is None:
        # A moderator may have rejected it before it was withdrawn, so one looks again.
        if fresh.state == State.APPROVED:
            fresh.state = State.IN_REVIEW
        return fresh
    if old.state == State.DUPLICATE and fresh.state != State.DUPLICATE:
        return fresh  # The name has an address of its own, which had not signed.
    vouch.take_back_all(old.manage_digest)
    # Other names that are to take its place have to find it, or both would stand.
    others = named.letter.signatures.filter(replaces=old.manage_digest).exclude(pk=named.pk)
    others.update(replaces=fresh.manage_digest)
    old.manage_digest = fresh.manage_digest
    return old
