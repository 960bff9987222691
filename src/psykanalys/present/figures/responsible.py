"""Who is responsible for the plan's activities, per focus area: squares whose area follows the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.data.prepare import items
from psykanalys.present import formatting as fmt
from psykanalys.present.figures.style import ACCENT, MARK, SMALL, SOFT, Figure, line_chart, style
from psykanalys.present.html import Table

SHOWN = 12  # units with a line of their own; the rest are summed
UNASSIGNED = "ansvarig anges inte"
LARGEST = 15  # points: side of the square that stands for the largest number
EDGE = 0.02  # where the first column begins, as a part of the width


class Line(NamedTuple):
    """A unit's activities: in all, and per focus area."""

    name: str
    total: int
    by_area: Mapping[int, int]


def draw(analysis: Analysis) -> Figure | None:
    """One line per responsible unit, one column per focus area; None where no activity names anyone."""
    activities = analysis.planned_activities
    units = _units(analysis)
    if not units:
        return None
    unassigned = _count(UNASSIGNED, activities[activities["responsible"] == ""])
    lines = [*_shown(units), *([unassigned] if unassigned.total else [])]
    largest = max(count for line in lines for count in line.by_area.values())
    labels = ["Fokusområde", *(line.name for line in lines)]
    canvas = line_chart(
        labels, lambda ax, i, y: _line(ax, y, lines[i - 1], largest) if i else _head(ax, y), foot=0.02
    )
    with style():
        canvas.axes[0].set(xlim=(0, 1), xticks=[])
        canvas.axes[0].spines["bottom"].set_visible(False)
    return Figure(
        "ansvariga",
        canvas,
        _message(units, unassigned.total, len(activities)),
        _in_words(lines, len(activities)),
        _source(),
        _table([*units, *([unassigned] if unassigned.total else [])]),
    )


def _units(analysis: Analysis) -> list[Line]:
    """Every unit that answers for some activity of the plan, the one with most first."""
    activities = analysis.planned_activities
    names = analysis.units.set_index("id")["name"]
    responsible = activities["responsible"].map(items)
    found = dict.fromkeys(unit for each in responsible for unit in each)
    lines = [_count(names[unit], activities[[unit in each for each in responsible]]) for unit in found]
    return sorted(lines, key=lambda line: (-line.total, line.name))


def _count(name: str, activities: pd.DataFrame) -> Line:
    areas = [items(text) for text in activities["focus_areas"]]
    return Line(name, len(activities), {number: sum(str(number) in each for each in areas) for number in FOCUS_AREAS})


def _shown(units: Sequence[Line]) -> list[Line]:
    """The units with most activities, and the others as one line where they are too many."""
    if len(units) <= SHOWN:
        return list(units)
    rest = units[SHOWN - 1 :]
    by_area = {number: sum(line.by_area[number] for line in rest) for number in FOCUS_AREAS}
    return [*units[: SHOWN - 1], Line(f"övriga {len(rest)} enheter", sum(line.total for line in rest), by_area)]
