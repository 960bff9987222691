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
from psykanalys.data.project import Project
from psykanalys.data.reader import Table, read_table
from psykanalys.errors import DataError, Fault

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
    """Return the project's raw CSV files, in order of path."""
    return sorted(project.raw.glob("*.csv")) + sorted(project.raw.glob("*/*.csv"))


def check_project(project: Project, only: Iterable[Path] = ()) -> list[Fault]:
    """Return every fault of the project's raw files; with `only`, those of the files named.

    A file that lies outside the project is checked as if it lay in it.
    """
    wanted = [path.resolve() for path in only]
    files = list(dict.fromkeys([path.resolve() for path in raw_files(project)] + wanted))
    tables = [read_table(path) for path in files]
    everything = gather(tables, load_catalogue())
    faults = check(everything)
    if not wanted:
        return faults
    names = {read.fault(0, "", "", "").file for read in tables if read.path in wanted}
    return [fault for fault in faults if fault.file in names]


def prepare(project: Project, *, write: bool = True) -> Prepared:
    """Read and check all raw data and return it as tables; write them to `data/processed/` too.

    Raises DataError with every fault. Nothing is written unless everything holds; files appear whole or not at all.
    """
    read = [read_table(path) for path in raw_files(project)]
    everything = gather(read, load_catalogue())
    if faults := check(everything):
        raise DataError(faults)
    tables = {kind: _table(kind, read, everything) for kind in contract.KINDS}
    prepared = Prepared(tables, _manifest(project, tables))
    _check_last(prepared)
    if write:
        _write(project.processed, prepared)
    return prepared


def load_prepared(project: Project) -> Prepared:
    """Return the processed tables, made anew unless they were made from exactly this raw data and catalogue."""
    path = project.processed / MANIFEST
    if path.is_file():
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest.get("inputs") == _inputs(project) and manifest.get("format") == FORMAT:
            tables = {kind: pd.read_parquet(project.processed / f"{kind}.parquet") for kind in contract.KINDS}
            return Prepared(tables, manifest)
    return prepare(project)


def items(text: str) -> list[str]:
    """The items of a list that is joined by ' | '."""
    return text.split(" | ") if text else []


def _table(kind: str, read: Iterable[Table], everything: Everything) -> pd.DataFrame:
    rows = [_record(row, everything) for table in read if table.kind == kind for row in table.rows]
    rows.sort(key=lambda row: row["id"])
    data = {name: [row[name] for row in rows] for name in contract.columns(kind)}
    series = {name: pd.Series(values, dtype=_dtype(kind, name)) for name, values in data.items()}
    return pd.DataFrame(series)


def _record(row: Any, everything: Everything) -> dict[str, Any]:
    record = {name: _cell(value) for name, value in row}
    if "area" in record:
        record["area"] = areas.find_area(record["area"], everything.extra_areas).code
    return record


def _cell(value: Any) -> Any:
    return " | ".join(str(item) for item in value) if isinstance(value, tuple) else value


def _dtype(kind: str, name: str) -> str:
    annotation = contract.KINDS[kind].model_fields[name].annotation
    types = {annotation, *get_args(annotation)} if get_origin(annotation) is not tuple else set()
    if float in types:
        return "Float64"
    return "Int64" if int in types else "string"


def _manifest(project: Project, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "inputs": _inputs(project),
        "tables": {kind: {"rows": len(table), "sha256": _digest(table)} for kind, table in tables.items()},
    }


def _inputs(project: Project) -> dict[str, str]:
    files = {path.relative_to(project.root).as_posix(): path for path in raw_files(project)}
    files |= {f"catalogue/{path.name}": path for path in sorted(CATALOGUE_FOLDER.glob("*.yaml"))}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def _digest(table: pd.DataFrame) -> str:
    """Checksum of the rows in a canonical form, so that it does not depend on the file format."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _check_last(prepared: Prepared) -> None:
    """Could this have gone wrong and still have finished? Ids unique, nothing lost, areas resolved to codes."""
    for kind, table in prepared.tables.items():
        if table["id"].isna().any() or table["id"].duplicated().any() or not table["id"].is_monotonic_increasing:
            raise AssertionError(f"{kind}: ids are not unique and sorted after preparation")


def _write(folder: Path, prepared: Prepared) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for kind, table in prepared.tables.items():
        temporary = folder / f".{kind}.parquet.{os.getpid()}"
        table.to_parquet(temporary, index=False)
        temporary.replace(folder / f"{kind}.parquet")
    temporary = folder / f".{MANIFEST}.{os.getpid()}"
    temporary.write_text(json.dumps(prepared.manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(folder / MANIFEST)
