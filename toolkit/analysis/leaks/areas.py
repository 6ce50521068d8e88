"""Areas of single fields, their values ordered by rates in other folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from toolkit.analysis.leaks.rules import ERROR, NO_AREA

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats
    from toolkit.counts import FieldCounts

__all__ = ["area_reasons", "areas_of"]

_AREA = 0.9
_LEAST_FOLDS = 5


def area_reasons(fields: FieldCounts) -> list[tuple[object, ...]]:
    """Fields that alone rank converters above others in more than 90% of pairs."""
    rows: list[tuple[object, ...]] = []
    for name, (area, low, high) in areas_of(fields).items():
        if not area > _AREA:
            continue
        level = "alarm" if low > _AREA else "suspect"
        known = f" ({low:.2f} to {high:.2f})" if low == low else ""  # noqa: PLR0124 - NaN is not itself
        text = (
            f"alone it ranks converters above others in {area:.0%} of pairs{known}, its values "
            "ordered by their rates in other folds"
        )
        counts = (fields.converted, fields.converted + fields.not_converted)
        rows.append(("field", name, level, "ranks_alone", text, None, *counts, area, low, high))
    return rows


def areas_of(fields: FieldCounts) -> dict[str, tuple[float, float, float]]:
    """Cross-fitted area of each field with ends that hold for all fields at once."""
    tested = int(fields.kinds["kind"].isin(["values", "ranges", "months", "many"]).sum())
    error = ERROR / max(tested, 1)
    kinds = dict(zip(fields.kinds["field"], fields.kinds["kind"], strict=True))
    made = {}
    for name, part in fields.levels.groupby("field", sort=False):
        if kinds[name] != "many":
            made[str(name)] = _area(*_crossfitted(part), error)
    for name, part in fields.areas.groupby("field", sort=False):
        made[str(name)] = _area(*_pivot(part, "bucket"), error)
    return made


def _pivot(part: pd.DataFrame, by: str) -> tuple[Floats, Floats, Floats]:
    """Order of the levels (rows) in each fold (columns), converted and not."""
    codes, order = pd.factorize(part[by], sort=True, use_na_sentinel=False)
    folds = part["fold"].to_numpy(np.int64)
    shape = (len(order), int(folds.max(initial=0)) + 1)
    hits, misses = np.zeros(shape), np.zeros(shape)
    np.add.at(hits, (codes, folds), part["converted"].to_numpy(np.float64))
    np.add.at(misses, (codes, folds), part["not_converted"].to_numpy(np.float64))
    rank = np.broadcast_to(np.arange(shape[0], dtype=np.float64)[:, None], shape)
    return rank, hits, misses


def _crossfitted(part: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Score each level in each fold by its rate in the others, shrunk by one lead to all of them."""
    _, hits, misses = _pivot(part, "value")
    n = hits + misses
    other_hits, other_n = hits.sum(1, keepdims=True) - hits, n.sum(1, keepdims=True) - n
    base = (other_hits.sum(0) + 1) / (other_n.sum(0) + 2)
    return (other_hits + base) / (other_n + 1), hits, misses


def _area(scores: Floats, hits: Floats, misses: Floats, error: float) -> tuple[float, float, float]:
    """Average of the areas inside the folds, weighted by pairs, with t ends from their spread."""
    pairs = hits.sum(0) * misses.sum(0)
    used = pairs > 0
    if not used.any():
        return NO_AREA
    areas = np.array(
        [_fold_area(scores[:, k], hits[:, k], misses[:, k]) for k in np.flatnonzero(used)]
    )
    weight = pairs[used] / pairs[used].sum()
    area = float(weight @ areas)
    folds = len(areas)
    if folds < _LEAST_FOLDS:
        return area, float("nan"), float("nan")
    spread = np.sqrt(folds / (folds - 1) * float(weight**2 @ (areas - area) ** 2))
    reach = -float(stdtrit(folds - 1, error)) * float(spread)
    # Folds that all show 1 have no spread: no more is claimed than as many leads could show.
    most = error ** (1 / max(min(hits.sum(), misses.sum()), 1))
    return area, min(max(area - reach, 0.0), float(most)), min(area + reach, 1.0)


def _fold_area(scores: Floats, hits: Floats, misses: Floats) -> float:
    present = (hits + misses) > 0
    levels, row = np.unique(scores[present], return_inverse=True)
    up, down = np.zeros(len(levels)), np.zeros(len(levels))
    np.add.at(up, row, hits[present])
    np.add.at(down, row, misses[present])
    below = np.cumsum(down) - down
    return float(up @ (below + down / 2) / (up.sum() * down.sum()))
