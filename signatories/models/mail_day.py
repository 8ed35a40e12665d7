from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of


class MailKind(models.TextChoices):
    SENT = "sent", _("codes sent")
    DEFERRED = "deferred", _("put off")
    REFUSED = "refused", _("refused")
    REMINDED = "reminded", _("reminders sent")
    RETURNED = "returned", _("returned")
    READ = "read", _("messages about delivery that were read")


class MailDay(models.Model):
    """How many mails of a kind there were on a day, in the whole installation.

    Of no letter: a letter's own codes would tell on what day somebody signed it.
    """

    day = models.DateField()
    kind = models.CharField(max_length=8, choices=MailKind)
    number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("mail of a day")
        verbose_name_plural = _("mail, by day")
        constraints = [
            one_of("kind", MailKind),
            models.UniqueConstraint(fields=["day", "kind"], name="mails_of_a_day_are_counted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"
