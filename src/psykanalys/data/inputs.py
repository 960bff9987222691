"""Which raw files a county's report depends on, as names and bytes: for telling whether it must be made again."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from psykanalys.data.files import State, state
from psykanalys.data.prepare import MANIFEST, raw_files
from psykanalys.data.project import MARKER, Project


def county_files(project: Project, county: str) -> Iterator[tuple[str, Path | bytes]]:
    """The raw files of a county's documents, its rows in the list of documents, and what belongs to no document."""
    path = project.raw / "sources.csv"
    sources = _rows(path, state(path))
    own = [row for row in sources if row.get("county_code") == county or _is_national(row)]
    yield "sources", repr(own).encode()
    for path in sorted(project.raw.glob("*.csv")):
        if path.name != "sources.csv":
            yield path.name, path
    for source in sorted(str(row.get("id")) for row in own):
        for path in sorted((project.raw / source).glob("*.csv")):
            yield f"{source}/{path.name}", path


def project_files(project: Project, named: Iterable[str] = ()) -> dict[str, bytes]:
    """What every report of a project is made of, by name in it: raw data, prepared tables, common parameters.

    `named` are files that parameters name. For a machine that has nothing of the project.
    """
    paths = [*raw_files(project), *project.processed.glob("*.parquet"), project.processed / MANIFEST]
    paths += [project.root / MARKER, *(project.root / name for name in named)]
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in sorted(set(paths))}


def _is_national(row: dict[str, Any]) -> bool:
    """A register of the whole nation, which every county uses."""
    return row.get("county_code") == "00" and row.get("role") == "register"


def files_at_stake(project: Project) -> Iterator[tuple[str, Path]]:
    """Every county's observations, where some are unpublished: what one report hides depends on what others show."""
    paths = sorted(project.raw.glob("*/observations.csv"))
    registers = sorted(project.raw.glob("*/series.csv"))
    if any(_is_unpublished(path, state(path)) for path in paths) or any(
        _has_unpublished(path, state(path)) for path in registers
    ):
        yield from ((f"{path.parent.name}/{path.name}", path) for path in [*paths, *registers])


@lru_cache(maxsize=10_000)
def _is_unpublished(observations: Path, _state: State) -> bool:
    return any(row.get("published") == "no" for row in _rows(observations, _state))


@lru_cache(maxsize=10_000)
def _has_unpublished(register: Path, _state: State) -> bool:
    """Whether a register may have a row that is not public: the word stands in it."""
    content = register.read_bytes()
    return b"published" in content[:500] and re.search(rb"[,;\t]\"?no\"?[,;\t\r\n]", content) is not None


@lru_cache(maxsize=100)
def _rows(path: Path, _state: State) -> list[dict[str, Any]]:
    """The rows as text; `check` has already seen that the file is in order, with commas or semicolons."""
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=separator))
