"""The rule of a decision about many entries, as a moderator fills it in."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.models import Letter, Status, User
from letters.permissions import moderated_by
from signatories import bulk_rule
from signatories.bulk_rule import MOST_STARS, Rule
from signatories.models import Decision, FlagKind, Method, Reason

PATTERNS = ("name", "title", "organisation")
RULE_FIELDS = (
    "state",
    "appearance",
    *PATTERNS,
    "method",
    "confirmed_from",
    "confirmed_to",
    "flag",
    "risk",
)
ANYTHING = ("", _("anything"))
HINT = _("All of it as written; * stands for anything: *mouse finds Mickey Mouse.")


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget)


def _pattern(label: Any, help_text: Any = HINT) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label, required=False, max_length=120, help_text=help_text, widget=widget
    )


class RuleForm(forms.Form):
    letter = forms.ChoiceField(
        label=_("Letter"), error_messages={"required": _("Choose one letter.")}
    )
    state = forms.ChoiceField(label=_("State"), choices=list(bulk_rule.STATES.items()))
    appearance = forms.ChoiceField(
        label=_("Appearance"), required=False, choices=[ANYTHING, *bulk_rule.APPEARANCES.items()]
    )
    flag = forms.ChoiceField(label=_("Flag"), required=False, choices=[ANYTHING, *FlagKind.choices])
    risk = forms.ChoiceField(
        label=_("Risk"),
        required=False,
        choices=[ANYTHING, *((step, label) for step, (label, _q) in bulk_rule.RISKS.items())],
    )
    name = _pattern(_("Name"))
    title = _pattern(_("Title"))
    organisation = _pattern(
        _("Organisation"), _("A listed one, or as it was typed; * stands for anything.")
    )
    method = forms.ChoiceField(
        label=_("Method"), required=False, choices=[ANYTHING, *Method.choices]
    )
    confirmed_from = _day(_("Confirmed from"))
    confirmed_to = _day(_("Confirmed until"))
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            ("", _("Choose one")),
            (Decision.APPROVE, _("Approve them")),
            (Decision.REJECT, _("Reject them")),
            (Decision.SET_ASIDE, _("Set them aside")),
        ],
        error_messages={"required": _("Choose what is to be decided.")},
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=[("", _("Choose a reason")), *Reason.for_moderators()],
        help_text=_("For rejections; it is counted in public."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For rejections of entries by name: each signatory reads it."),
    )

    def __init__(self, data: Any = None, *, moderator: User, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.letters = moderated_by(moderator).exclude(pk__in=_without_queue())
        offered = self.letters.order_by("title").values_list("slug", "title")
        field = cast(forms.ChoiceField, self.fields["letter"])
        field.choices = [("", _("Choose one")), *offered]

    def clean_letter(self) -> Letter:
        return self.letters.get(slug=self.cleaned_data["letter"])

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        for field in PATTERNS:
            if asked.get(field, "").count("*") > MOST_STARS:
                self.add_error(field, gettext("Use at most five stars."))
        first, last = asked.get("confirmed_from"), asked.get("confirmed_to")
        if first and last and first > last:
            self.add_error("confirmed_to", gettext("The last day is before the first one."))
        if asked.get("decision") == Decision.REJECT and not asked.get("reason"):
            self.add_error("reason", gettext("Choose a reason: it is counted in public."))
        if not self.errors and self.rule.appearance == bulk_rule.ANONYMOUS:
            self._refuse_what_lines_do_not_say()
        return asked

    def _refuse_what_lines_do_not_say(self) -> None:
        if self.rule.is_about_names:
            sentence = gettext(
                "Entries without a name cannot be asked for words, organisation, method or day."
            )
            self.add_error("appearance", sentence)

    @property
    def rule(self) -> Rule:
        """What was asked for; only for a form that has been cleaned."""
        return Rule(**{name: self.cleaned_data[name] for name in RULE_FIELDS})

    def which(self) -> list[forms.BoundField]:
        return [self[name] for name in ("letter", "state", "appearance", "flag", "risk")]

    def named(self) -> list[forms.BoundField]:
        """What only entries with a name answer."""
        return [self[name] for name in (*PATTERNS, "method", "confirmed_from", "confirmed_to")]

    def what(self) -> list[forms.BoundField]:
        return [self[name] for name in ("decision", "reason", "note")]


def _without_queue() -> Any:
    """Drafts have no entries, and sealing ends all review."""
    return Letter.objects.filter(status__in=[Status.DRAFT, Status.SEALED]).values("pk")
