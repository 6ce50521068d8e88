"""Work on pieces with some threads, in order, few pieces in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["THREADS", "spread"]

THREADS = 2

Piece = TypeVar("Piece")
Made = TypeVar("Made")


def spread(
    pieces: Iterator[Piece], work: Callable[[Piece], Made], *, threads: int = THREADS
) -> Iterator[Made]:
    """Do the work of every piece, in order; no more pieces are in memory than are worked on.

    >>> list(spread(iter([1, 2, 3]), lambda n: 10 * n))
    [10, 20, 30]
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[Made]] = [
            pool.submit(work, piece) for piece in islice(pieces, threads + 1)
        ]
        while waiting:
            made = waiting.pop(0).result()
            waiting += [pool.submit(work, piece) for piece in islice(pieces, 1)]
            yield made
