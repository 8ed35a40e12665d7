"""The rules of a letter: who reads it, who signs it and how. People sign under rules that they
were shown, so once somebody has signed, rules become stricter or stay as they are."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, Overtaken, _locked, audit
from letters.actions.drafts import refuse_behind_approval
from letters.models import (
    Eligibility,
    Letter,
    Organisation,
    Reach,
    ReviewPolicy,
    User,
    Visibility,
)
from letters.permissions import owned_by

# From the loosest to the strictest.
ORDERS: dict[str, list[Any]] = {
    "visibility": [Visibility.PUBLIC, Visibility.UNLISTED],
    "eligibility": [Eligibility.ANYBODY, Eligibility.ORGANISATIONS],
    "reach": [Reach.FAMILY, Reach.BELOW, Reach.ONLY],
    "review_policy": [ReviewPolicy.AFTER, ReviewPolicy.BEFORE],
    "allows_named": [True, False],
    "allows_anonymous": [True, False],
    "accepts_unverified": [True, False],
    "allows_unverified_anonymous": [True, False],
    "allows_vouching": [True, False],
    "allows_login": [True, False],
}
# What may change at any time: it promises nothing to those who have signed.
FREE = (
    *("summary", "addressed_to", "organiser_line"),
    *("roll_for_people", "goal", "opens_at", "closes_at"),
)
FIELDS = (*ORDERS, "minimum_group_size", *FREE)


def rules_of(letter: Letter) -> dict[str, Any]:
    """The rules that people sign under, as they stand on the row that was read."""
    return {name: getattr(letter, name) for name in (*ORDERS, "minimum_group_size")}


def loosened(letter: Letter, wishes: dict[str, Any]) -> list[str]:
    """The names of those rules that would be looser than they are."""
    found = [name for name, order in ORDERS.items() if _is_looser(letter, wishes, name, order)]
    if wishes.get("minimum_group_size", letter.minimum_group_size) < letter.minimum_group_size:
        found.append("minimum_group_size")
    return found


def _is_looser(letter: Letter, wishes: dict[str, Any], name: str, order: list[Any]) -> bool:
    now, wish = getattr(letter, name), wishes.get(name, getattr(letter, name))
    if now == wish:
        return False
    if now not in order or wish not in order:
        return True  # Into an organisation or out of it: nobody signed for that.
    return order.index(wish) < order.index(now)


def digest_of(letter: Letter) -> str:
    """What tells one set of rules from another, so that nobody replaces one they have not seen."""
    rules = {name: getattr(letter, name) for name in FIELDS}
    organisations = sorted(one.pk for one in letter.organisations.all())
    written = json.dumps([rules, organisations], default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


@transaction.atomic
def change(
    *,
    letter: Letter,
    wishes: dict[str, Any],
    organisations: Iterable[Organisation],
    has_signatures: bool,
    actor: User,
    instead_of: str | None = None,
) -> Letter:
    """Change the rules named in `wishes`, and whose people the letter is for. Raises `NotAllowed`
    for what would be looser than the rules under which people signed.

    `instead_of` is the digest of the rules that were changed; raises `Overtaken` where others
    stand by now."""
    letter = _locked(letter, actor, owned_by)
    if letter.is_sealed:
        raise NotAllowed(_("A sealed letter keeps its rules."))
    before = {one.pk for one in letter.organisations.all()}
    after = {one.pk for one in organisations}
    wishes = {name: wish for name, wish in wishes.items() if getattr(letter, name) != wish}
    if not wishes and before == after:
        return letter
    refuse_behind_approval(letter, actor)
    if instead_of is not None and instead_of != digest_of(letter):
        raise Overtaken(_("Somebody has changed the rules meanwhile."))
    # A letter for anybody may become one for some; whose people those are stays then.
    is_moved = letter.is_for_organisations and before != after
    if has_signatures and (loosened(letter, wishes) or is_moved):
        raise NotAllowed(_("People have signed under these rules. They can only become stricter."))
    for name in FIELDS:
        if name in wishes:
            setattr(letter, name, wishes[name])
    if letter.is_for_organisations and not after:
        raise NotAllowed(_("Name the organisations whose people the letter is for."))
    try:
        letter.full_clean()
    except ValidationError as fault:  # A form leaves out rules on fields that it does not have.
        raise NotAllowed(" ".join(fault.messages)) from fault
    letter.save(update_fields=list(FIELDS))
    letter.organisations.set(after)
    audit(verb="letter.rules_changed", actor=actor, letter=letter)
    return letter
