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
from toolkit.counts.days import DAY_STATUSES, DayCounts, DayStatus, StayCounts
from toolkit.counts.delays import DelayCounts
from toolkit.counts.differences import DifferenceCounts
from toolkit.counts.fields import FieldCounts, TimingCounts
from toolkit.counts.fingerprint import fingerprint
from toolkit.counts.merging import merge_counts
from toolkit.counts.pairs import FITTED_ON, FittedOn, PairCounts
from toolkit.counts.patterns import Extra, PatternCounts, Term, TermKind
from toolkit.counts.provenance import FlowStep, Provenance, flow_table
from toolkit.counts.replicates import ReplicateCounts
from toolkit.counts.saving import load_counts, save_counts
from toolkit.counts.scores import ScoreCounts
from toolkit.counts.sharing import suppress_small
from toolkit.counts.stages import DISPOSITIONS, Disposition, FunnelStage, StageCounts
from toolkit.counts.states import STATES, State
from toolkit.counts.weeks import WeekCounts

__all__ = [
    "DAY_STATUSES",
    "DISPOSITIONS",
    "FITTED_ON",
    "STATES",
    "AccountCells",
    "AccountPairs",
    "AmountCounts",
    "DayCounts",
    "DayStatus",
    "DelayCounts",
    "DifferenceCounts",
    "Disposition",
    "Extra",
    "FieldCounts",
    "FittedOn",
    "FlowStep",
    "FunnelStage",
    "PairCounts",
    "PatternCounts",
    "Provenance",
    "ReplicateCounts",
    "ScoreCounts",
    "StageCounts",
    "State",
    "StayCounts",
    "Term",
    "TermKind",
    "TimingCounts",
    "WeekCounts",
    "fingerprint",
    "flow_table",
    "load_counts",
    "merge_counts",
    "save_counts",
    "suppress_small",
]
