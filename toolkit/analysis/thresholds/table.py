"""What each threshold would hand over, what it would miss, and what of that cannot be known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.net import net_benefit
from toolkit.analysis.cells import MOST_UNWORKED, read_cells, suffix_sum
from toolkit.analysis.intervals import (
    Family,
    miss_family,
    precision_family,
    rate_arrays,
    recall_family,
)
from toolkit.analysis.questions import check_cost_ratio, check_thresholds
from toolkit.analysis.rates import rate_reasons
from toolkit.analysis.split import positions, share, split_counts
from toolkit.analysis.thresholds.lift import lifts
from toolkit.analysis.volumes import quantile, weekly_volumes
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.intervals import RateArrays, RateInterval
    from toolkit.analysis.split import Split
    from toolkit.analysis.thresholds.lift import Lifts
    from toolkit.counts import ScoreCounts, WeekCounts

__all__ = ["threshold_table"]


def threshold_table(
    counts: ScoreCounts,
    *,
    thresholds: Sequence[int] | None = None,
    cost_ratio: float | None = None,
    capacity_per_week: float | None = None,
    weeks: WeekCounts | None = None,
    hours_per_lead: float | None = None,
    confidence: float = 0.95,
    interval: RateInterval = "wilson",
) -> pd.DataFrame:
    """Show what happens at each threshold; a lead is handed over when score >= threshold.

    One row per threshold, ascending; by default every score that occurs. Judged leads are those
    that sales worked and whose outcome window has closed; mature leads are the judged and the
    unworked ones. Every interval is over accounts where they are known.

    Columns:
    `threshold`; `leads` (all leads at or above, whatever became of them); `leads_share` (of all
    leads, with `_low`, `_high`); `leads_per_week` (mean over the observed span);
    `leads_per_week_median`, `leads_per_week_p90` (over whole weeks; NaN without `weeks`);
    `hours_per_week` (leads_per_week * hours_per_lead; NaN when not asked);
    `within_capacity` (leads_per_week <= capacity; NA when not asked);
    `n` (judged leads at or above); `tp`, `fp` (of these: converted, not converted); `fn`, `tn`
    (judged leads below: converted, not converted);
    `precision` (tp / n); `nowhere_rate` (fp / n: handed over and went nowhere); `recall`
    (tp / all converted); `false_positive_rate` (fp / all judged that did not convert), each with
    `_low` and `_high`; `lift` (precision / conversion rate of all judged leads) and `npv`
    (tn / judged leads below), with `_low` and `_high`;
    `recall_lowest`, `recall_highest`, `fpr_lowest`, `fpr_highest` (what recall and
    false_positive_rate would be under the worst and the best that unworked leads may have been;
    no sampling error in them);
    `worked_share_above`, `worked_share_below` (judged / mature leads, on each side);
    `net_benefit` ((tp - cost_ratio * fp) / judged leads) with `_low`, `_high`, `net_benefit_all`
    (the same when every lead is worked);
    `reason` (what cannot be told at this threshold, and what to know of the rest; else None).

    When more than 5% of the mature leads on either side were never worked, recall,
    false_positive_rate, lift, npv and net_benefit_all are NaN: only their range is known. When
    that is so at or above the threshold, net_benefit is NaN as well.

    `interval` is the kind of interval of the rates, as in `band_table`; those of lift and net benefit
    have their own. `cost_ratio` is the cost of working a lead that does not convert over the benefit of working
    one that does. Sources: Wilson (1927), Brown, Cai
    and DasGupta (2001) or Clopper and Pearson (1934); Korn and Graubard (1998); Vickers and Elkin (2006) for
    net benefit; Manski (1989) for the ranges; Katz et al. (1978) for the interval of
    lift, on the log scale, with Student's t where (equal) accounts are few.

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> table = threshold_table(counts, cost_ratio=1 / 3).set_index("threshold")
    >>> table.loc[60, ["tp", "fp", "fn", "tn"]].tolist()
    [4, 6, 1, 9]
    >>> table.loc[60, ["precision", "recall", "lift"]].tolist()  # 4/10, 4/5, (4/10) / (5/20)
    [0.4, 0.8, 1.6]
    """
    check_thresholds(thresholds)
    _check_arguments(cost_ratio, capacity_per_week, hours_per_lead)
    cells = read_cells(counts)
    asked, at = positions(cells, thresholds)
    split = split_counts(cells, at)
    rates = _Rates(at, confidence, interval)
    precision = rates.of(precision_family(cells))
    lift = lifts(cells, at, confidence)
    columns = {
        "threshold": asked,
        **_share_of_all(counts, cells, split, rates),
        **_volume(split, counts.provenance.weeks, capacity_per_week, hours_per_lead),
        **_weekly(weeks, asked),
        **_counted(split),
        **_precision(precision),
        **_told(cells, split, lift, rates),
        **_ranges(split),
        **_benefit(cells, at, split, cost_ratio, confidence),
        "reason": _reasons(cells, split, precision, lift),
    }
    return pd.DataFrame(columns)


def _check_arguments(cost_ratio: float | None, capacity: float | None, hours: float | None) -> None:
    if cost_ratio is not None:
        check_cost_ratio(cost_ratio)
    if capacity is not None and not capacity >= 0:
        raise QuestionError(f"capacity_per_week is {capacity}: expected leads per week, 0 or more")
    if hours is not None and not hours >= 0:
        raise QuestionError(f"hours_per_lead is {hours}: expected hours, 0 or more")


def _share_of_all(
    counts: ScoreCounts, cells: Cells, split: Split, rates: _Rates
) -> dict[str, Floats | Ints]:
    found = rates.of(_leads_family(counts, cells))
    return {
        "leads": split.leads,
        **_columns("leads_share", found.estimate, found.low, found.high),
    }


def _leads_family(counts: ScoreCounts, cells: Cells) -> Family:
    """All leads at or above each level, whatever became of them, against all below."""
    above = suffix_sum(cells.leads).astype(np.float64)
    below = above[0] - above
    if counts.accounts is None:
        return Family(above, below, above, np.zeros_like(above), below, None)
    frame, levels = counts.accounts.frame, pd.Index(cells.levels)
    a, b = (levels.get_indexer(pd.Index(frame[f"score_{side}"])) for side in "ab")
    n, size = frame["n"].to_numpy(dtype=np.float64), len(levels)
    both, one = (
        suffix_sum(np.bincount(place, weights=n, minlength=size).astype(np.float64))
        for place in (np.minimum(a, b), a)
    )
    return Family(above, below, both, one - both, one[0] - 2 * one + both, counts.accounts.judged)


def _weekly(weeks: WeekCounts | None, asked: Ints) -> dict[str, Floats]:
    if weeks is None:
        unknown = np.full(len(asked), np.nan)
        return {"leads_per_week_median": unknown, "leads_per_week_p90": unknown}
    volumes = weekly_volumes(weeks, asked)
    return {
        "leads_per_week_median": quantile(volumes, 0.5),
        "leads_per_week_p90": quantile(volumes, 0.9),
    }


def _volume(
    split: Split, weeks: float | None, capacity: float | None, hours: float | None
) -> dict[str, object]:
    per_week = split.leads / weeks if weeks else np.full(len(split.leads), np.nan)
    unknown = np.isnan(per_week) if capacity is not None else np.ones(len(per_week), np.bool_)
    fits = per_week <= (capacity if capacity is not None else np.inf)
    return {
        "leads_per_week": per_week,
        "hours_per_week": per_week * (np.nan if hours is None else hours),
        "within_capacity": pd.arrays.BooleanArray(fits, unknown),
    }


def _counted(split: Split) -> dict[str, Ints]:
    return {
        "n": split.n,
        "tp": split.tp,
        "fp": split.fp,
        "fn": split.fn,
        "tn": split.tn,
    }


@dataclass(frozen=True, slots=True)
class _Rates:
    """How rates are given: at which places of the levels, and with which interval."""

    at: Ints
    confidence: float
    interval: RateInterval

    def of(self, family: Family) -> RateArrays:
        """Rates of the asked thresholds; the design effect is averaged over all scores."""
        asked = replace(
            family,
            hits=family.hits[self.at],
            misses=family.misses[self.at],
            hits_hits=family.hits_hits[self.at],
            hits_misses=family.hits_misses[self.at],
            misses_misses=family.misses_misses[self.at],
        )
        return rate_arrays(asked, confidence=self.confidence, pool=family, interval=self.interval)


def _columns(name: str, estimate: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
    return {name: estimate, f"{name}_low": low, f"{name}_high": high}


def _precision(rates: RateArrays) -> dict[str, Floats]:
    return {
        **_columns("precision", rates.estimate, rates.low, rates.high),
        **_columns("nowhere_rate", 1 - rates.estimate, 1 - rates.high, 1 - rates.low),
    }


def _told(cells: Cells, split: Split, lift: Lifts, rates: _Rates) -> dict[str, Floats]:
    """Rates that need the outcome on both sides of the threshold; NaN where it is not known."""
    recall = rates.of(recall_family(cells))
    missed = rates.of(miss_family(cells))
    npv = rates.of(_npv_family(cells))
    columns = {
        **_columns("recall", recall.estimate, recall.low, recall.high),
        **_columns("false_positive_rate", missed.estimate, missed.low, missed.high),
        **_columns("lift", lift.estimate, lift.low, lift.high),
        **_columns("npv", npv.estimate, npv.low, npv.high),
    }
    hidden = split.hidden
    return {name: np.where(hidden, np.nan, value) for name, value in columns.items()}


def _npv_family(cells: Cells) -> Family:
    """Judged leads below each level: those that did not convert are the hits."""
    misses = np.append(0, np.cumsum(cells.converted)).astype(np.float64)
    hits = np.append(0, np.cumsum(cells.not_converted)).astype(np.float64)
    pairs = cells.pairs
    if pairs is None:
        return Family(hits, misses, hits, np.zeros_like(hits), misses, None)
    # A pair lies below from the higher of the two upwards.
    higher, size = np.maximum(pairs.a, pairs.b), len(cells.levels)
    both = [
        np.append(0.0, np.cumsum(np.bincount(higher[used], weights=pairs.n[used], minlength=size)))
        for used in (
            ~pairs.a_hit & ~pairs.b_hit,
            ~pairs.a_hit & pairs.b_hit,
            pairs.a_hit & pairs.b_hit,
        )
    ]
    return Family(hits, misses, both[0], both[1], both[2], pairs.judged)


def _ranges(split: Split) -> dict[str, Floats]:
    """Lowest: unworked leads below count against the rate; highest: those above count for it."""
    up, down = split.unworked_above, split.unworked_below
    worked_above, worked_below = split.tp + split.fp, split.fn + split.tn
    return {
        "recall_lowest": share(split.tp, split.tp + split.fn + down),
        "recall_highest": share(split.tp + up, split.tp + up + split.fn),
        "fpr_lowest": share(split.fp, split.fp + split.tn + down),
        "fpr_highest": share(split.fp + up, split.fp + up + split.tn),
        "worked_share_above": share(worked_above, worked_above + up),
        "worked_share_below": share(worked_below, worked_below + down),
    }


def _benefit(
    cells: Cells, at: Ints, split: Split, cost_ratio: float | None, confidence: float
) -> dict[str, Floats]:
    unknown = np.full(len(at), np.nan)
    if cost_ratio is None or not cells.judged.sum():
        return {**_columns("net_benefit", unknown, unknown, unknown), "net_benefit_all": unknown}
    columns = _columns("net_benefit", *net_benefit(cells, cost_ratio, confidence))
    told = {key: np.where(split.hidden_above, np.nan, x[at]) for key, x in columns.items()}
    return {**told, "net_benefit_all": np.full(len(at), _benefit_all(cells, cost_ratio))}


def _benefit_all(cells: Cells, cost_ratio: float) -> float:
    if cells.unworked_share > MOST_UNWORKED:
        return np.nan
    lost = cost_ratio * cells.not_converted.sum()
    return float((cells.converted.sum() - lost) / cells.judged.sum())


def _reasons(cells: Cells, split: Split, precision: RateArrays, lift: Lifts) -> pd.Series:
    above, below = split.unworked_share_above, split.unworked_share_below
    n = split.n.astype(np.float64)
    whole = _empty_class(cells)
    known = rate_reasons(n, precision, nobody="no judged leads at or above the threshold")
    shown = [
        None if whole or hide else note
        for note, hide in zip(lift.reason, split.hidden, strict=True)
    ]
    notes = zip(above, below, known, shown, strict=True)
    return pd.Series([_reason(*note, whole) for note in notes], dtype=object)


def _reason(above: float, below: float, *notes: str | None) -> str | None:
    parts = [
        f"cannot be told: {unworked:.0%} of leads {side} were never worked"
        for unworked, side in ((below, "below the threshold"), (above, "at or above the threshold"))
        if unworked > MOST_UNWORKED
    ]
    return "; ".join([*parts, *(note for note in notes if note)]) or None


def _empty_class(cells: Cells) -> str | None:
    """Why recall or the false-positive rate is undefined at every threshold."""
    if not cells.judged.sum():
        return None
    if not cells.converted.sum():
        return "none of the judged leads converted, so recall is undefined"
    if not cells.not_converted.sum():
        return "all judged leads converted, so the false-positive rate is undefined"
    return None
