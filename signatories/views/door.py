"""The door in front of the form to sign, and of the forms that ask for a mailbox only: what a form
has to bring along before it is acted on.

No third party is asked, there is no cookie and no session beyond what the form needs anyway, and
nothing about a visitor is stored: the form itself carries when it was served and what its browser
has worked out, and counters live in the cache. Everything works without JavaScript, and where
the cache is down nobody is turned away.

Whatever the door finds, the form comes back with all that was typed, or goes on: it never drops
one in silence. So also the field that people do not see. A machine that fills it in could be shown
the page of a code that never comes, but so would be a person whose browser filled it in, and who
would wait for that code for ever. Instead the form comes back, with the field empty, the words
that everybody gets whose form came too soon, and nothing stored: a person presses once more and
is through, a machine that fills in every field never is. Nothing here looks at the address, so
nothing here can tell whether it has signed (promise 3).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import pressure, proof_of_work, ratelimit, stamps
from letters.actions import pausing
from letters.models import Letter
from signatories.actions import pressing

# Neither of these is a name that browsers or password managers know how to fill in.
UNSEEN = "further_remarks"
SERVED = "served"
SOLUTION = "altcha"


class Held(Exception):
    """The form comes back with everything typed, and says why under `title`."""

    def __init__(self, title: str, sentence: str, *, status: int = 200, seconds: int = 0) -> None:
        super().__init__(sentence)
        self.title, self.sentence, self.status, self.seconds = title, sentence, status, seconds


class Flooded(Held):
    """The form comes back without having been looked at."""


@dataclass(frozen=True)
class Carried:
    """What a form takes along to the door."""

    stamp: str
    challenge: str


def carried(request: HttpRequest, letter: Letter) -> Carried:
    """What the form that is shown now takes along."""
    return _carried(request, _name(letter), asks=is_checking(letter, _numbers(letter)))


def _carried(request: HttpRequest, form: str, *, asks: bool) -> Carried:
    return Carried(
        stamp=stamps.again(request.POST.get(SERVED, ""), form),
        challenge=proof_of_work.challenge(form) if asks else "",
    )


def carried_unread(request: HttpRequest, letter: Letter) -> Carried:
    """The same for a form that nobody looks at: a challenge would cost us more than the sender."""
    return _carried(request, _name(letter), asks=False)


def refuse_flood(request: HttpRequest) -> None:
    """Raise `Flooded` for a network that sends very many forms, whatever is in them: reading one
    may take the whole directory."""
    _within("form:network", ratelimit.network(request), too_many_from_network, Flooded)


def refuse_while_paused(letter: Letter) -> None:
    """Raise `Held` while signing pauses."""
    try:
        pausing.refuse_while_paused(letter)
    except pausing.Paused as paused:
        raise held_by(paused) from paused


def held_by(paused: pausing.Paused) -> Held:
    return Held(_("Signing pauses"), str(paused), status=409)


def check(request: HttpRequest, letter: Letter) -> None:
    """Let a filled-in form pass, or raise `Held`.

    What costs the sender nothing is asked first, and the letter's own limit last: forms that do
    not get that far must not use it up for everybody else. Nor does a network that is over its
    limit bring the check upon all others, however many forms it goes on to send.
    """
    _within("sign:network", ratelimit.network(request), too_many_from_network)
    numbers = _count(letter)
    _filled_in_by_a_person(request, _name(letter))
    if is_checking(letter, numbers):
        _checked_or_slow(request, _name(letter))
    _within("sign:letter", letter.slug, too_many_for_letter)


def is_checking(letter: Letter, numbers: list[int]) -> bool:
    """Whether browsers are asked for the check, at so many forms for the letter and the site."""
    when = settings.DEFENCES.proof_of_work
    if when != "auto" or letter.asks_for_check:
        return when != "never"
    of_letter, of_site = numbers
    is_pressed = of_letter >= settings.DEFENCES.pressure_letter
    return is_pressed or of_site >= settings.DEFENCES.pressure_site


def is_checking_now(letter: Letter) -> bool:
    return is_checking(letter, _numbers(letter))


# Forms that ask for a mailbox only ----------------------------------------------------------------
#
# Each has a code sent to an address of the sender's choice, so each counts towards the pressure on
# the site and asks for what the form to sign asks for. Pauses do not concern them: people find
# their signature, come inside and end what they began, whatever a team or a host has paused.

FIND = "find"
ENTER = "enter"


def updates_of(letter: Letter) -> str:
    """What the form for a letter's updates is called."""
    return f"updates:{letter.pk}"


def carried_for_mailbox(request: HttpRequest, form: str) -> Carried:
    """What the form that is shown now takes along."""
    return _carried(request, form, asks=_asks_for_check(_number_on_site()))


def stamped(form: str) -> Carried:
    """What a form takes along that stands on a page about something else: it comes back with the
    check, where one is asked for."""
    return Carried(stamp=stamps.stamp(form), challenge="")


def check_mailbox(request: HttpRequest, form: str, limit: str) -> None:
    """Let a filled-in form pass, or raise `Held`. `limit` is how many one network may send."""
    _within(limit, ratelimit.network(request), too_many_from_network)
    [of_site] = pressure.count(pressure.SITE)
    _filled_in_by_a_person(request, form)
    if _asks_for_check(of_site):
        _checked_or_slow(request, form)


def _number_on_site() -> int:
    return pressure.numbers(pressure.SITE)[0] if settings.DEFENCES.proof_of_work == "auto" else 0


def _asks_for_check(of_site: int) -> bool:
    when = settings.DEFENCES.proof_of_work
    is_pressed = of_site >= settings.DEFENCES.pressure_site
    return when == "always" or (when == "auto" and is_pressed)


# What is asked ---------------------------------------------------------------------------------


def _filled_in_by_a_person(request: HttpRequest, form: str) -> None:
    """Raise `Held` for a form that came sooner than anybody fills one in, lay open for more than
    a day, was never served, or has the field filled in that nobody sees."""
    try:
        if request.POST.get(UNSEEN):
            raise stamps.TooSoon
        stamps.check(request.POST.get(SERVED, ""), form)
    except (stamps.TooSoon, stamps.NoStamp):
        raise Held(
            _("Please press the button once more"),
            _(
                "The form came sooner than people fill one in, or it was open for more than a "
                "day. We ask once more, so that machines do not send it."
            ),
        ) from None


def _checked_or_slow(request: HttpRequest, form: str) -> None:
    """Take the form of a browser that did the check, and of others a few by network."""
    if proof_of_work.is_solved(request.POST.get(SOLUTION, ""), form):
        return
    _within("sign:slow", ratelimit.network(request), too_many_without_check)


def _within(limit: str, key: str, sentence: Callable[[int], str], kind: type[Held] = Held) -> None:
    try:
        ratelimit.check(limit, key)
    except ratelimit.LimitReached as reached:
        raise kind(
            _("Not taken yet"),
            sentence(reached.minutes),
            status=429,
            seconds=reached.seconds,
        ) from reached


# In words -----------------------------------------------------------------------------------------


def too_many_from_network(minutes: int) -> str:
    return ngettext(
        "Too many attempts from your network. Everything you typed is still here; try again in "
        "%(n)d minute.",
        "Too many attempts from your network. Everything you typed is still here; try again in "
        "%(n)d minutes.",
        minutes,
    ) % {"n": minutes}


def too_many_for_letter(minutes: int) -> str:
    return ngettext(
        "More people sign this letter just now than we can take. Everything you typed is still "
        "here; try again in %(n)d minute.",
        "More people sign this letter just now than we can take. Everything you typed is still "
        "here; try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}


def too_many_without_check(minutes: int) -> str:
    return ngettext(
        "This form is guarded against floods just now. With JavaScript your browser does a short "
        "check, and you can press again as soon as it is done. Without it few forms are taken "
        "from a network: try again "
        "in %(n)d minute.",
        "This form is guarded against floods just now. With JavaScript your browser does a short "
        "check, and you can press again as soon as it is done. Without it few forms are taken "
        "from a network: try again "
        "in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}


# How much comes in -------------------------------------------------------------------------------


def _name(letter: Letter) -> str:
    return f"sign:{letter.pk}"


def _keys(letter: Letter) -> tuple[str, str]:
    return f"letter:{letter.pk}", pressure.SITE


def _numbers(letter: Letter) -> list[int]:
    """Asked only where the answer matters: each question costs a round trip to the cache."""
    if settings.DEFENCES.proof_of_work != "auto" or letter.asks_for_check:
        return [0, 0]
    return pressure.numbers(*_keys(letter))


def _count(letter: Letter) -> list[int]:
    numbers = pressure.count(*_keys(letter))
    pressing.tell_if_pressed(letter=letter, number=numbers[0])
    return numbers
