"""Grants as bars with their printed parts beneath, and what the parts leave or exceed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from psykanalys.analysis import Analysis
from psykanalys.data.prepare import as_rows
from psykanalys.present import formatting as fmt
from psykanalys.present.counts import counted
from psykanalys.present.figures.parts import bar, bar_axis, documents, in_letters
from psykanalys.present.figures.style import GROUND, MARK, Figure, line_chart, style
from psykanalys.present.tables import Tables
from psykanalys.references import Marked, marked, reference

Row = Mapping[str, Any]
MONEY = ("mnkr", "kr")


@dataclass(frozen=True)
class Grant:
    """A grant with a printed amount, its parts with printed amounts in the same unit, and what has no amount."""

    row: Row
    parts: tuple[Row, ...]
    without_amount: tuple[str, ...]
    parts_without_amount: int

    @property
    def difference(self) -> float | None:
        """The parts' sum less the grant, where all of them are printed as exact amounts; zero where it adds up."""
        printed = [self.row, *self.parts]
        if not self.parts or any(row["status"] != "exact" for row in printed):
            return None
        return round(sum(float(part["amount"]) for part in self.parts) - float(self.row["amount"]), 6)


def draw(analysis: Analysis, tables: Tables) -> Figure | None:
    """The county's grants, each with its parts beneath, the largest first."""
    grants = grants_of(analysis)
    if len(grants) < 2:
        return None
    lines = [line for grant in grants for line in _lines(grant, analysis, with_year=_has_several_years(grants))]
    canvas = line_chart([line.label for line in lines], lambda ax, i, y: _marks(ax, y, lines[i]), foot=0.08)
    with style():
        bar_axis(canvas.axes[0], [sum(line.amounts) for line in lines], [line.text for line in lines])
    told = "; ".join(f"{line.label} {line.text}".strip() for line in lines)
    title = _message(grants, analysis)
    source = f"{_explained(grants, analysis)} {documents(analysis, {grant.row['source'] for grant in grants})}"
    return Figure("medel", canvas, title, f"{title}. {told}.", source, tables.funding(), table_beside=True)


def grants_of(analysis: Analysis) -> list[Grant]:
    """The county's own grants with a printed amount, in the unit that most of them have."""
    rows = analysis.funding[analysis.funding["county_code"] == analysis.county.code]
    printed = rows[(rows["kind"] == "grant") & rows["amount"].notna() & rows["unit"].isin(MONEY)]
    if printed.empty:
        return []
    unit = printed["unit"].mode().iloc[0]
    chosen = printed[printed["unit"] == unit].sort_values(["amount", "id"], ascending=[False, True])
    return [_grant(row, rows) for row in as_rows(chosen)]


def _grant(row: Row, rows: pd.DataFrame) -> Grant:
    below = rows[(rows["grant"] == row["grant"]) & (rows["kind"] != "grant") & (rows["source"] == row["source"])]
    below = below[below["year"].fillna("") == ("" if pd.isna(row["year"]) else row["year"])]
    is_part = (below["kind"] == "part") & (below["unit"] == row["unit"])
    parts = below[is_part & below["amount"].notna()].sort_values(["amount", "id"], ascending=[False, True])
    without = below["amount"].isna()
    ids = tuple(below.loc[without, "id"])
    return Grant(row, tuple(as_rows(parts)), ids, int((is_part & without).sum()))


@dataclass(frozen=True)
class Line:
    """A bar: one amount, or a grant's parts after one another."""

    label: str
    amounts: tuple[float, ...]
    text: str = ""
    is_parts: bool = False


def _lines(grant: Grant, analysis: Analysis, *, with_year: bool) -> list[Line]:
    row = grant.row
    year = f", {fmt.period(row['year'])}" if with_year else ""
    divided = "" if grant.parts else _undivided(grant, analysis)
    lines = [Line(f"{row['label']}{year}{divided}", (float(row["amount"]),), _amount(row))]
    if grant.parts:
        amounts = tuple(float(part["amount"]) for part in grant.parts)
        label = f"– fördelat i {row['unit']}: {_named(grant.parts)} – {balance(grant, analysis)}"
        together = _of_parts(grant, "sum", fmt.with_unit(sum(amounts), row["unit"]), analysis)
        lines.append(Line(label, amounts, together, is_parts=True))
    return lines


def _of_parts(grant: Grant, what: str, text: str, analysis: Analysis) -> Marked:
    """A figure calculated from a grant's printed parts."""
    rows = [row["id"] for row in (grant.row, *grant.parts)]
    return counted(analysis, f"funding/{grant.row['id']}/{what}", rows, text)


def _undivided(grant: Grant, analysis: Analysis) -> str:
    if not grant.without_amount:
        return ""
    posts = fmt.counted(len(grant.without_amount), "ändamål", "ändamål")
    name = f"funding/{grant.row['id']}/without-amount"
    return f" – {counted(analysis, name, grant.without_amount, posts)} utan belopp"


def _amount(row: Row) -> Marked:
    firmness = {"approximate": "cirka ", "at_least": "minst ", "at_most": "högst "}.get(row["status"], "")
    return _money(row, f"{firmness}{fmt.with_unit(row['amount'], row['unit'])}")


def _money(row: Row, text: str) -> Marked:
    """An amount that a document prints, or one calculated from its rows, with the reference of the row."""
    return marked(reference("f", row["id"]), text)


def _named(parts: Sequence[Row]) -> str:
    """'primärvård 4; BUP 2,65', without what all parts' labels begin with."""
    is_shared = len({part["label"].partition(": ")[0] for part in parts}) == 1 and len(parts) > 1
    names = [part["label"].partition(": ")[2] if is_shared else part["label"] for part in parts]
    amounts = [_money(part, fmt.number(part["amount"])) for part in parts]
    return "; ".join(f"{name} {amount}" for name, amount in zip(names, amounts, strict=True))


def balance(grant: Grant, analysis: Analysis) -> str:
    """What the printed parts leave of the grant, or exceed it by."""
    difference = grant.difference
    if difference is None:
        return "beloppen är inte exakta"
    amount = _of_parts(grant, "difference", fmt.with_unit(abs(difference), grant.row["unit"]), analysis)
    if difference > 0:
        return f"tillsammans {amount} mer än bidraget"
    return f"redovisas inte: {amount}" if difference else "stämmer med bidraget"


def _marks(ax: Axes, y: float, line: Line) -> None:
    if not line.is_parts:
        bar(ax, y, line.amounts[0], line.text)
        return
    bar(ax, y, sum(line.amounts), line.text, colour=MARK, height=8)
    for end in list(accumulate(line.amounts))[:-1]:
        ax.plot([end, end], [y - 0.08, y + 0.08], color=GROUND, linewidth=2)


def _has_several_years(grants: Sequence[Grant]) -> bool:
    return len({str(grant.row["year"]) for grant in grants}) > 1


def _message(grants: Sequence[Grant], analysis: Analysis) -> str:
    """For how many grants the parts are told in amounts."""
    divided = [grant.row["id"] for grant in grants if grant.parts]
    if len(divided) == len(grants):
        return "För alla bidrag anges i kronor hur pengarna fördelas"
    told = counted(analysis, "grants/divided", divided, in_letters(len(divided)) if divided else "inget")
    of_all = counted(analysis, "grants", (grant.row["id"] for grant in grants), in_letters(len(grants)))
    return f"För {told} av {of_all} bidrag anges i kronor hur pengarna fördelas"


def _explained(grants: Sequence[Grant], analysis: Analysis) -> str:
    """Only the marks that occur, and what is left out because it has no amount."""
    years = {str(grant.row["year"]) for grant in grants}
    when = f" {fmt.period(years.pop())}" if len(years) == 1 else ""
    drawn = {grant.row["grant"] for grant in grants}
    rest = analysis.funding[~analysis.funding["grant"].isin(drawn) & analysis.funding["amount"].isna()]
    number = counted(analysis, "funding/without-amount", rest["id"])
    posts = "post om medel saknar" if len(rest) == 1 else "poster om medel saknar"
    explained = {
        f"Stapel: bidragets belopp{when}.": True,
        "Grå stapel: delarna efter varandra. Skillnaden räknas ur de tryckta beloppen; avrundning kan förklara små skillnader.": any(
            grant.parts for grant in grants
        ),
        f"{number} {posts} belopp, se tabellen.": len(rest) > 0,
    }
    return " ".join(text for text, occurs in explained.items() if occurs)
