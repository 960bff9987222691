"""What the documents print from more than one time: before and after a change, and series of comparable periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import Analysis
from psykanalys.comparison import OTHER_PERIOD
from psykanalys.data.prepare import as_rows
from psykanalys.periods import parse_period
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.figures.parts import beside_share, documents, lanes, result_text, share_text
from psykanalys.present.figures.style import (
    ACCENT,
    GROUND,
    LINE,
    MARK,
    SMALL,
    Figure,
    line_chart,
    new_canvas,
    percent_axis,
    style,
    wrap,
)
from psykanalys.present.tables import Tables

Row = Mapping[str, Any]
BEFORE, AFTER = "före", "efter"
POPULATION = ["indicator", "dimension", "area", "comparator", "sex", "age"]
Pair = tuple[Row, Row]


def before_and_after(analysis: Analysis, tables: Tables) -> Figure | None:
    """Shares that a document prints from before and after a change, each pair on one line."""
    pairs = pairs_of(analysis.results)
    if not pairs:
        return None
    labels = [_label(after, analysis) for _, after in pairs]
    canvas = line_chart(labels, lambda ax, i, y: _two(ax, y, pairs[i], tables))
    with style():
        percent_axis(canvas.axes[0])
    told = "; ".join(
        f"{label}: {tables.figure(before)} före och {tables.figure(after)} efter"
        for label, (before, after) in zip(labels, pairs, strict=True)
    )
    rows = analysis.results[analysis.results["id"].isin([row["id"] for pair in pairs for row in pair])]
    source = f"{_explained(pairs)} {documents(analysis, rows['source'])}"
    title, table = _message(pairs, tables, analysis), tables.figures(rows, "Före och efter, enligt dokumenten")
    return Figure("fore-och-efter", canvas, title, f"{told}. {source}", source, table)


def pairs_of(results: pd.DataFrame) -> list[Pair]:
    """Printed shares before and after, as pairs of one measure and population."""
    printed = (results["value"].notna() | results["value_low"].notna()) & (results["unit"] == "procent")
    rows = results[results["level"].isin([BEFORE, AFTER]) & printed]
    groups = [as_rows(group) for _, group in rows.groupby(POPULATION, sort=True, dropna=False)]
    by_level = [{row["level"]: row for row in group} for group in groups if len(group) == 2]
    return [(each[BEFORE], each[AFTER]) for each in by_level if len(each) == 2]


def _label(row: Row, analysis: Analysis) -> str:
    where = row["comparator"] or ("" if row["area"] == analysis.county.code else analysis.area_names[row["area"]])
    parts = (row["title"], where, fmt.population(row["sex"], row["age"]))
    return ", ".join(part for part in parts if part) + (f" ({row['dimension']})" if row["dimension"] else "")


def _two(ax: Axes, y: float, pair: Pair, tables: Tables) -> None:
    """The share before above, the share after below, each with its word."""
    for row, lane, colour in zip(pair, lanes(y, 2), (MARK, ACCENT), strict=True):
        text = f"{row['level']} {share_text(row, tables)}"
        beside_share(ax, lane, text, _share(ax, lane, row, colour))


def _share(ax: Axes, y: float, row: Row, colour: str) -> list[float]:
    if pd.notna(row["value_low"]):
        ends = [float(row["value_low"]), float(row["value_high"])]
        ax.plot(ends, [y, y], color=colour, linewidth=8)
        return ends
    ax.plot(row["value"], y, "o", markersize=8, color=colour)
    return [float(row["value"])]


def _message(pairs: Sequence[Pair], tables: Tables, analysis: Analysis) -> str:
    before, after = pairs[0]
    if len(pairs) > 1:
        number = counted(analysis, "before-and-after", (after["id"] for _, after in pairs))
        return f"Före och efter: {number} mått med tal från båda tillfällena"
    shares = [tables.figure(row, with_interval=False) for row in (before, after)]
    return f"{after['title']}: {shares[0]} före{_named(after)} och {shares[1]} efter"


def _named(row: Row) -> str:
    return f" {row['dimension']}" if row["dimension"] else ""


def _explained(pairs: Sequence[Pair]) -> str:
    rows = [row for pair in pairs for row in pair]
    ranges = "Band: det spann som dokumentet anger. " if any(pd.notna(row["value_low"]) for row in rows) else ""
    counts = "" if any(row["has_counts"] for row in rows) else "Antalen bakom andelarna anges inte. "
    return f"{ranges}{counts}Siffrorna visar inte vad skillnaden beror på."


def series(analysis: Analysis, tables: Tables) -> Figure | None:
    """Figures of one measure from three or more comparable periods, connected: the county's own past."""
    found = series_of(analysis)
    if not found:
        return None
    canvas = new_canvas(sum(map(_height, found)))
    with style():
        _panels(canvas, found, tables, analysis)
    told = "; ".join(f"{_label(rows[-1], analysis)}: {_points(rows, tables)}" for rows in found)
    rows = analysis.results[analysis.results["id"].isin([row["id"] for points in found for row in points])]
    source = f"Axeln börjar på noll. {_cautions(found)}{documents(analysis, rows['source'])}"
    title = _series_message(found, tables, analysis)
    return Figure("serier", canvas, title, f"{told}.", source, tables.figures(rows, "Samma mått, flera perioder"))


def series_of(analysis: Analysis) -> list[list[Row]]:
    """Chains of the county's comparisons with its own past: three or more periods of the same length, in order.

    Of registers there is a table of developments instead.
    """
    before = {
        each.observation: each.other
        for each in analysis.comparisons
        if each.kind == "past" and each.word != OTHER_PERIOD
    }
    rows = analysis.results_by_id
    before = {name: other for name, other in before.items() if rows[name]["source"] not in analysis.register_sources}
    chains = []
    for last in sorted(set(before) - set(before.values())):
        chain = [last]
        while chain[-1] in before:
            chain.append(before[chain[-1]])
        chains.append([rows[name] for name in reversed(chain)])
    return [chain for chain in chains if len(chain) >= 3 and len({row["status"] for row in chain}) == 1]


def _height(rows: Sequence[Row]) -> float:
    return 1.55 + LINE * wrap(rows[-1]["title"], 47).count("\n")


def _panels(canvas: Canvas, found: Sequence[Sequence[Row]], tables: Tables, analysis: Analysis) -> None:
    total = sum(map(_height, found))
    bottom = total
    for rows in found:
        bottom -= _height(rows)
        text = wrap(_label(rows[-1], analysis), 47)
        head = 0.12 + LINE * (text.count("\n") + 1)
        canvas.text(0.03, (bottom + _height(rows) - 0.05) / total, text, va="top", linespacing=1.15)
        ax = canvas.add_axes((0.1, (bottom + 0.28) / total, 0.8, (_height(rows) - 0.28 - head) / total))
        _panel(ax, rows, tables)


def _panel(ax: Axes, rows: Sequence[Row], tables: Tables) -> None:
    starts = [parse_period(str(row["when"])).first.toordinal() for row in rows]
    values = [float(row["value"]) for row in rows]
    ax.plot(starts, values, color=ACCENT, linewidth=2)
    for x, row in zip(starts, rows, strict=True):
        inside = GROUND if _is_special(row, rows) else ACCENT
        ax.plot(x, row["value"], "o", markersize=7, markerfacecolor=inside, markeredgecolor=ACCENT, markeredgewidth=2)
        text = result_text(row, tables.figure(row, with_interval=False).partition(" (")[0])
        ax.annotate(f"{text}", (x, row["value"]), (0, 8), textcoords="offset points", ha="center", fontsize=SMALL)
    ax.set_ylim(0, max(values) * 1.5)
    ax.set(yticks=[])
    ax.grid(visible=False)
    ax.set_xticks(starts, [fmt.period(row["when"]) for row in rows])


def _points(rows: Sequence[Row], tables: Tables) -> str:
    return ", ".join(f"{fmt.period(row['when'])} {tables.figure(row)}" for row in rows)


def _series_message(found: Sequence[Sequence[Row]], tables: Tables, analysis: Analysis) -> str:
    if len(found) > 1:
        number = counted(analysis, "series", (rows[-1]["id"] for rows in found))
        return f"{number} mått har tal från minst tre jämförbara perioder"
    first, last = found[0][0], found[0][-1]
    shown = [f"{tables.figure(row, with_interval=False)} {fmt.period(row['when'])}" for row in (first, last)]
    return f"{last['title']}: {shown[0]} och {shown[1]}"


def _is_special(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a point has a caution that not all points of the series have."""
    return bool(row["caution"]) and any(row["caution"] not in other["caution"] for other in rows)


def _cautions(found: Sequence[Sequence[Row]]) -> str:
    """What a reader must know of single points, which are drawn as rings."""
    special = [row for rows in found for row in rows if _is_special(row, rows)]
    told = " ".join(dict.fromkeys(f"{fmt.period(row['when'])}: {row['caution']}" for row in special))
    return f"Ring: förbehåll. {told} " if told else ""
