"""Small parts that several figures share: bars, room for text beside a mark, where the figures come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from psykanalys.analysis import Analysis
from psykanalys.data.prepare import as_rows
from psykanalys.present import formatting as fmt
from psykanalys.present.figures.style import ACCENT, WIDTH, beside
from psykanalys.present.tables import Tables
from psykanalys.references import Marked, marked, plain, reference

CHARACTER = 6.9  # points: a small character is at most about this wide on average
GAP = 8  # points between a mark and its text
ACROSS = 0.94 * 72 * WIDTH  # points: the axes' width


def room(text: str) -> float:
    """How much of the axes' width a small text beside a mark takes, 0 to 1."""
    return (GAP + CHARACTER * len(plain(text))) / ACROSS


def bar(ax: Axes, y: float, value: float, text: str, *, colour: str = ACCENT, height: float = 12) -> None:
    """A bar from zero with its text at the end."""
    ax.plot([0, value], [y, y], color=colour, linewidth=height)
    beside(ax, value, y, text)


def bar_axis(ax: Axes, values: Sequence[float], texts: Sequence[str], left: float = 0.0) -> None:
    """From zero, without an axis line, so wide that every text stands to the right of its bar.

    `left` of the width (0 to 1) is kept free before the bars, for labels.
    """
    rights = [value / (1 - left - room(text)) for value, text in zip(values, texts, strict=True)]
    widest = max([*rights, 0]) or 1
    ax.set(xlim=(-left * widest, (1 - left) * widest), xticks=[])
    ax.spines["bottom"].set_visible(False)


def beside_share(
    ax: Axes, y: float, text: str, edges: Sequence[float], ticks: Iterable[float] = (), *, short: str = ""
) -> None:
    """Write text beside marks on a 0–100 axis: to the right where it meets nothing, else to the left.

    `short` is written instead where the text fits on neither side.
    """
    low, high, ticks = min(edges), max(edges), list(ticks)
    width = 100 * room(text)
    if short and width > max(low, 100 - high):
        text, width = short, 100 * room(short)
    is_clear_right = not any(high < tick < high + width for tick in ticks)
    is_clear_left = not any(low - width < tick < low for tick in ticks)
    fits_right, fits_left = high + width <= 100, low - width >= 0
    is_left = fits_left and not (fits_right and (is_clear_right or not is_clear_left))
    beside(ax, low if is_left else high, y, text, left=is_left)


def share_text(row: Mapping[str, Any], tables: Tables) -> Marked:
    """A share in short: 'cirka 50 %', '30–40 %', without counts and without the document's own words."""
    return result_text(row, tables.figure({**row, "wording": ""}, with_interval=False).partition(" (")[0])


def result_text(row: Mapping[str, Any], text: str) -> Marked:
    """A part of a result's figure, with its reference."""
    return marked(reference("r", row["id"]), text)


def lanes(y: float, count: int) -> list[float]:
    """Heights of one or two marks within a line of a line chart, each with room for its text."""
    return [y] if count == 1 else [y - 0.06, y + 0.105]


def in_letters(count: int) -> str:
    """'två', 'tolv', '13': how many there are of a neuter noun."""
    return fmt.NUMBER_WORDS[count] if 0 < count < len(fmt.NUMBER_WORDS) else fmt.number(count)


def uncapital(text: str) -> str:
    """A title as it stands within a sentence: 'Behandling …' as 'behandling …', 'BUP …' as it is."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def documents(analysis: Analysis, sources: Iterable[str]) -> str:
    """'Källa: Landstingets plan (utgivare).'"""
    wanted = set(sources)
    rows = as_rows(analysis.sources[analysis.sources["id"].isin(wanted)])
    named = fmt.listed(f"{row['title']} ({row['publisher']})" for row in rows)
    return f"Källa: {named}."
