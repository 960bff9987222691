"""A thousand made plans with planted defects: every defect is found, and hardly anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from plans import DEFECTS, Maker, analyses_of, made_plan
from psykanalys.audit import BY_CODE, audit

PLANS = 1000
MOST_FALSE = 0.02


def found(makers: Iterable[Maker]) -> Iterator[set[tuple[str, str]]]:
    for analysis in analyses_of([maker.rows for maker in makers]):
        yield {(finding.code, finding.row) for finding in audit(analysis).findings}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_and_nothing_else(name):
    makers = [Maker(seed) for seed in range(5)]
    for maker in makers:
        maker.plant([name])
    assert list(found(makers)) == [maker.truth for maker in makers]


def test_a_sound_plan_has_no_findings():
    assert list(found([Maker(seed) for seed in range(20)])) == [set()] * 20


def test_recall_and_false_alarms(capsys):
    planted, missed, false = Counter(), Counter(), Counter()
    makers = [made_plan(seed) for seed in range(PLANS)]
    for maker, seen in zip(makers, found(makers), strict=True):
        planted += Counter(code for code, _ in maker.truth)
        missed += Counter(code for code, _ in maker.truth - seen)
        false += Counter(code for code, _ in seen - maker.truth)
    reported = planted.total() - missed.total() + false.total()
    recall, alarms = 1 - missed.total() / planted.total(), false.total() / reported
    with capsys.disabled():
        print(f"\n{PLANS} plans, {planted.total()} planted: recall {recall:.4f}, false alarms {alarms:.4f}")
    assert set(planted) == set(BY_CODE), "every code is planted"
    assert recall == 1.0, missed
    assert alarms <= MOST_FALSE, false
