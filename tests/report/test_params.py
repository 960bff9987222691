from __future__ import annotations

import pytest

from psykanalys.errors import ParameterError
from psykanalys.report import params

GOOD = {
    "county": "gavleborg",
    "contact": "",
    "messages": 4,
    "all_figures": True,
    "commentary": "",
    "previous": "",
    "threshold": 5,
}


def test_the_shipped_parameter_files_hold(project):
    counties = params.counties_with_parameters(project)
    assert counties == ["gavleborg", "norrbotten", "vasterbotten"]
    assert [params.read(project, county).county for county in counties] == counties


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conuty": "norrbotten"}, "conuty: unknown parameter — did you mean 'county'? allowed are county, contact"),
        ({"messages": "4"}, "messages: '4' cannot be used — expected integer"),
        ({"messages": True}, "messages: True cannot be used"),
        ({"messages": 40}, "messages: 40 cannot be used"),
        ({"county": 21}, "county: 21 cannot be used — expected string (write codes in quotes; with papermill use -r"),
        ({"county": "Atlantis"}, "county: 'Atlantis' is no known area"),
        ({"all_figures": 1}, "all_figures: 1 cannot be used"),
        ({"commentary": None}, "commentary: None cannot be used — expected string"),
    ],
)
def test_what_is_unknown_or_ill_typed_is_refused_naming_the_allowed(change, said):
    with pytest.raises(ParameterError) as raised:
        params.validate(GOOD | change)
    assert said in str(raised.value)


def test_a_missing_parameter_is_refused():
    with pytest.raises(ParameterError, match="contact: the parameter is missing"):
        params.validate({name: value for name, value in GOOD.items() if name != "contact"})


def test_all_faults_are_told_at_once():
    with pytest.raises(ParameterError) as raised:
        params.validate({"county": 21, "kontakt": "x"})
    assert len(str(raised.value).splitlines()) == 8


def test_a_running_notebook_refuses_what_papermill_only_warns_of():
    injected = '# Parameters\ncounty = "norrbotten"\nmesages = 3\n'
    with pytest.raises(ParameterError, match="mesages: unknown parameter — did you mean 'messages'"):
        params.check_parameters(GOOD | {"In": ["", injected], "mesages": 3})


def test_an_analysts_own_variables_are_not_parameters():
    assert params.check_parameters(GOOD | {"In": ["", "x = 3"], "x": 3, "np": object()}).county == "gavleborg"


def test_overrides_from_the_command_line_keep_codes_as_text():
    assert params.parse_override("county=21") == ("county", "21")
    assert params.parse_override("messages=3") == ("messages", 3)
    assert params.parse_override("all_figures=false") == ("all_figures", False)
    assert params.parse_override("commentary=2026") == ("commentary", "2026")
    with pytest.raises(ParameterError, match="no '='"):
        params.parse_override("county")


@pytest.mark.parametrize("content", ["- a\n- b\n", "county: [", "just text"])
def test_a_parameter_file_that_cannot_be_read_is_a_sentence(tmp_path, content):
    from psykanalys.data.project import Project

    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "common.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"common\.yaml: not"):
        params.read(Project(tmp_path), "gavleborg")


def test_a_county_without_parameter_file_names_those_that_have(project):
    with pytest.raises(ParameterError, match=r"skane\.yaml: no such parameter file — there are: gavleborg"):
        params.read(project, "skane")


@pytest.mark.parametrize(
    ("path", "said"), [("no/such.md", "is no file in the project"), ("../words.md", "lies outside the project")]
)
def test_a_commentary_that_is_not_in_the_project_is_refused_before_anything_runs(project, path, said):
    with pytest.raises(ParameterError, match=f"commentary: '{path}' {said}"):
        params.read(project, "gavleborg", {"commentary": path})


def test_a_commentary_in_the_project_is_accepted(project):
    assert params.read(project, "gavleborg", {"commentary": "docs/commentary.md"}).commentary == "docs/commentary.md"
