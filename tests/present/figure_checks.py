"""What every figure must hold to: no text cut, none on top of another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.transforms import Bbox

from psykanalys.present.figures.style import Figure, style

SLACK = 0.5  # pixels: rounding of a text's box


def assert_nothing_cut_or_overlapping(figure: Figure) -> None:
    """Every line of text lies on the canvas, and no two lie on each other."""
    boxes = text_boxes(figure)
    assert boxes, f"{figure.name}: no text is drawn"
    whole = figure.canvas.bbox
    cut = [text for text, box in boxes if not _contains(whole, box)]
    assert not cut, f"{figure.name}: outside the canvas: {cut}"
    clashes = [(one, two) for (one, first), (two, second) in combinations(boxes, 2) if _overlap(first, second)]
    assert not clashes, f"{figure.name}: on top of each other: {clashes}"


def text_boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every line of text that is drawn, with the box that it takes, in pixels."""
    whole = figure.canvas.bbox
    renderer = _Recorder(whole.width, whole.height, figure.canvas.dpi)
    with style():
        figure.canvas.draw(renderer)
    return renderer.texts


class _Recorder(RendererAgg):
    """Draws as usual and remembers where each line of text came."""

    def __init__(self, width: float, height: float, dpi: float):
        super().__init__(width, height, dpi)
        self.texts: list[tuple[str, Bbox]] = []

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, *args: Any, **kwargs: Any
    ) -> None:
        if s.strip():
            self.texts.append((s, self._box(x, self.height - y, s, prop, angle)))
        super().draw_text(gc, x, y, s, prop, angle, *args, **kwargs)

    def _box(self, x: float, y: float, s: str, prop: Any, angle: float) -> Bbox:
        assert angle in (0, 90), f"'{s}' is turned {angle}°"
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath=False)
        if angle:
            return Bbox.from_bounds(x - height + descent, y, height, width)
        return Bbox.from_bounds(x, y - descent, width, height)


def _contains(whole: Bbox, box: Bbox) -> bool:
    inside = (box.x0 >= whole.x0 - SLACK, box.y0 >= whole.y0 - SLACK)
    return all((*inside, box.x1 <= whole.x1 + SLACK, box.y1 <= whole.y1 + SLACK))


def _overlap(one: Bbox, other: Bbox) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(across > SLACK and down > SLACK)
