"""Rows of the moderators' floor that break one constraint each."""

from datetime import date

from django.utils import timezone

from signatories.models import Flag, Purpose, State, Verification
from tests.constraints import Case
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

TODAY = date(2026, 1, 20)


def in_review():
    return make_signature(make_letter())


def published():
    return make_signature(make_letter(), state=State.PUBLISHED)


def anonymous_rejected():
    return make_anonymous(make_letter(), make_organisation("Google"), state=State.REJECTED)


def flag(**fields):
    return Flag(signature=in_review(), **{"kind": "joke", "detail": "Mouse", **fields})


def finding_again():
    return Verification(
        purpose=Purpose.FIND,
        address=b"x",
        key_name="named-2026-01-20",
        is_private=True,
        page_digest="p" * 64,
        erase_after=timezone.now(),
    )


def second_flag():
    first = flag()
    first.save(force_insert=True)
    return Flag(signature=first.signature, kind="abuse")


def flagged_like_another():
    row = flag(kind="similar_name", detail="")
    row.other = make_signature(row.signature.letter)
    return row


def objected():
    return make_signature(make_letter(), state=State.REJECTED, objected_on=TODAY)


def anonymous_objected():
    google = make_organisation("Google")
    return make_anonymous(make_letter(), google, state=State.REJECTED, objected_on=TODAY)


def kept():
    fields = {"state": State.PUBLISHED, "kept_despite": "me", "kept_on": TODAY}
    return make_signature(make_letter(), **fields)


FLAG_CASES = [
    Case("flag_kind_is_known", flag, {"kind": "gossip"}),
    Case("an_entry_has_one_flag_of_a_kind", second_flag, {"kind": "joke"}),
    Case("only_names_are_like_another_entry", flagged_like_another, {"kind": "joke"}),
    Case("notes_are_about_rejected_names", in_review, {"note": "Not you."}),
    Case("notes_are_about_rejected_names", anonymous_rejected, {"note": "Not you."}),
    Case("only_rejected_entries_were_objected_to", in_review, {"objected_on": TODAY}),
    Case(
        "objections_in_words_are_about_names",
        objected,
        {"objection": "I am real.", "objected_on": None},
    ),
    Case("objections_in_words_are_about_names", anonymous_objected, {"objection": "I am real."}),
    Case("only_reported_names_were_kept_on_a_day", kept, {"kept_on": None}),
    Case("only_reported_names_were_kept_on_a_day", kept, {"kept_despite": ""}),
    Case(
        "only_reported_names_were_kept_on_a_day",
        anonymous_rejected,
        {"kept_despite": "me", "kept_on": TODAY},
    ),
    Case("only_entries_in_review_are_set_aside", published, {"set_aside_on": TODAY}),
    Case("only_names_are_checked", anonymous_rejected, {"needs_check": True}),
    Case("only_names_have_a_normal_form", anonymous_rejected, {"name_key": "otterbourne"}),
    Case("only_those_who_sign_come_in_a_burst", finding_again, {"is_burst": True}),
]
