"""What working the leads at or above a threshold is worth, and how surely it is worth more."""

from __future__ import annotations

from toolkit.analysis.benefit.net import net_benefit, net_benefit_error

__all__ = ["net_benefit", "net_benefit_error"]
