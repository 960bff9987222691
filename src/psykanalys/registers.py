"""Registers in a report: which of a long series' figures are judged, and how each measure has developed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from psykanalys import methods
from psykanalys.areas import NATION
from psykanalys.catalogue import Indicator
from psykanalys.data.series import row_ids

JUDGED = 3  # periods of the total that are judged: what a target on growth needs
MARKERS = ("increasing", "decreasing", "no_change", "not_enough_points", "not_estimable")
SERIES = ["indicator", "age"]


def to_judge(rows: pd.DataFrame, area: str) -> pd.DataFrame:
    """The rows of registers that become results: the area's first and last periods, and the nation's for the last.

    `rows` as `Series.rows` gives them. Of the total the first and the last three periods of each measure, of women and
    men the last;
    the nation's total of the same measure, age and last period.
    """
    own = rows[rows["area"] == area]
    newest = own["period"].groupby([own[name] for name in SERIES]).rank(method="dense", ascending=False)
    oldest = own["period"] == own["period"].groupby([own[name] for name in SERIES]).transform("min")
    kept = own[(newest == 1) | (((newest <= JUDGED) | oldest) & (own["sex"] == "T"))]
    last = own.loc[(newest == 1) & (own["sex"] == "T"), [*SERIES, "sex", "period"]]
    nation = rows[rows["area"] == NATION].merge(last, on=[*SERIES, "sex", "period"]) if area != NATION else last[:0]
    return pd.concat([kept, nation], ignore_index=True)


def history(judged: pd.DataFrame) -> frozenset[str]:
    """The ids of rows that are there only to show how the last one of their series came about."""
    if judged.empty:
        return frozenset()
    return frozenset(row_ids(judged[~_is_last(judged)]))


def beside_the_last(judged: pd.DataFrame) -> frozenset[str]:
    """The ids of rows that are not the last total of their series: with the nation that one is compared."""
    if judged.empty:
        return frozenset()
    return frozenset(row_ids(judged[~_is_last(judged) | (judged["sex"] != "T")]))


def _is_last(judged: pd.DataFrame) -> pd.Series:
    return judged["period"] == judged.groupby(SERIES)["period"].transform("max")


def developments(rows: pd.DataFrame, area: str, catalogue: Mapping[str, Indicator]) -> pd.DataFrame:
    """How each measure of an area has developed, by the total of its register: one row per measure and age.

    Columns: `indicator`, `age`, `first` and `last` (ids of the first and the last row with a figure), `points` with a
    figure, and `marker`: Fingertips' trend marker of the last five points, one of MARKERS; `not_enough_points` also
    where a measure has no counts above and below the line.
    """
    own = rows[(rows["area"] == area) & (rows["sex"] == "T")].sort_values([*SERIES, "period"])
    own = own[own["numerator"].notna() | own["value"].notna()]
    if own.empty:
        return pd.DataFrame(columns=[*SERIES, "first", "last", "points", "marker"])
    grouped = own.assign(row=row_ids(own)).groupby(SERIES, sort=True)["row"]
    ends = grouped.agg(first="first", last="last", points="size")
    return ends.assign(marker=_markers(own, ends.index, catalogue)).reset_index()


def _markers(rows: pd.DataFrame, series: pd.Index, catalogue: Mapping[str, Indicator]) -> list[str]:
    """The trend marker of each series: shares by χ² of proportions, rates by regression."""
    counted = rows[rows["numerator"].notna() & rows["denominator"].notna()]
    markers = pd.Series("not_enough_points", index=series)
    for kind in ("proportion", "rate"):
        chosen = counted[[catalogue[name].statistic == kind for name in counted["indicator"]]]
        if not chosen.empty:
            x, n = (
                chosen.pivot_table(index=SERIES, columns="period", values=name, dropna=False)
                for name in ("numerator", "denominator")
            )
            found = methods.trend_marker(
                x.to_numpy(dtype=float, na_value=np.nan), n.to_numpy(dtype=float, na_value=np.nan), kind=kind
            )
            markers.loc[x.index] = found.marker
    return list(markers)


def _floats(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=float, na_value=np.nan)
