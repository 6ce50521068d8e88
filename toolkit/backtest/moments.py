"""When a lead is scored, and what it may become afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolkit.errors import QuestionError

__all__ = ["AtAge", "AtHandoff", "AtPeriodEnd", "Moment", "Outcome"]

DAY = 86_400
"""Seconds of a day: windows are counted in UTC, where every day has as many."""

_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class AtHandoff:
    """Score each lead at its first recorded entry into the hand-off stage.

    The design for questions about MQLs: of those handed over, how many converted? All scores
    stand just above the bar here, so it cannot say whether the score ranks leads.

    Parameters
    ----------
    stage
        The stage that means handed over; by default the mapping's `handoff_stage`.
    """

    stage: str | None = None


@dataclass(frozen=True, slots=True)
class AtAge:
    """Score each lead once, so many days after it was created (a landmark).

    The design for ranking and weights: every lead is scored at the same age, and leads that
    reached the outcome earlier are set aside and counted.
    """

    days: int

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _positive("AtAge(days)", self.days, at_least=0)


@dataclass(frozen=True, slots=True)
class AtPeriodEnd:
    """Score each lead at the last second (UTC) of every period in which it is open.

    A lead is open from its creation until it reaches the outcome, at most for `max_age_days`.
    It is counted once per period, so intervals take leads of one account (or, without accounts,
    the rows of one lead) together.
    """

    period: Literal["month", "quarter"] = "quarter"
    max_age_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.period not in ("month", "quarter"):
            raise QuestionError(
                f"AtPeriodEnd(period={self.period!r}): expected 'month' or 'quarter'"
            )
        if self.max_age_days is not None:
            _positive("AtPeriodEnd(max_age_days)", self.max_age_days, at_least=1)


Moment = AtHandoff | AtAge | AtPeriodEnd


@dataclass(frozen=True, slots=True)
class Outcome:
    """Reaching a stage after the moment, `within_days` days at the latest.

    A lead converts if its first entry into the stage falls in (moment, moment + window]. It is
    judged once the whole window has passed at `observed_until`; before that it is immature,
    whatever has happened so far (counting early successes alone would flatter the score).
    """

    stage: str
    within_days: int

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not self.stage or not self.stage.strip():
            raise QuestionError("Outcome(stage): expected the name of a stage, found an empty text")
        _positive("Outcome(within_days)", self.within_days, at_least=1)


def _positive(what: str, value: object, *, at_least: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value not in range(at_least, _MOST_DAYS + 1):
        raise QuestionError(
            f"{what}: expected a whole number of days from {at_least} to {_MOST_DAYS}, "
            f"found {value!r}"
        )
