"""Calendar quarters (UTC), and which of them can be judged."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from toolkit.backtest import count_scores
from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    from toolkit.backtest import Backtest

__all__ = ["chosen_quarter", "is_closed", "is_whole", "quarter_span"]

_START_SLACK = 7
"""Days without a first lead at the start of a quarter that are still no sign of a late start."""


def quarter_span(quarter: str) -> tuple[date, date]:
    """First day of a quarter and of the next one.

    >>> quarter_span("2026Q4")
    (datetime.date(2026, 10, 1), datetime.date(2027, 1, 1))
    """
    if not re.fullmatch(r"\d{4}Q[1-4]", quarter):
        raise QuestionError(f"quarter is '{quarter}': expected a year and a quarter such as 2026Q3")
    year, number = int(quarter[:4]), int(quarter[5])
    start = date(year, 3 * number - 2, 1)
    return start, date(year + number // 4, 1 if number == 4 else 3 * number + 1, 1)  # noqa: PLR2004 - quarters of a year


def is_closed(quarter: str, until: date | None, within_days: int | None) -> bool:
    """Whether the outcome window of the quarter's last lead has closed."""
    if until is None or within_days is None:
        return False
    return quarter_span(quarter)[1] + timedelta(days=within_days) <= until


def is_whole(quarter: str, first: date | None) -> bool:
    """Whether the export reaches back to the start of the quarter (within a week)."""
    return first is not None and first <= quarter_span(quarter)[0] + timedelta(days=_START_SLACK)


def chosen_quarter(quarter: str | None, backtest: Backtest, within_days: int) -> str | None:
    """Settle the quarter to audit: as asked, or the latest one that can be judged (None: none)."""
    frame = count_scores(backtest, by="quarter").frame
    known = sorted({str(name) for name in frame["quarter"]})
    until = backtest.provenance.observed_until
    closed = [name for name in known if is_closed(name, until, within_days)]
    if quarter is None:
        return closed[-1] if closed else None
    quarter_span(quarter)
    if quarter not in known:
        raise QuestionError(
            f"there are no leads in quarter '{quarter}': {nearest_first(quarter, known)}"
        )
    if quarter not in closed:
        ready = quarter_span(quarter)[1] + timedelta(days=within_days)
        raise QuestionError(
            f"quarter {quarter} cannot be judged before {ready}: its leads have {within_days} days "
            f"to convert, and the export ends on {until}. Quarters that can be: "
            f"{', '.join(closed) or 'none'}"
        )
    return quarter
