"""Score, state and the value of an axis as one whole number: in SQL, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from toolkit.backtest.counting.there import CELL_CODE, STATE_CODES
from toolkit.backtest.result import Backtest
from toolkit.counts import STATES

__all__ = ["Codes", "axis_codes", "score_codes"]

WIDEST = 10_000
"""Scores over a wider range are looked up: numbers by reckoning would mostly be of none."""


@dataclass(frozen=True, slots=True)
class Codes:
    """How leads are numbered by cell.

    `cells` has `v`, its number `value`, `score` and `state`, sorted, one row for each number; a cell
    may have no lead. `number` is SQL for that number, of the rows in `source`.
    """

    cells: pd.DataFrame
    number: str
    source: str

    @property
    def names(self) -> list[str]:
        """The values of the axis, by number."""
        return [str(value) for value in self.cells["v"].unique()]

    def __len__(self) -> int:
        """Numbers there are."""
        return len(self.cells)


@contextmanager
def score_codes(backtest: Backtest, rows: str) -> Iterator[Codes]:
    """Number scores and states; `v` is empty."""
    ends = backtest.connection.execute(f"select min(score), max(score) from {rows}").fetchall()
    low, high = ends[0]
    if high - low < WIDEST:
        yield _reckoned(low, high, rows)
        return
    query = f"select distinct score, state, '' as v from {rows}"
    with axis_codes(backtest, rows, backtest.connection.execute(query).df(), "''") as codes:
        yield codes


def _reckoned(low: int, high: int, rows: str) -> Codes:
    """Every state of every score from low to high: no table to look up."""
    states = sorted(STATES)
    scores = np.arange(low, high + 1, dtype=np.int64)
    cells = pd.DataFrame(
        {"v": "", "value": 0, "score": scores.repeat(len(states)), "state": states * len(scores)}
    )
    # Judged states come first: most leads are done after one comparison or two.
    place = [states.index(state) for state in STATES]
    case = " ".join(f"when '{s}' then {i}" for s, i in zip(STATES[:-1], place[:-1], strict=True))
    # Numbers of 32 bits are added and multiplied in half the time of those of 64.
    number = (
        f"cast(score - ({low}) as uinteger) * {len(states)}::uinteger "
        f"+ cast(case state {case} else {place[-1]} end as uinteger)"
    )
    return Codes(cells, number, rows)


@contextmanager
def axis_codes(backtest: Backtest, rows: str, counted: pd.DataFrame, axis: str) -> Iterator[Codes]:
    """Number the cells of `counted` (`v`, `score`, `state`); leads without a value are left out."""
    cells = counted[["v", "score", "state"]].dropna(subset="v")
    cells = cells.sort_values(["v", "score", "state"], ignore_index=True)
    cells["value"] = pd.factorize(cells["v"])[0]
    code = cells["score"].astype("int64") * len(STATES) + cells["state"].map(STATE_CODES)
    shown = pd.DataFrame({"v": cells["v"], "code": code, "number": np.arange(len(cells))})
    backtest.connection.register("cell", shown)
    source = f"""(select g, {CELL_CODE} as code, {axis} as value from {rows}) as s
        join cell on cell.code = s.code and cell.v = s.value"""
    try:
        yield Codes(cells, "cell.number", source)
    finally:
        backtest.connection.unregister("cell")
