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
    """Accounts of equal leverage behind a slope; without end where no account is known.

    The leverage of a lead with the event is (score - mean)^2, that of any other 0: accounts whose
    leads are many, or far from the mean score, carry more of the slope than others. Source: Carter,
    Schnepel and Steigerwald (2017).
    """
    mean = (lives.score * lives.n).sum() / max(lives.n.sum(), 1.0)
    return lives.clusters.freedom(event * (lives.score - mean) ** 2)


def few_carriers(freedom: float) -> str | None:
    """Word that few accounts carry the slope; None where enough do."""
    if freedom >= FEW:
        return None
    if freedom <= ALONE:
        return "no interval: one account carries the slope"
    return f"few accounts: {freedom:.1f} of equal leverage carry the slope; t interval"


def ratio_of_ten(slope: float, error: float, quantile: float) -> dict[str, float]:
    """Ratio for ten points with its interval; an end too far for a number is NaN."""
    half = quantile * error
    logs = 10 * np.array([slope, slope - half, slope + half])
    with np.errstate(over="ignore"):
        ends = np.exp(logs)
    shown = np.where(np.isinf(ends), np.nan, ends).tolist()
    return dict(zip(("ratio", "low", "high"), shown, strict=True))
