"""Hits and misses of one rate by segment, and how accounts tie the segments together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from toolkit.analysis.intervals import Family, account_factor
from toolkit.counts import STATES
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import ScoreCounts

__all__ = ["FEWEST", "SegmentCells", "SegmentRate", "read_segments"]

SegmentRate = Literal["precision", "recall", "false_positive_rate"]

FEWEST = 5
"""Segments with fewer leads are not shown and take no part in tests."""


@dataclass(frozen=True, slots=True)
class SegmentCells:
    """Hits and misses by segment; products over accounts are S x S matrices (None: no accounts)."""

    names: tuple[str, ...]
    leads: Ints
    unworked: Ints
    judged: Ints
    hits: Floats
    misses: Floats
    hits_hits: Floats | None
    hits_misses: Floats | None
    """Rows: segment of the hit; columns: segment of the miss."""
    misses_misses: Floats | None
    accounts: int | None
    spanning_known: bool
    """Whether products of different segments were counted."""

    @property
    def n(self) -> Floats:
        """Leads in the denominator of each segment."""
        return self.hits + self.misses

    @property
    def factor(self) -> float:
        """G/(G-1); 1 without accounts."""
        return account_factor(self.accounts)

    @property
    def family(self) -> Family:
        """The rates of the segments, each by itself."""
        if self.hits_hits is None or self.hits_misses is None or self.misses_misses is None:
            none = np.zeros_like(self.hits)
            return Family(self.hits, self.misses, self.hits, none, self.misses, None)
        both, mixed, neither = self.hits_hits, self.hits_misses, self.misses_misses
        diagonals = np.diag(both), np.diag(mixed), np.diag(neither)
        return Family(self.hits, self.misses, *diagonals, self.accounts)

    @property
    def together(self) -> Family:
        """The rate of all segments together."""
        hits, misses = self.hits.sum(keepdims=True), self.misses.sum(keepdims=True)
        if self.hits_hits is None or self.hits_misses is None or self.misses_misses is None:
            return Family(hits, misses, hits, np.zeros(1), misses, None)
        one, two = np.atleast_1d(self.hits_hits.sum()), np.atleast_1d(self.hits_misses.sum())
        three = np.atleast_1d(self.misses_misses.sum())
        return Family(hits, misses, one, two, three, self.accounts)

    def spread(self, rates: Floats) -> Floats:
        """Covariance of the sums of (y - rate) by segment, over accounts or over leads."""
        hit, miss = 1 - rates, rates
        if self.hits_hits is None or self.hits_misses is None or self.misses_misses is None:
            return np.diag(self.hits * hit**2 + self.misses * miss**2)
        mixed = np.outer(hit, miss) * self.hits_misses
        total = np.outer(hit, hit) * self.hits_hits - mixed - mixed.T
        return np.asarray((total + np.outer(miss, miss) * self.misses_misses) * self.factor)

    def only(self, keep: NDArray[np.bool_]) -> SegmentCells:
        """Some of the segments."""
        square = np.ix_(keep, keep)
        return SegmentCells(
            names=tuple(name for name, kept in zip(self.names, keep, strict=True) if kept),
            leads=self.leads[keep],
            unworked=self.unworked[keep],
            judged=self.judged[keep],
            hits=self.hits[keep],
            misses=self.misses[keep],
            hits_hits=None if self.hits_hits is None else self.hits_hits[square],
            hits_misses=None if self.hits_misses is None else self.hits_misses[square],
            misses_misses=None if self.misses_misses is None else self.misses_misses[square],
            accounts=self.accounts,
            spanning_known=self.spanning_known,
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which cells are hits (1), misses (0) of the rate, or outside its denominator (-1)."""

    rate: SegmentRate
    threshold: int | None

    def code(self, score: pd.Series, state: pd.Series) -> Ints:
        above = np.ones(len(score), np.bool_)
        if self.threshold is not None:
            above = score.to_numpy() >= self.threshold
        converted = (state == STATES[0]).to_numpy(dtype=np.bool_)
        judged = state.isin(STATES[:2]).to_numpy(dtype=np.bool_)
        inside, hit = {
            "precision": (judged & above, converted),
            "recall": (judged & converted, above),
            "false_positive_rate": (judged & ~converted, above),
        }[self.rate]
        return np.where(inside, hit, -1).astype(np.int64)


def read_segments(
    counts: ScoreCounts, *, rate: SegmentRate = "precision", threshold: int | None = None
) -> SegmentCells:
    """Lay out the counts of one axis by segment for one rate.

    Raises QuestionError unless the counts are split by exactly one axis, and for recall or
    false-positive rate without a threshold.
    """
    if len(counts.by) != 1:
        raise QuestionError(
            f"the counts are split by {list(counts.by) or 'nothing'}: expected one axis, such as "
            'count_scores(backtest, by="region")'
        )
    if rate not in ("precision", "recall", "false_positive_rate"):
        raise QuestionError(f"rate is '{rate}': expected precision, recall or false_positive_rate")
    if rate != "precision" and threshold is None:
        raise QuestionError(f"{rate} needs a threshold")
    rule, parts = _Rule(rate, threshold), dict(counts.groups())
    names = tuple(key[0] for key in parts)
    frames = [part.frame for part in parts.values()]
    codes = [rule.code(frame["score"], frame["state"]) for frame in frames]
    products = _products(counts, rule, names)
    return SegmentCells(
        names=names,
        leads=np.array([part.n for part in parts.values()], dtype=np.int64),
        unworked=np.array([part.total("unworked") for part in parts.values()], dtype=np.int64),
        judged=np.array([part.total(*STATES[:2]) for part in parts.values()], dtype=np.int64),
        hits=_sums(frames, codes, 1),
        misses=_sums(frames, codes, 0),
        hits_hits=None if products is None else products[1, 1],
        hits_misses=None if products is None else products[1, 0],
        misses_misses=None if products is None else products[0, 0],
        accounts=None if counts.accounts is None else counts.accounts.judged,
        spanning_known=counts.accounts_across is not None,
    )


def _sums(frames: list[pd.DataFrame], codes: list[Ints], wanted: int) -> Floats:
    sums = [
        frame["n"].to_numpy()[code == wanted].sum()
        for frame, code in zip(frames, codes, strict=True)
    ]
    return np.array(sums, dtype=np.float64)


def _products(
    counts: ScoreCounts, rule: _Rule, names: tuple[str, ...]
) -> dict[tuple[int, int], Floats] | None:
    """Sums over accounts of hits x hits, hits x misses, misses x misses, for each two segments."""
    if counts.accounts is None:
        return None
    inside = [
        pairs.frame.assign(group_a=key[0], group_b=key[0])
        for key, pairs in counts.accounts_by.items()
    ]
    across = [] if counts.accounts_across is None else [counts.accounts_across]
    frame = pd.concat([*inside, *across], ignore_index=True)
    index = pd.Index(names)
    a, b = (index.get_indexer(pd.Index(frame[f"group_{side}"])) for side in "ab")
    one, two = (rule.code(frame[f"score_{side}"], frame[f"state_{side}"]) for side in "ab")
    n, size = frame["n"].to_numpy(dtype=np.float64), len(names)
    return {
        key: _square((a * size + b)[used], n[used], size)
        for key in ((1, 1), (1, 0), (0, 0))
        for used in [(one == key[0]) & (two == key[1]) & (a >= 0) & (b >= 0)]
    }


def _square(place: Ints, n: Floats, size: int) -> Floats:
    sums = np.bincount(place, weights=n, minlength=size * size).astype(np.float64)
    return np.asarray(sums.reshape(size, size))
