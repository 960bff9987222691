"""Random tables protected, and both attackers afterwards: how many hidden counts are recovered, and what it costs.

Two-way counts with published totals, 2–6 × 2–6, each count Poisson around a mean of its own (exponential, mean 12).
Beside ours stand, on the same tables, hiding the small counts only and a simple heuristic (the smallest other count of
the row and of the column is hidden, too). A count is open if either attacker is left too few possible values.

    python benchmarks/disclosure.py [--first 0] [--count 10000] [--minutes 600] [--into results.jsonl]

Each table has a seed of its own. With `--into` every table's results are written at once, and a second call goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from psykanalys.disclosure import System, attack, is_small, suppress, two_way
from psykanalys.disclosure.attack import THRESHOLD

MEAN = 12
SIDES = (2, 6)
Result = dict[str, list[float]]  # method → hidden besides, open small, open in all, seconds


def table(number: int) -> np.ndarray:
    """A random table; the same number gives the same table."""
    rng = np.random.default_rng([6, number])
    shape = rng.integers(SIDES[0], SIDES[1] + 1, 2)
    return rng.poisson(rng.exponential(MEAN, shape))


def ours(system: System, _shape: tuple[int, ...]) -> np.ndarray:
    return suppress(system).hidden


def primary_only(system: System, _shape: tuple[int, ...]) -> np.ndarray:
    return is_small(system.counts, THRESHOLD)


def heuristic(system: System, shape: tuple[int, ...]) -> np.ndarray:
    """In each line (totals with it) with one hidden count: the smallest other that is not 0 is hidden, too."""
    counts = system.counts.reshape(shape)
    hidden = is_small(counts, THRESHOLD)
    while True:
        before = hidden.sum()
        for counts_by_line, hidden_by_line in ((counts, hidden), (counts.T, hidden.T)):
            for line, of_line in zip(counts_by_line, hidden_by_line, strict=True):
                left = np.flatnonzero(~of_line & (line > 0))
                if of_line.sum() == 1 and len(left):
                    of_line[left[np.argmin(line[left])]] = True
        if hidden.sum() == before:
            return hidden.ravel()


METHODS: dict[str, Callable[[System, tuple[int, ...]], np.ndarray]] = {
    "ours": ours,
    "primary only": primary_only,
    "simple heuristic": heuristic,
}


def one(number: int) -> tuple[int, int, Result]:
    """Every method on one table: its cells, its small counts, and the results. The attackers begin with nothing."""
    inner = table(number)
    shape = (inner.shape[0] + 1, inner.shape[1] + 1)
    results: Result = {}
    for name, method in METHODS.items():
        system = two_way(inner)
        small = is_small(system.counts, THRESHOLD)
        started = time.perf_counter()
        hidden = method(system, shape)
        took = time.perf_counter() - started
        told = np.zeros(len(system), dtype=bool)
        for knows_rule in (False, True):
            told |= attack(two_way(inner), hidden, knows_rule=knows_rule, bounds=False).narrow
        results[name] = [int((hidden & ~small).sum()), int((told & small).sum()), int(told.sum()), took]
    return len(system), int(small.sum()), results


def collect(numbers: range, minutes: float, into: Path | None) -> list[tuple[int, int, Result]]:
    """Results in the order of the tables until the time is over; those that `into` holds are not made again."""
    until = time.monotonic() + 60 * minutes
    lines = into.read_text().splitlines() if into and into.exists() else []
    done = {number: tuple(found) for number, found in map(json.loads, lines)}
    for number in numbers:
        if time.monotonic() > until:
            break
        if number not in done:
            done[number] = one(number)
            if into:
                with into.open("a") as file:
                    file.write(json.dumps([number, done[number]]) + "\n")
    return [done[number] for number in numbers if number in done]


def report(found: list[tuple[int, int, Result]], took: float) -> Iterator[str]:
    cells, small = (sum(result[place] for result in found) for place in (0, 1))
    share = 100 * small / cells
    yield f"{len(found)} tables, {cells} cells, {small} small counts ({share:.1f} %), threshold {THRESHOLD}"
    yield (
        f"{'method':18}{'small open':>12}{'open in all':>13}{'hidden besides':>16}{'per small':>11}"
        f"{'median s':>10}{'95 % s':>8}{'max s':>8}"
    )
    totals = {name: np.array([result[2][name] for result in found]) for name in METHODS}
    for name, rows in totals.items():
        more, open_small, open_all = rows[:, :3].sum(axis=0).astype(int)
        times = np.quantile(rows[:, 3], [0.5, 0.95, 1])
        yield (
            f"{name:18}{open_small:12}{open_all:13}{more:16}{more / small:11.3f}"
            f"{times[0]:10.3f}{times[1]:8.3f}{times[2]:8.2f}"
        )
    simple, own = totals["simple heuristic"], totals["ours"]
    yield f"hidden besides, ours against the simple heuristic: {own[:, 0].sum() / simple[:, 0].sum():.2f} times"
    left = {name: 100 * rows[:, 1].sum() / small for name, rows in totals.items()}
    yield "small counts left open: " + ", ".join(f"{name} {value:.1f} %" for name, value in left.items())
    yield f"total {took:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first table")
    parser.add_argument("--count", type=int, default=10_000, help="how many tables")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so many, and report what was done")
    parser.add_argument("--into", type=Path, help="file that holds what is done, so that a second call goes on")
    chosen = parser.parse_args()
    started = time.perf_counter()
    numbers = range(chosen.first, chosen.first + chosen.count)
    found = collect(numbers, chosen.minutes, chosen.into)
    print("\n".join(report(found, time.perf_counter() - started)))
    if sum(result["ours"][1] for _, _, result in found):
        raise SystemExit("a hidden small count is open")


if __name__ == "__main__":
    main()
