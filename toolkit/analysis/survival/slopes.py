"""What a slope over days rests on, and its ratio for ten points: shared by Cox and Fine and Gray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import FEW
from toolkit.analysis.student import ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.analysis.survival.life import Lives

__all__ = ["few_carriers", "ratio_of_ten", "slope_freedom"]


def slope_freedom(lives: Lives, event: NDArray[np.bool_]) -> float:
    """Accounts of equal weight behind a slope; without end where no account is known.

    A lead with the event enters with score - mean, any other with 0: accounts whose leads are many,
    or far from the mean score, carry more of the slope than others (`Clusters.carriers`). Source:
    Carter, Schnepel and Steigerwald (2017).
    """
    mean = (lives.score * lives.n).sum() / max(lives.n.sum(), 1.0)
    return lives.clusters.carriers(event * (lives.score - mean))


def few_carriers(freedom: float) -> str | None:
    """Word that few accounts carry the slope; None where enough do."""
    if freedom >= FEW:
        return None
    if freedom <= ALONE:
        return "no interval: one account carries the slope"
    return f"few accounts: {freedom:.1f} of equal weight carry the slope; t interval"


def ratio_of_ten(slope: float, half: float) -> tuple[float, float, float]:
    """Ratio for ten points and its ends, `half` the width for one; an end beyond all numbers is NaN."""
    with np.errstate(over="ignore"):
        ends = np.exp(10 * np.array([slope, slope - half, slope + half]))
    ratio, low, high = np.where(np.isinf(ends), np.nan, ends).tolist()
    return ratio, low, high
