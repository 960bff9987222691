"""The figures in depth: access, the survey, before and after, series, money — on the counties and on made rows."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest
from figure_checks import assert_nothing_cut_or_overlapping

from psykanalys.comparison import OTHER_PERIOD
from psykanalys.present import formatting as fmt
from psykanalys.present.figures import Figures, access, change, funding, parts, shares
from psykanalys.present.palette import ACCENT, GROUND, MARK
from psykanalys.present.tables import Tables
from psykanalys.report.exporter import with_page_colours
from psykanalys.verdicts import Word

METHODS = ["access_flow", "access_stock", "months_reported", "survey", "before_and_after", "series", "funding"]


@pytest.fixture(scope="module")
def vasterbotten(counties):
    return counties["vasterbotten"].analysis


def draw(analysis, method):
    return getattr(Figures(analysis), method)()


def with_results(analysis, results, **changes):
    return dataclasses.replace(analysis, results=results.reset_index(drop=True), **changes)


def with_funding(analysis, *rows):
    blank = analysis.funding.iloc[0].to_dict() | {
        "county_code": analysis.county.code,
        "year": "2020",
        "status": "exact",
    }
    table = pd.DataFrame(
        [{**blank, "id": f"f{i}", "unit": "mnkr", "kind": "part", **row} for i, row in enumerate(rows)]
    )
    table["amount"] = table["amount"].astype("Float64")
    return dataclasses.replace(analysis, tables_by_kind={**analysis.tables_by_kind, "funding": table})


def changed(results, ids, **values):
    results = results.copy()
    for column, value in values.items():
        results.loc[results["id"].isin(ids), column] = value
    return results


def plain(text):
    return text.replace("\u00a0", " ")


def labels(figure):
    """What stands above the lines, unwrapped."""
    return [plain(text.get_text().replace("\n", " ")) for text in figure.canvas.axes[0].texts]


def written(figure):
    """What stands beside the marks: annotations are texts too, but with a mark to stand beside."""
    return [plain(text.get_text()) for text in figure.canvas.axes[0].texts if hasattr(text, "xyann")]


def lines_of(figure, *, colour=None, width=None):
    return [
        line
        for line in figure.canvas.axes[0].lines
        if colour in (None, line.get_color()) and width in (None, line.get_linewidth())
    ]


@pytest.mark.parametrize("method", METHODS)
class TestEachFigure:
    def test_is_whole_readable_and_the_same_twice(self, counties, method):
        for county in counties.values():
            figure = draw(county.analysis, method)
            if figure is None:
                continue
            assert_nothing_cut_or_overlapping(figure)
            assert figure.svg() == draw(county.analysis, method).svg()
            assert figure.title[-1] != "."
            assert "Källa: " in figure.source
            assert figure.table.rows

    def test_is_drawn_where_the_county_has_the_rows_and_only_there(self, counties, method):
        drawn = {name for name, county in counties.items() if draw(county.analysis, method)}
        assert drawn == {"vasterbotten"}

    def test_a_county_without_rows_has_none(self, vasterbotten, method):
        empty = {kind: table.iloc[:0] for kind, table in vasterbotten.tables_by_kind.items()}
        nothing = with_results(vasterbotten, vasterbotten.results.iloc[:0], tables_by_kind=empty, comparisons=())
        assert draw(nothing, method) is None

    def test_uses_the_palette_only(self, vasterbotten, method):
        page = with_page_colours(draw(vasterbotten, method).to_html())
        assert "var(--" in page
        assert not re.findall(r'(?:fill|stroke)="#\w+', page)


class TestFlow:
    def test_every_printed_share_stands_beside_its_mark(self, vasterbotten):
        told = written(draw(vasterbotten, "access_flow"))
        for share in ("31 %", "flickor 31 %", "pojkar 30 %", "28 %", "46 %"):
            assert share in told

    def test_steps_stand_in_the_order_of_the_care_chain(self, vasterbotten):
        figure = draw(vasterbotten, "access_flow")
        found = [label for label in labels(figure) if re.search(r"inom \d+ dagar", label)]
        steps = ["i första linjen inom 7", "Första besök i BUP inom 30", "utredning eller", "Behandling", "behandling"]
        assert len(found) == len(steps)
        assert all(step in label for step, label in zip(steps, found, strict=True))

    def test_a_step_with_a_target_and_no_result_is_said_to_lack_it(self, vasterbotten):
        figure = draw(vasterbotten, "access_flow")
        assert "Behandling i BUP påbörjad inom 30 dagar" in labels(figure)
        assert written(figure).count("uppgift saknas") == 1
        targets = vasterbotten.targets[vasterbotten.targets["indicator"] != "bup_treatment_within_30"]
        without = dataclasses.replace(vasterbotten, tables_by_kind={**vasterbotten.tables_by_kind, "targets": targets})
        assert "uppgift saknas" not in written(draw(without, "access_flow"))

    def test_others_figures_are_grey_ticks_named_in_the_label(self, vasterbotten):
        figure = draw(vasterbotten, "access_flow")
        ticks = [float(line.get_xdata()[0]) for line in lines_of(figure, colour=MARK, width=2)]
        assert sorted(ticks) == [22, 23, 23]
        assert any("alla landsting i genomsnitt 22 %" in label for label in labels(figure))
        assert "– flickor och pojkar (riket 23 % och 23 %)" in labels(figure)

    def test_a_figure_of_another_period_is_no_comparison(self, vasterbotten):
        results = changed(vasterbotten.results, ["vb19-obs-first-line-7-all"], when="2017")
        figure = draw(with_results(vasterbotten, results), "access_flow")
        assert len(lines_of(figure, colour=MARK, width=2)) == 2
        assert not any("alla landsting" in label for label in labels(figure))

    def test_the_message_counts_the_steps_below_half(self, vasterbotten):
        assert draw(vasterbotten, "access_flow").title.startswith("I tre av fyra steg får färre än hälften")
        own = ["vb19-obs-first-line-7", "vb19-obs-bup-first-visit-30", "vb19-obs-bup-assessment-30"]
        higher = changed(vasterbotten.results, own[:2], value=61.0)
        assert draw(with_results(vasterbotten, higher), "access_flow").title.startswith("I ett av fyra steg")
        all_high = changed(vasterbotten.results, own, value=61.0)
        assert "hälften" not in draw(with_results(vasterbotten, all_high), "access_flow").title

    def test_a_share_that_rounds_to_half_is_not_below_it(self, vasterbotten):
        results = changed(vasterbotten.results, ["vb19-obs-bup-assessment-30"], value=49.0, status="approximate")
        assert draw(with_results(vasterbotten, results), "access_flow").title.startswith("I två av fyra steg")

    def test_a_missing_figure_is_words_at_the_line_and_no_mark(self, vasterbotten):
        before = draw(vasterbotten, "access_flow")
        hidden = ["vb19-obs-bup-assessment-30"]
        results = changed(vasterbotten.results, hidden, value=float("nan"), status="not_reported")
        figure = draw(with_results(vasterbotten, results), "access_flow")
        assert "redovisas inte" in written(figure)
        assert len(lines_of(figure)) == len(lines_of(before)) - 1

    def test_a_target_is_a_tick_only_where_it_states_a_share_of_the_same_measure(self, vasterbotten):
        name = "vb19-target-bup-first-visit-30"
        assert "målet:" not in " ".join(labels(draw(vasterbotten, "access_flow")))
        assert "Målen anger tidsgränser men ingen andel" in draw(vasterbotten, "access_flow").source

        def stating(word):
            verdicts = tuple(
                dataclasses.replace(v, target_value=90.0, word=word) if v.target == name else v
                for v in vasterbotten.verdicts
            )
            return draw(dataclasses.replace(vasterbotten, verdicts=verdicts), "access_flow")

        drawn, other = stating(Word.BASELINE), stating(Word.MEASURES_OTHER)
        assert [float(line.get_xdata()[0]) for line in lines_of(drawn, width=3)] == [90]
        assert any("(målet: minst 90 %)" in label for label in labels(drawn))
        assert "Svart streck: målet." in drawn.source
        assert not lines_of(other, width=3)

    def test_before_and_after_is_left_to_its_own_figure(self, vasterbotten):
        assert not any("Medicinsk bedömning" in label for label in labels(draw(vasterbotten, "access_flow")))

    @pytest.mark.parametrize("value", [0, 1, 14, 22, 23, 49, 50, 77, 86, 99, 100])
    def test_nothing_meets_at_any_value(self, vasterbotten, value):
        young = vasterbotten.results["title"].str.contains("inom 7 dagar|inom 30 dagar")
        own = young & (vasterbotten.results["area"] == vasterbotten.county.code)
        results = changed(vasterbotten.results, vasterbotten.results.loc[own, "id"], value=float(value))
        assert_nothing_cut_or_overlapping(draw(with_results(vasterbotten, results), "access_flow"))

    @pytest.mark.parametrize(
        ("title", "days"),
        [
            ("Bedömning inom tre dagar", 3),
            ("Väntat över 90 dagar", 90),
            ("Utredning klar inom 8 veckor", 56),
            ("Köerna till BUP", None),
            ("Samtal 12 gånger", None),
        ],
    )
    def test_limits_are_read_from_titles(self, title, days):
        assert access.limit_in_days(title) == days

    def test_the_chain_is_first_contact_to_treatment_and_short_limits_first(self):
        titles = ["Behandling inom 30 dagar", "Besök inom 30 dagar", "Fördjupad utredning", "Besök inom 7 dagar", "Kö"]
        ordered = sorted(titles, key=access.place_in_chain)
        assert ordered == ["Besök inom 7 dagar", "Besök inom 30 dagar", "Fördjupad utredning", titles[0], "Kö"]


class TestStock:
    def test_every_printed_count_has_its_bar(self, vasterbotten):
        figure = draw(vasterbotten, "access_stock")
        ends = [float(line.get_xdata()[1]) for line in lines_of(figure, width=12)]
        assert ends == [36, 15, 52, 28, 19, 4]
        assert "52 patienter" in written(figure)

    def test_counts_that_may_overlap_are_never_added(self, vasterbotten):
        figure = draw(vasterbotten, "access_stock")
        assert "läggs inte ihop" in figure.source
        sums = {str(15 + 28 + 4), str(36 + 52 + 19), str(36 + 15), str(52 + 28)}
        assert not sums & set(re.findall(r"\d+", figure.alternative + figure.title))

    def test_the_message_says_in_how_many_steps_the_longest_limit_is_passed(self, vasterbotten):
        assert draw(vasterbotten, "access_stock").title == "I alla tre steg har patienter väntat över 90 dagar"
        results = changed(vasterbotten.results, ["vb19-obs-bup-treatment-over-90"], value=0.0)
        title = draw(with_results(vasterbotten, results), "access_stock").title
        assert title == "I två av tre steg har patienter väntat över 90 dagar"

    def test_periods_stand_in_the_lines_where_they_differ(self, vasterbotten):
        assert "30 september 2018" not in " ".join(labels(draw(vasterbotten, "access_stock")))
        results = changed(vasterbotten.results, ["vb19-obs-bup-treatment-over-90"], when="2018-12-31")
        told = " ".join(labels(draw(with_results(vasterbotten, results), "access_stock")))
        assert "31 december 2018" in told
        assert "30 september 2018" in told


class TestMonthsReported:
    def test_a_dash_is_words_and_never_a_bar(self, vasterbotten):
        figure = draw(vasterbotten, "months_reported")
        assert written(figure) == ["9", "redovisas inte", "4", "6", "4", "1", "redovisas inte", "2"]
        assert [float(line.get_xdata()[1]) for line in lines_of(figure)] == [9, 4, 6, 4, 1, 2]

    def test_the_message_is_who_reported_the_whole_period(self, vasterbotten):
        figure = draw(vasterbotten, "months_reported")
        assert plain(figure.title) == "2 hälsocentraler rapporterade alla 8 månader; vanligast var 1 månad (9)"
        gone = ["vb19-obs-months-reported-8"]
        results = changed(vasterbotten.results, gone, value=float("nan"), status="not_reported")
        title = plain(draw(with_results(vasterbotten, results), "months_reported").title)
        assert title == "Vanligast: 9 hälsocentraler rapporterade 1 månad"

    def test_no_share_is_made_of_counts_without_a_printed_whole(self, vasterbotten):
        figure = draw(vasterbotten, "months_reported")
        assert "%" not in figure.title + figure.alternative + figure.source
        assert not {"26", "38"} & set(re.findall(r"\d+", figure.title + figure.alternative))


class TestSurvey:
    def test_counts_are_printed_where_the_document_has_them(self, vasterbotten):
        told = written(draw(vasterbotten, "survey"))
        assert {"35 % (11 av 31)", "58 % (18 av 31)", "cirka 50 %", "5 svar, andelen anges inte"} <= set(told)

    def test_a_question_stands_together_and_the_highest_own_share_first(self, vasterbotten):
        results = vasterbotten.results
        rows = results[results["title"].str.startswith("Hälsocentraler") & results["value"].notna()]
        groups = shares.grouped(rows[rows["unit"] == "procent"], vasterbotten)
        titles = [group[0]["title"] for group in groups]
        assert len(set(titles)) == len(titles)
        assert all(len({row["title"] for row in group}) == 1 for group in groups)
        own = [
            max(row["value"] for row in group if row["area"] == "24" and row["level"] in shares.ABOUT_ALL)
            for group in groups
            if any(row["area"] == "24" and row["level"] in shares.ABOUT_ALL for row in group)
        ]
        assert own == sorted(own, reverse=True)

    def test_bounds_are_drawn_where_known_and_told_missing_where_not(self, vasterbotten):
        figure = draw(vasterbotten, "survey")
        bands = [list(map(float, line.get_xdata())) for line in lines_of(figure, colour=MARK, width=8)]
        assert [[round(end) for end in band] for band in bands] == [[47, 66], [29, 47]]
        rings = [line for line in lines_of(figure) if line.get_markerfacecolor() == GROUND and line.get_marker() == "o"]
        assert len(rings) == figure.alternative.count("antal anges inte") > 10
        assert "Ring: antalet svar anges inte" in figure.source

    def test_no_band_where_all_answered(self, vasterbotten):
        results = changed(vasterbotten.results, ["hv19-obs-guarantee-yes"], worst=35.0, best=35.0)
        figure = draw(with_results(vasterbotten, results), "survey")
        assert len(lines_of(figure, colour=MARK, width=8)) == 1
        assert figure.alternative.count("om alla hade svarat") == 1

    def test_bounds_are_lowest_and_highest_not_worst_and_best(self, vasterbotten):
        figure = draw(vasterbotten, "survey")
        assert not re.search("sämst|bäst", figure.source + figure.alternative + figure.title)
        rarely = vasterbotten.results.set_index("id").loc["hv19-obs-bup-rarely"]
        assert rarely["worst"] < rarely["value"] < rarely["best"]
        assert "lägst 47 % och högst 66 %" in plain(figure.alternative)

    def test_only_marks_that_occur_are_explained(self, vasterbotten):
        answers = vasterbotten.results["has_counts"] & vasterbotten.results["worst"].notna()
        ids = vasterbotten.results.loc[answers, "id"]
        results = changed(vasterbotten.results, ids, worst=float("nan"), best=float("nan"))
        figure = draw(with_results(vasterbotten, results), "survey")
        assert "Grått band" not in figure.source
        assert not lines_of(figure, colour=MARK, width=8)

    def test_the_message_is_the_wanted_share_farthest_from_all(self, vasterbotten):
        assert plain(draw(vasterbotten, "survey").title).endswith("sker inom tre dagar – 35 % (11 av 31)")
        results = changed(vasterbotten.results, ["hv19-obs-assess-children"], value=12.0)
        title = plain(draw(with_results(vasterbotten, results), "survey").title)
        assert title == "Längst kvar till 100 %: hälsocentraler med kompetens att bedöma barn och unga – 12 %"

    def test_a_shared_first_word_is_said_once(self, vasterbotten):
        told = " ".join(labels(draw(vasterbotten, "survey")))
        assert told.count("Hälsocentraler") == 1
        renamed = changed(vasterbotten.results, ["hv19-obs-assess"], title="Enheter som kan bedöma")
        assert " ".join(labels(draw(with_results(vasterbotten, renamed), "survey"))).count("Hälsocentraler") > 5

    @pytest.mark.parametrize("value", [0, 15, 33, 50, 66, 85, 100])
    def test_nothing_meets_at_any_value(self, vasterbotten, value):
        with_value = vasterbotten.results["value"].notna()
        results = changed(vasterbotten.results, vasterbotten.results.loc[with_value, "id"], value=float(value))
        assert_nothing_cut_or_overlapping(draw(with_results(vasterbotten, results), "survey"))


class TestBeforeAndAfter:
    def test_only_what_is_printed_is_drawn(self, vasterbotten):
        figure = draw(vasterbotten, "before_and_after")
        assert [list(map(float, line.get_xdata())) for line in lines_of(figure, width=8)] == [[30, 40], [70, 80]]
        assert written(figure) == ["före 30–40 %", "efter 70–80 %"]
        assert plain(figure.title).endswith("30–40 % före Kontaktcenter och 70–80 % efter")

    def test_nothing_is_said_of_the_cause_or_the_size_of_the_difference(self, vasterbotten):
        figure = draw(vasterbotten, "before_and_after")
        assert "visar inte vad skillnaden beror på" in figure.source
        assert "Antalen bakom andelarna anges inte" in figure.source
        assert set(re.findall(r"\d+", figure.title + figure.alternative)) == {"30", "40", "70", "80", "2022"}

    def test_half_a_pair_is_no_pair(self, vasterbotten):
        results = vasterbotten.results
        assert draw(with_results(vasterbotten, results[results["level"] != "före"]), "before_and_after") is None
        other = changed(results, ["sv22-obs-assessment-before"], area="2480")
        assert change.pairs_of(other) == []
        assert change.pairs_of(changed(results, ["sv22-obs-assessment-before"], status="exact"))

    def test_before_is_first_whatever_the_order_of_the_rows(self, vasterbotten):
        results = vasterbotten.results
        for rows in (results, results.iloc[::-1]):
            ((before, after),) = change.pairs_of(rows)
            assert (before["level"], after["level"]) == ("före", "efter")

    def test_two_pairs_fit_wherever_they_lie(self, vasterbotten):
        pair = vasterbotten.results[vasterbotten.results["level"].isin(["före", "efter"])]
        more = [
            pair.assign(id=pair["id"] + str(low), age=f"{low}-{low}", value_low=low, value_high=low + 3)
            for low in (0, 20, 48, 52, 97)
        ]
        figure = draw(with_results(vasterbotten, pd.concat([pair, *more])), "before_and_after")
        assert_nothing_cut_or_overlapping(figure)
        assert figure.title == "Före och efter: 6 mått med tal från båda tillfällena"


class TestSeries:
    def test_three_comparable_years_are_connected_from_zero(self, vasterbotten):
        figure = draw(vasterbotten, "series")
        ax = figure.canvas.axes[0]
        assert list(ax.lines[0].get_ydata()) == [8.8, 8.9, 9.1]
        assert ax.get_ylim()[0] == 0
        assert [plain(tick.get_text()) for tick in ax.get_xticklabels()] == ["2016", "2017", "2018"]

    def test_a_point_with_its_own_caution_is_a_ring_and_the_caution_is_told(self, vasterbotten):
        figure = draw(vasterbotten, "series")
        points = [line for line in figure.canvas.axes[0].lines if line.get_marker() == "o"]
        assert [point.get_markerfacecolor() for point in points] == [ACCENT, ACCENT, GROUND]
        assert "2018: Texten skrevs hösten 2018" in figure.source

    def test_periods_of_another_kind_break_the_series(self, vasterbotten):
        comparisons = tuple(
            dataclasses.replace(each, word=OTHER_PERIOD) if each.period == "2018" else each
            for each in vasterbotten.comparisons
        )
        assert draw(dataclasses.replace(vasterbotten, comparisons=comparisons), "series") is None

    def test_figures_that_the_document_says_not_to_compare_are_no_series(self, counties):
        assert change.series_of(counties["norrbotten"].analysis) == []

    def test_several_series_share_the_canvas(self, vasterbotten):
        past = [each for each in vasterbotten.comparisons if each.indicator == "antidepressant_share"]
        ids = {each.observation for each in past} | {each.other for each in past}
        rows = vasterbotten.results[vasterbotten.results["id"].isin(ids)]
        twins = tuple(
            dataclasses.replace(each, observation=f"{each.observation}-k", other=f"{each.other}-k") for each in past
        )
        women = rows.assign(id=rows["id"] + "-k", sex="K", title="Ett mått med en rubrik som är så lång att den bryts")
        results = pd.concat([vasterbotten.results, women])
        both = with_results(vasterbotten, results, comparisons=(*vasterbotten.comparisons, *twins))
        figure = draw(both, "series")
        assert len(figure.canvas.axes) == 2
        assert_nothing_cut_or_overlapping(figure)


class TestFunding:
    def test_differences_agree_with_the_findings(self, vasterbotten):
        findings = vasterbotten.findings[vasterbotten.findings["kind"] == "arithmetic"]
        grants = [grant for grant in funding.grants_of(vasterbotten) if grant.parts]
        assert len(grants) == 2
        for grant in grants:
            about = findings[
                findings["concerns"].str.split(" | ", regex=False).map(lambda ids, g=grant: g.row["id"] in ids)
            ]
            (description,) = about["description"]
            assert f"{fmt.number(grant.difference)} för mycket" in description

    def test_every_grant_has_its_printed_amount_the_largest_first(self, vasterbotten):
        figure = draw(vasterbotten, "funding")
        bars = [float(line.get_xdata()[1]) for line in lines_of(figure, width=12)]
        assert bars == [9.293, 6.637, 5.84, 3.451, 1.062, 1.0]
        assert figure.title == "För två av sex bidrag anges i kronor hur pengarna fördelas"
        told = " ".join(labels(figure))
        assert "tillsammans 0,013 mnkr mer än bidraget" in told
        assert "Primärvård – sex ändamål utan belopp" in told

    def test_what_the_parts_leave_is_said_not_to_be_accounted_for(self, vasterbotten):
        analysis = with_funding(
            vasterbotten,
            {"grant": "a", "kind": "grant", "label": "Bidrag A", "amount": 5.0},
            {"grant": "a", "label": "Del 1", "amount": 2.8},
            {"grant": "a", "label": "Del 2", "amount": 1.0},
            {"grant": "b", "kind": "grant", "label": "Bidrag B", "amount": 3.0},
            {"grant": "b", "label": "Hela", "amount": 3.0},
        )
        figure = draw(analysis, "funding")
        told = " ".join(labels(figure))
        assert "fördelat i mnkr: Del 1 2,8; Del 2 1 – redovisas inte: 1,2 mnkr" in told
        assert "Hela 3 – stämmer med bidraget" in told
        assert figure.title == "För alla bidrag anges i kronor hur pengarna fördelas"
        assert_nothing_cut_or_overlapping(figure)

    @pytest.mark.parametrize(
        "part",
        [
            {"unit": "procent"},
            {"unit": "kr"},
            {"grant": "b"},
            {"year": "2021"},
            {"amount": None, "status": "not_reported"},
            {"county_code": "00"},
        ],
    )
    def test_only_parts_of_the_same_grant_unit_and_year_are_added(self, vasterbotten, part):
        analysis = with_funding(
            vasterbotten,
            {"grant": "a", "kind": "grant", "label": "A", "amount": 5.0},
            {"grant": "a", "label": "Del", "amount": 2.0},
            {"grant": "a", "label": "Annan", "amount": 9.0} | part,
            {"grant": "c", "kind": "grant", "label": "C", "amount": 4.0},
        )
        (grant,) = [each for each in funding.grants_of(analysis) if each.row["label"] == "A"]
        assert grant.difference == -3.0

    def test_no_difference_is_made_of_amounts_that_are_not_exact(self, vasterbotten):
        analysis = with_funding(
            vasterbotten,
            {"grant": "a", "kind": "grant", "label": "A", "amount": 5.0, "status": "approximate"},
            {"grant": "a", "label": "Del", "amount": 2.0},
            {"grant": "c", "kind": "grant", "label": "C", "amount": 4.0},
        )
        assert funding.grants_of(analysis)[0].difference is None
        figure = draw(analysis, "funding")
        assert "cirka 5 mnkr" in written(figure)
        assert not re.search("redovisas inte|mer än", " ".join(labels(figure)))

    def test_national_money_and_grants_without_amount_are_no_bars(self, vasterbotten):
        analysis = with_funding(
            vasterbotten,
            {"grant": "a", "kind": "grant", "label": "Hela landet", "amount": 845.0, "county_code": "00"},
            {"grant": "b", "kind": "grant", "label": "Utan", "amount": None, "status": "not_reported"},
            {"grant": "c", "kind": "grant", "label": "C", "amount": 4.0},
            {"grant": "d", "kind": "grant", "label": "D", "amount": 3.0},
        )
        figure = draw(analysis, "funding")
        assert [float(line.get_xdata()[1]) for line in lines_of(figure, width=12)] == [4, 3]
        assert "1 post om medel saknar belopp" in figure.source
        assert figure.title == "För inget av två bidrag anges i kronor hur pengarna fördelas"


class TestParts:
    def test_a_title_within_a_sentence_keeps_its_abbreviation(self):
        assert parts.uncapital("Behandling i BUP") == "behandling i BUP"
        assert parts.uncapital("BUP-kön") == "BUP-kön"

    def test_documents_are_named_once_each(self, vasterbotten):
        rows = vasterbotten.funding["source"]
        told = parts.documents(vasterbotten, rows)
        assert told.count("(") == rows.nunique() > 1

    def test_tables_hold_the_drawn_rows(self, vasterbotten):
        figure = draw(vasterbotten, "access_stock")
        shown = [re.sub(r" [⁰¹²³⁴⁵⁶⁷⁸⁹]+$", "", plain(str(row[3]))) for row in figure.table.rows]
        assert sorted(shown) == sorted(written(figure))
        assert len(Tables(vasterbotten).funding().rows) == len(draw(vasterbotten, "funding").table.rows)
