"""A county's plan in an Excel workbook: made to fill in, read, turned into raw files. docs/ny-plan.md is its guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from psykanalys.catalogue import load_catalogue
from psykanalys.data import contract
from psykanalys.data.checks import Everything, check, gather
from psykanalys.data.prepare import as_tables
from psykanalys.data.reader import Table, explain
from psykanalys.data.workbook.archive import open_workbook
from psykanalys.data.workbook.contents import check_contents
from psykanalys.data.workbook.layout import sheets
from psykanalys.data.workbook.messages import retold
from psykanalys.data.workbook.naming import complete
from psykanalys.data.workbook.reading import SELF_FILLED, CellFault, Filled, Row, every_row, read_sheets
from psykanalys.data.workbook.writing import write_workbook
from psykanalys.errors import DataError, Fault

__all__ = ["CellFault", "Checked", "cells_of_rows", "check_workbook", "read_workbook", "write_workbook"]


@dataclass(frozen=True)
class Checked:
    """A workbook that holds: its rows, and notes on what is allowed but seldom meant."""

    rows: Everything
    notes: tuple[CellFault, ...]


def read_workbook(path: Path) -> dict[str, pd.DataFrame]:
    """Read a workbook as tables, one for each kind, as `prepare` gives them.

    Raises DataError with every fault; each names its cell (`Mål!C7`).
    """
    return as_tables(check_workbook(path).rows)


def check_workbook(path: Path) -> Checked:
    """Read a workbook as rows of the contract, with notes. Raises DataError with every fault."""
    filled = _filled(path)
    for sheet, row in every_row(filled):
        check_contents(sheet, row)
    everything = gather([_table(sheet) for sheet in filled.values()], load_catalogue())
    found: list[Fault] = [fault for sheet in filled.values() for fault in sheet.faults]
    found += _between_rows(filled, check(everything))
    if found:
        order = [sheet.name for sheet in sheets().values()]
        raise DataError(sorted(found, key=lambda fault: (*_place(order, fault), fault)))
    return Checked(everything, tuple(note for sheet in filled.values() for note in sheet.notes))


def cells_of_rows(path: Path) -> dict[str, str]:
    """Where each row of a workbook stands, as `Mål!C6 (M3)`, by its id. Raises DataError."""
    return {row["id"]: sheet.cell(row) for sheet, row in every_row(_filled(path))}


def _filled(path: Path) -> dict[str, Filled]:
    filled = read_sheets(open_workbook(path), path)
    complete(filled)
    return filled


def _place(order: list[str], fault: Fault) -> tuple[int, int, int]:
    return order.index(fault.file) if fault.file in order else -1, fault.row, len(fault.column)


def _table(filled: Filled) -> Table:
    """The rows of a sheet that hold. Faults go to the sheet; a row with one is among the rejected."""
    kind = filled.sheet.kind
    rows, lines, rejected = [], [], []
    for row in filled.rows:
        model = _validated(filled, row)
        if model is None:
            rejected.append(row.cells)
        else:
            rows.append(model)
            lines.append(row.line)
    path = Path(f"{kind}.csv")  # so that messages name it; they are told again with the sheet's name
    return Table(path, kind, tuple(rows), tuple(lines), rejected=tuple(rejected), whole=filled.whole)


def _validated(filled: Filled, row: Row) -> Any | None:
    kind = filled.sheet.kind
    needed = contract.required_columns(kind)
    cells = {name: text for name in contract.columns(kind) if (text := row[name]) or name in needed}
    try:
        return contract.KINDS[kind].model_validate(cells)
    except ValidationError as error:
        for fault in error.errors():
            column, what, expected = explain(fault, cells)
            if column in filled.letters or column in SELF_FILLED or not column:
                filled.row_fault(row, column, retold(filled.sheet, column, what, expected, {}))
        return None


def _between_rows(filled: Mapping[str, Filled], faults: list[Fault]) -> Iterator[Fault]:
    """The faults that the common checks found, told with sheet and cell, where the cell has none of its own."""
    places = {row["id"]: f"'{sheet.sheet.name}' row {row.line}" for sheet, row in every_row(filled)}
    wrong = {(sheet.sheet.kind, row.line, column) for sheet, row in every_row(filled) for column in row.wrong}
    for fault in faults:
        kind = Path(fault.file).stem
        sheet = filled[kind]
        if (kind, fault.row, fault.column) not in wrong:
            told = retold(sheet.sheet, fault.column, fault.what, fault.expected, places)
            yield sheet.at(fault.row, fault.column, told)
