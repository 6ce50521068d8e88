"""Leads by the week in which they first reach a threshold, for each of several thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from toolkit.backtest.instants import second_of
from toolkit.backtest.merges import merged_pairs
from toolkit.backtest.timeline.crossings import threshold_crossings
from toolkit.backtest.timeline.paths import instants
from toolkit.backtest.timeline.persons import once_a_person
from toolkit.counts import Provenance, WeekCounts
from toolkit.crm import Crm
from toolkit.model import Model

__all__ = ["count_crossings"]


def count_crossings(
    model: Model, crm: Crm, thresholds: Sequence[int], *, provenance: Provenance
) -> dict[int, WeekCounts]:
    """Count leads by the week (Monday to Sunday, UTC) in which they first reach each threshold.

    What a threshold would have sent, whenever in a lead's life that was; gates and exceptions of
    bands are not looked at. A lead counts once for each threshold, in a week of its own for each,
    so there is one table per threshold, whose only score is the threshold. `provenance` is that of
    the leads; the span begins with the first crossing of the lowest threshold. A survivor of a merge
    that takes over a lead which had crossed does not cross for the first time any more.
    """
    found = _by_person(threshold_crossings(model, crm, thresholds), crm)
    first = found[found["episode"] == 1]
    if first.empty:
        return {}
    origin = replace(
        provenance,
        moment="first time that the score reaches the threshold",
        first_moment=first["crossed_at"].min().date(),
        last_moment=provenance.observed_until or first["crossed_at"].max().date(),
    )
    return {
        threshold: WeekCounts(
            frame=_by_week(first[first["threshold"] == threshold]), provenance=origin
        )
        for threshold in sorted({int(each) for each in thresholds})
    }


def _by_person(crossed: pd.DataFrame, crm: Crm) -> pd.DataFrame:
    merged = merged_pairs(crm.connection, until=second_of(crm.observed_until))
    if merged.empty:
        return crossed
    names = {"lead": "lead_id", "crossed": "crossed_at", "left": "left_at"}
    times = {name: instants(merged[name].to_numpy()) for name in ("at", "gone")}
    ours = crossed.rename(columns={there: name for name, there in names.items()})
    return once_a_person(ours, merged.assign(**times)).rename(columns=names)


def _by_week(crossed: pd.DataFrame) -> pd.DataFrame:
    days = crossed["crossed_at"].dt.normalize()
    mondays = (days - pd.to_timedelta(days.dt.day_of_week, unit="D")).astype("datetime64[s]")
    frame = pd.DataFrame({"week": mondays, "score": crossed["threshold"].astype("int64")})
    return frame.groupby(["week", "score"]).size().rename("n").astype("int64").reset_index()
