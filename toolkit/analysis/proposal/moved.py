"""What other points do to scores: who crosses a threshold, and where it must stand to mean the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import paid_units
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.logistic import fit_logistic
from toolkit.analysis.weights.products import Columns, linear
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts
    from toolkit.model import Model

__all__ = [
    "Everybody",
    "band_changes",
    "moved_threshold",
    "read_everybody",
    "same_meaning",
    "threshold_moves",
]


@dataclass(frozen=True, slots=True)
class Everybody:
    """The leads whose scores a change moves: all that were counted, or the judged ones alone."""

    units: Columns = field(repr=False)
    score: Floats = field(repr=False)
    n: Floats = field(repr=False)
    weeks: float | None
    who: str


def read_everybody(weights: Weights, patterns: PatternCounts | None) -> Everybody:
    """Lay out all leads of the patterns; without patterns the judged leads of the weights."""
    weeks = weights.provenance.weeks
    if patterns is None:
        design = weights.design
        return Everybody(design.units, design.score, design.n, weeks, "judged leads")
    if patterns.terms != weights.terms:
        raise QuestionError(
            "the patterns have other terms than the weights: give the patterns that the weights "
            "were fitted to, or those of a backtest of the same model"
        )
    frame = patterns.frame
    units = paid_units(patterns)
    aside = np.array([t.id in weights.after_contact for t in weights.terms])
    points = np.array([t.points for t in weights.terms])
    score = frame["score"].to_numpy(dtype=np.float64) - linear(units, np.where(aside, points, 0.0))
    n = frame["n"].to_numpy(dtype=np.float64)
    return Everybody(units, score, n, patterns.provenance.weeks, "all leads")


def band_changes(model: Model, everybody: Everybody, change: Floats) -> int:
    """Count the leads that a change of points puts into another band, thresholds where they are.

    Changed scores are today's plus change x units; exceptions of bands are not looked at.
    """
    starts = np.sort([float(band.start) for band in model.bands if band.start is not None])
    after = everybody.score + linear(everybody.units, change)
    before, then = (np.searchsorted(starts, s, side="right") for s in (everybody.score, after))
    return int(everybody.n[before != then].sum())


def same_meaning(weights: Weights, change: Floats) -> tuple[float, float]:
    """Intercept and slope of the conversion of judged leads on the changed score."""
    score = weights.design.score + linear(weights.design.units, change)
    fit = fit_logistic(np.column_stack([np.ones(len(score)), score]), weights.design)
    return float(fit.coefficients[0]), float(fit.coefficients[1])


def moved_threshold(
    threshold: float, *, old: tuple[float, float], new: tuple[float, float]
) -> float:
    """Score at which the changed score has the chance that the threshold has today.

    >>> moved_threshold(50, old=(-3.0, 0.04), new=(-3.2, 0.04))
    55.0
    """
    return round((old[0] + old[1] * threshold - new[0]) / new[1], 9)


def threshold_moves(
    model: Model,
    weights: Weights,
    everybody: Everybody,
    change: Floats,
    *,
    grid: int,
    stay: bool = False,
) -> pd.DataFrame:
    """Move every threshold so that it keeps its chance of conversion, and count who crosses it.

    Thresholds where nothing changes, or with `stay`, are left where they are.

    One row per band with a threshold and exception of a band. Columns: `band`; `exception` (its
    number, 0 for the band itself); `now`; `exact` (where the chance is the same); `proposed`
    (rounded up to the grid); `leads_now`, `leads_proposed` (at or above, among `leads_of`);
    `leads_unmoved` (if the threshold stayed); `up`, `down` (leads that newly reach the proposed
    threshold, and that no longer do); `weekly_now`, `weekly_proposed`; `leads_of`.

    Changed scores are today's plus change x units; limits of groups, dimensions and the total are
    not applied anew (a backtest of the new model does that).
    """
    stays = stay or not change.any()
    lines = [] if stays else [same_meaning(weights, c) for c in (np.zeros_like(change), change)]
    before = everybody.score
    after = before + linear(everybody.units, change)
    places = [
        (band.name, number, start)
        for band in model.bands
        for number, start in enumerate([band.start, *(e.start for e in band.exceptions)])
        if start is not None
    ]
    rows = []
    for name, number, now in places:
        exact = float(now) if stays else moved_threshold(now, old=lines[0], new=lines[1])
        proposed = now if stays else grid * ceil(exact / grid - 1e-9)
        rows.append(
            {
                "band": name,
                "exception": number,
                "now": now,
                "exact": exact,
                "proposed": proposed,
                **_crossings(everybody, before >= now, after, now, proposed),
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    "band", "exception", "now", "exact", "proposed", "leads_now", "leads_proposed",
    "leads_unmoved", "up", "down", "weekly_now", "weekly_proposed", "leads_of",
)  # fmt: skip


def _crossings(
    everybody: Everybody, above: NDArray[np.bool_], after: Floats, now: float, proposed: float
) -> dict[str, object]:
    n, then = everybody.n, after >= proposed
    weeks = everybody.weeks or nan
    leads_now, leads_then = int(n[above].sum()), int(n[then].sum())
    return {
        "leads_now": leads_now,
        "leads_proposed": leads_then,
        "leads_unmoved": int(n[after >= now].sum()),
        "up": int(n[then & ~above].sum()),
        "down": int(n[above & ~then].sum()),
        "weekly_now": leads_now / weeks,
        "weekly_proposed": leads_then / weeks,
        "leads_of": everybody.who,
    }
