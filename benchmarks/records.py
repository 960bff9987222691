"""Ours beside plain pandas on made contacts: wall, CPU and peak memory, each in a fresh process, and the same figures.

    python benchmarks/records.py --rows 2 10 50 --pandas-most 10 --folder /tmp

Rows in millions. The files are made in DuckDB from a seed, and deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

DAY = date(2024, 6, 30)
LIMITS = (0, 3, 7, 30, 90)
STEPS = {
    "first_visit": ("referral", "first_visit"),
    "assessment": ("first_visit", "assessment"),
    "treatment": ("first_visit", "treatment_start"),
    "medical_assessment": ("referral", "assessment"),
}
MADE = """
WITH numbers AS (SELECT i, hash(i * 7 + {seed}) a, hash(i * 7 + {seed} + 1) b, hash(i * 7 + {seed} + 2) c,
    hash(i * 7 + {seed} + 3) d FROM range({rows}) t(i)),
people AS (SELECT *, DATE '2019-01-01' + CAST(a % 2007 AS INTEGER) AS referral, (a >> 20) % 100 AS fate,
    CAST(-25 * ln(((b >> 11) + 0.5) / 9007199254740992.0) AS INTEGER) w1,
    CAST(-20 * ln(((c >> 11) + 0.5) / 9007199254740992.0) AS INTEGER) w2,
    CAST(-35 * ln(((d >> 11) + 0.5) / 9007199254740992.0) AS INTEGER) w3 FROM numbers),
visits AS (SELECT *, CASE WHEN fate < 94 AND referral + w1 <= DATE '{day}' THEN referral + w1 END AS first_visit
    FROM people),
steps AS (SELECT *,
    CASE WHEN fate < 60 AND first_visit + w2 <= DATE '{day}' THEN first_visit + w2 END AS assessment,
    CASE WHEN fate < 70 AND first_visit + w3 <= DATE '{day}' THEN first_visit + w3 END AS treatment_start FROM visits)
SELECT 'r' || CASE WHEN i % 20000 = 19999 THEN i - 1 ELSE i END AS id,
    ({areas})[CAST(1 + (d >> 9) % {number} AS INTEGER)] AS area,
    'Enhet ' || ({areas})[CAST(1 + (d >> 9) % {number} AS INTEGER)][:2] || '-' || (d >> 20) % 60 AS unit,
    CAST(CASE WHEN i % 1000 = 7 THEN 130 ELSE (b >> 7) % 101 END AS SMALLINT) AS age,
    CASE WHEN i % 1000 = 8 THEN 'X' WHEN (b >> 3) % 2 = 0 THEN 'K' ELSE 'M' END AS sex,
    CASE WHEN i % 1000 = 9 THEN first_visit + 1 ELSE referral END AS referral, first_visit, assessment, treatment_start,
    CAST(CASE WHEN (c >> 5) % 20 = 0 THEN least(5, w1) END AS SMALLINT) AS patient_chosen_days,
    CASE WHEN fate >= 97 THEN least(referral + w1 + 1, DATE '{day}') END AS closed,
    coalesce(fate < 97 AND (first_visit IS NULL OR (fate < 70 AND treatment_start IS NULL)), false) AS waiting
FROM steps
"""


def make(path: Path, rows: int, seed: int = 1) -> None:
    import duckdb

    from psykanalys.areas import official_areas

    codes = [code for code, area in official_areas().items() if area.kind == "municipality"]
    areas = "[" + ", ".join(f"'{code}'" for code in codes) + "]"
    query = MADE.format(seed=seed, rows=rows, day=DAY, areas=areas, number=len(codes))
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB", "preserve_insertion_order": False})
    connection.execute(f"COPY ({query}) TO '{path}' (FORMAT {path.suffix[1:]})")


def ours(path: Path, out: Path, months: str) -> dict[str, int]:
    """The command's own way, and the county of Västerbotten's counts for comparison."""
    import pandas as pd

    from psykanalys.records.order import Order
    from psykanalys.records.run import measure

    done = measure(Order([path], out, DAY, month=months))
    document = next(name for name in done.documents if name.startswith("vasterbotten"))
    table = pd.read_csv(out / "raw" / document / "observations.csv", dtype={"level": str})
    table = table[table["level"].isna() & table["numerator"].notna()]
    figures = {f"{row.indicator} {row.period}": int(row.numerator) for row in table.itertuples()}
    medians = table[table["indicator"].str.endswith(("_median", "_percentile_90"))]
    return figures | {f"{row.indicator} {row.period} days": row.value for row in medians.itertuples()}


def plain(path: Path, _out: Path, months: str) -> dict[str, int]:
    """The same figures of every county as an analyst writes them in pandas."""
    import pandas as pd

    table = pd.read_parquet(path)
    dates = ["referral", "first_visit", "assessment", "treatment_start", "closed"]
    table[dates] = table[dates].apply(pd.to_datetime)
    day = pd.Timestamp(DAY)
    last = table[dates].max(axis=1)
    good = (
        ~table["id"].duplicated(keep=False) & table["sex"].isin(["K", "M"]) & table["age"].between(0, 120)
        & table["referral"].notna() & (last <= day) & ~(table["first_visit"] < table["referral"])
        & ~(table["assessment"] < table["first_visit"]) & ~(table["treatment_start"] < table["first_visit"])
        & ~(table["closed"] < table[dates[:4]].max(axis=1)) & ~(table["waiting"] & table["closed"].notna())
        & ~(table["waiting"] & table["treatment_start"].notna())
        & ~(~table["waiting"] & table["closed"].isna() & table["first_visit"].isna())
        & ~(table["patient_chosen_days"] > (last.where(~table["waiting"], day) - table["referral"]).dt.days)
    )  # fmt: skip
    table = table[good].assign(county=table["area"].str[:2])
    figures: dict[str, int] = {}
    for name, (begins, ends) in STEPS.items():
        for county, rows in table.groupby("county"):
            found = _of_county(name, rows, begins, ends, months)
            if county == "24":
                figures |= found
    return figures


def _of_county(name, rows, begins, ends, months):
    import pandas as pd

    figures, day, of = {}, pd.Timestamp(DAY), months.split("/")
    gone = rows[ends].fillna(rows["closed"])
    waited = (rows[ends] - rows[begins]).dt.days
    so_far = (gone.fillna(day) - rows[begins]).dt.days
    known = rows[begins].notna() & (gone.notna() | rows["waiting"])
    ended_in, begun_in = rows[ends].dt.to_period("M"), rows[begins].dt.to_period("M")
    for month in pd.period_range(of[0], of[-1], freq="M"):
        last = month.end_time.normalize()
        ended = waited[ended_in == month]
        for limit in LIMITS:
            figures[f"wait_{name}_within_{limit} {month}"] = int((ended <= limit).sum())
        there = known & (rows[begins] <= last) & ((gone > last) | gone.isna())
        figures[f"wait_{name}_queue {last.date()}"] = int(there.sum())
        begun = known & (begun_in == month)
        curve = pd.DataFrame({"days": so_far[begun], "ended": rows.loc[begun, ends].notna()}).groupby("days")["ended"]
        counts = curve.agg(["sum", "size"])
        left = counts["size"][::-1].cumsum()[::-1]
        share = (1 - counts["sum"] / left).cumprod()
        for what, level in (("median", 0.5), ("percentile_90", 0.1)):
            reached, below = share.index[share <= level + 1e-9], share.index[share < level - 1e-9]
            if len(reached):
                days = (reached[0] + below[0]) / 2 if len(below) else reached[0]
                figures[f"wait_{name}_{what} {month} days"] = float(days)
    return figures


def measure_once(way: str, path: Path, folder: Path, months: str) -> dict:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--file", str(path), "--folder", str(folder), "--month", months]
    began = time.perf_counter()
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1]) | {"wall": time.perf_counter() - began}


def run_way(way: str, path: Path, folder: Path, months: str) -> None:
    figures = {"ours": ours, "pandas": plain}[way](path, folder, months)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024, "figures": figures}
    print(json.dumps(told))


def compare(rows: float, most: float, folder: Path, suffix: str, months: str) -> None:
    with tempfile.TemporaryDirectory(prefix="records-", dir=folder) as name:
        path = Path(name) / f"made{suffix}"
        make(path, int(rows * 1_000_000))
        size = path.stat().st_size / 1e6
        found = {
            way: measure_once(way, path, Path(name), months)
            for way in ("ours", "pandas")
            if way == "ours" or rows <= most
        }
    for way, result in found.items():
        print(f"{rows:>6g} {size:>8.0f} {way:<7} {result['wall']:>7.1f} {result['cpu']:>7.1f} {result['peak']:>8.0f}"
              f"   load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    if len(found) == 2:
        ratios = [found["pandas"][what] / found["ours"][what] for what in ("wall", "cpu", "peak")]
        shared = found["ours"]["figures"].keys() & found["pandas"]["figures"].keys()
        other = [key for key in shared if found["ours"]["figures"][key] != found["pandas"]["figures"][key]]
        print(f"       pandas/ours: wall {ratios[0]:.1f}, CPU {ratios[1]:.1f}, memory {ratios[2]:.1f}; "
              f"{len(shared)} figures compared, {len(other)} differ {other[:3]}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[2, 10, 50])
    parser.add_argument("--pandas-most", type=float, default=10)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--month", default="2024-06")
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--way", choices=("ours", "pandas"))
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    if given.way:
        run_way(given.way, given.file, given.folder, given.month)
        return
    print(f"{'mill.':>6} {'MB':>8} {'way':<7} {'wall s':>7} {'CPU s':>7} {'peak MB':>8}")
    for rows in given.rows:
        compare(rows, given.pandas_most, given.folder, ".csv" if given.csv else ".parquet", given.month)


if __name__ == "__main__":
    main()
