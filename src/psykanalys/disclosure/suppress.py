"""Which counts to hide besides the small ones, so that neither attacker can tell a hidden count."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from psykanalys.disclosure.attack import THRESHOLD, attack, groups, has_reason, is_small, unsaid
from psykanalys.disclosure.system import NODES, Mask, System

SECONDS = 5.0  # for each program
PROGRAMS = 24  # so many times that, and then everything is hidden that hangs together
LARGE = 60  # cells: beyond, each is protected by a linear program, which does not find the cheapest set for all
TOGETHER = 2  # cells that one program protects at most


@dataclass(frozen=True)
class Choice:
    """What is hidden: `primary` (small counts), `secondary` (to protect them), `open` (could not be protected).

    `steps` says in words how the choice came about, for the log.
    """

    primary: Mask
    secondary: Mask
    open: Mask
    steps: tuple[str, ...] = field(default=())

    @property
    def hidden(self) -> Mask:
        """All hidden cells."""
        return self.primary | self.secondary

    @property
    def is_safe(self) -> bool:
        """Whether both attackers fail at every hidden cell."""
        return not self.open.any()


def suppress(
    system: System, *, threshold: int = THRESHOLD, also: Mask | None = None, seconds: float = SECONDS
) -> Choice:
    """Hide every small count, and the cheapest set besides that leaves both attackers too many possible counts.

    `also`: cells to hide for other reasons (a line where everybody has the trait). Small counts that are public already
    cannot be hidden and are left. Each part of the system that hangs together is solved by itself: one integer program
    for what can be told too exactly, then attack, until neither attacker finds anything; at last every cell is shown
    again that need not be hidden. Where a program exceeds its time, or hiding the cheapest cells does not help, the
    whole part is hidden; what can be told even then is `open`.
    """
    more = np.zeros(len(system), dtype=bool) if also is None else np.asarray(also, dtype=bool)
    primary = (is_small(system.counts, threshold) | more) & ~system.fixed & ~system.silent
    sensitive = primary | unsaid(system, threshold)
    secondary, still_open = np.zeros_like(primary), np.zeros_like(primary)
    steps: list[str] = []
    for cells, own in system.apart:
        if sensitive[cells].any():
            part = _Part(own, primary[cells], threshold, seconds)
            secondary[cells], still_open[cells] = part.solve()
            steps += part.steps
    return Choice(primary, secondary, still_open, tuple(steps))


class _Part:
    """One part of the system, on the way from its small counts to what is hidden."""

    def __init__(self, system: System, primary: Mask, threshold: int, seconds: float):
        self.system, self.primary, self.threshold, self.seconds = system, primary, threshold, seconds
        self.reasons = has_reason(system, threshold)
        self.others = primary & ~self.reasons
        self.steps: list[str] = []
        self.by_rule = False
        self.until = time.monotonic() + PROGRAMS * seconds

    def solve(self) -> tuple[Mask, Mask]:
        """Secondary cells, and cells that stay open."""
        hidden, narrow = self._by_program()
        if narrow.any():
            hidden = self._with_reason(self.primary | self.system.hideable)
            narrow = self._narrow(hidden)
            self.steps.append("everything that hangs together is hidden")
        if not narrow.any():
            hidden = self._without_needless(hidden)
        return hidden & ~self.primary, narrow

    def _by_program(self) -> tuple[Mask, Mask]:
        hidden = self.primary.copy()
        narrow = self._narrow(hidden)
        while narrow.any() and self.system.world is not None and time.monotonic() < self.until:
            chosen = self._more(hidden, narrow)
            if chosen is None:
                return hidden, narrow
            hidden |= chosen
            narrow = self._narrow(hidden)
        fewer = self._with_reason(hidden)
        return fewer, narrow if (fewer == hidden).all() else self._narrow(fewer)

    def _more(self, hidden: Mask, narrow: Mask) -> Mask | None:
        """More cells to hide: by the program without the rule, with it, or the cheapest one near; None if none."""
        if len(self.system) > LARGE and (quick := self._by_lines(hidden, narrow)) is not None:
            return quick
        targets = [int(cell) for cell in np.flatnonzero(narrow)[:TOGETHER]]
        for rule in (True,) if self.by_rule else (False, True):
            chosen = self._program(hidden, targets, rule=rule)
            if chosen is not None and (chosen & ~hidden).any():
                return chosen
        return self._cheapest_near(hidden, narrow)

    def _by_lines(self, hidden: Mask, narrow: Mask) -> Mask | None:
        """For each cell that is open the nearest worlds in which it is larger and smaller: what differs is hidden."""
        chosen = hidden.copy()
        for cell in np.flatnonzero(narrow).tolist():
            true, room = int(self.system.counts[cell]), self.threshold - 1
            small = 0 < true <= room
            for change in (room - true, 1 - true) if small and self.by_rule else (room, -min(room, true - 1)):
                chosen |= self._nearest(chosen, cell, change) if change else False
        self.steps.append(f"linear programs for {narrow.sum()} of {len(self.system)} cells")
        return chosen if (chosen & ~hidden).any() else None

    def _nearest(self, hidden: Mask, cell: int, change: int) -> Mask:
        """The cells that differ in the nearest world in which one cell has changed; none if there is no such world."""
        system, (cells, atoms) = self.system, self.system.parts.shape
        may = hidden | system.hideable | system.silent
        least = np.where(system.counts > 0, 1 - system.counts, 0)
        least[system.silent | system.may_be_zero] = -system.counts[system.silent | system.may_be_zero]
        free = hidden | system.silent
        costs = np.where(free, 1e-3, system.costs)
        same = sparse.hstack([system.parts, -sparse.eye_array(cells), sparse.eye_array(cells)], format="csr")
        up = [(0, None if may[one] else 0) for one in range(cells)]
        down = [(0, -int(least[one]) if may[one] else 0) for one in range(cells)]
        (up if change > 0 else down)[cell], (down if change > 0 else up)[cell] = (abs(change),) * 2, (0, 0)
        found = linprog(
            np.concatenate([np.zeros(atoms), costs, costs]),
            A_eq=same,
            b_eq=np.zeros(cells),
            bounds=[(-int(one), None) for one in self._world] + up + down,
        )
        differs = np.zeros(cells, dtype=bool)
        if found.success:
            differs = (found.x[atoms : atoms + cells] + found.x[atoms + cells :] > 1e-6) & ~system.silent
        return differs

    @property
    def _world(self) -> np.ndarray:
        return np.zeros(self.system.parts.shape[1]) if self.system.world is None else self.system.world

    def _with_reason(self, hidden: Mask) -> Mask:
        """Show groups again in which no count is why others are hidden; a reader takes for granted that one is."""
        kept = hidden.copy()
        for group in groups(self.system, hidden):
            if not (self.reasons | self.others)[group.cells].any():
                kept[group.cells] = False
        return kept

    def _narrow(self, hidden: Mask, *, first: bool = False) -> Mask:
        """What either attacker can tell too exactly; the second is asked only where the first fails."""
        found = self._attack(hidden, knows_rule=False, first=first)
        self.by_rule = not found.any()
        return self._attack(hidden, knows_rule=True, first=first) if self.by_rule else found

    def _attack(self, hidden: Mask, *, knows_rule: bool, first: bool) -> Mask:
        found = attack(
            self.system,
            hidden,
            threshold=self.threshold,
            knows_rule=knows_rule,
            other_reasons=self.others,
            bounds=False,
            until_narrow=first,
        )
        return found.narrow

    def _program(self, hidden: Mask, targets: Sequence[int], *, rule: bool) -> Mask | None:
        """The cheapest cells that make room around each target: two worlds for each, printed alike."""
        started = time.monotonic()
        program = _Program(self.system, self._world, hidden, self.threshold, rule=rule)
        chosen = program.solve(targets, self.seconds)
        took = time.monotonic() - started
        slow = took >= self.seconds
        self.steps.append(f"program for {len(targets)} of {len(self.system)} cells{': time out' if slow else ''}")
        return chosen

    def _cheapest_near(self, hidden: Mask, narrow: Mask) -> Mask | None:
        """Where no program helps: the cheapest printed cell among those that share most with what is open."""
        near = np.asarray((self.system.parts @ self.system.parts[narrow].T).sum(axis=1)).ravel()
        left = self.system.hideable & ~hidden
        if not left.any():
            return None
        rank = np.where(left, self.system.costs - 0.1 * (near > 0), np.inf)
        chosen = np.zeros_like(hidden)
        chosen[int(np.argmin(rank))] = True
        self.steps.append("one more cell near what is open")
        return chosen

    def _without_needless(self, hidden: Mask) -> Mask:
        """Show each secondary cell again, the most costly first, if both attackers still fail."""
        for cell in sorted(np.flatnonzero(hidden & ~self.primary), key=lambda cell: (-self.system.costs[cell], cell)):
            if time.monotonic() > self.until:
                self.steps.append("time out: what is hidden may be more than needed")
                break
            fewer = hidden.copy()
            fewer[cell] = False
            if not self._narrow(fewer, first=True).any():
                hidden = fewer
                self.steps.append("one cell need not be hidden")
        return hidden


class _Program:
    """The integer program: hide cells (0/1) so that worlds exist in which a target takes both ends of a wide range.

    A cell may differ from its true count only if it is hidden, and then little. That the worlds are whole numbers is
    left to the attackers, who look at every choice: so the program is solved many times faster.
    """

    def __init__(self, system: System, world: np.ndarray, hidden: Mask, threshold: int, *, rule: bool):
        self.system, self.world, self.hidden, self.threshold, self.rule = system, world, hidden, threshold, rule
        self.far = 3 * threshold
        self.cells, self.atoms = system.parts.shape
        self.rows: list[sparse.csr_array] = []
        self.low: list[np.ndarray] = []
        self.high: list[np.ndarray] = []

    def solve(self, targets: Sequence[int], seconds: float) -> Mask | None:
        """The cells to hide, or None where there are none."""
        self.width = self.cells + 2 * len(targets) * self.atoms
        for number, target in enumerate(targets):
            self._add_pair(self.cells + 2 * number * self.atoms, int(target))
        found = milp(
            np.concatenate([self._costs(), np.zeros(self.width - self.cells)]),
            constraints=LinearConstraint(
                sparse.vstack(self.rows, format="csr"), np.concatenate(self.low), np.concatenate(self.high)
            ),
            integrality=np.arange(self.width) < self.cells,
            bounds=self._bounds(len(targets)),
            options={"time_limit": seconds, "node_limit": NODES, "mip_rel_gap": 0.0},
        )
        return None if found.x is None else found.x[: self.cells] > 0.5

    def _pair(self, target: int) -> tuple[int, tuple[float, float] | None]:
        """How far apart the target's two counts must be, and where they lie if it is small and the rule is known."""
        if not self.rule:
            return self.threshold - 1, None
        small = is_small(self.system.counts, self.threshold)[target]
        return self.threshold - 2, (1.0, self.threshold - 1.0) if small else None

    def _add_pair(self, start: int, target: int) -> None:
        apart, ends = self._pair(target)
        for offset in (start, start + self.atoms):
            self._add_world(offset)
        row = self.system.parts[[target]]
        self._add([(row, start + self.atoms), (-1 * row, start)], [apart], [np.inf])
        if ends:
            true = float(self.system.counts[target])
            for offset, end in ((start, ends[0]), (start + self.atoms, ends[1])):
                self._add([(row, offset)], [end - true], [end - true])

    def _add_world(self, offset: int) -> None:
        shown = np.flatnonzero(~self.system.silent)
        parts = self.system.parts[shown]
        may_differ = self.far * sparse.csr_array(np.eye(self.cells)[shown])
        endless = np.full(len(shown), np.inf)
        self._add([(parts, offset), (-1 * may_differ, 0)], -endless, np.zeros(len(shown)))
        self._add([(parts, offset), (may_differ, 0)], np.zeros(len(shown)), endless)
        if self.rule:
            kept = shown[(self.system.counts[shown] > 0) & ~self.system.may_be_zero[shown]]
            self._add([(self.system.parts[kept], offset)], 1.0 - self.system.counts[kept], np.full(len(kept), np.inf))

    def _add(self, blocks: list[tuple[sparse.csr_array, int]], low: ArrayLike, high: ArrayLike) -> None:
        row = sparse.csr_array((blocks[0][0].shape[0], self.width))
        for part, start in blocks:
            left = sparse.csr_array((part.shape[0], start))
            right = sparse.csr_array((part.shape[0], self.width - start - part.shape[1]))
            row = row + sparse.hstack([left, part, right], format="csr")
        self.rows.append(sparse.csr_array(row))
        self.low.append(np.asarray(low, dtype=float))
        self.high.append(np.asarray(high, dtype=float))

    def _costs(self) -> np.ndarray:
        return np.where(self.hidden, 0.0, self.system.costs)

    def _bounds(self, pairs: int) -> Bounds:
        worlds = np.tile(-self.world.astype(float), 2 * pairs)
        least = np.concatenate([self.hidden.astype(float), worlds])
        may = self.hidden | self.system.hideable
        most = np.concatenate([may.astype(float), np.full(len(worlds), np.inf)])
        return Bounds(least, most)
