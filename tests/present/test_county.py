"""What the three counties' reports say, from objects."""

from __future__ import annotations

import re

import pytest

from psykanalys.analysis import FOCUS_AREAS
from psykanalys.present import words
from psykanalys.verdicts import Word


def test_every_word_has_one_look_and_one_meaning():
    assert set(words.LOOKS) == set(words.MEANINGS) == set(Word)
    assert len({look.symbol + look.css for look in words.LOOKS.values()}) >= len(Word) - 1


@pytest.mark.parametrize("name", ["gavleborg", "norrbotten", "vasterbotten"])
class TestEachCounty:
    def test_goals_are_those_of_the_adopted_plan(self, counties, name):
        county = counties[name]
        plans = set(county.sources.loc[county.sources["plan_start"].notna(), "id"])
        assert set(county.current_goals["source"]) == plans
        assert county.overview["goals"].sum() >= len(county.current_goals)

    def test_no_goal_is_left_out_of_the_five_areas(self, counties, name):
        county = counties[name]
        shown = {
            goal for number in FOCUS_AREAS for goal in county.analysis.in_focus_area("current_goals", number)["id"]
        }
        assert shown == set(county.current_goals["id"])

    def test_every_figure_is_listed_once_with_its_place(self, counties, name):
        tables, results = counties[name].tables, counties[name].results
        lists = [tables.results(number) for number in FOCUS_AREAS]
        lists += [tables.figures(tables.on_topic(topic), "") for topic in ("young", "primary_care")]
        rows = [row for table in [*lists, tables.stated(), tables.not_shown()] for row in table.rows]
        assert len(rows) == len(results)
        assert all(re.search(r"[A-C]\u00a0rad \d", row[-1]) for row in rows)

    def test_a_focus_area_says_where_its_other_figures_are_listed(self, counties, name):
        county = counties[name]
        for number in FOCUS_AREAS:
            here, elsewhere = county.tables.results(number).rows, county.tables.listed_elsewhere(number)
            told = sum(int(count) for count in re.findall(r"(\d+) under", elsewhere))
            assert len(here) + told == len(county.analysis.in_focus_area("results", number))

    def test_each_focus_area_answers_the_same_five_questions(self, counties, name):
        for number in FOCUS_AREAS:
            headings = re.findall(r"<h3>(.*?)</h3>", counties[name].focus_area(number).to_html())
            assert headings == [
                "Vad länet vill", "Vad länet gör", "Vad länet mäter", "Vad som är känt", "Vad som inte är känt",
            ]  # fmt: skip

    def test_every_target_has_its_verdicts(self, counties, name):
        county = counties[name]
        assert {verdict.target for verdict in county.verdicts} == set(county.targets["id"])

    def test_a_masked_or_missing_figure_is_never_a_number(self, counties, name):
        county = counties[name]
        gone = county.results[county.results["status"].isin(["not_reported", "missing_in_extract", "suppressed"])]
        assert not any(re.search(r"\d", county.tables.figure(row).partition("(")[0]) for row in gone.to_dict("records"))

    def test_findings_are_all_shown(self, counties, name):
        county = counties[name]
        assert len(county.tables.findings().rows) == len(county.findings)

    def test_sections_answer_in_text_too(self, counties, name):
        county = counties[name]
        for section in (county.head(), county.summary(), county.survey(), county.funding(), county.method()):
            assert repr(section).strip()


def test_results_in_the_plan_itself_are_starting_points_only(counties):
    for name in ("gavleborg", "norrbotten"):
        assert not [verdict for verdict in counties[name].verdicts if verdict.is_firm]


def test_norrbottens_compulsory_care_is_compared_without_certainty(counties):
    county = counties["norrbotten"]
    (comparison,) = [c for c in county.comparisons if c.indicator == "compulsory_care_rate"]
    assert (comparison.value, comparison.other_value, comparison.word) == (137.21, 123.20, "otillräckligt underlag")
    assert "skillnadens säkerhet kan inte bedömas" in repr(county.summary())


def test_vasterbottens_change_is_told_as_the_documents_and_not_as_an_effect(counties):
    text = repr(counties["vasterbotten"].summary()).replace("\u00a0", " ")
    assert "30–40 % före och 70–80 % efter" in text
    assert "antal anges inte" in text


def test_misuse_is_a_sentence(counties):
    import psykanalys
    from psykanalys.errors import ParameterError

    with pytest.raises(ParameterError, match="expected 1 to 5"):
        counties["gavleborg"].focus_area(6)
    with pytest.raises(ParameterError, match="county as text"):
        psykanalys.load(21)
    assert repr(counties["gavleborg"]).startswith("County(Gävleborgs län: 70 goals")


def test_a_quoted_comparison_names_whom_it_is_about(counties):
    assert "Självmord (män, 65 år och äldre): dokumentet skriver ”suicidtalen är fortsatt högt”" in repr(
        counties["gavleborg"].summary()
    )


def test_a_county_without_a_survey_says_so(counties):
    assert repr(counties["gavleborg"].survey()) == "Dokumenten innehåller ingen enkät."


def test_commentary_is_signed_dated_and_set_apart(counties):
    import dataclasses

    import pandas as pd

    row = {
        "id": "c",
        "county_code": "21",
        "focus_area": 1,
        "author": "N N",
        "role": "samordnare",
        "date": "2026-11-01",
        "text": "Så här ser vi det.",
    }
    analysis = counties["gavleborg"].analysis
    with_words = dataclasses.replace(
        analysis, tables_by_kind={**analysis.tables_by_kind, "commentary": pd.DataFrame([row])}
    )
    county = dataclasses.replace(counties["gavleborg"], analysis=with_words)
    html = county.focus_area(1).to_html()
    block = re.search(r'<blockquote class="commentary">.*?</blockquote>', html, re.DOTALL)[0]
    assert all(part in block for part in ("Så här ser vi det.", "N N", "samordnare", "1 november 2026"))
    assert "commentary" not in county.focus_area(2).to_html()
