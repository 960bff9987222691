"""A project of made-up figures for all of Sweden with known truth: to try the size of it, and to check the verdicts.

Nothing here is about anybody or any place: the names of areas and measures are real, every figure is drawn by chance
from a truth that lies beside it (`truth.csv`). Every page made of it says so, and none is mailed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psykanalys.analysis import FOCUS_AREAS, assemble
from psykanalys.areas import NATION, Area, counties, find_area, official_areas, short_name
from psykanalys.catalogue import Indicator, load_catalogue
from psykanalys.data import contract
from psykanalys.data.prepare import load_prepared
from psykanalys.data.project import Project
from psykanalys.data.series import FILE
from psykanalys.errors import ProjectError
from psykanalys.verdicts import Word

TRUTH = "truth.csv"
LAST_YEAR = 2024
PLAN_YEARS = 5
GOALS = 8  # of each focus area
SEXES = ("K", "M")
_SPREAD = {"area": 0.25, "sex": 0.15, "slope": 0.03}  # standard deviations on the scale of log odds (or log)
_UNITS = ("Regionen", "Kommunerna", "Primärvården", "Elevhälsan")


@dataclass(frozen=True)
class Size:
    """How large a demo is: measures, years to the last of them, counties in code order, and the seed."""

    indicators: int = 100
    years: int = 15
    counties: int = 21
    seed: int = 1


@dataclass(frozen=True)
class _Figures:
    """Counts of every municipality: arrays of measure × municipality × year × sex, and the truth behind them."""

    numerator: np.ndarray
    denominator: np.ndarray
    truth: np.ndarray


def make_demo(folder: Path, shipped: Path, size: Size | None = None) -> int:
    """Write a project with made-up figures and return how many figures it has.

    `shipped` has the `notebooks` to copy. Raises ProjectError where the folder exists.
    """
    if folder.exists():
        raise ProjectError(f"{folder}: already exists — name a new folder")
    size = size or Size()
    try:
        shutil.copytree(shipped / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
        return _written(folder, size)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check_verdicts(project: Project, areas: Sequence[str] = ()) -> pd.DataFrame:
    """How often each verdict word was wrong, over the targets of a demo: one row per word.

    Columns: `verdicts`, `wrong` (the word says reached where the truth is not, or the other way round), `share`.
    `areas` are codes (default: all that have a truth). Words that claim nothing are never wrong.
    """
    truth = pd.read_csv(project.root / TRUTH, dtype={"area": "string", "target": "string"})
    is_reached = {(row.target, row.area): row.is_reached == "yes" for row in truth.itertuples(index=False)}
    prepared = load_prepared(project)
    found = []
    for code in areas or sorted(truth["area"].unique()):
        for verdict in assemble(find_area(code), prepared).verdicts:
            if verdict.period == str(LAST_YEAR):
                found.append((verdict.word.value, _is_wrong(verdict.word, is_reached[verdict.target, code])))
    table = pd.DataFrame(found, columns=["word", "wrong"]).groupby("word")["wrong"].agg(["size", "sum"])
    table = table.rename(columns={"size": "verdicts", "sum": "wrong"})
    return table.assign(share=table["wrong"] / table["verdicts"])


def _is_wrong(word: Word, is_reached: bool) -> bool:  # noqa: FBT001 - a truth, not an option
    says = {Word.REACHED: True, Word.SURELY_REACHED: True, Word.LIKELY_REACHED: True, Word.NOT_REACHED: False,
            Word.SURELY_NOT_REACHED: False, Word.LIKELY_NOT_REACHED: False}  # fmt: skip
    return word in says and says[word] != is_reached


def measures(count: int) -> list[Indicator]:
    """The first measures of the catalogue that persons are counted in: rates, shares, then counts."""
    order = [("rate", "events"), ("rate", "process"), ("proportion", "process"), ("proportion", "sample"),
             ("proportion", "events"), ("count", "events"), ("count", "process"), ("count", "census")]  # fmt: skip
    of_persons = [each for each in load_catalogue().values() if each.counts == "persons"]
    chosen = [each for kind in order for each in of_persons if (each.statistic, each.nature) == kind]
    if len(chosen) < count:
        raise ProjectError(f"indicators: {count} — the catalogue has {len(chosen)} that fit; ask for fewer")
    return chosen[:count]


def _written(folder: Path, size: Size) -> int:
    chosen, wanted = measures(size.indicators), counties()[: size.counties]
    municipalities = [area for area in official_areas().values() if area.parent in {each.code for each in wanted}]
    figures = _drawn(chosen, municipalities, size)
    raw, sources, truths, rows = folder / "data" / "raw", [], [], 0
    (folder / "data" / "processed").mkdir(parents=True)
    (folder / "params").mkdir()
    (folder / "params" / "common.yaml").write_text(_COMMON, encoding="utf-8")
    every = np.arange(len(municipalities))
    for county in wanted:
        places = np.array([place for place in every if municipalities[place].parent == county.code])
        own = [municipalities[place] for place in places]
        table = _series(chosen, _of(figures, places), [*own, county], size)
        sources.append(_register(raw, county, table))
        plan = _Plan(county, chosen, _of(figures, places), size)
        sources.append(plan.write(raw, folder / "documents"))
        truths.append(plan.truth(own))
        rows += len(table)
    nation = _series(chosen, figures, [official_areas()[NATION]], size)
    sources.append(_register(raw, official_areas()[NATION], nation))
    _csv(raw / "sources.csv", "sources", sources)
    pd.concat(truths).to_csv(folder / TRUTH, index=False, lineterminator="\n")
    return rows + len(nation)


def _drawn(chosen: Sequence[Indicator], municipalities: Sequence[Area], size: Size) -> _Figures:
    """Truth and counts: log odds (or log rates) of measure, area, sex and a slope; counts by chance from them."""
    random = np.random.default_rng(size.seed)
    shape = (len(chosen), len(municipalities), size.years, len(SEXES))
    level = random.uniform(-1.5, 1.5, (len(chosen), 1, 1, 1))
    area = random.normal(0, _SPREAD["area"], (len(chosen), len(municipalities), 1, 1))
    sex = random.normal(0, _SPREAD["sex"], (len(chosen), 1, 1, 1)) * np.array([-1.0, 1.0])
    slope = random.normal(0, _SPREAD["slope"], (len(chosen), 1, 1, 1)) * np.arange(size.years)[None, None, :, None]
    people = np.exp(random.normal(8.6, 0.9, (1, len(municipalities), 1, 1)))
    truth = np.empty(shape)
    numerator, denominator = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    for place, indicator in enumerate(chosen):
        score = (level + area + sex + slope)[place]
        reach = people[0] * (1.0 if indicator.statistic == "rate" else random.uniform(0.02, 0.2))
        denominator[place] = np.maximum(np.rint(np.broadcast_to(reach, shape[1:])), 1)
        truth[place] = 1 / (1 + np.exp(-score)) if indicator.statistic == "proportion" else np.exp(score - 6.0)
        draw = random.binomial if indicator.statistic == "proportion" else _poisson(random)
        numerator[place] = draw(denominator[place], truth[place])
    return _Figures(numerator, denominator, truth)


def _poisson(random: np.random.Generator) -> Any:
    return lambda exposure, rate: random.poisson(exposure * rate)


def _of(figures: _Figures, places: np.ndarray) -> _Figures:
    """The figures of some municipalities."""
    return _Figures(figures.numerator[:, places], figures.denominator[:, places], figures.truth[:, places])


def _series(chosen: Sequence[Indicator], figures: _Figures, areas: Sequence[Area], size: Size) -> pd.DataFrame:
    """Rows of `series.csv`: of each municipality among `areas`, and of all of them together for the last area."""
    whole = np.stack([_with_whole(each) for each in (figures.numerator, figures.denominator)])
    whole = whole[:, :, -len(areas) :]
    with_total = np.concatenate([whole.sum(axis=-1, keepdims=True), whole], axis=-1)
    years = range(LAST_YEAR - size.years + 1, LAST_YEAR + 1)
    names = [[each.id for each in chosen], [area.code for area in areas], [str(year) for year in years], ["T", *SEXES]]
    index = pd.MultiIndex.from_product(names, names=["indicator", "area", "period", "sex"])
    table = pd.DataFrame({"numerator": with_total[0].ravel(), "denominator": with_total[1].ravel()}, index=index)
    table = table.reset_index().astype({"denominator": "Int64"})
    counted = {each.id for each in chosen if each.statistic == "count"}
    table.loc[table["indicator"].isin(counted), "denominator"] = pd.NA
    return table


def _with_whole(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True)
class _Plan:
    """A made-up plan: goals with targets near the truth of the county."""

    county: Area
    chosen: Sequence[Indicator]
    figures: _Figures
    size: Size

    @property
    def id(self) -> str:
        return f"demo-plan-{self.county.code}"

    @property
    def targets(self) -> list[tuple[int, Indicator, float, str]]:
        """Place of the measure, the measure, the value that must be reached, and how it is compared."""
        random = np.random.default_rng([self.size.seed, int(self.county.code)])
        listed = []
        for number in FOCUS_AREAS:
            fits = [place for place, each in enumerate(self.chosen) if number in each.focus_areas[:1]]
            with_scale = [place for place in fits if self.chosen[place].statistic != "count"]
            for place in with_scale[:GOALS]:
                each = self.chosen[place]
                near = self._true(place) * np.exp(random.normal(0, 0.08))
                value = round(float(min(near * _scale(each), 99.0)), max(each.decimals, 1))
                listed.append((place, each, value, "<=" if each.desired_direction == "lower" else ">="))
        return listed

    def write(self, raw: Path, documents: Path) -> dict[str, Any]:
        """Write the plan's rows and its text; return its row of sources.csv."""
        rows: dict[str, list[dict[str, Any]]] = {"goals": [], "targets": [], "activities": [], "plan_indicators": []}
        lines = ["SYNTETISKA DATA: en plan som inte finns", *(f"Ansvarig: {name}" for name in _UNITS)]
        units = [self._row(f"unit-{place}", place + 2, name=name, listed="yes") for place, name in enumerate(_UNITS)]
        for place, each, value, operator in self.targets:
            lines.append(f"Mål: {each.title}, {'högst' if operator == '<=' else 'minst'} {value} {each.unit}")
            self._add(rows, place, each, value, operator, len(lines), units)
        text = "\n".join(lines) + "\n"
        documents.mkdir(exist_ok=True)
        (documents / f"{self.id}.txt").write_text(text, encoding="utf-8", newline="\n")
        for kind, listed in {**rows, "units": units}.items():
            _csv(raw / self.id / f"{kind}.csv", kind, listed)
        return _source(
            self.id, f"Syntetisk plan för {self.county.name} {_years()}", "plan", self.county.code,
            sha=sha256(text.encode()).hexdigest(), lines=len(lines), plan_start=str(LAST_YEAR - PLAN_YEARS + 1),
            plan_end=str(LAST_YEAR),
        )  # fmt: skip

    def truth(self, municipalities: Sequence[Area]) -> pd.DataFrame:
        """What is true of each target, for the county and each of its municipalities."""
        listed = []
        for place, each, value, operator in self.targets:
            for number, area in [(None, self.county), *enumerate(municipalities)]:
                true = self._true(place, number) * _scale(each)
                is_reached = true <= value if operator == "<=" else true >= value
                listed.append((self._name(each), area.code, true, value, operator, "yes" if is_reached else "no"))
        return pd.DataFrame(listed, columns=["target", "area", "true_value", "value", "operator", "is_reached"])

    def _true(self, place: int, number: int | None = None) -> float:
        """The true share or rate of the last year: of one municipality, or of all, by how many each is of."""
        which = slice(None) if number is None else slice(number, number + 1)
        weight = self.figures.denominator[place, which, -1]
        return float((self.figures.truth[place, which, -1] * weight).sum() / weight.sum())

    def _add(self, rows: Any, place: int, each: Indicator, value: float, operator: str, line: int, units: Any) -> None:
        slug, area = each.id.replace("_", "-"), each.focus_areas[0]
        goal, group = f"{self.id}-goal-{slug}", f"{self.id}-group-{area}"
        shared = {"group": group, "focus_areas": str(area)}
        label = f"{each.title}: {'högst' if operator == '<=' else 'minst'} {value:g} {each.unit}".replace(".", ",")
        group_label = f"Syntetiska mål, fokusområde {area}"
        rows["goals"].append(
            self._row(
                f"goal-{slug}", line, **shared, plan="current", group_label=group_label, level="long", label=label
            )
        )
        rows["targets"].append({
            **self._row(f"target-{slug}", line, goal=goal, focus_areas=str(area), label=label, indicator=each.id),
            "operator": operator, "value": value, "area": self.county.code, "unit": each.unit,
            "due": str(LAST_YEAR), "testable": "yes",
        })  # fmt: skip
        rows["plan_indicators"].append(
            self._row(f"indicator-{slug}", line, **shared, goals=goal, kind="share", label=each.title,
                      indicator=each.id, measures="goal")
        )  # fmt: skip
        responsible = units[place % len(units)]["id"]
        rows["activities"].append(
            self._row(f"activity-{slug}", line, **shared, goal=goal, label=f"Syntetisk insats {place + 1}",
                      responsible=responsible)
        )  # fmt: skip

    def _name(self, each: Indicator) -> str:
        return f"{self.id}-target-{each.id.replace('_', '-')}"

    def _row(self, name: str, line: int, /, **cells: Any) -> dict[str, Any]:
        place = {"source": self.id, "places": f"{self.id}:{line}", "section": "Syntetisk plan"}
        return {"id": f"{self.id}-{name}", **place, "county_code": self.county.code, **cells}


def _scale(indicator: Indicator) -> float:
    return 100.0 if indicator.statistic == "proportion" else float(indicator.per or 1)


def _register(raw: Path, area: Area, table: pd.DataFrame) -> dict[str, Any]:
    source = f"demo-register-{area.code}"
    (raw / source).mkdir(parents=True)
    content = table.to_csv(index=False, lineterminator="\n").encode()
    (raw / source / FILE).write_bytes(content)
    title = f"Syntetiskt register för {short_name(area)}"
    return _source(source, title, "register", area.code, sha=sha256(content).hexdigest(), lines=len(table) + 1)


def _source(name: str, title: str, role: str, county: str, *, sha: str, lines: int, **more: str) -> dict[str, Any]:
    return {
        "id": name, "title": title, "title_is": "ours", "role": role, "publisher": "psykanalys demo",
        "year": LAST_YEAR, "dated": str(LAST_YEAR), "dated_is": "ours", "county_code": county, "sha256": sha,
        "lines": lines, "synthetic": "yes", "note": "Alla uppgifter är påhittade.", **more,
    }  # fmt: skip


def _csv(path: Path, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {name for row in rows for name in row}
    table = pd.DataFrame(list(rows), columns=[name for name in contract.columns(kind) if name in given])
    table.to_csv(path, index=False, lineterminator="\n")


def _years() -> str:
    return f"{LAST_YEAR - PLAN_YEARS + 1}–{LAST_YEAR}"


_COMMON = """\
# What all reports share. SYNTETISKA DATA: every figure in this project is made up.
contact: ""
messages: 4
all_figures: false
commentary: ""
previous: ""
threshold: 5
"""
