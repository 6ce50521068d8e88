"""Recorded hand-offs against those that the model's score would have made."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.backtest.moments import DAY
from toolkit.backtest.outcomes.candidates import utc_seconds
from toolkit.backtest.result import Backtest
from toolkit.backtest.sql import make_table
from toolkit.errors import QuestionError

__all__ = ["HandoffDifferences", "handoff_differences"]

_EDGES = (30, 7, 1)
"""Days that part the classes of leads and lags."""


@dataclass(frozen=True, slots=True)
class HandoffDifferences:
    """How the first recorded hand-off of each lead agrees with its first crossing of a threshold.

    `table` has one row per class, in order of time, whether or not a lead is in it: `difference`
    (words), `from_days` and `to_days` (crossing minus hand-off, in days; NaN where one of the two
    is missing) and `n` (leads).
    """

    threshold: int
    leads: int
    """Leads with a hand-off or a crossing; `n` adds up to it."""
    recorded: int
    crossed: int
    table: pd.DataFrame = field(repr=False)

    @property
    def agreeing_share(self) -> float:
        """Of leads with a hand-off or a crossing: both, within 24 hours (or on the same day)."""
        same = self.table.loc[self.table["difference"] == _SAME, "n"].sum()
        return float(same / self.leads) if self.leads else float("nan")


_SAME = "within 24 hours of the crossing"


def handoff_differences(
    backtest: Backtest, crossings: pd.DataFrame, *, threshold: int | None = None
) -> HandoffDifferences:
    """List where recorded hand-offs and replayed crossings of a threshold disagree.

    All leads that can be scored count, whether or not the backtest could use them. A hand-off with
    a date and no time agrees with a crossing at any time of that day.

    Parameters
    ----------
    backtest
        A backtest with the moment `AtHandoff`.
    crossings
        What `threshold_crossings` returns: `lead_id`, `threshold`, `crossed_at`, ...
    threshold
        Which threshold, where the crossings are of several.

    Raises
    ------
    QuestionError
        The backtest has no hand-offs; the threshold is not in the crossings.
    """
    chosen = _threshold(crossings, threshold)
    _require_handoffs(backtest)
    rows = crossings[crossings["threshold"] == chosen]
    given = pd.DataFrame(
        {
            "lead_id": rows["lead_id"].astype("string"),
            "t": utc_seconds(rows["crossed_at"], "crossings: 'crossed_at'"),
        }
    ).reset_index(drop=True)
    schema, execute = backtest.moments_schema, backtest.connection.execute
    execute(f"drop table if exists {schema}.crossing")
    make_table(backtest.connection, f"{schema}.crossing", given)
    found = execute(f"""
        select case when h is null then 'unrecorded' when x is null then 'uncrossed'
            when d = 1 and x >= h and x < h + {DAY} then '0' else {_class_sql("x - h")} end as class,
          count(*) as n
        from (
          select lead.l, min(e.t) as h, min(e.d) as d, min(c.t) as x
          from {schema}.lead as lead
          left join {schema}.episode as e on e.l = lead.l and e.k = 0
          left join {schema}.crossing as c on c.lead_id = lead.lead_id
          group by lead.l)
        where h is not null or x is not null group by all""").fetchall()
    counts = {str(name): int(n) for name, n in found}
    table = _table(counts)
    leads = int(table["n"].sum())
    return HandoffDifferences(
        threshold=chosen,
        leads=leads,
        recorded=leads - counts.get("unrecorded", 0),
        crossed=leads - counts.get("uncrossed", 0),
        table=table,
    )


def _threshold(crossings: pd.DataFrame, threshold: int | None) -> int:
    known = sorted({int(each) for each in crossings["threshold"]})
    if threshold is None and len(known) == 1:
        return known[0]
    if threshold is None or (known and threshold not in known):
        listed = ", ".join(map(str, known)) or "none"
        raise QuestionError(
            f"handoff_differences(threshold={threshold}): the crossings are of {listed}; name one"
        )
    return threshold


def _require_handoffs(backtest: Backtest) -> None:
    there = backtest.connection.execute(
        "select count(*) from information_schema.tables where table_schema = ? "
        "and table_name = 'episode'",
        [backtest.moments_schema],
    ).fetchall()[0][0]
    if not there:
        raise QuestionError(
            "handoff_differences needs a backtest with the moment AtHandoff(): this one is scored "
            f"at {backtest.provenance.moment}"
        )


def _classes() -> list[tuple[str, str, float, float]]:
    """Code, words and ends of each class of crossing minus hand-off, from early to late."""
    far, mid, near = _EDGES
    gaps = [(far, float("inf")), (mid, far), (near, mid)]
    late = [
        (f"-{i}", f"{_span(a, b)} after the crossing", -b, -a) for i, (a, b) in enumerate(gaps, 1)
    ]
    early = [
        (f"{i}", f"{_span(a, b)} before the crossing", a, b)
        for i, (a, b) in reversed(list(enumerate(gaps, 1)))
    ]
    return [*late, ("0", _SAME, -near, near), *early]


def _span(low: float, high: float) -> str:
    if high == float("inf"):
        return f"{low:.0f} days or more"
    return f"{low:.0f} to {high:.0f} days"


def _class_sql(lag: str) -> str:
    cases = "".join(
        f" when abs({lag}) >= {days * DAY} then if({lag} < 0, '-{i}', '{i}')"
        for i, days in enumerate(_EDGES, 1)
    )
    return f"case{cases} else '0' end"


def _table(counts: dict[str, int]) -> pd.DataFrame:
    nan = float("nan")
    rows = [
        ("crossed, never handed over", nan, nan, counts.get("unrecorded", 0)),
        *(
            (f"handed over {words}" if code != "0" else words, low, high, counts.get(code, 0))
            for code, words, low, high in _classes()
        ),
        ("handed over, never crossed", nan, nan, counts.get("uncrossed", 0)),
    ]
    return pd.DataFrame(rows, columns=["difference", "from_days", "to_days", "n"])
