"""What a weight review is asked, and the leads that answer: of a CRM, or of a flat file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.backtest import AtAge, AtHandoff, Outcome, count_patterns, run_backtest
from toolkit.backtest.outcomes import stage_label
from toolkit.counts import FITTED_ON
from toolkit.crm import Crm, connect
from toolkit.errors import QuestionError
from toolkit.model import Model, load_model
from toolkit.report.audit.evidence import leaks_of_crm
from toolkit.report.audit.quarters import is_closed, quarter_span
from toolkit.report.parameters import checked
from toolkit.report.weights.external import undated
from toolkit.report.weights.flat import flat_crm, flat_leaks, flat_origin
from toolkit.report.weights.review import USUAL, Asked, Review
from toolkit.report.weights.reviewed import UNDECLARED, Counted, reviewed
from toolkit.report.wording import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from toolkit.counts import FittedOn, PatternCounts

__all__ = ["prepare", "prepare_flat_review", "prepare_review"]


@checked
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
    after_contact: str | Sequence[str] = (),
    known_before: str | Sequence[str] = (),
    external: str | None = None,
    external_fitted_on: str = "unknown",
    prepared_on: str | None = None,
) -> Review:
    """Prepare whichever review the parameters of the notebook ask for.

    Raises QuestionError when they ask for neither or for both.
    """
    asked = Asked(
        float(margin),
        grid,
        threshold,
        cost_ratio,
        _names(after_contact),
        _names(known_before),
        external,
        _fitted_on(external_fitted_on),
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


def _fitted_on(given: str) -> FittedOn:
    for known in FITTED_ON:
        if given == known:
            return known
    raise QuestionError(f"external_fitted_on is '{given}': expected one of {', '.join(FITTED_ON)}")


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
    everybody = run_backtest(
        rules, source, moment=AtAge(age_days or _AGE), outcome=outcome, segments=_columns(asked)
    )
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
    return reviewed(
        Counted(
            "crm",
            rules,
            file,
            words,
            patterns,
            judged,
            everybody,
            cut,
            age_days or _AGE,
            leaks,
            external_untold=None if asked.external is None else undated(source, asked.external),
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
        rules,
        source,
        moment=AtAge(0),
        outcome=Outcome("flat_outcome", within_days=1),
        segments=_columns(asked),
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
    counted = Counted(
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
        external_untold=None if declared else UNDECLARED,
    )
    return reviewed(counted, asked=asked, settings=settings, prepared_on=prepared_on)


def _model(model: str | Path | Model) -> tuple[Model, str | None]:
    if isinstance(model, Model):
        return model, None
    return load_model(model), Path(model).read_text(encoding="utf-8-sig")


def _columns(asked: Asked) -> tuple[str, ...]:
    return () if asked.external is None else (asked.external,)


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
        *_rival(asked),
    )


def _rival(asked: Asked) -> tuple[tuple[str, str], ...]:
    if asked.external is None:
        return ()
    return (
        ("External score to be beaten", asked.external),
        ("Said of what it was fitted on", asked.external_fitted_on),
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
