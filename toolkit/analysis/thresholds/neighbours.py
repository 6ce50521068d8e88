"""Leads just below a threshold against leads just above it, and tier against tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.contrasts import Contrasts, contrasts
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.questions import check_thresholds
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.cells import Cells, Floats
    from toolkit.analysis.intervals import RateArrays
    from toolkit.analysis.verdict import Answer
    from toolkit.counts import ScoreCounts

__all__ = ["cliff_table", "tier_table"]

FEWEST = 5
"""Groups with fewer judged leads are not compared."""


def cliff_table(
    counts: ScoreCounts,
    *,
    threshold: int,
    widths: Sequence[int] = (2, 5, 10),
    margin: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare leads up to `width` points below the threshold with as many points from it upwards.

    The next band down (45-49 below 50) with the first band up (50-54); with a small width the
    cliff check (48-49 against 50-51). A cliff says that the two sides differ, not why: those
    above were handed over, and being worked at once may be what makes them convert.

    One row per width. Columns: `width`; `below_from`, `below_to`, `above_from`, `above_to`
    (scores, inclusive); `below_leads`, `below_n`, `below_positives`, `below_rate`, `below_low`,
    `below_high` (all leads; judged ones, converted ones, positives / n and its interval), the same
    for `above_`; `difference` (above - below) with `low`, `high`; `p_value` (score test of
    equality); `p_holm` (adjusted for the widths); `answer` (does the side above convert more
    often by more than `margin`? Yes, No, Not enough evidence, Cannot be told from this data);
    `reason`. Judged leads only; fewer than 5 on a side are not compared.

    Source: Zou and Donner (2008) for the difference, Rao and Scott (1981) for the test, Holm (1979).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(48, "converted", 10), (48, "not_converted", 90),
    ...          (50, "converted", 40), (50, "not_converted", 60)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = cliff_table(counts, threshold=50, widths=[2])
    >>> table[["below_rate", "above_rate", "difference", "answer"]].round(9).values.tolist()
    [[0.1, 0.4, 0.3, 'Yes']]
    """
    if not widths or any(int(width) != width or width < 1 for width in widths):
        raise QuestionError(f"widths are whole numbers of at least 1, found {list(widths)}")
    cells = read_cells(counts)
    wide = np.unique(np.asarray(widths, dtype=np.int64))[:, None]
    lower = _mask(cells, threshold - wide, threshold - 1 + 0 * wide)
    upper = _mask(cells, threshold + 0 * wide, threshold + wide - 1)
    found = contrasts(cells, upper, lower, confidence)
    ends = {
        "width": wide[:, 0],
        "below_from": threshold - wide[:, 0],
        "below_to": threshold - 1,
        "above_from": threshold,
        "above_to": threshold + wide[:, 0] - 1,
    }
    return pd.DataFrame({**ends, **_compared(cells, found, upper, lower, margin)})


def tier_table(
    counts: ScoreCounts,
    *,
    thresholds: Sequence[int],
    margin: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Tell whether each tier converts more often than the next one below it.

    The thresholds cut the scores into tiers, the lowest one open below. One row per pair of
    neighbouring tiers, highest first. Columns as in `cliff_table`, with `tier_from` and
    `next_from` (lowest score of the upper tier and of the lower one; NaN where it is open) in place
    of the widths and ends; `p_holm` is adjusted for the pairs.

    Source: Zou and Donner (2008) for the difference, Rao and Scott (1981) for the test, Holm (1979).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(48, "converted", 10), (48, "not_converted", 90),
    ...          (50, "converted", 40), (50, "not_converted", 60)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = tier_table(counts, thresholds=[50])
    >>> table[["tier_from", "difference", "answer"]].round(9).values.tolist()
    [[50, 0.3, 'Yes']]
    """
    check_thresholds(thresholds)
    starts = np.unique(np.asarray(thresholds, dtype=np.int64))
    if not len(starts):
        raise QuestionError("no thresholds were given: expected at least one, such as 40, 50, 80")
    cells = read_cells(counts)
    top = max(int(cells.levels.max(initial=0)), int(starts.max()))
    bottom = min(int(cells.levels.min(initial=0)), int(starts.min())) - 1
    first = np.append(bottom, starts)[::-1]
    last = np.append(starts - 1, top)[::-1]
    masks = _mask(cells, first[:, None], last[:, None])
    found = contrasts(cells, masks[:-1], masks[1:], confidence)
    tiers = {
        "tier_from": first[:-1],
        "next_from": np.where(first[1:] == bottom, np.nan, first[1:].astype(np.float64)),
    }
    return pd.DataFrame({**tiers, **_compared(cells, found, masks[:-1], masks[1:], margin)})


def _mask(cells: Cells, first: np.ndarray, last: np.ndarray) -> Floats:
    levels = cells.levels[None, :]
    return np.asarray((levels >= first) & (levels <= last), dtype=np.float64)


def _compared(
    cells: Cells, found: Contrasts, upper: Floats, lower: Floats, margin: float
) -> dict[str, object]:
    few = np.minimum(found.upper_n, found.lower_n) < FEWEST
    unworked = [_unworked_share(cells, masks) for masks in (lower, upper)]
    untold = np.maximum(*unworked) > MOST_UNWORKED
    alone = ~few & np.isnan(found.p_value)
    shown = {
        "difference": np.where(few, np.nan, found.estimate),
        "low": np.where(few, np.nan, found.low),
        "high": np.where(few, np.nan, found.high),
        "p_value": np.where(few, np.nan, found.p_value),
    }
    rows = zip(shown["low"], shown["high"], untold, few, strict=True)
    return {
        **_side("below", lower @ cells.leads, found.lower_n, found.lower_positives, found.lower),
        **_side("above", upper @ cells.leads, found.upper_n, found.upper_positives, found.upper),
        **shown,
        "p_holm": holm(shown["p_value"]),
        "answer": pd.Series([_answer(*row, margin) for row in rows], dtype=object),
        "reason": pd.Series(
            [_reason(*row) for row in zip(*unworked, few, alone, strict=True)], dtype=object
        ),
    }


def _side(
    name: str, leads: Floats, n: Floats, positives: Floats, rates: RateArrays
) -> dict[str, object]:
    shown = n >= FEWEST
    return {
        f"{name}_leads": leads.astype(np.int64),
        f"{name}_n": n.astype(np.int64),
        f"{name}_positives": np.where(shown, positives, np.nan),
        f"{name}_rate": np.where(shown, rates.estimate, np.nan),
        f"{name}_low": np.where(shown, rates.low, np.nan),
        f"{name}_high": np.where(shown, rates.high, np.nan),
    }


def _unworked_share(cells: Cells, masks: Floats) -> Floats:
    unworked = masks @ cells.unworked
    return np.asarray(unworked / np.maximum(unworked + masks @ cells.judged, 1), dtype=np.float64)


def _answer(low: float, high: float, untold: bool, few: bool, margin: float) -> Answer:  # noqa: FBT001 - columns of a row
    if untold:
        return "Cannot be told from this data"
    if few or np.isnan(low):
        return "Not enough evidence"
    if low > margin:
        return "Yes"
    return "No" if high <= margin else "Not enough evidence"


def _reason(below: float, above: float, few: bool, alone: bool) -> str | None:  # noqa: FBT001 - columns of a row
    parts = [
        f"{share:.0%} of the leads {side} were never worked: judged leads only"
        for share, side in ((below, "below"), (above, "above"))
        if share > MOST_UNWORKED
    ]
    if few:
        parts.append(f"fewer than {FEWEST} judged leads on a side")
    if alone:
        parts.append("no test: one account holds all judged leads of a side")
    return "; ".join(parts) or None
