"""Registers in a report: which of a long series' figures are judged, and how each measure has developed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from psykanalys import methods
from psykanalys.areas import NATION
from psykanalys.catalogue import Indicator

JUDGED = 3  # periods of the total that are judged: what a target on growth needs
MARKERS = ("increasing", "decreasing", "no_change", "not_enough_points", "not_estimable")
SERIES = ["indicator", "age"]


def to_judge(rows: pd.DataFrame, area: str) -> pd.DataFrame:
    """The rows of registers that become results: the area's last periods, and the nation's for the last of them.

    `rows` as `Series.rows` gives them. Of the total the last three periods of each measure, of women and men the last;
    the nation's rows of the same measure, age, sex and last period.
    """
    own = rows[rows["area"] == area]
    newest = own["period"].groupby([own[name] for name in SERIES]).rank(method="dense", ascending=False)
    kept = own[(newest == 1) | ((newest <= JUDGED) & (own["sex"] == "T"))]
    last = own.loc[newest == 1, [*SERIES, "sex", "period"]]
    nation = rows[rows["area"] == NATION].merge(last, on=[*SERIES, "sex", "period"]) if area != NATION else last[:0]
    return pd.concat([kept, nation], ignore_index=True)


def developments(rows: pd.DataFrame, area: str, catalogue: Mapping[str, Indicator]) -> pd.DataFrame:
    """How each measure of an area has developed, by the total of its register: one row per measure and age.

    Columns: `indicator`, `age`, `first` and `last` period, `first_value` and `last_value` (in the measure's unit, NaN
    where unknown), `points` with a figure, and `marker`: Fingertips' trend marker of the last five points, one of
    MARKERS; `not_enough_points` also where a measure has no counts.
    """
    own = rows[(rows["area"] == area) & (rows["sex"] == "T")].sort_values([*SERIES, "period"])
    own = own.assign(shown=_values(own, catalogue))
    own = own[own["shown"].notna()]
    if own.empty:
        return pd.DataFrame(columns=[*SERIES, "first", "last", "first_value", "last_value", "points", "marker"])
    grouped = own.groupby(SERIES, sort=True)
    ends = grouped.agg(
        first=("period", "first"), last=("period", "last"), first_value=("shown", "first"),
        last_value=("shown", "last"), points=("shown", "size"),
    )  # fmt: skip
    return ends.assign(marker=_markers(own, ends.index, catalogue)).reset_index()


def _values(rows: pd.DataFrame, catalogue: Mapping[str, Indicator]) -> np.ndarray:
    """Each figure in its measure's unit: from its counts where they are given."""
    numerator, denominator, value = (_floats(rows[name]) for name in ("numerator", "denominator", "value"))
    scale = rows["indicator"].map({name: _scale(catalogue[name]) for name in rows["indicator"].unique()}).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        calculated = np.where(np.isfinite(denominator), numerator / denominator * scale, numerator)
    return np.where(np.isfinite(value), value, calculated)


def _scale(indicator: Indicator) -> float:
    return {"proportion": 100.0, "rate": float(indicator.per or 1)}.get(indicator.statistic, 1.0)


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
