"""How far the plan's goals can be followed, per focus area: small multiples, the same order everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present.counts import goals, goals_at
from psykanalys.present.figures.style import ACCENT, MARK, SMALL, Figure, new_canvas, style, wrap
from psykanalys.present.html import Table
from psykanalys.present.tables import Tables
from psykanalys.references import Marked

STEPS: Mapping[str, str] = {
    "goals": "mål",
    "with_indicator": "med indikator",
    "testable": "går att pröva",
    "with_result": "redovisat läge",
    "judged": "bedömda",
}
WHOLE = "Hela planen, där ett mål räknas en gång"
HEAD, ROW = 0.52, 0.62  # inches: the steps' names, and each focus area


def draw(analysis: Analysis, tables: Tables) -> Figure | None:
    """One row per focus area, one column per step."""
    if not analysis.overview["goals"].sum():
        return None
    return Figure(
        "oversikt",
        _canvas(analysis),
        _message(analysis),
        _in_words(analysis),
        "Antal mål. Källa: planen, egen sammanställning. Ett mål kan höra till flera fokusområden.",
        _table(tables, analysis),
    )


def _canvas(analysis: Analysis) -> Canvas:
    counts = analysis.overview
    total = HEAD + ROW * len(counts)
    with style():
        canvas = new_canvas(total)
        axes = canvas.subplots(
            1, len(STEPS), sharex=True,
            gridspec_kw={"left": 0.01, "right": 0.99, "top": 1 - HEAD / total, "bottom": 0, "wspace": 0.08},
        )  # fmt: skip
        for (column, step), ax in zip(STEPS.items(), axes, strict=True):
            texts = [goals(analysis, column, number) for number in counts.index]
            _bars(ax, counts[column].to_list(), texts, is_last=column == "judged")
            ax.set_title(wrap(step, 9), fontsize=SMALL, loc="left", pad=6)
            ax.set_xlim(0, 1.9 * counts["goals"].max())
        for place, number in enumerate(counts.index):
            axes[0].text(0, place - 0.27, f"{number} {FOCUS_AREAS[number]}", fontsize=SMALL, va="center")
    return canvas


def _bars(ax: Axes, counts: Sequence[int], texts: Sequence[str], *, is_last: bool) -> None:
    places = [place + 0.14 for place in range(len(counts))]
    ax.barh(places, counts, 0.3, color=ACCENT if is_last else MARK)
    for place, count, text in zip(places, counts, texts, strict=True):
        gap = (5 if count else 0, 0)
        ax.annotate(f"{text}", (count, place), gap, textcoords="offset points", va="center_baseline")
    ax.set(xlabel="", ylabel="", ylim=(len(counts) - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)


def _shown(analysis: Analysis, number: int = 0) -> dict[str, Marked]:
    """The count at each step of a focus area, or of the whole plan, where a goal counts once."""
    return {step: goals(analysis, step, number) for step in STEPS}


def _table(tables: Tables, analysis: Analysis) -> Table:
    """The overview's table with the figure's names of the steps, and the whole plan below."""
    table = tables.overview()
    columns = ["Fokusområde", *(step.capitalize() for step in STEPS.values())]
    return replace(table, columns=columns, rows=[*table.rows, [WHOLE, *_shown(analysis).values()]])


def _in_words(analysis: Analysis) -> str:
    rows = {f"fokusområde {number}": _shown(analysis, number) for number in FOCUS_AREAS} | {WHOLE: _shown(analysis)}
    told = [
        f"{name}: " + ", ".join(f"{row[step]} {label}" for step, label in STEPS.items()) for name, row in rows.items()
    ]
    return f"Antal mål per fokusområde och steg. {'; '.join(told)}."


def _message(analysis: Analysis) -> str:
    """How many of the plan's goals are judged and how many have a result."""
    judged, with_result = (len(goals_at(analysis, step)) for step in ("judged", "with_result"))
    shown = _shown(analysis)
    of_all = f"av planens {shown['goals']} mål"
    if not with_result:
        return f"Inget {of_all} har ett redovisat läge"
    if not judged:
        return f"Inget {of_all} kan bedömas; {shown['with_result']} har ett redovisat läge"
    if judged == with_result:
        return f"{shown['judged']} {of_all} har ett redovisat läge och kan bedömas"
    return f"{shown['judged']} {of_all} kan bedömas; {shown['with_result']} har ett redovisat läge"
