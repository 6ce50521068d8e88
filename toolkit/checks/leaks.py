"""Which fields, activities and scores may know the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.analysis.leaks import Leaks, leak_table
from toolkit.backtest import Outcome
from toolkit.backtest.leaks import count_fields, count_fields_and_timing
from toolkit.crm import Crm
from toolkit.crm.tables import FIELD_ROLES
from toolkit.errors import QuestionError, nearest_first
from toolkit.model.logic import looks_at

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.model import Model

__all__ = ["check_leaks"]


def check_leaks(
    source: Crm | str | Path | pd.DataFrame,
    *,
    outcome: Outcome | str,
    account: str | None = None,
    model: Model | None = None,
    roles: Mapping[str, Sequence[str]] | None = None,
) -> Leaks:
    """Look for what may know the outcome: alarm, suspect or clear, with reasons and numbers.

    Parameters
    ----------
    source
        A CRM (`tk.connect`): lead fields as exported, `lead_changes`, activities and
        `score_history` as far as they are there; the leads are those judged from their creation
        on. Or a flat file (CSV, Parquet, frame): all its columns, the rows with an outcome.
    outcome
        The outcome (an `Outcome`; a stage alone means within 90 days); of a flat file the column.
    account
        Of a flat file, the column that names the account; leads of an account count once.
    model
        Names the criteria that pay for what is found.
    roles
        The analyst's answers for a flat file, as `field_roles` in crm.yaml: role (`sales`,
        `outcome`, `known_before`) to names. Given for a CRM, they are added to those of crm.yaml.

    See `toolkit.analysis.leak_table` for the rules and the columns of the result.

    >>> import pandas as pd
    >>> leads = {"won": [1, 0] * 30, "note": ["done", "open"] * 30, "size": [1, 2, 3] * 20}
    >>> check_leaks(pd.DataFrame(leads), outcome="won").alarms
    ('note',)
    """
    answers = _answers(roles or {})
    paid = {} if model is None else _paid(model)
    if isinstance(source, Crm):
        if account is not None:
            raise QuestionError("account is for flat files: a CRM has its account_id")
        wanted = outcome if isinstance(outcome, Outcome) else Outcome(outcome, within_days=90)
        fields, timing = count_fields_and_timing(source, outcome=wanted)
        return leak_table(fields, timing, answers={**_said(source), **answers}, paid=paid)
    if isinstance(outcome, Outcome):
        raise QuestionError("a flat file has no stages: name its outcome column")
    counts = count_fields(source, outcome=outcome, account=account)
    return leak_table(counts, answers=answers, paid=paid)


def _answers(roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    for role in roles:
        if role not in FIELD_ROLES:
            raise QuestionError(f"unknown role '{role}': {nearest_first(role, FIELD_ROLES)}")
    return {name: role for role, names in roles.items() for name in names}


def _said(crm: Crm) -> dict[str, str]:
    """What crm.yaml says: of activities their role, unless it is marketing; then of any name."""
    activities = {
        name: role
        for role, names in crm.mapping.activity_roles.items()
        if role != "marketing"
        for name in names
    }
    return {**activities, **_answers(crm.mapping.field_roles)}


def _paid(model: Model) -> dict[str, list[str]]:
    """The criteria by what they look at: lead fields and activity types."""
    sources = {name: derived.source for name, derived in dict(model.derive).items()}
    users: dict[str, list[str]] = {}
    for placed in model.criteria:
        for name in looks_at(placed.criterion):
            users.setdefault(sources.get(name, name), []).append(placed.criterion.id)
    return users
