"""From what is proven about the points to a new version of the model.

ladder      how much of the model is refuted: level, scale, points
selective   only proven terms are re-estimated, and shrunk toward today's points
integers    whole points on a grid, and what the rounding loses
editing     the numbers of the model file
moved       thresholds on the new scale, and who crosses them
prices      what points of policy cost
propose     `propose_model`: all of it
"""

from __future__ import annotations

from toolkit.analysis.proposal.integers import RoundedPoints, integer_points
from toolkit.analysis.proposal.ladder import Ladder, LadderAction, update_ladder
from toolkit.analysis.proposal.propose import Proposal, propose_model

__all__ = [
    "Ladder",
    "LadderAction",
    "Proposal",
    "RoundedPoints",
    "integer_points",
    "propose_model",
    "update_ladder",
]
