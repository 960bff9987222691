"""The closed list of parameters: what a report may be told, with types. Unknown, missing or ill-typed is refused."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from psykanalys.areas import Area, UnknownAreaError, find_county, find_municipality
from psykanalys.data.commentary import locate
from psykanalys.data.files import State, read_within, state
from psykanalys.data.project import Project
from psykanalys.data.settings import read_settings
from psykanalys.data.text import unseen
from psykanalys.errors import ParameterError

INJECTED = "# Parameters"  # the first line of the cell that papermill injects
NOT_OF_COUNTIES = ("common", "recipients")  # files beside those of the counties
MOST_BYTES = 100_000
MOST_TOLD = 80  # characters of a value in a message
TEXTS = ("county", "municipality", "contact", "commentary", "previous")  # never read as a number or a date


def _seen(text: str) -> str:
    if found := unseen(text):
        raise ValueError(f"text without characters that are not seen ({found})")
    return text


_Text = Annotated[str, AfterValidator(_seen)]


class Shared(BaseModel):
    """What every report can be told."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

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


class Parameters(Shared):
    """What the county report can be told."""

    county: Annotated[_Text, Field(min_length=1, description="County: code in quotes, name or file name.")]


class MunicipalityParameters(Shared):
    """What the municipality report can be told."""

    municipality: Annotated[_Text, Field(min_length=1, description="Municipality: code in quotes, name or file name.")]


MODELS: Mapping[str, type[Shared]] = {"county": Parameters, "municipality": MunicipalityParameters}
LEVELS = tuple(MODELS)
_FIND = {"county": find_county, "municipality": find_municipality}


def level_of(values: Mapping[str, Any]) -> str:
    """Which kind of area parameters are of: 'county' or 'municipality'."""
    return "municipality" if "municipality" in values and "county" not in values else "county"


def area_of(values: Mapping[str, Any]) -> Area:
    """The area that parameters name. Raises UnknownAreaError."""
    level = level_of(values)
    return _FIND[level](str(values.get(level, "")))


def find(text: str, level: str = "county") -> Area:
    """The area of a level that a text names. Raises UnknownAreaError."""
    return _FIND[level](text)


def names(level: str = "county") -> list[str]:
    """The parameters' names, the area first."""
    return [level, *Shared.model_fields]


def validate(values: Mapping[str, Any], where: str = "", level: str | None = None) -> Shared:
    """Return checked parameters. Raises ParameterError with one line per fault, naming the allowed ones."""
    level = level or level_of(values)
    try:
        parameters = MODELS[level].model_validate(dict(values))
        find(getattr(parameters, level), level)
        return parameters
    except ValidationError as error:
        raise ParameterError("\n".join(_sentence(fault, where, level) for fault in error.errors())) from error
    except UnknownAreaError as error:
        raise ParameterError(f"{_at(where)}{level}: {error}") from error


def check_parameters(namespace: Mapping[str, Any]) -> Shared:
    """Check the parameters of a running notebook: what was injected, and the values that now hold.

    `namespace` is the notebook's `globals()`. papermill only warns of a misspelt parameter; here it is refused.
    """
    given = {name for cell in namespace.get("In", []) if cell.startswith(INJECTED) for name in _assigned(cell)}
    level = level_of(namespace)
    unknown = {name: namespace.get(name) for name in sorted(given - set(names(level)))}
    values = {name: namespace[name] for name in names(level) if name in namespace}
    return validate({**values, **unknown}, level=level)


def read(
    project: Project,
    name: str,
    overrides: Mapping[str, Any] | None = None,
    *,
    level: str = "county",
    optional: bool = False,
) -> Shared:
    """Return the parameters of one report: common.yaml, then the area's file, then overrides.

    `name` is the area's file name. Where the file is `optional`, an area that has none has what is common.
    """
    file = project.params / f"{name}.yaml"
    values = _read_file(project.params / "common.yaml")
    values |= {level: name} if optional and not file.is_file() else _read_file(file)
    parameters = validate({**values, **(overrides or {})}, f"params/{name}.yaml", level)
    if parameters.commentary:
        locate(project, parameters.commentary)
    if parameters.previous:
        from psykanalys.present import ledger

        ledger.locate(project, parameters.previous)
    given = getattr(parameters, level)
    if find(given, level).file_name != name:
        raise ParameterError(f"params/{name}.yaml: {level}: '{given}' is another {level} — expected '{name}'")
    return parameters


def counties_with_parameters(project: Project) -> list[str]:
    """The names of the counties that have a parameter file, in order."""
    names_of_files = (path.stem for path in project.params.glob("*.yaml") if path.stem not in NOT_OF_COUNTIES)
    return sorted(name for name in names_of_files if not name.endswith("-kommun"))


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
    return dict(_content(path, state(path)))


@lru_cache(maxsize=1000)
def _content(path: Path, _state: State) -> dict[str, Any]:
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


def _sentence(fault: Any, where: str, level: str) -> str:
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, names(level), 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"{_at(where)}{name}: unknown parameter — {hint}allowed are {', '.join(names(level))}"
    if fault["type"] == "missing":
        return f"{_at(where)}{name}: the parameter is missing — {MODELS[level].model_fields[name].description}"
    advice = " (write codes in quotes; with papermill use -r, not -p)" if name in LEVELS else ""
    expected = fault["msg"].removeprefix("Input should be ").removeprefix("a ").removeprefix("valid ")
    expected = expected.removeprefix("Value error, ")
    given = repr(fault["input"])
    given = given if len(given) <= MOST_TOLD else f"{given[:MOST_TOLD]}…"
    return f"{_at(where)}{name}: {given} cannot be used — expected {expected}{advice}"
