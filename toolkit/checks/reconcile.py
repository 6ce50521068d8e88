"""Whether the replayed score is the one that the platform recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.analysis.reconcile import Reconciliation, reconciliation
from toolkit.backtest.reconcile import Column, count_differences
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.crm import Crm
    from toolkit.model import Model

__all__ = ["Reconciliation", "reconcile"]


def reconcile(
    model: Model,
    crm: Crm,
    *,
    score: str | None = None,
    column: str | None = None,
    at: str | None = None,
    confidence: float = 0.95,
) -> Reconciliation:
    """Compare the scores that the platform recorded with those of the model, point by point.

    Each recorded score is replayed at the second of its record. Where they differ, changes of a
    single part of the model are tried (a criterion missing or counted twice, a limit or a decay
    ignored, ...), and what the history itself shows: resets, edits, scores made anew in place.

    Parameters
    ----------
    model, crm
        The points, and where the rows are.
    score
        Which score of score_history, where it holds several.
    column, at
        Instead of score_history: the column of leads with the score, and the column that says
        when it was so (without it: `observed_until`).
    confidence
        Of the interval of the share that agrees.

    Raises
    ------
    QuestionError
        No recorded score is known, or it is not clear which one is meant.
    DataError
        None of them can be compared.
    """
    if at is not None and column is None:
        raise QuestionError("at says when the score of a column was so: name the column, too")
    where = None if column is None else Column(column, at)
    counts = count_differences(model, crm, score=score, column=where)
    return reconciliation(counts, confidence=confidence)
