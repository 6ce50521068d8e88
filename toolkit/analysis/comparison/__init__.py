"""Champion and challenger on the same leads.

worked     which leads either model would work, tied ones by share
paired     tests of two selections: McNemar, weighted generalised score
swap       `swap_set`: the leads that change sides
compare    `compare_models`: change, keep, not enough evidence
"""

from __future__ import annotations

from toolkit.analysis.comparison.compare import Comparison, compare_models
from toolkit.analysis.comparison.paired import McNemar, PrecisionTest
from toolkit.analysis.comparison.swap import SwapSet, swap_set

__all__ = [
    "Comparison",
    "McNemar",
    "PrecisionTest",
    "SwapSet",
    "compare_models",
    "swap_set",
]
