"""Rows by group and age band: totals per group, joins by key, and the groups that cannot be calculated."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import Errors, FloatArray, MethodError, Problem

BoolArray = NDArray[np.bool_]
Faults = dict[int, str]


@dataclass(frozen=True)
class Strata:
    """Which group each row belongs to. Without labels all rows are one group, and results are single numbers."""

    labels: NDArray[Any] | None
    of_row: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a result: one number, or one per label."""
        return () if self.labels is None else self.labels.shape

    @property
    def number(self) -> int:
        """How many groups there are."""
        return 1 if self.labels is None else self.labels.size

    def total(self, rows: NDArray[Any]) -> FloatArray:
        """The sum of the rows of each group; unknown if one of them is."""
        return np.bincount(self.of_row, rows, minlength=self.number).astype(float).reshape(self.shape)

    def largest(self, rows: FloatArray) -> FloatArray:
        """The largest of the known rows of each group, 0 where there are none."""
        largest = np.zeros(self.number)
        np.maximum.at(largest, self.of_row, np.where(np.isnan(rows), 0, rows))
        return largest.reshape(self.shape)

    def spread(self, per_group: NDArray[Any]) -> NDArray[Any]:
        """What holds for a group, repeated for each of its rows."""
        return np.ravel(per_group)[self.of_row]

    def order(self, key: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows sorted by group and then by `key`, and the place of each sorted row within its group (from 0)."""
        order = np.lexsort((key, self.of_row))
        sizes = np.bincount(self.of_row, minlength=self.number)
        return order, np.arange(order.size) - (np.cumsum(sizes) - sizes)[self.of_row[order]]


def stratify(group: ArrayLike | None, size: int) -> Strata:
    """Sort `size` rows into groups by label, in the order of np.unique; None is one group of all.

    Raises ValueError unless there is one label per row.
    """
    if group is None:
        return Strata(None, np.zeros(size, dtype=np.intp))
    labels, of_row = np.unique(labels_of_rows(group, size, "group"), return_inverse=True)
    return Strata(labels, of_row)


def labels_of_rows(labels: ArrayLike, size: int, name: str) -> NDArray[Any]:
    """The labels as an array; ValueError unless there is one per row."""
    given = np.asarray(labels).ravel()
    if given.size != size:
        raise ValueError(f"{name} has {given.size} labels for {size} rows: expected one for each")
    return given


def first_of_band(strata: Strata, age_band: ArrayLike | None) -> NDArray[np.intp]:
    """For each row, the first row of the same group and age band; without `age_band` the row itself."""
    if age_band is None:
        return np.arange(strata.of_row.size)
    bands, band = np.unique(labels_of_rows(age_band, strata.of_row.size, "age_band"), return_inverse=True)
    _, first, cell = np.unique(strata.of_row * bands.size + band, return_index=True, return_inverse=True)
    return first[cell]


def faults_of_rows(strata: Strata, bad: BoolArray, reason: str) -> Faults:
    """The groups that hold a bad row, with the reason and the first such row."""
    rows = np.flatnonzero(bad)
    numbers, first = np.unique(strata.of_row[rows], return_index=True)
    return {int(number): f"{reason} (row {row})" for number, row in zip(numbers, rows[first], strict=True)}


def faults_of_groups(bad: BoolArray, reason: str) -> Faults:
    """The bad groups, all for the same reason."""
    return {int(number): reason for number in np.flatnonzero(bad)}


def set_aside_groups(strata: Strata, faults: Sequence[Faults], errors: Errors) -> tuple[BoolArray, tuple[Problem, ...]]:
    """Return a mask of usable groups and the problems of the others; of several faults the first is reported."""
    merged = {number: reason for fault in reversed(faults) for number, reason in fault.items()}
    problems = tuple(Problem(number, merged[number]) for number in sorted(merged))
    if problems and errors == "raise":
        raise MethodError(problems)
    return ~np.isin(np.arange(strata.number), list(merged)).reshape(strata.shape), problems


@dataclass(frozen=True)
class Joined:
    """The figure that a table gives for each row, and the groups whose age bands do not fit the table's."""

    rows: FloatArray
    faults: Sequence[Faults] = ()


def join(figures: ArrayLike | Mapping[Any, float], age_band: ArrayLike | None, strata: Strata, name: str) -> Joined:
    """Return the figure of each row: as given if `figures` is an array, by age band if it is a mapping.

    Every age band of a mapping whose figure is not 0 must be there in every group. Raises ValueError if there is a
    mapping without `age_band`, or one label too many or few.
    """
    if not isinstance(figures, Mapping):
        return Joined(np.broadcast_to(np.ravel(np.asarray(figures, dtype=float)), strata.of_row.shape))
    if age_band is None:
        raise ValueError(f"the {name} is keyed by age band: age_band is needed to look it up")
    keys, known = list(figures), np.array([*figures.values(), np.nan], dtype=float)
    column = _columns(keys, labels_of_rows(age_band, strata.of_row.size, "age_band"))
    foreign = faults_of_rows(strata, column == len(keys), f"the age band is not in the {name}")
    return Joined(known[column], (foreign, _missing(keys, known, column, strata, name)))


def _columns(keys: list[Hashable], age_band: NDArray[Any]) -> NDArray[np.intp]:
    place = {key: column for column, key in enumerate(keys)}
    bands, of_row = np.unique(age_band, return_inverse=True)
    return np.array([place.get(band, len(keys)) for band in bands.tolist()], dtype=np.intp)[of_row]


def _missing(
    keys: list[Hashable], known: FloatArray, column: NDArray[np.intp], strata: Strata, name: str
) -> dict[int, str]:
    seen = np.zeros((strata.number, len(keys) + 1), dtype=bool)
    seen[strata.of_row, column] = True
    missing = (~seen & (known != 0))[:, :-1]
    names = {
        int(number): ", ".join(str(keys[column]) for column in np.flatnonzero(missing[number]))
        for number in np.flatnonzero(missing.any(axis=1))
    }
    return {number: f"age bands of the {name} are missing: {listed}" for number, listed in names.items()}


def beside(array: FloatArray, limits: FloatArray) -> FloatArray:
    """The array with one more last axis where the limits have one for several confidence levels."""
    return array[..., None] if limits.ndim > array.ndim else array
