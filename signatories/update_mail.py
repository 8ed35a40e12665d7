"""The mail by which subscribers get an update: what it says, and the headers of a list."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from config import crypto, mail
from letters.markdown import as_html
from letters.models import Letter, Update
from signatories.models import Mailing

FOLDER = "signatories/mail/update"


@dataclass(frozen=True)
class Message:
    """What everybody gets, but for the link that ends the subscription."""

    letter: Letter
    title: str
    body: str
    source: str

    @classmethod
    def of(cls, update: Update) -> "Message":
        """As it would leave now."""
        return cls(update.letter, update.title, update.body, update.source)

    @classmethod
    def frozen(cls, mailing: Mailing) -> "Message":
        """As it was when the mailing began."""
        return cls(mailing.update.letter, mailing.subject, mailing.body, mailing.source)

    def context(self, end_url: str, *, is_test: bool = False) -> dict[str, object]:
        return {
            "letter": self.letter,
            "title": self.title,
            "body": self.body,
            "body_html": as_html(self.body),
            "source": self.source,
            "page_url": settings.SITE_URL + reverse("public:updates", args=[self.letter.slug]),
            "end_url": end_url,
            "is_test": is_test,
        }


def send(message: Message, to: str, link: str, ticket: str = "") -> None:
    """Send it to a subscriber. `link` is the capability that ends the subscription; `ticket` is
    what the mail is known by if it comes back.

    The headers let mail programs offer a button for that (RFC 2369, RFC 8058), and keep
    answering machines silent. Raises what `config.mail.send` raises.
    """
    end_url = url_to_end(link)
    headers = {
        **_list_headers(message.letter),
        "List-Unsubscribe": f"<{end_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    mail.send(
        FOLDER,
        to,
        message.context(end_url),
        sender=settings.UPDATES_FROM,
        headers=headers,
        ticket=ticket,
    )


def send_test(message: Message, to: str) -> None:
    """Send it to whoever wants to see it first, marked as a test; its link ends nothing."""
    context = message.context(example_url(), is_test=True)
    headers = _list_headers(message.letter)
    mail.send(FOLDER, to, context, sender=settings.UPDATES_FROM, headers=headers)


def example_url() -> str:
    """A link like the one that ends a subscription, for previews: it belongs to nobody."""
    return url_to_end(crypto.derived_token("example", "of a link that ends updates"))


def url_to_end(link: str) -> str:
    return settings.SITE_URL + reverse("signer:end_updates", args=[link])


@dataclass(frozen=True)
class Preview:
    sender: str
    subject: str
    text: str


def preview(message: Message) -> Preview:
    context = message.context(example_url())
    text = render_to_string(f"{FOLDER}/body.txt", context)
    return Preview(settings.UPDATES_FROM, mail.subject(FOLDER, context), text)


def _list_headers(letter: Letter) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return {"List-Id": f"<{letter.slug}.updates.{host}>", "Precedence": "list"}
