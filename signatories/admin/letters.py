"""Letters in the admin, with the doors that end them and those to search engines.

They stand on this floor because closing and sealing a letter decides over signatures.

No page counts what moves between batches, like entries that nobody has confirmed: an organiser
who looked again and again would see when somebody comes.
"""

from functools import partial

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from letters.actions import (
    ask_to_go_public,
    list_roll_in_search,
    stay_internal,
)
from letters.admin import person
from letters.models import Letter, User
from letters.permissions import owned_by
from signatories.actions import sealing
from signatories.admin.doors import (
    CLOSE,
    LIST,
    OPEN,
    REOPEN,
    SEAL,
    STAY,
    UNLIST,
    View,
)
from signatories.admin.texts import WithTextDoor
from signatories.durations import sealed_by_itself_on
from signatories.forms.ending import PublicForm, SealForm

admin.site.unregister(Letter)


@admin.register(Letter)
class LetterWithDoorsAdmin(WithTextDoor):
    def views(self) -> dict[str, View]:
        wrap = self.admin_site.admin_view
        return {
            **super().views(),
            "close": wrap(self.close_view),
            "reopen": wrap(self.reopen_view),
            "seal": wrap(self.seal_view),
            "search": wrap(self.search_view),
            "public": wrap(self.public_view),
        }

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self.fetch(request, owned_by(person(request)), pk)
        if request.method == "POST":
            done = gettext("Closed. Nobody can sign the letter unless it is reopened.")
            return self.act(request, letter, sealing.close, done)
        seals_on = sealed_by_itself_on(timezone.localdate())
        return self.page(request, letter, CLOSE, seals_on=seals_on)

    def reopen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self.fetch(request, owned_by(person(request)), pk)
        if request.method == "POST":
            done = gettext("Reopened. The letter takes signatures again.")
            return self.act(request, letter, sealing.reopen, done)
        has_ended = letter.closes_at is not None and letter.closes_at <= timezone.now()
        return self.page(request, letter, REOPEN, has_ended=has_ended)

    def seal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self.fetch(request, owned_by(person(request)), pk)
        form = SealForm(letter, *([request.POST] if request.method == "POST" else []))
        if form.is_valid():
            done = gettext("Sealed. The letter’s key and all digests of addresses are destroyed.")
            return self.act(request, letter, sealing.seal, done)
        undecided = letter.signatures.in_review().count()
        seals_on = sealed_by_itself_on(letter.closed_on)
        return self.page(request, letter, SEAL, form=form, undecided=undecided, seals_on=seals_on)

    def public_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self.fetch(request, owned_by(person(request)), pk)
        if letter.public_on:
            if request.method == "POST":
                done = gettext("The letter stays internal.")
                return self.act(request, letter, stay_internal, done)
            return self.page(request, letter, STAY)
        form = PublicForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = gettext("Those inside read it on the letter’s page, and can decide from now on.")
            verb = partial(ask_to_go_public, on=form.cleaned_data["on"])
            return self.act(request, letter, verb, done)
        return self.page(request, letter, OPEN, form=form)

    def search_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = self.fetch(request, owned_by(person(request)), pk)
        wish = request.POST.get("listed")
        if request.method == "POST" and wish in ("yes", "no"):
            return self._list_roll(request, letter, listed=wish == "yes")
        return self.page(request, letter, UNLIST if letter.roll_in_search else LIST)

    def _list_roll(self, request: HttpRequest, letter: Letter, *, listed: bool) -> HttpResponse:
        def verb(*, letter: Letter, actor: User) -> Letter:
            return list_roll_in_search(letter=letter, listed=listed, actor=actor)

        if listed:
            done = gettext("Search engines may list the roll from now on.")
        else:
            done = gettext("Search engines are asked to leave out the roll from now on.")
        return self.act(request, letter, verb, done)
