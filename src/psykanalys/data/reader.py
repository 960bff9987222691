"""One raw CSV file to validated rows, and every fault in it as file, row and column.

Accepts what analysts have: UTF-8 with or without BOM or Windows-1252; comma, semicolon or tab; decimal point or
comma; ordinary, thin and no-break spaces in numbers.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from psykanalys.data.contract import KINDS, columns, required_columns
from psykanalys.data.files import TooLargeError, read_within
from psykanalys.data.text import unseen
from psykanalys.errors import Fault

MOST_BYTES = 20_000_000
MOST_COLUMNS = 200
MOST_FAULTS = 1000
MOST_TOLD = 300  # characters of a cell in a message
_DELIMITERS = (",", ";", "\t")
_SAVE = "save it as CSV UTF-8"
_NOT_CSV = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "an Excel workbook, not CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook, not CSV",
}
# UTF-8 that was opened as Windows-1252 or as Mac Roman and saved again; or bytes that are no letter at all
_MOJIBAKE = re.compile("Ã[¥¤¶©…„–\x80-\x9f]|â€|√[•§∂ÖÑñ©]|\ufffd")


@dataclass(frozen=True)
class Table:
    """The rows of one file that hold, the line each stands on, and the faults of the others.

    `rejected` has the cells of the rows that do not hold. `whole` is false where rows could not be read at all.
    """

    path: Path
    kind: str
    rows: tuple[Any, ...] = ()
    lines: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()
    rejected: tuple[Mapping[str, str], ...] = ()
    whole: bool = True

    def fault(self, line: int, column: str, what: str, expected: str) -> Fault:
        """A fault in this file; line 0 means the whole file."""
        return _fault(self.path, line, column, what, expected)


@dataclass
class _Reading:
    """A file while it is read."""

    path: Path
    kind: str
    rows: list[BaseModel] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)
    whole: bool = True

    def fault(self, line: int, column: str, what: str, expected: str) -> None:
        self.faults.append(_fault(self.path, line, column, what, expected))

    def stop(self, line: int, column: str, what: str, expected: str) -> None:
        """Note a fault after which the rest of the file cannot be read."""
        self.fault(line, column, what, expected)
        self.whole = False

    def done(self) -> Table:
        rows, lines = tuple(self.rows), tuple(self.lines)
        return Table(self.path, self.kind, rows, lines, tuple(self.faults), tuple(self.rejected), self.whole)


def read_table(path: Path) -> Table:
    """Read one raw file; its name says which kind it is. Never raises for what is wrong inside the file."""
    if path.stem not in KINDS:
        near = difflib.get_close_matches(path.stem.lower(), KINDS, 1)
        reading = _Reading(path, near[0] if near else path.stem)
        expected = f"did you mean '{near[0]}.csv'?" if near else "one of " + ", ".join(f"{kind}.csv" for kind in KINDS)
        reading.stop(0, "", f"'{path.name}' is no kind of raw file", expected)
        return reading.done()
    reading = _Reading(path, path.stem)
    text = _decode(reading)
    if text is not None:
        _read_rows(reading, text)
    return reading.done()


@dataclass(frozen=True)
class Cells:
    """The cells of one file as columns of text, the line each row stands on, and what could not be read."""

    path: Path
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    faults: tuple[Fault, ...]

    def fault(self, line: int, column: str, what: str, expected: str) -> Fault:
        """A fault in this file; line 0 means the whole file."""
        return _fault(self.path, line, column, what, expected)


def read_cells(path: Path) -> Cells:
    """Read a file of a register as columns of text: the same files are accepted as by `read_table`.

    Columns that the file lacks are there too, with empty cells. Never raises for what is wrong inside the file.
    """
    reading = _Reading(path, path.stem)
    text = _decode(reading)
    records = _records(reading, text or "")
    line, header = next(records, (0, []))
    if text is not None and not header and reading.whole:
        reading.stop(0, "", "the file is empty", f"a header line: {','.join(columns(reading.kind))}")
    if not header or not _header_holds(reading, line, header):
        return Cells(path, dict.fromkeys(columns(reading.kind), ()), (), tuple(reading.faults))
    rows, lines = [], []
    for line, cells in records:
        if len(cells) == len(header):
            rows.append(cells)
            lines.append(line)
        elif len(reading.faults) < MOST_FAULTS:
            reading.fault(line, "", f"the row has {len(cells)} cells", f"{len(header)}, as the header has")
    found = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    empty = ("",) * len(rows)
    return Cells(path, {name: found.get(name, empty) for name in columns(reading.kind)}, lines, tuple(reading.faults))


def shown(path: Path) -> str:
    """The path as a message shows it: relative to the working folder where it lies below it."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _fault(path: Path, line: int, column: str, what: str, expected: str) -> Fault:
    """A fault whose text is one line, whatever the cell had in it."""
    column, what, expected = (" ".join(text.split()) for text in (column[:MOST_TOLD], what, expected))
    return Fault(shown(path), line, column, what if len(what) <= MOST_TOLD else f"{what[:MOST_TOLD]}…", expected)


def _decode(reading: _Reading) -> str | None:
    try:
        content = read_within(reading.path, MOST_BYTES)
    except FileNotFoundError:
        reading.stop(0, "", "the file is missing", "a CSV file of this name")
        return None
    except TooLargeError:
        reading.stop(0, "", "the file is too large", f"at most {MOST_BYTES // 1_000_000} MB, a file for each document")
        return None
    except OSError as error:
        reading.stop(0, "", f"the file cannot be read ({error.strerror})", "a readable CSV file")
        return None
    for start, what in _NOT_CSV.items():
        if content.startswith(start):
            reading.stop(0, "", f"the file is {what}", _SAVE)
            return None
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        reading.stop(line, "", "a NUL character stands here: the file is UTF-16 or damaged", _SAVE)
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_rows(reading: _Reading, text: str) -> None:
    records = _records(reading, text)
    line, header = next(records, (0, []))
    if not header and reading.whole:
        reading.stop(0, "", "the file is empty", f"a header line: {','.join(columns(reading.kind))}")
    elif len(header) > MOST_COLUMNS:
        reading.stop(line, "", f"the header has {len(header)} columns", f"at most {len(columns(reading.kind))}")
    elif header and not _header_holds(reading, line, header):
        reading.whole = False
    if not reading.whole:
        return
    for line, cells in records:
        if len(reading.faults) >= MOST_FAULTS:
            reading.stop(line, "", f"there are {MOST_FAULTS} faults above", "mend them first; the rest was not read")
        else:
            _read_cells(reading, line, header, cells)
        if not reading.whole:
            return


def _read_cells(reading: _Reading, line: int, header: list[str], cells: list[str]) -> None:
    named = dict(zip(header, cells, strict=False))
    if broken := next((name for name, cell in named.items() if _MOJIBAKE.search(cell)), None):
        reading.stop(line, broken, "letters are broken (å ä ö were saved in the wrong encoding)", _SAVE)
    elif len(cells) != len(header):
        hint = "; a cell with the delimiter in it needs quotation marks" if len(cells) > len(header) else ""
        reading.fault(line, "", f"the row has {len(cells)} cells", f"{len(header)}, as the header has{hint}")
        reading.rejected.append(named)
    elif hidden := {name: found for name, cell in named.items() if (found := unseen(cell))}:
        for name, found in hidden.items():
            reading.fault(line, name, f"a character that is not seen stands here ({found})", "delete it")
        reading.rejected.append(named)
    else:
        _read_row(reading, line, named)


def _records(reading: _Reading, text: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(reading.kind, text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            reading.stop(line, "", *_not_read(error))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def _not_read(error: csv.Error) -> tuple[str, str]:
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit()} characters", 'a shorter text, or the " that is missing'
    return f"the quotation marks do not match ({error})", 'each " inside a cell written ""'


def _delimiter(kind: str, text: str) -> str:
    header, known = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0], set(columns(kind))
    return max(_DELIMITERS, key=lambda mark: len(known & {name.strip().strip('"') for name in header.split(mark)}))


def _header_holds(reading: _Reading, line: int, header: list[str]) -> bool:
    known = columns(reading.kind)
    before = len(reading.faults)
    if not set(known) & set(header):
        reading.fault(line, "", "no column of the first row is known", f"a header line: {','.join(known)}")
        return False
    for name in dict.fromkeys(header):
        if not name:
            reading.fault(line, "", "a column has no name", "delete the column, or name it")
        elif name not in known:
            near = difflib.get_close_matches(name.lower(), known, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(known)}"
            reading.fault(line, name, "unknown column", hint)
        elif header.count(name) > 1:
            reading.fault(line, name, "the column stands there more than once", "each column once")
    for name in required_columns(reading.kind):
        if name not in header:
            reading.fault(line, name, "the column is missing", "a column of this name in the header")
    return len(reading.faults) == before


def _read_row(reading: _Reading, line: int, cells: dict[str, str]) -> None:
    try:
        reading.rows.append(KINDS[reading.kind].model_validate(cells))
        reading.lines.append(line)
    except ValidationError as error:
        reading.rejected.append(cells)
        for fault in error.errors():
            reading.fault(line, *explain(fault, cells))


def explain(fault: Any, cells: dict[str, str]) -> tuple[str, str, str]:
    """One of pydantic's faults as (column, what is wrong, what was expected)."""
    column = str(fault["loc"][0]) if fault["loc"] else ""
    given, kind = cells.get(column, ""), fault["type"]
    if kind == "value_error":
        return _split(column, fault["msg"].removeprefix("Value error, "))
    if kind == "literal_error":
        what, expected = "is not allowed", f"one of {fault['ctx']['expected'].replace(' or ', ', ')}"
    elif kind == "string_pattern_mismatch":
        what, expected = "has the wrong form", _PATTERNS.get(fault["ctx"]["pattern"], fault["ctx"]["pattern"])
    else:
        what, expected = "cannot be used", _EXPECTED.get(kind, fault["msg"].lower())
    return column, f"'{given}' {what}" if given else "the cell is empty", expected


def _split(column: str, message: str) -> tuple[str, str, str]:
    if not column:
        column, _, message = message.partition(": ")
    for mark in ("; expected ", "; ", " — "):
        what, found, expected = message.partition(mark)
        if found:
            return column, what, expected
    return column, message, "see docs/data-contract.md"


_EXPECTED = {"string_too_short": "a value", "int_parsing": "a whole number"}
_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters and digits joined by hyphens, such as vb19-goal-audit",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "an indicator id: lower-case words joined by underscores",
    r"^\d{2}$": "a county code of two digits, such as 24",
    r"^\d{2,4}$": "an official code of two or four digits",
    r"^[0-9a-f]{64}$": "a SHA-256 of 64 hexadecimal digits",
}
