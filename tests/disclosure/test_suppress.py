"""What is hidden suffices against both attackers, is no more than needed, and never pretends."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

from psykanalys.disclosure import System, attack, is_small, suppress, two_way

REFERENCE = Path(__file__).parent / "reference"
SUMMARY = pd.read_csv(REFERENCE / "summary.csv")
TABLES = pd.read_csv(REFERENCE / "tables.csv")
THRESHOLD = 5


def reference(name: str) -> System:
    cells = TABLES[TABLES["table"] == name]
    return two_way(cells.pivot(index="row", columns="col", values="freq").to_numpy())


@pytest.mark.parametrize("name", sorted(TABLES["table"].unique()))
def test_no_more_is_hidden_than_by_the_simple_heuristic(name):
    found = suppress(reference(name))
    row = SUMMARY[(SUMMARY["table"] == name) & (SUMMARY["pattern"] == "sdcTable_SIMPLEHEURISTIC")].iloc[0]
    assert found.is_safe
    assert found.primary.sum() == row["n_primary"]
    assert found.secondary.sum() <= row["n_secondary"]


def lines(*sizes: int) -> np.ndarray:
    """All ways to take each part or all parts of a dimension, as sums of its parts."""
    matrix = np.ones((1, 1))
    for size in sizes:
        matrix = np.kron(matrix, np.vstack([np.eye(size), np.ones(size)]))
    return matrix


def random_system(number: int) -> System:
    """Tables of five kinds in turn: two-way, with subtotals, three-way, areas in areas, rolling windows."""
    rng = np.random.default_rng(number)
    kind = number % 5
    if kind == 0:
        parts = lines(*rng.integers(2, 5, 2))
    elif kind == 1:
        some = np.zeros((1, 4))
        some[0, :2] = 1
        parts = np.kron(np.vstack([lines(4), some]), lines(2))
    elif kind == 2:
        parts = lines(2, 2, 2 + number % 2)
    elif kind == 3:  # municipality, county, nation
        county = np.kron(np.eye(2), np.ones(3))
        parts = np.vstack([np.eye(6), county, np.ones((1, 6))])
        parts = np.kron(parts, lines(2)) if rng.random() < 0.4 else parts
    else:  # years and windows of three years
        years = int(rng.integers(4, 7))
        windows = [[float(start <= year < start + 3) for year in range(years)] for start in range(years - 2)]
        parts = np.vstack([np.eye(years), windows])
    atoms = rng.poisson(rng.gamma(1, 11, parts.shape[1]))
    fixed = rng.random(len(parts)) < (0.1 if number % 3 == 0 else 0)
    return System.of(parts, (parts @ atoms).astype(int), fixed=fixed)


def width_by_program(system: System, hidden: np.ndarray, cell: int) -> float:
    """An attacker of the test's own: plain linear programming over the atoms, no whole numbers, no rule."""
    row = system.parts[[cell]].toarray()[0]
    printed = ~hidden
    known = {"A_eq": system.parts[printed].toarray(), "b_eq": system.counts[printed]} if printed.any() else {}
    ends = [linprog(sign * row, bounds=(0, None), **known) for sign in (1, -1)]
    assert ends[0].success
    return np.inf if ends[1].status == 3 else -ends[1].fun - ends[0].fun


@pytest.mark.parametrize("start", range(0, 300, 25))
def test_random_tables_with_hierarchies(start):
    for number in range(start, start + 25):
        system = random_system(number)
        found = suppress(system)
        small = is_small(system.counts, THRESHOLD) & ~system.fixed
        assert (found.primary == small).all()
        assert not (found.hidden & system.fixed).any()
        assert not (found.secondary & (system.counts == 0)).any()
        naive = attack(system, found.hidden)
        aware = attack(system, found.hidden, knows_rule=True)
        assert ((naive.narrow | aware.narrow).any()) == found.open.any(), number
        if not found.open.any():
            assert all(width_by_program(system, found.hidden, cell) >= 3.999 for cell in np.flatnonzero(found.hidden))
        if not system.fixed.any() and (system.counts >= 10).sum() > 3:
            assert not found.open.any(), number


def test_open_is_what_can_be_told_although_everything_is_hidden():
    # 3 = total of 30 less 27, both public.
    system = System.of(np.array([[1, 1], [1, 0], [0, 1]]), [30, 27, 3], fixed=[True, True, False])
    found = suppress(system)
    assert found.open.tolist() == [False, False, True]
    assert not found.is_safe
    assert found.hidden.tolist() == [False, False, True]


def test_where_zeros_leave_no_room_the_margins_are_hidden():
    found = suppress(two_way(np.array([[3, 0, 0], [0, 40, 0], [0, 0, 25]])))
    assert found.is_safe
    assert found.hidden.sum() > 1


def test_table_of_nothing_but_small_counts():
    found = suppress(two_way(np.array([[1, 2], [2, 1]])))
    narrow = attack(two_way(np.array([[1, 2], [2, 1]])), found.hidden, knows_rule=True).narrow
    assert narrow.any() == found.open.any()


def test_the_same_answer_again():
    for number in (0, 1, 2, 3, 4, 7, 12):
        one, other = suppress(random_system(number)), suppress(random_system(number))
        assert (one.hidden == other.hidden).all()
        assert one.steps == other.steps


def test_no_time_for_programs_hides_more_but_is_safe():
    system = two_way(np.array([[2, 18, 25], [15, 3, 22], [20, 19, 40]]))
    hurried, usual = suppress(system, seconds=0.0), suppress(system)
    assert hurried.is_safe
    assert hurried.hidden.sum() >= usual.hidden.sum()
    assert "everything that hangs together is hidden" in hurried.steps


def test_public_small_counts_are_left():
    system = System.of(np.eye(2), [3, 2], fixed=[True, False])
    assert suppress(system).hidden.tolist() == [False, True]


def test_group_with_no_small_count_is_shown_again():
    # Both blocks could be hidden; only the first has a small count.
    table = np.array([[2, 9, 20, 20], [9, 9, 20, 20], [20, 20, 9, 9], [20, 20, 9, 9]])
    found = suppress(two_way(table), seconds=0.0)  # hides all first, then shows what need not be hidden
    assert found.is_safe


def test_cells_hidden_for_other_reasons_are_protected_too():
    system = two_way(np.array([[12, 9, 30], [11, 8, 30], [14, 17, 30]]))
    also = np.zeros(len(system), dtype=bool)
    also[0] = True
    found = suppress(system, also=also)
    assert found.is_safe
    assert found.primary.tolist() == also.tolist()
    assert found.secondary.sum() == 3


def test_relations_with_signs_hold_cells_together():
    # Two measures of one population: a + b = c + d, though no count has all four.
    parts = sparse.csr_array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, -1, -1]])
    system = System.of(parts, [3, 40, 20, 23, 0], fixed=[False] * 4 + [True])
    found = suppress(system)
    assert found.is_safe
    assert found.hidden.sum() == 2


def test_every_two_by_two_table_of_three_sizes():
    for inner in product((0, 3, 11), repeat=4):
        system = two_way(np.array(inner).reshape(2, 2))
        found = suppress(system)
        naive, aware = attack(system, found.hidden), attack(system, found.hidden, knows_rule=True)
        assert (naive.narrow | aware.narrow).any() == found.open.any(), inner


def test_large_system_is_protected_without_hiding_all_of_it():
    rng = np.random.default_rng(11)
    parts = lines(2, 3, 5)
    atoms = rng.poisson(rng.gamma(1, 25, parts.shape[1]))
    system = System.of(parts, (parts @ atoms).astype(int))
    found = suppress(system)
    assert len(system) > 60
    assert found.is_safe
    assert any("linear programs" in step for step in found.steps)
    assert found.hidden.sum() < 0.5 * len(system)
