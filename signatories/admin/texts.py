"""A new version of a letter's text: write, see the difference, publish."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.http import keeps_what_was_typed
from letters import differences
from letters.actions import NotAllowed, Overtaken, Text, publish_text
from letters.admin import person
from letters.forms import TextForm
from letters.models import Demand, Letter, LetterVersion
from letters.permissions import edited_by
from signatories import statistics
from signatories.admin.doors import TEXT, View, WithDoors, url_of


class WithTextDoor(WithDoors):
    def views(self) -> dict[str, View]:
        return {**super().views(), "text": _kept(self.admin_site.admin_view(self.text_view))}

    def text_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was typed is kept on every way but the last."""
        letter = self.fetch(request, edited_by(person(request)), pk)
        if request.method != "POST":
            return self._text_page(request, letter, _first_form(letter))
        form = TextForm(request.POST)
        if getattr(request, "csrf_failed", False):
            form.add_error(None, gettext("Please press the button once more."))
        step = request.POST.get("step")
        if not form.is_valid() or step == "edit":
            return self._text_page(request, letter, form)
        if form.cleaned_data["instead_of"] != _number(letter):
            return self._overtaken(request, letter)
        if form.text_to_publish() == _current_text(letter):
            form.add_error(None, gettext("Nothing has changed: this is the current text."))
            return self._text_page(request, letter, form)
        if step == "publish":
            return self._publish(request, letter, form)
        return self._difference_page(request, letter, form)

    def _text_page(self, request: HttpRequest, letter: Letter, form: TextForm) -> HttpResponse:
        return self.page(request, letter, TEXT, form=form)

    def _difference_page(
        self, request: HttpRequest, letter: Letter, form: TextForm
    ) -> HttpResponse:
        text, before = form.text_to_publish(), _current_text(letter)
        counts = statistics.by_version(letter, statistics.tally_of(letter))
        demands = [
            Demand(number=number, lead=lead, text=demand)
            for number, (lead, demand) in enumerate(text.demands, start=1)
        ]
        return self.page(
            request,
            letter,
            TEXT,
            template="difference",
            title=_("What the new version changes"),
            form=form,
            number=counts[0].version.number + 1 if counts else 1,
            difference=differences.between(before, text) if before else None,
            signed=sum(c.number for c in counts if c.version == letter.current_version),
            version=LetterVersion(title=text.title, text=text.markdown),
            demands=demands,
        )

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
            letter.refresh_from_db()
            return self._overtaken(request, letter)
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
            return self._text_page(request, letter, form)
        self.message_user(request, _published(letter, version), messages.SUCCESS)
        return redirect(url_of(letter))

    def _overtaken(self, request: HttpRequest, letter: Letter) -> HttpResponse:
        """The form with everything typed, to be compared with the newer version from now on."""
        typed = request.POST.copy()
        typed["instead_of"] = str(_number(letter))
        form = TextForm(typed)
        sentence = gettext(
            "Somebody has published version %(number)d while you were writing. Nothing was "
            "published now. What you typed is still here; the next page compares it with that "
            "version."
        )
        form.add_error(None, sentence % {"number": _number(letter)})
        return self._text_page(request, letter, form)


def _kept(view: View) -> View:
    """Let a failed CSRF check show the form again. The view inside must not act then."""

    @keeps_what_was_typed
    def shown_again(request: HttpRequest, pk: int) -> HttpResponse:
        if getattr(request, "csrf_failed", False):
            # The admin would check, and fail, once more on the way to the form.
            request.csrf_processing_done = True  # type: ignore[attr-defined]
        return view(request, pk=pk)

    return shown_again


def _first_form(letter: Letter) -> TextForm:
    form = TextForm.of(letter.current_version)
    if letter.current_version is None:
        form.initial["title"] = letter.title
    return form


def _number(letter: Letter) -> int:
    return letter.current_version.number if letter.current_version else 0


def _current_text(letter: Letter) -> Text | None:
    return Text.of(letter.current_version).tidied() if letter.current_version else None


def _published(letter: Letter, version: LetterVersion) -> SafeString | str:
    sentence = gettext("Version %(number)d is published.") % {"number": version.number}
    if not Letter.objects.for_everybody().filter(pk=letter.pk).exists():
        return sentence
    url = reverse("public:version", args=[letter.slug, version.number])
    return format_html('{} <a href="{}">{}</a>', sentence, url, gettext("See it"))
