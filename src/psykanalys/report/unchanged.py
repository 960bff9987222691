"""Only what changed is made again: what a report was made from, remembered beside it by checksum.

A report is up to date if everything it depends on has the checksum that it had (parameters, the raw rows of its county,
definitions, code, notebook, packages, files that its parameters name), and its files are those that were written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psykanalys.data.files import State, state
from psykanalys.data.inputs import county_files, files_at_stake
from psykanalys.data.project import Project
from psykanalys.manifest import PACKAGES, canonical
from psykanalys.report import params

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


def parts(project: Project, values: Mapping[str, Any], formats: Sequence[str]) -> dict[str, str]:
    """The checksum of each thing that one county's report depends on, by what it is called to the user."""
    area = params.area_of(values)
    code = area.parent if area.kind == "municipality" else area.code
    named = [project.root / values[name] for name in ("commentary", "previous") if values.get(name)]
    return {
        "parameters": _sum(canonical({**values, "formats": sorted(formats)}).encode()),
        "raw data": _of_files(county_files(project, code)),
        "files that parameters name": _of_files((path.name, path) for path in named),
    }


def shared_parts(project: Project, notebook: Path) -> dict[str, str]:
    """The same of what every report of a batch depends on."""
    return {
        "protection of persons": _of_files(files_at_stake(project)),
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


def remembered(folder: Path) -> list[str]:
    """The names of the reports that were made in a folder, in order."""
    return sorted(path.stem for path in (folder / FOLDER).glob("*.json"))


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


@cache
def _package(endings: tuple[str, ...]) -> str:
    paths = sorted(path for path in SOURCE.rglob("*") if path.suffix in endings)
    return _of_files((path.relative_to(SOURCE).as_posix(), path) for path in paths)


@cache
def _packages() -> str:
    versions = {name: version(name) for name in (*PACKAGES, *MORE_PACKAGES)}
    return _sum(canonical({**versions, "python": list(sys.version_info[:2])}).encode())


def _of_files(files: Iterable[tuple[str, Path | bytes]]) -> str:
    sums = {name: _of_file(each, state(each)) if isinstance(each, Path) else _sum(each) for name, each in files}
    return _sum(canonical(sums).encode())


@lru_cache(maxsize=10_000)
def _of_file(path: Path, _state: State) -> str:
    return _sum(path.read_bytes().replace(b"\r\n", b"\n"))


def _sum(content: bytes) -> str:
    return sha256(content).hexdigest()
