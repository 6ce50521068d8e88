"""Which thresholds are worth most, where somebody said what a wasted call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.analysis import best_thresholds

if TYPE_CHECKING:
    from toolkit.analysis import BestThresholds
    from toolkit.counts import ScoreCounts

__all__ = ["FEW_LEVELS", "STEP", "best_of", "candidates"]

STEP, FEW_LEVELS, _TAIL = 5, 15, 0.002


def best_of(
    worked: ScoreCounts, *, today: int | None, cost_ratio: float | None
) -> BestThresholds | None:
    """Compare the candidates on the leads that were worked; None without a cost ratio."""
    if cost_ratio is None:
        return None
    return best_thresholds(
        worked, cost_ratio=cost_ratio, threshold=today, thresholds=candidates(worked, today)
    )


def candidates(counts: ScoreCounts, today: int | None) -> list[int]:
    """Every fifth score through today's threshold, or every score where there are few."""
    scores = counts.frame.groupby("score")["n"].sum()
    if len(scores) <= FEW_LEVELS or today is None:
        return [int(score) for score in scores.index]
    above = scores[::-1].cumsum()[::-1] / scores.sum()
    # The last few leads of all make no policy.
    top, bottom = int(above[above >= _TAIL].index.max()), int(scores.index.min())
    first = today - STEP * ((today - bottom) // STEP)
    return [t for t in range(first, top + 1, STEP) if t >= bottom]
