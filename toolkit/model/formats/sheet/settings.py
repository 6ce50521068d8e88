"""Rows of a sheet that are no criterion: limits, gates, bands, resets, derived fields, the name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.model.accounts import AccountScore
from toolkit.model.describe import describe, describe_account_score
from toolkit.model.formats.sheet.cells import text_cell
from toolkit.model.plain import plain_model
from toolkit.model.types import Band, Dimension, Model
from toolkit.model.writing import flow_text

__all__ = ["settings_rows"]

Row = dict[str, Any]
_OF_MODEL = ("name", "version", "label", "valid_from", "rounding", "base")


def settings_rows(model: Model) -> Iterator[Row]:
    """Give one row for each setting, the whole model last."""
    plain = plain_model(model)
    yield from _limits(model, plain)
    for number, gate in enumerate(plain.get("gates", [])):
        yield _row("gate", describe(model.gates[number]), gate)
    for number, band in enumerate(plain.get("bands", [])):
        yield _row("band", _band_words(model.bands[number]), band) | {"id": text_cell(band["name"])}
    if model.account_score is not None:
        yield _account_row(model.account_score, plain["account_score"])
    for reset in plain.get("resets", []):
        yield _row("reset", _reset_words(reset), reset)
    for name, derived in plain.get("derive", {}).items():
        words = f"{name} is made from {derived.get('domain_of') or derived['of']}"
        yield _row("derive", words, derived) | {"id": text_cell(name)}
    whole = {key: plain[key] for key in _OF_MODEL if key in plain}
    words = f"{model.name}, version {model.version}: limits of the whole score"
    yield {**_row("model", words, whole), "scale": model.scale} | _limit_cells(plain)


def _row(kind: str, words: str, settings: Row | None) -> Row:
    told = flow_text(settings) if settings else None
    return {"kind": kind, "condition": text_cell(words), "settings": told}


def _limit_cells(plain: Row) -> Row:
    return {key: plain[key] for key in ("min", "max", "weight") if key in plain}


def _limits(model: Model, plain: Row) -> Iterator[Row]:
    for group, told in zip(model.groups, plain["groups"], strict=True):
        if limits := _limit_cells(told):
            words = f"all of {group.label} together"
            yield _row("group", words, None) | {"group_id": group.id} | limits
    for name, told in plain.get("dimensions", {}).items():
        words = f"all of {name} together{_grade_words(getattr(model.dimensions, name))}"
        grades = {"grades": told["grades"]} if "grades" in told else None
        yield _row("dimension", words, grades) | {"dimension": name} | _limit_cells(told)


def _grade_words(dimension: Dimension) -> str:
    grades = ", ".join(f"{grade.grade} from {grade.start}" for grade in dimension.grades)
    return f"; grade {grades}" if grades else ""


def _band_words(band: Band) -> str:
    start = "every other score" if band.start is None else f"score {band.start} or more"
    elsewhere = " (with exceptions)" if band.exceptions else ""
    return f"{start}: {band.name}{', to sales' if band.handoff else ''}{elsewhere}"


def _account_row(rule: AccountScore, plain: Row) -> Row:
    bare = describe_account_score(rule.model_copy(update={"min": None, "max": None}))
    bands = ", ".join(
        f"{band.name} {'every other score' if band.start is None else f'from {band.start}'}"
        for band in rule.bands
    )
    words = f"score of an account: {bare}{f'; {bands}' if bands else ''}"
    told = {key: value for key, value in plain.items() if key not in {"min", "max"}}
    return _row("account_score", words, told) | _limit_cells(plain)


def _reset_words(reset: Row) -> str:
    def named(value: str | list[str]) -> str:
        return value if isinstance(value, str) else ", ".join(value)

    return f"{named(reset['activities'])} sets back {named(reset.get('groups', 'all groups'))}"
