"""Everything an audit needs, prepared once: the two designs, counted; nothing else is computed."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from toolkit.analysis import BandLike, ScoreBand, equal_bands
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    Backtest,
    Outcome,
    count_amounts,
    count_days,
    count_delays,
    count_scores,
    count_stages,
    count_stays,
    count_weeks,
    read_scored,
    run_backtest,
)
from toolkit.backtest.outcomes import stage_label
from toolkit.crm import Crm, connect, findings_table
from toolkit.crm.checks import check_tables
from toolkit.errors import QuestionError
from toolkit.model import Model, load_model
from toolkit.report.audit.evidence import leaks_of_crm, leaks_of_file, reconciled
from toolkit.report.audit.prepared import Audit, Policy, mostly_unworked
from toolkit.report.audit.quarters import chosen_quarter
from toolkit.report.parameters import checked
from toolkit.report.wording import Words, count, score_range

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from toolkit.counts import AmountCounts, DayCounts, StageCounts, StayCounts

__all__ = ["prepare", "prepare_audit", "prepare_scored_audit"]

_FEW_LEVELS = 15
_UNDECIDED = Policy()
"""Nothing was agreed before looking but the margin that is usual."""


@checked
def prepare(
    *,
    crm: str | Crm | None = None,
    model: str | Model | None = None,
    quarter: str | None = None,
    outcome: str = "sql",
    within_days: int = 90,
    age_days: int = 14,
    scored: str | None = None,
    score: str | Sequence[str] | None = None,
    account: str | None = None,
    scored_before_outcome: bool = False,
    segment: str | None = None,
    hand_raisers: str | Sequence[str] | None = None,
    threshold: int | None = None,
    margin: float = 0.05,
    cost_ratio: float | None = None,
    capacity_per_week: float | None = None,
    accept_mismatch: bool = False,
    prepared_on: str | None = None,
) -> Audit:
    """Prepare whichever audit the parameters of the notebook ask for.

    Raises QuestionError when they ask for neither or for both.
    """
    policy = Policy(margin, cost_ratio, capacity_per_week, threshold)
    day = date.today() if prepared_on is None else _day(prepared_on)  # noqa: DTZ011 - the reader's own day
    if scored is None and crm is not None and model is not None:
        return prepare_audit(
            crm=crm,
            model=model,
            quarter=quarter,
            outcome=outcome,
            within_days=within_days,
            age_days=age_days,
            segment=segment,
            hand_raisers=(hand_raisers,) if isinstance(hand_raisers, str) else hand_raisers or (),
            policy=policy,
            accept_mismatch=accept_mismatch,
            prepared_on=day,
        )
    if scored is not None and hand_raisers:
        raise QuestionError(
            "hand_raisers names criteria of a model, which a flat file does not have: leave it out, or "
            "audit the CRM with its model"
        )
    if scored is not None and crm is None and score:
        return prepare_scored_audit(
            scored=scored,
            score=score,
            outcome=outcome,
            account=account,
            scored_before_outcome=scored_before_outcome,
            segment=segment,
            policy=policy,
            prepared_on=day,
        )
    raise QuestionError(
        "an audit needs either a CRM and its model (crm, model) or a flat file with its columns "
        "(scored, score, outcome)"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(
            f"prepared_on is '{text}': expected a date such as 2026-10-05"
        ) from None


def prepare_audit(
    *,
    crm: str | Path | Crm,
    model: str | Path | Model,
    quarter: str | None = None,
    outcome: str = "sql",
    within_days: int = 90,
    age_days: int = 14,
    segment: str | None = None,
    hand_raisers: Sequence[str] = (),
    policy: Policy = _UNDECIDED,
    accept_mismatch: bool = False,
    prepared_on: date,
) -> Audit:
    """Replay the model on the CRM in the two designs that the questions need.

    Hand-off (`AtHandoff`) answers what became of the leads handed over in a quarter; the landmark
    (`AtAge(age_days)`) answers ranking, bands and thresholds. `quarter` defaults to the latest one
    whose outcome windows have all closed; `hand_raisers` are the criteria (ids) by which a lead asks to
    be called. Raises what `connect`, `load_model` and `run_backtest`
    raise, QuestionError for a quarter that cannot be judged, and DataError where under 95% of the
    recorded scores are those of the model (unless `accept_mismatch`).
    """
    source = crm if isinstance(crm, Crm) else connect(crm)
    rules = model if isinstance(model, Model) else load_model(model)
    wanted = Outcome(outcome, within_days=within_days)
    segments = (segment,) if segment else ()
    compared = reconciled(rules, source, accept_mismatch=accept_mismatch)
    landmark = run_backtest(
        rules, source, moment=AtAge(age_days), outcome=wanted, segments=segments
    )
    handed = _handed_over(rules, source, wanted)
    chosen = chosen_quarter(quarter, handed or landmark, within_days)
    counts = count_scores(landmark)
    threshold = rules.handoff_threshold if policy.threshold is None else policy.threshold
    over = threshold if mostly_unworked(counts) else None
    return Audit(
        kind="crm",
        title=f"Quarterly audit of {rules.name} {rules.version}"
        + (f", {chosen}" if chosen else ""),
        words=Words(
            landmark.provenance.outcome_label, stage_label(source, source.mapping.handoff_stage)
        ),
        ranking=counts,
        ranked=counts if over is None else count_scores(landmark, at_least=over),
        ranked_by_quarter=count_scores(landmark, by="quarter", at_least=over),
        handoffs=count_scores(handed, by="quarter") if handed else None,
        decisions=count_scores(handed, by="decision") if handed else None,
        segments=count_scores(landmark, by=segment, at_least=over) if segment else None,
        quarter=chosen,
        bands=split_bands(rules.bands or equal_bands(counts), policy.threshold),
        few_levels=counts.frame["score"].nunique() <= _FEW_LEVELS,
        threshold=threshold,
        # Some are found both on reading and on checking.
        health=findings_table(list(dict.fromkeys([*source.findings, *check_tables(source)]))),
        policy=policy,
        settings=(
            ("Outcome", landmark.provenance.outcome),
            ("Age at which leads are scored", landmark.provenance.moment),
            ("Quarter", chosen or "none can be judged yet"),
            *((("Asked to be called", ", ".join(hand_raisers)),) if hand_raisers else ()),
            *_policy_settings(policy),
        ),
        prepared_on=prepared_on,
        leaks=leaks_of_crm(source, rules, wanted),
        reconciliation=compared,
        stages=_stages(handed, source, hand_raisers) if handed else None,
        handed_weeks=count_weeks(handed) if handed else None,
        days=_days(handed, source, wanted) if handed else None,
        delays=count_delays(handed, windows=_windows(wanted)) if handed else None,
        stays=_stays(handed, source) if handed else None,
        uncalled=count_scores(landmark, at_least=over, without=hand_raisers)
        if hand_raisers
        else None,
        amounts=_amounts(landmark, over),
    )


def _handed_over(model: Model, crm: Crm, outcome: Outcome) -> Backtest | None:
    """The hand-off design, where the export records hand-offs."""
    stage = crm.mapping.handoff_stage
    found = crm.connection.execute(
        "select count(*) from stage_changes where stage = ? and entered_at is not null", [stage]
    ).fetchone()
    if not found or not found[0]:
        return None
    return run_backtest(model, crm, moment=AtHandoff(), outcome=outcome)


def _stages(handed: Backtest, crm: Crm, hand_raisers: Sequence[str]) -> StageCounts | None:
    """Count stages and decisions, where the export has any of the usual stages."""
    try:
        return count_stages(handed, crm, hand_raisers=hand_raisers)
    except QuestionError:
        # None of accepted, sql and won occurs: the section says that it cannot be told.
        return None


def _days(handed: Backtest, crm: Crm, outcome: Outcome) -> DayCounts | None:
    """Count days from the hand-off to the outcome, where any lead ever reached it."""
    try:
        return count_days(handed, crm, stage=outcome.stage, within_days=outcome.within_days)
    except QuestionError:
        return None


def _windows(outcome: Outcome) -> tuple[int, ...]:
    """A third and two thirds of the outcome window, the whole, and what lies beyond it."""
    days = outcome.within_days
    return tuple(sorted({math.ceil(days * k / 6) for k in (2, 4, 6, 9, 12)}))


def _stays(handed: Backtest, crm: Crm) -> StayCounts:
    found = count_stays(handed, crm)
    return replace(
        found,
        frame=found.frame.assign(stage=[stage_label(crm, stage) for stage in found.frame["stage"]]),
    )


def _amounts(landmark: Backtest, at_least: int | None) -> AmountCounts | None:
    """Amounts of the ranked leads; None where the export has no such column."""
    try:
        found = count_amounts(landmark)
    except QuestionError:
        return None
    if at_least is None:
        return found
    over = found.frame[found.frame["score"] >= at_least].reset_index(drop=True)
    return replace(
        found,
        frame=over,
        accounts=_over(found.accounts, at_least),
        account_leads=_over(found.account_leads, at_least),
    )


def _over(pairs: pd.DataFrame | None, at_least: int) -> pd.DataFrame | None:
    """Pairs of scores of which both are at or above."""
    if pairs is None:
        return None
    both = pairs[["score_a", "score_b"]].min(axis=1) >= at_least
    return pairs.loc[both].reset_index(drop=True)


def prepare_scored_audit(
    *,
    scored: str | Path | pd.DataFrame,
    score: str | Sequence[str],
    outcome: str,
    account: str | None = None,
    scored_before_outcome: bool = False,
    segment: str | None = None,
    policy: Policy = _UNDECIDED,
    prepared_on: date,
) -> Audit:
    """Read a flat file; nothing in it is point-in-time, so most questions cannot be told.

    With `scored_before_outcome` the analyst declares that every score was recorded before its
    outcome; the report then answers and prints the declaration. Raises what `read_scored` raises.
    """
    segments = (segment,) if segment else ()
    backtest = read_scored(
        scored,
        score=score,
        outcome=outcome,
        account=account,
        segments=segments,
        scored_before_outcome=scored_before_outcome,
    )
    counts = count_scores(backtest)
    few = counts.frame["score"].nunique() <= _FEW_LEVELS
    names = [score] if isinstance(score, str) else list(score)
    return Audit(
        kind="flat",
        title=f"Audit of the scores in {counts.provenance.source}",
        words=Words(counts.provenance.outcome_label, "selected lead"),
        ranking=counts,
        ranked=counts,
        ranked_by_quarter=None,
        handoffs=None,
        decisions=None,
        segments=count_scores(backtest, by=segment) if segment else None,
        quarter=None,
        bands=split_bands(equal_bands(counts), policy.threshold),
        few_levels=few,
        threshold=policy.threshold,
        health=findings_table([]),
        policy=policy,
        settings=(
            ("Score", " + ".join(names)),
            ("Outcome", counts.provenance.outcome),
            ("Account", account or "not given"),
            ("Declared: score older than outcome", "yes" if scored_before_outcome else "no"),
            *_policy_settings(policy),
        ),
        prepared_on=prepared_on,
        leaks=leaks_of_file(scored, outcome, account, names),
    )


def split_bands(bands: Sequence[BandLike], threshold: int | None) -> tuple[BandLike, ...]:
    """Split the band in which a threshold of the reader's own falls.

    Bands made here are named by their scores: tables and figures tell bands apart by name.
    """
    starts = {band.start for band in bands} | (set() if threshold is None else {threshold})
    above = sorted((start for start in starts if start is not None), reverse=True)
    stops = dict(zip([*above, None], [None, *above], strict=True))
    kept = [
        replace(band, name=score_range(band.start, stops[band.start]))
        if isinstance(band, ScoreBand)
        else band
        for band in bands
    ]
    if threshold is None or threshold in {band.start for band in bands}:
        return tuple(kept)
    return (*kept, ScoreBand(score_range(threshold, stops[threshold]), threshold))


def _policy_settings(policy: Policy) -> tuple[tuple[str, str], ...]:
    ratio, capacity = policy.cost_ratio, policy.capacity_per_week
    threshold = (
        () if policy.threshold is None else (("Threshold", f"{count(policy.threshold)} points"),)
    )
    return (
        *threshold,
        ("Margin over chance that counts", f"{100 * policy.margin:g} points"),
        (
            "Cost of a wasted call / benefit of a useful one",
            "not given" if ratio is None else f"{ratio:g}",
        ),
        ("Leads a week that sales can work", "not given" if capacity is None else f"{capacity:g}"),
    )
