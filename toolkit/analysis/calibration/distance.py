"""How far stated probabilities are from the rates, along a curve that the data draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.calibration.isotonic import isotonic_rates
from toolkit.analysis.calibration.loess import loess_rates
from toolkit.analysis.calibration.stated import ProbabilityOf, read_stated
from toolkit.analysis.calibration.validation import read_unworked
from toolkit.analysis.cells import Floats, Ints
from toolkit.analysis.ranking.placements import selected
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from typing import Literal

    from toolkit.counts import ScoreCounts

__all__ = ["CalibrationDistance", "calibration_distance", "smooth_rates"]

_SPAN = 2 / 3
_STEP = 0.01
_NO_CURVE = "no parabola: fewer than three leads, or the same stated for three quarters of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDistance:
    """Distance of stated probability and curve, over the judged leads, in probability."""

    mean: float = nan
    """ICI, the integrated calibration index."""
    median: float = nan
    """E50."""
    ninth_decile: float = nan
    """E90: nine leads in ten are nearer."""
    largest: float = nan
    """Emax."""
    curve: str
    n: int
    reason: str | None


def calibration_distance(
    counts: ScoreCounts,
    probability: ProbabilityOf,
    *,
    curve: Literal["smooth", "loess", "isotonic", "observed"] = "smooth",
) -> CalibrationDistance:
    """Average and largest distance of the stated probability from a curve of the rates.

    Each judged lead counts once: |stated - curve at its stated probability|. The curve is either
    `smooth` (Cleveland's local line over the nearest two thirds of the leads, without robustness
    steps), `loess` (the local parabola over the nearest three quarters that R draws by default, for
    comparison with publications), `isotonic` (the rising curve nearest to the rates) or `observed` (the
    rate itself at each stated probability: few leads at each score make it far too large, so it is for
    comparison with software that takes it). Chance alone makes every distance larger than 0: compare
    with `decompose_mapping`, which has a test.

    NaN with a reason without judged leads, or where there is no such curve. Source: Austin and
    Steyerberg (2019); Harrell (2015); Cleveland (1979); Cleveland and Devlin (1988).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> stated = {40: 0.2, 60: 0.4}
    >>> found = calibration_distance(counts, pd.Series(stated), curve="isotonic")
    >>> round(found.mean, 9), round(found.largest, 9)  # 0.1 at 40, 0 at 60
    (0.05, 0.1)
    """
    if curve not in _CURVES:
        raise QuestionError(f"curve is {curve!r}: expected one of {', '.join(_CURVES)}")
    stated = read_stated(counts, probability)
    p, at = np.unique(stated.probability, return_inverse=True)
    hits, n = np.zeros(len(p), dtype=np.int64), np.zeros(len(p), dtype=np.int64)
    np.add.at(hits, at, stated.cells.converted)
    np.add.at(n, at, stated.cells.judged)
    reason = selected(read_unworked(counts)) if n.sum() else "no judged leads"
    empty = CalibrationDistance(curve=curve, n=int(n.sum()), reason=reason)
    if not empty.n:
        return empty
    away = np.abs(p - _CURVES[curve](p, hits, n))
    if np.isnan(away).any():
        return replace(empty, reason=_NO_CURVE)
    return replace(
        empty,
        mean=float(np.average(away, weights=n)),
        median=_quantile(away, n, 1, 2),
        ninth_decile=_quantile(away, n, 9, 10),
        largest=float(away.max()),
    )


def _quantile(values: Floats, n: Ints, part: int, whole: int) -> float:
    """Quantile of values that occur n times each, between the two nearest ones (R's type 7)."""
    order = np.argsort(values)
    upto = np.cumsum(n[order])
    place, rest = divmod((int(upto[-1]) - 1) * part, whole)
    low, high = (
        values[order][np.searchsorted(upto, min(at, int(upto[-1]) - 1), side="right")]
        for at in (place, place + 1)
    )
    return float(low + (high - low) * rest / whole)


def smooth_rates(p: Floats, positives: Ints, n: Ints) -> Floats:
    """Cleveland's local line through rates at distinct, ascending `p`, from counts.

    Exactly what `lowess` of R gives for the rows, with span 2/3, no robustness steps, and a fit at
    steps of 1% of the range (straight lines between): the rows of one level enter with their number
    as weight, so the cost is that of the levels. Source: Cleveland (1979), and his Fortran code.

    >>> p = np.array([0.1, 0.2, 0.3, 0.4])
    >>> smooth_rates(p, np.array([1, 2, 3, 4]), np.array([10, 10, 10, 10])).round(9).tolist()
    [0.1, 0.2, 0.3, 0.4]
    """
    upto, curve = np.cumsum(n), np.full(len(p), np.nan)
    total = int(upto[-1])
    near = max(min(int(_SPAN * total + 1e-7), total), min(2, total))
    left = at = 0
    while True:
        left = _window_start(p, upto, at, left, near)
        ends = np.searchsorted(upto, [left, left + near - 1], side="right")
        reach = max(p[at] - p[ends[0]], p[ends[1]] - p[at])
        curve[at] = _local_line(p, positives, n, at, float(reach))
        if at == len(p) - 1:
            break
        beyond = int(np.searchsorted(p, p[at] + _STEP * (p[-1] - p[0]), side="right"))
        at = max(at + 1, min(beyond, len(p)) - 1)
    known = np.flatnonzero(~np.isnan(curve))
    full: Floats = np.interp(p, p[known], curve[known])
    return full


def _window_start(p: Floats, upto: Ints, at: int, left: int, near: int) -> int:
    """Move the window of the `near` nearest rows to the right while that brings it nearer."""
    low, high = left, int(upto[-1]) - near
    while low < high:
        middle = (low + high) // 2
        ends = np.searchsorted(upto, [middle, middle + near], side="right")
        if p[at] - p[ends[0]] > p[ends[1]] - p[at]:
            low = middle + 1
        else:
            high = middle
    return low


def _local_line(p: Floats, positives: Ints, n: Ints, at: int, reach: float) -> float:
    away = np.abs(p - p[at])
    if reach <= 0:
        return float(positives[at] / n[at])
    tricube = np.where(away <= 0.001 * reach, 1.0, (1 - np.minimum(away / reach, 1.0) ** 3) ** 3)
    weight: Floats = np.where(away <= 0.999 * reach, tricube, 0.0) * n.astype(np.float64)
    weight = weight / weight.sum()
    middle = float(weight @ p)
    spread = float(weight @ (p - middle) ** 2)
    # Cleveland's guard: with nearly all weight in one place a slope would be noise.
    if spread**0.5 > 0.001 * (p[-1] - p[0]):
        weight = weight * (1 + (p[at] - middle) / spread * (p - middle))
    return float(weight @ (positives / n))


def _isotonic(_: Floats, positives: Ints, n: Ints) -> Floats:
    return isotonic_rates(positives, n)


def _observed(_: Floats, positives: Ints, n: Ints) -> Floats:
    return positives / n


_CURVES = {
    "smooth": smooth_rates,
    "loess": loess_rates,
    "isotonic": _isotonic,
    "observed": _observed,
}
