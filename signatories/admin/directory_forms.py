"""What hosts and moderators type about organisations: shape, and what the directory allows."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from letters import mail_domains
from letters.models import Organisation, OrganisationAlias, OrganisationDomain
from letters.models.organisation import alias_key
from signatories.forms import PlainTextField


def refuse_taken(name: str, organisation: Organisation | None) -> None:
    """Raise ValidationError where the name says nothing or is another organisation's."""
    key = alias_key(name)
    if not key:
        raise ValidationError(_("Write it in words."))
    taken = OrganisationAlias.objects.filter(key=key)
    if organisation and organisation.pk:
        taken = taken.exclude(organisation=organisation)
    if taken.exists():
        raise ValidationError(_("Another organisation has this spelling already."))


class OrganisationForm(forms.ModelForm):
    name = PlainTextField(label=_("Name"), max_length=120)

    class Meta:
        model = Organisation
        fields = ["name", "parent", "headcount_band"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parent" in self.fields:
            listed = Organisation.objects.listed().exclude(pk=self.instance.pk)
            self.fields["parent"].queryset = listed  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        refuse_taken(name, self.instance)
        if not self.instance.pk:
            self.instance.slug = Organisation.objects.free_slug(name)
        return name

    def clean_parent(self) -> Organisation | None:
        parent: Organisation | None = self.cleaned_data["parent"]
        if parent and self.instance.pk and self.instance in parent.ancestors():
            raise ValidationError(_("This organisation stands above that one."))
        return parent


class AliasForm(forms.ModelForm):
    name = PlainTextField(label=_("Spelling"), max_length=120)

    class Meta:
        model = OrganisationAlias
        fields = ["name"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        key = alias_key(name)
        if not key:
            raise ValidationError(_("Write it in words."))
        if OrganisationAlias.objects.filter(key=key).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This spelling is listed already."))
        return name


class AliasFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """The database would refuse one of two spellings that are the same."""
        super().clean()
        rows = (form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data"))
        kept = [row["name"] for row in rows if row.get("name") and not row.get("DELETE")]
        if len(kept) != len(set(map(alias_key, kept))):
            raise ValidationError(_("Each spelling once."))


def read_domain(typed: str) -> str:
    try:
        return mail_domains.read(typed)
    except mail_domains.NotADomain:
        raise ValidationError(_("Write a mail domain, such as example.org.")) from None


class DomainForm(forms.ModelForm):
    class Meta:
        model = OrganisationDomain
        fields = [
            "domain",
            "mailbox_domain",
            "includes_subdomains",
            "is_staff_only",
            "catch_all_suspected",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "mailbox_domain" in self.fields:
            self.fields["mailbox_domain"].required = False

    def clean_domain(self) -> str:
        domain = read_domain(self.cleaned_data["domain"])
        if mail_domains.proves_nothing(domain):
            raise ValidationError(
                _("Mailboxes at this domain prove nothing: anybody, or former members, have them.")
            )
        return domain

    def clean_mailbox_domain(self) -> str:
        typed = self.cleaned_data["mailbox_domain"]
        return read_domain(typed) if typed else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["mailbox_domain"] = data.get("mailbox_domain") or data.get("domain", "")
        return data


class DomainFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """What leads to the mailboxes of another organisation would find its signatures."""
        super().clean()
        rows = (form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data"))
        kept = [row for row in rows if row.get("domain") and not row.get("DELETE")]
        if {row["mailbox_domain"] for row in kept} - {row["domain"] for row in kept}:
            raise ValidationError(
                _("A mailbox domain is one of the organisation’s own domains. List that one too.")
            )


class NameForm(forms.Form):
    name = PlainTextField(label=_("Name in the directory"), max_length=120)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        refuse_taken(name, None)
        return name


class WhichForm(forms.Form):
    """An organisation, typed by name or spelling."""

    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=200,
        widget=forms.TextInput({"list": "organisations", "autocomplete": "off"}),
        error_messages={"required": _("Type the name of the organisation.")},
    )

    def clean_organisation(self) -> Organisation:
        found = Organisation.objects.named(self.cleaned_data["organisation"])
        if found is None:
            raise ValidationError(_("No listed organisation goes by this name."))
        return found


class MergeForm(WhichForm):
    """Into which organisation, and whether a moderator looks at the names again."""

    keeps_names = forms.BooleanField(
        label=_("They are two records of one and the same: leave its lines by name on the roll"),
        required=False,
    )
