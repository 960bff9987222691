"""What the audit finds: exactly the row that lacks something, not the mended one, and what the documents say."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from plans import CATALOGUE, DEFECTS, FOLLOW_UP, Maker, analysis_of
from psykanalys import cli
from psykanalys.audit import BY_CODE, CHECKS, PARTS, Audit, Finding, Severity, audit, same_wording
from psykanalys.data.folder import Folder
from psykanalys.data.prepare import plain_records, prepare
from psykanalys.export import export_table
from psykanalys.present.audit import KINDS, NOUNS, PlanAudit
from psykanalys.present.audit_console import CAUTION, audit_plans, side_by_side
from psykanalys.verdicts import Word, judge_target

COUNTIES = ("gavleborg", "norrbotten", "vasterbotten")
ROOT = Path(__file__).parents[1]
PLAN_FILES = ROOT / "data" / "raw" / "norrbotten-plan-2016"


def audited(maker: Maker) -> Audit:
    return audit(analysis_of(maker.rows))


def findings(maker: Maker, code: str) -> list[Finding]:
    return [finding for finding in audited(maker).findings if finding.code == code]


def target_and_figure(maker: Maker, nature: str, number: int = 0) -> tuple[dict, dict]:
    """A target whose measure is of a nature, and its figure."""
    rows = maker.rows
    targets = [row for row in rows["targets"] if row["goal"] and CATALOGUE[row["indicator"]].nature == nature]
    figures = {row["indicator"]: row for row in rows["observations"]}
    return targets[number], figures[targets[number]["indicator"]]


class TestCodes:
    def test_codes_are_stable_and_in_order(self):
        assert [check.code for check in CHECKS] == [f"P{number:02}" for number in range(1, 34)]

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
    def test_texts_are_sentences_in_swedish(self, check):
        assert all(text[0].isupper() and text.endswith(".") for text in (check.text, check.mend, check.definition))
        assert not re.search(r"\b(the|and|goal|without)\b", f"{check.text} {check.mend}")

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
    def test_the_report_has_words_for_what_is_looked_at(self, check):
        assert check.among in NOUNS
        assert check.kind in KINDS

    def test_the_page_about_the_codes_is_up_to_date(self):
        ran = subprocess.run(
            [sys.executable, ROOT / "docs" / "generate_audit.py", "--check"], capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
    def test_each_code_is_defined_with_an_example(self, check):
        page = (ROOT / "docs" / "plan-audit.md").read_text(encoding="utf-8")
        section = page.split(f"\n### {check.code} ")[1].split("\n### ")[0]
        assert all(
            text in section for text in (check.text, check.definition, check.mend, f"**Severity**: {check.severity}")
        )
        assert re.search(r"\*\*Example\*\*: .{20,}", section)


class TestPlanted:
    def test_every_code_is_planted_and_mended(self):
        """A plan is sound without its defect: what is found is gone when it is mended."""
        planted = set()
        for name, seed in product(DEFECTS, range(12)):
            maker = Maker(seed)
            maker.plant([name])
            planted |= {code for code, _ in maker.truth}
        assert planted == set(BY_CODE)
        assert [audited(Maker(seed)).findings for seed in range(4)] == [[]] * 4

    def test_a_finding_says_what_where_and_what_would_mend_it(self):
        maker = Maker(1)
        maker.plant(["nobody"])
        finding = audited(maker).findings[0]
        row = next(each for each in maker.rows["activities"] if not each["responsible"] and each["source"] == "plan")
        assert (finding.row, finding.label, finding.places) == (row["id"], row["label"], row["places"])
        assert (finding.severity, finding.text) == (Severity.HAMPERS, "Ingen ansvarig anges för aktiviteten.")
        assert (finding.mend, finding.rows) == ("Ange vem som ansvarar.", (row["id"],))

    def test_findings_come_in_the_order_of_the_plan(self):
        maker = Maker(2)
        for activity in maker.rows["activities"]:
            activity["year"] = None
        lines = [int(finding.places.split(" | ")[0].split(":")[1]) for finding in findings(maker, "P28")]
        assert lines == sorted(lines)
        assert len(lines) > 3

    def test_how_many_were_looked_at_is_told(self):
        maker = Maker(3)
        looked_at = {outcome.check.code: outcome.looked_at for outcome in audited(maker).outcomes}
        plan = [row for row in maker.rows["goals"] if row["plan"] == "current" and row["source"] == "plan"]
        assert (looked_at["P01"], looked_at["P31"]) == (0, len(plan))
        assert looked_at["P18"] == 5
        assert looked_at["P19"] == 1


class TestFewCases:
    """P14: what the verdict's own test says of the value today, with the number of cases that would do."""

    def set(self, nature: str, **figures: float) -> tuple[Maker, dict]:
        maker = Maker(5)
        target, figure = target_and_figure(maker, nature)
        figure |= figures
        return maker, target

    def test_the_number_of_cases_is_named(self):
        maker, target = self.set("process", numerator=17, denominator=20)
        (finding,) = findings(maker, "P14")
        assert finding.row == target["id"]
        assert (finding.needed_n, finding.detail) == (200, "Med samma andel krävs 200 fall.")

    def test_with_so_many_cases_the_verdict_is_certain(self):
        maker, target = self.set("process", numerator=170, denominator=200)
        assert findings(maker, "P14") == []
        results = plain_records(analysis_of(maker.rows).results)
        (verdict,) = judge_target(target, results)
        assert verdict.word == Word.SURELY_NOT_REACHED

    def test_one_case_fewer_is_still_open(self):
        maker, _ = self.set("process", numerator=170, denominator=199)
        assert len(findings(maker, "P14")) == 1

    def test_a_census_has_no_chance_in_it(self):
        maker, _ = self.set("census", numerator=17, denominator=20)
        assert findings(maker, "P14") == []

    def test_a_value_at_the_target_can_never_be_told_from_it(self):
        maker, _ = self.set("process", numerator=18, denominator=20)
        (finding,) = findings(maker, "P14")
        assert finding.needed_n is None
        assert finding.detail == "Värdet är detsamma som målet, så inget antal fall räcker."

    def test_a_share_without_counts_is_not_judged_by_chance(self):
        maker, _ = self.set("process", numerator=None, denominator=None, value=88.0)
        assert findings(maker, "P14") == []

    def test_the_latest_value_counts(self):
        maker, target = self.set("process", numerator=17, denominator=20)
        group = next(each for each in maker.groups if target in each.rows["targets"])
        maker.add_observation(
            group, target["indicator"], numerator=10, denominator=200, period="2022", source=FOLLOW_UP
        )
        assert findings(maker, "P14") == []


class TestSameGoal:
    @pytest.mark.parametrize("label", ["Mål om sömn", "mål om  sömn ", "Mål om sömn (vården)"])
    def test_a_parenthesis_at_the_end_capitals_and_spaces_do_not_tell_apart(self, label):
        assert same_wording({"label": label}) == "mål om sömn"

    def test_a_parenthesis_inside_does(self):
        assert same_wording({"label": "Mål (BUP) om sömn"}) == "mål (bup) om sömn"


class TestMeasurability:
    def test_a_sound_plan_is_wholly_measurable(self):
        rows = audited(Maker(1)).measurability
        assert [row.focus_area for row in rows] == [0, 1, 2, 3, 4, 5]
        assert all(len({getattr(row, part) for part in PARTS if part != "yes_no"}) == 1 for row in rows)
        assert all(row.yes_no == 0 for row in rows)
        assert all(row.share == 100 for row in rows)

    @pytest.mark.parametrize(
        ("name", "part"),
        [
            ("without_indicator", "with_indicator"),
            ("no_target", "testable"),
            ("measured_later_only", "with_baseline"),
            ("without_date", "with_due_date"),
        ],
    )
    def test_a_goal_without_target_or_start_is_not_measurable_one_without_indicator_or_date_is(self, name, part):
        maker = Maker(4)
        maker.plant([name])
        plan = audited(maker).measurability[0]
        assert getattr(plan, part) == plan.goals - 1
        assert plan.measurable == (plan.goals if part in ("with_due_date", "with_indicator") else plan.goals - 1)

    def test_a_goal_of_yes_or_no_needs_no_start(self):
        maker = Maker(4)
        maker.plant(["yes_or_no_goal"])
        plan = audited(maker).measurability[0]
        assert (plan.yes_no, plan.with_baseline, plan.measurable) == (1, plan.goals - 1, plan.goals)

    def test_an_empty_focus_area_has_no_share(self):
        maker = Maker(4)
        maker.plant(["empty_area"])
        assert [row.share for row in audited(maker).measurability].count(None) == 1

    @pytest.mark.parametrize("name", COUNTIES)
    def test_its_parts_are_those_of_the_overview(self, counties, name):
        report = counties[name]
        rows = report.audit.measurability[1:]
        overview = report.overview
        assert [row.goals for row in rows] == list(overview["goals"])
        assert [row.testable for row in rows] == list(overview["testable"])
        assert [row.with_indicator for row in rows] == list(overview["with_indicator"])


class TestShippedPlans:
    """Facts read in the documents themselves, by line."""

    def rows(self, counties, name: str, code: str) -> set[str]:
        return {finding.row.split("-", 1)[1] for finding in counties[name].audit.findings if finding.code == code}

    def test_gavleborg_marks_some_areas_only_short_or_only_long(self, counties):
        assert self.rows(counties, "gavleborg", "P22") == {"area-2-1-4", "area-2-3-1", "area-2-3-3"}
        assert self.rows(counties, "gavleborg", "P21") == {"area-2-2-6", "area-2-8-4", "area-2-10"}

    def test_gavleborg_leaves_two_places_for_an_indicator_empty(self, counties):
        assert self.rows(counties, "gavleborg", "P07") == {"ind-2-1-6-a", "ind-2-3-2-a"}

    def test_gavleborg_has_limits_in_days_without_a_share(self, counties):
        found = self.rows(counties, "gavleborg", "P03")
        assert len(found) == 3
        assert all(row.startswith("target-2-4-2") for row in found)

    def test_vasterbotten_has_two_units_that_are_not_in_its_list(self, counties):
        assert self.rows(counties, "vasterbotten", "P12") == {"unit-vll", "unit-hospital-care"}

    def test_vasterbotten_says_the_same_of_sick_leave_twice(self, counties):
        assert self.rows(counties, "vasterbotten", "P16") == {"goal-sick-leave-care", "goal-sick-leave-growth-care"}

    def test_vasterbotten_leaves_five_activities_without_anybody_responsible(self, counties):
        assert self.rows(counties, "vasterbotten", "P11") == {
            "act-user-involvement-clarify", "act-user-organisations", "act-new-working-methods", "act-sip-discharge",
            "act-collaboration-focus-groups",
        }  # fmt: skip

    def test_norrbotten_names_somebody_responsible_for_five_activities(self, counties):
        outcome = next(each for each in counties["norrbotten"].audit.outcomes if each.check.code == "P11")
        assert (outcome.looked_at - len(outcome.findings), outcome.looked_at) == (5, 44)

    def test_norrbotten_has_no_activity_for_support_persons_and_care_contacts(self, counties):
        assert {"goal-web-information-support-persons", "goal-web-information-care-contact"} <= self.rows(
            counties, "norrbotten", "P13"
        )

    def test_money_for_the_whole_nation_is_not_the_countys(self, counties):
        assert not self.rows(counties, "norrbotten", "P19")
        assert len(self.rows(counties, "vasterbotten", "P19")) == 6

    @pytest.mark.parametrize("name", COUNTIES)
    def test_every_finding_is_about_a_raw_row_and_stands_somewhere(self, counties, name):
        analysis = counties[name].analysis
        known = {row for table in analysis.tables_by_kind.values() for row in table["id"]}
        for finding in counties[name].audit.findings:
            assert set(finding.rows) <= known
            assert finding.rows or finding.kind == "focus_areas"
            assert finding.places or finding.kind == "focus_areas"


class TestReport:
    @pytest.mark.parametrize("name", COUNTIES)
    def test_the_table_has_the_numbers_of_the_audit(self, counties, name):
        report = counties[name]
        table = PlanAudit(report.analysis, report.audit).lacking()
        shown = {row[0]: row[2] for row in table.rows}
        for outcome in report.audit.outcomes:
            if outcome.findings:
                assert shown[outcome.check.code].startswith(f"{len(outcome.findings)} av {outcome.looked_at} ")
            else:
                assert outcome.check.code in " ".join(table.notes)

    @pytest.mark.parametrize("name", COUNTIES)
    def test_every_finding_is_told_beside_its_row(self, counties, name):
        report = counties[name]
        sections = [report.plan(), *(report.focus_area(number) for number in range(1, 6))]
        lines = [line for section in sections for line in section.to_text().splitlines()]
        untold = [
            (finding.code, finding.label)
            for finding in report.audit.findings
            if not any(finding.label in line and finding.code in line for line in lines)
        ]
        assert untold == []

    @pytest.mark.parametrize("name", COUNTIES)
    def test_the_section_shows_the_parts_of_matbarhetsgrad(self, counties, name):
        text = counties[name].plan().to_text()
        assert "Mätbarhetsgraden är andelen mätbara mål." in text
        assert all(part in text for part in ("Går att pröva", "Därav ja eller nej", "Har utgångsläge", "Har indikator"))

    def test_the_number_of_cases_is_told(self):
        maker = Maker(5)
        _, figure = target_and_figure(maker, "process")
        figure |= {"numerator": 17, "denominator": 20}
        analysis = analysis_of(maker.rows)
        text = PlanAudit(analysis, audit(analysis)).rows().to_text()
        assert "P14: Med samma andel krävs 200 fall." in text

    def test_a_plan_that_lacks_nothing_is_said_to(self):
        analysis = analysis_of(Maker(1).rows)
        shown = PlanAudit(analysis, audit(analysis))
        assert shown.introduction().text.endswith("Ingenting saknas.")
        assert shown.rows() is None
        assert shown.lacking().rows == []

    def test_one_finding_is_in_the_singular(self):
        maker = Maker(1)
        maker.plant(["nobody"])
        analysis = analysis_of(maker.rows)
        shown = PlanAudit(analysis, audit(analysis))
        assert "Den gav 1 anmärkning;" in shown.introduction().text
        assert [row[0] for row in shown.lacking().rows] == ["P11"]


@pytest.fixture
def run(monkeypatch):
    def invoke(*arguments: str):
        monkeypatch.chdir(ROOT)
        return CliRunner().invoke(cli.app, ["audit", *arguments])

    return invoke


@pytest.fixture
def folder(tmp_path) -> Path:
    """A new county's folder: Norrbotten's files under another name, away from the project."""
    target = tmp_path / "new"
    shutil.copytree(PLAN_FILES, target)
    with (PLAN_FILES.parent / "sources.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    with (target / "sources.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *(row for row in rows if row[0] == PLAN_FILES.name)])
    return target


def main(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    """The command as its console script runs it: exit code, what it printed, what it complained of."""
    monkeypatch.setattr(sys, "argv", ["psykanalys", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


class TestCommand:
    def test_all_counties_stand_side_by_side_with_a_caution(self, run):
        result = run()
        assert result.exit_code == 0
        first = result.stdout.splitlines()[0]
        assert first.split() == ["Gävleborg", "Västerbotten", "Norrbotten"]
        assert CAUTION in result.stdout
        assert re.search(r"^P07 +2 of 40 +0 of 1 +0 of 38 ", result.stdout, re.MULTILINE)

    def test_one_county_needs_no_caution(self, run):
        result = run("norrbotten")
        assert result.exit_code == 0
        assert CAUTION not in result.stdout
        assert "mätbarhetsgrad, focus area 5" in result.stdout

    def test_details_have_file_and_row(self, run):
        with (PLAN_FILES / "activities.csv").open(encoding="utf-8", newline="") as stream:
            raw = list(csv.DictReader(stream))
        lines = [line for line in run("norrbotten", "--details").stdout.splitlines() if ": P11 " in line]
        assert len(lines) == 39
        for line in lines:
            place, _, rest = line.partition(": P11 ")
            path, _, number = place.rpartition(":")
            row = raw[int(number) - 2]
            assert path == "data/raw/norrbotten-plan-2016/activities.csv"
            assert rest.startswith(f"{row['label']}: Ingen ansvarig anges")
            assert row["responsible"] == ""

    def test_json_has_the_same(self, run, counties):
        (record,) = json.loads(run("gavleborg", "--json").stdout)
        assert record["county_code"] == "21"
        assert len(record["findings"]) == len(counties["gavleborg"].audit.findings)
        assert all(finding["file"] for finding in record["findings"])
        assert {code["code"]: code["found"] for code in record["codes"]}["P07"] == 2
        assert record["measurability"][0]["goals"] == 70

    def test_codes_are_listed(self, run):
        lines = run("--codes").stdout.splitlines()
        assert [line.split()[0] for line in lines] == list(BY_CODE)
        assert [row["code"] for row in json.loads(run("--codes", "--json").stdout)] == list(BY_CODE)

    def test_a_folder_outside_any_project_is_audited_and_left_as_it_was(self, run, folder, counties):
        before = {path: path.read_bytes() for path in folder.rglob("*")}
        result = run(str(folder), "--json")
        assert result.exit_code == 0
        (record,) = json.loads(result.stdout)
        expected = [(one.code, one.row) for one in counties["norrbotten"].audit.findings]
        assert [(one["code"], one["row"]) for one in record["findings"]] == expected
        assert {path: path.read_bytes() for path in folder.rglob("*")} == before

    def test_a_folder_needs_no_project_at_all(self, folder, monkeypatch, capsys):
        monkeypatch.chdir(folder)
        code, out, _ = main(monkeypatch, capsys, "audit", ".", "--details")
        assert code == 0
        assert "\nactivities.csv:2: P11 " in out

    def test_one_folder_per_document_is_read_too(self, run, folder, tmp_path):
        (tmp_path / "laid").mkdir()
        shutil.move(folder / "sources.csv", tmp_path / "laid" / "sources.csv")
        shutil.move(folder, tmp_path / "laid" / PLAN_FILES.name)
        assert run(str(tmp_path / "laid")).exit_code == 0

    def test_another_county_needs_no_change_of_code(self, run, folder):
        for path in folder.glob("*.csv"):
            with path.open(encoding="utf-8", newline="") as stream:
                rows = [dict(row) for row in csv.DictReader(stream)]
            for row in rows:
                row |= {name: "03" for name in ("county_code", "area", "parent") if row.get(name) == "25"}
                row |= {name: value.replace("25-", "03-") for name, value in row.items() if value.startswith("25-")}
            table = pd.DataFrame(rows)
            table.to_csv(path, index=False)
        result = run(str(folder))
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[0].strip() == "Uppsala"

    def test_faults_of_a_folder_are_told_as_check_tells_them(self, folder, monkeypatch, capsys):
        path = folder / "goals.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(",long,", ",lång,", 1), encoding="utf-8")
        monkeypatch.chdir(folder)
        code, out, err = main(monkeypatch, capsys, "audit", ".")
        assert (code, out) == (1, "")
        assert err.startswith("goals.csv:2:level: ")
        assert "fault" in err.splitlines()[-1]

    def test_a_folder_without_sources_is_told(self, folder, monkeypatch, capsys):
        (folder / "sources.csv").unlink()
        code, _, err = main(monkeypatch, capsys, "audit", str(folder))
        assert code == 1
        assert "sources.csv:-:-: the file is missing" in err

    def test_a_folder_without_a_plan_is_told(self, folder, monkeypatch, capsys):
        path = folder / "sources.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(",2016,2018,", ",,,"), encoding="utf-8")
        code, _, err = main(monkeypatch, capsys, "audit", str(folder))
        assert code == 1
        assert "plan_start" in err

    @pytest.mark.parametrize("name", ["nowhere", "2480"])
    def test_what_is_no_county_and_no_folder_is_told(self, name, monkeypatch, capsys):
        monkeypatch.chdir(ROOT)
        code, _, err = main(monkeypatch, capsys, "audit", name)
        assert code == 1
        assert err.strip() == f"psykanalys: audit: '{name}' is no county and no folder — name one of them"

    def test_a_county_without_documents_is_told(self, monkeypatch, capsys):
        monkeypatch.chdir(ROOT)
        code, _, err = main(monkeypatch, capsys, "audit", "uppsala")
        assert code == 1
        assert "has no documents" in err

    def test_an_unknown_option_is_wrong_usage(self, run):
        assert run("--nothing").exit_code == 2

    def test_the_help_shows_an_example(self, run):
        assert "Example: psykanalys audit norrbotten --details" in run("--help").stdout


def test_columns_are_aligned(project):
    lines = [line for line in side_by_side(audit_plans([], project.root)).splitlines() if line.startswith("P")]
    assert len({line.index(check.text) for line, check in zip(lines, CHECKS, strict=True)}) == 1


def test_the_export_has_every_finding(project, counties):
    table = export_table("audit", project)
    assert list(table.columns[:3]) == ["code", "row", "kind"]
    assert len(table) == sum(len(report.audit.findings) for report in counties.values())
    assert set(table["county_code"]) == {"21", "24", "25"}


def test_a_folder_is_prepared_without_writing(folder):
    tables = prepare(Folder(folder), write=False).tables
    assert len(tables["goals"]) == 47
    assert not (folder / "data").exists()
