"""The database that reads an extract: in memory, with bounds, and with access to the given files and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psykanalys.data.reader import shown
from psykanalys.errors import DataError, Fault, PsykanalysError
from psykanalys.records.contract import BY_NAME, COLUMNS, NAMES, Column, Names, header_faults

FORMATS = (".csv", ".parquet")
MOST_HEADER = 100_000  # bytes
BROKEN = "psykanalys_broken"  # the column that tells what is wrong with a whole row
_DELIMITERS = (",", ";", "\t")
_SMALL = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"}
_INTEGERS = _SMALL | {"BIGINT", "UINTEGER", "UBIGINT"}


@dataclass(frozen=True)
class Bounds:
    """What the database may use."""

    threads: int = 2
    memory: str = "1GB"
    temporary: Path | None = None


@dataclass(frozen=True)
class File:
    """One file of an extract: its columns with their types, in the file's order.

    Where it is a part of another file, `first` rows stand before it there, and `name` is what the other is called.
    `converted`: it was CSV, and has the contract's values (`as_values`), whatever `columns` the other had.
    """

    path: Path
    columns: tuple[tuple[str, str], ...]
    delimiter: str = ""
    first: int = 0
    name: str = ""
    converted: bool = False

    @property
    def shown(self) -> str:
        """The file as a message shows it."""
        return self.name or shown(self.path)

    @property
    def scan(self) -> str:
        """The SQL that reads it, whatever its name holds; the rows of Parquet are numbered from 0."""
        pattern = literal(_pattern(self.path))
        if not self.delimiter:
            return f"read_parquet([{pattern}], file_row_number = true)"
        names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name, _ in self.columns)
        return (
            f"read_csv([{pattern}], auto_detect = false, header = true, delim = {literal(self.delimiter)}, "
            f"quote = '\"', escape = '\"', columns = {{{names}}})"
        )

    def given(self, name: str) -> str:
        """A column as it stands in the file; made text only for the few rows that are told."""
        return identifier(name) if name in dict(self.columns) else "CAST(NULL AS VARCHAR)"


def literal(text: str) -> str:
    """Text as a string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """Text as a name of SQL."""
    return '"' + text.replace('"', '""') + '"'


def _pattern(path: Path) -> str:
    """A file's name as a pattern that fits this file only."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path.as_posix())


def find_files(given: Iterable[Path]) -> list[Path]:
    """The files of an extract, those of folders too, by name. Raises PsykanalysError where there is none."""
    found: set[Path] = set()
    for path in given:
        inner = [each for each in sorted(path.iterdir()) if each.suffix.lower() in FORMATS] if path.is_dir() else [path]
        if not inner:
            raise PsykanalysError(
                f"{shown(path)}: no CSV or Parquet file in the folder — name one that holds the extract"
            )
        for each in inner:
            if not each.is_file():
                raise PsykanalysError(f"{shown(each)}: no such file — name a CSV or Parquet file, or a folder of them")
            if each.suffix.lower() not in FORMATS:
                raise PsykanalysError(f"{shown(each)}: neither CSV nor Parquet — save it as .csv or .parquet")
            found.add(each.resolve())
    return sorted(found)


@contextmanager
def connected(paths: Sequence[Path], bounds: Bounds) -> Iterator[tuple[Any, Path]]:
    """A connection that can open these files only, and the folder where it puts what does not fit in memory, and may.

    The folder is for this user only and is gone afterwards. Raises PsykanalysError where DuckDB is not installed.
    """
    duckdb = _duckdb()
    with TemporaryDirectory(prefix="psykanalys-records-", dir=bounds.temporary) as folder:
        try:
            connection = duckdb.connect(config=_settings(bounds, folder))
        except duckdb.Error as error:
            raise PsykanalysError(
                f"--memory or --threads: {_first_line(error)} — expected such as 1GB and 2"
            ) from error
        try:
            allowed = [name for path in paths for name in (path.as_posix(), _pattern(path))]
            connection.execute(f"SET allowed_paths = [{', '.join(map(literal, allowed))}]")
            connection.execute(f"SET allowed_directories = [{literal(folder)}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET enable_progress_bar = false")
            yield connection, Path(folder)
        except duckdb.Error as error:
            raise _as_sentence(error) from error
        finally:
            connection.close()


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise PsykanalysError(
            "records: DuckDB is not installed — install it with: python -m pip install 'psykanalys[records]'"
        ) from None
    return duckdb


def _settings(bounds: Bounds, folder: str) -> dict[str, Any]:
    return {
        "threads": bounds.threads,
        "memory_limit": bounds.memory,
        "temp_directory": folder,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(": ")[2]


def _as_sentence(error: Exception) -> PsykanalysError:
    """What the database says of a file that it cannot read, or of bounds that are too narrow."""
    lines = str(error).splitlines()
    file = next((line.partition("=")[2].strip() for line in lines if line.strip().startswith("file =")), "")
    where = shown(Path(file)) if file else "records"
    if "Line: " in lines[0]:
        number = lines[0].rpartition("Line: ")[2].strip()
        why = next((line for line in lines[1:] if line and not line.startswith("Original Line")), "it is no CSV")
        return DataError([Fault(where, int(number), "", why, "a row as the header has it, in UTF-8")])
    if "Out of Memory" in lines[0]:
        return PsykanalysError("records: the memory is full — give more with --memory, or a disk with --temporary DIR")
    if type(error).__name__ in ("BinderException", "ParserException", "CatalogException"):
        raise error  # a fault of ours, not of the extract
    return PsykanalysError(f"{where}: {_first_line(error)} — expected CSV in UTF-8, or Parquet")


def open_files(connection: Any, paths: Sequence[Path], names: Names) -> list[File]:
    """The files with their columns. Raises DataError with every fault of every header."""
    files = [_open(connection, path) for path in paths]
    faults = [fault for file in files for fault in _faults(file, names)]
    if faults:
        raise DataError(sorted(faults))
    return files


def _open(connection: Any, path: Path) -> File:
    if path.suffix.lower() == ".parquet":
        rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet([{literal(_pattern(path))}])").fetchall()
        return File(path, tuple((row[0], row[1]) for row in rows))
    delimiter, header = _header(path)
    return File(path, tuple((name, "VARCHAR") for name in header), delimiter)


def _header(path: Path) -> tuple[str, list[str]]:
    """The delimiter of a CSV file and its column names."""
    try:
        with path.open("rb") as file:
            first = file.readline(MOST_HEADER).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError([Fault(shown(path), 1, "", "the header is not in UTF-8", "save it as CSV UTF-8")]) from error
    delimiter = max(_DELIMITERS, key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    if not header or not all(header):
        what = "a column has no name" if header else "the file is empty"
        raise DataError([Fault(shown(path), 1, "", what, f"a header: {','.join(c.name for c in COLUMNS)}")])
    return delimiter, header


def _faults(file: File, names: Names) -> list[Fault]:
    types = dict(file.columns)
    faults = header_faults(file.path, [name for name, _ in file.columns], names)
    for column in COLUMNS:
        name = names.source_name(column.name)
        if name in types and _value(file, column, names) is None:
            expected = {"text": "text (a code is text: 0180 is not 180)", "yes_no": "yes or no"}
            what = f"the column has the type {types[name]}"
            faults.append(Fault(shown(file.path), 1, name, what, expected.get(column.type, f"a {column.type}")))
    return faults


def as_extract(files: Sequence[File], names: Names) -> str:
    """The SQL for all rows of all files with the contract's columns; CSV must be converted first.

    `unreadable` names a column that cannot be read; `broken` tells what is wrong with a row that has no cells at all.
    Beside them where each row stands (`file_number`: in `files`; `row`: as an editor counts it in CSV, from 1 in
    Parquet) and what it says, in columns that begin with `raw_`. What is not asked for is not read.
    """
    parts = [*NAMES, "unreadable", "broken", "file_number", "row", *(f"raw_{name}" for name in NAMES)]
    return " UNION ALL ".join(
        f"SELECT {', '.join(parts)} FROM (SELECT *, {number} AS file_number, file_row_number + {file.first + 1} AS row "
        f"FROM {file.scan if file.converted else f'({as_values(file, names)})'})"
        for number, file in enumerate(files)
    )


def as_values(file: File, names: Names) -> str:
    """The SQL for a file's rows as values, with their own text, and in Parquet with their number from 0.

    One step a level: what is made of a cell several times is made once.
    """
    types, place = dict(file.columns), "" if file.delimiter else ", file_row_number"
    given, values = [f"{file.given(BROKEN)} AS broken{place}"], [f"broken{place}"]
    for column in COLUMNS:
        name, source = column.name, names.source_name(column.name)
        given.append(f"{file.given(source)} AS raw_{name}")
        if types.get(source) == "VARCHAR":
            given.append(f"{_trimmed(identifier(source))} AS text_{name}")
        values += [f"raw_{name}", f"{_value(file, column, names) or _NOTHING[column.type]} AS {name}"]
    inner = f"SELECT {', '.join(given)} FROM {file.scan}"
    return f"SELECT *, {_unreadable(file, names)} AS unreadable FROM (SELECT {', '.join(values)} FROM ({inner}))"


def _trimmed(text: str) -> str:
    """Text without blanks around it; few have any, and to look is cheaper than to trim."""
    return f"CASE WHEN {text} LIKE ' %' OR {text} LIKE '% ' THEN trim({text}) ELSE {text} END"


_NOTHING = {"text": "CAST(NULL AS VARCHAR)", "date": "CAST(NULL AS DATE)", "number": "CAST(NULL AS INTEGER)",
            "yes_no": "CAST(NULL AS BOOLEAN)"}  # fmt: skip


def _unreadable(file: File, names: Names) -> str:
    """The SQL for the first column whose cell is not empty and has no value."""
    types, whens = dict(file.columns), []
    for name, column in BY_NAME.items():
        kind = types.get(names.source_name(name))
        if kind and column.type != "text" and (column.type, kind) not in _ALWAYS_READ:
            filled = f"trim(raw_{name}) <> ''" if kind == "VARCHAR" else f"raw_{name} IS NOT NULL"
            whens.append(f"WHEN {name} IS NULL AND {filled} THEN '{name}'")
    return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS VARCHAR)"


_ALWAYS_READ = {("date", "DATE"), ("yes_no", "BOOLEAN"), *(("number", kind) for kind in _SMALL)}


def _value(file: File, column: Column, names: Names) -> str | None:
    """The SQL for a column's value of `raw_` and `text_`, NULL where it is empty or cannot be read.

    None if the file does not have the column, or has it in a type that cannot be used.
    """
    kind, raw = dict(file.columns).get(names.source_name(column.name)), f"raw_{column.name}"
    if kind is None:
        return None
    if pairs := names.values.get(column.name):
        return _from_text(column, _mapped(f"coalesce(trim(CAST({raw} AS VARCHAR)), '')", pairs))
    if kind == "VARCHAR":
        return _from_text(column, f"text_{column.name}") if file.delimiter or column.type != "text" else raw
    if kind in _INTEGERS:
        return _from_integer(column, raw)
    if column.type == "date" and kind.startswith("TIMESTAMP"):
        return f"CAST({raw} AS DATE)"
    return raw if (column.type, kind) in (("date", "DATE"), ("yes_no", "BOOLEAN")) else None


def _from_integer(column: Column, raw: str) -> str | None:
    if column.type == "number":
        return f"TRY_CAST({raw} AS INTEGER)"
    if column.type == "yes_no":
        return f"CASE {raw} WHEN 1 THEN true WHEN 0 THEN false END"
    return f"CAST({raw} AS VARCHAR)" if column.name in ("id", "unit") else None


def _from_text(column: Column, text: str) -> str:
    if column.type == "text":
        return text
    if column.type == "date":
        return (
            f"CASE WHEN length({text}) = 10 AND {text}[5] = '-' THEN TRY_CAST({text} AS DATE) "
            f"WHEN regexp_full_match({text}, '[0-9]{{8}}') THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
            f"WHEN {text}[11] IN (' ', 'T') AND TRY_CAST({text} AS TIMESTAMP) IS NOT NULL "
            f"THEN TRY_CAST({text}[:10] AS DATE) END"
        )
    if column.type == "number":
        return f"CASE WHEN regexp_full_match({text}, '-?[0-9]{{1,9}}') THEN CAST({text} AS INTEGER) END"
    yes, no = "('yes', 'ja', 'true', '1')", "('no', 'nej', 'false', '0')"
    return f"CASE WHEN lower({text}) IN {yes} THEN true WHEN lower({text}) IN {no} THEN false END"


def _mapped(value: str, pairs: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in pairs.items())
    return f"(CASE {value} {cases} ELSE {value} END)"
