"""XmR charts: against the reference values, against the rules written out point by point, and by what always holds."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.methods import MethodError, Problem
from psykanalys.methods.xmr import xmr

REFERENCE = Path(__file__).parent / "reference"
PER_POINT = ["outside_limits", "relative_to_mean", "close_to_limits", "special_cause_type", "point_type"]
PER_SERIES = ["value", "ci_low", "ci_high", "mean_moving_range", "weak"]
STEADY = [10, 12, 9, 11, 10, 13, 9, 10, 11, 10, 9, 11]

unhurried = settings(deadline=None)
values = st.lists(st.integers(-9, 9), min_size=2, max_size=30).filter(lambda y: len(set(y)) > 1)
long_runs = st.lists(
    st.tuples(st.integers(-12, 12), st.integers(1, 9)).flatmap(
        lambda run: st.sampled_from([[run[0]] * run[1], list(range(run[0], run[0] + run[1]))])
    ),
    min_size=2,
    max_size=5,
).map(lambda runs: [value for run in runs for value in run])


def assert_same(one, other, names=(*PER_SERIES, *PER_POINT)):
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# --- against the reference values


@pytest.mark.parametrize("screen", [True, False])
@pytest.mark.parametrize("series", ["stable", "outlier", "two_in_three"])
def test_charts_agree_with_the_reference_in_every_column(series, screen):
    expected = pd.read_csv(REFERENCE / "xmr_expected.csv").query("series == @series and screen_outliers == @screen")
    inputs = pd.read_csv(REFERENCE / "xmr_inputs.csv").query("series == @series")
    found = xmr(inputs["y"], screen=screen, desired_direction="higher")
    assert len(expected) == len(inputs) >= 14
    np.testing.assert_allclose(found.value, expected["mean"].iloc[0], rtol=1e-9)
    np.testing.assert_allclose(found.ci_low, expected["lpl"].iloc[0], rtol=1e-9)
    np.testing.assert_allclose(found.ci_high, expected["upl"].iloc[0], rtol=1e-9)
    for name in PER_POINT:
        np.testing.assert_array_equal(getattr(found, name), expected[name], err_msg=name)


# --- against a slow second implementation


def limits_by_hand(y, screen):
    mean = sum(y) / len(y)
    ranges = [abs(later - earlier) for earlier, later in pairwise(y)]
    average = sum(ranges) / len(ranges)
    if screen:
        kept = [one for one in ranges if one < 3.267 * average]
        average = sum(kept) / len(kept)
    return mean, average


def windows(y, width, place):
    """The stretches of that many points that the point is in."""
    return [range(start, start + width) for start in range(len(y) - width + 1) if start <= place < start + width]


def trend_by_hand(y, place):
    for stretch in reversed(windows(y, 7, place)):  # the later trend counts
        steps = [y[i + 1] - y[i] for i in stretch[:-1]]
        if all(step > 0 for step in steps):
            return "7 Point Trend (Increasing)"
        if all(step < 0 for step in steps):
            return "7 Point Trend (Decreasing)"
    return ""


def near_by_hand(y, place, side, mean, near, low, high):
    """One of two near the same limit among three on that side."""
    beyond = [i for i, value in enumerate(y) if low <= value <= high and value * side > near * side]
    for stretch in windows(y, 3, place):
        if place in beyond and all((y[i] - mean) * side > 0 for i in stretch) and len({*beyond} & {*stretch}) >= 2:
            return f"2 in 3 {'Above' if side > 0 else 'Below'} CL"
    return ""


def side_by_hand(y, place, side, mean):
    runs = [all((y[i] - mean) * side > 0 for i in stretch) for stretch in windows(y, 7, place)]
    return f"7 Points {'Above' if side > 0 else 'Below'} CL" if any(runs) else ""


def cause_by_hand(y, place, mean, unit, low, high):
    near = 2 * 2.66 / 3 * unit
    if not low <= y[place] <= high:
        return "Above UCL" if y[place] > high else "Below LCL"
    rules = [
        trend_by_hand(y, place),
        near_by_hand(y, place, 1, mean, mean + near, low, high),
        near_by_hand(y, place, -1, mean, mean - near, low, high),
        side_by_hand(y, place, 1, mean),
        side_by_hand(y, place, -1, mean),
    ]
    return next((name for name in rules if name), "Common Cause")


@given(st.one_of(values, long_runs), st.booleans())
@settings(deadline=None, max_examples=400)
def test_every_point_is_what_the_rules_written_out_make_it(y, screen):
    found = xmr(y, screen=screen)
    if found.problems:
        return
    mean, average = limits_by_hand(y, screen)
    assert found.value == pytest.approx(mean, abs=1e-12)
    assert found.mean_moving_range == pytest.approx(average, rel=1e-12)
    limits = [float(part) for part in (found.value, found.mean_moving_range, found.ci_low, found.ci_high)]
    expected = [cause_by_hand(y, place, *limits) for place in range(len(y))]
    assert found.special_cause_type.tolist() == expected


# --- the rules one by one


def test_screening_leaves_a_leap_out_of_the_limits_once():
    y = [*STEADY[:6], 30, *STEADY[6:]]
    screened, raw = xmr(y), xmr(y, screen=False)
    assert (screened.interval_method, raw.interval_method) == ("xmr_screened", "xmr")
    assert screened.value == raw.value
    assert screened.ci_high < raw.ci_high
    assert screened.special_cause_type[6] == "Above UCL"


def test_a_point_below_the_limits_is_outside_too():
    found = xmr([*STEADY, -20], desired_direction="higher")
    assert found.special_cause_type[-1] == "Below LCL"
    assert found.point_type[-1] == "special_cause_concern"
    assert found.outside_limits.sum() == 1


def test_seven_rising_points_are_a_trend_and_six_are_not():
    noise = [-5, 5] * 10
    assert (xmr([*noise, 0, 1, 2, 3, 4, 5, 6]).special_cause_type == "7 Point Trend (Increasing)").sum() >= 7
    assert "Trend" not in "".join(xmr([*noise, 1, 2, 3, 4, 5, 6]).special_cause_type.tolist())


def test_a_turning_point_belongs_to_the_later_trend():
    noise = [20, -20] * 10
    found = xmr([*noise, 0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0]).special_cause_type[20:]
    assert found[:6].tolist() == ["7 Point Trend (Increasing)"] * 6
    assert found[6:].tolist() == ["7 Point Trend (Decreasing)"] * 7


def test_a_flat_step_after_a_rise_leaves_it_a_rise():
    noise = [20, -20] * 10
    found = xmr([*noise, 0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12]).special_cause_type[20:]
    assert set(found.tolist()) == {"7 Point Trend (Increasing)"}


@pytest.mark.parametrize(
    ("direction", "above", "below"),
    [
        ("higher", "special_cause_improvement", "special_cause_concern"),
        ("lower", "special_cause_concern", "special_cause_improvement"),
        ("neutral", "special_cause_neutral_high", "special_cause_neutral_low"),
    ],
)
def test_the_desired_direction_tells_improvement_from_concern(direction, above, below):
    found = xmr([*STEADY, 40, -20], desired_direction=direction, screen=True)
    assert found.point_type[-2:].tolist() == [above, below]
    assert set(found.point_type[:-2].tolist()) == {"common_cause"}


def test_without_a_desired_direction_nothing_is_called_an_improvement():
    assert xmr([*STEADY, 40]).point_type[-1] == "special_cause_neutral_high"


@pytest.mark.parametrize(("points", "weak"), [(5, True), (10, True), (11, False), (12, False)])
def test_series_of_ten_points_or_fewer_are_marked_weak(points, weak):
    assert bool(xmr(STEADY[:points]).weak) is weak


# --- what always holds


@given(values, st.booleans())
@unhurried
def test_turning_the_values_upside_down_turns_the_chart_upside_down(y, screen):
    one, other = xmr(y, screen=screen), xmr([-value for value in y], screen=screen)
    np.testing.assert_allclose(other.ci_low, -one.ci_high, rtol=1e-12)
    np.testing.assert_array_equal(other.outside_limits, one.outside_limits)
    np.testing.assert_array_equal(other.relative_to_mean, -one.relative_to_mean)


@given(values)
@unhurried
def test_screening_never_widens_the_limits(y):
    screened, raw = xmr(y), xmr(y, screen=False)
    if not screened.problems:
        assert screened.ci_high - screened.ci_low <= raw.ci_high - raw.ci_low
        assert screened.ci_low < screened.value < screened.ci_high


# --- the unknown and the impossible


def test_a_missing_point_gives_no_range_and_ends_a_run():
    y = [*STEADY, 8, 8, 8, np.nan, 8, 8, 8, 8]
    found = xmr(y)
    known = [value for value in y if not np.isnan(value)]
    assert found.value == pytest.approx(np.mean(known))
    ranges = np.abs(np.diff(y))
    assert xmr(y, screen=False).mean_moving_range == pytest.approx(np.nanmean(ranges))
    assert "7 Points Below CL" not in found.special_cause_type
    assert "7 Points Below CL" in xmr(known).special_cause_type
    assert (found.special_cause_type[15], found.point_type[15]) == ("", "")
    assert np.isnan(found.relative_to_mean[15])
    assert found.problems == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([4, np.nan, np.nan, np.nan], "fewer than 2 points"),
        ([4, np.nan, 5, np.nan], "no two points in a row: limits not estimable"),
        ([4, 4, 4, 4], "no variation between the points: limits not estimable"),
        ([4, 4, np.inf, 4], "a value is infinite"),
    ],
)
def test_a_series_without_limits_is_set_aside_with_its_reason_and_disturbs_no_other(row, reason):
    rows = [[1, 3, 2, 4], row, [9, 8, 3, 1]]
    found, undisturbed = xmr(rows), xmr([rows[0], rows[2]])
    assert found.problems == (Problem(1, reason),)
    assert np.isnan([found.ci_low[1], found.ci_high[1]]).all()
    assert set(found.special_cause_type[1].tolist()) == set(found.point_type[1].tolist()) == {""}
    assert not found.outside_limits[1].any()
    for name in (*PER_SERIES, *PER_POINT):
        np.testing.assert_array_equal(getattr(found, name)[[0, 2]], getattr(undisturbed, name), err_msg=name)


def test_one_leap_in_a_flat_series_does_not_put_every_point_outside_limits_of_no_width():
    found = xmr([4, 4, 4, 4, 4, 5])
    assert found.problems == (Problem(0, "no variation between the points: limits not estimable"),)
    assert found.value == pytest.approx(25 / 6)
    assert not found.outside_limits.any()


def test_a_series_of_nothing_but_missing_values_is_unknown_and_no_problem():
    found = xmr([[np.nan] * 4, [1, 3, 2, 4]])
    np.testing.assert_array_equal(np.isnan(found.value), [True, False])
    assert found.problems == ()


def test_a_raised_error_lists_every_series():
    with pytest.raises(MethodError) as caught:
        xmr([[1, 1, 1], [1, 2, 3], [1, np.nan, 2]], errors="raise")
    assert [problem.index for problem in caught.value.problems] == [0, 2]


# --- what may be asked


def test_one_series_gives_numbers_per_series_and_its_own_shape_per_point():
    found = xmr(STEADY)
    assert [np.shape(getattr(found, name)) for name in PER_SERIES] == [()] * 5
    assert [np.shape(getattr(found, name)) for name in PER_POINT] == [(12,)] * 5


def test_time_may_stand_on_another_axis():
    table = np.array([STEADY, STEADY[::-1], [*STEADY[:11], 40]])
    rows, columns = xmr(table), xmr(table.T, axis=0)
    assert_same(rows, columns, PER_SERIES)
    for name in PER_POINT:
        np.testing.assert_array_equal(getattr(columns, name).T, getattr(rows, name), err_msg=name)


def test_a_row_in_a_table_gives_the_same_as_alone():
    table = xmr([STEADY[::-1], STEADY])
    for name in (*PER_SERIES, *PER_POINT):
        np.testing.assert_array_equal(getattr(table, name)[1], getattr(xmr(STEADY), name), err_msg=name)


def test_series_with_any_index_and_whole_numbers_are_taken():
    assert_same(xmr(pd.Series(STEADY, index=list("lkjihgfedcba"))), xmr([float(one) for one in STEADY]))


def test_nothing_gives_nothing():
    assert xmr(np.empty((0, 5))).value.shape == (0,)
    assert xmr(np.empty((0, 5))).point_type.shape == (0, 5)
    assert np.isnan(xmr([]).value)
    assert xmr([]).point_type.shape == (0,)
    assert xmr(4).problems == (Problem(0, "fewer than 2 points"),)
