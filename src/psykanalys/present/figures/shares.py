"""A survey's shares as dots, with what the non-response could change where the counts allow to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from psykanalys.analysis import Analysis
from psykanalys.areas import NATION
from psykanalys.data.prepare import as_rows
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.figures.parts import beside_share, documents, result_text, share_text, uncapital
from psykanalys.present.figures.style import ACCENT, GROUND, MARK, Figure, beside, line_chart, percent_axis, style
from psykanalys.present.tables import Tables
from psykanalys.references import Marked, marked, reference

Row = Mapping[str, Any]
NO_COUNT = "antal anges inte"
ABOUT_ALL = ("", "ja")  # levels that answer the question of the measure itself


def survey(analysis: Analysis, tables: Tables) -> Figure | None:
    """What share of those who answered a survey said yes, with what the non-response could change."""
    results = analysis.results
    asked = results["source"].isin(set(analysis.survey["source"])) & (results["nature"] == "census_with_nonresponse")
    about_answers = (results["denominator"] != results["frame"]).fillna(True)
    rows = results[asked & about_answers & (results["unit"] == "procent")]
    has_share = rows["value"].notna() | rows["value_low"].notna()
    drawn = rows[has_share | (rows["numerator"].notna() & rows["title"].isin(set(rows.loc[has_share, "title"])))]
    if has_share.sum() < 3:
        return None
    groups = grouped(drawn, analysis)
    records = [row for group in groups for row in group]
    labels = labels_of(groups, analysis)
    canvas = line_chart(labels, lambda ax, i, y: marks(ax, y, records[i], tables))
    with style():
        percent_axis(canvas.axes[0])
    title = _message(records, analysis, tables)
    told = "; ".join(f"{label(row, analysis)}: {in_words(row, tables)}" for row in records)
    source = f"{_explained(records, rows, analysis)} {documents(analysis, drawn['source'])}"
    return Figure("enkat", canvas, title, f"{title}. {told}.", source, tables.figures(drawn, "Enkätens svar"))


def grouped(rows: pd.DataFrame, analysis: Analysis) -> list[list[Row]]:
    """The rows by question, the highest share first; the county's own share decides a question's place."""
    by_question: dict[str, list[Row]] = {}
    for row in sorted(as_rows(rows), key=lambda row: (-_rank(row, analysis), row["title"], row["id"])):
        by_question.setdefault(row["title"], []).append(row)
    return list(by_question.values())


def _rank(row: Row, analysis: Analysis) -> float:
    """A share's weight for its question's place; the county's own share comes before its parts'."""
    return _height(row) + (1000 if _is_own(row, analysis) and row["level"] in ABOUT_ALL and _height(row) >= 0 else 0)


def _height(row: Row) -> float:
    """Where a row is drawn: its share or the middle of its range; -1 where only a count is printed."""
    if pd.notna(row["value_low"]):
        return (float(row["value_low"]) + float(row["value_high"])) / 2
    return float(row["value"]) if pd.notna(row["value"]) else -1.0


def _is_own(row: Row, analysis: Analysis) -> bool:
    return bool(row["area"] == analysis.county.code and not row["comparator"])


def labels_of(groups: Sequence[Sequence[Row]], analysis: Analysis) -> list[str]:
    """Each question once, then its further lines by what sets them apart.

    Where all questions begin with the same word, only the first says it: '… med rutiner'.
    """
    firsts = {group[0]["title"].split(" ")[0] for group in groups}
    labels = []
    for place, group in enumerate(groups):
        question = group[0]["title"]
        if place and len(firsts) == 1:
            question = f"… {question.partition(' ')[2]}"
        first, *others = (_detail(row, analysis) for row in group)
        labels += [": ".join(part for part in (question, first) if part), *(f"– {each}" for each in others)]
    return labels


def _detail(row: Row, analysis: Analysis) -> str:
    """What a line is about within its question: where and for whom."""
    where = "" if _is_own(row, analysis) else row["comparator"] or analysis.area_names[row["area"]]
    return ", ".join(part for part in (where, fmt.population(row["sex"], row["age"], row["level"])) if part)


def label(row: Row, analysis: Analysis) -> str:
    """What a line is about: the measure, where and for whom."""
    return ", ".join(part for part in (row["title"], _detail(row, analysis)) if part)


def marks(ax: Axes, y: float, row: Row, tables: Tables) -> None:
    """A share's dot with its interval and bounds, or its printed range; a ring where no counts are printed.

    A count without a share stands in words.
    """
    text = tables.figure(row, with_interval=False)
    if _height(row) < 0:
        beside(ax, 0, y, f"{text} svar, andelen anges inte")
        return
    beside_share(ax, y, text, _drawn(ax, y, row), short=share_text(row, tables))


def _drawn(ax: Axes, y: float, row: Row) -> list[float]:
    """Draw a share; gives the outermost values."""
    colour = MARK if row["area"] == NATION or row["comparator"] else ACCENT
    if pd.notna(row["value_low"]):
        return _line(ax, y, (row["value_low"], row["value_high"]), colour, 8)
    edges = [float(row["value"])]
    if has_bounds(row):
        edges += _line(ax, y, (row["worst"], row["best"]), MARK, 8)
    if pd.notna(row["ci_low"]):
        edges += _line(ax, y, (row["ci_low"], row["ci_high"]), colour, 2)
    inside = colour if row["has_counts"] else GROUND
    ax.plot(row["value"], y, "o", markersize=9, markerfacecolor=inside, markeredgecolor=colour, markeredgewidth=2)
    return edges


def _line(ax: Axes, y: float, ends: tuple[Any, Any], colour: str, width: float) -> list[float]:
    ax.plot(ends, [y, y], color=colour, linewidth=width)
    return [float(end) for end in ends]


def has_bounds(row: Row) -> bool:
    """Whether it is known how far the non-response could move the share."""
    return bool(pd.notna(row["worst"]) and pd.notna(row["best"]) and row["worst"] < row["best"])


def in_words(row: Row, tables: Tables) -> str:
    """A line's numbers for one who does not see the figure."""
    if _height(row) < 0:
        return f"{tables.figure(row)} svar, andelen anges inte"
    text = tables.figure(row, with_interval=False)
    if has_bounds(row):
        lowest, highest = (result_text(row, _whole(row[name])) for name in ("worst", "best"))
        return f"{text}, lägst {lowest} och högst {highest} om alla hade svarat"
    return text if row["has_counts"] else f"{text}, {NO_COUNT}"


def _whole(value: float) -> str:
    return fmt.with_unit(value, "procent", 0)


def _message(records: Sequence[Row], analysis: Analysis, tables: Tables) -> str:
    """Which wanted share is farthest from all, among those of the whole county."""
    wanted = [
        row
        for row in records
        if _is_own(row, analysis) and row["level"] in ABOUT_ALL and row["desired_direction"] == "higher"
    ]
    wanted = [row for row in wanted if pd.notna(row["value"])]
    lowest = min(wanted, key=lambda row: (row["value"], row["id"]), default=None)
    if lowest is None or len(wanted) < 3 or lowest["value"] == 100:
        return "Så svarade de som besvarade enkäten"
    shown = tables.figure(lowest, with_interval=False)
    return f"Längst kvar till 100 %: {uncapital(lowest['title'])} – {shown}"


def _explained(records: Sequence[Row], asked: pd.DataFrame, analysis: Analysis) -> str:
    """Only the marks that occur, and what is not drawn."""
    frames = {int(row["frame"]) for row in records if pd.notna(row["frame"])}
    all_asked = f"alla {_frame(frames.pop(), analysis)} tillfrågade" if len(frames) == 1 else "alla tillfrågade"
    unseen = asked[~asked["title"].isin({row["title"] for row in records})]
    further = fmt.counted(unseen["title"].nunique(), "mått", "mått").capitalize()
    shares = [row for row in records if pd.notna(row["value"])]
    explained = {
        "Andel av dem som svarade.": True,
        "Fylld punkt: antalet svar anges.": any(row["has_counts"] for row in shares),
        f"Grått band: lägsta och högsta möjliga andel om {all_asked} hade svarat.": any(map(has_bounds, records)),
        "Brett streck: spann som dokumentet anger.": any(pd.notna(row["value_low"]) for row in records),
        "Smal linje: 95-procentigt intervall.": any(pd.notna(row["ci_low"]) for row in records),
        "Ring: antalet svar anges inte, så det går inte att säga hur mycket de som inte svarade hade kunnat ändra.": not all(
            row["has_counts"] for row in shares
        ),
        f"{counted(analysis, 'survey/without-figure', unseen['id'], further)} till redovisas utan siffra.": len(unseen)
        > 0,
    }
    return " ".join(text for text, occurs in explained.items() if occurs)


def _frame(count: int, analysis: Analysis) -> Marked:
    """How many were asked, with the reference of the survey's row that says so."""
    asked = analysis.survey[(analysis.survey["kind"] == "frame") & (analysis.survey["count"] == count)]
    return marked(reference("s", asked["id"].iloc[0]), str(count))
