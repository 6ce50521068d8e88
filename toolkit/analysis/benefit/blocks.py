"""Thresholds against thresholds: the leads between two of them convert often enough, or do not.

Net benefit at s less net benefit at t > s is made by the leads with s <= score < t alone: it is
positive exactly when they convert more often than the break-even rate p = w/(1+w). So "is s better
than t" is a binomial test of one block of scores, on its effective number of leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, ndtri

from toolkit.analysis.cells import suffix_sum
from toolkit.analysis.intervals import account_factor, quantile_ratio, ratio, tail

if TYPE_CHECKING:
    from toolkit.analysis.cells import Cells, Floats, Ints

__all__ = ["block_scores", "centred_quantiles"]

_MOST = 38.0
"""Normal scores beyond this underflow."""


def block_scores(cells: Cells, at: Ints, cost_ratio: float) -> Floats:
    """Evidence that threshold s (row) is better than threshold t (column), as a normal score.

    `at`: places of the thresholds, ascending. Exact binomial tail at the break-even rate, of the
    hits and misses between s and t divided by their design effect; 0 on the diagonal.
    Source: Clopper and Pearson (1934) for the tails; Korn and Graubard (1998) for the effective n.
    """
    hits, misses = (
        np.abs(np.subtract.outer(above, above))
        for above in (
            suffix_sum(part)[at].astype(np.float64)
            for part in (cells.converted, cells.not_converted)
        )
    )
    effect = _design_effects(cells, at, cost_ratio, hits, misses)
    h, m = hits / effect, misses / effect
    rate = cost_ratio / (1 + cost_ratio)
    often = np.where(hits > 0, betainc(np.maximum(h, 1e-300), m + 1, rate), 1.0)
    seldom = np.where(misses > 0, betainc(np.maximum(m, 1e-300), h + 1, 1 - rate), 1.0)
    lower_wins = np.arange(len(at))[:, None] < np.arange(len(at))[None, :]
    scores = -ndtri(np.clip(np.where(lower_wins, often, seldom), 0.0, 1.0))
    scores = np.clip(scores, -_MOST, _MOST)
    told = (hits + misses > 0) & np.isfinite(effect)
    return np.asarray(np.where(told, scores, 0.0), dtype=np.float64)


def _design_effects(
    cells: Cells, at: Ints, cost_ratio: float, hits: Floats, misses: Floats
) -> Floats:
    """Variance over accounts of a block's gain / over leads, at least 1, and t for few accounts."""
    if cells.pairs is None:
        return np.ones_like(hits)
    gain = np.where(np.arange(2 * len(cells.levels)) < len(cells.levels), 1.0, -cost_ratio)
    robust = _block_squares(cells, at, gain) * account_factor(cells.pairs.judged)
    sizes = _block_squares(cells, at, np.ones_like(gain))
    n = hits + misses
    few = quantile_ratio(n, ratio(n**2, sizes, empty=1.0), tail(0.95))
    plain = np.maximum(ratio(robust, hits + cost_ratio**2 * misses, empty=1.0), 1.0)
    return np.asarray(plain * few**2, dtype=np.float64)


def _block_squares(cells: Cells, at: Ints, value: Floats) -> Floats:
    """Sum over accounts of (its sum of `value` between two thresholds)^2, for each two."""
    levels = len(cells.levels)
    # Above-or-at masks over levels for each threshold, once for each state.
    above = (np.arange(levels)[None, :] >= at[:, None]).astype(np.float64)
    weights = np.concatenate([above, above], axis=1) * value
    square = np.asarray(weights @ (cells.account_matrix @ weights.T), dtype=np.float64)
    own = np.diag(square)
    return np.maximum(own[:, None] + own[None, :] - 2 * square, 0.0)


def centred_quantiles(drawn: Floats, estimate: Floats, confidence: float) -> Floats:
    """Quantile of the largest studentised deviation of (gain at s - gain at t) over all s.

    One for each threshold t, over replicates. `drawn`: B x T gains; `estimate`: T gains.
    """
    away = drawn - estimate
    found = np.empty(len(estimate))
    for place in range(len(estimate)):
        apart = away - away[:, place : place + 1]
        spread = apart.std(axis=0)
        moved = spread > 0
        found[place] = (
            np.quantile((apart[:, moved] / spread[moved]).max(axis=1), confidence)
            if moved.any()
            else 0.0
        )
    # Never easier to exclude than in one comparison.
    return np.maximum(found, float(ndtri(confidence)))
