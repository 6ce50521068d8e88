"""The local parabola of `loess`, through rates of counted leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.analysis.cells import Floats, Ints

__all__ = ["loess_rates"]

_SPAN = 0.75
_CELL = 0.2
"""Cells of more than this part of a span's leads are cut in two."""
_MARGIN = 0.005
"""By so much of their range the outermost knots lie beyond the values."""
_TERMS = 3
_SINGULAR = 100 * np.finfo(np.float64).eps


def loess_rates(p: Floats, positives: Ints, n: Ints) -> Floats:
    """Cleveland and Devlin's local parabola through rates at distinct, ascending `p`, from counts.

    Exactly what `loess(y ~ p)` of R gives for the rows by default: over the nearest three quarters
    of the leads, weighed by tricube, with a fit of value and slope at some knots only (where cells are
    cut in two until they hold 15% of the leads) and cubics between. The rows of one level enter with
    their number as weight, so the cost is that of the levels. NaN where three quarters are fewer than
    three leads, or all at a knot. Source: Cleveland and Devlin (1988); Cleveland and Grosse (1991).

    >>> p = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    >>> loess_rates(p, np.array([1, 4, 9, 16, 25]), np.full(5, 100)).round(9).tolist()  # p squared
    [0.01, 0.04, 0.09, 0.16, 0.25]
    """
    rows = _Rows(p, positives / n, n, np.cumsum(n))
    near = int(_SPAN * rows.total + 1e-5)
    if near < _TERMS:
        return np.full(len(p), np.nan)
    knots = _knots(rows)
    value, slope = np.array([rows.fit(knot, near) for knot in knots]).T
    left = np.clip(np.searchsorted(knots, p, side="right") - 1, 0, len(knots) - 2)
    width = knots[left + 1] - knots[left]
    h = (p - knots[left]) / width
    curve: Floats = (
        (1 - h) ** 2 * (1 + 2 * h) * value[left]
        + h**2 * (3 - 2 * h) * value[left + 1]
        + (h * (1 - h) ** 2 * slope[left] - h**2 * (1 - h) * slope[left + 1]) * width
    )
    return curve


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in order of p, as levels with their number; rows are numbered from 1."""

    p: Floats
    rate: Floats
    n: Ints
    upto: Ints

    @property
    def total(self) -> int:
        return int(self.upto[-1])

    def level(self, row: int) -> int:
        return int(np.searchsorted(self.upto, row))

    def fit(self, knot: float, near: int) -> tuple[float, float]:
        """Value and slope at a knot of the parabola through the `near` nearest rows."""
        away = np.abs(self.p - knot)
        order = np.argsort(away, kind="stable")
        reach = away[order][np.searchsorted(np.cumsum(self.n[order]), near)]
        if reach <= 0:
            return np.nan, np.nan
        weight = np.sqrt((1 - np.minimum(away / reach, 1.0) ** 3) ** 3 * self.n)
        columns = weight[:, None] * (self.p - knot)[:, None] ** np.arange(_TERMS)
        norm = np.linalg.norm(columns, axis=0)
        norm[norm == 0] = 1.0
        found = np.linalg.lstsq(columns / norm, weight * self.rate, rcond=_SINGULAR)[0] / norm
        return float(found[0]), float(found[1])

    def middle(self, first: int, last: int) -> int:
        """The row at which a cell is cut: the end of a level nearest to the median.

        Of two as near the later one; the median itself unless that is nearer than the cell's end.
        """
        median = (first + last) // 2
        level = self.level(median)
        after = int(self.upto[level]) - median
        before = median - (int(self.upto[level - 1]) if level else 0)
        shift = after if after <= before else -before
        return median + shift if abs(shift) < last - median else median


def _knots(rows: _Rows) -> Floats:
    low, high = float(rows.p[0]), float(rows.p[-1])
    margin = _MARGIN * max(high - low, 1e-10 * max(abs(low), abs(high)) + 1e-30)
    ends = low - margin, high + margin
    found, most = {*ends}, int(rows.total * (_SPAN * _CELL))
    cells = [(1, rows.total, *ends)]
    while cells:
        first, last, start, stop = cells.pop()
        if last - first + 1 <= most:
            continue
        row = rows.middle(first, last)
        cut = float(rows.p[rows.level(row)])
        if cut not in (start, stop):
            found.add(cut)
            cells += [(first, row, start, cut), (row + 1, last, cut, stop)]
    return np.array(sorted(found))
