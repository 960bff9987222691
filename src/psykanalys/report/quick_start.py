"""Validation of notebooks without four seconds of start: a grammar is built when it is asked for, not at import."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

GRAMMAR = "rfc3987_syntax"


def defer_grammar() -> None:
    """Put a stand-in where jsonschema looks for its checker of international addresses (IRI).

    The stand-in loads the real module on its first use, so every check that is asked for is made by the real one. The
    schema of notebooks asks for none. Does nothing where the module is loaded already, or not installed.
    """
    if GRAMMAR in sys.modules or find_spec(GRAMMAR) is None:
        return
    stand_in = _StandIn(GRAMMAR)
    stand_in.is_valid_syntax = stand_in._is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[GRAMMAR] = stand_in


class _StandIn(ModuleType):
    def _is_valid_syntax(self, *arguments: Any) -> bool:
        return bool(self._real().is_valid_syntax(*arguments))

    def _real(self) -> ModuleType:
        if sys.modules.get(GRAMMAR) is self:
            del sys.modules[GRAMMAR]
        return import_module(GRAMMAR)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)
