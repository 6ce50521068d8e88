"""Where a limit of a group, a dimension or the total stops what a criterion would pay."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.products import linear

if TYPE_CHECKING:
    from toolkit.analysis.weights.design import Design
    from toolkit.model import Model

__all__ = ["limited_shares"]

_NOISE = 1e-9


def limited_shares(model: Model, design: Design, points: Floats) -> Floats:
    """Share of the judged leads that have each term for whom a limit stops it at these points.

    Such a limit is that of the term's group or dimension, or of the total; sums are those of the
    paid units, before rounding. NaN for a term that no judged lead has. A departure is estimated
    as if every unit paid, so it falls short where a limit stops some of them.
    """
    beyond = np.zeros((len(design.n), len(design.terms)), dtype=np.bool_)
    total = np.zeros(len(design.n))
    for name in dict.fromkeys(term.dimension for term in design.terms):
        dimension = getattr(model.dimensions, name)
        factor = dimension.weight / model.scale
        whole = np.zeros(len(design.n))
        for group in (g for g in model.groups if g.dimension == name):
            ids = {criterion.id for criterion in group.criteria}
            own = np.array([term.criterion in ids for term in design.terms])
            paid = linear(design.units, np.where(own, points, 0.0))
            kept = _clipped(paid, group.min, group.max, factor)
            beyond[:, own] |= _differ(kept, paid)[:, None]
            whole += kept
        kept = _clipped(whole, dimension.min, dimension.max, factor)
        inside = np.array([term.dimension == name for term in design.terms])
        beyond[:, inside] |= _differ(kept, whole)[:, None]
        total += kept
    return _shares(design, beyond | _beyond_total(model, total)[:, None])


def _beyond_total(model: Model, total: Floats) -> NDArray[np.bool_]:
    whole = total + model.base / model.scale
    kept = _clipped(whole, model.min, model.max, 1 / model.scale)
    return _differ(kept, whole)


def _differ(one: Floats, other: Floats) -> NDArray[np.bool_]:
    return np.abs(one - other) > _NOISE


def _clipped(paid: Floats, low: float | None, high: float | None, factor: float) -> Floats:
    bottom = -np.inf if low is None else low * factor
    top = np.inf if high is None else high * factor
    return np.clip(paid, min(bottom, top), max(bottom, top))


def _shares(design: Design, beyond: NDArray[np.bool_]) -> Floats:
    share = np.full(len(design.terms), nan)
    # Term by term: tables of all of them at once would be the largest thing that a proposal holds.
    for j, (units, stopped) in enumerate(zip(design.units.T, beyond.T, strict=True)):
        leads = design.n * (units != 0)
        if leads.any():
            share[j] = float(leads @ stopped / leads.sum())
    return share
