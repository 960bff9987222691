"""The last gate: a small count planted anywhere in a finished file is found, and the finished reports pass."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import make, rewrite, shipped, small_project

import psykanalys
from psykanalys.present.twin import written
from psykanalys.references import reference
from psykanalys.report import gate
from psykanalys.report.formats import convert
from psykanalys.report.gate import NOT_FOR_MAILING, leaks, leaks_in, marked

OBSERVATIONS = "norrbotten-plan-2016/observations"
COUNTS = {
    "nb16-obs-made-women": {"sex": "K", "numerator": "3"},
    "nb16-obs-made-men": {"sex": "M", "numerator": "51"},
    "nb16-obs-made-all": {"numerator": "54"},
}
HIDDEN = "nb16-obs-made-women"


def with_unpublished(rows):
    (row,) = [row for row in rows if row["id"] == "nb16-obs-suicides-2014"]
    own = {"period": "2015", "published": "no", "caution": ""}
    return [*rows, *({**row, **own, "id": name, **counts} for name, counts in COUNTS.items())]


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory):
    made = small_project(tmp_path_factory.mktemp("gate"))
    rewrite(made, OBSERVATIONS, with_unpublished)
    return made


@pytest.fixture(scope="module")
def report(unsafe):
    return psykanalys.load("norrbotten", project=unsafe)


@pytest.fixture(scope="module")
def files(unsafe):
    page, twin = make(unsafe, shipped(unsafe))
    forms = {f"norrbotten.{form}": convert(page, name, "norrbotten", ("html",))
             for name, form in (("pdf", "pdf"), ("docx", "docx"), ("text", "txt"))}  # fmt: skip
    return {"norrbotten.html": page.encode(), "norrbotten.json": written(twin).encode(), **forms}


def planted(files, name: str, content: bytes | str):
    return {**files, name: content.encode() if isinstance(content, str) else content}


def page_of(files) -> str:
    return files["norrbotten.html"].decode()


def test_a_report_with_protected_rows_passes_in_every_format(files, report):
    assert set(report.analysis.protected.hidden) == {HIDDEN, "nb16-obs-made-men"}
    assert leaks_in(files, report) == []


def test_what_is_protected_is_said_to_be_in_page_and_twin(files, report):
    twin = json.loads(files["norrbotten.json"])
    entries = [each for each in twin["figures"] if f"observations/{HIDDEN}" in each["rows"]]
    assert entries
    assert all(each["suppressed"] for each in entries)
    assert "skyddat" in page_of(files)
    for content in (page_of(files), files["norrbotten.txt"].decode()):
        assert not re.search(r"\b51\s+självmord", content)


@pytest.mark.parametrize("name", ["gavleborg", "norrbotten", "vasterbotten"])
def test_the_shipped_reports_pass(name, folder, counties):
    assert leaks([folder / f"{name}.html", folder / f"{name}.json"], counties[name]) == []


PLANTS = {
    "text": ("</h1>", "</h1><p>Under året vårdades 3 patienter.</p>"),
    "text in words": ("</h1>", "</h1><p>Tre unga flickor vårdades.</p>"),
    "split by markup": ("</h1>", "</h1><p>Under året vårdades <b>3</b> <i>unga</i> patienter.</p>"),
    "after a colon": ("</h1>", "</h1><p>Patienter: 3</p>"),
    "alternative": ('<svg ', '<svg aria-description="4 personer" '),
    "title of a drawing": ("</svg>", "<title>2 barn</title></svg>"),
    "label in a drawing": ("</svg>", '<text x="1" y="1">2 barn</text></svg>'),
    "comment": ("</h1>", "</h1><!-- 3 patienter -->"),
    "script": ("</h1>", '</h1><script type="application/json">{"a": "3 patienter"}</script>'),
    "comment before the page": ("<!doctype html>", "<!-- 3 patienter --><!doctype html>"),
    "instruction": ("</h1>", "</h1><?note 3 patienter?>"),
    "seal": ("class=seal>", "class=seal>3 patienter "),
    "attribute": ("</h1>", '</h1><p data-note="3 patienter">Text</p>'),
    "head": ("</title>", " – 3 patienter</title>"),
    "style": ("</style>", "/* 3 patienter */</style>"),
    "protected figure": ("</h1>", f'</h1><p><data value="{reference("r", HIDDEN)}">3</data></p>'),
    "protected shape": ("</svg>", f'<path data-r="{reference("r", HIDDEN)}" d="M0 0h3"/></svg>'),
}  # fmt: skip


@pytest.mark.parametrize("place", PLANTS)
def test_a_count_planted_in_the_page_is_found(place, files, report):
    before, after = PLANTS[place]
    page = page_of(files)
    assert before in page
    found = leaks_in(planted(files, "norrbotten.html", page.replace(before, after, 1)), report)
    assert {leak.file for leak in found} == {"norrbotten.html"}


OPEN_PLANTS = [place for place in PLANTS if not place.startswith("protected")]


@pytest.mark.parametrize("place", OPEN_PLANTS)
def test_it_is_found_in_a_report_without_protected_rows_too(place, folder, counties):
    before, after = PLANTS[place]
    page = (folder / "norrbotten.html").read_text(encoding="utf-8")
    assert before in page
    found = leaks_in({"norrbotten.html": page.replace(before, after, 1).encode()}, counties["norrbotten"])
    assert found
    assert all(re.search(r"[234]|tre", leak.what) for leak in found)


@pytest.mark.parametrize("where", ["manifest", "twin"])
def test_it_is_found_in_data_of_a_report_without_protected_rows(where, folder, counties):
    if where == "twin":
        twin = json.loads((folder / "norrbotten.json").read_text(encoding="utf-8"))
        twin["figures"][0]["details"]["remark"] = ["3 patienter"]
        files = {"norrbotten.json": json.dumps(twin).encode()}
    else:
        page = (folder / "norrbotten.html").read_text(encoding="utf-8")
        planted = r"\1&quot;note&quot;:&quot;\\u0033 patienter&quot;,"  # as JSON may write it
        files = {"norrbotten.html": re.sub(r"(data-manifest=.\{)", planted, page).encode()}
    (leak,) = leaks_in(files, counties["norrbotten"])
    assert leak.where.startswith("data.")
    assert leak.what == "3 patienter"


def test_names_in_data_are_read_too(folder, counties):
    content = json.dumps({"figures": [{"3 patienter": 1}]}).encode()
    (leak,) = leaks_in({"norrbotten.json": content}, counties["norrbotten"])
    assert leak.what == "3 patienter"


@pytest.mark.parametrize(
    "twice", [b'{"note": "3 patienter", "note": ""}', b'[{"id": "o1", "value": 3, "value": null}]']
)
def test_data_with_a_name_that_is_there_twice_do_not_pass(twice, folder, counties):
    assert [leak.where for leak in leaks_in({"norrbotten.json": twice}, counties["norrbotten"])] == ["data"]


JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(['"', "\\", '\\"', "\n", "a\\\\", "{}", '":"']),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.booleans())
def test_every_text_of_data_is_found_as_it_was_written(data, plain):
    def texts(one):
        if isinstance(one, str):
            return {one}
        inside = [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
        return set().union(*map(texts, inside))

    assert set(gate._texts_in(json.dumps(data, ensure_ascii=plain))) == texts(data)


def test_texts_beside_each_other_say_nothing_together(folder, counties):
    content = json.dumps({"a": "Antal: 3", "b": "patienter", "c": ["3", "barn"]}).encode()
    assert leaks_in({"norrbotten.json": content}, counties["norrbotten"]) == []


def test_a_count_planted_in_the_twin_is_found(files, report):
    twin = json.loads(files["norrbotten.json"])
    entry = next(each for each in twin["figures"] if f"observations/{HIDDEN}" in each["rows"])
    entry["details"]["numerator"] = 3
    found = leaks_in(planted(files, "norrbotten.json", json.dumps(twin)), report)
    assert any("numerator" in leak.where for leak in found)


def test_text_planted_in_the_twin_is_found(files, report):
    twin = json.loads(files["norrbotten.json"]) | {"note": "3 patienter"}
    assert leaks_in(planted(files, "norrbotten.json", json.dumps(twin)), report)


def test_a_count_planted_in_text_document_and_pdf_is_found(files, report):
    text = files["norrbotten.txt"].decode() + "\nUnder året vårdades 3 patienter.\n"
    assert leaks_in({"norrbotten.txt": text.encode()}, report)
    document = docx.Document(io.BytesIO(files["norrbotten.docx"]))
    document.add_paragraph("Under året vårdades 3 patienter.")
    out = io.BytesIO()
    document.save(out)
    assert leaks_in({"norrbotten.docx": out.getvalue()}, report)
    page = page_of(files).replace("</h1>", "</h1><p>Under året vårdades 3 patienter.</p>", 1)
    assert leaks_in({"norrbotten.pdf": convert(page, "pdf", "norrbotten", ("html",))}, report)


def test_file_names_and_archives_are_read_too(files, report):
    page = files["norrbotten.html"]
    assert leaks_in({"norrbotten-3-patienter.html": page}, report)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("norrbotten.html", page_of(files).replace("</h1>", "</h1><p>3 patienter</p>", 1))
    (leak,) = leaks_in({"norrbotten.zip": out.getvalue()}, report)
    assert str(leak).startswith("norrbotten.zip: norrbotten.html: text under")


def add_alternative(writer):
    figure = {"/Type": "/StructElem", "/S": "/Figure", "/Alt": "Stapel: 3 patienter"}
    items = {pypdf.generic.NameObject(name): pypdf.generic.TextStringObject(text) for name, text in figure.items()}
    writer._add_object(pypdf.generic.DictionaryObject(items))


PDF_PLANTS = {
    "alternative": add_alternative,
    "bookmark": lambda writer: writer.add_outline_item("3 patienter", 0),
    "property": lambda writer: writer.add_metadata({"/Subject": "3 patienter"}),
    "attached file": lambda writer: writer.add_attachment("rows.csv", b"id;antal"),
}


@pytest.mark.parametrize("place", PDF_PLANTS)
def test_a_count_planted_in_a_pdf_beside_its_text_is_found(place, files, report):
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(files["norrbotten.pdf"]))
    PDF_PLANTS[place](writer)
    out = io.BytesIO()
    writer.write(out)
    assert leaks_in({"norrbotten.pdf": out.getvalue()}, report)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped({each: archive.read(each) for each in archive.namelist()} | {name: part})


@pytest.mark.parametrize(
    ("name", "part"),
    [("docProps/custom.xml", b"<a><b>3 patienter</b></a>"), ("word/embeddings/rows.xlsx", b"PK")],
)  # fmt: skip
def test_parts_of_a_word_document_that_nobody_sees_are_read_too(name, part, files, report):
    assert leaks_in({"norrbotten.docx": with_part(files["norrbotten.docx"], name, part)}, report)


@pytest.mark.parametrize("ending", ["xyz", "json", "pdf", "docx", "zip"])
def test_what_cannot_be_read_does_not_pass(ending, report):
    (leak,) = leaks_in({f"norrbotten.{ending}": b"{"}, report)
    assert "cannot be read" in str(leak)


@pytest.mark.parametrize(
    "text",
    ["30 patienter", "0 patienter", "1–4 personer", "3 procent av patienterna", "13 barn", "2,3 barn per familj",
     "3 hälsocentraler", "fokusområde 3"],
)  # fmt: skip
def test_other_numbers_pass(text, report):
    assert leaks_in({"a.txt": text.encode()}, report) == []


def test_a_commentary_that_tells_of_few_makes_the_report_unfit_for_mailing(tmp_path):
    project = small_project(tmp_path)
    signed = "---\nauthor: Region Norrbotten\nrole: samordning\ndate: 2026-11-01\n---\n"
    comment = f"{signed}\n## 1\n\nTvå unga patienter avled under året.\n"
    values = shipped(project) | {"commentary": "comment.md"}
    Path(project.root / "comment.md").write_text(comment, encoding="utf-8")
    page, _ = make(project, values)
    report = psykanalys.load(**values, project=project)
    assert any("två unga patienter" in str(leak) for leak in leaks_in({"norrbotten.html": page.encode()}, report))


def test_a_marked_page_says_so_once_below_its_title():
    page = "<h1>Rubrik</h1><p>Text</p>"
    assert marked(marked(page)) == marked(page)
    assert marked(page) == f'<h1>Rubrik</h1><p class="warning">{NOT_FOR_MAILING}</p><p>Text</p>'
