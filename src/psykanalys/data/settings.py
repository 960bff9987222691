"""YAML as settings are written: no aliases, which can grow without end, no objects, no name twice."""

from __future__ import annotations

from typing import Any

import yaml


class _Plain(yaml.SafeLoader):
    """The safe loader without what settings never need."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, "anchors and aliases (& and *) are refused", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"'{twice}' stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_settings(text: str) -> Any:
    """The values that YAML text says. Raises ValueError with the reason and its line."""
    try:
        return yaml.load(text, Loader=_Plain)
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ValueError(f"{error.problem or error.context}{where}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def compose(text: str) -> yaml.Node | None:
    """YAML text as nodes with their lines. Raises yaml.YAMLError."""
    try:
        return yaml.compose(text, Loader=_Plain)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
