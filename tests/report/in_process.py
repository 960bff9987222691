"""A report made without a kernel: the notebook's cells run here, its page is made by the exporter. For cheap tests."""

from __future__ import annotations

import ast
import csv
import random
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import nbformat

from psykanalys.data.project import Project
from psykanalys.report import params
from psykanalys.report.exporter import PsykanalysExporter
from psykanalys.report.runner import NOTEBOOK, twin_of

ROOT = Path(__file__).parents[2]


def make(project: Project, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The page and its twin, as `runner.make` gives them."""
    page = make_page(project, values)
    return page, twin_of(project, values, page)


def make_page(project: Project, values: dict[str, Any]) -> str:
    """The page of the shipped notebook, or of the project's own."""
    own = project.notebooks / NOTEBOOK
    notebook = nbformat.read(own if own.is_file() else ROOT / "notebooks" / NOTEBOOK, as_version=4)
    namespace: dict[str, Any] = {}
    with chdir(project.root):
        for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
            run(cell, namespace)
            if "parameters" in cell.metadata.get("tags", []):
                namespace |= values
    return PsykanalysExporter().from_notebook_node(notebook)[0]


def run(cell: nbformat.NotebookNode, namespace: dict[str, Any]) -> None:
    """Run one cell; what its last line gives becomes its output."""
    *statements, last = ast.parse(cell.source).body
    exec(compile(ast.Module(statements, []), "cell", "exec"), namespace)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "cell", "exec"), namespace)
        return
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    if hasattr(value, "_repr_html_"):
        data = {"text/html": value._repr_html_()}
        cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]


def shipped(project: Project, county: str = "norrbotten") -> dict[str, Any]:
    """The parameters of the project's own report of a county."""
    return params.read(project, county).model_dump()


# What a cheap report of the tests shows: every part that a twin, a proof or a ledger can be about.
CELLS = {"parameters", "load", "head", "summary", "table", "changes", "area-1", "change", "funding", "method"}


def copied(root: Path) -> Project:
    """A copy of the project's data, parameters and notebook."""
    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, root / part)
    return Project(root)


def small_project(root: Path) -> Project:
    """A copy of the project whose notebook has only some of the cells: one page takes a second or two."""
    project = copied(root)
    path = project.notebooks / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id in CELLS or cell.id.removesuffix("-heading") in CELLS]
    nbformat.write(notebook, path)
    return project


def edit(project: Project, table: str, row: str, **cells: str) -> None:
    """Change cells of one raw row."""
    rewrite(project, table, lambda rows: [{**each, **(cells if each["id"] == row else {})} for each in rows])


def rewrite(project: Project, table: str, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    """Write a raw table anew; it must become another."""
    path = project.raw / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    changed = change(rows)
    assert changed != rows
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(changed)


def shuffle(project: Project, seed: int) -> None:
    """Shuffle rows and columns of every raw table, and write them as a Swedish Excel does."""
    chance = random.Random(seed)
    for path in sorted(project.raw.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        chance.shuffle(rows)
        order = chance.sample(range(len(head)), len(head))
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writerows([[row[place] for place in order] for row in [head, *rows]])
