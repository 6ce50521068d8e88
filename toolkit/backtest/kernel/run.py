"""The scores of given moments, chunk after chunk; the result does not depend on how they are cut."""

from __future__ import annotations

import duckdb
import numpy as np

from toolkit.backtest.core import Plan
from toolkit.backtest.kernel.chunk import Chunk, Ints, Points
from toolkit.backtest.kernel.cut import CHUNK, chunks_of
from toolkit.backtest.kernel.scan import read_activities, read_leads
from toolkit.backtest.kernel.scores import scores_at
from toolkit.backtest.kernel.sight import Asked
from toolkit.backtest.kernel.spread import THREADS, spread

__all__ = ["kernel_scores"]


def kernel_scores(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    plan: Plan,
    *,
    size: int = CHUNK,
    threads: int = THREADS,
) -> dict[str, Ints]:
    """Score every moment of `<schema>.mo`: the columns of the SQL text, in order of l, s, k.

    Whole numbers of 32 bits where that is enough, else of 64.
    """
    moments = _moments(connection, schema)
    number, first = np.unique(moments["l"], return_index=True)
    stop = np.searchsorted(moments["l"], number, side="right")
    second = moments["s"]
    asked = Asked(number, second[first], second[stop - 1])
    until = int(second.max(initial=0))
    leads = read_leads(connection, schema, plan, asked)
    rows = read_activities(connection, schema, plan, until=until, asked=asked)

    def work(piece: tuple[slice, Chunk]) -> dict[str, Ints]:
        part, chunk = piece
        inside = slice(int(first[part.start]), int(stop[part.stop - 1]))
        lead = np.repeat(np.arange(chunk.n), (stop - first)[part])
        scores = scores_at(plan, chunk, Points(lead, second[inside]))
        return {name: _narrow(column) for name, column in scores.items()}

    found = list(spread(chunks_of(leads, rows, until=until, size=size), work, threads=threads))
    if not found:
        return {**moments, **{name: np.zeros(0, dtype=np.int64) for name in _names(plan)}}
    return {
        **moments,
        **{name: np.concatenate([part[name] for part in found]) for name in found[0]},
    }


def _narrow(column: Ints) -> Ints:
    """Half the memory where every value has room in half the bits."""
    most = max(int(column.max(initial=0)), -int(column.min(initial=0)))
    return column.astype(np.int32) if most < 1 << 31 else column


def _names(plan: Plan) -> list[str]:
    whole = ["score"] if plan.unit == 1 else ["total", "score"]
    return [*(f"p{i}" for i in range(len(plan.rules))), "fit", "behavior", *whole]


def _moments(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, Ints]:
    found = connection.execute(f"select l, k, s from {schema}.mo order by l, s, k").fetchnumpy()
    return {name: np.asarray(column).astype(np.int64) for name, column in found.items()}
