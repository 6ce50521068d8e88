"""How often verdicts on weights err: outcomes drawn again and again from the demo's truth.

Leads, activities, accounts, scores and who is worked are those of the demo CRM (several draws of
it); only the account effects and the outcomes are drawn anew in every run, from the demo's own
log-odds. So selection by the score and clustering by account are on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.rows import PROVENANCE
from tests.analysis.weights.patterns import account_cells
from toolkit.analysis.weights import Weights, fit_weights, weight_table
from toolkit.counts import PatternCounts, Term
from toolkit.crm.demo import DemoPlan, demo_frames
from toolkit.crm.demo.plan import CRITERIA, INTERCEPT, LOG_ODDS_PER_POINT, planted_points
from toolkit.crm.demo.scoring import score_units

NAMES = [planted.id for planted in CRITERIA]
TERMS = tuple(
    Term(
        planted.id,
        planted.id,
        planted.id,
        float(planted.points),
        basis="policy" if planted.id == "priority_region" else "evidence",
    )
    for planted in CRITERIA
)
EVIDENCE = [term.id for term in TERMS if term.basis == "evidence" and term.id != "quiet"]
NOW = {term.id: term.points for term in TERMS}
RIGHT = DemoPlan(weights_equal_model=True)


@dataclass(frozen=True)
class Pool:
    """One draw of the demo: everything but the outcomes."""

    units: pd.DataFrame
    score: np.ndarray
    account: np.ndarray
    worked: np.ndarray


@cache
def pool(leads: int, seed: int) -> Pool:
    frames = demo_frames(leads=leads, seed=seed, plan=RIGHT)
    rows = frames.lead_truth
    known = frames.leads["account_id"]
    own = pd.Series("alone " + frames.leads["lead_id"].astype(str))
    account = pd.factorize(known.where(known.notna(), own))[0]
    rival = (rows["probability"] == 0).to_numpy()
    kept = ~rival
    return Pool(
        rows.loc[kept, NAMES].reset_index(drop=True),
        rows.loc[kept, "score"].to_numpy(),
        account[kept],
        rows.loc[kept, "worked"].to_numpy(),
    )


def draw(
    made: Pool, plan: DemoPlan, rng: np.random.Generator, *, everybody: bool = False
) -> PatternCounts:
    """Patterns of the worked leads (or of everybody, as nobody should) with new outcomes."""
    used = np.ones(len(made.score), bool) if everybody else made.worked
    units = made.units[used].reset_index(drop=True)
    columns = {name: units[name].to_numpy() for name in NAMES}
    true = score_units(columns, planted_points(plan))
    effect = plan.account_sd * rng.normal(size=made.account.max() + 1)[made.account[used]]
    log_odds = INTERCEPT + LOG_ODDS_PER_POINT * true + effect
    log_odds = log_odds - plan.handoff_effect * ~made.worked[used]
    hit = rng.random(len(units)) < expit(log_odds)
    frame = units.set_axis([f"t{i}" for i in range(len(NAMES))], axis=1).astype(float)
    frame = frame.assign(offset=0.0, score=made.score[used].astype(float))
    frame["state"] = np.where(hit, "converted", "not_converted")
    grouped = frame.groupby(list(frame.columns), sort=True)
    return PatternCounts(
        frame=grouped.size().reset_index(name="n"),
        terms=TERMS,
        provenance=PROVENANCE,
        accounts=account_cells(pd.Series(made.account[used]), grouped.ngroup()),
    )


def tables(plan: DemoPlan, *, runs: int, leads: int, seed: int = 1) -> list[pd.DataFrame]:
    """Weight tables of so many runs, on four draws of the demo in turn."""
    rng = np.random.default_rng([seed, leads])
    return [
        weight_table(fit_weights(draw(pool(leads, 10 + run % 4), plan, rng))).set_index("term")
        for run in range(runs)
    ]


def wrong(name: str, points: int) -> DemoPlan:
    """Every weight right but one."""
    return DemoPlan(weights_equal_model=True, true_points={name: int(points)})


def error_rates(*, runs: int, leads: int) -> dict[str, float]:
    """With all points right: how often any term is changed, and how often one is kept."""
    found = tables(RIGHT, runs=runs, leads=leads)
    changed = [(table.loc[EVIDENCE, "verdict"] == "change").any() for table in found]
    kept = [(table.loc[EVIDENCE, "verdict"] == "keep").mean() for table in found]
    inside = [
        (table.loc[EVIDENCE, "implied_low"] <= table.loc[EVIDENCE, "now"])
        & (table.loc[EVIDENCE, "now"] <= table.loc[EVIDENCE, "implied_high"])
        for table in found
    ]
    return {
        "any wrong change": float(np.mean(changed)),
        "kept": float(np.mean(kept)),
        "interval holds the truth": float(np.mean(inside)),
    }


def at_departure(name: str, departure: int, *, runs: int, leads: int) -> dict[str, float]:
    """One term wrong by so many points: what is said of it, and of the others."""
    found = tables(wrong(name, NOW[name] + departure), runs=runs, leads=leads, seed=2)
    own = [table.loc[name] for table in found]
    others = [term for term in EVIDENCE if term != name]
    truth = NOW[name] + departure
    return {
        "change": float(np.mean([row["verdict"] == "change" for row in own])),
        "keep": float(np.mean([row["verdict"] == "keep" for row in own])),
        "wrong change of another": float(
            np.mean([(table.loc[others, "verdict"] == "change").any() for table in found])
        ),
        "interval holds the truth": float(
            np.mean([row["single_low"] <= truth <= row["single_high"] for row in own])
        ),
        "detectable": float(np.mean([row["detectable"] for row in own])),
    }


def power(name: str, *, runs: int, leads: int, sign: int = 1) -> dict[str, float]:
    """The departure that is promised to be found with probability 0.8, and how often it is."""
    first = tables(RIGHT, runs=8, leads=leads, seed=3)
    promised = float(np.mean([table.loc[name, "detectable"] for table in first]))
    # The standard error grows with the departure itself: promise what holds there.
    for _ in range(2):
        there = at_departure(name, round(sign * promised), runs=8, leads=leads)
        promised = there["detectable"]
    found = at_departure(name, round(sign * promised), runs=runs, leads=leads)
    return {"departure": round(sign * promised), **found}


def several_wrong(*, runs: int, leads: int) -> dict[str, float]:
    """The demo as it is: half of its points wrong at once."""
    found = tables(DemoPlan(), runs=runs, leads=leads, seed=5)
    true = planted_points(DemoPlan())
    right = [name for name in EVIDENCE if true[name] == NOW[name]]
    off = [name for name in EVIDENCE if abs(true[name] - NOW[name]) > 5]
    verdicts = pd.DataFrame([table["verdict"] for table in found])
    return {
        "any right one changed": float((verdicts[right] == "change").any(axis=1).mean()),
        "any wrong one kept": float((verdicts[off] == "keep").any(axis=1).mean()),
        **{f"{name} changed": float((verdicts[name] == "change").mean()) for name in off},
    }


def slopes(*, leads: int, seed: int = 4) -> dict[str, float]:
    """Log-odds per point among worked leads, and with the unworked taken for failures or not."""
    rng = np.random.default_rng(seed)
    made, plan = pool(leads, 10), DemoPlan(weights_equal_model=True, account_sd=0.0)
    worked: Weights = fit_weights(draw(made, plan, rng))
    everybody: Weights = fit_weights(draw(made, plan, rng, everybody=True))
    return {
        "true": LOG_ODDS_PER_POINT,
        "worked only": worked.scale.per_point,
        "everybody": everybody.scale.per_point,
        "worked only, error": worked.scale.standard_error,
    }
