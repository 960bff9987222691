"""Marks that nobody sees, and the way from each figure back to its raw row; a deleted row takes its figures with it."""

from __future__ import annotations

import copy
import csv
import pickle
import random
import re
import shutil
import sys
from pathlib import Path

import pytest

import psykanalys
from psykanalys import references
from psykanalys.errors import ParameterError
from psykanalys.present.counts import counted, counts
from psykanalys.present.html import Bullets, Cell, Details, Steps, Table, Text
from psykanalys.references import Marked, Shown, capital, index, joined, marked, pieces, plain, reference

ROOT = Path(__file__).parents[2]
NAMES = ("gavleborg", "norrbotten", "vasterbotten")
SEED, DELETED = 20261122, 5
REF = reference("r", "some-row")
MARK = marked(REF, "28 % (28 av 39)")


def marks_in(sections) -> dict[str, set[str]]:
    """The texts of every reference in sections of HTML."""
    found: dict[str, set[str]] = {}
    for html in sections.values():
        for ref, text in re.findall(r'<data value="(\w+)">(.*?)</data>', html, re.DOTALL):
            found.setdefault(ref, set()).add(text)
        for refs in re.findall(r'data-r="([^"]*)"', html):
            for ref in refs.split():
                found.setdefault(ref, set())
    return found


# --- marks ----------------------------------------------------------------------------------------------------------


def test_a_reference_is_a_letter_and_six_digits_of_the_rows_name():
    assert reference("r", "vb19-obs-audit-units") == "rd699df"
    assert reference("f", "some-row") == "f" + REF[1:]
    assert reference("r", "another-row") != REF
    with pytest.raises(ValueError, match="no kind of reference"):
        reference("x", "some-row")


def test_two_rows_never_share_a_reference(monkeypatch):
    rows = [("r", f"row-{number}") for number in range(40)]
    assert len(index([*rows, rows[0]])) == 40
    monkeypatch.setattr(references, "DIGITS", 1)
    with pytest.raises(ValueError, match="stands for both 'row-"):
        index(rows)


def test_marked_text_reads_as_plain_and_keeps_its_mark_in_sentences():
    sentence = Marked(f"AUDIT: {MARK}.")
    assert (MARK, len(MARK), sentence) == ("28 % (28 av 39)", 15, "AUDIT: 28 % (28 av 39).")
    assert list(pieces(sentence)) == [("", "AUDIT: "), (REF, MARK), ("", ".")]
    for made in ("Nu " + MARK, MARK + " nu", joined("; ", [MARK, "nu"]), Marked(f"{sentence}")):
        assert references.references(made) == [REF], made
    assert capital(marked(REF, "tre mål")) == "Tre mål"
    assert references.references(capital(marked(REF, "tre mål"))) == [REF]
    assert plain(f"{sentence}") == str(sentence) == "AUDIT: 28 % (28 av 39)."


def test_marks_survive_copies_and_other_processes():
    for made in (pickle.loads(pickle.dumps(MARK)), copy.deepcopy(MARK)):
        assert (made, made.marked) == (MARK, MARK.marked)


def test_a_shown_text_does_not_carry_marks_into_other_text():
    assert f"{Shown(MARK)}!" == "28 % (28 av 39)!"


def test_nothing_is_marked_inside_a_mark():
    assert list(pieces(marked("rffffff", f"cirka {MARK}")))[1] == ("rffffff", "cirka 28 % (28 av 39)")


@pytest.mark.parametrize(
    "block",
    [
        Text(f"Andel {MARK}"), Bullets([f"Andel {MARK}"]), Details(f"Visa {MARK}", []),
        Steps([(MARK, "mål")], "28 av 39"),
        Table(f"Tabell {MARK}", ["A", "B"], [["a", "b"]]), Table("T", ["A", "B"], [["a", MARK]]),
        Table("T", ["A", "B"], [["a", Cell((MARK, "b"))]]), Table("T", ["A", "B"], [["a", "b"]], notes=[f"{MARK}"]),
    ],
    ids=lambda block: type(block).__name__,
)  # fmt: skip
def test_a_block_shows_its_marks_in_html_and_never_in_text(block):
    assert f'<data value="{REF}">28 % (28 av 39)</data>' in block.to_html()
    assert "28 av 39" in repr(block)
    assert not re.search("[\ue000-\uf8ff]", block.to_html() + repr(block))


def test_texts_in_a_drawing_have_their_references_and_an_exported_drawing_has_none(counties):
    figure = counties["vasterbotten"].figures.verdicts(2)
    assert re.search(r'<text data-r="r[0-9a-f]{6}[ "]', figure.to_html())
    assert "data-r" not in figure.svg()
    assert not re.search("[\ue000-\uf8ff]", figure.svg() + figure.to_html() + figure.to_text())


def test_a_reader_sees_the_same_page_without_marks(project, monkeypatch):
    """The marks change neither a word nor a drawing: without them only the elements that hold them are missing."""
    shown = psykanalys.load("norrbotten", project=project).sections
    for module in list(sys.modules.values()):
        if module.__name__.startswith("psykanalys.present") and hasattr(module, "marked"):
            monkeypatch.setattr(module, "marked", lambda _, text: Marked(plain(text)))
    bare = psykanalys.load("norrbotten", project=project).sections
    assert not marks_in(bare)
    assert len(marks_in(shown)) > 200
    for name, html in shown.items():
        assert re.sub(r' data-r="[^"]*"|</?data[^>]*>', "", html) == bare[name], name


# --- chains ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_mark_leads_to_rows_and_lines_that_exist(counties, name):
    county = counties[name]
    known, sources = county.references(), county.analysis.sources
    lines = dict(zip(sources["id"], sources["lines"], strict=True))
    used = marks_in(county.sections)
    assert len(used) > 250
    assert not set(used) - set(known)
    for ref in used:
        found = known[ref]
        nothing_counted = ref[0] == "n" and not counts(county.analysis)[found.row]
        assert found.rows_read or nothing_counted, found
        for row in found.rows_read:
            with (ROOT / row.file).open(encoding="utf-8") as file:
                assert row.id in {each["id"] for each in csv.DictReader(file)}, row
        for place in found.places:
            source, _, line = place.rpartition(":")
            assert 1 <= int(line) <= lines[source]


@pytest.mark.parametrize("name", NAMES)
def test_every_result_of_the_county_is_marked_somewhere(counties, name):
    """What the documents state in figures stands on the page with its reference; only the missing has none."""
    county = counties[name]
    told = county.results[~county.results["status"].isin(["missing_in_extract", "not_reported", "not_applicable"])]
    assert {reference("r", row) for row in told["id"]} <= set(marks_in(county.sections))


def test_the_chain_goes_from_verdict_to_document_and_line(counties):
    county = counties["vasterbotten"]
    text = repr(county.trace("vb19-obs-audit-units")).replace("\u00a0", " ")
    steps = ["72 % (28 av 39)   [", "→ verdict: ", "→ result: ", "→ raw row: "]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)
    assert "data/raw/vasterbotten-plan-2019/observations.csv, row vb19-obs-audit-units" in text
    assert "numerator 28, denominator 39" in text
    assert text.endswith("line 904–905")
    assert "<ol><li>" in county.trace("vb19-obs-audit-units").to_html()


def test_a_figure_is_found_by_id_reference_row_verdict_and_comparison(counties):
    county = counties["vasterbotten"]
    verdict = next(each for each in county.verdicts if each.observation == "vb19-obs-audit-units")
    comparison = county.comparisons[0]
    (by_id,) = county.trace("vb19-obs-audit-units").references
    results = county.results
    rows = (results[results["id"] == by_id.row].iloc[0], results.set_index("id").loc[by_id.row], {"id": by_id.row})
    assert all(county.trace(what).references == (by_id,) for what in (by_id.ref, *rows))
    (found,) = county.trace(verdict).references
    assert (found.kind, found.rows) == ("verdict", (verdict.target, by_id.row))
    (found,) = county.trace(comparison).references
    assert (found.kind, found.rows) == ("comparison", (comparison.observation, comparison.other))
    (goals,) = county.trace(reference("n", "goals")).references
    assert set(goals.rows) == set(county.current_goals["id"])


def test_what_is_not_known_is_a_sentence(counties):
    with pytest.raises(ParameterError, match="did you mean 'vb19-obs-audit-units'"):
        counties["vasterbotten"].trace("vb19-obs-audit-unit")
    with pytest.raises(ParameterError, match="nothing is known as 'r000000'"):
        counties["norrbotten"].trace("r000000")


def test_a_count_of_one_name_is_of_the_same_rows_everywhere(project):
    analysis = psykanalys.load("norrbotten", project=project).analysis
    assert counted(analysis, "some", ["b", "a"]) == "2"
    assert counted(analysis, "some", ["a", "b"], "två mål") == "två mål"
    with pytest.raises(AssertionError, match="'some' is of different rows"):
        counted(analysis, "some", ["a"])


# --- goal to money --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_chain_has_every_part_of_the_plan_and_says_what_is_lacking(counties, name):
    county = counties[name]
    for number in range(1, 6):
        goals = county.analysis.in_focus_area("current_goals", number)
        rows = county.tables.chain(number).rows
        assert sum(int(row[1]) for row in rows) == len(goals)
        assert len(rows) == goals["group"].nunique()
        assert all(str(cell).strip() for row in rows for cell in row)
        activities = county.analysis.in_focus_area("planned_activities", number)
        lacking = set(goals["group_label"]) - set(goals.loc[goals["group"].isin(activities["group"]), "group_label"])
        assert {row[0] for row in rows if row[2] == "saknas"} == lacking


def test_the_chain_ties_money_to_the_goals_that_the_documents_name(counties):
    county = counties["gavleborg"]
    tied = county.analysis.funding[county.analysis.funding["goals"] != ""]
    counted_here = [row[6] for number in range(1, 6) for row in county.tables.chain(number).rows if row[6] != "saknas"]
    assert len(tied) == 3
    assert counted_here


# --- deletion -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_rows(tmp_path_factory, counties):
    """A copy of the project without some observations, and which; other rows that named them do so no longer."""
    shown = {name: marks_in(counties[name].sections) for name in NAMES}
    ids = [row for name in NAMES for row in sorted(counties[name].results["id"]) if reference("r", row) in shown[name]]
    judged = [v.observation for v in counties["vasterbotten"].verdicts if v.observation]
    chance = random.Random(SEED)
    gone = {*chance.sample(ids, DELETED - 2), *chance.sample(judged, 1), counties["norrbotten"].comparisons[0].other}
    root = tmp_path_factory.mktemp("project")
    for part in ("params", "data/raw", "notebooks"):
        shutil.copytree(ROOT / part, root / part)
    for path in (root / "data" / "raw").rglob("*.csv"):
        _rewrite(path, gone)
    return root, gone


def _rewrite(path: Path, gone: set[str]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    kept = [[_unnamed(cell, gone) for cell in row] for row in rows if row[0] not in gone]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *kept])


def _unnamed(cell: str, gone: set[str]) -> str:
    items = cell.split(" | ")
    return " | ".join(item for item in items if item not in gone) if gone & set(items) else cell


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_row_takes_every_figure_that_depends_on_it_along(counties, without_rows, name):
    root, gone = without_rows
    before, after = counties[name], psykanalys.load(name, project=root, contact="Registratorn")
    known, left = before.references(), marks_in(after.sections)
    mine = gone & set(before.results["id"])
    assert len(gone) == DELETED
    used = marks_in(before.sections)
    depending = {ref for ref in used if mine & set(known[ref].rows)}
    assert {reference("r", row) for row in mine} <= depending
    for ref in depending - {ref for ref in depending if ref[0] == "n"}:
        assert ref not in left, known[ref]
    for ref in (ref for ref in depending if ref[0] == "n" and ref in left):
        assert not mine & set(after.references()[ref].rows), known[ref]


def test_a_target_whose_only_result_is_deleted_turns_to_missing(counties, without_rows):
    root, gone = without_rows
    after = psykanalys.load("vasterbotten", project=root)
    verdicts = counties["vasterbotten"].verdicts
    judged = [v for v in verdicts if str(v.word) != "mäter annat"]  # those fall back on an earlier result of the kind
    alone = {v.target for v in judged if {w.observation for w in verdicts if w.target == v.target} <= gone}
    words = {v.target: str(v.word) for v in after.verdicts}
    assert alone
    assert {words[target] for target in alone} <= {"uppgift saknas", "går inte att pröva"}
    missing = "".join(after.sections.values())
    assert all(v.label in missing for v in after.verdicts if v.target in alone)
