"""Two groups of scores compared, leads of one account on both sides allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.influence import covariance, masked_family
from toolkit.analysis.intervals import joined, precision_family, rate_arrays, ratio
from toolkit.analysis.student import student_p

if TYPE_CHECKING:
    from toolkit.analysis.cells import Cells, Floats
    from toolkit.analysis.intervals import Family, RateArrays

__all__ = ["Contrasts", "contrasts"]


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Rates of upper and lower groups, and their differences, entry by entry."""

    upper: RateArrays
    lower: RateArrays
    upper_n: Floats
    lower_n: Floats
    upper_positives: Floats
    lower_positives: Floats
    estimate: Floats
    low: Floats
    high: Floats
    p_value: Floats
    """Two-sided score test of equal rates, over accounts where they are known."""


def contrasts(cells: Cells, upper: Floats, lower: Floats, confidence: float) -> Contrasts:
    """Compare groups of levels (T x K masks of 0 and 1; a level in one of the two at most).

    Difference of the rates: hybrid score interval with the correlation of the two estimates, which
    accounts with leads on both sides bring (Zou and Donner 2008; without them Newcombe's method
    10). Test: score test under the rate of both groups together (Pearson's chi-square), its
    variance multiplied by the design effect over accounts (Rao and Scott 1981), Student's t on the
    equal accounts of the group with fewer of them.
    """
    pool = precision_family(cells)
    above, below = masked_family(cells, upper), masked_family(cells, lower)
    one, two = (rate_arrays(each, confidence=confidence, pool=pool) for each in (above, below))
    rho = _correlation(cells, upper, lower, above, below)
    difference = one.estimate - two.estimate
    down = joined(one.estimate - one.low, two.high - two.estimate, rho)
    up = joined(one.high - one.estimate, two.estimate - two.low, rho)
    return Contrasts(
        upper=one,
        lower=two,
        upper_n=above.n,
        lower_n=below.n,
        upper_positives=above.hits,
        lower_positives=below.hits,
        estimate=difference,
        low=np.maximum(difference - down, -1.0),
        high=np.minimum(difference + up, 1.0),
        p_value=_p_values(cells, upper, lower, above, below),
    )


def _correlation(
    cells: Cells, upper: Floats, lower: Floats, above: Family, below: Family
) -> Floats:
    if cells.pairs is None:
        return np.zeros(len(upper))
    values = []
    for masks, family in ((upper, above), (lower, below)):
        weight = masks / np.maximum(family.n, 1)[:, None]
        share = np.nan_to_num(family.share)[:, None]
        values.append((weight * (1 - share), -weight * share))
    joint = [
        covariance(cells, np.vstack([a, b]), np.vstack([c, d]))[0, 1]
        for (a, c), (b, d) in zip(
            zip(*values[0], strict=True), zip(*values[1], strict=True), strict=True
        )
    ]
    spread = np.sqrt(above.variance() * below.variance())
    return np.clip(ratio(np.asarray(joint, dtype=np.float64), spread, empty=0.0), -1.0, 1.0)


def _p_values(cells: Cells, upper: Floats, lower: Floats, above: Family, below: Family) -> Floats:
    """Pearson's test; with accounts its variance times their design effect on the difference."""
    both = (above.n > 0) & (below.n > 0)
    n = np.where(both, above.n + below.n, np.nan)
    share = (above.hits + below.hits) / n
    plain = share * (1 - share) * (1 / np.maximum(above.n, 1) + 1 / np.maximum(below.n, 1))
    weight = upper / np.maximum(above.n, 1)[:, None] - lower / np.maximum(below.n, 1)[:, None]
    effect = _effect(cells, weight, np.nan_to_num(share))
    z = ratio(np.abs(above.share - below.share), np.sqrt(plain * effect), empty=0.0)
    return np.where(both, student_p(z, np.minimum(above.freedom, below.freedom)), np.nan)


def _effect(cells: Cells, weight: Floats, share: Floats) -> Floats:
    """Variance over accounts / variance over leads of sum of weight * (y - share), T times."""
    if cells.pairs is None:
        return np.ones(len(weight))
    hit, miss = weight * (1 - share[:, None]), -weight * share[:, None]
    robust = np.diag(covariance(cells, hit, miss))
    return ratio(robust, hit**2 @ cells.converted + miss**2 @ cells.not_converted, empty=1.0)
