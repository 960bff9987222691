"""Text to value, one cell at a time: Swedish numbers, lists, yes and no. Ambiguity is refused, never guessed."""

from __future__ import annotations

import re
import unicodedata

_SPACES = " \u00a0\u2009\u202f"  # ordinary, no-break, thin, narrow no-break
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}([{_SPACES}]\d{{3}})+([.,]\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
_POINT_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?", re.ASCII)
_MINUS = str.maketrans("−–", "--")
_FORMULA = re.compile(r"[=@]|[+-](?![\d\s.,]*%?$)")
_ALLOWED = "\t\n\r\u00ad"
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_MOST_DIGITS = 15  # what a float and a 64-bit integer hold exactly


def parse_number(text: object) -> float | None:
    """Read '28', '6,51', '6.51', '24 328', '1 234,5' or '12 %'. Empty gives None.

    Raises ValueError for what is no number and for what can be read in two ways: '1.234' is 1234 to one
    reader and 1,234 to another.
    """
    if text is None or isinstance(text, int | float):
        return None if text is None else float(text)
    written = str(text).strip(_SPACES)
    if not written:
        return None
    cleaned = written.removesuffix("%").strip(_SPACES).translate(_MINUS)
    if _POINT_GROUP.fullmatch(cleaned):
        raise ValueError(_ambiguous(cleaned))
    if not (_PLAIN.fullmatch(cleaned) or _GROUPED.fullmatch(cleaned)):
        raise ValueError(f"'{text}' is not a number; expected e.g. 28, 6,51, 6.51 or 24 328")
    if sum(character.isdigit() for character in cleaned) > _MOST_DIGITS:
        raise ValueError(f"'{text}' has too many digits; expected at most {_MOST_DIGITS}")
    return float(_without_spaces(cleaned).replace(",", "."))


def _ambiguous(text: str) -> str:
    whole, decimal = text.replace(".", ""), text.replace(".", ",", 1)
    if text.count(".") > 1 or "," in text:
        return f"'{text}' has points between the thousands; expected {whole}"
    return f"'{text}' can be read as {whole} or as {decimal}; write {whole} for the first, {decimal} for the second"


def unseen(text: str) -> str:
    """What a text has that is not seen: the first control, format or private-use character as U+XXXX; else empty.

    They end terminal lines, turn the order of reading round, or stand for the references of figures. Line breaks, tabs
    and soft hyphens are allowed.
    """
    if text.isprintable():
        return ""
    found = next((each for each in text if each not in _ALLOWED and unicodedata.category(each) in _UNSEEN), "")
    return f"U+{ord(found):04X}" if found else ""


def visible(text: str) -> str:
    """The text with each unseen character written as its escape, so that no terminal obeys it."""
    return "".join(_escape(each) if unseen(each) else each for each in text) if unseen(text) else text


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return "".join(f"\\u{part:04x}" for part in (0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF)))


def begins_as_formula(text: str) -> bool:
    """Whether a spreadsheet would run the text: it begins with =, @, or a sign before something else than a number."""
    return bool(_FORMULA.match(text.lstrip()))


def parse_count(text: object) -> int | None:
    """Read a whole number that is not negative. Empty gives None."""
    number = parse_number(text)
    if number is None:
        return None
    if number < 0 or number != int(number) or "%" in str(text):
        raise ValueError(f"'{text}' is not a whole number of at least 0; expected e.g. 28 or 24 328")
    return int(number)


def parse_list(text: object) -> tuple[str, ...]:
    """Split 'a | b' at the bars. Empty gives no items; an item repeated is refused."""
    if isinstance(text, list | tuple):
        return tuple(text)
    items = tuple(part.strip() for part in str(text or "").split("|") if part.strip())
    if len(set(items)) < len(items):
        raise ValueError(f"'{text}' names the same thing twice; expected each once")
    return items


def _without_spaces(text: str) -> str:
    return "".join(character for character in text if character not in _SPACES)
