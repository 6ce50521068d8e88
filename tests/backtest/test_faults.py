"""Two dozen faults that such an engine may have: each is seen by comparing with the book."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.backtest import by_the_book
from tests.backtest.any_model import (
    crm_of_rows,
    engine_scores,
    for_the_book,
    random_rows,
    read,
)
from toolkit.backtest.core import (
    ActivityRule,
    Bounds,
    InactivityRule,
    Limits,
    Plan,
    TiersRule,
    Value,
    as_of_sql,
)

ROWS = random_rows(7, 60)


@pytest.fixture(scope="module")
def crm() -> object:
    return crm_of_rows(ROWS)


def sheet(*criteria: dict, group: dict | None = None, **more: object) -> dict:
    listed = [{"id": f"c{i}", **body} for i, body in enumerate(criteria)]
    only = {"id": "g0", "dimension": "behavior", **(group or {}), "criteria": listed}
    return {"lead_score_model": 1, "name": "m", "version": "1", **more, "groups": [only]}


VIEWS = {"activity": ["view", "form", "open"], "points": 5}
SHEETS = {
    "window": sheet({**VIEWS, "within": "2d"}),
    "steps": sheet({**VIEWS, "decay": {"percent": 25, "every": "1d"}, "max": 12}),
    "latest": sheet({**VIEWS, "decay": {"points": 1, "every": "2d"}, "max_units": 2}),
    "days": sheet({**VIEWS, "per": {"bucket": "day", "at_least": 2, "at_most": 1}}),
    "weeks": sheet({**VIEWS, "per": {"bucket": "week", "units": "buckets"}}),
    "assets": sheet({**VIEWS, "per": {"bucket": "asset", "at_most": 1}}),
    "tiers": sheet({"activity": "view", "tiers": [
        {"at_least": 3, "within": "1w", "points": 20}, {"at_least": 1, "points": 5}]}),
    "quiet": sheet({"inactivity": {"after": "1d"}, "points": -10}),
    "again": sheet({"inactivity": {"after": "2d", "repeat": True, "max_times": 3}, "points": -1}),
    "ledger": sheet({"inactivity": {"after": "1d", "recover": False}, "points": -1}),
    "reset": sheet(VIEWS, resets=[{"activities": ["recycled", "view"]}]),
    "clock": sheet({"inactivity": {"after": "2d"}, "points": -3},
                   resets=[{"activities": ["recycled", "adjust", "import"]}]),
    "weight": sheet({**VIEWS, "weight": 2, "max": 25}),
    "season": sheet({**VIEWS, "active": {"from": "2026-01-11", "to": "2026-01-20"}}),
    "halves": sheet({"activity": "view", "points": 1}, {"activity": "open", "points": -1}, scale=2),
    "group": sheet(VIEWS, group={"max": 12}),
    "fit": sheet({"when": {"size": {"lt": 50}}, "points": 5}),
    "values": sheet({"field": "interests", "per_value": {"crm": 10, "cms": 5}}),
    "deltas": sheet({"ledger": ["adjust"], "min": 0, "max": 10}, scale=3),
    "dimension": sheet(VIEWS, dimensions={"behavior": {"max": 12, "weight": 3}}),
}  # fmt: skip


def in_text(*changes: tuple[str, str]) -> Callable[[Plan], str]:
    def faulty(plan: Plan) -> str:
        text = as_of_sql(plan)
        for pattern, other in changes:
            text, times = re.subn(pattern, other, text)
            assert times, f"the statement has no {pattern}"
        return text

    return faulty


def in_rules(change: Callable) -> Callable[[Plan], str]:
    def faulty(plan: Plan) -> str:
        other = replace(plan, rules=tuple(map(change, plan.rules)))
        assert other != plan
        return as_of_sql(other)

    return faulty


def cap_before_decay(rule: ActivityRule) -> ActivityRule:
    units = rule.bounds.limits.high // rule.value.steps[0][1]
    return replace(rule, max_units=units, bounds=Bounds())


def weight_before_cap(rule: ActivityRule) -> ActivityRule:
    bounds = replace(rule.bounds, weight=1)
    return replace(rule, value=Value((), rule.value.rest * rule.bounds.weight), bounds=bounds)


def late_steps(rule: ActivityRule) -> ActivityRule:
    ages, worth = zip(*rule.value.steps, strict=True)
    return replace(rule, value=replace(rule.value, steps=tuple(zip(ages, (*worth[1:], 0)))))  # noqa: B905


def other_bucket(**changes: object) -> Callable:
    return lambda rule: replace(rule, bucket=replace(rule.bucket, **changes))


def last_day_left_out(rule: ActivityRule) -> ActivityRule:
    return replace(rule, bounds=replace(rule.bounds, until=rule.bounds.until - 86_400))


def slower(rule: InactivityRule) -> InactivityRule:
    return replace(rule, after=rule.after + 1)


def half_even(plan: Plan) -> str:
    found = as_of_sql(plan)
    rounded = re.compile(r"case when total >= 0 .* end as score")
    return rounded.sub(f"cast(round_even(total / {plan.unit}, 0) as bigint) as score", found)


def no_group_limit(plan: Plan) -> str:
    groups = tuple(replace(group, limits=Limits()) for group in plan.groups)
    return as_of_sql(replace(plan, groups=groups))


def weight_before_limit_of_dimension(plan: Plan) -> str:
    (group,) = plan.groups
    rules = tuple(replace(r, bounds=replace(r.bounds, weight=3)) for r in plan.rules)
    behavior = replace(plan.behavior, weight=1)
    return as_of_sql(replace(plan, rules=rules, behavior=behavior, groups=(group,)))


FAULTS: dict[str, tuple[str, Callable[[Plan], str]]] = {
    "window end closed": ("window", in_text((r"e\.t < ", "e.t <= "), (r"e\.t > ", "e.t >= "))),
    "moment left out": ("window", in_text((r"e\.t <= mo\.s", "e.t < mo.s"))),
    "cap before decay": ("steps", in_rules(cap_before_decay)),
    "a step ends one second late": ("steps", in_text((r"e\.t < (\d+) then", r"e.t <= \1 then"))),
    "a step too early": ("steps", in_rules(late_steps)),
    "oldest instead of most recent": ("latest", in_text((r"order by a\)", "order by a desc)"))),
    "one unit too many": ("latest", in_text(("o <= 2", "o <= 3"))),
    "at_least off by one": ("days", in_text(("c >= 2", "c > 2"))),
    "at_most not kept": ("days", in_rules(other_bucket(at_most=None))),
    "at_least after at_most": ("days", in_text(("c >= 2", "c >= 1"))),
    "weeks from Sunday": ("weeks", in_rules(other_bucket(offset=3 * 86_400))),
    "a bucket pays each activity": ("weeks", in_rules(other_bucket(at_most=None))),
    "without asset all together": ("assets", in_text(("g is null", "false"))),
    "last tier first": ("tiers", in_rules(lambda r: replace(r, tiers=r.tiers[::-1]))),
    "tier off by one": ("tiers", in_text((">= 3 then", "> 3 then"))),
    "silence one second late": ("quiet", in_rules(slower)),
    "silence before creation": ("quiet", in_text((r" and ld\.c <= mo\.s - 86400", ""))),
    "repeat off by one": ("again", in_rules(lambda r: replace(r, times=r.times - 1))),
    "repeat without end": ("again", in_rules(lambda r: replace(r, times=None))),
    "past silence forgiven": ("ledger", in_rules(lambda r: replace(r, recover=True))),
    "fires in the second of the activity": ("ledger", in_text((r"nt - t - 1", "nt - t"))),
    "reset itself counts": ("reset", in_text((r"e\.t > z\.z0", "e.t >= z.z0"))),
    "reset starts no clock": ("clock", in_text((r" and coalesce\(z\.z0, ld\.c\) <= mo\.s - \d+", ""))),
    "weight before cap": ("weight", in_rules(weight_before_cap)),
    "last day of season left out": ("season", in_rules(last_day_left_out)),
    "rounding half even": ("halves", half_even),
    "rounding down": ("halves", lambda plan: as_of_sql(replace(plan, down=True))),
    "group limit forgotten": ("group", no_group_limit),
    "deltas not on the scale": ("deltas", in_rules(lambda r: replace(r, factor=1))),
    "dimension weighed before its limit": ("dimension", weight_before_limit_of_dimension),
}  # fmt: skip


def differs(raw: dict, crm: object, sql: Callable[[Plan], str] = as_of_sql) -> bool:
    leads = {lead["lead_id"]: lead for lead in ROWS["leads"]}
    for asked, row in zip(
        ROWS["moments"], engine_scores(read(raw), crm, ROWS, sql=sql), strict=True
    ):
        name = asked["lead_id"]
        own = [a for a in ROWS["activities"] if a["lead_id"] == name]
        if (
            row["score"]
            != by_the_book.score(for_the_book(raw), leads[name], own, asked["at"])["score"]
        ):
            return True
    return False


@pytest.mark.parametrize("name", SHEETS)
def test_without_a_fault_the_engine_equals_the_book(name: str, crm: object) -> None:
    assert not differs(SHEETS[name], crm)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_statement_is_seen(fault: str, crm: object) -> None:
    name, faulty = FAULTS[fault]
    assert differs(SHEETS[name], crm, faulty)


def test_missing_taken_for_0_is_seen(crm: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.backtest.staging import fit

    right = fit.test_truth
    monkeypatch.setattr(
        fit, "test_truth", lambda test, cells: right(test, [0 if c is None else c for c in cells])
    )
    assert differs(SHEETS["fit"], crm)


def test_a_value_that_stands_twice_and_pays_twice_is_seen(
    crm: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.model import logic

    monkeypatch.setattr(
        logic, "_parts", lambda value: [p.strip().lower() for p in str(value or "").split(";")]
    )
    assert differs(SHEETS["values"], crm)


def test_the_rules_that_the_faults_change_are_of_the_kinds_meant() -> None:
    from toolkit.backtest.staging import make_plan

    kinds = {type(make_plan(read(raw)).rules[0]) for raw in SHEETS.values()}
    assert {ActivityRule, TiersRule, InactivityRule} <= kinds
