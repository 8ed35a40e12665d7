"""What is held about one signature, told to whoever holds its capability.

An employer may hold it too, after signing with an employee's mailbox. So nothing here
depends on whether the entry is a duplicate, except where the public roll tells as much.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from letters.models import LetterVersion
from signatories.actions import objecting
from signatories.models import Prominence, Reason, Signature, State


def bound_to(signature: Signature) -> LetterVersion:
    """The text the signature is bound to, or will be with the next batch."""
    return signature.carried_to or signature.version


def prominence_of(signature: Signature) -> Prominence | None:
    """What the team asks about the place of a name on the roll. Nobody asks a duplicate."""
    return getattr(signature, "prominence", None)


def held(signature: Signature) -> list[tuple[str, str]]:
    """What is kept, in words: (what, value)."""
    rows = [
        (_("Name"), signature.name),
        (_("Title"), signature.title),
        (_("Organisation"), str(signature.organisation or signature.organisation_text)),
        (_("You work there"), signature.get_tenure_display() if signature.tenure else ""),
        (_("Kind of work"), signature.get_role_display() if signature.role else ""),
        (_("How it was verified"), signature.get_method_display()),
        (
            _("Signed"),
            "" if signature.is_anonymous else date_format(signature.submitted_on, "j F Y"),
        ),
        (_("Your objection"), signature.objection),
        (_("Asked to be shown first"), _asked(signature)),
    ]
    return [(what, value) for what, value in rows if value]


def _asked(signature: Signature) -> str:
    asked = prominence_of(signature)
    if asked is None:
        return ""
    words = _("on %(day)s; you have %(answer)s")
    return words % {
        "day": date_format(asked.asked_on, "j F Y"),
        "answer": asked.get_answer_display(),
    }


def document(signature: Signature) -> dict[str, Any]:
    """The same for programs; `docs/api.md` describes its members."""
    version, asked = bound_to(signature), prominence_of(signature)
    return {
        "letter": signature.letter.slug,
        "title_of_letter": signature.letter.title,
        "text_version": version.number,
        "text_sha256": version.sha256,
        "appearance": signature.appearance,
        "state": _state(signature),
        "name": signature.name,
        "title": signature.title,
        "organisation": str(signature.organisation or signature.organisation_text),
        "tenure": signature.tenure,
        "role": signature.role,
        "method": signature.method,
        "organisation_before_a_proof_was_shown": signature.said_organisation,
        "tenure_before_a_proof_was_shown": signature.said_tenure,
        "links_given_to_colleagues": signature.vouches_given,
        "for_colleagues_only": signature.is_for_colleagues,
        "hidden_from_search": signature.is_hidden_from_search,
        "asked_to_be_shown_first_on": _iso(asked.asked_on) if asked else None,
        "answer_to_that": asked.answer if asked else "",
        "rejected_on": _iso(rejected_on(signature)),
        "can_be_objected_to_until": _iso(objection_ends_on(signature)),
        "reason_of_rejection": _reason(signature),
        "note_of_the_moderator": signature.note,
        "objection": signature.objection,
        "objected_on": _iso(signature.objected_on),
        "kept_although_reported_as": [one for one in signature.kept_despite.split(",") if one],
        "kept_on": _iso(signature.kept_on),
        **_days(signature),
        "digest_of_address_kept_with_this_entry": _keeps_digest(signature),
        "digest_of_this_page_address": True,
        "email_address": None,
        "note": _note(signature),
    }


def rejection(signature: Signature) -> tuple[str, str] | None:
    """Why an entry was not published, in words, and the note of the moderator if there is one."""
    reason = _reason(signature)
    return (str(Reason(reason).label), signature.note) if reason else None


def is_undecided_at_sealing(signature: Signature) -> bool:
    """Whether its page says that nobody had decided before the letter was sealed: also that of a
    duplicate by name."""
    return _reason(signature) == Reason.SEALED


def rejected_on(signature: Signature) -> date | None:
    """The day of the rejection. What nobody decided has that of the sealing, as a duplicate has,
    which no day of its own was given."""
    if is_undecided_at_sealing(signature):
        return signature.letter.sealed_on
    return signature.rejected_on if signature.is_refused else None


def objection_ends_on(signature: Signature) -> date | None:
    """The last day on which its signatory can object; none where that is not possible."""
    erased = erased_on(signature)
    can_object = erased and objecting.may_object(signature)
    return erased - timedelta(days=1) if erased and can_object else None


def erased_on(signature: Signature) -> date | None:
    """The day on which what was rejected is erased at the latest, unless somebody decides otherwise
    or a batch has to take an anonymous line off the roll first."""
    rejected = rejected_on(signature)
    if rejected is None:
        return None
    return max(rejected, signature.objected_on or rejected) + timedelta(days=settings.REJECTED_DAYS)


def _reason(signature: Signature) -> str:
    return (signature.reason or Reason.SEALED) if signature.is_refused else ""


def _state(signature: Signature) -> str:
    if signature.is_refused:
        return "not_published"
    is_shown = not (signature.is_anonymous or signature.is_undecided)
    if signature.state == State.PUBLISHED and is_shown:
        return "on_roll"
    return "confirmed"


def _days(signature: Signature) -> dict[str, str | None]:
    """The days of a named entry. Those of an anonymous one become the batch's, which those of
    a duplicate do not: to tell them would tell which of the two it is."""
    if signature.is_anonymous:
        return {}
    return {
        "submitted_on": _iso(signature.submitted_on),
        "confirmed_on": _iso(signature.confirmed_on),
        "published_on": _iso(signature.published_on),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _keeps_digest(signature: Signature) -> bool:
    return signature.address_digest is not None


def _note(signature: Signature) -> str:
    if signature.is_anonymous:
        return _(
            "This is everything that leads from here to you. The day of your batch, whether the "
            "line stands on the roll, and what moderators go by until they have decided are held "
            "too and not told: whoever reads your mailbox could sign with it, and learn from them "
            "whether you had signed before."
        )
    return _(
        "This is what is held about you, but for what moderators go by: what gave reason to look "
        "twice and how much it weighs, your name in the form in which it is compared, and whether "
        "the entry was set aside, approved or decided before. A second entry under your address "
        "has less of that, so whoever reads your mailbox could learn whether you had signed. "
        "The email address was deleted when you confirmed it; a keyed digest of it finds this "
        "entry again until the letter is sealed."
    )
