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
AT_ONCE = 64  # boxes that are tried together, the nearest first


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
        ground = _ground(county, width, highest, scale, side)
        names = _names(ground, texts, size)
        cost += sum((name.line.length for name in names or []), 0.0)
        if names is not None and cost < cheapest:
            best, cheapest = Layout(ground.shapes, names, ground.height), cost
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


@dataclass(frozen=True)
class _Ground:
    """A map without names: the shapes, the canvas's height, the room outside the county, and what is tried for a name.

    `places` are the middles of names outside the county; `anchors` where a line to a municipality ends.
    """

    shapes: Mapping[str, Any]
    height: float
    free: Any
    places: Any
    anchors: Mapping[str, tuple[float, float]]


@cache
def _ground(county: str, width: float, highest: float, scale: float, side: float) -> _Ground:
    """What the maps of a county have in common."""
    import shapely

    shapes, height = _fitted(borders(county), width, highest, scale, side)
    free = shapely.box(0, 0, width, height).difference(shapely.union_all(list(shapes.values())))
    shapely.prepare(free)
    places = _grid(0, 0, width, height)
    anchors = {code: shapely.maximum_inscribed_circle(shape).coords[0] for code, shape in shapes.items()}
    return _Ground(shapes, height, free, places[shapely.contains_xy(free, places)], anchors)


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


def _names(ground: _Ground, texts: Mapping[str, str], size: float) -> list[Name] | None:
    """Every name in its place, or None where one finds none."""
    import shapely

    inside = {code: _inside(code, text, ground.shapes[code], size) for code, text in texts.items()}
    placed = [name for name in inside.values() if name is not None]
    beside = {code: shapely.distance(ground.free, shapely.Point(ground.anchors[code])) for code in texts}
    for code in sorted((code for code in texts if inside[code] is None), key=lambda code: (beside[code], code)):
        name = _beside(code, texts[code], ground, size, placed)
        if name is None:
            return None
        placed.append(name)
    return placed


def _inside(code: str, text: str, shape: Any, size: float) -> Name | None:
    """The name inside its municipality, as far from the border as it can be."""
    import shapely

    shapely.prepare(shape)
    west, south, east, north = shape.bounds
    places = _grid(west, south, east, north)
    boxes = _boxes(places, text, size, NEAR)
    fits = boxes[shapely.contains_properly(shape, boxes)]
    if not len(fits):
        return None
    return Name(code, text, fits[np.argmax(shapely.distance(fits, shape.boundary))])


def _beside(code: str, text: str, ground: _Ground, size: float, placed: Sequence[Name]) -> Name | None:
    """The name outside the county, as near its municipality as there is room."""
    import shapely

    anchor = ground.anchors[code]
    taken = shapely.union_all([part for name in placed for part in (name.box, name.line)])
    shapely.prepare(taken)
    places = ground.places[np.argsort(_distances(ground.places, text, size, anchor), kind="stable")]
    for start in range(0, len(places), AT_ONCE):
        boxes = _boxes(places[start : start + AT_ONCE], text, size, GAP)
        boxes = boxes[shapely.contains_properly(ground.free, boxes)]
        boxes = boxes[~shapely.intersects(taken, boxes)]
        boxes = boxes[~shapely.intersects(taken, shapely.shortest_line(boxes, shapely.Point(anchor)))]
        if len(boxes):
            return Name(code, text, boxes[0], anchor)
    return None


def _distances(middles: Any, text: str, size: float, point: tuple[float, float]) -> Any:
    """How far from a point the boxes of a text around these middles are."""
    away = np.abs(middles - point) - _half(text, size, GAP)
    return np.hypot(*np.maximum(away, 0).T)


def _grid(west: float, south: float, east: float, north: float) -> Any:
    across, down = np.arange(west, east, STEP), np.arange(south, north, STEP)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def _boxes(middles: Any, text: str, size: float, gap: float) -> Any:
    """The box that the text takes around each of the points."""
    import shapely

    x, y = middles[:, 0], middles[:, 1]
    across, up = _half(text, size, gap)
    return shapely.box(x - across, y - up, x + across, y + up)


def _half(text: str, size: float, gap: float) -> tuple[float, float]:
    """Half the width and the height of a text's box."""
    return text_width(text, size) / 2 + gap, size / 2 + gap


@cache
def text_width(text: str, size: float) -> float:
    """How wide a text is in the figures' font (which is wider than the page's)."""
    font = FontProperties(family="DejaVu Sans", size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
