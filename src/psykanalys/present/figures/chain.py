"""Goal → indicator → result: how far each of the plan's goals can be followed, as parts that make up all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import FOCUS_AREAS, STEPS, Analysis
from psykanalys.present.counts import counted, goals
from psykanalys.present.figures.style import ACCENT, GRID, GROUND, MARK, SMALL, SOFT, WIDTH, Figure, new_canvas, style
from psykanalys.present.html import Table
from psykanalys.references import Marked

LABELS: Mapping[str, str] = {
    "judged": "bedömda",
    "with_result": "har ett redovisat läge som inte kan bedömas",
    "measured_by_other": "går att pröva, men resultatet mäter annat",
    "testable": "går att pröva, men resultat saknas",
    "not_testable": "går inte att pröva",
}
MESSAGES: Mapping[str, str] = {
    **LABELS,
    "judged": "är bedömda",
    "measured_by_other": "går att pröva, men resultatet mäter något annat",
    "testable": "går att pröva men saknar resultat",
}
SHADES: Mapping[str, str] = dict(zip(STEPS, (ACCENT, SOFT, MARK, GRID, GROUND), strict=True))
WHOLE = "Hela planen"
KEY, ROW = 0.21, 0.68  # inches: a line of the key, a line of the figure
DIGIT, GAP = 7.2 / (72 * 0.94 * WIDTH), 5 / (72 * 0.94 * WIDTH)  # parts of the bar's length


class Line(NamedTuple):
    """One line of the figure: a name, its goals by step, and these counts as texts, with 'goals' for all of them."""

    name: str
    counts: dict[str, int]
    texts: dict[str, Marked]

    @property
    def goals(self) -> int:
        """All goals of the line."""
        return sum(self.counts.values())


def draw(analysis: Analysis) -> Figure | None:
    """One bar for the plan, where a goal counts once, and one per focus area that has goals."""
    lines = _lines(analysis)
    if not lines[0].goals:
        return None
    source = (
        "Antal mål; varje stapel är alla mål på raden. Ett mål kan höra till flera fokusområden. Ett resultat som inte kan "
        "bedömas är ett utgångsläge eller har otillräckligt underlag. Källa: planen, egen sammanställning."
    )
    return Figure("fran-mal-till-resultat", _canvas(lines), _message(lines[0]), _in_words(lines), source, _table(lines))


def _canvas(lines: Sequence[Line]) -> Canvas:
    shown = [line for line in lines if line.goals]
    head = KEY * len(STEPS) + 0.1
    total = head + ROW * len(shown) + 0.06
    with style():
        canvas = new_canvas(total)
        ax = canvas.add_axes((0.03, 0, 0.94, 1), xlim=(0, 1), ylim=(total, 0))
        ax.set_axis_off()
        _key(ax, lines[0].texts)
        for place, line in enumerate(shown):
            _line(ax, head + ROW * place, line)
    return canvas


def _lines(analysis: Analysis) -> list[Line]:
    steps = analysis.goal_steps
    areas = [
        _of(analysis, number, f"{number} {name}", steps[analysis.in_focus_area("current_goals", number)["id"]])
        for number, name in FOCUS_AREAS.items()
    ]
    return [_of(analysis, 0, WHOLE, steps), *areas]


def _of(analysis: Analysis, number: int, name: str, steps: pd.Series) -> Line:
    """The line of a focus area, or of the whole plan (0)."""
    at = {step: list(steps.index[steps == step]) for step in STEPS}
    shown = {step: counted(analysis, f"area-{number}/furthest-{step}", ids) for step, ids in at.items()}
    return Line(
        name, {step: len(ids) for step, ids in at.items()}, {**shown, "goals": goals(analysis, "goals", number)}
    )


def _line(ax: Axes, top: float, line: Line) -> None:
    """A name, and below it the bar with each part's number above it."""
    found = {step: count for step, count in line.counts.items() if count}
    ax.text(0, top + 0.08, f"{line.name}, {line.texts['goals']} mål", va="top")
    start, centres = 0.0, []
    for step, count in found.items():
        part = count / line.goals
        ax.barh(top + 0.56, part, 0.17, start, **_look(step))
        centres.append(start + part / 2)
        start += part
    for x, step in zip(_spread(centres, [len(str(n)) * DIGIT for n in found.values()]), found, strict=True):
        ax.text(x, top + 0.445, f"{line.texts[step]}", ha="center", fontsize=SMALL)


def _key(ax: Axes, counts: Mapping[str, str]) -> None:
    """What each shade stands for, with the number of goals in the whole plan."""
    for place, (step, label) in enumerate(LABELS.items()):
        y = KEY * (place + 0.5)
        ax.barh(y, 0.035, 0.13, **_look(step))
        ax.text(0.055, y, f"{label}: {counts[step]}", va="center_baseline", fontsize=SMALL)


def _look(step: str) -> dict[str, Any]:
    """The step's shade; the lightest two have an edge."""
    is_light = SHADES[step] in (GRID, GROUND)
    return {"color": SHADES[step]} | ({"edgecolor": SOFT, "linewidth": 1} if is_light else {})


def _spread(centres: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The centres, moved apart as little as keeps texts of these widths within 0 to 1 and off each other."""
    places: list[float] = []
    free = 0.0
    for centre, width in zip(centres, widths, strict=True):
        places.append(max(centre, free + width / 2))
        free = places[-1] + width / 2 + GAP
    end = 1.0
    for which in reversed(range(len(places))):
        places[which] = min(places[which], end - widths[which] / 2)
        end = places[which] - widths[which] / 2 - GAP
    return places


def _message(plan: Line) -> str:
    """Where most of the plan's goals stop."""
    step = max(STEPS, key=lambda step: plan.counts[step])
    count = plan.counts[step]
    which = "Alla" if count == plan.goals else f"{plan.texts[step]} av"
    return f"{which} planens {plan.texts['goals']} mål {MESSAGES[step]}"


def _in_words(lines: Sequence[Line]) -> str:
    told = [
        f"{line.name}, {line.texts['goals']} mål: "
        + ", ".join(f"{line.texts[step]} {label}" for step, label in LABELS.items())
        for line in lines
    ]
    return f"Antal mål efter hur långt de går att följa. {'; '.join(told)}."


def _table(lines: Sequence[Line]) -> Table:
    columns = ["Fokusområde", "Mål", *(label.capitalize() for label in LABELS.values())]
    rows = [[line.name, line.texts["goals"], *(line.texts[step] for step in line.counts)] for line in lines]
    return Table(
        "Planens mål efter hur långt de går att följa",
        columns,
        rows,
        frozenset(range(1, len(columns))),
        ["Varje mål står i en enda kolumn: det längsta steg som det når. Hela planen räknar varje mål en gång."],
    )
