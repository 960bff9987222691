"""The catalogue: one YAML file per measure, file name = id. Meaning lives here; methods live in `methods/`."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from psykanalys.errors import CatalogueError

FOLDER = Path(__file__).parent

Statistic = Literal["proportion", "count", "rate", "mean", "quantity", "yes_no"]
Nature = Literal["process", "events", "sample", "census", "census_with_nonresponse"]


class Change(BaseModel):
    """One dated change of a definition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: datetime.date
    note: str


class Indicator(BaseModel):
    """One measure: what is counted, over whom, in which unit, which way is wanted, from where.

    `statistic` names the calculation and `nature` the model of chance that the question has: `process` (waits, shares
    reached), `events`, `sample`, `census`, `census_with_nonresponse`. `counts` says what a count is of; only counts
    of persons can reveal anybody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str = Field(min_length=3)
    question: str = Field(min_length=3)
    focus_areas: list[Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1)
    numerator: str = Field(min_length=2)
    denominator: str | None = None
    statistic: Statistic
    per: Literal[1000, 10000, 100000] | None = None
    nature: Nature
    unit: str = Field(min_length=2)
    decimals: int = Field(ge=0, le=4)
    desired_direction: Literal["higher", "lower", "neutral"]
    source: str = Field(min_length=2)
    counts: Literal["persons", "units", "money"]
    caveats: list[str]
    changes: list[Change] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Indicator:
        if (self.statistic == "rate") != (self.per is not None):
            raise ValueError("per: given for a rate and for nothing else (1000, 10000 or 100000)")
        if self.statistic == "proportion" and not self.denominator:
            raise ValueError("denominator: a proportion needs one")
        if self.statistic == "proportion" and self.unit != "procent":
            raise ValueError("unit: a proportion is given in procent")
        return self


@cache
def load_catalogue() -> Mapping[str, Indicator]:
    """Return every indicator by id. Raises CatalogueError naming every file that cannot be used."""
    indicators, faults = {}, []
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            indicators[path.stem] = load_indicator(path)
        except CatalogueError as error:
            faults.append(str(error))
    if faults:
        raise CatalogueError("\n".join(faults))
    return indicators


def load_indicator(path: Path) -> Indicator:
    """Read one definition. Raises CatalogueError with the file, the field and what was expected."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Indicator.model_validate({"id": path.stem, **content})
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise CatalogueError(f"{path.name}: not readable as YAML — {error}") from error
    except ValidationError as error:
        raise CatalogueError("\n".join(_sentences(path, error))) from error


def get_indicator(indicator_id: str) -> Indicator:
    """Return one indicator. Raises CatalogueError naming the nearest ids."""
    catalogue = load_catalogue()
    if indicator_id not in catalogue:
        near = ", ".join(difflib.get_close_matches(indicator_id, catalogue, 3)) or "see `psykanalys indicators`"
        raise CatalogueError(f"'{indicator_id}' is not in the catalogue — did you mean: {near}?")
    return catalogue[indicator_id]


def _sentences(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{path.name}: {'.'.join(str(part) for part in fault['loc']) or 'definition'} — "
        f"{fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    ]
