"""What each threshold would hand over, what it would miss, and what of that cannot be known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.net import net_benefit
from toolkit.analysis.cells import MOST_UNWORKED, read_cells, suffix_sum
from toolkit.analysis.intervals import (
    miss_family,
    precision_family,
    rate_arrays,
    ratio,
    recall_family,
)
from toolkit.analysis.rates import rate_reasons
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.intervals import Family, RateArrays
    from toolkit.counts import ScoreCounts

__all__ = ["threshold_table"]


@dataclass(frozen=True, slots=True)
class _Split:
    """Counts at or above and below each asked threshold."""

    tp: Ints
    fp: Ints
    fn: Ints
    tn: Ints
    leads: Ints
    unworked_above: Ints
    unworked_below: Ints


def threshold_table(
    counts: ScoreCounts,
    *,
    thresholds: Sequence[int] | None = None,
    cost_ratio: float | None = None,
    capacity_per_week: float | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Show what happens at each threshold; a lead is handed over when score >= threshold.

    One row per threshold, ascending; by default every score that occurs. Judged leads are those
    that sales worked and whose outcome window has closed; mature leads are the judged and the
    unworked ones. Every interval is over accounts where they are known.

    Columns:
    `threshold`; `leads` (all leads at or above, whatever became of them); `leads_share` (of all
    leads); `leads_per_week`; `within_capacity` (leads_per_week <= capacity; NA when not asked);
    `n` (judged leads at or above); `tp`, `fp` (of these: converted, not converted); `fn`, `tn`
    (judged leads below: converted, not converted);
    `precision` (tp / n); `nowhere_rate` (fp / n: handed over and went nowhere); `recall`
    (tp / all converted); `false_positive_rate` (fp / all judged that did not convert), each with
    `_low` and `_high`; `lift` (precision / conversion rate of all judged leads); `npv`
    (tn / judged leads below);
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

    `cost_ratio` is the cost of working a lead that does not convert over the benefit of working
    one that does. Sources: Wilson (1927); Korn and Graubard (1998); Vickers and Elkin (2006) for
    net benefit; Manski (1989) for the ranges.
    """
    _check_arguments(thresholds, cost_ratio, capacity_per_week)
    cells = read_cells(counts)
    asked = cells.levels if thresholds is None else np.unique(np.asarray(thresholds, np.int64))
    # Position of each threshold among the levels: suffix sums from there are "at or above".
    at = np.searchsorted(cells.levels, asked, side="left").astype(np.int64)
    split = _split(cells, at)
    precision = _rates_at(precision_family(cells), at, confidence)
    columns = {
        "threshold": asked,
        **_volume(cells, split, counts.provenance.weeks, capacity_per_week),
        **_counted(split),
        **_precision(precision),
        **_told(cells, at, split, precision, confidence),
        **_ranges(split),
        **_benefit(cells, at, split, cost_ratio, confidence),
        "reason": _reasons(cells, split, precision),
    }
    return pd.DataFrame(columns)


def _check_arguments(
    thresholds: Sequence[int] | None, cost_ratio: float | None, capacity: float | None
) -> None:
    if thresholds is not None and any(int(value) != value for value in thresholds):
        raise QuestionError(f"thresholds are whole numbers, found {list(thresholds)}")
    if cost_ratio is not None and not (cost_ratio >= 0 and np.isfinite(cost_ratio)):
        raise QuestionError(
            f"cost_ratio is {cost_ratio}: expected cost of a lead that does not convert / benefit "
            "of one that does, 0 or more, such as 1/9"
        )
    if capacity is not None and not capacity >= 0:
        raise QuestionError(f"capacity_per_week is {capacity}: expected leads per week, 0 or more")


def _split(cells: Cells, at: Ints) -> _Split:
    def above(values: Ints) -> Ints:
        return suffix_sum(values)[at].astype(np.int64)

    tp, fp, unworked = above(cells.converted), above(cells.not_converted), above(cells.unworked)
    return _Split(
        tp=tp,
        fp=fp,
        fn=cells.converted.sum() - tp,
        tn=cells.not_converted.sum() - fp,
        leads=above(cells.leads),
        unworked_above=unworked,
        unworked_below=cells.unworked.sum() - unworked,
    )


def _share(part: Ints, whole: Ints | np.int64) -> Floats:
    """Part / whole, NaN where the whole is empty."""
    return ratio(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))


def _volume(
    cells: Cells, split: _Split, weeks: float | None, capacity: float | None
) -> dict[str, object]:
    per_week = split.leads / weeks if weeks else np.full(len(split.leads), np.nan)
    unknown = np.isnan(per_week) if capacity is not None else np.ones(len(per_week), np.bool_)
    fits = per_week <= (capacity if capacity is not None else np.inf)
    return {
        "leads": split.leads,
        "leads_share": _share(split.leads, cells.leads.sum()),
        "leads_per_week": per_week,
        "within_capacity": pd.arrays.BooleanArray(fits, unknown),
    }


def _counted(split: _Split) -> dict[str, Ints]:
    return {
        "n": split.tp + split.fp,
        "tp": split.tp,
        "fp": split.fp,
        "fn": split.fn,
        "tn": split.tn,
    }


def _unworked_share(split: _Split) -> tuple[Floats, Floats]:
    """Share of mature leads at or above, and below, that were never worked; 0 where none is."""
    above = _share(split.unworked_above, split.tp + split.fp + split.unworked_above)
    below = _share(split.unworked_below, split.fn + split.tn + split.unworked_below)
    return np.nan_to_num(above), np.nan_to_num(below)


def _hidden(split: _Split) -> NDArray[np.bool_]:
    """Whether too many leads were never worked, on either side of the threshold."""
    above, below = _unworked_share(split)
    return (above > MOST_UNWORKED) | (below > MOST_UNWORKED)


def _rates_at(family: Family, at: Ints, confidence: float) -> RateArrays:
    """Rates of the asked thresholds; the design effect is averaged over all scores."""
    asked = replace(
        family,
        hits=family.hits[at],
        misses=family.misses[at],
        hits_hits=family.hits_hits[at],
        hits_misses=family.hits_misses[at],
        misses_misses=family.misses_misses[at],
    )
    return rate_arrays(asked, confidence=confidence, pool=family)


def _columns(name: str, estimate: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
    return {name: estimate, f"{name}_low": low, f"{name}_high": high}


def _precision(rates: RateArrays) -> dict[str, Floats]:
    return {
        **_columns("precision", rates.estimate, rates.low, rates.high),
        **_columns("nowhere_rate", 1 - rates.estimate, 1 - rates.high, 1 - rates.low),
    }


def _told(
    cells: Cells, at: Ints, split: _Split, precision: RateArrays, confidence: float
) -> dict[str, Floats]:
    """Rates that need the outcome on both sides of the threshold; NaN where it is not known."""
    recall = _rates_at(recall_family(cells), at, confidence)
    missed = _rates_at(miss_family(cells), at, confidence)
    base = _share(cells.converted.sum(), cells.judged.sum())
    columns = {
        **_columns("recall", recall.estimate, recall.low, recall.high),
        **_columns("false_positive_rate", missed.estimate, missed.low, missed.high),
        "lift": ratio(precision.estimate, base),
        "npv": _share(split.tn, split.tn + split.fn),
    }
    hidden = _hidden(split)
    return {name: np.where(hidden, np.nan, value) for name, value in columns.items()}


def _ranges(split: _Split) -> dict[str, Floats]:
    """Lowest: unworked leads below count against the rate; highest: those above count for it."""
    up, down = split.unworked_above, split.unworked_below
    worked_above, worked_below = split.tp + split.fp, split.fn + split.tn
    return {
        "recall_lowest": _share(split.tp, split.tp + split.fn + down),
        "recall_highest": _share(split.tp + up, split.tp + up + split.fn),
        "fpr_lowest": _share(split.fp, split.fp + split.tn + down),
        "fpr_highest": _share(split.fp + up, split.fp + up + split.tn),
        "worked_share_above": _share(worked_above, worked_above + up),
        "worked_share_below": _share(worked_below, worked_below + down),
    }


def _benefit(
    cells: Cells, at: Ints, split: _Split, cost_ratio: float | None, confidence: float
) -> dict[str, Floats]:
    unknown = np.full(len(at), np.nan)
    if cost_ratio is None or not cells.judged.sum():
        return {**_columns("net_benefit", unknown, unknown, unknown), "net_benefit_all": unknown}
    columns = _columns("net_benefit", *net_benefit(cells, cost_ratio, confidence))
    above, _ = _unworked_share(split)
    told = {key: np.where(above > MOST_UNWORKED, np.nan, x[at]) for key, x in columns.items()}
    return {**told, "net_benefit_all": np.full(len(at), _benefit_all(cells, cost_ratio))}


def _benefit_all(cells: Cells, cost_ratio: float) -> float:
    if cells.unworked_share > MOST_UNWORKED:
        return np.nan
    lost = cost_ratio * cells.not_converted.sum()
    return float((cells.converted.sum() - lost) / cells.judged.sum())


def _reasons(cells: Cells, split: _Split, precision: RateArrays) -> pd.Series:
    above, below = _unworked_share(split)
    n = (split.tp + split.fp).astype(np.float64)
    whole = _empty_class(cells)
    notes = zip(above, below, rate_reasons(n, precision), strict=True)
    return pd.Series([_reason(*note, whole) for note in notes], dtype=object)


def _reason(above: float, below: float, note: str | None, whole: str | None) -> str | None:
    parts = [
        f"cannot be told: {share:.0%} of leads {side} were never worked"
        for share, side in ((below, "below the threshold"), (above, "at or above the threshold"))
        if share > MOST_UNWORKED
    ]
    if note is not None:
        parts.append(f"{note} at or above the threshold" if note == "no judged leads" else note)
    if whole is not None:
        parts.append(whole)
    return "; ".join(parts) or None


def _empty_class(cells: Cells) -> str | None:
    """Why recall or the false-positive rate is undefined at every threshold."""
    if not cells.judged.sum():
        return None
    if not cells.converted.sum():
        return "none of the judged leads converted, so recall is undefined"
    if not cells.not_converted.sum():
        return "all judged leads converted, so the false-positive rate is undefined"
    return None
