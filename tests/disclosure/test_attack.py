"""The attackers against reference values, and against a list of every possible world."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from psykanalys.disclosure import System, attack, is_small, two_way
from psykanalys.disclosure.attack import groups

BOUNDS = pd.read_csv(Path(__file__).parent / "reference" / "bounds.csv")
PATTERNS = sorted(BOUNDS.groupby(["table", "pattern"]).groups)
INFINITE = 12  # in the lists of worlds: an atom is at most this
THRESHOLD = 3


def reference_table(table: str, pattern: str) -> tuple[System, np.ndarray, pd.DataFrame]:
    rows = BOUNDS[(BOUNDS["table"] == table) & (BOUNDS["pattern"] == pattern)].copy()
    for name in ("row", "col"):
        rows[name] = rows[name].replace("Total", "~")  # totals last
    rows = rows.sort_values(["row", "col"])
    shape = (rows["row"].nunique(), rows["col"].nunique())
    system = two_way(rows["count"].to_numpy().reshape(shape)[:-1, :-1])
    return system, rows["status"].isin(["u", "x"]).to_numpy(), rows


@pytest.mark.parametrize(("table", "pattern"), PATTERNS)
def test_integer_bounds_are_the_references(table, pattern):
    system, hidden, rows = reference_table(table, pattern)
    assert system.counts.tolist() == rows["count"].tolist()
    found = attack(system, hidden)
    assert found.low[hidden].tolist() == rows["integer_lower"][hidden].tolist()
    assert found.high[hidden].tolist() == rows["integer_upper"][hidden].tolist()
    assert (found.low[~hidden] == system.counts[~hidden]).all()


def worlds(system: System, hidden: np.ndarray) -> np.ndarray:
    """Every world whose printed counts are these: atoms × worlds, by trying all."""
    printed = ~hidden & ~system.silent
    size = system.parts.shape[1]
    grid = np.array(list(product(range(INFINITE + 1), repeat=size))).T
    return grid[:, (system.parts[printed] @ grid == system.counts[printed][:, None]).all(axis=0)]


def groups_by_worlds(system: System, hidden: np.ndarray, found: np.ndarray) -> list[np.ndarray]:
    """The finest division of the unknown cells such that every mixture of worlds is a world, from the list alone.

    Two cells belong together if some two worlds cannot exchange their counts; the changes from one world to another
    that cannot be divided any further tell which.
    """
    unknown = np.flatnonzero(hidden | system.silent)
    counts = system.parts[unknown] @ found
    changes = {tuple(change) for change in (np.vstack([found, counts]) - np.vstack([found, counts])[:, [0]]).T}
    changes |= {tuple(np.subtract(one, other)) for one in list(changes)[:60] for other in list(changes)[:60]}
    supports = {frozenset(np.flatnonzero(change)) for change in changes} - {frozenset()}
    smallest = [one for one in supports if not any(other < one for other in supports)]
    size = found.shape[0] + len(unknown)
    link = np.zeros((size, size))
    for support in smallest:
        link[np.ix_(list(support), list(support))] = 1
    _, label = connected_components(link, directed=False)
    used = set().union(*smallest) if smallest else set()
    own = [place for place in range(len(unknown)) if place + found.shape[0] in used]
    names = {label[place + found.shape[0]] for place in own}
    return [unknown[[p for p in own if label[p + found.shape[0]] == name]] for name in sorted(names)]


def small_system(rng: np.random.Generator) -> tuple[System, np.ndarray]:
    size = int(rng.integers(2, 4))
    sums = [row for row in product((0, 1), repeat=size) if sum(row) > 0]
    chosen = rng.permutation(len(sums))[: int(rng.integers(2, len(sums) + 1))]
    parts = np.array([sums[place] for place in chosen])
    atoms = rng.integers(0, 5, size)
    silent = rng.random(len(parts)) < 0.2
    hidden = (rng.random(len(parts)) < 0.6) & ~silent
    counts = parts @ atoms
    may_be_zero = rng.random(len(parts)) < 0.2
    hidden &= (counts > 0) | may_be_zero  # the rule hides no other zero
    return System.of(parts, counts, silent=silent, may_be_zero=may_be_zero), hidden


def possible(system: System, hidden: np.ndarray, *, knows_rule: bool) -> dict[int, set[int]] | None:
    """For each unknown cell its possible counts, from the list of all worlds; None where the list is cut off."""
    found = worlds(system, hidden)
    counts = system.parts @ found
    if knows_rule:
        least = np.where(system.may_be_zero, 0, 1)[:, None]
        fits = (counts >= least)[hidden].all(axis=0)
        together = [cells for part, own in system.apart for cells in [part[g.cells] for g in groups(own, hidden[part])]]
        for cells in together:
            fits &= ((counts >= least) & (counts < THRESHOLD))[cells].any(axis=0)
        counts = counts[:, fits]
    return {int(cell): set(counts[cell].astype(int)) for cell in np.flatnonzero(hidden | system.silent)}


def has_true_world(system: System, hidden: np.ndarray) -> bool:
    """Whether every group has a small count in truth, as it has where the rule has been followed."""
    least = np.where(system.may_be_zero, 0, 1)
    small = (system.counts >= least) & (system.counts < THRESHOLD)
    return all(small[part[g.cells]].any() for part, own in system.apart for g in groups(own, hidden[part]))


@pytest.mark.parametrize("knows_rule", [False, True])
def test_number_of_possible_counts_is_that_of_all_worlds(knows_rule):
    rng, compared = np.random.default_rng(6), 0
    for _ in range(150):
        system, hidden = small_system(rng)
        if knows_rule and not has_true_world(system, hidden):
            continue
        known = possible(system, hidden, knows_rule=knows_rule)
        found = attack(system, hidden, threshold=THRESHOLD, knows_rule=knows_rule)
        for cell in np.flatnonzero(found.attacked):
            expected = known[int(cell)]
            assert found.values[cell] == min(len(expected), found.required)
            assert found.low[cell] == min(expected)
            assert found.high[cell] == max(expected) or max(expected) >= INFINITE
            compared += 1
    assert compared > 150


def test_groups_are_those_of_all_worlds():
    rng, several = np.random.default_rng(7), 0
    for _ in range(120):
        system, hidden = small_system(rng)
        if (system.counts.max() > INFINITE // 2) or not (hidden | system.silent).any():
            continue
        found = worlds(system, hidden)
        mine = sorted(
            sorted(part[group.cells].tolist())
            for part, own in system.apart
            for group in groups(own, hidden[part])
            if len(group.cells)
        )
        theirs = sorted(sorted(cells.tolist()) for cells in groups_by_worlds(system, hidden, found))
        assert mine == theirs, (system.parts.toarray(), system.counts, hidden, system.silent)
        several += len(mine) > 1
    assert several > 3


def two_blocks() -> tuple[System, np.ndarray]:
    """Two squares of hidden counts that share nothing but printed margins."""
    table = np.array([[2, 9, 20, 20], [9, 9, 20, 20], [20, 20, 9, 9], [20, 20, 9, 3]])
    system = two_way(table)
    hidden = np.zeros((5, 5), dtype=bool)
    hidden[:2, :2] = hidden[2:4, 2:4] = True
    return system, hidden.ravel()


def test_printed_margins_join_no_groups():
    system, hidden = two_blocks()
    found = [sorted(group.cells.tolist()) for group in groups(system, hidden)]
    assert sorted(found) == [[0, 1, 5, 6], [12, 13, 17, 18]]


def test_who_knows_the_rule_knows_that_each_group_has_a_small_count():
    system, hidden = two_blocks()
    found = attack(system, hidden, knows_rule=True)
    # The upper square's counts are 2 + d, 9 - d, 9 - d, 9 + d; one of them is 1 to 4, none is 0.
    ways = {d for d in range(-1, 9) if any(1 <= count <= 4 for count in (2 + d, 9 - d, 9 + d))}
    assert (found.low[0], found.high[0]) == (2 + min(ways), 2 + max(ways)) == (1, 10)
    assert attack(system, hidden).high[0] == 11


def test_gap_in_the_possible_counts_is_counted_as_a_gap():
    # One atom counted twice: only even counts are possible; the printed total leaves 0, 2, 4.
    system = System.of(np.array([[2, 0], [2, 1], [0, 1]]), [2, 4, 2])
    found = attack(system, np.array([True, False, True]))
    assert (found.low[0], found.high[0], found.values[0]) == (0, 4, 3)
    assert found.values[2] == 3


def test_unbounded_counts_are_not_told():
    system = System.of(np.eye(2), [3, 7])
    found = attack(system, np.array([True, True]))
    assert not found.narrow.any()
    assert (found.high > 10).all()


def test_zero_total_tells_its_parts():
    system = System.of(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 1, 1]]), [0, 0, 3, 3], may_be_zero=np.ones(4))
    found = attack(system, np.array([True, False, True, False]))
    assert found.values.tolist() == [1, 1, 1, 1]


def test_count_that_follows_from_a_chain_of_printed_ones_is_told():
    # total = a + b + c, a + b printed: c is 0 without being printed as 0, and so are its parts.
    parts = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0]])
    atoms = np.array([3, 4, 0, 0])
    system = System.of(parts, parts @ atoms)
    found = attack(system, np.array([False, False, False, False, False, True]))
    assert found.values[5] == 1


@pytest.mark.parametrize("size", [1e5, 1e6])
def test_large_counts_do_not_blur_the_rule(size):
    table = np.array([[2, int(size)], [int(size) + 7, int(size) * 3]])
    system = two_way(table)
    hidden = np.array([True, True, False, True, True, False, False, False, False])
    naive, aware = attack(system, hidden), attack(system, hidden, knows_rule=True)
    assert (naive.low[0], naive.high[0]) == (0, size + 2)
    assert aware.low[0] == 1
    small_elsewhere = {int(size) + 2 - x for x in range(1, 5)}  # the other count of the row is the small one
    assert aware.high[0] == max(small_elsewhere)
    assert aware.values[0] == 4


def test_published_rest_of_a_group_is_no_target():
    # 38 of 39, public: that one is left is public, too.
    parts = sparse.csr_array([[1, 0], [1, 1], [0, 1]])
    public = np.array([True, True, True])
    system = System.of(parts, [38, 39, 1], fixed=public, silent=np.array([False, False, True]))
    assert not attack(system, np.zeros(3, dtype=bool)).attacked.any()


def test_contradicting_counts_are_taken_as_told():
    system = System.of(np.array([[1, 0], [0, 1], [1, 1]]), [3, 4, 9])
    found = attack(system, np.array([True, True, False]))
    assert found.narrow.tolist() == [True, True, False]


def test_other_reasons_tell_nothing_of_the_counts_beside():
    system = two_way(np.array([[12, 9], [11, 8]]))
    hidden = np.array([True, True, False, True, True, False, False, False, False])
    excused = np.zeros(9, dtype=bool)
    excused[0] = True
    assert attack(system, hidden, knows_rule=True, other_reasons=excused).values[0] == 4
    assert not is_small(system.counts[hidden], 5).any()
