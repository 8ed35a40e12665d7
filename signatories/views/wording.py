"""What the pages between a typed address and its proof say, by the purpose of the proof."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from signatories.models import Purpose, Verification


@dataclass(frozen=True)
class Words:
    """`after_code` follows “Type the code from that message here”; the rest is for the page
    behind the mailed button, and for whoever does nothing."""

    after_code: str
    heading: str
    lead: str
    button: str
    if_nothing: str


def words_for(verification: Verification) -> Words:
    return WORDS[Purpose(verification.purpose)](verification)


def _to_sign(verification: Verification) -> Words:
    signature = verification.signature
    assert signature is not None  # A constraint: who signs has a signature.
    if signature.replaces:
        return _to_be_named()
    hours = settings.UNCONFIRMED_NAMED_HOURS
    if signature.is_anonymous:
        hours = settings.UNCONFIRMED_ANONYMOUS_HOURS
    return Words(
        after_code=_("Your signature does not count until then."),
        heading=_("Confirm your signature"),
        lead=_(
            "Somebody, probably you, signed with this address. Opening this page did nothing; the "
            "signature counts when you press the button."
        ),
        button=_("Yes, I sign this letter"),
        if_nothing=_everything_is_erased(hours),
    )


def _to_be_named() -> Words:
    return Words(
        after_code=_("Your line stays anonymous until then."),
        heading=_("Put your name under the letter"),
        lead=_(
            "Somebody, probably you, wants to appear by name in place of an anonymous line. "
            "Opening this page did nothing."
        ),
        button=_("Yes, show my name"),
        if_nothing=_everything_is_erased(settings.UNCONFIRMED_ANONYMOUS_HOURS),
    )


def _everything_is_erased(hours: int) -> str:
    return _(
        "If you do nothing, the address and everything you entered are erased %(hours)d hours "
        "after you sent the form."
    ) % {"hours": hours}


def _to_find(verification: Verification) -> Words:
    return Words(
        after_code=_("It opens your signature, or says that there is none."),
        heading=_("Open your signature"),
        lead=_(
            "Somebody, probably you, asked for the way back to a signature that was given with "
            "this address. Opening this page did nothing."
        ),
        button=_("Open my signature"),
        if_nothing=_("If you do nothing, nothing changes, and the address is erased."),
    )


def _to_free(verification: Verification) -> Words:
    return Words(
        after_code=_("Your signature is withdrawn then, and the address can sign again."),
        heading=_("Withdraw, and free this address"),
        lead=_(
            "Somebody, probably you, wants to withdraw an anonymous signature and use this address "
            "again. Opening this page did nothing."
        ),
        button=_("Yes, withdraw and free it"),
        if_nothing=_("If you do nothing, your signature stays, and the address is erased."),
    )


def _to_receive_updates(verification: Verification) -> Words:
    return Words(
        after_code=_("You get no updates until then."),
        heading=_("Receive the updates of this letter"),
        lead=_(
            "Somebody, probably you, asked for the updates of a letter at this address. "
            "Opening this page did nothing."
        ),
        button=_("Yes, write to me"),
        if_nothing=_("If you do nothing, the address is erased."),
    )


def _to_enter(verification: Verification) -> Words:
    return Words(
        after_code=_("It opens the letters for members of your organisation, if there are any."),
        heading=_("Read letters for members"),
        lead=_(
            "Somebody, probably you, asked for the letters for members of an organisation, with "
            "this address. Opening this page did nothing."
        ),
        button=_("Yes, let me in"),
        if_nothing=_("If you do nothing, the address is erased."),
    )


WORDS = {
    Purpose.SIGN: _to_sign,
    Purpose.FIND: _to_find,
    Purpose.FREE: _to_free,
    Purpose.UPDATES: _to_receive_updates,
    Purpose.ENTER: _to_enter,
}
