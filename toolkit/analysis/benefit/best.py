"""Which thresholds cannot be told from the best one, and what the best is worth after all."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from toolkit.analysis.benefit.blocks import block_scores, centred_quantiles
from toolkit.analysis.benefit.net import net_benefit
from toolkit.analysis.bootstrap import SEED, replicate_or_reason
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.questions import check_cost_ratio, check_replicates, check_thresholds
from toolkit.analysis.split import positions, split_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.split import Split
    from toolkit.analysis.verdict import Answer
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["BestThresholds", "best_thresholds"]

MOST_THRESHOLDS = 200
"""Beyond this many scores, candidates are equally spaced among them (time grows as their square)."""


@dataclass(frozen=True, slots=True)
class BestThresholds:
    """The thresholds that cannot be told from the best one on net benefit."""

    table: pd.DataFrame = field(repr=False)
    cost_ratio: float
    best: int | None
    """Threshold with the highest net benefit on these leads; None where none pays or is known."""
    low: int | None
    high: int | None
    """Lowest and highest threshold of the set (there may be gaps, see `table`)."""
    none_among_best: bool
    """Whether handing over nobody cannot be told from the best threshold either."""
    apparent: float
    """Net benefit of `best` on the leads it was chosen on: too good."""
    optimism: float
    corrected: float
    """apparent - optimism, with its interval."""
    corrected_low: float
    corrected_high: float
    today: int | None
    keep: Answer
    """Whether today's threshold is among the best."""
    text: str
    reason: str | None
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class _Choice:
    """Candidates (and, last, handing over nobody) with their gains (tp - w fp) and replicates."""

    asked: Ints
    at: Ints
    gain: Floats
    drawn: Floats
    size: Floats
    """Judged leads of each replicate."""
    n: int
    note: str | None
    """Why there are no replicates."""
    alone: bool
    """Whether all judged leads belong to one account, so that nothing shows how far to trust them."""


def best_thresholds(
    counts: ScoreCounts,
    *,
    cost_ratio: float,
    threshold: int | None = None,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
    replicates: int | ReplicateCounts = 2000,
    seed: int = SEED,
) -> BestThresholds:
    """Find the thresholds whose net benefit cannot be told from the best: the indifference set.

    The set holds the truly best of the candidates with probability `confidence` (at least, in
    large samples; error rates are simulated in docs/method/thresholds.md). A threshold t leaves it
    when the leads between t and another candidate convert surely too often or too seldom for t to
    be best, "surely" allowing for all candidates: the binomial evidence of that block exceeds the
    95% quantile of the largest centred deviation over all candidates. Candidates are `thresholds`
    (by default every score that occurs) at or above which leads were worked, and handing over
    nobody. Today's `threshold` should be kept if it lies in the set.

    `table`, a row per candidate: `threshold`, `n`, `tp`, `fp` (judged leads at or above),
    `net_benefit` ((tp - cost_ratio fp) / judged leads), `low`, `high` (for a threshold named
    beforehand), `behind` (net benefit of the best less this one), `evidence` (normal score that
    another is better), `critical` (what it must exceed), `among_best` (NA where it cannot be
    told), `chosen_share` (of bootstrap replicates in which this threshold is the best), `reason`.

    Where all judged leads belong to one account nothing shows how far to trust them: `best` and
    `apparent` are what is seen, all else is NaN or NA with a reason.

    `optimism` is the mean over replicates of (benefit of the threshold chosen there, there) less
    (its benefit on these leads). Sources: Hsu (1984), multiple comparisons with the best; Hansen,
    Lunde and Nason (2011); Efron and Gong (1983) for optimism.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 10), (40, "not_converted", 90),
    ...          (60, "converted", 40), (60, "not_converted", 60)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = best_thresholds(counts, cost_ratio=1 / 4, threshold=40, replicates=200)
    >>> found.best, found.keep
    (60, 'No')
    >>> found.table.set_index("threshold")["among_best"].to_dict()
    {40: False, 60: True}
    """
    check_thresholds(thresholds)
    check_cost_ratio(cost_ratio)
    check_replicates(replicates)
    cells = read_cells(counts)
    asked, at = _candidates(cells, thresholds, threshold)
    split = split_counts(cells, at)
    told = ~split.hidden_above & (split.n > 0)
    choice = _choice(counts, cells, asked[told], at[told], cost_ratio, replicates, seed)
    evidence, critical = _evidence(cells, choice, cost_ratio, confidence)
    table = _table(cells, asked, at, split, told, cost_ratio, confidence)
    table = _with_set(table, told, choice, evidence, critical)
    return _result(table, choice, evidence <= critical, cost_ratio, threshold, confidence)


def _candidates(
    cells: Cells, thresholds: Sequence[int] | None, threshold: int | None
) -> tuple[Ints, Ints]:
    asked, _ = positions(cells, thresholds)
    if thresholds is None and len(asked) > MOST_THRESHOLDS:
        asked = asked[np.linspace(0, len(asked) - 1, MOST_THRESHOLDS).astype(np.int64)]
    if threshold is not None:
        asked = np.union1d(asked, [threshold]).astype(np.int64)
    return positions(cells, asked.tolist())


def _choice(  # noqa: PLR0917 - one private assembly
    counts: ScoreCounts,
    cells: Cells,
    asked: Ints,
    at: Ints,
    cost_ratio: float,
    replicates: int | ReplicateCounts,
    seed: int,
) -> _Choice:
    drawn, note = replicate_or_reason(counts, replicates, seed)
    places = np.append(at, len(cells.levels))
    gain = _gains(cells.converted[None, :], cells.not_converted[None, :], cost_ratio)[0, places]
    size, n = np.full(0, 1.0), int(cells.judged.sum())
    gains = np.zeros((0, len(places)))
    if drawn is not None:
        gains = _gains(drawn[:, :, 0], drawn[:, :, 1], cost_ratio)[:, places]
        size = np.maximum(drawn.sum(axis=(1, 2)), 1.0)
    alone = cells.pairs is not None and cells.pairs.judged == 1
    return _Choice(asked, places, gain, gains, size, n, note, alone)


def _gains(hits: Floats | Ints, misses: Floats | Ints, cost_ratio: float) -> Floats:
    by_level = (hits - cost_ratio * misses).astype(np.float64)
    above = np.cumsum(by_level[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([above, np.zeros((len(above), 1))], axis=1)


def _evidence(
    cells: Cells, choice: _Choice, cost_ratio: float, confidence: float
) -> tuple[Floats, Floats]:
    if choice.alone:
        return np.full(len(choice.gain), nan), np.full(len(choice.gain), nan)
    scores = block_scores(cells, choice.at, cost_ratio)
    if choice.note is not None:
        bonferroni = -float(ndtri((1 - confidence) / len(choice.gain)))
        return scores.max(axis=0), np.full(len(choice.gain), bonferroni)
    return scores.max(axis=0), centred_quantiles(choice.drawn, choice.gain, confidence)


def _table(  # noqa: PLR0917 - one private assembly
    cells: Cells,
    asked: Ints,
    at: Ints,
    split: Split,
    told: NDArray[np.bool_],
    cost_ratio: float,
    confidence: float,
) -> pd.DataFrame:
    worth = [np.full(len(at), np.nan)] * 3
    if cells.judged.sum():
        worth = [part[at] for part in net_benefit(cells, cost_ratio, confidence)]
    known = told | (split.n == 0) & ~split.hidden_above & (cells.judged.sum() > 0)
    columns = dict(zip(("net_benefit", "low", "high"), worth, strict=True))
    return pd.DataFrame(
        {
            "threshold": asked,
            "n": split.n,
            "tp": split.tp,
            "fp": split.fp,
            **{name: np.where(known, value, np.nan) for name, value in columns.items()},
            "reason": pd.Series(
                [
                    None if ok else _why_not(share, n)
                    for ok, share, n in zip(told, split.unworked_share_above, split.n, strict=True)
                ],
                dtype=object,
            ),
        }
    )


def _why_not(unworked: float, n: int) -> str:
    if unworked > MOST_UNWORKED:
        return f"cannot be told: {unworked:.0%} of leads at or above were never worked"
    return "no judged leads at or above the threshold" if n == 0 else ""


def _with_set(
    table: pd.DataFrame,
    told: NDArray[np.bool_],
    choice: _Choice,
    evidence: Floats,
    critical: Floats,
) -> pd.DataFrame:
    chosen = np.full(len(choice.gain), nan)
    if len(choice.drawn):
        times = np.bincount(choice.drawn.argmax(axis=1), minlength=len(choice.gain))
        chosen = times / len(choice.drawn)
    gain = choice.gain / max(choice.n, 1)
    inside = pd.arrays.BooleanArray(np.zeros(len(told), np.bool_), ~told | choice.alone)
    if not choice.alone:
        inside[told] = (evidence <= critical)[:-1]
    return table.assign(
        behind=_spread(told, gain.max() - gain[:-1]),
        evidence=_spread(told, evidence[:-1]),
        critical=_spread(told, critical[:-1]),
        among_best=inside,
        chosen_share=_spread(told, chosen[:-1]),
    )[_COLUMNS]


_COLUMNS = [
    "threshold", "n", "tp", "fp", "net_benefit", "low", "high", "behind", "evidence", "critical",
    "among_best", "chosen_share", "reason",
]  # fmt: skip


def _spread(told: NDArray[np.bool_], values: Floats) -> Floats:
    out = np.full(len(told), np.nan)
    out[told] = values
    return out


def _result(  # noqa: PLR0917 - one private assembly
    table: pd.DataFrame,
    choice: _Choice,
    inside: NDArray[np.bool_],
    cost_ratio: float,
    today: int | None,
    confidence: float,
) -> BestThresholds:
    place = int(choice.gain.argmax())
    known = place < len(choice.asked)
    best = int(choice.asked[place]) if known else None
    members = choice.asked[inside[:-1]]
    apparent, optimism = _optimism(choice, place) if len(choice.asked) else (nan, nan)
    low, high = _shifted(table, best, optimism)
    return BestThresholds(
        table=table,
        cost_ratio=cost_ratio,
        best=best,
        low=int(members.min()) if len(members) else None,
        high=int(members.max()) if len(members) else None,
        none_among_best=bool(inside[-1]) and len(choice.asked) > 0,
        apparent=apparent,
        optimism=optimism,
        corrected=apparent - optimism,
        corrected_low=low,
        corrected_high=high,
        today=today,
        keep="Not enough evidence" if choice.alone else _keep(table, today),
        text=_ALONE if choice.alone else _text(table, members, best, none=bool(inside[-1])),
        reason="; ".join(x for x in (_reason(table, best), choice.note) if x) or None,
        confidence=confidence,
    )


_ALONE = "Which threshold is worth most cannot be told: all judged leads belong to one account."


def _optimism(choice: _Choice, place: int) -> tuple[float, float]:
    """Apparent benefit of the best; mean of (benefit there - benefit here) of replicates' bests."""
    if not len(choice.drawn):
        return float(choice.gain[place] / choice.n), nan
    chosen = choice.drawn.argmax(axis=1)
    there = choice.drawn[np.arange(len(chosen)), chosen] / choice.size
    here = choice.gain[chosen] / choice.n
    return float(choice.gain[place] / choice.n), float((there - here).mean())


def _shifted(table: pd.DataFrame, best: int | None, optimism: float) -> tuple[float, float]:
    """Interval of the best as if named beforehand, moved down by the optimism."""
    if best is None:
        return nan, nan
    row = table[table["threshold"] == best].iloc[0]
    return float(row["low"]) - optimism, float(row["high"]) - optimism


def _keep(table: pd.DataFrame, today: int | None) -> Answer:
    row = table[table["threshold"] == today]
    if today is None or row.empty or bool(row["n"].iloc[0] == 0):
        return "Not enough evidence"
    inside = row["among_best"].iloc[0]
    if inside is pd.NA:
        return "Cannot be told from this data"
    return "Yes" if inside else "No"


def _text(table: pd.DataFrame, members: Ints, best: int | None, *, none: bool) -> str:
    if best is None:
        return (
            "No threshold can be judged: too few leads were worked."
            if table["among_best"].isna().all()
            else "No threshold pays on these leads: handing over nobody is worth at least as much."
        )
    if none:
        return (
            "It cannot be told that any threshold pays: handing over nobody may be worth as much as "
            f"a threshold of {best}."
        )
    listed = _listed(table, members) if len(members) > 1 else str(best)
    if _hidden(table).any():
        # What nobody worked may be worth more: the set is of the rest only.
        verb = "cannot be told apart" if len(members) > 1 else "is worth more than any other"
        return (
            f"Of the thresholds that can be judged, {listed} {verb}; lower ones cannot be judged."
        )
    if len(members) == 1:
        return f"A threshold of {best} is worth more than any other listed."
    return f"Thresholds {listed} cannot be told apart on net benefit; choose by capacity."


def _listed(table: pd.DataFrame, members: Ints) -> str:
    """`20 to 35` for neighbours; every one where others lie between them."""
    within = table["threshold"].between(members.min(), members.max())
    if int(within.sum()) == len(members):
        return f"{members.min()} to {members.max()}"
    return ", ".join(map(str, members[:-1])) + f" and {members[-1]}"


def _hidden(table: pd.DataFrame) -> pd.Series:
    """Thresholds whose net benefit is not known."""
    return table["among_best"].isna() & table["net_benefit"].isna()


def _reason(table: pd.DataFrame, best: int | None) -> str | None:
    hidden = table.loc[_hidden(table), "threshold"]
    if len(hidden) == len(table):
        return "no threshold with judged leads at or above"
    if len(hidden) and best is not None:
        return (
            f"cannot be told: whether a threshold of {hidden.max()} or lower would be worth more, "
            "because too many leads there were never worked"
        )
    return None
