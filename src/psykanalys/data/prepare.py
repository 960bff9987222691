"""Raw data to `data/processed/`: read, check, one table per kind, a manifest. The same rows give the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
import pandas as pd

from psykanalys import areas
from psykanalys.catalogue import FOLDER as CATALOGUE_FOLDER
from psykanalys.catalogue import load_catalogue
from psykanalys.data import contract
from psykanalys.data.checks import Everything, check, gather
from psykanalys.data.files import State, beside, state
from psykanalys.data.project import Project
from psykanalys.data.reader import MOST_BYTES, read_table, shown
from psykanalys.data.series import FILE as SERIES
from psykanalys.data.series import Series, count_rows, read_series, unpublished, write_series
from psykanalys.errors import DataError, Fault, ProjectError

MANIFEST = "manifest.json"
FORMAT = 2
_PLAIN = pd.StringDtype("python")


@dataclass(frozen=True)
class Prepared:
    """Every kind as one table (columns of the contract, sorted by id), the registers, and the manifest of them all."""

    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]
    series: Series = field(default_factory=Series)

    def __getitem__(self, kind: str) -> pd.DataFrame:
        return self.tables[kind]


@dataclass(frozen=True)
class Held:
    """Processed tables in memory, and the state of the files that they were made from and lie in."""

    prepared: Prepared
    state: Mapping[Path, State]


_held: dict[Path, Held] = {}


def raw_files(project: Project) -> list[Path]:
    """Return the project's raw CSV files, those of `data/raw/` itself first. Hidden files and folders are no data."""
    found = [path for path in project.raw.rglob("*") if path.suffix.lower() == ".csv"]
    parts = {path: path.relative_to(project.raw).parts for path in found}
    visible = [path for path in found if not any(part.startswith(".") for part in parts[path])]
    return sorted(visible, key=lambda path: (len(parts[path]), parts[path]))


def check_project(project: Project, only: Iterable[Path] = ()) -> list[Fault]:
    """Return every fault of the project's raw files; with `only`, those of the files named.

    A file that lies outside the project is checked as if it lay in it.
    """
    own = {path.resolve(): path for path in _expected_files(project)}
    wanted = [own.get(path.resolve(), path.resolve()) for path in only]
    everything = _read([*own.values(), *wanted])
    registers = [path for path in [*own.values(), *wanted] if path.name == SERIES]
    in_registers = [fault for path in dict.fromkeys(registers) for fault in _read_register(path, everything)[1]]
    faults = sorted([*check(everything), *in_registers, *_leading_out(project)])
    names = {shown(path) for path in wanted}
    return [fault for fault in faults if fault.file in names or not names]


def rows_in_files(project: Project) -> dict[str, str]:
    """Where each raw row stands, as `file:row`, by its id."""
    everything = _read(_expected_files(project))
    return {
        row.id: f"{shown(table.path)}:{line}"
        for table in everything.tables
        for line, row in zip(table.lines, table.rows, strict=True)
    }


def prepare(project: Project, *, write: bool = True) -> Prepared:
    """Read and check all raw data and return it as tables; write them to `data/processed/` too.

    Raises DataError with every fault. Nothing is written unless everything holds; files appear whole or not at all.
    """
    inputs = _inputs(project)  # before the files are read: one that changes meanwhile makes the tables stale
    everything = _read(_expected_files(project))
    registers, in_registers = _registers(project, inputs, everything)
    if faults := sorted([*check(everything), *in_registers, *_leading_out(project)]):
        raise DataError(faults)
    tables = as_tables(everything)
    prepared = Prepared(tables, _manifest(inputs, tables, registers), _series(project, registers))
    _check_last(prepared)
    if write:
        prepared = replace(prepared, series=_write(project.processed, prepared))
    return prepared


def load_prepared(project: Project) -> Prepared:
    """Return the processed tables, made anew unless they were made from exactly this raw data and catalogue.

    They are read once in a process, as long as no file of either changes.
    """
    prepared = held(project).prepared
    return replace(prepared, tables={kind: table.copy(deep=False) for kind, table in prepared.tables.items()})


def held(project: Project) -> Held:
    """The processed tables as `load_prepared` keeps them: what another process can `hold`."""
    kept = _held.get(project.root)
    if kept is None or kept.state != _state(project):
        before = _raw_state(project)
        stored = _stored(project)
        prepared = prepare(project) if stored is None else stored
        kept = _held[project.root] = Held(prepared, before | _processed_state(project))
    return kept


def hold(project: Project, kept: Held) -> None:
    """Keep a project's processed tables in memory for `load_prepared`, unless a file has changed since.

    For a process that forks itself for each report: the tables are read once for all, and their texts made Python's.
    """
    if kept.state == _state(project):
        tables = {kind: with_plain_texts(table) for kind, table in kept.prepared.tables.items()}
        _held[project.root] = replace(kept, prepared=replace(kept.prepared, tables=tables))


def items(text: str) -> list[str]:
    """The items of a list that is joined by ' | '."""
    return text.split(" | ") if text else []


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries: what `to_dict("records")` gives, in a fraction of its time."""
    names = list(table.columns)
    return [dict(zip(names, row, strict=True)) for row in table.to_numpy(dtype=object).tolist()]


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries in which what is missing is None."""
    names, values = list(table.columns), np.array(table.to_numpy(dtype=object))
    values[pd.isna(values)] = None
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def with_plain_texts(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with texts and column names as Python's own: for a few rows that are read one by one."""
    texts = {name: _PLAIN for name, kind in table.dtypes.items() if isinstance(kind, pd.StringDtype) and kind != _PLAIN}
    if not texts and table.columns.dtype == object:
        return table
    return table.astype(texts).set_axis(table.columns.astype(object), axis="columns")


def as_table(kind: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of a kind as a table: the contract's columns with their types, sorted by id."""
    ordered = sorted(rows, key=lambda row: row["id"])
    data = {name: [row[name] for row in ordered] for name in contract.columns(kind)}
    return pd.DataFrame({name: pd.Series(values, dtype=_dtype(kind, name)) for name, values in data.items()})


def as_tables(everything: Everything) -> dict[str, pd.DataFrame]:
    """Rows that hold as tables, one for each kind; areas are resolved to codes."""
    return {kind: _table(kind, everything) for kind in contract.KINDS}


def _expected_files(project: Project) -> list[Path]:
    """The raw files, and `sources.csv` even where it is missing."""
    return list(dict.fromkeys([project.raw / "sources.csv", *raw_files(project)]))


def _leading_out(project: Project) -> list[Fault]:
    """The raw files that are links to something outside the project: nobody who gets the project has them."""
    inside = (project.root.resolve(), project.raw.resolve())
    links = [path for path in project.raw.rglob("*") if path.is_symlink() and (path.suffix == ".csv" or path.is_dir())]
    out = [path for path in links if not any(path.resolve().is_relative_to(each) for each in inside)]
    what, expected = "a link that leads out of the project", "the file or folder itself, copied into the project"
    return [Fault(shown(path), 0, "", what, expected) for path in out]


def _read(files: Iterable[Path]) -> Everything:
    return gather([read_table(path) for path in dict.fromkeys(files) if path.name != SERIES], load_catalogue())


def _read_register(path: Path, everything: Everything) -> tuple[pd.DataFrame, list[Fault]]:
    """A register's table and its faults; it lies in the folder of its source."""
    table, faults = read_series(path, everything.catalogue, everything.extra_areas)
    source = path.parent.name
    if not everything.may_have("sources", source):
        expected = "the id of a register as the folder's name, or a row for it in sources.csv"
        faults.append(Fault(shown(path), 0, "", f"the folder '{source}' is no document in sources.csv", expected))
    return table, faults


def _registers(
    project: Project, inputs: Mapping[str, str], everything: Everything
) -> tuple[dict[str, Register], list[Fault]]:
    """Every register by its source: as it was prepared before where neither file nor definitions changed, else read."""
    before = _registers_before(project)
    definitions = json.dumps({name: each for name, each in inputs.items() if name.startswith("catalogue/")})
    found, faults = {}, []
    for path in raw_files(project):
        if path.name == SERIES:
            key = hashlib.sha256(f"{inputs[_name_of(project, path)]}{definitions}".encode()).hexdigest()
            source = path.parent.name
            kept = before.get(source)
            if kept is None or kept.key != key:
                table, wrong = _read_register(path, everything)
                faults += wrong
                kept = Register(key, len(table), unpublished(table), table)
            found[source] = kept
    return found, faults


@dataclass(frozen=True)
class Register:
    """A register: what it was made from (`key`), its rows, measures with rows that are not public, and new rows."""

    key: str
    rows: int
    unpublished: frozenset[str]
    table: pd.DataFrame | None = None


def _registers_before(project: Project) -> dict[str, Register]:
    """The registers that lie prepared; those that are gone or broken are left out."""
    try:
        manifest = json.loads((project.processed / MANIFEST).read_text(encoding="utf-8"))
        told = {source: Register(each["key"], each["rows"], frozenset(each["unpublished"]))
                for source, each in manifest["series"].items()}  # fmt: skip
        return {source: each for source, each in told.items() if count_rows(_place(project, source)) == each.rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _series(project: Project, registers: Mapping[str, Register]) -> Series:
    tables = {name: _place(project, name) if each.table is None else each.table for name, each in registers.items()}
    return Series(tables, {name: each.unpublished for name, each in registers.items() if each.unpublished})


def _place(project: Project, source: str) -> Path:
    return project.processed / f"series-{source}.parquet"


def _stored(project: Project) -> Prepared | None:
    """The processed tables if they are whole and not stale."""
    try:
        manifest = json.loads((project.processed / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["inputs"] != _inputs(project):
            return None
        tables = {kind: pd.read_parquet(project.processed / f"{kind}.parquet") for kind in contract.KINDS}
        same = all(manifest["tables"][kind]["sha256"] == _digest(table) for kind, table in tables.items())
        registers = _registers_before(project)
        same = same and set(registers) == set(manifest["series"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Prepared(tables, manifest, _series(project, registers)) if same else None


def _table(kind: str, everything: Everything) -> pd.DataFrame:
    return as_table(
        kind, [record(row, everything) for table in everything.tables if table.kind == kind for row in table.rows]
    )


def record(row: Any, everything: Everything) -> dict[str, Any]:
    """A row as its table has it: lists joined by ' | ', the area by its code."""
    cells = {name: _cell(value) for name, value in vars(row).items()}
    if "area" in cells:
        cells["area"] = areas.find_area(cells["area"], everything.extra_areas).code
    return cells


def _cell(value: Any) -> Any:
    return " | ".join(str(item) for item in value) if isinstance(value, tuple) else value


def _dtype(kind: str, name: str) -> str:
    annotation = contract.KINDS[kind].model_fields[name].annotation
    types = {annotation, *get_args(annotation)} if get_origin(annotation) is not tuple else set()
    if float in types:
        return "Float64"
    return "Int64" if int in types else "string"


def _manifest(
    inputs: Mapping[str, str], tables: Mapping[str, pd.DataFrame], registers: Mapping[str, Register]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "inputs": inputs,
        "series": {
            source: {"key": each.key, "rows": each.rows, "unpublished": sorted(each.unpublished)}
            for source, each in registers.items()
        },
        "tables": {kind: {"rows": len(table), "sha256": _digest(table)} for kind, table in tables.items()},
    }


def _inputs(project: Project) -> dict[str, str]:
    files = {_name_of(project, path): path for path in raw_files(project)}
    files |= {f"catalogue/{path.name}": path for path in sorted(CATALOGUE_FOLDER.glob("*.yaml"))}
    return {name: _checksum(path, state(path)) for name, path in files.items()}


def _state(project: Project) -> dict[Path, State]:
    """Which files the tables are made from and lie in, and when each was changed: another state, other content."""
    return _raw_state(project) | _processed_state(project)


def _raw_state(project: Project) -> dict[Path, State]:
    return {path: state(path) for path in [*raw_files(project), *CATALOGUE_FOLDER.glob("*.yaml")]}


def _processed_state(project: Project) -> dict[Path, State]:
    return {path: state(path) for path in [*project.processed.glob("*.parquet"), *project.processed.glob(MANIFEST)]}


def _name_of(project: Project, path: Path) -> str:
    return path.relative_to(project.root).as_posix()


@lru_cache(maxsize=10_000)
def _checksum(path: Path, _state: State) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return "unreadable"  # reading it tells why
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def _digest(table: pd.DataFrame) -> str:
    """Checksum of the rows in a canonical form, so that it does not depend on the file format."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _check_last(prepared: Prepared) -> None:
    """Could this have gone wrong and still have finished? Ids unique, nothing lost, areas resolved to codes."""
    for kind, table in prepared.tables.items():
        if table["id"].isna().any() or table["id"].duplicated().any() or not table["id"].is_monotonic_increasing:
            raise AssertionError(f"{kind}: ids are not unique and sorted after preparation")


def _write(folder: Path, prepared: Prepared) -> Series:
    """Write everything under other names first, so that a full disk changes nothing; the manifest comes last.

    Returns the registers as they lie there.
    """
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, table in prepared.tables.items():
            table.to_parquet(_beside(folder, f"{kind}.parquet", written), index=False)
        places = {source: folder / f"series-{source}.parquet" for source in prepared.series.tables}
        for source, table in prepared.series.tables.items():
            if isinstance(table, pd.DataFrame):
                write_series(table, _beside(folder, places[source].name, written))
        manifest = json.dumps(prepared.manifest, indent=1, ensure_ascii=False) + "\n"
        _beside(folder, MANIFEST, written).write_text(manifest, encoding="utf-8", newline="\n")
        (folder / MANIFEST).unlink(missing_ok=True)
        for name, temporary in written.items():
            temporary.replace(folder / name)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise ProjectError(f"{shown(folder)}: cannot be written ({why}) — the earlier data are untouched") from error
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    for left in set(folder.glob("series-*.parquet")) - set(places.values()):
        left.unlink(missing_ok=True)
    return replace(prepared.series, tables=places)


def _beside(folder: Path, name: str, written: dict[str, Path]) -> Path:
    written[name] = beside(folder / name)
    return written[name]
