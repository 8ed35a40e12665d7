"""Reading what people type: shape and cleaning. Nothing here changes state."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letters import spelling
from letters.forms.proofs import AddressField, CodeForm  # noqa: F401 - one of our forms too
from letters.models import Letter, Organisation, Visibility
from letters.plain_text import read_plain_text
from signatories import affiliation
from signatories.actions.signing import Entry, takes_unverified_names
from signatories.affiliation import Affiliation
from signatories.checks import scripts
from signatories.models import NAMELESS, Appearance, RoleBucket, Signature, Tenure, Vouch
from signatories.verification import login
from signatories.verification.vouch import proves

SHORTEST_SEARCH = 3


def shortest_search(q: str) -> int:
    """How many letters a search has at least: a whole name may have two characters in scripts
    where each is a syllable or a word."""
    return 2 if any(scripts.is_east_asian(character) for character in q) else SHORTEST_SEARCH


class PlainTextField(forms.CharField):
    def to_python(self, value: Any) -> str:
        value = super().to_python(value)
        # Reading endless text takes quadratic time. Accents may be characters of their own.
        if self.max_length and len(value) > 4 * self.max_length:
            raise ValidationError(self.error_messages["max_length"], code="max_length")
        return read_plain_text(value) if value else ""


class SignForm(forms.Form):
    """Signing one letter. `entry`, `address` and `affiliation` are set once it is valid."""

    name = PlainTextField(
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"max_length": gettext_lazy("Use at most 120 characters.")},
    )
    email = AddressField()
    organisation = PlainTextField(
        required=False,
        max_length=120,
        error_messages={"max_length": gettext_lazy("Use at most 120 characters.")},
    )
    # "Did you mean …?": what was asked about last, and the answer yes.
    asked = forms.CharField(required=False, max_length=480, widget=forms.HiddenInput)
    meant = forms.CharField(required=False, max_length=480)
    tenure = forms.ChoiceField(
        required=False,
        choices=Tenure,
        initial=Tenure.CURRENT,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the two.")},
    )
    title = PlainTextField(
        required=False,
        max_length=120,
        error_messages={"max_length": gettext_lazy("Use at most 120 characters.")},
    )
    role = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("Rather not say")), *RoleBucket.choices],
        error_messages={"invalid_choice": gettext_lazy("Choose one of the kinds of work listed.")},
    )
    appearance = forms.ChoiceField(
        choices=[],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose how you appear."),
            "invalid_choice": gettext_lazy("Choose one of the ways offered."),
        },
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # Who was to see the line when the form was filled in.
    readers = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    # The button that was pressed: the one for a login has a value, the other none.
    proof = forms.CharField(required=False, max_length=10)

    def __init__(self, letter: Letter, data: Any = None, *, vouch: Vouch | None = None) -> None:
        if data is not None and data.get("meant"):
            data = data.copy()
            data["organisation"] = data["meant"]
        super().__init__(data)
        self.letter = letter
        self.vouch = vouch
        self.suggestion: Organisation | None = None
        offered = {
            Appearance.NAMED: letter.allows_named,
            Appearance.ANONYMOUS: letter.allows_anonymous,
            Appearance.COUNTED: letter.is_internal,
        }
        self.fields["appearance"].choices = [  # type: ignore[attr-defined]
            (appearance.value, appearance.label) for appearance in offered if offered[appearance]
        ]

    @property
    def is_for_anonymous(self) -> bool:
        return self.cleaned_data.get("appearance") in NAMELESS

    @property
    def is_by_login(self) -> bool:
        return self.cleaned_data.get("proof") == "login" and bool(login.offered(self.letter))

    def clean_version(self) -> int | None:
        number = self.cleaned_data["version"]
        current = self.letter.current_version
        if number and current and number != current.number:
            raise ValidationError(
                _("The letter’s text has changed while you were here. Read it again, then sign.")
            )
        return number

    def leave_unread(self) -> None:
        """Show what was typed without looking at it."""
        self._errors, self.cleaned_data = ErrorDict(), {}

    def clean_readers(self) -> str:
        readers: str = self.cleaned_data["readers"]
        if readers == Visibility.INTERNAL and not self.letter.is_internal:
            raise ValidationError(
                _(
                    "This letter was for colleagues when you began, and has become public since. "
                    "Look again how you want to appear, then sign."
                )
            )
        return readers

    def clean(self) -> None:
        if self.is_for_anonymous:
            self._drop_name()
        elif "name" not in self.errors and not any(map(str.isalpha, self.cleaned_data["name"])):
            self.add_error("name", _("Enter your name as you would sign a letter."))
        if not self.errors:
            self._weigh_affiliation()
        if not self.errors and self.is_by_login:
            self._ask_what_a_login_needs()

    def _ask_what_a_login_needs(self) -> None:
        if self.is_for_anonymous:
            self.add_error(
                "appearance",
                _(
                    "A login is for people who sign by name: the provider sees who used it. To "
                    "sign anonymously, have a code sent."
                ),
            )
        elif self.affiliation.organisation is None:
            self.add_error(
                "organisation",
                _("A login proves that you work at an organisation we know. Have a code sent."),
            )
        elif self.affiliation.tenure != Tenure.CURRENT:
            self.add_error(
                "tenure", _("A login proves that you work there now. Have a code sent instead.")
            )

    def _drop_name(self) -> None:
        """An anonymous entry never keeps a name, not even a misspelt one."""
        for field in ("name", "title"):
            self.errors.pop(field, None)
            self.cleaned_data[field] = ""

    def _weigh_affiliation(self) -> None:
        self.address = self.cleaned_data["email"]
        claimed = self.cleaned_data["organisation"]
        tenure = self.cleaned_data["tenure"] or Tenure.CURRENT
        if self.vouch:
            # The link says which organisation; nothing else that was typed does.
            self.affiliation = proves(self.vouch, tenure)
            return
        self.affiliation = affiliation.assess(self.address, claimed, tenure)
        if self.affiliation.organisation_text and self._asks_what_was_meant(claimed):
            return
        if self.letter.is_for_organisations and not self._is_eligible():
            self.add_error(*self._why_not_eligible())
            return
        if self.affiliation.is_verified:
            return
        if self.is_for_anonymous and self._may_stay_unverified(claimed):
            # Nothing of the affiliation is kept.
            self.cleaned_data["role"] = ""
            self.affiliation = Affiliation()
        elif self.is_for_anonymous:
            self.add_error(*self._why_not_anonymous(claimed, tenure))
        elif not self.letter.accepts_unverified:
            self.add_error(
                "email",
                _(
                    "This letter takes verified affiliations only: use an address at the mail "
                    "domain of the organisation you name."
                ),
            )

    def _asks_what_was_meant(self, claimed: str) -> bool:
        """Whether a name on no list is close to one that is. Asked once: nobody is corrected."""
        if self.cleaned_data.get("asked") == claimed:
            return False
        self.suggestion = spelling.suggestion(claimed)
        if self.suggestion is None:
            return False
        self.add_error(
            "organisation",
            _(
                "Did you mean %(organisation)s? If so, tick that below. Otherwise send the form "
                "again as it is."
            )
            % {"organisation": self.suggestion},
        )
        return True

    def _is_eligible(self) -> bool:
        """Whether the organisation is among the letter's; inside one, it has to be proven."""
        organisation = self.affiliation.organisation
        if organisation is None or not self.letter.reaches(organisation):
            return False
        return self.affiliation.is_verified or not self.letter.is_internal

    def _why_not_eligible(self) -> tuple[str, str]:
        if self.letter.is_internal:
            return "email", _(
                "This letter is for members of its organisation: write where you work, and use "
                "your address there."
            )
        names = ", ".join(str(organisation) for organisation in self.letter.organisations.all())
        return "organisation", _(
            "This letter is signed by people of %(names)s. Write the one where you work or worked."
        ) % {"names": names}

    def _may_stay_unverified(self, claimed: str) -> bool:
        """“Anonymous, not verified” names no organisation; who names one wants it to count."""
        return self.letter.allows_unverified_anonymous and not claimed

    def _why_not_anonymous(self, claimed: str, tenure: str) -> tuple[str, str]:
        field, why = self._what_would_prove(claimed, tenure)
        if self.letter.allows_unverified_anonymous:
            why += " " + _(
                "Or leave the organisation empty: the line then says “Anonymous, not verified”."
            )
        return field, why

    def _what_would_prove(self, claimed: str, tenure: str) -> tuple[str, str]:
        if not claimed:
            return "organisation", _(
                "Say where you work: an anonymous signature rests on a verified organisation."
            )
        proven = affiliation.proven_by(self.address)
        if tenure == Tenure.FORMER and proven == self.affiliation.organisation:
            return "tenure", _(
                "A work address proves that you work there now. To say that you used to, sign by "
                "name."
            )
        if proven:
            return "organisation", _(
                "Your address proves %(proven)s. Write that here to sign anonymously, or sign by "
                "name."
            ) % {"proven": proven}
        if self.affiliation.organisation is None:
            return "organisation", _(
                "We do not know the mail domain of this organisation yet, so nothing can prove "
                "it. You can sign by name; the line will say “not verified”."
            )
        return "email", _(
            "This address does not prove that you work at %(claimed)s. To sign anonymously, use "
            "your address at its own mail domain; or sign by name, and the line will say “not "
            "verified”."
        ) % {"claimed": self.affiliation.organisation}

    @property
    def entry(self) -> Entry:
        data = self.cleaned_data
        return Entry(data["appearance"], data["name"], data["title"], data["role"])


class TitleForm(forms.Form):
    """Correcting the title beside one's name. Empty leaves it out."""

    title = PlainTextField(
        required=False,
        max_length=120,
        error_messages={"max_length": gettext_lazy("Use at most 120 characters.")},
    )


class NameForm(forms.Form):
    """Putting a name in the place of an anonymous signature.

    `entry` and `affiliation` are set once it is valid.
    """

    name = PlainTextField(
        max_length=120,
        error_messages={
            "required": gettext_lazy("Enter your name as you would sign a letter."),
            "max_length": gettext_lazy("Use at most 120 characters."),
        },
    )
    title = PlainTextField(
        required=False,
        max_length=120,
        error_messages={"max_length": gettext_lazy("Use at most 120 characters.")},
    )
    email = AddressField()

    def __init__(self, signature: Signature, data: Any = None) -> None:
        super().__init__(data)
        self.signature = signature

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not any(map(str.isalpha, name)):
            raise ValidationError(_("Enter your name as you would sign a letter."))
        return name

    def clean(self) -> None:
        if self.errors:
            return
        claimed = str(self.signature.organisation or "")
        self.affiliation = affiliation.assess(
            self.cleaned_data["email"], claimed, self.signature.tenure or Tenure.CURRENT
        )
        if self.affiliation.is_verified or takes_unverified_names(self.signature.letter):
            return
        refusal = _("Under this letter names need a verified affiliation.")
        if claimed:
            refusal = _(
                "This letter takes verified affiliations only: use your address at "
                "%(organisation)s."
            ) % {"organisation": claimed}
        self.add_error("email", refusal)

    @property
    def entry(self) -> Entry:
        data = self.cleaned_data
        return Entry(Appearance.NAMED, data["name"], data["title"])


class FreeForm(forms.Form):
    """The address that a withdrawn anonymous signature should free; empty frees none."""

    email = AddressField(required=False)


class UpdatesForm(forms.Form):
    email = AddressField()


class EnterForm(forms.Form):
    email = AddressField()


class FindForm(forms.Form):
    email = AddressField()


class RollForm(forms.Form):
    """Filtering the roll. What cannot be read counts as not asked for.

    A roll that is for people is not searched by one letter after the other.
    """

    organisation = forms.ChoiceField(required=False, choices=[])
    q = forms.CharField(required=False, max_length=120)
    after = forms.CharField(required=False, max_length=200)

    def __init__(
        self, organisations: list[Organisation], data: Any = None, *, is_for_people: bool = False
    ) -> None:
        super().__init__(data)
        self.is_for_people = is_for_people
        self.fields["organisation"].choices = [  # type: ignore[attr-defined]
            ("", _("All organisations")),
            *((organisation.slug, organisation.name) for organisation in organisations),
        ]

    def clean_q(self) -> str:
        """As names are kept: one character for a letter and its accent."""
        q = unicodedata.normalize("NFC", self.cleaned_data["q"])
        # Each word is looked for by itself: one letter or the same word again narrows nothing.
        lengths = [sum(map(str.isalpha, word)) for word in set(q.casefold().split())]
        least = shortest_search(q)
        number = sum(length for length in lengths if length >= least - 1)
        if q and self.is_for_people and number < least:
            raise ValidationError(
                _("Type at least %(number)d letters of the name.") % {"number": least}
            )
        return q

    def wish(self, field: str) -> str:
        """The value asked for, or nothing; call after `is_valid()`."""
        return self.cleaned_data.get(field, "")
