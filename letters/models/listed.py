from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.folding import LONGEST_KEY, key_of
from letters.models.constraints import one_of
from letters.models.letter import Letter


class WordList(models.TextChoices):
    """What a letter's team keeps lists of, so that a moderator looks twice."""

    WELL_KNOWN = "well_known", _("well-known people")
    JOKES = "jokes", _("jokes")
    ABUSE = "abuse", _("abuse")


class ListedWord(models.Model):
    """One name, word or phrase on a list of a letter. Lists flag entries and refuse none."""

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="listed_words")
    list = models.CharField(_("list"), max_length=10, choices=WordList)
    text = models.CharField(_("text"), max_length=120)
    key = models.CharField(_("key"), max_length=LONGEST_KEY, editable=False)

    class Meta:
        verbose_name = _("listed word")
        verbose_name_plural = _("listed words")
        ordering = ["letter", "list", "key"]
        constraints = [
            one_of("list", WordList),
            models.CheckConstraint(condition=~Q(key=""), name="listed_words_have_letters"),
            models.UniqueConstraint(
                fields=["letter", "list", "key"], name="words_stand_on_a_list_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, letter: Letter, list: str, text: str) -> "ListedWord":
        """A row that is not stored yet, with what its spellings have in common."""
        return cls(letter=letter, list=list, text=text, key=key_of(text))
