"""How far the plan's goals can be followed, per focus area: small multiples, the same order everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present.figures.style import ACCENT, MARK, SMALL, Figure, new_canvas, style, wrap
from psykanalys.present.tables import Tables

STEPS: Mapping[str, str] = {
    "goals": "mål",
    "with_indicator": "med indikator",
    "testable": "går att pröva",
    "with_result": "med resultat",
    "judged": "bedömda",
}


def draw(analysis: Analysis, tables: Tables) -> Figure | None:
    """One row per focus area, one column per step."""
    counts = analysis.overview
    if not counts["goals"].sum():
        return None
    height, head = 0.62, 0.5
    total = head + height * len(counts)
    with style():
        canvas = new_canvas(total)
        axes = canvas.subplots(
            1, len(STEPS), sharex=True,
            gridspec_kw={"left": 0.01, "right": 0.99, "top": 1 - head / total, "bottom": 0.01, "wspace": 0.08},
        )  # fmt: skip
        for (column, step), ax in zip(STEPS.items(), axes, strict=True):
            _bars(ax, counts[column].to_list(), wrap(step, 9), is_last=column == "judged")
        for place, number in enumerate(counts.index):
            axes[0].text(0, place - 0.32, f"{number} {FOCUS_AREAS[number]}", fontsize=SMALL, va="center")
    return Figure(
        "oversikt",
        canvas,
        _message(counts),
        _in_words(counts),
        "Antal mål. Källa: planen, egen sammanställning. Ett mål kan höra till flera fokusområden.",
        tables.overview(),
    )


def _bars(ax: Axes, counts: Sequence[int], step: str, *, is_last: bool) -> None:
    places = [f"rad {place}" for place in range(len(counts))]
    colour = ACCENT if is_last else MARK
    sns.barplot(x=counts, y=places, ax=ax, color=colour, saturation=1, errorbar=None, width=0.3)
    for bar in ax.patches:
        bar.set_y(bar.get_y() + 0.12)
    for place, count in enumerate(counts):
        ax.text(count + 0.04 * max(1, ax.get_xlim()[1]), place + 0.12, str(count), va="center")
    ax.set(xlabel="", ylabel="", ylim=(len(counts) - 0.5, -0.5), xticks=[], yticks=[])
    ax.set_title(step, fontsize=SMALL, loc="left", pad=4)
    ax.spines["bottom"].set_visible(False)
    ax.margins(x=0.6)


def _in_words(counts: pd.DataFrame) -> str:
    rows = [
        f"fokusområde {number}: " + ", ".join(f"{row[name]} {label}" for name, label in STEPS.items())
        for number, row in counts.iterrows()
    ]
    return "Antal mål per fokusområde och steg. " + "; ".join(rows) + "."


def _message(counts: pd.DataFrame) -> str:
    judged, goals = counts["judged"].sum(), counts["goals"].sum()
    if not judged:
        return "Inget av planens mål kan ännu bedömas"
    return "Få av planens mål kan bedömas" if judged * 4 < goals else "Så långt går planens mål att följa"
