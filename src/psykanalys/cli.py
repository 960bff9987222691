"""The command `psykanalys`. Exit 0: done; 1: the analyst must act; 2: wrong usage."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from psykanalys import __version__
from psykanalys.errors import DataError, PsykanalysError

if TYPE_CHECKING:
    from datetime import date

    from psykanalys.data.project import Project
    from psykanalys.mail.addresses import Mailbox
    from psykanalys.mail.mailing import Post, Result
    from psykanalys.report.runner import Outcome

INTERRUPTED = 130  # exit code after Ctrl-C, by which the command-line library tells of it

app = typer.Typer(
    name="psykanalys",
    help="Swedish county plans for mental health: raw figures in, one report per county out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ProjectOption = Annotated[Path | None, typer.Option("--project", help="Project folder (default: here or above).")]
DaskOption = Annotated[
    str, typer.Option("--dask", metavar="ADDRESS", help="Scheduler of dask.distributed, such as tcp://scheduler:8786.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,  # noqa: FBT002
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


# typer.Exit is raised above for --version even though no command was given
app.info.invoke_without_command = True


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Raw files (default: all).")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Validate raw data: every fault with file, row, column and what to do.

    Example: psykanalys check data/raw/gavleborg-plan-2017/goals.csv
    """
    from psykanalys.data.prepare import check_project, raw_files

    where = _project(project)
    files = [inner for path in files or [] for inner in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    for path in files:
        if not path.is_file():
            raise PsykanalysError(f"{path}: no such file — name a CSV file of raw data, or its folder")
    faults = check_project(where, files)
    if as_json:
        _tell(json.dumps([vars(fault) for fault in faults], ensure_ascii=False, indent=1))
    else:
        for fault in faults:
            _tell(str(fault))
        checked = _counted(len(files or raw_files(where)), "file")
        _tell(f"{_counted(len(faults), 'fault')} in {checked}" if faults else f"{checked}, no faults", err=True)
    raise typer.Exit(1 if faults else 0)


@app.command()
def prepare(project: ProjectOption = None) -> None:
    """Turn raw data into data/processed/ (one Parquet file per kind and a manifest).

    Example: psykanalys prepare
    """
    from psykanalys.data.prepare import prepare as run

    where = _project(project)
    prepared = run(where)
    for kind, table in prepared.tables.items():
        _tell(f"{kind}: {len(table)} rows")


@app.command()
def report(
    counties: Annotated[
        list[str] | None, typer.Argument(metavar="[AREA]...", help="Counties (or municipalities) by name or code.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every county that has documents.")] = False,  # noqa: FBT002
    level: Annotated[str, typer.Option("--level", help="county or municipality (all that have figures).")] = "county",
    param: Annotated[list[str] | None, typer.Option("--param", metavar="K=V", help="Override a parameter.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the pages (default: reports/).")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="How many at once (default: one per core).")] = None,
    forms: Annotated[
        list[str] | None, typer.Option("--format", help="html, pdf, text or docx; may be repeated (default: html).")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="Earlier twin, or folder of twins: tell what has changed since.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make all again, also what is up to date.")] = False,  # noqa: FBT002
    why: Annotated[bool, typer.Option("--why", help="Only tell what would be made, and why.")] = False,  # noqa: FBT002
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write what became of each area, as JSON.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds that one notebook may take.")] = 600,
    dask: DaskOption = "",
    project: ProjectOption = None,
) -> None:
    """Make the reports: no county named means every county that has a parameter file.

    Example: psykanalys report gavleborg --format html --format pdf --param "contact=Region Gävleborg"
    """
    from psykanalys.report import fork, forked
    from psykanalys.report.formats import FORMATS

    fork.seldom_look_for_cycles()
    formats = forms or ["html"]
    for form in formats:
        _one_of("--format", form, FORMATS)
    _one_of("--level", level, ("county", "municipality"))
    where = _project(project)
    os.environ[forked.LIMIT] = f"{timeout:g}"
    if not why and not dask and (force or forked.looks_due(where, out or where.reports)):
        forked.start_early()
    from psykanalys.data.prepare import load_prepared
    from psykanalys.report import params, runner

    overrides = dict(params.parse_override(text) for text in param or [])
    load_prepared(where)
    asked: Any = {"overrides": overrides, "out": out, "formats": formats, "previous": previous, "level": level}
    asked |= {"everything": everything}
    if why:
        found = runner.why(where, counties or [], **asked)
        _tell("\n".join(f"{county}: {reason or 'up to date'}" for county, reason in found.items()))
        return
    started = time.perf_counter()
    with _progress() as tell:
        outcomes = runner.run(where, counties or [], **asked, jobs=jobs, force=force, dask=dask, tell=tell)
    _tell_batch(outcomes, time.perf_counter() - started, (out or where.reports).as_posix(), summary)
    raise typer.Exit(0 if all(outcome.done for outcome in outcomes) else 1)


def _tell_batch(outcomes: list[Outcome], seconds: float, folder: str, summary: Path | None) -> None:
    """Tell what became of a batch, and write it to a file where one is named."""
    from psykanalys.data.files import write_all
    from psykanalys.report.summary import as_data, told

    if summary:
        content = json.dumps(as_data(outcomes, seconds, folder), ensure_ascii=False, indent=1)
        write_all({summary: f"{content}\n".encode()})
    _tell(told(outcomes, seconds, folder))
    for outcome in outcomes:
        for warning in outcome.warnings:
            _tell(f"not for mailing: {warning}", err=True)
    for message, names in _failures(outcomes).items():
        _tell(f"failed: {', '.join(names)} — {message}", err=True)


def _failures(outcomes: list[Outcome]) -> dict[str, list[str]]:
    """The areas that failed, by what is to be told of them."""
    told: dict[str, list[str]] = {}
    for outcome in outcomes:
        if not outcome.done:
            kept = f" (notebook kept: {outcome.path})" if outcome.path.is_file() else ""
            told.setdefault(f"{outcome.message}{kept}", []).append(outcome.county)
    return told


@app.command()
def records(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or Parquet files, or folders of them.")],
    extract_date: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="Day when the extract was drawn.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to, outside data/raw.")],
    month: Annotated[
        str | None, typer.Option("--month", help="2024-06 or 2024-01/2024-06 (default: the last whole month).")
    ] = None,
    by: Annotated[list[str] | None, typer.Option("--by", help="area, unit, sex or age; may be repeated.")] = None,
    names: Annotated[Path | None, typer.Option("--names", help="YAML file: the system's own names.")] = None,
    units: Annotated[Path | None, typer.Option("--units", help="CSV file: the units that should report.")] = None,
    publisher: Annotated[str, typer.Option("--publisher", help="Who publishes the figures.")] = "",
    threshold: Annotated[int, typer.Option("--threshold", min=3, help="Counts below it are small.")] = 5,
    threads: Annotated[int, typer.Option("--threads", min=1, help="How many threads.")] = 2,
    memory: Annotated[str, typer.Option("--memory", help="What the database may use.")] = "1GB",
    temporary: Annotated[
        Path | None, typer.Option("--temporary", help="Folder for what does not fit in memory.")
    ] = None,
    dask: DaskOption = "",
) -> None:
    """Count waiting times from an extract with a row per contact (docs/records.md).

    Writes raw files to OUT/raw/ and the rows that are impossible, with the reason, to OUT/quarantine.csv.

    Example: psykanalys records extract.parquet --date 2024-07-01 --out waits --month 2024-01/2024-06
    """
    from psykanalys.records import contract, counts, engine, order, run

    for margin in by or ():
        _one_of("--by", margin, counts.MARGINS)
    done = run.measure(
        order.Order(
            files, out, _day(extract_date), contract.read_names(names) if names else contract.Names(), month,
            tuple(dict.fromkeys(by or ())), run.read_units(units) if units else (), publisher, threshold,
            engine.Bounds(threads, memory, temporary), dask,
        )
    )  # fmt: skip
    for reason, number in done.quarantined.items():
        _tell(f"{_counted(number, 'row')} in quarantine: {reason}", err=True)
    where = f" → {done.quarantine.as_posix()}" if done.quarantine else ""
    _tell(f"{_counted(done.rows, 'row')}: {done.used} used, {done.rows - done.used} in quarantine{where}")
    _tell(f"{_counted(done.observations, 'observation')} in {', '.join(done.documents)} → {(out / 'raw').as_posix()}/")


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' — expected a day such as 2024-07-01", param_hint="--date") from None


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML page of a report.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Make a report again and tell whether the page is identical, or where it differs and why.

    Example: psykanalys verify reports/gavleborg.html
    """
    from psykanalys.report import verify as proving

    proof = proving.verify(file, _project(project))
    _tell(proving.as_json(proof) if as_json else proving.told(proof))
    raise typer.Exit(0 if proof.identical else 1)


@app.command()
def mail(
    counties: Annotated[list[str], typer.Argument(metavar="COUNTY...", help="Counties by name or code.")],
    to: Annotated[list[str] | None, typer.Option("--to", metavar="ADDR", help="Recipient; may be repeated.")] = None,
    cc: Annotated[list[str] | None, typer.Option("--cc", metavar="ADDR", help="Copy; may be repeated.")] = None,
    form: Annotated[str, typer.Option("--format", help="What is attached: html, pdf or zip.")] = "html",
    eml: Annotated[Path | None, typer.Option("--eml", help="Folder to write one draft per county to.")] = None,
    host: Annotated[str | None, typer.Option("--smtp", metavar="HOST:PORT", help="Server to send with.")] = None,
    starttls: Annotated[bool, typer.Option("--starttls", help="Encrypt the line; else refused.")] = False,  # noqa: FBT002
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt the line from the start (port 465).")] = False,  # noqa: FBT002
    user: Annotated[str, typer.Option("--user", help="Name to log in with.")] = "",
    sender: Annotated[str | None, typer.Option("--from", metavar="ADDR", help="Who sends.")] = None,
    ca: Annotated[Path | None, typer.Option("--ca", help="Certificate of the server's own authority (PEM).")] = None,
    recipients: Annotated[
        Path | None, typer.Option("--recipients", help="YAML file: county → to, cc (default: params/recipients.yaml).")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="Earlier twin, or folder of twins (default: the last mailed).")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--reports", help="Folder of the pages (default: reports/).")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also to who has the same report already.")] = False,  # noqa: FBT002
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go to whom; write nothing.")] = False,  # noqa: FBT002
    project: ProjectOption = None,
) -> None:
    """Mail finished reports: as drafts (--eml) or over SMTP; each is proved first (docs/mail.md).

    The password comes from PSYKANALYS_SMTP_PASSWORD or the keyring (service psykanalys).

    Example: psykanalys mail norrbotten --to "Anna Öberg <anna@example.se>" --eml drafts
    """
    from psykanalys.mail import addresses, mailing

    _one_of("--format", form, tuple(mailing.FORMATS))
    if not dry_run and (eml is None) == (host is None):
        raise typer.BadParameter("name either --eml DIR or --smtp HOST:PORT (or --dry-run)")
    where = _project(project)
    wanted = addresses.recipients(to or [], cc or [])
    order = mailing.Order(wanted, mailing.read_book(where, recipients), form, folder, previous)
    by = addresses.read_mailbox(sender, "--from: ") if sender else None
    carrier = (
        None
        if dry_run
        else mailing.Drafts(eml, by)
        if eml
        else _post(host or "", user, by, ca, starttls=starttls, tls=tls)
    )
    ready, refused = mailing.prepare(where, counties, order, tell=_on_terminal)
    for each in ready if dry_run else ():
        _tell(mailing.described(where, each, by))
    _tell_all(refused)
    mailed = mailing.mail(where, ready, carrier, ask=lambda said: again or _confirmed(said)) if carrier else iter(())
    results = [*refused, *_tell_all(mailed)]
    raise typer.Exit(0 if all(result.done for result in results) else 1)


def _tell_all(results: Iterable[Result]) -> list[Result]:
    """Tell what became of each letter as it is done."""
    told = []
    for result in results:
        _tell(f"{result.county}: {result.said}", err=not result.done)
        told.append(result)
    return told


def _post(host: str, user: str, sender: Mailbox | None, ca: Path | None, *, starttls: bool, tls: bool) -> Post:
    """What sends over SMTP; the password is asked of environment and keyring only."""
    from psykanalys.mail import smtp
    from psykanalys.mail.mailing import Post

    if sender is None:
        raise typer.BadParameter("--smtp needs --from ADDR")
    server = smtp.Server(*smtp.read_server(host), user, starttls, ca, tls)
    password = smtp.find_password(user) if user else ""
    return Post(server, sender, password, lambda said: _tell(said, err=True))


def _on_terminal(said: str) -> None:
    if sys.stderr.isatty():
        _tell(said, err=True)


def _confirmed(question: str) -> bool:
    """The answer of whoever sits there; nobody is no."""
    from psykanalys.data.text import visible

    return sys.stdin.isatty() and typer.confirm(visible(question))


@app.command()
def trace(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML page of a report.")],
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Only figures that say this, or one reference.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """List a page's figures by section, each with its way to the raw row, the document and the line.

    Example: psykanalys trace reports/vasterbotten.html "28 av 39"
    """
    from psykanalys.report import trace as tracing

    traced = tracing.trace(file, _project(project), text)
    _tell(tracing.as_json(traced) if as_json else tracing.told(traced))
    if unknown := tracing.unresolved(traced):
        raise PsykanalysError(f"{_counted(len(unknown), 'reference')} cannot be resolved: {', '.join(unknown)}")


@app.command()
def export(
    kind: Annotated[
        str, typer.Argument(help="observations, results, verdicts, goals, activities, targets, audit … or figures")
    ],
    only: Annotated[str | None, typer.Argument(metavar="[COUNTY]", help="Only this county.")] = None,
    county: Annotated[str | None, typer.Option("--county", help="The same.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, json or parquet.")] = "csv",
    excel: Annotated[bool, typer.Option("--excel", help="Semicolons and decimal commas.")] = False,  # noqa: FBT002
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: print); folder for figures.")
    ] = None,
    project: ProjectOption = None,
) -> None:
    """Write one kind of row as a flat table, or every figure as SVG, PNG and CSV.

    Example: psykanalys export verdicts norrbotten --excel --out verdicts.csv

    Example: psykanalys export figures norrbotten --out figures
    """
    from psykanalys import export as tables

    _one_of("KIND", kind, (*tables.KINDS, "figures"))
    _one_of("--format", form, tables.FORMATS)
    if only and county and only != county:
        raise typer.BadParameter(f"two counties, '{only}' and '{county}' — name one")
    if excel and form != "csv":
        raise typer.BadParameter("--excel goes with --format csv")
    if kind == "figures" and form != "csv":
        raise typer.BadParameter("figures are written as SVG, PNG and CSV — leave --format out")
    if kind == "figures":
        _export_figures(_project(project), only or county, out, excel=excel)
        return
    if form == "parquet" and out is None:
        raise typer.BadParameter("--format parquet needs --out FILE")
    table = tables.export_table(kind, _project(project), only or county)
    if out is None:
        sys.stdout.write(tables.as_text(table, form, excel=excel))
    else:
        tables.write_table(table, out, form, excel=excel)


def _export_figures(project: Project, county: str | None, out: Path | None, *, excel: bool) -> None:
    from psykanalys.present.export_figures import export_figures

    for folder, count in export_figures(project, county, out=out, excel=excel).items():
        _tell(f"{_counted(count, 'figure')} in {folder.as_posix()}/")


@app.command()
def audit(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COUNTY|DIR]...", help="Counties, or folders with a plan's files (default: all)."),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Each finding with its row or cell.")] = False,  # noqa: FBT002
    codes: Annotated[bool, typer.Option("--codes", help="List the codes and what they mean.")] = False,  # noqa: FBT002
    project: ProjectOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Tell what plans lack for their goals to be followed: counties side by side, by code.

    DIR holds sources.csv and the plan's CSV files; it need not lie in a project. Findings are no faults: exit 0.

    Example: psykanalys audit norrbotten --details
    """
    from psykanalys.present import audit_console as console

    if codes:
        listed = {row["code"]: f"{row['text']} ({row['severity']})" for row in console.codes()}
        _tell(json.dumps(console.codes(), ensure_ascii=False, indent=1) if as_json else _columns(listed))
        return
    plans = console.audit_plans(names or [], project)
    if as_json:
        _tell(json.dumps(console.as_records(plans), ensure_ascii=False, indent=1))
        return
    _tell(console.side_by_side(plans))
    for line in console.details(plans) if details else ():
        _tell(line)


@app.command()
def indicators(
    name: Annotated[str | None, typer.Argument(metavar="[ID]", help="Show one definition.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """List the measures in the catalogue, or show one definition.

    Example: psykanalys indicators audit_screening_units
    """
    from psykanalys.catalogue import get_indicator, load_catalogue

    if name:
        import yaml

        definition = get_indicator(name).model_dump(mode="json", exclude_none=True)
        written = yaml.safe_dump(definition, allow_unicode=True, sort_keys=False, width=120)
        _tell(json.dumps(definition, ensure_ascii=False, indent=1) if as_json else written.rstrip())
        return
    listed = {key: indicator.title for key, indicator in load_catalogue().items()}
    _tell(json.dumps(listed, ensure_ascii=False, indent=1) if as_json else _columns(listed))


@app.command("new-county")
def new_county(
    name: Annotated[str, typer.Argument(metavar="NAME", help="County by name or code.")],
    year: Annotated[int | None, typer.Option("--year", help="First year of the plan (default: this year).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="New folder (default: plans/COUNTY-plan-YEAR).")] = None,
) -> None:
    """Make a folder for a new county's plan: an Excel workbook to fill in, and empty raw files.

    Example: psykanalys new-county Halland --year 2024
    """
    from datetime import date

    from psykanalys.data.reader import shown
    from psykanalys.data.workbook.raw import new_county as lay_out
    from psykanalys.data.workbook.raw import other_plans

    workbook = lay_out(name, year or date.today().year, out)
    _tell(f"{workbook.as_posix()}: fill it in (docs/ny-plan.md), then: psykanalys read-workbook {workbook.as_posix()}")
    for other in other_plans(workbook):
        _tell(f"note: {shown(other)} is there too, for another year — delete it if its year was a mistake", err=True)


@app.command("read-workbook")
def read_workbook(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="A workbook made by new-county.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the raw files (default: beside it).")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over rows of the same document.")] = False,  # noqa: FBT002
) -> None:
    """Turn a filled-in workbook into raw files: every fault with sheet, cell and what to do.

    Example: psykanalys read-workbook plans/halland-plan-2024/halland-plan-2024.xlsx --out data/raw
    """
    from psykanalys.data.workbook.raw import raw_from_workbook

    written = raw_from_workbook(file, out, replace=replace)
    for note in written.notes:
        _tell(f"note: {note}", err=True)
    _tell(f"{written.folder.as_posix()}/: the raw files are written")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="New folder, or one with a demo to --check.")],
    indicators: Annotated[int, typer.Option("--indicators", min=5, help="How many measures.")] = 100,
    years: Annotated[int, typer.Option("--years", min=3, help="How many years, to 2024.")] = 15,
    counties: Annotated[int, typer.Option("--counties", min=1, max=21, help="How many counties, by code.")] = 21,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives other figures.")] = 1,
    check: Annotated[bool, typer.Option("--check", help="Hold the verdicts against the truth.")] = False,  # noqa: FBT002
) -> None:
    """Make a project of made-up figures for all of Sweden, with the truth beside them (docs/registers.md).

    Example: psykanalys demo sverige && psykanalys report --all --project sverige
    """
    from psykanalys import demo as made_up

    if check:
        table = made_up.check_verdicts(_project(folder))
        _tell(table.to_string(float_format="{:.4f}".format))
        return
    packaged = Path(__file__).parent / "project"
    shipped = packaged if packaged.is_dir() else Path(__file__).parents[2]
    rows = made_up.make_demo(folder, shipped, made_up.Size(indicators, years, counties, seed))
    _tell(f"{folder}: {rows} made-up figures — psykanalys report --all --project {folder}")


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="New folder.")]) -> None:
    """Lay out a project folder with the shipped notebook, parameters and raw data.

    Example: psykanalys init my-analysis
    """
    packaged = Path(__file__).parent / "project"
    source = packaged if packaged.is_dir() else Path(__file__).parents[2]
    if folder.exists():
        raise PsykanalysError(f"{folder}: already exists — name a new folder")
    try:
        for part in ("notebooks", "params", "data/raw"):
            shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns(".*", "recipients.yaml"))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise PsykanalysError(f"{folder}: cannot be written ({_why(error)}) — choose another place") from error
        raise
    _tell(f"{folder}: ready — cd {folder} && psykanalys report")


def main() -> NoReturn:
    """The command as its own process: at its end, what it has read is not put away piece by piece."""
    try:
        run()
    except SystemExit as end:
        if threading.active_count() > 1 or not isinstance(end.code, int | None):
            raise
        atexit._run_exitfuncs()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(end.code or 0)
    sys.exit(0)


def run() -> None:
    """Run the command; a user's mistake is a sentence and exit 1, never a traceback."""
    try:
        app()
    except DataError as error:
        for fault in error.faults:
            _tell(str(fault), err=True)
        _tell(f"{_counted(len(error.faults), 'fault')} — nothing was written; mend and run again", err=True)
        sys.exit(1)
    except PsykanalysError as error:
        _tell(f"psykanalys: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        _tell(f"psykanalys: {error.filename or 'a file'}: {error.strerror} — choose another place", err=True)
        sys.exit(1)
    except MemoryError:
        _tell("psykanalys: the memory is full — a file is too large for this machine", err=True)
        sys.exit(1)
    except SystemExit as error:
        _tell_of_interrupt(error)
        raise
    finally:
        if forked := sys.modules.get("psykanalys.report.forked"):
            forked.end_early()


def _tell_of_interrupt(end: SystemExit) -> None:
    if end.code == INTERRUPTED:
        _tell("psykanalys: interrupted", err=True)


def _tell(text: str, *, err: bool = False) -> None:
    """Print text that may come from files: what a terminal would obey is written as its escape."""
    from psykanalys.data.text import visible

    typer.echo(visible(text), err=err)


def _why(error: OSError) -> str:
    """Why a folder could not be copied; shutil gathers a list of (from, to, why)."""
    first = error.args[0] if error.args else ""
    return error.strerror or (str(first[0][2]) if isinstance(first, list) and first else str(error))


def _project(folder: Path | None) -> Project:
    from psykanalys.data.project import find_project

    return find_project(folder)


@contextmanager
def _progress() -> Iterator[Callable[[Outcome], None]]:
    """Tell of each report as it is done: under a spinner on a terminal, as plain lines in a log."""

    def tell(outcome: Outcome) -> None:
        made = f"→ {', '.join(path.name for path in outcome.made)}" if outcome.made else ""
        if outcome.kept:
            _tell(f"{outcome.county}: up to date", err=True)
            return
        state = made if outcome.done else f"FAILED {made}".rstrip()
        _tell(f"{outcome.county}: {outcome.seconds:.1f} s {state}", err=True)

    if not sys.stderr.isatty():
        yield tell
        return
    from rich.console import Console

    with Console(stderr=True).status("making reports …"):
        yield tell


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise typer.BadParameter(f"'{value}' — expected one of {', '.join(allowed)}", param_hint=what)


def _columns(rows: dict[str, Any]) -> str:
    width = max((len(name) for name in rows), default=0)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows.items())


__all__ = ["app", "main", "pd"] if TYPE_CHECKING else ["app", "main"]
