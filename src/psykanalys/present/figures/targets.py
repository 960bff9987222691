"""Results against targets: a dot with its interval, a tick for the target, a thin line for riket, the verdict's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.counts import counted
from psykanalys.present.figures.style import GROUND, INK, SOFT, Figure, line_chart, percent_axis, style, wrap
from psykanalys.present.tables import Tables, of_verdict, target_text
from psykanalys.references import Marked, capital
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
    figure: Marked
    nation: str
    nation_value: float | None

    @property
    def text(self) -> str:
        """What stands above the marks: label, then '△ utgångsläge: 74 % (29 av 39), mål: alla (100 %)'.

        Its lines are broken here, so their blanks are of the kind that is not broken again.
        """
        word = self.verdict.word
        goal = f"mål: {target_text(self.verdict)}".replace(" ", fmt.NO_BREAK)
        told = f"{words.LOOKS[word].symbol} {word}: {self.figure.marked.replace('; ', f';{fmt.NO_BREAK}')}, {goal}"
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
        _message([line.verdict for line in lines], analysis, f"area-{focus_area}/drawn"),
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
    result = analysis.results_by_id[verdict.observation]
    where = "" if result["area"] == analysis.county.code else analysis.area_names[result["area"]]
    whom = fmt.population(result["sex"], result["age"], result["level"])
    parts = [verdict.label, where, whom, fmt.period(verdict.period)]
    figure = tables.figure(result, with_interval=False)
    limits = fmt.interval(verdict.ci_low, verdict.ci_high, tables.decimals(result))
    nation, value = _nation(verdict, analysis, tables)
    shown = Marked(f"{figure} {of_verdict(verdict, limits)}".strip())
    return Line(verdict, ", ".join(part for part in parts if part), shown, nation, value)


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


def _message(verdicts: Sequence[Verdict], analysis: Analysis, name: str) -> str:
    """What the verdicts say together; only words that they have. Each count is called by `name` and the word."""
    found: dict[Word, list[str]] = {word: [] for word in words.LOOKS}
    for verdict in verdicts:
        found[verdict.word].append(f"{verdict.target}/{verdict.observation}")
    shown = {
        word: counted(analysis, f"{name}/{word.name.lower()}", rows, _in_letters(rows))
        for word, rows in found.items()
        if rows
    }
    rows = [row for some in found.values() for row in some]
    told = (
        _not_judged(shown)
        if set(shown) <= set(NOT_JUDGED)
        else _judged(shown, counted(analysis, name, rows, _in_letters(rows)))
    )
    return capital(told)


def _judged(shown: Mapping[Word, Marked], total: Marked) -> str:
    if total == "ett":
        return f"{total} resultat mot målet: {next(iter(shown))}"
    told = fmt.listed(f"{count} {word}" for word, count in shown.items())
    return f"{total} resultat mot målen: {told}"


def _not_judged(shown: Mapping[Word, Marked]) -> str:
    if list(shown.values()) == ["ett"]:
        ((word, one),) = shown.items()
        return f"{one} resultat {NOT_JUDGED[word][0]} och kan inte bedömas mot målet"
    first, *others = [(count, said[count != "ett"]) for word, said in NOT_JUDGED.items() if (count := shown.get(word))]
    told = fmt.listed([f"{first[0]} resultat {first[1]}", *(f"{count} {said}" for count, said in others)])
    return f"{told}; inget kan bedömas mot målet"


def _in_letters(rows: Sequence[str]) -> str:
    """'ett', 'två', '13'."""
    return fmt.counted(len(rows), "", "").strip()


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
