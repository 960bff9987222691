"""A filled-in workbook to rows: cells, ids, references and what empty cells stand for. Faults name their cell."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from psykanalys import areas
from psykanalys.data import contract
from psykanalys.data.workbook.archive import Opened
from psykanalys.data.workbook.cells import (
    CellError,
    contract_text,
    date_in,
    is_date,
    places,
    raw_value,
    shown_date,
)
from psykanalys.data.workbook.layout import FIRST_ROW, LAST_COLUMN, LAST_ROW, Sheet, layout, sheets
from psykanalys.data.workbook.messages import Told, did_you_mean, tell
from psykanalys.errors import Fault

# columns that are filled in where they are empty, so that a sheet can do without them
SELF_FILLED = frozenset(
    {"id", "source", "county_code", "group", "area", "unit", "sha256", "lines", "code", "focus_areas"}
)

DOCUMENT_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, order=True)
class CellFault(Fault):
    """A fault in a workbook: `file` is the sheet and `column` the letter of the column."""

    def __str__(self) -> str:
        return f"{self.file}!{self.column}{self.row or ''}: {self.what} — {self.expected}"


@dataclass
class Row:
    """One row of a sheet: its cells by contract column, and the columns that already have a fault.

    `number` is what the analyst wrote as Nr.
    """

    line: int
    cells: dict[str, str]
    wrong: set[str] = field(default_factory=set)
    number: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Filled:
    """A sheet as it was filled in. `letters` has the letter of each contract column; `whole` is false if unreadable.

    `notes` are told as faults are, but stop nothing.
    """

    sheet: Sheet
    rows: list[Row] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    faults: list[CellFault] = field(default_factory=list)
    notes: list[CellFault] = field(default_factory=list)
    whole: bool = True

    def at(self, line: int, column: str, told: Told) -> CellFault:
        """A fault in the cell of a contract column, or of a letter."""
        letter = self.letters.get(column, column if column.isupper() else "A")
        texts = (" ".join(text.split()) for text in (told.what, told.expected))
        return CellFault(self.sheet.name, line or 1, letter, *texts)

    def fault(self, line: int, column: str, told: Told) -> None:
        """Note a fault in the cell of a contract column, or of a letter."""
        self.faults.append(self.at(line, column, told))

    def row_fault(self, row: Row, column: str, told: Told) -> None:
        """Note a fault in a row's cell, the first one only."""
        if column not in row.wrong:
            self.fault(row.line, column, told)
        row.wrong.add(column)

    def cell(self, row: Row) -> str:
        """Where a row stands, as its own text does, with its number: `Mål!C6 (M3)`."""
        letter = self.letters.get(self.sheet.labels[0], "A")
        return f"{self.sheet.name}!{letter}{row.line}" + (f" ({row.number})" if row.number else "")


def read_sheets(opened: Opened, path: Path) -> dict[str, Filled]:
    """Read every sheet of the workbook; sheets that are not there are empty."""
    filled = {kind: _read_sheet(opened, sheet) for kind, sheet in sheets().items()}
    _unknown_sheets(opened, filled)
    _fill_documents(filled["sources"], path)
    return filled


# --- sheets and headings ---------------------------------------------------------------------------------------------


def _unknown_sheets(opened: Opened, filled: Mapping[str, Filled]) -> None:
    """A sheet of another name: a renamed one would otherwise lose its rows in silence."""
    own = {sheet.name for sheet in sheets().values()}
    known = own | {layout()["guide"]["name"], layout()["measures"]["name"]}
    lost = sorted(own - set(opened.written.sheetnames))
    for name in opened.written.sheetnames:
        if name not in known:
            near = difflib.get_close_matches(name, lost, 1, 0.3)
            expected = f"give it back its name '{near[0]}', or delete it" if near else "delete it"
            told = tell("unknown_sheet", expected=expected)
            filled["sources"].faults.append(CellFault(name, 1, "A", told.what, told.expected))
    if filled["sources"].sheet.name in lost:
        filled["sources"].fault(1, "A", tell("no_sheet"))
        filled["sources"].whole = False


def _read_sheet(opened: Opened, sheet: Sheet) -> Filled:
    filled = Filled(sheet)
    if sheet.name not in opened.written.sheetnames:
        return filled
    written = opened.written[sheet.name]
    if not isinstance(written, Worksheet) or _is_endless(filled, written):
        return filled
    first = _read_headings(filled, written)
    _merged(filled, written, first)
    if filled.whole:
        stored = partial(opened.stored, sheet.name)
        for cells in written.iter_rows(min_row=first):
            _read_row(filled, cells, stored)
    return filled


def _is_endless(filled: Filled, written: Worksheet) -> bool:
    if written.max_row > LAST_ROW or written.max_column > LAST_COLUMN:
        corner = get_column_letter(min(written.max_column, LAST_COLUMN))
        filled.fault(written.max_row, corner, tell("far_out"))
        filled.whole = False
    return not filled.whole


def _read_headings(filled: Filled, written: Worksheet) -> int:
    """Find the columns by the names in row 2, or by the headings in row 1; return the first row of data."""
    headings = {column.heading.casefold(): column.name for column in filled.sheet.columns}
    names = {column.name for column in filled.sheet.columns}
    rows = [[_heading(cell.value) for cell in written[line]] for line in (1, 2)]
    named = sum(text in names for text in rows[1]) >= 2
    for place, texts in enumerate(zip(*rows, strict=True)):
        name = texts[1] if named and texts[1] in names else headings.get(texts[0].casefold(), "")
        _read_heading(filled, get_column_letter(place + 1), name, texts[0] or (texts[1] if named else ""))
    _missing_columns(filled)
    return FIRST_ROW if named else FIRST_ROW - 1


def _read_heading(filled: Filled, letter: str, name: str, text: str) -> None:
    if name in filled.letters:
        filled.fault(1, letter, tell("column_twice", given=text))
    elif name:
        filled.letters[name] = letter
    elif text:
        headings = [column.heading for column in filled.sheet.columns]
        near = difflib.get_close_matches(text, headings, 1)
        expected = did_you_mean(near, "delete the column, or use " + ", ".join(headings))
        filled.fault(1, letter, tell("no_column", given=text, expected=expected))


def _missing_columns(filled: Filled) -> None:
    needed = [name for name in contract.required_columns(filled.sheet.kind) if name not in SELF_FILLED]
    for name in needed:
        if name not in filled.letters:
            heading = filled.sheet.column(name).heading
            filled.fault(1, "A", tell("column_missing", given=heading))
            filled.whole = False


def _heading(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _merged(filled: Filled, written: Worksheet, first: int) -> None:
    for merged in written.merged_cells.ranges:
        if merged.max_row >= first:
            letter = get_column_letter(merged.min_col)
            filled.fault(merged.min_row, letter, tell("merged", given=merged.coord))


# --- rows ------------------------------------------------------------------------------------------------------------


def _read_row(filled: Filled, cells: Sequence[Any], stored: Callable[[str], Any]) -> None:
    row = Row(cells[0].row, {})
    faults: list[tuple[str, Told]] = []
    names = {letter: name for name, letter in filled.letters.items()}
    for cell in cells:
        letter = get_column_letter(cell.column)
        try:
            _read_cell(filled, row, names.get(letter, ""), raw_value(cell, stored), cell.number_format or "")
        except CellError as error:
            faults.append((names.get(letter, letter), error.told))
    if _is_example(filled, row) or not (any(row.cells.values()) or faults):
        return
    for column, told in faults:
        filled.row_fault(row, column, told)
    filled.rows.append(row)


def _read_cell(filled: Filled, row: Row, name: str, value: Any, form: str) -> None:
    if value == "":
        return
    if not name:
        raise CellError(tell("no_heading"))
    column = filled.sheet.column(name)
    row.cells[name] = shown_date(value)
    text = date_in(column, value, form) if is_date(value) else value
    if not _is_mark(text):
        row.cells[name] = contract_text(column, text)


def _is_mark(text: str) -> bool:
    return text.casefold() == layout()["example_mark"].casefold()


def _is_example(filled: Filled, row: Row) -> bool:
    """Whether it is the example; one that somebody has written in is no longer it."""
    if not _is_mark(row["id"]):
        return False
    example = {
        name: contract_text(filled.sheet.column(name), text)
        for name, text in filled.sheet.example.items()
        if name != "id"
    }
    written = {name: text for name, text in row.cells.items() if text and name != "id"}
    if changed := sorted(set(written.items()) - set(example.items())):
        row.cells["id"] = ""
        filled.row_fault(row, "id", tell("example", given=changed[0][1]))
        return False
    return True


# --- what follows from the document ----------------------------------------------------------------------------------


def _fill_documents(documents: Filled, path: Path) -> None:
    """Checksum and number of lines of each document, from its text extract beside the workbook."""
    if documents.whole and not documents.rows and not documents.faults:
        documents.fault(FIRST_ROW, "id", tell("no_plan"))
    for row in documents.rows:
        row.cells["id"] = row["id"] or _document_id(row)
        if not (row["sha256"] and row["lines"]):
            _fill_from_extract(documents, row, path)


def _document_id(row: Row) -> str:
    county = areas.official_areas().get(row["county_code"])
    return areas.slugify(f"{areas.short_name(county)}-plan-{row['year']}") if county and row["year"] else ""


def _fill_from_extract(documents: Filled, row: Row, path: Path) -> None:
    extract = path.parent / f"{row['id']}.txt"
    if row["id"] and _is_beside(extract, path) and extract.is_file():
        content = extract.read_bytes()
        row.cells["sha256"] = hashlib.sha256(content).hexdigest()
        row.cells["lines"] = str(len(content.removesuffix(b"\n").split(b"\n")))
        return
    if DOCUMENT_ID.fullmatch(row["id"]):
        documents.row_fault(row, "sha256", tell("no_extract", name=row["id"]))
    row.wrong |= {"sha256", "lines"}  # else the fault is the id's


def _is_beside(extract: Path, path: Path) -> bool:
    return extract.resolve().parent == path.resolve().parent


def every_row(filled: Mapping[str, Filled]) -> Iterator[tuple[Filled, Row]]:
    """Every row of every sheet, with its sheet."""
    for sheet in filled.values():
        for row in sheet.rows:
            yield sheet, row


def read_places(sheet: Filled, row: Row) -> None:
    """Lines of the text extract with their document."""
    for name in ("places", "state_places"):
        if row[name]:
            try:
                row.cells[name] = places(row[name], row["source"])
            except CellError as error:
                sheet.row_fault(row, name, error.told)
