"""Lines merged: two age bands that touch are shown as their sum, and neither by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import pandas as pd

from psykanalys.disclosure.counts import Row

JOIN = "-and-"
ALIKE = (
    "source", "indicator", "area", "comparator", "period", "as_of", "dimension", "level", "unit", "status", "published",
)  # fmt: skip
COUNTS = ("numerator", "denominator")
NOT_SUMMED = (
    "value", "value_low", "value_high", "direction", "yes_no", "change", "base_period", "ci_low", "ci_high",
)  # fmt: skip
EMPTY_TEXTS = ("wording", "change_unit")
CAUTION = "Summan av {} och {} år, som var för sig är skyddade."


@dataclass(frozen=True)
class Merge:
    """Two rows that are shown as their sum."""

    first: str
    second: str

    @property
    def id(self) -> str:
        """The id of the row that is shown; it tells both parts."""
        return f"{self.first}{JOIN}{self.second}"


def candidates(
    rows: Sequence[Row], hidden: Collection[str], ours: Collection[str], threshold: int
) -> list[tuple[Merge, ...]]:
    """Merges to try, each for one sex or for several at once: two touching bands, one of them hidden.

    Only where it is plain what the sum is: unpublished rows alike in all but age (and sex), with printed counts, both
    with or both without a denominator, and no row that has the joined band already.
    """
    lines: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["id"] in ours and row["numerator"] is not None and _ends(row["age"]):
            lines.setdefault((*(row[name] for name in ALIKE), row["denominator"] is None), []).append(row)
    found = chain.from_iterable(_in_line(line, hidden, threshold) for line in lines.values())
    return sorted(found, key=lambda merges: (len(merges), [merge.id for merge in merges]))


def _in_line(rows: Sequence[Row], hidden: Collection[str], threshold: int) -> Iterator[tuple[Merge, ...]]:
    """For each two touching bands: all sets of sexes for which they can be merged."""
    taken = {(row["sex"], row["age"]) for row in rows}
    by_bands: dict[tuple[str, str], list[Merge]] = {}
    for one in rows:
        for other in rows:
            same_sex, joined = one["sex"] == other["sex"], joined_age(one["age"], other["age"])
            is_new = joined is not None and (one["sex"], joined) not in taken
            is_large = one["numerator"] + other["numerator"] >= threshold
            if same_sex and is_new and is_large and {one["id"], other["id"]} & set(hidden):
                by_bands.setdefault((one["age"], other["age"]), []).append(Merge(one["id"], other["id"]))
    for merges in by_bands.values():
        for size in range(1, len(merges) + 1):
            yield from combinations(sorted(merges, key=lambda merge: merge.id), size)


def joined_age(one: str, other: str) -> str | None:
    """The band of two that touch, the younger first; else None."""
    young, old = _ends(one), _ends(other)
    if not young or not old or young[1] is None or young[1] + 1 != old[0]:
        return None
    return f"{young[0]}-{'' if old[1] is None else old[1]}"


def _ends(age: str | None) -> tuple[int, int | None] | None:
    low, dash, high = (age or "").partition("-")
    return (int(low), int(high) if high else None) if dash and low else None


def with_sums(observations: pd.DataFrame, merges: Iterable[Merge], *, published: bool = False) -> pd.DataFrame:
    """The observations, with each sum behind its first part; `published`: a reader has the sum already."""
    merges = tuple(merges)
    if not merges:
        return observations
    places = {name: place for place, name in enumerate(observations["id"])}
    sums = [_sum(observations, places[merge.first], places[merge.second], merge) for merge in merges]
    order = [*map(float, range(len(observations))), *(places[merge.first] + 0.5 for merge in merges)]
    table = pd.concat([observations, *sums], ignore_index=True)
    if published:
        table.loc[table["id"].isin([merge.id for merge in merges]), "published"] = "yes"
    return table.iloc[sorted(range(len(table)), key=lambda place: order[place])].reset_index(drop=True)


def _sum(observations: pd.DataFrame, first: int, second: int, merge: Merge) -> pd.DataFrame:
    """One row: the joined band, the counts summed, the places of both; nothing else of either is known of the sum."""
    row, other = observations.iloc[[first]].copy(), observations.iloc[second]
    one = observations.iloc[first]
    row["id"], row["age"] = merge.id, joined_age(one["age"], other["age"])
    row["places"] = " | ".join(dict.fromkeys(f"{one['places']} | {other['places']}".split(" | ")))
    for name in COUNTS:
        row[name] = one[name] + other[name]
    for name in NOT_SUMMED:
        row[name] = pd.NA
    row[[*EMPTY_TEXTS]] = ""
    bands = (age.replace("-", "–") for age in (one["age"], other["age"]))
    cautions = dict.fromkeys([one["caution"], other["caution"], CAUTION.format(*bands)])
    row["caution"] = " ".join(text for text in cautions if text)
    return row.astype(observations.dtypes)


def known_merges(known: Collection[str], ids: Collection[str]) -> list[Merge]:
    """The sums among rows that a reader has from earlier reports: ids that tell two rows."""
    found = []
    for name in sorted(set(known) - set(ids)):
        cuts = [place for place in range(len(name)) if name.startswith(JOIN, place)]
        pairs = [Merge(name[:cut], name[cut + len(JOIN) :]) for cut in cuts]
        found += [pair for pair in pairs if pair.first in ids and pair.second in ids]
    return found


def parts_of(merges: Iterable[Merge]) -> Mapping[str, tuple[str, str]]:
    """The two parts of each sum."""
    return {merge.id: (merge.first, merge.second) for merge in merges}
