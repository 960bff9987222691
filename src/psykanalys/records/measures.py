"""Counts to measures: cumulative counts within each limit, and medians that take account of who still waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from psykanalys.methods.core import Estimate
from psykanalys.methods.strata import Strata
from psykanalys.methods.survival import fit_curve, quantile_of_curve
from psykanalys.records.counts import LIMITS

SURE = 0.95
Group = tuple[int, object, int]  # county, member, month


@dataclass(frozen=True)
class Waits:
    """How many waits there are, and how many of them are within each limit; `shown` limits tell no small stretch."""

    number: int
    within: tuple[int, ...]

    def over(self) -> tuple[int, ...]:
        """How many are longer than each limit."""
        return tuple(self.number - count for count in self.within)

    def shown(self, threshold: int) -> tuple[bool, ...]:
        """Which limits may be told: between two that are, nobody or at least `threshold` waits must lie.

        Counts within nested limits tell the counts between them by subtraction.
        """
        kept: list[int] = []
        for place, count in enumerate(self.within):
            if not 0 < count - (self.within[kept[-1]] if kept else 0) < threshold:
                kept.append(place)
        while kept and 0 < self.number - self.within[kept[-1]] < threshold:
            kept.pop()
        return tuple(place in kept for place in range(len(self.within)))


def waits_by_group(counts: pd.DataFrame) -> dict[Group, Waits]:
    """The waits of each county, member and month from counts by `bucket`."""
    wide = counts.pivot_table(index=["county", "member", "month"], columns="bucket", values="n", aggfunc="sum")
    wide = wide.reindex(columns=range(len(LIMITS) + 1)).fillna(0).astype(int)
    totals = np.cumsum(wide.to_numpy(), axis=1)
    return {
        group: Waits(int(row[-1]), tuple(int(count) for count in row[:-1]))
        for group, row in zip(wide.index, totals, strict=True)
    }


@dataclass(frozen=True)
class Durations:
    """Median and 90th percentile of the days waited, by the Kaplan–Meier curve; NaN where it does not fall so far."""

    groups: tuple[Group, ...]
    number: tuple[int, ...]
    median: Estimate
    percentile_90: Estimate


def durations(begun: pd.DataFrame) -> Durations:
    """The durations of each county, member and month from counts by `days` and `ended`."""
    groups = begun.groupby(["county", "member", "month"], sort=True)
    labels = tuple(groups.groups)
    strata = Strata(np.arange(len(labels)), groups.ngroup().to_numpy())
    counts = begun["n"].to_numpy(dtype=float)
    days, ended = (begun[name].to_numpy(dtype=float) for name in ("days", "ended"))
    curve = fit_curve(days, ended, strata, SURE, counts)
    median, percentile = (quantile_of_curve(curve, share, strata) for share in (0.5, 0.9))
    return Durations(labels, tuple(strata.total(counts).astype(int).tolist()), median, percentile)


def known_limits(low: float, high: float) -> tuple[float, float] | None:
    """Both limits, or nothing where one of them is not known: a range needs both ends."""
    return (float(low), float(high)) if np.isfinite([low, high]).all() else None
