"""Small model files, and leads drawn from a truth of points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.weights.patterns import count_patterns
from toolkit.model import parse_model

LEADS = ["vp", "icp", "demo", "webinar", "freemail", "inactive", "pricing"]
POINTS = [20, 15, 30, 10, -10, -10, 15]
K = np.log(2) / 20
BANDS = "- {name: MQL, from: 50, handoff: true}\n- {name: nurture}"


def model_of(points, *, bands=BANDS, policy=(), more=""):
    rows = "\n".join(
        f"  - {{id: {name}, when: {{{name}: 1}}, points: {worth}"
        f"{', basis: policy' if name in policy else ''}}}"
        for name, worth in points.items()
    )
    return parse_model(
        "lead_score_model: 1\nname: tiny\nversion: '1'\nvalid_from: 2026-01-01\ngroups:\n"
        f"- id: all\n  dimension: fit\n  criteria:\n{rows}\n{more}bands:\n{bands}\n"
    )


def drawn(now, true, *, n=20_000, seed=1, share=0.4, accounts=0, account_sd=0.0):
    """Rows whose log-odds follow the true points (ln 2 / 20 each), scored by today's points."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({name: (rng.random(n) < share).astype(int) for name in now})
    eta = -2.5 + K * rows[list(now)].to_numpy() @ np.array([true[name] for name in now])
    if accounts:
        rows["account"] = rng.integers(0, accounts, n)
        eta = eta + account_sd * rng.normal(size=accounts)[rows["account"]]
    rows["y"] = (rng.random(n) < expit(eta)).astype(int)
    rows["score"] = rows[list(now)].to_numpy() @ np.array(list(now.values()))
    return rows


def patterns_of(rows, now, **more):
    counts = count_patterns(rows, list(now), list(now.values()), **more)
    return replace(counts, provenance=replace(counts.provenance, model_hash=None))
