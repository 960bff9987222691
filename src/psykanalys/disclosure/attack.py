"""Two attackers: what can a reader tell of each hidden count from all that is printed?

The *naive* one knows that counts are whole numbers of at least 0. The *rule-aware* one knows the rule besides: a hidden
count is at least 1, and where counts are hidden at least one of those that hang together is below the threshold.
Neither can tell which counts were small and which were hidden to protect them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from psykanalys.disclosure.system import Mask, System

THRESHOLD = 5


@dataclass(frozen=True)
class Attack:
    """What an attacker found: for each cell attacked its lowest and highest possible count, and how many are possible.

    `values` stops counting at what is required. Cells that were not attacked have the printed count and 1.
    """

    low: np.ndarray
    high: np.ndarray
    values: np.ndarray
    required: int
    attacked: Mask

    @property
    def narrow(self) -> Mask:
        """Cells that can be told too exactly."""
        return self.attacked & (self.values < self.required)


def attack(system: System, hidden: Mask, *, threshold: int = THRESHOLD, knows_rule: bool = False) -> Attack:
    """Attack every hidden cell, and every silent one that is small.

    Exact, by integer programming: bounds, then the number of possible counts up to the required (threshold for the
    naive attacker, one less for the one who knows the rule). What hangs together with nothing hidden is not attacked.
    """
    hidden = np.asarray(hidden, dtype=bool)
    required = threshold - 1 if knows_rule else threshold
    targets = hidden | (system.silent & is_small(system.counts, threshold))
    low, high = system.counts.astype(float), system.counts.astype(float)
    values = np.ones(len(system), dtype=int)
    for cells in system.split():
        if targets[cells].any():
            reader = _Reader(system.take(cells), hidden[cells], threshold, knows_rule=knows_rule)
            low[cells], high[cells], values[cells] = reader.all(targets[cells], required)
    return Attack(low, high, values, required, targets)


def is_small(counts: np.ndarray, threshold: int) -> Mask:
    """Counts of 1 to just below the threshold: somebody could be recognised."""
    return (counts > 0) & (counts < threshold)


class _Reader:
    """One attacker before one system: what is known, as linear constraints on whole numbers.

    The unknowns are the atoms and, for who knows the rule, one flag for each cell that may be why others are hidden.
    """

    def __init__(self, system: System, hidden: Mask, threshold: int, *, knows_rule: bool):
        self.system = system
        self.top = 2 * int(system.counts.sum()) + 4 * threshold  # no bound: far above all that can be told apart
        printed = ~hidden & ~system.silent
        self.size = system.parts.shape[1]
        self.flags = 0
        rules = [(system.parts[printed], system.counts[printed], system.counts[printed])]
        if knows_rule:
            rules += self._rule(hidden, threshold)
        width = self.size + self.flags
        matrix = sparse.vstack([_widened(part, width) for part, _, _ in rules], format="csr")
        low, high = (np.concatenate([rule[side] for rule in rules]).astype(float) for side in (1, 2))
        self.known = LinearConstraint(matrix, low, high)
        self.bounds = Bounds(0, np.concatenate([np.full(self.size, self.top), np.ones(self.flags)]))

    def _rule(self, hidden: Mask, threshold: int) -> list[tuple[sparse.csr_array, np.ndarray, np.ndarray]]:
        """A hidden cell is at least 1; of the cells that hang together where something is hidden one is small."""
        parts, silent = self.system.parts, self.system.silent
        reasons = np.flatnonzero(hidden | silent)
        self.flags = len(reasons)
        zero_too = self.system.may_be_zero
        flag = sparse.eye_array(self.flags, format="csr")
        small = sparse.hstack([parts[reasons], self.top * flag], format="csr")
        not_none = sparse.hstack([parts[reasons], -1 * (~zero_too[reasons])[:, None] * flag], format="csr")
        groups = _groups(self.system, hidden)[reasons]
        in_group = (groups == np.unique(groups[hidden[reasons]])[:, None]).astype(float)
        one_each = sparse.hstack([sparse.csr_array((len(in_group), self.size)), in_group], format="csr")
        endless = np.inf
        return [
            (parts[hidden], np.where(zero_too[hidden], 0, 1), np.full(hidden.sum(), endless)),
            (small, np.full(self.flags, -endless), np.full(self.flags, threshold - 1 + self.top)),
            (not_none, np.zeros(self.flags), np.full(self.flags, endless)),
            (one_each, np.ones(len(in_group)), np.full(len(in_group), endless)),
        ]

    def all(self, targets: Mask, required: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The lowest and highest count of each cell, and how many counts are possible, up to `required`."""
        low, high = self.system.counts.astype(float), self.system.counts.astype(float)
        values = np.ones(len(self.system), dtype=int)
        cells = [int(cell) for cell in np.flatnonzero(targets)]
        seen: dict[int, set[int]] = {cell: {int(self.system.counts[cell])} for cell in cells}
        for cell in cells:
            low[cell], high[cell] = (self._extreme(cell, sign, seen) for sign in (1, -1))
        for cell in cells:
            self._count(cell, (int(low[cell]), int(high[cell])), required, seen)
            values[cell] = min(len(seen[cell]), required)
        return low, high, values

    def _extreme(self, cell: int, sign: int, seen: dict[int, set[int]]) -> int:
        found = self._solve(sign * self.system.parts[[cell]].toarray()[0], seen)
        return int(self.system.counts[cell]) if found is None else found[cell]

    def _count(self, cell: int, ends: tuple[int, int], required: int, seen: dict[int, set[int]]) -> None:
        """Try the counts between the ends, nearest first, until enough are seen to be possible."""
        left = [value for value in range(ends[0], ends[1] + 1) if value not in seen[cell]][: 4 * required]
        for value in left:
            if len(seen[cell]) >= required:
                return
            if value not in seen[cell]:
                self._solve(np.zeros(self.size), seen, exactly=(cell, value))

    def _solve(
        self, aim: np.ndarray, seen: dict[int, set[int]], exactly: tuple[int, int] | None = None
    ) -> np.ndarray | None:
        """One possible world; every cell's count in it is possible, which is remembered."""
        known = [self.known]
        if exactly:
            row = _widened(self.system.parts[[exactly[0]]], self.size + self.flags)
            known.append(LinearConstraint(row, exactly[1], exactly[1]))
        width = self.size + self.flags
        found = milp(
            np.concatenate([aim, np.zeros(self.flags)]),
            constraints=known,
            integrality=np.ones(width),
            bounds=self.bounds,
        )
        if not found.success:
            return None
        world = np.rint(self.system.parts @ np.rint(found.x[: self.size])).astype(int)
        for cell, values in seen.items():
            values.add(int(world[cell]))
        return world


def _widened(part: sparse.csr_array, width: int) -> sparse.csr_array:
    lacking = width - part.shape[1]
    return part if not lacking else sparse.hstack([part, sparse.csr_array((part.shape[0], lacking))], format="csr")


def _groups(system: System, hidden: Mask) -> np.ndarray:
    """For each cell the number of its group: cells whose unknown parts hang together by what is printed."""
    printed = ~hidden & ~system.silent
    free = _free_atoms(system.parts[printed], system.counts[printed])
    linked = sparse.csr_array(system.parts.multiply(free[None, :]))
    _, label = connected_components(linked @ linked.T, directed=False)
    return label


def _free_atoms(printed: sparse.csr_array, counts: np.ndarray) -> Mask:
    """Atoms that the printed counts leave open."""
    zero = np.zeros(printed.shape[1], dtype=bool)
    zero[np.unique(printed[counts == 0].indices)] = True
    rest = printed.toarray()[:, ~zero]
    free = ~zero
    if rest.size:
        _, sizes, basis = np.linalg.svd(rest, full_matrices=True)
        rank = int((sizes > 1e-9 * max(1.0, sizes.max(initial=0))).sum())
        free[~zero] = (np.abs(basis[rank:]) > 1e-9).any(axis=0)
    return free
