"""The colours hold for every eye: contrast in both themes, colour blindness, meanings that never hang on colour."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import psykanalys
from psykanalys.present import palette
from psykanalys.present.words import LOOKS
from psykanalys.verdicts import Word

STYLE = (Path(psykanalys.__file__).parent / "report/templates/psykanalys/style.css").read_text(encoding="utf-8")
THEMES = {"light": palette.LIGHT_THEME, "dark": palette.DARK_THEME}
TEXT_COLOURS = ("ink", "soft", "accent", "sure")
MEANINGFUL = ("accent", "sure", "mark")
# Machado, Oliveira and Fernandes (2009), severity 1, on linear sRGB
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
GREYSCALE = np.tile(LUMINANCE, (3, 1))
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# CIE 1976: 2.3 is the least difference that an eye sees side by side; small marks that lie apart need many times that
CLEARLY_APART = 20
APART_IN_GREY = 10


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((linear(one) @ LUMINANCE, linear(other) @ LUMINANCE))
    return (bright + 0.05) / (dark + 0.05)


def lab(light: np.ndarray) -> np.ndarray:
    share = TO_XYZ @ np.clip(light, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, eye) -> float:
    return float(np.linalg.norm(lab(np.asarray(eye) @ linear(one)) - lab(np.asarray(eye) @ linear(other))))


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+):\s*(#[0-9a-f]{3,6})\b", block))


def test_the_measures_agree_with_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    assert distance("#ff0000", "#00ff00", EYES["normal"]) == pytest.approx(170.6, abs=0.1)
    assert distance("#ff0000", "#7f6000", EYES["deuteranopia"]) < distance("#ff0000", "#7f6000", EYES["normal"]) / 2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_text_stands_out_from_the_ground(theme, name):
    assert contrast(THEMES[theme][name], THEMES[theme]["ground"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_stand_out_from_the_ground(theme):
    assert contrast(THEMES[theme]["mark"], THEMES[theme]["ground"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["line", "grid"])
def test_what_only_helps_the_eye_along_stays_behind_the_marks(theme, name):
    colours = THEMES[theme]
    assert 1.1 < contrast(colours[name], colours["ground"]) < contrast(colours["mark"], colours["ground"]) / 1.5


def test_both_themes_name_the_same_colours():
    assert set(palette.LIGHT_THEME) == set(palette.DARK_THEME)


def test_the_pages_style_has_the_palettes_colours_and_no_others():
    light = re.search(r":root\s*\{(.*?)\}", STYLE, re.DOTALL)[1]
    dark = re.search(r"prefers-color-scheme:\s*dark\)\s*\{\s*:root\s*\{(.*?)\}", STYLE, re.DOTALL)[1]
    assert variables(light) == dict(palette.LIGHT_THEME)
    assert variables(dark) == dict(palette.DARK_THEME)
    assert not re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(", re.sub(r":root\s*\{.*?\}", "", STYLE))


def test_the_style_prints_in_greys_on_white():
    printed = variables(re.search(r"@media print\s*\{\s*:root\s*\{(.*?)\}", STYLE, re.DOTALL)[1])
    paper = {**palette.LIGHT_THEME, **{name: _long(colour) for name, colour in printed.items()}}
    assert paper["ground"] == "#ffffff"
    for name in (*TEXT_COLOURS, "mark"):
        assert paper[name][1:3] == paper[name][3:5] == paper[name][5:7], name
        assert contrast(paper[name], "#ffffff") >= (3 if name == "mark" else 4.5), name


def _long(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(("one", "other"), combinations(MEANINGFUL, 2))
def test_no_colour_blindness_makes_two_meanings_look_alike(theme, eye, one, other):
    assert distance(THEMES[theme][one], THEMES[theme][other], EYES[eye]) >= CLEARLY_APART


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["accent", "sure"])
def test_marks_stay_apart_from_the_coloured_in_greyscale(theme, name):
    assert distance(THEMES[theme][name], THEMES[theme]["mark"], GREYSCALE) >= APART_IN_GREY


# In greyscale 'accent' and 'sure' are equally dark (both must be readable as text), so the rule is: which way a verdict
# points is its symbol's to say, and that it is sure is its word's; colour only repeats them.


def test_sure_is_said_by_the_word_wherever_it_is_said_by_the_colour():
    for word, look in LOOKS.items():
        says_sure = word.startswith("säkert")
        assert (look.colour == palette.SURE, look.css == "sure") == (says_sure, says_sure), word


def test_the_symbol_alone_tells_reached_from_not_reached_and_both_from_the_open():
    symbols: dict[str, set[str]] = {"reached": set(), "not reached": set(), "open": set()}
    for word, look in LOOKS.items():
        side = "open" if look.css == "open" else "not reached" if "inte" in word else "reached"
        symbols[side].add(look.symbol)
    assert all(not symbols[one] & symbols[other] for one, other in combinations(symbols, 2)), symbols


def test_every_open_verdict_has_a_symbol_of_its_own():
    symbols = [look.symbol for look in LOOKS.values() if look.css == "open"]
    assert len(set(symbols)) == len(symbols)
    assert set(LOOKS) == set(Word)
    assert all(len(look.symbol) == 1 and not look.symbol.isalnum() for look in LOOKS.values())


def test_every_colour_of_a_verdict_is_one_that_text_may_have():
    allowed = {palette.LIGHT_THEME[name] for name in TEXT_COLOURS}
    assert {look.colour for look in LOOKS.values()} <= allowed
