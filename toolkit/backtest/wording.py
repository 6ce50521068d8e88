"""What a reader must know of a backtest before believing a number, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from toolkit.backtest.moments import (
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtPeriodEnd,
    AtScoreChange,
    Moment,
    Outcome,
)
from toolkit.backtest.outcomes.candidates import SENT_BACK
from toolkit.backtest.outcomes.evidence import stage_label
from toolkit.backtest.sql import seconds
from toolkit.crm import Crm
from toolkit.model import Model, describe_condition

__all__ = ["NOBODY_KNOWN", "model_caveats", "moment_words", "outcome_caveats", "unit_words"]


def unit_words(moment: Moment, *, several: bool) -> str:
    """What one row is."""
    if isinstance(moment, AtPeriodEnd):
        return f"lead and {moment.period}"
    if not several:
        return "lead"
    if isinstance(moment, AtHandoff):
        return "lead and hand-off"
    if isinstance(moment, AtCrossing):
        return "lead and crossing"
    return "lead and score change" if isinstance(moment, AtScoreChange) else "lead and moment"


def moment_words(crm: Crm, moment: Moment, handoff_stage: str) -> str:
    """The moment rule as reports print it."""
    if isinstance(moment, AtHandoff):
        each = "first" if moment.episodes == "first" else "each"
        return f"{each} hand-off to sales ({stage_label(crm, handoff_stage)})"
    if isinstance(moment, AtAge):
        return f"{moment.days} days after creation"
    if isinstance(moment, AtCrossing):
        each = "first" if moment.episodes == "first" else "each"
        return f"{each} time the replayed score reached {moment.threshold}"
    if isinstance(moment, AtMoments):
        return moment.words
    if isinstance(moment, AtScoreChange):
        return "each recorded change of the score"
    oldest = moment.max_age_days
    aged = "" if oldest is None else f", up to {oldest} days old"
    return f"the end of each {moment.period} while the lead is open{aged}"


def model_caveats(
    model: Model, first_moment: date | None, never_met: Sequence[str]
) -> tuple[str, ...]:
    """What the model and the data do not have in common."""
    caveats = [
        (
            f"The band '{band.name}' begins at {entry.start} instead of {band.start} for leads "
            f"where {describe_condition(entry.when)}; a threshold in this report is that of all "
            "other leads, applied to everybody."
        )
        for band in model.bands
        for entry in band.exceptions
    ]
    valid = model.valid_from
    if first_moment is not None and valid is not None and first_moment < valid:
        caveats.append(
            f"The model is valid from {valid}; earlier moments are scored as if it had run."
        )
    if never_met:
        names = ", ".join(f"'{name}'" for name in never_met)
        caveats.append(f"No activity in the data meets these criteria: {names}.")
    return tuple(caveats)


def outcome_caveats(
    crm: Crm,
    schema: str,
    own: str,
    outcome: Outcome,
    label: str,
    *,
    known: bool,
    words: str,
    until: int,
    handoff: bool,
) -> tuple[str, ...]:
    """What must be known of one outcome; `own` is the schema with its `scored` and `state`."""
    counted = _Counted(crm, schema, own)
    return tuple(
        text
        for text in (
            None if known else NOBODY_KNOWN,
            _organic(counted, label, words),
            _skipped(counted, label),
            _reversed(counted, outcome, label, until),
            _days_only(counted) if handoff else None,
        )
        if text
    )


NOBODY_KNOWN = (
    "No table says which leads sales worked, so every lead counts as worked; a lead that nobody "
    "called then counts as a failure."
)


class _Counted:
    """Counts that the sentences need, made in the engine."""

    def __init__(self, crm: Crm, schema: str, own: str) -> None:
        self.crm, self.schema, self.own = crm, schema, own

    def one(self, sql: str) -> int:
        return int(self.crm.connection.execute(sql).fetchall()[0][0])

    @property
    def converted(self) -> str:
        """The rows that converted, with the second at which they did."""
        return (
            f"(select scored.l, scored.k, state.o, state.direct from {self.own}.scored as scored "
            f"join {self.own}.state as state on state.l = scored.l and state.k = scored.k "
            "where scored.state = 'converted')"
        )


def _organic(counted: _Counted, label: str, words: str) -> str | None:
    n = counted.one(
        f"select count(*) from {counted.own}.scored where state = 'unworked' and organic"
    )
    text = (
        f"Of the unworked leads (scored: {words}) {n:,} reached {label} on their own; they are "
        "kept out of every rate, because the other unworked leads are unknown, not failures."
    )
    return text if n else None


def _skipped(counted: _Counted, label: str) -> str | None:
    n = counted.one(f"select count(*) from {counted.converted} where direct = 0")
    text = (
        f"For {n:,} of the conversions {label} itself was not recorded at the time: they count "
        "from the first later stage, which says that it was passed."
    )
    return text if n else None


def _reversed(counted: _Counted, outcome: Outcome, label: str, until: int) -> str | None:
    """Conversions after which the lead went back: a stage reached stays reached."""
    order = counted.crm.mapping.stage_order
    earlier = order[: order.index(outcome.stage)] if outcome.stage in order else ()
    back = [*earlier, *SENT_BACK]
    n = counted.crm.connection.execute(
        f"""select count(distinct (c.l, c.k)) from {counted.converted} as c
        join {counted.schema}.ids as ids on ids.l = c.l
        join stage_changes as s on s.lead_id = ids.lead_id
        where s.stage in (select unnest($back)) and {seconds("s.entered_at")} > c.o
          and {seconds("s.entered_at")} >= ids.m and {seconds("s.entered_at")} <= {until}""",
        {"back": back},
    ).fetchall()[0][0]
    text = (
        f"{n:,} of the conversions were later moved back (to an earlier stage, recycled or "
        f"disqualified): {label} counts as reached."
    )
    return text if n else None


def _days_only(counted: _Counted) -> str | None:
    n = counted.one(f"""
        select count(*) from {counted.own}.scored as scored
        join {counted.schema}.episode as e on e.l = scored.l and e.k = scored.k and e.d = 1""")
    text = (
        f"{n:,} hand-offs have a date and no time of day: they are scored at the start of that day "
        "(or at the creation, if that is later on the same day), without what the lead did on it."
    )
    return text if n else None
