"""Every kind of bad raw input that we know: the command tells file, row, column and what to do, and writes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

RAW = "data/raw"
PLAN = f"{RAW}/vb-plan"
OBS = f"{PLAN}/observations.csv"
OUTSIDE_A_DOCUMENT = ("sources", "commentary", "overrides")


@dataclass(frozen=True)
class Bad:
    """One kind of bad input: how the small project is spoiled, where the fault is told and what it says."""

    name: str
    where: str
    says: str
    spoil: Callable


def row(name: str, at: str, says: str, **cells: str) -> Bad:
    """Cells of one row that do not go together; `at` is the file's kind, the line and the column that is told."""
    kind, line, column = at.split(":")
    where = f"{RAW if kind in OUTSIDE_A_DOCUMENT else PLAN}/{kind}.csv:{line}:{column}"
    return Bad(name, where, says, lambda small: small.set(kind, int(line), **cells))


def cell(name: str, at: str, given: str, says: str) -> Bad:
    """One cell that is wrong by itself."""
    return row(name, at, says, **{at.split(":")[2]: given})


def file(name: str, content: bytes, says: str) -> Bad:
    """Another content of the file of observations."""
    return Bad(name, f"{OBS}:-:-", says, lambda small: small.path("observations").write_bytes(content))


def move(kind: str, to: str) -> Callable:
    def spoil(small) -> None:
        target = small.root / RAW / to
        target.parent.mkdir(exist_ok=True)
        small.path(kind).rename(target)

    return spoil


def become_folder(small) -> None:
    path = small.path("observations")
    path.unlink()
    path.mkdir()


def twice_in_documents(small) -> None:
    (small.root / RAW / "gb-survey").mkdir()
    header, *rows = small.records("units")
    other = [[value.replace("vb-plan", "gb-survey").replace("24", "21") for value in cells] for cells in rows]
    small.write("gb-survey/units.csv", [header, *other])


def another_area(small) -> None:
    (small.root / RAW / "gb-survey").mkdir()
    header, *rows = small.records("areas")
    cells = {"id": "area-other", "source": "gb-survey", "places": "gb-survey:1", "name": "Umeå med kranskommuner"}
    small.write("gb-survey/areas.csv", [header, *([{**dict(zip(header, row, strict=True)), **cells}[name]
                                                   for name in header] for row in rows)])  # fmt: skip


FILES = [
    file("an empty file", b"", "the file is empty — a header line: id,source,places,section,indicator,area"),
    file("only blank lines", b"\n \n\r\n\n", "the file is empty — a header line"),
    file("only delimiters", b",,,,\n,,,,\n", "the file is empty — a header line"),
    file("a byte order mark and nothing else", b"\xef\xbb\xbf", "the file is empty — a header line"),
    file("an Excel workbook saved as .csv", b"PK\x03\x04\x14\0\x06\0", "the file is an Excel workbook, not CSV"),
    file("an old Excel workbook saved as .csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "the file is an Excel workbook, not CSV"),
    Bad(
        "a file in UTF-16", f"{OBS}:-:-", "the file is UTF-16 — save it as CSV UTF-8",
        lambda small: small.recode("observations", "utf-16"),
    ),
    Bad(
        "a file in UTF-16 without byte order mark", f"{OBS}:1:-",
        "a NUL character stands here: the file is UTF-16 or damaged — save it as CSV UTF-8",
        lambda small: small.recode("observations", "utf-16-le"),
    ),
    Bad(
        "a NUL byte", f"{OBS}:3:-", "a NUL character stands here",
        lambda small: small.replace("observations", b"\nobs-sub", b"\nobs\0sub"),
    ),
    Bad(
        "letters broken by the wrong encoding", f"{OBS}:5:unit",
        "letters are broken (å ä ö were saved in the wrong encoding) — save it as CSV UTF-8",
        lambda small: small.recode("observations", "utf-8", small.path("observations").read_text(encoding="cp1252")),
    ),
    Bad("a folder named like a file", f"{OBS}:-:-", "the file cannot be read (Is a directory)", become_folder),
    Bad(
        "a file name misspelt", f"{PLAN}/observation.csv:-:-",
        "'observation.csv' is no kind of raw file — did you mean 'observations.csv'?",
        move("observations", "vb-plan/observation.csv"),
    ),
    Bad(
        "a file name that is unknown", f"{PLAN}/diagram.csv:-:-",
        "'diagram.csv' is no kind of raw file — one of sources.csv, areas.csv,",
        lambda small: small.path("goals").with_name("diagram.csv").write_text("a,b\n1,2\n"),
    ),
    Bad(
        "a folder that is no document", f"{RAW}/old/overrides.csv:-:-",
        "the folder 'old' is no document in sources.csv — the id of a document as the folder's name",
        move("overrides", "old/overrides.csv"),
    ),
    Bad(
        "a file too deep in the raw data", f"{PLAN}/old/survey.csv:-:-",
        "the file lies too deep in the raw data — vb-plan/survey.csv", move("survey", "vb-plan/old/survey.csv"),
    ),
    Bad(
        "sources.csv missing", f"{RAW}/sources.csv:-:-", "the file is missing — a CSV file of this name",
        lambda small: small.path("sources").unlink(),
    ),
]  # fmt: skip

HEADERS = [
    Bad(
        "a header of other names", f"{PLAN}/survey.csv:1:-", "no column of the first row is known — a header line: id,",
        lambda small: small.write("survey", [["Fråga", "Svar"], ["1", "Ja"]]),
    ),
    Bad(
        "no header", f"{PLAN}/units.csv:1:-", "no column of the first row is known — a header line: id,source,places,",
        lambda small: small.write("units", small.records("units")[1:]),
    ),
    Bad(
        "another delimiter", f"{PLAN}/units.csv:1:-", "no column of the first row is known",
        lambda small: small.write("units", small.records("units"), "|"),
    ),
    Bad(
        "a required column missing", f"{OBS}:1:unit", "the column is missing — a column of this name in the header",
        lambda small: small.drop("observations", "unit"),
    ),
    Bad(
        "a column misspelt", f"{OBS}:1:nummerator", "unknown column — did you mean 'numerator'?",
        lambda small: small.replace("observations", b"numerator", b"nummerator"),
    ),
    Bad(
        "a column in capitals", f"{OBS}:1:SEX", "unknown column — did you mean 'sex'?",
        lambda small: small.replace("observations", b",sex,", b",SEX,"),
    ),
    Bad(
        "a column that no such file has", f"{OBS}:1:kommentar", "unknown column",
        lambda small: small.set("observations", 2, kommentar="se nedan"),
    ),
    Bad(
        "a column doubled", f"{OBS}:1:value", "the column stands there more than once — each column once",
        lambda small: small.replace("observations", b",sex,", b",value,"),
    ),
    Bad(
        "a column without a name", f"{OBS}:1:-", "a column has no name — delete the column, or name it",
        lambda small: small.set("observations", 2, **{"": "se nedan"}),
    ),
]  # fmt: skip

ROWS = [
    Bad(
        "too few cells", f"{PLAN}/funding.csv:2:-", "the row has 11 cells — 12, as the header has",
        lambda small: small.replace("funding", b"\nfund,vb-plan,", b"\nfund,"),
    ),
    Bad(
        "too many cells: a decimal comma between commas", f"{PLAN}/funding.csv:2:-",
        "the row has 13 cells — 12, as the header has; a cell with the delimiter in it needs quotation marks",
        lambda small: small.replace("funding", b'"9,293"', b"9,293"),
    ),
    Bad(
        "quotation marks that are not closed", f"{PLAN}/consultation.csv:2:-", "the quotation marks do not match",
        lambda small: small.replace("consultation", b'oftare."', b"oftare."),
    ),
    Bad(
        "quotation marks alone within quotation marks", f"{PLAN}/consultation.csv:2:-",
        'the quotation marks do not match (\',\' expected after \'"\') — each " inside a cell written ""',
        lambda small: small.replace("consultation", b"Vill se fler", b'Vill "se" fler'),
    ),
    Bad(
        "a fault below a cell of several lines", f"{OBS}:6:sex", "'X' is not allowed — one of 'T', 'K', 'M'",
        lambda small: small.set("observations", 4, sex="X") or small.set("observations", 2, caution="en\ntvå\ntre"),
    ),
]  # fmt: skip

NUMBERS = [
    cell("an ambiguous number", "observations:4:change", "1.234",
         "'1.234' can be read as 1234 or as 1,234 — write 1234 for the first, 1,234 for the second"),
    cell("points between thousands", "observations:4:change", "12.345.678",
         "'12.345.678' has points between the thousands — 12345678"),
    cell("letters in a number", "observations:2:value", "ca 72", "'ca 72' is not a number — e.g. 28, 6,51, 6.51"),
    cell("two numbers in a cell", "observations:2:value", "70-74", "'70-74' is not a number"),
    cell("a number as spreadsheets shorten it", "observations:2:value", "7,2E+01", "'7,2E+01' is not a number"),
    cell("'nan' as a number", "observations:2:value", "nan", "'nan' is not a number"),
    cell("'inf' as a number", "observations:2:value", "inf", "'inf' is not a number"),
    cell("digits of another script", "observations:2:numerator", "٢٨", "'٢٨' is not a number"),
    cell("an error of a spreadsheet", "observations:2:value", "#REF!", "'#REF!' is not a number"),
    cell("more digits than can be held", "observations:2:denominator", "9" * 40, "has too many digits — at most 15"),
    cell("a negative count", "observations:2:numerator", "-28", "'-28' is not a whole number of at least 0 — e.g. 28"),
    cell("a fractional count", "observations:2:numerator", "28,5", "'28,5' is not a whole number of at least 0"),
    cell("a percentage as a count", "observations:2:numerator", "28 %", "'28 %' is not a whole number of at least 0"),
    cell("a count with a negative value", "observations:5:value", "-3", "-3 is below 0 — a count of at least 0"),
    cell("a denominator of 0", "observations:2:denominator", "0", "0 is not a denominator — leave it empty and say"),
    cell("a numerator larger than its denominator", "observations:2:numerator", "40",
         "40 is larger than the denominator 39 — a part of the whole"),
    cell("a share above 100", "observations:2:value", "172", "172 procent is no share — a figure from 0 to 100"),
    cell("a value that does not follow from its counts", "observations:2:value", "27",
         "27 does not follow from 28 of 39 — about 71.79; if the document says otherwise, a finding that concerns"),
    cell("a range upside down", "observations:4:value_high", "20,5",
         "the range is upside down — at least 24.5, its lower end"),
    cell("a range without upper end", "observations:4:value_high", "", "a range needs both ends — give this one too"),
    cell("a range without lower end", "observations:4:value_low", "", "a range needs both ends — give this one too"),
    row("an interval with one limit", "observations:4:ci_high", "a range needs both ends", ci_low="20", ci_high=""),
]  # fmt: skip

PERIODS = [
    cell("a period in words", "observations:2:period", "hösten 2018", "'hösten 2018' is not a period — 2018, 2016/"),
    cell("a month as spreadsheets write it", "observations:2:period", "aug-18", "'aug-18' is not a period"),
    cell("a day that does not exist", "observations:2:period", "2018-02-30", "'2018-02-30' is not a period"),
    cell("a period that ends before it begins", "observations:4:period", "2018/2016",
         "'2018/2016' ends before it begins"),
    cell("a school year of two years", "observations:2:period", "2014/16", "'2014/16' is not a period"),
    row("both period and as_of", "observations:2:as_of",
        "both period and as_of are given — leave it empty where the document states a period", as_of="2018"),
    cell("neither period nor as_of", "observations:2:period", "", "neither period nor as_of is given — give the one"),
]  # fmt: skip

WORDS = [
    row("no figure and no status", "observations:2:value",
        "the row states nothing — give a figure, a direction, yes/no, or a status why not",
        value="", numerator="", denominator=""),
    cell("a figure with the status that there is none", "observations:2:status", "suppressed",
         "'suppressed' means no figure, but one is given — remove one of the two"),
    cell("an unknown status", "observations:2:status", "ungefär", "'ungefär' is not allowed — one of 'exact', 'approx"),
    cell("an unknown sex", "observations:2:sex", "F", "'F' is not allowed — one of 'T', 'K', 'M'"),
    cell("an empty cell that needs one of some words", "observations:2:sex", "", "the cell is empty — one of 'T', 'K'"),
    cell("an empty cell that needs text", "goals:2:label", "", "the cell is empty — a value"),
    cell("a yes in Swedish", "observations:5:yes_no", "ja", "'ja' is not allowed — one of 'yes', 'no'"),
    cell("a direction in Swedish", "observations:5:direction", "ökar", "'ökar' is not allowed — one of 'higher',"),
    cell("a unit that is not the indicator's", "observations:2:unit", "antal",
         "'antal' is not the unit of audit_screening_units — 'procent'"),
    cell("an indicator that is not in the catalogue", "observations:2:indicator", "audit_units",
         "'audit_units' is not in the catalogue — an id there, or a new file catalogue/audit_units.yaml"),
    cell("an indicator with hyphens", "observations:2:indicator", "audit-units", "'audit-units' has the wrong form"),
    cell("a target's result that is not in the catalogue", "targets:2:reported_indicator", "audit",
         "'audit' is not in the catalogue"),
    row("an unpublished figure about persons without counts", "observations:5:numerator",
        "an unpublished figure about persons without its counts — the counts behind it", published="no", numerator="",
        value="12"),
    cell("focus area 6", "goals:2:focus_areas", "6", "'6' is not a list of focus areas — numbers 1 to 5 joined by"),
    cell("focus areas with commas", "goals:2:focus_areas", "1, 2", "'1, 2' is not a list of focus areas"),
    cell("a list naming the same thing twice", "findings:2:concerns", "goal-long | goal-long",
         "'goal-long | goal-long' names the same thing twice — each once"),
]  # fmt: skip

PLACES = [
    cell("a place without line", "observations:2:places", "vb-plan", "'vb-plan' is not a list of places — 'source:li"),
    cell("no place", "observations:2:places", "", "'' is not a list of places — 'source:line' joined by ' | '"),
    cell("a place beyond the document", "observations:2:places", "vb-plan:101",
         "'vb-plan:101' is outside the document — a line from 1 to 100"),
    cell("a place on line 0", "observations:2:places", "vb-plan:0", "'vb-plan:0' is not a list of places"),
    cell("a place in an unknown document", "observations:2:places", "vb-plan:1 | plan:2",
         "'plan:2' names an unknown document — source:line with a source from sources.csv"),
    cell("a state's place beyond the document", "goals:2:state_places", "vb-plan:101",
         "'vb-plan:101' is outside the document"),
    cell("a state's place with no line number", "goals:2:state_places", "vb-plan:²",
         "'vb-plan:²' is outside the document"),
    cell("a source not in sources.csv", "observations:2:source", "vb-plan-2019",
         "'vb-plan-2019' is not in sources.csv — one of gb-survey, vb-plan"),
    Bad("a source in another document's folder", f"{RAW}/gb-survey/survey.csv:2:source",
        "'vb-plan' lies in the folder of another document — 'gb-survey'", move("survey", "gb-survey/survey.csv")),
    cell("the county of another document", "goals:2:county_code", "21", "'21' is not the county of vb-plan — '24'"),
    cell("a county code that lost its zero", "goals:2:county_code", "8", "'8' has the wrong form — a county code of"),
    cell("an unknown area", "observations:2:area", "Atlantis", "'Atlantis' is no known area — write a code such as 24"),
    cell("an area code that lost its zero", "observations:2:area", "3", "'3' is no known area"),
    cell("an ambiguous area name", "observations:2:area", "Uppsala",
         "'Uppsala' names more than one area — write the code: 03 (Uppsala län, county) or 0380 (Uppsala"),
    cell("a target's unknown area", "targets:2:area", "24-south", "'24-south' is no known area"),
    cell("an own area in an unknown county", "areas:2:parent", "99", "'99' is no official code"),
    Bad("an own area with an official code", f"{PLAN}/areas.csv:3:code", "'24' is an official code",
        lambda small: small.add("areas", id="area-two", code="24")),
]  # fmt: skip

IDS = [
    Bad("the same id twice in a file", f"{OBS}:6:id",
        "'obs-units' is already the id of vb-plan/observations.csv row 2 — another id",
        lambda small: small.add("observations", id="obs-units")),
    cell("the same id in two files", "observations:5:id", "goal-long",
         "'goal-long' is already the id of vb-plan/goals.csv row 2 — another id"),
    Bad("the same id in two documents", f"{PLAN}/units.csv:2:id",
        "'unit-pv' is already the id of gb-survey/units.csv row 2 — another id", twice_in_documents),
    Bad("the same area code twice", f"{PLAN}/areas.csv:3:code",
        "'24-umea-area' is already the code of vb-plan/areas.csv row 2 — another code",
        lambda small: small.add("areas", id="area-two")),
    Bad("the code of another area in another document", f"{PLAN}/areas.csv:2:code",
        "'24-umea-area' is already the code of gb-survey/areas.csv row 2 — another code", another_area),
    cell("an id with capitals", "needs:2:id", "Need-1", "'Need-1' has the wrong form — lower-case letters and digits"),
    cell("an id with å", "needs:2:id", "behov-umeå", "'behov-umeå' has the wrong form — lower-case letters and digits"),
    cell("no id", "needs:2:id", "", "the cell is empty — lower-case letters and digits joined by hyphens"),
    cell("a parent that does not exist", "goals:3:parent", "goal-x", "'goal-x' does not exist — an id in goals.csv"),
    cell("a responsible unit that does not exist", "activities:2:responsible", "unit-pv | unit-bup",
         "'unit-bup' does not exist — an id in units.csv"),
    cell("a recipient that does not exist", "funding:2:recipient", "unit-x",
         "'unit-x' does not exist — an id in units.csv or areas.csv"),
    cell("a verdict on a target that does not exist", "overrides:2:target", "target-x",
         "'target-x' does not exist — an id in targets.csv"),
    cell("a finding that concerns nothing", "findings:2:concerns", "obs-x",
         "'obs-x' does not exist — an id in the raw data"),
]  # fmt: skip

TARGETS = [
    cell("a target in another unit than its indicator", "targets:2:unit", "antal",
         "'antal' is not the unit of audit_screening_units — 'procent'"),
    cell("a target without value", "targets:2:value", "", "the cell is empty — operator '>=' needs a value"),
    row("a target between one end", "targets:2:value_high", "the cell is empty — operator 'between' needs both ends",
        operator="between"),
    cell("an unknown operator", "targets:2:operator", "=>", "'=>' is not allowed — one of '>=', '<='"),
    cell("an untestable target without reason", "targets:3:why_not_testable", "",
         "the cell is empty — say what is missing, since testable is 'no'"),
    row("a result that measures another thing without reason", "targets:2:why_other",
        "the cell is empty — say how the result differs from the target", measures="other"),
    cell("a result of which it is not said what it measures", "targets:2:measures", "",
         "the cell is empty — say whether the reported result measures the target"),
]  # fmt: skip

DOCUMENTS = [
    cell("a SHA-256 that is cut off", "sources:2:sha256", "ab12", "'ab12' has the wrong form — a SHA-256 of 64 hexa"),
    cell("a year in words", "sources:2:year", "hösten", "'hösten' cannot be used — a whole number"),
    cell("a year that lost a digit", "sources:2:year", "218", "'218' cannot be used — input should be greater than"),
    cell("a document without lines", "sources:2:lines", "0", "'0' cannot be used — input should be greater than 0"),
    cell("an unknown role of a document", "sources:2:role", "rapport", "'rapport' is not allowed — one of 'plan',"),
    cell("a commentary on focus area 7", "commentary:2:focus_area", "7", "'7' cannot be used — input should be less"),
]  # fmt: skip

KINDS = [*FILES, *HEADERS, *ROWS, *NUMBERS, *PERIODS, *WORDS, *PLACES, *IDS, *TARGETS, *DOCUMENTS]


def places(lines: str) -> list[str]:
    """file:row:column of every fault that was printed."""
    return [line.partition(": ")[0] for line in lines.splitlines()]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_bad_input_is_told_by_file_row_and_column_and_nothing_is_written(small, run, kind):
    before = small.processed()
    kind.spoil(small)

    checked = run("check")
    assert checked.code == 1
    assert places(checked.out) == [kind.where]
    told = checked.out.strip()
    assert kind.says in told
    what, _, advice = told.removeprefix(f"{kind.where}: ").partition(" — ")
    assert what
    assert advice
    assert checked.err.startswith("1 fault")

    prepared = run("prepare")
    assert prepared.code == 1
    assert told in prepared.err.splitlines()
    assert prepared.out == ""
    assert "Traceback" not in checked.out + checked.err + prepared.err
    assert small.processed() == before


def test_there_are_no_two_kinds_of_the_same_name():
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("command", ["check", "prepare"])
def test_the_command_does_the_same_in_a_process_of_its_own(small, command):
    before = small.processed()
    small.set("observations", 4, change="1.234")
    program = [sys.executable, "-c", "from psykanalys.cli import main; main()", command]
    done = subprocess.run(program, cwd=small.root, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert f"{OBS}:4:change: '1.234' can be read as 1234 or as 1,234 — write 1234" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert small.processed() == before


ACCEPTED = {
    "a decimal comma": lambda small: small.set("observations", 2, value="71,8"),
    "a decimal point": lambda small: small.set("observations", 2, value="71.8"),
    "a per cent sign": lambda small: small.set("observations", 2, value="72 %"),
    "a no-break space between thousands": lambda small: small.set("observations", 5, numerator="24\u00a0328"),
    "a minus sign": lambda small: small.set("observations", 5, change="−12,5", change_unit="procent"),
    "an area by name": lambda small: small.set("observations", 2, area="Umeå kommun"),
    "a school year": lambda small: small.set("observations", 2, period="2014/15"),
    "as_of in place of a period": lambda small: small.set("observations", 2, period="", as_of="2018"),
    "a status in place of a figure": lambda small: small.set(
        "observations", 2, value="", numerator="", denominator="", status="not_reported"
    ),
    "an empty optional cell": lambda small: small.set("activities", 2, goal="", responsible="", year=""),
    "an optional column left out": lambda small: small.drop("activities", "responsible"),
    "a file left out": lambda small: small.path("survey").unlink(),
    "a cell of several lines": lambda small: small.set("observations", 2, caution="en\ntvå"),
    "a document without files": lambda small: small.set("sources", 3, lines="9", note="Ej klar."),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_allowed_is_not_refused(small, run, change):
    change(small)
    checked = run("check")
    assert (checked.code, checked.out) == (0, "")
    assert "no faults" in checked.err
    assert run("prepare").code == 0


def test_several_mistakes_are_all_told_at_once_in_order(small, run):
    small.set("goals", 2, focus_areas="6", county_code="2")
    small.set("observations", 2, value="1.234", sex="X")
    small.set("observations", 5, unit="antal")
    small.set("activities", 2, responsible="unit-x")
    checked = run("check")
    assert places(checked.out) == [
        f"{PLAN}/activities.csv:2:responsible", f"{PLAN}/goals.csv:2:county_code", f"{PLAN}/goals.csv:2:focus_areas",
        f"{OBS}:2:sex", f"{OBS}:2:value", f"{OBS}:5:unit",
    ]  # fmt: skip
    assert "6 faults" in checked.err
