"""Are the rates of all segments equal? Pearson's test, and what accounts make of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc

from toolkit.analysis.segments.cells import FEWEST, SegmentCells, SegmentRate, read_segments

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["SegmentTest", "homogeneity", "segment_test"]


@dataclass(frozen=True, slots=True)
class SegmentTest:
    """Whether segments differ beyond chance."""

    statistic: float
    """Pearson's chi-square, or for areas a Wald statistic."""
    df: float
    p_value: float
    """Over accounts where they are known."""
    p_leads: float
    """As if every lead were independent."""
    design_effect: float
    """Mean of the eigenvalues by which accounts stretch the statistic."""
    segments: int
    method: str
    reason: str | None


def segment_test(
    counts: ScoreCounts, *, rate: SegmentRate = "precision", threshold: int | None = None
) -> SegmentTest:
    """Test whether all segments have the same rate; counts split by one axis.

    `precision`: converted / judged leads (at or above the threshold where one is given);
    `recall`: of converted leads, at or above; `false_positive_rate`: of judged leads that did not
    convert, at or above. Segments with fewer than 5 leads, or without one in the denominator, take
    no part. Pearson's chi-square; with accounts its law is that of Rao and Scott (1984): the
    statistic over the mean eigenvalue of the design effects, F distributed with Satterthwaite's
    degrees of freedom, leads of one account in several segments allowed for.

    Source: Pearson (1900); Rao and Scott (1984) over accounts.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [("a", "converted", 30), ("a", "not_converted", 70),
    ...          ("b", "converted", 10), ("b", "not_converted", 90)]
    >>> frame = pd.DataFrame(cells, columns=["region", "state", "n"]).assign(score=60)
    >>> counts = ScoreCounts(frame, None, ("region",))
    >>> found = segment_test(counts)
    >>> round(found.statistic, 9), found.df  # 200 * 0.2^2 / 4 / (0.2 * 0.8)
    (12.5, 1)
    """
    cells = read_segments(counts, rate=rate, threshold=threshold)
    return homogeneity(cells.only((cells.leads >= FEWEST) & (cells.n > 0)))


def homogeneity(cells: SegmentCells) -> SegmentTest:
    """Test the rates of segments that all have leads; see `segment_test`."""
    n, total = cells.n, float(cells.n.sum())
    method = "Pearson" if cells.hits_hits is None else "Pearson, Rao-Scott over accounts"
    reason = _why_not(cells)
    if reason is not None:
        return SegmentTest(nan, nan, nan, nan, nan, len(n), method, reason)
    rate = float(cells.hits.sum()) / total
    scale = n * rate * (1 - rate)
    away = cells.hits - n * rate
    statistic, df = float((away**2 / scale).sum()), len(n) - 1
    plain = float(chdtrc(df, statistic))
    if cells.hits_hits is None:
        return SegmentTest(statistic, df, plain, plain, 1.0, len(n), method, None)
    centre = np.eye(len(n)) - np.outer(n, np.ones(len(n))) / total
    spread = centre @ cells.spread(np.full(len(n), rate)) @ centre.T
    effects = np.linalg.eigvalsh(spread / np.sqrt(np.outer(scale, scale)))
    first, second = float(effects.sum()), float((effects**2).sum())
    if first <= 0:
        note = "the accounts show no variation"
        return SegmentTest(statistic, df, nan, plain, nan, len(n), method, note)
    freedom = first**2 / second
    accounts = float(cells.together.equal_accounts[0]) - 1
    p = float(fdtrc(freedom, freedom * max(accounts, 1.0), statistic / first))
    return SegmentTest(statistic, freedom, p, plain, first / df, len(n), method, _note(cells))


def _why_not(cells: SegmentCells) -> str | None:
    if len(cells.n) <= 1:
        return "fewer than two segments with leads to compare"
    if not cells.hits.sum() or not cells.misses.sum():
        return "all leads compared have the same outcome"
    return None


def _note(cells: SegmentCells) -> str | None:
    if cells.spanning_known:
        return None
    return "accounts with leads in several segments were taken as different accounts"
