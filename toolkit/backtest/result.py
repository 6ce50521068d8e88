"""A backtest: scored leads with their outcomes, inside the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import duckdb
import pandas as pd

from toolkit.backtest.sql import quoted
from toolkit.counts import Provenance, flow_table

__all__ = ["Backtest", "new_schema"]

_numbers = count(1)


def new_schema(connection: duckdb.DuckDBPyConnection) -> str:
    """Make a schema of its own for one backtest; its name never shows in a result."""
    schema = f"backtest_{next(_numbers)}"
    connection.execute(f"create schema {schema}")
    return schema


@dataclass(frozen=True, slots=True)
class Backtest:
    """Scored leads and what became of them; rows stay in the engine until asked for.

    The table `<schema>.scored` has one row per lead (per lead and period for a panel): `l`, `k`,
    `lead_id`, `account`, `cluster` (what is drawn together: the account, or the lead of a panel),
    `s` (the moment, whole seconds UTC), `score`, `fit`, `behavior`, `state`, `decision`,
    `quarter`, `month`, `seg0`, ... and p0, p1, ... (points per criterion, in file order).
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    schema: str = field(repr=False)
    provenance: Provenance
    segments: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()

    @property
    def flow(self) -> pd.DataFrame:
        """Every imported lead accounted for: `kind`, `step`, `n`, `remaining`."""
        return flow_table(self.provenance)

    def rows(self) -> pd.DataFrame:
        """One row per scored lead, sorted by lead_id and moment.

        Columns: `lead_id`, `account_id`, `moment` (UTC; NaT for a flat file), `score`, `fit`,
        `behavior`, `state`, `decision`, `quarter`, `month`, the segments, and one column of
        points per criterion, named by its id.
        """
        chosen = "".join(f", seg{i} as {quoted(name)}" for i, name in enumerate(self.segments))
        chosen += "".join(f", p{i} as {quoted(name)}" for i, name in enumerate(self.criteria))
        return self.connection.execute(f"""
            select lead_id, account as account_id, make_timestamp(s * 1000000) as moment, score,
              fit, behavior, state, decision, quarter, month{chosen}
            from {self.schema}.scored order by lead_id, s""").df()
