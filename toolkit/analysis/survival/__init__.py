"""How soon leads convert, recent leads included: pure functions of `DayCounts`."""

from __future__ import annotations

from toolkit.analysis.survival.cox import CoxSlope, cox_slope
from toolkit.analysis.survival.finegray import FineGray, fine_gray
from toolkit.analysis.survival.incidence import incidence_table, time_to_table
from toolkit.analysis.survival.logrank import LogRank, log_rank
from toolkit.analysis.survival.timeauc import ipcw_brier, time_auc

__all__ = [
    "CoxSlope",
    "FineGray",
    "LogRank",
    "cox_slope",
    "fine_gray",
    "incidence_table",
    "ipcw_brier",
    "log_rank",
    "time_auc",
    "time_to_table",
]
