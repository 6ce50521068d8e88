"""A score of somebody else beside today's: counted where that is fair, refused by name elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import baseline_table
from toolkit.backtest import count_pairs
from toolkit.backtest.staging.history import changes_recorded

if TYPE_CHECKING:
    from toolkit.analysis import Leaks
    from toolkit.backtest import Backtest
    from toolkit.counts import PairCounts, PatternCounts
    from toolkit.crm import Crm
    from toolkit.report.weights.review import Asked

__all__ = ["External", "external_pairs", "rivals_table", "undated"]

_FITTED_HERE = "it was fitted on these leads, which flatters it; what it is worth shows on others"
_UNDECLARED = (
    "nobody declared which leads it was fitted on, and if these are among them they flatter it "
    "(external_fitted_on: other leads, or nothing where no outcome took part)"
)


@dataclass(frozen=True, slots=True)
class External:
    """A column with a probability or a score, and what it says of the leads counted."""

    column: str
    refused: str | None
    """Why it is not compared with today's score; None where it is."""
    pairs: PairCounts | None = field(default=None, repr=False)
    """Today's score and the order of the column; None where refused."""


def undated(crm: Crm, column: str) -> str | None:
    """Say why a column of a CRM is not known as of the moment; None where it is, or is declared so."""
    if changes_recorded(crm, column) or column in crm.mapping.field_roles.get("known_before", ()):
        return None
    return (
        "the export holds its last value only, which may be younger than the outcome (export its "
        "changes, or answer known_before under field_roles in crm.yaml)"
    )


def external_pairs(
    backtest: Backtest, asked: Asked, *, leaks: Leaks | None, untold: str | None
) -> External | None:
    """Count today's score beside the column, or say why not; None where none was named.

    `untold` says why the column may be younger than the outcome. Raises what `count_pairs` raises.
    """
    column = asked.external
    if column is None:
        return None
    refused = {"these leads": _FITTED_HERE, "unknown": _UNDECLARED}.get(asked.external_fitted_on)
    refused = untold or _leaking(leaks, column) or refused
    if refused is not None:
        return External(column, refused)
    pairs = count_pairs(backtest, column, fitted_on=asked.external_fitted_on)
    if not pairs.total("converted", "not_converted"):
        return External(column, "no judged lead has a value there")
    return External(column, None, pairs)


def _leaking(leaks: Leaks | None, column: str) -> str | None:
    if leaks is None:
        return None
    rows = leaks.table[(leaks.table["name"] == column) & (leaks.table["level"] == "alarm")]
    return None if rows.empty else f"it seems to know the outcome: {rows['because'].iloc[0]}"


def rivals_table(
    patterns: PatternCounts, *, threshold: int, external: External | None
) -> pd.DataFrame:
    """Give `baseline_table` with the external score as its last row, empty where it is refused."""
    if external is None:
        return baseline_table(patterns, threshold=threshold)
    known = {} if external.pairs is None else {external.column: external.pairs}
    table = baseline_table(patterns, threshold=threshold, external=known)
    if external.refused is None:
        return table
    empty = pd.DataFrame(
        [{"baseline": external.column, "beaten": None, "reason": external.refused}]
    )
    return pd.concat([table, empty], ignore_index=True)
