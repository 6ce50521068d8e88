"""Net benefit of each threshold in money, per 100 leads and a week, against all and nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.best import best_thresholds
from toolkit.analysis.benefit.net import benefit_intervals, net_benefit
from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.influence import masked_share
from toolkit.analysis.intervals import precision_family, rate_arrays, ratio
from toolkit.analysis.questions import check_cost_ratio, check_thresholds
from toolkit.analysis.split import positions, split_counts
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.split import Split
    from toolkit.counts import ScoreCounts

__all__ = ["benefit_sensitivity", "benefit_table"]


def benefit_table(
    counts: ScoreCounts,
    *,
    cost_ratio: float,
    value: float = 1.0,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Worth of working all leads at or above each threshold, and of doing so rather than all.

    `value` is what a worked lead that converts gains (money; 1 by default), cost_ratio * value
    what one that does not convert costs. One row per threshold, ascending.

    Columns: `threshold`; `n`, `tp`, `fp` (judged leads at or above; of these converted, not);
    `net_benefit` ((tp - cost_ratio fp) / judged leads) with `_low`, `_high`; `per_100`
    (100 * value * net_benefit: money per 100 judged leads) with `_low`, `_high`; `per_week`
    (leads at or above a week * value * (precision - cost_ratio (1 - precision)): money a week if
    the leads not yet judged are like the judged) with `_low`, `_high`; `over_all` (net benefit
    less that of working every lead) with `_low`, `_high`; `net_benefit_lowest`,
    `net_benefit_highest` (per mature lead, if all unworked leads at or above failed or converted);
    `reason`.

    Working nobody is worth 0. Where more than 5% of the mature leads at or above were never worked
    net benefit is NaN, where so many below were, `over_all` is: only the range is known.
    Sources: Vickers and Elkin (2006); Zou and Donner (2008) for the intervals; Manski (1989).

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> table = benefit_table(counts, cost_ratio=1 / 3)
    >>> table["net_benefit"].round(9).tolist()  # (5 - 15 / 3) / 20; (4 - 6 / 3) / 20
    [0.0, 0.1]
    """
    check_thresholds(thresholds)
    check_cost_ratio(cost_ratio)
    if not (value > 0 and np.isfinite(value)):
        raise QuestionError(f"value is {value}: expected what a conversion gains, above 0")
    cells = read_cells(counts)
    asked, at = positions(cells, thresholds)
    split = split_counts(cells, at)
    hidden = split.hidden_above | (cells.judged.sum() == 0)
    worth = _worth(cells, at, cost_ratio, confidence)
    weekly = _weekly(cells, split, at, cost_ratio, counts.provenance.weeks, confidence)
    against = _over_all(cells, at, cost_ratio, confidence)
    below = hidden | split.hidden
    return pd.DataFrame(
        {
            "threshold": asked,
            "n": split.n,
            "tp": split.tp,
            "fp": split.fp,
            **_columns("net_benefit", worth, hidden),
            **_columns("per_100", [100 * value * part for part in worth], hidden),
            **_columns("per_week", [value * part for part in weekly], hidden),
            **_columns("over_all", against, below),
            **_range(cells, split, cost_ratio),
            "reason": pd.Series(_reasons(cells, split), dtype=object),
        }
    )


Three = list["Floats"]


def _columns(name: str, parts: Three, hidden: NDArray[np.bool_]) -> dict[str, Floats]:
    names = (name, f"{name}_low", f"{name}_high")
    return {key: np.where(hidden, np.nan, part) for key, part in zip(names, parts, strict=True)}


def _worth(cells: Cells, at: Ints, cost_ratio: float, confidence: float) -> Three:
    if not cells.judged.sum():
        return [np.full(len(at), np.nan)] * 3
    return [part[at] for part in net_benefit(cells, cost_ratio, confidence)]


def _weekly(  # noqa: PLR0917 - one private assembly
    cells: Cells,
    split: Split,
    at: Ints,
    cost_ratio: float,
    weeks: float | None,
    confidence: float,
) -> Three:
    """Money rises with precision, so the ends of its interval are ends here too."""
    rates = rate_arrays(precision_family(cells), confidence=confidence)
    volume = split.leads / weeks if weeks else np.full(len(at), np.nan)
    return [
        volume * (rate[at] - cost_ratio * (1 - rate[at]))
        for rate in (rates.estimate, rates.low, rates.high)
    ]


def _over_all(cells: Cells, at: Ints, cost_ratio: float, confidence: float) -> Three:
    """Not working the leads below saves their cost and loses their conversions."""
    if not cells.judged.sum():
        return [np.full(len(at), np.nan)] * 3
    below = (np.arange(len(cells.levels))[None, :] < at[:, None]).astype(np.float64)
    shares = [masked_share(cells, below, hit=hit) for hit in (True, False)]
    estimate, low, high = benefit_intervals(cells, below, shares, cost_ratio, confidence)
    return [-estimate, -high, -low]


def _range(cells: Cells, split: Split, cost_ratio: float) -> dict[str, Floats]:
    mature = np.asarray(float(cells.judged.sum() + cells.unworked.sum()))
    sure = split.tp - cost_ratio * split.fp
    return {
        "net_benefit_lowest": ratio(sure - cost_ratio * split.unworked_above, mature),
        "net_benefit_highest": ratio(sure + split.unworked_above, mature),
    }


def _reasons(cells: Cells, split: Split) -> list[str | None]:
    if not cells.judged.sum():
        return ["no judged leads"] * len(split.n)
    rows = zip(split.unworked_share_above, split.unworked_share_below, split.n, strict=True)
    return [_reason(*row) for row in rows]


def _reason(above: float, below: float, n: int) -> str | None:
    parts = [
        f"{what} cannot be told: {share:.0%} of leads {side} were never worked"
        for share, side, what in (
            (above, "at or above the threshold", "net benefit"),
            (below, "below the threshold", "the worth of working all"),
        )
        if share > MOST_UNWORKED
    ]
    if not n:
        parts.append("no judged leads at or above the threshold")
    return "; ".join(parts) or None


def benefit_sensitivity(
    counts: ScoreCounts,
    *,
    cost_ratios: Sequence[float],
    threshold: int | None = None,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = SEED,
) -> pd.DataFrame:
    """Show how the best thresholds move with the cost ratio, on which people seldom agree.

    One row per cost ratio, as given. Columns: `cost_ratio`; `break_even` (cost_ratio /
    (1 + cost_ratio): the chance of converting from which working a lead pays); `best`, `low`,
    `high` (best threshold and the ends of its indifference set, see `best_thresholds`; NA where
    none pays or is known); `none_among_best`; `net_benefit` (of the best, on the leads it was
    chosen on); `corrected` (less optimism); `keep` (whether today's `threshold` is in the set);
    `reason`.

    Sources: as `best_thresholds`; break-even chance: Pauker and Kassirer (1975).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 10), (40, "not_converted", 90),
    ...          (60, "converted", 40), (60, "not_converted", 60)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = benefit_sensitivity(counts, cost_ratios=[1 / 19, 1 / 4], replicates=200)
    >>> table[["break_even", "best"]].round(9).values.tolist()  # 10% are above 5%, below 20%
    [[0.05, 40], [0.2, 60]]
    """
    found = [
        best_thresholds(
            counts,
            cost_ratio=each,
            threshold=threshold,
            thresholds=thresholds,
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )
        for each in cost_ratios
    ]
    table = pd.DataFrame(
        {
            "cost_ratio": [float(each.cost_ratio) for each in found],
            "break_even": [each.cost_ratio / (1 + each.cost_ratio) for each in found],
            "best": [each.best for each in found],
            "low": [each.low for each in found],
            "high": [each.high for each in found],
            "none_among_best": [each.none_among_best for each in found],
            "net_benefit": [each.apparent for each in found],
            "corrected": [each.corrected for each in found],
            "keep": [each.keep for each in found],
            "reason": pd.Series([each.reason for each in found], dtype=object),
        }
    )
    return table.astype(dict.fromkeys(("best", "low", "high"), "Int64"))
