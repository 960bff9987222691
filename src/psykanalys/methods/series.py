"""Series over time, one or many: brought to rows, with what is unknown marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psykanalys.methods.core import FloatArray, as_floats

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Series:
    """One row per series, one column per point.

    `known` marks the points where every value and the time are known. `shape` is that of the input without its time
    axis, `axis` where that axis stood.
    """

    values: tuple[FloatArray, ...]
    time: FloatArray
    known: Mask
    shape: tuple[int, ...]
    axis: int

    @property
    def points(self) -> NDArray[np.intp]:
        """How many points each series has."""
        return self.known.sum(axis=1)

    @property
    def first(self) -> FloatArray:
        """The first known time of each series; infinite if none."""
        return first_time(self.time, self.known)

    @property
    def last(self) -> FloatArray:
        """The last known time of each series; minus infinite if none."""
        return last_time(self.time, self.known)

    def only(self, usable: Mask) -> Series:
        """The same series with nothing known in those that are not usable."""
        return replace(self, known=self.known & usable[:, None])

    def in_time_order(self) -> Series:
        """The same series with its known points last, in the order of time."""
        order = np.argsort(np.where(self.known, self.time, -np.inf), axis=1, kind="stable")
        values, time, known = (_ordered(part, order) for part in (self.values, (self.time,), (self.known,)))
        return replace(self, values=values, time=time[0], known=known[0])

    def per_series(self, array: NDArray[Any]) -> NDArray[Any]:
        """One result per series in the shape of the input; further axes follow."""
        return array.reshape(self.shape + array.shape[1:])

    def shaped(self, results: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """All results, one per series each, in the shape of the input."""
        return {name: self.per_series(array) for name, array in results.items()}

    def per_point(self, array: NDArray[Any]) -> NDArray[Any]:
        """One result per point in the shape of the input."""
        return np.moveaxis(self.per_series(array), -1, self.axis)


def as_series(*arrays: ArrayLike, time: ArrayLike | None, axis: int) -> Series:
    """Return the arrays as rows along `axis`; a single number is a series of one point.

    `time` is one number per point, shared by all series or in the shape of the arrays; by default 0, 1, 2, …
    Raises ValueError if its length is another than that of the series.
    """
    values = [np.moveaxis(np.atleast_1d(array), axis, -1) for array in as_floats(*arrays)]
    shape, length = values[0].shape[:-1], values[0].shape[-1]
    rows = int(np.prod(shape)), length
    times = np.arange(length, dtype=float) if time is None else _times(time, axis)
    if times.shape not in ((length,), values[0].shape):
        raise ValueError(f"time has shape {times.shape} for series of {length} points: expected one time per point")
    known = np.all([~np.isnan(array) for array in (*values, np.broadcast_to(times, values[0].shape))], axis=0)
    return Series(
        tuple(array.reshape(rows) for array in values),
        np.broadcast_to(times, values[0].shape).reshape(rows),
        known.reshape(rows),
        shape,
        axis,
    )


def first_time(time: FloatArray, where: Mask) -> FloatArray:
    """The first time in each row among the points marked; infinite if none."""
    return np.where(where, time, np.inf).min(axis=-1, initial=np.inf)


def last_time(time: FloatArray, where: Mask) -> FloatArray:
    """The last time in each row among the points marked; minus infinite if none."""
    return np.where(where, time, -np.inf).max(axis=-1, initial=-np.inf)


def fewer(series: Series, points: int) -> Mask:
    """Which series have some points, but fewer than these."""
    return (series.points > 0) & (series.points < points)


def infinite(series: Series) -> Mask:
    """Which series have an infinite value or time."""
    return np.any([np.isinf(array).any(axis=1) for array in (*series.values, series.time)], axis=0)


def simultaneous(series: Series) -> Mask:
    """Which series have two points at the same time."""
    times = np.sort(np.where(series.known, series.time, np.nan), axis=1)
    return np.any(np.diff(times, axis=1) == 0, axis=1)


def _times(time: ArrayLike, axis: int) -> FloatArray:
    times = np.atleast_1d(np.asarray(time, dtype=float))
    return times if times.ndim == 1 else np.moveaxis(times, axis, -1)


def _ordered(arrays: tuple[NDArray[Any], ...], order: NDArray[np.intp]) -> tuple[NDArray[Any], ...]:
    return tuple(np.take_along_axis(array, order, axis=1) for array in arrays)
