"""A new county's folder, and a workbook turned into raw files in the layout of `data/raw/`."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from psykanalys.areas import UnknownAreaError, find_county, nearest_county
from psykanalys.data import contract
from psykanalys.data.checks import Everything
from psykanalys.data.files import write_all
from psykanalys.data.prepare import record
from psykanalys.data.reader import read_table, shown
from psykanalys.data.workbook import CellFault, check_workbook
from psykanalys.data.workbook.writing import write_workbook
from psykanalys.errors import DataError, ParameterError, ProjectError

_AT_THE_TOP = ("sources", "commentary", "overrides")
_IN_FOLDERS = tuple(kind for kind in contract.KINDS if kind not in _AT_THE_TOP)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def new_county(name: str, year: int, out: Path | None = None) -> Path:
    """Lay out a folder for a county's plan: a workbook to fill in, and empty raw files. Return the workbook's path.

    Raises ParameterError for an unknown county and ProjectError where the folder is already there.
    """
    document = _document(name, year)
    folder = out or Path("plans") / document["id"]
    if folder.exists():
        raise ProjectError(f"{shown(folder)}: already exists — name another folder with --out DIR")
    first = next(path for path in (*reversed(folder.parents), folder) if not path.exists())
    try:
        _lay_out(folder, document)
    except BaseException:
        shutil.rmtree(first, ignore_errors=True)
        raise
    return folder / f"{document['id']}.xlsx"


def _lay_out(folder: Path, document: dict[str, Any]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in contract.KINDS} | {"sources": [document]}
    _write({_file(folder, kind, document["id"]): (kind, rows[kind]) for kind in contract.KINDS})
    write_workbook(folder / f"{document['id']}.xlsx", {"sources": pd.DataFrame([document])}, example=True)


@dataclass(frozen=True)
class Written:
    """The folder that a workbook was turned into raw files in, and notes on what is allowed but seldom meant."""

    folder: Path
    notes: tuple[CellFault, ...]


def raw_from_workbook(file: Path, out: Path | None = None, *, replace: bool = False) -> Written:
    """Turn a workbook into raw files below `out` (default: beside it), whole or not at all.

    What other documents have there stays. Raises DataError with every fault in the workbook, and ProjectError where
    rows of the same document lie there already, unless `replace`.
    """
    checked = check_workbook(file)
    everything = checked.rows
    folder = out or file.parent
    if not replace:
        _refuse_to_overwrite(folder, everything)
    rows = {table.kind: [record(row, everything) for row in table.rows] for table in everything.tables}
    files = {folder / f"{kind}.csv": (kind, _kept(folder, kind, rows[kind]) + rows[kind]) for kind in _AT_THE_TOP}
    for document in everything.sources:
        for kind in _IN_FOLDERS:
            own = [row for row in rows[kind] if row["source"] == document]
            files[_file(folder, kind, document)] = (kind, own)
    _write({path: written for path, written in files.items() if written[1] or path.exists()})
    return Written(folder, checked.notes)


def other_plans(workbook: Path) -> list[Path]:
    """Folders beside a new county's own that hold a plan of the same county for another year."""
    county = workbook.stem.rpartition("-plan-")[0]
    beside = workbook.parent.absolute().parent.glob(f"{county}-plan-*")
    return sorted(path for path in beside if path.is_dir() and path.name != workbook.parent.absolute().name)


def _document(name: str, year: int) -> dict[str, Any]:
    """What is known of a plan before it is read."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ParameterError(f"--year: '{year}' is no year of a plan — expected {_FIRST_YEAR} to {_LAST_YEAR}")
    try:
        county = find_county(name)
    except UnknownAreaError:
        near = nearest_county(name)
        expected = f"did you mean {near}?" if near else "expected a name such as Halland, or a code"
        raise ParameterError(f"'{name}' is no county — {expected}") from None
    known = {"id": f"{county.slug}-plan-{year}", "title_is": "document", "role": "plan", "year": year}
    return known | {"dated_is": "document", "county_code": county.code, "plan_start": str(year)}


def _file(folder: Path, kind: str, document: str) -> Path:
    return folder / f"{kind}.csv" if kind in _AT_THE_TOP else folder / document / f"{kind}.csv"


def _refuse_to_overwrite(folder: Path, everything: Everything) -> None:
    for document in everything.sources:
        for kind in _IN_FOLDERS:
            path = _file(folder, kind, document)
            if path.is_file() and _holds_rows(path):
                raise ProjectError(
                    f"{shown(path)}: has rows already — add --replace to write over the document's files"
                )


def _holds_rows(path: Path) -> bool:
    table = read_table(path)
    return bool(table.rows or table.rejected or not table.whole)


def _kept(folder: Path, kind: str, new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of other documents in a file that all documents share. Raises DataError if one cannot be read."""
    path = folder / f"{kind}.csv"
    if not path.is_file():
        return []
    table, own = read_table(path), {row["id"] for row in new}
    if not table.whole or any(cells.get("id") not in own for cells in table.rejected):
        raise DataError(list(table.faults))
    return [dict(row) for row in table.rows if row.id not in own]


def _write(files: Mapping[Path, tuple[str, list[dict[str, Any]]]]) -> None:
    try:
        write_all({path: _as_csv(kind, rows).encode() for path, (kind, rows) in files.items()})
    except OSError as error:
        raise ProjectError(f"{error.filename}: cannot be written ({error.strerror or error})") from error


def _as_csv(kind: str, rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(contract.columns(kind))
    writer.writerows([_text(row.get(name)) for name in contract.columns(kind)] for row in rows)
    return stream.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
