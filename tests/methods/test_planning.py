from __future__ import annotations

import numpy as np
import pytest

from psykanalys.methods import needed_n, proportion


@pytest.mark.parametrize(
    ("share", "target"), [(0.95, 0.9), (0.85, 0.9), (0.5, 0.4), (0.02, 0.05), (1.0, 0.9), (0.0, 0.1)]
)
def test_from_the_needed_n_on_the_answer_is_firm_and_just_before_it_is_not(share, target):
    needed = int(needed_n(share, target))

    def is_firm(n):
        x = np.floor(share * n + 1e-9) if share > target else np.ceil(share * n - 1e-9)
        estimate = proportion(x, n)
        return estimate.ci_low > target if share > target else estimate.ci_high < target

    assert all(is_firm(n) for n in range(needed, 2 * needed))
    assert not is_firm(needed - 1)


def test_a_share_on_the_target_never_becomes_firm():
    assert np.isnan(needed_n(0.9, 0.9))


def test_an_unknown_share_needs_an_unknown_number():
    assert np.isnan(needed_n([np.nan, 0.95], 0.9)).tolist() == [True, False]


def test_the_closer_to_the_target_the_more_is_needed():
    needed = needed_n([0.99, 0.97, 0.95, 0.92], 0.9)
    assert (np.diff(needed) > 0).all()
