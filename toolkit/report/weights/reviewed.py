"""Everything a weight review shows, fitted once from what was counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from toolkit.analysis import (
    compare_models,
    cross_fitted_pairs,
    fit_weights,
    propose_model,
    rate,
    weight_table,
)
from toolkit.analysis.comparison import deal_folds
from toolkit.analysis.proposal.moved import band_changes, read_everybody
from toolkit.analysis.weights import stability_table
from toolkit.backtest import count_pairs, count_patterns, count_scores
from toolkit.errors import DataError
from toolkit.report.audit.quarters import quarter_span
from toolkit.report.weights.choices import choices_table
from toolkit.report.weights.external import external_pairs, rivals_table
from toolkit.report.weights.review import Asked, Review

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis import Comparison, Leaks, Proposal, Rate, Weights
    from toolkit.backtest import Backtest
    from toolkit.counts import PairCounts, PatternCounts
    from toolkit.model import Model
    from toolkit.report.wording import Words

__all__ = ["UNDECLARED", "Counted", "reviewed"]

UNDECLARED = (
    "what the file says of a lead may have been recorded after its outcome, and nobody declared "
    "otherwise"
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a CRM or a flat file is turned into: leads to judge by, and all leads."""

    kind: Literal["crm", "flat"]
    model: Model
    file: str | None
    words: Words
    patterns: PatternCounts
    judged: Backtest
    everybody: Backtest
    cut: str | None
    age_days: int
    leaks: Leaks | None
    told: bool = True
    external_untold: str | None = None
    """Why the external score may be younger than the outcome; None where it is known as of the moment."""


def reviewed(
    counted: Counted, *, asked: Asked, settings: tuple[tuple[str, str], ...], prepared_on: date
) -> Review:
    """Fit and judge the points on the leads before the cut, and try the proposal on those after."""
    model, earlier = counted.model, _before(counted.patterns, counted.cut)
    leaking = _leaking(counted.leaks, model)
    weights = fit_weights(earlier, model, after_contact=sorted({*asked.after_contact, *leaking}))
    if not counted.told:
        weights = replace(weights, reason=UNDECLARED)
    everyone = counted.patterns if counted.kind == "flat" else count_patterns(counted.everybody)
    proposal = propose_model(
        model, weights, margin=asked.margin, grid=asked.grid, patterns=everyone
    )
    threshold = model.handoff_threshold if asked.threshold is None else asked.threshold
    external = external_pairs(
        counted.everybody,
        asked,
        # In a CRM leaks are sought in the last values; what is compared is that of the moment.
        leaks=counted.leaks if counted.kind == "flat" else None,
        untold=counted.external_untold,
    )
    since = None
    if counted.cut is not None:
        # A lead that is so old then was created, and handed over, after the leads of the proposal.
        since = quarter_span(counted.cut)[0] + timedelta(days=counted.age_days)
    comparison, pairs = _compared(counted, proposal, threshold, since, asked)
    return Review(
        kind=counted.kind,
        model=model,
        file=counted.file,
        words=counted.words,
        patterns=earlier,
        weights=weights,
        table=weight_table(weights, margin=asked.margin),
        stability=_stability(counted, weights),
        proposal=proposal,
        comparison=comparison,
        crossed=_crossed(counted, proposal, threshold, asked, sorted(leaking)),
        choices=_choices(counted, proposal, comparison, pairs),
        later=None if pairs is None else pairs.provenance,
        since=since,
        leaks=counted.leaks,
        leaking=leaking,
        quality=_quality(counted, threshold),
        rivals=None
        if threshold is None
        else rivals_table(everyone, threshold=threshold, external=external),
        external=external,
        movers=_movers(model, weights, proposal, everyone),
        everybody=everyone.n,
        threshold=threshold,
        asked=asked,
        told=counted.told,
        settings=settings,
        prepared_on=prepared_on,
    )


def _movers(
    model: Model, weights: Weights, proposal: Proposal, everyone: PatternCounts
) -> dict[str, int]:
    leads = read_everybody(weights, everyone)
    change = proposal.table["change"].to_numpy(dtype=np.float64)
    terms = proposal.table["term"]
    alone = np.diag(change)
    return {
        str(terms.iloc[j]): band_changes(model, leads, alone[j]) for j in np.flatnonzero(change)
    }


def _quality(counted: Counted, threshold: int | None) -> Rate | None:
    if counted.kind == "flat" or threshold is None:
        return None
    return rate(count_scores(counted.judged, at_least=threshold))


def _before(patterns: PatternCounts, cut: str | None) -> PatternCounts:
    if cut is None:
        return patterns
    part = patterns.part((patterns.frame["quarter"].astype(str) < cut).to_numpy())
    last = quarter_span(cut)[0] - timedelta(days=1)
    return replace(part, provenance=replace(part.provenance, last_moment=last))


def _leaking(leaks: Leaks | None, model: Model) -> dict[str, str]:
    if leaks is None:
        return {}
    known = {placed.criterion.id for placed in model.criteria}
    found = leaks.table[leaks.table["level"] == "alarm"].to_dict("records")
    paid = [(name.strip(), row) for row in found for name in str(row["paid_by"]).split(",")]
    return {
        name: f"pays for '{row['name']}', which seems to know the outcome: {row['because']}"
        for name, row in paid
        if name in known
    }


def _stability(counted: Counted, weights: Weights) -> pd.DataFrame:
    """Earlier quarters one by one; the later ones together, as the last period."""
    patterns = counted.patterns
    if not patterns.by:
        return pd.DataFrame(columns=["term", "periods", "same_sign", "holds"])
    if counted.cut is not None:
        quarter = patterns.frame["quarter"].astype(str)
        late = np.where(quarter >= counted.cut, counted.cut, quarter)
        patterns = replace(patterns, frame=patterns.frame.assign(quarter=late))
    return stability_table(patterns, weights)


def _compared(
    counted: Counted,
    proposal: Proposal,
    threshold: int | None,
    since: date | None,
    asked: Asked,
) -> tuple[Comparison | None, PairCounts | None]:
    if not proposal.changed or threshold is None:
        return None, None
    pairs = count_pairs(
        counted.everybody,
        proposal.model,
        fitted_on="these leads" if since is None else "other leads",
        since=since,
    )
    try:
        found = compare_models(pairs, threshold=threshold, cost_ratio=asked.cost_ratio)
    except DataError:  # no lead is late enough
        return None, None
    return found, pairs


def _choices(
    counted: Counted, proposal: Proposal, found: Comparison | None, pairs: PairCounts | None
) -> pd.DataFrame | None:
    if found is None or pairs is None or found.verdict == "cannot be told":
        return None
    return choices_table(counted.everybody, proposal.model, pairs)


_FOLDS = 5


def _crossed(
    counted: Counted,
    proposal: Proposal,
    threshold: int | None,
    asked: Asked,
    leaking: Sequence[str],
) -> Comparison | None:
    """Try the way in which the proposal was made, where there are no later leads to try it on."""
    if not proposal.changed or threshold is None or counted.kind != "flat":
        return None
    known = counted.patterns.accounts is not None
    folded = (
        count_patterns(counted.judged, folds=_FOLDS)
        if known
        else deal_folds(counted.patterns, folds=_FOLDS)
    )
    pairs = cross_fitted_pairs(
        folded,
        counted.model,
        after_contact=sorted({*asked.after_contact, *leaking}),
        margin=asked.margin,
        grid=asked.grid,
    )
    return compare_models(pairs, threshold=threshold, cost_ratio=asked.cost_ratio)
