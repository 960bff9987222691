"""Small extracts, and the command's own way through them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from psykanalys.records.contract import NAMES
from psykanalys.records.order import Order
from psykanalys.records.run import Done, measure

DAY = date(2024, 6, 30)
CONTACT = {"area": "2480", "unit": "Ålidhem", "age": "30", "sex": "K", "referral": "2024-06-03",
           "first_visit": "2024-06-10", "waiting": "no"}  # fmt: skip


def write_extract(path: Path, rows: list[dict[str, str]], columns=NAMES, delimiter=",") -> Path:
    numbered = [{"id": f"c{number}", **CONTACT, **row} for number, row in enumerate(rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(numbered)
    return path


class Told:
    """What a run wrote."""

    def __init__(self, done: Done, out: Path):
        self.done, self.out = done, out

    def table(self, kind: str, document: str | None = None) -> pd.DataFrame:
        path = self.out / "raw" / (document or self.done.documents[0]) / f"{kind}.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False)

    @property
    def quarantine(self) -> list[tuple[str, str, str]]:
        table = pd.read_csv(self.out / "quarantine.csv", dtype=str, keep_default_na=False)
        return list(zip(table["row"], table["reason"], table["column"], strict=True))

    def figure(self, indicator: str, **where: str) -> dict[str, str]:
        table = self.table("observations")
        wanted = {"area": "24", "sex": "T", "age": "", "level": "", **where, "indicator": indicator}
        found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
        assert len(found) == 1, found
        return {name: cell for name, cell in found.iloc[0].items() if cell}

    def counts(self, indicator: str, **where: str) -> tuple[str, str]:
        figure = self.figure(indicator, **where)
        return figure.get("numerator", ""), figure.get("denominator", "")

    def raw(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.out).as_posix(): path.read_bytes()
            for path in sorted((self.out / "raw").rglob("*.csv"))
        }


@pytest.fixture
def tell(tmp_path):
    """Measure files, or rows as they would stand in one."""

    def run(given, **options) -> Told:
        out = options.pop("out", tmp_path / "out")
        files = given if isinstance(given[0], Path) else [write_extract(tmp_path / "extract.csv", given)]
        order = Order(files, out, options.pop("day", DAY), **{"threshold": 1, **options})
        return Told(measure(order), out)

    return run
