"""Flat files drawn with known worth, and reviews of them: small, quick, everything judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit

from toolkit.model import parse_model
from toolkit.report.weights import Asked, Review, prepare_flat_review

DAY = date(2026, 10, 5)
NASTY = "<script>alert(1)</script>"
HEAD = "lead_score_model: 1\nname: m\nversion: '1'\nbands:\n- {name: call, from: 40, handoff: true}\n- {name: rest}\n"


def model_text(
    points: dict[str, int], *, policy: str = "", label: str = "", bands: bool = True
) -> str:
    """A model file that pays for columns that hold 1."""
    lines = [
        f"  - {{id: {name}, label: '{label or 'Criterion'} {name}', when: {{{name}: 1}}, "
        f"points: {value}{', basis: policy' if name == policy else ''}}}"
        for name, value in points.items()
    ]
    head = HEAD if bands else HEAD.split("bands", maxsplit=1)[0]
    return "\n".join([head + "groups:\n- id: g\n  dimension: fit\n  criteria:", *lines, ""])


def drawn(
    worth: dict[str, float], *, n: int, intercept: float = -1.5, seed: int = 7
) -> pd.DataFrame:
    """Leads of which each half has each criterion; 20 points double the odds."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({name: (rng.random(n) < 0.5).astype(int) for name in worth})
    log_odds = intercept + np.log(2) / 20 * (rows.to_numpy() @ np.array(list(worth.values())))
    return rows.assign(won=(rng.random(n) < expit(log_odds)).astype(int))


POINTS = {"a": 20, "b": 15, "c": -10, "d": 30}


def review(
    rows: pd.DataFrame,
    points: dict[str, int] = POINTS,
    *,
    declared: bool = True,
    policy: str = "",
    label: str = "",
    bands: bool = True,
    account: str | None = None,
    **asked: object,
) -> Review:
    """Review a model on a frame."""
    return prepare_flat_review(
        scored=rows,
        model=parse_model(model_text(points, policy=policy, label=label, bands=bands)),
        outcome="won",
        account=account,
        declared=declared,
        asked=Asked(**asked),
        prepared_on=DAY,
    )


def dated(found: Review) -> Review:
    """The same, as if there had been later leads."""
    return replace(found, since=date(2026, 4, 1))
