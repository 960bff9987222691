"""The environment is written down three times; the three must agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA_NAMES = {"matplotlib": "matplotlib-base", "jupyter-client": "jupyter_client"}


def bounds(requirements: list[str]) -> dict[str, str]:
    return dict(re.fullmatch(r"([\w-]+)(.*)", requirement.replace(" ", "")).groups() for requirement in requirements)


def test_conda_and_pip_name_the_same_packages_with_the_same_bounds():
    wanted = {
        CONDA_NAMES.get(name, name): bound for name, bound in bounds(PYPROJECT["project"]["dependencies"]).items()
    }
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = bounds([entry for entry in listed if isinstance(entry, str) and entry != "pip"])
    by_pip = bounds([entry for entry in listed[-1]["pip"] if entry != "-e ."])
    assert plain.pop("python") == PYPROJECT["project"]["requires-python"]
    assert plain | by_pip == wanted


def test_the_lock_holds_every_direct_dependency_with_hashes():
    extras = PYPROJECT["project"]["optional-dependencies"]["dev"]
    for name in bounds(PYPROJECT["project"]["dependencies"] + extras):
        assert re.search(rf"^{re.escape(name)}==", LOCK, re.MULTILINE | re.IGNORECASE), name
    assert LOCK.count("--hash=sha256:") > 500


def test_the_lock_serves_every_system_and_names_no_host():
    assert "sys_platform == 'win32'" in LOCK
    assert "sys_platform == 'darwin'" in LOCK
    assert "://" not in LOCK


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return set(zipfile.ZipFile(next(folder.glob("*.whl"))).namelist())


def test_the_wheel_ships_notebook_parameters_templates_raw_data_and_catalogue(wheel):
    assert {
        "psykanalys/project/notebooks/county_report.ipynb",
        "psykanalys/project/params/common.yaml",
        "psykanalys/project/params/norrbotten.yaml",
        "psykanalys/project/data/raw/sources.csv",
        "psykanalys/report/templates/psykanalys/index.html.j2",
        "psykanalys/report/templates/psykanalys/report.typ",
        "psykanalys/report/templates/psykanalys/style.css",
        "psykanalys/catalogue/audit_screening_units.yaml",
        "psykanalys/mail/letter.css",
    } <= wheel


def test_the_wheel_ships_every_countys_parameters_and_no_recipients(wheel):
    names = {path.name for path in (ROOT / "params").glob("*.yaml")} - {"recipients.yaml"}
    assert {name for name in wheel if "/params/" in name} == {f"psykanalys/project/params/{name}" for name in names}


def test_help_does_not_import_what_it_does_not_need():
    heavy = {"pandas", "papermill", "nbconvert", "geopandas", "scipy"}
    program = f"import sys, psykanalys.cli; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
