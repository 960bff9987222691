"""CSV to Parquet, once: cells become values, and rows that are no rows of the table are marked."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from psykanalys.errors import DataError, Fault
from psykanalys.records.contract import Names
from psykanalys.records.engine import BROKEN, File, as_values, literal

WRONG_CELLS = "wrong_cells"
BROKEN_QUOTES = "broken_quotes"
ENDS = "\r\n"
MOST_LINES = 100  # of one row, where a cell in quotation marks has several


def convert(connection: Any, files: Sequence[File], names: Names, folder: Path) -> list[File]:
    """The files, those in CSV as Parquet in `folder`: their values, their own text, and what is wrong with a row.

    Raises DataError for a file of which no row can be read.
    """
    return [
        _convert(connection, file, names, folder / f"csv-{number}") if file.delimiter else file
        for number, file in enumerate(files)
    ]


def _convert(connection: Any, file: File, names: Names, place: Path) -> File:
    import duckdb

    target, marked = place.with_suffix(".parquet"), place.with_suffix(".csv")
    try:
        _copy(connection, file, names, target)
    except duckdb.InvalidInputException as error:
        if not mark(file, marked):
            raise
        try:
            _copy(connection, replace(file, path=marked, columns=((BROKEN, "VARCHAR"), *file.columns)), names, target)
        except duckdb.InvalidInputException:
            raise error from None
        marked.unlink()
    return File(target, file.columns, first=file.first + 1, name=file.shown, converted=True)


def _copy(connection: Any, file: File, names: Names, target: Path) -> None:
    connection.execute(f"COPY ({as_values(file, names)}) TO {literal(target.as_posix())} (FORMAT parquet)")


def mark(file: File, marked: Path) -> bool:
    """Write a CSV file again, with a first cell that tells what is wrong with the row; whether some row is whole.

    Raises DataError where it is not in UTF-8.
    """
    whole = False
    with (
        file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source,
        marked.open("w", encoding="utf-8", newline="") as target,
    ):
        target.write(f"{BROKEN}{file.delimiter}{next(source, '').rstrip(ENDS)}\n")
        for row, (text, fault) in enumerate(divide(source, file.delimiter, len(file.columns)), 2):
            whole = whole or not fault
            cells = file.delimiter * (len(file.columns) - 1) if fault else text.rstrip(ENDS)
            try:
                target.write(f"{fault}{file.delimiter}{cells}\n")
            except UnicodeEncodeError as error:
                raise DataError(
                    [Fault(file.shown, row, "", "the row is not in UTF-8", "a file saved as CSV UTF-8")]
                ) from error
    return whole


def divide(lines: Iterable[str], delimiter: str, cells: int) -> Iterator[tuple[str, str]]:
    """Each row's text, and what is wrong with it ("": nothing). Empty lines are no rows.

    A quotation mark that is never closed would take all that follows into its cell: a row of several lines must have
    the right number of cells, or its first line alone is wrong and the next begins a row.
    """
    again: deque[str] = deque()
    rest = iter(lines)

    def following() -> str:
        return again.popleft() if again else next(rest, "")

    while line := following():
        if not line.strip(" \r\n"):
            continue
        record, found = [line], _cells([line], delimiter, cells)
        while found is None and len(record) < MOST_LINES and (another := following()):
            record.append(another)
            found = _cells(record, delimiter, cells) if '"' in another else None
        if found == cells:
            yield "".join(record), ""
        else:
            again.extendleft(reversed(record[1:]))
            yield line, WRONG_CELLS if found and len(record) == 1 else BROKEN_QUOTES


def _cells(record: Sequence[str], delimiter: str, most: int) -> int | None:
    """How many cells a row of these lines has, not counting empty ones after the last; 0: a quotation mark is wrong.

    None: a quotation mark is still open.
    """
    if len(record) == 1 and '"' not in record[0] and record[0].count(delimiter) == most - 1:
        return most
    closing = re.compile(f'" +(?=[{delimiter}\r\n]|$)')
    lines = iter([*(closing.sub('"', line) for line in record), ""])  # the empty one is read if a mark is open
    try:
        found = next(csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        found = []
    if next(lines, None) is None:
        return None
    while len(found) > most and not found[-1]:
        found.pop()
    return len(found)
