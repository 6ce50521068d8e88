"""The few SQL expressions that all parts of the statement share."""

from __future__ import annotations

from toolkit.backtest.core.plan import Limits

__all__ = ["clamp", "number", "quotient", "younger"]


def number(value: int) -> str:
    """The only door through which a model's value enters the text."""
    return f"({int(value)})" if value < 0 else str(int(value))


def clamp(value: str, limits: Limits) -> str:
    """LEAST and GREATEST treat NULL differently from engine to engine; CASE does not."""
    whole = f"cast({value} as bigint)"
    cases = ""
    if limits.low is not None:
        cases += f" when {whole} < {number(limits.low)} then {number(limits.low)}"
    if limits.high is not None:
        cases += f" when {whole} > {number(limits.high)} then {number(limits.high)}"
    return f"case{cases} else {whole} end" if cases else whole


def quotient(value: str, divisor: int) -> str:
    """Divide a whole number that is not negative, rounding down.

    What is divided is a multiple of the divisor, so `/` is exact whether the engine divides whole
    numbers or floating ones (below 2^53).
    """
    by = number(divisor)
    return f"cast((({value}) - mod({value}, {by})) / {by} as bigint)"


def younger(seconds: int | None) -> str:
    """Keep the activities of a window: those of which fewer seconds have passed."""
    return "" if seconds is None else f" and mo.s - e.t < {number(seconds)}"
