"""Which bands of a score can be told apart, pair by pair."""

from __future__ import annotations

from itertools import combinations
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.bands import BandLike
from toolkit.analysis.cells import Cells, Ints, read_cells
from toolkit.analysis.influence import account_products, robust_factor
from toolkit.analysis.intervals import Family, group_family, tail
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.student import ALONE, student_p
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.counts import ScoreCounts

__all__ = ["band_brackets", "brackets_of", "compare_bands"]

_LEAST_EXPECTED = 5
_NO_EFFECT = 1e-9
"""Variance over accounts, as a share of that of independent leads, that is rounding noise."""
_PAIRS = [
    "higher", "lower", "difference", "statistic", "p_value", "adjusted_p", "apart", "method",
    "reason",
]  # fmt: skip


def compare_bands(
    counts: ScoreCounts, bands: Sequence[BandLike], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Test, for each two bands, whether their judged leads convert at different rates.

    Score test: the difference of the two rates over its standard error if both had the rate of
    the two bands together. Where accounts are known that variance is multiplied by the design effect
    of the difference (Rao and Scott), which allows for accounts with leads in both bands. All
    pairs are one family (Holm), so a wrong "apart" appears anywhere with probability of at most
    1 - confidence.

    One row per pair, in the order of the bands, highest first. Columns: `higher`, `lower` (names of
    the bands); `difference` (rate of the higher less that of the lower band); `statistic` (normal,
    or t with fewer than 40 equal accounts); `p_value` (of this pair, two-sided); `adjusted_p` (over
    all pairs); `apart` (adjusted_p <= 1 - confidence); `method`; `reason` (why a pair cannot be
    tested: fewer than 5 conversions or 5 others expected in a band; None otherwise). Source: Holm
    (1979); Rao and Scott (1984).

    Raises QuestionError as `band_table` does.

    >>> import pandas as pd
    >>> from toolkit.analysis import ScoreBand
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(score, state, n) for score, hits in ((20, 100), (40, 105), (60, 200))
    ...          for state, n in (("converted", hits), ("not_converted", 1000 - hits))]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> bands = [ScoreBand("hot", 60), ScoreBand("warm", 40), ScoreBand("cold", None)]
    >>> table = compare_bands(counts, bands)
    >>> table[["higher", "lower", "apart"]].to_dict("split")["data"]
    [['hot', 'warm', True], ['hot', 'cold', True], ['warm', 'cold', False]]
    """
    alpha = 2 * tail(confidence)
    cells = read_cells(counts)
    names, group = _grouped(cells, bands)
    family = group_family(cells, group, len(names))
    rows = [
        (names[a], names[b], *_compared(cells, group, family, a, b))
        for a, b in combinations(range(len(names)), 2)
    ]
    table = pd.DataFrame(rows, columns=[name for name in _PAIRS if name not in _ADDED])
    adjusted = holm(table["p_value"].to_numpy(dtype=np.float64))
    return table.assign(adjusted_p=adjusted, apart=adjusted <= alpha)[_PAIRS]


_ADDED = ("adjusted_p", "apart")


def band_brackets(
    counts: ScoreCounts, bands: Sequence[BandLike], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Brackets over neighbouring bands of which no two can be told apart.

    Each bracket is as long as it can be; bands outside any bracket differ from both neighbours. Not
    told apart is not proved equal: with few leads everything is in one bracket. One row per bracket,
    highest first. Columns: `first`, `last` (names of the highest and the lowest band), `bands`
    (how many), `p_value` (the smallest adjusted p-value inside; NaN where no pair could be tested).

    Source: definition, from the tests of `compare_bands`; the display is that of Piepho (2004).

    >>> import pandas as pd
    >>> from toolkit.analysis import ScoreBand
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(score, state, n) for score, hits in ((20, 100), (40, 105), (60, 200))
    ...          for state, n in (("converted", hits), ("not_converted", 1000 - hits))]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> bands = [ScoreBand("hot", 60), ScoreBand("warm", 40), ScoreBand("cold", None)]
    >>> table = band_brackets(counts, bands)
    >>> table[["first", "last", "bands"]].to_dict("split")["data"]
    [['warm', 'cold', 2]]
    """
    return brackets_of(compare_bands(counts, bands, confidence=confidence))


def brackets_of(table: pd.DataFrame) -> pd.DataFrame:
    """Brackets over the bands of a table of `compare_bands`, as `band_brackets`."""
    names = list(dict.fromkeys([*table["higher"], *table["lower"]]))
    place = {name: i for i, name in enumerate(names)}
    apart = np.zeros((len(names), len(names)), dtype=np.bool_)
    p = np.full(apart.shape, np.nan)
    at = tuple(table[side].map(place).to_numpy(dtype=np.int64) for side in ("higher", "lower"))
    apart[at], p[at] = table["apart"], table["adjusted_p"]
    rows, reached = [], 0
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and not apart[first : last + 1, last + 1].any():
            last += 1
        if last > max(first, reached):
            inside = p[first : last + 1, first : last + 1]
            least = float(np.nanmin(inside)) if (~np.isnan(inside)).any() else nan
            rows.append((names[first], names[last], last - first + 1, least))
        reached = max(reached, last)
    return pd.DataFrame(rows, columns=["first", "last", "bands", "p_value"])


def _grouped(cells: Cells, bands: Sequence[BandLike]) -> tuple[list[str], Ints]:
    """Band names, highest first, and the band of each level (-1: below all bands)."""
    if not bands:
        raise QuestionError("no bands were given: name at least two to compare")
    starts = np.array([-np.inf if band.start is None else band.start for band in bands], float)
    if len(np.unique(starts)) < len(starts):
        raise QuestionError("two bands start at the same score: give each its own start")
    order = np.argsort(-starts)
    ascending = starts[order][::-1]
    below = np.searchsorted(ascending, cells.levels, side="right") - 1
    group = np.where(below < 0, -1, len(bands) - 1 - below)
    return [bands[i].name for i in order], group.astype(np.int64)


def _compared(
    cells: Cells, group: Ints, family: Family, a: int, b: int
) -> tuple[float, float, float, str, str | None]:
    n, hits = family.n[[a, b]], family.hits[[a, b]]
    method = "score test" if cells.pairs is None else "score test (accounts)"
    if (n == 0).any():
        return nan, nan, nan, method, "no judged leads in one of the bands"
    together = float(hits.sum() / n.sum())
    difference = float(hits[0] / n[0] - hits[1] / n[1])
    if min(n.min() * together, n.min() * (1 - together)) < _LEAST_EXPECTED:
        why = f"fewer than {_LEAST_EXPECTED} conversions or others expected in a band"
        return difference, nan, nan, method, why
    accounts = n.min() if family.accounts is None else family.equal_accounts[[a, b]].min()
    if accounts <= ALONE:
        return difference, nan, nan, method, "one account holds all leads of a band"
    effect = _design_effect(cells, group, family, a, b)
    variance = together * (1 - together) * float((1 / n).sum()) * effect
    if effect <= _NO_EFFECT:
        return difference, nan, nan, method, "the accounts show no variation"
    z = difference / variance**0.5
    return difference, z, float(student_p(z, float(accounts))), method, None


def _design_effect(cells: Cells, group: Ints, family: Family, a: int, b: int) -> float:
    """Variance of the difference over accounts, over that of as many independent leads."""
    if cells.pairs is None:
        return 1.0
    n, share = family.n[[a, b]], family.share[[a, b]]
    spread = float(np.sum(share * (1 - share) / n))
    if spread == 0:
        # All of one band and none of the other: nothing shows how alike leads of an account are.
        return float(np.sum(1 / family.equal_accounts[[a, b]]) / np.sum(1 / n))
    weight = np.where(group == a, 1 / n[0], np.where(group == b, -1 / n[1], 0.0))
    own = np.where(group == a, share[0], share[1])
    products = account_products(cells, (weight * (1 - own))[:, None], (-weight * own)[:, None])
    return float(products[0, 0]) * robust_factor(cells, 1) / spread
