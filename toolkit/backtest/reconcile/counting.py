"""Replay the model at every instant at which the platform recorded a score."""

from __future__ import annotations

from datetime import UTC

import pandas as pd

from toolkit.backtest.leads import number_leads
from toolkit.backtest.reconcile.hypotheses import changes_of
from toolkit.backtest.reconcile.recorded import Column, place_recorded
from toolkit.backtest.reconcile.search import search
from toolkit.backtest.result import new_schema
from toolkit.backtest.staging import Staged, scored_moments, stage, stage_at_moments
from toolkit.counts import DifferenceCounts, FlowStep
from toolkit.crm import Crm
from toolkit.model import Model

__all__ = ["count_differences"]


def count_differences(
    model: Model,
    crm: Crm,
    *,
    score: str | None = None,
    column: Column | None = None,
    most: int = 1_000_000,
) -> DifferenceCounts:
    """Compare recorded scores with the model's, at the instants at which they were recorded.

    The replayed score knows everything up to and including the second of the record. `score` names
    one of several scores of score_history; `column` reads the recorded score from the lead table
    instead. Where `model_versions` says which version ran when, only what this version gave is
    compared; the rest is counted in the flow. Of more than `most` recorded scores about so many are compared: all those of leads drawn by
    a hash of their ids.

    Raises QuestionError where no recorded score is known, DataError where none can be compared.
    """
    schema = new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    try:
        number_leads(crm.connection, schema, until=until)
        name, flow = place_recorded(
            crm, schema, version=model.version, score=score, column=column, until=until, most=most
        )
        crm.connection.execute(f"create table {schema}.mo as select l, k, s from {schema}.recorded")
        staged = stage_at_moments(model, crm, schema)
        if staged.history.split:
            stage(model, crm, schema)  # leads as exported, for what a platform re-scores
        _compare(crm, schema, staged)
        return _counted(model, crm, schema, staged, name=name, flow=flow, until=until)
    finally:
        for each in (schema, f"{schema}_known"):
            crm.connection.execute(f"drop schema if exists {each} cascade")


def _compare(crm: Crm, schema: str, staged: Staged) -> None:
    """Make `<schema>.compared`, with what the history of differences says of each row.

    A difference lasts from the row where it arises to the next other one. It was edited when the
    recorded score moved there and the replayed one did not; it was reset when the recorded score fell
    to 0 or to the base of the model there.
    """
    base = staged.plan.base // staged.plan.unit
    with scored_moments(crm, staged) as scores:
        crm.connection.execute(f"""
            create table {schema}.compared as
            with score as ({scores}),
            c as (
              select r.l, score.entry, r.k, r.s, lead.lead_id, lead.account, r.value, score.score as replayed,
                lag(r.value) over w as value_before, lag(score.score) over w as replayed_before
              from {schema}.recorded as r join score on score.l = r.l and score.k = r.k
                join {schema}.lead as lead on lead.l = r.l
              window w as (partition by r.l order by r.k)),
            a as (
              select *, value - replayed is distinct from coalesce(value_before - replayed_before, 0) as arises,
                value in (0, {base}) and value_before is not null and value < value_before as falls
              from c),
            g as (select *, sum(case when arises then 1 else 0 end) over (partition by l order by k) as run from a)
            select l, entry, k, s, lead_id, account, value, replayed,
              value <> replayed and first_value(falls) over v as reset_recorded,
              value <> replayed and first_value(not falls and value_before is not null
                and value <> value_before and replayed = replayed_before) over v as edited
            from g window v as (partition by l, run order by k
              rows between unbounded preceding and unbounded following)""")


def _counted(
    model: Model,
    crm: Crm,
    schema: str,
    staged: Staged,
    *,
    name: str,
    flow: tuple[FlowStep, ...],
    until: int,
) -> DifferenceCounts:
    connection, compared = crm.connection, f"{schema}.compared"
    frame = connection.execute(f"""
        select value - replayed as difference, count(*) as n from {compared}
        group by difference order by difference""").df()
    accounts = connection.execute(f"""
        select rows, matched, count(*) as accounts from (
          select count(*) as rows, count(*) filter (value = replayed) as matched from {compared}
          group by coalesce('in ' || account, 'lead ' || lead_id)) group by all order by all""").df()
    leads, differing, known = connection.execute(f"""
        select count(distinct l), count(distinct l) filter (value <> replayed),
          bool_or(account is not null) from {compared}""").fetchall()[0]
    hypotheses, patterns, looked_at = _nothing(int(frame["n"].sum()))
    if differing:
        hypotheses, patterns, looked_at = search(
            connection, schema, staged, changes_of(model, staged.plan), until=until
        )
    return DifferenceCounts(
        frame=frame,
        accounts=accounts,
        hypotheses=hypotheses,
        patterns=patterns,
        looked_at=looked_at,
        leads=int(leads),
        differing_leads=int(differing),
        score=name,
        model=f"{model.name} {model.version}",
        source=crm.source,
        accounts_known=bool(known),
        flow=flow,
    )


def _nothing(n: int) -> tuple[pd.DataFrame, pd.DataFrame, tuple[int, int]]:
    hypotheses = pd.DataFrame(columns=["code", "criterion", "label", "contradicted"])
    return hypotheses, pd.DataFrame(columns=["explained_by", "difference", "n"]), (0, n)
