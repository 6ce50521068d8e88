"""The same leads at the same moments, scored by two models."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pandas as pd

from toolkit.backtest.result import Backtest
from toolkit.backtest.staging import scored_again
from toolkit.counts import FITTED_ON, STATES, AccountCells, FittedOn, FlowStep, PairCounts
from toolkit.errors import DataError, QuestionError, nearest_first
from toolkit.model import Model

__all__ = ["count_pairs"]


def count_pairs(
    backtest: Backtest,
    challenger: Model | Backtest | str,
    *,
    fitted_on: FittedOn = "unknown",
    since: date | None = None,
) -> PairCounts:
    """Count leads by the champion's score, the challenger's score, and state.

    Parameters
    ----------
    backtest
        Leads scored by the champion.
    challenger
        A model, which then scores the same leads at the same moments; or another backtest of the
        same leads, moments and outcome (two score columns of one file); or the name of a column in
        the `segments` of the backtest that holds numbers, such as a vendor's probability. Only the
        order of those counts: they are numbered from 0, ties alike.
    fitted_on
        On which leads the challenger's points were fitted: `these leads`, `other leads`,
        `nothing`, or `unknown`. Comparisons are refused for the first.
    since
        Only leads whose moment is on this day (UTC) or later, such as those that took no part in
        the fit; the earlier ones are counted in the flow.

    Returns
    -------
    PairCounts
        Leads that only one of the two scores are left out, and counted in the flow or a caveat.

    Raises
    ------
    QuestionError
        A model cannot score leads of a flat file; the two backtests are not of the same leads; the
        backtest has no such column.
    DataError
        The two backtests say different things of what became of a lead; the column holds something
        else than numbers.
    """
    if fitted_on not in FITTED_ON:
        raise QuestionError(
            f"fitted_on is {fitted_on!r}: expected one of {', '.join(map(repr, FITTED_ON))}"
        )
    if isinstance(challenger, Model):
        name = f"{challenger.name} {challenger.version}"
        _score_again(backtest, challenger)
    elif isinstance(challenger, str):
        name = challenger
        _bring_numbers(backtest, challenger)
    else:
        name = challenger.provenance.model or challenger.provenance.source
        _bring_scores(backtest, challenger)
    try:
        return _count(backtest, name, fitted_on, since)
    finally:
        backtest.connection.execute("drop table other; drop table pair")


def _score_again(backtest: Backtest, challenger: Model) -> None:
    """Make `other(l, k, score)` with the engine that scored the champion."""
    if backtest.crm is None:
        raise QuestionError(
            "a flat file holds scores but not what they are made of, so a model cannot score its "
            "leads: give a second backtest, of another score column of the same file"
        )
    with scored_again(challenger, backtest.crm, backtest.moments_schema) as (_, score):
        # A lead whose band a gate decides has no score that anything acts on.
        backtest.connection.execute(f"""
            create or replace temp table other as
            select l, k, score, cast(null as varchar) as state from ({score}) where gate < 0""")


def _bring_scores(backtest: Backtest, challenger: Backtest) -> None:
    """Make `other(l, k, score, state)` from another backtest, found by lead_id and moment."""
    a, b = backtest.provenance, challenger.provenance
    for what, one, two in (
        ("source", a.source, b.source),
        ("outcome", a.outcome, b.outcome),
        ("moment", a.moment, b.moment),
    ):
        if one != two:
            raise QuestionError(
                f"the two backtests differ in their {what}: '{one}' and '{two}'. Two models can "
                "only be compared on the same leads, moments and outcome"
            )
    scored = challenger.connection.execute(
        f"select lead_id, s, score, state from {challenger.schema}.scored"
    ).df()
    backtest.connection.register("scored_by_other", scored)
    backtest.connection.execute(f"""
        create or replace temp table other as
        select a.l, a.k, b.score, b.state from {backtest.schema}.scored as a
        join scored_by_other as b on a.lead_id = b.lead_id and a.s is not distinct from b.s""")
    backtest.connection.unregister("scored_by_other")


def _bring_numbers(backtest: Backtest, column: str) -> None:
    """Make `other(l, k, score, state)` of the order of the numbers in a column."""
    if column not in backtest.segments:
        raise QuestionError(
            f"the backtest has no column '{column}': {nearest_first(column, backtest.segments)}. "
            "Name it in `segments` of the backtest"
        )
    run = backtest.connection.execute
    run(f"""
        create or replace temp table number as
        select l, k, try_cast(text as double) as number from (
          select l, k, trim(seg{backtest.segments.index(column)}) as text
          from {backtest.schema}.scored)
        where text not in ('', '(missing)')""")
    run("""
        create or replace temp table other as
        select l, k, dense_rank() over (order by number) - 1 as score,
          cast(null as varchar) as state
        from number""")
    found = run("select count(*) from number where not coalesce(isfinite(number), false)")
    wrong = int(found.fetchall()[0][0])
    run("drop table number")
    if wrong:
        # What else it holds is not shown: it may be a name.
        run("drop table other")
        raise DataError(
            f"column '{column}' holds something else than a number for {wrong:,} leads: expected a "
            "probability or a score, with a point before decimals, or nothing"
        )


def _count(backtest: Backtest, name: str, fitted_on: FittedOn, since: date | None) -> PairCounts:
    run = backtest.connection.execute
    late = "" if since is None else f" where a.s >= {_first_second(since)}"
    run(f"""
        create or replace temp table pair as
        select a.score as champion, b.score as challenger, a.state, a.cluster,
          coalesce(b.state <> a.state, false) as differs
        from {backtest.schema}.scored as a join other as b on a.l = b.l and a.k = b.k{late}""")
    _check_outcomes(backtest)
    frame = run("""
        select champion, challenger, state, count(*) as n from pair
        group by all order by all""").df()
    frame = frame.astype({"champion": "int64", "challenger": "int64", "n": "int64"})
    known = run("select 1 from pair where cluster is not null limit 1").fetchall()
    provenance = replace(backtest.provenance, flow=_flow(backtest, frame, since))
    if since is not None:
        provenance = replace(provenance, first_moment=_later(provenance.first_moment, since))
    accounts = _accounts(backtest, frame) if known else None
    return PairCounts(frame, provenance, name, fitted_on, accounts)


def _check_outcomes(backtest: Backtest) -> None:
    found = backtest.connection.execute("select count(*) from pair where differs").fetchall()
    if differing := int(found[0][0]):
        raise DataError(
            f"the two backtests disagree on what became of {differing:,} leads: expected the same "
            "outcome, window and observed_until in both; make both from the same tables"
        )


def _accounts(backtest: Backtest, frame: pd.DataFrame) -> AccountCells:
    """The cells of every account with two leads or more."""
    cells = frame.drop(columns="n").assign(cell=range(len(frame)))
    backtest.connection.register("pair_cell", cells)
    found = backtest.connection.execute("""
        with several as (
          select cluster, row_number() over (order by cluster) - 1 as account from pair
          where cluster is not null group by cluster having count(*) > 1)
        select account, cell, count(*) as n
        from pair join several using (cluster) join pair_cell using (champion, challenger, state)
        group by all order by all""").df()
    backtest.connection.unregister("pair_cell")
    return AccountCells(found.astype("int64"))


def _first_second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _later(first: date | None, since: date) -> date | None:
    return None if first is None else max(first, since)


def _flow(backtest: Backtest, frame: pd.DataFrame, since: date | None) -> tuple[FlowStep, ...]:
    """The champion's flow, less the leads that are too early or that only it scores."""
    steps = backtest.provenance.flow
    early = 0
    if since is not None:
        found = backtest.connection.execute(
            f"select count(*) from {backtest.schema}.scored where s < {_first_second(since)}"
        ).fetchall()
        early = int(found[0][0])
    scored = sum(step.n for step in steps if step.kind == "state") - early
    missing = scored - int(frame["n"].sum())
    by_state = frame.groupby("state")["n"].sum()
    return (
        *(step for step in steps if step.kind != "state"),
        *([FlowStep("excluded", f"scored before {since}", early)] if early else ()),
        *([FlowStep("excluded", "not scored by the challenger", missing)] if missing else ()),
        *(FlowStep("state", state, int(by_state.get(state, 0))) for state in STATES),
    )
