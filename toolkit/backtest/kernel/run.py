"""The scores of given moments, chunk after chunk; the result does not depend on how they are cut."""

from __future__ import annotations

import duckdb
import numpy as np

from toolkit.backtest.core import Plan
from toolkit.backtest.kernel.chunk import Chunk, Ints, Points
from toolkit.backtest.kernel.cut import CHUNK, Small, chunks_of, narrowed
from toolkit.backtest.kernel.scan import read_activities, read_leads
from toolkit.backtest.kernel.scores import scores_at
from toolkit.backtest.kernel.sight import Asked
from toolkit.backtest.kernel.threads import THREADS, spread

__all__ = ["kernel_scores"]


def kernel_scores(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    plan: Plan,
    *,
    size: int = CHUNK,
    threads: int = THREADS,
) -> dict[str, Small]:
    """Score every moment of `<schema>.mo`: the columns of the SQL text, in order of l, s, k.

    Each column is of whole numbers of as few bits as hold them: scores of many moments are mostly
    the points of criteria, and those are small.
    """
    moments = _moments(connection, schema)
    number, first, stop = _runs(moments["l"])
    second = moments["s"]
    asked = Asked(number, second[first], second[stop - 1])
    until = int(second.max(initial=0))
    leads = read_leads(connection, schema, plan, asked)
    rows = read_activities(connection, schema, plan, until=until, asked=asked)

    def work(piece: tuple[slice, Chunk]) -> dict[str, Small]:
        part, chunk = piece
        inside = slice(int(first[part.start]), int(stop[part.stop - 1]))
        lead = np.repeat(np.arange(chunk.n), (stop - first)[part])
        scores = scores_at(plan, chunk, Points(lead, second[inside]))
        return {name: narrowed(column) for name, column in scores.items()}

    found = list(spread(chunks_of(leads, rows, until=until, size=size), work, threads=threads))
    if not found:
        return {**moments, **{name: np.zeros(0, dtype=np.int64) for name in _names(plan)}}
    # Column by column, so that no more than one is there twice.
    names = list(found[0])
    return {
        **moments,
        **{name: np.concatenate([part.pop(name) for part in found]) for name in names},
    }


def _runs(lead: Small) -> tuple[Small, Ints, Ints]:
    """Each lead once, and where its moments begin and end."""
    changes = np.flatnonzero(lead[1:] != lead[:-1]) + 1
    first = np.append(np.zeros(min(len(lead), 1), dtype=np.int64), changes)
    return lead[first], first, np.append(changes, len(lead))[: len(first)]


def _names(plan: Plan) -> list[str]:
    whole = ["score"] if plan.unit == 1 else ["total", "score"]
    return [*(f"p{i}" for i in range(len(plan.rules))), "fit", "behavior", *whole]


def _moments(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, Small]:
    found = connection.execute(f"select l, k, s from {schema}.mo order by l, s, k").fetchnumpy()
    return {
        "l": np.asarray(found["l"]),
        "k": narrowed(np.asarray(found["k"]).astype(np.int64, copy=False)),
        "s": np.asarray(found["s"]).astype(np.int64, copy=False),
    }
