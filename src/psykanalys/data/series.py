"""Registers: `series.csv`, millions of figures alike. Checked as columns, kept in Parquet, read where asked for.

A register is a document of role `register`. Its rows have no ids of their own: the id of a row tells source, measure,
area, period, sex and age, and its place is its line in the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
from pydantic import TypeAdapter, ValidationError

from psykanalys import areas
from psykanalys.catalogue import Indicator
from psykanalys.data import contract
from psykanalys.data.reader import MOST_FAULTS, Cells, explain, read_cells
from psykanalys.errors import Fault

FILE = "series.csv"
POPULATION = ["indicator", "area", "period", "sex", "age"]
NUMBERS = ["numerator", "denominator", "value", "ci_low", "ci_high"]
_COUNTS = ("numerator", "denominator")
_LIMITS = ("ci_low", "ci_high")

_TYPES = get_type_hints(contract.SeriesRow, include_extras=True)

Marks = Iterator[tuple[pd.Series, str, str, str]]


@dataclass(frozen=True)
class Series:
    """The registers of a project by source: tables, or Parquet files that are read where rows are asked for.

    Columns of a table: those of `series.csv`, and the `line` each row stands on; sorted by population. `unpublished`
    has the measures of each source that have rows which are not public.
    """

    tables: Mapping[str, pd.DataFrame | Path] = field(default_factory=dict)
    unpublished: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def rows(
        self, sources: Iterable[str], codes: Collection[str] | None = None, measures: Collection[str] | None = None
    ) -> pd.DataFrame:
        """The rows of some sources, areas (None: all) and measures (None: all), with their `source`."""
        wanted = {"area": codes, "indicator": measures}
        chosen = {name: sorted(values) for name, values in wanted.items() if values is not None}
        parts = [self._part(source, chosen) for source in sources if source in self.tables]
        return pd.concat(parts, ignore_index=True) if parts else _table({}, []).assign(source="")

    @cached_property
    def areas(self) -> frozenset[str]:
        """Codes of the areas that registers have rows of."""
        parts = [
            pd.read_parquet(each, columns=["area"]) if isinstance(each, Path) else each for each in self.tables.values()
        ]
        return frozenset(code for part in parts for code in part["area"].unique())

    @cached_property
    def sources(self) -> frozenset[str]:
        """Ids of the sources that are registers."""
        return frozenset(self.tables)

    def _part(self, source: str, chosen: Mapping[str, list[str]]) -> pd.DataFrame:
        table = self.tables[source]
        if isinstance(table, Path):
            filters = [(name, "in", values) for name, values in chosen.items()]
            table = pd.read_parquet(table, filters=filters or None)
        for name, values in chosen.items():
            table = table[table[name].isin(values)]
        return table.assign(source=source)


def read_series(
    path: Path, catalogue: Mapping[str, Indicator], extra_areas: Iterable[areas.Area] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read one register and check it; the table has the rows that hold, the faults tell of the others.

    At most MOST_FAULTS faults are told. Raises nothing for what is wrong inside the file.
    """
    cells = read_cells(path)
    faults = list(cells.faults)
    columns = {name: _parsed(name, cells, faults) for name in cells.columns}
    table = _table(columns, cells.lines)
    table["area"] = _areas(table["area"], cells, faults, list(extra_areas))
    read = table[~table["line"].isin({fault.row for fault in faults})]
    for wrong, column, what, expected in _impossible(read, catalogue):
        faults += [cells.fault(int(line), column, what, expected) for line in read.loc[wrong, "line"].head(MOST_FAULTS)]
    bad = {fault.row for fault in faults}
    whole = table[~table["line"].isin(bad)].sort_values([*POPULATION, "line"], ignore_index=True)
    return whole, sorted(faults)[:MOST_FAULTS]


def write_series(table: pd.DataFrame, path: Path) -> None:
    """Write a register's table, in groups of rows small enough that one area is read without the others."""
    by_area = table.sort_values(["area", *POPULATION], ignore_index=True)
    by_area.to_parquet(path, index=False, row_group_size=20_000)


def unpublished(table: pd.DataFrame) -> frozenset[str]:
    """The measures of a register that have rows which are not public."""
    return frozenset(table.loc[table["published"] == "no", "indicator"].unique())


def count_rows(path: Path) -> int:
    """How many rows a stored register has."""
    return int(parquet.read_metadata(path).num_rows)


def as_observations(rows: pd.DataFrame, catalogue: Mapping[str, Indicator]) -> pd.DataFrame:
    """Rows of registers (`Series.rows`) as rows of the table of observations, sorted by id."""
    units = {name: catalogue[name].unit for name in rows["indicator"].unique()}
    made = rows.assign(
        id=row_ids(rows),
        places=rows["source"] + ":" + rows["line"].astype("string"),
        unit=rows["indicator"].map(units),
    )
    known = {
        name: made[name] if name in made else _default(name, made.index) for name in contract.columns("observations")
    }
    table = pd.DataFrame(known).astype({name: "string" for name in known if name not in _NUMERIC})
    return table.astype(_NUMERIC).sort_values("id", ignore_index=True)


def row_ids(rows: pd.DataFrame) -> pd.Series:
    """The id of each row: source, measure, area, period, sex and age, joined by hyphens."""
    parts = [rows["source"], rows["indicator"].str.replace("_", "-"), rows["area"], _plain(rows["period"])]
    parts += [rows["sex"].str.lower(), _plain(rows["age"].str.replace(r"-$", "plus", regex=True))]
    joined = parts[0].astype("string")
    for part in parts[1:]:
        joined = joined + "-" + part.astype("string")
    return joined.str.rstrip("-")


_NUMERIC = {
    name: "Int64" if name in _COUNTS else "Float64"
    for name in ("numerator", "denominator", "value", "value_low", "value_high", "change", "ci_low", "ci_high")
}


def _default(name: str, index: pd.Index) -> pd.Series:
    default = contract.KINDS["observations"].model_fields[name].default
    return pd.Series(default if isinstance(default, str) else pd.NA, index=index, dtype=_NUMERIC.get(name, "string"))


def _plain(column: pd.Series) -> pd.Series:
    return column.str.lower().str.replace(r"[^a-z0-9]+", "-", regex=True)


def _parsed(name: str, cells: Cells, faults: list[Fault]) -> pd.Series:
    """A column by the contract: each distinct cell is read once. A cell that does not hold is missing, and told."""
    about = contract.SeriesRow.model_fields[name]
    adapter: TypeAdapter[Any] = TypeAdapter(_TYPES[name])
    default = "" if about.is_required() else about.default
    codes, distinct = pd.factorize(np.array(cells.columns[name], dtype=object))
    values: list[Any] = []
    for place, text in enumerate(distinct):
        try:
            values.append(adapter.validate_python(text) if text or about.is_required() else default)
        except ValidationError as error:
            values.append(None)
            _, what, expected = explain({**error.errors()[0], "loc": (name,)}, {name: text})
            lines = np.array(cells.lines)[codes == place][:MOST_FAULTS]
            faults += [cells.fault(int(line), name, what, expected) for line in lines]
    dtype = "Int64" if name in _COUNTS else "Float64" if name in NUMBERS else "string"
    return pd.Series(pd.array(values, dtype=dtype).take(codes), dtype=dtype)


def _table(columns: Mapping[str, pd.Series], lines: Iterable[int]) -> pd.DataFrame:
    empty = {name: pd.Series(dtype="Int64" if name in _COUNTS else "Float64" if name in NUMBERS else "string")
             for name in contract.columns("series")}  # fmt: skip
    return pd.DataFrame({**empty, **columns}).assign(line=pd.Series(list(lines), dtype="Int64"))


def _areas(column: pd.Series, cells: Cells, faults: list[Fault], extra: list[areas.Area]) -> pd.Series:
    """The areas by their codes."""
    codes: dict[str, str | None] = {}
    for text in column.dropna().unique():
        try:
            codes[text] = areas.find_area(text, extra).code
        except areas.UnknownAreaError as error:
            codes[text] = None
            what, _, expected = str(error).partition("; ")
            lines = np.array(cells.lines)[(column == text).to_numpy(dtype=bool, na_value=False)][:MOST_FAULTS]
            faults += [cells.fault(int(line), "area", what, expected) for line in lines]
    return column.map(codes).astype("string")


def _impossible(table: pd.DataFrame, catalogue: Mapping[str, Indicator]) -> Marks:
    """Rows that cannot be, with the column, what is wrong and what was expected."""
    known = table["indicator"].isin(catalogue.keys())
    yield (
        ~known & table["indicator"].notna(),
        "indicator",
        "the measure is not in the catalogue",
        "an id that `psykanalys indicators` lists",
    )
    repeated = table.duplicated(POPULATION, keep="first")
    yield repeated, "indicator", "the same measure, area, period, sex and age stand in a row above", "one row for each"
    yield _true(table["numerator"] < 0), "numerator", "a count is below 0", "a whole number of at least 0"
    yield (
        _true(table["denominator"] <= 0),
        "denominator",
        "the denominator is not above 0",
        "an empty cell where there is none",
    )
    yield _true(table["ci_low"] > table["ci_high"]), "ci_high", "the limits are upside down", "the upper limit"
    one_limit = table["ci_low"].notna() ^ table["ci_high"].notna()
    yield one_limit, "ci_low", "one limit without the other", "both limits, or none"
    yield from _by_status(table)
    yield from _by_measure(table, catalogue)


def _by_status(table: pd.DataFrame) -> Marks:
    has_figure = table["numerator"].notna() | table["value"].notna()
    without = table["status"].isin(contract.WITHOUT_VALUE)
    yield has_figure & without, "status", "the status means no figure, but one is given", "one of the two"
    yield ~has_figure & ~without, "value", "the row states nothing", "a figure, or a status that says why not"
    both = table["numerator"].notna() & table["denominator"].notna() & table["value"].notna()
    yield both, "value", "the counts and a figure calculated from them", "the counts alone; the share follows"


def _by_measure(table: pd.DataFrame, catalogue: Mapping[str, Indicator]) -> Marks:
    about = {name: catalogue[name] for name in table["indicator"].dropna().unique() if name in catalogue}
    is_share = table["indicator"].isin([name for name, each in about.items() if each.statistic == "proportion"])
    is_count = table["indicator"].isin([name for name, each in about.items() if each.statistic == "count"])
    of_persons = table["indicator"].isin([name for name, each in about.items() if each.counts == "persons"])
    larger = _true((table["numerator"] > table["denominator"]) & (table["denominator"] > 0))
    yield is_share & larger, "numerator", "the count is larger than its denominator", "a part of the whole"
    outside = _true((table["value"] < 0) | (table["value"] > 100))
    yield is_share & outside, "value", "no share", "a figure from 0 to 100"
    yield is_count & table["denominator"].notna(), "denominator", "a count has no denominator", "an empty cell"
    bare = of_persons & (table["published"] == "no") & table["numerator"].isna() & table["value"].notna()
    yield bare, "numerator", "an unpublished figure about persons without its counts", "the counts behind it"


def _true(condition: pd.Series) -> pd.Series:
    return condition.fillna(False).astype(bool)
