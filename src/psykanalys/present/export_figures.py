"""A county's figures as files: drawing, image and numbers of each, and a list of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.export import write_table, write_whole
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
    listed = []
    for figure in county.figures:
        write_whole(folder / f"{figure.name}.svg", figure.svg().encode())
        write_whole(folder / f"{figure.name}.png", figure.png())
        _write_rows(figure.table.columns, figure.table.rows, folder / f"{figure.name}.csv", excel=excel)
        listed.append([figure.name, figure.title, figure.alternative, figure.source, _notes(figure.table)])
    _write_rows(LIST_COLUMNS, listed, folder / f"{LIST}.csv", excel=excel)
    documents = county.tables.sources()
    _write_rows(documents.columns, documents.rows, folder / f"{DOCUMENTS}.csv", excel=excel)
    return len(listed)


def _write_rows(columns: Sequence[str], rows: Sequence[Sequence[str | Cell]], path: Path, *, excel: bool) -> None:
    texts = [[str(cell) for cell in row] for row in rows]
    write_table(pd.DataFrame(texts, columns=list(columns), dtype="string"), path, "csv", excel=excel)


def _notes(table: Table) -> str:
    return " ".join(f"{number}. {note}" for number, note in enumerate(table.notes, 1))
