"""Exact p-values and what they are made of: against exact fractions, and where counts are large."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from psykanalys.methods.exact_tests import binomial_at_most, binomial_p, fisher_p, smallest

SLACK = 1 + Fraction(1, 10**7)

unhurried = settings(deadline=None)
parts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
two_parts = st.tuples(parts, parts).map(lambda pair: (*pair[0], *pair[1]))
shares = st.integers(1, 200).map(lambda k: Fraction(k, 201))


def arrays(*numbers):
    return (np.array([number], dtype=float) for number in numbers)


def summed(probabilities, observed):
    return float(sum(part for part in probabilities if part <= observed * SLACK))


def binomial(k, n, share):
    return comb(n, k) * share**k * (1 - share) ** (n - k)


def binomial_p_by_hand(x, n, share):
    return summed([binomial(k, n, share) for k in range(n + 1)], binomial(x, n, share))


def fisher_p_by_hand(x1, n1, x2, n2):
    drawn = x1 + x2
    first = range(max(0, drawn - n2), min(n1, drawn) + 1)
    chances = {k: Fraction(comb(n1, k) * comb(n2, drawn - k), comb(n1 + n2, drawn)) for k in first}
    return summed(chances.values(), chances[x1])


@given(parts, shares)
@unhurried
def test_a_binomial_p_value_is_the_sum_over_all_outcomes_no_more_likely(part, share):
    p = binomial_p(*arrays(*part, share, 1 - share))
    assert p[0] == pytest.approx(binomial_p_by_hand(*part, share), rel=1e-9)


@given(two_parts)
@unhurried
def test_fishers_p_value_is_the_sum_over_all_tables_no_more_likely(numbers):
    assert fisher_p(*arrays(*numbers))[0] == pytest.approx(fisher_p_by_hand(*numbers), rel=1e-9)


@pytest.mark.parametrize("share", [1e-3, 0.2, 0.5, 0.77])
@pytest.mark.parametrize("n", [1, 2, 7, 30, 101])
def test_a_binomial_test_at_a_level_errs_at_most_that_often(n, share):
    outcomes = np.arange(n + 1.0)
    chances = np.array([float(binomial(k, n, Fraction(share))) for k in range(n + 1)])
    p = binomial_p(outcomes, np.full(n + 1, n * 1.0), np.full(n + 1, share), np.full(n + 1, 1 - share))
    for level in [*p, 0.05]:
        assert chances[p <= level].sum() <= level * (1 + 1e-6)


def test_two_sided_is_not_twice_one_side():
    three_or_more = 10 * 0.3**3 * 0.7**2 + 5 * 0.3**4 * 0.7 + 0.3**5
    assert binomial_p(*arrays(0, 5, 0.3, 0.7))[0] == pytest.approx(0.7**5 + three_or_more, rel=1e-12)


def test_certain_shares_have_certain_answers():
    x, n = np.array([0, 1, 5, 4, 0.0]), np.full(5, 5.0)
    share = np.array([0, 0, 1, 1, 1.0])
    np.testing.assert_array_equal(binomial_p(x, n, share, 1 - share), [1, 0, 1, 0, 0])


def test_nobody_or_everybody_with_the_trait_tells_nothing():
    x1, n1, x2, n2 = (np.array(column, dtype=float) for column in zip((0, 5, 0, 9), (5, 5, 9, 9), strict=True))
    np.testing.assert_array_equal(fisher_p(x1, n1, x2, n2), [1, 1])


def test_the_unknown_stays_unknown_among_the_known():
    x = np.array([3, np.nan, 3])
    n = np.full(3, 10.0)
    np.testing.assert_array_equal(np.isnan(binomial_p(x, n, n / 20, n / 20)), [False, True, False])
    np.testing.assert_array_equal(np.isnan(fisher_p(x, n, x, n)), [False, True, False])


@pytest.mark.parametrize(
    ("n1", "n2", "drawn"), [(58_000, 2_440_000, 4120), (1_200_000, 2_400_000, 1_500_000), (3000, 9_000_000, 8_000_000)]
)
def test_large_tables_lose_no_digits(n1, n2, drawn):
    """The chance of at most k and that of at least k + 1 are calculated apart; at the middle they make up 1."""
    mean = drawn * n1 / (n1 + n2)
    deviation = hypergeom.std(n1 + n2, n1, drawn)
    for x1 in (round(mean - 0.1 * deviation), round(mean + 2 * deviation), round(mean - 6 * deviation)):
        numbers = np.array([x1]), np.array([n1]), np.array([drawn - x1]), np.array([n2])
        p = fisher_p(*(part.astype(float) for part in numbers))[0]
        support = np.arange(max(0, drawn - n2), min(n1, drawn) + 1)
        log_ratio = np.cumsum(np.log(_step_up(support[:-1], n1, n2, drawn)))
        log_chance = np.concatenate([[0], log_ratio]) - np.max(log_ratio, initial=0)
        chances = np.exp(log_chance)
        observed = log_chance[x1 - support[0]]
        assert p == pytest.approx(chances[log_chance <= observed + 1e-7].sum() / chances.sum(), rel=1e-8)


def _step_up(k, n1, n2, drawn):
    return (n1 - k) * (drawn - k) / ((k + 1) * (n2 - drawn + k + 1))


def test_a_share_of_a_million_keeps_its_digits():
    share = 1e-9
    p = binomial_p(*arrays(2, 10**6, share, 1 - share))[0]
    assert p == pytest.approx(1 - np.exp(-1e-3) * (1 + 1e-3), rel=1e-5)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_the_smallest_is_found_for_every_element_at_once(borders):
    border = np.array(borders, dtype=float)
    found = smallest(lambda number: number >= border, np.zeros(border.shape), np.full(border.shape, 500.0))
    np.testing.assert_array_equal(found, np.minimum(border, 500))


@given(parts, shares)
@unhurried
def test_at_most_k_is_the_sum_up_to_k(part, share):
    k, n = part
    expected = float(sum(binomial(j, n, share) for j in range(k + 1)))
    number, size = np.array(float(k)), np.array(float(n))
    assert binomial_at_most(number, size, float(share), float(1 - share)) == pytest.approx(expected, rel=1e-11)
    assert binomial_at_most(np.array(-1.0), size, 0.5, 0.5) == 0
