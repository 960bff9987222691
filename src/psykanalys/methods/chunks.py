"""Elementwise work on long arrays: in chunks that fit in cache, on all cores from a certain length."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from psykanalys.methods.core import FloatArray

CHUNK = 8_192  # elements: some twenty arrays of 64 kB
THREADS_FROM = 100_000  # elements: below this, threads cost more than they give

Limits = Callable[..., tuple[FloatArray, FloatArray]]


def limits_in_chunks(limits: Limits, tail: FloatArray, *counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return limits(*counts, tail), low and high: in the shape of `counts`, with one more last axis for several tails.

    `counts` have one shape, and `tail` is as `core.tails` gives it. `limits` treats each element by itself.
    """
    shape = np.shape(counts[0]) + (tail.size,) * (tail.ndim > 0)
    levels = tail.reshape(1, -1) if tail.ndim else tail
    column = (-1, 1) if tail.ndim else (-1,)
    answer = np.empty((2, np.size(counts[0]), *levels.shape[1:]))

    def fill(part: slice) -> None:
        answer[0, part], answer[1, part] = limits(*(array[part] for array in columns), levels)

    columns = [np.reshape(array, column) for array in counts]
    over_chunks(fill, answer.shape[1])
    return answer[0].reshape(shape), answer[1].reshape(shape)


def over_chunks(fill: Callable[[slice], None], size: int) -> None:
    """Call `fill` with the slice of every chunk of `size` elements.

    Neither chunks nor threads change a digit, as long as each element is worked on by itself. NumPy's and SciPy's
    functions release the interpreter lock, so that threads run side by side. Besides the answer, memory is needed for
    one chunk per thread only.
    """
    parts = [slice(start, start + CHUNK) for start in range(0, size, CHUNK)]
    cores = _cores() if size >= THREADS_FROM else 1
    if cores == 1:
        for part in parts:
            fill(part)
        return
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(fill, parts))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
