"""The doors on a letter's page: a new text, the end, and what search engines may list.

They stand on this floor because closing and sealing a letter decides over signatures. Each
door has a page of its own that says what it means, and a button. Rows are fetched through
`letters.permissions`; the verbs look once more.

No page counts what moves between batches, like entries that nobody has confirmed: an organiser
who looked again and again would see when somebody comes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.http import keeps_what_was_typed
from letters import differences
from letters.actions import NotAllowed, Overtaken, Text, list_roll_in_search, publish_text
from letters.admin import LetterAdmin, person
from letters.forms import LONGEST_TEXT, TextForm, tidied
from letters.models import Demand, Letter, LetterVersion, Status, User
from letters.permissions import edited_by, owned_by
from signatories import statistics
from signatories.actions import sealing

TEMPLATES = "admin/signatories/letter"


@dataclass(frozen=True)
class Door:
    """A link on the letter's page: to which page, and in what words."""

    name: str
    label: Any
    means: Any


TEXT = Door(
    "text",
    _("New version of the text"),
    _("Edit title, text and demands. Earlier signatures stay with the version they were given to."),
)
CLOSE = Door("close", _("Close the letter"), _("No new entries. It can be reopened."))
REOPEN = Door("reopen", _("Reopen the letter"), _("New entries again; the clock to sealing stops."))
SEAL = Door(
    "seal", _("Seal the letter"), _("End it for ever and destroy its keys. Cannot be undone.")
)
UNLIST = Door(
    "search",
    _("Ask search engines to leave out the roll"),
    _("Names stay on the roll, for those who open it."),
)
LIST = Door(
    "search",
    _("Let search engines list the roll"),
    _("Now they are asked to leave it out."),
)


def doors_of(letter: Letter, who: User) -> list[Door]:
    """What this person can do with the letter as it stands now."""
    doors = []
    if not letter.is_sealed and edited_by(who).filter(pk=letter.pk).exists():
        doors.append(TEXT)
    if owned_by(who).filter(pk=letter.pk).exists():
        if letter.status == Status.PUBLISHED:
            doors.append(CLOSE)
        if letter.is_closed:
            doors += [REOPEN, SEAL]
        doors.append(UNLIST if letter.roll_in_search else LIST)
    return doors


def sealed_by_itself_on(closed_on: date) -> date:
    return closed_on + timedelta(days=settings.SEALING_DAYS)


class SealForm(forms.Form):
    """Typed by hand, so that nobody seals a letter by a slip."""

    slug = forms.CharField(
        label=_("The letter’s address"),
        max_length=200,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the letter’s address.")},
    )

    def __init__(self, letter: Letter, *args: Any) -> None:
        super().__init__(*args)
        self.letter = letter

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug != self.letter.slug:
            raise forms.ValidationError(
                gettext("This is not the address of this letter. Nothing was sealed.")
            )
        return slug


admin.site.unregister(Letter)


@admin.register(Letter)
class LetterWithDoorsAdmin(LetterAdmin):
    change_form_template = f"{TEMPLATES}/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        views: dict[str, Callable[..., HttpResponse]] = {
            "text": _kept(wrap(self.text_view)),
            "close": wrap(self.close_view),
            "reopen": wrap(self.reopen_view),
            "seal": wrap(self.seal_view),
            "search": wrap(self.search_view),
        }
        own = [
            path(f"<int:pk>/{name}/", view, name=f"letters_letter_{name}")
            for name, view in views.items()
        ]
        return own + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        letter = self.get_object(request, unquote(object_id))
        context: dict[str, Any] = {}
        if letter is not None:
            context["doors"] = doors_of(letter, person(request))
            context["seals_on"] = letter.is_closed and sealed_by_itself_on(_closed_on(letter))
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    # What the doors share.

    def _fetch(self, request: HttpRequest, letters: QuerySet[Letter], pk: int) -> Letter:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = letters.select_related("current_version", "tally").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _page(
        self, request: HttpRequest, letter: Letter, door: Door, **context: Any
    ) -> HttpResponse:
        """The page of a door, or the letter's page where the door is shut by now."""
        if door not in doors_of(letter, person(request)):
            sentence = gettext("This does not apply: the letter is %(status)s.")
            status = letter.get_status_display()
            self.message_user(request, sentence % {"status": status}, messages.WARNING)
            return redirect(letter_url(letter))
        context = {
            **self.admin_site.each_context(request),
            "title": door.label,
            "opts": self.opts,
            "letter": letter,
            "letter_url": letter_url(letter),
            "sealing_days": settings.SEALING_DAYS,
            **context,
        }
        return TemplateResponse(request, f"{TEMPLATES}/{door.name}.html", context)

    def _act(
        self, request: HttpRequest, letter: Letter, verb: Callable[..., Letter], done: str
    ) -> HttpResponse:
        try:
            verb(letter=letter, actor=person(request))
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect(letter_url(letter))

    # The end.

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self._fetch(request, owned_by(person(request)), pk)
        if request.method == "POST":
            done = gettext("Closed. Nobody can sign the letter unless you reopen it.")
            return self._act(request, letter, sealing.close, done)
        return self._page(
            request, letter, CLOSE, seals_on=sealed_by_itself_on(timezone.localdate())
        )

    def reopen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self._fetch(request, owned_by(person(request)), pk)
        if request.method == "POST":
            done = gettext("Reopened. The letter takes signatures again.")
            return self._act(request, letter, sealing.reopen, done)
        has_ended = letter.closes_at is not None and letter.closes_at <= timezone.now()
        return self._page(request, letter, REOPEN, has_ended=has_ended)

    def seal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self._fetch(request, owned_by(person(request)), pk)
        form = SealForm(letter, request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = gettext("Sealed. Nobody can find out any more whether an address has signed.")
            return self._act(request, letter, sealing.seal, done)
        undecided = letter.signatures.in_review().count()
        return self._page(
            request, letter, SEAL, form=form, undecided=undecided, seals_on=_seals_on(letter)
        )

    # Search engines.

    def search_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self._fetch(request, owned_by(person(request)), pk)
        wish = request.POST.get("listed")
        if request.method == "POST" and wish in ("yes", "no"):
            return self._list_roll(request, letter, listed=wish == "yes")
        return self._page(request, letter, UNLIST if letter.roll_in_search else LIST)

    def _list_roll(self, request: HttpRequest, letter: Letter, *, listed: bool) -> HttpResponse:
        def verb(letter: Letter, actor: User) -> Letter:
            return list_roll_in_search(letter=letter, listed=listed, actor=actor)

        if listed:
            done = gettext("Search engines may list the roll from now on.")
        else:
            done = gettext("Search engines are asked to leave out the roll from now on.")
        return self._act(request, letter, verb, done)

    # A new text.

    def text_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write, see the difference, publish; what was typed is kept on every way."""
        letter = self._fetch(request, edited_by(person(request)), pk)
        current = letter.current_version
        if request.method != "POST":
            return self._text_page(request, letter, _first_form(letter))
        form = TextForm(request.POST)
        if getattr(request, "csrf_failed", False):
            form.add_error(None, gettext("Please press the button once more."))
        if not form.is_valid() or request.POST.get("step") == "edit":
            return self._text_page(request, letter, form)
        if form.cleaned_data["instead_of"] != _number(current):
            return self._overtaken(request, letter, form)
        text = form.text_to_publish()
        if current and text == tidied(Text.of(current)):
            form.add_error(None, gettext("Nothing has changed: this is the current text."))
            return self._text_page(request, letter, form)
        if request.POST.get("step") == "publish":
            return self._publish(request, letter, form)
        return self._difference_page(request, letter, form)

    def _publish(self, request: HttpRequest, letter: Letter, form: TextForm) -> HttpResponse:
        try:
            version = publish_text(
                letter=letter,
                text=form.text_to_publish(),
                actor=person(request),
                on=timezone.localdate(),
                instead_of=form.cleaned_data["instead_of"],
            )
        except Overtaken:
            return self._overtaken(
                request, self._fetch(request, edited_by(person(request)), letter.pk), form
            )
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
            return self._text_page(request, letter, form)
        self.message_user(request, _published(letter, version), messages.SUCCESS)
        return redirect(letter_url(letter))
