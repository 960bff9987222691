"""What was mailed: who, which checksum, which cells, when, how, with what result. Outside git, for a stated time.

One JSON line per letter in `mail-log/<year>.jsonl`, and the twin of each mailed report in `mail-log/twins/`. A line is
written before anything is sent, so that a run that dies leaves a trace, and again with the result.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from psykanalys.areas import find_county
from psykanalys.data.project import Project
from psykanalys.errors import MailError

FOLDER = "mail-log"
RETENTION_DAYS = 730
WAIT_FOR_OTHER_RUN = 10.0  # seconds


class State(StrEnum):
    """What is known of a letter to one recipient."""

    STARTED = "started"  # the run ended before it was known
    DRAFT = "draft"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"  # handed over, and no answer came


# What may have arrived, so that sending it again is a second sending.
MAY_HAVE_ARRIVED = (State.STARTED, State.DRAFT, State.SENT, State.UNKNOWN)


@dataclass(frozen=True)
class Delivery:
    """What became of a letter to one recipient, and what the server said."""

    state: State
    said: str = ""


@dataclass(frozen=True)
class Entry:
    """One letter. `when` is in UTC; `page`, `twin` and `attachment` are SHA-256 in hex; `cells` ids of observations."""

    id: str
    when: str
    county: str
    how: str
    page: str
    code: str
    twin: str
    attachment: str
    cells: tuple[str, ...]
    recipients: Mapping[str, Delivery] = field(default_factory=dict)

    @property
    def may_have_arrived(self) -> bool:
        """Whether somebody may have it."""
        return any(each.state in MAY_HAVE_ARRIVED for each in self.recipients.values())


@dataclass(frozen=True)
class Cell:
    """An unpublished figure that somebody may have: the observation, its county, the mailed twin that holds it."""

    county: str
    row: str
    twin: str


@contextmanager
def locked(project: Project) -> Iterator[None]:
    """Only one run at a time mails from a project. Raises MailError where another one does."""
    from filelock import FileLock, Timeout

    folder = _folder(project)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=WAIT_FOR_OTHER_RUN):
            yield
    except Timeout as error:
        raise MailError("another `psykanalys mail` is under way in this project — wait until it is done") from error


def entries(project: Project) -> list[Entry]:
    """Every letter in the log, the oldest first. Raises MailError where the log cannot be read."""
    found = [entry for path in sorted(_folder(project).glob("*.jsonl")) for entry in _read(path)]
    return sorted(found, key=lambda entry: entry.when)


def record(project: Project, entry: Entry, twin: str, *, now: datetime | None = None) -> None:
    """Write an entry, in place of one with the same id and time, and drop what is older than the retention."""
    oldest = ((now or datetime.now(UTC)) - timedelta(days=RETENTION_DAYS)).isoformat()
    _keep(_twin_path(project, entry.twin), twin)
    own = _folder(project) / f"{entry.when[:4]}.jsonl"
    for path in {own, *_folder(project).glob("*.jsonl")}:
        before = _read(path) if path.is_file() else []
        kept = [each for each in before if each.when >= oldest and (each.id, each.when) != (entry.id, entry.when)]
        _write(path, [*kept, *([entry] if path == own else [])])
    _drop_twins(project)


def mailed(project: Project, page: str) -> dict[str, Entry]:
    """The last letter with this very page (SHA-256) to each recipient who may have it, by address in lower case."""
    return {
        address.casefold(): entry
        for entry in entries(project)
        if entry.page == page
        for address, delivery in entry.recipients.items()
        if delivery.state in MAY_HAVE_ARRIVED
    }


def last_twin(project: Project, county: str, other_than: str = "") -> dict[str, Any] | None:
    """The twin of the county's last mailed report, leaving out the page with the checksum `other_than`; None: none."""
    code = find_county(county).code
    for entry in reversed(entries(project)):
        if entry.county == code and entry.may_have_arrived and entry.page != other_than:
            return read_twin(project, entry.twin)
    return None


def mailed_cells(project: Project) -> list[Cell]:
    """Every unpublished figure that was mailed and may have arrived, within the retention: what readers may know."""
    found = {
        Cell(entry.county, row, entry.twin): None
        for entry in entries(project)
        if entry.may_have_arrived
        for row in entry.cells
    }
    return list(found)


def read_twin(project: Project, checksum: str) -> dict[str, Any]:
    """A mailed twin by its checksum. Raises MailError where it is not there or is another."""
    path = _twin_path(project, checksum)
    try:
        text = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise MailError(f"{FOLDER}/twins/{path.name}: cannot be read — restore it from a backup") from error
    if sha256(text).hexdigest() != checksum:
        raise MailError(f"{FOLDER}/twins/{path.name}: has been changed — restore it from a backup")
    return json.loads(text)


def checksum(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return sha256(text.encode()).hexdigest()


def _folder(project: Project) -> Path:
    return project.root / FOLDER


def _twin_path(project: Project, checksum: str) -> Path:
    return _folder(project) / "twins" / f"{checksum}.json.gz"


def _read(path: Path) -> list[Entry]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(_entry(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise MailError(f"{FOLDER}/{path.name}:{number}: is no entry of the log — restore it") from error
    return found


def _entry(values: dict[str, Any]) -> Entry:
    sent = {address: Delivery(State(each["state"]), each["said"]) for address, each in values["recipients"].items()}
    return Entry(**{**values, "cells": tuple(values["cells"]), "recipients": sent})


def _write(path: Path, kept: list[Entry]) -> None:
    if not kept:
        path.unlink(missing_ok=True)
        return
    lines = (json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True) for entry in kept)
    _replace(path, ("\n".join(lines) + "\n").encode())


def _keep(path: Path, twin: str) -> None:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, gzip.compress(twin.encode(), mtime=0))


def _drop_twins(project: Project) -> None:
    """Remove the twins that no entry names any more."""
    named = {entry.twin for entry in entries(project)}
    for path in (_folder(project) / "twins").glob("*.json.gz"):
        if path.name.partition(".")[0] not in named:
            path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and onto the disk before anything else happens."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
