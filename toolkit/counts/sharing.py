"""Counts fit to be shared: no cell of a few leads, none that could be worked out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.counts.accounts import AccountPairs
from toolkit.counts.provenance import Provenance
from toolkit.counts.scores import ScoreCounts
from toolkit.counts.states import STATES
from toolkit.counts.weeks import WeekCounts
from toolkit.errors import QuestionError

__all__ = ["NOT_SHARED", "suppress_small"]

_JUDGED = ("converted", "not_converted")


Shared = TypeVar("Shared", ScoreCounts, WeekCounts)

NOT_SHARED = {
    "AmountCounts": "its amounts are those of single deals. Share value_gains_table",
    "DayCounts": "a score on a day is a lead or two. Share incidence_table",
    "DelayCounts": "two windows differ by a few leads. Share outcome_window_table",
    "DifferenceCounts": "its cells are leads whose score is wrong. Share the reconciliation",
    "FieldCounts": "a value of a field can be one lead's. Share the list of leaks",
    "PairCounts": "two scores at once are a lead or two. Share swap_set or the two ScoreCounts",
    "PatternCounts": "a pattern of criteria is nearly a lead. Share weight_table",
    "ReplicateCounts": "each draw shows small cells anew. Share ScoreCounts and draw from these",
    "StageCounts": "a path through the funnel is nearly a lead. Share funnel_table or grid_table",
    "StayCounts": "days in a stage are a lead or two. Share stall_table",
    "TimingCounts": "its exceptions are single leads. Share the list of leaks",
}
"""The tables of which no coarser form says anything, why, and what to share instead."""


def suppress_small(counts: Shared, *, fewer_than: int = 5) -> Shared:
    """Merge neighbouring scores until every cell holds no lead or at least `fewer_than`.

    A merged score is named by its lowest, so "at or above" still means what it says. Cells of all
    four states, and of every group of `by`, are looked at, and groups are merged alike: adding or
    subtracting published cells never leaves a few leads over. States that nobody judged
    (immature, unworked) with fewer leads in all are left out. Products of counts within accounts
    are added up likewise; what is left of fewer than `fewer_than` is rounded so that intervals of
    rates become wider, never narrower. The flow is left out, for its steps could be subtracted.

    Every statistic of the result is that of the coarser score; the provenance says so. Sharing
    the same leads twice with different settings, or as two tables, is not protected.

    `WeekCounts` are treated alike, with weeks in place of states. Every other table is refused.

    Raises
    ------
    QuestionError
        There are some, but fewer than `fewer_than` converted leads (or others judged, or accounts)
        in all or in a group, or leads in a week: no merging can hide them. Or the table is one of
        which no coarser form says anything; what to share instead is said.

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> cells = [(60, "converted", 3), (60, "not_converted", 9),
    ...          (40, "converted", 4), (40, "not_converted", 6)]
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> suppress_small(counts).frame.values.tolist()  # 3 and 4 conversions are too few to show
    [[40, 'converted', 7], [40, 'not_converted', 15]]
    """
    kind = type(counts).__name__
    if kind in NOT_SHARED:
        raise QuestionError(f"suppress_small: {kind} cannot be made coarser: {NOT_SHARED[kind]}")
    if not isinstance(counts, (ScoreCounts, WeekCounts)):
        raise QuestionError(f"suppress_small: expected ScoreCounts or WeekCounts, found a {kind}")
    if fewer_than < 1:
        raise QuestionError(f"fewer_than is {fewer_than}: expected at least 1 lead")
    if isinstance(counts, WeekCounts):
        return _shared_weeks(counts, fewer_than)
    return _shared_scores(counts, fewer_than)


def _shared_weeks(counts: WeekCounts, fewer_than: int) -> WeekCounts:
    frame = counts.frame
    sums = frame.groupby("week")["n"].sum()
    small = sums.index[(sums > 0) & (sums < fewer_than)]
    if len(small):
        raise QuestionError(
            f"suppress_small: the week from {small[0]:%Y-%m-%d} has fewer than {fewer_than} leads, "
            "which no merging of scores can hide. Share a span of full weeks"
        )
    merged_to = _merged_levels(frame, ["week"], fewer_than)
    cells = frame.assign(score=frame["score"].map(merged_to))
    return replace(
        counts,
        frame=cells.groupby(["week", "score"], as_index=False, sort=True).agg({"n": "sum"}),
        provenance=_shared_origin(counts.provenance, _notes(merged_to, (), fewer_than), fewer_than),
    )


def _shared_scores(counts: ScoreCounts, fewer_than: int) -> ScoreCounts:
    frame, dropped = _without_rare_states(counts.frame, counts.by, fewer_than)
    _check_shareable(frame, counts, fewer_than)
    merged_to = _merged_levels(frame, ["state", *counts.by], fewer_than)
    keys = ["score", "state", *counts.by]
    cells = frame.assign(score=frame["score"].map(merged_to))
    return replace(
        counts,
        frame=cells.groupby(keys, as_index=False, sort=True).agg({"n": "sum"}),
        provenance=_shared_origin(
            counts.provenance, _notes(merged_to, dropped, fewer_than), fewer_than
        ),
        accounts=_coarser(counts.accounts, merged_to, dropped, fewer_than),
        accounts_by={
            key: part
            for key, pairs in counts.accounts_by.items()
            if (part := _coarser(pairs, merged_to, dropped, fewer_than)) is not None
        },
        # Products across groups are of single accounts: they would give small cells away.
        accounts_across=None,
    )


def _shared_origin(provenance: Provenance, notes: tuple[str, ...], fewer_than: int) -> Provenance:
    kept = (_without_small(text, fewer_than) for text in provenance.caveats)
    return replace(provenance, flow=(), caveats=(*kept, *notes))


def _without_rare_states(
    frame: pd.DataFrame, by: tuple[str, ...], fewer_than: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    sums = frame.groupby(["state", *by])["n"].sum()
    small = sums[(sums > 0) & (sums < fewer_than)].index
    states = {index[0] if by else index for index in small}
    rare = tuple(state for state in STATES if state not in _JUDGED and state in states)
    return frame[~frame["state"].isin(rare)], rare


def _check_shareable(frame: pd.DataFrame, counts: ScoreCounts, fewer_than: int) -> None:
    for key, n in frame.groupby(["state", *counts.by])["n"].sum().items():
        if 0 < n < fewer_than:
            where = " / ".join(key) if isinstance(key, tuple) else str(key)
            raise QuestionError(
                f"suppress_small: fewer than {fewer_than} leads are {where} in all, which no "
                "merging of scores can hide. Share a longer period, or no split"
            )
    for pairs in (counts.accounts, *counts.accounts_by.values()):
        sizes = () if pairs is None else (pairs.judged, pairs.converted, pairs.not_converted)
        if any(0 < size < fewer_than for size in sizes):
            raise QuestionError(
                f"suppress_small: the leads of one kind come from fewer than {fewer_than} "
                "accounts, which no merging of scores can hide. Share a longer period, or no split"
            )


def _merged_levels(frame: pd.DataFrame, kinds: list[str], fewer_than: int) -> dict[int, int]:
    """Lowest score of the block of each score: blocks close from the top as soon as they may.

    `kinds` are the columns that tell the cells of one score apart.
    """
    levels = np.sort(frame["score"].unique())[::-1]
    table = frame.pivot_table(index="score", columns=kinds, values="n", aggfunc="sum", fill_value=0)
    cells = table.loc[levels].to_numpy(dtype=np.int64) if len(levels) else np.zeros((0, 1), int)
    blocks: list[tuple[int, NDArray[np.int64]]] = []
    held = np.zeros(cells.shape[1], dtype=np.int64)
    for place, row in enumerate(cells):
        held = held + row
        if _fine(held, fewer_than):
            blocks.append((place, held))
            held = np.zeros_like(held)
    # What is left at the bottom joins the blocks above it until nothing small is left.
    last = len(levels) - 1
    while held.any() and blocks:
        held = held + blocks.pop()[1]
        if _fine(held, fewer_than):
            break
    ends = [place for place, _ in blocks if place < last]
    ends = [*ends, last] if last >= 0 else []
    block = np.searchsorted(np.array(ends), np.arange(len(levels)))
    return {int(level): int(levels[ends[at]]) for level, at in zip(levels, block, strict=True)}


def _fine(cells: NDArray[np.int64], fewer_than: int) -> bool:
    return bool(((cells == 0) | (cells >= fewer_than)).all())


def _without_small(caveat: str, fewer_than: int) -> str:
    """Take counts of a few leads out of a sentence."""
    return re.sub(
        r"(?<![\d.,-])\d+(?![\d.,-])",
        lambda hit: "a few" if 0 < int(hit[0]) < fewer_than else hit[0],
        caveat,
    )


def _notes(merged_to: dict[int, int], dropped: tuple[str, ...], fewer_than: int) -> tuple[str, ...]:
    levels = len(set(merged_to.values()))
    note = (
        f"For sharing, {len(merged_to)} scores were merged to {levels}, each named by its lowest, "
        f"so that no cell holds fewer than {fewer_than} leads; statistics are of this coarser "
        "score."
    )
    left_out = f"Left out for sharing, as there are too few: {' and '.join(dropped)} leads."
    return (note, left_out) if dropped else (note,)


def _coarser(
    pairs: AccountPairs | None, merged_to: dict[int, int], dropped: tuple[str, ...], fewer_than: int
) -> AccountPairs | None:
    if pairs is None:
        return None
    frame = pairs.frame
    frame = frame[~frame["state_a"].isin(dropped) & ~frame["state_b"].isin(dropped)]
    frame = frame.assign(
        score_a=frame["score_a"].map(merged_to), score_b=frame["score_b"].map(merged_to)
    )
    keys = ["score_a", "state_a", "score_b", "state_b"]
    sums = frame.groupby(keys, as_index=False, sort=True).agg({"n": "sum"})
    largest = -(-pairs.largest // fewer_than) * fewer_than
    return replace(pairs, frame=_rounded(sums, fewer_than), largest=largest)


def _rounded(frame: pd.DataFrame, fewer_than: int) -> pd.DataFrame:
    """Hide products of a few leads so that no interval becomes narrower.

    The variance of a rate is (1-p)^2 HH - 2p(1-p) HM + p^2 MM, and HH + 2 HM + MM says how many
    accounts of equal size there are. Where leads share their state small products are rounded up;
    where they do not they are taken away and added to the squares of both cells instead, so that
    the variance grows and the accounts never seem more.
    """
    same = frame["state_a"] == frame["state_b"]
    small = (frame["n"] > 0) & (frame["n"] < fewer_than)
    n = frame["n"].mask(small & same, fewer_than).mask(small & ~same, 0)
    moved = frame[small & ~same].groupby(["score_a", "state_a"])["n"].sum()
    square = same & (frame["score_a"] == frame["score_b"])
    cells = pd.MultiIndex.from_frame(frame[["score_a", "state_a"]])
    extra = pd.Series(moved.reindex(cells, fill_value=0).to_numpy(), index=frame.index)
    n = n + extra.where(square, 0)
    return frame.assign(n=n)[n > 0].reset_index(drop=True)
