"""How far the plan's goals can be followed, per focus area: small multiples, the same order everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present.figures.style import ACCENT, MARK, SMALL, Figure, new_canvas, style, wrap
from psykanalys.present.html import Table
from psykanalys.present.tables import Tables

STEPS: Mapping[str, str] = {
    "goals": "mål",
    "with_indicator": "med indikator",
    "testable": "går att pröva",
    "with_result": "med resultat",
    "judged": "bedömda",
}
WHOLE = "Hela planen, där ett mål räknas en gång"
HEAD, ROW = 0.52, 0.62  # inches: the steps' names, and each focus area


def draw(analysis: Analysis, tables: Tables) -> Figure | None:
    """One row per focus area, one column per step."""
    counts = analysis.overview
    if not counts["goals"].sum():
        return None
    return Figure(
        "oversikt",
        _canvas(counts),
        _message(_whole(analysis)),
        _in_words(counts, _whole(analysis)),
        "Antal mål. Källa: planen, egen sammanställning. Ett mål kan höra till flera fokusområden.",
        _table(tables, _whole(analysis)),
    )


def _canvas(counts: pd.DataFrame) -> Canvas:
    total = HEAD + ROW * len(counts)
    with style():
        canvas = new_canvas(total)
        axes = canvas.subplots(
            1, len(STEPS), sharex=True,
            gridspec_kw={"left": 0.01, "right": 0.99, "top": 1 - HEAD / total, "bottom": 0, "wspace": 0.08},
        )  # fmt: skip
        for (column, step), ax in zip(STEPS.items(), axes, strict=True):
            _bars(ax, counts[column].to_list(), is_last=column == "judged")
            ax.set_title(wrap(step, 9), fontsize=SMALL, loc="left", pad=6)
            ax.set_xlim(0, 1.9 * counts["goals"].max())
        for place, number in enumerate(counts.index):
            axes[0].text(0, place - 0.27, f"{number} {FOCUS_AREAS[number]}", fontsize=SMALL, va="center")
    return canvas


def _bars(ax: Axes, counts: Sequence[int], *, is_last: bool) -> None:
    places = [place + 0.14 for place in range(len(counts))]
    ax.barh(places, counts, 0.3, color=ACCENT if is_last else MARK)
    for place, count in zip(places, counts, strict=True):
        gap = (5 if count else 0, 0)
        ax.annotate(str(count), (count, place), gap, textcoords="offset points", va="center_baseline")
    ax.set(xlabel="", ylabel="", ylim=(len(counts) - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)


def _whole(analysis: Analysis) -> dict[str, int]:
    """The steps of the whole plan, where a goal counts once."""
    goals = set(analysis.current_goals["id"])
    with_indicator = len(goals & analysis.goals_with_indicator)
    later = {step: len(analysis.goals_that[step]) for step in ("testable", "with_result", "judged")}
    return {"goals": len(goals), "with_indicator": with_indicator, **later}


def _table(tables: Tables, whole: Mapping[str, int]) -> Table:
    """The overview's table with the figure's names of the steps, and the whole plan below."""
    table = tables.overview()
    columns = ["Fokusområde", *(step.capitalize() for step in STEPS.values())]
    return replace(table, columns=columns, rows=[*table.rows, [WHOLE, *(str(whole[step]) for step in STEPS)]])


def _in_words(counts: pd.DataFrame, whole: Mapping[str, int]) -> str:
    rows = {f"fokusområde {number}": row for number, row in counts.to_dict("index").items()} | {WHOLE: whole}
    told = [
        f"{name}: " + ", ".join(f"{row[step]} {label}" for step, label in STEPS.items()) for name, row in rows.items()
    ]
    return f"Antal mål per fokusområde och steg. {'; '.join(told)}."


def _message(whole: Mapping[str, int]) -> str:
    """How many of the plan's goals are judged and how many have a result."""
    judged, with_result = whole["judged"], whole["with_result"]
    of_all = f"av planens {whole['goals']} mål"
    if not with_result:
        return f"Inget {of_all} har ännu ett resultat att ställa mot målet"
    if not judged:
        return f"Inget {of_all} kan bedömas ännu; {with_result} har resultat"
    if judged == with_result:
        return f"{judged} {of_all} har resultat och kan bedömas"
    return f"{judged} {of_all} kan bedömas; {with_result} har resultat"
