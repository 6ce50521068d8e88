"""The sections of the weight review: prepared inputs in, one displayable value per section out.

prepare -> Review -> show_verdict, show_criteria, ... -> Section

sentences   one term in words
flat        a flat file of fields as the smallest CRM
review      what a review holds
inputs      everything counted and fitted once
front       page one
evidence    who was counted; verdicts; overlap; stability
plan        the proposal: file, thresholds, prices
compared    champion and challenger on later leads
rivals      what the score must beat
shape       units, caps, decay, the order of points
limits      what is not said; how it was computed
"""

from toolkit.report.weights.compared import show_comparison, show_swap
from toolkit.report.weights.evidence import (
    show_criteria,
    show_flow,
    show_overlap,
    show_stability,
)
from toolkit.report.weights.front import show_verdict
from toolkit.report.weights.inputs import prepare, prepare_flat_review, prepare_review
from toolkit.report.weights.limits import show_limits, show_method
from toolkit.report.weights.plan import show_lines, show_prices, show_proposal
from toolkit.report.weights.review import Asked, Review
from toolkit.report.weights.rivals import show_rivals
from toolkit.report.weights.shape import show_shape

__all__ = [
    "Asked",
    "Review",
    "prepare",
    "prepare_flat_review",
    "prepare_review",
    "show_comparison",
    "show_criteria",
    "show_flow",
    "show_limits",
    "show_lines",
    "show_method",
    "show_overlap",
    "show_prices",
    "show_proposal",
    "show_rivals",
    "show_shape",
    "show_stability",
    "show_swap",
    "show_verdict",
]
