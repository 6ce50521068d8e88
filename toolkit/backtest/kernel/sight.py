"""Which activities can matter to the moments that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from toolkit.backtest.kernel.chunk import FAR, Ints

__all__ = ["Asked", "Sight"]

# Below one lead in so many the engine picks out the activities of those asked for.
_FEW = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """The leads that are asked for, in order of their numbers, with first and last moment."""

    number: Ints
    low: Ints
    high: Ints


class Sight:
    """Whose activity it is, and whether it is not too late and not too old, by the engine's key.

    Keys are dense whole numbers, so each is looked up in an array: no join, no sort. Without
    `asked` the whole lives of all leads are, until `until`. `few` are the keys of the leads that
    are asked for, where they are so few that the engine should choose.
    """

    def __init__(
        self, key: Ints, number: Ints, *, until: int, asked: Asked | None, reach: int | None
    ) -> None:
        self.offset = int(key.min(initial=FAR)) if len(key) else 0
        size = int(key.max(initial=-FAR)) - self.offset + 1 if len(key) else 0
        # Lead numbers begin with 1; a key that is nobody's has 0, and nothing of it is seen.
        self.lead = np.zeros(size, dtype=np.int32)
        self.lead[key - self.offset] = number
        self.most = int(number.max(initial=0))
        self.last = until
        self.first: int | None = None
        self.latest: Ints | None = None
        self.oldest: Ints | None = None
        self.few: Ints | None = None
        if asked is not None:
            self._narrow(key, asked, reach)

    def _narrow(self, key: Ints, asked: Asked, reach: int | None) -> None:
        """Look at some leads only, or at some of their time."""
        self.last = int(asked.high.max(initial=-FAR))
        self.latest = latest = self._by_key(asked.number, asked.high)
        if reach is not None:
            self.first = int(asked.low.min(initial=FAR)) - reach
            self.oldest = self._by_key(asked.number, asked.low - reach)
        if _FEW * len(asked.number) < len(key):
            self.few = key[latest[key - self.offset] > -FAR]

    def _by_key(self, number: Ints, value: Ints) -> Ints:
        found = np.full(self.most + 1, -FAR)
        found[number] = value
        return found[self.lead]

    def seen(self, batch: Mapping[str, Ints]) -> dict[str, Ints]:
        """Keep what matters, with the number of the lead as `l` in place of the key."""
        place, time = batch["key"] - self.offset, batch["t"]
        # A place before the first is, without a sign, far behind the last.
        known = place.view(np.uint64) < len(self.lead)
        if not known.all():
            return self.seen({name: column[known] for name, column in batch.items()})
        kept, others = self._kept(place, time), {**batch}
        del others["key"]
        if len(kept) < len(place):
            place, others = place[kept], {name: column[kept] for name, column in others.items()}
        return {"l": self.lead[place].astype(np.int64), **others}

    def _kept(self, place: Ints, time: Ints) -> Ints:
        if self.latest is None:
            return np.flatnonzero(self.lead[place])
        kept = np.flatnonzero(time <= self.latest[place])
        return kept if self.oldest is None else kept[time[kept] > self.oldest[place[kept]]]
