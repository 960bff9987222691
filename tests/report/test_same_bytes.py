"""The same rows give the same bytes, wherever, whenever and by whomever the report is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import copied, make_page, shipped, shuffle

import psykanalys
from psykanalys.manifest import canonical, code_checksum
from psykanalys.report import seal

ROOT = Path(__file__).parents[2]
NAMES = ("gavleborg", "norrbotten", "vasterbotten")
ELSEWHERE = {
    "TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "USER": "somebody", "LOGNAME": "somebody",
    "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1", "PYTHONPATH": str(ROOT / "src"),
    "PSYKANALYS_NO_FORK": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    """The project with shuffled rows and columns, and CSV as a Swedish Excel writes it."""
    copy = copied(tmp_path_factory.mktemp("other place") / "å ä ö")
    shuffle(copy, seed=11)
    return copy


def test_other_place_user_time_locale_order_of_rows_and_no_fork_give_the_same_bytes(folder, shuffled, tmp_path):
    """One run in which everything is otherwise, also without forks; the pages beside it were made by a fork each."""
    arguments = ["report", "norrbotten", "--jobs", "1", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "psykanalys", *arguments]
    env = os.environ | ELSEWHERE | {"HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=shuffled.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("norrbotten.html", "norrbotten.json"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_rows_give_the_same_twin(name, shuffled, project):
    twins = [psykanalys.load(name, project=where, contact="Registratorn").twin for where in (shuffled, project)]
    assert canonical(twins[0]) == canonical(twins[1])


def test_a_page_made_without_papermill_is_the_same(folder, project):
    assert make_page(project, shipped(project)) == (folder / "norrbotten.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_is_small_and_knows_no_time_and_no_place(folder, name):
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    text = canonical(seal.manifest_of(page))
    assert len(text.encode()) < 3000
    assert str(ROOT) not in text
    assert not re.search(r"\d\d:\d\d|20\d\d-\d\d-\d\d", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_stands_in_the_methods_and_in_the_footer_and_fits(folder, name):
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    manifest = seal.manifest_of(page)
    assert seal.told_codes(page) == [seal.code(manifest)] * 2
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", seal.code(manifest))
    assert manifest["text"] == seal.text_checksum(page)


def test_each_county_has_its_own_code(folder):
    manifests = [json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["page"] for name in NAMES]
    assert len({page["code"] for page in manifests}) == len(NAMES)


def test_the_manifest_tells_parameters_in_one_spelling(project):
    one, other = (psykanalys.load(name, project=project).made_from for name in ("25", "Norrbottens län"))
    assert one == other
    assert one["parameters"]["county"] == "norrbotten"


def test_what_a_page_says_does_not_hang_on_its_markup():
    plain = (
        "<html><body><p>Sju <data value=r123456>28&nbsp;%</data> av 39"
        "<table><tr><td>a<td>b</table><svg aria-label='x'></svg>"
    )
    other = (
        "<html><head></head><body>\n<p>Sju   <data value='r123456'>28 %</data>\nav\u00ad 39</p>"
        "<table><tbody><tr><td>a</td> <td>b</td></tr></tbody></table><svg aria-label='x'></svg></body></html>"
    )
    assert seal.text_checksum(plain) == seal.text_checksum(other)
    assert [line.text for line in seal.lines(plain)] == ["Sju 28 % av 39", "a | b", "x"]


def test_a_row_is_one_line_whose_empty_cells_count():
    page = "<table><tr><th>Mål<td><td><ul><li>ett<li>två</ul><tr><th>Mål<td><ul><li>ett<li>två</ul><td></table>"
    assert [line.text for line in seal.lines(page)] == ["Mål |  | ett; två", "Mål | ett; två | "]


def test_figures_of_drawings_are_found_in_their_texts_and_in_the_words_for_the_whole():
    page = "<figure><svg aria-label='7 av 9' data-r='r111111 r222222'><text data-r='r111111'>7</text></svg></figure>"
    whole, drawn = seal.lines(page)
    assert (whole.text, whole.figures) == ("7 av 9", (("r111111", ""), ("r222222", "")))
    assert drawn.figures == (("r111111", "7"),)
    assert seal.shown(page) == {"r111111": ["7"]}


@pytest.mark.parametrize(
    ("old", "new"), [("28", "29"), ("r123456", "r123457"), ("<td>a<td>b", "<td>ab<td>"), ("'x'", "'y'")]
)
def test_what_a_page_says_hangs_on_every_word_figure_and_cell(old, new):
    page = "<p>Sju <data value=r123456>28 %</data><table><tr><td>a<td>b</table><svg aria-label='x'></svg>"
    assert seal.text_checksum(page) != seal.text_checksum(page.replace(old, new))


def test_the_code_checksum_is_of_what_decides_a_page(tmp_path, monkeypatch):
    import psykanalys.manifest as manifest

    def total(**files):
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_bytes(text)
        return manifest.code_checksum()

    monkeypatch.setattr(manifest, "SOURCE", tmp_path)
    monkeypatch.setattr(manifest, "code_checksum", code_checksum.__wrapped__)
    first = total(verdicts_py=b"x = 1\n", cli_py=b"y\n")
    assert total(verdicts_py=b"x = 1\r\n", cli_py=b"other\n", note_txt=b"z") == first
    assert total(verdicts_py=b"x = 2\n") != first
