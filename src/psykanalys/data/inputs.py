"""Which raw files a county's report depends on, as names and bytes: for telling whether it must be made again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psykanalys.data.project import Project


def county_files(project: Project, county: str) -> Iterator[tuple[str, bytes]]:
    """The raw files of a county's documents, its rows in the list of documents, and what belongs to no document."""
    own = [row for row in _rows(project.raw / "sources.csv") if row.get("county_code") == county]
    yield "sources", repr(own).encode()
    for path in sorted(project.raw.glob("*.csv")):
        if path.name != "sources.csv":
            yield path.name, path.read_bytes()
    for source in sorted(str(row.get("id")) for row in own):
        for path in sorted((project.raw / source).glob("*.csv")):
            yield f"{source}/{path.name}", path.read_bytes()


def files_at_stake(project: Project) -> Iterator[tuple[str, bytes]]:
    """Every county's observations, where some are unpublished: what one report hides depends on what others show."""
    paths = sorted(project.raw.glob("*/observations.csv"))
    if any(row.get("published") == "no" for path in paths for row in _rows(path)):
        yield from ((path.parent.name, path.read_bytes()) for path in paths)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows as text; `check` has already seen that the file is in order, with commas or semicolons."""
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=separator))
