"""A model of fit criteria as a PMML 4.4 Scorecard (Data Mining Group, 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from xml.etree import ElementTree as ET

from toolkit.errors import ModelError
from toolkit.model.criteria import Case, CasesCriterion
from toolkit.model.formats.predicates import CONTAINERS, Predicate, Reader, learn, predicate_of
from toolkit.model.types import Model, PlacedCriterion

__all__ = ["pmml_text"]

NAMESPACE = "http://www.dmg.org/PMML-4_4"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Attributes = list[tuple[Predicate, int]]
"""Points by condition, the first that holds; the last always does."""


def pmml_text(model: Model) -> str:
    """Write a model as the text of a PMML 4.4 file with one Scorecard; its output is `score`.

    Every characteristic ends with an attribute that always holds, so every lead has a score. Text
    is trimmed and compared in lower case inside the file. Only scores are written: bands are read
    off the score outside.

    Raises ModelError for a model that such a file cannot say exactly: criteria on activities, per
    value, silence or recorded points, seasons, gates, account scores, derived fields, tests inside a text, a scale
    other than 1, and limits that would have to be enforced on a sum.
    """
    _refuse_whole(model)
    reader = Reader(frozenset(name for name, _ in model.derive))
    for placed in model.criteria:
        learn(_refuse_criterion(placed), reader)
    parts = [part for placed in model.criteria for part in _characteristics(placed, reader)]
    _refuse_binding_limits(model, parts)
    root = ET.Element("PMML", {"xmlns": NAMESPACE, "version": "4.4"})
    told = f"Lead score {model.name}, version {model.version}, content {model.hash}"
    header = ET.SubElement(root, "Header", {"description": told})
    ET.SubElement(header, "Application", {"name": "lead-score-toolkit"})
    _write_fields(root, reader)
    _write_card(root, model, reader, parts)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    if wrong := _NOT_XML.search(text):
        raise ModelError(
            f"the character {wrong[0]!r} cannot stand in XML; take it out of the model"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


# --- what cannot be said ------------------------------------------------------------------------


def _refuse_whole(model: Model) -> None:
    if model.scale != 1:
        raise ModelError(
            f"PMML: the model counts points on scale {model.scale}, and a scorecard does not round"
        )
    if model.gates:
        raise ModelError(
            "PMML: a gate decides whatever the score is, and a scorecard is a score only: take "
            "the gates out and apply them beside it"
        )
    if model.account_score is not None:
        raise ModelError(
            "PMML: a scorecard sees one lead at a time, and an account score needs all leads of "
            "an account: take 'account_score' out and roll the scores up beside it"
        )


def _refuse_criterion(placed: PlacedCriterion) -> CasesCriterion:
    criterion = placed.criterion
    named = f"PMML: the criterion '{criterion.id}'"
    if not isinstance(criterion, CasesCriterion):
        raise ModelError(
            f"{named} is no test of a lead's fields (it needs activities, dates or several values "
            "of a field), and a scorecard sees one value of each field"
        )
    if criterion.active is not None:
        raise ModelError(f"{named} holds in a season only, and a scorecard has no date")
    if criterion.match == "sum" and (criterion.min, criterion.max) != (None, None):
        raise ModelError(f"{named} limits a sum of cases, which a scorecard cannot do")
    return criterion


Part = tuple[PlacedCriterion, str, Attributes]


def _refuse_binding_limits(model: Model, parts: Sequence[Part]) -> None:
    """Refuse limits that some sum of points could exceed; others change nothing."""
    total_low = total_high = model.base
    for name in ("fit", "behavior"):
        low = high = 0
        for group in (group for group in model.groups if group.dimension == name):
            ends = _ends([part for part in parts if part[0].group.id == group.id])
            _refuse_limit(f"the group '{group.id}'", ends, group.min, group.max)
            low, high = low + ends[0], high + ends[1]
        dimension = getattr(model.dimensions, name)
        _refuse_limit(f"the dimension '{name}'", (low, high), dimension.min, dimension.max)
        total_low += low * dimension.weight
        total_high += high * dimension.weight
    _refuse_limit("the whole score", (total_low, total_high), model.min, model.max)


def _ends(parts: Sequence[Part]) -> tuple[int, int]:
    points = [[paid for _, paid in attributes] for _, _, attributes in parts]
    return sum(map(min, points)), sum(map(max, points))


def _refuse_limit(what: str, ends: tuple[int, int], low: int | None, high: int | None) -> None:
    if (low is not None and ends[0] < low) or (high is not None and ends[1] > high):
        raise ModelError(
            f"PMML: {what} has limits, and its points can add up to {ends[0]} to {ends[1]}, which "
            "a scorecard cannot limit: take the limits out, or keep the points inside them"
        )


# --- criteria -----------------------------------------------------------------------------------


def _characteristics(placed: PlacedCriterion, reader: Reader) -> Iterator[Part]:
    criterion = _refuse_criterion(placed)
    reader.criterion = criterion.id
    if criterion.match != "sum":
        cases = criterion.cases if criterion.match == "first" else _best_first(criterion.cases)
        yield placed, criterion.id, list(_attributes(criterion, cases, reader))
        return
    for number, case in enumerate(criterion.cases, start=1):
        others = [other for other in criterion.cases if other.when is not None]
        # A default pays where no other case holds: each of those holds first, and pays nothing.
        caught = [Case(when=other.when, points=0) for other in others] if case.when is None else []
        found = list(_attributes(criterion, [*caught, case], reader))
        yield placed, f"{criterion.id}.{number}", found


def _best_first(cases: Sequence[Case]) -> list[Case]:
    """The best of all cases that hold is the first that holds, the highest first."""
    return sorted(cases, key=lambda case: (case.when is None, -case.points))


def _attributes(
    criterion: CasesCriterion, cases: Sequence[Case], reader: Reader
) -> Iterator[tuple[Predicate, int]]:
    for case in cases:
        when = Predicate("True") if case.when is None else predicate_of(case.when, reader)
        yield when, _paid(criterion, case.points)
    if cases[-1].when is not None:
        yield Predicate("True"), _paid(criterion, 0)


def _paid(criterion: CasesCriterion, points: int) -> int:
    if criterion.min is not None:
        points = max(points, criterion.min)
    if criterion.max is not None:
        points = min(points, criterion.max)
    return points * criterion.weight


# --- XML ----------------------------------------------------------------------------------------

_TYPES: dict[Literal["text", "number"], dict[str, str]] = {
    "text": {"optype": "categorical", "dataType": "string"},
    "number": {"optype": "continuous", "dataType": "double"},
}


def _write_fields(root: ET.Element, reader: Reader) -> None:
    dictionary = ET.SubElement(root, "DataDictionary", {"numberOfFields": str(len(reader.kinds))})
    transformed = ET.SubElement(root, "TransformationDictionary")
    for field, kind in reader.kinds.items():
        ET.SubElement(dictionary, "DataField", {"name": field, **_TYPES[kind]})
        if kind == "text":
            derived = {"name": reader.compared(field), **_TYPES["text"]}
            made = ET.SubElement(transformed, "DerivedField", derived)
            lower = ET.SubElement(made, "Apply", {"function": "lowercase"})
            trimmed = ET.SubElement(lower, "Apply", {"function": "trimBlanks"})
            ET.SubElement(trimmed, "FieldRef", {"field": field})
    if not len(transformed):
        root.remove(transformed)


def _write_card(root: ET.Element, model: Model, reader: Reader, parts: Sequence[Part]) -> None:
    card = ET.SubElement(
        root,
        "Scorecard",
        {
            "modelName": model.name,
            "functionName": "regression",
            "useReasonCodes": "false",
            "initialScore": str(model.base),
        },
    )
    schema = ET.SubElement(card, "MiningSchema")
    for field in reader.kinds:
        ET.SubElement(schema, "MiningField", {"name": field, "invalidValueTreatment": "asIs"})
    told = {"name": "score", "feature": "predictedValue", **_TYPES["number"]}
    ET.SubElement(ET.SubElement(card, "Output"), "OutputField", told)
    characteristics = ET.SubElement(card, "Characteristics")
    for placed, name, attributes in parts:
        weight = getattr(model.dimensions, placed.dimension).weight
        written = ET.SubElement(characteristics, "Characteristic", {"name": name})
        for predicate, points in attributes:
            paid = {"partialScore": str(points * weight)}
            _write_predicate(ET.SubElement(written, "Attribute", paid), predicate)


def _write_predicate(parent: ET.Element, predicate: Predicate) -> None:
    attributes: dict[str, Any] = dict(predicate.attributes)
    tag = "CompoundPredicate" if predicate.tag in CONTAINERS else predicate.tag
    if tag == "CompoundPredicate":
        attributes = {"booleanOperator": predicate.tag}
    written = ET.SubElement(parent, tag, attributes)
    for part in predicate.parts:
        _write_predicate(written, part)
