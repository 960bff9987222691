"""matplotlib's SVG made small and fit for a page: the same drawing, no ids, no clip paths, short attributes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from lxml import etree

from psykanalys.present.palette import INK
from psykanalys.references import REFERENCE

NAMESPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
KEPT = {
    "text": ("data-r", "x", "y", "fill", "font-size", "font-weight", "font-style", "text-anchor", "transform"),
    "path": ("d", "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "fill-opacity"),
}
KEPT["circle"] = ("cx", "cy", "r", *KEPT["path"][1:])
CIRCLE = re.compile(r"\s*M 0 ([\d.]+)\s+(?:C [^A-Z]+){8}z\s*$", re.IGNORECASE)  # as matplotlib draws the marker 'o'
TRANSLATED = re.compile(r"translate\((-?[\d.]+) (-?[\d.]+)\)")
# what most texts have, said once for the whole drawing
OF_TEXTS = {"fill": INK, "font-size": "11"}
# what the SVG standard takes for granted, per property
DEFAULTS = {
    "fill": "#000000",
    "stroke": "none",
    "stroke-width": "1",
    "stroke-linecap": "butt",
    "text-anchor": "start",
    "font-weight": "400",
}


def light(document: str) -> str:
    """Return the drawing as one small `svg` element: paths and texts only, coordinates with one decimal."""
    root = etree.fromstring(document.encode(), etree.XMLParser(remove_comments=True))
    markers = {f"#{path.get('id')}": path for path in root.iter(_name("path")) if path.get("id")}
    shapes = "".join(_shape(*shape) for shape in _shapes(root, markers))
    return f'<svg viewBox="{_rounded(root.get("viewBox"))}"{_written(OF_TEXTS)}>{shapes}</svg>'


def themed(svg: str, palette: Mapping[str, str]) -> str:
    """The drawing with the page's colour variables instead of fixed colours."""
    for name, colour in palette.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    return svg


def fixed(svg: str, palette: Mapping[str, str]) -> str:
    """The reverse: a drawing that was themed, with its colours again, as a document that stands alone."""
    svg = re.sub(r'"var\(--(\w+)\)"', lambda match: f'"{palette.get(match[1], INK)}"', svg)
    return svg if " xmlns=" in svg else svg.replace("<svg ", f'<svg xmlns="{NAMESPACE}" ', 1)


def without_references(svg: str) -> str:
    """The drawing without the references of its texts."""
    return re.sub(r' data-r="[^"]*"', "", svg)


def _shapes(root: etree._Element, markers: Mapping[str, etree._Element]) -> Iterator[tuple[str, dict[str, str], str]]:
    """Every visible shape as (tag, properties, text), in drawing order."""
    for element in root.iter(_name("path"), _name("text"), _name("use")):
        if any(parent.tag in (_name("defs"), _name("clipPath")) for parent in element.iterancestors()):
            continue
        properties = _properties(element)
        if element.tag == _name("use"):
            yield _marker(markers[element.get(LINK)], properties)
        else:
            placed = _placed(properties) | _references(element)
            yield etree.QName(element).localname, placed, "".join(element.itertext())


def _placed(properties: dict[str, str]) -> dict[str, str]:
    """The properties with a mere move of the whole as its place."""
    moved = TRANSLATED.fullmatch(properties.get("transform", ""))
    return properties | {"x": moved[1], "y": moved[2], "transform": ""} if moved else properties


def _references(element: etree._Element) -> dict[str, str]:
    """The references of the figures that a text says: they stand as the id of its group."""
    group = element.getparent().get("id") or ""
    found = bool(group) and all(REFERENCE.fullmatch(part) for part in group.split(" "))
    return {"data-r": group} if found else {}


def _marker(marker: etree._Element, properties: dict[str, str]) -> tuple[str, dict[str, str], str]:
    """A marker at its place: a circle as a circle, anything else as its path moved there."""
    own, x, y = _properties(marker) | properties, float(properties.get("x", 0)), float(properties.get("y", 0))
    if circle := CIRCLE.match(marker.get("d")):
        return "circle", own | {"cx": f"{x:.2f}", "cy": f"{y:.2f}", "r": circle[1]}, ""
    return "path", own | {"d": _moved(marker.get("d"), x, y)}, ""


def _properties(element: etree._Element) -> dict[str, str]:
    """Attributes and style of an element, with the style's names."""
    style = dict(part.split(":", 1) for part in (element.get("style") or "").split(";") if ":" in part)
    properties = dict(element.attrib) | {name.strip(): value.strip() for name, value in style.items()}
    return properties | _font(properties.pop("font", ""))


def _font(shorthand: str) -> dict[str, str]:
    """The size and weight in matplotlib's 'font: bold 12px DejaVu Sans'."""
    size = re.search(r"([\d.]+)px", shorthand)
    weight = {"font-weight": "700"} if re.search(r"\b(?:bold|[6-9]00)\b", shorthand) else {}
    return weight | ({"font-size": size[1]} if size else {})


def _shape(tag: str, properties: Mapping[str, str], text: str) -> str:
    shown = {name: _short(name, properties[name]) for name in KEPT[tag] if name in properties}
    if tag != "text" and (shown.get("d") == "" or _is_unseen(shown)):
        return ""
    usual = DEFAULTS | (OF_TEXTS if tag == "text" else {"fill": ""})
    attributes = _written({name: value for name, value in shown.items() if value != usual.get(name, "")})
    return f"<{tag}{attributes}>{_escaped(text)}</{tag}>" if tag == "text" else f"<{tag}{attributes}/>"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{value}"' for name, value in attributes.items() if value)


def _is_unseen(properties: Mapping[str, str]) -> bool:
    return properties.get("fill") == "none" and properties.get("stroke", "none") == "none"


def _short(name: str, value: str) -> str:
    if name == "d":
        path = re.sub(r"\s+", " ", _rounded(value)).strip()
        return re.sub(r" ?([MLCQZ]) ?", r"\1", path).replace(" -", "-")
    if name == "data-r":
        return value
    if name == "transform":
        return "" if re.match(r"rotate\(-0(?:\.0+)? ", value) else _rounded(value)
    return _rounded(value).removesuffix("px")


def _moved(path: str, x: float, y: float) -> str:
    """A marker's path at its place: its numbers are x and y by turns."""
    shifts = itertools.cycle((x, y))
    return re.sub(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", lambda number: f"{float(number[0]) + next(shifts):.2f}", path)


def _rounded(text: str) -> str:
    """Numbers with at most one decimal; colours are left alone."""
    return re.sub(r"(?<![#\w.])-?\d+\.\d+(?:e-?\d+)?", lambda m: f"{float(m[0]):z.1f}".removesuffix(".0"), text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"
