"""The whole statement, rolled up to accounts."""

from __future__ import annotations

from datetime import date, datetime

from toolkit.backtest.core import rolled_sql
from toolkit.backtest.staging.plan import disqualifying, make_roll_up
from toolkit.errors import ExportError, QuestionError
from toolkit.export.sql.dialects import Dialect, dialect_of
from toolkit.export.sql.statement import head_of, limit_lines, moment_line, scored_sql, whole
from toolkit.export.sql.tables import Tables
from toolkit.model import AccountScore, Model, describe_account_score

__all__ = ["export_account_sql"]


def export_account_sql(
    model: Model,
    *,
    dialect: str = "duckdb",
    tables: Tables | None = None,
    as_of: datetime | date | None = None,
) -> str:
    """Write a model as one SQL statement that scores every account of the customer's own tables.

    Its rows are `account_id`, `moment` (whole seconds since 1970 UTC), `n` (leads that count),
    `n_disqualified`, `score` (NULL where no lead counts, and for the leads without an account, which
    are one row) and, where the account score has them, `band`. The score is the one that
    `account_scores(score_leads(model, crm, as_of=...))` gives. Parameters as for `export_sql`.

    Raises
    ------
    ExportError
        The model has no account score, or a part that SQL cannot say exactly.
    QuestionError
        There is no such dialect, or leads have moments of their own.
    """
    spoken, tables = dialect_of(dialect), tables or Tables()
    rule = model.account_score
    if rule is None:
        raise ExportError(
            "the model has no account score; add a line such as `account_score: {roll_up: max}`"
        )
    if tables.moment is not None:
        raise QuestionError(
            f"an account's score is of one instant, and the column '{tables.moment}' gives each "
            "lead a moment of its own; leave it out"
        )
    lines = [
        f"account score: {describe_account_score(rule)}",
        moment_line(tables, as_of),
        *limit_lines(model, spoken, tables),
    ]
    listed = scored_sql(model, spoken, tables, as_of, accounts=True)
    return f"{head_of(lines, model, spoken)}with {listed}\n{_answer(model, rule, spoken)}\n"


def _answer(model: Model, rule: AccountScore, dialect: Dialect) -> str:
    rows = (
        f"select ld.account, scored.s, scored.score, {disqualifying(model)} as gone "
        "from scored join ld on ld.l = scored.l"
    )
    band = f",\n  {_band(rule, dialect)} as band" if rule.bands else ""
    return (
        f"select\n  account as account_id,\n  s as moment,\n  n,\n  n_disqualified,\n  score{band}\n"
        f"from ({rolled_sql(make_roll_up(model, rule), rows)}\n) x"
    )


def _band(rule: AccountScore, dialect: Dialect) -> str:
    """Bands fall strictly, so the first that is reached is the band."""
    cases = "".join(
        f" when {'score is not null' if band.start is None else f'score >= {whole(band.start)}'} "
        f"then {dialect.literal(band.name)}"
        for band in rule.bands
    )
    return f"case{cases} end"
