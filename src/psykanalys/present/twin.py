"""The machine-readable twin of a page: every figure with what it was made of, every definition, and the manifest.

The texts are those of the page's tables. docs/twin.schema.json describes the whole; `VERSION` changes with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from psykanalys import manifest as made_from
from psykanalys.analysis import Analysis
from psykanalys.audit import audit
from psykanalys.comparison import Comparison
from psykanalys.data.prepare import plain_records
from psykanalys.present import formatting as fmt
from psykanalys.present import words
from psykanalys.present.tables import Tables, signed, target_text
from psykanalys.references import reference
from psykanalys.verdicts import Verdict, Word

VERSION = 1
SUPPRESSED = "suppressed"
PROTECTED = (Word.PROTECTED, Word.NOT_REACHED_PROTECTED)
STEPS = {
    "goals": "Mål",
    "with_indicator": "Mål med uppföljningsindikator",
    "testable": "Mål som går att pröva",
    "with_result": "Mål med resultat",
    "judged": "Bedömda mål",
}
_RESULT = (
    "indicator", "area", "comparator", "sex", "age", "dimension", "level", "period", "as_of", "when", "numerator",
    "denominator", "value", "value_low", "value_high", "ci_low", "ci_high", "likely_low", "likely_high", "worst", "best",
    "change", "change_unit", "base_period", "direction", "wording", "yes_no", "unit", "status", "published",
    "interval_method", "frame", "places", "source",
)  # fmt: skip
_FIGURES = (
    "numerator", "denominator", "value", "value_low", "value_high", "ci_low", "ci_high", "likely_low", "likely_high",
    "worst", "best", "change", "wording",
)  # fmt: skip
Entry = dict[str, Any]


def twin(analysis: Analysis, tables: Tables, manifest: Mapping[str, Any]) -> Entry:
    """The twin of a county's page, all plain values."""
    return {
        "schema": VERSION,
        "county": {"code": analysis.county.code, "name": analysis.county.name},
        "manifest": dict(manifest),
        "figures": sorted(_figures(analysis, tables), key=lambda each: (each["kind"], each["row"])),
        "definitions": {
            name: {"checksum": total, "definition": made_from.definition(analysis, name)}
            for name, total in made_from.definition_checksums(analysis).items()
        },
        "rows": made_from.row_checksums(analysis),
    }


def written(content: Mapping[str, Any]) -> str:
    """A twin as the text of its file: sorted keys, one figure, row or definition a line, the same every time."""
    parts = (f"{_line(name)}: {_by_line(content[name])}" for name in sorted(content))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _by_line(content: Any) -> str:
    if isinstance(content, Mapping):
        return "{\n" + ",\n".join(f"{_line(name)}: {_line(content[name])}" for name in sorted(content)) + "\n}"
    if isinstance(content, list):
        return "[\n" + ",\n".join(map(_line, content)) + "\n]"
    return _line(content)


def _line(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _figures(analysis: Analysis, tables: Tables) -> Iterator[Entry]:
    rows = _Rows(analysis)
    for row in rows.results.values():
        yield _result(row, rows, tables)
    yield from _targets(analysis, rows)
    for verdict in analysis.verdicts:
        yield _verdict(verdict, rows, tables)
    for comparison in analysis.comparisons:
        yield _comparison(comparison, rows, tables)
    for row in plain_records(analysis.funding):
        yield _funding(row, tables)
    for row in plain_records(analysis.survey):
        yield _survey(row)
    for row in plain_records(analysis.findings):
        yield _finding(row)
    yield from _counts(analysis)


class _Rows:
    """The county's rows by id, and what belongs to what."""

    def __init__(self, analysis: Analysis):
        self.results = {row["id"]: row for row in plain_records(analysis.results)}
        self.targets = {row["id"]: row for row in plain_records(analysis.targets)}
        self.frames = _gathered(
            (row["source"], row["id"]) for row in plain_records(analysis.survey) if row["kind"] == "frame"
        )
        self.overrides = _gathered((row["target"], row["id"]) for row in plain_records(analysis.overrides))
        self.observations = _gathered((each.target, each.observation) for each in analysis.verdicts if each.observation)

    def of_result(self, row: Mapping[str, Any]) -> list[str]:
        """The observation, and the survey rows that say how many were asked."""
        frames = [] if row["frame"] is None else self.frames.get(row["source"], [])
        return [f"observations/{row['id']}", *(f"survey/{name}" for name in frames)]

    def of_verdict(self, verdict: Verdict) -> list[str]:
        """The target, its goal and document, what was decided by hand, and every figure that it was set against."""
        return [
            f"targets/{verdict.target}",
            *([f"goals/{verdict.goal}"] if verdict.goal else []),
            f"sources/{self.targets[verdict.target]['source']}",
            *(f"overrides/{name}" for name in self.overrides.get(verdict.target, [])),
            *(f"observations/{name}" for name in self.observations.get(verdict.target, [])),
        ]


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    return found


def _figure(letter: str, row: str, **more: Any) -> Entry:
    """What every figure has. `rows` are the raw rows it depends on, `series` what it shares with other periods."""
    blank = {"population": "", "period": "", "suppressed": False, "rows": [], "definitions": [], "details": {}}
    return {"ref": reference(letter, row), "row": row, **blank, **more, "text": str(more["text"])}


def _result(row: Mapping[str, Any], rows: _Rows, tables: Tables) -> Entry:
    suppressed = row["status"] == SUPPRESSED
    details = {name: None if suppressed and name in _FIGURES else _plain(row[name]) for name in _RESULT}
    form = next((name for name in ("direction", "change", "yes_no") if row[name] is not None), "figure")
    population = (row[name] for name in ("indicator", "area", "comparator", "sex", "age", "dimension", "level"))
    return _figure(
        "r",
        row["id"],
        kind="result",
        label=row["title"],
        population=tables._population(row),
        period=row["when"],
        text=tables.figure(row),
        suppressed=suppressed,
        rows=rows.of_result(row),
        definitions=[row["indicator"]],
        series=_series("result", *population, form),
        details=details,
    )


def _targets(analysis: Analysis, rows: _Rows) -> Iterator[Entry]:
    verdicts = {verdict.target: verdict for verdict in analysis.verdicts}
    for row in rows.targets.values():
        yield _figure(
            "t",
            row["id"],
            kind="target",
            label=row["label"],
            period=row["due"] or "",
            text=target_text(verdicts[row["id"]]),
            rows=[f"targets/{row['id']}"],
            series=_series("target", row["id"]),
            details={
                name: _plain(row[name]) for name in ("operator", "value", "value_high", "unit", "testable", "goal")
            },
        )


def _verdict(verdict: Verdict, rows: _Rows, tables: Tables) -> Entry:
    result = rows.results.get(verdict.observation or "")
    suppressed = verdict.word in PROTECTED
    left_out = ("value", "value_low", "value_high", "ci_low", "ci_high", "distance", "distance_in_count")
    details = {
        name: None if suppressed and name in left_out else _plain(value) for name, value in vars(verdict).items()
    }
    return _figure(
        "v",
        f"{verdict.target}/{verdict.observation}",
        kind="verdict",
        label=verdict.label,
        population=tables._population(result) if result else "",
        period=verdict.period,
        text=str(verdict.word),
        suppressed=suppressed,
        rows=rows.of_verdict(verdict),
        definitions=sorted({name for name in (verdict.indicator, result and result["indicator"]) if name}),
        series=_series("verdict", verdict.target),
        details=details,
    )


def _comparison(each: Comparison, rows: _Rows, tables: Tables) -> Entry:
    against = "" if each.kind == "past" else each.against
    difference = "–" if each.difference is None else signed(each.difference, _points(each.unit))
    own, other = rows.results[each.observation], rows.results[each.other]
    suppressed = SUPPRESSED in (own["status"], other["status"])
    return _figure(
        "c",
        f"{each.observation}/{each.other}",
        kind="comparison",
        label=own["title"],
        population=tables._population(own),
        period=each.period,
        text=f"{difference} jämfört med {each.against}; {each.word}",
        suppressed=suppressed,
        rows=[f"observations/{each.observation}", f"observations/{each.other}"],
        definitions=[each.indicator],
        series=_series(
            "comparison", each.kind, against, *(own[name] for name in ("indicator", "area", "sex", "age", "level"))
        ),
        details={name: _plain(value) for name, value in vars(each).items()},
    )


def _funding(row: Mapping[str, Any], tables: Tables) -> Entry:
    return _figure(
        "f",
        row["id"],
        kind="funding",
        label=row["label"],
        period=row["year"] or "",
        text=tables._amount(row),
        rows=[f"funding/{row['id']}"],
        series=_series("funding", row["grant"], row["kind"], row["label"]),
        details={name: _plain(row[name]) for name in ("grant", "kind", "year", "amount", "unit", "status", "places")},
    )


def _survey(row: Mapping[str, Any]) -> Entry:
    return _figure(
        "s",
        row["id"],
        kind="survey",
        label=row["label"],
        text="" if row["count"] is None else fmt.number(row["count"]),
        rows=[f"survey/{row['id']}"],
        series=_series("survey", row["id"]),
        details={name: _plain(row[name]) for name in ("kind", "number", "reported", "count", "reason", "places")},
    )


def _finding(row: Mapping[str, Any]) -> Entry:
    return _figure(
        "q",
        row["id"],
        kind="finding",
        label=words.FINDING_KINDS[row["kind"]],
        text=row["description"],
        rows=[f"findings/{row['id']}"],
        series=_series("finding", row["id"]),
        details={name: _plain(row[name]) for name in ("kind", "treatment", "places")},
    )


def _counts(analysis: Analysis) -> Iterator[Entry]:
    """What is counted of the plan: goals by focus area and step, and what is lacking."""
    for number, row in analysis.overview.to_dict("index").items():
        for step, count in row.items():
            yield _count(f"area-{number}/{step}", f"{STEPS[step]}, fokusområde {number}", str(count))
    for outcome in audit(analysis).outcomes:
        if outcome.looked_at:
            found, check = len(outcome.findings), outcome.check
            yield _count(f"audit/{check.code}", f"{check.code} {check.text}", f"{found} av {outcome.looked_at}")


def _count(name: str, label: str, text: str) -> Entry:
    return _figure("n", name, kind="count", label=label, text=text, series=_series("count", name))


def _series(*parts: Any) -> str:
    return "/".join(str(part) for part in parts)


def _points(unit: str) -> str:
    return "procentenheter" if unit == "procent" else unit


def _plain(value: Any) -> Any:
    """A value as JSON has it; figures with 12 digits, which no two machines disagree about."""
    if value is None or type(value) in (str, bool, int):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if value != value:
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    return float(f"{value:.12g}") if isinstance(value, float) else str(value)
