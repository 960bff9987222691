"""Counts, queues and medians: by hand, against pandas row by row, and against the library's own waiting times."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psykanalys.errors import PsykanalysError
from psykanalys.methods.waiting import waiting_times
from psykanalys.records import counts, measures
from psykanalys.records.counts import LIMITS, find_months

from .conftest import DAY, write_extract

# Referrals of May and June 2024, extract of 30 June: what follows is counted by hand.
BY_HAND = [
    {"referral": "2024-06-03", "first_visit": "2024-06-03"},  # 0 days
    {"referral": "2024-06-03", "first_visit": "2024-06-06"},  # 3
    {"referral": "2024-05-31", "first_visit": "2024-06-10"},  # 10, waits on 31 May
    {"referral": "2024-05-01", "first_visit": "2024-06-10", "patient_chosen_days": "20"},  # 40, waits on 31 May
    {"referral": "2024-05-02", "first_visit": "2024-05-31"},  # 29, met on the last day of May
    {"referral": "2024-02-01", "first_visit": "2024-06-20"},  # 140, waits on 31 May
    {"referral": "2024-06-10", "first_visit": "", "waiting": "yes"},  # waits, 20 days on 30 June
    {"referral": "2024-03-01", "first_visit": "", "waiting": "yes"},  # waits, 91 days on 31 May, 121 on 30 June
    {"referral": "2024-06-05", "first_visit": "", "closed": "2024-06-25"},  # left the queue
]


@pytest.fixture
def by_hand(tell):
    return tell(BY_HAND, month="2024-05/2024-06")


def test_the_flow_is_of_those_whose_wait_ended_in_the_month(by_hand):
    june = [by_hand.counts(f"wait_first_visit_within_{limit}", period="2024-06") for limit in LIMITS]
    assert june == [("1", "5"), ("2", "5"), ("2", "5"), ("3", "5"), ("4", "5")]
    assert by_hand.counts("wait_first_visit_within_30", period="2024-05") == ("1", "1")


def test_both_denominators_stand_beside_each_other(by_hand):
    where = {"period": "2024-06", "dimension": "patientvald väntan"}
    assert by_hand.counts("wait_first_visit_within_90", level="nej", **where) == ("3", "4")
    assert by_hand.counts("wait_first_visit_within_90", level="ja", **where) == ("1", "1")


def test_the_queue_is_who_waits_on_the_last_day(by_hand):
    queue = {day: by_hand.counts("wait_first_visit_queue", period=day)[0] for day in ("2024-05-31", "2024-06-30")}
    assert queue == {"2024-05-31": "4", "2024-06-30": "2"}
    over = [
        by_hand.counts("wait_first_visit_queue", period="2024-05-31", level=f"{limit} dagar")[0] for limit in LIMITS
    ]
    assert over == ["3", "3", "3", "2", "2"]


def test_the_median_is_of_those_who_began_in_the_month(by_hand):
    """May: 10, 29 and 40 days. June: 0 and 3 days, closed after 20, still waiting after 20: half are met on day 3."""
    may = by_hand.figure("wait_first_visit_median", period="2024-05")
    assert (may["value"], may["numerator"]) == ("29", "3")
    june = by_hand.figure("wait_first_visit_median", period="2024-06")
    assert (june["value"], june["numerator"]) == ("3", "4")
    assert by_hand.figure("wait_first_visit_percentile_90", period="2024-06")["status"] == "not_applicable"


def test_steps_are_measured_apart(tell):
    told = tell([{"referral": "2024-05-20", "first_visit": "2024-05-25", "assessment": "2024-06-04",
                  "treatment_start": "2024-06-24"}])  # fmt: skip
    within = {name: [told.counts(f"wait_{name}_within_{limit}")[0] for limit in LIMITS]
              for name in ("first_visit", "assessment", "treatment", "medical_assessment")}  # fmt: skip
    assert within["assessment"] == ["0", "0", "0", "1", "1"]
    assert within["treatment"] == ["0", "0", "0", "1", "1"]
    assert within["medical_assessment"] == ["0", "0", "0", "1", "1"]
    assert within["first_visit"] == ["", "", "", "", ""]
    assert told.figure("wait_first_visit_within_30")["status"] == "not_applicable"


def test_reporting_is_of_units_that_occur_or_are_listed(tell):
    rows = [{"unit": "Ålidhem"}, {"unit": "Boliden", "referral": "2024-01-02", "first_visit": "2024-01-09"}]
    assert tell(rows).counts("wait_reporting_units") == ("1", "2")
    listed = [("24", "Ålidhem"), ("24", "Malå"), ("24", "Sorsele")]
    assert tell(rows, units=listed).counts("wait_reporting_units") == ("1", "3")


def test_a_stretch_of_few_between_two_limits_is_not_told(tell):
    """Ten within 7 days, and two more within 30: both limits would tell the two by subtraction."""
    rows = [{}] * 10 + [{"first_visit": "2024-06-25"}] * 2 + [{"referral": "2024-01-02"}] * 6
    told = tell(rows, threshold=5)
    assert told.counts("wait_first_visit_within_7") == ("10", "18")
    assert told.figure("wait_first_visit_within_30")["status"] == "suppressed"
    assert told.figure("wait_first_visit_within_90")["status"] == "suppressed"


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
@settings(deadline=None)
def test_shown_limits_leave_no_small_stretch(stretches):
    totals = np.cumsum(stretches).tolist()
    waits = measures.Waits(totals[-1], tuple(totals[:-1]))
    told = [0, *(count for count, shown in zip(waits.within, waits.shown(5), strict=True) if shown), waits.number]
    if any(waits.shown(5)):
        assert not any(0 < gap < 5 for gap in np.diff(told))


# --- against pandas, row by row


def made(seed: int, size: int) -> list[dict[str, str]]:
    """Random contacts with ties, empty months, leap days, closed waits and many who still wait."""
    random = np.random.default_rng(seed)
    first = date(2024, 1, 25)
    rows = []
    for number in range(size):
        begun = first + timedelta(days=int(random.integers(0, 150)) // 7 * 7)
        days = [int(random.choice([0, 0, 1, 3, 4, 7, 8, 30, 31, 35, 90, 91, 120])) for _ in range(3)]
        visit = begun + timedelta(days=days[0])
        row = {"id": f"{seed}-{number}", "area": str(random.choice(["2480", "2482", "24", "2180"])),
               "unit": str(random.choice(["", "A", "B"])), "sex": str(random.choice(["K", "M"])),
               "age": str(random.choice([0, 17, 18, 64, 65, 120])), "referral": begun.isoformat()}  # fmt: skip
        fate = random.integers(0, 10)
        if fate < 7 and visit <= DAY:
            row |= {"first_visit": visit.isoformat(), "waiting": "no"}
            row |= {"patient_chosen_days": str(random.integers(0, days[0] + 1))}
            for name, wait in zip(("assessment", "treatment_start"), days[1:], strict=True):
                if visit + timedelta(days=wait) <= DAY and random.random() < 0.6:
                    row[name] = (visit + timedelta(days=wait)).isoformat()
            if "treatment_start" not in row and random.random() < 0.5:
                row["waiting"] = "yes"
        elif fate < 9:
            row |= {"first_visit": "", "waiting": "yes"}
        else:
            row |= {"first_visit": "", "waiting": "no", "closed": min(visit, DAY).isoformat()}
        rows.append(row)
    return rows


def expected(rows, step, month, level=None):
    """Slow and obvious: each row by itself."""
    ended, queue, begun = [], [], []
    for row in rows:
        begins, ends, closed = (date.fromisoformat(text) if text else None
                                for text in (row.get(step.begins), row.get(step.ends), row.get("closed")))  # fmt: skip
        chosen = int(row.get("patient_chosen_days") or 0) > 0
        if begins is None or (ends is None and closed is None and row["waiting"] == "no"):
            continue
        if ends and month.first <= ends <= month.last and level in (None, chosen):
            ended.append((ends - begins).days)
        gone = ends or closed
        if begins <= month.last and (gone is None or gone > month.last):
            queue.append((month.last - begins).days)
        if month.first <= begins <= month.last:
            begun.append((((gone or DAY) - begins).days, ends is None))
    return ended, queue, begun


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_that_of_counting_one_by_one(seed, tell):
    rows = made(seed, 150)
    told = tell(rows, month="2024-02/2024-06", by=("area", "unit", "sex", "age"))
    assert told.done.used == 150
    everybody = [("24", "T", "", lambda row: True), ("24", "K", "", lambda row: row["sex"] == "K"),
                 ("2480", "T", "", lambda row: row["area"] == "2480"),
                 ("24-a", "T", "", lambda row: row["unit"] == "A"),
                 ("24", "T", "0-17", lambda row: int(row["age"]) < 18),
                 ("24", "T", "65-", lambda row: int(row["age"]) > 64)]  # fmt: skip
    table = told.table("observations", "vasterbotten-contacts-2024-06-30")
    figures = {tuple(row[name] for name in ("indicator", "area", "sex", "age", "period", "level")): row
               for row in table.to_dict("records")}  # fmt: skip
    for area, sex, age, belongs in everybody:
        own = [row for row in rows if row["area"].startswith("24") and belongs(row)]
        for step in counts.STEPS:
            for month in find_months("2024-02/2024-06", DAY):
                check(figures, own, step, month, (area, sex, age))


def check(figures, rows, step, month, who):
    ended, queue, begun = expected(rows, step, month)
    by_level = {"": ended, "ja": expected(rows, step, month, True)[0], "nej": expected(rows, step, month, False)[0]}
    for level, waits in by_level.items():
        for limit in LIMITS:
            figure = figures[f"wait_{step.name}_within_{limit}", *who, str(month), level]
            counted = (str(sum(days <= limit for days in waits)), str(len(waits)))
            assert (figure["numerator"], figure["denominator"]) == (counted if waits else ("", ""))
    day = month.last.isoformat()
    assert figures[f"wait_{step.name}_queue", *who, day, ""]["numerator"] == str(len(queue))
    for limit in LIMITS:
        figure = figures[f"wait_{step.name}_queue", *who, day, f"{limit} dagar"]
        assert figure["numerator"] == str(sum(days > limit for days in queue))
    for name in ("median", "percentile_90"):
        figure = figures[f"wait_{step.name}_{name}", *who, str(month), ""]
        if begun:
            days, waiting = zip(*begun, strict=True)
            same = getattr(waiting_times(days, waiting=waiting), name)
            assert figure["value"] == ("" if np.isnan(same.value) else f"{float(same.value):.12g}")
            known = np.isfinite([same.value, same.ci_low, same.ci_high]).all()
            assert figure["ci_low"] == (f"{float(same.ci_low):.12g}" if known else "")


# --- the curve from counts


counted = st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 60), st.booleans(), st.integers(1, 40))


@given(st.lists(counted, min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_durations_from_counts_are_those_of_single_waits(rows):
    begun = pd.DataFrame(rows, columns=["month", "days", "ended", "n"]).assign(county=24, member=0)
    begun = begun.groupby(["county", "member", "month", "days", "ended"], as_index=False)["n"].sum()
    single = begun.loc[begun.index.repeat(begun["n"])]
    found = measures.durations(begun)
    same = waiting_times(single["days"], waiting=~single["ended"], group=single["month"])
    for ours, theirs in ((found.median, same.median), (found.percentile_90, same.percentile_90)):
        for part in ("value", "ci_low", "ci_high"):
            np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), rtol=1e-12, atol=0)


def test_nobody_met_gives_no_median(tell):
    told = tell([{"first_visit": "", "waiting": "yes"}] * 3)
    assert told.figure("wait_first_visit_median")["caution"] == "Fler än hälften väntar ännu."
    assert told.counts("wait_first_visit_queue") == ("3", "")


def test_leap_days_are_days(tell):
    told = tell([{"referral": "2024-02-28", "first_visit": "2024-03-02"}], month="2024-03")
    assert told.counts("wait_first_visit_within_3") == ("1", "1")
    assert told.figure("wait_first_visit_within_0")["numerator"] == "0"


@pytest.mark.parametrize(
    ("text", "said"),
    [("2024-07", "ends after the extract"), ("2024-06-15", "no whole month"), ("juni", "is not a period")],
)
def test_months_that_cannot_be_are_refused(text, said):
    with pytest.raises(PsykanalysError, match=said):
        find_months(text, DAY)


def test_the_default_is_the_last_whole_month():
    assert [str(month) for month in find_months(None, date(2024, 6, 29))] == ["2024-05"]
    assert [str(month) for month in find_months(None, DAY)] == ["2024-06"]


def test_order_files_and_threads_change_no_byte(tell, tmp_path):
    from psykanalys.records.engine import Bounds

    rows = made(7, 400)
    one = tell([write_extract(tmp_path / "all.csv", rows)], by=("unit", "sex"), out=tmp_path / "one")
    parts = [write_extract(tmp_path / f"part{number}.csv", rows[::-1][number::3], delimiter=";") for number in range(3)]
    other = tell(parts, by=("unit", "sex"), out=tmp_path / "other", bounds=Bounds(threads=1, memory="200MB"))
    assert one.raw() == other.raw()
    table = pd.read_csv(tmp_path / "all.csv", dtype=str, keep_default_na=False)
    dates = ["referral", "first_visit", "assessment", "treatment_start", "closed"]
    table[dates] = table[dates].apply(lambda column: pd.to_datetime(column).dt.date)
    table["waiting"] = table["waiting"] == "yes"
    table["age"] = table["age"].astype("int16")
    table.sample(frac=1, random_state=1).to_parquet(tmp_path / "all.parquet")
    parquet = tell([tmp_path / "all.parquet"], by=("unit", "sex"), out=tmp_path / "third")
    assert one.raw() == parquet.raw()
