"""Counts of rows as the report prints them. Each has a name and remembers its rows, so that it can be traced to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from psykanalys.analysis import Analysis
from psykanalys.present import formatting as fmt
from psykanalys.references import Marked, marked, reference


def counted(analysis: Analysis, name: str, rows: Iterable[str], text: str | None = None) -> Marked:
    """How many rows there are, as a number or as `text` says it, with the reference of the count called `name`.

    `rows` are ids of raw rows. One name stands for the same rows everywhere.
    """
    ids = tuple(sorted({str(row) for row in rows}))
    if _ledger(analysis).setdefault(name, ids) != ids:
        raise AssertionError(f"the count '{name}' is of different rows in two places")
    return marked(reference("n", name), fmt.number(len(ids)) if text is None else text)


def goals_at(analysis: Analysis, step: str, focus_area: int = 0) -> frozenset[str]:
    """The ids of the plan's goals, or of those in a focus area, that reach a step: 'goals' for all of them."""
    within = analysis.in_focus_area("current_goals", focus_area) if focus_area else analysis.current_goals
    goals = frozenset(within["id"])
    if step == "goals":
        return goals
    return goals & (analysis.goals_with_indicator if step == "with_indicator" else analysis.goals_that[step])


def goals(analysis: Analysis, step: str, focus_area: int = 0, text: str | None = None) -> Marked:
    """How many of the plan's goals, or of those in a focus area, reach a step."""
    name = f"area-{focus_area}/{step}" if focus_area else step
    return counted(analysis, name, goals_at(analysis, step, focus_area), text)


def counts(analysis: Analysis) -> Mapping[str, tuple[str, ...]]:
    """The ids of the rows of every count that has been printed, by the count's name."""
    return dict(_ledger(analysis))


def _ledger(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Kept with the analysis itself: tables, figures and sentences of one county share it."""
    ledger: dict[str, tuple[str, ...]] = analysis.__dict__.setdefault("_counts", {})
    return ledger
