"""Whether the score ranks leads as well in every segment."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from toolkit.analysis.cells import read_cells
from toolkit.analysis.intervals import account_factor, joined, ratio, tail
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.ranking import auc
from toolkit.analysis.ranking.placements import class_carriers
from toolkit.analysis.rates import Difference
from toolkit.analysis.segments.cells import FEWEST
from toolkit.analysis.segments.homogeneity import SegmentTest
from toolkit.analysis.student import ALONE, student_p, student_quantile
from toolkit.counts import STATES
from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    from toolkit.analysis.cells import Cells, Floats
    from toolkit.analysis.ranking import Auc
    from toolkit.counts import ScoreCounts

__all__ = ["area_difference", "area_test", "segment_areas"]


@dataclass(frozen=True, slots=True)
class _Areas:
    """Segments whose area and standard error are known, with their covariance."""

    names: tuple[str, ...]
    areas: tuple[Auc, ...]
    estimate: Floats
    covariance: Floats
    freedom: Floats
    """Degrees of freedom of each variance: equal accounts (leads) of the smaller class, less one."""
    known: np.ndarray


def segment_areas(counts: ScoreCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """Area under the ROC curve in each segment, and its difference from the mean of the segments.

    One row per segment, in order of name; counts split by one axis. Columns: `segment`; `leads`
    (all leads; NA under 5); `positives`, `negatives` (judged leads); `auc`, `low`, `high` (as in
    `auc`); `difference` (area less the mean of all segments' areas, weighted by 1/variance) with
    `difference_low`, `difference_high`; `p_value`; `p_holm`; `reason`. Interval and p-value are
    Student's where the equal accounts (leads) behind the difference are fewer than 40.

    A segment with a narrower spread of scores has a lower area whatever the score is worth in it:
    areas of different segments are comparable only where their scores are spread alike.
    Source: DeLong et al. (1988), Obuchowski (1997); leads of one account in two segments allowed
    for where they were counted.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [("a", 40, "converted", 5), ("a", 40, "not_converted", 60),
    ...          ("a", 60, "converted", 30), ("a", 60, "not_converted", 40),
    ...          ("b", 40, "converted", 15), ("b", 40, "not_converted", 60),
    ...          ("b", 60, "converted", 15), ("b", 60, "not_converted", 60)]
    >>> frame = pd.DataFrame(cells, columns=["region", "score", "state", "n"])
    >>> counts = ScoreCounts(frame, None, ("region",))
    >>> segment_areas(counts)[["segment", "auc"]].round(4).values.tolist()
    [['a', 0.7286], ['b', 0.5]]
    """
    found = _areas(counts, confidence)
    difference, error, equal = _from_mean(found)
    wide = student_quantile(equal, tail(confidence)) * error
    p = student_p(ratio(difference, error), equal)
    parts = list(dict(counts.groups()).values())
    small = np.array([part.n < FEWEST for part in parts], dtype=np.bool_)
    shown = {
        "positives": [each.positives for each in found.areas],
        "negatives": [each.negatives for each in found.areas],
    }
    return pd.DataFrame(
        {
            "segment": list(found.names),
            "leads": pd.array([part.n for part in parts], dtype="Int64"),
            **{name: pd.array(values, dtype="Int64") for name, values in shown.items()},
            "auc": [each.estimate for each in found.areas],
            "low": [each.low for each in found.areas],
            "high": [each.high for each in found.areas],
            "difference": difference,
            "difference_low": difference - wide,
            "difference_high": difference + wide,
            "p_value": p,
            "p_holm": holm(p),
            "reason": pd.Series([each.reason for each in found.areas], dtype=object),
        }
    ).pipe(_suppressed, small)


def _suppressed(table: pd.DataFrame, small: np.ndarray) -> pd.DataFrame:
    counted = ["leads", "positives", "negatives"]
    rates = [name for name in table.columns if name not in {"segment", "reason", *counted}]
    out = table.copy()
    out.loc[small, counted] = pd.NA
    out.loc[small, rates] = nan
    out.loc[small, "reason"] = f"fewer than {FEWEST} leads: not shown"
    return out


def area_test(counts: ScoreCounts) -> SegmentTest:
    """Test whether the score ranks leads equally well in all segments (Wald test of equal areas).

    Segments without an area or its standard error, or with fewer than 5 leads, take no part.

    Source: DeLong, DeLong and Clarke-Pearson (1988), over accounts Obuchowski (1997), for the
    covariance of the areas; Wald (1943) for the statistic; Welch (1951) for its law where the leads or
    accounts of a segment are few: the degrees of freedom of a segment's variance are the equal accounts
    (or leads) of its smaller class, less one.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [("a", 40, "converted", 5), ("a", 40, "not_converted", 60),
    ...          ("a", 60, "converted", 30), ("a", 60, "not_converted", 40),
    ...          ("b", 40, "converted", 15), ("b", 40, "not_converted", 60),
    ...          ("b", 60, "converted", 15), ("b", 60, "not_converted", 60)]
    >>> frame = pd.DataFrame(cells, columns=["region", "score", "state", "n"])
    >>> counts = ScoreCounts(frame, None, ("region",))
    >>> found = area_test(counts)  # areas of 0.73 and 0.5
    >>> found.df, bool(found.p_value < 0.001)
    (1, True)
    """
    found = _areas(counts, 0.95)
    used = found.known
    count, method = (
        int(used.sum()),
        "Wald, DeLong" + ("" if counts.accounts is None else " over accounts (Obuchowski)"),
    )
    if count <= 1:
        few = "fewer than two segments with an area to compare"
        return SegmentTest(nan, nan, nan, nan, nan, count, method, few)
    value, spread = found.estimate[used], found.covariance[np.ix_(used, used)]
    contrast = np.eye(count)[1:] - np.eye(count)[0]
    away = contrast @ value
    wald = float(away @ np.linalg.pinv(contrast @ spread @ contrast.T) @ away)
    p = _welch_p(wald, np.diag(spread), found.freedom[used])
    apart = counts.accounts is not None and counts.accounts_across is None
    note = "accounts with leads in several segments were taken as different accounts"
    return SegmentTest(wald, count - 1, p, nan, nan, count, method, note if apart else None)


def _welch_p(wald: float, variance: Floats, freedom: Floats) -> float:
    """p-value of a Wald statistic of k equal means whose variances have so many degrees of freedom.

    With w = 1/variance, W their sum and L = sum of (1 - w/W)^2 / df: wald/(k-1) / (1 + 2 (k-2) L /
    (k^2-1)) is F on k-1 and (k^2-1)/(3 L). Source: Welch (1951).
    """
    k = len(variance)
    weight = 1 / variance
    lack = float(((1 - weight / weight.sum()) ** 2 / freedom).sum())
    statistic = wald / (k - 1) / (1 + 2 * (k - 2) * lack / (k**2 - 1))
    return float(fdtrc(k - 1, (k**2 - 1) / (3 * lack), statistic))


def area_difference(
    counts: ScoreCounts, first: str, second: str, *, confidence: float = 0.95
) -> Difference:
    """Area under the ROC curve of the judged leads of one segment (or period) less that of another.

    The interval joins the logit intervals of the two areas (over accounts: Obuchowski, Student's t
    where these are few, which the reason then says) with their correlation through accounts with
    leads in both, where those were counted. NaN with a reason where an area or its standard error is not known, or a segment has fewer than
    5 leads. Raises QuestionError for a segment that was not counted, or counts split otherwise than
    by one axis. Source: DeLong et al. (1988); Obuchowski (1997); Zou and Donner (2008).

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", None, None, None, None)
    >>> rows = [(s, "converted" if c else "not_converted", q, n) for q, s, c, n in [
    ...     ("q1", 9, 1, 20), ("q1", 1, 1, 20), ("q1", 9, 0, 20), ("q1", 1, 0, 20),
    ...     ("q2", 9, 1, 30), ("q2", 1, 1, 10), ("q2", 9, 0, 10), ("q2", 1, 0, 30)]]
    >>> frame = pd.DataFrame(rows, columns=["score", "state", "quarter", "n"])
    >>> found = area_difference(ScoreCounts(frame, origin, by=("quarter",)), "q2", "q1")
    >>> round(found.estimate, 3), round(found.low, 2), round(found.high, 2)
    (0.25, 0.1, 0.39)
    """
    found = _areas(counts, confidence)
    for name in (first, second):
        if name not in found.names:
            raise QuestionError(
                f"no leads counted for '{name}': {nearest_first(name, found.names)}"
            )
    a, b = (found.names.index(name) for name in (first, second))
    if not (found.known[a] and found.known[b]):
        unknown = a if not found.known[a] else b
        why = found.areas[unknown].reason or f"fewer than {FEWEST} leads, or no spread of scores"
        return Difference(nan, nan, nan, why)
    one, two = found.areas[a], found.areas[b]
    spread = found.covariance
    rho = np.clip(spread[a, b] / np.sqrt(spread[a, a] * spread[b, b]), -1.0, 1.0)
    down, up = joined(
        np.array([one.estimate - one.low, one.high - one.estimate]),
        np.array([two.high - two.estimate, two.estimate - two.low]),
        rho,
    )
    middle = one.estimate - two.estimate
    note = "; ".join(
        f"{name}: {each.reason}" for name, each in ((first, one), (second, two)) if each.reason
    )
    return Difference(middle, middle - float(down), middle + float(up), note or None)


def _areas(counts: ScoreCounts, confidence: float) -> _Areas:
    if len(counts.by) != 1:
        raise QuestionError(
            f"the counts are split by {list(counts.by) or 'nothing'}: expected one axis, such as "
            'count_scores(backtest, by="region")'
        )
    parts = {key[0]: part for key, part in counts.groups()}
    areas = tuple(auc(part, confidence=confidence) for part in parts.values())
    error = np.array([each.standard_error for each in areas], dtype=np.float64)
    large = np.array([part.n >= FEWEST for part in parts.values()], dtype=np.bool_)
    carriers = [class_carriers(read_cells(part)).min() for part in parts.values()]
    freedom = np.array(carriers, dtype=np.float64) - 1
    spread = np.diag(error**2) + _between(counts, parts, areas)
    return _Areas(
        names=tuple(parts),
        areas=areas,
        estimate=np.array([each.estimate for each in areas], dtype=np.float64),
        covariance=spread,
        freedom=freedom,
        known=(error > 0) & large & (freedom > ALONE - 1),
    )


def _from_mean(found: _Areas) -> tuple[Floats, Floats, Floats]:
    """Each area less the weighted mean of all, its standard error, and the equal accounts of that.

    Degrees of freedom of the variance, a sum of c^2 V over the segments: (sum c^2 V)^2 / sum of
    (c^2 V)^2 / df (Satterthwaite 1946).
    """
    size, used = len(found.names), found.known
    out = np.full((3, size), nan)
    if used.sum() <= 1:
        return out[0], out[1], out[2]
    spread, own = found.covariance[np.ix_(used, used)], np.diag(found.covariance)[used]
    weight = 1 / own
    contrast = np.eye(len(own)) - weight / weight.sum()
    parts = contrast**2 * own
    out[0, used] = contrast @ found.estimate[used]
    out[1, used] = np.sqrt(np.maximum(np.diag(contrast @ spread @ contrast.T), 0.0))
    out[2, used] = 1 + parts.sum(axis=1) ** 2 / (parts**2 / found.freedom[used]).sum(axis=1)
    return out[0], out[1], out[2]


def _between(counts: ScoreCounts, parts: dict[str, ScoreCounts], areas: tuple[Auc, ...]) -> Floats:
    """Covariance of the areas of two segments: sums over accounts with leads in both."""
    out = np.zeros((len(parts), len(parts)))
    across = counts.accounts_across
    if counts.accounts is None or across is None or across.empty:
        return out
    values = pd.concat(
        [_influence(name, read_cells(part), area)
         for (name, part), area in zip(parts.items(), areas, strict=True)]
    )  # fmt: skip
    both = across
    for side in "ab":
        names = {"group": f"group_{side}", "score": f"score_{side}", "state": f"state_{side}"}
        own = values.rename(columns={**names, "u": f"u_{side}"})
        both = both.merge(own, on=list(names.values()), how="left")
    index = pd.Index(list(parts))
    rows, columns = (index.get_indexer(pd.Index(both[f"group_{side}"])) for side in "ab")
    joint = (both["n"] * both["u_a"] * both["u_b"]).to_numpy(dtype=np.float64)
    told = ~np.isnan(joint) & (rows >= 0) & (columns >= 0)
    np.add.at(out, (rows[told], columns[told]), joint[told])
    return out * account_factor(counts.accounts.judged)


def _influence(name: str, cells: Cells, area: Auc) -> pd.DataFrame:
    """What a lead of each level adds to the area: (placement - area) / size of its class."""
    hits, misses = cells.converted, cells.not_converted
    above = np.append(np.cumsum(hits[::-1])[::-1][1:], 0)
    below = np.cumsum(misses) - misses
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = ((below + misses / 2) / misses.sum() - area.estimate) / hits.sum()
        miss = ((above + hits / 2) / hits.sum() - area.estimate) / misses.sum()
    levels = len(cells.levels)
    return pd.DataFrame(
        {
            "group": name,
            "score": np.tile(cells.levels, 2),
            "state": np.repeat(STATES[:2], levels),
            "u": np.concatenate([hit, miss]),
        }
    )
