"""What is planted: the calendar, the switches, the model's points and the true ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "BAR",
    "CRITERIA",
    "DAY",
    "FIRST_SECOND",
    "HORIZON_DAYS",
    "INTERCEPT",
    "LANDMARK_DAYS",
    "LOG_ODDS_PER_POINT",
    "NEVER",
    "OBSERVED_UNTIL",
    "SEED",
    "Bools",
    "DemoFrames",
    "DemoPlan",
    "DemoTruth",
    "Floats",
    "Ints",
    "Planted",
    "Texts",
    "as_utc",
    "coin",
    "epoch",
    "planted_points",
    "stream",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Dimension = Literal["fit", "behavior"]
Recorded = Literal[
    "none", "faithful", "double_count", "missing_decay", "manual_edit", "reset", "rescored"
]

DAY = 86_400
BAR = 50
"""The hand-off threshold of the demo model, inclusive."""
HORIZON_DAYS = 90
"""The planted probability is that of SQL within this many days after the moment."""
LANDMARK_DAYS = 14
"""Age at which leads below the bar are drawn for exploration, and organic outcomes start."""
LOG_ODDS_PER_POINT = float(np.log(2) / 20)
"""Twenty true points double the odds."""
INTERCEPT = -3.5
NEVER = np.iinfo(np.int64).max
"""The instant of what does not happen."""
SEED = 20260701


def epoch(text: str) -> int:
    """Give the UTC instant as whole seconds since 1970."""
    return int(np.datetime64(text, "s").astype(np.int64))


FIRST_SECOND = epoch("2024-10-01T00:00:00")
OBSERVED_UNTIL = epoch("2026-10-01T00:00:00")


@dataclass(frozen=True, slots=True)
class Planted:
    """One criterion of the demo model: what it pays, and what it is truly worth."""

    id: str
    dimension: Dimension
    points: int
    """Points of the model file, per unit for an activity."""
    true_points: int
    """Points that would be right, on the scale where 20 points double the odds."""
    note: str


CRITERIA: tuple[Planted, ...] = (
    Planted("vp_or_above", "fit", 20, 20, "right"),
    Planted("target_icp", "fit", 15, 25, "worth more than it pays"),
    Planted("priority_region", "fit", 5, 0, "a policy, worth nothing"),
    Planted("free_email", "fit", -10, -10, "right"),
    Planted("student", "fit", -20, -40, "punished too little"),
    Planted("demo", "behavior", 30, 45, "worth more than it pays"),
    Planted("pricing", "behavior", 15, 15, "right"),
    Planted("webinar", "behavior", 20, 10, "worth half of what it pays"),
    Planted("white_paper", "behavior", 10, 0, "worth nothing"),
    Planted("email_click", "behavior", 3, 3, "right"),
    Planted("unsubscribe", "behavior", -15, -15, "right"),
    Planted("quiet", "behavior", -10, -10, "right, but never active at a hand-off"),
)


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The switches of the synthetic CRM; each default is what `make_demo` writes.

    `leadscore demo` adds faithfully recorded scores.

    Shares are fractions between 0 and 1, effects are in log-odds.
    """

    weights_equal_model: bool = False
    """True: every criterion is worth exactly what the model pays."""
    true_points: Mapping[str, int] = field(default_factory=dict)
    """True points of single criteria, by id; the others keep the planted ones."""
    account_sd: float = 0.8
    """Standard deviation of the effect that the leads of one account share."""
    handoff_effect: float = 1.5
    """How much being worked by sales itself raises the log-odds of SQL."""
    exploration_share: float = 0.04
    """Random share of the leads still below the bar at 14 days that sales works all the same."""
    untouched_share: float = 0.08
    """Share of the leads handed over that sales never acts upon."""
    machine_click_share: float = 0.03
    """E-mail clicks by security scanners, as a share of the people's clicks."""
    works_all: bool = False
    """True: sales works every lead, whatever its score."""
    leaking_field: bool = False
    """True: leads have a column `project_fit` that sales fills once a lead is SQL or has failed, and a
    history of it in `lead_changes`."""
    late_title_share: float = 0.0
    """Share of the titles that arrive by enrichment, some days after the lead."""
    changed_title_share: float = 0.0
    """Share of the titles that follow another one. Both are in `lead_changes`."""
    merged_share: float = 0.0
    """Share of the leads that turn out to be an earlier lead of their account, and are merged into it
    (`lead_merges`). They never come to sales and never convert themselves."""
    recorded: Recorded = "none"
    """The scores that the platform wrote into `score_history`: none; faithful, as the model file
    says; or those with a fault: pricing visits counted twice, points that never expire, edits by
    hand, resets at rejection, histories overwritten with today's score."""
    recorded_fault_share: float = 0.15
    """Share of the leads that the fault befalls (of those rejected, for resets)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _check_share("exploration_share", self.exploration_share)
        _check_share("untouched_share", self.untouched_share)
        _check_share("machine_click_share", self.machine_click_share)
        _check_share("recorded_fault_share", self.recorded_fault_share)
        _check_share("late_title_share", self.late_title_share)
        _check_share("changed_title_share", self.changed_title_share)
        _check_share("merged_share", self.merged_share)
        if self.recorded not in get_args(Recorded):
            raise QuestionError(
                f"recorded is '{self.recorded}': {nearest_first(self.recorded, get_args(Recorded))}"
            )
        if not self.account_sd >= 0:
            raise QuestionError(f"account_sd is {self.account_sd}: expected 0 or more")
        known = [planted.id for planted in CRITERIA]
        for name in self.true_points:
            if name not in known:
                raise QuestionError(
                    f"true_points names '{name}', which the demo model has not: "
                    f"{nearest_first(name, known)}"
                )


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise QuestionError(f"{name} is {share}: expected a share between 0 and 1")


def planted_points(plan: DemoPlan) -> dict[str, int]:
    """Give the true points per criterion under these switches, in the order of the model file."""
    return {
        planted.id: plan.true_points.get(
            planted.id, planted.points if plan.weights_equal_model else planted.true_points
        )
        for planted in CRITERIA
    }


@dataclass(frozen=True, slots=True)
class DemoTruth:
    """What was planted and what came of it; written to `truth.json`.

    The log-odds of SQL within `horizon_days` after a lead's moment (hand-off; demo request or
    day 14 below the bar) are `intercept + log_odds_per_point * S + account effect`, minus
    `handoff_effect` for a lead that sales did not work. S is the score of the model file with
    the true points in place of its own, under the same limits.
    """

    seed: int
    plan: DemoPlan
    model_points: Mapping[str, int]
    true_points: Mapping[str, int]
    intercept: float
    log_odds_per_point: float
    marginal_factor: float
    """Log-odds averaged over accounts are smaller by about this factor (Zeger et al. 1988)."""
    horizon_days: int
    observed_until: datetime
    threshold: int
    counts: Mapping[str, int]
    """How many leads, activities, hand-offs and outcomes the draw has, by name."""
    exploration_leads: tuple[str, ...]
    """Leads below the bar that were worked by the draw of a coin."""


@dataclass(frozen=True, slots=True)
class DemoFrames:
    """The synthetic CRM as frames (instants in UTC), with the truth behind it.

    `lead_truth` has one row per lead: `lead_id`, `moment`, `way` (handed_over, hand_raiser,
    exploration, left_alone), `worked`, `score` and `true_score` at the moment, one column of units per
    criterion, `account_effect`, `probability`, `sql_within_horizon` (whether observed or not).
    """

    leads: pd.DataFrame
    activities: pd.DataFrame
    stage_changes: pd.DataFrame
    sales_feedback: pd.DataFrame
    accounts: pd.DataFrame
    lead_truth: pd.DataFrame
    truth: DemoTruth
    lead_changes: pd.DataFrame | None = None
    lead_merges: pd.DataFrame | None = None
    score_history: pd.DataFrame | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables of the input contract, by name."""
        histories = {
            "lead_changes": self.lead_changes,
            "lead_merges": self.lead_merges,
            "score_history": self.score_history,
        }
        return {
            "leads": self.leads,
            "activities": self.activities,
            "stage_changes": self.stage_changes,
            "sales_feedback": self.sales_feedback,
            "accounts": self.accounts,
            **{name: frame for name, frame in histories.items() if frame is not None},
        }


def as_utc(seconds: Ints) -> pd.Series:
    """Give whole seconds since 1970 as instants."""
    return pd.Series(pd.to_datetime(seconds, unit="s", utc=True)).dt.as_unit("us")


def coin(n: int, share: float | Floats, rng: np.random.Generator) -> Bools:
    """Toss `n` coins that fall on True with probability `share`."""
    return rng.random(n) < share


def stream(seed: int, part: int) -> np.random.Generator:
    """Give each part of the CRM its own random numbers, so that one switch moves one part."""
    return np.random.default_rng([seed, part])
