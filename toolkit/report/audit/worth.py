"""What a score is worth: points against the rate that was seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import (
    Monotonicity,
    PointsFit,
    calibration_table,
    fit_points,
    monotonicity,
)
from toolkit.report.audit.before import promises
from toolkit.report.audit.common import among
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_calibration
from toolkit.report.findings import fact
from toolkit.report.wording import Words, count, percent, score_range, span

if TYPE_CHECKING:
    from toolkit.report.audit.prepared import Audit

__all__ = ["falling_text", "points_text", "show_calibration"]

_MOST_ROWS = 20
_STEPS = (20, 10, 5, 2, 1)
"""Points whose worth is spelled out: the most that lie between the lowest and highest score seen."""
_TENTH = 0.1
_MOST_FALLS = 4


def show_calibration(audit: Audit) -> Section:
    """The rate at each score, the rising curve in it, and where rising is refuted."""
    found = monotonicity(audit.ranked)
    falling = falling_text(found)
    if not audit.told:
        return _untold_calibration(found, falling)
    table = calibration_table(audit.ranked)
    note = f"Among {among(audit)}."
    parts: list[Part] = [Paragraph(_said(found, falling), *_tone(found))]
    parts.append(Picture(plot_calibration(table, words=audit.words, refuted=falling, note=note)))
    parts.append(_steps_table(table, audit.words))
    line = fit_points(audit.ranked)
    parts.append(Paragraph(points_text(line, words=audit.words), "finding"))
    facts: dict[str, object] = {
        "calibration.monotone_refuted": found.refuted,
        "calibration.falling_pairs": len(found.pairs),
        **_points_facts(line),
    }
    held, about_them = promises(audit)
    return Section((*parts, *held), {**facts, **about_them})


def points_text(line: PointsFit, *, words: Words) -> str:
    """Say what some points (20 where scores are spread enough) do to the odds, and what they would do to a rate of one in ten.

    Odds are no chances: the rate is spelled out, so that nobody reads `times as likely`.
    """
    if math.isnan(line.slope):
        return f"What points do to the odds of {words.becoming} is not known: {line.reason}."
    factor, low, high = _factors(line)
    ends = f"95% interval {_times(low)} to {_times(high)}"
    said = f"{_step(line)} points more multiply the odds of {words.becoming} by {_times(factor)} ({ends})"
    odds = _TENTH / (1 - _TENTH) * factor
    meant = f"from a rate of {percent(_TENTH, 0)} to one of {percent(odds / (1 + odds), 0)}"
    if low <= 1 <= high:
        return f"{said}: not enough evidence that points say anything of the odds."
    return f"{said}, that is {meant}, if the odds rise evenly with the points."


def _step(line: PointsFit) -> int:
    seen = 0 if line.lowest is None or line.highest is None else line.highest - line.lowest
    return next((step for step in _STEPS if step <= seen), 1)


def _factors(line: PointsFit) -> tuple[float, float, float]:
    slopes = (line.slope, line.slope_low, line.slope_high)
    # Beyond e^50 the odds are a number that no page can hold.
    one, two, three = (math.exp(min(_step(line) * slope, 50.0)) for slope in slopes)
    return one, two, three


def _times(factor: float) -> str:
    return f"{factor:.2f}" if factor < 10 else f"{factor:.0f}" if factor < 1000 else "over 1,000"  # noqa: PLR2004 - digits by size


def _points_facts(line: PointsFit) -> dict[str, object]:
    factor, low, high = _factors(line) if not math.isnan(line.slope) else (math.nan,) * 3
    return {
        "calibration.points": _step(line),
        "calibration.odds": fact(factor),
        "calibration.odds_low": fact(low),
        "calibration.odds_high": fact(high),
    }


def _untold_calibration(found: Monotonicity, falling: str) -> Section:
    """Scores that fall are worth knowing even where the score may be younger than the outcome."""
    facts: dict[str, object] = {
        "calibration.monotone_refuted": found.refuted,
        "calibration.falling_pairs": len(found.pairs),
    }
    warned = (Paragraph(_said(found, falling), *_tone(found)),) if found.refuted else ()
    return Section((untold(), *warned), facts)


def falling_text(found: Monotonicity) -> str:
    """Say where more points convert worse, each with its rate.

    E.g. `leads with 17 points (4.9%) and 16 (48.8%) convert worse than leads with 15 (63.6%)`.
    """
    if not found.refuted:
        return ""
    lower = ["lower_score", "lower_score_to"]
    first = found.pairs.iloc[0]
    alike = found.pairs[(found.pairs[lower] == first[lower]).all(axis=1)].head(_MOST_FALLS)
    rows = alike.to_dict("records")
    worse = [_with_rate(rows[0], "higher", " points"), *(_with_rate(r, "higher") for r in rows[1:])]
    listed = " and ".join([", ".join(worse[:-1]), worse[-1]] if worse[1:] else worse)
    return f"leads with {listed} convert worse than leads with {_with_rate(first, 'lower')}"


def _with_rate(row: Any, side: str, unit: str = "") -> str:
    scores = score_range(row[f"{side}_score"], row[f"{side}_score_to"] + 1)
    return f"{scores}{unit} ({percent(row[f'{side}_rate'])})"


def _said(found: Monotonicity, falling: str) -> str:
    if found.refuted:
        return f"{falling[0].upper()}{falling[1:]}."
    if found.reason:
        return f"Whether the rate rises with the points cannot be said: {found.reason}."
    return (
        "Nowhere do the data refute that more points mean a higher rate, all scores compared at once."
        " That is no proof that every step up is a real one."
    )


def _tone(found: Monotonicity) -> tuple[str, str] | tuple[str]:
    return (
        ("warning", "Higher scores do not always convert better.")
        if found.refuted
        else ("finding",)
    )


def _steps_table(table: pd.DataFrame, words: Words) -> Table:
    """The steps of the rising curve: neighbouring scores with one rate are one row."""
    known = table.dropna(subset=["isotonic"]).sort_values("score")
    step = (known["isotonic"].round(12).diff() != 0).cumsum()
    rows = (
        known.groupby(step)
        .agg(
            first=("score", "min"),
            last=("score", "max"),
            n=("n", "sum"),
            positives=("positives", "sum"),
            isotonic=("isotonic", "first"),
            band_low=("band_low", "min"),
            band_high=("band_high", "max"),
        )
        .sort_values("first", ascending=False)
    )
    shown = rows[rows["n"] >= 5].head(_MOST_ROWS)  # noqa: PLR2004 - smaller cells are hidden
    columns = [
        Column("Points", lambda row: score_range(row["first"], row["last"] + 1), "left"),
        Column("Judged leads", lambda row: count(row["n"])),
        Column(f"{words.became} (of judged)", lambda row: count(row["positives"])),
        Column(f"{words.rate} on the rising curve", lambda row: percent(row["isotonic"])),
        Column(
            "95% band for all scores at once", lambda row: span(row["band_low"], row["band_high"])
        ),
    ]
    return table_of(
        shown,
        columns,
        caption="From points to a rate",
        note="Scores between which no rise is seen share a row.",
    )
