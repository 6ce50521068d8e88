"""Checks of what is asked, said the same way wherever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.counts import ReplicateCounts

__all__ = ["check_cost_ratio", "check_replicates", "check_thresholds"]

_FEWEST_REPLICATES = 100


def check_thresholds(thresholds: Sequence[int] | None) -> None:
    """Raise QuestionError unless the thresholds are whole numbers (or not given)."""
    if thresholds is not None and any(int(value) != value for value in thresholds):
        raise QuestionError(f"thresholds are whole numbers, found {list(thresholds)}")


def check_cost_ratio(cost_ratio: float) -> None:
    """Raise QuestionError unless the cost ratio is a finite number of 0 or more."""
    if not (cost_ratio >= 0 and np.isfinite(cost_ratio)):
        raise QuestionError(
            f"cost_ratio is {cost_ratio}: expected cost of a lead that does not convert / benefit "
            "of one that does, 0 or more, such as 1/9"
        )


def check_replicates(replicates: int | ReplicateCounts) -> None:
    """Raise QuestionError for so few replicates that their quantiles mean nothing."""
    if isinstance(replicates, int) and replicates < _FEWEST_REPLICATES:
        raise QuestionError(
            f"replicates is {replicates}: expected at least {_FEWEST_REPLICATES}, such as 2000"
        )
