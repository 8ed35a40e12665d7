"""What a signature can be, and say: words that are kept, and those that stand for them."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    UNCONFIRMED = "unconfirmed", _("unconfirmed")
    DUPLICATE = "duplicate", _("duplicate")
    IN_REVIEW = "in_review", _("in review")
    APPROVED = "approved", _("approved, waits for the next batch")
    PUBLISHED = "published", _("published")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn, leaves with the next batch")


class Appearance(models.TextChoices):
    NAMED = "named", _("by name")
    ANONYMOUS = "anonymous", _("anonymously")
    PLEDGED = "pledged", _("by name, once enough colleagues signed")
    COUNTED = "counted", _("counted, without a line")


NAMELESS = (Appearance.ANONYMOUS, Appearance.COUNTED)


class Tenure(models.TextChoices):
    CURRENT = "current", _("I work there now")
    FORMER = "former", _("I used to work there")


class RoleBucket(models.TextChoices):
    ENGINEERING = "engineering", _("Engineering and operations")
    RESEARCH = "research", _("Research and science")
    DESIGN = "design", _("Design and writing")
    PRODUCT = "product", _("Product and programme management")
    COMMERCIAL = "commercial", _("Sales, marketing and support")
    CORPORATE = "corporate", _("People, finance and legal")
    LEADERSHIP = "leadership", _("Leadership")
    OTHER = "other", _("Other work")


class Method(models.TextChoices):
    NONE = "none", _("address confirmed, affiliation not verified")
    MAILBOX = "mailbox", _("work address confirmed")
    LOGIN = "login", _("work login confirmed")
    VOUCH = "vouch", _("vouched for by a colleague")
    SHOWN = "shown", _("shown to a moderator")


class Reason(models.TextChoices):
    """Why a moderator rejects an entry. The codes are public as numbers."""

    NOT_A_PERSON = "not_a_person", _("not a real person's name")
    IMPERSONATION = "impersonation", _("signs for somebody else")
    ABUSE = "abuse", _("abuse or advertising")
    FALSE_CLAIM = "false_claim", _("claims an affiliation that is not theirs")
    REPEATED = "repeated", _("the same person has signed already")
    OTHER = "other", _("another reason")
    SEALED = "sealed", _("not decided before the letter was sealed")

    @classmethod
    def for_moderators(cls) -> list[tuple[str, Any]]:
        """The reasons a moderator may give: all but the one that sealing gives by itself."""
        return [(value, label) for value, label in cls.choices if value != cls.SEALED]
