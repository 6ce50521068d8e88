"""Counts built from rows: the naive door through which tests prove that rows = counts."""

from __future__ import annotations

from datetime import date

import pandas as pd

from toolkit.counts import AccountCells, AccountPairs, PairCounts, Provenance, ScoreCounts

PROVENANCE = Provenance(
    source="rows",
    engine="pandas",
    model=None,
    model_hash=None,
    moment="at hand-over",
    outcome="SQL within 90 days",
    outcome_label="SQL",
    outcome_window_days=90,
    observed_until=date(2026, 10, 1),
    first_moment=date(2026, 1, 1),
    last_moment=date(2026, 3, 11),
)
"""Ten weeks exactly."""


def count_rows(
    rows: pd.DataFrame, *, by: tuple[str, ...] = (), provenance: Provenance = PROVENANCE
) -> ScoreCounts:
    """Count rows of `score`, `state`, the names in `by` and, when known, `account`."""
    keys = ["score", "state", *by]
    frame = rows.groupby(keys, as_index=False, sort=True).size().rename(columns={"size": "n"})
    if "account" not in rows:
        return ScoreCounts(frame, provenance, by)
    inside = {_key(key): pair_accounts(part) for key, part in rows.groupby(list(by))} if by else {}
    return ScoreCounts(frame, provenance, by, pair_accounts(rows), inside)


def _key(key: object) -> tuple[str, ...]:
    return tuple(str(label) for label in (key if isinstance(key, tuple) else (key,)))


def pair_accounts(rows: pd.DataFrame) -> AccountPairs:
    """Sum, over accounts, the products of an account's counts in any two cells."""
    cells = rows.groupby(["account", "score", "state"], as_index=False).size()
    both = cells.merge(cells, on="account", suffixes=("_a", "_b"))
    both["n"] = both["size_a"] * both["size_b"]
    keys = ["score_a", "state_a", "score_b", "state_b"]
    judged = rows[rows["state"].isin(["converted", "not_converted"])]
    sizes = judged.groupby("account").size()
    return AccountPairs(
        frame=both.groupby(keys, as_index=False, sort=True)["n"].sum(),
        judged=len(sizes),
        converted=judged.loc[judged["state"] == "converted", "account"].nunique(),
        not_converted=judged.loc[judged["state"] == "not_converted", "account"].nunique(),
        largest=int(sizes.max()) if len(sizes) else 0,
    )


def lead_rows(score: object, converted: object, account: object | None = None) -> pd.DataFrame:
    """Rows of judged leads from parallel sequences."""
    frame = pd.DataFrame({"score": score, "hit": converted})
    frame["state"] = frame["hit"].map({1: "converted", 0: "not_converted"})
    if account is not None:
        frame["account"] = account
    return frame.drop(columns="hit")


def pair_rows(
    champion: object,
    challenger: object,
    converted: object,
    account: object | None = None,
    *,
    fitted_on: str = "other leads",
) -> PairCounts:
    """Counts of judged leads by two scores, with the cells of each account of several leads."""
    rows = lead_rows(champion, converted, account).rename(columns={"score": "champion"})
    rows["challenger"] = challenger
    keys = ["champion", "challenger", "state"]
    frame = rows.groupby(keys, as_index=False, sort=True).size().rename(columns={"size": "n"})
    accounts = None if account is None else _account_cells(rows, frame, keys)
    return PairCounts(frame, PROVENANCE, "challenger 2", fitted_on, accounts)


def _account_cells(rows: pd.DataFrame, frame: pd.DataFrame, keys: list[str]) -> AccountCells:
    several = rows[rows["account"].duplicated(keep=False)]
    number = frame[keys].assign(cell=range(len(frame)))
    found = several.merge(number, on=keys).groupby(["account", "cell"], as_index=False).size()
    return AccountCells(found.rename(columns={"size": "n"}))
