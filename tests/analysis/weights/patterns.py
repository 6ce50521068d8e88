"""Patterns built from rows: the naive door through which tests prove that rows = patterns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.analysis.rows import PROVENANCE
from toolkit.counts import AccountCells, Extra, PatternCounts, Term

LEADS = ["vp", "fit", "demo", "webinar", "freemail", "inactive", "pricing"]
LEADS_POINTS = [20, 15, 30, 10, -10, -10, 15]
XEDU = [
    "add_form", "welingak", "working", "sms", "chat", "time300", "time1000", "visits3",
    "no_email", "housewife",
]  # fmt: skip
XEDU_POINTS = [30, 10, 20, 15, -10, 10, 15, 5, -15, -5]


def term(name, points, **more):
    return Term(name, name, name, float(points), **more)


def count_patterns(rows, names, points, *, score="score", y="y", account=None, by=None, terms=None):
    """Count rows of 0/1 outcomes, all judged; `rows` may hold a `state` instead of `y`."""
    units = {f"t{i}": rows[name].astype(float) for i, name in enumerate(names)}
    frame = pd.DataFrame({**units, "offset": 0.0, "score": rows[score].astype(float)})
    hit = rows[y] == 1 if y in rows else None
    frame["state"] = rows["state"] if hit is None else np.where(hit, "converted", "not_converted")
    if by:
        frame[by] = rows[by].astype(str)
    grouped = frame.groupby(list(frame.columns), sort=True)
    cells = None if account is None else account_cells(rows[account], grouped.ngroup())
    return PatternCounts(
        frame=grouped.size().reset_index(name="n"),
        terms=terms or tuple(term(n, p) for n, p in zip(names, points, strict=True)),
        provenance=PROVENANCE,
        by=(by,) if by else (),
        accounts=cells,
    )


def account_cells(account, cell):
    frame = pd.DataFrame({"account": account.to_numpy(), "cell": cell.to_numpy()})
    frame = frame[frame["account"].duplicated(keep=False)]
    frame = frame.groupby(["account", "cell"], as_index=False).size()
    frame["account"] = pd.factorize(frame["account"])[0]
    return AccountCells(frame.rename(columns={"size": "n"}))


def count_cells(points, cells, *, units=(), excess=(), by=None):
    """Cells of (units of each term, points beyond a cap, period where `by`, converted, others).

    `points`: of each term, by name; `units`: the terms that are counted; `excess`: those with a cap.
    """
    names = [f"t{i}" for i in range(len(points))] + [f"x{i}" for i in range(len(excess))]
    columns = [*names, *([by] if by else []), "converted", "not_converted"]
    frame = pd.DataFrame(cells, columns=columns).astype(dict.fromkeys(names, float))
    frame["score"] = frame[names[: len(points)]].to_numpy() @ np.array(list(points.values()), float)
    kept = [name for name in frame if name not in ("converted", "not_converted")]
    frame = frame.melt(kept, ["converted", "not_converted"], var_name="state", value_name="n")
    return PatternCounts(
        frame=frame.assign(offset=0.0),
        terms=tuple(
            term(name, worth, kind="units" if name in units else "flag")
            for name, worth in points.items()
        ),
        provenance=PROVENANCE,
        extras=tuple(Extra("excess", name) for name in excess),
        by=(by,) if by else (),
    )
