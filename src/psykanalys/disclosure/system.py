"""Counts that hang together: cells, the atoms that they are sums of, and which of them are printed.

Each published count is a sum of atoms (smallest groups that no two counts divide differently): women plus men are all,
the years of a rolling window are its window, municipalities are their county. Two counts are related if they share
atoms, so no relation has to be listed, and none is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from psykanalys.disclosure.programs import solve_whole

Counts = np.ndarray
Mask = np.ndarray


@dataclass(frozen=True)
class System:
    """Counts and how they are made up.

    `parts`: cells × atoms, how often each atom is counted in a cell. `counts`: the true counts (a row with signs and
    count 0 is a relation). `fixed`: public already, so that they cannot be hidden. `silent`: never printed, but they
    follow from what is (the rest of a group whose part is printed). `costs`: what it costs to hide a cell; a number of
    cells by default. `may_be_zero`: cells that the rule would hide at zero, too, so that a reader who knows it cannot
    exclude zero.
    """

    parts: sparse.csr_array
    counts: Counts
    fixed: Mask
    silent: Mask
    costs: np.ndarray
    may_be_zero: Mask

    @classmethod
    def of(
        cls,
        parts: np.ndarray | sparse.csr_array,
        counts: Counts,
        *,
        fixed: Mask | None = None,
        silent: Mask | None = None,
        costs: np.ndarray | None = None,
        may_be_zero: Mask | None = None,
    ) -> System:
        """Check shapes and fill in what is usual: everything is printed, may be hidden and costs the same."""
        parts = sparse.csr_array(parts, dtype=float)
        counts = np.asarray(counts, dtype=np.int64)
        if parts.shape[0] != len(counts):
            raise ValueError(f"{parts.shape[0]} rows of parts for {len(counts)} counts")
        if (counts < 0).any():
            raise ValueError(f"count {int(counts.min())} is below 0")
        nowhere = np.zeros(len(counts), dtype=bool)
        return cls(
            parts,
            counts,
            nowhere if fixed is None else np.asarray(fixed, dtype=bool),
            nowhere if silent is None else np.asarray(silent, dtype=bool),
            _usual_costs(parts, counts) if costs is None else np.asarray(costs, dtype=float),
            nowhere if may_be_zero is None else np.asarray(may_be_zero, dtype=bool),
        )

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def dense(self) -> np.ndarray:
        """The parts as a full matrix."""
        return self.parts.toarray()

    @property
    def hideable(self) -> Mask:
        """What may be hidden besides small counts: no zero, nothing that is public, nothing that is not printed."""
        return (self.counts > 0) & ~self.fixed & ~self.silent

    def split(self) -> Iterator[np.ndarray]:
        """The cells of each part that hangs together: nothing in one tells anything of another."""
        yield from (cells for cells, _ in self.apart)

    @cached_property
    def apart(self) -> tuple[tuple[np.ndarray, System], ...]:
        """Each part that hangs together: its cells, and its own system."""
        from scipy.sparse.csgraph import connected_components

        shared = abs(self.parts)
        _, label = connected_components(shared @ shared.T, directed=False)
        order = np.argsort(label, kind="stable")
        found = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        return ((found[0], self),) if len(found) == 1 else tuple((cells, self.take(cells)) for cells in found)

    def take(self, cells: np.ndarray) -> System:
        """The system of these cells alone, without atoms that none of them counts."""
        parts = self.parts[cells]
        used = np.unique(parts.indices)
        own = (self.counts, self.fixed, self.silent, self.costs, self.may_be_zero)
        return System(sparse.csr_array(parts[:, used]), *(values[cells] for values in own))

    @cached_property
    def world(self) -> Counts | None:
        """Atoms that give exactly these counts, or None: then the counts contradict each other."""
        return feasible_atoms(self.parts, self.counts)


def feasible_atoms(parts: sparse.csr_array, counts: Counts) -> Counts | None:
    """Whole numbers of at least 0 that add up to the counts, or None."""
    size = parts.shape[1]
    atoms = solve_whole(np.zeros(size), parts, counts, counts, (np.zeros(size), np.full(size, np.inf)))
    if atoms is None:
        return None
    return atoms if (atoms >= 0).all() and (parts @ atoms == counts).all() else None


def two_way(table: np.ndarray) -> System:
    """A table of inner counts (rows × columns) with its published totals: rows, columns and all.

    The cells are ordered as in the table with a last row and a last column of totals.
    """
    table = np.asarray(table, dtype=np.int64)
    rows, columns = table.shape
    lines = [np.vstack([np.eye(size), np.ones(size)]) for size in (rows, columns)]
    full = np.block([[table, table.sum(1, keepdims=True)], [table.sum(0, keepdims=True), table.sum(keepdims=True)]])
    return System.of(sparse.csr_array(np.kron(*lines)), full.ravel())


def _usual_costs(parts: sparse.csr_array, counts: Counts) -> np.ndarray:
    """One for each cell; a little more for a large count, and much more for a total of many."""
    atoms = np.diff(parts.indptr)
    return 1 + 0.02 * np.log1p(counts) + 0.3 * np.log2(np.maximum(atoms, 1))
