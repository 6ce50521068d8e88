"""Four patterns for the examples of these rooms, whose fits can be redone by hand."""

from __future__ import annotations

import pandas as pd

from toolkit.counts import PatternCounts, Term, TermKind
from toolkit.counts.provenance import Provenance

__all__ = ["tiny_patterns"]


def tiny_patterns(*, kind: TermKind = "flag", by: str | None = None) -> PatternCounts:
    """Leads with neither a nor b (20 of 120 converted), one of them (40 of 140), both (80 of 180).

    The odds are 20/100, 40/100 and 80/100, so a and b double them each; a pays 20 points, b 10.
    Split by a period, each of two holds half of every cell.

    >>> tiny_patterns().frame.groupby("score")["n"].sum().tolist()
    [120, 140, 140, 180]
    """
    hits = {(0, 0): 20, (1, 0): 40, (0, 1): 40, (1, 1): 80}
    cells = [
        (float(a), float(b), 0.0, 20.0 * a + 10 * b, state, n)
        for (a, b), k in hits.items()
        for state, n in (("converted", k), ("not_converted", 100))
    ]
    frame = pd.DataFrame(cells, columns=["t0", "t1", "offset", "score", "state", "n"])
    if by is not None:
        halves = [frame.assign(**{by: name, "n": frame["n"] // 2}) for name in ("1", "2")]
        frame = pd.concat(halves, ignore_index=True)
    origin = Provenance(
        source="example", engine="none", model=None, model_hash=None, moment="given", outcome="SQL",
        outcome_label="SQL", outcome_window_days=90, observed_until=None, first_moment=None,
        last_moment=None,
    )  # fmt: skip
    terms = (Term("a", "a", "A", 20.0, kind), Term("b", "b", "B", 10.0, kind))
    return PatternCounts(frame, terms, origin, by=(by,) if by else ())
