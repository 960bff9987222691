"""Which reports a batch is to make: areas named, those with parameter files, or all that there are figures of."""

from __future__ import annotations

from collections.abc import Iterable

from psykanalys.areas import NATION, Area, counties, municipalities
from psykanalys.data.prepare import Prepared, load_prepared
from psykanalys.data.project import Project
from psykanalys.errors import PsykanalysError
from psykanalys.report import params


def file_names(project: Project, named: Iterable[str], level: str = "county", *, everything: bool = False) -> list[str]:
    """The file names of the reports asked for, each once.

    Nothing named means every county with a parameter file, or `everything`: every area of the level that has figures.
    Raises PsykanalysError for a name that is none of the level's.
    """
    chosen = [_file_name(name, level) for name in named]
    if not chosen and (everything or level == "municipality"):
        chosen = [area.file_name for area in with_figures(load_prepared(project), level)]
    return list(dict.fromkeys(chosen or params.counties_with_parameters(project)))


def with_figures(prepared: Prepared, level: str) -> list[Area]:
    """The counties that have documents, or the municipalities that have figures of their own; in order of code."""
    of_documents = set(prepared["sources"]["county_code"]) - {NATION}
    if level == "county":
        return [area for area in counties() if area.code in of_documents]
    codes = set(prepared["observations"]["area"]) | prepared.series.areas
    return [area for area in municipalities() if area.code in codes and area.parent in of_documents]


def _file_name(text: str, level: str) -> str:
    try:
        return params.find(text, level).file_name
    except ValueError as error:
        raise PsykanalysError(f"{level}: {error}") from error
