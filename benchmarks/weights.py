"""Weights from patterns against a regression on rows: 12 yes/no criteria and 3 of four cases."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from toolkit.backtest.result import Backtest

__all__ = ["logit_rows", "weights", "weights_floor", "weights_with_accounts", "write_big_scores"]

CHUNK = 1_000_000
YES_NO = [20, 15, 10, 5, -10, -20, 30, 15, 10, 5, 25, -15]
CASES = [[5, 10, 20], [10, 15, 25], [-5, 5, 15]]
WRONG = {0: 30, 6: 15}
"""Criteria that are truly worth other points than they pay, so that there is a proposal to make."""
SHARES = [0.3, 0.2, 0.5, 0.4, 0.15, 0.05, 0.1, 0.25, 0.3, 0.5, 0.08, 0.06]


def write_big_scores(folder: Path, *, leads: int, seed: int = 1) -> None:
    """Write scored leads as Parquet: points of 15 criteria, account, state."""
    temporary = folder.with_suffix(".part")
    temporary.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for part, start in enumerate(range(0, leads, CHUNK)):
        n = min(CHUNK, leads - start)
        points = [p * (rng.random(n) < s) for p, s in zip(YES_NO, SHARES, strict=True)]
        points += [np.array([0, *case])[rng.integers(0, 4, n)] for case in CASES]
        score = np.sum(points, axis=0)
        off = [(truth - YES_NO[i]) * (points[i] != 0) for i, truth in WRONG.items()]
        hit = rng.random(n) < 1 / (1 + np.exp(3.5 - np.log(2) / 20 * (score + sum(off))))
        frame = pd.DataFrame({f"p{i}": each.astype(np.int16) for i, each in enumerate(points)})
        frame = frame.assign(l=np.arange(start, start + n), score=score.astype(np.int32))
        frame["account"] = rng.integers(0, max(leads // 2, 1), n)
        frame["state"] = np.where(hit, "converted", "not_converted")
        frame.to_parquet(temporary / f"scored_{part:03d}.parquet", index=False)
    temporary.rename(folder)


def _model_text() -> str:
    lines = [
        f"  - {{id: c{i}, when: {{title: x{i}}}, points: {points}}}"
        for i, points in enumerate(YES_NO)
    ]
    for i, points in enumerate(CASES):
        cases = ", ".join(
            f"{{when: {{title: y{i}_{k}}}, points: {worth}}}" for k, worth in enumerate(points)
        )
        lines.append(f"  - {{id: c{len(YES_NO) + i}, cases: [{cases}]}}")
    head = 'lead_score_model: 1\nname: big\nversion: "1"\ngroups:\n'
    return head + "- id: g\n  dimension: fit\n  criteria:\n" + "\n".join(lines) + "\n"


def _backtest(folder: Path, account: str) -> Backtest:
    """Scored leads as a backtest leaves them, accounts numbered, opened from Parquet."""
    import toolkit as tk
    from toolkit.backtest.result import Backtest, new_schema
    from toolkit.counts import Provenance

    model = tk.parse_model(_model_text())
    crm = tk.connect(
        {"leads": pd.DataFrame({"lead_id": ["a"], "created_at": [pd.Timestamp("2026-01-01")]})},
        mapping={"observed_until": "2026-10-01T00:00:00Z", "time_zone": "UTC"},
    )
    schema = new_schema(crm.connection)
    crm.connection.execute(f"""
        create view {schema}.scored as select *, 0 as k,
          cast({account} as varchar) as cluster, cast({account} as bigint) as g,
          cast(l as varchar) as lead_id from '{folder}/scored_*.parquet'""")
    source = Provenance(
        source="benchmark", engine="DuckDB", model=None, model_hash=None, moment="given",
        outcome="SQL", outcome_label="SQL", outcome_window_days=90, observed_until=None,
        first_moment=None, last_moment=None,
    )  # fmt: skip
    return Backtest(crm.connection, schema, source, model=model, crm=crm)


def _run(folder: Path, account: str) -> None:
    import toolkit as tk

    backtest = _backtest(folder, account)
    start = time.perf_counter()
    patterns = tk.count_patterns(backtest)
    counted = time.perf_counter()
    fit = tk.fit_weights(patterns)
    table = tk.weight_table(fit)
    proposal = tk.propose_model(backtest.model, fit, patterns=patterns)
    print(
        f"{len(patterns.frame):,} cells; count {counted - start:.1f} s, "
        f"all after it {time.perf_counter() - counted:.1f} s; "
        f"{table['verdict'].value_counts().to_dict()}; {proposal.text}"
    )


def weights_floor(folder: Path) -> None:
    """The part of `weights` that is no work: the interpreter, its imports, an open engine."""
    import toolkit as tk

    _ = tk.fit_weights, tk.weight_table, tk.propose_model
    _backtest(folder, "null")


def weights(folder: Path) -> None:
    """Count patterns, fit, all score tests, verdicts and proposal, every lead on its own."""
    _run(folder, "null")


def weights_with_accounts(folder: Path) -> None:
    """The same over accounts, two leads each on average."""
    _run(folder, "account")


def _column(folder: Path, name: str) -> np.ndarray:
    return pd.read_parquet(folder, columns=[name])[name].to_numpy()


def logit_rows(folder: Path) -> None:
    """Fit statsmodels.Logit on the rows: coefficients and model-based errors, no test, no account."""
    import statsmodels.api as sm

    y = (_column(folder, "state") == "converted").astype(float)
    # One column at a time: reading is no part of what the regression itself needs.
    rows = np.ones((len(y), 1 + len(YES_NO) + sum(map(len, CASES))))
    at = 1
    for i in range(len(YES_NO) + len(CASES)):
        points = _column(folder, f"p{i}")
        for worth in (YES_NO[i],) if i < len(YES_NO) else CASES[i - len(YES_NO)]:
            rows[:, at] = points == worth
            at += 1
    start = time.perf_counter()
    fit = sm.Logit(y, rows).fit(disp=0)
    print(f"fit alone {time.perf_counter() - start:.1f} s, {len(fit.params)} coefficients")
