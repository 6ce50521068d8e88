"""Conversion by score: the best rising curve, what is certain about it, and whether it rises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.calibration.isotonic import isotonic_rates
from toolkit.analysis.calibration.runs import Runs, band_of_runs, bounded_runs
from toolkit.analysis.cells import Ints, read_cells
from toolkit.analysis.intervals import group_family, precision_family, rate_arrays

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["Monotonicity", "calibration_table", "monotonicity"]


@dataclass(frozen=True, slots=True)
class Monotonicity:
    """Whether the data refute that higher scores convert at least as often."""

    refuted: bool
    pairs: pd.DataFrame = field(repr=False)
    text: str
    reason: str | None


def calibration_table(counts: ScoreCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """Conversion rate of judged leads at each score, and the rising curve through it.

    One row per score that a judged lead has, ascending.

    Columns: `score`; `n` (judged leads); `positives` (converted); `rate` (positives / n); `low`,
    `high` (interval of that one rate); `isotonic` (the rising curve nearest to the rates);
    `band_low`, `band_high` (a band that holds the whole true curve with the stated confidence, for
    every score at once, if the curve rises; where accounts are known the counts are divided by
    their design effect first).

    The band can be empty (`band_low > band_high` at some score): then the curve does not rise, see
    `monotonicity`. Source: Dimitriadis, Dumbgen, Henzi, Puke and Ziegel (2023).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 2), (40, "not_converted", 8),
    ...          (60, "converted", 1), (60, "not_converted", 9)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = calibration_table(counts)
    >>> table[["score", "rate", "isotonic"]].values.tolist()  # a fall is pooled: 3/20
    [[40.0, 0.2, 0.15], [60.0, 0.1, 0.15]]
    >>> bool((table["band_low"] <= table["band_high"]).all())  # and may be chance
    True
    """
    cells = read_cells(counts)
    used = np.flatnonzero(cells.judged > 0)
    group = np.full(len(cells.levels), -1)
    group[used] = np.arange(len(used))
    rates = rate_arrays(
        group_family(cells, group, len(used)), confidence=confidence, pool=precision_family(cells)
    )
    low, high = band_of_runs(bounded_runs(cells, used, confidence), len(used))
    return pd.DataFrame(
        {
            "score": cells.levels[used],
            "n": cells.judged[used],
            "positives": cells.converted[used],
            "rate": rates.estimate,
            "low": rates.low,
            "high": rates.high,
            "isotonic": isotonic_rates(cells.converted[used], cells.judged[used]),
            "band_low": low,
            "band_high": high,
        }
    )


def monotonicity(counts: ScoreCounts, *, confidence: float = 0.95) -> Monotonicity:
    """Test whether the data refute that higher scores convert at least as often.

    Refuted when a run of lower scores converts certainly more often than a run of higher scores,
    "certainly" for all runs at once: where the true curve rises, this errs with probability of at
    most 1 - confidence. Not refuted is not proved.

    `pairs` has one row per pair of runs: `lower_score`, `lower_score_to`, `lower_n`, `lower_rate`,
    `lower_bound` (the rate there is at least this), `higher_score`, `higher_score_to`, `higher_n`,
    `higher_rate`, `higher_bound` (the rate there is at most this), widest gap first. Single
    scores are listed where they suffice, runs of scores where only together they do.
    Source: Dimitriadis, Dumbgen, Henzi, Puke and Ziegel (2023).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 40), (40, "not_converted", 60),
    ...          (60, "converted", 10), (60, "not_converted", 90)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = monotonicity(counts)
    >>> found.refuted, found.pairs[["lower_score", "higher_score"]].values.tolist()
    (True, [[40, 60]])
    """
    cells = read_cells(counts)
    used = np.flatnonzero(cells.judged > 0)
    pairs = _falling_pairs(bounded_runs(cells, used, confidence), cells.levels[used])
    text = "The data do not refute that conversion rises with the score."
    reason = None if len(used) > 1 else "fewer than two scores have judged leads"
    if len(pairs):
        text = _falling_text(pairs)
    return Monotonicity(refuted=len(pairs) > 0, pairs=pairs, text=text, reason=reason)


def _falling_pairs(runs: Runs, scores: Ints) -> pd.DataFrame:
    """Each single score that surely converts worse than a run before it; else runs of scores.

    A long run has the tightest bound, but a reader asks which score is to blame: a run is listed
    only where none of its own scores is.
    """
    later = range(1, len(runs.first))
    single = {j: (_best_before(runs, j), (j, j)) for j in later}
    listed = {j: pair for j, pair in single.items() if runs.lower[pair[0]] > runs.upper[pair[1]]}
    spread = [(_best_before(runs, j), _worst_after(runs, j)) for j in later]
    spread = [
        (a, b)
        for a, b in spread
        if runs.lower[a] > runs.upper[b] and listed.keys().isdisjoint(range(b[0], b[1] + 1))
    ]
    rows = [_pair_row(runs, scores, a, b) for a, b in [*listed.values(), *spread]]
    table = pd.DataFrame(rows, columns=_PAIR_COLUMNS).drop_duplicates()
    gap = table["lower_bound"] - table["higher_bound"]
    return table.loc[gap.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def _best_before(runs: Runs, j: int) -> tuple[int, int]:
    """Among the runs that end before block j, the one with the highest lower bound."""
    at = np.unravel_index(np.argmax(runs.lower[:j, :j]), (j, j))
    return int(at[0]), int(at[1])


def _worst_after(runs: Runs, j: int) -> tuple[int, int]:
    """Among the runs that begin at block j or later, the one with the lowest upper bound."""
    width = len(runs.first) - j
    at = np.unravel_index(np.argmin(runs.upper[j:, j:]), (width, width))
    return int(at[0]) + j, int(at[1]) + j


_PAIR_COLUMNS = [
    "lower_score", "lower_score_to", "lower_n", "lower_rate", "lower_bound",
    "higher_score", "higher_score_to", "higher_n", "higher_rate", "higher_bound",
]  # fmt: skip


def _pair_row(
    runs: Runs, scores: Ints, a: tuple[int, int], b: tuple[int, int]
) -> tuple[float, ...]:
    row: list[float] = []
    for run, bounds in ((a, runs.lower), (b, runs.upper)):
        row += [int(scores[runs.first[run[0]]]), int(scores[runs.last[run[1]]])]
        row += [int(runs.n[run]), float(runs.hits[run] / runs.n[run]), float(bounds[run])]
    return tuple(row)


def _falling_text(pairs: pd.DataFrame) -> str:
    row = pairs.iloc[0]
    lower = _score_words(int(row["lower_score"]), int(row["lower_score_to"]))
    higher = _score_words(int(row["higher_score"]), int(row["higher_score_to"]))
    return (
        f"Higher scores do not convert better everywhere: {lower} convert "
        f"{row['lower_rate']:.1%} of the time, {higher} only {row['higher_rate']:.1%}."
    )


def _score_words(first: int, last: int) -> str:
    return f"scores of {first}" if first == last else f"scores of {first} to {last}"
