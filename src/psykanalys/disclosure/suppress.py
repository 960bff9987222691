"""Which counts to hide besides the small ones, so that neither attacker can tell a hidden count."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from psykanalys.disclosure.attack import THRESHOLD, Memory, attack, has_reason, is_small, unsaid
from psykanalys.disclosure.programs import Block, Entries, solve, stacked
from psykanalys.disclosure.system import Mask, System

SECONDS = 900.0  # for all that hangs together: the last resort, far above what nodes allow
NODES = 2000  # for one program that chooses
LARGE = 60  # cells: beyond, each is protected by a linear program, which does not find the cheapest set for all
ALMOST_ZERO = 1e-6
EVERYTHING = "everything that hangs together is hidden"
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
    system: System,
    *,
    threshold: int = THRESHOLD,
    also: Mask | None = None,
    merged: Mask | None = None,
    seconds: float = SECONDS,
) -> Choice:
    """Hide every small count, and the cheapest set besides that leaves both attackers too many possible counts.

    `also`: cells to hide for other reasons (a line where everybody has the trait); `merged`: cells whose sum is shown
    instead, which is no reason that anything else is hidden. Small counts that are public already
    cannot be hidden and are left. Each part of the system that hangs together is solved by itself: one integer program
    for what can be told too exactly, then attack, until neither attacker finds anything; at last every cell is shown
    again that need not be hidden. Where hiding the cheapest cells does not help, the whole part is hidden; what can be
    told even then is `open`. Programs end by their nodes, so that the answer is the same on every machine; `seconds`
    (for each part) is the last resort, and `steps` say so if it was needed.
    """
    nowhere = np.zeros(len(system), dtype=bool)
    more, parts = (nowhere if mask is None else np.asarray(mask, dtype=bool) for mask in (also, merged))
    primary = (is_small(system.counts, threshold) | more | parts) & ~system.fixed & ~system.silent
    sensitive = primary | unsaid(system, threshold)
    secondary, still_open = np.zeros_like(primary), np.zeros_like(primary)
    steps: list[str] = []
    for cells, own in system.apart:
        if sensitive[cells].any():
            part = _Part(own, primary[cells], more[cells], threshold, seconds)
            secondary[cells], still_open[cells] = part.solve()
            steps += part.steps
    return Choice(primary, secondary, still_open, tuple(steps))


class _Part:
    """One part of the system, on the way from its small counts to what is hidden."""

    def __init__(self, system: System, primary: Mask, also: Mask, threshold: int, seconds: float):
        self.system, self.primary, self.threshold = system, primary, threshold
        self.reasons = has_reason(system, threshold)
        self.others = primary & also & ~self.reasons
        self.steps: list[str] = []
        self.by_rule = False
        self.memory = Memory(system)
        self.until = time.monotonic() + seconds

    def solve(self) -> tuple[Mask, Mask]:
        """Secondary cells, and cells that stay open."""
        hidden, narrow = self._by_program()
        if narrow.any():
            hidden = self._with_reason(self.primary | self.system.hideable)
            narrow = self._narrow(hidden)
            self.steps.append(EVERYTHING)
        if not narrow.any():
            hidden = self._without_needless(hidden)
        return hidden & ~self.primary, narrow

    def _by_program(self) -> tuple[Mask, Mask]:
        hidden = self.primary.copy()
        narrow = self._narrow(hidden)
        while narrow.any() and self.system.world is not None and not self._is_late():
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
        up, down = np.where(may, np.inf, 0.0), np.where(may, -least, 0.0)
        low = np.concatenate([-self._world, np.zeros(2 * cells)])
        high = np.concatenate([np.full(atoms, np.inf), up, down])
        for start, size in ((atoms, max(change, 0)), (atoms + cells, max(-change, 0))):
            low[start + cell] = high[start + cell] = size
        none = np.zeros(cells)
        found = solve(np.concatenate([np.zeros(atoms), costs, costs]), same, none, none, (low, high)).x
        if found is None:
            return np.zeros(cells, dtype=bool)
        return (found[atoms : atoms + cells] + found[atoms + cells :] > ALMOST_ZERO) & ~system.silent

    @property
    def _world(self) -> np.ndarray:
        return np.zeros(self.system.parts.shape[1]) if self.system.world is None else self.system.world

    def _with_reason(self, hidden: Mask) -> Mask:
        """Show groups again in which no count is why others are hidden; a reader takes for granted that one is."""
        kept = hidden.copy()
        for group in self.memory.groups(hidden):
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
            memory=self.memory,
        )
        return found.narrow

    def _program(self, hidden: Mask, targets: Sequence[int], *, rule: bool) -> Mask | None:
        """The cheapest cells that make room around each target: two worlds for each, printed alike."""
        program = _Program(self.system, self._world, hidden, self.threshold, rule=rule)
        chosen, ended = program.solve(targets, max(self.until - time.monotonic(), 0.0))
        why = ": time out" if self._is_late() else ": ended by its nodes" if ended else ""
        self.steps.append(f"program for {len(targets)} of {len(self.system)} cells{why}")
        return chosen

    def _is_late(self) -> bool:
        return time.monotonic() > self.until

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
            if self._is_late():
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
        self.cells, self.atoms = system.parts.shape
        far = 3 * threshold
        choice = system.hideable & ~hidden
        self.choices, self.decided = np.flatnonzero(choice), np.flatnonzero(~choice & ~system.silent)
        self.of_choices, self.of_decided = (Entries.of(system.dense[own]) for own in (self.choices, self.decided))
        least = np.where(system.may_be_zero | (system.counts == 0) | (not rule), 0, 1)  # of a hidden count
        self.down, self.up = np.minimum(system.counts - least, far).astype(float), np.full(self.cells, float(far))

    def solve(self, targets: Sequence[int], seconds: float) -> tuple[Mask | None, bool]:
        """The cells to hide, or None where there are none; and whether nodes or clock ended the program."""
        worlds = range(2 * len(targets))
        width = self.cells + len(worlds) * self.atoms
        blocks = [block for world in worlds for block in self._little(world)]
        blocks += [block for number, target in enumerate(targets) for block in self._apart(2 * number, target)]
        matrix, low, high = stacked(blocks, width)
        found = solve(
            np.concatenate([np.where(self.hidden, 0.0, self.system.costs), np.zeros(width - self.cells)]),
            matrix,
            low,
            high,
            self._bounds(len(worlds)),
            whole=np.arange(width) < self.cells,
            nodes=NODES,
            seconds=seconds,
        )
        return None if found.x is None else found.x[: self.cells] > 0.5, found.ended

    def _start(self, world: int) -> int:
        """The column of a world's first atom; the cells (hidden or not) stand before all worlds."""
        return self.cells + world * self.atoms

    def _little(self, world: int) -> Iterator[Block]:
        """A cell that is shown does not differ in a world, a hidden one a little."""
        start, hidden = self._start(world), self.hidden[self.decided]
        yield Block(((self.of_decided, start),), -self.down[self.decided] * hidden, self.up[self.decided] * hidden)
        nothing, endless = np.zeros(len(self.choices)), np.full(len(self.choices), np.inf)
        order = np.arange(len(self.choices))
        more, less = (Entries(order, self.choices, room[self.choices]) for room in (self.up, self.down))
        yield Block(((more.times(-1), 0), (self.of_choices, start)), -endless, nothing)
        yield Block(((less, 0), (self.of_choices, start)), nothing, endless)

    def _apart(self, world: int, target: int) -> Iterator[Block]:
        """The two worlds of a target differ widely; if it is small, one who knows the rule knows where they lie."""
        room, true = self.threshold - 1, int(self.system.counts[target])
        change = Entries.of(self.system.dense[[target]])
        lower, upper = self._start(world), self._start(world + 1)
        yield Block(((change, upper), (change.times(-1), lower)), np.array([room - self.rule]), np.array([np.inf]))
        if self.rule and 0 < true <= room:
            for start, count in ((lower, 1), (upper, room)):
                yield Block(((change, start),), np.array([count - true]), np.array([count - true]))

    def _bounds(self, worlds: int) -> tuple[np.ndarray, np.ndarray]:
        least = np.concatenate([self.hidden, np.tile(-self.world, worlds)]).astype(float)
        most = np.concatenate([self.hidden | self.system.hideable, np.full(worlds * self.atoms, np.inf)])
        return least, most
