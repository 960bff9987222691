"""Notebooks tell, they do not compute."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from psykanalys.analysis import FOCUS_AREAS
from psykanalys.report import params

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FORBIDDEN = (ast.FunctionDef, ast.Lambda, ast.For, ast.While, ast.Try, ast.With, ast.ClassDef, ast.If, ast.ListComp)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_a_county_report():
    assert "county_report.ipynb" in {path.name for path in NOTEBOOKS}


def test_it_is_valid_and_committed_without_output(notebook):
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in code(notebook))


def test_cells_are_short_and_compute_nothing(notebook):
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= 12
        assert not any(isinstance(node, FORBIDDEN) for node in ast.walk(ast.parse(cell.source))), cell.source


def test_there_is_exactly_one_parameters_cell_with_every_parameter(notebook):
    (cell,) = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assigned = {node.targets[0].id for node in ast.parse(cell.source).body if isinstance(node, ast.Assign)}
    level = "municipality" if "municipality" in assigned else "county"
    assert assigned == set(params.names(level))


def test_the_notebooks_of_counties_and_municipalities_differ_in_who_they_are_about_only():
    both = [nbformat.read(ROOT / "notebooks" / f"{level}_report.ipynb", as_version=4) for level in params.LEVELS]
    ours, theirs = ([cell.source for cell in notebook.cells] for notebook in both)
    differing = [(one, other) for one, other in zip(ours, theirs, strict=True) if one != other]
    assert [cell.id for cell in both[0].cells] == [cell.id for cell in both[1].cells]
    assert len(differing) == 3
    (_, (one, other), (loads, also)) = differing
    assert other == one.replace('county = "vasterbotten"', 'municipality = "umea"')
    assert also == loads.replace("    county,", "    municipality=municipality,")


def test_the_cell_after_the_parameters_checks_them(notebook):
    cells = code(notebook)
    place = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", []))
    assert "check_parameters(globals())" in cells[place + 1].source


def test_running_text_holds_no_figure_but_the_focus_areas_numbers(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "not-in-report" not in cell.metadata.get("tags", []):
            digits = [word for word in cell.source.split() if any(sign.isdigit() for sign in word)]
            assert not set(digits) - {str(number) for number in FOCUS_AREAS}, cell.source


def test_the_five_focus_areas_stand_in_order_under_their_official_names(notebook):
    headings = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and cell.source[3:4].isdigit()]
    assert headings == [f"## {number} {name}" for number, name in FOCUS_AREAS.items()]
