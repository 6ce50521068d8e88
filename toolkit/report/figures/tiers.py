"""Whether each tier of scores converts more often than the one below it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, joined, score_range, span

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_tiers", "tiers_sentence"]

_SURE = 0.05
_UNTOLD = "Cannot be told from this data"


def plot_tiers(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the tiers of `tier_table`, highest first, each with its rate.

    Orange squares: tiers that surely convert more often than the next one below (`answer` Yes, and
    Holm's p at most 5%). A tier whose rate is NaN is drawn as its range, where the table has the
    columns `above_lowest` and `above_highest` (`below_lowest`, `below_highest` of its last row).
    """
    words = words or Words()
    records = table.to_dict("records")
    tops = [None, *(record["tier_from"] for record in records[:-1])]
    rows = [_upper(record, top) for record, top in zip(records, tops, strict=True)]
    rows += [_side(record, "below", _lowest(record)) for record in records[-1:]]
    about = (
        f"Share of judged leads that {words.became}. Squares: surely more often than the next tier"
        " below, all pairs allowed for. Thin lines: 95% interval."
    )
    ranged = any(row.ranges for row in rows)
    said = " Grey: where a rate may lie, because too many of its leads were never worked."
    return rows_chart(
        tiers_sentence(table, words=words), f"{about}{said if ranged else ''} {note}", rows
    )


def _sure(record: Mapping[Hashable, Any]) -> bool:
    return record["answer"] == "Yes" and bool(record["p_holm"] <= _SURE)


def _upper(record: Mapping[Hashable, Any], top: float | None) -> Row:
    return _side(record, "above", score_range(record["tier_from"], top))


def _lowest(record: Mapping[Hashable, Any]) -> str:
    return score_range(record["next_from"], record["tier_from"])


def _side(record: Mapping[Hashable, Any], side: str, scores: str) -> Row:
    ends = tuple(float(record.get(f"{side}_{end}", math.nan)) for end in ("lowest", "highest"))
    untold = math.isnan(float(record[f"{side}_rate"])) and not math.isnan(sum(ends))
    return Row(
        name=f"{scores} points",
        rate=float(record[f"{side}_rate"]),
        low=float(record[f"{side}_low"]),
        high=float(record[f"{side}_high"]),
        positives=float(record[f"{side}_positives"]),
        n=float(record[f"{side}_n"]),
        strong=side == "above" and _sure(record),
        ranges=((ends[0], ends[1]),) if untold else (),
        text=f"cannot be told ({span(ends[0], ends[1], 0)})" if untold else "",
    )


def _less(record: Mapping[Hashable, Any]) -> bool:
    return record["answer"] == "No" and bool(record["high"] < 0 and record["p_holm"] <= _SURE)


def _steps(records: list[dict[Hashable, Any]]) -> str:
    return joined([f"{record['tier_from']:,.0f}" for record in reversed(records)])


def tiers_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Name the steps between tiers that are sure, those that are not, and those nobody can know."""
    records = table.to_dict("records")
    sure, less = ([record for record in records if test(record)] for test in (_sure, _less))
    untold = [record for record in records if record["answer"] == _UNTOLD]
    if len(untold) == len(records):
        return f"Whether leads of a higher tier {words.become} more often cannot be told"
    if not sure and not less:
        judged = "that can be judged leads" if untold else "leads"
        return f"In no tier {judged} are seen to {words.become} more often than in the one below it"
    if len(sure) == len(records):
        return f"Leads of each tier {words.become} more often than those of the one below it"
    ways = [(found, how) for found, how in ((sure, "more often"), (less, "less often")) if found]
    (first, how), *others = ways
    said = f"Leads from {_steps(first)} points up {words.become} {how}"
    also = "".join(f", and from {_steps(found)} points up {other}," for found, other in others)
    return f"{said}{also} than those of the tier below{_rest(len(sure + less), len(untold), len(records))}"


def _rest(seen: int, untold: int, tiers: int) -> str:
    if seen == tiers:
        return ""
    if not untold:
        return "; the other tiers are not seen to differ from the one below them"
    others = "of the others" if seen + untold == tiers else "of some others"
    return f"; {others} it cannot be told"
