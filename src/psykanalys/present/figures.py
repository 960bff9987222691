"""The report's figures (seaborn on one style): drawn from results and verdicts, text kept as text in SVG.

No bootstrap and no randomness: intervals are those of the verdicts. Every figure carries a title that says what it
shows, its numbers as a text alternative, and the same numbers as a table.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import NATION
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.html import Block, Details, Table
from psykanalys.present.tables import Tables, target_text
from psykanalys.verdicts import Verdict, Word

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "psykanalys",
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": words.GREY,
    "axes.labelcolor": "#3c4043",
    "xtick.color": "#3c4043",
    "ytick.color": "#202124",
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "#e3e5e8",
    "axes.axisbelow": True,
}
WIDTH = 5.2
LONGEST_LABEL = 32


@dataclass(frozen=True, repr=False)
class Figure(Block):
    """A drawn figure with title, text alternative and source line; `table` where no table of it stands beside it."""

    svg: str
    title: str
    alternative: str
    source: str
    table: Table | None = None

    def to_html(self) -> str:
        """HTML for the page."""
        svg = self.svg.replace("<svg ", f'<svg role="img" aria-label="{escape(self.alternative)}" ', 1)
        numbers = Details("Visa siffrorna som tabell", [self.table]).to_html() if self.table else ""
        return f"<figure>\n<figcaption>{escape(self.title)}</figcaption>\n{svg}\n<p class='source'>{escape(self.source)}</p>\n{numbers}\n</figure>"

    def to_text(self) -> str:
        """Plain text with the same content."""
        return f"{self.title}\n{self.alternative}\n{self.source}"


class Figures:
    """The figures of one county's analysis. A method returns None where the county has nothing to draw."""

    def __init__(self, analysis: Analysis):
        self._analysis = analysis
        self._tables = Tables(analysis)

    def overview(self) -> Figure | None:
        """How many goals of each focus area can be followed, step by step."""
        overview = self._analysis.overview
        if not overview["goals"].sum():
            return None
        steps = {
            "goals": "mål",
            "with_indicator": "med indikator",
            "testable": "går att pröva",
            "with_result": "med resultat",
            "judged": "bedömda",
        }
        names = [_wrapped(f"{number} {FOCUS_AREAS[number]}", 18) for number in overview.index]
        with _style():
            canvas = Canvas(figsize=(WIDTH, 3.6), layout="constrained")
            axes = canvas.subplots(1, len(steps), sharex=True, sharey=True)
            for (column, step), ax in zip(steps.items(), axes, strict=True):
                _bars(ax, names, overview[column].to_numpy(), step)
            svg = _svg(canvas)
        title = _how_far(overview)
        return Figure(
            svg,
            title,
            _overview_text(overview, steps),
            "Källa: planen, egen sammanställning. Ett mål kan höra till flera fokusområden.",
        )

    def verdicts(self, focus_area: int) -> Figure | None:
        """Shares with their target, riket and interval: one line per target that has a result in per cent."""
        chosen = [
            v
            for v in self._analysis.verdicts_in(focus_area)
            if v.value is not None
            and v.unit == "procent"
            and v.target_value is not None
            and v.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)
        ]
        if not chosen:
            return None
        chosen.sort(key=lambda v: (v.label, v.period))
        with _style():
            canvas = Canvas(figsize=(WIDTH, 1.3 + 0.62 * len(chosen)), layout="constrained")
            ax = canvas.subplots()
            for place, verdict in enumerate(chosen):
                _dot(ax, place, verdict)
            _percent_axis(ax, [_label(v) for v in chosen])
            svg = _svg(canvas)
        alternative = "; ".join(_verdict_text(verdict) for verdict in chosen)
        title = f"Läget mot målen – {FOCUS_AREAS[focus_area].lower()}"
        source = "Punkt: resultat. Lodrätt streck: mål. Vågrät linje: intervall där det finns. Källa: se tabellen."
        return Figure(svg, title, f"{title}: {alternative}.", source)

    def counts(self, indicator: str, title: str) -> Figure | None:
        """Bars of one count measure over the levels of its dimension."""
        rows = self._analysis.results
        rows = rows[(rows["indicator"] == indicator) & (rows["level"] != "")].sort_values("level")
        if rows.empty:
            return None
        with _style():
            canvas = Canvas(figsize=(WIDTH, 0.9 + 0.42 * len(rows)), layout="constrained")
            ax = canvas.subplots()
            sns.barplot(
                x=rows["value"].fillna(0).to_numpy(dtype=float),
                y=rows["level"].to_numpy(dtype=str),
                ax=ax,
                color=words.ACCENT,
                errorbar=None,
            )
            for place, value in enumerate(rows["value"]):
                ax.text(
                    0.1 if pd.isna(value) else value + 0.1,
                    place,
                    "redovisas inte" if pd.isna(value) else fmt.number(value),
                    va="center",
                )
            ax.set(xlabel=f"Antal {rows['unit'].iloc[0]}", ylabel=rows["dimension"].iloc[0].capitalize())
            svg = _svg(canvas)
        alternative = "; ".join(
            f"{level}: {'redovisas inte' if pd.isna(value) else fmt.number(value)}"
            for level, value in zip(rows["level"], rows["value"], strict=True)
        )
        return Figure(svg, title, f"{title}: {alternative}.", "Källa: se tabellen.", self._tables.figures(rows, title))

    def shares(self, results: pd.DataFrame, title: str) -> Figure | None:
        """Shares as dots with their interval, bounds or printed range: one line per figure."""
        rows = results[(results["unit"] == "procent") & (results["value"].notna() | results["value_low"].notna())]
        if rows.empty:
            return None
        rows = rows.assign(_step=rows["level"].map({"före": 0, "efter": 1}).fillna(0), _other=_is_other(rows))
        rows = rows.sort_values(["title", "_other", "when", "area", "_step", "level", "sex"])
        names = [_line_label(row, self._analysis.area_names) for row in rows.to_dict("records")]
        with _style():
            canvas = Canvas(figsize=(WIDTH, 1.1 + 0.5 * len(rows)), layout="constrained")
            ax = canvas.subplots()
            for place, row in enumerate(rows.to_dict("records")):
                _share(ax, place, row)
            _percent_axis(ax, names)
            svg = _svg(canvas)
        alternative = "; ".join(
            f"{name.replace(chr(10), ' ')}: {self._tables.figure(row)}"
            for name, row in zip(names, rows.to_dict("records"), strict=True)
        )
        source = "Punkt: redovisat värde (grå: riket eller annan grupp). Tjock linje: spann i dokumentet eller sämsta och bästa utfall vid bortfall. Tunn linje: 95-procentsintervall."
        return Figure(svg, title, f"{title}: {alternative}.", source)


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(STYLE)


def _svg(canvas: Canvas) -> str:
    """The figure as an SVG element: no date, no random ids, text as text, scaled by the page."""
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    return _light(text[text.index("<svg") :])


def _light(svg: str) -> str:
    """The same drawing in a third of the bytes: no unused ids, one font declaration, one decimal, no namespaces."""
    for pattern, replacement in _LIGHTER:
        svg = re.sub(pattern, replacement, svg, flags=re.DOTALL)
    return re.sub(r"(-?\d+\.\d)\d+", r"\1", svg).strip()


_LIGHTER = (
    (r"<metadata>.*?</metadata>", ""),
    (r'<svg ([^>]*?)height="[^"]*pt"([^>]*?)width="[^"]*pt"', r"<svg \1\2"),
    (r'\s(?:xmlns:xlink|xmlns|version)="[^"]*"', ""),
    (r'<g id="[^"]*"', "<g"),
    (r' transform="rotate\(-0 [^"]*\)"', ""),
    (r"font-family: 'DejaVu Sans'; ?", ""),
    (r"xlink:href", "href"),
    (r"<svg ", "<svg font-family=\"'DejaVu Sans', Verdana, sans-serif\" "),
    (r">\s+<", ">\n<"),
)


def _bars(ax: Axes, names: Sequence[str], counts: Sequence[int], step: str) -> None:
    colour = words.ACCENT if step == "bedömda" else words.LIGHT
    sns.barplot(x=list(counts), y=list(names), ax=ax, color=colour, saturation=1, errorbar=None)
    for place, count in enumerate(counts):
        ax.text(count + 0.6, place, str(count), va="center")
    ax.set(xlabel="", ylabel="")
    ax.set_title(_wrapped(step, 10), fontsize=9, loc="left")
    ax.grid(visible=False)
    ax.tick_params(bottom=False, labelbottom=False, left=False)
    ax.spines["bottom"].set_visible(False)
    ax.margins(x=0.4)


def _dot(ax: Axes, place: int, verdict: Verdict) -> None:
    look, value, goal = words.LOOKS[verdict.word], float(verdict.value or 0), float(verdict.target_value or 0)
    if verdict.ci_low is not None and verdict.ci_high is not None:
        ax.plot([verdict.ci_low, verdict.ci_high], [place] * 2, color=look.colour, linewidth=2, solid_capstyle="butt")
    inside = "white" if "inte" in verdict.word else look.colour
    ax.plot(value, place, "o", markersize=9, markerfacecolor=inside, markeredgecolor=look.colour, markeredgewidth=2)
    ax.plot([goal, goal], [place - 0.3, place + 0.3], color="#202124", linewidth=2.5)
    shown = fmt.with_unit(value, "procent", None if value == round(value, 1) else 0)
    on_the_left = value > 55
    ax.annotate(
        f"{shown} – {verdict.word}",
        (value, place),
        (-9 if on_the_left else 9, 8),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        fontsize=9,
    )


def _share(ax: Axes, place: int, row: dict) -> None:
    colour = words.GREY if row["_other"] else words.ACCENT
    value, low, high = row["value"], row["value_low"], row["value_high"]
    if pd.notna(low):
        ax.plot([low, high], [place, place], color=colour, linewidth=6, solid_capstyle="butt")
        _beside(ax, high, place, f"{fmt.number(low)}–{fmt.with_unit(high, 'procent')}")
        return
    if pd.notna(row["worst"]):
        ax.plot([row["worst"], row["best"]], [place, place], color=words.LIGHT, linewidth=6, solid_capstyle="butt")
    if pd.notna(row["ci_low"]):
        ax.plot([row["ci_low"], row["ci_high"]], [place, place], color=colour, linewidth=1.5)
    ax.plot(value, place, "o", markersize=8, color=colour)
    end = max(edge for edge in (value, row["best"], row["ci_high"]) if pd.notna(edge))
    firmness = words.STATUSES.get(row["status"], "")
    shown = fmt.with_unit(value, "procent", int(row["decimals"]) if row["has_counts"] else None)
    _beside(ax, end, place, f"{firmness} {shown}".strip())


def _beside(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(text, (x, y), (8, 0), textcoords="offset points", va="center")


def _is_other(rows: pd.DataFrame) -> pd.Series:
    """Riket and comparison groups, drawn in grey after the county's own figures."""
    return (rows["area"] == NATION) | (rows["comparator"] != "")


def _percent_axis(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.8)
    ax.set_xlim(-2, 112)
    ax.set_xticks(range(0, 101, 25), [f"{tick} %" for tick in range(0, 101, 25)])
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)


def _label(verdict: Verdict) -> str:
    return f"{_wrapped(verdict.label, 28)}\n{fmt.period(verdict.period)}"


def _line_label(row: dict, names: Mapping[str, str]) -> str:
    where = row["comparator"] or names[row["area"]]
    detail = fmt.population(row["sex"], row["age"], row["level"])
    return _wrapped(f"{row['title']}: {where}{f', {detail}' if detail else ''}", LONGEST_LABEL)


def _wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _verdict_text(verdict: Verdict) -> str:
    aim = target_text(verdict)
    limits = fmt.interval(verdict.ci_low, verdict.ci_high, 0)
    return f"{verdict.label} {fmt.period(verdict.period)} {fmt.with_unit(verdict.value, 'procent', 1)} {limits} mot {aim}, {verdict.word}".replace(
        "  ", " "
    )


def _overview_text(overview: pd.DataFrame, steps: dict[str, str]) -> str:
    rows = [
        f"fokusområde {number}: " + ", ".join(f"{row[name]} {label}" for name, label in steps.items())
        for number, row in overview.iterrows()
    ]
    return "Antal mål per fokusområde och steg. " + "; ".join(rows) + "."


def _how_far(overview: pd.DataFrame) -> str:
    """The figure's message."""
    judged, goals = overview["judged"].sum(), overview["goals"].sum()
    if not judged:
        return "Inget av planens mål kan ännu bedömas"
    return "Få av planens mål kan bedömas" if judged * 4 < goals else "Så långt går planens mål att följa"
