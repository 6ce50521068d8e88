"""What each threshold would hand over, what it would miss, and what of that cannot be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from toolkit.analysis.cells import Cells, Floats, Ints, read_cells, suffix_sum
from toolkit.analysis.intervals import (
    Family,
    RateArrays,
    account_factor,
    miss_family,
    precision_family,
    quantile_ratio,
    rate_arrays,
    recall_family,
    tail,
)
from toolkit.analysis.rates import rate_reasons
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError

__all__ = ["MOST_UNWORKED", "threshold_table"]

MOST_UNWORKED = 0.05
"""Up to this share of mature leads may be unworked before a question cannot be told."""


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
    """What happens at each threshold; a lead is handed over when score >= threshold.

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
    hidden = _hidden(split)
    columns = {
        "threshold": asked,
        **_volume(cells, split, counts.provenance.weeks, capacity_per_week),
        **_counted(split),
        **_rates(cells, at, split, hidden, confidence),
        **_ranges(split),
        **_benefit(cells, at, split, hidden, cost_ratio, confidence),
        "reason": _reasons(cells, at, split, confidence),
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


def _share(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    """Part / whole, NaN where the whole is empty."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


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


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Where too many leads were never worked."""

    above: NDArray[np.bool_]
    either: NDArray[np.bool_]
    all_leads: bool


def _hidden(split: _Split) -> _Hidden:
    above, below = _unworked_share(split)
    mature = split.tp + split.fp + split.fn + split.tn + split.unworked_above + split.unworked_below
    unworked = split.unworked_above + split.unworked_below
    return _Hidden(
        above=above > MOST_UNWORKED,
        either=(above > MOST_UNWORKED) | (below > MOST_UNWORKED),
        all_leads=bool((unworked > MOST_UNWORKED * mature).any()),
    )


def _rates(
    cells: Cells, at: Ints, split: _Split, hidden: _Hidden, confidence: float
) -> dict[str, Floats]:
    precision = rate_arrays(_taken(precision_family(cells), at), confidence=confidence,
                            pool=precision_family(cells))  # fmt: skip
    base = _share(cells.converted.sum(), cells.judged.sum())
    return {
        **_columns("precision", precision.estimate, precision.low, precision.high),
        **_columns("nowhere_rate", 1 - precision.estimate, 1 - precision.high, 1 - precision.low),
        **_told("recall", recall_family(cells), at, hidden, confidence),
        **_told("false_positive_rate", miss_family(cells), at, hidden, confidence),
        "lift": np.where(hidden.either, np.nan, _share(precision.estimate, base)),
        "npv": np.where(hidden.either, np.nan, _share(split.tn, split.tn + split.fn)),
    }


def _told(
    name: str, family: Family, at: Ints, hidden: _Hidden, confidence: float
) -> dict[str, Floats]:
    rates = rate_arrays(_taken(family, at), confidence=confidence, pool=family)
    columns = _columns(name, rates.estimate, rates.low, rates.high)
    return {key: np.where(hidden.either, np.nan, value) for key, value in columns.items()}


def _columns(name: str, estimate: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
    return {name: estimate, f"{name}_low": low, f"{name}_high": high}


def _taken(family: Family, at: Ints) -> Family:
    return Family(
        family.hits[at],
        family.misses[at],
        family.hits_hits[at],
        family.hits_misses[at],
        family.misses_misses[at],
        family.accounts,
    )


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
    cells: Cells,
    at: Ints,
    split: _Split,
    hidden: _Hidden,
    cost_ratio: float | None,
    confidence: float,
) -> dict[str, Floats]:
    unknown = np.full(len(at), np.nan)
    if cost_ratio is None or not cells.judged.sum():
        return {**_columns("net_benefit", unknown, unknown, unknown), "net_benefit_all": unknown}
    n = cells.judged.sum()
    benefit = (split.tp - cost_ratio * split.fp) / n
    half = net_benefit_error(cells, cost_ratio)[at] * _benefit_quantile(cells, confidence)
    # Nobody judged above: no evidence, although the formula gives 0 with no error.
    half = np.where(split.tp + split.fp > 0, half, np.nan)
    everyone = (cells.converted.sum() - cost_ratio * cells.not_converted.sum()) / n
    columns = _columns("net_benefit", benefit, benefit - half, benefit + half)
    told = {key: np.where(hidden.above, np.nan, value) for key, value in columns.items()}
    return {
        **told,
        "net_benefit_all": np.full(len(at), np.nan if hidden.all_leads else everyone),
    }


def _benefit_quantile(cells: Cells, confidence: float) -> float:
    side = tail(confidence)
    z = -float(ndtri(side))
    if cells.pairs is None:
        return z
    whole = _taken(precision_family(cells), np.zeros(1, np.int64))
    return z * float(quantile_ratio(whole.n, whole.equal_accounts, side)[0])


def net_benefit_error(cells: Cells, cost_ratio: float) -> Floats:
    """Standard error of net benefit at each level and above all of them.

    z = 1 for a converted lead at or above, -cost_ratio for one that did not convert, 0 below;
    Var = G/(G-1) * sum over accounts of (sum of z - mean z)^2 / n^2.
    """
    above, n = precision_family(cells), float(cells.judged.sum())
    mean = (above.hits - cost_ratio * above.misses) / n
    square = (
        above.hits_hits - 2 * cost_ratio * above.hits_misses + cost_ratio**2 * above.misses_misses
    )
    with_all = _with_all(cells, cost_ratio, above)
    everyone = n if cells.pairs is None else float(cells.pairs.n.sum())
    variance = (square - 2 * mean * with_all + mean**2 * everyone) / n**2
    return np.sqrt(np.maximum(variance, 0.0) * account_factor(above.accounts))


def _with_all(cells: Cells, cost_ratio: float, above: Family) -> Floats:
    """Sum over accounts of (its sum of z) x (its judged leads)."""
    if cells.pairs is None:
        return above.hits - cost_ratio * above.misses
    value = np.where(cells.pairs.a_hit, 1.0, -cost_ratio) * cells.pairs.n
    by_level = np.bincount(cells.pairs.a, weights=value, minlength=len(cells.levels))
    return suffix_sum(by_level.astype(np.float64)).astype(np.float64)


def _reasons(cells: Cells, at: Ints, split: _Split, confidence: float) -> pd.Series:
    family = _taken(precision_family(cells), at)
    rates: RateArrays = rate_arrays(family, confidence=confidence, pool=precision_family(cells))
    above, below = _unworked_share(split)
    notes = zip(above, below, rate_reasons(family.n, rates), strict=True)
    return pd.Series([_reason(*note, cells) for note in notes], dtype=object)


def _reason(above: float, below: float, note: str | None, cells: Cells) -> str | None:
    parts = [
        f"cannot be told: {share:.0%} of leads {side} were never worked"
        for share, side in ((below, "below the threshold"), (above, "at or above the threshold"))
        if share > MOST_UNWORKED
    ]
    if note is not None:
        parts.append(f"{note} at or above the threshold" if note == "no judged leads" else note)
    if cells.judged.sum():
        parts += [
            f"no judged lead {what}"
            for what, n in (
                ("converted", cells.converted.sum()),
                ("failed to convert", cells.not_converted.sum()),
            )
            if not n
        ]
    return "; ".join(parts) or None
