"""Two thresholds at once: who is called, who is nurtured, who is left alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import Payoff, ScoreBand, best_thresholds, two_thresholds
from toolkit.report.audit.best import candidates
from toolkit.report.audit.common import among, counted, small
from toolkit.report.audit.ranking import untold
from toolkit.report.audit.told import band_rate, bands_told, unworked_share
from toolkit.report.display import Column, Paragraph, Section, Table, table_of
from toolkit.report.findings import fact
from toolkit.report.threshold.inputs import volume_table
from toolkit.report.wording import count, money, number, percent, score_range, true_minus

if TYPE_CHECKING:
    from collections.abc import Hashable

    from toolkit.analysis import BestThresholds, PolicySet
    from toolkit.report.threshold.inputs import Review

__all__ = ["policy_text", "routes_table", "show_routes", "upper_text"]

_NO_PAIR = (
    "Two thresholds are needed: a band that begins below today's and one that begins above it, or a pair"
    " named (routes). Neither is there."
)
_ROUTES = ("call at once", "nurture", "leave alone")


def show_routes(review: Review) -> Section:
    """What each route brings and asks for, and whether the pair of thresholds should stay."""
    if not review.audit.told:
        return Section((untold(),))
    if review.routes is None:
        return Section((Paragraph(_NO_PAIR, "note"),))
    lower, upper = review.routes
    text, facts = _judged(review, lower, upper)
    lead = "Cannot be told from this data:" if _hidden(review, lower) else ""
    return Section(
        (Paragraph(text, "finding", lead), _table(review)),
        {"routes.lower": lower, "routes.upper": upper, **facts},
    )


def _hidden(review: Review, lower: int) -> bool:
    """Whether too many leads from the lower threshold up were never worked."""
    return review.restricted and review.threshold is not None and lower < review.threshold


def _judged(review: Review, lower: int, upper: int) -> tuple[str, dict[str, object]]:
    pays = review.payoffs
    if pays is None:
        text = (
            f"Whether to nurture from {count(lower)} and to call at once from {count(upper)} depends on"
            " what a wasted call costs and on what nurturing costs and gains, and that was not given"
            " (cost_ratio, nurture_gain, nurture_cost)."
        )
        return text, {}
    if _hidden(review, lower):
        return _upper_alone(review, upper, pays)
    found = two_thresholds(
        review.worked,
        nurture=pays[0],
        immediate=pays[1],
        today=(lower, upper),
        thresholds=candidates(review.worked, review.threshold),
    )
    known = _pair(found, (lower, upper))
    facts: dict[str, object] = {
        "routes.keep": found.keep,
        **{
            f"routes.per_100{end}": fact(100 * float(known[name]))
            for end, name in (("", "utility"), ("_low", "low"), ("_high", "high"))
        },
    }
    return policy_text(found, (lower, upper), whose=among(review.audit)), facts


def _upper_alone(
    review: Review, upper: int, pays: tuple[Payoff, Payoff]
) -> tuple[str, dict[str, object]]:
    """Where the lower one cannot be judged: from where on a call is worth more than nurturing."""
    gain, loss = (call - nurture for call, nurture in zip(pays[1], pays[0], strict=True))
    today = review.threshold
    found = best_thresholds(
        review.worked,
        cost_ratio=-loss / gain,
        threshold=upper,
        thresholds=candidates(review.worked, today),
    )
    text = (
        f"from where to nurture, because {percent(unworked_share(review.audit, below=today or 0), 0)} of"
        f" the leads below {count(today or 0)} were never worked, and the others perhaps for what they did"
        f" later. {upper_text(found, upper, whose=among(review.audit))}"
    )
    return text, {"routes.keep": "Cannot be told from this data", "routes.keep_upper": found.keep}


def upper_text(found: BestThresholds, upper: int, *, whose: str) -> str:
    """Say from where on a call is worth more than nurturing, among leads that can be judged."""
    at = f"Calling at once from {count(upper)}, and nurturing below it"
    if found.best is None or found.keep not in {"Yes", "No"}:
        return f"{at}: whether that is best among {whose} is not known. {true_minus(found.text)}"
    if found.none_among_best and found.keep == "Yes":
        return f"{at}: not enough evidence that any lead should be called rather than nurtured, among {whose}."
    ends = f"{count(found.low or 0)} to {count(found.high or 0)}"
    if found.keep == "Yes":
        return (
            f"{at}, cannot be told from the best, which lies somewhere from {ends}, among {whose}."
        )
    return f"{at}, is surely not best among {whose}: that lies somewhere from {ends}."


def policy_text(found: PolicySet, today: tuple[int, int], *, whose: str) -> str:
    """Say whether the pair in use cannot be told from the best pair, is surely not, or is unknown."""
    pair = f"Nurturing from {count(today[0])} and calling at once from {count(today[1])}"
    if found.best is None:
        return f"{pair}: nothing can be said. {true_minus(found.text)}"
    row = _pair(found, today)
    value, low, high = (float(row[name]) for name in ("utility", "low", "high"))
    if math.isnan(value):
        return f"{pair} cannot be judged from this data: {row['reason']}."
    worth = (
        f"{pair} is worth {money(100 * value)} ({money(100 * low)} to {money(100 * high)}) per 100"
        f" {whose}"
    )
    inside = found.table["among_best"].fillna(value=False)
    if found.keep == "No":
        return f"{worth}, surely less than the best pair. {_ends(found)}"
    if bool(inside.all()):
        return f"{worth}; not enough evidence: no pair can be told from any other."
    return f"{worth} and cannot be told from the best pair. {_ends(found)}"


def _pair(found: PolicySet, pair: tuple[int, int]) -> dict[Hashable, Any]:
    lower, upper = (
        found.table[name] == at for name, at in zip(("lower", "upper"), pair, strict=True)
    )
    return found.table[lower & upper].to_dict("records")[0]


def _ends(found: PolicySet) -> str:
    inside = found.table[found.table["among_best"].fillna(value=False)]
    lower, upper = (
        score_range(int(inside[side].min()), int(inside[side].max()) + 1)
        for side in ("lower", "upper")
    )
    return f"The best nurtures from somewhere in {lower} and calls from somewhere in {upper}."


def routes_table(review: Review) -> pd.DataFrame:
    """A row per route, the highest scores first: bands with their rates where these are told.

    Columns as `bands_told`, and `median`, `p90` (leads a week that first reach it), `mean`.
    """
    lower, upper = review.routes or (0, 0)
    bands = (
        ScoreBand(_ROUTES[0], upper),
        ScoreBand(_ROUTES[1], lower),
        ScoreBand(_ROUTES[2], None),
    )
    table = bands_told(review.audit, bands)
    weekly = volume_table(review).set_index("threshold").reindex(table["start"])
    return table.assign(
        **{name: weekly[name].astype(float).to_numpy() for name in ("mean", "median", "p90")}
    )


def _table(review: Review) -> Table:
    words, hours = review.audit.words, review.stakes.hours_per_lead
    table = routes_table(review)
    columns = [
        Column("Route", lambda row: str(row["band"]), "left"),
        Column("Points", lambda row: score_range(row["start"], row["stop"]), "left"),
        Column("Leads (all)", lambda row: count(row["leads"])),
        Column("Judged", lambda row: small(row["n"])),
        Column(f"{words.became} (of judged)", lambda row: counted(row["positives"])),
        Column(f"{words.rate} (95% interval), of judged", band_rate),
    ]
    if not table["median"].isna().all():
        columns.append(Column("Reach it a week: median (90th percentile)", _weekly))
    if hours is not None:
        columns.append(
            Column("Hours a week (mean) if called", lambda row: _hours(row["mean"] * hours))
        )
    return table_of(
        table,
        columns,
        caption="Three routes",
        note="A lead that reaches a higher route later counts in each that it reaches. Rates are those"
        " of leads as they were treated: if nurturing changes who converts, these data do not show it.",
    )


def _hours(hours: float) -> str:
    return "" if math.isnan(hours) else number(hours)


def _weekly(row: Any) -> str:
    if math.isnan(row["median"]):
        return ""
    return f"{count(row['median'])} ({count(row['p90'])})"
