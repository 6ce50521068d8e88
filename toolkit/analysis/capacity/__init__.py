"""What a team that can work so many leads a week should take, and what its queue would do."""

from __future__ import annotations

from toolkit.analysis.capacity.load import capacity_table, replay_queue, sla_table
from toolkit.analysis.capacity.threshold import CapacityThreshold, capacity_threshold

__all__ = ["CapacityThreshold", "capacity_table", "capacity_threshold", "replay_queue", "sla_table"]
