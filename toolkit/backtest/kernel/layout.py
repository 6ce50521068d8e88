"""Which sums are kept: one for each rule, or as few as the limits allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from toolkit.backtest.core import (
    ActivityRule,
    FitRule,
    InactivityRule,
    Limits,
    Plan,
    Rule,
    TiersRule,
)
from toolkit.backtest.kernel.chunk import FAR, Chunk
from toolkit.backtest.kernel.spans import Spans, alive, cap_of, layers, paying, tier_spans

__all__ = ["Layout", "folds", "is_ranked", "layout_of", "marks", "spans_of"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the spans of each rule are added up.

    `home[i]` is the sum of rule i (its first, for tiers; None for rules that are looked up at the
    instants themselves). Rules whose limits are said by their spans share the sum of their group,
    or of their dimension where the group has no limits: these are `shared`, and `own[i]` is False.
    """

    plan: Plan
    home: tuple[int | None, ...]
    own: tuple[bool, ...]
    shared: dict[int | str, int]
    columns: int


def layout_of(plan: Plan, *, each: bool) -> Layout:
    """Decide; `each`: the points of every rule are wanted, so each has a sum of its own."""
    home: list[int | None] = []
    own: list[bool] = []
    shared: dict[int | str, int] = {}
    columns = 0
    for number, group in enumerate(plan.groups):
        for rule in (plan.rules[i] for i in group.rules):
            key = group.dimension if group.limits == Limits() else number
            alone = each or not folds(rule)
            own.append(alone)
            if isinstance(rule, FitRule) or is_ranked(rule):
                home.append(None)
            elif not alone and key in shared:
                home.append(shared[key])
            else:
                home.append(columns)
                if not alone:
                    shared[key] = columns
                columns += len(rule.tiers) if isinstance(rule, TiersRule) else 1
    return Layout(plan, tuple(home), tuple(own), shared, columns)


def is_ranked(rule: Rule) -> bool:
    """Whether its most recent units are those of buckets: spans of its own cannot say them."""
    return isinstance(rule, ActivityRule) and rule.bucket is not None and rule.max_units is not None


def folds(rule: Rule) -> bool:
    """Whether the spans alone say the limits of a rule, so that its sum needs no clamp."""
    if isinstance(rule, FitRule | TiersRule) or is_ranked(rule):
        return False
    limits = rule.bounds.limits
    if (limits.low or 0) > 0 or (limits.high or 0) < 0:
        return False
    if isinstance(rule, ActivityRule) and rule.bucket is None and not rule.value.steps:
        return True
    return limits == Limits() or _fires_once(rule)


def _fires_once(rule: Rule) -> bool:
    """A rule that forgives fires in the present spell only; others go on from spell to spell."""
    return isinstance(rule, InactivityRule) and rule.times == 1 and rule.recover


def spans_of(layout: Layout, chunk: Chunk) -> Iterator[tuple[int, Spans]]:
    """Every span with the sum it belongs to."""
    for rule, home in zip(layout.plan.rules, layout.home, strict=True):
        if home is None or isinstance(rule, FitRule):
            continue
        if isinstance(rule, TiersRule):
            yield from enumerate(tier_spans(rule, chunk), home)
        elif not folds(rule):
            yield from ((home, spans) for spans in paying(rule, chunk))
        else:
            yield from ((home, spans) for spans in _final(rule, chunk))


def _final(rule: Rule, chunk: Chunk) -> Iterator[Spans]:
    """Spans of what is left of a rule after its limits, its weight and its season."""
    if isinstance(rule, FitRule | TiersRule):
        return
    bounds, cap = rule.bounds, None
    if isinstance(rule, ActivityRule):
        cap = cap_of(rule, bounds.limits)
    elif isinstance(rule, InactivityRule) and _fires_once(rule):
        rule = replace(rule, points=_clamped(rule.points, bounds.limits))
    for spans in paying(rule, chunk, cap):
        final = spans.paying(spans.points * bounds.weight)
        yield final.within(bounds.since, bounds.until)


def _clamped(value: int, limits: Limits) -> int:
    low = value if limits.low is None else max(value, limits.low)
    return low if limits.high is None else min(low, limits.high)


def marks(layout: Layout, chunk: Chunk) -> Iterator[Spans]:
    """Spans that pay nothing, at whose ends the score may change all the same.

    Ends of seasons, and of units that are put in order at the instants themselves.
    """
    for rule, own in zip(layout.plan.rules, layout.own, strict=True):
        season = (rule.bounds.since, rule.bounds.until)
        if own and season != (None, None):
            since = chunk.created
            always = Spans(0, np.arange(chunk.n), since, since, np.full(chunk.n, FAR))
            yield always.within(*season)
        if isinstance(rule, ActivityRule) and is_ranked(rule):
            for spans in alive(rule, chunk):
                yield spans.paying(0)
                yield from (layer.paying(0) for layer in layers(rule.value, spans))
