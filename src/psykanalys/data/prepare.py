"""Raw data to `data/processed/`: read, check, one table per kind, a manifest. The same rows give the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import pandas as pd

from psykanalys import areas
from psykanalys.catalogue import FOLDER as CATALOGUE_FOLDER
from psykanalys.catalogue import load_catalogue
from psykanalys.data import contract
from psykanalys.data.checks import Everything, check, gather
from psykanalys.data.files import beside
from psykanalys.data.project import Project
from psykanalys.data.reader import MOST_BYTES, read_table, shown
from psykanalys.errors import DataError, Fault, ProjectError

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Prepared:
    """Every kind as one table (columns of the contract, sorted by id) and the manifest that describes them."""

    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]

    def __getitem__(self, kind: str) -> pd.DataFrame:
        return self.tables[kind]


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
    faults = sorted([*check(_read([*own.values(), *wanted])), *_leading_out(project)])
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
    if faults := sorted([*check(everything), *_leading_out(project)]):
        raise DataError(faults)
    tables = as_tables(everything)
    prepared = Prepared(tables, _manifest(inputs, tables))
    _check_last(prepared)
    if write:
        _write(project.processed, prepared)
    return prepared


def load_prepared(project: Project) -> Prepared:
    """Return the processed tables, made anew unless they were made from exactly this raw data and catalogue."""
    stored = _stored(project)
    return prepare(project) if stored is None else stored


def items(text: str) -> list[str]:
    """The items of a list that is joined by ' | '."""
    return text.split(" | ") if text else []


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
    return gather([read_table(path) for path in dict.fromkeys(files)], load_catalogue())


def _stored(project: Project) -> Prepared | None:
    """The processed tables if they are whole and not stale."""
    try:
        manifest = json.loads((project.processed / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["inputs"] != _inputs(project):
            return None
        tables = {kind: pd.read_parquet(project.processed / f"{kind}.parquet") for kind in contract.KINDS}
        same = all(manifest["tables"][kind]["sha256"] == _digest(table) for kind, table in tables.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Prepared(tables, manifest) if same else None


def _table(kind: str, everything: Everything) -> pd.DataFrame:
    return as_table(
        kind, [record(row, everything) for table in everything.tables if table.kind == kind for row in table.rows]
    )


def record(row: Any, everything: Everything) -> dict[str, Any]:
    """A row as its table has it: lists joined by ' | ', the area by its code."""
    cells = {name: _cell(value) for name, value in row}
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


def _manifest(inputs: Mapping[str, str], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "inputs": inputs,
        "tables": {kind: {"rows": len(table), "sha256": _digest(table)} for kind, table in tables.items()},
    }


def _inputs(project: Project) -> dict[str, str]:
    files = {path.relative_to(project.root).as_posix(): path for path in raw_files(project)}
    files |= {f"catalogue/{path.name}": path for path in sorted(CATALOGUE_FOLDER.glob("*.yaml"))}
    return {name: _checksum(path) for name, path in files.items()}


def _checksum(path: Path) -> str:
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


def _write(folder: Path, prepared: Prepared) -> None:
    """Write everything under other names first, so that a full disk changes nothing; the manifest comes last."""
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, table in prepared.tables.items():
            table.to_parquet(_beside(folder, f"{kind}.parquet", written), index=False)
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


def _beside(folder: Path, name: str, written: dict[str, Path]) -> Path:
    written[name] = beside(folder / name)
    return written[name]
