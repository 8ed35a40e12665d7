"""What a letter needs before it is published, and what it had better have."""

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, Text
from letters.forms import TextForm
from letters.models import Draft, Letter, Visibility


@dataclass(frozen=True)
class Check:
    """One line of the list. What is not needed may be published without."""

    what: str
    is_done: bool
    url: str = ""
    is_needed: bool = True
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checklist:
    checks: tuple[Check, ...]
    text: Text | None = field(default=None)

    @property
    def is_ready(self) -> bool:
        return all(check.is_done for check in self.checks if check.is_needed)

    def ready_text(self) -> Text:
        """The text, where nothing is missing any more. Raises `NotAllowed`."""
        if self.text is None or not self.is_ready:
            raise NotAllowed(_("Something is still missing. The list says what."))
        return self.text


def checklist_of(letter: Letter, draft: Draft, has_second_factor: bool) -> Checklist:
    """What is done and what is missing; `text` is what would be published, once it can be."""
    form = form_of(draft)
    is_complete = form.is_valid()
    text = form.text_to_publish() if is_complete else None
    page = _pages(letter)
    checks = (
        Check(_("Title, text and demands"), is_complete, page("text"), faults=_faults(form)),
        *_for_a_new_version(letter, text, page),
        Check(
            _("To whom it is addressed"),
            bool(letter.addressed_to) or letter.recipients.exists(),
            page("recipients"),
        ),
        Check(_("Your account has a second factor"), has_second_factor, reverse("mfa_index")),
        *_for_the_first_time(letter, page),
    )
    return Checklist(checks, text)


def form_of(draft: Draft) -> TextForm:
    version = draft.letter.current_version
    return TextForm(
        {
            "title": draft.title,
            "text": draft.text,
            "demands": draft.demands,
            "instead_of": version.number if version else 0,
        }
    )


def _for_a_new_version(letter: Letter, text: Text | None, page: Any) -> tuple[Check, ...]:
    if letter.current_version is None:
        return ()
    is_new = text is not None and not _is_current(letter, text)
    return (Check(_("Something new to publish"), is_new, page("text")),)


def _for_the_first_time(letter: Letter, page: Any) -> tuple[Check, ...]:
    if letter.published_on:
        return ()
    members = Check(
        _("The organisations whose members may read it"),
        letter.organisations.exists(),
        page("policy"),
    )
    return (
        *([members] if letter.visibility == Visibility.INTERNAL else []),
        Check(_("A summary in one sentence"), bool(letter.summary), page("policy"), False),
        Check(
            _("Somebody beside you on the team"),
            letter.memberships.count() > 1,
            page("team"),
            False,
        ),
    )


def _is_current(letter: Letter, text: Text) -> bool:
    version = letter.current_version
    return version is not None and Text.of(version).tidied() == text.tidied()


def _faults(form: TextForm) -> tuple[str, ...]:
    return tuple(str(fault) for faults in form.errors.values() for fault in faults)


def _pages(letter: Letter) -> Any:
    return lambda name: reverse(f"manage:{name}", args=[letter.slug])
