"""Put the counts of two periods together: cells are added, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from toolkit.counts.accounts import AccountCells, AccountPairs
from toolkit.counts.delays import DelayCounts
from toolkit.counts.encoding import known_types
from toolkit.counts.provenance import FlowStep, Provenance
from toolkit.errors import QuestionError

__all__ = ["NOT_MERGED", "merge_counts"]

Counts = TypeVar("Counts")

_SAME = (
    "model", "model_hash", "moment", "outcome", "outcome_label", "outcome_window_days", "unit",
    "point_in_time", "worked_known",
)  # fmt: skip
_GAP = timedelta(days=7)
NOT_MERGED = {
    "AmountCounts": "the largest deal and the products of amounts are no numbers of leads",
    "DifferenceCounts": "the changes that were tried differ from one period to the other",
    "FieldCounts": "ranges and rare values of fields are cut anew in each period",
    "TimingCounts": "it holds no period, so nothing says that no lead is in both",
}
"""The tables that are not added up, and why."""


def merge_counts(first: Counts, second: Counts) -> Counts:
    """Add the counts of two periods that share no moment, asked the same question.

    Every cell of the result is the sum of the two cells. An account with leads in both periods is
    taken as two accounts, because the waist does not name accounts; if its leads share their fate
    across periods, intervals of the merged counts are somewhat too narrow, and the provenance
    says so. Count both periods in one backtest where that matters.

    Raises
    ------
    QuestionError
        The tables are of different kinds, were asked different questions (model, moment, outcome,
        window, axes, stages), have no dates, or their periods overlap.

    >>> import pandas as pd
    >>> from dataclasses import replace
    >>> from datetime import date
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> spring = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None,
    ...     date(2026, 4, 1), date(2026, 6, 30))
    >>> summer = replace(spring, first_moment=date(2026, 7, 1), last_moment=date(2026, 9, 30))
    >>> frame = pd.DataFrame({"score": [60], "state": ["converted"], "n": [3]})
    >>> merge_counts(ScoreCounts(frame, spring), ScoreCounts(frame, summer)).frame.values.tolist()
    [[60, 'converted', 6]]
    """
    kinds = [type(each).__name__ for each in (first, second)]
    if kinds[0] != kinds[1] or kinds[0] not in known_types():
        raise QuestionError(
            f"merge_counts: expected two count tables of one kind, found {kinds[0]} and {kinds[1]}"
        )
    if kinds[0] in NOT_MERGED:
        raise QuestionError(
            f"merge_counts: {kinds[0]} cannot be added up cell by cell: {NOT_MERGED[kinds[0]]}. "
            "Count both periods in one backtest"
        )
    a, b = _in_order(first, second)
    rows = _add_frames(a.frame, b.frame)
    merged: dict[str, Any] = {"frame": rows, "provenance": _provenance(a, b)}
    if isinstance(a, DelayCounts):
        merged |= _add_delays(a, b)
    for each in fields(a):
        if each.name not in merged:
            pair = (getattr(a, each.name), getattr(b, each.name))
            merged[each.name] = _add(each.name, *pair, (a.frame, b.frame, rows))
    return type(first)(**merged)


def _add_delays(a: DelayCounts, b: DelayCounts) -> dict[str, Any]:
    """The products of conversions within accounts, which have more columns than `n`."""
    windows = [sorted(each.frame["within_days"].unique().tolist()) for each in (a, b)]
    if windows[0] != windows[1]:
        raise QuestionError(
            f"merge_counts: the windows are {windows[0]} days in one table and {windows[1]} in the "
            "other: count both in the same way"
        )
    if a.within_accounts is None and b.within_accounts is None:
        return {"within_accounts": None, "accounts": None}
    parts = [_conversions_alone(each) if each.accounts is None else each for each in (a, b)]
    products = pd.concat([part.within_accounts for part in parts], ignore_index=True)
    return {
        "within_accounts": products.groupby("within_days", as_index=False, sort=True).sum(),
        "accounts": sum(part.accounts or 0 for part in parts),
    }


def _conversions_alone(delays: DelayCounts) -> DelayCounts:
    """The same conversions, each of an account of its own."""
    rows = delays.frame[delays.frame["of"] == "longest"]
    days = sorted(rows["within_days"].unique())
    hits = rows[rows["state"] == "converted"].set_index("within_days")["n"].reindex(days).fillna(0)
    every = int(hits.max()) if len(hits) else 0
    products = pd.DataFrame(
        {"within_days": days, "hits_hits": hits.to_numpy(dtype=np.int64), "hits_misses": 0}
    )
    return replace(
        delays,
        within_accounts=products.assign(misses_misses=every - products["hits_hits"]),
        accounts=every,
    )


def _in_order(first: Any, second: Any) -> tuple[Any, Any]:
    """Check that the periods can be added, the earlier one first."""
    for name in _SAME:
        mine, other = getattr(first.provenance, name), getattr(second.provenance, name)
        if mine != other:
            raise QuestionError(
                f"merge_counts: the counts answer different questions: {name} is {mine!r} in one "
                f"and {other!r} in the other. Run both backtests in the same way"
            )
    ends = [(each.provenance.first_moment, each.provenance.last_moment) for each in (first, second)]
    if any(end is None for pair in ends for end in pair):
        raise QuestionError(
            "merge_counts: counts without dates cannot be merged, because nothing says that no "
            "lead is in both. Put the rows together and count once"
        )
    a, b = (first, second) if ends[0] <= ends[1] else (second, first)
    if b.provenance.first_moment <= a.provenance.last_moment:
        raise QuestionError(
            f"merge_counts: the periods overlap ({_span(a.provenance)} and {_span(b.provenance)}), "
            "so a lead could count twice. Count each moment in one of them only"
        )
    return a, b


def _span(provenance: Provenance) -> str:
    return f"{provenance.first_moment} to {provenance.last_moment}"


def _add(name: str, a: Any, b: Any, frames: tuple[pd.DataFrame, ...]) -> Any:
    if isinstance(a, AccountPairs) or isinstance(b, AccountPairs):
        return _add_pairs(a or _alone(frames[0]), b or _alone(frames[1]))
    if isinstance(a, AccountCells) or isinstance(b, AccountCells):
        return _add_cells(a, b, frames)
    if isinstance(a, pd.DataFrame) or isinstance(b, pd.DataFrame):
        # Products across groups are whole only where both tables have them.
        return None if a is None or b is None else _add_frames(a, b)
    if isinstance(a, Mapping):
        return {key: _one_or_sum(a.get(key), b.get(key)) for key in sorted({*a, *b}, key=str)}
    if a != b:
        raise QuestionError(
            f"merge_counts: {name} is {a!r} in one table and {b!r} in the other: "
            "count both in the same way"
        )
    return a


def _one_or_sum(a: AccountPairs | None, b: AccountPairs | None) -> Any:
    return _add_pairs(a, b) if a is not None and b is not None else a or b


def _add_frames(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    if set(a.columns) != set(b.columns):
        raise QuestionError(
            f"merge_counts: one table has the columns {', '.join(a.columns)}, the other "
            f"{', '.join(b.columns)}: count both in the same way"
        )
    keys = [name for name in a.columns if name != "n"]
    together = pd.concat([a, b[a.columns]], ignore_index=True)
    sums = together.groupby(keys, as_index=False, sort=True, dropna=False).agg({"n": "sum"})
    return sums[list(a.columns)]


def _add_pairs(a: AccountPairs, b: AccountPairs) -> AccountPairs:
    return AccountPairs(
        frame=_add_frames(a.frame, b.frame),
        judged=a.judged + b.judged,
        converted=a.converted + b.converted,
        not_converted=a.not_converted + b.not_converted,
        largest=max(a.largest, b.largest),
    )


def _alone(frame: pd.DataFrame) -> AccountPairs:
    """Pairs of leads of which each is an account of its own."""
    keys = ["score", "state"]
    cells = frame.groupby(keys, as_index=False, sort=True).agg({"n": "sum"})
    pairs = pd.DataFrame(
        {f"{key}_{side}": cells[key] for side in "ab" for key in keys} | {"n": cells["n"]}
    )
    sizes = {state: int(n) for state, n in frame.groupby("state")["n"].sum().items()}
    hits, misses = sizes.get("converted", 0), sizes.get("not_converted", 0)
    return AccountPairs(pairs, hits + misses, hits, misses, int(hits + misses > 0))


def _add_cells(
    a: AccountCells | None, b: AccountCells | None, frames: tuple[pd.DataFrame, ...]
) -> AccountCells:
    merged = frames[2]
    keys = [name for name in merged.columns if name != "n"]
    place = merged[keys].reset_index(names="place")
    parts, used = [], 0
    for accounts, frame in zip((a, b), frames[:2], strict=True):
        if accounts is None:
            continue
        at = frame[keys].merge(place, on=keys, how="left")["place"].to_numpy()
        part = accounts.frame.assign(
            account=accounts.frame["account"] + used,
            cell=at[accounts.frame["cell"].to_numpy(dtype=np.int64)],
        )
        used = int(part["account"].max()) + 1 if len(part) else used
        parts.append(part)
    return AccountCells(pd.concat(parts, ignore_index=True))


def _provenance(a: Any, b: Any) -> Provenance:
    mine, other = a.provenance, b.provenance
    ends = [each.observed_until for each in (mine, other) if each.observed_until is not None]
    merged: Provenance = replace(
        mine,
        source=_both(mine.source, other.source),
        engine=_both(mine.engine, other.engine),
        observed_until=max(ends, default=None),
        last_moment=other.last_moment,
        accounts_known=mine.accounts_known or other.accounts_known,
        merged=max(mine.merged, other.merged),
        caveats=(*dict.fromkeys((*mine.caveats, *other.caveats)), *_merged(a, b)),
        flow=(*_named(mine), *_named(other)),
    )
    return merged


def _both(one: str, other: str) -> str:
    return one if one == other else f"{one} and {other}"


def _named(provenance: Provenance) -> tuple[FlowStep, ...]:
    return tuple(
        replace(step, reason=f"{step.reason} ({_span(provenance)})")
        if step.kind == "start" and "(" not in step.reason
        else step
        for step in provenance.flow
    )


def _merged(a: Any, b: Any) -> tuple[str, ...]:
    """What a reader of merged counts must know."""
    mine, other = a.provenance, b.provenance
    notes = [f"The counts of two periods were merged: {_span(mine)} and {_span(other)}."]
    if getattr(a, "accounts", None) is not None or getattr(b, "accounts", None) is not None:
        notes.append(
            "An account with leads in both periods counts as two accounts, so intervals may be "
            "somewhat too narrow."
        )
    if mine.observed_until != other.observed_until:
        notes.append(
            f"The leads of {_span(mine)} are as observed until {mine.observed_until}, those of "
            f"{_span(other)} until {other.observed_until}."
        )
    gap = other.first_moment - mine.last_moment
    if gap > _GAP:
        notes.append(
            f"No lead was counted between {mine.last_moment} and {other.first_moment}: leads per "
            "week are understated."
        )
    return tuple(notes)
