"""Five seconds less of start: what libraries build at import, and reports never use, is built when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

GRAMMAR = "rfc3987_syntax"  # of international addresses, which the schema of notebooks asks nothing of
SELECTORS = "soupsieve"  # of styles, by which nbconvert's parser of HTML could search


def defer() -> None:
    """Put stand-ins where jsonschema looks for its checker of addresses (IRI), and Beautiful Soup for its selectors.

    A stand-in loads the real module on its first use, so every check that is asked for is made by the real one.
    Nothing is done for a module that is loaded already, or not installed.
    """
    for name in (GRAMMAR, SELECTORS):
        if name not in sys.modules and find_spec(name) is not None:
            sys.modules[name] = _StandIn(name)


@contextmanager
def without_property_lists() -> Iterator[None]:
    """Import matplotlib without the lists of properties that it writes into its docstrings: half of its import."""
    from matplotlib import artist as matplotlib_artist

    write_list = matplotlib_artist.kwdoc
    matplotlib_artist.kwdoc = lambda artist: ""  # noqa: ARG005
    try:
        yield
    finally:
        matplotlib_artist.kwdoc = write_list


class _StandIn(ModuleType):
    def is_valid_syntax(self, *arguments: Any) -> bool:
        """jsonschema takes this function at its import: it must be there before the module is."""
        return bool(self._real().is_valid_syntax(*arguments))

    def _real(self) -> ModuleType:
        name = self.__name__
        if sys.modules.get(name) is self:
            del sys.modules[name]
        return import_module(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)
