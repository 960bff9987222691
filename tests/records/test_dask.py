"""An extract counted by workers of a cluster: the same files as when it is counted here, also where one is killed."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from dask_cluster import cluster
from psykanalys.errors import PsykanalysError
from psykanalys.records import remote
from psykanalys.records.contract import NAMES as ALL
from psykanalys.records.order import Order
from psykanalys.records.run import measure

DAY = date(2024, 6, 30)
NAMES = [name for name in ALL if name != "treatment_start"]


def contacts(number, seed=1):
    """Rows of every kind: met, waiting, closed, impossible, and ids that stand there twice, far from each other."""
    chance = random.Random(seed)
    for n in range(number):
        referral = DAY - timedelta(chance.randrange(1, 150))
        visit = referral + timedelta(chance.randrange(0, 140))
        met = visit <= DAY
        closed = not met and chance.random() < 0.2
        yield {
            "id": f"c{n % (number - 7)}",
            "area": chance.choice(["2480", "2482", "2401", "2180", "9999" if n % 97 == 0 else "2181"]),
            "unit": chance.choice(["Ålidhem", "Norra", "=Södra", ""]),
            "age": str(chance.randrange(0, 90) if n % 53 else 300),
            "sex": chance.choice("KM"),
            "referral": str(referral),
            "first_visit": str(visit) if met else "",
            "assessment": str(visit + timedelta(3)) if met and visit + timedelta(3) <= DAY else "",
            "patient_chosen_days": "1" if met and n % 5 == 0 and visit > referral else "",
            "closed": str(referral + timedelta(1)) if closed and referral < DAY else "",
            "waiting": "no" if met or closed else "yes",
        }


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A CSV file with two malformed rows at its end, a Parquet file of four row groups with other areas and units."""
    folder = tmp_path_factory.mktemp("extract")
    rows = list(contacts(1600))
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, NAMES, restval="")
        writer.writeheader()
        writer.writerows(rows[:400])
        file.write('few,cells\n"open,cells\n')
    table = pyarrow.Table.from_pandas(pd.DataFrame(rows[400:], columns=NAMES).fillna(""), preserve_index=False)
    pyarrow.parquet.write_table(table, folder / "b.parquet", row_group_size=300)
    return [folder / "a.csv", folder / "b.parquet"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def order(files, out, **options):
    return Order(files, out, DAY, month="2024-05/2024-06", by=("unit",), **options)


def written(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def small_parts(monkeypatch):
    monkeypatch.setattr(remote, "MOST_ROWS", 500)


@pytest.fixture(scope="module")
def here(files, tmp_path_factory):
    """The folder that was written here, and what was told of it."""
    folder = tmp_path_factory.mktemp("here")
    return folder, measure(order(files, folder))


def test_the_files_are_the_same_as_counted_here_though_a_worker_is_killed(files, here, running, tmp_path, monkeypatch):
    small_parts(monkeypatch)
    folder, here = here
    kept = remote.Parts._keep
    told = []

    def keep(self, number, counted):
        kept(self, number, counted)
        told.append(number)
        if len(told) == 2:
            running.workers[0].kill()
            running.workers[0].wait()

    monkeypatch.setattr(remote.Parts, "_keep", keep)
    there = measure(order(files, tmp_path / "there", dask=running.address))
    assert here.quarantined["duplicate_id"] == 13  # one of them has another fault, too
    assert {"wrong_cells": 1, "broken_quotes": 1}.items() <= here.quarantined.items()
    assert len(here.quarantined) >= 5
    assert replace(there, quarantine=here.quarantine) == here
    assert written(tmp_path / "there") == written(folder)
    assert sorted(set(told)) == list(range(len([part for file in parts_of(files) for part in file])))


def parts_of(files):
    from psykanalys.records import engine
    from psykanalys.records.contract import Names

    with engine.connected(files, engine.Bounds()) as (connection, _):
        return [list(remote.split(file)) for file in engine.open_files(connection, files, Names())]


def test_a_parquet_file_is_split_into_row_groups_whose_rows_are_numbered_on(files, monkeypatch):
    small_parts(monkeypatch)
    (whole,), parts = parts_of(files)
    assert whole.groups == ()
    assert [(part.groups, part.first) for part in parts] == [((n,), 300 * n) for n in range(4)]


def test_different_ids_with_the_same_hash_are_not_taken_for_one(files, here, tmp_path, monkeypatch):
    """A hash that two different ids share: neither stands there twice. Counted here, by the same code as by workers."""
    small_parts(monkeypatch)
    folder, here = here
    in_process(monkeypatch)
    told_equal = remote.checks.equal_hashes

    def more_equal(found, rows, folder):
        found = list(found)
        yield from told_equal(iter(found), rows, folder)
        yield np.array([found[0][0], found[-1][-1]])

    monkeypatch.setattr(remote.checks, "equal_hashes", more_equal)
    there = measure(order(files, tmp_path / "there", dask="here"))
    assert there.quarantined == here.quarantined
    assert written(tmp_path / "there") == written(folder)


def test_a_fault_in_a_file_is_told_by_its_own_name(tmp_path, running, files):
    broken = tmp_path / "broken.csv"
    broken.write_text(files[0].read_text(encoding="utf-8").partition("\n")[0] + "\nx,y\n", encoding="utf-8")
    with pytest.raises(PsykanalysError) as caught:
        measure(order([broken], tmp_path / "out", dask=running.address))
    assert str(caught.value).startswith(f"{broken.as_posix()}:2:")
    assert not (tmp_path / "out").exists()


def in_process(monkeypatch):
    """A cluster of this process alone."""
    from contextlib import nullcontext

    class Here:
        expected = remote.cluster.versions(remote.PACKAGES)

        def send(self, key, value, worker):
            return value

        def run(self, function, tasks, each=1):
            return ((name, function(*arguments("here")), "") for name, arguments in tasks.items())

    monkeypatch.setattr(remote.cluster, "connected", lambda *_: nullcontext(Here()))
