"""A letter with its attachment as a message: MIME parts, headers, and the bytes that go to a file or a server.

The same content to the same recipients gives the same bytes but for `Date`: Message-ID and boundaries are made of them.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from hashlib import sha256

from psykanalys.errors import MailError
from psykanalys.mail.addresses import Mailbox, Recipients
from psykanalys.mail.body import as_html, as_text
from psykanalys.mail.letter import Letter

NO_DOMAIN = "psykanalys.invalid"  # of a draft's Message-ID where no sender is named
_TYPES = {".html": ("text", "html"), ".pdf": ("application", "pdf"), ".zip": ("application", "zip")}
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content: bytes

    @property
    def checksum(self) -> str:
        """SHA-256, in hex."""
        return sha256(self.content).hexdigest()

    @property
    def kind(self) -> tuple[str, str]:
        """The MIME type."""
        return _TYPES["." + self.name.rpartition(".")[2]]


@dataclass(frozen=True)
class Message:
    """A letter to somebody. `sender` may be missing in a draft."""

    letter: Letter
    attachment: Attachment
    recipients: Recipients
    sender: Mailbox | None = None

    @property
    def id(self) -> str:
        """The Message-ID, made of content and recipients."""
        domain = self.sender.address.rpartition("@")[2] if self.sender else NO_DOMAIN
        return f"<{self._digest()}@{domain}>"

    @property
    def needs_utf8(self) -> bool:
        """Whether some address has other letters than ASCII before its '@': then the server must know SMTPUTF8."""
        return not all(box.address.isascii() for box in (*self.recipients.all, *([self.sender] if self.sender else [])))

    def as_bytes(self, when: datetime, *, is_draft: bool) -> bytes:
        """The message with CRLF line ends. `is_draft`: mail programs open it as one that is not yet sent.

        Raises MailError where a header holds a line break.
        """
        message = EmailMessage(policy=SMTP)
        self._fill(message)
        for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"=_{self._digest()[:24]}_{place}")
        headers = (f"{name}: {value}\r\n" for name, value in self._headers(when, is_draft=is_draft).items() if value)
        return "".join(headers).encode() + message.as_bytes()

    def _headers(self, when: datetime, *, is_draft: bool) -> Mapping[str, str]:
        """The headers as they are written. The email package tears encoded names apart where it folds a line."""
        return {
            "X-Unsent": "1" if is_draft else "",
            "From": _listed([self.sender] if self.sender else []),
            "To": _listed(self.recipients.to),
            "Cc": _listed(self.recipients.cc),
            "Subject": _encoded(one_line(self.letter.subject), "Subject"),
            "Date": format_datetime(when),
            "Message-ID": self.id,
            "Content-Language": "sv",
        }

    def _fill(self, message: EmailMessage) -> None:
        """multipart/mixed: (alternative: plain text, (related: HTML, image)), the report."""
        picture = self.letter.picture
        cid = f"oversikt.{sha256(picture.png).hexdigest()[:16]}@{NO_DOMAIN}" if picture else ""
        message.set_content(as_text(self.letter), cte="quoted-printable")
        message.add_alternative(as_html(self.letter, cid), subtype="html", cte="quoted-printable")
        if picture:
            _with_picture(message, picture.png, cid)
        maintype, subtype = self.attachment.kind
        message.add_attachment(
            self.attachment.content, maintype=maintype, subtype=subtype, filename=one_line(self.attachment.name)
        )

    def _digest(self) -> str:
        """A checksum of all that the message says and whom it goes to."""
        parts = (
            self.letter.subject, as_text(self.letter), as_html(self.letter, ""), self.attachment.name,
            self.attachment.checksum, f"{self.sender}", *(f"to {box}" for box in self.recipients.to),
            *(f"cc {box}" for box in self.recipients.cc),
        )  # fmt: skip
        picture = self.letter.picture.png if self.letter.picture else b""
        return sha256("\0".join(parts).encode() + picture).hexdigest()[:40]


def attach(name: str, page: str, twin: str, form: str) -> Attachment:
    """The report as a file of one of `letter.FORMATS`, written from its finished page; `name` is the file's."""
    if form == "html":
        return Attachment(name, page.encode())
    stem = name.rpartition(".")[0]
    if form == "zip":
        return Attachment(name, _zipped({f"{stem}.html": page.encode(), f"{stem}.json": twin.encode()}))
    from psykanalys.report.formats import convert

    return Attachment(name, convert(page, form, stem))


def one_line(text: str) -> str:
    """The text, which must not end a header. Raises MailError."""
    if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in text):
        raise MailError(f"{text!r} holds a line break or control sign and cannot stand in a mail's header")
    return text


def _listed(boxes: Sequence[Mailbox]) -> str:
    """Mailboxes in a header, one a line."""
    return ",\r\n ".join(map(_mailbox, boxes))


def _mailbox(box: Mailbox) -> str:
    name = one_line(box.name)
    written = f'"{quote(name)}"' if name.isascii() else _encoded(name)
    return f"{written} <{one_line(box.address)}>" if name else one_line(box.address)


def _encoded(text: str, header: str = "") -> str:
    """Text as encoded words, in lines of at most 75 signs."""
    charset = "ascii" if text.isascii() else "utf-8"
    return Header(text, charset, maxlinelen=75, header_name=header or None).encode(linesep="\r\n")


def _with_picture(message: EmailMessage, png: bytes, cid: str) -> None:
    html = message.get_body(("html",))
    if not isinstance(html, EmailMessage):
        raise TypeError("a letter has an HTML part")
    html.add_related(png, "image", "png", cid=f"<{cid}>", disposition="inline", filename="oversikt.png")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip file: the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
