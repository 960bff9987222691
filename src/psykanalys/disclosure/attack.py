"""Two attackers: what can a reader tell of each hidden count from all that is printed?

The *naive* one knows that counts are whole numbers of at least 0. The *rule-aware* one knows the rule besides: a hidden
count is at least 1, and where counts are hidden at least one of those that hang together is below the threshold.
Neither can tell which counts were small and which were hidden to protect them.

What the printed counts leave open falls apart into groups: counts of one group cannot change without each other, and
nothing in one group tells anything of another. Each group is attacked by itself, exactly, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from scipy import sparse

from psykanalys.disclosure.programs import solve, solve_whole
from psykanalys.disclosure.system import Mask, System

THRESHOLD = 5
ALMOST_ZERO = 1e-9
MOST_MOVES = 24  # that are tried in pairs before any program
MOST_WORLDS = 3000  # up to so many are listed instead of programs being solved

Ranges = Mapping[int, tuple[float, float]]  # cell → its lowest and highest count


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
    memory: Memory | None = None,
) -> Attack:
    """Attack every hidden cell, and every silent one that is small and does not follow from public rows.

    Exact, by integer programming: bounds, then the number of possible counts up to the required (threshold for the
    naive attacker, one less for the one who knows the rule). `other_reasons`: hidden cells that the rule may hide
    whatever their count. `bounds=False` leaves out bounds that the number of possible counts does not need;
    `until_narrow` stops at the first cell that can be told (the others are then not looked at). `memory`: what earlier
    attacks on this system have found; it saves time and changes no answer.
    """
    hidden = np.asarray(hidden, dtype=bool)
    excused = np.zeros_like(hidden) if other_reasons is None else np.asarray(other_reasons, dtype=bool)
    required = threshold - 1 if knows_rule else threshold
    targets = hidden | unsaid(system, threshold)
    low, high = system.counts.astype(float), system.counts.astype(float)
    values = np.ones(len(system), dtype=int)
    found = Attack(low, high, values, required, targets)
    for cells, part in system.apart:
        if not targets[cells].any():
            continue
        known = memory if memory is not None and memory.system is part else Memory(part)
        together = known.groups(hidden[cells])
        if until_narrow and _follows(part, together, targets[cells]):
            return found
        for group in together:
            own = cells[group.cells]
            reader = _Reader(known, group, hidden[own], excused[own], threshold, knows_rule=knows_rule)
            low[own], high[own], values[own] = reader.all(
                targets[own], required, bounds=bounds, until_narrow=until_narrow
            )
            if until_narrow and found.narrow[own].any():
                return found
    return found


def _follows(system: System, together: tuple[Group, ...], targets: Mask) -> bool:
    """Whether some cell that is attacked follows from what is printed: it is in no group."""
    free = np.zeros(len(system), dtype=bool)
    for group in together:
        free[group.cells] = True
    return bool((targets & ~free).any())


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


class Memory:
    """What attacks on one system (that hangs together) have found: its groups, and ways in which its atoms change.

    A way is tried anew against whatever is printed at the time, in whole numbers, before it counts.
    """

    def __init__(self, system: System):
        self.system = system
        self._groups: dict[bytes, tuple[Group, ...]] = {}
        self._ways: dict[bytes, np.ndarray] = {}

    def groups(self, hidden: Mask) -> tuple[Group, ...]:
        """The groups; those of what was hidden last are kept."""
        key = hidden.tobytes()
        if key not in self._groups:
            self._groups = {key: tuple(groups(self.system, hidden))}
        return self._groups[key]

    def ways(self, printed: np.ndarray, atoms: np.ndarray) -> np.ndarray:
        """Atoms × ways found earlier to change these atoms, such that no printed count (rows × atoms) shows it."""
        if not self._ways:
            return np.zeros((len(atoms), 0))
        ways = np.array(list(self._ways.values())).T[atoms]
        return ways[:, ways.any(axis=0) & ~(printed @ ways).any(axis=0)]

    def keep(self, atoms: np.ndarray, change: np.ndarray) -> None:
        """Note a change of some atoms."""
        way = np.zeros(self.system.parts.shape[1])
        way[atoms] = change
        self._ways.setdefault(way.tobytes(), way)


def groups(system: System, hidden: Mask) -> Iterator[Group]:
    """The groups of a system that hangs together. Cells that follow from what is printed are in none."""
    if system.world is None:
        return
    unknown = np.flatnonzero(hidden | system.silent)
    printed = system.dense[~hidden & ~system.silent]
    atoms = np.flatnonzero(~_printed_atoms(printed))
    printed = printed[:, atoms]
    printed = printed[printed.any(axis=1)]
    open_ones = ~_surely_zero(printed, system.world[atoms])
    atoms, printed = atoms[open_ones], printed[:, open_ones]
    moves = _kernel(printed)
    if not moves.size:
        return
    seen = np.vstack([moves, system.dense[np.ix_(unknown, atoms)] @ moves])
    related = (abs(seen) > ALMOST_ZERO).astype(float)
    of_moves = _together(related.T @ related)
    for name in np.unique(of_moves):
        own = of_moves == name
        touched: Mask = np.any(related[:, own], axis=1)
        near, cells = touched[: len(atoms)], touched[len(atoms) :]
        yield Group(atoms[near], unknown[cells], system.world[atoms[near]], moves[np.ix_(near, own)])


def _together(linked: np.ndarray) -> np.ndarray:
    """For each of some things the first one that it hangs together with, directly or by others."""
    while True:
        further = ((linked @ linked) > 0).astype(float)
        if (further == linked).all():
            return further.argmax(axis=0)
        linked = further


def _printed_atoms(printed: np.ndarray) -> Mask:
    """Atoms that are printed themselves, or what is left of a printed count when those are taken from it."""
    known = np.zeros(printed.shape[1], dtype=bool)
    while True:
        left = (printed != 0) & ~known
        alone: Mask = np.any(left[left.sum(axis=1) == 1], axis=0)
        if not alone.any():
            return known
        known |= alone


class _Reader:
    """One attacker before one group. The unknowns are how far the atoms lie from the true ones, in whole numbers."""

    def __init__(self, memory: Memory, group: Group, hidden: Mask, excused: Mask, threshold: int, *, knows_rule: bool):
        system = memory.system
        self.memory, self.atoms = memory, group.atoms
        self.counts, self.world = system.counts[group.cells], group.world
        self.parts = system.dense[np.ix_(group.cells, group.atoms)]
        self.threshold, self.moves = threshold, group.moves
        self.top = 2 * int(abs(system.counts).sum()) + 4 * threshold  # no bound: far above all that can be told apart
        outside = np.ones(len(system), dtype=bool)
        outside[group.cells] = False
        near = system.dense[np.ix_(outside, group.atoms)]
        self.printed = near[near.any(axis=1)]
        self.least = np.where(hidden & knows_rule & ~system.may_be_zero[group.cells], 1, 0)
        self.least_reason = np.where(system.may_be_zero[group.cells], 0, 1)
        self.one_is_small = knows_rule and not (excused & hidden).any()
        self.seen: list[set[int]] = [set() for _ in self.counts]
        self.no_reason: set[int] = set()

    def all(
        self, targets: Mask, required: int, *, bounds: bool, until_narrow: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The lowest and highest count of each cell, and how many counts are possible, up to `required`."""
        low, high = self.counts.astype(float), self.counts.astype(float)
        values = np.ones(len(self.counts), dtype=int)
        every = self._every_change()
        self._note(self._nearest(required) if every is None else every)
        for cell in sorted(np.flatnonzero(targets).tolist(), key=lambda cell: (len(self.seen[cell]), cell)):
            if every is not None:
                low[cell], high[cell] = (end(self.seen[cell], default=self.counts[cell]) for end in (min, max))
            elif bounds or len(self.seen[cell]) < required:
                enough = np.inf if bounds else required
                low[cell], high[cell] = (self._extreme(cell, sign, enough) for sign in (1, -1))
                self._count(cell, (int(low[cell]), int(high[cell])), required)
            values[cell] = min(max(len(self.seen[cell]), 1), required)
            if until_narrow and values[cell] < required:
                break
        return low, high, values

    def _every_change(self) -> np.ndarray | None:
        """Every change that is possible (and some that are not), atoms × changes, where they are few; else None."""
        own = (self.moves != 0).sum(axis=1) == 1  # atoms that change by one way alone; each way has one
        first = [int(np.flatnonzero(own & (way == 1))[0]) for way in self.moves.T]
        most = self._most()[first]
        sizes = self.world[first] + most + 1
        if not np.isfinite(most).all() or np.prod(sizes) > MOST_WORLDS:
            return None
        steps = [np.arange(-self.world[atom], end + 1) for atom, end in zip(first, most, strict=True)]
        return self.moves @ np.array(list(product(*steps))).T

    def _most(self) -> np.ndarray:
        """How far each atom can grow at most, by each printed count that it is part of; infinite if it is in none."""
        rows = self.printed[(self.printed >= 0).all(axis=1)]
        with np.errstate(divide="ignore"):
            room = np.where(rows > 0, (rows @ self.world)[:, None] / rows, np.inf)
        return np.floor(room.min(axis=0, initial=np.inf)) - self.world

    def _nearest(self, required: int) -> np.ndarray:
        """Changes by one way, by two, or by one found earlier, some steps each: they mostly suffice."""
        whole = self.moves[:, (self.moves == np.rint(self.moves)).all(axis=0)]
        few = whole[:, :MOST_MOVES]
        pairs = [few[:, [one]] + sign * few[:, one + 1 :] for one in range(few.shape[1]) for sign in (1, -1)]
        ways = np.hstack([whole, *pairs, self.memory.ways(self.printed, self.atoms)])
        return (ways[:, :, None] * np.arange(-required, required + 1)).reshape(len(self.world), -1)

    def _note(self, changes: np.ndarray) -> Mask:
        """Note the counts of all worlds that are possible; which ones are."""
        whole = np.rint(changes)
        counts = self.counts[:, None] + np.rint(self.parts @ whole).astype(np.int64)
        possible = (abs(changes - whole) < ALMOST_ZERO).all(axis=0) & (whole >= -self.world[:, None]).all(axis=0)
        possible &= ~(self.printed @ whole).any(axis=0) & (counts >= self.least[:, None]).all(axis=0)
        if self.one_is_small:
            possible &= ((counts >= self.least_reason[:, None]) & (counts < self.threshold)).any(axis=0)
        for values, found in zip(self.seen, counts[:, possible], strict=True):
            values.update(np.unique(found).tolist())
        return possible

    def _is_world(self, change: np.ndarray) -> bool:
        """Whether a world is possible; it and those on the way to it are noted."""
        steps = int(np.gcd.reduce(change))
        if not self._note(change[:, None].astype(float))[0]:
            return False
        if steps > 0:
            one = change / steps
            self.memory.keep(self.atoms, one)
            few = np.arange(-min(steps, self.threshold), min(steps, self.threshold) + 1)
            self._note(one[:, None] * few)
        return True

    def _extreme(self, cell: int, sign: int, enough: float) -> int:
        """The lowest (sign 1) or highest count: that of all worlds if it has a reason, else the best of any reason."""
        true = int(self.counts[cell])
        change = self._solve(sign * self.parts[cell], {})
        if change is None:
            return true
        limit = true + int(np.rint(self.parts[cell] @ change))
        if self._is_world(change):
            return limit
        for reason in self._reasons():
            seen = self.seen[cell]
            if len(seen) >= enough or limit in seen:
                break
            best = min(seen, default=None) if sign > 0 else max(seen, default=None)
            self._better(cell, sign, best, reason)
        return min(self.seen[cell], default=true) if sign > 0 else max(self.seen[cell], default=true)

    def _better(self, cell: int, sign: int, best: int | None, reason: int) -> None:
        """Look for a world that is better than the best one known, with one cell as the reason."""
        known = {} if best is None else {cell: (-np.inf, best - 1) if sign > 0 else (best + 1, np.inf)}
        change = self._solve(sign * self.parts[cell], known, reason)
        if change is not None:
            self._is_world(change)

    def _reasons(self) -> Iterator[int]:
        """Cells that may be why something is hidden, the smallest first; those that cannot be are left out."""
        for cell in np.argsort(self.counts, kind="stable").tolist():
            if cell in self.no_reason:
                continue
            is_seen = any(self.least_reason[cell] <= count < self.threshold for count in self.seen[cell])
            if is_seen or self._solve(np.zeros(len(self.world)), {}, cell) is not None:
                yield cell
            else:
                self.no_reason.add(cell)

    def _count(self, cell: int, ends: tuple[int, int], required: int) -> None:
        """Try the counts between the ends, nearest first, until enough are seen to be possible."""
        left = [value for value in range(ends[0], ends[1] + 1) if value not in self.seen[cell]][: 4 * required]
        for value in left:
            if len(self.seen[cell]) >= required:
                return
            if value not in self.seen[cell]:
                self._try(cell, value)

    def _try(self, cell: int, value: int) -> None:
        """Look for a world in which a cell has this count."""
        for reason in self._reasons() if self.one_is_small else (None,):
            change = self._solve(np.zeros(len(self.world)), {cell: (value, value)}, reason)
            if change is not None and self._is_world(change):
                return

    @cached_property
    def _rows(self) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
        """What the printed counts and the rule demand of a change: matrix, lowest, highest; cells stand last."""
        nothing = np.zeros(len(self.printed))
        least = np.where(self.least > 0, self.least - self.counts, -np.inf)
        low, high = np.concatenate([nothing, least]), np.concatenate([nothing, np.full(len(least), np.inf)])
        return sparse.csr_array(np.vstack([self.printed, self.parts])), low, high

    def _solve(self, aim: np.ndarray, known: Ranges, reason: int | None = None) -> np.ndarray | None:
        """The change that serves the aim best where some cells lie in known ranges, and one is small."""
        matrix, low, high = self._rows
        low, high = low.copy(), high.copy()
        ranges = [*known.items()]
        if reason is not None:
            ranges.append((reason, (self.least_reason[reason], self.threshold - 1)))
        for cell, (least, most) in ranges:
            row = len(self.printed) + cell
            low[row] = max(low[row], least - self.counts[cell])
            high[row] = min(high[row], most - self.counts[cell])
        if (low > high).any():
            return None
        ends = (-self.world.astype(float), np.full(len(self.world), float(self.top)))
        return solve_whole(aim, matrix, low, high, ends)


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
    one = np.eye(size)
    rows = np.block([[-one, one, np.zeros((size, 1))], [printed, np.zeros((len(printed), size)), times]])
    low = np.concatenate([np.full(size, -np.inf), np.zeros(len(printed))])
    ends = (np.concatenate([np.zeros(2 * size), [1]]), np.concatenate([np.full(size, np.inf), np.ones(size), [np.inf]]))
    aim = np.concatenate([np.zeros(size), -np.ones(size), [0]])
    found = solve(aim, sparse.csr_array(rows), low, np.zeros(len(low)), ends).x
    return np.ones(size, dtype=bool) if found is None else found[size:-1] > 0.5


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
