"""Reading the mail of `FolderBackend` in the browser. Exists with DEBUG only."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

PAGE_SIZE = 30
STAMP = "%Y%m%d-%H%M%S-%f"


@dataclass(frozen=True)
class Message:
    id: str
    mail: EmailMessage

    @property
    def to(self) -> str:
        return str(self.mail["To"])

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def sent_at(self) -> datetime:
        return datetime.strptime(self.id.rpartition("-")[0], STAMP).replace(tzinfo=UTC)

    @property
    def text(self) -> str:
        body = self.mail.get_body(("plain",))
        return body.get_content() if body else ""

    @property
    def links(self) -> list[str]:
        return re.findall(r"https?://\S+", self.text)

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.mail.items()]


def in_development_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def wrapped(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, **kwargs)

    return wrapped


@require_safe
@in_development_only
def messages(request: HttpRequest) -> HttpResponse:
    """The newest messages first; `?after=` is the id of the last one seen."""
    after = request.GET.get("after", "")
    ids = sorted((path.stem for path in Path(settings.MAIL_DIR).glob("*.eml")), reverse=True)
    wanted = [one for one in ids if not after or one < after]
    shown = wanted[:PAGE_SIZE]
    context = {
        "messages": [_read(one) for one in shown],
        "next_after": shown[-1] if len(wanted) > PAGE_SIZE else "",
    }
    return render(request, "mailbox/list.html", context)


@require_safe
@in_development_only
def message(request: HttpRequest, id: str) -> HttpResponse:
    return render(request, "mailbox/message.html", {"message": _read(id)})


def _read(id: str) -> Message:
    try:
        content = (Path(settings.MAIL_DIR) / f"{id}.eml").read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return Message(id, parsed)
