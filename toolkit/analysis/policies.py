"""Two thresholds at once: nurture from the lower one, hand over at once from the upper one."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.best import BestThresholds, best_thresholds
from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.cells import read_cells, suffix_sum
from toolkit.analysis.influence import covariance
from toolkit.analysis.intervals import precision_family, tail
from toolkit.analysis.questions import check_thresholds
from toolkit.analysis.student import student_quantile
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.verdict import Answer
    from toolkit.counts import ScoreCounts

__all__ = ["Payoff", "PolicySet", "two_thresholds"]


_ALONE = "no interval: one account is all there is"


class Payoff(NamedTuple):
    """What an action is worth for a lead that converts, and for one that does not.

    Relative to doing nothing, which is worth 0 for both; in one unit, such as money.
    """

    converted: float
    not_converted: float


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Pairs of thresholds that cannot be told from the best pair."""

    table: pd.DataFrame = field(repr=False)
    best: tuple[int, int] | None
    """(lower, upper) with the highest mean pay-off on these leads."""
    lower: BestThresholds = field(repr=False)
    upper: BestThresholds = field(repr=False)
    """The two questions that it falls into: from where to nurture, from where to hand over."""
    today: tuple[int, int] | None
    keep: Answer
    text: str
    reason: str | None


def two_thresholds(
    counts: ScoreCounts,
    *,
    nurture: Payoff | tuple[float, float],
    immediate: Payoff | tuple[float, float],
    today: tuple[int, int] | None = None,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = SEED,
) -> PolicySet:
    """Compare all pairs lower <= upper: below lower nothing, then nurture, from upper immediate.

    The mean pay-off over judged leads falls into a sum of two net benefits, one of each
    threshold: nurturing instead of nothing pays from the chance w/(1+w) on, with w = loss / gain
    of the step, and handing over instead of nurturing from a higher one. So the pairs that cannot
    be told from the best are those whose two thresholds lie in the two indifference sets
    (`best_thresholds`), each at (1 + confidence)/2: together they hold the truly best pair with
    probability `confidence`.

    `table`, a row per pair: `lower`, `upper`; `nurtured`, `handed_over` (judged leads);
    `utility` (mean pay-off per judged lead) with `low`, `high` (estimate +- z standard error over
    accounts, t where they are few, for a pair named beforehand); `behind` (best utility less this one); `among_best`
    (NA where it cannot be told); `reason`. Pay-offs are those that the leads' present treatment
    would keep: if nurturing changes who converts, these data do not show it.

    Raises QuestionError unless each step gains on a converted lead, loses on another, and the step
    to immediate needs the higher chance. Source: Pauker and Kassirer (1975, 1980).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(20, "converted", 5), (20, "not_converted", 95),
    ...          (40, "converted", 20), (40, "not_converted", 80),
    ...          (60, "converted", 60), (60, "not_converted", 40)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = two_thresholds(counts, nurture=(4, -0.5), immediate=(10, -5), replicates=100)
    >>> found.best
    (40, 60)
    """
    check_thresholds(thresholds)
    first, second = _steps(Payoff(*nurture), Payoff(*immediate))
    cells = read_cells(counts)
    asked = cells.levels if thresholds is None else np.unique(np.asarray(thresholds, np.int64))
    asked = np.union1d(asked, [] if today is None else list(today)).astype(np.int64)
    settings = {
        "thresholds": asked.tolist(),
        "confidence": (1 + confidence) / 2,
        "replicates": replicates,
        "seed": seed,
    }
    lower = best_thresholds(
        counts, cost_ratio=-first.not_converted / first.converted,
        threshold=None if today is None else today[0], **settings,
    )  # fmt: skip
    upper = best_thresholds(
        counts, cost_ratio=-second.not_converted / second.converted,
        threshold=None if today is None else today[1], **settings,
    )  # fmt: skip
    table = _table(cells, asked, (first, second), (lower, upper), confidence)
    return _result(table, lower, upper, today)


def _steps(nurture: Payoff, immediate: Payoff) -> tuple[Payoff, Payoff]:
    """The gain of each action over the one before it."""
    step = Payoff(
        immediate.converted - nurture.converted, immediate.not_converted - nurture.not_converted
    )
    for name, each in (("nurture over nothing", nurture), ("immediate over nurture", step)):
        if not (each.converted > 0 >= each.not_converted):
            raise QuestionError(
                f"{name} is worth {each.converted:g} for a converted lead and "
                f"{each.not_converted:g} for another: expected a gain and a loss, or one of the "
                "two actions is never better and there is only one threshold to choose"
            )
    first, second = (-each.not_converted / each.converted for each in (nurture, step))
    if second < first:
        raise QuestionError(
            "immediate pays from a lower chance than nurture does, so nurturing is never best: "
            "choose one threshold with best_thresholds"
        )
    return nurture, step


def _table(
    cells: Cells,
    asked: Ints,
    steps: tuple[Payoff, Payoff],
    sets: tuple[BestThresholds, BestThresholds],
    confidence: float,
) -> pd.DataFrame:
    one, two = np.triu_indices(len(asked))
    at = np.searchsorted(cells.levels, asked, side="left")
    n = max(int(cells.judged.sum()), 1)
    parts = [_gain(cells, at, step) / n for step in steps]
    utility = parts[0][one] + parts[1][two]
    error = _errors(cells, at, steps, one, two)
    wide = student_quantile(precision_family(cells).freedom[0], tail(confidence)) * error
    judged = suffix_sum(cells.judged)[at]
    inside = [found.table["among_best"].to_numpy(dtype=object) for found in sets]
    known = np.array(
        [
            inside[0][i] is not pd.NA and inside[1][j] is not pd.NA
            for i, j in zip(one, two, strict=True)
        ],
        dtype=np.bool_,
    )
    among = [
        bool(inside[0][i] and inside[1][j]) if ok else False
        for i, j, ok in zip(one, two, known, strict=True)
    ]
    reasons = [found.table["reason"].to_numpy(dtype=object) for found in sets]
    shown = np.where(known, utility, nan)
    alone = _ALONE if np.isnan(wide).all() else None
    return pd.DataFrame(
        {
            "lower": asked[one],
            "upper": asked[two],
            "nurtured": judged[one] - judged[two],
            "handed_over": judged[two],
            "utility": shown,
            "low": np.where(known, utility - wide, nan),
            "high": np.where(known, utility + wide, nan),
            "behind": (np.max(shown[known]) if known.any() else nan) - shown,
            "among_best": pd.arrays.BooleanArray(np.array(among, np.bool_), ~known),
            "reason": pd.Series(
                [reasons[0][i] or reasons[1][j] or alone for i, j in zip(one, two, strict=True)],
                dtype=object,
            ),
        }
    )


def _gain(cells: Cells, at: Ints, step: Payoff) -> Floats:
    """Sum of a step's pay-off over the judged leads at or above each threshold."""
    hits, misses = (suffix_sum(part)[at] for part in (cells.converted, cells.not_converted))
    return np.asarray(step.converted * hits + step.not_converted * misses, dtype=np.float64)


def _errors(cells: Cells, at: Ints, steps: tuple[Payoff, Payoff], one: Ints, two: Ints) -> Floats:
    """Standard error of the sum of the two gains of each pair, over accounts."""
    n = max(int(cells.judged.sum()), 1)
    above = (np.arange(len(cells.levels))[None, :] >= at[:, None]).astype(np.float64)
    hit, miss = [], []
    for step in steps:
        mean = (_gain(cells, at, step) / n)[:, None]
        hit.append((above * step.converted - mean) / n)
        miss.append((above * step.not_converted - mean) / n)
    joint = covariance(cells, np.vstack(hit), np.vstack(miss))
    own, size = np.diag(joint), len(at)
    variance = own[:size][one] + own[size:][two] + 2 * joint[one, size + two]
    return np.sqrt(np.maximum(variance, 0.0))


def _result(
    table: pd.DataFrame,
    lower: BestThresholds,
    upper: BestThresholds,
    today: tuple[int, int] | None,
) -> PolicySet:
    known = table.dropna(subset=["utility"])
    best = None
    if len(known):
        row = known.iloc[int(known["utility"].to_numpy().argmax())]
        best = (int(row["lower"]), int(row["upper"]))
    return PolicySet(
        table=table,
        best=best,
        lower=lower,
        upper=upper,
        today=today,
        keep=_keep(table, today),
        text=_text(table, best),
        reason="; ".join(dict.fromkeys(r for r in (lower.reason, upper.reason) if r)) or None,
    )


def _keep(table: pd.DataFrame, today: tuple[int, int] | None) -> Answer:
    if today is None:
        return "Not enough evidence"
    row = table[(table["lower"] == today[0]) & (table["upper"] == today[1])]
    if row.empty:
        raise QuestionError(f"today is {today}: expected (lower, upper) with lower <= upper")
    inside = row["among_best"].iloc[0]
    if inside is pd.NA:
        return "Cannot be told from this data"
    return "Yes" if inside else "No"


def _text(table: pd.DataFrame, best: tuple[int, int] | None) -> str:
    if best is None:
        return "No pair of thresholds can be judged: too few leads were worked."
    inside = table[table["among_best"].fillna(value=False)]
    ends = [f"{inside[side].min()} to {inside[side].max()}" for side in ("lower", "upper")]
    if len(inside) == 1:
        return f"Nurture from {best[0]} and hand over from {best[1]}: worth more than any other."
    return (
        f"{len(inside)} pairs cannot be told apart: nurture from {ends[0]}, hand over from "
        f"{ends[1]}; choose by capacity."
    )
