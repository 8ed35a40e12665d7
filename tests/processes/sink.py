"""A mail server that keeps what it is given, and can be told to behave badly."""

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.processes.network import Background, serve, shut
from tests.processes.waiting import PATIENCE, wait_for

ACCEPT, LATER, NEVER, HANG = "accept", "later", "never", "hang"


@dataclass(frozen=True)
class Mail:
    """One message as it came over the wire. `was_taken` is false where we never said so."""

    to: str
    raw: bytes
    was_taken: bool
    sender: str = ""

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def code(self) -> str:
        return re.search(r"\b\d{4} \d{4}\b", self.text)[0]

    @property
    def text(self) -> str:
        return self.message.get_body(("plain",)).get_content()

    @property
    def html(self) -> str:
        return self.message.get_body(("html",)).get_content()


class Sink:
    """Listens on a free port. The mood can be changed at any time, for everybody at once."""

    def __init__(self, background: Background) -> None:
        self.background = background
        self.port = 0
        self.mood = ACCEPT
        self.mails: list[Mail] = []
        self.refused: list[str] = []
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[asyncio.BaseTransport] = set()
        self.open()

    # What tests ask for

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == address.lower()]

    def wait_for(self, address: str, number: int = 1, seconds: float = PATIENCE) -> Mail:
        """The message with that number to the address, counted from one."""
        what = f"message {number} to {address}"
        return wait_for(lambda: self.to(address)[number - 1 : number], what, seconds)[0]

    @contextmanager
    def in_mood(self, mood: str):
        self.mood = mood
        try:
            yield self
        finally:
            self.mood = ACCEPT

    @contextmanager
    def closed(self):
        self.close()
        try:
            yield self
        finally:
            self.open()

    def open(self) -> None:
        self.background.run(self._open())

    def close(self) -> None:
        self.background.run(self._close())

    # What the event loop does

    async def _open(self) -> None:
        if self._server is None:
            self._server = await serve(self._protocol, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            await shut(self._server)
            self._server = None
        for transport in list(self._connections):
            transport.abort()
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        return _Protocol(self, hostname="mail.invalid", loop=self.background.loop)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answers = {LATER: "451 4.7.1 Come back later", NEVER: "550 5.1.1 Nobody of that name"}
        if self.mood in answers:
            self.refused.append(address)
            return answers[self.mood]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        was_taken = self.mood != HANG
        self.mails += [
            Mail(to, envelope.content, was_taken, envelope.mail_from) for to in envelope.rcpt_tos
        ]
        while self.mood == HANG:
            await asyncio.sleep(0.05)
        return "250 OK"


class _Protocol(SMTP):
    """Tells the sink about its connections, so that closing it ends them as well."""

    def __init__(self, sink: Sink, **options) -> None:
        super().__init__(sink, **options)
        self._sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sink._connections.add(transport)
        super().connection_made(transport)

    def eof_received(self) -> bool:
        """A client that was killed comes no more: without this its connection stays open."""
        super().eof_received()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._sink._connections.discard(self.transport)
        super().connection_lost(error)
