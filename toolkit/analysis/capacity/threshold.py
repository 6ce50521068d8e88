"""The threshold that fills a team's week, and the precision among the leads it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.best import best_thresholds
from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.capacity.load import capacity_table, check_capacity, few_weeks, volumes_above
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.influence import masked_family
from toolkit.analysis.intervals import precision_family, rate_arrays, tail
from toolkit.analysis.questions import check_replicates
from toolkit.analysis.rates import few_accounts
from toolkit.analysis.volumes import read_weeks

if TYPE_CHECKING:
    from toolkit.analysis.benefit.best import BestThresholds
    from toolkit.analysis.cells import Cells, Floats
    from toolkit.analysis.volumes import Weeks
    from toolkit.counts import ScoreCounts, WeekCounts

__all__ = ["CapacityThreshold", "capacity_threshold"]


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

    >>> import pandas as pd
    >>> from datetime import date
    >>> from toolkit.counts import Provenance, WeekCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None,
    ...     date(2026, 1, 5), date(2026, 1, 25))
    >>> frame = pd.DataFrame({"week": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-19"]),
    ...     "score": 60, "n": [5, 1, 3]})
    >>> weeks = WeekCounts(frame, origin)
    >>> from toolkit.counts import ScoreCounts
    >>> frame = pd.concat([frame, frame.assign(score=40, n=2)])
    >>> cells = [(40, "converted", 1), (40, "not_converted", 5),
    ...          (60, "converted", 3), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> found = capacity_threshold(
    ...     WeekCounts(frame, origin), counts, capacity_per_week=4, replicates=100
    ... )
    >>> found.threshold, found.tied_share  # 3 a week at 60 or above, half of the 2 at 40
    (60, 0.5)
    """
    check_capacity(capacity_per_week)
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
    if weeks <= 1 or not len(found.levels):
        return None, None
    rng, length = np.random.default_rng(seed), max(round(weeks ** (1 / 3)), 1)
    starts = rng.integers(0, weeks, (replicates, -(-weeks // length)))
    drawn = (starts[:, :, None] + np.arange(length)).reshape(replicates, -1)[:, :weeks] % weeks
    times = np.zeros((replicates, weeks))
    np.add.at(times, (np.arange(replicates)[:, None], drawn), 1)
    means = times @ volumes_above(found, found.levels) / weeks
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
        reason="; ".join(x for x in (few_weeks(weeks), reason) if x) or None,
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
