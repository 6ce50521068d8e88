"""Counts fit to be shared: no cell of a few leads, none that could be worked out."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.counts.accounts import AccountPairs
from toolkit.counts.scores import ScoreCounts
from toolkit.counts.states import STATES
from toolkit.errors import QuestionError

__all__ = ["suppress_small"]

_JUDGED = ("converted", "not_converted")


def suppress_small(counts: ScoreCounts, *, fewer_than: int = 5) -> ScoreCounts:
    """Merge neighbouring scores until every cell holds no lead or at least `fewer_than`.

    A merged score is named by its lowest, so "at or above" still means what it says. Cells of all
    four states, and of every group of `by`, are looked at, and groups are merged alike: adding or
    subtracting published cells never leaves a few leads over. States that nobody judged
    (immature, unworked) with fewer leads in all are left out. Products of counts within accounts
    are added up likewise; what is left of fewer than `fewer_than` is rounded so that intervals of
    rates become wider, never narrower. The flow is left out, for its steps could be subtracted.

    Every statistic of the result is that of the coarser score; the provenance says so. Sharing
    the same leads twice with different settings is not protected.

    Raises
    ------
    QuestionError
        There are some, but fewer than `fewer_than` converted leads (or others judged, or accounts)
        in all or in a group: no merging can hide them.

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> cells = [(60, "converted", 3), (60, "not_converted", 9),
    ...          (40, "converted", 4), (40, "not_converted", 6)]
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> suppress_small(counts).frame.values.tolist()  # 3 and 4 conversions are too few to show
    [[40, 'converted', 7], [40, 'not_converted', 15]]
    """
    if not isinstance(counts, ScoreCounts):
        raise QuestionError(
            f"suppress_small: expected ScoreCounts, found a {type(counts).__name__}; other tables "
            "have no order in which cells could be merged: share their statistics instead"
        )
    if fewer_than < 1:
        raise QuestionError(f"fewer_than is {fewer_than}: expected at least 1 lead")
    frame, dropped = _without_rare_states(counts.frame, counts.by, fewer_than)
    _check_shareable(frame, counts, fewer_than)
    levels = np.sort(frame["score"].unique())[::-1]
    merged_to = _merged_levels(frame, counts.by, levels, fewer_than)
    keys = ["score", "state", *counts.by]
    cells = frame.assign(score=frame["score"].map(merged_to))
    return replace(
        counts,
        frame=cells.groupby(keys, as_index=False, sort=True).agg({"n": "sum"}),
        provenance=replace(
            counts.provenance,
            flow=(),
            caveats=(
                *(_without_small(text, fewer_than) for text in counts.provenance.caveats),
                *_notes(merged_to, dropped, fewer_than),
            ),
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


def _merged_levels(
    frame: pd.DataFrame, by: tuple[str, ...], levels: NDArray[np.int64], fewer_than: int
) -> dict[int, int]:
    """Lowest score of the block of each score: blocks close from the top as soon as they may."""
    table = frame.pivot_table(
        index="score", columns=["state", *by], values="n", aggfunc="sum", fill_value=0
    )
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
