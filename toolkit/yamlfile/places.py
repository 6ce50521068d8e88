"""Where the keys and values of a file stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.errors import ToolkitError

__all__ = ["Loc", "PlacedErrorClass", "Places", "shortened"]

Loc = tuple[str | int, ...]
"""A path into the data: keys of mappings and 0-based positions in lists."""


class PlacedErrorClass(Protocol):
    """A class of toolkit.errors that knows its place: ModelError or MappingError."""

    def __call__(
        self, message: str, *, file: str | None, line: int | None, column: int | None
    ) -> ToolkitError:
        """Make the error."""


@dataclass(frozen=True)
class Places:
    """Where each key and value of a file stands, as (line, column), both counted from 1."""

    file: str = "<text>"
    values: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)
    keys: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)

    def of(self, loc: Loc) -> tuple[int, int]:
        """Place of the value at `loc`, or of the nearest thing around it that exists."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, (1, 1))

    def of_key(self, loc: Loc) -> tuple[int, int]:
        """Place of the key that ends `loc`; for a list entry the entry itself."""
        return self.keys.get(loc) or self.of(loc)


def shortened(text: str, *, most: int = 60) -> str:
    """Cut text for an error message."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
