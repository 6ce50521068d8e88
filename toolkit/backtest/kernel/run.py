"""The scores of given moments, chunk after chunk; the result does not depend on how they are cut."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np

from toolkit.backtest.core import Plan
from toolkit.backtest.kernel.chunk import BITS, FAR, Chunk, Ints, Points
from toolkit.backtest.kernel.cut import CHUNK, Small, chunks_of, narrowed
from toolkit.backtest.kernel.scan import read_activities, read_leads
from toolkit.backtest.kernel.scores import scores_at
from toolkit.backtest.kernel.sight import Asked
from toolkit.backtest.kernel.threads import THREADS, spread

__all__ = ["kernel_scores"]

_FEW, _SAMPLE = 256, 10_000


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
    shared = _shared_seconds(connection, schema, second)

    def work(piece: tuple[slice, Chunk]) -> dict[str, Small]:
        part, chunk = piece
        inside = slice(int(first[part.start]), int(stop[part.stop - 1]))
        lead = np.repeat(np.arange(chunk.n), (stop - first)[part])
        scores = scores_at(plan, chunk, Points(lead, second[inside], shared))
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
    found = connection.execute(f"select l, k, s from {schema}.mo").fetchnumpy()
    lead, number, second = (np.asarray(found[name]).astype(np.int64) for name in ("l", "k", "s"))
    lead, second, number = _in_order(lead, second, number)
    return {"l": narrowed(lead), "k": narrowed(number), "s": second}


def _in_order(*columns: Ints) -> Iterator[Ints]:
    """Rows in order of the first column, then of the next: as one number where they have room.

    >>> [column.tolist() for column in _in_order(np.array([2, 1, 1]), np.array([7, -5, -6]))]
    [[1, 1, 2], [-6, -5, 7]]
    """
    lows = [int(column.min(initial=FAR)) for column in columns]
    bits = [
        (int(column.max(initial=-FAR)) - low).bit_length()
        for column, low in zip(columns, lows, strict=True)
    ]
    if sum(bits) > BITS or not len(columns[0]):
        order = np.lexsort(columns[::-1])
        yield from (column[order] for column in columns)
        return
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column, low, size in zip(columns, lows, bits, strict=True):
        key = (key << size) | (column - low)
    key.sort(kind="stable")  # the engine gives long runs that are in order
    for i, (low, size) in enumerate(zip(lows, bits, strict=True)):
        yield ((key >> sum(bits[i + 1 :])) & ((1 << size) - 1)) + low


def _shared_seconds(
    connection: duckdb.DuckDBPyConnection, schema: str, second: Ints
) -> Ints | None:
    """All different moments, where they are few: those of month ends are, those of hand-offs not."""
    if len(np.unique(second[:_SAMPLE])) > _FEW:
        return None
    found = connection.execute(f"select distinct s from {schema}.mo limit {_FEW + 1}").fetchnumpy()
    seconds = np.sort(np.asarray(found["s"]).astype(np.int64))
    return seconds if len(seconds) <= _FEW else None
