"""Change, keep, or not enough evidence: the challenger against margins fixed before looking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, isfinite, isnan, nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats
from toolkit.analysis.comparison.paired import ALIKE, ONE_ACCOUNT, rate_influences
from toolkit.analysis.comparison.swap import SwapSet, swap_set
from toolkit.analysis.comparison.worked import (
    Choices,
    Marks,
    Selection,
    read_choices,
    select_best,
    select_from,
)
from toolkit.analysis.intervals import tail
from toolkit.analysis.questions import check_cost_ratio
from toolkit.analysis.ranking import auc_difference
from toolkit.analysis.student import ALONE, student_quantile
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from toolkit.counts import PairCounts

__all__ = ["MARGINS", "Comparison", "ModelVerdict", "compare_models"]

ModelVerdict = Literal["change", "keep", "not enough evidence", "cannot be told"]
MARGINS: Mapping[str, float] = MappingProxyType(
    {"auc": 0.01, "net benefit": 0.001, "precision": 0.01, "recall": 0.01}
)
"""Gains too small to change a model for: area; net conversions per lead; shares."""
_NEVER = 1e12
"""Leads that nobody will ever see."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The challenger against the champion."""

    table: pd.DataFrame
    """One row per measure (auc, net benefit, precision, recall): `measure`, `champion`,
    `challenger`, `difference`, `low`, `high` (at the confidence asked), `low_inner`, `high_inner`
    (ends of two one-sided tests), `margin`, `verdict`, `n_needed` (judged leads in all that would
    settle it, if the estimate holds), `reason`."""
    judged_by: str
    """The measure that decides, chosen before looking: net benefit where a cost ratio is given,
    otherwise precision at equal workload."""
    verdict: ModelVerdict
    because: str
    swap: SwapSet = field(repr=False)
    workload: float
    """Leads that each of the two works."""
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """Verdict and reason in a sentence."""
        return f"{self.verdict.capitalize()}: {self.because}."


def compare_models(
    pairs: PairCounts,
    *,
    threshold: float | None = None,
    workload: float | None = None,
    cost_ratio: float | None = None,
    margins: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Judge a challenger on leads that neither model was fitted on, at equal workload.

    Both work the same number of leads: those at or above the champion's `threshold`, or the best
    `workload` of all leads counted (whatever became of them); leads tied at the end are filled by
    share. Of the judged ones: area under the ROC curve; net benefit (TP - cost_ratio x FP) / N;
    precision; recall. Intervals are normal, over accounts where these are known (t from few equal ones;
    none, with a reason, from a single one), and cut where no difference can lie (beyond -1 and 1;
    of net benefit beyond 1 + cost_ratio); the shares that fill the workload are taken as given.

    Verdict of each measure: *change* if the whole interval lies above the margin; *keep* if the
    upper end of the interval of two one-sided tests lies below it (what the challenger gains is
    less than the margin, if anything); else *not enough evidence*. The verdict of the comparison
    is that of one measure fixed beforehand (`judged_by`), unless it *cannot be told*: swap-ins
    that were never worked, or a challenger fitted on these leads.

    Raises QuestionError unless exactly one of `threshold` and `workload` is given, and for a
    margin that is not above 0; DataError where there is no lead to compare the two on. Source: Schuirmann (1987) for the two tests; Vickers and Elkin
    (2006) for net benefit.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.comparison.baselines import pattern_pairs
    >>> patterns = tiny_patterns()
    >>> both = (patterns.frame["t0"] * patterns.frame["t1"]).to_numpy()
    >>> found = compare_models(pattern_pairs(patterns, both, name="both"), workload=180)
    >>> table = found.table.set_index("measure").loc["precision"]
    >>> [round(float(table[side]), 4) for side in ("champion", "challenger")]  # 80 of 180 either way
    [0.4444, 0.4444]
    """
    limits = _margins(margins)
    if cost_ratio is not None:
        check_cost_ratio(cost_ratio)
    if pairs.frame.empty:
        raise DataError("there is no lead to compare the two models on")
    choices = read_choices(pairs)
    one, two = _equal(choices, threshold, workload)
    ask = _Question(choices, one, two, confidence)
    rows = [
        _auc_row(pairs, confidence),
        _benefit(ask, cost_ratio),
        ask.rate("precision", choices.judged),
        ask.rate("recall", choices.hit),
    ]
    start = one.threshold if isfinite(one.threshold) else float(choices.champion.max(initial=0))
    swap = swap_set(pairs, threshold=start, confidence=confidence)
    refused = _refusal(swap)
    judged = float(choices.n[choices.judged].sum())
    table = pd.DataFrame([_judged(row, limits, judged, refused) for row in rows])
    measure = "precision" if cost_ratio is None else "net benefit"
    verdict, because = _overall(table[table["measure"] == measure].iloc[0], refused)
    return Comparison(
        table=table[list(_COLUMNS)].astype({"n_needed": "Int64"}),
        judged_by=measure,
        verdict=verdict,
        because=because,
        swap=swap,
        workload=choices.total(one.share),
        notes=swap.notes,
    )


_COLUMNS = (
    "measure", "champion", "challenger", "difference", "low", "high", "low_inner", "high_inner",
    "margin", "verdict", "n_needed", "reason",
)  # fmt: skip


def _margins(margins: Mapping[str, float] | None) -> dict[str, float]:
    found = {**MARGINS, **(margins or {})}
    for name, value in found.items():
        if name not in MARGINS:
            raise QuestionError(f"there is no measure '{name}': expected one of {list(MARGINS)}")
        if not (value > 0 and isfinite(value)):
            raise QuestionError(f"the margin of {name} is {value}: expected a number above 0")
    return found


def _equal(
    choices: Choices, threshold: float | None, workload: float | None
) -> tuple[Selection, Selection]:
    if (threshold is None) == (workload is None):
        raise QuestionError("give one of threshold (of the champion) and workload (leads)")
    one = (
        select_best(choices.champion, choices.n, workload)
        if workload is not None
        else select_from(choices.champion, threshold or 0.0)
    )
    return one, select_best(choices.challenger, choices.n, choices.total(one.share))


Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Question:
    choices: Choices
    champion: Selection
    challenger: Selection
    confidence: float

    def rate(self, name: str, base: Marks) -> Row:
        """Precision (base: judged leads) or recall (base: converted ones)."""
        c, values, influences = self.choices, [], []
        for chosen in (self.champion, self.challenger):
            if name == "precision":
                n = c.total(chosen.share, base)
                value = c.total(chosen.share, c.hit) / n if n > 0 else nan
                influences.append(rate_influences(c.hit, base, chosen.share, value, max(n, 1.0)))
            else:
                n = c.total(np.ones(len(c.n)), base)
                value = c.total(chosen.share, base) / n if n > 0 else nan
                influences.append(np.where(base, (chosen.share - value) / max(n, 1.0), 0.0))
            values.append(value)
        none = "one of the two selects no judged lead" if c.n[base].sum() else _NOBODY[name]
        return self.measure(name, values, influences, most=1.0, none=none)

    def measure(
        self, name: str, values: list[float], influences: list[Floats], *, most: float, none: str
    ) -> Row:
        """A difference with its intervals; `most`: its largest size; `none`: why it may be NaN."""
        gap = values[1] - values[0]
        moved = influences[1] - influences[0]
        identical = gap == 0 and not moved.any()
        ends: list[float] = [nan] * 4
        reason: str | None = ALIKE if identical else none
        if not (identical or isnan(gap)):
            ends, reason = self._ends(gap, moved)
        return {
            "measure": name,
            "champion": values[0],
            "challenger": values[1],
            "difference": gap,
            **dict(zip(_ENDS, np.clip(ends, -most, most).tolist(), strict=True)),
            "identical": identical,
            "reason": reason,
        }

    def _ends(self, gap: float, moved: Floats) -> tuple[list[float], str | None]:
        """Ends of the two intervals, or why there are none."""
        c = self.choices
        equal = c.clusters.freedom(c.judged)
        error = float(c.clusters.variances(moved[:, None])[0]) ** 0.5
        if equal <= ALONE:
            return [nan] * 4, ONE_ACCOUNT
        if error == 0:
            return [nan] * 4, "no variance is seen"
        wide = [
            float(student_quantile(equal, tail(level))) * error
            for level in (self.confidence, 2 * self.confidence - 1)
        ]
        return [gap - wide[0], gap + wide[0], gap - wide[1], gap + wide[1]], None


_ENDS = ("low", "high", "low_inner", "high_inner")
_NOBODY = {"precision": "no judged leads", "recall": "no judged lead converted"}


def _benefit(ask: _Question, cost_ratio: float | None) -> Row:
    choices = ask.choices
    if cost_ratio is None:
        none = [np.zeros(len(choices.n))] * 2
        return ask.measure(
            "net benefit", [nan, nan], none, most=1.0, none="no cost ratio was given"
        )
    total = float(choices.n[choices.judged].sum())
    worth = np.where(choices.hit, 1.0, -cost_ratio) * choices.judged
    sides = (ask.champion.share, ask.challenger.share)
    values = [float(choices.n @ (share * worth)) / total if total else nan for share in sides]
    influences = [
        np.where(choices.judged, (share * worth - value) / max(total, 1.0), 0.0)
        for share, value in zip(sides, values, strict=True)
    ]
    return ask.measure(
        "net benefit", values, influences, most=1 + cost_ratio, none=_NOBODY["precision"]
    )


def _auc_row(pairs: PairCounts, confidence: float) -> Row:
    outer = auc_difference(pairs, confidence=confidence)
    inner = auc_difference(pairs, confidence=2 * confidence - 1)
    return {
        "measure": "auc",
        "champion": outer.champion,
        "challenger": outer.challenger,
        "difference": outer.estimate,
        "low": outer.low,
        "high": outer.high,
        "low_inner": inner.low,
        "high_inner": inner.high,
        "identical": outer.standard_error == 0,
        "reason": outer.reason,
    }


def _judged(row: Row, margins: Mapping[str, float], n: float, refused: str | None) -> Row:
    margin = margins[str(row["measure"])]
    if refused is not None:
        # The areas of worked leads may stand, as they say of whom they are; a choice of leads that
        # were never worked has no yield.
        names = ("challenger", "difference", "low", "high", "low_inner", "high_inner")
        blank = {} if row["measure"] == "auc" else dict.fromkeys(names, nan)
        more = {"verdict": "cannot be told", "n_needed": None, "reason": row["reason"] or refused}
        return {**row, **blank, "margin": margin, **more}
    gap, low, high = (float(row[name]) for name in ("difference", "low", "high_inner"))  # type: ignore[arg-type]  # numbers
    verdict: ModelVerdict = "not enough evidence"
    if low > margin:
        verdict = "change"
    elif high < margin or row["identical"]:
        verdict = "keep"
    needed = _needed(gap, high - gap, margin, n) if verdict == "not enough evidence" else None
    return {**row, "margin": margin, "verdict": verdict, "n_needed": needed}


def _needed(gap: float, half: float, margin: float, n: float) -> int | None:
    """Judged leads at which the interval clears the margin, the estimate unchanged."""
    distance = abs(gap - margin)
    if isnan(gap) or isnan(half) or distance == 0:
        return None
    needed = n * (half / distance) ** 2
    # At the margin itself no number of leads settles it.
    return max(ceil(round(needed, 6)), int(n) + 1) if needed < _NEVER else None


def _refusal(swap: SwapSet) -> str | None:
    """Why no verdict is possible, whatever the numbers; None where one is."""
    if swap.answer != "Cannot be told from this data":
        return None
    if swap.explore is None:
        return swap.because
    return f"{swap.because}; work {swap.explore:,} of them at random and it can be told"


def _overall(row: pd.Series, refused: str | None) -> tuple[ModelVerdict, str]:
    if refused is not None:
        return "cannot be told", refused
    verdict: ModelVerdict = row["verdict"]
    if isnan(row["low"]):
        return verdict, str(row["reason"])
    return verdict, (
        f"{row['measure']} changes by {row['difference']:+.4f} ({row['low']:+.4f} to "
        f"{row['high']:+.4f}) against a margin of {row['margin']:g}"
    )
