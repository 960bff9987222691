"""The machine-readable twin: as its schema says, the page's own texts, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from psykanalys.present import twin as twins
from psykanalys.report import seal

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "twin.schema.json").read_text(encoding="utf-8"))
NAMES = ("gavleborg", "norrbotten", "vasterbotten")


@pytest.fixture(params=NAMES)
def county(request, counties):
    return counties[request.param]


def test_the_schema_is_a_schema_and_of_this_version():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema"]["const"] == twins.VERSION


@pytest.mark.parametrize("name", NAMES)
def test_what_the_command_writes_holds_to_the_schema(folder, name):
    text = (folder / f"{name}.json").read_text(encoding="utf-8")
    content = json.loads(text)
    jsonschema.validate(content, SCHEMA)
    assert text == twins.written(content)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_twin_of_its_page(folder, name):
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    assert content["page"]["manifest"] == seal.manifest_of(page)
    assert content["page"]["shown"] == seal.shown(page)
    assert set(seal.told_codes(page)) == {content["page"]["code"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_marked_figure_of_a_page_but_counts_is_in_its_twin(folder, name):
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    known = {figure["ref"] for figure in content["figures"]}
    assert {ref for ref in content["page"]["shown"] if not ref.startswith("n")} <= known


def test_every_result_verdict_and_comparison_is_there_once(county):
    figures = county.twin["figures"]
    analysis = county.analysis
    kinds = ("result", "verdict", "finding")
    of_kind = {kind: [each["row"] for each in figures if each["kind"] == kind] for kind in kinds}
    assert of_kind["result"] == sorted(analysis.results["id"])
    assert len(of_kind["verdict"]) == len(analysis.verdicts)
    assert of_kind["finding"] == sorted(analysis.findings["id"])
    assert len({each["ref"] for each in figures}) == len(figures)


def test_the_texts_are_those_of_the_tables(county):
    texts = {each["row"]: each["text"] for each in county.twin["figures"] if each["kind"] == "result"}
    for row in county.analysis.results.to_dict("records"):
        assert texts[row["id"]] == str(county.tables.figure(row))


def test_every_row_that_a_figure_depends_on_has_a_checksum(county):
    content = county.twin
    known = {f"{kind}/{name}" for kind, sums in content["rows"].items() for name in sums}
    assert {row for each in content["figures"] for row in each["rows"]} <= known
    assert {name for each in content["figures"] for name in each["definitions"]} <= set(content["definitions"])


def test_a_protected_figure_carries_no_number():
    from psykanalys.present.twin import _FIGURES, _result, _Rows

    class Plain:
        def _population(self, row):
            return ""

        def figure(self, row):
            return "skyddas"

    class Rows(_Rows):
        def __init__(self):
            self.frames = {}

    row = dict.fromkeys(twins._RESULT, 3)
    row |= {"id": "o", "title": "t", "status": "suppressed", "frame": None, "when": "2022"}
    details = _result(row, Rows(), Plain())["details"]
    assert {details[name] for name in _FIGURES} == {None}


def test_numbers_are_written_with_twelve_digits():
    assert twins._plain(0.1 + 0.2) == 0.3
    assert twins._plain(float("nan")) is None
    assert twins._plain((1.0, None)) == [1.0, None]
