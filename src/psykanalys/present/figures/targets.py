"""Results against targets: a dot with its interval, a tick for the target, a thin line for riket, the verdict's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.figures.style import (
    GROUND, INK, SMALL, SOFT, Figure, line_chart, percent_axis, style, wrap,
)  # fmt: skip
from psykanalys.present.tables import Tables, target_text
from psykanalys.verdicts import Verdict, Word

# marker and part of it that is filled, so that the mark looks like the verdict's symbol
MARKERS: Mapping[str, tuple[str, str]] = {
    "●": ("o", "full"),
    "◕": ("o", "full"),
    "◐": ("o", "left"),
    "◔": ("o", "none"),
    "○": ("o", "none"),
    "△": ("^", "none"),
}
NOT_JUDGED: Mapping[Word, str] = {
    Word.BASELINE: "är utgångsläge",
    Word.INSUFFICIENT: "har otillräckligt underlag",
    Word.PROTECTED: "är skyddat",
}


class Line(NamedTuple):
    """One line of the figure: the verdict, its label, its figure in words, and riket's value."""

    verdict: Verdict
    label: str
    figure: str
    nation: str
    nation_value: float | None

    @property
    def told(self) -> str:
        """What stands above the marks: '△ utgångsläge: 74 % (29 av 39), mål: alla (100 %)'."""
        word = self.verdict.word
        return f"{words.LOOKS[word].symbol} {word}: {self.figure}, mål: {target_text(self.verdict)}"


def draw(analysis: Analysis, tables: Tables, focus_area: int) -> Figure | None:
    """One line per target of a focus area that has a result in per cent."""
    chosen = [verdict for verdict in analysis.verdicts_in(focus_area) if _can_be_drawn(verdict)]
    if not chosen:
        return None
    lines = [_line(verdict, analysis, tables) for verdict in sorted(chosen, key=lambda v: (v.label, v.period))]
    told = [wrap(line.told, 48) for line in lines]
    room = ["\n" * (1 + text.count("\n")) for text in told]
    canvas = line_chart(
        [line.label + below for line, below in zip(lines, room, strict=True)],
        lambda ax, i, y: _marks(ax, y, lines[i], told[i]),
    )
    with style():
        percent_axis(canvas.axes[0])
    return Figure(
        f"laget-mot-malen-{focus_area}",
        canvas,
        _message([line.verdict.word for line in lines]),
        f"Läget mot målen – {FOCUS_AREAS[focus_area].lower()}. {' '.join(_in_words(line) for line in lines)}",
        _source(lines),
        tables.verdicts(focus_area),
        table_beside=True,
    )


def _can_be_drawn(verdict: Verdict) -> bool:
    """Whether the figure and what was to be reached are shares that stand against each other."""
    if verdict.unit != "procent" or verdict.word in (Word.MEASURES_OTHER, Word.NOT_TESTABLE):
        return False
    shares = (verdict.value, verdict.target_value)
    return all(share is not None and 0 <= share <= 100 for share in shares)


def _line(verdict: Verdict, analysis: Analysis, tables: Tables) -> Line:
    result = analysis.results.set_index("id").loc[verdict.observation]
    where = "" if result["area"] == analysis.county.code else analysis.area_names[result["area"]]
    whom = fmt.population(result["sex"], result["age"], result["level"])
    parts = [verdict.label, where, whom, fmt.period(verdict.period)]
    figure = tables.figure(result, with_interval=False)
    limits = fmt.interval(verdict.ci_low, verdict.ci_high, int(result["decimals"]) if result["has_counts"] else None)
    nation, value = _nation(verdict, analysis, tables)
    return Line(verdict, ", ".join(part for part in parts if part), f"{figure} {limits}".strip(), nation, value)


def _nation(verdict: Verdict, analysis: Analysis, tables: Tables) -> tuple[str, float | None]:
    """Riket's figure of the same measure, period and population: as printed, and as a number."""
    same = [c for c in analysis.comparisons if c.kind == "nation" and c.observation == verdict.observation]
    return (tables.compared(same[0])[1], same[0].other_value) if same else ("", None)


def _marks(ax: Axes, y: float, line: Line, told: str) -> None:
    verdict, look = line.verdict, words.LOOKS[line.verdict.word]
    marker, part = MARKERS.get(look.symbol, ("D", "none"))
    ax.text(0, y - 0.16, told, transform=ax.get_yaxis_transform(), va="bottom", fontsize=SMALL, linespacing=1.15)
    _tick(ax, line.nation_value, y, color=SOFT, linewidth=1)
    if verdict.ci_low is not None and verdict.ci_high is not None:
        ax.plot([verdict.ci_low, verdict.ci_high], [y, y], color=look.colour, linewidth=3)
    ax.plot(
        verdict.value, y, marker, markersize=9, fillstyle="left" if part == "left" else "full",
        markerfacecolor=GROUND if part == "none" else look.colour, markerfacecoloralt=GROUND,
        markeredgecolor=look.colour, markeredgewidth=2,
    )  # fmt: skip
    for goal in (verdict.target_value, verdict.target_high):
        _tick(ax, goal, y, color=INK, linewidth=3)


def _tick(ax: Axes, x: float | None, y: float, **look: Any) -> None:
    if x is not None:
        ax.plot([x, x], [y - 0.12, y + 0.12], **look)


def _message(found: Sequence[Word]) -> str:
    """What the verdicts say together; only words that they have."""
    counts = Counter(found)
    total = fmt.counted(len(found), "resultat", "resultat").capitalize()
    if set(counts) - set(NOT_JUDGED):
        told = fmt.listed(f"{fmt.counted(counts[word], '', '').strip()} {word}" for word in words.LOOKS if counts[word])
        return f"Ett resultat mot målet: {found[0]}" if len(found) == 1 else f"{total} mot målen: {told}"
    if len(found) == 1:
        return f"{total} {NOT_JUDGED[found[0]]} och kan inte bedömas mot målet"
    parts = [f"{fmt.counted(counts[w], '', '').strip()} {text}" for w, text in NOT_JUDGED.items() if counts[w]]
    told = fmt.listed([parts[0].replace(" ", " resultat ", 1), *parts[1:]])
    return f"{told[:1].upper()}{told[1:]}; inget kan bedömas mot målet"


def _source(lines: Sequence[Line]) -> str:
    """How to read the marks that are there, and no others."""
    parts = [
        "Andel i procent. Märke: resultatet. Tjockt lodrätt streck: målet.",
        "Vågrätt streck: det intervall som omdömet bygger på." if any(v.ci_low is not None for v, *_ in lines) else "",
        "Tunt lodrätt streck: riket." if any(line.nation for line in lines) else "",
        "Källa: se tabellen.",
    ]
    return " ".join(part for part in parts if part)


def _in_words(line: Line) -> str:
    nation = f", riket {line.nation}" if line.nation else ""
    return f"{line.label}: {line.figure}{nation}, mot målet {target_text(line.verdict)}: {line.verdict.word}."
