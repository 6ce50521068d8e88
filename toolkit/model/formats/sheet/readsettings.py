"""Read the rows of a sheet that are no criterion."""

from __future__ import annotations

from typing import Any

from toolkit.model.formats.sheet.rows import Row
from toolkit.yamlfile import Loc

__all__ = ["read_settings"]

_LIMITS = ("min", "max", "weight")
_SHARED = frozenset(["kind", "condition", "old_points", "change"])
_ALLOWED = {
    "model": frozenset(["settings", "scale", "min", "max"]),
    "dimension": frozenset(["settings", "dimension", *_LIMITS]),
    "group": frozenset(["group_id", "group", "min", "max"]),
    "gate": frozenset(["settings"]),
    "band": frozenset(["settings", "id"]),
    "account_score": frozenset(["settings", "min", "max"]),
    "reset": frozenset(["settings"]),
    "derive": frozenset(["settings", "id"]),
}
_LISTS = {"gate": "gates", "band": "bands", "reset": "resets"}
_OF_MODEL = ("name", "version", "label", "valid_from", "rounding", "base")


def read_settings(
    rows: list[Row], data: dict[str, Any], places: dict[Loc, tuple[int, int]]
) -> None:
    """Add what the rows set to the data of a model, and where it stands to `places`."""
    whole = [row for row in rows if row.cells["kind"] == "model"]
    if len(whole) > 1:
        raise whole[1].error("kind", f"row {whole[0].number} is of this kind too; delete one")
    for row in rows:
        kind = row.cells["kind"]
        for column in row.cells:
            if column not in _ALLOWED[kind] | _SHARED:
                raise row.error(column, f"a row of kind '{kind}' has nothing in this column")
        settings = row.mapping("settings")
        limits = {key: row.whole(key) for key in _LIMITS if key in row}
        at = _place(kind, row, data)
        places[at] = row.place("settings")
        for key in limits:
            places[(*at, key)] = row.place(key)
        _set(kind, row, data, {**settings, **limits})


def _place(kind: str, row: Row, data: dict[str, Any]) -> Loc:
    if kind in _LISTS:
        return (_LISTS[kind], len(data.get(_LISTS[kind], [])))
    if kind == "dimension":
        return ("dimensions", row.text("dimension") or "")
    if kind == "account_score":
        return ("account_score",)
    if kind == "derive":
        return ("derive", row.text("id") or "")
    return ("groups", _group_number(row, data)) if kind == "group" else ()


def _group_number(row: Row, data: dict[str, Any]) -> int:
    names = [group["id"] for group in data["groups"]]
    name = row.text("group_id")
    if name not in names:
        raise row.error("group_id", f"no criterion has this group; there are: {', '.join(names)}")
    return names.index(name)


def _set(kind: str, row: Row, data: dict[str, Any], told: dict[str, Any]) -> None:
    if kind in _LISTS:
        data.setdefault(_LISTS[kind], []).append(told)
    elif kind == "model":
        _set_model(row, data, told)
    elif kind == "account_score":
        _merge(row, data, {"account_score": told})
    elif kind == "group":
        _merge(row, data["groups"][_group_number(row, data)], told)
    else:
        column, key = ("dimension", "dimensions") if kind == "dimension" else ("id", "derive")
        name = row.text(column)
        if not name:
            raise row.error(column, f"a row of kind '{kind}' needs this column")
        _merge(row, data.setdefault(key, {}), {name: told})


def _set_model(row: Row, data: dict[str, Any], told: dict[str, Any]) -> None:
    for key in told:
        if key not in (*_OF_MODEL, "min", "max"):
            raise row.error("settings", f"'{key}' is nothing that this row can set")
    data.update(told)


def _merge(row: Row, target: dict[str, Any], told: dict[str, Any]) -> None:
    for key, value in told.items():
        if key in target:
            raise row.error("kind", f"'{key}' is set twice; delete one of the rows")
        target[key] = value
