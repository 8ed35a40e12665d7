from enum import Enum
from typing import Any

from django.db.models import CheckConstraint, Q, TextChoices
from django.utils.translation import gettext_lazy as _


def one_of(field: str, choices: type[TextChoices] | type[Enum], **options: Any) -> CheckConstraint:
    """The choices of a field, restated where nobody can go round them."""
    return CheckConstraint(
        condition=Q(**{f"{field}__in": [choice.value for choice in choices]}),
        name=f"%(class)s_{field}_is_known",
        violation_error_message=_("Choose one of the values offered."),
        **options,
    )
