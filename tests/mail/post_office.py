"""A real SMTP server on this machine that takes, refuses, puts off or drops letters as a test wants."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HERE = "127.0.0.1"
USER, SECRET = "utskick", "hemligt losenord"


@dataclass
class Inbox:
    """What came in, and what the server shall answer: by recipient, for each MAIL, for each DATA, in turn."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    to_mail: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    letters: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.to_mail and (answer := self.to_mail.pop(0)):
            return _hang_up(server) if answer == "hang up" else answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.asked.append(address)
        if self.answers.get(address) and (answer := self.answers[address].pop(0)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.to_data.pop(0) if self.to_data else "250 taken"
        if answer.startswith("4"):
            return answer
        self.letters.append(envelope)
        return _hang_up(server) if answer == "hang up" else answer

    @property
    def delivered(self) -> list[str]:
        return [address for letter in self.letters for address in letter.rcpt_tos]


class PostOffice(Controller):
    """The server on a free port."""

    def __init__(self, inbox: Inbox, **options: Any):
        with socket.socket() as free:
            free.bind((HERE, 0))
            port = free.getsockname()[1]
        super().__init__(inbox, hostname=HERE, port=port, **options)
        self.inbox = inbox


def allowed(server, session, envelope, mechanism, data) -> AuthResult:
    """Who may log in, and how it was tried."""
    server.event_handler.asked.append(mechanism)
    is_right = (data.login, data.password) == (USER.encode(), SECRET.encode())
    return AuthResult(success=is_right, handled=False)


def _hang_up(server) -> str:
    server.transport.abort()
    return "421 nobody hears this"
