"""Access for children and young: shares within the time limits, who waits, and how many months are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from psykanalys.analysis import Analysis
from psykanalys.areas import NATION
from psykanalys.catalogue import Indicator
from psykanalys.data.prepare import as_rows
from psykanalys.periods import parse_period
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.figures.parts import (
    bar,
    bar_axis,
    beside_share,
    documents,
    in_letters,
    lanes,
    result_text,
    room,
    share_text,
    uncapital,
)
from psykanalys.present.figures.style import (
    ACCENT,
    INK,
    MARK,
    SMALL,
    Figure,
    beside,
    line_chart,
    new_canvas,
    percent_axis,
    style,
)
from psykanalys.present.tables import MISSING, Tables, target_text
from psykanalys.references import Marked, joined
from psykanalys.verdicts import Verdict, Word, possible_values

Row = Mapping[str, Any]
CARE_CHAIN = ("kontakt", "besök", "bedömning", "utredning", "behandling")  # as the measures' titles word the steps
DAYS = {"dag": 1, "vecka": 7, "veckor": 7, "månad": 30, "månader": 30}
MONTHS_REPORTED = "antal månader rapporterade"  # the dimension's name in the contract
POPULATION = ["indicator", "area", "when", "age", "dimension", "level"]
_LIMIT = re.compile(rf"(\d+|{'|'.join(fmt.NUMBER_WORDS[1:])}) (dag|vecka|veckor|månader|månad)")


@dataclass(frozen=True)
class Line:
    """One line of the chain: a measure in one population, all or by sex, with others' figures of the same."""

    title: str
    label: str
    own: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()
    goals: tuple[Verdict, ...] = ()


def flow(analysis: Analysis, tables: Tables) -> Figure | None:
    """What share of children and young get care within the time limit, step by step along the care chain."""
    measures = _measures(analysis, "proportion")
    rows = _of(analysis, measures)
    rows = rows[~rows["level"].isin(["före", "efter"])]
    if int((rows["area"].str.startswith(analysis.county.code) & _has_figure(rows)).sum()) < 3:
        return None
    lines = [*_lines(rows, analysis, tables), *_without_result(measures, analysis)]
    lines.sort(key=lambda line: (place_in_chain(line.title), line.title))
    canvas = line_chart([line.label for line in lines], lambda ax, i, y: _marks(ax, y, lines[i], tables))
    with style():
        percent_axis(canvas.axes[0])
    told = "; ".join(f"{line.label}: {_in_words(line, tables)}" for line in lines)
    title = _flow_message(lines, analysis)
    source = f"{_flow_marks(lines)} {documents(analysis, rows['source'])}"
    table = tables.figures(rows, "Barn och unga: andelar inom tidsgränserna")
    return Figure("vantan-barn-och-unga", canvas, title, f"{title}. {told}.", source, table, table_beside=True)


def place_in_chain(title: str) -> tuple[int, int]:
    """Where a measure stands in the care chain, by the words of its title: the step, then the limit in days."""
    text = title.lower()
    steps = [place for place, step in enumerate(CARE_CHAIN) if step in text]
    return min(steps, default=len(CARE_CHAIN)), limit_in_days(title) or 0


def limit_in_days(title: str) -> int | None:
    """The time limit that a title names: 'inom tre dagar' is 3, 'över 8 veckor' 56."""
    match = _LIMIT.search(title.lower())
    if not match:
        return None
    number = int(match[1]) if match[1].isdigit() else fmt.NUMBER_WORDS.index(match[1])
    return number * DAYS.get(match[2], 1)


def _measures(analysis: Analysis, statistic: str) -> dict[str, Indicator]:
    """Measures of how care flows for children and young: about persons, and not a count of all of them."""
    return {
        name: measure
        for name, measure in analysis.catalogue.items()
        if "young" in measure.topics
        and (measure.nature, measure.counts, measure.statistic) == ("process", "persons", statistic)
    }


def _of(analysis: Analysis, measures: Mapping[str, Indicator]) -> pd.DataFrame:
    return analysis.results[analysis.results["indicator"].isin(measures)]


def _has_figure(rows: pd.DataFrame) -> pd.Series:
    return rows["value"].notna() | rows["value_low"].notna()


def _lines(rows: pd.DataFrame, analysis: Analysis, tables: Tables) -> Iterator[Line]:
    is_other = (rows["area"] == NATION) | (rows["comparator"] != "")
    others = as_rows(rows[is_other & _has_figure(rows)])
    own = rows[rows["area"].str.startswith(analysis.county.code) & (rows["comparator"] == "") & _stated(rows)]
    for _, group in groupby(as_rows(own.sort_values([*POPULATION, "sex"])), key=_population):
        records = list(group)
        total = [row for row in records if row["sex"] == "T"]
        sexes = [row for row in records if row["sex"] != "T"]
        for row in total:
            yield _line([row], others, analysis, tables, _label(row, analysis))
        for some in [sexes] if 0 < len(sexes) <= 2 else [[row] for row in sexes]:
            names = fmt.listed(fmt.YOUNG_SEX[row["sex"]] for row in some)
            start = f"– {names}" if total else f"{_label(some[0], analysis)}, {names}"
            yield _line(some, others, analysis, tables, start)


def _population(row: Row) -> tuple[str | None, ...]:
    return tuple(None if row[name] is pd.NA else row[name] for name in POPULATION)


def _stated(rows: pd.DataFrame) -> pd.Series:
    """Rows with a figure, or with a status that says why there is none; directions in words are not drawn."""
    return _has_figure(rows) | rows["status"].isin(["not_reported", "missing_in_extract", "suppressed"])


def _line(own: Sequence[Row], others: Sequence[Row], analysis: Analysis, tables: Tables, start: str) -> Line:
    same = [name for name in POPULATION if name != "area"]
    beside_it = [
        other
        for row in own
        for other in others
        if other["sex"] == row["sex"] and all(other[name] == row[name] for name in same)
    ]
    goals = [verdict for verdict in analysis.verdicts if verdict.observation in {row["id"] for row in own}]
    usable = [verdict for verdict in goals if _has_target(verdict)]
    remarks = [*_compared(beside_it, analysis, tables), *(f"målet: {target_text(verdict)}" for verdict in usable)]
    label = f"{start} ({'; '.join(dict.fromkeys(remarks))})" if remarks else start
    return Line(own[0]["title"], label, tuple(own), tuple(beside_it), tuple(goals))


def _compared(others: Sequence[Row], analysis: Analysis, tables: Tables) -> list[str]:
    """'riket 23 % och 24 %', in the order of the line's own figures."""
    figures: dict[str, list[str]] = {}
    for row in others:
        name = row["comparator"] or ("riket" if row["area"] == NATION else analysis.area_names[row["area"]])
        figures.setdefault(name, []).append(share_text(row, tables))
    return [f"{name} {joined(' och ', shares)}" for name, shares in figures.items()]


def _has_target(verdict: Verdict) -> bool:
    tested = verdict.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)
    return tested and verdict.target_value is not None and verdict.unit == "procent"


def _label(row: Row, analysis: Analysis) -> str:
    area = "" if row["area"] == analysis.county.code else analysis.area_names[row["area"]]
    detail = fmt.population("T", row["age"], row["level"])
    return ", ".join(part for part in (row["title"], area, detail, fmt.period(row["when"])) if part)


def _without_result(measures: Mapping[str, Indicator], analysis: Analysis) -> Iterator[Line]:
    """Steps that the county has a target for and no result of."""
    reported = set(analysis.results["indicator"])
    for name in sorted(set(analysis.targets["indicator"].dropna()) & set(measures) - reported):
        yield Line(measures[name].title, measures[name].title)


def _marks(ax: Axes, y: float, line: Line, tables: Tables) -> None:
    if not line.own:
        beside(ax, 0, y, MISSING)
        return
    for lane, row in zip(lanes(y, len(line.own)), line.own, strict=True):
        ticks = [other for other in line.others if other["sex"] == row["sex"]]
        _mark(ax, lane, row, ticks, [verdict for verdict in line.goals if verdict.observation == row["id"]], tables)


def _mark(ax: Axes, y: float, row: Row, others: Sequence[Row], goals: Sequence[Verdict], tables: Tables) -> None:
    name = fmt.YOUNG_SEX[row["sex"]]
    if pd.isna(row["value"]) and pd.isna(row["value_low"]):
        beside(ax, 0, y, f"{name} {tables.figure(row)}".strip())
        return
    tall = 0.13 if row["sex"] == "T" else 0.08
    targets = [float(goal.target_value or 0) for goal in goals if _has_target(goal)]
    values = [float(other["value"]) for other in others if pd.notna(other["value"])]
    for x, colour, width in [*((x, MARK, 2) for x in values), *((x, INK, 3) for x in targets)]:
        ax.plot([x, x], [y - tall, y + tall], color=colour, linewidth=width)
    text = f"{name} {share_text(row, tables)}".strip()
    beside_share(ax, y, text, _dot(ax, y, row), [*values, *targets])


def _dot(ax: Axes, y: float, row: Row) -> list[float]:
    """A share's dot with its interval, or its printed range; gives the outermost values."""
    if pd.notna(row["value_low"]):
        ends = [float(row["value_low"]), float(row["value_high"])]
        ax.plot(ends, [y, y], color=ACCENT, linewidth=8)
        return ends
    limits = [float(row[name]) for name in ("ci_low", "ci_high") if pd.notna(row[name])]
    if limits:
        ax.plot(limits, [y, y], color=ACCENT, linewidth=2)
    ax.plot(row["value"], y, "o", markersize=9 if row["sex"] == "T" else 6, color=ACCENT)
    return [float(row["value"]), *limits]


def _in_words(line: Line, tables: Tables) -> str:
    if not line.own:
        return MISSING
    return ", ".join(f"{fmt.YOUNG_SEX[row['sex']]} {tables.figure(row)}".strip() for row in line.own)


def _flow_message(lines: Sequence[Line], analysis: Analysis) -> str:
    """How many steps where fewer than half get care in time, whatever the figures' rounding; each step's latest."""
    drawn = [row for line in lines for row in line.own if pd.notna(row["value"]) or pd.notna(row["value_low"])]
    whole = [row for row in drawn if (row["sex"], row["area"], row["level"]) == ("T", analysis.county.code, "")]
    latest = {row["indicator"]: row for row in sorted(whole, key=lambda row: str(row["when"]))}
    below = [row for row in latest.values() if possible_values(row)[1] < 50]
    if not below:
        return "Så stor andel av barn och unga får vård inom tidsgränserna"
    steps = _of_all(analysis, "flow", below, list(latest.values()), "steg")
    return f"I {steps} får färre än hälften av barn och unga vård inom tidsgränsen"


def _of_all(analysis: Analysis, name: str, part: Sequence[Row], whole: Sequence[Row], noun: str) -> Marked:
    """'två av tre steg', 'alla tre steg', with the reference of the part."""
    words = [in_letters(len(rows)) for rows in (part, whole)]
    text = f"alla {words[1]} {noun}" if len(part) == len(whole) else f"{words[0]} av {words[1]} {noun}"
    return counted(analysis, f"access/{name}", (row["id"] for row in part), text)


def _flow_marks(lines: Sequence[Line]) -> str:
    own = [row for line in lines for row in line.own]
    goals = [goal for line in lines for goal in line.goals]
    explained = {
        "Punkt: länets andel.": any(pd.notna(row["value"]) for row in own),
        "Band: spann som dokumentet anger.": any(pd.notna(row["value_low"]) for row in own),
        "Vågrät linje: 95-procentigt intervall.": any(pd.notna(row["ci_low"]) for row in own),
        "Grått streck: jämförelsetalet inom parentes.": any(line.others for line in lines),
        "Svart streck: målet.": any(_has_target(goal) for goal in goals),
        "Målen anger tidsgränser men ingen andel, så inget mål är utritat.": bool(goals)
        and not any(goal.target_value is not None for goal in goals),
    }
    return " ".join(text for text, occurs in explained.items() if occurs)


def stock(analysis: Analysis, tables: Tables) -> Figure | None:
    """How many children and young were waiting, along the care chain: one bar per printed count."""
    rows = _of(analysis, _measures(analysis, "count"))
    rows = rows[rows["area"].str.startswith(analysis.county.code) & (rows["comparator"] == "") & rows["value"].notna()]
    if len(rows) < 3:
        return None
    records = sorted(as_rows(rows), key=lambda row: (place_in_chain(row["title"]), row["when"], row["id"]))
    has_one_period = rows["when"].nunique() == 1
    labels = [_count_label(row, analysis, with_period=not has_one_period) for row in records]
    texts = [tables.figure(row, with_interval=False) for row in records]
    canvas = line_chart(labels, lambda ax, i, y: bar(ax, y, records[i]["value"], texts[i]), foot=0.08)
    with style():
        bar_axis(canvas.axes[0], [float(row["value"]) for row in records], texts)
    told = "; ".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
    title = _stock_message(records, analysis)
    when = f"Antal {fmt.period(records[0]['when'])}. " if has_one_period else ""
    overlap = "Den som har väntat länge kan räknas på flera rader; antalen läggs inte ihop."
    source = f"{when}{overlap} {documents(analysis, rows['source'])}"
    table = tables.figures(rows, "Barn och unga som väntade")
    return Figure("vantande-barn-och-unga", canvas, title, f"{title}. {when}{told}.", source, table, table_beside=True)


def _count_label(row: Row, analysis: Analysis, *, with_period: bool) -> str:
    area = "" if row["area"] == analysis.county.code else analysis.area_names[row["area"]]
    parts = [row["title"], area, fmt.YOUNG_SEX[row["sex"]], fmt.population("T", row["age"], row["level"])]
    return ", ".join([*(part for part in parts if part), *([fmt.period(row["when"])] if with_period else [])])


def _stock_message(records: Sequence[Row], analysis: Analysis) -> str:
    """In how many steps somebody had waited beyond the longest limit; else the largest count."""
    totals = [row for row in records if row["sex"] == "T"]
    longest = max((limit_in_days(row["title"]) or 0 for row in totals), default=0)
    at_limit = [row for row in totals if longest and limit_in_days(row["title"]) == longest]
    waited = [row for row in at_limit if row["value"] > 0]
    if len(at_limit) > 1 and waited:
        steps = _of_all(analysis, "stock", waited, at_limit, "steg")
        return f"I {steps} har {waited[0]['unit']} väntat över {longest} dagar"
    top = max(records, key=lambda row: row["value"])
    return f"Flest: {uncapital(top['title'])} – {_with_unit(top)}"


def months_reported(analysis: Analysis, tables: Tables) -> Figure | None:
    """How many units reported their waiting times in how many of the period's months."""
    rows = analysis.results
    rows = rows[(rows["dimension"] == MONTHS_REPORTED) & (rows["area"] == analysis.county.code)]
    rows = rows[rows["level"].str.fullmatch(r"\d+")]
    if rows["value"].notna().sum() < 3 or rows["when"].nunique() > 1:
        return None
    records = sorted(as_rows(rows), key=lambda row: int(row["level"]))
    labels = [fmt.with_unit(int(row["level"]), "månader") for row in records]
    texts = [
        tables.figure(row) if pd.isna(row["value"]) else result_text(row, fmt.number(row["value"])) for row in records
    ]
    canvas = new_canvas(0.27 * len(records))
    with style():
        ax = canvas.add_axes((0.03, 0, 0.94, 1))
        _short_bars(ax, records, labels, texts)
    title = _months_message(records)
    told = "; ".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
    source = f"Antal {records[0]['unit']} efter hur många månader de rapporterade, {fmt.period(records[0]['when'])}."
    source = f"{source} {documents(analysis, rows['source'])}"
    table = tables.figures(rows, records[0]["title"])
    return Figure("rapporterade-manader", canvas, title, f"{title}. {told}.", source, table, table_beside=True)


def _short_bars(ax: Axes, records: Sequence[Row], labels: Sequence[str], texts: Sequence[str]) -> None:
    """Bars with a short label to the left of each."""
    values = [0.0 if pd.isna(row["value"]) else float(row["value"]) for row in records]
    ax.set(ylim=(len(records) - 0.5, -0.5), yticks=[])
    for place, (label, value, text) in enumerate(zip(labels, values, texts, strict=True)):
        ax.text(0, place, label, transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL)
        if value:
            ax.plot([0, value], [place, place], color=ACCENT, linewidth=11)
        beside(ax, value, place, text)
    bar_axis(ax, values, texts, left=max(room(label) for label in labels))


def _with_unit(row: Row) -> Marked:
    return result_text(row, fmt.with_unit(row["value"], row["unit"]))


def _months_message(records: Sequence[Row]) -> str:
    known = [row for row in records if pd.notna(row["value"])]
    period = parse_period(str(records[0]["when"])).months
    full = [row for row in known if int(row["level"]) == period]
    most = max(known, key=lambda row: row["value"])
    common = f"{_with_unit(most)} rapporterade {fmt.with_unit(int(most['level']), 'månader')}"
    if not full:
        return f"Vanligast: {common}"
    units, rest = (
        _with_unit(full[0]),
        ""
        if most is full[0]
        else f"; vanligast var {fmt.with_unit(int(most['level']), 'månader')} ({result_text(most, fmt.number(most['value']))})",
    )
    return f"{units} rapporterade alla {period} månader{rest}"
