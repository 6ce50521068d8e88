"""The leads that change sides when the challenger replaces the champion."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, isnan, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from toolkit.analysis.cells import MOST_UNWORKED, Floats
from toolkit.analysis.comparison.paired import (
    ONE_ACCOUNT,
    McNemar,
    PrecisionTest,
    compare_precision,
    mcnemar,
    rate_influences,
)
from toolkit.analysis.comparison.worked import (
    Choices,
    Marks,
    Selection,
    equal_threshold,
    read_choices,
    select_from,
)
from toolkit.analysis.intervals import Family, rate_arrays, tail
from toolkit.analysis.student import ALONE, student_p
from toolkit.analysis.verdict import Answer

if TYPE_CHECKING:
    from toolkit.counts import PairCounts

__all__ = ["SAME", "UNKNOWN", "SwapSet", "leads_for_difference", "swap_set"]

SAME = (
    "the challenger was fitted on these leads, so they flatter it; compare the two on later leads, "
    "or on scores of fits that left each lead's account out"
)
UNKNOWN = (
    "valid only if the challenger's points were not fitted on these leads: nothing says on which"
)
POWER = 0.8
_GROUPS = ("swap_in", "swap_out", "both", "neither")


@dataclass(frozen=True, slots=True)
class SwapSet:
    """Who comes in, who goes out, and whether those who come in convert more often."""

    threshold: float
    challenger_threshold: float
    table: pd.DataFrame
    """One row per group (swap_in: only the challenger works them; swap_out: only the champion;
    both; neither): `group`, `leads` (all), `judged`, `positives`, `unworked`, `immature`; `rate`
    with `low`, `high` (of the judged: converted); `least`, `most` (rate if none, or all, of the
    unworked had converted)."""
    difference: float
    """Rate of the judged swap-ins less that of the judged swap-outs; NaN where refused. No interval
    where these leads are all of one account."""
    low: float
    high: float
    p_fisher: float
    """Fisher's exact test of equal rates, leads independent (Pearson's, which it then is, from 10^9)."""
    p_accounts: float
    """Score test of equal rates over accounts, t from few equal ones; NaN where none is known."""
    least: float
    """The difference if every unworked lead had gone against the challenger, and for it."""
    most: float
    recall: McNemar
    false_positives: McNemar
    precision: PrecisionTest
    answer: Answer
    """Do swap-ins convert more often than swap-outs?"""
    because: str
    explore: int | None
    """Never-worked swap-ins to work at random to see a difference of `margin`; None if worked."""
    margin: float
    notes: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """Answer and reason in a sentence."""
        return f"{self.answer}: {self.because}."


def swap_set(
    pairs: PairCounts,
    *,
    threshold: float,
    challenger_threshold: float | None = None,
    margin: float = 0.05,
    confidence: float = 0.95,
) -> SwapSet:
    """Compare the leads that only the challenger would work with those that only the champion would.

    Each model works the leads at or above its threshold (inclusive). Without one for the
    challenger it is the score with the volume nearest to the champion's, all leads counted.
    Conversions are of judged leads; intervals are over accounts where they are known: Wilson for
    rates, for their difference the hybrid of the two that allows for accounts with leads in both
    (Zou and Donner 2008).

    Refused (`Cannot be told from this data`) where over 5% of the mature swap-ins were never
    worked: they lay under the old threshold, and what they would have become is unknown. `least`
    and `most` then bound it (Manski 1990), and `explore` says how many of them to work at random.
    Refused as well where the challenger was fitted on these leads.

    McNemar's tests compare recall and false-positive rate; precision has a test of its own. Source:
    McNemar (1947); Kosinski (2013).

    >>> from toolkit.counts import PairCounts
    >>> cells = [(40, 60, "converted", 3), (40, 60, "not_converted", 1),
    ...          (60, 40, "converted", 1), (60, 40, "not_converted", 1)]
    >>> names = ["champion", "challenger", "state", "n"]
    >>> pairs = PairCounts(pd.DataFrame(cells, columns=names), None, "new", "other leads")
    >>> found = swap_set(pairs, threshold=50, challenger_threshold=50)
    >>> found.difference, found.answer  # 3 of 4 come in, 1 of 2 goes out
    (0.25, 'Not enough evidence')
    """
    choices = read_choices(pairs)
    one = select_from(choices.champion, threshold)
    end = challenger_threshold
    if end is None and not len(choices.n):
        end = float(threshold)
    elif end is None:
        end = equal_threshold(choices.challenger, choices.n, choices.total(one.share))
    two = select_from(choices.challenger, end)
    groups = _groups(one, two)
    found = _Swapped(choices, groups, confidence)
    answer, because = _answer(pairs, found)
    refused = answer == "Cannot be told from this data"
    difference, low, high = (nan, nan, nan) if refused else found.difference()
    least, most = found.bounds()
    return SwapSet(
        threshold=float(threshold),
        challenger_threshold=float(end),
        table=found.table(),
        difference=difference,
        low=low,
        high=high,
        p_fisher=nan if refused else found.fisher(),
        p_accounts=nan if refused else found.robust_p(),
        least=least,
        most=most,
        recall=mcnemar(choices, one, two, converted=True),
        false_positives=mcnemar(choices, one, two, converted=False),
        precision=compare_precision(choices, one, two, confidence=confidence),
        answer=answer,
        because=because,
        explore=found.explore(margin) if found.hidden > MOST_UNWORKED else None,
        margin=margin,
        notes=_notes(pairs, choices),
    )


def _groups(one: Selection, two: Selection) -> dict[str, Floats]:
    a, b = one.share, two.share
    return dict(zip(_GROUPS, ((1 - a) * b, a * (1 - b), a * b, (1 - a) * (1 - b)), strict=True))


def _notes(pairs: PairCounts, choices: Choices) -> tuple[str, ...]:
    share = float(choices.n[choices.unworked].sum()) / max(
        float(choices.n[choices.unworked | choices.judged].sum()), 1.0
    )
    notes = []
    if share > MOST_UNWORKED:
        notes.append(
            f"recall, false positives and precision are of worked leads only: {share:.0%} of the "
            "mature leads were never worked"
        )
    if pairs.fitted_on == "unknown":
        notes.append(UNKNOWN)
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class _Swapped:
    choices: Choices
    groups: dict[str, Floats]
    confidence: float

    def _count(self, name: str, used: Marks | None = None) -> float:
        return self.choices.total(self.groups[name], used)

    @property
    def hidden(self) -> float:
        """Share of the mature swap-ins that were never worked; 0 where there is none."""
        left = self._count("swap_in", self.choices.unworked)
        return left / max(left + self._count("swap_in", self.choices.judged), 1.0)

    def _family(self, names: tuple[str, ...]) -> Family:
        """Conversion of the judged leads of each group, with its products within accounts."""
        c = self.choices
        sides = [(self.groups[name] * c.hit, self.groups[name] * c.miss) for name in names]
        inside = [c.clusters.covariance(np.column_stack(pair)) for pair in sides]
        hits, misses = (np.array([c.total(side[k]) for side in sides]) for k in (0, 1))
        both = [np.array([m[i, j] for m in inside]) for i, j in ((0, 0), (0, 1), (1, 1))]
        return Family(hits, misses, both[0], both[1], both[2], c.clusters.accounts(c.judged))

    def table(self) -> pd.DataFrame:
        c, names = self.choices, _GROUPS
        rates = rate_arrays(self._family(names), confidence=self.confidence)
        judged, hits, unworked = (
            np.array([self._count(name, used) for name in names])
            for used in (c.judged, c.hit, c.unworked)
        )
        leads = np.array([self._count(name) for name in names])
        mature = np.where(judged + unworked > 0, judged + unworked, nan)
        counts = {
            "leads": leads,
            "judged": judged,
            "positives": hits,
            "unworked": unworked,
            "immature": leads - judged - unworked,
        }
        return pd.DataFrame(
            {
                "group": names,
                **{name: np.round(n).astype(np.int64) for name, n in counts.items()},
                "rate": rates.estimate,
                "low": rates.low,
                "high": rates.high,
                "least": hits / mature,
                "most": (hits + unworked) / mature,
            }
        )

    def _influence(self, name: str) -> tuple[Floats, float]:
        c = self.choices
        n, hits = self._count(name, c.judged), self._count(name, c.hit)
        if not n > 0:
            return np.zeros(len(c.n)), nan
        return rate_influences(c.hit, c.judged, self.groups[name], hits / n, n), hits / n

    @property
    def equal_accounts(self) -> float:
        """Of the judged leads that change sides; infinite where no account is known."""
        c = self.choices
        moved = (self.groups["swap_in"] > 0) | (self.groups["swap_out"] > 0)
        return c.clusters.freedom(c.judged & moved)

    def difference(self) -> tuple[float, float, float]:
        """Swap-ins less swap-outs, hybrid score interval with the correlation that accounts bring."""
        rates = rate_arrays(self._family(_GROUPS[:2]), confidence=self.confidence)
        one, two = rates.estimate
        if isnan(one) or isnan(two):
            return nan, nan, nan
        if self.equal_accounts <= ALONE:
            return float(one - two), nan, nan
        values = np.column_stack([self._influence(name)[0] for name in _GROUPS[:2]])
        spread = self.choices.clusters.covariance(values)
        size = sqrt(float(spread[0, 0] * spread[1, 1]))
        rho = float(np.clip(spread[0, 1] / size, -1, 1)) if size > 0 else 0.0
        down, up = one - rates.low[0], rates.high[0] - one
        back, ahead = two - rates.low[1], rates.high[1] - two
        low = one - two - sqrt(max(down**2 + ahead**2 - 2 * rho * down * ahead, 0.0))
        high = one - two + sqrt(max(up**2 + back**2 - 2 * rho * up * back, 0.0))
        return float(one - two), max(float(low), -1.0), min(float(high), 1.0)

    def fisher(self) -> float:
        from scipy.stats import fisher_exact  # noqa: PLC0415 - heavy, and only this needs it

        c = self.choices
        cells = np.array(
            [[self._count(name, used) for used in (c.hit, c.miss)] for name in _GROUPS[:2]]
        )
        if not (cells.sum(axis=1) > 0).all():
            return nan
        if cells.sum() >= _MANY:
            return _pearson_p(cells)
        return float(fisher_exact(np.round(cells).astype(np.int64))[1])

    def robust_p(self) -> float:
        """Score test: both groups at their common rate, sums over accounts."""
        c = self.choices
        if not c.clusters.known:
            return nan
        n = [self._count(name, c.judged) for name in _GROUPS[:2]]
        if min(n) == 0:
            return nan
        rate = sum(self._count(name, c.hit) for name in _GROUPS[:2]) / sum(n)
        weight = self.groups["swap_in"] / n[0] - self.groups["swap_out"] / n[1]
        value = np.where(c.judged, weight * (c.hit - rate), 0.0)
        variance = float(c.clusters.variances(value[:, None])[0])
        gap = float(c.n @ value)
        if not variance > 0:
            return nan
        return float(student_p(gap / sqrt(variance), self.equal_accounts))

    def bounds(self) -> tuple[float, float]:
        """The difference at its least and most, whatever the unworked would have become."""
        table = self.table()
        least, most = table["least"].to_numpy(), table["most"].to_numpy()
        return float(least[0] - most[1]), float(most[0] - least[1])

    def explore(self, margin: float) -> int | None:
        """Swap-ins to judge so that a rate `margin` above that of the swap-outs is seen."""
        family = self._family(("swap_out",))
        rate = float(family.share[0])
        if isnan(rate):
            return None
        other = rate + margin if rate + margin < 1 else rate - margin
        spread = float(family.hits[0] * family.misses[0] / family.n[0] ** 3)
        effect = max(float(family.variance()[0]) / spread, 1.0) if spread > 0 else 1.0
        n = leads_for_difference(rate, other, confidence=self.confidence)
        return ceil(round(n * effect, 6))


_MANY = 1e9
"""Leads from which Fisher's test is Pearson's, and its whole numbers are too large for a computer."""


def _pearson_p(cells: Floats) -> float:
    """Pearson's chi-squared test of a table of two by two; NaN where all or none converted."""
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    expected = np.outer(rows, columns) / cells.sum()
    if not (expected > 0).all():
        return nan
    return float(chdtrc(1, float(((cells - expected) ** 2 / expected).sum())))


def leads_for_difference(
    one: float, other: float, *, confidence: float = 0.95, power: float = POWER
) -> float:
    """Leads of each of two groups that show the difference of two rates with this power.

    n = [z_conf sqrt(2 p (1-p)) + z_power sqrt(p1 (1-p1) + p2 (1-p2))]^2 / (p1 - p2)^2, p the mean.
    Source: Fleiss, Levin and Paik (2003), without correction for continuity.

    >>> round(leads_for_difference(0.10, 0.15), 1)
    685.6
    """
    mean = (one + other) / 2
    first = -float(ndtri(tail(confidence))) * sqrt(2 * mean * (1 - mean))
    second = float(ndtri(power)) * sqrt(one * (1 - one) + other * (1 - other))
    return (first + second) ** 2 / (one - other) ** 2


def _answer(pairs: PairCounts, found: _Swapped) -> tuple[Answer, str]:
    if pairs.fitted_on == "these leads":
        return "Cannot be told from this data", SAME
    table = found.table().set_index("group")
    if not table.loc[["swap_in", "swap_out"], "leads"].any():
        return "Not enough evidence", "no lead changes sides"
    if found.hidden > MOST_UNWORKED:
        least, most = found.bounds()
        return "Cannot be told from this data", (
            f"{found.hidden:.0%} of the leads that would come in, their time over, were never "
            f"worked, so the difference may be anything from {least:+.0%} to {most:+.0%}"
        )
    difference, low, high = found.difference()
    if isnan(low) or isnan(high):
        none = "one side has no judged lead"
        return "Not enough evidence", none if isnan(difference) else ONE_ACCOUNT
    span = f"swap-ins less swap-outs: {difference:+.1%} ({low:+.1%} to {high:+.1%})"
    if low > 0:
        return "Yes", span
    return ("No", span) if high < 0 else ("Not enough evidence", span)
