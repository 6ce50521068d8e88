"""A flat file of fields and an outcome as the smallest CRM there is, so that a model can score it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.backtest.flat import check_column, converted_of, read_table, texts_of
from toolkit.checks import check_leaks
from toolkit.crm import Crm, connect
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from toolkit.analysis import Leaks
    from toolkit.counts import Provenance
    from toolkit.model import Model

__all__ = ["flat_crm", "flat_leaks", "flat_origin"]

_CREATED = pd.Timestamp("2000-01-01")


def flat_crm(
    scored: str | Path | pd.DataFrame, *, outcome: str, account: str | None, model: Model
) -> tuple[Crm, str]:
    """Give every row that has an outcome an invented date, the same for all, and its fields.

    The dates only keep what the file holds before the outcome; nothing is read from them.
    """
    frame, name = read_table(scored)
    for column in [outcome, *([account] if account else [])]:
        check_column(frame, name, column)
    if any(placed.dimension == "behavior" for placed in model.criteria):
        raise QuestionError(
            f"the model pays for activities, and {name} is a flat file without dates: give a "
            "model whose criteria look at the file's columns (dimension: fit)"
        )
    converted = converted_of(frame, name, outcome)
    known = ~np.isnan(converted)
    fields = frame.drop(columns=[outcome])[known].reset_index(drop=True)
    won = converted[known] == 1
    if not won.any():
        raise DataError(
            f"{name}: none of its {len(won):,} rows with an outcome has '{outcome}', so no point "
            "can be judged: is it the right column?"
        )
    ids = pd.Series([f"row {i + 1}" for i in range(len(fields))], dtype="str")
    taken = {"lead_id", "created_at", "account_id"} & set(fields.columns)
    leads = fields.drop(columns=sorted(taken)).assign(lead_id=ids, created_at=_CREATED)
    if account:
        leads["account_id"] = texts_of(fields[account])
    stages = pd.DataFrame(
        {"lead_id": ids[won], "stage": "flat_outcome", "entered_at": _CREATED + pd.Timedelta("1h")}
    )
    mapping = {
        "crm_mapping": 1,
        "observed_until": "2000-02-01",
        "time_zone": "UTC",
        "worked_by": "all",
        "labels": {"flat_outcome": outcome},
    }
    return connect({"leads": leads, "stage_changes": stages}, mapping=mapping), name


def flat_origin(found: Provenance, name: str, outcome: str, *, declared: bool) -> Provenance:
    """Say where the counts come from, without the dates that were invented."""
    return replace(
        found,
        source=name,
        moment="as the file has it",
        outcome=outcome,
        outcome_label=outcome,
        outcome_window_days=None,
        observed_until=None,
        first_moment=None,
        last_moment=None,
        point_in_time=declared,
        worked_known=False,
        caveats=(
            "The file has no dates: every row with an outcome counts as worked and judged, and "
            "its fields as known before the outcome only because that was declared."
            if declared
            else "The file has no dates: its fields may be younger than the outcome.",
        ),
    )


def flat_leaks(
    scored: str | Path | pd.DataFrame,
    outcome: str,
    account: str | None,
    model: Model,
    known_before: Sequence[str],
) -> Leaks:
    """Look at the columns of the file, and name the criteria that pay for what is found."""
    roles = {"known_before": list(known_before)}
    return check_leaks(scored, outcome=outcome, account=account, model=model, roles=roles)
