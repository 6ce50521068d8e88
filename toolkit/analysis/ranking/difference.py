"""Whether a challenger ranks better than the champion, on leads that neither was fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan, nan, prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Cells, Floats, Ints
from toolkit.analysis.intervals import tail
from toolkit.analysis.ranking.area import class_factors
from toolkit.analysis.ranking.placements import influence, no_area, placements, quantile, selected
from toolkit.analysis.student import student_p
from toolkit.counts import STATES, AccountCells
from toolkit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.counts import PairCounts

__all__ = ["AucDifference", "auc_difference"]

_UNKNOWN = (
    "valid only if the challenger's points were not fitted on these leads: nothing says on which"
)
_SAME = (
    "refused: the challenger was fitted on these leads, so they flatter it; compare the two on "
    "later leads, or on scores of fits that left each lead's account out"
)
_IDENTICAL = "identical ranking: both models put every lead in the same place"
_ZERO = 1e-12
"""Sums of influence smaller than this are rounding: the placements are equal."""
_NOBODY = AccountCells(pd.DataFrame({"account": [], "cell": [], "n": []}, dtype="int64"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """AUC of the challenger less AUC of the champion, on the same leads."""

    estimate: float = nan
    low: float = nan
    high: float = nan
    standard_error: float = nan
    p_value: float = nan
    """Of no difference, two-sided."""
    champion: float = nan
    challenger: float = nan
    correlation: float = nan
    """Of the two estimated areas: what comparing the same leads gains."""
    positives: int
    negatives: int
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Rows:
    """The judged cells of a pair table, and which of their leads share an account."""

    champion: Ints
    challenger: Ints
    hit: NDArray[np.bool_]
    n: Floats
    alone: Floats
    """Leads of each cell that are an account of their own: all, where no account is known."""
    account: Ints
    """Number (0, 1, ...) of an account with several leads; in parallel `cell` and `leads`."""
    cell: Ints
    leads: Floats

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether the leads of `account` in `cell` converted."""
        converted: NDArray[np.bool_] = self.hit[self.cell]
        return converted


def auc_difference(pairs: PairCounts, *, confidence: float = 0.95) -> AucDifference:
    """How much oftener the challenger ranks a converted lead above another than the champion does.

    Both areas are of the same judged leads, ties counting half. Variance of the difference: DeLong,
    or Obuchowski's where accounts are known, in its paired form: each lead's influence on one area
    less that on the other. Normal interval, t where a class comes from fewer than 40 (equal)
    accounts.

    Refused (NaN with a reason) when the challenger was fitted on the same leads: the test is then
    not valid (Demler, Pencina and D'Agostino 2012). Where both models put every lead in the same
    place the difference is 0 and no interval is given: "identical ranking". NaN with a reason for
    an empty class. Source: DeLong, DeLong and Clarke-Pearson (1988); Obuchowski (1997).

    >>> import pandas as pd
    >>> from toolkit.counts import PairCounts
    >>> cells = [(40, 60, "converted", 6), (40, 40, "not_converted", 4),
    ...          (60, 40, "not_converted", 6), (60, 60, "converted", 4)]
    >>> names = ["champion", "challenger", "state", "n"]
    >>> pairs = PairCounts(pd.DataFrame(cells, columns=names), None, "new", "other leads")
    >>> found = auc_difference(pairs)
    >>> found.champion  # (4 * 4 + (6 * 4 + 4 * 6) / 2) / (10 * 10)
    0.4
    >>> found.challenger, found.estimate
    (1.0, 0.6)
    """
    side = tail(confidence)
    rows = _read(pairs)
    areas = [_margin(scores, rows) for scores in (rows.champion, rows.challenger)]
    clustered = pairs.accounts is not None
    empty = AucDifference(
        positives=int(rows.n[rows.hit].sum()),
        negatives=int(rows.n[~rows.hit].sum()),
        method="paired Obuchowski (accounts)" if clustered else "paired DeLong",
        reason=_notes(pairs),
    )
    if pairs.fitted_on == "these leads":
        return replace(empty, reason=_SAME)
    if not (empty.positives and empty.negatives):
        return replace(empty, reason=no_area(areas[0]))
    places = [placements(each) for each in areas]
    shares = [
        influence(place, np.searchsorted(each.levels, scores), rows.hit)
        for place, each, scores in zip(places, areas, (rows.champion, rows.challenger), strict=True)
    ]
    known = replace(empty, champion=places[0].area, challenger=places[1].area)
    moved = np.abs((shares[1] - shares[0]) * rows.n).sum()
    # A score that separates the classes has no more influence in it than one that is constant.
    if moved < _ZERO and abs(known.challenger - known.champion) < _ZERO:
        return replace(known, estimate=0.0, standard_error=0.0, reason=_IDENTICAL)
    return _compared(rows, shares, known, side, clustered=clustered)


def _notes(pairs: PairCounts) -> str | None:
    unworked, judged = pairs.total("unworked"), pairs.total("converted", "not_converted")
    whose = selected(unworked / max(unworked + judged, 1))
    fitted = _UNKNOWN if pairs.fitted_on == "unknown" else None
    return "; ".join(part for part in (fitted, whose) if part) or None


def _compared(
    rows: _Rows, shares: list[Floats], known: AucDifference, side: float, *, clustered: bool
) -> AucDifference:
    gain, estimate = shares[1] - shares[0], known.challenger - known.champion
    error, carriers = _root(_covariance(rows, gain, gain)), _carriers(rows)
    factor, note = quantile(carriers, side, accounts=clustered)
    if isnan(error):
        note = "no interval: one lead or account alone carries a class, or nothing varies"
    return replace(
        known,
        estimate=estimate,
        low=_within(estimate - factor * error),
        high=_within(estimate + factor * error),
        standard_error=error,
        p_value=_p_value(estimate, error, float(carriers.min())),
        correlation=_correlation(rows, shares),
        reason="; ".join(part for part in (known.reason, note) if part) or None,
    )


def _within(value: float) -> float:
    return value if isnan(value) else min(max(value, -1.0), 1.0)


def _correlation(rows: _Rows, shares: list[Floats]) -> float:
    errors = prod(_root(_covariance(rows, share, share)) for share in shares)
    return _covariance(rows, shares[0], shares[1]) / errors


def _p_value(estimate: float, error: float, carriers: float) -> float:
    return nan if isnan(error) else float(student_p(estimate / error, carriers))


def _root(variance: float) -> float:
    return variance**0.5 if variance > 0 else nan


def _read(pairs: PairCounts) -> _Rows:
    frame = pairs.frame
    used = frame["state"].isin(STATES[:2]).to_numpy()
    inside = (_NOBODY if pairs.accounts is None else pairs.accounts).frame
    inside = inside[used[inside["cell"].to_numpy(dtype=np.int64)]]
    cell = (np.cumsum(used) - 1)[inside["cell"].to_numpy(dtype=np.int64)]
    n = frame["n"].to_numpy(dtype=np.float64)[used]
    leads = inside["n"].to_numpy(dtype=np.float64)
    alone = n - _sums(cell, leads, len(n))
    if (alone < 0).any():
        raise DataError(
            "the accounts hold more leads of a cell than were counted: they belong to other "
            "counts; count leads and accounts together"
        )
    return _Rows(
        champion=frame["champion"].to_numpy(dtype=np.int64)[used],
        challenger=frame["challenger"].to_numpy(dtype=np.int64)[used],
        hit=(frame["state"] == STATES[0]).to_numpy()[used],
        n=n,
        alone=alone,
        account=np.unique(inside["account"], return_inverse=True)[1].astype(np.int64),
        cell=cell,
        leads=leads,
    )


def _margin(scores: Ints, rows: _Rows) -> Cells:
    """The leads by the score of one of the models."""
    levels, at = np.unique(scores, return_inverse=True)
    hits, misses = (
        np.bincount(at[used], weights=rows.n[used], minlength=len(levels)).astype(np.int64)
        for used in (rows.hit, ~rows.hit)
    )
    none = np.zeros_like(hits)
    return Cells(levels.astype(np.int64), hits, misses, none, none, None)


def _covariance(rows: _Rows, u: Floats, v: Floats) -> float:
    """Of two sums of influence values; Obuchowski's, and DeLong's where every lead is alone."""
    one, none, both = class_factors(*_accounts(rows))
    alone = rows.alone * u * v
    up, down = (_by_account(rows, values) for values in (u, v))
    return float(
        one * (alone[rows.hit].sum() + up[0] @ down[0])
        + none * (alone[~rows.hit].sum() + up[1] @ down[1])
        + both * (up[0] @ down[1] + up[1] @ down[0])
    )


def _by_account(rows: _Rows, values: Floats) -> tuple[Floats, Floats]:
    """Sums over the converted, and over the other leads of each account with several leads."""
    weights = values[rows.cell] * rows.leads
    size = int(rows.account.max(initial=-1)) + 1
    hit, miss = (
        _sums(rows.account, np.where(used, weights, 0.0), size)
        for used in (rows.inside, ~rows.inside)
    )
    return hit, miss


def _sums(position: Ints, values: Floats, size: int) -> Floats:
    return np.bincount(position, weights=values, minlength=size).astype(np.float64)


def _accounts(rows: _Rows) -> tuple[int, int, int]:
    """Accounts with a converted, with a not converted, and with any judged lead."""
    several = [
        len(np.unique(rows.account[used]))
        for used in (rows.inside, ~rows.inside, np.full(len(rows.cell), True))  # noqa: FBT003 - all
    ]
    alone = [rows.alone[rows.hit].sum(), rows.alone[~rows.hit].sum(), rows.alone.sum()]
    one, none, both = (round(a) + b for a, b in zip(alone, several, strict=True))
    return one, none, both


def _carriers(rows: _Rows) -> Floats:
    """Accounts of equal size that would carry each class as well: n^2 / sum of squares."""
    sizes = _by_account(rows, np.ones(len(rows.n)))
    return np.array(
        [
            rows.n[used].sum() ** 2 / (rows.alone[used].sum() + size @ size)
            for used, size in zip((rows.hit, ~rows.hit), sizes, strict=True)
        ]
    )
