"""How visitors go through the real pages: open the form, fill it in, type the code."""

import base64
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import altcha
from django.core import mail
from django.test import Client

from signatories.models import Verification
from signatories.verification import mailbox
from tests.mix.crowd import Visitor

CODE = re.compile(r"\b(\d{4} \d{4})\b")
PATIENCE = 4  # How often somebody sends the form again before giving up.


class Fields(HTMLParser):
    """The fields of the one form that has an address in it, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.unseen: list[str] = []  # text fields that nobody sees or reaches by tab
        self.challenge = ""
        self._form: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = {}
        self.challenge = given.get("data-challenge", self.challenge)
        if tag != "input" or self._form is None or "name" not in given:
            return
        name, kind = given["name"], given.get("type", "text")
        if kind in ("radio", "checkbox") and "checked" not in given:
            return
        if kind in ("hidden", "text", "email", "radio", "checkbox"):
            self._form[name] = given.get("value", "")
        if kind == "text" and given.get("tabindex") == "-1":
            self.unseen.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            if "email" in self._form:
                self.values = self._form
            self._form = None


class Visit:
    """One visitor before the form. `outcome` says how far they came."""

    def __init__(self, visitor: Visitor, slug: str) -> None:
        self.visitor, self.url = visitor, f"/letters/{slug}/sign/"
        self.client = Client(REMOTE_ADDR=visitor.network)
        self.code_page = ""
        self.sent = 0
        self.outcome = "left"
        self.answers: Counter[int] = Counter()

    def open(self) -> None:
        self._read(self.client.get(self.url).content.decode())

    def send(self) -> float | None:
        """Send the form; return the seconds after which to send it again, or None."""
        self.sent += 1
        answer = self.client.post(self.url, self._filled())
        self.answers[answer.status_code] += 1
        if answer.status_code == 302:
            self.code_page, self.outcome = answer.headers["Location"], "sent"
            return None
        self._read(answer.content.decode())
        if self.sent >= PATIENCE or not self._comes_back():
            self.outcome = "turned away"
            return None
        return float(answer.headers.get("Retry-After", 5))

    def type_code(self) -> None:
        """Read the mailbox and type what is there, if anything is."""
        code = self._mailed_code()
        if not code:
            self.outcome = "no code"
            return
        answer = self.client.post(self.code_page, {"code": code})
        self.answers[answer.status_code] += 1
        self.outcome = "confirmed" if answer.status_code == 302 else "not confirmed"

    def _read(self, page: str) -> None:
        self.read = Fields(page)

    def _filled(self) -> dict[str, Any]:
        visitor = self.visitor
        typed = {
            "name": visitor.name,
            "email": visitor.email,
            "organisation": visitor.organisation,
            "tenure": "current",
            "title": visitor.title,
            "role": "",
            "appearance": visitor.appearance,
        }
        trapped = {name: visitor.name for name in self.read.unseen if visitor.falls_for_trap}
        return {**self.read.values, **typed, **self._worked_out(), **trapped}

    def _worked_out(self) -> dict[str, str]:
        """What the page's script makes of the challenge, where it runs."""
        if not self.read.challenge or not self.visitor.has_script:
            return {}
        asked = json.loads(self.read.challenge)
        found = altcha.solve_challenge(altcha.Challenge.from_dict(asked))
        assert found is not None
        solution = {"challenge": asked, "solution": found.to_dict()}
        return {"altcha": base64.b64encode(json.dumps(solution).encode()).decode()}

    def _comes_back(self) -> bool:
        """People send a form again that asks for it; scripts of this kind go on to the next."""
        return self.visitor.kind != "bot"

    def _mailed_code(self) -> str:
        for message in reversed(mail.outbox):
            if message.to == [self.visitor.email.lower()] or message.to == [self.visitor.email]:
                found = CODE.search(str(message.body))
                return found[1] if found else ""
        return ""


def deliver() -> None:
    """Send what is due, as the worker does."""
    for verification in Verification.objects.unsent():
        mailbox.send_code(str(verification.pk))
