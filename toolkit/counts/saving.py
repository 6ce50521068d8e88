"""Save and load the waist: Parquet for the cells, JSON for where they come from."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from toolkit.counts.encoding import decode, encode, known_types
from toolkit.counts.fingerprint import fingerprint
from toolkit.errors import DataError, QuestionError, SourceError

__all__ = ["FORMAT", "load_counts", "save_counts"]

FORMAT = 1
"""Version of the layout; a reader refuses a higher one."""
_INDEX = "counts.json"
_KIND = "lead-score-toolkit counts"


def save_counts(counts: Any, folder: str | os.PathLike[str]) -> Path:
    """Write a count table into a folder of its own: `counts.json` and one Parquet file per frame.

    The folder appears only when it is complete; one that holds saved counts is replaced, any other
    that is not empty is refused. Returns the folder.

    Raises
    ------
    QuestionError
        What was given is not a count table.
    SourceError
        The folder holds something else, or cannot be written.

    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> from toolkit.counts import Provenance, ScoreCounts, load_counts, save_counts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> frame = pd.DataFrame({"score": [60], "state": ["converted"], "n": [3]})
    >>> counts = ScoreCounts(frame, origin)
    >>> with TemporaryDirectory() as folder:
    ...     place = save_counts(counts, f"{folder}/counts")
    ...     sorted(path.name for path in place.iterdir())
    ['counts.json', 'frame.parquet']
    """
    if type(counts).__name__ not in _tables():
        raise QuestionError(
            f"save_counts: expected a count table such as ScoreCounts, found a "
            f"{type(counts).__name__}"
        )
    target = Path(folder)
    _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            _write(counts, Path(scratch) / "new")
            if target.exists():
                target.rename(Path(scratch) / "old")
            (Path(scratch) / "new").rename(target)
    except OSError as error:
        raise SourceError(f"cannot write {target}: {error.strerror or error}") from None
    return target


def _tables() -> set[str]:
    """The tables of the waist: what holds frames, and is not itself a part of a table."""
    return {name for name in known_types() if name.endswith("Counts")}


def _check_replaceable(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise SourceError(f"{target} is a file: name a folder for the counts")
    if any(target.iterdir()) and not (target / _INDEX).is_file():
        raise SourceError(
            f"the folder {target} holds other things than saved counts: name a new folder"
        )


def _write(counts: Any, folder: Path) -> None:
    folder.mkdir()
    frames: dict[str, pd.DataFrame] = {}
    table = encode(counts, frames, "")
    for place, frame in frames.items():
        frame.to_parquet(folder / f"{place}.parquet", engine="pyarrow", index=False)
    index = {
        "kind": _KIND,
        "format": FORMAT,
        "fingerprint": fingerprint(counts),
        "table": table,
    }
    text = json.dumps(index, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / _INDEX).write_text(f"{text}\n", encoding="utf-8")


def load_counts(folder: str | os.PathLike[str]) -> Any:
    """Read what `save_counts` wrote; every statistic from it is the same to the last digit.

    Raises
    ------
    SourceError
        There is no such folder, it was not written by `save_counts` or by a newer version, a file
        of it is missing or damaged, or its contents are no longer what was saved.

    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> from toolkit.counts import Provenance, ScoreCounts, load_counts, save_counts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> frame = pd.DataFrame({"score": [60], "state": ["converted"], "n": [3]})
    >>> counts = ScoreCounts(frame, origin)
    >>> with TemporaryDirectory() as folder:
    ...     load_counts(save_counts(counts, f"{folder}/counts")).frame.values.tolist()
    [[60, 'converted', 3]]
    """
    place = Path(folder)
    index = _index(place)
    try:
        counts = decode(index["table"], partial(_frame, place), f"{place.name}/{_INDEX}")
        if type(counts).__name__ not in _tables():
            raise SourceError(f"{place} holds a {type(counts).__name__}, which is no count table")
        found = fingerprint(counts)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, DataError) as error:
        raise SourceError(f"{place}: the saved counts are damaged ({error})") from None
    if found != index.get("fingerprint"):
        raise SourceError(
            f"{place}: the counts are not those that were saved (fingerprint {found[:12]}, "
            f"expected {str(index.get('fingerprint'))[:12]}). A file was changed or replaced: "
            "save them again from the backtest"
        )
    return counts


def _index(place: Path) -> dict[str, Any]:
    if not place.is_dir():
        raise SourceError(f"there is no folder {place}: expected one that save_counts wrote")
    if not (place / _INDEX).is_file():
        held = sorted(each.name for each in place.iterdir())[:5]
        raise SourceError(
            f"{place} holds no {_INDEX}, so it was not written by save_counts; it holds: "
            f"{', '.join(held) or 'nothing'}"
        )
    try:
        index: Any = json.loads((place / _INDEX).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SourceError(f"{place / _INDEX} is not readable JSON: {error}") from None
    if not isinstance(index, dict):
        raise SourceError(f"{place / _INDEX} does not describe saved counts")
    kind = index.get("kind")
    if kind != _KIND or not isinstance(index.get("format"), int) or "table" not in index:
        raise SourceError(f"{place / _INDEX} does not describe saved counts (kind: {kind!r})")
    if index["format"] > FORMAT:
        raise SourceError(
            f"{place} was saved in format {index['format']}, and this version reads up to "
            f"{FORMAT}: upgrade the toolkit"
        )
    return index


def _frame(place: Path, name: str) -> pd.DataFrame:
    path = place / f"{name}.parquet"
    if path.parent != place or not path.is_file():
        raise SourceError(f"{place}: the file {name}.parquet is missing")
    try:
        return _with_tuples(pd.read_parquet(path, engine="pyarrow"))
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors or OSErrors
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f"{path} is not a readable Parquet file: {first}") from None


def _with_tuples(frame: pd.DataFrame) -> pd.DataFrame:
    """Parquet gives back lists where there were tuples."""
    lists = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and frame[name].map(lambda cell: isinstance(cell, np.ndarray)).any()
    ]
    cells = {
        name: pd.Series([tuple(cell.tolist()) for cell in frame[name]], index=frame.index)
        for name in lists
    }
    return frame.assign(**cells)
