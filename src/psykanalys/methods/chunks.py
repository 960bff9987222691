"""Elementwise work on long arrays: in chunks that fit in cache, on all cores from a certain length."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from psykanalys.methods.core import FloatArray

CHUNK = 8_192  # numbers per chunk: some twenty arrays of 64 kB
THREADS_FROM = 100_000  # numbers: below this, threads cost more than they give


def in_chunks(work: Callable[..., FloatArray], *arrays: FloatArray) -> FloatArray:
    """Return work(*arrays), for arrays of one shape and one dimension, calculated chunk by chunk.

    `work` must treat each element by itself: then neither the chunks nor the threads can change a digit. NumPy's and
    SciPy's functions release the interpreter lock, so that threads run side by side. Memory beyond the answer is that
    of one chunk per thread.
    """
    size = arrays[0].size
    answer = np.empty(size)

    def fill(start: int) -> None:
        part = slice(start, start + CHUNK)
        answer[part] = work(*(array[part] for array in arrays))

    threads = _threads(size)
    if threads == 1:
        for start in range(0, size, CHUNK):
            fill(start)
        return answer
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(0, size, CHUNK)))
    return answer


def _threads(size: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if size >= THREADS_FROM else 1
