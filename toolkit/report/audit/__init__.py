"""The sections of the audit: prepared inputs in, one displayable value per section out.

prepare -> Audit -> show_verdict, show_flow, ... -> Section
"""

from toolkit.report.audit.appendix import show_appendix
from toolkit.report.audit.evidence import show_evidence
from toolkit.report.audit.front import show_verdict
from toolkit.report.audit.handed import show_handed
from toolkit.report.audit.inputs import prepare, prepare_audit, prepare_scored_audit
from toolkit.report.audit.limits import show_limits, show_method
from toolkit.report.audit.payoff import show_payoff
from toolkit.report.audit.people import show_data_health, show_flow
from toolkit.report.audit.policy import show_thresholds
from toolkit.report.audit.prepared import Audit, Policy
from toolkit.report.audit.ranking import show_ranking
from toolkit.report.audit.segments import show_segments
from toolkit.report.audit.soon import show_soon
from toolkit.report.audit.time import show_quarters
from toolkit.report.audit.worth import show_calibration

__all__ = [
    "Audit",
    "Policy",
    "prepare",
    "prepare_audit",
    "prepare_scored_audit",
    "show_appendix",
    "show_calibration",
    "show_data_health",
    "show_evidence",
    "show_flow",
    "show_handed",
    "show_limits",
    "show_method",
    "show_payoff",
    "show_quarters",
    "show_ranking",
    "show_segments",
    "show_soon",
    "show_thresholds",
    "show_verdict",
]
