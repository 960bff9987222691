"""Registers: read as columns, with the same faults as row by row; kept in Parquet and read where asked for."""

from __future__ import annotations

import pandas as pd
import pytest

from psykanalys.analysis import assemble
from psykanalys.areas import find_area
from psykanalys.catalogue import load_catalogue
from psykanalys.data.contract import columns
from psykanalys.data.prepare import check_project, load_prepared, prepare
from psykanalys.data.reader import MOST_FAULTS
from psykanalys.data.series import as_observations, read_series, row_ids
from psykanalys.errors import DataError

from .conftest import lay_out

REGISTER = "waits-register"
MEASURE = next(
    name for name, each in load_catalogue().items() if each.statistic == "proportion" and each.counts == "persons"
)
RATE = next(name for name, each in load_catalogue().items() if each.statistic == "rate" and each.counts == "persons")
HEADER = "indicator,area,period,sex,age,numerator,denominator,value,ci_low,ci_high,status,published"
ROW = f"{MEASURE},24,2020,T,,40,100,,,,exact,yes"


@pytest.fixture
def write(tmp_path):
    """Write a register and read it: its table, and its faults as `line:column: what`."""

    def write(*rows: str, header: str = HEADER, encoding: str = "utf-8"):
        path = tmp_path / "series.csv"
        path.write_bytes("\n".join([header, *rows]).encode(encoding))
        table, faults = read_series(path, load_catalogue())
        return table, [f"{fault.row}:{fault.column}: {fault.what}" for fault in faults]

    return write


@pytest.fixture
def project(tmp_path):
    """A project with a county register of two municipalities over six years, and the nation's."""
    laid = lay_out(tmp_path / "project")
    laid.set("overrides", 2, verdict="säkert nått")
    about = {"role": "register", "plan_start": "", "plan_end": "", "lines": "500"}
    laid.add("sources", id=REGISTER, county_code="24", **about)
    laid.add("sources", id="nation-register", county_code="00", **about)
    years = range(2017, 2023)
    populations = [(code, year, sex) for code in ("24", "2480", "2482") for year in years for sex in "TKM"]
    county = [f"{MEASURE},{code},{year},{sex},{40 + year - 2017},100" for code, year, sex in populations]
    nation = [f"{MEASURE},riket,{year},T,{4000 + year},10000" for year in years]
    for source, listed in ((REGISTER, county), ("nation-register", nation)):
        (laid.project.raw / source).mkdir()
        text = "\n".join(["indicator,area,period,sex,numerator,denominator", *listed])
        (laid.project.raw / source / "series.csv").write_text(text + "\n", encoding="utf-8")
    return laid.project


def test_rows_that_hold_are_read_with_their_line_and_sorted_by_population(write):
    table, faults = write(ROW.replace("2020", "2021"), ROW, ROW.replace("24", "Umeå kommun", 1).replace(",T,", ",K,"))
    assert faults == []
    assert table[["area", "period", "sex", "line"]].values.tolist() == [
        ["24", "2020", "T", 3], ["24", "2021", "T", 2], ["2480", "2020", "K", 4]
    ]  # fmt: skip
    assert str(table["numerator"].dtype) == "Int64"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (ROW.replace(",T,", ",X,"), "2:sex: 'X' is not allowed"),
        (ROW.replace("2020", "20x0"), "2:period: '20x0' is not a period"),
        (ROW.replace(",40,", ",4x,"), "2:numerator: '4x'"),
        (ROW.replace(",40,", ",-4,"), "2:numerator: "),
        (ROW.replace(",40,", ",400,"), "2:numerator: the count is larger than its denominator"),
        (ROW.replace(",100,", ",0,"), "2:denominator: the denominator is not above 0"),
        (ROW.replace("24", "Atlantis", 1), "2:area: 'Atlantis' is no known area"),
        (ROW.replace(MEASURE, "no_such_measure"), "2:indicator: the measure is not in the catalogue"),
        (ROW.replace(",,,,exact", ",40,,,exact"), "2:value: the counts and a figure calculated from them"),
        (ROW.replace(",,,,exact", ",,35,,exact"), "2:ci_low: one limit without the other"),
        (ROW.replace(",,,,exact", ",,45,35,exact"), "2:ci_high: the limits are upside down"),
        (ROW.replace("exact", "not_reported"), "2:status: the status means no figure, but one is given"),
        (ROW.replace(",40,100,", ",,,"), "2:value: the row states nothing"),
        (f"{MEASURE},24,2020,T,,,,140,,,exact,yes", "2:value: no share"),
        (f"{MEASURE},24,2020,T,,,,40,,,exact,no", "2:numerator: an unpublished figure about persons without"),
        (f"{ROW},more", "2:: the row has 13 cells"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_told_by_line_and_column_and_left_out(write, row, told):
    table, faults = write(row, ROW.replace("2020", "1999"))
    assert len(faults) == 1
    assert faults[0].startswith(told)
    assert table["line"].tolist() == [3]


def test_two_rows_of_one_population_are_told_at_the_second(write):
    table, faults = write(ROW, ROW.replace("40", "41"))
    assert faults == ["3:indicator: the same measure, area, period, sex and age stand in a row above"]
    assert table["numerator"].tolist() == [40]


@pytest.mark.parametrize(
    ("header", "told"),
    [("", "the file is empty"), ("a,b", "no column of the first row is known"),
     (HEADER.replace("area", "areal"), "unknown column"), (HEADER.replace("area,", ""), "the column is missing")],
)  # fmt: skip
def test_a_header_that_does_not_hold_is_told(write, header, told):
    table, faults = write(header=header)
    assert table.empty
    assert any(told in fault for fault in faults)


def test_semicolons_decimal_commas_and_windows_letters_are_accepted(write):
    header = "indicator;area;period;value;ci_low;ci_high"
    table, faults = write(f"{MEASURE};Västerbotten;2020;41,5;35,25;48", header=header, encoding="cp1252")
    assert faults == []
    assert table.loc[0, ["area", "value", "ci_low", "sex", "published"]].tolist() == ["24", 41.5, 35.25, "T", "yes"]


def test_a_file_of_nothing_but_faults_is_told_up_to_a_limit(write):
    _, faults = write(*(ROW.replace("2020", "x") for _ in range(MOST_FAULTS + 5)))
    assert len(faults) == MOST_FAULTS


def test_ids_tell_the_population_and_are_ids_of_the_contract(write):
    table, _ = write(ROW, ROW.replace(",,40", ",65-,40"), ROW.replace("2020", "2019/20"))
    ids = row_ids(table.assign(source=REGISTER)).tolist()
    start = f"waits-register-{MEASURE.replace('_', '-')}-24"
    assert sorted(ids) == [f"{start}-2019-20-t", f"{start}-2020-t", f"{start}-2020-t-65plus"]


def test_rows_become_observations_of_the_contract(write):
    table, _ = write(ROW)
    made = as_observations(table.assign(source=REGISTER), load_catalogue())
    (row,) = made.to_dict("records")
    assert (row["places"], row["unit"], row["numerator"], row["status"]) == (f"{REGISTER}:2", "procent", 40, "exact")
    assert list(made) == columns("observations")


def test_only_the_rows_asked_for_are_read(project):
    series = load_prepared(project).series
    assert series.sources == {REGISTER, "nation-register"}
    assert len(series.rows([REGISTER])) == 54
    chosen = series.rows([REGISTER, "nation-register"], {"24", "00"})
    assert chosen["area"].value_counts().to_dict() == {"24": 18, "00": 6}
    assert series.rows(["no-such-source"]).empty
    assert series.areas == {"00", "24", "2480", "2482"}


def test_an_unchanged_register_is_not_read_again(project, monkeypatch):
    prepare(project)
    read = []
    monkeypatch.setattr("psykanalys.data.prepare.read_series", lambda *_: read.append(1))
    prepare(project)
    assert read == []


def test_a_changed_register_is_read_again_and_the_other_is_not(project, monkeypatch):
    before = load_prepared(project)
    path = project.raw / REGISTER / "series.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",40,100", ",39,100"), encoding="utf-8")
    read = []
    monkeypatch.setattr("psykanalys.data.prepare.read_series", lambda *each: read.append(each[0]) or read_series(*each))
    after = load_prepared(project)
    assert read == [path]
    assert after.series.rows([REGISTER])["numerator"].min() == 39
    assert after.manifest["series"]["nation-register"] == before.manifest["series"]["nation-register"]


def test_a_register_that_is_taken_away_leaves_nothing_behind(project):
    prepare(project)
    assert (project.processed / f"series-{REGISTER}.parquet").is_file()
    (project.raw / REGISTER / "series.csv").unlink()
    assert load_prepared(project).series.sources == {"nation-register"}
    assert not (project.processed / f"series-{REGISTER}.parquet").exists()


def test_a_prepared_register_that_is_broken_is_made_anew(project):
    prepare(project)
    (project.processed / f"series-{REGISTER}.parquet").write_bytes(b"PAR1")
    assert len(load_prepared(project).series.rows([REGISTER])) == 54


def test_faults_of_a_register_stop_the_preparation_and_stand_in_the_check(project):
    path = project.raw / REGISTER / "series.csv"
    path.write_text(path.read_text(encoding="utf-8") + f"{MEASURE},24,2023,T,5,4\n", encoding="utf-8")
    (fault,) = check_project(project)
    assert (fault.row, fault.column) == (56, "numerator")
    with pytest.raises(DataError):
        prepare(project)


def test_a_register_in_a_folder_that_is_no_document_is_told(project):
    (project.raw / REGISTER).rename(project.raw / "elsewhere")
    assert any("the folder 'elsewhere' is no document" in fault.what for fault in check_project(project))


def test_a_county_has_its_own_rows_and_the_nations_and_a_municipality_its_own(project):
    prepared = load_prepared(project)
    county = assemble(find_area("24"), prepared)
    own = county.results[county.results["indicator"] == MEASURE]
    assert own.groupby("area")["when"].apply(sorted).to_dict() == {
        "00": ["2022"], "24": ["2017", "2020", "2021", "2022", "2022", "2022"],
    }  # fmt: skip
    assert [each.other for each in county.comparisons if each.kind == "nation"] == [
        f"nation-register-{MEASURE.replace('_', '-')}-00-2022-t"
    ]
    (developed,) = county.developments.to_dict("records")
    assert (developed["points"], developed["marker"]) == (6, "no_change")
    municipality = assemble(find_area("2480"), prepared)
    assert set(municipality.results["area"]) == {"00", "2480"}
    assert set(municipality.goals["id"]) == set(county.goals["id"])


_COUNTS = (("T", 54, 2000), ("K", 3, 1000), ("M", 51, 1000))


def test_unpublished_counts_of_a_register_are_protected(project):
    path = project.raw / REGISTER / "series.csv"
    lines = ["indicator,area,period,sex,numerator,denominator,published"]
    lines += [f"{RATE},24,2022,{sex},{count},{of},no" for sex, count, of in _COUNTS]
    path.write_text("\n".join(lines), encoding="utf-8")
    analysis = assemble(find_area("24"), load_prepared(project))
    hidden = analysis.results[analysis.results["status"] == "suppressed"]
    assert set(hidden["sex"]) == {"K", "M"}
    assert hidden["numerator"].isna().all()
    assert isinstance(analysis.developments, pd.DataFrame)
