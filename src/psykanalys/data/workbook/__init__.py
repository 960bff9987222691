"""A county's plan in an Excel workbook: made to fill in, read, turned into raw files. docs/ny-plan.md is its guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
from psykanalys.data.workbook.layout import sheets
from psykanalys.data.workbook.naming import complete
from psykanalys.data.workbook.reading import SELF_FILLED, CellFault, Filled, Row, read_sheets
from psykanalys.data.workbook.writing import write_workbook
from psykanalys.errors import DataError, Fault

__all__ = ["CellFault", "read_rows", "read_workbook", "write_workbook"]

_FILES = re.compile(rf"/?\b({'|'.join(contract.KINDS)})\.csv(?: row (\d+))?")


def read_workbook(path: Path) -> dict[str, pd.DataFrame]:
    """Read a workbook as tables, one for each kind, as `prepare` gives them.

    Raises DataError with every fault; each names its cell (`Mål!C7`).
    """
    return as_tables(read_rows(path))


def read_rows(path: Path) -> Everything:
    """Read a workbook as rows of the contract. Raises DataError with every fault."""
    filled = read_sheets(open_workbook(path), path)
    complete(filled)
    everything = gather([_table(sheet) for sheet in filled.values()], load_catalogue())
    found: list[Fault] = [fault for sheet in filled.values() for fault in sheet.faults]
    found += _between_rows(filled, check(everything), {(fault.file, fault.column, fault.row) for fault in found})
    if found:
        order = [sheet.name for sheet in sheets().values()]
        raise DataError(sorted(found, key=lambda fault: (*_place(order, fault), fault)))
    return everything


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
                filled.row_fault(row, column, _in_sheets(what), _in_sheets(expected))
        return None


def _between_rows(
    filled: Mapping[str, Filled], faults: list[Fault], known: set[tuple[str, str, int]]
) -> Iterator[Fault]:
    """The faults that the common checks found, told with sheet and cell; one fault for each cell."""
    for fault in faults:
        sheet = filled[Path(fault.file).stem]
        letter = sheet.letters.get(fault.column, "A")
        if (sheet.sheet.name, letter, fault.row) not in known:
            texts = (_in_sheets(fault.what), _in_sheets(fault.expected))
            yield CellFault(sheet.sheet.name, fault.row, letter, *texts)


def _in_sheets(text: str) -> str:
    """A message about raw files as one about sheets."""

    def told(match: re.Match[str]) -> str:
        return f"'{sheets()[match[1]].name}'" + (f" row {match[2]}" if match[2] else "")

    return _FILES.sub(told, text)
