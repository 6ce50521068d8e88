"""The weight table: one row per term, everything a review meeting needs."""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd
from scipy.special import expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.fit import Weights, is_policy
from toolkit.analysis.weights.implied import Departure, base_columns, departure
from toolkit.analysis.weights.products import linear
from toolkit.analysis.weights.verdicts import MARGIN, Judgement, judge_weights

__all__ = ["weight_table"]


def weight_table(weights: Weights, *, margin: float = MARGIN) -> pd.DataFrame:
    """Say of every term what it pays, what the data suggest, and what follows. One row per term.

    Columns:

    - `term`, `criterion`, `label`, `kind`, `dimension`, `basis`, `now` (points per unit);
    - `n_with`, `positives_with`, `n_without`, `positives_without`: judged leads that met it or did
      not, and the converted among them; `accounts_with`: accounts (or leads where no account is
      known) behind `n_with`;
    - `alone_points`: with no other term in the model; `adjusted_points`, `adjusted_low`,
      `adjusted_high`: with all of them free. The gap is what is counted twice;
    - `odds_ratio`, `odds_ratio_low`, `odds_ratio_high`: of one unit, all terms free; `rate_without`,
      `rate_with`: mean probability of all judged leads if none, or all, had one unit of it;
    - `single_points`, `single_low`, `single_high`: this term free, all others at today's points;
    - `implied_points`, `implied_low`, `implied_high`: the same beside the changes that were decided
      before it (and beside the terms of policy): what the verdict rests on; `departure`,
      `departure_low`, `departure_high`: from today's points, the ends those of two one-sided tests;
    - `p` (score test of no departure, over accounts where known), `p_holm`;
    - `verdict`, `because`, `step` (order of the change), `method`, `note`;
    - `detectable` (points), `n_needed` (judged leads in all), `weeks_needed` (from now, at the
      present pace); `same_sign`: whether the linear-probability model has the sign of the
      coefficient.

    Source: Fieller (1954) for points; Holm (1979) for p_holm.

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = weight_table(fit_weights(tiny_patterns())).set_index("term")
    >>> table.loc["a", ["n_with", "positives_with"]].tolist()  # 40 of 140 and 80 of 180
    [320, 120]
    >>> table["odds_ratio"].round(6).tolist(), table["verdict"].unique().tolist()
    ([2.0, 2.0], ['not enough evidence'])
    """
    found = judge_weights(weights, margin=margin)
    # Beside nothing else that is free, what the verdict rests on is the term alone.
    plain = all(each.step is None for each in found) and not any(map(is_policy, weights.terms))
    logits = _logits(weights)
    rows = [_row(weights, j, each, logits, plain=plain) for j, each in enumerate(found)]
    decided = [_decided(weights, j, each) for j, each in enumerate(found)]
    frame = pd.DataFrame([{**row, **more} for row, more in zip(rows, decided, strict=True)])
    return frame.astype({"n_needed": "Int64", "step": "Int64"})[list(_COLUMNS)]


_COLUMNS = (
    "term", "criterion", "label", "kind", "dimension", "basis", "now",
    "n_with", "positives_with", "n_without", "positives_without", "accounts_with",
    "alone_points", "adjusted_points", "adjusted_low", "adjusted_high",
    "odds_ratio", "odds_ratio_low", "odds_ratio_high", "rate_without", "rate_with",
    "single_points", "single_low", "single_high",
    "implied_points", "implied_low", "implied_high",
    "departure", "departure_low", "departure_high", "p", "p_holm",
    "verdict", "because", "step", "method", "note",
    "detectable", "n_needed", "weeks_needed", "same_sign",
)  # fmt: skip


def _row(
    weights: Weights, j: int, found: Judgement, logits: Floats, *, plain: bool
) -> dict[str, object]:
    term, design, joint = weights.terms[j], weights.design, weights.joint
    met = design.units[:, j] != 0
    rates = _rates(weights, j, logits)
    single = _single(weights, j, found.departure if plain else None)
    return {
        "term": term.id,
        "criterion": term.criterion,
        "label": term.label,
        "kind": term.kind,
        "dimension": term.dimension,
        "basis": term.basis,
        "now": term.points,
        "n_with": int(design.n[met].sum()),
        "positives_with": int(design.hits[met].sum()),
        "n_without": int(design.n[~met].sum()),
        "positives_without": int(design.hits[~met].sum()),
        "accounts_with": design.carriers(design.units[:, j]),
        "alone_points": weights.alone[j],
        "adjusted_points": joint.points[j],
        "adjusted_low": joint.points_low[j],
        "adjusted_high": joint.points_high[j],
        "odds_ratio": float(np.exp(joint.coefficients[j])),
        "odds_ratio_low": float(np.exp(joint.low[j])),
        "odds_ratio_high": float(np.exp(joint.high[j])),
        "rate_without": rates[0],
        "rate_with": rates[1],
        **dict(zip(("single_points", "single_low", "single_high"), single, strict=True)),
        "same_sign": _same_sign(joint.coefficients[j], weights.linear[j]),
    }


def _same_sign(one: float, other: float) -> bool | None:
    if np.isnan(one) or np.isnan(other):
        return None
    return bool(np.sign(one) == np.sign(other))


def _single(weights: Weights, j: int, known: Departure | None) -> Floats:
    if weights.reason is not None or weights.terms[j].id in weights.after_contact:
        return np.full(3, nan)
    found = known or departure(
        weights.design, base_columns(weights.design, ()), weights.scale.fit, j,
        confidence=weights.confidence,
    )  # fmt: skip
    return weights.terms[j].points + np.array([found.estimate, found.low, found.high])


def _logits(weights: Weights) -> Floats:
    """Log-odds of every pattern by the fit of all terms."""
    design, joint = weights.design, weights.joint
    known = np.nan_to_num(joint.coefficients)
    logits: Floats = (
        joint.intercept + linear(design.units, known) + weights.scale.per_point * design.other
    )
    return logits


def _rates(weights: Weights, j: int, logits: Floats) -> tuple[float, float]:
    """Mean fitted probability with the term at 0 units, and at 1, for every judged lead."""
    beta, design = weights.joint.coefficients, weights.design
    if np.isnan(beta[j]):
        return nan, nan
    bare = logits - design.units[:, j] * beta[j]
    rates = (np.average(expit(bare + u * beta[j]), weights=design.n) for u in (0, 1))
    return tuple(float(rate) for rate in rates)  # type: ignore[return-value]  # two of them


def _decided(weights: Weights, j: int, found: Judgement) -> dict[str, object]:

    now, move = weights.terms[j].points, found.departure
    weeks = weights.provenance.weeks
    wait = None
    if found.n_needed is not None and weeks:
        wait = (found.n_needed - weights.n) / (weights.n / weeks)
    return {
        "implied_points": now + move.estimate,
        "implied_low": now + move.low,
        "implied_high": now + move.high,
        "departure": move.estimate,
        "departure_low": move.low_inner,
        "departure_high": move.high_inner,
        "p": move.p,
        "p_holm": found.p_holm,
        "verdict": found.verdict,
        "because": found.because,
        "step": found.step,
        "method": move.method,
        "note": move.reason,
        "detectable": found.detectable,
        "n_needed": found.n_needed,
        "weeks_needed": nan if wait is None else wait,
    }
