"""Intervals of rates: the binomial ones, and the one variance that accounts need.

Every rate here is hits / (hits + misses) in some domain (a band, all leads at or above a
threshold, all converted leads). Its variance over accounts is that of a sum of influence values

    u = (1 - p)/n for a hit, -p/n for a miss;  Var = G/(G-1) * sum over accounts of (sum of u)^2
      = G/(G-1) * [(1-p)^2 HH - 2 p (1-p) HM + p^2 MM] / n^2

where HH, HM, MM are sums over accounts of hits x hits, hits x misses, misses x misses. It equals
the ratio estimator of survey statistics. Without accounts HH = hits, MM = misses, HM = 0, and the
same line gives p(1-p)/n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from toolkit.analysis.cells import suffix_sum
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike, NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints, Pairs

    RateInterval = Literal["wilson", "jeffreys", "clopper_pearson"]

__all__ = [
    "FEW",
    "Family",
    "RateArrays",
    "clopper_pearson_interval",
    "closed",
    "design_effect",
    "group_family",
    "jeffreys_interval",
    "joined",
    "miss_family",
    "precision_family",
    "quantile_ratio",
    "rate_arrays",
    "ratio",
    "recall_family",
    "share_family",
    "tail",
    "wilson_interval",
]

FEW = 40
"""Under this many (equal) accounts a reader is told that the interval rests on few accounts."""


def tail(confidence: float) -> float:
    """Give the probability left out on each side of a two-sided interval.

    >>> round(tail(0.95), 3)
    0.025
    """
    if not 0 < confidence < 1:
        raise QuestionError(
            f"confidence is {confidence}: expected a number between 0 and 1, such as 0.95"
        )
    return (1 - confidence) / 2


def _checked(positives: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    hits, size = np.broadcast_arrays(
        np.asarray(positives, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    if (hits < 0).any() or (size < hits).any():
        raise DataError(
            "positives must lie between 0 and n: a rate is a part of a whole; found "
            f"{hits.min():g} to {hits.max():g} positives for n of {size.min():g} to {size.max():g}"
        )
    return hits, size


def joined(first: Floats, second: Floats, correlation: Floats) -> Floats:
    """Distance from a difference of two estimates to its end, from those to their own ends.

    sqrt(d1^2 + d2^2 - 2 correlation d1 d2). Source: Zou and Donner (2008), known as MOVER.

    >>> joined(np.array([0.3]), np.array([0.4]), np.array([0.0])).round(12).tolist()
    [0.5]
    """
    square = first**2 + second**2 - 2 * correlation * first * second
    return np.asarray(np.sqrt(np.maximum(square, 0.0)), dtype=np.float64)


def ratio(part: Floats, whole: Floats, *, empty: float = np.nan) -> Floats:
    """Part / whole, and `empty` where the whole is not above 0."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), empty, dtype=np.float64)
    return np.divide(part, whole, out=out, where=whole > 0)


def _wilson(share: Floats, size: Floats, quantile: float) -> tuple[Floats, Floats]:
    known = size > 0
    n = np.where(known, size, 1.0)
    square = quantile * quantile
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = quantile * np.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    # At 0 and 1 the formula gives these ends exactly, rounding aside.
    low = np.where(share <= 0, 0.0, middle - half)
    high = np.where(share >= 1, 1.0, middle + half)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def wilson_interval(
    positives: ArrayLike, n: ArrayLike, *, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson score interval of `positives / n`, entry by entry; n = 0 gives NaN.

    The set of rates that a two-sided score test would not reject. Positives and n may be fractions
    (an effective number of leads). Source: Wilson (1927); Brown, Cai and DasGupta (2001).

    >>> low, high = wilson_interval(7, 50)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0695, 0.2619)
    """
    hits, size = _checked(positives, n)
    return _wilson(ratio(hits, size), size, -float(ndtri(tail(confidence))))


def clopper_pearson_interval(
    positives: ArrayLike, n: ArrayLike, *, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Exact interval of `positives / n`: covers at least as often as stated; n = 0 gives NaN.

    Source: Clopper and Pearson (1934).

    >>> low, high = clopper_pearson_interval(0, 30)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0, 0.1157)
    """
    hits, size = _checked(positives, n)
    return _beta_ends(hits, size - hits, 0.0, tail(confidence))


def jeffreys_interval(
    positives: ArrayLike, n: ArrayLike, *, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Equal-tailed interval under the prior Beta(1/2, 1/2); n = 0 gives NaN.

    Source: Brown, Cai and DasGupta (2001), without their changes at 0 and n.

    >>> low, high = jeffreys_interval(7, 50)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0649, 0.2553)
    """
    hits, size = _checked(positives, n)
    return _beta_ends(hits, size - hits, 0.5, tail(confidence))


def _beta_ends(hits: Floats, misses: Floats, prior: float, side: float) -> tuple[Floats, Floats]:
    """Take the ends from betas; `prior` 0 makes them Clopper-Pearson, 1/2 Jeffreys."""
    extra = 1.0 if prior == 0 else prior
    bottom = np.maximum(prior + hits, 1e-300)
    top = np.maximum(prior + misses, 1e-300)
    low = np.where(prior + hits > 0, betaincinv(bottom, extra + misses, side), 0.0)
    high = np.where(prior + misses > 0, betaincinv(extra + hits, top, 1 - side), 1.0)
    known = hits + misses > 0
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


@dataclass(frozen=True, slots=True)
class Family:
    """Hits and misses of rates of one kind, with their sums of products within accounts."""

    hits: Floats
    misses: Floats
    hits_hits: Floats
    hits_misses: Floats
    misses_misses: Floats
    accounts: int | None
    """Accounts with a judged lead; None where no account is known."""

    @property
    def n(self) -> Floats:
        """Leads in each domain."""
        return self.hits + self.misses

    @property
    def equal_accounts(self) -> Floats:
        """Number of accounts of equal size that carry as much information as these.

        n^2 / sum of squared account sizes; never more than the accounts that are there. Source:
        Kish (1965); as degrees of freedom Carter, Schnepel and Steigerwald (2017).
        """
        squares = self.hits_hits + 2 * self.hits_misses + self.misses_misses
        return ratio(self.n**2, squares, empty=0.0)

    @property
    def freedom(self) -> Floats:
        """Equal accounts behind each rate; without end where every lead stands alone."""
        return np.full(len(self.n), np.inf) if self.accounts is None else self.equal_accounts

    @property
    def share(self) -> Floats:
        """Hits / (hits + misses); NaN where there is no lead."""
        return ratio(self.hits, self.n)

    def variance(self) -> Floats:
        """Variance of `share` over accounts (or over leads where no account is known)."""
        p = self.share
        total = (
            (1 - p) ** 2 * self.hits_hits
            - 2 * p * (1 - p) * self.hits_misses
            + p**2 * self.misses_misses
        )
        spread: Floats = np.maximum(ratio(total, self.n**2), 0.0)
        return spread * account_factor(self.accounts)


def account_factor(accounts: int | None) -> float:
    """G/(G-1); 1 without accounts, and for a single account, which shows no variance anyway."""
    return accounts / (accounts - 1) if accounts is not None and accounts > 1 else 1.0


@dataclass(frozen=True, slots=True)
class RateArrays:
    """Rates of a family with their intervals, entry by entry."""

    estimate: Floats
    low: Floats
    high: Floats
    n_effective: Floats
    equal_accounts: Floats | None


def quantile_ratio(n: Floats, equal_accounts: Floats, side: float) -> Floats:
    """How much wider t is on that many accounts than on that many independent leads.

    Exactly 1 when every lead is an account of its own, infinite when all leads are one account's.
    Source: Korn and Graubard (1998).
    """
    single = equal_accounts <= 1 + 1e-9
    t_accounts = stdtrit(np.where(single, 1.0, equal_accounts - 1), 1 - side)
    t_leads = stdtrit(np.maximum(n - 1, 1.0), 1 - side)
    wider = np.maximum(t_accounts / t_leads, 1.0)
    return np.where(single & (n > 1), np.inf, np.where(single, 1.0, wider))


def rate_arrays(
    family: Family,
    *,
    confidence: float,
    pool: Family | None = None,
    interval: RateInterval = "wilson",
) -> RateArrays:
    """Intervals (Wilson by default) on the effective number of leads of each rate of a family.

    The effective number is p(1-p)/Var, at most n, lowered by the t quantile of few accounts (never
    below the number of equal accounts for that reason). At p = 0 or 1, where Var is 0, it is
    n / design effect, the design effect averaged over `pool` (the family itself by default).
    Source: Korn and Graubard (1998).
    """
    side = tail(confidence)
    known = family.accounts is not None
    size = _effective_n(family, side, pool or family) if known else family.n
    low, high = _ends(family.share, size, side, interval)
    return RateArrays(family.share, low, high, size, family.equal_accounts if known else None)


def _ends(p: Floats, size: Floats, side: float, interval: RateInterval) -> tuple[Floats, Floats]:
    if interval == "wilson":
        return _wilson(p, size, -float(ndtri(side)))
    if interval not in _PRIORS:
        raise QuestionError(f"interval is '{interval}': expected wilson, {' or '.join(_PRIORS)}")
    hits = np.nan_to_num(p) * size
    return closed(p, *_beta_ends(hits, np.maximum(size - hits, 0.0), _PRIORS[interval], side))


_PRIORS = {"jeffreys": 0.5, "clopper_pearson": 0.0}


def closed(share: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Let an interval hold a rate of 0 or 1, as Brown, Cai and DasGupta (2001) do Jeffreys'."""
    return np.where(share <= 0, 0.0 * low, low), np.where(share >= 1, 0.0 * high + 1, high)


def _effective_n(family: Family, side: float, pool: Family) -> Floats:
    mixed = (family.hits > 0) & (family.misses > 0)
    pooled = np.clip(design_effect(pool, side), 1.0, _most_effect(family))
    size = np.where(mixed, _mixed_n(family, side), family.n / pooled)
    return np.where(family.n > 0, size, 0.0)


def _most_effect(family: Family) -> Floats:
    """Design effect if all leads of an account shared their fate."""
    return np.maximum(ratio(family.n, family.equal_accounts, empty=1.0), 1.0)


def _mixed_n(family: Family, side: float) -> Floats:
    p, variance = family.share, family.variance()
    raw = ratio(p * (1 - p), variance, empty=np.inf)
    lowered = np.minimum(family.n, raw) / quantile_ratio(family.n, family.equal_accounts, side) ** 2
    # One account alone shows no variance at all: it then counts as the one observation it is.
    return np.maximum(lowered, np.minimum(family.equal_accounts, raw))


def design_effect(pool: Family, side: float) -> float:
    """Average n / effective n over the rates strictly between 0 and 1, weighted by n."""
    if pool.accounts is None:
        return 1.0
    # A level without judged leads repeats its neighbour; it must not count twice.
    new = (np.diff(pool.hits, prepend=-1) != 0) | (np.diff(pool.misses, prepend=-1) != 0)
    mixed = new & (pool.hits > 0) & (pool.misses > 0)
    if not mixed.any():
        return float(np.max(_most_effect(pool), initial=1.0))
    n = pool.n[mixed]
    return float(np.average(n / _mixed_n(pool, side)[mixed], weights=n))


def precision_family(cells: Cells) -> Family:
    """Conversion of judged leads at or above each level, and (last entry) above all levels."""
    judged = (cells.converted, cells.not_converted)
    hits, misses = (suffix_sum(part).astype(np.float64) for part in judged)
    if cells.pairs is None:
        return Family(hits, misses, hits, np.zeros_like(hits), misses, None)
    both = {key: _both_above(cells.pairs, len(cells.levels), *key) for key in _STATES}
    return Family(hits, misses, both[1, 1], both[1, 0], both[0, 0], cells.pairs.judged)


def recall_family(cells: Cells) -> Family:
    """Share of converted leads at or above each level, and (last entry) above all levels."""
    return _reach_family(cells, hit=True)


def miss_family(cells: Cells) -> Family:
    """Share of judged leads that did not convert at or above each level, and above all levels."""
    return _reach_family(cells, hit=False)


def _reach_family(cells: Cells, *, hit: bool) -> Family:
    by_level = cells.converted if hit else cells.not_converted
    above = suffix_sum(by_level).astype(np.float64)
    below = above[0] - above
    if cells.pairs is None:
        return Family(above, below, above, np.zeros_like(above), below, None)
    both = _both_above(cells.pairs, len(cells.levels), hit, hit)
    used = _between(cells.pairs, hit, hit)
    one = _sum_from(cells.pairs.a[used], cells.pairs.n[used], len(cells.levels))
    return Family(above, below, both, one - both, one[0] - 2 * one + both, cells.pairs.judged)


def share_family(cells: Cells, *, hit: bool) -> Family:
    """Leads at or above each level that converted (or did not), as a share of all judged leads."""
    above = suffix_sum(cells.converted if hit else cells.not_converted).astype(np.float64)
    rest = cells.judged.sum() - above
    if cells.pairs is None:
        return Family(above, rest, above, np.zeros_like(above), rest, None)
    pairs = cells.pairs
    both = _both_above(pairs, len(cells.levels), hit, hit)
    one = _sum_from(pairs.a[pairs.a_hit == hit], pairs.n[pairs.a_hit == hit], len(cells.levels))
    return Family(above, rest, both, one - both, pairs.n.sum() - 2 * one + both, pairs.judged)


def group_family(cells: Cells, group: Ints, groups: int) -> Family:
    """Conversion of judged leads in each of `groups` groups of levels (-1: in none)."""
    inside = group >= 0
    hits = _sum_by(group[inside], cells.converted[inside].astype(np.float64), groups)
    misses = _sum_by(group[inside], cells.not_converted[inside].astype(np.float64), groups)
    if cells.pairs is None:
        return Family(hits, misses, hits, np.zeros_like(hits), misses, None)
    pairs = cells.pairs
    together = (group[pairs.a] == group[pairs.b]) & (group[pairs.a] >= 0)
    sums = {}
    for key in _STATES:
        used = together & _between(pairs, *key)
        sums[key] = _sum_by(group[pairs.a[used]], pairs.n[used], groups)
    return Family(hits, misses, sums[1, 1], sums[1, 0], sums[0, 0], pairs.judged)


# Which of two cells hold converted leads; (0, 1) would repeat (1, 0), as M is symmetric.
_STATES = ((1, 1), (1, 0), (0, 0))


def _between(pairs: Pairs, a_hit: int, b_hit: int) -> NDArray[np.bool_]:
    used: NDArray[np.bool_] = (pairs.a_hit == bool(a_hit)) & (pairs.b_hit == bool(b_hit))
    return used


def _both_above(pairs: Pairs, levels: int, a_hit: int, b_hit: int) -> Floats:
    """Sum M over both cells at or above each level: a pair counts from the lower of the two."""
    used = _between(pairs, a_hit, b_hit)
    return _sum_from(np.minimum(pairs.a[used], pairs.b[used]), pairs.n[used], levels)


def _sum_from(position: Ints, n: Floats, levels: int) -> Floats:
    return suffix_sum(_sum_by(position, n, levels))


def _sum_by(position: Ints, n: Floats, groups: int) -> Floats:
    return np.bincount(position, weights=n, minlength=groups).astype(np.float64)
