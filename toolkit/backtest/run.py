"""Replay a model against history: the score each lead had, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from toolkit.backtest.core import Plan, as_of_sql
from toolkit.backtest.leads import number_leads
from toolkit.backtest.moments import AtAge, AtHandoff, AtPeriodEnd, Moment, Outcome
from toolkit.backtest.outcomes import (
    Evidence,
    evidence_of_work,
    place_moments,
    place_outcomes,
    stage_label,
    stage_times,
)
from toolkit.backtest.result import Backtest, new_schema
from toolkit.backtest.sql import column_names
from toolkit.backtest.staging import stage
from toolkit.counts import STATES, FlowStep, Provenance
from toolkit.crm import Crm
from toolkit.errors import QuestionError, nearest_first
from toolkit.model import CasesCriterion, Model, PerValueCriterion, describe_condition

__all__ = ["check_model", "run_backtest"]

_AXES = ("quarter", "month", "decision")


def run_backtest(
    model: Model,
    crm: Crm,
    *,
    moment: Moment,
    outcome: Outcome,
    segments: Sequence[str] = (),
) -> Backtest:
    """Score every lead as of its moment and say what became of it.

    The score is a pure function of the model, the lead's fields and the activities up to and
    including the moment; outcomes are strictly later. Every lead row is either scored or counted
    in the flow with the reason why not.

    Parameters
    ----------
    model
        What gives points.
    crm
        Where the rows are.
    moment
        `AtHandoff()`, `AtAge(days=14)` or `AtPeriodEnd("quarter")`.
    outcome
        The stage to be reached, and within how many days.
    segments
        Columns of `leads` by which counts can be split later.

    Raises
    ------
    ModelError
        A criterion names a field, column or activity that cannot be used.
    QuestionError
        The stage or a segment does not exist.
    DataError
        No lead is left to score.
    """
    _check_segments(crm.connection, segments)
    run = _Run(model, crm, moment, outcome, tuple(segments), new_schema(crm.connection))
    leads = number_leads(crm.connection, run.schema, until=run.until, segments=segments)
    stage_times(crm, run.schema, run.stages, until=run.until)
    excluded = place_moments(
        crm.connection,
        run.schema,
        moment,
        handoff_stage=run.handoff,
        label=run.label,
        until=run.until,
    )
    place_outcomes(crm, run.schema, outcome, run.evidence, until=run.until)
    staged = stage(model, crm, run.schema)
    run.score(staged.plan)
    gated = run.set_gated_aside()
    flow = (*leads.steps(), *excluded, *gated, *run.panel_start(), *run.states())
    provenance = replace(run.provenance(), flow=flow, caveats=run.caveats(staged.never_met))
    criteria = tuple(placed.criterion.id for placed in model.criteria)
    return Backtest(crm.connection, run.schema, provenance, run.segments, criteria, model, crm)


def check_model(model: Model, crm: Crm) -> tuple[str, ...]:
    """Check that a model can be evaluated on these tables, without scoring.

    Returns the labels of activity criteria that no activity in the data meets; raises ModelError
    as `run_backtest` would.
    """
    schema = new_schema(crm.connection)
    number_leads(crm.connection, schema, until=_second(crm.observed_until))
    never_met = stage(model, crm, schema).never_met
    crm.connection.execute(f"drop schema {schema} cascade")
    return never_met


def _second(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp())


def _check_segments(connection: duckdb.DuckDBPyConnection, segments: Sequence[str]) -> None:
    known = [name for name in column_names(connection, "leads") if name != "row_id"]
    for name in segments:
        if name in _AXES:
            raise QuestionError(
                f"segment '{name}' has the name of a built-in axis; rename the column in crm.yaml"
            )
        if name not in known:
            raise QuestionError(
                f"segment '{name}' is not a column of 'leads': {nearest_first(name, known)}"
            )


@dataclass(frozen=True, slots=True)
class _Run:
    """One question put to one CRM, and the schema in which its tables grow."""

    model: Model
    crm: Crm
    moment: Moment
    outcome: Outcome
    segments: tuple[str, ...]
    schema: str

    @property
    def until(self) -> int:
        return _second(self.crm.observed_until)

    @property
    def handoff(self) -> str:
        if not isinstance(self.moment, AtHandoff):
            return ""
        return self.moment.stage or self.crm.mapping.handoff_stage

    @property
    def stages(self) -> tuple[str, ...]:
        """The outcome first, then the hand-off where it is asked for."""
        return (self.outcome.stage, *((self.handoff,) if self.handoff else ()))

    @property
    def label(self) -> str:
        return stage_label(self.crm, self.outcome.stage)

    @property
    def evidence(self) -> Evidence:
        return evidence_of_work(self.crm)

    @property
    def unit(self) -> str:
        panel = isinstance(self.moment, AtPeriodEnd)
        return f"lead and {self.moment.period}" if panel else "lead"  # type: ignore[union-attr]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.crm.connection.execute(sql).fetchall()

    def score(self, plan: Plan) -> None:
        """Make `<schema>.scored`; leads that a gate decides are still in it, marked."""
        points = "".join(f", score.p{i}" for i in range(len(plan.rules)))
        segments = "".join(f", lead.seg{i}" for i in range(len(self.segments)))
        at = "make_timestamp(score.s * 1000000)"
        self.query(f"""
            create table {self.schema}.scored as
            with ld as (select * from {self.schema}.ld), ev as (select * from {self.schema}.ev),
              mo as (select * from {self.schema}.mo), score as ({as_of_sql(plan)})
            select score.l, score.k, lead.lead_id, lead.account, {self._cluster()} as cluster,
              score.s, score.score, score.fit, score.behavior, ld.gate,
              ld.profile, state.state,
              state.organic, state.decision,
              cast(year({at}) as varchar) || 'Q' || cast(quarter({at}) as varchar) as quarter,
              strftime({at}, '%Y-%m') as month{segments}{points}
            from score join {self.schema}.lead as lead on lead.l = score.l
              join ld on ld.l = score.l
              join {self.schema}.state as state on state.l = score.l and state.k = score.k""")

    def _cluster(self) -> str:
        """What is drawn together: the account; in a panel at least the rows of one lead."""
        known = self.query(f"select 1 from {self.schema}.lead where account is not null limit 1")
        if isinstance(self.moment, AtPeriodEnd):
            return "coalesce('account ' || lead.account, 'lead ' || lead.lead_id)"
        return "lead.account" if known else "cast(null as varchar)"

    def set_gated_aside(self) -> tuple[FlowStep, ...]:
        """Move the leads whose band a gate decides to `gated`: no threshold acts on them."""
        counts = self.query(
            f"select gate, count(distinct l) from {self.schema}.scored where gate >= 0 "
            "group by gate order by gate"
        )
        self.query(
            f"create table {self.schema}.gated as select * from {self.schema}.scored "
            "where gate >= 0"
        )
        self.query(f"delete from {self.schema}.scored where gate >= 0")
        return tuple(
            FlowStep("excluded", f"decided by gate {int(gate) + 1} ({then}), not by the score",
                     int(n))
            for gate, n in counts
            for then in [self.model.gates[int(gate)].then]
        )  # fmt: skip

    def panel_start(self) -> tuple[FlowStep, ...]:
        """A panel goes on counting rows where it counted leads so far."""
        if self.unit == "lead":
            return ()
        leads, rows = self.query(f"select count(distinct l), count(*) from {self.schema}.scored")[0]
        return (FlowStep("start", f"one row per {self.unit}, of {leads:,} leads", int(rows)),)

    def states(self) -> tuple[FlowStep, ...]:
        found = dict(self.query(f"select state, count(*) from {self.schema}.scored group by state"))
        return tuple(FlowStep("state", state, int(found.get(state, 0))) for state in STATES)

    def provenance(self) -> Provenance:
        first, last = self._span()
        return Provenance(
            source=self.crm.source,
            engine=f"DuckDB {duckdb.__version__}",
            model=f"{self.model.name} {self.model.version}",
            model_hash=self.model.hash,
            moment=self._words(),
            outcome=f"{self.label} within {self.outcome.within_days} days",
            outcome_label=self.label,
            outcome_window_days=self.outcome.within_days,
            observed_until=self.crm.observed_until.date(),
            first_moment=first,
            last_moment=last,
            unit=self.unit,
            worked_known=self.evidence.known,
        )

    def _span(self) -> tuple[date | None, date | None]:
        ends = self.query(f"select min(s), max(s) from {self.schema}.scored")[0]
        first, last = (
            None if end is None else datetime.fromtimestamp(int(end), UTC).date() for end in ends
        )
        return first, last

    def _words(self) -> str:
        if isinstance(self.moment, AtHandoff):
            return f"first hand-off to sales ({stage_label(self.crm, self.handoff)})"
        if isinstance(self.moment, AtAge):
            return f"{self.moment.days} days after creation"
        oldest = self.moment.max_age_days
        aged = "" if oldest is None else f", up to {oldest} days old"
        return f"the end of each {self.moment.period} while the lead is open{aged}"

    def caveats(self, never_met: Sequence[str]) -> tuple[str, ...]:
        """What a reader must know before believing a number."""
        caveats = []
        fit_kinds = CasesCriterion | PerValueCriterion
        if any(isinstance(p.criterion, fit_kinds) for p in self.model.criteria):
            caveats.append(
                "The fit part is not point-in-time: lead fields are as of the export, because "
                "there is no history of field changes."
            )
        if not self.evidence.known:
            caveats.append(
                "No table says which leads sales worked, so every lead counts as worked; a lead "
                "that nobody called then counts as a failure."
            )
        caveats.extend(self._organic())
        caveats.extend(self._other_thresholds())
        first, valid = self._span()[0], self.model.valid_from
        if first is not None and valid is not None and first < valid:
            caveats.append(
                f"The model is valid from {valid}; earlier moments are scored as if it had run."
            )
        if never_met:
            names = ", ".join(f"'{name}'" for name in never_met)
            caveats.append(f"No activity in the data meets these criteria: {names}.")
        return tuple(caveats)

    def _other_thresholds(self) -> tuple[str, ...]:
        return tuple(
            f"The band '{band.name}' begins at {entry.start} instead of {band.start} for leads "
            f"where {describe_condition(entry.when)}; a threshold in this report is that of all "
            "other leads, applied to everybody."
            for band in self.model.bands
            for entry in band.exceptions
        )

    def _organic(self) -> tuple[str, ...]:
        n = self.query(
            f"select count(*) from {self.schema}.scored where state = 'unworked' and organic"
        )[0][0]
        text = (
            f"Of the unworked leads (scored: {self._words()}) {n:,} reached {self.label} on their "
            "own; they are kept out of every rate, because the other unworked leads are unknown, "
            "not failures."
        )
        return (text,) if n else ()
