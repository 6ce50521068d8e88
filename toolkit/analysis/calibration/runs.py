"""Exact bounds of the rates of runs of neighbouring scores, for all runs at once.

There are m(m+1)/2 runs of m scores and each has two bounds, but the band asks only for the least
upper bound of the runs that start at a score or later, and for the greatest lower bound of those
that end at it or earlier. A bound is the quantile of a beta distribution, which is slow; whether it
lies beyond a given value needs one value of the distribution function, and not even that where the
rate itself lies beyond. So a few bounds are worked out first, and of the rest those only that
could be as sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaincinv

from toolkit.analysis.cells import Cells, Floats, Ints
from toolkit.analysis.intervals import design_effect, precision_family, tail, wilson_interval

__all__ = ["Runs", "band_of_runs", "bounded_runs"]

MOST_BLOCKS = 400
"""Beyond this many scores, runs start and end at equally spaced scores only (time grows as m^2)."""

_SLACK = 1e-9
"""Far more than the distribution functions err by: a bound that may be as sharp is worked out."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Runs:
    """Bounds from every run of neighbouring blocks; [i, j] is the run from block i to block j.

    A bound of more than one block that is surely beaten by that of another run is left out:
    `upper` (infinite there) by a run that starts no earlier, `lower` (minus infinite) by one that
    ends no later.
    """

    first: Ints
    last: Ints
    hits: Floats
    n: Floats
    lower: Floats
    upper: Floats


def bounded_runs(cells: Cells, used: Ints, confidence: float) -> Runs:
    """Exact bounds for the runs of the levels in use, Bonferroni over all runs and both sides."""
    side = tail(confidence)
    first = _block_starts(len(used))
    last = np.append(first[1:], len(used)) - 1
    effect = design_effect(precision_family(cells), side)
    sums = [np.append(0, np.cumsum(part[used])) for part in (cells.converted, cells.judged)]
    hits, n = (np.triu(part[last + 1][None, :] - part[first][:, None]) for part in sums)
    delta = side / max(len(first) * (len(first) + 1) / 2, 1)
    lower, upper = _exact_bounds(hits / effect, (n - hits) / effect, delta)
    return Runs(first, last, hits, n, lower, upper)


def _block_starts(levels: int) -> Ints:
    blocks = min(levels, MOST_BLOCKS)
    return np.unique(np.floor(np.arange(blocks) * levels / max(blocks, 1)).astype(np.int64))


def _exact_bounds(hits: Floats, misses: Floats, delta: float) -> tuple[Floats, Floats]:
    """Lower and upper bounds at level delta; lower ones are found as upper ones, turned round."""
    runs = np.triu(np.ones(hits.shape, dtype=np.bool_))
    size = np.where(runs, hits + misses, 1.0)
    low, high = wilson_interval(hits, size, confidence=1 - 2 * delta)
    ended, failed = _turned(hits), _turned(misses)

    def upper_bound(at: Mask) -> Floats:
        free = np.maximum(misses[at], 1e-300)
        return np.where(misses[at] > 0, betaincinv(hits[at] + 1, free, 1 - delta), 1.0)

    def is_under(at: Mask, bar: Floats) -> Mask:
        free = np.maximum(misses[at], 1e-300)
        return _at_most(betaincc(hits[at] + 1, free, np.minimum(bar * (1 + _SLACK), 1.0)), delta)

    def lower_bound(at: Mask) -> Floats:
        won = np.maximum(ended[at], 1e-300)
        return -np.where(ended[at] > 0, betaincinv(won, failed[at] + 1, delta), 0.0)

    def is_over(at: Mask, bar: Floats) -> Mask:
        won = np.maximum(ended[at], 1e-300)
        return _at_most(betainc(won, failed[at] + 1, -bar * (1 - _SLACK)), delta)

    upper = _least(runs, hits / size, high, upper_bound, is_under)
    lower = _least(runs, -_turned(hits / size), -_turned(low), lower_bound, is_over)
    return -_turned(lower), upper


def _turned(runs: Floats) -> Floats:
    """Read the scores from the other end: a run from i to j becomes one from m-1-j to m-1-i."""
    return runs[::-1, ::-1].T


def _at_most(share: NDArray[Any], delta: float) -> Mask:
    """Whether a share of a distribution is at most delta, or is not known."""
    kept: Mask = ~(share > delta)
    return kept


def _least(
    runs: Mask,
    rate: Floats,
    guess: Floats,
    bound: Callable[[Mask], Floats],
    is_under: Callable[[Mask, Floats], Mask],
) -> Floats:
    """Bounds of single blocks, and of all runs that could be the least of those that start later.

    A run's bound is above its rate, so a rate above the bar (the least bound known of a run that
    starts no earlier) needs no further look.
    """
    found = np.full(runs.shape, np.inf)
    some = np.eye(len(runs), dtype=np.bool_)
    if len(runs):
        some[np.arange(len(runs)), np.argmin(np.where(runs, guess, np.inf), axis=1)] = True
    found[some] = bound(some)
    bar = np.minimum.accumulate(found.min(axis=1, initial=np.inf)[::-1])[::-1]
    bars = np.broadcast_to(bar[:, None], runs.shape)
    left = runs & ~some & (rate < bars)
    left[left] = is_under(left, bars[left])
    found[left] = bound(left)
    return found


def band_of_runs(runs: Runs, levels: int) -> tuple[Floats, Floats]:
    """Spread the bounds: a run bounds every score at or before its start, or at or after its end."""
    if not levels:
        return np.empty(0), np.empty(0)
    upper = np.minimum.accumulate(runs.upper.min(axis=1)[::-1])[::-1]
    lower = np.maximum.accumulate(runs.lower.max(axis=0))
    at = np.arange(levels)
    before = np.searchsorted(runs.last, at, side="right") - 1
    after = np.searchsorted(runs.first, at, side="left")
    low = np.where(before >= 0, lower[np.maximum(before, 0)], 0.0)
    high = np.where(after < len(upper), upper[np.minimum(after, len(upper) - 1)], 1.0)
    return low, high
