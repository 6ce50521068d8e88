"""The leads behind the lints of a model: counted here, because only this room has an engine."""

from __future__ import annotations

from datetime import UTC

from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.staging import stage
from toolkit.backtest.staging.fit import stage_fit
from toolkit.backtest.staging.plan import sources_of
from toolkit.crm import Crm
from toolkit.model import (
    ActivityCriterion,
    AnyCriterion,
    Case,
    CasesCriterion,
    Condition,
    Group,
    InactivityCriterion,
    LintCounts,
    Model,
    PerValueCriterion,
    TiersCriterion,
)
from toolkit.model.lint import conditions_to_count, pairs_to_count
from toolkit.model.text import normal_text

__all__ = ["count_lints"]


def count_lints(model: Model, crm: Crm) -> LintCounts:
    """Count the leads that the lints of a model are about, for `lint_model(model, counts)`.

    All leads that can be scored count, with their fields and activities up to `observed_until`
    (whatever the moment): a criterion that none of them ever met is met at no moment.

    Raises
    ------
    ModelError
        A criterion names a field, column or activity that cannot be used.
    """
    schema, questions = new_schema(crm.connection), new_schema(crm.connection)
    try:
        until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
        number_leads(crm.connection, schema, until=until)
        number_leads(crm.connection, questions, until=until)
        stage(model, crm, schema)
        return _Counting(model, crm, schema, questions, until).counts()
    finally:
        for each in (schema, questions):
            crm.connection.execute(f"drop schema if exists {each} cascade")


class _Counting:
    """One model put to one CRM, staged in `schema`; its questions are staged in `questions`."""

    def __init__(self, model: Model, crm: Crm, schema: str, questions: str, until: int) -> None:
        self.model, self.crm, self.schema, self.questions = model, crm, schema, questions
        self.until = until

    def counts(self) -> LintCounts:
        conditions = conditions_to_count(self.model)
        fit = [
            p.criterion
            for p in self.model.criteria
            if isinstance(p.criterion, CasesCriterion | PerValueCriterion)
        ]
        n, leads, met = self._leads(conditions, fit)
        return LintCounts(
            n=n,
            leads=dict(zip(conditions, leads, strict=True)),
            met={**dict(zip((c.id for c in fit), met, strict=True)), **self._met()},
            shared=self._shared(),
            resets=self._resets(),
        )

    def _numbers(self, sql: str) -> list[int]:
        return [int(value or 0) for value in self.crm.connection.execute(sql).fetchall()[0]]

    def _leads(
        self, conditions: tuple[Condition, ...], fit: list[CasesCriterion | PerValueCriterion]
    ) -> tuple[int, list[int], list[int]]:
        """All leads; those of each condition; those that each criterion on fields may pay.

        The questions are asked as criteria of one point, so that they are answered by the same
        logic as the model's own.
        """
        cases = [(Case(when=condition, points=1),) for condition in conditions]
        asked = [
            *(CasesCriterion(id=f"q{i}", cases=each) for i, each in enumerate(cases)),
            *(_with_one_point(criterion) for criterion in fit),
        ]
        if not asked:
            return self._numbers(f"select count(*) from {self.questions}.lead")[0], [], []
        group = Group(id="questions", dimension="fit", criteria=tuple(asked))
        # The ids of the questions may be those of criteria; nothing here looks at them.
        probe = Model.model_construct(
            name="questions", version="1", groups=(group,), derive=self.model.derive
        )
        stage_fit(probe, self.crm, self.questions)
        sums = ", ".join(f"sum(case when f{i} > 0 then 1 else 0 end)" for i in range(len(asked)))
        n, *found = self._numbers(f"select count(*), {sums} from {self.questions}.ld")
        return n, found[: len(conditions)], found[len(conditions) :]

    def _met(self) -> dict[str, int]:
        """For criteria on activities and silence, the most leads that can ever have met them."""
        sources = sources_of(self.model)
        met = {}
        if sources:
            least = "".join(
                f", sum(case when n{i} >= {_least(each)} then 1 else 0 end)"
                for i, each in enumerate(sources)
            )
            each_lead = "".join(f", sum(r{i}) as n{i}" for i in range(len(sources)))
            _, *found = self._numbers(
                f"select count(*){least} from (select l{each_lead} from {self.schema}.ev "
                f"where t <= {self.until} group by l)"
            )
            met = dict(zip((each.id for each in sources), found, strict=True))
        silent = [
            placed.criterion
            for placed in self.model.criteria
            if isinstance(placed.criterion, InactivityCriterion)
        ]
        for criterion in silent:
            (met[criterion.id],) = self._numbers(
                f"select count(*) from {self.schema}.lead where {self.until} - c >= {criterion.after}"
            )
        return met

    def _shared(self) -> dict[tuple[str, str], int]:
        pairs = pairs_to_count(self.model)
        number = {each.id: i for i, each in enumerate(sources_of(self.model))}
        return {
            (one, other): self._numbers(
                f"select count(distinct l) from {self.schema}.ev where t <= {self.until} "
                f"and r{number[one]} = 1 and r{number[other]} = 1"
            )[0]
            for one, other in pairs
        }

    def _resets(self) -> tuple[int, ...]:
        if not self.model.resets or "activities" not in self.crm.tables:
            return tuple(0 for _ in self.model.resets)
        types = [
            str(row[0])
            for row in self.crm.connection.execute(
                "select distinct activity_type from activities where activity_type is not null"
            ).fetchall()
        ]
        return tuple(self._set_back(reset.activities, types) for reset in self.model.resets)

    def _set_back(self, names: tuple[str, ...], types: list[str]) -> int:
        wanted = {normal_text(name) for name in names}
        chosen = [name for name in types if normal_text(name) in wanted]
        if not chosen:
            return 0
        rows = self.crm.connection.execute(
            f"""select count(distinct lead.l) from activities as a
            join {self.schema}.lead as lead on lead.lead_id = a.lead_id
            where a.activity_type in ({", ".join("?" for _ in chosen)})
              and a.occurred_at is not null and not coalesce(a.is_machine, false)""",
            chosen,
        ).fetchall()
        return int(rows[0][0])


def _with_one_point(
    criterion: CasesCriterion | PerValueCriterion,
) -> CasesCriterion | PerValueCriterion:
    """The same without limits: one point for each lead that meets any part of it."""
    if isinstance(criterion, PerValueCriterion):
        values = tuple((value, 1) for value, _ in criterion.per_value)
        return PerValueCriterion(id=criterion.id, field=criterion.field, per_value=values)
    cases = tuple(Case(when=case.when, points=1) for case in criterion.cases)
    return CasesCriterion(id=criterion.id, cases=cases)


def _least(criterion: AnyCriterion) -> int:
    """How many activities a lead needs at least, whatever their time, to get any points."""
    if isinstance(criterion, TiersCriterion):
        return min(tier.at_least for tier in criterion.tiers)
    if isinstance(criterion, ActivityCriterion) and criterion.per is not None:
        return criterion.per.at_least
    return 1
