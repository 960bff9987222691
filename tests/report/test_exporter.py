from __future__ import annotations

import nbformat
import pytest

from psykanalys.errors import ReportError
from psykanalys.report.exporter import PsykanalysExporter


def page(*outputs: str, markdown: str = "## Ett\n\n## Två", tags=()):
    cells = [
        nbformat.v4.new_code_cell(
            "secret_code()", outputs=[nbformat.v4.new_output("display_data", {"text/html": text}) for text in outputs]
        ),
        nbformat.v4.new_markdown_cell(markdown, metadata={"tags": list(tags)}),
    ]
    return PsykanalysExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))[0]


def test_the_page_is_swedish_has_a_real_title_and_shows_no_code():
    html = page("<h1>Psykisk hälsa i Gävleborg</h1>")
    assert html.startswith("<!doctype html><html lang=sv>")
    assert "<title>Psykisk hälsa i Gävleborg</title>" in html
    assert "secret_code" not in html


def test_the_contents_list_links_every_heading():
    html = page("<h1>Titel</h1>")
    assert "<a href=#avsnitt-tva>Två</a>" in html
    assert "<h2 id=avsnitt-tva>Två</h2>" in html


def test_what_is_for_the_analyst_stays_out():
    assert "Två" not in page("<h1>Titel</h1>", tags=["not-in-report"])


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("<script>alert(1)</script>", "a script"),
        ('<img src=x onerror="alert(1)">', "a script"),
        ('<img alt="x"onerror=alert(1)>', "a script"),
        ('<a href="javascript:alert(1)">x</a>', "a script"),
        ('<img src="https://example.org/a.png">', "an external address"),
        ('<img src="//example.org/a.png">', "an external address"),
        ("<style>p{background:url(https://example.org/a.png)}</style>", "an external address"),
        ("<style>@import 'x.css'</style>", "an external address"),
        ('<iframe srcdoc="x"></iframe>', "a frame"),
        ('<link rel="stylesheet" href="x.css">', "a frame"),
    ],
)
def test_what_must_not_be_mailed_is_refused(output, what):
    with pytest.raises(ReportError, match=what):
        page("<h1>Titel</h1>", output)


def test_a_page_over_the_limit_is_refused():
    with pytest.raises(ReportError, match="at most 400 kB"):
        page("<h1>Titel</h1>", "<p>" + "x" * 400_000 + "</p>")


def test_a_picture_from_an_analysts_own_cell_gets_its_text():
    cell = nbformat.v4.new_code_cell(
        "", outputs=[nbformat.v4.new_output("display_data", {"image/png": "aGVq", "text/plain": "<Figur 1>"})]
    )
    html = PsykanalysExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    assert 'alt="<Figur 1>"' in html


def test_narrow_screens_name_the_cells_by_their_columns():
    table = '<table><caption>T</caption><thead><tr><th scope="col">Mål</th><th scope="col">År</th></tr></thead></table>'
    html = page("<h1>T</h1>", table, table)
    assert '.t1 td:nth-child(2):before{content:"År: "}' in html
    assert html.count("<table class=t1>") == 2


def test_nbconvert_and_jupyterlab_know_the_exporter():
    from nbconvert.exporters import get_exporter

    assert get_exporter("psykanalys") is PsykanalysExporter
    assert PsykanalysExporter.export_from_notebook == "Psykanalys-rapport (HTML)"
