"""What scoring worked leads at a fixed age does to the points, and scoring at the hand-off does not.

A lead is worked once its score reaches 50, whenever that is. Of the leads below 50 at the age, those
worked are the ones that did more later; so among the worked a low early score goes with a high late
one, and the early points look worth less than they are. The score at the hand-off holds what came later.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.weights.patterns import count_patterns
from toolkit.analysis.weights import fit_weights, weight_table

NAMES, POINTS, LATER = ["a", "b", "c"], [30, 25, 20], 30
K = np.log(2) / 20


def drawn(n: int = 60_000, seed: int = 1) -> pd.DataFrame:
    """Leads with three early criteria and a late one, every point truly right; 4% explored."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame((rng.random((n, 4)) < 0.4).astype(int), columns=[*NAMES, "late"])
    rows["at_age"] = rows[NAMES] @ POINTS
    rows["at_handoff"] = rows["at_age"] + LATER * rows["late"]
    rows["y"] = (rng.random(n) < expit(-4 + K * rows["at_handoff"])).astype(int)
    rows["worked"] = (rows["at_handoff"] >= 50) | (rng.random(n) < 0.04)
    return rows


def per_point(rows: pd.DataFrame, names: list[str], points: list[int], score: str) -> float:
    return fit_weights(count_patterns(rows, names, points, score=score)).scale.per_point


def test_at_a_fixed_age_the_slope_of_worked_leads_is_lost_and_at_the_hand_off_it_is_not():
    rows = drawn()
    worked = rows[rows["worked"]]
    at_age = per_point(worked, NAMES, POINTS, "at_age")
    everybody = per_point(rows, NAMES, POINTS, "at_age")
    at_handoff = per_point(worked, [*NAMES, "late"], [*POINTS, LATER], "at_handoff")
    assert at_age < 0.8 * K
    assert abs(everybody - K) < 0.1 * K  # if all were worked the early points would be right
    assert abs(at_handoff - K) < 0.1 * K


def test_at_the_hand_off_right_points_are_kept():
    worked = drawn().loc[lambda rows: rows["worked"]]
    found = fit_weights(
        count_patterns(worked, [*NAMES, "late"], [*POINTS, LATER], score="at_handoff")
    )
    assert (weight_table(found)["verdict"] == "keep").all()
