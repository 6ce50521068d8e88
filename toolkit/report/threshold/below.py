"""What lies below the threshold, and the pilot that would show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from toolkit.analysis import exploration_sample, rate
from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.report.audit.decisions import pilot_size, pilot_width
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Bullets, Paragraph, Section
from toolkit.report.findings import fact, rate_facts
from toolkit.report.threshold.inputs import volume_table
from toolkit.report.threshold.load import fitting
from toolkit.report.threshold.worth import judged
from toolkit.report.wording import count, month_text, percent, plural, rate_text, score_range

if TYPE_CHECKING:
    from datetime import date

    from toolkit.report.threshold.inputs import Review

__all__ = ["Pilot", "below_text", "pilot_of", "recommended", "show_below", "show_recommendation"]

_TEN_YEARS = 520


@dataclass(frozen=True, slots=True)
class Pilot:
    """A random sample of the leads from `lower` up to the threshold, to be worked."""

    lower: int
    threshold: int
    leads: int
    """Leads seen with lower <= score < threshold."""
    unworked_share: float
    """Of the mature ones of them."""
    n: int
    weeks: float
    """Weeks in which so many such leads arrive; NaN without dates."""
    ready: date | None
    """When the last of them could be judged, if it began on the day of the report."""

    @property
    def needed(self) -> bool:
        """Whether too many of these leads were never worked to read the answer off."""
        return not self.unworked_share <= MOST_UNWORKED


def pilot_of(review: Review) -> Pilot | None:
    """Size the pilot by the break-even rate; without one by the width of the interval."""
    audit, today, lower = review.audit, review.threshold, review.lower
    if today is None or lower is None:
        return None
    counts, ratio = audit.ranking, review.stakes.cost_ratio
    found = exploration_sample(
        counts,
        threshold=today,
        lower=lower,
        cost_ratio=0.1 if ratio is None else ratio,
        margin=pilot_margin(review),
    )
    n = pilot_size(audit) if ratio is None else found.n_needed
    weeks = found.weeks * n / found.n_needed
    return Pilot(lower, today, found.leads, found.unworked_share, n, weeks, _ready(review, weeks))


def pilot_margin(review: Review) -> float:
    """The distance from the break-even rate that the pilot is to see.

    As agreed; half of the break-even rate where what was agreed is more than all of it, since a rate
    so far below it does not exist.
    """
    stakes = review.stakes
    wide = stakes.margin >= stakes.break_even
    return stakes.break_even / 2 if wide else stakes.margin


def _ready(review: Review, weeks: float) -> date | None:
    origin = review.audit.ranking.provenance
    until, window = origin.observed_until, origin.outcome_window_days
    if until is None or window is None or math.isnan(weeks) or weeks > _TEN_YEARS:
        return None
    start = max(until, review.audit.prepared_on)
    return start + timedelta(days=math.ceil(7 * weeks) + window)


def below_text(review: Review, pilot: Pilot) -> str:
    """Say what is known of the leads below the threshold, and what would make the rest known."""
    words = review.audit.words
    scores = score_range(pilot.lower, pilot.threshold)
    if not pilot.leads:
        return f"No lead scored {scores}: there is nothing to lower the threshold for."
    if math.isnan(pilot.unworked_share):
        return f"Of the leads scored {scores} none is old enough to judge."
    if not pilot.needed:
        found = rate(review.audit.ranking, at_least=pilot.lower, below=pilot.threshold)
        return (
            f"Of {count(found.n)} judged leads scored {scores} {count(found.positives)}"
            f" {words.became}: {rate_text(found.estimate, found.low, found.high)}."
        )
    share = percent(pilot.unworked_share, 0)
    asked = f"Contact a random {count(pilot.n)} of them"
    never = f"{share} of leads scored {scores} were never contacted."
    if pilot.ready is not None:
        return f"{never} {asked} and this can be answered by {month_text(pilot.ready)}."
    if not math.isnan(pilot.weeks):
        return f"{never} {asked} and this can be answered, at the present pace in over ten years."
    return f"{never} {asked} and this can be answered; without dates nobody can say when."


def show_below(review: Review) -> Section:
    """The box on what lies below the threshold."""
    if not review.audit.told:
        return Section((untold(),))
    pilot = pilot_of(review)
    if pilot is None:
        return Section((Paragraph("No threshold in use was named.", "note"),))
    lead = "Cannot be told from this data:" if pilot.needed and pilot.leads else ""
    facts: dict[str, object] = {
        "below.lower": pilot.lower,
        "below.leads": pilot.leads,
        "below.never_worked_share": fact(pilot.unworked_share),
    }
    if not pilot.needed:
        found = rate(review.audit.ranking, at_least=pilot.lower, below=pilot.threshold)
        facts |= rate_facts("below", found)
    else:
        facts |= {"below.pilot": pilot.n, "below.pilot_weeks": fact(pilot.weeks)}
    return Section(
        (Paragraph(below_text(review, pilot), "warning" if lead else "finding", lead),), facts
    )


def recommended(review: Review) -> tuple[str, ...]:
    """What follows from the numbers: mostly to keep the threshold, and to try before moving it."""
    if not review.audit.told:
        return ("To keep score history from now on, so that the next review can answer.",)
    today = review.threshold
    if today is None:
        return ("To name the threshold in use: nothing can be held against it before.",)
    found = judged(review)
    return (
        _on_today(review, today, found.of_all, found.of_worked),
        *_on_capacity(review, today),
        *_on_pilot(review),
    )


def _on_capacity(review: Review, today: int) -> tuple[str, ...]:
    capacity = review.stakes.capacity_per_week
    if capacity is None or today not in review.volumes:
        return ()
    table = volume_table(review, capacity)
    mean = float(table.loc[table["threshold"] == today, "mean"].iloc[0])
    if math.isnan(mean) or mean <= capacity:
        return ()
    least = fitting(table, capacity)
    instead = (
        "no threshold looked at fits"
        if least is None
        else f"of the thresholds looked at, {count(least)} is the lowest that fits"
    )
    return (
        (
            f"More people, or fewer leads: {mean:.0f} a week reach {count(today)} points, the team can"
            f" work {capacity:g}; {instead}. Until that is settled, work the highest scores first."
        ),
    )


def _on_today(review: Review, today: int, of_all: str, of_worked: str) -> str:
    at = count(today)
    if review.best is None:
        return f"Keep {at} until somebody says what a wasted call costs; nothing here asks for a change."
    if of_worked == "Yes":
        where = " (of higher ones; lower ones are not known)" if review.restricted else ""
        return f"Keep {at}: no other threshold is seen to be worth more{where}."
    if of_worked == "No":
        return _on_change(review, today, of_all)
    return f"Keep {at}: not enough evidence for another threshold."


def _on_change(review: Review, today: int, of_all: str) -> str:
    best = review.best
    if best is None or best.best is None or best.low is None or best.high is None:
        return f"Question whether leads should be called at all at this cost: no threshold, {count(today)} included, is seen to pay."
    nearest = best.low if best.low > today else best.high
    pilot = (
        f"Try {count(nearest)}, the nearest that cannot be told from the best, before deciding: leads scored"
        f" {score_range(*sorted((nearest, today)))} are what is at stake, so let chance send"
        " every second one of them to sales and compare after one outcome window."
    )
    if of_all == "No":
        return pilot
    return f"{pilot} The answer is of worked leads only."


def _on_pilot(review: Review) -> tuple[str, ...]:
    pilot = pilot_of(review)
    if pilot is None or not pilot.needed or not pilot.leads:
        return ()
    return (
        (
            f"Do not lower {count(pilot.threshold)} on these numbers. First let sales contact a random"
            f" {count(pilot.n)} leads scored {count(pilot.lower)} to {count(pilot.threshold - 1)}."
        ),
    )


def show_recommendation(review: Review) -> Section:
    """What follows, and how to try it."""
    parts = [Bullets("What follows", recommended(review))]
    pilot = pilot_of(review) if review.audit.told else None
    if pilot is not None and pilot.needed and pilot.leads:
        parts.append(Bullets("The pilot", _design(review, pilot)))
    return Section(tuple(parts), {"recommendation.first": recommended(review)[0]})


def _design(review: Review, pilot: Pilot) -> tuple[str, ...]:
    words, stakes = review.audit.words, review.stakes
    window = review.audit.ranking.provenance.outcome_window_days
    late = "" if window is None else f" within {window} days"
    steps = [
        (
            f"Who: {plural(pilot.n, 'lead')} scored {count(pilot.lower)} to"
            f" {count(pilot.threshold - 1)}, drawn by lot when they reach that score, not picked by"
            " anybody."
        ),
        _how_long(pilot),
        f"How: sales works them as it works any {words.handed}, and does not know which they are.",
        f"Counted: those that {words.to_become}{late}, of all that were drawn, worked or not.",
        _rule(review, pilot),
        "The number and the rule stand before the first call; nobody looks half-way and stops.",
    ]
    if stakes.hours_per_lead is not None:
        steps.append(f"It takes about {count(pilot.n * stakes.hours_per_lead)} hours of sales.")
    if stakes.cost_per_lead is not None:
        unit = f" {stakes.currency}" if stakes.currency else ""
        steps.append(f"It costs about {count(pilot.n * stakes.cost_per_lead)}{unit}.")
    return tuple(step for step in steps if step)


def _how_long(pilot: Pilot) -> str:
    if math.isnan(pilot.weeks):
        return ""
    arrive = f"So many arrive in about {plural(math.ceil(pilot.weeks), 'week')}"
    if pilot.ready is None:
        return f"{arrive}: too long; take a wider range of scores."
    load = pilot.n / pilot.weeks if pilot.weeks else math.nan
    return f"How long, at about {load:.0f} leads a week on top: {arrive[0].lower()}{arrive[1:]}; the last can be judged by {month_text(pilot.ready)}."


def _rule(review: Review, pilot: Pilot) -> str:
    stakes, today = review.stakes, count(pilot.threshold)
    if math.isnan(stakes.break_even):
        return (
            f"Then: their {review.audit.words.rate} is known to about {pilot_width(review.audit)} either way; whether that is"
            " enough depends on what a wasted call costs, which should be agreed first."
        )
    even, margin = percent(stakes.break_even), pilot_margin(review)
    instead = (
        ""
        if margin == stakes.margin
        else f" (the {100 * stakes.margin:g} points agreed are more than {even} itself)"
    )
    return (
        f"Then: lower the threshold to {count(pilot.lower)} if the low end of the interval of their"
        f" {review.audit.words.rate} is above {even}, where a call breaks even; keep {today} if the"
        f" high end is below it; else there is not enough evidence and {today} stays. A true rate"
        f" {100 * margin:.2g} points off {even} is found in 4 of 5 such pilots{instead}."
    )
