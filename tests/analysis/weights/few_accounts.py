"""How often verdicts err where accounts are few, or one of them holds half of the leads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.weights.patterns import count_patterns
from toolkit.analysis.weights import fit_weights, weight_table

POINTS = {"a": 20, "b": 20, "c": 10, "d": 10}
PER_POINT = 0.05
SHARE = 0.4


def equal_sizes(accounts, leads):
    """So many accounts of one size."""
    return np.full(accounts, leads // accounts)


def giant_sizes(others, leads):
    """One account with half of the leads; the other half in accounts of one size."""
    return np.concatenate([[leads // 2], equal_sizes(others, leads // 2)])


def drawn_rows(sizes, rng, *, departure=0.0, account_sd=1.0):
    """Leads of accounts that share part of their fate; `a` is a trait of the account.

    The unit of `a` is worth its points and the departure; all else is worth today's points.
    """
    account = np.repeat(np.arange(len(sizes)), sizes)
    rows = pd.DataFrame((rng.random((len(account), 4)) < SHARE).astype(int), columns=[*POINTS])
    rows["a"] = (rng.random(len(sizes)) < SHARE).astype(int)[account]
    rows["score"] = rows[[*POINTS]].to_numpy() @ np.array([*POINTS.values()])
    effect = account_sd * rng.normal(size=len(sizes))[account]
    log_odds = -2.2 + PER_POINT * (rows["score"] + departure * rows["a"]) + effect
    hit = rng.random(len(account)) < expit(log_odds)
    return rows.assign(y=hit.astype(int), account=account)


def few_account_errors(sizes, *, runs, departure=0.0, seed=1):
    """Rates of `a`: interval of its points known, and holding the truth (or none); p under 5%;
    change and keep; and how often any other term, whose points are right, is changed.
    """
    rng = np.random.default_rng([seed, len(sizes)])
    found = []
    for _ in range(runs):
        rows = drawn_rows(sizes, rng, departure=departure)
        counts = count_patterns(rows, [*POINTS], [*POINTS.values()], account="account")
        table = weight_table(fit_weights(counts)).set_index("term")
        own, truth = table.loc["a"], POINTS["a"] + departure
        found.append({
            "known": not np.isnan(own["single_low"]),
            "held": not (own["single_low"] > truth or own["single_high"] < truth),
            "p < 5%": own["p"] < 0.05,
            "change": own["verdict"] == "change",
            "keep": own["verdict"] == "keep",
            "change of another": (table.loc[["b", "c", "d"], "verdict"] == "change").any(),
        })  # fmt: skip
    return pd.DataFrame(found).mean().to_dict()
