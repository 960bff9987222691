"""A letter as HTML that Outlook's Word engine, Gmail and phones can show, and as plain text that says the same."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import singledispatch
from html import escape
from pathlib import Path

from psykanalys.errors import MailError
from psykanalys.mail.letter import Letter, Listing, Part, Picture, Row
from psykanalys.present.html import Bullets, Heading, Text
from psykanalys.present.palette import ACCENT, GROUND, INK, LINE, SOFT

MOST_BYTES = 100_000  # Gmail cuts a body at about 102 kB
WIDTH = 72
PICTURE = "cid:{}"
_COLOURS = {"INK": INK, "SOFT": SOFT, "LINE": LINE, "ACCENT": ACCENT, "GROUND": GROUND}
# Word reads no max-width: it gets a table of fixed width around the fluid one.
_FRAME = (
    '<!DOCTYPE html>\n<html lang="sv">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light only">\n<meta name="supported-color-schemes" content="light only">\n'
    "<title>{subject}</title>\n<style>{style}</style>\n</head>\n"
    '<body bgcolor="{ground}">\n<table role="presentation" class="page" width="100%" border="0" cellpadding="0" '
    'cellspacing="0" bgcolor="{ground}"><tr><td align="center" class="page">\n'
    '<!--[if mso]><table role="presentation" width="600" border="0" cellpadding="0" cellspacing="0"><tr><td>'
    "<![endif]-->\n"
    '<table role="presentation" class="letter" width="100%" border="0" cellpadding="0" cellspacing="0" '
    'align="center" bgcolor="{ground}"><tr><td class="letter" align="left" bgcolor="{ground}">\n'
    "{parts}\n</td></tr></table>\n<!--[if mso]></td></tr></table><![endif]-->\n</td></tr></table>\n</body>\n</html>\n"
)


def as_html(letter: Letter, picture: str) -> str:
    """The letter as one HTML document with every style in its element; `picture` is the image's content id.

    Raises MailError where it is larger than mail programs show.
    """
    import css_inline

    parts = "\n".join(_html(part).replace(PICTURE, f"cid:{picture}") for part in letter.parts)
    page = _FRAME.format(subject=escape(letter.subject), style=_style(), ground=GROUND, parts=parts)
    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
    written = inliner.inline(page).rstrip() + "\n"
    if len(written.encode()) >= MOST_BYTES:
        raise MailError(f"the letter has {len(written.encode())} bytes — mail programs cut it at {MOST_BYTES}")
    return written


def as_text(letter: Letter) -> str:
    """The letter as plain text of at most 72 columns."""
    return "\n\n".join("\n".join(_text(part)) for part in letter.parts if any(_text(part))) + "\n"


def _style() -> str:
    text = Path(__file__).with_name("letter.css").read_text(encoding="utf-8")
    for name, colour in _COLOURS.items():
        text = text.replace(f"@{name}", colour)
    return text


@singledispatch
def _html(part: Part) -> str:
    raise TypeError(f"{type(part).__name__} is no part of a letter")


@_html.register
def _(part: Heading) -> str:
    level = min(part.level, 2)
    return f"<h{level}>{escape(part.text)}</h{level}>"


@_html.register
def _(part: Text) -> str:
    kind = f' class="{part.kind}"' if part.kind else ""
    return f"<p{kind}>{escape(part.text)}</p>" if part.text else ""


@_html.register
def _(part: Bullets) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in part.sentences)}</ul>"


@_html.register
def _(part: Picture) -> str:
    width, height = part.size
    return (
        f'<p class="title">{escape(part.title)}</p>\n'
        f'<img src="{PICTURE}" width="{width}" height="{height}" alt="{escape(part.alternative)}">\n'
        f'<p class="note">{escape(part.source)}</p>'
    )


@_html.register
def _(part: Listing) -> str:
    head = "".join(f'<th scope="col" align="left" class="column">{escape(name)}</th>' for name in part.columns)
    rows = "".join(_html_row(row) for row in part.rows)
    below = [*part.notes, *([part.left_out] if part.left_out else [])]
    return (
        f'<p class="title">{escape(part.caption)}</p>\n'
        f'<table class="rows" width="100%" border="0" cellpadding="0" cellspacing="0" '
        f'aria-label="{escape(part.caption)}"><tr>{head}</tr>{rows}</table>\n'
        + "".join(f'<p class="note">{escape(each)}</p>' for each in below)
    )


def _html_row(row: Row) -> str:
    """Word and phones alike keep lines apart that are divided by `br`."""
    first, *more = row.what
    weighty, *rest = row.known
    what, known = _lines(escape(first), more), _lines(f"<b>{escape(weighty)}</b>", rest)
    return (
        f'<tr><th scope="row" width="54%" align="left" valign="top" class="what">{what}</th>'
        f'<td width="46%" align="left" valign="top" class="known">{known}</td></tr>'
    )


def _lines(first: str, more: list[str]) -> str:
    return first + "".join(f'<br><span class="more">{escape(each)}</span>' for each in more if each)


@singledispatch
def _text(part: Part) -> list[str]:
    raise TypeError(f"{type(part).__name__} is no part of a letter")


@_text.register
def _(part: Heading) -> list[str]:
    return [part.text, ("=" if part.level == 1 else "-") * min(len(part.text), WIDTH)]


@_text.register
def _(part: Text) -> list[str]:
    return _wrapped(part.text)


@_text.register
def _(part: Bullets) -> list[str]:
    return [line for each in part.sentences for line in _wrapped(each, "* ", "  ")]


@_text.register
def _(part: Picture) -> list[str]:
    return [line for each in (part.title, part.alternative, part.source) for line in _wrapped(each)]


@_text.register
def _(part: Listing) -> list[str]:
    below = [line for each in (*part.notes, part.left_out) for line in _wrapped(each)]
    return [*_wrapped(part.caption), *(line for row in part.rows for line in _text_row(row)), *below]


def _text_row(row: Row) -> Iterator[str]:
    first, *more = (*row.what, *row.known)
    yield from _wrapped(first, "* ", "  ")
    for each in more:
        yield from _wrapped(each, "  ", "  ")


def _wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    """Lines of at most WIDTH columns; figures and units, with a hard blank between them, stay together."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
