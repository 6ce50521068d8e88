"""The sections of the threshold review: prepared inputs in, one displayable value per section out.

prepare -> Review -> show_verdict, show_tradeoff, ... -> Section
"""

from toolkit.report.threshold.amounts import show_amounts
from toolkit.report.threshold.around import show_around
from toolkit.report.threshold.below import show_below, show_recommendation
from toolkit.report.threshold.front import show_verdict
from toolkit.report.threshold.inputs import Review, Stakes, prepare, review_of
from toolkit.report.threshold.load import show_load
from toolkit.report.threshold.method import show_evidence, show_flow, show_limits, show_method
from toolkit.report.threshold.routes import show_routes
from toolkit.report.threshold.tradeoff import show_tradeoff
from toolkit.report.threshold.worth import show_sensitivity, show_worth

__all__ = [
    "Review",
    "Stakes",
    "prepare",
    "review_of",
    "show_amounts",
    "show_around",
    "show_below",
    "show_evidence",
    "show_flow",
    "show_limits",
    "show_load",
    "show_method",
    "show_recommendation",
    "show_routes",
    "show_sensitivity",
    "show_tradeoff",
    "show_verdict",
    "show_worth",
]
