"""Whom letters go to: addresses as they may stand in a header, and the file that tells each county's recipients."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from psykanalys.areas import UnknownAreaError, find_county
from psykanalys.errors import MailError

_WRITTEN = re.compile(r"(?P<name>[^<>]*)<(?P<named>[^<>]+)>|(?P<bare>[^<>]+)")
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"]+")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_EXPECTED = "expected 'name@example.se' or 'Name <name@example.se>'"
_KINDS = ("to", "cc")
_LONGEST = 400


@dataclass(frozen=True)
class Mailbox:
    """One recipient or sender. `name` may be empty; the domain of `address` is ASCII (IDNA) in lower case."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """What two spellings of the same address share."""
        return self.address.casefold()

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True)
class Recipients:
    """Whom a letter goes to, each once."""

    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()

    @property
    def all(self) -> tuple[Mailbox, ...]:
        """Everybody."""
        return self.to + self.cc

    def without(self, keys: Iterable[str]) -> Recipients:
        """The others."""
        left_out = set(keys)
        return Recipients(*(tuple(box for box in boxes if box.key not in left_out) for boxes in (self.to, self.cc)))


Book = Mapping[str, Recipients]  # recipients by the county's file name


def read_mailbox(text: str, where: str = "") -> Mailbox:
    """Read 'name@example.se' or 'Name <name@example.se>'. Raises MailError: also for line breaks and control signs."""
    if not isinstance(text, str) or any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in text):
        raise MailError(f"{where}{text!r} holds a line break or control sign, or is no text — {_EXPECTED}")
    found = _WRITTEN.fullmatch(text.strip())
    local, _, domain = ((found and (found["named"] or found["bare"])) or "").strip().rpartition("@")
    ascii_domain = _ascii(domain)
    if len(text) > _LONGEST or not found or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise MailError(f"{where}'{text}' is no mail address — {_EXPECTED}")
    return Mailbox((found["name"] or "").strip().strip('"').strip(), f"{local}@{ascii_domain}")


def recipients(to: Sequence[Any], cc: Sequence[Any] = (), where: str = "") -> Recipients:
    """Recipients from texts; who stands twice is kept where it stands first."""
    seen: set[str] = set()
    kept: list[tuple[Mailbox, ...]] = []
    for texts in (to, cc):
        boxes = {box.key: box for box in (read_mailbox(text, where) for text in texts) if box.key not in seen}
        seen |= set(boxes)
        kept.append(tuple(boxes.values()))
    return Recipients(*kept)


def read_book(path: Path) -> dict[str, Recipients]:
    """The recipients of each county in a YAML file (docs/mail.md). Raises MailError with what to do."""
    try:
        text = path.read_text(encoding="utf-8")
        content, keys = yaml.safe_load(text), _keys(text)
    except FileNotFoundError as error:
        raise MailError(f"{path}: no such file — name a file of recipients (docs/mail.md)") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MailError(f"{path.name}: not readable as YAML — {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise MailError(f"{path.name}: no counties — expected lines such as 'norrbotten:' (docs/mail.md)")
    book: dict[str, Recipients] = {}
    for county, listed in content.items():
        slug = _county(county, path.name)
        if slug in book or keys.count(county) > 1:
            raise MailError(f"{path.name}: {county}: the county stands twice — put its recipients together")
        book[slug] = _entry(listed, f"{path.name}: {county}: ")
    return book


def of_other_counties(wanted: Recipients, county: str, book: Book) -> list[str]:
    """A sentence for each recipient whom the book names for other counties only."""
    told = []
    for box in wanted.all:
        counties = [slug for slug, listed in book.items() if box.key in {each.key for each in listed.all}]
        if counties and county not in counties:
            told.append(f"{box.address} is a recipient of {', '.join(counties)}")
    return told


def _entry(listed: Any, where: str) -> Recipients:
    if not isinstance(listed, dict) or not set(listed) <= set(_KINDS):
        raise MailError(f"{where}expected 'to:' and perhaps 'cc:', each one address or a list (docs/mail.md)")
    to, cc = (each if isinstance(each, list) else [each] for each in (listed.get(kind) or [] for kind in _KINDS))
    return recipients(to, cc, where)


def _keys(text: str) -> list[str]:
    """The keys as they stand, also those that YAML lets a later one replace."""
    node = yaml.compose(text, yaml.SafeLoader)
    return [key.value for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []


def _county(name: Any, file: str) -> str:
    if not isinstance(name, str):
        raise MailError(f"{file}: {name!r} is a number — write the county's name, or its code in quotes")
    try:
        return find_county(name).slug
    except UnknownAreaError as error:
        raise MailError(f"{file}: {error}") from error


def _ascii(domain: str) -> str:
    """The domain as the mail system knows it; empty where it cannot be one."""
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


__all__ = ["Book", "Mailbox", "Recipients", "of_other_counties", "read_book", "read_mailbox", "recipients"]
