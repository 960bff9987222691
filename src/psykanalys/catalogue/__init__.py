"""The catalogue: one YAML file per measure, file name = id. Meaning lives here; methods live in `methods/`."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Mapping
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

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", description="The file's name; not in the file.")
    title: str = Field(min_length=3, description="Name of the measure (Swedish).")
    question: str = Field(min_length=3, description="The question that it answers (Swedish).")
    focus_areas: list[Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1, description="Focus areas 1–5.")
    numerator: str = Field(min_length=2, description="What is counted, or what the figure is of (Swedish).")
    denominator: str | None = Field(None, description="Out of what; only where there is one (Swedish).")
    statistic: Statistic = Field(description="The calculation. `quantity`: any other printed figure.")
    per: Literal[1000, 10000, 100000] | None = Field(None, description="For a rate: per how many.")
    nature: Nature = Field(description="The model of chance: decides whether there is an interval (docs/verdicts.md).")
    unit: str = Field(min_length=2, description="`procent` for a proportion; otherwise what is counted, in the plural.")
    decimals: int = Field(ge=0, le=4, description="Decimals of a calculated value.")
    desired_direction: Literal["higher", "lower", "neutral"] = Field(description="Which way is wanted.")
    source: str = Field(min_length=2, description="Who has the figures (Swedish).")
    counts: Literal["persons", "units", "money"] = Field(
        description="What a count is of; only persons can be revealed."
    )
    topics: list[Literal["young", "primary_care"]] = Field(
        default_factory=list, description="In-depth sections that show it: children and young, primary care."
    )
    caveats: list[str] = Field(description="What holds for every figure of the measure (Swedish).")
    changes: list[Change] = Field(min_length=1, description="Dated changes of the definition.")

    @model_validator(mode="after")
    def _fits_together(self) -> Indicator:
        if (self.statistic == "rate") != (self.per is not None):
            raise ValueError("per: given for a rate and for nothing else (1000, 10000 or 100000)")
        if self.statistic == "proportion" and not self.denominator:
            raise ValueError("denominator: a proportion needs one")
        if self.statistic == "proportion" and self.unit != "procent":
            raise ValueError("unit: a proportion is given in procent")
        return self


# The same safe loader in C, where libyaml is there.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_held: dict[str, Indicator] = {}


def load_catalogue() -> Mapping[str, Indicator]:
    """Return every indicator by id; they are read once. Raises CatalogueError naming every file that cannot be used."""
    if not _held:
        hold(_read_all())
    return _held


def hold(indicators: Mapping[str, Indicator]) -> None:
    """Have what another process of this installation has read."""
    _held.update(indicators)


def _read_all() -> dict[str, Indicator]:
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
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        return Indicator.model_validate({"id": path.stem, **content})
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise CatalogueError(f"{path.name}: not readable as YAML — {error}") from error
    except ValidationError as error:
        raise CatalogueError("\n".join(_sentences(path, error))) from error


def get_indicator(indicator_id: str) -> Indicator:
    """Return one indicator. Raises CatalogueError naming the nearest ids."""
    catalogue = load_catalogue()
    if indicator_id not in catalogue:
        near = ", ".join(difflib.get_close_matches(indicator_id, catalogue, 3))
        hint = f"did you mean: {near}?" if near else "`psykanalys indicators` lists them"
        raise CatalogueError(f"'{indicator_id}' is not in the catalogue — {hint}")
    return catalogue[indicator_id]


def _sentences(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{path.name}: {'.'.join(str(part) for part in fault['loc']) or 'definition'} — "
        f"{fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    ]
