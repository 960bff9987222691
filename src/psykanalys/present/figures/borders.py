"""A county's municipalities as shapes on a canvas, and where their names can stand: inside, or beside with a line.

Everything here is in points, the unit of text sizes, with the origin at the lower left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import inf
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from psykanalys.areas import borders_file

SWEREF99_TM = 3006
DETAIL = 90  # the finest bend that is kept is about one in so many of the county's width
STEP = 6.0  # points between the places that are tried for a name
GAP, NEAR = 3.0, 1.5  # points around a name beside its municipality, and inside it
SCALES = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)
SIDES = (0.0, 0.5, 1.0)  # the map at the left, in the middle, at the right
COST_OF_SHRINKING = 1.2


@dataclass(frozen=True)
class Name:
    """Where a municipality's name stands: its middle, its box, and the point that a line leads to, if any."""

    code: str
    text: str
    box: Any
    anchor: tuple[float, float] | None = None

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the name."""
        return float(self.box.centroid.x), float(self.box.centroid.y)

    @property
    def line(self) -> Any:
        """The line from the name to its municipality, or an empty one."""
        from shapely import LineString, Point
        from shapely.ops import nearest_points

        if self.anchor is None:
            return LineString()
        return LineString([nearest_points(self.box, Point(self.anchor))[0], self.anchor])


@dataclass(frozen=True)
class Layout:
    """The shapes by municipality code, the names, and how high the drawing is."""

    shapes: Mapping[str, Any]
    names: Sequence[Name]
    height: float


def lay_out(county: str, texts: Mapping[str, str], size: float, width: float, highest: float) -> Layout:
    """Place the county's municipalities on a canvas of this width, and the names of some of them.

    A large map is weighed against short lines to the names. No name leaves the canvas or lies on another one, and one
    that does not fit inside its municipality stands outside the county. Without names where there is no room for all.
    """
    shapes, height = _fitted(borders(county), width, highest, 1.0, 0.5)
    best, cheapest = Layout(shapes, [], height), inf
    for scale, side in product(SCALES, SIDES):
        cost = COST_OF_SHRINKING * width * (1 - scale)
        if cost >= cheapest:
            break
        shapes, height = _fitted(borders(county), width, highest, scale, side)
        names = _names(shapes, texts, size, width, height)
        cost += sum((name.line.length for name in names or []), 0.0)
        if names is not None and cost < cheapest:
            best, cheapest = Layout(shapes, names, height), cost
    return best


@cache
def borders(county: str) -> Mapping[str, Any]:
    """The county's municipalities in SWEREF 99 TM, simplified together so that neighbours still meet."""
    import geopandas
    import shapely

    table = geopandas.read_parquet(borders_file("kommun"))
    own = table[table["kommun_kod"].str.startswith(county)].sort_values("kommun_kod").to_crs(SWEREF99_TM)
    west, _, east, _ = own.total_bounds
    shapes = shapely.coverage_simplify(own.geometry.to_numpy(), (east - west) / DETAIL)
    return dict(zip(own["kommun_kod"], shapes, strict=True))


def outline(shape: Any) -> Path:
    """A shape as one path."""
    parts = getattr(shape, "geoms", [shape])
    return Path.make_compound_path(*(Path(part.exterior.coords, closed=True) for part in parts))


def _fitted(
    shapes: Mapping[str, Any], width: float, highest: float, scale: float, side: float
) -> tuple[dict[str, Any], float]:
    """The shapes in points and the canvas's height; `side` 0 is at the left edge, 1 at the right one."""
    import shapely

    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    inner = width - 2 * GAP
    height = min(highest, inner * (north - south) / (east - west))
    factor = scale * min(inner / (east - west), height / (north - south))
    left, low = GAP + side * (inner - factor * (east - west)), (height - factor * (north - south)) / 2
    moved = [
        shapely.transform(shape, lambda xy: (xy - (west, south)) * factor + (left, low + GAP))
        for shape in shapes.values()
    ]
    return dict(zip(shapes, moved, strict=True)), height + 2 * GAP


def _names(
    shapes: Mapping[str, Any], texts: Mapping[str, str], size: float, width: float, height: float
) -> list[Name] | None:
    """Every name in its place, or None where one finds none."""
    import shapely

    inside = {code: _inside(code, text, shapes[code], size) for code, text in texts.items()}
    placed = [name for name in inside.values() if name is not None]
    free = shapely.box(0, 0, width, height).difference(shapely.union_all(list(shapes.values())))
    shapely.prepare(free)
    places = _grid(0, 0, width, height)
    places = places[shapely.contains_xy(free, places)]
    anchors = {code: shapely.maximum_inscribed_circle(shapes[code]).coords[0] for code in texts}
    beside = [code for code in texts if inside[code] is None]
    for code in sorted(beside, key=lambda code: (shapely.distance(free, shapely.Point(anchors[code])), code)):
        name = _beside(code, texts[code], anchors[code], size, free, places, placed)
        if name is None:
            return None
        placed.append(name)
    return placed


def _inside(code: str, text: str, shape: Any, size: float) -> Name | None:
    """The name inside its municipality, as far from the border as it can be."""
    import shapely

    west, south, east, north = shape.bounds
    places = _grid(west, south, east, north)
    boxes = _boxes(places, text, size, NEAR)
    fits = boxes[shapely.contains_properly(shape, boxes)]
    if not len(fits):
        return None
    return Name(code, text, fits[np.argmax(shapely.distance(fits, shape.boundary))])


def _beside(
    code: str, text: str, anchor: tuple[float, float], size: float, free: Any, places: Any, placed: Sequence[Name]
) -> Name | None:
    """The name outside the county, as near its municipality as there is room."""
    import shapely

    taken = shapely.union_all([part for name in placed for part in (name.box, name.line)])
    shapely.prepare(taken)
    boxes = _boxes(places, text, size, GAP)
    boxes = boxes[shapely.contains_properly(free, boxes)]
    boxes = boxes[~shapely.intersects(taken, boxes)]
    order = np.argsort(shapely.distance(boxes, shapely.Point(anchor)), kind="stable")
    names = (Name(code, text, box, anchor) for box in boxes[order])
    return next((name for name in names if not taken.intersects(name.line)), None)


def _grid(west: float, south: float, east: float, north: float) -> Any:
    across, down = np.arange(west, east, STEP), np.arange(south, north, STEP)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def _boxes(middles: Any, text: str, size: float, gap: float) -> Any:
    """The box that the text takes around each of the points."""
    import shapely

    x, y = middles[:, 0], middles[:, 1]
    across, up = text_width(text, size) / 2 + gap, size / 2 + gap
    return shapely.box(x - across, y - up, x + across, y + up)


@cache
def text_width(text: str, size: float) -> float:
    """How wide a text is in the figures' font (which is wider than the page's)."""
    font = FontProperties(family="DejaVu Sans", size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
