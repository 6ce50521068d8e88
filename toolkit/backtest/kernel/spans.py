"""Every rule as spans of time that pay: the heart of timeline and kernel.

At any instant the raw sum of a rule (before its limits) is the sum of the points of the spans that
cover it, start <= instant < stop. With activities in order of time this needs no loop:

* a unit in a window pays on [t, t + within), until the next reset at the latest;
* of the k most recent units, unit i is one until the k-th next comes: its span ends at t[i + k];
* a value that fades from v1 to v2 at age a pays v1 - v2 on [t, t + a) and v2 on the whole span;
* a cap of C on units of p points lets f = C div p units pay in full, and the next older one the
  remainder r = C mod p: p*min(n, f) + r*[n > f] = min(C, p*n);
* in a bucket that needs m activities, activity i is the j-th most recent on [t[i+j-1], t[i+j]),
  and there the m-th most recent is i + j - m: the bucket is large enough while that one counts;
* silence fires at start + m * after, if that comes before the next activity, and pays until then
  (recover) or until the next reset (a ledger).

Ties need no rule: a unit displaced in its own second has an empty span, and whichever of two
equally old units is displaced, the sum is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from toolkit.backtest.core import (
    ActivityRule,
    Bucket,
    InactivityRule,
    LedgerRule,
    Limits,
    TiersRule,
    Value,
)
from toolkit.backtest.kernel.chunk import FAR, Bools, Chunk, Ints, nth_next

__all__ = ["Spans", "alive", "cap_of", "layers", "paying", "tier_spans"]


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of the same points: of lead `lead`, from `start` to before `stop`.

    `born` is the time of the unit, from which its age counts. Without `points` they only mark
    instants at which something may change.
    """

    points: int
    lead: Ints
    born: Ints
    start: Ints
    stop: Ints

    def kept(self, chosen: Bools | Ints) -> Spans:
        """Some of them."""
        parts = (self.lead, self.born, self.start, self.stop)
        return Spans(self.points, *(part[chosen] for part in parts))

    def ending(self, stop: Ints) -> Spans:
        """The same, each ended by `stop` at the latest."""
        return Spans(self.points, self.lead, self.born, self.start, np.minimum(self.stop, stop))

    def paying(self, points: int) -> Spans:
        """The same with other points."""
        return Spans(points, self.lead, self.born, self.start, self.stop)

    def within(self, since: int | None, until: int | None) -> Spans:
        """The same, inside a season."""
        start = self.start if since is None else np.maximum(self.start, since)
        stop = self.stop if until is None else np.minimum(self.stop, until)
        return Spans(self.points, self.lead, self.born, start, stop)


def paying(
    rule: ActivityRule | LedgerRule | InactivityRule, chunk: Chunk, cap: int | None = None
) -> Iterator[Spans]:
    """Give the spans of a rule; `cap` limits the sum of units of one value (see `cap_of`)."""
    if isinstance(rule, LedgerRule):
        yield from _recorded(rule, chunk)
    elif isinstance(rule, InactivityRule):
        yield _silences(rule, chunk)
    elif cap is not None:
        yield from _capped(rule, chunk, cap)
    else:
        for spans in alive(rule, chunk):
            yield from layers(rule.value, spans)


def cap_of(rule: ActivityRule, limits: Limits) -> int | None:
    """The most (in size) that units of one value may sum up to, if limits say no more than that.

    None where they cannot be said by a cap: values that fade, buckets, limits that move zero.
    """
    if rule.value.steps or rule.bucket is not None or _moves_zero(limits):
        return None
    points = rule.value.rest
    limit = limits.high if points > 0 else limits.low
    sizes = [] if limit is None else [abs(limit)]
    sizes += [] if rule.max_units is None else [rule.max_units * abs(points)]
    return min(sizes, default=None)


def _moves_zero(limits: Limits) -> bool:
    low, high = limits.low or 0, limits.high or 0
    return low > 0 or high < 0


# --- units of activities ------------------------------------------------------------------------


def _units(rule: ActivityRule | TiersRule | LedgerRule, chunk: Chunk, within: int | None) -> Spans:
    """Each matching activity while it is in the window and later than the last reset."""
    rows = chunk.where(f"r{rule.source}")
    lead, time = chunk.lead[rows], chunk.time[rows]
    stop = np.full(len(rows), FAR) if within is None else time + within
    if rule.reset is not None:
        stop = np.minimum(stop, chunk.next_reset(rule.reset, lead, time))
    return Spans(1, lead, time, time, stop)


def _capped(rule: ActivityRule, chunk: Chunk, cap: int) -> Iterator[Spans]:
    points = rule.value.rest
    if points == 0:
        return
    full, rest = divmod(cap, abs(points))
    units = _units(rule, chunk, rule.within)
    displaced = nth_next(units.lead, units.start, full)
    yield units.ending(displaced).paying(points)
    if rest:
        sign = 1 if points > 0 else -1
        late = Spans(rest * sign, units.lead, units.born, displaced, units.stop)
        yield late.ending(nth_next(units.lead, units.start, full + 1))


def alive(rule: ActivityRule, chunk: Chunk) -> Iterator[Spans]:
    """Spans in which each unit counts, whatever it is worth.

    With a bucket the `max_units` most recent units are not looked for: which buckets are large
    enough changes with time, and so does which units are the most recent ones.
    """
    units = _units(rule, chunk, rule.within)
    if rule.bucket is not None:
        yield from _bucketed(rule, rule.bucket, chunk, units)
    elif rule.max_units is not None:
        yield units.ending(nth_next(units.lead, units.start, rule.max_units))
    else:
        yield units


def layers(value: Value, spans: Spans) -> Iterator[Spans]:
    """Spans of a unit's value by its age: each step is a layer that ends first."""
    below = [points for _, points in value.steps[1:]] + [value.rest]
    for (age, points), rest in zip(value.steps, below, strict=False):
        yield spans.ending(spans.born + age).paying(points - rest)
    if value.rest:
        yield spans.paying(value.rest)


def _bucketed(rule: ActivityRule, bucket: Bucket, chunk: Chunk, units: Spans) -> Iterator[Spans]:
    owner, alone, order = _owners(rule, bucket, chunk, units)
    if bucket.at_least == 1:
        yield units.kept(alone)
    units, owner = units.kept(order), owner[order]
    least, most = bucket.at_least, bucket.at_most
    for j in range(1, min(least - 1, most or least) + 1):
        # Activity i is the j-th most recent; the one that makes the bucket large enough is older.
        start, displaced = nth_next(owner, units.born, j - 1), nth_next(owner, units.born, j)
        stop = _earlier(owner, units.stop, least - j)
        yield Spans(1, units.lead, units.born, start, np.minimum(stop, displaced))
    if most is None or most >= least:
        start = nth_next(owner, units.born, least - 1)
        stop = units.stop
        if most is not None:
            stop = np.minimum(stop, nth_next(owner, units.born, most))
        yield Spans(1, units.lead, units.born, start, stop)


def _owners(
    rule: ActivityRule, bucket: Bucket, chunk: Chunk, units: Spans
) -> tuple[Ints, Bools, Ints]:
    """The bucket of each unit, which have none, and the order by bucket and time of the others."""
    if bucket.column is None:
        number = (units.born - bucket.offset) // bucket.span
    else:
        number = chunk.extra[f"g{bucket.column}"][chunk.where(f"r{rule.source}")]
    alone = np.zeros(len(number), dtype=np.bool_)
    if bucket.column is not None:
        alone = number < 0
    named = np.flatnonzero(~alone)
    order = named[np.lexsort((units.born[named], number[named], units.lead[named]))]
    changes = np.ones(len(order), dtype=np.int64)
    lead, ordered = units.lead[order], number[order]
    changes[1:] = (lead[1:] != lead[:-1]) | (ordered[1:] != ordered[:-1])
    owner = np.full(len(number), -1)
    owner[order] = np.cumsum(changes)
    return owner, alone, order


def _earlier(owner: Ints, stop: Ints, n: int) -> Ints:
    """The stop of the n-th earlier row of the same owner; before everything without one."""
    found = np.full(len(stop), -FAR)
    if n < len(stop):
        found[n:] = np.where(owner[n:] == owner[:-n], stop[:-n], -FAR)
    return found


def tier_spans(rule: TiersRule, chunk: Chunk) -> Iterator[Spans]:
    """For each tier, spans whose sum is the number of activities in its window."""
    for tier in rule.tiers:
        yield _units(rule, chunk, tier.within)


def _recorded(rule: LedgerRule, chunk: Chunk) -> Iterator[Spans]:
    units = _units(rule, chunk, None)
    delta = chunk.extra["d"][chunk.where(f"r{rule.source}")]
    for value in np.unique(delta).tolist():
        if value:
            yield units.kept(delta == value).paying(value * rule.factor)


# --- silence ------------------------------------------------------------------------------------


def _silences(rule: InactivityRule, chunk: Chunk) -> Spans:
    """Each firing, from its second on, until the next activity or (a ledger) the next reset."""
    lead, start, end = _spells(rule, chunk)
    length = np.minimum(end, chunk.until + 1) - 1 - start
    # Most spells are too short.
    long = np.flatnonzero(length >= rule.after)
    times = length[long] // rule.after
    if rule.times is not None:
        times = np.minimum(times, rule.times)
    row = np.repeat(long, times)
    number = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times) + 1
    lead, start, end = lead[row], start[row], end[row]
    stop = end if rule.recover else chunk.next_reset(rule.reset, lead, start, later=True)
    return Spans(rule.points, lead, start, start + number * rule.after, stop)


def _spells(rule: InactivityRule, chunk: Chunk) -> tuple[Ints, Ints, Ints]:
    """When the clock starts, at every activity or reset and at the creation, and when it stops.

    What comes before the creation starts no clock.
    """
    breaks = chunk.flags["q"]
    if rule.reset is not None:
        breaks = breaks | chunk.flags[f"z{rule.reset}"]
    rows = np.flatnonzero(breaks[chunk.code] & (chunk.time > chunk.created[chunk.lead]))
    lead, time, number = chunk.lead[rows], chunk.time[rows], np.arange(chunk.n)
    first = np.searchsorted(lead, number)
    own = np.append(lead, -1)[first] == number
    earliest = np.where(own, np.append(time, FAR)[first], FAR)
    return (
        np.concatenate([lead, number]),
        np.concatenate([time, chunk.created]),
        np.concatenate([nth_next(lead, time, 1), earliest]),
    )
