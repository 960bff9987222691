"""Reproducible analyses of Swedish county plans for mental health.

    import psykanalys

    county = psykanalys.load("gavleborg")
    county.summary()            # what the report says first
    county.verdicts             # every target against every result
    county.tables.findings()    # what does not hold in the documents

The names below are the public API; it is described in docs/api.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psykanalys.present.county import County, load
    from psykanalys.report.params import check_parameters

__version__ = "0.1.0"
__all__ = ["County", "__version__", "check_parameters", "load"]


def __getattr__(name: str) -> Any:
    """Load the public names on first use, so that `psykanalys --help` need not import pandas."""
    if name in {"load", "County"}:
        from psykanalys.present import county

        return getattr(county, name)
    if name == "check_parameters":
        from psykanalys.report import params

        return params.check_parameters
    raise AttributeError(f"module 'psykanalys' has no attribute '{name}'")
