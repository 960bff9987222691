"""A county's figures as files: drawing, image and numbers of each, and a list of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.export import as_bytes, write_whole
from psykanalys.present.county import County, load
from psykanalys.present.html import Cell, Table

LIST, DOCUMENTS = "figurer", "dokument"
LIST_COLUMNS = ("name", "title", "alternative", "source", "notes")


def export_figures(
    project: Project, county: str | None = None, *, out: Path | None = None, excel: bool = False
) -> dict[Path, int]:
    """Write the figures of one county into a folder, or those of every county with documents into a folder each.

    The folders are `reports/figures/<county>/`; `out` is the folder itself for one county, and the folder that holds
    theirs for all. Returns how many figures each folder got.
    """
    counties = [county] if county else sorted(load_prepared(project)["sources"]["county_code"].unique())
    loaded = [load(each, project=project) for each in counties]
    above = out or project.reports / "figures"
    folders = [out if county and out else above / each.analysis.county.slug for each in loaded]
    return {folder: _write(each, folder, excel=excel) for each, folder in zip(loaded, folders, strict=True)}


def _write(county: County, folder: Path, *, excel: bool) -> int:
    """Write each figure as NAME.svg, NAME.png and NAME.csv, the list of them, and the documents by their letters."""
    files: dict[Path, bytes] = {}
    listed = []
    for figure in county.figures:
        files[folder / f"{figure.name}.svg"] = figure.svg().encode()
        files[folder / f"{figure.name}.png"] = figure.png()
        files[folder / f"{figure.name}.csv"] = _rows(figure.table.columns, figure.table.rows, excel=excel)
        listed.append([figure.name, figure.title, figure.alternative, figure.source, _notes(figure.table)])
    documents = county.tables.sources()
    files[folder / f"{LIST}.csv"] = _rows(LIST_COLUMNS, listed, excel=excel)
    files[folder / f"{DOCUMENTS}.csv"] = _rows(documents.columns, documents.rows, excel=excel)
    write_whole(files)
    return len(listed)


def _rows(columns: Sequence[str], rows: Sequence[Sequence[str | Cell]], *, excel: bool) -> bytes:
    texts = [[str(cell) for cell in row] for row in rows]
    return as_bytes(pd.DataFrame(texts, columns=list(columns), dtype="string"), "csv", excel=excel)


def _notes(table: Table) -> str:
    return " ".join(f"{number}. {note}" for number, note in enumerate(table.notes, 1))
