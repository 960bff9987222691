"""Two attackers: what can a reader tell of each hidden count from all that is printed?

The *naive* one knows that counts are whole numbers of at least 0. The *rule-aware* one knows the rule besides: a hidden
count is at least 1, and where counts are hidden at least one of those that hang together is below the threshold.
Neither can tell which counts were small and which were hidden to protect them.

What the printed counts leave open falls apart into groups: counts of one group cannot change without each other, and
nothing in one group tells anything of another. Each group is attacked by itself, exactly, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

from psykanalys.disclosure.system import NODES, Mask, System

THRESHOLD = 5
ALMOST_ZERO = 1e-9
MOST_MOVES = 24  # that are tried in pairs before any program


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


def attack(
    system: System,
    hidden: Mask,
    *,
    threshold: int = THRESHOLD,
    knows_rule: bool = False,
    other_reasons: Mask | None = None,
    bounds: bool = True,
    until_narrow: bool = False,
) -> Attack:
    """Attack every hidden cell, and every silent one that is small and does not follow from public rows.

    Exact, by integer programming: bounds, then the number of possible counts up to the required (threshold for the
    naive attacker, one less for the one who knows the rule). `other_reasons`: hidden cells that the rule may hide
    whatever their count. `bounds=False` leaves out bounds that the number of possible counts does not need;
    `until_narrow` stops at the first cell that can be told (the others are then not looked at).
    """
    hidden = np.asarray(hidden, dtype=bool)
    excused = np.zeros_like(hidden) if other_reasons is None else np.asarray(other_reasons, dtype=bool)
    required = threshold - 1 if knows_rule else threshold
    targets = hidden | unsaid(system, threshold)
    low, high = system.counts.astype(float), system.counts.astype(float)
    values = np.ones(len(system), dtype=int)
    for cells, part in system.apart:
        if targets[cells].any():
            for group in groups(part, hidden[cells]):
                own = cells[group.cells]
                reader = _Reader(part, group, hidden[own], excused[own], threshold, knows_rule=knows_rule)
                low[own], high[own], values[own] = reader.all(
                    targets[own], required, bounds=bounds, until_narrow=until_narrow
                )
                if until_narrow and (values[own] < required)[targets[own]].any():
                    break
    return Attack(low, high, values, required, targets)


def is_small(counts: np.ndarray, threshold: int) -> Mask:
    """Counts of 1 to just below the threshold: somebody could be recognised."""
    return (counts > 0) & (counts < threshold)


def unsaid(system: System, threshold: int) -> Mask:
    """Small counts that are never printed; those of public rows are public, too."""
    return system.silent & ~system.fixed & is_small(system.counts, threshold)


def has_reason(system: System, threshold: int) -> Mask:
    """Counts that the rule hides, or for which it hides others."""
    least = np.where(system.may_be_zero, 0, 1)
    return (system.counts >= least) & (system.counts < threshold)


@dataclass(frozen=True)
class Group:
    """Atoms and cells (hidden or silent) that cannot change without each other, and the ways in which they can.

    `world`: the true atoms. `moves`: atoms × ways; any change of the atoms that no printed count
    shows is a sum of these.
    """

    atoms: np.ndarray
    cells: np.ndarray
    world: np.ndarray
    moves: np.ndarray


def groups(system: System, hidden: Mask) -> Iterator[Group]:
    """The groups of a system that hangs together. Cells that follow from what is printed are in none."""
    if system.world is None:
        return
    unknown = np.flatnonzero(hidden | system.silent)
    printed = system.parts[~hidden & ~system.silent].toarray()
    atoms = np.flatnonzero(~_surely_zero(printed, system.world))
    moves = _kernel(printed[:, atoms])
    if not moves.size:
        return
    seen = np.vstack([moves, system.parts[unknown].toarray()[:, atoms] @ moves])
    related = sparse.csr_array(abs(seen) > ALMOST_ZERO)
    _, label = connected_components(
        sparse.block_array([[None, related], [related.T, None]], format="csr"), directed=False
    )
    of_atoms, of_cells, of_moves = np.split(label, [len(atoms), len(seen)])
    for number in np.unique(of_moves):
        ways = moves[np.ix_(of_atoms == number, of_moves == number)]
        own = atoms[of_atoms == number]
        yield Group(own, unknown[of_cells == number], system.world[own], ways)


class _Reader:
    """One attacker before one group. The unknowns are how far the atoms lie from the true ones, in whole numbers."""

    def __init__(self, system: System, group: Group, hidden: Mask, excused: Mask, threshold: int, *, knows_rule: bool):
        self.counts, self.world = system.counts[group.cells], group.world
        self.parts = system.parts[group.cells].toarray()[:, group.atoms]
        self.threshold, self.moves = threshold, group.moves
        self.top = 2 * int(abs(system.counts).sum()) + 4 * threshold  # no bound: far above all that can be told apart
        outside = np.ones(len(system), dtype=bool)
        outside[group.cells] = False
        near = system.parts[outside][:, group.atoms]
        self.printed = near[np.diff(near.indptr) > 0].toarray()
        self.least = np.where(hidden & knows_rule & ~system.may_be_zero[group.cells], 1, 0)
        self.least_reason = np.where(system.may_be_zero[group.cells], 0, 1)
        self.one_is_small = knows_rule and not (excused & hidden).any()
        self.seen: list[set[int]] = [set() for _ in self.counts]

    def all(
        self, targets: Mask, required: int, *, bounds: bool, until_narrow: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The lowest and highest count of each cell, and how many counts are possible, up to `required`."""
        low, high = self.counts.astype(float), self.counts.astype(float)
        values = np.ones(len(self.counts), dtype=int)
        self._move(required)
        for cell in np.flatnonzero(targets).tolist():
            enough = np.inf if bounds else required
            if len(self.seen[cell]) < enough:
                low[cell], high[cell] = (self._extreme(cell, sign, enough) for sign in (1, -1))
            self._count(cell, (int(low[cell]), int(high[cell])), required)
            values[cell] = min(max(len(self.seen[cell]), 1), required)
            if until_narrow and values[cell] < required:
                break
        return low, high, values

    @cached_property
    def _reasons(self) -> list[list[LinearConstraint]]:
        """What may be why something is hidden: each cell that can be small, the smallest first; nothing if unknown."""
        if not self.one_is_small:
            return [[]]
        likely = [self._between(int(cell), self.least_reason[cell]) for cell in np.argsort(self.counts, kind="stable")]
        return [[reason] for reason in likely if self._solve(np.zeros(len(self.world)), reason) is not None]

    def _between(self, cell: int, least: int, most: int | None = None) -> LinearConstraint:
        most = self.threshold - 1 if most is None else most
        true = self.counts[cell]
        return LinearConstraint(self.parts[cell], least - true, most - true)

    def _is_reason(self, counts: np.ndarray) -> Mask:
        return (counts >= self.least_reason) & (counts < self.threshold)

    def _move(self, required: int) -> None:
        """Look at the nearest worlds first: they cost next to nothing, and mostly suffice."""
        self._remember(np.zeros(len(self.world)))
        moves = self.moves[:, (self.moves == np.rint(self.moves)).all(axis=0)][:, :MOST_MOVES]
        pairs = [moves[:, [one]] + sign * moves[:, one + 1 :] for one in range(moves.shape[1]) for sign in (1, -1)]
        ways = np.hstack([moves, *pairs])
        steps = np.delete(np.arange(-required, required + 1), required)
        changes = (ways[:, :, None] * steps).reshape(len(self.world), -1)
        counts = self.counts[:, None] + self.parts @ changes
        possible = (changes >= -self.world[:, None]).all(axis=0) & (counts >= self.least[:, None]).all(axis=0)
        if self.one_is_small:
            possible &= ((counts >= self.least_reason[:, None]) & (counts < self.threshold)).any(axis=0)
        for values, found in zip(self.seen, counts[:, possible], strict=True):
            values.update(np.unique(found).astype(int).tolist())

    def _remember(self, change: np.ndarray) -> np.ndarray | None:
        """The counts of a world, noted as possible; None if it is not possible."""
        change = np.rint(change).astype(np.int64)
        if (change < -self.world).any() or (self.printed @ change).any():
            return None
        counts = self.counts + np.rint(self.parts @ change).astype(np.int64)
        if (counts < self.least).any() or (self.one_is_small and not self._is_reason(counts).any()):
            return None
        for values, count in zip(self.seen, counts, strict=True):
            values.add(int(count))
        return counts

    def _extreme(self, cell: int, sign: int, enough: float) -> int:
        """The lowest (sign 1) or highest count: that of all worlds if it has a reason, else the best of any reason."""
        aim = sign * self.parts[cell]
        change = self._solve(aim)
        if change is None:
            return int(self.counts[cell])
        if (counts := self._remember(change)) is not None:
            return int(counts[cell])
        limit = sign * (self.counts[cell] + int(np.rint(self.parts[cell] @ change)))
        best: int | None = None
        for reason in self._reasons:
            better = [] if best is None else [LinearConstraint(aim, -np.inf, best - 1 - sign * self.counts[cell])]
            change = self._solve(aim, *reason, *better)
            counts = None if change is None else self._remember(change)
            best = best if counts is None else int(sign * counts[cell])
            if best == limit or len(self.seen[cell]) >= enough:
                break
        return int(self.counts[cell]) if best is None else sign * best

    def _count(self, cell: int, ends: tuple[int, int], required: int) -> None:
        """Try the counts between the ends, nearest first, until enough are seen to be possible."""
        left = [value for value in range(ends[0], ends[1] + 1) if value not in self.seen[cell]][: 4 * required]
        for value in left:
            if len(self.seen[cell]) >= required:
                return
            if value not in self.seen[cell]:
                next(self._worlds(np.zeros(len(self.world)), self._between(cell, value, value)), None)

    def _worlds(self, aim: np.ndarray, *known: LinearConstraint) -> Iterator[np.ndarray]:
        """The best world for each cell that may be why something is hidden (one in all if no reason is known)."""
        for reason in self._reasons:
            change = self._solve(aim, *known, *reason)
            counts = None if change is None else self._remember(change)
            if counts is not None:
                yield counts

    def _solve(self, aim: np.ndarray, *known: LinearConstraint) -> np.ndarray | None:
        rules = [LinearConstraint(self.printed, 0, 0)] if len(self.printed) else []
        if self.least.any():
            rules.append(LinearConstraint(self.parts, self.least - self.counts, np.inf))
        found = milp(
            aim,
            constraints=[*rules, *known],
            integrality=np.ones(len(self.world)),
            bounds=Bounds(-self.world, self.top),
            options={"node_limit": NODES},
        )
        return found.x


def _surely_zero(printed: np.ndarray, world: np.ndarray) -> Mask:
    """Atoms that the printed counts leave no room for: they are 0 in every world."""
    zero = np.zeros(len(world), dtype=bool)
    zero[(printed[(printed >= 0).all(axis=1) & (printed @ world == 0)] > 0).any(axis=0)] = True
    open_ones = np.flatnonzero(~zero & (world == 0))
    if len(open_ones) and len(printed):
        zero[open_ones] = ~_can_grow(printed[:, ~zero], world[~zero])[np.searchsorted(np.flatnonzero(~zero), open_ones)]
    return zero


def _can_grow(printed: np.ndarray, world: np.ndarray) -> Mask:
    """Atoms that are above 0 in some world, by one program: as many as possible at once, all counts multiplied."""
    size = len(world)
    times = -(printed @ world)[:, None]
    found = linprog(
        np.concatenate([np.zeros(size), -np.ones(size), [0]]),
        A_ub=np.hstack([-np.eye(size), np.eye(size), np.zeros((size, 1))]),
        b_ub=np.zeros(size),
        A_eq=np.hstack([printed, np.zeros((len(printed), size)), times]),
        b_eq=np.zeros(len(printed)),
        bounds=[(0, None)] * size + [(0, 1)] * size + [(1, None)],
    )
    return found.x[size:-1] > 0.5 if found.success else np.ones(size, dtype=bool)


def _kernel(printed: np.ndarray) -> np.ndarray:
    """Atoms × ways to change them that no printed count shows, each way with one atom that the others lack."""
    rows = printed.astype(float)
    size = rows.shape[1]
    pivots: list[int] = []
    for column in range(size):
        done = len(pivots)
        if done == len(rows):
            break
        best = done + int(np.argmax(abs(rows[done:, column])))
        if abs(rows[best, column]) <= ALMOST_ZERO:
            continue
        rows[[done, best]] = rows[[best, done]]
        rows[done] /= rows[done, column]
        others = np.flatnonzero(abs(rows[:, column]) > ALMOST_ZERO)
        others = others[others != done]
        rows[others] -= np.outer(rows[others, column], rows[done])
        pivots.append(column)
    free = np.setdiff1d(np.arange(size), pivots)
    ways = np.zeros((size, len(free)))
    ways[free, np.arange(len(free))] = 1
    ways[pivots] = -rows[: len(pivots), free]
    near = np.rint(ways)
    return np.where(abs(ways - near) < ALMOST_ZERO, near, ways)
