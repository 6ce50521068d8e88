"""What a team that can work so many leads a week should take, and what its queue would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betainc, pdtrc

from toolkit.analysis.benefit.best import best_thresholds
from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.influence import masked_family
from toolkit.analysis.intervals import precision_family, rate_arrays, tail, wilson_interval
from toolkit.analysis.questions import check_replicates, check_thresholds
from toolkit.analysis.rates import few_accounts
from toolkit.analysis.volumes import quantile, read_weeks
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.benefit.best import BestThresholds
    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.volumes import Weeks
    from toolkit.counts import ScoreCounts, WeekCounts

__all__ = ["CapacityThreshold", "capacity_table", "capacity_threshold", "replay_queue", "sla_table"]

ENOUGH_WEEKS = 26
"""With fewer whole weeks the chance of overflow is read off a fitted distribution."""


def capacity_table(
    weeks: WeekCounts,
    *,
    capacity_per_week: float,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Weekly volume at or above each threshold, chance of overflow, and the queue it would leave.

    One row per threshold, ascending (by default every score that occurs). Only whole weeks inside
    the observed span count, weeks without a lead included.

    Columns: `threshold`; `weeks` (whole weeks); `mean`, `median`, `p90`, `most` (leads a week);
    `overflow_rate` (of weeks: more leads than `capacity_per_week`) with `_low`, `_high`
    (Wilson; NaN for a fitted distribution); `overflow_method` (`empirical` from 26 weeks on;
    `negative binomial`, fitted by mean and variance, or `Poisson` where the variance is no larger,
    below that); `backlog_mean`, `backlog_most`, `backlog_end` (leads waiting at the end of a week
    when each week's leads and the backlog are worked up to capacity, starting empty);
    `weeks_with_backlog`; `reason`. Weeks are taken as independent in the Wilson interval.
    Sources: Lindley (1952) for the queue.
    """
    _check_capacity(capacity_per_week)
    check_thresholds(thresholds)
    found = read_weeks(weeks)
    asked = found.levels if thresholds is None else np.unique(np.asarray(thresholds, np.int64))
    volumes = _volumes(found, asked)
    backlog = _queue(volumes, capacity_per_week)
    known = len(volumes) > 0
    chance, low, high, method = _overflow(volumes, capacity_per_week, confidence)
    return pd.DataFrame(
        {
            "threshold": asked,
            "weeks": len(volumes),
            "mean": volumes.mean(axis=0) if known else nan,
            "median": quantile(volumes, 0.5),
            "p90": quantile(volumes, 0.9),
            "most": quantile(volumes, 1.0),
            "overflow_rate": chance,
            "overflow_rate_low": low,
            "overflow_rate_high": high,
            "overflow_method": method,
            "backlog_mean": backlog.mean(axis=0) if known else nan,
            "backlog_most": backlog.max(axis=0) if known else nan,
            "backlog_end": backlog[-1] if known else nan,
            "weeks_with_backlog": (backlog > 0).sum(axis=0),
            "reason": _few_weeks(len(volumes)),
        }
    )


def _check_capacity(capacity: float) -> None:
    if not (capacity > 0 and np.isfinite(capacity)):
        raise QuestionError(f"capacity_per_week is {capacity}: expected leads per week, above 0")


def _volumes(found: Weeks, asked: Ints) -> Ints:
    above = (found.levels[:, None] >= asked[None, :]).astype(np.int64)
    return np.asarray(found.leads @ above, dtype=np.int64)


def _few_weeks(weeks: int) -> str | None:
    if weeks == 0:
        return "no whole week in the observed span"
    if weeks < ENOUGH_WEEKS:
        return f"only {weeks} whole weeks: the chance of overflow is that of a fitted distribution"
    return None


def _queue(volumes: Ints, capacity: float) -> Floats:
    """Backlog at the end of each week: max(0, backlog before + volume - capacity)."""
    backlog, waiting = np.zeros(volumes.shape), np.zeros(volumes.shape[1])
    for week, volume in enumerate(volumes):
        waiting = np.maximum(waiting + volume - capacity, 0.0)
        backlog[week] = waiting
    return backlog


def _overflow(
    volumes: Ints, capacity: float, confidence: float
) -> tuple[Floats, Floats, Floats, list[str]]:
    weeks, asked = volumes.shape
    unknown = np.full(asked, nan)
    if weeks >= ENOUGH_WEEKS:
        over = (volumes > capacity).sum(axis=0)
        low, high = wilson_interval(over, np.full(asked, weeks), confidence=confidence)
        return over / weeks, low, high, ["empirical"] * asked
    if weeks <= 1:
        return unknown, unknown, unknown, ["none"] * asked
    mean, variance = volumes.mean(axis=0), volumes.var(axis=0, ddof=1)
    wide = variance > mean
    method = np.where(wide, "negative binomial", "Poisson").tolist()
    return _chance_above(mean, variance, capacity), unknown, unknown, method


def _chance_above(mean: Floats, variance: Floats, capacity: float) -> Floats:
    """P(X > capacity): negative binomial with this mean and variance, Poisson where not wider."""
    most = np.floor(capacity)
    wide = variance > mean
    spread = np.where(wide, variance - mean, 1.0)
    size = np.where(wide, mean**2, 1.0) / spread
    share = size / (size + np.where(wide, mean, 1.0))
    broad = betainc(most + 1, np.maximum(size, 1e-300), 1 - share)
    return np.asarray(np.where(wide, broad, pdtrc(most, mean)), dtype=np.float64)


def replay_queue(weeks: WeekCounts, *, threshold: int, capacity_per_week: float) -> pd.DataFrame:
    """Week by week what a threshold would have sent, and what would have been left waiting.

    One row per whole week in order. Columns: `week` (its Monday), `leads` (at or above the
    threshold), `worked` (up to `capacity_per_week`, the backlog included), `backlog` (waiting at
    the end of the week; the queue starts empty).
    """
    _check_capacity(capacity_per_week)
    found = read_weeks(weeks)
    volumes = _volumes(found, np.asarray([threshold]))
    backlog = _queue(volumes, capacity_per_week)[:, 0]
    before = np.append(0.0, backlog)[: len(backlog)]
    leads = volumes[:, 0]
    return pd.DataFrame(
        {
            "week": found.mondays,
            "leads": leads,
            "worked": before + leads - backlog,
            "backlog": backlog,
        }
    )


def sla_table(
    weeks: WeekCounts,
    *,
    thresholds: Sequence[int],
    hours_per_lead: Sequence[float] | float = nan,
) -> pd.DataFrame:
    """Weekly load of each tier between thresholds, for promises on response time.

    A tier holds scores from its threshold (inclusive) to the next higher one (exclusive); leads
    below the lowest threshold are in none. One row per tier, highest first. `hours_per_lead`: one
    number, or one for each threshold, ascending.

    Columns: `tier_from`, `tier_to` (scores, inclusive; NaN: open), `weeks`, `mean`, `median`,
    `p90`, `most` (leads a week), `hours_mean`, `hours_p90` (times hours per lead), `reason`. Promise
    by the 90th percentile: the mean is exceeded in about half of the weeks.
    """
    check_thresholds(thresholds)
    starts = np.unique(np.asarray(thresholds, dtype=np.int64))
    hours = np.broadcast_to(np.asarray(hours_per_lead, dtype=np.float64), len(starts))
    found = read_weeks(weeks)
    above = np.column_stack([_volumes(found, starts), np.zeros(len(found.leads), np.int64)])
    volumes = above[:, :-1] - above[:, 1:]
    mean = volumes.mean(axis=0) if len(volumes) else np.full(len(starts), nan)
    p90 = quantile(volumes, 0.9)
    table = pd.DataFrame(
        {
            "tier_from": starts,
            "tier_to": np.append(starts[1:] - 1.0, nan),
            "weeks": len(volumes),
            "mean": mean,
            "median": quantile(volumes, 0.5),
            "p90": p90,
            "most": quantile(volumes, 1.0),
            "hours_mean": mean * hours,
            "hours_p90": p90 * hours,
            "reason": None if len(volumes) else "no whole week in the observed span",
        }
    )
    return table.iloc[::-1].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class CapacityThreshold:
    """The threshold that fills a team's week, and what it would hand over."""

    capacity_per_week: float
    threshold: int | None
    """Smallest threshold whose mean weekly volume fits; None where even the highest score does not
    (or nothing is known)."""
    low: int | None
    high: int | None
    """Its range when weeks are drawn again in blocks."""
    volume: float
    """Mean leads a week at or above it."""
    tied_score: int | None
    """The next score down: its leads are too many to take all."""
    tied_share: float
    """Share of the tied leads that fills the week, drawn at random (0 to 1)."""
    precision: float
    precision_low: float
    precision_high: float
    """Conversion of the leads that fill the week, the tied share included; judged leads only."""
    overflow_rate: float
    """Chance that a week brings more than the capacity at `threshold`."""
    pays_from: int | None
    """Lowest threshold of the indifference set of net benefit; None when not asked or known."""
    recommended: int | None
    """The higher of `threshold` and `pays_from`: capacity binds only where working pays."""
    weeks: int
    text: str
    reason: str | None
    table: pd.DataFrame = field(repr=False)
    """`capacity_table` of every score."""


def capacity_threshold(
    weeks: WeekCounts,
    counts: ScoreCounts,
    *,
    capacity_per_week: float,
    cost_ratio: float | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = SEED,
) -> CapacityThreshold:
    """Find the threshold that fills a week of K leads, and the precision among those K.

    t_K is the smallest score with a mean weekly volume of at most K at or above; the rest of the
    week is filled with a share of the leads tied at the next score down, drawn at random.
    Precision at K is that of all judged leads at or above t_K and of the tied ones, the latter
    weighted with that share (taken as given in the interval). `low`, `high`: range of t_K over
    replicates of the weeks, drawn in blocks of about (weeks)^(1/3). With a `cost_ratio` the
    threshold recommended is no lower than the lowest that pays (`best_thresholds`).
    Source: Politis and Romano (1994) for circular blocks.
    """
    _check_capacity(capacity_per_week)
    check_replicates(replicates)
    table = capacity_table(weeks, capacity_per_week=capacity_per_week, confidence=confidence)
    found, cells = read_weeks(weeks), read_cells(counts)
    place = _fitting(table["mean"].to_numpy(dtype=np.float64), capacity_per_week)
    ends = _range(found, capacity_per_week, confidence, replicates, seed)
    best = None
    if cost_ratio is not None:
        best = best_thresholds(
            counts, cost_ratio=cost_ratio, confidence=confidence, replicates=replicates, seed=seed
        )
    return _answer(_Found(table, place, ends, best), cells, capacity_per_week, confidence)


@dataclass(frozen=True, slots=True)
class _Found:
    table: pd.DataFrame
    place: int | None
    ends: tuple[int | None, int | None]
    best: BestThresholds | None


def _fitting(mean: Floats, capacity: float) -> int | None:
    """Place of the smallest level whose mean volume fits; volumes fall as the score rises."""
    fits = np.flatnonzero(mean <= capacity)
    return int(fits[0]) if len(fits) else None


def _range(
    found: Weeks, capacity: float, confidence: float, replicates: int, seed: int
) -> tuple[int | None, int | None]:
    weeks = len(found.leads)
    if weeks <= 1:
        return None, None
    rng, length = np.random.default_rng(seed), max(round(weeks ** (1 / 3)), 1)
    starts = rng.integers(0, weeks, (replicates, -(-weeks // length)))
    drawn = (starts[:, :, None] + np.arange(length)).reshape(replicates, -1)[:, :weeks] % weeks
    times = np.zeros((replicates, weeks))
    np.add.at(times, (np.arange(replicates)[:, None], drawn), 1)
    means = times @ _volumes(found, found.levels) / weeks
    fits = means <= capacity
    # Where no score fits, the threshold lies above them all.
    place = np.where(fits.any(axis=1), fits.argmax(axis=1), len(found.levels))
    side = tail(confidence)
    ends = np.quantile(place, [side, 1 - side], method="inverted_cdf").astype(np.int64)
    low, high = (int(found.levels[end]) if end < len(found.levels) else None for end in ends)
    return low, high


def _answer(found: _Found, cells: Cells, capacity: float, confidence: float) -> CapacityThreshold:
    table, place = found.table, found.place
    row = None if place is None else table.iloc[place]
    threshold = None if row is None else int(row["threshold"])
    tied, part = _tied(table, place, capacity)
    precision, reason = _precision_at(cells, threshold, tied, part, confidence)
    pays = None if found.best is None else found.best.low
    recommended = max((t for t in (threshold, pays) if t is not None), default=None)
    weeks = int(table["weeks"].iloc[0]) if len(table) else 0
    return CapacityThreshold(
        capacity_per_week=capacity,
        threshold=threshold,
        low=found.ends[0],
        high=found.ends[1],
        volume=nan if row is None else float(row["mean"]),
        tied_score=tied,
        tied_share=part,
        precision=precision[0],
        precision_low=precision[1],
        precision_high=precision[2],
        overflow_rate=nan if row is None else float(row["overflow_rate"]),
        pays_from=pays,
        recommended=recommended if threshold is not None else None,
        weeks=weeks,
        text=_text(row, capacity, tied, part, weeks),
        reason="; ".join(x for x in (_few_weeks(weeks), reason) if x) or None,
        table=table,
    )


def _tied(table: pd.DataFrame, place: int | None, capacity: float) -> tuple[int | None, float]:
    """The score just below, and the share of its leads that fills the week."""
    known = len(table) > 0 and bool(table["weeks"].iloc[0])
    below = len(table) - 1 if place is None else place - 1
    if not known or below < 0:
        return None, nan
    above = 0.0 if place is None else float(table["mean"].iloc[place])
    block = float(table["mean"].iloc[below]) - above
    return int(table["threshold"].iloc[below]), (capacity - above) / block


def _precision_at(
    cells: Cells, threshold: int | None, tied: int | None, part: float, confidence: float
) -> tuple[tuple[float, float, float], str | None]:
    above = cells.levels >= (np.inf if threshold is None else threshold)
    weights = above.astype(np.float64)
    if tied is not None:
        weights[cells.levels == tied] = part
    used = weights > 0
    unworked, judged = cells.unworked[used].sum(), cells.judged[used].sum()
    if not judged:
        return (nan, nan, nan), "no judged leads among those that fill the week"
    if unworked > MOST_UNWORKED * (unworked + judged):
        share = unworked / (unworked + judged)
        return (nan, nan, nan), (
            f"precision cannot be told: {share:.0%} of the leads that fill the week were never "
            "worked"
        )
    family = masked_family(cells, weights[None, :])
    rates = rate_arrays(family, confidence=confidence, pool=precision_family(cells))
    few = None
    if rates.equal_accounts is not None:
        few = few_accounts(float(rates.equal_accounts[0]), float(family.n[0]))
    return (float(rates.estimate[0]), float(rates.low[0]), float(rates.high[0])), few


def _text(row: pd.Series | None, capacity: float, tied: int | None, part: float, weeks: int) -> str:
    if not weeks:
        return "No whole week was observed: weekly volumes are not known."
    if row is None:
        return f"Even the highest score brings more than {capacity:g} leads a week."
    volume = f"A threshold of {int(row['threshold'])} brings {row['mean']:.1f} leads a week"
    if tied is None:
        return f"{volume}: all leads together stay within {capacity:g}."
    return f"{volume}; {part:.0%} of the leads tied at {tied} would fill the week of {capacity:g}."
