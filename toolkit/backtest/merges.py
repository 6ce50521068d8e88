"""Whose rows are whose, before and after leads were merged.

Until the merge the two are separate leads: each is scored by what it did itself. From `merged_at`
on they are one: the survivor's score counts what the merged lead ever did, with its own dates, and
whatever is dated later counts for both (a lead that was scored before it was merged away goes on
as its survivor). The merged lead has no moments any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from toolkit.backtest.schemas import new_schema
from toolkit.backtest.sql import make_table, seconds

__all__ = ["LONG_AGO", "Merges", "merged_pairs", "place_ids", "place_together"]

LONG_AGO = -(10**15)
"""Seconds: earlier than any fact; rows that count for a lead from the beginning count from then."""


@dataclass(frozen=True, slots=True)
class Merges:
    """How many merges there are, and of how many the merged lead left no activity of its own."""

    n: int = 0
    traceless: int = 0

    def caveats(self, *, accounts: bool) -> tuple[str, ...]:
        """What a reader must know, one sentence each; `accounts`: whether any is known."""
        if not self.n:
            return ()
        text = (
            f"{self.n:,} leads were merged into others: what they did counts for the survivor from "
            "the merge on, and from then on both share their fate: intervals take them together."
        )
        if not accounts:
            text += " No account is known, so all other leads are taken as independent."
        if self.traceless:
            text += (
                f" Of {self.traceless:,} of them no activity is left under their own id; if the "
                "export moved it to the survivor, it counts there too early."
            )
        return (text,)


def place_ids(connection: duckdb.DuckDBPyConnection, schema: str, *, until: int) -> Merges:
    """Make `<schema>.ids(lead_id, l, m, inherits)` and `<schema>.gone(l, t)`.

    Rows of `lead_id` that are dated at m or later count for lead l; where `inherits` is 1 also
    the earlier ones, known from m on. `gone` says when a lead was merged into another one.
    """
    own = f"select lead_id, l, cast({LONG_AGO} as bigint) as m, 1 as inherits from {schema}.lead"
    if not _any(connection, "lead_merges"):
        connection.execute(
            f"create view {schema}.ids as {own}; create table {schema}.gone (l integer, t bigint)"
        )
        return Merges()
    _place_chain(connection, schema, until=until)
    connection.execute(f"""
        create table {schema}.ids as {own}
        union all
        select c.loser_id, lead.l, c.m, 1 from {schema}.chain as c
        join {schema}.lead as lead on lead.lead_id = c.holder_id
        union all
        select c.holder_id, lead.l, c.m, 0 from {schema}.chain as c
        join {schema}.lead as lead on lead.lead_id = c.loser_id""")
    connection.execute(f"""
        create table {schema}.gone as select lead.l, merge.t from {schema}.merge as merge
        join {schema}.lead as lead on lead.lead_id = merge.loser_id""")
    return _counted(connection, schema)


def merged_pairs(connection: duckdb.DuckDBPyConnection, *, until: int) -> pd.DataFrame:
    """Who is one with whom: `loser`, `winner` (at any remove), `at` (since when), `gone`.

    Seconds UTC; `gone` is when the loser itself was merged away.
    """
    if not _any(connection, "lead_merges"):
        return pd.DataFrame(columns=["loser", "winner", "at", "gone"])
    schema = new_schema(connection)
    try:
        _place_chain(connection, schema, until=until)
        return connection.execute(f"""
            select c.loser_id as loser, c.holder_id as winner, c.m as at, merge.t as gone
            from {schema}.chain as c join {schema}.merge as merge on merge.loser_id = c.loser_id
            order by loser, winner""").df()
    finally:
        connection.execute(f"drop schema {schema} cascade")


def _place_chain(connection: duckdb.DuckDBPyConnection, schema: str, *, until: int) -> None:
    """Make `<schema>.merge(loser_id, winner_id, t)`, and `<schema>.chain(loser_id, holder_id, m)`.

    One merge a lead: the first. A lead cannot survive itself, however long the chain.
    """
    connection.execute(f"""
        create table {schema}.merge as
        select loser_id, winner_id, t from (
          select loser_id, winner_id, {seconds("merged_at")} as t from lead_merges
          where loser_id <> winner_id and merged_at is not null)
        where t <= {until}
        qualify row_number() over (partition by loser_id order by t, winner_id) = 1""")
    connection.execute(f"""
        create table {schema}.chain as
        with recursive chain as (
          select loser_id, winner_id as holder_id, t as m, [loser_id, winner_id] as path
          from {schema}.merge
          union all
          select chain.loser_id, up.winner_id, greatest(chain.m, up.t),
            list_append(chain.path, up.winner_id)
          from chain join {schema}.merge as up on up.loser_id = chain.holder_id
          where not list_contains(chain.path, up.winner_id))
        select loser_id, holder_id, min(m) as m from chain group by loser_id, holder_id""")


def place_together(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Make `<schema>.together(key, cluster)` of those that share a fate because leads were merged.

    A key is an account, or a lead without one; keys of leads that became one, at any remove, have
    one cluster: the outcome of the survivor is that of all of them, counted for each.
    """
    key = "coalesce('account ' || {0}.account, 'lead ' || {1})"
    pairs = connection.execute(f"""
        select {key.format("loser", "m.loser_id")}, {key.format("winner", "m.winner_id")}
        from {schema}.merge as m
        left join {schema}.lead as loser on loser.lead_id = m.loser_id
        left join {schema}.lead as winner on winner.lead_id = m.winner_id
        order by all""").fetchall()
    together = pd.DataFrame(sorted(_clusters(pairs).items()), columns=["key", "cluster"])
    make_table(connection, f"{schema}.together", together.astype("string"))


def _clusters(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Name by its first key the cluster of each key of the pairs.

    >>> _clusters([("b", "c"), ("a", "c"), ("d", "e")])
    {'b': 'a', 'c': 'a', 'a': 'a', 'd': 'd', 'e': 'd'}
    """
    above: dict[str, str] = {}

    def root(key: str) -> str:
        while above.setdefault(key, key) != key:
            above[key] = key = above[above[key]]
        return key

    for pair in pairs:
        first, last = sorted(map(root, pair))
        above[last] = first
    return {key: root(key) for key in above}


def _counted(connection: duckdb.DuckDBPyConnection, schema: str) -> Merges:
    n, traceless = connection.execute(f"""
        select count(*), count(*) filter (loser_id not in
          (select lead_id from activities where lead_id is not null))
        from {schema}.merge""").fetchall()[0]
    return Merges(int(n), int(traceless) if _any(connection, "activities") else 0)


def _any(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    query = f"select count(*) from (select 1 from {table} limit 1)"
    return bool(connection.execute(query).fetchall()[0][0])
