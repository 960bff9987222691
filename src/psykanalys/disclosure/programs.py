"""The one door to the solver: linear and integer programs, silent and the same on every machine.

A program ends by its number of nodes. The clock is the last resort, and who asks is told when it was that which ended.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import sparse

NODES = 20_000  # for one integer program: a bound that does not depend on the machine's speed
ALMOST_WHOLE = 1e-6


@dataclass(frozen=True)
class Solved:
    """The best values found, or None; `ended`: nodes or clock ended the program before it was done."""

    x: np.ndarray | None
    ended: bool = False


@dataclass(frozen=True)
class Entries:
    """What is not 0 in a matrix."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> Entries:
        """Read a full matrix."""
        rows, columns = np.nonzero(matrix)
        return cls(rows, columns, matrix[rows, columns])

    def times(self, number: float) -> Entries:
        """All multiplied."""
        return Entries(self.rows, self.columns, number * self.values)


@dataclass(frozen=True)
class Block:
    """Some rows of a program: matrices, each with the column where it begins, and the rows' lowest and highest sums."""

    parts: tuple[tuple[Entries, int], ...]
    low: np.ndarray
    high: np.ndarray


def stacked(blocks: Sequence[Block], width: int) -> tuple[sparse.csc_array, np.ndarray, np.ndarray]:
    """The blocks below each other: matrix, lowest and highest sums."""
    rows, columns, values, row = [], [], [], 0
    for block in blocks:
        for part, column in block.parts:
            rows.append(part.rows + row)
            columns.append(part.columns + column)
            values.append(part.values)
        row += len(block.low)
    places = (np.concatenate(rows), np.concatenate(columns))
    matrix = sparse.csc_array((np.concatenate(values).astype(float), places), shape=(row, width))
    return matrix, np.concatenate([block.low for block in blocks]), np.concatenate([block.high for block in blocks])


def solve(
    aim: np.ndarray,
    matrix: np.ndarray | sparse.sparray,
    low: np.ndarray,
    high: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    *,
    whole: np.ndarray | None = None,
    nodes: int = NODES,
    seconds: float = np.inf,
) -> Solved:
    """The least `aim @ x` with `low <= matrix @ x <= high` and x within bounds; `whole`: where x is a whole number."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # most projects have nothing to protect

    with silence():
        found = milp(
            aim,
            constraints=LinearConstraint(matrix, low, high) if matrix.shape[0] else None,
            integrality=whole,
            bounds=Bounds(*bounds),
            options={"node_limit": nodes, "time_limit": seconds, "mip_rel_gap": 0.0},
        )
    return Solved(found.x, "limit" in found.message.lower())


def solve_whole(
    aim: np.ndarray,
    matrix: np.ndarray | sparse.sparray,
    low: np.ndarray,
    high: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
) -> np.ndarray | None:
    """The same in whole numbers, or None. It is solved without that demand first: mostly they are whole anyway."""
    found = solve(aim, matrix, low, high, bounds).x
    if found is not None and (abs(found - np.rint(found)) > ALMOST_WHOLE).any():
        found = solve(aim, matrix, low, high, bounds, whole=np.ones(len(aim))).x
    return None if found is None else np.rint(found).astype(np.int64)


@contextmanager
def silence() -> Iterator[None]:
    """Keep what the solver prints in spite of its options from the output; what Python prints is not touched.

    HiGHS up to 1.12 prints a line of its developers' whenever it has to mend what presolve made of a solution (HiGHS
    issue 2783), and no option stops it. Only C's own `stdout` is led away, not the process's output: other threads may
    print meanwhile. Where C's `stdout` cannot be replaced (no glibc), nothing is done.
    """
    _quiet.enter()
    try:
        yield
    finally:
        _quiet.leave()


@dataclass
class _Quiet:
    """C's `stdout`, led away while anybody needs it."""

    inside: int = 0
    before: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1 and (streams := _streams()):
                stdout, nowhere = streams
                self.before, stdout.value = stdout.value, nowhere

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0 and (streams := _streams()):
                streams[0].value = self.before


_quiet = _Quiet()


@cache
def _streams() -> tuple[ctypes.c_void_p, int] | None:
    """C's variable `stdout`, and a stream to nowhere; None where there is no such variable."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):  # elsewhere it may be a constant
        return None
    stdout = ctypes.c_void_p.in_dll(library, "stdout")
    library.fopen.restype = ctypes.c_void_p
    nowhere = library.fopen(b"/dev/null", b"w")
    return (stdout, nowhere) if nowhere else None
