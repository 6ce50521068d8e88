"""Which thresholds cannot be told from the best, and how that hangs on what a call costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from toolkit.analysis import benefit_sensitivity, decision_curve, exploration_sample
from toolkit.report.audit.best import candidates
from toolkit.report.audit.common import among
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_best, plot_decision, plot_sensitivity
from toolkit.report.findings import fact
from toolkit.report.wording import (
    count,
    money,
    of_all,
    percent_of_few,
    plural,
    score_range,
    true_minus,
)

if TYPE_CHECKING:
    from toolkit.analysis import Answer, BestThresholds
    from toolkit.report.figures import Chart
    from toolkit.report.threshold.inputs import Review

__all__ = ["Judgement", "best_figure", "judged", "optimism_text", "show_sensitivity", "show_worth"]

_CHANCES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
_FEWEST_POSITIVES = 5


class Judgement(NamedTuple):
    """Whether today's threshold should be kept: of all leads, of the worked ones, and why."""

    of_all: Answer
    of_worked: Answer
    why: str


def judged(review: Review) -> Judgement:
    """Judge today's threshold.

    Yes: it is among those that cannot be told from the best. No: it is surely not. Where no
    threshold at all can be told from another, or from handing over nobody, there is not enough
    evidence. Where too many leads were never worked nothing is told of all leads.
    """
    unknown: Answer = "Cannot be told from this data"
    if not review.audit.told:
        return Judgement(unknown, unknown, "The score may be younger than the outcome.")
    if review.threshold is None:
        return Judgement(unknown, unknown, "No threshold in use was named.")
    if review.best is None:
        why = (
            "Which threshold is best depends on what a wasted call costs against the gain of a"
            " useful one, and that was not given."
        )
        return Judgement(unknown, unknown, why)
    inner = _among_worked(review.best)
    if _reached_by_nobody(review) and review.best.best is not None:
        inner = "Not enough evidence" if review.best.none_among_best else "No"
    of_all: Answer = unknown if review.restricted else inner
    return Judgement(of_all, inner, _why(review, review.best, inner))


def _reached_by_nobody(review: Review) -> bool:
    """Whether today's threshold hands over nobody: then it is worth nothing, whatever follows."""
    return bool((review.audit.ranking.frame["score"] < (review.threshold or 0)).all())


def _among_worked(best: BestThresholds) -> Answer:
    known = best.table["among_best"].dropna()
    positives = int(best.table["tp"].max()) if len(best.table) else 0
    alike = len(known) == 0 or bool(known.all())
    if best.keep == "Yes" and (alike or best.none_among_best or positives < _FEWEST_POSITIVES):
        return "Not enough evidence"
    return best.keep


def _why(review: Review, best: BestThresholds, answer: Answer) -> str:
    today = f"today's {count(review.threshold or 0)}"
    said = true_minus(best.text).rstrip(".")
    if _reached_by_nobody(review):
        surely = ", which is surely worth less" if answer == "No" else ""
        return f"No lead reaches {today}: it hands over nobody{surely}. {said}."
    if answer == "Yes" and best.low == best.high:
        asked = best.table["threshold"]
        return (
            f"Of the {len(asked)} thresholds tried, {count(asked.min())} to {count(asked.max())},"
            f" {today} is worth more than any other."
        )
    if answer == "Not enough evidence":
        return f"{said}. {_needed(review, best)}".strip()
    if best.best is None:
        return f"{said}."
    tail = {
        "No": "is worth less" if best.low == best.high else "is not among them",
        "Yes": "is among them, so nothing here speaks for a change",
    }.get(answer)
    kept = said.removesuffix("; choose by capacity") if answer == "Yes" else said
    return f"{kept}; {today} {tail}." if tail else f"{said}."


def _needed(review: Review, best: BestThresholds) -> str:
    """How many leads between today's threshold and its best rival would settle the question."""
    today, ratio = review.threshold, best.cost_ratio
    rivals = best.table[best.table["threshold"] != today].dropna(subset=["behind"])
    if today is None or rivals.empty:
        return "There is no other threshold to compare it with."
    rival = int(rivals.sort_values(["behind", "threshold"])["threshold"].iloc[0])
    low, high = sorted((today, rival))
    rows = {int(row["threshold"]): row for row in best.table.to_dict("records")}
    n = int(rows[low]["n"] - rows[high]["n"])
    if not n:
        return "No judged lead lies between it and its nearest rival."
    rate = float(rows[low]["tp"] - rows[high]["tp"]) / n
    gap = abs(rate - review.stakes.break_even)
    if gap < 1e-3:  # noqa: PLR2004 - no number of leads would settle so small a gap
        return f"Leads between {count(low)} and {count(high)} convert just as often as breaks even."
    found = exploration_sample(
        review.worked, threshold=high, lower=low, cost_ratio=ratio, margin=min(gap, 0.99)
    )
    more = max(found.n_needed - n, 0)
    if not more:
        return ""
    return (
        f"Its nearest rival is {count(rival)}: about {plural(more, 'more judged lead')} scored"
        f" {score_range(low, high)} would settle which of the two is better, if they go on converting as they did."
    )


def best_figure(review: Review, best: BestThresholds) -> Chart:
    """Draw what each threshold is worth."""
    note = f"Among {among(review.audit)}."
    if review.restricted:
        note += f" Thresholds below {count(review.threshold or 0)} cannot be judged."
    stakes = review.stakes
    unit = (stakes.currency or "money") if stakes.money else ""
    return plot_best(best, value=stakes.gain, unit=unit, note=note)


def optimism_text(best: BestThresholds, gain: float = 1.0) -> str:
    """Say what the best threshold is worth after all, having been chosen on the same leads."""
    if best.best is None or math.isnan(best.corrected):
        return ""
    corrected, apparent = (money(100 * gain * each) for each in (best.corrected, best.apparent))
    tried = plural(len(best.table), "threshold")
    if corrected == apparent:
        return (
            f"The best of {tried}, chosen on the very leads it is judged on; the correction for that"
            " is too small to show."
        )
    return (
        f"The best of {tried}, chosen on the very leads it is judged on: the corrected benefit is"
        f" {corrected}, not {apparent}, per 100 leads."
    )


def show_worth(review: Review) -> Section:
    """The indifference set, its optimism, and the decision curve."""
    if not review.audit.told:
        return Section((untold(),))
    parts: list[Part] = []
    facts: dict[str, object] = {}
    if review.best is None:
        parts.append(Paragraph(judged(review).why, "note", "Cannot be told from this data."))
    else:
        drawn = " Page one draws what each of them is worth."
        parts.append(Paragraph(f"{judged(review).why}{drawn}", "finding"))
        text = optimism_text(review.best, review.stakes.gain)
        if text:
            parts.append(Paragraph(text, "note", "Chosen on the same data."))
        facts = _facts(review.best)
    curve = decision_curve(review.worked)
    parts.append(Picture(plot_decision(curve, words=review.audit.words, note=_curve_note(review))))
    return Section(tuple(parts), facts)


def _curve_note(review: Review) -> str:
    text = f"Among {among(review.audit)}; the curve from points to chances was fitted to them, too."
    return (
        f"{text} All of them: those from {count(review.threshold or 0)} points up."
        if review.restricted
        else text
    )


def _facts(best: BestThresholds) -> dict[str, object]:
    return {
        "best.threshold": best.best,
        "best.low": best.low,
        "best.high": best.high,
        "best.nobody_among_best": best.none_among_best,
        "best.keep": best.keep,
        "best.net_benefit": fact(best.apparent),
        "best.corrected": fact(best.corrected),
    }


def show_sensitivity(review: Review) -> Section:
    """How the set moves with the cost ratio, on which people seldom agree."""
    if not review.audit.told:
        return Section((untold(),))
    table = benefit_sensitivity(
        review.worked,
        cost_ratios=_ratios(review),
        threshold=review.threshold,
        thresholds=candidates(review.worked, review.threshold),
        replicates=2000,
    )
    kept = table["keep"] == "Yes"
    parts = (_kept_at(review, table), _table(review, table))
    return Section(parts, {"sensitivity.ratios": len(table), "sensitivity.kept": int(kept.sum())})


def _kept_at(review: Review, table: pd.DataFrame) -> Part:
    """The figure with its sentence; the sentence alone where nothing is told of today's threshold."""
    if review.threshold is None or not table["keep"].isin(["Yes", "No"]).any():
        return Paragraph(_sensitivity_text(review, table), "finding")
    note = f"Among {among(review.audit)}."
    words, today = review.audit.words, review.threshold
    return Picture(plot_sensitivity(table, threshold=today, words=words, note=note))


def _ratios(review: Review) -> list[float]:
    given = review.stakes.cost_ratio
    if given is None:
        return [chance / (1 - chance) for chance in _CHANCES]
    return [given * multiple for multiple in _MULTIPLES]


def _sensitivity_text(review: Review, table: pd.DataFrame) -> str:
    if review.threshold is None:
        return "No threshold in use was named."
    kept = table[table["keep"] == "Yes"]
    today = f"today's {count(review.threshold)}"
    if table["keep"].isin(["Not enough evidence", "Cannot be told from this data"]).all():
        return f"At none of the {len(table)} cost ratios tried can it be said whether {today} is among the best."
    if kept.empty:
        return f"At none of the {len(table)} cost ratios tried is {today} seen among the best."
    ends = [percent_of_few(float(kept["break_even"].agg(end))) for end in ("min", "max")]
    where = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return (
        f"At {of_all(len(kept), len(table))} cost ratios tried {today} cannot be told from the best:"
        f" where working a lead breaks even at {where}."
    )


def _table(review: Review, table: pd.DataFrame) -> Table:
    gain = review.stakes.gain
    columns = [
        Column("Wasted call / useful call", lambda row: f"{row['cost_ratio']:.2g}", "left"),
        Column(
            "A lead pays from a chance of", lambda row: percent_of_few(float(row["break_even"]))
        ),
        Column("Cannot be told from the best", _set_cell),
        Column(
            "Best, per 100 leads: corrected (as seen)",
            lambda row: (
                "not known"
                if math.isnan(float(row["net_benefit"]))
                else f"{_corrected(row, gain)} ({money(100 * gain * row['net_benefit'])})"
            ),
        ),
        Column("Today's among the best", lambda row: str(row["keep"])),
    ]
    marked = [i for i, ratio in enumerate(table["cost_ratio"]) if ratio == review.stakes.cost_ratio]
    note = f"Among {among(review.audit)}. {'In bold: the ratio that was given.' if marked else ''}"
    return table_of(
        table, columns, caption="Other views of what a call costs", note=note.strip(), marked=marked
    )


def _corrected(row: Any, gain: float) -> str:
    value = float(row["corrected"])
    return "not known" if math.isnan(value) else money(100 * gain * value)


def _set_cell(row: Any) -> str:
    low, high = row["low"], row["high"]
    nobody = bool(row["none_among_best"])
    if pd.isna(low):
        return "handing over nobody" if nobody else "not known"
    ends = count(low) if low == high else f"{count(low)} to {count(high)}"
    return f"{ends}, or nobody" if nobody else ends
