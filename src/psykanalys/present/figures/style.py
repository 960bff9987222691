"""The one style of all figures: colours, sizes, and the shape that most of them have.

A figure is drawn as wide as a phone, with text as large as the page's. Each line's label stands above its marks, so that
the marks have the whole width. No bootstrap and no randomness: intervals are those of the verdicts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text

from psykanalys.present.figures.svg import fixed, light, without_references
from psykanalys.present.html import Block, Details, Table, markup
from psykanalys.present.palette import ACCENT, GRID, GROUND, INK, LIGHT_THEME, MARK, SOFT
from psykanalys.references import Shown, plain, references

NARROW = "max-width:31rem"  # where no style sheet says it: in a notebook
WIDTH = 4.8  # inches: 346 units in the SVG, a phone's width
TEXT = 12
SMALL = 11
LINE = 0.21  # inches per line of text
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "psykanalys",
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "text.parse_math": False,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": MARK,
    "axes.labelcolor": SOFT,
    "axes.labelsize": SMALL,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": GRID,
    "axes.axisbelow": True,
    "lines.solid_capstyle": "butt",
}


@dataclass(frozen=True, repr=False)
class Figure(Block):
    """A drawn figure: `title` says the message, `alternative` its numbers in words, `source` units and source.

    `table` holds the same numbers; `table_beside` where the page shows that table beside the figure anyway. `name` is
    the file name of the exported figure.
    """

    name: str
    canvas: Canvas
    title: str
    alternative: str
    source: str
    table: Table
    table_beside: bool = False

    def __post_init__(self) -> None:
        for name in ("title", "alternative", "source"):
            object.__setattr__(self, name, Shown(getattr(self, name)))
        for drawn in self.canvas.findobj(Text):
            drawn.set_gid(drawn.get_gid() or " ".join(references(drawn.get_text())) or None)
            drawn.set_text(plain(drawn.get_text()))

    def to_html(self) -> str:
        """HTML for a notebook and the page; the page's own colours take the place of these when it is exported."""
        drawing = self._drawing()
        drawing = drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(self.alternative)}" ', 1)
        numbers = "" if self.table_beside else Details("Visa siffrorna som tabell", [self.table]).to_html()
        inner = (
            f"<figcaption>{markup(self.title)}</figcaption>{drawing}"
            f'<p class="source">{markup(self.source)}</p>{numbers}'
        )
        only_said = [ref for ref in references(self.alternative) if ref not in inner]
        said = f' data-r="{" ".join(only_said)}"' if only_said else ""
        return f'<figure style="{NARROW}"{said}>{inner}</figure>'

    def to_text(self) -> str:
        """Plain text with the same content."""
        return f"{self.title}\n{self.alternative}\n{self.source}"

    def svg(self) -> str:
        """The figure as an SVG document that stands alone: with title, description and white ground."""
        heading = (
            f"<title>{escape(self.title)}</title><desc>{escape(self.alternative)}</desc>"
            f'<rect width="100%" height="100%" fill="{GROUND}"/>'
        )
        drawing = without_references(fixed(self._drawing(), LIGHT_THEME))
        return drawing.replace(">", f" font-family=\"'DejaVu Sans', Verdana, sans-serif\">{heading}", 1) + "\n"

    def png(self, dots_per_inch: int = 200) -> bytes:
        """The figure as a PNG image on white ground."""
        buffer = io.BytesIO()
        with style():
            self.canvas.savefig(buffer, format="png", dpi=dots_per_inch, facecolor=GROUND, metadata={"Software": None})
        return buffer.getvalue()

    def _drawing(self) -> str:
        buffer = io.StringIO()
        with style():
            self.canvas.savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
        return light(buffer.getvalue())


_METADATA = ("Date", "Creator", "Format", "Type")


@contextmanager
def style() -> Iterator[None]:
    """The style, for the time of a `with` statement: draw inside it. Inside another one it costs nothing."""
    if _STYLED.get():
        yield
        return
    token = _STYLED.set(True)
    try:
        with mpl.rc_context(STYLE):
            yield
    finally:
        _STYLED.reset(token)


_STYLED = ContextVar("styled", default=False)


def new_canvas(height: float) -> Canvas:
    """An empty drawing of the figures' width and the height in inches."""
    return Canvas(figsize=(WIDTH, height))


def line_chart(labels: Sequence[str], draw: Callable[[Axes, int, float], None], *, foot: float = 0.45) -> Canvas:
    """A chart of one line per label: the label above, its marks below over the whole width.

    `draw(axes, which, y)` draws the marks of line number `which` at height y. `foot` inches below hold the axis.
    """
    wrapped = [wrap(label, 47) for label in labels]
    heights = [LINE * (label.count("\n") + 1) + 0.36 for label in wrapped]
    total = sum(heights)
    with style():
        canvas = new_canvas(total + foot)
        ax = canvas.add_axes((0.03, foot / (total + foot), 0.94, total / (total + foot)))
        ax.set(ylim=(total, 0), yticks=[])
        top = 0.0
        for which, (label, height) in enumerate(zip(wrapped, heights, strict=True)):
            ax.text(0, top + 0.06, label, transform=ax.get_yaxis_transform(), va="top", linespacing=1.15)
            draw(ax, which, top + height - 0.18)
            top += height
    return canvas


def percent_axis(ax: Axes) -> None:
    """0 to 100 %."""
    ax.set_xlim(-1, 101)
    ax.set_xticks(range(0, 101, 25), [f"{tick} %" for tick in range(0, 101, 25)])
    ends = ax.get_xticklabels()
    ends[0].set_horizontalalignment("left")
    ends[-1].set_horizontalalignment("right")


def beside(ax: Axes, x: float, y: float, text: str, *, left: bool = False, **kwargs: Any) -> None:
    """Write text beside a mark: to its right, or to its left."""
    ax.annotate(
        f"{text}",
        (x, y),
        (-8 if left else 8, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=SMALL,
        **kwargs,
    )


def wrap(text: str, width: int) -> str:
    """The text in lines of at most `width` characters, broken between words."""
    lines = [""]
    for word in f"{text}".split(" "):
        if lines[-1] and len(plain(lines[-1])) + len(plain(word)) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


__all__ = [
    "ACCENT", "GRID", "GROUND", "INK", "MARK", "SMALL", "SOFT", "TEXT", "Figure", "beside", "line_chart",
    "new_canvas", "percent_axis", "style", "wrap",
]  # fmt: skip
