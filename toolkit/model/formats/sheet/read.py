"""Read a build sheet, or a plain sheet that a person wrote, as a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from toolkit.errors import ModelError
from toolkit.model.formats.sheet.build import sheet_rows
from toolkit.model.formats.sheet.cells import text_of_cell
from toolkit.model.formats.sheet.columns import REMOVED, SETTINGS
from toolkit.model.formats.sheet.criteria import criterion_data, kind_of
from toolkit.model.formats.sheet.readsettings import read_settings
from toolkit.model.formats.sheet.rows import Row, Sheet, read_sheet
from toolkit.model.types import Model
from toolkit.yamlfile import Loc, Places, validate

__all__ = ["read_build_sheet"]

_BEHAVIOR = frozenset(["activity", "tiers", "inactivity", "ledger"])
Found = dict[Loc, tuple[int, int]]


def read_build_sheet(path: str | Path, *, name: str | None = None) -> Model:
    """Read a sheet (`.csv` or `.xlsx`, its first page) as a model.

    A sheet of `save_sheet` gives the same model back. A sheet that a person wrote needs the
    columns criterion, field or activity, test, value and points; rows with the same criterion are
    its cases, in order. Without a row of kind `model` the model is called `name`, by default as
    the file, and its version is `imported`; without `group` and `dimension`, criteria on fields
    are fit and all others behavior.

    Rows of kind `removed` are not read, nor are `old_points`, `change` and notes. Where
    `condition` says something in words, it must say what the other columns say.

    Raises SourceError when the file cannot be read and ModelError, with row and column, when it
    is no model.
    """
    source = Path(path)
    sheet, rows = read_sheet(source)
    rows = [row for row in rows if row.cells.get("kind") != REMOVED]
    lines = _by_criterion([row for row in rows if row.cells.get("kind") not in SETTINGS])
    if not lines:
        raise ModelError(f"{sheet.file} has no criterion: write one a row, below the headings")
    data: dict[str, Any] = {"lead_score_model": 1, "name": name or source.stem}
    data |= {"version": "imported"}
    places: Found = {}
    groups = _groups(lines, places)
    data["groups"] = list(groups.values())
    read_settings([row for row in rows if row.cells.get("kind") in SETTINGS], data, places)
    if name is not None:
        data["name"] = name
    _read_scale(rows, data)
    model = _checked(data, places, sheet)
    _refuse_other_words(model, lines)
    return model


def _checked(data: dict[str, Any], places: Found, sheet: Sheet) -> Model:
    try:
        return validate(Model, data, Places(sheet.file, places, places), sheet.file, ModelError)
    except ModelError as error:
        raise sheet.placed(error) from None


def _by_criterion(rows: list[Row]) -> dict[str, list[Row]]:
    """Collect the rows of each criterion, by its id or by its name without case."""
    lines: dict[str, list[Row]] = {}
    for row in rows:
        name = row.text("id") or _identifier(row.text("criterion") or "")
        if not name:
            raise row.error("criterion", "this row has no criterion: name it")
        lines.setdefault(name, []).append(row)
    return lines


def _identifier(text: str) -> str:
    """Make an id of a name that a person wrote.

    >>> _identifier("VP or above"), _identifier("3 key pages")
    ('vp_or_above', 'c_3_key_pages')
    """
    words = re.sub(r"[^\w.]+", "_", text.casefold()).strip("_.")
    return (words if not words or words[0].isalpha() else f"c_{words}")[:100]


def _groups(lines: dict[str, list[Row]], places: Found) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    named = any("group" in row or "group_id" in row for rows in lines.values() for row in rows)
    for name, rows in lines.items():
        first = rows[0]
        kind = kind_of(first)
        told = "group" in first or "group_id" in first
        if named and not told:
            raise first.error("group", "other rows have a group and this one has none: fill it in")
        dimension = first.text("dimension") or ("behavior" if kind in _BEHAVIOR else "fit")
        group = _group(first, dimension, groups, places)
        place = ("groups", list(groups).index(group["id"]), "criteria", len(group["criteria"]))
        _refuse_other_place(rows)
        group["criteria"].append(criterion_data(name, kind, rows, place, places))
    return groups


def _group(
    row: Row, dimension: str, groups: dict[str, dict[str, Any]], places: Found
) -> dict[str, Any]:
    label = row.text("group")
    name = row.text("group_id") or _identifier(label or dimension)
    if name not in groups:
        at = ("groups", len(groups))
        places[at] = row.place("group_id" if "group_id" in row else "group")
        places[(*at, "dimension")] = row.place("dimension")
        told = {} if label is None else {"label": label}
        groups[name] = {"id": name, **told, "dimension": dimension, "criteria": []}
        return groups[name]
    group = groups[name]
    if group["dimension"] != dimension:
        raise row.error(
            "dimension" if "dimension" in row else "group",
            f"the group '{name}' is {group['dimension']} in an earlier row and {dimension} here "
            "(criteria on fields are fit, others behavior, unless a column 'dimension' says "
            "otherwise): make two groups, or say it in that column",
        )
    if label is not None and group.get("label", label) != label:
        raise row.error("group", f"the group '{name}' is called '{group['label']}' elsewhere")
    return group


def _refuse_other_place(rows: list[Row]) -> None:
    """All rows of a criterion must name the same group and dimension, or none."""
    for row in rows[1:]:
        for column in ("group", "group_id", "dimension", "criterion"):
            if row.cells.get(column, "") != rows[0].cells.get(column, ""):
                raise row.error(
                    column,
                    f"this row belongs to the same criterion as row {rows[0].number}, and says "
                    f"otherwise here: make the two alike",
                )


def _read_scale(rows: list[Row], data: dict[str, Any]) -> None:
    told = [row for row in rows if "scale" in row]
    for row in told[1:]:
        if row.whole("scale") != told[0].whole("scale"):
            raise row.error("scale", f"row {told[0].number} has another scale; all must have one")
    if told:
        scale = told[0].whole("scale")
        if not isinstance(scale, int) or scale < 1:
            raise told[0].error("scale", f"a scale is a whole number from 1; found '{scale}'")
        data["scale"] = scale


def _refuse_other_words(model: Model, lines: dict[str, list[Row]]) -> None:
    """Refuse a sheet in which somebody changed the words, and not what is read."""
    told: dict[str, list[str]] = {}
    for line in sheet_rows(model):
        if line.get("criterion") is not None:
            told.setdefault(line["id"], []).append(line["condition"])
    for name, rows in lines.items():
        for row, cell in zip(rows, told[name], strict=True):
            words = text_of_cell(cell)
            if "condition" in row and (row.text("condition") or "").split() != words.split():
                raise row.error(
                    "condition",
                    f"the words say something else than the columns that are read, which say "
                    f"'{words}': change those columns, or empty this cell",
                )
