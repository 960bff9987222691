"""Who is responsible for the plan's activities, per focus area: squares whose area follows the number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.data.prepare import items
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.figures.style import ACCENT, MARK, SMALL, WIDTH, Figure, line_chart, style
from psykanalys.present.html import Table
from psykanalys.references import Marked

SHOWN = 10  # lines of units; where there are more units, the last line is for the others together
UNASSIGNED = "Ansvarig anges inte"
LARGEST = 15  # points: side of the square that stands for the largest number


class Line(NamedTuple):
    """The activities that one or several units are responsible for: in all, and per focus area."""

    name: str
    total: int
    by_area: Mapping[int, int]
    is_unit: bool
    texts: Mapping[int, Marked]  # the counts as texts, 0 for the total


def draw(analysis: Analysis) -> Figure | None:
    """One line per responsible unit, one column per focus area; None where no activity names anyone."""
    units, unassigned = _units(analysis), _unassigned(analysis)
    if not units:
        return None
    lines = [*_shown(analysis, units), *unassigned]
    largest = max(count for line in lines for count in line.by_area.values())
    labels = ["Fokusområde", *(_label(line) for line in lines)]
    canvas = line_chart(labels, lambda ax, i, y: _line(ax, y, lines[i - 1], largest) if i else _head(ax, y), foot=0.02)
    with style():
        canvas.axes[0].set(xlim=(0, 1))
        canvas.axes[0].set_xticks([_column(number) for number in FOCUS_AREAS], [""] * len(FOCUS_AREAS))
        canvas.axes[0].spines["bottom"].set_visible(False)
    planned = counted(analysis, "activities", analysis.planned_activities["id"])
    return Figure(
        "ansvariga",
        canvas,
        _message(list(units.values()), unassigned[0] if unassigned else None, planned),
        _in_words(lines, planned),
        _source(),
        _table([*units.values(), *unassigned]),
    )


def _units(analysis: Analysis) -> dict[str, Line]:
    """Every unit that is responsible for some activity of the plan, by id, the one with most first."""
    names = analysis.units.set_index("id")["name"]
    found = dict.fromkeys(unit for text in analysis.planned_activities["responsible"] for unit in items(text))
    lines = {unit: _count(analysis, names[unit], [unit]) for unit in found}
    return dict(sorted(lines.items(), key=lambda pair: (-pair[1].total, pair[1].name)))


def _unassigned(analysis: Analysis) -> list[Line]:
    """The activities that name nobody, where there are any."""
    line = _count(analysis, UNASSIGNED, [])
    return [line] if line.total else []


def _count(analysis: Analysis, name: str, units: Collection[str]) -> Line:
    """The activities that any of the units is responsible for, each once; without units those that name nobody."""
    activities = analysis.planned_activities
    named = activities["responsible"].map(items)
    is_theirs = [any(unit in units for unit in each) if units else not each for each in named]
    theirs = activities.loc[is_theirs]
    areas = theirs["focus_areas"].map(items)
    ids = {number: theirs.loc[[str(number) in each for each in areas], "id"] for number in FOCUS_AREAS}
    who = "+".join(sorted(units)) or "nobody"
    texts = {
        place: counted(analysis, f"area-{place}/of-{who}", rows) for place, rows in (ids | {0: theirs["id"]}).items()
    }
    by_area = {number: len(rows) for number, rows in ids.items()}
    return Line(name, len(theirs), by_area, is_unit=len(units) == 1, texts=texts)


def _shown(analysis: Analysis, units: Mapping[str, Line]) -> list[Line]:
    """The units with most activities, and the others as one line where they are too many."""
    if len(units) <= SHOWN:
        return list(units.values())
    rest = list(units)[SHOWN - 1 :]
    name = f"Övriga {counted(analysis, 'responsible/others', rest)} enheter"
    return [*list(units.values())[: SHOWN - 1], _count(analysis, name, rest)]


def _label(line: Line) -> str:
    return f"{line.name}: {line.texts[0]}{fmt.NO_BREAK}{_activities(line.total)}"


def _activities(count: int) -> str:
    return "aktivitet" if count == 1 else "aktiviteter"


def _column(number: int) -> float:
    return (number - 1) / len(FOCUS_AREAS)


def _head(ax: Axes, y: float) -> None:
    for number in FOCUS_AREAS:
        ax.text(_column(number), y, str(number), va="center_baseline", fontsize=SMALL, fontweight="bold")


def _line(ax: Axes, y: float, line: Line, largest: int) -> None:
    colour = ACCENT if line.is_unit else MARK
    for number, count in line.by_area.items():
        if count:
            _square(ax, _column(number), y, line.texts[number], LARGEST * (count / largest) ** 0.5, colour)


def _square(ax: Axes, x: float, y: float, count: str, side: float, colour: str) -> None:
    """A square whose left edge stands at x, with its number beside it."""
    ax.annotate(f"{count}", (x, y), (side + 4, 0), textcoords="offset points", va="center_baseline", fontsize=SMALL)
    ax.barh(y, side / (72 * WIDTH * ax.get_position().width), side / 72, x, color=colour)


def _message(units: Sequence[Line], unassigned: Line | None, planned: str) -> str:
    """Who has most activities and how many have nobody; the second alone where it is the larger."""
    if unassigned and unassigned.total >= units[0].total:
        return f"För {unassigned.texts[0]} av planens {planned} aktiviteter anges ingen ansvarig"
    rest = f"för {unassigned.texts[0]} anges ingen ansvarig" if unassigned else "alla har minst en ansvarig"
    return f"{_leaders(units)} av {planned}; {rest}"


def _leaders(units: Sequence[Line]) -> str:
    most, shown = units[0].total, units[0].texts[0]
    names = [line.name for line in units if line.total == most]
    if len(units) == 1:
        return f"{names[0]} ansvarar för {shown} {_activities(most)}"
    who = names[0] if len(names) == 1 else fmt.counted(len(names), "enhet", "enheter").capitalize()
    return f"{who} ansvarar för flest aktiviteter, {shown}{'' if len(names) == 1 else ' var'}"


def _in_words(lines: Sequence[Line], planned: str) -> str:
    told = [f"{_label(line)} ({_areas(line)})" for line in lines]
    return f"Ansvariga för planens {planned} aktiviteter. {'; '.join(told)}."


def _areas(line: Line) -> str:
    found = [f"{line.texts[number]} i fokusområde {number}" for number, count in line.by_area.items() if count]
    return fmt.listed(found)


def _source() -> str:
    names = "; ".join(f"{number} {name}" for number, name in FOCUS_AREAS.items())
    return (
        "Antal aktiviteter i planen; kvadratens yta följer antalet, tomt betyder inga. En aktivitet räknas hos var och en "
        f"av sina ansvariga och i vart och ett av sina fokusområden. Fokusområden: {names}. Källa: planen, egen "
        "sammanställning."
    )


def _table(lines: Sequence[Line]) -> Table:
    columns = ["Ansvarig", *(f"{number} {name}" for number, name in FOCUS_AREAS.items()), "Alla"]
    rows = [[line.name, *(line.texts[number] for number in line.by_area), line.texts[0]] for line in lines]
    return Table(
        "Planens aktiviteter efter ansvarig och fokusområde",
        columns,
        rows,
        frozenset(range(1, len(columns))),
        ["En aktivitet räknas hos var och en av sina ansvariga och i vart och ett av sina fokusområden."],
    )
