"""One number for what was counted, whatever the order of rows or the numbering of accounts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.counts.accounts import AccountCells
from toolkit.counts.encoding import encode

__all__ = ["content_order", "fingerprint", "without_origin"]


def fingerprint(counts: Any) -> str:
    """Give the SHA-256 of everything counted and of its provenance, engine and source apart.

    Two tables have the same fingerprint when they hold the same cells: rows may stand in any
    order, accounts may have any number, and it does not matter which engine counted.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> shuffled = ScoreCounts(counts.frame[::-1], None)
    >>> fingerprint(shuffled) == fingerprint(counts)
    True
    """
    frames: dict[str, pd.DataFrame] = {}
    text = json.dumps(without_origin(encode(counts, frames, "")), sort_keys=True)
    digest = hashlib.sha256(text.encode())
    order = content_order(frames["frame"]) if "frame" in frames else None
    for place in sorted(frames):
        digest.update(place.encode())
        listed = isinstance(getattr(counts, place.split(".")[0]), AccountCells)
        if listed and order is not None:
            digest.update(_accounts(frames[place], order))
        else:
            digest.update(_cells(frames[place]))
    return digest.hexdigest()


def without_origin(encoded: Any) -> Any:
    """Leave out who counted and from where: the same counts are the same counts."""
    if isinstance(encoded, dict):
        return {
            key: without_origin(value)
            for key, value in encoded.items()
            if not (encoded.get("$type") == "Provenance" and key in ("engine", "source"))
        }
    return [without_origin(each) for each in encoded] if isinstance(encoded, list) else encoded


def content_order(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Give each row its place in the order of the contents."""
    texts = _texts(frame)
    order = texts.sort_values(list(texts.columns), kind="stable").index.to_numpy()
    place = np.empty(len(frame), dtype=np.int64)
    place[order] = np.arange(len(frame))
    return place


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    named = frame.reset_index(drop=True)[sorted(frame.columns)]
    return named.astype(object).where(named.notna(), None).map(_text)


def _text(cell: object) -> str:
    # 1, 1.0 and True are one number on some engines: a whole number is written as one.
    if isinstance(cell, bool | np.bool_):
        return f"b{int(cell)}"
    if isinstance(cell, tuple):
        return f"t{','.join(map(_text, cell))}"
    if isinstance(cell, float | np.floating):
        return f"i{int(cell)}" if float(cell).is_integer() else f"f{float(cell)!r}"
    return f"i{int(cell)}" if isinstance(cell, int | np.integer) else f"{type(cell).__name__}{cell}"


def _cells(frame: pd.DataFrame) -> bytes:
    texts = _texts(frame)
    texts = texts.sort_values(list(texts.columns), kind="stable")
    return texts.to_csv(index=False, lineterminator="\n").encode()


def _accounts(frame: pd.DataFrame, order: NDArray[np.int64]) -> bytes:
    """Describe each account by its cells alone, and put the accounts in order of that."""
    cell = order[frame["cell"].to_numpy(dtype=np.int64)].astype(np.uint64)
    row = _mixed(_mixed(cell) + frame["n"].to_numpy(dtype=np.int64).astype(np.uint64))
    codes, _ = pd.factorize(frame["account"])
    sums = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.uint64)
    np.add.at(sums, codes, row)
    return np.sort(sums).astype("<u8").tobytes()


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter numbers over 64 bits (the finaliser of SplitMix64; Steele, Lea and Flood 2014)."""
    mixed = value + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return scattered
