"""The report's figures (seaborn on one style): drawn from results and verdicts, text kept as text in SVG."""

from __future__ import annotations

from collections.abc import Iterator

from psykanalys.analysis import FOCUS_AREAS, Analysis
from psykanalys.present.figures import overview, shares, targets
from psykanalys.present.figures.style import Figure
from psykanalys.present.tables import Tables


class Figures:
    """The figures of one county's analysis. A method returns None where the county has nothing to draw."""

    def __init__(self, analysis: Analysis):
        self._analysis = analysis
        self._tables = Tables(analysis)

    def overview(self) -> Figure | None:
        """How many goals of each focus area can be followed, step by step."""
        return overview.draw(self._analysis, self._tables)

    def verdicts(self, focus_area: int) -> Figure | None:
        """Shares with their target, riket and interval: one line per target that has a result in per cent."""
        return targets.draw(self._analysis, self._tables, focus_area)

    def survey(self) -> Figure | None:
        """The survey's shares with the worst and best outcome that the non-response allows."""
        return shares.survey(self._analysis, self._tables)

    def __iter__(self) -> Iterator[Figure]:
        """Every figure that the county has, in the report's order."""
        drawn = [self.overview(), *(self.verdicts(number) for number in FOCUS_AREAS), self.survey()]
        return (figure for figure in drawn if figure is not None)


__all__ = ["Figure", "Figures"]
