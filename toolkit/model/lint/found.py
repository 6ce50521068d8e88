"""What a lint is, and what the tables must tell before some of them can be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from toolkit.model.conditions import Condition
    from toolkit.yamlfile import Loc, Places

__all__ = ["Draft", "Lint", "LintCode", "LintCounts", "Part"]

LintCode = Literal[
    "overlap",
    "gap",
    "count_hole",
    "same_activity",
    "tiers_contradict",
    "bands_contradict",
    "band_hole",
    "never_reached",
    "always_reached",
    "never_matches",
    "grows_with_size",
    "never_met",
    "unknown_when_missing",
]


@dataclass(frozen=True, slots=True)
class Lint:
    """One thing in a model that its author may not have meant; it never blocks by itself."""

    code: LintCode
    text: str
    """The whole finding in words, with the number of leads where it is known."""
    where: tuple[str, ...]
    """Ids of the criteria or groups, names of the bands, or places as in `gate 2`."""
    lines: tuple[int, ...] = ()
    """The line of each entry of `where`; empty where the file is not known."""
    n: int | None = None
    """Leads that it touches; None where no tables were given, or where it is not about leads."""


@dataclass(frozen=True, slots=True)
class LintCounts:
    """Plain numbers that lints need of the tables, as `count_lints` makes them."""

    n: int
    """Leads that can be scored: the base of all other numbers."""
    leads: Mapping[Condition, int] = field(repr=False)
    """Leads that meet each of `conditions_to_count`."""
    met: Mapping[str, int] = field(repr=False)
    """By id of criterion, the most leads that can ever have met it: 0 means none ever did."""
    shared: Mapping[tuple[str, str], int] = field(repr=False)
    """By two ids, leads with an activity that both criteria count."""
    resets: tuple[int, ...] = ()
    """Leads that each reset of the model ever set back."""


Part = tuple[str, "Loc"]
"""The id or name of a part of the model, and where it stands in the file."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A lint before its leads are counted."""

    code: LintCode
    text: str
    parts: tuple[Part, ...]
    leads: Condition | None = None
    """The leads that it touches."""
    shared: tuple[str, str] | None = None
    """Or those with an activity that these two criteria count."""
    only_with_leads: bool = False
    """Nothing to say unless the tables show such a lead."""

    def finished(self, counts: LintCounts | None, places: Places | None) -> Lint | None:
        """Add lines and the number of leads; None where nothing is left to say."""
        n = None if counts is None else self._counted(counts)
        if self.only_with_leads and not n:
            return None
        told = "" if n is None or counts is None else f" ({n:,} of {counts.n:,} leads)"
        lines = () if places is None else tuple(places.of(at)[0] for _, at in self.parts)
        return Lint(
            self.code, f"{self.text}{told}.", tuple(name for name, _ in self.parts), lines, n
        )

    def _counted(self, counts: LintCounts) -> int | None:
        if self.leads is not None:
            return counts.leads[self.leads]
        return None if self.shared is None else counts.shared[self.shared]
