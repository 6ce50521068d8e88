"""How many leads below the threshold must be worked at random before a lower one can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan

from scipy.special import ndtri

from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.intervals import design_effect, precision_family, tail
from toolkit.analysis.questions import check_cost_ratio
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError

__all__ = ["Exploration", "exploration_sample"]


@dataclass(frozen=True, slots=True)
class Exploration:
    """A random sample of the leads between two thresholds that would settle which is better."""

    lower: int
    threshold: int
    leads: int
    """Leads with lower <= score < threshold."""
    unworked_share: float
    """Of the mature ones among them: never worked."""
    break_even: float
    margin: float
    n_needed: int
    """Leads to work, drawn at random from these scores, and to wait for until judged."""
    share_needed: float
    """n_needed as a share of `leads`; above 1 where the span seen so far does not hold so many, NaN
    where no lead has such a score."""
    weeks: float
    """Weeks in which so many such leads arrive; the outcome window comes on top."""
    needed: bool
    """Whether the question cannot be asked of the leads worked so far: over 5% of the mature ones were
    never worked, or none has been judged yet."""
    text: str


def exploration_sample(
    counts: ScoreCounts,
    *,
    threshold: int,
    lower: int,
    cost_ratio: float,
    margin: float = 0.05,
    power: float = 0.8,
    confidence: float = 0.95,
) -> Exploration:
    """Size a random sample of the leads just below the threshold that would settle a lower one.

    The lower threshold is better if the leads with lower <= score < threshold convert more often
    than the break-even rate p = cost_ratio / (1 + cost_ratio). A two-sided test sees a rate that
    differs from p by `margin` with probability `power` on n = (z_conf + z_power)^2 p (1-p) /
    margin^2 leads, times the design effect of the leads seen so far where accounts are known.
    Drawn at random, or the answer is that of whoever chose. Raises QuestionError unless
    lower < threshold and 0 < margin < 1. Source: Fleiss, Levin and Paik (2003), chapter 4.

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, ScoreCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> found = exploration_sample(counts, threshold=60, lower=40, cost_ratio=1 / 9)
    >>> found.n_needed  # (1.96 + 0.84)^2 * 0.1 * 0.9 / 0.05^2
    283
    """
    check_cost_ratio(cost_ratio)
    if not lower < threshold:
        raise QuestionError(f"lower is {lower}: expected a score under the threshold {threshold}")
    if not 0 < margin < 1 or not 0 < power < 1:
        raise QuestionError(f"margin is {margin}, power {power}: expected numbers between 0 and 1")
    cells, side = read_cells(counts), tail(confidence)
    inside = (cells.levels >= lower) & (cells.levels < threshold)
    rate = cost_ratio / (1 + cost_ratio)
    quantiles = float(-ndtri(side) + ndtri(power))
    effect = design_effect(precision_family(cells), side)
    n = ceil(round(quantiles**2 * rate * (1 - rate) / margin**2 * effect, 6))
    leads, weeks = int(cells.leads[inside].sum()), counts.provenance.weeks
    unworked, judged = int(cells.unworked[inside].sum()), int(cells.judged[inside].sum())
    mature = unworked + judged
    share = unworked / mature if mature else nan
    return Exploration(
        lower=lower,
        threshold=threshold,
        leads=leads,
        unworked_share=share,
        break_even=rate,
        margin=margin,
        n_needed=n,
        share_needed=n / leads if leads else nan,
        weeks=n / (leads / weeks) if leads and weeks else nan,
        needed=share > MOST_UNWORKED or not judged,
        text=_text(lower, threshold, share, n) if mature else _nobody(lower, threshold, leads, n),
    )


def _nobody(lower: int, threshold: int, leads: int, n: int) -> str:
    """What is said where no lead is old enough to be judged."""
    if not leads:
        return f"No lead was seen between {lower} and {threshold}: nobody can be drawn."
    return (
        f"None of {leads} leads between {lower} and {threshold} is old enough to be judged. If a random "
        f"{n} of them are contacted, it can be told whether a threshold of {lower} is worth more."
    )


def _text(lower: int, threshold: int, share: float, n: int) -> str:
    if share <= MOST_UNWORKED:
        return (
            f"Leads between {lower} and {threshold} were worked: what is known of them can be read "
            "off, no sample is needed."
        )
    return (
        f"{share:.0%} of leads between {lower} and {threshold} were never contacted. Contact a "
        f"random {n} of them and it can be told whether a threshold of {lower} is worth more."
    )
