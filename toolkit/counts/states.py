"""What became of a lead: four states, never folded into two before an analysis says how."""

from __future__ import annotations

from typing import Literal

__all__ = ["STATES", "State"]

State = Literal["converted", "not_converted", "immature", "unworked"]
STATES: tuple[State, ...] = ("converted", "not_converted", "immature", "unworked")
"""What became of a lead. Never folded into two before an analysis says how.

`converted` / `not_converted`: worked by sales, outcome window closed ("judged").
`immature`: the window has not closed at `observed_until`, whatever happened so far.
`unworked`: the window has closed, but sales never acted on the lead: unknown, not a failure.
"""
