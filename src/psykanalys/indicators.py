"""Catalogue × observations → results: one row per figure, with its value, its interval and what made it.

Order inside: take each figure as printed → calculate what its counts allow → attach the measure's meaning.
Nothing is inferred: a share without a printed denominator keeps its printed value and has no interval.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from psykanalys import methods
from psykanalys.catalogue import Indicator
from psykanalys.methods import Estimate

SURE, LIKELY = 0.95, 0.80
MEANING = ["title", "statistic", "nature", "decimals", "desired_direction", "counts"]
LIMITS = ["ci_low", "ci_high", "likely_low", "likely_high"]


def calculate(
    catalogue: Mapping[str, Indicator], observations: pd.DataFrame, survey: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one result per observation.

    `observations` and `survey` are the processed tables of those kinds. Added columns: `value` (in the measure's
    unit; calculated from printed counts, else as printed), `ci_low` and `ci_high` (95 %), `likely_low` and
    `likely_high` (80 %), `worst` and `best` (bounds under non-response), `interval_method`, `has_counts`, `frame`,
    `when` (the period, stated or implied) and the measure's meaning. A census has no interval; what is not known
    stays missing.
    """
    results = observations.assign(
        when=observations["period"].fillna(observations["as_of"]), frame=_frames(observations, survey)
    )
    meaning = pd.DataFrame([_meaning(catalogue[name]) for name in results["indicator"]], index=results.index)
    results = pd.concat([results, meaning], axis="columns") if len(results) else _empty(results)
    return pd.concat([_calculate_one_kind(group) for _, group in _kinds(results)]).sort_values("id", ignore_index=True)


def _meaning(indicator: Indicator) -> dict[str, object]:
    return {name: getattr(indicator, name) for name in MEANING} | {
        "focus_areas": " | ".join(str(number) for number in indicator.focus_areas),
        "per": float(indicator.per or 1),
    }


def _empty(results: pd.DataFrame) -> pd.DataFrame:
    return results.assign(**{name: pd.Series(dtype="object") for name in [*MEANING, "focus_areas", "per"]})


def _kinds(results: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    if results.empty:
        return [(None, results)]
    return list(results.groupby(["statistic", "nature"], sort=True))


def _frames(observations: pd.DataFrame, survey: pd.DataFrame | None) -> pd.Series:
    """How many were asked in the survey that an observation's document describes, where it says so."""
    if survey is None or survey.empty:
        return pd.Series(pd.NA, index=observations.index, dtype="Int64")
    frames = survey[(survey["kind"] == "frame") & survey["count"].notna()]
    return observations["source"].map(frames.groupby("source")["count"].max()).astype("Int64")


def _calculate_one_kind(group: pd.DataFrame) -> pd.DataFrame:
    """Calculate rows that share a statistic and a nature."""
    if group.empty:
        return group.assign(**{name: pd.Series(dtype=float) for name in [*LIMITS, "worst", "best"]})
    statistic, nature = group["statistic"].iloc[0], group["nature"].iloc[0]
    x, n = (group[name].to_numpy(dtype=float, na_value=np.nan) for name in ("numerator", "denominator"))
    estimate, scale = _estimate(statistic, nature, x, n, group)
    value = np.where(np.isfinite(estimate.value), _scaled(statistic, x, n, scale), _floats(group["value"]))
    return group.assign(
        value=value,
        has_counts=np.isfinite(estimate.value),
        interval_method=np.where(np.isfinite(estimate.value), estimate.interval_method, "none"),
        **_limits(estimate, scale, group, nature),
    )


def _scaled(statistic: str, x: np.ndarray, n: np.ndarray, scale: np.ndarray | float) -> np.ndarray:
    """The value in the measure's unit, rounded once: 29 of 50 is 58 per cent, not a hair below it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return x * scale / n if statistic in ("proportion", "rate") else x * scale


def _without_noise(numbers: np.ndarray) -> np.ndarray:
    """Numbers that differ from nine decimals by less than they are calculated with, as those decimals."""
    near = np.round(numbers, 9)
    return np.where(np.abs(numbers - near) <= 1e-12 * np.maximum(1, np.abs(near)), near, numbers)


def _estimate(
    statistic: str, nature: str, x: np.ndarray, n: np.ndarray, group: pd.DataFrame
) -> tuple[Estimate, np.ndarray | float]:
    by_chance = nature in {"process", "events", "sample"}
    confidence = [SURE, LIKELY]
    if statistic == "proportion":
        return (methods.proportion(x, n, confidence=confidence) if by_chance else methods.coverage(x, n)), 100.0
    if statistic == "rate":
        return methods.rate(x, n, per=1, confidence=confidence), _floats(group["per"])
    if statistic == "count" and nature == "events":
        return methods.count(x, confidence=confidence), 1.0
    nothing = np.full(len(group), np.nan)
    value = x if statistic == "count" else nothing
    return Estimate(value, nothing, nothing, statistic, "none"), 1.0


def _limits(estimate: Estimate, scale: np.ndarray | float, group: pd.DataFrame, nature: str) -> dict[str, np.ndarray]:
    both = (_two_levels(limits) * np.reshape(scale, (-1, 1)) for limits in (estimate.ci_low, estimate.ci_high))
    low, high = map(_without_noise, both)
    published_low, published_high = _floats(group["ci_low"]), _floats(group["ci_high"])
    limits = {
        "ci_low": np.where(np.isfinite(low[:, 0]), low[:, 0], published_low),
        "ci_high": np.where(np.isfinite(high[:, 0]), high[:, 0], published_high),
        "likely_low": low[:, 1],
        "likely_high": high[:, 1],
    }
    return limits | _worst_and_best(group, nature)


def _two_levels(limits: np.ndarray) -> np.ndarray:
    return limits if limits.ndim == 2 else np.repeat(limits[:, None], 2, axis=1)


def _worst_and_best(group: pd.DataFrame, nature: str) -> dict[str, np.ndarray]:
    if nature != "census_with_nonresponse" or group["statistic"].iloc[0] != "proportion":
        return {"worst": np.full(len(group), np.nan), "best": np.full(len(group), np.nan)}
    x, n, frame = (_floats(group[name]) for name in ("numerator", "denominator", "frame"))
    bounds = methods.bounds(x, n, frame)
    return {"worst": _without_noise(bounds.ci_low * 100), "best": _without_noise(bounds.ci_high * 100)}


def _floats(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=float, na_value=np.nan)


def has_figure(results: pd.DataFrame) -> pd.Series:
    """Whether a result reports a figure, a range or a yes or no: one truth value per row."""
    return results[["value", "value_low", "numerator", "yes_no"]].notna().any(axis="columns")
