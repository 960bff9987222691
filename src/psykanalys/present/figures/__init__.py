"""The report's figures (seaborn on one style): drawn from results and verdicts, text kept as text in SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present.figures import access, chain, change, funding, maps, overview, responsible, shares, targets
from psykanalys.present.figures.style import Figure, style
from psykanalys.present.tables import Tables

Drawn = TypeVar("Drawn")


def _drawn(draw: Callable[..., Drawn]) -> Callable[..., Drawn | None]:
    """A method that draws, with the style set once for all that it draws; None where nothing is to be drawn."""

    @wraps(draw)
    def drawn(self: Figures, *args: Any) -> Drawn | None:
        if not self.are_drawn:
            return None
        with style():
            return draw(self, *args)

    return drawn


class Figures:
    """The figures of one county's analysis. A method returns None where the county has nothing to draw.

    `are_drawn`: without it none has anything, for whom text and tables are enough.
    """

    def __init__(self, analysis: Analysis, *, are_drawn: bool = True):
        self.are_drawn = are_drawn
        self._analysis = analysis
        self._tables = Tables(analysis)

    @_drawn
    def overview(self) -> Figure | None:
        """How many goals of each focus area can be followed, step by step."""
        return overview.draw(self._analysis, self._tables)

    @_drawn
    def verdicts(self, focus_area: int) -> Figure | None:
        """Shares with their target, riket and interval: one line per target that has a result in per cent."""
        return targets.draw(self._analysis, self._tables, focus_area)

    @_drawn
    def chain(self) -> Figure | None:
        """All goals by the furthest step they reach, for the plan and per focus area: parts that make up the whole."""
        return chain.draw(self._analysis)

    @_drawn
    def responsible(self) -> Figure | None:
        """Who is responsible for the plan's activities, per focus area."""
        return responsible.draw(self._analysis)

    @_drawn
    def survey(self) -> Figure | None:
        """The survey's shares, with what the non-response could change where the counts allow to know it."""
        return shares.survey(self._analysis, self._tables)

    @_drawn
    def access_flow(self) -> Figure | None:
        """What share of children and young get care within the time limit, step by step."""
        return access.flow(self._analysis, self._tables)

    @_drawn
    def access_stock(self) -> Figure | None:
        """How many children and young were waiting."""
        return access.stock(self._analysis, self._tables)

    @_drawn
    def months_reported(self) -> Figure | None:
        """How many units reported their waiting times in how many months."""
        return access.months_reported(self._analysis, self._tables)

    @_drawn
    def before_and_after(self) -> Figure | None:
        """Shares that a document prints from before and after a change."""
        return change.before_and_after(self._analysis, self._tables)

    @_drawn
    def series(self) -> Figure | None:
        """Figures of one measure from three or more comparable periods."""
        return change.series(self._analysis, self._tables)

    @_drawn
    def funding(self) -> Figure | None:
        """Grants with their printed parts, and what the parts leave or exceed."""
        return funding.draw(self._analysis, self._tables)

    @_drawn
    def maps(self) -> list[Figure]:
        """Which municipalities a document names as having something: one map per measure, at most four."""
        return maps.draw(self._analysis, self._tables)

    def __iter__(self) -> Iterator[Figure]:
        """Every figure that the county has, in the report's order."""
        drawn = [
            self.overview(),
            self.chain(),
            self.responsible(),
            *(self.verdicts(number) for number in FOCUS_AREAS),
            self.access_flow(),
            self.access_stock(),
            self.months_reported(),
            self.survey(),
            self.before_and_after(),
            self.series(),
            self.funding(),
            *(self.maps() or ()),
        ]
        return (figure for figure in drawn if figure is not None)


__all__ = ["Figure", "Figures"]
