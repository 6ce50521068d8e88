"""One rate by segment: as seen, drawn together, against the rest, against chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.analysis.intervals import rate_arrays, ratio
from toolkit.analysis.multiplicity import benjamini_hochberg, holm
from toolkit.analysis.rates import rate_reasons
from toolkit.analysis.segments.cells import FEWEST, SegmentCells, SegmentRate, read_segments
from toolkit.analysis.segments.pooling import funnel_limits, partial_pooling
from toolkit.analysis.student import student_p

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats
    from toolkit.analysis.intervals import RateArrays
    from toolkit.analysis.verdict import Answer
    from toolkit.counts import ScoreCounts

__all__ = ["segment_table"]


@dataclass(frozen=True, slots=True)
class _Rest:
    """Each segment against all others together."""

    difference: Floats
    low: Floats
    high: Floats
    p_value: Floats


def segment_table(
    counts: ScoreCounts,
    *,
    rate: SegmentRate = "precision",
    threshold: int | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Rate of each segment, with what chance and small numbers make of it.

    `rate` and `threshold` as in `segment_test`; counts split by one axis. One row per segment, in
    order of name. Segments with fewer than 5 leads are named and not shown, and take no part.

    Columns: `segment`; `leads` (all leads); `n` (leads in the denominator), `positives` (in the
    numerator), `rate` (positives / n), `low`, `high`; `shrunk`, `shrunk_low`, `shrunk_high` (drawn
    towards the other segments by partial pooling of effective counts: the better guess for a small
    segment); `funnel_low`, `funnel_high` (where 95% of segments of this size would lie if all had
    the overall rate), `funnel_lowest`, `funnel_highest` (99.8%); `difference` (rate less that of
    all other segments together) with `difference_low`, `difference_high`; `p_value` (score test),
    `p_holm`, `p_bh` (adjusted for the segments: to decide, to explore); `answer` (does it differ
    from the rest by more than `margin`? Yes, No, Not enough evidence, Cannot be told from this
    data); `reason`.

    Yes: p_holm < 1 - confidence and the interval of the difference lies beyond the margin. No: the
    interval lies within the margin. Sources: Spiegelhalter (2005) for the funnel; Holm (1979).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [("a", "converted", 30), ("a", "not_converted", 70),
    ...          ("b", "converted", 10), ("b", "not_converted", 90)]
    >>> frame = pd.DataFrame(cells, columns=["region", "state", "n"]).assign(score=60)
    >>> counts = ScoreCounts(frame, None, ("region",))
    >>> table = segment_table(counts)
    >>> table[["segment", "rate", "difference", "answer"]].round(9).values.tolist()
    [['a', 0.3, 0.2, 'Yes'], ['b', 0.1, -0.2, 'Yes']]
    """
    every = read_segments(counts, rate=rate, threshold=threshold)
    shown = every.leads >= FEWEST
    cells = every.only(shown)
    rates = rate_arrays(cells.family, confidence=confidence, pool=cells.family)
    rest = _rest(cells, rates, confidence)
    unworked = ratio(
        cells.unworked.astype(np.float64), (cells.unworked + cells.judged).astype(np.float64)
    )
    table = pd.DataFrame(
        {
            "segment": list(cells.names),
            "leads": cells.leads,
            "n": cells.n.astype(np.int64),
            "positives": cells.hits.astype(np.int64),
            "rate": rates.estimate,
            "low": rates.low,
            "high": rates.high,
            **_shrunk(cells, rates, confidence),
            **_funnel(cells, rates),
            "difference": rest.difference,
            "difference_low": rest.low,
            "difference_high": rest.high,
            "p_value": rest.p_value,
            "p_holm": holm(rest.p_value),
            "p_bh": benjamini_hochberg(rest.p_value),
        }
    )
    table["answer"] = _answers(table, unworked, margin, confidence)
    table["reason"] = pd.Series(_reasons(cells, rates, unworked), dtype=object)
    return _with_small(table, every.names)


def _shrunk(cells: SegmentCells, rates: RateArrays, confidence: float) -> dict[str, Floats]:
    """Pool effective counts: accounts make a segment worth fewer leads than it has."""
    worth = ratio(rates.n_effective, cells.n, empty=0.0)
    found = partial_pooling(cells.hits * worth, cells.n * worth, confidence=confidence)
    return {"shrunk": found.shrunk, "shrunk_low": found.low, "shrunk_high": found.high}


def _funnel(cells: SegmentCells, rates: RateArrays) -> dict[str, Floats]:
    unknown = np.full(len(cells.n), nan)
    names = ("funnel_low", "funnel_high", "funnel_lowest", "funnel_highest")
    if not cells.n.sum():
        return dict.fromkeys(names, unknown)
    overall, some = float(cells.hits.sum() / cells.n.sum()), rates.n_effective > 0
    size = np.where(some, rates.n_effective, 1.0)
    ends = [*funnel_limits(overall, size), *funnel_limits(overall, size, confidence=0.998)]
    return {name: np.where(some, end, nan) for name, end in zip(names, ends, strict=True)}


def _rest(cells: SegmentCells, rates: RateArrays, confidence: float) -> _Rest:
    n, total, hits = cells.n, cells.n.sum(), cells.hits
    other = total - n
    compared = (n > 0) & (other > 0)
    left = ratio(hits.sum() - hits, other)
    weights = _contrast(n)
    overall = ratio(hits.sum(keepdims=True), np.atleast_1d(total))[0]
    plain = overall * (1 - overall) * (ratio(np.ones_like(n), n) + ratio(np.ones_like(n), other))
    effect = _effect(cells, weights, float(np.nan_to_num(overall)))
    z = ratio(np.abs(rates.estimate - left), np.sqrt(plain * effect), empty=0.0)
    low, high = _hybrid(cells, rates, left, confidence)
    p = np.where(compared, student_p(z, _freedom(cells)), nan)
    return _Rest(np.where(compared, rates.estimate - left, nan), low, high, p)


def _freedom(cells: SegmentCells) -> Floats:
    """Equal accounts of each segment, or of the rest where these are fewer."""
    places = np.arange(len(cells.n))
    rest = [float(cells.only(places != place).together.freedom[0]) for place in places]
    return np.minimum(cells.family.freedom, rest)


def _contrast(n: Floats) -> Floats:
    """Rows: weights of the segments' sums in (rate of a segment - rate of the rest)."""
    own = ratio(np.ones_like(n), n, empty=0.0)
    other = ratio(np.ones_like(n), n.sum() - n, empty=0.0)
    return np.diag(own + other) - np.outer(other, np.ones(len(n)))


def _effect(cells: SegmentCells, weights: Floats, rate: float) -> Floats:
    """Variance over accounts / variance over leads of each contrast, under one common rate."""
    if cells.hits_hits is None:
        return np.ones(len(weights))
    robust = np.diag(weights @ cells.spread(np.full(len(cells.n), rate)) @ weights.T)
    leads = weights**2 @ (cells.hits * (1 - rate) ** 2 + cells.misses * rate**2)
    return ratio(robust, leads, empty=1.0)


def _hybrid(
    cells: SegmentCells, rates: RateArrays, left: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Interval of the difference from those of the two rates and their correlation."""
    low, high = np.full(len(left), nan), np.full(len(left), nan)
    for place in range(len(left)):
        others = np.arange(len(left)) != place
        rest = cells.only(others).together
        found = rate_arrays(rest, confidence=confidence, pool=cells.family)
        rho = _correlation(cells, place)
        one, two = rates.estimate[place], float(found.estimate[0])
        down = (one - rates.low[place], float(found.high[0]) - two)
        up = (rates.high[place] - one, two - float(found.low[0]))
        low[place] = max(one - two - _joined(*down, rho), -1.0)
        high[place] = min(one - two + _joined(*up, rho), 1.0)
    return low, high


def _joined(first: float, second: float, rho: float) -> float:
    return float(np.sqrt(max(first**2 + second**2 - 2 * rho * first * second, 0.0)))


def _correlation(cells: SegmentCells, place: int) -> float:
    """Correlation, over accounts, of a segment's rate with the rate of the rest."""
    if cells.hits_hits is None:
        return 0.0
    other = np.arange(len(cells.n)) != place
    left = cells.hits[other].sum() / max(cells.n[other].sum(), 1.0)
    rates = np.where(other, left, np.nan_to_num(cells.family.share))
    spread = cells.spread(rates)
    own, rest = spread[place, place], spread[np.ix_(other, other)].sum()
    if own <= 0 or rest <= 0:
        return 0.0
    return float(np.clip(spread[place, other].sum() / np.sqrt(own * rest), -1.0, 1.0))


def _answers(
    table: pd.DataFrame, unworked: Floats, margin: float, confidence: float
) -> list[Answer]:
    rows = zip(
        table["p_holm"], table["difference_low"], table["difference_high"], unworked, strict=True
    )
    return [_answer(*row, margin, 1 - confidence) for row in rows]


def _answer(  # noqa: PLR0917 - columns of a row
    p: float, low: float, high: float, unworked: float, margin: float, level: float
) -> Answer:
    if unworked > MOST_UNWORKED:
        return "Cannot be told from this data"
    if np.isnan(low) or np.isnan(p):
        return "Not enough evidence"
    if p < level and (low > margin or high < -margin):
        return "Yes"
    return "No" if -margin <= low and high <= margin else "Not enough evidence"


def _reasons(cells: SegmentCells, rates: RateArrays, unworked: Floats) -> list[str | None]:
    notes = rate_reasons(cells.n, rates)
    spanning = (
        "accounts with leads in several segments were taken as different accounts"
        if cells.hits_hits is not None and not cells.spanning_known
        else None
    )
    worked = [
        f"{share:.0%} of the mature leads were never worked: judged leads only"
        if share > MOST_UNWORKED
        else None
        for share in unworked
    ]
    return [
        "; ".join(part for part in parts if part) or None
        for parts in zip(notes, worked, [spanning] * len(notes), strict=True)
    ]


def _with_small(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Put segments that are too small to show back in their places, without their numbers."""
    counted = ["leads", "n", "positives"]
    words = {name: table.set_index("segment")[name].to_dict() for name in ("answer", "reason")}
    numbers = table.drop(columns=list(words)).astype(dict.fromkeys(counted, "Int64"))
    out = numbers.set_index("segment").reindex(list(names))
    small = f"fewer than {FEWEST} leads: not shown"
    out["answer"] = [words["answer"].get(name, "Not enough evidence") for name in names]
    out["reason"] = pd.Series(
        [words["reason"].get(name, small) for name in names], index=out.index, dtype=object
    )
    return out.rename_axis("segment").reset_index()
