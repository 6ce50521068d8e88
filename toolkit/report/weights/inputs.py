"""Everything a weight review needs, counted and fitted once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from toolkit.analysis import (
    baseline_table,
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
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    Outcome,
    count_pairs,
    count_patterns,
    count_scores,
    run_backtest,
)
from toolkit.backtest.outcomes import stage_label
from toolkit.crm import Crm, connect
from toolkit.errors import DataError, QuestionError
from toolkit.model import Model, load_model
from toolkit.report.audit.evidence import leaks_of_crm
from toolkit.report.audit.quarters import is_closed, quarter_span
from toolkit.report.weights.flat import flat_crm, flat_leaks, flat_origin
from toolkit.report.weights.review import USUAL, Asked, Review
from toolkit.report.wording import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis import Comparison, Leaks, Proposal, Rate, Weights
    from toolkit.backtest import Backtest
    from toolkit.counts import PatternCounts, Provenance

__all__ = ["prepare", "prepare_flat_review", "prepare_review"]

UNDECLARED = (
    "what the file says of a lead may have been recorded after its outcome, and nobody declared "
    "otherwise"
)


def prepare(
    *,
    crm: str | None = None,
    model: str | None = None,
    compare_from: str | None = None,
    within_days: int = 90,
    age_days: int | None = None,
    scored: str | None = None,
    account: str | None = None,
    scored_before_outcome: bool = False,
    outcome: str = "sql",
    margin: float = 5,
    grid: int = 5,
    threshold: int | None = None,
    cost_ratio: float | None = None,
    after_contact: Sequence[str] = (),
    known_before: Sequence[str] = (),
    prepared_on: str | None = None,
) -> Review:
    """Prepare whichever review the parameters of the notebook ask for.

    Raises QuestionError when they ask for neither or for both.
    """
    asked = Asked(
        float(margin), grid, threshold, cost_ratio, _names(after_contact), _names(known_before)
    )
    day = date.today() if prepared_on is None else _day(prepared_on)  # noqa: DTZ011 - the reader's own day
    if model is not None and crm is not None and scored is None:
        return prepare_review(
            crm=crm,
            model=model,
            compare_from=compare_from,
            outcome=Outcome(outcome, within_days=within_days),
            age_days=age_days,
            asked=asked,
            prepared_on=day,
        )
    if model is not None and scored is not None and crm is None:
        return prepare_flat_review(
            scored=scored,
            model=model,
            outcome=outcome,
            account=account,
            declared=scored_before_outcome,
            asked=asked,
            prepared_on=day,
        )
    raise QuestionError(
        "a weight review needs a model and either a CRM (crm, model) or a flat file with what the "
        "criteria look at (scored, model, outcome)"
    )


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(
            f"prepared_on is '{text}': expected a date such as 2026-10-05"
        ) from None


def prepare_review(
    *,
    crm: str | Path | Crm,
    model: str | Path | Model,
    compare_from: str | None = None,
    outcome: Outcome,
    age_days: int | None = None,
    asked: Asked = USUAL,
    prepared_on: date,
) -> Review:
    """Judge the points on the leads of the earlier quarters, the proposal on those of the later.

    Points are judged by the score at the hand-off, because who is handed over is then decided by
    that very score; with `age_days` (or without recorded hand-offs) by the score at that age.
    Volumes and the comparison are of all leads at 14 days (or `age_days`). `compare_from` is the
    first quarter that takes no part in the proposal; by default the latest one that is closed.
    Raises what `connect`, `load_model` and `run_backtest` raise, and QuestionError for a quarter
    before which nothing can be judged.
    """
    source = crm if isinstance(crm, Crm) else connect(crm)
    rules, file = _model(model)
    everybody = run_backtest(rules, source, moment=AtAge(age_days or _AGE), outcome=outcome)
    judged = everybody
    if age_days is None and _handoffs(source):
        judged = run_backtest(rules, source, moment=AtHandoff(), outcome=outcome)
    patterns = count_patterns(judged, by="quarter")
    cut = _cut(patterns, compare_from, outcome.within_days)
    leaks = leaks_of_crm(source, rules, outcome)
    words = Words(
        judged.provenance.outcome_label, stage_label(source, source.mapping.handoff_stage)
    )
    settings = (
        ("Outcome", judged.provenance.outcome),
        ("Points are judged on", judged.provenance.moment),
        ("Volumes and comparison on", everybody.provenance.moment),
        ("Leads kept out of the proposal", "none" if cut is None else f"from {cut} on"),
        *_agreed(asked, rules),
    )
    return _reviewed(
        _Counted(
            "crm", rules, file, words, patterns, judged, everybody, cut, age_days or _AGE, leaks
        ),
        asked=asked,
        settings=settings,
        prepared_on=prepared_on,
    )


_AGE = 14


def prepare_flat_review(
    *,
    scored: str | Path | pd.DataFrame,
    model: str | Path | Model,
    outcome: str,
    account: str | None = None,
    declared: bool = False,
    asked: Asked = USUAL,
    prepared_on: date,
) -> Review:
    """Judge the points on a flat file of fields and an outcome, scored by the model.

    Such a file has no dates, so there are no later leads to compare on; and unless the analyst
    declares that its fields are older than the outcome, nothing is proposed. Raises what
    `read_scored` and `load_model` raise, and QuestionError for a model that pays for activities.
    """
    rules, file = _model(model)
    source, name = flat_crm(scored, outcome=outcome, account=account, model=rules)
    backtest = run_backtest(
        rules, source, moment=AtAge(0), outcome=Outcome("flat_outcome", within_days=1)
    )
    patterns = count_patterns(backtest)
    origin = flat_origin(patterns.provenance, name, outcome, declared=declared)
    leaks = flat_leaks(scored, outcome, account, rules, asked.known_before)
    settings = (
        ("Outcome", origin.outcome),
        ("Account", account or "not given"),
        ("Declared: fields older than outcome", "yes" if declared else "no"),
        ("Known before, whatever they seem", ", ".join(asked.known_before) or "nothing"),
        *_agreed(asked, rules),
    )
    counted = _Counted(
        "flat",
        rules,
        file,
        Words(origin.outcome_label, "selected lead"),
        replace(patterns, provenance=origin),
        backtest,
        backtest,
        None,
        0,
        leaks,
        told=declared,
    )
    return _reviewed(counted, asked=asked, settings=settings, prepared_on=prepared_on)


def _model(model: str | Path | Model) -> tuple[Model, str | None]:
    if isinstance(model, Model):
        return model, None
    return load_model(model), Path(model).read_text(encoding="utf-8-sig")


def _agreed(asked: Asked, model: Model) -> tuple[tuple[str, str], ...]:
    start = model.handoff_threshold if asked.threshold is None else asked.threshold
    ratio = asked.cost_ratio
    return (
        ("Agreed margin", f"{asked.margin:g} points"),
        ("Grid of proposed points", f"{asked.grid:g}"),
        ("Threshold", "none" if start is None else f"{start} points"),
        (
            "Cost of a wasted call / benefit of a useful one",
            "not given" if ratio is None else f"{ratio:g}",
        ),
        ("Said to be recorded after sales contact", ", ".join(asked.after_contact) or "nothing"),
    )


def _handoffs(crm: Crm) -> bool:
    found = crm.connection.execute(
        "select count(*) from stage_changes where stage = ? and entered_at is not null",
        [crm.mapping.handoff_stage],
    ).fetchone()
    return bool(found and found[0])


def _cut(patterns: PatternCounts, asked: str | None, within_days: int) -> str | None:
    """The first quarter whose leads take no part; None where no earlier one has judged leads."""
    quarters = sorted({str(name) for name in patterns.judged.frame["quarter"]})
    if asked is not None:
        quarter_span(asked)
        if not any(name < asked for name in quarters):
            raise QuestionError(
                f"compare_from is {asked}: no lead before it can be judged; quarters with judged "
                f"leads: {', '.join(quarters) or 'none'}"
            )
        return asked
    until = patterns.provenance.observed_until
    closed = [name for name in quarters if is_closed(name, until, within_days)]
    return closed[-1] if len(closed) > 1 else None


@dataclass(frozen=True, slots=True)
class _Counted:
    """What both kinds of source are turned into."""

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


def _reviewed(
    counted: _Counted, *, asked: Asked, settings: tuple[tuple[str, str], ...], prepared_on: date
) -> Review:
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
    since = None
    if counted.cut is not None:
        # A lead that is so old then was created, and handed over, after the leads of the proposal.
        since = quarter_span(counted.cut)[0] + timedelta(days=counted.age_days)
    comparison, later = _compared(counted, proposal, threshold, since, asked)
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
        later=later,
        since=since,
        leaks=counted.leaks,
        leaking=leaking,
        quality=_quality(counted, threshold),
        rivals=None if threshold is None else baseline_table(everyone, threshold=threshold),
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


def _quality(counted: _Counted, threshold: int | None) -> Rate | None:
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


def _stability(counted: _Counted, weights: Weights) -> pd.DataFrame:
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
    counted: _Counted,
    proposal: Proposal,
    threshold: int | None,
    since: date | None,
    asked: Asked,
) -> tuple[Comparison | None, Provenance | None]:
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
    return found, pairs.provenance


_FOLDS = 5


def _crossed(
    counted: _Counted,
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
