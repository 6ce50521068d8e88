"""What the closed test chooses, over many draws of one truth."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.proposal.models import K, patterns_of
from toolkit.analysis.proposal import update_ladder
from toolkit.analysis.weights import fit_weights

NOW = {"a": 20, "b": 10, "c": -10, "d": 15}
ACTIONS = ["keep", "intercept", "intercept and slope", "revise"]
TRUTHS = {
    "keep": {},
    "intercept": {"shift": 0.5},
    "intercept and slope": {"slope": 0.6},
    "revise": {"wrong": 20},
}
"""The level moved by 0.5 log-odds; the slope 0.6 of what was said; `b` worth 20 points less."""
SHARE = 0.4
LEVEL = -2.5
LEADS_OF_AN_ACCOUNT = 3


def drawn_scores(n, rng, *, accounts, account_sd, shift=0.0, slope=1.0, wrong=0.0):
    """Leads whose log-odds depart from LEVEL + K x score in one way."""
    rows = pd.DataFrame({name: (rng.random(n) < SHARE).astype(int) for name in NOW})
    rows["score"] = rows[list(NOW)].to_numpy() @ np.array(list(NOW.values()))
    true = rows["score"] - wrong * rows["b"]
    rows["account"] = rng.integers(0, accounts, n)
    effect = account_sd * rng.normal(size=accounts)[rows["account"]]
    eta = LEVEL + shift + K * slope * true + effect
    return rows.assign(y=(rng.random(n) < expit(eta)).astype(int))


@cache
def stated_line(account_sd):
    """What a point was rightly said to mean: the line of many leads, accounts mixed."""
    n = 400_000
    rows = drawn_scores(n, np.random.default_rng(1), accounts=n, account_sd=account_sd)
    scale = fit_weights(patterns_of(rows, NOW)).scale
    return scale.intercept, scale.per_point


def choice_rates(truth, *, runs, leads, account_sd=0.0, seed=1):
    """Share of runs in which each action is chosen; accounts are known where they differ."""
    rng = np.random.default_rng([seed, leads, ACTIONS.index(truth)])
    account = "account" if account_sd else None
    chosen = []
    for _ in range(runs):
        rows = drawn_scores(
            leads,
            rng,
            accounts=leads // LEADS_OF_AN_ACCOUNT,
            account_sd=account_sd,
            **TRUTHS[truth],
        )
        weights = fit_weights(patterns_of(rows, NOW, account=account))
        chosen.append(update_ladder(weights, stated=stated_line(account_sd)).action)
    return pd.Series(chosen).value_counts(normalize=True).reindex(ACTIONS, fill_value=0.0)
