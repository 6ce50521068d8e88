"""Change, keep, not enough evidence, no proposal: one verdict per term, and no fifth.

Terms are judged step by step. At every step the terms already changed are free, the others keep
today's points; the term with the smallest p among those whose interval lies wholly beyond the
margin is changed if Holm's correction allows, and the others are judged anew beside it. So what is
wrong with one criterion is not laid at the door of its neighbours. When no further change is
supported, `keep` needs the interval of two one-sided tests wholly inside the margin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf, isfinite, isnan, nan
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from toolkit.analysis.cells import Floats
from toolkit.analysis.intervals import FEW
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.weights.degrees import account_quantile, column_degrees, few_accounts_words
from toolkit.analysis.weights.fit import Weights, is_policy
from toolkit.analysis.weights.implied import Departure, base_columns, departure
from toolkit.analysis.weights.logistic import Fit, fit_logistic, independent_columns
from toolkit.analysis.weights.products import Columns
from toolkit.analysis.weights.scoretests import ScoreTest, score_tests
from toolkit.errors import QuestionError

__all__ = [
    "LIMITED",
    "MARGIN",
    "Judgement",
    "WeightVerdict",
    "detectable_points",
    "judge_weights",
]

MARGIN = 5.0
"""Points (one step of the usual grid) within which a criterion counts as right."""
POWER = 0.8
LIMITED = 0.05
"""Share of the leads with a term, stopped by limits that are not its own, from which its points cannot
be told: a departure is estimated as if every unit paid."""
_STOPPED = 1.0
"""Points from which something was stopped; rounding takes off less."""

WeightVerdict = Literal["change", "keep", "not enough evidence", "no proposal"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of one term."""

    verdict: WeightVerdict
    because: str
    departure: Departure
    p_holm: float
    step: int | None
    """At which step it was changed, from 1; None otherwise."""
    detectable: float
    """Departure that this rule calls a change in 80% of samples like this one."""
    n_needed: int | None
    """Judged leads in all that would settle it if the estimate holds."""
    told: bool
    """Whether these leads tell of its points, however roughly: no where hardly one has it, limits hide
    what it is worth, there is no scale, or it was recorded after contact."""


@dataclass(frozen=True, slots=True)
class _Judge:
    weights: Weights = field(repr=False)
    margin: float
    few: tuple[str | None, ...]
    """Of each term, why too little is known of it, whatever its estimate."""
    limited: tuple[str | None, ...]
    """Of each term, why limits hide its points."""
    freedom: Floats
    """Of each term, the degrees of freedom of its errors over accounts."""

    @classmethod
    def make(cls, weights: Weights, margin: float) -> _Judge:
        """Look once at what no step changes: over accounts it takes as long as a fit."""
        if weights.reason is not None:
            none = (None,) * len(weights.terms)
            return cls(weights, margin, none, none, np.zeros(0))
        few = tuple(_few(weights, j) for j in range(len(weights.terms)))
        freedom = column_degrees(weights.design, weights.design.units)
        return cls(weights, margin, few, _limited(weights), freedom)

    @property
    def alpha(self) -> float:
        return 1 - self.weights.confidence

    @property
    def family(self) -> list[int]:
        """The terms that evidence may move."""
        w = self.weights
        return [
            j for j, term in enumerate(w.terms)
            if not is_policy(term) and term.id not in w.after_contact
        ]  # fmt: skip

    @property
    def policy(self) -> list[int]:
        """Terms of policy: free from the start, so that a price paid on purpose misleads nobody."""
        w = self.weights
        return [j for j, t in enumerate(w.terms) if is_policy(t) and t.id not in w.after_contact]

    def fit(self, freed: list[int], *, but: int | None = None) -> tuple[Columns, Fit]:
        """Fit the score and the freed terms, those left out that cannot be told apart."""
        w = self.weights
        chosen = [j for j in (*self.policy, *freed) if j != but]
        base = base_columns(w.design, ())
        weight = w.design.n * w.scale.fit.probability * (1 - w.scale.fit.probability)
        kept = independent_columns(w.design.units[:, chosen], weight, given=base)
        columns = base_columns(w.design, [j for j, k in zip(chosen, kept, strict=True) if k])
        start = np.append(w.scale.fit.coefficients, np.zeros(int(kept.sum())))
        found = fit_logistic(columns, w.design, start=start)
        return (columns, found) if found.finite else (base, w.scale.fit)

    def estimate(self, freed: list[int], terms: list[int]) -> dict[int, Departure]:
        w, (columns, fit) = self.weights, self.fit(freed)
        free = [j for j in terms if j not in self.policy]
        tests: dict[int, ScoreTest] = {}
        if w.design.accounts is not None and free:
            units = w.design.units[:, free]
            made = score_tests(units, columns, fit, w.design, freedom=self.freedom[free])
            tests = dict(zip(free, made, strict=True))
        found = {}
        for j in terms:
            beside = (columns, fit) if j in free else self.fit(freed, but=j)
            test = tests.get(j)
            found[j] = departure(w.design, *beside, j, confidence=w.confidence, test=test)
        return found

    def beyond(self, found: Departure) -> bool:
        return found.low_inner > self.margin or found.high_inner < -self.margin

    def inside(self, found: Departure) -> bool:
        return found.low_inner > -self.margin and found.high_inner < self.margin


def judge_weights(weights: Weights, *, margin: float = MARGIN) -> tuple[Judgement, ...]:
    """Judge every term against a margin of points that was fixed before looking.

    A wrong `change` of any criterion that is right has probability 1 - confidence at most over the
    whole family (Holm behind the global test); a wrong `keep` of one criterion, beside the changes
    made, 1 - confidence at most. Raises QuestionError for a margin that is not above 0.

    Source: Holm (1979); Schuirmann (1987) for keep.

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> a, b = judge_weights(fit_weights(tiny_patterns()))  # worth the same, paid 20 and 10
    >>> a.verdict, round(a.departure.estimate, 6), round(b.departure.estimate, 6)
    ('not enough evidence', -10.0, 10.0)
    """
    if not (margin > 0 and isfinite(margin)):
        raise QuestionError(f"margin is {margin}: expected points above 0, such as 5")
    known = _JUDGED.setdefault(weights, {})
    if margin not in known:
        known[margin] = _judged(_Judge.make(weights, float(margin)))
    return known[margin]


_JUDGED: WeakKeyDictionary[Weights, dict[float, tuple[Judgement, ...]]] = WeakKeyDictionary()
"""Judged once: table, proposal and page ask the same of one fit, and it is most of their work."""


def _judged(judge: _Judge) -> tuple[Judgement, ...]:
    weights = judge.weights
    if weights.reason is not None:
        none = Departure(nan, nan, nan, nan, nan, nan, nan, "none", weights.reason)
        return tuple(_unjudged(judge, j, none) for j in range(len(weights.terms)))
    changed, last = _steps(judge)
    adjusted = _adjusted(judge, changed, last)
    return tuple(
        _judgement(judge, j, changed, last, adjusted[j]) for j in range(len(weights.terms))
    )


def _steps(judge: _Judge) -> tuple[dict[int, tuple[Departure, float]], dict[int, Departure]]:
    """The changes in their order, each with its adjusted p, and what is then left of the others."""
    changed: dict[int, tuple[Departure, float]] = {}
    every = list(range(len(judge.weights.terms)))
    before = 0.0
    while True:
        found = judge.estimate(list(changed), [j for j in every if j not in changed])
        left = [j for j in judge.family if j not in changed]
        able = [j for j in left if _why_not(judge, j, found[j]) is None and judge.beyond(found[j])]
        if not able or not judge.weights.global_test.p <= judge.alpha:
            return changed, found
        best = _clearest(found, able)
        before = max(before, min(found[best].p * len(left), 1.0))
        if before > judge.alpha:
            return changed, found
        changed[best] = (found[best], before)


def _clearest(found: dict[int, Departure], able: list[int]) -> int:
    """The term with the least p; of equal ones that with the most standard errors.

    Beside the score and all terms but two the last two say the same, and p-values of many leads are
    all 0: rounding noise, or the order of the file, must not choose between them.
    """
    least = min(found[j].p for j in able)
    tied = [j for j in able if found[j].p <= least * (1 + _SAME)]
    return max(tied, key=lambda j: abs(found[j].estimate) / found[j].standard_error)


_SAME = 1e-6
"""Two p-values nearer to each other are equal."""


def _adjusted(
    judge: _Judge, changed: dict[int, tuple[Departure, float]], last: dict[int, Departure]
) -> Floats:
    out = np.full(len(judge.weights.terms), nan)
    left = [j for j in judge.family if j not in changed]
    least = max((p for _, p in changed.values()), default=0.0)
    out[left] = np.maximum(holm(np.array([last[j].p for j in left])), least)
    for j, (_, p) in changed.items():
        out[j] = p
    return out


def _why_not(judge: _Judge, j: int, found: Departure) -> str | None:
    """Why a term cannot be judged at all; None where it can."""
    if found.method == "none":
        return found.reason
    if judge.few[j] is not None:
        return judge.few[j]
    if isnan(found.low_inner) or isnan(found.high_inner):
        return found.reason or "there is no interval"
    return judge.limited[j]


def _few(w: Weights, j: int) -> str | None:
    scarce = min(w.positives, w.n - w.positives)
    if scarce < FEW:
        which = "converted" if scarce == w.positives else "did not convert"
        return f"only {scarce} leads {which}; under {FEW} nothing is proposed"
    carriers = w.design.carriers(w.design.units[:, j])
    if carriers < FEW:
        known = w.provenance.accounts_known and w.design.accounts is not None
        unit = "accounts" if known else "leads"
        return f"too few {unit} have it: {carriers}, under {FEW}"
    return None


def _limited(weights: Weights) -> tuple[str | None, ...]:
    design = weights.design
    stopped = design.n * (np.abs(design.taken) >= _STOPPED)
    shares = np.zeros(len(weights.terms))
    for j, met in enumerate(design.units.T != 0 if stopped.any() else ()):
        n = float(design.n[met].sum())
        shares[j] = float(stopped[met].sum()) / n if n else 0.0
    return tuple(None if share < LIMITED else _limited_words(share) for share in shares)


def _limited_words(share: float) -> str:
    return (
        f"limits of groups, dimensions or the total take points off {share:.0%} of the leads that "
        "have it, so its own points cannot be told"
    )


def _judgement(
    judge: _Judge,
    j: int,
    changed: dict[int, tuple[Departure, float]],
    last: dict[int, Departure],
    p_holm: float,
) -> Judgement:
    if j in changed:
        found = changed[j][0]
        step = list(changed).index(j) + 1
        because = f"the data rule out a departure of less than {judge.margin:g} points"
        seen = _detectable(judge, found)
        return Judgement("change", because, found, p_holm, step, seen, None, told=True)
    found = last[j]
    if j not in judge.family:
        return _unjudged(judge, j, found)
    why_not = _why_not(judge, j, found)
    seen = _detectable(judge, found)
    if why_not is None and judge.inside(found):
        because = f"the data rule out a departure of more than {judge.margin:g} points"
        return Judgement("keep", because, found, p_holm, None, seen, None, told=True)
    if why_not is not None:
        return Judgement(
            "not enough evidence", why_not, found, p_holm, None, seen, None, told=False
        )
    because, needed = _open(judge, found), _needed(judge, found)
    return Judgement("not enough evidence", because, found, p_holm, None, seen, needed, told=True)


def _open(judge: _Judge, found: Departure) -> str:
    span = f"a departure from {found.low_inner:+.1f} to {found.high_inner:+.1f} points fits"
    few = few_accounts_words(found.freedom)
    if not judge.beyond(found):
        return span if few is None else f"{span}; {few}"
    whole = judge.weights.global_test
    if isnan(whole.p):
        return f"{span}, but of today's points as a whole there is no test: {whole.reason}"
    if not whole.p <= judge.alpha:
        return f"{span}, but today's points as a whole are not refuted"
    return f"{span}, but it does not survive the correction for {len(judge.family)} criteria"


def _unjudged(judge: _Judge, j: int, found: Departure) -> Judgement:
    w, term = judge.weights, judge.weights.terms[j]
    if term.id in w.after_contact:
        because = "recorded after sales contact, so its effect may be caused by the outcome"
    elif is_policy(term):
        because = f"a choice ({term.basis}), which evidence does not move"
    else:
        why = found.reason or ""
        return Judgement("not enough evidence", why, found, nan, None, nan, None, told=False)
    told = term.id not in w.after_contact and _why_not(judge, j, found) is None
    seen = _detectable(judge, found)
    return Judgement("no proposal", because, found, nan, None, seen, None, told=told)


def _detectable(judge: _Judge, found: Departure) -> float:
    return detectable_points(
        found.standard_error, margin=judge.margin, family=len(judge.family), alpha=judge.alpha,
        freedom=found.freedom,
    )  # fmt: skip


def detectable_points(
    standard_error: float,
    *,
    margin: float = MARGIN,
    family: int = 1,
    alpha: float = 0.05,
    freedom: float = inf,
) -> float:
    """Departure that is called a change with probability 0.8, given its standard error.

    The interval of two one-sided tests must clear the margin, and the first of `family` criteria
    must survive Holm: max of m + (q_(1-a) + q_.8) s and (q_(1-a/2f) + q_.8) s, q the quantiles of t
    on `freedom` degrees (normal where no account is known); NaN under 1 degree. Source: Cohen (1988)
    for the sum of quantiles.

    >>> round(detectable_points(2.0), 2)
    9.97
    """
    power, one_sided, strict = (
        account_quantile(freedom, confidence)
        for confidence in (2 * POWER - 1, 1 - 2 * alpha, 1 - alpha / max(family, 1))
    )
    if isnan(power):
        return nan
    return max(margin + (one_sided + power) * standard_error, (strict + power) * standard_error)


_NO_NUMBER = 1e12
"""From so many leads on the estimate stands at the margin: no number would settle it."""


def _needed(judge: _Judge, found: Departure) -> int | None:
    """Leads at which the nearer end of the interval reaches the margin, the estimate unchanged."""
    size = abs(found.estimate)
    distance = abs(size - judge.margin)
    half = (found.high_inner - found.low_inner) / 2
    n = judge.weights.n
    if distance == 0 or judge.beyond(found):
        return None
    needed = n * (half / distance) ** 2
    return max(ceil(round(needed, 6)), n + 1) if needed < _NO_NUMBER else None
