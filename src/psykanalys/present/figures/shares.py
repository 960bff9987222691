"""Shares as dots with their interval, bounds or printed range: one line per figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from psykanalys.analysis import Analysis
from psykanalys.areas import NATION
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.figures.style import ACCENT, MARK, Figure, beside, line_chart, percent_axis, style
from psykanalys.present.tables import Tables


def survey(analysis: Analysis, tables: Tables) -> Figure | None:
    """What share of those who answered a survey said yes, with what the non-response could change."""
    results = analysis.results
    asked = results["source"].isin(set(analysis.survey["source"])) & (results["nature"] == "census_with_nonresponse")
    rows = results[asked & (results["denominator"] != results["frame"]).fillna(True)]
    return draw(analysis, tables, rows, "enkat", "Enkäten till hälsocentralerna: andel av de svarande")


def draw(analysis: Analysis, tables: Tables, results: pd.DataFrame, name: str, title: str) -> Figure | None:
    """One line per share among `results`."""
    rows = results[(results["unit"] == "procent") & (results["value"].notna() | results["value_low"].notna())]
    if rows.empty:
        return None
    rows = rows.sort_values(["title", "when", "area", "level", "sex"])
    records = rows.to_dict("records")
    labels = [label(row, analysis) for row in records]
    canvas = line_chart(labels, lambda ax, i, y: marks(ax, y, records[i]))
    with style():
        percent_axis(canvas.axes[0])
    told = "; ".join(f"{text}: {tables.figure(row)}" for text, row in zip(labels, records, strict=True))
    source = (
        "Punkt: andel av de svarande. Grått band: sämsta och bästa utfall om alla hade svarat. Källa: se tabellen."
    )
    return Figure(name, canvas, title, f"{title}: {told}.", source, tables.figures(rows, title))


def label(row: Mapping[str, Any], analysis: Analysis) -> str:
    """What a line is about: the measure, where and for whom."""
    where = row["comparator"] or analysis.area_names[row["area"]]
    own = row["area"] == analysis.county.code and not row["comparator"]
    parts = ["" if own else where, fmt.population(row["sex"], row["age"], row["level"])]
    return ", ".join([row["title"], *(part for part in parts if part)])


def marks(ax: Axes, y: float, row: Mapping[str, Any]) -> None:
    """A share's dot with its interval, worst and best outcome, or its printed range."""
    colour = MARK if row["area"] == NATION or row["comparator"] else ACCENT
    if pd.notna(row["value_low"]):
        ax.plot([row["value_low"], row["value_high"]], [y, y], color=colour, linewidth=8)
        text = f"{fmt.number(row['value_low'])}–{fmt.with_unit(row['value_high'], 'procent')}"
        beside(ax, row["value_high"], y, text)
        return
    if pd.notna(row["worst"]):
        ax.plot([row["worst"], row["best"]], [y, y], color=MARK, linewidth=8)
    if pd.notna(row["ci_low"]):
        ax.plot([row["ci_low"], row["ci_high"]], [y, y], color=colour, linewidth=2)
    ax.plot(row["value"], y, "o", markersize=9, color=colour)
    edges = [edge for edge in (row["value"], row["worst"], row["best"], row["ci_low"], row["ci_high"]) if pd.notna(edge)]
    shown = fmt.with_unit(row["value"], "procent", int(row["decimals"]) if row["has_counts"] else None)
    firmness = words.STATUSES.get(row["status"], "")
    is_left = max(edges) > 65
    beside(ax, min(edges) if is_left else max(edges), y, f"{firmness} {shown}".strip(), left=is_left)
