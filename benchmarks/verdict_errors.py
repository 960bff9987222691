"""How often a verdict is wrong, how often each word is given, and how often it flips without any change.

Exact: every count x of every n from 1 to N is judged by the library's own intervals, and the probability of each word
is summed over the binomial distribution. Nothing is simulated. Beside it stands a naive traffic light on the same
cases: green where the observed share reaches the target, amber up to five percentage points from it, red below.

    python benchmarks/verdict_errors.py [--most 5000] [--figure docs/verdict_errors.svg]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import stats

from psykanalys.methods import proportion

TARGETS = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
SHARES = np.linspace(0, 1, 201)
SHOWN_N = (30, 100, 500, 2000)
SHOWN_GAPS = (-0.10, -0.05, -0.01, 0.0, 0.01, 0.05, 0.10)
AMBER = 0.05
WORDS = ("säkert inte nått", "troligen inte nått", "går inte att avgöra", "troligen nått", "säkert nått")


def borders(n: int) -> np.ndarray:
    """For 'at least' each target: the first x of each word after the lowest, shape (targets, 4)."""
    x = np.arange(n + 1)
    estimate = proportion(x, n, confidence=[0.95, 0.80])
    limits = (estimate.ci_high[:, 0], estimate.ci_high[:, 1], estimate.ci_low[:, 1], estimate.ci_low[:, 0])
    surely_not, likely_not = (np.searchsorted(limit, TARGETS, side="left") for limit in limits[:2])
    likely, surely = (np.searchsorted(limit, TARGETS, side="right") for limit in limits[2:])
    return np.stack([surely_not, likely_not, likely, surely], axis=1)


def chances(cuts: np.ndarray, n: int, share: np.ndarray | float) -> np.ndarray:
    """The probability of each word at a true share; cuts (..., 4) → (..., 5)."""
    below = stats.binom.cdf(cuts - 1, n, share)
    return np.diff(below, axis=-1, prepend=0.0, append=1.0)


def worst_errors(most: int) -> dict[str, tuple[float, int, float]]:
    """The largest probability of a wrong firm word over n, target and true share, with where it is."""
    worst = dict.fromkeys(("säkert nått", "säkert inte nått", "troligen nått", "troligen inte nått"), (0.0, 0, 0.0))
    for n in range(1, most + 1):
        cuts = borders(n)
        # The true shares that matter most lie just beside the target: the limit from either side is the target itself.
        for target, cut in zip(TARGETS, cuts, strict=True):
            not_reached = np.append(SHARES[target > SHARES], target)
            reached = np.append(SHARES[target < SHARES], target)
            up = stats.binom.sf(cut[[3, 2]] - 1, n, not_reached[:, None]).max(axis=0)
            down = stats.binom.cdf(cut[[0, 1]] - 1, n, reached[:, None]).max(axis=0)
            for word, value in zip(worst, (up[0], down[0], up[1], down[1]), strict=True):
                if value > worst[word][0]:
                    worst[word] = (float(value), n, float(target))
    return worst


def naive(n: int, target: float, share: float) -> np.ndarray:
    """Red, amber, green of the naive rule."""
    x = np.arange(n + 1)
    colour = (x / n >= target - AMBER).astype(int) + (x / n >= target)
    return np.bincount(colour, weights=stats.binom.pmf(x, n, share), minlength=3)


def table(target: float = 0.90) -> list[str]:
    """How often each word is given against one target, and how often it differs between two years without change."""
    rows = [
        "| n | true share − target | " + " | ".join(WORDS) + " | flips | naive: red/amber/green | naive flips |",
        "|---|---|" + "---|" * (len(WORDS) + 3),
    ]
    place = int(np.flatnonzero(target == TARGETS)[0])
    for n in SHOWN_N:
        cuts = borders(n)[place]
        for gap in SHOWN_GAPS:
            share = min(target + gap, 1.0)
            ours, theirs = chances(cuts, n, share), naive(n, target, share)
            words = " | ".join(f"{100 * chance:.1f}" for chance in ours)
            light = "/".join(f"{100 * chance:.0f}" for chance in theirs)
            flip, naive_flip = (f"{abs(100 * flips(each)):.0f}" for each in (ours, theirs))
            rows.append(f"| {n} | {100 * (share - target):+.0f} | {words} | {flip} | {light} | {naive_flip} |")
    return rows


def flips(chances_of_words: np.ndarray) -> float:
    """The probability that two independent years of the same truth get different words."""
    return float(1 - (chances_of_words**2).sum())


def draw(path: Path, target: float = 0.90, n: int = 200) -> None:
    """Draw the probability of each word against the true share, and the naive rule's green."""
    from matplotlib.figure import Figure

    shares = np.linspace(0.7, 1, 301)
    cuts = borders(n)[int(np.flatnonzero(target == TARGETS)[0])]
    ours = np.array([chances(cuts, n, share) for share in shares])
    green = [naive(n, target, share)[2] for share in shares]
    canvas = Figure(figsize=(7, 3.6), layout="constrained")
    ax = canvas.subplots()
    for word, chance, style in zip(WORDS, ours.T, ("-", "--", ":", "--", "-"), strict=True):
        ax.plot(100 * shares, 100 * chance, style, label=word)
    ax.plot(100 * shares, 100 * np.array(green), color="#9aa0a6", label="naive: green")
    ax.axvline(100 * target, color="#202124", linewidth=1)
    ax.set(xlabel=f"true share, % (target {100 * target:.0f} %, n = {n})", ylabel="probability, %")
    ax.legend(fontsize=8)
    canvas.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=5000)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    print(f"worst error per side, n = 1 to {options.most}, {len(TARGETS)} targets, {len(SHARES)} true shares")
    for word, (value, n, target) in worst_errors(options.most).items():
        print(f"  wrong '{word}': at most {100 * value:.4f} % (n = {n}, target {100 * target:.0f} %)")
    print("\nhow often each word is given (per cent), target 90 %\n")
    print("\n".join(table()))
    print(f"\n{time.perf_counter() - started:.0f} s")
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
