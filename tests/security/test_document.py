"""docs/security.md names a test for every hostile input, and every such test is named there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "security.md"


def own_tests() -> set[str]:
    others = [path for path in HERE.glob("test_*.py") if path.name != Path(__file__).name]
    nodes = [node for path in others for node in ast.parse(path.read_text(encoding="utf-8")).body]
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_each_hostile_input_has_its_test_and_each_test_its_line():
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    named = [found[1] for line in lines if (found := re.search(r"`(test_\w+)` \|$", line))]
    elsewhere = {
        name
        for path in HERE.parent.glob("records/test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert own_tests() <= set(named) <= own_tests() | elsewhere
    assert len(named) == len(set(named)) == len(lines) - sum(line.endswith("| test |") for line in lines)
