"""One job per process; each prints its own peak memory as its last line."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from benchmarks.weights import logit_rows, weights, weights_floor, weights_with_accounts


def floor(folder: Path) -> None:
    """The least an engine must do: read the same columns and count per lead."""
    import duckdb

    duckdb.sql(f"""
        select count(*), sum(n), max(t) from (
          select lead_id, count(*) as n, max(occurred_at) as t,
            sum(case when activity_type < 'f' and page < '/m' then 1 else 0 end) as x
          from '{folder}/activities_*.parquet' group by lead_id)""").fetchall()


def score(folder: Path) -> None:
    """As-of scores of every lead, counted by score and state."""
    import toolkit as tk

    crm = tk.connect(folder / "crm.yaml")
    backtest = tk.run_backtest(
        tk.load_model(folder / "model.yaml"), crm,
        moment=tk.AtAge(days=14), outcome=tk.Outcome("sql", within_days=90),
    )  # fmt: skip
    counted = backtest.connection.execute(
        f"select count(*), sum(score) from {backtest.schema}.scored"
    )
    print(counted.fetchall())


def pandas(folder: Path) -> None:
    """The version one would write first: merge, filter, group, clip."""
    import pandas as pd

    leads = pd.read_parquet(folder / "leads.parquet")
    acts = pd.concat([pd.read_parquet(f) for f in sorted(folder.glob("activities_*.parquet"))])
    acts = acts.merge(leads[["lead_id", "created_at"]], on="lead_id")
    acts["age"] = acts["created_at"] + pd.Timedelta(days=14) - acts["occurred_at"]
    acts = acts[acts["age"] >= pd.Timedelta(0)]
    total = pd.Series(0, index=leads["lead_id"])
    for kind, page, days, points, most in (
        ("demo_request", "", 90, 30, 30),
        ("page_view", "/pricing", 30, 15, 40),
        ("page_view", "/docs", 60, 2, 10),
        ("email_open", "", 30, 1, 5),
        ("email_click", "", 60, 3, 9),
        ("webinar", "", 120, 10, 20),
    ):
        hit = (acts["activity_type"] == kind) & acts["page"].str.startswith(page)
        hit &= acts["age"] < pd.Timedelta(days=days)
        n = acts[hit].groupby("lead_id").size()
        total = total.add((n * points).clip(upper=most), fill_value=0)
    print(len(total), total.clip(upper=100).sum())


def imported(_: Path) -> None:
    """The price of `import toolkit` alone."""
    import toolkit  # noqa: F401


def demo(place: Path) -> None:
    """Draw the demo CRM."""
    import toolkit as tk

    tk.make_demo(place / "crm")


def connect(place: Path) -> None:
    """Open the demo CRM from CSV."""
    import toolkit as tk

    tk.connect(place / "crm" / "crm.yaml")


def counts(place: Path) -> None:
    """Both designs of the audit, down to the counts."""
    import toolkit as tk

    crm = tk.connect(place / "crm" / "crm.yaml")
    model = tk.load_model(place / "crm" / "model.yaml")
    for moment in (tk.AtHandoff(), tk.AtAge(days=14)):
        found = tk.run_backtest(model, crm, moment=moment, outcome=tk.Outcome("sql", 90))
        tk.count_scores(found, by="quarter")


def audit(place: Path) -> None:
    """The whole quarterly audit, notebook and HTML included."""
    import toolkit as tk

    tk.run_report(
        "quarterly_audit",
        crm=place / "crm" / "crm.yaml",
        model=place / "crm" / "model.yaml",
        output=place / "report",
    )


JOBS = {
    "floor": floor, "score": score, "pandas": pandas, "import": imported, "demo": demo,
    "connect": connect, "counts": counts, "audit": audit, "weights": weights,
    "weights_accounts": weights_with_accounts, "weights_floor": weights_floor, "logit": logit_rows,
}  # fmt: skip


if __name__ == "__main__":
    JOBS[sys.argv[1]](Path(sys.argv[2]))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"peak_mb": max(own, children) / 1024}))
