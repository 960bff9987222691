"""Waiting times: how many were met in time, how many still wait, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Errors, Estimate, FloatArray, Problem, as_floats, masked
from psykanalys.methods.proportions import proportion
from psykanalys.methods.strata import Faults, Strata, faults_of_groups, faults_of_rows, set_aside_groups, stratify
from psykanalys.methods.survival import Curve, fit_curve, quantile_of_curve


@dataclass(frozen=True, kw_only=True)
class Waits(Estimate):
    """Flow and queue of each group; the last axis (before that of several confidences) is the limit in days.

    Flow, those whose wait is over: `ended`, of them `ended_within` each limit, and the share (`value`). Queue, those
    still waiting: `queue`, of them `queue_over` each limit already.
    """

    ended: FloatArray
    ended_within: FloatArray
    queue: FloatArray
    queue_over: FloatArray


@dataclass(frozen=True, kw_only=True)
class WaitingTimes(Waits):
    """The waits of all, those of all but the patient-chosen, and the days until half and nine tenths are met."""

    within: FloatArray
    without_patient_chosen: Waits
    median: Estimate
    percentile_90: Estimate
    group: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class WaitingCurve(Estimate):
    """The share still waiting after each `day` (`value`): one row per group and distinct day, in that order.

    `at_risk` waited until that day, `started` were met on it, the others who leave (`censored`) still wait.
    """

    day: FloatArray
    at_risk: FloatArray
    started: FloatArray
    censored: FloatArray
    group: NDArray[Any] | None = None


def waiting_times(
    days: ArrayLike,
    *,
    within: Sequence[float] = (0, 3, 7, 30, 90),
    patient_chosen: ArrayLike | None = None,
    waiting: ArrayLike | None = None,
    group: ArrayLike | None = None,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> WaitingTimes:
    """Return the share of waits that ended within each limit, the queue, and the median and 90th percentile of days.

    Formula: flow: waits of at most d days over all ended waits, exact (Clopper–Pearson) limits; the same without the
    patient-chosen, in numerator and denominator, under `without_patient_chosen`. Queue: how many still wait, and how
    many of them more than d days already; no share of the flow. Median and percentile: Kaplan–Meier of both together,
    a wait that goes on counting as longer than it is so far; limits where the log(−log) limits of the curve cross
    (Brookmeyer & Crowley).

    When: the care guarantee and its like, one row per referral. When not: the referrals are not one cohort. Ended
    waits of a month with the queue at its end leave out who gave up, and the long waits of others weigh too much;
    then the median is not that of a new patient. Waits at one clinic cluster: the limits are then too narrow.

    Shapes and units: one row per wait: `days` waited (so far, for those still waiting), `patient_chosen` and
    `waiting` true or false. `value`, its limits, `ended_within` and `queue_over` have a last axis for `within`
    (limits one more for several confidences); groups come first, in the order of np.unique(group). Without `waiting`
    all waits have ended and the queue is unknown (NaN); without `patient_chosen` so is that part. NaN for the median
    or percentile: not reached, too many still wait; for its limits: no limit on that side.

    Errors: negative or infinite days, a mark that is neither true nor false, nobody, or no ended wait: the group
    gives NaN and a problem with its number. An unknown wait or mark makes its group unknown. What is lacking only
    without the patient-chosen, or for the median, is in the problems of that part.

    References: Kaplan & Meier, J Am Stat Assoc 1958;53:457. Brookmeyer & Crowley, Biometrics 1982;38:29. Clopper &
    Pearson, Biometrika 1934;26:404.
    """
    limits = _check_limits(within)
    rows = _sort_out(days, waiting, patient_chosen, group)
    everyone = _waits(rows, np.ones(rows.days.shape), limits, confidence, "no wait has ended")
    _, problems = set_aside_groups(rows.strata, [*rows.faults, _as_faults(everyone.problems)], errors)
    curve = fit_curve(rows.days, 1 - rows.waiting, rows.strata, confidence)
    return WaitingTimes(
        **{**vars(everyone), "problems": problems},
        within=limits,
        without_patient_chosen=_waits(
            rows, 1 - rows.patient_chosen, limits, confidence, "no wait has ended but the patient-chosen"
        ),
        median=_days_until(0.5, "median_wait", curve, rows),
        percentile_90=_days_until(0.9, "percentile_90_wait", curve, rows),
        group=rows.strata.labels,
    )


def kaplan_meier(
    days: ArrayLike,
    waiting: ArrayLike | None = None,
    group: ArrayLike | None = None,
    *,
    confidence: ArrayLike = 0.95,
    errors: Errors = "collect",
) -> WaitingCurve:
    """Return the share still waiting after each day, with limits, one row per group and distinct day.

    Formula: S(t) = Π (1 − started / at risk) over the days up to t; Greenwood's V = Σ started / (at risk · (at risk −
    started)); limits S^exp(±z√V / |log S|), the log(−log) ones. Who still waits on a day is at risk on that day.

    When: some have not been met yet. When not: those still waiting differ from those met earlier in what they wait
    for, or leave the queue because they need no help any more.

    Shapes and units: `days` waited (so far), `waiting` true or false, None if all have been met. The rows are sorted
    by group and day; `group` has the label of each row. No limits (NaN) where all or nobody is left.

    Errors: as for `waiting_times`; such a group, or one with an unknown wait, gives one row of NaN.

    References: Kaplan & Meier, J Am Stat Assoc 1958;53:457. Greenwood, Reports on Public Health and Medical Subjects
    1926;33:1. Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 1980.
    """
    rows = _sort_out(days, waiting, None, group)
    _, problems = set_aside_groups(rows.strata, rows.faults, errors)
    curve = fit_curve(rows.days, 1 - rows.waiting, rows.strata, confidence)
    return WaitingCurve(
        curve.share,
        curve.low,
        curve.high,
        "share_still_waiting",
        "log_log",
        problems,
        day=curve.day,
        at_risk=curve.at_risk,
        started=curve.events,
        censored=curve.censored,
        group=None if rows.strata.labels is None else rows.strata.labels[curve.number],
    )


@dataclass(frozen=True)
class _Rows:
    """The waits; `days` is unknown throughout a group that cannot be calculated."""

    days: FloatArray
    waiting: FloatArray
    queue_known: bool
    patient_chosen: FloatArray
    strata: Strata
    usable: NDArray[np.bool_]
    faults: list[Faults]


def _sort_out(
    days: ArrayLike, waiting: ArrayLike | None, patient_chosen: ArrayLike | None, group: ArrayLike | None
) -> _Rows:
    marks = (0 if waiting is None else waiting, np.nan if patient_chosen is None else patient_chosen)
    waited, still, chosen = (array.ravel() for array in as_floats(days, *marks))
    strata = stratify(group, waited.size)
    faults = [
        faults_of_rows(strata, (waited < 0) | np.isinf(waited), "days are negative or infinite"),
        faults_of_rows(strata, _no_mark(still), "waiting is neither true nor false"),
        faults_of_rows(strata, _no_mark(chosen), "patient_chosen is neither true nor false"),
        faults_of_groups(np.ravel(strata.total(np.ones(waited.shape))) == 0, "nobody"),
    ]
    usable, _ = set_aside_groups(strata, faults, "collect")
    known = strata.spread(usable & ~np.isnan(strata.total(waited + still)))
    return _Rows(np.where(known, waited, np.nan), still, waiting is not None, chosen, strata, usable, faults)


def _no_mark(array: FloatArray) -> NDArray[np.bool_]:
    return ~np.isnan(array) & (array != 0) & (array != 1)


def _check_limits(within: Sequence[float]) -> FloatArray:
    limits = np.asarray(within, dtype=float)
    if limits.ndim != 1 or limits.size == 0 or not np.all(limits >= 0):
        raise ValueError(f"within={within!r}: expected one or more limits in days, such as (30, 90)")
    return limits


def _waits(rows: _Rows, counted: FloatArray, limits: FloatArray, confidence: ArrayLike, reason: str) -> Waits:
    """Flow and queue of the rows that are `counted` (1 or 0, NaN for unknown)."""
    present = np.where(np.isnan(rows.days), np.nan, counted)
    flow, queue = present * (1 - rows.waiting), present * (rows.waiting if rows.queue_known else np.nan)
    ended, still = (masked(rows.strata.total(part), rows.usable) for part in (flow, queue))
    ended_within, queue_within = (masked(_by_limit(part, rows, limits), rows.usable) for part in (flow, queue))
    some = np.where(ended > 0, ended, np.nan)[..., None]
    share = proportion(ended_within, some, confidence=confidence)
    problems = tuple(Problem(int(number), reason) for number in np.flatnonzero(ended == 0))
    return Waits(
        share.value,
        share.ci_low,
        share.ci_high,
        "share_within",
        "exact",
        problems,
        ended=ended,
        ended_within=ended_within,
        queue=still,
        queue_over=still[..., None] - queue_within,
    )


def _by_limit(counted: FloatArray, rows: _Rows, limits: FloatArray) -> FloatArray:
    return np.stack([rows.strata.total(counted * (rows.days <= limit)) for limit in limits], axis=-1)


def _as_faults(problems: tuple[Problem, ...]) -> Faults:
    return {problem.index: problem.reason for problem in problems}


def _days_until(probability: float, statistic: str, curve: Curve, rows: _Rows) -> Estimate:
    estimate = quantile_of_curve(curve, probability, rows.strata)
    known = rows.usable & ~np.isnan(rows.strata.total(rows.days))
    reason = f"fewer than {probability:.0%} are known to have been met"
    problems = tuple(Problem(int(number), reason) for number in np.flatnonzero(known & np.isnan(estimate.value)))
    return replace(estimate, statistic=statistic, problems=problems)
