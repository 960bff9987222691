"""Everything as flat tables for other programs: the same numbers as the reports, from the same objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from psykanalys.analysis import Analysis, analyse
from psykanalys.areas import NATION, find_area
from psykanalys.audit import audit
from psykanalys.data.files import write_all
from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.data.text import begins_as_formula
from psykanalys.errors import ProjectError
from psykanalys.verdicts import BY_INTERVAL

_FIGURE = "id indicator area_code area period sex age numerator denominator value"
FIRST_COLUMNS = {
    "observations": f"{_FIGURE} unit status published source places",
    "results": f"{_FIGURE} ci_low ci_high unit status source places",
    "goals": "id parent group county_code focus_areas level label joint state source places",
    "findings": "id kind description treatment places",
    "verdicts": "goal target indicator area_code period sex age value ci_low ci_high operator target_value unit "
    "verdict",
    "audit": "code row kind severity label text detail needed_n county_code focus_areas places",
}
PLAIN_KINDS: tuple[str, ...] = (
    "activities", "targets", "plan_indicators", "needs", "funding", "survey", "consultation", "units", "sources",
)  # fmt: skip
KINDS: tuple[str, ...] = (*FIRST_COLUMNS, *PLAIN_KINDS)
FORMATS = ("csv", "json", "parquet")


def export_table(kind: str, project: Project, county: str | None = None) -> pd.DataFrame:
    """Return one kind as a table, sorted by id: every county with documents, or the one named."""
    codes = [county] if county else sorted(load_prepared(project)["sources"]["county_code"].unique())
    parts = [_BUILDERS.get(kind, _plain(kind))(analyse(code, project)) for code in codes]
    table = pd.concat(parts, ignore_index=True)
    first = FIRST_COLUMNS.get(kind, "id").split()
    return table[first + [name for name in table.columns if name not in first]]


def write_table(table: pd.DataFrame, path: Path, form: str, *, excel: bool = False) -> None:
    """Write a table whole or not at all. `excel` writes what a Swedish Excel opens: `;`, decimal comma, UTF-8 mark."""
    write_whole({path: as_bytes(table, form, excel=excel)})


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write files whole or not at all, all of them or none. Raises ProjectError where they cannot be written."""
    for path in files:
        if not path.name or path.name == "..":
            raise ProjectError(f"{path}: is a folder — name a file with --out")
    try:
        write_all(files)
    except OSError as error:
        where = next((path for path in files if path.is_dir()), next(iter(files)))
        raise ProjectError(
            f"{where}: cannot be written ({error.strerror}) — choose another place with --out"
        ) from error


def as_bytes(table: pd.DataFrame, form: str, *, excel: bool = False) -> bytes:
    """The table as the content of a file."""
    if form == "parquet":
        return table.to_parquet(index=False)
    return as_text(table, form, excel=excel).encode("utf-8-sig" if excel else "utf-8")


def as_text(table: pd.DataFrame, form: str, *, excel: bool = False) -> str:
    """The table as CSV or JSON text."""
    if form == "json":
        return table.to_json(orient="records", force_ascii=False, indent=1) + "\n"
    if excel:
        safe = table.apply(lambda column: column if is_numeric_dtype(column) else column.map(_harmless))
        return safe.rename(columns=_harmless).to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    return table.to_csv(index=False, lineterminator="\n")


def _harmless(text: object) -> object:
    """Text that a spreadsheet would run as a formula gets an apostrophe."""
    return f"'{text}" if isinstance(text, str) and (text[:1] in {"\t", "\r"} or begins_as_formula(text)) else text


def _plain(kind: str) -> Callable[[Analysis], pd.DataFrame]:
    return lambda analysis: getattr(analysis, kind)


def _observations(analysis: Analysis) -> pd.DataFrame:
    table = analysis.observations
    return table.assign(
        area_code=table["area"], area=_names(analysis, table["area"]), period=table["period"].fillna(table["as_of"])
    )


def _results(analysis: Analysis) -> pd.DataFrame:
    table = analysis.results
    return table.assign(area_code=table["area"], area=_names(analysis, table["area"]), period=table["when"])


def _goals(analysis: Analysis) -> pd.DataFrame:
    return analysis.goals


def _verdicts(analysis: Analysis) -> pd.DataFrame:
    table = analysis.verdict_table.rename(columns={"area": "area_code", "word": "verdict"})
    return table.assign(judged_by_interval=table["verdict"].isin([str(word) for word in BY_INTERVAL]))


def _audit(analysis: Analysis) -> pd.DataFrame:
    return audit(analysis).table.assign(county_code=analysis.county.code).astype({"county_code": "string"})


def _names(analysis: Analysis, codes: pd.Series) -> pd.Series:
    names = {NATION: find_area(NATION).name, **analysis.area_names}
    return codes.map(names).astype("string")


_BUILDERS: dict[str, Callable[[Analysis], pd.DataFrame]] = {
    "observations": _observations,
    "results": _results,
    "goals": _goals,
    "verdicts": _verdicts,
    "audit": _audit,
}
