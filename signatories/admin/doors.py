"""The doors on a letter's page, and what they share: each has a page that says what it means,
and a button. Rows are fetched through `letters.permissions`; the verbs look once more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import NotAllowed
from letters.admin import LetterAdmin, person
from letters.models import Letter, Status, User
from letters.permissions import edited_by, owned_by
from signatories.durations import sealed_by_itself_on

TEMPLATES = "admin/signatories/letter"
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Door:
    """A link on the letter's page: to which page of it, and in what words."""

    page: str
    label: Any
    means: Any


TEXT = Door(
    "text",
    _("New version of the text"),
    _("Edit title, text and demands. Earlier signatures stay with the version they were given to."),
)
CLOSE = Door("close", _("Close the letter"), _("No new entries. It can be reopened."))
REOPEN = Door(
    "reopen", _("Reopen the letter"), _("New entries again; the clock that runs to sealing stops.")
)
SEAL = Door(
    "seal", _("Seal the letter"), _("End it for ever and destroy its key. Cannot be undone.")
)
OPEN = Door(
    "public",
    _("Make the letter public"),
    _("Ask those inside, each of whom decides again; then everybody can read it."),
)
STAY = Door("public", _("Keep the letter internal"), _("Take back that it becomes public."))
UNLIST = Door(
    "search",
    _("Ask search engines to leave out the roll"),
    _("The roll stays as it is for everybody who opens it."),
)
LIST = Door(
    "search",
    _("Let search engines list the roll"),
    _("At present they are asked to leave it out."),
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
        if letter.is_internal and letter.status in (Status.PUBLISHED, Status.CLOSED):
            doors.append(STAY if letter.public_on else OPEN)
        doors.append(UNLIST if letter.roll_in_search else LIST)
    return doors


def url_of(letter: Letter) -> str:
    return reverse("admin:letters_letter_change", args=[letter.pk])


class WithDoors(LetterAdmin):
    change_form_template = f"{TEMPLATES}/change_form.html"

    def views(self) -> dict[str, View]:
        """The pages behind the doors, by name."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"<int:pk>/{name}/", view, name=f"letters_letter_{name}")
            for name, view in self.views().items()
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
        context = dict(extra_context or {})
        if letter is not None:
            context["doors"] = doors_of(letter, person(request))
            context["seals_on"] = letter.is_closed and sealed_by_itself_on(letter.closed_on)
        return super().change_view(request, object_id, form_url, context)

    def fetch(self, request: HttpRequest, letters: QuerySet[Letter], pk: int) -> Letter:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = letters.select_related("current_version", "tally").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def page(
        self, request: HttpRequest, letter: Letter, door: Door, template: str = "", **context: Any
    ) -> HttpResponse:
        """The page of a door, or the letter's page where the door is shut by now."""
        if door not in doors_of(letter, person(request)):
            sentence = gettext("This does not apply now: the letter is %(status)s.")
            self.message_user(
                request, sentence % {"status": letter.get_status_display()}, messages.WARNING
            )
            return redirect(url_of(letter))
        context = {
            **self.admin_site.each_context(request),
            "title": door.label,
            "opts": self.opts,
            "letter": letter,
            "letter_url": url_of(letter),
            "sealing_days": settings.SEALING_DAYS,
            **context,
        }
        return TemplateResponse(request, f"{TEMPLATES}/{template or door.page}.html", context)

    def act(
        self, request: HttpRequest, letter: Letter, verb: Callable[..., Letter], done: str
    ) -> HttpResponse:
        try:
            verb(letter=letter, actor=person(request))
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect(url_of(letter))
