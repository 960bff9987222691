"""A batch of county reports: papermill runs the notebook, nbconvert makes the page; each file whole or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from psykanalys.data.files import write_all
from psykanalys.data.project import Project
from psykanalys.errors import ParameterError, PsykanalysError, ReportError
from psykanalys.manifest import canonical
from psykanalys.report import forked, index, params, seal, unchanged
from psykanalys.report.asked import file_names
from psykanalys.report.fork import can_fork
from psykanalys.report.formats import ENDINGS, FORMATS, convert
from psykanalys.report.index import Entry

if TYPE_CHECKING:
    from psykanalys.present.county import County

NOTEBOOK = "county_report.ipynb"
NOTEBOOKS = {"county": NOTEBOOK, "municipality": "municipality_report.ipynb"}
TWIN = ".json"


@dataclass(frozen=True)
class Outcome:
    """What became of one county's report. `path` is the first file made, or the kept notebook where any failed.

    `made` are all files that were made, also where another format failed; `message` says what failed. `warnings`: why
    the report must not be mailed. `kept`: nothing had changed, and the files were left as they were.
    """

    county: str
    done: bool
    path: Path
    seconds: float = 0.0
    message: str = ""
    made: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: bool = False

    @property
    def page(self) -> Path | None:
        """The HTML page, if it was made."""
        return next((path for path in self.made if path.suffix == ENDINGS["html"]), None)


def run(
    project: Project,
    counties: Iterable[str] = (),
    *,
    overrides: Mapping[str, Any] | None = None,
    out: Path | None = None,
    jobs: int | None = None,
    formats: Sequence[str] = ("html",),
    previous: Path | None = None,
    level: str = "county",
    everything: bool = False,
    force: bool = False,
    dask: str = "",
    tell: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Make the reports of the areas named (default: counties with a parameter file), and the index of the HTML pages.

    `level` is 'county' or 'municipality'; `everything`: every area of the level that there are figures of.
    Parameters are checked before anything runs. One county, or one format of it, may fail without losing the others;
    `previous` is an earlier twin or a folder of them; a report that is up to date is left as it is, unless `force`;
    `dask` is the address of a scheduler whose workers make them (docs/dask.md); `tell` is called as each county is
    done. Returns the outcomes in the order asked for.
    """
    plan = _planned(project, _Asked(counties, level, everything), overrides, out, formats, previous)
    tasks, refused, folder, formats = plan.tasks, plan.refused, plan.folder, plan.formats
    folder.mkdir(parents=True, exist_ok=True)
    kept = {} if force else {name: each for name in tasks if (each := _up_to_date(plan, name)) is not None}
    for outcome in kept.values():
        tell(outcome)
    due = {name: values for name, values in tasks.items() if name not in kept}
    for name in due:
        unchanged.forget(folder, name)

    def done(outcome: Outcome) -> None:
        if outcome.done:
            unchanged.remember(folder, outcome.county, plan.parts[outcome.county], outcome.made, outcome.warnings)
        tell(outcome)

    how = _How(folder, formats, jobs or os.cpu_count() or 1, dask)
    made = {each.county: each for each in _run_all(project, due, how, done)}
    outcomes = [made.get(name) or kept[name] for name in tasks]
    outcomes += [Outcome(name, False, folder, message=str(error)) for name, error in refused.items()]
    if "html" in formats:
        write_index(folder, outcomes)
    return outcomes


def why(
    project: Project,
    counties: Iterable[str] = (),
    *,
    overrides: Mapping[str, Any] | None = None,
    out: Path | None = None,
    formats: Sequence[str] = ("html",),
    previous: Path | None = None,
    level: str = "county",
    everything: bool = False,
) -> dict[str, str]:
    """Why each county's report would be made by the same call of `run`; empty where it is up to date."""
    plan = _planned(project, _Asked(counties, level, everything), overrides, out, formats, previous)
    return {name: _why(plan, name) for name in plan.tasks} | {name: str(error) for name, error in plan.refused.items()}


@dataclass(frozen=True)
class _Plan:
    """What a batch is to do: each county's parameters, what each report depends on, and what cannot be done."""

    tasks: Mapping[str, Any]
    refused: Mapping[str, ParameterError]
    parts: Mapping[str, Mapping[str, str]]
    folder: Path
    formats: list[str]


@dataclass(frozen=True)
class _Asked:
    """The areas that a batch is asked for."""

    names: Iterable[str]
    level: str
    everything: bool


def _planned(
    project: Project,
    asked: _Asked,
    overrides: Mapping[str, Any] | None,
    out: Path | None,
    formats: Sequence[str],
    previous: Path | None,
) -> _Plan:
    formats = _known(formats)
    names = file_names(project, asked.names, asked.level, everything=asked.everything)
    folder = out or project.reports
    earlier = {name: _earlier(project, previous, name, folder) for name in names} if previous else {}
    tasks, refused = _read_all(project, names, overrides, earlier, asked)
    shared = unchanged.shared_parts(project, notebook(project, asked.level))
    parts = {name: unchanged.parts(project, values, formats) | shared for name, values in tasks.items()}
    return _Plan(tasks, refused, parts, folder, formats)


def _why(plan: _Plan, county: str) -> str:
    expected = [f"{county}{ENDINGS[form]}" for form in plan.formats]
    return unchanged.why_due(plan.folder, county, plan.parts[county], expected)


def _up_to_date(plan: _Plan, county: str) -> Outcome | None:
    """The outcome of a report that need not be made again."""
    record = None if _why(plan, county) else unchanged.read(plan.folder, county)
    if record is None:
        return None
    files = tuple(plan.folder / name for name in record.files)
    return Outcome(county, True, files[0], made=files, warnings=record.warnings, kept=True)


def run_one(
    project: Project, county: str, values: Mapping[str, Any], folder: Path, formats: Sequence[str] = ("html",)
) -> Outcome:
    """Run one county's notebook and write its report. Never raises: what went wrong is in the outcome."""
    started = time.perf_counter()
    with TemporaryDirectory(prefix="psykanalys-") as workshop:
        executed = Path(workshop) / f"{county}.ipynb"
        try:
            _execute(project, values, executed)
            page = _page(executed)
        except Exception as error:  # noqa: BLE001 - one county may fail in any way without losing the others
            outcome = Outcome(county, False, _kept(county, executed, folder), message=_what_happened(error))
        else:
            outcome = _written(project, values, _Made(county, page, executed), folder, formats)
    return replace(outcome, seconds=time.perf_counter() - started)


def make(project: Project, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Make one county's page and its twin and write nothing. Raises ReportError where the notebook fails."""
    with TemporaryDirectory(prefix="psykanalys-") as workshop:
        executed = Path(workshop) / "report.ipynb"
        try:
            _execute(project, values, executed)
        except Exception as error:
            raise ReportError(f"the report cannot be made again: {_what_happened(error)}") from error
        page = _page(executed)
    from psykanalys.present.twin import written
    from psykanalys.report.gate import leaks_in, marked

    report = _report(project, values, page)
    twin = _twin_of(report, page) if report else {}
    files = {"page.html": page.encode(), "twin.json": written(twin).encode()}
    if report and leaks_in(files, report):
        page = marked(page)
        twin = _twin_of(report, page)
    return page, twin


def twin_of(project: Project, values: Mapping[str, Any], page: str) -> dict[str, Any]:
    """The twin of a finished page: the county's figures, and what the page itself shows of them."""
    from psykanalys.present.county import load

    return _twin_of(load(project=project, **values), page)


def _twin_of(report: County, page: str) -> dict[str, Any]:
    manifest = seal.manifest_of(page) or {}
    told = {"manifest": manifest, "code": seal.code(manifest), "sha256": sha256(page.encode()).hexdigest()}
    return {**report.twin, "page": {**told, "shown": seal.shown(page)}}


def _read_all(
    project: Project, names: list[str], overrides: Mapping[str, Any] | None, earlier: Mapping[str, Any], asked: _Asked
) -> tuple[dict[str, Any], dict[str, ParameterError]]:
    """The parameters of each county, and what was wrong with those that cannot be used; raises if none can."""
    if asked.level in (overrides or {}):
        raise ParameterError(
            f"{asked.level}: cannot be overridden — name the {asked.level} instead: "
            f"psykanalys report {asked.level.upper()}"
        )
    optional = asked.everything or asked.level == "municipality"
    tasks: dict[str, Any] = {}
    refused: dict[str, ParameterError] = {}
    for name in names:
        try:
            given = {**(overrides or {}), **earlier.get(name, {})}
            tasks[name] = params.read(project, name, given, level=asked.level, optional=optional).model_dump()
        except ParameterError as error:
            refused[name] = error
    if not tasks:
        raise ParameterError("\n".join(dict.fromkeys(str(error) for error in refused.values())))
    return tasks, refused


def _earlier(project: Project, previous: Path, county: str, folder: Path) -> dict[str, str]:
    """The parameter that names a county's earlier twin; nothing where a folder of twins has none of it."""
    path = previous / f"{county}{TWIN}" if previous.is_dir() else previous
    if previous.is_dir() and not path.is_file():
        return {}
    if path.resolve() == (folder / f"{county}{TWIN}").resolve():
        raise ParameterError(
            f"--previous {previous}: would be overwritten by this run — copy the earlier reports first"
        )
    relative = os.path.relpath(path.resolve(), project.root.resolve())
    return {"previous": Path(relative).as_posix()}


def write_index(folder: Path, outcomes: Iterable[Outcome]) -> Path:
    """Write the index of a batch's reports, with those that lie in the folder from before."""
    entries = [Entry(outcome.county, outcome.page) for outcome in outcomes]
    names = {entry.name for entry in entries}
    pages = (folder / f"{name}.html" for name in unchanged.remembered(folder) if name not in names)
    return index.write_index(folder, [*entries, *(Entry(page.stem, page) for page in pages if page.is_file())])


def _known(formats: Sequence[str]) -> list[str]:
    """The formats, each once; raises for one that is not known."""
    if unknown := [form for form in formats if form not in FORMATS]:
        raise PsykanalysError(f"format: '{unknown[0]}' — expected one of {', '.join(FORMATS)}")
    return list(dict.fromkeys(formats))


@dataclass(frozen=True)
class _How:
    """Where reports go, as what, how many at once, and on which cluster ("": here)."""

    folder: Path
    formats: Sequence[str]
    jobs: int
    dask: str


def _run_all(
    project: Project, tasks: Mapping[str, Any], how: _How, tell: Callable[[Outcome], None]
) -> Iterator[Outcome]:
    for outcome in _made(project, tasks, how) if tasks else ():
        tell(outcome)
        yield outcome


def _made(project: Project, tasks: Mapping[str, Any], how: _How) -> Iterator[Outcome]:
    """Make the reports, each as soon as there is somebody free to make it."""
    jobs = min(how.jobs, len(tasks))
    if how.dask:
        from psykanalys.report import remote

        return remote.run(project, tasks, how.folder, how.formats, how.dask)
    if can_fork():
        return _forked(project, tasks, how.folder, how.formats, jobs)
    if jobs <= 1:
        return (run_one(project, name, values, how.folder, how.formats) for name, values in tasks.items())
    return _pooled(project, tasks, how.folder, how.formats, jobs)


def _pooled(
    project: Project, tasks: Mapping[str, Any], folder: Path, formats: Sequence[str], jobs: int
) -> Iterator[Outcome]:
    """Make the reports in a pool of processes."""
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        futures: dict[Future[Outcome], str] = {
            pool.submit(run_one, project, name, values, folder, formats): name for name, values in tasks.items()
        }
        for future in as_completed(futures):
            name = futures[future]
            error = future.exception()
            yield future.result() if error is None else Outcome(name, False, folder, message=str(error))


def _forked(
    project: Project, tasks: Mapping[str, Any], folder: Path, formats: Sequence[str], jobs: int
) -> Iterator[Outcome]:
    """Make each report in a fork of one process that has everything loaded."""
    from psykanalys.data.prepare import load_prepared

    with forked.server() as server:
        order = forked.largest_first(load_prepared(project), tasks)
        index.have_map()  # the server is not ready yet
        server.send(forked.warming(project, {values["threshold"] for values in tasks.values()}))
        given = {name: (project, name, tasks[name], folder, formats) for name in order}
        for name, outcome, fault in forked.run(server, given, jobs):
            yield outcome or Outcome(name, False, folder / f"{name}.failed.ipynb", message=fault)


def _execute(project: Project, values: Mapping[str, Any], executed: Path) -> None:
    from psykanalys.report.execute import execute

    execute(notebook(project, params.level_of(values)), values, executed, project.root)


def notebook(project: Project, level: str = "county") -> Path:
    """The notebook that reports of a level are made with: the project's own, or the shipped one."""
    name = NOTEBOOKS[level]
    own = project.notebooks / name
    return own if own.is_file() else Path(__file__).parents[1] / "project" / "notebooks" / name


def _page(executed: Path) -> str:
    from psykanalys.report.exporter import shared_exporter

    return shared_exporter().from_filename(str(executed))[0]


@dataclass(frozen=True)
class _Made:
    """A finished page, whose it is, and the notebook that it was made of."""

    county: str
    page: str
    executed: Path


def _written(project: Project, values: Mapping[str, Any], made: _Made, folder: Path, formats: Sequence[str]) -> Outcome:
    """Write each format, and the page's twin; one may fail without losing the others."""
    from psykanalys.report.gate import leaks_in, marked

    report = _report(project, values, made.page)
    contents, faults = _converted(made, report, formats)
    found = leaks_in(contents, report) if report else []
    if found:
        contents, faults = _converted(replace(made, page=marked(made.page)), report, formats)
    files = [folder / name for name in contents]
    try:
        write_all({folder / name: content for name, content in contents.items()})
    except OSError as error:
        files = []
        faults.append(f"{folder}: cannot be written ({error.strerror}) — earlier files are untouched")
    warnings = tuple(map(str, found))
    if faults:
        kept = _kept(made.county, made.executed, folder)
        return Outcome(made.county, False, kept, message="; ".join(faults), made=tuple(files), warnings=warnings)
    (folder / f"{made.county}.failed.ipynb").unlink(missing_ok=True)
    return Outcome(made.county, True, files[0], made=tuple(files), warnings=warnings)


def _report(project: Project, values: Mapping[str, Any], page: str) -> County | None:
    """The county that a page is of; a page of somebody's own notebook, without manifest, may be of none."""
    from psykanalys.present.county import load

    if not seal.manifest_of(page):
        return None
    ahead = _ahead.pop(canonical(dict(values)), None)
    if ahead and not ahead.exception():
        return ahead.result()
    return load(project=project, **values)  # what went wrong ahead is told here


_ahead: dict[str, Future[County]] = {}


def check_ahead(project: Project, values: Mapping[str, Any]) -> None:
    """Put together what a finished report is checked against, in a thread, while its notebook runs.

    For a process that makes one report, after its kernel was forked.
    """
    sys.setswitchinterval(0.0005)  # seconds: messages of the kernel are not to wait
    thread = ThreadPoolExecutor(1)
    _ahead[canonical(dict(values))] = thread.submit(_checkable, project, values)
    thread.shutdown(wait=False)


def _checkable(project: Project, values: Mapping[str, Any]) -> County:
    from psykanalys.present.county import load
    from psykanalys.report import gate

    report = load(project=project, **values)
    _ = report.twin
    gate.know(report)
    return report


def _converted(made: _Made, report: County | None, formats: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """Each format's file by name, and what failed."""
    contents: dict[str, bytes] = {}
    faults: list[str] = []
    for form in (*formats, *(["twin"] if "html" in formats and report else [])):
        try:
            contents[f"{made.county}{ENDINGS.get(form, TWIN)}"] = _content(made, form, report, formats)
        except Exception as error:  # noqa: BLE001 - one format may fail in any way without losing the others
            faults.append(f"{form}: {_what_happened(error)}")
    return contents, faults


def _content(made: _Made, form: str, report: County | None, formats: Sequence[str]) -> bytes:
    if form == "twin" and report:
        from psykanalys.present.twin import written

        return written(_twin_of(report, made.page)).encode()
    return convert(made.page, form, made.county, formats)


def _kept(county: str, executed: Path, folder: Path) -> Path:
    """Where the notebook of a failed report is kept."""
    kept = folder / f"{county}.failed.ipynb"
    if executed.is_file():
        with suppress(OSError):  # where the reports could not be written either
            write_all({kept: executed.read_bytes()})
    return kept


def _what_happened(error: Exception) -> str:
    """A user's mistake as it was said inside the notebook; anything else by its type and first line."""
    said = getattr(error, "evalue", None)
    if said is not None:
        return f"{getattr(error, 'ename', 'error')}: {said}".removeprefix("ParameterError: ")
    if isinstance(error, PsykanalysError):
        return str(error)
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
