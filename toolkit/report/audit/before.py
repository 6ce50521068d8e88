"""Against the time before: whether the score ranks as it did, and the earlier rates still hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import (
    area_difference,
    auc,
    band_table,
    check_mapping,
    decompose_mapping,
    fit_points,
    gains_table,
)
from toolkit.report.audit.common import among, masked
from toolkit.report.audit.quarters import is_closed
from toolkit.report.display import Column, Paragraph, Part, Picture, Table, table_of
from toolkit.report.figures import plot_gains, plot_promises
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import change, count, decimals_for, number, percent

if TYPE_CHECKING:
    from toolkit.analysis import Auc, Decomposition, Difference, MappingCheck, PointsFit
    from toolkit.analysis.calibration.validation import Estimate
    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit
    from toolkit.report.wording import Words

__all__ = [
    "changed_text",
    "held_text",
    "line_table",
    "promised_bands",
    "promises",
    "ranking_before",
]

_ENOUGH_TO_DRAW = 20
"""Conversions in a quarter below which a curve of gains is a few large steps."""
_FIVE_PERCENT = 0.05


def _closed_before(audit: Audit) -> list[str]:
    """The closed quarters before the audited one, in order."""
    counts, quarter = audit.ranked_by_quarter, audit.quarter
    if counts is None or quarter is None:
        return []
    until, window = counts.provenance.observed_until, counts.provenance.outcome_window_days
    names = sorted(labels[0] for labels, _ in counts.groups())
    if quarter not in names:
        return []
    return [name for name in names if name < quarter and is_closed(name, until, window)]


def ranking_before(audit: Audit) -> tuple[list[Part], dict[str, object]]:
    """How well the score ranked in the audited quarter, against the closed one before it."""
    counts, now, closed = audit.ranked_by_quarter, audit.quarter, _closed_before(audit)
    if counts is None or now is None or not closed:
        return [], {}
    before = closed[-1]
    areas = {name: auc(counts.group(name)) for name in (now, before)}
    found = area_difference(counts, now, before)
    text = changed_text(found, areas[now], areas[before], now=now, before=before)
    told = not math.isnan(found.estimate) and _fewest(areas) >= FEWEST
    facts: dict[str, object] = {
        "ranking.before": before,
        **{
            f"ranking.change{end}": fact(value) if told else None
            for end, value in (
                ("", found.estimate),
                ("_low", found.low),
                ("_high", found.high),
            )
        },
    }
    parts: list[Part] = [Paragraph(text, "finding")]
    if min(area.positives for area in areas.values()) >= _ENOUGH_TO_DRAW:
        parts.append(_gains_now(audit, counts, now, before))
    return parts, facts


def _fewest(areas: dict[str, Auc]) -> int:
    return min(min(area.positives, area.negatives) for area in areas.values())


def changed_text(
    found: Difference, now_area: Auc, before_area: Auc, *, now: str, before: str
) -> str:
    """Say whether the score ranks better or worse than in the quarter before, or that nobody knows."""
    if _fewest({now: now_area, before: before_area}) < FEWEST:
        return (
            f"Whether the score ranked in {now} as it did in {before} cannot be said: fewer than"
            f" {FEWEST} judged leads converted, or did not, in one of them."
        )
    if math.isnan(found.estimate):
        return f"Whether the score ranked in {now} as it did in {before} cannot be said: {found.reason}."
    a, b = (
        percent(area.estimate, decimals_for(area.low, area.high))
        for area in (now_area, before_area)
    )
    ends = f"{change(found.low)} to {change(found.high)}".replace(" points to", " to")
    seen = f"In {now} the converting lead had the higher score in {a} of pairs, in {before} in {b}"
    if found.high < 0:
        return f"{seen}: the ranking has become worse, by {change(-found.estimate)} ({ends})."
    if found.low > 0:
        return f"{seen}: the ranking has become better, by {change(found.estimate)} ({ends})."
    return f"{seen}: no change can be told ({change(found.estimate)}, {ends})."


def _gains_now(audit: Audit, counts: ScoreCounts, now: str, before: str) -> Picture:
    """The gains of the audited quarter over those of the one before."""
    return Picture(
        plot_gains(
            gains_table(counts.group(now)),
            words=audit.words,
            among=f"{among(audit)} in {now}",
            earlier=(before, gains_table(counts.group(before))),
        )
    )


def promises(audit: Audit) -> tuple[list[Part], dict[str, object]]:
    """Bands and the line from points to rates of all closed quarters before, tried on this one."""
    bands = promised_bands(audit)
    if bands is None:
        return [], {}
    words, about = audit.words, f"Earlier: all quarters before. Among {among(audit)}."
    figure = plot_promises(bands, words=words, when=f"in {audit.quarter}", note=about)
    parts, facts = _tried(audit)
    return [Picture(figure), *parts], {
        "calibration.bands_compared": int(bands["rate"].notna().sum()),
        **facts,
    }


def promised_bands(audit: Audit) -> pd.DataFrame | None:
    """Bands of the audited quarter beside the rate of all closed quarters before it."""
    counts, quarter, closed = audit.ranked_by_quarter, audit.quarter, _closed_before(audit)
    if counts is None or quarter is None or not closed:
        return None
    seen = masked(band_table(counts.group(quarter), audit.bands))
    before = masked(band_table(_together(counts, closed), audit.bands))
    both = seen.merge(
        before[["start", "rate"]].rename(columns={"rate": "promised"}), on="start", how="left"
    )
    # Bands below the bar are not ranked where most of their leads were never worked.
    ranked = audit.threshold is None or audit.ranked is audit.ranking
    return both if ranked else both[both["start"] >= audit.threshold].reset_index(drop=True)


def _together(counts: ScoreCounts, quarters: list[str]) -> ScoreCounts:
    """The leads of several quarters, for estimates whose intervals nobody asks for."""
    inside: pd.DataFrame = counts.frame[counts.frame["quarter"].astype(str).isin(quarters)]
    summed = inside.groupby(["score", "state"], as_index=False)[["n"]].sum()
    return replace(counts, frame=summed, by=(), accounts=None, accounts_by={}, accounts_across=None)


@dataclass(frozen=True, slots=True)
class _Trial:
    """The line of the earlier quarters, and the leads of the audited one, which had no part in it."""

    line: PointsFit
    seen: ScoreCounts
    quarter: str
    since: str


def _trial(audit: Audit) -> _Trial | None:
    counts, quarter, closed = audit.ranked_by_quarter, audit.quarter, _closed_before(audit)
    if counts is None or quarter is None or not closed:
        return None
    since = closed[0] if len(closed) == 1 else f"{closed[0]} to {closed[-1]}"
    return _Trial(fit_points(_together(counts, closed)), counts.group(quarter), quarter, since)


def _tried(audit: Audit) -> tuple[list[Part], dict[str, object]]:
    """Whether the line of the earlier quarters still holds; the numbers behind it are `line_table`."""
    trial = _trial(audit)
    if trial is None:
        return [], {}
    line, seen, since = trial.line, trial.seen, trial.since
    if math.isnan(line.slope):
        text = f"Whether the rates of {since} still hold cannot be said: {line.reason}."
        return [Paragraph(text, "finding")], {}
    check, parts = check_mapping(seen, line), decompose_mapping(seen, line)
    text = held_text(check, words=audit.words, now=trial.quarter, since=since)
    facts: dict[str, object] = {"calibration.joint_p_value": fact(check.joint_p_value)}
    for name in ("observed_expected", "in_the_large", "slope"):
        facts |= _named(f"calibration.{name}", getattr(check, name))
    for name in ("miscalibration", "discrimination", "uncertainty"):
        facts[f"calibration.{name}"] = fact(getattr(parts, name))
    return [Paragraph(text, "finding")], facts


def _named(name: str, found: Estimate) -> dict[str, object]:
    return {
        name: fact(found.estimate),
        f"{name}_low": fact(found.low),
        f"{name}_high": fact(found.high),
    }


def held_text(check: MappingCheck, *, words: Words, now: str, since: str) -> str:
    """Say whether the rates of earlier quarters are refuted, or that it cannot be said."""
    asked = f"Whether the rates of {since} still hold in {now} cannot be said"
    if math.isnan(check.joint_p_value):
        return f"{asked}: {check.reason or 'too few accounts to judge by'}."
    if check.positives < FEWEST:
        return f"{asked}: fewer than {FEWEST} judged leads {words.became}."
    ratio = check.observed_expected
    seen = (
        f"{count(check.positives)} of {count(check.n)} judged leads {words.became} in {now}, and the"
        f" rates of {since} promised {number(check.expected)}"
    )
    ends = f"{number(ratio.low, 2)} to {number(ratio.high, 2)}"
    times = f"{number(ratio.estimate, 2)} of what was promised, {ends}"
    if check.joint_p_value < _FIVE_PERCENT:
        return f"{seen} ({times}): the earlier rates no longer hold."
    if ratio.low > 1 or ratio.high < 1:
        p = _p(check.joint_p_value)
        return (
            f"{seen} ({times}): by itself that is more than chance explains, but level and slope"
            f" together do not refute the earlier rates (p = {p})."
        )
    return f"{seen} ({times}): nothing here refutes the earlier rates, which is no proof of them."


def line_table(audit: Audit) -> tuple[Table, ...]:
    """Level, slope and the parts of the Brier score of the earlier line; nothing without one."""
    trial = _trial(audit)
    if trial is None or math.isnan(trial.line.slope):
        return ()
    check = check_mapping(trial.seen, trial.line)
    if math.isnan(check.joint_p_value):
        return ()
    parts = decompose_mapping(trial.seen, trial.line)
    return (_line_table(check, parts, quarter=trial.quarter, since=trial.since),)


def _line_table(check: MappingCheck, parts: Decomposition, *, quarter: str, since: str) -> Table:
    rows = [
        ("Conversions, of those promised", check.observed_expected, "1: as many as promised"),
        ("Intercept, with slope 1 (log odds)", check.in_the_large, "0: as many as promised"),
        ("Slope (of log odds)", check.slope, "1; below it the promises are too far apart"),
        ("Intercept, beside the slope (log odds)", check.intercept, "0, together with slope 1"),
    ]
    texts = [(name, _estimate(found), ideal) for name, found, ideal in rows]
    digits = 4
    texts += [
        ("Miscalibration (part of the Brier score)", f"{parts.miscalibration:.{digits}f}", "0"),
        ("Discrimination (of the same)", f"{parts.discrimination:.{digits}f}", "more is better"),
        ("Uncertainty (of the same)", f"{parts.uncertainty:.{digits}f}", "that of the base rate"),
    ]
    columns = [
        Column("What", lambda row: str(row["what"]), "left"),
        Column(f"Judged leads of {quarter} (95% interval)", lambda row: str(row["value"])),
        Column("Ideal", lambda row: str(row["ideal"]), "left"),
    ]
    return table_of(
        pd.DataFrame(texts, columns=["what", "value", "ideal"]),
        columns,
        caption=f"The line from points to rates of {since}, tried on {quarter}",
        note=f"Intercept 0 and slope 1 together: p = {_p(check.joint_p_value)} (Cox 1958). Brier score"
        " = miscalibration \N{MINUS SIGN} discrimination + uncertainty (Dimitriadis and others 2021);"
        f" chance of as much miscalibration if the line holds: {_p(parts.miscalibration_p)}.",
    )


def _estimate(found: Estimate) -> str:
    if math.isnan(found.estimate):
        return "not known"
    if math.isnan(found.low + found.high):
        return f"{number(found.estimate, 2)} (interval not known)"
    return f"{number(found.estimate, 2)} ({number(found.low, 2)} to {number(found.high, 2)})"


def _p(value: float) -> str:
    return "not known" if math.isnan(value) else "under 0.001" if value < 1e-3 else f"{value:.3f}"  # noqa: PLR2004 - digits by size
