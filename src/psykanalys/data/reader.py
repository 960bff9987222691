"""One raw CSV file to validated rows, and every fault in it as file, row and column.

Accepts what analysts have: UTF-8 with or without BOM or Windows-1252; comma, semicolon or tab; decimal point or
comma; ordinary, thin and no-break spaces in numbers.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from psykanalys.data.contract import KINDS, columns, required_columns
from psykanalys.errors import Fault

_DELIMITERS = (",", ";", "\t")
_MOJIBAKE = ("Ã¥", "Ã¤", "Ã¶", "Ã…", "Ã„", "Ã–", "\ufffd")


@dataclass(frozen=True)
class Table:
    """The rows of one file that hold, the line each stands on, and the faults of the others."""

    path: Path
    kind: str
    rows: tuple[Any, ...] = ()
    lines: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()

    def fault(self, line: int, column: str, what: str, expected: str) -> Fault:
        return Fault(shown(self.path), line, column, what, expected)


@dataclass
class _Reading:
    """A file while it is read."""

    path: Path
    kind: str
    rows: list[BaseModel] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, column: str, what: str, expected: str) -> None:
        self.faults.append(Fault(shown(self.path), line, column, what, expected))

    def done(self) -> Table:
        return Table(self.path, self.kind, tuple(self.rows), tuple(self.lines), tuple(self.faults))


def read_table(path: Path) -> Table:
    """Read one raw file; its name says which kind it is. Never raises for what is wrong inside the file."""
    reading = _Reading(path, path.stem)
    if path.stem not in KINDS:
        reading.fault(0, "", f"'{path.name}' is no kind of raw file", "one of " + ", ".join(f"{k}.csv" for k in KINDS))
        return reading.done()
    text = _decode(reading)
    if text is not None:
        _read_rows(reading, text)
    return reading.done()


def shown(path: Path) -> str:
    """The path as a message shows it: relative to the working folder where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _decode(reading: _Reading) -> str | None:
    try:
        content = reading.path.read_bytes()
    except OSError as error:
        reading.fault(0, "", f"the file cannot be read ({error.strerror})", "a readable CSV file")
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        reading.fault(0, "", "the file is UTF-16 or not text", "save it as CSV UTF-8")
        return None
    if content.startswith(b"PK\x03\x04"):
        reading.fault(0, "", "the file is an Excel workbook, not CSV", "save it as CSV UTF-8")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if any(mark in line for mark in _MOJIBAKE):
            reading.fault(number, "", "letters are broken (å ä ö were saved in the wrong encoding)", "save as CSV UTF-8")
            return None
    return text


def _read_rows(reading: _Reading, text: str) -> None:
    if not text.strip():
        reading.fault(0, "", "the file is empty", f"a header line: {','.join(columns(reading.kind))}")
        return
    records = _records(reading, text)
    header = next(records, (1, []))[1]
    if not _header_holds(reading, header):
        return
    for line, cells in records:
        if len(cells) != len(header):
            reading.fault(line, "", f"the row has {len(cells)} cells", f"{len(header)}, as the header has")
            continue
        _read_row(reading, line, dict(zip(header, cells, strict=True)))


def _records(reading: _Reading, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(reading.kind, text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            reading.fault(line, "", f"the quotation marks do not match ({error})", 'each " inside a cell written ""')
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def _delimiter(kind: str, text: str) -> str:
    header, known = text.lstrip().splitlines()[0], set(columns(kind))
    return max(_DELIMITERS, key=lambda mark: len(known & {name.strip().strip('"') for name in header.split(mark)}))


def _header_holds(reading: _Reading, header: list[str]) -> bool:
    known = columns(reading.kind)
    before = len(reading.faults)
    for name in header:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(known)}"
            reading.fault(1, name, "unknown column", hint)
        elif header.count(name) > 1:
            reading.fault(1, name, "the column stands there more than once", "each column once")
    for name in required_columns(reading.kind):
        if name not in header:
            reading.fault(1, name, "the column is missing", "a column of this name in the header")
    return len(reading.faults) == before


def _read_row(reading: _Reading, line: int, cells: dict[str, str]) -> None:
    try:
        reading.rows.append(KINDS[reading.kind].model_validate(cells))
        reading.lines.append(line)
    except ValidationError as error:
        for fault in error.errors():
            reading.fault(line, *_explain(fault, cells))


def _explain(fault: Any, cells: dict[str, str]) -> tuple[str, str, str]:
    """One of pydantic's faults as (column, what is wrong, what was expected)."""
    column = str(fault["loc"][0]) if fault["loc"] else ""
    given, kind = cells.get(column, ""), fault["type"]
    if kind == "value_error":
        return _split(column, fault["msg"].removeprefix("Value error, "))
    if not given:
        return column, "the cell is empty", "a value"
    if kind == "literal_error":
        return column, f"'{given}' is not allowed", f"one of {fault['ctx']['expected'].replace(' or ', ', ')}"
    if kind == "string_pattern_mismatch":
        return column, f"'{given}' has the wrong form", _PATTERNS.get(fault["ctx"]["pattern"], fault["ctx"]["pattern"])
    return column, f"'{given}' cannot be used", fault["msg"].lower()


def _split(column: str, message: str) -> tuple[str, str, str]:
    if not column:
        column, _, message = message.partition(": ")
    for mark in ("; expected ", "; ", " — "):
        what, found, expected = message.partition(mark)
        if found:
            return column, what, expected
    return column, message, "see docs/data-contract.md"


_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters and digits joined by hyphens, such as vb19-goal-audit",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "an indicator id: lower-case words joined by underscores",
    r"^\d{2}$": "a county code of two digits, such as 24",
    r"^\d{2,4}$": "an official code of two or four digits",
    r"^[0-9a-f]{64}$": "a SHA-256 of 64 hexadecimal digits",
}
