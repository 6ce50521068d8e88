"""Four answers, and no fifth: Yes, No, Not enough evidence, Cannot be told from this data."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, isnan
from typing import TYPE_CHECKING, Literal

from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.ranking import auc
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.analysis.ranking import Auc
    from toolkit.analysis.rates import Rate
    from toolkit.counts import ScoreCounts

__all__ = [
    "Answer",
    "Verdict",
    "area_verdict",
    "ranking_verdict",
    "rate_verdict",
    "structural_reason",
]

CHANCE = 0.5
"""Area under the ROC curve of a score that knows nothing."""

Answer = Literal["Yes", "No", "Not enough evidence", "Cannot be told from this data"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, the question it answers, and why."""

    answer: Answer
    question: str
    because: str
    estimate: float
    low: float
    high: float
    bar: float
    """What the interval was compared with."""
    n: int
    """Judged leads behind the answer."""
    n_needed: int | None
    """Judged leads in all that would settle it if the estimate holds; only without enough."""
    weeks_to_wait: float | None
    """Weeks until then at the present pace; None where the pace is not known."""


def ranking_verdict(
    counts: ScoreCounts, *, margin: float = 0.05, confidence: float = 0.95
) -> Verdict:
    """Answer whether the score ranks better than chance by more than `margin`, for these counts.

    The answer of `area_verdict` for the area under the ROC curve of these counts, unless no
    number of leads like these could give one (`structural_reason`: the score may be younger than
    the outcome, or many leads were never worked). Raises QuestionError for a margin outside
    [0, 0.5).

    Source: as `area_verdict`.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> from toolkit.counts import Provenance
    >>> cells = [(40, "converted", 100), (40, "not_converted", 900),
    ...          (60, "converted", 400), (60, "not_converted", 600)]
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), origin)
    >>> ranking_verdict(counts).answer
    'Yes'
    """
    return area_verdict(
        auc(counts, confidence=confidence),
        margin=margin,
        structural=structural_reason(counts),
        weeks=counts.provenance.weeks,
    )


def area_verdict(
    auc: Auc,
    *,
    margin: float = 0.05,
    structural: str | None = None,
    judged: int | None = None,
    weeks: float | None = None,
) -> Verdict:
    """Judge whether the score ranks leads better than chance by more than `margin`.

    Yes: the whole interval lies above 0.5 + margin. No: it lies wholly below. Otherwise not enough
    evidence, with the number of judged leads at which the interval would clear the bar if the
    estimate holds (its width falls with the square root of that number). A `structural` reason
    overrules: then no number of leads helps.

    `judged` (default: the leads of `auc`) over `weeks` is the present pace. At the bar itself a Yes
    or a No is wrong with probability 1 - confidence. Raises QuestionError for a margin outside
    [0, 0.5).

    Source: definition (the interval against a margin, as in tests of equivalence: Schuirmann 1987).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> from toolkit.analysis import auc
    >>> area_verdict(auc(counts)).answer
    'Not enough evidence'
    >>> area_verdict(auc(counts), structural="the score is younger than the outcome").answer
    'Cannot be told from this data'
    """
    if not 0 <= margin < CHANCE:
        raise QuestionError(f"margin is {margin}: expected 0 or more and under 0.5, such as 0.05")
    n = auc.positives + auc.negatives if judged is None else judged
    case = _Case(
        f"Does a higher score mean a likelier conversion (area above 0.5 by more than {margin:g})?",
        *(auc.estimate, auc.low, auc.high, auc.reason),
        bar=CHANCE + margin,
        n=n,
        form=".3f",
    )
    return _judge(case, structural, weeks)


def rate_verdict(
    rate: Rate,
    *,
    at_least: float,
    question: str | None = None,
    structural: str | None = None,
    weeks: float | None = None,
) -> Verdict:
    """Judge whether a rate is at least `at_least` (for instance the break-even rate).

    Yes: the whole interval lies above it. No: wholly below. Otherwise not enough evidence, with
    the judged leads needed as in `area_verdict`; `weeks` is the time in which `rate.n` leads
    were seen. Raises QuestionError for `at_least` outside [0, 1].

    Source: definition, as in `area_verdict`.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> from toolkit.analysis import rate
    >>> rate_verdict(rate(counts, at_least=60), at_least=0.1).answer
    'Yes'
    >>> rate_verdict(rate(counts, at_least=60), at_least=0.3).answer
    'Not enough evidence'
    """
    if not 0 <= at_least <= 1:
        raise QuestionError(f"at_least is {at_least}: expected a share between 0 and 1")
    case = _Case(
        question or f"Is the conversion rate at least {at_least:.1%}?",
        *(rate.estimate, rate.low, rate.high, rate.reason),
        bar=at_least,
        n=rate.n,
        form=".1%",
    )
    return _judge(case, structural, weeks)


def structural_reason(counts: ScoreCounts, *, most_unworked: float = MOST_UNWORKED) -> str | None:
    """Say why no number of leads like these could answer a question of ranking, or None.

    The score may not precede the outcome, or more than `most_unworked` of the mature leads were
    never worked, so that what they would have become is unknown.

    Source: definition.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> from toolkit.counts import Provenance
    >>> frame = pd.DataFrame({"score": [60, 20], "state": ["converted", "unworked"], "n": [9, 1]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> structural_reason(ScoreCounts(frame, origin))
    '10% of the leads old enough to judge were never worked'
    """
    if not counts.provenance.point_in_time:
        return "the score is not known to be older than the outcome, so it may reflect it"
    share = read_cells(counts).unworked_share
    if share > most_unworked:
        return f"{share:.0%} of the leads old enough to judge were never worked"
    return None


@dataclass(frozen=True, slots=True)
class _Case:
    question: str
    estimate: float
    low: float
    high: float
    reason: str | None
    bar: float
    n: int
    form: str


def _judge(case: _Case, structural: str | None, weeks: float | None) -> Verdict:
    answer, because = _answer(case, structural)
    needed = _needed(case) if answer == "Not enough evidence" else None
    wait = (needed - case.n) / (case.n / weeks) if needed is not None and weeks else None
    return Verdict(
        answer=answer,
        question=case.question,
        because=because,
        estimate=case.estimate,
        low=case.low,
        high=case.high,
        bar=case.bar,
        n=case.n,
        n_needed=needed,
        weeks_to_wait=wait,
    )


def _answer(case: _Case, structural: str | None) -> tuple[Answer, str]:
    if structural is not None:
        return "Cannot be told from this data", structural
    if isnan(case.low) or isnan(case.high):
        return "Not enough evidence", case.reason or "there is no interval"
    low, high, bar = (format(value, case.form) for value in (case.low, case.high, case.bar))
    note = f" ({case.reason})" if case.reason else ""
    span = f"the interval runs from {low} to {high}"
    if case.low > case.bar:
        return "Yes", f"{span}, wholly above {bar}{note}"
    if case.high < case.bar:
        return "No", f"{span}, wholly below {bar}{note}"
    return "Not enough evidence", f"{span}, across {bar}{note}"


def _needed(case: _Case) -> int | None:
    """Leads at which the end nearer to the bar would reach it, the estimate unchanged."""
    distance = abs(case.estimate - case.bar)
    above = case.estimate > case.bar
    half = case.estimate - case.low if above else case.high - case.estimate
    if isnan(half) or distance == 0:
        return None
    needed = case.n * (half / distance) ** 2
    # Rounded first: 4.000000000001 times 100 leads are 400 leads.
    return max(ceil(round(needed, 6)), case.n + 1) if isfinite(needed) else None
