"""When a lead is scored, and what it may become afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AtAge",
    "AtCrossing",
    "AtHandoff",
    "AtMoments",
    "AtPeriodEnd",
    "AtScoreChange",
    "Moment",
    "Outcome",
]

DAY = 86_400
"""Seconds of a day: windows are counted in UTC, where every day has as many."""

_MOST_DAYS = 36_500
_CROSSING = ("lead_id", "threshold", "episode", "crossed_at")
Episodes = Literal["first", "all"]


@dataclass(frozen=True, slots=True)
class AtHandoff:
    """Score each lead at its recorded entry into the hand-off stage.

    The design for questions about MQLs: of those handed over, how many converted? All scores
    stand just above the bar here, so it cannot say whether the score ranks leads.

    A lead that is handed over again begins a new episode if sales had sent it back (a decision
    `rejected` or `recycled`, or entry into a stage `recycled`, `rejected` or `disqualified`) since
    the last hand-off, or after `quiet_days` without one. Other entries repeat the episode they
    fall in. A hand-off with a date but no time of day is scored at the start of that day (or at
    the creation, if that is later on the same day): what the lead did that day does not count.

    Parameters
    ----------
    stage
        The stage that means handed over; by default the mapping's `handoff_stage`.
    episodes
        `first`: the first hand-off of each lead; `all`: one row for each episode, numbered, so
        that counts can be split by `episode` (first, later).
    quiet_days
        How many days without a hand-off make the next one a new episode.
    """

    stage: str | None = None
    episodes: Episodes = "first"
    quiet_days: int = 90

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _episodes("AtHandoff", self.episodes)
        _positive("AtHandoff(quiet_days)", self.quiet_days, at_least=1)


@dataclass(frozen=True, slots=True)
class AtCrossing:
    """Score each lead when its replayed score first reached a threshold, or each time it did.

    Where hand-offs are not recorded, or were made by hand; `handoff_differences` compares both.

    Parameters
    ----------
    threshold
        The score that is reached; inclusive.
    crossings
        A frame with the columns `lead_id`, `threshold`, `episode` (1, 2, ...) and `crossed_at`
        (naive UTC or with a zone), one row per up-crossing, such as those of another model; rows
        of other thresholds are left out. By default `threshold_crossings` of the model.
    episodes
        `first`: the first crossing of each lead; `all`: every one, numbered.
    """

    threshold: int
    crossings: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    episodes: Episodes = "first"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _episodes("AtCrossing", self.episodes)
        if self.crossings is not None:
            _columns("AtCrossing(crossings)", self.crossings, _CROSSING)


@dataclass(frozen=True, slots=True)
class AtMoments:
    """Score leads at moments that are given, one or several for each lead, numbered in order.

    Without arguments they are the table `moments` of the CRM (`lead_id`, `moment`). A moment with
    a date but no time of day is the end of that day. Moments before the lead was created, or after
    `observed_until`, are set aside and counted; so are leads without any.

    Parameters
    ----------
    frame
        A frame with the columns `lead_id` and `moment` (naive UTC or with a zone).
    column
        A column of `leads` that holds the moment.
    words
        What the moments are, in the words of a reader.
    """

    frame: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    column: str | None = None
    words: str = "given moments"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.frame is not None and self.column is not None:
            raise QuestionError("AtMoments: give a frame or the name of a column, not both")
        if self.frame is not None:
            _columns("AtMoments(frame)", self.frame, ("lead_id", "moment"))


@dataclass(frozen=True, slots=True)
class AtScoreChange:
    """Score each lead whenever the CRM recorded a change of its score (table `score_history`).

    For comparing what was recorded with what is replayed; all changes of one second count once.

    Parameters
    ----------
    score_name
        Which score, where the table holds several.
    """

    score_name: str | None = None


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


Moment = AtHandoff | AtCrossing | AtMoments | AtScoreChange | AtAge | AtPeriodEnd


@dataclass(frozen=True, slots=True)
class Outcome:
    """Reaching a stage after the moment, `within_days` days at the latest.

    A lead converts if it enters the stage in (moment, moment + window]. It is judged once the
    whole window has passed at `observed_until`; before that it is immature, whatever has happened
    so far (counting early successes alone would flatter the score).

    Parameters
    ----------
    stage
        The stage to be reached.
    within_days
        How long it may take.
    entry
        `first`: the first entry decides, and leads that had entered the stage at or before the
        moment are set aside. `next`: the first entry after the moment decides, for leads that are
        to reach the stage again.
    skipped
        What a later stage says where the mapping has a `stage_order`: `passed`, that this stage
        was passed too (at the latest then); `missed`, nothing.
    """

    stage: str
    within_days: int
    entry: Literal["first", "next"] = "first"
    skipped: Literal["passed", "missed"] = "passed"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not self.stage or not self.stage.strip():
            raise QuestionError("Outcome(stage): expected the name of a stage, found an empty text")
        _positive("Outcome(within_days)", self.within_days, at_least=1)
        if self.entry not in ("first", "next"):
            raise QuestionError(f"Outcome(entry={self.entry!r}): expected 'first' or 'next'")
        if self.skipped not in ("passed", "missed"):
            raise QuestionError(f"Outcome(skipped={self.skipped!r}): expected 'passed' or 'missed'")


def _positive(what: str, value: object, *, at_least: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value not in range(at_least, _MOST_DAYS + 1):
        raise QuestionError(
            f"{what}: expected a whole number of days from {at_least} to {_MOST_DAYS}, "
            f"found {value!r}"
        )


def _episodes(what: str, value: object) -> None:
    if value not in ("first", "all"):
        raise QuestionError(f"{what}(episodes={value!r}): expected 'first' or 'all'")


def _columns(what: str, frame: pd.DataFrame, needed: tuple[str, ...]) -> None:
    known = [str(name) for name in frame.columns]
    for name in needed:
        if name not in known:
            raise QuestionError(
                f"{what}: expected the columns {', '.join(needed)}; '{name}' is not there: "
                f"{nearest_first(name, known)}"
            )
