"""Plans made for tests: sound ones, and ones with planted defects whose codes follow from how the plan was made.

Nothing here asks the audit. What a defect must give is written beside how it is planted, from the definitions in
docs/plan-audit.md. A sound plan has everything a plan can have, and beside it much that only looks like a defect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from psykanalys.analysis import Analysis
from psykanalys.areas import find_county
from psykanalys.catalogue import Indicator
from psykanalys.data import contract
from psykanalys.indicators import calculate
from psykanalys.verdicts import judge_target

COUNTY = "24"
PLAN, FOLLOW_UP = "plan", "follow-up"
NUMBERS = ["numerator", "denominator", "value", "value_low", "value_high", "change", "ci_low", "ci_high"]
TEXTS = ["period", "as_of", "base_period", "direction", "yes_no"]
KINDS = ("areas", "units", "goals", "activities", "targets", "plan_indicators", "needs", "funding", "observations",
         "survey", "findings", "commentary", "consultation", "overrides")  # fmt: skip
COLUMNS = {kind: pd.Index(contract.columns(kind), dtype=object) for kind in KINDS}
EMPTY = {kind: pd.DataFrame(columns=columns, dtype=object) for kind, columns in COLUMNS.items()}
SOURCES = [
    {"id": PLAN, "title": "Planen", "publisher": "Regionen", "county_code": COUNTY, "plan_start": "2019"},
    {"id": FOLLOW_UP, "title": "Uppföljningen", "publisher": "Regionen", "county_code": COUNTY, "plan_start": None},
]
DOCUMENTS = pd.DataFrame(SOURCES)
Row = dict[str, Any]
Found = tuple[str, str]  # code, row


def _measure(name: str, nature: str, statistic: str = "proportion") -> Indicator:
    share = statistic == "proportion"
    return Indicator.model_validate({
        "id": name, "title": f"Mått {name}", "question": "Hur många?", "focus_areas": [1], "numerator": "Enheter",
        "denominator": "Alla enheter" if share else None, "statistic": statistic, "nature": nature,
        "unit": "procent" if share else "antal", "decimals": 0, "desired_direction": "higher", "source": "Uppföljning",
        "counts": "units", "caveats": [], "changes": [{"date": "2026-11-21", "note": "Ny."}],
    })  # fmt: skip


CATALOGUE: dict[str, Indicator] = {
    **{f"m{number}": _measure(f"m{number}", "process") for number in range(80)},
    **{f"c{number}": _measure(f"c{number}", "census") for number in range(80)},
    **{f"n{number}": _measure(f"n{number}", "process", "count") for number in range(80)},
}


def row(kind: str, /, **values: Any) -> Row:
    """A row of the contract with what is not given left empty."""
    fields = contract.KINDS[kind].model_fields
    return {name: "" if item.default in ("", ()) else None for name, item in fields.items()} | values


Rows = dict[str, list[Row]]


def analysis_of(rows: Rows) -> Analysis:
    """The analysis of one plan's rows."""
    return next(analyses_of([rows]))


def analyses_of(plans: Sequence[Rows]) -> Iterator[Analysis]:
    """The analyses of plans: the same steps as `analyse`, without files and with the results of all plans at once."""
    figures = [{**each, "plan": number} for number, rows in enumerate(plans) for each in rows["observations"]]
    printed = pd.DataFrame(figures, columns=[*contract.columns("observations"), "plan"])
    printed = printed.astype(dict.fromkeys(NUMBERS, "Float64") | dict.fromkeys(TEXTS, "string"))
    results = calculate(CATALOGUE, printed)
    by_plan = dict(iter(results.astype(object).groupby("plan")))
    for number, rows in enumerate(plans):
        yield _analysis(rows, by_plan.get(number, results.head(0)))


def _analysis(rows: Rows, results: pd.DataFrame) -> Analysis:
    tables = {kind: _table(kind, rows[kind]) for kind in KINDS} | {"sources": DOCUMENTS}
    names = results.columns.tolist()
    records = [dict(zip(names, row, strict=True)) for row in results.to_numpy(dtype=object, na_value=None)]
    verdicts = [verdict for target in rows["targets"] for verdict in judge_target(target, records, "2019")]
    return Analysis(find_county(COUNTY), tables, results, tuple(verdicts), (), (), CATALOGUE, {})


def _table(kind: str, rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table of plain objects: made in one piece, since a thousand plans are made."""
    if not rows:
        return EMPTY[kind]
    columns = COLUMNS[kind]
    cells = np.empty((len(rows), len(columns)), dtype=object)
    for place, each in enumerate(rows):
        cells[place] = [each[name] for name in columns]
    return pd.DataFrame(cells, columns=columns, dtype=object)


@dataclass
class Group:
    """A table row of a plan: its own rows by kind."""

    id: str
    area: int
    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def of(self, kind: str, goal: str) -> Row:
        """The row of a goal."""
        key = "goals" if kind == "plan_indicators" else "goal"
        return next(each for each in self.rows[kind] if each[key] == goal)

    def short(self) -> str:
        """The first short-term goal."""
        return next(goal["id"] for goal in self.rows["goals"] if goal["level"] == "short")


class Maker:
    """Makes one plan from a seed: sound groups first, then defects, one per group at most."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.line = 0
        self.measures = iter(range(80))
        self.has_list = self.random.random() < 0.7
        self.groups = [self._group(number, area) for number, area in enumerate(self._areas())]
        self.rest: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        self.truth: set[Found] = set()
        self._frame()

    @property
    def rows(self) -> Rows:
        """All rows of the plan."""
        parts = [self.rest, *(group.rows for group in self.groups)]
        return {kind: [each for part in parts for each in part[kind]] for kind in KINDS}

    @property
    def listed(self) -> str:
        """Whether a unit of the plan's own list is listed; not applicable where it has none."""
        return "yes" if self.has_list else "not_applicable"

    def plant(self, names: Iterable[str]) -> None:
        """Plant defects by name, each in a group of its own."""
        free = [*self.groups]
        self.random.shuffle(free)
        for name in names:
            self.truth |= DEFECTS[name](self, free.pop() if name not in WHOLE_PLAN else self.groups[0])

    def place(self, source: str = PLAN) -> str:
        """The next line of a document."""
        self.line += self.random.randint(1, 4)
        return f"{source}:{self.line} | {source}:{self.line + 1}"

    # --- sound rows ---------------------------------------------------------------------------------------------------

    def _areas(self) -> list[int]:
        return [1, 2, 3, 4, 5, *(self.random.randint(1, 5) for _ in range(self.random.randint(0, 1)))]

    def _group(self, number: int, area: int) -> Group:
        group = Group(f"group-{number}", area)
        self.add_goal(group, "long")
        shorts = [self.add_goal(group, "short", f"{group.id}-goal-0") for _ in range(self.random.choice([1, 1, 1, 2]))]
        for goal in shorts:
            self.add_activity(group, goal["id"])
        self.add_row(group, "needs", label="Ett behov", goals=shorts[0]["id"])
        return group

    def add_row(self, group: Group, kind: str, /, **values: Any) -> Row:
        """A row of the plan in a group."""
        short = {"plan_indicators": "indicator", "activities": "activity"}.get(kind, kind.removesuffix("s"))
        made = row(kind, id=f"{group.id}-{short}-{len(group.rows[kind])}", source=PLAN, places=self.place(),
                   county_code=COUNTY, focus_areas=str(group.area)) | values  # fmt: skip
        if "group" in made and made["group"] is None:
            made["group"] = group.id
        group.rows[kind].append(made)
        return made

    def add_goal(self, group: Group, level: str, parent: str | None = None) -> Row:
        """A goal with everything but an activity: a target, an indicator of it, a starting value."""
        place = len(group.rows["goals"])
        goal = self.add_row(group, "goals", plan="current", group_label=f"Område {group.id}", level=level,
                            parent=parent, label=f"Mål {place} i {group.id}", joint="no", state="unknown")  # fmt: skip
        measure = f"{self.random.choice('mc')}{next(self.measures)}"
        target = self.add_row(group, "targets", goal=goal["id"], label="Minst 90 procent", indicator=measure,
                              value=90.0, operator=">=", area=COUNTY, sex="T", unit="procent", due="2020",
                              testable="yes")  # fmt: skip
        if self.random.random() < 0.2:  # a time limit that says its share is no defect
            target |= {"limit_days": 30, "share": 90.0}
        self.add_row(group, "plan_indicators", goals=goal["id"], kind="share", label="Andel", indicator=measure,
                     measures="goal")  # fmt: skip
        self.add_observation(group, measure, **self._firm())
        return goal

    def _firm(self) -> Row:
        """A starting value far from 90 per cent, or whatever it be for a census."""
        n = self.random.randint(150, 400)
        return {"numerator": int(n * self.random.uniform(0.2, 0.7)), "denominator": n}

    def add_observation(self, group: Group, measure: str, **values: Any) -> Row:
        """A figure in the plan itself."""
        made = row("observations", id=f"{group.id}-obs-{len(group.rows['observations'])}", source=PLAN, sex="T",
                   places=self.place(), indicator=measure, area=COUNTY, period="2018", unit=CATALOGUE[measure].unit,
                   status="exact", published="yes") | values  # fmt: skip
        group.rows["observations"].append(made)
        return made

    def add_activity(self, group: Group, goal: str | None) -> Row:
        """An activity under way, with a unit and a year."""
        units = self.random.sample(["unit-region", "unit-clinic", "unit-school"], self.random.randint(1, 2))
        return self.add_row(group, "activities", goal=goal, label="Utbilda", responsible=" | ".join(units), year="2019",
                            state="under_way")  # fmt: skip

    def _frame(self) -> None:
        """Units, money, and rows of other plans and documents that lack everything and concern nobody."""
        names = {"region": "Regionens ledning", "clinic": "Kliniken", "school": "Skolchefer", "unused": "Vilande"}
        for name, title in names.items():
            listed = "no" if name == "unused" and self.has_list else self.listed
            self._other("units", id=f"unit-{name}", name=title, listed=listed)
        self.add_money("a", goals=self.groups[0].short())
        self.add_money("n", county_code="00")
        unknown = {"joint": "yes", "state": "unknown"}
        self._other("goals", id="earlier", plan="previous", group="earlier", group_label="Förr", level="unmarked",
                    focus_areas="1", label="Mål 0 i group-0", **unknown)  # fmt: skip
        self._other("goals", FOLLOW_UP, id="elsewhere", plan="current", group="else", group_label="Annat",
                    level="short", focus_areas="2", label="Annat mål", **unknown)  # fmt: skip
        self._other("activities", FOLLOW_UP, id="else", group="else", focus_areas="2", label="Annat", state="unknown")
        self._other("needs", FOLLOW_UP, id="else-need", focus_areas="3", label="Annat behov")
        self._other("targets", id="running", focus_areas="1", label="I löptext", operator="increase", area=COUNTY,
                    sex="T", testable="no", why_not_testable="Inget mått.")  # fmt: skip

    def add_money(self, name: str, goals: str = "", county_code: str = COUNTY) -> str:
        """A grant with a part; the goals stand at the part."""
        same = {"year": "2019", "grant": f"grant-{name}", "county_code": county_code}
        self._other("funding", id=f"money-{name}", kind="grant", label="Bidrag", amount=5.0, **same)
        self._other("funding", id=f"money-{name}-part", kind="part", label="Del", goals=goals, **same)
        return f"money-{name}"

    def _other(self, kind: str, /, source: str = PLAN, **values: Any) -> None:
        self.rest[kind].append(row(kind, source=source, places=self.place(source), **{"county_code": COUNTY} | values))


# --- defects: each returns what an audit must find --------------------------------------------------------------------


def _without_indicator(maker: Maker, group: Group) -> set[Found]:
    goal = maker.random.choice(group.rows["goals"])["id"]
    group.rows["plan_indicators"].remove(group.of("plan_indicators", goal))
    return {("P31", goal)}


def _without_any_measure(maker: Maker, group: Group) -> set[Found]:
    """Neither goal nor indicator says what is to be measured; the group's loose indicator may be another goal's."""
    goal = maker.random.choice(group.rows["goals"])["id"]
    target = group.of("targets", goal)
    target |= {"testable": "no", "value": None, "share": None, "limit_days": None, "why_not_testable": "Ingen andel."}
    group.of("plan_indicators", goal)["goals"] = ""
    loose = next(row["id"] for row in group.rows["plan_indicators"] if not row["goals"])
    return {("P01", goal), ("P02", goal), ("P27", loose)}


def _measures(what: str, code: str) -> Callable[[Maker, Group], set[Found]]:
    def plant(maker: Maker, group: Group) -> set[Found]:
        goal = maker.random.choice(group.rows["goals"])["id"]
        listed = group.of("plan_indicators", goal)
        listed |= {"measures": what, "why_other": "Mäter annat." if what == "other" else ""}
        return {("P31", goal), (code, listed["id"])}

    return plant


def _untestable(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    target |= {"testable": "no", "value": None, "share": None, "limit_days": None, "why_not_testable": "Ingen andel."}
    return {("P02", target["goal"])}


def _no_target(maker: Maker, group: Group) -> set[Found]:
    """The goal has nothing to be reached, and its indicator nothing to be set against."""
    target = maker.random.choice(group.rows["targets"])
    group.rows["targets"].remove(target)
    return {("P30", target["goal"]), ("P20", group.of("plan_indicators", target["goal"])["id"])}


def _limit_without_share(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    target |= {"testable": "no", "value": None, "share": None, "limit_days": 30, "why_not_testable": "Ingen andel."}
    return {("P02", target["goal"]), ("P03", target["id"])}


def _without_date(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    target["due"] = None
    return {("P04", target["id"])}


def _without_start(maker: Maker, group: Group) -> set[Found]:
    """No figure, one of the nation only, or one of words only: neither target nor indicator has a value."""
    target = maker.random.choice(group.rows["targets"])
    figure = next(each for each in group.rows["observations"] if each["indicator"] == target["indicator"])
    words = {"numerator": None, "denominator": None, "direction": "higher", "wording": "fler"}
    figure |= maker.random.choice([{"area": "00"}, words, {"comparator": "alla regioner"}])
    return {("P05", target["id"]), ("P10", group.of("plan_indicators", target["goal"])["id"])}


def _measured_later_only(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    figure = next(each for each in group.rows["observations"] if each["indicator"] == target["indicator"])
    figure |= {"source": FOLLOW_UP, "period": "2021"}
    return {("P05", target["id"])}


def _yes_or_no(maker: Maker, group: Group) -> set[Found]:
    listed = maker.random.choice(group.rows["plan_indicators"])
    listed["kind"] = "yes_no"
    return {("P06", listed["id"])}


def _yes_or_no_goal(maker: Maker, group: Group) -> set[Found]:
    """A goal of yes or no with an indicator of yes or no and without a starting value lacks nothing."""
    target = maker.random.choice(group.rows["targets"])
    target |= {"operator": "yes", "value": None, "share": None, "limit_days": None, "unit": "ja/nej"}
    listed = group.of("plan_indicators", target["goal"])
    listed["kind"] = "yes_no"
    for figure in [row for row in group.rows["observations"] if row["indicator"] == target["indicator"]]:
        group.rows["observations"].remove(figure)
    return set()


def _already_reached(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    figure = next(each for each in group.rows["observations"] if each["indicator"] == target["indicator"])
    figure |= {"numerator": 399, "denominator": 400}
    return {("P32", target["id"])}


def _those_concerned(maker: Maker, group: Group) -> set[Found]:
    """Nobody but 'those concerned'; beside a named unit it is no defect."""
    maker._other("units", id="unit-concerned", name="Berörda chefer", listed=maker.listed)
    alone = maker.random.random() < 0.5
    activity = maker.random.choice(group.rows["activities"])
    activity["responsible"] = "unit-concerned" if alone else f"{activity['responsible']} | unit-concerned"
    return {("P33", activity["id"])} if alone else set()


def _empty_place(maker: Maker, group: Group) -> set[Found]:
    made = maker.add_row(group, "plan_indicators", kind="none", label="saknas")
    return {("P07", made["id"])}


def _nobody(maker: Maker, group: Group) -> set[Found]:
    activity = maker.random.choice(group.rows["activities"])
    activity["responsible"] = ""
    return {("P11", activity["id"])}


def _unlisted(maker: Maker, group: Group) -> set[Found]:
    maker._other("units", id="unit-new", name="Ny enhet", listed="no")
    group.rows["activities"][0]["responsible"] += " | unit-new"
    return {("P12", "unit-new")}


def _unserved(maker: Maker, group: Group) -> set[Found]:
    goal = maker.add_goal(group, "short", f"{group.id}-goal-0")
    return {("P13", goal["id"])}


def _too_few(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    figure = next(each for each in group.rows["observations"] if each["indicator"] == target["indicator"])
    figure |= {"numerator": 17, "denominator": 20}
    everything_counted = CATALOGUE[target["indicator"]].nature == "census"
    return set() if everything_counted else {("P14", target["id"])}


def _other_result(maker: Maker, group: Group) -> set[Found]:
    target = maker.random.choice(group.rows["targets"])
    other = f"n{next(maker.measures)}"
    target |= {"measures": "other", "reported_indicator": other, "why_other": "Räknar annat."}
    maker.add_observation(group, other, numerator=12)
    return {("P15", target["goal"])}


def _twice(maker: Maker, group: Group) -> set[Found]:
    """The wording of the first group's goal again, in another focus area; not a defect in the same one."""
    first, again = maker.groups[0].rows["goals"][0], group.rows["goals"][0]
    again["label"] = maker.random.choice([f"{first['label']} (vården)", first["label"].upper(), f" {first['label']}"])
    return set() if group.area == maker.groups[0].area else {("P16", again["id"])}


def _unanswered(maker: Maker, group: Group) -> set[Found]:
    group.rows["needs"][0]["goals"] = ""
    return {("P17", group.rows["needs"][0]["id"])}


def _empty_area(maker: Maker, group: Group) -> set[Found]:
    """Everything of one focus area moves to the first; that the area is empty is about no other row."""
    area = maker.random.randint(2, 5)
    for each in (each for one in maker.groups if one.area == area for kind in KINDS for each in one.rows[kind]):
        if "focus_areas" in each:
            each["focus_areas"] = "1"
    for one in maker.groups:
        one.area = 1 if one.area == area else one.area
    return {("P18", f"focus-area-{area}")}


def _loose_money(maker: Maker, group: Group) -> set[Found]:
    return {("P19", maker.add_money("b"))}


def _aimless(maker: Maker, group: Group) -> set[Found]:
    measure = f"n{next(maker.measures)}"
    made = maker.add_row(group, "plan_indicators", goals=group.short(), kind="count", label="Antal", indicator=measure,
                         measures="activity")  # fmt: skip
    maker.add_observation(group, measure, numerator=12)
    return {("P20", made["id"]), ("P08", made["id"])}


def _only(level: str, code: str) -> Callable[[Maker, Group], set[Found]]:
    def plant(maker: Maker, group: Group) -> set[Found]:
        for goal in group.rows["goals"]:
            goal |= {"level": level, "parent": None}
        maker.add_activity(group, group.rows["goals"][0]["id"])
        return {(code, group.id)}

    return plant


def _unmarked(maker: Maker, group: Group) -> set[Found]:
    goal = maker.add_goal(group, "unmarked")
    maker.add_activity(group, goal["id"])
    return {("P23", goal["id"])}


def _joint(maker: Maker, group: Group) -> set[Found]:
    """A joint goal whose units are the region's own; where the plan has no list of units nobody can tell."""
    goal = group.rows["goals"][0]
    goal["joint"] = "yes"
    responsible = maker.random.choice(["unit-region", "unit-region | unit-clinic", "unit-region | unit-school"])
    for activity in group.rows["activities"]:
        activity["responsible"] = responsible
    alone = "school" not in responsible
    return {("P24", goal["id"])} if maker.has_list and alone else set()


def _goalless(maker: Maker, group: Group) -> set[Found]:
    made = maker.add_activity(group, None)
    made["group"] = f"{group.id}-without-goals"
    return {("P25", made["id"])}


def _unclear_goal(maker: Maker, group: Group) -> set[Found]:
    made = maker.add_activity(group, None)
    return {("P26", made["id"])}


def _unclear_indicator(maker: Maker, group: Group) -> set[Found]:
    measure = group.rows["targets"][0]["indicator"]
    made = maker.add_row(group, "plan_indicators", kind="share", label="Andel", indicator=measure, measures="goal")
    return {("P27", made["id"])}


def _undated(maker: Maker, group: Group) -> set[Found]:
    activity = maker.random.choice(group.rows["activities"])
    activity["year"] = None
    return {("P28", activity["id"])}


def _silent(maker: Maker, group: Group) -> set[Found]:
    """No state and no result in a whole group."""
    group.rows["observations"].clear()
    for activity in group.rows["activities"]:
        activity["state"] = "unknown"
    return {
        *(("P29", goal["id"]) for goal in group.rows["goals"]),
        *(("P05", target["id"]) for target in group.rows["targets"]),
        *(("P10", listed["id"]) for listed in group.rows["plan_indicators"]),
    }


DEFECTS: dict[str, Callable[[Maker, Group], set[Found]]] = {
    "without_indicator": _without_indicator,
    "without_any_measure": _without_any_measure,
    "yes_or_no_goal": _yes_or_no_goal,
    "already_reached": _already_reached,
    "those_concerned": _those_concerned,
    "indicator_of_activity": _measures("activity", "P08"),
    "indicator_of_other": _measures("other", "P09"),
    "untestable": _untestable,
    "no_target": _no_target,
    "limit_without_share": _limit_without_share,
    "without_date": _without_date,
    "without_start": _without_start,
    "measured_later_only": _measured_later_only,
    "yes_or_no": _yes_or_no,
    "empty_place": _empty_place,
    "nobody": _nobody,
    "unlisted": _unlisted,
    "unserved": _unserved,
    "too_few": _too_few,
    "other_result": _other_result,
    "twice": _twice,
    "unanswered": _unanswered,
    "empty_area": _empty_area,
    "loose_money": _loose_money,
    "aimless": _aimless,
    "only_long": _only("long", "P21"),
    "only_short": _only("short", "P22"),
    "unmarked": _unmarked,
    "joint": _joint,
    "goalless": _goalless,
    "unclear_goal": _unclear_goal,
    "unclear_indicator": _unclear_indicator,
    "undated": _undated,
    "silent": _silent,
}
WHOLE_PLAN = ("empty_area", "loose_money")


def made_plan(seed: int) -> Maker:
    """A plan with none to four defects, each in a group of its own."""
    maker = Maker(seed)
    names = maker.random.sample(sorted(DEFECTS), maker.random.randint(0, 4))
    # moving a focus area would move a repeated goal too
    maker.plant(names if "twice" not in names else [name for name in names if name != "empty_area"])
    return maker
