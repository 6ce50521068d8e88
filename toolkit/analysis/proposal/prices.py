"""What points that are a choice cost: SQLs that their preference leaves on the table."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pandas as pd
from scipy.special import expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.proposal.moved import Everybody
from toolkit.analysis.weights.fit import Weights, is_policy
from toolkit.analysis.weights.logistic import fit_logistic
from toolkit.analysis.weights.verdicts import Judgement

__all__ = ["policy_prices", "ranked_yield"]


def policy_prices(
    weights: Weights,
    judgements: tuple[Judgement, ...],
    everybody: Everybody,
    threshold: float | None,
) -> pd.DataFrame:
    """Price every term of policy: expected conversions lost per 100 worked leads by keeping it.

    As many leads are worked as lie at or above the hand-off threshold today. They are the best by
    today's score, or the best by the score with this term at what the data support (all else as
    today). The price is the difference in expected conversions, tied leads filled by share. Its
    interval runs over the interval of the supported points; the other coefficients and the leads
    are taken as they are. Expected conversions of leads that were never worked are those of worked
    leads with the same criteria: an extrapolation.

    Columns: `term`, `label`, `basis`, `now`, `supported`, `supported_low`, `supported_high`
    (points), `price`, `low`, `high` (conversions per 100 worked leads), `n_with` (judged leads that
    have it), `leads_of` (whose leads are chosen from), `reason`.
    """
    rows = []
    for j, term in enumerate(weights.terms):
        if not is_policy(term) or term.id in weights.after_contact:
            continue
        found = judgements[j].departure
        unknown = found.reason if isnan(found.low) else None
        reason = _why_not(weights, everybody, threshold, unknown)
        prices = (nan, nan, nan)
        if reason is None and threshold is not None:
            ends = (found.estimate, found.low, found.high)
            prices = _interval(weights, everybody, threshold, j, ends)
        met = weights.design.units[:, j] != 0
        rows.append(
            {
                "term": term.id,
                "label": term.label,
                "basis": term.basis,
                "now": term.points,
                "supported": term.points + found.estimate,
                "supported_low": term.points + found.low,
                "supported_high": term.points + found.high,
                "price": prices[0],
                "low": prices[1],
                "high": prices[2],
                "n_with": int(weights.design.n[met].sum()),
                "leads_of": everybody.who,
                "reason": reason,
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    "term", "label", "basis", "now", "supported", "supported_low", "supported_high", "price",
    "low", "high", "n_with", "leads_of", "reason",
)  # fmt: skip


def _why_not(
    weights: Weights, everybody: Everybody, threshold: float | None, unknown: str | None
) -> str | None:
    if weights.reason is not None:
        return weights.reason
    if threshold is None:
        return "the model hands no band to sales, so nothing says how many leads are worked"
    above = everybody.score[everybody.n > 0] >= threshold
    if above.all() or not above.any():
        side = "at or above" if above.all() else "below"
        return (
            f"all {everybody.who} counted lie {side} the threshold, so there is nobody to choose "
            "instead; give patterns of leads on both sides of it (at an age, say)"
        )
    return unknown


def _interval(
    weights: Weights, everybody: Everybody, threshold: float, j: int, ends: tuple[float, ...]
) -> tuple[float, float, float]:
    """Price at the estimate and the least and most over the interval; 0 lies at no departure."""
    found = [_price(weights, everybody, threshold, j, departure) for departure in ends]
    span = [*found, 0.0] if ends[1] <= 0 <= ends[2] else found
    return found[0], min(span), max(span)


def _price(
    weights: Weights, everybody: Everybody, threshold: float, j: int, departure: float
) -> float:
    """Conversions per 100 worked leads lost if the term is truly worth `departure` more."""
    workload = float(everybody.n[everybody.score >= threshold].sum())
    if workload == 0:
        return nan
    x = everybody.units[:, j]
    better = everybody.score + departure * x
    # As if worth so much: the term enters the score, and intercept and slope follow.
    design = weights.design
    fair = design.score + departure * design.units[:, j]
    fit = fit_logistic(np.column_stack([np.ones(len(fair)), fair]), design)
    p = expit(fit.coefficients[0] + fit.coefficients[1] * better)
    gain = ranked_yield(better, p, everybody.n, workload) - ranked_yield(
        everybody.score, p, everybody.n, workload
    )
    return 100 * gain / workload


def ranked_yield(score: Floats, p: Floats, n: Floats, workload: float) -> float:
    """Expected conversions among the best `workload` leads, the tied ones filled by share.

    >>> score, p, n = np.array([3.0, 2.0, 2.0]), np.array([0.5, 0.4, 0.2]), np.array([10.0, 5, 5])
    >>> ranked_yield(score, p, n, 15)  # 10 at 0.5, then half of 10 leads that average 0.3
    6.5
    """
    levels, at = np.unique(-score, return_inverse=True)
    leads = np.bincount(at, weights=n, minlength=len(levels))
    yields = np.bincount(at, weights=n * p, minlength=len(levels))
    left = np.clip(workload - (np.cumsum(leads) - leads), 0.0, leads)
    share = np.divide(left, leads, out=np.zeros_like(leads), where=leads > 0)
    return float(share @ yields)
