"""A module imports only from rows above it in this list (docs/api.md tells why)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "psykanalys"
LAYERS = [
    ["errors", "periods"],
    ["references"],
    ["methods"],
    ["areas"],
    ["catalogue"],
    ["data"],
    ["disclosure"],
    ["indicators"],
    ["registers"],
    ["verdicts"],
    ["comparison"],
    ["analysis"],
    ["audit"],
    ["manifest"],
    ["cluster"],
    ["export"],
    ["present"],
    ["report"],
    ["mail"],
    ["demo"],
    ["records"],
    ["cli"],
    ["__main__"],
]
ROW = {name: row for row, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("psykanalys"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("psykanalys.")}
    return names & set(ROW)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_imports_only_from_rows_above_it(path):
    own = layer(path)
    below = {name for name in imported(path) if ROW[name] > ROW[own] or (ROW[name] == ROW[own] and name != own)}
    assert not below, f"{path.name} imports {below}"


def test_every_module_has_its_row():
    assert {layer(path) for path in MODULES} <= set(ROW)


def test_methods_know_no_tables_and_no_files():
    for path in (SOURCE / "methods").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import pandas" not in text
        assert "open(" not in text


def test_only_the_data_layer_reads_raw_data():
    for path in MODULES:
        if layer(path) not in {"data", "cli"}:
            assert ".raw" not in path.read_text(encoding="utf-8"), path


def test_functions_are_small():
    lengths = [
        node.end_lineno
        - node.lineno
        + 1
        - len(ast.get_docstring(node, clean=False).splitlines() if ast.get_docstring(node) else [])
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert sorted(lengths)[len(lengths) // 2] < 10
