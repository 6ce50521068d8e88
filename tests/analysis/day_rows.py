"""Day counts and stage counts built from rows: the naive door for proofs."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from tests.analysis.rows import PROVENANCE
from toolkit.counts import AccountCells, DayCounts, FunnelStage, Provenance, StageCounts, StayCounts

STATUS = {0: "open", 1: "converted", 2: "disqualified"}


def cells_of(rows: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, AccountCells | None]:
    """Count rows by keys and, when there is a column `account`, list shared accounts."""
    frame = rows.groupby(keys, as_index=False, sort=True).size().rename(columns={"size": "n"})
    if "account" not in rows:
        return frame, None
    placed = rows.merge(frame.reset_index(names="cell")[[*keys, "cell"]], on=keys)
    shared = placed[placed.groupby("account")["cell"].transform("size") > 1]
    cells = shared.groupby(["account", "cell"], as_index=False).size()
    return frame, AccountCells(cells.rename(columns={"size": "n"}))


def count_day_rows(rows: pd.DataFrame, *, provenance: Provenance = PROVENANCE) -> DayCounts:
    frame, accounts = cells_of(rows, ["score", "day", "status"])
    return DayCounts(frame, provenance, accounts)


def sim_days(sim: pd.DataFrame, *, accounts: bool = True, rivals: bool = True) -> DayCounts:
    """The simulated leads of the oracle; without rivals, disqualified leads count as open."""
    status = sim["status"] if rivals else sim["status"].replace({2: 0})
    rows = pd.DataFrame({"score": sim["score"], "day": sim["time"], "status": status.map(STATUS)})
    return count_day_rows(rows.assign(account=sim["account_id"]) if accounts else rows)


STAGES = (
    FunnelStage("accepted", "accepted", 30),
    FunnelStage("sql", "SQL", 90),
    FunnelStage("won", "won", 180),
)
KEYS = ["score", "fit_band", "behavior_band", "hand_raiser", "disposition", "given_reason",
        "stage_accepted", "stage_sql", "stage_won"]  # fmt: skip


def count_stage_rows(
    rows: pd.DataFrame,
    *,
    hand_raisers: tuple[str, ...] = ("demo",),
    provenance: Provenance = PROVENANCE,
) -> StageCounts:
    frame, accounts = cells_of(rows, KEYS)
    return StageCounts(
        frame, provenance, STAGES, ("A", "B"), ("1", "2"), 30, hand_raisers, accounts
    )


def count_stay_rows(rows: pd.DataFrame) -> StayCounts:
    frame, accounts = cells_of(rows, ["stage", "days", "moved"])
    return StayCounts(frame, PROVENANCE, accounts)


@st.composite
def lives(draw, *, least: int = 1, most: int = 30, statuses=("open", "converted", "disqualified")):
    """Rows of leads with few days and scores, so that ties are common."""
    lead = st.tuples(
        st.integers(-2, 3), st.integers(1, 8), st.sampled_from(statuses), st.integers(0, 9)
    )
    rows = draw(st.lists(lead, min_size=least, max_size=most))
    return pd.DataFrame(rows, columns=["score", "day", "status", "account"])


_state = st.sampled_from(["converted", "not_converted", "immature", "unworked", "already"])


@st.composite
def funnel_rows(draw, *, least: int = 0, most: int = 30):
    """Rows of leads with a state for each stage."""
    lead = st.tuples(
        st.integers(0, 100),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["1", "2"]),
        st.booleans(),
        st.sampled_from(["accepted", "rejected", "recycled", "pending", "untouched"]),
        _state,
        _state,
        _state,
        st.integers(0, 9),
    )
    rows = draw(st.lists(lead, min_size=least, max_size=most))
    names = [name for name in KEYS if name != "given_reason"]
    frame = pd.DataFrame(rows, columns=[*names, "account"])
    frame["given_reason"] = frame["disposition"].map({"rejected": "no_budget"}).fillna("")
    return frame
