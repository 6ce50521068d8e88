"""Which fields, activities and scores may know the outcome: alarm, suspect or clear.

A field that was filled in because of the outcome predicts it perfectly, and a model that pays for
it looks perfect. Four kinds of evidence are weighed, each with a bound that holds for all fields
at once, so that chance alone raises an alarm in at most 5% of exports:

* a level (one value of a field, also "missing") in which every judged lead converted, or none, and
  the odds of conversion differ from those of the other leads by a factor of at least 10;
* the area under the ROC curve of the single field, its values ordered by their rates in the other
  folds (so a field cannot profit from its own noise), above 0.9;
* converted leads in most of which the field was first set at or after the outcome;
* activities that leads have almost only after the hand-off (or from the outcome on), and scores that
  move on the day of the outcome rather than on a day a week before.

Odds ratios are the least that exact simultaneous intervals allow: low end of the level against high
end of the others. Accounts: an account counts once, as if its leads shared their fate.
Sources: Clopper and Pearson (1934); Albert and Anderson (1984) on separation; Wolter (2007), ch. 2,
on variance from random groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from toolkit.analysis.leaks.areas import area_reasons, areas_of
from toolkit.analysis.leaks.rules import ERROR, NO_AREA, SUPPORT, exact, percent

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats
    from toolkit.counts import FieldCounts, TimingCounts

__all__ = ["LEVELS", "Leaks", "leak_table"]

Level = Literal["alarm", "suspect", "clear", "answered"]
LEVELS: tuple[Level, ...] = ("alarm", "suspect", "clear", "answered")
"""`answered`: what would be an alarm or suspect, were it not for the analyst's answer."""

_ALARM_ODDS, _SUSPECT_ODDS = 10.0, 5.0
_MOSTLY_LATE, _ALMOST_ALL_LATE, _SOME_LATE = 0.5, 0.95, 0.8
_SHOWN = 3
_NAMES = re.compile(
    r"(?:^|[^a-z])(stage|status|tags?|reason|quality|disposition|outcome|won|lost|"
    r"(?:last|latest)(?![^a-z]*name))(?=$|[^a-z])"
)
_REASON_COLUMNS = [
    *("about", "name", "level", "code", "text", "value"),
    *("positives", "n", "estimate", "low", "high"),
]
_COLUMNS = ["about", "name", "level", "answer", "paid_by", "auc", "auc_low", "auc_high", "because"]


@dataclass(frozen=True, slots=True)
class Leaks:
    """What may know the outcome.

    `table`: one row per field, activity type and score, the gravest first: `about`, `name`,
    `level` (alarm, suspect, clear, answered), `answer` (the analyst's; blank without), `paid_by`
    (the criteria of the model that use it, by comma), `auc`, `auc_low`, `auc_high` (of single fields, cross-fitted; NaN where it cannot be told), `because`
    (the reasons in words; empty for clear).
    `reasons`: one row per reason: `about`, `name`, `level`, `code`, `text`, `value` (the level of
    the field; None where it is not about one), `positives` of `n` (converted of the leads at the
    level; late of the leads looked at), `estimate`, `low`, `high` (the rate or area, with its
    simultaneous bound).
    """

    table: pd.DataFrame = field(repr=False)
    reasons: pd.DataFrame = field(repr=False)
    source: str
    outcome: str
    converted: int
    not_converted: int
    unknown: tuple[str, ...] = ()
    """What could not be looked at."""

    @property
    def alarms(self) -> tuple[str, ...]:
        """Names at the level alarm."""
        return self._named("alarm")

    @property
    def suspects(self) -> tuple[str, ...]:
        """Names at the level suspect."""
        return self._named("suspect")

    def _named(self, level: Level) -> tuple[str, ...]:
        return tuple(self.table.loc[self.table["level"] == level, "name"])


def leak_table(
    fields: FieldCounts,
    timing: TimingCounts | None = None,
    *,
    answers: Mapping[str, str] | None = None,
    paid: Mapping[str, Sequence[str]] | None = None,
) -> Leaks:
    """Weigh the evidence that fields, activities and scores know the outcome.

    The leads are the judged ones of `fields`. `answers` maps a name to what the analyst said of
    it: `sales` and `outcome` (it follows the hand-off or the outcome, and is not to be paid for)
    or `known_before`. What was answered is listed as such, with the reasons it would have had.
    `paid` maps a name to the criteria of a model that pay for it: what follows the hand-off or the
    outcome by the analyst's own word, and is paid for all the same, is an alarm.

    Levels with under 10 leads (accounts, where known) raise no alarm. See the module for the rules.

    >>> from toolkit.counts import FieldCounts
    >>> rows = [("flag", "1", 0, 30, 0, 30), ("flag", "0", 0, 10, 260, 270)]
    >>> names = ["field", "value", "fold", "converted", "not_converted", "accounts"]
    >>> kinds = pd.DataFrame({"field": ["flag"], "kind": ["values"], "tested": [2]})
    >>> nothing = pd.DataFrame(columns=["field", "bucket", "fold", "converted", "not_converted"])
    >>> levels = pd.DataFrame(rows, columns=names)
    >>> counts = FieldCounts(levels, nothing, kinds, "leads.csv", "Won", 40, 260, None)
    >>> leak_table(counts).table["because"][0]
    "'1': 30 of 30 leads convert (100%), 4% of the other 270"

    Source: definition; the error rate of each rule is in docs/method/leaks.md.
    """
    found = [*_level_reasons(fields), *area_reasons(fields), *_name_reasons(fields)]
    found += [] if timing is None else _timing_reasons(timing)
    reasons = pd.DataFrame(found, columns=_REASON_COLUMNS)
    known = _Known(
        {name.casefold(): role for name, role in (answers or {}).items()},
        {name.casefold(): tuple(users) for name, users in (paid or {}).items()},
    )
    return Leaks(
        _subjects(fields, timing, reasons, known),
        reasons,
        fields.source,
        fields.outcome,
        fields.converted,
        fields.not_converted,
        () if timing is None else timing.unknown,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """The analyst's answers and the model's criteria, by name in lower case."""

    answers: Mapping[str, str]
    paid: Mapping[str, tuple[str, ...]]

    def grade(self, name: str, level: Level) -> Level:
        """What the answer makes of a level."""
        answer = self.answers.get(name.casefold())
        if answer in ("sales", "outcome") and self.paid.get(name.casefold()):
            return "alarm"
        return level if answer is None or level == "clear" else "answered"

    def because(self, name: str, level: Level) -> str:
        """Say so where the answer and the model contradict one another."""
        answer = self.answers.get(name.casefold())
        if level != "alarm" or answer not in ("sales", "outcome"):
            return ""
        cause = "the hand-off" if answer == "sales" else "the outcome"
        return f"crm.yaml says that it follows {cause} (role {answer}), and the model pays for it"


def _subjects(
    fields: FieldCounts, timing: TimingCounts | None, reasons: pd.DataFrame, known: _Known
) -> pd.DataFrame:
    names = [("field", str(name)) for name in fields.kinds["field"]]
    if timing is not None:
        dated = timing.frame[["about", "name"]].drop_duplicates()
        names += [pair for pair in dated.itertuples(index=False, name=None) if pair not in names]
    areas = areas_of(fields)
    rows = []
    for about, name in names:
        own = reasons[(reasons["about"] == about) & (reasons["name"] == name)]
        level = known.grade(name, min(own["level"], key=LEVELS.index, default="clear"))
        texts = [known.because(name, level), *own.sort_values("level", kind="stable")["text"]]
        area = areas.get(name, NO_AREA) if about == "field" else NO_AREA
        answer = known.answers.get(name.casefold(), "")
        users = known.paid.get(name.casefold(), ())
        because = "; ".join(text for text in texts if text)
        rows.append((about, name, level, answer, ", ".join(users), *area, because))
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.sort_values(
        "level", key=lambda levels: levels.map(LEVELS.index), kind="stable", ignore_index=True
    )


# --- levels of single fields ----------------------------------------------------------------------


def _level_reasons(fields: FieldCounts) -> list[tuple[object, ...]]:
    cells = _by_level(fields)
    tests = max(int(fields.kinds["tested"].sum()), 1)
    bounds = _bounds(cells, fields, ERROR / (4 * tests))
    cells = cells.assign(**bounds)
    odds = cells[["ratio_up", "ratio_down"]].max(axis=1)
    pure = (cells["converted"] == 0) | (cells["not_converted"] == 0)
    supported = cells["accounts"] >= SUPPORT
    alarm = pure & supported & (odds >= _ALARM_ODDS)
    suspect = ~alarm & supported & (odds >= _SUSPECT_ODDS)
    level = np.where(alarm, "alarm", np.where(suspect, "suspect", ""))
    chosen = cells.assign(level=level, odds=odds)[level != ""]
    chosen = chosen[~_is_complement(chosen, cells)]
    rows = []
    for name, part in chosen.groupby("field", sort=False):
        for graded in ("alarm", "suspect"):
            same = part[part["level"] == graded].sort_values("n", ascending=False, kind="stable")
            rows += [
                _level_row(str(name), row, fields) for row in same.head(_SHOWN).to_dict("records")
            ]
    return rows


def _by_level(fields: FieldCounts) -> pd.DataFrame:
    keys = ["field", "value"]
    sums = fields.levels.groupby(keys, dropna=False, sort=False)[
        ["converted", "not_converted", "accounts"]
    ].sum()
    cells = sums.reset_index()
    return cells.assign(n=cells["converted"] + cells["not_converted"])


def _bounds(cells: pd.DataFrame, fields: FieldCounts, error: float) -> dict[str, Floats]:
    """The least factor between the odds of a level and of the other leads, either way."""
    n = cells["n"].to_numpy(np.float64)
    hits = cells["converted"].to_numpy(np.float64)
    all_n = float(fields.converted + fields.not_converted)
    weight = cells["accounts"].to_numpy(np.float64) / np.maximum(n, 1)
    overall = 1.0 if fields.accounts is None else fields.accounts / max(all_n, 1)
    low, high = exact(hits * weight, n * weight, error)
    rest = fields.converted - hits
    rest_low, rest_high = exact(rest * overall, (all_n - n) * overall, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = low / (1 - low) / (rest_high / (1 - rest_high))
        down = rest_low / (1 - rest_low) / (high / (1 - high))
    return {
        "low": low,
        "high": high,
        "ratio_up": np.nan_to_num(up, nan=0.0, posinf=np.inf),
        "ratio_down": np.nan_to_num(down, nan=0.0, posinf=np.inf),
    }


def _is_complement(chosen: pd.DataFrame, cells: pd.DataFrame) -> pd.Series:
    """Whether a level is only the other half of a field with two levels, of which one is graver.

    That a flag's 1 always converts says the same as that its 0 converts less often.
    """
    sizes = cells.groupby("field", sort=False)["value"].size()
    two = chosen["field"].isin(sizes.index[sizes == 2])  # noqa: PLR2004 - a flag has two levels
    ordered = chosen.sort_values(["level", "n"], kind="stable")
    return two & ordered.duplicated("field").reindex(chosen.index)


def _level_row(name: str, row: Mapping[object, object], fields: FieldCounts) -> tuple[object, ...]:
    n, hits = int(str(row["n"])), int(str(row["converted"]))
    others = fields.converted + fields.not_converted - n
    rest = f"{percent(fields.converted - hits, others)} of the other {others:,}"
    missing = row["value"] is None or pd.isna(row["value"])  # type: ignore[call-overload]
    level = str(row["level"])
    if missing:
        low = float(str(row["ratio_up"])) >= float(str(row["ratio_down"]))
        what = "is empty" if low else "is filled mostly for converters: where it is empty"
        text = f"{what} {hits:,} of {n:,} leads convert ({percent(hits, n)}), {rest}"
        text = text.replace("is empty ", "where it is empty ", 1) if low else text
    else:
        shown = _shown(str(row["value"]))
        text = f"'{shown}': {hits:,} of {n:,} leads convert ({percent(hits, n)}), {rest}"
    code = (
        ("filled_for_converters" if missing else "almost_pure")
        if level == "suspect"
        else "separation"
    )
    value = None if missing else _shown(str(row["value"]))
    return ("field", name, level, code, text, value, hits, n, hits / n, row["low"], row["high"])


def _shown(value: str, most: int = 40) -> str:
    text = " ".join(value.split())
    if "@" in text:
        return "(an e-mail address)"
    return text if len(text) <= most else f"{text[: most - 3]}..."


# --- names ----------------------------------------------------------------------------------------


def _name_reasons(fields: FieldCounts) -> list[tuple[object, ...]]:
    looked = fields.kinds[~fields.kinds["kind"].isin(["constant", "own"])]
    nothing = (None, 0, 0, *NO_AREA)
    return [
        ("field", name, "suspect", "name", _name_text(word), *nothing)
        for name in map(str, looked["field"])
        if (word := _telling(name)) is not None
    ]


def _telling(name: str) -> str | None:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    hit = _NAMES.search(spaced.replace("_", " "))
    return None if hit is None else hit.group(1)


def _name_text(word: str) -> str:
    if word in ("last", "latest"):
        return f"its name says '{word}': it holds what came last, perhaps after the outcome"
    return f"its name says '{word}': sales may set it"


# --- what was recorded when -----------------------------------------------------------------------


def _timing_reasons(timing: TimingCounts) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    tests = max(int((timing.frame["n"] >= SUPPORT).sum()), 1)
    for row in timing.frame.to_dict("records"):
        n, late, accounts = (int(row[key]) for key in ("n", "late", "accounts"))
        if accounts < SUPPORT:
            continue
        weight = accounts / n
        ends = exact(np.array([late * weight]), np.array([n * weight]), ERROR / (2 * tests))
        low, high = float(ends[0][0]), float(ends[1][0])
        alarm, suspect = _LIMITS[str(row["question"])]
        if low <= suspect:
            continue
        level = "alarm" if low > alarm else "suspect"
        text = _TEXTS[str(row["question"])].format(late=late, n=n, share=percent(late, n))
        rows.append(
            (
                row["about"],
                row["name"],
                level,
                row["question"],
                text,
                None,
                late,
                n,
                late / n,
                low,
                high,
            )
        )
    return rows


_LIMITS: Mapping[str, Sequence[float]] = {
    "first_set": (_MOSTLY_LATE, 0.05),
    "after_handoff": (_ALMOST_ALL_LATE, _SOME_LATE),
    "after_outcome": (_ALMOST_ALL_LATE, _SOME_LATE),
    "moved": (_SOME_LATE, _MOSTLY_LATE),
}
"""The low end above which it is an alarm, and that above which it is suspect."""
_TEXTS = {
    "first_set": "first set at or after the outcome in {late:,} of {n:,} converted leads ({share})",
    "after_handoff": (
        "of {n:,} leads that have it on one side only of their hand-off, {late:,} ({share}) have it"
        " after: the hand-off may cause it"
    ),
    "after_outcome": (
        "of {n:,} leads that have it on one side only of their outcome, {late:,} ({share}) have it"
        " from then on: the outcome may cause it"
    ),
    "moved": (
        "of {n:,} converted leads whose score changed on one of two days only, {late:,} ({share})"
        " changed on the day from the outcome on, not a week earlier"
    ),
}
