"""Series in rows: shapes in and out, what is known, and the order of time."""

import numpy as np
import pytest

from psykanalys.methods.series import as_series, fewer, infinite, simultaneous


def test_one_series_is_one_row_and_its_results_are_numbers():
    series = as_series([1, 2, 3], time=None, axis=-1)
    assert series.values[0].shape == series.time.shape == (1, 3)
    assert series.per_series(np.array([7.0])).shape == ()
    assert series.per_point(series.values[0]).tolist() == [1, 2, 3]
    np.testing.assert_array_equal(series.time, [[0, 1, 2]])


def test_a_single_number_is_a_series_of_one_point():
    series = as_series(5, 10, time=None, axis=-1)
    assert [part.tolist() for part in series.values] == [[[5]], [[10]]]
    assert series.points.tolist() == [1]


def test_any_axis_may_be_time():
    table = np.arange(24.0).reshape(2, 3, 4)
    series = as_series(table, time=[10, 20, 30], axis=1)
    assert series.values[0].shape == (8, 3)
    assert series.per_series(np.arange(8)).shape == (2, 4)
    np.testing.assert_array_equal(series.per_point(series.values[0]), table)
    np.testing.assert_array_equal(series.time[5], [10, 20, 30])


def test_each_series_may_have_its_own_times():
    table, times = np.arange(6.0).reshape(3, 2), np.arange(6.0).reshape(3, 2) * 10
    series = as_series(table, time=times, axis=0)
    np.testing.assert_array_equal(series.time, times.T)


@pytest.mark.parametrize("time", [[1, 2], [[1, 2, 3], [1, 2, 3]]])
def test_times_must_be_one_per_point(time):
    with pytest.raises(ValueError, match="expected one time per point"):
        as_series([1, 2, 3], time=time, axis=-1)


def test_a_point_is_known_where_every_part_of_it_is():
    series = as_series([1, np.nan, 3, 4], [1, 2, np.nan, 4], time=[1, 2, 3, np.nan], axis=-1)
    np.testing.assert_array_equal(series.known, [[True, False, False, False]])
    assert (series.first.tolist(), series.last.tolist()) == ([1], [1])


def test_time_order_puts_what_is_known_last():
    series = as_series([1, 2, np.nan, 4], time=[3, 1, 9, 2], axis=-1).in_time_order()
    np.testing.assert_array_equal(series.values[0], [[np.nan, 2, 4, 1]])
    np.testing.assert_array_equal(series.known, [[False, True, True, True]])


def test_nothing_known_has_no_first_and_no_last():
    series = as_series([[1.0, 2.0], [3.0, 4.0]], time=None, axis=-1).only(np.array([True, False]))
    np.testing.assert_array_equal(series.first, [0, np.inf])
    np.testing.assert_array_equal(series.last, [1, -np.inf])
    assert series.points.tolist() == [2, 0]


def test_faults_are_told_by_series():
    series = as_series([[1, np.nan, 3], [1, 2, np.inf], [np.nan] * 3], time=None, axis=-1)
    np.testing.assert_array_equal(fewer(series, 3), [True, False, False])
    np.testing.assert_array_equal(infinite(series), [False, True, False])
    np.testing.assert_array_equal(simultaneous(series), [False, False, False])
    twice = as_series([[1, 2, 3], [1, np.nan, 3]], time=[5, 6, 6], axis=-1)
    np.testing.assert_array_equal(simultaneous(twice), [True, False])
