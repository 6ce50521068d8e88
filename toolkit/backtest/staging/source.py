"""Where activities are read: the customer's own columns, as long as that is possible.

The canonical tables are views that trim every text. Over 20 million activities that costs more
than all that is done with them, and hides from the engine that a column has few distinct values.
So kinds are found on the customer's columns, cleaned once for each distinct value, and joined back
on what the customer wrote; ids that are whole numbers are joined as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.backtest.sql import column_names, quoted
from toolkit.crm import Crm

__all__ = ["Activities", "activities_of"]


@dataclass(frozen=True, slots=True)
class Activities:
    """A relation, and SQL over it of every canonical column.

    `raw` is the customer's column behind a canonical one (None: it is made from others, or absent).
    """

    relation: str
    cooked: dict[str, str]
    raw: dict[str, str | None]
    numbers: bool = False
    """Whether lead_id is a whole number in the source."""

    def raws(self, names: Sequence[str]) -> list[str]:
        """The customer's columns behind some of ours, each once."""
        found = (self.raw[name] for name in names)
        return list(dict.fromkeys(column for column in found if column is not None))

    def rows(self, names: Sequence[str], keys: Sequence[str]) -> str:
        """Select some canonical columns, `lead_key`, and the customer's as `a0`, `a1`, ..."""
        chosen = [f"{self.cooked[name]} as {quoted(name)}" for name in names]
        lead = self.raw["lead_id"] if self.numbers else self.cooked["lead_id"]
        chosen += [f"{lead} as lead_key"]
        chosen += [f"{column} as a{i}" for i, column in enumerate(keys)]
        return f"select {', '.join(chosen)} from {self.relation}"


def activities_of(crm: Crm) -> Activities:
    """Read the source itself where the canonical table is a view on it and no copy must be left out."""
    once = _each_once(crm)
    layout = crm.layouts.get("activities")
    if layout is None or once != "activities":
        columns = {name: quoted(name) for name in column_names(crm.connection, "activities")}
        return Activities(once, columns, dict(columns))
    cooked = layout.expressions()
    raw = {name: layout.raw(name) for name in cooked}
    # The role is read from the type of the activity; everything else from its own column.
    return Activities(layout.prepared(), cooked, raw, layout.whole_number("lead_id"))


def _each_once(crm: Crm) -> str:
    """The activities, copies of one activity_id left out (an export that overlaps repeats rows).

    Which copy stays does not depend on the order of rows: the earliest of the first lead.
    """
    if "activity_id" not in column_names(crm.connection, "activities"):
        return "activities"
    copies = crm.connection.execute(
        "select count(activity_id) - count(distinct activity_id) from activities"
    ).fetchall()[0][0]
    if not copies:
        return "activities"
    return """(select * from activities qualify activity_id is null or row_number() over (
        partition by activity_id order by lead_id, occurred_at, activity_type) = 1)"""
