"""Maps of the county: which municipalities a document names as having something, and which it does not name.

Three states are told apart without colour: named as having (filled), named otherwise (outlined, with the word after
the name) and not named (empty, no name). Not named is not no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch, Rectangle

from psykanalys.analysis import Analysis
from psykanalys.areas import Area, official_areas, slugify
from psykanalys.data.prepare import as_rows, items
from psykanalys.periods import parse_period
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.counts import counted
from psykanalys.present.figures.borders import Layout, lay_out, outline, text_width
from psykanalys.present.figures.parts import documents, result_text
from psykanalys.present.figures.style import ACCENT, GROUND, INK, MARK, SMALL, WIDTH, Figure, new_canvas, style
from psykanalys.present.tables import Notes, Table, Tables
from psykanalys.references import Marked

MOST = 4  # maps of one county
FEWEST = 3  # named municipalities that make a map worth drawing
HIGHEST = 300.0  # points
POINTS = 72
IN_MUNICIPALITY = " i kommunen"  # how such a measure's title ends
ONE, MANY = "_in_municipality", "_municipalities"  # ids: a measure asked of each municipality, and their number
YES, PARTLY, EXPECTED, NO, UNNAMED = "ja", "i stort sett", "väntas", "nej", "nämns inte i dokumentet"
STATES = (YES, PARTLY, EXPECTED, NO, UNNAMED)
NOT_AMONG = "hör inte till dem som dokumentet räknar upp"
NOT_NAMED = "nämns inte i dokumentet, vilket inte betyder nej"
LOOKS: Mapping[str, Mapping[str, Any]] = {
    YES: {"facecolor": ACCENT, "edgecolor": GROUND, "linewidth": 1, "zorder": 2},
    UNNAMED: {"facecolor": "none", "edgecolor": MARK, "linewidth": 0.8, "zorder": 1},
}
OUTLINED: Mapping[str, Any] = {"facecolor": GROUND, "edgecolor": ACCENT, "linewidth": 2.5, "zorder": 3}


@dataclass(frozen=True)
class Content:
    """What one map shows: a measure's newest figures by municipality, and the printed numbers of municipalities."""

    title: str
    rows: pd.DataFrame
    counts: pd.DataFrame
    municipalities: Sequence[Area]

    @property
    def is_presence(self) -> bool:
        """Whether the measure asks if something is there: 'YAM i kommunen'."""
        return self.title.endswith(IN_MUNICIPALITY)

    @property
    def subject(self) -> str:
        """What it is about: 'YAM' of the measure 'YAM i kommunen'."""
        return self.title.removesuffix(IN_MUNICIPALITY)

    @property
    def phrases(self) -> Mapping[str, str]:
        """The states as the title and the legend say them."""
        presence = {YES: "finns", PARTLY: "finns i stort sett", NO: "saknas"} if self.is_presence else {}
        return {state: state for state in STATES} | presence

    def printed(self, state: str) -> Mapping[str, Any] | None:
        """The one number of municipalities that the document prints for a state."""
        is_forecast = self.counts["status"] == "forecast"
        fitting = {YES: self.counts[~is_forecast], EXPECTED: self.counts[is_forecast]}.get(state, self.counts[:0])
        return as_rows(fitting)[0] if len(fitting) == 1 else None

    @property
    def names_all(self) -> bool:
        """Whether the document prints how many of the municipalities it is, and names every one of them."""
        printed = self.printed(YES)
        if printed is None or pd.isna(printed["denominator"]):
            return False
        return bool(printed["numerator"] == list(self.states().values()).count(YES))

    def states(self) -> dict[str, str]:
        """Each municipality's state by code."""
        named = {row["area"]: _state(row) for row in as_rows(self.rows)}
        return {area.code: named.get(area.code, UNNAMED) for area in self.municipalities}


def draw(analysis: Analysis, tables: Tables) -> list[Figure]:
    """One map per measure that is answered yes or no for at least three of the county's municipalities."""
    return [_figure(analysis, tables, content) for content in contents(analysis)[:MOST]]


def contents(analysis: Analysis) -> list[Content]:
    """What can be drawn, by focus area and title. Forecasts alone make no map: it shows how things are."""
    own = sorted((a for a in official_areas().values() if a.parent == analysis.county.code), key=_alphabetical)
    results = analysis.results
    answered = results[results["area"].isin([area.code for area in own]) & results["yes_no"].notna()]
    found = []
    for indicator, rows in answered.sort_values(["focus_areas", "title", "indicator"]).groupby("indicator", sort=False):
        newest = _newest_document(rows)
        if len(newest) >= FEWEST and (newest["status"] != "forecast").any():
            counts = _counts(results, str(indicator), newest["source"].iloc[0], analysis.county.code)
            found.append(Content(newest["title"].iloc[0], _in_order(newest, own), counts, own))
    return found


def _newest_document(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest document that names enough municipalities, the last of each municipality."""
    ordered = rows.assign(_last=[parse_period(str(when)).last for when in rows["when"]])
    ordered = ordered.sort_values(["_last", "id"]).drop_duplicates(["source", "area"], keep="last")
    enough = ordered.groupby("source")["area"].transform("size") >= FEWEST
    return ordered[enough & (ordered["source"] == ordered[enough]["source"].iloc[-1])] if enough.any() else rows[:0]


def _in_order(rows: pd.DataFrame, municipalities: Sequence[Area]) -> pd.DataFrame:
    """The rows by state and then by name."""
    places = {area.code: place for place, area in enumerate(municipalities)}
    order = [(STATES.index(_state(row)), places[row["area"]]) for row in as_rows(rows)]
    return rows.assign(_order=order).sort_values("_order").drop(columns=["_order", "_last"])


def _counts(results: pd.DataFrame, indicator: str, source: str, county: str) -> pd.DataFrame:
    """The numbers of municipalities that the same document prints for the same thing."""
    counted = indicator.removesuffix(ONE) + MANY if indicator.endswith(ONE) else ""
    same = (results["indicator"] == counted) & (results["source"] == source) & (results["area"] == county)
    return results[same & results["numerator"].notna()]


def _state(row: Mapping[str, Any]) -> str:
    if row["yes_no"] == "no":
        return NO
    return {"forecast": EXPECTED, "approximate": PARTLY}.get(row["status"], YES)


def _figure(analysis: Analysis, tables: Tables, content: Content) -> Figure:
    notes = Notes()
    marks = _marks(content, notes)
    layout = _layout(analysis.county.code, content, marks)
    title = _message(analysis, content)
    return Figure(
        f"karta-{slugify(content.subject)}",
        _canvas(layout, content),
        title,
        f"{title}. {_in_words(content)}",
        _source(analysis, content, notes, with_names=bool(layout.names)),
        _table(tables, content, marks, notes, title),
    )


def _marks(content: Content, notes: Notes) -> dict[str, str]:
    """The raised number of each municipality whose figure has a caution of its own."""
    rows = content.rows if _shared_caution(content) == "" else content.rows[:0]
    return {row["area"]: notes.mark(row["caution"]) for row in as_rows(rows)}


def _shared_caution(content: Content) -> str:
    cautions = set(content.rows["caution"])
    return cautions.pop() if len(cautions) == 1 else ""


def _layout(county: str, content: Content, marks: Mapping[str, str]) -> Layout:
    names = {area.code: area.name for area in content.municipalities}
    texts = {row["area"]: _label(names[row["area"]], row, marks) for row in as_rows(content.rows)}
    return lay_out(county, texts, SMALL, WIDTH * POINTS, HIGHEST)


def _canvas(layout: Layout, content: Content) -> Canvas:
    states = content.states()
    lines = _legend_lines([state for state in STATES if state in states.values()], content)
    height = layout.height + 18 * len(lines) + 4
    with style():
        canvas = new_canvas(height / POINTS)
        ax = canvas.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH * POINTS), ylim=(0, height), xticks=[], yticks=[])
        ax.set_axis_off()
        _shapes(ax, layout, states)
        _names(ax, layout, states)
        _legend(ax, lines, height)
    return canvas


def _label(name: str, row: Mapping[str, Any], marks: Mapping[str, str]) -> str:
    state = _state(row)
    return f"{name}{'' if state == YES else f' ({state})'}{marks.get(row['area'], '')}"


def _shapes(ax: Axes, layout: Layout, states: Mapping[str, str]) -> None:
    for code, shape in layout.shapes.items():
        ax.add_patch(PathPatch(outline(shape), **LOOKS.get(states[code], OUTLINED)))


def _names(ax: Axes, layout: Layout, states: Mapping[str, str]) -> None:
    for name in layout.names:
        if name.anchor is not None:
            ax.plot(*name.line.xy, color=INK, linewidth=0.8, zorder=4)
            ax.plot(*name.anchor, "o", markersize=5, markerfacecolor=GROUND, markeredgecolor=INK, zorder=5)
        colour = GROUND if name.anchor is None and states[name.code] == YES else INK
        x, y = name.middle
        ax.text(x, y, name.text, color=colour, fontsize=SMALL, ha="center", va="center_baseline", zorder=6)


def _legend_lines(states: Sequence[str], content: Content) -> list[list[tuple[float, str, str]]]:
    """The legend's entries as (left, state, text), in as many lines as they need."""
    lines: list[list[tuple[float, str, str]]] = [[]]
    left = 1.0
    for state in states:
        text = content.phrases[state]
        width = 18 + text_width(text, SMALL)
        if lines[-1] and left + width > WIDTH * POINTS:
            lines.append([])
            left = 1.0
        lines[-1].append((left, state, text))
        left += width + 14
    return lines


def _legend(ax: Axes, lines: Sequence[Sequence[tuple[float, str, str]]], height: float) -> None:
    for number, entries in enumerate(lines):
        y = height - 8 - 18 * number
        for left, state, text in entries:
            ax.add_patch(Rectangle((left, y - 6), 12, 12, **LOOKS.get(state, OUTLINED)))
            ax.text(left + 18, y, text, fontsize=SMALL, va="center_baseline")


def _message(analysis: Analysis, content: Content) -> str:
    """'Strukturerad samverkan finns i 9 av 15 kommuner 2018', with the printed number where there is one."""
    states = list(content.states().values())
    parts = [
        f"{content.phrases[state]} i {_number(analysis, content, state)}" for state in STATES[:-1] if state in states
    ]
    parts[0] += f" {fmt.listed(sorted({fmt.period(when) for when in content.rows['when']}))}"
    return f"{content.subject}{'' if content.is_presence else ':'} {fmt.listed(parts)}"


def _number(analysis: Analysis, content: Content, state: str) -> Marked:
    printed = content.printed(state)
    if printed is None:
        named = [row["id"] for row in as_rows(content.rows) if _state(row) == state]
        noun = "namngiven kommun" if len(named) == 1 else "namngivna kommuner"
        return counted(analysis, f"map/{slugify(content.subject)}/{state}", named, f"{len(named)} {noun}")
    firmness = words.STATUSES.get(printed["status"], "") if printed["status"] != "forecast" else ""
    number = fmt.with_unit(printed["numerator"], "kommuner")
    if pd.notna(printed["denominator"]):
        number = f"{fmt.number(printed['numerator'])} av {fmt.with_unit(printed['denominator'], 'kommuner')}"
    return result_text(printed, f"{firmness} {number}".strip())


def _in_words(content: Content) -> str:
    names: dict[str, list[str]] = {state: [] for state in STATES}
    states = content.states()
    for area in content.municipalities:
        names[states[area.code]].append(area.name)
    told = (f"{content.phrases[state].capitalize()}: {', '.join(listed)}." for state, listed in names.items() if listed)
    return " ".join(told)


def _source(analysis: Analysis, content: Content, notes: Notes, *, with_names: bool) -> str:
    parts = [
        _empty(content),
        "" if with_names else "Kommunernas namn står i tabellen.",
        _shared_caution(content),
        *(f"{notes.mark(text).strip()}{fmt.NO_BREAK}{text}" for text in notes.texts),
        _levels(content),
        *_other_measures(analysis, content),
        documents(analysis, content.rows["source"]),
    ]
    return " ".join(part for part in parts if part)


def _empty(content: Content) -> str:
    """What a municipality without a name means."""
    if UNNAMED not in content.states().values():
        return ""
    return f"Tom yta: kommunen {NOT_AMONG if content.names_all else NOT_NAMED}."


def _levels(content: Content) -> str:
    """'Form: heltid i Skellefteå och Umeå, filial i Storuman.' where the document tells the named ones apart."""
    names = {area.code: area.name for area in content.municipalities}
    told = content.rows[content.rows["level"] != ""]
    parts = [
        f"{level} i {fmt.listed(names[code] for code in rows['area'])}"
        for level, rows in told.groupby("level", sort=False)
    ]
    return f"{told['dimension'].iloc[0].capitalize()}: {', '.join(parts)}." if parts else ""


def _other_measures(analysis: Analysis, content: Content) -> list[str]:
    """What is known not to measure the same thing as the map, such as a later number."""
    shown = {*content.rows["id"], *content.counts["id"]}
    findings = analysis.findings[analysis.findings["kind"] == "measures_other"]
    return [row["description"] for row in as_rows(findings) if shown & set(items(row["concerns"]))]


def _table(tables: Tables, content: Content, marks: Mapping[str, str], notes: Notes, caption: str) -> Table:
    """Every named municipality with its state and place; then those that the document does not name, in one row."""
    rows = {row["area"].iloc[0]: row for _, row in content.rows.groupby("area")}
    states = content.states()
    ordered = sorted(content.municipalities, key=lambda area: STATES.index(states[area.code]))
    named = [area for area in ordered if states[area.code] != UNNAMED]
    cells = [[area.name, *_cells(tables, rows.get(area.code), states[area.code], marks)] for area in named]
    if rest := [area.name for area in ordered if states[area.code] == UNNAMED]:
        cells.append([fmt.listed(rest), UNNAMED, "–", "–"])
    return Table(caption, ["Kommun", "Enligt dokumentet", "Period", "Källa"], cells, notes=notes.texts)


def _cells(tables: Tables, row: pd.DataFrame | None, state: str, marks: Mapping[str, str]) -> list[str]:
    if row is None:
        return [state, "–", "–"]
    first = row.iloc[0]
    told = ", ".join(part for part in (state, first["level"]) if part) + marks.get(first["area"], "")
    (shown,) = tables.figures(row, "").rows
    return [f"{result_text(first, state)}{told.removeprefix(state)}", str(shown[2]), str(shown[4])]


def _alphabetical(area: Area) -> str:
    """Swedish order: å, ä and ö come last, in this order."""
    return area.name.lower().translate(str.maketrans("åäö", "{|}"))
