"""Points are ratios of coefficients: what a unit adds to the log-odds, per point of the score."""

from __future__ import annotations

from math import isfinite, nan, sqrt

__all__ = ["fieller_interval"]


def fieller_interval(
    part: float, whole: float, *, var_part: float, cov: float, var_whole: float, q: float
) -> tuple[float, float]:
    """Values r of part / whole with (part - r whole)^2 <= q^2 Var(part - r whole).

    NaN, NaN where `whole` is not distinguishable from 0, so that no value of the ratio is ruled
    out on one side, and where q is NaN. Source: Fieller (1954).

    >>> low, high = fieller_interval(1.0, 2.0, var_part=0.01, cov=0.0, var_whole=0.0, q=2.0)
    >>> round(low, 6), round(high, 6)
    (0.4, 0.6)
    """
    a = whole**2 - q**2 * var_whole
    b = part * whole - q**2 * cov
    c = part**2 - q**2 * var_part
    inside = b**2 - a * c
    if not (a > 0 and inside >= 0 and isfinite(inside)):
        return nan, nan
    return (b - sqrt(inside)) / a, (b + sqrt(inside)) / a
