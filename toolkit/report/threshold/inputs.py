"""Everything a threshold review needs: the audit's counts, what a call costs, and the best set."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import Payoff, capacity_table
from toolkit.backtest.counting.crossings import count_crossings
from toolkit.crm import connect
from toolkit.errors import QuestionError
from toolkit.model import load_model
from toolkit.report.audit import inputs as audits
from toolkit.report.audit.best import FEW_LEVELS, best_of, candidates, step_of
from toolkit.report.audit.common import worked_leads, worked_only
from toolkit.report.parameters import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toolkit.analysis import BestThresholds
    from toolkit.counts import ScoreCounts, WeekCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["Review", "Stakes", "drawn", "prepare", "review_of", "volume_table"]

_EACH_SIDE, _MOST_ROWS, _NEXT = 4, 20, 5


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is at stake, as agreed before looking; None where nobody said."""

    cost_ratio: float | None = None
    """Cost of working a lead that does not convert over the gain of working one that does."""
    gain: float = 1.0
    """What a worked lead that converts gains, in `currency`; 1 where no money was named."""
    cost_per_lead: float | None = None
    hours_per_lead: float | None = None
    capacity_per_week: float | None = None
    margin: float = 0.05
    """The distance from the break-even rate that a pilot is to see."""
    currency: str = ""
    nurture_gain: float | None = None
    """What nurturing a lead that converts gains, of what calling it gains (0 to 1)."""
    nurture_cost: float | None = None
    """What nurturing a lead that does not convert costs, of what calling it costs (0 to 1)."""

    @property
    def break_even(self) -> float:
        """The conversion rate from which working a lead pays; NaN where nobody said."""
        return math.nan if self.cost_ratio is None else self.cost_ratio / (1 + self.cost_ratio)

    @property
    def money(self) -> bool:
        """Whether a conversion's worth was named in money."""
        return self.cost_ratio is not None and self.cost_per_lead is not None and self.gain != 1.0


@dataclass(frozen=True, slots=True)
class Review:
    """The counted inputs of every section; sections are functions of this value."""

    audit: Audit
    worked: ScoreCounts = field(repr=False)
    """The leads that were worked (and those too young), from today's threshold up where too many
    below were not: thresholds are compared on these, as if the others were like them."""
    stakes: Stakes
    thresholds: tuple[int, ...]
    """The rows of the table."""
    tiers: tuple[int, ...]
    lower: int | None
    """The lower threshold that the box and the pilot speak of."""
    best: BestThresholds | None = field(repr=False)
    """The thresholds that cannot be told from the best of `worked`; None without a cost ratio."""
    routes: tuple[int, int] | None
    """From where to nurture and from where to call at once: the policy of two thresholds."""
    volumes: Mapping[int, WeekCounts] = field(repr=False)
    """For each threshold the leads by the week in which they first reach it; none without dates."""

    @property
    def threshold(self) -> int | None:
        """Today's threshold."""
        return self.audit.threshold

    @property
    def payoffs(self) -> tuple[Payoff, Payoff] | None:
        """What nurturing and calling a lead are worth; None where somebody did not say."""
        stakes = self.stakes
        if None in {stakes.cost_ratio, stakes.nurture_gain, stakes.nurture_cost}:
            return None
        ratio, gain, cost = stakes.cost_ratio, stakes.nurture_gain, stakes.nurture_cost
        call = Payoff(stakes.gain, -stakes.gain * (ratio or 0.0))
        return Payoff(call.converted * (gain or 0.0), call.not_converted * (cost or 0.0)), call

    @property
    def restricted(self) -> bool:
        """Whether too many leads were never worked for an answer that holds for all of them."""
        return worked_only(self.audit)


@checked
def prepare(
    *,
    crm: str | None = None,
    model: str | None = None,
    quarter: str | None = None,
    outcome: str = "sql",
    within_days: int = 90,
    age_days: int = 14,
    scored: str | None = None,
    score: str | Sequence[str] | None = None,
    account: str | None = None,
    scored_before_outcome: bool = False,
    threshold: int | None = None,
    thresholds: Sequence[int | str] | None = None,
    tiers: Sequence[int | str] | None = None,
    lower: int | None = None,
    routes: Sequence[int | str] | None = None,
    nurture_gain: float | None = None,
    nurture_cost: float | None = None,
    value_per_positive: float | None = None,
    cost_per_lead: float | None = None,
    cost_ratio: float | None = None,
    currency: str = "",
    hours_per_lead: float | None = None,
    capacity_per_week: float | None = None,
    margin: float = 0.05,
    accept_mismatch: bool = False,
    prepared_on: str | None = None,
) -> Review:
    """Prepare the review that the parameters of the notebook ask for.

    Raises what the audit's `prepare` raises, and QuestionError for stakes that contradict each other.
    """
    stakes = _stakes(
        value_per_positive,
        cost_per_lead,
        Stakes(
            cost_ratio,
            1.0,
            cost_per_lead,
            hours_per_lead,
            capacity_per_week,
            margin,
            currency,
            nurture_gain,
            nurture_cost,
        ),
    )
    source = None if crm is None else connect(crm)
    rules = None if model is None else load_model(model)
    audit = audits.prepare(
        crm=source,
        model=rules,
        quarter=quarter,
        outcome=outcome,
        within_days=within_days,
        age_days=age_days,
        scored=scored,
        score=score,
        account=account,
        scored_before_outcome=scored_before_outcome,
        threshold=threshold,
        cost_ratio=stakes.cost_ratio,
        capacity_per_week=capacity_per_week,
        accept_mismatch=accept_mismatch,
        prepared_on=prepared_on,
    )
    review = review_of(
        audit,
        stakes=stakes,
        thresholds=_whole("thresholds", thresholds),
        tiers=_whole("tiers", tiers),
        lower=lower,
        routes=_whole("routes", routes),
    )
    if source is None or rules is None:
        return review
    asked = sorted({*review.thresholds, *review.tiers, *(review.routes or ()), *drawn(review)})
    origin = audit.ranking.provenance
    volumes = count_crossings(rules, source, asked, provenance=origin)
    return replace(review, volumes=volumes)


def _stakes(value: float | None, cost: float | None, stakes: Stakes) -> Stakes:
    """Turn money into a cost ratio: a wasted call costs c, a useful one gains value - c."""
    for name, number in (
        ("value_per_positive", value),
        ("cost_per_lead", cost),
        ("hours_per_lead", stakes.hours_per_lead),
        ("capacity_per_week", stakes.capacity_per_week),
        ("cost_ratio", stakes.cost_ratio),
    ):
        if number is not None and not (number > 0 and math.isfinite(number)):
            raise QuestionError(f"{name} is {number}: expected a number above 0, or leave it out")
    for name, share in (
        ("nurture_gain", stakes.nurture_gain),
        ("nurture_cost", stakes.nurture_cost),
    ):
        if share is not None and not 0 < share < 1:
            raise QuestionError(f"{name} is {share}: expected a part of a call's, between 0 and 1")
    if value is None:
        return stakes
    if cost is None or stakes.cost_ratio is not None:
        raise QuestionError(
            "value_per_positive goes with cost_per_lead and without cost_ratio: the ratio follows "
            "from the two as cost / (value - cost)"
        )
    if value <= cost:
        raise QuestionError(
            f"value_per_positive is {value:g} and cost_per_lead {cost:g}: a lead that converts must "
            "be worth more than working it costs, or no threshold pays"
        )
    return replace(stakes, cost_ratio=cost / (value - cost), gain=value - cost)


def _whole(name: str, given: Sequence[int | str] | None) -> tuple[int, ...] | None:
    try:
        return None if given is None else tuple(sorted({int(each) for each in given}))
    except ValueError:
        raise QuestionError(
            f"{name} is {list(given or ())}: expected whole numbers such as [45, 50, 55]"
        ) from None


def review_of(
    audit: Audit,
    *,
    stakes: Stakes = Stakes(),
    thresholds: tuple[int, ...] | None = None,
    tiers: tuple[int, ...] | None = None,
    lower: int | None = None,
    routes: tuple[int, ...] | None = None,
    volumes: Mapping[int, WeekCounts] | None = None,
) -> Review:
    """Build the review on the counts of an audit."""
    today = audit.threshold
    if lower is not None and today is not None and lower >= today:
        raise QuestionError(f"lower is {lower}: expected a score below the threshold {today}")
    worked = worked_leads(audit)
    best = best_of(worked, today=today, cost_ratio=stakes.cost_ratio) if audit.told else None
    subject = audit.title.removeprefix("Quarterly audit of ").removeprefix("Audit of ")
    return Review(
        audit=replace(audit, title=f"Threshold review of {subject}"),
        worked=worked,
        stakes=stakes,
        thresholds=thresholds or _listed(audit.ranking, today, best),
        tiers=tiers or _starts(audit),
        lower=_lower(audit) if lower is None else lower,
        best=best,
        routes=_routes(audit, routes),
        volumes=volumes or {},
    )


def _routes(audit: Audit, given: tuple[int, ...] | None) -> tuple[int, int] | None:
    """The pair asked for; else the bands next to the threshold, below it and above it."""
    if given is not None:
        if len(given) != 2 or given[0] >= given[1]:  # noqa: PLR2004 - a pair
            raise QuestionError(
                f"routes is {list(given)}: expected two scores, the lower first, such as [40, 80]"
            )
        return given[0], given[1]
    today, starts = audit.threshold, _starts(audit)
    below = [start for start in starts if today is not None and start < today]
    above = [start for start in starts if today is not None and start > today]
    return (max(below), min(above)) if below and above else None


def drawn(review: Review) -> list[int]:
    """The thresholds of the curve: the rows of the table and all candidates from them upwards."""
    known = candidates(review.audit.ranking, review.threshold)
    return sorted({*review.thresholds, *(t for t in known if t >= review.thresholds[0])})


def volume_table(review: Review, capacity_per_week: float = math.inf) -> pd.DataFrame:
    """`capacity_table` of each threshold, by the weeks in which leads first reach it."""
    # No capacity: a number that no week exceeds.
    most = 1e12 if math.isinf(capacity_per_week) else capacity_per_week
    parts = [
        capacity_table(weeks, capacity_per_week=most, thresholds=[threshold])
        for threshold, weeks in sorted(review.volumes.items())
    ]
    if not parts:
        return pd.DataFrame(columns=["threshold", "weeks", "mean", "median", "p90", "most"])
    return pd.concat(parts, ignore_index=True)


def _listed(counts: ScoreCounts, today: int | None, best: BestThresholds | None) -> tuple[int, ...]:
    """The thresholds around today's, as far as the ends of the set that the verdict speaks of.

    Where that is too far for a table the ends stand alone.
    """
    ends = () if best is None else (best.low, best.best, best.high)
    near = _around(counts, today)
    found = sorted({*near, *(end for end in ends if end is not None)})
    between = [t for t in candidates(counts, today) if found and found[0] <= t <= found[-1]]
    every = tuple(sorted({*found, *between}))
    return every if len(every) <= _MOST_ROWS else tuple(found)


def _around(counts: ScoreCounts, today: int | None) -> tuple[int, ...]:
    """Today's threshold and four steps on either side; all scores where there are few."""
    scores = sorted({int(score) for score in counts.frame["score"]})
    if len(scores) <= FEW_LEVELS:
        return tuple(sorted({*scores, *(() if today is None else (today,))}))
    middle = scores[len(scores) // 2] if today is None else today
    step = step_of(counts)
    steps = (middle + step * k for k in range(-_EACH_SIDE, _EACH_SIDE + 1))
    # A threshold that no lead reaches is a row all the same: nobody is handed over.
    return tuple(t for t in steps if t == middle or scores[0] <= t <= scores[-1])


def _starts(audit: Audit) -> tuple[int, ...]:
    starts = {int(band.start) for band in audit.bands if band.start is not None}
    return tuple(sorted(starts))


def _lower(audit: Audit) -> int | None:
    """The start of the next band down, or a few points below."""
    today = audit.threshold
    if today is None:
        return None
    return max((start for start in _starts(audit) if start < today), default=today - _NEXT)
