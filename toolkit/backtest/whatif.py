"""Had another model run: who would have crossed its threshold, when, and how many in a week."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from toolkit.backtest.core import ActivityRule, FitRule, InactivityRule, Plan, Rule
from toolkit.backtest.kernel import Ints, Points
from toolkit.backtest.merges import merged_pairs
from toolkit.backtest.staging.plan import bucket_columns, make_plan, reset_sets, sources_of
from toolkit.backtest.timeline.crossings import crossings_of
from toolkit.backtest.timeline.known import NEVER
from toolkit.backtest.timeline.paths import Paths, instants, opened
from toolkit.backtest.timeline.persons import once_a_person
from toolkit.crm import Crm
from toolkit.errors import QuestionError
from toolkit.model import CasesCriterion, Group, Model, PerValueCriterion, Reset

__all__ = ["Replay", "replay_models"]

_DAY = 86_400
_WEEK = 7 * _DAY
# 1970 began on a Thursday; weeks begin on Monday.
_MONDAY = 4 * _DAY
_MOST_QUARTERS, _MOST_MONTHS = 4, 12


@dataclass(frozen=True, slots=True)
class Replay:
    """What several models would have handed over in a period.

    `crossings` has one row per lead and model after the first, where the first crossing of either
    lies in the period: `lead_id`, `model`, `champion_crossed_at`, `crossed_at` (UTC; NaT: not
    until `observed_until`), `score` (the model's, on crossing), `days_earlier` (than under the
    first model, in days; negative: later; NaN where one of the two never crossed) and `change`
    (`both`, `swap_in`: this model only, `swap_out`: the first model only).

    `volume` has one row per model and week of the period: `model`, `week` (its Monday), `days` (of
    the week that lie in the period), `n` (leads that cross for the first time) and `n_again`
    (crossings of leads that had crossed before). From a merge on the survivor counts as the person:
    what a merged lead had crossed is an earlier crossing, and where that lead was above at the merge,
    reaching the threshold at that second is none.
    """

    models: tuple[str, ...]
    thresholds: tuple[int, ...]
    start: datetime
    """Naive UTC, the first instant of the period."""
    stop: datetime
    """Naive UTC, the first instant after it (at the latest just after `observed_until`)."""
    crossings: pd.DataFrame
    volume: pd.DataFrame


def replay_models(
    models: Sequence[Model], crm: Crm, *, period: str | tuple[date, date] | None = None
) -> Replay:
    """Replay several models over the same history and compare each with the first.

    Each model hands over at its own threshold (the lowest band with `handoff`). The tables are
    read once, whatever the number of models. Fields and merges are followed and gates are not
    looked at, as in `threshold_crossings`; what sales did because of the first model's
    hand-offs is in the data of all of them, so activities after a hand-off may not have happened
    under another model.

    Parameters
    ----------
    models
        The model in use first, then those to try.
    period
        `"2026Q3"`, `"2026-09"`, or the first and the last day; by default all that is known.

    Raises
    ------
    QuestionError
        There are fewer than two models, two of the same name and version, one without a band that
        hands over, or the period cannot be read or holds nothing.
    """
    names = _names(models)
    thresholds = tuple(_threshold(model) for model in models)
    with opened(_together(models), crm) as paths:
        start, stop = _settled(period, paths)
        found = [
            _crossed(paths, plan, threshold)
            for plan, threshold in zip(_plans(models), thresholds, strict=True)
        ]
        n = len(paths.numbers)
        firsts = [_first(each, n) for each in found]
        rows = [
            _compared(paths, name, firsts[0], first, start, stop)
            for name, first in zip(names[1:], firsts[1:], strict=True)
        ]
        merged = _merged(paths)
        volume = [
            _weekly(name, _by_person(paths, each, merged), start, stop)
            for name, each in zip(names, found, strict=True)
        ]
    return Replay(
        names,
        thresholds,
        _naive(start),
        _naive(stop),
        pd.concat(rows, ignore_index=True),
        pd.concat(volume, ignore_index=True),
    )


def _names(models: Sequence[Model]) -> tuple[str, ...]:
    names = tuple(f"{model.name} {model.version}" for model in models)
    if len(names) < 2:  # noqa: PLR2004 - the one in use and one to try
        raise QuestionError(
            f"replay_models needs the model in use and at least one to try; found {len(names)}"
        )
    for name in names:
        if names.count(name) > 1:
            raise QuestionError(
                f"two of the models are called '{name}'; give one another name or version, so that "
                "the rows can be told apart"
            )
    return names


def _threshold(model: Model) -> int:
    if model.handoff_threshold is None:
        raise QuestionError(
            f"the model '{model.name} {model.version}' has no band with 'handoff: true', so it "
            "hands nobody over; mark the band in the model file"
        )
    return model.handoff_threshold


# --- the period ---------------------------------------------------------------------------------


def _settled(period: str | tuple[date, date] | None, paths: Paths) -> tuple[int, int]:
    """First second of the period, and the first one after it or after all that is known."""
    first = int(paths.leads.created.min())
    if period is None:
        return first, paths.until + 1
    start, stop = (_second(day) for day in _days(period))
    if stop <= start or start > paths.until or stop <= first:
        raise QuestionError(
            f"the period {period} holds nothing: the first lead was created on {_naive(first):%F} "
            f"and the tables are seen until {_naive(paths.until):%F}"
        )
    return start, min(stop, paths.until + 1)


def _days(period: str | tuple[date, date]) -> tuple[date, date]:
    """The first day, and the day after the last."""
    if not isinstance(period, str):
        first, last = period
        return first, last + timedelta(days=1)
    quarter = re.fullmatch(r"(\d{4})Q([1-4])", period.strip())
    month = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period.strip())
    if quarter is None and month is None:
        raise QuestionError(
            f"period: expected a quarter such as '2026Q3', a month such as '2026-09', or the first "
            f"and last day; found {period!r}"
        )
    if quarter is not None:
        year, number = int(quarter[1]), 3 * int(quarter[2]) - 2
        return date(year, number, 1), _month_after(year, number + 2)
    year, number = int(month[1]), int(month[2])  # type: ignore[index]
    return date(year, number, 1), _month_after(year, number)


def _month_after(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def _second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _naive(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None)


# --- several models, one staging ----------------------------------------------------------------


def _together(models: Sequence[Model]) -> Model:
    """One model with the criteria of all, so that the tables are read and encoded once.

    It is never scored: only its flags and points of fields are used, by the plans of each.
    """
    derived: dict[str, object] = {}
    for model in models:
        for name, rule in model.derive:
            if derived.setdefault(name, rule) != rule:
                raise QuestionError(
                    f"the models derive the field '{name}' in different ways; give one of them "
                    "another name"
                )
    return models[0].model_copy(
        update={
            "groups": tuple(g for i, model in enumerate(models) for g in _renamed(i, model)),
            "resets": tuple(r for i, model in enumerate(models) for r in _resets(i, model)),
            "derive": tuple(derived.items()),
            "gates": (),
            "bands": (),
        }
    )


def _renamed(i: int, model: Model) -> Iterator[Group]:
    for group in model.groups:
        criteria = tuple(c.model_copy(update={"id": f"{i} {c.id}"}) for c in group.criteria)
        yield group.model_copy(update={"id": f"{i} {group.id}", "criteria": criteria})


def _resets(i: int, model: Model) -> Iterator[Reset]:
    for reset in model.resets:
        groups = reset.groups or tuple(group.id for group in model.groups)
        yield reset.model_copy(update={"groups": tuple(f"{i} {name}" for name in groups)})


def _plans(models: Sequence[Model]) -> Iterator[Plan]:
    """The plan of each model, on the flags and columns of all of them together."""
    whole = _together(models)
    sets, _ = reset_sets(whole)
    columns = bucket_columns(whole)
    fit = source = 0
    for model in models:
        own_sets, _ = reset_sets(model)
        places = _Places(
            fit,
            source,
            [sets.index(types) for types in own_sets],
            [columns.index(name) for name in bucket_columns(model)],
        )
        plan = make_plan(model)
        yield replace(plan, rules=tuple(places.moved(rule) for rule in plan.rules))
        source += len(sources_of(model))
        kinds = CasesCriterion | PerValueCriterion
        fit += sum(isinstance(placed.criterion, kinds) for placed in model.criteria)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the flags and columns of one model stand among those of all."""

    fit: int
    source: int
    resets: list[int]
    columns: list[int]

    def moved(self, rule: Rule) -> Rule:
        if isinstance(rule, FitRule):
            return replace(rule, source=rule.source + self.fit)
        reset = None if rule.reset is None else self.resets[rule.reset]
        if isinstance(rule, InactivityRule):
            return replace(rule, reset=reset)
        if isinstance(rule, ActivityRule) and rule.bucket is not None:
            column = rule.bucket.column
            moved = None if column is None else self.columns[column]
            rule = replace(rule, bucket=replace(rule.bucket, column=moved))
        return replace(rule, source=rule.source + self.source, reset=reset)


# --- what is compared ---------------------------------------------------------------------------


def _crossed(paths: Paths, plan: Plan, threshold: int) -> dict[str, Ints]:
    def use(points: Points, score: Ints) -> dict[str, Ints]:
        return crossings_of(points, score, [threshold])

    parts = list(paths.each(use, plan=plan))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _first(found: dict[str, Ints], n: int) -> tuple[Ints, Ints]:
    """Time and score of the first crossing of each lead; NEVER without one."""
    when, score = np.full(n, NEVER), np.zeros(n, dtype=np.int64)
    once = found["episode"] == 1
    when[found["lead"][once]] = found["crossed"][once]
    score[found["lead"][once]] = found["score"][once]
    return when, score


def _merged(paths: Paths) -> pd.DataFrame:
    """Who is one with whom, by the places of leads."""
    merged = merged_pairs(paths.connection, until=paths.until)
    if merged.empty:
        return merged
    places = {name: paths.ids.get_indexer(pd.Index(merged[name])) for name in ("loser", "winner")}
    return merged.assign(**places)


def _by_person(paths: Paths, found: dict[str, Ints], merged: pd.DataFrame) -> pd.DataFrame:
    crossed = pd.DataFrame(found)
    if merged.empty:
        return crossed
    left = np.where(found["left"] == NEVER, paths.gone[found["lead"]], found["left"])
    return once_a_person(crossed.assign(left=left), merged)


def _compared(  # noqa: PLR0917 - the two sides of a comparison
    paths: Paths,
    name: str,
    champion: tuple[Ints, Ints],
    challenger: tuple[Ints, Ints],
    start: int,
    stop: int,
) -> pd.DataFrame:
    (was, _), (now, score) = champion, challenger
    inside = [(start <= when) & (when < stop) for when in (was, now)]
    rows = np.flatnonzero(inside[0] | inside[1])
    was, now, score = was[rows], now[rows], score[rows]
    both = (was != NEVER) & (now != NEVER)
    alone = np.where(now == NEVER, "swap_out", "swap_in")
    return pd.DataFrame({
        "lead_id": paths.ids[rows],
        "model": name,
        "champion_crossed_at": instants(was),
        "crossed_at": instants(now),
        "score": pd.array(score, dtype="Int64").copy(),
        "days_earlier": np.where(both, (np.where(both, was, 0) - now) / _DAY, np.nan),
        "change": np.where(both, "both", alone),
    }).assign(score=lambda made: made["score"].mask(now == NEVER))  # fmt: skip


def _weekly(name: str, found: pd.DataFrame, start: int, stop: int) -> pd.DataFrame:
    first, last = (_monday(second) for second in (start, stop - 1))
    mondays = np.arange(first, last + 1, _WEEK)
    inside = found[(found["crossed"] >= start) & (found["crossed"] < stop)]
    week = (inside["crossed"] - first) // _WEEK
    once = inside["episode"] == 1
    seconds = np.minimum(mondays + _WEEK, stop) - np.maximum(mondays, start)
    return pd.DataFrame({
        "model": name,
        "week": instants(mondays),
        "days": seconds / _DAY,
        "n": np.bincount(week[once], minlength=len(mondays)),
        "n_again": np.bincount(week[~once], minlength=len(mondays)),
    })  # fmt: skip


def _monday(second: int) -> int:
    return (second - _MONDAY) // _WEEK * _WEEK + _MONDAY
