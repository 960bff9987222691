"""Sending over SMTP so that nothing is lost and nothing sent twice.

Until the message itself is handed over a fault means that nothing was sent, and a temporary one is tried again. From
then on only the server's answer tells; where none comes, nothing is known, and it is not sent again.
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psykanalys.errors import MailError
from psykanalys.mail.log import Delivery, State

PASSWORD = "PSYKANALYS_SMTP_PASSWORD"
SERVICE = "psykanalys"
WAITS = (5.0, 60.0, 300.0)  # seconds before each new try
ANSWER = 60.0  # seconds that an answer may take
LAST_ANSWER = 600.0  # the one that tells that the message is taken
_HERE = ("localhost", "127.0.0.1", "::1")
_READY, _TAKEN = 354, 250


class _LostError(Exception):
    """The connection went, or the server had no time, before the message was handed over."""


@dataclass(frozen=True)
class Server:
    """A mail server. `starttls` encrypts a plain line (port 587), `tls` is encrypted from the start (port 465).

    `ca` is a file with the certificate of a private authority.
    """

    host: str
    port: int
    user: str = ""
    starttls: bool = True
    ca: Path | None = None
    tls: bool = False

    def __post_init__(self) -> None:
        is_plain = not (self.starttls or self.tls)
        if is_plain and self.user:
            raise MailError("--user: a password goes over an encrypted line only — add --starttls or --tls")
        if is_plain and self.host not in _HERE:
            raise MailError(f"--smtp {self.host}: reports go over an encrypted line only — add --starttls or --tls")
        if self.ca and not self.ca.is_file():
            raise MailError(f"--ca {self.ca}: no such file — name a certificate in PEM format")

    @property
    def context(self) -> ssl.SSLContext:
        """How the line is encrypted: by the machine's authorities, and the private one."""
        return ssl.create_default_context(cafile=self.ca)

    def connect(self) -> smtplib.SMTP:
        """Open a line. Raises what smtplib raises."""
        if self.tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=ANSWER, context=self.context)
        return smtplib.SMTP(self.host, self.port, timeout=ANSWER)


@dataclass(frozen=True)
class Envelope:
    """What a server needs to know: the message's bytes, from whom, and whether addresses need SMTPUTF8."""

    content: bytes
    sender: str
    needs_utf8: bool = False


def read_server(text: str) -> tuple[str, int]:
    """Read 'HOST:PORT'. Raises MailError."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host) or not port.isascii() or not port.isdigit():
        raise MailError(f"--smtp {text!r}: expected HOST:PORT, such as smtp.example.se:587")
    return host.strip("[]"), int(port)


def find_password(user: str) -> str:
    """The user's password from the environment or the keyring; raises MailError where there is none."""
    import keyring
    from keyring.errors import KeyringError

    found = os.environ.get(PASSWORD, "")
    if not found:
        with suppress(KeyringError):
            found = keyring.get_password(SERVICE, user) or ""
    if not found:
        raise MailError(f"no password for {user} — set {PASSWORD}, or run: keyring set {SERVICE} {user}")
    return found


def send(
    server: Server,
    envelope: Envelope,
    recipients: Sequence[str],
    password: str = "",
    *,
    waits: Sequence[float] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Delivery]:
    """Send a message and return what became of it for each recipient.

    Temporary failures are tried again after each of `waits` seconds (default: WAITS). Raises MailError where the server
    cannot be used at all: no encryption, an unknown certificate, a wrong password; then nothing was sent.
    """
    done: dict[str, Delivery] = {}
    left = list(recipients)
    for wait in (*(WAITS if waits is None else waits), None):
        done |= _tried(server, envelope, left, password)
        left = [address for address in left if done[address].state == State.FAILED]
        if not left or wait is None:
            return done
        tell(f"temporary failure for {', '.join(left)} ({done[left[0]].said}); trying again in {wait:g} s")
        time.sleep(wait)
    return done


def _tried(server: Server, envelope: Envelope, recipients: Sequence[str], password: str) -> dict[str, Delivery]:
    """One try. FAILED is what may be tried again."""
    try:
        with _connected(server, password) as connection:
            return _transaction(connection, envelope, recipients)
    except _LostError as error:
        return dict.fromkeys(recipients, Delivery(State.FAILED, _cleaned(str(error), password)))


@contextmanager
def _connected(server: Server, password: str) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted and logged in. Raises _LostError for what may pass, MailError for what does not."""
    where = f"{server.host}:{server.port}"
    try:
        connection = server.connect()
    except smtplib.SMTPConnectError as error:
        raise _refusal(error, where) from None
    except ssl.SSLError as error:
        raise _fault(error, where, server.user) from None
    except socket.gaierror:
        raise MailError(f"{where}: there is no such server — nothing was sent") from None
    except (OSError, smtplib.SMTPException) as error:
        raise _LostError(f"{where}: no connection: {error}") from error
    try:
        _prepared(connection, server, password, where)
        yield connection
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
        connection.close()


def _prepared(connection: smtplib.SMTP, server: Server, password: str, where: str) -> None:
    try:
        connection.ehlo_or_helo_if_needed()
        if server.starttls and not server.tls:
            connection.starttls(context=server.context)
            connection.ehlo()
        if server.user:
            connection.login(server.user, password)
    except (OSError, UnicodeError) as error:
        raise _fault(error, where, server.user) from None


def _fault(error: Exception, where: str, user: str) -> Exception:
    """What stands in the way of a letter: a _LostError for what may pass, a MailError for what does not."""
    match error:
        case ssl.SSLCertVerificationError():
            told = f"the certificate is not trusted ({error.verify_message}); name your own authority's with --ca FILE"
        case ssl.SSLError():
            told = f"encryption failed ({error.reason})"
        case UnicodeError():
            told = "a user name or password of other signs than ASCII cannot log in"
        case smtplib.SMTPAuthenticationError():
            return _refusal(error, f"{where}: {user} could not log in")
        case smtplib.SMTPResponseException():
            return _refusal(error, where)
        case smtplib.SMTPException() if not isinstance(error, smtplib.SMTPServerDisconnected):
            told = f"{error}".rstrip(".")
        case _:
            return _LostError(f"{where}: the connection was lost before anything was sent")
    return MailError(f"{where}: {told} — nothing was sent")


def _refusal(error: smtplib.SMTPResponseException, what: str) -> Exception:
    """What a server says before a letter is given to it, by its code: its words may hold anything."""
    is_temporary = 400 <= error.smtp_code < 500
    told = f"{what}: the server answered {error.smtp_code}"
    return _LostError(told) if is_temporary else MailError(f"{told} — nothing was sent")


def _transaction(connection: smtplib.SMTP, envelope: Envelope, recipients: Sequence[str]) -> dict[str, Delivery]:
    """MAIL, RCPT for each, DATA."""
    try:
        if envelope.needs_utf8 and not connection.has_extn("smtputf8"):
            said = "the server takes no addresses with other letters than ASCII (SMTPUTF8)"
            return dict.fromkeys(recipients, Delivery(State.REFUSED, said))
        options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.needs_utf8 else []
        answer = connection.mail(envelope.sender, options)
        if answer[0] != _TAKEN:
            return dict.fromkeys(recipients, _answer(*answer))
        answers = {address: _answer(*connection.rcpt(address)) for address in recipients}
        taken = [address for address, answer in answers.items() if answer.state == State.SENT]
        ready = connection.docmd("DATA") if taken else (_READY, b"")
    except (OSError, smtplib.SMTPException) as error:
        raise _LostError("the connection was lost before anything was sent") from error
    if taken and ready[0] != _READY:
        return answers | dict.fromkeys(taken, _answer(*ready))
    return answers | (dict.fromkeys(taken, _handed_over(connection, envelope.content)) if taken else {})


def _handed_over(connection: smtplib.SMTP, content: bytes) -> Delivery:
    """Hand the message over. Whatever happens from here on, only an answer tells what became of it."""
    try:
        if connection.sock:
            connection.sock.settimeout(LAST_ANSWER)
        connection.send(re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n")
        return _answer(*connection.getreply())
    except (OSError, smtplib.SMTPException):
        connection.close()
        return Delivery(State.UNKNOWN, "the connection was lost after the message was handed over")


def _answer(code: int, said: bytes) -> Delivery:
    """What a server's answer means: 2xx taken, 4xx not now, else no."""
    state = State.SENT if 200 <= code < 300 else State.FAILED if 400 <= code < 500 else State.REFUSED
    return Delivery(state, _cleaned(f"{code} {said.decode('utf-8', 'replace')}"))


def _cleaned(text: str, secret: str = "") -> str:
    """A server's words for the log: one line, not long, no secret."""
    without = text.replace(secret, "…") if secret else text
    return " ".join("".join(sign if sign.isprintable() else " " for sign in without).split())[:200]
