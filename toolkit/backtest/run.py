"""Replay a model against history: the score each lead had, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeGuard

import duckdb

from toolkit.backtest.clusters import with_numbers
from toolkit.backtest.flow import moment_steps, set_gated_aside, state_steps
from toolkit.backtest.leads import number_leads
from toolkit.backtest.merges import place_together
from toolkit.backtest.moments import AtCrossing, AtHandoff, AtPeriodEnd, Moment, Outcome
from toolkit.backtest.outcomes import (
    HANDOFF,
    OUTCOME,
    Evidence,
    Wanted,
    evidence_of_work,
    further_position,
    place_moments,
    place_states,
    place_work,
    stage_label,
    stage_times,
)
from toolkit.backtest.result import Backtest, new_schema
from toolkit.backtest.sql import column_names, quoted
from toolkit.backtest.staging import History, Staged, scored_moments, stage, stage_at_moments
from toolkit.backtest.timeline import threshold_crossings
from toolkit.backtest.timeline.there import stage_crossings
from toolkit.backtest.wording import (
    model_caveats,
    moment_words,
    outcome_caveats,
    unit_words,
)
from toolkit.counts import FlowStep, Provenance
from toolkit.crm import Crm
from toolkit.crm.engines import engine_name, is_remote
from toolkit.errors import QuestionError, nearest_first
from toolkit.model import Model

__all__ = ["check_model", "run_backtest"]

_AXES = ("quarter", "month", "decision", "episode")


def run_backtest(
    model: Model,
    crm: Crm,
    *,
    moment: Moment,
    outcome: Outcome,
    further: Sequence[Outcome] = (),
    segments: Sequence[str] = (),
) -> Backtest:
    """Score every lead as of its moment and say what became of it.

    The score is a pure function of the model, the lead's fields as they were known at the moment
    (where their changes are recorded) and the activities up to and including it; outcomes are
    later. Every lead row is either scored or counted in the flow with the reason why not.

    Parameters
    ----------
    model
        What gives points.
    crm
        Where the rows are.
    moment
        `AtHandoff()`, `AtAge(days=14)`, `AtPeriodEnd("quarter")`, `AtMoments(frame)`,
        `AtScoreChange()` or `AtCrossing(50)`.
    outcome
        The stage to be reached, and within how many days. It decides which leads are scored.
    further
        More outcomes of the same scored leads, each with its own window, maturity and
        denominator: `backtest.of("won")`, `count_scores(backtest, outcome="won")`.
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
    _check_further(outcome, further)
    if _replays(moment) and not is_remote(crm.connection):
        crossings = threshold_crossings(model, crm, [moment.threshold])
        moment = replace(moment, crossings=crossings)
    run = _Run(model, crm, moment, (outcome, *further), tuple(segments), new_schema(crm.connection))
    return run.backtest()


def _replays(moment: Moment) -> TypeGuard[AtCrossing]:
    """Whether the moments are still to be found."""
    return isinstance(moment, AtCrossing) and moment.crossings is None


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


def _check_further(outcome: Outcome, further: Sequence[Outcome]) -> None:
    stages = [each.stage for each in (outcome, *further)]
    for name in stages:
        if stages.count(name) > 1:
            raise QuestionError(
                f"the stage '{name}' is asked for twice: each outcome of a backtest has a stage of "
                "its own; run a second backtest for another window"
            )


@dataclass(slots=True)
class _Run:
    """One question put to one CRM, and the schema in which its tables grow."""

    model: Model
    crm: Crm
    moment: Moment
    outcomes: tuple[Outcome, ...]
    """The first decides who is scored."""
    segments: tuple[str, ...]
    schema: str
    several: bool = False
    together: str | None = None
    """The relation of accounts and leads that merges made one, if any were."""
    merged: int = 0
    history: History = field(init=False)

    def backtest(self) -> Backtest:
        leads = number_leads(
            self.crm.connection, self.schema, until=self.until, segments=self.segments
        )
        stage_times(self.crm, self.schema, self._wanted(), until=self.until)
        if _replays(self.moment) and is_remote(self.crm.connection):
            stage_crossings(self.model, self.crm, self.schema, self.moment.threshold)
        placed = place_moments(
            self.crm,
            self.schema,
            self.moment,
            self.outcomes[0],
            handoff_stage=self.handoff,
            label=self.label(0),
            until=self.until,
        )
        self.several = placed.several or isinstance(self.moment, AtPeriodEnd)
        if leads.merges.n:
            self.merged = leads.merges.n
            self.together = f"{self.schema}.together"
            place_together(self.crm.connection, self.schema)
        self._place_states()
        staged = stage_at_moments(self.model, self.crm, self.schema, segments=self.segments)
        self.history = staged.history
        self.score(staged)
        gated = set_gated_aside(self.crm.connection, self.schema, self.model)
        steps = moment_steps(
            self.crm.connection,
            self.schema,
            self.unit,
            {**placed.texts, **gated.texts},
            panel=isinstance(self.moment, AtPeriodEnd),
        )
        before = (
            *leads.steps(),
            *placed.excluded,
            *gated.excluded,
            *(steps if self.several else ()),
        )
        common = (
            *self.history.caveats(),
            *leads.merges.caveats(accounts=self._accounts_known()),
            *model_caveats(self.model, self._span()[0], staged.never_met),
        )
        return self._result(before, common)

    def _result(self, before: tuple[FlowStep, ...], common: tuple[str, ...]) -> Backtest:
        criteria = tuple(placed.criterion.id for placed in self.model.criteria)
        main = Backtest(
            self.crm.connection,
            self.schema,
            self._provenance(0, self.schema, before, common),
            self.segments,
            criteria,
            self.model,
            self.crm,
            numbered=self.several and not isinstance(self.moment, AtPeriodEnd),
        )
        others = []
        for i, outcome in enumerate(self.outcomes[1:], 1):
            schema = self._view(i)
            provenance = self._provenance(i, schema, before, common)
            others.append((outcome.stage, replace(main, schema=schema, provenance=provenance)))
        return replace(main, stage=self.outcomes[0].stage, others=tuple(others))

    # --- what is asked --------------------------------------------------------------------------

    @property
    def until(self) -> int:
        return _second(self.crm.observed_until)

    @property
    def handoff(self) -> str:
        if not isinstance(self.moment, AtHandoff):
            return ""
        return self.moment.stage or self.crm.mapping.handoff_stage

    def _wanted(self) -> list[Wanted]:
        wanted = [Wanted.of(self.crm, OUTCOME, self.outcomes[0])]
        wanted += [Wanted(HANDOFF, self.handoff)] * bool(self.handoff)
        return wanted + [
            Wanted.of(self.crm, further_position(i), each)
            for i, each in enumerate(self.outcomes[1:])
        ]

    def label(self, i: int) -> str:
        return stage_label(self.crm, self.outcomes[i].stage)

    @property
    def evidence(self) -> Evidence:
        return evidence_of_work(self.crm)

    @property
    def unit(self) -> str:
        return unit_words(self.moment, several=self.several)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.crm.connection.execute(sql).fetchall()

    # --- tables ---------------------------------------------------------------------------------

    def _place_states(self) -> None:
        place_work(
            self.crm,
            self.schema,
            self.evidence,
            episodes=self.several and isinstance(self.moment, AtHandoff),
        )
        for i, outcome in enumerate(self.outcomes):
            place_states(
                self.crm,
                self.schema,
                outcome,
                self.evidence,
                name=f"state{i}" if i else "state",
                position=further_position(i - 1) if i else OUTCOME,
                until=self.until,
            )

    def score(self, staged: Staged) -> None:
        """Make `<schema>.scored`; leads that a gate decides are still in it, marked."""
        points = "".join(f", score.p{i}" for i in range(len(staged.plan.rules)))
        at = "make_timestamp(score.s * 1000000)"
        known = self.history.fields
        fields = f"join {known} as known on known.l = score.entry" if known else ""
        drawn = f"select lead.l, {self._cluster()} as cluster from {self.schema}.lead as lead"
        self.query(f"create table {self.schema}.drawn as {with_numbers(drawn)}")
        with scored_moments(self.crm, staged) as scores:
            self.query(f"""
                create table {self.schema}.scored as
                select score.l, score.k, lead.lead_id, lead.account, drawn.cluster, drawn.g,
                  score.s, score.score, score.fit, score.behavior, score.gate,
                  score.profile, state.state,
                  state.organic, state.decision, cast(score.k + 1 as integer) as episode,
                  cast(year({at}) as varchar) || 'Q' || cast(quarter({at}) as varchar) as quarter,
                  strftime({at}, '%Y-%m') as month{self._segments()}{points}
                from ({scores}) as score
                  join {self.schema}.lead as lead on lead.l = score.l {fields}
                  join {self.schema}.drawn as drawn on drawn.l = score.l
                  join {self.schema}.state as state on state.l = score.l and state.k = score.k""")
        self.query(f"drop table {self.schema}.drawn")

    def _segments(self) -> str:
        """The columns to split by, as of the moment where their changes are recorded."""
        if self.history.fields is None:
            return "".join(f", lead.seg{i}" for i in range(len(self.segments)))
        return "".join(
            f", coalesce(cast(known.{quoted(name)} as varchar), '(missing)') as seg{i}"
            for i, name in enumerate(self.segments)
        )

    def _cluster(self) -> str:
        """What is drawn together: the account; of several moments at least those of one lead.

        Leads that were merged are together wherever they are, and so are their accounts.
        """
        key = "coalesce('account ' || lead.account, 'lead ' || lead.lead_id)"
        alone = key if self.several else "'account ' || lead.account"
        if self.together is not None:
            merged = f"(select t.cluster from {self.together} as t where t.key = {key})"
            return f"coalesce({merged}, {alone})"
        if self.several:
            return key
        return "lead.account" if self._accounts_known() else "cast(null as varchar)"

    def _accounts_known(self) -> bool:
        query = f"select 1 from {self.schema}.lead where account is not null limit 1"
        return bool(self.query(query))

    def _view(self, i: int) -> str:
        """Make a schema with the same scored leads and the states of a further outcome."""
        schema = f"{self.schema}_outcome{i}"
        self.query(f"create schema {schema}")
        self.query(f"""
            create table {schema}.scored as
            select scored.* replace (other.state as state, other.organic as organic)
            from {self.schema}.scored as scored join {self.schema}.state{i} as other
              on other.l = scored.l and other.k = scored.k
            where other.state is not null""")
        self.query(f"create view {schema}.state as select * from {self.schema}.state{i}")
        return schema

    # --- where it comes from --------------------------------------------------------------------

    def _provenance(
        self, i: int, schema: str, before: tuple[FlowStep, ...], common: tuple[str, ...]
    ) -> Provenance:
        first, last = self._span()
        outcome, label = self.outcomes[i], self.label(i)
        again = " again" if outcome.entry == "next" else ""
        words = moment_words(self.crm, self.moment, self.handoff)
        return Provenance(
            source=self.crm.source,
            engine=engine_name(self.crm.connection),
            model=f"{self.model.name} {self.model.version}",
            model_hash=self.model.hash,
            moment=words,
            outcome=f"{label}{again} within {outcome.within_days} days",
            outcome_label=label,
            outcome_window_days=outcome.within_days,
            observed_until=self.crm.observed_until.date(),
            first_moment=first,
            last_moment=last,
            unit=self.unit,
            worked_known=self.evidence.known,
            accounts_known=self._accounts_known(),
            merged=self.merged,
            caveats=(
                *common,
                *outcome_caveats(
                    self.crm, self.schema, schema, outcome, label,
                    known=self.evidence.known, words=words, until=self.until,
                    handoff=isinstance(self.moment, AtHandoff),
                ),
            ),
            flow=(*before, *state_steps(self.crm.connection, self.schema, schema, label)),
        )  # fmt: skip

    def _span(self) -> tuple[date | None, date | None]:
        ends = self.query(f"select min(s), max(s) from {self.schema}.scored")[0]
        first, last = (
            None if end is None else datetime.fromtimestamp(int(end), UTC).date() for end in ends
        )
        return first, last
