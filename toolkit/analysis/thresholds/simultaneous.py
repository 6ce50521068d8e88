"""Bands that hold for every threshold at once, for a reader who picks one from the curve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from toolkit.analysis.bootstrap import SEED, replicate_or_reason
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.intervals import (
    clopper_pearson_interval,
    miss_family,
    precision_family,
    rate_arrays,
    recall_family,
    tail,
)
from toolkit.analysis.questions import check_replicates, check_thresholds
from toolkit.analysis.rates import rate_reasons, with_unworked
from toolkit.analysis.split import positions, split_counts
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.intervals import Family, RateArrays
    from toolkit.analysis.split import Split
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["BandMethod", "threshold_bands"]

BandMethod = Literal["sup-t", "Bonferroni", "DKW"]
_RATES = {
    "precision": precision_family,
    "recall": recall_family,
    "false_positive_rate": miss_family,
}
_FEWEST = 5
"""Fewer hits or misses, and the log-odds are not near normal."""
_LEAST = 0.25
"""Counts are clipped here, so that log-odds stay finite."""


@dataclass(frozen=True, slots=True)
class _Curve:
    """One rate at the asked thresholds, with its pointwise intervals."""

    name: str
    family: Family
    whole: Family
    """The same rate at every score: its design effect is pooled over these."""
    rates: RateArrays
    at: Ints


@dataclass(frozen=True, slots=True)
class _Ends:
    low: Floats
    high: Floats
    method: NDArray[np.str_]
    reason: str | None = None


def threshold_bands(
    counts: ScoreCounts,
    *,
    thresholds: Sequence[int] | None = None,
    method: BandMethod = "sup-t",
    confidence: float = 0.95,
    replicates: int | ReplicateCounts = 2000,
    seed: int = SEED,
) -> pd.DataFrame:
    """Bands of precision, recall and false-positive rate over all the thresholds at once.

    Each rate has a band of its own: with probability `confidence` its whole true curve, at every
    threshold listed, lies inside. Denominators and thresholds (score >= threshold; by default
    every score) as in `threshold_table`.

    Columns: `rate` (its name), `threshold`, `positives`, `n` (numerator and denominator),
    `estimate`, `low`, `high` (interval for a threshold named beforehand), `band_low`, `band_high`
    (for all at once), `method` (of the band at this threshold), `reason`.

    `sup-t`: log-odds +- c * sd, with sd and c (95% quantile of the largest studentised deviation)
    from bootstrapped counts, over thresholds with at least 5 hits and misses; elsewhere
    Clopper-Pearson at the level of c. Only for leads whose accounts are not known, else as
    `Bonferroni`: Clopper-Pearson on the effective number of leads, at the level for so many
    intervals. `DKW`: estimate +- sqrt(log(2/alpha)/(2n)), free of any approximation, for recall
    and false-positive rate of leads whose accounts are not known. Sources: Montiel Olea and
    Plagborg-Moller (2019); Clopper and Pearson (1934); Massart (1990).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 10), (40, "not_converted", 90),
    ...          (60, "converted", 40), (60, "not_converted", 60)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = threshold_bands(counts, thresholds=[40, 60], replicates=200)
    >>> table = table[table["rate"] == "recall"].set_index("threshold")
    >>> bool(table.loc[60, "band_low"] < table.loc[60, "low"])  # wider: right at both at once
    True
    """
    check_thresholds(thresholds)
    check_replicates(replicates)
    if method not in ("sup-t", "Bonferroni", "DKW"):
        raise QuestionError(f"method is '{method}': expected sup-t, Bonferroni or DKW")
    cells = read_cells(counts)
    asked, at = positions(cells, thresholds)
    drawn = None
    # Over accounts the log-odds bands cover too seldom (simulated), so theirs are Bonferroni's; so
    # are those of too many scores to draw from. The column `method` says it.
    if method == "sup-t" and cells.pairs is None:
        drawn = replicate_or_reason(counts, replicates, seed)[0]
    tables = []
    for name, family in _RATES.items():
        curve = _curve(name, family(cells), at, confidence)
        tables.append(_table(cells, asked, curve, _ends(curve, drawn, method, confidence)))
    return pd.concat(tables, ignore_index=True)


_PARTS = ("hits", "misses", "hits_hits", "hits_misses", "misses_misses")


def _curve(name: str, whole: Family, at: Ints, confidence: float) -> _Curve:
    picked = {part: getattr(whole, part)[at] for part in _PARTS}
    family = replace(whole, **picked)
    return _Curve(name, family, whole, rate_arrays(family, confidence=confidence, pool=whole), at)


def _ends(curve: _Curve, drawn: Floats | None, method: BandMethod, confidence: float) -> _Ends:
    if method == "DKW":
        return _dkw(curve, confidence)
    bonferroni = -float(ndtri(tail(confidence) / max(len(curve.at), 1)))
    if drawn is None:
        low, high = _exact(curve, bonferroni)
        return _Ends(low, high, np.full(len(low), "Clopper-Pearson, Bonferroni"))
    spread, critical = _sup_t(curve, drawn, confidence, bonferroni)
    return _joined(curve, spread, critical)


def _exact(curve: _Curve, critical: float) -> tuple[Floats, Floats]:
    """Clopper-Pearson on the effective number of leads: Wilson's lower end errs at a few hits."""
    level = 2 * float(ndtr(critical)) - 1
    rates = rate_arrays(curve.family, confidence=level, pool=curve.whole)
    hits = np.nan_to_num(rates.estimate) * rates.n_effective
    return clopper_pearson_interval(hits, rates.n_effective, confidence=level)


def _sup_t(
    curve: _Curve, drawn: Floats, confidence: float, bonferroni: float
) -> tuple[Floats, float]:
    """Standard deviation of the log-odds at each threshold, and the critical value of the band."""
    hits, misses = (part[:, curve.at] for part in _replicated(curve.name, drawn))
    away = _log_odds(hits, misses) - _log_odds(curve.family.hits, curve.family.misses)
    spread = np.asarray(away.std(axis=0), dtype=np.float64)
    usual = _usual(curve) & (spread > 0)
    if not usual.any():
        return spread, bonferroni
    furthest = np.abs(away[:, usual] / spread[usual]).max(axis=1)
    # Never narrower than the interval of a threshold named beforehand.
    return spread, max(float(np.quantile(furthest, confidence)), -float(ndtri(tail(confidence))))


def _joined(curve: _Curve, spread: Floats, critical: float) -> _Ends:
    """Log-odds bands where counts are usual; Clopper-Pearson at the same level elsewhere."""
    low, high = _exact(curve, critical)
    usual = _usual(curve) & (spread > 0)
    middle = _log_odds(curve.family.hits, curve.family.misses)
    step = np.where(usual, critical * spread, 0.0)
    return _Ends(
        np.where(usual, expit(middle - step), low),
        np.where(usual, expit(middle + step), high),
        np.where(usual, "sup-t", "Clopper-Pearson with the critical value of sup-t"),
    )


def _replicated(name: str, drawn: Floats) -> tuple[Floats, Floats]:
    """Hits and misses of a rate at each level in each replicate (B x K, and above all levels)."""
    positives, negatives = (_above(drawn[:, :, kind]) for kind in (0, 1))
    if name == "precision":
        return positives, negatives
    reached = positives if name == "recall" else negatives
    return reached, reached[:, :1] - reached


def _above(drawn: Floats) -> Floats:
    sums = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([sums, np.zeros((len(drawn), 1))], axis=1)


def _log_odds(hits: Floats, misses: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(hits, _LEAST) / np.maximum(misses, _LEAST)), np.float64)


def _usual(curve: _Curve) -> NDArray[np.bool_]:
    """Enough hits and misses for log-odds that are near normal."""
    enough: NDArray[np.bool_] = np.minimum(curve.family.hits, curve.family.misses) >= _FEWEST
    return enough


def _dkw(curve: _Curve, confidence: float) -> _Ends:
    unknown, method = np.full(len(curve.at), np.nan), np.full(len(curve.at), "DKW")
    if curve.name == "precision" or curve.family.accounts is not None:
        return _Ends(unknown, unknown, method, _NO_DKW)
    step = np.sqrt(np.log(2 / (1 - confidence)) / (2 * np.maximum(curve.family.n, 1.0)))
    share = curve.family.share
    return _Ends(np.maximum(share - step, 0.0), np.minimum(share + step, 1.0), method)


def _table(cells: Cells, asked: Ints, curve: _Curve, ends: _Ends) -> pd.DataFrame:
    split = split_counts(cells, curve.at)
    hidden = split.hidden if curve.name != "precision" else np.zeros(len(asked), np.bool_)
    rates = curve.rates
    values = {
        "estimate": rates.estimate,
        "low": rates.low,
        "high": rates.high,
        "band_low": ends.low,
        "band_high": ends.high,
    }
    return pd.DataFrame(
        {
            "rate": curve.name,
            "threshold": asked,
            "positives": curve.family.hits.astype(np.int64),
            "n": curve.family.n.astype(np.int64),
            **{name: np.where(hidden, np.nan, value) for name, value in values.items()},
            "method": ends.method,
            "reason": pd.Series(_reasons(curve, split, hidden, ends), dtype=object),
        }
    )


def _reasons(
    curve: _Curve, split: Split, hidden: NDArray[np.bool_], ends: _Ends
) -> list[str | None]:
    n = curve.family.n
    notes = rate_reasons(n, curve.rates)
    if curve.name == "precision":
        notes = with_unworked(notes, n, split.unworked_above)
    return [
        _untold(split, place) if hidden[place] else note or ends.reason
        for place, note in enumerate(notes)
    ]


_NO_DKW = "no DKW band: it is for recall and false-positive rate of leads without accounts"


def _untold(split: Split, place: int) -> str:
    shares = (
        (split.unworked_share_below[place], "below the threshold"),
        (split.unworked_share_above[place], "at or above the threshold"),
    )
    return "; ".join(
        f"cannot be told: {share:.0%} of leads {side} were never worked"
        for share, side in shares
        if share > MOST_UNWORKED
    )
