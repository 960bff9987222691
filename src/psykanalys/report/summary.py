"""What became of a batch: in a sentence for who ran it, and as JSON for the program that did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psykanalys.report.runner import Outcome

FORMAT = 1


def as_data(outcomes: Sequence[Outcome], seconds: float, folder: str) -> dict[str, Any]:
    """The batch for a scheduler: counts, seconds, and each area's state, files and message.

    `state` is made, kept (nothing had changed) or failed; `warnings` tell why a report must not be mailed.
    """
    return {
        "format": FORMAT,
        "folder": folder,
        "seconds": round(seconds, 1),
        **counts(outcomes),
        "areas": [
            {
                "name": outcome.county,
                "state": _state(outcome),
                "seconds": round(outcome.seconds, 1),
                "files": [path.name for path in outcome.made],
                "message": outcome.message,
                "warnings": list(outcome.warnings),
            }
            for outcome in outcomes
        ],
    }


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many reports were made, were up to date, and failed."""
    states = [_state(outcome) for outcome in outcomes]
    return {state: states.count(state) for state in ("made", "kept", "failed")}


def told(outcomes: Sequence[Outcome], seconds: float, folder: str) -> str:
    """The batch in one line: '21 of 21 reports in reports/ (20 up to date) in 4.2 s'."""
    number = counts(outcomes)
    kept = f" ({number['kept']} up to date)" if number["kept"] else ""
    return f"{number['made'] + number['kept']} of {len(outcomes)} reports in {folder}/{kept} in {seconds:.1f} s"


def _state(outcome: Outcome) -> str:
    return "failed" if not outcome.done else "kept" if outcome.kept else "made"
