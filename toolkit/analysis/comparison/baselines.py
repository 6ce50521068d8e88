"""What a score must beat, and what a proposal is worth on leads it has not seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats
from toolkit.analysis.comparison.compare import compare_models
from toolkit.analysis.proposal import propose_model
from toolkit.analysis.proposal.moved import same_meaning
from toolkit.analysis.weights.design import paid_units
from toolkit.analysis.weights.fit import fit_weights
from toolkit.counts import PairCounts, PatternCounts
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import FittedOn
    from toolkit.model import Model

__all__ = ["baseline_table", "cross_fitted_pairs", "deal_folds", "pattern_pairs"]

_PER_LOG_ODDS = 1_000


def pattern_pairs(
    patterns: PatternCounts, scores: Floats, *, name: str, fitted_on: FittedOn = "nothing"
) -> PairCounts:
    """Pair today's score with another one, given for each row of the patterns' frame.

    Only the order of the other scores counts: they are numbered from 0, ties alike.

    Source: definition.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> patterns = tiny_patterns()
    >>> pairs = pattern_pairs(patterns, patterns.frame["t0"].to_numpy(), name="a alone")
    >>> pairs.frame.groupby(["champion", "challenger"])["n"].sum().to_dict()
    {(0, 0): 120, (10, 0): 140, (20, 1): 140, (30, 1): 180}
    """
    if len(scores) != len(patterns.frame):
        raise QuestionError(
            f"there are {len(scores)} scores for {len(patterns.frame)} rows of patterns: expected "
            "one score for each"
        )
    order = np.unique(np.round(scores, 9), return_inverse=True)[1]
    frame = pd.DataFrame(
        {
            "champion": patterns.frame["score"].round().astype("int64"),
            "challenger": order.astype(np.int64),
            "state": patterns.frame["state"].astype(str),
            "n": patterns.frame["n"].astype("int64"),
        }
    )
    return PairCounts(frame, patterns.provenance, name, fitted_on, patterns.accounts)


def baseline_table(
    patterns: PatternCounts,
    *,
    threshold: float,
    external: Mapping[str, PairCounts] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Say how much better today's score is than what costs nothing to make, at equal workload.

    Baselines: chance; the one criterion that ranks these leads best (chosen on them, which
    flatters it); fit alone; behavior alone; equal points (1 for a criterion that pays, -1 for one
    that takes off). `external` adds others by name, each from `count_pairs` with today's score as
    the champion: a vendor's probability, say. Baselines are of the points before limits.

    One row per baseline. Columns: `baseline`; `auc_today`, `auc` with `auc_gain`, `auc_low`,
    `auc_high` (today's less the baseline's); `precision_today`, `precision` with
    `precision_gain`, `precision_low`, `precision_high` (both work as many leads as lie at or above
    `threshold` today); `beaten` (whether the interval of the gain in precision lies above 0; None
    where it cannot be told); `reason`.

    Source: definition; DeLong et al. (1988) for the gain in area.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = baseline_table(tiny_patterns(), threshold=20)
    >>> table["baseline"].tolist()
    ['chance', 'a alone', 'equal points']
    >>> table["auc"].round(4).tolist()  # of a alone: (1 + 120/180 - 200/400) / 2
    [0.5, 0.5833, 0.625]
    """
    pairs = {name: pattern_pairs(patterns, s, name=name) for name, s in _scores(patterns).items()}
    pairs = {**pairs, **(external or {})}
    rows = [_row(name, each, threshold, confidence) for name, each in pairs.items()]
    return pd.DataFrame(rows)


def _scores(patterns: PatternCounts) -> dict[str, Floats]:
    units = paid_units(patterns)
    points = np.array([term.points for term in patterns.terms])
    paid = units * points
    fit = np.array([term.dimension == "fit" for term in patterns.terms])
    found = {"chance": np.zeros(len(units))}
    best = _best_criterion(patterns, paid)
    if best is not None:
        found[f"{best[0]} alone"] = best[1]
    for name, used in (("fit", fit), ("behavior", ~fit)):
        if used.any() and not used.all():
            found[f"{name} alone"] = paid[:, used].sum(axis=1)
    found["equal points"] = units @ np.sign(points)
    return found


def _best_criterion(patterns: PatternCounts, paid: Floats) -> tuple[str, Floats] | None:
    from toolkit.analysis.ranking import auc_difference  # noqa: PLC0415 - one use

    best: tuple[str, Floats] | None = None
    top = -np.inf
    names = [term.criterion for term in patterns.terms]
    for name in dict.fromkeys(names):
        score = paid[:, [each == name for each in names]].sum(axis=1)
        area = auc_difference(pattern_pairs(patterns, score, name=name)).challenger
        if area > top:
            best, top = (name, score), area
    return best


def _row(name: str, pairs: PairCounts, threshold: float, confidence: float) -> dict[str, object]:
    found = compare_models(pairs, threshold=threshold, confidence=confidence)
    table = {str(each["measure"]): each for each in found.table.to_dict("records")}
    row: dict[str, object] = {"baseline": name}
    for measure in ("auc", "precision"):
        each = table[measure]
        row |= {
            f"{measure}_today": each["champion"],
            measure: each["challenger"],
            f"{measure}_gain": -each["difference"],
            f"{measure}_low": -each["high"],
            f"{measure}_high": -each["low"],
        }
    low = -float(table["precision"]["high"])
    untold = found.because if found.verdict == "cannot be told" else table["precision"]["reason"]
    beaten = None if isnan(low) else low > 0
    area = table["auc"]["reason"] if isnan(table["auc"]["low"]) else None
    return {**row, "beaten": beaten, "reason": area if beaten is not None else untold}


def cross_fitted_pairs(
    patterns: PatternCounts,
    model: Model,
    *,
    after_contact: Collection[str] = (),
    margin: float = 5.0,
    grid: int = 5,
) -> PairCounts:
    '''Pair today's score with proposals that never saw the lead nor its account.

    Count the patterns with `folds`. For each fold a proposal is made from all others (as
    `propose_model` does, thresholds aside) and scores the fold; scores of different proposals are
    put on one scale by their log-odds. A fold whose proposal is to keep everything is scored by
    today's model. `after_contact` as in `fit_weights`. Raises QuestionError without folds. Source: Stone (1974).

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.model import parse_model
    >>> model = parse_model("""
    ... lead_score_model: 1
    ... name: tiny
    ... version: '1'
    ... groups: [{id: g, dimension: fit, criteria: [
    ...   {id: a, when: {a: 1}, points: 20}, {id: b, when: {b: 1}, points: 10}]}]
    ... """)
    >>> pairs = cross_fitted_pairs(deal_folds(tiny_patterns(), folds=2), model)
    >>> int(pairs.frame["n"].sum()), pairs.fitted_on
    (580, 'other leads')
    '''
    if "fold" not in patterns.frame:
        raise QuestionError("these patterns have no folds: count them with folds=5, say")
    fold = patterns.frame["fold"].to_numpy(dtype=np.int64)
    units, score = paid_units(patterns), patterns.frame["score"].to_numpy(dtype=np.float64)
    other = np.zeros(len(fold))
    for number in np.unique(fold):
        inside = fold == number
        weights = fit_weights(patterns.part(~inside), after_contact=after_contact)
        found = propose_model(model, weights, margin=margin, grid=grid, move_thresholds=False)
        change = found.table["change"].to_numpy(dtype=np.float64)
        # Without a fit every fold keeps today's score, on any common scale.
        line = (0.0, 1.0) if weights.reason is not None else same_meaning(weights, change)
        eta = line[0] + line[1] * (score[inside] + units[inside] @ change)
        other[inside] = np.round(eta * _PER_LOG_ODDS)
    pairs = pattern_pairs(patterns, other, name=f"{model.name}, cross-fitted proposals")
    return replace(pairs, fitted_on="other leads")


def deal_folds(patterns: PatternCounts, *, folds: int = 5, seed: int = 1) -> PatternCounts:
    """Deal leads without accounts into folds at random, by their cells alone.

    Leads of one cell are alike, so which of them goes where depends on the seed, not on the order of
    the rows they came from. Raises QuestionError where accounts are known: `count_patterns` with
    `folds` keeps those together.

    >>> from toolkit.counts import Term
    >>> cells = pd.DataFrame({"t0": [0.0, 1.0], "offset": 0.0, "score": [0.0, 9.0],
    ...                       "state": "converted", "n": [3, 2]})
    >>> dealt = deal_folds(PatternCounts(cells, (Term("a", "a", "A", 9.0),), None), folds=2).frame
    >>> int(dealt["n"].sum()), dealt.groupby("fold")["n"].sum().tolist()
    (5, [3, 2])
    """
    if patterns.accounts is not None:
        raise QuestionError(
            "accounts are known, and dealing leads would part them: count the patterns with folds"
        )
    frame = patterns.frame
    cell = np.repeat(np.arange(len(frame)), frame["n"].to_numpy(dtype=np.int64))
    dealt = np.random.default_rng(seed).permutation(cell)
    code = dealt * folds + np.arange(len(dealt)) % folds
    found, n = np.unique(code, return_counts=True)
    rows = frame.iloc[found // folds].reset_index(drop=True)
    return replace(patterns, frame=rows.assign(fold=found % folds, n=n))
