"""Which criteria go together, so that one signal is paid twice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from toolkit.analysis.weights.fit import Weights

__all__ = ["overlap_table"]


def overlap_table(weights: Weights) -> pd.DataFrame:
    """Show for every pair of terms how often judged leads have both. One row per pair.

    Columns: `a`, `b`, `label_a`, `label_b`, `n_a`, `n_b`, `n_both` (judged leads that have it, or both), `share_of_a`,
    `share_of_b` (n_both of n_a, of n_b; NaN where 0), `phi` (correlation of having a with having b;
    NaN where all or none have one), `points_together` (what both pay today). The strongest
    correlation first.

    Where only leads above a threshold were worked, two criteria that each lift a lead over it are
    rarer together among them than among all leads: phi is of judged leads only.

    Source: definition (Pearson correlation of two yes/no columns).

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = overlap_table(fit_weights(tiny_patterns()))
    >>> table[["n_a", "n_b", "n_both", "share_of_a"]].to_numpy().tolist()  # 180 of 320
    [[320.0, 320.0, 180.0, 0.5625]]
    """
    design, n = weights.design, weights.n
    met = design.units != 0
    rows = []
    for i, j in combinations(range(len(weights.terms)), 2):
        a, b, both = (
            float(design.n[m].sum()) for m in (met[:, i], met[:, j], met[:, i] & met[:, j])
        )
        spread = np.sqrt(a * (n - a) * b * (n - b))
        rows.append({
            "a": weights.terms[i].id,
            "b": weights.terms[j].id,
            "label_a": weights.terms[i].label,
            "label_b": weights.terms[j].label,
            "n_a": int(a),
            "n_b": int(b),
            "n_both": int(both),
            "share_of_a": both / a if a else np.nan,
            "share_of_b": both / b if b else np.nan,
            "phi": (n * both - a * b) / spread if spread > 0 else np.nan,
            "points_together": weights.terms[i].points + weights.terms[j].points,
        })  # fmt: skip
    columns = [
        "a", "b", "label_a", "label_b", "n_a", "n_b", "n_both", "share_of_a", "share_of_b", "phi", "points_together",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["phi"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    return frame.loc[order].reset_index(drop=True)
