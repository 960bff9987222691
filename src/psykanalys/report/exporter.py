"""An executed notebook to one Swedish HTML page: no code, no script, no external address.

Stands in `jupyter nbconvert --to psykanalys` and in JupyterLab's export menu (entry point `psykanalys`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import minify_html
from lxml import etree
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets import default

from psykanalys import __version__
from psykanalys.areas import slugify
from psykanalys.errors import ReportError
from psykanalys.manifest import checksum
from psykanalys.present.figures.style import NARROW
from psykanalys.present.figures.svg import themed
from psykanalys.present.palette import LIGHT_THEME
from psykanalys.present.proof import NO_CODE
from psykanalys.present.words import GLOSSARY
from psykanalys.report.params import INJECTED
from psykanalys.report.seal import parsed, sealed, with_source

TEMPLATES = Path(__file__).parent / "templates"
ADDRESSES = ("src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "background")
FRAMES = ("iframe", "frame", "object", "embed", "link", "base", "form")
_RUNS = re.compile(r"[\s\x00-\x1f]*(?:javascript|vbscript|data:(?!image/(?:png|jpeg|gif)[;,]))", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_TAG = re.compile(r"<[a-z!/?]", re.IGNORECASE)  # in a style sheet, where some readers may take it for one
_STYLE_ELSEWHERE = re.compile(r"url\(\s*[\"']?\s*(?:https?:)?//|@import", re.IGNORECASE)
MOST_BYTES = 400_000
_NAMES = "".join(f"|{name}" for name in (*ADDRESSES, "style"))
_SUSPECT = etree.XPath(
    "//comment() | //processing-instruction() | //style | //script | "
    + " | ".join(f"//{name}" for name in FRAMES)
    + f" | //*[@*[starts-with(name(), 'on') or contains('{_NAMES}|', concat('|', name(), '|'))]]"
)  # the elements that may be one of what is refused: found at once, as others are by the thousand


class PsykanalysExporter(TemplateExporter):
    """Export a county notebook as a page to mail."""

    export_from_notebook = "Psykanalys-rapport (HTML)"
    output_mimetype = "text/html"

    @default("default_preprocessors")
    def _default_preprocessors(self) -> list[str]:
        """Those that can change a page; after each that is listed nbconvert checks the whole notebook again."""
        return [f"nbconvert.preprocessors.{name}Preprocessor" for name in ("TagRemove", "CoalesceStreams")]

    @default("file_extension")
    def _file_extension(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name(self) -> str:
        return "psykanalys"

    @default("extra_template_basedirs")
    def _extra_template_basedirs(self) -> list[str]:
        return [str(TEMPLATES)]

    @default("template_extension")
    def _template_extension(self) -> str:
        return ".html.j2"

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """The usual filters, and markdown without anchor links."""
        yield from super().default_filters()
        yield "report_markdown", _markdown
        yield "inline_svg", inline_svg

    def from_notebook_node(  # type: ignore[override]  # nbconvert's exporters return text
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and nbconvert's resources. Raises ReportError for what must not be mailed."""
        style = (TEMPLATES / "psykanalys" / "style.css").read_text(encoding="utf-8")
        report = {"title": page_title(nb), "style": style, "version": __version__, "code": _code_to_come(nb)}
        page, resources = super().from_notebook_node(nb, {**(resources or {}), "report": report}, **kw)
        page = with_source(page, notebook=notebook_checksum(nb))
        page = sealed(small(with_column_names(with_contents(with_abbreviations(with_page_colours(page))))))
        refuse_what_cannot_be_mailed(page)
        return page, resources


@cache
def shared_exporter() -> PsykanalysExporter:
    """One exporter for all pages of this process, with its template ready."""
    exporter = PsykanalysExporter()
    _ = exporter.template
    return exporter


def _code_to_come(nb: NotebookNode) -> str:
    """What stands for the code until the page is finished; nothing where no cell tells what it is made from."""
    outputs = (output for cell in nb.cells for output in cell.get("outputs", []))
    has_proof = any("data-manifest" in "".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    return NO_CODE if has_proof else ""


def notebook_checksum(nb: NotebookNode) -> str:
    """The checksum of the notebook's own cells: not of their outputs, nor of the parameters' values."""
    return checksum(
        [
            [cell.cell_type, cell.source, cell.metadata.get("tags", [])]
            for cell in nb.cells
            if "parameters" not in cell.metadata.get("tags", []) and not cell.source.startswith(INJECTED)
        ]
    )


def page_title(nb: NotebookNode) -> str:
    """The text of the first level-1 heading in the outputs or the markdown."""
    for cell in nb.cells:
        texts = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
        for text in texts:
            if match := re.search(r"<h1[^>]*>(.*?)</h1>", "".join(text), re.DOTALL):
                return unescape(re.sub(r"<[^>]+>", "", match[1])).strip()
        is_shown = cell.cell_type == "markdown" and "not-in-report" not in cell.metadata.get("tags", [])
        if is_shown and (match := re.search(r"^# (.+)$", cell.source, re.MULTILINE)):
            return match[1].strip()
    return "Länsanalys"


def with_contents(page: str) -> str:
    """Give every level-2 heading an id, and put a list of contents before the first of them."""
    headings: list[tuple[str, str]] = []

    def numbered(match: re.Match[str]) -> str:
        text = re.sub(r"<[^>]+>", "", match[1]).strip()
        name = f"avsnitt-{slugify(unescape(text))}"
        headings.append((name, text))
        return f'<h2 id="{name}">{text}</h2>'

    page = re.sub(r"<h2[^>]*>(.*?)</h2>", numbered, page, flags=re.DOTALL)
    if len(headings) < 2:
        return page
    items = "".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in headings)
    contents = f'<nav class="contents" aria-label="Innehåll"><p>Innehåll</p><ul>{items}</ul></nav>'
    second = page.index(f'<h2 id="{headings[1][0]}"')
    return f"{page[:second]}{contents}\n{page[second:]}"


def with_page_colours(page: str) -> str:
    """Let figures follow the page's colours, also in the dark, and its style sheet instead of their own width."""
    page = page.replace(f'<figure style="{NARROW}"', "<figure")
    return re.sub(r"<svg .*?</svg>", lambda svg: themed(svg[0], LIGHT_THEME), page, flags=re.DOTALL)


def with_abbreviations(page: str) -> str:
    """Explain each abbreviation of the glossary in the section where it first occurs."""
    start, *sections = re.split(r"(?=<h2)", page)
    left = dict(GLOSSARY)
    explained = [start]
    for section in sections:
        text = unescape(re.sub(r"<[^>]+>", " ", section))
        near = [short for short in left if short in text]
        found = {short: left.pop(short) for short in near if re.search(rf"(?<!\w){re.escape(short)}(?!\w)", text)}
        explained.append(_with_terms(section, found) if found else section)
    return "".join(explained)


def _with_terms(section: str, found: Mapping[str, str]) -> str:
    """The section with its terms after its first paragraph; in the summary after the three answers."""
    terms = "; ".join(f"<b>{escape(short)}</b>: {escape(long)}" for short, long in found.items())
    place = re.search(r"</div></div>|</p>" if '<div class="three">' not in section else r"</div></div>", section)
    after = place.end() if place else len(section)
    return f'{section[:after]}\n<p class="terms">Förkortningar – {terms}.</p>{section[after:]}'


def small(page: str) -> str:
    """The same page in fewer bytes: no needless blanks, quotes or end tags."""
    return minify_html.minify(page, keep_html_and_head_opening_tags=True, minify_css=True, minify_doctype=False) + "\n"


def with_column_names(page: str) -> str:
    """Say what holds for a whole column once: its alignment, and its name where a narrow screen shows rows as cards.

    Tables with the same columns share a class and its rules.
    """
    classes: dict[str, str] = {}

    def classed(match: re.Match[str]) -> str:
        name = classes.setdefault(match[2], f"t{len(classes) + 1}")
        body = match[3].replace('<td class="number">', "<td>")
        return f'<table class="{name}">{match[1]}{match[2]}{body}'

    page = re.sub(r"<table>(.*?)(<thead>.*?</thead>)(.*?</table>)", classed, page, flags=re.DOTALL)
    columns = {name: re.findall(r'<th scope="col"([^>]*)>(.*?)</th>', head) for head, name in classes.items()}
    right = _rules(columns, lambda kind, _: "{text-align:right}" if "number" in kind else "", "")
    names = _rules(columns, lambda _, text: f'{{content:"{_css(text)}: "}}', "::before")
    rules = f"@media print, (min-width: 46.01rem) {{{right}}}\n@media screen and (max-width: 46rem) {{{names}}}"
    return page.replace("</style>", f"{rules}\n</style>", 1)


def _rules(columns: dict[str, list[tuple[str, str]]], rule: Callable[[str, str], str], suffix: str) -> str:
    return "".join(
        f".{name} td:nth-child({place}){suffix}{text}"
        for name, cells in columns.items()
        for place, (kind, title) in enumerate(cells, 1)
        if place > 1 and (text := rule(kind, title))
    )


def refuse_what_cannot_be_mailed(page: str) -> None:
    """Raise ReportError if the page holds a script, an external address or a frame, or is too large."""
    for element in _SUSPECT(parsed(page)):
        if what := _forbidden(element):
            near = " ".join(etree.tostring(element, encoding="unicode", with_tail=False)[:80].split())
            raise ReportError(f"the page holds {what} near '{near}…' — remove it from the notebook's outputs")
    size = len(page.encode())
    if size > MOST_BYTES:
        raise ReportError(
            f"the page is {size // 1000} kB — at most {MOST_BYTES // 1000} kB; show fewer figures or fold less"
        )


def _forbidden(element: Any) -> str:
    """What an element is that no mailed page may hold; text is text, whatever it says."""
    if not isinstance(element.tag, str):
        return "a script" if _TAG.search(element.text or "") else ""  # a comment that readers may end elsewhere
    style = f"{element.text or ''}" if element.tag == "style" else element.get("style", "")
    addresses = [element.get(name, "") for name in ADDRESSES]
    holds = {
        "a script": element.tag == "script"
        or any(name.startswith("on") for name in element.attrib)
        or any(map(_RUNS.match, addresses))
        or bool(_TAG.search(style)),
        "an external address": any(map(_ELSEWHERE.match, addresses)) or bool(_STYLE_ELSEWHERE.search(style)),
        "a frame": element.tag in FRAMES,
    }
    return next((what for what, is_so in holds.items() if is_so), "")


def inline_svg(text: str | list[str]) -> str:
    """An SVG document as an element inside a page: no XML header, no namespace declarations."""
    svg = "".join(text)
    svg = svg[svg.index("<svg") :]
    return re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg)


def _css(text: str) -> str:
    """Text inside quotation marks in the style sheet: nothing in it ends the text or the style sheet."""
    shown = unescape(text).replace("\u00ad", "").replace("\\", "").replace('"', "'")
    return re.sub(r"\s+", " ", shown).replace("<", "\\3c ")


def _markdown(source: str | list[str]) -> str:
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render("".join(source))
