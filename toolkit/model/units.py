"""Units of an activity criterion: buckets, and how a unit's points fade with its age.

Every decay is a step function of the age, so that an operator can recompute it by hand and an
engine needs whole numbers only. `decay_steps` gives the steps exactly, as fractions.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from toolkit.model.later import NO_CALENDAR
from toolkit.model.values import Count, Percent, Seconds
from toolkit.yamlfile import YamlModel, fail

__all__ = ["Decay", "Per", "Steps", "decay_steps"]

_MOST_STEPS = 1_000

Steps = tuple[tuple[int, Fraction], ...]
"""(age in seconds, value): the value holds below that age and from the age before on."""


class Per(YamlModel):
    """How matching activities make units.

    `bucket` splits them: by their `asset`, by UTC `day` or ISO `week` (from Monday), by their
    `session`. An activity without asset or session is a bucket of its own. A bucket of fewer than
    `at_least` activities pays nothing. With `units: buckets` a bucket is one unit, as old as its
    latest activity; otherwise each of its activities is a unit, at most the `at_most` latest.
    """

    bucket: Literal["asset", "day", "session", "week"]
    at_least: Count = 1
    at_most: Count | None = None
    units: Literal["activities", "buckets"] = "activities"

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.units == "buckets" and self.at_most is not None:
            raise fail(
                "'at_most' counts activities, but with 'units: buckets' a bucket is one unit; "
                "delete one of the two",
                "at_most",
                on_key=True,
            )
        if self.units == "activities" and self.at_least == 1 and self.at_most is None:
            raise fail("this changes nothing: add 'at_least', 'at_most' or 'units: buckets'")
        return self


class Decay(YamlModel):
    """How the points of a unit fade with its age, in steps.

    `percent` p `every` q: max(0, 1 - p/100 * floor(age/q)) of the points; `points` p `every` q:
    p points nearer to 0 after each q, and never past it; `expire` d: all of them while age < d;
    `half_life` h: points / 2^(age/h), made whole on the model's scale by `round`.
    """

    later: ClassVar = {**NO_CALENDAR, "within": "'within' stands beside 'decay', not inside"}

    percent: Percent | None = None
    points: Count | None = None
    every: Seconds | None = None
    expire: Seconds | None = None
    half_life: Seconds | None = None
    round: Literal["half_up", "floor"] | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = ("percent", "points", "expire", "half_life")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            said = " and ".join(f"'{kind}'" for kind in given) or "none of them"
            raise fail(f"a decay has one of percent, points, expire, half_life; found {said}")
        self._goes_with("every", given[0], ("percent", "points"))
        self._goes_with("round", given[0], ("half_life",))
        return self

    def _goes_with(self, key: str, kind: str, kinds: tuple[str, ...]) -> None:
        there = getattr(self, key) is not None
        if there and kind not in kinds:
            raise fail(f"'{key}' does not go with '{kind}'; delete it", key, on_key=True)
        if not there and kind in kinds:
            more = "; half_up or floor" if key == "round" else ", as in 1mo"
            raise fail(f"'{kind}' needs '{key}'{more}", kind, on_key=True)

    def refuse_too_long(self, points: int) -> None:
        """Raise when the steps are too many, or when the points would never reach 0."""
        if self.half_life is not None and self.round == "floor" and points < 0:
            raise fail(
                "rounding down keeps points below 0 at -1 for ever; use 'round: half_up'",
                "decay",
                "round",
            )
        many = -(-abs(points) // (self.points or 1)) if self.expire is None else 1
        if self.percent is None and many > _MOST_STEPS:
            raise fail(
                f"{points} points fade in {many:,} steps, more than {_MOST_STEPS:,}; use a smaller "
                "scale, larger steps, or 'percent'",
                "decay",
            )


def decay_steps(points: int, decay: Decay | None) -> tuple[Steps, Fraction]:
    """Give the steps of a unit's value by its age, and the value beyond the last of them.

    >>> decay_steps(10, Decay(percent=50, every=60))
    (((60, Fraction(10, 1)), (120, Fraction(5, 1))), Fraction(0, 1))
    >>> decay_steps(3, Decay(half_life=60, round="floor"))
    (((1, Fraction(3, 1)), (36, Fraction(2, 1)), (96, Fraction(1, 1))), Fraction(0, 1))
    """
    if decay is None or points == 0:
        return (), Fraction(points)
    if decay.expire is not None:
        return ((decay.expire, Fraction(points)),), Fraction(0)
    if decay.half_life is not None:
        return _half_life_steps(points, decay.half_life, down=decay.round == "floor"), Fraction(0)
    return _even_steps(points, decay), Fraction(0)


def _even_steps(points: int, decay: Decay) -> Steps:
    every = decay.every or 1
    lost = Fraction(points * (decay.percent or 0), 100)
    if decay.points is not None:
        lost = Fraction(decay.points if points > 0 else -decay.points)
    count = -(-Fraction(points) // lost)  # the steps until nothing is left, rounded up
    return tuple(((k + 1) * every, points - k * lost) for k in range(int(count)))


def _half_life_steps(points: int, half_life: int, *, down: bool) -> Steps:
    """The value v = |points| / 2^(age/h), rounded, for each whole number it passes through."""
    size, sign = abs(points), 1 if points > 0 else -1
    steps = []
    for value in range(size, 0, -1):
        # v rounds to `value` or more while |points| / 2^(age/h) >= value (or value - 1/2).
        ratio = Fraction(size, value) if down else Fraction(2 * size, 2 * value - 1)
        until = _last_age(ratio, half_life) + 1
        steps.append((until, Fraction(sign * value)))
    # Values that the step to the next second jumps over hold for no age.
    kept = [step for step, before in zip(steps, [(0, None), *steps], strict=False)
            if step[0] > before[0]]  # fmt: skip
    return tuple(kept)


def _last_age(ratio: Fraction, half_life: int) -> int:
    """The greatest whole age with 2^(age / half_life) <= ratio, exactly."""
    power = ratio.numerator.bit_length() - 1
    if ratio == 2**power:
        return power * half_life
    # Otherwise log2(ratio) is irrational, so age * h is never whole and digits decide.
    digits = Context(prec=60)
    log = digits.ln(digits.divide(Decimal(ratio.numerator), Decimal(ratio.denominator)))
    return int(digits.divide(digits.multiply(log, Decimal(half_life)), digits.ln(Decimal(2))))
