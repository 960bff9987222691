"""The county's own commentary: what a file may say, and every way in which it can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from psykanalys.analysis import FOCUS_AREAS
from psykanalys.data import contract
from psykanalys.data.commentary import locate, read_commentary
from psykanalys.data.project import Project
from psykanalys.errors import DataError, ParameterError
from psykanalys.present.commentary import Commentary

ROOT = Path(__file__).parents[2]
SIGNED = "---\nauthor: Åsa Öberg\nrole: samordnare\ndate: 2026-11-20\n---\n"
GOOD = (
    f"{SIGNED}\n## 2 Tillgängliga tidiga insatser\n\nVi ser *samma* bild.\n\n- Ett.\n- Två.\n\n## 5\nVi fortsätter.\n"
)


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(content: str | bytes) -> pd.DataFrame:
        path = tmp_path / "ord.md"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_commentary(path, "24", FOCUS_AREAS)

    return read


@pytest.fixture
def faults(read):
    def faults(content: str | bytes) -> list[str]:
        with pytest.raises(DataError) as raised:
            read(content)
        return str(raised.value).splitlines()

    return faults


class TestWhatIsRead:
    def test_one_row_per_focus_area_with_the_contracts_columns(self, read):
        rows = read(GOOD)
        assert list(rows.columns) == contract.columns("commentary")
        assert rows["focus_area"].to_list() == [2, 5]
        assert rows["id"].to_list() == ["commentary-24-2", "commentary-24-5"]
        assert set(rows["author"] + rows["role"] + rows["date"]) == {"Åsa Öbergsamordnare2026-11-20"}

    def test_the_rows_hold_by_the_contract(self, read):
        for row in read(GOOD).to_dict("records"):
            assert contract.Commentary.model_validate(row).id == row["id"]

    def test_the_text_stays_markdown(self, read):
        assert read(GOOD)["text"].to_list() == ["Vi ser *samma* bild.\n\n- Ett.\n- Två.", "Vi fortsätter."]

    def test_the_rows_can_stand_with_those_of_the_processed_table(self, read, counties):
        own = counties["vasterbotten"].commentary
        both = pd.concat([own, read(GOOD)], ignore_index=True)
        assert {name: kind.kind for name, kind in both.dtypes.items()} == {
            name: kind.kind for name, kind in own.dtypes.items()
        }
        assert len(both) == len(own) + 2

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text.replace("author", "författare").replace("role", "roll").replace("date", "datum"),
            lambda text: text.replace("author", "Author"),
            lambda text: text.replace("\n", "\r\n"),
            lambda text: f"\ufeff{text}",
            lambda text: text.replace("## 2 Tillgängliga tidiga insatser", "## 2  tillgängliga TIDIGA insatser "),
        ],
        ids=["Swedish keys", "a capital", "Windows line ends", "byte order mark", "spaces and case"],
    )
    def test_other_ways_of_writing_the_same(self, read, change):
        pd.testing.assert_frame_equal(read(change(GOOD)), read(GOOD))

    @pytest.mark.parametrize(
        "text", ["< 30 dagar", "2 & 3", "pris 5 kr/st", "a – b", "(se bilaga)", "a [1]", "snake_case"]
    )
    def test_plain_signs_are_plain_text(self, read, text):
        assert read(f"{SIGNED}## 1\n{text}\n")["text"].to_list() == [text]

    def test_the_example_in_the_documentation_holds(self, read):
        (example,) = re.findall(
            r"```markdown\n(.*?)```", (ROOT / "docs" / "commentary.md").read_text("utf-8"), re.DOTALL
        )
        assert read(example)["focus_area"].to_list() == [2, 5]


BODY = "## 1\nText.\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (SIGNED.replace("author: Åsa Öberg\n", "") + BODY, "ord.md:1:author: is missing — a line 'author: …'"),
        (SIGNED.replace("role: samordnare\n", "") + BODY, "ord.md:1:role: is missing"),
        (SIGNED.replace("date: 2026-11-20\n", "") + BODY, "ord.md:1:date: is missing"),
        (SIGNED.replace("Åsa Öberg", "") + BODY, "ord.md:2:author: has no text"),
        (SIGNED.replace("2026-11-20", "i höstas") + BODY, "ord.md:4:date: 'i höstas' is no date — 2018,"),
        (SIGNED.replace("2026-11-20", "2026-02-30") + BODY, "ord.md:4:date: '2026-02-30' is no date"),
        (SIGNED.replace("author", "autor") + BODY, "ord.md:2:autor: is no part of the signature — did you mean 'auth"),
        (SIGNED.replace("role:", "telefon: 1\nrole:") + BODY, "ord.md:3:telefon: is no part of the signature — one of"),
        (SIGNED.replace("role:", "författare: B\nrole:") + BODY, "ord.md:3:author: stands there more than once"),
        (SIGNED.replace("role: samordnare", "role: [a") + BODY, "the signature is not readable as YAML"),
        ("---\njust words\n---\n" + BODY, "ord.md:2:-: the signature is no list"),
        (BODY, "ord.md:1:-: the file does not begin with ---"),
        ("---\nauthor: A\n" + BODY, "ord.md:1:-: the signature has no second ---"),
        (SIGNED, "ord.md:-:-: no focus area is commented"),
        (f"{SIGNED}Hej.\n{BODY}", "ord.md:6:-: text before the first heading"),
        (f"{SIGNED}## 6\nText.\n", "ord.md:6:-: '## 6' is no heading of a focus area — '## 1' to '## 5'"),
        (f"{SIGNED}# 1\nText.\n", "ord.md:6:-: '# 1' is no heading"),
        (f"{SIGNED}## Inledning\nText.\n", "ord.md:6:-: '## Inledning' is no heading"),
        (f"{SIGNED}{BODY}### Mer\n", "ord.md:8:-: '### Mer' is no heading"),
        (f"{SIGNED}## 1 Utsatta grupper\nText.\n", "ord.md:6:-: 'Utsatta grupper' is not focus area 1 — '## 1 Före"),
        (f"{SIGNED}{BODY}{BODY}", "ord.md:8:-: focus area 1 stands already on line 6"),
        (f"{SIGNED}## 1\n\n## 2\nText.\n", "ord.md:6:-: no text about focus area 1"),
        (f"{SIGNED}## 1\nEn <b>viktig</b> sak.\n", "ord.md:7:-: HTML is refused"),
        (f"{SIGNED}## 1\n<script>x</script>\n", "ord.md:7:-: HTML is refused"),
        (f"{SIGNED}## 1\n<!-- dold -->\n", "ord.md:7:-: HTML is refused"),
        (f"{SIGNED}## 1\nSe [planen](plan.pdf).\n", "ord.md:7:-: links and images are refused"),
        (f"{SIGNED}## 1\n![bild](b.png)\n", "ord.md:7:-: links and images are refused"),
        (f"{SIGNED}## 1\nSe HTTPS://example.org\n", "ord.md:7:-: addresses are refused"),
        (f"{SIGNED}## 1\nSe www.example.org\n", "ord.md:7:-: addresses are refused"),
        (f"{SIGNED}## 1\n**Viktigt**\n", "ord.md:7:-: only *emphasis* marks words"),
        (f"{SIGNED}## 1\n1. Först\n", "ord.md:7:-: this kind of list is refused"),
        (f"{SIGNED}## 1\n* Först\n", "ord.md:7:-: this kind of list is refused"),
        (f"{SIGNED}## 1\n- A\n  - B\n", "ord.md:8:-: lists inside lists are refused"),
        (f"{SIGNED}## 1\n> Citat\n", "ord.md:7:-: quotations, tables and rules are refused"),
        (f"{SIGNED}## 1\n| a | b |\n", "ord.md:7:-: quotations, tables and rules are refused"),
        (f"{SIGNED}## 1\nEtt *ord utan slut\n", "ord.md:7:-: a * stands alone"),
        ((SIGNED + "## 1\nKö\n").encode("cp1252"), "ord.md:2:-: the file is not UTF-8 — save it as UTF-8"),
        ("", "ord.md:1:-: the file does not begin with ---"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_fault_with_its_line(faults, content, expected):
    (told,) = faults(content)
    assert expected in told
    assert " — " in told


def test_all_faults_are_told_at_once_in_order(faults):
    told = faults(f"{SIGNED.replace('role', 'rol')}## 1\n<i>a</i>\n## 9\nb\n## 2\n[a](b)\n")
    assert [fault.split(":")[1] for fault in told] == ["3", "7", "8", "11"]


def test_text_below_a_wrong_heading_is_not_checked_as_well(faults):
    assert len(faults(f"{SIGNED}## 9\n<b>\n[a](b)\n")) == 1


class TestWhereItLies:
    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "inside").mkdir()
        (tmp_path / "outside.md").write_text(GOOD, encoding="utf-8")
        (tmp_path / "inside" / "ord.md").write_text(GOOD, encoding="utf-8")
        return Project(tmp_path / "inside")

    def test_a_path_is_relative_to_the_project_folder(self, project):
        assert locate(project, "ord.md") == (project.root / "ord.md").resolve()

    @pytest.mark.parametrize("text", ["../outside.md", "x/../../outside.md", "/etc/hostname"])
    def test_outside_the_project_is_refused(self, project, text):
        with pytest.raises(ParameterError, match=r"commentary: .* lies outside the project — expected a Markdown file"):
            locate(project, text)

    def test_a_link_out_of_the_project_is_refused(self, project):
        (project.root / "link.md").symlink_to(project.root.parent / "outside.md")
        with pytest.raises(ParameterError, match="outside the project"):
            locate(project, "link.md")

    @pytest.mark.parametrize("text", ["annan.md", "."])
    def test_what_is_no_file_is_refused(self, project, text):
        with pytest.raises(ParameterError, match="is no file in the project — expected a Markdown file"):
            locate(project, text)


class TestHowItIsShown:
    def make(self, text, author="Åsa Öberg"):
        return Commentary(text, author, "samordnare", "2026-11-20")

    def test_it_is_set_apart_labelled_signed_and_dated(self):
        html = self.make("Ja.").to_html()
        assert html == (
            '<blockquote class="commentary"><p><strong>Länets kommentar</strong></p><p>Ja.</p>'
            "<footer>Åsa Öberg, samordnare, 20 november 2026</footer></blockquote>"
        )

    def test_paragraphs_lists_and_emphasis(self):
        html = self.make("Vi har\n*samma* bild:\n- ett\n  till\n- *två*\n\nSlut.").to_html()
        assert "<p>Vi har <em>samma</em> bild:</p><ul><li>ett till</li><li><em>två</em></li></ul><p>Slut.</p>" in html

    def test_everything_is_escaped(self):
        html = self.make('<script>alert("x")</script> & *<b>*', author="<i>A</i>").to_html()
        assert "<script" not in html
        assert "<b>" not in html
        assert "<i>" not in html
        assert "&amp; <em>&lt;b&gt;</em>" in html

    def test_a_star_alone_is_a_star(self):
        assert "<p>5 * 3 * 2</p>" in self.make("5 * 3 * 2").to_html()

    def test_as_text(self):
        assert self.make("Vi ser *samma* bild.\n\n- ett\n- två").to_text() == (
            "Länets kommentar\n\nVi ser samma bild.\n\n• ett\n• två\n\n– Åsa Öberg, samordnare, 20 november 2026"
        )
