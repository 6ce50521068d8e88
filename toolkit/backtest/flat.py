"""A flat file with a score and an outcome column: audited too, but nothing is point-in-time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.clusters import with_numbers
from toolkit.backtest.result import Backtest, new_schema
from toolkit.backtest.sql import make_table
from toolkit.counts import FlowStep, Provenance
from toolkit.crm.csvfile import CSV_ENDINGS, explain_csv_error, open_csv
from toolkit.errors import DataError, QuestionError, SourceError, nearest_first

__all__ = ["check_column", "converted_of", "read_scored", "read_table", "texts_of"]

_YES = frozenset({"1", "1.0", "true", "yes", "y", "won", "converted"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "lost", "not converted"})
_LARGEST = 1_000_000_000
_SHOWN = 5


def read_scored(
    source: str | Path | pd.DataFrame,
    *,
    score: str | Sequence[str],
    outcome: str,
    account: str | None = None,
    segments: Sequence[str] = (),
    scored_before_outcome: bool = False,
) -> Backtest:
    """Read leads that carry a score and an outcome, without dates.

    Every row with a score and an outcome counts as judged: nothing in such a file says which
    leads were worked or how long they had.

    Parameters
    ----------
    source
        A CSV or Parquet file, or a frame.
    score
        The column with the score, in whole points; several columns are added, and a lead that
        misses one of them has no score.
    outcome
        The column with 1/0, true/false or yes/no.
    account
        The column that names the account, for account-robust intervals.
    segments
        Columns to split counts by.
    scored_before_outcome
        The analyst's declaration that the score was recorded before the outcome. Without it no
        verdict on the score is given.

    Raises
    ------
    SourceError
        The file or a column is not there.
    DataError
        The table is empty, a score is not a whole number, an outcome is neither yes nor no.
    """
    frame, name = read_table(source)
    scores = [score] if isinstance(score, str) else list(score)
    if not scores:
        raise QuestionError("read_scored(score): expected at least one column, found none")
    for column in [*scores, outcome, *([account] if account else []), *segments]:
        check_column(frame, name, column)
    if frame.empty:
        raise DataError(f"{name} has a header and no rows: expected one row per lead")
    points = _sum_of_scores(frame, name, scores)
    converted = converted_of(frame, name, outcome)
    table = pd.DataFrame(
        {
            "score": points,
            "converted": converted,
            "account": texts_of(frame[account]) if account else None,
            **{f"seg{i}": texts_of(frame[segment]) for i, segment in enumerate(segments)},
        },
        index=frame.index,
    ).reset_index(drop=True)
    return _backtest(table, name, scores, outcome, tuple(segments), declared=scored_before_outcome)


def read_table(source: str | Path | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The table, every CSV column as text, and its name for messages."""
    if isinstance(source, pd.DataFrame):
        return source, "the data frame"
    path = Path(source)
    if path.name.lower().endswith(CSV_ENDINGS) and path.is_file():
        return _read_csv(path), path.name
    if path.suffix.lower() == ".parquet" and path.is_file():
        return _read_parquet(path), path.name
    if path.exists():
        raise SourceError(
            f"{path.name} is not a file of a known kind: expected one of "
            f"{', '.join(CSV_ENDINGS)} or .parquet (save a spreadsheet as CSV first)"
        )
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    raise SourceError(f"there is no file {path}: {nearest_first(path.name, beside)}")


def _read_csv(path: Path) -> pd.DataFrame:
    with TemporaryDirectory() as scratch, duckdb.connect() as connection:
        file = open_csv(path, "leads", encoding=None, scratch=Path(scratch))
        try:
            frame = pd.DataFrame(connection.execute(f"select * from {file.relation}").df())
        except duckdb.Error as error:
            raise explain_csv_error(error, [file]) or SourceError(
                f"{path.name} cannot be read as CSV"
            ) from None
        return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        try:
            return pd.DataFrame(connection.read_parquet(str(path)).df())
        except duckdb.Error:
            raise SourceError(f"{path.name} is not a readable Parquet file") from None


def check_column(frame: pd.DataFrame, name: str, column: str) -> None:
    """Raise SourceError, with the nearest names, for a column that is not there."""
    if column not in frame.columns:
        known = [str(known) for known in frame.columns]
        raise SourceError(f"{name} has no column '{column}': {nearest_first(column, known)}")


def texts_of(column: pd.Series) -> pd.Series:
    """Text with missing and blank values as None."""
    text = column.astype("string").str.strip()
    return text.mask(text == "").astype(object).where(lambda cell: cell.notna(), None)


def _sum_of_scores(
    frame: pd.DataFrame, name: str, scores: Sequence[str]
) -> npt.NDArray[np.float64]:
    """The sum of whole points; NaN where any part is missing."""
    total = np.zeros(len(frame))
    for column in scores:
        text = frame[column].astype("string").str.strip()
        text = text.mask(text == "")
        numbers = pd.to_numeric(text, errors="coerce").astype("float64").to_numpy(na_value=np.nan)
        wrong = text.notna().to_numpy() & ~np.isfinite(numbers)
        _refuse(wrong, text, f"{name}, column '{column}': expected a number of points")
        fraction = np.isfinite(numbers) & (numbers != np.round(numbers))
        _refuse(
            fraction,
            text,
            f"{name}, column '{column}': expected whole points (multiply the column, e.g. by 100, "
            "and round it, if the score is a probability)",
        )
        huge = np.isfinite(numbers) & (np.abs(numbers) > _LARGEST)
        _refuse(huge, text, f"{name}, column '{column}': expected points within +-{_LARGEST:,}")
        total = total + numbers
    return total


def _refuse(wrong: npt.NDArray[np.bool_], text: pd.Series, expected: str) -> None:
    if wrong.any():
        found = ", ".join(repr(value) for value in text[wrong].unique()[:_SHOWN])
        first = int(np.flatnonzero(wrong)[0]) + 1
        raise DataError(
            f"{expected}; found {found} in {int(wrong.sum()):,} rows, the first in data row {first:,}"
        )


def converted_of(frame: pd.DataFrame, name: str, outcome: str) -> npt.NDArray[np.float64]:
    """1, 0, or NaN where the outcome is missing."""
    text = frame[outcome].astype("string").str.strip().str.casefold()
    text = text.mask(text == "")
    yes, no = text.isin(_YES).to_numpy(), text.isin(_NO).to_numpy()
    _refuse(
        text.notna().to_numpy() & ~yes & ~no,
        text,
        f"{name}, column '{outcome}': expected 1/0, true/false or yes/no",
    )
    return np.where(yes, 1.0, np.where(no, 0.0, np.nan))


def _backtest(
    table: pd.DataFrame,
    name: str,
    scores: Sequence[str],
    outcome: str,
    segments: tuple[str, ...],
    *,
    declared: bool,
) -> Backtest:
    unscored, unknown = table["score"].isna(), table["converted"].isna()
    used = table[~unscored & ~unknown]
    flow = _flow(len(table), unscored, unknown, used)
    if used.empty:
        raise DataError(
            f"{name}: no row has both a score and an outcome ({int(unscored.sum()):,} of "
            f"{len(table):,} rows have no score). Nothing can be audited"
        )
    connection = duckdb.connect()
    schema = new_schema(connection)
    make_table(connection, f"{schema}.flat", _typed(used))
    chosen = "".join(f", coalesce(seg{i}, '(missing)') as seg{i}" for i in range(len(segments)))
    rows = f"""
        select l, 0 as k, cast(l as varchar) as lead_id, account, account as cluster,
          null::bigint as s, score, null::bigint as fit, null::bigint as behavior,
          case when converted = 1 then 'converted' else 'not_converted' end as state,
          null::varchar as decision, null::varchar as quarter, null::varchar as month{chosen}
        from {schema}.flat"""
    connection.execute(f"create table {schema}.scored as {with_numbers(rows)}")
    provenance = Provenance(
        source=name,
        engine=f"DuckDB {duckdb.__version__}",
        model=None,
        model_hash=None,
        moment="not known: the file has no dates",
        outcome=f"column '{outcome}'",
        outcome_label=outcome,
        outcome_window_days=None,
        observed_until=None,
        first_moment=None,
        last_moment=None,
        point_in_time=declared,
        worked_known=False,
        accounts_known=bool(used["account"].notna().any()),
        caveats=_caveats(scores, declared=declared),
        flow=flow,
    )
    return Backtest(connection, schema, provenance, segments)


def _typed(used: pd.DataFrame) -> pd.DataFrame:
    texts = {
        name: used[name].astype("string")
        for name in used.columns
        if name == "account" or name.startswith("seg")
    }
    numbers = {
        "score": used["score"].astype("int64"),
        "converted": used["converted"].astype("int64"),
    }
    return used.assign(l=used.index + 1, **numbers, **texts)


def _flow(
    imported: int, unscored: pd.Series, unknown: pd.Series, used: pd.DataFrame
) -> tuple[FlowStep, ...]:
    converted = int((used["converted"] == 1).sum())
    excluded = [
        FlowStep("excluded", "no score", int(unscored.sum())),
        FlowStep("excluded", "a score but no outcome", int((unknown & ~unscored).sum())),
    ]
    return (
        FlowStep("start", "rows imported", imported),
        *(step for step in excluded if step.n),
        FlowStep("state", "converted", converted),
        FlowStep("state", "not_converted", len(used) - converted),
        FlowStep("state", "immature", 0),
        FlowStep("state", "unworked", 0),
    )


def _caveats(scores: Sequence[str], *, declared: bool) -> tuple[str, ...]:
    dated = (
        "The file has no dates. The analyst declared that every score was recorded before its "
        "outcome; the data cannot confirm it."
        if declared
        else "Nothing here is point-in-time: the file has no dates, so the score may have been "
        "changed after the outcome, or because of it."
    )
    added = (f"The score is the sum of {' and '.join(scores)}.",) if len(scores) > 1 else ()
    return (
        dated,
        *added,
        (
            "Every lead with an outcome counts as worked and judged: the file does not say which "
            "leads sales called or how long each had to convert."
        ),
    )
