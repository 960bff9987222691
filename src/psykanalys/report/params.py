"""The closed list of parameters: what a report may be told, with types. Unknown, missing or ill-typed is refused."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from psykanalys.areas import UnknownAreaError, find_county
from psykanalys.data.commentary import locate
from psykanalys.data.files import read_within
from psykanalys.data.project import Project
from psykanalys.data.settings import read_settings
from psykanalys.data.text import unseen
from psykanalys.errors import ParameterError

INJECTED = "# Parameters"  # the first line of the cell that papermill injects
NOT_OF_COUNTIES = ("common", "recipients")  # files beside those of the counties
MOST_BYTES = 100_000
MOST_TOLD = 80  # characters of a value in a message
TEXTS = ("county", "contact", "commentary", "previous")  # never read as a number or a date


def _seen(text: str) -> str:
    if found := unseen(text):
        raise ValueError(f"text without characters that are not seen ({found})")
    return text


_Text = Annotated[str, AfterValidator(_seen)]


class Parameters(BaseModel):
    """What the county report can be told."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    county: Annotated[_Text, Field(min_length=1, description="County: code in quotes, name or file name.")]
    contact: Annotated[_Text, Field(description="Whom readers ask for what is missing (Swedish; may be empty).")]
    messages: Annotated[int, Field(ge=1, le=8, description="How many verdicts the summary tells at most.")]
    all_figures: Annotated[bool, Field(description="Whether each focus area also lists every figure.")]
    commentary: Annotated[
        _Text, Field(description="The county's own commentary: a Markdown file in the project folder (may be empty).")
    ]
    previous: Annotated[
        _Text, Field(description="An earlier report's twin (JSON) in the project folder, to tell what has changed.")
    ]
    threshold: Annotated[
        int, Field(ge=3, le=20, description="Unpublished counts of persons from 1 to below this are never shown.")
    ]


def names() -> list[str]:
    """The parameters' names."""
    return list(Parameters.model_fields)


def validate(values: Mapping[str, Any], where: str = "") -> Parameters:
    """Return checked parameters. Raises ParameterError with one line per fault, naming the allowed ones."""
    try:
        parameters = Parameters.model_validate(dict(values))
        find_county(parameters.county)
        return parameters
    except ValidationError as error:
        raise ParameterError("\n".join(_sentence(fault, where) for fault in error.errors())) from error
    except UnknownAreaError as error:
        raise ParameterError(f"{_at(where)}county: {error}") from error


def check_parameters(namespace: Mapping[str, Any]) -> Parameters:
    """Check the parameters of a running notebook: what was injected, and the values that now hold.

    `namespace` is the notebook's `globals()`. papermill only warns of a misspelt parameter; here it is refused.
    """
    given = {name for cell in namespace.get("In", []) if cell.startswith(INJECTED) for name in _assigned(cell)}
    unknown = {name: namespace.get(name) for name in sorted(given - set(names()))}
    values = {name: namespace[name] for name in names() if name in namespace}
    return validate({**values, **unknown})


def read(project: Project, county: str, overrides: Mapping[str, Any] | None = None) -> Parameters:
    """Return the parameters of one county's report: common.yaml, then the county's file, then overrides."""
    values: dict[str, Any] = {}
    for path in (project.params / "common.yaml", project.params / f"{county}.yaml"):
        values |= _read_file(path)
    parameters = validate({**values, **(overrides or {})}, f"params/{county}.yaml")
    if parameters.commentary:
        locate(project, parameters.commentary)
    if parameters.previous:
        from psykanalys.present import ledger

        ledger.locate(project, parameters.previous)
    if find_county(parameters.county).slug != county:
        raise ParameterError(
            f"params/{county}.yaml: county: '{parameters.county}' is another county — expected '{county}'"
        )
    return parameters


def counties_with_parameters(project: Project) -> list[str]:
    """The names of the counties that have a parameter file, in order."""
    return sorted(path.stem for path in project.params.glob("*.yaml") if path.stem not in NOT_OF_COUNTIES)


def parse_override(text: str) -> tuple[str, Any]:
    """Read 'name=value' from the command line; the value is read as YAML, a county code stays text."""
    name, found, value = text.partition("=")
    if not found:
        raise ParameterError(f"--param {text}: no '=' — expected name=value, e.g. contact='Region Gävleborg'")
    try:
        return name.strip(), value.strip() if name.strip() in TEXTS else read_settings(value)
    except ValueError as error:
        raise ParameterError(f"--param {text[:MOST_TOLD]}: no value — {error}") from error


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml") if p.stem not in NOT_OF_COUNTIES)) or "none"
        raise ParameterError(f"{path.name}: no such parameter file — there are: {known}")
    try:
        content = read_settings(read_within(path, MOST_BYTES).decode("utf-8-sig"))
    except OSError as error:
        raise ParameterError(f"{path.name}: cannot be read — {error.strerror}") from error
    except ValueError as error:
        raise ParameterError(f"{path.name}: not readable as YAML — {error}") from error
    if not isinstance(content, dict) and content is not None:
        raise ParameterError(f"{path.name}: not a list of parameters — expected lines such as 'county: gavleborg'")
    return {str(name): value for name, value in (content or {}).items()}


def _assigned(cell: str) -> set[str]:
    statements = ast.parse(cell).body
    return {
        target.id
        for s in statements
        if isinstance(s, ast.Assign)
        for target in s.targets
        if isinstance(target, ast.Name)
    }


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _sentence(fault: Any, where: str) -> str:
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, names(), 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"{_at(where)}{name}: unknown parameter — {hint}allowed are {', '.join(names())}"
    if fault["type"] == "missing":
        return f"{_at(where)}{name}: the parameter is missing — {Parameters.model_fields[name].description}"
    advice = " (write codes in quotes; with papermill use -r, not -p)" if name == "county" else ""
    expected = fault["msg"].removeprefix("Input should be ").removeprefix("a ").removeprefix("valid ")
    expected = expected.removeprefix("Value error, ")
    given = repr(fault["input"])
    given = given if len(given) <= MOST_TOLD else f"{given[:MOST_TOLD]}…"
    return f"{_at(where)}{name}: {given} cannot be used — expected {expected}{advice}"
