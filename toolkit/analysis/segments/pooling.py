"""Partial pooling: small segments borrow from the others, as much as the segments are alike."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincinv, betaln, expit, gammaln, logit, psi, xlogy

from toolkit.analysis.intervals import closed, jeffreys_interval, ratio, tail
from toolkit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from toolkit.analysis.cells import Floats

__all__ = ["Pooling", "funnel_limits", "partial_pooling"]

_MOST = 1e7
"""alpha + beta beyond this: the segments show no differences but chance."""


@dataclass(frozen=True, slots=True)
class Pooling:
    """Rates of segments, drawn towards their common distribution Beta(alpha, beta)."""

    alpha: float
    beta: float
    """Infinite where the segments do not differ beyond chance: one rate for all."""
    log_likelihood: float
    shrunk: Floats
    low: Floats
    high: Floats
    pooled: bool
    """Whether all segments are given the same rate."""
    reason: str | None


def partial_pooling(positives: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Pooling:
    """Estimate the rate of each segment as part of a family of segments.

    True rates are taken as draws from Beta(alpha, beta), estimated by maximum likelihood; then
    shrunk = (positives + alpha) / (n + alpha + beta), with the quantiles of its Beta distribution
    (alpha and beta taken as known). Where the likelihood rises as alpha + beta grows without end,
    the data show no differences: every segment gets the pooled rate with its Jeffreys interval.
    Fractions are allowed (effective counts). n = 0 gives the family's mean; no lead at all NaN.
    Raises DataError unless 0 <= positives <= n. Source: Griffiths (1973); Efron and Morris (1975).

    >>> found = partial_pooling([8, 2], [10, 10])
    >>> bool(0.5 < found.shrunk[0] < 0.8), found.pooled
    (True, False)
    """
    x, size = (np.asarray(each, dtype=np.float64) for each in (positives, n))
    if (x < 0).any() or (x > size).any():
        raise DataError("positives must lie between 0 and n in every segment")
    used = size > 0
    constant = _binomial_constant(x[used], size[used])
    if not used.any():
        unknown = np.full(len(x), np.nan)
        return Pooling(np.nan, np.nan, np.nan, unknown, unknown, unknown, True, "no leads")  # noqa: FBT003 - a field
    pooled = _pooled(x[used], size[used])
    mean, total, value = _fitted(x[used], size[used])
    if total > _MOST or value <= pooled + 1e-9:
        return _one_rate(x, size, pooled + constant, confidence)
    alpha, beta = mean * total, (1 - mean) * total
    own = total < _LEAST
    prior = (0.5, 0.5) if own else (alpha, beta)
    low, high = (
        np.asarray(betaincinv(x + prior[0], size - x + prior[1], q), dtype=np.float64)
        for q in (tail(confidence), 1 - tail(confidence))
    )
    if own:
        low, high = closed(ratio(x, size), low, high)
    return Pooling(
        alpha=alpha,
        beta=beta,
        log_likelihood=value + constant,
        shrunk=(x + alpha) / (size + alpha + beta),
        low=low,
        high=high,
        pooled=False,
        reason=_OWN if own else None,
    )


_LEAST = 1.0
"""alpha + beta below this: less than one lead's worth is borrowed."""
_OWN = "the segments have next to nothing in common: each keeps its own rate and Jeffreys interval"


def _binomial_constant(x: Floats, n: Floats) -> float:
    return float((gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)).sum())


def _pooled(x: Floats, n: Floats) -> float:
    rate = x.sum() / n.sum()
    return float(xlogy(x.sum(), rate) + xlogy((n - x).sum(), 1 - rate))


def _fitted(x: Floats, n: Floats) -> tuple[float, float, float]:
    """Mean, alpha + beta and log-likelihood at the best of a few starts."""
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to load

    def loss(place: Floats) -> tuple[float, Floats]:
        mean, total = expit(place[0]), np.exp(place[1])
        a, b = mean * total, (1 - mean) * total
        value = (betaln(x + a, n - x + b) - betaln(a, b)).sum()
        both = psi(n + total) - psi(total)
        up = (psi(x + a) - psi(a) - both).sum()
        down = (psi(n - x + b) - psi(b) - both).sum()
        slope = [(up - down) * total * mean * (1 - mean), a * up + b * down]
        return -float(value), -np.array(slope)

    start = logit(np.clip(x.sum() / n.sum(), 1e-6, 1 - 1e-6))
    bounds = [(-30.0, 30.0), (-7.0, float(np.log(_MOST * 10)))]
    found = [
        minimize(loss, [start, np.log(total)], jac=True, method="L-BFGS-B", bounds=bounds,
                 options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000})
        for total in (3.0, 30.0, 300.0, 10_000.0)
    ]  # fmt: skip
    best = min(found, key=lambda each: float(each.fun))
    return float(expit(best.x[0])), float(np.exp(best.x[1])), -float(best.fun)


def _one_rate(x: Floats, n: Floats, log_likelihood: float, confidence: float) -> Pooling:
    rate = np.asarray(x.sum() / n.sum())
    low, high = closed(rate, *jeffreys_interval(x.sum(), n.sum(), confidence=confidence))
    every = np.ones(len(x))
    return Pooling(
        alpha=inf,
        beta=inf,
        log_likelihood=log_likelihood,
        shrunk=every * rate,
        low=every * float(low),
        high=every * float(high),
        pooled=True,
        reason="the segments do not differ beyond chance: one rate for all",
    )


def funnel_limits(rate: float, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact binomial limits in which the rate of a segment of n leads lies if its true rate is `rate`.

    Quantiles of the binomial distribution over n, interpolated between whole leads so that they
    do not jump. A rate beyond a limit has a tail probability below (1 - confidence) / 2; for that the
    upper limit is the mirrored lower one (as printed it would be lower by up to a lead). n may be
    a fraction (effective number). Source: Spiegelhalter (2005), appendix A.1.1.

    >>> low, high = funnel_limits(0.5, [4], confidence=0.5)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.188], [0.812])
    """
    size, side = np.asarray(n, dtype=np.float64), tail(confidence)
    return _quantile(rate, size, side) / size, 1 - _quantile(1 - rate, size, side) / size


def _quantile(rate: float, n: Floats, q: float) -> Floats:
    """Smallest r with P(X <= r) >= q, less the part of its probability that is not needed."""
    low, high = np.zeros_like(n), n.copy()
    for _ in range(64):  # halving: whole numbers up to 2^63
        middle = np.floor((low + high) / 2)
        enough = _at_most(rate, n, middle) >= q
        high, low = np.where(enough, middle, high), np.where(enough, low, middle + 1)
        low = np.minimum(low, high)
    below, here = _at_most(rate, n, high - 1), _at_most(rate, n, high)
    part = (here - q) / np.maximum(here - below, 1e-300)
    return np.clip(high - part, 0.0, n)


def _at_most(rate: float, n: Floats, r: Floats) -> Floats:
    """P(X <= r) of the binomial; n may be a fraction."""
    inside = (r >= 0) & (r < n)
    value = betainc(np.where(inside, n - r, 1.0), np.where(inside, r + 1, 1.0), 1 - rate)
    return np.where(inside, value, (r >= n).astype(np.float64))
