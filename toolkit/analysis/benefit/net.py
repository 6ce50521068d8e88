"""Net benefit of working every lead at or above a threshold, or any other part of the leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import Cells, Floats, suffix_sum
from toolkit.analysis.influence import covariance
from toolkit.analysis.intervals import (
    Family,
    account_factor,
    joined,
    precision_family,
    rate_arrays,
    ratio,
    share_family,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["benefit_intervals", "net_benefit", "net_benefit_error", "part_error"]


def net_benefit(
    cells: Cells, cost_ratio: float, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Estimate and interval at each level, and (last entry) above all of them.

    (tp - cost_ratio * fp) / judged leads. The interval joins those of the two shares tp / judged
    and fp / judged with the correlation of the two estimates: it tends to estimate +- z * standard
    error, and does not collapse where few leads are handed over or none converted.
    Source: Zou and Donner (2008), with Wilson intervals on the effective number of leads.
    """
    shares = [share_family(cells, hit=hit) for hit in (True, False)]
    error = net_benefit_error(cells, cost_ratio)
    return _joined(shares, np.asarray(cost_ratio), error, confidence)


def benefit_intervals(
    cells: Cells,
    masks: Floats,
    shares: Sequence[Family],
    cost_ratio: float | Floats,
    confidence: float,
) -> tuple[Floats, Floats, Floats]:
    """Estimate and interval of the net benefit of working the leads of some levels.

    `masks` is T x K (1: worked), `shares` their `masked_share` of converted and of not converted
    leads, `cost_ratio` one number or one for each row of the masks.
    """
    weight = np.broadcast_to(np.asarray(cost_ratio, dtype=np.float64), len(masks))
    # A share of 0 or 1 takes its design effect from all thresholds, so that it is the same here
    # as in the table of thresholds, however many masks are asked for.
    pools = [share_family(cells, hit=hit) for hit in (True, False)]
    return _joined(shares, weight, part_error(cells, masks, weight), confidence, pools=pools)


def _joined(
    shares: Sequence[Family],
    cost_ratio: Floats,
    error: Floats,
    confidence: float,
    *,
    pools: Sequence[Family] | None = None,
) -> tuple[Floats, Floats, Floats]:
    hits, misses = (
        rate_arrays(share, confidence=confidence, pool=pool)
        for share, pool in zip(shares, pools or shares, strict=True)
    )
    estimate = hits.estimate - cost_ratio * misses.estimate
    rho = _correlation(cost_ratio, error, *shares)
    down = joined(hits.estimate - hits.low, cost_ratio * (misses.high - misses.estimate), rho)
    up = joined(hits.high - hits.estimate, cost_ratio * (misses.estimate - misses.low), rho)
    return estimate, estimate - down, estimate + up


def _correlation(cost_ratio: Floats, error: Floats, hits: Family, misses: Family) -> Floats:
    """Correlation of the two shares: Var(NB) = V1 + w^2 V2 - 2 w rho sqrt(V1 V2), solved."""
    one, two = hits.variance(), cost_ratio**2 * misses.variance()
    product = 2 * np.sqrt(one * two)
    rho: Floats = np.clip(ratio(one + two - error**2, product, empty=0.0), -1.0, 1.0)
    return rho


def part_error(cells: Cells, masks: Floats, cost_ratio: Floats) -> Floats:
    """Standard error of the net benefit of working the leads of some levels (T x K masks).

    z = 1 for a converted lead that is worked, -cost_ratio for one that did not convert, 0 for a
    lead that is not worked; Var = G/(G-1) * sum over accounts of (sum of z - mean z)^2 / n^2.
    """
    n = float(cells.judged.sum())
    weight = np.asarray(cost_ratio, dtype=np.float64)
    mean = (masks @ cells.converted - weight * (masks @ cells.not_converted)) / n
    hit = (masks - mean[:, None]) / n
    miss = (-weight[:, None] * masks - mean[:, None]) / n
    return np.sqrt(np.maximum(np.diag(covariance(cells, hit, miss)), 0.0))


def net_benefit_error(cells: Cells, cost_ratio: float) -> Floats:
    """Give the standard error of net benefit at each level and above all of them.

    z = 1 for a converted lead at or above, -cost_ratio for one that did not convert, 0 below;
    Var = G/(G-1) * sum over accounts of (sum of z - mean z)^2 / n^2.
    """
    above, n = precision_family(cells), float(cells.judged.sum())
    mean = (above.hits - cost_ratio * above.misses) / n
    square = (
        above.hits_hits - 2 * cost_ratio * above.hits_misses + cost_ratio**2 * above.misses_misses
    )
    with_all = _with_all(cells, cost_ratio, above)
    everyone = n if cells.pairs is None else float(cells.pairs.n.sum())
    variance = (square - 2 * mean * with_all + mean**2 * everyone) / n**2
    error: Floats = np.sqrt(np.maximum(variance, 0.0) * account_factor(above.accounts))
    return error


def _with_all(cells: Cells, cost_ratio: float, above: Family) -> Floats:
    """Sum over accounts of (its sum of z) x (its judged leads)."""
    if cells.pairs is None:
        return above.hits - cost_ratio * above.misses
    value = np.where(cells.pairs.a_hit, 1.0, -cost_ratio) * cells.pairs.n
    by_level = np.bincount(cells.pairs.a, weights=value, minlength=len(cells.levels))
    return suffix_sum(by_level.astype(np.float64)).astype(np.float64)
