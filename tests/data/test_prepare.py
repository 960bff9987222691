"""Raw data to processed tables: the same rows give the same bytes, whole or not at all."""

import hashlib
import json
import os
import random
import subprocess
import sys

import pandas as pd
import pytest

from psykanalys.data import prepare as preparing
from psykanalys.data.contract import KINDS, columns
from psykanalys.data.prepare import MANIFEST, items, load_prepared, prepare, raw_files
from psykanalys.errors import DataError, ProjectError

FILES = sorted([MANIFEST, *(f"{kind}.parquet" for kind in KINDS)])


def contents(small) -> dict[str, bytes]:
    return {name: content for name, (content, _) in small.processed().items()}


def parquet(small) -> dict[str, bytes]:
    return {name: content for name, content in contents(small).items() if name != MANIFEST}


def manifest(small) -> dict:
    return json.loads(contents(small)[MANIFEST])


def test_there_is_one_table_per_kind_and_a_manifest(small):
    assert sorted(contents(small)) == FILES


def test_the_same_raw_data_gives_the_same_bytes(small):
    before = contents(small)
    prepare(small.project)
    assert contents(small) == before


def test_the_same_raw_data_gives_the_same_bytes_in_another_folder_and_process(small):
    before = contents(small)
    small.root.rename(small.root.with_name("moved"))
    moved = type(small)(small.root.with_name("moved"))
    command = [sys.executable, "-c", "from psykanalys.cli import main; main()", "prepare", "--project", str(moved.root)]
    for name in before:
        (moved.root / "data" / "processed" / name).unlink()
    done = subprocess.run(command, cwd=moved.root.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "observations: 4 rows" in done.stdout
    assert contents(moved) == before


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_rows_and_columns_give_the_same_tables(small, seed):
    before, tables = parquet(small), manifest(small)["tables"]
    shuffle = random.Random(seed)
    for path in raw_files(small.project):
        name = path.relative_to(small.root / "data" / "raw").as_posix()
        header, *rows = small.records(name)
        order = shuffle.sample(range(len(header)), len(header))
        shuffle.shuffle(rows)
        small.write(name, [[row[place] for place in order] for row in (header, *rows)])
    prepare(small.project)
    assert parquet(small) == before
    assert manifest(small)["tables"] == tables


SAVED = {
    "as Windows-1252": lambda small, name: small.recode(name, "cp1252"),
    "with a BOM": lambda small, name: small.recode(name, "utf-8-sig"),
    "with CRLF": lambda small, name: small.path(name).write_bytes(
        small.path(name).read_bytes().replace(b"\n", b"\r\n")
    ),
    "with semicolons": lambda small, name: small.write(name, small.records(name), ";"),
    "with tabs": lambda small, name: small.write(name, small.records(name), "\t"),
    "with blank lines": lambda small, name: small.write(
        name, [row for pair in small.records(name) for row in (pair, [])]
    ),
}


@pytest.mark.parametrize("save", SAVED.values(), ids=SAVED)
def test_however_the_raw_files_are_saved_the_tables_are_the_same(small, save):
    before, tables, inputs = parquet(small), manifest(small)["tables"], manifest(small)["inputs"]
    for path in raw_files(small.project):
        save(small, path.relative_to(small.root / "data" / "raw").as_posix())
    prepare(small.project)
    assert parquet(small) == before
    assert manifest(small)["tables"] == tables
    assert manifest(small)["inputs"] != inputs


def test_rows_split_over_two_documents_come_in_the_order_of_their_ids(small):
    folder = small.root / "data" / "raw" / "gb-survey"
    folder.mkdir()
    header, *rows = small.records("units")
    small.write(
        "gb-survey/units.csv",
        [header, *([cell.replace("vb-plan", "gb-survey").replace("24", "21") for cell in row] for row in rows)],
    )
    small.set("gb-survey/units.csv", 2, id="a-unit")
    assert list(prepare(small.project)["units"]["id"]) == ["a-unit", "unit-pv"]


def test_every_table_has_the_columns_of_the_contract_sorted_by_id(small):
    prepared = prepare(small.project, write=False)
    for kind in KINDS:
        assert list(prepared[kind].columns) == columns(kind)
        assert list(prepared[kind]["id"]) == sorted(prepared[kind]["id"])


def test_numbers_are_numbers_and_what_is_missing_is_missing(small):
    table = prepare(small.project, write=False)["observations"].set_index("id")
    assert table.loc["obs-units", ["numerator", "denominator", "value"]].tolist() == [28, 39, 72]
    assert table.loc["obs-care", "value_high"] == 31.25
    assert table["value"].isna().sum() == 3
    assert (str(table["value"].dtype), str(table["numerator"].dtype), str(table["area"].dtype)) == (
        "Float64", "Int64", "string",
    )  # fmt: skip


def test_areas_become_codes_and_lists_keep_their_order(small):
    small.set("observations", 2, area="Region Västerbotten")
    small.set("observations", 3, area="Umeåområdet")
    small.set("findings", 2, concerns="party|goal-long")
    prepared = prepare(small.project, write=False)
    assert prepared["observations"].set_index("id")["area"][["obs-units", "obs-sub"]].tolist() == ["24", "24-umea-area"]
    assert prepared["findings"]["concerns"][0] == "party | goal-long"
    assert items("party | goal-long") == ["party", "goal-long"]
    assert items("") == []


def test_nothing_is_written_unless_asked_for(small):
    before = small.processed()
    prepare(small.project, write=False)
    assert small.processed() == before


def test_a_fault_leaves_the_processed_files_as_they_were(small):
    before = small.processed()
    small.set("observations", 2, value="1.234")
    with pytest.raises(DataError) as refused:
        prepare(small.project)
    assert [(fault.row, fault.column) for fault in refused.value.faults] == [(2, "value")]
    with pytest.raises(DataError):
        load_prepared(small.project)
    assert small.processed() == before


def test_a_fault_writes_nothing_where_nothing_was_prepared_before(small):
    for path in (small.root / "data" / "processed").iterdir():
        path.unlink()
    (small.root / "data" / "processed").rmdir()
    small.set("observations", 2, value="1.234")
    with pytest.raises(DataError):
        prepare(small.project)
    assert not (small.root / "data" / "processed").exists()


def test_the_manifest_names_every_input_with_its_checksum_and_every_table_with_its_rows(small):
    inputs, tables = manifest(small)["inputs"], manifest(small)["tables"]
    raw = {path.relative_to(small.root).as_posix(): path for path in raw_files(small.project)}
    assert {name for name in inputs if not name.startswith("catalogue/")} == set(raw)
    assert all(inputs[name] == hashlib.sha256(path.read_bytes()).hexdigest() for name, path in raw.items())
    assert "catalogue/audit_screening_units.yaml" in inputs
    assert {kind: table["rows"] for kind, table in tables.items()} == {
        kind: len(pd.read_parquet(small.root / "data" / "processed" / f"{kind}.parquet")) for kind in KINDS
    }


def test_what_is_prepared_is_read_back_as_it_was_without_being_made_anew(small):
    before = small.processed()
    loaded, made = load_prepared(small.project), prepare(small.project, write=False)
    assert small.processed() == before
    assert loaded.manifest == made.manifest
    for kind in KINDS:
        pd.testing.assert_frame_equal(loaded[kind], made[kind])


def test_changed_raw_data_is_prepared_anew(small):
    small.set("observations", 2, value="71,8")
    loaded = load_prepared(small.project)
    assert loaded["observations"].set_index("id")["value"]["obs-units"] == 71.8
    assert manifest(small) == loaded.manifest


def test_a_change_that_keeps_size_and_time_is_seen_in_the_same_process(small):
    for label in ("Etiketten A", "Etiketten B"):
        path = small.path("goals")
        before = path.stat()
        small.set("goals", 2, label=label)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert label in set(load_prepared(small.project)["goals"]["label"])
    assert path.stat().st_size == before.st_size


def test_what_somebody_does_to_a_table_is_not_there_the_next_time(small):
    first = load_prepared(small.project)
    first["observations"]["value"] = 1.0
    assert not (load_prepared(small.project)["observations"]["value"] == 1.0).all()


def test_a_raw_file_more_or_less_is_prepared_anew(small):
    small.path("survey").unlink()
    assert len(load_prepared(small.project)["survey"]) == 0
    assert "data/raw/vb-plan/survey.csv" not in manifest(small)["inputs"]


def test_a_changed_catalogue_is_prepared_anew(small, tmp_path, monkeypatch):
    other = tmp_path / "catalogue"
    other.mkdir()
    (other / "a_measure.yaml").write_text("title: Ett mått\n")
    monkeypatch.setattr(preparing, "CATALOGUE_FOLDER", other)
    assert "catalogue/a_measure.yaml" in load_prepared(small.project).manifest["inputs"]


def another_format(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "format": 0}).encode()


DAMAGED = {
    "the manifest is gone": (MANIFEST, None),
    "the manifest is cut off": (MANIFEST, lambda content: content[:100]),
    "the manifest is no object": (MANIFEST, lambda content: b"[]"),
    "the manifest is of another format": (MANIFEST, another_format),
    "the manifest is not text": (MANIFEST, lambda content: b"\xff\xfe\x00"),
    "a table is gone": ("goals.parquet", None),
    "a table is cut off": ("goals.parquet", lambda content: content[:200]),
    "a table is empty": ("goals.parquet", lambda content: b""),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGED.values(), ids=DAMAGED)
def test_processed_files_that_are_damaged_are_made_anew(small, name, damage):
    before = contents(small)
    path = small.root / "data" / "processed" / name
    content = path.read_bytes()
    path.unlink() if damage is None else path.write_bytes(damage(content))
    loaded = load_prepared(small.project)
    assert len(loaded["goals"]) == 2
    assert contents(small) == before


def test_a_table_that_was_changed_by_hand_is_made_anew(small):
    before = contents(small)
    path = small.root / "data" / "processed" / "observations.parquet"
    table = pd.read_parquet(path)
    table.loc[table["id"] == "obs-units", "value"] = 99.0
    table.to_parquet(path, index=False)
    assert load_prepared(small.project)["observations"].set_index("id")["value"]["obs-units"] == 72
    assert contents(small) == before


def test_a_disk_that_is_full_changes_nothing_and_leaves_no_half_files(small, monkeypatch):
    before = small.processed()
    small.set("observations", 2, value="71,8")
    write, written = pd.DataFrame.to_parquet, []

    def full(self, path, **options):
        written.append(path)
        if len(written) == 4:
            path.write_bytes(b"PAR1")
            raise OSError(28, "No space left on device")
        write(self, path, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(ProjectError, match=r"data/processed: cannot be written \(No space left on device\)"):
        prepare(small.project)
    assert small.processed() == before


def test_a_reader_never_sees_a_manifest_beside_tables_that_are_not_its_own(small, monkeypatch):
    small.set("observations", 2, value="71,8")
    seen = []
    replace = type(small.root).replace

    def watched(self, target):
        seen.append((target.name, (target.parent / MANIFEST).exists()))
        return replace(self, target)

    monkeypatch.setattr(type(small.root), "replace", watched)
    prepare(small.project)
    assert [name for name, _ in seen] == [*(f"{kind}.parquet" for kind in KINDS), MANIFEST]
    assert not any(there for _, there in seen)


def test_a_processed_folder_that_is_a_file_is_told_in_a_sentence(small, run):
    folder = small.root / "data" / "processed"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("")
    ran = run("prepare")
    assert ran.code == 1
    assert ran.err == "psykanalys: data/processed: cannot be written (File exists) — the earlier data are untouched\n"


def test_the_command_tells_how_many_rows_each_kind_has(small, run):
    ran = run("prepare")
    assert (ran.code, ran.err) == (0, "")
    assert "observations: 4 rows\n" in ran.out
    assert ran.out.count("\n") == len(KINDS)
