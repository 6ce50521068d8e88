"""How many leads it takes: to fit a model at all, and what these leads are worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, isnan, log, nan

import numpy as np

from toolkit.analysis.weights.degrees import few_accounts_words, score_degrees
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.implied import NO_VARIATION
from toolkit.analysis.weights.logistic import information
from toolkit.errors import QuestionError

__all__ = ["Adequacy", "SampleSize", "adequacy", "sample_size"]

_Z = 1.96
_ABSOLUTE = 0.05
_SHARE_OF_MAX = 0.15


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Judged leads needed to fit a number of parameters; `n` is the largest of three demands."""

    n: int
    for_shrinkage: int
    """So that the fit need not be shrunk by more than 1 - shrinkage."""
    for_optimism: int
    """So that apparent and honest R2 differ by 0.05 at most."""
    for_the_rate: int
    """So that the overall rate is known to +-5 percentage points."""
    r2: float
    """Anticipated R2 of Cox and Snell."""
    largest_r2: float


def sample_size(
    *, parameters: int, prevalence: float, r2: float | None = None, shrinkage: float = 0.9
) -> SampleSize:
    """Judged leads needed before a model with so many parameters should be fitted at all.

    n1 = p / ((S - 1) ln(1 - R2/S)); n2 the same with S = R2 / (R2 + 0.05 max R2);
    n3 = (1.96/0.05)^2 phi (1 - phi); max R2 = 1 - (phi^phi (1 - phi)^(1 - phi))^2. Without an
    anticipated R2 it is 15% of the largest. Source: Riley et al. (2019, 2020).

    >>> sample_size(parameters=24, prevalence=0.174, r2=0.288).n
    662
    """
    if parameters < 1 or not 0 < prevalence < 1:
        raise QuestionError(
            f"parameters is {parameters}, prevalence {prevalence}: expected one parameter or more "
            "and a prevalence between 0 and 1"
        )
    phi = prevalence
    largest = _largest_r2(phi)
    seen = _SHARE_OF_MAX * largest if r2 is None else r2
    if not (0 < seen < largest and 0 < shrinkage < 1 and seen < shrinkage):
        raise QuestionError(
            f"r2 is {seen:.3g}, shrinkage {shrinkage}: expected 0 < r2 < {largest:.3g} (the "
            "largest at this prevalence), and shrinkage between r2 and 1"
        )
    one = _shrunk(parameters, seen, shrinkage)
    two = _shrunk(parameters, seen, seen / (seen + _ABSOLUTE * largest))
    three = ceil((_Z / _ABSOLUTE) ** 2 * phi * (1 - phi))
    return SampleSize(max(one, two, three), one, two, three, seen, largest)


def _largest_r2(phi: float) -> float:
    return float(1 - (phi**phi * (1 - phi) ** (1 - phi)) ** 2)


def _shrunk(parameters: int, r2: float, shrinkage: float) -> int:
    return ceil(parameters / ((shrinkage - 1) * log(1 - r2 / shrinkage)))


@dataclass(frozen=True, slots=True)
class Adequacy:
    """Whether there are enough leads to fit all terms at once; NaN with a reason if unknown."""

    parameters: int
    positives: int
    n: int
    design_effect: float
    """How much larger the variances are because leads of an account share their fate."""
    n_effective: float
    needed: SampleSize | None
    enough: bool | None
    weeks_needed: float | None
    """Weeks from now at the present pace; 0 where there are enough."""
    reason: str | None


def adequacy(weights: Weights) -> Adequacy:
    """Compare the leads there are, as independent ones, with what their terms need.

    The design effect is the mean, over the coefficients of the joint fit, of the variance over
    accounts divided by that of independent leads (at least 1). The anticipated R2 is that of
    today's score (Cox and Snell), which was not fitted to these leads.

    NaN with a reason where accounts are known but leave no variance to compare: they are worth fewer
    than two of equal size, or the outcomes are separated.

    Source: Riley et al. (2019, 2020).

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> found = adequacy(fit_weights(tiny_patterns()))  # no accounts: all 580 are independent
    >>> found.parameters, found.n_effective, found.needed.n, found.enough
    (2, 580.0, 413, True)
    """
    free = int((~np.isnan(weights.joint.coefficients)).sum())
    if weights.reason is not None or free == 0:
        reason = weights.reason or "no term can be told apart"
        return Adequacy(free, weights.positives, weights.n, nan, nan, None, None, None, reason)
    effect, unknown = _design_effect(weights)
    rate = weights.positives / weights.n
    null = weights.n * (rate * log(rate) + (1 - rate) * log(1 - rate))
    r2 = 1 - np.exp(2 * (null - weights.scale.fit.log_likelihood) / weights.n)
    most = 0.99 * _largest_r2(rate)
    seen = min(max(float(r2), 1e-4), most)
    needed = sample_size(parameters=free, prevalence=rate, r2=seen)
    effective = weights.n / effect
    weeks = weights.provenance.weeks
    wait = None
    if weeks and isfinite(effect):
        wait = max(needed.n * effect - weights.n, 0.0) / (weights.n / weeks)
    return Adequacy(
        parameters=free,
        positives=weights.positives,
        n=weights.n,
        design_effect=effect,
        n_effective=effective,
        needed=needed,
        enough=None if isnan(effect) else effective >= needed.n,
        weeks_needed=wait,
        reason=unknown,
    )


def _design_effect(weights: Weights) -> tuple[float, str | None]:
    """1 without accounts; NaN with a reason where these leave no variance to compare."""
    joint, design = weights.joint, weights.design
    if design.accounts is None:
        return 1.0, None
    freedom = score_degrees(design)
    if freedom < 1:
        return nan, few_accounts_words(freedom)
    if joint.method == "Firth":
        return nan, (
            "the outcomes are separated: Firth's estimate has no variance over accounts to compare"
        )
    used = ~np.isnan(joint.standard_errors)
    if not used.any():
        return nan, NO_VARIATION
    columns = np.column_stack([np.ones(len(design.n)), design.units[:, used]])
    plain = np.diag(np.linalg.inv(information(columns, design.n, joint.probability)))[1:]
    return max(float(np.mean(joint.standard_errors[used] ** 2 / plain)), 1.0), None
