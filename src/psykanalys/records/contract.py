"""The contract of an extract: its columns, what each holds, and the names that a system has for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from psykanalys.data.files import read_within
from psykanalys.data.reader import shown
from psykanalys.data.settings import read_settings
from psykanalys.errors import Fault, PsykanalysError

Type = Literal["text", "date", "number", "yes_no"]
MOST_MAPPING = 100_000  # bytes


@dataclass(frozen=True)
class Column:
    """One column: what it holds, whether a file must have it, and what it means."""

    name: str
    type: Type
    required: bool
    meaning: str


COLUMNS = (
    Column("id", "text", True, "The referral's or contact's own number; each once in the whole extract."),
    Column("area", "text", True, "Official code of the patient's municipality (`2480`) or county (`24`)."),
    Column("unit", "text", False, "Name of the unit that has the contact."),
    Column("age", "number", True, "Age in whole years, 0–120."),
    Column("sex", "text", True, "`K` women and girls, `M` men and boys."),
    Column("referral", "date", True, "Day when the referral or the patient's own request came in."),
    Column("first_visit", "date", True, "Day of the first visit."),
    Column("assessment", "date", False, "Day when the assessment was done."),
    Column("treatment_start", "date", False, "Day when treatment began."),
    Column("patient_chosen_days", "number", False, "Days of the wait that the patient chose; empty or 0: none."),
    Column("closed", "date", False, "Day when a wait was ended without what was waited for."),
    Column("waiting", "yes_no", True, "Whether the patient waited for the next step on the day of the extract."),
)
NAMES = tuple(column.name for column in COLUMNS)
BY_NAME = {column.name: column for column in COLUMNS}


@dataclass(frozen=True)
class Names:
    """A system's own column names and values: ours → theirs, and theirs → ours."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def source_name(self, name: str) -> str:
        """What a column of ours is called in the extract."""
        return self.columns.get(name, name)


def read_names(path: Path) -> Names:
    """Read a YAML file with `columns:` (ours: theirs) and `values:` (our column: theirs: ours).

    Raises PsykanalysError with what is wrong and what was expected.
    """
    try:
        content = read_settings(read_within(path, MOST_MAPPING).decode("utf-8"))
    except OSError as error:
        raise _wrong(path, f"it cannot be read ({error.strerror})", "a YAML file of column names") from error
    except ValueError as error:
        raise _wrong(path, f"it is no YAML ({error})", "see docs/records.md") from error
    if not isinstance(content, dict) or not set(content) <= {"columns", "values"}:
        raise _wrong(path, "it has other parts than it may have", "`columns:` and `values:`")
    columns, values = content.get("columns") or {}, content.get("values") or {}
    _check_names(path, columns, "columns")
    _check_names(path, values, "values")
    _check_texts(path, "columns", columns)
    for name, pairs in values.items():
        _check_texts(path, f"values: {name}", pairs)
    return Names(columns, values)


def _check_names(path: Path, part: Any, where: str) -> None:
    if not isinstance(part, dict):
        raise _wrong(path, f"{where} is no list of names", "one `ours: theirs` a line")
    for name in part:
        if name not in BY_NAME:
            raise _wrong(path, f"{where}: '{name}' is no column", _nearest(str(name), NAMES))


def _check_texts(path: Path, where: str, pairs: Any) -> None:
    if not isinstance(pairs, dict) or not all(isinstance(part, str) for pair in pairs.items() for part in pair):
        raise _wrong(path, f"{where}: each name and value must be text", 'quotation marks, such as "1": K')


def _wrong(path: Path, what: str, expected: str) -> PsykanalysError:
    return PsykanalysError(f"{shown(path)}: {what} — expected {expected}")


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name.lower(), known, 1)
    return f"did you mean '{near[0]}'?" if near else f"one of {', '.join(known)}"


def header_faults(path: Path, header: list[str], mapping: Names) -> list[Fault]:
    """What is wrong with the columns that a file has; others than the contract's are left alone, but told apart."""
    file = shown(path)
    faults = [
        Fault(file, 1, name, "the column stands there more than once", "each column once")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    for column in COLUMNS:
        wanted = mapping.source_name(column.name)
        if column.required and wanted not in header:
            expected = f"a column of this name ({column.meaning[:1].lower()}{column.meaning[1:].rstrip('.')})"
            near = difflib.get_close_matches(wanted, header, 1)
            hint = f", or `{column.name}: {near[0]}` under `columns:` in a mapping file" if near else ""
            faults.append(Fault(file, 1, wanted, "the column is missing", expected + hint))
        elif column.name in mapping.columns and wanted not in header:
            faults.append(
                Fault(file, 1, wanted, "the mapping names a column that is not there", _nearest(wanted, header))
            )
    return faults
