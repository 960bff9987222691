"""Positions against a target: the same as the verdicts by interval, case by case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.methods import chunks, proportion
from psykanalys.methods.positions import UNKNOWN, verdict_positions
from psykanalys.verdicts import Word, _by_interval, _Case

SCALE = {
    Word.SURELY_REACHED: 2,
    Word.LIKELY_REACHED: 1,
    Word.UNDECIDED: 0,
    Word.LIKELY_NOT_REACHED: -1,
    Word.SURELY_NOT_REACHED: -2,
}
OPERATORS = [">=", ">", "<=", "<", "=", "between"]
parts = st.one_of(st.integers(1, 60), st.integers(1, 5000), st.integers(1, 10**9)).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n))
)
shares = st.one_of(st.integers(0, 100).map(lambda percent: percent / 100), st.floats(0, 1))


def by_object(x, n, target, operator, target_high=None):
    """The verdict as judged for one result at a time, by its two intervals."""
    low, high = (limits.tolist() for limits in proportion_limits(x, n))
    result = {"ci_low": low[0], "ci_high": high[0], "likely_low": low[1], "likely_high": high[1]}
    goal = {"operator": operator, "value": target, "value_high": target_high}
    return SCALE[_by_interval(_Case(goal, result, (), None, 0.0, 0.0))[0]]


def proportion_limits(x, n):
    estimate = proportion(x, n, confidence=[0.95, 0.80])
    return estimate.ci_low, estimate.ci_high


@given(parts, shares, shares, st.sampled_from(OPERATORS))
@settings(deadline=None, max_examples=500)
def test_positions_are_the_verdicts_by_interval(part, one, other, operator):
    low, high = (min(one, other), max(one, other)) if operator == "between" else (one, None)
    found = verdict_positions(*part, low, operator=operator, target_high=high)
    assert found == by_object(*part, low, operator, high)


@given(parts, st.integers(0, 3), st.sampled_from(OPERATORS[:5]), st.sampled_from([-1, 0, 1]))
@settings(deadline=None, max_examples=500)
def test_a_target_at_a_limit_or_beside_it_is_judged_as_the_interval_is_drawn(part, which, operator, beside):
    limit = np.concatenate(proportion_limits(*part))[which]
    target = float(np.nextafter(limit, limit + beside))
    assert verdict_positions(*part, target, operator=operator) == by_object(*part, target, operator)


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_count_of_every_small_n_against_every_percentage(operator):
    x, n = np.array([(x, n) for n in range(1, 31) for x in range(n + 1)]).T
    low, high = proportion_limits(x, n)
    for target in np.arange(0, 101, 5) / 100:
        upper = min(target + 0.2, 1) if operator == "between" else None
        found = verdict_positions(x, n, target, operator=operator, target_high=upper)
        end = target if upper is None else upper
        above, below = (low > target).astype(int), (high < target).astype(int)
        inside = ((low > target) & (high < end)).astype(int)
        outside = ((high < target) | (low > end)).astype(int)
        up, missed = above - below, -(above | below)
        side = {">=": up, ">": up, "<=": -up, "<": -up, "=": missed, "between": inside - outside}[operator]
        np.testing.assert_array_equal(found, np.where(side[:, 0] != 0, 2 * side[:, 0], side[:, 1]))


def test_a_limit_equal_to_the_target_is_not_outside():
    limit = float(proportion(28, 39).ci_low)
    assert verdict_positions(28, 39, limit) == 1
    assert verdict_positions(28, 39, np.nextafter(limit, 0)) == 2


def test_all_and_none_are_never_beyond_the_ends():
    assert verdict_positions(39, 39, 1.0) == 0
    assert verdict_positions(0, 39, 0.0) == 0
    assert verdict_positions([39, 0], 39, [1.2, -0.2]).tolist() == [-2, 2]


@pytest.mark.parametrize(
    ("x", "n", "target"),
    [(np.nan, 39, 0.9), (3, np.nan, 0.9), (3, 39, np.nan), (-1, 39, 0.9), (40, 39, 0.9), (3, 0, 0.9), (2.5, 39, 0.9)],
)
def test_what_is_missing_or_impossible_has_no_position(x, n, target):
    assert verdict_positions(x, n, target) == UNKNOWN
    assert verdict_positions([x, 28], [n, 39], [target, 0.1], operator="=").tolist() == [UNKNOWN, -2]


def test_an_unknown_operator_or_a_missing_end_is_refused():
    with pytest.raises(ValueError, match="operator"):
        verdict_positions(28, 39, 0.9, operator="increase")
    with pytest.raises(ValueError, match="target_high"):
        verdict_positions(28, 39, 0.9, operator="between")
    with pytest.raises(ValueError, match="target_high"):
        verdict_positions(28, 39, 0.9, target_high=0.95)


def test_shapes_broadcast_and_threads_change_nothing(monkeypatch):
    x, targets = np.arange(40), np.array([[0.5], [0.9]])
    alone = verdict_positions(x, 39, targets)
    monkeypatch.setattr(chunks, "CHUNK", 7)
    monkeypatch.setattr(chunks, "THREADS_FROM", 1)
    monkeypatch.setattr(chunks, "_cores", lambda: 3)
    assert alone.shape == (2, 40)
    assert alone.dtype == np.int8
    np.testing.assert_array_equal(verdict_positions(x, 39, targets), alone)
