"""Seconds, rows per second and peak memory of the methods on a national table, beside statsmodels and scipy in a loop.

311 areas × 100 indicators × 15 years × 3 sexes = 1.4 million counts, and 93 300 series of 15 years. Each step runs in a
process of its own, so that its peak memory is its own; the shortest of several runs counts. What loops over rows is
timed on a sample, and its rows per second are compared.

    python benchmarks/methods.py [--repeats 3] [--large]

`--large` adds ten times as many rows, to show whether time grows in proportion. Needs the `dev` extra (statsmodels).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

AREAS, INDICATORS, YEARS, SEXES = 311, 100, 15, 3
SERIES = AREAS * INDICATORS * SEXES
LEVELS = [0.95, 0.80]
SAMPLE = 500
SERIES_SAMPLE = 200
Counts = tuple[np.ndarray, np.ndarray]


def counts(series: int) -> Counts:
    """x and n by series and year: n from 20 to 50 000, evenly on the log scale, a share of its own for each series."""
    rng = np.random.default_rng(20261122)
    n = np.exp(rng.uniform(np.log(20), np.log(50_000), (series, 1))) * rng.uniform(0.9, 1.1, (series, YEARS))
    n = np.floor(n)
    return rng.binomial(n.astype(int), rng.uniform(0.02, 0.98, (series, 1))).astype(float), n


def ours(name: str) -> Callable[[np.ndarray, np.ndarray], object]:
    from psykanalys.methods import proportion, rate, trends
    from psykanalys.methods.positions import verdict_positions

    return {
        "exact": lambda x, n: proportion(x, n, confidence=LEVELS),
        "wilson": lambda x, n: proportion(x, n, method="wilson", confidence=LEVELS),
        "rate": lambda x, n: rate(x, n, confidence=LEVELS),
        "positions": lambda x, n: verdict_positions(x, n, 0.9),
        "mann_kendall": lambda x, n: trends.mann_kendall(x / n),
        "poisson_trend": lambda x, n: trends.poisson_trend(x, n),
    }[name]


def statsmodels_vectorised(x: np.ndarray, n: np.ndarray, method: str) -> None:
    from statsmodels.stats.proportion import proportion_confint

    for level in LEVELS:
        proportion_confint(x, n, alpha=1 - level, method=method)


def statsmodels_loop(x: np.ndarray, n: np.ndarray) -> None:
    for one, whole in zip(x.ravel()[:SAMPLE], n.ravel()[:SAMPLE], strict=True):
        statsmodels_vectorised(one, whole, "beta")


def statsmodels_trend(x: np.ndarray, n: np.ndarray) -> None:
    import statsmodels.api as sm

    design = sm.add_constant(np.arange(YEARS, dtype=float))
    for events, exposure in zip(x[:SERIES_SAMPLE], n[:SERIES_SAMPLE], strict=True):
        sm.GLM(events, design, family=sm.families.Poisson(), exposure=exposure).fit()


def scipy_vectorised(x: np.ndarray, n: np.ndarray) -> None:
    from scipy import special

    for level in LEVELS:
        special.betaincinv(np.maximum(x, 1), n - np.maximum(x, 1) + 1, (1 - level) / 2)
        special.betainccinv(np.minimum(x, n - 1) + 1, n - np.minimum(x, n - 1), (1 - level) / 2)


def scipy_loop(x: np.ndarray, n: np.ndarray) -> None:
    from scipy import stats

    for one, whole in zip(x.ravel()[:SAMPLE].astype(int), n.ravel()[:SAMPLE].astype(int), strict=True):
        test = stats.binomtest(one, whole)
        for level in LEVELS:
            test.proportion_ci(level, method="exact")


def scipy_poisson(x: np.ndarray, n: np.ndarray) -> None:  # noqa: ARG001
    from scipy import special

    for level in LEVELS:
        special.gammaincinv(np.maximum(x, 1), (1 - level) / 2)
        special.gammainccinv(x + 1, (1 - level) / 2)


def scipy_ranks(x: np.ndarray, n: np.ndarray) -> None:
    from scipy import stats

    for series in x[:SERIES_SAMPLE] / n[:SERIES_SAMPLE]:
        stats.kendalltau(np.arange(YEARS), series)
        stats.theilslopes(series)


OTHERS = {
    "statsmodels beta": lambda x, n: statsmodels_vectorised(x, n, "beta"),
    "statsmodels beta, loop": statsmodels_loop,
    "scipy inverse": scipy_vectorised,
    "scipy binomtest, loop": scipy_loop,
    "statsmodels wilson": lambda x, n: statsmodels_vectorised(x, n, "wilson"),
    "scipy gamma inverse": scipy_poisson,
    "statsmodels GLM, loop": statsmodels_trend,
    "scipy ranks, loop": scipy_ranks,
}
# Step of ours: what it is set beside.
BESIDE = {
    "exact": ["statsmodels beta", "statsmodels beta, loop", "scipy inverse", "scipy binomtest, loop"],
    "wilson": ["statsmodels wilson"],
    "rate": ["scipy gamma inverse"],
    "positions": ["statsmodels beta"],
    "mann_kendall": ["scipy ranks, loop"],
    "poisson_trend": ["statsmodels GLM, loop"],
}


def rows_of(name: str, series: int) -> int:
    """Rows that a step works on: series for the trends, counts for the rest, fewer where it loops."""
    if name in {"statsmodels GLM, loop", "scipy ranks, loop"}:
        return SERIES_SAMPLE
    if name.endswith("loop"):
        return SAMPLE
    return series if name in {"mann_kendall", "poisson_trend"} else series * YEARS


def run_step(name: str, series: int, repeats: int) -> dict[str, float]:
    """The shortest time of a step in this process, and the process's peak memory before and after it."""
    warnings.simplefilter("ignore")
    x, n = counts(series)
    step = OTHERS[name] if name in OTHERS else ours(name)
    step(x[:SERIES_SAMPLE], n[:SERIES_SAMPLE])
    before, times = peak(), []
    for _ in range(repeats):
        started = time.perf_counter()
        step(x, n)
        times.append(time.perf_counter() - started)
    return {"seconds": min(times), "before": before, "peak": peak()}


def peak() -> float:
    """Peak memory in MB (kilobytes are reported, on macOS bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measured(name: str, series: int, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--step", name, "--series", str(series), "--repeats", str(repeats)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or [f"ended with {answer.returncode}"])[-1]
        print(f"  {name}: failed: {reason}", flush=True)
        return {"seconds": np.nan, "before": np.nan, "peak": np.nan, "rate": np.nan}
    result = json.loads(answer.stdout)
    return result | {"rate": rows_of(name, series) / result["seconds"]}


def line(name: str, rows: int, result: dict[str, float], ratio: str) -> str:
    return (
        f"{name:26} {rows:>11,} rows {result['seconds']:9.3f} s {result['rate']:>13,.0f} rows/s"
        f" {result['peak']:7,.0f} MB ({result['before']:,.0f} before)  {ratio}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--series", type=int, default=SERIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(run_step(options.step, options.series, options.repeats)))
        return
    others: dict[str, dict[str, float]] = {}
    for name, beside in BESIDE.items():
        result = measured(name, SERIES, options.repeats)
        print(line(name, rows_of(name, SERIES), result, "ours"), flush=True)
        for other in beside:
            others[other] = others.get(other) or measured(other, SERIES, 1)
            ratio = f"ours is {result['rate'] / others[other]['rate']:,.1f} times as fast"
            print(line(f"  {other}", rows_of(other, SERIES), others[other], ratio), flush=True)
        if options.large:
            large = measured(name, 10 * SERIES, 1)
            growth = f"{large['seconds'] / result['seconds']:.1f} times the seconds for 10 times the rows"
            print(line("  ten times as many", rows_of(name, 10 * SERIES), large, growth), flush=True)


if __name__ == "__main__":
    main()
