from django import template
from django.db.models import Count

from letters.models import Letter, Status, User
from letters.permissions import moderated_by
from signatories.admin.asking import Asked, asked_about
from signatories.models import Signature

register = template.Library()


@register.simple_tag
def asked(entry: Signature, reader: User) -> Asked | None:
    """What somebody asked about the entry, for the moderator who looks at it."""
    return asked_about(entry, reader)


@register.simple_tag
def letters_in_review(user: User) -> list[tuple[Letter, int]]:
    """The letters that `user` moderates, each with the number of entries that wait."""
    letters = moderated_by(user).exclude(status=Status.DRAFT).order_by("title")
    waiting = Signature.objects.for_moderators().in_review().filter(letter__in=letters.order_by())
    numbers = dict(waiting.values_list("letter").annotate(Count("pk")).order_by())
    return [(letter, numbers.get(letter.pk, 0)) for letter in letters]
