"""Only what changed is made again: what a report was made from, remembered beside it by checksum.

A report is up to date if everything it depends on has the checksum that it had (parameters, the raw rows of its county,
definitions, code, notebook, packages, files that its parameters name), and its files are those that were written.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psykanalys.areas import find_county
from psykanalys.data.project import Project
from psykanalys.manifest import PACKAGES, canonical

FOLDER = ".made"
MORE_PACKAGES = ("lxml", "papermill", "python-docx", "typst")
SOURCE = Path(__file__).parents[1]
_CODE = (".py", ".j2", ".css", ".typ")
_DEFINITIONS = (".yaml",)


@dataclass(frozen=True)
class Record:
    """What was remembered of one report: checksums of what it was made from and of its files, and its warnings."""

    parts: Mapping[str, str]
    files: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def parts(project: Project, values: Mapping[str, Any], formats: Sequence[str], notebook: Path) -> dict[str, str]:
    """The checksum of each thing that a county's report depends on, by what it is called to the user."""
    code = find_county(values["county"]).code
    named = [project.root / values[name] for name in ("commentary", "previous") if values.get(name)]
    return {
        "parameters": _sum(canonical({**values, "formats": sorted(formats)}).encode()),
        "raw data": _of_files(_raw(project, code)),
        "protection of persons": _of_files(_at_stake(project)),
        "files that parameters name": _of_files((path.name, path.read_bytes()) for path in named),
        "notebook": _sum(notebook.read_bytes()),
        "definitions": _package(_DEFINITIONS),
        "code": _package(_CODE),
        "packages": _packages(),
    }


def why_due(folder: Path, county: str, now: Mapping[str, str], expected: Iterable[str]) -> str:
    """Why a report must be made: what changed, or which file is gone or another; empty if it is up to date."""
    record = read(folder, county)
    if record is None:
        return "not made here before"
    changed = [name for name in now if record.parts.get(name) != now[name]]
    if changed:
        return f"changed: {', '.join(changed)}"
    for name in sorted({*record.files, *expected}):
        path = folder / name
        if not path.is_file():
            return f"{name} is gone"
        if record.files.get(name) != _sum(path.read_bytes()):
            return f"{name} was changed after it was made"
    return ""


def read(folder: Path, county: str) -> Record | None:
    """What was remembered, or None where nothing usable was."""
    try:
        data = json.loads((folder / FOLDER / f"{county}.json").read_text(encoding="utf-8"))
        return Record(dict(data["parts"]), dict(data["files"]), tuple(data["warnings"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(folder: Path, county: str) -> None:
    """Remember nothing: what is half made is made again."""
    (folder / FOLDER / f"{county}.json").unlink(missing_ok=True)


def remember(folder: Path, county: str, now: Mapping[str, str], files: Iterable[Path], warnings: Sequence[str]) -> None:
    """Write down what the files were made from; whole or not at all."""
    record = {"parts": dict(now), "files": {path.name: _sum(path.read_bytes()) for path in files}}
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    temporary = place / f".{county}.{id(record)}"
    temporary.write_text(canonical({**record, "warnings": list(warnings)}), encoding="utf-8")
    temporary.replace(place / f"{county}.json")


def _raw(project: Project, county: str) -> Iterator[tuple[str, bytes]]:
    """The raw files of a county's documents, its rows in the list of documents, and what belongs to no document."""
    own = [row for row in _rows(project.raw / "sources.csv") if row.get("county_code") == county]
    yield "sources", canonical(own).encode()
    for path in sorted(project.raw.glob("*.csv")):
        if path.name != "sources.csv":
            yield path.name, path.read_bytes()
    for source in sorted(str(row.get("id")) for row in own):
        for path in sorted((project.raw / source).glob("*.csv")):
            yield f"{source}/{path.name}", path.read_bytes()


def _at_stake(project: Project) -> Iterator[tuple[str, bytes]]:
    """Every county's observations, where some are unpublished: what one report hides depends on what others show."""
    paths = sorted(project.raw.glob("*/observations.csv"))
    if any(row.get("published") == "no" for path in paths for row in _rows(path)):
        yield from ((path.parent.name, path.read_bytes()) for path in paths)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows as text; `check` has already seen that the file is in order, with commas or semicolons."""
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=separator))


@cache
def _package(endings: tuple[str, ...]) -> str:
    paths = sorted(path for path in SOURCE.rglob("*") if path.suffix in endings)
    return _of_files((path.relative_to(SOURCE).as_posix(), path.read_bytes()) for path in paths)


@cache
def _packages() -> str:
    versions = {name: version(name) for name in (*PACKAGES, *MORE_PACKAGES)}
    return _sum(canonical({**versions, "python": list(sys.version_info[:2])}).encode())


def _of_files(files: Iterable[tuple[str, bytes]]) -> str:
    return _sum(canonical({name: _sum(content.replace(b"\r\n", b"\n")) for name, content in files}).encode())


def _sum(content: bytes) -> str:
    return sha256(content).hexdigest()
