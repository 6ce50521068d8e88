"""Build the sheet of a model: one row for each line that pays, and one for each setting."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from toolkit.errors import QuestionError
from toolkit.model.criteria import (
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    TiersCriterion,
)
from toolkit.model.describe import describe, describe_condition
from toolkit.model.formats.sheet.cells import decay_cell, list_cell, text_cell, value_cell
from toolkit.model.formats.sheet.columns import COLUMNS, OTHERWISE, PER_VALUE, REMOVED
from toolkit.model.formats.sheet.settings import settings_rows
from toolkit.model.plain import plain_criterion
from toolkit.model.types import Model, PlacedCriterion
from toolkit.model.writing import flow_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["build_sheet", "sheet_rows"]

Row = dict[str, Any]
_OWN = ("min", "max", "weight", "basis")


def build_sheet(model: Model, old: Model | None = None) -> pd.DataFrame:
    """Build the sheet of a model, as a person types it into a CRM, beside an `old` version of it.

    A row is one line that pays: a criterion, or one of its cases, values or tiers. Rows of limits,
    gates, bands, resets and derived fields follow. Columns are those of
    `toolkit.model.formats.sheet.COLUMNS`; all but points and limits are text, and an empty cell
    is None. `points` and `old_points` are whole numbers on the model's `scale`: divided by it
    they are points of the score. `change` is `new`, `removed`, `points`, `rule`, `points, rule`
    or empty. A row that only the old version has stands at the end, without points.

    Raises QuestionError when the two versions count points on different scales.
    """
    import pandas as pd  # noqa: PLC0415 - a model is read and written without pandas

    rows = list(sheet_rows(model))
    if old is not None:
        rows = _compared(rows, model, old)
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return frame.where(frame.notna(), None)


def sheet_rows(model: Model) -> Iterator[Row]:
    """Give the rows of a model's sheet."""
    for placed in model.criteria:
        yield from _criterion_rows(placed, model.scale)
    yield from settings_rows(model)


def _criterion_rows(placed: PlacedCriterion, scale: int) -> Iterator[Row]:
    criterion, group = placed.criterion, placed.group
    place = {
        "group": text_cell(group.label),
        "group_id": group.id,
        "dimension": placed.dimension,
        "criterion": text_cell(criterion.label),
        "id": criterion.id,
        "scale": scale,
    }
    plain = plain_criterion(criterion)
    own = {key: plain[key] for key in _OWN if key in plain}
    if "active" in plain:
        own["active"] = flow_text(plain["active"])
    for line in _lines(criterion, plain):
        yield {**place, **own, **line}
        own = {}  # what holds for the whole criterion stands in its first row


def _lines(criterion: AnyCriterion, plain: Row) -> Iterator[Row]:
    if isinstance(criterion, CasesCriterion):
        yield from _case_lines(criterion, plain)
    elif isinstance(criterion, PerValueCriterion):
        yield from _value_lines(criterion)
    elif isinstance(criterion, TiersCriterion):
        yield from _tier_lines(criterion, plain)
    elif isinstance(criterion, ActivityCriterion):
        yield _activity_line(criterion, plain)
    elif isinstance(criterion, InactivityCriterion):
        silence = plain["inactivity"]
        only = silence["after"] if len(silence) == 1 else flow_text(silence)
        points = criterion.points
        yield _line("inactivity", _words(criterion), points) | {"inactivity": only}
    else:
        yield _line("ledger", _words(criterion)) | {"activity": _names(criterion.ledger)}


def _line(kind: str, words: str, points: int | None = None) -> Row:
    return {"kind": kind, "condition": text_cell(words), "points": points}


def _names(names: tuple[str, ...]) -> str:
    return list_cell(names, text_cell)


def _words(criterion: InactivityCriterion | LedgerCriterion | ActivityCriterion) -> str:
    """Say the condition alone: window, decay, limits and the rest have columns of their own."""
    plain = {"min": None, "max": None, "weight": 1, "active": None}
    if isinstance(criterion, ActivityCriterion):
        plain |= {"within": None, "decay": None}
    return describe(criterion.model_copy(update=plain))


def _condition(plain: Row | None) -> Row:
    """Spread a condition of one test over field, test and value; write any other as it is."""
    if plain is None:
        return {}
    if len(plain) == 1:
        ((field, test),) = plain.items()
        if field not in {"all", "any", "not"}:
            cells = _simple_test(test)
            if cells is not None:
                return {"field": text_cell(field), **cells}
    return {"when": flow_text(plain)}


def _simple_test(test: Any) -> Row | None:
    if isinstance(test, list):
        test = {"in": test}
    if not isinstance(test, dict):
        test = {"equals": test}
    if len(test) != 1:
        return None
    ((name, value),) = test.items()
    if name == "missing":
        return {"test": "is_missing" if value else "is_given"}
    several = [value] if name not in {"in", "not_in"} and not isinstance(value, list) else value
    listed = name in {"contains", "contains_word", "starts_with", "ends_with", "like", "matches"}
    return {"test": name, "value": value_cell(name, several if listed else value)}


def _case_lines(criterion: CasesCriterion, plain: Row) -> Iterator[Row]:
    cases = plain.get("cases", [plain])
    match: Row = {} if criterion.match == "first" else {"match": criterion.match}
    for case, told in zip(criterion.cases, cases, strict=True):
        if case.when is None:
            yield _line("cases", "in every other case", case.points) | {"test": OTHERWISE}
        else:
            line = _line("cases", describe_condition(case.when), case.points)
            yield line | match | _condition(told["when"])
        match = {}


def _value_lines(criterion: PerValueCriterion) -> Iterator[Row]:
    for value, points in criterion.per_value:
        where = {"field": text_cell(criterion.field), "test": PER_VALUE, "value": text_cell(value)}
        yield _line("per_value", f"{criterion.field} holds {value}", points) | where


def _tier_lines(criterion: TiersCriterion, plain: Row) -> Iterator[Row]:
    what = {"activity": _names(criterion.activity), **_condition(plain.get("where"))}
    matching = _words(
        ActivityCriterion(id="tier", activity=criterion.activity, where=criterion.where, points=0)
    )
    for tier, told in zip(criterion.tiers, plain["tiers"], strict=True):
        line = _line("tiers", f"{matching}, {tier.at_least} or more", tier.points)
        yield line | what | {"at_least": tier.at_least, "within": told.get("within")}


def _activity_line(criterion: ActivityCriterion, plain: Row) -> Row:
    return {
        **_line("activity", _words(criterion), criterion.points),
        "activity": _names(criterion.activity),
        **_condition(plain.get("where")),
        "within": plain.get("within"),
        "decay": decay_cell(plain["decay"]) if "decay" in plain else None,
        "per": flow_text(plain["per"]) if "per" in plain else None,
        "max_units": criterion.max_units,
    }


# --- beside an old version ----------------------------------------------------------------------

_NO_RULE = frozenset(["points", "old_points", "change", "group", "criterion", "condition"])


def _compared(rows: list[Row], model: Model, old: Model) -> list[Row]:
    if old.scale != model.scale:
        raise QuestionError(
            f"the old version counts points on scale {old.scale}, the new one on scale "
            f"{model.scale}: write both on the same scale before comparing them"
        )
    before = _by_key(list(sheet_rows(old)))
    after = _by_key(rows)
    told = [_told(row, before.get(key)) for key, row in after.items()]
    gone = [_gone(row) for key, row in before.items() if key not in after]
    return told + gone


def _by_key(rows: list[Row]) -> dict[tuple[object, ...], Row]:
    """Key rows by what they are about; what has a single row is known by its id alone."""
    keyed: dict[tuple[object, ...], Row] = {}
    for (kind, name), found in groupby(rows, key=lambda row: (_family(row), _name(row))):
        lines = list(found)
        for line in lines:
            part = None if len(lines) == 1 else line["condition"]
            keyed[_free((kind, name, part), keyed)] = line
    return keyed


def _name(row: Row) -> object:
    return row.get("id") or row.get("group_id") or row.get("dimension")


def _family(row: Row) -> str:
    return "criterion" if row.get("criterion") is not None else str(row["kind"])


def _free(key: tuple[object, ...], taken: dict[tuple[object, ...], Row]) -> tuple[object, ...]:
    while key in taken:
        key = (*key, "again")
    return key


def _told(row: Row, before: Row | None) -> Row:
    if before is None:
        return {**row, "change": "new"}
    keys = (row.keys() | before.keys()) - _NO_RULE
    rule = any(row.get(key) != before.get(key) for key in keys)
    points = row.get("points") != before.get("points")
    change = ", ".join(["points"] * points + ["rule"] * rule)
    return {**row, "old_points": before.get("points"), "change": change or None}


def _gone(row: Row) -> Row:
    kept = {key: row.get(key) for key in ("group", "criterion", "condition", "scale", "id")}
    return {**kept, "old_points": row.get("points"), "change": "removed", "kind": REMOVED}
