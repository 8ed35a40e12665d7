"""From a button to a verb."""

from letters.actions import NotAllowed
from letters.models import User
from signatories.actions import moderation, taking_back
from signatories.admin import rows
from signatories.admin.decision_forms import ProofForm, RejectionForm
from signatories.admin.room import ANSWERED
from signatories.models import Signature, State

DECISIONS = ("approve", "reject", "keep", "aside", "up", "back")


def is_complete(decision: str, rejection: RejectionForm | None, proof: ProofForm | None) -> bool:
    """Whether everything is said that the decision needs."""
    forms = [form for form in (rejection, proof) if form is not None]
    return decision in DECISIONS and all(form.is_valid() for form in forms)


def act(
    decision: str,
    entry: Signature,
    actor: User,
    rejection: RejectionForm | None,
    proof: ProofForm | None,
    read: str,
) -> Signature:
    """Call the verb of the button. Raises `NotAllowed`."""
    seen = entry.known_state
    if decision == "approve":
        shown = proof.cleaned_data["proof"] if proof else ""
        return moderation.approve(signature=entry, actor=actor, proof=shown, seen=seen, read=read)
    if decision == "reject" and rejection:
        said = rejection.cleaned_data
        return moderation.reject(signature=entry, actor=actor, seen=seen, read=read, **said)
    if decision == "keep":
        return _keep(entry, actor, read)
    verbs = {"aside": moderation.set_aside, "up": moderation.take_up}
    return verbs.get(decision, taking_back.take_back)(signature=entry, actor=actor, seen=seen)


def _keep(entry: Signature, actor: User, read: str) -> Signature:
    """Let a decision stand that somebody asked about: the same once more. Where nobody asks, it
    would be a first decision, and there is none to let stand."""
    if not rows.has_question(entry):
        raise NotAllowed(str(ANSWERED))
    seen = entry.known_state
    if seen == State.REJECTED:
        reason = entry.reason
        return moderation.reject(signature=entry, actor=actor, reason=reason, seen=seen, read=read)
    return moderation.approve(signature=entry, actor=actor, seen=seen, read=read)
