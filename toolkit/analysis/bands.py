"""Conversion by band of the score."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Cells, Floats, Ints, read_cells
from toolkit.analysis.intervals import group_family, precision_family, rate_arrays
from toolkit.analysis.rates import rate_reasons, with_unworked
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.intervals import RateInterval
    from toolkit.counts import ScoreCounts

__all__ = ["BandLike", "ScoreBand", "band_table", "equal_bands", "level_table"]


class BandLike(Protocol):
    """Anything with a name and the lowest score of the band (None: no lower end)."""

    @property
    def name(self) -> str:
        """The band's name."""

    @property
    def start(self) -> int | None:
        """The lowest score that belongs to the band."""


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """A band made from the data, for a score that brings none of its own."""

    name: str
    start: int | None
    handoff: bool = False


def band_table(
    counts: ScoreCounts,
    bands: Sequence[BandLike],
    *,
    confidence: float = 0.95,
    interval: RateInterval = "wilson",
) -> pd.DataFrame:
    """Conversion rate of the judged leads in each band, highest band first.

    A band holds the scores from its `start` (inclusive) to the start of the next higher band
    (exclusive). Leads under the lowest start are shown in a last row `below all bands`.

    Columns: `band`, `start`, `stop` (scores; NaN where the band is open), `leads` (all leads in the
    band), `n` (judged leads: worked, outcome window closed), `positives` (converted), `rate`
    (positives / n), `low`, `high` (its interval, over accounts where they are known), `immature`,
    `unworked` (leads whose outcome is not known, and why), `reason` (why a rate is NaN, or what the
    reader must know; None otherwise).

    `interval`: `wilson`; `jeffreys` (equal-tailed under the prior Beta(1/2, 1/2), closed at a rate
    of 0 or 1); `clopper_pearson` (holds the truth at least as often as stated, and is wider for it).

    Raises QuestionError without bands or when two bands start at the same score.

    Source of the intervals: Wilson (1927), Brown, Cai and DasGupta (2001) or Clopper and Pearson
    (1934), on the effective number of leads (Korn and Graubard 1998).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> bands = [ScoreBand("hot", 60), ScoreBand("cold", None)]
    >>> table = band_table(counts, bands)
    >>> table[["band", "n", "positives", "rate"]].to_dict("split")["data"]
    [['hot', 10, 4, 0.4], ['cold', 10, 1, 0.1]]
    """
    cells = read_cells(counts)
    names, starts = _ordered(bands)
    group = (len(starts) - 1) - (np.searchsorted(starts[::-1], cells.levels, side="right") - 1)
    if (group == len(starts)).any():
        names, starts = [*names, "below all bands"], np.append(starts, -np.inf)
    stops = np.append(np.nan, starts[:-1])
    return _table(cells, group, names, starts, stops, confidence, interval)


def level_table(
    counts: ScoreCounts, *, confidence: float = 0.95, interval: RateInterval = "wilson"
) -> pd.DataFrame:
    """Conversion rate of the judged leads at each score, highest first.

    Columns and `interval` as in `band_table`; `band` is the score as text, `start` the score, `stop` the next
    whole number.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> level_table(counts)[["band", "start", "stop", "rate"]].to_dict("split")["data"]
    [['60', 60.0, 61.0, 0.4], ['40', 40.0, 41.0, 0.1]]
    """
    cells = read_cells(counts)
    group = np.arange(len(cells.levels))[::-1]
    starts = cells.levels[::-1].astype(np.float64)
    names = [str(level) for level in cells.levels[::-1]]
    return _table(cells, group, names, starts, starts + 1, confidence, interval)


def equal_bands(counts: ScoreCounts, *, groups: int = 5) -> tuple[ScoreBand, ...]:
    """Bands with about equally many leads each, highest first.

    Leads of one score stay together, so there may be fewer bands than asked and some larger than
    others. Raises QuestionError for fewer than 1 group.

    Source: definition.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(20, "immature", 5), (40, "converted", 4), (60, "not_converted", 1)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> [(band.name, band.start) for band in equal_bands(counts, groups=2)]
    [('40 or more', 40), ('under 40', None)]
    """
    if groups < 1:
        raise QuestionError(f"groups is {groups}: expected at least 1 band")
    cells = read_cells(counts)
    if not len(cells.levels):
        return ()
    below = np.cumsum(cells.leads) - cells.leads
    middle = (below + cells.leads / 2) / cells.leads.sum()
    group = np.minimum(np.floor(middle * groups), groups - 1)
    starts = cells.levels[np.append(True, group[1:] != group[:-1])].tolist()
    return _named(starts)[::-1]


def _named(starts: list[int]) -> tuple[ScoreBand, ...]:
    """Bands from their lowest scores, ascending; the lowest band is open below."""
    if len(starts) == 1:
        return (ScoreBand("all scores", None),)
    inner = [
        ScoreBand(f"{low} to {stop - 1}" if stop - low > 1 else f"{low}", low)
        for low, stop in pairwise(starts[1:])
    ]
    lowest = ScoreBand(f"under {starts[1]}", None)
    return (lowest, *inner, ScoreBand(f"{starts[-1]} or more", starts[-1]))


def _ordered(bands: Sequence[BandLike]) -> tuple[list[str], Floats]:
    if not bands:
        raise QuestionError(
            "no bands were given: name at least one in the model, or use equal_bands or level_table"
        )
    starts = np.array([-np.inf if band.start is None else band.start for band in bands], float)
    if len(np.unique(starts)) < len(starts):
        listed = ", ".join(f"{band.name} from {band.start}" for band in bands)
        raise QuestionError(f"two bands start at the same score: {listed}; give each its own start")
    order = np.argsort(-starts)
    return [bands[place].name for place in order], starts[order]


def _table(  # noqa: PLR0917 - one private assembly for three tables
    cells: Cells,
    group: Ints,
    names: list[str],
    starts: Floats,
    stops: Floats,
    confidence: float,
    interval: RateInterval,
) -> pd.DataFrame:
    family = group_family(cells, group, len(names))
    unworked = _add(group, cells.unworked, len(names))
    pool = precision_family(cells)
    rates = rate_arrays(family, confidence=confidence, pool=pool, interval=interval)
    return pd.DataFrame(
        {
            "band": names,
            "start": np.where(np.isinf(starts), np.nan, starts),
            "stop": stops,
            "leads": _add(group, cells.leads, len(names)),
            "n": _add(group, cells.judged, len(names)),
            "positives": _add(group, cells.converted, len(names)),
            "rate": rates.estimate,
            "low": rates.low,
            "high": rates.high,
            "immature": _add(group, cells.immature, len(names)),
            "unworked": unworked,
            "reason": pd.Series(
                with_unworked(rate_reasons(family.n, rates), family.n, unworked), dtype=object
            ),
        }
    )


def _add(group: Ints, values: Ints, groups: int) -> Ints:
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums
