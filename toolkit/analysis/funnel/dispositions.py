"""What sales did with the leads, how long leads wait, and how soon sales called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.bands import band_table
from toolkit.analysis.cells import _whole
from toolkit.analysis.funnel.cell_rates import cell_rates
from toolkit.analysis.rates import rate_reasons
from toolkit.analysis.robust import read_clusters
from toolkit.analysis.score_groups import score_groups
from toolkit.counts import DISPOSITIONS
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.bands import BandLike
    from toolkit.counts import ScoreCounts, StageCounts, StayCounts

__all__ = ["disposition_table", "response_table", "stall_table"]

_FEW = 5
"""Reasons given for fewer leads of a band are added together."""


def disposition_table(
    counts: StageCounts, bands: Sequence[BandLike] | None = None, *, confidence: float = 0.95
) -> pd.DataFrame:
    """What sales did with the leads of each band within the time it has to decide.

    The denominator is every lead of the band whose time to decide has passed; pending leads are
    counted and in no share. Rows with an empty `given_reason` add up to the leads of the band; the
    rows below `rejected` and `recycled` split these by the reason given, reasons of fewer than 5
    leads together as `other reasons`. Not decided is not rejected: `undecided` and `untouched` say
    nothing on the lead.

    Columns: `band`, `start`, `stop`, `disposition` (accepted, auto_accepted, rejected, recycled,
    no_response, undecided, untouched, pending), `given_reason`, `leads` (with this disposition), `n`
    (the denominator), `share`, `low`, `high`, `reason`.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import FunnelStage, Provenance, StageCounts
    >>> frame = pd.DataFrame({"score": [60, 60, 40], "fit_band": ["A", "A", "B"],
    ...     "behavior_band": "1", "hand_raiser": [True, False, False],
    ...     "disposition": ["accepted", "untouched", "rejected"],
    ...     "given_reason": ["", "", "budget"],
    ...     "stage_sql": ["converted", "not_converted", "not_converted"], "n": [3, 1, 6]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> counts = StageCounts(
    ...     frame, origin, (FunnelStage("sql", "SQL", 90),), ("A", "B"), ("1",), 30, ("demo",)
    ... )
    >>> table = disposition_table(counts)
    >>> table = table[table["leads"] > 0]
    >>> table.loc[table["given_reason"] == "", ["disposition", "leads", "share"]].values.tolist()
    [['accepted', 3, 0.3], ['rejected', 6, 0.6], ['untouched', 1, 0.1]]
    """
    frame = counts.frame
    said = frame["disposition"].astype(str)
    odd = sorted(set(said) - set(DISPOSITIONS))
    if odd:
        raise DataError(f"unknown disposition {odd}: expected one of {list(DISPOSITIONS)}")
    clusters = read_clusters(_whole(frame["n"], "n"), counts.accounts)
    closed = (said != "pending").to_numpy(dtype=np.bool_)
    rows: list[dict[str, object]] = []
    domains = []
    for group in score_groups(_whole(frame["score"], "score"), bands):
        for name in DISPOSITIONS:
            mine = (said == name).to_numpy(dtype=np.bool_) & group.inside
            for given, cells in [("", mine), *_by_reason(frame["given_reason"], mine, clusters.n)]:
                head = {"disposition": name, "given_reason": given}
                rows.append(group.head | head | {"leads": int(clusters.n @ cells)})
                domains.append((cells, closed & group.inside))
    family, rates = cell_rates(clusters, domains, confidence=confidence)
    table = pd.DataFrame(rows)
    open_ = (table["disposition"] == "pending").to_numpy(dtype=np.bool_)
    table["n"] = family.n.astype(np.int64)
    for column, values in (("share", rates.estimate), ("low", rates.low), ("high", rates.high)):
        table[column] = np.where(open_, np.nan, values)
    # Here the denominator is not that of judged leads.
    notes = rate_reasons(family.n, rates, nobody="no leads whose time to decide has passed")
    reasons = [
        f"still within {counts.decide_within_days} days" if pending else reason
        for pending, reason in zip(open_, notes, strict=True)
    ]
    return table.assign(reason=pd.Series(reasons, dtype=object))


def _by_reason(
    given: pd.Series, mine: NDArray[np.bool_], n: NDArray[np.float64]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Cells by reason, the most frequent first, rare ones together."""
    named = given[mine & (given != "").to_numpy(dtype=np.bool_)]
    if named.empty:
        return []
    cells = {name: mine & (given == name).to_numpy(dtype=np.bool_) for name in sorted(set(named))}
    sizes = {name: float(n @ inside) for name, inside in cells.items()}
    rare = [name for name, size in sizes.items() if size < _FEW]
    kept = sorted((name for name in sizes if name not in rare), key=lambda name: -sizes[name])
    found = [(name, cells[name]) for name in kept]
    if rare:
        found.append(("other reasons", np.logical_or.reduce([cells[name] for name in rare])))
    return found


def stall_table(stays: StayCounts, *, share: float = 0.9, confidence: float = 0.95) -> pd.DataFrame:
    """Leads that wait in a stage longer than most of those that moved on from it did.

    The limit of a stage is the day by which `share` of the leads that moved on had done so; a lead
    is stalled if it is still there after more days. Of the leads still there the share that is
    stalled has a Wilson interval, over accounts where they are known. The limit looks at finished
    stays only, so in a stage that has been in use for a short time it is too low. A lead whose end
    nobody recorded is still in its last stage and stalls there: many of those say more about the
    records than about sales. Stages that no lead ever left (won, lost) have no limit.

    Columns: `stage`, `moved_on` (leads that left it), `limit_days`, `n` (still there), `positives`
    (stalled), `rate` (positives / n), `low`, `high`, `reason`.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import Provenance, StayCounts
    >>> frame = pd.DataFrame({"stage": "mql", "days": [1, 2, 2, 9],
    ...     "moved": [True, True, False, False], "n": [9, 1, 1, 1]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> table = stall_table(StayCounts(frame, origin))
    >>> table.loc[0, ["moved_on", "limit_days", "n", "positives"]].tolist()
    [10.0, 1.0, 2.0, 2.0]
    """
    if not 0 < share < 1:
        raise QuestionError(f"share is {share}: expected a number between 0 and 1, such as 0.9")
    frame = stays.frame
    clusters = read_clusters(_whole(frame["n"], "n"), stays.accounts)
    days = _whole(frame["days"], "days")
    moved = frame["moved"].to_numpy(dtype=np.bool_)
    rows, domains = [], []
    for stage in sorted(set(frame["stage"])):
        here = (frame["stage"] == stage).to_numpy(dtype=np.bool_)
        limit = _quantile(days[here & moved], clusters.n[here & moved], share)
        moved_on = int(clusters.n @ (here & moved))
        rows.append({"stage": stage, "moved_on": moved_on, "limit_days": limit})
        base = here & ~moved & (not np.isnan(limit))
        domains.append((days > limit, base))
    family, rates = cell_rates(clusters, domains, confidence=confidence)
    still = [int(clusters.n @ ((frame["stage"] == row["stage"]).to_numpy(bool) & ~moved))
             for row in rows]  # fmt: skip
    reasons = [
        "no lead ever left this stage"
        if not row["moved_on"]
        else "no lead is in this stage"
        if not here
        else note
        for row, here, note in zip(rows, still, rate_reasons(family.n, rates), strict=True)
    ]
    return pd.DataFrame(rows, columns=["stage", "moved_on", "limit_days"]).assign(
        n=np.array(still, dtype=np.int64),
        positives=np.where(family.n > 0, family.hits, np.nan),
        rate=rates.estimate,
        low=rates.low,
        high=rates.high,
        reason=pd.Series(reasons, dtype=object),
    )


def _quantile(days: NDArray[np.int64], n: NDArray[np.float64], share: float) -> float:
    """The first day by which at least `share` of the leads had moved on."""
    if not n.sum():
        return np.nan
    order = np.argsort(days, kind="stable")
    reached = np.cumsum(n[order]) >= share * n.sum() - 1e-9
    return float(days[order][np.argmax(reached)])


def response_table(
    counts: ScoreCounts, bands: Sequence[BandLike], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Conversion rate of judged leads by how soon sales first touched them, inside each band.

    What it is not: the effect of calling sooner. Sales chooses whom to call first, leads that
    convert fast leave less time to be called late, and both show here as a difference between
    fast and slow. Compare inside a band, and read it as going together.

    Columns: `response` (fastest first), then those of `band_table`. Raises QuestionError where the
    counts are not by response.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.analysis import ScoreBand
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [("within 1 hour", "converted", 4), ("within 1 hour", "not_converted", 6),
    ...          ("later", "converted", 1), ("later", "not_converted", 9)]
    >>> frame = pd.DataFrame(cells, columns=["response", "state", "n"]).assign(score=60)
    >>> by_response = ScoreCounts(frame, None, ("response",))
    >>> table = response_table(by_response, [ScoreBand("hot", 50)])
    >>> table[["response", "band", "n", "rate"]].values.tolist()
    [['within 1 hour', 'hot', 10, 0.4], ['later', 'hot', 10, 0.1]]
    """
    if counts.by != ("response",):
        raise QuestionError(
            f"the counts are split by {counts.by or 'nothing'}: give those of count_responses"
        )
    tables = []
    groups = sorted(counts.groups(), key=lambda pair: _speed(pair[0][0]))
    for (response,), part in groups:
        table = band_table(part, bands, confidence=confidence)
        table.insert(0, "response", response)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _speed(response: str) -> float:
    hours = [int(text) for text in re.findall(r"\d+", response)]
    words = {"before the moment": -1.0, "later": 1e9, "never": 2e9}
    return words.get(response, float(hours[-1]) if hours else 3e9)
