"""The contract of the raw data: one model per kind of file. Everything else reads what these models let through.

Every model is one row of `data/raw/<source>/<kind>.csv` (`sources.csv` lies in `data/raw/` itself). The field
descriptions are the contract's text; `docs/data-contract.md` is generated from them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from psykanalys.data.text import begins_as_formula, parse_count, parse_list, parse_number
from psykanalys.periods import parse_period

FOCUS_AREA_NUMBERS = (1, 2, 3, 4, 5)


def _empty_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _period(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        parse_period(value.strip())
        return value.strip()
    return None


def _focus_areas(value: Any) -> tuple[int, ...]:
    items = parse_list(value) if not isinstance(value, tuple) else value
    if not all(str(item) in {"1", "2", "3", "4", "5"} for item in items):
        raise ValueError(f"'{value}' is not a list of focus areas; expected numbers 1 to 5 joined by ' | '")
    return tuple(int(item) for item in items)


def _places(value: Any) -> tuple[str, ...]:
    items = parse_list(value)
    wrong = [item for item in items if not re.fullmatch(r"[a-z0-9-]+:[1-9]\d*", item)]
    if wrong or not items:
        raise ValueError(f"'{value}' is not a list of places; expected 'source:line' joined by ' | '")
    return items


def _no_formula(text: str) -> str:
    if begins_as_formula(text):
        raise ValueError(f"'{text[:40]}' begins as a formula; expected text that does not begin with =, @, + or -")
    return text


def _codes(value: Any) -> tuple[str, ...]:
    return tuple(_no_formula(item) for item in parse_list(value))


Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_no_formula)]
RequiredText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_formula)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
OptionalId = Annotated[Id | None, BeforeValidator(_empty_to_none)]
IndicatorId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
OptionalIndicatorId = Annotated[IndicatorId | None, BeforeValidator(_empty_to_none)]
Number = Annotated[float | None, BeforeValidator(parse_number)]
Count = Annotated[int | None, BeforeValidator(parse_count)]
PeriodText = Annotated[str | None, BeforeValidator(_period)]
RequiredPeriod = Annotated[str, BeforeValidator(_period)]
FocusAreas = Annotated[tuple[int, ...], BeforeValidator(_focus_areas)]
Places = Annotated[tuple[str, ...], BeforeValidator(_places)]
Items = Annotated[tuple[str, ...], BeforeValidator(_codes)]
YesNo = Annotated[Literal["yes", "no"] | None, BeforeValidator(_empty_to_none)]

State = Annotated[
    Literal["done", "under_way", "planned", "not_begun", "unknown"],
    BeforeValidator(lambda value: _empty_to_none(value) or "unknown"),
]
Status = Literal[
    "exact", "approximate", "at_least", "at_most", "forecast",
    "not_reported", "not_applicable", "missing_in_extract", "suppressed",
]  # fmt: skip
WITHOUT_VALUE = ("not_reported", "not_applicable", "missing_in_extract", "suppressed")
Direction = Annotated[
    Literal[
        "higher", "much_higher", "slightly_higher", "lower", "much_lower", "slightly_lower", "similar",
        "increasing", "decreasing", "unchanged",
    ]
    | None,
    BeforeValidator(_empty_to_none),
]  # fmt: skip
Operator = Literal[">=", "<=", ">", "<", "=", "between", "increase", "decrease", "growth_stops", "growth_slows", "yes"]
FindingKind = Literal[
    "arithmetic", "unit", "denominator", "contradiction", "measures_other", "younger_than_plan", "missing_in_extract",
    "no_denominator", "no_baseline", "period", "wording", "duplicate", "reference", "structure", "outdated", "other",
]  # fmt: skip


class Row(BaseModel):
    """What every row has: a stable id, its document and its places in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id = Field(description="Stable id, unique in the whole of `data/raw/`: lower case, digits, hyphens.")
    source: Id = Field(description="Id of the document in `sources.csv`.")
    places: Places = Field(
        description="Where it stands: `source:line` of the text extract (first line is 1), several joined by ` | `. "
        "A fact that runs over several lines names each line that carries a part of it."
    )
    section: Text = Field("", description="Heading above the place, as short as identifies it.")


class Source(BaseModel):
    """One document. Titles and dates that the document does not state are marked as ours."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id = Field(description="Stable id; the name of its folder in `data/raw/`.")
    title: RequiredText = Field(description="Title (Swedish).")
    title_is: Literal["document", "ours"] = Field(description="Whether the title stands in the document or is ours.")
    role: Literal["plan", "plan_and_results", "survey", "follow_up", "register"] = Field(
        description="What kind of document; `register` for statistics, whose figures lie in `series.csv`."
    )
    publisher: RequiredText = Field(description="Who published it.")
    year: int = Field(ge=1900, le=2100, description="Year of the document.")
    dated: PeriodText = Field(description="The document's date: the period that 'i dagsläget' means.")
    dated_is: Literal["document", "ours"] = Field(description="Whether that date is stated or inferred by us.")
    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(
        description="County, two digits; `00` for a register of the whole nation, which every county uses."
    )
    plan_start: PeriodText = Field(None, description="First period of the plan that the document adopts, if any.")
    plan_end: PeriodText = Field(None, description="Last period of that plan.")
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the text extract that was transcribed."
    )
    lines: int = Field(gt=0, lt=10_000_000, description="Number of lines in the text extract.")
    synthetic: Annotated[Literal["yes", "no"], BeforeValidator(lambda value: _empty_to_none(value) or "no")] = Field(
        "no", description="`yes`: the figures are made up. Every page then says so, and none is mailed."
    )
    note: Text = Field("", description="What a user of the document must know (Swedish).")


class Area(Row):
    """An area, unit or group that has no official code: subregion, private providers, clinic, named group."""

    code: Id = Field(
        description="Our code: county code, hyphen, English slug, e.g. `24-umea-area`. Documents may share "
        "it: then the name, kind, parent and members are the same."
    )
    name: RequiredText = Field(description="Name as the document has it.")
    kind: Literal["subregion", "providers", "unit", "organisation", "group"] = Field(description="What it is.")
    parent: Annotated[str, StringConstraints(pattern=r"^\d{2,4}$")] = Field(
        description="Official code that it belongs to."
    )
    members: Items = Field((), description="Official codes or names of what it consists of, where stated.")


class Observation(Row):
    """One figure (or range, direction, yes/no) that a document states, at one place, for one population."""

    indicator: IndicatorId = Field(description="Catalogue id of the measure.")
    area: RequiredText = Field(
        description="Official code (`00` nation, `24` county, `2480` municipality) or a code from `areas.csv`."
    )
    comparator: Text = Field(
        "", description="Comparison group that is no area, e.g. 'alla landsting i genomsnitt'; `area` is then `00`."
    )
    period: PeriodText = Field(None, description="Period that the document states.")
    as_of: PeriodText = Field(None, description="Only where no period is stated ('i dagsläget'): the document's date.")
    sex: Literal["T", "K", "M"] = Field("T", description="T total, K women and girls, M men and boys.")
    age: Text = Field("", description="Ages as `0-17`, `16-64`, `65-`; empty = all or not stated.")
    dimension: Text = Field("", description="One more dimension (Swedish), e.g. 'antal månader rapporterade'.")
    level: Text = Field("", description="This row's level of that dimension.")
    numerator: Count = Field(
        None, description="Count above the line, only if printed. A count measure has its count here."
    )
    denominator: Count = Field(
        None, description="Count below the line, only if printed for this figure. Never inferred."
    )
    value: Number = Field(None, description="The figure as printed, in `unit`. Empty where only counts are printed.")
    value_low: Number = Field(None, description="Lower end of a printed range.")
    value_high: Number = Field(None, description="Upper end of a printed range.")
    direction: Direction = Field(None, description="A comparison or development stated without a figure.")
    wording: Text = Field("", description="The document's own word for that direction (at most eight words).")
    yes_no: YesNo = Field(None, description="For yes/no measures.")
    change: Number = Field(None, description="A printed change, in `change_unit`, from `base_period` to the period.")
    change_unit: Text = Field("", description="`procent`, `procentenheter` or the measure's own unit.")
    base_period: PeriodText = Field(None, description="What the change (or the direction) is counted from.")
    ci_low: Number = Field(None, description="Published lower 95 % limit.")
    ci_high: Number = Field(None, description="Published upper 95 % limit.")
    unit: RequiredText = Field(description="Unit of the value (Swedish): `procent`, `antal`, `per 1000`, `mnkr` …")
    status: Status = Field("exact", description="How firm the figure is, or why there is none.")
    published: Literal["yes", "no"] = Field("yes", description="`yes`: the figure is already public in the document.")
    origin: Text = Field("", description="Primary source that the document names (Socialstyrelsen 2012, Kolada …).")
    caution: Text = Field("", description="What a reader of this figure must know (Swedish, one or two sentences).")

    @model_validator(mode="after")
    def _says_something(self) -> Observation:
        figures = (self.numerator, self.value, self.value_low, self.value_high, self.change)
        said = (*figures, self.direction, self.yes_no)
        if self.status in WITHOUT_VALUE:
            if any(part is not None for part in said):
                raise ValueError(f"status: '{self.status}' means no figure, but one is given; remove one of the two")
        elif all(part is None for part in said):
            raise ValueError("value: the row states nothing; give a figure, a direction, yes/no, or a status why not")
        return self

    @model_validator(mode="after")
    def _is_possible(self) -> Observation:
        if self.denominator == 0:
            raise ValueError("denominator: 0 is not a denominator; leave it empty and say why in `status`")
        for low, high in (("value_low", "value_high"), ("ci_low", "ci_high")):
            _check_range(self, low, high)
        if self.period and self.as_of:
            raise ValueError(
                "as_of: both period and as_of are given; leave it empty where the document states a period"
            )
        if not (self.period or self.as_of):
            raise ValueError("period: neither period nor as_of is given; give the one that the document has")
        return self


def _check_range(row: Observation, low: str, high: str) -> None:
    lower, upper = getattr(row, low), getattr(row, high)
    if (lower is None) != (upper is None):
        raise ValueError(f"{low if lower is None else high}: a range needs both ends; give this one too")
    if lower is not None and lower > upper:
        raise ValueError(f"{high}: the range is upside down; expected at least {lower:g}, its lower end")


class Goal(Row):
    """One goal: one cell entry with its own verb."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    plan: Literal["current", "previous"] = Field(
        "current", description="`previous`: a goal of the plan before, under which results are reported."
    )
    parent: OptionalId = Field(None, description="The long-term goal that it serves, where the table shows one.")
    group: Id = Field(
        description="Table row or development area: goals, activities and indicators in it belong together."
    )
    group_label: RequiredText = Field(description="Short label of that group (Swedish, own words or the short title).")
    level: Literal["long", "short", "both", "unmarked"] = Field(
        description="Five years, one year, both, or not marked."
    )
    focus_areas: FocusAreas = Field(description="Focus areas 1–5 joined by ` | `.")
    joint: Literal["yes", "no", "not_stated"] = Field(
        "not_stated", description="Joint between region and municipalities."
    )
    owner_section: Text = Field("", description="Section of the plan that says whose it is.")
    label: RequiredText = Field(description="Short label in our own words (Swedish, at most about 15 words).")
    state: State = Field("unknown", description="State that the document reports.")
    state_places: Items = Field((), description="Where that state is reported.")


class Activity(Row):
    """One activity with those responsible."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    goal: OptionalId = Field(None, description="The goal it serves, where the layout shows one.")
    group: Id = Field(description="Group that it belongs to (see goals).")
    focus_areas: FocusAreas = Field(description="Focus areas.")
    label: RequiredText = Field(description="Short label in our own words (Swedish).")
    responsible: Items = Field((), description="Ids in `units.csv` joined by ` | `; empty where none is stated.")
    year: PeriodText = Field(None, description="Year or span that the plan gives.")
    state: State = Field("unknown", description="State that the document reports.")
    state_places: Items = Field((), description="Where that state is reported.")


class Target(Row):
    """What must be reached: from a goal, or from running text ('ska' with a quantity)."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    goal: OptionalId = Field(None, description="The goal it belongs to; empty where it stands in running text.")
    focus_areas: FocusAreas = Field(description="Focus areas.")
    label: RequiredText = Field(description="The target in our own words (Swedish, short).")
    indicator: OptionalIndicatorId = Field(None, description="Catalogue id of what would measure it.")
    operator: Operator = Field(description="How value and target are compared.")
    value: Number = Field(None, description="Target value in `unit`; `alla` is 100 procent, `ingen` is 0.")
    value_high: Number = Field(None, description="Upper end where the operator is `between`.")
    share: Number = Field(
        None, description="For time limits: the share that must be within the limit; empty if not stated."
    )
    limit_days: Count = Field(None, description="For time limits: the limit in days.")
    scope: Text = Field("", description="Whom or what it concerns (Swedish); empty if not stated.")
    area: RequiredText = Field(description="Area code that it concerns.")
    sex: Literal["T", "K", "M"] = Field("T", description="Sex that it concerns.")
    age: Text = Field("", description="Ages that it concerns.")
    level: Text = Field(
        "", description="Level of the result's dimension that it concerns; empty = results without one."
    )
    unit: Text = Field("", description="Unit of the value.")
    due: PeriodText = Field(
        None, description="When it is due, as stated (a year for one-year goals); empty if not stated."
    )
    testable: Literal["yes", "no"] = Field(
        description="`no`: states no share, scope or figure, so it cannot be tested."
    )
    why_not_testable: Text = Field("", description="What is missing (Swedish), where `testable` is `no`.")
    reported_indicator: OptionalIndicatorId = Field(
        None, description="Catalogue id of the result that the document reports against it."
    )
    measures: Annotated[Literal["same", "other"] | None, BeforeValidator(_empty_to_none)] = Field(
        None, description="Whether that result measures the target (`same`) or something else (`other`)."
    )
    why_other: Text = Field("", description="How they differ (Swedish), where `measures` is `other`.")

    @model_validator(mode="after")
    def _is_complete(self) -> Target:
        if self.testable == "no" and not self.why_not_testable:
            raise ValueError("why_not_testable: the cell is empty; say what is missing, since testable is 'no'")
        if self.measures == "other" and not self.why_other:
            raise ValueError("why_other: the cell is empty; say how the result differs from the target")
        if self.reported_indicator and not self.measures:
            raise ValueError(
                "measures: the cell is empty; say whether the reported result measures the target: same or other"
            )
        if self.testable == "yes" and self.operator in {">=", "<=", ">", "<", "="} and self.value is None:
            raise ValueError(f"value: the cell is empty; operator '{self.operator}' needs a value")
        if self.operator == "between" and (self.value is None or self.value_high is None):
            missing = "value" if self.value is None else "value_high"
            raise ValueError(f"{missing}: the cell is empty; operator 'between' needs both ends")
        return self


class PlanIndicator(Row):
    """One follow-up indicator that the plan lists."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    group: Id = Field(description="Group that it belongs to (see goals).")
    goals: Items = Field((), description="Ids of the goals beside which it stands, where the layout shows it.")
    focus_areas: FocusAreas = Field(description="Focus areas.")
    kind: Literal["yes_no", "count", "share", "statistic", "none"] = Field(
        description="`none`: the heading is there, the indicator is not. `statistic`: a named source or measure."
    )
    label: RequiredText = Field(description="Short label (Swedish, own words); 'saknas' for kind none.")
    indicator: OptionalIndicatorId = Field(None, description="Catalogue id, where we have the measure.")
    measures: Annotated[Literal["goal", "activity", "other"] | None, BeforeValidator(_empty_to_none)] = Field(
        None, description="Whether it measures the goal, only that the activity was done, or something else."
    )
    why_other: Text = Field("", description="What it measures instead (Swedish), where `measures` is `other`.")


class Unit(Row):
    """A unit, function or group that the plan makes responsible."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    name: RequiredText = Field(description="Name as the document has it.")
    abbreviation: Text = Field("", description="Abbreviation as the document has it.")
    listed: Literal["yes", "no", "not_applicable"] = Field(
        description="Whether it stands in the document's own list of units (where it has one)."
    )


class Need(Row):
    """One need that the document states."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    focus_areas: FocusAreas = Field(description="Focus areas.")
    label: RequiredText = Field(description="The need in our own words (Swedish, short).")
    group: OptionalId = Field(None, description="Group of the plan that it stands in, where the layout shows one.")
    goals: Items = Field((), description="Ids of goals that answer it (our reading); empty if none does.")
    why_unanswered: Text = Field("", description="Our reason (Swedish), where no goal answers it.")


class Funding(Row):
    """One amount of money: a grant, a part of it, or a share of a cost."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County (`00` nation).")
    year: PeriodText = Field(description="Year of the money.")
    grant: Id = Field(description="Which grant; the parts of a grant share it.")
    kind: Literal["grant", "part", "purpose"] = Field(
        description="`grant`: the amount received; `part`: a share of it; `purpose`: money without a stated amount."
    )
    label: RequiredText = Field(description="Short label (Swedish).")
    recipient: Items = Field((), description="Who gets it (ids in `units.csv`), where stated.")
    amount: Number = Field(None, description="Amount in `unit`; empty where none is stated.")
    unit: Literal["mnkr", "kr", "procent", "tjänster"] = Field(description="Unit of the amount.")
    status: Status = Field("exact", description="How firm it is.")
    focus_areas: FocusAreas = Field((), description="Focus areas it is said to serve; empty if not stated.")
    goals: Items = Field((), description="Goals that it is tied to in the document; empty if none.")


class SurveyRow(Row):
    """What a survey asked, of whom, and who did not answer. Its figures are observations."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    kind: Literal["frame", "question", "non_response", "merged", "unreported"] = Field(
        description="`frame`: who was asked; `question`; `non_response`: a unit that did not answer; `merged`: answers "
        "of two units in one; `unreported`: asked but not reported."
    )
    label: RequiredText = Field(description="Question or unit in short (Swedish, own words).")
    number: Text = Field("", description="Question number as sent out, and as reported if that differs (`5/2`).")
    indicator: OptionalIndicatorId = Field(None, description="Catalogue id of its figures.")
    reported: Literal["figures", "words", "chart_lost", "no", "not_applicable"] = Field(
        description="How the answers are reported in the text extract."
    )
    count: Count = Field(None, description="Number of units, for a frame.")
    reason: Text = Field("", description="Reason given for the non-response (Swedish, short); 'ingen' if none.")


class Consultation(Row):
    """A party that was asked for its view of the plan."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    party: RequiredText = Field(description="Who was asked.")
    asked: PeriodText = Field(None, description="When.")
    answered: Literal["yes", "no", "unknown"] = Field(description="Whether a view came in.")
    view: Text = Field("", description="The view in our own words (Swedish).")
    focus_areas: FocusAreas = Field((), description="Focus areas it concerns.")
    answered_by: Items = Field((), description="Goals that answer the view (our reading).")


class Commentary(BaseModel):
    """The county's own words on a focus area: signed and dated, shown as theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id = Field(description="Stable id.")
    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    focus_area: Annotated[int, Field(ge=1, le=5)] = Field(description="Focus area.")
    author: RequiredText = Field(description="Who wrote it.")
    role: RequiredText = Field(description="As what.")
    date: RequiredPeriod = Field(description="When.")
    text: Annotated[str, StringConstraints(min_length=1)] = Field(description="The commentary (Swedish).")


class Override(BaseModel):
    """A verdict set by hand: who, when and why. The report shows it beside what the rule gave."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id = Field(description="Stable id.")
    target: Id = Field(description="Id of the target.")
    verdict: RequiredText = Field(description="The word to show, one of the verdict words.")
    name: RequiredText = Field(description="Who decided.")
    date: RequiredPeriod = Field(description="When.")
    reason: RequiredText = Field(description="Why (Swedish).")


class Finding(Row):
    """Something in the documents that does not hold, with how it was treated. Shown in the report."""

    county_code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="County.")
    focus_areas: FocusAreas = Field((), description="Focus areas it concerns; empty = all or none.")
    kind: FindingKind = Field(description="What kind of fault.")
    description: RequiredText = Field(description="What does not hold, with the figures (Swedish, own words).")
    treatment: RequiredText = Field(description="What was done about it (Swedish). Never a silent correction.")
    concerns: Items = Field((), description="Ids of the rows it concerns.")


class SeriesRow(BaseModel):
    """One figure of a register: many alike, so that the file has no ids, places or texts of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    indicator: IndicatorId = Field(description="Catalogue id of the measure.")
    area: RequiredText = Field(description="Official code (`00`, `24`, `2480`).")
    period: RequiredPeriod = Field(description="Period.")
    sex: Literal["T", "K", "M"] = Field("T", description="T total, K women and girls, M men and boys.")
    age: Text = Field("", description="Ages as `0-17`, `16-64`, `65-`; empty = all.")
    numerator: Count = Field(None, description="Count above the line.")
    denominator: Count = Field(None, description="Count below the line.")
    value: Number = Field(None, description="The figure, in the measure's unit; empty where the counts are given.")
    ci_low: Number = Field(None, description="Published lower 95 % limit.")
    ci_high: Number = Field(None, description="Published upper 95 % limit.")
    status: Status = Field("exact", description="How firm the figure is, or why there is none.")
    published: Literal["yes", "no"] = Field("yes", description="`yes`: the figure is public already.")


KINDS: dict[str, type[BaseModel]] = {
    "sources": Source,
    "areas": Area,
    "units": Unit,
    "goals": Goal,
    "activities": Activity,
    "targets": Target,
    "plan_indicators": PlanIndicator,
    "needs": Need,
    "observations": Observation,
    "survey": SurveyRow,
    "funding": Funding,
    "consultation": Consultation,
    "findings": Finding,
    "commentary": Commentary,
    "overrides": Override,
}


# Files that are read as columns, not row by row, and kept apart from the tables: they may have millions of rows.
REGISTERS: dict[str, type[BaseModel]] = {"series": SeriesRow}


def columns(kind: str) -> list[str]:
    """Return the column names of a kind of file, in order."""
    return list((KINDS | REGISTERS)[kind].model_fields)


def required_columns(kind: str) -> list[str]:
    """Return the columns that a file of this kind cannot do without."""
    return [name for name, field in (KINDS | REGISTERS)[kind].model_fields.items() if field.is_required()]
