"""Results against targets: a dot with its interval, a tick for the target, a thin line for riket, the verdict's word."""

from __future__ import annotations

from matplotlib.axes import Axes

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.areas import NATION
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.figures.style import GROUND, INK, SOFT, Figure, beside, line_chart, percent_axis, style
from psykanalys.present.tables import Tables, target_text
from psykanalys.verdicts import Verdict, Word


def draw(analysis: Analysis, tables: Tables, focus_area: int) -> Figure | None:
    """One line per target of a focus area that has a result in per cent."""
    chosen = [verdict for verdict in analysis.verdicts_in(focus_area) if _can_be_drawn(verdict)]
    if not chosen:
        return None
    chosen.sort(key=lambda v: (v.label, v.period))
    nation = {each.observation: each.other_value for each in analysis.comparisons if each.against == NATION}
    labels = [f"{verdict.label}, {fmt.period(verdict.period)}" for verdict in chosen]
    canvas = line_chart(labels, lambda ax, i, y: _marks(ax, y, chosen[i], nation.get(chosen[i].observation)))
    with style():
        percent_axis(canvas.axes[0])
    title = f"Läget mot målen – {FOCUS_AREAS[focus_area].lower()}"
    return Figure(
        f"laget-mot-malen-{focus_area}",
        canvas,
        title,
        f"{title}: {'; '.join(_in_words(verdict) for verdict in chosen)}.",
        "Punkt: resultat i procent. Lodrätt streck: målet. Vågrät linje: intervall där det finns. Källa: se tabellen.",
        tables.verdicts(focus_area),
        table_beside=True,
    )


def _can_be_drawn(verdict: Verdict) -> bool:
    has_both = verdict.value is not None and verdict.target_value is not None
    return has_both and verdict.unit == "procent" and verdict.word not in (Word.MEASURES_OTHER, Word.NOT_TESTABLE)


def _marks(ax: Axes, y: float, verdict: Verdict, nation: float | None) -> None:
    look, value, goal = words.LOOKS[verdict.word], float(verdict.value or 0), float(verdict.target_value or 0)
    if nation is not None:
        ax.plot([nation, nation], [y - 0.13, y + 0.13], color=SOFT, linewidth=1)
    if verdict.ci_low is not None and verdict.ci_high is not None:
        ax.plot([verdict.ci_low, verdict.ci_high], [y, y], color=look.colour, linewidth=2)
    inside = GROUND if "inte" in verdict.word else look.colour
    ax.plot(value, y, "o", markersize=9, markerfacecolor=inside, markeredgecolor=look.colour, markeredgewidth=2)
    ax.plot([goal, goal], [y - 0.13, y + 0.13], color=INK, linewidth=3)
    shown = fmt.with_unit(value, "procent", None if value == round(value, 1) else 0)
    beside(ax, value, y, f"{shown} – {verdict.word}", left=value > 55)


def _in_words(verdict: Verdict) -> str:
    limits = fmt.interval(verdict.ci_low, verdict.ci_high, 0)
    value = fmt.with_unit(verdict.value, "procent", 1)
    parts = [verdict.label, fmt.period(verdict.period), value, limits, f"mot {target_text(verdict)}, {verdict.word}"]
    return " ".join(part for part in parts if part)
