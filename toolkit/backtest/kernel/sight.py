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

    Keys are dense whole numbers, so each is looked up in an array: no join, no sort. `few` are the
    keys of the leads that are asked for, where they are so few that the engine should choose.
    """

    def __init__(self, key: Ints, number: Ints, asked: Asked, reach: int | None) -> None:
        self.offset = int(key.min(initial=FAR)) if len(key) else 0
        self.size = int(key.max(initial=-FAR)) - self.offset + 1 if len(key) else 0
        # Lead numbers begin with 1; a key that is nobody's has 0, and nothing of it is seen.
        self.lead = np.zeros(self.size, dtype=np.int32)
        self.lead[key - self.offset] = number
        self.most = int(number.max(initial=0))
        self.latest = self._by_key(asked.number, asked.high)
        self.oldest = None if reach is None else self._by_key(asked.number, asked.low - reach)
        self.last = int(asked.high.max(initial=-FAR))
        self.first = None if reach is None else int(asked.low.min(initial=FAR)) - reach
        scarce = _FEW * len(asked.number) < len(number)
        self.few = key[self.latest[key - self.offset] > -FAR] if scarce else None

    def _by_key(self, number: Ints, value: Ints) -> Ints:
        found = np.full(max(self.most, int(number.max(initial=0))) + 1, -FAR)
        found[number] = value
        return found[self.lead]

    def seen(self, batch: Mapping[str, Ints]) -> dict[str, Ints]:
        """Keep what matters, with the number of the lead as `l` in place of the key."""
        place, time = batch["key"] - self.offset, batch["t"]
        known = (place >= 0) & (place < self.size)
        if not known.all():
            return self.seen({name: column[known] for name, column in batch.items()})
        kept = np.flatnonzero(time <= self.latest[place])
        if self.oldest is not None:
            kept = kept[time[kept] > self.oldest[place[kept]]]
        others = {name: column[kept] for name, column in batch.items() if name != "key"}
        return {"l": self.lead[place[kept]].astype(np.int64), **others}
