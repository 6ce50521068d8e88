"""The score of each account at an instant, from the scores of its leads at that same instant."""

from __future__ import annotations

import pandas as pd

from toolkit.backtest.asof import LeadScores
from toolkit.backtest.core import rolled_sql
from toolkit.backtest.result import Backtest
from toolkit.backtest.staging.plan import disqualifying, make_roll_up
from toolkit.errors import QuestionError
from toolkit.model import AccountScore, Model, account_band_of

__all__ = ["account_scores"]

_COLUMNS = ["account_id", "moment", "n", "n_disqualified", "score", "band", "reason"]
_PANELS = ("lead and month", "lead and quarter")
_NO_ACCOUNT, _NO_LEAD = "leads without an account", "a gate disqualifies all its leads"


def account_scores(scored: Backtest | LeadScores) -> pd.DataFrame:
    """Roll the scores of leads up to their accounts, as `account_score` of the model says.

    An account's score at an instant is made of its leads' scores at that same instant. So it takes
    `score_leads(model, crm, as_of=...)`, where all leads that exist at the instant count, or a
    backtest with `AtPeriodEnd`, where those count that are open (not yet at the outcome, and not
    older than `max_age_days`). Leads that a gate disqualifies do not count; what else a gate
    decides leaves the score as it is. An account with fewer than `top` leads has the mean of those
    that are there.

    Returns one row per account and moment, sorted by moment and account; leads without an account
    are one row at the end of their moment, so that `n + n_disqualified` adds up to all of them.
    Columns: `account_id`, `moment` (UTC), `n` (leads that count), `n_disqualified` (leads that a
    gate disqualifies), `score` (whole points, or for `count_from` leads; missing where it is
    undefined), `band` (of the account; missing below all bands), `reason` (why the score is
    undefined; blank where it is not).

    Raises
    ------
    QuestionError
        The model has no `account_score`, or each lead was scored at a moment of its own.
    """
    model, rule = _checked(scored)
    found = scored.connection.execute(_sql(scored, model, rule)).df()
    known = found["known"]
    bands = {score: account_band_of(rule, score) for score in set(found["score"].tolist())}
    reason = found["account_id"].isna().map({True: _NO_ACCOUNT, False: _NO_LEAD})
    return found.assign(
        score=found["score"].astype("Int64").where(known),
        band=found["score"].map(bands).astype(object).where(known, None),
        reason=reason.where(~known, ""),
    )[_COLUMNS]


def _checked(scored: Backtest | LeadScores) -> tuple[Model, AccountScore]:
    model = scored.model
    if model is None or model.account_score is None:
        raise QuestionError(
            "no model with 'account_score' made these scores; add a line such as "
            "`account_score: {roll_up: max}` to the model file and score again"
        )
    if isinstance(scored, Backtest) and scored.provenance.unit not in _PANELS:
        raise QuestionError(
            "an account's score is made of the scores of its leads at one instant, but this "
            f"backtest scores each lead at a moment of its own ({scored.provenance.moment}); use "
            "AtPeriodEnd, or score_leads(model, crm, as_of=...)"
        )
    return model, model.account_score


def _sql(scored: Backtest | LeadScores, model: Model, rule: AccountScore) -> str:
    """A backtest keeps the leads that a gate decides aside; they are rolled up as well.

    A column with a missing number would come back as floating point, so `known` says it.
    """
    tables = ["scored"] if isinstance(scored, LeadScores) else ["scored", "gated"]
    rows = " union all ".join(
        f"select account, s, score, {disqualifying(model)} as gone from {scored.schema}.{name}"
        for name in tables
    )
    return f"""
        select account as account_id, make_timestamp(s * 1000000) as moment, n, n_disqualified,
          coalesce(score, 0) as score, score is not null as known
        from ({rolled_sql(make_roll_up(model, rule), rows)}) order by s, account nulls last"""
