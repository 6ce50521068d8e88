"""Read the rows of one criterion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.errors import nearest_first
from toolkit.model.formats.sheet.cells import decay_of, flow_of, names_of, range_of, value_of
from toolkit.model.formats.sheet.columns import (
    BETWEEN,
    OTHERWISE,
    PER_VALUE,
    REMOVED,
    SETTINGS,
    TESTS,
)
from toolkit.model.formats.sheet.files import normal_heading
from toolkit.model.formats.sheet.rows import Row
from toolkit.yamlfile import Loc

__all__ = ["criterion_data", "kind_of"]

Plain = dict[str, Any]
Found = dict[Loc, tuple[int, int]]

_SHARED = frozenset(
    ["group", "criterion", "condition", "old_points", "points", "scale", "change", "kind"]
) | {"dimension", "group_id", "id", "min", "max", "weight", "active", "basis"}
_WHERE = frozenset(["field", "test", "value", "when"])
_OF_KIND = {
    "cases": _WHERE | {"match"},
    "per_value": frozenset(["field", "test", "value"]),
    "activity": _WHERE | {"activity", "within", "decay", "per", "max_units"},
    "tiers": _WHERE | {"activity", "within", "at_least"},
    "inactivity": frozenset(["inactivity"]),
    "ledger": frozenset(["activity"]),
}
_SINGLE = ("activity", "inactivity", "ledger")


def kind_of(row: Row) -> str:
    """Name the kind of criterion of a row: as it says, or as its filled columns show."""
    kind = row.text("kind")
    if kind is None:
        kind = _guessed(row)
    if kind not in _OF_KIND:
        kinds = [*_OF_KIND, *SETTINGS, REMOVED]
        raise row.error("kind", f"there is no kind '{kind}': {nearest_first(kind, kinds, most=20)}")
    for column in row.cells:
        if column not in _OF_KIND[kind] | _SHARED:
            raise row.error(column, f"'{column}' does not go with a criterion of kind '{kind}'")
    return kind


def _guessed(row: Row) -> str:
    for column, kind in (
        ("inactivity", "inactivity"),
        ("at_least", "tiers"),
        ("activity", "activity"),
    ):
        if column in row:
            return kind
    if not _WHERE & row.cells.keys():
        raise row.error("field", "this row says not what it pays for: fill in field or activity")
    return "per_value" if _test_of(row) == PER_VALUE else "cases"


def criterion_data(name: str, kind: str, rows: list[Row], at: Loc, places: Found) -> Plain:
    """Make the data of a criterion as a model file has it, and note where everything stands."""
    for row in rows[1:]:
        if (other := kind_of(row)) != kind or kind in _SINGLE:
            raise row.error(
                "criterion",
                f"row {rows[0].number} has the same criterion, of kind '{kind}', and this row "
                f"would be another of kind '{other}': give it another name",
            )
    first = rows[0]
    places[at] = first.place("criterion" if "criterion" in first.sheet.at else "id")
    places[(*at, "id")] = first.place("id" if "id" in first.sheet.at else "criterion")
    label = first.text("criterion")
    told = {} if label is None else {"label": label}
    own = _own(rows, kind, at, places)
    return {"id": name, **told, **_BODIES[kind](rows, at, places), **own}


def _own(rows: list[Row], kind: str, at: Loc, places: Found) -> Plain:
    """Read what holds for the whole criterion: said once, or the same in each row."""
    own: Plain = {}
    keys = ("min", "max", "weight", "basis", "active")
    for key in (*keys, "match") if kind == "cases" else keys:
        told = [row for row in rows if key in row]
        for row in told[1:]:
            if row.cells[key] != told[0].cells[key]:
                raise row.error(key, f"row {told[0].number} of this criterion says otherwise")
        if told:
            own[key] = _own_value(told[0], key)
            places[(*at, key)] = told[0].place(key)
    return own


def _own_value(row: Row, key: str) -> Any:
    if key in {"min", "max", "weight"}:
        return row.whole(key)
    return row.mapping(key) if key == "active" else row.text(key)


def _points(row: Row, at: Loc, places: Found) -> Plain:
    if "points" not in row:
        raise row.error("points", "a row that pays needs points; write 0 where it pays nothing")
    places[(*at, "points")] = row.place("points")
    return {"points": row.whole("points")}


# --- conditions ---------------------------------------------------------------------------------


def _test_of(row: Row) -> str | None:
    told = row.text("test")
    if told is None:
        return None
    name = normal_heading(told)
    if name not in TESTS:
        raise row.error("test", f"there is no test '{told}': {nearest_first(name, TESTS, most=20)}")
    return TESTS[name]


def _condition(row: Row, key: str, at: Loc, places: Found) -> Plain:
    """Read the condition of a row, under the key that it has in a model file."""
    if "when" in row:
        if (_WHERE - {"when"}) & row.cells.keys():
            raise row.error("when", "write the condition here, or in field, test and value")
        places[(*at, key)] = row.place("when")
        return {key: row.mapping("when")}
    if not _WHERE & row.cells.keys():
        return {}
    field, test = row.text("field"), _test_of(row)
    if field is None or test is None or test in {PER_VALUE, OTHERWISE}:
        column = "field" if field is None else "test"
        raise row.error(column, "a condition needs field, test and (for most tests) value")
    places[(*at, key)] = row.place("value" if "value" in row else "test")
    return {key: {field: _test(row, test)}}


def _test(row: Row, test: str) -> Plain:
    if test in {"is_missing", "is_given"}:
        if "value" in row:
            raise row.error("value", f"'{row.cells['test']}' compares with nothing: empty this")
        return {"missing": test == "is_missing"}
    if "value" not in row:
        raise row.error("value", f"the test '{row.cells['test']}' needs a value")
    if test == "missing":
        return {test: row.flow("value")}
    if test == BETWEEN:
        return row.read("value", range_of)
    return {test: row.read("value", lambda cell: value_of(test, cell))}


# --- kinds --------------------------------------------------------------------------------------


def _cases(rows: list[Row], at: Loc, places: Found) -> Plain:
    cases = []
    for number, row in enumerate(rows):
        place = (*at, "cases", number)
        places[place] = row.place("points")
        if "when" not in row and _test_of(row) == OTHERWISE:
            if {"field", "value"} & row.cells.keys():
                raise row.error("test", "'otherwise' goes with no field and no value")
            cases.append(_points(row, place, places))
            continue
        when = _condition(row, "when", place, places)
        if not when:
            raise row.error("field", "a case needs field, test and value, or the test 'otherwise'")
        cases.append({**when, **_points(row, place, places)})
    return {"cases": cases}


def _values(rows: list[Row], at: Loc, places: Found) -> Plain:
    paid: Plain = {}
    field = rows[0].text("field")
    for row in rows:
        value = row.text("value")
        if field is None or value is None or _test_of(row) != PER_VALUE:
            raise row.error("value", "points for each value need field, 'each value' and a value")
        if row.text("field") != field:
            raise row.error("field", f"row {rows[0].number} of this criterion has another field")
        if value in paid:
            raise row.error("value", f"'{value}' stands here twice")
        places[(*at, "per_value", value)] = row.place("points")
        paid[value] = _points(row, (*at, "per_value", value), places)["points"]
    return {"field": field, "per_value": paid}


def _matching(row: Row, at: Loc, places: Found) -> Plain:
    if "activity" not in row:
        raise row.error("activity", "name the activity that is counted")
    places[(*at, "activity")] = row.place("activity")
    return {"activity": row.read("activity", names_of), **_condition(row, "where", at, places)}


def _tiers(rows: list[Row], at: Loc, places: Found) -> Plain:
    shared = _matching(rows[0], at, places)
    tiers = []
    for number, row in enumerate(rows):
        if _matching(row, at, {}) != shared:
            raise row.error(
                "activity", f"row {rows[0].number} of this criterion counts other activities"
            )
        place = (*at, "tiers", number)
        if "at_least" not in row:
            raise row.error("at_least", "a tier needs the number of activities that reaches it")
        places[place] = places[(*place, "at_least")] = row.place("at_least")
        within = _optional(row, place, places, within=str)
        tiers.append({"at_least": row.whole("at_least"), **within, **_points(row, place, places)})
    return {**shared, "tiers": tiers}


def _optional(row: Row, at: Loc, places: Found, **readers: Callable[[str], Any]) -> Plain:
    told: Plain = {}
    for key, reader in readers.items():
        if key in row:
            told[key] = row.read(key, reader)
            places[(*at, key)] = row.place(key)
    return told


def _activity(rows: list[Row], at: Loc, places: Found) -> Plain:
    row = rows[0]
    more = _optional(row, at, places, within=str, decay=decay_of, per=flow_of)
    if "max_units" in row:
        more["max_units"] = row.whole("max_units")
        places[(*at, "max_units")] = row.place("max_units")
    return {**_matching(row, at, places), **_points(row, at, places), **more}


def _inactivity(rows: list[Row], at: Loc, places: Found) -> Plain:
    row = rows[0]
    if "inactivity" not in row:
        raise row.error("inactivity", "say after how long, as in 30d")
    places[(*at, "inactivity")] = row.place("inactivity")
    bare = not row.cells["inactivity"].startswith("{")
    silence = {"after": row.cells["inactivity"]} if bare else row.mapping("inactivity")
    return {"inactivity": silence, **_points(row, at, places)}


def _ledger(rows: list[Row], at: Loc, places: Found) -> Plain:
    row = rows[0]
    if "points" in row:
        raise row.error("points", "recorded points are taken as they stand: empty this cell")
    if "activity" not in row:
        raise row.error("activity", "name the activities that carry recorded points")
    places[(*at, "ledger")] = row.place("activity")
    return {"ledger": row.read("activity", names_of)}


_BODIES: dict[str, Callable[[list[Row], Loc, Found], Plain]] = {
    "cases": _cases,
    "per_value": _values,
    "activity": _activity,
    "tiers": _tiers,
    "inactivity": _inactivity,
    "ledger": _ledger,
}
