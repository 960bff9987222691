"""The colours of page and figures: one accent, greys, and a second colour only for 'säkert'; light and dark.

Text reaches a contrast of 4.5:1 and marks 3:1 against the ground in both themes (a test computes it).
"""

from __future__ import annotations

from collections.abc import Mapping

INK = "#202124"
SOFT = "#4a4e54"
MARK = "#767b82"
LINE = "#d5d8dc"
GRID = "#e3e5e8"
ACCENT = "#1f4e79"
SURE = "#8a3b12"
GROUND = "#ffffff"

LIGHT_THEME: Mapping[str, str] = {
    "ink": INK,
    "soft": SOFT,
    "mark": MARK,
    "line": LINE,
    "grid": GRID,
    "accent": ACCENT,
    "sure": SURE,
    "ground": GROUND,
}
DARK_THEME: Mapping[str, str] = {
    "ink": "#e8eaed",
    "soft": "#bdc1c6",
    "mark": "#8f959c",
    "line": "#3c4045",
    "grid": "#2e3236",
    "accent": "#8ab8e6",
    "sure": "#f0a77f",
    "ground": "#16181b",
}
