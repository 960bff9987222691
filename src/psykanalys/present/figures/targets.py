"""Results against targets: a dot with its interval, a tick for the target, a thin line for riket, the verdict's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.figures.style import GROUND, INK, SOFT, Figure, line_chart, percent_axis, style, wrap
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
# words that leave open how it went, as said of one result and of several
NOT_JUDGED: Mapping[Word, tuple[str, str]] = {
    Word.BASELINE: ("är ett utgångsläge", "är utgångslägen"),
    Word.INSUFFICIENT: ("har otillräckligt underlag", "har otillräckligt underlag"),
    Word.PROTECTED: ("är skyddat", "är skyddade"),
}


class Line(NamedTuple):
    """One line of the figure: the verdict, its label, its figure in words, and riket's value."""

    verdict: Verdict
    label: str
    figure: str
    nation: str
    nation_value: float | None

    @property
    def text(self) -> str:
        """What stands above the marks: label, then '△ utgångsläge: 74 % (29 av 39), mål: alla (100 %)'.

        Its lines are broken here, so their blanks are of the kind that is not broken again.
        """
        word = self.verdict.word
        goal = f"mål: {target_text(self.verdict)}".replace(" ", fmt.NO_BREAK)
        told = f"{words.LOOKS[word].symbol} {word}: {self.figure.replace('; ', f';{fmt.NO_BREAK}')}, {goal}"
        return "\n".join(wrap(part, 47).replace(" ", fmt.NO_BREAK) for part in (self.label, told))


def draw(analysis: Analysis, tables: Tables, focus_area: int) -> Figure | None:
    """One line per target of a focus area that has a result in per cent."""
    chosen = [verdict for verdict in analysis.verdicts_in(focus_area) if _can_be_drawn(verdict)]
    if not chosen:
        return None
    lines = [_line(verdict, analysis, tables) for verdict in sorted(chosen, key=lambda v: (v.label, v.period))]
    canvas = line_chart([line.text for line in lines], lambda ax, i, y: _marks(ax, y, lines[i]))
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


def _marks(ax: Axes, y: float, line: Line) -> None:
    verdict, look = line.verdict, words.LOOKS[line.verdict.word]
    _tick(ax, line.nation_value, y, color=SOFT, linewidth=1)
    for goal in (verdict.target_value, verdict.target_high):
        _tick(ax, goal, y, color=INK, linewidth=3)
    if verdict.ci_low is not None and verdict.ci_high is not None:
        ax.plot([verdict.ci_low, verdict.ci_high], [y, y], color=look.colour, linewidth=3)
    marker, part = MARKERS.get(look.symbol, ("D", "none"))
    ax.plot(
        [verdict.value or 0], [y], marker, markersize=9, fillstyle="left" if part == "left" else "full",
        markerfacecolor=GROUND if part == "none" else look.colour, markerfacecoloralt=GROUND,
        markeredgecolor=look.colour, markeredgewidth=2,
    )  # fmt: skip


def _tick(ax: Axes, x: float | None, y: float, **look: Any) -> None:
    if x is not None:
        ax.plot([x, x], [y - 0.12, y + 0.12], **look)


def _message(found: Sequence[Word]) -> str:
    """What the verdicts say together; only words that they have."""
    told = _not_judged(found) if set(found) <= set(NOT_JUDGED) else _judged(found)
    return told[:1].upper() + told[1:]


def _judged(found: Sequence[Word]) -> str:
    counts = Counter(found)
    if len(found) == 1:
        return f"ett resultat mot målet: {found[0]}"
    told = fmt.listed(f"{_count(counts[word])} {word}" for word in words.LOOKS if counts[word])
    return f"{_count(len(found))} resultat mot målen: {told}"


def _not_judged(found: Sequence[Word]) -> str:
    counts = Counter(found)
    if len(found) == 1:
        return f"ett resultat {NOT_JUDGED[found[0]][0]} och kan inte bedömas mot målet"
    parts = [f"{_count(counts[word])} {said[counts[word] > 1]}" for word, said in NOT_JUDGED.items() if counts[word]]
    return f"{fmt.listed(parts).replace(' ', ' resultat ', 1)}; inget kan bedömas mot målet"


def _count(number: int) -> str:
    """'ett', 'två', '13'."""
    return fmt.counted(number, "", "").strip()


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
