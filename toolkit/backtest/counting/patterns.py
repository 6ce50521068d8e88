"""Leads by what they met of each criterion: one row per pattern, however many leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.backtest.counting.products import has_accounts
from toolkit.backtest.counting.scores import _axis
from toolkit.backtest.counting.terms import Floats, Reading, probe_model, read_model
from toolkit.backtest.result import Backtest
from toolkit.backtest.staging import scored_again
from toolkit.counts import STATES, AccountCells, PatternCounts
from toolkit.crm.engines import is_remote
from toolkit.errors import QuestionError
from toolkit.model import Model

__all__ = ["count_patterns"]

MOST = 200_000
"""Patterns that are told apart before they are grouped."""
_WORD = 1 << 62
_DECAY_BINS = (1, 5, 10)
"""Widths, in points, of the bins into which decayed points are put when there are too many."""


def count_patterns(
    backtest: Backtest, *, by: str | None = None, folds: int | None = None, most: int = MOST
) -> PatternCounts:
    """Count leads by the units they met of every criterion, and by state.

    Each case, value or tier that has points of its own is a term of its own; activities count
    units up to their cap, with what cap and decay took off beside them. With more than `most`
    patterns those that differ by few points of decay are grouped, and `grouping` says how.

    Parameters
    ----------
    backtest
        Leads scored by a model.
    by
        Split by `quarter`, `month`, `decision` or a segment of the backtest.
    folds
        Number the accounts (or leads without one) from 0 to folds - 1 by a hash of their id, for
        cross-fitting: the leads of one account are always in the same fold.
    most
        Patterns that are told apart at most.

    Raises
    ------
    QuestionError
        The scores come from a file, not from a model; or the axis does not exist.
    """
    if backtest.model is None or backtest.crm is None:
        raise QuestionError(
            "patterns need a model and its criteria, but these scores were read from a file; "
            "write the model as a file and use run_backtest"
        )
    readings = read_model(backtest.model)
    rows = _Rows.make(backtest, backtest.model, readings, _axis(backtest, by), folds)
    try:
        found = _count(backtest.connection, rows, readings, most)
    finally:
        backtest.connection.execute(f"drop {rows.kind} pattern_row")
        backtest.connection.execute("drop table if exists pattern_unit")
        _give_back(backtest.connection)
    return _made(backtest, readings, rows, found, by)


def _give_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Have the engine return what it freed to the system: it keeps some 50 MB for its next query.

    It does so whenever its memory limit is set. The limit is shown cut to one digit after the
    point, so the middle of what it may be is set: 0.05 GiB off at most, and never further.
    """
    if is_remote(connection):
        return
    row = connection.execute("select current_setting('memory_limit')").fetchone()
    size, _, unit = str(row[0] if row else "").partition(" ")
    if "." in size:
        connection.execute(f"set memory_limit = '{float(size) + 0.05:.2f} {unit}'")


@dataclass(frozen=True, slots=True)
class _Rows:
    """The temporary table or view `pattern_row`, and its columns by what they hold."""

    kind: str
    """A view where nothing has to be joined: a second scan costs less than a second copy."""
    points: tuple[str, ...]
    asked: tuple[tuple[str, ...], ...]
    """The probes of each criterion."""
    split: tuple[str, ...]
    clustered: bool
    values: tuple[str, ...]
    """The values of `by`, which `pattern_row` numbers."""

    @classmethod
    def make(
        cls,
        backtest: Backtest,
        model: Model,
        readings: Sequence[Reading],
        axis: str | None,
        folds: int | None,
    ) -> _Rows:
        """Put beside each scored row what the probes say, the state and the axes as numbers."""
        scored = f"{backtest.schema}.scored"
        asked, join = _ask(backtest, model, readings)
        clustered = has_accounts(backtest, scored)
        execute = backtest.connection.execute
        rows = [] if axis is None else execute(
            f"select distinct {axis} as v from {scored} order by v nulls last").fetchall()  # fmt: skip
        values = tuple("(missing)" if row[0] is None else str(row[0]) for row in rows)
        split = ["state", *(["by"] if axis else []), *(["fold"] if folds else [])]
        states = " ".join(f"when '{state}' then {i}" for i, state in enumerate(STATES))
        chosen = f", case s.state {states} end as k_state"
        if axis:
            place = (
                "list_position(?::varchar[], coalesce(cast(s."
                + axis
                + " as varchar), '(missing)'))"
            )
            chosen += f", {place} - 1 as k_by"
        if folds:
            chosen += f", {_fold('s', folds)} as k_fold"
        names = "".join(f", s.p{i}" for i in range(len(readings)))
        names += "".join(f", u.{column}" for columns in asked for column in columns)
        kind = "table" if axis or join else "view"
        execute(f"""
            create or replace temp {kind} pattern_row as
            select s.l, s.k, s.g, s.score{names}{chosen} from {scored} as s{join}""",
            [list(values)] if axis else [],
        )  # fmt: skip
        points = tuple(f"p{i}" for i in range(len(readings)))
        return cls(kind, points, asked, tuple(f"k_{name}" for name in split), clustered, values)

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells patterns apart, beside the score."""
        return (*self.points, *(c for columns in self.asked for c in columns), *self.split)


def _fold(rows: str, folds: int) -> str:
    """The first 32 bits of an MD5: the same on every machine and version."""
    if folds < 2:  # noqa: PLR2004 - one fold is none
        raise QuestionError(f"folds is {folds}: expected 2 or more")
    key = f"coalesce('in ' || {rows}.cluster, 'alone ' || {rows}.lead_id)"
    return f"cast(concat('0x', substr(md5({key}), 1, 8)) as bigint) % {int(folds)}"


def _ask(
    backtest: Backtest, model: Model, readings: Sequence[Reading]
) -> tuple[tuple[tuple[str, ...], ...], str]:
    """Score the probes; return their columns by criterion, and the join that brings them."""
    probes = probe_model(model, readings)
    if probes is None or backtest.crm is None:
        return tuple(() for _ in readings), ""
    with scored_again(probes, backtest.crm, backtest.moments_schema) as (plan, score):
        names = "".join(f", p{i} as v{i}" for i in range(len(plan.rules)))
        backtest.connection.execute(
            f"create or replace temp table pattern_unit as select l, k{names} from ({score})"
        )
    number = {p.criterion.id: i for i, p in enumerate(probes.criteria)}
    asked = tuple(tuple(f"v{number[p.id]}" for p in reading.probes) for reading in readings)
    return asked, " join pattern_unit as u on u.l = s.l and u.k = s.k"


# --- grouping ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """The cells: keys and mean score as columns, and by which rule they were grouped."""

    frame: pd.DataFrame
    grouping: str | None
    accounts: AccountCells | None


def _count(
    connection: duckdb.DuckDBPyConnection, rows: _Rows, readings: Sequence[Reading], most: int
) -> _Found:
    """Group exactly, or by the finest rule that leaves few enough patterns."""
    frame = pd.DataFrame()
    grouping = None
    for width in (None, *_DECAY_BINS):
        keys = _key_sql(rows, readings, width)
        ranges = _ranges(connection, keys)
        words = _words(keys, ranges)
        frame = _group(connection, words, rows, exact=width is None)
        grouping = None if width is None else _grouping_words(width)
        if len(frame) <= most or not _fading(readings):
            break
    frame = frame.sort_values([f"w{i}" for i in range(len(words))], ignore_index=True)
    accounts = _accounts(connection, words, frame) if rows.clustered else None
    rest = frame.drop(columns=[f"w{i}" for i in range(len(words))])
    return _Found(rest.assign(**_unpacked(frame, ranges)), grouping, accounts)


def _fading(readings: Sequence[Reading]) -> list[int]:
    return [i for i, r in enumerate(readings) if any(extra.kind == "decay" for extra in r.extras)]


def _grouping_words(width: int) -> str:
    return (
        f"patterns whose points of a decaying criterion lie in the same {width} points are taken "
        "together, each at the mean of its leads"
    )


def _key_sql(rows: _Rows, readings: Sequence[Reading], width: int | None) -> dict[str, str]:
    """The key columns as SQL; grouped, the fading ones stand in bins and the score is no key."""
    keys = {name: name for name in (*rows.keys, *(["score"] if width is None else []))}
    if width is not None:
        for i in _fading(readings):
            units = width / abs(readings[i].score) * abs(readings[i].own)
            keys[f"p{i}"] = f"cast(floor(p{i} / {units!r}) as bigint)"
    return keys


def _ranges(
    connection: duckdb.DuckDBPyConnection, keys: dict[str, str]
) -> dict[str, tuple[int, int]]:
    ends = ", ".join(f"min({sql}), max({sql})" for sql in keys.values())
    row = connection.execute(f"select {ends} from pattern_row").fetchall()[0]
    return {name: (int(row[2 * i] or 0), int(row[2 * i + 1] or 0)) for i, name in enumerate(keys)}


def _packed(ranges: dict[str, tuple[int, int]]) -> list[list[tuple[str, int]]]:
    """The columns of each 62-bit word, each with the factor it stands at."""
    words: list[list[tuple[str, int]]] = [[]]
    factor = 1
    for name, (low, high) in ranges.items():
        if factor * (high - low + 1) > _WORD:
            words.append([])
            factor = 1
        words[-1].append((name, factor))
        factor *= high - low + 1
    return words


def _words(keys: dict[str, str], ranges: dict[str, tuple[int, int]]) -> list[str]:
    """Pack the keys into as few whole numbers as hold them: groups of 20 columns need more memory."""
    return [
        " + ".join(f"cast({keys[name]} - ({ranges[name][0]}) as bigint) * {f}" for name, f in word)
        for word in _packed(ranges)
    ]


def _unpacked(
    frame: pd.DataFrame, ranges: dict[str, tuple[int, int]]
) -> dict[str, NDArray[np.signedinteger[Any]]]:
    """The columns that the words hold, each in the smallest whole numbers that do."""
    columns = {}
    for i, word in enumerate(_packed(ranges)):
        code = frame[f"w{i}"].to_numpy(dtype=np.int64)
        for name, factor in word:
            low, high = ranges[name]
            small = np.promote_types(np.min_scalar_type(low), np.min_scalar_type(-1 - abs(high)))
            columns[name] = (code // factor % (high - low + 1) + low).astype(small)
    return columns


def _group(
    connection: duckdb.DuckDBPyConnection, words: list[str], rows: _Rows, *, exact: bool
) -> pd.DataFrame:
    chosen = ", ".join(f"{sql} as w{i}" for i, sql in enumerate(words))
    # Sums of whole numbers: a mean of doubles would depend on the order of rows.
    means = "" if exact else "".join(
        f", cast(sum({name}) as double) / count(*) as mean_{name}"
        for name in ("score", *rows.points)
    )  # fmt: skip
    return connection.execute(
        f"select {chosen}{means}, count(*) as n from pattern_row group by "
        + ", ".join(f"w{i}" for i in range(len(words)))
    ).df()


def _accounts(
    connection: duckdb.DuckDBPyConnection, words: list[str], frame: pd.DataFrame
) -> AccountCells:
    """The cells of every account with two leads or more."""
    names = [f"w{i}" for i in range(len(words))]
    codes = frame[names].assign(cell=np.arange(len(frame)))
    connection.register("pattern_code", codes)
    chosen = ", ".join(f"{sql} as {name}" for sql, name in zip(words, names, strict=True))
    match = " and ".join(f"c.{name} = r.{name}" for name in names)
    connection.execute("""
        create or replace temp table pattern_account as
        select g, cast(row_number() over (order by g) - 1 as integer) as account
        from pattern_row where g is not null group by g having count(*) > 1""")
    cells = connection.execute(f"""
        select r.account, cast(c.cell as integer) as cell, cast(count(*) as integer) as n
        from (select a.account, {chosen} from pattern_row as s
              join pattern_account as a on a.g = s.g) as r
          join pattern_code as c on {match}
        group by all order by all""").df()
    connection.unregister("pattern_code")
    connection.execute("drop table pattern_account")
    return AccountCells(cells)


# --- from codes to units -------------------------------------------------------------------------


def _made(
    backtest: Backtest,
    readings: Sequence[Reading],
    rows: _Rows,
    found: _Found,
    by: str | None,
) -> PatternCounts:
    """Turn points and codes into units, on the cells."""
    frame, model = found.frame, backtest.model
    columns: dict[str, _Numbers] = {}
    extras: list[_Numbers] = []
    offset = np.zeros(len(frame))
    for i, reading in enumerate(readings):
        mean = f"mean_p{i}"
        paid = _floats(frame[mean if mean in frame else f"p{i}"])
        own = paid / reading.own if reading.own else paid
        if reading.ledger:
            offset += own * reading.score
            continue
        units, lost = reading.units(own, [_floats(frame[name]) for name in rows.asked[i]])
        for each in units:
            columns[f"t{len(columns)}"] = _whole(each, np.int16)
        extras += map(_whole, lost)
    score = _floats(frame["mean_score" if "mean_score" in frame else "score"])
    columns |= {f"x{i}": each for i, each in enumerate(extras)}
    columns |= {"offset": _whole(offset), "score": _whole(score)}
    others: dict[str, NDArray[Any]] = {
        "state": np.array(STATES, dtype=object)[frame["k_state"].to_numpy()]
    }
    if by is not None:
        others[by] = np.array(rows.values, dtype=object)[frame["k_by"].to_numpy()]
    if "k_fold" in frame:
        others["fold"] = frame["k_fold"].to_numpy(dtype=np.int64)
    others["n"] = frame["n"].to_numpy(dtype=np.int64)
    return PatternCounts(
        frame=pd.DataFrame({**columns, **others}, copy=False),
        terms=tuple(term for reading in readings for term in reading.terms),
        provenance=backtest.provenance,
        extras=tuple(extra for reading in readings for extra in reading.extras),
        base=0.0 if model is None else model.base / model.scale,
        by=(by,) if by else (),
        accounts=found.accounts,
        grouping=found.grouping,
    )


_Numbers = Floats | NDArray[np.signedinteger[Any]]


def _whole(values: Floats, kind: type[np.signedinteger[Any]] = np.int32) -> _Numbers:
    """Whole numbers where they all are: most units and points are, and take less memory so."""
    if float(np.abs(values).max(initial=0.0)) > np.iinfo(kind).max:
        return values
    whole = values.astype(kind)
    return whole if np.array_equal(whole, values) else values


def _floats(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64)
