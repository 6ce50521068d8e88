"""Which thresholds are worth most, where somebody said what a wasted call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.analysis import best_thresholds

if TYPE_CHECKING:
    from toolkit.analysis import BestThresholds
    from toolkit.counts import ScoreCounts

__all__ = ["FEW_LEVELS", "best_of", "candidates", "step_of"]

FEW_LEVELS, _TAIL = 15, 0.002
_STEPS, _LEAST_STEPS = (5, 2, 1), 10


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
    """Scores `step_of` apart through today's threshold, or every score where there are few."""
    scores = counts.frame.groupby("score")["n"].sum()
    if len(scores) <= FEW_LEVELS or today is None:
        return [int(score) for score in scores.index]
    above = scores[::-1].cumsum()[::-1] / scores.sum()
    # The last few leads of all make no policy.
    top, bottom = int(above[above >= _TAIL].index.max()), int(scores.index.min())
    step = step_of(counts)
    first = today - step * ((today - bottom) // step)
    return [t for t in range(first, top + 1, step) if t >= bottom]


def step_of(counts: ScoreCounts) -> int:
    """Points between the thresholds compared: 5, or 2 or 1 where that would leave fewer than ten."""
    score = counts.frame["score"]
    span = int(score.max() - score.min()) if len(score) else 0
    return next((step for step in _STEPS if span >= _LEAST_STEPS * step), _STEPS[-1])
