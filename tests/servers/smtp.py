"""A mail server that collects what it is sent, and can misbehave in the ways real ones do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.process import free_port, wait_until

Mode = Literal["accept", "refuse", "slow", "down"]


class MailServer:
    """`mode` may change at any time.

    `refuse` answers 550 to every recipient, `slow` never answers to a message's text, and with `down`
    nobody listens.
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self._mode: Mode = "accept"
        self._controller: Controller | None = None
        self._listen()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "down":
            self.close()
        elif self._controller is None:
            self._listen()

    @property
    def settings(self) -> dict[str, str]:
        """What a server needs in its environment to send mail here."""
        return {"MAIL_ENABLED": "true", "MAIL_SERVER": self.host, "MAIL_PORT": str(self.port)}

    def to(self, address: str) -> list[EmailMessage]:
        """The messages delivered to one address."""
        pairs = zip(self.envelopes, self.messages, strict=True)
        return [message for envelope, message in pairs if address in envelope.rcpt_tos]

    def wait_for(self, count: int, seconds: float = 15) -> list[EmailMessage]:
        """All messages, once there are `count` or more."""
        wait_until(
            lambda: len(self.messages) >= count, f"{count} messages ({len(self.messages)} came)", seconds
        )
        return self.messages

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def _listen(self) -> None:
        self._controller = Controller(self, hostname=self.host, port=self.port)
        self._controller.start()

    # aiosmtpd's handler protocol
    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        if hostname == "refused.example":
            return ["550 no such name"]
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._mode == "refuse":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self._mode == "slow":
            await asyncio.Event().wait()
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = message_from_bytes(content, policy=policy.default)
        self.envelopes.append(envelope)
        self.messages.append(message)
        return "250 OK"


@contextmanager
def smtp() -> Iterator[MailServer]:
    server = MailServer()
    try:
        yield server
    finally:
        server.close()
