"""What is odd about a CRM export: counted, with lead ids as examples, never a name or address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["Finding", "Level", "findings_table", "plural", "shown", "shown_list"]

Level = Literal["error", "warning", "note"]

EXAMPLES = 3
"""How many lead ids a finding names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader of the numbers must know about the rows.

    `error`: no number of this table can be trusted until it is mended. `warning`: the rows are
    set aside or read in a way that may not be meant. `note`: how something was read.
    """

    level: Level
    code: str
    """Stable word for programs, e.g. `duplicate_leads`."""
    table: str
    text: str
    n: int
    """Rows concerned (0 where it is not about rows)."""
    examples: tuple[str, ...] = ()
    """Lead ids, at most three; an id that is an e-mail address is not shown."""

    def __post_init__(self) -> None:
        """Keep what no reader may see out of the value itself, not only out of its table."""
        object.__setattr__(self, "examples", tuple(map(shown, self.examples[:EXAMPLES])))


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """List findings, the gravest first.

    Columns: `level`, `table`, `code`, `n` (rows concerned), `text`, `examples` (lead ids, comma).
    """
    import pandas as pd  # noqa: PLC0415 - a connection without this table needs no pandas

    rank = {"error": 0, "warning": 1, "note": 2}
    ordered = sorted(findings, key=lambda finding: rank[finding.level])
    rows = [(f.level, f.table, f.code, f.n, f.text, ", ".join(f.examples)) for f in ordered]
    return pd.DataFrame(rows, columns=["level", "table", "code", "n", "text", "examples"])


def shown(value: object, *, most: int = 40) -> str:
    """Prepare a value for a message: shortened, on one line, and never an e-mail address.

    >>> shown("00Q1"), shown("ann@example.com")
    ('00Q1', '(an e-mail address)')
    """
    text = " ".join(str(value).split())
    if "@" in text:
        return "(an e-mail address)"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shown_list(values: Iterable[object], *, quote: str = "", most: int = 12) -> str:
    """Join values for a message, each as `shown` and at most so many.

    >>> shown_list(["b", "a"], quote="'")
    "'b', 'a'"
    """
    listed = [f"{quote}{shown(value)}{quote}" for value in values]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def plural(n: int, one: str, many: str | None = None) -> str:
    """Count something in words.

    >>> plural(1, "lead"), plural(1200, "lead"), plural(2, "activity", "activities")
    ('1 lead', '1,200 leads', '2 activities')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
