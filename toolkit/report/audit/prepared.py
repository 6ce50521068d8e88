"""What an audit holds once it is prepared: counts, and what was agreed before looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from toolkit.analysis.cells import MOST_UNWORKED

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from toolkit.analysis import BandLike, Leaks, Reconciliation
    from toolkit.counts import (
        AmountCounts,
        DayCounts,
        DelayCounts,
        ScoreCounts,
        StageCounts,
        StayCounts,
        WeekCounts,
    )
    from toolkit.report.wording import Words

__all__ = ["Audit", "Policy", "mostly_unworked"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What was agreed before looking."""

    margin: float = 0.05
    """By how much a score must beat chance to be called better (share of pairs)."""
    cost_ratio: float | None = None
    capacity_per_week: float | None = None
    threshold: int | None = None
    """The score that hands a lead over, where it is not the model's."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The counted inputs of every section; sections are functions of this value."""

    kind: Literal["crm", "flat"]
    title: str
    words: Words
    ranking: ScoreCounts = field(repr=False)
    """All leads at the landmark (or of the flat file)."""
    ranked: ScoreCounts = field(repr=False)
    """Those of them whose ranking can be judged: all, or only the leads over the bar.

    Below the bar few leads are worked, and most of those because they scored more *later*: to
    rank them by their score at the landmark would select on the future.
    """
    ranked_by_quarter: ScoreCounts | None = field(repr=False)
    handoffs: ScoreCounts | None = field(repr=False)
    """Leads handed over, by quarter; None without a record of hand-offs."""
    decisions: ScoreCounts | None = field(repr=False)
    """The same leads by what sales decided first."""
    segments: ScoreCounts | None = field(repr=False)
    """The leads of `ranked` by the segment asked for: below the bar no rate is told."""
    quarter: str | None
    bands: tuple[BandLike, ...] = field(repr=False)
    few_levels: bool
    """Whether every score can have a row of its own."""
    threshold: int | None
    health: pd.DataFrame = field(repr=False)
    policy: Policy
    settings: tuple[tuple[str, str], ...] = field(repr=False)
    prepared_on: date
    leaks: Leaks | None = field(default=None, repr=False)
    """What may know the outcome; None where no lead can be judged from its creation on."""
    reconciliation: Reconciliation | None = field(default=None, repr=False)
    """Recorded against replayed scores; None without a history of one recorded score."""
    stages: StageCounts | None = field(default=None, repr=False)
    """The leads handed over by stages reached and decisions; None without any of these."""
    handed_weeks: WeekCounts | None = field(default=None, repr=False)
    """The leads handed over by week: what sales in fact received."""
    days: DayCounts | None = field(default=None, repr=False)
    """The leads handed over by score, last day and what happened on it; None without hand-offs."""
    delays: DelayCounts | None = field(default=None, repr=False)
    """The same leads judged under several outcome windows."""
    stays: StayCounts | None = field(default=None, repr=False)
    """Their stays in stages since the hand-off, by the team's word for the stage."""
    uncalled: ScoreCounts | None = field(default=None, repr=False)
    """Those of `ranked` who did not ask to be called; None where no criterion says who did."""
    amounts: AmountCounts | None = field(default=None, repr=False)
    """What the converted leads of `ranked` were worth; None where no amounts are recorded."""

    @property
    def told(self) -> bool:
        """Whether the score is known (or declared) to be older than the outcome."""
        return self.ranking.provenance.point_in_time


def mostly_unworked(counts: ScoreCounts) -> bool:
    """Whether so many leads were never worked that numbers cannot speak of all of them."""
    unworked = counts.total("unworked")
    mature = unworked + counts.total("converted", "not_converted")
    return unworked > MOST_UNWORKED * mature
