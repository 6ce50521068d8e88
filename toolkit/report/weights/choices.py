"""Which of the two models is worth more, whatever a conversion is worth: on the later leads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import expit

from toolkit.analysis import decision_difference, fit_points
from toolkit.backtest import count_pairs
from toolkit.counts import ScoreCounts

if TYPE_CHECKING:
    from toolkit.analysis import PointsFit
    from toolkit.backtest import Backtest
    from toolkit.counts import PairCounts
    from toolkit.model import Model

__all__ = ["choices_table"]

_KEYS = ["champion", "challenger", "state"]


def choices_table(everybody: Backtest, proposal: Model, later: PairCounts) -> pd.DataFrame | None:
    """`decision_difference` of the later leads, by chances fitted to the score among earlier ones.

    None where the score of one of the two says nothing of the chances of the earlier leads.
    """
    every = count_pairs(everybody, proposal, fitted_on="these leads")
    earlier = _without(every.frame, later.frame)
    chances = {}
    for name in ("champion", "challenger"):
        scores = earlier.rename(columns={name: "score"}).groupby(["score", "state"])["n"].sum()
        line = fit_points(ScoreCounts(scores.reset_index(), every.provenance))
        if math.isnan(line.slope):
            return None
        chances[name] = _chances(line, later.frame[name])
    return decision_difference(
        later, champion=chances["champion"], challenger=chances["challenger"]
    )


def _without(every: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Counts of all leads less those of the later ones."""
    both = pd.concat([every, later.assign(n=-later["n"])])
    left = both.groupby(_KEYS, as_index=False, observed=True)[["n"]].sum()
    return left.loc[left["n"] > 0]


def _chances(line: PointsFit, scores: pd.Series) -> pd.Series:
    known = pd.Series(scores.unique())
    return pd.Series(expit(line.intercept + line.slope * known.to_numpy()), index=known)
