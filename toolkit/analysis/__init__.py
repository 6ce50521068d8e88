"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.
"""

from __future__ import annotations

from toolkit.analysis.bands import BandLike, ScoreBand, band_table, equal_bands, level_table
from toolkit.analysis.calibration import (
    Monotonicity,
    calibration_table,
    isotonic_rates,
    monotonicity,
)
from toolkit.analysis.intervals import (
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from toolkit.analysis.leaks import Leaks, leak_table
from toolkit.analysis.ranking import Auc, auc, gains_table
from toolkit.analysis.rates import Difference, Rate, rate, rate_difference
from toolkit.analysis.reconcile import (
    Reconciliation,
    agreement,
    cause_table,
    reconciliation,
)
from toolkit.analysis.thresholds import threshold_table
from toolkit.analysis.verdict import (
    Answer,
    Verdict,
    area_verdict,
    ranking_verdict,
    rate_verdict,
    structural_reason,
)

__all__ = [
    "Answer",
    "Auc",
    "BandLike",
    "Difference",
    "Leaks",
    "Monotonicity",
    "Rate",
    "Reconciliation",
    "ScoreBand",
    "Verdict",
    "agreement",
    "area_verdict",
    "auc",
    "band_table",
    "calibration_table",
    "cause_table",
    "clopper_pearson_interval",
    "equal_bands",
    "gains_table",
    "isotonic_rates",
    "jeffreys_interval",
    "leak_table",
    "level_table",
    "monotonicity",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "reconciliation",
    "structural_reason",
    "threshold_table",
    "wilson_interval",
]
