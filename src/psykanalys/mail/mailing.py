"""From reports to letters: each is checked, written and given to a carrier, and what became of it is logged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from psykanalys.areas import find_county
from psykanalys.data.project import Project
from psykanalys.errors import MailError, PsykanalysError
from psykanalys.mail import addresses, guard, log, smtp
from psykanalys.mail.addresses import Book, Mailbox, Recipients
from psykanalys.mail.body import as_html, as_text
from psykanalys.mail.letter import FORMATS, Letter, file_name, write
from psykanalys.mail.log import Delivery, State
from psykanalys.mail.message import Attachment, Message, attach
from psykanalys.present import ledger

RECIPIENTS = "recipients.yaml"


@dataclass(frozen=True)
class Order:
    """What is to be mailed to whom. `recipients` are for every county; the `book` tells them by county."""

    recipients: Recipients = field(default_factory=Recipients)
    book: Book = field(default_factory=dict)
    form: str = "html"
    folder: Path | None = None  # of the reports
    previous: Path | None = None  # an earlier twin, or a folder of them

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise MailError(f"format: '{self.form}' — expected one of {', '.join(FORMATS)}")


@dataclass(frozen=True)
class Ready:
    """A letter that may be mailed."""

    report: guard.Report
    letter: Letter
    attachment: Attachment
    recipients: Recipients


@dataclass(frozen=True)
class Result:
    """What became of a county's letter, in a sentence; `done` where everybody was reached."""

    county: str
    said: str
    done: bool


class Carrier(Protocol):
    """What brings letters away."""

    @property
    def how(self) -> str:
        """Its name in the log."""

    @property
    def sender(self) -> Mailbox | None:
        """Who sends, where that is known."""

    def carry(self, county: str, message: Message) -> tuple[dict[str, Delivery], str]:
        """What became of it for each address, and where it is. Raises MailError where nothing can be carried."""


@dataclass(frozen=True)
class Drafts:
    """Writes each letter as a file that mail programs open as a draft."""

    folder: Path
    sender: Mailbox | None = None
    how: str = "eml"

    def carry(self, county: str, message: Message) -> tuple[dict[str, Delivery], str]:
        """Write `<county>.eml`, whole or not at all."""
        path = self.folder / f"{county}.eml"
        content = message.as_bytes(datetime.now().astimezone(), is_draft=True)
        try:
            _write(path, content)
        except OSError as error:
            raise MailError(f"{path}: {error.strerror} — choose another folder") from error
        told = f"draft in {path.as_posix()} ({_size(len(content))})"
        return {box.address: Delivery(State.DRAFT) for box in message.recipients.all}, told


@dataclass(frozen=True, repr=False)
class Post:
    """Sends each letter over SMTP."""

    server: smtp.Server
    sender: Mailbox
    password: str = ""
    tell: Callable[[str], None] = lambda _: None
    how: str = "smtp"

    def carry(self, county: str, message: Message) -> tuple[dict[str, Delivery], str]:
        """Send the letter to everybody it is for."""
        content = message.as_bytes(datetime.now().astimezone(), is_draft=False)
        envelope = smtp.Envelope(content, self.sender.address, message.needs_utf8)
        wanted = [box.address for box in message.recipients.all]
        done = smtp.send(self.server, envelope, wanted, self.password, tell=lambda said: self.tell(f"{county}: {said}"))
        return done, _told(done)


def read_book(project: Project, path: Path | None) -> dict[str, Recipients]:
    """The recipients by county: of the file named, else of params/recipients.yaml if it is there."""
    default = project.params / RECIPIENTS
    return addresses.read_book(path or default) if path or default.is_file() else {}


def prepare(
    project: Project, counties: Sequence[str], order: Order, *, tell: Callable[[str], None] = lambda _: None
) -> tuple[list[Ready], list[Result]]:
    """Check every county's report and write its letter; also what was refused, one sentence a county. Sends nothing."""
    ready: list[Ready] = []
    refused: list[Result] = []
    for name in dict.fromkeys(_slug(name) for name in counties):
        tell(f"{name}: making the report again to compare …")
        try:
            ready.append(_prepared(project, name, order))
        except PsykanalysError as error:
            told = str(error).removeprefix(f"{name}: ")
            refused.append(Result(name, f"refused: {told}", False))
    return ready, refused


def mail(
    project: Project, ready: Sequence[Ready], carrier: Carrier, *, ask: Callable[[str], bool] = lambda _: False
) -> Iterator[Result]:
    """Mail the letters, one after another; gives what became of each as it is done.

    Who has the same report already gets it again only where `ask` says yes to the sentence that tells so. Where nothing
    can be carried at all, the rest is not tried. Raises MailError where another run is under way.
    """
    with log.locked(project):
        stopped = ""
        for each in ready:
            if stopped:
                yield Result(each.report.slug, f"not sent: {stopped}", False)
                continue
            try:
                yield _mailed(project, each, carrier, ask)
            except MailError as error:
                stopped = str(error)
                yield Result(each.report.slug, f"not sent: {stopped}", False)


def described(project: Project, each: Ready, sender: Mailbox | None = None) -> str:
    """What would go to whom, as text for a terminal."""
    message = Message(each.letter, each.attachment, each.recipients, sender)
    html, text = as_html(each.letter, "").encode(), as_text(each.letter).encode()
    picture = each.letter.picture
    had = log.mailed(project, each.report.checksum)
    lines = {
        "from": str(sender or ""),
        "to": ", ".join(map(str, each.recipients.to)),
        "cc": ", ".join(map(str, each.recipients.cc)),
        "subject": each.letter.subject,
        "body": f"{_size(len(html))} HTML, {_size(len(text))} text, {_size(len(picture.png) if picture else 0)} image",
        "attached": f"{each.attachment.name}, {_size(len(each.attachment.content))}, sha256 {each.attachment.checksum}",
        "report": f"control code {each.report.code}, sha256 {each.report.checksum}",
        "message": _size(len(message.as_bytes(datetime.now().astimezone(), is_draft=True))),
        "has it": ", ".join(f"{box} ({had[box.key].when[:10]})" for box in each.recipients.all if box.key in had),
    }
    return "\n".join([each.report.slug, *(f"  {name}: {value}" for name, value in lines.items() if value)])


def _prepared(project: Project, slug: str, order: Order) -> Ready:
    wanted = order.recipients if order.recipients.all else order.book.get(slug, Recipients())
    if not wanted.all:
        raise MailError("nobody to mail to — name somebody with --to, or in the file of recipients (docs/mail.md)")
    if others := addresses.of_other_counties(wanted, slug, order.book):
        raise MailError(f"{'; '.join(others)} — not of {slug}; mend the recipients")
    report = guard.checked(project, slug, order.folder or project.reports)
    letter = write(report.county, report.code, order.form, _previous(project, report, order.previous))
    attachment = attach(file_name(report.county, order.form), report.page, report.twin, order.form)
    guard.check_files(report, letter, attachment)
    guard.check_earlier(project, report)
    return Ready(report, letter, attachment, wanted)


def _previous(project: Project, report: guard.Report, path: Path | None) -> Mapping[str, Any] | None:
    """The earlier twin: the one named, else the one that the report itself was given, else the last mailed."""
    if path is None:
        return report.county.previous or log.last_twin(project, report.slug, other_than=report.checksum)
    file = path / f"{report.slug}.json" if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        return None
    twin = ledger.read_twin(file)
    if twin["county"]["code"] != report.county.analysis.county.code:
        raise MailError(f"--previous {file.name}: is of {twin['county']['name']}")
    return twin


def _mailed(project: Project, each: Ready, carrier: Carrier, ask: Callable[[str], bool]) -> Result:
    had = log.mailed(project, each.report.checksum)
    again = [box for box in each.recipients.all if box.key in had]
    left_out = "" if not again or ask(_question(each, again, had)) else _have_it(again, had)
    wanted = each.recipients.without(box.key for box in again) if left_out else each.recipients
    if not wanted.all:
        return Result(each.report.slug, f"refused: {left_out}", False)
    message = Message(each.letter, each.attachment, wanted, carrier.sender)
    result = _logged(project, each, message, carrier)
    return replace(result, said=f"{result.said}; left out: {left_out}", done=False) if left_out else result


def _logged(project: Project, each: Ready, message: Message, carrier: Carrier) -> Result:
    """Give the letter to the carrier, between two entries in the log: that it is begun, and what became of it."""
    entry = _entry(each, message, carrier.how)
    log.record(project, entry, each.report.twin)
    try:
        done, said = carrier.carry(each.report.slug, message)
    except MailError as error:
        failed = {box.address: Delivery(State.FAILED, str(error)) for box in message.recipients.all}
        log.record(project, replace(entry, recipients=failed), each.report.twin)
        raise
    is_done = all(delivery.state in (State.SENT, State.DRAFT) for delivery in done.values())
    try:
        log.record(project, replace(entry, recipients=done), each.report.twin)
    except OSError as error:
        return Result(each.report.slug, f"{said} — but the log could not be written: {error.strerror}", False)
    return Result(each.report.slug, said, is_done)


def _entry(each: Ready, message: Message, how: str) -> log.Entry:
    return log.Entry(
        id=message.id,
        when=datetime.now(UTC).isoformat(),
        county=each.report.county.analysis.county.code,
        how=how,
        page=each.report.checksum,
        code=each.report.code,
        twin=log.checksum(each.report.twin),
        attachment=each.attachment.checksum,
        cells=tuple(each.report.cells(with_twin=each.attachment.name.endswith(".zip"))),
        recipients={box.address: Delivery(State.STARTED) for box in message.recipients.all},
    )


def _question(each: Ready, again: Sequence[Mailbox], had: Mapping[str, log.Entry]) -> str:
    return f"{each.report.slug}: {_have_it(again, had)}. Mail the same report again?"


def _have_it(again: Sequence[Mailbox], had: Mapping[str, log.Entry]) -> str:
    """'a@example.se has this report already (2026-11-21, sent)'; a draft or an unknown result counts too."""
    told = (f"{box.address} ({entry.when[:10]}, {_state(entry, box)})" for box in again for entry in [had[box.key]])
    return f"already mailed this report: {', '.join(told)}"


def _state(entry: log.Entry, box: Mailbox) -> State:
    return next(each.state for address, each in entry.recipients.items() if address.casefold() == box.key)


def _told(done: Mapping[str, Delivery]) -> str:
    """'sent to a@example.se; refused: b@example.se (550 …)'."""
    parts = []
    for state in State:
        those = {address: each.said for address, each in done.items() if each.state == state}
        if state == State.SENT and those:
            parts.append(f"sent to {', '.join(those)}")
        elif those:
            listed = ", ".join(f"{address} ({said})" for address, said in those.items())
            advice = " — ask whether it has come before you send it again" if state == State.UNKNOWN else ""
            parts.append(f"{state}: {listed}{advice}")
    return "; ".join(parts)


def _slug(name: str) -> str:
    try:
        return find_county(name).slug
    except ValueError as error:
        raise MailError(f"county: {error}") from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _size(number: int) -> str:
    return f"{number / 1000:.1f} kB"
