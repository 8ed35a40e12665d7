"""The hosts' and teams' view of letters, organisations, audit trail and accounts.

Who sees what follows from `Membership` (`letters.permissions`), never from Django's table of
permissions. Letters, organisations and audit entries are written by verbs and by the seeds,
so that nobody, host or not, changes them here.
"""

from typing import Any, cast

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters import actions
from letters.models import (
    Letter,
    LetterVersion,
    Membership,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Recipient,
    User,
)
from letters.permissions import read_by

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)  # Nobody reads or writes what opens an account but itself.


def person(request: HttpRequest) -> User:
    """Who asks. Nobody at all on the page to log in: inactive, and so without any right."""
    return cast(User, request.user)


def is_host(request: HttpRequest) -> bool:
    return person(request).is_active and person(request).is_superuser


# Filters -----------------------------------------------------------------------------------


class StrictFilter(admin.SimpleListFilter):
    """A filter that takes the choices it offers and refuses any other value."""

    lookup: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        if value not in {str(choice) for choice, _label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.chosen(queryset, value)

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(**{self.lookup: value})


class LetterFilter(StrictFilter):
    title = _("letter")
    parameter_name = "letter"
    lookup = "letter__slug"

    def letters(self, request: HttpRequest) -> QuerySet[Letter]:
        return read_by(person(request))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(self.letters(request).order_by("title").values_list("slug", "title"))


class OfferedFiltersOnly(admin.ModelAdmin):
    """A list that can be asked through its own filters and in no other way.

    Django lets everybody who sees a list filter it by any field, and by any relation: a
    list of organisations asked for `?signatures__id=…` would name the organisation behind
    an anonymous line.
    """

    show_facets = admin.ShowFacets.NEVER

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in {offered.parameter_name for offered in self.list_filter}  # type: ignore[union-attr]

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return False


# Read only -----------------------------------------------------------------------------------


class ForTeams:
    """Shown to hosts and to members of any letter's team; changed by nobody."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request) or read_by(person(request)).exists()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ForTeams, OfferedFiltersOnly):
    actions = None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})


class ReadOnlyInline(ForTeams, admin.TabularInline):
    extra = 0
    max_num = 0
    can_delete = False


class VersionInline(ReadOnlyInline):
    model = LetterVersion
    fields = ["number", "published_on", "sha256"]


class RecipientInline(ReadOnlyInline):
    model = Recipient
    fields = ["position", "name", "role", "organisation", "response"]
    readonly_fields = ["response"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recipient]:
        recipients = super().get_queryset(request)
        return recipients.select_related("organisation").prefetch_related("responses")

    @admin.display(description=_("response"))
    def response(self, recipient: Recipient) -> str:
        return recipient.get_status_display()


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    list_display = ["title", "status", "visibility", "version_number", "published_on"]
    list_select_related = ["current_version"]
    fieldsets = [
        (None, {"fields": ["title", "summary", "addressed_to", "organiser_line", "language"]}),
        (_("Text"), {"fields": ["text"]}),
        (
            _("State"),
            {"fields": ["status", "visibility", "published_on", "closed_on", "sealed_on"]},
        ),
        (
            _("Signing"),
            {
                "fields": [
                    "review_policy",
                    "allows_named",
                    "allows_anonymous",
                    "eligibility",
                    "reach",
                    "accepts_unverified",
                    "allows_unverified_anonymous",
                    "allows_vouching",
                    "allows_login",
                    "minimum_group_size",
                    "roll_in_search",
                    "opens_at",
                    "closes_at",
                ]
            },
        ),
    ]
    readonly_fields = ["text"]
    inlines = [VersionInline, RecipientInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        return super().get_queryset(request).filter(pk__in=read_by(person(request)))

    @admin.display(description=_("version"))
    def version_number(self, letter: Letter) -> int | None:
        return letter.current_version.number if letter.current_version else None

    @admin.display(description=_("text"))
    def text(self, letter: Letter) -> SafeString | str:
        """The current version, with the demands in their place."""
        version = letter.current_version
        if version is None:
            return ""
        demands = ((str(demand),) for demand in version.demands.all())
        items = format_html_join("", "<li>{}</li>", demands)
        return format_html("{}<ol>{}</ol>{}", version.opening_html, items, version.closing_html)

    def view_on_site(self, letter: Letter) -> str | None:
        is_public = Letter.objects.for_everybody().filter(pk=letter.pk).exists()
        return letter.get_absolute_url() if is_public else None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """A letter's history is its audit trail."""
        letter = self.get_object(request, unquote(object_id))
        if letter is None:
            raise Http404
        return redirect(f"{reverse('admin:letters_auditentry_changelist')}?letter={letter.slug}")


class AliasInline(ReadOnlyInline):
    model = OrganisationAlias
    fields = ["name", "key"]
    readonly_fields = ["key"]


class DomainInline(ReadOnlyInline):
    model = OrganisationDomain
    fields = ["domain", "mailbox_domain"]


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    list_display = ["name", "parent", "domain_names", "headcount_band"]
    list_select_related = ["parent"]
    fields = ["name", "slug", "parent", "headcount_band", "is_demonstration"]
    search_fields = ["name", "aliases__name", "domains__domain"]
    search_help_text = _("Name, another spelling, or a mail domain")
    inlines = [AliasInline, DomainInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        return super().get_queryset(request).prefetch_related("domains")

    @admin.display(description=_("mail domains"))
    def domain_names(self, organisation: Organisation) -> str:
        return ", ".join(domain.domain for domain in organisation.domains.all())


# For hosts -----------------------------------------------------------------------------------


class ForHosts:
    """Accounts and teams are the hosts' business."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_host(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_host(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)


class AsksWhoIsThere:
    """Rights are given by hosts who have just shown who they are: not by a session that was
    left open, or taken."""

    @method_decorator(reauthentication_required(enabled=is_host))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    @method_decorator(reauthentication_required(enabled=is_host))
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]


@admin.register(Membership)
class MembershipAdmin(AsksWhoIsThere, ForHosts, OfferedFiltersOnly):
    list_display = ["letter", "user", "role"]
    list_display_links = ["user"]
    list_filter = [LetterFilter]
    ordering = ["letter__title", "user__username"]
    search_fields = ["user__username", "letter__title"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["letter", "user"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm, change: bool
    ) -> None:
        could_enter = obj.user.is_staff
        membership = actions.give_role(
            letter=obj.letter, user=obj.user, role=obj.role, actor=person(request)
        )
        obj.pk = membership.pk
        if membership.user.is_staff and not could_enter:
            sentence = gettext("The account “%(user)s” can log in here from now on.")
            self.message_user(request, sentence % {"user": obj.user}, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        actions.take_role(membership=obj, actor=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        for membership in queryset:
            actions.take_role(membership=membership, actor=person(request))


from letters import trail_admin as _trail  # noqa: E402, F401 - stand on what is above
from letters.accounts import admin as _accounts  # noqa: E402, F401
