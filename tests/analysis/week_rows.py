"""Week counts from rows of moments and scores."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from tests.analysis.rows import PROVENANCE
from toolkit.counts import WeekCounts


def count_by_week(days, scores, *, first, last):
    """Leads with these moments (dates) and scores; the observed span from `first` to `last`."""
    day = pd.to_datetime(pd.Series(days, dtype="object"))
    rows = pd.DataFrame(
        {"week": day - pd.to_timedelta(day.dt.day_of_week, unit="D"), "score": scores}
    )
    frame = rows.groupby(["week", "score"], as_index=False).size().rename(columns={"size": "n"})
    provenance = replace(PROVENANCE, first_moment=first, last_moment=last)
    return WeekCounts(frame.astype({"score": "int64", "n": "int64"}), provenance)
