"""What the CRM learns of a lead later: its title, or that it is another lead of the same account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .behavior import DEMO, Log
from .people import LEVELS
from .plan import DAY, NEVER, OBSERVED_UNTIL, Bools, DemoPlan, Ints, Texts, as_utc

if TYPE_CHECKING:
    from .people import People

__all__ = ["Changes", "draw_merges", "draw_titles"]

_TITLES = np.array([title for titles in LEVELS.values() for title in titles], dtype=object)
_YOUNGEST = 15 * DAY  # after the landmark, so that every lead has its own moment


@dataclass(frozen=True, slots=True)
class Changes:
    """Titles and merges over time, one entry per lead."""

    title_at: Ints
    """From when the title of the export is known; NEVER where it always was."""
    title_before: Texts
    """The title until then, None without one."""
    other: Ints
    """Number of the lead that is merged into this one, -1 without."""
    joined: Ints
    """When it is."""
    gone: Ints
    """When this lead is merged into another."""

    @classmethod
    def none(cls, n: int) -> Changes:
        """Nothing changes."""
        never = np.full(n, NEVER)
        nobody = np.full(n, -1, dtype=np.int64)
        return cls(never, np.full(n, None, dtype=object), nobody, never, never)

    @property
    def merged(self) -> Bools:
        """The leads that are merged into others."""
        return self.gone < NEVER

    def is_of(self, level: str, lead: Ints, at: Ints, now: Bools) -> Bools:
        """Whether the title known at an instant is of a level; `now`: that of the export is."""
        before = np.isin(self.title_before.astype(str), LEVELS[level])
        waits = (self.title_at[lead] < NEVER) & (at < self.title_at[lead])
        return np.where(waits, before[lead], now[lead])

    def taken_over(self, log: Log) -> Log:
        """What survivors have of those that came in, as activities of their own."""
        winner = np.full(len(self.gone), -1, dtype=np.int64)
        into = np.flatnonzero(self.other >= 0)
        winner[self.other[into]] = into
        theirs = log.where(winner[log.lead] >= 0)
        return Log(winner[theirs.lead], theirs.at, theirs.kind).ordered()

    def counts(self) -> dict[str, int]:
        """How many of each were planted."""
        late = self.title_at < NEVER
        arrives = late & pd.isna(self.title_before)
        return {
            "title_arrives": int(arrives.sum()),
            "title_changes": int((late & ~arrives).sum()),
            "merged": int(self.merged.sum()),
        }

    def title_rows(self, people: People) -> pd.DataFrame | None:
        """Rows of `lead_changes`, if any."""
        rows = np.flatnonzero(self.title_at < NEVER)
        if not len(rows):
            return None
        return pd.DataFrame({
            "lead_id": people.leads["lead_id"].to_numpy(dtype=object)[rows],
            "field": "title",
            "old_value": self.title_before[rows],
            "value": people.leads["title"].to_numpy(dtype=object)[rows],
            "valid_from": as_utc(self.title_at[rows]),
        })  # fmt: skip

    def merge_rows(self, people: People) -> pd.DataFrame | None:
        """Rows of `lead_merges`, if any."""
        winner = np.flatnonzero(self.other >= 0)
        if not len(winner):
            return None
        ids = people.leads["lead_id"].to_numpy(dtype=object)
        return pd.DataFrame({
            "loser_id": ids[self.other[winner]],
            "winner_id": ids[winner],
            "merged_at": as_utc(self.joined[winner]),
        })  # fmt: skip


def draw_titles(people: People, plan: DemoPlan, rng: np.random.Generator) -> Changes:
    """Let titles arrive some days after the creation, or follow another title."""
    n = len(people.created)
    title = people.leads["title"].to_numpy(dtype=object)
    place = pd.Index(_TITLES).get_indexer(pd.Index(title))
    draw, age = rng.random(n), (OBSERVED_UNTIL - people.created) / DAY
    late = draw < plan.late_title_share
    changed = ~late & (draw < plan.late_title_share + plan.changed_title_share)
    days = np.where(late, 0.1 + rng.exponential(8, size=n), rng.uniform(1, np.maximum(age, 1.1)))
    at = people.created + (days * DAY).astype(np.int64)
    known = (late | changed) & (place >= 0) & (at < OBSERVED_UNTIL)
    before = _TITLES[(place + rng.integers(1, len(_TITLES), size=n)) % len(_TITLES)]
    before[~(known & changed)] = None
    return replace(
        Changes.none(n),
        title_at=np.where(known, at, NEVER),
        title_before=before,
    )


def draw_merges(
    people: People,
    log: Log,
    crossing: Ints,
    plan: DemoPlan,
    rng: np.random.Generator,
    *,
    titles: Changes,
) -> Changes:
    """Merge leads that never come to sales themselves into an earlier one of their account.

    Neighbours in time are paired within each account, so no survivor is merged away in turn.
    """
    n = len(people.created)
    silent = crossing == NEVER
    silent[log.lead[log.kind == DEMO]] = False
    at = people.created + _YOUNGEST + (rng.exponential(20, size=n) * DAY).astype(np.int64)
    order = np.lexsort((people.created, people.account))
    account = people.account[order]
    place = np.arange(n) - np.searchsorted(account, account)
    second = np.flatnonzero((place % 2 == 1) & (account >= 0))
    loser, winner = order[second], order[second - 1]
    fit = silent[loser] & (at[loser] < OBSERVED_UNTIL)
    loser, winner = loser[fit], winner[fit]
    wanted = min(round(plan.merged_share * n), len(loser))
    chosen = np.sort(rng.choice(len(loser), size=wanted, replace=False))
    loser, winner = loser[chosen], winner[chosen]
    return replace(
        titles,
        other=_placed(np.full(n, -1, dtype=np.int64), winner, loser),
        joined=_placed(np.full(n, NEVER), winner, at[loser]),
        gone=_placed(np.full(n, NEVER), loser, at[loser]),
    )


def _placed(into: Ints, place: Ints, value: Ints) -> Ints:
    into[place] = value
    return into
