"""What several tests need: the project itself, and the least rows that can show a point."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import psykanalys
from psykanalys.catalogue import Indicator
from psykanalys.data import contract
from psykanalys.data.project import Project

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def project() -> Project:
    return Project(ROOT)


@pytest.fixture(scope="session")
def counties(project):
    names = ("gavleborg", "norrbotten", "vasterbotten")
    return {name: psykanalys.load(name, project=project, contact="Registratorn") for name in names}


def _blank(kind: str, **values) -> dict:
    row = dict.fromkeys(contract.columns(kind))
    texts = [name for name, field in contract.KINDS[kind].model_fields.items() if field.default == ""]
    return row | dict.fromkeys(texts, "") | values


@pytest.fixture
def make_indicator():
    def make(**changes) -> Indicator:
        definition = {
            "id": "some_measure", "title": "Ett mått", "question": "Hur många?", "focus_areas": [1],
            "numerator": "Enheter med rutin", "denominator": "Alla enheter", "statistic": "proportion",
            "nature": "process", "unit": "procent", "decimals": 0, "desired_direction": "higher",
            "source": "Uppföljning", "counts": "units", "caveats": [],
            "changes": [{"date": "2026-11-21", "note": "Ny."}],
        }  # fmt: skip
        return Indicator.model_validate(definition | changes)

    return make


@pytest.fixture
def make_observations():
    def make(*rows: dict) -> pd.DataFrame:
        blank = _blank(
            "observations", source="follow-up", places="follow-up:1", indicator="some_measure", area="24",
            period="2022", sex="T", unit="procent", status="exact", published="yes",
        )  # fmt: skip
        table = pd.DataFrame([{**blank, "id": f"o{place}", **row} for place, row in enumerate(rows)])
        numbers = ["numerator", "denominator", "value", "value_low", "value_high", "change", "ci_low", "ci_high"]
        return table.astype(dict.fromkeys(numbers, "Float64"))

    return make


@pytest.fixture
def make_target():
    def make(**changes) -> dict:
        return _blank(
            "targets", id="t", source="plan", places="plan:1", county_code="24", goal="g", focus_areas="1",
            label="Målet", indicator="some_measure", operator=">=", value=90.0, area="24", sex="T", unit="procent",
            due="2020", testable="yes",
        ) | changes  # fmt: skip

    return make
