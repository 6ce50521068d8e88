"""The columns of a build sheet, and the words that may stand in them."""

from __future__ import annotations

__all__ = [
    "COLUMNS",
    "HEADINGS",
    "HIDDEN",
    "LIST_TESTS",
    "MINIMAL",
    "NUMBER_TESTS",
    "OTHERWISE",
    "REMOVED",
    "SETTINGS",
    "TESTS",
    "TEXT_TESTS",
]

SHOWN = (
    "group",
    "criterion",
    "condition",
    "old_points",
    "points",
    "scale",
    "within",
    "decay",
    "min",
    "max",
    "weight",
    "change",
)
"""What an admin types in, in the order in which a screen asks for it."""

HIDDEN = (
    "kind",
    "dimension",
    "group_id",
    "id",
    "field",
    "activity",
    "test",
    "value",
    "when",
    "at_least",
    "inactivity",
    "per",
    "max_units",
    "match",
    "active",
    "basis",
    "settings",
)
"""What the toolkit reads; folded away in a workbook."""

COLUMNS = (*SHOWN, *HIDDEN)
NOTES = ("notes", "note", "comment", "comments")
MINIMAL = ("criterion", "field", "activity", "test", "value", "points")
"""What a sheet that a person writes needs (`field` or `activity`, whichever it is about)."""

HEADINGS = {"new_points": "points", "rule": "criterion", "maximum": "max", "minimum": "min"}
"""Other headings that mean the same column."""

SETTINGS = ("model", "dimension", "group", "gate", "band", "account_score", "reset", "derive")
"""Kinds of row that are no criterion; what they set stands in the column `settings`."""

REMOVED = "removed"
"""Kind of a row that only the old model has: it is shown, and not read."""

OTHERWISE = "otherwise"
PER_VALUE = "each_value"
BETWEEN = "between"

TEXT_TESTS = ("contains", "contains_word", "starts_with", "ends_with", "like", "matches")
NUMBER_TESTS = ("gt", "gte", "lt", "lte")
LIST_TESTS = ("in", "not_in", *TEXT_TESTS)

TESTS = {
    **{name: name for name in (*LIST_TESTS, *NUMBER_TESTS, "equals", "not_equals", "missing")},
    **{name: name for name in (OTHERWISE, PER_VALUE, BETWEEN)},
    "=": "equals",
    "is": "equals",
    "≠": "not_equals",
    "!=": "not_equals",
    "is_not": "not_equals",
    "is_any_of": "in",
    "one_of": "in",
    "is_none_of": "not_in",
    ">": "gt",
    "above": "gt",
    "≥": "gte",
    ">=": "gte",
    "at_least": "gte",
    "<": "lt",
    "below": "lt",
    "≤": "lte",
    "<=": "lte",
    "at_most": "lte",
    "contains_the_word": "contains_word",
    "begins_with": "starts_with",
    "is_missing": "is_missing",
    "is_given": "is_given",
    "is_known": "is_given",
    "else": OTHERWISE,
}
"""Words for a test, written with _ for blanks, and what each means."""
