"""What a page says of itself: what it was made from, for a program, and a short code, for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from psykanalys.manifest import canonical
from psykanalys.present.html import Block

# What stands where the exporter puts the code: the code is of the whole page, so no cell can know it.
NO_CODE = "ges när rapporten sparas som sida"
SENTENCE = (
    "Den som har gjort rapporten kan ta fram den på nytt och visa att inget i den har ändrats. "
    "Uppge då rapportens kontrollkod"
)


@dataclass(frozen=True, repr=False)
class Proof(Block):
    """The report's code, with the manifest in an attribute: a reader does not meet it, mail and browsers keep it."""

    manifest: Mapping[str, Any]

    def to_html(self) -> str:
        """HTML for the page."""
        held = escape(canonical(self.manifest), quote=True)
        return f'<p id="kontroll" data-manifest="{held}">{SENTENCE}: <b class="seal">{NO_CODE}</b>.</p>'

    def to_text(self) -> str:
        """Plain text with the same content."""
        return f"{SENTENCE}: {NO_CODE}."
