"""Does a higher score mean a likelier conversion? Ranking statistics of judged leads."""

from __future__ import annotations

from toolkit.analysis.ranking.area import Auc, auc
from toolkit.analysis.ranking.difference import AucDifference, auc_difference
from toolkit.analysis.ranking.gains import Gap, gains_table, largest_gap
from toolkit.analysis.ranking.partial import PartialAuc, partial_auc
from toolkit.analysis.ranking.precision import AveragePrecision, average_precision
from toolkit.analysis.ranking.table import ranking_table
from toolkit.analysis.ranking.values import value_gains_table

__all__ = [
    "Auc",
    "AucDifference",
    "AveragePrecision",
    "Gap",
    "PartialAuc",
    "auc",
    "auc_difference",
    "average_precision",
    "gains_table",
    "largest_gap",
    "partial_auc",
    "ranking_table",
    "value_gains_table",
]
