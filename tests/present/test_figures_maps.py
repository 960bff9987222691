"""The county's maps: what is named, what is expected, what is not named; names that can be read."""

from __future__ import annotations

import dataclasses
import re

import matplotlib.path
import pandas as pd
import pytest
import shapely
from figure_checks import assert_nothing_cut_or_overlapping

from psykanalys.areas import official_areas
from psykanalys.present.figures import borders, maps
from psykanalys.present.palette import ACCENT, GROUND, MARK
from psykanalys.present.tables import Tables

COUNTIES = ("gavleborg", "norrbotten", "vasterbotten")


@pytest.fixture(scope="module")
def drawn(counties):
    return {name: {each.name: each for each in counties[name].figures.maps()} for name in COUNTIES}


def changed(county, **changes):
    """The county's analysis with other results or findings."""
    analysis = county.analysis
    tables = {**analysis.tables_by_kind, **{kind: table for kind, table in changes.items() if kind != "results"}}
    return dataclasses.replace(analysis, tables_by_kind=tables, results=changes.get("results", analysis.results))


def by_municipality(results, indicator):
    return (results["indicator"] == indicator) & results["area"].str.fullmatch(r"\d{4}")


def draw(analysis):
    return maps.draw(analysis, Tables(analysis))


def test_a_map_is_drawn_where_at_least_three_municipalities_are_named(drawn):
    assert {name: len(figures) for name, figures in drawn.items()} == {
        "gavleborg": 0, "norrbotten": 1, "vasterbotten": 3,
    }  # fmt: skip


def test_two_named_municipalities_are_a_sentence_and_no_map(counties):
    results = counties["norrbotten"].results
    named = results[by_municipality(results, "sam_in_municipality")]["id"]
    assert draw(changed(counties["norrbotten"], results=results[~results["id"].isin(named[2:])])) == []


def test_forecasts_alone_are_no_map(counties):
    results = counties["norrbotten"].results.copy()
    results.loc[by_municipality(results, "sam_in_municipality"), "status"] = "forecast"
    assert draw(changed(counties["norrbotten"], results=results)) == []


def test_at_most_four_maps(counties):
    results = counties["vasterbotten"].results
    yam = results[by_municipality(results, "yam_in_municipality")]
    more = [yam.assign(indicator=f"measure_{n}", title=f"Mått {n} i kommunen") for n in range(9)]
    assert len(draw(changed(counties["vasterbotten"], results=pd.concat([results, *more])))) == maps.MOST


def test_the_title_uses_the_printed_number_with_its_denominator_only_where_it_is_printed(drawn):
    titles = {each.title.replace("\u00a0", " ") for figures in drawn.values() for each in figures.values()}
    assert titles == {
        "Strukturerad samverkan finns i 9 av 15 kommuner 2018",
        "YAM finns i 4 kommuner 2022",
        "Ungdomsmottagning finns i 6 namngivna kommuner 2022",
        "SAM finns i 2 kommuner 2016 och väntas i 2 kommuner",
    }


def test_another_printed_number_is_another_title(counties):
    results = counties["vasterbotten"].results.copy()
    results.loc[results["indicator"] == "yam_municipalities", "numerator"] = 5
    titles = [each.title for each in draw(changed(counties["vasterbotten"], results=results))]
    assert "YAM finns i 5\u00a0kommuner 2022" in titles


def test_a_no_is_named_outlined_and_never_counted_as_there(counties):
    results = counties["norrbotten"].results.copy()
    is_boden = by_municipality(results, "sam_in_municipality") & (results["area"] == "2582")
    results.loc[is_boden, "yes_no"] = "no"
    (figure,) = draw(changed(counties["norrbotten"], results=results))
    assert figure.title.endswith("och saknas i 1 namngiven kommun")
    assert ">Boden (nej)" in figure._drawing()
    assert ["Boden", "nej"] in [[str(cell).split("\u00a0")[0] for cell in row[:2]] for row in figure.table.rows]


def test_each_state_has_a_look_of_its_own(drawn):
    drawing = drawn["norrbotten"]["karta-sam"]._drawing()
    paths = re.findall(r"<path [^>]*>", drawing)
    filled = [path for path in paths if f'fill="{ACCENT}"' in path]
    outlined = [path for path in paths if f'fill="{GROUND}"' in path and f'stroke="{ACCENT}"' in path]
    empty = [path for path in paths if 'fill="none"' in path and f'stroke="{MARK}"' in path]
    assert (len(filled), len(outlined), len(empty)) == (2 + 1, 2 + 1, 10 + 1)  # and one of each in the legend
    assert all(f">{name}" in drawing for name in ("Boden", "Haparanda", "Piteå (väntas)", "Älvsbyn (väntas)"))
    assert not any(f">{name}" in drawing for name in ("Kiruna", "Luleå"))


@pytest.mark.parametrize("county", ["norrbotten", "vasterbotten"])
def test_the_table_has_every_municipality_with_its_state_and_place(counties, drawn, county):
    code = counties[county].analysis.county.code
    names = {area.name for area in official_areas().values() if area.parent == code}
    for figure in drawn[county].values():
        assert {name for row in figure.table.rows for name in re.split(", | och ", str(row[0]))} == names
        for _, state, period, place in figure.table.rows:
            is_named = not state.startswith("nämns inte")
            assert bool(re.match(r"[A-C]\u00a0rad \d", place)) == is_named == bool(re.search(r"\d{4}", period))


def test_not_named_is_said_not_to_be_a_no(drawn):
    assert "nämns inte i dokumentet, vilket inte betyder nej" in drawn["vasterbotten"]["karta-yam"].source
    whole = drawn["vasterbotten"]["karta-strukturerad-samverkan"]
    assert "hör inte till dem som dokumentet räknar upp" in whole.source


def test_cautions_stand_with_the_map_and_their_mark_at_the_name(drawn):
    figure = drawn["vasterbotten"]["karta-strukturerad-samverkan"]
    assert "¹\u00a0Bara fyra skolområden har team." in figure.source
    assert ">Skellefteå\u00a0¹<" in figure._drawing()
    assert "fortsättningen oklar" in drawn["vasterbotten"]["karta-yam"].source


def test_levels_are_told_by_name(drawn):
    assert "filial i Storuman och Vännäs" in drawn["vasterbotten"]["karta-ungdomsmottagning"].source


def test_a_finding_that_something_else_was_measured_later_stands_with_the_map(counties):
    county = counties["vasterbotten"]
    findings = county.findings.copy()
    is_other = findings["kind"] == "measures_other"
    findings.loc[is_other, "concerns"] = "vb19-obs-structured-collaboration"
    told = {each.name: each.source for each in draw(changed(county, findings=findings))}
    description = findings.loc[is_other, "description"].iloc[0]
    assert description in told["karta-strukturerad-samverkan"]
    assert description not in told["karta-yam"]


def test_the_alternative_names_who_has_it_and_who_is_not_named(drawn):
    text = drawn["norrbotten"]["karta-sam"].alternative
    assert "Finns: Boden, Haparanda. Väntas: Piteå, Älvsbyn. Nämns inte i dokumentet: Arjeplog" in text
    assert text.index("Älvsbyn") < text.index("Överkalix") < text.index("Övertorneå")


@pytest.mark.parametrize("county", ["norrbotten", "vasterbotten"])
def test_names_can_be_read_and_the_drawing_is_small(drawn, county):
    for figure in drawn[county].values():
        assert_nothing_cut_or_overlapping(figure)
        assert len(figure._drawing()) < 8000
        sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', figure._drawing())]
        assert min(sizes) >= 10


@pytest.mark.parametrize("code", ["24", "25", "21"])
def test_simplified_borders_still_meet_and_keep_every_municipality(code):
    shapes = borders.borders(code)
    assert set(shapes) == {area.code for area in official_areas().values() if area.parent == code}
    assert shapely.coverage_is_valid(list(shapes.values()))
    corners = sum(len(part.exterior.coords) for shape in shapes.values() for part in getattr(shape, "geoms", [shape]))
    assert corners < 500


def test_names_lie_inside_their_municipality_or_outside_the_county():
    texts = {area.code: area.name for area in official_areas().values() if area.parent == "21"}
    layout = borders.lay_out("21", texts, 11, 345.6, 300)
    county = shapely.union_all(list(layout.shapes.values()))
    assert len(layout.names) == len(texts)
    for name in layout.names:
        if name.anchor is None:
            assert layout.shapes[name.code].contains(name.box)
        else:
            assert not county.intersects(name.box)
            assert layout.shapes[name.code].contains(shapely.Point(name.anchor))
    assert any(name.anchor for name in layout.names)
    assert any(name.anchor is None for name in layout.names)


def test_a_map_without_room_for_every_name_has_none_and_says_where_they_stand(counties, monkeypatch):
    monkeypatch.setattr(maps, "SMALL", 60)
    (figure,) = counties["norrbotten"].figures.maps()
    assert "Kommunernas namn står i tabellen." in figure.source
    assert ">Boden" not in figure._drawing()


def test_an_outline_is_one_closed_path_with_every_part():
    two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    codes = list(borders.outline(two).codes)
    assert codes.count(matplotlib.path.Path.MOVETO) == codes.count(matplotlib.path.Path.CLOSEPOLY) == 2
