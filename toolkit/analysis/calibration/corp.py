"""How much of a score's error is miscalibration, and by how much it tells leads apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import xlogy

from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.calibration.isotonic import isotonic_rates
from toolkit.analysis.calibration.stated import ProbabilityOf, Stated, read_stated
from toolkit.analysis.calibration.validation import read_unworked
from toolkit.analysis.cells import Floats, Ints
from toolkit.analysis.intervals import design_effect, precision_family, tail
from toolkit.analysis.ranking.placements import selected
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from toolkit.counts import ScoreCounts

__all__ = ["Decomposition", "decompose_mapping", "reliability_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """score = miscalibration - discrimination + uncertainty."""

    score: float = nan
    """Mean score of the stated probabilities; lower is better."""
    miscalibration: float = nan
    """What would be saved by stating the best rising curve instead (MCB)."""
    discrimination: float = nan
    """What that curve saves against stating the base rate for all (DSC)."""
    uncertainty: float = nan
    """Mean score of the base rate (UNC)."""
    miscalibration_p: float = nan
    """Chance of as much miscalibration if the stated probabilities are true."""
    positives: int
    n: int
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Levels:
    """Judged leads by stated probability, ascending; equal ones are one level."""

    p: Floats
    hits: Ints
    n: Ints
    of_score: Ints
    """Where each score level of the cells stands."""
    effect: float
    """Average design effect of accounts on a rate."""

    @property
    def rates(self) -> Floats:
        return isotonic_rates(self.hits, self.n)


def decompose_mapping(
    counts: ScoreCounts,
    probability: ProbabilityOf,
    *,
    rule: Literal["brier", "log"] = "brier",
    replicates: int = 1000,
    seed: int = SEED,
) -> Decomposition:
    """Split the mean score of a stated probability into miscalibration and discrimination.

    With S the mean score of the stated probabilities, S_C that of the rising curve nearest to the
    rates (pooled adjacent violators, in the order of the stated probabilities), S_R that of the
    base rate: miscalibration S - S_C, discrimination S_R - S_C, uncertainty S_R. No bins, no choice.
    The p-value draws outcomes from the stated probabilities; where accounts are known the draws
    are spread as widely as the average design effect says.

    NaN with a reason without judged leads; with the log rule, where a stated 0 or 1 is refuted.
    Source: Dimitriadis, Gneiting and Jordan (2021).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = decompose_mapping(counts, pd.Series({40: 0.1, 60: 0.4}), replicates=50)
    >>> round(found.miscalibration, 9), round(found.uncertainty, 9)  # 0 and 1/4 * 3/4
    (0.0, 0.1875)
    """
    stated = read_stated(counts, probability)
    levels, scoring = _levels(stated), _rule(rule)
    empty = Decomposition(
        positives=int(levels.hits.sum()),
        n=int(levels.n.sum()),
        method=f"CORP, {rule} score" + (", design effect of accounts" * (levels.effect > 1)),
        reason=selected(read_unworked(counts)) if levels.n.sum() else "no judged leads",
    )
    if not empty.n:
        return empty
    share = levels.hits / levels.n
    base = np.full(len(share), empty.positives / empty.n)
    total, curve, flat = (
        _mean(scoring, share, p, levels.n) for p in (levels.p, levels.rates, base)
    )
    if not np.isfinite(total):
        why = "a probability of 0 or 1 was stated and refuted: its log score has no limit"
        return replace(empty, discrimination=flat - curve, uncertainty=flat, reason=why)
    drawn = _draw(levels, levels.p, replicates, seed)
    return replace(
        empty,
        score=total,
        miscalibration=total - curve,
        discrimination=flat - curve,
        uncertainty=flat,
        miscalibration_p=_exceeded(levels, scoring, drawn, total - curve),
    )


def reliability_table(
    counts: ScoreCounts,
    probability: ProbabilityOf,
    *,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = SEED,
) -> pd.DataFrame:
    """Show the stated probability of each score beside the rising curve of the judged leads.

    Bands come from drawing outcomes anew: from the stated probabilities (`consistency_*`: where the
    curve would lie if they were true) and from the curve itself (`curve_*`: how sure the curve is).
    Each holds at one score; all together see `calibration_table`. Where accounts are known the
    draws are spread as widely as the average design effect says. Where the curve is 0 or 1, draws
    from it show no variation at all: there the end is exact, from the leads that nobody (or
    everybody) of converted.

    Columns: `score`, ascending; `probability` (stated); `n` (judged leads); `positives`
    (converted); `rate` (positives / n); `isotonic` (the rising curve, in the order of the stated
    probabilities); `consistency_low`, `consistency_high`; `curve_low`, `curve_high`.
    Source: Dimitriadis, Gneiting and Jordan (2021).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> stated = pd.Series({40: 0.3, 60: 0.2})
    >>> table = reliability_table(counts, stated, replicates=50)
    >>> table[["score", "probability", "rate", "isotonic"]].values.tolist()  # stated the wrong way
    [[40.0, 0.3, 0.1, 0.25], [60.0, 0.2, 0.4, 0.25]]
    """
    side = tail(confidence)
    stated = read_stated(counts, probability)
    levels, cells = _levels(stated), stated.cells
    consistency, around = (
        _quantiles(_curves(levels, _draw(levels, p, replicates, seed)), side)
        for p in (levels.p, levels.rates)
    )
    low, high = _exact_ends(levels, *around, side)
    at = levels.of_score
    return pd.DataFrame(
        {
            "score": cells.levels,
            "probability": stated.probability,
            "n": cells.judged,
            "positives": cells.converted,
            "rate": cells.converted / np.maximum(cells.judged, 1),
            "isotonic": levels.rates[at],
            "consistency_low": consistency[0][at],
            "consistency_high": consistency[1][at],
            "curve_low": low[at],
            "curve_high": high[at],
        }
    )


def _levels(stated: Stated) -> _Levels:
    p, at = np.unique(stated.probability, return_inverse=True)
    hits, n = np.zeros(len(p), dtype=np.int64), np.zeros(len(p), dtype=np.int64)
    np.add.at(hits, at, stated.cells.converted)
    np.add.at(n, at, stated.cells.judged)
    effect = design_effect(precision_family(stated.cells), tail(0.95)) if len(p) else 1.0
    return _Levels(p, hits, n, at.astype(np.int64), max(effect, 1.0))


def _rule(rule: str) -> Callable[[Floats, Floats], Floats]:
    """Mean score of leads of which the share y converts, when p is stated."""
    if rule not in _RULES:
        raise QuestionError(f"rule is {rule!r}: expected 'brier' or 'log'")
    return _RULES[rule]


def _brier(y: Floats, p: Floats) -> Floats:
    score: Floats = y * (1 - p) ** 2 + (1 - y) * p**2
    return score


def _log(y: Floats, p: Floats) -> Floats:
    gained = xlogy(y, p) + xlogy(1 - y, 1 - p)
    return -np.asarray(gained, dtype=np.float64)


_RULES = {"brier": _brier, "log": _log}


def _mean(scoring: Callable[[Floats, Floats], Floats], share: Floats, p: Floats, n: Ints) -> float:
    return float(np.average(scoring(share, p), weights=n))


def _draw(levels: _Levels, p: Floats, replicates: int, seed: int) -> Floats:
    """Shares that convert if each lead converts with chance p, one replicate a row."""
    rng = np.random.default_rng(seed)
    share = rng.binomial(levels.n, p, size=(replicates, len(p))) / levels.n
    spread: Floats = np.clip(p + np.sqrt(levels.effect) * (share - p), 0.0, 1.0)
    return spread


def _curves(levels: _Levels, drawn: Floats) -> Floats:
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - slow to load

    weights = levels.n.astype(np.float64)
    rows = [isotonic_regression(row, weights=weights).x for row in drawn]
    return np.array(rows).reshape(len(drawn), len(weights))


def _exceeded(
    levels: _Levels, scoring: Callable[[Floats, Floats], Floats], drawn: Floats, found: float
) -> float:
    """Share of draws with at least as much miscalibration, the data themselves counted in."""
    saved = scoring(drawn, levels.p) - scoring(drawn, np.clip(_curves(levels, drawn), 0.0, 1.0))
    as_much = np.average(saved, axis=1, weights=levels.n) >= found - 1e-15
    return float((1 + as_much.sum()) / (1 + len(drawn)))


def _quantiles(curves: Floats, side: float) -> tuple[Floats, Floats]:
    low, high = np.quantile(curves, [side, 1 - side], axis=0)
    return low, high


def _exact_ends(levels: _Levels, low: Floats, high: Floats, side: float) -> tuple[Floats, Floats]:
    """Clopper-Pearson at 0 of n and n of n, n from the level on while the curve stays there."""
    none, every = levels.rates == 0, levels.rates == 1
    n = levels.n / levels.effect
    above = np.cumsum(np.where(none, n, 0.0)[::-1])[::-1]
    below = np.cumsum(np.where(every, n, 0.0))
    with np.errstate(divide="ignore"):
        return (
            np.where(every, np.minimum(low, side ** (1 / below)), low),
            np.where(none, np.maximum(high, 1 - side ** (1 / above)), high),
        )
