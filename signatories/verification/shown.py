"""Shown to a moderator, elsewhere: in a video call, over Signal, in person.

One moderator learns who somebody is, and the pages say so before anything is shown. Nothing is
uploaded or written down: the entry says that it was shown, the audit trail how, and on which day.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from signatories.models import Method, Signature, State


class How(models.TextChoices):
    """What a moderator saw. The audit trail keeps the code."""

    VIDEO = "video_call", _("a call from a company account, or with the camera on")
    CARD = "company_card", _("a company card or badge")
    DOCUMENT = "document", _("a contract, payslip or reference")
    OTHER = "other", _("something else")


def can_be_recorded(signature: Signature) -> bool:
    """An entry without any other proof: by name, or anonymous while it is in review.

    Beyond review an anonymous line moves by batch only, and no moderator knows whose it is.
    """
    states = (State.IN_REVIEW,) if signature.is_anonymous else (State.IN_REVIEW, State.PUBLISHED)
    return (
        signature.method == Method.NONE
        and signature.state in states
        and not signature.letter.is_sealed
    )


def can_be_taken_back(signature: Signature) -> bool:
    is_undecided = signature.state == State.IN_REVIEW or not signature.is_anonymous
    return signature.method == Method.SHOWN and is_undecided and not signature.letter.is_sealed
