"""Net benefit of each threshold where a deal is worth its own amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from toolkit.analysis.cells import read_cells, suffix_sum
from toolkit.analysis.influence import between
from toolkit.analysis.intervals import FEW, account_factor, ratio, tail
from toolkit.analysis.questions import check_thresholds
from toolkit.analysis.split import positions, split_counts
from toolkit.analysis.student import ALONE
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.split import Split
    from toolkit.counts import AmountCounts, ScoreCounts

__all__ = ["amount_benefit_table"]


def amount_benefit_table(
    amounts: AmountCounts,
    counts: ScoreCounts,
    *,
    cost: float,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Money gained by working all leads at or above each threshold, per judged lead.

    A judged lead at or above is worth its amount if it converted (0 where no amount is recorded) and
    -cost if it did not; a lead below is worth 0. The net benefit is the mean worth z of all judged
    leads; its variance is G/(G-1) * sum over accounts of (sum of z - mean z)^2 / n^2, each lead by
    itself where no account is known. The interval is symmetric, with the quantile of Student's t of
    as many degrees of freedom, less one, as equal deals (accounts) the amounts above weigh as much as,
    or the leads above that did not convert where nothing was sold.
    `amounts` and `counts` are of the same leads.

    Columns: `threshold`; `n`, `tp`, `fp` (judged leads at or above; of these converted, not);
    `amount` (of the converted ones); `net_benefit` ((amount - cost fp) / judged leads), `low`, `high`
    (money per judged lead); `deals` (equal deals, or accounts, that the amount weighs as much as);
    `reason`. NaN where more than 5% of the mature leads at or above were never worked; no interval
    where one deal or account is all there is, or no judged lead is at or above. Working nobody is
    worth 0.

    Source: Cochran (1977, chapter 6) for the variance; Kish (1965) for the equal deals.

    >>> import pandas as pd
    >>> from toolkit.counts import AmountCounts, ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> frame = pd.DataFrame({"score": [40, 60], "judged": 10, "converted": [1, 4],
    ...     "valued": [1, 4], "amount": [1000.0, 9000.0], "amount_squared": [1e6, 2.1e7],
    ...     "largest": [1000.0, 3000.0]})
    >>> table = amount_benefit_table(AmountCounts(frame, None), counts, cost=500, thresholds=[60])
    >>> table[["amount", "net_benefit"]].values.tolist()  # (9000 - 6 * 500) / 20
    [[9000.0, 300.0]]
    """
    if not (np.isfinite(cost) and cost >= 0):
        raise QuestionError(
            f"cost is {cost}: expected money per lead that did not convert, 0 or more"
        )
    check_thresholds(thresholds)
    cells = read_cells(counts)
    _check_same(amounts, cells)
    asked, at = positions(cells, thresholds)
    split = split_counts(cells, at)
    sums = _Sums.of(amounts, cells, at)
    n = float(cells.judged.sum())
    worth = ratio(sums.amount - cost * split.fp, np.full(len(asked), n))
    wide = _wide(sums, worth, cost, n, confidence)
    accounts = None if cells.pairs is None else cells.pairs.judged
    wide = wide * np.sqrt(account_factor(accounts))
    known = np.where(split.hidden_above, np.nan, worth)
    return pd.DataFrame(
        {
            "threshold": asked,
            "n": split.n,
            "tp": split.tp,
            "fp": split.fp,
            "amount": sums.amount,
            "net_benefit": known,
            "low": known - wide,
            "high": known + wide,
            "deals": sums.deals,
            "reason": pd.Series(_reasons(amounts, split, sums, n), dtype=object),
        }
    )


def _check_same(amounts: AmountCounts, cells: Cells) -> None:
    frame = amounts.frame
    judged = pd.Series(cells.judged, index=cells.levels).reindex(frame["score"]).to_numpy()
    if int(frame["judged"].sum()) != int(cells.judged.sum()) or (judged != frame["judged"]).any():
        raise QuestionError(
            f"the amounts are of {int(frame['judged'].sum()):,} judged leads, the counts of "
            f"{int(cells.judged.sum()):,}, or their scores differ: count both from one backtest"
        )
    if (cells.pairs is None) != (amounts.account_leads is None):
        raise QuestionError(
            "accounts are known for the amounts or the counts alone: count both from one backtest"
        )


@dataclass(frozen=True, slots=True)
class _Sums:
    """At each threshold, summed over accounts: products of its amount, misses above and leads.

    v: amount at or above; m: leads at or above that did not convert; j: all judged leads.
    """

    amount: Floats
    missed: Floats
    vv: Floats
    vm: Floats
    vj: Floats
    mm: Floats
    mj: Floats
    jj: float

    @classmethod
    def of(cls, amounts: AmountCounts, cells: Cells, at: Ints) -> _Sums:
        above = (np.arange(len(cells.levels)) >= at[:, None]).astype(np.float64)
        every = np.ones_like(above)
        mj = between(cells, above, every, hits=(False, True))
        vv, vm, vj = _of_amounts(amounts, cells, at)
        return cls(
            amount=_from(amounts.frame["score"], amounts.frame["amount"], cells)[at],
            missed=above @ cells.not_converted,
            vv=vv,
            vm=vm,
            vj=vj,
            mm=between(cells, above, above, hits=(False, False)),
            mj=mj + between(cells, above, every, hits=(False, False)),
            jj=float(cells.account_matrix.sum()),
        )

    @property
    def deals(self) -> Floats:
        """Equal deals, or accounts, that the amount weighs as much as."""
        return ratio(self.amount**2, self.vv, empty=0.0)

    @property
    def misses(self) -> Floats:
        """Equal accounts (or leads) that those at or above that did not convert weigh as much as."""
        return ratio(self.missed**2, self.mm, empty=0.0)


def _of_amounts(amounts: AmountCounts, cells: Cells, at: Ints) -> tuple[Floats, Floats, Floats]:
    """Products of an account's amount with itself, with its misses above, and with its leads."""
    frame, pairs, leads = amounts.frame, amounts.accounts, amounts.account_leads
    if pairs is None or leads is None:
        square = _from(frame["score"], frame["amount_squared"], cells)[at]
        return square, np.zeros(len(at)), _from(frame["score"], frame["amount"], cells)[at]
    both = pairs[["score_a", "score_b"]].min(axis=1)
    missed = leads[leads["state_b"] == "not_converted"]
    lower = missed[["score_a", "score_b"]].min(axis=1)
    found = (
        _from(both, pairs["product"], cells),
        _from(lower, missed["product"], cells),
        _from(leads["score_a"], leads["product"], cells),
    )
    return found[0][at], found[1][at], found[2][at]


def _from(scores: pd.Series, values: pd.Series, cells: Cells) -> Floats:
    """Sum of the values at each level and above, with a last 0."""
    place = np.searchsorted(cells.levels, scores.to_numpy())
    weights = values.to_numpy(dtype=np.float64)
    sums = np.bincount(place, weights=weights, minlength=len(cells.levels))
    return suffix_sum(sums.astype(np.float64))


def _wide(sums: _Sums, worth: Floats, cost: float, n: float, confidence: float) -> Floats:
    """Half the width of the interval: standard error times the quantile."""
    square = (
        sums.vv + cost**2 * sums.mm + worth**2 * sums.jj
        - 2 * cost * sums.vm - 2 * worth * sums.vj + 2 * cost * worth * sums.mj
    )  # fmt: skip
    # Nothing sold above: what is left is the cost of the misses.
    equal = np.where(sums.amount > 0, sums.deals, sums.misses)
    free = np.where(equal > ALONE, equal - 1, 1.0)
    student = np.where(equal > ALONE, stdtrit(free, 1 - tail(confidence)), np.nan)
    wide: Floats = student * np.sqrt(np.maximum(square, 0.0)) / max(n, 1.0)
    return wide


def _reasons(amounts: AmountCounts, split: Split, sums: _Sums, n: float) -> list[str | None]:
    converted, valued = (int(amounts.frame[name].sum()) for name in ("converted", "valued"))
    unvalued = (
        f"{converted - valued} of {converted} converted leads have no amount: worth 0"
        if valued < converted
        else None
    )
    hidden = "cannot be told: too many of the leads to be worked were never worked"
    return [
        "; ".join(
            note
            for note in (
                None if n else "no judged leads",
                hidden if up else None,
                unvalued,
                None if amount else "nothing was sold at or above",
                f"few deals: the amounts weigh as much as {deals:.0f} equal ones"
                if amount and deals < FEW
                else None,
            )
            if note
        )
        or None
        for up, amount, deals in zip(split.hidden_above, sums.amount, sums.deals, strict=True)
    ]
