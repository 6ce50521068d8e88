"""The score of every lead at one instant, without a question about outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb
import pandas as pd

from toolkit.backtest.instants import instant_of, second_of
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import meanings, new_schema
from toolkit.backtest.staging import Staged, scored_moments, stage_at_moments
from toolkit.counts import FlowStep
from toolkit.crm import Crm
from toolkit.errors import QuestionError
from toolkit.model import Model, score_unit

__all__ = ["LeadScores", "score_leads"]


@dataclass(frozen=True, slots=True)
class LeadScores:
    """Scores of leads at one instant; rows stay in the engine until asked for.

    The table `<schema>.scored` has one row per lead: `l`, `k`, `lead_id`, `account`, `s` (the
    instant, whole seconds UTC), `score`, `fit`, `behavior`, `gate` (-1, or the number of the gate
    that decides), `profile`, and p0, p1, ... as in a backtest.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    schema: str = field(repr=False)
    model: Model = field(repr=False)
    as_of: datetime
    steps: tuple[FlowStep, ...] = field(repr=False)
    """Every imported row of leads: how many came in, and how many are not scored and why."""

    def rows(self) -> pd.DataFrame:
        """One row per lead, sorted by lead_id.

        Columns: `lead_id`, `account_id`, `moment` (UTC), `score`, `fit`, `behavior`, and where the
        model has them `band` (what a gate decides, else that of the score) and `grade`. `fit` and
        `behavior` are in points, before the weights of the dimensions.
        """
        unit = score_unit(self.model)
        fit, behavior = (
            name if unit == 1 else f"cast({name} as double) / {unit}"
            for name in ("fit", "behavior")
        )
        found = self.connection.execute(f"""
            select lead_id, account as account_id, make_timestamp(s * 1000000) as moment, score,
              {fit} as fit, {behavior} as behavior,
              fit as "<fit>", behavior as "<behavior>", profile, gate
            from {self.schema}.scored order by lead_id""").df()
        named = meanings(self.model, found)
        if self.model.gates:
            decided = found["gate"].map(dict(enumerate(gate.then for gate in self.model.gates)))
            named["band"] = decided.astype(object).fillna(named.get("band", decided))
        return found.drop(columns=["<fit>", "<behavior>", "profile", "gate"]).assign(**named)


def score_leads(
    model: Model, crm: Crm, *, as_of: datetime | date | str | None = None
) -> LeadScores:
    """Score every lead that existed at one instant, from what was known then.

    Parameters
    ----------
    model
        What gives points.
    crm
        Where the rows are.
    as_of
        The instant (UTC, inclusive); a date means the end of that day. Default: `observed_until`.

    Raises
    ------
    ModelError
        A criterion names a field, column or activity that cannot be used.
    QuestionError
        The instant cannot be read, or lies after `observed_until`: nobody knows yet who is silent.
    """
    moment = instant_of(as_of, crm)
    if moment > crm.observed_until:
        raise QuestionError(
            f"the tables are seen until {crm.observed_until} UTC, so no score at {moment} UTC is "
            "known; ask for an earlier moment"
        )
    schema, second = new_schema(crm.connection), second_of(moment)
    flow = number_leads(crm.connection, schema, until=second_of(crm.observed_until))
    crm.connection.execute(
        f"""create table {schema}.mo as
        select l, 0 as k, cast({second} as bigint) as s from {schema}.lead
        where c <= {second} and l not in (select l from {schema}.gone where t <= {second})"""
    )
    _score(crm, schema, stage_at_moments(model, crm, schema))
    return LeadScores(
        crm.connection,
        schema,
        model,
        moment,
        (*flow.steps(), *_later(crm.connection, schema, second)),
    )


def _score(crm: Crm, schema: str, staged: Staged) -> None:
    points = "".join(f", score.p{i}" for i in range(len(staged.plan.rules)))
    with scored_moments(crm, staged) as scores:
        crm.connection.execute(f"""
            create table {schema}.scored as
            select score.l, score.k, lead.lead_id, lead.account, score.s, score.score, score.fit,
              score.behavior, score.gate, score.profile{points}
            from ({scores}) as score join {schema}.lead as lead on lead.l = score.l""")


def _later(connection: duckdb.DuckDBPyConnection, schema: str, second: int) -> tuple[FlowStep, ...]:
    total, left, gone = connection.execute(f"""
        select (select count(*) from {schema}.lead), (select count(*) from {schema}.mo),
          (select count(*) from {schema}.gone as gone join {schema}.lead as lead using (l)
           where gone.t <= {second} and lead.c <= {second})""").fetchall()[0]
    steps = {
        "created after the moment": int(total) - int(left) - int(gone),
        "merged into another lead by the moment": int(gone),
    }
    return tuple(FlowStep("excluded", text, n) for text, n in steps.items() if n)
