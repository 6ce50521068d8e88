"""The waist: everything below it is a pure function of the small tables defined here.

Rows live above, in an engine; statistics and drawing live below. A `ScoreCounts` says how many
leads stood at each score and what became of them, how those leads are spread over accounts, and
where the numbers come from.

The account table is the sum, over accounts, of the products of an account's counts in any two
cells (score, state). With it the account-robust variance of *every* statistic that is a sum of
influence values by cell -- a rate in any band or above any threshold, a difference of two rates,
net benefit, the area under the ROC curve -- is one quadratic form u'Mu, with no second pass over
the rows (Var = G/(G-1) * sum_g U_g^2, U_g = sum over the account's leads of u).
"""

from __future__ import annotations

from toolkit.counts.accounts import AccountCells, AccountPairs
from toolkit.counts.amounts import AmountCounts
from toolkit.counts.pairs import FITTED_ON, FittedOn, PairCounts
from toolkit.counts.provenance import FlowStep, Provenance, flow_table
from toolkit.counts.replicates import ReplicateCounts
from toolkit.counts.scores import ScoreCounts
from toolkit.counts.states import STATES, State

__all__ = [
    "FITTED_ON",
    "STATES",
    "AccountCells",
    "AccountPairs",
    "AmountCounts",
    "FittedOn",
    "FlowStep",
    "PairCounts",
    "Provenance",
    "ReplicateCounts",
    "ScoreCounts",
    "State",
    "flow_table",
]
